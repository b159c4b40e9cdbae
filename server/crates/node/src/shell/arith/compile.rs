//! From the text of an expression to its program.

use bytes::Bytes;

use super::{ArithError, Binary, Expr, MAX_DEPTH, Op, Place, Subscript, Unary};

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

pub(super) struct Compiler<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    pub(super) ops: Vec<Op>,
    pub(super) depth: u32,
    /// A variable that was read in the hope of an assignment; the next primary begins with it.
    pub(super) pending: Option<Place>,
    /// Where the last token begins.
    pub(super) last: usize,
    /// `++` and `--` are operators: in dash they are two signs.
    pub(super) steps: bool,
}

impl Compiler<'_> {
    pub(super) fn space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn eat(&mut self, token: &[u8]) -> bool {
        if self.text[self.at..].starts_with(token) {
            self.take(token.len());
            return true;
        }
        false
    }

    /// Goes past a token, and the space after it.
    fn take(&mut self, len: usize) {
        self.last = self.at;
        self.at += len;
        self.space();
    }

    fn error<T>(&self) -> Result<T, ArithError> {
        Err(ArithError::Syntax(self.at))
    }

    /// An operand is missing: what stands there instead is to blame, or at the end the last token.
    fn no_operand<T>(&self) -> Result<T, ArithError> {
        Err(ArithError::Operand(if self.at < self.text.len() { self.at } else { self.last }))
    }

    /// A branch of a conditional is missing.
    fn no_branch<T>(&self) -> Result<T, ArithError> {
        Err(ArithError::Branch(if self.at < self.text.len() { self.at } else { self.last }))
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

    pub(super) fn comma(&mut self) -> Result<(), ArithError> {
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
                    self.ops.push(Op::Store(target, *operator, self.last));
                    return Ok(());
                }
            }
            self.pending = Some(target);
        }
        self.conditional()
    }

    /// A variable or an element of an array, whose index is compiled; `None` for anything else.
    fn target(&mut self) -> Result<Option<Place>, ArithError> {
        let rest = &self.text[self.at..];
        let len = name_len(rest);
        if len == 0 {
            return Ok(None);
        }
        let name = Bytes::copy_from_slice(&rest[..len]);
        self.last = self.at;
        self.at += len;
        let subscript = if self.text.get(self.at) == Some(&b'[') { Some(self.subscript()?) } else { None };
        self.space();
        Ok(Some(Place { name, subscript }))
    }

    /// What stands between brackets, which nest.
    fn subscript(&mut self) -> Result<Subscript, ArithError> {
        let mut depth = 0;
        let inner = &self.text[self.at + 1..];
        let end = inner.iter().position(|byte| {
            match byte {
                b'[' => depth += 1,
                b']' => depth -= 1,
                _ => {}
            }
            depth < 0
        });
        let Some(end) = end else { return self.error() };
        if self.depth >= MAX_DEPTH {
            return Err(ArithError::TooDeep);
        }
        self.at += end + 2;
        let text = &inner[..end];
        Ok(Subscript {
            text: Bytes::copy_from_slice(text),
            index: Expr::parse_at(text, self.depth + 1, self.steps),
        })
    }

    fn conditional(&mut self) -> Result<(), ArithError> {
        self.or()?;
        if self.eat(b"?") {
            let branch = self.ops.len();
            self.ops.push(Op::JumpIfZero(0));
            if matches!(self.text.get(self.at), None | Some(b':')) {
                return self.no_branch();
            }
            self.nested(Self::comma)?;
            if !self.eat(b":") {
                return Err(ArithError::Colon(self.last));
            }
            if self.at == self.text.len() {
                return self.no_branch();
            }
            let end = self.ops.len();
            self.ops.push(Op::Jump(0));
            self.ops[branch] = Op::JumpIfZero(self.ops.len());
            self.nested(Self::conditional)?;
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
            self.take(token.len());
            // Only the power operator groups to the right.
            let next = if operator == Binary::Power { precedence } else { precedence + 1 };
            self.nested(|compiler| compiler.binary(next))?;
            self.ops.push(Op::Binary(operator, self.last));
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
            if self.steps && rest.starts_with(token) {
                let start = self.at;
                self.take(2);
                if let Some(place) = self.target()? {
                    self.ops.push(Op::Step { place, by, postfix: false });
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
        self.take(1);
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
            let (value, len) = number(&self.text[self.at..]).ok_or(ArithError::Digit(self.at))?;
            self.take(len);
            self.ops.push(Op::Push(value));
            return Ok(());
        }
        let Some(target) = self.target()? else { return self.no_operand() };
        self.load(target);
        Ok(())
    }

    /// A variable's value, with `++` or `--` after it perhaps.
    fn load(&mut self, place: Place) {
        for (token, by) in [(b"++", 1), (b"--", -1)] {
            if self.steps && self.text[self.at..].starts_with(token) {
                self.take(2);
                self.ops.push(Op::Step { place, by, postfix: true });
                return;
            }
        }
        self.ops.push(Op::Load(place));
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
