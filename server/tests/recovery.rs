//! What was acknowledged survives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use http::StatusCode;
use support::{Folder, Lab, exercise_file, run};

#[tokio::test]
async fn a_kill_between_record_and_verdict_loses_nothing() {
    let mut lab = Lab::start();
    let mut learner = lab.learner();
    learner.get(&lab, "/api/v1/catalogue").await;
    let manifest = exercise_file("mc1/solutions/loop-in-args.yaml");
    let submitted = learner.submit(&lab, "mc1", &manifest).await;
    assert_eq!(submitted.status, StatusCode::ACCEPTED);
    lab.start_again();

    let id = submitted.json()["id"].as_i64().unwrap();
    let verdict = learner.events(&lab, id).await.last().unwrap()["verdict"].clone();
    assert_eq!(verdict["passed"], true, "{verdict:#}");
    let stored = learner.get(&lab, &format!("/api/v1/submissions/{id}")).await.json();
    assert_eq!((&stored["state"], &stored["manifest"]), (&"graded".into(), &manifest.into()));
}

#[tokio::test]
async fn a_submission_whose_grading_is_cut_off_each_time_is_not_begun_for_ever() {
    let mut lab = Lab::start();
    let mut learner = lab.learner();
    learner.get(&lab, "/api/v1/catalogue").await;
    let id = learner.submit(&lab, "mc1", "kind: Pod").await.json()["id"].as_i64().unwrap();
    learner.events(&lab, id).await;
    lab.kill();
    // As if grading had been cut off three times.
    sqlite(&lab, "DELETE FROM verdict; UPDATE submission SET state = 'grading', attempts = 3");
    lab.start_again();
    let stored = learner.get(&lab, &format!("/api/v1/submissions/{id}")).await.json();
    assert_eq!((&stored["state"], &stored["manifest"]), (&"interrupted".into(), &"kind: Pod".into()));
    let again = learner.grade(&lab, "mc1", "kind: Pod").await;
    assert_eq!(again["passed"], false);
}

#[tokio::test]
async fn a_database_of_a_newer_podlab_is_refused_and_left_as_it_is() {
    let mut lab = Lab::start();
    lab.kill();
    sqlite(
        &lab,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'from the future', 1, x'00', 1)",
    );
    let before = std::fs::read(lab.database()).unwrap();
    let url = format!("sqlite:{}", lab.database().display());
    let site = lab.database().with_file_name("site");
    let output =
        run(&["serve", "--listen", "127.0.0.1:0", "--database", &url, "--site", site.to_str().unwrap()], b"");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("newer podlab") && said.contains("999"), "{said}");
    assert_eq!(std::fs::read(lab.database()).unwrap(), before);
}

#[test]
fn a_database_that_cannot_be_opened_is_named() {
    let folder = Folder::new();
    std::fs::write(
        folder.path("notes.txt"),
        "this is no database, and it is long enough to be looked at as one",
    )
    .unwrap();
    std::fs::create_dir_all(folder.path("site/pkg")).unwrap();
    std::fs::write(folder.path("site/pkg/podlab.css"), "").unwrap();
    let url = format!("sqlite:{}", folder.path("notes.txt").display());
    let site = folder.path("site");
    let output =
        run(&["serve", "--listen", "127.0.0.1:0", "--database", &url, "--site", site.to_str().unwrap()], b"");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("notes.txt"), "{said}");
}

fn sqlite(lab: &Lab, statements: &str) {
    use sqlx::Connection;
    let url = format!("sqlite:{}", lab.database().display());
    std::thread::scope(|scope| {
        let change = scope.spawn(|| {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
                    .execute(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
            });
        });
        change.join().unwrap();
    });
}
