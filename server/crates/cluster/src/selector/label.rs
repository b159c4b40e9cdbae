//! Label selectors: `app=web,tier in (a, b),!old,weight>5`.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>.

use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use serde_json::{Map, Value};

use crate::validation::names;

/// Conditions on labels, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LabelSelector {
    pub(crate) requirements: Vec<Requirement>,
    /// Matches nothing, as a selector that is not set does.
    pub(crate) nothing: bool,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub(crate) key: String,
    pub(crate) operator: Operator,
    pub(crate) values: Vec<String>,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

impl Operator {
    /// An operator as objects write it.
    pub(crate) fn of(text: &str) -> Option<Self> {
        Some(match text {
            "In" => Self::In,
            "NotIn" => Self::NotIn,
            "Exists" => Self::Exists,
            "DoesNotExist" => Self::DoesNotExist,
            "Gt" => Self::GreaterThan,
            "Lt" => Self::LessThan,
            _ => return None,
        })
    }
}

impl Requirement {
    pub(crate) fn matches(&self, value: Option<&str>) -> bool {
        let is_listed = |value: &str| self.values.iter().any(|v| v == value);
        let compared = |holds: fn(i64, i64) -> bool| {
            let (Some(Ok(value)), Some(Ok(bound))) =
                (value.map(str::parse), self.values.first().map(|v| v.parse()))
            else {
                return false;
            };
            holds(value, bound)
        };
        match self.operator {
            Operator::In => value.is_some_and(is_listed),
            Operator::NotIn => !value.is_some_and(is_listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => compared(|a, b| a > b),
            Operator::LessThan => compared(|a, b| a < b),
        }
    }
}

impl LabelSelector {
    /// Whether there is nothing to hold.
    pub(crate) fn is_empty(&self) -> bool {
        self.requirements.is_empty() && !self.nothing
    }

    /// Whether these labels (a JSON object, or nothing) match.
    pub(crate) fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        self.holds(|key| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str))
    }

    /// Whether labels match of which `value` tells the values.
    pub(crate) fn holds<'l>(&self, value: impl Fn(&str) -> Option<&'l str>) -> bool {
        !self.nothing && self.requirements.iter().all(|r| r.matches(value(&r.key)))
    }

    /// Whether all of these labels are there.
    pub(crate) fn from_labels<'a>(labels: impl Iterator<Item = (&'a String, &'a String)>) -> Self {
        let requirement = |(key, value): (&String, &String)| Requirement {
            key: key.clone(),
            operator: Operator::In,
            values: vec![value.clone()],
        };
        Self { requirements: labels.map(requirement).collect(), nothing: false }
    }

    /// A selector of a spec; one that is not set matches nothing.
    pub(crate) fn from_object(selector: Option<&meta::LabelSelector>) -> Self {
        let Some(selector) = selector else { return Self { requirements: Vec::new(), nothing: true } };
        let mut all = Self::from_labels(selector.match_labels.iter().flatten());
        for expression in selector.match_expressions.iter().flatten() {
            let operator = Operator::of(&expression.operator).unwrap_or(Operator::DoesNotExist);
            all.requirements.push(Requirement {
                key: expression.key.clone(),
                operator,
                values: expression.values.clone().unwrap_or_default(),
            });
        }
        all
    }

    /// Reads a selector of a query.
    ///
    /// # Errors
    ///
    /// The real server's sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text), at: 0 };
        let requirements = parser.selector()?;
        Ok(Self { requirements, nothing: false })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Symbol(&'static str),
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Symbol(symbol) => symbol,
        }
    }
}

