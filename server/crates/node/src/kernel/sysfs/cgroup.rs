//! A container's control group, as version 2 shows it
//! (<https://docs.kernel.org/admin-guide/cgroup-v2.html>). Limits are set by the runtime; in here all is read-only.

use std::{fmt::Write, sync::Arc};

use super::{File, View, cpus};

/// The period that processor time is given out in, in microseconds: what the kubelet sets.
const PERIOD: u64 = 100_000;

/// All files, with what the runtime's own cannot be read (`memory.reclaim`, `cgroup.kill`) left out.
pub(super) const FILES: &[File] = &[
    ("fs/cgroup/cgroup.controllers", 0o444, |_| "cpuset cpu io memory hugetlb pids rdma misc\n".to_owned()),
    ("fs/cgroup/cgroup.events", 0o444, |_| "populated 1\nfrozen 0\n".to_owned()),
    ("fs/cgroup/cgroup.freeze", 0o644, |_| "0\n".to_owned()),
    ("fs/cgroup/cgroup.max.depth", 0o644, |_| "max\n".to_owned()),
    ("fs/cgroup/cgroup.max.descendants", 0o644, |_| "max\n".to_owned()),
    ("fs/cgroup/cgroup.procs", 0o644, processes),
    ("fs/cgroup/cgroup.stat", 0o444, |_| "nr_descendants 0\nnr_dying_descendants 0\n".to_owned()),
    ("fs/cgroup/cgroup.subtree_control", 0o644, |_| String::new()),
    ("fs/cgroup/cgroup.threads", 0o644, processes),
    ("fs/cgroup/cgroup.type", 0o644, |_| "domain\n".to_owned()),
    ("fs/cgroup/cpu.idle", 0o644, |_| "0\n".to_owned()),
    ("fs/cgroup/cpu.max", 0o644, cpu_max),
    ("fs/cgroup/cpu.max.burst", 0o644, |_| "0\n".to_owned()),
    ("fs/cgroup/cpu.stat", 0o444, cpu_stat),
    ("fs/cgroup/cpu.weight", 0o644, |view| format!("{}\n", weight(view))),
    ("fs/cgroup/cpuset.cpus", 0o644, |_| "\n".to_owned()),
    ("fs/cgroup/cpuset.cpus.effective", 0o444, |view| cpus(&view.host)),
    ("fs/cgroup/cpuset.mems", 0o644, |_| "\n".to_owned()),
    ("fs/cgroup/cpuset.mems.effective", 0o444, |_| "0\n".to_owned()),
    ("fs/cgroup/io.max", 0o644, |_| String::new()),
    ("fs/cgroup/io.stat", 0o444, |_| String::new()),
    ("fs/cgroup/io.weight", 0o644, |_| "default 100\n".to_owned()),
    ("fs/cgroup/memory.current", 0o444, |view| format!("{}\n", view.memory.used())),
    ("fs/cgroup/memory.events", 0o444, memory_events),
    ("fs/cgroup/memory.events.local", 0o444, memory_events),
    ("fs/cgroup/memory.high", 0o644, |_| "max\n".to_owned()),
    ("fs/cgroup/memory.low", 0o644, |_| "0\n".to_owned()),
    ("fs/cgroup/memory.max", 0o644, memory_max),
    ("fs/cgroup/memory.min", 0o644, |_| "0\n".to_owned()),
    ("fs/cgroup/memory.oom.group", 0o644, |_| "1\n".to_owned()),
    ("fs/cgroup/memory.peak", 0o444, |view| format!("{}\n", view.memory.peak())),
    ("fs/cgroup/memory.stat", 0o444, memory_stat),
    ("fs/cgroup/memory.swap.current", 0o444, |_| "0\n".to_owned()),
    ("fs/cgroup/memory.swap.events", 0o444, |_| "high 0\nmax 0\nfail 0\n".to_owned()),
    ("fs/cgroup/memory.swap.max", 0o644, |_| "0\n".to_owned()),
    ("fs/cgroup/pids.current", 0o444, |view| format!("{}\n", view.pid_quota.used())),
    ("fs/cgroup/pids.events", 0o444, |_| "max 0\n".to_owned()),
    ("fs/cgroup/pids.max", 0o644, |view| format!("{}\n", view.pid_quota.limit())),
];

fn processes(view: &View) -> String {
    let mut out = String::new();
    for process in view.pids.all() {
        // In a namespace that the Pod shares, others' processes are of other groups.
        if Arc::ptr_eq(&process.container.cpu, &view.cpu) {
            let _ = writeln!(out, "{}", process.pid);
        }
    }
    out
}

fn cpu_max(view: &View) -> String {
    match view.cpu.limit_millis() {
        Some(millis) => format!("{} {PERIOD}\n", millis * PERIOD / 1000),
        None => format!("max {PERIOD}\n"),
    }
}

fn cpu_stat(view: &View) -> String {
    let micros = view.cpu.used_nanos() / 1000;
    let (periods, throttled, rested) = view.cpu.throttling();
    // What programs do here is done in user mode, but for the system calls.
    let system = micros / 4;
    format!(
        "usage_usec {micros}\nuser_usec {}\nsystem_usec {system}\nnr_periods {periods}\nnr_throttled {throttled}\n\
         throttled_usec {}\nnr_bursts 0\nburst_usec 0\n",
        micros - system,
        rested.as_micros(),
    )
}

/// The weight that runc makes of the kubelet's shares.
fn weight(view: &View) -> u64 {
    let shares = (view.cpu.request_millis() * 1024 / 1000).clamp(2, 262_144);
    1 + (shares - 2) * 9999 / 262_142
}

fn memory_max(view: &View) -> String {
    // Without a limit of its own a container has what the machine has.
    match view.memory.limit().filter(|limit| *limit < view.host.memory_bytes) {
        Some(limit) => format!("{}\n", limit / 4096 * 4096),
        None => "max\n".to_owned(),
    }
}

fn memory_events(view: &View) -> String {
    let killed = u32::from(view.memory.was_exceeded());
    format!("low 0\nhigh 0\nmax {killed}\noom {killed}\noom_kill {killed}\noom_group_kill {killed}\n")
}

fn memory_stat(view: &View) -> String {
    let (used, shared) = (view.memory.used(), view.memory.shared());
    let mut out = format!("anon {}\nfile {shared}\n", used.saturating_sub(shared));
    for name in ["kernel", "kernel_stack", "pagetables", "sock"] {
        let _ = writeln!(out, "{name} 0");
    }
    let _ = writeln!(out, "shmem {shared}");
    for name in ["file_mapped", "file_dirty", "file_writeback", "swapcached"] {
        let _ = writeln!(out, "{name} 0");
    }
    let _ = writeln!(out, "inactive_anon {used}");
    for name in [
        "active_anon",
        "inactive_file",
        "active_file",
        "unevictable",
        "slab_reclaimable",
        "slab_unreclaimable",
    ] {
        let _ = writeln!(out, "{name} 0");
    }
    out
}
