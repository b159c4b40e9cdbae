//! Packages of distributions: what images are made of, and what `apt-get` and `apk` can add to a container.
//!
//! A package says where its programs lie (see [`add_program`] for how that is written) and which packages it needs.

use super::base::add_program;
use crate::image::TreeBuilder;

/// Whose packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distribution {
    Alpine,
    /// Debian and Ubuntu.
    Debian,
}

/// What can be installed at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// Packages that it needs, separated by spaces.
    pub(crate) needs: &'static str,
    /// Its programs, separated by spaces: `PATH`, `PATH=PROGRAM` or `PATH>TARGET`.
    pub(crate) programs: &'static str,
    /// What it takes on disk, in kB.
    pub(crate) installed_kb: u32,
    pub(crate) summary: &'static str,
}

impl Package {
    const fn new(
        name: &'static str,
        version: &'static str,
        needs: &'static str,
        programs: &'static str,
        installed_kb: u32,
        summary: &'static str,
    ) -> Self {
        Self { name, version, needs, programs, installed_kb, summary }
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

/// All packages of a distribution.
pub(crate) fn all(distribution: Distribution) -> &'static [Package] {
    match distribution {
        Distribution::Alpine => ALPINE,
        Distribution::Debian => DEBIAN,
    }
}

/// The package of this name.
pub(crate) fn find(distribution: Distribution, name: &str) -> Option<&'static Package> {
    all(distribution).iter().find(|package| package.name == name)
}

/// These packages and all that they need, what is needed first.
pub(crate) fn with_needs(distribution: Distribution, names: &[&str]) -> Vec<&'static Package> {
    let mut found: Vec<&'static Package> = Vec::new();
    for package in names.iter().filter_map(|name| find(distribution, name)) {
        let needs: Vec<_> = package.needs.split_whitespace().collect();
        for package in with_needs(distribution, &needs).into_iter().chain([package]) {
            if !found.iter().any(|known| known.name == package.name) {
                found.push(package);
            }
        }
    }
    found
}

/// Puts packages into an image, and writes them into its package manager's records.
pub(super) fn install(tree: &mut TreeBuilder, distribution: Distribution, names: &[&str]) {
    let mut record = String::new();
    for package in with_needs(distribution, names) {
        for entry in package.programs.split_whitespace() {
            add_program(tree, entry);
        }
        record.push_str(&record_of(distribution, package));
    }
    let path = match distribution {
        Distribution::Alpine => "/lib/apk/db/installed",
        Distribution::Debian => "/var/lib/dpkg/status",
    };
    tree.file(path, 0o644, record);
}

/// How a package manager notes an installed package.
pub(crate) fn record_of(distribution: Distribution, package: &Package) -> String {
    let Package { name, version, needs, installed_kb, summary, .. } = package;
    match distribution {
        Distribution::Alpine => {
            format!(
                "P:{name}\nV:{version}\nA:x86_64\nI:{}\nT:{summary}\nD:{needs}\n\n",
                u64::from(*installed_kb) * 1024
            )
        }
        Distribution::Debian => {
            let needs = needs.split_whitespace().collect::<Vec<_>>().join(", ");
            let depends = if needs.is_empty() { String::new() } else { format!("Depends: {needs}\n") };
            format!(
                "Package: {name}\nStatus: install ok installed\nInstalled-Size: {installed_kb}\nArchitecture: amd64\n\
                 Version: {version}\n{depends}Description: {summary}\n\n"
            )
        }
    }
}

