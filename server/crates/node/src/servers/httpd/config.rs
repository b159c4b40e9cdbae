//! `httpd.conf`: directives, one a line, and sections in angle brackets.

use std::{collections::BTreeSet, sync::Arc};

use crate::kernel::process::Process;

/// Where paths without a leading slash begin, unless `ServerRoot` says otherwise.
pub(super) const ROOT: &str = "/usr/local/apache2";
const MAX_FILE: usize = 1 << 20;
/// How deep files may include others.
const MAX_DEPTH: usize = 16;
/// How many directives there may be in all.
const MAX_DIRECTIVES: usize = 100_000;

/// A directive with its place.
#[derive(Clone, Debug)]
pub(super) struct Directive {
    pub(super) name: String,
    pub(super) args: Vec<String>,
    /// What is inside, for a section.
    pub(super) children: Vec<Directive>,
    pub(super) file: Arc<str>,
    pub(super) line: usize,
}

impl Directive {
    /// The message for what is wrong with it.
    pub(super) fn error(&self, message: &str) -> String {
        format!("AH00526: Syntax error on line {} of {}:\n{message}\n", self.line, self.file)
    }

    pub(super) fn arg(&self, index: usize) -> &str {
        self.args.get(index).map_or("", String::as_str)
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Reads a file with everything that it includes.
pub(super) async fn read(
    process: &Process,
    path: &str,
    defines: &BTreeSet<String>,
) -> Result<Vec<Directive>, String> {
    let mut reader = Reader { process, defines, modules: BTreeSet::new(), count: 0 };
    let text = process.read_file(path.as_bytes(), MAX_FILE).await.map_err(|errno| {
        format!("httpd: Could not open configuration file {path}: {}\n", process.text(errno))
    })?;
    let mut directives = Vec::new();
    reader.file(path, &String::from_utf8_lossy(&text), 0, &mut directives).await?;
    Ok(directives)
}

/// Reads a `.htaccess`, as a server with these modules does; `None` where there is none.
pub(super) async fn read_overrides(
    process: &Process,
    path: &str,
    modules: &BTreeSet<String>,
) -> Option<Result<Vec<Directive>, String>> {
    let text = process.read_file(path.as_bytes(), MAX_FILE).await.ok()?;
    let defines = BTreeSet::new();
    let mut reader = Reader { process, defines: &defines, modules: modules.clone(), count: 0 };
    let mut directives = Vec::new();
    let read = reader.file(path, &String::from_utf8_lossy(&text), MAX_DEPTH, &mut directives).await;
    Some(read.map(|()| directives))
}

struct Reader<'a> {
    process: &'a Process,
    defines: &'a BTreeSet<String>,
    modules: BTreeSet<String>,
    count: usize,
}

/// A line: its number and its words, of which the first is the directive's name.
struct Line {
    number: usize,
    words: Vec<String>,
}

impl Reader<'_> {
    async fn file(
        &mut self,
        path: &str,
        text: &str,
        depth: usize,
        into: &mut Vec<Directive>,
    ) -> Result<(), String> {
        let file: Arc<str> = path.into();
        // Open sections, the innermost last; `None` for one whose condition does not hold.
        let mut open: Vec<(String, Option<Directive>, bool)> = Vec::new();
        for Line { number, words } in lines(text) {
            let Some(first) = words.first() else { continue };
            let at = |name: &str, args: &[String]| Directive {
                name: name.to_owned(),
                args: args.to_vec(),
                children: Vec::new(),
                file: Arc::clone(&file),
                line: number,
            };
            self.count += 1;
            if self.count > MAX_DIRECTIVES {
                return Err(at(first, &[]).error("too many directives"));
            }
            let skipped = open.iter().any(|(_, _, skipped)| *skipped);
            if let Some(name) = first.strip_prefix("</") {
                let name = name.trim_end_matches('>');
                match open.pop() {
                    Some((opened, section, _)) if opened.eq_ignore_ascii_case(name) => {
                        let Some(section) = section else { continue };
                        push(&mut open, into, section);
                    }
                    Some((opened, ..)) => {
                        return Err(at(first, &[]).error(&format!("Expected </{opened}> but saw </{name}>")));
                    }
                    None => {
                        return Err(
                            at(first, &[]).error(&format!("</{name}> without matching <{name}> section"))
                        );
                    }
                }
                continue;
            }
            if let Some(name) = first.strip_prefix('<') {
                let directive = at(name, words.get(1..).unwrap_or_default());
                let condition = self.condition(name, directive.arg(0));
                match condition {
                    Some(holds) => open.push((name.to_owned(), None, skipped || !holds)),
                    None if skipped => open.push((name.to_owned(), None, true)),
                    None => open.push((name.to_owned(), Some(directive), false)),
                }
                continue;
            }
            if skipped {
                continue;
            }
            let directive = at(first, words.get(1..).unwrap_or_default());
            if directive.is("LoadModule") {
                self.modules.insert(directive.arg(0).to_ascii_lowercase());
            }
            if directive.is("Include") || directive.is("IncludeOptional") {
                let mut included = Vec::new();
                Box::pin(self.include(&directive, depth, &mut included)).await?;
                for directive in included {
                    push(&mut open, into, directive);
                }
                continue;
            }
            push(&mut open, into, directive);
        }
        match open.pop() {
            Some((name, Some(section), _)) => Err(section.error(&format!("<{name}> was not closed."))),
            Some((name, None, _)) => {
                Err(format!("AH00526: Syntax error in {path}:\n<{name}> was not closed.\n"))
            }
            None => Ok(()),
        }
    }

