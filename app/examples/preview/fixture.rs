//! A made-up server: everything is kept in memory, for one learner.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::ready,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use podlab_app::api::{
    Api, ApiError, ApiFuture, Card, Catalogue, ClusterInfo, Draft, ExercisePage, Hint, HistoryEntry,
    NextExercise, ProgressPage, Standing, State, Status, Submission, SubmissionState,
};
use podlab_exercises::{Exercise, Progress};
use tokio::sync::watch;

use crate::{content, grading::Script};

/// The fixture.
#[derive(Default)]
pub(crate) struct Fixture {
    learner: Arc<Mutex<Learner>>,
}

#[derive(Default)]
struct Learner {
    drafts: BTreeMap<String, String>,
    given_up: BTreeSet<String>,
    submissions: Vec<(Submission, watch::Receiver<Vec<Progress>>)>,
}

impl Fixture {
    /// What the grading of a submission has told so far, and will.
    pub(crate) fn follow(&self, id: i64) -> Option<watch::Receiver<Vec<Progress>>> {
        let learner = self.learner();
        learner.submissions.iter().find(|(known, _)| known.id == id).map(|(_, told)| told.clone())
    }

    fn learner(&self) -> MutexGuard<'_, Learner> {
        lock(&self.learner)
    }

    fn page(&self, name: &str) -> Result<ExercisePage, ApiError> {
        let exercises = content::exercises();
        let (number, exercise) = exercises
            .iter()
            .enumerate()
            .find(|(_, exercise)| exercise.name == name)
            .ok_or_else(|| ApiError {
                status: 404,
                message: format!("There is no exercise called {name}. The catalogue lists those there are."),
            })?;
        let learner = self.learner();
        let standing = learner.standing(name);
        Ok(ExercisePage {
            exercise: exercise.clone(),
            brief_html: content::BRIEF.into(),
            tasks: content::tasks(),
            starter: content::STARTER.into(),
            draft: learner.drafts.get(name).cloned(),
            standing,
            last: learner.of(name).next_back().cloned(),
            solutions: matches!(standing.state, State::Solved | State::GivenUp).then(content::solutions),
            next: exercises
                .get(number + 1)
                .map(|next| NextExercise { name: next.name.clone(), title: next.title.clone() }),
            cluster: cluster(),
        })
    }
}

impl Learner {
    fn of<'a>(&'a self, exercise: &'a str) -> impl DoubleEndedIterator<Item = &'a Submission> {
        self.submissions.iter().map(|(submission, _)| submission).filter(move |it| it.exercise == exercise)
    }

    fn standing(&self, exercise: &str) -> Standing {
        let verdicts = || self.of(exercise).filter_map(|submission| submission.verdict.as_ref());
        let state = match self.of(exercise).count() {
            _ if verdicts().any(|verdict| verdict.passed) => State::Solved,
            _ if self.given_up.contains(exercise) => State::GivenUp,
            0 => State::New,
            _ => State::Tried,
        };
        Standing {
            state,
            best_points: verdicts().map(|verdict| verdict.points).max().unwrap_or(0),
            max_points: content::tasks().iter().flat_map(|task| &task.checks).map(|check| check.points).sum(),
            submissions: u32::try_from(self.of(exercise).count()).unwrap_or(u32::MAX),
        }
    }

    fn cards(&self) -> Vec<Card> {
        let card = |exercise: Exercise| Card { standing: self.standing(&exercise.name), exercise };
        content::exercises().into_iter().map(card).collect()
    }
}

