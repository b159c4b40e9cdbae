//! What the parts of the exercise page share.

use leptos::prelude::*;
use podlab_exercises::{CheckResult, Outcome, Problem, Verdict};
use send_wrapper::SendWrapper;

use crate::{
    api::{ApiError, CheckView, ExercisePage, Solution, Standing, Submission, SubmissionState, TaskView},
    browser::{editor::Editor, focus},
};

/// The state of an exercise page. Copied freely: it holds handles alone.
#[derive(Clone, Copy)]
pub(crate) struct Bench {
    /// The exercise as it came from the server.
    pub(crate) page: StoredValue<ExercisePage>,
    /// What stands in the editor.
    pub(crate) text: RwSignal<String>,
    /// What stood in the editor before it was replaced as a whole, and what replaced it.
    pub(crate) replaced: RwSignal<Option<Replaced>>,
    /// Whether the draft has reached the server.
    pub(crate) saving: RwSignal<Saving>,
    /// The submission that the verdict is about.
    pub(crate) shown: RwSignal<Option<Shown>>,
    /// Where its grading is.
    pub(crate) grading: RwSignal<Grading>,
    /// What has been decided so far.
    pub(crate) results: RwSignal<Vec<CheckResult>>,
    /// The learner's standing.
    pub(crate) standing: RwSignal<Standing>,
    /// The solutions, once they may be seen.
    pub(crate) solutions: RwSignal<Option<Vec<Solution>>>,
    /// Whether the brief's drawer is open, where the brief is one.
    pub(crate) drawer: RwSignal<bool>,
    /// The editor, once it has been laid over the textarea.
    pub(crate) editor: StoredValue<Option<SendWrapper<Editor>>>,
}

/// A text that was replaced as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// The text before.
    pub(crate) before: String,
    /// What happened, in words.
    pub(crate) words: &'static str,
}

/// Whether the draft has reached the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Saving {
    /// Nothing was typed since the page came.
    Untouched,
    /// Typed, or on its way.
    Pending,
    /// The server has it.
    Saved,
    /// The server does not answer; tried again until it does. `kept` says whether this browser could keep it.
    Offline { kept: bool },
    /// The server refuses it.
    Refused(String),
}

/// The submission that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its number.
    pub(crate) id: i64,
    /// When it was recorded (RFC 3339, UTC).
    pub(crate) at: String,
    /// What was submitted.
    pub(crate) manifest: String,
}

/// Where the grading of the submission shown is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grading {
    /// Nothing submitted.
    Idle,
    /// On its way to the server.
    Sending,
    /// Recorded; `phase` says what is being done, `lost` that the connection is being mended.
    Running { phase: String, cluster_ms: u64, lost: bool },
    /// Decided.
    Done(Verdict),
    /// podlab stopped before the verdict.
    Interrupted,
    /// Not recorded.
    Refused(ApiError),
}

impl Grading {
    /// Of a submission, as it came from the server.
    pub(crate) fn of(submission: &Submission) -> Self {
        match (&submission.verdict, submission.state) {
            (Some(verdict), _) => Self::Done(verdict.clone()),
            (None, SubmissionState::Interrupted) => Self::Interrupted,
            (None, _) => Self::running(),
        }
    }

    /// Just begun.
    pub(crate) fn running() -> Self {
        Self::Running { phase: "Waiting for a sandbox".to_owned(), cluster_ms: 0, lost: false }
    }

    /// Whether a verdict is being waited for.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Sending | Self::Running { .. })
    }

    /// The verdict's problems.
    pub(crate) fn problems(&self) -> &[Problem] {
        if let Self::Done(verdict) = self { &verdict.problems } else { &[] }
    }
}

/// The parts of the page, where only one of them fits on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Panel {
    Brief,
    Manifest,
    Verdict,
}

impl Panel {
    /// The name of the panel's tab in the document.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Brief => "tab-brief",
            Self::Manifest => "tab-manifest",
            Self::Verdict => "tab-verdict",
        }
    }

    /// Brings the panel to the front.
    pub(crate) fn show(self) {
        use wasm_bindgen::JsCast;
        if let Some(tab) =
            focus::element(self.id()).and_then(|it| it.dyn_into::<web_sys::HtmlInputElement>().ok())
        {
            tab.set_checked(true);
        }
    }
}

impl Bench {
    /// For an exercise and the submission to show.
    pub(crate) fn new(page: ExercisePage, shown: Option<Submission>) -> Self {
        let grading = shown.as_ref().map_or(Grading::Idle, Grading::of);
        let results = match &grading {
            Grading::Done(verdict) => verdict.checks.clone(),
            _ => vec![],
        };
        Self {
            text: RwSignal::new(page.draft.clone().unwrap_or_else(|| page.starter.clone())),
            replaced: RwSignal::new(None),
            saving: RwSignal::new(Saving::Untouched),
            shown: RwSignal::new(shown.map(Shown::from)),
            grading: RwSignal::new(grading),
            results: RwSignal::new(results),
            standing: RwSignal::new(page.standing),
            solutions: RwSignal::new(page.solutions.clone()),
            // The brief is what one reads first; once something was submitted, the verdict is.
            drawer: RwSignal::new(page.last.is_none()),
            editor: StoredValue::new(None),
            page: StoredValue::new(page),
        }
    }

    /// The exercise's name.
    pub(crate) fn name(self) -> String {
        self.page.with_value(|page| page.exercise.name.clone())
    }

    /// Replaces what stands in the editor; the learner can take it back.
    pub(crate) fn put(self, text: String, words: &'static str) {
        let before = self.text.get_untracked();
        if before != text {
            self.text.set(text);
            self.replaced.set(Some(Replaced { before, words }));
        }
        Panel::Manifest.show();
    }

    /// Takes over what changed on the server since the page came.
    pub(crate) fn refresh(self, page: &ExercisePage) {
        self.standing.set(page.standing);
        // Re-rendering the solutions would close what the learner has opened among them.
        if self.solutions.read_untracked() != page.solutions {
            self.solutions.set(page.solutions.clone());
        }
    }

    /// The checks, in the order of the tasks that they belong to.
    pub(crate) fn checks(self) -> Vec<CheckView> {
        self.page.with_value(|page| page.tasks.iter().flat_map(|task| task.checks.clone()).collect())
    }

    /// The number, from 1, and the text of the task that a check belongs to.
    pub(crate) fn task_of(self, check: &str) -> Option<(usize, String)> {
        self.page.with_value(|page| {
            let belongs = |task: &TaskView| task.checks.iter().any(|other| other.id == check);
            page.tasks.iter().position(belongs).map(|index| (index + 1, page.tasks[index].html.clone()))
        })
    }

    /// The first check that failed, in the order of the tasks.
    pub(crate) fn first_failure(self) -> Option<String> {
        let results = self.results.read_untracked();
        let failed =
            |id: &String| results.iter().any(|result| result.id == *id && result.outcome == Outcome::Fail);
        self.checks().into_iter().map(|check| check.id).find(failed)
    }
}

impl From<Submission> for Shown {
    fn from(Submission { id, at, manifest, .. }: Submission) -> Self {
        Self { id, at, manifest }
    }
}
