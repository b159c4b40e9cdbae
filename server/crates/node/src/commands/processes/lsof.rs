//! `lsof` (busybox): the open files of all processes.

use crate::{
    commands::{Cx, number},
    libc::getopt::OptSpec,
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    if let Err(code) = cx.opts(OptSpec { short: "", long: &[] }, "").await {
        return code;
    }
    let mut pids: Vec<u32> = cx
        .process
        .list(b"/proc")
        .map(|names| names.into_iter().filter_map(|(name, _)| number::parse(&name)).collect())
        .unwrap_or_default();
    let own = cx.process.pid;
    pids.retain(|pid| *pid != own);
    pids.sort_unstable();
    for pid in pids {
        // What has ended meanwhile, or belongs to somebody else, is left out.
        let Ok(program) = cx.process.read_link(format!("/proc/{pid}/exe").as_bytes()) else { continue };
        let Ok(files) = cx.process.list(format!("/proc/{pid}/fd").as_bytes()) else { continue };
        for (number, _) in files {
            let path = [format!("/proc/{pid}/fd/").as_bytes(), &number].concat();
            if let Ok(target) = cx.process.read_link(&path) {
                cx.put(
                    [format!("{pid}\t").as_bytes(), &program, b"\t", &number, b"\t", &target, b"\n"].concat(),
                );
            }
            cx.process.work(1).await;
        }
        if !cx.drain().await {
            break;
        }
    }
    cx.finish(0).await
}
