//! Compound commands (POSIX XCU 2.9.4).

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Parse, ParseErrorKind, Parser, TokenName,
    lexer::{Op, Tok, literal_word},
};
use crate::shell::{
    arith::name_len,
    ast::{Block, CaseArm, CaseEnd, Command, CommandKind, Part, Word},
};

/// The variable of a loop, the words that it takes, and both as they are written.
type LoopHead = (Bytes, Option<Box<[Word]>>, Bytes);

impl Parser {
    /// The compound command that begins here, if one does.
    pub(super) fn compound(&mut self) -> Parse<Option<CommandKind>> {
        if self.at_op(Op::Open)? {
            if self.dialect.is_bash()
                && self.text.get(self.at) == Some(&b'(')
                && self.closes_twice(self.at + 1)
            {
                self.peeked = None;
                self.at += 1;
                return self.nested(Self::arithmetic).map(|word| Some(CommandKind::Arith(word)));
            }
            self.skip()?;
            let body = self.nested(|parser| {
                let body = parser.commands(|parser| parser.at_op(Op::Close))?;
                if body.is_empty() { parser.unexpected(None) } else { Ok(body) }
            })?;
            if !self.eat_op(Op::Close)? {
                return self.unexpected(Some(")"));
            }
            return Ok(Some(CommandKind::Subshell(body.into())));
        }
        let Some(word) = self.literal()? else { return Ok(None) };
        let bash = self.dialect.is_bash();
        Ok(Some(match &*word {
            b"{" => {
                self.skip()?;
                let body = self.block(&["}"], Some("}"))?;
                self.expect_reserved("}")?;
                CommandKind::Brace(body)
            }
            b"if" => self.if_command()?,
            b"while" | b"until" => {
                self.skip()?;
                let test = self.block(&["do"], Some("do"))?;
                let body = self.do_group()?;
                CommandKind::Loop { until: &*word == b"until", test, body }
            }
            b"for" => self.for_command()?,
            b"select" if bash => self.select_command()?,
            b"case" => self.case_command()?,
            b"function" if self.dialect.has_bashisms() => self.function_command()?,
            b"[[" if bash => {
                self.skip()?;
                CommandKind::Cond(self.cond_command()?)
            }
            b"coproc" if bash => self.coproc_command()?,
            b"then" | b"else" | b"elif" | b"fi" | b"do" | b"done" | b"esac" | b"}" => {
                return self.unexpected(None);
            }
            _ => return Ok(None),
        }))
    }

    fn if_command(&mut self) -> Parse<CommandKind> {
        self.skip()?;
        let mut arms = Vec::new();
        loop {
            let test = self.block(&["then"], Some("then"))?;
            self.expect_reserved("then")?;
            let body = self.block(&["elif", "else", "fi"], Some("fi"))?;
            arms.push((test, body));
            if self.eat_reserved("elif")? {
                continue;
            }
            let otherwise =
                if self.eat_reserved("else")? { Some(self.block(&["fi"], Some("fi"))?) } else { None };
            self.expect_reserved("fi")?;
            return Ok(CommandKind::If { arms: arms.into(), otherwise });
        }
    }

    /// `do ...; done`
    fn do_group(&mut self) -> Parse<Block> {
        self.expect_reserved("do")?;
        let body = self.block(&["done"], Some("done"))?;
        self.expect_reserved("done")?;
        Ok(body)
    }

    fn for_command(&mut self) -> Parse<CommandKind> {
        self.skip()?;
        if self.dialect.is_bash() && self.at_op(Op::Open)? && self.text.get(self.at) == Some(&b'(') {
            return self.arithmetic_for();
        }
        let (name, words, head) = self.loop_head("for")?;
        let body = self.loop_body()?;
        Ok(CommandKind::For { name, words, body, head })
    }

