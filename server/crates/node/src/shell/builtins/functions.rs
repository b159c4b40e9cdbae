//! `declare -f`, `-F`: functions, their names and their attributes (bash).

use std::sync::Arc;

use bytes::Bytes;

use super::Effect;
use crate::shell::{listing, state::Shell};

/// Lists functions, or changes what they are: read-only (`-r`), exported (`-x`).
pub(super) fn declare(shell: &mut Shell, operands: &[Bytes], on: &[u8], off: &[u8]) -> Effect {
    let (names_only, read_only, exported) = (on.contains(&b'F'), on.contains(&b'r'), on.contains(&b'x'));
    if operands.is_empty() {
        return list(shell, names_only, read_only, exported);
    }
    let changes = read_only || exported || off.iter().any(|letter| b"rx".contains(letter));
    let mut status = 0;
    for name in operands {
        if name.contains(&b'=') {
            shell.complain("cannot use `-f' to make functions");
            return Effect::Status(1);
        }
        let Some(function) = shell.functions.get(name).map(Arc::clone) else {
            status = 1;
            continue;
        };
        if !changes {
            let text =
                if names_only { [&name[..], b"\n"].concat() } else { listing::function(name, &function) };
            shell.output.extend(text);
            continue;
        }
        if off.contains(&b'r') && shell.read_only_functions.contains(name) {
            let shown = String::from_utf8_lossy(name).into_owned();
            shell.complain(&format!("{shown}: readonly function"));
            status = 1;
            continue;
        }
        if read_only {
            shell.read_only_functions.insert(name.clone());
        }
        if exported || off.contains(&b'x') {
            shell.export_function(name, exported);
        }
    }
    Effect::Status(status)
}

fn list(shell: &mut Shell, names_only: bool, read_only: bool, exported: bool) -> Effect {
    let known = Arc::clone(&shell.functions);
    for (name, function) in known.iter() {
        let is_read_only = shell.read_only_functions.contains(name);
        let is_exported = shell.exports_function(name);
        if (read_only && !is_read_only) || (exported && !is_exported) {
            continue;
        }
        let letters = [(is_read_only, "r"), (is_exported, "x")];
        let letters: String = letters.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter).collect();
        let declaration = format!("declare -f{letters} ");
        if !names_only {
            shell.output.extend(listing::function(name, function));
        }
        // The attributes are told where there are some.
        if names_only || !letters.is_empty() {
            shell.output.extend([declaration.as_bytes(), name, b"\n"].concat());
        }
    }
    Effect::Status(0)
}
