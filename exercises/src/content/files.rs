//! The files that content is made of, wherever they come from.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// Files by their path under the content's root, with `/` between the parts.
#[derive(Clone, Debug, Default)]
pub struct Files {
    texts: BTreeMap<String, String>,
    /// What faults call the root, where it has a name.
    root: String,
}

/// Why a directory's files could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// What was read.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is more than content can be.
    #[error("{} holds more than podlab reads as exercises: at most {MAX_FILES} files of {MAX_BYTES} bytes each, 4 folders deep. Is it the right directory?", path.display())]
    TooLarge {
        /// The directory or file.
        path: PathBuf,
    },
}

/// The most files that content may have.
const MAX_FILES: usize = 5_000;
/// The most bytes that one of them may have.
const MAX_BYTES: u64 = 1 << 20;
/// How deep folders may be nested: the root, an exercise, its solutions, and one to be told about.
const MAX_DEPTH: usize = 4;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

impl Files {
    /// The files that podlab was built with.
    pub fn embedded() -> Self {
        embedded::FILES.iter().copied().collect()
    }

    /// The files of a directory: those in folders that hold an `exercise.yaml`, and `tracks.yaml`.
    ///
    /// # Errors
    ///
    /// Where something cannot be read, or the directory is far too large to be one of exercises.
    pub fn read(directory: &Path) -> Result<Self, ReadError> {
        let mut files = Self { root: directory.display().to_string(), ..Self::default() };
        let tracks = directory.join(super::track::FILE);
        if tracks.is_file() {
            files.insert(super::track::FILE.to_owned(), &tracks)?;
        }
        for (name, path) in entries(directory)? {
            if path.join(super::load::EXERCISE).is_file() {
                files.insert_folder(&name, &path, 1)?;
            }
        }
        Ok(files)
    }

    /// The file at `path`.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The folders directly under the root.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let mut folders: Vec<&str> =
            self.texts.keys().filter_map(|path| path.split_once('/')).map(|(f, _)| f).collect();
        folders.dedup();
        folders.into_iter()
    }

    /// The files under `folder`: their paths below it, and what they hold.
    pub fn under<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let prefix = format!("{folder}/");
        self.texts
            .iter()
            .filter_map(move |(path, text)| path.strip_prefix(&prefix).map(|below| (below, text.as_str())))
    }

    /// What the root is called in faults; empty for the embedded content.
    pub fn root(&self) -> &str {
        &self.root
    }

    fn insert_folder(&mut self, name: &str, folder: &Path, depth: usize) -> Result<(), ReadError> {
        if depth > MAX_DEPTH {
            return Err(ReadError::TooLarge { path: folder.to_owned() });
        }
        for (entry, path) in entries(folder)? {
            let below = format!("{name}/{entry}");
            if path.is_dir() {
                self.insert_folder(&below, &path, depth + 1)?;
            } else {
                self.insert(below, &path)?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, name: String, path: &Path) -> Result<(), ReadError> {
        let failed = |source| ReadError::Io { path: path.to_owned(), source };
        if fs::metadata(path).map_err(failed)?.len() > MAX_BYTES || self.texts.len() >= MAX_FILES {
            return Err(ReadError::TooLarge { path: path.to_owned() });
        }
        self.texts.insert(name, fs::read_to_string(path).map_err(failed)?);
        Ok(())
    }
}

/// The entries of a directory by name, hidden ones and editors' back-ups left out.
fn entries(directory: &Path) -> Result<Vec<(String, PathBuf)>, ReadError> {
    let failed = |source| ReadError::Io { path: directory.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !name.ends_with('~') {
            found.push((name, entry.path()));
        }
        if found.len() > MAX_FILES {
            return Err(ReadError::TooLarge { path: directory.to_owned() });
        }
    }
    found.sort();
    Ok(found)
}

impl<'a> FromIterator<(&'a str, &'a str)> for Files {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(files: I) -> Self {
        let texts = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        Self { texts, root: String::new() }
    }
}
