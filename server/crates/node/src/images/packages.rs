//! Packages of distributions: what images are made of, and what `apt-get` and `apk` can add to a container.
//!
//! The packages are data: `packages/*.control`, written as Debian writes its lists (deb822), with a field `Programs`
//! that says where a package's programs lie (see [`program_of`] for how) and sizes in kB (`Installed-Size`) and bytes
//! (`Size`, what is downloaded).

use std::{collections::BTreeMap, sync::LazyLock};

use super::base::add_program;
use crate::{commands, image::TreeBuilder};

/// Whose packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distribution {
    Alpine,
    /// Debian and Ubuntu.
    Debian,
}

/// What can be installed at once.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// Packages that it needs.
    pub(crate) needs: Vec<&'static str>,
    /// Another name that it answers to.
    pub(crate) provides: Option<&'static str>,
    /// Its programs: `PATH`, `PATH=PROGRAM` or `PATH>TARGET`.
    pub(crate) programs: Vec<&'static str>,
    /// What it takes on disk, in kB.
    pub(crate) installed_kb: u64,
    /// What is downloaded, in bytes.
    pub(crate) download_bytes: u64,
    pub(crate) summary: &'static str,
}

/// What a package puts at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Installed<'a> {
    /// An executable file for this program.
    Program(String),
    /// A symbolic link.
    Link(&'a str),
}

/// Reads an entry of `Programs`: `PATH` (the program is GNU's of that name), `PATH=PROGRAM`, or `PATH>TARGET` for a
/// symbolic link. `None` for a program that podlab cannot run: it is left out, so that a shell says that it is not found.
pub(crate) fn program_of(entry: &str) -> Option<(&str, Installed<'_>)> {
    if let Some((path, target)) = entry.split_once('>') {
        return Some((path, Installed::Link(target)));
    }
    let (path, program) = match entry.split_once('=') {
        Some((path, program)) => (path, program.to_owned()),
        None => (entry, format!("gnu/{}", entry.rsplit('/').next().unwrap_or(entry))),
    };
    commands::program(program.as_bytes()).is_some().then_some((path, Installed::Program(program)))
}

impl Package {
    fn parse(stanza: &'static str) -> Option<Self> {
        let fields: BTreeMap<_, _> = stanza.lines().filter_map(|line| line.split_once(": ")).collect();
        let field = |name: &str| fields.get(name).copied();
        let number = |name: &str| field(name)?.parse().ok();
        Some(Self {
            name: field("Package")?,
            version: field("Version")?,
            needs: field("Depends").map_or_else(Vec::new, |needs| needs.split(", ").collect()),
            provides: field("Provides"),
            programs: field("Programs").map_or_else(Vec::new, |programs| programs.split(' ').collect()),
            installed_kb: number("Installed-Size")?,
            download_bytes: number("Size")?,
            summary: field("Description")?,
        })
    }

    /// Whether somebody who installs it gets what it is for: one whose programs podlab cannot run is not offered.
    pub(crate) fn is_offered(&self) -> bool {
        self.programs.is_empty()
            || self.programs.iter().any(|entry| matches!(program_of(entry), Some((_, Installed::Program(_)))))
    }
}

/// The packages that every Alpine image has.
pub(super) const ALPINE_BASE: &[&str] = &[
    "alpine-baselayout",
    "alpine-keys",
    "alpine-release",
    "apk-tools",
    "busybox",
    "ca-certificates-bundle",
    "musl",
    "musl-utils",
    "ssl_client",
    "zlib",
    "libcrypto3",
    "libssl3",
];

/// The packages that every Debian image has.
pub(super) const DEBIAN_BASE: &[&str] = &[
    "apt",
    "base-files",
    "base-passwd",
    "bash",
    "bsdutils",
    "coreutils",
    "dash",
    "debconf",
    "debian-archive-keyring",
    "debianutils",
    "diffutils",
    "dpkg",
    "findutils",
    "grep",
    "gzip",
    "hostname",
    "init-system-helpers",
    "libc-bin",
    "libc6",
    "login",
    "mawk",
    "mount",
    "ncurses-base",
    "ncurses-bin",
    "passwd",
    "perl-base",
    "sed",
    "sysvinit-utils",
    "tar",
    "tzdata",
    "util-linux",
    "zlib1g",
];

