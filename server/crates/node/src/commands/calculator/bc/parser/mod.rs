//! From text to instructions (POSIX `bc`, "Grammar", with what busybox adds).

mod expressions;

use super::{
    Error,
    lexer::{Lexer, Token},
    program::{Function, Local, Op, Program},
};

/// How deep statements and expressions nest.
const MAX_DEPTH: u32 = 60;
/// How many instructions a piece of text may become.
const MAX_CODE: usize = 1 << 20;

const KEYWORDS: [&str; 14] = [
    "auto", "break", "continue", "define", "else", "for", "halt", "if", "limits", "print", "quit", "return",
    "while", "void",
];

/// A loop that is being read: jumps to its end are filled in later.
#[derive(Debug, Default)]
struct Loop {
    breaks: Vec<usize>,
    continues: Vec<usize>,
}

pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    program: Program,
    code: Vec<Op>,
    loops: Vec<Loop>,
    in_function: bool,
    depth: u32,
}

type Parse<T> = Result<T, Error>;

/// Reads a text. [`Error::Incomplete`] where more has to come.
pub(super) fn parse(text: &str) -> Parse<Program> {
    let mut lexer = Lexer::new(text);
    let token = lexer.next()?;
    let mut parser = Parser {
        lexer,
        token,
        program: Program::default(),
        code: Vec::new(),
        loops: Vec::new(),
        in_function: false,
        depth: 0,
    };
    while parser.token != Token::End && !parser.program.quit {
        parser.line()?;
    }
    parser.program.code = parser.code;
    Ok(parser.program)
}

