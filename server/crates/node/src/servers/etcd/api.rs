//! What etcd answers: over gRPC (`etcdserverpb`) what `etcdctl` asks, over HTTP/1.1 what probes and Prometheus ask.

use bytes::Bytes;

use super::{
    Etcd,
    store::{Entry, Keys},
};
use crate::{
    kernel::wait::lock,
    servers::{
        grpc::{
            Code, Failure, Reply,
            health::{CHECK, Status, check},
            protobuf::{Message, Value, bytes_of, fields, number_of},
        },
        listening::{Answer, Request},
    },
};

/// The one member of the cluster and the cluster itself, which go by what etcd works out for its defaults.
pub(super) const MEMBER: u64 = 0x8e9e_05c5_2164_694d;
pub(super) const CLUSTER: u64 = 0xcdf8_1819_4e3a_8c32;
/// A cluster of one has elected itself once.
pub(super) const TERM: u64 = 2;
/// The largest request, in bytes.
const MAX_REQUEST: usize = 3 << 19;

impl Etcd {
    /// Answers a call.
    pub(super) fn call(&self, path: &str, request: Bytes) -> Reply {
        if path == CHECK {
            return check(request, |service| service.is_empty().then_some(Status::Serving));
        }
        if request.len() > MAX_REQUEST {
            return Err(Failure::new(Code::InvalidArgument, "etcdserver: request is too large"));
        }
        let fields = fields(request)
            .ok_or_else(|| Failure::new(Code::Internal, "grpc: error unmarshalling request"))?;
        let message = match path {
            "/etcdserverpb.KV/Range" => self.range(&fields)?,
            "/etcdserverpb.KV/Put" => self.put(&fields)?,
            "/etcdserverpb.KV/DeleteRange" => self.delete(&fields)?,
            "/etcdserverpb.Maintenance/Status" => self.status(),
            "/etcdserverpb.Cluster/MemberList" => self.members(),
            _ => return Err(Failure::unknown(path)),
        };
        Ok(message.encoded())
    }

    /// What every response begins with.
    fn header(revision: u64) -> Message {
        let header = Message::default().number(1, CLUSTER).number(2, MEMBER);
        Message::default().message(1, &header.number(3, revision).number(4, TERM))
    }

    fn range(&self, request: &[(u32, Value)]) -> Result<Message, Failure> {
        let store = lock(&self.store);
        let asked = number_of(request, 4);
        if asked > store.revision {
            let text = "etcdserver: mvcc: required revision is a future revision";
            return Err(Failure::new(Code::OutOfRange, text));
        }
        if asked > 0 && asked < store.revision {
            // Earlier revisions are as good as compacted.
            let text = "etcdserver: mvcc: required revision has been compacted";
            return Err(Failure::new(Code::OutOfRange, text));
        }
        let keys = keys(request)?;
        let limit = usize::try_from(number_of(request, 3)).unwrap_or_default();
        let (keys_only, count_only) = (number_of(request, 8) > 0, number_of(request, 9) > 0);
        let mut response = Self::header(store.revision);
        let mut count = 0usize;
        for (key, entry) in store.range(&keys) {
            count += 1;
            if !count_only && (limit == 0 || count <= limit) {
                response = response.message(2, &key_value(key, entry, !keys_only));
            }
        }
        let more = limit > 0 && count > limit;
        Ok(response.number(3, more).number(4, count as u64))
    }

