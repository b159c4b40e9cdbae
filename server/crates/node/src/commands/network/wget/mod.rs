//! `wget`: fetches over HTTP, in busybox's and in GNU's words.

mod connection;
mod options;
mod save;

use connection::ask;
use jiff::tz::TimeZone;
use options::{Plan, SPEC, USAGE};
use save::save;

use crate::{
    commands::Cx,
    http::{BodyKind, ResponseHead, Url, UrlError},
};

/// How many redirects are followed.
const MAX_REDIRECTS: u32 = 20;

/// Why nothing was fetched, and with which exit code. The message was said.
struct Failed(u8);

/// Runs `wget`.
pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.complain("wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n").await;
            return 1;
        }
        return cx.bad_usage(USAGE).await;
    }
    let plan = match options::plan(&mut cx, &opts).await {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    let mut code = 0;
    for operand in opts.operands {
        let text = String::from_utf8_lossy(&operand).into_owned();
        if let Err(Failed(failed)) = fetch(&mut cx, &plan, &text).await {
            code = failed;
            if !cx.is_gnu() {
                break;
            }
        }
    }
    cx.finish(code).await
}

/// Says what goes on, unless told to be quiet.
async fn say(cx: &mut Cx, plan: &Plan, text: impl AsRef<str> + Send) {
    if !plan.quiet && !plan.terse {
        cx.complain(text.as_ref().to_owned()).await;
    }
}

fn now(cx: &Cx) -> String {
    cx.process.now().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

async fn fail(cx: &mut Cx, message: impl AsRef<str> + Send, code: u8) -> Failed {
    cx.error(message).await;
    Failed(if cx.is_gnu() { code } else { 1 })
}

async fn fetch(cx: &mut Cx, plan: &Plan, text: &str) -> Result<(), Failed> {
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            let message = match (cx.is_gnu(), error) {
                (true, UrlError::BadPort) => format!("{text}: Bad port number."),
                (true, _) => format!("{text}: Invalid host name."),
                (false, _) => format!("bad address '{text}'"),
            };
            return Err(fail(cx, message, 1).await);
        }
    };
    for _ in 0..=MAX_REDIRECTS {
        if cx.is_gnu() {
            let shown = format!("{}://{}{}", url.scheme, url.authority(), url.target);
            let line = format!("--{}--  {shown}\n", now(cx));
            say(cx, plan, line).await;
        }
        if !matches!(url.scheme.as_str(), "http" | "https") {
            let message = if cx.is_gnu() {
                format!("{text}: Unsupported scheme '{}'.", url.scheme)
            } else {
                format!("not an http or ftp url: {text}")
            };
            return Err(fail(cx, message, 1).await);
        }
        let (head, mut wire) = ask(cx, plan, &url).await?;
        let kind = BodyKind::of_response(head.status, plan.spider && cx.is_gnu(), &head.headers);
        if plan.show_response {
            let lines: String =
                head.headers.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect();
            cx.complain(format!("  {}\n{lines}", head.status_line())).await;
        }
        if matches!(head.status, 301 | 302 | 303 | 307 | 308)
            && let Some(location) = head.headers.get("location")
        {
            if cx.is_gnu() {
                let line = format!("Location: {location} [following]\n");
                say(cx, plan, line).await;
            }
            url = match url.join(location) {
                Ok(next) => next,
                Err(_) => return Err(fail(cx, format!("bad address '{location}'"), 1).await),
            };
            continue;
        }
        if !(200..300).contains(&head.status) && !plan.content_on_error {
            return Err(refused(cx, plan, &head, text).await);
        }
        if plan.spider {
            let line = if cx.is_gnu() { "\nRemote file exists.\n\n" } else { "remote file exists\n" };
            say(cx, plan, line).await;
            return Ok(());
        }
        return save(cx, plan, &url, &head, &mut wire, kind).await;
    }
    let message = if cx.is_gnu() {
        format!("{MAX_REDIRECTS} redirections exceeded.")
    } else {
        "too many redirections".to_owned()
    };
    Err(fail(cx, message, 8).await)
}

/// Says that the server did not want to.
async fn refused(cx: &mut Cx, plan: &Plan, head: &ResponseHead, text: &str) -> Failed {
    if !cx.is_gnu() {
        return fail(cx, format!("server returned error: {}", head.status_line()), 1).await;
    }
    if plan.spider {
        say(cx, plan, "Remote file does not exist -- broken link!!!\n\n").await;
    } else if !plan.quiet {
        let start = if plan.terse { format!("{text}:\n") } else { String::new() };
        let line = format!("{start}{} ERROR {}: {}.\n", now(cx), head.status, head.reason);
        cx.complain(line).await;
        if !plan.terse {
            cx.complain("\n").await;
        }
    }
    Failed(8)
}
