//! What the pages show, made from content and from what is stored.

use podlab_app::api::{
    Card, CheckView, HistoryEntry, NextExercise, Solution, Standing, State, Submission, SubmissionState,
    TaskView, Track,
};
use podlab_exercises::content::{Content, ExerciseContent};

use crate::{
    database::{Stored, Summary, Tally},
    markdown,
};

/// Where a learner stands, from what they did so far in the exercise.
pub(super) fn standing(content: &ExerciseContent, tally: Option<&Tally>) -> Standing {
    let max_points = content.max_points();
    let Some(tally) = tally else {
        return Standing { state: State::New, best_points: 0, max_points, submissions: 0 };
    };
    let state = match tally {
        Tally { passed: true, .. } => State::Solved,
        Tally { given_up: true, .. } => State::GivenUp,
        Tally { submissions: 1.., .. } => State::Tried,
        _ => State::New,
    };
    Standing {
        state,
        // An exercise may have lost points since.
        best_points: u32::try_from(tally.best_points).unwrap_or(0).min(max_points),
        max_points,
        submissions: u32::try_from(tally.submissions).unwrap_or(u32::MAX),
    }
}

/// Every exercise with its standing.
pub(super) fn cards(content: &Content, tallies: &[Tally]) -> Vec<Card> {
    content
        .exercises
        .iter()
        .map(|exercise| {
            let name = &exercise.exercise.name;
            let tally = tallies.iter().find(|tally| tally.exercise == *name);
            Card { exercise: exercise.exercise.clone(), standing: standing(exercise, tally) }
        })
        .collect()
}

/// The exercise to go on with: the one tried last and not ended, else the first new one in the order of the tracks.
pub(super) fn next(tracks: &[Track], cards: &[Card], tallies: &[Tally]) -> Option<String> {
    let state =
        |name: &str| cards.iter().find(|card| card.exercise.name == name).map(|card| card.standing.state);
    let tried = tallies
        .iter()
        .filter(|tally| matches!(state(&tally.exercise), Some(State::Tried | State::New)))
        .max_by(|a, b| a.touched_at.cmp(&b.touched_at))
        .map(|tally| tally.exercise.clone());
    let new = || {
        tracks.iter().flat_map(|track| &track.exercises).find(|name| state(name) == Some(State::New)).cloned()
    };
    tried.or_else(new)
}

/// The exercise after this one in the first track that has it.
pub(super) fn after(content: &Content, name: &str) -> Option<NextExercise> {
    let track =
        content.tracks.iter().find(|track| track.exercises.iter().any(|exercise| exercise == name))?;
    let next = track.exercises.iter().skip_while(|exercise| *exercise != name).nth(1)?;
    let next = content.exercise(next)?;
    Some(NextExercise { name: next.exercise.name.clone(), title: next.exercise.title.clone() })
}

/// The tracks.
pub(super) fn tracks(content: &Content) -> Vec<Track> {
    content
        .tracks
        .iter()
        .map(|track| Track {
            name: track.name.clone(),
            title: track.title.clone(),
            summary: track.summary.clone(),
            exercises: track.exercises.clone(),
        })
        .collect()
}

/// The tasks of an exercise's page.
pub(super) fn tasks(content: &ExerciseContent) -> Vec<TaskView> {
    let check = |id: &String| {
        content.check(id).map(|check| CheckView {
            id: check.id.clone(),
            title: check.title.clone(),
            points: check.points,
            hints: check.hints.len(),
        })
    };
    content
        .exercise
        .tasks
        .iter()
        .map(|task| TaskView {
            id: task.id.clone(),
            html: markdown::render(&task.brief),
            checks: task.checks.iter().filter_map(check).collect(),
        })
        .collect()
}

/// The solutions of an exercise's page.
pub(super) fn solutions(content: &ExerciseContent) -> Vec<Solution> {
    content
        .solutions
        .iter()
        .map(|solution| Solution { title: solution.head.title.clone(), manifest: solution.manifest.clone() })
        .collect()
}

/// A stored submission.
pub(super) fn submission(stored: Stored) -> Submission {
    Submission {
        id: stored.id,
        exercise: stored.exercise,
        at: stored.created_at,
        state: submission_state(&stored.state),
        manifest: stored.manifest,
        verdict: stored.verdict,
    }
}

/// A line of the history.
pub(super) fn history_entry(content: &Content, summary: Summary) -> HistoryEntry {
    let title = content.exercise(&summary.exercise).map(|exercise| exercise.exercise.title.clone());
    HistoryEntry {
        id: summary.id,
        title: title.unwrap_or_else(|| summary.exercise.clone()),
        exercise: summary.exercise,
        at: summary.created_at,
        state: submission_state(&summary.state),
        passed: summary.passed,
        points: u32::try_from(summary.points).unwrap_or(0),
        max_points: u32::try_from(summary.max_points).unwrap_or(0),
    }
}

fn submission_state(name: &str) -> SubmissionState {
    match name {
        "graded" => SubmissionState::Graded,
        "grading" => SubmissionState::Grading,
        _ => SubmissionState::Interrupted,
    }
}
