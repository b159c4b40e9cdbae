//! Lists, pipelines and simple commands (POSIX XCU 2.10).

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{
    HereDocument, Parse, ParseError, ParseErrorKind, Parser, TokenName,
    lexer::{Op, Tok},
    word::{Parts, tilde_name},
};
use crate::shell::{
    Dialect,
    arith::name_len,
    ast::{
        AndOr, AssignedValue, Assignment, Block, Command, CommandKind, Connector, Definition, Element, Part,
        Pipeline, Redirect, RedirectKind, Simple, Timing, Word,
    },
    simple::DECLARATIONS,
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

    /// Whether a word is `NAME=` before a list, as an operand of `eval`, which takes it as text (bash).
    fn evaluates_array(&self, words: &[Word], word: &Word) -> bool {
        self.dialect.is_bash()
            && self.peeked.is_none()
            && words.first().and_then(Word::literal).is_some_and(|name| name == "eval")
            && self.text.get(self.at) == Some(&b'(')
            && word.literal().is_some_and(|text| text.ends_with(b"=") && name_len(text) + 1 == text.len())
    }

    /// `NAME=(...)` as an operand of `declare` and the like.
    fn declared_array(&mut self, words: &[Word], word: &Word) -> Parse<Option<Assignment>> {
        let declares = self.dialect.is_bash()
            && words.first().and_then(Word::literal).is_some_and(|name| DECLARATIONS.contains(&&name[..]))
            && self.text.get(self.at) == Some(&b'(')
            && word.literal().is_some_and(|text| text.ends_with(b"="));
        if !declares {
            return Ok(None);
        }
        self.assignment(word)
    }

    /// A word as an assignment, if it is one.
    fn assignment(&mut self, word: &Word) -> Parse<Option<Assignment>> {
        let Some(Part::Literal(text)) = word.parts.first() else { return Ok(None) };
        let len = name_len(text);
        if len == 0 {
            return Ok(None);
        }
        let name = text.slice(..len);
        let mut rest = text.slice(len..);
        let mut later = &word.parts[1..];
        let mut subscript = None;
        if self.dialect.is_bash() && rest.starts_with(b"[") {
            let Some(split) = split_subscript(&rest, later) else { return Ok(None) };
            (subscript, rest, later) = (Some(split.subscript), split.rest, split.later);
        }
        let append = self.dialect.is_bash() && rest.starts_with(b"+=");
        if !append && !rest.starts_with(b"=") {
            return Ok(None);
        }
        rest = rest.slice(1 + usize::from(append)..);
        let is_array = self.dialect.is_bash()
            && rest.is_empty()
            && later.is_empty()
            && self.text.get(self.at) == Some(&b'(');
        let value = if is_array && self.peeked.is_none() {
            AssignedValue::Array(self.array()?)
        } else {
            let mut parts = vec![Part::Literal(rest)];
            parts.extend(later.iter().cloned());
            AssignedValue::Word(with_tildes(&parts))
        };
        Ok(Some(Assignment { name, subscript, append, value }))
    }

    /// The elements of `NAME=(...)`.
    fn array(&mut self) -> Parse<Box<[Element]>> {
        let outside = std::mem::replace(&mut self.in_array, true);
        let elements = self.elements();
        self.in_array = outside;
        elements
    }

    fn elements(&mut self) -> Parse<Box<[Element]>> {
        let start = self.line;
        self.skip()?;
        let mut elements = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.eat_op(Op::Close)? {
                return Ok(elements.into());
            }
            let Tok::Word(word) = self.peek()?.clone() else {
                return self.unexpected(Some(")")).map_err(|mut error: ParseError| {
                    match &error.kind {
                        ParseErrorKind::Unexpected { token: TokenName::Eof, .. } => {
                            error.kind = ParseErrorKind::UnterminatedQuote(b')');
                            error.line = start;
                        }
                        ParseErrorKind::Unexpected { token, .. } => {
                            error.kind = ParseErrorKind::BadElement { token: token.clone() };
                        }
                        _ => {}
                    }
                    error
                });
            };
            self.skip()?;
            elements.push(Self::array_element(word));
        }
    }

    /// An element, with its subscript in `[subscript]=value`.
    fn array_element(word: Word) -> Element {
        let lone = |value| Element { subscript: None, append: false, value };
        let Some(Part::Literal(text)) = word.parts.first() else { return lone(word) };
        if !text.starts_with(b"[") {
            return lone(word);
        }
        let Some(split) = split_subscript(text, &word.parts[1..]) else { return lone(word) };
        let append = split.rest.starts_with(b"+=");
        let Some(value) = split.rest.strip_prefix(if append { &b"+="[..] } else { b"=" }) else {
            return lone(word);
        };
        let mut parts = vec![Part::Literal(Bytes::copy_from_slice(value))];
        parts.extend(split.later.iter().cloned());
        Element { subscript: Some(split.subscript), append, value: with_tildes(&parts) }
    }

    /// The name in `{name}` before a redirection.
    fn redirect_variable(&self, word: &Word) -> Option<Bytes> {
        let follows = matches!(self.text.get(self.at), Some(b'<' | b'>'));
        let text = word.literal().filter(|_| follows && self.dialect.is_bash())?;
        let inner = text.strip_prefix(b"{")?.strip_suffix(b"}")?;
        (!inner.is_empty() && name_len(inner) == inner.len()).then(|| Bytes::copy_from_slice(inner))
    }

    /// The next redirection, if there is one.
    fn redirect(&mut self) -> Parse<Option<Redirect>> {
        let (fd, variable) = match self.peek()?.clone() {
            Tok::Io(fd) => (Some(fd), None),
            Tok::Op(op) if op.is_redirect() => (None, None),
            Tok::Word(word) => match self.redirect_variable(&word) {
                Some(name) => (None, Some(name)),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        if fd.is_some() || variable.is_some() {
            self.skip()?;
        }
        let Tok::Op(op) = self.take()? else { return self.unexpected(None) };
        let Tok::Word(word) = self.peek()?.clone() else { return self.unexpected(None) };
        if matches!(op, Op::DoubleLess | Op::DoubleLessDash) {
            // Announced before the newline after it can be read.
            let strip_tabs = op == Op::DoubleLessDash;
            let (word, written) = self.announced(word, strip_tabs)?;
            let (delimiter, quoted) = self.delimiter(&word);
            let body = Arc::new(OnceLock::new());
            self.pending.push(HereDocument {
                delimiter,
                strip_tabs,
                quoted,
                body: Arc::clone(&body),
                line: self.line,
                written,
            });
            self.skip()?;
            return Ok(Some(Redirect { fd, variable, kind: RedirectKind::HereDocument(body) }));
        }
        self.skip()?;
        let kind = match op {
            Op::Less => RedirectKind::Read(word),
            Op::Great => RedirectKind::Write(word),
            Op::Clobber => RedirectKind::Clobber(word),
            Op::DoubleGreat => RedirectKind::Append(word),
            Op::LessGreat => RedirectKind::ReadWrite(word),
            Op::LessAnd => RedirectKind::Duplicate { word, output: false },
            Op::GreatAnd => RedirectKind::Duplicate { word, output: true },
            Op::AndGreat => RedirectKind::Both { word, append: false },
            Op::AndDoubleGreat => RedirectKind::Both { word, append: true },
            _ => RedirectKind::HereString(word),
        };
        Ok(Some(Redirect { fd, variable, kind }))
    }
}

/// A subscript, and what follows it.
struct Split<'a> {
    subscript: Word,
    /// What is left of the part where the bracket closes.
    rest: Bytes,
    later: &'a [Part],
}

