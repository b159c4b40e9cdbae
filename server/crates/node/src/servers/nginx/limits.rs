//! Whether a request may come now: `limit_conn` and `limit_req`, before access is looked at.

use std::sync::Arc;

use super::{
    request::Request,
    settings::{LogLevel, Verdict},
    variables::fill,
    worker::Worker,
};

/// Counts a request once, however often its location changes; the status that it is refused with.
pub(super) async fn check(worker: &Worker, request: &mut Request) -> Option<u16> {
    if request.is_limited {
        return None;
    }
    request.is_limited = true;
    let location = Arc::clone(&request.location);
    let limits = &location.options.limits;
    for limit in &limits.connections {
        let key = fill(worker, request, &limit.zone.key);
        // Who has no key is not counted.
        if key.is_empty() {
            continue;
        }
        match limit.zone.connection(key, limit.most) {
            Some(place) => request.places.push(place),
            None => {
                let message = format!("limiting connections by zone \"{}\"", limit.zone.name);
                worker.complain(request, LogLevel::Error, &message, None).await;
                return Some(limits.connection_status);
            }
        }
    }
    let mut longest = None;
    for limit in &limits.requests {
        let key = fill(worker, request, &limit.zone.key);
        if key.is_empty() {
            continue;
        }
        let now = worker.process.container.host.env.clock.uptime();
        let shown = |excess: u64| format!("{}.{:03}", excess / 1000, excess % 1000);
        match limit.zone.request(&key, limit, now) {
            Verdict::Pass => {}
            Verdict::Delay { excess, wait } => {
                if longest.as_ref().is_none_or(|(other, _)| wait > *other) {
                    let message = format!(
                        "delaying request, excess: {}, by zone \"{}\"",
                        shown(excess),
                        limit.zone.name
                    );
                    longest = Some((wait, message));
                }
            }
            Verdict::Reject { excess } => {
                let message =
                    format!("limiting requests, excess: {} by zone \"{}\"", shown(excess), limit.zone.name);
                worker.complain(request, LogLevel::Error, &message, None).await;
                return Some(limits.request_status);
            }
        }
    }
    if let Some((wait, message)) = longest {
        worker.complain(request, LogLevel::Warn, &message, None).await;
        worker.process.sleep(wait).await;
    }
    None
}
