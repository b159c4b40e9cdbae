//! `[[ ... ]]`: conditions, whose words are not split.

use std::cmp::Ordering;

use bytes::Bytes;

use super::{
    Parse, ParseErrorKind, Parser, TokenName,
    lexer::{Op, Tok, ends_word},
    word::Parts,
};
use crate::shell::ast::{Cond, CondOp, Word};

/// Operators with one operand.
const UNARY: &[u8] = b"abcdefghknoprstuvwxzGLNORS";

/// Whether a word is the end of the condition.
fn closes(word: &Word) -> bool {
    word.literal().is_some_and(|text| text == "]]")
}

impl Parser {
    /// The condition after `[[`, and `]]`.
    pub(super) fn cond_command(&mut self) -> Parse<Cond> {
        let cond = self.nested(Self::cond_or)?;
        if self.eat_reserved("]]")? {
            return Ok(cond);
        }
        self.bad_conditional(|_| "syntax error in conditional expression".to_owned())
    }

    fn cond_or(&mut self) -> Parse<Cond> {
        let mut cond = self.cond_and()?;
        self.skip_newlines()?;
        while self.eat_op(Op::OrIf)? {
            let right = self.nested(Self::cond_and)?;
            cond = Cond::Or(Box::new(cond), Box::new(right));
            self.bound(&cond)?;
            self.skip_newlines()?;
        }
        Ok(cond)
    }

    fn cond_and(&mut self) -> Parse<Cond> {
        let mut cond = self.cond_not()?;
        self.skip_newlines()?;
        while self.eat_op(Op::AndIf)? {
            let right = self.nested(Self::cond_not)?;
            cond = Cond::And(Box::new(cond), Box::new(right));
            self.bound(&cond)?;
            self.skip_newlines()?;
        }
        Ok(cond)
    }

    /// A chain of conditions is as deep as it is long: bounded like everything that nests.
    fn bound(&self, cond: &Cond) -> Parse<()> {
        let mut depth = 0;
        let mut cond = cond;
        while let Cond::And(left, _) | Cond::Or(left, _) = cond {
            depth += 1;
            cond = left;
        }
        if depth > 2 * super::MAX_DEPTH { Err(self.error(super::ParseErrorKind::TooDeep)) } else { Ok(()) }
    }

    fn cond_not(&mut self) -> Parse<Cond> {
        self.skip_newlines()?;
        if self.eat_reserved("!")? {
            let inner = self.nested(Self::cond_not)?;
            return Ok(Cond::Not(Box::new(inner)));
        }
        if self.eat_op(Op::Open)? {
            let inner = self.nested(Self::cond_or)?;
            return if self.eat_op(Op::Close)? {
                Ok(Cond::Group(Box::new(inner)))
            } else {
                self.bad_conditional(|seen| format!("unexpected token `{seen}', expected `)'"))
            };
        }
        self.cond_primary()
    }

    fn cond_primary(&mut self) -> Parse<Cond> {
        // bash says nothing of an end where a condition is missing.
        let unexpected = |seen: &str| match seen {
            "]]" => String::new(),
            seen => format!("unexpected token `{seen}' in conditional command"),
        };
        let Tok::Word(left) = self.peek()?.clone() else { return self.bad_conditional(unexpected) };
        if closes(&left) {
            return self.bad_conditional(unexpected);
        }
        self.skip()?;
        if let Some([b'-', letter]) = left.literal().map(|text| &text[..])
            && UNARY.contains(letter)
            && self.cond_operator()?.is_none()
        {
            let Tok::Word(operand) = self.peek()?.clone() else { return self.no_argument("unary") };
            if closes(&operand) {
                return self.no_argument("unary");
            }
            self.skip()?;
            return Ok(Cond::Unary(*letter, operand));
        }
        let Some(op) = self.cond_operator()? else {
            let ends = match self.peek()? {
                Tok::Word(word) => closes(word),
                Tok::Op(op) => matches!(op, Op::AndIf | Op::OrIf | Op::Close),
                Tok::Newline | Tok::Eof => true,
                Tok::Io(_) => false,
            };
            if !ends {
                return self.bad_conditional(|_| "conditional binary operator expected".to_owned());
            }
            return Ok(Cond::Word(left));
        };
        self.skip()?;
        let right = if op == CondOp::Regex {
            self.regex_word()?
        } else {
            let outside = self.extglob;
            self.extglob |= matches!(op, CondOp::Match { .. } | CondOp::NotMatch);
            let right = self.peek().cloned();
            self.extglob = outside;
            let Tok::Word(right) = right? else { return self.no_argument("binary") };
            if closes(&right) {
                return self.no_argument("binary");
            }
            self.skip()?;
            right
        };
        Ok(Cond::Binary(op, left, right))
    }

