//! `du`: how much space trees take.

use std::collections::HashSet;

use crate::{
    commands::{Cx, number},
    kernel::fs::{FileType, join},
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "aHLd:sclxhmkbS",
    long: &[
        ("all", b'a'),
        ("max-depth=", b'd'),
        ("summarize", b's'),
        ("total", b'c'),
        ("human-readable", b'h'),
        ("bytes", b'b'),
        ("apparent-size", b'A'),
        ("one-file-system", b'x'),
    ],
};
/// How deep trees are measured.
const MAX_DEPTH: usize = 1024;

enum Step {
    Visit(Vec<u8>, usize),
    /// A directory whose entries have been added up.
    Leave(Vec<u8>, usize),
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, "[-aHLdclsxhmk] [FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut deepest = usize::MAX;
    if let Some(text) = opts.value(b'd') {
        match number::parse(text) {
            Some(depth) => deepest = depth,
            None if cx.is_gnu() => {
                cx.error(format!("invalid maximum depth '{}'", String::from_utf8_lossy(text))).await;
                return cx.bad_usage("").await;
            }
            None => return cx.bad_number(text).await,
        }
    }
    if opts.has(b's') {
        deepest = 0;
    }
    let bytes_wanted = opts.has(b'b') && cx.is_gnu();
    let apparent = bytes_wanted || opts.has(b'A');
    let (human, mega, gnu) = (opts.has(b'h'), opts.has(b'm'), cx.is_gnu());
    let show = |bytes: u64| match (human, gnu) {
        _ if bytes_wanted => bytes.to_string(),
        (true, true) => number::human_gnu(bytes),
        (true, false) => number::human(bytes),
        _ if mega => bytes.div_ceil(1 << 20).to_string(),
        _ => bytes.div_ceil(1024).to_string(),
    };
    let mut seen: HashSet<(u32, u64)> = HashSet::new();
    let mut grand = 0;
    let mut code = 0;
    let operands = if opts.operands.is_empty() { vec![".".into()] } else { opts.operands.clone() };
    for operand in operands {
        // The sums of the directories that are open.
        let mut sums: Vec<u64> = vec![0];
        let mut steps = vec![Step::Visit(operand.to_vec(), 0)];
        while let Some(step) = steps.pop() {
            cx.process.work(2).await;
            match step {
                Step::Visit(path, depth) => {
                    let stat = match cx.process.stat(&path, opts.has(b'L') || (depth == 0 && opts.has(b'H')))
                    {
                        Ok(stat) => stat,
                        Err(errno) => {
                            let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                            match gnu {
                                true => cx.error(format!("cannot access '{shown}': {text}")).await,
                                false => cx.error(format!("{shown}: {text}")).await,
                            }
                            code = 1;
                            continue;
                        }
                    };
                    if stat.links > 1
                        && stat.file_type != FileType::Directory
                        && !opts.has(b'l')
                        && !seen.insert((stat.device, stat.ino))
                    {
                        continue;
                    }
                    let own = if apparent { stat.size } else { stat.blocks * 512 };
                    if stat.file_type == FileType::Directory && depth < MAX_DEPTH {
                        sums.push(own);
                        steps.push(Step::Leave(path.clone(), depth));
                        match cx.process.list(&path) {
                            Ok(entries) => {
                                let children = entries.into_iter().rev();
                                steps.extend(
                                    children.map(|(name, _)| Step::Visit(join(&path, &name), depth + 1)),
                                );
                            }
                            Err(errno) => {
                                let (shown, text) =
                                    (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                                match gnu {
                                    true => {
                                        cx.error(format!("cannot read directory '{shown}': {text}")).await
                                    }
                                    false => cx.error(format!("can't open '{shown}': {text}")).await,
                                }
                                code = 1;
                            }
                        }
                        continue;
                    }
                    if let Some(sum) = sums.last_mut() {
                        *sum += own;
                    }
                    if depth == 0 || (opts.has(b'a') && depth <= deepest) {
                        cx.put(format!("{}\t", show(own)));
                        cx.put(path);
                        cx.put("\n");
                    }
                }
                Step::Leave(path, depth) => {
                    let sum = sums.pop().unwrap_or(0);
                    if let Some(above) = sums.last_mut() {
                        *above += sum;
                    }
                    if depth <= deepest {
                        cx.put(format!("{}\t", show(sum)));
                        cx.put(path);
                        cx.put("\n");
                    }
                }
            }
            if !cx.drain().await {
                return cx.finish(1).await;
            }
        }
        grand += sums.first().copied().unwrap_or(0);
    }
    if opts.has(b'c') {
        cx.put(format!("{}\ttotal\n", show(grand)));
    }
    cx.finish(code).await
}
