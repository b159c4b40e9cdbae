//! Arithmetic (POSIX XCU 2.6.4, and C's operators as busybox ash and bash take them), compiled to a flat program so that
//! neither long nor deep expressions need a deep stack.

mod compile;

use bytes::Bytes;
use compile::Compiler;
pub(crate) use compile::name_len;

use super::variables::Key;

/// How deep parentheses, conditionals and prefixes nest.
const MAX_DEPTH: u32 = 40;
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
    /// An operand is missing; where the last token begins.
    Operand(usize),
    /// A branch of `?:` is missing; what stands there.
    Branch(usize),
    /// The colon of `?:` is missing; where the last token begins.
    Colon(usize),
    /// A constant has a digit that its base has not; where it is.
    Digit(usize),
    /// Where the divisor is.
    DivideByZero(usize),
    /// Where the exponent is.
    NegativeExponent(usize),
    /// It nests too deep.
    TooDeep,
    /// A variable cannot be read or set; what the shell says of it.
    Variable(String),
}

/// The variables that an expression sees.
pub(crate) trait ArithVariables {
    /// Whether a variable is an array by name, whose subscripts are no expressions.
    fn is_keyed(&self, name: &[u8]) -> bool;

    /// The value of a variable (or an element of an array) as a number; what is not set counts as 0.
    fn number(&mut self, name: &[u8], key: Option<&Key>, depth: u32) -> Result<i64, ArithError>;

    /// Sets a variable (or an element).
    fn set_number(&mut self, name: &[u8], key: Option<Key>, value: i64) -> Result<(), ArithError>;
}

/// A variable, or an element of an array.
#[derive(Clone, Debug)]
struct Place {
    name: Bytes,
    subscript: Option<Subscript>,
}

/// What stands in brackets: a text for an array by name, an expression for one by number.
#[derive(Clone, Debug)]
struct Subscript {
    text: Bytes,
    index: Result<Expr, ArithError>,
}

impl Place {
    fn key(&self, variables: &mut impl ArithVariables, depth: u32) -> Result<Option<Key>, ArithError> {
        Ok(match &self.subscript {
            None => None,
            Some(subscript) if variables.is_keyed(&self.name) => Some(Key::Name(subscript.text.clone())),
            Some(Subscript { index: Ok(index), .. }) => Some(Key::Number(index.eval(variables, depth)?)),
            Some(Subscript { index: Err(error), .. }) => return Err(error.clone()),
        })
    }
}

#[derive(Clone, Debug)]
enum Op {
    Push(i64),
    /// Pushes a variable's value.
    Load(Place),
    /// Pops a value and stores what the operator makes of the old one and it; pushes the result. The number says where
    /// the right side ends, for errors.
    Store(Place, Option<Binary>, usize),
    /// Adds to a variable, pushes the new value or (postfix) the old one.
    Step {
        place: Place,
        by: i64,
        postfix: bool,
    },
    Unary(Unary),
    /// The number says where the last token of the right side is, for errors.
    Binary(Binary, usize),
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

impl Expr {
    /// Compiles an expression; an empty one is 0.
    pub(crate) fn parse(text: &[u8], steps: bool) -> Result<Self, ArithError> {
        Self::parse_at(text, 0, steps)
    }

    /// Compiles an expression that stands `depth` deep in another.
    fn parse_at(text: &[u8], depth: u32, steps: bool) -> Result<Self, ArithError> {
        let mut compiler = Compiler { text, at: 0, last: 0, ops: Vec::new(), depth, pending: None, steps };
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
                Op::Load(place) => {
                    let key = place.key(variables, depth)?;
                    stack.push(variables.number(&place.name, key.as_ref(), depth)?);
                }
                Op::Store(place, operator, end) => {
                    let mut value = pop(&mut stack);
                    let key = place.key(variables, depth)?;
                    if let Some(operator) = operator {
                        let old = variables.number(&place.name, key.as_ref(), depth)?;
                        value = operator.apply(old, value, *end)?;
                    }
                    variables.set_number(&place.name, key, value)?;
                    stack.push(value);
                }
                Op::Step { place, by, postfix } => {
                    let key = place.key(variables, depth)?;
                    let old = variables.number(&place.name, key.as_ref(), depth)?;
                    let new = old.wrapping_add(*by);
                    variables.set_number(&place.name, key, new)?;
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
                Op::Binary(operator, end) => {
                    let right = pop(&mut stack);
                    let left = pop(&mut stack);
                    stack.push(operator.apply(left, right, *end)?);
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
    fn apply(self, a: i64, b: i64, end: usize) -> Result<i64, ArithError> {
        Ok(match self {
            Self::Power => {
                let exponent = u64::try_from(b).map_err(|_| ArithError::NegativeExponent(end))?;
                wrapping_power(a, exponent)
            }
            Self::Multiply => a.wrapping_mul(b),
            Self::Divide | Self::Remainder if b == 0 => return Err(ArithError::DivideByZero(end)),
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::{ArithError, ArithVariables, Expr, Key};

    #[derive(Default)]
    struct Vars(HashMap<Vec<u8>, i64>);

    impl ArithVariables for Vars {
        fn is_keyed(&self, name: &[u8]) -> bool {
            name == b"keyed"
        }

        fn number(&mut self, name: &[u8], _: Option<&Key>, _: u32) -> Result<i64, ArithError> {
            Ok(self.0.get(name).copied().unwrap_or(0))
        }

        fn set_number(&mut self, name: &[u8], _: Option<Key>, value: i64) -> Result<(), ArithError> {
            self.0.insert(name.to_vec(), value);
            Ok(())
        }
    }

    fn eval(text: &str) -> Result<i64, ArithError> {
        let mut vars = Vars::default();
        vars.0.insert(b"x".to_vec(), 7);
        Expr::parse(text.as_bytes(), true)?.eval(&mut vars, 0)
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
            ("keyed[a b.txt]++, keyed[x]", 1),
        ] {
            assert_eq!(eval(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        assert_eq!(eval("1/0"), Err(ArithError::DivideByZero(2)));
        assert_eq!(eval("1%0"), Err(ArithError::DivideByZero(2)));
        assert_eq!(eval("2**-1"), Err(ArithError::NegativeExponent(4)));
        for (text, error) in [
            ("1+", ArithError::Operand(1)),
            ("1 + * 2", ArithError::Operand(4)),
            ("(1", ArithError::Syntax(2)),
            ("1 2", ArithError::Syntax(2)),
            ("09", ArithError::Digit(0)),
            ("*", ArithError::Operand(0)),
            ("1=2", ArithError::Syntax(1)),
            ("a[", ArithError::Syntax(1)),
            ("?", ArithError::Operand(0)),
        ] {
            assert_eq!(eval(text), Err(error), "{text}");
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
