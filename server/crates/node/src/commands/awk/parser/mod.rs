//! Parsing awk programs (POSIX XCU awk, Grammar).

mod expressions;
mod operands;
mod statements;

use super::{
    ast::{Function, Program, Rule},
    lexer::{Lexer, Token},
};

/// How deep programs nest.
const MAX_DEPTH: u32 = 100;

/// What is wrong with a program, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) message: String,
    /// The text that was not expected.
    pub(super) near: String,
}

type Parsed<T> = Result<T, SyntaxError>;

/// Functions that are built in.
pub(super) const BUILTINS: &[&str] = &[
    "and", "atan2", "close", "compl", "cos", "exp", "fflush", "gensub", "gsub", "index", "int", "length",
    "log", "lshift", "match", "mktime", "or", "rand", "rshift", "sin", "split", "sprintf", "sqrt", "srand",
    "strftime", "sub", "substr", "system", "systime", "tolower", "toupper", "xor",
];

pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    /// Where the token begins.
    start: (usize, usize),
    depth: u32,
    /// In `print`, `>` redirects; in `for (x in y)`, `in` is no operator.
    no_greater: bool,
    no_in: bool,
    in_function: bool,
    loops: u32,
}

/// Parses a program.
/// Parses a program; `gnu` says whether mawk reads it, or busybox.
pub(super) fn parse(text: &[u8], gnu: bool) -> Parsed<Program> {
    let mut parser = Parser {
        lexer: Lexer::new(text, gnu),
        token: Token::End,
        start: (0, 1),
        depth: 0,
        no_greater: false,
        no_in: false,
        in_function: false,
        loops: 0,
    };
    parser.advance()?;
    parser.program()
}

impl Parser<'_> {
    fn advance(&mut self) -> Parsed<Token> {
        let before = self.lexer.line;
        let token = self.lexer.next()?;
        self.start = (self.lexer.at, before);
        Ok(std::mem::replace(&mut self.token, token))
    }

    fn is(&self, mark: &str) -> bool {
        matches!(&self.token, Token::Mark(known) | Token::Keyword(known) if *known == mark)
    }

    fn eat(&mut self, mark: &str) -> Parsed<bool> {
        let found = self.is(mark);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, mark: &str) -> Parsed<()> {
        if self.eat(mark)? { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> SyntaxError {
        let near = match &self.token {
            Token::Number(number) => super::value::number_text(*number, b"%.6g"),
            Token::String(text) => String::from_utf8_lossy(text).into_owned(),
            Token::Name(name, _) => name.clone(),
            Token::Keyword(word) | Token::Mark(word) => (*word).to_owned(),
            Token::Newline => "end of line".to_owned(),
            Token::End => "end of file".to_owned(),
        };
        SyntaxError { line: self.start.1, message: "Unexpected token".to_owned(), near }
    }

    fn newlines(&mut self) -> Parsed<()> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    fn separators(&mut self) -> Parsed<()> {
        while self.token == Token::Newline || self.is(";") {
            self.advance()?;
        }
        Ok(())
    }

    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.lexer.error("program nests too deep", ""));
        }
        Ok(())
    }

    fn program(&mut self) -> Parsed<Program> {
        let mut program = Program::default();
        loop {
            self.separators()?;
            if self.token == Token::End {
                return Ok(program);
            }
            if self.eat("function")? {
                let function = self.function()?;
                program.functions.push(function);
            } else if self.eat("BEGIN")? {
                program.begin.push(self.action()?);
            } else if self.eat("END")? {
                program.end.push(self.action()?);
            } else {
                let pattern = if self.is("{") { None } else { Some(self.expr()?) };
                let until = if pattern.is_some() && self.eat(",")? {
                    self.newlines()?;
                    Some(self.expr()?)
                } else {
                    None
                };
                let action = if self.is("{") { Some(self.action()?) } else { None };
                program.rules.push(Rule { pattern, until, action });
            }
        }
    }

    fn function(&mut self) -> Parsed<Function> {
        let Token::Name(name, _) = self.advance()? else { return Err(self.unexpected()) };
        self.expect("(")?;
        let mut params = Vec::new();
        while !self.is(")") {
            self.newlines()?;
            let Token::Name(param, _) = self.token.clone() else { return Err(self.unexpected()) };
            self.advance()?;
            params.push(param);
            self.newlines()?;
            if !self.eat(",")? {
                break;
            }
        }
        self.expect(")")?;
        self.newlines()?;
        self.in_function = true;
        let body = self.action();
        self.in_function = false;
        Ok(Function { name, params, body: body? })
    }
}
