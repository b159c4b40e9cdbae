//! Submissions and their verdicts.

use jiff::Timestamp;
use podlab_exercises::{CheckResult, Outcome, Problem, Verdict};

use super::{Database, DatabaseError, LearnerId, Result, date};

/// A submission about to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct NewSubmission<'a> {
    /// Who submits.
    pub learner: LearnerId,
    /// The exercise's name.
    pub exercise: &'a str,
    /// Where it came from: `page` or `form`.
    pub source: &'a str,
    /// The cluster that will grade it.
    pub cluster: &'a str,
    /// What was submitted.
    pub manifest: &'a str,
}

/// A recorded submission, with its verdict once there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub id: i64,
    /// The exercise's name.
    pub exercise: String,
    /// What was submitted.
    pub manifest: String,
    /// When it was recorded.
    pub created_at: String,
    /// `grading`, `graded` or `interrupted`.
    pub state: String,
    /// The verdict.
    pub verdict: Option<Verdict>,
}

/// One line of a learner's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its number.
    pub id: i64,
    /// The exercise's name.
    pub exercise: String,
    /// When it was recorded.
    pub created_at: String,
    /// `grading`, `graded` or `interrupted`.
    pub state: String,
    /// Whether it passed.
    pub passed: bool,
    /// Points earned.
    pub points: i64,
    /// Points to be had; 0 before the verdict.
    pub max_points: i64,
}

/// A submission that was recorded and has no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its number.
    pub id: i64,
    /// The exercise's name.
    pub exercise: String,
    /// What was submitted.
    pub manifest: String,
    /// How often grading has begun.
    pub attempts: i64,
}

