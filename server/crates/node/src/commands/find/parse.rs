//! Parsing find's expressions.

use std::cmp::Ordering;

use bytes::Bytes;

use super::expression::{Amount, Clock, Expression, Permissions};
use crate::{
    commands::Cx,
    kernel::{
        creds::{EXECUTE, READ, WRITE},
        fs::FileType,
    },
    libc::{
        fnmatch::MatchOptions,
        mode, passwd,
        regex::{Regex, Syntax},
    },
};

/// How deep parentheses nest, and how long expressions are.
const MAX_DEPTH: u32 = 100;
const MAX_TERMS: usize = 5000;
/// How busybox begins to speak of a word that it does not know. What it can be used for follows.
pub(super) const UNRECOGNIZED: &str = "unrecognized";

/// An expression, and what holds for the whole walk.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) expression: Expression,
    pub(super) max_depth: usize,
    pub(super) min_depth: usize,
    pub(super) depth_first: bool,
    pub(super) one_device: bool,
    /// Symbolic links stand for what they lead to.
    pub(super) follow: bool,
    /// Commands for many files at once.
    pub(super) batches: Vec<Vec<Bytes>>,
}

struct Parser<'a> {
    cx: &'a Cx,
    args: &'a [Bytes],
    at: usize,
    depth: u32,
    acts: bool,
    parsed: Parsed,
}

