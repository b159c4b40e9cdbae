//! `set`, `if`, `rewrite`, `return` and `break`, in their order.

use std::sync::Arc;

use regex::Regex;

use super::{
    Location,
    levels::{regex, template},
};
use crate::servers::nginx::{
    config::{ConfigError, Directive},
    template::Template,
};

/// A step.
#[derive(Debug)]
pub(in crate::servers::nginx) enum Op {
    Set { name: String, value: Template },
    Rewrite { regex: Regex, target: Template, flag: RewriteFlag },
    Return { code: u16, text: Option<Template> },
    Break,
    If { condition: Condition, then: Vec<Op>, location: Option<Arc<Location>> },
}

/// What follows a rewrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::servers::nginx) enum RewriteFlag {
    /// The steps after it.
    None,
    /// The search for a location.
    Last,
    /// Nothing: the location stays.
    Break,
    /// A redirect with status 302...
    Redirect,
    /// ...or 301.
    Permanent,
}

/// What `if` asks.
#[derive(Debug)]
pub(in crate::servers::nginx) enum Condition {
    /// Neither empty nor 0.
    True(Template),
    Equals {
        left: Template,
        right: Template,
        not: bool,
    },
    Matches {
        text: Template,
        regex: Regex,
        not: bool,
    },
    File {
        kind: u8,
        path: Template,
        not: bool,
    },
}

/// Makes the location that an `if` stands for.
pub(super) type Inner<'a> = dyn FnMut(&Directive) -> Result<Option<Arc<Location>>, ConfigError> + 'a;

/// Reads a step; `None` for a directive that is none. The location that an `if` stands for comes from `inner`.
pub(super) fn parse(directive: &Directive, inner: &mut Inner<'_>) -> Result<Option<Op>, ConfigError> {
    let op = match directive.name.as_str() {
        "set" => {
            let name =
                directive.arg(0).strip_prefix('$').filter(|name| !name.is_empty()).ok_or_else(|| {
                    directive.error(format!("invalid variable name \"{}\"", directive.arg(0)))
                })?;
            Op::Set { name: name.to_ascii_lowercase(), value: template(directive, 1)? }
        }
        "break" => Op::Break,
        "return" => return_op(directive)?,
        "rewrite" => rewrite_op(directive)?,
        "if" => {
            let then = directive
                .block
                .iter()
                .map(|step| parse(step, &mut |_| Ok(None)))
                .filter_map(Result::transpose)
                .collect::<Result<_, _>>()?;
            Op::If { condition: condition(directive)?, then, location: inner(directive)? }
        }
        _ => return Ok(None),
    };
    Ok(Some(op))
}

fn return_op(directive: &Directive) -> Result<Op, ConfigError> {
    let first = directive.arg(0);
    match first.parse::<u16>() {
        Ok(code) if code <= 999 => {
            let text = if directive.args.len() > 1 { Some(template(directive, 1)?) } else { None };
            Ok(Op::Return { code, text })
        }
        _ if directive.args.len() == 1
            && ["http://", "https://", "$scheme"].iter().any(|start| first.starts_with(start)) =>
        {
            Ok(Op::Return { code: 302, text: Some(template(directive, 0)?) })
        }
        _ => Err(directive.error(format!("invalid return code \"{first}\""))),
    }
}

fn rewrite_op(directive: &Directive) -> Result<Op, ConfigError> {
    let target = directive.arg(1);
    let flag = match directive.args.get(2).map(String::as_str) {
        None if ["http://", "https://", "$scheme"].iter().any(|start| target.starts_with(start)) => {
            RewriteFlag::Redirect
        }
        None => RewriteFlag::None,
        Some("last") => RewriteFlag::Last,
        Some("break") => RewriteFlag::Break,
        Some("redirect") => RewriteFlag::Redirect,
        Some("permanent") => RewriteFlag::Permanent,
        Some(other) => return Err(directive.error(format!("invalid parameter \"{other}\""))),
    };
    Ok(Op::Rewrite {
        regex: regex(directive, directive.arg(0), false)?,
        target: template(directive, 1)?,
        flag,
    })
}

fn condition(directive: &Directive) -> Result<Condition, ConfigError> {
    // The parentheses may touch the words or stand by themselves.
    let invalid = || {
        let shown = directive.arg(0).trim_start_matches('(');
        directive.error(format!("invalid condition \"{}\"", shown.trim_end_matches(')')))
    };
    let mut words: Vec<&str> = directive.args.iter().map(String::as_str).collect();
    let first = words.first_mut().ok_or_else(invalid)?;
    *first = first.strip_prefix('(').ok_or_else(invalid)?;
    let last = words.last_mut().ok_or_else(invalid)?;
    *last = last.strip_suffix(')').ok_or_else(invalid)?;
    let last = words.len() - 1;
    let words: Vec<&str> = words
        .iter()
        .enumerate()
        .filter(|(index, word)| {
            !(word.is_empty()
                && (*index == 0 || *index == last)
                && last > 0
                && directive.args[*index].len() == 1)
        })
        .map(|(_, word)| *word)
        .collect();
    let parse = |text: &str| Template::parse(text).map_err(|message| directive.error(message));
    match words.as_slice() {
        [variable] if variable.len() > 1 && variable.starts_with('$') => {
            Ok(Condition::True(parse(variable)?))
        }
        [test, path] if is_file_test(test) => {
            let kind = test.bytes().next_back().unwrap_or(b'e');
            Ok(Condition::File { kind, path: parse(path)?, not: test.starts_with('!') })
        }
        [left, operator, right] if left.starts_with('$') => {
            let left = parse(left)?;
            match *operator {
                "=" | "!=" => Ok(Condition::Equals { left, right: parse(right)?, not: *operator == "!=" }),
                "~" | "~*" | "!~" | "!~*" => Ok(Condition::Matches {
                    text: left,
                    regex: regex(directive, right, operator.ends_with('*'))?,
                    not: operator.starts_with('!'),
                }),
                _ => Err(directive.error(format!("unexpected \"{operator}\" in condition"))),
            }
        }
        _ => Err(invalid()),
    }
}

fn is_file_test(word: &str) -> bool {
    matches!(word.strip_prefix('!').unwrap_or(word), "-f" | "-d" | "-e" | "-x")
}
