//! `exec`: a command in a container.

use std::time::Duration;

use kube::ResourceExt;
use podlab_exercises::{cel::Variables, content::check::Exec};
use serde_json::{Value, json};

use super::{Finding, Look};
use crate::observe::{
    container::{find_container, find_pod},
    diagnosis::not_running,
    excerpt,
    exec::{ExecError, Output, exec},
};

pub(super) async fn look(spec: &Exec, look: &Look<'_>) -> Finding {
    let first = match run(spec, look).await {
        Ok(output) => output,
        Err(finding) => return finding,
    };
    let mut variables = variables(&first);
    let mut output = first;
    if let Some(again) = spec.again {
        look.clock().sleep(Duration::from(again)).await;
        let earlier = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        output = match run(spec, look).await {
            Ok(output) => output,
            Err(finding) => return finding,
        };
        variables = self::variables(&output);
        variables.insert("earlier", Value::Object(earlier));
    }
    variables.insert("nonce", json!(look.nonce));
    let seen = shown(&output);
    look.judge(&variables, output.exit_code == 0, Some(seen.clone()), || {
        format!("The command `{}` ended with exit code {}.", spec.command.join(" "), output.exit_code)
    })
}

fn variables(output: &Output) -> Variables {
    Variables::from([
        ("exitCode", json!(output.exit_code)),
        ("stdout", json!(output.stdout)),
        ("stderr", json!(output.stderr)),
    ])
}

/// What a command left behind, in short.
pub(super) fn shown(output: &Output) -> String {
    let printed = format!("{}{}", output.stdout, output.stderr);
    match (output.exit_code, printed.trim().is_empty()) {
        (code, true) => format!("exit code {code}, no output"),
        (0, false) => excerpt(&printed),
        (code, false) => format!("exit code {code}\n{}", excerpt(&printed)),
    }
}

async fn run(spec: &Exec, look: &Look<'_>) -> Result<Output, Finding> {
    let pod = find_pod(&spec.pod, look.scene).await?;
    let container = find_container(&pod, spec.container.as_deref())?;
    let command: Vec<String> = spec.command.iter().map(|part| look.with_nonce(part)).collect();
    let stdin = spec.stdin.as_ref().map(|text| look.with_nonce(text));
    let name = pod.name_any();
    match exec(&name, container, &command, stdin.as_deref(), look.scene).await {
        Ok(output) => Ok(output),
        Err(ExecError::Endless) => Err(Finding::fail(format!(
            "The command `{}` does not end in container {container}.",
            command.join(" ")
        ))),
        Err(ExecError::NotRunning(_)) => Err(not_running(container, &pod, "does not run", look.scene).await),
        Err(ExecError::Cluster(message)) => Err(Finding::error(message)),
    }
}
