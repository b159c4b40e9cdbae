//! What concerns a connection or the server as a whole: `PING`, `AUTH`, `INFO`, `CONFIG`, `CLIENT` and others.

use bytes::Bytes;

use super::{
    super::{
        clients::{Client, fits},
        protocol::Reply,
        store,
    },
    Connection, MAX_QUEUED, error,
};
use crate::kernel::wait::lock;

/// Commands that are not about keys.
pub(super) const NAMES: &[&str] = &[
    "ACL",
    "AUTH",
    "BGREWRITEAOF",
    "BGSAVE",
    "CLIENT",
    "COMMAND",
    "CONFIG",
    "DEBUG",
    "DISCARD",
    "ECHO",
    "EXEC",
    "FLUSHALL",
    "FLUSHDB",
    "HELLO",
    "INFO",
    "LASTSAVE",
    "LATENCY",
    "MONITOR",
    "MOVE",
    "MULTI",
    "PING",
    "PSUBSCRIBE",
    "PUBLISH",
    "PUBSUB",
    "PUNSUBSCRIBE",
    "PSYNC",
    "QUIT",
    "REPLCONF",
    "REPLICAOF",
    "RESET",
    "ROLE",
    "SAVE",
    "SELECT",
    "SHUTDOWN",
    "SLAVEOF",
    "SLOWLOG",
    "SUBSCRIBE",
    "SYNC",
    "TIME",
    "UNSUBSCRIBE",
    "UNWATCH",
    "WAIT",
    "WATCH",
];

