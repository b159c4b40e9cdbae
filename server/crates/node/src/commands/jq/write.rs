//! Values as JSON text.

use super::value::Value;

/// How values are written.
#[derive(Clone, Debug, Default)]
pub(super) struct Style {
    /// What one level of nesting is indented by; everything stands on one line where there is none.
    pub(super) indent: Option<Vec<u8>>,
    pub(super) sort_keys: bool,
    pub(super) ascii: bool,
    pub(super) color: bool,
}

const KEY_COLOR: &str = "\x1b[34;1m";
const RESET: &str = "\x1b[0m";

/// The value on one line.
pub(super) fn compact(value: &Value) -> String {
    let mut out = Vec::new();
    write(&mut out, value, &Style::default());
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends the value.
pub(super) fn write(out: &mut Vec<u8>, value: &Value, style: &Style) {
    Writer { out, style }.value(value, 0);
}

/// What an error message shows of a value: its beginning.
pub(super) fn shown(value: &Value) -> String {
    const MOST: usize = 14;
    let text = compact(value);
    if text.len() <= MOST {
        return text;
    }
    let mut end = MOST - 3;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &text[..end])
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    style: &'a Style,
}

fn color(value: &Value) -> &'static str {
    match value {
        Value::Null => "\x1b[1;30m",
        Value::Bool(_) | Value::Number(_) => "\x1b[0;39m",
        Value::Text(_) => "\x1b[0;32m",
        Value::Array(_) | Value::Object(_) => "\x1b[1;39m",
    }
}

impl Writer<'_> {
    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn paint(&mut self, text: &str) {
        if self.style.color {
            self.put(text);
        }
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = &self.style.indent {
            self.out.push(b'\n');
            for _ in 0..depth {
                self.out.extend_from_slice(indent);
            }
        }
    }

    fn value(&mut self, value: &Value, depth: usize) {
        let start = color(value);
        self.paint(start);
        match value {
            Value::Null => self.put("null"),
            Value::Bool(true) => self.put("true"),
            Value::Bool(false) => self.put("false"),
            Value::Number(number) => self.put(&number.text()),
            Value::Text(_) => self.text(value.as_text().unwrap_or_default()),
            Value::Array(array) if array.items().is_empty() => self.put("[]"),
            Value::Object(object) if object.members().is_empty() => self.put("{}"),
            Value::Array(array) => {
                self.put("[");
                for (index, item) in array.items().iter().enumerate() {
                    if index > 0 {
                        self.paint(start);
                        self.put(",");
                    }
                    self.line(depth + 1);
                    self.value(item, depth + 1);
                }
                self.close("]", start, depth);
            }
            Value::Object(object) => {
                self.put("{");
                let members: Vec<_> = match self.style.sort_keys {
                    true => object.sorted(),
                    false => object.members().iter().collect(),
                };
                for (index, (key, value)) in members.into_iter().enumerate() {
                    if index > 0 {
                        self.paint(start);
                        self.put(",");
                    }
                    self.line(depth + 1);
                    self.paint(RESET);
                    self.paint(KEY_COLOR);
                    self.text(key);
                    self.paint(RESET);
                    self.paint(start);
                    self.put(":");
                    if self.style.indent.is_some() {
                        self.put(" ");
                    }
                    self.paint(RESET);
                    self.value(value, depth + 1);
                }
                self.close("}", start, depth);
            }
        }
        self.paint(RESET);
    }

    fn close(&mut self, bracket: &str, start: &str, depth: usize) {
        self.paint(start);
        self.line(depth);
        self.paint(start);
        self.put(bracket);
    }

    fn text(&mut self, text: &str) {
        self.out.push(b'"');
        let mut from = 0;
        for (at, c) in text.char_indices() {
            let plain =
                c >= ' ' && c != '"' && c != '\\' && c != '\x7f' && (c.is_ascii() || !self.style.ascii);
            if plain {
                continue;
            }
            self.put(&text[from..at]);
            from = at + c.len_utf8();
            match c {
                '"' => self.put("\\\""),
                '\\' => self.put("\\\\"),
                '\n' => self.put("\\n"),
                '\t' => self.put("\\t"),
                '\r' => self.put("\\r"),
                '\x08' => self.put("\\b"),
                '\x0c' => self.put("\\f"),
                _ => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        self.put(&format!("\\u{unit:04x}"));
                    }
                }
            }
        }
        self.put(&text[from..]);
        self.out.push(b'"');
    }
}
