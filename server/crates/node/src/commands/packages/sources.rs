//! Where `apt-get` looks for packages: `sources.list(5)`, and the lists that it keeps of them.

use crate::commands::Cx;

/// Where lists are kept.
pub(super) const LISTS: &str = "/var/lib/apt/lists";
const MAX_SOURCES: usize = 64 * 1024;
const MAX_LIST: usize = 1 << 20;
/// Hosts that are simulated.
const MIRRORS: &[&str] = &[
    "deb.debian.org",
    "security.debian.org",
    "ftp.debian.org",
    "archive.ubuntu.com",
    "security.ubuntu.com",
    "ports.ubuntu.com",
];

/// A suite of a mirror, such as `http://deb.debian.org/debian trixie`, with its components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Without a slash at its end.
    pub(super) uri: String,
    pub(super) suite: String,
    pub(super) components: Vec<String>,
}

impl Source {
    pub(super) fn host(&self) -> &str {
        let rest = self.uri.split_once("://").map_or(&*self.uri, |(_, rest)| rest);
        rest.split(['/', ':']).next().unwrap_or_default()
    }

    /// Whether somebody answers there.
    pub(super) fn answers(&self) -> bool {
        MIRRORS.contains(&self.host())
    }

    /// Whether it is a release itself, where packages are, and not updates to one.
    pub(super) fn is_release(&self) -> bool {
        !self.suite.contains('-')
    }

    /// The name of a list, as files of lists are called.
    pub(super) fn list(&self, rest: &str) -> String {
        let uri = self.uri.split_once("://").map_or(&*self.uri, |(_, uri)| uri).replace('/', "_");
        format!("{LISTS}/{uri}_dists_{}_{}", self.suite, rest.replace('/', "_"))
    }
}

/// Reads all sources of a container, in `apt`'s order.
pub(super) async fn sources(cx: &Cx) -> Vec<Source> {
    let mut files = vec![b"/etc/apt/sources.list".to_vec()];
    let mut parts: Vec<_> = cx
        .process
        .list(b"/etc/apt/sources.list.d")
        .unwrap_or_default()
        .into_iter()
        .map(|(name, _)| [b"/etc/apt/sources.list.d/", &*name].concat())
        .collect();
    parts.sort();
    files.append(&mut parts);
    let mut found = Vec::new();
    for path in files {
        let Ok(text) = cx.process.read_file(&path, MAX_SOURCES).await else { continue };
        let text = String::from_utf8_lossy(&text).into_owned();
        if path.ends_with(b".sources") {
            found.append(&mut deb822(&text));
        } else if path.ends_with(b".list") {
            found.extend(text.lines().filter_map(one_line));
        }
    }
    found.dedup();
    found
}

/// `deb [OPTIONS] URI SUITE COMPONENT...`
fn one_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim().strip_prefix("deb")?;
    let line = line.strip_prefix([' ', '\t'])?.trim_start();
    let line = match line.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.1,
        None => line,
    };
    let mut words = line.split_whitespace();
    let uri = words.next()?.trim_end_matches('/').to_owned();
    Some(Source { uri, suite: words.next()?.to_owned(), components: words.map(str::to_owned).collect() })
}

/// Stanzas with `Types`, `URIs`, `Suites`, `Components`.
fn deb822(text: &str) -> Vec<Source> {
    let mut found = Vec::new();
    for stanza in text.split("\n\n") {
        let field = |name: &str| -> Vec<String> {
            let line = stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
        };
        if !field("Types").iter().any(|kind| kind == "deb") {
            continue;
        }
        for uri in field("URIs") {
            for suite in field("Suites") {
                let uri = uri.trim_end_matches('/').to_owned();
                found.push(Source { uri, suite, components: field("Components") });
            }
        }
    }
    found
}

/// The names of the packages that the lists of a container know.
pub(super) async fn known(cx: &Cx) -> Vec<String> {
    let mut names = Vec::new();
    for (file, _) in cx.process.list(LISTS.as_bytes()).unwrap_or_default() {
        if !file.ends_with(b"_Packages") {
            continue;
        }
        let path = [LISTS.as_bytes(), b"/", &*file].concat();
        let text = cx.process.read_file(&path, MAX_LIST).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        names.extend(text.lines().filter_map(|line| line.strip_prefix("Package: ")).map(str::to_owned));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{Source, deb822, one_line};

    fn source(uri: &str, suite: &str, components: &[&str]) -> Source {
        Source {
            uri: uri.to_owned(),
            suite: suite.to_owned(),
            components: components.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn both_styles_of_sources_are_read() {
        let expected = source("http://deb.debian.org/debian", "bookworm", &["main", "contrib"]);
        let line = "deb [signed-by=/k.gpg] http://deb.debian.org/debian/ bookworm main contrib # all";
        assert_eq!(one_line(line), Some(expected.clone()));
        assert_eq!(one_line("# deb http://x y"), None);
        assert_eq!(one_line("deb-src http://x y main"), None);
        let text = "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm bookworm-updates\nComponents: main contrib\n\n\
                    Types: deb-src\nURIs: http://x\nSuites: y\n";
        let updates = Source { suite: "bookworm-updates".to_owned(), ..expected.clone() };
        assert_eq!(deb822(text), [expected.clone(), updates]);
        assert_eq!(
            expected.list("main/binary-amd64/Packages"),
            "/var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages"
        );
    }
}
