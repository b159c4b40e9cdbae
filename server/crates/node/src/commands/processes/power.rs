//! `reboot`, `halt`, `poweroff` (busybox): they ask process 1, which in a container is whatever it runs.

use crate::{
    commands::Cx,
    kernel::{errno::Errno, signal::Signal},
    libc::getopt::OptSpec,
};

const USAGE: &str = "[-d DELAY] [-nfw]";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "d:nfwi", long: &[] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.has(b'w') {
        return 0;
    }
    let asked = if opts.has(b'f') {
        // The kernel itself is not for containers to ask (`CAP_SYS_BOOT`).
        Err(Errno::EPERM)
    } else {
        let signal = match cx.name.as_str() {
            "halt" => Signal::USR1,
            "poweroff" => Signal::USR2,
            _ => Signal::TERM,
        };
        cx.process.kill(1, Some(signal))
    };
    match asked {
        Ok(()) => 0,
        Err(errno) => {
            let text = cx.text(errno);
            cx.error(text).await;
            1
        }
    }
}
