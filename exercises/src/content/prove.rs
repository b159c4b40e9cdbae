//! Proves content right by grading it: the starter must fail, every solution pass, every mistake trip just the checks
//! that it names. How a manifest is graded is handed in, so that this knows no cluster.

use std::{collections::BTreeSet, fmt};

use super::{Answer, Content, ExerciseContent};
use crate::verdict::{Outcome, Verdict};

/// What came out for one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The exercise's name.
    pub exercise: String,
    /// The file, relative to the exercise's folder.
    pub file: String,
    /// Why it does not hold; empty where it does.
    pub faults: Vec<String>,
}

impl Proof {
    /// Whether the file does what it should.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.holds() { "ok  " } else { "FAIL" };
        write!(f, "{mark} {}/{}", self.exercise, self.file)?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n       {fault}"))
    }
}

/// Proves the exercises called `names`, or all where that is empty, and tells `report` each result as it comes.
/// `grade` grades a manifest for an exercise; its error is that grading broke, which counts against the content too.
/// Returns whether everything holds.
pub async fn check_content<E: fmt::Display>(
    content: &Content,
    names: &[String],
    grade: impl AsyncFn(&ExerciseContent, &str) -> Result<Verdict, E>,
    mut report: impl FnMut(&Proof),
) -> bool {
    let mut all = true;
    let chosen = |content: &&ExerciseContent| names.is_empty() || names.contains(&content.exercise.name);
    for exercise in content.exercises.iter().filter(chosen) {
        for case in cases(exercise) {
            let faults = match grade(exercise, case.manifest).await {
                Ok(verdict) => case.expected.faults(&verdict),
                Err(error) => vec![format!("it could not be graded: {error}")],
            };
            let proof = Proof { exercise: exercise.exercise.name.clone(), file: case.file, faults };
            all &= proof.holds();
            report(&proof);
        }
    }
    all
}

struct Case<'a> {
    file: String,
    manifest: &'a str,
    expected: Expected<'a>,
}

enum Expected<'a> {
    Failure,
    Success,
    Exactly(&'a Answer),
}

fn cases(exercise: &ExerciseContent) -> Vec<Case<'_>> {
    let starter =
        Case { file: "starter.yaml".to_owned(), manifest: &exercise.starter, expected: Expected::Failure };
    let solutions = exercise.solutions.iter().map(|answer| Case {
        file: format!("solutions/{}.yaml", answer.name),
        manifest: &answer.manifest,
        expected: Expected::Success,
    });
    let mistakes = exercise.mistakes.iter().map(|answer| Case {
        file: format!("mistakes/{}.yaml", answer.name),
        manifest: &answer.manifest,
        expected: Expected::Exactly(answer),
    });
    std::iter::once(starter).chain(solutions).chain(mistakes).collect()
}

impl Expected<'_> {
    /// What in a verdict is not as it should be.
    fn faults(&self, verdict: &Verdict) -> Vec<String> {
        let mut faults: Vec<String> = verdict
            .checks
            .iter()
            .filter(|check| check.outcome == Outcome::Error)
            .map(|check| format!("check `{}` could not be decided: {}", check.id, check.message))
            .collect();
        match self {
            Self::Failure if verdict.passed => {
                faults.push("it passes; what the editor begins with must not".to_owned())
            }
            Self::Failure => {}
            Self::Success => {
                faults.extend(verdict.problems.iter().map(|problem| format!("problem: {}", problem.message)));
                faults.extend(failed(verdict).map(|(id, message)| format!("check `{id}` fails: {message}")));
                if !verdict.passed && faults.is_empty() {
                    faults.push("it does not pass".to_owned());
                }
            }
            Self::Exactly(answer) => faults.extend(deviations(answer, verdict)),
        }
        faults
    }
}

fn failed(verdict: &Verdict) -> impl Iterator<Item = (&str, &str)> {
    let failed = verdict.checks.iter().filter(|check| check.outcome == Outcome::Fail);
    failed.map(|check| (check.id.as_str(), check.message.as_str()))
}

/// How a mistake's verdict differs from what its head says.
fn deviations(answer: &Answer, verdict: &Verdict) -> Vec<String> {
    let mut deviations = Vec::new();
    if verdict.passed {
        deviations.push("it passes".to_owned());
    }
    let named: BTreeSet<&str> = answer.head.trips.iter().map(String::as_str).collect();
    for (id, message) in failed(verdict).filter(|(id, _)| !named.contains(id)) {
        deviations.push(format!("it trips `{id}`, which its head does not name: {message}"));
    }
    let tripped: BTreeSet<&str> = failed(verdict).map(|(id, _)| id).collect();
    for id in named.difference(&tripped) {
        deviations.push(format!("it does not trip `{id}`, which its head names"));
    }
    let problems: Vec<&str> = verdict.problems.iter().map(|problem| problem.message.as_str()).collect();
    match &answer.head.problem {
        Some(part) if !problems.iter().any(|problem| problem.contains(part.as_str())) => {
            deviations.push(format!("it causes no problem that says `{part}`, but {problems:?}"));
        }
        None if !problems.is_empty() => deviations.push(format!("it causes the problems {problems:?}")),
        _ => {}
    }
    deviations
}
