//! Arithmetic (POSIX XCU 2.6.4, and C's operators as busybox ash and bash take them), compiled to a flat program so that
//! neither long nor deep expressions need a deep stack.

mod compile;

use bytes::Bytes;
use compile::Compiler;
pub(crate) use compile::name_len;

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
