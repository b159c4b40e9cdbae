//! A container's environment: `envFrom`, `env` with its sources and references, and the Services.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapKeySelector, Container, EnvFromSource, EnvVarSource, Secret, SecretKeySelector,
};

use super::{
    expand::expand,
    field::{self, Surroundings},
};
use crate::{kubelet::pod::Manifest, kubelet::sources::Sources};

/// Variables in the order in which they were first set; a later value replaces an earlier one.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    list: Vec<(String, String)>,
    places: BTreeMap<String, usize>,
}

impl Variables {
    fn set(&mut self, name: &str, value: String) {
        match self.places.get(name).and_then(|place| self.list.get_mut(*place)) {
            Some(entry) => entry.1 = value,
            None => {
                self.places.insert(name.to_owned(), self.list.len());
                self.list.push((name.to_owned(), value));
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let place = self.places.get(name)?;
        self.list.get(*place).map(|(_, value)| value.as_str())
    }

    pub(crate) fn into_list(self) -> Vec<(String, String)> {
        self.list
    }
}

/// Works out a container's environment.
///
/// # Errors
///
/// What is missing, in the kubelet's words; the container's start fails with `CreateContainerConfigError`.
pub(crate) fn variables(
    manifest: &Manifest,
    container: &Container,
    surroundings: &Surroundings,
    sources: &dyn Sources,
) -> Result<Variables, String> {
    let namespace = manifest.namespace();
    let links = manifest.spec().enable_service_links != Some(false);
    let services = super::services::variables(&sources.services(namespace, links));
    let mut variables = Variables::default();
    for source in container.env_from.iter().flatten() {
        for (name, value) in from_source(source, namespace, sources)? {
            variables.set(&name, value);
        }
    }
    for variable in container.env.iter().flatten() {
        let text = variable.value.as_deref().unwrap_or_default();
        let value = match &variable.value_from {
            Some(source) if text.is_empty() => {
                match from_field(manifest, container, surroundings, source, sources)? {
                    Some(value) => value,
                    None => continue,
                }
            }
            _ => expand(text, |name| {
                let service = || services.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
                variables.get(name).map(str::to_owned).or_else(service)
            }),
        };
        variables.set(&variable.name, value);
    }
    for (name, value) in services {
        if variables.get(&name).is_none() {
            variables.set(&name, value);
        }
    }
    Ok(variables)
}

fn from_source(
    source: &EnvFromSource,
    namespace: &str,
    sources: &dyn Sources,
) -> Result<Vec<(String, String)>, String> {
    let prefix = source.prefix.as_deref().unwrap_or_default();
    let named = |entries: Vec<(String, String)>| {
        let usable = |(key, _): &(String, String)| !key.is_empty() && !key.contains('=');
        entries.into_iter().filter(usable).map(|(key, value)| (format!("{prefix}{key}"), value)).collect()
    };
    if let Some(reference) = &source.config_map_ref {
        let map = config_map(sources, namespace, &reference.name, reference.optional == Some(true))?;
        let data = map.and_then(|map| map.data).unwrap_or_default();
        return Ok(named(data.into_iter().collect()));
    }
    if let Some(reference) = &source.secret_ref {
        let secret = secret(sources, namespace, &reference.name, reference.optional == Some(true))?;
        let data = secret.and_then(|secret| secret.data).unwrap_or_default();
        let text = |(key, value): (String, k8s_openapi::ByteString)| {
            (key, String::from_utf8_lossy(&value.0).into_owned())
        };
        return Ok(named(data.into_iter().map(text).collect()));
    }
    Ok(Vec::new())
}

/// The value of a source; `None` where it is optional and missing.
fn from_field(
    manifest: &Manifest,
    container: &Container,
    surroundings: &Surroundings,
    source: &EnvVarSource,
    sources: &dyn Sources,
) -> Result<Option<String>, String> {
    if let Some(selector) = &source.field_ref {
        return field::of_pod(manifest, surroundings, selector).map(Some);
    }
    if let Some(selector) = &source.resource_field_ref {
        let named = selector.container_name.as_deref().filter(|name| !name.is_empty());
        let container = named.and_then(|name| manifest.by_name(name)).map_or(container, |(_, other)| other);
        return field::of_resources(container, surroundings, selector).map(Some);
    }
    if let Some(selector) = &source.config_map_key_ref {
        return from_config_map(selector, manifest.namespace(), sources);
    }
    if let Some(selector) = &source.secret_key_ref {
        return from_secret(selector, manifest.namespace(), sources);
    }
    Ok(None)
}

fn from_config_map(
    selector: &ConfigMapKeySelector,
    namespace: &str,
    sources: &dyn Sources,
) -> Result<Option<String>, String> {
    let optional = selector.optional == Some(true);
    let Some(map) = config_map(sources, namespace, &selector.name, optional)? else { return Ok(None) };
    let key = &selector.key;
    match map.data.and_then(|mut data| data.remove(key)) {
        Some(value) => Ok(Some(value)),
        None if optional => Ok(None),
        None => Err(format!("couldn't find key {key} in ConfigMap {namespace}/{}", selector.name)),
    }
}

fn from_secret(
    selector: &SecretKeySelector,
    namespace: &str,
    sources: &dyn Sources,
) -> Result<Option<String>, String> {
    let optional = selector.optional == Some(true);
    let Some(secret) = secret(sources, namespace, &selector.name, optional)? else { return Ok(None) };
    let key = &selector.key;
    match secret.data.and_then(|mut data| data.remove(key)) {
        Some(value) => Ok(Some(String::from_utf8_lossy(&value.0).into_owned())),
        None if optional => Ok(None),
        None => Err(format!("couldn't find key {key} in Secret {namespace}/{}", selector.name)),
    }
}

fn config_map(
    sources: &dyn Sources,
    namespace: &str,
    name: &str,
    optional: bool,
) -> Result<Option<ConfigMap>, String> {
    match sources.config_map(namespace, name) {
        None if !optional => Err(format!("configmap \"{name}\" not found")),
        found => Ok(found),
    }
}

fn secret(
    sources: &dyn Sources,
    namespace: &str,
    name: &str,
    optional: bool,
) -> Result<Option<Secret>, String> {
    match sources.secret(namespace, name) {
        None if !optional => Err(format!("secret \"{name}\" not found")),
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kubelet::sources::testing::Fixed;

    fn env(container: Value) -> Result<String, String> {
        let pod = json!({"metadata": {"name": "p", "namespace": "ns", "labels": {"app": "demo"}},
                         "spec": {"containers": [container]}});
        let manifest = Manifest::new(serde_json::from_value(pod).unwrap());
        let sources = Fixed::new(
            json!({"metadata": {"name": "settings"}, "data": {"color": "red", "size": "5"}}),
            json!({"metadata": {"name": "keys"}, "data": {"password": "czNjcmV0"}}),
            json!({"metadata": {"name": "db"}, "spec": {"clusterIP": "10.96.0.9", "ports": [{"port": 5432}]}}),
        );
        let container = manifest.regular().first().unwrap().clone();
        let variables = variables(&manifest, &container, &Surroundings::default(), &sources)?;
        let own = variables.into_list().into_iter().filter(|(name, _)| !name.starts_with("DB_"));
        Ok(own.map(|(name, value)| format!("{name}={value} ")).collect())
    }

    #[test]
    fn references_see_what_was_set_before_and_services() {
        let text = env(json!({"name": "c", "env": [
            {"name": "LATE", "value": "$(NAME)"},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "BOTH", "value": "$(NAME) $(DB_SERVICE_HOST) $$(NAME)"},
        ]}));
        assert_eq!(text.unwrap(), "LATE=$(NAME) NAME=p BOTH=p 10.96.0.9 $(NAME) ");
    }

    #[test]
    fn config_maps_and_secrets_come_whole_or_by_key() {
        let text = env(json!({"name": "c",
            "envFrom": [{"prefix": "S_", "configMapRef": {"name": "settings"}},
                        {"secretRef": {"name": "none", "optional": true}}],
            "env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "password"}}},
                    {"name": "S_size", "value": "6"},
                    {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "k", "optional": true}}}],
        }));
        assert_eq!(text.unwrap(), "S_color=red S_size=6 P=s3cret ");
    }

    #[test]
    fn what_is_missing_is_named() {
        let from = |source: Value| {
            env(json!({"name": "c", "env": [{"name": "V", "valueFrom": source}]})).unwrap_err()
        };
        let error = from(json!({"configMapKeyRef": {"name": "no", "key": "k"}}));
        assert_eq!(error, "configmap \"no\" not found");
        let error = from(json!({"configMapKeyRef": {"name": "settings", "key": "k"}}));
        assert_eq!(error, "couldn't find key k in ConfigMap ns/settings");
        let error = from(json!({"secretKeyRef": {"name": "keys", "key": "k"}}));
        assert_eq!(error, "couldn't find key k in Secret ns/keys");
    }
}
