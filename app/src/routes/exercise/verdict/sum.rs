//! The sum, said in words, and what it was based on.

use leptos::prelude::*;
use podlab_exercises::{Outcome, Verdict};

use crate::{
    api::ClusterInfo,
    components::{Icon, Shape, count},
    routes::exercise::bench::{Bench, Grading},
};

/// What is to be said about the submission as a whole. Its height is kept while a grading runs: nothing jumps.
#[component]
pub(crate) fn Sum(bench: Bench) -> impl IntoView {
    let cluster = bench.page.with_value(|page| page.cluster.clone());
    view! {
        <div class="sum-up" id="sum" tabindex="-1" data-grading=move || name(&bench.grading.read())>
            {move || match bench.grading.get() {
                Grading::Idle => view! { <Idle bench/> }.into_any(),
                Grading::Sending => view! { <Waiting words="Sending the manifest".to_owned() cluster_ms=0/> }.into_any(),
                Grading::Running { phase, cluster_ms, lost: false } => {
                    view! { <Waiting words=phase cluster_ms/> }.into_any()
                }
                Grading::Running { lost: true, .. } => view! { <Lost/> }.into_any(),
                Grading::Done(verdict) => view! { <Decided verdict cluster=cluster.clone()/> }.into_any(),
                Grading::Interrupted => {
                    said(
                            Shape::Warning,
                            "podlab stopped before this was graded.".to_owned(),
                            "Your submission is recorded. Submit again to have it graded.".to_owned(),
                        )
                        .into_any()
                }
                Grading::Refused(error) => said(Shape::Warning, "Not submitted.".to_owned(), error.message).into_any(),
            }}
            <Differs bench/>
        </div>
    }
}

/// Whether the submission is still what stands in the editor.
#[component]
fn Differs(bench: Bench) -> impl IntoView {
    let differs = Memo::new(move |_| {
        bench.shown.read().as_ref().is_some_and(|shown| shown.manifest != *bench.text.read())
    });
    let take = move |_| {
        if let Some(shown) = bench.shown.get_untracked() {
            bench.put(shown.manifest, "The submission is in the editor.");
        }
    };
    view! {
        <p class="quiet" hidden=move || !differs.get()>
            "The editor holds something else by now. "
            <button class="link needs-script" type="button" on:click=take>
                "Bring this back"
            </button>
        </p>
    }
}

const fn name(grading: &Grading) -> &'static str {
    match grading {
        Grading::Idle => "idle",
        Grading::Sending | Grading::Running { .. } => "open",
        Grading::Done(Verdict { passed: true, .. }) => "passed",
        Grading::Done(_) => "failed",
        Grading::Interrupted | Grading::Refused(_) => "trouble",
    }
}

#[component]
fn Idle(bench: Bench) -> impl IntoView {
    let checks = bench.checks();
    let points: u32 = checks.iter().map(|check| check.points).sum();
    let sum = format!(
        "{} for {}, in a fresh sandbox.",
        count(checks.len() as u64, "check"),
        count(points, "point")
    );
    view! {
        <p class="sum-up__words">"Nothing submitted yet."</p>
        <p class="quiet">{sum}</p>
    }
}

#[component]
fn Waiting(words: String, cluster_ms: u64) -> impl IntoView {
    view! {
        <p class="sum-up__words">
            <Icon shape=Shape::Spinner/>
            {words}
        </p>
        <p class="quiet">{(cluster_ms > 0).then(|| format!("{} of cluster time", duration(cluster_ms)))}</p>
        // Forms sent without script come back here before the verdict, if that takes long.
        <noscript>
            <p>"Reload this page to see the verdict."</p>
        </noscript>
    }
}

#[component]
fn Lost() -> impl IntoView {
    said(
        Shape::Spinner,
        "Connection to podlab lost.".to_owned(),
        "Your submission is recorded and its grading goes on. The verdict appears here once podlab answers again."
            .to_owned(),
    )
}

#[component]
fn Decided(verdict: Verdict, cluster: ClusterInfo) -> impl IntoView {
    let shape = if verdict.passed { Shape::Tick } else { Shape::Cross };
    said(shape, sum_in_words(&verdict), time_in_words(&verdict, &cluster))
}

