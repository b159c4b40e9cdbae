//! The network between Pods: services, names, policies, ports.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use podlab_node::{
    ContainerConfig, ContainerId, SandboxId,
    network::{
        Direction, DnsRecord, DnsZones, Service, ServicePort, TrafficPeer, TrafficPolicy, TrafficRule,
    },
};

use super::{
    lab::Lab,
    setting::{image, running},
};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A Pod that says its name at port 5678; its address.
async fn echo(lab: &Lab, name: &str) -> IpAddr {
    let pod = lab.pod(name).await;
    lab.add(&pod, ContainerConfig { args: vec![format!("-text={name}")], ..image("hashicorp/http-echo") })
        .await;
    lab.sleep(50).await;
    address(lab, &pod)
}

fn address(lab: &Lab, pod: &SandboxId) -> IpAddr {
    lab.node.sandbox_status(pod).unwrap().ip
}

async fn client(lab: &Lab) -> (ContainerId, IpAddr) {
    let pod = lab.pod("client").await;
    let id = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    (id, address(lab, &pod))
}

fn service(backends: &[IpAddr], affinity: Option<Duration>) -> Service {
    Service {
        addresses: vec![ip("10.96.0.80")],
        ports: vec![ServicePort {
            port: 80,
            node_port: Some(30080),
            backends: backends.iter().map(|ip| SocketAddr::new(*ip, 5678)).collect(),
            ..ServicePort::default()
        }],
        affinity,
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_spreads_connections_over_its_pods_at_its_own_and_the_nodes_address() {
    let lab = Lab::new().await;
    let backends = [echo(&lab, "one").await, echo(&lab, "two").await];
    let (id, _) = client(&lab).await;
    lab.network.set_services(vec![service(&backends, None)]);
    for url in ["10.96.0.80", "192.168.49.2:30080"] {
        let answers = lab
            .sh(
                &id,
                &format!("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do curl -s {url}; done | sort -u"),
            )
            .await;
        assert_eq!(answers.stdout, "one\ntwo\n", "{url}");
    }
    lab.network.set_services(vec![service(&backends, Some(Duration::from_secs(10_800)))]);
    let answers =
        lab.sh(&id, "for i in 1 2 3 4 5 6 7 8 9 10; do curl -s 10.96.0.80; done | sort -u | wc -l").await;
    assert_eq!(answers.stdout.trim(), "1");
    lab.network.set_services(vec![service(&[], None)]);
    let output = lab.sh(&id, "curl -sS 10.96.0.80").await;
    assert_eq!(output.code, 7, "{output:?}");
}

#[tokio::test(start_paused = true)]
async fn names_are_found_along_the_search_path_and_nowhere_else() {
    let lab = Lab::new().await;
    let (one, two) = (echo(&lab, "one").await, echo(&lab, "two").await);
    let (id, _) = client(&lab).await;
    let mut records = BTreeMap::new();
    records.insert("web.default.svc.cluster.local".to_owned(), vec![DnsRecord::Address(ip("10.96.0.80"))]);
    records.insert(
        "pods.default.svc.cluster.local".to_owned(),
        vec![DnsRecord::Address(one), DnsRecord::Address(two)],
    );
    lab.network.set_services(vec![service(&[one], None)]);
    lab.network.set_dns(DnsZones {
        servers: vec![ip("10.96.0.10")],
        domains: vec!["cluster.local".to_owned()],
        records,
        ..DnsZones::default()
    });
    for name in [
        "web",
        "web.default",
        "web.default.svc",
        "web.default.svc.cluster.local",
        "web.default.svc.cluster.local.",
    ] {
        assert_eq!(lab.run(&id, &["curl", "-s", name]).await, "one\n", "{name}");
    }
    let several = lab.run(&id, &["nslookup", "pods.default.svc.cluster.local"]).await;
    assert!(several.contains(&one.to_string()) && several.contains(&two.to_string()), "{several}");
    let nowhere = lab.sh(&id, "curl -sS http://nowhere").await;
    assert_eq!((nowhere.code, nowhere.stderr.as_str()), (6, "curl: (6) Could not resolve host: nowhere\n"));
    let outside = lab.sh(&id, "curl -sS --max-time 60 http://example.com").await;
    assert_eq!(outside.code, 6, "{outside:?}");
    let outside = lab.sh(&id, "wget -T 2 -qO- http://1.1.1.1; echo $?").await;
    assert!(outside.stdout.ends_with("1\n") && !outside.stderr.is_empty(), "{outside:?}");
}

#[tokio::test(start_paused = true)]
async fn a_policy_drops_what_it_does_not_allow() {
    let lab = Lab::new().await;
    let server = echo(&lab, "server").await;
    let (friend, friend_ip) = client(&lab).await;
    let (stranger, _) = client(&lab).await;
    let allow = TrafficRule { peers: Some(vec![TrafficPeer::Addresses([friend_ip].into())]), ports: None };
    lab.network.set_policies(vec![TrafficPolicy {
        subjects: [server].into(),
        direction: Direction::Ingress,
        allow: vec![allow],
    }]);
    let url = format!("http://{server}:5678");
    assert_eq!(lab.run(&friend, &["curl", "-s", &url]).await, "server\n");
    let output = lab.exec(&stranger, &["curl", "-sS", "--connect-timeout", "3", &url]).await.unwrap();
    assert_eq!(output.code, 28, "{output:?}");
    lab.network.set_policies(Vec::new());
    assert_eq!(lab.run(&stranger, &["curl", "-s", &url]).await, "server\n");
}

#[tokio::test(start_paused = true)]
async fn a_port_that_is_taken_is_refused_in_each_programs_words() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    lab.add(
        &pod,
        running(
            "busybox",
            "nc -lk -p 80 -e cat & nc -lk -p 6379 -e cat & nc -lk -p 5678 -e cat & nc -lk -p 5432 -e cat",
        ),
    )
    .await;
    lab.sleep(50).await;
    for (config, expected) in [
        (image("nginx"), "[emerg] 1#1: bind() to 0.0.0.0:80 failed (98: Address already in use)"),
        (image("httpd"), "(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80"),
        (image("redis"), "bind: Address already in use"),
        (
            ContainerConfig { args: vec!["-text=x".to_owned()], ..image("hashicorp/http-echo") },
            "listen tcp :5678: bind: address already in use",
        ),
        (running("busybox", "nc -l -p 80"), "nc: bind: Address already in use"),
    ] {
        let name = config.image.clone();
        let id = lab.add(&pod, config).await;
        assert_ne!(lab.ended(&id).await.exit_code, Some(0), "{name}");
        let log = lab.log(&id).await;
        assert!(log.contains(expected), "{name}: {log}");
    }
}
