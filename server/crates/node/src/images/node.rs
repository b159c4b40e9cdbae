//! `node`: Node.js as far as its version goes. JavaScript is not simulated, and the program says so.

use super::{
    alpine,
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family { repositories: &["node"], recipe };

pub(super) const RELEASES: &[&str] = &[
    "24.11.1", "24.10.0", "22.21.1", "22.14.0", "22.11.0", "20.19.5", "20.18.1", "20.11.0", "18.20.8",
    "18.19.0", "16.20.2", "14.21.3", "12.22.12", "10.24.1",
];

const ENTRYPOINT: &str = "\
#!/bin/sh
# Options, or what is no command, are for node.
set -e
if [ \"${1#-}\" != \"$1\" ] || [ -z \"$(command -v \"$1\")\" ] || { [ -f \"$1\" ] && ! [ -x \"$1\" ]; }; then
  set -- node \"$@\"
fi
exec \"$@\"
";

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = if tag.has("lts") { "24.11.1" } else { tag.release(RELEASES)? };
    let is_alpine = tag.has("alpine");
    let mut tree = if is_alpine {
        let account = alpine::Account { name: "node", id: 1000, home: "/home/node", shell: "/bin/sh" };
        alpine::tree(alpine::NEWEST, &[account], &[])
    } else {
        let account =
            debian::Account { name: "node", id: 1000, comment: "", home: "/home/node", shell: "/bin/bash" };
        // The slim ones are Debian as it comes; the others have what is needed to build with.
        let packages: &[&str] = if tag.has("slim") { &[] } else { &["curl", "wget", "procps"] };
        debian::tree(debian::bookworm(), &[account], packages)
    };
    tree.program("/usr/local/bin/node", &format!("node/{version}"), 118_000_000)
        .link("/usr/local/bin/nodejs", "node")
        .file("/usr/local/bin/docker-entrypoint.sh", 0o755, ENTRYPOINT)
        .dir_of("/home/node", 0o755, 1000, 1000);
    let kind = if is_alpine { "-alpine" } else { "" };
    let libc = if is_alpine { Libc::Musl } else { Libc::Glibc };
    let mut recipe = plain_recipe(tree, libc, format!("{version}{kind}"), 55_000_000);
    recipe.env = variables(&[("NODE_VERSION", version), ("YARN_VERSION", "1.22.22")]);
    recipe.entrypoint = words(&["docker-entrypoint.sh"]);
    recipe.cmd = words(&["node"]);
    Some(recipe)
}
