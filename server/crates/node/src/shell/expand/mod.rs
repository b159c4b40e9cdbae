//! Word expansion (POSIX XCU 2.6), as a plain function of the shell's state.
//!
//! A command substitution cannot be run in here, since it takes time. Expansion stops there with
//! [`ExpandError::Run`]; the machine runs the commands, notes their output in the [`Journal`], and expands the word once
//! more. What has an effect each time it is looked at (`$((i++))`) is noted in the journal too; all else gives the same
//! result again.

mod arithmetic;
mod brace;
mod change;
mod fields;
mod glob;
mod parameter;
mod slice;
mod transform;
mod value;

use std::sync::Arc;

pub(crate) use brace::expand_braces;
use bytes::Bytes;
pub(crate) use fields::Fields;
use fields::MAX_FIELDS;
pub(crate) use value::{subscripted, wrap_index};

use super::{
    ast::{ParameterOp, Part, SubScript, Subscript, Word},
    state::Shell,
};

/// The largest result of one word.
pub(crate) const MAX_WORD: usize = 16 << 20;
/// What a word takes of memory, short as most are; in bytes.
pub(crate) const WORD_COST: usize = 64;

/// Why a word has no value yet.
#[derive(Debug)]
pub(crate) enum ExpandError {
    /// Commands have to run first; their output goes into the journal.
    Run(Arc<SubScript>),
    /// Commands have to be started, with a pipe to (or from) them; its path goes into the journal.
    Start { script: Arc<SubScript>, output: bool },
    /// There is no value; what the shell says.
    Fail(String),
    /// A parameter that must be set is not; what the shell says.
    Unset(String),
}

type Expand<T> = Result<T, ExpandError>;

/// What was found out while a word was expanded before.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Vec<Entry>,
    next: usize,
}

#[derive(Clone, Debug)]
enum Entry {
    /// What commands printed, or the path of a pipe to them.
    Output(Bytes),
    /// What had an effect, and is done: it stands for all that was noted while it was worked out.
    Done(Bytes),
}

impl Journal {
    /// Notes the next result.
    pub(crate) fn push(&mut self, output: Bytes) {
        self.entries.push(Entry::Output(output));
    }

    /// Begins again with the first.
    pub(crate) fn rewind(&mut self) {
        self.next = 0;
    }

    /// What the commands printed that are met now.
    fn output(&mut self) -> Option<Bytes> {
        let Some(Entry::Output(output)) = self.entries.get(self.next) else { return None };
        self.next += 1;
        Some(output.clone())
    }

    /// The result of what is met now, if it was worked out to its end.
    fn done(&mut self) -> Option<Bytes> {
        let Some(Entry::Done(result)) = self.entries.get(self.next) else { return None };
        self.next += 1;
        Some(result.clone())
    }

    /// Notes the result of what began at the entry `start`.
    fn finish(&mut self, start: usize, result: Bytes) {
        self.entries.truncate(start);
        self.entries.push(Entry::Done(result));
        self.next = self.entries.len();
    }
}

/// How text is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Context {
    /// Between double quotes: nothing is split, nothing is a pattern.
    quoted: bool,
    /// Plain text is split too, since it stands in an unquoted `${x-text}`.
    split_text: bool,
}

const UNQUOTED: Context = Context { quoted: false, split_text: false };

/// Expands words.
#[derive(Debug)]
pub(crate) struct Expander<'a> {
    pub(crate) shell: &'a mut Shell,
    pub(crate) journal: &'a mut Journal,
}

