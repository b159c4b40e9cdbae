//! Links of a page that is seen through the proxy: those from the root of the backend lead through the proxy too.
//!
//! Source: `k8s.io/apimachinery/pkg/util/proxy`, which rewrites the same attributes of the same elements.

use http::{HeaderMap, HeaderValue, header};

/// The elements and those of their attributes that hold a URL.
const LINKS: [(&str, &[&str]); 18] = [
    ("a", &["href"]),
    ("applet", &["codebase"]),
    ("area", &["href"]),
    ("audio", &["src"]),
    ("base", &["href"]),
    ("blockquote", &["cite"]),
    ("body", &["background"]),
    ("button", &["formaction"]),
    ("del", &["cite"]),
    ("embed", &["src"]),
    ("form", &["action"]),
    ("frame", &["longdesc", "src"]),
    ("iframe", &["longdesc", "src"]),
    ("img", &["longdesc", "src", "usemap"]),
    ("input", &["src", "usemap", "formaction"]),
    ("link", &["href"]),
    ("script", &["src"]),
    ("video", &["poster", "src"]),
];

/// The path under which a backend is seen.
pub(super) struct Prefix {
    path: String,
    /// The backend's own address, in absolute links.
    authority: String,
}

/// Whether an answer is a page that is not compressed.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or_default();
    let encoding = text(header::CONTENT_ENCODING);
    text(header::CONTENT_TYPE).trim_start().starts_with("text/html") && matches!(encoding, "" | "identity")
}

impl Prefix {
    pub(super) fn new(path: String, authority: &str) -> Self {
        Self { path, authority: authority.to_owned() }
    }

    /// Where a redirection leads, as seen through the proxy.
    pub(super) fn relocate(&self, headers: &mut HeaderMap) {
        let to = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        if let Some(Ok(to)) = to.map(|to| HeaderValue::from_str(&self.url(to))) {
            headers.insert(header::LOCATION, to);
        }
    }

    /// A URL as seen through the proxy: one that is relative to its page, or leads elsewhere, stays as it is.
    fn url(&self, url: &str) -> String {
        let own = url.strip_prefix("http://").and_then(|rest| rest.strip_prefix(self.authority.as_str()));
        let from_root = own.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(url);
        if !from_root.starts_with('/') && own.is_none()
            || from_root.starts_with("//")
            || from_root.starts_with(&format!("{}/", self.path))
        {
            return url.to_owned();
        }
        format!("{}{from_root}", self.path)
    }

    /// A page with its links changed.
    pub(super) fn rewrite(&self, page: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(page) else { return page.to_vec() };
        let mut written = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            let (before, tag) = rest.split_at(at);
            written.push_str(before);
            if let Some(comment) = tag.strip_prefix("<!--") {
                let end = comment.find("-->").map_or(tag.len(), |end| end + "<!---->".len());
                written.push_str(tag.get(..end).unwrap_or(tag));
                rest = tag.get(end..).unwrap_or_default();
                continue;
            }
            let end = tag.find('>').map_or(tag.len(), |end| end + 1);
            let (tag, after) = tag.split_at(end);
            self.tag(tag, &mut written);
            rest = after;
        }
        written.push_str(rest);
        written.into_bytes()
    }

    fn tag(&self, tag: &str, written: &mut String) {
        let name = tag.trim_start_matches('<').split(|c: char| !c.is_ascii_alphanumeric()).next();
        let name = name.unwrap_or_default().to_ascii_lowercase();
        let Some((_, attributes)) = LINKS.iter().find(|(element, _)| *element == name) else {
            written.push_str(tag);
            return;
        };
        let mut rest = tag;
        while let Some((before, value, after)) = next_value(rest, attributes) {
            written.push_str(before);
            written.push_str(&self.url(value));
            rest = after;
        }
        written.push_str(rest);
    }
}

/// The next quoted value of one of these attributes, with what stands before and after it.
fn next_value<'t>(tag: &'t str, attributes: &[&str]) -> Option<(&'t str, &'t str, &'t str)> {
    let mut from = 0;
    loop {
        let equals = from + tag.get(from..)?.find('=')?;
        let name = tag
            .get(..equals)?
            .trim_end()
            .rsplit(|c: char| c.is_whitespace() || c == '"' || c == '\'')
            .next()?;
        let value = tag.get(equals + 1..)?;
        let padding = value.len() - value.trim_start().len();
        let start = equals + 1 + padding;
        let quote = tag.get(start..)?.chars().next()?;
        if !matches!(quote, '"' | '\'') {
            from = equals + 1;
            continue;
        }
        let length = tag.get(start + 1..)?.find(quote)?;
        let end = start + 1 + length;
        if attributes.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Some((tag.get(..=start)?, tag.get(start + 1..end)?, tag.get(end..)?));
        }
        from = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix() -> Prefix {
        Prefix::new("/api/v1/namespaces/a/pods/b/proxy".into(), "10.0.0.1:80")
    }

    #[test]
    fn links_from_the_root_lead_through_the_proxy() {
        let through = "/api/v1/namespaces/a/pods/b/proxy/x";
        for (link, seen) in [
            ("/x", through),
            ("http://10.0.0.1:80/x", through),
            ("x/y", "x/y"),
            ("//other/x", "//other/x"),
            ("https://example.com/x", "https://example.com/x"),
            (through, through),
        ] {
            assert_eq!(prefix().url(link), seen);
        }
    }

    #[test]
    fn only_attributes_that_hold_links_change() {
        let page =
            "<!-- <a href=\"/x\"> --><a title=\"/x\" HREF='/x'>/x</a><p href=\"/x\"><img src = \"/i\">";
        let seen = String::from_utf8(prefix().rewrite(page.as_bytes())).unwrap();
        let at = "/api/v1/namespaces/a/pods/b/proxy";
        assert_eq!(
            seen,
            format!(
                "<!-- <a href=\"/x\"> --><a title=\"/x\" HREF='{at}/x'>/x</a><p href=\"/x\"><img src = \"{at}/i\">"
            )
        );
    }

    proptest! {
        #[test]
        fn any_page_can_be_rewritten(page in "[<>a-z =\"'/!-]{0,200}") {
            prefix().rewrite(page.as_bytes());
        }

        #[test]
        fn a_page_without_links_stays_as_it_is(page in "[<>b-h \\n/!é-]{0,200}") {
            prop_assert_eq!(prefix().rewrite(page.as_bytes()), page.as_bytes());
        }
    }
}
