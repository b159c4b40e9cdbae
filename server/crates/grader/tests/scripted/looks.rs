//! Each kind of check that needs no container, against scripted answers: what passes, and what a learner is told.

use crate::api::{Api, MANIFEST, Reply, content_with, exercise, ready};
use podlab_exercises::{CheckResult, Outcome};
use podlab_grader::grade;
use serde_json::{Value, json};

/// The results of `checks` on a sandbox with the ready Pod web, where `script` answers.
async fn results(
    checks: &str,
    script: impl Fn(&str, &str) -> Option<Reply> + Send + Sync + 'static,
) -> Vec<CheckResult> {
    let api = Api::new(vec![ready()], script);
    let content = content_with(checks);
    let verdict =
        grade(exercise(&content), MANIFEST.as_bytes(), &content, &api.cluster(), &|_| {}).await.unwrap();
    verdict.checks
}

async fn one(
    checks: &str,
    script: impl Fn(&str, &str) -> Option<Reply> + Send + Sync + 'static,
) -> CheckResult {
    results(checks, script).await.remove(0)
}

/// Answers a request whose path ends like this.
fn at(
    end: &'static str,
    reply: impl Fn() -> Reply + Send + Sync,
) -> impl Fn(&str, &str) -> Option<Reply> + Send + Sync {
    move |_, path| path.split('?').next().is_some_and(|path| path.ends_with(end)).then(&reply)
}

fn list(items: Value) -> Reply {
    Reply::Json(
        json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}),
    )
}

const PROXY: &str = "/pods/web:80/proxy/";

