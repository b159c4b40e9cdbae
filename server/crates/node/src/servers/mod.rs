//! The servers that images run. Each is a program over the kernel's own sockets and files.

mod agnhost;
mod backing;
pub(crate) mod booking;
pub(crate) mod busybox_httpd;
mod databases;
mod envoy;
mod etcd;
mod event_simulator;
mod exporters;
mod forward;
mod grpc;
mod haproxy;
mod httpbin;
mod httpd;
mod jobs;
mod kuard;
mod listening;
mod mariadb;
mod memcached;
mod nginx;
mod node;
mod php;
mod python;
mod redis;
mod samples;
mod shippers;
mod static_files;
mod stress;
pub(crate) mod webapp;

use crate::kernel::process::{Process, Program};

/// What an executable file stands for, if that is a server.
pub(crate) fn program(name: &str) -> Option<Program> {
    if let Some((server, version)) = name.split_once('/') {
        let (main, memory): (crate::kernel::process::Main, u64) = match server {
            "etcd" => (etcd::main, 22 << 20),
            "etcdctl" => (etcd::ctl_main, 14 << 20),
            "filebeat" => (shippers::filebeat::main, 40 << 20),
            "fluent-bit" => (shippers::fluent_bit::main, 12 << 20),
            "fluentd" => (shippers::fluentd::main, 40 << 20),
            "httpd" => (httpd::main, 8 << 20),
            "kuard" => (kuard::main, 8 << 20),
            "node" => (node::main, 30 << 20),
            "nginx" => (nginx::main, 6 << 20),
            "nginx-prometheus-exporter" => (exporters::nginx_main, 12 << 20),
            "node_exporter" => (exporters::node_main, 14 << 20),
            _ => return None,
        };
        // What it is, `main` says: the name tells the release.
        return Some(Program { name: crate::images::release(server, version)?, main, memory });
    }
    let (name, main, memory): (_, crate::kernel::process::Main, u64) = match name {
        "agnhost" => ("agnhost", agnhost::main, 12 << 20),
        "redis-server" => ("redis-server", redis::main, 8 << 20),
        "redis-cli" => ("redis-cli", redis::cli_main, 2 << 20),
        "envoy" => ("envoy", envoy::main, 24 << 20),
        "guestbook" => ("guestbook", php::main, 24 << 20),
        "wordpress" => ("wordpress", php::main, 60 << 20),
        "event-simulator" => ("python", event_simulator::main, 10 << 20),
        "mariadbd" => ("mariadbd", mariadb::main, 72 << 20),
        "memcached" => ("memcached", memcached::main, 4 << 20),
        "python" => ("python3", python::main, 9 << 20),
        "go-httpbin" => ("go-httpbin", httpbin::main, 10 << 20),
        "httpbin" => ("gunicorn", httpbin::main, 42 << 20),
        "haproxy" => ("haproxy", haproxy::main, 12 << 20),
        "mysqladmin" => ("mysqladmin", databases::mysqladmin_main, 4 << 20),
        "mysqld" => ("mysqld", databases::mysqld_main, 64 << 20),
        "pg_isready" => ("pg_isready", databases::pg_isready_main, 2 << 20),
        "postgres" => ("postgres", databases::postgres_main, 24 << 20),
        "stress" => ("stress", stress::main, 1 << 20),
        "go-stress" => ("stress", stress::go_main, 3 << 20),
        "throw-dice" => ("throw-dice", jobs::dice_main, 2 << 20),
        "random-error" => ("random-error", jobs::error_main, 2 << 20),
        "webapp" => ("webapp", webapp::main, 12 << 20),
        "booking" => ("booking", booking::main, 32 << 20),
        "airbnb-adapter" => ("airbnb-adapter", booking::airbnb_main, 32 << 20),
        "kayak-adapter" => ("kayak-adapter", booking::kayak_main, 32 << 20),
        "mongosh" => ("mongosh", backing::mongosh_main, 60 << 20),
        "rabbitmq-diagnostics" => ("rabbitmq-diagnostics", backing::rabbitmq_diagnostics_main, 40 << 20),
        _ => match backing::known(name) {
            Some((name, memory)) => (name, backing::main, memory),
            None => (SAMPLES.iter().find(|sample| **sample == name)?, samples::main, 10 << 20),
        },
    };
    Some(Program { name, main, memory })
}

/// The release of a server whose executable file names one.
fn release(process: &Process) -> &'static str {
    process.program().map_or("", |program| program.name)
}

/// Names of the programs of [`samples`].
const SAMPLES: &[&str] = &[
    "echo-all",
    "echo-server",
    "echoserver",
    "goproxy",
    "hello-app",
    "hello-go",
    "http-echo",
    "kubernetes-bootcamp",
    "liveness",
    "node-hello",
    "podinfo",
    "serve-hostname",
    "webapp-color",
    "webapp-delayed-start",
    "whoami",
];
