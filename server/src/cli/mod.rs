//! The command line: one file a subcommand.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what a command answers goes to the terminal")]

mod bench;
mod cluster;
mod exercises;
mod grade;
mod run;
mod serve;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use podlab_exercises::content::{Content, ExerciseContent};

use crate::clusters::Source;

/// A learning lab and exercise grader for Kubernetes multi-container Pods.
///
/// podlab shows exercises in the browser, applies what you submit to a cluster, looks at what comes of it, and says which
/// requirements hold, which do not, and why. It brings its own simulated cluster, so nothing else is needed; it
/// grades on a real one where you ask for it with --cluster.
#[derive(Debug, Parser)]
#[command(
    name = "podlab",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the lab to browsers
    Serve(serve::Serve),
    /// Grade an answer to an exercise, without a browser
    Grade(grade::Grade),
    /// List the exercises, or prove that they are sound
    Exercises(exercises::Exercises),
    /// Run the embedded cluster on its own, for kubectl and other clients
    Cluster(cluster::Cluster),
    /// Run one simulated container in this terminal
    Run(run::Run),
    /// Measure this build and print the figures
    Bench(bench::Bench),
}

/// Where answers are graded.
#[derive(Clone, Debug, Args)]
struct ClusterArgument {
    /// The cluster that answers are graded on
    ///
    /// auto: the embedded cluster. embedded: podlab's own cluster, simulated, a fresh one for each answer. kubeconfig: the
    /// current context of your kubeconfig. kubeconfig:CONTEXT: another context of it. in-cluster: the cluster that
    /// podlab runs in, by its service account. On a real cluster each answer gets a namespace of its own, which is
    /// removed afterwards.
    #[arg(long, value_name = "CLUSTER", default_value = "auto", env = "PODLAB_CLUSTER")]
    cluster: Source,
}

/// Where the exercises come from.
#[derive(Clone, Debug, Args)]
struct ContentArgument {
    /// Load the exercises from this folder instead of those that are built in
    #[arg(long = "exercises", value_name = "DIR", env = "PODLAB_EXERCISES", global = true)]
    folder: Option<std::path::PathBuf>,
}

impl ContentArgument {
    fn load(&self) -> Result<Content, Failure> {
        Ok(match &self.folder {
            Some(folder) => Content::from_directory(folder)?,
            None => Content::embedded()?,
        })
    }
}

/// The exercise of this name, or what there is instead.
fn exercise<'a>(content: &'a Content, name: &str) -> Result<&'a ExerciseContent, Failure> {
    content.exercise(name).ok_or_else(|| {
        let names: Vec<&str> =
            content.exercises.iter().map(|exercise| exercise.exercise.name.as_str()).collect();
        Failure(format!("there is no exercise called '{name}'; there are {}", names.join(", ")))
    })
}

/// What went wrong, for the person at the terminal. The exit code is 2: not a failed exercise, but podlab's fault or
/// wrong use.
#[derive(Debug)]
pub struct Failure(String);

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// The exit code of a failed exercise.
const NOT_PASSED: u8 = 1;

/// The exit code of podlab's own faults and of wrong use, as clap has it too.
const FAULT: u8 = 2;

impl Cli {
    /// Runs the command and gives the exit code.
    pub async fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Serve(serve) => serve.run().await,
            Command::Grade(grade) => grade.run().await,
            Command::Exercises(exercises) => exercises.run().await,
            Command::Cluster(cluster) => cluster.run().await,
            Command::Run(run) => run.run().await,
            Command::Bench(bench) => bench.run().await,
        };
        result.unwrap_or_else(|Failure(message)| {
            eprintln!("podlab: {message}");
            ExitCode::from(FAULT)
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
