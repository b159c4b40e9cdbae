//! Arithmetic (POSIX XCU 2.6.4, and C's operators as busybox ash and bash take them), compiled to a flat program so that
//! neither long nor deep expressions need a deep stack.

use bytes::Bytes;

/// How deep parentheses, conditionals and prefixes nest.
const MAX_DEPTH: u32 = 100;
/// How often a variable's value may be an expression with another variable.
pub(crate) const MAX_INDIRECTION: u32 = 32;

/// A compiled expression.
#[derive(Clone, Debug)]
pub(crate) struct Expr(Box<[Op]>);

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArithError {
    /// It cannot be parsed; where, in bytes from its start.
    Syntax(usize),
    DivideByZero,
    NegativeExponent,
    /// It nests too deep.
    TooDeep,
    /// A variable cannot be read or set; what the shell says of it.
    Variable(String),
}

/// The variables that an expression sees.
pub(crate) trait ArithVariables {
    /// The value of a variable (or an element of an array) as a number; what is not set counts as 0.
    fn number(&mut self, name: &[u8], index: Option<i64>, depth: u32) -> Result<i64, ArithError>;

    /// Sets a variable (or an element).
    fn set_number(&mut self, name: &[u8], index: Option<i64>, value: i64) -> Result<(), ArithError>;
}

#[derive(Clone, Debug)]
enum Op {
    Push(i64),
    /// Pushes a variable's value; with `true`, of the element whose index is popped.
    Load(Bytes, bool),
    /// Pops a value (and before it an index) and stores what the operator makes of the old one and it; pushes the result.
    Store(Bytes, bool, Option<Binary>),
    /// Adds to a variable, pushes the new value or (postfix) the old one.
    Step {
        name: Bytes,
        indexed: bool,
        by: i64,
        postfix: bool,
    },
    Unary(Unary),
    Binary(Binary),
    /// Goes on at a place if the top is zero (or is not), which stays there as 0 or 1; pops it otherwise.
    ShortCircuit {
        if_zero: bool,
        to: usize,
    },
    /// Makes the top 0 or 1.
    Truth,
    /// Pops, and goes on at a place if it was zero.
    JumpIfZero(usize),
    Jump(usize),
    Pop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unary {
    Negate,
    Not,
    Invert,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binary {
    Power,
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    ShiftLeft,
    ShiftRight,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Xor,
    Or,
}

/// Binary operators by length, with their precedence (higher binds tighter); `&&`, `||`, `?:`, assignments and `,` are
/// dealt with apart.
const OPERATORS: [(&[u8], Binary, u8); 17] = [
    (b"**", Binary::Power, 12),
    (b"<<", Binary::ShiftLeft, 9),
    (b">>", Binary::ShiftRight, 9),
    (b"<=", Binary::LessEqual, 8),
    (b">=", Binary::GreaterEqual, 8),
    (b"==", Binary::Equal, 7),
    (b"!=", Binary::NotEqual, 7),
    (b"*", Binary::Multiply, 11),
    (b"/", Binary::Divide, 11),
    (b"%", Binary::Remainder, 11),
    (b"+", Binary::Add, 10),
    (b"-", Binary::Subtract, 10),
    (b"<", Binary::Less, 8),
    (b">", Binary::Greater, 8),
    (b"&", Binary::And, 6),
    (b"^", Binary::Xor, 5),
    (b"|", Binary::Or, 4),
];

struct Compiler<'a> {
    text: &'a [u8],
    at: usize,
    ops: Vec<Op>,
    depth: u32,
    /// A variable that was read in the hope of an assignment; the next primary begins with it.
    pending: Option<Target>,
}

/// Something that a value can be stored in, and where its code begins.
struct Target {
    name: Bytes,
    indexed: bool,
}

impl Expr {
    /// Compiles an expression; an empty one is 0.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, ArithError> {
        let mut compiler = Compiler { text, at: 0, ops: Vec::new(), depth: 0, pending: None };
        compiler.space();
        if compiler.at == text.len() {
            return Ok(Self(Box::new([Op::Push(0)])));
        }
        compiler.comma()?;
        if compiler.at < text.len() {
            return Err(ArithError::Syntax(compiler.at));
        }
        Ok(Self(compiler.ops.into()))
    }

