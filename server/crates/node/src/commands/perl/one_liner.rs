//! Reads the statements that a one-liner may be made of. The error names what is beyond them.

use super::pi::MAX_DIGITS;

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// `print` or, with a newline at its end, `say`.
    Print {
        pieces: Vec<Piece>,
        line: bool,
    },
    Sleep(u64),
    /// `$| = 1`
    Flush,
    Die(String),
    Exit(u8),
}

/// Something to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// So many digits of pi.
    Pi(usize),
}

/// The most statements of a one-liner.
const MAX_STATEMENTS: usize = 1000;

/// A word of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Number(String),
    Text(String),
    Mark(char),
}

/// Reads a one-liner.
pub(super) fn parse(text: &str, modern: bool, has_pi: bool) -> Result<Vec<Statement>, String> {
    let tokens = tokens(text)?;
    let mut statements = Vec::new();
    let mut modern = modern;
    for words in tokens.split(|token| *token == Token::Mark(';')).filter(|words| !words.is_empty()) {
        if statements.len() == MAX_STATEMENTS {
            return Err("a program of more than 1000 statements".to_owned());
        }
        let (Token::Word(verb), operands) = (&words[0], bare(&words[1..])) else {
            return Err(format!("a statement that begins with {}", shown(&words[0])));
        };
        let statement = match (verb.as_str(), operands) {
            ("use" | "no", [Token::Word(module)])
                if matches!(module.as_str(), "strict" | "warnings" | "utf8") =>
            {
                continue;
            }
            ("use", [Token::Word(feature), Token::Text(name)]) if feature == "feature" && name == "say" => {
                modern = true;
                continue;
            }
            ("use", [Token::Number(_)]) => {
                modern = true;
                continue;
            }
            ("print", operands) => Statement::Print { pieces: pieces(operands, has_pi)?, line: false },
            ("say", operands) if modern => Statement::Print { pieces: pieces(operands, has_pi)?, line: true },
            ("sleep", [Token::Number(seconds)]) => {
                Statement::Sleep(seconds.parse().map_err(|_| format!("sleep {seconds}"))?)
            }
            ("exit", []) => Statement::Exit(0),
            ("exit", [Token::Number(code)]) => {
                Statement::Exit(code.parse().map_err(|_| format!("exit {code}"))?)
            }
            ("die", [Token::Text(text)]) if text.ends_with('\n') => Statement::Die(text.clone()),
            ("die", [Token::Text(text)]) => Statement::Die(format!("{text} at -e line 1.\n")),
            ("$|", [Token::Mark('='), Token::Number(_)] | [Token::Mark('+'), Token::Mark('+')]) => {
                Statement::Flush
            }
            (verb, _) => return Err(format!("\"{verb}\" as it stands there")),
        };
        statements.push(statement);
    }
    Ok(statements)
}

/// The operands without the parentheses around all of them.
fn bare(words: &[Token]) -> &[Token] {
    match words {
        [Token::Mark('('), inner @ .., Token::Mark(')')] if !inner.contains(&Token::Mark(')')) => inner,
        _ => words,
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Word(word) | Token::Number(word) => format!("\"{word}\""),
        Token::Text(_) => "a text".to_owned(),
        Token::Mark(mark) => format!("\"{mark}\""),
    }
}

