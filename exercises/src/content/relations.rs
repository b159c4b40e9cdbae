//! What the parts of an exercise say about each other: ids are unique, tasks and checks and needs belong together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Check, fault::Found};
use crate::{
    exercise::Task,
    spelling,
    yaml::{Node, Position},
};

/// The ids of all checks in the file, also of those that could not be read for another reason.
pub(super) fn check_ids(node: &Node) -> Vec<String> {
    places(node, "checks").into_keys().collect()
}

/// Where each item of a list stands, by its id.
fn places(node: &Node, list: &str) -> BTreeMap<String, Position> {
    let items = node.get("spec").and_then(|spec| spec.get(list)).and_then(Node::items).unwrap_or_default();
    let place = |item: &Node| Some((item.get("id")?.text()?.to_owned(), item.at));
    items.iter().filter_map(place).collect()
}

/// Checks tasks against checks, and checks against each other; `node` is the file, for the places.
pub(super) fn check(node: &Node, tasks: &[Task], checks: &[Check], found: &mut Found<'_>) {
    let (task_places, check_places) = (places(node, "tasks"), places(node, "checks"));
    ids("task", tasks.iter().map(|task| task.id.as_str()), &task_places, found);
    ids("check", checks.iter().map(|check| check.id.as_str()), &check_places, found);

    let known: Vec<&str> = check_places.keys().map(String::as_str).collect();
    let mut claimed = BTreeSet::new();
    for task in tasks {
        let at = task_places.get(&task.id).copied();
        if task.checks.is_empty() {
            found.add(at, format!("task `{}` has no check", task.id));
        }
        for id in &task.checks {
            if !known.contains(&id.as_str()) {
                let near = spelling::suggestion(id, known.iter().copied());
                found.add(at, format!("task `{}` names the check `{id}`, which there is not{near}", task.id));
            } else if !claimed.insert(id.as_str()) {
                found.add(at, format!("the check `{id}` belongs to two tasks"));
            }
        }
    }
    for check in checks {
        let at = check_places.get(&check.id).copied();
        if !claimed.contains(check.id.as_str()) {
            found.add(at, format!("the check `{}` belongs to no task", check.id));
        }
        for need in check.needs.iter().filter(|need| !known.contains(&need.as_str())) {
            let near = spelling::suggestion(need, known.iter().copied());
            found.add(at, format!("check `{}` needs `{need}`, which there is not{near}", check.id));
        }
        if let Some(circle) = circle(check, checks) {
            found.add(at, format!("check `{}` needs itself: {circle}", check.id));
        }
    }
}

fn ids<'a>(
    what: &str,
    ids: impl Iterator<Item = &'a str>,
    places: &BTreeMap<String, Position>,
    found: &mut Found<'_>,
) {
    let mut seen = BTreeSet::new();
    for id in ids {
        let at = places.get(id).copied();
        if !seen.insert(id) {
            found.add(at, format!("there are two {what}s with the id `{id}`"));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || !id.chars().all(plain) {
            found.add(at, format!("the id `{id}` must be made of lower-case letters, digits and `-`"));
        }
    }
}

/// The way from a check over its needs back to itself, where there is one.
fn circle(start: &Check, checks: &[Check]) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<(&str, String)> =
        start.needs.iter().map(|need| (need.as_str(), format!("{} → {need}", start.id))).collect();
    while let Some((id, path)) = open.pop() {
        if id == start.id {
            return Some(path);
        }
        if seen.insert(id)
            && let Some(check) = checks.iter().find(|check| check.id == id)
        {
            open.extend(check.needs.iter().map(|need| (need.as_str(), format!("{path} → {need}"))));
        }
    }
    None
}

/// Whether a mistake says what it is a mistake against.
pub(super) fn trips(mistake: &Answer, known: &[String], found: &mut Found<'_>) {
    if mistake.head.trips.is_empty() && mistake.head.problem.is_none() {
        found.add(
            None,
            "the head must name the checks that this trips (`# trips: [...]`) or the `problem` it causes",
        );
    }
    for id in mistake.head.trips.iter().filter(|id| !known.contains(id)) {
        let near = spelling::suggestion(id, known.iter().map(String::as_str));
        found.add(None, format!("the head names the check `{id}`, which there is not{near}"));
    }
}

/// Whether a solution claims to be one.
pub(super) fn trips_nothing(solution: &Answer, found: &mut Found<'_>) {
    if !solution.head.trips.is_empty() || solution.head.problem.is_some() {
        found.add(None, "a solution trips nothing and causes no problem");
    }
}
