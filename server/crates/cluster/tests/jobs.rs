//! Jobs.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod support;

use k8s_openapi::api::{
    batch::v1::{Job, JobStatus},
    core::v1::Pod,
};
use podlab_cluster::{
    Client,
    client::{Patch, Selection},
};
use serde_json::{Value, json};
use support::{end, messages, object, run_without_nodes, seconds};

fn create(client: &Client, spec: Value) {
    let mut spec = spec;
    // What the API fills in.
    spec["selector"] = json!({"matchLabels": {"job": "work"}});
    spec["template"] = json!({"metadata": {"labels": {"job": "work"}}, "spec": {
        "restartPolicy": spec["restartPolicy"].as_str().unwrap_or("Never"),
        "containers": [{"name": "main", "image": "busybox"}]}});
    spec.as_object_mut().unwrap().remove("restartPolicy");
    spec["manualSelector"] = json!(true);
    client
        .namespaced::<Job>("default")
        .create(&object(json!({"metadata": {"name": "work"}, "spec": spec})))
        .unwrap();
}

fn status(client: &Client) -> JobStatus {
    client.namespaced::<Job>("default").get("work").unwrap().status.unwrap_or_default()
}

fn conditions(client: &Client) -> Vec<String> {
    let all = status(client).conditions.unwrap_or_default();
    let shown = all.into_iter().filter(|c| c.status == "True");
    shown.map(|c| format!("{} {}", c.type_, c.reason.unwrap_or_default())).collect()
}

fn pods(client: &Client) -> Vec<Pod> {
    client.namespaced::<Pod>("default").list(&Selection::default()).unwrap()
}

fn running(client: &Client) -> Vec<Pod> {
    let ended = |pod: &Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.clone());
        matches!(phase.as_deref(), Some("Succeeded" | "Failed")) || pod.metadata.deletion_timestamp.is_some()
    };
    pods(client).into_iter().filter(|pod| !ended(pod)).collect()
}

