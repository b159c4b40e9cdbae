//! `nginx` on Debian and on Alpine, and the images that are it in all but name.

use super::{
    alpine,
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag, TreeBuilder},
    kernel::{errno::Libc, signal::Signal},
};

pub(super) const FAMILY: Family = Family {
    repositories: &[
        "nginx",
        "nginxinc/nginx-unprivileged",
        "registry.k8s.io/nginx-slim",
        "k8s.gcr.io/nginx-slim",
        "gcr.io/google_containers/nginx-slim",
    ],
    recipe,
};

pub(super) const RELEASES: &[&str] = &[
    "1.29.3", "1.29.2", "1.29.1", "1.29.0", "1.28.0", "1.27.5", "1.27.4", "1.27.3", "1.27.2", "1.27.1",
    "1.27.0", "1.26.3", "1.26.2", "1.26.1", "1.26.0", "1.25.5", "1.25.4", "1.25.3", "1.25.2", "1.25.1",
    "1.25.0", "1.24.0", "1.23.4", "1.23.3", "1.23.2", "1.23.1", "1.23.0", "1.22.1", "1.22.0", "1.21.6",
    "1.21.5", "1.21.4", "1.21.3", "1.21.1", "1.21.0", "1.20.2", "1.20.1", "1.20.0", "1.19.10", "1.19.9",
    "1.19.8", "1.19.7", "1.19.6", "1.19.5", "1.19.4", "1.19.3", "1.19.2", "1.19.1", "1.19.0", "1.18.0",
    "1.17.10", "1.17.9", "1.17.8", "1.17.6", "1.17.4", "1.17.3", "1.17.1", "1.17.0", "1.16.1", "1.16.0",
    "1.15.12", "1.15.9", "1.15.8", "1.15.7", "1.15.6", "1.15.5", "1.15.4", "1.15.3", "1.15.2", "1.15.1",
    "1.15.0", "1.14.2", "1.14.1", "1.14.0", "1.13.12", "1.13.9", "1.13.8", "1.13.7", "1.13.6", "1.13.5",
    "1.13.3", "1.13.1", "1.13.0", "1.12.2", "1.12.1", "1.12.0", "1.11.13", "1.11.9", "1.11.5", "1.11",
    "1.10.3", "1.10.2", "1.10.1", "1.10", "1.9.15", "1.9.1", "1.9", "1.8.1", "1.8", "1.7.12", "1.7.9",
    "1.7.1", "1.7",
];
/// What `stable` means.
const STABLE: &str = "1.28.0";
/// Releases of `nginx-slim`, which has nothing but the server.
const SLIM_RELEASES: &[&str] = &["0.27", "0.26", "0.25", "0.24", "0.21", "0.9", "0.8", "0.7", "0.1"];

/// What a release of the image looks like.
#[derive(Clone, Copy)]
struct Build {
    /// The server's version.
    version: &'static str,
    /// Its minor number: most changes came with one.
    minor: u32,
    alpine: bool,
    slim: bool,
    /// Runs as another user, and so listens at 8080.
    unprivileged: bool,
}

impl Build {
    /// Since 1.19 an entry point prepares the configuration.
    fn has_entry_point(self) -> bool {
        self.minor >= 19
    }

    fn pid_file(self) -> &'static str {
        match (self.unprivileged, self.minor) {
            (true, _) => "/tmp/nginx.pid",
            (_, 29..) => "/run/nginx.pid",
            _ => "/var/run/nginx.pid",
        }
    }

    fn port(self) -> u16 {
        if self.unprivileged { 8080 } else { 80 }
    }
}

