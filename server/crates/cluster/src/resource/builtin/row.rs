//! A row of the table of resources while it is written.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use crate::resource::{Generation, Plain, Resource, Schema, Strategy, Subresource, Verbs};

pub(super) const READ_WRITE: &[&str] = &["get", "patch", "update"];
pub(super) const PROXY: &[&str] = &["create", "delete", "get", "patch", "update"];

/// A row of the table while it is written.
pub(super) struct Row(pub(super) Resource);

/// Where the types of a group are defined, as their OpenAPI names say.
fn package(group: &str) -> &str {
    match group {
        "" => "core",
        "apiextensions.k8s.io" => "",
        group => group.split('.').next().unwrap_or(group),
    }
}

impl Row {
    pub(super) fn new(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        plural: &'static str,
    ) -> Self {
        let storage =
            if group.is_empty() { Cow::Borrowed(plural) } else { Cow::Owned(format!("{plural}.{group}")) };
        let schema = match group {
            "apiextensions.k8s.io" => {
                format!("apiextensions-apiserver.pkg.apis.apiextensions.{version}.{kind}")
            }
            "apiregistration.k8s.io" => {
                format!("kube-aggregator.pkg.apis.apiregistration.{version}.{kind}")
            }
            group => format!("api.{}.{version}.{kind}", package(group)),
        };
        Self(Resource {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            singular: kind.to_lowercase().into(),
            namespaced: true,
            short_names: Vec::new(),
            categories: Vec::new(),
            verbs: Verbs::All,
            subresources: Vec::new(),
            storage,
            schema: Schema::Named(schema.into(), OnceLock::new()),
            strategy: Arc::new(Plain::default()),
        })
    }

    pub(super) fn core(kind: &'static str, plural: &'static str) -> Self {
        Self::new("", "v1", kind, plural)
    }

    pub(super) fn cluster_wide(mut self) -> Self {
        self.0.namespaced = false;
        self
    }

    pub(super) fn short(mut self, name: &'static str) -> Self {
        self.0.short_names.push(name.into());
        self
    }

    pub(super) fn in_category(mut self, name: &'static str) -> Self {
        self.0.categories.push(name.into());
        self
    }

    pub(super) fn in_all(self) -> Self {
        self.in_category("all")
    }

    pub(super) fn stored_as(mut self, storage: &'static str) -> Self {
        self.0.storage = storage.into();
        self
    }

    pub(super) fn verbs(mut self, verbs: Verbs) -> Self {
        self.0.verbs = verbs;
        self
    }

    pub(super) fn strategy(mut self, strategy: impl Strategy) -> Self {
        self.0.strategy = Arc::new(strategy);
        self
    }

    pub(super) fn plain(self, generation: Generation, has_status: bool) -> Self {
        self.strategy(Plain { generation: Some(generation), has_status })
    }

    /// A subresource of the resource's own kind.
    pub(super) fn sub(self, name: &'static str, verbs: &'static [&'static str]) -> Self {
        self.sub_of(name, "", "", "", verbs)
    }

    /// A subresource of another kind.
    pub(super) fn sub_of(
        mut self,
        name: &'static str,
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        verbs: &'static [&'static str],
    ) -> Self {
        self.0.subresources.push(Subresource { name, group, version, kind, verbs });
        self
    }

    pub(super) fn status(self) -> Self {
        self.sub("status", READ_WRITE)
    }

    pub(super) fn scale(self) -> Self {
        self.sub_of("scale", "autoscaling", "v1", "Scale", READ_WRITE)
    }
}
