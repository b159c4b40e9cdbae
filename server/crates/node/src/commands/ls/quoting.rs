//! Names as GNU's `ls` quotes them: for the shell at a terminal, in C's manner with `-Q` and `-b`.

/// How names are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    Literal,
    /// In quotes where a shell needs them.
    Shell,
    /// In double quotes, with C's escapes.
    C,
    /// C's escapes without quotes.
    Escape,
}

impl Quoting {
    /// The style of this name (`--quoting-style`).
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"literal" => Self::Literal,
            b"shell" | b"shell-escape" | b"shell-always" | b"shell-escape-always" => Self::Shell,
            b"c" | b"c-maybe" | b"locale" | b"clocale" => Self::C,
            b"escape" => Self::Escape,
            _ => return None,
        })
    }

    /// The name as it is written, if that is not as it is.
    pub(super) fn quote(self, name: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Literal => None,
            Self::Shell => needs_quotes(name).then(|| for_shell(name)),
            Self::C => Some([b"\"", &escaped(name, b'"')[..], b"\""].concat()),
            Self::Escape => {
                let escaped = escaped(name, b' ');
                (escaped != name).then_some(escaped)
            }
        }
    }
}

fn needs_quotes(name: &[u8]) -> bool {
    let special = |byte: &u8| *byte < b' ' || *byte == 127 || b" !\"$&'()*;<=>[^`|\\?".contains(byte);
    name.is_empty()
        || matches!(name.first(), Some(b'#' | b'~'))
        || matches!(name, b"{" | b"}")
        || name.iter().any(special)
}

fn for_shell(name: &[u8]) -> Vec<u8> {
    let control = |byte: &u8| *byte < b' ' || *byte == 127;
    // Double quotes do where nothing is special within them.
    if name.contains(&b'\'') && !name.iter().any(|byte| control(byte) || b"\"$`\\!".contains(byte)) {
        return [b"\"", name, b"\""].concat();
    }
    let mut out = vec![b'\''];
    let mut rest = name;
    while let Some(byte) = rest.first() {
        if control(byte) {
            let run = rest.iter().take_while(|byte| control(byte)).count();
            out.extend_from_slice(b"'$'");
            out.extend_from_slice(&escaped(&rest[..run], b'\''));
            out.extend_from_slice(b"''");
            rest = &rest[run..];
            continue;
        }
        match byte {
            b'\'' => out.extend_from_slice(b"'\\''"),
            _ => out.push(*byte),
        }
        rest = &rest[1..];
    }
    out.push(b'\'');
    // Quotes around nothing at the end are left out, at the start they stay.
    if out.ends_with(b"''") && out.len() > 2 && !name.ends_with(b"'") {
        out.truncate(out.len() - 2);
    }
    out
}

/// With C's escapes for what does not print, for backslashes and for `quote`.
fn escaped(name: &[u8], quote: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in name {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            7 => out.extend_from_slice(b"\\a"),
            8 => out.extend_from_slice(b"\\b"),
            11 => out.extend_from_slice(b"\\v"),
            12 => out.extend_from_slice(b"\\f"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            byte if *byte == quote => out.extend_from_slice(&[b'\\', quote]),
            byte if *byte < b' ' || *byte == 127 => out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
            byte => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Quoting;

    #[test]
    fn names_are_quoted_as_gnu_does() {
        for (style, name, shown) in [
            (Quoting::Shell, "plain-1.txt", "plain-1.txt"),
            (Quoting::Shell, "a b", "'a b'"),
            (Quoting::Shell, "it's", "\"it's\""),
            (Quoting::Shell, "$it's", "'$it'\\''s'"),
            (Quoting::Shell, "a\nb", "'a'$'\\n''b'"),
            (Quoting::Shell, "#x", "'#x'"),
            (Quoting::Shell, "x#", "x#"),
            (Quoting::C, "a\"b", "\"a\\\"b\""),
            (Quoting::Escape, "a b\t", "a\\ b\\t"),
            (Quoting::Literal, "a b", "a b"),
        ] {
            let quoted = style.quote(name.as_bytes()).unwrap_or_else(|| name.as_bytes().to_vec());
            assert_eq!(String::from_utf8_lossy(&quoted), shown);
        }
    }
}
