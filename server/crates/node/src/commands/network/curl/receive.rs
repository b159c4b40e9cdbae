//! What comes back, and where it goes.

use std::sync::Arc;

use futures::future::{Either, select};

use super::{
    options::{Output, Plan},
    output::Meter,
    transfer::{Failure, Transfer, failure},
};
use crate::{
    commands::Cx,
    http::{Body, BodyKind, ResponseHead, Url, Wire, WireError},
    kernel::{errno::Errno, fs::OpenFlags, process::Fd},
};

/// Reads the head of a response.
pub(super) async fn read_head(cx: &Cx, wire: &mut Wire) -> Result<ResponseHead, Failure> {
    match wire.response().await {
        Ok(Some(head)) => Ok(head),
        Ok(None) if wire.buffered().is_empty() => Err(failure(52, "Empty reply from server")),
        Ok(None) | Err(WireError::Head(_)) if wire.buffered().starts_with(b"HTTP/") => {
            Err(failure(8, "Weird server reply"))
        }
        Ok(None) | Err(WireError::Head(_)) => Err(failure(1, "Received HTTP/0.9 when not allowed")),
        Err(WireError::Io(errno)) => Err(failure(56, format!("Recv failure: {}", cx.text(errno)))),
    }
}

/// Shows and notes the head of a response.
pub(super) async fn headers_arrived(
    cx: &mut Cx,
    plan: &Plan,
    meter: &mut Meter,
    transfer: &mut Transfer,
    head: &ResponseHead,
) -> Result<(), Failure> {
    let mut lines = vec![head.status_line()];
    lines.extend(head.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect::<String>() + "\r\n";
    transfer.header_bytes += text.len() as u64;
    if plan.verbose {
        meter.interrupt(cx).await;
        let shown: String = lines.iter().map(|line| format!("< {line}\n")).collect();
        cx.complain(format!("{shown}< \n")).await;
    }
    if plan.include || plan.head {
        // The head goes where the content goes, if that is standard output.
        cx.put(&text);
        cx.flush().await;
    }
    if let Some(path) = &plan.dump_header {
        if path == "-" {
            cx.put(&text);
        } else {
            let fd = create(cx, plan, path).await?;
            let written = cx.process.write(fd, text).await;
            // It was open a moment ago.
            let _ = cx.process.close(fd);
            written.map_err(|_| failure(23, "Failure writing output to destination"))?;
        }
    }
    Ok(())
}

async fn create(cx: &Cx, plan: &Plan, path: &str) -> Result<Fd, Failure> {
    if plan.create_dirs {
        for (at, _) in path.match_indices('/').filter(|(at, _)| *at > 0) {
            // Most of them exist.
            let _ = cx.process.mkdir(&path.as_bytes()[..at], 0o750);
        }
    }
    cx.process.open(path.as_bytes(), OpenFlags::WRITE, 0o666).await.map_err(|errno| {
        failure(23, format!("client returned ERROR on write, 0 bytes passed: {}", cx.text(errno)))
    })
}

/// Writes the body of a response to where it belongs.
#[expect(clippy::too_many_arguments, reason = "one step of a transfer needs all of it")]
pub(super) async fn receive(
    cx: &mut Cx,
    plan: &Plan,
    index: usize,
    transfer: &mut Transfer,
    meter: &mut Meter,
    (url, method): (&Url, &str),
    head: &ResponseHead,
    wire: &mut Wire,
) -> Result<(), Failure> {
    let path = match plan.outputs.get(index) {
        Some(Output::File(path)) if path == "-" => None,
        Some(Output::File(path)) => Some(path.clone()),
        Some(Output::RemoteName) => match url.path().rsplit('/').next() {
            None | Some("") => {
                return Err(failure(23, "Failed to extract a filename from the URL to use for storage"));
            }
            Some(name) => Some(name.to_owned()),
        },
        None => None,
    };
    transfer.output.clone_from(&path);
    let fd = match &path {
        Some(path) => Some(create(cx, plan, path).await?),
        None => None,
    };
    let kind = BodyKind::of_response(head.status, method == "HEAD" || plan.head, &head.headers);
    if let BodyKind::Length(length) = kind {
        meter.expect(length);
    }
    let mut body = Body::new(kind);
    let result = loop {
        match body.next(wire).await {
            Ok(Some(bytes)) => {
                transfer.downloaded += bytes.len() as u64;
                if plan.verbose && !plan.silent {
                    meter.interrupt(cx).await;
                    cx.complain(format!("{{ [{} bytes data]\n", bytes.len())).await;
                }
                let written = match fd {
                    Some(fd) => cx.process.write(fd, bytes).await.is_ok(),
                    None => cx.write(bytes).await,
                };
                if !written {
                    break Err(failure(23, "Failure writing output to destination"));
                }
            }
            Ok(None) => break Ok(()),
            Err(Errno::ECONNRESET) => {
                let message = match kind {
                    BodyKind::Length(length) => {
                        format!(
                            "end of response with {} bytes missing",
                            length.saturating_sub(transfer.downloaded)
                        )
                    }
                    _ => "transfer closed with outstanding read data remaining".to_owned(),
                };
                break Err(failure(18, message));
            }
            Err(Errno::EINVAL) => break Err(failure(56, "Problem with a chunked-encoded body")),
            Err(errno) => break Err(failure(56, format!("Recv failure: {}", cx.text(errno)))),
        }
    };
    if let Some(fd) = fd {
        // It was open a moment ago.
        let _ = cx.process.close(fd);
    }
    result
}

/// `file://`.
pub(super) async fn local_file(
    cx: &mut Cx,
    plan: &Plan,
    path: &str,
    transfer: &mut Transfer,
) -> Result<(), Failure> {
    let _ = plan;
    let content = cx.process.read_file(path.as_bytes(), 64 << 20).await;
    let content = content.map_err(|_| failure(37, format!("Could not open file {path}")))?;
    transfer.downloaded = content.len() as u64;
    cx.put(content);
    if cx.flush().await { Ok(()) } else { Err(failure(23, "Failure writing output to destination")) }
}

/// `telnet://`: passes on standard input and what comes back.
pub(super) async fn talk(cx: &mut Cx, mut wire: Wire, transfer: &mut Transfer) -> Result<(), Failure> {
    let process = Arc::clone(&cx.process);
    let mut open = true;
    loop {
        let event = {
            let from_net = std::pin::pin!(wire.read());
            let from_input = std::pin::pin!(async {
                if open { process.read(0, 4096).await } else { std::future::pending().await }
            });
            match select(from_net, from_input).await {
                Either::Left((read, _)) => Ok(read),
                Either::Right((read, _)) => Err(read),
            }
        };
        match event {
            Ok(Ok(bytes)) if bytes.is_empty() => return Ok(()),
            Ok(Ok(bytes)) => {
                transfer.downloaded += bytes.len() as u64;
                if !cx.write(bytes).await {
                    return Err(failure(23, "Failure writing output to destination"));
                }
            }
            Ok(Err(errno)) => return Err(failure(56, format!("Recv failure: {}", cx.text(errno)))),
            Err(Ok(bytes)) if !bytes.is_empty() => {
                if wire.write(bytes).await.is_err() {
                    return Ok(());
                }
            }
            Err(_) => open = false,
        }
    }
}