    fn select_command(&mut self) -> Parse<CommandKind> {
        self.skip()?;
        let (name, words, head) = self.loop_head("select")?;
        let body = self.loop_body()?;
        Ok(CommandKind::Select { name, words, body, head })
    }

    fn loop_body(&mut self) -> Parse<Block> {
        self.skip_newlines()?;
        if self.dialect.is_bash() && self.eat_reserved("{")? {
            let body = self.block(&["}"], Some("}"))?;
            self.expect_reserved("}")?;
            return Ok(body);
        }
        self.do_group()
    }

    /// The variable of a loop, the words that it takes, and both as they are written.
    fn loop_head(&mut self, keyword: &str) -> Parse<LoopHead> {
        let name = match self.literal()? {
            Some(name) if name_len(&name) == name.len() => name,
            None if self.dialect.is_bash() && !matches!(self.peek()?, Tok::Word(_)) => {
                // The end of the text is the end of its line there.
                return match self.peek()? {
                    Tok::Eof => {
                        let token = TokenName::Newline;
                        Err(self.error(ParseErrorKind::Unexpected { token, expecting: None }))
                    }
                    _ => self.unexpected(None),
                };
            }
            // bash only says so when it comes to it.
            _ if self.dialect.is_bash() => self.word_text(),
            _ => return Err(self.error(ParseErrorKind::BadForVariable)),
        };
        self.skip()?;
        self.skip_newlines()?;
        if !self.eat_reserved("in")? {
            self.eat_op(Op::Semi)?;
            let head = self.head([keyword.as_bytes(), b" ", &name, b" in \"$@\""].concat());
            return Ok((name, None, head));
        }
        let mut head = [keyword.as_bytes(), b" ", &name, b" in"].concat();
        let mut words = Vec::new();
        while let Tok::Word(word) = self.peek()?.clone() {
            head.push(b' ');
            head.extend_from_slice(&self.word_text());
            self.skip()?;
            words.push(word);
        }
        if words.is_empty() {
            head.push(b' ');
        }
        if !matches!(self.peek()?, Tok::Newline) && !self.eat_op(Op::Semi)? {
            return self.unexpected(None);
        }
        let head = self.head(head);
        Ok((name, Some(words.into()), head))
    }

    /// What bash shows of a compound command as it begins; other shells do not.
    fn head(&self, text: Vec<u8>) -> Bytes {
        if self.dialect.is_bash() { text.into() } else { Bytes::new() }
    }

    /// `for ((...; ...; ...))`
    fn arithmetic_for(&mut self) -> Parse<CommandKind> {
        self.peeked = None;
        self.at += 1;
        let word = self.nested(Self::arithmetic)?;
        let mut clauses: Vec<Vec<Part>> = vec![Vec::new()];
        for part in word.parts.iter() {
            let Part::Quoted(text) = part else {
                if let Some(last) = clauses.last_mut() {
                    last.push(part.clone());
                }
                continue;
            };
            for (index, piece) in text.split(|byte| *byte == b';').enumerate() {
                if index > 0 {
                    clauses.push(Vec::new());
                }
                if let Some(last) = clauses.last_mut() {
                    let piece = if last.is_empty() { piece.trim_ascii_start() } else { piece };
                    last.push(Part::Quoted(text.slice_ref(piece)));
                }
            }
        }
        let clauses: [Vec<Part>; 3] = match clauses.try_into() {
            Ok(clauses) => clauses,
            Err(_) => return self.unexpected(None),
        };
        let [init, test, step] = clauses.map(|parts| Word { parts: parts.into() });
        self.eat_op(Op::Semi)?;
        let body = self.loop_body()?;
        Ok(CommandKind::ForArith { init, test, step, body })
    }

