//! Decides checks: one file a kind, each a function from the scene to a [`Finding`]; here, when to look again.

mod absent;
mod event;
mod exec;
mod http;
mod logs;
mod object;
mod probe;
mod ready;
mod unreachable;

use std::time::Duration;

use podlab_exercises::{
    CheckResult, Outcome,
    cel::{EvalError, Variables},
    content::check::{Check, Subject},
};

use crate::{
    nonce::nonce,
    observe::{container::with_nonce, scene::Scene},
};

/// How often what cannot be watched is looked at again.
const POLL: Duration = Duration::from_millis(500);

/// What a look at the scene showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// What the check asks for.
    Pass {
        /// What was seen, in short.
        observed: Option<String>,
    },
    /// Something else.
    Fail {
        /// What the learner is told.
        message: String,
        /// What was seen, in short.
        observed: Option<String>,
        /// Whether it is of no use to look again.
        last: bool,
    },
    /// Nothing, through no fault of the learner.
    Error {
        /// Why.
        message: String,
    },
}

impl Finding {
    pub(crate) fn fail(message: impl Into<String>) -> Self {
        Self::Fail { message: message.into(), observed: None, last: false }
    }

    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self::Error { message: message.into() }
    }

    /// A failure with what was seen beside it.
    fn fail_seeing(message: impl Into<String>, observed: impl Into<String>) -> Self {
        Self::Fail { message: message.into(), observed: Some(observed.into()), last: false }
    }

    /// A failure that stays.
    pub(crate) fn fail_for_good(message: impl Into<String>, observed: Option<String>) -> Self {
        Self::Fail { message: message.into(), observed, last: true }
    }
}

/// What one look needs to know beside its subject.
pub(crate) struct Look<'a> {
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) check: &'a Check,
    /// When the check's time is over, on the cluster's clock.
    pub(crate) deadline: Duration,
    /// A text that nobody could foresee.
    pub(crate) nonce: String,
}

impl Look<'_> {
    /// What the check's condition says of what was seen; without one, `otherwise_holds` decides.
    ///
    /// `seen` becomes the finding's observation, and `usual` its message where the exercise has no words of its own.
    fn judge(
        &self,
        variables: &Variables,
        otherwise_holds: bool,
        seen: Option<String>,
        usual: impl FnOnce() -> String,
    ) -> Finding {
        let (holds, why) = match &self.check.condition {
            None => (otherwise_holds, None),
            Some(condition) => match condition.holds(variables) {
                Ok(holds) => (holds, None),
                Err(EvalError::Observation(why)) => (false, Some(why)),
                Err(EvalError::Program(why)) => {
                    return Finding::error(format!("the check `{}` is wrong: {why}", self.check.id));
                }
            },
        };
        if holds {
            return Finding::Pass { observed: seen };
        }
        let message = match (&self.check.otherwise, why) {
            (Some(template), _) => template.render(variables),
            (None, Some(why)) => format!("{} ({why})", usual()),
            (None, None) => usual(),
        };
        Finding::Fail { message, observed: seen, last: false }
    }

    /// The exercise's words for a failure of a kind that brings its own condition, or the usual ones.
    fn words(&self, variables: &Variables, usual: String) -> String {
        self.check.otherwise.as_ref().map_or(usual, |template| template.render(variables))
    }

    fn with_nonce(&self, text: &str) -> String {
        with_nonce(text, &self.nonce)
    }

    fn clock(&self) -> &dyn crate::clock::Clock {
        &*self.scene.cluster.clock
    }
}

/// Decides a check: looks until it passes or its time is over.
pub(crate) async fn decide(check: &Check, scene: &Scene<'_>) -> CheckResult {
    let clock = &*scene.cluster.clock;
    let deadline = clock.uptime().saturating_add(check.within);
    loop {
        let mut changes = watched(&check.subject).and_then(|kind| scene.objects(kind));
        if let Some(changes) = &mut changes {
            changes.mark_unchanged();
        }
        let finding = look(&Look { scene, check, deadline, nonce: nonce() }).await;
        let settled = matches!(finding, Finding::Pass { .. } | Finding::Fail { last: true, .. });
        if settled || clock.uptime() >= deadline {
            return result(check, finding);
        }
        match changes {
            Some(mut changes) => {
                let change = async { changes.changed().await.is_ok() };
                tokio::select! {
                    true = change => {}
                    () = clock.sleep_until(deadline) => {}
                }
            }
            None => clock.sleep_until(deadline.min(clock.uptime().saturating_add(POLL))).await,
        }
    }
}

/// The kind of objects whose change is the reason to look again; `None` where nothing tells of a change.
fn watched(subject: &Subject) -> Option<&str> {
    match subject {
        Subject::Object(object) => Some(&object.kind),
        Subject::Ready(ready) => Some(ready.kind()),
        Subject::Absent(absent) => Some(&absent.kind),
        Subject::Event(_) => Some("Event"),
        _ => None,
    }
}

async fn look(look: &Look<'_>) -> Finding {
    match &look.check.subject {
        Subject::Object(spec) => object::look(spec, look).await,
        Subject::Ready(spec) => ready::look(spec, look).await,
        Subject::Exec(spec) => exec::look(spec, look).await,
        Subject::Probe(spec) => probe::look(spec, look).await,
        Subject::Logs(spec) => logs::look(spec, look).await,
        Subject::Http(spec) => http::look(spec, look).await,
        Subject::Unreachable(spec) => unreachable::look(spec, look).await,
        Subject::Event(spec) => event::look(spec, look).await,
        Subject::Absent(spec) => absent::look(spec, look).await,
    }
}

fn result(check: &Check, finding: Finding) -> CheckResult {
    let (outcome, message, observed) = match finding {
        Finding::Pass { observed } => (Outcome::Pass, String::new(), observed),
        Finding::Fail { message, observed, .. } => (Outcome::Fail, message, observed),
        Finding::Error { message } => {
            let message = format!("This could not be decided, which is not your fault: {message}.");
            (Outcome::Error, message, None)
        }
    };
    let points = if outcome == Outcome::Pass { check.points } else { 0 };
    CheckResult {
        id: check.id.clone(),
        title: check.title.clone(),
        outcome,
        points,
        max_points: check.points,
        message,
        observed,
    }
}

/// The result of a check that is not looked at.
pub(crate) fn skipped(check: &Check, message: impl Into<String>) -> CheckResult {
    CheckResult {
        id: check.id.clone(),
        title: check.title.clone(),
        outcome: Outcome::Skipped,
        points: 0,
        max_points: check.points,
        message: message.into(),
        observed: None,
    }
}
