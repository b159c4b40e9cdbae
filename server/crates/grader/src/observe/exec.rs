//! Runs a command in a container, as `kubectl exec` does.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::{
    Api,
    api::{AttachParams, AttachedProcess},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::{LOOK_WITHIN, MAX_TEXT, scene::Scene, text};
use crate::error::explain;

/// What a command left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Output {
    /// Its exit code; 126 or 127 where it could not be started.
    pub(crate) exit_code: i32,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it complained of.
    pub(crate) stderr: String,
}

/// Why there is no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExecError {
    /// The command did not end in time.
    Endless,
    /// The container does not run.
    NotRunning(String),
    /// The cluster could not run it.
    Cluster(String),
}

/// Runs `command` in a container of a Pod.
pub(crate) async fn exec(
    pod: &str,
    container: &str,
    command: &[String],
    stdin: Option<&str>,
    scene: &Scene<'_>,
) -> Result<Output, ExecError> {
    let run = run(pod, container, command, stdin, scene);
    scene.cluster.clock.within(LOOK_WITHIN, run).await.unwrap_or(Err(ExecError::Endless))
}

async fn run(
    pod: &str,
    container: &str,
    command: &[String],
    stdin: Option<&str>,
    scene: &Scene<'_>,
) -> Result<Output, ExecError> {
    let pods: Api<Pod> = Api::namespaced(scene.cluster.client.clone(), scene.namespace);
    let params = AttachParams::default()
        .container(container)
        .stdin(stdin.is_some())
        .stdout(true)
        .stderr(true)
        .tty(false);
    let mut process = pods.exec(pod, command, &params).await.map_err(|error| refused(&error))?;
    let status = process.take_status();
    if let (Some(text), Some(mut writer)) = (stdin, process.stdin()) {
        // A command may end without reading; then its input does not matter.
        let _ = writer.write_all(text.as_bytes()).await;
        let _ = writer.shutdown().await;
    }
    let (stdout, stderr) = outputs(&mut process).await;
    let status = match status {
        Some(status) => status.await,
        None => None,
    };
    finished(status, stdout, stderr)
}

async fn outputs(process: &mut AttachedProcess) -> (String, String) {
    let (stdout, stderr) = (process.stdout(), process.stderr());
    let (stdout, stderr) = futures::join!(read(stdout), read(stderr));
    (text(&stdout), text(&stderr))
}

/// Reads to the end, and keeps as much as is looked at.
async fn read(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else {
        return kept;
    };
    let mut chunk = [0; 8192];
    while let Ok(n @ 1..) = stream.read(&mut chunk).await {
        let room = MAX_TEXT.saturating_sub(kept.len());
        kept.extend_from_slice(&chunk[..n.min(room)]);
    }
    kept
}

fn finished(status: Option<Status>, stdout: String, mut stderr: String) -> Result<Output, ExecError> {
    let Some(status) = status else {
        return Err(ExecError::Cluster("the cluster did not say how the command ended".to_owned()));
    };
    if status.status.as_deref() == Some("Success") {
        return Ok(Output { exit_code: 0, stdout, stderr });
    }
    let message = status.message.unwrap_or_default();
    let causes = status.details.and_then(|details| details.causes).unwrap_or_default();
    let code = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
    if let Some(exit_code) = code.and_then(|cause| cause.message.as_deref()?.parse().ok()) {
        return Ok(Output { exit_code, stdout, stderr });
    }
    match not_started(&message) {
        Some(exit_code) => {
            stderr.push_str(&message);
            Ok(Output { exit_code, stdout, stderr })
        }
        None => Err(not_running(message)),
    }
}

/// The exit code that a shell gives for a command that cannot be started, where the container runtime says so.
fn not_started(message: &str) -> Option<i32> {
    if message.contains("executable file not found") || message.contains("no such file or directory") {
        return Some(127);
    }
    (message.contains("permission denied") || message.contains("exec format error")).then_some(126)
}

fn not_running(message: String) -> ExecError {
    let gone =
        ["container not found", "not running", "is not created or running", "cannot exec in a stopped"];
    if gone.iter().any(|words| message.contains(words)) {
        ExecError::NotRunning(message)
    } else {
        ExecError::Cluster(message)
    }
}

fn refused(error: &kube::Error) -> ExecError {
    not_running(explain(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ended(status: serde_json::Value) -> Result<Output, ExecError> {
        finished(serde_json::from_value(status).unwrap(), "out".into(), "err".into())
    }

    #[test]
    fn exit_codes_are_read_from_the_status() {
        assert_eq!(ended(json!({"status": "Success"})).unwrap().exit_code, 0);
        let failed = json!({"status": "Failure", "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": "3"}]}});
        assert_eq!(ended(failed), Ok(Output { exit_code: 3, stdout: "out".into(), stderr: "err".into() }));
    }

    #[test]
    fn a_command_that_is_not_there_ends_as_in_a_shell() {
        let missing =
            json!({"status": "Failure", "message": "exec: \"curl\": executable file not found in $PATH"});
        assert_eq!(ended(missing).unwrap().exit_code, 127);
    }

    #[test]
    fn a_container_that_does_not_run_is_no_fault_of_the_cluster() {
        let gone = json!({"status": "Failure", "message": "container not found (\"2nd\")"});
        assert!(matches!(ended(gone), Err(ExecError::NotRunning(_))));
        assert!(matches!(ended(json!({"status": "Failure", "message": "boom"})), Err(ExecError::Cluster(_))));
        assert!(matches!(finished(None, String::new(), String::new()), Err(ExecError::Cluster(_))));
    }
}
