//! `jq`: a language for JSON, as jq 1.7.1 speaks it.
//!
//! A filter is read ([`parser`]), its names are looked up ([`compile`]), and a machine ([`machine`]) runs it step by step,
//! so that it can be stopped, and so that its work and its memory are charged like any program's.

mod ast;
mod builtins;
mod choice;
mod compile;
mod input;
mod kont;
mod lexer;
mod machine;
mod number;
mod options;
mod parser;
mod read;
mod value;
mod write;

use input::{Inputs, NoInput};
use lexer::SyntaxError;
use machine::{Event, Machine, Question};
use options::{Instead, Named, Options};
use value::{Heap, Raise, Value};

use super::{Cx, calendar::Zone};
use crate::kernel::process::Fd;

/// Steps that a filter runs at once.
const SLICE: u32 = 250;
/// The exit code where a filter ends in an error.
const FAILED: u8 = 5;
/// The exit code for wrong options and unreadable files.
const WRONG: u8 = 2;

const USAGE: &str = "\
Usage:\tjq [OPTIONS] FILTER [FILES...]
\tjq [OPTIONS] --args FILTER [ARGUMENTS...]
\tjq [OPTIONS] --jsonargs FILTER [JSON_VALUES...]
";

const OPTIONS: &str = "
jq applies FILTER to its JSON inputs and writes what comes out as JSON.

Options:
  -n, --null-input          use `null` as the only input
  -R, --raw-input           read each line as a string
  -s, --slurp               read all inputs into one array
  -c, --compact-output      write each value on one line
  -r, --raw-output          write strings without quotes
      --raw-output0         like -r, with NUL after each value
  -j, --join-output         like -r, with nothing after each value
  -a, --ascii-output        write characters outside of ASCII as \\uXXXX
  -S, --sort-keys           write the keys of objects in order
  -C, --color-output        colorize the output
  -M, --monochrome-output   do not colorize the output
      --tab                 indent by tabs
      --indent n            indent by n spaces (at most 7)
      --stream              read values as paths and leaves
      --seq                 write a record separator before each value
  -f, --from-file file      read the filter from a file
      --arg name value      set $name to a string
      --argjson name value  set $name to a JSON value
      --slurpfile name file set $name to an array of a file's JSON values
      --rawfile name file   set $name to a file's text
      --args                what follows are strings for $ARGS.positional
      --jsonargs            what follows are JSON values for $ARGS.positional
  -e, --exit-status         exit with 1 if the last value is false or null
  -V, --version             show the version
  -h, --help                show this help
";

pub(super) async fn run(mut cx: Cx) -> u8 {
    "jq".clone_into(&mut cx.name);
    let heap = Heap::default();
    let mut options = match options::read(&cx.args, &heap) {
        Ok(options) => options,
        Err(Instead::Help) => {
            cx.put([USAGE, OPTIONS].concat());
            return cx.finish(0).await;
        }
        Err(Instead::Version) => {
            cx.put("jq-1.7.1\n");
            return cx.finish(0).await;
        }
        Err(Instead::Wrong(message)) => {
            cx.complain(message).await;
            return WRONG;
        }
    };
    let on_terminal = cx.process.is_terminal(1 as Fd);
    options.style.color = options.colored.unwrap_or(on_terminal);
    let program = match program(&mut cx, &mut options, on_terminal).await {
        Ok(program) => program,
        Err(code) => return code,
    };
    let globals = match globals(&mut cx, &heap, &options).await {
        Ok(globals) => globals,
        Err(code) => return code,
    };
    let compiled = parser::parse(&program).and_then(|term| compile::compile(&term, &globals, &heap));
    let code = match compiled {
        Ok(code) => code,
        Err(error) => {
            cx.complain(describe(&program, &error)).await;
            return 3;
        }
    };
    let mut session = Session { inputs: Inputs::new(&heap, &options), heap, options, last: None, failed: 0 };
    let ended = session.run(&mut cx, &code).await;
    let code = ended.unwrap_or_else(|| session.code());
    cx.finish(code).await
}

