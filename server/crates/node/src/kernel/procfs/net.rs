//! Files of `/proc/net`.

use std::{fmt::Write, net::IpAddr};

use super::process::named;
use crate::kernel::net::{NetNamespace, SocketRow, SocketState};

named! {
    /// A file about the network.
    File {
        Arp = "arp",
        Dev = "dev",
        IfInet6 = "if_inet6",
        Route = "route",
        Sockstat = "sockstat",
        Tcp = "tcp",
        Tcp6 = "tcp6",
        Udp = "udp",
        Udp6 = "udp6",
        Unix = "unix",
    }
}

impl File {
    pub(super) fn read(self, net: &NetNamespace) -> String {
        match self {
            Self::Arp => {
                "IP address       HW type     Flags       HW address            Mask     Device\n".to_owned()
            }
            Self::Dev => dev(net),
            Self::IfInet6 => "00000000000000000000000000000001 01 80 10 80       lo\n".to_owned(),
            Self::Route => route(net),
            Self::Sockstat => sockstat(net),
            Self::Tcp => table(net, false, false),
            Self::Tcp6 => table(net, false, true),
            Self::Udp => table(net, true, false),
            Self::Udp6 => table(net, true, true),
            // Nothing here speaks through sockets in the file system.
            Self::Unix => "Num       RefCount Protocol Flags    Type St Inode Path\n".to_owned(),
        }
    }
}

fn dev(net: &NetNamespace) -> String {
    let stats = net.stats();
    let mut out = String::from(
        "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo \
         frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n",
    );
    for (name, rx, tx) in [("lo", 0, 0), ("eth0", stats.rx_bytes, stats.tx_bytes)] {
        let _ = writeln!(
            out,
            "{name:>6}: {rx:>7} {:>7}    0    0    0     0          0         0 {tx:>8} {:>7}    0    0    0     0       \
             0          0",
            rx / 1000,
            tx / 1000
        );
    }
    out
}

fn sockstat(net: &NetNamespace) -> String {
    let sockets = net.sockets();
    let count = |udp: bool| sockets.iter().filter(|row| row.udp == udp && !row.local.is_ipv6()).count();
    format!(
        "sockets: used {}\nTCP: inuse {} orphan 0 tw 0 alloc {} mem 0\nUDP: inuse {} mem 0\nUDPLITE: inuse 0\nRAW: \
         inuse 0\nFRAG: inuse 0 memory 0\n",
        sockets.len(),
        count(false),
        sockets.iter().filter(|row| !row.udp).count(),
        count(true),
    )
}

fn hex(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("{:08X}", u32::from_le_bytes(ip.octets())),
        IpAddr::V6(ip) => ip.octets().chunks(4).fold(String::new(), |out, part| {
            let word = part.iter().rev().fold(0u32, |word, byte| (word << 8) | u32::from(*byte));
            format!("{out}{word:08X}")
        }),
    }
}

fn route(net: &NetNamespace) -> String {
    let mut out =
        String::from("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
    let IpAddr::V4(ip) = net.ip else { return out };
    let mask = u32::MAX.checked_shl(32 - u32::from(net.prefix)).unwrap_or(0);
    let network = IpAddr::from((ip.to_bits() & mask).to_be_bytes());
    let zero = IpAddr::from([0, 0, 0, 0]);
    let rows = [(zero, net.gateway, "0003", zero), (network, zero, "0001", IpAddr::from(mask.to_be_bytes()))];
    for (to, gateway, flags, mask) in rows {
        let _ =
            writeln!(out, "eth0\t{}\t{}\t{flags}\t0\t0\t0\t{}\t0\t0\t0", hex(to), hex(gateway), hex(mask));
    }
    out
}

fn table(net: &NetNamespace, udp: bool, v6: bool) -> String {
    let mut out = String::from(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n",
    );
    let rows = net.sockets().into_iter().filter(|row| row.udp == udp && row.local.is_ipv6() == v6);
    for (index, SocketRow { id, local, peer, state, .. }) in rows.enumerate() {
        let code = match state {
            SocketState::Established => 1,
            SocketState::FinWait2 => 5,
            SocketState::None => 7,
            SocketState::CloseWait => 8,
            SocketState::LastAck => 9,
            SocketState::Listen => 10,
        };
        let any = if v6 { IpAddr::from([0u16; 8]) } else { IpAddr::from([0u8; 4]) };
        let (remote, port) = peer.map_or((any, 0), |peer| (peer.ip(), peer.port()));
        let _ = writeln!(
            out,
            "{index:>4}: {}:{:04X} {}:{port:04X} {code:02X} 00000000:00000000 00:00000000 00000000     0        0 {id}",
            hex(local.ip()),
            local.port(),
            hex(remote),
        );
    }
    out
}
