//! StatefulSets, DaemonSets, CronJobs, claims and budgets, with Pods that someone plays.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod support;

use k8s_openapi::{
    api::{
        apps::v1::{ControllerRevision, DaemonSet, StatefulSet},
        batch::v1::{CronJob, Job},
        core::v1::{Endpoints, Node, PersistentVolume, PersistentVolumeClaim, Pod, Service},
        discovery::v1::EndpointSlice,
        policy::v1::PodDisruptionBudget,
        storage::v1::StorageClass,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use podlab_cluster::{
    Client,
    client::{Kind, Patch, Selection},
};
use serde_json::{Value, json};
use support::{end, messages, object, run_without_nodes, seconds};

fn create<K: Kind>(client: &Client, value: Value) -> K {
    client.namespaced::<K>("default").create(&object(value)).unwrap()
}

fn patch<K: Kind>(client: &Client, name: &str, change: Value) {
    client.namespaced::<K>("default").patch(name, "", &Patch::Merge(change)).unwrap();
}

fn all<K: Kind>(client: &Client) -> Vec<K> {
    client.namespaced::<K>("default").list(&Selection::default()).unwrap()
}

fn names<K: Kind>(client: &Client) -> Vec<String> {
    all::<K>(client).iter().map(|object| name(object.metadata())).collect()
}

fn name(metadata: &ObjectMeta) -> String {
    metadata.name.clone().unwrap()
}

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}})
}

fn stateful_set(client: &Client, extra: Value) {
    let mut spec = json!({"serviceName": "web", "replicas": 3, "template": template("nginx:1.19"),
        "selector": {"matchLabels": {"app": "web"}}});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    create::<StatefulSet>(client, json!({"metadata": {"name": "web"}, "spec": spec}));
}

#[test]
fn the_pods_of_a_stateful_set_come_and_go_in_order() {
    run_without_nodes(async |client| {
        stateful_set(
            &client,
            json!({"volumeClaimTemplates": [{"metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}),
        );
        seconds(&client, 1).await;
        assert_eq!(names::<Pod>(&client), ["web-0"], "one after the other");
        seconds(&client, 5).await;
        assert_eq!(names::<Pod>(&client), ["web-0", "web-1", "web-2"]);
        let pod = client.namespaced::<Pod>("default").get("web-1").unwrap();
        let labels = pod.metadata.labels.unwrap();
        assert_eq!(labels["statefulset.kubernetes.io/pod-name"], "web-1");
        assert_eq!(labels["apps.kubernetes.io/pod-index"], "1");
        let spec = pod.spec.unwrap();
        assert_eq!((spec.hostname.as_deref(), spec.subdomain.as_deref()), (Some("web-1"), Some("web")));
        let claim = spec.volumes.unwrap().into_iter().find(|volume| volume.name == "data").unwrap();
        assert_eq!(claim.persistent_volume_claim.unwrap().claim_name, "data-web-1");
        assert_eq!(names::<PersistentVolumeClaim>(&client), ["data-web-0", "data-web-1", "data-web-2"]);
        let status = client.namespaced::<StatefulSet>("default").get("web").unwrap().status.unwrap();
        assert_eq!((status.replicas, status.ready_replicas, status.updated_replicas), (3, Some(3), Some(3)));
        assert_eq!(
            messages(&client, "StatefulSet", "web")[..2],
            [
                "Create Claim data-web-0 Pod web-0 in StatefulSet web success",
                "Create Pod web-0 in StatefulSet web successful",
            ]
        );
        patch::<StatefulSet>(&client, "web", json!({"spec": {"replicas": 1}}));
        seconds(&client, 8).await;
        assert_eq!(names::<Pod>(&client), ["web-0"]);
        assert_eq!(names::<PersistentVolumeClaim>(&client).len(), 3, "what was stored stays");
    });
}

#[test]
fn a_new_template_replaces_the_pods_of_a_stateful_set_from_the_last_one_down_to_the_partition() {
    run_without_nodes(async |client| {
        stateful_set(
            &client,
            json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}),
        );
        seconds(&client, 6).await;
        patch::<StatefulSet>(&client, "web", json!({"spec": {"template": template("nginx:1.25")}}));
        seconds(&client, 15).await;
        let image = |pod: &Pod| pod.spec.as_ref().unwrap().containers[0].image.clone().unwrap();
        let images: Vec<String> = all::<Pod>(&client).iter().map(image).collect();
        assert_eq!(images, ["nginx:1.19", "nginx:1.25", "nginx:1.25"]);
        let revisions = all::<ControllerRevision>(&client);
        assert_eq!(revisions.iter().filter_map(|revision| revision.revision).max(), Some(2));
        // Back to the first template: an old revision is the newest again.
        patch::<StatefulSet>(&client, "web", json!({"spec": {"template": template("nginx:1.19")}}));
        seconds(&client, 15).await;
        let revisions = all::<ControllerRevision>(&client);
        assert_eq!(revisions.len(), 2);
        assert_eq!(revisions.iter().filter_map(|revision| revision.revision).max(), Some(3));
    });
}

#[test]
fn a_partition_behind_the_last_pod_keeps_all_of_a_stateful_set_as_they_are() {
    run_without_nodes(async |client| {
        let rolling =
            |partition: i32| json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}});
        stateful_set(&client, json!({"updateStrategy": rolling(i32::MAX), "ordinals": {"start": 5}}));
        seconds(&client, 6).await;
        patch::<StatefulSet>(&client, "web", json!({"spec": {"template": template("nginx:1.25")}}));
        seconds(&client, 6).await;
        let image = |pod: &Pod| pod.spec.as_ref().unwrap().containers[0].image.clone().unwrap();
        let images = || all::<Pod>(&client).iter().map(image).collect::<Vec<_>>();
        assert_eq!(images(), ["nginx:1.19"; 3]);
        patch::<StatefulSet>(&client, "web", json!({"spec": {"updateStrategy": rolling(2)}}));
        seconds(&client, 6).await;
        assert_eq!(images(), ["nginx:1.19", "nginx:1.19", "nginx:1.25"]);
    });
}

