//! What the API refuses, as a learner reads it.

use podlab_exercises::{Outcome, content::Content};

use crate::lab::verdict;

/// The problems of a Pod mc1 with this below its metadata, as `line:column message`.
fn problems(spec: &str) -> Vec<String> {
    problems_of("mc1", spec)
}

fn problems_of(name: &str, spec: &str) -> Vec<String> {
    let content = Content::embedded().unwrap();
    let manifest = format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n{spec}");
    let verdict = verdict(content.exercise("mc1").unwrap(), &manifest, &content);
    assert!(verdict.checks.iter().all(|check| check.outcome == Outcome::Skipped), "{verdict:?}");
    let shown = |p: &podlab_exercises::Problem| {
        format!("{}:{} {}", p.line.unwrap_or(0), p.column.unwrap_or(0), p.message)
    };
    verdict.problems.iter().map(shown).collect()
}

#[test]
fn misspelt_fields_are_named_with_the_right_ones() {
    assert_eq!(
        problems("spec:\n  contaners:\n  - name: a\n    image: nginx\n"),
        ["6:3 `contaners` is not a field of `spec`; did you mean `containers`?"]
    );
}

#[test]
fn a_volume_that_is_not_declared_is_named() {
    let spec = "spec:\n  containers:\n  - name: a\n    image: nginx\n    volumeMounts:\n    - {name: html, mountPath: /html}\n";
    assert_eq!(
        problems(spec),
        [
            "10:8 Pod mc1, `spec.containers[0].volumeMounts[0].name`: Not found: \"html\". Declare the volume under `spec.volumes`."
        ]
    );
}

#[test]
fn values_of_the_wrong_type_are_named_with_the_cure() {
    assert_eq!(
        problems("spec:\n  containers:\n  - name: a\n    image: nginx\n    command: sleep 3600\n"),
        [
            "9:14 `spec.containers[name=a].command` must be a list, but it is the text `sleep 3600`. Each item of a list begins with `- `, or stands between [ ]."
        ]
    );
    assert_eq!(
        problems(
            "spec:\n  containers:\n  - name: a\n    image: nginx\n    env:\n    - {name: A, value: 5}\n"
        ),
        [
            "10:24 `spec.containers[name=a].env[name=A].value` must be a text, but it is the number 5. Quote it: \"5\"."
        ]
    );
}

#[test]
fn invalid_values_are_named_with_the_valid_ones() {
    assert_eq!(
        problems("spec:\n  restartPolicy: never\n  containers:\n  - name: a\n    image: nginx\n"),
        [
            "6:3 Pod mc1, `spec.restartPolicy`: Unsupported value: \"never\": supported values: \"Always\", \"OnFailure\", \"Never\". Did you mean `Never`?"
        ]
    );
}

#[test]
fn a_name_of_any_signs_reaches_the_api_as_it_is() {
    for name in ["my pod", "x?force=true", "x#y", "mc1&a=b", "Ä"] {
        let found = problems_of(&format!("{name:?}"), "spec:\n  containers:\n  - {name: a, image: nginx}\n");
        assert_eq!(
            found,
            [format!(
                "4:3 Pod {name}, `metadata.name`: Invalid value: {name:?}: a lowercase RFC 1123 subdomain must consist of \
                 lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character."
            )]
        );
    }
}
