//! What families have in common: layouts of directories, and which commands lie where.

use jiff::{Timestamp, civil::date};

use crate::image::TreeBuilder;

/// When the files of images were made.
pub(super) fn image_date() -> Timestamp {
    // A valid date, in a time zone without surprises.
    date(2025, 10, 20)
        .at(0, 0, 0, 0)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_or(Timestamp::UNIX_EPOCH, |date| date.timestamp())
}

/// The shells and the odd names of busybox, besides its applets.
const SHELLS: [&str; 5] = ["ash", "busybox", "sh", "[", "[["];

/// Names of all applets, and of the shells.
pub(super) fn applets() -> Vec<&'static str> {
    let mut names: Vec<_> = crate::commands::names().chain(SHELLS).collect();
    names.sort_unstable();
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
