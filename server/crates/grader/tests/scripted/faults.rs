//! What becomes of a grading when the cluster refuses, breaks or hangs, and that the sandbox always goes.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use crate::api::{Api, MANIFEST, Reply, content, exercise, pod, ready};
use podlab_exercises::{Outcome, Progress, Verdict};
use podlab_grader::{GraderError, grade};
use serde_json::json;

async fn graded(api: &Api, manifest: &str) -> Result<Verdict, GraderError> {
    let content = content();
    grade(exercise(&content), manifest.as_bytes(), &content, &api.cluster(), &|_| {}).await
}

fn outcomes(verdict: &Verdict) -> Vec<Outcome> {
    verdict.checks.iter().map(|check| check.outcome).collect()
}

#[tokio::test(start_paused = true)]
async fn a_right_answer_passes_and_every_step_is_told() {
    let api = Api::new(vec![pod(json!({})), ready()], |_, _| None);
    let content = content();
    let told = Mutex::new(Vec::new());
    let tell = |progress| {
        told.lock().unwrap().push(match progress {
            Progress::Phase { message, .. } => message,
            Progress::Check { result, .. } => result.id,
            Progress::Done { .. } => "done".to_owned(),
        });
    };
    let verdict =
        grade(exercise(&content), MANIFEST.as_bytes(), &content, &api.cluster(), &tell).await.unwrap();
    assert!(verdict.passed && verdict.problems.is_empty(), "{verdict:?}");
    assert_eq!((verdict.points, verdict.max_points), (3, 3));
    assert!(
        verdict.cluster_ms >= 4000,
        "two seconds until it is ready, two that it stays so: {}",
        verdict.cluster_ms
    );
    let told = told.into_inner().unwrap();
    assert_eq!(
        told,
        [
            "Making a sandbox",
            "Applying 1 object",
            "Waiting for Pod web to be ready",
            "Looking at 2 requirements",
            "image",
            "ready",
            "done"
        ]
    );
    assert!(
        api.was_asked("PATCH", "fieldManager=podlab") && api.was_asked("PATCH", "fieldValidation=Strict")
    );
    assert!(api.was_asked("DELETE", "/api/v1/namespaces/podlab-test"));
}

#[tokio::test(start_paused = true)]
async fn what_the_api_refuses_is_a_problem_and_not_an_error() {
    let api = Api::new(Vec::new(), |method, _| {
        (method == "PATCH").then_some(Reply::Failure(403, "pods \"web\" is forbidden: no"))
    });
    let verdict = graded(&api, MANIFEST).await.unwrap();
    assert!(!verdict.passed);
    assert_eq!(verdict.problems[0].line, Some(3));
    assert_eq!(outcomes(&verdict), [Outcome::Skipped, Outcome::Skipped]);
    assert!(api.was_asked("DELETE", "/namespaces/"));
}

#[tokio::test(start_paused = true)]
async fn the_rest_is_applied_and_judged_when_one_object_is_refused() {
    let api = Api::new(vec![ready()], |method, path| {
        (method == "PATCH" && path.contains("/services/")).then_some(Reply::Failure(403, "no"))
    });
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n";
    let verdict = graded(&api, &format!("{MANIFEST}{service}")).await.unwrap();
    assert_eq!(outcomes(&verdict), [Outcome::Pass, Outcome::Pass]);
    assert!(!verdict.passed && verdict.points == 3 && verdict.problems[0].line == Some(8), "{verdict:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bad_submission_asks_the_cluster_nothing() {
    let api = Api::new(Vec::new(), |_, _| None);
    let verdict = graded(&api, "kind: [").await.unwrap();
    assert_eq!((verdict.problems.len(), verdict.passed), (1, false));
    assert_eq!(api.times_asked("", ""), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_makes_no_sandbox_is_an_error() {
    let api =
        Api::new(Vec::new(), |method, _| (method == "POST").then_some(Reply::Failure(403, "namespaces: no")));
    let error = graded(&api, MANIFEST).await.unwrap_err().to_string();
    assert_eq!(error, "while creating a sandbox: namespaces: no");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_hangs_is_an_error_in_the_end() {
    let api = Api::new(Vec::new(), |_, path| path.contains("/serviceaccounts").then_some(Reply::Never));
    let error = graded(&api, MANIFEST).await.unwrap_err();
    assert!(matches!(error, GraderError::Late { seconds: 30, .. }), "{error}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(api.was_asked("DELETE", "/namespaces/podlab-test"), "the sandbox goes nevertheless");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_breaks_in_the_middle_is_an_error_and_the_sandbox_goes() {
    let api =
        Api::new(Vec::new(), |method, _| (method == "PATCH").then_some(Reply::Failure(500, "etcd is gone")));
    let error = graded(&api, MANIFEST).await.unwrap_err().to_string();
    assert_eq!(error, "while applying the manifest: etcd is gone");
    assert!(api.was_asked("DELETE", "/namespaces/podlab-test"));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_busy_is_asked_again() {
    let times = AtomicU32::new(0);
    let api = Api::new(vec![ready()], move |method, _| {
        (method == "PATCH" && times.fetch_add(1, Ordering::Relaxed) < 2)
            .then_some(Reply::Failure(503, "starting"))
    });
    assert!(graded(&api, MANIFEST).await.unwrap().passed);
    assert_eq!(api.times_asked("PATCH", "/pods/web"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_grading_leaves_no_sandbox() {
    let api = Api::new(Vec::new(), |_, _| None);
    let content = content();
    let cluster = api.cluster();
    let grading = grade(exercise(&content), MANIFEST.as_bytes(), &content, &cluster, &|_| {});
    assert!(tokio::time::timeout(Duration::from_secs(5), grading).await.is_err(), "it waits for a Pod");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(api.was_asked("DELETE", "/namespaces/podlab-test"));
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_never_comes_is_waited_for_no_longer_than_it_may_take() {
    let pulling =
        json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"ngnix\""}});
    let status = json!({"phase": "Pending", "containerStatuses": [
        {"name": "a", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": pulling}
    ]});
    let api = Api::new(vec![pod(status)], |_, _| None);
    let verdict = graded(&api, MANIFEST).await.unwrap();
    assert_eq!(outcomes(&verdict), [Outcome::Pass, Outcome::Fail]);
    let message = &verdict.checks[1].message;
    assert!(message.contains("ImagePullBackOff: Back-off pulling image \"ngnix\""), "{message}");
    assert!((20_000..40_000).contains(&verdict.cluster_ms), "{}", verdict.cluster_ms);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_fails_is_tried_again() {
    let times = AtomicU32::new(0);
    let api = Api::new(vec![ready()], move |_, path| {
        let pods = path.contains("/pods?") && !path.contains("watch=true");
        (pods && times.fetch_add(1, Ordering::Relaxed) < 3).then_some(Reply::Failure(500, "etcd is gone"))
    });
    assert!(graded(&api, MANIFEST).await.unwrap().passed);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_watched_is_undecided_and_not_failed() {
    let api = Api::new(Vec::new(), |method, path| {
        (method == "GET" && path.contains("/pods?")).then_some(Reply::Failure(403, "you may not list pods"))
    });
    let verdict = graded(&api, MANIFEST).await.unwrap();
    assert_eq!(outcomes(&verdict), [Outcome::Error, Outcome::Error]);
    assert!(verdict.checks[0].message.contains("not your fault: you may not list pods"), "{verdict:?}");
}
