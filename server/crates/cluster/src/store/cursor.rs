//! A place in the history of a resource.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Store, table::Change};

/// How many changes are taken out of the history at once.
const BATCH: usize = 256;

/// The history does not reach back to where a watch or a list wants to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    /// The oldest revision from which the resource can be followed.
    pub(crate) oldest: u64,
}

/// Follows one resource.
#[derive(Debug)]
pub(crate) struct Cursor {
    store: Arc<Store>,
    resource: Box<str>,
    position: u64,
    woken: watch::Receiver<u64>,
}

impl Cursor {
    pub(super) fn new(
        store: Arc<Store>,
        resource: Box<str>,
        position: u64,
        woken: watch::Receiver<u64>,
    ) -> Self {
        Self { store, resource, position, woken }
    }

    /// The revision up to which everything has been read.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The changes that there are already; none where the cursor has caught up.
    pub(crate) fn ready(&mut self) -> Result<Vec<Change>, Expired> {
        self.woken.mark_unchanged();
        let tables = self.store.tables();
        let Some(table) = tables.by_resource.get(&self.resource) else { return Ok(Vec::new()) };
        let changes = table.changes(self.position, BATCH)?;
        match changes.last() {
            Some(last) if changes.len() == BATCH => self.position = last.revision,
            // Caught up, with other resources too: a bookmark may say the newest revision.
            _ => self.position = self.position.max(tables.revision),
        }
        Ok(changes)
    }

    /// Waits for changes. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Vec<Change>, Expired> {
        loop {
            let changes = self.ready()?;
            if !changes.is_empty() {
                return Ok(changes);
            }
            // The sender lives in the store, which this cursor holds: an error cannot come.
            if self.woken.changed().await.is_err() {
                return Ok(Vec::new());
            }
        }
    }
}
