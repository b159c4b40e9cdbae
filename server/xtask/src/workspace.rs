//! Where things are.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::Result;

/// The checkout and its build outputs.
pub(crate) struct Workspace {
    /// The checkout's root.
    pub(crate) root: PathBuf,
    /// cargo's target directory.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The workspace that this program was built from.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .filter(|root| root.join("Cargo.toml").is_file())
            .ok_or("the checkout has moved since xtask was built; run `cargo xtask` again from its root")?
            .to_path_buf();
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target })
    }

    /// Where the browser's files go: `pkg/` in it is served under `/pkg/`.
    pub(crate) fn site(&self) -> PathBuf {
        self.target.join("site")
    }

    /// Where the JavaScript parts live.
    pub(crate) fn js(&self) -> PathBuf {
        self.root.join("app").join("js")
    }

    /// Where tools that belong to this checkout alone are kept.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }
}
