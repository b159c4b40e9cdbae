//! Who a process is, and what that allows (`credentials(7)`, `capabilities(7)`).

use std::sync::Arc;

/// Capabilities that anything here asks for, as bits of `/proc/self/status`.
pub(crate) mod cap {
    pub(crate) const CHOWN: u64 = 1 << 0;
    pub(crate) const DAC_OVERRIDE: u64 = 1 << 1;
    pub(crate) const FOWNER: u64 = 1 << 3;
    pub(crate) const FSETID: u64 = 1 << 4;
    pub(crate) const KILL: u64 = 1 << 5;
    pub(crate) const SETGID: u64 = 1 << 6;
    pub(crate) const SETUID: u64 = 1 << 7;
    pub(crate) const NET_ADMIN: u64 = 1 << 12;
    pub(crate) const SYS_CHROOT: u64 = 1 << 18;
    pub(crate) const SYS_ADMIN: u64 = 1 << 21;
    pub(crate) const MKNOD: u64 = 1 << 27;

    /// Names in the order of their bits.
    const NAMES: [&str; 41] = [
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "KILL",
        "SETGID",
        "SETUID",
        "SETPCAP",
        "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_ADMIN",
        "NET_RAW",
        "IPC_LOCK",
        "IPC_OWNER",
        "SYS_MODULE",
        "SYS_RAWIO",
        "SYS_CHROOT",
        "SYS_PTRACE",
        "SYS_PACCT",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_NICE",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "MKNOD",
        "LEASE",
        "AUDIT_WRITE",
        "AUDIT_CONTROL",
        "SETFCAP",
        "MAC_OVERRIDE",
        "MAC_ADMIN",
        "SYSLOG",
        "WAKE_ALARM",
        "BLOCK_SUSPEND",
        "AUDIT_READ",
        "PERFMON",
        "BPF",
        "CHECKPOINT_RESTORE",
    ];

    /// Everything.
    pub(crate) const ALL: u64 = (1 << 41) - 1;

    /// What containerd gives to a container (`00000000a80425fb`).
    pub(crate) const DEFAULT: u64 = 0xa804_25fb;

    /// The bits of a capability's name, with or without `CAP_`; `ALL` is all of them.
    pub(crate) fn parse(name: &str) -> Option<u64> {
        let upper = name.to_ascii_uppercase();
        let bare = upper.strip_prefix("CAP_").unwrap_or(&upper);
        if bare == "ALL" {
            return Some(ALL);
        }
        NAMES.iter().position(|known| *known == bare).map(|bit| 1 << bit)
    }
}

/// Access that is asked for: bits as in a file's mode.
pub(crate) const READ: u16 = 4;
/// Writing.
pub(crate) const WRITE: u16 = 2;
/// Executing, or searching a directory.
pub(crate) const EXECUTE: u16 = 1;

/// Who a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Creds {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Arc<[u32]>,
    /// What it may do beyond that, as bits of [`cap`].
    pub(crate) effective: u64,
    /// What it could regain: a program that is not root keeps none in effect.
    pub(crate) bounding: u64,
}

impl Creds {
    /// Root with everything: what the node itself acts as.
    pub(crate) fn root() -> Self {
        Self { uid: 0, gid: 0, groups: Arc::new([]), effective: cap::ALL, bounding: cap::ALL }
    }

    pub(crate) fn has(&self, capability: u64) -> bool {
        self.effective & capability != 0
    }

    pub(crate) fn in_group(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }

    /// Whether `access` to something with this owner, group and mode is allowed.
    pub(crate) fn may(&self, uid: u32, gid: u32, mode: u16, is_dir: bool, access: u16) -> bool {
        if self.has(cap::DAC_OVERRIDE) && (access & EXECUTE == 0 || is_dir || mode & 0o111 != 0) {
            return true;
        }
        let bits = if self.uid == uid {
            mode >> 6
        } else if self.in_group(gid) {
            mode >> 3
        } else {
            mode
        };
        bits & access == access
    }

    /// Whether it may change the attributes of something that `uid` owns.
    pub(crate) fn owns(&self, uid: u32) -> bool {
        self.uid == uid || self.has(cap::FOWNER)
    }
}

#[cfg(test)]
mod tests {
    use super::{Creds, READ, WRITE, cap};

    #[test]
    fn the_first_class_that_fits_decides() {
        let user = Creds { uid: 1000, gid: 3000, groups: [4000].into(), effective: 0, bounding: 0 };
        assert!(user.may(1000, 0, 0o600, false, READ | WRITE));
        assert!(!user.may(1000, 0, 0o066, false, READ));
        assert!(user.may(0, 4000, 0o060, false, WRITE));
        assert!(!user.may(0, 0, 0o770, false, READ));
    }

    #[test]
    fn root_without_capabilities_is_bound_by_modes() {
        let mut root = Creds::root();
        assert!(root.may(1000, 1000, 0o000, false, READ));
        root.effective = 0;
        assert!(!root.may(1000, 1000, 0o600, false, READ));
        assert_eq!(cap::parse("CAP_net_admin"), Some(cap::NET_ADMIN));
    }
}
