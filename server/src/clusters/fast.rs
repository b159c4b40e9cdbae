//! A cluster on fast time: a thread with a tokio runtime of its own whose clock moves to the next timer whenever no
//! task can run. Everything that takes part runs there, the kube client and the grader too, so that nothing outside
//! can be late: minutes pass in milliseconds, and the same seed gives the same run.

use std::{future::Future, sync::Arc, thread};

use jiff::Timestamp;
use podlab_cluster::{Cluster, Config};
use podlab_node::{Clock, Env};
use tokio::sync::oneshot;

use super::in_process;

/// Why nothing came back from a fast cluster.
#[derive(Debug, thiserror::Error)]
pub enum FastError {
    /// The system gave no thread.
    #[error("no thread could be started for the sandbox: {0}")]
    Thread(std::io::Error),
    /// tokio gave no runtime.
    #[error("no runtime could be made for the sandbox: {0}")]
    Runtime(std::io::Error),
    /// The thread panicked: a fault of podlab's, whose place is in the log.
    #[error("the sandbox broke down; podlab's log says where")]
    Broken,
}

/// Starts a cluster on fast time, gives `work` a client and the cluster's clock, and ends the cluster with it.
///
/// Dropping the returned future ends the work at its next await point, and the cluster with it.
pub async fn with_cluster<W, F, T>(
    config: Config,
    epoch: Timestamp,
    seed: u64,
    work: W,
) -> Result<T, FastError>
where
    W: FnOnce(kube::Client, Arc<dyn Clock>) -> F + Send + 'static,
    F: Future<Output = T>,
    T: Send + 'static,
{
    let (mut answer, answered) = oneshot::channel();
    let body = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = answer.send(Err(FastError::Runtime(error)));
                return;
            }
        };
        runtime.block_on(async move {
            let env = Env::on_current_runtime(epoch, seed);
            let cluster = Cluster::start(config, env.clone());
            let client = in_process::client(&cluster);
            tokio::select! {
                result = work(client, env.clock) => {
                    let _ = answer.send(Ok(result));
                }
                () = answer.closed() => {}
            }
            cluster.shutdown();
        });
    };
    thread::Builder::new().name("podlab-sandbox".into()).spawn(body).map_err(FastError::Thread)?;
    answered.await.unwrap_or(Err(FastError::Broken))
}
