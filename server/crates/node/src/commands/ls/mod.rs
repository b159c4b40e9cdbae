//! `ls`: lists files and directories (POSIX XCU ls).

mod columns;
mod long;
mod quoting;

use std::cmp::Ordering;

use bytes::Bytes;
use columns::Cell;
use long::Long;
use quoting::Quoting;

use super::{Cx, calendar::Zone, number};
use crate::{
    kernel::{
        errno::Errno,
        fs::{FileType, Stat, join},
    },
    libc::{
        fnmatch::fnmatch,
        getopt::{OptSpec, Opts},
    },
};

const SPEC: OptSpec = OptSpec {
    short: "1AaCxdLHRFplinshrSXvctukT:w:g",
    long: &[("full-time", b'\x01'), ("group-directories-first", b'\x02'), ("color==", b'\x03')],
};
const GNU_SPEC: OptSpec = OptSpec {
    short: "1AaCxdLHRFplinshrSXvctukT:w:qmgGoNUfhBbQI:",
    long: &[
        ("full-time", b'\x01'),
        ("group-directories-first", b'\x02'),
        ("color==", b'\x03'),
        ("all", b'a'),
        ("almost-all", b'A'),
        ("directory", b'd'),
        ("classify", b'F'),
        ("human-readable", b'h'),
        ("inode", b'i'),
        ("numeric-uid-gid", b'n'),
        ("reverse", b'r'),
        ("recursive", b'R'),
        ("size", b's'),
        ("width=", b'w'),
        ("no-group", b'G'),
        ("dereference", b'L'),
        ("time-style=", b'\x04'),
        ("sort=", b'\x05'),
        ("quoting-style=", b'\x06'),
        ("hide=", b'\x07'),
        ("block-size=", b'\x08'),
        ("ignore=", b'I'),
        ("ignore-backups", b'B'),
        ("quote-name", b'Q'),
        ("literal", b'N'),
        ("escape", b'b'),
    ],
};
const USAGE: &str = "[-1AaCxdLHRFplinshrSXvctukZ] [-w WIDTH] [FILE]...";
/// How deep `-R` goes.
const MAX_DEPTH: usize = 256;

/// A file, as it is listed.
#[derive(Clone, Debug)]
struct Entry {
    name: Vec<u8>,
    /// Where it is found.
    path: Vec<u8>,
    stat: Stat,
    /// Where a link leads, and whether to something.
    target: Option<(Vec<u8>, Option<Stat>)>,
}

/// How files are listed.
#[derive(Debug)]
struct Listing {
    opts: Opts,
    gnu: bool,
    zone: Zone,
    columns: Option<usize>,
    across: bool,
    color: bool,
    quoting: Quoting,
    code: u8,
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(if cx.is_gnu() { GNU_SPEC } else { SPEC }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return if cx.is_gnu() { code * 2 } else { code },
    };
    let is_terminal = cx.process.is_terminal(1);
    let mut width = 80;
    if let Some(tty) = cx.process.file(1).ok().as_ref().and_then(|file| file.terminal()) {
        width = usize::from(tty.size().columns).max(1);
    }
    if let Some(value) = opts.value(b'w') {
        match number::parse::<usize>(value) {
            Some(value) => width = value.clamp(1, 10_000),
            None => return cx.bad_number(value).await,
        }
    }
    let format = opts.last_of(b"1Cxlnogm");
    let columns = match format {
        Some(b'C' | b'x') => Some(width),
        Some(_) => None,
        None => is_terminal.then_some(width),
    };
    let color = match opts.value(3) {
        Some(when) => matches!(&**when, b"always" | b"yes" | b"force") || (*when == "auto" && is_terminal),
        None => (opts.has(3) || !cx.is_gnu()) && is_terminal,
    };
    let quoting = match (opts.last_of(b"QNb\x06"), opts.value(6)) {
        (Some(b'Q'), _) => Quoting::C,
        (Some(b'N'), _) => Quoting::Literal,
        (Some(b'b'), _) => Quoting::Escape,
        (_, Some(style)) => Quoting::named(style).unwrap_or(Quoting::Literal),
        _ if cx.is_gnu() && is_terminal => Quoting::Shell,
        _ => Quoting::Literal,
    };
    let zone = cx.zone().await;
    let gnu = cx.is_gnu();
    let mut operands = opts.operands.clone();
    if operands.is_empty() {
        operands.push(Bytes::from_static(b"."));
    }
    let mut listing =
        Listing { opts, gnu, zone, columns, across: format == Some(b'x'), color, quoting, code: 0 };
    let many = operands.len() > 1;
    let mut files = Vec::new();
    let mut dirs = Vec::new();
    for operand in operands {
        match listing.entry(&cx, operand.to_vec(), operand.to_vec(), true) {
            Ok(entry) if entry.stat.file_type == FileType::Directory && !listing.opts.has(b'd') => {
                dirs.push(entry)
            }
            Ok(entry) => files.push(entry),
            Err(errno) => {
                let (shown, text) = (String::from_utf8_lossy(&operand).into_owned(), cx.text(errno));
                match gnu {
                    true => cx.error(format!("cannot access '{shown}': {text}")).await,
                    false => cx.error(format!("{shown}: {text}")).await,
                }
                listing.code = if gnu { 2 } else { 1 };
            }
        }
    }
    let some_files = !files.is_empty();
    if some_files {
        listing.follow_links(&mut cx, &mut files).await;
        listing.sort(&mut files);
        listing.print(&mut cx, &files);
    }
    listing.sort(&mut dirs);
    listing.directories(&mut cx, dirs, many, some_files).await;
    let code = listing.code;
    cx.finish(code).await
}

