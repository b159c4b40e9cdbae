//! Made-up gradings. A comment in the manifest chooses one:
//!
//! | comment | what comes back |
//! | --- | --- |
//! | `# preview: pass` | everything passes |
//! | `# preview: problems` | the manifest has problems, nothing is checked |
//! | `# preview: error` | one check could not be decided |
//! | `# preview: slow` | failures, over eight seconds |
//! | `# preview: interrupted` | podlab was stopped meanwhile |
//! | (none) | failures, at once |

use std::time::Duration;

use podlab_exercises::{CheckResult, Outcome, Problem, Progress, Verdict};

use crate::content::tasks;

const OBSERVED: &str = "\
$ cat /usr/share/nginx/html/index.html
<!DOCTYPE html>
<html>
<head><title>Welcome to nginx!</title></head>
<body><h1>Welcome to nginx!</h1></body>
</html>";

/// What a grading will tell, and how long it waits between two words; without a verdict it is interrupted.
pub(crate) struct Script {
    pub(crate) steps: Vec<Progress>,
    pub(crate) pause: Duration,
}

impl Script {
    /// For a submission.
    pub(crate) fn of(exercise: &str, manifest: &str) -> Self {
        let asked = |word: &str| manifest.contains(&format!("# preview: {word}"));
        use Outcome::{Error, Fail, Pass, Skipped};
        let outcomes = if asked("pass") {
            [Pass; 5]
        } else if asked("problems") {
            [Skipped; 5]
        } else if asked("error") {
            [Pass, Pass, Pass, Error, Pass]
        } else {
            [Pass, Pass, Fail, Skipped, Fail]
        };
        let problems = if asked("problems") { problems() } else { vec![] };
        let checks: Vec<CheckResult> = tasks()
            .into_iter()
            .flat_map(|task| task.checks)
            .zip(outcomes)
            .map(|(check, outcome)| result(check, outcome))
            .collect();
        let phase = |message: &str, cluster_ms| Progress::Phase { message: message.into(), cluster_ms };
        let mut steps =
            vec![phase("Applying the manifest", 0), phase("Waiting for Pod pair to be ready", 1_200)];
        steps.extend(checks.iter().enumerate().map(|(number, result)| Progress::Check {
            result: result.clone(),
            cluster_ms: 3_000 + 2_500 * number as u64,
        }));
        if !asked("interrupted") {
            steps.push(Progress::Done {
                verdict: Verdict {
                    exercise: exercise.into(),
                    passed: checks.iter().all(|check| check.outcome == Pass),
                    points: checks.iter().map(|check| check.points).sum(),
                    max_points: checks.iter().map(|check| check.max_points).sum(),
                    checks,
                    problems,
                    duration_ms: 41,
                    cluster_ms: 13_400,
                },
            });
        }
        Self {
            steps,
            pause: Duration::from_millis(if asked("slow") || asked("interrupted") { 1_000 } else { 5 }),
        }
    }
}

fn result(check: podlab_app::api::CheckView, outcome: Outcome) -> CheckResult {
    let (message, observed) = match outcome {
        Outcome::Pass => (String::new(), None),
        Outcome::Fail => (
            "writer wrote to /html; web serves /usr/share/nginx/html, which is another volume. The file there is still \
             the one from the image."
                .into(),
            Some(OBSERVED.into()),
        ),
        Outcome::Error => ("The connection to the container broke twice.".into(), Some("unexpected EOF".into())),
        Outcome::Skipped => ("Not checked: it needs “What writer puts into /html is served by web”.".into(), None),
    };
    let points = if outcome == Outcome::Pass { check.points } else { 0 };
    CheckResult {
        id: check.id,
        title: check.title,
        outcome,
        points,
        max_points: check.points,
        message,
        observed,
    }
}

fn problems() -> Vec<Problem> {
    let problem = |message: &str, line, column| Problem { message: message.into(), line, column };
    vec![
        problem("Pod “pair”: unknown field “spec.contaners”. Did you mean “containers”?", Some(6), Some(3)),
        problem(
            "spec.containers[0].image: a container needs an image; there is “imgae”. Did you mean “image”?",
            Some(8),
            Some(7),
        ),
        problem("There is no object of kind Service; this exercise needs one.", None, None),
    ]
}
