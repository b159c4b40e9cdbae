//! `etcd`: a cluster of one that keeps keys and says how it is, over gRPC and HTTP/1.1 at one port. What it keeps is in the
//! process and ends with it; there is no TLS, no watching, no leases, no other members.

mod api;
mod ctl;
mod settings;
mod store;

use std::{
    future::ready,
    sync::{Arc, Mutex},
};

pub(super) use ctl::main as ctl_main;
use futures::future::join_all;
use serde_json::{Value, json};
use settings::{Settings, address};
use store::Store;

use super::{
    grpc,
    listening::{connection, serve_connections, signalled},
    release,
};
use crate::{
    env::BoxFuture,
    http::Wire,
    kernel::{
        net::Listener,
        process::{Disposition, Outcome, Process},
        signal::Signal,
    },
};

/// A running server.
#[derive(Debug)]
struct Etcd {
    process: Arc<Process>,
    settings: Settings,
    version: &'static str,
    store: Mutex<Store>,
}

/// Runs the server.
pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

/// Writes a line of the log: JSON, with the fields of `more` after the usual ones.
async fn log(process: &Process, level: &str, caller: &str, text: &str, more: &[(&str, Value)]) {
    let time = process.now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let mut line =
        format!("{{\"level\":\"{level}\",\"ts\":\"{time}\",\"caller\":\"{caller}\",\"msg\":{}", json!(text));
    for (name, value) in more {
        line += &format!(",\"{name}\":{value}");
    }
    let _ = process.write(2, line + "}\n").await;
}

async fn run(process: Arc<Process>) -> Outcome {
    let version = release(&process);
    let argv: Vec<String> =
        process.argv().iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    if argv.iter().skip(1).any(|arg| arg.trim_start_matches('-') == "version" && arg.starts_with('-')) {
        let text = format!(
            "etcd Version: {version}\nGit SHA: a17edfd\nGo Version: go1.23.7\nGo OS/Arch: linux/amd64\n"
        );
        let _ = process.write(1, text).await;
        return Outcome::Exit(0);
    }
    let var = |name: &str| process.var(name).map(|text| String::from_utf8_lossy(&text).into_owned());
    let settings = match Settings::parse(&argv[1..], var) {
        Ok(settings) => settings,
        Err(text) => {
            log(&process, "warn", "etcdmain/etcd.go:75", "failed to verify flags", &[("error", json!(text))])
                .await;
            return Outcome::Exit(1);
        }
    };
    let etcd = Etcd { process: Arc::clone(&process), settings, version, store: Mutex::new(Store::new()) };
    match etcd.serve(&argv).await {
        Ok(outcome) => outcome,
        Err(text) => {
            log(&process, "fatal", "etcdmain/etcd.go:204", "discovery failed", &[("error", json!(text))])
                .await;
            Outcome::Exit(1)
        }
    }
}

impl Etcd {
    async fn info(&self, caller: &str, text: &str, more: &[(&str, Value)]) {
        log(&self.process, "info", caller, text, more).await;
    }

