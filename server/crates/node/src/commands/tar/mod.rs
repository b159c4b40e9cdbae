//! `tar`: archives (POSIX XCU pax, ustar). `kubectl cp` runs it on both ends.

mod create;
mod extract;
mod header;

use bytes::Bytes;

use super::Cx;
use crate::libc::getopt::{OptSpec, Opts};

const SPEC: OptSpec = OptSpec {
    short: "ctxrf:C:vzjJahmvokOpPT:X:hwi",
    long: &[
        ("create", b'c'),
        ("list", b't'),
        ("extract", b'x'),
        ("get", b'x'),
        ("file=", b'f'),
        ("directory=", b'C'),
        ("verbose", b'v'),
        ("gzip", b'z'),
        ("no-same-owner", b'o'),
        ("no-same-permissions", b'\x01'),
        ("same-permissions", b'p'),
        ("preserve-permissions", b'p'),
        ("keep-old-files", b'k'),
        ("to-stdout", b'O'),
        ("touch", b'm'),
        ("dereference", b'h'),
        ("exclude=", b'\x02'),
        ("strip-components=", b'\x03'),
        ("overwrite", b'\x04'),
        ("numeric-owner", b'\x05'),
        ("absolute-names", b'P'),
        ("files-from=", b'T'),
        ("no-overwrite-dir", b'\x06'),
        ("warning=", b'\x07'),
    ],
};
const USAGE: &str = "c|x|t [-ZzJjahmvokO] [-f TARFILE] [-C DIR] [FILE]...";

/// What is asked for.
#[derive(Debug, Default)]
struct Request {
    /// The archive; `-` is a standard stream.
    archive: Bytes,
    members: Vec<Bytes>,
    exclude: Vec<Bytes>,
    verbose: usize,
    dereference: bool,
    to_stdout: bool,
    keep_old: bool,
    no_mtime: bool,
    no_owner: bool,
    strip: usize,
    absolute: bool,
    /// Through gzip.
    gzip: bool,
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    old_style(&mut cx);
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return if cx.is_gnu() && code == 1 { 64 } else { code },
    };
    let modes: Vec<u8> = b"ctxr".iter().copied().filter(|letter| opts.has(*letter)).collect();
    let [mode] = modes[..] else {
        if cx.is_gnu() {
            let message = match modes.is_empty() {
                true => "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options",
                false => "You may not specify more than one '-Acdtrux', '--delete' or  '--test-label' option",
            };
            cx.error(message).await;
            cx.complain("Try 'tar --help' or 'tar --usage' for more information.\n").await;
            return 2;
        }
        return cx.bad_usage(USAGE).await;
    };
    if let Some(letter) = opts.last_of(b"jJ") {
        // Neither bzip2 nor xz is installed where tar is.
        let program = if letter == b'j' { "bzip2" } else { "xz" };
        let text = cx.text(crate::kernel::errno::Errno::ENOENT);
        match cx.is_gnu() {
            true => {
                cx.error(format!("{program}: Cannot exec: {text}")).await;
                cx.error("Error is not recoverable: exiting now").await;
            }
            false => cx.error(format!("can't execute '{program}': {text}")).await,
        }
        return if cx.is_gnu() { 2 } else { 1 };
    }
    let failure = if cx.is_gnu() { 2 } else { 1 };
    let request = match request(&mut cx, &opts).await {
        Ok(request) => request,
        Err(code) => return code,
    };
    // The archive is opened before the directory is changed.
    let opened = open(&mut cx, &request, mode == b'c').await;
    let file = match opened {
        Ok(file) => file,
        Err(errno) => {
            let (shown, text) = (String::from_utf8_lossy(&request.archive).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => {
                    cx.error(format!("{shown}: Cannot open: {text}")).await;
                    cx.error("Error is not recoverable: exiting now").await;
                }
                false => cx.error(format!("can't open '{shown}': {text}")).await,
            }
            return failure;
        }
    };
    if let Some(dir) = opts.value(b'C')
        && let Err(errno) = cx.process.chdir(dir)
    {
        let (shown, text) = (String::from_utf8_lossy(dir).into_owned(), cx.text(errno));
        match cx.is_gnu() {
            true => {
                cx.error(format!("{shown}: Cannot open: {text}")).await;
                cx.error("Error is not recoverable: exiting now").await;
            }
            false => cx.error(format!("can't change directory to '{shown}': {text}")).await,
        }
        return failure;
    }
    let code = match mode {
        b'c' => create::run(&mut cx, &request, file).await,
        b'r' => {
            cx.error("appending is not supported").await;
            failure
        }
        _ => extract::run(&mut cx, &request, file, mode == b't').await,
    };
    cx.finish(code).await
}

/// `tar xf a.tar`: letters without a dash, each with its argument in turn.
fn old_style(cx: &mut Cx) {
    let Some(first) = cx.args.first().cloned() else { return };
    if first.starts_with(b"-") || first.is_empty() {
        return;
    }
    let mut new: Vec<Bytes> = Vec::new();
    let mut rest = cx.args[1..].iter().cloned();
    for letter in &first {
        new.push(Bytes::copy_from_slice(&[b'-', *letter]));
        if b"fCTX".contains(letter) {
            new.extend(rest.next());
        }
    }
    new.extend(rest);
    cx.args = new;
}

async fn request(cx: &mut Cx, opts: &Opts) -> Result<Request, u8> {
    let mut members = opts.operands.clone();
    if let Some(list) = opts.value(b'T') {
        let read = match cx.open(list).await {
            Ok(file) => cx.read_all(&file).await,
            Err(errno) => Err(errno),
        };
        match read {
            Ok(text) => {
                let text = Bytes::from(text);
                let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                members.extend(lines.map(|line| text.slice_ref(line)));
            }
            Err(errno) => {
                cx.open_error(list, errno).await;
                return Err(1);
            }
        }
    }
    let strip = opts.value(3).and_then(|text| std::str::from_utf8(text).ok()?.parse().ok()).unwrap_or(0);
    Ok(Request {
        archive: opts.value(b'f').cloned().unwrap_or_else(|| Bytes::from_static(b"-")),
        members,
        exclude: opts.values(2).cloned().collect(),
        verbose: opts.given.iter().filter(|(letter, _)| *letter == b'v').count(),
        dereference: opts.has(b'h'),
        to_stdout: opts.has(b'O'),
        keep_old: opts.has(b'k'),
        no_mtime: opts.has(b'm'),
        no_owner: opts.has(b'o'),
        strip,
        absolute: opts.has(b'P'),
        gzip: opts.has(b'z'),
    })
}

async fn open(
    cx: &mut Cx,
    request: &Request,
    write: bool,
) -> Result<std::sync::Arc<crate::kernel::fs::OpenFile>, crate::kernel::errno::Errno> {
    use crate::kernel::fs::OpenFlags;
    match (&*request.archive, write) {
        (b"-", true) => cx.process.file(1),
        (b"-", false) => cx.process.file(0),
        (path, true) => cx.process.open_file(path, OpenFlags::WRITE, 0o666).await,
        (path, false) => cx.process.open_file(path, OpenFlags::READ, 0).await,
    }
}
