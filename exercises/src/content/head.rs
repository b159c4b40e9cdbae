//! What a solution or a mistake says about itself: YAML in the comments that the file begins with.
//!
//! ```yaml
//! # title: The page is written to the container's own disk
//! # trips: [page-grows, same-file]
//! apiVersion: v1
//! ```

use serde::Deserialize;

use crate::yaml::{Misfit, Position, SyntaxError, decode, parse};

/// The head of a solution or a mistake.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Head {
    /// What is particular about it.
    pub title: String,
    /// A mistake's failing checks, all of them and no others.
    #[serde(default)]
    pub trips: Vec<String>,
    /// For a mistake that is refused: a part of the problem's message.
    pub problem: Option<String>,
}

/// Cuts a file into its head and the manifest below it; everything wrong with the head goes to `misfits`.
pub(super) fn split(text: &str, misfits: &mut Vec<Misfit>) -> (Option<Head>, String) {
    let lines: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
    let manifest: String = text.split_inclusive('\n').skip(lines.len()).collect();
    // `# ` is cut off, so everything stands two columns further right than it seems to the parser.
    let inner: Vec<&str> = lines.iter().map(|line| line.strip_prefix("# ").unwrap_or(&line[1..])).collect();
    let indented = |at: Position| Position { column: at.column + 2, ..at };
    let head = match parse(&inner.join("\n")) {
        Ok(Some(node)) => {
            let mut inside = Vec::new();
            let head = decode(&node, &mut inside);
            misfits.extend(inside.into_iter().map(|m| Misfit { at: indented(m.at), ..m }));
            head
        }
        Ok(None) => {
            let message = "the file must begin with a head in comments: `# title: ...`".to_owned();
            misfits.push(Misfit { message, at: Position::START });
            None
        }
        Err(SyntaxError { message, at }) => {
            misfits.push(Misfit { message: format!("in the head: {message}"), at: indented(at) });
            None
        }
    };
    (head, manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_cut_off_and_read() {
        let mut misfits = Vec::new();
        let (head, manifest) =
            split("# title: Two\n# trips: [a,\n#   b]\nkind: Pod\n# not of the head\n", &mut misfits);
        assert_eq!(misfits, []);
        let head = head.unwrap();
        assert_eq!((head.title.as_str(), head.trips.len()), ("Two", 2));
        assert_eq!(manifest, "kind: Pod\n# not of the head\n");
    }

    #[test]
    fn what_is_wrong_with_a_head_is_said_with_its_place() {
        for (text, line, column, part) in [
            ("kind: Pod\n", 1, 1, "must begin with a head"),
            ("# title: a\n# trip: [b]\n", 2, 3, "did you mean `trips`?"),
            ("# title: a: b\n", 1, 11, "in the head"),
            ("# trips: []\n", 1, 3, "`title` is missing"),
        ] {
            let mut misfits = Vec::new();
            let _ = split(text, &mut misfits);
            let misfit = &misfits[0];
            assert_eq!((misfit.at.line, misfit.at.column), (line, column), "{text}: {misfit:?}");
            assert!(misfit.message.contains(part), "{misfit:?}");
        }
    }
}
