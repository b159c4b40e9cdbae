//! Recording events as the components of Kubernetes do: an event that happens again is counted in the object that it
//! has, similar ones are combined once there are many, and a source that says too much about one object is not heard.
//!
//! The rules and their numbers are those of client-go's `EventCorrelator` (for events of `v1`) and of its newer
//! recorder (for those that have a series, which the scheduler writes).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Event, EventSeries, EventSource, ObjectReference},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use serde_json::json;

use crate::{Client, client::Patch, kubelet::seconds};

/// How many sources, events and groups of similar events are remembered, each.
const REMEMBERED: usize = 512;

/// A source may say this much about an object at once...
const BURST: f64 = 25.0;

/// ...and one thing more every five minutes.
const REFILL: Duration = Duration::from_secs(300);

/// So many different messages of one reason are combined...
const SIMILAR: usize = 10;

/// ...if no more than this lies between them.
const SIMILAR_WITHIN: Duration = Duration::from_secs(600);

/// The host name of the machine that the control plane runs on: a virtual one. Events are reported in its name.
const CONTROL_PLANE_HOST: &str = "vm";

/// A series of events that has not gone on for so long is over.
const SERIES_ENDS_AFTER: Duration = Duration::from_secs(360);

/// What an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Reference {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) resource_version: String,
    /// Which part of it, such as `spec.containers{web}`.
    pub(crate) field_path: Option<String>,
}

impl Reference {
    /// A reference to an object.
    pub(crate) fn to<K>(object: &K) -> Self
    where
        K: k8s_openapi::Resource + k8s_openapi::Metadata<Ty = ObjectMeta>,
    {
        let metadata = object.metadata();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            api_version: K::API_VERSION.to_owned(),
            kind: K::KIND.to_owned(),
            namespace: text(&metadata.namespace),
            name: text(&metadata.name),
            uid: text(&metadata.uid),
            resource_version: text(&metadata.resource_version),
            field_path: None,
        }
    }

    fn to_api(&self) -> ObjectReference {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ObjectReference {
            api_version: named(&self.api_version),
            kind: named(&self.kind),
            namespace: named(&self.namespace),
            name: named(&self.name),
            uid: named(&self.uid),
            resource_version: named(&self.resource_version),
            field_path: self.field_path.clone(),
        }
    }

    /// Without what does not make it another object.
    fn object(&self) -> Self {
        Self { resource_version: String::new(), ..self.clone() }
    }

    /// The namespace that its events are in: those of what belongs to the whole cluster are in `default`.
    fn event_namespace(&self) -> &str {
        if self.namespace.is_empty() { "default" } else { &self.namespace }
    }
}

/// Records the events of one component. Clones share what is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    client: Client,
    component: Arc<str>,
    /// The node that the component runs on, if it is one of a node.
    host: Option<Arc<str>>,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    buckets: BTreeMap<Reference, Bucket>,
    similar: BTreeMap<(Reference, bool, String), Similar>,
    counted: BTreeMap<Key, Counted>,
    series: BTreeMap<(Reference, bool, String, String), Counted>,
}

/// How much a source may still say about an object.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// The different messages of one reason.
#[derive(Clone, Debug)]
struct Similar {
    messages: BTreeSet<String>,
    at: Timestamp,
}

type Key = (Reference, bool, String, String);

/// An event that has an object in the API.
#[derive(Clone, Debug)]
struct Counted {
    name: String,
    count: i32,
    at: Timestamp,
}

impl Recorder {
    /// A recorder for a component, on a node if it is one of a node.
    pub(crate) fn new(client: Client, component: &str, host: Option<&str>) -> Self {
        Self { client, component: component.into(), host: host.map(Into::into), memory: Arc::default() }
    }

    /// Records that something happened to an object.
    pub(crate) fn record(&self, about: &Reference, warning: bool, reason: &str, message: &str) {
        let now = self.client.now();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if !memory.may_say(about, now) {
            return;
        }
        let combined = memory.is_combined(about, warning, reason, message, now);
        let (message, key_message) = if combined {
            (format!("(combined from similar events): {message}"), String::new())
        } else {
            (message.to_owned(), message.to_owned())
        };
        let key = (about.object(), warning, reason.to_owned(), key_message);
        if let Some(counted) = memory.counted.get_mut(&key) {
            counted.count += 1;
            counted.at = now;
            let (name, count) = (counted.name.clone(), counted.count);
            if self.count(about, &name, count, &message, now) {
                return;
            }
        }
        let event = self.event(about, warning, reason, &message, combined, now);
        drop(memory);
        if let Some(name) = self.create(about, event, now) {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.counted.insert(key, Counted { name, count: 1, at: now });
            forget_oldest(&mut memory.counted, |counted| counted.at);
        }
    }

