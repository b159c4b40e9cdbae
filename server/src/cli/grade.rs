//! `podlab grade`: grading without a browser.

mod text;

use std::{io::Read as _, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, ValueEnum};

use super::{ClusterArgument, ContentArgument, Failure, NOT_PASSED};
use crate::{
    grading::{Ground, Work},
    lab::MANIFEST_LIMIT,
};

/// Arguments of `podlab grade`.
///
/// The exit code is 0 when all checks pass, 1 when not, and 2 when podlab or the cluster is at fault or the command is
/// wrong.
#[derive(Debug, Args)]
#[command(after_help = "Exit code: 0 all checks pass, 1 not all, 2 our fault or wrong use")]
pub(super) struct Grade {
    /// The exercise; `podlab exercises list` names them
    exercise: String,
    /// A manifest, or - for standard input; several make one submission [default: -]
    #[arg(short, long = "filename", value_name = "FILE")]
    file: Vec<PathBuf>,
    /// How to print the verdict
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    cluster: ClusterArgument,
    #[command(flatten)]
    content: ContentArgument,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, as the checks are decided
    Text,
    /// One JSON object, when all is decided
    Json,
}

impl Grade {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let content = Arc::new(self.content.load()?);
        super::exercise(&content, &self.exercise)?;
        let manifest = read(&self.file)?;
        // Nothing of this run is there to be found by the next one: what it leaves when it is killed goes with its age.
        let run = format!("command-{:016x}", rand::random::<u64>());
        let ground = Ground::of(&self.cluster.cluster, &run).await?;
        let work = Work { exercise: self.exercise, manifest, owner: "command".into() };
        let verdict = match self.format {
            Format::Text => {
                let verdict = ground.grade(content, work, text::progress).await?;
                text::sum(&verdict);
                verdict
            }
            Format::Json => {
                let verdict = ground.grade(content, work, |_| {}).await?;
                println!("{}", serde_json::to_string_pretty(&verdict)?);
                verdict
            }
        };
        Ok(match () {
            () if verdict.passed => ExitCode::SUCCESS,
            () if text::is_at_fault(&verdict) => ExitCode::from(super::FAULT),
            () => ExitCode::from(NOT_PASSED),
        })
    }
}

/// All files as one submission. A file larger than any submission is not read to its end: the grader refuses it all the same.
fn read(files: &[PathBuf]) -> Result<Vec<u8>, Failure> {
    let standard_input = [PathBuf::from("-")];
    let files = if files.is_empty() { &standard_input[..] } else { files };
    let mut submission = Vec::new();
    for file in files {
        if !submission.is_empty() {
            if !submission.ends_with(b"\n") {
                submission.push(b'\n');
            }
            submission.extend_from_slice(b"---\n");
        }
        let limit = u64::try_from(MANIFEST_LIMIT).unwrap_or(u64::MAX) + 1;
        let failed = |e: std::io::Error| format!("{} cannot be read: {e}", file.display());
        if file.as_os_str() == "-" {
            std::io::stdin().take(limit).read_to_end(&mut submission).map_err(failed)?;
        } else {
            std::fs::File::open(file)
                .map_err(failed)?
                .take(limit)
                .read_to_end(&mut submission)
                .map_err(failed)?;
        }
    }
    Ok(submission)
}
