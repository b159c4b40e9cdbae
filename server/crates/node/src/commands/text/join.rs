//! `join`: lines of two sorted files that have a field in common (POSIX XCU join).

use bytes::Bytes;

use super::{
    super::{Cx, Lines, number},
    open_input,
};
use crate::libc::getopt::OptSpec;

const USAGE: &str =
    "[-a FILENUM] [-e EMPTY] [-o FORMAT] [-t CHAR] [-v FILENUM] [-1 FIELD] [-2 FIELD] FILE1 FILE2";
/// How many lines with one key are held at a time.
const MAX_GROUP: usize = 100_000;

/// How lines are taken apart and put together.
#[derive(Debug)]
struct Style {
    separator: Option<u8>,
    ignore_case: bool,
    /// Which field joins, in each file; counted from 0.
    keys: [usize; 2],
    /// Lines without a partner are shown, of each file; lines with one are not.
    unpaired: [bool; 2],
    only_unpaired: bool,
    empty: Bytes,
    /// Fields of output: of a file (0 and 1), or (`None`) the one that joins.
    format: Option<Vec<Option<(usize, usize)>>>,
}

#[derive(Clone, Debug)]
struct Row {
    fields: Vec<Bytes>,
}

impl Row {
    fn key(&self, index: usize) -> Bytes {
        self.fields.get(index).cloned().unwrap_or_default()
    }
}

impl Style {
    fn row(&self, line: &Bytes) -> Row {
        let fields = match self.separator {
            Some(separator) => {
                line.split(|byte| *byte == separator).map(|part| line.slice_ref(part)).collect()
            }
            None => line
                .split(u8::is_ascii_whitespace)
                .filter(|part| !part.is_empty())
                .map(|part| line.slice_ref(part))
                .collect(),
        };
        Row { fields }
    }

    fn compare(&self, left: &[u8], right: &[u8]) -> std::cmp::Ordering {
        if self.ignore_case {
            return left.to_ascii_lowercase().cmp(&right.to_ascii_lowercase());
        }
        left.cmp(right)
    }

    /// A line of output for two rows, or for one without a partner.
    fn joined(&self, rows: [Option<&Row>; 2]) -> Vec<u8> {
        let key =
            rows.iter().zip(self.keys).find_map(|(row, key)| row.map(|row| row.key(key))).unwrap_or_default();
        let shown =
            |text: Option<&Bytes>| text.filter(|text| !text.is_empty()).unwrap_or(&self.empty).clone();
        let fields: Vec<Bytes> = match &self.format {
            Some(format) => format
                .iter()
                .map(|field| match field {
                    None => shown(Some(&key)),
                    Some((file, index)) => shown(rows[*file].and_then(|row| row.fields.get(*index))),
                })
                .collect(),
            None => {
                let rest = rows.iter().zip(self.keys).flat_map(|(row, key)| {
                    row.iter().flat_map(move |row| {
                        row.fields
                            .iter()
                            .enumerate()
                            .filter(move |(index, _)| *index != key)
                            .map(|(_, field)| field)
                    })
                });
                std::iter::once(shown(Some(&key))).chain(rest.map(|field| shown(Some(field)))).collect()
            }
        };
        let mut line = fields.join(&self.separator.unwrap_or(b' '));
        line.push(b'\n');
        line
    }
}