#[tokio::test(start_paused = true)]
async fn an_object_that_is_missing_is_told_with_the_nearest_there_is() {
    let result = one("- {id: a, title: A, object: {kind: Pod, name: wep}}", |_, _| None).await;
    assert_eq!(
        (result.outcome, result.message.as_str()),
        (Outcome::Fail, "There is no Pod wep, but there is one called web.")
    );
    let result = one("- {id: a, title: A, object: {kind: Service, name: web}}", |_, _| None).await;
    assert_eq!(result.message, "There is no Service web.");
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_does_not_hold_is_told_with_what_was_seen() {
    let checks = "- {id: a, title: A, object: {kind: Pod, name: web}, cel: object.spec.replicas == 2, \
                  otherwise: 'It runs {{ object.spec.containers.map(c, c.image) }}.'}";
    assert_eq!(one(checks, |_, _| None).await.message, "It runs nginx.");
    let silent = "- {id: a, title: A, object: {kind: Pod, name: web}, cel: object.spec.replicas == 2}";
    assert_eq!(
        one(silent, |_, _| None).await.message,
        "Pod web is not as it should be. (`replicas` is not set)"
    );
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_is_wrong_is_not_held_against_the_learner() {
    let checks =
        "- {id: a, title: A, object: {kind: Pod, name: web}, cel: object.metadata.name.matches('(')}";
    let result = one(checks, |_, _| None).await;
    assert_eq!(result.outcome, Outcome::Error);
    assert!(
        result.message.contains("not your fault") && result.message.contains("the check `a` is wrong"),
        "{result:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_over_http_is_judged_by_status_text_json_and_headers() {
    let checks = "- {id: a, title: A, http: {pod: web, port: 80}, cel: \"status == 200 && json.price == 55 && headers.server == 'scripted'\"}";
    let result = one(checks, at(PROXY, || Reply::Text(200, "{\"price\": 55}"))).await;
    assert_eq!(
        (result.outcome, result.observed.unwrap().as_str()),
        (Outcome::Pass, "status 200\n{\"price\": 55}")
    );
    let result = one(checks, at(PROXY, || Reply::Text(404, "no such page"))).await;
    assert_eq!(
        (result.outcome, result.observed.unwrap().as_str()),
        (Outcome::Fail, "status 404\nno such page")
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_answering_is_a_failure_and_being_forbidden_to_ask_is_not() {
    let checks = "- {id: a, title: A, http: {pod: web, port: 80}}";
    let refused = "error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused";
    let result = one(checks, at(PROXY, move || Reply::Failure(503, refused))).await;
    assert_eq!(
        (result.outcome, result.message.as_str()),
        (Outcome::Fail, "Nobody answers at port 80 of Pod web.")
    );
    assert_eq!(result.observed.unwrap(), refused);
    let result = one(checks, at(PROXY, || Reply::Failure(403, "pods/proxy is forbidden"))).await;
    assert_eq!(result.outcome, Outcome::Error);
    let result = one(checks, at(PROXY, || Reply::Never)).await;
    assert_eq!((result.outcome, result.observed.unwrap().as_str()), (Outcome::Fail, "no answer within 15 s"));
}

#[tokio::test(start_paused = true)]
async fn growth_is_seen_between_two_looks() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let checks = "- {id: a, title: A, http: {pod: web, port: 80, again: 10s}, cel: text.size() > earlier.text.size(), \
                  otherwise: '{{ earlier.text }} then {{ text }}'}";
    let pages = AtomicUsize::new(0);
    let growing = move |_: &str, path: &str| {
        let page = ["a", "ab"][pages.load(Ordering::Relaxed).min(1)];
        path.ends_with(PROXY).then(|| {
            pages.fetch_add(1, Ordering::Relaxed);
            Reply::Text(200, page)
        })
    };
    assert_eq!(one(checks, growing).await.outcome, Outcome::Pass);
    let result = one(checks, at(PROXY, || Reply::Text(200, "same"))).await;
    assert_eq!((result.outcome, result.message.as_str()), (Outcome::Fail, "same then same"));
}

#[tokio::test(start_paused = true)]
async fn two_answers_are_compared_at_a_path_that_nobody_could_foresee() {
    let checks = "- {id: a, title: A, http: {pod: web, port: 80, path: '/{{ nonce }}', other: {pod: web, port: 81, path: '/{{ nonce }}'}}, \
                  cel: text == other.text && nonce.size() == 16}";
    let script = |_: &str, path: &str| {
        let (_, asked) = path.split_once("/proxy/")?;
        assert_eq!(asked.len(), 16);
        Some(Reply::Text(404, if path.contains(":80/") { "not here" } else { "not there" }))
    };
    let result = one(checks, script).await;
    assert_eq!((result.outcome, result.observed.unwrap().as_str()), (Outcome::Fail, "status 404\nnot here"));
}

#[tokio::test(start_paused = true)]
async fn what_answers_is_not_unreachable() {
    let checks = "- {id: a, title: A, unreachable: {pod: web, port: 80}}";
    assert_eq!(one(checks, at(PROXY, || Reply::Failure(503, "refused"))).await.outcome, Outcome::Pass);
    let result = one(checks, at(PROXY, || Reply::Text(404, "but I am here"))).await;
    assert_eq!(
        (result.outcome, result.message.as_str()),
        (Outcome::Fail, "Port 80 answers, which it should not.")
    );
}

#[tokio::test(start_paused = true)]
async fn logs_are_judged_as_text_and_as_lines() {
    let checks = "- {id: a, title: A, logs: {pod: web}, cel: \"lines == ['Hello', 'World'] && text.endsWith('\\\\n')\"}";
    assert_eq!(
        one(checks, at("/pods/web/log", || Reply::Text(200, "Hello\nWorld\n"))).await.outcome,
        Outcome::Pass
    );
    let result = one(checks, at("/pods/web/log", || Reply::Text(200, "Hello\n"))).await;
    assert_eq!((result.outcome, result.message.as_str()), (Outcome::Fail, "The log says: Hello"));
    let waiting = "container \"a\" in pod \"web\" is waiting to start: ContainerCreating";
    let result = one(checks, at("/pods/web/log", move || Reply::Failure(400, waiting))).await;
    assert_eq!(
        (result.outcome, result.message.as_str()),
        (Outcome::Fail, "Container a of Pod web has no log.")
    );
}

#[tokio::test(start_paused = true)]
async fn what_should_not_be_there_is_named() {
    let checks = "- {id: a, title: A, absent: {kind: Secret, name: key}}";
    assert_eq!(one(checks, |_, _| None).await.outcome, Outcome::Pass);
    let there = || list(json!([{"metadata": {"name": "key"}}, {"metadata": {"name": "other"}}]));
    let result = one(checks, at("/secrets", there)).await;
    assert_eq!(result.message, "There is Secret key, which should not be there.");
}

#[tokio::test(start_paused = true)]
async fn events_are_found_by_reason() {
    let checks = "- {id: a, title: A, event: {kind: Pod, name: web, reason: Unhealthy}, cel: \"events.exists(e, e.message.contains('503'))\"}";
    let event = |reason: &str| json!([{"metadata": {"name": "e"}, "reason": reason, "message": "HTTP 503", "involvedObject": {"kind": "Pod", "name": "web"}}]);
    assert_eq!(one(checks, at("/events", move || list(event("Unhealthy")))).await.outcome, Outcome::Pass);
    let result = one(checks, at("/events", move || list(event("Killing")))).await;
    assert_eq!(result.message, "Of Pod web the cluster has reported Killing, but not Unhealthy.");
}

#[tokio::test(start_paused = true)]
async fn checks_that_need_a_failed_one_are_skipped_with_its_title() {
    let checks = "- {id: a, title: It is there, object: {kind: Pod, name: nope}}\n- {id: b, title: B, needs: [a], ready: {pod: web}}";
    let results = results(checks, |_, _| None).await;
    assert_eq!(
        (results[1].outcome, results[1].message.as_str()),
        (Outcome::Skipped, "Not looked at: this needs \"It is there\".")
    );
}

#[tokio::test(start_paused = true)]
async fn objects_are_found_by_their_labels() {
    let checks = "- {id: a, title: A, object: {kind: Secret, selector: app=x}, cel: objects.size() == 1, otherwise: 'There are {{ objects.size() }}.'}";
    let labelled = |_: &str, path: &str| {
        (path.contains("/secrets?") && path.contains("labelSelector=app%3Dx"))
            .then(|| list(json!([{"metadata": {"name": "s"}}])))
    };
    assert_eq!(one(checks, labelled).await.outcome, Outcome::Pass);
    assert_eq!(one(checks, |_, _| None).await.message, "There are 0.");
}
