//! `podlab bench`: the figures, as one table. Nothing here is a test: what is too slow is for a person to say.

mod memory;
mod page;
mod verdicts;

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{ContentArgument, Failure};

/// Arguments of `podlab bench`.
#[derive(Debug, Args)]
pub(super) struct Bench {
    /// How often each measurement is repeated
    #[arg(long, value_name = "N", default_value_t = 20)]
    times: usize,
    /// How many learners' clusters to hold at once
    #[arg(long, value_name = "N", default_value_t = 100)]
    learners: usize,
    /// The folder of the pages' scripts and styles [default: beside this program]
    #[arg(long, value_name = "DIR", env = "PODLAB_SITE")]
    site: Option<PathBuf>,
    #[command(flatten)]
    content: ContentArgument,
}

impl Bench {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let content = self.content.load()?;
        memory::print_idle();
        match crate::site::find(self.site) {
            Ok(site) => {
                page::print_start(&site, self.times).await?;
                page::print_sizes(&site)?;
            }
            Err(why) => println!("pages: not measured: {why}"),
        }
        verdicts::print(&content, self.times).await?;
        memory::print_clusters(&content, self.learners).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// One line of the table: what, how much, and the aim where there is one.
fn row(what: &str, value: &str, aim: &str) {
    println!("{what:<58} {value:>22}   {aim}");
}

/// The middle of `values`, and the value that a twentieth of them exceed.
fn median_and_p95(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at =
        |part: usize| values.get((values.len() * part / 100).min(values.len().saturating_sub(1))).copied();
    (at(50).unwrap_or(f64::NAN), at(95).unwrap_or(f64::NAN))
}