/// `0`, `1.2`, `2.1`
fn output_field(text: &str) -> Option<Option<(usize, usize)>> {
    if text == "0" {
        return Some(None);
    }
    let (file, field) = text.split_once('.')?;
    let (file, field) = (file.parse::<usize>().ok()?, field.parse::<usize>().ok()?);
    ((1..=2).contains(&file) && field > 0).then(|| Some((file - 1, field - 1)))
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec =
        OptSpec { short: "a:e:io:t:v:1:2:j:", long: &[("ignore-case", b'i'), ("nocheck-order", b'n')] };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut style = Style {
        separator: opts.value(b't').and_then(|text| text.first().copied()),
        ignore_case: opts.has(b'i'),
        keys: [0, 0],
        unpaired: [false, false],
        only_unpaired: opts.has(b'v'),
        empty: opts.value(b'e').cloned().unwrap_or_default(),
        format: None,
    };
    for (letter, value) in opts.given.iter() {
        let Some(value) = value.as_ref() else { continue };
        let text = String::from_utf8_lossy(value).into_owned();
        match letter {
            b'a' | b'v' => match number::parse::<usize>(value) {
                Some(file @ 1..=2) => style.unpaired[file - 1] = true,
                _ => {
                    cx.error(format!("invalid file number: '{text}'")).await;
                    return 1;
                }
            },
            b'1' | b'2' | b'j' => {
                let Some(field) = number::parse::<usize>(value).filter(|field| *field > 0) else {
                    cx.error(format!("invalid field number: '{text}'")).await;
                    return 1;
                };
                if *letter != b'2' {
                    style.keys[0] = field - 1;
                }
                if *letter != b'1' {
                    style.keys[1] = field - 1;
                }
            }
            b'o' if text != "auto" => {
                let fields: Option<Vec<_>> =
                    text.split([',', ' ']).filter(|part| !part.is_empty()).map(output_field).collect();
                let Some(fields) = fields else {
                    cx.error(format!("invalid field specifier: '{text}'")).await;
                    return 1;
                };
                style.format.get_or_insert_default().extend(fields);
            }
            _ => {}
        }
    }
    let [first, second] = match &opts.operands[..] {
        [first, second] => [first.clone(), second.clone()],
        [] => {
            cx.error("missing operand").await;
            return cx.bad_usage(USAGE).await;
        }
        [only] => {
            cx.error(format!("missing operand after '{}'", String::from_utf8_lossy(only))).await;
            return cx.bad_usage(USAGE).await;
        }
        [_, _, extra, ..] => {
            cx.error(format!("extra operand '{}'", String::from_utf8_lossy(extra))).await;
            return cx.bad_usage(USAGE).await;
        }
    };
    let (Some(left), Some(right)) = (open_input(&mut cx, &first).await, open_input(&mut cx, &second).await)
    else {
        return 1;
    };
    join(&mut cx, &style, [Lines::new(left), Lines::new(right)]).await;
    cx.finish(0).await
}

async fn next(cx: &mut Cx, style: &Style, lines: &mut Lines) -> Option<Row> {
    cx.process.work(1).await;
    lines.next(cx).await.ok().flatten().map(|line| style.row(&line.text))
}

async fn join(cx: &mut Cx, style: &Style, mut inputs: [Lines; 2]) {
    let mut left = next(cx, style, &mut inputs[0]).await;
    let mut right = next(cx, style, &mut inputs[1]).await;
    loop {
        let order = match (&left, &right) {
            (None, None) => return,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(left), Some(right)) => style.compare(&left.key(style.keys[0]), &right.key(style.keys[1])),
        };
        match (order, &left, &right) {
            (std::cmp::Ordering::Less, Some(row), _) => {
                if style.unpaired[0] {
                    cx.put(style.joined([Some(row), None]));
                }
                left = next(cx, style, &mut inputs[0]).await;
            }
            (std::cmp::Ordering::Greater, _, Some(row)) => {
                if style.unpaired[1] {
                    cx.put(style.joined([None, Some(row)]));
                }
                right = next(cx, style, &mut inputs[1]).await;
            }
            (_, Some(row), Some(_)) => {
                // All lines of the second file with this key go with each of the first.
                let key = row.key(style.keys[0]);
                let mut group = Vec::new();
                while let Some(row) = right.take_if(|row| {
                    style.compare(&row.key(style.keys[1]), &key).is_eq() && group.len() < MAX_GROUP
                }) {
                    group.push(row);
                    right = next(cx, style, &mut inputs[1]).await;
                }
                while let Some(row) = left.take_if(|row| style.compare(&row.key(style.keys[0]), &key).is_eq())
                {
                    for partner in group.iter().filter(|_| !style.only_unpaired) {
                        cx.put(style.joined([Some(&row), Some(partner)]));
                    }
                    left = next(cx, style, &mut inputs[0]).await;
                    if !cx.drain().await {
                        return;
                    }
                }
            }
            _ => return,
        }
        if !cx.drain().await {
            return;
        }
    }
}
