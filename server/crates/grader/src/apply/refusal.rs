//! What the API says about an object that it refuses, as problems at their places in the submission.

use kube::core::Status;
use podlab_exercises::{
    Problem, spelling,
    yaml::{Data, Node},
};

use super::fields;
use crate::submission::{Document, Path, Segment, problem};

/// How server-side apply begins to speak of an object that does not fit its schema.
const MISFIT: &str = "failed to create typed patch object (";

/// Whether a failure is about the object, and not about the cluster. Server-side apply reports what does not fit the
/// schema as an internal error (500).
pub(super) fn is_one(status: &Status) -> bool {
    status.message.starts_with(MISFIT) || (status.code < 500 && status.code != 401)
}

/// The problems of a refused object: one for each cause that the API names, else one with its message.
pub(super) fn problems(status: &Status, document: &Document) -> Vec<Problem> {
    let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
    let mut problems: Vec<Problem> = causes
        .iter()
        .filter(|cause| !cause.field.is_empty())
        .map(|cause| invalid(&cause.field, &cause.message, document))
        .collect();
    if problems.is_empty() {
        problems = schema_errors(&status.message, document);
    }
    if problems.is_empty() {
        let name = document.node.get("metadata").and_then(|metadata| metadata.get("name"));
        let message = format!(
            "The API refuses {} {}: {}",
            document.kind.name,
            document.name,
            sentence(&status.message)
        );
        problems.push(problem(name.map_or(document.node.at, |name| name.at), message));
    }
    problems
}

/// What does not fit the schema, in the words of server-side apply
/// (`failed to create typed patch object (ns/name; v1, Kind=Pod): .spec.contaners: field not declared in schema`) or
/// of strict decoding (`strict decoding error: unknown field "spec.contaners"`).
fn schema_errors(message: &str, document: &Document) -> Vec<Problem> {
    let typed =
        message.strip_prefix("failed to create typed patch object (").and_then(|rest| rest.split_once("): "));
    if let Some((_, errors)) = typed {
        let errors = errors.strip_prefix("errors:").unwrap_or(errors);
        let lines = errors.lines().map(str::trim).filter(|line| line.starts_with('.'));
        return lines.filter_map(|line| mistyped(line, document)).collect();
    }
    let unknown = message.split("unknown field \"").skip(1).filter_map(|rest| rest.split('"').next());
    unknown.filter_map(|field| Some(unknown_field(&Path::read(field)?.0, document))).collect()
}

/// One error of server-side apply: a path and what is wrong there.
fn mistyped(line: &str, document: &Document) -> Option<Problem> {
    let (path, rest) = Path::read(line)?;
    let words = rest.strip_prefix(": ")?;
    if words.starts_with("field not declared in schema") {
        return Some(unknown_field(&path, document));
    }
    let (at, node) = path.locate(&document.node);
    let seen = node.map_or_else(|| "something else".to_owned(), |node| node.data.describe());
    let place = node.map_or(at, |node| node.at);
    let message = if words.starts_with("expected string") {
        format!("`{path}` must be a text, but it is {seen}. {}", text_cure(node))
    } else if words.starts_with("expected list") {
        format!(
            "`{path}` must be a list, but it is {seen}. Each item of a list begins with `- `, or stands between [ ]."
        )
    } else if words.starts_with("expected map") {
        format!("`{path}` must be a mapping, but it is {seen}. Write its keys below it, each with a colon.")
    } else if words.starts_with("expected numeric") {
        format!("`{path}` must be a number, but it is {seen}. Write it without quotes.")
    } else if words.starts_with("expected boolean") {
        format!("`{path}` must be true or false, without quotes, but it is {seen}.")
    } else if let Some(keys) = words.strip_prefix("duplicate entries for key ") {
        format!("`{path}` has two items with the same {}. Each needs its own.", keys.trim_matches(['[', ']']))
    } else {
        format!("`{path}`: {}", sentence(words))
    };
    Some(problem(place, message))
}

/// How something becomes a text.
fn text_cure(node: Option<&Node>) -> String {
    match node.map(|node| &node.data) {
        Some(Data::Number(number)) => format!("Quote it: \"{number}\"."),
        Some(Data::Bool(value)) => format!("Quote it: \"{value}\"."),
        Some(Data::Map(_)) => {
            "A colon and a space make a mapping out of a text: put the whole text in quotes.".to_owned()
        }
        Some(Data::List(_)) => "Write it without `- ` and brackets.".to_owned(),
        _ => "Write a text, in quotes if need be.".to_owned(),
    }
}

