//! Lists, pipelines and simple commands (POSIX XCU 2.10).

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Parse, ParseError, ParseErrorKind, Parser, TokenName,
    lexer::{Op, Tok},
};
use crate::shell::{
    Dialect,
    arith::name_len,
    ast::{
        AndOr, Block, Command, CommandKind, Connector, Definition, Part, Pipeline, Redirect, RedirectKind,
        Simple, Timing, Word,
    },
};

/// Reserved words that no command begins with.
const CLOSING: [&[u8]; 8] = [b"then", b"else", b"elif", b"fi", b"do", b"done", b"esac", b"}"];

impl Parser {
    /// The commands of one line.
    pub(super) fn line_of_commands(&mut self) -> Parse<Block> {
        let mut commands = Vec::new();
        loop {
            commands.push(self.and_or()?);
            if !self.separator(&mut commands)? || matches!(self.peek()?, Tok::Newline | Tok::Eof) {
                return Ok(commands.into());
            }
        }
    }

    /// Commands up to where `ends` says so, or the end of the text.
    pub(super) fn commands(&mut self, ends: impl Fn(&mut Self) -> Parse<bool>) -> Parse<Vec<AndOr>> {
        let mut commands = Vec::new();
        loop {
            self.skip_newlines()?;
            // What ends the commands may be an alias, as any reserved word.
            self.expand_aliases()?;
            if matches!(self.peek()?, Tok::Eof) || ends(self)? {
                return Ok(commands);
            }
            commands.push(self.and_or()?);
            let separated = self.separator(&mut commands)?;
            if !separated && !matches!(self.peek()?, Tok::Newline | Tok::Eof) {
                return if ends(self)? { Ok(commands) } else { self.unexpected(None) };
            }
        }
    }

    /// Takes `;` or `&` after a command.
    fn separator(&mut self, commands: &mut [AndOr]) -> Parse<bool> {
        if self.eat_op(Op::And)? {
            if let Some(last) = commands.last_mut() {
                last.background = true;
            }
            return Ok(true);
        }
        self.eat_op(Op::Semi)
    }

    /// The commands of a compound command, at least one, up to a reserved word.
    pub(super) fn block(&mut self, ends: &[&str], expecting: Option<&'static str>) -> Parse<Block> {
        let at_end = |parser: &mut Self| {
            let Some(text) = parser.literal()? else { return parser.at_case_end() };
            // A word that ends something else ends this too: the caller says what it expects instead.
            Ok(ends.iter().any(|end| text == end.as_bytes()) || CLOSING.contains(&&*text))
        };
        self.nested(|parser| {
            let commands = parser.commands(at_end)?;
            if commands.is_empty() || matches!(parser.peek()?, Tok::Eof) {
                let eof = matches!(parser.peek()?, Tok::Eof);
                return parser.unexpected(expecting.filter(|_| eof));
            }
            Ok(commands.into())
        })
    }

    fn at_case_end(&mut self) -> Parse<bool> {
        Ok(matches!(self.peek()?, Tok::Op(Op::DoubleSemi | Op::SemiAnd | Op::DoubleSemiAnd | Op::Close)))
    }

