//! `dd`: copies blocks.

use bytes::{Bytes, BytesMut};

use super::super::{Cx, number};
use crate::kernel::fs::{OpenFile, OpenFlags, SeekFrom};

/// The largest block.
const MAX_BLOCK: u64 = 1 << 40;
/// How much of a block is held at a time.
const PIECE: usize = 1 << 20;

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
    skip_bytes: bool,
    seek_bytes: bool,
    full_blocks: bool,
    exclusive: bool,
    existing: bool,
    out_block: u64,
    /// Each block is written as it was read (`bs=`), instead of being gathered to blocks of `obs=`.
    together: bool,
    convert: Vec<Convert>,
    status: String,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let usage = "[if=FILE] [of=FILE] [ibs=N obs=N/bs=N] [count=N] [skip=N] [seek=N]";
    let mut request = Request { block: 512, out_block: 512, ..Request::default() };
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
            "conv" | "iflag" | "oflag" => {
                for word in value.split(',') {
                    if !request.set(name, word, cx.is_gnu()) {
                        let what = match name {
                            "conv" => "conversion",
                            "iflag" => "input flag",
                            _ => "output flag",
                        };
                        match cx.is_gnu() {
                            true => cx.error(format!("invalid {what}: '{word}'")).await,
                            false => cx.error(format!("invalid argument '{word}' to '{name}'")).await,
                        }
                        return if cx.is_gnu() { cx.bad_usage(usage).await } else { 1 };
                    }
                }
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
                    "ibs" => request.block = parsed.clamp(1, MAX_BLOCK),
                    "obs" => request.out_block = parsed.clamp(1, MAX_BLOCK),
                    _ => {
                        request.block = parsed.clamp(1, MAX_BLOCK);
                        request.out_block = request.block;
                        request.together = true;
                    }
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

/// What is done to the bytes of a block.
#[derive(Clone, Copy, Debug)]
enum Convert {
    /// Pairs of bytes change places.
    Swab,
    Upper,
    Lower,
}

impl Convert {
    fn apply(self, block: &mut [u8]) {
        match self {
            Self::Swab => block.chunks_exact_mut(2).for_each(<[u8]>::reverse),
            Self::Upper => block.make_ascii_uppercase(),
            Self::Lower => block.make_ascii_lowercase(),
        }
    }
}

/// How many blocks were written.
#[derive(Debug, Default)]
struct Written {
    full: u64,
    partial: u64,
    total: u64,
}

impl Written {
    fn note(&mut self, length: u64, request: &Request) {
        self.total += length;
        if length == request.out_block {
            self.full += 1;
        } else {
            self.partial += 1;
        }
    }

    fn blocks(&self, request: &Request) -> (u64, u64) {
        if request.together {
            return (self.full, self.partial);
        }
        (self.total / request.out_block, u64::from(!self.total.is_multiple_of(request.out_block)))
    }
}

impl Request {
    /// Notes a word of `conv=`, `iflag=` or `oflag=`; `false` where there is no such word.
    fn set(&mut self, list: &str, word: &str, gnu: bool) -> bool {
        match (list, word) {
            ("conv", "notrunc") => self.notrunc = true,
            ("conv", "sync") => self.sync = true,
            ("conv", "swab") => self.convert.push(Convert::Swab),
            ("conv", "ucase") if gnu => self.convert.push(Convert::Upper),
            ("conv", "lcase") if gnu => self.convert.push(Convert::Lower),
            ("conv", "excl") if gnu => self.exclusive = true,
            ("conv", "nocreat") if gnu => self.existing = true,
            // What is written here is there at once, and errors end a copy in any case.
            ("conv", "fsync" | "noerror") => {}
            ("conv", "fdatasync" | "sparse") if gnu => {}
            ("iflag", "count_bytes") => self.bytes = true,
            ("iflag", "skip_bytes") => self.skip_bytes = true,
            ("iflag", "fullblock") => self.full_blocks = true,
            ("iflag", "direct") | ("oflag", "direct") => {}
            ("iflag", "nonblock" | "sync" | "dsync" | "noatime") if gnu => {}
            ("oflag", "append") => self.append = true,
            ("oflag", "seek_bytes") => self.seek_bytes = true,
            ("oflag", "sync" | "dsync" | "nonblock") if gnu => {}
            _ => return false,
        }
        true
    }
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
            let flags = OpenFlags {
                truncate,
                append: request.append,
                exclusive: request.exclusive,
                create: !request.existing,
                ..OpenFlags::WRITE
            };
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
    let skip = if request.skip_bytes { request.skip } else { request.skip.saturating_mul(request.block) };
    let seek = if request.seek_bytes { request.seek } else { request.seek.saturating_mul(request.out_block) };
    if request.skip > 0 && input.seek(SeekFrom::Current(i64::try_from(skip).unwrap_or(i64::MAX))).is_err() {
        let mut left = skip;
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
            let _ = cx.process.truncate(path, seek);
        }
        let _ = output.seek(SeekFrom::Start(seek));
    }
    // A real dd holds a whole block.
    if request.block > PIECE as u64 && cx.process.claim(request.block).is_err() {
        cx.process.pause().await;
        return 1;
    }
    let (mut full, mut partial, mut total) = (0u64, 0u64, 0u64);
    let mut out = Written::default();
    let mut code = 0;
    let size = usize::try_from(request.block).unwrap_or(512);
    let mut left_bytes = if request.bytes { request.count } else { None };
    loop {
        if !request.bytes && request.count.is_some_and(|count| full + partial >= count)
            || left_bytes == Some(0)
        {
            break;
        }
        let mut piece = BytesMut::new();
        let mut got = 0;
        while got < size && code == 0 {
            let room = (size - got).min(PIECE - piece.len());
            let most = left_bytes.map_or(room, |left| room.min(usize::try_from(left).unwrap_or(usize::MAX)));
            match std::future::poll_fn(|task| input.poll_read(task, most)).await {
                Ok(bytes) if bytes.is_empty() => break,
                Ok(bytes) => {
                    cx.process.work(1 + (bytes.len() >> 10) as u32).await;
                    left_bytes = left_bytes.map(|left| left.saturating_sub(bytes.len() as u64));
                    let regular = input.place().is_some();
                    piece.extend_from_slice(&bytes);
                    got += bytes.len();
                    // A short read of a pipe is a block of its own; what a file or device gives in pieces is one block.
                    if (!regular && !request.full_blocks) || left_bytes == Some(0) {
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
            if piece.len() == PIECE && got < size && !put(&mut cx, &request, &output, piece.split()).await {
                code = 1;
            }
        }
        if got == 0 {
            break;
        }
        if got == size {
            full += 1
        } else {
            partial += 1
        }
        while request.sync && got < size && code == 0 {
            let room = (size - got).min(PIECE - piece.len());
            piece.resize(piece.len() + room, 0);
            got += room;
            if got < size && !put(&mut cx, &request, &output, piece.split()).await {
                code = 1;
            }
        }
        if code != 0 || !put(&mut cx, &request, &output, piece).await {
            code = 1;
            break;
        }
        out.note(got as u64, &request);
        total += got as u64;
    }
    if request.status != "none" {
        let seconds = cx.process.container.host.env.clock.uptime().saturating_sub(started).as_secs_f64();
        let (out_full, out_partial) = out.blocks(&request);
        let mut text = format!("{full}+{partial} records in\n{out_full}+{out_partial} records out\n");
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

/// Writes a piece of a block; `false` where that failed, which it says.
async fn put(cx: &mut Cx, request: &Request, output: &OpenFile, mut piece: BytesMut) -> bool {
    for conversion in &request.convert {
        conversion.apply(&mut piece);
    }
    let Err(errno) = cx.process.write_file(output, piece.freeze()).await else { return true };
    let text = cx.text(errno);
    let shown =
        request.output.as_ref().map_or("standard output".into(), |path| String::from_utf8_lossy(path));
    let message = format!("error writing '{shown}': {text}");
    cx.error(message).await;
    false
}

async fn open_failed(cx: &mut Cx, path: &[u8], errno: crate::kernel::errno::Errno) -> u8 {
    let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
    match cx.is_gnu() {
        true => cx.error(format!("failed to open '{shown}': {text}")).await,
        false => cx.error(format!("can't open '{shown}': {text}")).await,
    }
    1
}
