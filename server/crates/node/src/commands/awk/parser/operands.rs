//! What operators work on: constants, variables, fields, calls, `getline`.

use super::super::{
    ast::{Expr, Source},
    lexer::Token,
};
use super::{BUILTINS, Parsed, Parser};

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Parsed<Expr> {
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
                    // Without operators: `getline < "a" "b"` is a concatenation of what was read.
                    let file = self.primary()?;
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

    pub(super) fn getline_target(&mut self) -> Parsed<Option<Box<Expr>>> {
        let begins = matches!(self.token, Token::Name(..) | Token::Mark("$"));
        if !begins {
            return Ok(None);
        }
        let target = self.primary()?;
        if target.is_lvalue() { Ok(Some(Box::new(target))) } else { Err(self.unexpected()) }
    }
}
