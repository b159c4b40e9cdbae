//! Files and links of `/proc/PID`.

use std::{fmt::Write, sync::Arc};

use super::machine::start_ticks;
use crate::{
    kernel::{
        errno::Errno,
        fs::{LinkTarget, OpenFile},
        process::Process,
    },
    rng::stable_hash,
};

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $type { $($variant,)* }

        impl $type {
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)*];

            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(super) fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }
    };
}
pub(super) use named;

named! {
    /// A file about a process.
    File {
        Cgroup = "cgroup",
        Cmdline = "cmdline",
        Comm = "comm",
        Environ = "environ",
        GidMap = "gid_map",
        Limits = "limits",
        Maps = "maps",
        Mounts = "mounts",
        Mountinfo = "mountinfo",
        Cpuset = "cpuset",
        Loginuid = "loginuid",
        OomScore = "oom_score",
        OomScoreAdj = "oom_score_adj",
        Stat = "stat",
        Statm = "statm",
        Status = "status",
        UidMap = "uid_map",
        Wchan = "wchan",
    }
}

named! {
    /// A link of a process.
    Link {
        Cwd = "cwd",
        Exe = "exe",
        Root = "root",
    }
}

named! {
    /// A namespace of a process (`namespaces(7)`).
    Namespace {
        Cgroup = "cgroup",
        Ipc = "ipc",
        Mnt = "mnt",
        Net = "net",
        Pid = "pid",
        PidForChildren = "pid_for_children",
        Time = "time",
        TimeForChildren = "time_for_children",
        User = "user",
        Uts = "uts",
    }
}

impl Namespace {
    /// What its link shows, the same for all processes that share it.
    pub(super) fn text(self, process: &Process) -> String {
        let kind = match self {
            Self::PidForChildren => "pid",
            Self::TimeForChildren => "time",
            own => own.name(),
        };
        let container = &process.container;
        // Addresses tell the Pods of a node apart, devices its containers, first processes its tables of processes.
        let pod = match container.net.ip {
            std::net::IpAddr::V4(ip) => u64::from(ip.to_bits() & 0xffff),
            std::net::IpAddr::V6(ip) => (ip.to_bits() & 0xffff) as u64,
        };
        let root = u64::from(container.mounts.root().inode.fs.device);
        let first = container.pids.get(1).map_or(0, |first| u64::from(first.host_pid));
        let number = match self {
            Self::Time | Self::TimeForChildren => 4_026_531_834,
            Self::User => 4_026_531_837,
            Self::Net => 4_026_532_200 + pod * 4,
            Self::Ipc => 4_026_532_201 + pod * 4,
            Self::Uts => 4_026_532_202 + pod * 4,
            Self::Mnt => 4_026_800_000 + root * 2,
            Self::Cgroup => 4_026_800_001 + root * 2,
            Self::Pid | Self::PidForChildren => 4_028_000_000 + first,
        };
        format!("{kind}:[{number}]")
    }
}

/// The unit of `statm`.
const PAGE: u64 = 4096;

impl File {
    pub(super) fn mode(self) -> u16 {
        match self {
            Self::Environ => 0o400,
            Self::OomScoreAdj | Self::Comm => 0o644,
            _ => 0o444,
        }
    }

    pub(super) fn read(self, process: &Arc<Process>, viewer: u32) -> Vec<u8> {
        match self {
            Self::Cgroup => b"0::/\n".to_vec(),
            Self::Cmdline => {
                // A zombie has no command line left.
                let argv = if process.is_alive() { process.argv() } else { Arc::new([]) };
                argv.iter().flat_map(|arg| [arg.as_ref(), b"\0"].concat()).collect()
            }
            Self::Comm => [&process.lock().comm, &b"\n"[..]].concat(),
            Self::Environ if !process.is_alive() => Vec::new(),
            Self::Environ => {
                process.env().iter().flat_map(|entry| [entry.as_ref(), b"\0"].concat()).collect()
            }
            // No user namespace of its own: all numbers are the node's.
            Self::GidMap | Self::UidMap => format!("{:>10} {:>10} {:>10}\n", 0, 0, u32::MAX).into_bytes(),
            Self::Maps => maps(process).into_bytes(),
            // Where in the kernel it waits, which nobody unprivileged is told.
            Self::Wchan => b"0".to_vec(),
            Self::Limits => LIMITS.as_bytes().to_vec(),
            Self::Mounts => mounts(process),
            Self::Mountinfo => mountinfo(process),
            Self::Cpuset => b"/\n".to_vec(),
            Self::Loginuid => b"4294967295".to_vec(),
            Self::OomScore => {
                let used = process.memory() * 1000 / process.container.host.memory_bytes.max(1);
                let points = 1000 + i64::from(process.container.confinement.oom_score_adj) + used as i64;
                format!("{}\n", points.max(0) * 2 / 3).into_bytes()
            }
            Self::OomScoreAdj => format!("{}\n", process.container.confinement.oom_score_adj).into_bytes(),
            Self::Stat => stat(process, viewer).into_bytes(),
            Self::Statm if !process.is_alive() => b"0 0 0 0 0 0 0\n".to_vec(),
            Self::Statm => {
                let pages = process.memory() / PAGE;
                format!("{} {pages} {} 200 0 {} 0\n", pages * 3, pages / 2, pages / 4).into_bytes()
            }
            Self::Status => status(process, viewer).into_bytes(),
        }
    }
}

