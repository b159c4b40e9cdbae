//! Arithmetic with the shell's variables, and what is said of expressions that make no sense.

use bytes::Bytes;

use super::{Expand, ExpandError, Expander};
use crate::shell::{
    Dialect,
    arith::{ArithError, ArithVariables, Expr, MAX_INDIRECTION},
    state::Shell,
    variables::Key,
};

impl Expander<'_> {
    /// Works out an expression from its text.
    pub(crate) fn evaluate(&mut self, text: &[u8]) -> Expand<i64> {
        match Expr::parse(text, self.shell.dialect != Dialect::Dash) {
            Ok(expr) => self.run_expression_from(&expr, text),
            Err(error) => Err(self.arith_error(&error, text)),
        }
    }

    pub(super) fn run_expression_from(&mut self, expr: &Expr, text: &[u8]) -> Expand<i64> {
        expr.eval(&mut Variables { shell: self.shell }, 0).map_err(|error| self.arith_error(&error, text))
    }

    fn arith_error(&self, error: &ArithError, text: &[u8]) -> ExpandError {
        ExpandError::Fail(self.shell.arith_message(error, text))
    }
}

impl Shell {
    /// What is said of an expression that has no value.
    fn arith_message(&self, error: &ArithError, text: &[u8]) -> String {
        use Dialect::{Ash, Bash, Dash};
        let lead = if self.dialect.is_bash() { text.trim_ascii_start() } else { text };
        let shown = String::from_utf8_lossy(lead);
        let token = |at: usize| String::from_utf8_lossy(text.get(at..).unwrap_or_default()).into_owned();
        match (self.dialect, error) {
            (_, ArithError::Variable(message)) => message.clone(),
            (Ash, ArithError::DivideByZero(_)) => "divide by zero".to_owned(),
            (Dash, ArithError::DivideByZero(_)) => {
                format!("arithmetic expression: division by zero: \"{shown}\"")
            }
            (Bash, ArithError::DivideByZero(at)) => {
                format!("{shown}: division by 0 (error token is \"{}\")", token(*at))
            }
            (Ash, ArithError::NegativeExponent(_)) => "exponent less than 0".to_owned(),
            (_, ArithError::NegativeExponent(at)) => {
                format!("{shown}: exponent less than 0 (error token is \"{}\")", token(*at))
            }
            (Ash, ArithError::Colon(_)) => "malformed ?: operator".to_owned(),
            (Ash, _) => "arithmetic syntax error".to_owned(),
            (Dash, ArithError::Colon(_)) => format!("arithmetic expression: expecting ':': \"{shown}\""),
            (Dash, ArithError::Operand(_) | ArithError::Branch(_)) => {
                format!("arithmetic expression: expecting primary: \"{shown}\"")
            }
            (Dash, ArithError::Syntax(at) | ArithError::Digit(at)) => {
                let what = if *at >= text.len() { "expecting primary" } else { "expecting EOF" };
                format!("arithmetic expression: {what}: \"{shown}\"")
            }
            (Bash, ArithError::Branch(at)) => {
                format!("{shown}: expression expected (error token is \"{}\")", token(*at))
            }
            (Bash, ArithError::Colon(at)) => {
                format!(
                    "{shown}: `:' expected for conditional expression (error token is \"{}\")",
                    token(*at)
                )
            }
            (Bash, ArithError::Operand(at)) => {
                format!("{shown}: syntax error: operand expected (error token is \"{}\")", token(*at))
            }
            (Bash, ArithError::Syntax(at)) if *at >= text.len() => {
                format!("{shown}: missing `)' (error token is \"{}\")", token(at.saturating_sub(1)))
            }
            (Bash, ArithError::Syntax(at)) => {
                let what = match text.get(*at) {
                    _ if assigns(&text[*at..]) => "attempted assignment to non-variable",
                    Some(b'.') => "syntax error: invalid arithmetic operator",
                    _ => "syntax error in expression",
                };
                format!("{shown}: {what} (error token is \"{}\")", token(*at))
            }
            (Bash, ArithError::Digit(at)) => {
                let rest = text.get(*at..).unwrap_or_default();
                let len =
                    rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"#_@".contains(byte));
                let constant = &rest[..len.unwrap_or(rest.len())];
                // What comes after the constant has not been looked at.
                let end = at + constant.len();
                let shown = String::from_utf8_lossy(text.get(..end).unwrap_or_default().trim_ascii_start());
                let constant = String::from_utf8_lossy(constant);
                format!("{shown}: {} (error token is \"{constant}\")", wrong_with_constant(&constant))
            }
            (_, ArithError::TooDeep) => format!("{shown}: expression recursion level exceeded"),
        }
    }
}

