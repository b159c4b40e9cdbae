//! From the text of an expression to its structure.

use super::{RegexError, Syntax, set::Set};
use crate::libc::fnmatch::{decode, in_class};

/// How deep groups nest.
const MAX_DEPTH: u32 = 100;
/// The highest count in an interval: POSIX's `RE_DUP_MAX`.
const MAX_REPEAT: u32 = 32767;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Empty,
    Char(u32),
    Any,
    Set(Set),
    Assert(Assertion),
    Group(usize, Box<Node>),
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat { node: Box<Node>, least: u32, most: Option<u32> },
    BackReference(usize),
}

/// A condition on a place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assertion {
    Start,
    End,
    WordStart,
    WordEnd,
    WordBoundary,
    NotWordBoundary,
}

/// An expression, and what it needs.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) node: Node,
    pub(super) groups: usize,
    pub(super) back_references: bool,
}

impl Node {
    /// The text that it stands for, if it is nothing else.
    pub(super) fn literal(&self) -> Option<Vec<u8>> {
        let chars = match self {
            Self::Char(_) => std::slice::from_ref(self),
            Self::Concat(nodes) => nodes,
            _ => return None,
        };
        let mut out = Vec::new();
        for node in chars {
            let Self::Char(character) = node else { return None };
            push(*character, &mut out);
        }
        (!out.is_empty()).then_some(out)
    }
}

