//! From a submission to its verdict.

use std::{sync::Arc, time::Instant};

use podlab_exercises::content::Content;

use super::{Failure, median_and_p95, row};
use crate::grading::{Ground, Work};

/// Prints, for each exercise, how long its first solution takes on the embedded cluster, and how much time passes there.
pub(super) async fn print(content: &Content, times: usize) -> Result<(), Failure> {
    let ground = Ground::embedded();
    let content = Arc::new(content.clone());
    for exercise in &content.exercises {
        let Some(solution) = exercise.solutions.first() else { continue };
        let name = &exercise.exercise.name;
        let manifest = solution.manifest.clone().into_bytes();
        let work = Work { exercise: name.clone(), manifest, owner: "bench".into() };
        let (mut real, mut passed, mut cluster_ms) = (vec![], 0, 0);
        for _ in 0..times {
            let start = Instant::now();
            let verdict = ground.grade(Arc::clone(&content), work.clone(), |_| {}).await?;
            real.push(start.elapsed().as_secs_f64() * 1000.0);
            passed += usize::from(verdict.passed);
            cluster_ms = verdict.cluster_ms;
        }
        let (median, p95) = median_and_p95(real);
        let what = format!("submit to verdict, {name} ({} s in the cluster)", cluster_ms.div_ceil(1000));
        let note = if passed == times { String::new() } else { format!(" ({passed} of {times} passed)") };
        row(&what, &format!("{median:.0} ms, p95 {p95:.0} ms"), &format!("median under 100 ms{note}"));
    }
    Ok(())
}
