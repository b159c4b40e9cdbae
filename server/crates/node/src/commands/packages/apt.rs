//! `apt-get` and `apt`: `update`, `install`, `remove`, `upgrade`, `clean` (apt-get(8)).

use crate::{
    commands::Cx,
    images::packages::{self, Distribution, Package},
    kernel::errno::Errno,
};

use super::{
    database::{self, Database, download},
    sources::{self, LISTS, Source},
};

/// What `apt-get` ends with when something is wrong.
const FAILED: u8 = 100;
/// How a release's signed list of lists, and a list of packages without any, weigh, in bytes.
const RELEASE_BYTES: u64 = 140_000;
const LIST_BYTES: u64 = 9_670_000;
const EMPTY_LIST_BYTES: u64 = 5_412;

/// The command line.
#[derive(Debug, Default)]
struct Arguments {
    yes: bool,
    /// `-q`, `-qq`.
    quiet: u8,
    simulate: bool,
    words: Vec<String>,
}

impl Arguments {
    /// Reads the options; names one that is not known.
    fn parse(args: &[bytes::Bytes]) -> Result<Self, String> {
        let mut parsed = Self::default();
        let mut args = args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned());
        while let Some(arg) = args.next() {
            if let Some(long) = arg.strip_prefix("--") {
                match long.split('=').next().unwrap_or_default() {
                    "yes" | "assume-yes" => parsed.yes = true,
                    "quiet" => parsed.quiet += 1,
                    "simulate" | "dry-run" | "just-print" => parsed.simulate = true,
                    "option" | "target-release" | "default-release" | "config-file"
                        if !long.contains('=') =>
                    {
                        args.next();
                    }
                    "option" | "target-release" | "default-release" | "config-file" => {}
                    "no-install-recommends"
                    | "install-recommends"
                    | "no-install-suggests"
                    | "fix-broken"
                    | "fix-missing"
                    | "ignore-missing"
                    | "allow-unauthenticated"
                    | "allow-downgrades"
                    | "allow-releaseinfo-change"
                    | "allow-insecure-repositories"
                    | "reinstall"
                    | "purge"
                    | "force-yes"
                    | "auto-remove"
                    | "autoremove"
                    | "no-upgrade"
                    | "only-upgrade"
                    | "download-only"
                    | "trivial-only"
                    | "show-progress"
                    | "no-remove"
                    | "assume-no" => {}
                    _ => {
                        return Err(format!(
                            "Command line option {arg} is not understood in combination with the other options"
                        ));
                    }
                }
            } else if arg.len() > 1 && arg.starts_with('-') {
                for (at, letter) in arg.char_indices().skip(1) {
                    match letter {
                        'y' => parsed.yes = true,
                        'q' => parsed.quiet += 1,
                        's' => parsed.simulate = true,
                        'f' | 'm' | 'u' | 'V' | 'd' | 'b' => {}
                        'o' | 't' | 'c' => {
                            if at + 1 == arg.len() {
                                args.next();
                            }
                            break;
                        }
                        _ => {
                            return Err(format!(
                                "Command line option '{letter}' [from {arg}] is not understood in combination with the other options."
                            ));
                        }
                    }
                }
            } else {
                parsed.words.push(arg);
            }
        }
        if parsed.quiet > 1 {
            parsed.yes = true;
        }
        Ok(parsed)
    }
}

/// Runs `apt-get` or `apt`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    if cx.args.iter().any(|arg| matches!(&**arg, b"--version" | b"-v")) {
        cx.put("apt 3.0.3 (amd64)\n");
        return cx.finish(0).await;
    }
    let arguments = match Arguments::parse(&cx.args) {
        Ok(arguments) => arguments,
        Err(message) => return fail(&mut cx, &message).await,
    };
    if cx.name.ends_with("apt") && !cx.process.is_terminal(1) {
        cx.complain("\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n\n")
            .await;
    }
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    let Some((verb, names)) = words.split_first() else {
        cx.put("apt 3.0.3 (amd64)\nUsage: apt-get [options] command\n       apt-get [options] install|remove pkg1 [pkg2 ...]\n");
        return cx.finish(1).await;
    };
    let code = match *verb {
        "update" => update(&mut cx, &arguments).await,
        "install" => install(&mut cx, &arguments, names).await,
        "remove" | "purge" | "autoremove" => remove(&mut cx, &arguments, names).await,
        "upgrade" | "dist-upgrade" | "full-upgrade" => {
            plan(&mut cx, &arguments, "Calculating upgrade...").await;
            cx.put("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n");
            0
        }
        "clean" | "autoclean" => 0,
        "list" | "search" | "show" | "policy" => super::apt_cache::look(&mut cx, verb, names).await,
        _ => fail(&mut cx, &format!("Invalid operation {verb}")).await,
    };
    cx.finish(code).await
}

