//! The bad input that a submission can be.

use std::sync::LazyLock;

use podlab_exercises::content::Content;
use proptest::prelude::*;

use super::read;

fn content() -> &'static Content {
    static CONTENT: LazyLock<Content> = LazyLock::new(|| Content::embedded().unwrap());
    &CONTENT
}

/// The problems of a submission for mc1, as `line:column message`.
fn problems(submission: &[u8]) -> Vec<String> {
    let content = content();
    let problems = read(submission, content.exercise("mc1").unwrap(), content).unwrap_err();
    problems
        .into_iter()
        .map(|p| match (p.line, p.column) {
            (Some(line), Some(column)) => format!("{line}:{column} {}", p.message),
            _ => p.message,
        })
        .collect()
}

fn one_problem(submission: &[u8]) -> String {
    let mut found = problems(submission);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn pod(name: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n")
}

#[test]
fn objects_are_read_in_their_order_with_their_places() {
    let content = content();
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: mc1}\n";
    let documents = read(text.as_bytes(), content.exercise("mc1").unwrap(), content).unwrap();
    let seen: Vec<_> = documents.iter().map(|d| (d.kind.name, d.name.as_str(), d.node.at.line)).collect();
    assert_eq!(seen, [("ConfigMap", "a", 1), ("Pod", "mc1", 5)]);
}

#[test]
fn a_list_is_taken_apart() {
    let content = content();
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: mc1}\n";
    let documents = read(text.as_bytes(), content.exercise("mc1").unwrap(), content).unwrap();
    assert_eq!((documents.len(), documents[0].node.at.line), (1, 4));
}

#[test]
fn json_is_taken_too() {
    let content = content();
    let text = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mc1"}}"#;
    assert_eq!(read(text.as_bytes(), content.exercise("mc1").unwrap(), content).unwrap().len(), 1);
}

#[test]
fn nothing_is_a_problem() {
    for empty in ["", " \n\n", "# only a comment\n", "---\n---\n"] {
        assert!(one_problem(empty.as_bytes()).starts_with("There is nothing here"), "{empty:?}");
    }
}

#[test]
fn ten_megabytes_are_refused_unread() {
    assert!(
        one_problem(&vec![b'a'; 10 << 20])
            .starts_with("This submission has 10.0 MiB; podlab takes up to 256 KiB")
    );
}

#[test]
fn binary_data_is_refused_at_its_first_byte() {
    assert!(one_problem(b"kind: Pod\na\xff").starts_with("2:2 This is not text: byte 12 of it is 0xff"));
    assert!(one_problem(b"\x7fELF\x02\x01").starts_with("1:1 This is not text"));
    assert!(one_problem(b"kind: Pod\0").starts_with("1:10 This is not text"));
}

#[test]
fn what_is_not_yaml_is_refused_with_place_and_cure() {
    assert!(
        one_problem(b"kind: Pod\nspec:\n\tcontainers: []\n")
            .starts_with("3:2 This line is indented with a tab")
    );
    assert!(one_problem(b"kind: Pod\nkind: Pod\n").starts_with("2:1 The key `kind` is given twice"));
    assert!(one_problem(b"please grade me").contains("the text `please grade me` stands here"));
    assert!(one_problem(b"- a\n- b\n").contains("a list stands here"));
}

#[test]
fn every_document_that_is_broken_is_named() {
    let text = format!("kind: [\n---\n{}---\na: b: c\n", pod("mc1"));
    let found = problems(text.as_bytes());
    assert_eq!(found.len(), 2);
    assert!(found[1].starts_with("8:5 "), "{found:?}");
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..10 {
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(","));
    }
    assert!(one_problem(bomb.as_bytes()).contains("more than 20000 values"));
}

#[test]
fn a_thousand_documents_are_too_many() {
    let thousand = vec![pod("mc1"); 1000].join("---\n");
    assert!(one_problem(thousand.as_bytes()).contains("podlab takes up to 50"));
    let items = "- {apiVersion: v1, kind: Pod, metadata: {name: mc1}}\n".repeat(1000);
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{items}");
    assert!(one_problem(list.as_bytes()).contains("This submission holds 1000 documents"));
}

