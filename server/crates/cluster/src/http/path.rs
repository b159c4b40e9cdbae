//! What a path of the API means.

/// A resource, one of its objects, or something below one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) group: String,
    pub(crate) version: String,
    /// Empty for all namespaces, and for what belongs to the whole cluster.
    pub(crate) namespace: String,
    pub(crate) resource: String,
    /// Empty for the collection.
    pub(crate) name: String,
    /// Empty for the object itself.
    pub(crate) subresource: String,
    /// What follows the subresource, with its slash (`proxy` forwards it).
    pub(crate) rest: String,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    Resource(Target),
    /// `/api/v1`, `/apis/apps/v1`.
    Group {
        group: String,
        version: String,
    },
    /// `/apis/apps`.
    Versions {
        group: String,
    },
    /// `/apis`.
    Groups,
    /// `/api`.
    Legacy,
    /// `/openapi/v3` and the documents below it.
    OpenApiV3(String),
    OpenApiV2,
    /// `/healthz`, `/livez`, `/readyz` and the checks below them.
    Health(String),
    Version,
    Root,
    Nowhere,
}

/// Reads a path.
pub(crate) fn parse(path: &str) -> Where {
    let decoded = percent_decode(path);
    let trimmed = decoded.trim_start_matches('/');
    let mut parts: Vec<&str> = trimmed.split('/').collect();
    if parts.last() == Some(&"") && parts.len() > 1 {
        parts.pop();
    }
    match parts.as_slice() {
        [""] => Where::Root,
        ["version"] => Where::Version,
        ["healthz" | "livez" | "readyz"] => Where::Health(String::new()),
        ["healthz" | "livez" | "readyz", check @ ..] => Where::Health(check.join("/")),
        ["openapi", "v2"] => Where::OpenApiV2,
        ["openapi", "v3", document @ ..] => Where::OpenApiV3(document.join("/")),
        ["api"] => Where::Legacy,
        ["apis"] => Where::Groups,
        ["api", version] => Where::Group { group: String::new(), version: (*version).into() },
        ["apis", group] => Where::Versions { group: (*group).into() },
        ["apis", group, version] => Where::Group { group: (*group).into(), version: (*version).into() },
        ["api", version, rest @ ..] => resource("", version, rest, trimmed),
        ["apis", group, version, rest @ ..] => resource(group, version, rest, trimmed),
        _ => Where::Nowhere,
    }
}

fn resource(group: &str, version: &str, rest: &[&str], path: &str) -> Where {
    let mut target = Target { group: group.into(), version: version.into(), ..Target::default() };
    let rest = match rest {
        // `namespaces/NAME`, `namespaces/NAME/status` and `/finalize` are about the namespace itself.
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => rest,
        ["namespaces", namespace, rest @ ..] => {
            target.namespace = (*namespace).into();
            rest
        }
        rest => rest,
    };
    let [resource, rest @ ..] = rest else { return Where::Nowhere };
    target.resource = (*resource).into();
    let [name, rest @ ..] = rest else { return Where::Resource(target) };
    target.name = (*name).into();
    let [subresource, rest @ ..] = rest else { return Where::Resource(target) };
    target.subresource = (*subresource).into();
    if !rest.is_empty() {
        target.rest = format!("/{}", rest.join("/"));
    }
    if path.ends_with('/') && target.subresource == "proxy" {
        target.rest.push('/');
    }
    Where::Resource(target)
}

/// `%2F` and the like; what is not UTF-8 then is replaced.
fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                decoded.push(value);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str) -> (String, String, String, String, String) {
        match parse(path) {
            Where::Resource(t) => (t.namespace, t.resource, t.name, t.subresource, t.rest),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paths_name_resources() {
        let t = |ns: &str, r: &str, n: &str, s: &str, rest: &str| {
            (ns.to_owned(), r.to_owned(), n.to_owned(), s.to_owned(), rest.to_owned())
        };
        assert_eq!(target("/api/v1/pods"), t("", "pods", "", "", ""));
        assert_eq!(target("/api/v1/namespaces/a/pods/b/log"), t("a", "pods", "b", "log", ""));
        assert_eq!(target("/api/v1/namespaces/a"), t("", "namespaces", "a", "", ""));
        assert_eq!(target("/api/v1/namespaces/a/status"), t("", "namespaces", "a", "status", ""));
        assert_eq!(target("/api/v1/namespaces/a/status/b"), t("a", "status", "b", "", ""));
        assert_eq!(
            target("/api/v1/namespaces/a/services/b:80/proxy/x/y"),
            t("a", "services", "b:80", "proxy", "/x/y")
        );
        assert_eq!(parse("/apis/apps"), Where::Versions { group: "apps".into() });
        assert_eq!(parse("/nope"), Where::Nowhere);
    }
}
