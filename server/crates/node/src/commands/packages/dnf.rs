//! `dnf` and `yum`, Red Hat's package managers: their mirrors are out of reach, and they say so.

use std::sync::Arc;

use crate::{commands::Cx, libc::resolver};

/// What is asked for the addresses of mirrors: whose, the host, the path for a major version.
const MIRRORS: &[(&str, &str, &str)] = &[
    ("almalinux", "mirrors.almalinux.org", "mirrorlist/{}/baseos"),
    ("centos", "mirrorlist.centos.org", "?release={}&arch=x86_64&repo=BaseOS&infra=container"),
    ("fedora", "mirrors.fedoraproject.org", "metalink?repo=fedora-{}&arch=x86_64"),
    ("rhel", "cdn-ubi.redhat.com", "content/public/ubi/dist/ubi{}/{}/x86_64/baseos/os/repodata/repomd.xml"),
    ("rocky", "mirrors.rockylinux.org", "mirrorlist?arch=x86_64&repo=BaseOS-{}"),
];
const MAX_FILE: usize = 64 * 1024;

/// Runs `dnf` or `yum`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    let words: Vec<String> = cx
        .args
        .iter()
        .map(|arg| String::from_utf8_lossy(arg).into_owned())
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let os_release = cx.process.read_file(b"/etc/os-release", MAX_FILE).await.unwrap_or_default();
    let os_release = String::from_utf8_lossy(&os_release).into_owned();
    let field = |name: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    let (id, name, version) = (field("ID"), field("NAME"), field("VERSION_ID"));
    match words.first().map(String::as_str) {
        None => {
            cx.complain("usage: dnf [options] COMMAND\n").await;
            1
        }
        Some("clean") => {
            cx.put("0 files removed\n");
            cx.finish(0).await
        }
        Some(
            "install" | "update" | "upgrade" | "makecache" | "search" | "list" | "info" | "check-update"
            | "repolist" | "groupinstall" | "provides",
        ) => {
            let (_, host, path) = MIRRORS.iter().find(|(known, ..)| *known == id).unwrap_or(&(
                "",
                "mirrors.fedoraproject.org",
                "",
            ));
            let major = version.split('.').next().unwrap_or_default();
            let path = path.replace("{}", major);
            if id == "centos" && major == "7" {
                return of_old(cx, host, &path.replace("BaseOS", "os")).await;
            }
            let url = format!("https://{host}/{path}");
            let reason = if has_address(&cx, host).await {
                format!("Curl error (7): Couldn't connect to server for {url}")
            } else {
                format!(
                    "Curl error (6): Couldn't resolve host name for {url} [Could not resolve host: {host}]"
                )
            };
            let title = format!("{name} {major} - BaseOS");
            cx.put(format!("{title:<47} 0.0  B/s |   0  B     00:00    \n"));
            cx.flush().await;
            cx.complain(format!(
                "Errors during downloading metadata for repository 'baseos':\n  - {reason}\nError: Failed to download metadata for \
                 repo 'baseos': Cannot prepare internal mirrorlist: {reason}\n"
            ))
            .await;
            1
        }
        Some(other) => {
            cx.complain(format!(
                "No such command: {other}. Please use /usr/bin/dnf --help\nIt could be a DNF plugin command, try: \"dnf install \
                 'dnf-command({other})'\"\n"
            ))
            .await;
            1
        }
    }
}

/// Whether a name has an address. It is asked for as anybody would, so that the error is that of the container's own network.
async fn has_address(cx: &Cx, host: &str) -> bool {
    let process = Arc::clone(&cx.process);
    resolver::resolve(&process, host).await.is_ok()
}

/// What the `yum` of CentOS 7 says.
async fn of_old(mut cx: Cx, host: &str, path: &str) -> u8 {
    cx.put("Loaded plugins: fastestmirror, ovl\nDetermining fastest mirrors\n");
    cx.flush().await;
    let reason = if has_address(&cx, host).await {
        format!("7 - \"Failed connect to {host}:80; Connection refused\"")
    } else {
        format!("6 - \"Could not resolve host: {host}; Unknown error\"")
    };
    cx.complain(format!(
        "Could not retrieve mirrorlist http://{host}/{path} error was\n14: curl#{reason}\n\n\nCannot find a valid baseurl for repo: \
         base/7/x86_64\n"
    ))
    .await;
    1
}
