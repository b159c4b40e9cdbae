//! Errors about JSON in the words of Go's `encoding/json`.

/// What Go's decoder says where ours found `error` in `bytes`.
pub(crate) fn error(error: &serde_json::Error, bytes: &[u8]) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".into();
    }
    let line = bytes.split(|b| *b == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    // A line break within a text is counted as column 0 of the line that it begins.
    let column = error.column().checked_sub(1);
    let seen = column.map_or(Some(b'\n'), |at| line.get(at).copied());
    let said = error.to_string();
    let literal = || {
        let before = &line[..column.unwrap_or_default().min(line.len())];
        let known = before.iter().rev().take_while(|byte| byte.is_ascii_lowercase()).count();
        let begun = &before[before.len() - known..];
        let word = ["true", "false", "null"].into_iter().find(|word| word.as_bytes().starts_with(begun))?;
        let expected = word.as_bytes().get(known).copied()?;
        (known > 0).then(|| format!("in literal {word} (expecting {})", quoted(expected)))
    };
    let wanted = if said.contains("key must be a string") || said.contains("trailing comma") {
        "looking for beginning of object key string".to_owned()
    } else if said.contains("expected `:`") {
        "after object key".to_owned()
    } else if said.contains("expected `,` or `}`") {
        "after object key:value pair".to_owned()
    } else if said.contains("expected `,` or `]`") {
        "after array element".to_owned()
    } else if said.contains("trailing characters") {
        "after top-level value".to_owned()
    } else if said.contains("control character") {
        "in string literal".to_owned()
    } else if said.contains("invalid escape") {
        "in string escape code".to_owned()
    } else if said.contains("invalid number") {
        "in numeric literal".to_owned()
    } else {
        literal().unwrap_or_else(|| "looking for beginning of value".to_owned())
    };
    match seen {
        Some(byte) => format!("invalid character {} {wanted}", quoted(byte)),
        None => said,
    }
}

/// A byte in single quotes, as Go shows it.
fn quoted(byte: u8) -> String {
    format!("{:?}", char::from(byte))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn errors_read_as_those_of_go() {
        for (text, said) in [
            ("", "unexpected end of JSON input"),
            ("{\"a\": ", "unexpected end of JSON input"),
            ("x", "invalid character 'x' looking for beginning of value"),
            ("{a: 1}", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\": 1 2}", "invalid character '2' after object key:value pair"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{} x", "invalid character 'x' after top-level value"),
            ("{\"a\": trve}", "invalid character 'v' in literal true (expecting 'u')"),
            ("{\"a\": nil}", "invalid character 'i' in literal null (expecting 'u')"),
            ("{\"a\": \"b\nc\"}", "invalid character '\\n' in string literal"),
            ("\"\\q\"", "invalid character 'q' in string escape code"),
            ("{\"a\": -}", "invalid character '}' in numeric literal"),
        ] {
            let error = serde_json::from_str::<Value>(text).unwrap_err();
            assert_eq!(super::error(&error, text.as_bytes()), said, "{text}");
        }
    }
}
