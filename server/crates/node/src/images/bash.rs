//! `bash`: the shell on Alpine, as a program of its own beside busybox's.

use super::{
    alpine,
    base::{plain_recipe, variables, words},
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family { repositories: &["bash"], recipe };

const ENTRYPOINT: &str = "\
#!/usr/bin/env bash
# Without a command, or with options only, bash itself runs.
set -Eeuo pipefail
if [ \"$#\" -eq 0 ] || [ \"${1#-}\" != \"$1\" ]; then
  exec bash \"$@\"
fi
exec \"$@\"
";

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&["5.2.37", "4.4.23"])?;
    let mut tree = alpine::tree(alpine::NEWEST, &[], &[]);
    tree.program("/usr/local/bin/bash", "sh/bash", 1_264_000).file(
        "/usr/local/bin/docker-entrypoint.sh",
        0o755,
        ENTRYPOINT,
    );
    let mut recipe = plain_recipe(tree, Libc::Musl, version.to_owned(), 6_312_960);
    recipe.env = variables(&[("_BASH_VERSION", version)]);
    recipe.entrypoint = words(&["docker-entrypoint.sh"]);
    recipe.cmd = words(&["bash"]);
    Some(recipe)
}
