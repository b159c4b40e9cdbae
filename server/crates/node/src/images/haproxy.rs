//! `haproxy`.

use super::{
    alpine,
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::{errno::Libc, signal::Signal},
};

pub(super) const FAMILY: Family =
    Family { repositories: &["haproxy", "haproxytech/haproxy-alpine", "haproxytech/haproxy-debian"], recipe };

const ENTRYPOINT: &str = "\
#!/bin/sh
# Options are for the server; with -W it is master and worker.
set -e
case \"$1\" in
-*) set -- haproxy \"$@\" ;;
esac
if [ \"$1\" = haproxy ]; then
  shift
  set -- haproxy -W -db \"$@\"
fi
exec \"$@\"
";

fn recipe(repository: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&[
        "3.2.7", "3.1.9", "3.0.12", "2.9.15", "2.8.16", "2.7.12", "2.6.23", "2.5.14", "2.4.30", "2.3.21",
        "2.2.33", "2.1.12", "2.0.35", "1.9.16", "1.8.31", "1.7.14", "1.7",
    ])?;
    let is_alpine = tag.has("alpine") || repository.ends_with("alpine");
    let mut tree = if is_alpine {
        let account =
            alpine::Account { name: "haproxy", id: 99, home: "/var/lib/haproxy", shell: "/bin/false" };
        alpine::tree(alpine::NEWEST, &[account], &[])
    } else {
        let account = debian::Account {
            name: "haproxy",
            id: 99,
            comment: "",
            home: "/var/lib/haproxy",
            shell: "/bin/false",
        };
        debian::tree(debian::bookworm(), &[account], &[])
    };
    tree.program("/usr/local/sbin/haproxy", "haproxy", 16_800_000)
        .file("/usr/local/bin/docker-entrypoint.sh", 0o755, ENTRYPOINT)
        .dirs(&["/usr/local/etc/haproxy/errors"])
        .dir_of("/var/lib/haproxy", 0o755, 99, 99);
    let kind = if is_alpine { "-alpine" } else { "" };
    let libc = if is_alpine { Libc::Musl } else { Libc::Glibc };
    let mut recipe = plain_recipe(tree, libc, format!("{version}{kind}"), 38_797_312);
    recipe.env = variables(&[("HAPROXY_VERSION", version)]);
    recipe.entrypoint = words(&["docker-entrypoint.sh"]);
    recipe.cmd = words(&["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]);
    recipe.user = "haproxy".to_owned();
    recipe.working_dir = "/var/lib/haproxy".to_owned();
    recipe.stop_signal = Some(Signal::USR1);
    Some(recipe)
}
