//! What follows a dollar sign or a backquote (POSIX XCU 2.6).

use std::sync::Arc;

use bytes::Bytes;

use super::{Parse, ParseErrorKind, Parser, TokenName, lexer::Op, word::Parts};
use crate::shell::{
    Dialect,
    arith::Expr,
    ast::{
        AndOr, Arith, CaseChange, Parameter, ParameterName, ParameterOp, Part, ReplaceScope, SubScript,
        Subscript, Word,
    },
};

impl Parser {
    /// The expansion that the dollar sign here begins; `None` where it stands for itself.
    pub(super) fn dollar(&mut self, in_quotes: bool) -> Parse<Option<Part>> {
        // Wherever lines are continued within the signs that begin it, it is as if the last of them stood after the others.
        let next = self.past_continuations(self.at + 1);
        let Some(sign) = self.text.get(next).copied() else { return Ok(None) };
        self.at = next - 1;
        let second = self.past_continuations(next + 1);
        match sign {
            b'(' if self.text.get(second) == Some(&b'(') && self.closes_twice(second + 1) => {
                self.at = second + 1;
                let word = self.nested(Self::arithmetic)?;
                Ok(Some(Part::Arith(Arc::new(compile(word, self.dialect)))))
            }
            b'[' if self.dialect.is_bash() => {
                self.at += 2;
                let word = self.nested(Self::bracketed_arithmetic)?;
                Ok(Some(Part::Arith(Arc::new(compile(word, self.dialect)))))
            }
            b'(' => {
                self.at += 2;
                let script = self.nested(Self::command_substitution)?;
                Ok(Some(Part::Command(script)))
            }
            b'{' => {
                self.at += 2;
                let start = self.at;
                let parameter = match self.nested(|parser| parser.braced(in_quotes)) {
                    Err(error) if error.kind == ParseErrorKind::BadSubstitution => {
                        self.bad_parameter(start, error)?
                    }
                    other => other?,
                };
                Ok(Some(Part::Parameter(Arc::new(parameter))))
            }
            _ => {
                let Some((name, len)) = self.parameter_name(self.at + 1, false) else { return Ok(None) };
                self.at += 1 + len;
                let parameter = Parameter { name, subscript: None, indirect: false, op: ParameterOp::None };
                Ok(Some(Part::Parameter(Arc::new(parameter))))
            }
        }
    }

