//! `redis-cli`: sends commands, and shows what comes back.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    protocol::{self, Reply},
    version,
    words::split,
};
use crate::{
    env::{self, BoxFuture},
    http::Wire,
    kernel::process::{Outcome, Process},
    libc::resolver,
};

pub(in crate::servers) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let code = run(&process).await;
        Outcome::Exit(code)
    })
}

/// Where to, and what.
struct Plan {
    host: String,
    port: u16,
    password: Option<Bytes>,
    /// Whether that was given where other users of a real machine would see it.
    password_shown: bool,
    database: u32,
    raw: bool,
    /// How often, and how long between.
    repeat: u64,
    interval: Duration,
    /// The last argument comes from standard input.
    reads_argument: bool,
    /// A reply that is an error makes the exit code 1.
    tells_errors: bool,
    /// Lists keys that a pattern fits.
    scan: Option<Bytes>,
    words: Vec<Bytes>,
}

fn plan(process: &Process) -> Result<Plan, String> {
    let argv = process.argv();
    let mut plan = Plan {
        host: "127.0.0.1".to_owned(),
        port: 6379,
        password: process.var("REDISCLI_AUTH"),
        password_shown: false,
        database: 0,
        raw: !process.is_terminal(1),
        repeat: 1,
        interval: Duration::ZERO,
        reads_argument: false,
        tells_errors: false,
        scan: None,
        words: Vec::new(),
    };
    let mut args = argv.iter().skip(1);
    let mut warns = true;
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next().cloned().ok_or_else(|| {
                format!("Unrecognized option or bad number of args for: '{}'\n", String::from_utf8_lossy(arg))
            })
        };
        match &**arg {
            b"-h" => plan.host = String::from_utf8_lossy(&value()?).into_owned(),
            b"-p" => {
                let text = value()?;
                plan.port = std::str::from_utf8(&text)
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .ok_or("Invalid server port.\n")?;
            }
            b"-a" | b"--pass" => {
                plan.password = Some(value()?);
                plan.password_shown = true;
            }
            b"-n" => plan.database = parsed(&value()?).unwrap_or(0),
            b"-r" => {
                plan.repeat = parsed::<i64>(&value()?).map_or(1, |n| u64::try_from(n).unwrap_or(u64::MAX))
            }
            b"-i" => {
                let seconds = parsed(&value()?).unwrap_or(0.0f64);
                plan.interval = env::seconds(seconds.min(86_400.0));
            }
            b"-u" => plan.take_uri(&String::from_utf8_lossy(&value()?)),
            b"-x" => plan.reads_argument = true,
            b"-e" => plan.tells_errors = true,
            b"-2" | b"-3" => {}
            b"--scan" => plan.scan = plan.scan.or(Some(Bytes::from_static(b"*"))),
            b"--pattern" => plan.scan = Some(value()?),
            b"--user" | b"-t" => drop(value()?),
            b"--help" => return Err(HELP.to_owned()),
            b"--raw" => plan.raw = true,
            b"--no-raw" => plan.raw = false,
            b"--no-auth-warning" => warns = false,
            b"-v" | b"--version" => return Err(format!("redis-cli {}\n", version(process))),
            word if word.starts_with(b"-") && word.len() > 1 => {
                return Err(format!(
                    "Unrecognized option or bad number of args for: '{}'\n",
                    String::from_utf8_lossy(word)
                ));
            }
            _ => {
                plan.words.push(arg.clone());
                plan.words.extend(args.by_ref().cloned());
            }
        }
    }
    plan.password_shown &= warns;
    Ok(plan)
}

fn parsed<T: std::str::FromStr>(word: &[u8]) -> Option<T> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

