//! `consul agent`: the status of a cluster of one.

use std::time::Duration;

use super::{Service, hostname, not_simulated, stamp, version};
use crate::{
    kernel::{errno::Errno, process::Process},
    servers::listening::{Answer, Request},
};

pub(super) const SERVICE: Service = Service {
    name: "consul",
    memory: 40 << 20,
    ports: &[8500, 8502, 8503, 8600, 8300, 8301, 8302],
    starting: Duration::from_millis(300),
    greeting,
    ready,
    taken,
    farewell,
    answer: Some(answer),
    exit_code: 1,
};

fn line(process: &Process, text: &str) -> String {
    format!("{} [INFO]  {text}\n", stamp(process, "%Y-%m-%dT%H:%M:%S%.3fZ"))
}

fn greeting(process: &Process) -> String {
    let version = version(process, "CONSUL_VERSION", "1.21.5");
    format!(
        "==> Starting Consul agent...\n               Version: '{version}'\n             Node name: '{}'\n            Datacenter: \
         'dc1' (Segment: '<all>')\n                Server: true (Bootstrap: false)\n           Client Addr: [0.0.0.0] \
         (HTTP: 8500, HTTPS: -1, gRPC: 8502, gRPC-TLS: 8503, DNS: 8600)\n          Cluster Addr: 127.0.0.1 (LAN: 8301, \
         WAN: 8302)\n\n==> Log data will now stream in as it occurs:\n\n",
        hostname(process)
    )
}

fn ready(process: &Process) -> String {
    [
        "agent: Starting server: address=[::]:8500 network=tcp protocol=http",
        "agent: started state syncer",
        "agent: Consul agent running!",
    ]
    .iter()
    .map(|text| line(process, text))
    .collect()
}

fn taken(process: &Process, port: u16, errno: Errno) -> String {
    format!(
        "==> failed to setup server: listen tcp 0.0.0.0:{port}: bind: {}\n",
        process.text(errno).to_lowercase()
    )
}

fn farewell(process: &Process) -> String {
    line(process, "agent: Caught: signal=terminated")
        + &line(process, "agent: Graceful shutdown disabled. Exiting")
}

fn answer(_: &Process, request: &Request) -> Answer {
    let json = |text: &str| Answer::new(200, "application/json", text.to_owned());
    match request.path() {
        "/" => Answer::new(301, "text/html; charset=utf-8", "<a href=\"/ui/\">Moved Permanently</a>.\n\n")
            .with("Location", "/ui/"),
        "/v1/status/leader" => json("\"127.0.0.1:8300\""),
        "/v1/status/peers" => json("[\"127.0.0.1:8300\"]"),
        "/v1/catalog/datacenters" => json("[\"dc1\"]"),
        "/v1/catalog/services" => json("{\"consul\":[]}"),
        _ => not_simulated("Consul"),
    }
}