impl Expander<'_> {
    /// Expands a word to fields: split, with file names for patterns.
    pub(crate) fn fields(&mut self, word: &Word, into: &mut Vec<Bytes>) -> Expand<()> {
        // Most words are plain text, or one quoted variable.
        match &*word.parts {
            [Part::Literal(text)] if !self.globs(text) => {
                into.push(text.clone());
                return Ok(());
            }
            [Part::Quoted(text)] => {
                into.push(text.clone());
                return Ok(());
            }
            _ => {}
        }
        let ifs = self.ifs();
        let mut fields = Fields::new(Some(ifs)).within(self.shell.process.room());
        self.parts(&word.parts, UNQUOTED, &mut fields)?;
        let globbing = !self.shell.options.noglob;
        let extended = self.shell.shopts.is_on("extglob");
        for field in fields.finish() {
            match field.pattern(extended) {
                Some(pattern) if globbing => self.glob(&pattern, field.text, into)?,
                _ => into.push(field.text),
            }
        }
        if into.len() > 1 << 14 {
            if into.len() > 4 * MAX_FIELDS {
                return Err(ExpandError::Fail("out of memory".to_owned()));
            }
            self.shell.check_size_with(into.len() * WORD_COST).map_err(ExpandError::Fail)?;
        }
        Ok(())
    }

    /// Expands a word to one text, neither split nor matched.
    pub(crate) fn text(&mut self, word: &Word) -> Expand<Bytes> {
        match &*word.parts {
            [] => return Ok(Bytes::new()),
            [Part::Literal(text) | Part::Quoted(text)] => return Ok(text.clone()),
            _ => {}
        }
        let mut fields = Fields::new(None);
        self.parts(&word.parts, UNQUOTED, &mut fields)?;
        Ok(fields.into_text())
    }

    /// Expands a word to a pattern, in which `\` precedes what was quoted.
    pub(crate) fn pattern(&mut self, word: &Word) -> Expand<Bytes> {
        let mut fields = Fields::new(None);
        self.parts(&word.parts, UNQUOTED, &mut fields)?;
        Ok(fields.into_pattern())
    }

    /// Expands a word to a pattern, in which `\` precedes each character that was quoted: so `set -x` shows it.
    pub(crate) fn pattern_as_shown(&mut self, word: &Word) -> Expand<Bytes> {
        let mut fields = Fields::new(None);
        self.parts(&word.parts, UNQUOTED, &mut fields)?;
        Ok(fields.into_shown_pattern())
    }

    /// Expands a word to what replaces a match, in which `\` precedes what was quoted.
    fn replacement(&mut self, word: &Word) -> Expand<Bytes> {
        let mut fields = Fields::new(None);
        self.parts(&word.parts, UNQUOTED, &mut fields)?;
        Ok(fields.into_replacement())
    }

    /// Expands a word to a regular expression, in which `\` precedes what was quoted.
    pub(crate) fn regex(&mut self, word: &Word) -> Expand<Bytes> {
        let mut fields = Fields::new(None);
        self.parts(&word.parts, UNQUOTED, &mut fields)?;
        Ok(fields.into_regex())
    }

    /// Works out the arithmetic that a word expands to.
    pub(crate) fn arithmetic(&mut self, word: &Word) -> Expand<i64> {
        let text = self.text(word)?;
        self.evaluate(&text)
    }

    fn globs(&self, text: &[u8]) -> bool {
        let special = text.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
            || (self.shell.shopts.is_on("extglob") && crate::libc::extglob::has_group(text));
        special && !self.shell.options.noglob
    }

    fn ifs(&self) -> Bytes {
        self.shell.variables.text(b"IFS").cloned().unwrap_or(Bytes::from_static(b" \t\n"))
    }

    fn parts(&mut self, parts: &[Part], context: Context, out: &mut Fields) -> Expand<()> {
        for part in parts {
            self.part(part, context, out)?;
            if out.len() > MAX_WORD || out.is_full() {
                return Err(ExpandError::Fail("out of memory".to_owned()));
            }
            if out.cost() > 1 << 20 {
                self.shell.check_size_with(out.cost()).map_err(ExpandError::Fail)?;
            }
        }
        Ok(())
    }

    fn part(&mut self, part: &Part, context: Context, out: &mut Fields) -> Expand<()> {
        match part {
            Part::Literal(text) if context.quoted => out.quoted(text),
            Part::Literal(text) if context.split_text => out.split(text),
            Part::Literal(text) => out.literal(text),
            Part::Quoted(text) => out.quoted(text),
            Part::DoubleQuoted(parts) => {
                self.parts(parts, Context { quoted: true, split_text: false }, out)?;
            }
            Part::Tilde(name) => out.quoted(&self.home(name)),
            Part::Parameter(parameter) => self.parameter(parameter, context, out)?,
            Part::Command(script) => {
                let output = self.journal.output().ok_or_else(|| ExpandError::Run(Arc::clone(script)))?;
                Self::push(&output, context, out);
            }
            Part::Arith(arith) => {
                let value = self.once(|this| {
                    let value = match &arith.ready {
                        Some(expr) => {
                            let text = this.text(&arith.word)?;
                            this.run_expression_from(expr, &text)?
                        }
                        None => this.arithmetic(&arith.word)?,
                    };
                    Ok(value.to_string().into())
                })?;
                Self::push(&value, context, out);
            }
            Part::Process { output, script } => {
                let start = || ExpandError::Start { script: Arc::clone(script), output: *output };
                let path = self.journal.output().ok_or_else(start)?;
                out.quoted(&path);
            }
        }
        Ok(())
    }

    /// Works out what has an effect, and must not be worked out twice.
    fn once(&mut self, work: impl FnOnce(&mut Self) -> Expand<Bytes>) -> Expand<Bytes> {
        let start = self.journal.next;
        if let Some(done) = self.journal.done() {
            return Ok(done);
        }
        let result = work(self)?;
        self.journal.finish(start, result.clone());
        Ok(result)
    }

    fn push(text: &[u8], context: Context, out: &mut Fields) {
        if context.quoted { out.quoted(text) } else { out.split(text) }
    }

    /// What `~` or `~name` stands for.
    fn home(&self, name: &[u8]) -> Bytes {
        let variable = |name: &[u8]| self.shell.variables.text(name).cloned();
        let literal = || [b"~", name].concat().into();
        match name {
            b"" => variable(b"HOME").unwrap_or_else(literal),
            b"+" if self.shell.dialect.is_bash() => variable(b"PWD").unwrap_or_else(literal),
            b"-" if self.shell.dialect.is_bash() => variable(b"OLDPWD").unwrap_or_else(literal),
            _ if self.shell.dialect.is_bash()
                && name.last().is_some_and(u8::is_ascii_digit)
                && let Some(dir) = self.shell.stacked(name) =>
            {
                dir
            }
            _ => crate::libc::passwd::home_of(&self.shell.process, name).map_or_else(literal, Bytes::from),
        }
    }
}

/// A word as a message shows it: its texts, and the names of the variables in it.
pub(crate) fn as_written(word: &Word) -> String {
    let mut shown = String::new();
    for part in word.parts.iter() {
        match part {
            Part::Literal(text) | Part::Quoted(text) => shown.push_str(&String::from_utf8_lossy(text)),
            Part::Tilde(name) => shown.push_str(&format!("~{}", String::from_utf8_lossy(name))),
            Part::Parameter(parameter) => match (&parameter.name, &parameter.subscript, &parameter.op) {
                (name, None, ParameterOp::None) => {
                    shown.push_str(&format!("${}", parameter::name_text(name)))
                }
                (name, Some(Subscript::Each), ParameterOp::None) => {
                    shown.push_str(&format!("${{{}[@]}}", parameter::name_text(name)));
                }
                (name, ..) => shown.push_str(&format!("${{{}}}", parameter::name_text(name))),
            },
            _ => shown.push_str("$(...)"),
        }
    }
    shown
}

/// Whether a part of a word is nothing but blanks.
pub(crate) fn is_blank(part: &Part) -> bool {
    matches!(part, Part::Literal(text) | Part::Quoted(text) if text.trim_ascii().is_empty())
}
