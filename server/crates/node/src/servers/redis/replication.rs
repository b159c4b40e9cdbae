//! Replication: a leader sends whoever follows it what it holds, and then every change; a replica asks its leader for both and
//! takes no writes of others (redis.io, "Redis replication"). A connection that broke begins anew: nothing is kept to go on
//! from.

use std::{future::poll_fn, net::SocketAddr, task::Poll, time::Duration};

use bytes::Bytes;
use futures::future::{Either, select};

use super::{
    MAX_SNAPSHOT, Server,
    connection::Connection,
    protocol::{self, Reply},
    say,
};
use crate::{
    http::Wire,
    kernel::wait::{WaitQueue, lock},
    libc::resolver,
};

/// How long a replica waits before it asks its leader again.
const RETRY: Duration = Duration::from_secs(1);

/// Whom a server follows.
#[derive(Debug, Default)]
pub(super) struct Following {
    /// Name and port.
    leader: Option<(String, u16)>,
    /// What the leader held has arrived, and the connection is there.
    linked: bool,
    /// How often the leader changed.
    changes: u64,
    changed: WaitQueue,
}

impl Following {
    /// What a setting such as `replicaof leader 6379` says.
    pub(super) fn new(setting: &str) -> Self {
        let leader = setting
            .split_once(' ')
            .and_then(|(host, port)| Some((host.to_owned(), port.trim().parse().ok()?)));
        Self { leader, ..Self::default() }
    }
}

impl Server {
    /// Follows a leader from now on, or nobody.
    pub(super) fn set_leader(&self, leader: Option<(String, u16)>) {
        let mut following = lock(&self.following);
        following.leader = leader;
        following.linked = false;
        following.changes += 1;
        following.changed.wake();
    }

    /// Whether it is a replica.
    pub(super) fn follows(&self) -> bool {
        lock(&self.following).leader.is_some()
    }

    // What a leader does.

    /// Makes a connection that of a replica: sends what the store holds, and from now on what changes.
    pub(super) fn add_replica(&self, number: u64) {
        // While the store is locked nothing changes, so that nothing is sent twice or not at all.
        let store = lock(&self.store);
        let dump = store.dump();
        let mut clients = lock(&self.clients);
        let offset = clients.sent_to_replicas;
        if let Some(client) = clients.all.get_mut(&number) {
            let mut bytes =
                format!("+FULLRESYNC {} {offset}\r\n${}\r\n", self.run_id, dump.len()).into_bytes();
            bytes.extend(dump);
            client.replica = Some(None);
            client.outbox.push_bytes(bytes.into());
        }
    }

    /// What `INFO replication` says.
    pub(super) fn replication(&self) -> String {
        let (role, link) = {
            let following = lock(&self.following);
            match &following.leader {
                None => ("role:master\r\n".to_owned(), None),
                Some((host, port)) => {
                    let status = if following.linked { "up" } else { "down" };
                    let text = format!(
                        "role:slave\r\nmaster_host:{host}\r\nmaster_port:{port}\r\nmaster_link_status:{status}\r\n\
                         master_sync_in_progress:0\r\nslave_read_only:1\r\n"
                    );
                    (text, Some(following.linked))
                }
            }
        };
        let clients = lock(&self.clients);
        let replicas: Vec<&str> = clients
            .all
            .values()
            .filter(|client| client.replica.is_some())
            .map(|client| client.address.rsplit_once(':').map_or("", |(ip, _)| ip))
            .collect();
        let offset = clients.sent_to_replicas;
        let mut text = format!("{role}connected_slaves:{}\r\n", replicas.len());
        for (index, ip) in replicas.iter().enumerate() {
            let ip = ip.trim_matches(['[', ']']);
            text += &format!("slave{index}:ip={ip},port=6379,state=online,offset={offset},lag=0\r\n");
        }
        let id = link.map_or(self.run_id.as_str(), |_| "0000000000000000000000000000000000000000");
        text + &format!(
            "master_failover_state:no-failover\r\nmaster_replid:{id}\r\nmaster_repl_offset:{offset}\r\n"
        )
    }

    /// What `ROLE` says.
    pub(super) fn role(&self) -> Reply {
        let following = lock(&self.following);
        let Some((host, port)) = &following.leader else {
            return Reply::Array(vec![Reply::text("master"), Reply::Integer(0), Reply::Array(Vec::new())]);
        };
        let state = if following.linked { "connected" } else { "connect" };
        let place = [Reply::text("slave"), Reply::text(host.as_str()), Reply::Integer((*port).into())];
        Reply::Array(place.into_iter().chain([Reply::text(state), Reply::Integer(0)]).collect())
    }

    // What a replica does.

