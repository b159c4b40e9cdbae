//! `redis`: the server with its client.

use super::{
    alpine,
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family =
    Family { repositories: &["redis", "bitnami/redis", "registry.k8s.io/redis", "k8s.gcr.io/redis"], recipe };

/// What keeps copies of a guestbook's messages.
pub(super) const FOLLOWER: Family = Family {
    repositories: &[
        "gcr.io/google-samples/gb-redis-follower",
        "gcr.io/google_samples/gb-redis-follower",
        "us-docker.pkg.dev/google-samples/containers/gke/gb-redis-follower",
    ],
    recipe: follower,
};

const RELEASES: &[&str] = &[
    "8.2.2", "8.2.1", "8.0.4", "8.0.3", "7.4.6", "7.4.2", "7.4.1", "7.2.11", "7.2.5", "7.2.4", "7.0.15",
    "7.0.12", "7.0.4", "6.2.20", "6.2.14", "6.2.6", "6.0.20", "6.0.16", "6.0.5", "5.0.14", "5.0.4", "5.0",
    "4.0.14", "4.0", "3.2.12", "3.2", "3.0",
];

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(RELEASES)?;
    let is_alpine = tag.has("alpine");
    let mut tree = if is_alpine {
        let account = alpine::Account { name: "redis", id: 999, home: "/home/redis", shell: "/bin/false" };
        alpine::tree(alpine::NEWEST, &[account], &["tzdata"])
    } else {
        let account = debian::Account {
            name: "redis",
            id: 999,
            comment: "",
            home: "/home/redis",
            shell: "/usr/sbin/nologin",
        };
        debian::tree(debian::bookworm(), &[account], &[])
    };
    tree.program("/usr/local/bin/redis-server", "redis-server", 17_500_000)
        .program("/usr/local/bin/redis-cli", "redis-cli", 8_200_000)
        .dir_of("/data", 0o755, 999, 999)
        .file(
            "/usr/local/bin/docker-entrypoint.sh",
            0o755,
            "#!/bin/sh\n# Options and files of settings are for the server; anything else is a command.\nset -e\n\
             case \"$1\" in\n-* | *.conf) set -- redis-server \"$@\" ;;\nesac\nexec \"$@\"\n",
        );
    let kind = if is_alpine { "-alpine" } else { "" };
    let libc = if is_alpine { Libc::Musl } else { Libc::Glibc };
    let mut recipe = plain_recipe(tree, libc, format!("{version}{kind}"), 52_311_040);
    recipe.env = variables(&[("REDIS_VERSION", version)]);
    recipe.entrypoint = words(&["docker-entrypoint.sh"]);
    recipe.cmd = words(&["redis-server"]);
    recipe.working_dir = "/data".to_owned();
    recipe.exposed_ports = vec![6379];
    Some(recipe)
}

fn follower(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&["2", "1"])?;
    let base = Tag::parse("6.0.5")?;
    let mut recipe = recipe("redis", &base)?;
    recipe.version = version.to_owned();
    recipe.cmd = words(&[
        "sh",
        "-c",
        "leader=redis-leader; [ \"$GET_HOSTS_FROM\" != env ] || leader=$REDIS_LEADER_SERVICE_HOST\n\
         exec redis-server --replicaof $leader 6379 --protected-mode no",
    ]);
    Some(recipe)
}