    fn case_command(&mut self) -> Parse<CommandKind> {
        self.skip()?;
        let Tok::Word(word) = self.peek()?.clone() else { return self.unexpected(None) };
        let head = self.head([b"case ", &self.word_text()[..], b" in"].concat());
        self.skip()?;
        self.skip_newlines()?;
        self.expect_reserved("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.eat_reserved("esac")? {
                return Ok(CommandKind::Case { word, arms: arms.into(), head });
            }
            if matches!(self.peek()?, Tok::Eof) {
                return self.unexpected(Some(")"));
            }
            let arm = self.nested(Self::case_arm)?;
            arms.push(arm);
        }
    }

    fn case_arm(&mut self) -> Parse<CaseArm> {
        self.eat_op(Op::Open)?;
        let mut patterns = Vec::new();
        loop {
            let Tok::Word(pattern) = self.peek()?.clone() else { return self.unexpected(None) };
            self.skip()?;
            patterns.push(pattern);
            if !self.eat_op(Op::Pipe)? {
                break;
            }
        }
        if !self.eat_op(Op::Close)? {
            return self.unexpected(Some(")"));
        }
        let body = self.commands(|parser| {
            let ended = matches!(parser.peek()?, Tok::Op(Op::DoubleSemi | Op::SemiAnd | Op::DoubleSemiAnd));
            Ok(ended || parser.at_reserved("esac")?)
        })?;
        let end = match self.peek()? {
            Tok::Op(Op::DoubleSemi) => CaseEnd::Break,
            Tok::Op(Op::SemiAnd) => CaseEnd::FallThrough,
            Tok::Op(Op::DoubleSemiAnd) => CaseEnd::Continue,
            Tok::Eof => return self.unexpected(Some(";;")),
            // The last arm may lack its end.
            _ => return Ok(CaseArm { patterns: patterns.into(), body: body.into(), end: CaseEnd::Break }),
        };
        self.skip()?;
        Ok(CaseArm { patterns: patterns.into(), body: body.into(), end })
    }

    /// `function NAME ...`
    fn function_command(&mut self) -> Parse<CommandKind> {
        self.skip()?;
        let Some(name) = self.literal()? else { return self.unexpected(None) };
        self.skip()?;
        if self.eat_op(Op::Open)? && !self.eat_op(Op::Close)? {
            return self.unexpected(Some(")"));
        }
        let line = self.line;
        Ok(self.function_body(name, line)?.kind)
    }

    /// `coproc [NAME] command`: the name may only precede a compound command.
    fn coproc_command(&mut self) -> Parse<CommandKind> {
        self.skip()?;
        let line = self.line;
        let mut name = Bytes::from_static(b"COPROC");
        let wrapped = |kind, redirects: Vec<_>| Command { kind, redirects: redirects.into(), line };
        if let Some(kind) = self.compound()? {
            let command = wrapped(kind, self.redirects()?);
            return Ok(CommandKind::Coproc { name, command: Arc::new(command) });
        }
        let named = match self.literal()? {
            Some(text) if name_len(&text) == text.len() => Some(text),
            _ => None,
        };
        let command = match named {
            Some(text) if self.compound_follows() => {
                self.skip()?;
                name = text;
                match self.compound()? {
                    Some(kind) => wrapped(kind, self.redirects()?),
                    None => return self.unexpected(None),
                }
            }
            _ => self.nested(Self::command)?,
        };
        Ok(CommandKind::Coproc { name, command: Arc::new(command) })
    }

    /// Whether a compound command begins after the word that comes next.
    fn compound_follows(&self) -> bool {
        const BEGINNINGS: [&[u8]; 9] =
            [b"{", b"if", b"while", b"until", b"for", b"case", b"select", b"[[", b"time"];
        let rest = self.text.get(self.at..).unwrap_or_default().trim_ascii_start();
        let len = rest.iter().position(|byte| super::lexer::ends_word(*byte)).unwrap_or(rest.len());
        rest.starts_with(b"(") || BEGINNINGS.contains(&&rest[..len])
    }

    /// A word of plain text.
    pub(super) fn plain(text: &'static str) -> Word {
        literal_word(Bytes::from_static(text.as_bytes()))
    }
}
