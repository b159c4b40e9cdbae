//! `nslookup`, `dig` and `host`: questions to name servers.

use std::net::IpAddr;

use crate::{
    commands::Cx,
    libc::resolver::{self, ResolvConf},
    network::{DnsAnswer, DnsRecord, DnsType},
};

fn kind(text: &str) -> Option<DnsType> {
    Some(match text.to_ascii_uppercase().as_str() {
        "A" => DnsType::A,
        "AAAA" => DnsType::Aaaa,
        "CNAME" => DnsType::Cname,
        "SRV" => DnsType::Srv,
        "PTR" => DnsType::Ptr,
        "ANY" => DnsType::Any,
        _ => return None,
    })
}

fn kind_name(kind: DnsType) -> &'static str {
    match kind {
        DnsType::A => "A",
        DnsType::Aaaa => "AAAA",
        DnsType::Cname => "CNAME",
        DnsType::Srv => "SRV",
        DnsType::Ptr => "PTR",
        DnsType::Any => "ANY",
    }
}

/// The weight that CoreDNS gives a record of a service: those of one answer share 100.
fn weight(records: &[(String, DnsRecord)]) -> usize {
    100 / records.iter().filter(|(_, record)| matches!(record, DnsRecord::Service { .. })).count().max(1)
}

/// Type and content of a record, as zone files have them.
fn record_text(record: &DnsRecord, weight: usize) -> (&'static str, String) {
    let dotted = |name: &str| format!("{}.", name.trim_end_matches('.'));
    match record {
        DnsRecord::Address(ip) => (if ip.is_ipv4() { "A" } else { "AAAA" }, ip.to_string()),
        DnsRecord::Alias(name) => ("CNAME", dotted(name)),
        DnsRecord::Service { port, target } => ("SRV", format!("0 {weight} {port} {}", dotted(target))),
        DnsRecord::Pointer(name) => ("PTR", dotted(name)),
    }
}

/// The server that is asked: one that the command line names, or that of the file.
async fn server(cx: &Cx, named: Option<&str>, conf: &mut ResolvConf) -> Option<IpAddr> {
    if let Some(name) = named {
        let found = match name.parse() {
            Ok(ip) => vec![ip],
            Err(_) => resolver::resolve(&cx.process, name).await.ok()?,
        };
        conf.servers = found.into_iter().take(1).collect();
    }
    conf.servers.first().copied()
}

/// Runs `nslookup`.
pub(super) async fn nslookup(mut cx: Cx) -> u8 {
    let mut words = Vec::new();
    let mut asked = None;
    for arg in cx.args.clone() {
        let text = String::from_utf8_lossy(&arg).into_owned();
        match text.strip_prefix("-type=").or(text.strip_prefix("-query=")).or(text.strip_prefix("-q=")) {
            Some(name) => match kind(name) {
                Some(kind) => asked = Some(kind),
                None => {
                    cx.error(format!("invalid query type \"{name}\"")).await;
                    return 1;
                }
            },
            None if text.starts_with('-') => {}
            None => words.push(text),
        }
    }
    let Some(host) = words.first().cloned() else {
        return cx.bad_usage("[-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n\nQuery DNS about HOST").await;
    };
    let mut conf = resolver::resolv_conf(&cx.process).await;
    let Some(server) = server(&cx, words.get(1).map(String::as_str), &mut conf).await else {
        let name = words.get(1).cloned().unwrap_or_default();
        cx.error(format!("bad address '{name}'")).await;
        return 1;
    };
    let mark = if cx.is_gnu() { '#' } else { ':' };
    let (name, kinds, candidates) = questions(&cx, &conf, &host, asked);
    let mut found_any = false;
    let mut failure = DnsAnswer::NxDomain;
    let mut begun = false;
    'names: for candidate in &candidates {
        for kind in &kinds {
            let answer = resolver::query(&cx.process, &conf, candidate, *kind).await;
            if answer == DnsAnswer::Timeout {
                cx.put(";; connection timed out; no servers could be reached\n\n");
                return cx.finish(1).await;
            }
            if !begun {
                cx.put(format!("Server:\t\t{server}\nAddress:\t{server}{mark}53\n\n"));
                begun = true;
            }
            match answer {
                DnsAnswer::Records(records) => {
                    let text = answer_text(&records, mark == '#');
                    found_any |= !records.is_empty();
                    cx.put(text);
                    if mark == ':' {
                        cx.put("\n");
                    }
                }
                answer => {
                    failure = answer;
                    if mark == ':' {
                        let reason = reason(&failure);
                        cx.put(format!("** server can't find {candidate}: {reason}\n\n"));
                    }
                }
            }
        }
        // bind stops at the first name that exists; busybox asks all.
        if found_any && mark == '#' {
            break 'names;
        }
    }
    if mark == '#' {
        if found_any {
            cx.put("\n");
        } else {
            let reason = if failure == DnsAnswer::ServFail { "SERVFAIL" } else { "NXDOMAIN" };
            cx.put(format!("** server can't find {name}: {reason}\n\n"));
        }
    }
    cx.finish(u8::from(!found_any)).await
}

