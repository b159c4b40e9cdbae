//! Parsing awk programs (POSIX XCU awk, Grammar).

use super::{
    ast::{Expr, Function, Op, Program, Redirect, Rule, Source, Stmt},
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
pub(super) fn parse(text: &[u8]) -> Parsed<Program> {
    let mut parser = Parser {
        lexer: Lexer::new(text),
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

    /// `{ ... }`
    fn action(&mut self) -> Parsed<Vec<Stmt>> {
        self.newlines()?;
        self.expect("{")?;
        let mut all = Vec::new();
        loop {
            self.separators()?;
            if self.eat("}")? {
                return Ok(all);
            }
            all.push(self.statement()?);
        }
    }

    /// What a loop or a condition governs.
    fn body(&mut self) -> Parsed<Vec<Stmt>> {
        self.newlines()?;
        if self.eat(";")? {
            return Ok(Vec::new());
        }
        Ok(vec![self.statement()?])
    }

    fn loop_body(&mut self) -> Parsed<Vec<Stmt>> {
        self.loops += 1;
        let body = self.body();
        self.loops -= 1;
        body
    }

    fn statement(&mut self) -> Parsed<Stmt> {
        self.enter()?;
        let statement = self.any_statement();
        self.depth -= 1;
        statement
    }

    fn any_statement(&mut self) -> Parsed<Stmt> {
        if self.is("{") {
            return Ok(Stmt::Block(self.action()?));
        }
        if self.eat("if")? {
            self.expect("(")?;
            let condition = self.free_expr()?;
            self.expect(")")?;
            let then = self.body()?;
            // An `else` may stand after semicolons and newlines.
            let saved = (self.lexer.at, self.lexer.line, self.token.clone(), self.start);
            self.separators()?;
            let otherwise = if self.eat("else")? {
                self.body()?
            } else {
                (self.lexer.at, self.lexer.line, self.token, self.start) = saved;
                Vec::new()
            };
            return Ok(Stmt::If(condition, then, otherwise));
        }
        if self.eat("while")? {
            self.expect("(")?;
            let condition = self.free_expr()?;
            self.expect(")")?;
            return Ok(Stmt::While(condition, self.loop_body()?));
        }
        if self.eat("do")? {
            let body = self.loop_body()?;
            self.separators()?;
            self.expect("while")?;
            self.expect("(")?;
            let condition = self.free_expr()?;
            self.expect(")")?;
            return Ok(Stmt::Do(body, condition));
        }
        if self.eat("for")? {
            return self.for_statement();
        }
        let statement = self.simple()?;
        match &self.token {
            Token::Newline | Token::End => {}
            Token::Mark(";" | "}") => {}
            _ => return Err(self.unexpected()),
        }
        if self.is(";") || self.token == Token::Newline {
            self.advance()?;
        }
        Ok(statement)
    }

    fn for_statement(&mut self) -> Parsed<Stmt> {
        self.expect("(")?;
        let first = if self.is(";") {
            None
        } else {
            // `for (name in array)`
            if let Token::Name(name, false) = self.token.clone() {
                let saved = (self.lexer.at, self.lexer.line, self.token.clone(), self.start);
                self.advance()?;
                if self.eat("in")?
                    && let Token::Name(array, _) = self.token.clone()
                {
                    self.advance()?;
                    if self.eat(")")? {
                        let body = self.loop_body()?;
                        return Ok(Stmt::ForIn(Expr::Variable(name), array, body));
                    }
                }
                (self.lexer.at, self.lexer.line, self.token, self.start) = saved;
            }
            Some(Box::new(self.simple()?))
        };
        self.expect(";")?;
        self.newlines()?;
        let condition = if self.is(";") { None } else { Some(self.free_expr()?) };
        self.expect(";")?;
        self.newlines()?;
        let step = if self.is(")") { None } else { Some(Box::new(self.simple()?)) };
        self.expect(")")?;
        Ok(Stmt::For(first, condition, step, self.loop_body()?))
    }

    fn simple(&mut self) -> Parsed<Stmt> {
        let Token::Keyword(word) = self.token else { return Ok(Stmt::Expr(self.expr()?)) };
        match word {
            "print" | "printf" => {
                self.advance()?;
                return self.print(word == "printf");
            }
            "getline" => return Ok(Stmt::Expr(self.expr()?)),
            "break" | "continue" => {
                self.advance()?;
                return Ok(match (self.loops, word) {
                    (0, _) => Stmt::Next,
                    (_, "break") => Stmt::Break,
                    _ => Stmt::Continue,
                });
            }
            "next" => {
                self.advance()?;
                return Ok(Stmt::Next);
            }
            "nextfile" => {
                self.advance()?;
                return Ok(Stmt::NextFile);
            }
            "exit" | "return" => {
                if word == "return" && !self.in_function {
                    return Err(self.unexpected());
                }
                self.advance()?;
                let ends =
                    self.token == Token::Newline || self.token == Token::End || self.is(";") || self.is("}");
                let value = if ends { None } else { Some(self.expr()?) };
                return Ok(if word == "exit" { Stmt::Exit(value) } else { Stmt::Return(value) });
            }
            "delete" => {
                self.advance()?;
                let Token::Name(name, _) = self.advance()? else { return Err(self.unexpected()) };
                let keys = if self.eat("[")? {
                    let keys = self.list("]")?;
                    self.expect("]")?;
                    Some(keys)
                } else {
                    None
                };
                return Ok(Stmt::Delete(name, keys));
            }
            _ => {}
        }
        Err(self.unexpected())
    }

    fn print(&mut self, format: bool) -> Parsed<Stmt> {
        let before = std::mem::replace(&mut self.no_greater, true);
        let mut args = Vec::new();
        let ends = |parser: &Self| {
            matches!(parser.token, Token::Newline | Token::End | Token::Mark(";" | "}" | ">" | ">>" | "|"))
        };
        while !ends(self) {
            args.push(self.expr()?);
            if !self.eat(",")? {
                break;
            }
            self.newlines()?;
        }
        // `print (a, b)`
        if let [Expr::Group(_)] = &args[..]
            && let Some(Expr::Group(inner)) = args.pop()
        {
            args = inner;
        }
        if format && args.is_empty() {
            return Err(self.unexpected());
        }
        let to = match self.token {
            Token::Mark(">") => Some(Redirect::File),
            Token::Mark(">>") => Some(Redirect::Append),
            Token::Mark("|") => Some(Redirect::Pipe),
            _ => None,
        };
        let to = match to {
            Some(redirect) => {
                self.advance()?;
                Some((redirect, self.concatenation()?))
            }
            None => None,
        };
        self.no_greater = before;
        Ok(Stmt::Print { format, args, to })
    }

    fn list(&mut self, end: &str) -> Parsed<Vec<Expr>> {
        let mut all = Vec::new();
        self.newlines()?;
        while !self.is(end) {
            all.push(self.free_expr()?);
            self.newlines()?;
            if !self.eat(",")? {
                break;
            }
            self.newlines()?;
        }
        Ok(all)
    }

    /// An expression in parentheses or brackets, where all operators are allowed.
    fn free_expr(&mut self) -> Parsed<Expr> {
        let (greater, within) = (self.no_greater, self.no_in);
        (self.no_greater, self.no_in) = (false, false);
        let expr = self.expr();
        (self.no_greater, self.no_in) = (greater, within);
        expr
    }

    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.enter()?;
        let expr = self.conditional();
        self.depth -= 1;
        expr
    }

    fn conditional(&mut self) -> Parsed<Expr> {
        let condition = self.or()?;
        if !self.eat("?")? {
            return Ok(condition);
        }
        self.newlines()?;
        let then = self.expr()?;
        self.newlines()?;
        self.expect(":")?;
        self.newlines()?;
        let otherwise = self.expr()?;
        Ok(Expr::Conditional(Box::new(condition), Box::new(then), Box::new(otherwise)))
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut left = self.and()?;
        while self.eat("||")? {
            self.newlines()?;
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut left = self.membership()?;
        while self.eat("&&")? {
            self.newlines()?;
            left = Expr::And(Box::new(left), Box::new(self.membership()?));
        }
        Ok(left)
    }

    fn membership(&mut self) -> Parsed<Expr> {
        let mut left = self.matching()?;
        while !self.no_in && self.eat("in")? {
            let Token::Name(array, _) = self.advance()? else { return Err(self.unexpected()) };
            let keys = match left {
                Expr::Group(keys) => keys,
                single => vec![single],
            };
            left = Expr::In(keys, array);
        }
        Ok(left)
    }

    fn matching(&mut self) -> Parsed<Expr> {
        let mut left = self.comparison()?;
        loop {
            let negated = self.is("!~");
            if !negated && !self.is("~") {
                return Ok(left);
            }
            self.advance()?;
            let regex = Box::new(self.comparison()?);
            left = Expr::Match { negated, text: Box::new(left), regex };
        }
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let mut left = self.concatenation()?;
        loop {
            // `"command" | getline`
            if self.is("|") {
                let saved = (self.lexer.at, self.lexer.line, self.token.clone(), self.start);
                self.advance()?;
                if self.eat("getline")? {
                    let target = self.getline_target()?;
                    left = Expr::Getline(Source::Command(Box::new(left)), target);
                    continue;
                }
                (self.lexer.at, self.lexer.line, self.token, self.start) = saved;
                return Ok(left);
            }
            let op = match self.token {
                Token::Mark("<") => Op::Less,
                Token::Mark("<=") => Op::LessEqual,
                Token::Mark("==") => Op::Equal,
                Token::Mark("!=") => Op::NotEqual,
                Token::Mark(">") if !self.no_greater => Op::Greater,
                Token::Mark(">=") => Op::GreaterEqual,
                _ => return Ok(left),
            };
            self.advance()?;
            left = Expr::Binary(op, Box::new(left), Box::new(self.concatenation()?));
        }
    }

    fn begins_operand(&self) -> bool {
        match &self.token {
            Token::Number(_) | Token::String(_) | Token::Name(..) => true,
            Token::Mark(mark) => matches!(*mark, "$" | "!" | "(" | "-" | "+" | "++" | "--"),
            Token::Keyword(_) | Token::Newline | Token::End => false,
        }
    }

    fn concatenation(&mut self) -> Parsed<Expr> {
        let mut left = self.sum()?;
        while self.begins_operand() && !self.is("!") {
            left = Expr::Concat(Box::new(left), Box::new(self.sum()?));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Parsed<Expr> {
        let mut left = self.product()?;
        loop {
            let op = match self.token {
                Token::Mark("+") => Op::Add,
                Token::Mark("-") => Op::Sub,
                _ => return Ok(left),
            };
            self.advance()?;
            left = Expr::Binary(op, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Parsed<Expr> {
        let mut left = self.unary()?;
        loop {
            let op = match self.token {
                Token::Mark("*") => Op::Mul,
                Token::Mark("/") => Op::Div,
                Token::Mark("%") => Op::Mod,
                _ => return Ok(left),
            };
            self.advance()?;
            left = Expr::Binary(op, Box::new(left), Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        self.enter()?;
        let expr = if self.eat("!")? {
            Expr::Not(Box::new(self.unary()?))
        } else if self.eat("-")? {
            Expr::Negate(Box::new(self.unary()?))
        } else if self.eat("+")? {
            Expr::Plus(Box::new(self.unary()?))
        } else {
            self.power()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn power(&mut self) -> Parsed<Expr> {
        let base = self.postfix()?;
        if !self.eat("^")? {
            return Ok(base);
        }
        self.enter()?;
        // `2 ^ -1`
        let exponent = if self.eat("-")? { Expr::Negate(Box::new(self.power()?)) } else { self.power()? };
        self.depth -= 1;
        Ok(Expr::Binary(Op::Pow, Box::new(base), Box::new(exponent)))
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let expr = self.primary()?;
        if !expr.is_lvalue() {
            return Ok(expr);
        }
        if let Some(step) = self.step_after(expr)? {
            return match step {
                Ok(step) => Ok(step),
                Err(target) => self.assignment(target),
            };
        }
        Err(self.unexpected())
    }

    /// `x++`: the step, or what it would be of.
    fn step_after(&mut self, target: Expr) -> Parsed<Option<Result<Expr, Expr>>> {
        let by = match self.token {
            Token::Mark("++") => 1.0,
            Token::Mark("--") => -1.0,
            _ => return Ok(Some(Err(target))),
        };
        self.advance()?;
        Ok(Some(Ok(Expr::Step { target: Box::new(target), by, after: true })))
    }

    fn assignment(&mut self, target: Expr) -> Parsed<Expr> {
        let op = match self.token {
            Token::Mark("=") => None,
            Token::Mark("+=") => Some(Op::Add),
            Token::Mark("-=") => Some(Op::Sub),
            Token::Mark("*=") => Some(Op::Mul),
            Token::Mark("/=") => Some(Op::Div),
            Token::Mark("%=") => Some(Op::Mod),
            Token::Mark("^=") => Some(Op::Pow),
            _ => return Ok(target),
        };
        self.advance()?;
        self.newlines()?;
        let value = self.expr()?;
        Ok(Expr::Assign(Box::new(target), op, Box::new(value)))
    }

    fn primary(&mut self) -> Parsed<Expr> {
        self.enter()?;
        let operand = self.operand()?;
        self.depth -= 1;
        Ok(operand)
    }

    fn operand(&mut self) -> Parsed<Expr> {
        match self.token.clone() {
            Token::Number(number) => {
                self.advance()?;
                Ok(Expr::Number(number))
            }
            Token::String(text) => {
                self.advance()?;
                Ok(Expr::String(text))
            }
            Token::Mark(mark @ ("/" | "/=")) => {
                // Where an operand is expected it is a regular expression.
                self.lexer.at = self.start.0 - (mark.len() - 1);
                let regex = self.lexer.regex()?;
                self.advance()?;
                Ok(Expr::Regex(regex))
            }
            Token::Mark("$") => {
                self.advance()?;
                self.enter()?;
                let index = match self.token {
                    Token::Mark("++" | "--" | "-" | "+" | "!") => self.unary_of_field()?,
                    _ => self.primary()?,
                };
                self.depth -= 1;
                Ok(Expr::Field(Box::new(index)))
            }
            Token::Mark(mark @ ("++" | "--")) => {
                self.advance()?;
                let target = self.primary()?;
                if !target.is_lvalue() {
                    return Err(self.unexpected());
                }
                let by = if mark == "++" { 1.0 } else { -1.0 };
                Ok(Expr::Step { target: Box::new(target), by, after: false })
            }
            Token::Mark("(") => {
                self.advance()?;
                self.enter()?;
                let all = self.list(")")?;
                self.expect(")")?;
                self.depth -= 1;
                if all.is_empty() { Err(self.unexpected()) } else { Ok(Expr::Group(all)) }
            }
            Token::Mark("-" | "+" | "!") => self.unary(),
            Token::Keyword("getline") => {
                self.advance()?;
                let target = self.getline_target()?;
                if self.eat("<")? {
                    let file = self.file_operand()?;
                    return Ok(Expr::Getline(Source::File(Box::new(file)), target));
                }
                Ok(Expr::Getline(Source::Input, target))
            }
            Token::Name(name, call) => {
                self.advance()?;
                if let Some(builtin) = BUILTINS.iter().find(|known| **known == name) {
                    if self.eat("(")? {
                        let args = self.list(")")?;
                        self.expect(")")?;
                        return Ok(Expr::Builtin(builtin, args));
                    }
                    if *builtin == "length" {
                        return Ok(Expr::Builtin(builtin, Vec::new()));
                    }
                    return Err(self.unexpected());
                }
                if call {
                    self.expect("(")?;
                    let args = self.list(")")?;
                    self.expect(")")?;
                    return Ok(Expr::Call(name, args));
                }
                if self.eat("[")? {
                    let keys = self.list("]")?;
                    self.expect("]")?;
                    if keys.is_empty() {
                        return Err(self.unexpected());
                    }
                    return Ok(Expr::Element(name, keys));
                }
                Ok(Expr::Variable(name))
            }
            _ => Err(self.unexpected()),
        }
    }

    /// `$++i`, `$-1`
    fn unary_of_field(&mut self) -> Parsed<Expr> {
        if self.eat("-")? {
            return Ok(Expr::Negate(Box::new(self.primary()?)));
        }
        if self.eat("+")? {
            return Ok(Expr::Plus(Box::new(self.primary()?)));
        }
        if self.eat("!")? {
            return Ok(Expr::Not(Box::new(self.primary()?)));
        }
        self.primary()
    }

    fn getline_target(&mut self) -> Parsed<Option<Box<Expr>>> {
        let begins = matches!(self.token, Token::Name(..) | Token::Mark("$"));
        if !begins {
            return Ok(None);
        }
        let target = self.primary()?;
        if target.is_lvalue() { Ok(Some(Box::new(target))) } else { Err(self.unexpected()) }
    }

    /// The file that `getline` reads: without operators.
    fn file_operand(&mut self) -> Parsed<Expr> {
        let operand = self.primary()?;
        Ok(operand)
    }
}
