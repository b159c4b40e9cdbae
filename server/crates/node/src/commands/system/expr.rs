//! `expr`: evaluates an expression (POSIX XCU expr).

use bytes::Bytes;

use crate::{
    commands::Cx,
    libc::regex::{Regex, Syntax},
};

/// How deep parentheses nest.
const MAX_DEPTH: u32 = 200;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let mut args = std::mem::take(&mut cx.args);
    if cx.is_gnu() && args.first().is_some_and(|arg| arg == "--") {
        args.remove(0);
    }
    if args.is_empty() {
        if cx.is_gnu() {
            cx.error("missing operand").await;
            cx.bad_usage("EXPRESSION").await;
            return 2;
        }
        cx.error("too few arguments").await;
        return 2;
    }
    match evaluate(&args, cx.is_gnu()) {
        Ok(value) => {
            let null = is_null(&value, cx.is_gnu());
            cx.put(value);
            cx.put("\n");
            cx.finish(u8::from(null)).await
        }
        Err(message) => {
            cx.error(message).await;
            2
        }
    }
}

/// The value of an expression.
fn evaluate(args: &[Bytes], gnu: bool) -> Result<Vec<u8>, String> {
    let mut parser = Parser { args, at: 0, depth: 0, gnu };
    let value = parser.or()?;
    match args.get(parser.at) {
        None => Ok(value),
        Some(extra) => Err(match gnu {
            true => format!("syntax error: unexpected argument '{}'", String::from_utf8_lossy(extra)),
            false => "syntax error".to_owned(),
        }),
    }
}

/// Empty, or a zero; for busybox a zero of one digit.
fn is_null(value: &[u8], gnu: bool) -> bool {
    if !gnu {
        return matches!(value, b"" | b"0");
    }
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    value.is_empty() || (!digits.is_empty() && digits.iter().all(|byte| *byte == b'0'))
}

struct Parser<'a> {
    args: &'a [Bytes],
    at: usize,
    depth: u32,
    gnu: bool,
}

