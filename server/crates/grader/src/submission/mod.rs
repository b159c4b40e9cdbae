//! What a learner hands in: from bytes to objects that may be applied, or to the [`Problem`]s that are in the way.
//!
//! Nothing here knows a cluster. What the API has to say about an object comes later, in [`crate::apply`].

mod admission;
mod path;
mod reading;

use podlab_exercises::{
    Problem,
    content::{Content, ExerciseContent},
    yaml::{Node, Position},
};

use crate::kinds::Kind;

pub(crate) use path::{Path, Segment};

/// One object of a submission.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// The object with its places in the submission.
    pub(crate) node: Node,
    /// Its kind.
    pub(crate) kind: Kind,
    /// Its name.
    pub(crate) name: String,
}

/// The objects of a submission, in their order.
///
/// # Errors
///
/// Every problem at once. Nothing of a submission with a problem is meant to be applied.
pub(crate) fn read(
    submission: &[u8],
    exercise: &ExerciseContent,
    content: &Content,
) -> Result<Vec<Document>, Vec<Problem>> {
    let nodes = reading::nodes(submission)?;
    admission::admit(nodes, exercise, content)
}

/// A problem at a place of the submission.
pub(crate) fn problem(at: Position, message: impl Into<String>) -> Problem {
    Problem { message: message.into(), line: Some(at.line), column: Some(at.column) }
}

/// A problem of the submission as a whole.
fn problem_of_all(message: impl Into<String>) -> Problem {
    Problem { message: message.into(), line: None, column: None }
}

#[cfg(test)]
mod tests;
