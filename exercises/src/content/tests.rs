//! Loading as a whole: good content is loaded, and everything that is wrong is said at once.

use std::future::ready;

use super::{Content, Files, prove::check_content};
use crate::verdict::{CheckResult, Outcome, Problem, Verdict};

const EXERCISE: &str = "\
apiVersion: podlab.dev/v1
kind: Exercise
metadata: {name: one, title: One}
spec:
  summary: A Pod.
  minutes: 5
  difficulty: easy
  tasks:
    - {id: make, brief: Make it., checks: [there, ready]}
  checks:
    - id: there
      title: The Pod is there
      object: {kind: Pod, name: one}
    - id: ready
      title: It is ready
      needs: [there]
      points: 2
      ready: {pod: one}
";
const SOLUTION: &str = "# title: The plain one\nkind: Pod\n";
const MISTAKE: &str = "# title: Nothing\n# trips: [there]\nkind: Pod\n";

fn files<'a>(changes: &[(&'a str, &'a str)]) -> Files {
    let mut files = vec![
        ("one/exercise.yaml", EXERCISE),
        ("one/README.md", "Make a Pod."),
        ("one/solutions/plain.yaml", SOLUTION),
        ("one/mistakes/none.yaml", MISTAKE),
    ];
    for (path, text) in changes {
        files.retain(|(other, _)| other != path);
        files.push((path, text));
    }
    files.into_iter().collect()
}

fn faults(changes: &[(&str, &str)]) -> Vec<String> {
    Content::from_files(&files(changes)).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn good_content_is_loaded() {
    let content = Content::from_files(&files(&[])).unwrap();
    let one = content.exercise("one").unwrap();
    assert_eq!((one.max_points(), one.solutions.len(), one.mistakes[0].head.trips.len()), (3, 1, 1));
    assert_eq!(one.expects(), [("Pod".to_owned(), "one".to_owned())]);
    assert_eq!(content.tracks[0].exercises, ["one"]);
    assert_eq!(one.exercise.tracks, ["all"]);
}

#[test]
fn tracks_order_the_exercises_and_must_name_them_all() {
    let other = EXERCISE.replace("one", "two");
    let two = [
        ("two/exercise.yaml", other.as_str()),
        ("two/README.md", "Make another."),
        ("two/solutions/plain.yaml", SOLUTION),
        ("two/mistakes/none.yaml", MISTAKE),
    ];
    let tracks = "- {name: t, title: T, summary: S, exercises: [two, one]}\n";
    let mut all = two.to_vec();
    all.push(("tracks.yaml", tracks));
    let content = Content::from_files(&files(&all)).unwrap();
    let names: Vec<_> = content.exercises.iter().map(|content| content.exercise.name.as_str()).collect();
    assert_eq!(names, ["two", "one"]);

    all.push(("tracks.yaml", "- {name: t, title: T, summary: S, exercises: [tow]}\n"));
    let found: Vec<String> =
        Content::from_files(&files(&all)).unwrap_err().0.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "tracks.yaml: the exercise `one` is in no track: add it to one",
            "tracks.yaml: the exercise `two` is in no track: add it to one",
            "tracks.yaml:1:47: there is no exercise `tow`; did you mean `two`?",
        ]
    );
}

#[test]
fn the_faults_of_all_files_are_said_at_once() {
    let exercise = EXERCISE
        .replace("difficulty", "dificulty")
        .replace("checks: [there, ready]", "checks: [there, redy]")
        .replace("needs: [there]", "needs: [ready]")
        .replace("points: 2", "point: 2");
    let found = faults(&[
        ("one/exercise.yaml", &exercise),
        ("one/README.md", " "),
        ("one/solutions/plain.yaml", "kind: Pod\n"),
        ("one/mistakes/none.yaml", "# title: Nothing\nkind: Pod\n"),
        ("one/notes.txt", "x"),
    ]);
    assert_eq!(
        found,
        [
            "one: the brief, README.md, is missing",
            "one/exercise.yaml:5:3: the key `difficulty` is missing",
            "one/exercise.yaml:7:3: unknown key `dificulty`; did you mean `difficulty`?",
            "one/exercise.yaml:9:7: task `make` names the check `redy`, which there is not; did you mean `ready`?",
            "one/exercise.yaml:14:7: check `ready` needs itself: ready → ready",
            "one/exercise.yaml:14:7: the check `ready` belongs to no task",
            "one/exercise.yaml:17:7: unknown key `point`; did you mean `points`?",
            "one/mistakes/none.yaml: the head must name the checks that this trips (`# trips: [...]`) or the `problem` it causes",
            "one/notes.txt: no such file belongs to an exercise",
            "one/solutions/plain.yaml:1:1: the file must begin with a head in comments: `# title: ...`",
        ]
    );
}

