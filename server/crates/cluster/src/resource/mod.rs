//! The table of resources: everything that the API knows about a kind, in one place.
//!
//! The machinery (verbs, discovery, OpenAPI, tables, server-side apply) is written once over [`Resource`]; what is
//! particular to a kind is its [`Strategy`], one file a kind.

mod builtin;
mod strategy;

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, LazyLock},
};

pub(crate) use self::strategy::{Plain, Strategy};

/// A resource of one group and version.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) group: Cow<'static, str>,
    pub(crate) version: Cow<'static, str>,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) plural: Cow<'static, str>,
    pub(crate) singular: Cow<'static, str>,
    pub(crate) namespaced: bool,
    pub(crate) short_names: Vec<Cow<'static, str>>,
    pub(crate) categories: Vec<Cow<'static, str>>,
    /// The name of its table in the store; two versions of a resource share one.
    pub(crate) storage: Cow<'static, str>,
    pub(crate) strategy: Arc<dyn Strategy>,
}

impl Resource {
    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The kind of a list of these.
    pub(crate) fn list_kind(&self) -> String {
        format!("{}List", self.kind)
    }
}

/// All resources that a cluster has from the start, shared by all clusters.
pub(crate) struct Registry {
    resources: Vec<Arc<Resource>>,
    by_path: HashMap<(Cow<'static, str>, Cow<'static, str>, Cow<'static, str>), Arc<Resource>>,
    by_kind: HashMap<(Cow<'static, str>, Cow<'static, str>, Cow<'static, str>), Arc<Resource>>,
}

static BUILTIN: LazyLock<Registry> = LazyLock::new(|| Registry::new(builtin::resources()));

impl Registry {
    /// The resources that every cluster has.
    pub(crate) fn builtin() -> &'static Self {
        &BUILTIN
    }

    fn new(resources: Vec<Resource>) -> Self {
        let resources: Vec<_> = resources.into_iter().map(Arc::new).collect();
        let index = |last: fn(&Resource) -> Cow<'static, str>| {
            let entry = |r: &Arc<Resource>| ((r.group.clone(), r.version.clone(), last(r)), Arc::clone(r));
            resources.iter().map(entry).collect()
        };
        Self { by_path: index(|r| r.plural.clone()), by_kind: index(|r| r.kind.clone()), resources }
    }

    pub(crate) fn all(&self) -> &[Arc<Resource>] {
        &self.resources
    }

    /// By what stands in a URL: `("apps", "v1", "deployments")`.
    pub(crate) fn by_path(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.by_path.get(&(
            Cow::Owned(group.to_owned()),
            Cow::Owned(version.to_owned()),
            Cow::Owned(plural.to_owned()),
        ))
    }

    /// By what stands in a manifest: `("apps", "v1", "Deployment")`.
    pub(crate) fn by_kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.by_kind.get(&(
            Cow::Owned(group.to_owned()),
            Cow::Owned(version.to_owned()),
            Cow::Owned(kind.to_owned()),
        ))
    }
}
