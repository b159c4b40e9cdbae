//! `dd`: copies blocks.

use bytes::{Bytes, BytesMut};

use super::super::{Cx, number};
use crate::kernel::fs::{OpenFlags, SeekFrom};

/// The largest block.
const MAX_BLOCK: u64 = 64 << 20;

#[derive(Debug, Default)]
struct Request {
    input: Option<Bytes>,
    output: Option<Bytes>,
    block: u64,
    count: Option<u64>,
    skip: u64,
    seek: u64,
    notrunc: bool,
    sync: bool,
    append: bool,
    bytes: bool,
    status: String,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let usage = "[if=FILE] [of=FILE] [ibs=N obs=N/bs=N] [count=N] [skip=N] [seek=N]";
    let mut request = Request { block: 512, ..Request::default() };
    for arg in std::mem::take(&mut cx.args) {
        let text = String::from_utf8_lossy(&arg).into_owned();
        let Some((name, value)) = text.split_once('=') else {
            if cx.is_gnu() {
                cx.error(format!("unrecognized operand '{text}'")).await;
            }
            return cx.bad_usage(usage).await;
        };
        let raw = arg.slice(name.len() + 1..);
        match name {
            "if" => request.input = Some(raw),
            "of" => request.output = Some(raw),
            "conv" => {
                request.notrunc |= value.split(',').any(|word| word == "notrunc");
                request.sync |= value.split(',').any(|word| word == "sync");
            }
            "iflag" | "oflag" => {
                request.append |= value.split(',').any(|word| word == "append");
                request.bytes |= value.split(',').any(|word| word == "count_bytes");
            }
            "status" => request.status = value.to_owned(),
            "bs" | "ibs" | "obs" | "count" | "skip" | "seek" => {
                let Some(parsed) = number::parse_suffixed(&raw, number::BLOCKS) else {
                    if cx.is_gnu() {
                        cx.error(format!("invalid number: '{value}'")).await;
                        return 1;
                    }
                    return cx.bad_number(&raw).await;
                };
                match name {
                    "count" => request.count = Some(parsed),
                    "skip" => request.skip = parsed,
                    "seek" => request.seek = parsed,
                    _ => request.block = parsed.clamp(1, MAX_BLOCK),
                }
            }
            _ => {
                if cx.is_gnu() {
                    cx.error(format!("unrecognized operand '{text}'")).await;
                }
                return cx.bad_usage(usage).await;
            }
        }
    }
    copy(cx, request).await
}

async fn copy(mut cx: Cx, request: Request) -> u8 {
    let input = match &request.input {
        Some(path) => match cx.process.open_file(path, OpenFlags::READ, 0).await {
            Ok(file) => file,
            Err(errno) => return open_failed(&mut cx, path, errno).await,
        },
        None => match cx.process.file(0) {
            Ok(file) => file,
            Err(_) => return 1,
        },
    };
    let output = match &request.output {
        Some(path) => {
            let truncate = !request.notrunc && request.seek == 0 && !request.append;
            let flags = OpenFlags { truncate, append: request.append, ..OpenFlags::WRITE };
            match cx.process.open_file(path, flags, 0o666).await {
                Ok(file) => file,
                Err(errno) => return open_failed(&mut cx, path, errno).await,
            }
        }
        None => match cx.process.file(1) {
            Ok(file) => file,
            Err(_) => return 1,
        },
    };
    let started = cx.process.container.host.env.clock.uptime();
    let offset = |blocks: u64| blocks.saturating_mul(request.block);
    if request.skip > 0
        && input.seek(SeekFrom::Current(i64::try_from(offset(request.skip)).unwrap_or(i64::MAX))).is_err()
    {
        let mut left = offset(request.skip);
        while left > 0
            && let Ok(bytes) = cx.read(&input).await
            && !bytes.is_empty()
        {
            left = left.saturating_sub(bytes.len() as u64);
        }
    }
    if request.seek > 0 {
        if !request.notrunc
            && let Some(path) = &request.output
        {
            // Where that cannot be done, writing tells.
            let _ = cx.process.truncate(path, offset(request.seek));
        }
        let _ = output.seek(SeekFrom::Start(offset(request.seek)));
    }
    let (mut full, mut partial, mut total) = (0u64, 0u64, 0u64);
    let mut code = 0;
    let size = usize::try_from(request.block).unwrap_or(512);
    let mut left_bytes = if request.bytes { request.count } else { None };
    loop {
        if !request.bytes && request.count.is_some_and(|count| full + partial >= count)
            || left_bytes == Some(0)
        {
            break;
        }
        let mut block = BytesMut::new();
        while block.len() < size {
            let most = left_bytes.map_or(size - block.len(), |left| {
                (size - block.len()).min(usize::try_from(left).unwrap_or(usize::MAX))
            });
            match std::future::poll_fn(|task| input.poll_read(task, most)).await {
                Ok(bytes) if bytes.is_empty() => break,
                Ok(bytes) => {
                    cx.process.work(1 + (bytes.len() >> 10) as u32).await;
                    left_bytes = left_bytes.map(|left| left.saturating_sub(bytes.len() as u64));
                    let regular = input.place().is_some();
                    block.extend_from_slice(&bytes);
                    // A short read of a pipe is a block of its own; what a file or device gives in pieces is one block.
                    if !regular || left_bytes == Some(0) {
                        break;
                    }
                }
                Err(errno) => {
                    let text = cx.text(errno);
                    let shown = request
                        .input
                        .as_ref()
                        .map_or("standard input".into(), |path| String::from_utf8_lossy(path));
                    let message = match cx.is_gnu() {
                        true => format!("error reading '{shown}': {text}"),
                        false => format!("{shown}: {text}"),
                    };
                    cx.error(message).await;
                    code = 1;
                    break;
                }
            }
        }
        if block.is_empty() {
            break;
        }
        if block.len() == size {
            full += 1
        } else {
            partial += 1
        }
        if request.sync {
            block.resize(size, 0);
        }
        let length = block.len() as u64;
        if let Err(errno) = cx.process.write_file(&output, block.freeze()).await {
            let text = cx.text(errno);
            let shown = request
                .output
                .as_ref()
                .map_or("standard output".into(), |path| String::from_utf8_lossy(path));
            let message = match cx.is_gnu() {
                true => format!("error writing '{shown}': {text}"),
                false => format!("error writing '{shown}': {text}"),
            };
            cx.error(message).await;
            code = 1;
            break;
        }
        total += length;
    }
    if request.status != "none" {
        let seconds = cx.process.container.host.env.clock.uptime().saturating_sub(started).as_secs_f64();
        let mut text = format!("{full}+{partial} records in\n{full}+{partial} records out\n");
        if request.status != "noxfer" {
            let rate = total as f64 / seconds.max(1e-6);
            let human = number::human(rate as u64);
            text += &match cx.is_gnu() {
                true => format!("{total} bytes copied, {seconds:.6} s, {:.1} MB/s\n", rate / 1e6),
                false => format!(
                    "{total} bytes ({}B) copied, {seconds:.6} seconds, {human}B/s\n",
                    number::human(total)
                ),
            };
        }
        cx.complain(text).await;
    }
    code
}

async fn open_failed(cx: &mut Cx, path: &[u8], errno: crate::kernel::errno::Errno) -> u8 {
    let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
    match cx.is_gnu() {
        true => cx.error(format!("failed to open '{shown}': {text}")).await,
        false => cx.error(format!("can't open '{shown}': {text}")).await,
    }
    1
}
