//! The lab as one learner sees it: nothing here reaches what another learner has.

use std::time::Duration;

use futures::{Stream, StreamExt, future::Either, stream};
use jiff::Timestamp;
use podlab_app::api::{
    Api, ApiError, ApiFuture, Catalogue, Draft, ExercisePage, Hint, ProgressPage, State, Status, Submission,
};
use podlab_exercises::Progress;

use super::{HISTORY_LIMIT, Lab, MANIFEST_LIMIT, UNDER_WAY_LIMIT, fault, refusal, too_large, views};
use crate::{
    database::{LearnerId, NewSubmission, Tally},
    grading::Job,
    markdown,
};

/// How long a form's answer waits for the verdict before it shows that grading is under way.
const FORM_PATIENCE: Duration = Duration::from_secs(8);

/// The lab as one learner sees it.
#[derive(Clone)]
pub struct LearnersLab {
    lab: Lab,
    key: String,
    source: &'static str,
}

type Result<T> = std::result::Result<T, ApiError>;

impl LearnersLab {
    pub(super) fn new(lab: Lab, key: String, source: &'static str) -> Self {
        Self { lab, key, source }
    }

    /// Every event of the grading of submission `id`, from the first on, until its verdict.
    ///
    /// # Errors
    ///
    /// 404 where it is no submission of this learner's.
    pub async fn follow(&self, id: i64) -> Result<impl Stream<Item = Progress> + Send + use<>> {
        // First the feed, then the database: a grading that ends in between is found in one of them.
        let feed = self.lab.inner.graders.follow(id);
        let stored = self.stored(id).await?;
        Ok(match (feed, stored.verdict) {
            (Some(feed), None) => Either::Left(feed),
            (_, Some(verdict)) => Either::Right(stream::iter(vec![Progress::Done { verdict }])),
            (None, None) => Either::Right(stream::iter(vec![])),
        })
    }

    /// Submits, and waits a few seconds for the verdict.
    ///
    /// # Errors
    ///
    /// As [`Api::submit`].
    pub async fn submit_and_wait(&self, name: &str, draft: Draft) -> Result<Submission> {
        let submission = self.submit(name, draft).await?;
        let grading = self.follow(submission.id).await?;
        let _ = tokio::time::timeout(FORM_PATIENCE, grading.for_each(|_| async {})).await;
        Ok(submission)
    }

    async fn learner(&self) -> Result<Option<LearnerId>> {
        self.lab.inner.database.learner(&self.key).await.map_err(|e| fault(&e))
    }

    async fn learner_or_new(&self) -> Result<LearnerId> {
        self.lab.inner.database.learner_or_new(&self.key, Timestamp::now()).await.map_err(|e| fault(&e))
    }

    async fn tallies(&self) -> Result<Vec<Tally>> {
        match self.learner().await? {
            Some(learner) => self.lab.inner.database.tallies(learner).await.map_err(|e| fault(&e)),
            None => Ok(vec![]),
        }
    }

    async fn stored(&self, id: i64) -> Result<crate::database::Stored> {
        let none = || refusal(404, format!("You have no submission number {id}."));
        let learner = self.learner().await?.ok_or_else(none)?;
        self.lab.inner.database.submission(learner, id).await.map_err(|e| fault(&e))?.ok_or_else(none)
    }

    async fn page(&self, name: &str) -> Result<ExercisePage> {
        let inner = &*self.lab.inner;
        let content = self.lab.exercise(name)?;
        let (mut workplace, mut last, mut tallies) = Default::default();
        if let Some(learner) = self.learner().await? {
            workplace = inner.database.workplace(learner, name).await.map_err(|e| fault(&e))?;
            last = inner.database.newest_submission(learner, name).await.map_err(|e| fault(&e))?;
            tallies = inner.database.tallies(learner).await.map_err(|e| fault(&e))?;
        }
        let standing = views::standing(content, tallies.iter().find(|tally| tally.exercise == name));
        let shown = workplace.given_up || standing.state == State::Solved;
        Ok(ExercisePage {
            exercise: content.exercise.clone(),
            brief_html: markdown::render(&content.brief),
            tasks: views::tasks(content),
            starter: content.starter.clone(),
            draft: workplace.draft,
            standing,
            last: last.map(views::submission),
            solutions: shown.then(|| views::solutions(content)),
            next: views::after(&inner.content, name),
            cluster: inner.cluster.clone(),
        })
    }

    async fn keep_draft(&self, name: &str, manifest: Option<&str>) -> Result<()> {
        let learner = self.learner_or_new().await?;
        let database = &self.lab.inner.database;
        database.save_draft(learner, name, manifest, Timestamp::now()).await.map_err(|e| fault(&e))
    }
}

/// A form sends line ends as CRLF; what is kept and graded has LF. Text past the limit is refused.
fn manifest_of(draft: Draft) -> Result<String> {
    if draft.manifest.len() > MANIFEST_LIMIT {
        return Err(refusal(413, too_large()));
    }
    Ok(if draft.manifest.contains('\r') { draft.manifest.replace("\r\n", "\n") } else { draft.manifest })
}

