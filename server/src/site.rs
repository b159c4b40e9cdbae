//! Where the pages' scripts and styles are: the folder that `cargo xtask build` fills.

use std::path::{Path, PathBuf};

/// The folder of the site: the one that was named, or the one beside this program.
///
/// # Errors
///
/// Where there is none, with what to do.
pub fn find(named: Option<PathBuf>) -> Result<PathBuf, String> {
    if let Some(named) = named {
        return if is_site(&named) {
            Ok(named)
        } else {
            Err(format!("{} holds no pkg/podlab.css: it is not a folder of podlab's pages", named.display()))
        };
    }
    let program = std::env::current_exe()
        .map_err(|e| format!("this program's own place is unknown: {e}; use --site"))?;
    // target/release/podlab has target/site; an installed bin/podlab has site beside it or in ../share/podlab.
    let near = program
        .ancestors()
        .skip(1)
        .take(2)
        .flat_map(|folder| [folder.join("site"), folder.join("share/podlab/site")]);
    near.into_iter().find(|folder| is_site(folder)).ok_or_else(|| {
        "the pages' scripts and styles are not beside this program: run `cargo xtask build`, or name their folder with --site"
            .into()
    })
}

fn is_site(folder: &Path) -> bool {
    folder.join("pkg").join("podlab.css").is_file()
}