impl Plan {
    /// Takes over what `redis://user:password@host:port/database` says.
    fn take_uri(&mut self, uri: &str) {
        let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let (who, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        if let Some((_, password)) = who.split_once(':') {
            self.password = Some(Bytes::copy_from_slice(password.as_bytes()));
            self.password_shown = true;
        }
        let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = place.split_once(':').unwrap_or((place, ""));
        if !host.is_empty() {
            host.clone_into(&mut self.host);
        }
        self.port = port.parse().unwrap_or(self.port);
        self.database = database.parse().unwrap_or(self.database);
    }
}

const HELP: &str = "\
redis-cli sends commands to a Redis server.

Usage: redis-cli [OPTIONS] [cmd [arg [arg ...]]]
  -h <hostname>      Server hostname (default: 127.0.0.1).
  -p <port>          Server port (default: 6379).
  -a <password>      Password to use when connecting to the server.
  -u <uri>           Server URI: redis://user:password@host:port/dbnum
  -n <db>            Database number.
  -r <repeat>        Execute a command so many times (-1 for ever).
  -i <interval>      Seconds to wait between repetitions.
  -x                 Read the last argument from STDIN.
  -e                 Return an exit code other than 0 when a command fails.
  --raw, --no-raw    Print replies as they are, or in a readable form.
  --scan             List all keys; see --pattern.
  --pattern <pat>    Keys to list with --scan.
  --no-auth-warning  Say nothing about passwords on the command line.
  --version          Print the version and exit.
";

async fn run(process: &Arc<Process>) -> u8 {
    let plan = match plan(process) {
        Ok(plan) => plan,
        Err(text) => {
            let is_version = text.starts_with("redis-cli ") && !text.contains("Unrecognized");
            let _ = process.write(if is_version { 1 } else { 2 }, text).await;
            return u8::from(!is_version);
        }
    };
    if plan.password_shown {
        let text = "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n";
        let _ = process.write(2, text).await;
    }
    let mut plan = plan;
    if plan.reads_argument {
        let mut input = Vec::new();
        while let Ok(bytes) = process.read(0, 65_536).await
            && !bytes.is_empty()
            && input.len() < protocol::MAX_STRING
        {
            input.extend_from_slice(&bytes);
        }
        plan.words.push(input.into());
    }
    let mut wire = match connect(process, &plan).await {
        Ok(wire) => wire,
        Err(reason) => {
            let text = format!("Could not connect to Redis at {}:{}: {reason}\n", plan.host, plan.port);
            let _ = process.write(2, text).await;
            return 1;
        }
    };
    if let Some(password) = &plan.password {
        match exchange(&mut wire, &[Bytes::from_static(b"AUTH"), password.clone()]).await {
            Some(Reply::Error(text)) => {
                let _ = process.write(2, format!("AUTH failed: {text}\n")).await;
            }
            Some(_) => {}
            None => return 1,
        }
    }
    if plan.database > 0 {
        let number = Bytes::from(plan.database.to_string());
        if let Some(Reply::Error(text)) = exchange(&mut wire, &[Bytes::from_static(b"SELECT"), number]).await
        {
            let _ = process.write(2, format!("SELECT {} failed: {text}\n", plan.database)).await;
        }
    }
    if let Some(pattern) = plan.scan.clone() {
        return scan(process, &mut wire, &pattern).await;
    }
    if plan.words.is_empty() {
        return interact(process, &mut plan, &mut wire).await;
    }
    let mut code = 0;
    for round in 0..plan.repeat {
        if round > 0 {
            process.sleep(plan.interval).await;
        }
        code = match send(process, &plan, &mut wire, &plan.words).await {
            Ok(failed) => u8::from(failed && plan.tells_errors),
            Err(code) => return code,
        };
    }
    code
}

async fn connect(process: &Arc<Process>, plan: &Plan) -> Result<Wire, String> {
    let found = resolver::resolve(process, &plan.host).await;
    let found = found.map_err(|error| error.text(process.container.libc).to_owned())?;
    let mut reason = String::new();
    for ip in found {
        match Wire::connect(process, (ip, plan.port).into()).await {
            Ok(wire) => return Ok(wire),
            Err(error) => reason = process.text(error).to_owned(),
        }
    }
    Err(reason)
}

async fn exchange(wire: &mut Wire, words: &[Bytes]) -> Option<Reply> {
    wire.write(protocol::request(words)).await.ok()?;
    protocol::read_reply(wire).await.ok().flatten()
}

/// Sends a command and shows the reply; tells whether that is an error, or the exit code where there is no reply.
async fn send(process: &Arc<Process>, plan: &Plan, wire: &mut Wire, words: &[Bytes]) -> Result<bool, u8> {
    let Some(mut reply) = exchange(wire, words).await else {
        if words[0].eq_ignore_ascii_case(b"shutdown") {
            return Err(0);
        }
        let _ = process.write(2, "Error: Server closed the connection\n").await;
        return Err(1);
    };
    let name = words[0].to_ascii_lowercase();
    let goes_on = matches!(&name[..], b"subscribe" | b"psubscribe" | b"monitor");
    if goes_on && !plan.raw && name != b"monitor" {
        let _ = process.write(1, "Reading messages... (press Ctrl-C to quit)\n").await;
    }
    loop {
        let text = if plan.raw { raw(&reply) } else { shown(&reply, 0) };
        let _ = process.write(1, text + "\n").await;
        if !goes_on || matches!(reply, Reply::Error(_)) {
            return Ok(matches!(reply, Reply::Error(_)));
        }
        match protocol::read_reply(wire).await {
            Ok(Some(next)) => reply = next,
            _ => return Err(1),
        }
    }
}

/// Lists keys, step by step.
async fn scan(process: &Arc<Process>, wire: &mut Wire, pattern: &Bytes) -> u8 {
    let mut cursor = Bytes::from_static(b"0");
    loop {
        let words = [Bytes::from_static(b"SCAN"), cursor, Bytes::from_static(b"MATCH"), pattern.clone()];
        let Some(Reply::Array(parts)) = exchange(wire, &words).await else { return 1 };
        let [Reply::Bulk(next), Reply::Array(keys)] = &parts[..] else { return 1 };
        for key in keys {
            let _ = process.write(1, raw(key) + "\n").await;
        }
        if &next[..] == b"0" {
            return 0;
        }
        cursor = next.clone();
    }
}

/// Reads commands line by line.
async fn interact(process: &Arc<Process>, plan: &mut Plan, wire: &mut Wire) -> u8 {
    let prompt = process.is_terminal(0);
    let mut rest = Vec::new();
    let mut in_transaction = false;
    loop {
        if prompt {
            let database = if plan.database > 0 { format!("[{}]", plan.database) } else { String::new() };
            let transaction = if in_transaction { "(TX)" } else { "" };
            let text = format!("{}:{}{database}{transaction}> ", plan.host, plan.port);
            let _ = process.write(1, text).await;
        }
        let line = loop {
            if let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=at).collect();
                break Some(line);
            }
            match process.read(0, 4096).await {
                Ok(bytes) if !bytes.is_empty() && rest.len() < 1 << 20 => rest.extend_from_slice(&bytes),
                _ => break (!rest.is_empty()).then(|| std::mem::take(&mut rest)),
            }
        };
        let Some(line) = line else { return 0 };
        let Some(words) = split(&String::from_utf8_lossy(&line)) else {
            let _ = process.write(1, "Invalid argument(s)\n").await;
            continue;
        };
        let Some(name) = words.first().map(|word| word.to_ascii_lowercase()) else { continue };
        match &name[..] {
            b"quit" | b"exit" => return 0,
            b"clear" => drop(process.write(1, "\x1b[H\x1b[2J").await),
            b"help" => drop(process.write(1, HELP).await),
            _ => match send(process, plan, wire, &words).await {
                Ok(failed) => match &name[..] {
                    b"select" if !failed => {
                        plan.database = words.get(1).and_then(|word| parsed(word)).unwrap_or(0);
                    }
                    b"multi" if !failed => in_transaction = true,
                    b"exec" | b"discard" => in_transaction = false,
                    _ => {}
                },
                Err(code) => return code,
            },
        }
    }
}

