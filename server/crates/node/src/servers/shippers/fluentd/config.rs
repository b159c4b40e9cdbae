//! Configurations of `fluentd`: sections in sections.

use crate::libc::fnmatch::fnmatch;

/// A section with what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) argument: String,
    pub(super) keys: Vec<(String, String)>,
    pub(super) children: Vec<Section>,
}

impl Section {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    pub(super) fn kind(&self) -> &str {
        self.get("@type").or_else(|| self.get("type")).unwrap_or_default()
    }

    pub(super) fn child(&self, name: &str) -> Option<&Section> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads a configuration. The error says what is wrong and in which line.
pub(super) fn parse(text: &str) -> Result<Vec<Section>, String> {
    let mut open: Vec<Section> = vec![Section::default()];
    for (index, line) in text.lines().enumerate() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = |message: &str| Err(format!("{message} at fluent.conf line {},0", index + 1));
        if let Some(name) = line.strip_prefix("</").and_then(|rest| rest.strip_suffix('>')) {
            match open.pop() {
                Some(section) if section.name == name.trim() && !open.is_empty() => {
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(section);
                    }
                }
                Some(section) => {
                    return at(&format!(
                        "unmatched end tag: expected </{}>, but got </{name}>",
                        section.name
                    ));
                }
                None => return at("unmatched end tag"),
            }
        } else if let Some(head) = line.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
            if open.len() > 32 {
                return at("sections are nested too deep");
            }
            let (name, argument) = head.split_once(char::is_whitespace).unwrap_or((head, ""));
            open.push(Section {
                name: name.to_owned(),
                argument: argument.trim().to_owned(),
                ..Section::default()
            });
        } else if let Some(section) = open.last_mut() {
            let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let value = value.trim();
            let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
            section.keys.push((key.to_owned(), value.to_owned()));
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(root), true) => Ok(root.children),
        (Some(section), false) => Err(format!("unclosed section <{}>", section.name)),
        (None, _) => Ok(Vec::new()),
    }
}

impl Section {
    /// Whether a rule's patterns take a tag.
    pub(super) fn takes(&self, tag: &str) -> bool {
        self.argument.split_whitespace().any(|pattern| match pattern {
            "**" | "" => true,
            pattern => fnmatch(pattern.replace("**", "*").as_bytes(), tag.as_bytes()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;

    #[test]
    fn sections_hold_sections() {
        let sections = parse("<source>\n @type tail\n path /a\n <parse>\n  @type none\n </parse>\n</source>\n<match **>\n @type stdout\n</match>\n").unwrap();
        assert_eq!(sections[0].child("parse").unwrap().kind(), "none");
        assert!(sections[1].takes("any.tag"));
        assert!(parse("<source>\n").is_err() && parse("</source>\n").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[<>/a-z \n@]{0,200}") {
            let _ = parse(&text);
        }
    }
}
