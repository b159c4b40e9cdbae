//! `redis-cli`: sends commands, and shows what comes back.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    VERSION,
    protocol::{self, Reply},
};
use crate::{
    env::BoxFuture,
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
    raw: bool,
    words: Vec<Bytes>,
}

fn plan(process: &Process) -> Result<Plan, String> {
    let argv = process.argv();
    let mut plan = Plan {
        host: "127.0.0.1".to_owned(),
        port: 6379,
        password: process.var("REDISCLI_AUTH"),
        raw: !process.is_terminal(1),
        words: Vec::new(),
    };
    let mut args = argv.iter().skip(1);
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
            b"-a" | b"--pass" => plan.password = Some(value()?),
            b"-n" | b"-u" | b"-r" | b"-i" | b"--user" => drop(value()?),
            b"--raw" => plan.raw = true,
            b"--no-raw" => plan.raw = false,
            b"--no-auth-warning" => {}
            b"-v" | b"--version" => return Err(format!("redis-cli {VERSION}\n")),
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
    Ok(plan)
}

async fn run(process: &Arc<Process>) -> u8 {
    let plan = match plan(process) {
        Ok(plan) => plan,
        Err(text) => {
            let is_version = text.starts_with("redis-cli ");
            let _ = process.write(if is_version { 1 } else { 2 }, text).await;
            return u8::from(!is_version);
        }
    };
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
    if !plan.words.is_empty() {
        return send(process, &plan, &mut wire, &plan.words).await;
    }
    interact(process, &plan, &mut wire).await
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

async fn send(process: &Arc<Process>, plan: &Plan, wire: &mut Wire, words: &[Bytes]) -> u8 {
    let Some(reply) = exchange(wire, words).await else {
        let _ = process.write(2, "Error: Server closed the connection\n").await;
        return 1;
    };
    let text = if plan.raw { raw(&reply) } else { shown(&reply, 0) };
    let _ = process.write(1, text + "\n").await;
    u8::from(matches!(reply, Reply::Error(_)))
}

/// Reads commands line by line.
async fn interact(process: &Arc<Process>, plan: &Plan, wire: &mut Wire) -> u8 {
    let prompt = process.is_terminal(0);
    let mut rest = Vec::new();
    loop {
        if prompt {
            let _ = process.write(1, format!("{}:{}> ", plan.host, plan.port)).await;
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
        let words = split(&String::from_utf8_lossy(&line));
        match words.first().map(|word| word.to_ascii_lowercase()) {
            None => {}
            Some(word) if matches!(&word[..], b"quit" | b"exit") => return 0,
            Some(_) => {
                send(process, plan, wire, &words).await;
            }
        }
    }
}

/// Words of a line; quotes keep spaces in one.
fn split(line: &str) -> Vec<Bytes> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut open = false;
    for c in line.trim().chars() {
        match (quote, c) {
            (None, '"' | '\'') => (quote, open) = (Some(c), true),
            (Some(q), c) if c == q => quote = None,
            (None, c) if c.is_whitespace() => {
                if open || !word.is_empty() {
                    words.push(Bytes::from(std::mem::take(&mut word)));
                }
                open = false;
            }
            _ => word.push(c),
        }
    }
    if open || !word.is_empty() {
        words.push(Bytes::from(word));
    }
    words
}

/// As it is printed where nobody looks.
fn raw(reply: &Reply) -> String {
    match reply {
        Reply::Status(text) => text.clone(),
        Reply::Error(text) => format!("{text}\n"),
        Reply::Integer(number) => number.to_string(),
        Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Reply::Nil => String::new(),
        Reply::Array(items) => items.iter().map(raw).collect::<Vec<_>>().join("\n"),
    }
}

/// As it is printed on a terminal.
fn shown(reply: &Reply, indent: usize) -> String {
    match reply {
        Reply::Status(text) => text.clone(),
        Reply::Error(text) => format!("(error) {text}"),
        Reply::Integer(number) => format!("(integer) {number}"),
        Reply::Bulk(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
        Reply::Nil => "(nil)".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::{Reply, shown, split};

    #[test]
    fn replies_are_shown_as_on_a_terminal() {
        let reply = Reply::Array(vec![Reply::text("a"), Reply::Integer(2), Reply::Nil]);
        assert_eq!(shown(&reply, 0), "1) \"a\"\n2) (integer) 2\n3) (nil)");
        assert_eq!(split("set a \"b c\"\n"), ["set", "a", "b c"]);
    }
}
