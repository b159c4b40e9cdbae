//! Commands that talk to the network, or show its state.

pub(super) mod classic_nslookup;
mod connect;
mod curl;
mod dns;
mod interfaces;
mod nc;
mod ping;
mod socat;
mod sockets;
mod telnet;
mod wget;

use super::Run;
use crate::kernel::process::Outcome;

commands! {
    "arp" => interfaces::arp,
    "curl" => curl::run,
    "dig" => dns::dig,
    "host" => dns::host,
    "httpd" => crate::servers::busybox_httpd::run,
    "ifconfig" => interfaces::ifconfig,
    "ip" => interfaces::ip,
    "nc" => nc::run,
    "netstat" => sockets::netstat,
    "nslookup" => dns::nslookup,
    "ping" => ping::ping,
    "ping6" => ping::ping,
    "route" => interfaces::route,
    "socat" => socat::run,
    "ss" => sockets::ss,
    "telnet" => telnet::run,
    "traceroute" => ping::traceroute,
    "wget" => wget::run,
}

/// The table, for the table of all commands.
pub(super) fn table() -> &'static [(&'static str, Run)] {
    TABLE
}
