//! What an exercise looks at to tell whether a task is done.
//!
//! A [`Check`] is a [`Subject`] (what is looked at, one file a kind), a condition on what is seen there, and the words
//! for a learner whose work does not meet it. Kinds that ask one fixed thing (`ready`, `probe`, `unreachable`,
//! `absent`) bring their condition along; the others have one in CEL.
//!
//! | kind | passes when | variables of its condition and its templates |
//! | --- | --- | --- |
//! | [`object`](Object) | the object exists and the condition holds | `object`, or `objects` where several are meant |
//! | [`ready`](Ready) | the object has the status condition, for a while where asked | `object` |
//! | [`exec`](Exec) | the condition holds, or without one the exit code is 0 | `exitCode`, `stdout`, `stderr`, `nonce` |
//! | [`probe`](Probe) | what is written in one container is read in another | `written`, `read`, `stderr` |
//! | [`logs`](Logs) | the condition holds | `text`, `lines` |
//! | [`http`](Http) | the condition holds, or without one the status is 200 | `status`, `text`, `json`, `headers`, `nonce`, `other` |
//! | [`unreachable`](Unreachable) | nothing answers | `status`, `text` |
//! | [`event`](Event) | such an event exists and the condition holds | `events` |
//! | [`absent`](Absent) | no such object exists | `objects` |
//!
//! `exec`, `logs` and `http` can look a second time (`again: 10s`); `earlier` then holds what was seen first.
//! The kinds `file` (something that the learner produced) and `answer` (a question) are not there yet: they need a
//! place where the learner works, which a submitted manifest has not.

mod absent;
mod event;
mod exec;
mod http;
mod logs;
mod object;
mod place;
mod probe;
mod ready;
mod unreachable;

use std::time::Duration;

use serde::Deserialize;

pub use absent::Absent;
pub use event::Event;
pub use exec::Exec;
pub use http::Http;
pub use logs::Logs;
pub use object::Object;
pub use place::{Container, PodRef, Port};
pub use probe::{File, Probe};
pub use ready::Ready;
pub use unreachable::Unreachable;

use super::period::Period;
use crate::{
    cel::{Expression, Template},
    yaml::{Located, Misfit, Node, decode},
};

/// One requirement, with all that is needed to decide it and to speak about it.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its id within the exercise.
    pub id: String,
    /// What holds when it passes, as a sentence without a full stop.
    pub title: String,
    /// The points to be had.
    pub points: u32,
    /// The checks that must have passed before this one means anything.
    pub needs: Vec<String>,
    /// How long, in cluster time, a failing check is looked at again before it has failed.
    pub within: Duration,
    /// What is looked at.
    pub subject: Subject,
    /// What must hold there; `None` for what the kind itself asks.
    pub condition: Option<Expression>,
    /// What the learner is told when it does not; `None` for the kind's own words.
    pub otherwise: Option<Template>,
    /// Hints, from the gentlest to the one that all but says it; Markdown.
    pub hints: Vec<String>,
}

/// What a check looks at.
#[derive(Clone, Debug)]
pub enum Subject {
    /// An object of the API, or several.
    Object(Object),
    /// A status condition of an object.
    Ready(Ready),
    /// A command in a container.
    Exec(Exec),
    /// A file that two containers should share.
    Probe(Probe),
    /// A container's log.
    Logs(Logs),
    /// An answer over HTTP.
    Http(Http),
    /// A port that should not answer.
    Unreachable(Unreachable),
    /// An event.
    Event(Event),
    /// An object that should not be there.
    Absent(Absent),
}

/// Whether a kind's condition is given in CEL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    /// It must be: the kind alone asks nothing.
    Required,
    /// It may be.
    Optional,
    /// The kind brings its own.
    Fixed,
}

/// What every kind of check says about itself.
trait Spec {
    /// Whether its condition is given in CEL.
    const CONDITION: Condition;
    /// How long it is looked at again where the exercise does not say.
    const WITHIN: Duration;
    /// What its condition and its templates can speak of.
    fn variables(&self) -> Vec<&'static str>;
    /// What is wrong with it beyond the types of its fields.
    fn faults(&self) -> Vec<String>;
    /// The objects that it expects a learner to make: kind and name.
    fn expects(&self) -> Vec<(String, String)>;
}

impl Subject {
    fn spec(&self) -> (Condition, Duration, Vec<&'static str>, Vec<String>) {
        fn of<S: Spec>(spec: &S) -> (Condition, Duration, Vec<&'static str>, Vec<String>) {
            (S::CONDITION, S::WITHIN, spec.variables(), spec.faults())
        }
        match self {
            Self::Object(spec) => of(spec),
            Self::Ready(spec) => of(spec),
            Self::Exec(spec) => of(spec),
            Self::Probe(spec) => of(spec),
            Self::Logs(spec) => of(spec),
            Self::Http(spec) => of(spec),
            Self::Unreachable(spec) => of(spec),
            Self::Event(spec) => of(spec),
            Self::Absent(spec) => of(spec),
        }
    }

    /// The objects that this expects a learner to make: kind and name.
    pub fn expects(&self) -> Vec<(String, String)> {
        match self {
            Self::Object(spec) => spec.expects(),
            Self::Ready(spec) => spec.expects(),
            Self::Exec(spec) => spec.expects(),
            Self::Probe(spec) => spec.expects(),
            Self::Logs(spec) => spec.expects(),
            Self::Http(spec) => spec.expects(),
            Self::Unreachable(spec) => spec.expects(),
            Self::Event(spec) => spec.expects(),
            Self::Absent(spec) => spec.expects(),
        }
    }
}

