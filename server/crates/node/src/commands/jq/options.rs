//! The command line of jq, which mixes options, the filter, files and arguments in any order.

use std::sync::Arc;

use bytes::Bytes;
use indexmap::IndexMap;

use super::{
    read::Reader,
    value::{Heap, Raise, Value},
    write::Style,
};

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) style: Style,
    pub(super) colored: Option<bool>,
    pub(super) null_input: bool,
    pub(super) raw_input: bool,
    pub(super) slurp: bool,
    pub(super) stream: bool,
    pub(super) raw_output: bool,
    /// What follows each value.
    pub(super) end: Option<u8>,
    /// `--seq`: a separator before each value.
    pub(super) seq: bool,
    pub(super) exit_status: bool,
    pub(super) from_file: bool,
    pub(super) filter: Option<Bytes>,
    pub(super) files: Vec<Bytes>,
    /// `$name`, in order.
    pub(super) named: Vec<(String, Named)>,
    pub(super) positional: Vec<Value>,
}

/// What a named argument is.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Value(Value),
    /// A file of JSON values, or of text.
    File {
        path: Bytes,
        raw: bool,
    },
}

/// What the command line comes to instead of a program that runs.
#[derive(Debug)]
pub(super) enum Instead {
    Help,
    Version,
    /// A complaint; the exit code is 2.
    Wrong(String),
}

const HINT: &str = "\nUse jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://jqlang.github.io/jq\n";

