//! `perl`, as far as one-liners that print go (see `commands::perl`).

use super::{
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family { repositories: &["perl"], recipe };

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&[
        "5.42.0", "5.40.2", "5.38.4", "5.38.2", "5.36.3", "5.36.0", "5.34.3", "5.34.1", "5.34.0", "5.32.1",
        "5.32.0", "5.30.3", "5.30.0", "5.28.3", "5.26.3",
    ])?;
    let release = if tag.has("bookworm") { debian::bookworm() } else { debian::newest() };
    let packages: &[&str] = if tag.has("slim") { &[] } else { &["curl", "wget", "procps"] };
    let mut tree = debian::tree(release, &[], packages);
    let own = format!("perl{version}");
    tree.program(&format!("/usr/local/bin/{own}"), "gnu/perl", 2_100_000)
        .link("/usr/local/bin/perl", &own)
        .dirs(&["/usr/src/app", &format!("/usr/local/lib/perl5/{version}")]);
    let mut recipe = plain_recipe(tree, Libc::Glibc, version.to_owned(), 340_000_000);
    recipe.env = variables(&[
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("PERL_VERSION", version),
    ]);
    recipe.cmd = words(&[&own, "-de0"]);
    recipe.working_dir = "/usr/src/app".to_owned();
    Some(recipe)
}
