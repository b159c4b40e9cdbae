//! Following a kind.

use std::{collections::VecDeque, marker::PhantomData, sync::Arc};

use super::{Kind, Selection};
use crate::{
    object::Object,
    server::Server,
    store::{Change, ChangeKind, Cursor},
};

/// What a [`Watch`] tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<K> {
    /// These are all the objects there are. What was known before is void.
    Restarted(Vec<K>),
    /// An object is new, has changed, or has begun to match the selection.
    Applied(K),
    /// An object is gone, or has ceased to match; this is its last state.
    Deleted(K),
}

/// Follows the objects of a kind.
#[derive(Debug)]
pub struct Watch<K> {
    server: Arc<Server>,
    storage: Box<str>,
    namespace: Box<str>,
    selection: Selection,
    cursor: Option<Cursor>,
    ready: VecDeque<Change>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Watch<K> {
    pub(super) fn new(server: Arc<Server>, storage: &str, namespace: &str, selection: Selection) -> Self {
        let (storage, namespace) = (storage.into(), namespace.into());
        let (cursor, ready) = (None, VecDeque::new());
        Self { server, storage, namespace, selection, cursor, ready, kind: PhantomData }
    }

    /// Waits for the next event; `None` once the cluster has ended. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Event<K>> {
        let ended = self.server.ended.clone();
        ended.run_until_cancelled(self.follow()).await
    }

    async fn follow(&mut self) -> Event<K> {
        loop {
            while let Some(change) = self.ready.pop_front() {
                if let Some(event) = self.event(&change) {
                    return event;
                }
            }
            let Some(cursor) = &mut self.cursor else { return self.restart() };
            match cursor.next().await {
                Ok(changes) => self.ready.extend(changes),
                Err(_) => return self.restart(),
            }
        }
    }

    fn restart(&mut self) -> Event<K> {
        let listing = self.server.store.list(&self.storage, &self.namespace);
        self.cursor = Some(self.server.store.follow(&self.storage, listing.revision));
        let selected = listing.objects.iter().filter(|object| self.selection.matches(object));
        Event::Restarted(selected.filter_map(|object| parse(object)).collect())
    }

    fn event(&self, change: &Change) -> Option<Event<K>> {
        if !self.namespace.is_empty() && change.object.namespace() != &*self.namespace {
            return None;
        }
        let was = change.previous.as_ref().is_some_and(|object| self.selection.matches(object));
        let is = change.kind != ChangeKind::Deleted && self.selection.matches(&change.object);
        match (was, is) {
            (_, true) => parse(&change.object).map(Event::Applied),
            (true, false) => parse(&change.object).map(Event::Deleted),
            (false, false) => None,
        }
    }
}

/// Only what was decoded by its schema is stored, so that a failure here is ours: it is logged and left out.
fn parse<K: Kind>(object: &Object) -> Option<K> {
    object
        .parse()
        .inspect_err(|error| tracing::error!(%error, name = object.name(), "a stored object does not parse"))
        .ok()
}
