//! Writing what came to a file, and saying so.

use super::{Failed, fail, now, options::Plan, say};
use crate::{
    commands::Cx,
    http::{Body, BodyKind, ResponseHead, Url, Wire, within},
    kernel::{fs::OpenFlags, process::Fd},
};

/// The name of the file that is written: the last part of the path.
fn file_name(cx: &Cx, plan: &Plan, url: &Url) -> String {
    let path = if cx.is_gnu() { url.target.as_str() } else { url.path() };
    let name = match path.rsplit('/').next() {
        None | Some("") => "index.html".to_owned(),
        Some(name) if name.starts_with('?') => format!("index.html{name}"),
        Some(name) => name.to_owned(),
    };
    let path = match &plan.directory {
        Some(directory) => format!("{}/{name}", directory.trim_end_matches('/')),
        None => name,
    };
    if !cx.is_gnu() || cx.process.stat(path.as_bytes(), true).is_err() {
        return path;
    }
    // GNU's never overwrites.
    (1..1000)
        .map(|number| format!("{path}.{number}"))
        .find(|path| cx.process.stat(path.as_bytes(), true).is_err())
        .unwrap_or(path)
}

/// Writes the body of a response to its file.
pub(super) async fn save(
    cx: &mut Cx,
    plan: &Plan,
    url: &Url,
    head: &ResponseHead,
    wire: &mut Wire,
    kind: BodyKind,
) -> Result<(), Failed> {
    let path = plan.output.clone().unwrap_or_else(|| file_name(cx, plan, url));
    let to_stdout = path == "-";
    let length = match kind {
        BodyKind::Length(length) => Some(length),
        _ => None,
    };
    if cx.is_gnu() {
        let size = length.map_or_else(|| "unspecified".to_owned(), |length| length.to_string());
        let kind = head
            .headers
            .get("content-type")
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        let target = if to_stdout { "'STDOUT'".to_owned() } else { format!("'{path}'") };
        say(cx, plan, format!("Length: {size} [{kind}]\nSaving to: {target}\n\n")).await;
    }
    let fd = if to_stdout { None } else { Some(create(cx, plan, &path).await?) };
    if !cx.is_gnu() {
        say(
            cx,
            plan,
            if to_stdout { "writing to stdout\n".to_owned() } else { format!("saving to '{path}'\n") },
        )
        .await;
    }
    let mut body = Body::new(kind);
    let mut got = 0u64;
    loop {
        let piece = within(&cx.process.clone(), plan.timeout, body.next(wire)).await;
        match piece {
            Some(Ok(Some(bytes))) => {
                got += bytes.len() as u64;
                let written = match fd {
                    Some(fd) => cx.process.write(fd, bytes).await,
                    None if cx.write(bytes).await => Ok(()),
                    None => return Err(Failed(1)),
                };
                if let Err(errno) = written {
                    let message = format!("{path}: {}", cx.text(errno));
                    return Err(fail(cx, message, 3).await);
                }
            }
            Some(Ok(None)) => break,
            Some(Err(_)) if cx.is_gnu() => {
                say(cx, plan, "\nConnection closed at byte 0. Giving up.\n\n").await;
                return Err(Failed(4));
            }
            Some(Err(_)) => return Err(fail(cx, "connection closed prematurely", 1).await),
            None => return Err(fail(cx, "download timed out", 4).await),
        }
    }
    if let Some(fd) = fd {
        // It was open a moment ago.
        let _ = cx.process.close(fd);
    }
    report(cx, plan, url, &path, got, length).await;
    Ok(())
}

async fn create(cx: &mut Cx, plan: &Plan, path: &str) -> Result<Fd, Failed> {
    // busybox refuses to overwrite a file that it was not told to write.
    let exclusive = plan.output.is_none() && !cx.is_gnu();
    let flags = OpenFlags { exclusive, ..OpenFlags::WRITE };
    match cx.process.open(path.as_bytes(), flags, 0o666).await {
        Ok(fd) => Ok(fd),
        Err(errno) => {
            let reason = cx.text(errno);
            let message = if cx.is_gnu() {
                format!("{path}: {reason}")
            } else {
                format!("can't open '{path}': {reason}")
            };
            Err(fail(cx, message, 3).await)
        }
    }
}

/// What is said at the end.
async fn report(cx: &mut Cx, plan: &Plan, url: &Url, path: &str, got: u64, length: Option<u64>) {
    let to_stdout = path == "-";
    cx.flush().await;
    if cx.is_gnu() {
        let of = length.map_or(String::new(), |length| format!("/{length}"));
        if plan.terse && !plan.quiet {
            let line = format!(
                "{} URL:{}://{}{} [{got}{of}] -> \"{path}\" [1]\n",
                now(cx),
                url.scheme,
                url.authority(),
                url.target
            );
            cx.complain(line).await;
            return;
        }
        let dots = usize::try_from(got.div_ceil(1024)).unwrap_or(50).clamp(1, 50);
        let bar: String = (0..50)
            .map(|at| {
                format!(
                    "{}{}",
                    if at < dots && got >= 1024 { "." } else { " " },
                    if at % 10 == 9 { " " } else { "" }
                )
            })
            .collect();
        say(cx, plan, format!("     0K {bar}100%  117M=0s\n\n")).await;
        let (verb, target) = if to_stdout { ("written to stdout", "-") } else { ("", path) };
        let line = if to_stdout {
            format!("{} (117 MB/s) - {verb} [{got}{of}]\n\n", now(cx))
        } else {
            format!("{} (117 MB/s) - '{target}' saved [{got}{of}]\n\n", now(cx))
        };
        say(cx, plan, line).await;
        return;
    }
    let name: String = path.rsplit('/').next().unwrap_or(path).chars().take(20).collect();
    let stars = "*".repeat(32);
    let size = if got < 100_000 { got.to_string() } else { format!("{}k", got / 1024) };
    say(cx, plan, format!("\r{name:<20} 100% |{stars}| {size:>5}  0:00:00 ETA\n")).await;
    say(cx, plan, if to_stdout { "written to stdout\n".to_owned() } else { format!("'{path}' saved\n") })
        .await;
}
