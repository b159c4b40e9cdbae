//! The loop that runs the controllers: one object after the other, in the order in which they came up.

use std::{
    collections::{BTreeMap, VecDeque},
    panic::{self, AssertUnwindSafe},
    time::Duration,
};

use futures::FutureExt;

use super::{
    Again, Controller, Key,
    changes::{self, Change},
};
use crate::{
    Client,
    status::{Result, Status},
};

/// After the first failure; doubled with each further one.
const FIRST_RETRY: Duration = Duration::from_millis(5);
const MAX_RETRY: Duration = Duration::from_secs(1000);

/// After so many objects others get a turn.
const BATCH: usize = 32;

/// What a controller says of an object. Where it panics, that is a failure to be tried again later as others are: one
/// controller's mistake about one object must not end all controllers.
fn reconciled(controller: &dyn Controller, client: &Client, key: &Key) -> Result<Again> {
    let reconcile = AssertUnwindSafe(|| controller.reconcile(client, key));
    panic::catch_unwind(reconcile).unwrap_or_else(|_| {
        tracing::error!(controller = controller.name(), name = key.name, "a controller panicked");
        Err(Status::internal("the controller panicked"))
    })
}

/// An object of a controller.
type Item = (usize, Key);

/// Runs controllers.
pub(super) struct Runner {
    client: Client,
    controllers: Vec<(Client, Box<dyn Controller>)>,
    ready: VecDeque<Item>,
    /// When to look at objects again, on the clock that counts from its beginning.
    later: BTreeMap<Item, Duration>,
    failures: BTreeMap<Item, u32>,
}

impl Runner {
    pub(super) fn new(client: &Client, controllers: Vec<Box<dyn Controller>>) -> Self {
        let identify = |controller: Box<dyn Controller>| {
            let name = controller.name();
            let user = format!("system:serviceaccount:kube-system:{name}");
            (client.with_identity(&user, "kube-controller-manager"), controller)
        };
        Self {
            client: client.clone(),
            controllers: controllers.into_iter().map(identify).collect(),
            ready: VecDeque::new(),
            later: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }

    /// Runs until the cluster ends.
    pub(super) async fn run(mut self) {
        let mut changes = changes::follow(&self.client);
        loop {
            let sleep = self.sleep();
            tokio::select! {
                biased;
                changed = changes.next() => match changed {
                    Some(changed) => self.changed(&changed),
                    None => return,
                },
                () = sleep => self.wake(),
            }
            // Take in all that has happened before acting on any of it.
            while let Some(more) = changes.next().now_or_never() {
                match more {
                    Some(more) => self.changed(&more),
                    None => return,
                }
            }
            for _ in 0..BATCH {
                let Some(item) = self.ready.pop_front() else { break };
                self.look_at(item);
            }
        }
    }

    fn sleep(&self) -> futures::future::BoxFuture<'static, ()> {
        if !self.ready.is_empty() {
            return futures::future::ready(()).boxed();
        }
        let Some(next) = self.later.values().min() else { return std::future::pending().boxed() };
        self.client.env().clock.sleep_until(*next)
    }

    fn wake(&mut self) {
        let now = self.client.env().clock.uptime();
        let due: Vec<Item> =
            self.later.iter().filter(|(_, at)| **at <= now).map(|(item, _)| item.clone()).collect();
        for item in due {
            self.later.remove(&item);
            self.add(item);
        }
    }

    fn changed(&mut self, changes: &[Change]) {
        let mut items = Vec::new();
        for change in changes {
            for (index, (client, controller)) in self.controllers.iter().enumerate() {
                let keys = controller.concerns(client, change);
                items.extend(keys.into_iter().map(|key| (index, key)));
            }
        }
        for item in items {
            self.add(item);
        }
    }

    fn add(&mut self, item: Item) {
        if !self.ready.contains(&item) {
            self.ready.push_back(item);
        }
    }

    fn look_at(&mut self, item: Item) {
        let Some((client, controller)) = self.controllers.get(item.0) else { return };
        let now = self.client.env().clock.uptime();
        let outcome = reconciled(controller.as_ref(), client, &item.1);
        let again = match outcome {
            Ok(again) => {
                self.failures.remove(&item);
                match again {
                    Again::Never => None,
                    Again::After(delay) => Some(delay),
                }
            }
            Err(error) => {
                tracing::debug!(%error, controller = controller.name(), name = item.1.name, "to be tried again");
                let failures = self.failures.entry(item.clone()).or_default();
                *failures += 1;
                let delay = FIRST_RETRY.saturating_mul(2_u32.saturating_pow((*failures - 1).min(20)));
                Some(delay.min(MAX_RETRY))
            }
        };
        match again {
            Some(delay) => {
                self.later.insert(item, now.saturating_add(delay));
            }
            None => {
                self.later.remove(&item);
            }
        }
    }
}