    /// Serves until a signal comes; an error where it cannot begin.
    async fn serve(&self, argv: &[String]) -> Result<Outcome, String> {
        let (process, settings) = (&self.process, &self.settings);
        let mut end = signalled(process, &[Signal::INT, Signal::TERM]);
        self.info("etcdmain/etcd.go:73", "Running: ", &[("args", json!(argv))]).await;
        self.make_directories()?;
        let urls = json!(settings.listen_peer);
        self.info("embed/etcd.go:128", "configuring peer listeners", &[("listen-peer-urls", urls)]).await;
        let peers = self.listeners(&settings.listen_peer)?;
        let urls = json!(settings.listen_client);
        self.info("embed/etcd.go:136", "configuring client listeners", &[("listen-client-urls", urls)]).await;
        let clients = self.listeners(&settings.listen_client)?;
        let metrics = self.listeners(&settings.listen_metrics)?;
        let what = [
            ("etcd-version", json!(self.version)),
            ("name", json!(settings.name)),
            ("data-dir", json!(settings.data_dir)),
            ("advertise-client-urls", json!(settings.advertise_client)),
        ];
        self.info("embed/etcd.go:311", "starting an etcd server", &what).await;
        let id = format!("{:x}", api::MEMBER);
        self.info(
            "etcdserver/raft.go:495",
            "starting local member",
            &[("local-member-id", json!(id)), ("cluster-id", json!(format!("{:x}", api::CLUSTER)))],
        )
        .await;
        let raft = [("logger", json!("raft"))];
        let elected = format!("{id} became leader at term {}", api::TERM);
        self.info("etcdserver/zap_raft.go:77", &elected, &raft).await;
        let published = "published local member to cluster through raft";
        self.info("etcdserver/server.go:2140", published, &[("local-member-id", json!(id))]).await;
        self.info("embed/serve.go:103", "ready to serve client requests", &[]).await;
        for listener in &clients {
            let text = "serving client traffic insecurely; this is strongly discouraged!";
            let place = [("traffic", json!("grpc+http")), ("address", json!(listener.local.to_string()))];
            self.info("embed/serve.go:187", text, &place).await;
        }
        let forever = std::future::pending;
        let serving = async {
            let clients = clients
                .iter()
                .map(|listener| serve_connections(process, listener, forever(), |wire| self.client(wire)));
            let others = peers.iter().chain(&metrics).map(|listener| {
                serve_connections(process, listener, forever(), |wire| async move {
                    connection(wire, &|request| ready(self.answer(&request))).await;
                })
            });
            futures::join!(join_all(clients), join_all(others));
        };
        let signal = tokio::select! {
            signal = &mut end => signal,
            () = serving => Signal::TERM,
        };
        let word = if signal == Signal::INT { "interrupt" } else { "terminated" };
        let text = "received signal; shutting down";
        self.info("osutil/interrupt_unix.go:64", text, &[("signal", json!(word))]).await;
        let what = [("name", json!(settings.name)), ("data-dir", json!(settings.data_dir))];
        self.info("embed/etcd.go:378", "closing etcd server", &what).await;
        self.info("embed/etcd.go:580", "closed etcd server", &what).await;
        // It ends itself with the signal that it got, which is nothing to process 1: that one then exits.
        process.set_disposition(signal, Disposition::Default);
        process.signal(signal);
        Ok(Outcome::Exit(0))
    }

    fn make_directories(&self) -> Result<(), String> {
        let mut path = String::new();
        for part in format!("{}/member/snap", self.settings.data_dir).split('/') {
            path += part;
            if !path.is_empty() && self.process.stat(path.as_bytes(), true).is_err() {
                self.process.mkdir(path.as_bytes(), 0o700).map_err(|errno| {
                    let reason = self.process.text(errno).to_lowercase();
                    format!("cannot access data directory: mkdir {path}: {reason}")
                })?;
            }
            path.push('/');
        }
        Ok(())
    }

    fn listeners(&self, urls: &[String]) -> Result<Vec<Arc<Listener>>, String> {
        let listener = |url: &String| {
            let place = address(url)?;
            self.process.listen(place).map(|(_, listener)| listener).map_err(|errno| {
                let place = url.trim_start_matches("http://");
                format!("listen tcp {place}: bind: {}", self.process.text(errno).to_lowercase())
            })
        };
        urls.iter().map(listener).collect()
    }

    /// Answers a client in what it speaks.
    async fn client(&self, mut wire: Wire) {
        match grpc::speaks_http2(&mut wire).await {
            Ok(true) => grpc::serve(wire, &|path: String, message| ready(self.call(&path, message))).await,
            Ok(false) => connection(wire, &|request| ready(self.answer(&request))).await,
            Err(_) => {}
        }
    }
}
