//! `run-parts`: runs the programs of a directory, in the order of their names.

use bytes::Bytes;

use super::{spawn, wait};
use crate::{
    commands::Cx,
    kernel::{
        creds::EXECUTE,
        fs::{FileType, join},
    },
    libc::getopt::OptSpec,
};

const USAGE: &str = "[-a ARG]... [-u UMASK] [--reverse] [--test] [--exit-on-error] DIRECTORY

Run a bunch of scripts in DIRECTORY

	-a ARG		Pass ARG as argument to scripts
	-u UMASK	Set UMASK before running scripts
	--reverse	Reverse execution order
	--test		Dry run
	--exit-on-error	Exit if a script exits with non-zero";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "a:u:v",
        long: &[
            ("arg=", b'a'),
            ("umask=", b'u'),
            ("test", b't'),
            ("list", b't'),
            ("reverse", b'r'),
            ("exit-on-error", b'e'),
            ("verbose", b'v'),
            ("report", b'R'),
            ("regex=", b'x'),
        ],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let [dir] = &opts.operands[..] else {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage(USAGE).await;
    };
    if let Some(mask) =
        opts.value(b'u').and_then(|text| u16::from_str_radix(std::str::from_utf8(text).ok()?, 8).ok())
    {
        cx.process.set_umask(mask & 0o777);
    }
    let entries = match cx.process.list(dir) {
        Ok(entries) => entries,
        Err(errno) => {
            let (shown, text) = (String::from_utf8_lossy(dir).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("failed to open directory {shown}: {text}")).await,
                false => cx.error(format!("{shown}: {text}")).await,
            }
            // busybox has run all that there was.
            return u8::from(cx.is_gnu());
        }
    };
    // Names of other characters are backups and the like.
    let plain =
        |name: &[u8]| name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let mut paths: Vec<Bytes> = entries
        .into_iter()
        .filter(|(name, _)| plain(name))
        .map(|(name, _)| join(dir, &name).into())
        .collect();
    paths.retain(|path| {
        let regular = cx.process.stat(path, true).is_ok_and(|stat| stat.file_type == FileType::Regular);
        regular && cx.process.access(path, EXECUTE).is_ok()
    });
    paths.sort_unstable();
    if opts.has(b'r') {
        paths.reverse();
    }
    let mut code = 0;
    for path in paths {
        if opts.has(b't') {
            cx.put(&path);
            cx.put("\n");
            continue;
        }
        let argv: Vec<Bytes> = std::iter::once(path.clone()).chain(opts.values(b'a').cloned()).collect();
        let status = match spawn(&mut cx, &argv, |_| {}).await {
            Ok(child) => wait(&cx, &child).await,
            Err(status) => status,
        };
        if status == 0 {
            continue;
        }
        code = 1;
        let shown = String::from_utf8_lossy(&path).into_owned();
        match cx.is_gnu() {
            true => cx.error(format!("{shown} exited with return code {status}")).await,
            false => cx.error(format!("{shown}: exit status {status}")).await,
        }
        if opts.has(b'e') {
            break;
        }
    }
    cx.finish(code).await
}