const ALPINE: &[Package] = &[
    Package::new("alpine-baselayout", "3.7.0-r0", "", "", 400, "Alpine base dir structure and init scripts"),
    Package::new("alpine-keys", "2.5-r0", "", "", 160, "Public keys for Alpine Linux packages"),
    Package::new("alpine-release", "3.22.2-r0", "alpine-keys", "", 36, "Alpine release data"),
    Package::new(
        "apk-tools",
        "2.14.9-r3",
        "musl zlib libcrypto3 libssl3",
        "/sbin/apk",
        314,
        "Alpine Package Keeper",
    ),
    Package::new("bash", "5.2.37-r0", "readline", "/bin/bash=sh/bash", 1500, "The GNU Bourne Again shell"),
    Package::new("bind-libs", "9.20.15-r0", "", "", 2900, "The ISC DNS server (libraries)"),
    Package::new(
        "bind-tools",
        "9.20.15-r0",
        "bind-libs",
        "/usr/bin/dig /usr/bin/host /usr/bin/nslookup=gnu/nslookup",
        600,
        "The ISC DNS tools",
    ),
    Package::new(
        "busybox",
        "1.37.0-r19",
        "musl",
        "",
        928,
        "Size optimized toolbox of many common UNIX utilities",
    ),
    Package::new(
        "busybox-extras",
        "1.37.0-r19",
        "busybox",
        "/bin/busybox-extras=busybox /usr/bin/telnet>/bin/busybox-extras /usr/sbin/httpd>/bin/busybox-extras \
         /usr/bin/ftpget>/bin/busybox-extras /usr/bin/ftpput>/bin/busybox-extras",
        130,
        "Additional binaries of Busybox",
    ),
    Package::new("c-ares", "1.34.5-r0", "", "", 250, "An asynchronously DNS/names resolver library"),
    Package::new(
        "ca-certificates",
        "20250911-r0",
        "",
        "",
        700,
        "Common CA certificates PEM files from Mozilla",
    ),
    Package::new(
        "ca-certificates-bundle",
        "20250911-r0",
        "",
        "",
        220,
        "Pre generated bundle of Mozilla certificates",
    ),
    Package::new(
        "coreutils",
        "9.7-r1",
        "",
        "",
        1200,
        "The basic file, shell and text manipulation utilities",
    ),
    Package::new(
        "curl",
        "8.14.1-r2",
        "ca-certificates libcurl",
        "/usr/bin/curl",
        260,
        "URL retrieval utility and library",
    ),
    Package::new("findutils", "4.10.0-r0", "", "", 500, "GNU utilities for finding files"),
    Package::new(
        "gettext-envsubst",
        "0.24.1-r0",
        "libintl",
        "/usr/bin/envsubst",
        40,
        "Substitutes the values of environment variables",
    ),
    Package::new("git", "2.49.1-r0", "libcurl", "", 12_500, "Distributed version control system"),
    Package::new(
        "grep",
        "3.12-r0",
        "",
        "",
        130,
        "Searches input files for lines containing a match to a specified pattern",
    ),
    Package::new("iproute2", "6.15.0-r0", "", "/sbin/ip=gnu/ip /sbin/ss=gnu/ss", 900, "IP Routing Utilities"),
    Package::new("iputils", "20240905-r0", "", "/usr/bin/ping=gnu/ping", 200, "IP Configuration Utilities"),
    Package::new(
        "jq",
        "1.8.1-r0",
        "",
        "/usr/bin/jq",
        400,
        "A lightweight and flexible command-line JSON processor",
    ),
    Package::new("less", "668-r0", "", "", 200, "File pager"),
    Package::new("libcrypto3", "3.5.4-r0", "", "", 4600, "Crypto library from openssl"),
    Package::new(
        "libcurl",
        "8.14.1-r2",
        "c-ares nghttp2-libs",
        "",
        620,
        "The multiprotocol file transfer library",
    ),
    Package::new("libintl", "0.24.1-r0", "", "", 48, "GNU gettext runtime library"),
    Package::new("libssl3", "3.5.4-r0", "libcrypto3", "", 830, "SSL shared libraries"),
    Package::new("musl", "1.2.5-r10", "", "", 650, "the musl c library (libc) implementation"),
    Package::new(
        "musl-utils",
        "1.2.5-r10",
        "musl",
        "/usr/bin/getent /usr/bin/ldd /usr/bin/getconf",
        130,
        "the musl c library (libc) implementation",
    ),
    Package::new("nano", "8.4-r0", "", "", 800, "Enhanced clone of the Pico text editor"),
    Package::new("netcat-openbsd", "1.229.1-r0", "", "/usr/bin/nc=gnu/nc", 60, "Netcat from OpenBSD"),
    Package::new(
        "nghttp2-libs",
        "1.65.0-r0",
        "",
        "",
        180,
        "Experimental HTTP/2 client, server and proxy (libraries)",
    ),
    Package::new(
        "openssl",
        "3.5.4-r0",
        "libssl3",
        "/usr/bin/openssl",
        800,
        "Toolkit for Transport Layer Security (TLS)",
    ),
    Package::new("procps-ng", "4.0.4-r3", "", "", 700, "Utilities for monitoring your system and processes"),
    Package::new(
        "python3",
        "3.12.12-r0",
        "",
        "/usr/bin/python3=python /usr/bin/python>python3",
        38_000,
        "A high-level scripting language",
    ),
    Package::new("readline", "8.2.13-r1", "", "", 300, "GNU readline library"),
    Package::new(
        "redis",
        "8.0.4-r0",
        "",
        "/usr/bin/redis-server=redis-server /usr/bin/redis-cli=redis-cli",
        9000,
        "Advanced key-value store",
    ),
    Package::new(
        "nginx",
        "1.28.0-r3",
        "",
        "/usr/sbin/nginx=nginx",
        1200,
        "HTTP and reverse proxy server (stable version)",
    ),
    Package::new("socat", "1.8.0.3-r1", "", "", 400, "Multipurpose relay for binary protocols"),
    Package::new("ssl_client", "1.37.0-r19", "", "", 28, "External ssl_client for busybox wget"),
    Package::new("tcpdump", "4.99.5-r1", "", "", 1200, "A tool for network monitoring and data acquisition"),
    Package::new("tini", "0.19.0-r3", "", "/sbin/tini", 36, "A tiny but valid init for containers"),
    Package::new("tzdata", "2025b-r0", "", "", 1700, "Timezone data"),
    Package::new("vim", "9.1.1566-r0", "", "", 2200, "Improved vi-style text editor"),
    Package::new(
        "wget",
        "1.25.0-r1",
        "",
        "/usr/bin/wget=gnu/wget",
        480,
        "Network utility to retrieve files from the Web",
    ),
    Package::new("yq", "4.46.1-r5", "", "", 9000, "Portable command-line YAML processor"),
    Package::new("zlib", "1.3.1-r2", "", "", 100, "A compression/decompression Library"),
];

