//! What families have in common: layouts of directories, where programs lie, what a distribution writes into `/etc`.

use jiff::{Timestamp, civil::date};

use super::{
    applets,
    packages::{Installed, program_of},
};
use crate::{
    image::{Recipe, TreeBuilder},
    kernel::errno::Libc,
    rng::stable_hash,
};

/// When the files of images were made.
pub(super) fn image_date() -> Timestamp {
    // A valid date, in a time zone without surprises.
    date(2025, 10, 20)
        .at(0, 0, 0, 0)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_or(Timestamp::UNIX_EPOCH, |date| date.timestamp())
}

/// Names of the applets that the `busybox` image has, and of the shells.
pub(crate) fn busybox_applets() -> Vec<&'static str> {
    let mut names: Vec<_> = applets::busybox().into_iter().filter(|name| applets::runs(name)).collect();
    names.push("busybox");
    names
}

/// Directories that every root has, with the modes that they have everywhere.
pub(super) fn skeleton(tree: &mut TreeBuilder) {
    tree.dirs(&["/bin", "/dev", "/etc", "/home", "/proc", "/sys", "/usr", "/var"])
        .dir("/root", 0o700)
        .dir("/tmp", 0o1777)
        .dir("/proc", 0o555)
        .dir("/sys", 0o555);
}

/// Adds what an entry of a package's `Programs` says (see [`program_of`]), as large as a program of that name might be.
pub(super) fn add_program(tree: &mut TreeBuilder, entry: &str) {
    match program_of(entry) {
        Some((path, Installed::Link(target))) => {
            tree.link(path, target);
        }
        Some((path, Installed::Program(program))) => {
            tree.program(path, &program, program_size(path));
        }
        None => {}
    }
}

/// How large the program at a path might be, in bytes.
fn program_size(path: &str) -> u64 {
    30_000 + (stable_hash(path.as_bytes()) % 120) * 968
}

/// A recipe with nothing special about it: what is special is changed afterwards.
pub(super) fn plain_recipe(tree: TreeBuilder, libc: Libc, version: String, size_bytes: u64) -> Recipe {
    Recipe {
        root: tree.finish_image(),
        libc,
        env: Vec::new(),
        entrypoint: Vec::new(),
        cmd: Vec::new(),
        user: String::new(),
        working_dir: String::new(),
        exposed_ports: Vec::new(),
        stop_signal: None,
        size_bytes,
        version,
    }
}

/// Words as a command line.
pub(super) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Environment variables.
pub(super) fn variables(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
