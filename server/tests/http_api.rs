//! The JSON API and the forms, over HTTP, with the real grader behind them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use http::{Method, StatusCode};
use serde_json::Value;
use support::{Lab, Learner, exercise_file};

fn solution() -> String {
    exercise_file("mc1/solutions/loop-in-args.yaml")
}

async fn standing(learner: &mut Learner, lab: &Lab, exercise: &str) -> Value {
    learner.get(lab, &format!("/api/v1/exercises/{exercise}")).await.json()["standing"].clone()
}

#[tokio::test]
async fn a_newcomer_sees_every_exercise_as_new() {
    let lab = Lab::start();
    let catalogue = lab.learner().get(&lab, "/api/v1/catalogue").await.json();
    let cards = catalogue["cards"].as_array().unwrap();
    assert!(cards.len() >= 4);
    assert!(cards.iter().all(|card| card["standing"]["state"] == "new"));
    assert_eq!(catalogue["returning"], false);
    assert!(catalogue["next"].is_string());
}

#[tokio::test]
async fn a_right_answer_passes_check_by_check_and_stays_after_a_restart() {
    let mut lab = Lab::start();
    let mut learner = lab.learner();
    let submitted = learner.submit(&lab, "mc1", &solution()).await;
    assert_eq!(submitted.status, StatusCode::ACCEPTED);
    let id = submitted.json()["id"].as_i64().unwrap();

    let events = learner.events(&lab, id).await;
    let checks = events.iter().filter(|event| event["type"] == "check").count();
    let verdict = &events.last().unwrap()["verdict"];
    assert_eq!(verdict["passed"], true, "{verdict:#}");
    assert_eq!(verdict["points"], verdict["max_points"]);
    assert_eq!(checks, verdict["checks"].as_array().unwrap().len());

    lab.start_again();
    assert_eq!(standing(&mut learner, &lab, "mc1").await["state"], "solved");
    let page = learner.get(&lab, "/api/v1/exercises/mc1").await.json();
    assert_eq!(page["last"]["verdict"], *verdict);
    assert!(page["solutions"].as_array().unwrap().len() >= 2);
    let progress = learner.get(&lab, "/api/v1/progress").await.json();
    assert_eq!(progress["solved"], 1);
    assert_eq!(progress["history"][0]["id"], id);
    // Who comes late hears the verdict all the same.
    assert_eq!(learner.events(&lab, id).await.last().unwrap()["verdict"], *verdict);
}

#[tokio::test]
async fn a_wrong_answer_says_why_and_shows_no_solutions() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    let verdict = learner.grade(&lab, "mc1", &solution().replace("date >>", "true >>")).await;
    assert_eq!(verdict["passed"], false);
    let failed: Vec<&Value> =
        verdict["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == "fail").collect();
    assert!(!failed.is_empty(), "{verdict:#}");
    assert!(failed.iter().all(|check| !check["message"].as_str().unwrap().is_empty()));
    let page = learner.get(&lab, "/api/v1/exercises/mc1").await.json();
    assert_eq!(page["standing"]["state"], "tried");
    assert_eq!(page["solutions"], Value::Null);
    assert!(page["draft"].as_str().unwrap().contains("true >>"), "what was submitted stands in the editor");
}

#[tokio::test]
async fn giving_up_shows_the_solutions_and_is_remembered() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    let page = learner.post(&lab, "/api/v1/exercises/mc3/give-up", "").await.json();
    assert_eq!(page["standing"]["state"], "given-up");
    assert!(page["solutions"].as_array().unwrap().len() >= 2);
    assert_eq!(standing(&mut learner, &lab, "mc3").await["state"], "given-up");
    assert_eq!(standing(&mut learner, &lab, "mc1").await["state"], "new");
}

#[tokio::test]
async fn hints_come_one_by_one() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    let page = learner.get(&lab, "/api/v1/exercises/mc1").await.json();
    let check = &page["tasks"][0]["checks"][0];
    let path = format!("/api/v1/exercises/mc1/checks/{}/hints", check["id"].as_str().unwrap());
    let hint = learner.get(&lab, &format!("{path}/1")).await.json();
    assert_eq!(hint["of"], check["hints"]);
    assert!(hint["html"].as_str().unwrap().starts_with("<p>"));
    for missing in ["0", "99", "x", "-1"] {
        let status = learner.get(&lab, &format!("{path}/{missing}")).await.status;
        assert!(matches!(status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST), "{missing}: {status}");
    }
}

