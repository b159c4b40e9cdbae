//! Network namespaces: addresses, and what is open on which port (`network_namespaces(7)`).

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, Weak},
};

use super::{Listener, Stream, UdpSocket};
use crate::{
    kernel::{errno::Errno, host::Host, quota::Quota, wait::lock},
    runtime::NetworkStats,
};

/// How many sockets may be open at a time in a namespace.
const MAX_SOCKETS: usize = 4096;
/// Where ports for outgoing connections begin, and how many there are: Linux's default range.
const EPHEMERAL: (u16, u16) = (32768, 28232);

/// The network of a sandbox: a loopback interface and `eth0`.
#[derive(Debug)]
pub(crate) struct NetNamespace {
    /// The address of `eth0`.
    pub(crate) ip: IpAddr,
    /// The length of its network's prefix, for `ip address`.
    pub(crate) prefix: u8,
    /// Where everything else is.
    pub(crate) gateway: IpAddr,
    /// The name of the node that it is on.
    pub(crate) node: Arc<str>,
    host: Arc<Host>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By number. The last owner of a socket takes it off this list, so nothing is ever upgraded, and dropped
    /// again, while the list is locked.
    listeners: BTreeMap<u64, (Bound, Weak<Listener>)>,
    streams: BTreeMap<u64, Weak<Stream>>,
    udp: BTreeMap<u64, (Bound, Weak<UdpSocket>)>,
    next_port: u16,
    /// What closed connections moved.
    totals: NetworkStats,
    down: bool,
}

/// What a socket is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bound {
    address: SocketAddr,
    /// Whether one at `[::]` leaves IPv4 to others (`IPV6_V6ONLY`).
    only_v6: bool,
}

/// A network interface as `ip address` shows it.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    pub(crate) name: &'static str,
    pub(crate) addresses: Vec<(IpAddr, u8)>,
    pub(crate) mac: [u8; 6],
    pub(crate) loopback: bool,
}

/// A connection's state as `netstat` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SocketState {
    Listen,
    Established,
    CloseWait,
    FinWait2,
    LastAck,
    /// UDP has none.
    None,
}

/// A line of `netstat`.
#[derive(Clone, Debug)]
pub(crate) struct SocketRow {
    pub(crate) id: u64,
    pub(crate) udp: bool,
    pub(crate) local: SocketAddr,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) state: SocketState,
}

impl NetNamespace {
    pub(crate) fn new(
        host: &Arc<Host>,
        node: Arc<str>,
        ip: IpAddr,
        prefix: u8,
        gateway: IpAddr,
    ) -> Arc<Self> {
        let next_port = u16::try_from(host.random() % u64::from(EPHEMERAL.1)).unwrap_or(0);
        let state = State { next_port, ..State::default() };
        Arc::new(Self { ip, prefix, gateway, node, host: Arc::clone(host), state: Mutex::new(state) })
    }

    /// What pays for what streams hold here.
    pub(super) fn budget(&self) -> Arc<Quota> {
        Arc::clone(&self.host.budget)
    }

    /// Whether an address is one of its own.
    pub(crate) fn is_local(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || ip == self.ip || ip.is_unspecified()
    }

    /// Opens a socket that listens at `local`; port 0 is any free one. One at `[::]` takes IPv4 too, unless it is to be for
    /// IPv6 only.
    pub(crate) fn listen(self: &Arc<Self>, local: SocketAddr, only_v6: bool) -> Result<Arc<Listener>, Errno> {
        if !self.is_local(local.ip()) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        let mut state = lock(&self.state);
        state.check_room()?;
        let local = if local.port() == 0 {
            SocketAddr::new(local.ip(), state.free_port().ok_or(Errno::EADDRINUSE)?)
        } else {
            local
        };
        let bound = Bound { address: local, only_v6 };
        if state.listeners.values().any(|(other, _)| overlap(*other, bound)) {
            return Err(Errno::EADDRINUSE);
        }
        let listener = Listener::new(self.host.next_object(), local, self);
        state.listeners.insert(listener.id, (bound, Arc::downgrade(&listener)));
        Ok(listener)
    }

