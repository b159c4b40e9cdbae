//! `telnet`: a connection that is typed into.

use std::sync::Arc;

use futures::future::{Either, select};

use super::connect::{addresses, busybox_address, port};
use crate::{
    commands::Cx,
    http::Wire,
    libc::{getopt::OptSpec, resolver::ResolveError},
};

const SPEC: OptSpec = OptSpec { short: "al:46E8Ke:", long: &[] };

/// Runs `telnet`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, "[-a] [-l USER] HOST [PORT]\n\nConnect to telnet server").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let word = |index: usize| opts.operands.get(index).map(|word| String::from_utf8_lossy(word).into_owned());
    let Some(host) = word(0) else { return cx.bad_usage("[-a] [-l USER] HOST [PORT]").await };
    let process = Arc::clone(&cx.process);
    let text = word(1).unwrap_or_else(|| "23".to_owned());
    let Some(port) = port(&process, &text).await else {
        cx.error(format!("bad port '{text}'")).await;
        return 1;
    };
    let found = if cx.is_gnu() {
        addresses(&process, &host, super::connect::FamilyWanted::Any).await
    } else {
        busybox_address(&process, &host).await.map(|ip| vec![ip])
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            let message = if cx.is_gnu() {
                let reason = if error == ResolveError::NoName {
                    "Name or service not known"
                } else {
                    "Temporary failure in name resolution"
                };
                format!("could not resolve {host}/{port}: {reason}")
            } else {
                format!("bad address '{host}'")
            };
            cx.error(message).await;
            return 1;
        }
    };
    for ip in found {
        if cx.is_gnu() {
            cx.put(format!("Trying {ip}...\n"));
            cx.flush().await;
        }
        match Wire::connect(&process, (ip, port).into()).await {
            Ok(wire) => {
                cx.put(if cx.is_gnu() {
                    format!("Connected to {host}.\nEscape character is '^]'.\n")
                } else {
                    format!("Connected to {host}\n\nEntering character mode\nEscape character is '^]'.\n\n")
                });
                return talk(cx, wire).await;
            }
            Err(errno) => {
                let reason = cx.text(errno);
                let message = if cx.is_gnu() {
                    format!("Unable to connect to remote host: {reason}")
                } else {
                    format!("can't connect to remote host ({ip}): {reason}")
                };
                cx.error(message).await;
            }
        }
    }
    1
}

async fn talk(mut cx: Cx, mut wire: Wire) -> u8 {
    cx.flush().await;
    let process = Arc::clone(&cx.process);
    loop {
        let event = {
            let from_net = std::pin::pin!(wire.read());
            let from_input = std::pin::pin!(process.read(0, 4096));
            match select(from_net, from_input).await {
                Either::Left((read, _)) => Ok(read),
                Either::Right((read, _)) => Err(read),
            }
        };
        match event {
            Ok(Ok(bytes)) if !bytes.is_empty() => {
                if !cx.write(bytes).await {
                    return 1;
                }
            }
            Ok(_) => {
                cx.complain(if cx.is_gnu() {
                    "Connection closed by foreign host.\n"
                } else {
                    "Connection closed by foreign host\n"
                })
                .await;
                return 1;
            }
            // What is typed ends in a carriage return and a line feed; Ctrl-] leaves.
            Err(Ok(bytes)) if bytes.contains(&0x1d) => return 0,
            Err(Ok(bytes)) if !bytes.is_empty() => {
                let text: Vec<u8> = bytes
                    .iter()
                    .flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] })
                    .collect();
                if wire.write(text).await.is_err() {
                    return 1;
                }
            }
            // Without anyone to type, it is over.
            Err(_) => return 0,
        }
    }
}