/// What a list prints: texts, numbers and pi, with commas or dots between them.
fn pieces(words: &[Token], has_pi: bool) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = words;
    while let [first, tail @ ..] = rest {
        let (piece, left) = match (first, tail) {
            (Token::Text(text), tail) => (Piece::Text(text.clone()), tail),
            (Token::Number(number), tail) => (Piece::Text(number.clone()), tail),
            (Token::Word(word), [Token::Mark('('), Token::Number(digits), Token::Mark(')'), tail @ ..])
            | (Token::Word(word), [Token::Number(digits), tail @ ..])
                if word == "bpi" && has_pi =>
            {
                let count = digits.parse().ok().filter(|count| (1..=MAX_DIGITS).contains(count));
                (
                    Piece::Pi(
                        count.ok_or_else(|| format!("bpi({digits}), with more than {MAX_DIGITS} digits,"))?,
                    ),
                    tail,
                )
            }
            (token, _) => return Err(format!("printing {}", shown(token))),
        };
        pieces.push(piece);
        rest = match left {
            [] => left,
            [Token::Mark(',' | '.'), tail @ ..] if !tail.is_empty() => tail,
            [token, ..] => return Err(format!("{} in what is printed", shown(token))),
        };
    }
    // Nothing to print is the default variable, and that is not set.
    Ok(pieces)
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            _ if c.is_whitespace() => {}
            '#' => while rest.next_if(|c| *c != '\n').is_some() {},
            '\'' => tokens.push(Token::Text(single(&mut rest)?)),
            '"' => tokens.push(Token::Text(double(&mut rest)?)),
            '$' if rest.next_if_eq(&'|').is_some() => tokens.push(Token::Word("$|".to_owned())),
            '0'..='9' => {
                let mut number = c.to_string();
                while let Some(c) = rest.next_if(|c| c.is_ascii_digit() || *c == '.') {
                    number.push(c);
                }
                let plain = (number == "0" || !number.starts_with('0') || number.starts_with("0."))
                    && !(number.contains('.') && number.ends_with(['0', '.']))
                    && number.matches('.').count() <= 1
                    && number.len() <= 15;
                if !plain {
                    return Err(format!("the number {number}"));
                }
                tokens.push(Token::Number(number));
            }
            'A'..='Z' | 'a'..='z' | '_' => {
                let mut word = c.to_string();
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == ':') {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
            ';' | ',' | '.' | '(' | ')' | '=' | '+' => tokens.push(Token::Mark(c)),
            other => return Err(format!("\"{other}\"")),
        }
    }
    Ok(tokens)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn single(rest: &mut Chars<'_>) -> Result<String, String> {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '\'' => return Ok(text),
            '\\' => text.push(rest.next_if(|c| matches!(c, '\'' | '\\')).unwrap_or('\\')),
            c => text.push(c),
        }
    }
    Err("a text without its end".to_owned())
}

fn double(rest: &mut Chars<'_>) -> Result<String, String> {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => return Ok(text),
            '\\' => match rest.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('e') => text.push('\u{1b}'),
                Some('0') => text.push('\0'),
                Some(c) if !c.is_ascii_alphanumeric() => text.push(c),
                _ => return Err("an escape in a text".to_owned()),
            },
            '$' | '@' => return Err("a variable in a text".to_owned()),
            c => text.push(c),
        }
    }
    Err("a text without its end".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Piece, Statement, parse};

    #[test]
    fn printing_texts_numbers_and_pi_is_understood() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let print = |pieces: Vec<Piece>| Statement::Print { pieces, line: false };
        assert_eq!(parse("print bpi(2000)", false, true), Ok(vec![print(vec![Piece::Pi(2000)])]));
        assert_eq!(
            parse("$|=1; print(\"a\\n\", 'b\\n' . 3); sleep 5; exit(4);", false, false),
            Ok(vec![
                Statement::Flush,
                print(vec![text("a\n"), text("b\\n"), text("3")]),
                Statement::Sleep(5),
                Statement::Exit(4)
            ])
        );
        assert_eq!(
            parse("use strict; say 'x'", true, false),
            Ok(vec![Statement::Print { pieces: vec![text("x")], line: true }])
        );
    }

    #[test]
    fn what_is_beyond_that_is_named() {
        for (program, what) in [
            ("print bpi(20)", "printing \"bpi\""),
            ("print bpi(20000)", "bpi(20000), with more than 10000 digits,"),
            ("my $x = 1", "\"$\""),
            ("print \"$x\"", "a variable in a text"),
            ("foreach (1) { }", "\"{\""),
            ("print 1+2", "\"+\" in what is printed"),
            ("say 'x'", "\"say\" as it stands there"),
        ] {
            assert_eq!(parse(program, false, program.contains("20000")), Err(what.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}") {
            let _ = parse(&text, true, true);
        }
    }
}