const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max file size             unlimited            unlimited            bytes     
Max data size             unlimited            unlimited            bytes     
Max stack size            8388608              unlimited            bytes     
Max core file size        0                    unlimited            bytes     
Max resident set          unlimited            unlimited            bytes     
Max processes             unlimited            unlimited            processes 
Max open files            1048576              1048576              files     
Max locked memory         8388608              8388608              bytes     
Max address space         unlimited            unlimited            bytes     
Max file locks            unlimited            unlimited            locks     
Max pending signals       15474                15474                signals   
Max msgqueue size         819200               819200               bytes     
Max nice priority         0                    0                    
Max realtime priority     0                    0                    
Max realtime timeout      unlimited            unlimited            us        
";

/// The letter of its state, and the word.
fn run_state(process: &Process, viewer: u32) -> (char, &'static str) {
    if !process.is_alive() {
        ('Z', "zombie")
    } else if process.is_stopped() {
        ('T', "stopped")
    } else if process.pid == viewer {
        ('R', "running")
    } else {
        ('S', "sleeping")
    }
}

fn status(process: &Process, viewer: u32) -> String {
    let (letter, word) = run_state(process, viewer);
    let [pending, ignored, caught] = process.signal_sets();
    let (parent, memory) = (process.parent_pid(), process.memory() / 1024);
    let state = process.lock();
    let creds = &state.creds;
    let mut out = String::new();
    let name = String::from_utf8_lossy(&state.comm);
    let _ = writeln!(out, "Name:\t{name}\nUmask:\t{:04o}\nState:\t{letter} ({word})", state.umask);
    let _ = writeln!(out, "Tgid:\t{0}\nNgid:\t0\nPid:\t{0}\nPPid:\t{parent}\nTracerPid:\t0", process.pid);
    for (kind, id) in [("Uid", creds.uid), ("Gid", creds.gid)] {
        let _ = writeln!(out, "{kind}:\t{id}\t{id}\t{id}\t{id}");
    }
    let groups = creds.groups.iter().fold(String::new(), |all, group| format!("{all}{group} "));
    let _ = writeln!(out, "FDSize:\t64\nGroups:\t{groups}");
    let _ = writeln!(out, "VmPeak:\t{0:>8} kB\nVmSize:\t{0:>8} kB\nVmHWM:\t{memory:>8} kB", memory * 3);
    let _ = writeln!(out, "VmRSS:\t{memory:>8} kB\nThreads:\t1\nSigQ:\t0/15474");
    for (name, set) in
        [("SigPnd", 0), ("ShdPnd", pending), ("SigBlk", 0), ("SigIgn", ignored), ("SigCgt", caught)]
    {
        let _ = writeln!(out, "{name}:\t{set:016x}");
    }
    for (name, set) in [
        ("CapInh", 0),
        ("CapPrm", creds.effective),
        ("CapEff", creds.effective),
        ("CapBnd", creds.bounding),
        ("CapAmb", 0),
    ] {
        let _ = writeln!(out, "{name}:\t{set:016x}");
    }
    let confinement = process.container.confinement;
    let (mode, filters) = if confinement.seccomp_filter { (2, 1) } else { (0, 0) };
    let _ = writeln!(
        out,
        "NoNewPrivs:\t{}\nSeccomp:\t{mode}\nSeccomp_filters:\t{filters}",
        u8::from(confinement.no_new_privileges)
    );
    let _ =
        writeln!(out, "Cpus_allowed:\t3\nCpus_allowed_list:\t0-1\nMems_allowed:\t1\nMems_allowed_list:\t0");
    out
}

fn stat(process: &Process, viewer: u32) -> String {
    let (letter, _) = run_state(process, viewer);
    let (parent, ticks, start) =
        (process.parent_pid(), process.cpu_nanos() / 10_000_000, start_ticks(process));
    let (memory, state) = (process.memory(), process.lock());
    let (tty, foreground) = match &state.tty {
        Some(tty) => ((136 << 8) + i64::from(tty.number()), i64::from(tty.foreground())),
        None => (0, -1),
    };
    format!(
        "{} ({}) {letter} {parent} {} {} {tty} {foreground} 4194304 120 0 0 0 {ticks} 0 0 0 20 0 1 0 {start} {} {} \
         18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
        process.pid,
        String::from_utf8_lossy(&state.comm),
        state.group,
        state.session,
        memory * 3,
        memory / PAGE,
    )
}

