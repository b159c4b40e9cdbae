//! `memcached`.

use super::{
    alpine,
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family { repositories: &["memcached", "bitnami/memcached"], recipe };

const ENTRYPOINT: &str = "\
#!/bin/sh
# Options are for the server; anything else is a command.
set -e
case \"$1\" in
-*) set -- memcached \"$@\" ;;
esac
exec \"$@\"
";

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&[
        "1.6.39", "1.6.38", "1.6.37", "1.6.34", "1.6.31", "1.6.29", "1.6.21", "1.6.17", "1.6.9", "1.6.0",
        "1.5.22", "1.5.12", "1.4.39", "1.4.36", "1.4",
    ])?;
    let is_alpine = tag.has("alpine");
    let mut tree = if is_alpine {
        let account =
            alpine::Account { name: "memcache", id: 11211, home: "/home/memcache", shell: "/bin/sh" };
        alpine::tree(alpine::NEWEST, &[account], &[])
    } else {
        let account = debian::Account {
            name: "memcache",
            id: 11211,
            comment: "",
            home: "/home/memcache",
            shell: "/bin/sh",
        };
        debian::tree(debian::bookworm(), &[account], &[])
    };
    tree.program("/usr/local/bin/memcached", "memcached", 520_000).file(
        "/usr/local/bin/docker-entrypoint.sh",
        0o755,
        ENTRYPOINT,
    );
    let kind = if is_alpine { "-alpine" } else { "" };
    let libc = if is_alpine { Libc::Musl } else { Libc::Glibc };
    let mut recipe = plain_recipe(tree, libc, format!("{version}{kind}"), 32_505_856);
    recipe.env = variables(&[("MEMCACHED_VERSION", version)]);
    recipe.entrypoint = words(&["docker-entrypoint.sh"]);
    recipe.cmd = words(&["memcached"]);
    recipe.user = "memcache".to_owned();
    recipe.exposed_ports = vec![11211];
    Some(recipe)
}