#[tokio::test]
async fn a_draft_is_kept_and_reset_brings_the_starter_back() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    let saved = learner.put(&lab, "/api/v1/exercises/mc1/draft", r#"{"manifest":"kind: Pod"}"#).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.body);
    assert_eq!(learner.get(&lab, "/api/v1/exercises/mc1").await.json()["draft"], "kind: Pod");
    let page = learner.post(&lab, "/api/v1/exercises/mc1/reset", "").await.json();
    assert_eq!(page["draft"], Value::Null);
    assert!(!page["starter"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_of_one_learner_is_visible_to_another() {
    let lab = Lab::start();
    let (mut one, mut other) = (lab.learner(), lab.learner());
    let id = one.submit(&lab, "mc1", &solution()).await.json()["id"].as_i64().unwrap();
    other.put(&lab, "/api/v1/exercises/mc1/draft", r#"{"manifest":"mine"}"#).await;
    for path in [format!("/api/v1/submissions/{id}"), format!("/api/v1/submissions/{id}/events")] {
        assert_eq!(other.get(&lab, &path).await.status, StatusCode::NOT_FOUND);
    }
    let page = other.get(&lab, "/api/v1/exercises/mc1").await.json();
    assert_eq!((&page["last"], &page["draft"]), (&Value::Null, &Value::from("mine")));
    let mut forged = lab.learner();
    forged.cookie = Some("podlab=00000000000000000000000000000001".into());
    assert_eq!(forged.get(&lab, &format!("/api/v1/submissions/{id}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn bad_submissions_get_a_verdict_with_a_readable_problem() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    let many = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: x}\n".repeat(1000);
    let bomb = (0..9).fold("a0: &a0 [x]\n".to_owned(), |yaml, level| {
        let next = level + 1;
        yaml + &format!("a{next}: &a{next} [{}]\n", vec![format!("*a{level}"); 9].join(", "))
    });
    let cases = [
        ("empty", ""),
        ("only a comment", "# nothing\n"),
        ("no YAML", "{{{{"),
        ("tabs", "kind: Pod\n\tmetadata:\n"),
        ("duplicate keys", "kind: Pod\nkind: Pod\n"),
        ("an alias bomb", &bomb),
        ("many documents", &many),
        ("another namespace", "apiVersion: v1\nkind: Pod\nmetadata: {name: mc1, namespace: kube-system}\n"),
        ("cluster-scoped", "apiVersion: v1\nkind: Namespace\nmetadata: {name: mine}\n"),
        ("binary", "\u{0}\u{1}\u{2}\u{fffd}"),
        ("another exercise", &exercise_file("mc3/solutions/upstream.yaml")),
    ];
    for (name, manifest) in cases {
        let verdict = learner.grade(&lab, "mc1", manifest).await;
        assert_eq!(verdict["passed"], false, "{name}");
        let problems = verdict["problems"].as_array().unwrap();
        assert!(!problems.is_empty(), "{name}: {verdict:#}");
        assert!(
            problems.iter().all(|problem| problem["message"].as_str().unwrap().len() > 20),
            "{name}: {problems:?}"
        );
    }
}

#[tokio::test]
async fn a_submission_of_10_mb_is_refused_with_the_limit() {
    let lab = Lab::start();
    let answer = lab.learner().submit(&lab, "mc1", &"x".repeat(10_000_000)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.message().contains("1 MiB"), "{}", answer.body);
    let answer = lab.learner().submit(&lab, "mc1", &"x".repeat(1_100_000)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn two_submissions_at_once_both_get_their_verdict() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    learner.get(&lab, "/api/v1/catalogue").await;
    let first = learner.submit(&lab, "mc1", &solution()).await.json()["id"].as_i64().unwrap();
    let second = learner.submit(&lab, "mc1", "kind: Pod").await.json()["id"].as_i64().unwrap();
    assert_eq!(learner.events(&lab, second).await.last().unwrap()["verdict"]["passed"], false);
    assert_eq!(learner.events(&lab, first).await.last().unwrap()["verdict"]["passed"], true);
}

#[tokio::test]
async fn a_flood_of_submissions_is_slowed_down_and_loses_nothing() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    learner.get(&lab, "/api/v1/catalogue").await;
    let (mut taken, mut refused) = (vec![], 0);
    for _ in 0..12 {
        let answer = learner.submit(&lab, "mc1", &solution()).await;
        match answer.status {
            StatusCode::ACCEPTED => taken.push(answer.json()["id"].as_i64().unwrap()),
            StatusCode::TOO_MANY_REQUESTS => {
                assert!(answer.message().contains("Wait"), "{}", answer.body);
                refused += 1;
            }
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert!(refused > 0, "grading cannot be that fast");
    for id in taken {
        assert_eq!(learner.events(&lab, id).await.last().unwrap()["verdict"]["passed"], true);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_said_to_not_exist() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    for path in ["/api/v1/exercises/nowhere", "/api/v1/submissions/1", "/api/v1/nowhere"] {
        let answer = learner.get(&lab, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.message().is_empty(), "{path}");
    }
    assert_eq!(learner.get(&lab, "/nowhere").await.status, StatusCode::NOT_FOUND);
    assert_eq!(learner.get(&lab, "/exercises/nowhere").await.status, StatusCode::NOT_FOUND);
    assert_eq!(learner.submit(&lab, "nowhere", "x").await.status, StatusCode::NOT_FOUND);
    assert_eq!(learner.post(&lab, "/api/v1/catalogue", "{}").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_body_that_is_not_understood_is_refused() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    let path = "/api/v1/exercises/mc1/submissions";
    for body in ["", "{", "[]", r#"{"manifest":1}"#, r#"{"manifest":"x","more":1}"#] {
        let answer = learner.post(&lab, path, body).await;
        assert!(answer.status.is_client_error(), "{body}: {}", answer.status);
        assert!(answer.message().len() > 20, "{body}: {}", answer.body);
    }
    let answer = learner.send(&lab, Method::POST, path, &[], b"manifest=x".to_vec()).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn another_sites_page_changes_nothing() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    let headers = [("content-type", "application/json"), ("sec-fetch-site", "cross-site")];
    let path = "/api/v1/exercises/mc1/give-up";
    let answer = learner.send(&lab, Method::POST, path, &headers, vec![]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(standing(&mut learner, &lab, "mc1").await["state"], "new");
}

#[tokio::test]
async fn pages_carry_a_strict_policy_and_a_cookie_that_scripts_cannot_read() {
    let lab = Lab::start();
    let answer = lab.learner().get(&lab, "/").await;
    assert_eq!(answer.status, StatusCode::OK);
    let header =
        |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
    let policy = header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    let cookie = header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert_eq!(header("x-content-type-options"), "nosniff");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    let scripts = answer.body.matches("<script").count();
    let allowed = answer.body.matches(&format!("nonce=\"{nonce}\"")).count();
    assert!(allowed >= scripts, "{}", answer.body);
}

#[tokio::test]
async fn pages_are_compressed_for_those_who_can_read_that_and_events_are_not() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    let reads_gzip = [("accept-encoding", "gzip, br")];
    let page = learner.send(&lab, Method::GET, "/", &reads_gzip, vec![]).await;
    assert_eq!(page.headers.get("content-encoding").unwrap(), "gzip");
    assert_eq!(learner.get(&lab, "/").await.headers.get("content-encoding"), None);

    let id = learner.submit(&lab, "mc1", "kind: Pod").await.json()["id"].as_i64().unwrap();
    let events = format!("/api/v1/submissions/{id}/events");
    let events = learner.send(&lab, Method::GET, &events, &reads_gzip, vec![]).await;
    assert_eq!(events.headers.get("content-encoding"), None);
    assert!(events.body.contains("verdict"), "{}", events.body);
}

#[tokio::test]
async fn without_scripts_a_form_submits_and_leads_to_the_verdict() {
    let lab = Lab::start();
    let mut learner = lab.learner();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = b"manifest=kind%3A+Pod%0D%0Ametadata%3A+%7B%7D%0D%0A".to_vec();
    let answer = learner.send(&lab, Method::POST, "/exercises/mc1", &form, body).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let location = answer.headers["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("/exercises/mc1?submission="), "{location}");
    let id = location.rsplit('=').next().unwrap();
    let submission = learner.get(&lab, &format!("/api/v1/submissions/{id}")).await.json();
    assert_eq!(submission["manifest"], "kind: Pod\nmetadata: {}\n");
    assert_eq!(submission["state"], "graded");
    let page = learner.get(&lab, &location).await;
    assert_eq!(page.status, StatusCode::OK);
}
