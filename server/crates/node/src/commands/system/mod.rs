//! Commands about the system, the user, and names; and the smallest ones.

pub(super) mod accounts;
pub(super) mod df;
pub(super) mod du;
pub(super) mod expr;
pub(super) mod free;
pub(super) mod getent;
pub(super) mod id;
pub(super) mod ipcalc;
pub(super) mod logger;
pub(super) mod mount;
pub(super) mod names;
pub(super) mod sessions;
pub(super) mod small;
pub(super) mod stat;
pub(super) mod stty;
pub(super) mod sysctl;
pub(super) mod tput;
pub(super) mod uname;
pub(super) mod which;
