//! `podlab exercises`: the content.

use std::{process::ExitCode, sync::Arc};

use clap::{Args, Subcommand};
use podlab_exercises::content::{Content, ExerciseContent, prove};

use super::{ContentArgument, Failure, NOT_PASSED};
use crate::grading::{Ground, Work};

/// Arguments of `podlab exercises`.
#[derive(Debug, Args)]
pub(super) struct Exercises {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    content: ContentArgument,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the exercises
    List,
    /// Prove exercises by grading them on the embedded cluster: the starter must fail, each solution pass, each mistake
    /// trip just the checks that it names
    Check {
        /// The exercises to prove [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
}

impl Exercises {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let content = self.content.load()?;
        match self.command {
            Command::List => {
                list(&content);
                Ok(ExitCode::SUCCESS)
            }
            Command::Check { names } => check(content, &names).await,
        }
    }
}

fn list(content: &Content) {
    let width = content.exercises.iter().map(|exercise| exercise.exercise.name.len()).max().unwrap_or(0);
    for ExerciseContent { exercise, .. } in &content.exercises {
        println!("{:width$}  {:>3} min  {}", exercise.name, exercise.minutes, exercise.title);
    }
}

async fn check(content: Content, names: &[String]) -> Result<ExitCode, Failure> {
    for name in names {
        super::exercise(&content, name)?;
    }
    let (ground, content) = (&Ground::embedded(), Arc::new(content));
    let grade = |exercise: &ExerciseContent, manifest: &str| {
        let work = Work {
            exercise: exercise.exercise.name.clone(),
            manifest: manifest.as_bytes().to_vec(),
            owner: "proof".into(),
        };
        ground.grade(Arc::clone(&content), work, |_| {})
    };
    let (mut held, mut failed) = (0_u32, 0_u32);
    prove::check_content(&content, names, grade, |proof| {
        println!("{proof}");
        if proof.holds() { held += 1 } else { failed += 1 }
    })
    .await;
    println!("\n{held} hold, {failed} do not");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(NOT_PASSED) })
}
