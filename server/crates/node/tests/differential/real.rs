//! Runs scripts with the tools of this machine: some at a time, each in a directory and a process group of its own.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::Read,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use crate::{
    outcome::Outcome,
    script::{Script, System},
};

/// How many scripts run at a time: more than processors, for some of them sleep.
const AT_A_TIME: usize = 8;
/// How long a script may take.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// One system at a time: scripts that sleep a moment for others should not wait for the processor too.
static TURN: Mutex<()> = Mutex::new(());

/// The real tools of a system.
pub(crate) struct Real {
    /// Everything that scripts leave behind, removed when this is dropped.
    root: PathBuf,
    /// Where the tools are.
    path: OsString,
}

impl Real {
    /// The tools of this machine. None where there are none.
    pub(crate) fn find(system: System) -> Option<Self> {
        let root = std::env::temp_dir().join(format!("podlab-{system:?}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        let mut found = Self { root, path: "/usr/bin:/bin".into() };
        match system {
            System::Busybox => found.install_busybox()?,
            System::Debian => {
                // Another release says some things in other words.
                let release = fs::read_to_string("/etc/debian_version").ok()?;
                let tools = ["bash", "dash", "mawk", "sort"].map(|name| Path::new("/usr/bin").join(name));
                (release.starts_with("12") && tools.iter().all(|tool| tool.exists())).then_some(())?;
            }
        }
        Some(found)
    }

    /// Takes the busybox that `PODLAB_BUSYBOX` names, else that of the system, with links for its applets.
    fn install_busybox(&mut self) -> Option<()> {
        let named = std::env::var_os("PODLAB_BUSYBOX").map(PathBuf::from);
        let usual = ["/bin/busybox", "/usr/bin/busybox"].map(PathBuf::from);
        let busybox = named.into_iter().chain(usual).find(|path| path.exists())?;
        let bin = self.root.join("bin");
        fs::create_dir_all(&bin).unwrap();
        let installed = Command::new(busybox).args(["--install", "-s"]).arg(&bin).status().unwrap();
        self.path = bin.into();
        installed.success().then_some(())
    }

    /// Runs all scripts. An outcome is an error where the script did not end in time.
    pub(crate) fn run_all(&self, scripts: &[Script]) -> Vec<Result<Outcome, String>> {
        let _turn = TURN.lock();
        let next = AtomicUsize::new(0);
        let outcomes = Mutex::new(vec![Err("it did not run".to_owned()); scripts.len()]);
        thread::scope(|scope| {
            for _ in 0..AT_A_TIME {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(script) = scripts.get(index) else { break };
                        let outcome = self.run(&self.root.join(index.to_string()), script);
                        outcomes.lock().unwrap()[index] = outcome;
                    }
                });
            }
        });
        outcomes.into_inner().unwrap()
    }

    fn run(&self, dir: &Path, script: &Script) -> Result<Outcome, String> {
        fs::create_dir_all(dir).unwrap();
        let mut child = Command::new("env")
            .arg("-i")
            .arg(assignment("PATH", &self.path))
            .arg(assignment("HOME", dir.as_os_str()))
            .args(["TZ=UTC0", script.shell()])
            .args(["-c", &script.text])
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let ended = outputs(&mut child);
        if ended.is_none() {
            let group = format!("-{}", child.id());
            Command::new("kill").args(["-KILL", "--", &group]).status().unwrap();
        }
        let status = child.wait().unwrap();
        let (stdout, stderr) =
            ended.ok_or_else(|| format!("the real one did not end within {} s", TIME_LIMIT.as_secs()))?;
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        Ok(Outcome::normalized(&stdout, &stderr, code))
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// `NAME=VALUE`.
fn assignment(name: &str, value: &OsStr) -> OsString {
    let mut text = OsString::from(name);
    text.push("=");
    text.push(value);
    text
}

/// Both outputs, to their ends. None where they were still open at the end of the time.
fn outputs(child: &mut Child) -> Option<(Vec<u8>, Vec<u8>)> {
    let (send, receive) = mpsc::channel();
    let streams: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for (index, mut stream) in streams.into_iter().enumerate() {
        let send = send.clone();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes);
            let _ = send.send((index, bytes));
        });
    }
    let mut outputs = [Vec::new(), Vec::new()];
    for _ in 0..2 {
        let (index, bytes) = receive.recv_timeout(TIME_LIMIT).ok()?;
        outputs[index] = bytes;
    }
    let [stdout, stderr] = outputs;
    Some((stdout, stderr))
}