/// As it is printed where nobody looks.
fn raw(reply: &Reply) -> String {
    match reply {
        Reply::Status(text) => text.clone(),
        Reply::Error(text) => format!("{text}\n"),
        Reply::Integer(number) => number.to_string(),
        Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Reply::Nil | Reply::NilArray => String::new(),
        Reply::Array(items) => items.iter().map(raw).collect::<Vec<_>>().join("\n"),
    }
}

/// As it is printed on a terminal.
fn shown(reply: &Reply, indent: usize) -> String {
    match reply {
        Reply::Status(text) => text.clone(),
        Reply::Error(text) => format!("(error) {text}"),
        Reply::Integer(number) => format!("(integer) {number}"),
        Reply::Bulk(bytes) => format!("\"{}\"", escaped(bytes)),
        Reply::Nil | Reply::NilArray => "(nil)".to_owned(),
        Reply::Array(items) if items.is_empty() => "(empty array)".to_owned(),
        Reply::Array(items) => {
            let width = items.len().to_string().len();
            let lines: Vec<String> = items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    let pad = if index == 0 { 0 } else { indent };
                    format!("{}{:>width$}) {}", " ".repeat(pad), index + 1, shown(item, indent + width + 2))
                })
                .collect();
            lines.join("\n")
        }
    }
}

/// Text between double quotes.
pub(super) fn escaped(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend(['\\', char::from(*byte)]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            7 => out.push_str("\\a"),
            8 => out.push_str("\\b"),
            b' '..=b'~' => out.push(char::from(*byte)),
            other => out.push_str(&format!("\\x{other:02x}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Reply, escaped, shown};

    #[test]
    fn replies_are_shown_as_on_a_terminal() {
        let reply = Reply::Array(vec![Reply::text("a"), Reply::Integer(2), Reply::Nil]);
        assert_eq!(shown(&reply, 0), "1) \"a\"\n2) (integer) 2\n3) (nil)");
        assert_eq!(escaped("a\"é\n".as_bytes()), "a\\\"\\xc3\\xa9\\n");
    }
}