fn recipe(repository: &str, tag: &Tag) -> Option<Recipe> {
    let (version, label) = if repository.ends_with("nginx-slim") {
        (STABLE, tag.release(SLIM_RELEASES)?)
    } else if tag.version.is_empty() && tag.has("stable") {
        (STABLE, STABLE)
    } else {
        let version = tag.release(RELEASES)?;
        (version, version)
    };
    let build = Build {
        version,
        minor: version.split('.').nth(1)?.parse().ok()?,
        alpine: tag.has("alpine"),
        slim: tag.has("slim"),
        unprivileged: repository.ends_with("unprivileged"),
    };
    let tree = if build.alpine { alpine_tree(build) } else { debian_tree(build) };
    let libc = if build.alpine { Libc::Musl } else { Libc::Glibc };
    let kind =
        format!("{}{}", if build.alpine { "-alpine" } else { "" }, if build.slim { "-slim" } else { "" });
    let size = if build.alpine { 22_542_912 } else { 59_795_293 };
    let mut recipe = plain_recipe(tree, libc, format!("{label}{kind}"), size);
    let base = if build.alpine { "1" } else { "1~trixie" };
    recipe.env = variables(&[("NGINX_VERSION", version), ("PKG_RELEASE", base), ("DYNPKG_RELEASE", base)]);
    if !build.slim {
        recipe.env.extend(variables(&[("NJS_VERSION", "0.9.4"), ("NJS_RELEASE", base)]));
    }
    recipe.cmd = words(&["nginx", "-g", "daemon off;"]);
    if build.has_entry_point() {
        recipe.entrypoint = words(&["/docker-entrypoint.sh"]);
    }
    recipe.exposed_ports = vec![build.port()];
    recipe.stop_signal = Some(if build.has_entry_point() { Signal::QUIT } else { Signal::TERM });
    if build.unprivileged {
        recipe.user = "101".to_owned();
    }
    Some(recipe)
}

/// The newest release on Alpine with another site than the default one, as an image of the version `label`.
pub(super) fn with_site(site: &str, label: &str) -> Option<Recipe> {
    let version = RELEASES.first()?;
    let minor = version.split('.').nth(1)?.parse().ok()?;
    let build = Build { version, minor, alpine: true, slim: false, unprivileged: false };
    let mut tree = alpine_tree(build);
    tree.file("/etc/nginx/conf.d/default.conf", 0o644, site.to_owned());
    let mut recipe = plain_recipe(tree, Libc::Musl, label.to_owned(), 22_542_912);
    recipe.env = variables(&[("NGINX_VERSION", version)]);
    recipe.entrypoint = words(&["/docker-entrypoint.sh"]);
    recipe.cmd = words(&["nginx", "-g", "daemon off;"]);
    recipe.exposed_ports = vec![build.port()];
    recipe.stop_signal = Some(Signal::QUIT);
    Some(recipe)
}

fn alpine_tree(build: Build) -> TreeBuilder {
    let account =
        alpine::Account { name: "nginx", id: 101, home: "/var/cache/nginx", shell: "/sbin/nologin" };
    let mut packages = vec!["gettext-envsubst", "tzdata"];
    if build.minor >= 20 && !build.slim {
        packages.push("curl");
    }
    let mut tree = alpine::tree(alpine::NEWEST, &[account], &packages);
    add_server(&mut tree, build);
    tree
}

fn debian_tree(build: Build) -> TreeBuilder {
    let account = debian::Account {
        name: "nginx",
        id: 101,
        comment: "nginx user",
        home: "/nonexistent",
        shell: "/bin/false",
    };
    let mut packages = vec!["ca-certificates", "gettext-base"];
    if build.has_entry_point() {
        packages.push("curl");
    }
    let release = if build.minor >= 29 { debian::newest() } else { debian::bookworm() };
    let mut tree = debian::tree(release, &[account], &packages);
    add_server(&mut tree, build);
    tree.file("/etc/init.d/nginx", 0o755, include_str!("nginx/init.d.sh"));
    tree
}