    /// Records an event of the newer kind: with the action that was tried, counted in a series.
    pub(crate) fn record_action(
        &self,
        about: &Reference,
        warning: bool,
        reason: &str,
        action: &str,
        message: &str,
    ) {
        let now = self.client.now();
        let key = (about.clone(), warning, reason.to_owned(), action.to_owned());
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |counted: &Counted| age(counted.at, now) > SERIES_ENDS_AFTER;
        if let Some(counted) = memory.series.get_mut(&key).filter(|counted| !over(counted)) {
            counted.count += 1;
            counted.at = now;
            if counted.count == 2 {
                let series = EventSeries { count: Some(2), last_observed_time: Some(MicroTime(now)) };
                let patch = Patch::Merge(json!({ "series": series }));
                let events = self.client.namespaced::<Event>(about.event_namespace());
                if let Err(error) = events.patch(&counted.name, "", &patch) {
                    tracing::debug!(%error, "an event could not be counted");
                }
            }
            return;
        }
        drop(memory);
        let event = Event {
            metadata: metadata(about),
            involved_object: about.to_api(),
            type_: Some(type_name(warning).to_owned()),
            reason: Some(reason.to_owned()),
            action: Some(action.to_owned()),
            message: Some(message.to_owned()),
            event_time: Some(MicroTime(now)),
            reporting_component: Some(self.component.to_string()),
            reporting_instance: Some(format!("{}-{CONTROL_PLANE_HOST}", self.component)),
            source: Some(EventSource::default()),
            ..Event::default()
        };
        if let Some(name) = self.create(about, event, now) {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.series.insert(key, Counted { name, count: 1, at: now });
            forget_oldest(&mut memory.series, |counted| counted.at);
        }
    }

    fn event(
        &self,
        about: &Reference,
        warning: bool,
        reason: &str,
        message: &str,
        combined: bool,
        now: Timestamp,
    ) -> Event {
        let host = self.host.as_deref().map(str::to_owned);
        Event {
            metadata: metadata(about),
            involved_object: about.to_api(),
            type_: Some(type_name(warning).to_owned()),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            count: Some(1),
            first_timestamp: Some(seconds(now)),
            last_timestamp: Some(seconds(now)),
            source: Some(EventSource { component: Some(self.component.to_string()), host: host.clone() }),
            // client-go leaves these out of combined events.
            reporting_component: Some(if combined { String::new() } else { self.component.to_string() }),
            reporting_instance: Some(if combined { String::new() } else { host.unwrap_or_default() }),
            ..Event::default()
        }
    }

    /// Creates an event, named after its object and the time in nanoseconds; on a clock that stands still, the next free
    /// one. Returns the name.
    fn create(&self, about: &Reference, mut event: Event, now: Timestamp) -> Option<String> {
        let events = self.client.namespaced::<Event>(about.event_namespace());
        let mut nanos = now.as_nanosecond();
        loop {
            let name = format!("{}.{nanos:x}", about.name);
            event.metadata.name = Some(name.clone());
            match events.create(&event) {
                Ok(_) => return Some(name),
                Err(error) if error.is("AlreadyExists") => nanos += 1,
                Err(error) => {
                    tracing::debug!(%error, "an event could not be recorded");
                    return None;
                }
            }
        }
    }

    /// Counts an event once more; false where its object is gone.
    fn count(&self, about: &Reference, name: &str, count: i32, message: &str, now: Timestamp) -> bool {
        let patch =
            Patch::Merge(json!({ "count": count, "lastTimestamp": seconds(now), "message": message }));
        self.client.namespaced::<Event>(about.event_namespace()).patch(name, "", &patch).is_ok()
    }
}

impl Memory {
    fn may_say(&mut self, about: &Reference, now: Timestamp) -> bool {
        let key = Reference { field_path: None, ..about.object() };
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: BURST, at: now });
        let refill = age(bucket.at, now).as_secs_f64() / REFILL.as_secs_f64();
        bucket.tokens = (bucket.tokens + refill).min(BURST);
        bucket.at = now;
        let may = bucket.tokens >= 1.0;
        if may {
            bucket.tokens -= 1.0;
        }
        forget_oldest(&mut self.buckets, |bucket| bucket.at);
        may
    }

    /// Whether there were so many different messages of this reason that they are combined from now on.
    fn is_combined(
        &mut self,
        about: &Reference,
        warning: bool,
        reason: &str,
        message: &str,
        now: Timestamp,
    ) -> bool {
        let key = (Reference { field_path: None, ..about.object() }, warning, reason.to_owned());
        let fresh = || Similar { messages: BTreeSet::new(), at: now };
        let similar = self.similar.entry(key).or_insert_with(fresh);
        if age(similar.at, now) > SIMILAR_WITHIN {
            *similar = fresh();
        }
        similar.messages.insert(message.to_owned());
        similar.at = now;
        let combined = similar.messages.len() >= SIMILAR;
        if combined {
            similar.messages.pop_first();
        }
        forget_oldest(&mut self.similar, |similar| similar.at);
        combined
    }
}

fn age(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

fn type_name(warning: bool) -> &'static str {
    if warning { "Warning" } else { "Normal" }
}

fn metadata(about: &Reference) -> ObjectMeta {
    ObjectMeta { namespace: Some(about.event_namespace().to_owned()), ..ObjectMeta::default() }
}

fn forget_oldest<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, at: impl Fn(&V) -> Timestamp) {
    if map.len() > REMEMBERED
        && let Some(key) = map.iter().min_by_key(|(_, value)| at(value)).map(|(key, _)| key.clone())
    {
        map.remove(&key);
    }
}
