//! Runs an exercise's checks side by side, each after those that it needs.

use futures::future::join_all;
use podlab_exercises::{
    CheckResult, Outcome,
    content::{ExerciseContent, check::Check},
};
use tokio::sync::watch;

use crate::check::skipped;

/// The results of all checks, in the exercise's order; `decide` decides one, `report` is told each as it comes. A check
/// whose needs did not all pass is skipped.
pub(crate) async fn run<'a, F>(
    exercise: &'a ExerciseContent,
    decide: impl Fn(&'a Check) -> F,
    report: impl Fn(&CheckResult),
) -> Vec<CheckResult>
where
    F: Future<Output = CheckResult>,
{
    let checks = &exercise.checks;
    let outcomes: Vec<watch::Sender<Option<Outcome>>> =
        checks.iter().map(|_| watch::Sender::new(None)).collect();
    let (decide, report, outcomes) = (&decide, &report, &outcomes);
    let in_turn = checks.iter().enumerate().map(|(place, check)| async move {
        let unmet = first_unmet(check, checks, outcomes).await;
        let result = match unmet {
            Some(need) => skipped(check, format!("Not looked at: this needs \"{}\".", need.title)),
            None => decide(check).await,
        };
        report(&result);
        outcomes[place].send_replace(Some(result.outcome));
        result
    });
    join_all(in_turn).await
}

/// Waits for what a check needs; gives the first need that did not pass.
async fn first_unmet<'a>(
    check: &Check,
    checks: &'a [Check],
    outcomes: &[watch::Sender<Option<Outcome>>],
) -> Option<&'a Check> {
    for (need, outcome) in checks.iter().zip(outcomes).filter(|(other, _)| check.needs.contains(&other.id)) {
        let passed =
            matches!(outcome.subscribe().wait_for(Option::is_some).await.as_deref(), Ok(Some(Outcome::Pass)));
        if !passed {
            return Some(need);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use podlab_exercises::content::{Content, Files};
    use std::{cell::RefCell, future::ready};

    fn exercise() -> ExerciseContent {
        let text = "\
apiVersion: podlab.dev/v1
kind: Exercise
metadata: {name: one, title: One}
spec:
  summary: S
  minutes: 1
  difficulty: easy
  tasks: [{id: t, brief: B, checks: [c, a, b]}]
  checks:
    - {id: c, title: C, needs: [b, a], absent: {kind: Pod}}
    - {id: b, title: B, needs: [a], absent: {kind: Pod}}
    - {id: a, title: A, absent: {kind: Pod}}
";
        let files: Files = [
            ("one/exercise.yaml", text),
            ("one/README.md", "B"),
            ("one/solutions/s.yaml", "# title: S\n"),
            ("one/mistakes/m.yaml", "# title: M\n# trips: [a]\n"),
        ]
        .into_iter()
        .collect();
        Content::from_files(&files).unwrap().exercises.remove(0)
    }

    /// The order in which checks are decided or skipped, and the outcomes in the exercise's order.
    fn run_with(outcome: impl Fn(&str) -> Outcome) -> (Vec<String>, Vec<Outcome>) {
        let told = RefCell::new(Vec::new());
        let decide = |check: &Check| ready(CheckResult { outcome: outcome(&check.id), ..skipped(check, "") });
        let exercise = exercise();
        let run = run(&exercise, decide, |result| told.borrow_mut().push(result.id.clone()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let results = runtime.block_on(run);
        (told.into_inner(), results.iter().map(|result| result.outcome).collect())
    }

    #[test]
    fn checks_come_after_what_they_need() {
        let (order, outcomes) = run_with(|_| Outcome::Pass);
        assert_eq!(order, ["a", "b", "c"]);
        assert_eq!(outcomes, [Outcome::Pass; 3]);
    }

    #[test]
    fn what_needs_a_check_that_did_not_pass_is_skipped() {
        for outcome in [Outcome::Fail, Outcome::Error] {
            let (_, outcomes) = run_with(|_| outcome);
            assert_eq!(outcomes, [Outcome::Skipped, Outcome::Skipped, outcome]);
        }
        let (_, outcomes) = run_with(|id| if id == "b" { Outcome::Fail } else { Outcome::Pass });
        assert_eq!(outcomes, [Outcome::Skipped, Outcome::Fail, Outcome::Pass]);
    }
}