#[test]
fn a_daemon_set_has_a_pod_on_every_node_that_takes_it() {
    run_without_nodes(async |client| {
        for (node, disk) in [("one", "ssd"), ("two", "hdd")] {
            let node = json!({"metadata": {"name": node, "labels": {"disk": disk}}});
            client.all::<Node>().create(&object(node)).unwrap();
        }
        create::<DaemonSet>(
            &client,
            json!({"metadata": {"name": "agent"}, "spec": {
            "selector": {"matchLabels": {"app": "web"}}, "template": template("busybox")}}),
        );
        seconds(&client, 3).await;
        assert_eq!(all::<Pod>(&client).len(), 2);
        let set = client.namespaced::<DaemonSet>("default").get("agent").unwrap().status.unwrap();
        assert_eq!((set.desired_number_scheduled, set.number_ready, set.number_available), (2, 2, Some(2)));
        let tainted = json!({"spec": {"taints": [{"key": "only", "value": "me", "effect": "NoSchedule"}]}});
        client.all::<Node>().patch("two", "", &Patch::Merge(tainted)).unwrap();
        seconds(&client, 3).await;
        let homes: Vec<_> = all::<Pod>(&client).into_iter().filter_map(|pod| pod.spec?.node_name).collect();
        assert_eq!(all::<Pod>(&client).len(), 1, "{homes:?}");
        patch::<DaemonSet>(&client, "agent", json!({"spec": {"template": template("nginx")}}));
        seconds(&client, 6).await;
        let pods = all::<Pod>(&client);
        assert_eq!(pods[0].spec.as_ref().unwrap().containers[0].image.as_deref(), Some("nginx"));
    });
}

