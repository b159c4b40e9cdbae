//! The figures.

use std::process::Command;

use crate::{Result, browser, process, server, workspace::Workspace};

/// Prints the figures of the release build: `podlab bench` measures, and knows the site's sizes.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result {
    browser::build(workspace)?;
    let binary = server::build_release(workspace)?;
    process::run(Command::new(binary).current_dir(&workspace.root).arg("bench").args(rest))
}
