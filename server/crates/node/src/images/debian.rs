//! `debian`, and what Debian and Ubuntu have in common. Other families build on it.

use super::{
    base::{image_date, plain_recipe, skeleton, words},
    packages::{self, DEBIAN_BASE, Distribution},
};
use crate::{
    image::{Family, Recipe, Tag, TreeBuilder},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family { repositories: &["debian"], recipe };

/// A release: code name, number, the newest point release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) name: &'static str,
    pub(super) number: u32,
    pub(super) point: &'static str,
}

/// Releases, the newest first.
const RELEASES: &[Release] = &[
    Release { name: "trixie", number: 13, point: "13.1" },
    Release { name: "bookworm", number: 12, point: "12.12" },
    Release { name: "bullseye", number: 11, point: "11.11" },
    Release { name: "buster", number: 10, point: "10.13" },
    Release { name: "stretch", number: 9, point: "9.13" },
    Release { name: "jessie", number: 8, point: "8.11" },
];

/// The release that `debian:latest` is, and that most other images are built on.
pub(super) fn newest() -> Release {
    RELEASES[0]
}

pub(super) fn bookworm() -> Release {
    RELEASES[1]
}

pub(super) const SERVICES: &str = "\
echo\t\t7/tcp
echo\t\t7/udp
ftp\t\t21/tcp
ssh\t\t22/tcp
telnet\t\t23/tcp
smtp\t\t25/tcp\t\tmail
domain\t\t53/tcp
domain\t\t53/udp
http\t\t80/tcp\t\twww
pop3\t\t110/tcp\t\tpop-3
ntp\t\t123/udp
imap2\t\t143/tcp\t\timap
https\t\t443/tcp
https\t\t443/udp
syslog\t\t514/udp
ldap\t\t389/tcp
mysql\t\t3306/tcp
postgresql\t5432/tcp\tpostgres
amqp\t\t5672/tcp
redis\t\t6379/tcp
http-alt\t8080/tcp\twebcache
memcache\t11211/tcp
";

const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
sync:x:4:65534:sync:/bin:/bin/sync
games:x:5:60:games:/usr/games:/usr/sbin/nologin
man:x:6:12:man:/var/cache/man:/usr/sbin/nologin
lp:x:7:7:lp:/var/spool/lpd:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
news:x:9:9:news:/var/spool/news:/usr/sbin/nologin
uucp:x:10:10:uucp:/var/spool/uucp:/usr/sbin/nologin
proxy:x:13:13:proxy:/bin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
backup:x:34:34:backup:/var/backups:/usr/sbin/nologin
list:x:38:38:Mailing List Manager:/var/list:/usr/sbin/nologin
irc:x:39:39:ircd:/run/ircd:/usr/sbin/nologin
_apt:x:42:65534::/nonexistent:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
";

const GROUP: &str = "\
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
lp:x:7:
mail:x:8:
news:x:9:
uucp:x:10:
man:x:12:
proxy:x:13:
kmem:x:15:
dialout:x:20:
fax:x:21:
voice:x:22:
cdrom:x:24:
floppy:x:25:
tape:x:26:
sudo:x:27:
audio:x:29:
dip:x:30:
www-data:x:33:
backup:x:34:
operator:x:37:
list:x:38:
irc:x:39:
src:x:40:
shadow:x:42:
utmp:x:43:
video:x:44:
sasl:x:45:
plugdev:x:46:
staff:x:50:
games:x:60:
users:x:100:
nogroup:x:65534:
";

