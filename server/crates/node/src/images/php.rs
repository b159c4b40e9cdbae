//! Applications in PHP behind Apache (see `servers::php`): the front end of the guestbook, and WordPress.

use super::{
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::{errno::Libc, signal::Signal},
};

pub(super) const GUESTBOOK: Family = Family {
    repositories: &[
        "gcr.io/google-samples/gb-frontend",
        "gcr.io/google_samples/gb-frontend",
        "us-docker.pkg.dev/google-samples/containers/gke/gb-frontend",
    ],
    recipe: guestbook,
};

pub(super) const WORDPRESS: Family = Family { repositories: &["wordpress"], recipe: wordpress };

const ENTRYPOINT: &str = "\
#!/bin/bash
set -e
# The application is in the image; where it runs may be a volume.
if [ \"$1\" = apache2-foreground ] && [ ! -e index.php ]; then
    echo >&2 \"WordPress not found in $PWD - copying now...\"
    cp -r /usr/src/wordpress/. .
    echo >&2 \"Complete! WordPress has been successfully copied to $PWD\"
fi
given=$(env | sed -n 's/^\\(WORDPRESS_DB_[A-Z_]*\\)=.*/\\1/p' | sort | tr '\\n' ' ')
if [ -n \"$given\" ] && [ ! -e wp-config.php ]; then
    echo >&2 \"No 'wp-config.php' found in $PWD, but 'WORDPRESS_...' variables supplied; copying 'wp-config-docker.php' (${given% })\"
    cp /usr/src/wordpress/wp-config-docker.php wp-config.php
fi
exec \"$@\"
";

fn apache(tag: &Tag, releases: &[&'static str], program: &str) -> Option<(Recipe, &'static str)> {
    let version = tag.release(releases)?;
    let mut tree = debian::tree(debian::bookworm(), &[], &["curl"]);
    tree.program("/usr/local/bin/apache2-foreground", program, 739_000)
        .dir_of("/var/www/html", 0o1777, 33, 33)
        .dirs(&["/etc/apache2/sites-enabled", "/var/log/apache2"]);
    if program == "wordpress" {
        tree.file("/usr/local/bin/docker-entrypoint.sh", 0o755, ENTRYPOINT)
            .file("/usr/src/wordpress/index.php", 0o644, "<?php\nrequire __DIR__ . '/wp-blog-header.php';\n")
            .file(
                "/usr/src/wordpress/wp-config-docker.php",
                0o644,
                "<?php\n// Settings come from WORDPRESS_... variables.\n",
            )
            .file("/usr/src/wordpress/wp-login.php", 0o644, "<?php\n")
            .dirs(&[
                "/usr/src/wordpress/wp-admin",
                "/usr/src/wordpress/wp-content/plugins",
                "/usr/src/wordpress/wp-content/themes",
                "/usr/src/wordpress/wp-includes",
            ]);
    } else {
        tree.file("/var/www/html/guestbook.php", 0o644, "<?php\n").file(
            "/var/www/html/index.html",
            0o644,
            "",
        );
    }
    let mut recipe = plain_recipe(tree, Libc::Glibc, version.to_owned(), 180_000_000);
    recipe.cmd = words(&["apache2-foreground"]);
    recipe.working_dir = "/var/www/html".to_owned();
    recipe.exposed_ports = vec![80];
    recipe.stop_signal = Some(Signal::WINCH);
    Some((recipe, version))
}

fn guestbook(_: &str, tag: &Tag) -> Option<Recipe> {
    let (mut recipe, version) = apache(tag, &["6", "5", "4", "3"], "guestbook")?;
    recipe.env = variables(&[("GUESTBOOK_VERSION", version), ("APACHE_CONFDIR", "/etc/apache2")]);
    Some(recipe)
}

fn wordpress(_: &str, tag: &Tag) -> Option<Recipe> {
    let releases = [
        "6.8.3", "6.8.2", "6.7.2", "6.6.2", "6.5.5", "6.4.3", "6.3.2", "6.2.1", "6.1.1", "5.9.3", "5.8.3",
        "5.6", "4.9.8", "4.8",
    ];
    let (mut recipe, version) = apache(tag, &releases, "wordpress")?;
    recipe.entrypoint = words(&["docker-entrypoint.sh"]);
    recipe.env = variables(&[
        ("WORDPRESS_VERSION", version),
        ("PHP_VERSION", "8.2.12"),
        ("APACHE_CONFDIR", "/etc/apache2"),
        ("APACHE_ENVVARS", "/etc/apache2/envvars"),
    ]);
    Some(recipe)
}
