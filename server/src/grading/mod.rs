//! Grading in the background: every recorded submission gets its verdict, whoever listens, however podlab stops.

pub mod feed;
mod ground;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::Stream;
use jiff::Timestamp;
use podlab_exercises::{Progress, Verdict, content::Content};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::database::Database;
use feed::Feed;
pub use ground::{Ground, GroundError, Work};

/// How many submissions may wait for their turn.
const WAITING_LIMIT: usize = 256;

/// How often grading one submission is begun: one that takes podlab down with it is not begun for ever.
const ATTEMPTS_LIMIT: i64 = 3;

/// A submission to grade.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// The exercise's name.
    pub exercise: String,
    /// What was submitted.
    pub manifest: String,
}

/// A place among those that wait.
#[derive(Debug)]
pub struct Place(OwnedSemaphorePermit);

/// What grades. Cloning shares it.
#[derive(Clone)]
pub struct Graders {
    inner: Arc<Inner>,
}

struct Inner {
    content: Arc<Content>,
    database: Database,
    ground: Ground,
    /// Who may wait.
    places: Arc<Semaphore>,
    /// Who may work at the same time.
    workers: Semaphore,
    feeds: Mutex<HashMap<i64, Arc<Feed>>>,
}

impl Graders {
    /// Graders of `content` on `ground`, as many at a time as it bears.
    pub fn new(content: Arc<Content>, database: Database, ground: Ground) -> Self {
        let workers = Semaphore::new(ground.width());
        let places = Arc::new(Semaphore::new(WAITING_LIMIT));
        Self {
            inner: Arc::new(Inner { content, database, ground, places, workers, feeds: Mutex::default() }),
        }
    }

    /// A place for one more submission, to be taken before it is recorded: what is recorded is graded.
    pub fn reserve(&self) -> Option<Place> {
        Arc::clone(&self.inner.places).try_acquire_owned().ok().map(Place)
    }

    /// Grades `job` in the background and records the verdict.
    pub fn start(&self, place: Place, job: Job) {
        let feed = Arc::new(Feed::default());
        self.feeds().insert(job.id, Arc::clone(&feed));
        let graders = self.clone();
        tokio::spawn(async move {
            graders.grade(&job, &feed).await;
            graders.feeds().remove(&job.id);
            drop(place.0);
        });
    }

    /// Takes up what was recorded and has no verdict: podlab was stopped in between.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn resume(&self) -> crate::database::Result<()> {
        for unfinished in self.inner.database.unfinished().await? {
            if unfinished.attempts >= ATTEMPTS_LIMIT {
                tracing::warn!(
                    submission = unfinished.id,
                    "grading was cut off several times; it is not begun again"
                );
                self.inner.database.interrupt(unfinished.id).await?;
                continue;
            }
            let Ok(permit) = Arc::clone(&self.inner.places).acquire_owned().await else { break };
            let job = Job { id: unfinished.id, exercise: unfinished.exercise, manifest: unfinished.manifest };
            self.start(Place(permit), job);
        }
        Ok(())
    }

    /// The events of a grading that is under way or waits.
    pub fn follow(&self, id: i64) -> Option<impl Stream<Item = Progress> + Send + use<>> {
        self.feeds().get(&id).map(|feed| feed.follow())
    }

    /// Begins nothing more and waits a little for what is under way. What is cut off all the same is taken up at the
    /// next start.
    pub async fn close(&self) {
        self.inner.workers.close();
        for _ in 0..50 {
            if self.feeds().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn grade(&self, job: &Job, feed: &Arc<Feed>) {
        let inner = &*self.inner;
        let Ok(_turn) = inner.workers.acquire().await else { return };
        if let Err(error) = inner.database.begin_grading(job.id).await {
            tracing::error!(%error, submission = job.id, "the database failed before grading");
            return;
        }
        let Some(exercise) = inner.content.exercise(&job.exercise) else {
            tracing::warn!(
                submission = job.id,
                exercise = job.exercise,
                "the exercise is gone; nothing can be graded"
            );
            let _ = inner.database.interrupt(job.id).await;
            return;
        };
        let listener = Arc::clone(feed);
        let tell = move |event: Progress| {
            // The verdict is told when it is on the disk.
            if !matches!(event, Progress::Done { .. }) {
                listener.push(event);
            }
        };
        let work = Work {
            exercise: job.exercise.clone(),
            manifest: job.manifest.clone().into_bytes(),
            owner: format!("submission-{}", job.id),
        };
        let verdict = match inner.ground.grade(Arc::clone(&inner.content), work, tell).await {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::error!(%error, submission = job.id, "grading failed");
                ground::fault_verdict(exercise, &error)
            }
        };
        self.record(job.id, &verdict).await;
        feed.push(Progress::Done { verdict });
    }

    /// A database that is locked or full for a while must not cost a verdict.
    async fn record(&self, id: i64, verdict: &Verdict) {
        for pause in [100, 500, 2_000, 0] {
            match self.inner.database.record_verdict(id, verdict, Timestamp::now()).await {
                Ok(()) => return,
                Err(error) => tracing::error!(%error, submission = id, "a verdict could not be recorded"),
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<i64, Arc<Feed>>> {
        self.inner.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