impl Parser<'_> {
    fn eat(&mut self, word: &str) -> bool {
        let found = self.args.get(self.at).is_some_and(|arg| arg == word);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Vec<u8>, String> {
        let mut left = self.and()?;
        while self.eat("|") {
            let right = self.and()?;
            if is_null(&left, self.gnu) {
                left = if is_null(&right, self.gnu) { b"0".to_vec() } else { right };
            }
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Vec<u8>, String> {
        let mut left = self.compare()?;
        while self.eat("&") {
            let right = self.compare()?;
            if is_null(&left, self.gnu) || is_null(&right, self.gnu) {
                left = b"0".to_vec();
            }
        }
        Ok(left)
    }

    fn compare(&mut self) -> Result<Vec<u8>, String> {
        let mut left = self.sum()?;
        loop {
            let Some(op) = ["<", "<=", "=", "==", "!=", ">=", ">"].into_iter().find(|op| self.eat(op)) else {
                return Ok(left);
            };
            let right = self.sum()?;
            let order = match (integer(&left), integer(&right)) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => left.cmp(&right),
            };
            let holds = match op {
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                "!=" => order.is_ne(),
                ">=" => order.is_ge(),
                ">" => order.is_gt(),
                _ => order.is_eq(),
            };
            left = if holds { b"1".to_vec() } else { b"0".to_vec() };
        }
    }

    fn number(&self, value: &[u8]) -> Result<i64, String> {
        integer(value)
            .ok_or_else(|| if self.gnu { "non-integer argument" } else { "non-numeric argument" }.to_owned())
    }

    fn sum(&mut self) -> Result<Vec<u8>, String> {
        let mut left = self.product()?;
        loop {
            let add = self.eat("+");
            if !add && !self.eat("-") {
                return Ok(left);
            }
            let right = self.product()?;
            let (a, b) = (self.number(&left)?, self.number(&right)?);
            let value = if add { a.wrapping_add(b) } else { a.wrapping_sub(b) };
            left = value.to_string().into_bytes();
        }
    }

    fn product(&mut self) -> Result<Vec<u8>, String> {
        let mut left = self.matching()?;
        loop {
            let Some(op) = ["*", "/", "%"].into_iter().find(|op| self.eat(op)) else { return Ok(left) };
            let right = self.matching()?;
            let (a, b) = (self.number(&left)?, self.number(&right)?);
            if op != "*" && b == 0 {
                return Err("division by zero".to_owned());
            }
            let value = match op {
                "*" => a.wrapping_mul(b),
                "/" => a.wrapping_div(b),
                _ => a.wrapping_rem(b),
            };
            left = value.to_string().into_bytes();
        }
    }

    fn matching(&mut self) -> Result<Vec<u8>, String> {
        let mut left = self.primary()?;
        while self.eat(":") {
            let right = self.primary()?;
            left = matched(&left, &right)?;
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<Vec<u8>, String> {
        let Some(word) = self.args.get(self.at).cloned() else {
            let before = self.at.checked_sub(1).and_then(|at| self.args.get(at));
            return Err(match (self.gnu, before) {
                (true, Some(before)) => {
                    format!("syntax error: missing argument after '{}'", String::from_utf8_lossy(before))
                }
                _ => "syntax error".to_owned(),
            });
        };
        self.at += 1;
        let more = self.at < self.args.len();
        match &*word {
            b"(" => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("syntax error".to_owned());
                }
                let value = self.or()?;
                self.depth -= 1;
                if self.eat(")") {
                    return Ok(value);
                }
                Err(match (self.gnu, self.args.get(self.at.wrapping_sub(1))) {
                    (true, Some(last)) => {
                        format!("syntax error: expecting ')' after '{}'", String::from_utf8_lossy(last))
                    }
                    _ => "syntax error".to_owned(),
                })
            }
            b")" => Err(match self.gnu {
                true => "syntax error: unexpected ')'".to_owned(),
                false => "syntax error".to_owned(),
            }),
            b"+" if self.gnu && more => {
                self.at += 1;
                Ok(self.args[self.at - 1].to_vec())
            }
            b"length" if more => Ok(self.primary()?.len().to_string().into_bytes()),
            b"match" if more => {
                let (text, pattern) = (self.primary()?, self.primary()?);
                matched(&text, &pattern)
            }
            b"index" if more => {
                let (text, set) = (self.primary()?, self.primary()?);
                let place = text.iter().position(|byte| set.contains(byte)).map_or(0, |at| at + 1);
                Ok(place.to_string().into_bytes())
            }
            b"substr" if more => {
                let (text, start, len) = (self.primary()?, self.primary()?, self.primary()?);
                let (Some(start), Some(len)) = (integer(&start), integer(&len)) else {
                    return Ok(Vec::new());
                };
                if start < 1 || len < 1 {
                    return Ok(Vec::new());
                }
                let from = usize::try_from(start - 1).unwrap_or(usize::MAX).min(text.len());
                let to = from.saturating_add(usize::try_from(len).unwrap_or(usize::MAX)).min(text.len());
                Ok(text[from..to].to_vec())
            }
            _ => Ok(word.to_vec()),
        }
    }
}

fn integer(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    if text.starts_with('+') { None } else { text.parse().ok() }
}

/// `TEXT : PATTERN`: the first group, or how long the match is.
fn matched(text: &[u8], pattern: &[u8]) -> Result<Vec<u8>, String> {
    let regex = Regex::new(pattern, Syntax::basic()).map_err(|error| error.to_string())?;
    let groups = regex.groups() > 0;
    // The match is anchored at the start.
    let found =
        regex.captures(text, 0).filter(|found| found[0].as_ref().is_some_and(|range| range.start == 0));
    Ok(match found {
        Some(found) if groups => {
            found.get(1).cloned().flatten().map_or(Vec::new(), |range| text[range].to_vec())
        }
        Some(found) => found[0].as_ref().map_or(0, |range| range.end).to_string().into_bytes(),
        None if groups => Vec::new(),
        None => b"0".to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::evaluate;

    fn expr(text: &str) -> Result<String, String> {
        let args: Vec<Bytes> =
            text.split_whitespace().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
        evaluate(&args, false).map(|value| String::from_utf8(value).unwrap())
    }

    #[test]
    fn operators_have_their_order() {
        assert_eq!(expr("1 + 2 * 3"), Ok("7".into()));
        assert_eq!(expr("( 1 + 2 ) * 3"), Ok("9".into()));
        assert_eq!(expr("7 % 4 - 5"), Ok("-2".into()));
        assert_eq!(expr("a < b & 1"), Ok("1".into()));
        assert_eq!(expr("0 | x"), Ok("x".into()));
        assert_eq!(expr("abc : a.*"), Ok("3".into()));
        assert_eq!(expr("file.txt : \\(.*\\)\\."), Ok("file".into()));
        assert_eq!(expr("length hello"), Ok("5".into()));
        assert_eq!(expr("substr hello 2 3"), Ok("ell".into()));
        assert_eq!(expr("1 / 0"), Err("division by zero".into()));
        assert_eq!(expr("1 +"), Err("syntax error".into()));
    }

    proptest! {
        #[test]
        fn nothing_panics(words in prop::collection::vec("[()+*/%:|&<=a1-]{1,2}|length|substr|index|match", 1..12)) {
            let words: Vec<Bytes> = words.into_iter().map(Bytes::from).collect();
            let _ = (evaluate(&words, true), evaluate(&words, false));
        }
    }
}
