//! What is kept: SQLite through sqlx. One file a subject; the schema and its documentation are in `migrations/`.

mod learners;
mod settings;
mod submissions;
mod workplaces;

use std::{path::Path, str::FromStr, time::Duration};

use jiff::Timestamp;
use sqlx::{
    SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use learners::LearnerId;
pub use submissions::{NewSubmission, Stored, Summary, Unfinished};
pub use workplaces::{Tally, Workplace};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// podlab's database. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct Database {
    pool: SqlitePool,
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL is not one of SQLite's.
    #[error(
        "'{url}' is not a database URL that podlab knows; write sqlite:PATH, for example sqlite:podlab.db ({source})"
    )]
    Url {
        /// What was given.
        url: String,
        /// What sqlx said.
        source: sqlx::Error,
    },
    /// The folder of the file could not be made.
    #[error("the folder of the database, {folder}, could not be made: {source}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It cannot be opened.
    #[error("the database {file} could not be opened: {source}")]
    Open {
        /// The file.
        file: String,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// It was made by a newer podlab.
    #[error(
        "the database {file} was made by a newer podlab: it has schema {found}, and this podlab knows schemas up to \
         {known}. Use the newer podlab, or another file with --database"
    )]
    Newer {
        /// The file.
        file: String,
        /// The schema that it has.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// Its schema could not be brought up to date.
    #[error("the schema of the database {file} could not be brought up to date: {source}")]
    Migrate {
        /// The file.
        file: String,
        /// What failed.
        source: MigrateError,
    },
    /// A query failed.
    #[error("a query failed: {0}")]
    Query(#[from] sqlx::Error),
    /// A value in the database is not what podlab writes there.
    #[error("the database holds a value that podlab did not write: {0}")]
    Value(String),
}

/// What every query returns.
pub type Result<T> = std::result::Result<T, DatabaseError>;

impl Database {
    /// Opens the database at `url` (`sqlite:PATH`), makes the file where it is missing, and brings its schema up
    /// to date. A commit is on the disk before it returns: WAL with `synchronous=FULL`.
    ///
    /// # Errors
    ///
    /// Each says what to do; a file made by a newer podlab is [`DatabaseError::Newer`] and left untouched.
    pub async fn open(url: &str) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|source| DatabaseError::Url { url: url.into(), source })?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let path = options.get_filename().to_path_buf();
        let file = path.display().to_string();
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("") && !folder.exists()) {
            make_private_folder(folder)
                .map_err(|source| DatabaseError::Folder { folder: folder.display().to_string(), source })?;
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .map_err(|source| DatabaseError::Open { file: file.clone(), source })?;
        let database = Self { pool };
        database.refuse_newer(&file).await?;
        MIGRATIONS.run(&database.pool).await.map_err(|source| DatabaseError::Migrate { file, source })?;
        Ok(database)
    }

    /// sqlx would say "migration N was applied but is missing"; a person needs the other half of the sentence.
    async fn refuse_newer(&self, file: &str) -> Result<()> {
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
        let has_migrations: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'",
        )
        .fetch_one(&self.pool)
        .await?;
        if has_migrations == 0 {
            return Ok(());
        }
        let found: Option<i64> =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&self.pool).await?;
        match found {
            Some(found) if found > known => Err(DatabaseError::Newer { file: file.into(), found, known }),
            _ => Ok(()),
        }
    }

    /// Closes all connections, after what is under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// The folder holds what only its owner should read.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A date as the database writes it.
fn date(at: Timestamp) -> String {
    format!("{at:.3}")
}