    /// The socket that listens for connections to `to`: the one at this very address before one at any.
    pub(crate) fn listener(&self, to: SocketAddr) -> Option<Arc<Listener>> {
        let found = {
            let state = lock(&self.state);
            if state.down {
                return None;
            }
            let fits = state.listeners.values().filter(|(local, _)| covers(*local, to));
            fits.min_by_key(|(local, _)| local.address.ip().is_unspecified())
                .map(|(_, listener)| listener.clone())
        };
        found?.upgrade()
    }

    /// A port for a connection from here.
    pub(crate) fn outgoing_port(&self) -> Result<u16, Errno> {
        let mut state = lock(&self.state);
        state.check_room()?;
        state.free_port().ok_or(Errno::EADDRNOTAVAIL)
    }

    /// Opens a socket for datagrams at `local`; port 0 is any free one.
    pub(crate) fn bind_udp(self: &Arc<Self>, local: SocketAddr) -> Result<Arc<UdpSocket>, Errno> {
        let mut state = lock(&self.state);
        state.check_room()?;
        let local = if local.port() == 0 {
            SocketAddr::new(local.ip(), state.free_port().ok_or(Errno::EADDRINUSE)?)
        } else {
            local
        };
        let bound = Bound { address: local, only_v6: false };
        if state.udp.values().any(|(other, _)| overlap(*other, bound)) {
            return Err(Errno::EADDRINUSE);
        }
        let socket = UdpSocket::new(self.host.next_object(), local, self);
        state.udp.insert(socket.id, (bound, Arc::downgrade(&socket)));
        Ok(socket)
    }

    /// The socket that receives datagrams to `to`.
    pub(crate) fn udp_socket(&self, to: SocketAddr) -> Option<Arc<UdpSocket>> {
        let found = {
            let state = lock(&self.state);
            state.udp.values().find(|(local, _)| covers(*local, to)).map(|(_, socket)| socket.clone())
        };
        found?.upgrade()
    }

    /// Everything that is open, as `netstat -a` lists it.
    pub(crate) fn sockets(&self) -> Vec<SocketRow> {
        let (mut rows, udp, streams) = {
            let state = lock(&self.state);
            let listeners = state.listeners.iter().map(|(id, (at, _))| SocketRow {
                id: *id,
                udp: false,
                local: at.address,
                peer: None,
                state: SocketState::Listen,
            });
            let udp: Vec<_> = state.udp.values().map(|(_, socket)| socket.clone()).collect();
            (listeners.collect::<Vec<_>>(), udp, state.streams.values().cloned().collect::<Vec<_>>())
        };
        rows.extend(udp.iter().filter_map(Weak::upgrade).map(|socket| {
            let peer = socket.peer();
            let state = if peer.is_some() { SocketState::Established } else { SocketState::None };
            SocketRow { id: socket.id, udp: true, local: socket.local, peer, state }
        }));
        rows.extend(streams.iter().filter_map(Weak::upgrade).map(|stream| SocketRow {
            id: stream.id,
            udp: false,
            local: stream.local,
            peer: Some(stream.peer),
            state: stream.state(),
        }));
        rows
    }

    /// Its interfaces.
    pub(crate) fn interfaces(&self) -> [Interface; 2] {
        let mac = match self.ip {
            IpAddr::V4(ip) => {
                let [a, b, c, d] = ip.octets();
                [0x02, 0x42, a, b, c, d]
            }
            IpAddr::V6(_) => [0x02, 0x42, 0, 0, 0, 2],
        };
        [
            Interface {
                name: "lo",
                addresses: vec![(Ipv4Addr::LOCALHOST.into(), 8), (Ipv6Addr::LOCALHOST.into(), 128)],
                mac: [0; 6],
                loopback: true,
            },
            Interface { name: "eth0", addresses: vec![(self.ip, self.prefix)], mac, loopback: false },
        ]
    }

    /// What its connections moved.
    pub(crate) fn stats(&self) -> NetworkStats {
        lock(&self.state).totals
    }