impl Listing {
    fn entry(&self, cx: &Cx, name: Vec<u8>, path: Vec<u8>, operand: bool) -> Result<Entry, Errno> {
        let long = self.is_long() || self.opts.has(b'd') || self.opts.has(b'F');
        let follow = self.opts.has(b'L') || (operand && (self.opts.has(b'H') || !long));
        let stat = cx.process.stat(&path, follow).or_else(|error| {
            // GNU's lists a link to nothing itself.
            let itself = self.gnu && error == Errno::ENOENT && !self.opts.has(b'L');
            if follow && itself { cx.process.stat(&path, false) } else { Err(error) }
        })?;
        Ok(Entry { name, path, stat, target: None })
    }

    /// Finds out where links lead.
    async fn follow_links(&mut self, cx: &mut Cx, entries: &mut [Entry]) {
        if !self.is_long() && !self.color && !self.opts.has(b'F') {
            return;
        }
        for entry in entries.iter_mut().filter(|entry| entry.stat.file_type == FileType::Symlink) {
            match cx.process.read_link(&entry.path) {
                Ok(target) => entry.target = Some((target, cx.process.stat(&entry.path, true).ok())),
                Err(errno) => {
                    let (shown, text) = (String::from_utf8_lossy(&entry.path).into_owned(), cx.text(errno));
                    match self.gnu {
                        true => cx.error(format!("cannot read symbolic link '{shown}': {text}")).await,
                        false => cx.error(format!("{shown}: cannot read link: {text}")).await,
                    }
                    self.code = 1;
                }
            }
        }
    }

    fn is_long(&self) -> bool {
        matches!(self.opts.last_of(b"1Cxlnogm"), Some(b'l' | b'n' | b'o' | b'g'))
            || (self.opts.last_of(b"Cxm").is_none()
                && self.opts.given.iter().any(|(letter, _)| b"lnog".contains(letter)))
            || self.opts.has(1)
    }

    async fn directories(&mut self, cx: &mut Cx, dirs: Vec<Entry>, many: bool, after_files: bool) {
        let headers = many || self.opts.has(b'R');
        let mut first = !after_files;
        let mut pending: Vec<(Entry, usize)> = dirs.into_iter().rev().map(|dir| (dir, 0)).collect();
        while let Some((dir, depth)) = pending.pop() {
            let (open, names) = match cx.process.open_dir(&dir.path) {
                Ok(opened) => opened,
                Err(errno) => {
                    let (shown, text) = (String::from_utf8_lossy(&dir.path).into_owned(), cx.text(errno));
                    match self.gnu {
                        true => cx.error(format!("cannot open directory '{shown}': {text}")).await,
                        false => cx.error(format!("can't open '{shown}': {text}")).await,
                    }
                    self.code = if self.gnu { 2 } else { 1 };
                    continue;
                }
            };
            if headers {
                if !first {
                    cx.put("\n");
                }
                cx.put(&dir.path);
                cx.put(":\n");
            }
            first = false;
            let mut entries = self.entries(cx, &dir, names).await;
            // Busybox's looks at links when it prints them, with the directory closed.
            if !self.gnu {
                let _ = cx.process.close(open);
            }
            self.follow_links(cx, &mut entries).await;
            if self.gnu {
                let _ = cx.process.close(open);
            }
            self.sort(&mut entries);
            if self.is_long() || self.opts.has(b's') {
                let blocks: u64 = entries.iter().map(|entry| entry.stat.blocks).sum();
                let total = match (self.opts.has(b'h'), self.gnu) {
                    (true, true) => number::human_gnu(blocks * 512),
                    (true, false) => format!("{:<7}", number::human(blocks * 512)),
                    (false, _) => blocks.div_ceil(2).to_string(),
                };
                cx.put(format!("total {total}\n"));
            }
            self.print(cx, &entries);
            if self.opts.has(b'R') && depth < MAX_DEPTH {
                for entry in entries.into_iter().rev() {
                    let is_own = matches!(&*entry.name, b"." | b"..");
                    if entry.stat.file_type == FileType::Directory && !is_own {
                        pending.push((entry, depth + 1));
                    }
                }
            }
            if !cx.drain().await {
                return;
            }
        }
    }

