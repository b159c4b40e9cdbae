//! Package managers: `apt-get` and `dpkg` of Debian, `apk` of Alpine, `dnf` of Red Hat.
//!
//! A container has no way out, so the mirrors of Debian, Ubuntu and Alpine are simulated: they have the packages of
//! [`crate::images::packages`] whose programs podlab can run. Everything else is as it is without them: what is known is
//! in files of the container (lists, index, records), and is gone when they are.

mod apk;
mod apt;
mod apt_cache;
mod database;
mod dnf;
mod dpkg;
mod sources;

use super::Run;
use crate::kernel::process::Outcome;

commands! {
    "apk" => apk::run,
    "apt" => apt::run,
    "apt-cache" => apt_cache::run,
    "apt-get" => apt::run,
    "dnf" => dnf::run,
    "dpkg" => dpkg::run,
    "dpkg-query" => dpkg::run,
    "yum" => dnf::run,
}

/// The table, for the table of all commands.
pub(super) fn table() -> &'static [(&'static str, Run)] {
    TABLE
}
