//! `etcd`, and its client (see `servers::etcd`).

use super::base::{image_date, plain_recipe, variables, words};
use crate::{
    image::{Family, Recipe, Tag, TreeBuilder},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family {
    repositories: &[
        "registry.k8s.io/etcd",
        "k8s.gcr.io/etcd",
        "quay.io/coreos/etcd",
        "gcr.io/etcd-development/etcd",
    ],
    recipe,
};

pub(super) const RELEASES: &[&str] = &[
    "3.6.5", "3.6.4", "3.5.24", "3.5.21", "3.5.16", "3.5.15", "3.5.12", "3.5.10", "3.5.9", "3.5.7", "3.5.6",
    "3.5.4", "3.5.3", "3.5.1", "3.5.0", "3.4.37", "3.4.13", "3.4.3", "3.3.15",
];

fn recipe(repository: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(RELEASES)?;
    let mut tree = TreeBuilder::new(image_date());
    tree.dir("/tmp", 0o1777)
        .dirs(&["/etc", "/var/etcd", "/var/lib/etcd"])
        .file("/etc/passwd", 0o644, "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")
        .file("/etc/group", 0o644, "root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\nnonroot:x:65532:\n")
        .file("/etc/nsswitch.conf", 0o644, "hosts: files dns\n")
        .program("/usr/local/bin/etcd", &format!("etcd/{version}"), 25_382_912)
        .program("/usr/local/bin/etcdctl", &format!("etcdctl/{version}"), 18_866_176);
    let mut recipe = plain_recipe(tree, Libc::Glibc, version.to_owned(), 58_938_593);
    recipe.env = variables(&[("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")]);
    recipe.exposed_ports = vec![2379, 2380];
    // The release of etcd's own project runs the server; that of Kubernetes leaves it to the manifest.
    if !repository.contains("k8s") {
        recipe.cmd = words(&["/usr/local/bin/etcd"]);
        recipe.working_dir = "/var/etcd/".to_owned();
    }
    Some(recipe)
}
