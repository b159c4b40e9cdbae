//! `ip`, `ifconfig`, `route` and `arp`: interfaces, addresses and routes.

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    commands::Cx,
    kernel::{
        creds::cap,
        net::{Interface, NetNamespace},
    },
    libc::getopt::OptSpec,
};

fn mac(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

/// The network and the broadcast address around an IPv4 one.
fn around(ip: Ipv4Addr, prefix: u8) -> (Ipv4Addr, Ipv4Addr, Ipv4Addr) {
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
    let network = ip.to_bits() & mask;
    (Ipv4Addr::from_bits(network), Ipv4Addr::from_bits(network | !mask), Ipv4Addr::from_bits(mask))
}

/// The number of the other end of a Pod's interface, on its node.
fn peer_index(net: &NetNamespace) -> u32 {
    match net.ip {
        IpAddr::V4(ip) => u32::from(ip.octets()[3]) + 4,
        IpAddr::V6(_) => 7,
    }
}

const IP_HELP: &str = "\
Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
where  OBJECT := { address | link | neighbour | route | rule }
       OPTIONS := { -f[amily] { inet | inet6 | link } | -4 | -6 | -o[neline] | -br[ief] }
";

/// What `ip` shows, and how.
#[derive(Clone, Copy, Debug, Default)]
struct View {
    brief: bool,
    one_line: bool,
    only_v4: bool,
    only_v6: bool,
}

/// Runs `ip`.
pub(super) async fn ip(mut cx: Cx) -> u8 {
    let args: Vec<String> = cx.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let mut view = View::default();
    let mut words = Vec::new();
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        match arg {
            "-4" => view.only_v4 = true,
            "-6" => view.only_v6 = true,
            "-o" | "-oneline" => view.one_line = true,
            "-br" | "-brief" => view.brief = true,
            "-c" | "-color" | "-s" | "-d" | "-details" | "-stats" | "-statistics" => {}
            "-f" | "-family" => match args.next() {
                Some("inet6") => view.only_v6 = true,
                _ => view.only_v4 = true,
            },
            "-V" | "-Version" => {
                cx.put("ip utility, iproute2-6.15.0\n");
                return cx.finish(0).await;
            }
            _ if arg.starts_with('-') => {
                cx.complain(format!("Option \"{arg}\" is unknown, try \"ip -help\".\n")).await;
                return 255;
            }
            _ => words.push(arg),
        }
    }
    let Some((object, rest)) = words.split_first() else {
        cx.complain(IP_HELP).await;
        return if cx.is_gnu() { 255 } else { 1 };
    };
    let is = |name: &str| !object.is_empty() && name.starts_with(object);
    if is("address") {
        return address(cx, view, rest).await;
    }
    if is("link") {
        return link(cx, view, rest).await;
    }
    if is("route") {
        return route_object(cx, view, rest).await;
    }
    if is("neighbour") || is("neighbor") {
        let net = &cx.process.container.net;
        let text = format!("{} dev eth0 lladdr {} REACHABLE\n", net.gateway, gateway_mac(net));
        cx.put(text);
        return cx.finish(0).await;
    }
    if is("rule") {
        cx.put("0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n");
        return cx.finish(0).await;
    }
    cx.complain(format!("Object \"{object}\" is unknown, try \"ip help\".\n")).await;
    1
}

fn gateway_mac(net: &NetNamespace) -> String {
    match net.gateway {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            mac([0x02, 0x42, a, b, c, d])
        }
        IpAddr::V6(_) => mac([0x02, 0x42, 0, 0, 0, 1]),
    }
}

/// Says that a change of the network is not allowed, as it is in any container without that capability.
async fn not_permitted(cx: &mut Cx) -> u8 {
    if cx.process.creds().has(cap::NET_ADMIN) {
        cx.complain("ip: changing the network is not simulated by podlab\n").await;
        return 2;
    }
    let message = if cx.is_gnu() {
        "RTNETLINK answers: Operation not permitted\n"
    } else {
        "ip: RTNETLINK answers: Operation not permitted\n"
    };
    cx.complain(message).await;
    if cx.is_gnu() { 2 } else { 1 }
}

/// The interface that words such as `show dev eth0` name.
fn device<'a>(words: &[&'a str]) -> Option<&'a str> {
    let mut words =
        words.iter().copied().filter(|word| !matches!(*word, "show" | "list" | "ls" | "s" | "sh" | "up"));
    let first = words.next()?;
    if first == "dev" { words.next() } else { Some(first) }
}