fn reason(answer: &DnsAnswer) -> &'static str {
    if *answer == DnsAnswer::ServFail { "SERVFAIL" } else { "NXDOMAIN" }
}

/// The name that messages show, what is asked for, and the names that are asked about.
fn questions(
    cx: &Cx,
    conf: &ResolvConf,
    host: &str,
    asked: Option<DnsType>,
) -> (String, Vec<DnsType>, Vec<String>) {
    if let Ok(ip) = host.parse::<IpAddr>() {
        let name = resolver::reverse_name(ip);
        return (name.clone(), vec![DnsType::Ptr], vec![name]);
    }
    let kinds = asked.map_or_else(|| vec![DnsType::A, DnsType::Aaaa], |kind| vec![kind]);
    let bare = host.trim_end_matches('.').to_owned();
    let candidates = if cx.is_gnu() {
        conf.candidates(host)
    } else if host.contains('.') || conf.search.is_empty() {
        // busybox looks along the search list for names without a dot only.
        vec![bare.clone()]
    } else {
        conf.search.iter().map(|domain| format!("{host}.{domain}")).collect()
    };
    (bare, kinds, candidates)
}

fn answer_text(records: &[(String, DnsRecord)], gnu: bool) -> String {
    let mut out = String::new();
    let mut last_name = String::new();
    for (name, record) in records {
        match record {
            DnsRecord::Address(ip) => {
                if gnu || *name != last_name {
                    out.push_str(&format!("Name:\t{name}\n"));
                    last_name.clone_from(name);
                }
                out.push_str(&format!("Address: {ip}\n"));
            }
            DnsRecord::Alias(target) => {
                let dot = if gnu { "." } else { "" };
                out.push_str(&format!("{name}\tcanonical name = {}{dot}\n", target.trim_end_matches('.')));
            }
            DnsRecord::Pointer(target) => {
                let dot = if gnu { "." } else { "" };
                out.push_str(&format!("{name}\tname = {}{dot}\n", target.trim_end_matches('.')));
            }
            DnsRecord::Service { port, target } => {
                let dot = if gnu { "." } else { "" };
                let weight = weight(records);
                out.push_str(&format!(
                    "{name}\tservice = 0 {weight} {port} {}{dot}\n",
                    target.trim_end_matches('.')
                ));
            }
        }
    }
    out
}

