//! Files of `/proc` about the machine.

use std::{fmt::Write, sync::Arc};

use crate::kernel::{
    host::Host,
    process::{PidNamespace, Process},
};

macro_rules! files {
    ($($variant:ident = $dir:literal, $name:literal, $mode:literal;)*) => {
        /// A file about the machine.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum File { $($variant,)* }

        impl File {
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)*];

            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The directory that it is in, below `/proc`.
            pub(super) fn directory(self) -> &'static str {
                match self { $(Self::$variant => $dir,)* }
            }

            pub(super) fn mode(self) -> u16 {
                match self { $(Self::$variant => $mode,)* }
            }
        }
    };
}

files! {
    Cpuinfo = "", "cpuinfo", 0o444;
    Meminfo = "", "meminfo", 0o444;
    Uptime = "", "uptime", 0o444;
    Loadavg = "", "loadavg", 0o444;
    Stat = "", "stat", 0o444;
    Version = "", "version", 0o444;
    Filesystems = "", "filesystems", 0o444;
    Cmdline = "", "cmdline", 0o444;
    Devices = "", "devices", 0o444;
    Partitions = "", "partitions", 0o444;
    Swaps = "", "swaps", 0o444;
    Hostname = "sys/kernel", "hostname", 0o444;
    Ostype = "sys/kernel", "ostype", 0o444;
    Osrelease = "sys/kernel", "osrelease", 0o444;
    PidMax = "sys/kernel", "pid_max", 0o644;
    Uuid = "sys/kernel/random", "uuid", 0o444;
    BootId = "sys/kernel/random", "boot_id", 0o444;
    Somaxconn = "sys/net/core", "somaxconn", 0o644;
    IpForward = "sys/net/ipv4", "ip_forward", 0o644;
    UnprivilegedPort = "sys/net/ipv4", "ip_unprivileged_port_start", 0o644;
    OvercommitMemory = "sys/vm", "overcommit_memory", 0o644;
    MaxMapCount = "sys/vm", "max_map_count", 0o644;
    OpenMax = "sys/fs", "file-max", 0o644;
}

/// Directories below `/proc`.
pub(super) const DIRECTORIES: &[&str] =
    &["sys/kernel", "sys/kernel/random", "sys/net", "sys/net/core", "sys/net/ipv4", "sys/vm", "sys/fs"];

/// The kernel's release, as `uname -r` prints it.
pub(crate) const RELEASE: &str = "6.6.87-podlab";
/// Its version, as `uname -v` prints it.
pub(crate) const VERSION: &str = "#1 SMP PREEMPT_DYNAMIC Mon Jun 2 09:14:06 UTC 2025";

/// Whether `dir` lies directly in `path`.
pub(super) fn is_in(dir: &str, path: &str) -> bool {
    dir.rsplit_once('/').is_some_and(|(above, _)| above == path)
}

impl File {
    /// The file called `name` in a directory.
    pub(super) fn at(directory: &str, name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|file| file.directory() == directory && file.name() == name)
    }

    pub(super) fn read(self, host: &Arc<Host>, pids: &PidNamespace) -> String {
        let uptime = host.env.clock.uptime().as_secs_f64() + 3600.0;
        match self {
            Self::Devices => {
                "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/ptmx\n136 pts\n\nBlock devices:\n252 virtblk\n".to_owned()
            }
            Self::Swaps => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n".to_owned(),
            Self::Cpuinfo => cpuinfo(host),
            Self::Meminfo => meminfo(host, pids),
            Self::Uptime => format!("{uptime:.2} {:.2}\n", uptime * host.cpu_millis as f64 / 1000.0),
            Self::Loadavg => {
                let all = pids.all();
                let last = all.last().map_or(0, |process| process.pid);
                format!("{} 1/{} {last}\n", host.load(), all.len())
            }
            Self::Stat => stat(host, uptime),
            Self::Version => format!("Linux version {RELEASE} (podlab@podlab) (gcc 12.2.0) {VERSION}\n"),
            Self::Filesystems => {
                "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevpts\nnodev\toverlay\n\text4\n".to_owned()
            }
            Self::Cmdline => "BOOT_IMAGE=/boot/vmlinuz quiet\n".to_owned(),
            Self::Partitions => {
                let blocks = host.disk.limit() / 1024;
                format!(
                    "major minor  #blocks  name\n\n 254        0 {blocks:>10} vda\n 254        1 {blocks:>10} vda1\n"
                )
            }
            Self::Hostname => {
                let init = pids.get(1);
                let name = init.map(|init| super::super::wait::lock(&init.container.hostname).clone());
                format!("{}\n", String::from_utf8_lossy(&name.unwrap_or_default()))
            }
            Self::Ostype => "Linux\n".to_owned(),
            Self::Osrelease => format!("{RELEASE}\n"),
            Self::PidMax => "32768\n".to_owned(),
            Self::Uuid => format!("{}\n", uuid(host.random(), host.random())),
            Self::BootId => format!("{}\n", uuid(host.env.seed, 0x5bd1_e995_0000_0000)),
            Self::Somaxconn => "4096\n".to_owned(),
            Self::IpForward => "1\n".to_owned(),
            Self::UnprivilegedPort => "0\n".to_owned(),
            Self::OvercommitMemory => "1\n".to_owned(),
            Self::MaxMapCount => "262144\n".to_owned(),
            Self::OpenMax => "9223372036854775807\n".to_owned(),
        }
    }
}

