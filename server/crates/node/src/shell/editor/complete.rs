//! What Tab makes of the beginning of a name: commands at the start of a command, files elsewhere, variables after `$`.

use std::collections::BTreeSet;

use crate::{
    kernel::{creds::EXECUTE, fs::FileType},
    shell::{builtins, state::Shell},
};

/// The most names that are looked at.
const MAX_NAMES: usize = 2000;

/// What a word could become.
#[derive(Debug, Default)]
pub(in crate::shell) struct Completion {
    /// What all choices have in common beyond the word, ready to be put in.
    pub(in crate::shell) rest: Vec<u8>,
    /// The choices as they are shown.
    pub(in crate::shell) names: Vec<Vec<u8>>,
}

/// The word before the cursor.
struct Beginning {
    /// Without its quotes.
    text: Vec<u8>,
    /// It is the name of a command.
    command: bool,
    /// The command that it is an operand of.
    of: Vec<u8>,
}

fn beginning(line: &[u8]) -> Beginning {
    let (mut text, mut words, mut quote): (Vec<u8>, Vec<Vec<u8>>, Option<u8>) = Default::default();
    let mut bytes = line.iter();
    let mut redirects = false;
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (Some(open), byte) if open == *byte => quote = None,
            (Some(_), byte) => text.push(*byte),
            (None, b'\'' | b'"') => quote = Some(*byte),
            (None, b'\\') => text.extend(bytes.next()),
            (None, b';' | b'|' | b'&' | b'(' | b'`') => {
                words.clear();
                text.clear();
            }
            (None, b'<' | b'>') => {
                text.clear();
                redirects = true;
            }
            (None, b' ' | b'\t') if text.is_empty() => {}
            (None, b' ' | b'\t') => {
                let word = std::mem::take(&mut text);
                if !std::mem::take(&mut redirects) {
                    words.push(word);
                }
            }
            (None, byte) => text.push(*byte),
        }
    }
    let opens = |word: &Vec<u8>| {
        [&b"if"[..], b"then", b"else", b"elif", b"do", b"while", b"until", b"!", b"{", b"exec", b"command"]
            .contains(&&word[..])
    };
    let command = !redirects && words.iter().all(opens);
    let of = words.into_iter().find(|word| !opens(word)).unwrap_or_default();
    Beginning { text, command, of }
}

impl Shell {
    /// What the word at the end of `line` could become.
    pub(in crate::shell) fn completion(&self, line: &[u8]) -> Completion {
        let word = beginning(line);
        let mut names = BTreeSet::new();
        let stem: &[u8];
        let mut variable = false;
        if let Some(name) = word.text.strip_prefix(b"$").filter(|_| !line.ends_with(b"}")) {
            stem = name;
            variable = true;
            let all = self.variables.sorted();
            names.extend(
                all.into_iter().filter(|(known, _)| known.starts_with(stem)).map(|(known, _)| known.to_vec()),
            );
        } else if word.command && !word.text.contains(&b'/') {
            stem = &word.text;
            self.commands(stem, &mut names);
        } else {
            let at = word.text.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
            stem = &word.text[at..];
            let only_dirs = word.of == b"cd" || word.of == b"rmdir";
            self.files(&word.text[..at], stem, only_dirs, word.command, &mut names);
        }
        let names: Vec<Vec<u8>> = names.into_iter().collect();
        let Some(first) = names.first() else { return Completion::default() };
        let common = names.iter().skip(1).fold(first.len(), |common, name| {
            first.iter().zip(name).take(common).take_while(|(a, b)| a == b).count()
        });
        let mut rest = Vec::new();
        for byte in first.get(stem.len()..common).unwrap_or_default() {
            if b" \t\\'\"`$&|;<>()*?[#~!".contains(byte) {
                rest.push(b'\\');
            }
            rest.push(*byte);
        }
        if names.len() == 1 && !first.ends_with(b"/") {
            rest.push(if variable && self.names_a_directory(first) { b'/' } else { b' ' });
        }
        Completion { rest, names }
    }

    /// Whether a variable's value is a directory.
    fn names_a_directory(&self, name: &[u8]) -> bool {
        let value = self.variables.text(name).cloned().unwrap_or_default();
        self.process.stat(&value, true).is_ok_and(|stat| stat.file_type == FileType::Directory)
    }

    fn commands(&self, stem: &[u8], names: &mut BTreeSet<Vec<u8>>) {
        let fits = |name: &[u8]| name.starts_with(stem);
        names.extend(
            builtins::names(self.dialect).map(|name| name.as_bytes().to_vec()).filter(|name| fits(name)),
        );
        names.extend(
            self.functions
                .keys()
                .chain(self.aliases.keys())
                .map(|name| name.to_vec())
                .filter(|name| fits(name)),
        );
        let path = self.variables.text(b"PATH").cloned().unwrap_or_default();
        for dir in path.split(|byte| *byte == b':') {
            for (name, _) in self.process.list(dir).unwrap_or_default() {
                if names.len() >= MAX_NAMES {
                    return;
                }
                let runs = || self.process.access(&crate::kernel::fs::join(dir, &name), EXECUTE).is_ok();
                if fits(&name) && runs() {
                    names.insert(name.to_vec());
                }
            }
        }
    }

    /// Files of the directory `dir`, as it was typed. Directories end in a slash.
    fn files(&self, dir: &[u8], stem: &[u8], only_dirs: bool, run: bool, names: &mut BTreeSet<Vec<u8>>) {
        let home = self.variables.text(b"HOME").cloned().unwrap_or_default();
        let dir = match dir.strip_prefix(b"~/") {
            Some(rest) => crate::kernel::fs::join(&home, rest),
            None if dir.is_empty() => b".".to_vec(),
            None => dir.to_vec(),
        };
        for (name, _) in self.process.list(&dir).unwrap_or_default() {
            if !name.starts_with(stem) || (name.starts_with(b".") && !stem.starts_with(b".")) {
                continue;
            }
            let path = crate::kernel::fs::join(&dir, &name);
            let is_dir =
                self.process.stat(&path, true).is_ok_and(|stat| stat.file_type == FileType::Directory);
            if (only_dirs && !is_dir) || (run && !is_dir && self.process.access(&path, EXECUTE).is_err()) {
                continue;
            }
            let mut name = name.to_vec();
            if is_dir {
                name.push(b'/');
            }
            names.insert(name);
            if names.len() >= MAX_NAMES {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::beginning;

    #[test]
    fn the_word_before_the_cursor_is_a_command_or_an_operand() {
        let word = |line: &str| {
            let word = beginning(line.as_bytes());
            (String::from_utf8_lossy(&word.text).into_owned(), word.command)
        };
        assert_eq!(word("ca"), ("ca".into(), true));
        assert_eq!(word("cat /et"), ("/et".into(), false));
        assert_eq!(word("true; if gr"), ("gr".into(), true));
        assert_eq!(word("echo x | so"), ("so".into(), true));
        assert_eq!(word("echo > a\\ b"), ("a b".into(), false));
        assert_eq!(word("ls 'my dir/"), ("my dir/".into(), false));
        assert_eq!(word("> f ca"), ("ca".into(), true));
    }
}
