//! `cargo xtask`: set-up, build, run, test and bench, each from nothing on a fresh machine.
//!
//! Every command does what is missing and skips what is done, says what it is doing, and fails with the command
//! that would mend it. Nothing here is needed by the lab itself.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod bench;
mod browser;
mod machine;
mod process;
mod server;
mod stamp;
mod tests;
mod wasm;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

/// What every step returns: nothing, or a message that says what failed and what to do.
type Result<T = ()> = std::result::Result<T, String>;

const USAGE: &str = "\
podlab's set-up, build and test. Each command does all set-up that is missing.

Usage: cargo xtask <COMMAND> [ARGUMENTS]

Commands:
  run [ARGS]    Build the pages and the server, and serve the lab on http://127.0.0.1:3000
                (ARGS go to `podlab serve`, for example: cargo xtask run -- --listen 0.0.0.0:8080)
  test          Run every test: crates, content, real clients, the browser
                (test unit | clients | browser runs one part)
  build         Build the pages and a release binary (build pages: only what the browser loads)
  bench         Print the figures: speed, sizes, memory
  lint          Check formatting and lints
  sqlx          Refresh .sqlx, the description of the queries, after a change to a query or a migration
  setup         Only install what the other commands need
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--").collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    match run(command, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nxtask {command}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, rest: &[String]) -> Result {
    let workspace = Workspace::find()?;
    match command {
        "run" => {
            browser::build(&workspace)?;
            server::run(&workspace, rest)
        }
        "build" => {
            browser::build(&workspace)?;
            if rest == ["pages"] {
                return Ok(());
            }
            server::build_release(&workspace).map(|binary| println!("\nBuilt {}", binary.display()))
        }
        "test" => tests::run(&workspace, rest),
        "bench" => bench::run(&workspace, rest),
        "lint" => tests::lint(&workspace),
        "sqlx" => server::describe_queries(&workspace),
        "setup" => {
            wasm::Toolchain::find_or_install(&workspace)?;
            machine::node_packages(&workspace)?;
            machine::chromium()?;
            machine::kubectl(&workspace)?;
            machine::busybox().map(drop)
        }
        "help" | "-h" | "--help" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("there is no command '{other}'\n\n{USAGE}")),
    }
}

/// Says what begins now.
fn say(step: &str) {
    println!("\x1b[1m==>\x1b[0m {step}");
}
