//! `ps`: processes, as busybox and as procps show them.

mod busybox;
mod procps;

use super::Cx;

pub(super) async fn run(cx: Cx) -> u8 {
    if cx.is_gnu() { procps::run(cx).await } else { busybox::run(cx).await }
}

/// Where a terminal is, as `ps` names it.
fn tty_name(tty: Option<u32>) -> String {
    tty.map_or_else(|| "?".to_owned(), |number| format!("pts/{number}"))
}
