//! `etcdctl`, as far as one server goes: `put`, `get`, `del`, `endpoint`, `member list`, `version`.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    env::BoxFuture,
    http::{Wire, within},
    kernel::process::{Outcome, Process},
    libc::resolver,
    servers::{
        grpc::{
            Client, ClientError,
            protobuf::{Message, all_of, bytes_of, fields, number_of},
        },
        release,
    },
};

/// How long a command may take, if `--command-timeout` does not say.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long it waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);
/// How much of its standard input is taken, in bytes: more than a server takes.
const MAX_INPUT: usize = 2 << 20;
/// Options that take a value.
const WITH_VALUE: &[&str] = &[
    "cacert",
    "cert",
    "command-timeout",
    "dial-timeout",
    "endpoints",
    "key",
    "limit",
    "rev",
    "user",
    "write-out",
];
/// Options that do not.
const SWITCHES: &[&str] = &[
    "count-only",
    "debug",
    "from-key",
    "hex",
    "insecure-skip-tls-verify",
    "keys-only",
    "prefix",
    "prev-kv",
    "print-value-only",
];

const HELP: &str = "\
NAME:
\tetcdctl - A simple command line client for etcd3.

USAGE:
\tetcdctl [flags]

COMMANDS:
\tdel\t\t\tRemoves the specified key or range of keys [key, range_end)
\tendpoint health\t\tChecks the healthiness of endpoints specified in `--endpoints` flag
\tendpoint status\t\tPrints out the status of endpoints specified in `--endpoints` flag
\tget\t\t\tGets the key or a range of keys
\tmember list\t\tLists all members in the cluster
\tput\t\t\tPuts the given key into the store
\tversion\t\t\tPrints the version of etcdctl
";

/// What comes of a command: what it prints, or what it says on standard error.
type Printed = Result<String, String>;

/// Runs the client.
pub(in crate::servers) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let (fd, text, code) = match run(&process).await {
            Ok(text) => (1, text, 0),
            Err(text) => (2, text, 1),
        };
        let _ = process.write(fd, text).await;
        Outcome::Exit(code)
    })
}

/// A command line.
struct Plan {
    words: Vec<String>,
    options: Vec<(String, String)>,
}

impl Plan {
    fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut plan = Self { words: Vec::new(), options: Vec::new() };
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            if arg == "--" {
                plan.words.extend(args.by_ref());
                break;
            }
            let (name, value) = match (arg.strip_prefix("--"), arg.strip_prefix("-w")) {
                (Some(long), _) => {
                    long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)))
                }
                (None, Some(value)) => {
                    ("write-out", Some(value.trim_start_matches('=')).filter(|value| !value.is_empty()))
                }
                (None, None) if arg.len() > 1 && arg.starts_with('-') => {
                    return Err(format!(
                        "Error: unknown shorthand flag: '{}' in {arg}\n",
                        &arg[1..2.min(arg.len())]
                    ));
                }
                (None, None) => {
                    plan.words.push(arg);
                    continue;
                }
            };
            let value = match value {
                Some(value) => value.to_owned(),
                None if SWITCHES.contains(&name) => "true".to_owned(),
                None if WITH_VALUE.contains(&name) => {
                    args.next().ok_or_else(|| format!("Error: flag needs an argument: --{name}\n"))?
                }
                None => return Err(format!("Error: unknown flag: --{name}\n")),
            };
            plan.options.push((name.to_owned(), value));
        }
        Ok(plan)
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn is_on(&self, name: &str) -> bool {
        self.option(name) == Some("true")
    }

    /// How long the command may take.
    fn timeout(&self) -> Duration {
        let text = self.option("command-timeout").and_then(|text| text.strip_suffix('s')?.parse().ok());
        text.map_or(TIMEOUT, Duration::from_secs)
    }
}

