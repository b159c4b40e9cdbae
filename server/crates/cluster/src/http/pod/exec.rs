//! `pods/NAME/exec` and `pods/NAME/attach`.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::StatusCode;

use super::{Call, Found, Target, find};
use crate::{
    http::answer,
    node_agent::{AgentError, ContainerRef, ExecOptions, Session, StreamOptions},
    resource::Resource,
    status::{Result, Status},
    streaming::{exec_channels, spdy, websocket},
};

/// Runs a command in a container.
pub(in crate::http) async fn exec(mut call: Call, resource: &Resource, target: &Target) -> Result<Response> {
    let command: Vec<String> = call.query.all("command").map(str::to_owned).collect();
    if command.is_empty() {
        return Err(Status::bad_request("you must specify at least one command for the container"));
    }
    let (found, reference, streams) = open(&call, resource, target)?;
    let agent = found.agent(&call)?;
    let session = agent.exec(reference, ExecOptions { command, streams }).await;
    answer_with(&mut call, session, streams)
}

/// Joins a container's own process.
pub(in crate::http) async fn attach(
    mut call: Call,
    resource: &Resource,
    target: &Target,
) -> Result<Response> {
    let (found, reference, streams) = open(&call, resource, target)?;
    let agent = found.agent(&call)?;
    let session = agent.attach(reference, streams).await;
    answer_with(&mut call, session, streams)
}

fn open(call: &Call, resource: &Resource, target: &Target) -> Result<(Found, ContainerRef, StreamOptions)> {
    let streams = StreamOptions {
        stdin: call.query.is_true("stdin"),
        stdout: call.query.is_true("stdout"),
        stderr: call.query.is_true("stderr"),
        tty: call.query.is_true("tty"),
    };
    if !(streams.stdin || streams.stdout || streams.stderr) {
        return Err(Status::bad_request("you must specify at least 1 of stdin, stdout, stderr"));
    }
    if streams.tty && streams.stderr {
        return Err(Status::bad_request("tty and stderr cannot both be true"));
    }
    let found = find(call, resource, target)?;
    let container = found.container(call.query.get("container"))?;
    let reference = ContainerRef { pod: found.reference.clone(), container };
    Ok((found, reference, streams))
}

/// Switches protocols and carries the session, or passes on the kubelet's refusal in its own words.
fn answer_with(
    call: &mut Call,
    session: std::result::Result<Session, AgentError>,
    streams: StreamOptions,
) -> Result<Response> {
    let session = match session {
        Ok(session) => session,
        Err(error) => return Ok(kubelet_refusal(&error)),
    };
    let env = call.server.env.clone();
    if spdy::is_asked_for(&call.parts) {
        let (response, opened) = spdy::accept(&mut call.parts, &spdy::exec::PROTOCOLS)?;
        call.server.spawn(async move {
            if let Some(io) = opened.await {
                spdy::exec::run(io, session, streams, env).await;
            }
        });
        return Ok(response);
    }
    if !websocket::is_asked_for(&call.parts) {
        return Ok(Status::bad_request("Upgrade request required").into_response());
    }
    let Some(protocol) = websocket::protocol(&call.parts, &exec_channels::PROTOCOLS) else {
        return Err(Status::bad_request(
            "unable to upgrade: the client and the server have no streaming protocol in common",
        ));
    };
    let (response, opened) = websocket::accept(&mut call.parts, Some(protocol))?;
    call.server.spawn(async move {
        if let Some(socket) = opened.await {
            let session = if protocol == exec_channels::PROTOCOLS[0] { translated(session) } else { session };
            exec_channels::run(socket, session, env).await;
        }
    });
    Ok(response)
}

/// For the newest protocol the real server is itself a client of the kubelet's older one: what the kubelet says of a
/// command that it could not run comes wrapped a second time.
fn translated(session: Session) -> Session {
    let Session { stdin, stdout, stderr, resize, exit } = session;
    let exit = exit.map(|exit| exit.map_err(|why| format!("Internal error occurred: {why}"))).boxed();
    Session { stdin, stdout, stderr, resize, exit }
}

/// The kubelet answers in plain text, which the API server passes through.
pub(super) fn kubelet_refusal(error: &AgentError) -> Response {
    let code = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer::response(code, "text/plain; charset=utf-8", Body::from(error.message.clone()))
}
