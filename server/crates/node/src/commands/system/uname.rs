//! `uname`, `arch`: what system it is.

use crate::{
    commands::Cx,
    kernel::{procfs::machine, wait::lock},
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "amnrspvio",
    long: &[
        ("all", b'a'),
        ("kernel-name", b's'),
        ("nodename", b'n'),
        ("kernel-release", b'r'),
        ("kernel-version", b'v'),
        ("machine", b'm'),
        ("processor", b'p'),
        ("hardware-platform", b'i'),
        ("operating-system", b'o'),
    ],
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, "[-amnrspvio]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if let Some(extra) = opts.operands.first() {
        if cx.is_gnu() {
            cx.error(format!("extra operand '{}'", String::from_utf8_lossy(extra))).await;
        }
        return cx.bad_usage("[-amnrspvio]").await;
    }
    let host = String::from_utf8_lossy(&lock(&cx.process.container.hostname)).into_owned();
    let all = opts.has(b'a');
    let system =
        if cx.process.container.libc == crate::kernel::errno::Libc::Musl { "Linux" } else { "GNU/Linux" };
    let parts = [
        (b's', "Linux", all || opts.given.is_empty()),
        (b'n', &host, all),
        (b'r', machine::RELEASE, all),
        (b'v', machine::VERSION, all),
        (b'm', "x86_64", all),
        (b'p', "unknown", false),
        (b'i', "unknown", false),
        (b'o', system, all),
    ];
    let shown: Vec<&str> = parts
        .iter()
        .filter(|(letter, _, wanted)| *wanted || opts.has(*letter))
        .map(|(_, text, _)| *text)
        .collect();
    cx.put(shown.join(" ") + "\n");
    cx.finish(0).await
}

pub(in crate::commands) async fn arch(mut cx: Cx) -> u8 {
    cx.put("x86_64\n");
    cx.finish(0).await
}