    /// Works it out. `depth` counts variables whose values are expressions.
    pub(crate) fn eval(&self, variables: &mut impl ArithVariables, depth: u32) -> Result<i64, ArithError> {
        let mut stack: Vec<i64> = Vec::with_capacity(8);
        let mut at = 0;
        // The compiler leaves a value for everything that an operation pops.
        let pop = |stack: &mut Vec<i64>| stack.pop().unwrap_or(0);
        while let Some(op) = self.0.get(at) {
            at += 1;
            match op {
                Op::Push(value) => stack.push(*value),
                Op::Load(name, indexed) => {
                    let index = indexed.then(|| pop(&mut stack));
                    stack.push(variables.number(name, index, depth)?);
                }
                Op::Store(name, indexed, operator) => {
                    let mut value = pop(&mut stack);
                    let index = indexed.then(|| pop(&mut stack));
                    if let Some(operator) = operator {
                        value = operator.apply(variables.number(name, index, depth)?, value)?;
                    }
                    variables.set_number(name, index, value)?;
                    stack.push(value);
                }
                Op::Step { name, indexed, by, postfix } => {
                    let index = indexed.then(|| pop(&mut stack));
                    let old = variables.number(name, index, depth)?;
                    let new = old.wrapping_add(*by);
                    variables.set_number(name, index, new)?;
                    stack.push(if *postfix { old } else { new });
                }
                Op::Unary(operator) => {
                    let value = pop(&mut stack);
                    stack.push(match operator {
                        Unary::Negate => value.wrapping_neg(),
                        Unary::Not => i64::from(value == 0),
                        Unary::Invert => !value,
                    });
                }
                Op::Binary(operator) => {
                    let right = pop(&mut stack);
                    let left = pop(&mut stack);
                    stack.push(operator.apply(left, right)?);
                }
                Op::ShortCircuit { if_zero, to } => {
                    let value = pop(&mut stack);
                    if (value == 0) == *if_zero {
                        stack.push(i64::from(value != 0));
                        at = *to;
                    }
                }
                Op::Truth => {
                    let value = pop(&mut stack);
                    stack.push(i64::from(value != 0));
                }
                Op::JumpIfZero(to) => {
                    if pop(&mut stack) == 0 {
                        at = *to;
                    }
                }
                Op::Jump(to) => at = *to,
                Op::Pop => drop(stack.pop()),
            }
        }
        Ok(pop(&mut stack))
    }
}

impl Binary {
    fn apply(self, a: i64, b: i64) -> Result<i64, ArithError> {
        Ok(match self {
            Self::Power => {
                let exponent = u64::try_from(b).map_err(|_| ArithError::NegativeExponent)?;
                wrapping_power(a, exponent)
            }
            Self::Multiply => a.wrapping_mul(b),
            Self::Divide | Self::Remainder if b == 0 => return Err(ArithError::DivideByZero),
            Self::Divide => a.wrapping_div(b),
            Self::Remainder => a.wrapping_rem(b),
            Self::Add => a.wrapping_add(b),
            Self::Subtract => a.wrapping_sub(b),
            Self::ShiftLeft => a.wrapping_shl(b as u32),
            Self::ShiftRight => a.wrapping_shr(b as u32),
            Self::Less => i64::from(a < b),
            Self::LessEqual => i64::from(a <= b),
            Self::Greater => i64::from(a > b),
            Self::GreaterEqual => i64::from(a >= b),
            Self::Equal => i64::from(a == b),
            Self::NotEqual => i64::from(a != b),
            Self::And => a & b,
            Self::Xor => a ^ b,
            Self::Or => a | b,
        })
    }
}

