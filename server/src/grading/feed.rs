//! What a running grading has told so far, for any number of listeners, whenever they come.

use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, stream};
use podlab_exercises::Progress;
use tokio::sync::watch;

/// How many events are kept; past it, phases are left out. Checks and the verdict always stay: their number is the
/// exercise's.
const LIMIT: usize = 1_000;

/// The events of one grading, from the first on.
#[derive(Debug)]
pub struct Feed {
    events: Arc<Mutex<Vec<Progress>>>,
    length: watch::Sender<usize>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { events: Arc::default(), length: watch::Sender::new(0) }
    }
}

impl Feed {
    /// Adds an event.
    pub fn push(&self, event: Progress) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() < LIMIT || !matches!(event, Progress::Phase { .. }) {
            events.push(event);
            self.length.send_replace(events.len());
        }
    }

    /// Every event from the first on, as they come, until the verdict. Ends without one where the grading ended so.
    pub fn follow(&self) -> impl Stream<Item = Progress> + Send + use<> {
        // The listener holds the events, but not the sender: so it learns when the grading has let go of the feed.
        let (events, length) = (Arc::clone(&self.events), self.length.subscribe());
        stream::unfold((events, length, 0_usize, false), |(events, mut length, place, done)| async move {
            if done || length.wait_for(|length| *length > place).await.is_err() {
                return None;
            }
            let event = events.lock().unwrap_or_else(PoisonError::into_inner).get(place).cloned()?;
            let done = matches!(event, Progress::Done { .. });
            Some((event, (events, length, place + 1, done)))
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;
    use podlab_exercises::Verdict;

    use super::*;

    fn phase(message: &str) -> Progress {
        Progress::Phase { message: message.into(), cluster_ms: 0 }
    }

    fn done() -> Progress {
        let verdict = Verdict {
            exercise: "x".into(),
            passed: true,
            points: 0,
            max_points: 0,
            checks: vec![],
            problems: vec![],
            duration_ms: 0,
            cluster_ms: 0,
        };
        Progress::Done { verdict }
    }

    #[tokio::test]
    async fn who_comes_late_hears_all_of_it() {
        let feed = Feed::default();
        feed.push(phase("one"));
        feed.push(phase("two"));
        let listener = feed.follow();
        feed.push(done());
        drop(feed);
        assert_eq!(listener.collect::<Vec<_>>().await, [phase("one"), phase("two"), done()]);
    }

    #[tokio::test]
    async fn a_listener_waits_for_the_next_event() {
        let feed = Feed::default();
        let mut listener = Box::pin(feed.follow());
        assert!(futures::poll!(listener.next()).is_pending());
        feed.push(phase("one"));
        assert_eq!(listener.next().await, Some(phase("one")));
    }

    #[tokio::test]
    async fn a_grading_that_ends_without_a_verdict_ends_the_stream() {
        let feed = Feed::default();
        let listener = feed.follow();
        drop(feed);
        assert_eq!(listener.collect::<Vec<_>>().await, []);
    }

    #[test]
    fn phases_past_the_limit_are_left_out_and_the_verdict_is_not() {
        let feed = Feed::default();
        for _ in 0..2 * LIMIT {
            feed.push(phase("again"));
        }
        feed.push(done());
        assert_eq!(feed.events.lock().unwrap().get(LIMIT), Some(&done()));
    }
}
