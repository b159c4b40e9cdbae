//! `apt-cache`, and what `apt` has of it: `search`, `show`, `policy`, `list`.

use super::{database::Database, sources};
use crate::{
    commands::Cx,
    images::packages::{self, Distribution, Package},
};

/// Runs `apt-cache`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    let words: Vec<String> = cx
        .args
        .iter()
        .map(|arg| String::from_utf8_lossy(arg).into_owned())
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let code = match words.split_first() {
        Some((verb @ (&"search" | &"show" | &"policy"), names)) => look(&mut cx, verb, names).await,
        Some((verb, _)) => {
            cx.complain(format!("E: Invalid operation {verb}\n")).await;
            100
        }
        None => {
            cx.put("apt 3.0.3 (amd64)\nUsage: apt-cache [options] command\n       apt-cache [options] show pkg1 [pkg2 ...]\n");
            1
        }
    };
    cx.finish(code).await
}

/// Looks something up in the lists and records.
pub(super) async fn look(cx: &mut Cx, verb: &str, names: &[&str]) -> u8 {
    let known = sources::known(cx).await;
    let database = Database::read(cx, Distribution::Debian).await;
    let listed: Vec<&'static Package> = packages::all(Distribution::Debian)
        .iter()
        .filter(|package| database.has(package.name) || known.iter().any(|name| name == package.name))
        .collect();
    match verb {
        "list" => {
            cx.put("Listing...\n");
            let installed_only = cx.args.iter().any(|arg| &**arg == b"--installed");
            for Package { name, version, .. } in
                listed.iter().filter(|package| !installed_only || database.has(package.name))
            {
                let state = if database.has(name) { " [installed]" } else { "" };
                cx.put(format!("{name}/now {version} amd64{state}\n"));
            }
            0
        }
        "search" => {
            let fits = |package: &Package| {
                names.iter().all(|word| package.name.contains(word) || package.summary.contains(word))
            };
            for package in listed.iter().filter(|package| fits(package)) {
                cx.put(format!("{} - {}\n", package.name, package.summary));
            }
            0
        }
        _ => {
            let mut code = 0;
            for name in names {
                let Some(package) = listed.iter().find(|package| package.name == *name) else {
                    if verb == "show" {
                        cx.flush().await;
                        cx.complain(format!("N: Unable to locate package {name}\nE: No packages found\n"))
                            .await;
                        code = 100;
                    } else {
                        cx.complain(format!("N: Unable to locate package {name}\n")).await;
                    }
                    continue;
                };
                let Package { name, version, needs, installed_kb, summary, .. } = package;
                if verb == "policy" {
                    let installed = if database.has(name) { version } else { "(none)" };
                    cx.put(format!(
                        "{name}:\n  Installed: {installed}\n  Candidate: {version}\n  Version table:\n     {version} 500\n"
                    ));
                } else {
                    let needs = needs.join(", ");
                    cx.put(format!(
                        "Package: {name}\nVersion: {version}\nInstalled-Size: {installed_kb}\nDepends: {needs}\nDescription: {summary}\n\n"
                    ));
                }
            }
            code
        }
    }
}