    fn and_or(&mut self) -> Parse<AndOr> {
        self.peek()?;
        let start = self.peeked_start();
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let connector = match self.peek()? {
                Tok::Op(Op::AndIf) => Connector::And,
                Tok::Op(Op::OrIf) => Connector::Or,
                _ => break,
            };
            self.skip()?;
            self.skip_newlines()?;
            rest.push((connector, self.pipeline()?));
        }
        // Shown by `jobs`; there is no need for all of a long command.
        let end = self.last_end.min(start + 512).min(self.text.len()).max(start);
        let text = Bytes::copy_from_slice(&self.text[start..end]);
        Ok(AndOr { first, rest: rest.into(), background: false, text })
    }

    fn peeked_start(&self) -> usize {
        self.peeked.as_ref().map_or(self.at, |token| token.start)
    }

    fn pipeline(&mut self) -> Parse<Pipeline> {
        let (mut negated, mut marked) = (false, false);
        let mut timed = None;
        loop {
            if (!negated || self.dialect.is_bash()) && self.eat_reserved("!")? {
                (negated, marked) = (!negated, true);
            } else if negated && self.at_reserved("!")? {
                return self.unexpected(None);
            } else if self.dialect.is_bash() && self.eat_reserved("time")? {
                timed = Some(Timing::Shell);
                if self.at_reserved("-p")? {
                    self.skip()?;
                    timed = Some(Timing::Posix);
                }
            } else {
                break;
            }
        }
        let may_be_empty = timed.is_some() || (marked && self.dialect.is_bash());
        if may_be_empty && matches!(self.peek()?, Tok::Newline | Tok::Eof | Tok::Op(Op::Semi)) {
            return Ok(Pipeline { negated, timed, commands: Box::default() });
        }
        let mut commands = vec![Arc::new(self.command()?)];
        loop {
            let both = self.at_op(Op::PipeAnd)?;
            if !both && !self.at_op(Op::Pipe)? {
                return Ok(Pipeline { negated, timed, commands: commands.into() });
            }
            self.skip()?;
            if both && let Some(last) = commands.pop() {
                commands.push(Arc::new(with_both_outputs(last)));
            }
            self.skip_newlines()?;
            commands.push(Arc::new(self.command()?));
        }
    }

    /// A command with its redirections.
    pub(super) fn command(&mut self) -> Parse<Command> {
        self.expand_aliases()?;
        let line = {
            self.peek()?;
            self.line
        };
        if let Some(kind) = self.compound()? {
            let redirects =
                if matches!(kind, CommandKind::Function { .. }) { Vec::new() } else { self.redirects()? };
            return Ok(Command { kind, redirects: redirects.into(), line });
        }
        self.simple(line)
    }

    /// Redirections after a compound command.
    pub(super) fn redirects(&mut self) -> Parse<Vec<Redirect>> {
        let mut redirects = Vec::new();
        while let Some(redirect) = self.redirect()? {
            redirects.push(redirect);
        }
        Ok(redirects)
    }

    fn simple(&mut self, line: u32) -> Parse<Command> {
        let mut assignments = Vec::new();
        let mut words = Vec::new();
        let mut redirects = Vec::new();
        let mut arrays = Vec::new();
        // Within ash's `[[`, which is a command like others, `&&` and `||` are words.
        let mut doubled = self.dialect == Dialect::Ash && self.at_reserved("[[")?;
        loop {
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                if words.is_empty() {
                    self.expand_aliases()?;
                }
                continue;
            }
            if self.follows_alias()? {
                self.expand_aliases()?;
            }
            match self.peek()? {
                Tok::Word(_) => {}
                Tok::Op(Op::Open) if words.len() == 1 && assignments.is_empty() && redirects.is_empty() => {
                    return self.function(&words[0], line);
                }
                Tok::Op(op @ (Op::AndIf | Op::OrIf)) if doubled => {
                    let text = Bytes::from_static(op.text().as_bytes());
                    self.skip()?;
                    words.push(Word::of(Part::Quoted(text)));
                    continue;
                }
                _ => break,
            }
            let Tok::Word(word) = self.take()? else { break };
            doubled = doubled && word.literal().is_none_or(|text| text != "]]");
            if words.is_empty()
                && let Some(assignment) = self.assignment(&word)?
            {
                assignments.push(assignment);
                // An alias may follow assignments.
                self.expand_aliases()?;
                continue;
            }
            if self.evaluates_array(&words, &word) {
                let mut parts = word.parts.to_vec();
                parts.push(Part::Literal(Bytes::from_static(b"(")));
                self.at += 1;
                parts.extend(self.word_until(false, false, b")")?.parts.iter().cloned());
                parts.push(Part::Literal(Bytes::from_static(b")")));
                self.at += 1;
                words.push(Word { parts: parts.into() });
                continue;
            }
            if let Some(array) = self.declared_array(&words, &word)? {
                words.push(Word::of(Part::Literal(array.name.clone())));
                arrays.push(array);
                continue;
            }
            words.push(word);
        }
        if assignments.is_empty() && words.is_empty() && redirects.is_empty() {
            return self.unexpected(None);
        }
        let simple = Simple { assignments: assignments.into(), words: words.into(), arrays: arrays.into() };
        Ok(Command { kind: CommandKind::Simple(simple), redirects: redirects.into(), line })
    }

    /// `NAME() compound-command`, after the name.
    fn function(&mut self, name: &Word, line: u32) -> Parse<Command> {
        self.skip()?;
        if !self.eat_op(Op::Close)? {
            return self.unexpected_word(")");
        }
        let valid = |text: &Bytes| {
            let plain = name_len(text) == text.len();
            plain || (self.dialect.has_bashisms() && !text.iter().any(|byte| b"$=".contains(byte)))
        };
        let Some(name) = name.literal().filter(|text| valid(text)).cloned() else {
            return Err(self.error(ParseErrorKind::BadFunctionName));
        };
        self.function_body(name, line)
    }

    /// The body of a function is a simple command, which bash does not take: the word that it begins with is to blame.
    fn not_compound(&self, start: usize, line: u32) -> ParseError {
        let rest = self.text.get(start..).unwrap_or_default();
        let len = rest.iter().position(|byte| super::lexer::ends_word(*byte)).unwrap_or(rest.len());
        let token = TokenName::Word(Bytes::copy_from_slice(&rest[..len]));
        let mut error = self.error(ParseErrorKind::Unexpected { token, expecting: None });
        (error.line, error.source_line) = (line, Some(self.line_at(start)));
        error
    }

    /// The body of a function.
    pub(super) fn function_body(&mut self, name: Bytes, line: u32) -> Parse<Command> {
        self.skip_newlines()?;
        self.peek()?;
        let (start, line_of_body) = (self.peeked_start(), self.line);
        let body = self.nested(Self::command)?;
        if self.dialect.is_bash() && matches!(body.kind, CommandKind::Simple(_)) {
            return Err(self.not_compound(start, line_of_body));
        }
        let end = self.last_end.min(self.text.len()).max(start);
        let text = Bytes::copy_from_slice(&self.text[start..end]);
        let definition = Definition { body: Arc::new(body), text };
        let kind = CommandKind::Function { name, definition: Arc::new(definition) };
        Ok(Command { kind, redirects: Box::default(), line })
    }
}

/// `command 2>&1`, for `|&`.
fn with_both_outputs(command: Arc<Command>) -> Command {
    let one = Word::of(Part::Literal(Bytes::from_static(b"1")));
    let redirect =
        Redirect { fd: Some(2), variable: None, kind: RedirectKind::Duplicate { word: one, output: true } };
    match Arc::try_unwrap(command) {
        Ok(command) => {
            let mut redirects = command.redirects.into_vec();
            redirects.push(redirect);
            Command { redirects: redirects.into(), ..command }
        }
        // Nobody else holds it yet.
        Err(shared) => {
            Command { kind: CommandKind::Brace(Arc::new([])), redirects: Box::default(), line: shared.line }
        }
    }
}
