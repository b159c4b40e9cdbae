//! Exporters for Prometheus.

use super::base::image_date;
use crate::{
    image::{Family, Recipe, Tag, TreeBuilder},
    kernel::errno::Libc,
};

pub(super) const NGINX: Family = Family { repositories: &["nginx/nginx-prometheus-exporter"], recipe: nginx };
pub(super) const NODE: Family = Family {
    repositories: &["prom/node-exporter", "quay.io/prometheus/node-exporter", "bitnami/node-exporter"],
    recipe: node,
};

pub(super) const NGINX_RELEASES: &[&str] = &[
    "1.5.1", "1.5.0", "1.4.2", "1.4.1", "1.3.0", "1.2.0", "1.1.0", "1.0.0", "0.11.0", "0.10.0", "0.9.0",
    "0.8.0", "0.4.2",
];
pub(super) const NODE_RELEASES: &[&str] =
    &["1.10.2", "1.9.1", "1.8.2", "1.7.0", "1.6.1", "1.5.0", "1.3.1", "1.2.2", "1.0.1", "0.18.1"];

/// An image made of one program and what is in `tree`.
fn single(
    mut tree: TreeBuilder,
    path: &str,
    program: &str,
    version: &str,
    user: &str,
    port: u16,
    bytes: u64,
) -> Recipe {
    tree.program(path, &format!("{program}/{version}"), bytes);
    Recipe {
        root: tree.finish_image(),
        libc: Libc::Glibc,
        env: Vec::new(),
        entrypoint: vec![path.to_owned()],
        cmd: Vec::new(),
        user: user.to_owned(),
        working_dir: "/".to_owned(),
        exposed_ports: vec![port],
        stop_signal: None,
        size_bytes: bytes,
        version: version.to_owned(),
    }
}

fn nginx(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(NGINX_RELEASES)?;
    let path = "/usr/bin/nginx-prometheus-exporter";
    let tree = TreeBuilder::new(image_date());
    Some(single(tree, path, "nginx-prometheus-exporter", version, "1001:1001", 9113, 12_200_000))
}

fn node(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(NODE_RELEASES)?;
    // Unlike the other one it has busybox in it.
    Some(single(
        super::busybox::tree(),
        "/bin/node_exporter",
        "node_exporter",
        version,
        "nobody",
        9100,
        23_000_000,
    ))
}
