//! One connection: transactions, messages, waiting for lists, and what concerns the server as a whole.

mod server_commands;

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use futures::future::{Either, select};

use super::{
    Server,
    clients::Outbox,
    protocol::{self, Reply},
    store::{self, Call},
};
use crate::{env, http::Wire, kernel::wait::lock};

/// How many commands a transaction may have.
const MAX_QUEUED: usize = 10_000;
/// How many channels one connection listens to.
const MAX_CHANNELS: usize = 10_000;

/// What a connection is in the midst of.
pub(super) struct Connection<'a> {
    server: &'a Server,
    number: u64,
    outbox: Arc<Outbox>,
    knows_password: bool,
    database: usize,
    /// Commands between `MULTI` and `EXEC`.
    queued: Option<Vec<Vec<Bytes>>>,
    /// One of them cannot be run.
    spoilt: bool,
    /// Databases and keys, and how often they had changed.
    watched: Vec<(usize, Bytes, u64)>,
    leaves: bool,
    /// What is asked here is what the server's own leader did.
    leads: bool,
}

/// Serves a connection to its end.
pub(super) async fn serve(server: &Server, mut wire: Wire) {
    let outbox = Arc::new(Outbox::default());
    let number = lock(&server.clients).add(Arc::clone(&outbox), wire.stream.peer.to_string());
    {
        let mut store = lock(&server.store);
        store.statistics.connections += 1;
        store.statistics.clients += 1;
    }
    let stream = Arc::clone(&wire.stream);
    let connection = Connection {
        server,
        number,
        outbox: Arc::clone(&outbox),
        knows_password: lock(&server.store).settings.password().is_none(),
        database: 0,
        queued: None,
        spoilt: false,
        watched: Vec::new(),
        leaves: false,
        leads: false,
    };
    let reading = std::pin::pin!(connection.run(&mut wire));
    let sending = std::pin::pin!(outbox.send(&stream));
    if let Either::Left(((), sending)) = select(reading, sending).await {
        select(std::pin::pin!(outbox.sent()), sending).await;
    }
    lock(&server.clients).all.remove(&number);
    lock(&server.store).statistics.clients -= 1;
}

fn error(text: impl Into<String>) -> Reply {
    Reply::Error(text.into())
}

impl<'a> Connection<'a> {
    /// What runs the commands that a replica's leader sends.
    pub(super) fn of_leader(server: &'a Server) -> Self {
        Self {
            server,
            number: 0,
            outbox: Arc::default(),
            knows_password: true,
            database: 0,
            queued: None,
            spoilt: false,
            watched: Vec::new(),
            leaves: false,
            leads: true,
        }
    }

    async fn run(mut self, wire: &mut Wire) {
        while !self.leaves
            && let Ok(Some(request)) = protocol::read_request(wire).await
        {
            match request {
                Ok(words) if words.is_empty() => continue,
                Ok(words) => {
                    let before = self.server.changes();
                    let replies = self.answer(words).await;
                    if self.server.changes() != before
                        && lock(&self.server.store).settings.is_on("appendonly")
                    {
                        // A disk that is full is told of at the end.
                        let _ = self.server.write_snapshot().await;
                    }
                    replies.iter().for_each(|reply| self.outbox.push(reply));
                }
                Err(message) => {
                    // Nothing that follows can be understood.
                    self.outbox.push(&error(format!("ERR Protocol error: {message}")));
                    return;
                }
            }
            wire.process().work(2).await;
            self.outbox.sent().await;
        }
    }

    fn with_client<T>(&self, change: impl FnOnce(&mut super::clients::Client) -> T) -> Option<T> {
        lock(&self.server.clients).all.get_mut(&self.number).map(change)
    }