#[test]
fn a_job_is_complete_when_its_pod_succeeds() {
    run_without_nodes(async |client| {
        create(&client, json!({"completions": 1, "parallelism": 1, "backoffLimit": 6}));
        seconds(&client, 3).await;
        let now = status(&client);
        assert_eq!((now.active, now.ready, now.terminating), (Some(1), Some(1), Some(0)));
        let pod = running(&client).remove(0);
        assert_eq!(
            pod.metadata.finalizers.as_deref(),
            Some(&["batch.kubernetes.io/job-tracking".to_owned()][..])
        );
        end(&client, &pod, 0);
        seconds(&client, 1).await;
        let now = status(&client);
        assert_eq!((now.succeeded, now.active, now.failed), (Some(1), None, None));
        assert!(now.completion_time.is_some());
        assert_eq!(
            conditions(&client),
            ["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]
        );
        assert!(pods(&client)[0].metadata.finalizers.is_none());
        let messages = messages(&client, "Job", "work");
        assert!(messages[0].starts_with("Created pod: work-"));
        assert_eq!(messages[1], "Job completed");
    });
}

#[test]
fn failures_are_retried_after_ten_and_twenty_seconds_up_to_the_limit() {
    run_without_nodes(async |client| {
        create(&client, json!({"completions": 1, "parallelism": 1, "backoffLimit": 2}));
        seconds(&client, 3).await;
        for wait in [10, 20] {
            end(&client, &running(&client)[0], 1);
            seconds(&client, wait - 1).await;
            assert!(running(&client).is_empty(), "not before {wait} s");
            seconds(&client, 4).await;
            assert_eq!(running(&client).len(), 1);
        }
        end(&client, &running(&client)[0], 1);
        seconds(&client, 100).await;
        assert!(running(&client).is_empty());
        assert_eq!(status(&client).failed, Some(3));
        assert_eq!(
            conditions(&client),
            ["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]
        );
        assert_eq!(
            messages(&client, "Job", "work").last().unwrap(),
            "Job has reached the specified backoff limit"
        );
    });
}

#[test]
fn parallelism_bounds_the_pods_and_completions_the_successes() {
    run_without_nodes(async |client| {
        create(&client, json!({"completions": 5, "parallelism": 2, "backoffLimit": 6}));
        let mut rounds = 0;
        while conditions(&client).is_empty() {
            seconds(&client, 2).await;
            let now = running(&client);
            assert!(now.len() <= 2);
            for pod in now {
                end(&client, &pod, 0);
            }
            seconds(&client, 1).await;
            rounds += 1;
            assert!(rounds < 10);
        }
        assert_eq!((rounds, status(&client).succeeded), (3, Some(5)));
    });
}

#[test]
fn indexed_jobs_give_each_pod_its_index() {
    run_without_nodes(async |client| {
        create(
            &client,
            json!({"completions": 3, "parallelism": 3, "backoffLimit": 6, "completionMode": "Indexed"}),
        );
        seconds(&client, 3).await;
        let mut indexes: Vec<String> = running(&client)
            .iter()
            .map(|pod| {
                pod.metadata.annotations.as_ref().unwrap()["batch.kubernetes.io/job-completion-index"].clone()
            })
            .collect();
        indexes.sort();
        assert_eq!(indexes, ["0", "1", "2"]);
        let pod = running(&client).remove(0);
        let env = pod.spec.unwrap().containers[0].env.clone().unwrap();
        assert_eq!(env[0].name, "JOB_COMPLETION_INDEX");
        for pod in running(&client) {
            end(&client, &pod, 0);
        }
        seconds(&client, 1).await;
        assert_eq!(status(&client).completed_indexes.as_deref(), Some("0-2"));
        assert_eq!(conditions(&client).last().unwrap(), "Complete CompletionsReached");
    });
}

#[test]
fn an_index_that_failed_rests_before_its_next_pod_and_holds_no_other_up() {
    run_without_nodes(async |client| {
        create(
            &client,
            json!({"completions": 3, "parallelism": 2, "completionMode": "Indexed", "backoffLimit": 2147483647,
                "backoffLimitPerIndex": 2}),
        );
        let of = |index: &str| {
            let is = |pod: &Pod| {
                let annotations = pod.metadata.annotations.clone().unwrap_or_default();
                annotations["batch.kubernetes.io/job-completion-index"] == index
            };
            running(&client).into_iter().find(is)
        };
        seconds(&client, 3).await;
        end(&client, &of("0").unwrap(), 1);
        seconds(&client, 5).await;
        assert!(of("0").is_none() && of("1").is_some());
        // While it rests it is still the next one to be made.
        assert!(of("2").is_none());
        seconds(&client, 8).await;
        end(&client, &of("0").unwrap(), 1);
        end(&client, &of("1").unwrap(), 0);
        seconds(&client, 3).await;
        assert!(of("0").is_none() && of("2").is_some());
        seconds(&client, 10).await;
        assert!(of("0").is_none(), "after a second failure it rests for twice as long");
        seconds(&client, 12).await;
        end(&client, &of("0").unwrap(), 1);
        end(&client, &of("2").unwrap(), 0);
        seconds(&client, 3).await;
        assert_eq!(status(&client).failed_indexes.as_deref(), Some("0"));
        assert_eq!(conditions(&client).last().unwrap(), "Failed FailedIndexes");
    });
}

#[test]
fn a_failure_policy_may_fail_the_job_at_once_or_ignore_a_failure() {
    run_without_nodes(async |client| {
        create(
            &client,
            json!({"completions": 1, "parallelism": 1, "backoffLimit": 0, "podFailurePolicy": {"rules": [
                {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [7]}},
                {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}},
            ]}}),
        );
        seconds(&client, 3).await;
        end(&client, &running(&client)[0], 7);
        seconds(&client, 15).await;
        assert_eq!(status(&client).failed, None);
        let pod = running(&client).remove(0);
        end(&client, &pod, 42);
        seconds(&client, 1).await;
        assert_eq!(conditions(&client).last().unwrap(), "Failed PodFailurePolicy");
        let name = pod.metadata.name.unwrap();
        assert_eq!(
            messages(&client, "Job", "work").last().unwrap(),
            &format!(
                "Container main for pod default/{name} failed with exit code 42 matching FailJob rule at index 1"
            )
        );
    });
}

