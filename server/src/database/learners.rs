//! Learners.

use jiff::Timestamp;

use super::{Database, Result, date};

/// A learner's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LearnerId(pub(super) i64);

impl Database {
    /// The learner with this key, if anything of theirs was ever kept.
    pub async fn learner(&self, key: &str) -> Result<Option<LearnerId>> {
        let id = sqlx::query_scalar!("SELECT id FROM learner WHERE key = ?", key)
            .fetch_optional(&self.pool)
            .await?;
        Ok(id.map(LearnerId))
    }

    /// The learner with this key, made where there is none.
    pub async fn learner_or_new(&self, key: &str, now: Timestamp) -> Result<LearnerId> {
        if let Some(learner) = self.learner(key).await? {
            return Ok(learner);
        }
        let now = date(now);
        let id = sqlx::query_scalar!(
            "INSERT INTO learner (key, created_at) VALUES (?, ?)
             ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING id",
            key,
            now
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(LearnerId(id))
    }
}