/// The interfaces that are asked for, with their numbers.
async fn chosen(cx: &mut Cx, words: &[&str]) -> Option<Vec<(usize, Interface)>> {
    let interfaces: Vec<_> = cx
        .process
        .container
        .net
        .interfaces()
        .into_iter()
        .enumerate()
        .map(|(index, one)| (index + 1, one))
        .collect();
    let Some(name) = device(words) else { return Some(interfaces) };
    let found: Vec<_> = interfaces.into_iter().filter(|(_, interface)| interface.name == name).collect();
    if found.is_empty() {
        let message = if cx.is_gnu() {
            format!("Device \"{name}\" does not exist.\n")
        } else {
            format!("ip: can't find device '{name}'\n")
        };
        cx.complain(message).await;
        return None;
    }
    Some(found)
}

fn link_lines(cx: &Cx, index: usize, interface: &Interface) -> String {
    let gnu = cx.is_gnu();
    if interface.loopback {
        let rest = if gnu { " state UNKNOWN group default qlen 1000" } else { " qlen 1000" };
        return format!(
            "{index}: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue{rest}\n    link/loopback {0} brd {0}\n",
            mac([0; 6])
        );
    }
    let (flags, rest, tail) = if gnu {
        ("BROADCAST,MULTICAST,UP,LOWER_UP", " state UP group default qlen 1000", " link-netnsid 0")
    } else {
        ("BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN", " qlen 1000", "")
    };
    format!(
        "{index}: {}@if{}: <{flags}> mtu 1500 qdisc noqueue{rest}\n    link/ether {} brd ff:ff:ff:ff:ff:ff{tail}\n",
        interface.name,
        peer_index(&cx.process.container.net),
        mac(interface.mac)
    )
}

fn address_lines(cx: &Cx, interface: &Interface, view: View) -> String {
    let mut out = String::new();
    for (ip, prefix) in &interface.addresses {
        if (view.only_v4 && ip.is_ipv6()) || (view.only_v6 && ip.is_ipv4()) {
            continue;
        }
        let line = match ip {
            IpAddr::V4(ip) if interface.loopback => format!("inet {ip}/{prefix} scope host lo"),
            IpAddr::V4(ip) => {
                let (_, broadcast, _) = around(*ip, *prefix);
                format!("inet {ip}/{prefix} brd {broadcast} scope global {}", interface.name)
            }
            IpAddr::V6(ip) if interface.loopback => {
                let tail = if cx.is_gnu() { "proto kernel_lo " } else { "" };
                format!("inet6 {ip}/{prefix} scope host {tail}")
            }
            IpAddr::V6(ip) => format!("inet6 {ip}/{prefix} scope global "),
        };
        out.push_str(&format!("    {line}\n       valid_lft forever preferred_lft forever\n"));
    }
    out
}

async fn address(mut cx: Cx, view: View, words: &[&str]) -> u8 {
    if matches!(words.first(), Some(&("add" | "del" | "delete" | "flush" | "replace" | "change"))) {
        return not_permitted(&mut cx).await;
    }
    let Some(interfaces) = chosen(&mut cx, words).await else { return 1 };
    for (index, interface) in interfaces {
        let text = if view.brief {
            let list: Vec<String> =
                interface.addresses.iter().map(|(ip, prefix)| format!("{ip}/{prefix}")).collect();
            let name = if interface.loopback {
                "lo".to_owned()
            } else {
                format!("{}@if{}", interface.name, peer_index(&cx.process.container.net))
            };
            let state = if interface.loopback { "UNKNOWN" } else { "UP" };
            format!("{name:<16} {state:<14} {} \n", list.join(" "))
        } else if view.one_line {
            let lines = address_lines(&cx, &interface, view);
            lines
                .replace("\n       valid", "\\       valid")
                .lines()
                .map(|line| format!("{index}: {}{line}\n", interface.name))
                .collect()
        } else {
            link_lines(&cx, index, &interface) + &address_lines(&cx, &interface, view)
        };
        cx.put(text);
    }
    cx.finish(0).await
}

async fn link(mut cx: Cx, view: View, words: &[&str]) -> u8 {
    if matches!(words.first(), Some(&("set" | "add" | "del" | "delete"))) {
        return not_permitted(&mut cx).await;
    }
    let Some(interfaces) = chosen(&mut cx, words).await else { return 1 };
    for (index, interface) in interfaces {
        let text = link_lines(&cx, index, &interface);
        let text = if view.one_line {
            text.trim_end().replace('\n', "\\") + "\n"
        } else {
            text.replace(" state UP group default", " state UP mode DEFAULT group default")
                .replace(" state UNKNOWN group default", " state UNKNOWN mode DEFAULT group default")
        };
        cx.put(text);
    }
    cx.finish(0).await
}

