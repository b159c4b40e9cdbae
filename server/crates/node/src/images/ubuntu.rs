//! `ubuntu`: as Debian, with a user of its own and `ps`.

use super::{
    base::{plain_recipe, words},
    debian::{Account, Look, merged_tree},
};
use crate::{
    image::{Family, Recipe, Tag, TreeBuilder},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family { repositories: &["ubuntu"], recipe };

/// Version, code name, what `/etc/debian_version` says.
const RELEASES: &[(&str, &str, &str)] = &[
    ("24.04", "noble", "trixie/sid"),
    ("25.10", "questing", "forky/sid"),
    ("25.04", "plucky", "trixie/sid"),
    ("22.04", "jammy", "bookworm/sid"),
    ("20.04", "focal", "bullseye/sid"),
    ("18.04", "bionic", "buster/sid"),
    ("16.04", "xenial", "stretch/sid"),
];

/// The file tree of the newest release with long-term support that images of servers are made of, with an account more.
pub(super) fn noble(account: Account) -> TreeBuilder {
    tree("24.04", "noble", "trixie/sid", &[account])
}

/// The file tree of an old release, for the images that were made of it.
pub(super) fn bionic() -> TreeBuilder {
    tree("18.04", "bionic", "buster/sid", &[])
}

/// The file tree of a release.
fn tree(version: &str, name: &str, debian_version: &str, more: &[Account]) -> TreeBuilder {
    let mut title = name.to_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let lts = if matches!(version, "25.04" | "25.10") { "" } else { " LTS" };
    let os_release = format!(
        "PRETTY_NAME=\"Ubuntu {version}{lts}\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"{version}\"\n\
         VERSION=\"{version}{lts} ({title})\"\nVERSION_CODENAME={name}\nID=ubuntu\nID_LIKE=debian\n\
         HOME_URL=\"https://www.ubuntu.com/\"\nSUPPORT_URL=\"https://help.ubuntu.com/\"\n\
         BUG_REPORT_URL=\"https://bugs.launchpad.net/ubuntu/\"\nUBUNTU_CODENAME={name}\nLOGO=ubuntu-logo\n"
    );
    let user =
        Account { name: "ubuntu", id: 1000, comment: "Ubuntu", home: "/home/ubuntu", shell: "/bin/bash" };
    let accounts: Vec<Account> =
        Some(user).filter(|_| version >= "23.04").into_iter().chain(more.iter().copied()).collect();
    let issue = format!("Ubuntu {version}{lts}");
    let look = Look {
        os_release: &os_release,
        issue: &issue,
        debian_version,
        accounts: &accounts,
        packages: &["procps"],
    };
    let mut tree = merged_tree(look);
    tree.file(
        "/etc/lsb-release",
        0o644,
        format!(
            "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={version}\nDISTRIB_CODENAME={name}\n\
             DISTRIB_DESCRIPTION=\"Ubuntu {version}{lts}\"\n"
        ),
    )
    .file(
        "/etc/apt/sources.list.d/ubuntu.sources",
        0o644,
        format!(
            "Types: deb\nURIs: http://archive.ubuntu.com/ubuntu/\nSuites: {name} {name}-updates {name}-backports\n\
             Components: main universe restricted multiverse\n\
             Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n\n\
             Types: deb\nURIs: http://security.ubuntu.com/ubuntu/\nSuites: {name}-security\n\
             Components: main universe restricted multiverse\n\
             Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n"
        ),
    );
    tree
}

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let asked = match (tag.number(0), tag.number(1)) {
        (Some(year), Some(month)) => Some(format!("{year}.{month:02}")),
        (Some(_), None) => return None,
        _ => None,
    };
    let named = RELEASES.iter().find(|(_, name, _)| tag.has(name));
    let (version, name, debian_version) = match asked {
        Some(asked) => RELEASES.iter().find(|(version, ..)| *version == asked)?,
        None if tag.has("rolling") => RELEASES.get(1)?,
        None => named.or(RELEASES.first())?,
    };
    let tree = tree(version, name, debian_version, &[]);
    let mut recipe = plain_recipe(tree, Libc::Glibc, (*version).to_owned(), 29_723_061);
    recipe.cmd = words(&["/bin/bash"]);
    Some(recipe)
}
