//! Deployments and what is below them.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod support;

use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    core::v1::Pod,
};
use podlab_cluster::{
    Client,
    client::{Patch, Selection},
};
use serde_json::{Value, json};
use support::{messages, object, run_without_nodes, seconds};

fn deployment(image: &str, replicas: i32, strategy: Value) -> Deployment {
    object(json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "strategy": strategy,
            "progressDeadlineSeconds": 600,
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}},
        },
    }))
}

fn get(client: &Client) -> Deployment {
    client.namespaced::<Deployment>("default").get("web").unwrap()
}

fn patch(client: &Client, patch: Value) {
    client.namespaced::<Deployment>("default").patch("web", "", &Patch::Strategic(patch)).unwrap();
}

fn set_image(client: &Client, image: &str) {
    patch(client, json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}));
}

fn active_pods(client: &Client) -> Vec<Pod> {
    let pods = client.namespaced::<Pod>("default").list(&Selection::default()).unwrap();
    pods.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect()
}

fn sets(client: &Client) -> Vec<(String, i32, String)> {
    let sets = client.namespaced::<ReplicaSet>("default").list(&Selection::default()).unwrap();
    let mut sets: Vec<_> = sets
        .into_iter()
        .map(|set| {
            let image = set.spec.template.unwrap().spec.unwrap().containers[0].image.clone().unwrap();
            let revision = set.metadata.annotations.unwrap()["deployment.kubernetes.io/revision"].clone();
            (image, set.spec.replicas.unwrap(), revision)
        })
        .collect();
    sets.sort();
    sets
}

fn condition(client: &Client, kind: &str) -> (String, String, String) {
    let status = get(client).status.unwrap();
    let condition =
        status.conditions.unwrap().into_iter().find(|c| c.type_.as_deref() == Some(kind)).unwrap();
    (condition.status.unwrap(), condition.reason.unwrap(), condition.message.unwrap())
}

/// The events without the generated parts of names.
fn scaling(client: &Client) -> Vec<String> {
    let names: Vec<String> = client
        .namespaced::<ReplicaSet>("default")
        .list(&Selection::default())
        .unwrap()
        .into_iter()
        .map(|set| set.metadata.name.unwrap())
        .collect();
    let images: Vec<String> = names
        .iter()
        .map(|name| {
            let set = client.namespaced::<ReplicaSet>("default").get(name).unwrap();
            set.spec.template.unwrap().spec.unwrap().containers[0].image.clone().unwrap()
        })
        .collect();
    let plain = |message: String| {
        names.iter().zip(&images).fold(message, |message, (name, image)| message.replace(name, image))
    };
    messages(client, "Deployment", "web").into_iter().map(plain).collect()
}

#[test]
fn a_new_deployment_makes_its_pods_and_says_so() {
    run_without_nodes(async |client| {
        client.namespaced::<Deployment>("default").create(&deployment("one", 2, json!({}))).unwrap();
        seconds(&client, 5).await;
        let deployment = get(&client);
        assert_eq!(deployment.metadata.annotations.unwrap()["deployment.kubernetes.io/revision"], "1");
        let status = deployment.status.unwrap();
        assert_eq!(
            (status.replicas, status.ready_replicas, status.available_replicas),
            (Some(2), Some(2), Some(2))
        );
        assert_eq!((status.updated_replicas, status.unavailable_replicas), (Some(2), None));
        assert_eq!(active_pods(&client).len(), 2);
        let name = active_pods(&client)[0].metadata.generate_name.clone().unwrap();
        let set = name.trim_end_matches('-');
        assert_eq!(
            condition(&client, "Progressing"),
            (
                "True".into(),
                "NewReplicaSetAvailable".into(),
                format!("ReplicaSet \"{set}\" has successfully progressed."),
            )
        );
        let available = condition(&client, "Available");
        assert_eq!((available.0.as_str(), available.1.as_str()), ("True", "MinimumReplicasAvailable"));
        assert_eq!(scaling(&client), ["Scaled up replica set one from 0 to 2"]);
        assert!(messages(&client, "ReplicaSet", set)[0].starts_with("Created pod: web-"));
    });
}

