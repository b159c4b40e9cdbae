//! `md5sum`, `sha1sum` and the sums of the SHA-2 family: checksums of files.

use bytes::Bytes;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::super::{Cx, Lines};
use crate::{
    kernel::{errno::Errno, fs::OpenFile},
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "csbtwz",
    long: &[
        ("check", b'c'),
        ("status", b's'),
        ("quiet", b'q'),
        ("binary", b'b'),
        ("text", b't'),
        ("warn", b'w'),
        ("ignore-missing", b'm'),
        ("strict", b'S'),
        ("tag", b'T'),
    ],
};
const USAGE: &str = "[-c[sw]] [FILE]...";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut code = 0;
    for path in Cx::inputs(opts.operands.clone()) {
        if opts.has(b'c') {
            if !check(&mut cx, &path, opts.has(b's'), opts.has(b'q'), opts.has(b'm')).await {
                code = 1;
            }
            continue;
        }
        match digest_path(&mut cx, &path).await {
            Ok(digest) if opts.has(b'T') && cx.is_gnu() => {
                let kind = cx.name.trim_end_matches("sum").to_ascii_uppercase();
                cx.put(format!("{kind} ({}) = {digest}\n", String::from_utf8_lossy(&path)));
            }
            Ok(digest) => {
                cx.put(digest);
                cx.put("  ");
                cx.put(&path);
                cx.put("\n");
            }
            Err((errno, opened)) => {
                let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                match (cx.is_gnu(), opened) {
                    (true, _) => cx.error(format!("{shown}: {text}")).await,
                    (false, false) => cx.error(format!("can't open '{shown}': {text}")).await,
                    (false, true) => cx.error(format!("can't read '{shown}': {text}")).await,
                }
                code = 1;
            }
        }
        if !cx.drain().await {
            break;
        }
    }
    cx.finish(code).await
}

/// The digest of a file in hexadecimal, or why it cannot be had and whether the file was open by then.
async fn digest_path(cx: &mut Cx, path: &[u8]) -> Result<String, (Errno, bool)> {
    let file = cx.open(path).await.map_err(|errno| (errno, false))?;
    let digest = match cx.name.as_str() {
        "md5sum" => digest::<Md5>(cx, &file).await,
        "sha1sum" => digest::<Sha1>(cx, &file).await,
        "sha224sum" => digest::<Sha224>(cx, &file).await,
        "sha384sum" => digest::<Sha384>(cx, &file).await,
        "sha512sum" => digest::<Sha512>(cx, &file).await,
        _ => digest::<Sha256>(cx, &file).await,
    };
    digest.map_err(|errno| (errno, true))
}

async fn digest<D: Digest + Send>(cx: &mut Cx, file: &OpenFile) -> Result<String, Errno> {
    let mut digest = D::new();
    loop {
        let bytes = cx.read(file).await?;
        if bytes.is_empty() {
            let sum = digest.finalize();
            return Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        digest.update(&bytes);
        cx.process.work((bytes.len() >> 8) as u32).await;
    }
}

/// Compares files with the checksums that a list has for them.
async fn check(cx: &mut Cx, list: &Bytes, silent: bool, quiet: bool, ignore_missing: bool) -> bool {
    let file = match cx.open(list).await {
        Ok(file) => file,
        Err(errno) => {
            cx.file_error(list, errno).await;
            return false;
        }
    };
    let mut lines = Lines::new(file);
    let (mut total, mut failed, mut unread) = (0, 0, 0);
    while let Ok(Some(line)) = lines.next(cx).await {
        let Some(at) =
            line.text.windows(2).position(|pair| pair[0] == b' ' && matches!(pair[1], b' ' | b'*'))
        else {
            continue;
        };
        let expected = String::from_utf8_lossy(&line.text[..at]).to_ascii_lowercase();
        let path = line.text.slice(at + 2..);
        let shown = String::from_utf8_lossy(&path).into_owned();
        total += 1;
        match digest_path(cx, &path).await {
            Ok(digest) if digest == expected => {
                if !silent && !quiet {
                    cx.put(format!("{shown}: OK\n"));
                }
            }
            Ok(_) => {
                failed += 1;
                if !silent {
                    cx.put(format!("{shown}: FAILED\n"));
                }
            }
            Err((Errno::ENOENT, _)) if ignore_missing => {}
            Err((errno, _)) => {
                let text = cx.text(errno);
                let message = match cx.is_gnu() {
                    true => format!("{shown}: {text}"),
                    false => format!("can't open '{shown}': {text}"),
                };
                cx.error(message).await;
                if cx.is_gnu() {
                    unread += 1
                } else {
                    failed += 1
                }
                if !silent {
                    let mark = if cx.is_gnu() { "FAILED open or read" } else { "FAILED" };
                    cx.put(format!("{shown}: {mark}\n"));
                }
            }
        }
    }
    cx.flush().await;
    let shown = String::from_utf8_lossy(list).into_owned();
    if total == 0 {
        let message = match cx.is_gnu() {
            true if shown == "-" => "'standard input': no properly formatted checksum lines found".to_owned(),
            true => format!("{shown}: no properly formatted checksum lines found"),
            false => return false,
        };
        cx.error(message).await;
        return false;
    }
    let plural =
        |count: u32, one: &str, many: &str| if count == 1 { one.to_owned() } else { many.to_owned() };
    if !silent && cx.is_gnu() {
        if unread > 0 {
            let what = plural(unread, "listed file could not be read", "listed files could not be read");
            cx.error(format!("WARNING: {unread} {what}")).await;
        }
        if failed > 0 {
            let what = plural(failed, "computed checksum did NOT match", "computed checksums did NOT match");
            cx.error(format!("WARNING: {failed} {what}")).await;
        }
    } else if !cx.is_gnu() && failed > 0 {
        cx.error(format!("WARNING: {failed} of {total} computed checksums did NOT match")).await;
    }
    failed + unread == 0
}
