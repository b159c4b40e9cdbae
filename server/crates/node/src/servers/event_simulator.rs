//! `kodekloud/event-simulator`: an application whose users log in, look at pages and order, once a second, and that logs
//! it to its standard output and to `/log/app.log`.

use std::{sync::Arc, time::Duration};

use crate::{
    env::BoxFuture,
    kernel::{
        fs::OpenFlags,
        process::{Outcome, Process},
    },
};

const LOG: &[u8] = b"/log/app.log";
const INTERVAL: Duration = Duration::from_secs(1);
/// Every how many events an account is locked, and something is out of stock.
const LOCKED_EVERY: u64 = 5;
const OUT_OF_STOCK_EVERY: u64 = 8;

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let mut number = 0;
        loop {
            number += 1;
            for line in lines(number, process.random()) {
                let stamp = process.now().strftime("%Y-%m-%d %H:%M:%S,%3f").to_string();
                let text = format!("[{stamp}] {line}\n");
                let _ = process.write(1, text.clone()).await;
                // A directory that nobody mounted, or that is read-only, keeps no log.
                if let Ok(file) = process.open_file(LOG, OpenFlags::APPEND, 0o644).await {
                    let _ = process.write_file(&file, text.into()).await;
                }
            }
            process.sleep(INTERVAL).await;
        }
    })
}

/// What happens in one second.
fn lines(number: u64, random: u64) -> Vec<String> {
    const ACTIONS: [&str; 6] = [
        "logged in",
        "logged out",
        "is viewing page1",
        "is viewing page2",
        "is viewing page3",
        "placed an order",
    ];
    let pick = |shift: u32, of: u64| (random >> shift) % of;
    let action = usize::try_from(pick(8, ACTIONS.len() as u64)).unwrap_or(0);
    let mut lines = vec![format!("INFO in event-simulator: USER{} {}", pick(0, 4) + 1, ACTIONS[action])];
    if number.is_multiple_of(LOCKED_EVERY) {
        lines.push(
            "WARNING in event-simulator: USER5 Failed to Login as the account is locked due to MANY FAILED ATTEMPTS."
                .to_owned(),
        );
    }
    if number.is_multiple_of(OUT_OF_STOCK_EVERY) {
        lines.push("WARNING in event-simulator: USER7 Order failed as the item is OUT OF STOCK.".to_owned());
    }
    lines
}
