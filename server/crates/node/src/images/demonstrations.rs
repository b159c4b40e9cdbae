//! Programs that books and courses demonstrate with: `kuard`, `httpbin`.

use super::{
    alpine,
    base::{plain_recipe, words},
    ubuntu,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::errno::Libc,
};

pub(super) const KUARD: Family = Family { repositories: &["gcr.io/kuar-demo/kuard-amd64"], recipe: kuard };
pub(super) const HTTPBIN: Family = Family { repositories: &["kennethreitz/httpbin"], recipe: httpbin };

/// What the tags of `kuard` are: the same program under several names.
pub(super) const KUARD_RELEASES: &[&str] = &["blue", "green", "purple", "1", "2", "3"];

fn kuard(_: &str, tag: &Tag) -> Option<Recipe> {
    let color = KUARD_RELEASES.iter().find(|release| tag.has(release));
    let release = match color {
        Some(color) => color,
        None => tag.release(&["3", "2", "1"])?,
    };
    let mut tree = alpine::tree(alpine::NEWEST, &[], &[]);
    tree.program("/kuard", &format!("kuard/{release}"), 18_000_000);
    let mut recipe = plain_recipe(tree, Libc::Musl, release.to_owned(), 11_500_000);
    recipe.cmd = words(&["/kuard"]);
    recipe.user = "65534:65534".to_owned();
    Some(recipe)
}

fn httpbin(_: &str, tag: &Tag) -> Option<Recipe> {
    if !tag.version.is_empty() {
        return None;
    }
    let mut tree = ubuntu::bionic();
    // Python itself is not simulated: what is run under its server's name is the application.
    tree.program("/usr/local/bin/gunicorn", "httpbin", 200_000).dirs(&["/httpbin"]);
    let mut recipe = plain_recipe(tree, Libc::Glibc, "latest".to_owned(), 190_000_000);
    recipe.cmd = words(&["gunicorn", "-b", "0.0.0.0:80", "httpbin:app", "-k", "gevent"]);
    recipe.exposed_ports = vec![80];
    Some(recipe)
}