/// Runs `dig`.
pub(super) async fn dig(mut cx: Cx) -> u8 {
    let (mut named, mut name, mut asked) = (None, None, None);
    let (mut short, mut search, mut quiet) = (false, false, false);
    let mut args = cx.args.clone().into_iter().map(|arg| String::from_utf8_lossy(&arg).into_owned());
    let options =
        cx.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect::<Vec<_>>().join(" ");
    while let Some(arg) = args.next() {
        if let Some(server) = arg.strip_prefix('@') {
            named = Some(server.to_owned());
        } else if let Some(option) = arg.strip_prefix('+') {
            match option {
                "short" => short = true,
                "search" => search = true,
                "noall" => quiet = true,
                _ => {}
            }
        } else if arg == "-x" {
            let ip: Option<IpAddr> = args.next().and_then(|text| text.parse().ok());
            name = ip.map(resolver::reverse_name);
            asked = Some(DnsType::Ptr);
        } else if arg == "-t" {
            asked = args.next().and_then(|text| kind(&text));
        } else if let (Some(kind), true) =
            (kind(&arg), name.is_some() || arg.chars().all(|c| c.is_ascii_uppercase()))
        {
            asked = Some(kind);
        } else if !arg.starts_with('-') {
            name = Some(arg);
        }
    }
    let Some(name) = name else {
        cx.complain("dig: no name given; podlab's dig does not list the root servers\n").await;
        return 1;
    };
    let kind = asked.unwrap_or(DnsType::A);
    let mut conf = resolver::resolv_conf(&cx.process).await;
    let Some(server) = server(&cx, named.as_deref(), &mut conf).await else {
        let shown = named.unwrap_or_default();
        cx.complain(format!("dig: couldn't get address for '{shown}': not found\n")).await;
        return 10;
    };
    let candidates =
        if search { conf.candidates(&name) } else { vec![name.trim_end_matches('.').to_owned()] };
    let mut last = (name.clone(), DnsAnswer::NxDomain);
    for candidate in candidates {
        let answer = resolver::query(&cx.process, &conf, &candidate, kind).await;
        let found = matches!(&answer, DnsAnswer::Records(records) if !records.is_empty());
        last = (candidate, answer);
        if found {
            break;
        }
    }
    let (asked_name, answer) = last;
    if answer == DnsAnswer::Timeout {
        cx.put(format!(
            "\n; <<>> DiG 9.20.15 <<>> {options}\n;; global options: +cmd\n;; no servers could be reached\n"
        ));
        return cx.finish(9).await;
    }
    let records = match &answer {
        DnsAnswer::Records(records) => records.clone(),
        _ => Vec::new(),
    };
    if short {
        let weight = weight(&records);
        let lines: String = records.iter().map(|(_, record)| record_text(record, weight).1 + "\n").collect();
        cx.put(lines);
        return cx.finish(0).await;
    }
    let lines = zone_lines(&records);
    if quiet {
        cx.put(lines);
        return cx.finish(0).await;
    }
    let status = match answer {
        DnsAnswer::Records(_) => "NOERROR",
        DnsAnswer::ServFail => "SERVFAIL",
        _ => "NXDOMAIN",
    };
    let id = cx.process.random() % 65_536;
    let date =
        cx.process.now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%a %b %d %H:%M:%S %Z %Y").to_string();
    let mut sections = String::new();
    if !lines.is_empty() {
        sections.push_str(&format!(";; ANSWER SECTION:\n{lines}\n"));
    }
    // CoreDNS says whose the zone is where it has nothing, and where services are beside their names.
    let authority = cx.process.container.fabric.zone_of(&asked_name).filter(|_| records.is_empty());
    if let Some(zone) = &authority {
        let serial = cx.process.now().as_second();
        let start = aligned(&format!("{zone}."), "SOA");
        sections.push_str(&format!(
            ";; AUTHORITY SECTION:\n{start}ns.dns.{zone}. hostmaster.{zone}. {serial} 7200 1800 86400 30\n\n"
        ));
    }
    let mut beside = Vec::new();
    for (_, record) in &records {
        if let DnsRecord::Service { target, .. } = record
            && let DnsAnswer::Records(found) = resolver::query(&cx.process, &conf, target, DnsType::A).await
        {
            beside.extend(found.into_iter().filter(|record| !beside.contains(record)).collect::<Vec<_>>());
        }
    }
    if !beside.is_empty() {
        sections.push_str(&format!(";; ADDITIONAL SECTION:\n{}\n", zone_lines(&beside)));
    }
    let mut head = format!("\n; <<>> DiG 9.20.15 <<>> {options}\n;; global options: +cmd\n;; Got answer:\n");
    if asked_name.ends_with(".local") {
        head.push_str(
            ";; WARNING: .local is reserved for Multicast DNS\n\
             ;; You are currently testing what happens when an mDNS query is leaked to DNS\n",
        );
    }
    let question = format!(";{asked_name}.");
    let gap = gap(question.len(), 32);
    let class = format!("{question}{gap}IN");
    let gap = self::gap(columns(&class), 40);
    cx.put(format!(
        "{head};; ->>HEADER<<- opcode: QUERY, status: {status}, id: {id}\n\
         ;; flags: qr aa rd; QUERY: 1, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: {}\n\
         ;; WARNING: recursion requested but not available\n\n\
         ;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n;; QUESTION SECTION:\n{class}{gap}{}\n\n{sections}\
         ;; Query time: 0 msec\n;; SERVER: {server}#53({server}) (UDP)\n;; WHEN: {date}\n;; MSG SIZE  rcvd: {}\n\n",
        records.len(),
        u8::from(authority.is_some()),
        1 + beside.len(),
        kind_name(kind),
        40 + asked_name.len() + 30 * (records.len() + beside.len()),
    ));
    cx.finish(0).await
}

