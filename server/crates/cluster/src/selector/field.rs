//! Field selectors: `status.phase=Running,spec.nodeName!=node1`.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/>.

/// Conditions on fields, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSelector {
    pub(crate) terms: Vec<Term>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) field: String,
    pub(crate) value: String,
    /// The field must have the value, or must not.
    pub(crate) equal: bool,
}

impl FieldSelector {
    /// Reads a selector; a backslash takes the meaning from `,`, `=` and itself.
    ///
    /// # Errors
    ///
    /// The real server's sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for part in split(text) {
            if part.is_empty() {
                continue;
            }
            let (field, operator, value) = operator(part)
                .ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{part}'"))?;
            let value = unescape(value).ok_or_else(|| format!("invalid field selector: {text}"))?;
            terms.push(Term { field: field.to_owned(), value, equal: operator != "!=" });
        }
        Ok(Self { terms })
    }

    /// Whether there is nothing to hold.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

/// Parts between commas that no backslash precedes.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (i, b) in text.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn operator(part: &str) -> Option<(&str, &str, &str)> {
    for (i, _) in part.char_indices() {
        for operator in ["!=", "==", "="] {
            if part[i..].starts_with(operator) {
                return Some((&part[..i], operator, &part[i + operator.len()..]));
            }
        }
    }
    None
}

fn unescape(value: &str) -> Option<String> {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                c @ ('\\' | ',' | '=') => text.push(c),
                _ => return None,
            },
            ',' | '=' => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_separated_by_commas_and_escaped_by_backslashes() {
        let selector = FieldSelector::parse("a.b=c,d!=e\\,f,g==h").unwrap();
        let terms: Vec<_> =
            selector.terms.iter().map(|t| (t.field.as_str(), t.value.as_str(), t.equal)).collect();
        assert_eq!(terms, [("a.b", "c", true), ("d", "e,f", false), ("g", "h", true)]);
        assert_eq!(
            FieldSelector::parse("abc").unwrap_err(),
            "invalid selector: 'abc'; can't understand 'abc'"
        );
    }
}
