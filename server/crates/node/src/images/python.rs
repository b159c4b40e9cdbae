//! `python`, as far as its small web server goes (see `servers::python`).

use super::{
    alpine,
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::{errno::Libc, signal::Signal},
};

pub(super) const FAMILY: Family = Family { repositories: &["python"], recipe };

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&[
        "3.14.0", "3.13.9", "3.13.7", "3.12.12", "3.12.4", "3.11.14", "3.11.9", "3.10.19", "3.9.24",
        "3.9.19", "3.8.20", "3.7.17", "3.6.15",
    ])?;
    let is_alpine = tag.has("alpine");
    let mut tree = if is_alpine {
        alpine::tree(alpine::NEWEST, &[], &["tzdata"])
    } else {
        let release = if tag.has("bookworm") { debian::bookworm() } else { debian::newest() };
        // The slim ones are Debian as it comes; the others have what is needed to build with.
        let packages: &[&str] = if tag.has("slim") { &[] } else { &["curl", "wget", "procps"] };
        debian::tree(release, &[], packages)
    };
    let minor = version.rsplit_once('.').map_or(version, |(minor, _)| minor);
    let own = format!("/usr/local/bin/python{minor}");
    tree.program(&own, "python", 5_900_000)
        .link("/usr/local/bin/python3", &format!("python{minor}"))
        .link("/usr/local/bin/python", "python3")
        .dirs(&[&format!("/usr/local/lib/python{minor}/site-packages")]);
    let kind = if is_alpine { "-alpine" } else { "" };
    let libc = if is_alpine { Libc::Musl } else { Libc::Glibc };
    let mut recipe = plain_recipe(tree, libc, format!("{version}{kind}"), 45_000_000);
    recipe.env = variables(&[
        ("PATH", "/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("LANG", "C.UTF-8"),
        ("PYTHON_VERSION", version),
    ]);
    recipe.cmd = words(&["python3"]);
    recipe.stop_signal = Some(Signal::TERM);
    Some(recipe)
}
