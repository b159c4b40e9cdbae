//! Word expansion (POSIX XCU 2.6), as a plain function of the shell's state.
//!
//! A command substitution cannot be run in here, since it takes time. Expansion stops there with
//! [`ExpandError::Run`]; the machine runs the commands, notes their output in the [`Journal`], and expands the word once
//! more. What has an effect each time it is looked at (`$((i++))`) is noted in the journal too; all else gives the same
//! result again.

mod brace;
mod change;
mod fields;
mod glob;
mod parameter;
mod value;

use std::sync::Arc;

pub(crate) use brace::expand_braces;
use bytes::Bytes;
pub(crate) use fields::Fields;
use fields::MAX_FIELDS;
pub(crate) use value::subscripted;

use super::{
    arith::{ArithError, ArithVariables, Expr, MAX_INDIRECTION},
    ast::{Part, SubScript, Word},
    state::Shell,
    variables::Key,
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

    /// Works out an expression from its text.
    pub(crate) fn evaluate(&mut self, text: &[u8]) -> Expand<i64> {
        match Expr::parse(text, self.shell.dialect != crate::shell::Dialect::Dash) {
            Ok(expr) => self.run_expression_from(&expr, text),
            Err(error) => Err(self.arith_error(&error, text)),
        }
    }

    fn run_expression_from(&mut self, expr: &Expr, text: &[u8]) -> Expand<i64> {
        expr.eval(&mut Variables { shell: self.shell }, 0).map_err(|error| self.arith_error(&error, text))
    }

    fn arith_error(&self, error: &ArithError, text: &[u8]) -> ExpandError {
        use super::Dialect::{Ash, Bash, Dash};
        let lead = if self.shell.dialect.is_bash() { text.trim_ascii_start() } else { text };
        let shown = String::from_utf8_lossy(lead);
        let token = |at: usize| String::from_utf8_lossy(text.get(at..).unwrap_or_default()).into_owned();
        let message = match (self.shell.dialect, error) {
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
            (Ash, _) => "arithmetic syntax error".to_owned(),
            (Dash, ArithError::Operand(_)) => {
                format!("arithmetic expression: expecting primary: \"{shown}\"")
            }
            (Dash, ArithError::Syntax(at) | ArithError::Digit(at)) => {
                let what = if *at >= text.len() { "expecting primary" } else { "expecting EOF" };
                format!("arithmetic expression: {what}: \"{shown}\"")
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
                let end = text[*at..].iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'#');
                let digits = token(*at)[..end.unwrap_or(text.len() - at)].to_owned();
                format!("{shown}: value too great for base (error token is \"{digits}\")")
            }
            (_, ArithError::TooDeep) => format!("{shown}: expression recursion level exceeded"),
        };
        ExpandError::Fail(message)
    }
}

/// Whether a part of a word is nothing but blanks.
pub(crate) fn is_blank(part: &Part) -> bool {
    matches!(part, Part::Literal(text) | Part::Quoted(text) if text.trim_ascii().is_empty())
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
        if self.shell.dialect == super::Dialect::Dash {
            let shown = String::from_utf8_lossy(&text);
            return Err(ArithError::Variable(format!("Illegal number: {shown}")));
        }
        if depth >= MAX_INDIRECTION {
            return Err(ArithError::TooDeep);
        }
        Expr::parse(trimmed, self.shell.dialect != crate::shell::Dialect::Dash)?.eval(self, depth + 1)
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
