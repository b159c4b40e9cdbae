//! Expressions of `bc`: by the precedence of their operators.

use super::{
    super::{
        lexer::{Lexer, Token},
        program::{Argument, Binary, Builtin, Op, Place},
    },
    KEYWORDS, Parse, Parser,
};

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Parse<()> {
        self.nested(Self::or)
    }

    /// Operators of one level, from left to right.
    fn chain(
        &mut self,
        operators: &[(&'static str, Binary)],
        operand: fn(&mut Self) -> Parse<()>,
    ) -> Parse<()> {
        operand(self)?;
        while let Some((text, binary)) = operators.iter().find(|(text, _)| self.at(text)) {
            self.expect(text)?;
            operand(self)?;
            self.emit(Op::Binary(*binary))?;
        }
        Ok(())
    }

    fn or(&mut self) -> Parse<()> {
        self.chain(&[("||", Binary::Or)], Self::and)
    }

    fn and(&mut self) -> Parse<()> {
        self.chain(&[("&&", Binary::And)], Self::not)
    }

    fn not(&mut self) -> Parse<()> {
        if self.eat("!")? {
            self.nested(Self::not)?;
            self.emit(Op::Not)?;
            return Ok(());
        }
        self.relation()
    }

    fn relation(&mut self) -> Parse<()> {
        const RELATIONS: [(&str, Binary); 6] = [
            ("==", Binary::Equal),
            ("!=", Binary::NotEqual),
            ("<=", Binary::LessOrEqual),
            (">=", Binary::GreaterOrEqual),
            ("<", Binary::Less),
            (">", Binary::Greater),
        ];
        self.chain(&RELATIONS, Self::sum)
    }

    fn sum(&mut self) -> Parse<()> {
        self.chain(&[("+", Binary::Add), ("-", Binary::Subtract)], Self::product)
    }

    fn product(&mut self) -> Parse<()> {
        const PRODUCTS: [(&str, Binary); 3] =
            [("*", Binary::Multiply), ("/", Binary::Divide), ("%", Binary::Remainder)];
        self.chain(&PRODUCTS, Self::power)
    }

    /// `^` binds to the right, and less than a minus before its base.
    fn power(&mut self) -> Parse<()> {
        self.unary()?;
        if self.eat("^")? {
            self.nested(Self::power)?;
            self.emit(Op::Binary(Binary::Power))?;
        }
        Ok(())
    }

    fn unary(&mut self) -> Parse<()> {
        if self.eat("-")? {
            self.nested(Self::unary)?;
            self.emit(Op::Negate)?;
            return Ok(());
        }
        if self.at("!") {
            return self.nested(Self::not);
        }
        for (text, down) in [("++", false), ("--", true)] {
            if self.eat(text)? {
                let Some(place) = self.place()? else { return self.bad("token") };
                self.emit(Op::Step { place, down, before: true })?;
                return Ok(());
            }
        }
        self.operand()
    }

    /// Something that can be assigned to, if that comes next; the index of an element is worked out.
    fn place(&mut self) -> Parse<Option<Place>> {
        let Token::Name(name) = self.token.clone() else { return Ok(None) };
        if KEYWORDS.contains(&name.as_str()) {
            return Ok(None);
        }
        self.advance()?;
        if self.eat("[")? {
            self.expression()?;
            self.expect("]")?;
            return Ok(Some(Place::Element(name)));
        }
        Ok(Some(match name.as_str() {
            "scale" => Place::Scale,
            "ibase" => Place::InputBase,
            "obase" => Place::OutputBase,
            "last" => Place::Last,
            _ => Place::Variable(name),
        }))
    }

    fn operand(&mut self) -> Parse<()> {
        if let Token::Number(digits) = self.token.clone() {
            self.advance()?;
            self.emit(Op::Number(digits))?;
            return self.refuse_assignment();
        }
        if self.eat("(")? {
            self.expression()?;
            self.expect(")")?;
            return self.refuse_assignment();
        }
        let Token::Name(name) = self.token.clone() else { return self.bad("expression") };
        if KEYWORDS.contains(&name.as_str()) {
            return self.bad("expression");
        }
        let Some(place) = self.place()? else { return self.bad("expression") };
        if self.at("(") && !matches!(place, Place::Element(_)) {
            self.advance()?;
            return self.call(name);
        }
        for (text, down) in [("++", false), ("--", true)] {
            if self.eat(text)? {
                self.emit(Op::Step { place, down, before: false })?;
                return Ok(());
            }
        }
        const ASSIGNMENTS: [(&str, Option<Binary>); 7] = [
            ("=", None),
            ("+=", Some(Binary::Add)),
            ("-=", Some(Binary::Subtract)),
            ("*=", Some(Binary::Multiply)),
            ("/=", Some(Binary::Divide)),
            ("%=", Some(Binary::Remainder)),
            ("^=", Some(Binary::Power)),
        ];
        if let Some((text, binary)) = ASSIGNMENTS.iter().find(|(text, _)| self.at(text)) {
            self.expect(text)?;
            self.expression()?;
            self.emit(Op::Assign(place, *binary))?;
            return Ok(());
        }
        self.emit(Op::Load(place))?;
        Ok(())
    }

    fn refuse_assignment(&mut self) -> Parse<()> {
        match self.token {
            Token::Op("=" | "+=" | "-=" | "*=" | "/=" | "%=" | "^=") => {
                self.bad("assignment: left side must be variable or array element")
            }
            _ => Ok(()),
        }
    }

    fn call(&mut self, name: String) -> Parse<()> {
        let builtin = match name.as_str() {
            "length" => Some(Builtin::Length),
            "sqrt" => Some(Builtin::SquareRoot),
            "scale" => Some(Builtin::Scale),
            "read" => Some(Builtin::Read),
            _ => None,
        };
        if let Some(builtin) = builtin {
            if builtin != Builtin::Read {
                self.expression()?;
            }
            self.expect(")")?;
            self.emit(Op::Builtin(builtin))?;
            return Ok(());
        }
        let mut arguments = Vec::new();
        while !self.at(")") {
            arguments.push(self.argument()?);
            if !self.eat(",")? && !self.at(")") {
                return self.bad("expression");
            }
        }
        self.expect(")")?;
        self.emit(Op::Call(name, arguments))?;
        Ok(())
    }

    /// `name[]` is a whole array.
    fn argument(&mut self) -> Parse<Argument> {
        if let Token::Name(name) = self.token.clone() {
            let mut ahead = Lexer::new(self.lexer.rest_of_line());
            let tokens = [ahead.next()?, ahead.next()?, ahead.next()?];
            if matches!(tokens, [Token::Name(_), Token::Op("["), Token::Op("]")]) {
                for _ in 0..3 {
                    self.advance()?;
                }
                return Ok(Argument::Array(name));
            }
        }
        self.expression()?;
        Ok(Argument::Value)
    }
}
