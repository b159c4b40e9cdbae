//! `[[ ... ]]`: conditions, whose words are not split.

use std::cmp::Ordering;

use bytes::Bytes;

use super::{
    Parse, Parser,
    lexer::{Op, Tok, ends_word},
    word::Parts,
};
use crate::shell::ast::{Cond, CondOp, Word};

/// Operators with one operand.
const UNARY: &[u8] = b"abcdefghknoprstuvwxzGLNORS";

impl Parser {
    /// The condition after `[[`, and `]]`.
    pub(super) fn cond_command(&mut self) -> Parse<Cond> {
        let cond = self.nested(Self::cond_or)?;
        if self.eat_reserved("]]")? { Ok(cond) } else { self.missing_word() }
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
                self.missing_word()
            };
        }
        self.cond_primary()
    }

    fn cond_primary(&mut self) -> Parse<Cond> {
        let Tok::Word(left) = self.peek()?.clone() else { return self.missing_word() };
        if left.literal().is_some_and(|text| text == "]]") {
            return self.missing_word();
        }
        self.skip()?;
        if let Some([b'-', letter]) = left.literal().map(|text| &text[..])
            && UNARY.contains(letter)
            && let Tok::Word(operand) = self.peek()?.clone()
            && operand.literal().is_none_or(|text| text != "]]")
        {
            self.skip()?;
            return Ok(Cond::Unary(*letter, operand));
        }
        let Some(op) = self.cond_operator()? else { return Ok(Cond::Word(left)) };
        self.skip()?;
        let right = if op == CondOp::Regex {
            self.regex_word()?
        } else {
            let outside = self.extglob;
            self.extglob |= matches!(op, CondOp::Match { .. } | CondOp::NotMatch);
            let right = self.peek().cloned();
            self.extglob = outside;
            let Tok::Word(right) = right? else { return self.missing_word() };
            self.skip()?;
            right
        };
        Ok(Cond::Binary(op, left, right))
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
        if parts.is_empty() { self.missing_word() } else { Ok(self.as_written(start, parts.into_word())) }
    }
}