/// Appends a character as `decode` reads it.
fn push(character: u32, out: &mut Vec<u8>) {
    match char::from_u32(character) {
        Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.push((character & 0xff) as u8),
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    extended: bool,
    groups: usize,
    /// Groups that are open.
    open: Vec<usize>,
    back_references: bool,
    depth: u32,
}

/// Parses an expression.
pub(super) fn parse(pattern: &[u8], syntax: Syntax) -> Result<Parsed, RegexError> {
    let mut parser = Parser {
        text: pattern,
        at: 0,
        extended: syntax.extended,
        groups: 0,
        open: Vec::new(),
        back_references: false,
        depth: 0,
    };
    let node = parser.alternatives()?;
    if parser.at < parser.text.len() {
        return Err(RegexError(if parser.extended { "Unmatched ) or \\)" } else { "Unmatched ( or \\(" }));
    }
    Ok(Parsed { node, groups: parser.groups, back_references: parser.back_references })
}

impl Parser<'_> {
    fn looking_at(&self, token: &[u8]) -> bool {
        self.text[self.at..].starts_with(token)
    }

    fn at_bar(&self) -> bool {
        self.looking_at(if self.extended { b"|" } else { b"\\|" })
    }

    fn at_close(&self) -> bool {
        // An unmatched parenthesis is plain text in extended expressions only where none is open.
        if self.extended { self.looking_at(b")") && !self.open.is_empty() } else { self.looking_at(b"\\)") }
    }

    fn alternatives(&mut self) -> Result<Node, RegexError> {
        let mut all = vec![self.sequence()?];
        while self.at_bar() {
            self.at += if self.extended { 1 } else { 2 };
            all.push(self.sequence()?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Node::Alternate(all) })
    }

    fn sequence(&mut self) -> Result<Node, RegexError> {
        let mut nodes: Vec<Node> = Vec::new();
        let start = self.at;
        while self.at < self.text.len() && !self.at_bar() && !self.at_close() {
            // A star with nothing before it is plain text in basic expressions.
            let first = self.at == start || matches!(nodes[..], [Node::Assert(Assertion::Start)]);
            let node = self.element(first)?;
            let node = self.repeats(node)?;
            nodes.push(node);
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.swap_remove(0),
            _ => Node::Concat(nodes),
        })
    }

    fn element(&mut self, first: bool) -> Result<Node, RegexError> {
        let byte = self.text[self.at];
        match byte {
            b'.' => {
                self.at += 1;
                Ok(Node::Any)
            }
            b'[' => self.bracket().map(Node::Set),
            b'^' if self.extended || first => {
                self.at += 1;
                Ok(Node::Assert(Assertion::Start))
            }
            b'$' if self.extended || self.ends_sequence(self.at + 1) => {
                self.at += 1;
                Ok(Node::Assert(Assertion::End))
            }
            b'*' if !self.extended && first => {
                self.at += 1;
                Ok(Node::Char(u32::from(b'*')))
            }
            b'*' | b'+' | b'?' if self.extended => {
                if first {
                    // GNU takes a repetition of nothing for nothing.
                    self.at += 1;
                    return Ok(Node::Empty);
                }
                Err(RegexError("Invalid preceding regular expression"))
            }
            b'(' if self.extended => {
                self.at += 1;
                self.group(b")")
            }
            b'\\' => self.escape(),
            _ => {
                let (character, width) = decode(&self.text[self.at..]);
                self.at += width;
                Ok(Node::Char(character))
            }
        }
    }

    fn ends_sequence(&self, at: usize) -> bool {
        let rest = &self.text[at..];
        rest.is_empty() || rest.starts_with(b"\\)") || rest.starts_with(b"\\|")
    }

    fn group(&mut self, close: &[u8]) -> Result<Node, RegexError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(RegexError("Regular expression too big"));
        }
        self.groups += 1;
        let index = self.groups;
        self.open.push(index);
        let inner = self.alternatives()?;
        if !self.looking_at(close) {
            return Err(RegexError("Unmatched ( or \\("));
        }
        self.open.pop();
        self.at += close.len();
        self.depth -= 1;
        Ok(Node::Group(index, Box::new(inner)))
    }

    fn escape(&mut self) -> Result<Node, RegexError> {
        let Some(next) = self.text.get(self.at + 1).copied() else {
            return Err(RegexError("Trailing backslash"));
        };
        self.at += 2;
        Ok(match next {
            b'(' if !self.extended => return self.group(b"\\)"),
            b'{' if !self.extended => return Err(RegexError("Invalid preceding regular expression")),
            b'1'..=b'9' => {
                let index = usize::from(next - b'0');
                if index > self.groups || self.open.contains(&index) {
                    return Err(RegexError("Invalid back reference"));
                }
                self.back_references = true;
                Node::BackReference(index)
            }
            b'w' => Node::Set(Set::of_class(b"alnum", b"_", false)),
            b'W' => Node::Set(Set::of_class(b"alnum", b"_", true)),
            b's' => Node::Set(Set::of_class(b"space", b"", false)),
            b'S' => Node::Set(Set::of_class(b"space", b"", true)),
            b'<' => Node::Assert(Assertion::WordStart),
            b'>' => Node::Assert(Assertion::WordEnd),
            b'b' => Node::Assert(Assertion::WordBoundary),
            b'B' => Node::Assert(Assertion::NotWordBoundary),
            b'`' => Node::Assert(Assertion::Start),
            b'\'' => Node::Assert(Assertion::End),
            b'n' => Node::Char(u32::from(b'\n')),
            b't' => Node::Char(u32::from(b'\t')),
            _ => {
                self.at -= 1;
                let (character, width) = decode(&self.text[self.at..]);
                self.at += width;
                Node::Char(character)
            }
        })
    }

    /// Repetitions after an element.
    fn repeats(&mut self, mut node: Node) -> Result<Node, RegexError> {
        let mut count = 0;
        loop {
            let rest = &self.text[self.at..];
            let (least, most, len) = match rest.first() {
                Some(b'*') => (0, None, 1),
                Some(b'+') if self.extended => (1, None, 1),
                Some(b'?') if self.extended => (0, Some(1), 1),
                Some(b'\\') if !self.extended && rest.get(1) == Some(&b'+') => (1, None, 2),
                Some(b'\\') if !self.extended && rest.get(1) == Some(&b'?') => (0, Some(1), 2),
                Some(b'\\') if !self.extended && rest.get(1) == Some(&b'{') => {
                    let (least, most, len) =
                        interval(&rest[2..], b"\\}")?.ok_or(RegexError("Unmatched \\{"))?;
                    (least, most, len + 2)
                }
                Some(b'{') if self.extended => match interval(&rest[1..], b"}")? {
                    Some((least, most, len)) => (least, most, len + 1),
                    None => return Ok(node),
                },
                _ => return Ok(node),
            };
            self.at += len;
            if let Node::Repeat { least: 0, most: None, .. } = node
                && most.is_none()
            {
                // (a*)* is a*.
                continue;
            }
            count += 1;
            if count > 8 {
                return Err(RegexError("Regular expression too big"));
            }
            node = Node::Repeat { node: Box::new(node), least, most };
        }
    }

    fn bracket(&mut self) -> Result<Set, RegexError> {
        const UNMATCHED: RegexError = RegexError("Unmatched [, [^, [:, [., or [=");
        self.at += 1;
        let mut set = Set::default();
        if self.looking_at(b"^") {
            set.negated = true;
            self.at += 1;
        }
        let start = self.at;
        loop {
            let Some(byte) = self.text.get(self.at).copied() else { return Err(UNMATCHED) };
            if byte == b']' && self.at > start {
                self.at += 1;
                return Ok(set);
            }
            if self.looking_at(b"[:") {
                let rest = &self.text[self.at + 2..];
                let len = rest.windows(2).position(|pair| pair == b":]").ok_or(UNMATCHED)?;
                let class = &rest[..len];
                if in_class(class, 0).is_none() {
                    return Err(RegexError("Invalid character class name"));
                }
                set.classes.push(class.to_vec());
                self.at += len + 4;
                continue;
            }
            let low = self.bracket_element().ok_or(UNMATCHED)?;
            let is_range =
                self.looking_at(b"-") && self.text.get(self.at + 1).is_some_and(|byte| *byte != b']');
            if !is_range {
                set.ranges.push((low, low));
                continue;
            }
            self.at += 1;
            let high = self.bracket_element().ok_or(UNMATCHED)?;
            if high < low {
                return Err(RegexError("Invalid range end"));
            }
            set.ranges.push((low, high));
        }
    }

    /// One character in brackets, where a backslash is nothing special.
    fn bracket_element(&mut self) -> Option<u32> {
        let rest = self.text.get(self.at..)?;
        if rest.starts_with(b"[.") || rest.starts_with(b"[=") {
            let (character, width) = decode(&rest[2..]);
            let close = [rest[1], b']'];
            if rest.get(2 + width..4 + width) == Some(&close[..]) {
                self.at += width + 4;
                return Some(character);
            }
        }
        if rest.is_empty() {
            return None;
        }
        let (character, width) = decode(rest);
        self.at += width;
        Some(character)
    }
}

/// The bounds of an interval and its length, its end included; `None` where it is no interval.
fn interval(text: &[u8], close: &[u8]) -> Result<Option<(u32, Option<u32>, usize)>, RegexError> {
    let number = |at: usize| {
        let len = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let value = std::str::from_utf8(&text[at..at + len]).ok().and_then(|text| text.parse::<u32>().ok());
        (value, len)
    };
    let (first, mut at) = number(0);
    let (least, most) = if text.get(at) == Some(&b',') {
        let (second, len) = number(at + 1);
        at += 1 + len;
        (first.unwrap_or(0), if len > 0 { second.or(Some(u32::MAX)) } else { None })
    } else {
        (first.unwrap_or(0), first)
    };
    if !text[at..].starts_with(close) || (first.is_none() && text.first() != Some(&b',')) {
        return if close.len() == 2 && text.is_empty() { Err(RegexError("Unmatched \\{")) } else { Ok(None) };
    }
    if least > MAX_REPEAT || most.is_some_and(|most| most > MAX_REPEAT) {
        return Err(RegexError("Regular expression too big"));
    }
    if most.is_some_and(|most| most < least) {
        return Err(RegexError("Invalid content of \\{\\}"));
    }
    Ok(Some((least, most, at + close.len())))
}