async fn run(process: &Arc<Process>) -> Printed {
    let argv = process.argv();
    let args = argv.iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned());
    let plan = Plan::parse(args)?;
    let words: Vec<&str> = plan.words.iter().map(String::as_str).collect();
    let endpoints = plan
        .option("endpoints")
        .map(str::to_owned)
        .or_else(|| process.var("ETCDCTL_ENDPOINTS").map(|text| String::from_utf8_lossy(&text).into_owned()));
    let endpoints = endpoints.unwrap_or_else(|| "127.0.0.1:2379".to_owned());
    let endpoints: Vec<&str> = endpoints.split(',').collect();
    if endpoints.iter().any(|endpoint| endpoint.starts_with("https://")) {
        return Err("Error: podlab's etcd does not simulate TLS; use http:// endpoints\n".to_owned());
    }
    match words.as_slice() {
        [] | ["help"] => Ok(HELP.to_owned()),
        ["version"] => {
            let version = release(process);
            let minor = version.rsplit_once('.').map_or(version, |(minor, _)| minor);
            Ok(format!("etcdctl version: {version}\nAPI version: {minor}\n"))
        }
        ["put", key, value] => put(process, &plan, &endpoints, key, value.as_bytes().to_vec().into()).await,
        ["put", key] => {
            let mut value = Vec::new();
            while let Ok(bytes) = process.read(0, Process::READ_SIZE).await
                && !bytes.is_empty()
                && value.len() <= MAX_INPUT
            {
                value.extend_from_slice(&bytes);
            }
            put(process, &plan, &endpoints, key, value.into()).await
        }
        ["put", ..] => {
            Err("Error: put command needs 1 argument and input from stdin or 2 arguments\n".to_owned())
        }
        ["get", key, end @ ..] if end.len() < 2 => get(process, &plan, &endpoints, key, end.first()).await,
        ["get", ..] => {
            Err("Error: get command needs one argument as key and an optional argument as range_end\n"
                .to_owned())
        }
        ["del", key, end @ ..] if end.len() < 2 => delete(process, &plan, &endpoints, key, end.first()).await,
        ["del", ..] => {
            Err("Error: del command needs one argument as key and an optional argument as range_end\n"
                .to_owned())
        }
        ["endpoint", "health"] => health(process, &plan, &endpoints).await,
        ["endpoint", "status"] => status(process, &plan, &endpoints).await,
        ["member", "list"] => members(process, &plan, &endpoints).await,
        [command, ..] => Err(format!(
            "Error: unknown command \"{command}\" for \"etcdctl\"\nRun 'etcdctl --help' for usage.\n\
             (podlab has the commands that it lists there)\n"
        )),
    }
}

/// Calls a method of the first endpoint that answers, until the time is up.
async fn call(
    process: &Arc<Process>,
    plan: &Plan,
    endpoints: &[&str],
    path: &str,
    message: Message,
) -> Result<Bytes, String> {
    let text = message.encoded();
    let mut last = String::new();
    let tries = async {
        loop {
            for endpoint in endpoints {
                let place = endpoint.trim_start_matches("http://").trim_end_matches('/');
                match attempt(process, place, path, &text).await {
                    Err(ClientError::Connection(reason)) => last = reason,
                    Err(ClientError::Call(failure)) => return Err(format!("Error: {}\n", failure.message)),
                    Ok(reply) => return Ok(reply),
                }
            }
            process.sleep(RETRY).await;
        }
    };
    match within(process, Some(plan.timeout()), tries).await {
        Some(reply) => reply,
        None => {
            let time = process
                .now()
                .to_zoned(jiff::tz::TimeZone::UTC)
                .strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
                .to_string();
            let reason = format!(
                "rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = \"transport: Error while dialing: {last}\""
            );
            Err(format!(
                "{{\"level\":\"warn\",\"ts\":\"{time}\",\"logger\":\"etcd-client\",\"caller\":\"v3@v3.5/retry_interceptor.go:63\",\
                 \"msg\":\"retrying of unary invoker failed\",\"target\":\"etcd-endpoints://0xc000/{}\",\"attempt\":0,\
                 \"error\":{}}}\nError: context deadline exceeded\n",
                endpoints.first().unwrap_or(&""),
                serde_json::json!(reason)
            ))
        }
    }
}

async fn attempt(process: &Arc<Process>, place: &str, path: &str, text: &[u8]) -> Result<Bytes, ClientError> {
    let (host, port) = place.rsplit_once(':').unwrap_or((place, "2379"));
    let port = port
        .parse()
        .map_err(|_| ClientError::Connection(format!("dial tcp: address {place}: invalid port")))?;
    let unknown = || ClientError::Connection(format!("dial tcp: lookup {host}: no such host"));
    let found = resolver::resolve(process, host.trim_matches(['[', ']'])).await.map_err(|_| unknown())?;
    let to = SocketAddr::new(*found.first().ok_or_else(unknown)?, port);
    let wire = Wire::connect(process, to).await.map_err(|errno| {
        ClientError::Connection(format!("dial tcp {to}: connect: {}", process.text(errno).to_lowercase()))
    })?;
    Client::new(wire, place).await?.call(path, text).await
}