/// Reads the command line.
pub(super) fn read(args: &[Bytes], heap: &Heap) -> Result<Options, Instead> {
    let mut options = Options {
        style: Style { indent: Some(b"  ".to_vec()), ..Style::default() },
        end: Some(b'\n'),
        ..Options::default()
    };
    let mut args = args.iter();
    // What positional arguments are once the filter is there.
    let mut positional = Positional::File;
    let mut ended = false;
    while let Some(arg) = args.next() {
        let text = String::from_utf8_lossy(arg).into_owned();
        if ended || !text.starts_with('-') {
            options.place(arg, &text, positional, heap)?;
            continue;
        }
        match text.strip_prefix("--") {
            Some("") => ended = true,
            Some("args") => positional = Positional::Text,
            Some("jsonargs") => positional = Positional::Json,
            Some(long) => options.long(long, &mut args, heap)?,
            None => options.short(&text, &mut args)?,
        }
    }
    Ok(options)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Positional {
    File,
    Text,
    Json,
}

type Args<'a> = std::slice::Iter<'a, Bytes>;

fn out_of_memory(_: Raise) -> Instead {
    Instead::Wrong("jq: error: cannot allocate memory\n".to_owned())
}

impl Options {
    fn place(&mut self, arg: &Bytes, text: &str, positional: Positional, heap: &Heap) -> Result<(), Instead> {
        if self.filter.is_none() {
            self.filter = Some(arg.clone());
            return Ok(());
        }
        match positional {
            Positional::File => self.files.push(arg.clone()),
            Positional::Text => self.positional.push(heap.text(text).map_err(out_of_memory)?),
            Positional::Json => {
                let value = Reader::read_all(heap, text).map_err(|_| {
                    Instead::Wrong(format!("jq: Invalid JSON text passed to --jsonargs{HINT}"))
                })?;
                self.positional.push(value);
            }
        }
        Ok(())
    }

    fn short(&mut self, text: &str, args: &mut Args<'_>) -> Result<(), Instead> {
        for letter in text.chars().skip(1) {
            match letter {
                'n' => self.null_input = true,
                'R' => self.raw_input = true,
                's' => self.slurp = true,
                'r' => self.raw_output = true,
                'j' => {
                    self.raw_output = true;
                    self.end = None;
                }
                'a' => self.style.ascii = true,
                'c' => self.style.indent = None,
                'S' => self.style.sort_keys = true,
                'C' => self.colored = Some(true),
                'M' => self.colored = Some(false),
                'e' => self.exit_status = true,
                'f' => self.from_file = true,
                'L' => drop(args.next()),
                'h' => return Err(Instead::Help),
                'V' => return Err(Instead::Version),
                _ => return Err(Instead::Wrong(format!("jq: Unknown option: {text}{HINT}"))),
            }
        }
        if text == "-" {
            return Err(Instead::Wrong(format!("jq: Unknown option: {text}{HINT}")));
        }
        Ok(())
    }

    fn long(&mut self, name: &str, args: &mut Args<'_>, heap: &Heap) -> Result<(), Instead> {
        match name {
            "null-input" => self.null_input = true,
            "raw-input" => self.raw_input = true,
            "slurp" => self.slurp = true,
            "stream" => self.stream = true,
            "raw-output" => self.raw_output = true,
            "raw-output0" => {
                self.raw_output = true;
                self.end = Some(0);
            }
            "join-output" => {
                self.raw_output = true;
                self.end = None;
            }
            "ascii-output" => self.style.ascii = true,
            "compact-output" => self.style.indent = None,
            "sort-keys" => self.style.sort_keys = true,
            "color-output" => self.colored = Some(true),
            "monochrome-output" => self.colored = Some(false),
            "tab" => self.style.indent = Some(b"\t".to_vec()),
            "unbuffered" => {}
            "exit-status" => self.exit_status = true,
            "from-file" => self.from_file = true,
            "seq" => self.seq = true,
            "help" => return Err(Instead::Help),
            "version" => return Err(Instead::Version),
            "indent" => {
                let width = args.next().ok_or_else(|| wrong("--indent takes one parameter"))?;
                let width: i64 = String::from_utf8_lossy(width).parse().unwrap_or(0);
                self.style.indent = match width {
                    0 => None,
                    1..8 => Some(vec![b' '; usize::try_from(width).unwrap_or(0)]),
                    8.. => return Err(wrong("Cannot indent more than 7 characters")),
                    _ => return Err(wrong("Cannot indent less than -1 characters")),
                };
            }
            "arg" | "argjson" | "slurpfile" | "rawfile" => {
                let (Some(key), Some(value)) = (args.next(), args.next()) else {
                    let what = if name.ends_with("file") { "filename" } else { "value" };
                    let what = if name == "argjson" { "text" } else { what };
                    return Err(wrong(&format!(
                        "--{name} takes two parameters (e.g. --{name} varname {what})"
                    )));
                };
                let text = String::from_utf8_lossy(value);
                let named = match name {
                    "arg" => Named::Value(heap.text(text).map_err(out_of_memory)?),
                    "argjson" => Named::Value(
                        Reader::read_all(heap, &text)
                            .map_err(|_| wrong(&format!("Invalid JSON text passed to --{name}")))?,
                    ),
                    _ => Named::File { path: value.clone(), raw: name == "rawfile" },
                };
                let key = String::from_utf8_lossy(key).into_owned();
                if !self.named.iter().any(|(known, _)| *known == key) {
                    self.named.push((key, named));
                }
            }
            _ => return Err(Instead::Wrong(format!("jq: Unknown option: --{name}{HINT}"))),
        }
        Ok(())
    }
}

fn wrong(message: &str) -> Instead {
    Instead::Wrong(format!("jq: {message}{HINT}"))
}

/// The variables that a program finds: `$name`, `$ARGS`, `$ENV`.
pub(super) fn globals(
    heap: &Heap,
    named: Vec<(String, Value)>,
    positional: Vec<Value>,
    env: &[Bytes],
) -> Result<Vec<(String, Value)>, Raise> {
    let mut members: IndexMap<Arc<str>, Value> = IndexMap::new();
    for (name, value) in &named {
        members.insert(name.as_str().into(), value.clone());
    }
    let arguments: IndexMap<Arc<str>, Value> =
        [(Arc::from("positional"), heap.array(positional)?), (Arc::from("named"), heap.object(members)?)]
            .into_iter()
            .collect();
    let mut variables: IndexMap<Arc<str>, Value> = IndexMap::new();
    for entry in env {
        if let Some((name, value)) = String::from_utf8_lossy(entry).split_once('=') {
            variables.insert(name.into(), heap.text(value)?);
        }
    }
    let mut globals =
        vec![("ENV".to_owned(), heap.object(variables)?), ("ARGS".to_owned(), heap.object(arguments)?)];
    globals.extend(named);
    Ok(globals)
}
