//! Reads a filter: recursive descent over its words, its depth bounded.

mod constructs;

use super::{
    ast::{Assign, Function, Kind, Op, Piece, Term},
    lexer::{self, Kind as Token, SyntaxError, Word},
    number::Number,
};

/// The deepest nesting of the parser's functions: some 80 brackets.
const MAX_DEPTH: usize = 240;
/// The deepest nesting of what is read.
const MAX_HEIGHT: u32 = 250;

type Parsed<T> = Result<T, SyntaxError>;

/// A program: definitions, and a filter (`.` where there is none).
pub(super) fn parse(program: &str) -> Parsed<Term> {
    let words = lexer::words(program)?;
    let mut parser = Parser { program, words: &words, at: 0, depth: 0 };
    let term = match parser.peek() {
        Token::End => Term::new(Kind::Identity, 0),
        Token::Invalid => return Err(parser.unexpected("end of file")),
        _ => parser.pipe()?,
    };
    parser.finish(term)
}

/// Definitions alone.
pub(super) fn definitions(program: &str) -> Parsed<Vec<Function>> {
    let words = lexer::words(program)?;
    let mut parser = Parser { program, words: &words, at: 0, depth: 0 };
    let mut functions = Vec::new();
    while parser.accept_keyword("def") {
        functions.push(parser.function()?);
    }
    parser.finish(functions)
}

struct Parser<'a> {
    program: &'a str,
    words: &'a [Word],
    at: usize,
    depth: usize,
}

/// How tightly operators bind, loosest first.
const ALTERNATIVE: u8 = 1;
const ASSIGNMENT: u8 = 2;
const OR: u8 = 3;
const AND: u8 = 4;
const COMPARISON: u8 = 5;
const SUM: u8 = 6;
const PRODUCT: u8 = 7;

/// An operator between two terms.
enum Infix {
    Alternative,
    Assign(Assign),
    Or,
    And,
    Op(Op),
}

impl Infix {
    fn of(token: &Token) -> Option<(Self, u8)> {
        if let Some(op) = token.operator() {
            let level = match op {
                Op::Add | Op::Subtract => SUM,
                Op::Multiply | Op::Divide | Op::Remainder => PRODUCT,
                _ => COMPARISON,
            };
            return Some((Self::Op(op), level));
        }
        let assign = |assign| Some((Self::Assign(assign), ASSIGNMENT));
        match token {
            Token::Keyword("or") => Some((Self::Or, OR)),
            Token::Keyword("and") => Some((Self::And, AND)),
            Token::Symbol("//") => Some((Self::Alternative, ALTERNATIVE)),
            Token::Symbol("=") => assign(Assign::Set),
            Token::Symbol("|=") => assign(Assign::Update),
            Token::Symbol("+=") => assign(Assign::Arithmetic(Op::Add)),
            Token::Symbol("-=") => assign(Assign::Arithmetic(Op::Subtract)),
            Token::Symbol("*=") => assign(Assign::Arithmetic(Op::Multiply)),
            Token::Symbol("/=") => assign(Assign::Arithmetic(Op::Divide)),
            Token::Symbol("%=") => assign(Assign::Arithmetic(Op::Remainder)),
            Token::Symbol("//=") => assign(Assign::Alternative),
            _ => None,
        }
    }

    fn join(self, left: Term, right: Term) -> Term {
        let at = left.at;
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = match self {
            Self::Alternative => Kind::Alternative(left, right),
            Self::Assign(assign) => Kind::Assign(assign, left, right),
            Self::Or => Kind::Or(left, right),
            Self::And => Kind::And(left, right),
            Self::Op(op) => Kind::Binary(op, left, right),
        };
        Term::new(kind, at)
    }
}