/// What a request says of the keys that it means.
fn keys(plan: &Plan, key: &str, end: Option<&&str>) -> Message {
    let (key, end) = match () {
        () if plan.is_on("prefix") && key.is_empty() => (b"\0".to_vec(), b"\0".to_vec()),
        () if plan.is_on("prefix") => (key.as_bytes().to_vec(), after(key)),
        () if plan.is_on("from-key") => {
            (if key.is_empty() { b"\0".to_vec() } else { key.as_bytes().to_vec() }, b"\0".to_vec())
        }
        () => (key.as_bytes().to_vec(), end.map(|end| end.as_bytes().to_vec()).unwrap_or_default()),
    };
    Message::default().bytes(1, &key).bytes(2, &end)
}

/// What comes after all keys that begin with a text, which is never all bytes of 255 as it is UTF-8.
fn after(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}

/// The lines that keys and values are shown as.
fn shown(plan: &Plan, pairs: impl Iterator<Item = Bytes>) -> Option<String> {
    let mut text = String::new();
    for pair in pairs {
        let pair = fields(pair)?;
        if !plan.is_on("print-value-only") {
            text += &String::from_utf8_lossy(&bytes_of(&pair, 1));
            text.push('\n');
        }
        text += &String::from_utf8_lossy(&bytes_of(&pair, 5));
        text.push('\n');
    }
    Some(text)
}

fn unreadable() -> String {
    "Error: grpc: failed to unmarshal the received message\n".to_owned()
}

async fn put(process: &Arc<Process>, plan: &Plan, endpoints: &[&str], key: &str, value: Bytes) -> Printed {
    let request = Message::default().bytes(1, key.as_bytes()).bytes(2, &value);
    let request = request.number(4, plan.is_on("prev-kv"));
    let reply = call(process, plan, endpoints, "/etcdserverpb.KV/Put", request).await?;
    let reply = fields(reply).ok_or_else(unreadable)?;
    let former = shown(plan, all_of(&reply, 2)).ok_or_else(unreadable)?;
    Ok(format!("OK\n{former}"))
}

