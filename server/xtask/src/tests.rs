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
    say("Testing the crates");
    process::run(
        cargo(workspace)
            .args(["test", "--workspace"])
            .env("PODLAB_KUBECTL", kubectl)
            .env("PODLAB_BUSYBOX", busybox),
    )
}

/// The pages in a real browser, against the real server.
fn pages(workspace: &Workspace) -> Result {
    let chromium = machine::chromium()?;
    say("Testing the pages in Chromium");
    process::run(cargo(workspace).args(["build", "--package", "podlab"]))?;
    process::run(
        Command::new("node")
            .current_dir(workspace.js())
            .args(["--test", "--test-concurrency=1", "tests/"])
            .env("PODLAB_BIN", workspace.target.join("debug").join("podlab"))
            .env("PODLAB_CHROMIUM", chromium),
    )
}
