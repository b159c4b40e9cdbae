//! Image names: `nginx`, `nginx:1.27-alpine`, `registry.k8s.io/pause:3.10`, `name@sha256:...`, in full and in short.

/// A name, taken apart and completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// `docker.io`, `registry.k8s.io`, `localhost:5000`
    pub(crate) registry: String,
    /// `library/nginx`
    pub(crate) path: String,
    /// `latest`; empty where only a digest is given.
    pub(crate) tag: String,
    /// `sha256:...`
    pub(crate) digest: Option<String>,
}

const FORMAT: &str = "invalid reference format";

impl Reference {
    /// Parses a name as Docker's reference grammar has it; the error is its words for what is wrong.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let (rest, digest) = match name.split_once('@') {
            Some((rest, digest)) => {
                let valid = digest.strip_prefix("sha256:").is_some_and(|hex| {
                    hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                });
                if !valid {
                    return Err(FORMAT.to_owned());
                }
                (rest, Some(digest.to_owned()))
            }
            None => (name, None),
        };
        // A colon after the last slash begins the tag; one before it belongs to the registry's port.
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (rest, tag) = match rest[slash..].find(':') {
            Some(colon) => (&rest[..slash + colon], Some(&rest[slash + colon + 1..])),
            None => (rest, None),
        };
        if tag.is_some_and(|tag| !valid_tag(tag)) {
            // What comes before may be wrong in a way of its own, which is said first.
            let (_, path) = split_registry(rest.split(':').next().unwrap_or(rest));
            check_path(&path)?;
            return Err(FORMAT.to_owned());
        }
        let (registry, path) = split_registry(rest);
        check_path(&path)?;
        let tag = match (tag, &digest) {
            (Some(tag), _) => tag.to_owned(),
            (None, Some(_)) => String::new(),
            (None, None) => "latest".to_owned(),
        };
        Ok(Self { registry, path, tag, digest })
    }

    /// The complete name: `docker.io/library/nginx:latest`.
    pub(crate) fn full(&self) -> String {
        match (&self.tag[..], &self.digest) {
            ("", Some(digest)) => format!("{}@{digest}", self.repository()),
            (tag, _) => format!("{}:{tag}", self.repository()),
        }
    }

    /// The name without tag and digest.
    pub(crate) fn repository(&self) -> String {
        format!("{}/{}", self.registry, self.path)
    }

    /// The repository as people write it: `nginx`, `curlimages/curl`, `registry.k8s.io/pause`.
    pub(crate) fn short(&self) -> String {
        match (&self.registry[..], self.path.strip_prefix("library/")) {
            ("docker.io", Some(name)) => name.to_owned(),
            ("docker.io", None) => self.path.clone(),
            (registry, _) => format!("{registry}/{}", self.path),
        }
    }
}

fn split_registry(name: &str) -> (String, String) {
    if let Some((first, rest)) = name.split_once('/')
        && (first.contains(['.', ':']) || first == "localhost")
    {
        if first == "index.docker.io" || first == "docker.io" {
            return ("docker.io".to_owned(), with_library(rest));
        }
        return (first.to_owned(), rest.to_owned());
    }
    ("docker.io".to_owned(), with_library(name))
}

fn with_library(path: &str) -> String {
    if path.contains('/') { path.to_owned() } else { format!("library/{path}") }
}

fn check_path(path: &str) -> Result<(), String> {
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("{FORMAT}: repository name ({path}) must be lowercase"));
    }
    let valid = |component: &str| {
        let bytes = component.as_bytes();
        let edge =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        edge(bytes.first())
            && edge(bytes.last())
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(byte))
            && !component.contains("..")
            && !component.contains("___")
    };
    if path.split('/').all(valid) && path.len() < 256 { Ok(()) } else { Err(FORMAT.to_owned()) }
}

fn valid_tag(tag: &str) -> bool {
    let first = tag.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    first
        && tag.len() <= 128
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Reference;

    #[test]
    fn names_are_completed() {
        for (name, full, short) in [
            ("nginx", "docker.io/library/nginx:latest", "nginx"),
            ("nginx:1.27-alpine", "docker.io/library/nginx:1.27-alpine", "nginx"),
            ("curlimages/curl", "docker.io/curlimages/curl:latest", "curlimages/curl"),
            ("docker.io/library/busybox:1", "docker.io/library/busybox:1", "busybox"),
            ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10", "registry.k8s.io/pause"),
            ("localhost:5000/nosuch:1", "localhost:5000/nosuch:1", "localhost:5000/nosuch"),
        ] {
            let reference = Reference::parse(name).unwrap();
            assert_eq!((reference.full().as_str(), reference.short().as_str()), (full, short));
        }
    }

    #[test]
    fn what_is_wrong_is_said_as_containerd_says_it() {
        assert_eq!(
            Reference::parse("Nginx:Latest:x").unwrap_err(),
            "invalid reference format: repository name (library/Nginx) must be lowercase"
        );
        for name in ["", "nginx:", ":1", "a b", "nginx:a b", "-x", "x@sha256:12", "a//b", "nginx:1:2"] {
            assert_eq!(Reference::parse(name).unwrap_err(), "invalid reference format", "{name}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_parses_stays_the_same(name in "[a-zA-Z0-9./:@_-]{0,24}") {
            if let Ok(reference) = Reference::parse(&name) {
                prop_assert_eq!(Reference::parse(&reference.full()).unwrap().full(), reference.full());
            }
        }
    }
}