/// The text of the program.
async fn program(cx: &mut Cx, options: &mut Options, on_terminal: bool) -> Result<String, u8> {
    let Some(filter) = options.filter.take() else {
        // Where it is part of a pipeline it passes everything on.
        if !on_terminal || !cx.process.is_terminal(0 as Fd) {
            return Ok(".".to_owned());
        }
        cx.complain([USAGE, "For a list of options, use jq --help\n"].concat()).await;
        return Err(WRONG);
    };
    if !options.from_file {
        return Ok(String::from_utf8_lossy(&filter).into_owned());
    }
    match read_file(cx, &filter).await {
        Ok(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
        Err(why) => {
            cx.error(format!("error: Could not open {}: {why}", String::from_utf8_lossy(&filter))).await;
            Err(WRONG)
        }
    }
}

async fn read_file(cx: &mut Cx, path: &[u8]) -> Result<Vec<u8>, &'static str> {
    let read = match cx.open(path).await {
        Ok(file) => cx.read_all(&file).await,
        Err(errno) => Err(errno),
    };
    read.map_err(|errno| cx.text(errno))
}

/// The variables that options set.
async fn globals(cx: &mut Cx, heap: &Heap, options: &Options) -> Result<Vec<(String, Value)>, u8> {
    let mut named = Vec::new();
    for (name, argument) in &options.named {
        let value = match argument {
            Named::Value(value) => value.clone(),
            Named::File { path, raw } => {
                let option = if *raw { "rawfile" } else { "slurpfile" };
                let read = read_file(cx, path).await;
                let shown = String::from_utf8_lossy(path).into_owned();
                let value = match read {
                    Ok(text) if *raw => heap
                        .text(String::from_utf8_lossy(&text).into_owned())
                        .map_err(|_| "out of memory".to_owned()),
                    Ok(text) => slurp(heap, &text),
                    Err(why) => Err(format!("Could not open {shown}: {why}")),
                };
                match value {
                    Ok(value) => value,
                    Err(why) => {
                        cx.error(format!("Bad JSON in --{option} {name} {shown}: {why}")).await;
                        return Err(WRONG);
                    }
                }
            }
        };
        named.push((name.clone(), value));
    }
    let env = cx.process.env();
    match options::globals(heap, named, options.positional.clone(), &env) {
        Ok(globals) => Ok(globals),
        Err(_) => {
            cx.error("error: cannot allocate memory").await;
            Err(WRONG)
        }
    }
}

/// All values of a text.
fn slurp(heap: &Heap, text: &[u8]) -> Result<Value, String> {
    let mut reader = read::Reader::new(heap);
    reader.feed(text)?;
    reader.end()?;
    let values = std::iter::from_fn(|| reader.take()).collect();
    heap.array(values).map_err(|_| "out of memory".to_owned())
}

/// What jq says of a program that it cannot read.
fn describe(program: &str, error: &SyntaxError) -> String {
    let at = error.at.min(program.len());
    let before = program.get(..at).unwrap_or(program);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = program[start..].split('\n').next().unwrap_or_default();
    let number = 1 + before.matches('\n').count();
    let column = " ".repeat(at - start);
    format!(
        "jq: error: {} at <top-level>, line {number}:\n{line}{column}\njq: 1 compile error\n",
        error.message
    )
}

/// A run over all inputs.
struct Session {
    heap: Heap,
    options: Options,
    inputs: Inputs,
    /// Whether the last value that was written is true.
    last: Option<bool>,
    failed: u8,
}

impl Session {
    /// Filters all inputs. The exit code where something ended it before their end.
    async fn run(&mut self, cx: &mut Cx, code: &compile::Code) -> Option<u8> {
        if self.options.null_input {
            return self.filter(cx, code, Value::Null).await;
        }
        loop {
            let ended = match self.inputs.next(cx).await {
                Ok(input) => self.filter(cx, code, input).await,
                Err(NoInput::End) => return None,
                Err(NoInput::Invalid(message)) => {
                    cx.flush().await;
                    cx.error(format!("parse error: {message}")).await;
                    return Some(WRONG);
                }
                Err(NoInput::Memory) => return Some(out_of_memory(cx).await),
            };
            if ended.is_some() {
                return ended;
            }
        }
    }