impl Api for LearnersLab {
    fn status(&self) -> ApiFuture<'_, Status> {
        Box::pin(async {
            Ok(Status { version: env!("CARGO_PKG_VERSION").into(), cluster: self.lab.inner.cluster.clone() })
        })
    }

    fn catalogue(&self) -> ApiFuture<'_, Catalogue> {
        Box::pin(async {
            let tallies = self.tallies().await?;
            let tracks = views::tracks(&self.lab.inner.content);
            let cards = views::cards(&self.lab.inner.content, &tallies);
            let next = views::next(&tracks, &cards, &tallies);
            Ok(Catalogue { tracks, cards, next, returning: !tallies.is_empty() })
        })
    }

    fn exercise(&self, name: &str) -> ApiFuture<'_, ExercisePage> {
        let name = name.to_owned();
        Box::pin(async move { self.page(&name).await })
    }

    fn save_draft(&self, name: &str, draft: Draft) -> ApiFuture<'_, ()> {
        let name = name.to_owned();
        Box::pin(async move {
            let content = self.lab.exercise(&name)?;
            let manifest = manifest_of(draft)?;
            let is_starter = content.starter == manifest;
            self.keep_draft(&name, (!is_starter).then_some(&manifest)).await
        })
    }

    fn submit(&self, name: &str, draft: Draft) -> ApiFuture<'_, Submission> {
        let name = name.to_owned();
        Box::pin(async move {
            let Lab { inner } = &self.lab;
            self.lab.exercise(&name)?;
            let manifest = manifest_of(draft)?;
            let learner = self.learner_or_new().await?;
            if inner.database.under_way(learner).await.map_err(|e| fault(&e))? >= UNDER_WAY_LIMIT {
                let message =
                    "Two of your submissions are being graded. Wait for one of them, then submit again.";
                return Err(refusal(429, message));
            }
            let place = inner.graders.reserve().ok_or_else(|| {
                refusal(
                    503,
                    "Many submissions wait for grading. Nothing is lost: submit again in a few seconds.",
                )
            })?;
            let new = NewSubmission {
                learner,
                exercise: &name,
                source: self.source,
                cluster: &inner.cluster.name,
                manifest: &manifest,
            };
            let id = inner.database.record_submission(new, Timestamp::now()).await.map_err(|e| fault(&e))?;
            inner.graders.start(place, Job { id, exercise: name, manifest });
            self.stored(id).await.map(views::submission)
        })
    }

    fn hint(&self, name: &str, check: &str, number: usize) -> ApiFuture<'_, Hint> {
        let (name, check) = (name.to_owned(), check.to_owned());
        Box::pin(async move {
            let check =
                self.lab.exercise(&name)?.check(&check).ok_or_else(|| {
                    refusal(404, format!("The exercise {name} has no check called '{check}'."))
                })?;
            let hint = number.checked_sub(1).and_then(|place| check.hints.get(place)).ok_or_else(|| {
                refusal(
                    404,
                    format!(
                        "The check {} has {} hints; there is no hint {number}.",
                        check.id,
                        check.hints.len()
                    ),
                )
            })?;
            Ok(Hint { number, of: check.hints.len(), html: markdown::render(hint) })
        })
    }

    fn give_up(&self, name: &str) -> ApiFuture<'_, ExercisePage> {
        let name = name.to_owned();
        Box::pin(async move {
            self.lab.exercise(&name)?;
            let learner = self.learner_or_new().await?;
            self.lab.inner.database.give_up(learner, &name, Timestamp::now()).await.map_err(|e| fault(&e))?;
            self.page(&name).await
        })
    }

    fn reset(&self, name: &str) -> ApiFuture<'_, ExercisePage> {
        let name = name.to_owned();
        Box::pin(async move {
            self.lab.exercise(&name)?;
            self.keep_draft(&name, None).await?;
            self.page(&name).await
        })
    }

    fn submission(&self, id: i64) -> ApiFuture<'_, Submission> {
        Box::pin(async move { self.stored(id).await.map(views::submission) })
    }

    fn progress(&self) -> ApiFuture<'_, ProgressPage> {
        Box::pin(async {
            let Lab { inner } = &self.lab;
            let tallies = self.tallies().await?;
            let cards = views::cards(&inner.content, &tallies);
            let history = match self.learner().await? {
                Some(learner) => {
                    inner.database.history(learner, HISTORY_LIMIT).await.map_err(|e| fault(&e))?
                }
                None => vec![],
            };
            let sum = |value: fn(&podlab_app::api::Standing) -> u32| {
                cards.iter().map(|card| value(&card.standing)).sum()
            };
            Ok(ProgressPage {
                solved: sum(|standing| u32::from(standing.state == State::Solved)),
                exercises: u32::try_from(cards.len()).unwrap_or(u32::MAX),
                points: sum(|standing| standing.best_points),
                max_points: sum(|standing| standing.max_points),
                history: history.into_iter().map(|line| views::history_entry(&inner.content, line)).collect(),
                cards,
            })
        })
    }
}
