//! Serves a cluster on a local port, for real kubectl: `cargo run -p podlab-cluster --example serve -- 8001 [KUBECONFIG]`.
//! `podlab cluster` does the same with care; this is for working on the crate alone.
#![expect(
    clippy::disallowed_methods,
    reason = "a program, not the cluster: it may open a socket and read the clock"
)]
#![expect(clippy::print_stdout, reason = "a program")]

use std::{error::Error, time::Duration};

use axum::Router;
use podlab_cluster::{Cluster, Config};
use podlab_node::Env;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_else(|| "8001".into()).parse()?;
    let kubeconfig = arguments.next().unwrap_or_else(|| "kubeconfig".into());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let seed = jiff::Timestamp::now().as_nanosecond() as u64;
        let cluster =
            Cluster::start(Config::default(), Env::on_current_runtime(jiff::Timestamp::now(), seed));
        let app = Router::new().nest("/k8s/secret", cluster.router());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        std::fs::write(&kubeconfig, kubeconfig_text(port))?;
        println!("kubectl --kubeconfig {kubeconfig} get namespaces");
        axum::serve(listener, app).await?;
        tokio::time::sleep(Duration::ZERO).await;
        Ok(())
    })
}

fn kubeconfig_text(port: u16) -> String {
    format!(
        r#"apiVersion: v1
kind: Config
clusters:
- name: podlab
  cluster: {{server: "http://127.0.0.1:{port}/k8s/secret"}}
contexts:
- name: podlab
  context: {{cluster: podlab, user: podlab}}
current-context: podlab
users:
- name: podlab
  user: {{}}
"#
    )
}