/// What bash says of a constant that is no number.
fn wrong_with_constant(constant: &str) -> &'static str {
    let Some((base, digits)) = constant.split_once('#') else { return "value too great for base" };
    match base.parse::<u32>() {
        Ok(0) => "invalid number",
        Ok(2..=64) if digits.is_empty() => "invalid integer constant",
        Ok(2..=64) if digits.contains('#') => "invalid number",
        Ok(2..=64) => "value too great for base",
        _ => "invalid arithmetic base",
    }
}

/// The shell's variables as arithmetic sees them.
struct Variables<'a> {
    shell: &'a mut Shell,
}

impl ArithVariables for Variables<'_> {
    fn is_keyed(&self, name: &[u8]) -> bool {
        self.shell.is_keyed(name)
    }

    fn number(&mut self, name: &[u8], key: Option<&Key>, depth: u32) -> Result<i64, ArithError> {
        let text = match key {
            None => self.shell.value_of(name),
            Some(key) => self.shell.element_of(name, key),
        };
        let Some(text) = text else {
            if self.shell.options.nounset && key.is_none() {
                return Err(ArithError::Variable(self.shell.unset_message(&String::from_utf8_lossy(name))));
            }
            return Ok(0);
        };
        let trimmed = text.trim_ascii();
        if let Some(number) = plain_number(trimmed) {
            return Ok(number);
        }
        if self.shell.dialect == Dialect::Dash {
            let shown = String::from_utf8_lossy(&text);
            return Err(ArithError::Variable(format!("Illegal number: {shown}")));
        }
        if depth >= MAX_INDIRECTION {
            return Err(ArithError::TooDeep);
        }
        // The text that makes no sense is this one, not the expression with the variable.
        Expr::parse(&text, true).and_then(|expr| expr.eval(self, depth + 1)).map_err(|error| match error {
            ArithError::TooDeep => error,
            error => ArithError::Variable(self.shell.arith_message(&error, &text)),
        })
    }

    fn set_number(&mut self, name: &[u8], key: Option<Key>, value: i64) -> Result<(), ArithError> {
        let text = Bytes::from(value.to_string());
        match key {
            None => self.shell.assign(name, text),
            Some(key) => self.shell.assign_element(name, key, text),
        }
        .map_err(ArithError::Variable)
    }
}

/// A decimal number and nothing else.
fn plain_number(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plain = !digits.is_empty() && digits.len() < 19 && digits.iter().all(u8::is_ascii_digit);
    if !plain || (digits.len() > 1 && digits[0] == b'0') {
        return None;
    }
    let value = digits.iter().fold(0i64, |value, digit| value * 10 + i64::from(digit - b'0'));
    Some(if digits.len() < text.len() { -value } else { value })
}

/// Whether an expression goes on with an operator that assigns.
fn assigns(rest: &[u8]) -> bool {
    let len = rest.iter().take_while(|byte| b"*/%+-<>&^|".contains(byte)).count();
    len <= 2 && rest.get(len) == Some(&b'=') && rest.get(len + 1) != Some(&b'=')
}