#[test]
fn a_cron_job_starts_jobs_on_time_and_forgets_old_ones() {
    run_without_nodes(async |client| {
        create::<CronJob>(
            &client,
            json!({"metadata": {"name": "tick"}, "spec": {
            "schedule": "*/2 * * * *", "successfulJobsHistoryLimit": 1, "jobTemplate": {"spec": {"template": {
                "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}}}}}),
        );
        // The clock of the test begins at a full hour.
        seconds(&client, 110).await;
        assert!(names::<Job>(&client).is_empty());
        let mut seen = Vec::new();
        for _ in 0..3 {
            seconds(&client, 15).await;
            for pod in all::<Pod>(&client) {
                if pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running") {
                    end(&client, &pod, 0);
                }
            }
            seconds(&client, 5).await;
            seen = names::<Job>(&client);
            assert_eq!(seen.len(), 1, "{seen:?}");
            seconds(&client, 100).await;
        }
        let minutes = "2026-11-21T00:06:00Z".parse::<jiff::Timestamp>().unwrap().as_second() / 60;
        assert_eq!(seen, [format!("tick-{minutes}")]);
        let status = client.namespaced::<CronJob>("default").get("tick").unwrap().status.unwrap();
        assert!(status.last_schedule_time.is_some() && status.last_successful_time.is_some());
        let said = messages(&client, "CronJob", "tick");
        assert!(said.iter().any(|message| message.starts_with("Saw completed job: tick-")), "{said:?}");
        assert!(said.iter().any(|message| message.starts_with("Deleted job tick-")), "{said:?}");
    });
}

fn claim(client: &Client, name: &str, extra: Value) {
    let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    create::<PersistentVolumeClaim>(client, json!({"metadata": {"name": name}, "spec": spec}));
}

fn phase(client: &Client, name: &str) -> (String, String) {
    let claim = client.namespaced::<PersistentVolumeClaim>("default").get(name).unwrap();
    let volume = claim.spec.unwrap().volume_name.unwrap_or_default();
    (claim.status.unwrap_or_default().phase.unwrap_or_default(), volume)
}

#[test]
fn a_claim_gets_the_smallest_volume_that_is_large_enough() {
    run_without_nodes(async |client| {
        for (name, size) in [("small", "500Mi"), ("large", "10Gi"), ("right", "2Gi")] {
            let volume = json!({"metadata": {"name": name}, "spec": {"storageClassName": "manual",
                "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/mnt"},
                "persistentVolumeReclaimPolicy": "Retain"}});
            client.all::<PersistentVolume>().create(&object(volume)).unwrap();
        }
        claim(&client, "mine", json!({"storageClassName": "manual"}));
        seconds(&client, 1).await;
        assert_eq!(phase(&client, "mine"), ("Bound".into(), "right".into()));
        claim(&client, "nothing", json!({"storageClassName": "none-such"}));
        seconds(&client, 1).await;
        assert_eq!(phase(&client, "nothing"), ("Pending".into(), String::new()));
        assert_eq!(
            messages(&client, "PersistentVolumeClaim", "nothing"),
            ["storageclass.storage.k8s.io \"none-such\" not found"]
        );
        client.namespaced::<PersistentVolumeClaim>("default").delete("mine", &Default::default()).unwrap();
        seconds(&client, 1).await;
        let left = client.all::<PersistentVolume>().get("right").unwrap();
        assert_eq!(left.status.unwrap().phase.as_deref(), Some("Released"));
    });
}

#[test]
fn a_budget_counts_what_may_go() {
    run_without_nodes(async |client| {
        stateful_set(&client, json!({}));
        create::<PodDisruptionBudget>(
            &client,
            json!({"metadata": {"name": "b"},
            "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}}),
        );
        seconds(&client, 1).await;
        let status = || {
            let budget = client.namespaced::<PodDisruptionBudget>("default").get("b").unwrap();
            let status = budget.status.unwrap();
            (
                status.current_healthy.unwrap(),
                status.disruptions_allowed.unwrap(),
                status.conditions.unwrap()[0].reason.clone(),
            )
        };
        assert_eq!(status().1, 0);
        seconds(&client, 6).await;
        assert_eq!(status(), (3, 1, "SufficientPods".to_owned()));
        client.namespaced::<Pod>("default").delete("web-2", &Default::default()).unwrap();
        seconds(&client, 0).await;
    });
}

#[test]
fn a_pod_of_a_node_that_is_not_there_is_collected() {
    run_without_nodes(async |client| {
        let pod = json!({"metadata": {"name": "lost"}, "spec": {"nodeName": "gone", "containers": [{"name": "c", "image": "x"}]}});
        create::<Pod>(&client, pod);
        seconds(&client, 30).await;
        assert_eq!(names::<Pod>(&client), ["lost"]);
        seconds(&client, 40).await;
        assert_eq!(names::<Pod>(&client), [""; 0]);
    });
}

#[test]
fn endpoints_kept_by_hand_are_mirrored() {
    run_without_nodes(async |client| {
        create::<Service>(&client, json!({"metadata": {"name": "db"}, "spec": {"ports": [{"port": 5432}]}}));
        create::<Endpoints>(
            &client,
            json!({"metadata": {"name": "db", "labels": {"a": "b"}}, "subsets": [{
                "addresses": [{"ip": "192.0.2.1"}], "notReadyAddresses": [{"ip": "192.0.2.2"}], "ports": [{"port": 5432}]}]}),
        );
        seconds(&client, 1).await;
        let slices = || -> Vec<EndpointSlice> {
            all(&client)
                .into_iter()
                .filter(|slice: &EndpointSlice| slice.metadata.name.as_deref() != Some("kubernetes"))
                .collect()
        };
        let [slice] = <[EndpointSlice; 1]>::try_from(slices()).unwrap();
        let labels = slice.metadata.labels.unwrap();
        assert_eq!(labels["kubernetes.io/service-name"], "db");
        assert_eq!(
            labels["endpointslice.kubernetes.io/managed-by"],
            "endpointslicemirroring-controller.k8s.io"
        );
        assert_eq!(labels["a"], "b");
        assert_eq!(slice.metadata.owner_references.unwrap()[0].kind, "Endpoints");
        let seen: Vec<_> = slice
            .endpoints
            .iter()
            .flatten()
            .map(|e| (e.addresses[0].clone(), e.conditions.as_ref().and_then(|c| c.ready)))
            .collect();
        assert_eq!(seen, [("192.0.2.1".to_owned(), Some(true)), ("192.0.2.2".to_owned(), Some(false))]);
        client.namespaced::<Endpoints>("default").delete("db", &Default::default()).unwrap();
        seconds(&client, 1).await;
        assert!(slices().is_empty());
    });
}

#[test]
fn a_claim_grows_where_its_class_lets_it() {
    run_without_nodes(async |client| {
        client.all::<Node>().create(&object(json!({"metadata": {"name": "n"}}))).unwrap();
        let class = |name: &str, grows: bool| json!({"metadata": {"name": name}, "provisioner": "example.com/any", "allowVolumeExpansion": grows});
        for (name, grows) in [("fixed", false), ("growing", true)] {
            client.all::<StorageClass>().create(&object(class(name, grows))).unwrap();
            create::<PersistentVolumeClaim>(
                &client,
                json!({"metadata": {"name": name}, "spec": {"storageClassName": name, "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}}}}),
            );
        }
        seconds(&client, 2).await;
        let grow = |name: &str| {
            let change = Patch::Merge(json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}}));
            client.namespaced::<PersistentVolumeClaim>("default").patch(name, "", &change)
        };
        assert_eq!(
            grow("fixed").unwrap_err().message,
            "persistentvolumeclaims \"fixed\" is forbidden: only dynamically provisioned pvc can be resized and the \
             storageclass that provisions the pvc must support resize"
        );
        grow("growing").unwrap();
        seconds(&client, 2).await;
        let claim = client.namespaced::<PersistentVolumeClaim>("default").get("growing").unwrap();
        assert_eq!(claim.status.unwrap().capacity.unwrap()["storage"].0, "2Gi");
    });
}
