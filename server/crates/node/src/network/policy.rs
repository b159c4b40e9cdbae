//! Which traffic passes.

use std::net::IpAddr;

use super::{Direction, Protocol, TrafficPeer, TrafficPolicy, TrafficRule};

/// A packet as policies look at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
}

/// Whether `flow` passes at both of its ends.
pub(super) fn passes(policies: &[TrafficPolicy], flow: Flow) -> bool {
    let side = |direction, subject: IpAddr, other: IpAddr| {
        let mut about = policies
            .iter()
            .filter(|policy| policy.direction == direction && policy.subjects.contains(&subject))
            .peekable();
        about.peek().is_none()
            || about.any(|policy| policy.allow.iter().any(|rule| allows(rule, flow, other)))
    };
    side(Direction::Egress, flow.from, flow.to) && side(Direction::Ingress, flow.to, flow.from)
}

fn allows(rule: &TrafficRule, flow: Flow, other: IpAddr) -> bool {
    let peer = rule.peers.as_ref().is_none_or(|peers| {
        peers.iter().any(|peer| match peer {
            TrafficPeer::Addresses(addresses) => addresses.contains(&other),
            TrafficPeer::Range { range, except } => {
                in_range(other, *range) && !except.iter().any(|range| in_range(other, *range))
            }
        })
    });
    let port = rule.ports.as_ref().is_none_or(|ports| {
        ports
            .iter()
            .any(|port| port.protocol == flow.protocol && (port.first..=port.last).contains(&flow.port))
    });
    peer && port
}

/// Whether an address is in a range given by a network address and a prefix length.
pub(crate) fn in_range(address: IpAddr, (network, prefix): (IpAddr, u8)) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let shift = 32 - u32::from(prefix.min(32));
            (u64::from(address.to_bits()) >> shift) == (u64::from(network.to_bits()) >> shift)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let shift = 128 - u32::from(prefix.min(128));
            shift == 128 || (address.to_bits() >> shift) == (network.to_bits() >> shift)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Flow, in_range, passes};
    use crate::network::{Direction, Protocol, TrafficPeer, TrafficPolicy, TrafficPort, TrafficRule};

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn flow(from: &str, to: &str, port: u16) -> Flow {
        Flow { from: ip(from), to: ip(to), protocol: Protocol::Tcp, port }
    }

    #[test]
    fn ranges_hold_their_addresses() {
        assert!(in_range(ip("10.244.1.7"), (ip("10.244.0.0"), 16)));
        assert!(!in_range(ip("10.245.1.7"), (ip("10.244.0.0"), 16)));
        assert!(in_range(ip("1.2.3.4"), (ip("0.0.0.0"), 0)));
        assert!(in_range(ip("fd00::1"), (ip("::"), 0)));
        assert!(!in_range(ip("fd00::1"), (ip("0.0.0.0"), 0)));
    }

    #[test]
    fn an_address_that_no_policy_names_is_open_and_a_named_one_is_closed_but_for_its_rules() {
        let policy = TrafficPolicy {
            subjects: [ip("10.0.0.2")].into(),
            direction: Direction::Ingress,
            allow: vec![TrafficRule {
                peers: Some(vec![TrafficPeer::Addresses([ip("10.0.0.3")].into())]),
                ports: Some(vec![TrafficPort { protocol: Protocol::Tcp, first: 80, last: 80 }]),
            }],
        };
        let policies = [policy];
        assert!(passes(&policies, flow("10.0.0.3", "10.0.0.2", 80)));
        assert!(!passes(&policies, flow("10.0.0.3", "10.0.0.2", 81)));
        assert!(!passes(&policies, flow("10.0.0.4", "10.0.0.2", 80)));
        assert!(passes(&policies, flow("10.0.0.2", "10.0.0.4", 80)));
        assert!(passes(&policies, flow("10.0.0.3", "10.0.0.4", 81)));
    }
}
