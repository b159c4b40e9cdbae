//! Images that are nginx with a configuration: examples of documentation.

use super::nginx;
use crate::image::{Family, Recipe, Tag};

pub(super) const FAMILY: Family = Family {
    repositories: &["nginxdemos/hello", "nginxdemos/nginx-hello", "gcr.io/google-samples/hello-frontend"],
    recipe,
};

/// What `nginxdemos/hello:plain-text` says of itself.
const PLAIN: &str = "\
server {
    listen 80;
    listen [::]:80;

    location / {
        default_type text/plain;
        expires -1;
        return 200 'Server address: $server_addr:$server_port\\nServer name: $hostname\\nDate: $time_local\\nURI: $request_uri\\nRequest ID: $request_id\\n';
    }
}
";

/// The same as a page.
const PAGE: &str = "\
server {
    listen 80;
    listen [::]:80;

    location / {
        default_type text/html;
        expires -1;
        return 200 '<!DOCTYPE html>\\n<html>\\n<head>\\n<title>Hello World</title>\\n</head>\\n<body>\\n<p><span>Server&nbsp;address:</span> <span>$server_addr:$server_port</span></p>\\n<p><span>Server&nbsp;name:</span> <span>$hostname</span></p>\\n<p class=\"smaller\"><span>Date:</span> <span>$time_local</span></p>\\n<p class=\"smaller\"><span>URI:</span> <span>$request_uri</span></p>\\n<p class=\"smaller\"><span>Request ID:</span> <span>$request_id</span></p>\\n</body>\\n</html>\\n';
    }
}
";

/// A front end whose back end is the Service `hello`.
const FRONTEND: &str = "\
upstream Backend {
    server hello;
}

server {
    listen 80;

    location / {
        proxy_pass http://Backend;
    }
}
";

fn recipe(repository: &str, tag: &Tag) -> Option<Recipe> {
    let (site, releases): (_, &[&str]) = match repository {
        "gcr.io/google-samples/hello-frontend" => (FRONTEND, &["1.0"]),
        _ if tag.has("plain") => (PLAIN, &["0.4", "0.3", "0.2"]),
        _ => (PAGE, &["0.4", "0.3", "0.2"]),
    };
    let version = tag.release(releases)?;
    nginx::with_site(site, version)
}
