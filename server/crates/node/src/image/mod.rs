//! Images: the catalogue of what can be pulled, and what is known of each.

mod builder;
mod reference;
mod tags;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

pub(crate) use builder::TreeBuilder;
pub(crate) use reference::Reference;
pub(crate) use tags::Tag;

use crate::{
    images::FAMILIES,
    kernel::{errno::Libc, fs::TreeDir, signal::Signal, wait::lock},
    rng::{Rng, stable_hash},
};

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
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{name}\": failed to resolve image: {name}: not found ({hint})"
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

/// What an image's family makes of a tag.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) root: Arc<TreeDir>,
    pub(crate) libc: Libc,
    /// Besides `PATH`, which all have.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) entrypoint: Vec<String>,
    pub(crate) cmd: Vec<String>,
    pub(crate) user: String,
    pub(crate) working_dir: String,
    pub(crate) exposed_ports: Vec<u16>,
    pub(crate) stop_signal: Option<Signal>,
    pub(crate) size_bytes: u64,
    /// What makes it the same image under another tag: the exact version.
    pub(crate) version: String,
}

/// Images that have most in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Family {
    /// Short names: `nginx`, `curlimages/curl`.
    pub(crate) repositories: &'static [&'static str],
    /// The image of a repository and a tag; `None` where there is no such tag.
    pub(crate) recipe: fn(&str, &Tag) -> Option<Recipe>,
}

/// An image that was pulled.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) recipe: Recipe,
    pub(crate) id: String,
    pub(crate) digest: String,
}

/// The images that can be pulled. Any plausible tag of a known repository resolves; what a tag changes (nginx's version)
/// shows. One catalogue serves any number of nodes, which share the images' files.
#[derive(Debug)]
pub struct Catalogue {
    /// What was made so far, by short name and tag.
    made: Mutex<BTreeMap<(String, String), Arc<Image>>>,
}

/// How many images are kept: tags can be made up without end.
const MAX_MADE: usize = 256;

impl Catalogue {
    /// All images that come with podlab.
    pub fn builtin() -> Arc<Self> {
        Arc::new(Self { made: Mutex::default() })
    }

    /// The repositories that there are, in short form (`nginx`, `curlimages/curl`), sorted.
    pub fn repositories(&self) -> Vec<&'static str> {
        let mut all: Vec<_> = FAMILIES.iter().flat_map(|family| family.repositories).copied().collect();
        all.sort_unstable();
        all
    }

    /// Parses a name.
    pub(crate) fn parse(&self, name: &str) -> Result<Reference, ImageError> {
        Reference::parse(name).map_err(|reason| ImageError::InvalidName { name: name.to_owned(), reason })
    }

    /// The image of a name, if there is one.
    pub(crate) fn find(&self, reference: &Reference) -> Result<Arc<Image>, ImageError> {
        let not_found = || ImageError::NotFound { name: reference.full(), hint: self.hint(reference) };
        let short = reference.short();
        let family = FAMILIES.iter().find(|family| family.repositories.contains(&short.as_str()));
        let family = family.ok_or_else(not_found)?;
        let tag = if reference.tag.is_empty() { "latest" } else { &reference.tag };
        let key = (short.clone(), tag.to_owned());
        if let Some(image) = lock(&self.made).get(&key) {
            return check_digest(reference, Arc::clone(image)).ok_or_else(not_found);
        }
        let parsed = Tag::parse(tag).ok_or_else(not_found)?;
        let recipe = (family.recipe)(&short, &parsed).ok_or_else(not_found)?;
        let identity = format!("{short} {}", recipe.version);
        let image = Arc::new(Image {
            recipe,
            id: format!("sha256:{}", hex(&identity, 1)),
            digest: format!("sha256:{}", hex(&identity, 2)),
        });
        let mut made = lock(&self.made);
        if made.len() < MAX_MADE {
            made.insert(key, Arc::clone(&image));
        }
        drop(made);
        check_digest(reference, image).ok_or_else(not_found)
    }

    fn hint(&self, reference: &Reference) -> String {
        let short = reference.short();
        if self.repositories().contains(&short.as_str()) {
            return format!("podlab simulates {short}, but knows no tag {}", reference.tag);
        }
        format!("podlab simulates containers and has these images: {}", self.repositories().join(", "))
    }
}

/// A digest has to be that of the image.
fn check_digest(reference: &Reference, image: Arc<Image>) -> Option<Arc<Image>> {
    match &reference.digest {
        Some(digest) if *digest != image.digest && *digest != image.id => None,
        _ => Some(image),
    }
}

/// 64 hexadecimal digits that follow from a name.
fn hex(name: &str, salt: u64) -> String {
    let mut rng = Rng::new(stable_hash(name.as_bytes()) ^ salt);
    (0..4).map(|_| format!("{:016x}", rng.next_u64())).collect()
}

impl Image {
    /// What is said of it, under these names, some of which it was pulled by.
    pub(crate) fn status(&self, names: &[Reference], pulled: &[Reference]) -> ImageStatus {
        let recipe = &self.recipe;
        let mut digests: Vec<_> =
            pulled.iter().map(|name| format!("{}@{}", name.repository(), self.digest)).collect();
        digests.dedup();
        ImageStatus {
            id: self.id.clone(),
            tags: names.iter().filter(|name| !name.tag.is_empty()).map(Reference::full).collect(),
            digests,
            size_bytes: recipe.size_bytes,
            user: recipe.user.clone(),
            env: recipe.env.clone(),
            entrypoint: recipe.entrypoint.clone(),
            cmd: recipe.cmd.clone(),
            working_dir: recipe.working_dir.clone(),
            exposed_ports: recipe.exposed_ports.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, ImageError, Reference};

    #[test]
    fn every_repository_has_a_latest_image() {
        let catalogue = Catalogue::builtin();
        for name in catalogue.repositories() {
            let image = catalogue.find(&Reference::parse(name).unwrap());
            assert!(image.is_ok(), "{name}");
        }
    }

    #[test]
    fn tags_of_one_version_are_one_image_and_others_are_not() {
        let catalogue = Catalogue::builtin();
        let id = |name: &str| catalogue.find(&Reference::parse(name).unwrap()).unwrap().id.clone();
        assert_eq!(id("busybox"), id("busybox:latest"));
        assert_ne!(id("busybox:1.28"), id("busybox:1.36"));
        assert_ne!(id("busybox:1.36"), id("busybox:1.36-musl"));
    }

    #[test]
    fn what_cannot_be_pulled_is_told_with_what_can() {
        let catalogue = Catalogue::builtin();
        let find = |name: &str| catalogue.find(&Reference::parse(name).unwrap());
        for name in ["nosuch", "busybox:nosuchtag", "busybox:1.361", "localhost:5000/busybox"] {
            let Err(ImageError::NotFound { hint, .. }) = find(name) else { panic!("{name} was found") };
            assert!(hint.contains("podlab simulates"), "{hint}");
        }
        let message = find("nosuch").unwrap_err().to_string();
        assert!(
            message.contains("docker.io/library/nosuch:latest: not found") && message.contains("busybox"),
            "{message}"
        );
    }
}
