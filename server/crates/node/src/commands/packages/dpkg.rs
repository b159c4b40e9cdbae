//! `dpkg` and `dpkg-query`: what is installed (`-l`, `-s`, `-L`, `-S` are dpkg(1)'s).

use super::database::Database;
use crate::{
    commands::Cx,
    images::packages::{self, Distribution},
    libc::fnmatch::fnmatch,
};

const HEAD: &str = "\
Desired=Unknown/Install/Remove/Purge/Hold
| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend
|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)
";

/// Runs `dpkg` or `dpkg-query`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    let args: Vec<String> = cx.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let (options, names): (Vec<&str>, Vec<&str>) =
        args.iter().map(String::as_str).partition(|arg| arg.starts_with('-'));
    let database = Database::read(&cx, Distribution::Debian).await;
    let code = match options.first().copied() {
        Some("-l" | "--list") => list(&mut cx, &database, &names).await,
        Some("-s" | "--status") => status(&mut cx, &database, &names).await,
        Some("-L" | "--listfiles") => files(&mut cx, &database, &names).await,
        Some("--print-architecture") => {
            cx.put("amd64\n");
            0
        }
        Some("--version") => {
            cx.put("Debian 'dpkg' package management program version 1.22.21 (amd64).\n");
            0
        }
        Some("--configure") => 0,
        _ => {
            cx.complain(
                "dpkg: error: need an action option\n\nType dpkg --help for help about installing and deinstalling packages [*];\n",
            )
            .await;
            2
        }
    };
    cx.finish(code).await
}

async fn list(cx: &mut Cx, database: &Database, patterns: &[&str]) -> u8 {
    let fits = |name: &str| {
        patterns.is_empty() || patterns.iter().any(|pattern| fnmatch(pattern.as_bytes(), name.as_bytes()))
    };
    let names: Vec<String> = database.names().filter(|name| fits(name)).map(str::to_owned).collect();
    if names.is_empty() {
        let shown = patterns.first().copied().unwrap_or_default().to_owned();
        cx.complain(format!("dpkg-query: no packages found matching {shown}\n")).await;
        return 1;
    }
    let width = |field: &str, least: usize| {
        let longest = names.iter().map(|name| match field {
            "" => name.len(),
            _ => database.field(name, field).map_or(0, str::len),
        });
        longest.max().unwrap_or(0).max(least)
    };
    let (name_width, version_width) = (width("", 4), width("Version", 7));
    let about = width("Description", 11);
    cx.put(HEAD);
    cx.put(format!("||/ {:<name_width$} {:<version_width$} Architecture Description\n", "Name", "Version"));
    cx.put(format!(
        "+++-{}-{}-============-{}\n",
        "=".repeat(name_width),
        "=".repeat(version_width),
        "=".repeat(about)
    ));
    for name in &names {
        let field = |field: &str| database.field(name, field).unwrap_or_default();
        cx.put(format!(
            "ii  {name:<name_width$} {:<version_width$} {:<12} {}\n",
            field("Version"),
            field("Architecture"),
            field("Description")
        ));
    }
    0
}

async fn status(cx: &mut Cx, database: &Database, names: &[&str]) -> u8 {
    let mut code = 0;
    for name in names {
        match database.stanza(name) {
            Some(stanza) => cx.put(stanza),
            None => {
                cx.flush().await;
                cx.complain(format!(
                    "dpkg-query: package '{name}' is not installed and no information is available\n\
                     Use dpkg --info (= dpkg-deb --info) to examine archive files.\n"
                ))
                .await;
                code = 1;
            }
        }
    }
    code
}

async fn files(cx: &mut Cx, database: &Database, names: &[&str]) -> u8 {
    let mut code = 0;
    for name in names {
        match packages::find(Distribution::Debian, name).filter(|_| database.has(name)) {
            Some(package) => {
                for (path, _) in package.programs.iter().filter_map(|entry| packages::program_of(entry)) {
                    cx.put(format!("{path}\n"));
                }
            }
            None => {
                cx.complain(format!("dpkg-query: package '{name}' is not installed\n")).await;
                code = 1;
            }
        }
    }
    code
}