async fn route_object(mut cx: Cx, view: View, words: &[&str]) -> u8 {
    let net = std::sync::Arc::clone(&cx.process.container.net);
    match words.first() {
        Some(&("add" | "del" | "delete" | "replace" | "change" | "flush")) => {
            return not_permitted(&mut cx).await;
        }
        Some(&"get") => {
            let Some(target) = words.get(1).and_then(|word| word.parse::<IpAddr>().ok()) else {
                cx.error("inet prefix is expected rather than \"\".").await;
                return 1;
            };
            let text = if net.is_local(target) {
                format!("local {target} dev lo src {target} uid 0 \n    cache <local> \n")
            } else if crate::network::in_range(target, (net.ip, net.prefix)) {
                format!("{target} dev eth0 src {} uid 0 \n    cache \n", net.ip)
            } else {
                format!("{target} via {} dev eth0 src {} uid 0 \n    cache \n", net.gateway, net.ip)
            };
            cx.put(text);
            return cx.finish(0).await;
        }
        _ => {}
    }
    if view.only_v6 {
        return cx.finish(0).await;
    }
    cx.put(format!("default via {} dev eth0 \n", net.gateway));
    if let IpAddr::V4(ip) = net.ip {
        let (network, ..) = around(ip, net.prefix);
        let kernel = if cx.is_gnu() { "proto kernel scope link src" } else { "scope link  src" };
        cx.put(format!("{network}/{} dev eth0 {kernel} {ip} \n", net.prefix));
    }
    cx.finish(0).await
}

/// The routes as `route` and `netstat -r` show them.
pub(super) fn kernel_routes(cx: &Cx) -> String {
    let net = &cx.process.container.net;
    let mut out = String::from(
        "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n",
    );
    if let (IpAddr::V4(ip), IpAddr::V4(gateway)) = (net.ip, net.gateway) {
        let (network, _, mask) = around(ip, net.prefix);
        let rows = [
            ("0.0.0.0".to_owned(), gateway.to_string(), "0.0.0.0".to_owned(), "UG"),
            (network.to_string(), "0.0.0.0".to_owned(), mask.to_string(), "U"),
        ];
        for (to, gateway, mask, flags) in rows {
            out.push_str(&format!("{to:<15} {gateway:<15} {mask:<15} {flags:<5} 0      0        0 eth0\n"));
        }
    }
    out
}

/// Runs `route`.
pub(super) async fn route(mut cx: Cx) -> u8 {
    if cx.args.iter().any(|arg| matches!(&**arg, b"add" | b"del")) {
        let message = if cx.is_gnu() {
            "SIOCADDRT: Operation not permitted\n"
        } else {
            "route: SIOCADDRT: Operation not permitted\n"
        };
        cx.complain(message).await;
        return 7;
    }
    let numeric = cx.args.iter().any(|arg| arg.starts_with(b"-") && arg.contains(&b'n'));
    let table = kernel_routes(&cx);
    cx.put(if numeric { table } else { table.replacen("\n0.0.0.0        ", "\ndefault        ", 1) });
    cx.finish(0).await
}

/// The counters of interfaces (`netstat -i`).
pub(super) fn interface_table(cx: &Cx) -> String {
    let stats = cx.process.container.net.stats();
    let mut out = String::from(
        "Kernel Interface table\nIface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n",
    );
    for (name, mtu, rx, tx, flags) in
        [("eth0", 1500, stats.rx_bytes / 1000, stats.tx_bytes / 1000, "BMRU"), ("lo", 65536, 0, 0, "LRU")]
    {
        out.push_str(&format!(
            "{name:<15} {mtu:>5} {rx:>8}      0      0 0      {tx:>8}      0      0      0 {flags}\n"
        ));
    }
    out
}

const IFCONFIG: OptSpec = OptSpec { short: "as", long: &[] };

