//! `od`, `hexdump`, `xxd`: bytes as numbers.

use std::sync::Arc;

use super::{
    super::{Cx, number},
    hexdump_format::Formats,
};
use crate::{
    kernel::{errno::Errno, fs::OpenFile},
    libc::getopt::OptSpec,
};

/// Reads inputs one after another.
struct Source {
    files: std::vec::IntoIter<Arc<OpenFile>>,
    current: Option<Arc<OpenFile>>,
    rest: bytes::Bytes,
    left: u64,
}

impl Source {
    /// The next `len` bytes, fewer at the end.
    async fn take(&mut self, cx: &mut Cx, len: usize) -> Result<Vec<u8>, Errno> {
        let mut out = Vec::with_capacity(len);
        while out.len() < len && self.left > 0 {
            if self.rest.is_empty() {
                if self.current.is_none() {
                    self.current = self.files.next();
                }
                let Some(file) = &self.current else { break };
                self.rest = cx.read(&Arc::clone(file)).await?;
                if self.rest.is_empty() {
                    self.current = None;
                    continue;
                }
            }
            let most = (len - out.len()).min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let part = self.rest.split_to(self.rest.len().min(most));
            self.left -= part.len() as u64;
            out.extend_from_slice(&part);
        }
        Ok(out)
    }
}

/// What is read, and the exit code so far.
async fn source(cx: &mut Cx, operands: Vec<bytes::Bytes>, skip: u64, left: u64) -> (Source, u8) {
    let mut files = Vec::new();
    let mut code = 0;
    for path in Cx::inputs(operands) {
        match super::open_input(cx, &path).await {
            Some(file) => files.push(file),
            None => code = 1,
        }
    }
    let mut source =
        Source { files: files.into_iter(), current: None, rest: bytes::Bytes::new(), left: u64::MAX };
    let mut skip = skip;
    while skip > 0 {
        let part =
            source.take(cx, usize::try_from(skip.min(64 * 1024)).unwrap_or(0)).await.unwrap_or_default();
        if part.is_empty() {
            break;
        }
        skip -= part.len() as u64;
    }
    source.left = left;
    (source, code)
}

/// How bytes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Char,
    Named,
    /// Size in bytes, radix, whether signed.
    Number(usize, u32, bool),
}

