//! What of a submission may be applied: objects of the kinds that the exercise uses, in the sandbox and nowhere else.

use std::collections::BTreeMap;

use podlab_exercises::{
    Problem,
    content::{Content, ExerciseContent},
    spelling,
    yaml::{Node, Position},
};

use super::{Document, problem};
use crate::kinds::Kind;

/// Admits all documents or reports everything that is wrong with any.
pub(super) fn admit(
    nodes: Vec<Node>,
    exercise: &ExerciseContent,
    content: &Content,
) -> Result<Vec<Document>, Vec<Problem>> {
    let identities: Vec<(String, String)> = nodes.iter().filter_map(identity).collect();
    if let Some(problem) = for_another_exercise(&nodes, &identities, exercise, content) {
        return Err(vec![problem]);
    }
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    let mut seen: BTreeMap<(&'static str, String), Position> = BTreeMap::new();
    for node in nodes {
        let document = match admit_one(node, exercise) {
            Ok(document) => document,
            Err(mut found) => {
                problems.append(&mut found);
                continue;
            }
        };
        let identity = (document.kind.name, document.name.clone());
        if let Some(first) = seen.insert(identity, document.node.at) {
            problems.push(problem(
                document.node.at,
                format!(
                    "{} {} is given twice, here and at line {}. Only the last of them would stay: keep one.",
                    document.kind.name, document.name, first.line
                ),
            ));
        }
        documents.push(document);
    }
    if problems.is_empty() { Ok(documents) } else { Err(problems) }
}

/// Kind and name, where both are there.
fn identity(node: &Node) -> Option<(String, String)> {
    let kind = node.get("kind")?.text()?;
    let name = node.get("metadata")?.get("name")?.text()?;
    Some((kind.to_owned(), name.to_owned()))
}

/// Says so when nothing here is what the exercise asks for, and something is what another one does.
fn for_another_exercise(
    nodes: &[Node],
    identities: &[(String, String)],
    exercise: &ExerciseContent,
    content: &Content,
) -> Option<Problem> {
    let expected = exercise.expects();
    if expected.is_empty() || expected.iter().any(|object| identities.contains(object)) {
        return None;
    }
    let other = content.made_for(identities, &exercise.exercise.name)?;
    let at = nodes.first().map_or(Position::START, |node| node.at);
    let list = |objects: &[(String, String)]| {
        let names: Vec<String> = objects.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
        names.join(", ")
    };
    Some(problem(
        at,
        format!(
            "This looks like a manifest for the exercise {} (\"{}\"): it makes {}. The exercise {} asks for {}.",
            other.exercise.name,
            other.exercise.title,
            list(identities),
            exercise.exercise.name,
            list(&expected),
        ),
    ))
}

fn admit_one(node: Node, exercise: &ExerciseContent) -> Result<Document, Vec<Problem>> {
    let Some(entries) = node.entries() else {
        let message = format!(
            "A manifest is a mapping that begins with apiVersion, kind and metadata; {} stands here.",
            node.data.describe()
        );
        return Err(vec![problem(node.at, message)]);
    };
    let top = ["apiVersion", "kind", "metadata"];
    let missing = top.into_iter().find(|key| node.get(key).is_none());
    if let Some(missing) = missing {
        let written = entries.iter().map(|(key, _)| key);
        let near = written
            .filter(|key| !top.contains(&key.name.as_str()))
            .find(|key| spelling::nearest(&key.name, [missing]).is_some());
        let (at, seen) =
            near.map_or((node.at, String::new()), |key| (key.at, format!(" `{}` stands here.", key.name)));
        return Err(vec![problem(
            at,
            format!("This object has no `{missing}`.{seen} Add it{}.", example(missing)),
        )]);
    }
    let mut problems = Vec::new();
    let kind = kind(&node, exercise).map_err(|found| problems.push(found)).ok();
    let name = name(&node).map_err(|found| problems.push(found)).ok();
    problems.extend(elsewhere(&node, exercise));
    match (kind, name) {
        (Some(kind), Some(name)) if problems.is_empty() => Ok(Document { node, kind, name }),
        _ => Err(problems),
    }
}

fn example(key: &str) -> &'static str {
    match key {
        "apiVersion" => ", `apiVersion: v1` for a Pod",
        "kind" => ", `kind: Pod` for a Pod",
        _ => ", with a `name` below it",
    }
}

