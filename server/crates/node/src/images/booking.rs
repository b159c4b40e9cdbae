//! The booking application with its adapters, and `training/webapp`: images of the courses that podlab follows.

use super::{
    alpine,
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::errno::Libc,
};

pub(super) const BOOKING: Family = Family {
    repositories: &["pgolard/test-main-booking", "pgolard/test-adapter-airbnb", "pgolard/test-adapter-kayak"],
    recipe: booking,
};

pub(super) const WEBAPP: Family = Family { repositories: &["training/webapp"], recipe: webapp };

fn booking(repository: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&["4", "3", "2", "1"])?;
    let (program, port) = match repository {
        "pgolard/test-main-booking" => ("booking", 33),
        "pgolard/test-adapter-airbnb" => ("airbnb-adapter", 9096),
        _ => ("kayak-adapter", 9096),
    };
    let account = alpine::Account { name: "node", id: 1000, home: "/home/node", shell: "/bin/sh" };
    let mut tree = alpine::tree(alpine::NEWEST, &[account], &[]);
    // Node.js itself is not simulated: what is run under its name is the application.
    tree.program("/usr/local/bin/node", program, 97_410_336).dir_of("/home/node", 0o755, 1000, 1000).file(
        "/usr/src/app/package.json",
        0o644,
        format!("{{\n  \"name\": \"{program}\",\n  \"main\": \"server.js\"\n}}\n"),
    );
    let mut recipe = plain_recipe(tree, Libc::Musl, version.to_owned(), 46_710_913);
    recipe.env = variables(&[("NODE_VERSION", "12.16.3"), ("YARN_VERSION", "1.22.4")]);
    recipe.cmd = words(&["node", "server.js"]);
    recipe.working_dir = "/usr/src/app".to_owned();
    recipe.exposed_ports = vec![port];
    Some(recipe)
}

fn webapp(_: &str, tag: &Tag) -> Option<Recipe> {
    if !tag.version.is_empty() {
        return None;
    }
    let mut tree = debian::tree(debian::newest(), &[], &["curl", "procps", "net-tools"]);
    tree.program("/usr/bin/python", "webapp", 3_345_416)
        .file("/opt/webapp/requirements.txt", 0o644, "Flask\n")
        .file("/opt/webapp/Procfile", 0o644, "web: python app.py\n");
    let mut recipe = plain_recipe(tree, Libc::Glibc, "1".to_owned(), 87_311_219);
    recipe.cmd = words(&["python", "app.py"]);
    recipe.working_dir = "/opt/webapp".to_owned();
    recipe.exposed_ports = vec![5000];
    Some(recipe)
}
