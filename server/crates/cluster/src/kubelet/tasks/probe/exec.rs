//! A command in the container: exit code 0 is a success.

use k8s_openapi::api::core::v1::ExecAction;

use super::Probing;
use crate::{
    go_text,
    kubelet::{
        container::expand::expand,
        pod::ProbeOutcome,
        tasks::exec::{self, ExecError},
    },
};

/// How much of what the command prints an event shows.
const OUTPUT_LIMIT: usize = 10 * 1024;

pub(super) async fn probe(probing: &Probing<'_>, action: &ExecAction) -> ProbeOutcome {
    let Some(id) = probing.seat.instance(probing.instance) else {
        return ProbeOutcome::Error("the container is gone".to_owned());
    };
    // A probe knows only those variables that have a plain value.
    let value = |name: &str| {
        let variables = probing.container.env.iter().flatten();
        variables.rev().find(|variable| variable.name == name).and_then(|variable| variable.value.clone())
    };
    let argv: Vec<String> = action.command.iter().flatten().map(|word| expand(word, value)).collect();
    let facts = &probing.seat.facts;
    let env = facts.client.env();
    let ran = exec::run(&facts.node, env, &id, argv.clone(), Some(probing.timeout), OUTPUT_LIMIT).await;
    match ran {
        Ok(output) if output.code == 0 => ProbeOutcome::Success,
        Ok(output) => {
            let mut printed = [output.stdout, output.stderr].concat();
            printed.truncate(OUTPUT_LIMIT);
            ProbeOutcome::Failure(String::from_utf8_lossy(&printed).into_owned())
        }
        Err(ExecError::TimedOut) => {
            let command = go_text::quote(&argv.join(" "));
            let after = go_text::duration(probing.timeout);
            ProbeOutcome::Failure(format!("command timed out: {command} timed out after {after}"))
        }
        Err(ExecError::Start(error)) => ProbeOutcome::Error(error),
    }
}
