//! What `/sys/class/net` tells of the interfaces.

use super::{File, View};
use crate::kernel::net::Interface;

macro_rules! interface {
    ($($name:literal)*) => {
        /// Files of all interfaces.
        pub(super) const FILES: &[File] = &[$(
            (concat!("devices/virtual/net/", $name, "/address"), 0o444, |view| address(&look(view, $name))),
            (concat!("devices/virtual/net/", $name, "/addr_len"), 0o444, |_| "6\n".to_owned()),
            (concat!("devices/virtual/net/", $name, "/carrier"), 0o644, |_| "1\n".to_owned()),
            (concat!("devices/virtual/net/", $name, "/flags"), 0o644, |view| flags(&look(view, $name))),
            (concat!("devices/virtual/net/", $name, "/ifindex"), 0o444, |view| index(&look(view, $name))),
            (concat!("devices/virtual/net/", $name, "/mtu"), 0o644, |view| mtu(&look(view, $name))),
            (concat!("devices/virtual/net/", $name, "/operstate"), 0o444, |view| state(&look(view, $name))),
            (concat!("devices/virtual/net/", $name, "/statistics/rx_bytes"), 0o444, |view| {
                bytes(view, &look(view, $name), false)
            }),
            (concat!("devices/virtual/net/", $name, "/statistics/tx_bytes"), 0o444, |view| {
                bytes(view, &look(view, $name), true)
            }),
            (concat!("devices/virtual/net/", $name, "/tx_queue_len"), 0o644, |_| "1000\n".to_owned()),
            (concat!("devices/virtual/net/", $name, "/type"), 0o444, |view| kind(&look(view, $name))),
        )*];
    };
}

interface!("eth0" "lo");

fn look(view: &View, name: &str) -> Interface {
    let [loopback, other] = view.net.interfaces();
    if loopback.name == name { loopback } else { other }
}

fn address(interface: &Interface) -> String {
    let hex: Vec<String> = interface.mac.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(":") + "\n"
}

fn flags(interface: &Interface) -> String {
    if interface.loopback { "0x9\n" } else { "0x1003\n" }.to_owned()
}

fn index(interface: &Interface) -> String {
    if interface.loopback { "1\n" } else { "2\n" }.to_owned()
}

fn mtu(interface: &Interface) -> String {
    if interface.loopback { "65536\n" } else { "1500\n" }.to_owned()
}

fn state(interface: &Interface) -> String {
    if interface.loopback { "unknown\n" } else { "up\n" }.to_owned()
}

/// The numbers of `if_arp.h`.
fn kind(interface: &Interface) -> String {
    if interface.loopback { "772\n" } else { "1\n" }.to_owned()
}

fn bytes(view: &View, interface: &Interface, sent: bool) -> String {
    let stats = view.net.stats();
    let bytes = match (interface.loopback, sent) {
        (true, _) => 0,
        (false, false) => stats.rx_bytes,
        (false, true) => stats.tx_bytes,
    };
    format!("{bytes}\n")
}
