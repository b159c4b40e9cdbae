//! podlab's own functions for Pods: `containers(pod)` and `repository(image)`.

use std::sync::Arc;

use cel::{
    DeclarationError, Env, ExecutionError, Value,
    common::{
        types::{CelString, DYN_TYPE},
        value::CowVal,
    },
    objects::{Key, Map},
};

use super::{owned, result};

pub(crate) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload("containers", "containers(dyn)", vec![DYN_TYPE], containers)?;
    cel::add_overload!(env, fn repository: (CelString) -> CelString)
}

/// The containers that run beside each other for the Pod's whole life: `spec.containers`, and of
/// `spec.initContainers` those with `restartPolicy: Always`, the native sidecars. Takes a Pod or, like the one inside
/// a Deployment, a template of one.
/// <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
fn containers<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let pod = args.first().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let pod = owned(pod.as_ref())?;
    let spec = field(&pod, "spec").ok_or_else(|| ExecutionError::no_such_key("spec"))?;
    let sidecar = |container: &Value| matches!(field(container, "restartPolicy"), Some(Value::String(policy)) if policy.as_str() == "Always");
    let list = |name| match field(spec, name) {
        Some(Value::List(items)) => items.to_vec(),
        _ => Vec::new(),
    };
    let mut running = list("containers");
    running.extend(list("initContainers").into_iter().filter(sidecar));
    result(Value::List(Arc::new(running)))
}

fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Map(Map { map }) => map.get(&Key::String(Arc::new(name.to_owned()))),
        _ => None,
    }
}

/// The repository of an image reference in its short form: `nginx` for `nginx`, `nginx:1.27`,
/// `docker.io/library/nginx@sha256:…`; `ghcr.io/a/b` for `ghcr.io/a/b:v1`.
fn repository(image: &CelString<'_>) -> CelString<'static> {
    let image = image.inner();
    let without_digest = image.split_once('@').map_or(image, |(name, _)| name);
    // A colon after the last slash begins a tag; one before it, a registry's port.
    let name = match without_digest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => without_digest,
    };
    let name = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"]
        .iter()
        .find_map(|registry| name.strip_prefix(registry))
        .unwrap_or(name);
    CelString::from(name.strip_prefix("library/").unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use crate::cel::{Expression, Variables};
    use serde_json::json;

    #[test]
    fn an_image_is_known_by_its_repository() {
        for (image, expected) in [
            ("nginx", "nginx"),
            ("nginx:1.27-alpine", "nginx"),
            ("docker.io/library/nginx:1", "nginx"),
            ("docker.io/nginx@sha256:00", "nginx"),
            ("library/debian", "debian"),
            ("training/webapp:latest", "training/webapp"),
            ("localhost:5000/nginx", "localhost:5000/nginx"),
            ("localhost:5000/nginx:1", "localhost:5000/nginx"),
        ] {
            let source = format!("repository('{image}') == '{expected}'");
            assert_eq!(
                Expression::compile(&source, &[]).unwrap().holds(&Variables::new()),
                Ok(true),
                "{source}"
            );
        }
    }

    #[test]
    fn native_sidecars_count_as_containers_and_init_containers_do_not() {
        let pod = json!({"spec": {
            "containers": [{"name": "a"}],
            "initContainers": [{"name": "b", "restartPolicy": "Always"}, {"name": "c"}]
        }});
        let names = Expression::compile("containers(object).map(c, c.name)", &["object"]).unwrap();
        assert_eq!(names.json(&Variables::from([("object", pod)])), Ok(json!(["a", "b"])));
        assert!(names.json(&Variables::from([("object", json!({}))])).is_err());
    }
}
