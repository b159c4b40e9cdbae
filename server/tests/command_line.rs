//! The command line, as scripts use it.

mod support;

use serde_json::Value;
use support::{Folder, exercise_file, run};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn grading_a_right_answer_exits_with_0() {
    let output =
        run(&["grade", "mc1", "-f", "-"], exercise_file("mc1/solutions/loop-in-args.yaml").as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("Passed"), "{}", text(&output.stdout));
}

#[test]
fn grading_a_wrong_answer_exits_with_1_and_says_why() {
    let wrong = exercise_file("mc1/solutions/loop-in-args.yaml").replace("date >>", "true >>");
    let output = run(&["grade", "mc1", "-f", "-"], wrong.as_bytes());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains('✗'), "{}", text(&output.stdout));
}

#[test]
fn wrong_use_exits_with_2() {
    for arguments in [
        &["grade"][..],
        &["grade", "nowhere", "-f", "-"],
        &["grade", "mc1", "-f", "/nowhere/at/all.yaml"],
        &["grade", "mc1", "--cluster", "what"],
        &["grade", "mc1", "--format", "xml"],
        &["exercises", "check", "nowhere"],
        &["exercises", "list", "--exercises", "/nowhere"],
        &["what"],
        &[],
    ] {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_json_verdict_has_the_documented_fields() {
    let output = run(
        &["grade", "mc1", "--format", "json", "-f", "-"],
        exercise_file("mc1/solutions/loop-in-args.yaml").as_bytes(),
    );
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&verdict["exercise"], &verdict["passed"]), (&"mc1".into(), &true.into()));
    assert!(verdict["duration_ms"].is_u64() && verdict["points"].is_u64() && verdict["max_points"].is_u64());
    assert_eq!(verdict["problems"], serde_json::json!([]));
    for check in verdict["checks"].as_array().unwrap() {
        for field in ["id", "title", "outcome", "points", "max_points", "message", "observed"] {
            assert!(check.get(field).is_some(), "{field} is missing in {check}");
        }
    }
}

#[test]
fn a_problem_names_its_line_and_column() {
    let output = run(&["grade", "mc1", "--format", "json"], b"apiVersion: v1\nkind: Pod\nkind: Pod\n");
    assert_eq!(output.status.code(), Some(1));
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["problems"][0]["line"], 3, "{verdict:#}");
    assert!(verdict["problems"][0]["column"].is_u64());
}

#[test]
fn several_files_make_one_submission() {
    let folder = Folder::new();
    let solution = exercise_file("mc3/solutions/upstream.yaml");
    let mut files = vec![];
    for (number, document) in solution.split("\n---\n").enumerate() {
        let file = folder.path(&format!("{number}.yaml"));
        std::fs::write(&file, document).unwrap();
        files.push(file.to_str().unwrap().to_owned());
    }
    assert!(files.len() > 1);
    let mut arguments = vec!["grade", "mc3"];
    for file in &files {
        arguments.extend(["-f", file]);
    }
    let output = run(&arguments, b"");
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn hostile_input_is_a_problem_and_not_a_fault() {
    let large = vec![b'x'; 10_000_000];
    for input in [&b""[..], b"\xff\xfe\x00\x01", b"\t\t\t", &large] {
        let output = run(&["grade", "mc1", "--format", "json", "-f", "-"], input);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(!verdict["problems"].as_array().unwrap().is_empty());
    }
}

#[test]
fn the_exercises_are_listed_and_hold() {
    let list = run(&["exercises", "list"], b"");
    for name in ["mc1", "mc3", "adapters", "three-busybox"] {
        assert!(text(&list.stdout).lines().any(|line| line.starts_with(name)), "{}", text(&list.stdout));
    }
    let check = run(&["exercises", "check"], b"");
    assert_eq!(check.status.code(), Some(0), "{}{}", text(&check.stdout), text(&check.stderr));
}

#[test]
fn a_container_has_this_terminals_streams_and_exit_code() {
    let output =
        run(&["run", "-i", "busybox", "--", "sh", "-c", "cat; echo on stderr >&2; exit 3"], b"hello\n");
    assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), ("hello\n", "on stderr\n"));
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_folder_is_copied_into_a_container() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("in/deep")).unwrap();
    std::fs::write(folder.path("in/deep/file"), "inside\n").unwrap();
    let mount = format!("{}:/data", folder.path("in").display());
    let output = run(
        &["run", "--mount", &mount, "busybox", "--", "sh", "-c", "cat /data/deep/file; rm /data/deep/file"],
        b"",
    );
    assert_eq!(text(&output.stdout), "inside\n", "{}", text(&output.stderr));
    assert!(folder.path("in/deep/file").exists());
}

#[test]
fn a_container_that_cannot_run_says_why() {
    let output = run(&["run", "busybox", "--", "nowhere"], b"");
    assert_eq!(output.status.code(), Some(127));
    assert!(text(&output.stderr).contains("nowhere"), "{}", text(&output.stderr));
    let output = run(&["run", "no/such-image"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no/such-image"), "{}", text(&output.stderr));
}