pub(super) fn parse(cx: &Cx, args: &[Bytes]) -> Result<Parsed, String> {
    if args.len() > MAX_TERMS {
        return Err("expression too long".to_owned());
    }
    let parsed = Parsed {
        expression: Expression::True,
        max_depth: usize::MAX,
        min_depth: 0,
        depth_first: false,
        one_device: false,
        follow: false,
        batches: Vec::new(),
    };
    let mut parser = Parser { cx, args, at: 0, depth: 0, acts: false, parsed };
    let mut expression = Expression::True;
    if !args.is_empty() {
        expression = parser.comma()?;
        if let Some(extra) = parser.args.get(parser.at) {
            let shown = String::from_utf8_lossy(extra);
            return Err(match cx.is_gnu() {
                true if *extra == ")" => "you have too many ')'".to_owned(),
                true => format!("paths must precede expression: `{shown}'"),
                false if *extra == ")" => "paths must precede expression: )".to_owned(),
                false => format!("paths must precede expression: {shown}"),
            });
        }
    }
    if !parser.acts {
        expression = Expression::And(Box::new(expression), Box::new(Expression::Print(b"\n".to_vec())));
    }
    parser.parsed.expression = expression;
    Ok(parser.parsed)
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Bytes> {
        self.args.get(self.at)
    }

    fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.peek().is_some_and(|arg| words.iter().any(|word| arg == word));
        self.at += usize::from(found);
        found
    }

    fn comma(&mut self) -> Result<Expression, String> {
        let mut left = self.or()?;
        while self.eat(&[","]) {
            left = Expression::Comma(Box::new(left), Box::new(self.or()?));
        }
        Ok(left)
    }

    fn or(&mut self) -> Result<Expression, String> {
        let mut left = self.and()?;
        while self.eat(&["-o", "-or"]) {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut left = self.not()?;
        loop {
            let joined = self.eat(&["-a", "-and"]);
            let ends = self.peek().is_none_or(|arg| matches!(&**arg, b")" | b"-o" | b"-or" | b","));
            if ends {
                return match (joined, self.cx.is_gnu()) {
                    (true, true) => Err("expected an expression after '-a'".to_owned()),
                    (true, false) => Err("bad expression".to_owned()),
                    (false, _) => Ok(left),
                };
            }
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
    }

    fn not(&mut self) -> Result<Expression, String> {
        let mut negated = false;
        while self.eat(&["!", "-not"]) {
            negated = !negated;
        }
        let inner = self.primary()?;
        Ok(if negated { Expression::Not(Box::new(inner)) } else { inner })
    }

    fn argument(&mut self, option: &str) -> Result<Bytes, String> {
        let value = self.args.get(self.at).cloned();
        self.at += 1;
        value.ok_or_else(|| match self.cx.is_gnu() {
            true => format!("missing argument to `{option}'"),
            false => format!("{option} requires an argument"),
        })
    }

    fn amount(&mut self, option: &str) -> Result<(Amount, Bytes), String> {
        let text = self.argument(option)?;
        let (order, rest) = match text.first() {
            Some(b'+') => (Ordering::Greater, text.slice(1..)),
            Some(b'-') => (Ordering::Less, text.slice(1..)),
            _ => (Ordering::Equal, text.clone()),
        };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let value = std::str::from_utf8(&rest[..digits]).ok().and_then(|digits| digits.parse().ok());
        let value = value.ok_or_else(|| self.bad_number(option, &text))?;
        Ok((Amount { order, value }, rest.slice(digits..)))
    }

    fn bad_number(&self, option: &str, text: &[u8]) -> String {
        let shown = String::from_utf8_lossy(text);
        match self.cx.is_gnu() {
            true => format!("invalid argument `{shown}' to `{option}'"),
            false => format!("invalid number '{shown}'"),
        }
    }

    fn primary(&mut self) -> Result<Expression, String> {
        let Some(word) = self.peek().cloned() else {
            return Err(if self.cx.is_gnu() { "expected an expression" } else { "bad expression" }.to_owned());
        };
        self.at += 1;
        let name = String::from_utf8_lossy(&word).into_owned();
        let plain = MatchOptions::default();
        let fold = MatchOptions { ignore_case: true, ..plain };
        Ok(match name.as_str() {
            "(" => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("expression nests too deep".to_owned());
                }
                let inner = self.comma()?;
                self.depth -= 1;
                if !self.eat(&[")"]) {
                    return Err(match self.cx.is_gnu() {
                        true => {
                            "invalid expression; I was expecting to find a ')' somewhere but did not see one."
                                .to_owned()
                        }
                        false => "unpaired '('".to_owned(),
                    });
                }
                inner
            }
            "-true" => Expression::True,
            "-false" => Expression::False,
            "-name" => Expression::Name(self.argument(&name)?, plain),
            "-iname" => Expression::Name(self.argument(&name)?, fold),
            "-path" | "-wholename" => Expression::Path(self.argument(&name)?, plain),
            "-ipath" | "-iwholename" => Expression::Path(self.argument(&name)?, fold),
            "-lname" => Expression::LinkName(self.argument(&name)?, plain),
            "-regex" | "-iregex" => {
                let text = self.argument(&name)?;
                let whole = [b"^\\(", &text[..], b"\\)$"].concat();
                let syntax = Syntax { extended: false, ignore_case: name == "-iregex" };
                Expression::Regex(Regex::new(&whole, syntax).map_err(|error| error.to_string())?)
            }
            "-regextype" => {
                self.argument(&name)?;
                Expression::True
            }
            "-type" | "-xtype" => self.file_type(&name)?,
            "-perm" => self.permissions(&name)?,
            "-mtime" => Expression::Age(Clock::Modified, 86400, self.amount(&name)?.0),
            "-atime" => Expression::Age(Clock::Accessed, 86400, self.amount(&name)?.0),
            "-ctime" => Expression::Age(Clock::Changed, 86400, self.amount(&name)?.0),
            "-mmin" => Expression::Age(Clock::Modified, 60, self.amount(&name)?.0),
            "-amin" => Expression::Age(Clock::Accessed, 60, self.amount(&name)?.0),
            "-cmin" => Expression::Age(Clock::Changed, 60, self.amount(&name)?.0),
            "-newer" | "-anewer" | "-cnewer" | "-newermm" => {
                let path = self.argument(&name)?;
                let stat = self.cx.process.stat(&path, true).map_err(|errno| {
                    let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), self.cx.text(errno));
                    match self.cx.is_gnu() {
                        true => format!("'{shown}': {text}"),
                        false => format!("{shown}: {text}"),
                    }
                })?;
                let clock = match name.as_str() {
                    "-anewer" => Clock::Accessed,
                    "-cnewer" => Clock::Changed,
                    _ => Clock::Modified,
                };
                Expression::Newer(clock, stat.modified)
            }
            "-user" | "-uid" => {
                let text = self.argument(&name)?;
                let known = passwd::user_named(&self.cx.process, &text).map(|user| user.uid);
                let number = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
                Expression::User(known.or(number).ok_or_else(|| self.unknown("user", &text))?)
            }
            "-group" | "-gid" => {
                let text = self.argument(&name)?;
                let known = passwd::group_named(&self.cx.process, &text);
                let number = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
                Expression::Group(known.or(number).ok_or_else(|| self.unknown("group", &text))?)
            }
            "-nouser" => Expression::NoUser,
            "-nogroup" => Expression::NoGroup,
            "-size" => {
                let (amount, unit) = self.amount(&name)?;
                let unit = match &unit[..] {
                    b"" | b"b" => 512,
                    b"c" => 1,
                    b"w" => 2,
                    b"k" => 1 << 10,
                    b"M" => 1 << 20,
                    b"G" => 1 << 30,
                    other => return Err(self.bad_number(&name, other)),
                };
                Expression::Size(unit, amount)
            }
            "-empty" => Expression::Empty,
            "-links" => Expression::Links(self.amount(&name)?.0),
            "-inum" => Expression::Inode(self.amount(&name)?.0),
            "-samefile" => {
                let path = self.argument(&name)?;
                let stat = self.cx.process.stat(&path, true).map_err(|errno| {
                    format!("'{}': {}", String::from_utf8_lossy(&path), self.cx.text(errno))
                })?;
                Expression::SameFile(stat.device, stat.ino)
            }
            "-readable" => Expression::Access(READ),
            "-writable" => Expression::Access(WRITE),
            "-executable" => Expression::Access(EXECUTE),
            "-prune" => Expression::Prune,
            "-quit" => Expression::Quit,
            "-maxdepth" | "-mindepth" => {
                let text = self.argument(&name)?;
                let value = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
                let value = value.ok_or_else(|| match self.cx.is_gnu() {
                    true => format!(
                        "Expected a positive decimal integer argument to {name}, but got '{}'",
                        String::from_utf8_lossy(&text)
                    ),
                    false => format!("invalid number '{}'", String::from_utf8_lossy(&text)),
                })?;
                match name.as_str() {
                    "-maxdepth" => self.parsed.max_depth = value,
                    _ => self.parsed.min_depth = value,
                }
                Expression::True
            }
            "-depth" | "-d" => {
                self.parsed.depth_first = true;
                Expression::True
            }
            "-xdev" | "-mount" => {
                self.parsed.one_device = true;
                Expression::True
            }
            "-follow" => {
                self.parsed.follow = true;
                Expression::True
            }
            "-daystart" | "-noleaf" | "-warn" | "-nowarn" | "-ignore_readdir_race" => Expression::True,
            "-print" => self.action(Expression::Print(b"\n".to_vec())),
            "-print0" => self.action(Expression::Print(vec![0])),
            "-printf" if self.cx.is_gnu() => {
                let format = self.argument(&name)?;
                self.action(Expression::Format(format))
            }
            "-ls" => self.action(Expression::List),
            "-delete" => {
                self.parsed.depth_first = true;
                self.action(Expression::Delete)
            }
            "-exec" | "-ok" | "-execdir" => self.exec(&name)?,
            _ => {
                return Err(match (self.cx.is_gnu(), word.starts_with(b"-")) {
                    (true, true) => format!("unknown predicate `{name}'"),
                    (true, false) => format!("paths must precede expression: `{name}'"),
                    (false, _) => format!("{UNRECOGNIZED}: {name}"),
                });
            }
        })
    }

    fn unknown(&self, what: &str, text: &[u8]) -> String {
        let shown = String::from_utf8_lossy(text);
        match (self.cx.is_gnu(), what) {
            (true, "user") => format!("'{shown}' is not the name of a known user"),
            (true, _) => format!("'{shown}' is not the name of an existing group"),
            (false, what) => format!("unknown {what} {shown}"),
        }
    }

    fn action(&mut self, expression: Expression) -> Expression {
        self.acts = true;
        expression
    }

    fn file_type(&mut self, option: &str) -> Result<Expression, String> {
        let text = self.argument(option)?;
        let mut types = Vec::new();
        for letter in text.iter().filter(|byte| **byte != b',') {
            types.push(match letter {
                b'f' => FileType::Regular,
                b'd' => FileType::Directory,
                b'l' => FileType::Symlink,
                b'p' => FileType::Fifo,
                b'c' => FileType::CharDevice,
                b's' => FileType::Socket,
                // There are no block devices in here.
                b'b' => continue,
                _ => {
                    let shown = String::from_utf8_lossy(&text);
                    return Err(match self.cx.is_gnu() {
                        true => format!("Unknown argument to {option}: {}", char::from(*letter)),
                        false => format!("invalid argument '{shown}' to '{option}'"),
                    });
                }
            });
        }
        Ok(Expression::Type(types))
    }

    fn permissions(&mut self, option: &str) -> Result<Expression, String> {
        let text = self.argument(option)?;
        let (kind, rest) = match text.first() {
            Some(b'-') => (b'-', &text[1..]),
            Some(b'/' | b'+') => (b'/', &text[1..]),
            _ => (b'=', &text[..]),
        };
        let Some(mode) = mode::apply(rest, 0, false, 0) else {
            let shown = String::from_utf8_lossy(&text);
            return Err(match self.cx.is_gnu() {
                true => format!("invalid mode '{shown}'"),
                false => format!("invalid mode '{shown}'"),
            });
        };
        Ok(Expression::Permissions(match kind {
            b'-' => Permissions::All(mode),
            b'/' => Permissions::Any(mode),
            _ => Permissions::Exactly(mode),
        }))
    }

    fn exec(&mut self, option: &str) -> Result<Expression, String> {
        let mut command: Vec<Bytes> = Vec::new();
        loop {
            let Some(word) = self.args.get(self.at).cloned() else {
                return Err(match self.cx.is_gnu() {
                    true => format!("missing argument to `{option}'"),
                    false => format!("{option} requires an argument"),
                });
            };
            self.at += 1;
            let many = word == "+" && command.last().is_some_and(|last| last == "{}");
            if word == ";" || many {
                if command.is_empty() || (many && command.len() < 2) {
                    return Err(match self.cx.is_gnu() {
                        true => {
                            format!("invalid argument `{}' to `{option}'", String::from_utf8_lossy(&word))
                        }
                        false => format!("missing argument to '{option}'"),
                    });
                }
                if many {
                    command.pop();
                    self.parsed.batches.push(command);
                    let number = self.parsed.batches.len() - 1;
                    return Ok(self.action(Expression::ExecMany(number)));
                }
                let expression =
                    Expression::Exec { command, ask: option == "-ok", in_dir: option == "-execdir" };
                return Ok(self.action(expression));
            }
            command.push(word);
        }
    }
}