pub(in crate::commands) async fn od(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "A:N:j:t:vbcdoxw::abcdDeFfhHiIlLoOsxX",
        long: &[
            ("address-radix=", b'A'),
            ("read-bytes=", b'N'),
            ("skip-bytes=", b'j'),
            ("format=", b't'),
            ("width==", b'w'),
        ],
    };
    let opts = match cx.opts(spec, "[-abcdfhilovxs] [-t TYPE] [-A RADIX] [-N SIZE] [-j SKIP] [FILE]...").await
    {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut styles = Vec::new();
    for (letter, value) in &opts.given {
        match (letter, value) {
            (b't', Some(text)) => match types(text) {
                Ok(found) => styles.extend(found),
                Err(bad) => {
                    let shown = String::from_utf8_lossy(text).into_owned();
                    cx.error(format!("invalid character '{}' in type string '{shown}'", char::from(bad)))
                        .await;
                    return 1;
                }
            },
            (b'c', _) => styles.push(Style::Char),
            (b'a', _) => styles.push(Style::Named),
            (b'b', _) => styles.push(Style::Number(1, 8, false)),
            (b'd', _) => styles.push(Style::Number(2, 10, false)),
            (b'o', _) => styles.push(Style::Number(2, 8, false)),
            (b'x' | b'h', _) => styles.push(Style::Number(2, 16, false)),
            (b's', _) => styles.push(Style::Number(2, 10, true)),
            // busybox's `-i` is a short one.
            (b'i', _) if !cx.is_gnu() => styles.push(Style::Number(2, 10, true)),
            (b'i' | b'l', _) => styles.push(Style::Number(4, 10, true)),
            (b'X' | b'H', _) => styles.push(Style::Number(4, 16, false)),
            _ => {}
        }
    }
    if styles.is_empty() {
        styles.push(Style::Number(2, 8, false));
    }
    let mut numbers = [u64::MAX, 0, 16];
    for (index, letter) in b"Njw".iter().enumerate() {
        if let Some(text) = opts.value(*letter) {
            match number::parse_suffixed(text, number::BLOCKS) {
                Some(value) => numbers[index] = value,
                None => return cx.bad_number(text).await,
            }
        }
    }
    let [limit, skip, width] = numbers;
    let width = usize::try_from(width).unwrap_or(16).clamp(1, 4096);
    let radix = opts.value(b'A').map_or(b'o', |text| text.first().copied().unwrap_or(b'o'));
    let (mut source, code) = source(&mut cx, opts.operands.clone(), skip, limit).await;
    let address = |at: u64| match radix {
        b'x' => format!("{at:06x}"),
        b'd' => format!("{at:07}"),
        b'n' => String::new(),
        _ => format!("{at:07o}"),
    };
    let mut at = skip;
    let mut last: Option<Vec<u8>> = None;
    let mut starred = false;
    // All rows of one block are as wide as the widest one.
    let cell =
        styles.iter().map(|style| cell_width(*style) as f64 / bytes_of(*style) as f64).fold(0.0, f64::max);
    loop {
        let block = match source.take(&mut cx, width).await {
            Ok(block) => block,
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("read error: {text}")).await;
                return cx.finish(1).await;
            }
        };
        if block.is_empty() {
            break;
        }
        let length = block.len() as u64;
        if !opts.has(b'v') && block.len() == width && last.as_ref() == Some(&block) {
            if !std::mem::replace(&mut starred, true) {
                cx.put("*\n");
            }
        } else {
            starred = false;
            for (index, style) in styles.iter().enumerate() {
                let head = if index == 0 { address(at) } else { " ".repeat(address(at).len()) };
                let line = row(&block, *style, cell);
                cx.put(format!("{head}{line}\n"));
            }
        }
        last = Some(block);
        at += length;
        cx.process.work(4).await;
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
    if radix != b'n' {
        cx.put(format!("{}\n", address(at)));
    }
    cx.finish(code).await
}

fn types(text: &[u8]) -> Result<Vec<Style>, u8> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(letter) = text.get(at).copied() {
        at += 1;
        let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut size: usize =
            std::str::from_utf8(&text[at..at + digits]).ok().and_then(|text| text.parse().ok()).unwrap_or(4);
        at += digits;
        if digits == 0 && matches!(text.get(at), Some(b'C' | b'S' | b'I' | b'L')) {
            size = match text[at] {
                b'C' => 1,
                b'S' => 2,
                b'I' => 4,
                _ => 8,
            };
            at += 1;
        }
        if !matches!(size, 1 | 2 | 4 | 8) {
            return Err(letter);
        }
        at += usize::from(text.get(at) == Some(&b'z'));
        all.push(match letter {
            b'a' => Style::Named,
            b'c' => Style::Char,
            b'd' => Style::Number(size, 10, true),
            b'u' => Style::Number(size, 10, false),
            b'o' => Style::Number(size, 8, false),
            b'x' => Style::Number(size, 16, false),
            other => return Err(other),
        });
    }
    Ok(all)
}

fn bytes_of(style: Style) -> usize {
    if let Style::Number(size, ..) = style { size } else { 1 }
}

/// How wide a value is, with the blank before it.
fn cell_width(style: Style) -> usize {
    1 + match style {
        Style::Char | Style::Named => 3,
        Style::Number(size, 16, _) => size * 2,
        Style::Number(size, 8, _) => [0, 3, 6, 0, 11, 0, 0, 0, 22][size],
        Style::Number(size, _, true) => [0, 4, 6, 0, 11, 0, 0, 0, 20][size],
        Style::Number(size, ..) => [0, 3, 5, 0, 10, 0, 0, 0, 20][size],
    }
}

