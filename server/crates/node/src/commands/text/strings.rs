//! `strings`: what can be read in files that are not text (POSIX XCU strings).

use super::super::{Cx, number};
use crate::libc::getopt::OptSpec;

const SPEC: OptSpec = OptSpec {
    short: "an:t:fo",
    long: &[("all", b'a'), ("bytes=", b'n'), ("radix=", b't'), ("print-file-name", b'f')],
};
const USAGE: &str = "[-fo] [-t o|d|x] [-n LEN] [FILE]...";
/// The longest text that is kept in memory before it is printed.
const MAX_KEPT: usize = 64 * 1024;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    // `strings -8` is `strings -n 8`.
    for arg in &mut cx.args {
        if arg.len() > 1 && arg[0] == b'-' && arg[1..].iter().all(u8::is_ascii_digit) {
            *arg = [b"-n", &arg[1..]].concat().into();
        }
    }
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let least = match opts.value(b'n').map(|text| (text, number::parse::<usize>(text))) {
        None => 4,
        Some((_, Some(least))) if (1..=MAX_KEPT).contains(&least) => least,
        Some((text, _)) if cx.is_gnu() => {
            let shown = String::from_utf8_lossy(text).into_owned();
            cx.error(format!("invalid minimum string length {shown}")).await;
            return 1;
        }
        Some((text, _)) => return cx.bad_number(text).await,
    };
    let radix = match (opts.value(b't').map(|radix| &radix[..]), opts.has(b'o')) {
        (None, false) => None,
        (None, true) => Some(b'o'),
        (Some([radix @ (b'o' | b'd' | b'x')]), _) => Some(*radix),
        (Some(_), _) => return cx.bad_usage(USAGE).await,
    };
    let mut code = 0;
    for path in Cx::inputs(opts.operands.clone()) {
        let file = match cx.open(&path).await {
            Ok(file) => file,
            Err(errno) => {
                let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                match cx.is_gnu() {
                    true if errno == crate::kernel::errno::Errno::ENOENT => {
                        cx.error(format!("'{shown}': No such file")).await;
                    }
                    _ => cx.error(format!("{shown}: {text}")).await,
                }
                code = 1;
                continue;
            }
        };
        let prefix = match (opts.has(b'f'), &*path) {
            (false, _) => Vec::new(),
            (true, b"-") => b"{standard input}: ".to_vec(),
            (true, path) => [path, b": "].concat(),
        };
        let (mut found, mut offset, mut start) = (Vec::new(), 0u64, 0u64);
        loop {
            let bytes = match cx.read(&file).await {
                Ok(bytes) => bytes,
                Err(errno) => {
                    cx.file_error(&path, errno).await;
                    code = 1;
                    break;
                }
            };
            let at_end = bytes.is_empty();
            for byte in bytes.iter().copied().chain(at_end.then_some(0)) {
                if matches!(byte, b' '..=b'~' | b'\t') {
                    if found.is_empty() {
                        start = offset;
                    }
                    found.push(byte);
                    if found.len() > MAX_KEPT {
                        // What is longer goes on in another line: nobody reads it anyhow, and it must not grow.
                        put(&mut cx, &prefix, radix, start, &found);
                        found.clear();
                    }
                } else {
                    if found.len() >= least {
                        put(&mut cx, &prefix, radix, start, &found);
                    }
                    found.clear();
                }
                offset += 1;
            }
            if !cx.drain().await {
                return cx.finish(1).await;
            }
            if at_end {
                break;
            }
        }
    }
    cx.finish(code).await
}

fn put(cx: &mut Cx, prefix: &[u8], radix: Option<u8>, start: u64, text: &[u8]) {
    cx.put(prefix);
    match radix {
        Some(b'o') => cx.put(format!("{start:7o} ")),
        Some(b'x') => cx.put(format!("{start:7x} ")),
        Some(_) => cx.put(format!("{start:7} ")),
        None => {}
    }
    cx.put(text);
    cx.put("\n");
}