fn mounts(process: &Process) -> Vec<u8> {
    let mut out = Vec::new();
    for mount in process.container.mounts.all() {
        out.extend_from_slice(mount.source.as_bytes());
        out.push(b' ');
        out.extend_from_slice(&mount.path);
        let line = format!(" {} {} 0 0\n", mount.root.fs.kind.name(), mount.all_options());
        out.extend_from_slice(line.as_bytes());
    }
    out
}

fn mountinfo(process: &Process) -> Vec<u8> {
    let mut out = Vec::new();
    for (id, mount) in (600..).zip(process.container.mounts.all()) {
        out.extend_from_slice(format!("{id} 599 0:{} ", mount.root.fs.device).as_bytes());
        out.extend_from_slice(&mount.root_path());
        out.push(b' ');
        out.extend_from_slice(&mount.path);
        let (access, all) = (if mount.is_read_only() { "ro" } else { "rw" }, mount.all_options());
        let kind = mount.root.fs.kind.name();
        out.extend_from_slice(format!(" {access},relatime - {kind} {} {all}\n", mount.source).as_bytes());
    }
    out
}

/// What its address space is made of: its program, what it holds, its stack. Where they lie is made up of its number, as the
/// kernel makes it up by chance.
fn maps(process: &Arc<Process>) -> String {
    const STACK: u64 = 132 << 10;
    let exe = process.lock().exe.to_vec();
    let place = process.place(&exe, true).ok().filter(|_| process.is_alive() && !exe.is_empty());
    let Some(place) = place else { return String::new() };
    let (stat, device) = (place.inode.stat(), place.inode.fs.device);
    let chance = stable_hash(&process.host_pid.to_le_bytes());
    let name = String::from_utf8_lossy(&exe);
    let mut out = String::new();
    let mut add = |start: u64, len: u64, access: &str, offset: u64, device: u32, ino: u64, name: &str| {
        let line = format!("{start:x}-{:x} {access}p {offset:08x} 00:{device:02x} {ino}", start + len);
        let _ = match name {
            "" => writeln!(out, "{line} "),
            name => writeln!(out, "{line:<72} {name}"),
        };
    };
    let program = 0x5555_0000_0000 + (chance & 0xff_ffff) * PAGE;
    let size = (stat.size.max(4 * PAGE) / PAGE / 4) * PAGE;
    for (index, access) in (0u64..).zip(["r--", "r-x", "r--", "rw-"]) {
        add(program + index * size, size, access, index * size, device, stat.ino, &name);
    }
    let heap = process.memory().saturating_sub(STACK) / PAGE * PAGE;
    add(program + 4 * size + PAGE, heap.max(PAGE), "rw-", 0, 0, 0, "[heap]");
    let stack = 0x7ffc_0000_0000 + (chance >> 40) * PAGE;
    add(stack, STACK, "rw-", 0, 0, 0, "[stack]");
    add(stack + STACK + 8 * PAGE, 4 * PAGE, "r--", 0, 0, 0, "[vvar]");
    add(stack + STACK + 12 * PAGE, 2 * PAGE, "r-x", 0, 0, 0, "[vdso]");
    out
}

/// Where one of its links leads.
pub(super) fn follow(process: &Arc<Process>, link: Link) -> Result<LinkTarget, Errno> {
    match link {
        _ if !process.is_alive() => Err(Errno::ENOENT),
        Link::Exe => {
            let exe = process.lock().exe.to_vec();
            if exe.is_empty() { Err(Errno::ENOENT) } else { Ok(LinkTarget::Path(exe)) }
        }
        Link::Cwd => {
            let place = process.lock().cwd.clone();
            Ok(LinkTarget::Place(place, process.cwd()))
        }
        Link::Root => Ok(LinkTarget::Place(process.lock().root.clone(), b"/".to_vec())),
    }
}

/// The permissions that the link of a file descriptor shows: what it was opened for.
pub(super) fn fd_mode(process: &Process, fd: u32) -> u16 {
    let state = process.lock();
    let Some(file) = state.fds.get(fd) else { return 0 };
    let part = |can: bool, bit: u16| if can { bit } else { 0 };
    0o100 | part(file.readable, 0o400) | part(file.writable, 0o200)
}

/// What one of its file descriptors stands for.
pub(super) fn follow_fd(process: &Process, fd: u32) -> Result<LinkTarget, Errno> {
    let file: Arc<OpenFile> = process.lock().fds.get(fd).cloned().ok_or(Errno::ENOENT)?;
    let mut shown = file.name.to_vec();
    if file.place().is_some_and(|place| !place.inode.is_dir() && place.inode.stat().links == 0) {
        shown.extend_from_slice(b" (deleted)");
    }
    Ok(match file.place() {
        Some(place) => LinkTarget::Place(place.clone(), shown),
        None => LinkTarget::Open(file, shown),
    })
}
