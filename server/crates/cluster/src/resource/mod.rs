//! The table of resources: everything that the API knows about a kind, in one place.
//!
//! The machinery (verbs, discovery, OpenAPI, tables, server-side apply) is written once over [`Resource`]; what is
//! particular to a kind is its [`Strategy`], one file a kind.

mod builtin;
pub(crate) mod columns;
mod strategy;

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, LazyLock},
};

pub(crate) use self::strategy::{Context, Generation, Plain, Strategy};
use crate::{schema::TypeRef, status::Status};

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
    pub(crate) verbs: Verbs,
    pub(crate) subresources: Vec<Subresource>,
    /// The name of its table in the store; two versions of a resource share one.
    pub(crate) storage: Cow<'static, str>,
    pub(crate) schema: Schema,
    pub(crate) strategy: Arc<dyn Strategy>,
}

/// The shape of a resource's objects.
#[derive(Clone, Debug)]
pub(crate) enum Schema {
    /// By name, looked up when it is first needed.
    Named(Cow<'static, str>, std::sync::OnceLock<Option<TypeRef>>),
    /// A CustomResourceDefinition's.
    Own(TypeRef),
}

/// What can be done with a resource as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verbs {
    /// All eight.
    All,
    /// All but `deletecollection`.
    NoDeleteCollection,
    /// Only `create`: a question that is answered, not an object that is kept.
    CreateOnly,
    /// Only `get` and `list`.
    ReadOnly,
}

impl Verbs {
    /// In the order of discovery.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::All => &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            Self::NoDeleteCollection => &["create", "delete", "get", "list", "patch", "update", "watch"],
            Self::CreateOnly => &["create"],
            Self::ReadOnly => &["get", "list"],
        }
    }

    pub(crate) fn has(self, verb: &str) -> bool {
        self.names().contains(&verb)
    }
}

/// A resource below an object: `pods/log`.
#[derive(Clone, Debug)]
pub(crate) struct Subresource {
    pub(crate) name: &'static str,
    /// Group, version and kind of what is sent; empty ones are the resource's own.
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) verbs: &'static [&'static str],
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

    /// The shape of its objects.
    pub(crate) fn schema(&self) -> Option<TypeRef> {
        match &self.schema {
            Schema::Named(name, cell) => cell.get_or_init(|| TypeRef::builtin(name)).clone(),
            Schema::Own(of) => Some(of.clone()),
        }
    }

    /// Whether strategic merge patch is known for it: for all but CustomResourceDefinitions' resources.
    pub(crate) fn has_strategic_patch(&self) -> bool {
        matches!(self.schema, Schema::Named(..))
    }

    pub(crate) fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    /// 400 for an object that its schema cannot decode.
    pub(crate) fn not_decodable(&self, why: &str) -> Box<Status> {
        Status::bad_request(format!(
            "{kind} in version {:?} cannot be handled as a {kind}: {why}",
            self.version,
            kind = self.kind
        ))
    }
}

type Names = (Cow<'static, str>, Cow<'static, str>, Cow<'static, str>);

/// Resources, by their place in a URL and by their kind.
#[derive(Debug)]
pub(crate) struct Registry {
    resources: Vec<Arc<Resource>>,
    by_path: HashMap<Names, Arc<Resource>>,
    by_kind: HashMap<Names, Arc<Resource>>,
}

static BUILTIN: LazyLock<Registry> = LazyLock::new(|| Registry::new(builtin::resources()));

impl Registry {
    /// The resources that every cluster has, shared by all clusters.
    pub(crate) fn builtin() -> &'static Self {
        &BUILTIN
    }

    pub(crate) fn new(resources: Vec<Resource>) -> Self {
        let resources: Vec<_> = resources.into_iter().map(Arc::new).collect();
        let index = |last: fn(&Resource) -> Cow<'static, str>| {
            let entry = |r: &Arc<Resource>| ((r.group.clone(), r.version.clone(), last(r)), Arc::clone(r));
            resources.iter().map(entry).collect()
        };
        Self { by_path: index(|r| r.plural.clone()), by_kind: index(|r| r.kind.clone()), resources }
    }

    /// In the order of discovery.
    pub(crate) fn all(&self) -> &[Arc<Resource>] {
        &self.resources
    }

    /// By what stands in a URL: `("apps", "v1", "deployments")`.
    pub(crate) fn by_path(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.by_path.get(&names(group, version, plural))
    }

    /// By what stands in a manifest: `("apps", "v1", "Deployment")`.
    pub(crate) fn by_kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.by_kind.get(&names(group, version, kind))
    }
}

fn names(group: &str, version: &str, last: &str) -> Names {
    (group.to_owned().into(), version.to_owned().into(), last.to_owned().into())
}