/// A check as it stands in the file.
#[derive(Deserialize)]
struct Raw {
    id: String,
    title: String,
    #[serde(default = "one")]
    points: u32,
    #[serde(default)]
    needs: Vec<String>,
    within: Option<Period>,
    object: Option<Object>,
    ready: Option<Ready>,
    exec: Option<Exec>,
    probe: Option<Probe>,
    logs: Option<Logs>,
    http: Option<Http>,
    unreachable: Option<Unreachable>,
    event: Option<Event>,
    absent: Option<Absent>,
    cel: Option<Located<String>>,
    otherwise: Option<Located<String>>,
    #[serde(default)]
    hints: Vec<String>,
}

/// The kinds of check, as they are written.
const KINDS: &str = "object, ready, exec, probe, logs, http, unreachable, event, absent";

fn one() -> u32 {
    1
}

impl Check {
    /// Reads a check, adding all that is wrong with it to `misfits`.
    pub(super) fn read(node: &Node, misfits: &mut Vec<Misfit>) -> Option<Self> {
        let raw: Raw = decode(node, misfits)?;
        let mut misfit = |message: String, at| misfits.push(Misfit { message, at });
        let mut subjects: Vec<Subject> = [
            raw.object.map(Subject::Object),
            raw.ready.map(Subject::Ready),
            raw.exec.map(Subject::Exec),
            raw.probe.map(Subject::Probe),
            raw.logs.map(Subject::Logs),
            raw.http.map(Subject::Http),
            raw.unreachable.map(Subject::Unreachable),
            raw.event.map(Subject::Event),
            raw.absent.map(Subject::Absent),
        ]
        .into_iter()
        .flatten()
        .collect();
        let subject = subjects.pop();
        let Some(subject) = subject.filter(|_| subjects.is_empty()) else {
            misfit(format!("check `{}` must have exactly one of {KINDS}", raw.id), node.at);
            return None;
        };
        let (wanted, within, variables, faults) = subject.spec();
        for fault in faults {
            misfit(format!("check `{}`: {fault}", raw.id), node.at);
        }
        match (wanted, &raw.cel) {
            (Condition::Required, None) => {
                misfit(format!("check `{}` needs a condition: `cel`", raw.id), node.at)
            }
            (Condition::Fixed, Some(cel)) => {
                misfit(format!("check `{}` is of a kind that takes no `cel`", raw.id), cel.at);
            }
            _ => {}
        }
        let condition = raw.cel.and_then(|cel| {
            Expression::compile(&cel.value, &variables)
                .map_err(|error| misfit(format!("check `{}`, cel: {error}", raw.id), cel.at))
                .ok()
        });
        let otherwise = raw.otherwise.and_then(|text| {
            Template::compile(&text.value, &variables)
                .map_err(|error| misfit(format!("check `{}`, otherwise: {error}", raw.id), text.at))
                .ok()
        });
        if raw.title.trim().is_empty() || raw.hints.iter().any(|hint| hint.trim().is_empty()) {
            misfit(format!("check `{}` has an empty title or hint", raw.id), node.at);
        }
        Some(Self {
            id: raw.id,
            title: raw.title,
            points: raw.points,
            needs: raw.needs,
            within: raw.within.map_or(within, Duration::from),
            subject,
            condition,
            otherwise,
            hints: raw.hints,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    pub(super) fn read(text: &str) -> (Option<Check>, Vec<String>) {
        let mut misfits = Vec::new();
        let check = Check::read(&parse(text).unwrap().unwrap(), &mut misfits);
        (check, misfits.into_iter().map(|m| format!("{}:{} {}", m.at.line, m.at.column, m.message)).collect())
    }

    #[test]
    fn a_check_is_read_with_its_defaults() {
        let (check, misfits) = read(
            "id: two\ntitle: There are two\nobject: {kind: Pod, name: mc1}\n\
             cel: containers(object).size() == 2\notherwise: 'It has {{ containers(object).map(c, c.name) }}.'\n",
        );
        assert_eq!(misfits, [""; 0]);
        let check = check.unwrap();
        assert_eq!((check.points, check.within), (1, Duration::ZERO));
        assert!(check.condition.is_some() && check.otherwise.is_some());
    }

    #[test]
    fn everything_that_is_wrong_with_a_check_is_said_at_once() {
        let (_, misfits) = read(
            "id: a\ntitle: ''\nobject: {kind: Pod, nam: mc1}\ncel: objct.spec == 1\notherwise: '{{ x }}'\nhint: a\n",
        );
        assert_eq!(
            misfits,
            [
                "3:21 unknown key `nam`; did you mean `name`?",
                "6:1 unknown key `hint`; did you mean `hints`?",
                "4:6 check `a`, cel: unknown variable `objct`; did you mean `objects`?",
                "5:12 check `a`, otherwise: in `{{ x }}`: unknown variable `x`; known are objects",
                "1:1 check `a` has an empty title or hint",
            ]
        );
    }

    #[test]
    fn a_check_has_exactly_one_kind() {
        let none = read("id: a\ntitle: A\n").1;
        assert!(none[0].contains("exactly one of object, ready"), "{none:?}");
        let two = read("id: a\ntitle: A\nready: {pod: x}\nabsent: {kind: Pod, name: x}\n").1;
        assert!(two[0].contains("exactly one of"), "{two:?}");
    }

    #[test]
    fn a_condition_is_given_where_the_kind_has_none_and_nowhere_else() {
        let logs = read("id: a\ntitle: A\nlogs: {pod: x}\n").1;
        assert!(logs[0].contains("needs a condition"), "{logs:?}");
        let ready = read("id: a\ntitle: A\nready: {pod: x}\ncel: 'true'\n").1;
        assert!(ready[0].starts_with("4:6") && ready[0].contains("takes no `cel`"), "{ready:?}");
    }
}