fn row(block: &[u8], style: Style, cell: f64) -> String {
    let width = (cell * bytes_of(style) as f64).round() as usize;
    let mut out = String::new();
    for part in block.chunks(bytes_of(style)) {
        let text = match style {
            Style::Char => shown(part[0]),
            Style::Named => named(part[0]),
            Style::Number(size, radix, signed) => {
                let mut bytes = [0; 8];
                bytes[..part.len()].copy_from_slice(part);
                let value = u64::from_le_bytes(bytes);
                let digits = cell_width(style) - 1;
                match (radix, signed) {
                    (16, _) => format!("{value:0digits$x}"),
                    (8, _) => format!("{value:0digits$o}"),
                    (_, true) => {
                        let shift = 64 - size as u32 * 8;
                        (((value << shift) as i64) >> shift).to_string()
                    }
                    _ => value.to_string(),
                }
            }
        };
        out += &format!("{text:>width$}");
    }
    out
}

fn shown(byte: u8) -> String {
    match byte {
        0 => "\\0".to_owned(),
        7 => "\\a".to_owned(),
        8 => "\\b".to_owned(),
        9 => "\\t".to_owned(),
        10 => "\\n".to_owned(),
        11 => "\\v".to_owned(),
        12 => "\\f".to_owned(),
        13 => "\\r".to_owned(),
        0x20..=0x7e => char::from(byte).to_string(),
        _ => format!("{byte:03o}"),
    }
}

fn named(byte: u8) -> String {
    const NAMES: [&str; 33] = [
        "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht", "nl", "vt", "ff", "cr", "so",
        "si", "dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc", "fs", "gs",
        "rs", "us", "sp",
    ];
    match byte & 0x7f {
        127 => "del".to_owned(),
        low => {
            NAMES.get(usize::from(low)).map_or_else(|| char::from(low).to_string(), |name| (*name).to_owned())
        }
    }
}

