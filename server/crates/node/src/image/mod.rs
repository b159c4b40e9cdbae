//! Images: the catalogue of what can be pulled, and what is known of each.

use std::sync::Arc;

/// What is known of an image on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageStatus {
    /// `sha256:` and 64 hexadecimal digits.
    pub id: String,
    /// The names that it has on the node, complete: `docker.io/library/nginx:latest`.
    pub tags: Vec<String>,
    /// Name and digest: `docker.io/library/nginx@sha256:...`.
    pub digests: Vec<String>,
    /// Its compressed size in bytes.
    pub size_bytes: u64,
    /// The user that it says to run as, as in its configuration: empty, a name, a number, `user:group`.
    pub user: String,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// What is run...
    pub entrypoint: Vec<String>,
    /// ...with these arguments, where a container brings no others.
    pub cmd: Vec<String>,
    /// The working directory; empty for `/`.
    pub working_dir: String,
    /// Ports that it says to listen on.
    pub exposed_ports: Vec<u16>,
}

/// Why an image cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The name cannot be parsed (the kubelet's `InvalidImageName`).
    #[error("couldn't parse image name {name:?}: {reason}")]
    InvalidName {
        /// The name as it was given.
        name: String,
        /// `invalid reference format...`
        reason: String,
    },
    /// No registry has it (`ErrImagePull`).
    #[error(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{name}\": failed to resolve image: {name}: not found{hint}"
    )]
    NotFound {
        /// The complete name.
        name: String,
        /// Which images there are.
        hint: String,
    },
    /// It is not on this node; pull it first.
    #[error("failed to resolve image \"{name}\": not found")]
    NotPresent {
        /// The complete name.
        name: String,
    },
}

/// The images that can be pulled. Any tag of a known repository resolves; what a tag changes (nginx's version) shows.
/// One catalogue serves any number of nodes, which share the images' files.
#[derive(Debug)]
pub struct Catalogue(());

impl Catalogue {
    /// All images that come with podlab.
    pub fn builtin() -> Arc<Self> {
        Arc::new(Self(()))
    }

    /// The repositories that there are, in short form (`nginx`, `curlimages/curl`), sorted.
    pub fn repositories(&self) -> Vec<&str> {
        Vec::new()
    }

    pub(crate) fn check_name(&self, name: &str) -> Result<(), ImageError> {
        if name.is_empty() {
            let reason = "invalid reference format".to_owned();
            return Err(ImageError::InvalidName { name: name.to_owned(), reason });
        }
        Ok(())
    }

    pub(crate) fn not_found(&self, name: &str) -> ImageError {
        ImageError::NotFound { name: name.to_owned(), hint: String::new() }
    }
}
