//! `which`: where a program lies.

use crate::{
    commands::Cx,
    kernel::{
        creds::EXECUTE,
        fs::{FileType, join},
    },
    libc::getopt::OptSpec,
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "+as", long: &[] }, "[-a] COMMAND...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        return if cx.is_gnu() { 1 } else { cx.bad_usage("[-a] COMMAND...").await };
    }
    let path = cx.process.var("PATH").unwrap_or_else(|| "/sbin:/usr/sbin:/bin:/usr/bin".into());
    let mut code = 0;
    for name in &opts.operands {
        let runs = |path: &[u8]| {
            cx.process.stat(path, true).is_ok_and(|stat| stat.file_type == FileType::Regular)
                && cx.process.access(path, EXECUTE).is_ok()
        };
        let found: Vec<Vec<u8>> = if name.contains(&b'/') {
            if runs(name) { vec![name.to_vec()] } else { Vec::new() }
        } else {
            path.split(|byte| *byte == b':').map(|dir| join(dir, name)).filter(|path| runs(path)).collect()
        };
        if found.is_empty() {
            code = 1;
        }
        let most = if opts.has(b'a') { found.len() } else { 1 };
        for path in found.into_iter().take(most) {
            cx.put(path);
            cx.put("\n");
        }
    }
    cx.finish(code).await
}
