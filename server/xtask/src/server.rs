//! The server's binary, and the description of its queries.

use std::{env, fs, path::PathBuf, process::Command};

use crate::{Result, process, say, workspace::Workspace};

/// A cargo command in the checkout.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&workspace.root);
    cargo
}

/// Builds the binary for use.
pub(crate) fn build_release(workspace: &Workspace) -> Result<PathBuf> {
    say("Building the server (minutes the first time)");
    process::run(cargo(workspace).args(["build", "--release", "--package", "podlab"]))?;
    Ok(workspace.target.join("release").join("podlab"))
}

/// Serves the lab until it is stopped.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result {
    let binary = build_release(workspace)?;
    process::run(Command::new(binary).current_dir(&workspace.root).arg("serve").args(arguments))
}

/// Writes `.sqlx`, from which the queries are checked where there is no database: the macros describe each query
/// to this folder when they have a database with the newest schema.
pub(crate) fn describe_queries(workspace: &Workspace) -> Result {
    say("Describing the queries (.sqlx)");
    let folder = workspace.root.join(".sqlx");
    let database = workspace.target.join("xtask").join("schema.db");
    let failed = |e: std::io::Error| format!("{} could not be prepared: {e}", folder.display());
    let _ = fs::remove_dir_all(&folder);
    let _ = fs::remove_file(&database);
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::create_dir_all(workspace.target.join("xtask")).map_err(failed)?;
    let mut migrations: Vec<PathBuf> = fs::read_dir(workspace.root.join("migrations"))
        .map_err(failed)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    migrations.sort();
    let python = "import sqlite3,sys\ndb=sqlite3.connect(sys.argv[1])\nfor f in sys.argv[2:]: db.executescript(open(f).read())";
    process::run(Command::new("python3").args(["-c", python]).arg(&database).args(&migrations))?;
    // The macros describe only what is compiled: make sure that the crate is.
    let library = workspace.root.join("server/src/lib.rs");
    let text = fs::read(&library).map_err(failed)?;
    fs::write(&library, text).map_err(failed)?;
    process::run(
        cargo(workspace)
            .args(["check", "--package", "podlab", "--all-targets"])
            .env("DATABASE_URL", format!("sqlite:{}", database.display()))
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", &folder),
    )
}
