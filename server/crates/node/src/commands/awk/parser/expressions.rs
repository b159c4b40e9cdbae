//! Expressions, from the loosest operator to the tightest.

use super::super::{
    ast::{Expr, Op, Source},
    lexer::Token,
};
use super::{Parsed, Parser};

impl Parser<'_> {
    pub(super) fn list(&mut self, end: &str) -> Parsed<Vec<Expr>> {
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
    pub(super) fn free_expr(&mut self) -> Parsed<Expr> {
        let (greater, within) = (self.no_greater, self.no_in);
        (self.no_greater, self.no_in) = (false, false);
        let expr = self.expr();
        (self.no_greater, self.no_in) = (greater, within);
        expr
    }

    pub(in crate::commands::awk) fn expr(&mut self) -> Parsed<Expr> {
        self.enter()?;
        let expr = self.conditional();
        self.depth -= 1;
        expr
    }

    pub(super) fn conditional(&mut self) -> Parsed<Expr> {
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

    pub(super) fn concatenation(&mut self) -> Parsed<Expr> {
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

    pub(super) fn unary(&mut self) -> Parsed<Expr> {
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
}
