//! `podlab bench`: the figures.
use std::process::ExitCode;
use clap::Args;
use super::Failure;
/// Arguments of `podlab bench`.
#[derive(Debug, Args)]
pub(super) struct Bench {}
impl Bench {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> { Ok(ExitCode::SUCCESS) }
}