impl<'a> Parser<'a> {
    fn word(&self) -> Option<&'a Word> {
        self.words.get(self.at).or(self.words.last())
    }

    fn peek(&self) -> &'a Token {
        self.word().map_or(&Token::End, |word| &word.kind)
    }

    fn here(&self) -> usize {
        self.word().map_or(0, |word| word.at)
    }

    fn next(&mut self) -> &'a Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(next) if *next == symbol);
        self.at += usize::from(found);
        found
    }

    fn accept_keyword(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Token::Keyword(next) if *next == keyword);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.accept(symbol) { Ok(()) } else { Err(self.unexpected(&format!("'{symbol}'"))) }
    }

    fn expect_keyword(&mut self, keyword: &str) -> Parsed<()> {
        if self.accept_keyword(keyword) { Ok(()) } else { Err(self.unexpected("")) }
    }

    fn unexpected(&self, expected: &str) -> SyntaxError {
        let mut message = format!("syntax error, unexpected {}", self.peek().name());
        if !expected.is_empty() {
            message += &format!(", expecting {expected}");
        }
        SyntaxError { message: message + " (Unix shell quoting issues?)", at: self.here() }
    }

    fn finish<T>(&self, parsed: T) -> Parsed<T> {
        if *self.peek() == Token::End { Ok(parsed) } else { Err(self.unexpected("end of file")) }
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.exhausted()) } else { Ok(()) }
    }

    /// Refuses a term that long chains of operators made too deep.
    fn check(&self, term: &Term) -> Parsed<()> {
        if term.height > MAX_HEIGHT { Err(self.exhausted()) } else { Ok(()) }
    }

    fn exhausted(&self) -> SyntaxError {
        SyntaxError { message: "syntax error: memory exhausted".to_owned(), at: self.here() }
    }

    /// `a | b`, with what binds looser still: definitions, `label`.
    fn pipe(&mut self) -> Parsed<Term> {
        self.deeper()?;
        let at = self.here();
        let term = if self.accept_keyword("def") {
            let function = self.function()?;
            Term::new(Kind::Def(Box::new(function), Box::new(self.pipe()?)), at)
        } else if self.accept_keyword("label") {
            self.expect("$")?;
            let name = self.name()?;
            self.expect("|")?;
            Term::new(Kind::Label(name, Box::new(self.pipe()?)), at)
        } else {
            let mut left = self.infix(0)?;
            if *self.peek() == Token::Symbol(",") {
                let mut parts = vec![left];
                while self.accept(",") {
                    parts.push(self.infix(0)?);
                }
                left = Term::new(Kind::Comma(parts), at);
            }
            if self.accept("|") {
                let right = self.pipe()?;
                left = Term::new(Kind::Pipe(Box::new(left), Box::new(right)), at);
            }
            left
        };
        self.depth -= 1;
        Ok(term)
    }

    /// Terms and the operators between them that bind at least so tightly.
    fn infix(&mut self, least: u8) -> Parsed<Term> {
        self.deeper()?;
        let at = self.here();
        let mut left = if self.accept("-") {
            let operand = self.infix(PRODUCT)?;
            Term::new(Kind::Negate(Box::new(operand)), at)
        } else {
            self.postfix()?
        };
        while let Some((infix, level)) = Infix::of(self.peek()).filter(|(_, level)| *level >= least) {
            self.at += 1;
            // `//` groups to the right, comparisons and assignments not at all.
            let right = self.infix(if level == ALTERNATIVE { level } else { level + 1 })?;
            left = infix.join(left, right);
            self.check(&left)?;
            let same = Infix::of(self.peek()).is_some_and(|(_, next)| next == level);
            if matches!(level, COMPARISON | ASSIGNMENT) && same {
                return Err(self.unexpected(""));
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    /// A term with its `.a[0]?`, and `as` if that follows.
    fn postfix(&mut self) -> Parsed<Term> {
        let at = self.here();
        if matches!(self.peek(), Token::Keyword("def" | "label")) {
            return self.pipe();
        }
        if self.accept_keyword("try") {
            let body = self.suffixed()?;
            let handler = if self.accept_keyword("catch") { Some(Box::new(self.suffixed()?)) } else { None };
            return Ok(Term::new(Kind::Try(Box::new(body), handler), at));
        }
        let term = self.suffixed()?;
        if !self.accept_keyword("as") {
            return Ok(term);
        }
        let mut patterns = vec![self.pattern()?];
        while self.accept("?//") {
            patterns.push(self.pattern()?);
        }
        self.expect("|")?;
        let body = self.pipe()?;
        Ok(Term::new(Kind::Bind(Box::new(term), patterns, Box::new(body)), at))
    }

    fn suffixed(&mut self) -> Parsed<Term> {
        self.deeper()?;
        let at = self.here();
        let mut term = self.primary()?;
        loop {
            let kind = match self.peek() {
                Token::Field(name) => {
                    self.at += 1;
                    Kind::Index(Box::new(term), Box::new(text_at(name, at)))
                }
                Token::Symbol(".") => {
                    self.at += 1;
                    match self.peek() {
                        Token::Text(_) => {
                            let key = self.text(None)?;
                            Kind::Index(Box::new(term), Box::new(key))
                        }
                        Token::Symbol("[") => continue,
                        _ => return Err(self.unexpected("FORMAT or QQSTRING_START")),
                    }
                }
                Token::Symbol("[") => {
                    self.at += 1;
                    self.bracket(term)?
                }
                Token::Symbol("?") => {
                    self.at += 1;
                    Kind::Try(Box::new(term), None)
                }
                _ => break,
            };
            term = Term::new(kind, at);
            self.check(&term)?;
        }
        self.depth -= 1;
        Ok(term)
    }

    /// What follows `TERM[`.
    fn bracket(&mut self, term: Term) -> Parsed<Kind> {
        let term = Box::new(term);
        if self.accept("]") {
            return Ok(Kind::Iterate(term));
        }
        if self.accept(":") {
            let to = self.pipe()?;
            self.expect("]")?;
            return Ok(Kind::Slice(term, None, Some(Box::new(to))));
        }
        let from = self.pipe()?;
        if self.accept(":") {
            let to = if *self.peek() == Token::Symbol("]") { None } else { Some(Box::new(self.pipe()?)) };
            self.expect("]")?;
            return Ok(Kind::Slice(term, Some(Box::new(from)), to));
        }
        if !self.accept("]") {
            return Err(self.unexpected(""));
        }
        Ok(Kind::Index(term, Box::new(from)))
    }

    fn primary(&mut self) -> Parsed<Term> {
        let at = self.here();
        let term = |kind| Ok(Term::new(kind, at));
        let identity = || Box::new(Term::new(Kind::Identity, at));
        match self.peek() {
            Token::Number(text) => {
                self.at += 1;
                term(Kind::Number(Number::read(text).unwrap_or_else(|| Number::from(0.0))))
            }
            Token::Text(_) => self.text(None),
            Token::Format(name) => {
                self.at += 1;
                match self.peek() {
                    Token::Text(_) => self.text(Some(name.clone())),
                    _ => term(Kind::Format(name.clone())),
                }
            }
            Token::Field(name) => {
                self.at += 1;
                term(Kind::Index(identity(), Box::new(text_at(name, at))))
            }
            Token::Name(name) => {
                self.at += 1;
                self.call(name, at)
            }
            Token::Keyword("if") => {
                self.at += 1;
                self.condition(at)
            }
            Token::Keyword("try") => {
                self.at += 1;
                let body = self.suffixed()?;
                let handler =
                    if self.accept_keyword("catch") { Some(Box::new(self.suffixed()?)) } else { None };
                term(Kind::Try(Box::new(body), handler))
            }
            Token::Keyword("reduce") => {
                self.at += 1;
                let (source, pattern) = self.source()?;
                let init = self.pipe()?;
                self.expect(";")?;
                let update = self.pipe()?;
                self.expect(")")?;
                term(Kind::Reduce(Box::new(source), pattern, Box::new(init), Box::new(update)))
            }
            Token::Keyword("foreach") => {
                self.at += 1;
                let (source, pattern) = self.source()?;
                let init = self.pipe()?;
                self.expect(";")?;
                let update = self.pipe()?;
                let extract = if self.accept(";") { Some(Box::new(self.pipe()?)) } else { None };
                self.expect(")")?;
                term(Kind::Foreach(Box::new(source), pattern, Box::new(init), Box::new(update), extract))
            }
            Token::Symbol("..") => {
                self.at += 1;
                term(Kind::Everything)
            }
            Token::Symbol(".") => {
                self.at += 1;
                match self.peek() {
                    Token::Text(_) => {
                        let key = self.text(None)?;
                        term(Kind::Index(identity(), Box::new(key)))
                    }
                    _ => term(Kind::Identity),
                }
            }
            Token::Symbol("(") => {
                self.at += 1;
                let inner = self.pipe()?;
                if !self.accept(")") {
                    return Err(self.unexpected(""));
                }
                Ok(inner)
            }
            Token::Symbol("[") => {
                self.at += 1;
                if self.accept("]") {
                    return term(Kind::Array(None));
                }
                let inner = self.pipe()?;
                if !self.accept("]") {
                    return Err(self.unexpected(""));
                }
                term(Kind::Array(Some(Box::new(inner))))
            }
            Token::Symbol("{") => {
                self.at += 1;
                self.object(at)
            }
            Token::Symbol("$") => {
                self.at += 1;
                match self.next() {
                    Token::Name(name) => term(Kind::Variable(name.clone())),
                    Token::Keyword("__loc__") => term(Kind::Location(self.line(at))),
                    Token::Keyword(name) => term(Kind::Variable((*name).to_owned())),
                    _ => {
                        self.at -= 1;
                        Err(self.unexpected("IDENT or __loc__"))
                    }
                }
            }
            Token::Symbol("-") => self.infix(PRODUCT),
            _ => Err(self.unexpected("")),
        }
    }

    fn line(&self, at: usize) -> usize {
        1 + self.program.get(..at).map_or(0, |before| before.matches('\n').count())
    }
}

fn text_at(text: &str, at: usize) -> Term {
    Term::new(Kind::Text(None, vec![Piece::Text(text.to_owned())]), at)
}
