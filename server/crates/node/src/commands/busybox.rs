//! busybox: one program with many names.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;

use super::{Cx, Flavor, base_name, network::classic_nslookup, run_applet};
use crate::{
    env::BoxFuture,
    images::base::busybox_applets,
    kernel::{
        fs::file_name,
        process::{Outcome, Process},
    },
    shell::{self, Dialect},
};

/// How it introduces itself.
pub(crate) const BANNER: &str = "BusyBox v1.37.0 (2025-01-17 18:12:05 UTC) multi-call binary.";

/// The names of all applets, sorted.
static APPLETS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut names = busybox_applets();
    names.sort_unstable();
    names
});

/// Runs the applet that the program was called as, or that its first argument names.
pub(crate) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    let argv = process.argv();
    let name = argv.first().map_or(&b""[..], |name| file_name(name));
    let applet = String::from_utf8_lossy(name);
    let applet = applet.trim_start_matches('-');
    if applet == "busybox" {
        return Box::pin(by_argument(process));
    }
    run(process, applet, argv.iter().skip(1).cloned().collect())
}

/// A release before 1.29, whose `nslookup` is another one.
pub(crate) fn old_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    let argv = process.argv();
    let mut words = argv.iter();
    let called = |name: Option<&Bytes>| name.map_or_else(String::new, |name| base_name(name));
    let mut name = called(words.next());
    if name == "busybox" {
        name = called(words.next());
    }
    if name != "nslookup" {
        return main(process);
    }
    let cx = Cx::new(Arc::clone(&process), &name, words.cloned().collect(), Flavor::Busybox);
    Box::pin(async move { Outcome::Exit(classic_nslookup::run(cx).await) })
}

fn run(process: Arc<Process>, applet: &str, args: Vec<Bytes>) -> BoxFuture<Outcome> {
    // What other packages bring is no applet, though podlab runs it.
    let is_applet = APPLETS.binary_search(&applet).is_ok();
    match applet {
        "sh" | "ash" => return shell::main(process, Dialect::Ash),
        "[" | "[[" => return run(process, "test", args),
        _ => {}
    }
    match run_applet(Arc::clone(&process), applet, args).filter(|_| is_applet) {
        Some(running) => running,
        None => {
            let message = format!("{applet}: applet not found\n");
            Box::pin(async move {
                let _ = process.write(2, message).await;
                Outcome::Exit(127)
            })
        }
    }
}

async fn by_argument(process: Arc<Process>) -> Outcome {
    let argv = process.argv();
    match argv.get(1).map(|name| String::from_utf8_lossy(name).into_owned()).as_deref() {
        None | Some("--help") => {
            let text = format!("{BANNER}\n{HELP}");
            let _ = process.write(1, text).await;
            Outcome::Exit(0)
        }
        Some("--list") => {
            let _ = process.write(1, APPLETS.join("\n") + "\n").await;
            Outcome::Exit(0)
        }
        Some(applet) => {
            // Its own arguments begin one word later.
            process.lock().argv = argv.iter().skip(1).cloned().collect();
            let applet = base_name(applet.as_bytes());
            run(Arc::clone(&process), &applet, argv.iter().skip(2).cloned().collect()).await
        }
    }
}

const HELP: &str = "\
BusyBox is copyrighted by many authors between 1998-2024.
Licensed under GPLv2. See source distribution for detailed
copyright notices.

Usage: busybox [function [arguments]...]
   or: busybox --list
   or: function [arguments]...

\tBusyBox is a multi-call binary that combines many common Unix
\tutilities into a single executable.
";
