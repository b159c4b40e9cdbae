//! Texts with holes: `Pod mc1 has the containers {{ names }}`.

use serde_json::Value as Json;

use super::{CompileError, Expression, Variables};

/// The most characters of one value that a text shows.
const MAX_SHOWN: usize = 300;

/// A text with CEL expressions between `{{` and `}}`.
#[derive(Clone, Debug)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Hole(Expression),
}

impl Template {
    /// Compiles a template whose holes may speak of `variables`.
    ///
    /// # Errors
    ///
    /// Where a hole is not closed, or does not compile (see [`Expression::compile`]).
    pub fn compile(source: &str, variables: &[&str]) -> Result<Self, CompileError> {
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some((text, after)) = rest.split_once("{{") {
            let (hole, after) = after
                .split_once("}}")
                .ok_or_else(|| CompileError("`{{` opens a hole that no `}}` closes".to_owned()))?;
            let hole = hole.trim();
            let expression = Expression::compile(hole, variables)
                .map_err(|error| CompileError(format!("in `{{{{ {hole} }}}}`: {error}")))?;
            pieces.push(Piece::Text(text.to_owned()));
            pieces.push(Piece::Hole(expression));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self { pieces })
    }

    /// The text with its holes filled. What cannot be evaluated is shown as "(nothing)": a message must come out,
    /// whatever was observed.
    pub fn render(&self, variables: &Variables) -> String {
        let shown = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Hole(expression) => {
                expression.json(variables).map_or_else(|_| "(nothing)".to_owned(), |value| show(&value))
            }
        };
        self.pieces.iter().map(shown).collect()
    }
}

/// A value as a reader wants it: texts without quotes, lists with commas, cut where it is long.
fn show(value: &Json) -> String {
    let text = match value {
        Json::Null => "(nothing)".to_owned(),
        Json::String(text) if text.trim().is_empty() => "(nothing)".to_owned(),
        Json::String(text) => text.trim_end().to_owned(),
        Json::Array(items) if items.is_empty() => "(none)".to_owned(),
        Json::Array(items) => items.iter().map(show).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(source: &str) -> String {
        let variables =
            Variables::from([("names", json!(["a", "b"])), ("status", json!(404)), ("text", json!("hi\n"))]);
        Template::compile(source, &["names", "status", "text"]).unwrap().render(&variables)
    }

    #[test]
    fn holes_are_filled_with_what_was_seen() {
        assert_eq!(rendered("Containers {{ names }}; status {{status}}."), "Containers a, b; status 404.");
        assert_eq!(rendered("It says {{ text }}, {{ names.filter(n, n == 'x') }}"), "It says hi, (none)");
        assert_eq!(rendered("no holes } {"), "no holes } {");
    }

    #[test]
    fn a_hole_without_value_leaves_the_text_readable() {
        assert_eq!(rendered("{{ names[7] }} {{ '' }}"), "(nothing) (nothing)");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(rendered("{{ ['ä'].map(x, 'ä'.replace('ä', text)).join('') }}"), "hi");
        let long = show(&json!("ä".repeat(1000)));
        assert_eq!(long.chars().count(), MAX_SHOWN + 1);
    }

    #[test]
    fn a_hole_that_does_not_compile_is_refused() {
        let refusal = |source| Template::compile(source, &["text"]).unwrap_err().to_string();
        assert!(refusal("a {{ text").contains("closes"));
        assert!(refusal("a {{ txt }}").contains("did you mean `text`?"));
    }
}
