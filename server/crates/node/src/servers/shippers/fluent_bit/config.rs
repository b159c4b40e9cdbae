//! Configurations of `fluent-bit`: the classic format (sections in brackets, a key and a value a line), YAML, and options.

use serde_json::Value;

/// A section: its name in lower case, and its keys in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) keys: Vec<(String, String)>,
}

impl Section {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.keys.iter().filter(move |(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Whether a key says yes.
    pub(super) fn is_on(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|value| ["true", "on", "yes"].iter().any(|known| value.eq_ignore_ascii_case(known)))
    }

    /// The plugin that an input, a filter or an output is.
    pub(super) fn plugin(&self) -> String {
        self.get("name").unwrap_or_default().to_ascii_lowercase()
    }

    /// Whether a filter or an output takes what has this tag.
    pub(super) fn takes(&self, tag: &str) -> bool {
        let pattern = self.get("match").unwrap_or("*");
        crate::libc::fnmatch::fnmatch(pattern.as_bytes(), tag.as_bytes())
    }
}

/// Reads a configuration in the classic format. The error is a message without its place.
pub(super) fn classic(text: &str) -> Result<Vec<Section>, String> {
    let mut sections: Vec<Section> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '@']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Section { name: name.trim().to_ascii_lowercase(), keys: Vec::new() });
            continue;
        }
        let Some(section) = sections.last_mut() else {
            return Err(format!("{}: undefined section", index + 1));
        };
        let Some((key, value)) = line.split_once(char::is_whitespace) else {
            return Err(format!("{}: undefined value", index + 1));
        };
        section.keys.push((key.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(sections)
}

/// Reads a configuration in YAML: `service`, `parsers`, and `pipeline` with its inputs, filters and outputs.
pub(super) fn yaml(text: &str) -> Result<Vec<Section>, String> {
    let config: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let mut sections = Vec::new();
    sections.extend(config.get("service").map(|service| section("service", service)));
    let lists = [
        ("parser", config.get("parsers")),
        ("input", config.pointer("/pipeline/inputs")),
        ("filter", config.pointer("/pipeline/filters")),
        ("output", config.pointer("/pipeline/outputs")),
    ];
    for (name, list) in lists {
        let entries = list.and_then(Value::as_array).into_iter().flatten();
        sections.extend(entries.map(|entry| section(name, entry)));
    }
    Ok(sections)
}

fn section(name: &str, value: &Value) -> Section {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let keys = value.as_object().into_iter().flatten().flat_map(|(key, value)| {
        let values = value.as_array().map_or_else(|| vec![value], |all| all.iter().collect());
        values.into_iter().map(|value| (key.to_ascii_lowercase(), text(value))).collect::<Vec<_>>()
    });
    Section { name: name.to_owned(), keys: keys.collect() }
}

/// Sections that the options of the command line stand for, and the file that they name.
pub(super) fn from_arguments(args: &[String]) -> (Vec<Section>, Option<String>) {
    let mut sections: Vec<Section> = Vec::new();
    let mut file = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let kind = match arg.as_str() {
            "-i" | "--input" => "input",
            "-o" | "--output" => "output",
            "-F" | "--filter" => "filter",
            "-c" | "--config" => {
                file = args.next().cloned();
                continue;
            }
            "-p" | "--prop" | "-m" | "--match" | "-t" | "--tag" => {
                let value = args.next().cloned().unwrap_or_default();
                let pair = match arg.as_str() {
                    "-m" | "--match" => ("match".to_owned(), value),
                    "-t" | "--tag" => ("tag".to_owned(), value),
                    _ => match value.split_once('=') {
                        Some((key, value)) => (key.to_ascii_lowercase(), value.to_owned()),
                        None => continue,
                    },
                };
                if let Some(section) = sections.last_mut() {
                    section.keys.push(pair);
                }
                continue;
            }
            _ => continue,
        };
        let name = args.next().cloned().unwrap_or_default();
        sections.push(Section { name: kind.to_owned(), keys: vec![("name".to_owned(), name)] });
    }
    (sections, file)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{classic, from_arguments, yaml};

    #[test]
    fn sections_have_keys_whatever_their_case() {
        let sections =
            classic("[SERVICE]\n    Flush 1\n# no\n[INPUT]\n  Name  tail\n  Path  /a b.log\n").unwrap();
        assert_eq!(sections[1].name, "input");
        assert_eq!(sections[1].get("path"), Some("/a b.log"));
        assert_eq!(classic("Name tail\n"), Err("1: undefined section".to_owned()));
    }

    #[test]
    fn yaml_says_the_same() {
        let sections = yaml(
            "service:\n  flush: 1\npipeline:\n  inputs:\n    - name: tail\n      path: /a.log\n      read_from_head: true\n  \
             outputs:\n    - name: stdout\n      match: '*'\n",
        )
        .unwrap();
        let names: Vec<&str> = sections.iter().map(|section| section.name.as_str()).collect();
        assert_eq!(names, ["service", "input", "output"]);
        assert!(sections[1].is_on("read_from_head") && sections[2].takes("any"));
        assert!(yaml("a: [").is_err());
    }

    #[test]
    fn options_stand_for_sections() {
        let args = ["-i", "tail", "-p", "path=/x", "-o", "stdout", "-m", "*"].map(str::to_owned);
        let (sections, file) = from_arguments(&args);
        assert_eq!((sections.len(), file), (2, None));
        assert_eq!(sections[0].get("path"), Some("/x"));
        assert_eq!(sections[1].get("match"), Some("*"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            let _ = (classic(&text), yaml(&text));
        }
    }
}
