//! `pods/NAME/portforward`.

use axum::response::Response;

use super::{Call, Target, find};
use crate::{
    resource::Resource,
    status::{Result, Status},
    streaming::{
        forward_channels::{self, Forward},
        spdy::{self, tunnel},
        websocket,
    },
};

/// How many ports one connection may forward.
const PORTS: usize = 32;

/// Forwards connections to ports on a Pod's localhost.
pub(in crate::http) async fn port_forward(
    mut call: Call,
    resource: &Resource,
    target: &Target,
) -> Result<Response> {
    let found = find(&call, resource, target)?;
    let agent = found.agent(&call)?;
    if spdy::is_asked_for(&call.parts) {
        let (response, opened) = spdy::accept(&mut call.parts, &spdy::forward::PROTOCOLS)?;
        call.server.spawn(async move {
            if let Some(io) = opened.await {
                spdy::forward::run(io, agent, found.reference).await;
            }
        });
        return Ok(response);
    }
    if !websocket::is_asked_for(&call.parts) {
        return Err(Status::bad_request("Upgrade request required"));
    }
    if websocket::protocol(&call.parts, &[tunnel::PORT_FORWARD]).is_some() {
        let (response, opened) = websocket::accept(&mut call.parts, Some(tunnel::PORT_FORWARD))?;
        call.server.spawn(async move {
            if let Some(socket) = opened.await {
                tunnel::run(socket, |io| spdy::forward::run(io, agent, found.reference)).await;
            }
        });
        return Ok(response);
    }
    // Simple clients name no protocol, and mean the channels.
    let protocol = websocket::protocol(&call.parts, &forward_channels::PROTOCOLS);
    if protocol.is_none() && !websocket::has_no_protocol(&call.parts) {
        return Err(Status::bad_request(
            "unable to upgrade: the client and the server have no streaming protocol in common",
        ));
    }
    let mut forwards = Vec::new();
    for port in ports(&call)? {
        let connection = agent.port_forward(found.reference.clone(), port).await.map_err(|e| e.message);
        forwards.push(Forward { port, connection });
    }
    let (response, opened) = websocket::accept(&mut call.parts, protocol)?;
    call.server.spawn(async move {
        if let Some(socket) = opened.await {
            forward_channels::run(socket, forwards).await;
        }
    });
    Ok(response)
}

fn ports(call: &Call) -> Result<Vec<u16>> {
    let texts: Vec<&str> = call.query.all("ports").flat_map(|ports| ports.split(',')).collect();
    let ports: Option<Vec<u16>> =
        texts.iter().map(|text| text.trim().parse().ok().filter(|port| *port > 0)).collect();
    match ports {
        Some(ports) if !ports.is_empty() && ports.len() <= PORTS => Ok(ports),
        Some(ports) if ports.is_empty() => Err(Status::bad_request("query parameter \"ports\" is required")),
        _ => Err(Status::bad_request(format!("query parameter \"ports\" is not valid: {}", texts.join(",")))),
    }
}