async fn get(
    process: &Arc<Process>,
    plan: &Plan,
    endpoints: &[&str],
    key: &str,
    end: Option<&&str>,
) -> Printed {
    let number = |name: &str| plan.option(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    let request = keys(plan, key, end)
        .number(3, number("limit"))
        .number(4, number("rev"))
        .number(8, plan.is_on("keys-only"))
        .number(9, plan.is_on("count-only"));
    let reply = call(process, plan, endpoints, "/etcdserverpb.KV/Range", request).await?;
    let reply = fields(reply).ok_or_else(unreadable)?;
    match plan.option("write-out") {
        Some("json") => {
            let header = fields(bytes_of(&reply, 1)).ok_or_else(unreadable)?;
            let pairs: Option<Vec<_>> = all_of(&reply, 2).map(|pair| Some(json_of(&fields(pair)?))).collect();
            let mut text = serde_json::json!({
                "header": {
                    "cluster_id": number_of(&header, 1), "member_id": number_of(&header, 2),
                    "revision": number_of(&header, 3), "raft_term": number_of(&header, 4),
                },
            });
            if let Some(pairs) = Some(pairs.ok_or_else(unreadable)?).filter(|pairs| !pairs.is_empty()) {
                text["kvs"] = pairs.into();
                text["count"] = number_of(&reply, 4).into();
            }
            Ok(format!("{text}\n"))
        }
        _ if plan.is_on("count-only") => Ok(String::new()),
        _ => shown(plan, all_of(&reply, 2)).ok_or_else(unreadable),
    }
}

fn json_of(pair: &[(u32, crate::servers::grpc::protobuf::Value)]) -> serde_json::Value {
    let encoded = |field| data_encoding::BASE64.encode(&bytes_of(pair, field));
    serde_json::json!({
        "key": encoded(1), "create_revision": number_of(pair, 2), "mod_revision": number_of(pair, 3),
        "version": number_of(pair, 4), "value": encoded(5),
    })
}

async fn delete(
    process: &Arc<Process>,
    plan: &Plan,
    endpoints: &[&str],
    key: &str,
    end: Option<&&str>,
) -> Printed {
    let request = keys(plan, key, end).number(3, plan.is_on("prev-kv"));
    let reply = call(process, plan, endpoints, "/etcdserverpb.KV/DeleteRange", request).await?;
    let reply = fields(reply).ok_or_else(unreadable)?;
    let former = shown(plan, all_of(&reply, 3)).ok_or_else(unreadable)?;
    Ok(format!("{}\n{former}", number_of(&reply, 2)))
}

async fn health(process: &Arc<Process>, plan: &Plan, endpoints: &[&str]) -> Printed {
    let mut text = String::new();
    let mut ill = false;
    for endpoint in endpoints {
        let begun = process.container.host.env.clock.uptime();
        let request = Message::default().bytes(1, b"health");
        match call(process, plan, &[*endpoint], "/etcdserverpb.KV/Range", request).await {
            Ok(_) => {
                let took = process.container.host.env.clock.uptime().saturating_sub(begun);
                text += &format!("{endpoint} is healthy: successfully committed proposal: took = {took:?}\n");
            }
            Err(error) => {
                ill = true;
                let reason = error.lines().last().unwrap_or_default().trim_start_matches("Error: ");
                text += &format!("{endpoint} is unhealthy: failed to commit proposal: {reason}\n");
            }
        }
    }
    if ill { Err(text + "Error: unhealthy cluster\n") } else { Ok(text) }
}

async fn status(process: &Arc<Process>, plan: &Plan, endpoints: &[&str]) -> Printed {
    let mut rows = Vec::new();
    for endpoint in endpoints {
        let reply =
            call(process, plan, &[*endpoint], "/etcdserverpb.Maintenance/Status", Message::default()).await?;
        let reply = fields(reply).ok_or_else(unreadable)?;
        let header = fields(bytes_of(&reply, 1)).ok_or_else(unreadable)?;
        let member = number_of(&header, 2);
        rows.push([
            (*endpoint).to_owned(),
            format!("{member:x}"),
            String::from_utf8_lossy(&bytes_of(&reply, 2)).into_owned(),
            format!("{} kB", number_of(&reply, 3) / 1000),
            (number_of(&reply, 4) == member).to_string(),
            "false".to_owned(),
            number_of(&reply, 6).to_string(),
            number_of(&reply, 5).to_string(),
            number_of(&reply, 7).to_string(),
            String::new(),
        ]);
    }
    let heads = [
        "ENDPOINT",
        "ID",
        "VERSION",
        "DB SIZE",
        "IS LEADER",
        "IS LEARNER",
        "RAFT TERM",
        "RAFT INDEX",
        "RAFT APPLIED INDEX",
        "ERRORS",
    ];
    Ok(table(plan, heads, &rows))
}

async fn members(process: &Arc<Process>, plan: &Plan, endpoints: &[&str]) -> Printed {
    let reply =
        call(process, plan, endpoints, "/etcdserverpb.Cluster/MemberList", Message::default()).await?;
    let reply = fields(reply).ok_or_else(unreadable)?;
    let mut rows = Vec::new();
    for member in all_of(&reply, 2) {
        let member = fields(member).ok_or_else(unreadable)?;
        let texts = |field| {
            let all: Vec<_> =
                all_of(&member, field).map(|text| String::from_utf8_lossy(&text).into_owned()).collect();
            all.join(",")
        };
        let id = format!("{:x}", number_of(&member, 1));
        rows.push([id, "started".to_owned(), texts(2), texts(3), texts(4), "false".to_owned()]);
    }
    let heads = ["ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER"];
    Ok(table(plan, heads, &rows))
}

/// Rows as `--write-out=table` draws them, or with commas between.
fn table<const N: usize>(plan: &Plan, heads: [&str; N], rows: &[[String; N]]) -> String {
    if plan.option("write-out") != Some("table") {
        return rows.iter().map(|row| row.join(", ") + "\n").collect();
    }
    let widths: Vec<usize> = (0..N)
        .map(|column| rows.iter().map(|row| row[column].len()).fold(heads[column].len(), usize::max))
        .collect();
    let rule: String =
        widths.iter().map(|width| format!("+{}", "-".repeat(width + 2))).collect::<String>() + "+\n";
    let centred: String =
        heads.iter().zip(&widths).map(|(head, width)| format!("| {head:^width$} ")).collect::<String>()
            + "|\n";
    let mut text = format!("{rule}{centred}{rule}");
    for row in rows {
        for (cell, width) in row.iter().zip(&widths) {
            // Numbers stand to the right.
            text += &if cell.parse::<u64>().is_ok() {
                format!("| {cell:>width$} ")
            } else {
                format!("| {cell:<width$} ")
            };
        }
        text += "|\n";
    }
    text + &rule
}