    /// Takes it down: nothing answers any more, and what is open breaks.
    pub(crate) fn shut_down(&self) {
        let (streams, listeners) = {
            let mut state = lock(&self.state);
            state.down = true;
            let listeners: Vec<_> = state.listeners.values().map(|(_, listener)| listener.clone()).collect();
            (state.streams.values().cloned().collect::<Vec<_>>(), listeners)
        };
        for stream in streams.iter().filter_map(Weak::upgrade) {
            stream.reset();
        }
        for listener in listeners.iter().filter_map(Weak::upgrade) {
            listener.close();
        }
    }

    pub(super) fn list_stream(&self, stream: &Arc<Stream>) {
        lock(&self.state).streams.insert(stream.id, Arc::downgrade(stream));
    }

    pub(super) fn unlist_stream(&self, id: u64, received: u64, sent: u64) {
        let mut state = lock(&self.state);
        state.streams.remove(&id);
        state.totals.rx_bytes += received;
        state.totals.tx_bytes += sent;
    }

    pub(super) fn unlist_listener(&self, id: u64) {
        lock(&self.state).listeners.remove(&id);
    }

    pub(super) fn unlist_udp(&self, id: u64) {
        lock(&self.state).udp.remove(&id);
    }
}

impl State {
    fn check_room(&self) -> Result<(), Errno> {
        let open = self.listeners.len() + self.streams.len() + self.udp.len();
        if open < MAX_SOCKETS { Ok(()) } else { Err(Errno::EMFILE) }
    }

    fn free_port(&mut self) -> Option<u16> {
        for _ in 0..EPHEMERAL.1 {
            self.next_port = (self.next_port + 1) % EPHEMERAL.1;
            let port = EPHEMERAL.0 + self.next_port;
            // Keys are numbers of sockets, so ports have to be looked for; there are few sockets.
            if !self.listeners.values().any(|(other, _)| other.address.port() == port) {
                return Some(port);
            }
        }
        None
    }
}

/// Whether two sockets would receive the same.
fn overlap(a: Bound, b: Bound) -> bool {
    let takes_all_of = |one: Bound, other: Bound| {
        one.address.ip().is_unspecified()
            && (one.address.is_ipv6() == other.address.is_ipv6() || (one.address.is_ipv6() && !one.only_v6))
    };
    a.address.port() == b.address.port()
        && (a.address.ip() == b.address.ip() || takes_all_of(a, b) || takes_all_of(b, a))
}

/// Whether a socket that is bound so receives what is sent to `to`.
fn covers(bound: Bound, to: SocketAddr) -> bool {
    let Bound { address, only_v6 } = bound;
    address.port() == to.port()
        && (address.ip() == to.ip()
            || (address.ip().is_unspecified()
                && (address.is_ipv6() == to.is_ipv6() || (address.is_ipv6() && !only_v6))))
}

#[cfg(test)]
mod tests {
    use super::{Bound, covers, overlap};

    fn at(text: &str) -> Bound {
        Bound { address: text.parse().unwrap(), only_v6: false }
    }

    #[test]
    fn a_socket_at_any_address_overlaps_with_one_at_a_single_address() {
        assert!(overlap(at("0.0.0.0:80"), at("127.0.0.1:80")));
        assert!(overlap(at("[::]:80"), at("0.0.0.0:80")));
        assert!(!overlap(at("127.0.0.1:80"), at("10.244.0.2:80")));
        assert!(!overlap(at("0.0.0.0:80"), at("0.0.0.0:81")));
        assert!(!overlap(at("0.0.0.0:80"), at("[::1]:80")));
        assert!(covers(at("[::]:80"), at("127.0.0.1:80").address));
        assert!(!covers(at("127.0.0.1:80"), at("10.244.0.2:80").address));
    }

    #[test]
    fn a_socket_for_ipv6_only_leaves_ipv4_to_others() {
        let only_v6 = Bound { only_v6: true, ..at("[::]:80") };
        assert!(!overlap(only_v6, at("0.0.0.0:80")));
        assert!(overlap(only_v6, at("[::]:80")));
        assert!(overlap(only_v6, at("[::1]:80")));
        assert!(!covers(only_v6, at("127.0.0.1:80").address));
        assert!(covers(only_v6, at("[::1]:80").address));
    }
}
