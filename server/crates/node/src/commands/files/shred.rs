//! `shred`, `fallocate`: what files hold is overwritten; room is made for more.

use bytes::Bytes;

use super::super::{Cx, number};
use crate::{
    kernel::{errno::Errno, fs::OpenFlags},
    libc::getopt::OptSpec,
};

const SHRED: &str = "[-fuz] [-n N] [-s SIZE] FILE...

Overwrite/delete FILEs

	-f	Chmod to ensure writability
	-s SIZE	Size to write
	-n N	Overwrite N times (default 3)
	-z	Final overwrite with zeros
	-u	Remove file";
const FALLOCATE: &str = "[-o OFS] -l LEN FILE

Preallocate space for FILE

	-o OFS	Offset of range
	-l LEN	Length of range";
/// How much is written at a time.
const BLOCK: usize = 64 << 10;

pub(in crate::commands) async fn shred(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "fuzn:vxs:",
        long: &[
            ("force", b'f'),
            ("remove==", b'u'),
            ("zero", b'z'),
            ("iterations=", b'n'),
            ("verbose", b'v'),
            ("exact", b'x'),
            ("size=", b's'),
        ],
    };
    let opts = match cx.opts(spec, SHRED).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("missing file operand").await;
        }
        return cx.bad_usage(SHRED).await;
    }
    let passes = match opts.value(b'n').map(|text| (text.clone(), number::parse::<u32>(text))) {
        None => 3,
        Some((_, Some(passes))) => passes.min(1000),
        Some((text, None)) => return cx.bad_number(&text).await,
    };
    let size = opts.value(b's').and_then(|text| number::parse::<u64>(text));
    let mut code = 0;
    for path in &opts.operands {
        if opts.has(b'f') {
            // Where that is not allowed, opening the file tells.
            let _ = cx.process.stat(path, true).and_then(|stat| cx.process.chmod(path, stat.mode | 0o600));
        }
        let passes = (1..=passes).map(|pass| (pass, true)).chain(opts.has(b'z').then_some((0, false)));
        let total = passes.clone().count();
        for (index, (_, random)) in (1..).zip(passes) {
            if opts.has(b'v') && cx.is_gnu() {
                let shown = String::from_utf8_lossy(path).into_owned();
                let what = if random { "random" } else { "000000" };
                cx.error(format!("{shown}: pass {index}/{total} ({what})...")).await;
            }
            if let Err(errno) = overwrite(&mut cx, path, size, opts.has(b'x'), random).await {
                let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
                match cx.is_gnu() {
                    true => cx.error(format!("{shown}: failed to open for writing: {text}")).await,
                    false => cx.error(format!("can't open '{shown}': {text}")).await,
                }
                code = 1;
                break;
            }
        }
        if opts.has(b'u') && code == 0 && cx.process.unlink(path).is_err() {
            code = 1;
        }
    }
    cx.finish(code).await
}

async fn overwrite(
    cx: &mut Cx,
    path: &Bytes,
    size: Option<u64>,
    exact: bool,
    random: bool,
) -> Result<(), Errno> {
    let file = cx
        .process
        .open_file(path, OpenFlags { create: false, truncate: false, ..OpenFlags::WRITE }, 0)
        .await?;
    let mut left = match size {
        Some(size) => size,
        // GNU's overwrites whole blocks, unless it is told not to.
        None if cx.is_gnu() && !exact => cx.process.stat(path, true)?.size.next_multiple_of(4096),
        None => cx.process.stat(path, true)?.size,
    };
    while left > 0 {
        let len = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        let mut block = Vec::with_capacity(len + 8);
        while block.len() < len {
            block.extend_from_slice(&if random { cx.process.random() } else { 0 }.to_le_bytes());
        }
        block.truncate(len);
        cx.process.write_file(&file, block.into()).await?;
        left -= len as u64;
    }
    Ok(())
}

pub(in crate::commands) async fn fallocate(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "l:o:nv",
        long: &[("length=", b'l'), ("offset=", b'o'), ("keep-size", b'n'), ("verbose", b'v')],
    };
    let opts = match cx.opts(spec, FALLOCATE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let (Some(length), Some(path)) = (opts.value(b'l').cloned(), opts.operands.first()) else {
        if cx.is_gnu() {
            cx.error(if opts.has(b'l') { "no filename specified" } else { "no length argument specified" })
                .await;
            return 1;
        }
        return cx.bad_usage(FALLOCATE).await;
    };
    let size = |text: &Bytes| {
        let text = text.strip_suffix(b"iB").or(text.strip_suffix(b"B")).unwrap_or(text);
        number::parse_suffixed(text, number::BLOCKS)
    };
    let offset = opts.value(b'o').map_or(Some(0), size);
    let (Some(len), Some(offset)) = (size(&length), offset) else {
        if cx.is_gnu() {
            cx.error("failed to parse length").await;
            return 1;
        }
        return cx.bad_number(&length).await;
    };
    let flags = OpenFlags { truncate: false, ..OpenFlags::WRITE };
    let done = match cx.process.open_file(path, flags, 0o666).await {
        Ok(_) => match cx.process.stat(path, true) {
            Ok(stat) if stat.size < offset + len && !opts.has(b'n') => {
                cx.process.truncate(path, offset + len)
            }
            Ok(_) => Ok(()),
            Err(errno) => Err(errno),
        },
        Err(errno) => Err(errno),
    };
    match done {
        Ok(()) => 0,
        Err(errno) => {
            let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("cannot open {shown}: {text}")).await,
                false => cx.error(format!("can't open '{shown}': {text}")).await,
            }
            1
        }
    }
}
