//! What a Pod's `/etc/hosts`, `/etc/resolv.conf` and host name say.

use std::{fmt::Write as _, net::IpAddr};

use podlab_node::DnsConfig;

use super::pod::Manifest;

/// What the cluster's names end in.
pub(crate) const CLUSTER_DOMAIN: &str = "cluster.local";

/// The longest host name.
const MAX_HOSTNAME: usize = 63;

/// The Pod's host name, and the domain that it is in where it has a subdomain.
pub(crate) fn hostname(manifest: &Manifest) -> (String, Option<String>) {
    let spec = manifest.spec();
    let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(name) = named(&spec.hostname_override) {
        return (name, None);
    }
    let mut name = named(&spec.hostname).unwrap_or_else(|| manifest.name().to_owned());
    if name.len() > MAX_HOSTNAME {
        name.truncate(name.floor_char_boundary(MAX_HOSTNAME));
        name.truncate(name.trim_end_matches(['-', '.']).len());
    }
    let domain = named(&spec.subdomain)
        .map(|subdomain| format!("{subdomain}.{}.svc.{CLUSTER_DOMAIN}", manifest.namespace()));
    match domain {
        Some(domain) if spec.set_hostname_as_fqdn == Some(true) => (format!("{name}.{domain}"), Some(domain)),
        domain => (name, domain),
    }
}

/// `/etc/resolv.conf`, by the Pod's DNS policy and configuration.
pub(crate) fn config(manifest: &Manifest, cluster_dns: IpAddr, node_dns: &DnsConfig) -> DnsConfig {
    let spec = manifest.spec();
    let cluster = || DnsConfig {
        servers: vec![cluster_dns],
        searches: vec![
            format!("{}.svc.{CLUSTER_DOMAIN}", manifest.namespace()),
            format!("svc.{CLUSTER_DOMAIN}"),
            CLUSTER_DOMAIN.to_owned(),
        ],
        options: vec!["ndots:5".to_owned()],
    };
    let mut config = match spec.dns_policy.as_deref() {
        Some("None") => DnsConfig::default(),
        Some("Default") => node_dns.clone(),
        Some("ClusterFirstWithHostNet") => cluster(),
        _ if manifest.host_network() => node_dns.clone(),
        _ => cluster(),
    };
    if let Some(own) = &spec.dns_config {
        let servers = own.nameservers.iter().flatten().filter_map(|server| server.parse().ok());
        extend(&mut config.servers, servers);
        extend(&mut config.searches, own.searches.iter().flatten().cloned());
        for option in own.options.iter().flatten() {
            let name = option.name.as_deref().unwrap_or_default();
            config.options.retain(|old| old.split(':').next() != Some(name));
            config.options.push(match option.value.as_deref() {
                Some(value) => format!("{name}:{value}"),
                None => name.to_owned(),
            });
        }
    }
    config
}

fn extend<T: PartialEq>(list: &mut Vec<T>, more: impl Iterator<Item = T>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

/// `/etc/hosts` of the Pod's containers.
pub(crate) fn hosts_file(manifest: &Manifest, pod_ips: &[String]) -> String {
    let mut text = if manifest.host_network() {
        "# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n".to_owned()
    } else {
        "# Kubernetes-managed hosts file.\n\
         127.0.0.1\tlocalhost\n\
         ::1\tlocalhost ip6-localhost ip6-loopback\n\
         fe00::0\tip6-localnet\n\
         fe00::0\tip6-mcastprefix\n\
         fe00::1\tip6-allnodes\n\
         fe00::2\tip6-allrouters\n"
            .to_owned()
    };
    let (name, domain) = hostname(manifest);
    if !manifest.host_network() {
        for ip in pod_ips {
            let _ = match &domain {
                Some(domain) if !name.ends_with(domain.as_str()) => {
                    writeln!(text, "{ip}\t{name}.{domain}\t{name}")
                }
                _ => writeln!(text, "{ip}\t{name}"),
            };
        }
    }
    let aliases = manifest.spec().host_aliases.as_deref().unwrap_or_default();
    if !aliases.is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
        for alias in aliases {
            let names = alias.hostnames.as_deref().unwrap_or_default();
            let _ = writeln!(text, "{}\t{}", alias.ip, names.join("\t"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn manifest(name: &str, spec: Value) -> Manifest {
        let mut spec = spec;
        spec["containers"] = json!([]);
        let pod = json!({"metadata": {"name": name, "namespace": "ns"}, "spec": spec});
        Manifest::new(serde_json::from_value(pod).unwrap())
    }

    fn dns(spec: Value) -> DnsConfig {
        let node = DnsConfig { servers: vec!["192.0.2.53".parse().unwrap()], ..DnsConfig::default() };
        config(&manifest("p", spec), "10.96.0.10".parse().unwrap(), &node)
    }

    #[test]
    fn the_cluster_is_asked_first() {
        let config = dns(json!({}));
        assert_eq!(config.servers, ["10.96.0.10".parse::<IpAddr>().unwrap()]);
        assert_eq!(config.searches, ["ns.svc.cluster.local", "svc.cluster.local", "cluster.local"]);
        assert_eq!(config.options, ["ndots:5"]);
    }

    #[test]
    fn a_pods_own_configuration_adds_to_the_policys_and_replaces_options() {
        let own = json!({"nameservers": ["1.2.3.4"], "searches": ["my.dns"],
                         "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]});
        let config = dns(json!({"dnsPolicy": "None", "dnsConfig": own}));
        assert_eq!(config.servers, ["1.2.3.4".parse::<IpAddr>().unwrap()]);
        assert_eq!(config.options, ["ndots:2", "edns0"]);
        assert_eq!(dns(json!({"dnsConfig": own})).options, ["ndots:2", "edns0"]);
        assert_eq!(dns(json!({"hostNetwork": true})).servers, ["192.0.2.53".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn host_names_are_cut_to_63_characters() {
        let long = format!("{}-b", "a".repeat(62));
        assert_eq!(hostname(&manifest(&long, json!({}))).0, "a".repeat(62));
        let (name, domain) = hostname(&manifest("p", json!({"hostname": "h", "subdomain": "s"})));
        assert_eq!((name.as_str(), domain.as_deref()), ("h", Some("s.ns.svc.cluster.local")));
    }

    #[test]
    fn the_hosts_file_names_the_pod_and_its_aliases() {
        let manifest = manifest(
            "p",
            json!({"hostAliases": [{"ip": "127.0.0.1", "hostnames": ["foo.local", "bar.local"]}]}),
        );
        let text = hosts_file(&manifest, &["10.244.0.7".into()]);
        assert!(text.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
        assert!(text.contains("\n10.244.0.7\tp\n"));
        assert!(text.ends_with("\n# Entries added by HostAliases.\n127.0.0.1\tfoo.local\tbar.local\n"));
    }
}
