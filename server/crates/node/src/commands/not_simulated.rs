//! Programs that can be installed, since courses do, but do nothing here: they say so.

use super::Cx;

/// Says that a program does nothing here.
pub(super) async fn run(mut cx: Cx) -> u8 {
    cx.error("podlab installs this program, but does not simulate what it does").await;
    127
}