fn said(shape: Shape, words: String, more: String) -> impl IntoView {
    view! {
        <p class="sum-up__words">
            <Icon shape/>
            {words}
        </p>
        <p class="quiet">{more}</p>
    }
}

/// "3 of 5 checks pass: 4 of 8 points."
pub(crate) fn sum_in_words(verdict: &Verdict) -> String {
    let Verdict { checks, points, max_points, problems, passed, .. } = verdict;
    let number = |outcome| checks.iter().filter(|check| check.outcome == outcome).count() as u64;
    let points = format!("{points} of {}", count(*max_points, "point"));
    let all = checks.len() as u64;
    let mut words = if *passed {
        format!("Passed: {} of {}, {points}.", all, count(all, "check"))
    } else if !problems.is_empty() && number(Outcome::Pass) == 0 {
        format!("{} in the manifest: {points}.", count(problems.len() as u64, "problem"))
    } else {
        format!("{} of {} pass: {points}.", number(Outcome::Pass), count(all, "check"))
    };
    let undecided = number(Outcome::Error);
    if undecided > 0 {
        let them = count(undecided, "check");
        words += &format!(" podlab could not decide {them}; that is not your fault. Submit again.");
    }
    words
}

/// "12 s of cluster time in 40 ms."
fn time_in_words(verdict: &Verdict, cluster: &ClusterInfo) -> String {
    let took = duration(verdict.duration_ms);
    if cluster.simulated {
        format!("{} of cluster time in {took}.", duration(verdict.cluster_ms))
    } else {
        format!("Graded on {} in {took}.", cluster.name)
    }
}

/// A duration as one says it: "40 ms", "1.5 s", "12 s", "2 min 5 s".
fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 if ms % 1_000 >= 100 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        1_000..120_000 => format!("{} s", ms / 1_000),
        _ => match (ms / 60_000, ms / 1_000 % 60) {
            (minutes, 0) => format!("{minutes} min"),
            (minutes, seconds) => format!("{minutes} min {seconds} s"),
        },
    }
}

#[cfg(test)]
mod tests {
    use podlab_exercises::{CheckResult, Outcome, Problem, Verdict};

    use super::{duration, sum_in_words};

    fn verdict(outcomes: &[Outcome], problems: usize) -> Verdict {
        let checks: Vec<CheckResult> = outcomes
            .iter()
            .enumerate()
            .map(|(number, &outcome)| CheckResult {
                id: format!("check-{number}"),
                title: "Something holds".into(),
                outcome,
                points: 2 * u32::from(outcome == Outcome::Pass),
                max_points: 2,
                message: String::new(),
                observed: None,
            })
            .collect();
        Verdict {
            exercise: "mc1".into(),
            passed: outcomes.iter().all(|&outcome| outcome == Outcome::Pass),
            points: checks.iter().map(|check| check.points).sum(),
            max_points: checks.iter().map(|check| check.max_points).sum(),
            checks,
            problems: vec![Problem { message: "?".into(), line: None, column: None }; problems],
            duration_ms: 40,
            cluster_ms: 12_000,
        }
    }

    #[test]
    fn the_sum_counts_checks_and_points() {
        use Outcome::{Error, Fail, Pass, Skipped};
        assert_eq!(sum_in_words(&verdict(&[Pass, Pass], 0)), "Passed: 2 of 2 checks, 4 of 4 points.");
        assert_eq!(sum_in_words(&verdict(&[Pass, Fail, Skipped], 0)), "1 of 3 checks pass: 2 of 6 points.");
        assert_eq!(sum_in_words(&verdict(&[Skipped], 2)), "2 problems in the manifest: 0 of 2 points.");
        assert_eq!(
            sum_in_words(&verdict(&[Pass, Error], 0)),
            "1 of 2 checks pass: 2 of 4 points. podlab could not decide 1 check; that is not your fault. Submit again."
        );
    }

    #[test]
    fn durations_read_as_one_says_them() {
        let said = [0, 40, 999, 1_000, 1_500, 12_345, 119_999, 120_000, 125_000].map(duration);
        assert_eq!(said, ["0 ms", "40 ms", "999 ms", "1 s", "1.5 s", "12 s", "119 s", "2 min", "2 min 5 s"]);
    }
}
