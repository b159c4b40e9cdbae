//! `alpine`: musl, busybox and a package manager. Other families build on it.

use super::{
    applets,
    base::{image_date, plain_recipe, skeleton, words},
    packages,
};
use crate::{
    image::{Family, Recipe, Tag, TreeBuilder},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family { repositories: &["alpine"], recipe };

/// The newest release, which other images are built on.
pub(super) const NEWEST: &str = "3.22.2";

const RELEASES: &[&str] = &[
    NEWEST, "3.22.1", "3.22.0", "3.21.5", "3.21.3", "3.21.0", "3.20.8", "3.20.3", "3.20.0", "3.19.9",
    "3.19.1", "3.19.0", "3.18.12", "3.18.4", "3.18.0", "3.17.10", "3.17.0", "3.16.9", "3.16.0", "3.15.11",
    "3.15.0", "3.14.10", "3.14.0", "3.13.12", "3.12.12", "3.12.0", "3.11.13", "3.11", "3.10.9", "3.10",
    "3.9.6", "3.9", "3.8.5", "3.8", "3.7.3", "3.7", "3.6.5", "3.6", "3.5.3", "3.4.6", "3.3.3", "3.2.3",
    "3.1.4", "2.7", "2.6",
];

const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/sh
bin:x:1:1:bin:/bin:/sbin/nologin
daemon:x:2:2:daemon:/sbin:/sbin/nologin
lp:x:4:7:lp:/var/spool/lpd:/sbin/nologin
sync:x:5:0:sync:/sbin:/bin/sync
shutdown:x:6:0:shutdown:/sbin:/sbin/shutdown
halt:x:7:0:halt:/sbin:/sbin/halt
mail:x:8:12:mail:/var/mail:/sbin/nologin
news:x:9:13:news:/usr/lib/news:/sbin/nologin
uucp:x:10:14:uucp:/var/spool/uucppublic:/sbin/nologin
cron:x:16:16:cron:/var/spool/cron:/sbin/nologin
ftp:x:21:21::/var/lib/ftp:/sbin/nologin
sshd:x:22:22:sshd:/dev/null:/sbin/nologin
games:x:35:35:games:/usr/games:/sbin/nologin
ntp:x:123:123:NTP:/var/empty:/sbin/nologin
guest:x:405:100:guest:/dev/null:/sbin/nologin
nobody:x:65534:65534:nobody:/:/sbin/nologin
";

const GROUP: &str = "\
root:x:0:root
bin:x:1:root,bin,daemon
daemon:x:2:root,bin,daemon
sys:x:3:root,bin
adm:x:4:root,daemon
tty:x:5:
disk:x:6:root
lp:x:7:lp
kmem:x:9:
wheel:x:10:root
floppy:x:11:root
mail:x:12:mail
news:x:13:news
uucp:x:14:uucp
cron:x:16:cron
audio:x:18:
cdrom:x:19:
dialout:x:20:root
ftp:x:21:
sshd:x:22:
input:x:23:
tape:x:26:root
video:x:27:root
netdev:x:28:
kvm:x:34:kvm
games:x:35:
shadow:x:42:
www-data:x:82:
users:x:100:games
ntp:x:123:
utmp:x:406:
ping:x:999:
nogroup:x:65533:
nobody:x:65534:
";

const PROFILE: &str = "\
export PATH=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"
export PAGER=less
umask 022

for script in /etc/profile.d/*.sh; do
\tif [ -r \"$script\" ]; then
\t\t. \"$script\"
\tfi
done
unset script
";

const MOTD: &str = "\
Welcome to Alpine!

The Alpine Wiki contains a large amount of how-to guides and general
information about administrating Alpine systems.
See <https://wiki.alpinelinux.org/>.

You may change this message by editing /etc/motd.

";

/// A user that an image built on Alpine adds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub(super) name: &'static str,
    pub(super) id: u32,
    pub(super) home: &'static str,
    pub(super) shell: &'static str,
}

/// The file tree of a release, with these accounts and packages added.
pub(super) fn tree(version: &str, accounts: &[Account], installed: &[&str]) -> TreeBuilder {
    let mut tree = TreeBuilder::new(image_date());
    skeleton(&mut tree);
    tree.program("/bin/busybox", "busybox", 808_712);
    for (dir, names) in applets::ALPINE {
        for name in names.split_whitespace().filter(|name| applets::runs(name)) {
            tree.link(&format!("{dir}/{name}"), "/bin/busybox");
        }
    }
    let branch = version.rsplitn(2, '.').last().unwrap_or(version);
    let mut passwd = PASSWD.to_owned();
    let mut group = GROUP.to_owned();
    let mut shadow: String = PASSWD
        .lines()
        .filter_map(|line| line.split(':').next())
        .map(|name| format!("{name}:!::0:::::\n"))
        .collect();
    for Account { name, id, home, shell } in accounts {
        passwd.push_str(&format!("{name}:x:{id}:{id}:{name}:{home}:{shell}\n"));
        group.push_str(&format!("{name}:x:{id}:{name}\n"));
        shadow.push_str(&format!("{name}:!:20381::::::\n"));
    }
    tree.file("/etc/alpine-release", 0o644, format!("{version}\n"))
        .file(
            "/etc/os-release",
            0o644,
            format!(
                "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID={version}\nPRETTY_NAME=\"Alpine Linux v{branch}\"\n\
                 HOME_URL=\"https://alpinelinux.org/\"\n\
                 BUG_REPORT_URL=\"https://gitlab.alpinelinux.org/alpine/aports/-/issues\"\n"
            ),
        )
        .file("/etc/passwd", 0o644, passwd)
        .file("/etc/group", 0o644, group)
        .file("/etc/shadow", 0o640, shadow)
        .file("/etc/profile", 0o644, PROFILE)
        .file("/etc/motd", 0o644, MOTD)
        .file("/etc/issue", 0o644, format!("Welcome to Alpine Linux {branch}\nKernel \\r on an \\m (\\l)\n\n"))
        .file("/etc/shells", 0o644, "# valid login shells\n/bin/sh\n/bin/ash\n")
        .file("/etc/securetty", 0o644, "console\ntty1\ntty2\ntty3\ntty4\ntty5\ntty6\n")
        .file("/etc/nsswitch.conf", 0o644, "hosts: files dns\n")
        .file("/etc/services", 0o644, super::debian::SERVICES)
        .file("/etc/protocols", 0o644, "ip\t0\tIP\nicmp\t1\tICMP\ntcp\t6\tTCP\nudp\t17\tUDP\n")
        .file(
            "/etc/apk/repositories",
            0o644,
            format!(
                "https://dl-cdn.alpinelinux.org/alpine/v{branch}/main\n\
                 https://dl-cdn.alpinelinux.org/alpine/v{branch}/community\n"
            ),
        )
        .file("/etc/apk/arch", 0o644, "x86_64\n")
        .file("/etc/apk/world", 0o644, "alpine-baselayout\nalpine-keys\nalpine-release\napk-tools\nbusybox\nmusl-utils\n")
        .blob("/lib/ld-musl-x86_64.so.1", 0o755, 662_976)
        .link("/lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1")
        .blob("/usr/lib/libcrypto.so.3", 0o755, 4_673_504)
        .blob("/usr/lib/libssl.so.3", 0o755, 841_480)
        .blob("/usr/lib/libz.so.1", 0o755, 100_232)
        .blob("/etc/ssl/certs/ca-certificates.crt", 0o644, 225_110)
        .dirs(&[
            "/etc/apk/keys", "/etc/conf.d", "/etc/crontabs", "/etc/init.d", "/etc/logrotate.d", "/etc/modprobe.d",
            "/etc/network/if-up.d", "/etc/opt", "/etc/periodic/15min", "/etc/periodic/daily", "/etc/periodic/hourly",
            "/etc/periodic/monthly", "/etc/periodic/weekly", "/etc/profile.d", "/etc/sysctl.d", "/lib/apk/db", "/media/cdrom",
            "/media/floppy", "/media/usb", "/mnt", "/opt", "/run", "/sbin", "/srv", "/usr/bin", "/usr/lib",
            "/usr/local/bin", "/usr/local/lib", "/usr/local/share", "/usr/sbin", "/usr/share/apk", "/usr/share/misc", "/var/cache/apk",
            "/var/cache/misc", "/var/lib/apk", "/var/lib/misc", "/var/local", "/var/log", "/var/mail", "/var/opt",
            "/var/spool/cron",
        ])
        .dir("/var/empty", 0o555)
        .dir("/var/tmp", 0o1777)
        .link("/var/lock", "../run/lock")
        .link("/var/run", "../run")
        .link("/var/spool/mail", "../mail")
        .file("/etc/crontabs/root", 0o600, "\
# do daily/weekly/monthly maintenance
# min\thour\tday\tmonth\tweekday\tcommand
*/15\t*\t*\t*\t*\trun-parts /etc/periodic/15min
0\t*\t*\t*\t*\trun-parts /etc/periodic/hourly
0\t2\t*\t*\t*\trun-parts /etc/periodic/daily
0\t3\t*\t*\t6\trun-parts /etc/periodic/weekly
0\t5\t1\t*\t*\trun-parts /etc/periodic/monthly
");
    let mut all = packages::ALPINE_BASE.to_vec();
    all.extend_from_slice(installed);
    packages::install(&mut tree, packages::Distribution::Alpine, &all);
    tree
}

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(RELEASES)?;
    let mut recipe = plain_recipe(tree(version, &[], &[]), Libc::Musl, version.to_owned(), 3_803_463);
    recipe.cmd = words(&["/bin/sh"]);
    Some(recipe)
}
