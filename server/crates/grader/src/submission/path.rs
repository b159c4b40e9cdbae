//! Paths to fields as the API's errors write them, and where in a submission they lead.

use std::fmt;

use podlab_exercises::yaml::{Data, Node, Position};

/// A path such as `spec.containers[0].env[name="A"].value`, of `metadata.labels[a.b/c]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path(pub(crate) Vec<Segment>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// A field: `.spec`.
    Field(String),
    /// An item of a list: `[0]`.
    Index(usize),
    /// The item of a list whose fields have these values: `[name="web"]`.
    Item(Vec<(String, String)>),
    /// A key of a mapping that is written in brackets: `[cpu]`.
    Key(String),
}

impl Path {
    /// Reads a path; what follows it is given back. `None` where `text` does not begin with one.
    pub(crate) fn read(text: &str) -> Option<(Self, &str)> {
        let mut segments = Vec::new();
        let mut rest = text.strip_prefix('.').unwrap_or(text);
        loop {
            if let Some(inside) = rest.strip_prefix('[') {
                let end = closing(inside)?;
                segments.push(bracket(&inside[..end]));
                rest = &inside[end + 1..];
            } else {
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_' && c != '$')
                    .unwrap_or(rest.len());
                if end == 0 {
                    return None;
                }
                segments.push(Segment::Field(rest[..end].to_owned()));
                rest = &rest[end..];
            }
            match rest.as_bytes() {
                [b'.', next, ..] if next.is_ascii_alphanumeric() => rest = &rest[1..],
                [b'[', ..] => {}
                _ => return Some((Self(segments), rest)),
            }
        }
    }

    /// The node that it leads to, with the place of the key or item itself; where it leads nowhere, of the deepest
    /// part that is there. The node is `None` in that case.
    pub(crate) fn locate<'a>(&self, root: &'a Node) -> (Position, Option<&'a Node>) {
        let (mut at, mut node) = (root.at, root);
        for segment in &self.0 {
            let Some((next_at, next)) = segment.step(node) else {
                return (at, None);
            };
            (at, node) = (next_at, next);
        }
        (at, Some(node))
    }

    /// The path without its last step.
    pub(crate) fn parent(&self) -> Self {
        Self(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    /// The name of the last step, where it is a field or a key.
    pub(crate) fn last(&self) -> Option<&str> {
        match self.0.last()? {
            Segment::Field(name) | Segment::Key(name) => Some(name),
            Segment::Index(_) | Segment::Item(_) => None,
        }
    }
}

impl Segment {
    fn step<'a>(&self, node: &'a Node) -> Option<(Position, &'a Node)> {
        match (self, &node.data) {
            (Self::Field(name) | Self::Key(name), Data::Map(_)) => {
                node.entry(name).map(|(key, value)| (key.at, value))
            }
            (Self::Index(index), Data::List(items)) => items.get(*index).map(|item| (item.at, item)),
            (Self::Item(fields), Data::List(items)) => {
                // The API names defaults too, such as the protocol of a port; what is not written cannot differ.
                let same = |item: &Node| {
                    fields
                        .iter()
                        .all(|(field, value)| item.get(field).is_none_or(|found| plain(found) == *value))
                };
                items.iter().find(|item| same(item)).map(|item| (item.at, item))
            }
            _ => None,
        }
    }
}

/// A scalar as the API's errors write it.
fn plain(node: &Node) -> String {
    match &node.data {
        Data::Text(text) => text.clone(),
        _ => node.to_json().to_string(),
    }
}

/// Where the bracket that is open is closed, quotes respected.
fn closing(inside: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (i, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(i),
            _ => {}
        }
    }
    None
}

fn bracket(inside: &str) -> Segment {
    if let Ok(index) = inside.parse() {
        return Segment::Index(index);
    }
    let pair = |part: &str| {
        let (field, value) = part.split_once('=')?;
        let value = serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_owned());
        Some((field.to_owned(), value))
    };
    match inside.split(',').map(pair).collect::<Option<Vec<_>>>() {
        Some(fields) => Segment::Item(fields),
        None => Segment::Key(inside.trim_matches('"').to_owned()),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Field(name) if i == 0 => f.write_str(name)?,
                Segment::Field(name) => write!(f, ".{name}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => write!(f, "[{key}]")?,
                Segment::Item(fields) => {
                    let fields: Vec<String> =
                        fields.iter().map(|(field, value)| format!("{field}={value}")).collect();
                    write!(f, "[{}]", fields.join(","))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use podlab_exercises::yaml::parse;
    use proptest::prelude::*;

    const POD: &str = "\
spec:
  containers:
  - name: web
    ports:
    - containerPort: 80
  - name: side
    env:
    - {name: A, value: 5}
metadata:
  labels: {a.b/c: x}
";

    fn line_and_column(path: &str) -> (u32, u32, bool) {
        let node = parse(POD).unwrap().unwrap();
        let (at, found) = Path::read(path).unwrap().0.locate(&node);
        (at.line, at.column, found.is_some())
    }

    #[test]
    fn paths_lead_to_places() {
        assert_eq!(line_and_column("spec.containers[1].name"), (6, 5, true));
        assert_eq!(line_and_column(".spec.containers[name=\"side\"].env[name=\"A\"].value"), (8, 17, true));
        assert_eq!(
            line_and_column(".spec.containers[name=\"web\"].ports[containerPort=80,protocol=\"TCP\"]"),
            (5, 7, true)
        );
        assert_eq!(line_and_column("metadata.labels[a.b/c]"), (10, 12, true));
    }

    #[test]
    fn what_is_not_there_leads_to_the_deepest_part_that_is() {
        assert_eq!(line_and_column("spec.containers[1].image"), (6, 5, false));
        assert_eq!(line_and_column("spec.volumes[0].name"), (1, 1, false));
    }

    #[test]
    fn a_path_ends_where_words_begin() {
        let (path, rest) = Path::read(".spec.containers[name=\"we]b\"].imag: field not declared").unwrap();
        assert_eq!(
            (path.to_string().as_str(), rest),
            ("spec.containers[name=we]b].imag", ": field not declared")
        );
        assert_eq!(Path::read(": nothing"), None);
        assert_eq!(Path::read("a[b"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC*|[a-z.\\[\\]=\",0-9 ]{0,40}") {
            if let Some((path, _)) = Path::read(&text) {
                let _ = path.to_string();
            }
        }
    }
}