#[test]
fn a_deadline_ends_the_job_with_its_pods() {
    run_without_nodes(async |client| {
        create(
            &client,
            json!({"completions": 1, "parallelism": 1, "backoffLimit": 6, "activeDeadlineSeconds": 20}),
        );
        seconds(&client, 15).await;
        assert!(conditions(&client).is_empty());
        seconds(&client, 10).await;
        assert_eq!(conditions(&client), ["FailureTarget DeadlineExceeded", "Failed DeadlineExceeded"]);
        assert!(running(&client).is_empty());
    });
}

#[test]
fn a_suspended_job_has_no_pods_until_it_is_resumed() {
    run_without_nodes(async |client| {
        create(&client, json!({"completions": 1, "parallelism": 1, "backoffLimit": 6, "suspend": true}));
        seconds(&client, 3).await;
        assert!(running(&client).is_empty());
        assert_eq!(conditions(&client), ["Suspended JobSuspended"]);
        let resume = Patch::Merge(json!({"spec": {"suspend": false}}));
        client.namespaced::<Job>("default").patch("work", "", &resume).unwrap();
        seconds(&client, 3).await;
        assert_eq!(running(&client).len(), 1);
        let messages = messages(&client, "Job", "work");
        assert_eq!(
            (messages[0].as_str(), messages.last().unwrap().as_str()),
            ("Job suspended", "Job resumed")
        );
    });
}

#[test]
fn a_finished_job_goes_when_its_time_is_over_and_so_do_the_pods_of_a_deleted_one() {
    run_without_nodes(async |client| {
        create(
            &client,
            json!({"completions": 1, "parallelism": 1, "backoffLimit": 6, "ttlSecondsAfterFinished": 30}),
        );
        seconds(&client, 3).await;
        end(&client, &running(&client)[0], 0);
        seconds(&client, 25).await;
        assert!(client.namespaced::<Job>("default").get_opt("work").unwrap().is_some());
        seconds(&client, 10).await;
        assert!(client.namespaced::<Job>("default").get_opt("work").unwrap().is_none());
        assert!(pods(&client).is_empty());

        create(&client, json!({"completions": 1, "parallelism": 1, "backoffLimit": 6}));
        seconds(&client, 3).await;
        client.namespaced::<Job>("default").delete("work", &Default::default()).unwrap();
        seconds(&client, 5).await;
        assert!(pods(&client).is_empty());
    });
}

#[test]
fn a_success_policy_ends_a_job_before_all_its_indexes_are_done() {
    run_without_nodes(async |client| {
        create(
            &client,
            json!({"completions": 3, "parallelism": 3, "completionMode": "Indexed", "backoffLimit": 6,
                "successPolicy": {"rules": [{"succeededIndexes": "1-2", "succeededCount": 1}]}}),
        );
        seconds(&client, 3).await;
        let leader = |index: &str| {
            let of = |pod: &Pod| {
                pod.metadata.labels.as_ref()?.get("batch.kubernetes.io/job-completion-index").cloned()
            };
            running(&client).into_iter().find(|pod| of(pod).as_deref() == Some(index)).unwrap()
        };
        end(&client, &leader("0"), 0);
        seconds(&client, 3).await;
        assert!(conditions(&client).is_empty());
        end(&client, &leader("1"), 0);
        seconds(&client, 60).await;
        assert_eq!(conditions(&client), ["SuccessCriteriaMet SuccessPolicy", "Complete SuccessPolicy"]);
        let now = status(&client);
        assert_eq!((now.succeeded, now.active), (Some(2), None));
        assert!(running(&client).is_empty());
    });
}
