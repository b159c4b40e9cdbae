//! `[[ ... ]]` as it runs.

use bytes::Bytes;

use super::{
    ast::{Cond, CondOp, Word},
    machine::Flow,
    state::Shell,
    variables::Value,
};
use crate::commands;

/// What is left to do of a condition, so that its depth needs no deep stack.
enum Task<'a> {
    Look(&'a Cond),
    /// Look at what a `!` precedes.
    Denied(&'a Cond),
    Not,
    /// Look at the right side, unless the left one has decided already.
    Right {
        and: bool,
        right: &'a Cond,
    },
}

/// Nothing is shown as what would be written for it.
fn visible(text: &[u8]) -> &[u8] {
    if text.is_empty() { b"''" } else { text }
}

impl Shell {
    /// Whether a condition holds.
    pub(super) async fn cond(&mut self, cond: &Cond) -> Result<bool, Flow> {
        let mut tasks = vec![Task::Look(cond)];
        let mut holds = false;
        while let Some(task) = tasks.pop() {
            match task {
                Task::Look(Cond::Not(inner)) | Task::Denied(Cond::Not(inner)) => {
                    tasks.extend([Task::Not, Task::Denied(inner)]);
                }
                Task::Look(Cond::Group(inner)) | Task::Denied(Cond::Group(inner)) => {
                    tasks.push(Task::Look(inner));
                }
                Task::Look(Cond::And(left, right)) => {
                    tasks.extend([Task::Right { and: true, right }, Task::Look(left)]);
                }
                Task::Look(Cond::Or(left, right)) => {
                    tasks.extend([Task::Right { and: false, right }, Task::Look(left)]);
                }
                Task::Look(leaf) => holds = self.leaf(leaf, "").await?,
                Task::Denied(leaf) => holds = self.leaf(leaf, "! ").await?,
                Task::Not => holds = !holds,
                Task::Right { and, right } => {
                    if holds == and {
                        tasks.push(Task::Look(right));
                    }
                }
            }
        }
        Ok(holds)
    }

    async fn leaf(&mut self, cond: &Cond, not: &'static str) -> Result<bool, Flow> {
        match cond {
            Cond::Word(word) => {
                let text = self.expand(|expander| expander.text(word)).await?;
                self.trace_condition(&[not.as_bytes(), b"-n "], &text).await;
                Ok(!text.is_empty())
            }
            Cond::Unary(letter, word) => {
                let operand = self.expand(|expander| expander.text(word)).await?;
                self.trace_condition(&[not.as_bytes(), &[b'-', *letter, b' ']], &operand).await;
                if let Some(holds) = self.own_condition(*letter, &operand) {
                    return Ok(holds);
                }
                let found = commands::test::unary(&self.process, *letter, &operand);
                found.or_else(|error| self.refuse(&error.message(self.dialect.into())))
            }
            Cond::Binary(op, left, right) => {
                let left = self.expand(|expander| expander.text(left)).await?;
                if self.options.xtrace {
                    let shown = match op {
                        CondOp::Match { .. } | CondOp::NotMatch => {
                            self.expand(|expander| expander.pattern_as_shown(right)).await?
                        }
                        _ => self.expand(|expander| expander.text(right)).await?,
                    };
                    let before = [not.as_bytes(), visible(&left), b" ", op.text().as_bytes(), b" "];
                    self.trace_condition(&before, &shown).await;
                }
                self.binary(*op, left, right).await
            }
            Cond::Not(_) | Cond::And(..) | Cond::Or(..) | Cond::Group(_) => Ok(false),
        }
    }

    async fn binary(&mut self, op: CondOp, left: Bytes, right: &Word) -> Result<bool, Flow> {
        match op {
            CondOp::Match { .. } | CondOp::NotMatch => {
                let pattern = self.expand(|expander| expander.pattern(right)).await?;
                Ok(self.pattern_matches(&pattern, &left, true) == matches!(op, CondOp::Match { .. }))
            }
            CondOp::Regex => {
                let pattern = self.expand(|expander| expander.regex(right)).await?;
                self.match_regex(&left, &pattern)
            }
            CondOp::Less | CondOp::Greater => {
                let right = self.expand(|expander| expander.text(right)).await?;
                Ok(if op == CondOp::Less { left < right } else { left > right })
            }
            CondOp::Number(ordering, negated) => {
                self.builtin = Some(Bytes::from_static(b"[["));
                let left = self.expand(|expander| expander.evaluate(&left)).await;
                let right = self.expand(|expander| expander.arithmetic(right)).await;
                self.builtin = None;
                let (Ok(left), Ok(right)) = (left, right) else {
                    self.status = 1;
                    return Err(Flow::On);
                };
                Ok((Ord::cmp(&left, &right) == ordering) != negated)
            }
            CondOp::Newer | CondOp::Older | CondOp::SameFile => {
                let right = self.expand(|expander| expander.text(right)).await?;
                Ok(commands::test::binary(&self.process, op.text().as_bytes(), &left, &right)
                    .unwrap_or(false))
            }
        }
    }

    /// Shows a condition as it is looked at (`set -x`).
    async fn trace_condition(&mut self, before: &[&[u8]], operand: &[u8]) {
        if self.options.xtrace {
            let text = [b"[[ ", before.concat().as_slice(), visible(operand), b" ]]"].concat();
            self.trace_text(text).await;
        }
    }

    /// A condition on what only the shell itself knows: whether a variable is set (`-v`) or a reference (`-R`), or an option on
    /// (`-o`).
    pub(super) fn own_condition(&mut self, letter: u8, operand: &Bytes) -> Option<bool> {
        match letter {
            b'v' => Some(self.is_set(operand)),
            b'R' => Some(self.is_reference(operand)),
            b'o' => Some(self.options.named(operand).is_some_and(|option| *option)),
            _ => None,
        }
    }

    /// Whether a variable, or an element of an array, has a value (bash `-v`).
    fn is_set(&mut self, name: &Bytes) -> bool {
        let open = name.iter().position(|byte| *byte == b'[').filter(|_| name.ends_with(b"]"));
        let Some(open) = open else { return self.value_of(name).is_some() };
        let array = name.slice(..open);
        if matches!(&name[open..], b"[@]" | b"[*]") && !self.is_keyed(&array) {
            let array = self.resolve(&array);
            return self.variables.get(&array).is_some_and(|variable| match &variable.value {
                Value::Indexed(elements) => !elements.is_empty(),
                _ => variable.text().is_some(),
            });
        }
        let key = self.key_of(&array, &name.slice(open + 1..name.len() - 1));
        self.element_of(&array, &key).is_some()
    }

    fn refuse(&mut self, message: &str) -> Result<bool, Flow> {
        self.complain(message);
        self.status = 2;
        Ok(false)
    }

    fn match_regex(&mut self, text: &Bytes, pattern: &[u8]) -> Result<bool, Flow> {
        use crate::libc::regex::Regex;
        let regex = match Regex::new(pattern, crate::libc::regex::Syntax::extended()) {
            Ok(regex) => regex,
            Err(_) => {
                self.status = 2;
                return Err(Flow::On);
            }
        };
        let found = regex.captures(text, 0);
        let groups = found.as_ref().map_or_else(Vec::new, |found| {
            found
                .iter()
                .map(|range| range.clone().map_or_else(Bytes::new, |range| text.slice(range)))
                .collect()
        });
        let _ = self.variables.set_value(b"BASH_REMATCH", Value::Indexed((0..).zip(groups).collect()));
        Ok(found.is_some())
    }
}
