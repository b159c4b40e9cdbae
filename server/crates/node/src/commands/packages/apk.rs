//! `apk`, Alpine's package manager: `update`, `add`, `del`, `info`, `search`, `upgrade` (apk(8)).

use std::collections::BTreeSet;

use super::database::{self, Database, download};
use crate::{
    commands::Cx,
    images::packages::{self, Distribution, Package},
    kernel::{errno::Errno, fs::OpenFlags},
    rng::stable_hash,
};

const REPOSITORIES: &[u8] = b"/etc/apk/repositories";
const WORLD: &[u8] = b"/etc/apk/world";
const MAX_FILE: usize = 64 * 1024;
/// How a repository's index weighs, in bytes.
const INDEX_BYTES: u64 = 900_000;
const MIRRORS: &[&str] = &["dl-cdn.alpinelinux.org", "dl-2.alpinelinux.org", "dl-3.alpinelinux.org"];

/// The command line.
#[derive(Debug, Default)]
struct Arguments {
    no_cache: bool,
    update: bool,
    quiet: bool,
    installed_only: bool,
    words: Vec<String>,
}

/// Runs `apk`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    let mut arguments = Arguments::default();
    let all: Vec<String> = cx.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let mut all = all.into_iter();
    while let Some(arg) = all.next() {
        match arg.as_str() {
            "--no-cache" => arguments.no_cache = true,
            "-U" | "--update-cache" | "--update" => arguments.update = true,
            "-q" | "--quiet" => arguments.quiet = true,
            "-e" | "--installed" | "-I" => arguments.installed_only = true,
            "-t" | "--virtual" | "-X" | "--repository" | "--cache-max-age" => drop(all.next()),
            "-V" | "--version" => {
                cx.put("apk-tools 2.14.9, compiled for x86_64.\n");
                return cx.finish(0).await;
            }
            _ if arg.starts_with('-') => {}
            _ => arguments.words.push(arg),
        }
    }
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    let code = match words.split_first() {
        Some((&"update", _)) => update(&mut cx, &arguments).await,
        Some((&"add", names)) => add(&mut cx, &arguments, names).await,
        Some((&"del", names)) => del(&mut cx, names).await,
        Some((&"info", names)) => info(&mut cx, &arguments, names).await,
        Some((&("search" | "list"), names)) => search(&mut cx, &arguments, names).await,
        Some((&("upgrade" | "fix" | "cache"), _)) if locked(&mut cx).await => 99,
        Some((&"upgrade", _)) => {
            let index = if arguments.update { fetch_indexes(&mut cx, &arguments).await } else { 0 };
            let database = Database::read(&cx, Distribution::Alpine).await;
            if index == 0 {
                sum(&mut cx, &database);
            }
            index
        }
        Some((&("fix" | "cache"), _)) => 0,
        Some((verb, _)) => {
            cx.complain(format!("apk: applet not found: {verb}\n")).await;
            1
        }
        None => {
            cx.put("apk-tools 2.14.9, compiled for x86_64.\n\nusage: apk [<OPTIONS>...] COMMAND [<ARGUMENTS>...]\n");
            1
        }
    };
    cx.finish(code).await
}

/// Whether the user may change what is installed; says so where not.
async fn locked(cx: &mut Cx) -> bool {
    if cx.process.creds().uid == 0 {
        return false;
    }
    let text = cx.text(Errno::EACCES);
    cx.complain(format!(
        "ERROR: Unable to lock database: {text}\nERROR: Failed to open apk database: {text}\n"
    ))
    .await;
    true
}

/// The repositories' addresses.
async fn repositories(cx: &Cx) -> Vec<String> {
    let text = cx.process.read_file(REPOSITORIES, MAX_FILE).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    // Tagged ones begin with their tag.
    lines.filter_map(|line| line.split_whitespace().next_back()).map(str::to_owned).collect()
}

fn index_path(repository: &str) -> String {
    format!("/var/cache/apk/APKINDEX.{:08x}.tar.gz", stable_hash(repository.as_bytes()) as u32)
}

fn answers(repository: &str) -> bool {
    let host =
        repository.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    MIRRORS.contains(&host)
}

