//! Texts with variables: `$host`, `${name}`, `$1`.

/// A text with variables in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(String),
    /// What a group of the last regular expression matched.
    Group(usize),
}

impl Template {
    /// Parses a text; the error is nginx's message.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            push_text(&mut pieces, &rest[..at]);
            rest = &rest[at + 1..];
            if let Some(digit) = rest.bytes().next().filter(u8::is_ascii_digit) {
                pieces.push(Piece::Group(usize::from(digit - b'0')));
                rest = &rest[1..];
                continue;
            }
            let (name, after) = match rest.strip_prefix('{') {
                Some(inner) => inner
                    .split_once('}')
                    .ok_or_else(|| format!("the closing bracket in \"{inner}\" variable is missing"))?,
                None => {
                    let end =
                        rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                    rest.split_at(end)
                }
            };
            if name.is_empty() {
                return Err("invalid variable name in ".to_owned() + &format!("\"{text}\""));
            }
            match name.parse() {
                Ok(group) => pieces.push(Piece::Group(group)),
                Err(_) => pieces.push(Piece::Variable(name.to_ascii_lowercase())),
            }
            rest = after;
        }
        push_text(&mut pieces, rest);
        Ok(Self(pieces))
    }

    /// A text without variables.
    pub(super) fn fixed(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// The text, if there are no variables in it.
    pub(super) fn as_fixed(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The names of its variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The text with values in place of its variables.
    pub(super) fn fill(
        &self,
        mut variable: impl FnMut(&str) -> String,
        mut group: impl FnMut(usize) -> String,
    ) -> String {
        self.0.iter().fold(String::new(), |mut out, piece| {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(name) => out.push_str(&variable(name)),
                Piece::Group(index) => out.push_str(&group(*index)),
            }
            out
        })
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Template;

    #[test]
    fn variables_are_replaced() {
        let template = Template::parse("a $Host-${uri}x$1").unwrap();
        let filled = template.fill(|name| format!("<{name}>"), |group| format!("#{group}"));
        assert_eq!(filled, "a <host>-<uri>x#1");
        assert_eq!(template.variables().collect::<Vec<_>>(), ["host", "uri"]);
        assert_eq!(Template::parse("plain").unwrap().as_fixed(), Some("plain"));
        assert!(Template::parse("${a").is_err());
        assert!(Template::parse("a$").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            let _ = Template::parse(&text);
        }
    }
}