pub(in crate::commands) async fn hexdump(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "bcCdn:os:vxe:", long: &[("canonical", b'C')] };
    let opts = match cx.opts(spec, "[-bcdoxCv] [-e FMT] [-f FMT_FILE] [-n LEN] [-s OFS] [FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut numbers = [u64::MAX, 0];
    for (index, letter) in b"ns".iter().enumerate() {
        if let Some(text) = opts.value(*letter) {
            match number::parse_suffixed(text, number::BLOCKS) {
                Some(value) => numbers[index] = value,
                None => return cx.bad_number(text).await,
            }
        }
    }
    let canonical = opts.has(b'C') || cx.name == "hd";
    let mut formats = Formats::default();
    for text in opts.values(b'e') {
        if let Err(message) = formats.add(text) {
            cx.error(message).await;
            return 1;
        }
    }
    let formatted = opts.has(b'e');
    let size = if formatted { formats.block } else { 16 };
    let (mut source, code) = source(&mut cx, opts.operands.clone(), numbers[1], numbers[0]).await;
    let mut at = numbers[1];
    let mut last: Option<Vec<u8>> = None;
    let mut starred = false;
    loop {
        let block = source.take(&mut cx, size).await.unwrap_or_default();
        if block.is_empty() {
            break;
        }
        let length = block.len() as u64;
        if !opts.has(b'v') && last.as_ref() == Some(&block) {
            if !std::mem::replace(&mut starred, true) {
                cx.put("*\n");
            }
        } else {
            starred = false;
            let line = if formatted {
                formats.show(&block, at)
            } else if canonical {
                canonical_row(at, &block).into_bytes()
            } else {
                plain_row(at, &block, opts.last_of(b"bcdox")).into_bytes()
            };
            cx.put(line);
        }
        last = Some(block);
        at += length;
        cx.process.work(4).await;
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
    if at > numbers[1] && !formatted {
        cx.put(if canonical { format!("{at:08x}\n") } else { format!("{at:07x}\n") });
    }
    cx.finish(code).await
}

fn canonical_row(at: u64, block: &[u8]) -> String {
    let mut line = format!("{at:08x} ");
    for index in 0..16 {
        if index == 8 {
            line.push(' ');
        }
        match block.get(index) {
            Some(byte) => line += &format!(" {byte:02x}"),
            None => line += "   ",
        }
    }
    let text: String =
        block.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' }).collect();
    line + &format!("  |{text}|\n")
}

fn plain_row(at: u64, block: &[u8], style: Option<u8>) -> String {
    let mut line = format!("{at:07x}");
    if let Some(letter @ (b'b' | b'c')) = style {
        for index in 0..16 {
            let text = match block.get(index) {
                None => String::new(),
                Some(byte) if letter == b'b' => format!("{byte:03o}"),
                Some(byte) => shown(*byte),
            };
            line += &format!(" {text:>3}");
        }
        return line + "\n";
    }
    let cells = 8;
    for index in 0..cells {
        let pair = block.get(index * 2..).filter(|rest| !rest.is_empty());
        let value = pair.map(|rest| u16::from(rest[0]) | u16::from(rest.get(1).copied().unwrap_or(0)) << 8);
        let (text, width) = match (value, style) {
            (Some(value), Some(b'd')) => (format!("{value:05}"), 7),
            (Some(value), Some(b'o')) => (format!("{value:06o}"), 7),
            (Some(value), Some(_)) => (format!("{value:04x}"), 7),
            (Some(value), None) => (format!("{value:04x}"), 4),
            (None, Some(_)) => (String::new(), 7),
            (None, None) => (String::new(), 4),
        };
        line += &format!(" {text:>width$}");
    }
    line + "\n"
}

pub(in crate::commands) async fn xxd(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "pl:s:c:g:ru", long: &[] };
    let opts = match cx.opts(spec, "[-pr] [-g N] [-c N] [-n LEN] [-s OFS] [-o OFS] [FILE]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let plain = opts.has(b'p');
    let mut numbers = [u64::MAX, 0, if plain { 30 } else { 16 }, 2];
    for (index, letter) in b"lscg".iter().enumerate() {
        if let Some(text) = opts.value(*letter) {
            match number::parse_suffixed(text, number::BLOCKS) {
                Some(value) => numbers[index] = value,
                None => return cx.bad_number(text).await,
            }
        }
    }
    let [limit, skip, columns, group] = numbers;
    let columns = usize::try_from(columns).unwrap_or(16).clamp(1, 256);
    let group = usize::try_from(group).unwrap_or(2).min(columns);
    let (mut source, code) = source(&mut cx, opts.operands.clone(), skip, limit).await;
    if opts.has(b'r') {
        let mut digits: Vec<u8> = Vec::new();
        loop {
            let part = source.take(&mut cx, 4096).await.unwrap_or_default();
            if part.is_empty() || digits.len() > 1 << 20 {
                break;
            }
            digits.extend_from_slice(&part);
        }
        let text = String::from_utf8_lossy(&digits).into_owned();
        let mut nibbles = Vec::new();
        for line in text.lines() {
            let body = if plain {
                line
            } else {
                line.split_once(": ").map_or("", |(_, body)| body.split("  ").next().unwrap_or(""))
            };
            nibbles.extend(body.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8));
        }
        let bytes: Vec<u8> = nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        cx.put(bytes);
        return cx.finish(code).await;
    }
    let mut at = skip;
    loop {
        let block = source.take(&mut cx, columns).await.unwrap_or_default();
        if block.is_empty() {
            break;
        }
        if plain {
            let line: String = block.iter().map(|byte| format!("{byte:02x}")).collect();
            cx.put(line + "\n");
        } else {
            let mut line = format!("{at:08x}:");
            for index in 0..columns {
                if group > 0 && index % group == 0 {
                    line.push(' ');
                }
                match block.get(index) {
                    Some(byte) => line += &format!("{byte:02x}"),
                    None => line += "  ",
                }
            }
            let text: String = block
                .iter()
                .map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' })
                .collect();
            cx.put(format!("{line}  {text}\n"));
        }
        at += block.len() as u64;
        cx.process.work(4).await;
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
    cx.finish(code).await
}
