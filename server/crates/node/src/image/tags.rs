//! Tags: versions and variants. Nobody can list all tags that registries have, but what a tag is made of tells whether it
//! may be one.

/// A tag, taken apart: `1.27.3-alpine3.20-slim`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// The leading version: `[1, 27, 3]`; empty for `latest` and other words.
    pub(crate) version: Vec<u32>,
    /// Words: `alpine`, `slim`, `bookworm`.
    pub(crate) words: Vec<String>,
}

/// Words that images' publishers use.
const WORDS: &[&str] = &[
    "alpine",
    "alpinelinux",
    "apache",
    "base",
    "bionic",
    "bookworm",
    "bullseye",
    "buster",
    "classic",
    "cli",
    "curl",
    "debian",
    "debug",
    "default",
    "edge",
    "focal",
    "fpm",
    "glibc",
    "jammy",
    "latest",
    "lts",
    "mainline",
    "master",
    "minimal",
    "musl",
    "noble",
    "numpy",
    "otel",
    "perl",
    "plain",
    "text",
    "rc",
    "slim",
    "stable",
    "stretch",
    "testing",
    "trixie",
    "ubuntu",
    "uclibc",
    "unprivileged",
    "unstable",
    "windowsservercore",
    "xenial",
    "jessie",
    "sid",
    "rolling",
    "plucky",
    "questing",
    "oldstable",
    "oldoldstable",
    "main",
    "nonroot",
    "static",
    "amd64",
    "arm64",
    "linux",
    "distroless",
    "forky",
    "backports",
    "bitnami",
    "blue",
    "green",
    "purple",
    "v",
];

impl Tag {
    /// Takes a tag apart; `None` where some part of it is neither a number nor a known word.
    pub(crate) fn parse(tag: &str) -> Option<Self> {
        let mut version = Vec::new();
        let mut words = Vec::new();
        for (index, part) in tag.split(['-', '_']).enumerate() {
            let bare = part
                .strip_prefix('v')
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                .unwrap_or(part);
            if bare.starts_with(|c: char| c.is_ascii_digit()) {
                let numbers: Option<Vec<u32>> = bare.split('.').map(|number| number.parse().ok()).collect();
                match (index, numbers) {
                    (0, Some(numbers)) => version = numbers,
                    (_, Some(_)) => {}
                    // 3.12.1rc2, 20240101T0000
                    (_, None) if index > 0 => {}
                    (_, None) => return None,
                }
                continue;
            }
            // alpine3.20 is alpine.
            let word = bare.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').to_ascii_lowercase();
            if !WORDS.contains(&word.as_str()) {
                return None;
            }
            words.push(word);
        }
        Some(Self { version, words })
    }

    /// Whether a word is in it.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    /// A number of the version, the major one first.
    pub(crate) fn number(&self, index: usize) -> Option<u32> {
        self.version.get(index).copied()
    }

    /// The version that a tag means, among `releases` (newest first): the first that begins like it, or else the next one
    /// after it where there was one of its number ([`Self::next_after`]).
    pub(crate) fn release<'a>(&self, releases: &[&'a str]) -> Option<&'a str> {
        if self.version.is_empty() {
            return releases.first().copied();
        }
        let numbered = |release: &'a str| -> (Vec<u32>, &'a str) {
            (release.split('.').filter_map(|number| number.parse().ok()).collect(), release)
        };
        let mut known: Vec<_> = releases.iter().copied().map(numbered).collect();
        let exact = known
            .iter()
            .find(|(numbers, _)| numbers.starts_with(&self.version) || self.version.starts_with(numbers));
        if let Some((_, release)) = exact {
            return Some(release);
        }
        known.sort();
        self.next_after(&known)
    }

    /// Lists of releases have gaps: a version before the newest one of its minor number, or of a minor number before the
    /// newest, was released too, most likely. The next one that is listed stands for it.
    fn next_after<'a>(&self, known: &[(Vec<u32>, &'a str)]) -> Option<&'a str> {
        let [major, minor, ..] = self.version[..] else { return None };
        let of_major = || known.iter().filter(|(numbers, _)| numbers.len() > 1 && numbers[0] == major);
        let newest = of_major().next_back()?;
        let newest_of_minor = of_major().rfind(|(numbers, _)| numbers[1] == minor);
        let bound = newest_of_minor.unwrap_or(newest);
        if self.version > bound.0 {
            return None;
        }
        of_major().find(|(numbers, _)| *numbers >= self.version).map(|(_, release)| *release)
    }
}

#[cfg(test)]
mod tests {
    use super::Tag;

    #[test]
    fn versions_and_variants() {
        let tag = Tag::parse("1.27.3-alpine3.20-slim").unwrap();
        assert_eq!(tag.version, [1, 27, 3]);
        assert!(tag.has("alpine") && tag.has("slim") && !tag.has("perl"));
        assert_eq!(Tag::parse("v4").unwrap().version, [4]);
        assert!(Tag::parse("latest").unwrap().version.is_empty());
        assert_eq!(Tag::parse("nosuchtag"), None);
    }

    #[test]
    fn a_short_version_means_its_newest_release() {
        let releases = ["1.29.3", "1.29.2", "1.27.5", "1.19"];
        assert_eq!(Tag::parse("1.29").unwrap().release(&releases), Some("1.29.3"));
        assert_eq!(Tag::parse("1.27.5").unwrap().release(&releases), Some("1.27.5"));
        assert_eq!(Tag::parse("1.19.10").unwrap().release(&releases), Some("1.19"));
        assert_eq!(Tag::parse("latest").unwrap().release(&releases), Some("1.29.3"));
        assert_eq!(Tag::parse("1.161").unwrap().release(&releases), None);
    }

    #[test]
    fn a_version_that_is_not_listed_was_released_if_it_is_no_newer_than_those_that_are() {
        let releases = ["8.2.2", "8.0.4", "8.0.3", "7.4.6", "7.0.15", "3"];
        let release = |tag: &str| Tag::parse(tag).unwrap().release(&releases);
        assert_eq!(release("8.0.2"), Some("8.0.3"));
        assert_eq!(release("8.1.0"), Some("8.2.2"));
        assert_eq!(release("7.2"), Some("7.4.6"));
        assert_eq!(
            (release("8.0.5"), release("8.3"), release("9.0"), release("2")),
            (None, None, None, None)
        );
    }
}