fn wrapping_power(mut base: i64, mut exponent: u64) -> i64 {
    let mut result = 1i64;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    result
}

impl Compiler<'_> {
    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn eat(&mut self, token: &[u8]) -> bool {
        if self.text[self.at..].starts_with(token) {
            self.at += token.len();
            self.space();
            return true;
        }
        false
    }

    fn error<T>(&self) -> Result<T, ArithError> {
        Err(ArithError::Syntax(self.at))
    }

    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Result<(), ArithError>) -> Result<(), ArithError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ArithError::TooDeep);
        }
        parse(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn comma(&mut self) -> Result<(), ArithError> {
        self.assignment()?;
        while self.eat(b",") {
            self.ops.push(Op::Pop);
            self.assignment()?;
        }
        Ok(())
    }

    /// `target op= value`, or a conditional.
    fn assignment(&mut self) -> Result<(), ArithError> {
        if let Some(target) = self.target()? {
            for (token, operator) in ASSIGNMENTS {
                let is_comparison = *token == b"=" && self.text[self.at..].starts_with(b"==");
                if !is_comparison && self.eat(token) {
                    self.nested(Self::assignment)?;
                    self.ops.push(Op::Store(target.name, target.indexed, *operator));
                    return Ok(());
                }
            }
            self.pending = Some(target);
        }
        self.conditional()
    }

    /// A variable or an element of an array, whose index is compiled; `None` for anything else.
    fn target(&mut self) -> Result<Option<Target>, ArithError> {
        let rest = &self.text[self.at..];
        let len = name_len(rest);
        if len == 0 {
            return Ok(None);
        }
        let name = Bytes::copy_from_slice(&rest[..len]);
        self.at += len;
        let mut indexed = false;
        if self.text.get(self.at) == Some(&b'[') {
            self.eat(b"[");
            self.nested(Self::comma)?;
            if !self.eat(b"]") {
                return self.error();
            }
            indexed = true;
        }
        self.space();
        Ok(Some(Target { name, indexed }))
    }

    fn conditional(&mut self) -> Result<(), ArithError> {
        self.or()?;
        if self.eat(b"?") {
            let branch = self.ops.len();
            self.ops.push(Op::JumpIfZero(0));
            self.nested(Self::comma)?;
            if !self.eat(b":") {
                return self.error();
            }
            let end = self.ops.len();
            self.ops.push(Op::Jump(0));
            self.ops[branch] = Op::JumpIfZero(self.ops.len());
            self.nested(Self::assignment)?;
            self.ops[end] = Op::Jump(self.ops.len());
        }
        Ok(())
    }

    fn or(&mut self) -> Result<(), ArithError> {
        self.and()?;
        while self.eat(b"||") {
            self.short_circuit(false, Self::and)?;
        }
        Ok(())
    }

    fn and(&mut self) -> Result<(), ArithError> {
        self.binary(0)?;
        while self.eat(b"&&") {
            self.short_circuit(true, |compiler| compiler.binary(0))?;
        }
        Ok(())
    }

    fn short_circuit(
        &mut self,
        if_zero: bool,
        right: impl FnOnce(&mut Self) -> Result<(), ArithError>,
    ) -> Result<(), ArithError> {
        let branch = self.ops.len();
        self.ops.push(Op::ShortCircuit { if_zero, to: 0 });
        right(self)?;
        self.ops.push(Op::Truth);
        self.ops[branch] = Op::ShortCircuit { if_zero, to: self.ops.len() };
        Ok(())
    }

    /// Operators of at least this precedence.
    fn binary(&mut self, least: u8) -> Result<(), ArithError> {
        self.unary()?;
        while let Some((token, operator, precedence)) = self.operator() {
            if precedence < least {
                break;
            }
            self.at += token.len();
            self.space();
            // Only the power operator groups to the right.
            let next = if operator == Binary::Power { precedence } else { precedence + 1 };
            self.nested(|compiler| compiler.binary(next))?;
            self.ops.push(Op::Binary(operator));
        }
        Ok(())
    }

    fn operator(&self) -> Option<(&'static [u8], Binary, u8)> {
        let rest = &self.text[self.at..];
        let found = OPERATORS.iter().find(|(token, ..)| rest.starts_with(token))?;
        let after = rest.get(found.0.len());
        // `&&`, `||` and `op=` are no operators of this level.
        let doubled = matches!(found.0, b"&" | b"|") && after == Some(&found.0[0]);
        let compare =
            matches!(found.1, Binary::LessEqual | Binary::GreaterEqual | Binary::Equal | Binary::NotEqual);
        let assigns = !compare && after == Some(&b'=') && !matches!(found.0, b"<" | b">");
        (!doubled && !assigns).then_some(*found)
    }

    fn unary(&mut self) -> Result<(), ArithError> {
        if self.pending.is_some() {
            return self.primary();
        }
        let rest = &self.text[self.at..];
        for (token, by) in [(b"++", 1), (b"--", -1)] {
            if rest.starts_with(token) {
                let start = self.at;
                self.at += 2;
                self.space();
                if let Some(Target { name, indexed }) = self.target()? {
                    self.ops.push(Op::Step { name, indexed, by, postfix: false });
                    return Ok(());
                }
                self.at = start;
            }
        }
        let operator = match rest.first() {
            Some(b'-') => Some(Unary::Negate),
            Some(b'!') => Some(Unary::Not),
            Some(b'~') => Some(Unary::Invert),
            Some(b'+') => None,
            _ => return self.primary(),
        };
        self.at += 1;
        self.space();
        self.nested(Self::unary)?;
        self.ops.extend(operator.map(Op::Unary));
        Ok(())
    }

    fn primary(&mut self) -> Result<(), ArithError> {
        if let Some(target) = self.pending.take() {
            self.load(target);
            return Ok(());
        }
        if self.eat(b"(") {
            self.nested(Self::comma)?;
            return if self.eat(b")") { Ok(()) } else { self.error() };
        }
        if self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            let (value, len) = number(&self.text[self.at..]).ok_or(ArithError::Syntax(self.at))?;
            self.at += len;
            self.space();
            self.ops.push(Op::Push(value));
            return Ok(());
        }
        let Some(target) = self.target()? else { return self.error() };
        self.load(target);
        Ok(())
    }

    /// A variable's value, with `++` or `--` after it perhaps.
    fn load(&mut self, Target { name, indexed }: Target) {
        for (token, by) in [(b"++", 1), (b"--", -1)] {
            if self.text[self.at..].starts_with(token) {
                self.at += 2;
                self.space();
                self.ops.push(Op::Step { name, indexed, by, postfix: true });
                return;
            }
        }
        self.ops.push(Op::Load(name, indexed));
    }
}