fn add_server(tree: &mut TreeBuilder, build: Build) {
    let level = if build.minor >= 21 { "notice" } else { "warn" };
    let mut main =
        include_str!("nginx/nginx.conf").replace("LEVEL", level).replace("PIDFILE", build.pid_file());
    let mut site = include_str!("nginx/default.conf").to_owned();
    if build.minor < 19 {
        main = main.replace("worker_processes  auto;", "worker_processes  1;");
    }
    if build.unprivileged {
        site = site.replace("80;", "8080;");
        main = main.replace("\nuser  nginx;\n", "");
        let places = ["client_temp", "proxy_temp", "fastcgi_temp", "uwsgi_temp", "scgi_temp"];
        let paths: String = places
            .iter()
            .map(|place| {
                let directive = match *place {
                    "client_temp" => "client_body_temp_path",
                    "proxy_temp" => "proxy_temp_path",
                    "fastcgi_temp" => "fastcgi_temp_path",
                    "uwsgi_temp" => "uwsgi_temp_path",
                    _ => "scgi_temp_path",
                };
                format!("    {directive} /tmp/{place};\n")
            })
            .collect();
        main = main.replace("http {\n", &format!("http {{\n{paths}"));
    }
    tree.program("/usr/sbin/nginx", &format!("nginx/{}", build.version), 1_579_048)
        .link("/usr/sbin/nginx-debug", "nginx")
        .file("/etc/nginx/nginx.conf", 0o644, main)
        .file("/etc/nginx/conf.d/default.conf", 0o644, site.clone())
        .file("/usr/share/doc/nginx/default.conf", 0o644, site)
        .file("/etc/nginx/mime.types", 0o644, include_str!("nginx/mime.types"))
        .file("/etc/nginx/fastcgi_params", 0o644, gateway_params("fastcgi"))
        .file("/etc/nginx/scgi_params", 0o644, gateway_params("scgi"))
        .file("/etc/nginx/uwsgi_params", 0o644, gateway_params("uwsgi"))
        .link("/etc/nginx/modules", "/usr/lib/nginx/modules")
        .dirs(&["/usr/lib/nginx/modules", "/var/cache/nginx", "/var/log/nginx", "/run"])
        .file("/usr/share/nginx/html/index.html", 0o644, include_str!("nginx/index.html"))
        .file("/usr/share/nginx/html/50x.html", 0o644, include_str!("nginx/50x.html"))
        .link("/var/log/nginx/access.log", "/dev/stdout")
        .link("/var/log/nginx/error.log", "/dev/stderr");
    if build.unprivileged {
        tree.dir_of("/var/cache/nginx", 0o775, 101, 0).dir_of("/etc/nginx/conf.d", 0o775, 101, 0);
    }
    if build.has_entry_point() {
        tree.file("/docker-entrypoint.sh", 0o775, include_str!("nginx/docker-entrypoint.sh"));
        for (name, text) in [
            ("10-listen-on-ipv6-by-default.sh", include_str!("nginx/10-listen-on-ipv6-by-default.sh")),
            ("15-local-resolvers.envsh", include_str!("nginx/15-local-resolvers.envsh")),
            ("20-envsubst-on-templates.sh", include_str!("nginx/20-envsubst-on-templates.sh")),
            ("30-tune-worker-processes.sh", include_str!("nginx/30-tune-worker-processes.sh")),
        ] {
            tree.file(&format!("/docker-entrypoint.d/{name}"), 0o775, text);
        }
    }
}

/// The parameters that a gateway protocol is given: a name and the variable with its value.
fn gateway_params(protocol: &str) -> String {
    const PARAMS: [(&str, &str); 14] = [
        ("QUERY_STRING", "$query_string"),
        ("REQUEST_METHOD", "$request_method"),
        ("CONTENT_TYPE", "$content_type"),
        ("CONTENT_LENGTH", "$content_length"),
        ("REQUEST_URI", "$request_uri"),
        ("DOCUMENT_URI", "$document_uri"),
        ("DOCUMENT_ROOT", "$document_root"),
        ("SERVER_PROTOCOL", "$server_protocol"),
        ("REQUEST_SCHEME", "$scheme"),
        ("HTTPS", "$https if_not_empty"),
        ("REMOTE_ADDR", "$remote_addr"),
        ("REMOTE_PORT", "$remote_port"),
        ("SERVER_PORT", "$server_port"),
        ("SERVER_NAME", "$server_name"),
    ];
    PARAMS.iter().map(|(name, value)| format!("{protocol}_param  {name:<18} {value};\n")).collect()
}
