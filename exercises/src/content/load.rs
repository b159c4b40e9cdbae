//! From files to content, noting every fault on the way.

use std::time::Duration;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Answer, Content, ExerciseContent,
    check::Check,
    fault::{Fault, Faults, Found},
    files::Files,
    head,
    period::Period,
    relations, track,
};
use crate::{
    exercise::{Difficulty, Exercise, Mode, Task},
    yaml::{Node, decode, parse, parse_stream},
};

/// The file that makes a folder an exercise.
pub(super) const EXERCISE: &str = "exercise.yaml";
const BRIEF: &str = "README.md";
const STARTER: &str = "starter.yaml";

/// How long Pods may take to become ready, where the exercise does not say.
const SETTLE: Duration = Duration::from_secs(60);

/// Loads everything.
pub(super) fn content(files: &Files) -> Result<Content, Faults> {
    let mut faults = Vec::new();
    let names: Vec<String> = files.folders().map(str::to_owned).collect();
    if names.is_empty() {
        let message = format!("there is no exercise here: no folder holds a file {EXERCISE}");
        faults.push(Fault { file: files.root().to_owned(), at: None, message });
    }
    let tracks = track::tracks(files, &names, &mut faults);
    let mut exercises: Vec<ExerciseContent> =
        names.iter().filter_map(|name| exercise(files, name, &mut faults)).collect();
    for content in &mut exercises {
        let name = &content.exercise.name;
        let holds = |track: &&track::Track| track.exercises.contains(name);
        content.exercise.tracks = tracks.iter().filter(holds).map(|track| track.name.clone()).collect();
    }
    if !faults.is_empty() {
        faults.sort();
        faults.dedup();
        return Err(Faults(faults));
    }
    let order: Vec<&String> = tracks.iter().flat_map(|track| &track.exercises).collect();
    exercises.sort_by_key(|content| order.iter().position(|name| **name == content.exercise.name));
    Ok(Content { exercises, tracks })
}

/// `exercise.yaml` as it stands in the file; tasks and checks are read one by one, so that one that is wrong hides no
/// other.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    api_version: String,
    kind: String,
    metadata: RawMetadata,
    spec: RawSpec,
}

#[derive(Deserialize)]
struct RawMetadata {
    name: String,
    title: String,
}

#[derive(Deserialize)]
struct RawSpec {
    summary: String,
    minutes: u32,
    difficulty: Difficulty,
    #[serde(default = "manifest")]
    mode: Mode,
    #[serde(default = "usual_kinds")]
    allows: Vec<String>,
    #[serde(default)]
    namespaces: Vec<String>,
    settle: Option<Period>,
    #[serde(rename = "tasks")]
    _tasks: IgnoredAny,
    #[serde(rename = "checks")]
    _checks: IgnoredAny,
}

fn manifest() -> Mode {
    Mode::Manifest
}

fn usual_kinds() -> Vec<String> {
    ["Pod", "ConfigMap", "Secret", "Service"].map(str::to_owned).to_vec()
}

fn exercise(files: &Files, folder: &str, faults: &mut Vec<Fault>) -> Option<ExerciseContent> {
    let path = format!("{folder}/{EXERCISE}");
    let mut found = Found::new(&path, faults);
    let text = files.get(&path).or_else(|| {
        found.add(None, format!("the folder has files but no {EXERCISE}"));
        None
    })?;
    let node = match parse(text) {
        Ok(Some(node)) => node,
        Ok(None) => {
            found.add(None, "this file is empty");
            return None;
        }
        Err(error) => {
            found.syntax(&error);
            return None;
        }
    };
    let spec = node.get("spec");
    let tasks = each(spec.and_then(|spec| spec.get("tasks")), &mut found, |node, misfits| {
        decode::<Task>(node, misfits)
    });
    let checks = each(spec.and_then(|spec| spec.get("checks")), &mut found, Check::read);
    let mut misfits = Vec::new();
    let raw = decode::<Raw>(&node, &mut misfits);
    found.misfits(misfits);
    relations::check(&node, &tasks, &checks, &mut found);
    let beside = Beside::read(files, folder, &relations::check_ids(&node), faults);
    let raw = raw?;
    let mut found = Found::new(&path, faults);
    if raw.api_version != "podlab.dev/v1" || raw.kind != "Exercise" {
        found.add(Some(node.at), "an exercise has `apiVersion: podlab.dev/v1` and `kind: Exercise`");
    }
    if raw.metadata.name != folder {
        found.add(None, format!("`metadata.name` is `{}`; it must be the folder's name", raw.metadata.name));
    }
    Some(ExerciseContent {
        exercise: Exercise {
            name: raw.metadata.name,
            title: raw.metadata.title,
            summary: raw.spec.summary,
            tracks: Vec::new(),
            minutes: raw.spec.minutes,
            difficulty: raw.spec.difficulty,
            mode: raw.spec.mode,
            tasks,
        },
        brief: beside.brief,
        starter: beside.starter,
        allows: raw.spec.allows,
        namespaces: raw.spec.namespaces,
        settle: raw.spec.settle.map_or(SETTLE, Duration::from),
        checks,
        solutions: beside.solutions,
        mistakes: beside.mistakes,
    })
}

