//! The cluster that is graded on.

use std::{fmt, sync::Arc};

use kube::Client;

use crate::clock::Clock;

/// A cluster, as far as the grader needs to know it: how to reach it, what time it is there, and who else is on it.
#[derive(Clone)]
pub struct Cluster {
    /// How it is reached. Everything that the grader sees or does goes through here.
    pub client: Client,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// Who else is on it.
    pub tenancy: Tenancy,
    /// A label value that stands for the learner, such as a hash; never a name.
    pub owner: String,
}

/// Who else is on a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenancy {
    /// Nobody: it was made for this submission, and ends with it.
    Private,
    /// Others: sandboxes are walled in, and swept up should podlab be killed.
    Shared(Host),
}

/// The podlab that makes sandboxes on a shared cluster, so that it finds them again. Both are values of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// This installation of podlab: the same after it was started anew.
    pub installation: String,
    /// This run of it: another one each time that it is started.
    pub run: String,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("tenancy", &self.tenancy)
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}