const DEBIAN: &[Package] = &[
    Package::new(
        "apt",
        "3.0.3",
        "",
        "/usr/bin/apt /usr/bin/apt-cache /usr/bin/apt-get /usr/bin/apt-mark /usr/bin/apt-key /usr/bin/apt-config",
        4476,
        "commandline package manager",
    ),
    Package::new("base-files", "13.8+deb13u1", "", "", 346, "Debian base system miscellaneous files"),
    Package::new("base-passwd", "3.6.7", "", "", 241, "Debian base system master password and group files"),
    Package::new(
        "bash",
        "5.2.37-2+b5",
        "base-files debianutils",
        "/usr/bin/bash=sh/bash /usr/bin/rbash>bash",
        7273,
        "GNU Bourne Again SHell",
    ),
    Package::new(
        "bind9-dnsutils",
        "1:9.20.15-1~deb13u1",
        "bind9-host bind9-libs",
        "/usr/bin/dig /usr/bin/nslookup /usr/bin/nsupdate",
        770,
        "Clients provided with BIND 9",
    ),
    Package::new(
        "bind9-host",
        "1:9.20.15-1~deb13u1",
        "bind9-libs",
        "/usr/bin/host",
        158,
        "DNS Lookup Utility",
    ),
    Package::new("bind9-libs", "1:9.20.15-1~deb13u1", "", "", 3700, "Shared Libraries used by BIND 9"),
    Package::new(
        "bsdutils",
        "1:2.41-5",
        "",
        "/usr/bin/logger /usr/bin/renice /usr/bin/script",
        344,
        "basic utilities from 4.4BSD-Lite",
    ),
    Package::new(
        "busybox",
        "1:1.37.0-6+b3",
        "",
        "/usr/bin/busybox=busybox",
        850,
        "Tiny utilities for small and embedded systems",
    ),
    Package::new("ca-certificates", "20250419", "openssl", "", 390, "Common CA certificates"),
    Package::new(
        "coreutils",
        "9.7-3",
        "",
        "/usr/bin/[ /usr/bin/arch /usr/bin/b2sum /usr/bin/base32 /usr/bin/base64 /usr/bin/basename /usr/bin/basenc \
         /usr/bin/cat /usr/bin/chcon /usr/bin/chgrp /usr/bin/chmod /usr/bin/chown /usr/bin/cksum /usr/bin/comm /usr/bin/cp \
         /usr/bin/csplit /usr/bin/cut /usr/bin/date /usr/bin/dd /usr/bin/df /usr/bin/dir /usr/bin/dircolors \
         /usr/bin/dirname /usr/bin/du /usr/bin/echo /usr/bin/env /usr/bin/expand /usr/bin/expr /usr/bin/factor \
         /usr/bin/false /usr/bin/fmt /usr/bin/fold /usr/bin/groups /usr/bin/head /usr/bin/hostid /usr/bin/id \
         /usr/bin/install /usr/bin/join /usr/bin/link /usr/bin/ln /usr/bin/logname /usr/bin/ls /usr/bin/md5sum \
         /usr/bin/mkdir /usr/bin/mkfifo /usr/bin/mknod /usr/bin/mktemp /usr/bin/mv /usr/bin/nice /usr/bin/nl \
         /usr/bin/nohup /usr/bin/nproc /usr/bin/numfmt /usr/bin/od /usr/bin/paste /usr/bin/pathchk /usr/bin/pinky \
         /usr/bin/pr /usr/bin/printenv /usr/bin/printf /usr/bin/ptx /usr/bin/pwd /usr/bin/readlink /usr/bin/realpath \
         /usr/bin/rm /usr/bin/rmdir /usr/bin/runcon /usr/bin/seq /usr/bin/sha1sum /usr/bin/sha224sum \
         /usr/bin/sha256sum /usr/bin/sha384sum /usr/bin/sha512sum /usr/bin/shred /usr/bin/shuf /usr/bin/sleep \
         /usr/bin/sort /usr/bin/split /usr/bin/stat /usr/bin/stdbuf /usr/bin/stty /usr/bin/sum /usr/bin/sync \
         /usr/bin/tac /usr/bin/tail /usr/bin/tee /usr/bin/test /usr/bin/timeout /usr/bin/touch /usr/bin/tr \
         /usr/bin/true /usr/bin/truncate /usr/bin/tsort /usr/bin/tty /usr/bin/uname /usr/bin/unexpand /usr/bin/uniq \
         /usr/bin/unlink /usr/bin/users /usr/bin/vdir /usr/bin/wc /usr/bin/who /usr/bin/whoami /usr/bin/yes \
         /usr/sbin/chroot",
        18_456,
        "GNU core utilities",
    ),
    Package::new(
        "curl",
        "8.14.1-2+deb13u2",
        "libcurl4t64",
        "/usr/bin/curl",
        515,
        "command line tool for transferring data with URL syntax",
    ),
    Package::new(
        "dash",
        "0.5.12-12",
        "",
        "/usr/bin/dash=sh/dash /usr/bin/sh>dash",
        202,
        "POSIX-compliant shell",
    ),
    Package::new("debconf", "1.5.91", "", "", 514, "Debian configuration management system"),
    Package::new(
        "debian-archive-keyring",
        "2025.1",
        "",
        "",
        240,
        "OpenPGP archive certificates of the Debian archive",
    ),
    Package::new(
        "debianutils",
        "5.23.2",
        "",
        "/usr/bin/run-parts /usr/bin/which /usr/bin/ischroot /usr/bin/savelog",
        232,
        "Miscellaneous utilities specific to Debian",
    ),
    Package::new(
        "diffutils",
        "1:3.10-4",
        "",
        "/usr/bin/cmp /usr/bin/diff /usr/bin/diff3 /usr/bin/sdiff",
        1750,
        "File comparison utilities",
    ),
    Package::new(
        "dnsutils",
        "1:9.20.15-1~deb13u1",
        "bind9-dnsutils",
        "",
        10,
        "Transitional package for bind9-dnsutils",
    ),
    Package::new(
        "dpkg",
        "1.22.21",
        "tar",
        "/usr/bin/dpkg /usr/bin/dpkg-query /usr/bin/dpkg-deb /usr/bin/update-alternatives /usr/sbin/start-stop-daemon",
        6624,
        "Debian package management system",
    ),
    Package::new(
        "file",
        "1:5.46-5",
        "",
        "/usr/bin/file",
        120,
        "Recognize the type of data in a file using \"magic\" numbers",
    ),
    Package::new(
        "findutils",
        "4.10.0-3",
        "",
        "/usr/bin/find /usr/bin/xargs",
        1922,
        "utilities for finding files--find, xargs",
    ),
    Package::new(
        "gettext-base",
        "0.23.1-2",
        "",
        "/usr/bin/envsubst /usr/bin/gettext",
        2400,
        "GNU Internationalization utilities for the base system",
    ),
    Package::new(
        "git",
        "1:2.47.3-0+deb13u1",
        "",
        "",
        48_000,
        "fast, scalable, distributed revision control system",
    ),
    Package::new(
        "grep",
        "3.11-4",
        "",
        "/usr/bin/egrep /usr/bin/fgrep /usr/bin/grep",
        1304,
        "GNU grep, egrep and fgrep",
    ),
    Package::new(
        "gzip",
        "1.13-1",
        "",
        "/usr/bin/gunzip /usr/bin/gzip /usr/bin/zcat /usr/bin/uncompress",
        251,
        "GNU compression utilities",
    ),
    Package::new(
        "hostname",
        "3.25",
        "",
        "/usr/bin/hostname /usr/bin/dnsdomainname /usr/bin/domainname",
        47,
        "utility to set/show the host name or domain name",
    ),
    Package::new("htop", "3.4.1-5", "", "", 430, "interactive processes viewer"),
    Package::new(
        "init-system-helpers",
        "1.69~deb13u1",
        "",
        "/usr/sbin/service",
        135,
        "helper tools for all init systems",
    ),
    Package::new(
        "inetutils-telnet",
        "2:2.6-3",
        "",
        "/usr/bin/inetutils-telnet=gnu/telnet /usr/bin/telnet>inetutils-telnet",
        300,
        "telnet client",
    ),
    Package::new(
        "iproute2",
        "6.15.0-1",
        "",
        "/usr/bin/ip /usr/bin/ss /usr/sbin/ip>/usr/bin/ip",
        3800,
        "networking and traffic control tools",
    ),
    Package::new(
        "iputils-ping",
        "3:20240905-3",
        "",
        "/usr/bin/ping /usr/bin/ping4>ping /usr/bin/ping6>ping",
        150,
        "Tools to test the reachability of network hosts",
    ),
    Package::new(
        "jq",
        "1.7.1-6+deb13u1",
        "libjq1",
        "/usr/bin/jq",
        120,
        "lightweight and flexible command-line JSON processor",
    ),
    Package::new("less", "668-1", "", "/usr/bin/less", 330, "pager program similar to more"),
    Package::new(
        "libc-bin",
        "2.41-12",
        "libc6",
        "/usr/bin/getconf /usr/bin/getent /usr/bin/iconv /usr/bin/ldd /usr/bin/locale /usr/sbin/ldconfig",
        1886,
        "GNU C Library: Binaries",
    ),
    Package::new("libc6", "2.41-12", "", "", 12_900, "GNU C Library: Shared libraries"),
    Package::new(
        "libcurl4t64",
        "8.14.1-2+deb13u2",
        "libnghttp2-14 libpsl5t64 librtmp1 libssh2-1t64",
        "",
        985,
        "easy-to-use client-side URL transfer library",
    ),
    Package::new(
        "libjq1",
        "1.7.1-6+deb13u1",
        "libonig5",
        "",
        400,
        "lightweight and flexible command-line JSON processor - shared library",
    ),
    Package::new(
        "libnghttp2-14",
        "1.64.0-1.1",
        "",
        "",
        213,
        "library implementing HTTP/2 protocol (shared library)",
    ),
    Package::new("libonig5", "6.9.9-1+b1", "", "", 740, "regular expressions library"),
    Package::new(
        "libpsl5t64",
        "0.21.2-1.1+b1",
        "",
        "",
        110,
        "Library for Public Suffix List (shared libraries)",
    ),
    Package::new(
        "librtmp1",
        "2.4+20151223.gitfa8646d.1-2+b5",
        "",
        "",
        160,
        "toolkit for RTMP streams (shared library)",
    ),
    Package::new("libssh2-1t64", "1.11.1-1", "", "", 350, "SSH2 client-side library"),
    Package::new("login", "1:4.16.0-2+really2.41-5", "", "/usr/bin/login", 250, "system login tools"),
    Package::new("lsof", "4.99.4+dfsg-2", "", "", 450, "utility to list open files"),
    Package::new(
        "mawk",
        "1.3.4.20250131-1",
        "",
        "/usr/bin/mawk=gnu/awk /usr/bin/awk>mawk /usr/bin/nawk>mawk",
        292,
        "Pattern scanning and text processing language",
    ),
    Package::new(
        "mount",
        "2.41-5",
        "",
        "/usr/bin/mount /usr/bin/umount /usr/sbin/losetup /usr/sbin/swapoff /usr/sbin/swapon",
        411,
        "tools for mounting and manipulating filesystems",
    ),
    Package::new("nano", "8.4-1", "", "", 2900, "small, friendly text editor inspired by Pico"),
    Package::new("ncurses-base", "6.5+20250216-2", "", "", 394, "basic terminal type definitions"),
    Package::new(
        "ncurses-bin",
        "6.5+20250216-2",
        "",
        "/usr/bin/clear /usr/bin/infocmp /usr/bin/reset>tset /usr/bin/tput /usr/bin/tset",
        653,
        "terminal-related programs and man pages",
    ),
    Package::new(
        "net-tools",
        "2.10-1.3",
        "",
        "/usr/bin/netstat /usr/sbin/arp /usr/sbin/ifconfig /usr/sbin/route",
        1000,
        "NET-3 networking toolkit",
    ),
    Package::new(
        "netcat-openbsd",
        "1.229-1",
        "",
        "/usr/bin/nc.openbsd=gnu/nc /usr/bin/nc>nc.openbsd /usr/bin/netcat>nc.openbsd",
        110,
        "TCP/IP swiss army knife",
    ),
    Package::new(
        "netcat-traditional",
        "1.10-50",
        "",
        "/usr/bin/nc.traditional=gnu/nc /usr/bin/nc>nc.traditional /usr/bin/netcat>nc.traditional",
        140,
        "TCP/IP swiss army knife",
    ),
    Package::new("ncat", "7.95+dfsg-3", "", "/usr/bin/ncat=gnu/nc", 700, "NMAP netcat reimplementation"),
    Package::new(
        "nginx",
        "1.26.3-3+deb13u1",
        "",
        "/usr/sbin/nginx=nginx",
        1300,
        "small, powerful, scalable web/proxy server",
    ),
    Package::new(
        "openssl",
        "3.5.4-1~deb13u1",
        "",
        "/usr/bin/openssl",
        2500,
        "Secure Sockets Layer toolkit - cryptographic utility",
    ),
    Package::new(
        "passwd",
        "1:4.17.4-2",
        "",
        "/usr/bin/passwd /usr/sbin/useradd /usr/sbin/groupadd /usr/sbin/usermod /usr/sbin/userdel",
        2900,
        "change and administer password and group data",
    ),
    Package::new("perl-base", "5.40.1-6", "", "", 7800, "minimal Perl system"),
    Package::new(
        "procps",
        "2:4.0.4-9",
        "",
        "/usr/bin/free /usr/bin/pgrep /usr/bin/pidwait /usr/bin/pkill /usr/bin/pmap /usr/bin/ps /usr/bin/pwdx /usr/bin/tload /usr/bin/top /usr/bin/uptime /usr/bin/vmstat /usr/bin/w /usr/bin/watch /usr/bin/slabtop /usr/sbin/sysctl",
        2390,
        "/proc file system utilities",
    ),
    Package::new(
        "psmisc",
        "23.7-2",
        "",
        "/usr/bin/fuser /usr/bin/killall /usr/bin/pstree",
        950,
        "utilities that use the proc file system",
    ),
    Package::new(
        "python3",
        "3.13.5-1",
        "",
        "/usr/bin/python3=python",
        80,
        "interactive high-level object-oriented language",
    ),
    Package::new(
        "redis-server",
        "5:8.0.2-3",
        "redis-tools",
        "/usr/bin/redis-server=redis-server",
        300,
        "Persistent key-value database with network interface",
    ),
    Package::new(
        "redis-tools",
        "5:8.0.2-3",
        "",
        "/usr/bin/redis-cli=redis-cli",
        5000,
        "Persistent key-value database with network interface (client)",
    ),
    Package::new(
        "sed",
        "4.9-2",
        "",
        "/usr/bin/sed",
        987,
        "GNU stream editor for filtering/transforming text",
    ),
    Package::new("socat", "1.8.0.3-1", "", "", 1900, "multipurpose relay for bidirectional data transfer"),
    Package::new("sysvinit-utils", "3.14-4", "", "/usr/bin/pidof", 100, "System-V-like utilities"),
    Package::new(
        "tar",
        "1.35+dfsg-3.1",
        "",
        "/usr/bin/tar",
        3200,
        "GNU version of the tar archiving utility",
    ),
    Package::new("tcpdump", "4.99.5-2", "", "", 1500, "command-line network traffic analyzer"),
    Package::new(
        "telnet",
        "0.17+2.6-3",
        "inetutils-telnet",
        "",
        40,
        "transitional dummy package for inetutils-telnet",
    ),
    Package::new("tini", "0.19.0-3+b1", "", "/usr/bin/tini", 30, "tiny but valid init for containers"),
    Package::new(
        "traceroute",
        "1:2.1.6-1",
        "",
        "/usr/bin/traceroute",
        170,
        "Traces the route taken by packets over an IPv4/IPv6 network",
    ),
    Package::new(
        "tree",
        "2.2.1-1",
        "",
        "/usr/bin/tree",
        120,
        "displays an indented directory tree, in color",
    ),
    Package::new("tzdata", "2025b-4+deb13u1", "", "", 1400, "time zone and daylight-saving time data"),
    Package::new(
        "util-linux",
        "2.41-5",
        "",
        "/usr/bin/dmesg /usr/bin/findmnt /usr/bin/flock /usr/bin/getopt /usr/bin/ionice /usr/bin/last /usr/bin/lsblk \
         /usr/bin/lscpu /usr/bin/mesg /usr/bin/more /usr/bin/mountpoint /usr/bin/nsenter /usr/bin/rev /usr/bin/setpriv \
         /usr/bin/setsid /usr/bin/su /usr/bin/taskset /usr/bin/unshare /usr/bin/whereis /usr/bin/prlimit /usr/bin/namei",
        5500,
        "miscellaneous system utilities",
    ),
    Package::new(
        "vim",
        "2:9.1.1230-2",
        "",
        "/usr/bin/vim.basic=gnu/vi /usr/bin/vi>vim.basic /usr/bin/vim>vim.basic",
        4000,
        "Vi IMproved - enhanced vi editor",
    ),
    Package::new(
        "vim-tiny",
        "2:9.1.1230-2",
        "",
        "/usr/bin/vim.tiny=gnu/vi /usr/bin/vi>vim.tiny",
        1800,
        "Vi IMproved - enhanced vi editor - compact version",
    ),
    Package::new("wget", "1.25.0-2", "", "/usr/bin/wget", 3800, "retrieves files from the web"),
    Package::new("zlib1g", "1:1.3.dfsg+really1.3.1-1+b1", "", "", 170, "compression library - runtime"),
];

#[cfg(test)]
mod tests {
    use super::{ALPINE_BASE, DEBIAN_BASE, Distribution, all, find, with_needs};

    #[test]
    fn what_packages_need_exists_and_comes_first() {
        for distribution in [Distribution::Alpine, Distribution::Debian] {
            for package in all(distribution) {
                for need in package.needs.split_whitespace() {
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
