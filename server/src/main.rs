//! The binary: see `podlab --help`.

use std::process::ExitCode;

use clap::Parser;
use podlab::cli::Cli;
use tracing_subscriber::EnvFilter;

/// What is logged unless `PODLAB_LOG` says otherwise. Whoever asks a cluster reports what came of it; the client below
/// would call each question that is asked again, such as one to a server that is still starting, an error.
const LOGGED: &str = "warn,kube_client::client::builder=off,podlab=info";
/// After how many turns of tasks a worker looks at its timers. With tokio's 61 a few busy containers would delay them.
const EVENT_INTERVAL: u32 = 8;

/// Containers are many small allocations, made and given back by whichever worker runs them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The log is for whoever runs podlab; what a command answers goes to standard output.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(EnvFilter::try_from_env("PODLAB_LOG").unwrap_or_else(|_| EnvFilter::new(LOGGED)))
        .init();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().event_interval(EVENT_INTERVAL).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(cli.run()),
        Err(error) => {
            tracing::error!(%error, "no runtime could be started");
            ExitCode::from(2)
        }
    }
}
