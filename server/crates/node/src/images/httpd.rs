//! `httpd`: Apache's HTTP server on Debian and on Alpine.

use super::{
    alpine,
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::{errno::Libc, signal::Signal},
};

pub(super) const FAMILY: Family = Family { repositories: &["httpd"], recipe };

pub(super) const RELEASES: &[&str] = &[
    "2.4.65", "2.4.64", "2.4.63", "2.4.62", "2.4.61", "2.4.59", "2.4.58", "2.4.57", "2.4.56", "2.4.55",
    "2.4.54", "2.4.53", "2.4.52", "2.4.51", "2.4.49", "2.4.48", "2.4.46", "2.4.43", "2.4.41", "2.4.39",
    "2.4.38", "2.4.37", "2.4.35", "2.4.34", "2.4.33", "2.4.29", "2.4",
];

const FOREGROUND: &str = "\
#!/bin/sh
set -e

# What a server that was killed left behind.
rm -f /usr/local/apache2/logs/httpd.pid

exec httpd -DFOREGROUND \"$@\"
";

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(RELEASES)?;
    let is_alpine = tag.has("alpine");
    let mut tree = if is_alpine {
        let account =
            alpine::Account { name: "www-data", id: 82, home: "/home/www-data", shell: "/sbin/nologin" };
        alpine::tree(alpine::NEWEST, &[account], &[])
    } else {
        debian::tree(debian::bookworm(), &[], &[])
    };
    let prefix = "/usr/local/apache2";
    let path = |rest: &str| format!("{prefix}/{rest}");
    tree.program(&path("bin/htpasswd"), "gnu/htpasswd", 37_064)
        .program(&path("bin/httpd"), &format!("httpd/{version}"), 1_123_456)
        .file("/usr/local/bin/httpd-foreground", 0o755, FOREGROUND)
        .file(&path("conf/httpd.conf"), 0o644, include_str!("httpd/httpd.conf"))
        .file(&path("conf/original/httpd.conf"), 0o644, include_str!("httpd/httpd.conf"))
        .file(&path("conf/extra/httpd-vhosts.conf"), 0o644, include_str!("httpd/httpd-vhosts.conf"))
        .file(&path("conf/mime.types"), 0o644, mime_types())
        .file(&path("htdocs/index.html"), 0o644, "<html><body><h1>It works!</h1></body></html>\n")
        .dirs(&[&path("cgi-bin"), &path("error"), &path("icons"), &path("modules"), &path("logs")]);
    let kind = if is_alpine { "-alpine" } else { "" };
    let libc = if is_alpine { Libc::Musl } else { Libc::Glibc };
    let mut recipe = plain_recipe(tree, libc, format!("{version}{kind}"), 45_112_320);
    recipe.env = variables(&[
        ("PATH", "/usr/local/apache2/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HTTPD_PREFIX", prefix),
        ("HTTPD_VERSION", version),
        ("HTTPD_PATCHES", ""),
    ]);
    recipe.cmd = words(&["httpd-foreground"]);
    recipe.working_dir = prefix.to_owned();
    recipe.exposed_ports = vec![80];
    recipe.stop_signal = Some(Signal::WINCH);
    Some(recipe)
}

/// The types of files by their endings, from nginx's list.
fn mime_types() -> String {
    let lines = include_str!("nginx/mime.types").lines().filter_map(|line| line.trim().strip_suffix(';'));
    lines.map(|line| format!("{}\n", line.split_whitespace().collect::<Vec<_>>().join("\t"))).collect()
}
