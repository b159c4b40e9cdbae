//! `@text`, `@json`, `@csv` and the other formats of strings.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    super::{
        value::{Heap, Raise, Value},
        write,
    },
    Pure, argument, complain,
    text::to_text,
};

pub(super) const TABLE: &[(&str, usize, Pure)] =
    &[("format", 1, |heap, input, arguments| match argument(arguments, 0).as_text() {
        Some("text") => to_text(heap, input),
        Some("json") => heap.text(write::compact(&input)),
        Some("csv") => {
            let cell = |value: &Value| cell(heap, value, |text| format!("\"{}\"", text.replace('"', "\"\"")));
            row(heap, &input, "csv", ",", cell)
        }
        Some("tsv") => {
            let escape = |text: &str| {
                text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
            };
            row(heap, &input, "tsv", "\t", |value| cell(heap, value, escape))
        }
        Some("html") => {
            let text = to_text(heap, input)?;
            let text = text.as_text().unwrap_or_default();
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            heap.text(text.replace('\'', "&#39;").replace('"', "&quot;"))
        }
        Some("uri") => {
            let text = to_text(heap, input)?;
            let mut out = String::new();
            for byte in text.as_text().unwrap_or_default().bytes() {
                if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                    out.push(char::from(byte));
                } else {
                    let _ = write!(out, "%{byte:02X}");
                }
            }
            heap.text(out)
        }
        Some("sh") => {
            let words = match input.as_items() {
                Some(items) => items.to_vec(),
                None => vec![input],
            };
            let mut quoted = Vec::new();
            for word in words {
                quoted.push(match &word {
                    Value::Array(_) | Value::Object(_) => {
                        return Err(complain(heap, &word, "can not be escaped for shell"));
                    }
                    Value::Text(_) => {
                        format!("'{}'", word.as_text().unwrap_or_default().replace('\'', "'\\''"))
                    }
                    _ => write::compact(&word),
                });
            }
            heap.text(quoted.join(" "))
        }
        Some("base64") => {
            let text = to_text(heap, input)?;
            heap.text(STANDARD.encode(text.as_text().unwrap_or_default()))
        }
        Some("base64d") => {
            let text = to_text(heap, input)?;
            let bytes = decode_base64(text.as_text().unwrap_or_default());
            let bytes = bytes.ok_or_else(|| complain(heap, &text, "is not valid base64 data"))?;
            heap.text(String::from_utf8_lossy(&bytes).into_owned())
        }
        Some("base32") => {
            let text = to_text(heap, input)?;
            heap.text(encode_base32(text.as_text().unwrap_or_default().as_bytes()))
        }
        Some("base32d") => {
            let text = to_text(heap, input)?;
            let bytes = decode_base32(text.as_text().unwrap_or_default());
            let bytes = bytes.ok_or_else(|| complain(heap, &text, "is not valid base32 data"))?;
            heap.text(String::from_utf8_lossy(&bytes).into_owned())
        }
        Some(name) => Err(Raise::error(heap, format!("{name} is not a valid format"))),
        None => Err(complain(heap, argument(arguments, 0), "is not a valid format")),
    })];

fn row(
    heap: &Heap,
    input: &Value,
    name: &str,
    separator: &str,
    cell: impl Fn(&Value) -> Result<String, Raise>,
) -> Result<Value, Raise> {
    let says = format!("cannot be {name}-formatted, only an array can be");
    let items = input.as_items().ok_or_else(|| complain(heap, input, &says))?;
    let cells: Vec<String> = items.iter().map(cell).collect::<Result<_, _>>()?;
    heap.text(cells.join(separator))
}

fn cell(heap: &Heap, value: &Value, quote: impl Fn(&str) -> String) -> Result<String, Raise> {
    match value {
        Value::Null => Ok(String::new()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number.text()),
        Value::Text(_) => Ok(quote(value.as_text().unwrap_or_default())),
        _ => Err(complain(heap, value, "is not valid in a csv row")),
    }
}

/// Decodes as much as there is: what pads the end may be missing.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    if bare.is_empty() && !text.is_empty() {
        return None;
    }
    // A single letter at the end says nothing.
    let bare = if bare.len() % 4 == 1 { &bare[..bare.len() - 1] } else { bare };
    if bare.is_empty() && !text.is_empty() {
        return None;
    }
    let config = base64::engine::general_purpose::NO_PAD.with_decode_allow_trailing_bits(true);
    base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, config).decode(bare).ok()
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn encode_base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let bits =
            chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte)) << (8 * (5 - chunk.len()));
        let letters = (chunk.len() * 8).div_ceil(5);
        for index in 0..8 {
            let letter = BASE32[(bits >> (35 - 5 * index)) as usize & 31];
            out.push(if index < letters { char::from(letter) } else { '=' });
        }
    }
    out
}

fn decode_base32(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for byte in text.trim_end_matches('=').bytes() {
        let value = BASE32.iter().position(|letter| *letter == byte)?;
        bits = (bits << 5 | value as u32) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}
