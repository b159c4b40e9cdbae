//! Runs small scripts in a simulated busybox container and with the real busybox of this machine, and compares what
//! comes out: standard output, standard error, exit code.
//!
//! The scripts are in `scripts/*.txt`, one file a subject, with a line of `---` between two. A file that begins with
//! `-- all` has a preamble before its first `---`, which begins each of its scripts. They use nothing but their working
//! directory (a temporary one on the real side): what could do harm outside of it is refused before anything runs.
//! `-- not: WHY` keeps a script that is known to differ, with the reason; that one fails when it no longer differs.
//!
//! Where busybox is missing the test says so and passes, unless `CI` is set. `PODLAB_BUSYBOX=PATH` names another one;
//! `PODLAB_DIFFERENTIAL=TEXT` runs only the subjects whose name contains the text.

mod outcome;
mod real;
mod script;
mod simulated;

use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn scripts_give_what_busybox_gives() {
    let Some(busybox) = real::Busybox::find() else {
        assert!(std::env::var_os("CI").is_none(), "busybox is missing (package busybox-static)");
        eprintln!("skipped: no busybox on this machine (package busybox-static)");
        return;
    };
    let scripts = Arc::new(script::all(&std::env::var("PODLAB_DIFFERENTIAL").unwrap_or_default()));
    let real = {
        let scripts = Arc::clone(&scripts);
        std::thread::spawn(move || busybox.run_all(&scripts))
    };
    let ours = simulated::run_all(&scripts).await;
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