static ALPINE: LazyLock<Vec<Package>> = LazyLock::new(|| parse(include_str!("packages/alpine.control")));
static DEBIAN: LazyLock<Vec<Package>> = LazyLock::new(|| parse(include_str!("packages/debian.control")));

fn parse(text: &'static str) -> Vec<Package> {
    text.split("\n\n").filter_map(Package::parse).collect()
}

/// All packages of a distribution, sorted by name.
pub(crate) fn all(distribution: Distribution) -> &'static [Package] {
    match distribution {
        Distribution::Alpine => &ALPINE,
        Distribution::Debian => &DEBIAN,
    }
}

/// The package of this name.
pub(crate) fn find(distribution: Distribution, name: &str) -> Option<&'static Package> {
    all(distribution).iter().find(|package| package.name == name || package.provides == Some(name))
}

/// These packages and all that they need, what is needed first.
pub(crate) fn with_needs(distribution: Distribution, names: &[&str]) -> Vec<&'static Package> {
    let mut found: Vec<&'static Package> = Vec::new();
    for package in names.iter().filter_map(|name| find(distribution, name)) {
        for package in with_needs(distribution, &package.needs).into_iter().chain([package]) {
            if !found.iter().any(|known| known.name == package.name) {
                found.push(package);
            }
        }
    }
    found
}

/// Where a package manager notes what is installed.
pub(crate) fn record_path(distribution: Distribution) -> &'static str {
    match distribution {
        Distribution::Alpine => "/lib/apk/db/installed",
        Distribution::Debian => "/var/lib/dpkg/status",
    }
}

/// Puts packages into an image, and writes them into its package manager's records.
pub(super) fn install(tree: &mut TreeBuilder, distribution: Distribution, names: &[&str]) {
    let mut record = String::new();
    for package in with_needs(distribution, names) {
        for entry in &package.programs {
            add_program(tree, entry);
        }
        record.push_str(&record_of(distribution, package));
    }
    tree.file(record_path(distribution), 0o644, record);
}

/// How a package manager notes an installed package.
pub(crate) fn record_of(distribution: Distribution, package: &Package) -> String {
    let Package { name, version, needs, installed_kb, summary, .. } = package;
    match distribution {
        Distribution::Alpine => {
            format!(
                "P:{name}\nV:{version}\nA:x86_64\nI:{}\nT:{summary}\nD:{}\n\n",
                installed_kb * 1024,
                needs.join(" ")
            )
        }
        Distribution::Debian => {
            let depends =
                if needs.is_empty() { String::new() } else { format!("Depends: {}\n", needs.join(", ")) };
            format!(
                "Package: {name}\nStatus: install ok installed\nInstalled-Size: {installed_kb}\nArchitecture: amd64\n\
                 Version: {version}\n{depends}Description: {summary}\n\n"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALPINE_BASE, DEBIAN_BASE, Distribution, all, find, with_needs};

    #[test]
    fn every_stanza_is_a_package() {
        for (distribution, text) in [
            (Distribution::Alpine, include_str!("packages/alpine.control")),
            (Distribution::Debian, include_str!("packages/debian.control")),
        ] {
            assert_eq!(all(distribution).len(), text.split("\n\n").count());
            assert!(all(distribution).windows(2).all(|pair| pair[0].name < pair[1].name));
        }
    }

    #[test]
    fn what_packages_need_exists_and_comes_first() {
        for distribution in [Distribution::Alpine, Distribution::Debian] {
            for package in all(distribution) {
                for need in &package.needs {
                    assert!(find(distribution, need).is_some(), "{} needs {need}", package.name);
                }
            }
        }
        let names: Vec<_> = with_needs(Distribution::Debian, &["jq"]).iter().map(|p| p.name).collect();
        assert_eq!(names, ["libonig5", "libjq1", "jq"]);
    }

    #[test]
    fn base_packages_exist() {
        assert!(ALPINE_BASE.iter().all(|name| find(Distribution::Alpine, name).is_some()));
        assert!(DEBIAN_BASE.iter().all(|name| find(Distribution::Debian, name).is_some()));
    }
}
