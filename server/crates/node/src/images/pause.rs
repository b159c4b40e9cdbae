//! `pause`: a process that holds a Pod's namespaces and reaps its orphans.

use super::base::image_date;
use crate::{
    image::{Family, Recipe, Tag, TreeBuilder},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family {
    repositories: &["registry.k8s.io/pause", "k8s.gcr.io/pause", "gcr.io/google_containers/pause"],
    recipe,
};

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let version =
        tag.release(&["3.10.1", "3.10", "3.9", "3.8", "3.7", "3.6", "3.5", "3.4.1", "3.3", "3.2", "3.1"])?;
    let mut tree = TreeBuilder::new(image_date());
    tree.program("/pause", "pause", 517_488);
    Some(Recipe {
        root: tree.finish_image(),
        libc: Libc::Glibc,
        env: Vec::new(),
        entrypoint: vec!["/pause".to_owned()],
        cmd: Vec::new(),
        user: "65535:65535".to_owned(),
        working_dir: "/".to_owned(),
        exposed_ports: Vec::new(),
        stop_signal: None,
        size_bytes: 320_448,
        version: version.to_owned(),
    })
}
