//! `fmt`: fills the lines of paragraphs (GNU coreutils).

use super::super::{Cx, Lines};
use crate::libc::getopt::OptSpec;

/// The longest paragraph that is laid out at once, in words.
const MAX_WORDS: usize = 4000;

/// A word of a paragraph, its width, and what there is to it for where lines may end.
struct Word {
    text: String,
    width: usize,
    /// A sentence ends with it.
    is_final: bool,
    /// It ends like a sentence.
    period: bool,
    /// Some punctuation ends it.
    punctuated: bool,
    /// It begins with a bracket or a quote.
    opening: bool,
}

struct Request {
    width: usize,
    goal: usize,
    split_only: bool,
    uniform: bool,
    crown: bool,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let mut args = std::mem::take(&mut cx.args);
    // `-WIDTH` as the first argument.
    let mut old_width = None;
    if let Some(digits) = args.first().and_then(|arg| arg.strip_prefix(b"-"))
        && !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
    {
        old_width = std::str::from_utf8(digits).ok().map(str::to_owned);
        args.remove(0);
    }
    cx.args = args;
    let spec = OptSpec {
        short: "ctsuw:g:p:",
        long: &[
            ("crown-margin", b'c'),
            ("tagged-paragraph", b't'),
            ("split-only", b's'),
            ("uniform-spacing", b'u'),
            ("width=", b'w'),
            ("goal=", b'g'),
            ("prefix=", b'p'),
        ],
    };
    let opts = match cx.opts(spec, "[-WIDTH] [OPTION]... [FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let given = opts.value(b'w').map(|text| String::from_utf8_lossy(text).into_owned()).or(old_width);
    let width = match given.as_deref().map(|text| (text, text.parse::<usize>())) {
        None => 75,
        Some((_, Ok(width))) if width <= 2500 => width,
        Some((text, _)) => {
            let text = text.to_owned();
            cx.error(format!("invalid width: '{text}'")).await;
            return 1;
        }
    };
    let goal = opts.value(b'g').and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    let request = Request {
        width,
        goal: goal.unwrap_or(width * 187 / 200).min(width),
        split_only: opts.has(b's'),
        uniform: opts.has(b'u'),
        crown: opts.has(b'c') || opts.has(b't'),
    };
    let mut code = 0;
    for path in Cx::inputs(opts.operands) {
        let file = match cx.open(&path).await {
            Ok(file) => file,
            Err(errno) => {
                let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                cx.error(format!("cannot open '{shown}' for reading: {text}")).await;
                code = 1;
                continue;
            }
        };
        let mut lines = Lines::new(file);
        let mut paragraph: Vec<String> = Vec::new();
        let mut words = 0;
        loop {
            let line = match lines.next(&mut cx).await {
                Ok(line) => line,
                Err(errno) => {
                    cx.file_error(&path, errno).await;
                    code = 1;
                    break;
                }
            };
            let ended = line.is_none();
            let text = line.map(|line| String::from_utf8_lossy(&line.text).into_owned()).unwrap_or_default();
            let blank = text.trim().is_empty();
            // A paragraph goes on as long as its lines are indented alike.
            let same = match &paragraph[..] {
                [] => true,
                [_] if request.crown => true,
                [.., last] => indent(last) == indent(&text),
            };
            let count = text.split_whitespace().count();
            if ended || blank || !same || request.split_only || words + count > MAX_WORDS {
                cx.process.work(u32::try_from(paragraph.len()).unwrap_or(u32::MAX)).await;
                cx.put(request.fill(&paragraph));
                paragraph.clear();
                words = 0;
            }
            if ended {
                break;
            }
            words += count;
            if blank {
                cx.put("\n");
            } else if count > MAX_WORDS {
                // A line of so many words is filled in parts.
                let all: Vec<&str> = text.split_whitespace().collect();
                for part in all.chunks(MAX_WORDS) {
                    cx.put(request.fill(&[part.join(" ")]));
                    cx.process.work(1000).await;
                }
                words = 0;
            } else {
                paragraph.push(text);
            }
            if !cx.drain().await {
                return cx.finish(1).await;
            }
        }
    }
    cx.finish(code).await
}

fn indent(line: &str) -> usize {
    let mut column = 0;
    for character in line.chars() {
        match character {
            ' ' => column += 1,
            '\t' => column = column / 8 * 8 + 8,
            _ => break,
        }
    }
    column
}

/// Whether a sentence ends with a word, where it stands before the end of a line or two blanks.
fn ends_sentence(word: &str) -> bool {
    word.trim_end_matches(['"', '\'', ')', ']']).ends_with(['.', '?', '!'])
}

impl Request {
    /// The lines of a paragraph, filled.
    fn fill(&self, lines: &[String]) -> String {
        let Some(first) = lines.first() else { return String::new() };
        let first_indent = indent(first);
        let other_indent = lines.get(1).filter(|_| self.crown).map_or(first_indent, |line| indent(line));
        let mut words = Vec::new();
        let mut gaps = Vec::new();
        for line in lines {
            let mut rest = line.trim();
            while !rest.is_empty() {
                let end = rest.find([' ', '\t']).unwrap_or(rest.len());
                let (text, after) = rest.split_at(end);
                let gap = after.len() - after.trim_start().len();
                rest = after.trim_start();
                let at_end = rest.is_empty();
                let ends = ends_sentence(text) && (at_end || gap > 1);
                gaps.push(match (self.uniform || at_end, ends) {
                    (true, true) => 2,
                    (true, false) => 1,
                    (false, _) => gap.max(1),
                });
                words.push(Word {
                    text: text.to_owned(),
                    width: text.chars().count(),
                    is_final: ends,
                    period: ends_sentence(text),
                    punctuated: text.ends_with(|last: char| last.is_ascii_punctuation()),
                    opening: text.starts_with(['(', '[', '{', '\'', '"', '`']),
                });
            }
        }
        let breaks = self.breaks(&words, &gaps, first_indent, other_indent);
        let mut out = String::new();
        let (mut start, mut margin) = (0, first_indent);
        for end in breaks {
            out.push_str(&" ".repeat(margin));
            for index in start..end {
                out.push_str(&words[index].text);
                if index + 1 < end {
                    out.push_str(&" ".repeat(gaps[index]));
                }
            }
            out.push('\n');
            (start, margin) = (end, other_indent);
        }
        out
    }