impl Connection<'_> {
    /// Runs a command that is not about keys; `None` where there is none of this name with these arguments.
    pub(super) fn server_command(&mut self, name: &str, args: &[Bytes]) -> Option<Reply> {
        let number = |word: &Bytes| std::str::from_utf8(word).ok()?.parse::<usize>().ok();
        Some(match (name, args) {
            ("PING", []) => Reply::Status("PONG".to_owned()),
            ("PING" | "ECHO", [text]) => Reply::Bulk(text.clone()),
            ("QUIT", _) => {
                self.leaves = true;
                Reply::ok()
            }
            ("AUTH", [.., password]) if args.len() <= 2 => self.authenticate(password),
            ("HELLO", [] | [_]) => self.hello(args.first()),
            ("SELECT", [database]) => match number(database) {
                Some(database @ 0..16) => {
                    self.database = database;
                    self.with_client(|client| client.database = database);
                    Reply::ok()
                }
                Some(_) => error("ERR DB index is out of range"),
                None => error("ERR value is not an integer or out of range"),
            },
            ("MOVE", [key, to]) => {
                let mut store = lock(&self.server.store);
                let moved = number(to).is_some_and(|to| store.move_key(self.database, to, key));
                if moved {
                    let words = [Bytes::from_static(b"MOVE"), key.clone(), to.clone()];
                    lock(&self.server.clients).replicate(self.database, &words);
                }
                Reply::Integer(i64::from(moved))
            }
            ("FLUSHALL" | "FLUSHDB", [] | [_]) => {
                let mut store = lock(&self.server.store);
                store.clear((name == "FLUSHDB").then_some(self.database));
                let words = [Bytes::copy_from_slice(name.as_bytes())];
                lock(&self.server.clients).replicate(self.database, &words);
                drop(store);
                self.server.note_change();
                Reply::ok()
            }
            ("MULTI", []) if self.queued.is_some() => error("ERR MULTI calls can not be nested"),
            ("MULTI", []) => {
                self.queued = Some(Vec::new());
                Reply::ok()
            }
            ("DISCARD", []) => match self.queued.take() {
                Some(_) => {
                    self.watched.clear();
                    self.spoilt = false;
                    Reply::ok()
                }
                None => error("ERR DISCARD without MULTI"),
            },
            ("WATCH", [_, ..]) if self.queued.is_some() => error("ERR WATCH inside MULTI is not allowed"),
            ("WATCH", keys @ [_, ..]) => {
                let mut store = lock(&self.server.store);
                for key in keys.iter().take(MAX_QUEUED) {
                    let count = store.watch(self.database, key);
                    self.watched.push((self.database, key.clone(), count));
                }
                self.watched.truncate(MAX_QUEUED);
                Reply::ok()
            }
            ("UNWATCH", []) => {
                self.watched.clear();
                Reply::ok()
            }
            ("RESET", []) => {
                self.queued = None;
                self.watched.clear();
                self.database = 0;
                self.with_client(|client| {
                    client.channels.clear();
                    client.patterns.clear();
                    client.monitors = false;
                });
                Reply::Status("RESET".to_owned())
            }
            ("PUBLISH", [channel, message]) => {
                let count = lock(&self.server.clients).publish(channel, message);
                Reply::Integer(i64::try_from(count).unwrap_or(i64::MAX))
            }
            ("PUBSUB", [sub, rest @ ..]) => {
                self.pubsub(&String::from_utf8_lossy(sub).to_ascii_uppercase(), rest)
            }
            ("MONITOR", []) => {
                self.with_client(|client| client.monitors = true);
                Reply::ok()
            }
            ("CONFIG", [_, ..]) => lock(&self.server.store).settings.command(args),
            ("INFO", sections) => {
                let wanted: Vec<String> =
                    sections.iter().map(|name| String::from_utf8_lossy(name).to_lowercase()).collect();
                Reply::text(self.server.info(&wanted))
            }
            ("CLIENT", [sub, rest @ ..]) => {
                self.client(&String::from_utf8_lossy(sub).to_ascii_uppercase(), rest)
            }
            ("COMMAND", [sub, ..]) if sub.eq_ignore_ascii_case(b"COUNT") => {
                Reply::Integer((store::commands() + NAMES.len()) as i64)
            }
            ("COMMAND", _) => Reply::Array(Vec::new()),
            ("TIME", []) => {
                let now = self.server.process.now();
                let micros = now.subsec_nanosecond() / 1000;
                Reply::Array(vec![Reply::text(now.as_second().to_string()), Reply::text(micros.to_string())])
            }
            ("LASTSAVE", []) => Reply::Integer(lock(&self.server.store).saved.as_second()),
            ("ROLE", []) => self.server.role(),
            ("REPLCONF", _) => Reply::ok(),
            ("REPLICAOF" | "SLAVEOF", [host, port]) => {
                let text = |word: &Bytes| String::from_utf8_lossy(word).into_owned();
                let nobody = host.eq_ignore_ascii_case(b"NO") && port.eq_ignore_ascii_case(b"ONE");
                let leader = text(port).parse().ok().map(|port| (text(host), port));
                if leader.is_none() && !nobody {
                    return Some(error("ERR Invalid master port"));
                }
                self.server.set_leader(leader.filter(|_| !nobody));
                Reply::ok()
            }
            ("WAIT", [_, _]) => Reply::Integer(0),
            ("ACL", [sub]) if sub.eq_ignore_ascii_case(b"WHOAMI") => Reply::text("default"),
            ("SLOWLOG", [sub, ..]) if sub.eq_ignore_ascii_case(b"LEN") => Reply::Integer(0),
            ("SLOWLOG" | "LATENCY", [_, ..]) => Reply::Array(Vec::new()),
            _ => return None,
        })
    }

    fn authenticate(&mut self, password: &Bytes) -> Reply {
        match lock(&self.server.store).settings.password() {
            None => error(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
                 configuration is correct?",
            ),
            Some(known) if known.as_bytes() == &password[..] => {
                self.knows_password = true;
                Reply::ok()
            }
            Some(_) => error("WRONGPASS invalid username-password pair or user is disabled."),
        }
    }

    fn hello(&self, version: Option<&Bytes>) -> Reply {
        if version.is_some_and(|version| &version[..] != b"2") {
            return error("NOPROTO unsupported protocol version");
        }
        let texts = [("server", "redis"), ("version", self.server.version.as_str())];
        let mut all: Vec<Reply> =
            texts.iter().flat_map(|(k, v)| [Reply::text(*k), Reply::text(*v)]).collect();
        all.extend([Reply::text("proto"), Reply::Integer(2), Reply::text("id")]);
        all.push(Reply::Integer(i64::try_from(self.number).unwrap_or(i64::MAX)));
        for (key, value) in
            [("mode", "standalone"), ("role", if self.server.follows() { "replica" } else { "master" })]
        {
            all.extend([Reply::text(key), Reply::text(value)]);
        }
        all.extend([Reply::text("modules"), Reply::Array(Vec::new())]);
        Reply::Array(all)
    }

    fn pubsub(&self, sub: &str, args: &[Bytes]) -> Reply {
        let clients = lock(&self.server.clients);
        match sub {
            "CHANNELS" => {
                let shown = clients
                    .channels()
                    .into_iter()
                    .filter(|channel| args.first().is_none_or(|pattern| fits(pattern, channel)));
                Reply::Array(shown.map(Reply::Bulk).collect())
            }
            "NUMSUB" => Reply::Array(
                args.iter()
                    .flat_map(|channel| {
                        let count =
                            clients.all.values().filter(|client| client.channels.contains(channel)).count();
                        [Reply::Bulk(channel.clone()), Reply::Integer(count as i64)]
                    })
                    .collect(),
            ),
            "NUMPAT" => {
                Reply::Integer(clients.all.values().map(|client| client.patterns.len()).sum::<usize>() as i64)
            }
            _ => error(format!("ERR unknown subcommand '{sub}'. Try PUBSUB HELP.")),
        }
    }

    fn client(&self, sub: &str, args: &[Bytes]) -> Reply {
        let line = |number: u64, client: &Client| {
            format!(
                "id={number} addr={} laddr=127.0.0.1:{} name={} db={} sub={} psub={} cmd=client|list user=default resp=2\n",
                client.address,
                lock(&self.server.store).settings.port(),
                String::from_utf8_lossy(&client.name),
                client.database,
                client.channels.len(),
                client.patterns.len(),
            )
        };
        match (sub, args) {
            ("SETNAME", [name]) => {
                self.with_client(|client| client.name = name.clone());
                Reply::ok()
            }
            ("GETNAME", []) => {
                let name = self.with_client(|client| client.name.clone()).filter(|name| !name.is_empty());
                name.map_or(Reply::Nil, Reply::Bulk)
            }
            ("ID", []) => Reply::Integer(i64::try_from(self.number).unwrap_or(i64::MAX)),
            ("LIST", _) => {
                let clients = lock(&self.server.clients);
                Reply::text(
                    clients.all.iter().map(|(number, client)| line(*number, client)).collect::<String>(),
                )
            }
            ("INFO", []) => {
                let clients = lock(&self.server.clients);
                Reply::text(
                    clients.all.get(&self.number).map_or_else(String::new, |own| line(self.number, own)),
                )
            }
            ("SETINFO" | "NO-EVICT" | "NO-TOUCH" | "REPLY" | "TRACKING", _) => Reply::ok(),
            _ => error(format!("ERR unknown subcommand '{}'. Try CLIENT HELP.", sub.to_lowercase())),
        }
    }
}