    /// Follows whoever it is told to, and asks again where that does not work.
    pub(super) async fn follow(&self) {
        loop {
            let (leader, changes) = {
                let following = lock(&self.following);
                (following.leader.clone(), following.changes)
            };
            let told_otherwise = std::pin::pin!(self.told_otherwise(changes));
            let Some((host, port)) = leader else {
                told_otherwise.await;
                continue;
            };
            let once = std::pin::pin!(async {
                if let Err(text) = self.follow_once(&host, port).await {
                    say(&self.process, 'S', '#', &text).await;
                }
                lock(&self.following).linked = false;
                self.process.sleep(RETRY).await;
            });
            if let Either::Right(_) = select(once, told_otherwise).await {
                lock(&self.following).linked = false;
            }
        }
    }

    /// Waits until the leader is another.
    async fn told_otherwise(&self, before: u64) {
        poll_fn(|cx| {
            let mut following = lock(&self.following);
            if following.changes != before {
                return Poll::Ready(());
            }
            following.changed.register(cx);
            Poll::Pending
        })
        .await;
    }

    /// Takes over what a leader holds, and its changes until the connection ends. The error is what the log says.
    async fn follow_once(&self, host: &str, port: u16) -> Result<(), String> {
        let note = |text: String| async move { say(&self.process, 'S', '*', &text).await };
        note(format!("Connecting to MASTER {host}:{port}")).await;
        let unknown = "Unable to connect to MASTER: Name or service not known";
        let found = resolver::resolve(&self.process, host).await.map_err(|_| unknown)?;
        let ip = *found.first().ok_or(unknown)?;
        note("MASTER <-> REPLICA sync started".to_owned()).await;
        let refused = |errno| format!("Error condition on socket for SYNC: {}", self.process.text(errno));
        let mut wire = Wire::connect(&self.process, SocketAddr::new(ip, port)).await.map_err(refused)?;
        note("Non blocking connect for SYNC fired the event.".to_owned()).await;
        let (own_port, password) = {
            let store = lock(&self.store);
            (store.settings.port().to_string(), store.settings.get("masterauth").to_owned())
        };
        if !password.is_empty() {
            self.ask(&mut wire, &["AUTH", &password]).await?;
        }
        self.ask(&mut wire, &["PING"]).await?;
        note("Master replied to PING, replication can continue...".to_owned()).await;
        self.ask(&mut wire, &["REPLCONF", "listening-port", &own_port]).await?;
        self.ask(&mut wire, &["REPLCONF", "capa", "psync2"]).await?;
        note("Partial resynchronization not possible (no cached master)".to_owned()).await;
        let answer = self.ask(&mut wire, &["PSYNC", "?", "-1"]).await?;
        let place = answer.strip_prefix("FULLRESYNC ").unwrap_or(&answer).replace(' ', ":");
        note(format!("Full resync from master: {place}")).await;
        let snapshot = snapshot(&mut wire).await.ok_or("I/O error reading bulk count from MASTER")?;
        let text =
            format!("MASTER <-> REPLICA sync: receiving {} bytes from master to memory", snapshot.len());
        note(text).await;
        note("MASTER <-> REPLICA sync: Flushing old data".to_owned()).await;
        note("MASTER <-> REPLICA sync: Loading DB in memory".to_owned()).await;
        let loaded = lock(&self.store).load(&snapshot, self.process.now());
        loaded.ok_or("Failed trying to load the MASTER synchronization DB from socket")?;
        self.note_change();
        lock(&self.following).linked = true;
        note("MASTER <-> REPLICA sync: Finished with success".to_owned()).await;
        let mut leader = Connection::of_leader(self);
        while let Ok(Some(Ok(words))) = protocol::read_request(&mut wire).await {
            if !words.is_empty() {
                leader.run_now(&words);
            }
            self.process.work(2).await;
        }
        Err("Connection with master lost.".to_owned())
    }

    /// Sends a leader a request; the error is its own.
    async fn ask(&self, wire: &mut Wire, words: &[&str]) -> Result<String, String> {
        let words: Vec<Bytes> = words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
        let lost = "Failed to read response from the server: Connection reset by peer";
        wire.write(protocol::request(&words)).await.map_err(|_| lost)?;
        match protocol::read_reply(wire).await {
            Ok(Some(Reply::Status(text))) => Ok(text),
            Ok(Some(Reply::Error(text))) => Err(format!("MASTER aborted replication with an error: {text}")),
            _ => Err(lost.to_owned()),
        }
    }
}

/// Reads what a leader holds: its length, and so many bytes without an end of line.
async fn snapshot(wire: &mut Wire) -> Option<Bytes> {
    let line = wire.line(64).await.ok()??;
    let len = std::str::from_utf8(line.strip_prefix(b"$")?).ok()?.trim().parse().ok()?;
    if len > MAX_SNAPSHOT {
        return None;
    }
    while wire.buffered().len() < len {
        if !wire.fill().await.ok()? {
            return None;
        }
    }
    Some(wire.take(len))
}