    /// Where lines end, so that they are as near to the goal as can be together.
    fn breaks(&self, words: &[Word], gaps: &[usize], first: usize, other: usize) -> Vec<usize> {
        const SHORT: i64 = 100;
        // The least cost of laying out the words from each on, and where the first line of that ends.
        let mut best: Vec<(i64, usize, usize)> = vec![(0, words.len(), 0); words.len() + 1];
        for start in (0..words.len()).rev() {
            let margin = if start == 0 { first } else { other };
            let mut width = margin;
            let mut chosen = (i64::MAX, start + 1, 0);
            for end in start + 1..=words.len() {
                width += words[end - 1].width + if end - 1 > start { gaps[end - 2] } else { 0 };
                let (rest, _, next_width) = best[end];
                let mut cost = 0;
                if end < words.len() {
                    let short = i64::try_from(self.goal).unwrap_or(0) - i64::try_from(width).unwrap_or(0);
                    cost = SHORT * short * short;
                    if best[end].1 != words.len() {
                        let ragged =
                            i64::try_from(width).unwrap_or(0) - i64::try_from(next_width).unwrap_or(0);
                        cost += SHORT / 2 * ragged * ragged;
                    }
                }
                let total = cost.saturating_add(rest).saturating_add(begin_cost(words, start));
                if total < chosen.0 && (width < self.width || end == start + 1) {
                    chosen = (total, end, width);
                }
                if width >= self.width {
                    break;
                }
            }
            best[start] = chosen;
        }
        let mut breaks = Vec::new();
        let mut at = 0;
        while at < words.len() {
            at = best[at].1;
            breaks.push(at);
        }
        breaks
    }
}

/// What it costs that a line begins with a word: little after the end of a sentence, much within one that only looks
/// ended, and more the shorter the word is that stands alone.
fn begin_cost(words: &[Word], at: usize) -> i64 {
    let alone = |cost: i64, word: &Word| cost * cost / (i64::try_from(word.width).unwrap_or(0) + 2);
    let mut cost = 70 * 70;
    if let Some(before) = at.checked_sub(1).map(|before| &words[before]) {
        cost += match before {
            Word { period: true, is_final: true, .. } => -50 * 50,
            Word { period: true, .. } => 600 * 600,
            Word { punctuated: true, .. } => -40 * 40,
            _ if at > 1 && words[at - 2].is_final => alone(200, before),
            _ => 0,
        };
    }
    match &words[at] {
        Word { opening: true, .. } => cost - 40 * 40,
        word @ Word { is_final: true, .. } => cost + alone(150, word),
        _ => cost,
    }
}

#[cfg(test)]
mod tests {
    use super::Request;

    #[test]
    fn lines_are_filled_evenly() {
        let request = Request { width: 8, goal: 7, split_only: false, uniform: false, crown: false };
        assert_eq!(request.fill(&["aaa bbb ccc ddd".to_owned()]), "aaa bbb\nccc ddd\n");
        let request = Request { width: 75, goal: 69, split_only: false, uniform: true, crown: false };
        assert_eq!(request.fill(&["  a   b.".to_owned(), "  c".to_owned()]), "  a b.  c\n");
    }
}
