//! Redirections (POSIX XCU 2.7).

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{
    HereDocument, Parse, Parser,
    lexer::{Op, Tok},
};
use crate::shell::{
    arith::name_len,
    ast::{Redirect, RedirectKind, Word},
};

impl Parser {
    /// The name in `{name}` before a redirection.
    fn redirect_variable(&self, word: &Word) -> Option<Bytes> {
        let follows = matches!(self.text.get(self.at), Some(b'<' | b'>'));
        let text = word.literal().filter(|_| follows && self.dialect.is_bash())?;
        let inner = text.strip_prefix(b"{")?.strip_suffix(b"}")?;
        (!inner.is_empty() && name_len(inner) == inner.len()).then(|| Bytes::copy_from_slice(inner))
    }

    /// The next redirection, if there is one.
    pub(super) fn redirect(&mut self) -> Parse<Option<Redirect>> {
        let (fd, variable) = match self.peek()?.clone() {
            Tok::Io(fd) => (Some(fd), None),
            Tok::Op(op) if op.is_redirect() => (None, None),
            Tok::Word(word) => match self.redirect_variable(&word) {
                Some(name) => (None, Some(name)),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        if fd.is_some() || variable.is_some() {
            self.skip()?;
        }
        let Tok::Op(op) = self.take()? else { return self.unexpected(None) };
        let Tok::Word(word) = self.peek()?.clone() else { return self.unexpected(None) };
        if matches!(op, Op::DoubleLess | Op::DoubleLessDash) {
            // Announced before the newline after it can be read.
            let strip_tabs = op == Op::DoubleLessDash;
            let (word, written) = self.announced(word, strip_tabs)?;
            let (delimiter, quoted) = self.delimiter(&word);
            let body = Arc::new(OnceLock::new());
            self.pending.push(HereDocument {
                delimiter,
                strip_tabs,
                quoted,
                body: Arc::clone(&body),
                line: self.line,
                written,
            });
            self.skip()?;
            return Ok(Some(Redirect { fd, variable, kind: RedirectKind::HereDocument(body) }));
        }
        self.skip()?;
        let kind = match op {
            Op::Less => RedirectKind::Read(word),
            Op::Great => RedirectKind::Write(word),
            Op::Clobber => RedirectKind::Clobber(word),
            Op::DoubleGreat => RedirectKind::Append(word),
            Op::LessGreat => RedirectKind::ReadWrite(word),
            Op::LessAnd => RedirectKind::Duplicate { word, output: false },
            Op::GreatAnd => RedirectKind::Duplicate { word, output: true },
            Op::AndGreat => RedirectKind::Both { word, append: false },
            Op::AndDoubleGreat => RedirectKind::Both { word, append: true },
            _ => RedirectKind::HereString(word),
        };
        Ok(Some(Redirect { fd, variable, kind }))
    }
}
