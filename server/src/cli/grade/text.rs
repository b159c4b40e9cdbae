//! A verdict for people at a terminal.

use podlab_exercises::{CheckResult, Outcome, Progress, Verdict};

/// Prints a check when it is decided.
pub(super) fn progress(event: Progress) {
    if let Progress::Check { result, .. } = event {
        println!("{}", line(&result));
    }
}

/// Prints what stands at the end: problems, and the sum.
pub(super) fn sum(verdict: &Verdict) {
    for problem in &verdict.problems {
        let place = match (problem.line, problem.column) {
            (Some(line), Some(column)) => format!("line {line}, column {column}: "),
            (Some(line), None) => format!("line {line}: "),
            _ => String::new(),
        };
        println!("  ! {place}{}", problem.message);
    }
    let passed = verdict.checks.iter().filter(|check| check.outcome == Outcome::Pass).count();
    println!(
        "\n{}: {passed} of {} checks pass, {} of {} points ({:.1} s of cluster time in {:.2} s)",
        if verdict.passed { "Passed" } else { "Not passed" },
        verdict.checks.len(),
        verdict.points,
        verdict.max_points,
        seconds(verdict.cluster_ms),
        seconds(verdict.duration_ms),
    );
}

/// Whether something was not decided through podlab's or the cluster's fault, and nothing is the learner's.
pub(super) fn is_at_fault(verdict: &Verdict) -> bool {
    let outcome = |outcome| verdict.checks.iter().any(|check| check.outcome == outcome);
    outcome(Outcome::Error) && !outcome(Outcome::Fail) && verdict.problems.is_empty()
}

fn line(check: &CheckResult) -> String {
    let (mark, word) = match check.outcome {
        Outcome::Pass => ("✓", ""),
        Outcome::Fail => ("✗", ""),
        Outcome::Error => ("?", " (could not be decided)"),
        Outcome::Skipped => ("-", " (skipped)"),
    };
    let mut text = format!("  {mark} {}{word}  {}/{}", check.title, check.points, check.max_points);
    for said in check.message.lines().filter(|_| check.outcome != Outcome::Pass) {
        text.push_str("\n      ");
        text.push_str(said);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
