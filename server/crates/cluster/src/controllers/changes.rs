//! What changes in the API, of all kinds that some controller cares about.

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    autoscaling::v2::HorizontalPodAutoscaler,
    batch::v1::{CronJob, Job},
    certificates::v1::CertificateSigningRequest,
    core::v1::{
        ConfigMap, Endpoints, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod,
        ReplicationController, Service, ServiceAccount,
    },
    discovery::v1::EndpointSlice,
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
    storage::v1::StorageClass,
};

use crate::{
    Client,
    client::{Event, Selection, Watch},
};

/// An object that is new, has changed or is gone.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) object: Object,
    pub(crate) gone: bool,
}

macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        /// An object of one of the kinds that are followed.
        #[derive(Clone, Debug)]
        #[expect(dead_code, reason = "of nodes and storage classes it is enough to know that one has changed")]
        pub(crate) enum Object {
            $(
                #[doc = concat!("A ", stringify!($kind), ".")]
                $kind(Box<$kind>),
            )*
        }

        /// Follows all the kinds.
        pub(super) fn follow(client: &Client) -> Changes {
            let waiting = FuturesUnordered::new();
            $( waiting.push(next(client.all::<$kind>().watch(Selection::default()), |object| {
                Object::$kind(Box::new(object))
            })); )*
            Changes { waiting }
        }
    };
}

kinds!(
    CertificateSigningRequest,
    ConfigMap,
    CronJob,
    DaemonSet,
    Deployment,
    Endpoints,
    EndpointSlice,
    HorizontalPodAutoscaler,
    Job,
    Namespace,
    NetworkPolicy,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    PodDisruptionBudget,
    ReplicaSet,
    ReplicationController,
    Service,
    ServiceAccount,
    StatefulSet,
    StorageClass,
);

type Waiting = BoxFuture<'static, Option<(Vec<Change>, Rest)>>;

/// What waits for the next change of a kind.
struct Rest(Box<dyn FnOnce() -> Waiting + Send>);

/// The changes of all kinds.
pub(super) struct Changes {
    waiting: FuturesUnordered<Waiting>,
}

impl Changes {
    /// Waits for the next changes; `None` once the cluster has ended.
    pub(super) async fn next(&mut self) -> Option<Vec<Change>> {
        let (changes, Rest(rest)) = self.waiting.next().await??;
        self.waiting.push(rest());
        Some(changes)
    }
}

fn next<K: crate::client::Kind>(mut watch: Watch<K>, wrap: fn(K) -> Object) -> Waiting {
    async move {
        let changes = match watch.next().await? {
            Event::Restarted(objects) => {
                objects.into_iter().map(|object| Change { object: wrap(object), gone: false }).collect()
            }
            Event::Applied(object) => vec![Change { object: wrap(object), gone: false }],
            Event::Deleted(object) => vec![Change { object: wrap(object), gone: true }],
        };
        let rest = Rest(Box::new(move || next(watch, wrap)));
        Some((changes, rest))
    }
    .boxed()
}