async fn fail(cx: &mut Cx, message: &str) -> u8 {
    cx.flush().await;
    cx.complain(format!("E: {message}\n")).await;
    FAILED
}

/// Whether the user may change what is installed; says so where not.
async fn locked(cx: &mut Cx, lists: bool) -> bool {
    if cx.process.creds().uid == 0 {
        return false;
    }
    let denied = cx.text(Errno::EACCES);
    let text = if lists {
        format!(
            "E: Could not open lock file {LISTS}/lock - open (13: {denied})\nE: Unable to lock directory {LISTS}/\n"
        )
    } else {
        format!(
            "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: {denied})\n\
             E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n"
        )
    };
    cx.complain(text).await;
    true
}

/// The first lines of whatever looks at the lists.
async fn plan(cx: &mut Cx, arguments: &Arguments, further: &str) {
    if arguments.quiet > 1 {
        return;
    }
    // A terminal sees how far it is, and at the end that it is done.
    let done = if cx.process.is_terminal(1) && arguments.quiet == 0 { " Done" } else { "" };
    for line in
        ["Reading package lists...", "Building dependency tree...", "Reading state information...", further]
    {
        if !line.is_empty() {
            cx.put(format!("{line}{done}\n"));
        }
    }
    cx.flush().await;
}

async fn update(cx: &mut Cx, arguments: &Arguments) -> u8 {
    if locked(cx, true).await {
        return FAILED;
    }
    let begun = cx.process.now();
    let sources = sources::sources(cx).await;
    let mut number = 0;
    let mut total = 0;
    let mut failed = Vec::new();
    let mut lists = Vec::new();
    for source in &sources {
        number += 1;
        let Source { uri, suite, .. } = source;
        if !source.answers() {
            database::download(cx, 0).await;
            let reason = format!("Temporary failure resolving '{}'", source.host());
            tell(cx, arguments, &format!("Err:{number} {uri} {suite} InRelease\n  {reason}")).await;
            failed.push(format!("W: Failed to fetch {uri}/dists/{suite}/InRelease  {reason}\n"));
            continue;
        }
        total += fetch(cx, arguments, number, &format!("{uri} {suite} InRelease"), RELEASE_BYTES).await;
        lists.push(source);
    }
    let offered: String = packages::all(Distribution::Debian)
        .iter()
        .filter(|package| package.is_offered())
        .map(listed)
        .collect();
    for source in lists {
        for (index, component) in source.components.iter().enumerate() {
            number += 1;
            let text = if source.is_release() && index == 0 { offered.clone() } else { String::new() };
            let bytes = if text.is_empty() { EMPTY_LIST_BYTES } else { LIST_BYTES };
            let what = format!("{} {}/{component} amd64 Packages", source.uri, source.suite);
            total += fetch(cx, arguments, number, &what, bytes).await;
            let path = source.list(&format!("{component}/binary-amd64/Packages"));
            if let Err(errno) = database::write(cx, path.as_bytes(), 0o644, text.into()).await {
                return disk_error(cx, &path, errno).await;
            }
        }
    }
    if total > 0 {
        tell(cx, arguments, &fetched(cx, total, begun)).await;
    }
    if arguments.quiet < 2 {
        let done = if cx.process.is_terminal(1) && arguments.quiet == 0 { " Done" } else { "" };
        cx.put(format!("Reading package lists...{done}\n"));
    }
    if !failed.is_empty() {
        cx.flush().await;
        cx.complain(failed.concat()).await;
        cx.complain(
            "W: Some index files failed to download. They have been ignored, or old ones used instead.\n",
        )
        .await;
    }
    0
}

async fn disk_error(cx: &mut Cx, path: &str, errno: Errno) -> u8 {
    let text = cx.text(errno);
    fail(cx, &format!("Failed to write {path} - write ({}: {text})", errno.number())).await
}

/// How a list describes a package.
fn listed(package: &Package) -> String {
    format!(
        "Package: {}\nVersion: {}\nInstalled-Size: {}\nArchitecture: amd64\nSize: {}\nDescription: {}\n\n",
        package.name, package.version, package.installed_kb, package.download_bytes, package.summary
    )
}

async fn tell(cx: &mut Cx, arguments: &Arguments, line: &str) {
    if arguments.quiet < 2 {
        cx.put(format!("{line}\n"));
        cx.flush().await;
    }
}

/// Downloads something; returns how much that was.
async fn fetch(cx: &mut Cx, arguments: &Arguments, number: usize, what: &str, bytes: u64) -> u64 {
    download(cx, bytes).await;
    tell(cx, arguments, &format!("Get:{number} {what} [{}]", size(bytes))).await;
    bytes
}