impl Parser<'_> {
    fn bad<T>(&self, what: &str) -> Parse<T> {
        Err(Error::Syntax(format!("bad {what} at '{}'", self.lexer.rest_of_line())))
    }

    fn advance(&mut self) -> Parse<Token> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn at(&self, op: &str) -> bool {
        matches!(&self.token, Token::Op(found) if *found == op)
    }

    fn eat(&mut self, op: &str) -> Parse<bool> {
        let found = self.at(op);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, op: &str) -> Parse<()> {
        if self.eat(op)? { Ok(()) } else { self.bad("expression") }
    }

    fn at_keyword(&self, keyword: &str) -> bool {
        matches!(&self.token, Token::Name(name) if name == keyword)
    }

    fn emit(&mut self, op: Op) -> Parse<usize> {
        if self.code.len() >= MAX_CODE {
            return Err(Error::Syntax("program too long".into()));
        }
        self.code.push(op);
        Ok(self.code.len() - 1)
    }

    /// Has the jump at a place lead to here.
    fn land(&mut self, at: usize) {
        let here = self.code.len();
        if let Some(Op::Jump(target) | Op::JumpIfZero(target)) = self.code.get_mut(at) {
            *target = here;
        }
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::Syntax("nested too deep".into()));
        }
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    /// A line at the outermost level: statements, or a function.
    fn line(&mut self) -> Parse<()> {
        if self.at_keyword("define") {
            return self.define();
        }
        if matches!(self.token, Token::Newline) || self.at(";") {
            self.advance()?;
            return Ok(());
        }
        self.statement()?;
        match self.token {
            Token::Newline | Token::End => Ok(()),
            _ if self.at(";") || self.program.quit => Ok(()),
            _ => self.no_terminator(),
        }
    }

    fn skip_newlines(&mut self) -> Parse<()> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    /// The statement of an `if` or a loop, which may begin on a later line.
    fn inner_statement(&mut self) -> Parse<()> {
        self.skip_newlines()?;
        if self.token == Token::End {
            return Err(Error::Incomplete("bad token at ''"));
        }
        self.nested(Self::statement)
    }

    fn block(&mut self) -> Parse<()> {
        loop {
            while self.token == Token::Newline || self.at(";") {
                self.advance()?;
            }
            if self.eat("}")? {
                return Ok(());
            }
            if self.token == Token::End {
                return Err(Error::Incomplete("bad token at ''"));
            }
            self.nested(Self::statement)?;
            let ended = self.token == Token::Newline || self.at(";") || self.at("}");
            if !ended && self.token != Token::End {
                return self.no_terminator();
            }
        }
    }

    /// Fails because of what follows a statement.
    fn no_terminator(&self) -> Parse<()> {
        match self.token {
            Token::Op(_) => self.bad("statement terminator"),
            _ => self.bad("expression"),
        }
    }

    fn statement(&mut self) -> Parse<()> {
        if self.eat("{")? {
            return self.block();
        }
        match self.token.clone() {
            Token::String(text) => {
                self.advance()?;
                self.emit(Op::PrintText(text))?;
                Ok(())
            }
            Token::Name(name) if KEYWORDS.contains(&name.as_str()) => self.keyword(&name),
            Token::Newline | Token::End => Ok(()),
            _ if self.at(";") => Ok(()),
            _ => self.expression_statement(),
        }
    }

    /// An expression alone is printed, unless it is an assignment.
    fn expression_statement(&mut self) -> Parse<()> {
        let start = self.code.len();
        let begins = matches!(self.token, Token::Number(_) | Token::Name(_))
            || ["(", "-", "!", "++", "--"].iter().any(|op| self.at(op));
        if !begins {
            return self.bad("token");
        }
        let parenthesis = self.at("(");
        self.expression()?;
        let assigns =
            !parenthesis && self.code.len() > start && matches!(self.code.last(), Some(Op::Assign(..)));
        let op = if assigns { Op::Drop } else { Op::Print { line: true } };
        self.emit(op)?;
        Ok(())
    }

    fn keyword(&mut self, name: &str) -> Parse<()> {
        match name {
            "if" => self.if_statement(),
            "while" => self.while_statement(),
            "for" => self.for_statement(),
            "print" => self.print_statement(),
            "return" => self.return_statement(),
            "break" | "continue" => {
                if self.loops.is_empty() {
                    return self.bad("token");
                }
                self.advance()?;
                let jump = self.emit(Op::Jump(0))?;
                if let Some(inner) = self.loops.last_mut() {
                    if name == "break" { &mut inner.breaks } else { &mut inner.continues }.push(jump);
                }
                Ok(())
            }
            "halt" => {
                self.advance()?;
                self.emit(Op::Halt)?;
                Ok(())
            }
            // It counts as it is read.
            "quit" => {
                self.emit(Op::Halt)?;
                self.program.quit = true;
                self.token = Token::End;
                Ok(())
            }
            "limits" => {
                self.advance()?;
                self.emit(Op::Limits)?;
                Ok(())
            }
            _ => self.bad("token"),
        }
    }

    fn if_statement(&mut self) -> Parse<()> {
        self.advance()?;
        self.expect("(")?;
        self.expression()?;
        self.expect(")")?;
        let otherwise = self.emit(Op::JumpIfZero(0))?;
        self.inner_statement()?;
        if self.program.quit {
            return Ok(());
        }
        // Within a block `else` may stand after a semicolon's line.
        if self.at_keyword("else") {
            self.advance()?;
            let end = self.emit(Op::Jump(0))?;
            self.land(otherwise);
            self.inner_statement()?;
            self.land(end);
        } else {
            self.land(otherwise);
        }
        Ok(())
    }

    fn while_statement(&mut self) -> Parse<()> {
        self.advance()?;
        self.expect("(")?;
        let start = self.code.len();
        self.expression()?;
        self.expect(")")?;
        let end = self.emit(Op::JumpIfZero(0))?;
        self.loops.push(Loop::default());
        self.inner_statement()?;
        self.emit(Op::Jump(start))?;
        self.end_loop(end, start);
        Ok(())
    }

    fn for_statement(&mut self) -> Parse<()> {
        self.advance()?;
        self.expect("(")?;
        if !self.at(";") {
            self.expression()?;
            self.emit(Op::Drop)?;
        }
        self.expect(";")?;
        let start = self.code.len();
        if self.at(";") {
            self.emit(Op::Number("1".into()))?;
        } else {
            self.expression()?;
        }
        self.expect(";")?;
        let end = self.emit(Op::JumpIfZero(0))?;
        let body = self.emit(Op::Jump(0))?;
        let step = self.code.len();
        if !self.at(")") {
            self.expression()?;
            self.emit(Op::Drop)?;
        }
        self.expect(")")?;
        self.emit(Op::Jump(start))?;
        self.land(body);
        self.loops.push(Loop::default());
        self.inner_statement()?;
        self.emit(Op::Jump(step))?;
        self.end_loop(end, step);
        Ok(())
    }

    fn end_loop(&mut self, test: usize, next: usize) {
        self.land(test);
        let Some(inner) = self.loops.pop() else { return };
        for jump in inner.breaks {
            self.land(jump);
        }
        for jump in inner.continues {
            if let Some(Op::Jump(target)) = self.code.get_mut(jump) {
                *target = next;
            }
        }
    }

    fn print_statement(&mut self) -> Parse<()> {
        self.advance()?;
        loop {
            if let Token::String(text) = &self.token {
                let text = unescaped(text);
                self.advance()?;
                self.emit(Op::PrintText(text))?;
            } else {
                self.expression()?;
                self.emit(Op::Print { line: false })?;
            }
            if !self.eat(",")? {
                return Ok(());
            }
        }
    }

    fn return_statement(&mut self) -> Parse<()> {
        if !self.in_function {
            return Err(Error::Syntax("'return' not in a function".into()));
        }
        self.advance()?;
        if matches!(self.token, Token::Newline | Token::End) || self.at(";") || self.at("}") {
            self.emit(Op::Number("0".into()))?;
        } else {
            self.expression()?;
        }
        self.emit(Op::Return)?;
        Ok(())
    }

    /// `define [void] name(parameters) { ... }`
    fn define(&mut self) -> Parse<()> {
        self.advance()?;
        if self.at_keyword("void") {
            self.advance()?;
        }
        let Token::Name(name) = self.advance()? else { return self.bad("function definition") };
        if !self.eat("(")? {
            return self.bad("function definition");
        }
        let mut function = Function { parameters: self.locals(")")?, ..Function::default() };
        self.expect(")")?;
        self.skip_newlines()?;
        if self.token == Token::End {
            return Err(Error::Incomplete("bad function definition at ''"));
        }
        if !self.eat("{")? {
            return self.bad("function definition");
        }
        self.skip_newlines()?;
        if self.at_keyword("auto") {
            self.advance()?;
            function.own = self.locals("\n")?;
        }
        let names: Vec<&Local> = function.parameters.iter().chain(&function.own).collect();
        let twice = |index: usize| {
            let same = |other: &&&Local| other.name == names[index].name && other.array == names[index].array;
            names[..index].iter().any(|other| same(&other))
        };
        if (0..names.len()).any(twice) {
            return Err(Error::Syntax("duplicate function parameter or auto name".into()));
        }
        let outer = std::mem::take(&mut self.code);
        self.in_function = true;
        let read = self.block();
        self.in_function = false;
        let mut code = std::mem::replace(&mut self.code, outer);
        read?;
        code.extend([Op::Number("0".into()), Op::Return]);
        function.code = code;
        self.program.functions.insert(name, function);
        Ok(())
    }

    /// Names with `,` between them, up to what ends them.
    fn locals(&mut self, end: &str) -> Parse<Vec<Local>> {
        let mut locals = Vec::new();
        let at_end = |parser: &Self| match end {
            "\n" => matches!(parser.token, Token::Newline | Token::End) || parser.at(";") || parser.at("}"),
            _ => parser.at(end),
        };
        while !at_end(self) {
            let by_reference = self.eat("*")?;
            let Token::Name(name) = self.advance()? else { return self.bad("function definition") };
            let array = self.eat("[")?;
            if array {
                self.expect("]")?;
            }
            locals.push(Local { name, array, by_reference });
            if !self.eat(",")? && !at_end(self) {
                return self.bad("function definition");
            }
        }
        Ok(locals)
    }
}

/// What `print` makes of the escapes of a string.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('q') => out.push('"'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('\\') | None => out.push('\\'),
            Some(other) => out.extend(['\\', other]),
        }
    }
    out
}