    /// An operator has no operand.
    fn no_argument<T>(&mut self, kind: &str) -> Parse<T> {
        self.bad_conditional(|seen| format!("unexpected argument `{seen}' to conditional {kind} operator"))
    }

    /// Fails because of the token that comes next.
    fn bad_conditional<T>(&mut self, message: impl FnOnce(&str) -> String) -> Parse<T> {
        let seen = match self.peek()? {
            Tok::Eof => {
                let kind = ParseErrorKind::Unexpected { token: TokenName::Eof, expecting: Some("]]") };
                return Err(self.error(kind));
            }
            Tok::Word(word) => crate::shell::expand::as_written(word),
            Tok::Op(op) => op.text().to_owned(),
            Tok::Io(number) => number.to_string(),
            Tok::Newline => "newline".to_owned(),
        };
        let mut error = self.error(ParseErrorKind::BadConditional(message(&seen).into()));
        if seen == "newline" {
            error.line = error.line.saturating_sub(1);
        }
        Err(error)
    }

    fn cond_operator(&mut self) -> Parse<Option<CondOp>> {
        let text: Bytes = match self.peek()? {
            Tok::Op(Op::Less) => Self::plain("<").literal().cloned().unwrap_or_default(),
            Tok::Op(Op::Great) => Self::plain(">").literal().cloned().unwrap_or_default(),
            Tok::Word(word) => match word.literal() {
                Some(text) => text.clone(),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(match &*text {
            b"=" => CondOp::Match { doubled: false },
            b"==" => CondOp::Match { doubled: true },
            b"!=" => CondOp::NotMatch,
            b"=~" => CondOp::Regex,
            b"<" => CondOp::Less,
            b">" => CondOp::Greater,
            b"-eq" => CondOp::Number(Ordering::Equal, false),
            b"-ne" => CondOp::Number(Ordering::Equal, true),
            b"-lt" => CondOp::Number(Ordering::Less, false),
            b"-ge" => CondOp::Number(Ordering::Less, true),
            b"-gt" => CondOp::Number(Ordering::Greater, false),
            b"-le" => CondOp::Number(Ordering::Greater, true),
            b"-nt" => CondOp::Newer,
            b"-ot" => CondOp::Older,
            b"-ef" => CondOp::SameFile,
            _ => return Ok(None),
        }))
    }

    /// The word after `=~`, in which parentheses and bars are part of the expression.
    fn regex_word(&mut self) -> Parse<Word> {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let start = self.at;
        let mut parts = Parts::default();
        let mut depth = 0;
        while let Some(byte) = self.text.get(self.at).copied() {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            let inside = depth > 0 && matches!(byte, b' ' | b'\t' | b'<' | b'>');
            if depth < 0 || (ends_word(byte) && !matches!(byte, b'(' | b')' | b'|') && !inside) {
                break;
            }
            self.unquoted(byte, &mut parts)?;
        }
        if depth > 0 {
            return Err(self.error(ParseErrorKind::UnterminatedQuote(b')')));
        }
        if parts.is_empty() {
            return self.no_argument("binary");
        }
        Ok(self.as_written(start, parts.into_word()))
    }
}
