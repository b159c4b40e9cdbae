//! What a container is made from, and what is known of it.

use std::{fmt, sync::Arc};

use jiff::Timestamp;

use super::{sandbox::SandboxId, volume::Mount};

/// Names a container on its node: 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId(pub(crate) Arc<str>);

impl ContainerId {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What [`crate::Node::create_container`] makes.
#[derive(Clone, Debug, Default)]
pub struct ContainerConfig {
    /// The container's name within its sandbox: shows in the node's own messages only.
    pub name: String,
    /// The image, as [`crate::Node::pull_image`] took it (or the identifier that came back).
    pub image: String,
    /// Replaces the image's entry point where it is not empty.
    pub command: Vec<String>,
    /// Replaces the image's arguments where it, or `command`, is not empty.
    pub args: Vec<String>,
    /// The working directory; the image's where it is missing. It is made where it does not exist.
    pub working_dir: Option<String>,
    /// Environment variables, in order, after the image's; a later one replaces an earlier one of its name.
    /// `PATH`, `HOME` and `HOSTNAME` are added where nothing sets them.
    pub env: Vec<(String, String)>,
    /// What is mounted where; a mount may lie inside another one whatever their order.
    pub mounts: Vec<Mount>,
    /// Users, capabilities and what may be written.
    pub security: Security,
    /// What the container may use.
    pub resources: Resources,
    /// How willingly the kernel kills its processes where the node has no memory left, -1000 to 1000.
    pub oom_score_adj: i16,
    /// Whether the first process's standard input is open (and can be attached to).
    pub stdin: bool,
    /// Whether standard input ends when the first one who attached leaves.
    pub stdin_once: bool,
    /// Whether the first process has a terminal.
    pub tty: bool,
    /// The file whose text (4096 bytes at most) becomes [`ContainerStatus::termination_message`]; it exists, empty,
    /// from the start.
    pub termination_message_path: Option<String>,
    /// The process table of another container of the sandbox, joined instead of one's own (ephemeral containers with
    /// a target).
    pub join_pids_of: Option<ContainerId>,
    /// The signal that [`crate::Node::stop_container`] sends first; the image's, or SIGTERM, where it is missing.
    pub stop_signal: Option<Signal>,
    /// How much the log keeps.
    pub log: LogLimits,
}

/// Users, capabilities and what may be written.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// The user; the image's where it is missing.
    pub user: Option<User>,
    /// The primary group; the user's own where it is missing.
    pub group: Option<u32>,
    /// Further groups (supplementalGroups and fsGroup).
    pub supplemental_groups: Vec<u32>,
    /// Whether writes fail outside of mounts.
    pub read_only_root: bool,
    /// Everything is allowed.
    pub privileged: bool,
    /// Whether programs can gain no privileges that their parent lacks (`PR_SET_NO_NEW_PRIVS`).
    pub no_new_privileges: bool,
    /// Whether a seccomp profile filters system calls: processes show it, no call here needs to be kept from them.
    pub seccomp_filter: bool,
    /// Names such as `NET_ADMIN` or `ALL` on top of the runtime's defaults.
    pub add_capabilities: Vec<String>,
    /// Names such as `CHOWN` or `ALL` taken from the runtime's defaults.
    pub drop_capabilities: Vec<String>,
}

/// Who a container's processes run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// A number, whether `/etc/passwd` knows it or not.
    Id(u32),
    /// A name of the container's `/etc/passwd`.
    Name(String),
}

/// What a container may use. A missing limit means the node's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Processor time in thousandths of a core.
    pub cpu_limit_millis: Option<u64>,
    /// The part of the node's processors that it is to get first, in thousandths of a core.
    pub cpu_request_millis: Option<u64>,
    /// Memory in bytes; past it the container is killed with the reason `OOMKilled`.
    pub memory_limit_bytes: Option<u64>,
}

/// How much of a container's output is kept; what is older goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// The most that is kept, in bytes.
    pub max_bytes: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { max_bytes: 1024 * 1024 }
    }
}

/// Where a container is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// Made, not started.
    Created,
    /// Its first process runs.
    Running,
    /// Its first process has ended, or could not be started.
    Exited,
}

/// What is known of a container.
#[derive(Clone, Debug)]
pub struct ContainerStatus {
    /// Its identifier.
    pub id: ContainerId,
    /// The sandbox that it is in.
    pub sandbox: SandboxId,
    /// The name that it was given.
    pub name: String,
    /// The image that it was made from, as it was asked for.
    pub image: String,
    /// The image's identifier (`sha256:...`).
    pub image_id: String,
    /// Where it is in its life.
    pub state: ContainerState,
    /// The first process's number on the node, while it runs.
    pub pid: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was started, if it was.
    pub started_at: Option<Timestamp>,
    /// When it ended, if it did.
    pub finished_at: Option<Timestamp>,
    /// What it exited with: 128 plus the signal where one killed it; 128 where it could not be started.
    pub exit_code: Option<i32>,
    /// The signal that killed it, if one did.
    pub signal: Option<Signal>,
    /// Why it ended.
    pub reason: Option<ExitReason>,
    /// What the runtime has to say (why it could not be started).
    pub message: Option<String>,
    /// What it left in the file named by [`ContainerConfig::termination_message_path`].
    pub termination_message: Option<String>,
    /// What it may use at present.
    pub resources: Resources,
}

/// Why a container ended, in the words of the container status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// Exit code 0.
    Completed,
    /// Another exit code, or a signal.
    Error,
    /// It used more memory than its limit.
    OomKilled,
    /// Its first process could not be started.
    StartError,
}

impl ExitReason {
    /// The word that a container status shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "Completed",
            Self::Error => "Error",
            Self::OomKilled => "OOMKilled",
            Self::StartError => "StartError",
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// By itself, with this code.
    Code(u8),
    /// Killed by a signal.
    Signal(Signal),
}

impl ExitStatus {
    /// The code that a shell and a container status show: 128 plus the signal for one that was killed.
    pub fn code(self) -> i32 {
        match self {
            Self::Code(code) => i32::from(code),
            Self::Signal(signal) => 128 + i32::from(signal.number()),
        }
    }
}

pub use crate::kernel::signal::Signal;