impl Api for Fixture {
    fn status(&self) -> ApiFuture<'_, Status> {
        answer(Ok(Status { version: env!("CARGO_PKG_VERSION").into(), cluster: cluster() }))
    }

    fn catalogue(&self) -> ApiFuture<'_, Catalogue> {
        let learner = self.learner();
        let cards = learner.cards();
        let tried = cards.iter().find(|card| card.standing.state == State::Tried);
        let next = tried.or_else(|| cards.iter().find(|card| card.standing.state == State::New));
        let next = next.map(|card| card.exercise.name.clone());
        let returning = !learner.submissions.is_empty();
        answer(Ok(Catalogue { tracks: content::tracks(), cards, next, returning }))
    }

    fn exercise(&self, name: &str) -> ApiFuture<'_, ExercisePage> {
        answer(self.page(name))
    }

    fn save_draft(&self, name: &str, draft: Draft) -> ApiFuture<'_, ()> {
        self.learner().drafts.insert(name.into(), draft.manifest);
        answer(Ok(()))
    }

    fn submit(&self, name: &str, Draft { manifest }: Draft) -> ApiFuture<'_, Submission> {
        let mut learner = self.learner();
        let submission = Submission {
            id: learner.submissions.len() as i64 + 1,
            exercise: name.into(),
            at: "2026-11-21T03:44:05Z".into(),
            state: SubmissionState::Grading,
            manifest: manifest.clone(),
            verdict: None,
        };
        learner.drafts.insert(name.into(), manifest.clone());
        let (told, listen) = watch::channel(vec![]);
        learner.submissions.push((submission.clone(), listen));
        let Script { steps, pause } = Script::of(name, &manifest);
        let (shared, number) = (self.learner.clone(), learner.submissions.len() - 1);
        tokio::spawn(async move {
            for step in steps {
                tokio::time::sleep(pause).await;
                if let Progress::Done { verdict } = &step {
                    record(&shared, number, |it| it.verdict = Some(verdict.clone()));
                    record(&shared, number, |it| it.state = SubmissionState::Graded);
                }
                told.send_modify(|told| told.push(step));
            }
            record(&shared, number, |it| {
                if it.verdict.is_none() {
                    it.state = SubmissionState::Interrupted;
                }
            });
        });
        answer(Ok(submission))
    }

    fn hint(&self, _: &str, _: &str, number: usize) -> ApiFuture<'_, Hint> {
        let html = content::HINTS[(number - 1) % content::HINTS.len()].into();
        answer(Ok(Hint { number, of: content::HINTS.len(), html }))
    }

    fn give_up(&self, name: &str) -> ApiFuture<'_, ExercisePage> {
        self.learner().given_up.insert(name.into());
        answer(self.page(name))
    }

    fn reset(&self, name: &str) -> ApiFuture<'_, ExercisePage> {
        self.learner().drafts.remove(name);
        answer(self.page(name))
    }

    fn submission(&self, id: i64) -> ApiFuture<'_, Submission> {
        let learner = self.learner();
        let found =
            learner.submissions.iter().map(|(submission, _)| submission).find(|it| it.id == id).cloned();
        answer(
            found.ok_or_else(|| ApiError { status: 404, message: format!("You have no submission {id}.") }),
        )
    }

    fn progress(&self) -> ApiFuture<'_, ProgressPage> {
        let learner = self.learner();
        let cards = learner.cards();
        let entry = |submission: &Submission| HistoryEntry {
            id: submission.id,
            exercise: submission.exercise.clone(),
            title: cards
                .iter()
                .find(|card| card.exercise.name == submission.exercise)
                .map(|card| card.exercise.title.clone())
                .unwrap_or_default(),
            at: submission.at.clone(),
            state: submission.state,
            passed: submission.verdict.as_ref().is_some_and(|verdict| verdict.passed),
            points: submission.verdict.as_ref().map_or(0, |verdict| verdict.points),
            max_points: 8,
        };
        answer(Ok(ProgressPage {
            solved: cards.iter().filter(|card| card.standing.state == State::Solved).count() as u32,
            exercises: cards.len() as u32,
            points: cards.iter().map(|card| card.standing.best_points).sum(),
            max_points: cards.iter().map(|card| card.standing.max_points).sum(),
            history: learner.submissions.iter().rev().map(|(submission, _)| entry(submission)).collect(),
            cards,
        }))
    }
}

fn record(learner: &Mutex<Learner>, number: usize, change: impl FnOnce(&mut Submission)) {
    if let Some((submission, _)) = lock(learner).submissions.get_mut(number) {
        change(submission);
    }
}

fn lock(learner: &Mutex<Learner>) -> MutexGuard<'_, Learner> {
    learner.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer<'a, T: Send + 'a>(result: Result<T, ApiError>) -> ApiFuture<'a, T> {
    Box::pin(ready(result))
}

fn cluster() -> ClusterInfo {
    ClusterInfo { simulated: true, name: "embedded".into(), version: Some("v1.37.0".into()) }
}
