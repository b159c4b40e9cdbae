//! From a text to the documents in it.

use serde_saphyr::{Options, alias_limits, budget, options};

use super::{
    explain::explain,
    node::{Node, Position},
};

/// The most values that one document may hold, aliases counted each time they are used. A manifest with ten Pods
/// of ten containers has about two thousand.
pub const MAX_NODES: usize = 20_000;

/// How deep values may be nested. The deepest field of a Pod is at about fifteen; reading costs a stack frame a
/// level, up to 33 kB in a debug build, and the stacks of tests and workers have 2 MB.
const MAX_DEPTH: usize = 32;

/// Why a text is not YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong and what to do.
    pub message: String,
    /// Where it was noticed.
    pub at: Position,
}

/// Reads the one document of `text`; `None` where it holds nothing but comments.
///
/// # Errors
///
/// Where it is not YAML, holds more than one document, or passes a bound.
pub fn parse(text: &str) -> Result<Option<Node>, SyntaxError> {
    let mut documents = parse_stream(text);
    match (documents.pop(), documents.pop()) {
        (None, _) => Ok(None),
        (Some(only), None) => only.map(Some),
        (Some(last), Some(_)) => Err(SyntaxError {
            message: "this file holds several documents; it must hold one".to_owned(),
            at: last.map_or_else(|error| error.at, |node| node.at),
        }),
    }
}

/// Reads every document of `text`, each on its own, so that one that is broken hides no other; documents without
/// content are left out. Like `kubectl`, it takes every line that begins with `---` as the end of a document.
pub fn parse_stream(text: &str) -> Vec<Result<Node, SyntaxError>> {
    let mut documents = Vec::new();
    for (first_line, chunk) in chunks(text) {
        match serde_saphyr::from_multiple_with_options::<Node>(chunk, reading()) {
            Ok(nodes) => documents.extend(nodes.into_iter().map(|mut node| {
                node.shift(first_line);
                Ok(node)
            })),
            Err(error) => {
                let (message, at) = explain(&error, chunk);
                documents.push(Err(SyntaxError { message, at: at.below(first_line) }));
            }
        }
    }
    documents
}

/// Cuts `text` before every line that begins with `---`; each piece comes with the number of lines before it.
fn chunks(text: &str) -> Vec<(u32, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pieces = Vec::new();
    let (mut start, mut start_line, mut line, mut offset) = (0, 0_u32, 0_u32, 0);
    for piece in text.split_inclusive('\n') {
        if piece.starts_with("---") && offset > start {
            pieces.push((start_line, &text[start..offset]));
            (start, start_line) = (offset, line);
        }
        offset += piece.len();
        line = line.saturating_add(1);
    }
    pieces.push((start_line, &text[start..]));
    pieces
}

fn reading() -> Options {
    options! {
        budget: budget! {
            max_nodes: MAX_NODES,
            max_depth: MAX_DEPTH,
            max_documents: 64,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_events: 4 * MAX_NODES,
        },
        alias_limits: alias_limits! {
            max_total_replayed_events: 2 * MAX_NODES,
        },
        legacy_octal_numbers: true,
        with_snippet: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn only(text: &str) -> Node {
        parse(text).unwrap().unwrap()
    }

    fn refusal(text: &str) -> (String, u32, u32) {
        let error = parse(text).unwrap_err();
        (error.message, error.at.line, error.at.column)
    }

    #[test]
    fn every_key_and_value_knows_its_place() {
        let node =
            only("kind: Pod\nspec:\n  containers:\n  - name: a\n    ports:\n    - containerPort: 80\n");
        let container = &node.get("spec").unwrap().get("containers").unwrap().items().unwrap()[0];
        assert_eq!(container.at, Position { line: 4, column: 5 });
        let (key, ports) = container.entry("ports").unwrap();
        assert_eq!(key.at, Position { line: 5, column: 5 });
        assert_eq!(
            ports.items().unwrap()[0].get("containerPort").unwrap().at,
            Position { line: 6, column: 22 }
        );
    }

    #[test]
    fn scalars_are_read_as_kubectl_reads_them() {
        let node = only("a: yes\nb: 0644\nc: 1_000\nd: 1e3\ne: ~\nf: 2020-01-01\ng: 'yes'\n80: x\non: y\n");
        let expected = serde_json::json!({
            "a": true, "b": 420, "c": 1000, "d": 1000.0, "e": null, "f": "2020-01-01", "g": "yes", "80": "x", "true": true
        });
        assert_eq!(node.to_json(), expected);
    }

    #[test]
    fn documents_are_counted_from_the_beginning_of_the_text() {
        let documents = parse_stream("# first\nkind: A\n---\n\n--- # none\nkind: [\n---\nkind: C\n");
        assert_eq!(documents.len(), 3);
        assert_eq!(documents[0].as_ref().unwrap().at.line, 2);
        assert_eq!(documents[1].as_ref().unwrap_err().at.line, 6);
        assert_eq!(documents[2].as_ref().unwrap().at.line, 8);
    }

    #[test]
    fn json_is_read_too() {
        assert_eq!(only("{\"kind\": \"Pod\",\n\"n\": [1, null]}").get("n").unwrap().at.line, 2);
    }

    #[test]
    fn tabs_are_named_with_the_cure() {
        let (message, line, _) = refusal("kind: Pod\nspec:\n\tcontainers: []\n");
        assert_eq!(line, 3);
        assert!(message.contains("tab") && message.contains("spaces"), "{message}");
    }

    #[test]
    fn a_key_given_twice_is_refused_at_its_second_place() {
        let (message, line, column) = refusal("a:\n  image: x\n  image: y\n");
        assert_eq!((line, column), (3, 3));
        assert!(message.contains("`image`"), "{message}");
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..10 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(",");
            bomb += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        let (message, ..) = refusal(&bomb);
        assert!(message.contains("20000") || message.contains("alias"), "{message}");
    }

    #[test]
    fn what_recurses_is_refused() {
        assert!(parse("a: &x [*x]").is_err());
        assert!(parse(&"[".repeat(10_000)).is_err());
        assert!(parse(&"- ".repeat(10_000)).is_err());
        assert!(parse(&"{a: ".repeat(10_000)).is_err());
        assert!(parse(&format!("{}{}", "[".repeat(33), "]".repeat(33))).is_err());
        assert!(parse(&format!("{}{}", "[".repeat(32), "]".repeat(32))).is_ok());
    }

    #[test]
    fn no_message_speaks_of_the_parser() {
        for text in [
            "a:\n\tb: 1",
            "a: 1\na: 2",
            "a: b: c",
            "{\"a\": [1,2}",
            "a: 'x",
            "- x\n  y: 1",
            "a: *x",
            "a: &x [*x]",
            "\0",
            "? [a]\n: b",
            "a:\n  b: 1\n c: 2",
            "a: @b",
            "a: .inf",
            "a: \"\\q\"",
            "a: [1,\n b: 2",
        ] {
            let (message, line, column) = refusal(text);
            assert!(line >= 1 && column >= 1);
            for word in ["Policy", "Options", "scalar", "budget", "policy", "at line", "Deserialize"] {
                assert!(!message.contains(word), "{text:?}: {message}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC*|[-:{}\\[\\]&*!|>'\"%@`#?, \n\ta-c0-9.~]{0,60}") {
            let _ = parse_stream(&text);
        }
    }
}