/// A field that objects of this kind have not.
fn unknown_field(path: &Path, document: &Document) -> Problem {
    let (at, _) = path.locate(&document.node);
    let name = path.last().unwrap_or_default();
    let parent = path.parent();
    let known = fields::at(document.kind.name, &parent.0);
    let near = spelling::suggestion(name, known.iter().map(String::as_str));
    let owner = if parent.0.is_empty() { format!("a {}", document.kind.name) } else { format!("`{parent}`") };
    let elsewhere = || {
        let levels = [("the Pod's spec", "spec"), ("a container", "spec.containers[0]")];
        let level = levels.iter().find(|(_, level)| {
            Path::read(level)
                .is_some_and(|(level, _)| fields::at("Pod", &level.0).iter().any(|field| field == name))
        });
        level.filter(|_| document.kind.name == "Pod").map_or_else(String::new, |(level, _)| {
            format!(" It is a field of {level}: check the indentation.")
        })
    };
    let cure = if near.is_empty() { format!(".{}", elsewhere()) } else { near };
    problem(at, format!("`{name}` is not a field of {owner}{cure}"))
}

/// A value that the API's validation refuses.
fn invalid(field: &str, message: &str, document: &Document) -> Problem {
    let path = Path::read(field).map(|(path, _)| path);
    let (at, _) = path.as_ref().map_or((document.node.at, None), |path| path.locate(&document.node));
    let near = path.as_ref().map_or_else(String::new, |path| value_suggestion(path, message, document));
    problem(at, format!("{} {}, `{field}`: {}{near}", document.kind.name, document.name, sentence(message)))
}

/// The nearest right value, where the API names those that there are, or the document does.
fn value_suggestion(path: &Path, message: &str, document: &Document) -> String {
    let quoted =
        |text: &str| -> Vec<String> { text.split('"').skip(1).step_by(2).map(str::to_owned).collect() };
    let written = quoted(message.split(": supported values").next().unwrap_or_default()).into_iter().next();
    let Some(written) = written else {
        return String::new();
    };
    if let Some((_, values)) = message.split_once("supported values: ") {
        let values = quoted(values);
        return suggestion(&written, values.iter().map(String::as_str));
    }
    if message.starts_with("Not found") && path.to_string().contains(".volumeMounts[") {
        let spec = Path(path.0.iter().take_while(|segment| !is_containers(segment)).cloned().collect());
        let volumes =
            spec.locate(&document.node).1.and_then(|spec| spec.get("volumes")).and_then(Node::items);
        let names = volumes.unwrap_or_default().iter().filter_map(|volume| volume.get("name")?.text());
        let near = suggestion(&written, names);
        return if near.is_empty() { format!(" Declare the volume under `{spec}.volumes`.") } else { near };
    }
    String::new()
}

fn is_containers(segment: &Segment) -> bool {
    matches!(segment, Segment::Field(name) if ["containers", "initContainers"].contains(&name.as_str()))
}

fn suggestion<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    spelling::nearest(word, candidates).map_or_else(String::new, |near| format!(" Did you mean `{near}`?"))
}

