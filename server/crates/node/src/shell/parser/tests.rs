use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Aliases, Parser};
use crate::shell::{Dialect, ast::CommandKind};

const DIALECTS: [Dialect; 3] = [Dialect::Ash, Dialect::Dash, Dialect::Bash];

/// Reads a text to its end or to its first error; how many commands there were.
fn read(text: &[u8], dialect: Dialect) -> Result<usize, String> {
    let mut parser = Parser::new(text.to_vec(), dialect, Arc::default(), 1);
    let mut count = 0;
    loop {
        let before = parser.position();
        match parser.next_line() {
            Ok(Some(block)) => {
                count += block.len();
                assert!(parser.position() > before || parser.is_at_end(), "nothing was read");
            }
            Ok(None) => return Ok(count),
            Err(error) => return Err(error.message(dialect)),
        }
    }
}

#[test]
fn scripts_are_taken_line_by_line() {
    for dialect in DIALECTS {
        assert_eq!(read(b"a; b & c && d || e\n# nothing\n\nf | g\n", dialect), Ok(4));
        assert_eq!(read(b"if a; then b; elif c; then d; else e; fi > f\n", dialect), Ok(1));
        assert_eq!(read(b"cat <<A <<-'B'\nx $(y)\nA\n\tz\n\tB\nnext", dialect), Ok(2));
        assert_eq!(read(b"case x in (a|b) c;; *) d; esac; f() ( g )", dialect), Ok(2));
        assert_eq!(read(b"x=$(case y in z) echo ')' ;; esac) `a \\`b\\``", dialect), Ok(1));
    }
    assert_eq!(
        read(b"[[ a && ( b || ! -f c ) ]]; a=(1 [3]=2); for ((;;)); do b; done; <(c) >(d)", Dialect::Bash),
        Ok(4)
    );
}

#[test]
fn mistakes_are_told_in_the_words_of_each_shell() {
    let told = |text: &str| DIALECTS.map(|dialect| read(text.as_bytes(), dialect).unwrap_err());
    assert_eq!(
        told("if x; fi"),
        [
            "syntax error: unexpected \"fi\" (expecting \"then\")",
            "Syntax error: \"fi\" unexpected (expecting \"then\")",
            "syntax error near unexpected token `fi'"
        ]
    );
    assert_eq!(
        told("echo 'x"),
        [
            "syntax error: unterminated quoted string",
            "Syntax error: Unterminated quoted string",
            "unexpected EOF while looking for matching `''"
        ]
    );
    assert_eq!(
        told("a ;; b"),
        [
            "syntax error: unexpected \";;\"",
            "Syntax error: \";;\" unexpected",
            "syntax error near unexpected token `;;'"
        ]
    );
}

#[test]
fn aliases_stand_for_their_text_once() {
    let aliases: Aliases = [("l", "ls -l "), ("m", "l m")]
        .map(|(name, value)| (Bytes::from_static(name.as_bytes()), Bytes::from_static(value.as_bytes())))
        .into();
    let mut parser = Parser::new(b"m x\n".to_vec(), Dialect::Ash, Arc::new(aliases), 1);
    let block = parser.next_line().unwrap().unwrap();
    let CommandKind::Simple(simple) = &block[0].first.commands[0].kind else { panic!() };
    let words: Vec<_> = simple.words.iter().map(|word| word.literal().cloned().unwrap()).collect();
    assert_eq!(words, ["ls", "-l", "m", "x"]);
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [
        ("(", ")"),
        ("{ ", ";}"),
        ("$(", ")"),
        ("`", "`"),
        ("${a-", "}"),
        ("\"$(", ")\""),
        ("if ", ""),
        ("$((", "))"),
        ("f() ", ""),
    ] {
        for dialect in DIALECTS {
            let text = format!("{}x{}", open.repeat(20_000), close.repeat(20_000));
            // Whatever comes of it, it comes, and no stack overflows.
            let _ = read(text.as_bytes(), dialect);
        }
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b=",
        "$x",
        "${",
        "}",
        "${x:-",
        "${x#",
        "${x/",
        "$(",
        ")",
        "(",
        "((",
        "))",
        "$((",
        "`",
        "'",
        "\"",
        "\\",
        "\n",
        ";",
        ";;",
        ";&",
        "&",
        "&&",
        "|",
        "||",
        "|&",
        "<",
        ">",
        ">>",
        ">&",
        "<&",
        "<<",
        "<<-",
        "<<<",
        "<>",
        ">|",
        "&>",
        "<(",
        " ",
        "\t",
        "if ",
        "then ",
        "else ",
        "elif ",
        "fi ",
        "for ",
        "in ",
        "do ",
        "done ",
        "while ",
        "until ",
        "case ",
        "esac ",
        "{ ",
        "! ",
        "function ",
        "select ",
        "time ",
        "[[ ",
        "]] ",
        "=~",
        "EOF",
        "\nEOF\n",
        "#",
        "~",
        "{1..3}",
        "{a,b}",
        "$'",
        "$\"",
        "@",
        "*",
        "?",
        "[",
        "]",
        "+=",
        "[1]=",
        "2>",
        "&-",
        "1+",
        "\u{e9}",
        "\0",
        "$",
        "!",
        "%",
        "-",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_panics_or_hangs(text in pieces()) {
        for dialect in DIALECTS {
            let _ = read(text.as_bytes(), dialect);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..200)) {
        for dialect in DIALECTS {
            let _ = read(&text, dialect);
        }
    }

    /// What is quoted is one word, whatever it says.
    #[test]
    fn quoted_text_stays_one_word(text in "[^\0]{0,40}") {
        for dialect in DIALECTS {
            let quoted = crate::shell::quote::single(text.as_bytes(), dialect);
            let line = [&b"echo "[..], &quoted].concat();
            let mut parser = Parser::new(line, dialect, Arc::default(), 1);
            let block = parser.next_line().unwrap().unwrap();
            let CommandKind::Simple(simple) = &block[0].first.commands[0].kind else { panic!() };
            prop_assert_eq!(simple.words.len(), 2);
        }
    }
}
