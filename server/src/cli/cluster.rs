//! `podlab cluster`: the embedded cluster on its own.

use std::{
    fs,
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use podlab_cluster::Config;

use super::Failure;
use crate::{
    clusters::standalone::{Standalone, Transport},
    shutdown,
};

/// Arguments of `podlab cluster`.
#[derive(Debug, Args)]
pub(super) struct Cluster {
    /// The address that the API listens on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Write the kubeconfig to this file
    #[arg(long, value_name = "FILE", default_value = "podlab.kubeconfig")]
    kubeconfig: PathBuf,
    /// Serve plain HTTP under a secret path instead of HTTPS: no tokens, no client certificates, everybody who knows
    /// the address is the administrator
    #[arg(long)]
    plain_http: bool,
    /// How time passes in the cluster
    #[arg(long, value_enum, default_value_t = ClockKind::Wall)]
    clock: ClockKind,
}

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClockKind {
    /// As on the wall
    Wall,
    /// While a request waits (a watch, a followed log) and nothing in the cluster can run, the clock jumps to the next
    /// timer; otherwise, and for commands in containers, as on the wall
    Fast,
}

impl Cluster {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let listener = tokio::net::TcpListener::bind(self.listen).await.map_err(|e| {
            format!("{} cannot be listened on: {e}; choose another with --listen", self.listen)
        })?;
        let listener = listener.into_std()?;
        let address = listener.local_addr()?;
        let standalone = Standalone {
            listener,
            transport: if self.plain_http { Transport::PlainHttp } else { Transport::Https },
            secret: format!("{:032x}", rand::random::<u128>()),
            config: Config { advertise_address: address.to_string(), ..Config::default() },
            epoch: Timestamp::now(),
            seed: rand::random(),
        };
        let file = self.kubeconfig;
        let ready = move |kubeconfig: &str| {
            write_private(&file, kubeconfig).map_err(|e| {
                let file = file.display();
                io::Error::other(format!("{file} cannot be written: {e}; choose another with --kubeconfig"))
            })?;
            println!("The cluster is ready: kubectl --kubeconfig {} get nodes", file.display());
            // Whoever waits for this line reads it through a pipe.
            let _ = io::stdout().flush();
            Ok(())
        };
        let stop = shutdown::signal();
        match self.clock {
            ClockKind::Wall => standalone.serve(ready, stop).await?,
            ClockKind::Fast => standalone.serve_fast(ready, stop).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A kubeconfig holds a secret that lets in whoever knows it.
fn write_private(file: &PathBuf, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}