#[test]
fn a_rolling_update_goes_step_by_step_and_never_below_what_must_be_available() {
    run_without_nodes(async |client| {
        client.namespaced::<Deployment>("default").create(&deployment("one", 3, json!({}))).unwrap();
        seconds(&client, 5).await;
        set_image(&client, "two");
        for _ in 0..40 {
            seconds(&client, 1).await;
            assert!(get(&client).status.unwrap().available_replicas.unwrap() >= 3);
        }
        assert_eq!(sets(&client), [("one".into(), 0, "1".into()), ("two".into(), 3, "2".into())]);
        assert_eq!(
            scaling(&client)[1..],
            [
                "Scaled up replica set two from 0 to 1",
                "Scaled down replica set one from 3 to 2",
                "Scaled up replica set two from 1 to 2",
                "Scaled down replica set one from 2 to 1",
                "Scaled up replica set two from 2 to 3",
                "Scaled down replica set one from 1 to 0",
            ]
        );
        // Going back takes up the old ReplicaSet again, under a new revision.
        set_image(&client, "one");
        seconds(&client, 40).await;
        assert_eq!(sets(&client), [("one".into(), 3, "3".into()), ("two".into(), 0, "2".into())]);
    });
}

#[test]
fn recreate_ends_all_old_pods_before_it_makes_new_ones() {
    run_without_nodes(async |client| {
        let recreate = json!({"type": "Recreate"});
        client.namespaced::<Deployment>("default").create(&deployment("one", 2, recreate)).unwrap();
        seconds(&client, 5).await;
        set_image(&client, "two");
        seconds(&client, 10).await;
        assert_eq!(
            scaling(&client)[1..],
            ["Scaled down replica set one from 2 to 0", "Scaled up replica set two from 0 to 2"]
        );
        assert_eq!(get(&client).status.unwrap().available_replicas, Some(2));
    });
}

#[test]
fn scaling_and_self_healing_keep_the_number() {
    run_without_nodes(async |client| {
        client.namespaced::<Deployment>("default").create(&deployment("one", 2, json!({}))).unwrap();
        seconds(&client, 5).await;
        patch(&client, json!({"spec": {"replicas": 4}}));
        seconds(&client, 5).await;
        assert_eq!(active_pods(&client).len(), 4);
        let victim = active_pods(&client)[0].metadata.name.clone().unwrap();
        client.namespaced::<Pod>("default").delete(&victim, &Default::default()).unwrap();
        seconds(&client, 5).await;
        assert_eq!(active_pods(&client).len(), 4);
        patch(&client, json!({"spec": {"replicas": 0}}));
        seconds(&client, 5).await;
        assert_eq!(active_pods(&client).len(), 0);
        assert_eq!(get(&client).status.unwrap().replicas, None);
    });
}

#[test]
fn an_update_that_does_not_get_on_exceeds_its_deadline() {
    run_without_nodes(async |client| {
        let mut stuck = deployment("one", 1, json!({}));
        stuck.spec.progress_deadline_seconds = Some(30);
        // Nobody selects a Pod that is never ready.
        stuck.spec.min_ready_seconds = Some(25);
        client.namespaced::<Deployment>("default").create(&stuck).unwrap();
        seconds(&client, 20).await;
        assert_eq!(condition(&client, "Available").1, "MinimumReplicasUnavailable");
        assert_eq!(condition(&client, "Progressing").1, "ReplicaSetUpdated");
        seconds(&client, 20).await;
        assert_eq!(condition(&client, "Progressing").1, "NewReplicaSetAvailable");
        patch(
            &client,
            json!({"spec": {"minReadySeconds": 25, "template": {"metadata": {"labels": {"app": "web", "v": "2"}}}}}),
        );
        client.spawn({
            let client = client.clone();
            async move {
                // Its Pods lose their readiness again and again.
                for _ in 0..100 {
                    client.sleep(std::time::Duration::from_secs(10)).await;
                    for pod in active_pods(&client) {
                        if pod.metadata.labels.as_ref().unwrap().contains_key("v") {
                            let mut pod = pod;
                            pod.status.as_mut().unwrap().conditions = None;
                            let _ = client.namespaced::<Pod>("default").update_status(&pod);
                        }
                    }
                }
            }
        });
        seconds(&client, 120).await;
        let progressing = condition(&client, "Progressing");
        assert_eq!((progressing.0.as_str(), progressing.1.as_str()), ("False", "ProgressDeadlineExceeded"));
        assert!(progressing.2.ends_with("has timed out progressing."));
    });
}

#[test]
fn what_a_deployment_owned_goes_with_it() {
    run_without_nodes(async |client| {
        client.namespaced::<Deployment>("default").create(&deployment("one", 2, json!({}))).unwrap();
        seconds(&client, 5).await;
        client.namespaced::<Deployment>("default").delete("web", &Default::default()).unwrap();
        seconds(&client, 5).await;
        assert!(sets(&client).is_empty());
        assert!(client.namespaced::<Pod>("default").list(&Selection::default()).unwrap().is_empty());
    });
}
