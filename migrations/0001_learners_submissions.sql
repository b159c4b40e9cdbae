-- podlab's database. Each migration is also the schema's documentation: what a table is for stands above it.
--
-- Dates are RFC 3339 in UTC with milliseconds ('2026-11-21T10:00:00.000Z'): they sort as text.
-- Everything that is acknowledged to a learner is committed with synchronous=FULL before the answer leaves.

-- Secrets and settings of this installation, such as the key that signs cookies.
CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- Whoever works in the lab. A learner is known by a random key in a signed cookie; the row is made with the first
-- thing that is worth keeping, so visitors who only read leave none.
CREATE TABLE learner (
    id         INTEGER NOT NULL PRIMARY KEY,
    key        TEXT    NOT NULL UNIQUE,
    created_at TEXT    NOT NULL
) STRICT;

-- What a learner has in an exercise besides submissions.
CREATE TABLE workplace (
    learner_id  INTEGER NOT NULL REFERENCES learner (id) ON DELETE CASCADE,
    exercise    TEXT    NOT NULL,
    -- What stands in the editor; null: the starter.
    draft       TEXT,
    -- When the solutions were shown before anything had passed; null: they were not.
    given_up_at TEXT,
    touched_at  TEXT    NOT NULL,
    PRIMARY KEY (learner_id, exercise)
) STRICT, WITHOUT ROWID;

-- One row a submission, written before grading begins.
CREATE TABLE submission (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    learner_id INTEGER NOT NULL REFERENCES learner (id) ON DELETE CASCADE,
    exercise   TEXT    NOT NULL,
    -- Where it came from: 'page' (the JSON API) or 'form' (a page without scripts).
    source     TEXT    NOT NULL,
    -- The cluster that graded it: 'embedded', or the name of a kubeconfig's context.
    cluster    TEXT    NOT NULL,
    manifest   TEXT    NOT NULL,
    created_at TEXT    NOT NULL,
    -- 'grading' until its verdict is recorded; a row still 'grading' at start was cut off and is graded again.
    state      TEXT    NOT NULL CHECK (state IN ('grading', 'graded', 'interrupted')),
    -- How often grading has begun: one that stops podlab each time is not begun for ever.
    attempts   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX submission_by_learner ON submission (learner_id, exercise, id);
CREATE INDEX submission_unfinished ON submission (state) WHERE state = 'grading';

-- The verdict of a graded submission, written in one transaction with its checks and the state above.
CREATE TABLE verdict (
    submission_id INTEGER NOT NULL PRIMARY KEY REFERENCES submission (id) ON DELETE CASCADE,
    graded_at     TEXT    NOT NULL,
    passed        INTEGER NOT NULL CHECK (passed IN (0, 1)),
    points        INTEGER NOT NULL,
    max_points    INTEGER NOT NULL,
    -- Real time and time in the cluster, in milliseconds.
    duration_ms   INTEGER NOT NULL,
    cluster_ms    INTEGER NOT NULL,
    -- What kept the submission from being applied whole: a JSON list of {message, line, column}.
    problems      TEXT    NOT NULL
) STRICT;

-- The outcome of each check, in the exercise's order.
CREATE TABLE check_outcome (
    submission_id INTEGER NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    check_id      TEXT    NOT NULL,
    title         TEXT    NOT NULL,
    outcome       TEXT    NOT NULL CHECK (outcome IN ('pass', 'fail', 'error', 'skipped')),
    points        INTEGER NOT NULL,
    max_points    INTEGER NOT NULL,
    message       TEXT    NOT NULL,
    observed      TEXT,
    PRIMARY KEY (submission_id, position)
) STRICT, WITHOUT ROWID;
