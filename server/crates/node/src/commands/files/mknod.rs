//! `mknod`: makes named pipes; devices are not for containers.

use super::super::Cx;
use crate::{
    kernel::errno::Errno,
    libc::{getopt::OptSpec, mode},
};

const USAGE: &str = "[-m MODE] NAME TYPE [MAJOR MINOR]

Create a special file (block, character, or pipe)

	-m MODE	Creation mode (default a=rw)
TYPE:
	b	Block device
	c or u	Character device
	p	Named pipe (MAJOR MINOR must be omitted)";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "m:", long: &[("mode=", b'm')] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mode = match opts.value(b'm').map(|text| (text, mode::apply(text, 0o666, false, cx.process.umask())))
    {
        None => 0o666,
        Some((_, Some(mode))) => mode,
        Some((text, None)) => {
            let shown = String::from_utf8_lossy(text).into_owned();
            cx.error(format!("invalid mode '{shown}'")).await;
            return 1;
        }
    };
    let [path, kind, numbers @ ..] = &opts.operands[..] else {
        if cx.is_gnu() {
            let message = match opts.operands.first() {
                None => "missing operand".to_owned(),
                Some(path) => format!("missing operand after '{}'", String::from_utf8_lossy(path)),
            };
            cx.error(message).await;
        }
        return cx.bad_usage(USAGE).await;
    };
    let made = match (&kind[..], numbers) {
        (b"p", []) => cx.process.mkfifo(path, mode),
        (b"b" | b"c" | b"u", [_, _]) if cx.process.stat(path, false).is_ok() => Err(Errno::EEXIST),
        (b"b" | b"c" | b"u", [_, _]) => Err(Errno::EPERM),
        _ => {
            if cx.is_gnu() {
                let last = String::from_utf8_lossy(numbers.last().unwrap_or(kind));
                let message = match (&kind[..], numbers) {
                    (b"p", [extra, ..]) => format!("extra operand '{}'", String::from_utf8_lossy(extra)),
                    (_, [] | [_]) => format!(
                        "missing operand after '{last}'\nSpecial files require major and minor device numbers."
                    ),
                    _ => format!("invalid device type '{}'", String::from_utf8_lossy(kind)),
                };
                cx.error(message).await;
            }
            return cx.bad_usage(USAGE).await;
        }
    };
    match made {
        Ok(()) => 0,
        Err(errno) => {
            cx.file_error(path, errno).await;
            1
        }
    }
}
