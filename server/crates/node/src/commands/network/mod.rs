//! Commands that talk to the network, or show its state.

mod connect;
mod curl;
mod nc;
mod wget;

use super::Run;
use crate::kernel::process::Outcome;

commands! {
    "curl" => curl::run,
    "nc" => nc::run,
    "wget" => wget::run,
}

/// The table, for the table of all commands.
pub(super) fn table() -> &'static [(&'static str, Run)] {
    TABLE
}
