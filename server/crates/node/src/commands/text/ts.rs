//! `ts`: puts the time before each line (moreutils; busybox has it too).

use super::super::{Cx, Lines};
use crate::libc::getopt::OptSpec;

const USAGE: &str = "[-is] [STRFTIME]

Pipe stdin to stdout, add timestamp to each line

	-s	Time since start
	-i	Time since previous line";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "is", long: &[] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let relative = opts.has(b'i') || opts.has(b's');
    let usual: &[u8] = if relative { b"%H:%M:%S" } else { b"%b %d %H:%M:%S" };
    let format = opts.operands.first().map_or_else(|| usual.to_vec(), |format| format.to_vec());
    let zone = if relative { crate::commands::calendar::Zone::utc() } else { cx.zone().await };
    let Ok(input) = cx.process.file(0) else { return 1 };
    let mut lines = Lines::new(input);
    let mut since = cx.process.now();
    loop {
        let line = match lines.next(&mut cx).await {
            Ok(Some(line)) => line,
            Ok(None) => return cx.finish(0).await,
            Err(errno) => {
                cx.file_error(b"-", errno).await;
                return cx.finish(1).await;
            }
        };
        let now = cx.process.now();
        let shown = if relative {
            let seconds = now.as_second() - since.as_second();
            if opts.has(b'i') {
                since = now;
            }
            jiff::Timestamp::from_second(seconds).unwrap_or(now)
        } else {
            now
        };
        let stamp = zone.at(shown).format(&format, false);
        cx.put(stamp);
        cx.put(" ");
        cx.put(&line.text);
        cx.put("\n");
        if !cx.flush().await {
            return cx.finish(1).await;
        }
    }
}