/// Reads each item of a list on its own.
fn each<T>(
    list: Option<&Node>,
    found: &mut Found<'_>,
    read: impl Fn(&Node, &mut Vec<crate::yaml::Misfit>) -> Option<T>,
) -> Vec<T> {
    let Some(list) = list else {
        return Vec::new();
    };
    let Some(items) = list.items().filter(|items| !items.is_empty()) else {
        found.add(Some(list.at), "this must be a list with at least one item");
        return Vec::new();
    };
    let mut misfits = Vec::new();
    let values = items.iter().filter_map(|item| read(item, &mut misfits)).collect();
    found.misfits(misfits);
    values
}

/// What stands beside `exercise.yaml`.
#[derive(Default)]
struct Beside {
    brief: String,
    starter: String,
    solutions: Vec<Answer>,
    mistakes: Vec<Answer>,
}

impl Beside {
    fn read(files: &Files, folder: &str, checks: &[String], faults: &mut Vec<Fault>) -> Self {
        let mut beside = Self::default();
        for (below, text) in files.under(folder) {
            let mut found = Found::new(format!("{folder}/{below}"), faults);
            let yaml =
                |name: &'static str| below.strip_prefix(name).and_then(|file| file.strip_suffix(".yaml"));
            match below {
                EXERCISE => {}
                BRIEF => text.clone_into(&mut beside.brief),
                STARTER => text.clone_into(&mut beside.starter),
                _ => match (yaml("solutions/"), yaml("mistakes/")) {
                    (Some(name), _) => {
                        syntax(text, &mut found);
                        let solution = answer(name, text, &mut found);
                        solution.iter().for_each(|solution| relations::trips_nothing(solution, &mut found));
                        beside.solutions.extend(solution);
                    }
                    (_, Some(name)) => {
                        let mistake = answer(name, text, &mut found);
                        mistake.iter().for_each(|mistake| relations::trips(mistake, checks, &mut found));
                        beside.mistakes.extend(mistake);
                    }
                    _ => found.add(None, "no such file belongs to an exercise"),
                },
            }
        }
        let mut found = Found::new(folder, faults);
        if beside.brief.trim().is_empty() {
            found.add(None, format!("the brief, {BRIEF}, is missing"));
        }
        let any = |kind: &str| files.under(folder).any(|(below, _)| below.starts_with(kind));
        for (kind, folder) in [("solution", "solutions/"), ("mistake", "mistakes/")] {
            if !any(folder) {
                found.add(None, format!("there is no {kind} under {folder}"));
            }
        }
        beside
    }
}

fn answer(name: &str, text: &str, found: &mut Found<'_>) -> Option<Answer> {
    let mut misfits = Vec::new();
    let (head, manifest) = head::split(text, &mut misfits);
    found.misfits(misfits);
    Some(Answer { name: name.to_owned(), head: head?, manifest })
}

fn syntax(text: &str, found: &mut Found<'_>) {
    for document in parse_stream(text) {
        if let Err(error) = document {
            found.syntax(&error);
        }
    }
}