    fn put(&self, request: &[(u32, Value)]) -> Result<Message, Failure> {
        let key = key(request)?;
        if number_of(request, 3) > 0 {
            return Err(Failure::new(Code::NotFound, "etcdserver: requested lease not found"));
        }
        let mut store = lock(&self.store);
        let space = || Failure::new(Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded");
        let former = store.put(key.clone(), bytes_of(request, 2)).map_err(|()| space())?;
        // Past the container's limit it is killed.
        self.process.hold(store.bytes as u64).map_err(|_| space())?;
        let mut response = Self::header(store.revision);
        if let Some(former) = former.filter(|_| number_of(request, 4) > 0) {
            response = response.message(2, &key_value(&key, &former, true));
        }
        Ok(response)
    }

    fn delete(&self, request: &[(u32, Value)]) -> Result<Message, Failure> {
        let keys = keys(request)?;
        let mut store = lock(&self.store);
        let removed = store.remove(&keys);
        let _ = self.process.hold(store.bytes as u64);
        let mut response = Self::header(store.revision).number(2, removed.len() as u64);
        if number_of(request, 3) > 0 {
            for (key, entry) in &removed {
                response = response.message(3, &key_value(key, entry, true));
            }
        }
        Ok(response)
    }

    fn status(&self) -> Message {
        let store = lock(&self.store);
        let size = 20_480 + store.bytes as u64;
        let index = store.revision + 3;
        Self::header(store.revision)
            .bytes(2, self.version.as_bytes())
            .number(3, size)
            .number(4, MEMBER)
            .number(5, index)
            .number(6, TERM)
            .number(7, index)
            .number(9, size)
    }

    fn members(&self) -> Message {
        let settings = &self.settings;
        let mut member = Message::default().number(1, MEMBER).bytes(2, settings.name.as_bytes());
        for (field, urls) in [(3, &settings.advertise_peer), (4, &settings.advertise_client)] {
            for url in urls {
                member = member.bytes(field, url.as_bytes());
            }
        }
        Self::header(lock(&self.store).revision).message(2, &member)
    }

    /// Answers a request over HTTP/1.1.
    pub(super) fn answer(&self, request: &Request) -> Answer {
        let json = |text: String| Answer::new(200, "application/json", text);
        let plain = |status, text: &str| Answer::new(status, "text/plain; charset=utf-8", text);
        match request.path() {
            "/health" => json("{\"health\":\"true\",\"reason\":\"\"}".to_owned()),
            "/livez" | "/readyz" => plain(200, "ok\n"),
            "/version" => {
                let cluster = self.version.rsplit_once('.').map_or(self.version, |(minor, _)| minor);
                json(format!("{{\"etcdserver\":\"{}\",\"etcdcluster\":\"{cluster}.0\"}}", self.version))
            }
            "/metrics" => plain(200, &self.metrics()),
            _ => plain(404, "404 page not found\n"),
        }
    }

    fn metrics(&self) -> String {
        let store = lock(&self.store);
        let keys = store.range(&Keys::new(Bytes::new(), Bytes::from_static(b"\0"))).count();
        [
            ("etcd_debugging_mvcc_keys_total", "Total number of keys.", "gauge", keys as u64),
            (
                "etcd_mvcc_db_total_size_in_bytes",
                "Total size of the underlying database physically allocated in bytes.",
                "gauge",
                20_480 + store.bytes as u64,
            ),
            (
                "etcd_server_has_leader",
                "Whether or not a leader exists. 1 is existence, 0 is not.",
                "gauge",
                1,
            ),
            (
                "etcd_server_is_leader",
                "Whether or not this member is a leader. 1 if is, 0 otherwise.",
                "gauge",
                1,
            ),
            ("etcd_server_leader_changes_seen_total", "The number of leader changes seen.", "counter", 1),
            (
                "etcd_server_proposals_committed_total",
                "The total number of consensus proposals committed.",
                "gauge",
                store.revision + 3,
            ),
        ]
        .map(|(name, help, kind, value)| {
            format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n")
        })
        .concat()
    }
}

fn key(request: &[(u32, Value)]) -> Result<Bytes, Failure> {
    let key = bytes_of(request, 1);
    if key.is_empty() {
        return Err(Failure::new(Code::InvalidArgument, "etcdserver: key is not provided"));
    }
    Ok(key)
}

fn keys(request: &[(u32, Value)]) -> Result<Keys, Failure> {
    Ok(Keys::new(key(request)?, bytes_of(request, 2)))
}

/// `mvccpb.KeyValue`.
fn key_value(key: &Bytes, entry: &Entry, with_value: bool) -> Message {
    let message = Message::default().bytes(1, key).number(2, entry.created).number(3, entry.modified);
    message.number(4, entry.version).bytes(5, if with_value { &entry.value } else { b"" })
}