impl Database {
    /// Records a submission, and that its text is what now stands in the editor. On the disk when this returns.
    pub async fn record_submission(&self, new: NewSubmission<'_>, now: Timestamp) -> Result<i64> {
        let now = date(now);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let id = sqlx::query_scalar!(
            "INSERT INTO submission (learner_id, exercise, source, cluster, manifest, created_at, state)
             VALUES (?, ?, ?, ?, ?, ?, 'grading') RETURNING id AS \"id!\"",
            new.learner.0,
            new.exercise,
            new.source,
            new.cluster,
            new.manifest,
            now
        )
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query!(
            "INSERT INTO workplace (learner_id, exercise, draft, touched_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (learner_id, exercise) DO UPDATE SET draft = excluded.draft, touched_at = excluded.touched_at",
            new.learner.0,
            new.exercise,
            new.manifest,
            now
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Counts that grading of `id` begins.
    pub async fn begin_grading(&self, id: i64) -> Result<()> {
        sqlx::query!("UPDATE submission SET attempts = attempts + 1 WHERE id = ?", id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Records the verdict of `id`, all of it or nothing. A verdict that is there already stays.
    pub async fn record_verdict(&self, id: i64, verdict: &Verdict, now: Timestamp) -> Result<()> {
        let now = date(now);
        let problems =
            serde_json::to_string(&verdict.problems).map_err(|e| DatabaseError::Value(e.to_string()))?;
        let (duration, cluster) = (milliseconds(verdict.duration_ms), milliseconds(verdict.cluster_ms));
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let written = sqlx::query!(
            "INSERT INTO verdict
                 (submission_id, graded_at, passed, points, max_points, duration_ms, cluster_ms, problems)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (submission_id) DO NOTHING",
            id,
            now,
            verdict.passed,
            verdict.points,
            verdict.max_points,
            duration,
            cluster,
            problems
        )
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() == 0 {
            return Ok(());
        }
        for (position, check) in (0_i64..).zip(&verdict.checks) {
            let outcome = outcome_name(check.outcome);
            sqlx::query!(
                "INSERT INTO check_outcome
                     (submission_id, position, check_id, title, outcome, points, max_points, message, observed)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                id,
                position,
                check.id,
                check.title,
                outcome,
                check.points,
                check.max_points,
                check.message,
                check.observed
            )
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query!("UPDATE submission SET state = 'graded' WHERE id = ?", id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Gives up on grading `id`: it stays recorded, without a verdict.
    pub async fn interrupt(&self, id: i64) -> Result<()> {
        sqlx::query!("UPDATE submission SET state = 'interrupted' WHERE id = ? AND state = 'grading'", id)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The submissions that were recorded and have no verdict, oldest first.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>> {
        Ok(sqlx::query_as!(
            Unfinished,
            "SELECT id, exercise, manifest, attempts FROM submission WHERE state = 'grading' ORDER BY id"
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Submission `id`, if it is one of `learner`'s.
    pub async fn submission(&self, learner: LearnerId, id: i64) -> Result<Option<Stored>> {
        let row = sqlx::query!(
            "SELECT id, exercise, manifest, created_at, state FROM submission WHERE id = ? AND learner_id = ?",
            id,
            learner.0
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let verdict = self.verdict(row.id, &row.exercise).await?;
        Ok(Some(Stored {
            id: row.id,
            exercise: row.exercise,
            manifest: row.manifest,
            created_at: row.created_at,
            state: row.state,
            verdict,
        }))
    }

    /// The newest submission of `learner` to `exercise`.
    pub async fn newest_submission(&self, learner: LearnerId, exercise: &str) -> Result<Option<Stored>> {
        let id = sqlx::query_scalar!(
            r#"SELECT max(id) AS "id: i64" FROM submission WHERE learner_id = ? AND exercise = ?"#,
            learner.0,
            exercise
        )
        .fetch_one(&self.pool)
        .await?;
        match id {
            Some(id) => self.submission(learner, id).await,
            None => Ok(None),
        }
    }

    /// The newest submissions of `learner`, newest first, at most `limit`.
    pub async fn history(&self, learner: LearnerId, limit: i64) -> Result<Vec<Summary>> {
        Ok(sqlx::query_as!(
            Summary,
            r#"SELECT s.id, s.exercise, s.created_at, s.state, coalesce(v.passed, 0) AS "passed!: bool",
                      coalesce(v.points, 0) AS "points!: i64", coalesce(v.max_points, 0) AS "max_points!: i64"
               FROM submission s LEFT JOIN verdict v ON v.submission_id = s.id
               WHERE s.learner_id = ? ORDER BY s.id DESC LIMIT ?"#,
            learner.0,
            limit
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// How many submissions of `learner` are being graded or wait for it.
    pub async fn under_way(&self, learner: LearnerId) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            "SELECT count(*) FROM submission WHERE learner_id = ? AND state = 'grading'",
            learner.0
        )
        .fetch_one(&self.pool)
        .await?)
    }

    async fn verdict(&self, id: i64, exercise: &str) -> Result<Option<Verdict>> {
        let row = sqlx::query!(
            r#"SELECT passed AS "passed: bool", points AS "points: u32", max_points AS "max_points: u32",
                      duration_ms AS "duration_ms: i64", cluster_ms AS "cluster_ms: i64", problems
               FROM verdict WHERE submission_id = ?"#,
            id
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let checks = sqlx::query!(
            r#"SELECT check_id, title, outcome, points AS "points: u32", max_points AS "max_points: u32", message, observed
               FROM check_outcome WHERE submission_id = ? ORDER BY position"#,
            id
        )
        .fetch_all(&self.pool)
        .await?;
        let problems: Vec<Problem> = serde_json::from_str(&row.problems)
            .map_err(|e| DatabaseError::Value(format!("problems: {e}")))?;
        let checks = checks
            .into_iter()
            .map(|check| {
                Ok(CheckResult {
                    id: check.check_id,
                    title: check.title,
                    outcome: outcome(&check.outcome)?,
                    points: check.points,
                    max_points: check.max_points,
                    message: check.message,
                    observed: check.observed,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Some(Verdict {
            exercise: exercise.into(),
            passed: row.passed,
            points: row.points,
            max_points: row.max_points,
            checks,
            problems,
            duration_ms: row.duration_ms.unsigned_abs(),
            cluster_ms: row.cluster_ms.unsigned_abs(),
        }))
    }
}

fn milliseconds(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::Error => "error",
        Outcome::Skipped => "skipped",
    }
}

fn outcome(name: &str) -> Result<Outcome> {
    match name {
        "pass" => Ok(Outcome::Pass),
        "fail" => Ok(Outcome::Fail),
        "error" => Ok(Outcome::Error),
        "skipped" => Ok(Outcome::Skipped),
        other => Err(DatabaseError::Value(format!("outcome '{other}'"))),
    }
}