/// Takes apart `[subscript]rest`, which begins in `text` and may go on in the parts after it.
fn split_subscript<'a>(text: &Bytes, later: &'a [Part]) -> Option<Split<'a>> {
    let mut inner: Vec<Part> = Vec::new();
    let mut depth = 0;
    for index in 0..=later.len() {
        let literal = match index.checked_sub(1).map(|index| &later[index]) {
            None => text,
            Some(Part::Literal(text)) => text,
            Some(other) => {
                inner.push(other.clone());
                continue;
            }
        };
        let start = usize::from(index == 0);
        for (at, byte) in literal.iter().enumerate() {
            match byte {
                b'[' => depth += 1,
                b']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                inner.push(Part::Literal(literal.slice(start.min(at)..at)));
                let subscript = Word { parts: inner.into() };
                return Some(Split { subscript, rest: literal.slice(at + 1..), later: &later[index..] });
            }
        }
        inner.push(Part::Literal(literal.slice(start..)));
    }
    None
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

/// The value of an assignment, where `~` counts at the start and after each unquoted colon.
pub(crate) fn with_tildes(parts: &[Part]) -> Word {
    let mut out = Parts::default();
    let mut start = true;
    for part in parts {
        let Part::Literal(text) = part else {
            out.part(part.clone());
            start = false;
            continue;
        };
        let mut rest: &[u8] = text;
        while let Some(byte) = rest.first() {
            if start && let Some(name) = tilde_name(rest, b":") {
                out.part(Part::Tilde(Bytes::copy_from_slice(name)));
                rest = &rest[1 + name.len()..];
                start = false;
                continue;
            }
            out.literal(*byte);
            start = *byte == b':';
            rest = &rest[1..];
        }
    }
    out.into_word()
}