/// In the order in which they are tried.
const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", ",", "(", ")", ">", "<"];

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', '\r', '\n']);
    while !rest.is_empty() {
        if let Some(symbol) = SYMBOLS.into_iter().find(|s| rest.starts_with(s)) {
            tokens.push(Token::Symbol(symbol));
            rest = &rest[symbol.len()..];
        } else {
            let end = rest
                .find(|c: char| {
                    matches!(c, ' ' | '\t' | '\r' | '\n' | '=' | '!' | ',' | '(' | ')' | '>' | '<')
                })
                .unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }
    tokens
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token::Symbol(s)) if *s == symbol)
    }

    fn found(token: Option<&Token>) -> String {
        format!("found '{}'", token.map_or("", Token::text))
    }

    fn selector(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        if self.peek().is_none() {
            return Ok(requirements);
        }
        loop {
            requirements.push(self.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?);
            match self.next() {
                None => return Ok(requirements),
                Some(Token::Symbol(",")) => match self.peek() {
                    Some(Token::Word(_) | Token::Symbol("!")) => {}
                    other => {
                        return Err(format!("{}, expected: identifier after ','", Self::found(other)));
                    }
                },
                other => {
                    return Err(format!("{}, expected: ',' or 'end of string'", Self::found(other.as_ref())));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let absent = self.is("!");
        if absent {
            self.at += 1;
        }
        let key = match self.next() {
            Some(Token::Word(key)) => key,
            other => return Err(format!("{}, expected: identifier", Self::found(other.as_ref()))),
        };
        let wrong = names::label_key(&key);
        if !wrong.is_empty() {
            return Err(format!("key: Invalid value: {key:?}: {}", wrong.join("; ")));
        }
        if absent {
            return match self.peek() {
                None | Some(Token::Symbol(",")) => {
                    Ok(Requirement { key, operator: Operator::DoesNotExist, values: Vec::new() })
                }
                other => Err(format!("{}, expected: ',' or 'end of string'", Self::found(other))),
            };
        }
        let (operator, values) = match self.peek() {
            None | Some(Token::Symbol(",")) => (Operator::Exists, Vec::new()),
            Some(Token::Word(word)) if word == "in" => self.set(Operator::In)?,
            Some(Token::Word(word)) if word == "notin" => self.set(Operator::NotIn)?,
            Some(Token::Symbol("=" | "==")) => self.exact(Operator::In)?,
            Some(Token::Symbol("!=")) => self.exact(Operator::NotIn)?,
            Some(Token::Symbol(">")) => self.number(Operator::GreaterThan)?,
            Some(Token::Symbol("<")) => self.number(Operator::LessThan)?,
            other => {
                return Err(format!("{}, expected: in, notin, =, ==, !=, gt, lt", Self::found(other)));
            }
        };
        for (i, value) in values.iter().enumerate() {
            let wrong = names::label_value(value);
            if !wrong.is_empty() {
                return Err(format!("values[{i}][{key}]: Invalid value: {value:?}: {}", wrong.join("; ")));
            }
        }
        Ok(Requirement { key, operator, values })
    }

    fn exact(&mut self, operator: Operator) -> Result<(Operator, Vec<String>), String> {
        self.at += 1;
        match self.peek() {
            None | Some(Token::Symbol(",")) => Ok((operator, vec![String::new()])),
            Some(Token::Word(word)) => {
                let values = vec![word.clone()];
                self.at += 1;
                Ok((operator, values))
            }
            other => Err(format!("{}, expected: identifier", Self::found(other))),
        }
    }

    fn number(&mut self, operator: Operator) -> Result<(Operator, Vec<String>), String> {
        let (operator, values) = self.exact(operator)?;
        match values.first().map(|v| v.parse::<i64>()) {
            Some(Ok(_)) => Ok((operator, values)),
            _ => Err(format!(
                "values[0]: Invalid value: {:?}: for 'Gt', 'Lt' operators, the value must be an integer",
                values.first().map(String::as_str).unwrap_or_default()
            )),
        }
    }

    fn set(&mut self, operator: Operator) -> Result<(Operator, Vec<String>), String> {
        self.at += 1;
        if !self.is("(") {
            return Err(format!("{} expected: '('", Self::found(self.peek())));
        }
        self.at += 1;
        let mut values = Vec::new();
        loop {
            match self.next() {
                Some(Token::Word(word)) => {
                    values.push(word);
                    match self.next() {
                        Some(Token::Symbol(",")) if self.is(")") => values.push(String::new()),
                        Some(Token::Symbol(",")) => {}
                        Some(Token::Symbol(")")) => break,
                        other => {
                            return Err(format!("{}, expected: ',' or ')'", Self::found(other.as_ref())));
                        }
                    }
                }
                Some(Token::Symbol(",")) => values.push(String::new()),
                Some(Token::Symbol(")")) => {
                    if values.is_empty() {
                        values.push(String::new());
                    }
                    break;
                }
                other => {
                    return Err(format!("{}, expected: ',', ')' or identifier", Self::found(other.as_ref())));
                }
            }
        }
        values.sort();
        values.dedup();
        Ok((operator, values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn matches(selector: &str, labels: Value) -> bool {
        LabelSelector::parse(selector).unwrap().matches(labels.as_object())
    }

    #[test]
    fn every_syntax_selects() {
        for (selector, labels, expected) in [
            ("a=b", json!({"a": "b"}), true),
            ("a==b,c", json!({"a": "b"}), false),
            ("a!=b", json!({}), true),
            ("a in (x, y)", json!({"a": "y"}), true),
            ("a notin (x,y)", json!({"a": "y"}), false),
            ("a notin (x,y)", json!({}), true),
            ("!a", json!({}), true),
            ("a", json!({"a": ""}), true),
            ("a=", json!({"a": ""}), true),
            ("a>5", json!({"a": "6"}), true),
            ("a<5", json!({"a": "6"}), false),
            ("example.com/a=b", json!({"example.com/a": "b"}), true),
            ("", json!({}), true),
        ] {
            assert_eq!(matches(selector, labels), expected, "{selector}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_in_the_real_servers_words() {
        let wrong = |selector: &str| LabelSelector::parse(selector).unwrap_err();
        assert_eq!(wrong("a===b"), "unable to parse requirement: found '=', expected: identifier");
        assert_eq!(
            wrong("a b"),
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z/.=!,()<> ]{0,40}") {
            let _ = LabelSelector::parse(&text);
        }
    }
}
