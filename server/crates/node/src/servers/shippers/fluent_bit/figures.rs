//! What the inputs `cpu` and `mem` find in `/proc`.

use serde_json::json;

use crate::{kernel::process::Process, servers::shippers::Record};

/// The largest file of `/proc` that is read.
const MAX_PROC: usize = 64 * 1024;

/// What processors have done up to some moment: a line of `/proc/stat` each, the first for all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Work(Vec<Line>);

#[derive(Clone, Debug)]
struct Line {
    name: String,
    user: f64,
    system: f64,
    all: f64,
}

impl Work {
    pub(super) async fn now(process: &Process) -> Self {
        let text = process.read_file(b"/proc/stat", MAX_PROC).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines = text.lines().filter(|line| line.starts_with("cpu")).map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next().unwrap_or_default().to_owned();
            let ticks: Vec<f64> = words.map(|word| word.parse().unwrap_or(0.0)).collect();
            let tick = |index: usize| ticks.get(index).copied().unwrap_or(0.0);
            Line { name, user: tick(0) + tick(1), system: tick(2), all: ticks.iter().sum() }
        });
        Self(lines.collect())
    }

    /// The record for what was done since `before`, in hundredths of what all processors could have done.
    pub(super) fn since(&self, before: &Self) -> Record {
        let mut record = Record::new();
        for (now, before) in self.0.iter().zip(&before.0) {
            let all = (now.all - before.all).max(1.0);
            let part = |now: f64, before: f64| ((now - before).max(0.0) / all * 10_000.0).round() / 100.0;
            let (user, system) = (part(now.user, before.user), part(now.system, before.system));
            let keys = match now.name.as_str() {
                "cpu" => ["cpu_p", "user_p", "system_p"].map(str::to_owned),
                name => ["cpu", "user", "system"].map(|what| format!("{name}.p_{what}")),
            };
            for (key, value) in keys.into_iter().zip([user + system, user, system]) {
                record.insert(key, json!(value));
            }
        }
        record
    }
}

/// The record for memory, in kB.
pub(super) async fn memory(process: &Process) -> Record {
    let text = process.read_file(b"/proc/meminfo", MAX_PROC).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let field = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    let mut record = Record::new();
    for (what, total, free) in [("Mem", "MemTotal", "MemFree"), ("Swap", "SwapTotal", "SwapFree")] {
        let (total, free) = (field(total), field(free));
        record.insert(format!("{what}.total"), json!(total));
        record.insert(format!("{what}.used"), json!(total.saturating_sub(free)));
        record.insert(format!("{what}.free"), json!(free));
    }
    record
}
