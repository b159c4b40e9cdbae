//! From bytes to documents.

use podlab_exercises::{
    Problem,
    yaml::{Node, parse_stream},
};

use super::{problem, problem_of_all};

/// The most bytes that a submission may have. An exercise's answer has about two thousand; the API itself takes three
/// million for one object.
const MAX_BYTES: usize = 256 * 1024;

/// The most objects that a submission may hold.
const MAX_DOCUMENTS: usize = 50;

/// The most problems that are reported: more than anybody reads.
const MAX_PROBLEMS: usize = 20;

/// The documents of a submission, lists taken apart.
pub(super) fn nodes(submission: &[u8]) -> Result<Vec<Node>, Vec<Problem>> {
    let text = text(submission).map_err(|problem| vec![problem])?;
    let markers = text.lines().filter(|line| line.starts_with("---")).count();
    if markers > MAX_DOCUMENTS {
        return Err(vec![too_many(markers)]);
    }
    let mut nodes = Vec::new();
    let mut problems = Vec::new();
    for document in parse_stream(text) {
        match document {
            Ok(node) => nodes.extend(take_apart(node)),
            Err(error) => problems.push(problem(error.at, error.message)),
        }
    }
    if nodes.len() > MAX_DOCUMENTS {
        problems.push(too_many(nodes.len()));
    }
    if nodes.is_empty() && problems.is_empty() {
        problems.push(problem_of_all(
            "There is nothing here but comments or blank lines. Write a manifest: apiVersion, kind, metadata and spec \
             of each object.",
        ));
    }
    problems.truncate(MAX_PROBLEMS);
    if problems.is_empty() { Ok(nodes) } else { Err(problems) }
}

fn too_many(documents: usize) -> Problem {
    problem_of_all(format!(
        "This submission holds {documents} documents; podlab takes up to {MAX_DOCUMENTS}. Keep the objects that the \
         exercise asks for."
    ))
}

/// The submission as text, if it can be one.
fn text(submission: &[u8]) -> Result<&str, Problem> {
    if submission.len() > MAX_BYTES {
        #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
        let size = submission.len() as f64 / (1024.0 * 1024.0);
        return Err(problem_of_all(format!(
            "This submission has {size:.1} MiB; podlab takes up to {} KiB. An exercise needs a few KiB: is it the right \
             file?",
            MAX_BYTES / 1024
        )));
    }
    let binary = |offset: usize| {
        let before = &submission[..offset];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column =
            offset - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1) + 1;
        let number = |n: usize| u32::try_from(n).ok();
        let message = format!(
            "This is not text: byte {} of it is 0x{:02x}, which no YAML or JSON in UTF-8 holds. Is it the right file?",
            offset + 1,
            submission[offset]
        );
        Problem { message, line: number(line), column: number(column) }
    };
    let text = std::str::from_utf8(submission).map_err(|error| binary(error.valid_up_to()))?;
    let control = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    match submission.iter().position(control) {
        Some(offset) => Err(binary(offset)),
        None => Ok(text),
    }
}

/// The items of a `kind: List`, or the document itself.
fn take_apart(node: Node) -> Vec<Node> {
    let is_list = node.get("kind").and_then(Node::text) == Some("List");
    match node.get("items").and_then(Node::items) {
        Some(items) if is_list => items.to_vec(),
        _ => vec![node],
    }
}
