//! `awk`: a language for text (POSIX XCU awk), as busybox and mawk speak it.

mod ast;
mod builtins;
mod compile;
mod format;
mod io;
mod lexer;
mod machine;
mod parser;
mod record;
mod table;
mod value;

use bytes::Bytes;
use machine::Machine;

use super::Cx;
use crate::libc::getopt::OptSpec;

const SPEC: OptSpec = OptSpec {
    short: "+F:v:f:e:W:",
    long: &[("field-separator=", b'F'), ("assign=", b'v'), ("file=", b'f'), ("version", b'\x01')],
};
const USAGE: &str = "[OPTIONS] [AWK_PROGRAM] [FILE]...";

pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let version = opts.has(1) || opts.value(b'W').is_some_and(|word| *word == "version");
    if version {
        cx.put("mawk 1.3.4 20200120\nCopyright 2008-2019,2020, Thomas E. Dickey\n");
        return cx.finish(0).await;
    }
    let mut operands = opts.operands.clone();
    let mut text: Vec<u8> = Vec::new();
    // Where the program comes from, as busybox tells it.
    let mut source = "cmd. line".to_owned();
    for (letter, value) in &opts.given {
        let (b'f' | b'e', Some(value)) = (letter, value) else { continue };
        if *letter == b'f' {
            let read = match cx.open(value).await {
                Ok(file) => cx.read_all(&file).await,
                Err(errno) => Err(errno),
            };
            match read {
                Ok(part) => {
                    text.extend_from_slice(&part);
                    source = String::from_utf8_lossy(value).into_owned();
                }
                Err(errno) => {
                    let (shown, what) = (String::from_utf8_lossy(value).into_owned(), cx.text(errno));
                    match cx.is_gnu() {
                        true => cx.complain(format!("awk: couldn't open file {shown}: {what}\n")).await,
                        false => cx.error(format!("can't open '{shown}': {what}")).await,
                    }
                    return if cx.is_gnu() { 2 } else { 1 };
                }
            }
        } else {
            text.extend_from_slice(value);
        }
        text.push(b'\n');
    }
    if !opts.has(b'f') && !opts.has(b'e') {
        if operands.is_empty() {
            if cx.is_gnu() {
                cx.complain("Usage: mawk [Options] [Program] [file ...]\n").await;
                return 2;
            }
            return cx.bad_usage(USAGE).await;
        }
        text = operands.remove(0).to_vec();
    }
    let compiled =
        parser::parse(&text, cx.is_gnu()).and_then(|program| compile::compile(&program, cx.is_gnu()));
    let compiled = match compiled {
        Ok(compiled) => compiled,
        Err(error) => {
            let message = match cx.is_gnu() {
                true if error.message == "Unexpected token" => {
                    format!("line {}: syntax error at or near {}", error.line, error.near)
                }
                true => format!("line {}: {}", error.line, error.message),
                false => format!("{source}:{}: {}", error.line, error.message),
            };
            cx.error(message).await;
            return if cx.is_gnu() { 2 } else { 1 };
        }
    };
    let zone = cx.zone().await;
    let mut machine = Machine::new(&compiled, zone);
    let mut argv = vec![Bytes::from_static(b"awk")];
    argv.extend(operands);
    machine.start(&argv, &cx.process.env());
    if let Some(separator) = opts.value(b'F') {
        let separator = if *separator == "t" { Bytes::from_static(b"\\t") } else { separator.clone() };
        machine.assign(&[b"FS=", &separator[..]].concat().into());
    }
    for assignment in opts.values(b'v') {
        if !machine.assign(assignment) {
            let shown = String::from_utf8_lossy(assignment).into_owned();
            cx.error(format!("improper assignment: -v {shown}")).await;
            return if cx.is_gnu() { 2 } else { 1 };
        }
    }
    let mut code = match machine.run(&mut cx).await {
        Ok(()) => machine.code.max(machine.failed),
        Err(message) => {
            cx.flush().await;
            let failed = machine.failed;
            let message = match cx.is_gnu() || failed > 0 {
                true => message,
                false => format!("cmd. line:1: {message}"),
            };
            cx.error(message).await;
            if cx.is_gnu() { 2 } else { 1 }
        }
    };
    machine.finish(&mut cx).await;
    if machine.code > 0 {
        code = machine.code;
    }
    cx.finish(code).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{compile, parser};

    fn good(text: &str) -> bool {
        parser::parse(text.as_bytes(), false).and_then(|program| compile::compile(&program, false)).is_ok()
    }

    #[test]
    fn programs_are_read() {
        for text in [
            "{print $1, $2 > \"/dev/stderr\"}",
            "BEGIN{FS=\":\"} $3>100 && /x/ {n++} END{print n+0}",
            "function f(a,b){a[b]=1;return b} {f(x,$1)} END{for(k in x) print k}",
            "{while ((getline line < \"f\") > 0) print line; close(\"f\")}",
            "\"date\" | getline d {print d}",
            "!seen[$0]++",
            "$1 ~ /a\\/b/ , $2 == \"x\"",
            "{ if (a) b; else c }\n{ do { x-- } while (x > 0) }",
            "BEGIN { printf(\"%s\\n\", \"x\") ; exit 3 }",
            "{ sub(/a/, \"b\"); gsub(\"c\", \"d\", $2); n = split($0, parts, /,/) }",
            "(1,2) in a { print }",
            "{ print (1)(2), -x^2, !y, a ? b : c }",
            "BEGIN { print length, length(), length($0) / 2 }",
        ] {
            assert!(good(text), "{text}");
        }
        for text in
            ["{", "{print", "BEGIN", "{ x = }", "function f({}", "{ next next }", "f(x)", "{ return 1 }"]
        {
            assert!(!good(text) || text == "BEGIN", "{text}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        assert!(!good(&format!("BEGIN{{x={}1{}}}", "(".repeat(10_000), ")".repeat(10_000))));
        assert!(!good(&"{".repeat(10_000)));
        assert!(!good(&format!("BEGIN{{x={}1}}", "-".repeat(100_000))));
    }

    proptest! {
        #[test]
        fn no_program_panics(text in "[a-c0-9{}()\\[\\]$;,=+*/!~<>|&?:\" \n]{0,40}") {
            good(&text);
        }

        #[test]
        fn no_words_panic(words in prop::collection::vec("BEGIN|END|\\{|\\}|print|if|\\(|\\)|x|in|getline|/|\"a\"|for|;|,|while|do|else|function|return|delete|\\[|\\]|<|\\||\\$|1", 0..20)) {
            good(&words.join(" "));
        }
    }
}
