//! Envoy's page for administrators: `/ready`, `/stats`, `/clusters` and so on.

use std::{collections::BTreeMap, fmt::Write};

use super::Envoy;
use crate::{
    kernel::wait::lock,
    servers::{
        forward::addresses,
        listening::{Answer, Request},
    },
};

const HELP: &str = "admin commands are:
  /: Admin home page
  /clusters: upstream cluster status
  /config_dump: dump current Envoy configs (experimental)
  /help: print out list of admin commands
  /listeners: print listener info
  /quitquitquit (POST): exit the server
  /ready: print server state, return 200 if LIVE, otherwise return 503
  /reset_counters (POST): reset all counters to zero
  /server_info: print server version/status information
  /stats: print server stats
  /stats/prometheus: print server stats in prometheus format
";

fn plain(status: u16, text: impl Into<String>) -> Answer {
    Answer::new(status, "text/plain; charset=UTF-8", text.into())
        .with("Cache-Control", "no-cache, max-age=0")
        .with("X-Content-Type-Options", "nosniff")
        .with("Server", "envoy")
}

impl Envoy {
    pub(super) async fn administer(&self, request: &Request) -> Answer {
        let changes = matches!(request.path(), "/quitquitquit" | "/reset_counters");
        if changes && request.head.method != "POST" {
            return plain(405, format!("Method {} not allowed, POST required.", request.head.method));
        }
        match request.path() {
            "/" | "/help" => plain(200, HELP),
            "/ready" => plain(200, "LIVE\n"),
            "/stats" => {
                plain(200, self.stats(request.head.target.split_once('?').map_or("", |(_, query)| query)))
            }
            "/stats/prometheus" => plain(200, self.prometheus()),
            "/clusters" => plain(200, self.clusters().await),
            "/listeners" => plain(
                200,
                self.config
                    .listeners
                    .iter()
                    .map(|listener| format!("{}::{}\n", listener.name, listener.address))
                    .collect::<String>(),
            ),
            "/server_info" => {
                let uptime = self.process.container.host.env.clock.uptime().saturating_sub(self.started);
                plain(
                    200,
                    format!(
                        "{{\n \"version\": \"0000000000000000000000000000000000000000/{1}/Clean/RELEASE/BoringSSL\",\n \
                         \"state\": \"LIVE\",\n \"uptime_current_epoch\": \"{0}s\",\n \"uptime_all_epochs\": \"{0}s\"\n}}\n",
                        uptime.as_secs(),
                        self.version,
                    ),
                )
            }
            "/config_dump" => plain(200, self.source.clone()),
            "/reset_counters" => {
                lock(&self.counters).clear();
                plain(200, "OK\n")
            }
            "/quitquitquit" => {
                self.process.signal(crate::kernel::signal::Signal::TERM);
                plain(200, "OK\n")
            }
            _ => plain(404, format!("invalid path. {HELP}")),
        }
    }

    /// All figures, those too that are still zero.
    fn figures(&self) -> BTreeMap<String, u64> {
        let mut all = lock(&self.counters).clone();
        for cluster in &self.config.clusters {
            for name in
                ["upstream_cx_total", "upstream_rq_total", "upstream_cx_connect_fail", "upstream_rq_timeout"]
            {
                all.entry(format!("cluster.{}.{name}", cluster.name)).or_default();
            }
            let members = cluster.endpoints.len() as u64;
            all.insert(format!("cluster.{}.membership_total", cluster.name), members);
            all.insert(format!("cluster.{}.membership_healthy", cluster.name), members);
        }
        for listener in &self.config.listeners {
            let address = listener.address.to_string().replace(':', "_");
            all.entry(format!("listener.{address}.downstream_cx_total")).or_default();
        }
        let uptime = self.process.container.host.env.clock.uptime().saturating_sub(self.started);
        for (name, value) in [
            ("server.live", 1),
            ("server.state", 0),
            ("server.uptime", uptime.as_secs()),
            ("listener_manager.total_listeners_active", self.config.listeners.len() as u64),
            ("cluster_manager.active_clusters", self.config.clusters.len() as u64),
        ] {
            all.insert(name.to_owned(), value);
        }
        all
    }

    fn stats(&self, query: &str) -> String {
        let filter = query.split('&').find_map(|pair| pair.strip_prefix("filter="));
        let filter = filter.and_then(|text| regex::bytes::Regex::new(&text.replace("%7C", "|")).ok());
        self.figures()
            .iter()
            .filter(|(name, _)| filter.as_ref().is_none_or(|filter| filter.is_match(name.as_bytes())))
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect()
    }

    fn prometheus(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.figures() {
            let bare = match name.split('.').collect::<Vec<_>>()[..] {
                [kind @ ("cluster" | "http"), subject, ref rest @ ..] if !rest.is_empty() => {
                    let label = if kind == "cluster" {
                        "envoy_cluster_name"
                    } else {
                        "envoy_http_conn_manager_prefix"
                    };
                    format!("envoy_{kind}_{}{{{label}=\"{subject}\"}}", rest.join("_"))
                }
                ref all => format!("envoy_{}{{}}", all.join("_")),
            };
            let family = bare.split('{').next().unwrap_or_default().to_owned();
            let _ = write!(text, "# TYPE {family} counter\n{bare} {value}\n");
        }
        text
    }

    async fn clusters(&self) -> String {
        let mut text = String::new();
        for cluster in &self.config.clusters {
            let name = &cluster.name;
            let _ = write!(
                text,
                "{name}::observability_name::{name}\n{name}::default_priority::max_connections::1024\n\
                 {name}::default_priority::max_pending_requests::1024\n{name}::added_via_api::false\n"
            );
            for (host, port) in &cluster.endpoints {
                for address in addresses(&self.process, host, *port).await {
                    let count = self.figure(&format!("cluster.{name}.upstream_rq_total"));
                    let _ = write!(
                        text,
                        "{name}::{address}::cx_active::0\n{name}::{address}::rq_total::{count}\n\
                         {name}::{address}::hostname::{host}\n{name}::{address}::health_flags::healthy\n\
                         {name}::{address}::weight::1\n"
                    );
                }
            }
        }
        text
    }
}
