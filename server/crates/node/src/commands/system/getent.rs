//! `getent`: what the C library knows of users, groups and hosts.

use std::net::IpAddr;

use crate::{
    commands::Cx,
    libc::resolver,
    network::{DnsAnswer, DnsRecord, DnsType},
};

/// The exit code for a key that is not there.
const NOT_FOUND: u8 = 2;
/// The longest of the files that are looked at.
const MAX_FILE: usize = 256 * 1024;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let args = std::mem::take(&mut cx.args);
    let words: Vec<String> = args
        .iter()
        .filter(|arg| &arg[..] != b"--")
        .map(|arg| String::from_utf8_lossy(arg).into_owned())
        .collect();
    let Some((database, keys)) = words.split_first() else {
        cx.error("wrong number of arguments").await;
        return try_help(&mut cx).await;
    };
    let code = match database.as_str() {
        "passwd" => lines(&mut cx, "/etc/passwd", keys).await,
        "group" => lines(&mut cx, "/etc/group", keys).await,
        "hosts" => hosts(&mut cx, keys).await,
        "ahosts" | "ahostsv4" | "ahostsv6" => addresses(&mut cx, database, keys).await,
        _ => {
            cx.complain(format!("Unknown database: {database}\n")).await;
            return try_help(&mut cx).await;
        }
    };
    cx.finish(code).await
}

async fn try_help(cx: &mut Cx) -> u8 {
    let text = format!("Try `{0} --help' or `{0} --usage' for more information.\n", cx.name);
    cx.put(text);
    cx.finish(1).await
}

/// The lines of a file whose first field, or whose number, is a key; all of them without keys.
async fn lines(cx: &mut Cx, path: &str, keys: &[String]) -> u8 {
    let text = cx.process.read_file(path.as_bytes(), MAX_FILE).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let entries = || text.lines().filter(|line| line.contains(':'));
    if keys.is_empty() {
        entries().for_each(|line| cx.put(format!("{line}\n")));
        return 0;
    }
    let mut code = 0;
    for key in keys {
        let is_number = key.bytes().all(|byte| byte.is_ascii_digit());
        let field = if is_number { 2 } else { 0 };
        match entries().find(|line| line.split(':').nth(field) == Some(key)) {
            Some(line) => cx.put(format!("{line}\n")),
            None => code = NOT_FOUND,
        }
    }
    code
}

/// An entry of `/etc/hosts`: an address and its names.
fn entry(line: &str) -> Option<(IpAddr, Vec<&str>)> {
    let mut words = line.split('#').next()?.split_whitespace();
    Some((words.next()?.parse().ok()?, words.collect()))
}

async fn hosts_file(cx: &Cx) -> String {
    let text = cx.process.read_file(b"/etc/hosts", MAX_FILE).await.unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// `hosts`: of a name the addresses of one family, IPv6 first; of an address its names.
async fn hosts(cx: &mut Cx, keys: &[String]) -> u8 {
    let text = hosts_file(cx).await;
    let entries: Vec<_> = text.lines().filter_map(entry).collect();
    if keys.is_empty() {
        entries.iter().for_each(|(address, names)| cx.put(shown(*address, &names.join(" "))));
        return 0;
    }
    let mut code = 0;
    for key in keys {
        if let Ok(address) = key.parse::<IpAddr>() {
            match entries.iter().find(|(known, _)| *known == address) {
                Some((_, names)) => cx.put(shown(address, &names.join(" "))),
                None => match resolver::name_of(&cx.process, address).await {
                    Some(name) => cx.put(shown(address, &name)),
                    None => code = NOT_FOUND,
                },
            }
            continue;
        }
        let mut named: Vec<_> = entries.iter().filter(|(_, names)| names.contains(&key.as_str())).collect();
        named.sort_by_key(|(address, _)| address.is_ipv4());
        if let Some((first, _)) = named.first() {
            let family = first.is_ipv4();
            for (address, names) in named.iter().filter(|(address, _)| address.is_ipv4() == family) {
                cx.put(shown(*address, &names.join(" ")));
            }
            continue;
        }
        match by_servers(cx, key).await {
            Some((name, found)) => found.iter().for_each(|address| cx.put(shown(*address, &name))),
            None => code = NOT_FOUND,
        }
    }
    code
}

fn shown(address: IpAddr, names: &str) -> String {
    format!("{:<15} {names}\n", address.to_string())
}

/// A name in full and its addresses of one family, IPv6 first.
async fn by_servers(cx: &Cx, name: &str) -> Option<(String, Vec<IpAddr>)> {
    let conf = resolver::resolv_conf(&cx.process).await;
    for kind in [DnsType::Aaaa, DnsType::A] {
        for candidate in conf.candidates(name) {
            let DnsAnswer::Records(records) = resolver::query(&cx.process, &conf, &candidate, kind).await
            else {
                continue;
            };
            let address = |record: &DnsRecord| match record {
                DnsRecord::Address(address) => Some(*address),
                _ => None,
            };
            let found: Vec<IpAddr> = records.iter().filter_map(|(_, record)| address(record)).collect();
            if !found.is_empty() {
                return Some((candidate.trim_end_matches('.').to_owned(), found));
            }
        }
    }
    None
}

/// `ahosts`: all addresses, a line for each type of socket.
async fn addresses(cx: &mut Cx, database: &str, keys: &[String]) -> u8 {
    let mut code = 0;
    for key in keys {
        let mut found = resolver::resolve(&cx.process, key).await.unwrap_or_default();
        match database {
            "ahostsv4" => found.retain(IpAddr::is_ipv4),
            "ahostsv6" => found.retain(IpAddr::is_ipv6),
            _ => {}
        }
        if found.is_empty() {
            code = NOT_FOUND;
        }
        let mut name = key.as_str();
        for address in found {
            for socket in ["STREAM", "DGRAM", "RAW"] {
                cx.put(format!("{:<15} {socket:<6} {name}\n", address.to_string()));
                name = "";
            }
        }
    }
    code
}