    async fn answer(&mut self, words: Vec<Bytes>) -> Vec<Reply> {
        let name = String::from_utf8_lossy(&words[0]).to_ascii_uppercase();
        let args = &words[1..];
        if !self.knows_password && !matches!(name.as_str(), "AUTH" | "HELLO" | "QUIT" | "RESET") {
            return vec![error("NOAUTH Authentication required.")];
        }
        let listens =
            self.with_client(|client| client.channels.len() + client.patterns.len()).unwrap_or(0) > 0;
        if listens
            && !matches!(
                name.as_str(),
                "SUBSCRIBE" | "UNSUBSCRIBE" | "PSUBSCRIBE" | "PUNSUBSCRIBE" | "PING" | "QUIT" | "RESET"
            )
        {
            return vec![error(format!(
                "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this \
                 context",
                name.to_lowercase()
            ))];
        }
        if !matches!(name.as_str(), "AUTH" | "HELLO" | "MONITOR") {
            self.show(&words);
        }
        match name.as_str() {
            "MULTI" | "EXEC" | "DISCARD" | "WATCH" | "UNWATCH" | "QUIT" | "RESET" => {}
            _ if self.queued.is_some() => return vec![self.queue(&name, words)],
            _ => {}
        }
        match name.as_str() {
            "SUBSCRIBE" | "PSUBSCRIBE" | "UNSUBSCRIBE" | "PUNSUBSCRIBE" => self.listen(&name, args),
            "PING" if listens => vec![Reply::Array(vec![
                Reply::text("pong"),
                Reply::Bulk(args.first().cloned().unwrap_or_default()),
            ])],
            "PSYNC" | "SYNC" => {
                self.server.add_replica(self.number);
                Vec::new()
            }
            "EXEC" => vec![self.exec(args)],
            "BLPOP" | "BRPOP" => vec![self.wait_for_item(&words).await],
            "SAVE" | "BGSAVE" | "BGREWRITEAOF" => vec![self.server.save_on_request(&name).await],
            "DEBUG" if args.len() == 2 && args[0].eq_ignore_ascii_case(b"SLEEP") => {
                let seconds: f64 =
                    std::str::from_utf8(&args[1]).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
                self.server.process.sleep(env::seconds(seconds.min(3600.0))).await;
                vec![Reply::ok()]
            }
            "SHUTDOWN" => {
                self.server.shut_down(!args.iter().any(|arg| arg.eq_ignore_ascii_case(b"NOSAVE")));
                self.leaves = true;
                Vec::new()
            }
            _ => vec![self.run_now(&words)],
        }
    }

    /// Shows a command to those who monitor.
    fn show(&self, words: &[Bytes]) {
        let clients = lock(&self.server.clients);
        if clients.all.values().any(|client| client.monitors) {
            let now = self.server.process.now();
            let address = clients.all.get(&self.number).map_or("", |client| client.address.as_str());
            let shown: String =
                words.iter().map(|word| format!(" \"{}\"", super::cli::escaped(word))).collect();
            let (seconds, micros) = (now.as_second(), now.subsec_nanosecond() / 1000);
            clients.show(&format!("{seconds}.{micros:06} [{} {address}]{shown}", self.database));
        }
    }

    /// Keeps a command for `EXEC`.
    fn queue(&mut self, name: &str, words: Vec<Bytes>) -> Reply {
        let problem = match store::find(name) {
            Some(command) => command.check(&words[1..]).err(),
            None if server_commands::NAMES.contains(&name) => None,
            None => Some(unknown(&words)),
        };
        if let Some(problem) = problem {
            self.spoilt = true;
            return problem;
        }
        let Some(queued) = self.queued.as_mut().filter(|queued| queued.len() < MAX_QUEUED) else {
            self.spoilt = true;
            return error("ERR too many commands in a transaction");
        };
        queued.push(words);
        Reply::Status("QUEUED".to_owned())
    }

    fn exec(&mut self, args: &[Bytes]) -> Reply {
        if !args.is_empty() {
            return store::wrong_number("exec");
        }
        let Some(queued) = self.queued.take() else { return error("ERR EXEC without MULTI") };
        let watched = std::mem::take(&mut self.watched);
        if std::mem::take(&mut self.spoilt) {
            return error("EXECABORT Transaction discarded because of previous errors.");
        }
        let changed = {
            let store = lock(&self.server.store);
            watched.iter().any(|(number, key, before)| store.has_changed(*number, key, *before))
        };
        if changed {
            return Reply::NilArray;
        }
        // Nothing waits in between, so nobody else comes in between.
        Reply::Array(queued.iter().map(|words| self.run_now(words)).collect())
    }

    /// Waits until one of the lists has an item.
    async fn wait_for_item(&mut self, words: &[Bytes]) -> Reply {
        let args = &words[1..];
        let seconds = args.last().and_then(|word| std::str::from_utf8(word).ok()?.parse::<f64>().ok());
        let Some(seconds) = seconds.filter(|seconds| *seconds >= 0.0 && seconds.is_finite()) else {
            return match args.len() {
                0 | 1 => store::wrong_number(&String::from_utf8_lossy(&words[0])),
                _ => error("ERR timeout is not a float or out of range"),
            };
        };
        let server = self.server;
        let mut late: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> = match seconds > 0.0 {
            true => Box::pin(server.process.sleep(env::seconds(seconds))),
            false => Box::pin(std::future::pending()),
        };
        loop {
            let changes = server.changes();
            let reply = self.run_now(words);
            if reply != Reply::NilArray {
                return reply;
            }
            let changed = std::pin::pin!(server.changed_since(changes));
            if let Either::Right(_) = select(changed, late.as_mut()).await {
                return Reply::NilArray;
            }
        }
    }

