//! What is seen of a sandbox: objects as they change, what containers print and answer, why a Pod does not run.

pub(crate) mod container;
pub(crate) mod diagnosis;
pub(crate) mod exec;
pub(crate) mod http;
pub(crate) mod http_inside;
pub(crate) mod logs;
pub(crate) mod prospect;
pub(crate) mod scene;

use std::time::Duration;

/// The most bytes of one output, log or answer that are looked at.
pub(crate) const MAX_TEXT: usize = 256 * 1024;

/// How long one look (a command, a request) may take in cluster time.
pub(crate) const LOOK_WITHIN: Duration = Duration::from_secs(15);

/// Bytes as text, cut at [`MAX_TEXT`].
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TEXT)]).into_owned()
}

/// A text in short, for what a learner is shown beside a message: its last lines, if there are many.
pub(crate) fn excerpt(text: &str) -> String {
    const LINES: usize = 8;
    const CHARACTERS: usize = 600;
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES);
    let kept = lines[from..].join("\n");
    let cut = kept.char_indices().nth(CHARACTERS).map_or(kept.as_str(), |(end, _)| &kept[..end]);
    match (from, cut.len() < kept.len()) {
        (0, false) => cut.to_owned(),
        (0, true) => format!("{cut}…"),
        (_, false) => format!("…\n{cut}"),
        (_, true) => format!("…\n{cut}…"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn excerpts_show_the_end_of_long_texts() {
        assert_eq!(super::excerpt("a\nb\n"), "a\nb");
        let many: String = (0..100).map(|n| format!("{n}\n")).collect();
        assert!(super::excerpt(&many).starts_with("…\n92\n") && super::excerpt(&many).ends_with("99"));
        assert_eq!(super::excerpt(&"ä".repeat(1000)).chars().count(), 601);
    }
}