/// Records as `dig` shows them.
fn zone_lines(records: &[(String, DnsRecord)]) -> String {
    let weight = weight(records);
    let line = |(name, record): &(String, DnsRecord)| {
        let (kind, text) = record_text(record, weight);
        format!("{}{text}\n", aligned(&format!("{name}."), kind))
    };
    records.iter().map(line).collect()
}

/// A record up to its content, in `dig`'s columns (24, 32, 40 and 48) as far as they suffice.
fn aligned(name: &str, kind: &str) -> String {
    [("30", 24), ("IN", 32), (kind, 40), ("", 48)].into_iter().fold(
        name.to_owned(),
        |mut line, (word, at)| {
            line.push_str(&gap(columns(&line), at));
            line.push_str(word);
            line
        },
    )
}

/// What brings a line from one column to another: tabs, or a blank where it is past that.
fn gap(from: usize, to: usize) -> String {
    if from >= to { " ".to_owned() } else { "\t".repeat(to / 8 - from / 8) }
}

/// How many columns a line takes.
fn columns(line: &str) -> usize {
    line.chars().fold(0, |column, c| if c == '\t' { (column / 8 + 1) * 8 } else { column + 1 })
}

/// Runs `host`.
pub(super) async fn host(mut cx: Cx) -> u8 {
    let mut asked = None;
    let mut words = Vec::new();
    let mut args = cx.args.clone().into_iter().map(|arg| String::from_utf8_lossy(&arg).into_owned());
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-t" => asked = args.next().and_then(|text| kind(&text)),
            _ if arg.starts_with('-') => {}
            _ => words.push(arg),
        }
    }
    let Some(name) = words.first().cloned() else { return cx.bad_usage("[-t type] {name} [server]").await };
    let mut conf = resolver::resolv_conf(&cx.process).await;
    if server(&cx, words.get(1).map(String::as_str), &mut conf).await.is_none() {
        cx.complain("host: couldn't get address of the server\n").await;
        return 1;
    }
    let (name, kinds, candidates) = questions(&cx, &conf, &name, asked);
    for candidate in candidates {
        let mut out = String::new();
        for kind in &kinds {
            match resolver::query(&cx.process, &conf, &candidate, *kind).await {
                DnsAnswer::Records(records) => {
                    let weight = weight(&records);
                    for (name, record) in records {
                        let line = match record {
                            DnsRecord::Address(ip) if ip.is_ipv4() => format!("{name} has address {ip}\n"),
                            DnsRecord::Address(ip) => format!("{name} has IPv6 address {ip}\n"),
                            DnsRecord::Alias(target) => format!("{name} is an alias for {target}.\n"),
                            DnsRecord::Pointer(target) => format!("{name} domain name pointer {target}.\n"),
                            DnsRecord::Service { port, target } => {
                                format!("{name} has SRV record 0 {weight} {port} {target}.\n")
                            }
                        };
                        out.push_str(&line);
                    }
                }
                DnsAnswer::Timeout => {
                    cx.put(";; connection timed out; no servers could be reached\n");
                    return cx.finish(1).await;
                }
                DnsAnswer::NxDomain | DnsAnswer::ServFail => {}
            }
        }
        if !out.is_empty() {
            cx.put(out);
            return cx.finish(0).await;
        }
    }
    cx.put(format!("Host {name} not found: 3(NXDOMAIN)\n"));
    cx.finish(1).await
}

#[cfg(test)]
mod tests {
    use super::resolver;

    #[test]
    fn addresses_are_looked_for_backwards() {
        assert_eq!(resolver::reverse_name("10.96.0.1".parse().unwrap()), "1.0.96.10.in-addr.arpa");
        assert!(resolver::reverse_name("::1".parse().unwrap()).starts_with("1.0.0.0."));
    }
}