fn uuid(high: u64, low: u64) -> String {
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xfff);
    format!(
        "{a:08x}-{b:04x}-4{c:03x}-{:04x}-{:012x}",
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

/// The number of processors.
pub(crate) fn processors(host: &Host) -> u64 {
    host.cpu_millis.div_ceil(1000).max(1)
}

fn cpuinfo(host: &Host) -> String {
    let count = processors(host);
    let mut out = String::new();
    for index in 0..count {
        let _ = writeln!(
            out,
            "processor\t: {index}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 106\nmodel name\t: Intel(R) \
             Xeon(R) Processor @ 2.60GHz\nstepping\t: 6\ncpu MHz\t\t: 2600.000\ncache size\t: 16384 KB\nphysical \
             id\t: 0\nsiblings\t: {count}\ncore id\t\t: {index}\ncpu cores\t: {count}\nfpu\t\t: yes\nflags\t\t: fpu \
             vme de pse tsc msr pae mce cx8 apic sep mtrr sse sse2 ht syscall nx lm\nbogomips\t: 5200.00\n"
        );
    }
    out
}

/// Total, free and available memory in bytes.
pub(crate) fn memory(host: &Host, pids: &PidNamespace) -> (u64, u64, u64) {
    let used: u64 = pids.all().iter().map(|process| process.memory()).sum();
    let system = host.memory_bytes / 5;
    let available = host.memory_bytes.saturating_sub(system + used);
    (host.memory_bytes, available / 3, available)
}

fn meminfo(host: &Host, pids: &PidNamespace) -> String {
    let (total, free, available) = memory(host, pids);
    let cached = (available - free) * 9 / 10;
    let rows = [
        ("MemTotal", total),
        ("MemFree", free),
        ("MemAvailable", available),
        ("Buffers", available - free - cached),
        ("Cached", cached),
        ("SwapCached", 0),
        ("Active", cached / 2),
        ("Inactive", cached / 2),
        ("SwapTotal", 0),
        ("SwapFree", 0),
        ("Dirty", 128 << 10),
        ("Shmem", 4 << 20),
    ];
    rows.iter().fold(String::new(), |mut out, (name, bytes)| {
        let _ = writeln!(out, "{:<15} {:>8} kB", format!("{name}:"), bytes / 1024);
        out
    })
}

fn stat(host: &Host, uptime: f64) -> String {
    let ticks = (uptime * 100.0) as u64;
    let count = processors(host);
    let mut out = String::new();
    let row = |out: &mut String, name: &str, times: u64| {
        let _ = writeln!(
            out,
            "{name} {} 0 {} {} 0 0 0 0 0 0",
            times / 50,
            times / 80,
            times - times / 50 - times / 80
        );
    };
    row(&mut out, "cpu ", ticks * count);
    for index in 0..count {
        row(&mut out, &format!("cpu{index}"), ticks);
    }
    let boot = host.boot.as_second() - 3600;
    let _ =
        writeln!(out, "ctxt {}\nbtime {boot}\nprocesses 4211\nprocs_running 1\nprocs_blocked 0", ticks * 31);
    out
}

/// How long a process has run, in hundredths of a second since the machine's boot.
pub(super) fn start_ticks(process: &Process) -> u64 {
    ((process.started.as_secs_f64() + 3600.0) * 100.0) as u64
}