    async fn entries(&mut self, cx: &mut Cx, dir: &Entry, names: Vec<(Box<[u8]>, FileType)>) -> Vec<Entry> {
        let all = self.opts.has(b'a') || self.opts.has(b'f');
        let almost = self.opts.has(b'A');
        let mut entries = Vec::with_capacity(names.len());
        let own: &[&[u8]] = if all { &[b".", b".."] } else { &[] };
        let names = own.iter().map(|name| Box::from(*name)).chain(names.into_iter().map(|(name, _)| name));
        for name in names {
            let hidden = name.starts_with(b".") || self.opts.values(7).any(|pattern| fnmatch(pattern, &name));
            let ignored = self.opts.values(b'I').any(|pattern| fnmatch(pattern, &name));
            if (hidden && !all && !almost) || ignored || (self.opts.has(b'B') && name.ends_with(b"~")) {
                continue;
            }
            cx.process.work(1).await;
            let path = join(&dir.path, &name);
            match self.entry(cx, name.to_vec(), path.clone(), false) {
                Ok(entry) => entries.push(entry),
                Err(errno) => {
                    let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                    cx.error(format!("{shown}: {text}")).await;
                    self.code = 1;
                }
            }
        }
        entries
    }

    fn sort(&self, entries: &mut [Entry]) {
        if self.opts.has(b'U') || self.opts.has(b'f') {
            return;
        }
        let time = |stat: &Stat| match self.opts.last_of(b"cu") {
            Some(b'c') => stat.changed,
            Some(_) => stat.accessed,
            None => stat.modified,
        };
        let other_time = self.opts.last_of(b"cu").is_some() && !self.is_long();
        let word = self.opts.value(5).map(|word| String::from_utf8_lossy(word).into_owned());
        let letter = match word.as_deref() {
            Some("size") => Some(b'S'),
            Some("time") => Some(b't'),
            Some("extension") => Some(b'X'),
            Some("version") => Some(b'v'),
            _ => self.opts.last_of(b"SXvt"),
        };
        let extension = |name: &[u8]| {
            name.iter().rposition(|byte| *byte == b'.').map_or(Vec::new(), |at| name[at..].to_vec())
        };
        entries.sort_by(|a, b| {
            let order = match letter {
                Some(b'S') => b.stat.size.cmp(&a.stat.size),
                Some(b'X') => extension(&a.name).cmp(&extension(&b.name)),
                Some(b'v') => version_order(&a.name, &b.name),
                _ if letter == Some(b't') || other_time => time(&b.stat).cmp(&time(&a.stat)),
                _ => Ordering::Equal,
            };
            order.then_with(|| a.name.cmp(&b.name))
        });
        if self.opts.has(b'r') {
            entries.reverse();
        }
        if self.opts.has(2) {
            entries.sort_by_key(|entry| entry.stat.file_type != FileType::Directory);
        }
    }

    fn print(&self, cx: &mut Cx, entries: &[Entry]) {
        if self.is_long() {
            let long = Long::new(cx, self, entries);
            for entry in entries {
                let line = long.line(cx, self, entry);
                cx.put(line);
                cx.put("\n");
            }
            return;
        }
        let align = self.columns.is_some() && self.aligns(entries);
        let cells: Vec<Cell> = entries.iter().map(|entry| self.cell(entry, align)).collect();
        match self.columns {
            Some(width) => cx.put(columns::arrange(&cells, width, self.across, self.gnu)),
            None if self.opts.last_of(b"1Cxm") == Some(b'm') => {
                let names: Vec<&[u8]> = cells.iter().map(|cell| &*cell.text).collect();
                cx.put(names.join(&b", "[..]));
                cx.put("\n");
            }
            None => {
                for cell in cells {
                    cx.put(cell.text);
                    cx.put("\n");
                }
            }
        }
    }