#[test]
fn a_name_that_would_lead_to_another_address_is_refused() {
    for name in ["mc1/status", "../../secrets/x", "a%2Fb"] {
        let found = one_problem(pod(name).as_bytes());
        assert!(
            found.starts_with(&format!("4:9 `metadata.name` is {name:?}, but a name may not contain")),
            "{found}"
        );
    }
    assert_eq!(
        one_problem(pod("..").as_bytes()),
        "4:9 `metadata.name` is \"..\", but a name may not be '..'."
    );
}

#[test]
fn another_namespace_is_refused() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: mc1\n  namespace: kube-system\n";
    let found = one_problem(text.as_bytes());
    assert!(found.starts_with("5:14 `metadata.namespace` is the text `kube-system`"), "{found}");
}

#[test]
fn what_lives_in_no_namespace_is_refused() {
    let text = format!("{}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: x}}\n", pod("mc1"));
    assert!(one_problem(text.as_bytes()).starts_with("7:7 A Namespace does not live in a namespace"));
}

#[test]
fn kinds_that_the_exercise_does_not_use_are_refused() {
    let text = format!("{}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: x}}\n", pod("mc1"));
    assert!(
        one_problem(text.as_bytes())
            .starts_with("7:7 This exercise does not use the kind Deployment. It takes Pod")
    );
}

#[test]
fn misspelt_and_misplaced_kinds_get_the_right_ones() {
    assert!(one_problem(b"apiVersion: v1\nkind: pod\nmetadata: {name: mc1}").contains("Did you mean `Pod`?"));
    assert!(
        one_problem(b"apiVersion: v2\nkind: Pod\nmetadata: {name: mc1}")
            .starts_with("1:13 `v2` has no kind Pod")
    );
    assert!(
        one_problem(b"apiVersion: v1\nkind: 3\nmetadata: {name: mc1}")
            .starts_with("2:7 `kind` must be a text")
    );
}

#[test]
fn what_every_object_has_must_be_there() {
    assert!(one_problem(b"kind: Pod\nmetadata: {name: mc1}").contains("no `apiVersion`"));
    assert!(
        one_problem(b"apiversion: v1\nkind: Pod\nmetadata: {name: mc1}")
            .starts_with("1:1 This object has no `apiVersion`. `apiversion` stands")
    );
    assert!(one_problem(b"apiVersion: v1\nkind: Pod\nmetadata: {}").contains("no `name`"));
    assert!(one_problem(b"apiVersion: v1\nkind: Pod\nmetadata: {name: 1}").contains("it is the number 1"));
}

#[test]
fn an_object_given_twice_is_refused() {
    let text = format!("{}---\n{}", pod("mc1"), pod("mc1"));
    assert!(one_problem(text.as_bytes()).starts_with("6:1 Pod mc1 is given twice, here and at line 1"));
}

#[test]
fn a_manifest_for_another_exercise_is_recognised() {
    let content = content();
    for other in content.exercises.iter().filter(|content| content.exercise.name != "mc1") {
        let solution = &other.solutions[0].manifest;
        let found = one_problem(solution.as_bytes());
        let expected = format!("looks like a manifest for the exercise {}", other.exercise.name);
        assert!(found.contains(&expected) && found.contains("mc1 asks for Pod mc1"), "{found}");
    }
}

#[test]
fn the_solutions_of_an_exercise_are_admitted() {
    let content = content();
    for exercise in &content.exercises {
        for solution in &exercise.solutions {
            let admitted = read(solution.manifest.as_bytes(), exercise, content);
            assert!(admitted.is_ok(), "{}/{}: {admitted:?}", exercise.exercise.name, solution.name);
        }
    }
}

proptest! {
    #[test]
    fn nothing_panics(submission in prop::collection::vec(any::<u8>(), 0..200)) {
        let content = content();
        let _ = read(&submission, content.exercise("mc1").unwrap(), content);
    }

    #[test]
    fn nothing_panics_on_what_looks_like_a_manifest(text in "(apiVersion|kind|metadata|name|items|List|Pod|v1|[-:{}\\[\\], \n]){0,40}") {
        let content = content();
        let _ = read(text.as_bytes(), content.exercise("mc1").unwrap(), content);
    }
}
