//! Red Hat's family: CentOS, Rocky Linux, AlmaLinux, Amazon Linux, Fedora, UBI. Bash and GNU's tools; what `dnf` would fetch is out of reach.

use super::{
    base::{add_program, image_date, plain_recipe, skeleton, variables, words},
    packages::{Distribution, find},
};
use crate::{
    image::{Family, Recipe, Tag, TreeBuilder},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family {
    repositories: &[
        "almalinux",
        "amazonlinux",
        "centos",
        "fedora",
        "redhat/ubi9",
        "registry.access.redhat.com/ubi8/ubi",
        "registry.access.redhat.com/ubi9/ubi",
        "rockylinux",
        "rockylinux/rockylinux",
    ],
    recipe,
};

/// A release of a distribution.
struct Release {
    /// The last part of the repository.
    repository: &'static str,
    name: &'static str,
    id: &'static str,
    id_like: &'static str,
    version: &'static str,
    /// What stands after the version.
    title: &'static str,
    /// The text of `/etc/redhat-release`.
    release: &'static str,
    platform: &'static str,
    /// Whether it has `yum` alone and `ps`, as those of old.
    of_old: bool,
}

const RELEASES: &[Release] = &[
    Release {
        repository: "rockylinux",
        name: "Rocky Linux",
        id: "rocky",
        id_like: "rhel centos fedora",
        version: "9.3",
        title: "Blue Onyx",
        release: "Rocky Linux release 9.3 (Blue Onyx)",
        platform: "platform:el9",
        of_old: false,
    },
    Release {
        repository: "rockylinux",
        name: "Rocky Linux",
        id: "rocky",
        id_like: "rhel centos fedora",
        version: "8.9",
        title: "Green Obsidian",
        release: "Rocky Linux release 8.9 (Green Obsidian)",
        platform: "platform:el8",
        of_old: false,
    },
    Release {
        repository: "almalinux",
        name: "AlmaLinux",
        id: "almalinux",
        id_like: "rhel centos fedora",
        version: "9.5",
        title: "Teal Serval",
        release: "AlmaLinux release 9.5 (Teal Serval)",
        platform: "platform:el9",
        of_old: false,
    },
    Release {
        repository: "amazonlinux",
        name: "Amazon Linux",
        id: "amzn",
        id_like: "fedora",
        version: "2023",
        title: "",
        release: "Amazon Linux release 2023 (Amazon Linux)",
        platform: "platform:al2023",
        of_old: false,
    },
    Release {
        repository: "centos",
        name: "CentOS Linux",
        id: "centos",
        id_like: "rhel fedora",
        version: "8",
        title: "",
        release: "CentOS Linux release 8.4.2105",
        platform: "platform:el8",
        of_old: false,
    },
    Release {
        repository: "centos",
        name: "CentOS Linux",
        id: "centos",
        id_like: "rhel fedora",
        version: "7",
        title: "Core",
        release: "CentOS Linux release 7.9.2009 (Core)",
        platform: "",
        of_old: true,
    },
    Release {
        repository: "fedora",
        name: "Fedora Linux",
        id: "fedora",
        id_like: "",
        version: "41",
        title: "Container Image",
        release: "Fedora release 41 (Forty One)",
        platform: "platform:f41",
        of_old: false,
    },
    Release {
        repository: "ubi9",
        name: "Red Hat Enterprise Linux",
        id: "rhel",
        id_like: "fedora",
        version: "9.5",
        title: "Plow",
        release: "Red Hat Enterprise Linux release 9.5 (Plow)",
        platform: "platform:el9",
        of_old: false,
    },
    Release {
        repository: "ubi8",
        name: "Red Hat Enterprise Linux",
        id: "rhel",
        id_like: "fedora",
        version: "8.10",
        title: "Ootpa",
        release: "Red Hat Enterprise Linux release 8.10 (Ootpa)",
        platform: "platform:el8",
        of_old: false,
    },
];

/// Debian's names for the packages whose programs lie at the same places here.
const PACKAGES: &[&str] = &[
    "bash",
    "coreutils",
    "curl",
    "findutils",
    "grep",
    "gzip",
    "libc-bin",
    "mount",
    "sed",
    "tar",
    "util-linux",
];

const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/bash
bin:x:1:1:bin:/bin:/sbin/nologin
daemon:x:2:2:daemon:/sbin:/sbin/nologin
adm:x:3:4:adm:/var/adm:/sbin/nologin
lp:x:4:7:lp:/var/spool/lpd:/sbin/nologin
sync:x:5:0:sync:/sbin:/bin/sync
shutdown:x:6:0:shutdown:/sbin:/sbin/shutdown
halt:x:7:0:halt:/sbin:/sbin/halt
mail:x:8:12:mail:/var/spool/mail:/sbin/nologin
operator:x:11:0:operator:/root:/sbin/nologin
games:x:12:100:games:/usr/games:/sbin/nologin
ftp:x:14:50:FTP User:/var/ftp:/sbin/nologin
";
const GROUP: &str = "\
root:x:0:
bin:x:1:
daemon:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
lp:x:7:
mem:x:8:
kmem:x:9:
wheel:x:10:
cdrom:x:11:
mail:x:12:
man:x:15:
dialout:x:18:
floppy:x:19:
games:x:20:
tape:x:33:
video:x:39:
ftp:x:50:
lock:x:54:
audio:x:63:
users:x:100:
";
const ROOT_BASHRC: &str = "\
# Read by root's interactive bash.
alias rm='rm -i'
alias cp='cp -i'
alias mv='mv -i'

if [ -f /etc/bashrc ]; then
  . /etc/bashrc
fi
";
const BASHRC: &str = "\
# What all interactive shells have.
if [ \"$PS1\" ]; then
  PS1='[\\u@\\h \\W]\\$ '
fi
";

fn tree(release: &Release) -> TreeBuilder {
    let Release { name, id, id_like, version, title, platform, .. } = release;
    let major = version.split('.').next().unwrap_or(version);
    let in_words = if title.is_empty() { (*version).to_owned() } else { format!("{version} ({title})") };
    let mut os_release = format!("NAME=\"{name}\"\nVERSION=\"{in_words}\"\nID=\"{id}\"\n");
    if !id_like.is_empty() {
        os_release += &format!("ID_LIKE=\"{id_like}\"\n");
    }
    os_release += &format!("VERSION_ID=\"{version}\"\n");
    if !platform.is_empty() {
        os_release += &format!("PLATFORM_ID=\"{platform}\"\n");
    }
    os_release += &format!("PRETTY_NAME=\"{name} {in_words}\"\n");
    let mut tree = TreeBuilder::new(image_date());
    skeleton(&mut tree);
    let nobody = if release.of_old {
        "nobody:x:99:99:Nobody:/:/sbin/nologin\n"
    } else {
        "nobody:x:65534:65534:Kernel Overflow User:/:/sbin/nologin\n"
    };
    let nobody_group = if release.of_old { "nobody:x:99:\n" } else { "nobody:x:65534:\n" };
    tree.dirs(&[
        "/boot",
        "/media",
        "/mnt",
        "/opt",
        "/run/lock",
        "/srv",
        "/usr/bin",
        "/usr/games",
        "/usr/lib",
        "/usr/lib64",
        "/usr/libexec",
        "/usr/local/bin",
        "/usr/local/lib",
        "/usr/local/sbin",
        "/usr/sbin",
        "/usr/share",
        "/usr/src",
        "/etc/pki",
        "/etc/profile.d",
        "/etc/rpm",
        "/etc/sysconfig",
        "/etc/yum.repos.d",
        "/var/adm",
        "/var/cache",
        "/var/lib/rpm",
        "/var/log",
        "/var/spool/mail",
    ])
    .dir("/var/tmp", 0o1777)
    .link("/bin", "usr/bin")
    .link("/lib", "usr/lib")
    .link("/lib64", "usr/lib64")
    .link("/sbin", "usr/sbin")
    .link("/var/run", "../run")
    .link("/var/lock", "../run/lock")
    .file("/etc/passwd", 0o644, format!("{PASSWD}{nobody}"))
    .file("/etc/group", 0o644, format!("{GROUP}{nobody_group}"))
    .file("/usr/lib/os-release", 0o644, os_release)
    .link("/etc/os-release", "../usr/lib/os-release")
    .file(
        &format!("/etc/{}-release", if *id == "rhel" { "redhat" } else { id }),
        0o644,
        format!("{}\n", release.release),
    )
    .link("/etc/system-release", &format!("{}-release", if *id == "rhel" { "redhat" } else { id }))
    .file("/root/.bashrc", 0o644, ROOT_BASHRC)
    .file("/root/.bash_profile", 0o644, "if [ -f ~/.bashrc ]; then\n  . ~/.bashrc\nfi\n")
    .file("/etc/bashrc", 0o644, BASHRC)
    .file(
        "/etc/profile",
        0o644,
        "for script in /etc/profile.d/*.sh; do\n  [ -r \"$script\" ] && . \"$script\"\ndone\nunset script\n",
    )
    .file("/etc/shells", 0o644, "/bin/sh\n/bin/bash\n/usr/bin/sh\n/usr/bin/bash\n")
    .file("/etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n")
    .file("/etc/services", 0o644, super::debian::SERVICES)
    .file("/etc/motd", 0o644, "")
    .file(
        &format!("/etc/yum.repos.d/{id}.repo"),
        0o644,
        format!("[baseos]\nname={name} {major} - BaseOS\nenabled=1\ngpgcheck=1\n"),
    )
    .link("/etc/mtab", "../proc/self/mounts")
    .blob("/usr/lib64/libc.so.6", 0o755, 2_592_552)
    .link("/usr/bin/sh", "bash");
    if *id != "rhel" {
        tree.link("/etc/redhat-release", &format!("{id}-release"));
    }
    let more: &[&str] = if release.of_old { &["procps", "hostname"] } else { &[] };
    for package in PACKAGES.iter().chain(more).filter_map(|name| find(Distribution::Debian, name)) {
        for entry in &package.programs {
            add_program(&mut tree, entry);
        }
    }
    for entry in ["/usr/bin/gawk=gnu/awk", "/usr/bin/awk>gawk", "/usr/bin/vi=gnu/vi"] {
        add_program(&mut tree, entry);
    }
    if release.of_old {
        add_program(&mut tree, "/usr/bin/yum");
    } else {
        add_program(&mut tree, "/usr/bin/dnf");
        tree.link("/usr/bin/yum", "dnf");
    }
    tree
}

fn recipe(repository: &str, tag: &Tag) -> Option<Recipe> {
    let own: Vec<&Release> = RELEASES
        .iter()
        .filter(|release| repository.split('/').any(|part| part == release.repository))
        .collect();
    let versions: Vec<&str> = own.iter().map(|release| release.version).collect();
    let version = tag.release(&versions)?;
    let release = own.into_iter().find(|release| release.version == version)?;
    let mut recipe = plain_recipe(tree(release), Libc::Glibc, version.to_owned(), 65_000_000);
    if release.id == "rhel" {
        recipe.env = variables(&[("container", "oci")]);
    }
    recipe.cmd = words(&["/bin/bash"]);
    Some(recipe)
}