#[test]
fn needs_may_not_run_in_a_circle() {
    let exercise =
        EXERCISE.replace("title: The Pod is there", "title: The Pod is there\n      needs: [ready]");
    let found = faults(&[("one/exercise.yaml", &exercise)]);
    assert_eq!(found.len(), 2);
    assert!(found[0].ends_with("check `there` needs itself: there → ready → there"), "{found:?}");
}

#[test]
fn a_directory_without_exercises_is_no_content() {
    let found = Content::from_files(&Files::default()).unwrap_err().to_string();
    assert!(found.contains("no exercise here"), "{found}");
}

#[test]
fn the_embedded_content_is_good() {
    if let Err(faults) = Content::embedded() {
        panic!("{faults}");
    }
}

fn result(id: &str, outcome: Outcome) -> CheckResult {
    CheckResult {
        id: id.to_owned(),
        title: String::new(),
        outcome,
        points: 0,
        max_points: 1,
        message: String::new(),
        observed: None,
    }
}

fn verdict(there: Outcome, ready: Outcome, problem: Option<&str>) -> Verdict {
    Verdict {
        exercise: "one".to_owned(),
        passed: there == Outcome::Pass && ready == Outcome::Pass,
        points: 0,
        max_points: 3,
        checks: vec![result("there", there), result("ready", ready)],
        problems: problem
            .map(|m| Problem { message: m.to_owned(), line: None, column: None })
            .into_iter()
            .collect(),
        duration_ms: 0,
        cluster_ms: 0,
    }
}

/// What is said about each file when every manifest but the solution gets `wrong`, and the solution gets `right`.
fn proofs(right: &Verdict, wrong: &Verdict, mistake: &str) -> Vec<Vec<String>> {
    let content = Content::from_files(&files(&[("one/mistakes/none.yaml", mistake)])).unwrap();
    let solution = content.exercises[0].solutions[0].manifest.clone();
    let mut said = Vec::new();
    let grade = |_: &_, manifest: &str| {
        ready(Ok::<_, String>(if manifest == solution { right.clone() } else { wrong.clone() }))
    };
    let proof = check_content(&content, &[], grade, |proof| said.push(proof.faults.clone()));
    futures::executor::block_on(proof);
    said
}

#[test]
fn content_holds_when_starters_fail_solutions_pass_and_mistakes_trip_what_they_name() {
    use Outcome::{Error, Fail, Pass, Skipped};
    let mistake = "# title: Nothing\n# trips: [there]\nkind: Nod\n";
    let (pass, fail) = (verdict(Pass, Pass, None), verdict(Fail, Skipped, None));
    assert_eq!(proofs(&pass, &fail, mistake), [[""; 0]; 3]);

    let said = proofs(&fail, &pass, mistake);
    assert!(said[0][0].contains("it passes"), "{said:?}");
    assert!(said[1][0].contains("`there` fails"), "{said:?}");
    assert!(said[2][0].contains("it passes") && said[2][1].contains("does not trip `there`"), "{said:?}");

    let said = proofs(&verdict(Error, Pass, None), &verdict(Pass, Fail, Some("no kind")), mistake);
    assert!(said[1][0].contains("could not be decided"), "{said:?}");
    assert_eq!(said[2].len(), 3, "{said:?}");

    let refused = "# title: Nothing\n# problem: no kind\nkind: Nod\n";
    assert_eq!(proofs(&pass, &verdict(Skipped, Skipped, Some("has no kind")), refused)[2], [""; 0]);
    assert_eq!(proofs(&pass, &verdict(Skipped, Skipped, Some("has no name")), refused)[2].len(), 1);
}