/// The kind, if it exists, lives in a namespace and is one that the exercise uses.
fn kind(node: &Node, exercise: &ExerciseContent) -> Result<Kind, Problem> {
    let at = |key| node.get(key).map_or(node.at, |value: &Node| value.at);
    let written = |key| node.get(key).and_then(Node::text);
    let Some(name) = written("kind") else {
        return Err(problem(at("kind"), "`kind` must be a text such as Pod."));
    };
    let Some(api_version) = written("apiVersion") else {
        return Err(problem(at("apiVersion"), "`apiVersion` must be a text such as v1."));
    };
    let allowed = exercise.allows.join(", ");
    let Some(kind) = Kind::named(name) else {
        let near = Kind::nearest(name).map_or_else(
            || format!(" This exercise takes {allowed}."),
            |kind| format!(" Did you mean `{}`? Kinds are written in this very way.", kind.name),
        );
        return Err(problem(at("kind"), format!("There is no kind `{name}`.{near}")));
    };
    if !kind.namespaced {
        return Err(problem(
            at("kind"),
            format!(
                "A {name} does not live in a namespace: it would reach beyond your sandbox. Leave it out; this exercise \
                 takes {allowed}."
            ),
        ));
    }
    if !exercise.allows.iter().any(|allowed| allowed == name) {
        return Err(problem(
            at("kind"),
            format!("This exercise does not use the kind {name}. It takes {allowed}. Leave it out."),
        ));
    }
    if api_version != kind.api_version {
        return Err(problem(
            at("apiVersion"),
            format!("`{api_version}` has no kind {name}. Write `apiVersion: {}`.", kind.api_version),
        ));
    }
    Ok(kind)
}

fn name(node: &Node) -> Result<String, Problem> {
    let metadata = node.get("metadata");
    let at = metadata.map_or(node.at, |metadata| metadata.at);
    match metadata.and_then(|metadata| metadata.get("name")) {
        Some(name) => match name.text().filter(|text| !text.trim().is_empty()) {
            Some(text) => match no_path_segment(text) {
                None => Ok(text.to_owned()),
                Some(why) => Err(problem(name.at, format!("`metadata.name` is {text:?}, but a name {why}."))),
            },
            None => {
                let seen = name.data.describe();
                Err(problem(
                    name.at,
                    format!("`metadata.name` must be a text that is not empty; it is {seen}."),
                ))
            }
        },
        None => Err(problem(at, "`metadata` has no `name`. Every object needs one.")),
    }
}

/// Why a text cannot stand as one segment of a URL's path, which every name must: with such a name the address of the
/// object would be that of another one. (apimachinery's `IsValidPathSegmentName`.)
fn no_path_segment(name: &str) -> Option<String> {
    if matches!(name, "." | "..") {
        return Some(format!("may not be '{name}'"));
    }
    name.chars().find(|c| matches!(c, '/' | '%')).map(|c| format!("may not contain '{c}'"))
}

/// A namespace other than the sandbox.
fn elsewhere(node: &Node, exercise: &ExerciseContent) -> Option<Problem> {
    let namespace = node.get("metadata")?.get("namespace")?;
    let named = namespace.text().unwrap_or_default();
    if exercise.namespaces.iter().any(|alias| alias == named)
        || matches!(namespace.to_json(), serde_json::Value::Null)
    {
        return None;
    }
    Some(problem(
        namespace.at,
        format!(
            "`metadata.namespace` is {}. Your manifest is graded in a namespace of its own, so no other can be named: \
             remove this line.",
            namespace.data.describe()
        ),
    ))
}