    /// A parameter expansion that makes no sense: bash and dash say so when they come to expand it.
    fn bad_parameter(&mut self, start: usize, error: super::ParseError) -> Parse<Parameter> {
        if self.dialect == Dialect::Ash {
            return Err(error);
        }
        self.at = start;
        let mut depth = 0;
        let len = self.text[start..].iter().position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            depth < 0
        });
        let Some(len) = len else { return Err(self.error(ParseErrorKind::MissingBrace)) };
        let text = Bytes::copy_from_slice(&self.text[start..start + len]);
        self.at = start + len + 1;
        let name = ParameterName::Variable(Bytes::new());
        Ok(Parameter { name, subscript: None, indirect: false, op: ParameterOp::Bad(text) })
    }

    /// A parameter's name at a place, and its length. Outside of braces only one digit counts.
    fn parameter_name(&self, at: usize, braced: bool) -> Option<(ParameterName, usize)> {
        let first = *self.text.get(at)?;
        let belongs = |byte: &u8, len: usize| {
            if first.is_ascii_digit() {
                byte.is_ascii_digit() && (braced || len == 0)
            } else {
                byte.is_ascii_alphanumeric() || *byte == b'_'
            }
        };
        let mut name = Vec::new();
        let (mut end, mut next) = (at, at);
        while let Some(byte) = self.text.get(next).filter(|byte| belongs(byte, name.len())) {
            name.push(*byte);
            end = next + 1;
            next = self.past_continuations(end);
        }
        if name.is_empty() {
            return b"@*#?-$!".contains(&first).then_some((ParameterName::Special(first), 1));
        }
        let name = if first.is_ascii_digit() {
            match std::str::from_utf8(&name).ok()?.parse().unwrap_or(usize::MAX) {
                0 => ParameterName::Special(b'0'),
                number => ParameterName::Positional(number),
            }
        } else {
            ParameterName::Variable(name.into())
        };
        Some((name, end - at))
    }

    /// `${...}`, after the brace.
    fn braced(&mut self, in_quotes: bool) -> Parse<Parameter> {
        let op_follows = |byte: Option<&u8>| matches!(byte, Some(b'}'));
        self.at = self.past_continuations(self.at);
        // ${#name} is a length, unless # is itself the parameter.
        let counted = self.past_continuations(self.at + 1);
        if self.text.get(self.at) == Some(&b'#')
            && let Some((name, len)) = self.parameter_name(counted, true)
        {
            let after = self.past_continuations(counted + len);
            if op_follows(self.text.get(after)) || self.text.get(after) == Some(&b'[') {
                self.at = after;
                let subscript = self.subscript()?;
                self.close_brace()?;
                return Ok(Parameter { name, subscript, indirect: false, op: ParameterOp::Length });
            }
        }
        let mut indirect = false;
        if self.dialect.is_bash()
            && self.text.get(self.at) == Some(&b'!')
            && self.parameter_name(self.at + 1, true).is_some_and(|(_, len)| len > 0)
            && !op_follows(self.text.get(self.at + 1))
        {
            self.at += 1;
            indirect = true;
        }
        let Some((name, len)) = self.parameter_name(self.at, true) else {
            return Err(self.bad_substitution());
        };
        self.at = self.past_continuations(self.at + len);
        let mut subscript = self.subscript()?;
        if indirect {
            let keys = matches!(subscript, Some(Subscript::Each | Subscript::Joined));
            let prefix = matches!(self.text.get(self.at), Some(b'*' | b'@'))
                && self.text.get(self.at + 1) == Some(&b'}');
            if prefix {
                let joined = self.text.get(self.at) == Some(&b'*');
                subscript = Some(if joined { Subscript::Joined } else { Subscript::Each });
                self.at += 1;
            }
            if keys || prefix {
                self.close_brace()?;
                let op = if keys { ParameterOp::Keys } else { ParameterOp::Names };
                return Ok(Parameter { name, subscript, indirect: false, op });
            }
        }
        let op = self.parameter_op(in_quotes)?;
        self.close_brace()?;
        Ok(Parameter { name, subscript, indirect, op })
    }

    fn bad_substitution(&self) -> super::ParseError {
        if self.at >= self.text.len() {
            return self.error(ParseErrorKind::MissingBrace);
        }
        self.error(ParseErrorKind::BadSubstitution)
    }

    fn close_brace(&mut self) -> Parse<()> {
        match self.text.get(self.at) {
            Some(b'}') => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.bad_substitution()),
        }
    }

    /// `[@]`, `[*]` or `[expression]`, in bash.
    pub(super) fn subscript(&mut self) -> Parse<Option<Subscript>> {
        if !self.dialect.is_bash() || self.text.get(self.at) != Some(&b'[') {
            return Ok(None);
        }
        let rest = &self.text[self.at..];
        if rest.starts_with(b"[@]") || rest.starts_with(b"[*]") {
            let each = rest[1] == b'@';
            self.at += 3;
            return Ok(Some(if each { Subscript::Each } else { Subscript::Joined }));
        }
        self.at += 1;
        let word = self.nested(|parser| parser.word_until(false, true, b"]"))?;
        if self.text.get(self.at) != Some(&b']') {
            return Err(self.bad_substitution());
        }
        self.at += 1;
        Ok(Some(Subscript::Index(word)))
    }

    fn parameter_op(&mut self, in_quotes: bool) -> Parse<ParameterOp> {
        let rest = &self.text[self.at..];
        let Some(first) = rest.first().copied() else { return Err(self.error(ParseErrorKind::MissingBrace)) };
        let second = rest.get(1).copied();
        let null = first == b':' && matches!(second, Some(b'-' | b'=' | b'?' | b'+'));
        let kind = if null { second.unwrap_or(first) } else { first };
        match kind {
            b'}' => Ok(ParameterOp::None),
            b'-' | b'=' | b'?' | b'+' => {
                self.at += 1 + usize::from(null);
                let word = self.word_until(in_quotes, false, b"}")?;
                Ok(match kind {
                    b'-' => ParameterOp::Default { null, word },
                    b'=' => ParameterOp::Assign { null, word },
                    b'?' => ParameterOp::Error { null, word },
                    _ => ParameterOp::Alternative { null, word },
                })
            }
            b'#' | b'%' => {
                let longest = second == Some(kind);
                self.at += 1 + usize::from(longest);
                let pattern = self.word_until(in_quotes, true, b"}")?;
                Ok(if kind == b'#' {
                    ParameterOp::RemovePrefix { longest, pattern }
                } else {
                    ParameterOp::RemoveSuffix { longest, pattern }
                })
            }
            _ if !self.dialect.has_bashisms() => Err(self.bad_substitution()),
            b':' => {
                self.at += 1;
                let offset = self.word_until(in_quotes, true, b":}")?;
                let length = if self.text.get(self.at) == Some(&b':') {
                    self.at += 1;
                    Some(self.word_until(in_quotes, true, b"}")?)
                } else {
                    None
                };
                Ok(ParameterOp::Substring { offset, length })
            }
            b'/' => {
                let scope = match second {
                    Some(b'/') => ReplaceScope::All,
                    Some(b'#') if self.dialect.is_bash() => ReplaceScope::AtStart,
                    Some(b'%') if self.dialect.is_bash() => ReplaceScope::AtEnd,
                    _ => ReplaceScope::First,
                };
                self.at += if scope == ReplaceScope::First { 1 } else { 2 };
                // A slash that comes at once is what is looked for.
                let anchored = matches!(scope, ReplaceScope::AtStart | ReplaceScope::AtEnd);
                let slash = !anchored && self.text.get(self.at) == Some(&b'/');
                self.at += usize::from(slash);
                let mut pattern = self.word_until(in_quotes, true, b"/}")?;
                if slash {
                    let first = Part::Quoted(Bytes::from_static(b"/"));
                    pattern.parts = std::iter::once(first).chain(pattern.parts.iter().cloned()).collect();
                }
                let mut with = Word::default();
                if self.text.get(self.at) == Some(&b'/') {
                    self.at += 1;
                    // Quotes count here even between quotes.
                    with = self.word_until(in_quotes, true, b"}")?;
                }
                Ok(ParameterOp::Replace { scope, pattern, with })
            }
            b'^' | b',' | b'~' if self.dialect.is_bash() => {
                let all = second == Some(kind);
                self.at += 1 + usize::from(all);
                let pattern = self.word_until(in_quotes, true, b"}")?;
                let change = match kind {
                    b'^' => CaseChange::Upper,
                    b',' => CaseChange::Lower,
                    _ => CaseChange::Swap,
                };
                Ok(ParameterOp::Case { change, all, pattern })
            }
            b'@' if self.dialect.is_bash() && rest.get(2) == Some(&b'}') => {
                let letter = second.unwrap_or_default();
                self.at += 2;
                Ok(ParameterOp::Transform(letter))
            }
            _ => Err(self.bad_substitution()),
        }
    }

    /// The word up to an unquoted one of `stops`. Patterns quote as outside of double quotes even between them.
    pub(super) fn word_until(&mut self, in_quotes: bool, pattern: bool, stops: &[u8]) -> Parse<Word> {
        let mut parts = Parts::default();
        // A colon that ends an offset is none of `a ? b : c`, and not between parentheses.
        let in_expression = stops.contains(&b':');
        let (mut conditionals, mut parentheses) = (0usize, 0usize);
        if !in_quotes {
            self.tilde(&mut parts, stops);
        }
        loop {
            let Some(byte) = self.text.get(self.at).copied() else {
                return Err(self.error(ParseErrorKind::MissingBrace));
            };
            if in_expression {
                match byte {
                    b'?' => conditionals += 1,
                    b'(' => parentheses += 1,
                    b')' if parentheses > 0 => parentheses -= 1,
                    _ => {}
                }
                if byte == b':' && (conditionals > 0 || parentheses > 0) {
                    conditionals -= usize::from(conditionals > 0);
                    parts.literal(b':');
                    self.at += 1;
                    continue;
                }
            }
            if stops.contains(&byte) {
                return Ok(parts.into_word());
            }
            if !in_quotes || pattern {
                self.unquoted(byte, &mut parts)?;
            } else if byte == b'"' {
                self.at += 1;
                self.quotes_within(&mut parts)?;
            } else if byte == b'\\' && self.text.get(self.at + 1) == Some(&b'}') {
                parts.quoted(b"}");
                self.at += 2;
            } else {
                self.in_double_quotes(byte, &mut parts)?;
            }
        }
    }

    /// Quotes within a word that stands between quotes: up to the next quote nothing changes, except that a brace does
    /// not end the word.
    fn quotes_within(&mut self, parts: &mut Parts) -> Parse<()> {
        loop {
            match self.text.get(self.at).copied() {
                None => return Err(self.error(ParseErrorKind::UnterminatedQuote(b'"'))),
                Some(b'"') => {
                    self.at += 1;
                    parts.quoted_empty();
                    return Ok(());
                }
                Some(byte) => self.in_double_quotes(byte, parts)?,
            }
        }
    }

    /// The commands of `$(...)`, after the parenthesis.
    pub(super) fn command_substitution(&mut self) -> Parse<Arc<SubScript>> {
        let outer = std::mem::take(&mut self.pending);
        self.count_lines(self.at);
        let block = self
            .commands(|parser| parser.at_op(Op::Close))
            .and_then(|block| if self.eat_op(Op::Close)? { Ok(block) } else { self.unexpected(Some(")")) });
        let block = block.map_err(|error| match &error.kind {
            // In bash it is the parenthesis that is missing, whatever else is.
            ParseErrorKind::Unexpected { token: TokenName::Eof, .. } if self.dialect.is_bash() => {
                super::ParseError { kind: ParseErrorKind::UnterminatedQuote(b')'), ..error }
            }
            _ => error,
        })?;
        let inner = std::mem::replace(&mut self.pending, outer);
        self.pending.extend(inner);
        Ok(Arc::new(SubScript { block: block.into() }))
    }

    /// The commands between backquotes, after the first one.
    pub(super) fn backquoted(&mut self, in_quotes: bool) -> Parse<Part> {
        let mut text = Vec::new();
        loop {
            match self.text.get(self.at).copied() {
                None => return Err(self.error(ParseErrorKind::UnterminatedQuote(b'`'))),
                Some(b'`') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.text.get(self.at).copied() {
                        Some(byte @ (b'$' | b'`' | b'\\')) => text.push(byte),
                        Some(b'"') if in_quotes && !(self.in_here_document && self.dialect.is_bash()) => {
                            text.push(b'"');
                        }
                        // Gone wherever it stands, between single quotes too.
                        Some(b'\n') => {}
                        Some(byte) => text.extend_from_slice(&[b'\\', byte]),
                        None => continue,
                    }
                }
                Some(byte) => text.push(byte),
            }
            self.at += 1;
        }
        self.at += 1;
        let mut inner = Self::new(text, self.dialect, Arc::clone(&self.aliases), self.line);
        inner.depth = self.depth;
        inner.extglob = self.extglob;
        let script = inner.whole().map_err(|mut error| {
            error.incomplete = false;
            error
        })?;
        Ok(Part::Command(Arc::new(SubScript { block: script.into() })))
    }

    /// All commands of the text.
    fn whole(&mut self) -> Parse<Vec<AndOr>> {
        let commands = self.commands(|_| Ok(false))?;
        if !self.pending.is_empty() {
            self.read_here_documents(true)?;
        }
        Ok(commands)
    }

    /// Whether two parentheses that are open before a place close at once.
    pub(super) fn closes_twice(&self, start: usize) -> bool {
        let mut depth = 0;
        let mut at = start;
        while let Some(byte) = self.text.get(at) {
            match byte {
                b'\\' => at += 1,
                b'\'' => match self.text[at + 1..].iter().position(|byte| *byte == b'\'') {
                    Some(len) => at += len + 1,
                    None => return false,
                },
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b')' => return self.text.get(self.past_continuations(at + 1)) == Some(&b')'),
                _ => {}
            }
            at += 1;
        }
        // Unfinished: an interactive shell asks for more, and will find out then.
        true
    }

    /// An expression up to `))`, which is taken too.
    pub(super) fn arithmetic(&mut self) -> Parse<Word> {
        let start = self.at;
        let mut parts = Parts::default();
        let mut depth = 0;
        loop {
            match self.text.get(self.at).copied() {
                None if self.dialect.is_bash() => {
                    return Err(self.error(ParseErrorKind::UnterminatedQuote(b')')));
                }
                None => {
                    let token = super::TokenName::Eof;
                    return Err(self.error(ParseErrorKind::Unexpected { token, expecting: Some("))") }));
                }
                Some(b')') if depth == 0 && self.closes_twice(self.at) => {
                    // Its clauses are told apart in parts that are quoted.
                    let text = self.verbatim.then(|| Bytes::copy_from_slice(&self.text[start..self.at]));
                    self.at = self.past_continuations(self.at + 1) + 1;
                    return Ok(text.map_or_else(|| parts.into_word(), Word::quoted));
                }
                Some(b';') if depth == 0 && self.dialect.is_bash() => {
                    parts.quoted(b";");
                    self.at += 1;
                }
                Some(byte) => {
                    depth += i32::from(byte == b'(') - i32::from(byte == b')');
                    self.in_arithmetic(byte, &mut parts)?;
                }
            }
        }
    }

    /// Reads one byte or expansion of an expression.
    fn in_arithmetic(&mut self, byte: u8, parts: &mut Parts) -> Parse<()> {
        match byte {
            b'\\' | b'$' | b'`' => return self.in_double_quotes(byte, parts),
            b'"' => {}
            _ => parts.quoted(&[byte]),
        }
        self.at += 1;
        Ok(())
    }

    /// The expression of `$[...]`, as bash wrote `$((...))` before POSIX did, and the bracket that closes it.
    fn bracketed_arithmetic(&mut self) -> Parse<Word> {
        let mut parts = Parts::default();
        let mut depth = 0;
        loop {
            match self.text.get(self.at).copied() {
                None => return Err(self.error(ParseErrorKind::UnterminatedQuote(b']'))),
                Some(b']') if depth == 0 => {
                    self.at += 1;
                    return Ok(parts.into_word());
                }
                Some(byte) => {
                    depth += i32::from(byte == b'[') - i32::from(byte == b']');
                    self.in_arithmetic(byte, &mut parts)?;
                }
            }
        }
    }
}

/// An arithmetic expansion, compiled where its text is known.
pub(super) fn compile(word: Word, dialect: Dialect) -> Arith {
    let steps = dialect != Dialect::Dash;
    let ready = match &*word.parts {
        [] => Expr::parse(b"", steps).ok(),
        [Part::Quoted(text)] => Expr::parse(text, steps).ok(),
        _ => None,
    };
    Arith { word, ready }
}
