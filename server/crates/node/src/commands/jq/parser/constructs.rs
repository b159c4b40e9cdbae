//! What begins with a word or bracket of its own: `if`, calls, text, objects, functions, patterns.

use super::{
    super::{
        ast::{Function, Key, Kind, Parameter, Pattern, Piece, Term},
        lexer::{self, Kind as Token},
    },
    Parsed, Parser, text_at,
};

impl Parser<'_> {
    /// `SOURCE as PATTERN (`
    pub(super) fn source(&mut self) -> Parsed<(Term, Pattern)> {
        let source = self.suffixed()?;
        self.expect_keyword("as")?;
        let pattern = self.pattern()?;
        self.expect("(")?;
        Ok((source, pattern))
    }

    pub(super) fn condition(&mut self, at: usize) -> Parsed<Term> {
        let mut branches = Vec::new();
        let otherwise = loop {
            let condition = self.pipe()?;
            self.expect_keyword("then")?;
            branches.push((condition, self.pipe()?));
            if self.accept_keyword("elif") {
                continue;
            }
            let otherwise = if self.accept_keyword("else") { Some(Box::new(self.pipe()?)) } else { None };
            self.expect_keyword("end")?;
            break otherwise;
        };
        Ok(Term::new(Kind::If(branches, otherwise), at))
    }

    pub(super) fn call(&mut self, name: &str, at: usize) -> Parsed<Term> {
        let term = |kind| Ok(Term::new(kind, at));
        match name {
            "break" if self.accept("$") => {
                let label = self.name()?;
                return term(Kind::Break(label));
            }
            "null" => return term(Kind::Null),
            "true" => return term(Kind::Bool(true)),
            "false" => return term(Kind::Bool(false)),
            _ => {}
        }
        let mut arguments = Vec::new();
        if self.accept("(") {
            loop {
                arguments.push(self.pipe()?);
                if self.accept(")") {
                    break;
                }
                if !self.accept(";") {
                    return Err(self.unexpected("';' or ')'"));
                }
            }
        }
        term(Kind::Call(name.to_owned(), arguments))
    }

    pub(super) fn name(&mut self) -> Parsed<String> {
        match self.peek() {
            Token::Name(name) => {
                self.at += 1;
                Ok(name.clone())
            }
            Token::Keyword(name) => {
                self.at += 1;
                Ok((*name).to_owned())
            }
            _ => Err(self.unexpected("IDENT")),
        }
    }

    pub(super) fn text(&mut self, format: Option<String>) -> Parsed<Term> {
        let at = self.here();
        let Token::Text(pieces) = self.next() else { return Err(self.unexpected("QQSTRING_START")) };
        let mut read = Vec::new();
        for piece in pieces {
            read.push(match piece {
                lexer::Piece::Text(text) => Piece::Text(text.clone()),
                lexer::Piece::Words(words) => {
                    self.deeper()?;
                    let mut inner = Parser { program: self.program, words, at: 0, depth: self.depth };
                    let term = inner.pipe()?;
                    if *inner.peek() != Token::End {
                        return Err(inner.unexpected(""));
                    }
                    self.depth -= 1;
                    Piece::Filter(term)
                }
            });
        }
        Ok(Term::new(Kind::Text(format, read), at))
    }

    pub(super) fn object(&mut self, at: usize) -> Parsed<Term> {
        let mut members = Vec::new();
        while !self.accept("}") {
            members.push(self.member()?);
            if !self.accept(",") {
                if !self.accept("}") {
                    return Err(self.unexpected("'}'"));
                }
                break;
            }
        }
        Ok(Term::new(Kind::Object(members), at))
    }

    pub(super) fn member(&mut self) -> Parsed<(Term, Term)> {
        let at = self.here();
        let identity = || Box::new(Term::new(Kind::Identity, at));
        let field = |key: &Term| Term::new(Kind::Index(identity(), Box::new(key.clone())), at);
        // The key, and what it stands for where no value follows.
        let (key, short) = match self.peek() {
            Token::Name(_) | Token::Keyword(_) => {
                let key = text_at(&self.name()?, at);
                let short = field(&key);
                (key, Some(short))
            }
            Token::Number(text) => {
                self.at += 1;
                (text_at(text, at), None)
            }
            Token::Symbol("$") => {
                self.at += 1;
                let line = self.line(at);
                let located = matches!(self.peek(), Token::Keyword("__loc__"));
                let name = self.name()?;
                let kind = if located { Kind::Location(line) } else { Kind::Variable(name.clone()) };
                let variable = Term::new(kind, at);
                // `{$x}` is named after the variable, `{$x: 1}` by its value.
                if *self.peek() == Token::Symbol(":") {
                    (variable, None)
                } else {
                    (text_at(&name, at), Some(variable))
                }
            }
            Token::Text(_) => {
                let key = self.text(None)?;
                let short = field(&key);
                (key, Some(short))
            }
            Token::Format(name) => {
                self.at += 1;
                let key = self.text(Some(name.clone()))?;
                let short = field(&key);
                (key, Some(short))
            }
            Token::Symbol("(") => {
                self.at += 1;
                let key = self.pipe()?;
                self.expect(")")?;
                (key, None)
            }
            _ => return Err(self.unexpected("")),
        };
        if self.accept(":") {
            return Ok((key, self.member_value()?));
        }
        match short {
            Some(short) => Ok((key, short)),
            None => Err(self.unexpected("':'")),
        }
    }

    /// A value in an object: terms with `|` between them, other operators only in parentheses.
    pub(super) fn member_value(&mut self) -> Parsed<Term> {
        self.deeper()?;
        let at = self.here();
        let mut value = if self.accept("-") {
            let operand = self.member_value()?;
            Term::new(Kind::Negate(Box::new(operand)), at)
        } else {
            self.suffixed()?
        };
        if self.accept("|") {
            let right = self.member_value()?;
            value = Term::new(Kind::Pipe(Box::new(value), Box::new(right)), at);
        }
        self.depth -= 1;
        Ok(value)
    }

    /// What follows `def`.
    pub(super) fn function(&mut self) -> Parsed<Function> {
        let name = self.name()?;
        let mut parameters = Vec::new();
        if self.accept("(") {
            loop {
                let by_value = self.accept("$");
                parameters.push(Parameter { name: self.name()?, by_value });
                if self.accept(")") {
                    break;
                }
                self.expect(";")?;
            }
        }
        self.expect(":")?;
        let body = self.pipe()?;
        self.expect(";")?;
        Ok(Function { name, parameters, body })
    }

    pub(super) fn pattern(&mut self) -> Parsed<Pattern> {
        self.deeper()?;
        let pattern = if self.accept("$") {
            Pattern::Variable(self.name()?)
        } else if self.accept("[") {
            let mut parts = vec![self.pattern()?];
            while !self.accept("]") {
                self.expect(",")?;
                parts.push(self.pattern()?);
            }
            Pattern::Array(parts)
        } else if self.accept("{") {
            let mut members = vec![self.pattern_member()?];
            while !self.accept("}") {
                self.expect(",")?;
                members.push(self.pattern_member()?);
            }
            Pattern::Object(members)
        } else {
            return Err(self.unexpected("'$' or '[' or '{'"));
        };
        self.depth -= 1;
        Ok(pattern)
    }

    pub(super) fn pattern_member(&mut self) -> Parsed<(Key, Option<Pattern>)> {
        let at = self.here();
        if self.accept("$") {
            let name = self.name()?;
            let part = if self.accept(":") { Some(self.pattern()?) } else { None };
            return Ok((Key::Variable(name), part));
        }
        let key = match self.peek() {
            Token::Text(_) => self.text(None)?,
            Token::Symbol("(") => {
                self.at += 1;
                let key = self.pipe()?;
                self.expect(")")?;
                key
            }
            _ => text_at(&self.name()?, at),
        };
        self.expect(":")?;
        Ok((Key::Filter(key), Some(self.pattern()?)))
    }
}