/// The API's words as a sentence of their own, long enumerations of rules cut off.
fn sentence(words: &str) -> String {
    let words = words.split(" (e.g. '").next().unwrap_or(words).trim();
    let end = if words.ends_with(['.', '!', '?', ')']) { "" } else { "." };
    format!("{words}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Kind;
    use kube::core::response::{StatusCause, StatusDetails};
    use podlab_exercises::yaml::parse;

    const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: demo
  lables: {a: b}
spec:
  image: nginx
  restartPolicy: never
  volumes:
  - name: html
    emptyDir: {}
  containers:
  - name: web
    imagePullPolcy: Always
    command: sleep 3600
    args:
    - echo 'a: b'
    - while true; do echo 'Sidecar: $(date)'; done
    env:
    - {name: COUNT, value: 5}
    ports:
    - containerPort: \"80\"
    volumeMounts:
    - name: htlm
      mountPath: /x
  - name: web
";

    fn document() -> Document {
        let node = parse(POD).unwrap().unwrap();
        Document { node, kind: Kind::named("Pod").unwrap(), name: "demo".to_owned() }
    }

    fn status(message: &str, causes: &[(&str, &str)]) -> Status {
        let causes = causes
            .iter()
            .map(|(field, message)| StatusCause {
                reason: String::new(),
                message: (*message).to_owned(),
                field: (*field).to_owned(),
            })
            .collect();
        let details = StatusDetails {
            name: "demo".into(),
            group: String::new(),
            kind: "Pod".into(),
            uid: String::new(),
            causes,
            retry_after_seconds: 0,
        };
        Status { message: message.to_owned(), details: Some(details), ..Status::default() }
    }

    fn said(status: &Status) -> Vec<String> {
        let shown = |p: Problem| format!("{}:{} {}", p.line.unwrap(), p.column.unwrap(), p.message);
        problems(status, &document()).into_iter().map(shown).collect()
    }

    /// What is said of one error of server-side apply.
    fn typed(error: &str) -> String {
        let message = format!("failed to create typed patch object (ns/demo; /v1, Kind=Pod): {error}");
        said(&status(&message, &[])).remove(0)
    }

    #[test]
    fn unknown_fields_are_named_with_the_nearest_right_one() {
        let message = "failed to create typed patch object (ns/demo; /v1, Kind=Pod): errors:\n  .metadata.lables: field \
                       not declared in schema\n  .spec.containers[name=\"web\"].imagePullPolcy: field not declared in \
                       schema";
        assert_eq!(
            said(&status(message, &[])),
            [
                "5:3 `lables` is not a field of `metadata`; did you mean `labels`?",
                "14:5 `imagePullPolcy` is not a field of `spec.containers[name=web]`; did you mean `imagePullPolicy`?",
            ]
        );
        assert_eq!(
            said(&status(
                "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"metadata.lables\"",
                &[]
            )),
            ["5:3 `lables` is not a field of `metadata`; did you mean `labels`?"]
        );
    }

    #[test]
    fn a_field_at_the_wrong_level_is_recognised() {
        assert_eq!(
            typed(".spec.image: field not declared in schema"),
            "7:3 `image` is not a field of `spec`. It is a field of a container: check the indentation."
        );
    }

    #[test]
    fn values_of_the_wrong_type_are_shown_with_the_cure() {
        let web = ".spec.containers[name=\"web\"]";
        for (error, expected) in [
            (
                format!("{web}.command: expected list, got &{{sleep 3600}}"),
                "15:14 `spec.containers[name=web].command` must be a list, but it is the text `sleep 3600`. Each item of a list begins with `- `, or stands between [ ].",
            ),
            (
                format!(
                    "{web}.args[1]: expected string, got &value.valueUnstructured{{Value:map[string]interface {{}}{{}}}}"
                ),
                "18:7 `spec.containers[name=web].args[1]` must be a text, but it is a mapping. A colon and a space make a mapping out of a text: put the whole text in quotes.",
            ),
            (
                format!(
                    "{web}.env[name=\"COUNT\"].value: expected string, got &value.valueUnstructured{{Value:5}}"
                ),
                "20:28 `spec.containers[name=web].env[name=COUNT].value` must be a text, but it is the number 5. Quote it: \"5\".",
            ),
            (
                format!(
                    "{web}.ports[containerPort=\"80\",protocol=\"TCP\"].containerPort: expected numeric (int or float), got string"
                ),
                "22:22 `spec.containers[name=web].ports[containerPort=80,protocol=TCP].containerPort` must be a number, but it is the text `80`. Write it without quotes.",
            ),
            (
                ".spec.containers: duplicate entries for key [name=\"web\"]".to_owned(),
                "13:5 `spec.containers` has two items with the same name=\"web\". Each needs its own.",
            ),
        ] {
            assert_eq!(typed(&error), expected);
        }
    }

    #[test]
    fn invalid_values_keep_the_words_of_the_api_and_get_a_suggestion() {
        let invalid = status(
            "Pod \"demo\" is invalid",
            &[
                ("spec.containers[0].volumeMounts[0].name", "Not found: \"htlm\""),
                (
                    "spec.restartPolicy",
                    "Unsupported value: \"never\": supported values: \"Always\", \"OnFailure\", \"Never\"",
                ),
                ("spec.containers[1].image", "Required value"),
            ],
        );
        assert_eq!(
            said(&invalid),
            [
                "24:7 Pod demo, `spec.containers[0].volumeMounts[0].name`: Not found: \"htlm\". Did you mean `html`?",
                "8:3 Pod demo, `spec.restartPolicy`: Unsupported value: \"never\": supported values: \"Always\", \"OnFailure\", \"Never\". Did you mean `Never`?",
                "26:5 Pod demo, `spec.containers[1].image`: Required value.",
            ]
        );
    }

    #[test]
    fn what_does_not_fit_the_schema_is_the_learners_although_the_api_calls_it_internal() {
        let misfit = Status {
            code: 500,
            ..status("failed to create typed patch object (a/b; v1, Kind=Pod): .x: y", &[])
        };
        assert!(is_one(&misfit));
        assert!(!is_one(&Status { code: 500, ..status("etcdserver: request timed out", &[]) }));
        assert!(!is_one(&Status { code: 401, ..status("Unauthorized", &[]) }));
        assert!(is_one(&Status { code: 403, ..status("no", &[]) }));
    }

    #[test]
    fn other_refusals_are_told_in_the_words_of_the_api() {
        let forbidden = status("pods \"demo\" is forbidden: exceeded quota: sandbox", &[]);
        assert_eq!(
            said(&forbidden),
            ["4:9 The API refuses Pod demo: pods \"demo\" is forbidden: exceeded quota: sandbox."]
        );
    }
}
