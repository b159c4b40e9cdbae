//! `probe`: whether two containers see the same file.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use podlab_exercises::{cel::Variables, content::check::Probe};
use serde_json::json;

use super::{Finding, Look};
use crate::observe::{
    container::{find_container, find_pod},
    diagnosis::not_running,
    excerpt,
    exec::{ExecError, Output, exec},
    scene::Scene,
};

/// Writes `$1` into the new file `$2`: `noclobber` keeps a file from being overwritten.
const WRITE: &str = "set -C; printf %s \"$1\" > \"$2\"";

pub(super) async fn look(spec: &Probe, look: &Look<'_>) -> Finding {
    match between(spec, look).await {
        Ok(finding) | Err(finding) => finding,
    }
}

async fn between(spec: &Probe, look: &Look<'_>) -> Result<Finding, Finding> {
    let pod = find_pod(&spec.pod, look.scene).await?;
    let writer = find_container(&pod, Some(&spec.write.container))?;
    let reader = find_container(&pod, Some(&spec.read.container))?;
    let name = pod.name_any();
    let (write, read) = (&spec.write.path, &spec.read.path);
    let run = async |container: &str, command: &[&str]| {
        let command: Vec<String> = command.iter().map(|part| (*part).to_owned()).collect();
        match exec(&name, container, &command, None, look.scene).await {
            Ok(output) => Ok(output),
            Err(error) => Err(unfinished(error, container, &pod, look.scene).await),
        }
    };

    let written = run(writer, &["sh", "-c", WRITE, "sh", &look.nonce, write]).await?;
    if written.exit_code != 0 {
        let usual =
            format!("In container {writer}, nothing can be written to {write}: {}", complaint(&written));
        return Ok(failure(look, "", &written, usual));
    }
    let found = run(reader, &["cat", read]).await;
    // Whatever came out, the file is not left behind.
    let _ = run(writer, &["rm", "-f", write]).await;
    let found = found?;
    if found.exit_code == 0 && found.stdout == look.nonce {
        return Ok(Finding::Pass { observed: None });
    }
    let usual = if found.exit_code == 0 {
        format!("What container {writer} writes to {write} is not what container {reader} reads from {read}.")
    } else {
        format!(
            "What container {writer} writes to {write} is not there for container {reader} as {read}: {}",
            complaint(&found)
        )
    };
    Ok(failure(look, &look.nonce, &found, usual))
}

fn failure(look: &Look<'_>, written: &str, output: &Output, usual: String) -> Finding {
    let variables = Variables::from([
        ("written", json!(written)),
        ("read", json!(output.stdout)),
        ("stderr", json!(output.stderr)),
    ]);
    Finding::fail_seeing(look.words(&variables, usual), super::exec::shown(output))
}

/// What a command complained of.
fn complaint(output: &Output) -> String {
    match output.stderr.trim() {
        "" => format!("exit code {}.", output.exit_code),
        words => excerpt(words),
    }
}

async fn unfinished(error: ExecError, container: &str, pod: &Pod, scene: &Scene<'_>) -> Finding {
    match error {
        ExecError::Endless => Finding::fail(format!("A command does not end in container {container}.")),
        ExecError::NotRunning(_) => not_running(container, pod, "does not run", scene).await,
        ExecError::Cluster(message) => Finding::error(message),
    }
}