/// Fetches the indexes of all repositories. Returns how many failed.
async fn fetch_indexes(cx: &mut Cx, arguments: &Arguments) -> u8 {
    let mut failed = 0;
    for repository in repositories(cx).await {
        let url = format!("{repository}/x86_64/APKINDEX.tar.gz");
        if !arguments.quiet {
            cx.put(format!("fetch {url}\n"));
            cx.flush().await;
        }
        if !answers(&repository) {
            download(cx, 0).await;
            cx.complain(format!(
                "WARNING: updating and opening {url}: DNS: transient error (try again later)\n"
            ))
            .await;
            failed += 1;
            continue;
        }
        download(cx, INDEX_BYTES).await;
        if !arguments.no_cache {
            let stored =
                database::write(cx, index_path(&repository).as_bytes(), 0o644, bytes::Bytes::new()).await;
            if let Err(errno) = stored {
                let text = cx.text(errno);
                cx.complain(format!("WARNING: updating and opening {url}: {text}\n")).await;
                failed += 1;
            }
        }
    }
    failed
}

fn offered() -> impl Iterator<Item = &'static Package> {
    packages::all(Distribution::Alpine).iter().filter(|package| package.is_offered())
}

async fn update(cx: &mut Cx, arguments: &Arguments) -> u8 {
    if locked(cx).await {
        return 99;
    }
    let failed = fetch_indexes(cx, arguments).await;
    let repositories = repositories(cx).await;
    let count = offered().count();
    if failed > 0 {
        let stale = failed;
        cx.put(format!("{failed} unavailable, {stale} stale; {count} distinct packages available\n"));
        return failed;
    }
    if !arguments.quiet {
        let release = release(cx).await;
        for repository in &repositories {
            cx.put(format!("v{release} [{repository}]\n"));
        }
        cx.put(format!("OK: {count} distinct packages available\n"));
    }
    0
}

async fn release(cx: &Cx) -> String {
    let text = cx.process.read_file(b"/etc/alpine-release", 64).await.unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}

/// What was asked for, package by package.
async fn world(cx: &Cx) -> BTreeSet<String> {
    let text = cx.process.read_file(WORLD, MAX_FILE).await.unwrap_or_default();
    String::from_utf8_lossy(&text).split_whitespace().map(str::to_owned).collect()
}

async fn write_world(cx: &Cx, world: &BTreeSet<String>) -> Result<(), Errno> {
    let text: String = world.iter().map(|name| format!("{name}\n")).collect();
    let file = cx.process.open_file(WORLD, OpenFlags::WRITE, 0o644).await?;
    cx.process.write_file(&file, text.into()).await
}

async fn add(cx: &mut Cx, arguments: &Arguments, names: &[&str]) -> u8 {
    if locked(cx).await {
        return 99;
    }
    let mut stale = arguments.no_cache || arguments.update;
    for repository in repositories(cx).await {
        stale |= cx.process.stat(index_path(&repository).as_bytes(), true).is_err();
    }
    if stale {
        fetch_indexes(cx, arguments).await;
    }
    let reachable = repositories(cx).await.iter().any(|repository| answers(repository));
    // Versions can be asked for: `curl=8.14.1-r2`, `curl>8`, `curl@edge`.
    let names: Vec<&str> =
        names.iter().map(|name| name.split(['=', '<', '>', '~', '@']).next().unwrap_or_default()).collect();
    let mut database = Database::read(cx, Distribution::Alpine).await;
    let known = |name: &&str| {
        packages::find(Distribution::Alpine, name)
            .is_some_and(|package| database.has(package.name) || (reachable && package.is_offered()))
    };
    let unknown: Vec<_> = names.iter().filter(|name| !known(name)).collect();
    if !unknown.is_empty() {
        cx.flush().await;
        let mut text = "ERROR: unable to select packages:\n".to_owned();
        for name in &unknown {
            text.push_str(&format!("  {name} (no such package):\n    required by: world[{name}]\n"));
        }
        cx.complain(text).await;
        return u8::try_from(unknown.len()).unwrap_or(u8::MAX);
    }
    let mut world = world(cx).await;
    world.extend(names.iter().map(|name| (*name).to_owned()));
    let new = database.missing(&names);
    for (index, package) in new.iter().enumerate() {
        download(cx, package.download_bytes).await;
        if !arguments.quiet {
            cx.put(format!(
                "({}/{}) Installing {} ({})\n",
                index + 1,
                new.len(),
                package.name,
                package.version
            ));
            cx.flush().await;
        }
        if let Err(errno) = database.add(cx, package).await {
            return failed(cx, package, errno).await;
        }
    }
    if let Err(errno) = write_world(cx, &world).await {
        let text = cx.text(errno);
        cx.complain(format!("ERROR: Failed to save world: {text}\n")).await;
        return 1;
    }
    if !arguments.quiet {
        if !new.is_empty()
            && let Some(version) = database.field("busybox", "V")
        {
            cx.put(format!("Executing busybox-{version}.trigger\n"));
        }
        sum(cx, &database);
    }
    0
}

