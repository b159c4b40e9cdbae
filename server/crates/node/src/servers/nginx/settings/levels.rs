//! Inheritance: a directive holds from its level inwards, until an inner level has it too.

use std::time::Duration;

use crate::servers::nginx::{
    config::{ConfigError, Directive, value},
    template::Template,
};

/// The blocks around a place, the outermost first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Levels<'a> {
    block: &'a [Directive],
    outer: Option<&'a Levels<'a>>,
}

impl<'a> Levels<'a> {
    /// The outermost level.
    pub(super) fn new(block: &'a [Directive]) -> Self {
        Self { block, outer: None }
    }

    /// A block within.
    pub(super) fn inner(&'a self, block: &'a [Directive]) -> Self {
        Self { block, outer: Some(self) }
    }

    /// The directives of these names at the innermost level that has one.
    pub(super) fn all_of(&self, names: &[&str]) -> Vec<&'a Directive> {
        let own: Vec<_> = self.own(names).collect();
        match (own.is_empty(), self.outer) {
            (true, Some(outer)) => outer.all_of(names),
            _ => own,
        }
    }

    /// The directives of these names at this very level.
    pub(super) fn own(&self, names: &[&str]) -> impl Iterator<Item = &'a Directive> {
        self.block.iter().filter(move |directive| names.contains(&directive.name.as_str()))
    }

    pub(super) fn all(&self, name: &str) -> Vec<&'a Directive> {
        self.all_of(&[name])
    }

    pub(super) fn find(&self, name: &str) -> Option<&'a Directive> {
        self.all(name).first().copied()
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.find(name).map_or(default, |directive| directive.arg(0).eq_ignore_ascii_case("on"))
    }

    pub(super) fn time(&self, name: &str, default: Duration) -> Duration {
        self.find(name).and_then(|directive| value::time(directive.arg(0))).unwrap_or(default)
    }

    pub(super) fn size(&self, name: &str, default: u64) -> u64 {
        self.find(name).and_then(|directive| value::size(directive.arg(0))).unwrap_or(default)
    }

    pub(super) fn number(&self, name: &str, default: u64) -> u64 {
        self.find(name).and_then(|directive| value::number(directive.arg(0))).unwrap_or(default)
    }
}

/// An argument as a text with variables.
pub(super) fn template(directive: &Directive, index: usize) -> Result<Template, ConfigError> {
    Template::parse(directive.arg(index)).map_err(|message| directive.error(message))
}

/// A regular expression of a directive.
pub(super) fn regex(
    directive: &Directive,
    pattern: &str,
    ignore_case: bool,
) -> Result<regex::Regex, ConfigError> {
    // PCRE takes a `{` that begins no repetition, and `\/`, as themselves.
    let portable = portable(pattern);
    regex::RegexBuilder::new(&portable).case_insensitive(ignore_case).size_limit(1 << 20).build().map_err(
        |error| {
            let text = match &error {
                regex::Error::Syntax(text) if text.contains("unclosed group") => {
                    "missing closing parenthesis"
                }
                regex::Error::Syntax(text) if text.contains("unopened group") => {
                    "unmatched closing parenthesis"
                }
                regex::Error::Syntax(text) if text.contains("unclosed character class") => {
                    "missing terminating ] for character class"
                }
                regex::Error::Syntax(text) if text.contains("repetition operator missing") => {
                    "quantifier does not follow a repeatable item"
                }
                regex::Error::Syntax(text)
                    if text.contains("look-around") || text.contains("backreference") =>
                {
                    "look-around and back-references are not supported by podlab's nginx"
                }
                regex::Error::CompiledTooBig(_) => "regular expression is too large",
                _ => "unrecognized character follows \\",
            };
            directive.error(format!("pcre2_compile() failed: {text} in \"{pattern}\""))
        },
    )
}

/// A regular expression as the crate `regex` wants it.
fn portable(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                // Escaped letters mean something; escaped punctuation means itself.
                Some(next) if next.is_ascii_alphanumeric() || is_meta(next) => out.extend(['\\', next]),
                Some(next) => out.push(next),
                None => out.push('\\'),
            },
            '{' if !chars.peek().is_some_and(char::is_ascii_digit) => out.push_str("\\{"),
            _ => out.push(c),
        }
    }
    out
}

fn is_meta(c: char) -> bool {
    "\\.+*?()|[]{}^$#&-~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::portable;

    #[test]
    fn escapes_that_pcre_takes_are_taken() {
        assert_eq!(portable(r"^\/a\.php$"), r"^/a\.php$");
        assert_eq!(portable(r"a{2}{"), r"a{2}\{");
    }
}