    /// The exit code after the last input.
    fn code(&self) -> u8 {
        if self.inputs.failed {
            return WRONG;
        }
        match self.last {
            _ if self.failed > 0 => self.failed,
            Some(true) => 0,
            Some(false) => u8::from(self.options.exit_status),
            None if self.options.exit_status => 4,
            None => 0,
        }
    }

    /// Runs the filter over one input.
    async fn filter(&mut self, cx: &mut Cx, code: &compile::Code, input: Value) -> Option<u8> {
        let mut machine = Machine::new(code, &self.heap, input);
        loop {
            let event = machine.run(SLICE);
            let allocated = u32::try_from(self.heap.take_allocated() >> 8).unwrap_or(u32::MAX / 2);
            cx.process.work(SLICE.saturating_add(allocated)).await;
            if cx.process.hold(self.heap.used()).is_err() {
                return Some(out_of_memory(cx).await);
            }
            match event {
                Event::Pause => {}
                Event::Output(value) => {
                    self.write(cx, &value);
                    self.last = Some(value.is_true());
                    if !cx.drain().await {
                        return Some(WRONG);
                    }
                }
                Event::Input => {
                    let next = match self.inputs.next(cx).await {
                        Ok(value) => Ok(value),
                        Err(NoInput::End) => Err(Raise::error(&self.heap, "No more inputs")),
                        Err(NoInput::Invalid(message)) => Err(Raise::error(&self.heap, message)),
                        Err(NoInput::Memory) => Err(Raise::Memory),
                    };
                    machine.resume(next);
                }
                Event::Ask(question, about) => {
                    let answer = self.answer(cx, question, &about).await;
                    machine.resume(answer);
                }
                Event::Message(text) => {
                    cx.flush().await;
                    cx.complain(text).await;
                }
                Event::Ended => return None,
                Event::Failed(error) => {
                    self.failed = FAILED;
                    cx.flush().await;
                    let position = self.inputs.position();
                    let message = match error.as_text() {
                        Some(text) => format!("error (at {position}): {text}"),
                        None => format!("error (at {position}) (not a string): {}", write::compact(&error)),
                    };
                    cx.error(message).await;
                    return None;
                }
                Event::Halt(value, code) => {
                    cx.flush().await;
                    if let Some(value) = value {
                        let text = value.as_text().map(str::to_owned);
                        cx.complain(text.unwrap_or_else(|| write::compact(&value) + "\n")).await;
                    }
                    return Some(code);
                }
                Event::Memory => return Some(out_of_memory(cx).await),
            }
        }
    }

    async fn answer(&self, cx: &mut Cx, question: Question, about: &Value) -> Result<Value, Raise> {
        match question {
            Question::Now => Ok(Value::from(cx.process.now().as_microsecond() as f64 / 1e6)),
            Question::Line => Ok(Value::from(self.inputs.line())),
            Question::Filename => self.inputs.filename(),
            Question::LocalTime => builtins::local(&self.heap, about, &Zone::of(&cx.process).await),
        }
    }

    fn write(&self, cx: &mut Cx, value: &Value) {
        let mut out = Vec::new();
        if self.options.seq {
            out.push(0x1e);
        }
        match value.as_text() {
            Some(text) if self.options.raw_output => out.extend_from_slice(text.as_bytes()),
            _ => write::write(&mut out, value, &self.options.style),
        }
        out.extend(self.options.end);
        cx.put(out);
    }
}

async fn out_of_memory(cx: &mut Cx) -> u8 {
    cx.flush().await;
    cx.complain("jq: error: cannot allocate memory\n").await;
    WRONG
}

#[cfg(test)]
mod tests;
