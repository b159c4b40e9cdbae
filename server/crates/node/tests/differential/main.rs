//! Runs small scripts in simulated containers and with the real tools of this machine, and compares what comes out:
//! standard output, standard error, exit code. Two systems are compared: busybox (with its shell), and Debian (bash,
//! dash, the GNU tools and mawk).
//!
//! The scripts are in `scripts/SYSTEM/*.txt`, one file a subject, with a line of `---` between two. A file that begins
//! with `-- all` has a preamble before its first `---`, which begins each of its scripts. They use nothing but their
//! working directory (a temporary one on the real side): what could do harm outside of it is refused before anything
//! runs. `-- not: WHY` keeps a script that is known to differ, with the reason; that one fails when it no longer
//! differs. Debian's scripts run in bash, but those of subjects called `dash...` in `sh`.
//!
//! Where the real tools are missing the tests say so and pass, unless `CI` is set. `PODLAB_BUSYBOX=PATH` names another
//! busybox; `PODLAB_DIFFERENTIAL=TEXT` runs only the subjects whose name contains the text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "it says what it skips")]
#![allow(clippy::disallowed_methods, reason = "the real side has files, threads and time")]

mod outcome;
mod real;
mod script;
mod simulated;

use std::sync::Arc;

use crate::{real::Real, script::System};

#[tokio::test(start_paused = true)]
async fn scripts_give_what_busybox_gives() {
    compare(System::Busybox).await;
}

#[tokio::test(start_paused = true)]
async fn scripts_give_what_debian_gives() {
    compare(System::Debian).await;
}

async fn compare(system: System) {
    let Some(real) = Real::find(system) else {
        assert!(std::env::var_os("CI").is_none(), "{} missing here", system.needs());
        eprintln!("skipped: {} missing here", system.needs());
        return;
    };
    let scripts = Arc::new(script::all(system, &std::env::var("PODLAB_DIFFERENTIAL").unwrap_or_default()));
    let real = {
        let scripts = Arc::clone(&scripts);
        std::thread::spawn(move || real.run_all(&scripts))
    };
    let ours = simulated::run_all(system, &scripts).await;
    let real = real.join().unwrap();
    let (mut differences, mut agreed_all_the_same) = (Vec::new(), Vec::new());
    for ((script, real), ours) in scripts.iter().zip(real).zip(ours) {
        let place = format!("{}.txt:{}", script.subject, script.line);
        match (real, ours, &script.excused) {
            (Err(late), _, _) | (_, Err(late), _) => {
                differences.push(format!("=== {place}\n{}--- {late}\n", script.text));
            }
            (Ok(real), Ok(ours), None) if real != ours => {
                differences.push(outcome::difference(script, &real, &ours));
            }
            (Ok(real), Ok(ours), Some(why)) if real == ours => {
                agreed_all_the_same.push(format!("{place}: excused ({why})"));
            }
            _ => {}
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {} scripts differ:\n{}",
        differences.len(),
        scripts.len(),
        differences.join("\n")
    );
    assert!(agreed_all_the_same.is_empty(), "no longer different:\n{}", agreed_all_the_same.join("\n"));
}