    /// `SUBSCRIBE` and its kin: a reply for each channel.
    fn listen(&mut self, name: &str, args: &[Bytes]) -> Vec<Reply> {
        let kind = name.to_lowercase();
        let (adds, by_pattern) = (!name.contains("UNSUB"), name.starts_with('P'));
        if adds && args.is_empty() {
            return vec![store::wrong_number(&kind)];
        }
        let replies = self.with_client(|client| {
            let mut replies = Vec::new();
            let mut chosen = args.to_vec();
            if chosen.is_empty() {
                chosen =
                    (if by_pattern { &client.patterns } else { &client.channels }).iter().cloned().collect();
            }
            let none = chosen.is_empty();
            for channel in chosen {
                let set = if by_pattern { &mut client.patterns } else { &mut client.channels };
                if !adds {
                    set.remove(&channel);
                } else if set.len() < MAX_CHANNELS {
                    set.insert(channel.clone());
                }
                let count = client.channels.len() + client.patterns.len();
                replies.push((Reply::Bulk(channel), count));
            }
            if none {
                replies.push((Reply::Nil, client.channels.len() + client.patterns.len()));
            }
            replies
        });
        let reply = |(channel, count): (Reply, usize)| {
            Reply::Array(vec![
                Reply::text(kind.clone()),
                channel,
                Reply::Integer(i64::try_from(count).unwrap_or(i64::MAX)),
            ])
        };
        let replies = replies.unwrap_or_default().into_iter().map(reply).collect();
        let count = lock(&self.server.clients).channels().len();
        lock(&self.server.store).statistics.channels = count as u64;
        replies
    }

    /// Runs a command that does not wait.
    pub(super) fn run_now(&mut self, words: &[Bytes]) -> Reply {
        let name = String::from_utf8_lossy(&words[0]).to_ascii_uppercase();
        let (name, args) = (name.as_str(), &words[1..]);
        let command = store::find(name);
        let writes = command.is_some_and(|command| command.writes) || WRITING.contains(&name);
        if writes && !self.leads && self.server.follows() {
            return error("READONLY You can't write against a read only replica.");
        }
        if let Some(command) = command {
            let call =
                Call { name, args, now: self.server.process.now(), random: self.server.process.random() };
            let mut store = lock(&self.server.store);
            let before = store.dirty;
            let reply = store.run(self.database, command, &call);
            let changed = store.dirty != before;
            if changed {
                // In the order of the changes: the store is still locked.
                let done = done_by(name, words, &reply);
                lock(&self.server.clients).replicate(self.database, &done);
            }
            drop(store);
            if changed {
                self.server.note_change();
            }
            return reply;
        }
        self.server_command(name, args).unwrap_or_else(|| {
            if server_commands::NAMES.contains(&name) {
                return store::wrong_number(name);
            }
            unknown(words)
        })
    }
}

/// What a command did, for whoever is to do the same: not by chance.
fn done_by(name: &str, words: &[Bytes], reply: &Reply) -> Vec<Bytes> {
    let removed = match (name, reply) {
        ("SPOP", Reply::Bulk(item)) => vec![item.clone()],
        ("SPOP", Reply::Array(items)) => items
            .iter()
            .filter_map(|item| if let Reply::Bulk(item) = item { Some(item.clone()) } else { None })
            .collect(),
        _ => return words.to_vec(),
    };
    let key = words.get(1).cloned().unwrap_or_default();
    [Bytes::from_static(b"SREM"), key].into_iter().chain(removed).collect()
}

fn unknown(words: &[Bytes]) -> Reply {
    let shown: String = words[1..].iter().map(|arg| format!("'{}' ", String::from_utf8_lossy(arg))).collect();
    let called = String::from_utf8_lossy(&words[0]);
    error(format!("ERR unknown command '{called}', with args beginning with: {shown}"))
}

/// Those of [`server_commands::NAMES`] that change what is kept.
const WRITING: &[&str] = &["FLUSHALL", "FLUSHDB", "MOVE"];
