//! Every test.

use std::process::Command;

use crate::{Result, browser, machine, process, say, server::cargo, workspace::Workspace};

/// Runs all tests, or the part that `rest` names.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result {
    match rest.first().map(String::as_str) {
        None => {
            browser::build(workspace)?;
            crates(workspace)?;
            pages(workspace)
        }
        Some("unit") => crates(workspace),
        Some("browser") => browser::build(workspace).and_then(|()| pages(workspace)),
        Some(other) => Err(format!("there is no part '{other}': the parts are unit and browser")),
    }
}

/// Formatting and lints.
pub(crate) fn lint(workspace: &Workspace) -> Result {
    say("Checking format and lints");
    process::run(cargo(workspace).args(["fmt", "--all", "--check"]))?;
    process::run(cargo(workspace).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// The crates' own tests: units, content, HTTP, database, real kubectl.
fn crates(workspace: &Workspace) -> Result {
    let kubectl = machine::kubectl(workspace)?;
    let busybox = machine::busybox()?;
    let python_client = machine::python_client(workspace)?;
    let javascript_client = machine::javascript_client(workspace)?;
    say("Testing the crates");
    process::run(
        cargo(workspace)
            .args(["test", "--workspace", "--no-fail-fast"])
            .env("PODLAB_KUBECTL", kubectl)
            .env("PODLAB_BUSYBOX", busybox)
            .env("PODLAB_PYTHON", "python3")
            .env("PYTHONPATH", python_client)
            .env("PODLAB_NODE_CLIENT", javascript_client),
    )
}

/// The pages in a real browser, over made-up answers and against the real server.
fn pages(workspace: &Workspace) -> Result {
    let chromium = machine::chromium()?;
    say("Testing the pages in Chromium");
    // As for the crates' tests, which make programs and examples too: other features would compile everything twice.
    process::run(cargo(workspace).args(["test", "--workspace", "--no-run"]))?;
    process::run(
        Command::new("node")
            .current_dir(workspace.js())
            .args(["--test", "--test-concurrency=1"])
            .env("CARGO_TARGET_DIR", &workspace.target)
            .env("PODLAB_CHROMIUM", chromium),
    )
}
