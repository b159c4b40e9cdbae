//! `bc`: a calculator with a language (POSIX `bc`, with busybox's extensions).

mod lexer;
mod machine;
mod parser;
mod program;

use bytes::Bytes;
use machine::{End, Machine};

use super::Width;
use crate::{
    commands::{Cx, Lines},
    libc::getopt::OptSpec,
};

const USAGE: &str = "[-sqlw] [FILE]...

Arbitrary precision calculator

	-q	Quiet
	-l	Load standard library
	-s	Be POSIX compatible
	-w	Warn if extensions are used

$BC_LINE_LENGTH changes output width";

/// The functions of `-l`.
const LIBRARY: &str = include_str!("library.bc");
/// The longest piece of text that is read at a time, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// Why a text is no program.
#[derive(Debug, PartialEq, Eq)]
enum Error {
    Syntax(String),
    /// More has to come; what is wrong where nothing does.
    Incomplete(&'static str),
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "wvsqli",
        long: &[
            ("extended-register", b'x'),
            ("warn", b'w'),
            ("version", b'v'),
            ("standard", b's'),
            ("quiet", b'q'),
            ("mathlib", b'l'),
            ("interactive", b'i'),
        ],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut machine = Machine::new(Width::from_env(&cx.process, "BC_LINE_LENGTH"));
    if opts.has(b'l') {
        machine.settings.scale = 20;
        if let Ok(library) = parser::parse(LIBRARY) {
            machine.run(library, &mut cx).await;
        }
    }
    let mut files = opts.operands;
    files.push(Bytes::from_static(b"-"));
    for path in files {
        let typed = path == "-" && cx.process.file(0).is_ok_and(|file| file.terminal().is_some());
        match interpret(&mut machine, &path, typed, &mut cx).await {
            Ok(true) => {}
            Ok(false) => return cx.finish(0).await,
            Err(code) => {
                cx.finish(code).await;
                return code;
            }
        }
    }
    cx.finish(0).await
}

/// Runs a file. `false` where the program is over.
async fn interpret(machine: &mut Machine, path: &[u8], typed: bool, cx: &mut Cx) -> Result<bool, u8> {
    let file = match cx.open(path).await {
        Ok(file) => file,
        Err(errno) => {
            cx.open_error(path, errno).await;
            return Err(1);
        }
    };
    let mut lines = Lines::new(file);
    let mut pending = String::new();
    loop {
        let line = match lines.next(cx).await {
            Ok(line) => line,
            Err(errno) => {
                cx.file_error(path, errno).await;
                return Err(1);
            }
        };
        let last = line.is_none();
        if let Some(line) = line {
            pending.push_str(&String::from_utf8_lossy(&line.text));
            pending.push('\n');
        }
        if pending.len() > MAX_TEXT {
            cx.error("program too long").await;
            return Err(1);
        }
        // A line that goes on is not looked at yet.
        if !last && pending.ends_with("\\\n") {
            continue;
        }
        cx.process.work(u32::try_from(pending.len() / 16).unwrap_or(u32::MAX)).await;
        let message = match parser::parse(&pending) {
            Ok(program) => {
                pending.clear();
                match machine.run(program, cx).await {
                    End::Done if last => return Ok(true),
                    End::Done => continue,
                    End::Halt => return Ok(false),
                    End::Error(message) => message,
                }
            }
            Err(Error::Incomplete(_)) if !last => continue,
            Err(Error::Incomplete(message)) => message.to_owned(),
            Err(Error::Syntax(message)) => message,
        };
        pending.clear();
        cx.error(message).await;
        // Who types may try again.
        if !typed || last {
            return Err(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Error, LIBRARY, parser::parse};

    #[test]
    fn the_library_is_a_program() {
        assert_eq!(parse(LIBRARY).unwrap().functions.len(), 6);
    }

    #[test]
    fn errors_name_the_rest_of_the_line() {
        let error = |text: &str| match parse(text) {
            Err(Error::Syntax(message)) => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(error("1+\n2"), "bad expression at ''");
        assert_eq!(error("1)"), "bad statement terminator at ')'");
        assert_eq!(error("5 5"), "bad expression at '5'");
        assert_eq!(error("3 $ 4"), "bad character '$'");
        assert_eq!(parse("{1").unwrap_err(), Error::Incomplete("bad token at ''"));
        assert_eq!(parse("/* x").unwrap_err(), Error::Incomplete("unterminated comment"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_fail_otherwise(text in "[a-z0-9+*/^(){}\\[\\]<>=!&|;,\"#\\\\\n .-]{0,80}") {
            let _ = parse(&text);
        }
    }
}