fn fetched(cx: &Cx, bytes: u64, begun: jiff::Timestamp) -> String {
    let elapsed = cx.process.now().duration_since(begun).as_secs_f64();
    let rate = bytes as f64 / elapsed.max(0.001);
    format!("Fetched {} in {:.0}s ({}/s)", size(bytes), elapsed.max(0.0).floor(), size(rate as u64))
}

/// A size as `apt` writes it: at most four digits, or one after the point below 100.
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for (index, unit) in ["B", "kB", "MB", "GB", "TB"].into_iter().enumerate() {
        if value < 100.0 && index > 0 {
            return format!("{value:.1} {unit}");
        }
        if value < 10_000.0 {
            return format!("{value:.0} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.0} PB")
}

/// Names, indented, as many in a line as fit.
fn wrapped(names: &[&str]) -> String {
    let mut text = String::new();
    let mut width = 0;
    for name in names {
        if width == 0 || width + name.len() + 1 > 79 {
            text.push_str(if width == 0 { " " } else { "\n " });
            width = 1;
        }
        text.push(' ');
        text.push_str(name);
        width += name.len() + 1;
    }
    text + "\n"
}

async fn install(cx: &mut Cx, arguments: &Arguments, names: &[&str]) -> u8 {
    if !arguments.simulate && locked(cx, false).await {
        return FAILED;
    }
    plan(cx, arguments, "").await;
    let known = sources::known(cx).await;
    let mut database = Database::read(cx, Distribution::Debian).await;
    // NAME=VERSION and NAME/RELEASE choose among versions; there is one.
    let names: Vec<&str> =
        names.iter().map(|name| name.split(['=', '/', ':']).next().unwrap_or_default()).collect();
    let unknown: Vec<_> = names
        .iter()
        .filter(|name| !database.has(name) && !known.iter().any(|known| known == *name))
        .map(|name| format!("E: Unable to locate package {name}\n"))
        .collect();
    if !unknown.is_empty() {
        cx.flush().await;
        cx.complain(unknown.concat()).await;
        return FAILED;
    }
    for name in names.iter().filter(|name| database.has(name)) {
        let version = database.field(name, "Version").unwrap_or_default();
        cx.put(format!("{name} is already the newest version ({version}).\n"));
    }
    let new = database.missing(&names);
    let mut sorted: Vec<&str> = new.iter().map(|package| package.name).collect();
    sorted.sort_unstable();
    let additional: Vec<&str> = sorted.iter().filter(|name| !names.contains(name)).copied().collect();
    if arguments.quiet < 2 {
        if !additional.is_empty() {
            cx.put(format!("The following additional packages will be installed:\n{}", wrapped(&additional)));
        }
        if !new.is_empty() {
            cx.put(format!("The following NEW packages will be installed:\n{}", wrapped(&sorted)));
        }
        cx.put(format!("0 upgraded, {} newly installed, 0 to remove and 0 not upgraded.\n", new.len()));
    }
    if new.is_empty() || arguments.simulate {
        return 0;
    }
    let bytes: u64 = new.iter().map(|package| package.download_bytes).sum();
    let disk: u64 = new.iter().map(|package| package.installed_kb * 1000).sum();
    let sizes = format!(
        "Need to get {} of archives.\nAfter this operation, {} of additional disk space will be used.",
        size(bytes),
        size(disk)
    );
    tell(cx, arguments, &sizes).await;
    if !additional.is_empty() && !arguments.yes && !confirmed(cx).await {
        return 1;
    }
    get(cx, arguments, &new).await;
    unpack(cx, &mut database, &new).await
}

/// Asks whether to go on.
async fn confirmed(cx: &mut Cx) -> bool {
    cx.put("Do you want to continue? [Y/n] ");
    cx.flush().await;
    let mut answer = Vec::new();
    // A line, byte by byte: what follows it is for others.
    while let Ok(byte) = cx.process.read(0, 1).await {
        match byte.first() {
            Some(b'\n') if answer.is_empty() => return true,
            Some(b'\n') | None => break,
            Some(byte) if answer.len() < 80 => answer.push(*byte),
            Some(_) => {}
        }
    }
    if matches!(answer.first(), Some(b'y' | b'Y')) {
        return true;
    }
    cx.put("Abort.\n");
    false
}

/// Downloads packages.
async fn get(cx: &mut Cx, arguments: &Arguments, new: &[&'static Package]) {
    let begun = cx.process.now();
    let sources = sources::sources(cx).await;
    let place = sources.iter().find(|source| source.answers() && source.is_release());
    let place = place.map_or_else(String::new, |source| {
        let component = source.components.first().map_or("main", String::as_str);
        format!("{} {}/{component}", source.uri, source.suite)
    });
    let mut total = 0;
    for (index, package) in new.iter().enumerate() {
        let what = format!("{place} amd64 {} amd64 {}", package.name, package.version);
        total += fetch(cx, arguments, index + 1, &what, package.download_bytes).await;
    }
    tell(cx, arguments, &fetched(cx, total, begun)).await;
    cx.complain("debconf: delaying package configuration, since apt-utils is not installed\n").await;
}

/// Has `dpkg` unpack packages and set them up.
async fn unpack(cx: &mut Cx, database: &mut Database, new: &[&'static Package]) -> u8 {
    for (index, package) in new.iter().enumerate() {
        let Package { name, version, .. } = package;
        cx.put(format!("Selecting previously unselected package {name}.\n"));
        if index == 0 {
            let files: usize = database.packages().map(|package| 60 + package.programs.len()).sum();
            cx.put(format!("(Reading database ... {files} files and directories currently installed.)\n"));
        }
        // In names of files an epoch's colon is written as a percent code.
        let file = format!("{name}_{}_amd64.deb", version.replace(':', "%3a"));
        let place = if new.len() > 1 { format!(".../{index:02}-{file}") } else { format!(".../{file}") };
        cx.put(format!("Preparing to unpack {place} ...\nUnpacking {name} ({version}) ...\n"));
        cx.flush().await;
        if let Err(errno) = database.add(cx, package).await {
            let text = cx.text(errno);
            cx.complain(format!(
                "dpkg: error processing archive /var/cache/apt/archives/{file} (--unpack):\n unable to install: {text}\n\
                 Errors were encountered while processing:\n /var/cache/apt/archives/{file}\n\
                 E: Sub-process /usr/bin/dpkg returned an error code (1)\n"
            ))
            .await;
            return FAILED;
        }
    }
    for package in new {
        cx.put(format!("Setting up {} ({}) ...\n", package.name, package.version));
        cx.process.work(1).await;
    }
    if new.iter().any(|package| package.name.starts_with("lib"))
        && let Some(version) = database.field("libc-bin", "Version")
    {
        cx.put(format!("Processing triggers for libc-bin ({version}) ...\n"));
    }
    0
}

async fn remove(cx: &mut Cx, arguments: &Arguments, names: &[&str]) -> u8 {
    if locked(cx, false).await {
        return FAILED;
    }
    plan(cx, arguments, "").await;
    let mut database = Database::read(cx, Distribution::Debian).await;
    let known = sources::known(cx).await;
    let mut gone = Vec::new();
    for name in names {
        match packages::find(Distribution::Debian, name) {
            Some(package) if database.has(name) => gone.push(package),
            Some(_) if known.iter().any(|known| known == name) => {
                cx.put(format!("Package '{name}' is not installed, so not removed\n"));
            }
            _ => return fail(cx, &format!("Unable to locate package {name}")).await,
        }
    }
    if !gone.is_empty() {
        let names: Vec<_> = gone.iter().map(|package| package.name).collect();
        cx.put(format!("The following packages will be REMOVED:\n{}", wrapped(&names)));
    }
    cx.put(format!("0 upgraded, 0 newly installed, {} to remove and 0 not upgraded.\n", gone.len()));
    if gone.is_empty() {
        return 0;
    }
    let disk: u64 = gone.iter().map(|package| package.installed_kb * 1000).sum();
    cx.put(format!("After this operation, {} disk space will be freed.\n", size(disk)));
    if !arguments.yes && !confirmed(cx).await {
        return 1;
    }
    for package in gone {
        cx.put(format!("Removing {} ({}) ...\n", package.name, package.version));
        if let Err(errno) = database.remove(cx, package).await {
            let text = cx.text(errno);
            return fail(cx, &format!("Could not remove {}: {text}", package.name)).await;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Arguments, size, wrapped};

    #[test]
    fn sizes_are_as_apt_writes_them() {
        assert_eq!(
            [0, 270_000, 5_412, 9_670_000, 15_720_000, 99].map(size),
            ["0 B", "270 kB", "5412 B", "9670 kB", "15.7 MB", "99 B"]
        );
    }

    #[test]
    fn options_are_read_wherever_they_stand() {
        let parse =
            |line: &'static str| Arguments::parse(&line.split(' ').map(Bytes::from).collect::<Vec<_>>());
        let parsed = parse("-qy install --no-install-recommends curl -o Dpkg::Use-Pty=0 jq").unwrap();
        assert!(parsed.yes && parsed.quiet == 1);
        assert_eq!(parsed.words, ["install", "curl", "jq"]);
        assert!(parse("install --frob").is_err());
    }

    #[test]
    fn long_lists_of_names_are_wrapped() {
        let names = vec!["abcdefghi"; 9];
        assert!(wrapped(&names).lines().all(|line| line.len() <= 80 && line.starts_with("  ")));
    }
}
