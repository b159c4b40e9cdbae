//! Which fields an object has, from Kubernetes' own schemas: for the nearest right spelling of one that it has not.

use k8s_openapi::api::{apps, autoscaling, batch, core, discovery, networking, policy, rbac};
use schemars::SchemaGenerator;
use serde_json::Value;

use crate::submission::Segment;

/// The names of the fields at `path` of an object of this kind; none where the schema does not say.
pub(super) fn at(kind: &str, path: &[Segment]) -> Vec<String> {
    let Some(root) = schema(kind) else {
        return Vec::new();
    };
    let mut here = &root;
    for segment in path {
        let Some(next) = step(resolve(here, &root), segment) else {
            return Vec::new();
        };
        here = next;
    }
    let properties = resolve(here, &root).get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

fn step<'a>(schema: &'a Value, segment: &Segment) -> Option<&'a Value> {
    match segment {
        Segment::Field(name) | Segment::Key(name) => {
            schema.get("properties").and_then(|p| p.get(name)).or_else(|| schema.get("additionalProperties"))
        }
        Segment::Index(_) | Segment::Item(_) => schema.get("items"),
    }
}

/// The schema that a reference stands for.
fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let name = reference.and_then(|reference| reference.strip_prefix("#/$defs/"));
    name.and_then(|name| root.get("$defs")?.get(name)).unwrap_or(schema)
}

/// The schema of a kind that podlab knows.
fn schema(kind: &str) -> Option<Value> {
    macro_rules! of {
        ($($name:literal => $type:ty),* $(,)?) => {
            match kind {
                $($name => SchemaGenerator::default().into_root_schema_for::<$type>(),)*
                _ => return None,
            }
        };
    }
    let schema = of! {
        "Pod" => core::v1::Pod,
        "Service" => core::v1::Service,
        "ConfigMap" => core::v1::ConfigMap,
        "Secret" => core::v1::Secret,
        "ServiceAccount" => core::v1::ServiceAccount,
        "PersistentVolumeClaim" => core::v1::PersistentVolumeClaim,
        "ReplicationController" => core::v1::ReplicationController,
        "ResourceQuota" => core::v1::ResourceQuota,
        "LimitRange" => core::v1::LimitRange,
        "Deployment" => apps::v1::Deployment,
        "ReplicaSet" => apps::v1::ReplicaSet,
        "StatefulSet" => apps::v1::StatefulSet,
        "DaemonSet" => apps::v1::DaemonSet,
        "Job" => batch::v1::Job,
        "CronJob" => batch::v1::CronJob,
        "EndpointSlice" => discovery::v1::EndpointSlice,
        "Ingress" => networking::v1::Ingress,
        "NetworkPolicy" => networking::v1::NetworkPolicy,
        "Role" => rbac::v1::Role,
        "RoleBinding" => rbac::v1::RoleBinding,
        "PodDisruptionBudget" => policy::v1::PodDisruptionBudget,
        "HorizontalPodAutoscaler" => autoscaling::v2::HorizontalPodAutoscaler,
    };
    Some(schema.to_value())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::submission::Path;

    fn fields(kind: &str, path: &str) -> Vec<String> {
        at(kind, &Path::read(path).unwrap().0.0)
    }

    #[test]
    fn fields_are_found_at_any_depth() {
        assert!(at("Pod", &[]).contains(&"spec".to_owned()));
        assert!(fields("Pod", "spec").contains(&"containers".to_owned()));
        assert!(fields("Pod", "spec.containers[0]").contains(&"volumeMounts".to_owned()));
        assert!(
            fields("Pod", "spec.containers[name=\"a\"].livenessProbe.httpGet").contains(&"port".to_owned())
        );
        assert!(fields("Deployment", "spec.template.spec.volumes[0]").contains(&"emptyDir".to_owned()));
        assert!(fields("Service", "metadata").contains(&"labels".to_owned()));
    }

    #[test]
    fn where_there_are_no_fields_none_are_named() {
        assert!(fields("Pod", "spec.restartPolicy").is_empty());
        assert!(fields("Pod", "spec.nothing.here").is_empty());
        assert!(fields("Widget", "spec").is_empty());
    }
}
