//! Running other programs: in this process (`execvp(3)`) or in a child.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    commands::Cx,
    kernel::{
        errno::Errno,
        process::{Executable, Outcome, Process},
    },
};

/// Where programs are looked for where `PATH` says nothing.
const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The program that a command line names. What is executable but no program is run by `/bin/sh`.
fn find(cx: &Cx, argv: &[Bytes], path: Option<Bytes>) -> Result<Executable, Errno> {
    let Some(name) = argv.first() else { return Err(Errno::ENOENT) };
    let path = path.or_else(|| cx.process.var("PATH")).unwrap_or_else(|| Bytes::from_static(DEFAULT_PATH));
    match cx.process.search(name, &path, argv.into()) {
        Err(Errno::ENOEXEC) => {
            let mut script = vec![Bytes::from_static(b"/bin/sh")];
            script.extend_from_slice(argv);
            cx.process.executable(b"/bin/sh", script.into())
        }
        found => found,
    }
}

/// Becomes the program that a command line names, or says why not.
pub(in crate::commands) async fn exec(cx: &mut Cx, argv: &[Bytes], env: Option<Vec<Bytes>>) -> Outcome {
    let path = env.as_ref().and_then(|env| {
        env.iter().find_map(|entry| entry.strip_prefix(b"PATH=").map(|path| entry.slice_ref(path)))
    });
    cx.flush().await;
    match find(cx, argv, path) {
        Ok(executable) => {
            let env = env.map_or_else(|| cx.process.env(), Arc::from);
            cx.process.exec(executable, env)
        }
        Err(errno) => Outcome::Exit(complain(cx, argv, errno).await),
    }
}

/// Says that a program cannot be run; returns the exit code for that.
async fn complain(cx: &mut Cx, argv: &[Bytes], errno: Errno) -> u8 {
    let name = argv.first().map_or_else(String::new, |name| String::from_utf8_lossy(name).into_owned());
    let text = cx.text(errno);
    let message = match (cx.is_gnu(), cx.name.as_str()) {
        (_, "xargs") | (false, "flock") => format!("{name}: {text}"),
        (true, "flock") => format!("failed to execute {name}: {text}"),
        (false, _) => format!("can't execute '{name}': {text}"),
        (true, "env" | "nice") => format!("'{name}': {text}"),
        (true, _) => format!("failed to run command '{name}': {text}"),
    };
    cx.error(message).await;
    if errno == Errno::ENOENT { 127 } else { 126 }
}

/// Runs a program in a child, whose files can be changed before it starts. The error is an exit code.
pub(in crate::commands) async fn spawn(
    cx: &mut Cx,
    argv: &[Bytes],
    prepare: impl FnOnce(&Arc<Process>) + Send,
) -> Result<Arc<Process>, u8> {
    cx.flush().await;
    let executable = match find(cx, argv, None) {
        Ok(executable) => executable,
        Err(errno) => return Err(complain(cx, argv, errno).await),
    };
    match cx.process.fork() {
        Ok(child) => {
            prepare(&child);
            child.start_program(&executable, cx.process.env());
            Ok(child)
        }
        Err(errno) => {
            let text = cx.text(errno);
            cx.error(format!("can't fork: {text}")).await;
            Err(126)
        }
    }
}

/// Waits for a child; returns its exit code, or 128 and the signal that ended it.
pub(in crate::commands) async fn wait(cx: &Cx, child: &Process) -> u8 {
    match cx.process.wait_for(child.pid).await {
        Ok(status) => u8::try_from(status.code()).unwrap_or(255),
        Err(_) => 127,
    }
}