async fn failed(cx: &mut Cx, package: &Package, errno: Errno) -> u8 {
    let text = cx.text(errno);
    cx.flush().await;
    cx.complain(format!("ERROR: {}-{}: {text}\n", package.name, package.version)).await;
    1
}

/// The last line: how much is installed.
fn sum(cx: &mut Cx, database: &Database) {
    let kb: u64 = database.packages().map(|package| package.installed_kb).sum();
    cx.put(format!("OK: {} MiB in {} packages\n", kb / 1024, database.names().count()));
}

async fn del(cx: &mut Cx, names: &[&str]) -> u8 {
    if locked(cx).await {
        return 99;
    }
    let mut world = world(cx).await;
    let mut database = Database::read(cx, Distribution::Alpine).await;
    world.retain(|name| !names.contains(&name.as_str()));
    // What nobody asked for and nobody needs any more goes too.
    let wanted: Vec<&str> = packages::with_needs(
        Distribution::Alpine,
        &world.iter().map(String::as_str).chain(BASE.iter().copied()).collect::<Vec<_>>(),
    )
    .iter()
    .map(|package| package.name)
    .collect();
    let asked = names.iter().filter_map(|name| packages::find(Distribution::Alpine, name));
    let needed = asked.clone().flat_map(|package| package.needs.clone());
    let candidates: Vec<&str> = asked.map(|package| package.name).chain(needed).collect();
    let gone: Vec<&'static Package> = packages::with_needs(Distribution::Alpine, &candidates)
        .into_iter()
        .rev()
        .filter(|package| database.has(package.name) && !wanted.contains(&package.name))
        .collect();
    for (index, package) in gone.iter().enumerate() {
        cx.put(format!("({}/{}) Purging {} ({})\n", index + 1, gone.len(), package.name, package.version));
        if let Err(errno) = database.remove(cx, package).await {
            return failed(cx, package, errno).await;
        }
    }
    if let Err(errno) = write_world(cx, &world).await {
        let text = cx.text(errno);
        cx.complain(format!("ERROR: Failed to save world: {text}\n")).await;
        return 1;
    }
    sum(cx, &database);
    0
}

/// What stays, whoever asks.
const BASE: &[&str] =
    &["alpine-baselayout", "apk-tools", "busybox", "ca-certificates-bundle", "musl-utils", "ssl_client"];

async fn info(cx: &mut Cx, arguments: &Arguments, names: &[&str]) -> u8 {
    let database = Database::read(cx, Distribution::Alpine).await;
    if names.is_empty() {
        let text: String = database.names().map(|name| format!("{name}\n")).collect();
        cx.put(text);
        return 0;
    }
    let mut code = 0;
    for name in names {
        match packages::find(Distribution::Alpine, name).filter(|package| database.has(package.name)) {
            Some(package) if arguments.installed_only => cx.put(format!("{}\n", package.name)),
            Some(package) => {
                let full = format!("{}-{}", package.name, package.version);
                cx.put(format!("{full} description:\n{}\n\n", package.summary));
                cx.put(format!("{full} installed size:\n{} KiB\n\n", package.installed_kb));
            }
            None => code = 1,
        }
    }
    code
}

async fn search(cx: &mut Cx, arguments: &Arguments, words: &[&str]) -> u8 {
    let database = Database::read(cx, Distribution::Alpine).await;
    let fits = |package: &Package| {
        (!arguments.installed_only || database.has(package.name))
            && (words.is_empty() || words.iter().any(|word| package.name.contains(word.trim_matches('*'))))
    };
    for package in offered().filter(|package| fits(package)) {
        cx.put(format!("{}-{}\n", package.name, package.version));
    }
    0
}
