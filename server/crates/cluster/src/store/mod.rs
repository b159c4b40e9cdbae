//! Where the objects are: one map a resource, one counter of revisions for all, and for each resource a bounded
//! history of changes that watches read from.
//!
//! - A write is one call ([`Store::put`], [`Store::remove`]); who reads, decides and writes holds the gate
//!   ([`Store::write`]) from the read to the write, so that nothing comes in between.
//! - A watch holds a position, not a queue: [`Cursor::next`] waits until the resource has changed past its
//!   position and reads the changes from the history. A slow reader costs nothing; one that fell behind the history
//!   is told that its position has expired (410) and lists again.

mod cursor;
pub(crate) mod endings;
mod table;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use serde_json::Value;

pub(crate) use self::cursor::{Cursor, Expired};
use self::endings::Endings;
use self::table::Table;
pub(crate) use self::table::{Change, ChangeKind};
use crate::{
    managed::Entry,
    object::{Object, Stamps, Template},
    status::Status,
};

/// How long a change stays in the history, as etcd's compaction has it in Kubernetes.
const HISTORY_AGE: Duration = Duration::from_mins(5);

/// How many changes of one resource stay in the history.
const HISTORY_LENGTH: usize = 1024;

/// How much they may take in memory, in bytes.
const HISTORY_BYTES: usize = 8 << 20;

/// All objects of one cluster.
#[derive(Debug)]
pub(crate) struct Store {
    tables: Mutex<Tables>,
    /// How much the objects may take in memory, in bytes.
    space: usize,
    gate: Mutex<()>,
    /// What the garbage collector has to look at.
    pub(crate) endings: Endings,
}

#[derive(Debug, Default)]
struct Tables {
    revision: u64,
    /// Of what came before there is no history, also not of resources that nobody has used yet.
    forgotten: u64,
    by_resource: BTreeMap<Box<str>, Table>,
}

impl Tables {
    /// A resource's table, a new one where nobody has used it yet.
    fn of(&mut self, resource: &str) -> &mut Table {
        let forgotten = self.forgotten;
        self.by_resource.entry(resource.into()).or_insert_with(|| {
            let mut table = Table::default();
            table.forget(forgotten);
            table
        })
    }

    /// Makes one change to a resource at the next revision and wakes who follows it.
    fn change<R>(&mut self, resource: &str, now: Duration, change: impl FnOnce(u64, &mut Table) -> R) -> R {
        self.revision += 1;
        let revision = self.revision;
        let table = self.of(resource);
        let result = change(revision, table);
        table.trim(HISTORY_LENGTH, HISTORY_BYTES, now.saturating_sub(HISTORY_AGE));
        table.wake(revision);
        result
    }

    /// Whether there is room for an object. An eighth of the space is for changes of what is there: of a full store
    /// something can still be deleted. What gets smaller always has room.
    fn has_room(&self, resource: &str, object: &Object, space: usize) -> bool {
        let table = self.by_resource.get(resource);
        let old = table.and_then(|table| table.get(object.namespace(), object.name()));
        let space = if old.is_some() { space } else { space - space / 8 };
        let old = old.map_or(0, |old| old.weight());
        let held: usize = self.by_resource.values().map(Table::weight).sum();
        object.weight() <= old || held - old + object.weight() <= space
    }
}

/// The right to write, and with it the promise that nobody else writes.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    store: &'a Store,
    _gate: MutexGuard<'a, ()>,
}

/// Objects in the order of their keys, and the revision at which that was all.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) revision: u64,
    pub(crate) objects: Vec<Arc<Object>>,
}

impl Store {
    /// A store for objects of so many bytes.
    pub(crate) fn new(space: usize) -> Self {
        Self { tables: Mutex::default(), space, gate: Mutex::default(), endings: Endings::default() }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the gate. Writes are short: nothing is awaited while it is held.
    pub(crate) fn write(&self) -> Writer<'_> {
        Writer { store: self, _gate: self.gate.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// The revision of the last write.
    pub(crate) fn revision(&self) -> u64 {
        self.tables().revision
    }

    pub(crate) fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.tables().by_resource.get(resource)?.get(namespace, name)
    }

    /// The objects of a resource, in one namespace or (an empty one) in all.
    pub(crate) fn list(&self, resource: &str, namespace: &str) -> Listing {
        let tables = self.tables();
        let objects = tables.by_resource.get(resource).map(|t| t.list(namespace)).unwrap_or_default();
        Listing { revision: tables.revision, objects }
    }

    /// The objects as they were at `revision`.
    ///
    /// # Errors
    ///
    /// [`Expired`] where the history does not reach back so far.
    pub(crate) fn list_at(&self, resource: &str, namespace: &str, revision: u64) -> Result<Listing, Expired> {
        let tables = self.tables();
        let objects = match tables.by_resource.get(resource) {
            Some(table) => table.list_at(namespace, revision)?,
            None => Vec::new(),
        };
        Ok(Listing { revision, objects })
    }

    /// Follows a resource from just after `revision`.
    pub(crate) fn follow(self: &Arc<Self>, resource: &str, revision: u64) -> Cursor {
        let woken = self.tables().of(resource).subscribe();
        Cursor::new(Arc::clone(self), resource.into(), revision, woken)
    }

    /// Forgets all changes so far: who wants to watch from before now must list.
    pub(crate) fn forget_history(&self) {
        let mut tables = self.tables();
        let revision = tables.revision;
        tables.forgotten = revision;
        for table in tables.by_resource.values_mut() {
            table.forget(revision);
        }
    }
}

impl Writer<'_> {
    /// Writes an object under its own namespace and name, and returns it at its new revision.
    ///
    /// # Errors
    ///
    /// What etcd says where its space is used up.
    pub(crate) fn put(
        &self,
        resource: &str,
        value: Value,
        managed: Vec<Entry>,
        now: Duration,
    ) -> Result<Arc<Object>, Box<Status>> {
        let mut tables = self.store.tables();
        let object = Arc::new(Object::new(value, managed, tables.revision + 1));
        if !tables.has_room(resource, &object, self.store.space) {
            return Err(no_room(self.store.space));
        }
        tables.change(resource, now, |_, table| {
            table.put(Arc::clone(&object), now);
            self.store.endings.written(resource, &object);
        });
        Ok(object)
    }

    /// Writes an object that all clusters have alike.
    pub(crate) fn put_alike(&self, resource: &str, template: Arc<Template>, stamps: Stamps, now: Duration) {
        self.store.tables().change(resource, now, |revision, table| {
            table.put(Arc::new(Object::alike(template, stamps, revision)), now);
        });
    }

    /// Removes an object and returns its last state, at the revision of the removal.
    pub(crate) fn remove(
        &self,
        resource: &str,
        namespace: &str,
        name: &str,
        now: Duration,
    ) -> Option<Arc<Object>> {
        let removed = self
            .store
            .tables()
            .change(resource, now, |revision, table| table.remove(namespace, name, revision, now));
        if let Some(object) = &removed {
            self.store.endings.removed(resource, object);
        }
        removed
    }
}

fn no_room(space: usize) -> Box<Status> {
    let message = format!(
        "etcdserver: mvcc: database space exceeded: this cluster holds {} MiB; delete what you no longer need",
        space >> 20
    );
    Status::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
}
