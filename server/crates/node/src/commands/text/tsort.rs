//! `tsort`: items in an order that keeps each before those that it is paired with (POSIX XCU tsort).

use std::collections::{BTreeMap, VecDeque};

use super::{super::Cx, open_input};
use crate::libc::getopt::OptSpec;

/// What an item waits for, and who waits for it: the newest first.
#[derive(Default)]
struct Item {
    before: usize,
    after: Vec<Vec<u8>>,
}

type Items = BTreeMap<Vec<u8>, Item>;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "w", long: &[] }, "[FILE]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if let Some(extra) = opts.operands.get(1) {
        cx.error(format!("extra operand '{}'", String::from_utf8_lossy(extra))).await;
        return cx.bad_usage("[FILE]").await;
    }
    let path = opts.operands.first().cloned().unwrap_or_else(|| "-".into());
    let shown = String::from_utf8_lossy(&path).into_owned();
    let Some(file) = open_input(&mut cx, &path).await else { return 1 };
    let text = match cx.read_all(&file).await {
        Ok(text) => text,
        Err(errno) => {
            cx.file_error(&path, errno).await;
            return 1;
        }
    };
    let words: Vec<&[u8]> = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    if words.len() % 2 == 1 {
        cx.error(format!("{shown}: input contains an odd number of tokens")).await;
        return 1;
    }
    let mut items = Items::new();
    for pair in words.chunks(2) {
        let [first, second] = pair else { break };
        cx.process.work(1).await;
        items.entry(second.to_vec()).or_default();
        let item = items.entry(first.to_vec()).or_default();
        if first != second {
            item.after.push(second.to_vec());
            items.entry(second.to_vec()).or_default().before += 1;
        }
    }
    let mut code = 0;
    while !items.is_empty() {
        let free = |(name, item): (&Vec<u8>, &Item)| (item.before == 0).then(|| name.clone());
        let mut ready: VecDeque<Vec<u8>> = items.iter().filter_map(free).collect();
        while let Some(name) = ready.pop_front() {
            cx.process.work(1).await;
            cx.put(&name);
            cx.put("\n");
            let Some(item) = items.remove(&name) else { continue };
            for after in item.after.iter().rev() {
                let Some(waiting) = items.get_mut(after) else { continue };
                waiting.before -= 1;
                if waiting.before == 0 {
                    ready.push_back(after.clone());
                }
            }
            if !cx.drain().await {
                return cx.finish(1).await;
            }
        }
        if items.is_empty() {
            break;
        }
        code = 1;
        cx.flush().await;
        cx.error(format!("{shown}: input contains a loop:")).await;
        for name in break_loop(&mut items) {
            cx.error(String::from_utf8_lossy(&name)).await;
        }
    }
    cx.finish(code).await
}

/// Finds items that wait for each other in a circle, and lets the first of them go. Every item waits here.
fn break_loop(items: &mut Items) -> Vec<Vec<u8>> {
    // From anywhere back to whoever is waited for, until somebody is met again.
    let mut trail: Vec<Vec<u8>> = items.keys().next().cloned().into_iter().collect();
    loop {
        let Some(last) = trail.last().cloned() else { return trail };
        let Some(before) =
            items.iter().find(|(_, item)| item.after.contains(&last)).map(|(name, _)| name.clone())
        else {
            return trail;
        };
        if let Some(met) = trail.iter().position(|name| *name == before) {
            let mut circle = trail.split_off(met);
            // The circle's first item no longer waits for the one before it.
            let waited_for = circle.get(1).or(circle.first());
            if let (Some(first), Some(last)) = (circle.first().cloned(), waited_for.cloned()) {
                let mut gone = 0;
                if let Some(item) = items.get_mut(&last) {
                    let length = item.after.len();
                    item.after.retain(|name| *name != first);
                    gone = length - item.after.len();
                }
                if let Some(item) = items.get_mut(&first) {
                    item.before = item.before.saturating_sub(gone);
                }
            }
            // They are told in the order in which they wait for each other.
            circle[1..].reverse();
            return circle;
        }
        trail.push(before);
    }
}