    /// Whether a section's condition holds; `None` for sections that are none.
    fn condition(&self, name: &str, argument: &str) -> Option<bool> {
        let (negated, argument) = match argument.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, argument),
        };
        let holds = if name.eq_ignore_ascii_case("IfModule") {
            let module = argument.to_ascii_lowercase();
            // mod_proxy.c is proxy_module.
            let by_file = module.strip_prefix("mod_").and_then(|rest| rest.strip_suffix(".c"));
            let id = by_file.map_or_else(|| module.clone(), |name| format!("{name}_module"));
            self.modules.contains(&id)
        } else if name.eq_ignore_ascii_case("IfDefine") {
            self.defines.contains(argument)
        } else if name.eq_ignore_ascii_case("IfVersion") {
            true
        } else {
            return None;
        };
        Some(holds != negated)
    }

    async fn include(
        &mut self,
        directive: &Directive,
        depth: usize,
        into: &mut Vec<Directive>,
    ) -> Result<(), String> {
        if depth >= MAX_DEPTH {
            return Err(directive.error("Exceeded maximum include depth. There appears to be a recursion."));
        }
        let pattern = absolute(ROOT, directive.arg(0));
        let mut paths = crate::libc::glob::glob(self.process, &pattern);
        paths.retain(|path| self.process.stat(path.as_bytes(), true).is_ok());
        if paths.is_empty() && !directive.is("IncludeOptional") && !pattern.contains(['*', '?', '[']) {
            return Err(directive
                .error(&format!("Could not open configuration file {pattern}: No such file or directory")));
        }
        for path in paths {
            let text = self.process.read_file(path.as_bytes(), MAX_FILE).await.unwrap_or_default();
            self.file(&path, &String::from_utf8_lossy(&text), depth + 1, into).await?;
        }
        Ok(())
    }
}

fn push(open: &mut [(String, Option<Directive>, bool)], into: &mut Vec<Directive>, directive: Directive) {
    // Sections whose condition holds are transparent.
    match open.iter_mut().rev().find_map(|(_, section, _)| section.as_mut()) {
        Some(section) => section.children.push(directive),
        None => into.push(directive),
    }
}

/// A path below the server's root.
pub(super) fn absolute(root: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{root}/{path}") }
}

fn lines(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut continued: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let (number, line) = match continued.take() {
            Some((number, begun)) => (number, begun + line.trim_start()),
            None => (index + 1, line.to_owned()),
        };
        if let Some(begun) = line.strip_suffix('\\') {
            continued = Some((number, begun.to_owned()));
            continue;
        }
        let trimmed = line.trim();
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            found.push(Line { number, words: split(trimmed) });
        }
    }
    found
}

/// Words; quotes hold them together, and the bracket that closes a section's head belongs to none.
fn split(line: &str) -> Vec<String> {
    let line =
        if line.starts_with('<') && !line.starts_with("</") { line.trim_end_matches('>') } else { line };
    let mut words = Vec::new();
    let mut characters = line.chars().peekable();
    while let Some(first) = characters.peek().copied() {
        if first.is_whitespace() {
            characters.next();
            continue;
        }
        let mut word = String::new();
        let quote = (first == '"' || first == '\'').then_some(first);
        if quote.is_some() {
            characters.next();
        }
        while let Some(character) = characters.next() {
            match quote {
                Some(quote) if character == quote => break,
                Some(quote) if character == '\\' && characters.peek() == Some(&quote) => {
                    word.push(quote);
                    characters.next();
                }
                None if character.is_whitespace() => break,
                _ => word.push(character),
            }
        }
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{lines, split};

    #[test]
    fn words_are_held_together_by_quotes() {
        assert_eq!(split(r#"LogFormat "%h \"%r\" %s" common"#), ["LogFormat", r#"%h "%r" %s"#, "common"]);
        assert_eq!(split(r#"<Directory "/a b">"#), ["<Directory", "/a b"]);
        assert_eq!(split("</Directory>"), ["</Directory>"]);
    }

    #[test]
    fn lines_go_on_after_a_backslash_and_keep_their_numbers() {
        let found = lines("# x\nA 1 \\\n  2\n\nB\n");
        let numbers: Vec<_> = found.iter().map(|line| (line.number, line.words.len())).collect();
        assert_eq!(numbers, [(2, 3), (5, 1)]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            for line in lines(&text) {
                prop_assert!(!line.words.is_empty());
            }
        }
    }
}
