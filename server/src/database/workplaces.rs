//! What a learner has in an exercise besides submissions, and the sum of what was submitted.

use jiff::Timestamp;

use super::{Database, LearnerId, Result, date};

/// What a learner has in an exercise besides submissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workplace {
    /// What stands in the editor, where it is not the starter.
    pub draft: Option<String>,
    /// Whether the solutions were shown before anything had passed.
    pub given_up: bool,
}

/// The sum of a learner's submissions to one exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The exercise's name.
    pub exercise: String,
    /// How many submissions.
    pub submissions: i64,
    /// The most points of one.
    pub best_points: i64,
    /// Whether one passed.
    pub passed: bool,
    /// Whether the solutions were shown before.
    pub given_up: bool,
    /// When the learner last did anything there.
    pub touched_at: String,
}

impl Database {
    /// What `learner` has in `exercise`.
    pub async fn workplace(&self, learner: LearnerId, exercise: &str) -> Result<Workplace> {
        let row = sqlx::query!(
            "SELECT draft, given_up_at FROM workplace WHERE learner_id = ? AND exercise = ?",
            learner.0,
            exercise
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map_or_else(Workplace::default, |row| Workplace {
            draft: row.draft,
            given_up: row.given_up_at.is_some(),
        }))
    }

    /// Keeps what stands in the editor; `None` is the starter.
    pub async fn save_draft(
        &self,
        learner: LearnerId,
        exercise: &str,
        draft: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let now = date(now);
        sqlx::query!(
            "INSERT INTO workplace (learner_id, exercise, draft, touched_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (learner_id, exercise) DO UPDATE SET draft = excluded.draft, touched_at = excluded.touched_at",
            learner.0,
            exercise,
            draft,
            now
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Remembers that `learner` asked for the solutions; the first time counts.
    pub async fn give_up(&self, learner: LearnerId, exercise: &str, now: Timestamp) -> Result<()> {
        let now = date(now);
        sqlx::query!(
            "INSERT INTO workplace (learner_id, exercise, given_up_at, touched_at) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (learner_id, exercise)
             DO UPDATE SET given_up_at = coalesce(given_up_at, excluded.given_up_at), touched_at = excluded.touched_at",
            learner.0,
            exercise,
            now
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A tally for every exercise in which `learner` has done anything.
    pub async fn tallies(&self, learner: LearnerId) -> Result<Vec<Tally>> {
        Ok(sqlx::query_as!(
            Tally,
            r#"SELECT exercise AS "exercise!", sum(submissions) AS "submissions!: i64", max(best) AS "best_points!: i64",
                      max(passed) AS "passed!: bool", max(given_up) AS "given_up!: bool", max(touched) AS "touched_at!"
               FROM (SELECT s.exercise, count(*) AS submissions, coalesce(max(v.points), 0) AS best,
                            coalesce(max(v.passed), 0) AS passed, 0 AS given_up, max(s.created_at) AS touched
                     FROM submission s LEFT JOIN verdict v ON v.submission_id = s.id
                     WHERE s.learner_id = ?1 GROUP BY s.exercise
                     UNION ALL
                     SELECT exercise, 0, 0, 0, given_up_at IS NOT NULL, touched_at
                     FROM workplace WHERE learner_id = ?1)
               GROUP BY exercise ORDER BY exercise"#,
            learner.0
        )
        .fetch_all(&self.pool)
        .await?)
    }
}
