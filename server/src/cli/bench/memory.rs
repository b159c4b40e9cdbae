//! Resident memory.

use std::time::Duration;

use jiff::Timestamp;
use kube::{
    ResourceExt,
    api::{Api, DynamicObject, Patch, PatchParams},
    core::{GroupVersionKind, gvk::ParseGroupVersionError},
    discovery::{ApiResource, Scope, pinned_kind},
};
use podlab_cluster::{Cluster, Config};
use podlab_exercises::content::Content;
use podlab_node::Env;

use super::{Failure, row};
use crate::clusters::in_process;

/// How long the clusters run before they are measured.
const SETTLE: Duration = Duration::from_secs(5);

/// Prints what this process holds now.
pub(super) fn print_idle() {
    match status() {
        Some(status) => row("resident memory, idle", &format!("{} kB", status.resident_kb), ""),
        None => row("resident memory", "unknown here", "needs /proc"),
    }
}

/// Prints what `learners` clusters on wall time cost: empty, and with the first solution of the first exercise that
/// runs two containers in each.
pub(super) async fn print_clusters(content: &Content, learners: usize) -> Result<(), Failure> {
    let (Some(before), true) = (status(), learners > 0) else { return Ok(()) };
    let start = std::time::Instant::now();
    let clusters: Vec<Cluster> = (0..learners)
        .map(|seed| Cluster::start(Config::default(), Env::on_current_runtime(Timestamp::now(), seed as u64)))
        .collect();
    let started = start.elapsed();
    tokio::time::sleep(SETTLE).await;
    if let Some(after) = status() {
        let each = after.resident_kb.saturating_sub(before.resident_kb) / learners as u64;
        let value = format!("{} kB, {each} kB each", after.resident_kb);
        row(&format!("resident memory, {learners} empty clusters"), &value, "under 300 kB each");
    }
    let each = started.as_secs_f64() * 1000.0 / learners as f64;
    row("start of a cluster", &format!("{each:.2} ms"), "under 5 ms");

    let solution = content.exercise("mc1").and_then(|exercise| exercise.solutions.first());
    let Some(solution) = solution else { return Ok(()) };
    for cluster in &clusters {
        apply(cluster, &solution.manifest).await?;
    }
    tokio::time::sleep(SETTLE).await;
    let settled = status();
    tokio::time::sleep(SETTLE).await;
    if let (Some(settled), Some(after)) = (settled, status()) {
        let each = after.resident_kb.saturating_sub(before.resident_kb) / learners as u64;
        let value = format!("{} kB, {each} kB each", after.resident_kb);
        row(&format!("resident memory, {learners} learners' clusters with mc1"), &value, "");
        let busy = after.cpu_seconds - settled.cpu_seconds;
        let share = 100.0 * busy / SETTLE.as_secs_f64();
        row(
            &format!("processor, {learners} learners' clusters with mc1"),
            &format!("{share:.1} % of a core"),
            "",
        );
    }
    clusters.iter().for_each(Cluster::shutdown);
    Ok(())
}

async fn apply(cluster: &Cluster, manifest: &str) -> Result<(), Failure> {
    let client = in_process::client(cluster);
    for object in serde_saphyr::from_multiple::<DynamicObject>(manifest)? {
        let types = object.types.clone().unwrap_or_default();
        let gvk = GroupVersionKind::try_from(types).map_err(|e: ParseGroupVersionError| e.to_string())?;
        let (resource, capabilities): (ApiResource, _) = pinned_kind(&client, &gvk).await?;
        let api: Api<DynamicObject> = match capabilities.scope {
            Scope::Namespaced => Api::namespaced_with(client.clone(), "default", &resource),
            Scope::Cluster => Api::all_with(client.clone(), &resource),
        };
        api.patch(&object.name_any(), &PatchParams::apply("podlab-bench"), &Patch::Apply(&object)).await?;
    }
    Ok(())
}

struct Status {
    resident_kb: u64,
    cpu_seconds: f64,
}

/// What Linux knows of this process.
fn status() -> Option<Status> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let resident_kb = resident.split_whitespace().next()?.parse().ok()?;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold spaces; utime and stime are the 12th and 13th fields after it, in ticks of 10 ms.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some(Status { resident_kb, cpu_seconds: (ticks(11)? + ticks(12)?) / 100.0 })
}