const BASH_BASHRC: &str = "\
# Read by every interactive bash.
[ -z \"${PS1-}\" ] && return
shopt -s checkwinsize
PS1='${debian_chroot:+($debian_chroot)}\\u@\\h:\\w\\$ '
";

const PROFILE: &str = "\
# Read by login shells.
if [ \"$(id -u)\" -eq 0 ]; then
  PATH=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"
else
  PATH=\"/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games\"
fi
export PATH

if [ \"${PS1-}\" ]; then
  if [ \"${BASH-}\" ] && [ \"$BASH\" != \"/bin/sh\" ]; then
    if [ -f /etc/bash.bashrc ]; then
      . /etc/bash.bashrc
    fi
  else
    if [ \"$(id -u)\" -eq 0 ]; then PS1='# '; else PS1='$ '; fi
  fi
fi
";

/// What tells distributions that share Debian's tree apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    pub(super) os_release: &'a str,
    pub(super) issue: &'a str,
    pub(super) debian_version: &'a str,
    /// Lines added to `/etc/passwd` and `/etc/group`.
    pub(super) accounts: &'a [Account],
    /// Packages on top of the base.
    pub(super) packages: &'a [&'a str],
}

/// A user that an image adds, with a group of the same name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub(super) name: &'static str,
    pub(super) id: u32,
    pub(super) comment: &'static str,
    pub(super) home: &'static str,
    pub(super) shell: &'static str,
}

/// A tree as Debian and Ubuntu lay it out, with `/usr` merged.
pub(super) fn merged_tree(look: Look<'_>) -> TreeBuilder {
    let mut tree = TreeBuilder::new(image_date());
    skeleton(&mut tree);
    let mut passwd = PASSWD.to_owned();
    let mut group = GROUP.to_owned();
    for Account { name, id, comment, home, shell } in look.accounts {
        passwd.push_str(&format!("{name}:x:{id}:{id}:{comment}:{home}:{shell}\n"));
        group.push_str(&format!("{name}:x:{id}:\n"));
    }
    let shadow: String = passwd
        .lines()
        .filter_map(|line| line.split(':').next())
        .map(|name| format!("{name}:*:20381:0:99999:7:::\n"))
        .collect();
    tree.dirs(&[
        "/boot", "/media", "/mnt", "/opt", "/run/lock", "/srv", "/usr/bin", "/usr/games", "/usr/include", "/usr/lib",
        "/usr/lib64", "/usr/libexec", "/usr/local/bin", "/usr/local/etc", "/usr/local/games", "/usr/local/include",
        "/usr/local/lib", "/usr/local/sbin", "/usr/local/share", "/usr/local/src", "/usr/sbin", "/usr/share/doc", "/usr/src",
        "/etc/alternatives", "/etc/apt/apt.conf.d", "/etc/apt/preferences.d", "/etc/apt/trusted.gpg.d", "/etc/cron.daily",
        "/etc/default", "/etc/dpkg", "/etc/init.d", "/etc/ld.so.conf.d", "/etc/opt", "/etc/pam.d", "/etc/profile.d",
        "/etc/security", "/etc/selinux", "/etc/systemd", "/etc/terminfo", "/var/backups", "/var/cache/apt/archives/partial",
        "/var/cache/debconf", "/var/lib/apt/lists/partial", "/var/lib/dpkg/info", "/var/lib/misc", "/var/local", "/var/log/apt",
        "/var/mail", "/var/opt", "/var/spool",
    ])
    .link("/bin", "usr/bin")
    .link("/lib", "usr/lib")
    .link("/lib64", "usr/lib64")
    .link("/sbin", "usr/sbin")
    .link("/var/lock", "/run/lock")
    .link("/var/run", "/run")
    .link("/var/spool/mail", "../mail")
    .dir("/var/tmp", 0o1777)
    .dir("/var/local", 0o2775)
    .dir("/var/mail", 0o2775)
    .blob("/usr/lib/x86_64-linux-gnu/libc.so.6", 0o755, 2_003_408)
    .blob("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", 0o755, 225_600)
    .link("/usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
    .blob("/usr/lib/x86_64-linux-gnu/libtinfo.so.6", 0o644, 216_592)
    .blob("/usr/lib/x86_64-linux-gnu/libz.so.1", 0o644, 121_280)
    .file("/etc/passwd", 0o644, passwd)
    .file("/etc/group", 0o644, group)
    .file("/etc/shadow", 0o640, shadow)
    .file("/usr/lib/os-release", 0o644, look.os_release.to_owned())
    .link("/etc/os-release", "../usr/lib/os-release")
    .file("/etc/debian_version", 0o644, format!("{}\n", look.debian_version))
    .file("/etc/issue", 0o644, format!("{} \\n \\l\n\n", look.issue))
    .file("/etc/issue.net", 0o644, format!("{}\n", look.issue))
    .file("/etc/bash.bashrc", 0o644, BASH_BASHRC)
    .file("/etc/profile", 0o644, PROFILE)
    .file("/root/.bashrc", 0o644, "# Read by root's interactive bash.\n# alias ll='ls -l'\n")
    .file("/root/.profile", 0o644, "if [ \"$BASH\" ]; then\n  if [ -f ~/.bashrc ]; then\n    . ~/.bashrc\n  fi\nfi\n\nmesg n 2> /dev/null || true\n")
    .file("/etc/skel/.bashrc", 0o644, "# Read by interactive bash.\n")
    .file("/etc/host.conf", 0o644, "multi on\n")
    .file("/etc/nsswitch.conf", 0o644, "passwd:         files\ngroup:          files\nshadow:         files\n\nhosts:          files dns\nnetworks:       files\n\nprotocols:      db files\nservices:       db files\n")
    .file("/etc/services", 0o644, SERVICES)
    .file("/etc/shells", 0o644, "# /etc/shells: valid login shells\n/bin/sh\n/usr/bin/sh\n/bin/bash\n/usr/bin/bash\n/bin/rbash\n/usr/bin/rbash\n/bin/dash\n/usr/bin/dash\n")
    .file("/etc/ld.so.conf", 0o644, "include /etc/ld.so.conf.d/*.conf\n")
    .file("/etc/login.defs", 0o644, "MAIL_DIR\t/var/mail\nUMASK\t\t022\nUID_MIN\t\t1000\nUID_MAX\t\t60000\n")
    .file("/etc/environment", 0o644, "")
    .file("/etc/motd", 0o644, "")
    .file("/etc/fstab", 0o644, "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n")
    .file("/etc/timezone", 0o644, "Etc/UTC\n")
    .link("/etc/localtime", "/usr/share/zoneinfo/Etc/UTC")
    .file("/usr/share/zoneinfo/Etc/UTC", 0o644, "TZif2")
    .link("/etc/mtab", "/proc/mounts")
    .file("/var/lib/dpkg/arch", 0o644, "amd64\n")
    .file("/var/log/dpkg.log", 0o644, "")
    .file("/var/log/lastlog", 0o664, "")
    .file("/var/log/wtmp", 0o664, "")
    .file("/usr/sbin/nologin", 0o755, "#!/bin/sh\necho 'This account is currently not available.'\nexit 1\n");
    for Account { home, id, .. } in look.accounts {
        if home.starts_with("/home/") {
            tree.dir_of(home, 0o750, *id, *id);
        }
    }
    let mut all = DEBIAN_BASE.to_vec();
    all.extend_from_slice(look.packages);
    packages::install(&mut tree, Distribution::Debian, &all);
    tree
}

/// The file tree of a Debian release, with these accounts and packages added.
pub(super) fn tree(release: Release, accounts: &[Account], packages: &[&str]) -> TreeBuilder {
    let Release { name, number, point } = release;
    let os_release = format!(
        "PRETTY_NAME=\"Debian GNU/Linux {number} ({name})\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"{number}\"\n\
         VERSION=\"{number} ({name})\"\nVERSION_CODENAME={name}\nDEBIAN_VERSION_FULL={point}\nID=debian\n\
         HOME_URL=\"https://www.debian.org/\"\nSUPPORT_URL=\"https://www.debian.org/support\"\n\
         BUG_REPORT_URL=\"https://bugs.debian.org/\"\n"
    );
    let issue = format!("Debian GNU/Linux {number}");
    let mut tree = merged_tree(Look {
        os_release: &os_release,
        issue: &issue,
        debian_version: point,
        accounts,
        packages,
    });
    tree.file(
        "/etc/apt/sources.list.d/debian.sources",
        0o644,
        format!(
            "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: {name} {name}-updates\nComponents: main\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp\n\n\
             Types: deb\nURIs: http://deb.debian.org/debian-security\nSuites: {name}-security\nComponents: main\n\
             Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp\n"
        ),
    );
    tree
}

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let release = release(tag)?;
    let slim = tag.has("slim");
    let size = if slim { 29_774_321 } else { 49_279_530 };
    let version = format!("{}{}", release.point, if slim { "-slim" } else { "" });
    let mut recipe = plain_recipe(tree(release, &[], &[]), Libc::Glibc, version, size);
    recipe.cmd = words(&["bash"]);
    Some(recipe)
}

fn release(tag: &Tag) -> Option<Release> {
    let named = RELEASES.iter().find(|release| tag.has(release.name));
    if let Some(number) = tag.number(0) {
        // 12.5 names a point release, 20240211 a day.
        return RELEASES.iter().find(|release| release.number == number).or(named).copied();
    }
    match named {
        Some(release) => Some(*release),
        None if tag.has("oldstable") => RELEASES.get(1).copied(),
        None if tag.has("oldoldstable") => RELEASES.get(2).copied(),
        None => RELEASES.first().copied(),
    }
}
