//! Actions and statements.

use super::super::{
    ast::{Expr, Redirect, Stmt},
    lexer::Token,
};
use super::{Parsed, Parser};

impl Parser<'_> {
    /// `{ ... }`
    pub(super) fn action(&mut self) -> Parsed<Vec<Stmt>> {
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
                if self.loops == 0 {
                    let message = match self.lexer.gnu {
                        true => format!("{word} statement outside of loop"),
                        false => format!("'{word}' not in a loop"),
                    };
                    return Err(super::SyntaxError { line: self.start.1, message, near: word.to_owned() });
                }
                self.advance()?;
                return Ok(if word == "break" { Stmt::Break } else { Stmt::Continue });
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
                Some((redirect, self.conditional()?))
            }
            None => None,
        };
        self.no_greater = before;
        Ok(Stmt::Print { format, args, to })
    }
}