    /// The file's name with what goes before and after it.
    fn cell(&self, entry: &Entry, align: bool) -> Cell {
        let mut head = String::new();
        if self.opts.has(b'i') {
            head = if self.gnu { format!("{} ", entry.stat.ino) } else { format!("{:>7} ", entry.stat.ino) };
        }
        if self.opts.has(b's') {
            let blocks = entry.stat.blocks / 2;
            head += &if self.gnu { format!("{blocks:>2} ") } else { format!("{blocks:>6} ") };
        }
        let (shown, width) = self.name(&entry.name, entry, align);
        let text = [head.as_bytes(), &shown].concat();
        Cell { width: head.len() + width, text }
    }

    /// Whether names without quotes are to stand below the others' letters.
    fn aligns(&self, entries: &[Entry]) -> bool {
        self.quoting == Quoting::Shell
            && entries.iter().any(|entry| self.quoting.quote(&entry.name).is_some())
    }

    /// A name with its colour and its mark, and how wide that is.
    fn name(&self, name: &[u8], entry: &Entry, align: bool) -> (Vec<u8>, usize) {
        let quoted = self.quoting.quote(name);
        let mut out = Vec::new();
        if align && quoted.is_none() {
            out.push(b' ');
        }
        let name = quoted.as_deref().unwrap_or(name);
        let color = if self.color { color(&entry.stat, entry.target.as_ref(), self.gnu) } else { None };
        if let Some(color) = color {
            out.extend_from_slice(format!("\x1b[{color}m").as_bytes());
        }
        out.extend_from_slice(name);
        if color.is_some() {
            out.extend_from_slice(if self.gnu { b"\x1b[0m" } else { b"\x1b[m" });
        }
        let mut width =
            String::from_utf8_lossy(name).chars().count() + usize::from(align && quoted.is_none());
        if let Some(mark) = self.mark(&entry.stat, self.is_long()) {
            out.push(mark);
            width += 1;
        }
        (out, width)
    }

    /// The letter that `-F` and `-p` put behind a name.
    fn mark(&self, stat: &Stat, long: bool) -> Option<u8> {
        let classify = self.opts.has(b'F');
        match stat.file_type {
            FileType::Directory if classify || self.opts.has(b'p') => Some(b'/'),
            FileType::Symlink if classify && !long => Some(b'@'),
            FileType::Fifo if classify => Some(b'|'),
            FileType::Socket if classify => Some(b'='),
            FileType::Regular if classify && stat.mode & 0o111 != 0 => Some(b'*'),
            _ => None,
        }
    }
}

/// The colour of a file's name, as a terminal's code.
fn color(stat: &Stat, target: Option<&(Vec<u8>, Option<Stat>)>, gnu: bool) -> Option<&'static str> {
    let code = match stat.file_type {
        FileType::Directory if gnu && stat.mode & 0o1002 == 0o1002 => "30;42",
        FileType::Directory => "1;34",
        FileType::Symlink if gnu && target.is_some_and(|(_, stat)| stat.is_none()) => "40;31;01",
        FileType::Symlink => "1;36",
        FileType::Fifo if gnu => "40;33",
        FileType::Fifo => "0;33",
        FileType::Socket => "1;35",
        FileType::CharDevice => "1;33",
        FileType::Regular if stat.mode & 0o111 != 0 => "1;32",
        FileType::Regular if gnu => return None,
        FileType::Regular => "0;0",
    };
    Some(match (gnu, code) {
        (true, "1;34") => "01;34",
        (true, "1;36") => "01;36",
        (true, "1;32") => "01;32",
        (true, "1;35") => "01;35",
        (true, "1;33") => "40;33;01",
        (_, code) => code,
    })
}

/// Orders names with numbers in them by the numbers' values (`strverscmp(3)`).
pub(super) fn version_order(a: &[u8], b: &[u8]) -> Ordering {
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i].is_ascii_digit() && b[j].is_ascii_digit() {
            let digits = |text: &[u8], at: usize| {
                let run = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let zeros = text[at..at + run].iter().take_while(|byte| **byte == b'0').count();
                (at + run, text[at + zeros..at + run].to_vec())
            };
            let ((next_i, x), (next_j, y)) = (digits(a, i), digits(b, j));
            let order = x.len().cmp(&y.len()).then_with(|| x.cmp(&y));
            if order.is_ne() {
                return order;
            }
            (i, j) = (next_i, next_j);
        } else if a[i] != b[j] {
            return a[i].cmp(&b[j]);
        } else {
            (i, j) = (i + 1, j + 1);
        }
    }
    a.len().cmp(&b.len())
}

#[cfg(test)]
mod tests {
    use super::version_order;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        let mut names = vec!["app-10.log", "app-9.log", "app-1.log", "b"];
        names.sort_by(|a, b| version_order(a.as_bytes(), b.as_bytes()));
        assert_eq!(names, ["app-1.log", "app-9.log", "app-10.log", "b"]);
    }
}
