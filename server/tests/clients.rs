//! Official clients of other languages against `podlab cluster`: their programs are in `clients/`.
//!
//! `PODLAB_PYTHON` is a Python that has the package `kubernetes`; `PODLAB_NODE_CLIENT` a folder whose `node_modules` has
//! `@kubernetes/client-node`. Where they are not given the tests say so and pass; under `CI` they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "it says what it skips")]

mod support;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use support::{Folder, podlab};

/// A cluster that is being served, and its kubeconfig.
struct Cluster {
    folder: Folder,
    server: Child,
}

impl Cluster {
    fn start() -> Self {
        let folder = Folder::new();
        let mut server = podlab()
            .args(["cluster", "--listen", "127.0.0.1:0", "--kubeconfig"])
            .arg(folder.path("kubeconfig"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("ready"), "{line}");
        Self { folder, server }
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path("kubeconfig")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What an environment variable names, or nothing where it may be missing.
fn installed(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    assert!(path.is_some() || std::env::var_os("CI").is_none(), "{variable} is not set");
    if path.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    path
}

fn client(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(path)
}

fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn the_official_python_client_works() {
    let Some(python) = installed("PODLAB_PYTHON") else { return };
    let cluster = Cluster::start();
    passes(Command::new(python).arg(client("python/test_client.py")).arg(cluster.kubeconfig()));
}

#[test]
fn the_official_javascript_client_works() {
    let Some(folder) = installed("PODLAB_NODE_CLIENT") else { return };
    let cluster = Cluster::start();
    // Node looks for packages beside the program.
    let program = cluster.folder.path("client.test.mjs");
    std::fs::copy(client("javascript/client.test.mjs"), &program).unwrap();
    let modules = cluster.folder.path("node_modules");
    std::os::unix::fs::symlink(folder.join("node_modules"), modules).unwrap();
    passes(Command::new("node").arg("--test").arg(program).env("KUBECONFIG", cluster.kubeconfig()));
}
