//! The cluster's name server.

use std::net::IpAddr;

use super::{DnsRecord, DnsZones};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DnsType {
    A,
    Aaaa,
    Cname,
    Srv,
    Ptr,
    /// Whatever there is.
    Any,
}

/// What a name server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DnsAnswer {
    /// Names and what they stand for, aliases first; none where the name has nothing of the type.
    Records(Vec<(String, DnsRecord)>),
    /// There is no such name.
    NxDomain,
    /// The server could not find out.
    ServFail,
    /// Nothing answered.
    Timeout,
}

/// How many aliases are followed.
const MAX_ALIASES: usize = 8;

/// What the server of `zones` answers.
pub(super) fn answer(zones: &DnsZones, name: &str, kind: DnsType) -> DnsAnswer {
    let mut name = name.trim_end_matches('.').to_ascii_lowercase();
    let mut found = Vec::new();
    for _ in 0..MAX_ALIASES {
        let Some(records) = zones.records.get(&name) else {
            if !found.is_empty() {
                return DnsAnswer::Records(found);
            }
            return missing(zones, &name);
        };
        found.extend(
            records.iter().filter(|record| fits(record, kind)).map(|record| (name.clone(), record.clone())),
        );
        let alias = records.iter().find_map(|record| match record {
            DnsRecord::Alias(target) if kind != DnsType::Cname => Some(target),
            _ => None,
        });
        let Some(target) = alias else { return DnsAnswer::Records(found) };
        if !fits(&DnsRecord::Alias(target.clone()), kind) {
            found.push((name, DnsRecord::Alias(target.clone())));
        }
        name = target.trim_end_matches('.').to_ascii_lowercase();
    }
    DnsAnswer::ServFail
}

fn fits(record: &DnsRecord, kind: DnsType) -> bool {
    match record {
        DnsRecord::Address(IpAddr::V4(_)) => matches!(kind, DnsType::A | DnsType::Any),
        DnsRecord::Address(IpAddr::V6(_)) => matches!(kind, DnsType::Aaaa | DnsType::Any),
        DnsRecord::Alias(_) => matches!(kind, DnsType::Cname | DnsType::Any),
        DnsRecord::Service { .. } => matches!(kind, DnsType::Srv | DnsType::Any),
        DnsRecord::Pointer(_) => matches!(kind, DnsType::Ptr | DnsType::Any),
    }
}

/// What is said of a name without records.
fn missing(zones: &DnsZones, name: &str) -> DnsAnswer {
    let below = format!(".{name}");
    if zones.records.keys().any(|known| known.ends_with(&below)) {
        // Something exists below it, so the name itself does too (RFC 8020).
        return DnsAnswer::Records(Vec::new());
    }
    let ours = zones.domains.iter().any(|domain| name == domain || name.ends_with(&format!(".{domain}")));
    if ours || name.ends_with(".arpa") || !name.contains('.') {
        DnsAnswer::NxDomain
    } else {
        DnsAnswer::ServFail
    }
}

#[cfg(test)]
mod tests {
    use super::{DnsAnswer, DnsType, answer};
    use crate::network::{DnsRecord, DnsZones};

    fn zones() -> DnsZones {
        let web = DnsRecord::Address([10, 96, 0, 7].into());
        let alias = DnsRecord::Alias("web.default.svc.cluster.local".to_owned());
        DnsZones {
            servers: vec![[10, 96, 0, 10].into()],
            backends: Vec::new(),
            domains: vec!["cluster.local".to_owned()],
            records: [
                ("web.default.svc.cluster.local".to_owned(), vec![web]),
                ("alias.default.svc.cluster.local".to_owned(), vec![alias]),
            ]
            .into(),
        }
    }

    #[test]
    fn names_are_found_whatever_their_case_and_final_dot() {
        let DnsAnswer::Records(found) = answer(&zones(), "WEB.default.svc.cluster.local.", DnsType::A) else {
            panic!("not found")
        };
        assert_eq!(found.len(), 1);
        assert_eq!(
            answer(&zones(), "web.default.svc.cluster.local", DnsType::Aaaa),
            DnsAnswer::Records(Vec::new())
        );
    }

    #[test]
    fn aliases_are_followed() {
        let DnsAnswer::Records(found) = answer(&zones(), "alias.default.svc.cluster.local", DnsType::A)
        else {
            panic!("not found")
        };
        assert_eq!(found.len(), 2);
        assert!(matches!(found[0].1, DnsRecord::Alias(_)));
        assert!(matches!(found[1].1, DnsRecord::Address(_)));
    }

    #[test]
    fn a_missing_name_of_the_cluster_does_not_exist_and_one_outside_cannot_be_asked_for() {
        assert_eq!(answer(&zones(), "no.default.svc.cluster.local", DnsType::A), DnsAnswer::NxDomain);
        assert_eq!(answer(&zones(), "example.com", DnsType::A), DnsAnswer::ServFail);
        assert_eq!(answer(&zones(), "default.svc.cluster.local", DnsType::A), DnsAnswer::Records(Vec::new()));
    }
}