/// Runs `ifconfig`.
pub(super) async fn ifconfig(mut cx: Cx) -> u8 {
    let opts = match cx.opts(IFCONFIG, "[-a] [INTERFACE]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let wanted = opts.operands.first().map(|name| String::from_utf8_lossy(name).into_owned());
    if opts.operands.len() > 1 {
        cx.error("SIOCSIFADDR: Operation not permitted").await;
        return 1;
    }
    let net = std::sync::Arc::clone(&cx.process.container.net);
    let stats = net.stats();
    let mut interfaces: Vec<Interface> = net.interfaces().into_iter().collect();
    interfaces.sort_by_key(|interface| interface.loopback);
    interfaces.retain(|interface| wanted.as_ref().is_none_or(|name| interface.name == name));
    if interfaces.is_empty() {
        let name = wanted.unwrap_or_default();
        let message = if cx.is_gnu() {
            format!("{name}: error fetching interface information: Device not found\n")
        } else {
            format!("ifconfig: {name}: error fetching interface information: Device not found\n")
        };
        cx.complain(message).await;
        return 1;
    }
    for interface in interfaces {
        let (rx, tx) = if interface.loopback { (0, 0) } else { (stats.rx_bytes, stats.tx_bytes) };
        let text = if cx.is_gnu() { modern(&interface, rx, tx) } else { classic(&interface, rx, tx) };
        cx.put(text);
    }
    cx.finish(0).await
}

fn human(bytes: u64, binary: bool) -> String {
    let units: &[&str] = if binary { &["B", "KiB", "MiB", "GiB"] } else { &["B", "KB", "MB", "GB"] };
    let step = if binary { 1024.0 } else { 1000.0 };
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= step && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    format!("{value:.1} {}", units.get(unit).copied().unwrap_or("B"))
}

/// As busybox has it.
fn classic(interface: &Interface, rx: u64, tx: u64) -> String {
    let mut out = if interface.loopback {
        "lo        Link encap:Local Loopback  \n".to_owned()
    } else {
        format!("{:<9} Link encap:Ethernet  HWaddr {}  \n", interface.name, mac(interface.mac).to_uppercase())
    };
    for (ip, prefix) in &interface.addresses {
        match ip {
            IpAddr::V4(ip) => {
                let (_, broadcast, mask) = around(*ip, *prefix);
                let middle = if interface.loopback { String::new() } else { format!("  Bcast:{broadcast}") };
                out.push_str(&format!("          inet addr:{ip}{middle}  Mask:{mask}\n"));
            }
            IpAddr::V6(ip) => out.push_str(&format!("          inet6 addr: {ip}/{prefix} Scope:Host\n")),
        }
    }
    let (flags, mtu) = if interface.loopback {
        ("UP LOOPBACK RUNNING", 65536)
    } else {
        ("UP BROADCAST RUNNING MULTICAST", 1500)
    };
    out.push_str(&format!(
        "          {flags}  MTU:{mtu}  Metric:1\n          RX packets:{} errors:0 dropped:0 overruns:0 frame:0\n          \
         TX packets:{} errors:0 dropped:0 overruns:0 carrier:0\n          collisions:0 txqueuelen:1000 \n          \
         RX bytes:{rx} ({})  TX bytes:{tx} ({})\n\n",
        rx.div_ceil(1000),
        tx.div_ceil(1000),
        human(rx, true),
        human(tx, true),
    ));
    out
}

/// As net-tools has it.
fn modern(interface: &Interface, rx: u64, tx: u64) -> String {
    let (flags, mtu) = if interface.loopback {
        ("73<UP,LOOPBACK,RUNNING>", 65536)
    } else {
        ("4163<UP,BROADCAST,RUNNING,MULTICAST>", 1500)
    };
    let mut out = format!("{}: flags={flags}  mtu {mtu}\n", interface.name);
    for (ip, prefix) in &interface.addresses {
        match ip {
            IpAddr::V4(ip) => {
                let (_, broadcast, mask) = around(*ip, *prefix);
                let tail =
                    if interface.loopback { String::new() } else { format!("  broadcast {broadcast}") };
                out.push_str(&format!("        inet {ip}  netmask {mask}{tail}\n"));
            }
            IpAddr::V6(ip) => {
                out.push_str(&format!("        inet6 {ip}  prefixlen {prefix}  scopeid 0x10<host>\n"))
            }
        }
    }
    if interface.loopback {
        out.push_str("        loop  txqueuelen 1000  (Local Loopback)\n");
    } else {
        out.push_str(&format!("        ether {}  txqueuelen 1000  (Ethernet)\n", mac(interface.mac)));
    }
    out + &format!(
        "        RX packets {}  bytes {rx} ({})\n        RX errors 0  dropped 0  overruns 0  frame 0\n        \
         TX packets {}  bytes {tx} ({})\n        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0\n\n",
        rx.div_ceil(1000),
        human(rx, false),
        tx.div_ceil(1000),
        human(tx, false),
    )
}

/// Runs `arp`.
pub(super) async fn arp(mut cx: Cx) -> u8 {
    let net = std::sync::Arc::clone(&cx.process.container.net);
    let text = if cx.is_gnu() {
        format!(
            "Address                  HWtype  HWaddress           Flags Mask            Iface\n{:<24} ether   {}   C                     eth0\n",
            net.gateway.to_string(),
            gateway_mac(&net)
        )
    } else {
        format!("? ({}) at {} [ether]  on eth0\n", net.gateway, gateway_mac(&net))
    };
    cx.put(text);
    cx.finish(0).await
}