const ASSIGNMENTS: &[(&[u8], Option<Binary>)] = &[
    (b"=", None),
    (b"*=", Some(Binary::Multiply)),
    (b"/=", Some(Binary::Divide)),
    (b"%=", Some(Binary::Remainder)),
    (b"+=", Some(Binary::Add)),
    (b"-=", Some(Binary::Subtract)),
    (b"<<=", Some(Binary::ShiftLeft)),
    (b">>=", Some(Binary::ShiftRight)),
    (b"&=", Some(Binary::And)),
    (b"^=", Some(Binary::Xor)),
    (b"|=", Some(Binary::Or)),
];

/// The length of a variable's name at the start of `text`.
pub(crate) fn name_len(text: &[u8]) -> usize {
    let starts = text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    if !starts {
        return 0;
    }
    text.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(text.len())
}

/// A constant at the start of `text` (decimal, `0` octal, `0x` hexadecimal, `base#digits`) and its length.
pub(crate) fn number(text: &[u8]) -> Option<(i64, usize)> {
    let end =
        text.iter().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'@' | b'#'));
    let word = &text[..end.unwrap_or(text.len())];
    let (digits, radix) = if let Some(at) = word.iter().position(|byte| *byte == b'#') {
        let radix = std::str::from_utf8(&word[..at]).ok()?.parse().ok()?;
        if !(2..=64).contains(&radix) {
            return None;
        }
        (&word[at + 1..], radix)
    } else if let Some(digits) = word.strip_prefix(b"0x").or_else(|| word.strip_prefix(b"0X")) {
        (digits, 16)
    } else if word.len() > 1 && word[0] == b'0' {
        (&word[1..], 8)
    } else {
        (word, 10)
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for digit in digits {
        let digit = match digit {
            b'0'..=b'9' => i64::from(digit - b'0'),
            b'a'..=b'z' => i64::from(digit - b'a') + 10,
            b'A'..=b'Z' if radix <= 36 => i64::from(digit - b'A') + 10,
            b'A'..=b'Z' => i64::from(digit - b'A') + 36,
            b'@' => 62,
            b'_' => 63,
            _ => return None,
        };
        if digit >= radix {
            return None;
        }
        value = value.wrapping_mul(radix).wrapping_add(digit);
    }
    Some((value, word.len()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::{ArithError, ArithVariables, Expr};

    #[derive(Default)]
    struct Vars(HashMap<Vec<u8>, i64>);

    impl ArithVariables for Vars {
        fn number(&mut self, name: &[u8], _: Option<i64>, _: u32) -> Result<i64, ArithError> {
            Ok(self.0.get(name).copied().unwrap_or(0))
        }

        fn set_number(&mut self, name: &[u8], _: Option<i64>, value: i64) -> Result<(), ArithError> {
            self.0.insert(name.to_vec(), value);
            Ok(())
        }
    }

    fn eval(text: &str) -> Result<i64, ArithError> {
        let mut vars = Vars::default();
        vars.0.insert(b"x".to_vec(), 7);
        Expr::parse(text.as_bytes())?.eval(&mut vars, 0)
    }

    #[test]
    fn operators_have_their_precedence() {
        for (text, expected) in [
            ("1+2*3", 7),
            ("(1+2)*3", 9),
            ("2**3**2", 512),
            ("-2**2", 4),
            ("10-4-3", 3),
            ("7%4*2", 6),
            ("1<<4>>2", 4),
            ("5>3==1", 1),
            ("6&3|8", 10),
            ("1||0&&0", 1),
            ("0?1:2", 2),
            ("1?2:0?3:4", 2),
            ("!0+~0", 0),
            ("0x1f", 31),
            ("017", 15),
            ("2#101", 5),
            ("x++ + x", 15),
            ("++x", 8),
            ("x+=3, x*2", 20),
            ("y=x=2", 2),
            ("x == 7", 1),
            ("x<=7 && x>=7", 1),
            ("", 0),
            (" - - 3 ", 3),
            ("1 ? x=1 : 0", 1),
            ("0 && (x=1/0)", 0),
            ("a[1+1] = 3", 3),
            ("a[b[c[1]+1]*2]+x", 7),
        ] {
            assert_eq!(eval(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        assert_eq!(eval("1/0"), Err(ArithError::DivideByZero));
        assert_eq!(eval("1%0"), Err(ArithError::DivideByZero));
        assert_eq!(eval("2**-1"), Err(ArithError::NegativeExponent));
        for text in ["1+", "(1", "1 2", "09", "*", "1=2", "a[", "?"] {
            assert!(matches!(eval(text), Err(ArithError::Syntax(_))), "{text}");
        }
        assert_eq!(eval(&"(".repeat(5000)), Err(ArithError::TooDeep));
        assert_eq!(eval(&format!("0{}", "+1".repeat(50_000))), Ok(50_000));
        assert_eq!(eval("-9223372036854775807-1 / -1"), Ok(-9_223_372_036_854_775_806));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[-+*/%<>=!&|^~?:,() x0-9a-c\\[\\]#]{0,24}") {
            let _ = eval(&text);
        }
    }
}
