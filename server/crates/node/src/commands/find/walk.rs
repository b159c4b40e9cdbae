//! Walking trees.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    expression::{Clock, Expression, Permissions},
    parse::Parsed,
};
use crate::{
    commands::{Cx, calendar::Zone, processes},
    kernel::{
        fs::{FileType, Stat, file_name, join},
        process::Process,
    },
    libc::{fnmatch::matches, mode, passwd},
};

/// How deep trees are walked.
const MAX_DEPTH: usize = 1024;
/// How long the command line of `-exec ... +` gets.
const MAX_COMMAND: usize = 100 * 1024;

/// A file that is looked at.
#[derive(Clone, Debug)]
struct Entry {
    path: Vec<u8>,
    depth: usize,
    stat: Stat,
    /// What the root is called that it was found below.
    root: usize,
}

enum Task {
    Visit(Vec<u8>, usize, usize),
    /// A directory whose entries have been looked at.
    Leave(Box<Entry>),
}

#[derive(Debug)]
pub(super) struct Walk {
    parsed: Parsed,
    follow: bool,
    follow_roots: bool,
    code: u8,
    pruned: bool,
    quit: bool,
    /// Files for each `-exec ... +`.
    waiting: Vec<Vec<Bytes>>,
}

impl Walk {
    pub(super) fn new(_cx: &Cx, parsed: Parsed, follow: bool, follow_roots: bool) -> Self {
        let waiting = vec![Vec::new(); parsed.batches.len()];
        Self { parsed, follow, follow_roots, code: 0, pruned: false, quit: false, waiting }
    }

    pub(super) async fn run(&mut self, cx: &mut Cx, roots: &[Bytes]) -> u8 {
        let zone = cx.zone().await;
        for (index, root) in roots.iter().enumerate() {
            let mut tasks = vec![Task::Visit(root.to_vec(), 0, index)];
            let mut device = None;
            while let Some(task) = tasks.pop() {
                cx.process.work(3).await;
                match task {
                    Task::Visit(path, depth, root_index) => {
                        let follow = self.follow || (self.follow_roots && depth == 0);
                        let stat = cx.process.stat(&path, follow).or_else(|_| cx.process.stat(&path, false));
                        let stat = match stat {
                            Ok(stat) => stat,
                            Err(errno) => {
                                let (shown, text) =
                                    (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                                match cx.is_gnu() {
                                    true => cx.error(format!("'{shown}': {text}")).await,
                                    false => cx.error(format!("{shown}: {text}")).await,
                                }
                                self.code = 1;
                                continue;
                            }
                        };
                        let entry = Entry { path, depth, stat, root: roots[root_index].len() };
                        let first = *device.get_or_insert(stat.device);
                        let is_dir = stat.file_type == FileType::Directory;
                        self.pruned = false;
                        if !(self.parsed.depth_first && is_dir) && depth >= self.parsed.min_depth {
                            self.apply(cx, &entry, &zone).await;
                        }
                        let descends = is_dir
                            && !self.pruned
                            && depth < self.parsed.max_depth.min(MAX_DEPTH)
                            && !(self.parsed.one_device && stat.device != first);
                        let path = entry.path.clone();
                        if is_dir && self.parsed.depth_first {
                            tasks.push(Task::Leave(Box::new(entry)));
                        }
                        if descends {
                            match cx.process.list(&path) {
                                Ok(entries) => {
                                    let children = entries.into_iter().rev();
                                    tasks.extend(children.map(|(name, _)| {
                                        Task::Visit(join(&path, &name), depth + 1, root_index)
                                    }));
                                }
                                Err(errno) => {
                                    let (shown, text) =
                                        (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                                    match cx.is_gnu() {
                                        true => cx.error(format!("'{shown}': {text}")).await,
                                        false => cx.error(format!("{shown}: {text}")).await,
                                    }
                                    self.code = 1;
                                }
                            }
                        }
                    }
                    Task::Leave(entry) => {
                        if entry.depth >= self.parsed.min_depth {
                            self.apply(cx, &entry, &zone).await;
                        }
                    }
                }
                if self.quit || !cx.drain().await {
                    self.run_batches(cx).await;
                    return self.code;
                }
            }
        }
        self.run_batches(cx).await;
        self.code
    }

    async fn run_batches(&mut self, cx: &mut Cx) {
        for index in 0..self.waiting.len() {
            self.run_batch(cx, index).await;
        }
    }

    async fn run_batch(&mut self, cx: &mut Cx, index: usize) {
        let files = std::mem::take(&mut self.waiting[index]);
        if files.is_empty() {
            return;
        }
        let argv: Vec<Bytes> = self.parsed.batches[index].iter().cloned().chain(files).collect();
        let code = match processes::spawn(cx, &argv, |_| {}).await {
            Ok(child) => processes::wait(cx, &child).await,
            Err(code) => code,
        };
        if code != 0 {
            self.code = 1;
        }
    }

    /// Evaluates the expression for a file: with a stack of its own, since it acts on the way.
    async fn apply(&mut self, cx: &mut Cx, entry: &Entry, zone: &Zone) {
        let mut parsed = std::mem::replace(&mut self.parsed.expression, Expression::True);
        self.evaluate(cx, &parsed, entry, zone).await;
        std::mem::swap(&mut self.parsed.expression, &mut parsed);
    }

    fn evaluate<'a>(
        &'a mut self,
        cx: &'a mut Cx,
        expression: &'a Expression,
        entry: &'a Entry,
        zone: &'a Zone,
    ) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            match expression {
                Expression::And(left, right) => {
                    self.evaluate(cx, left, entry, zone).await
                        && !self.quit
                        && self.evaluate(cx, right, entry, zone).await
                }
                Expression::Or(left, right) => {
                    self.evaluate(cx, left, entry, zone).await
                        || (!self.quit && self.evaluate(cx, right, entry, zone).await)
                }
                Expression::Comma(left, right) => {
                    self.evaluate(cx, left, entry, zone).await;
                    !self.quit && self.evaluate(cx, right, entry, zone).await
                }
                Expression::Not(inner) => !self.evaluate(cx, inner, entry, zone).await,
                Expression::Prune => {
                    self.pruned = true;
                    true
                }
                Expression::Quit => {
                    self.quit = true;
                    true
                }
                Expression::Print(end) => {
                    cx.put(&entry.path);
                    cx.put(end);
                    true
                }
                Expression::Format(format) => {
                    let text = formatted(cx, entry, format, zone);
                    cx.put(text);
                    true
                }
                Expression::List => {
                    let line = listed(cx, entry, zone);
                    cx.put(line);
                    true
                }
                Expression::Delete => self.delete(cx, entry).await,
                Expression::Exec { command, ask, in_dir } => {
                    self.exec(cx, command, *ask, *in_dir, entry).await
                }
                Expression::ExecMany(index) => {
                    let size: usize = self.waiting[*index].iter().map(|path| path.len() + 1).sum();
                    if size + entry.path.len() > MAX_COMMAND {
                        self.run_batch(cx, *index).await;
                    }
                    self.waiting[*index].push(entry.path.clone().into());
                    true
                }
                test => holds(cx, test, entry),
            }
        })
    }

    async fn delete(&mut self, cx: &mut Cx, entry: &Entry) -> bool {
        if matches!(file_name(&entry.path), b"." | b"..") {
            return true;
        }
        let done = match entry.stat.file_type {
            FileType::Directory => cx.process.rmdir(&entry.path),
            _ => cx.process.unlink(&entry.path),
        };
        if let Err(errno) = done {
            let (shown, text) = (String::from_utf8_lossy(&entry.path).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("cannot delete '{shown}': {text}")).await,
                false => cx.error(format!("{shown}: {text}")).await,
            }
            self.code = 1;
            return false;
        }
        true
    }

    async fn exec(&mut self, cx: &mut Cx, command: &[Bytes], ask: bool, in_dir: bool, entry: &Entry) -> bool {
        let name = file_name(&entry.path);
        let path = if in_dir { [b"./", name].concat() } else { entry.path.clone() };
        let argv: Vec<Bytes> = command.iter().map(|word| filled(word, &path)).collect();
        if ask {
            let question = format!("{} ?", String::from_utf8_lossy(&argv.join(&b' ')));
            cx.complain(question).await;
            let answer = cx.process.read(0, 64).await.unwrap_or_default();
            if !matches!(answer.first(), Some(b'y' | b'Y')) {
                return false;
            }
        }
        let dir =
            entry.path.iter().rposition(|byte| *byte == b'/').map(|at| entry.path[..at.max(1)].to_vec());
        let prepare = |child: &Arc<Process>| {
            if let Some(dir) = dir.filter(|_| in_dir) {
                // Where that fails the command says so.
                let _ = child.chdir(&dir);
            }
        };
        match processes::spawn(cx, &argv, prepare).await {
            Ok(child) => processes::wait(cx, &child).await == 0,
            Err(_) => false,
        }
    }
}

/// A word of a command with the path in the place of each `{}`.
fn filled(word: &Bytes, path: &[u8]) -> Bytes {
    let mut out = Vec::new();
    let mut rest = &word[..];
    while let Some(at) = memchr::memmem::find(rest, b"{}") {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(path);
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
    out.into()
}

/// Whether a test holds for a file.
fn holds(cx: &Cx, test: &Expression, entry: &Entry) -> bool {
    let stat = &entry.stat;
    let time = |clock: Clock| match clock {
        Clock::Accessed => stat.accessed,
        Clock::Changed => stat.changed,
        Clock::Modified => stat.modified,
    };
    match test {
        Expression::True => true,
        Expression::Name(pattern, options) => {
            let trimmed =
                entry.path.strip_suffix(b"/").filter(|path| !path.is_empty()).unwrap_or(&entry.path);
            matches(pattern, file_name(trimmed), *options)
        }
        Expression::Path(pattern, options) => matches(pattern, &entry.path, *options),
        Expression::LinkName(pattern, options) => {
            cx.process.read_link(&entry.path).is_ok_and(|target| matches(pattern, &target, *options))
        }
        Expression::Regex(regex) => regex.is_match(&entry.path),
        Expression::Type(types) => types.contains(&stat.file_type),
        Expression::Permissions(wanted) => match wanted {
            Permissions::Exactly(mode) => stat.mode == *mode,
            Permissions::All(mode) => stat.mode & mode == *mode,
            Permissions::Any(mode) => *mode == 0 || stat.mode & mode != 0,
        },
        Expression::Age(clock, unit, amount) => {
            let seconds = cx.process.now().as_second() - time(*clock).as_second();
            amount.holds(seconds.div_euclid(*unit))
        }
        Expression::Newer(clock, than) => time(*clock) > *than,
        Expression::User(uid) => stat.uid == *uid,
        Expression::Group(gid) => stat.gid == *gid,
        Expression::NoUser => passwd::user_of(&cx.process, stat.uid).is_none(),
        Expression::NoGroup => passwd::group_of(&cx.process, stat.gid).is_none(),
        // busybox compares bytes, without rounding up to whole units.
        Expression::Size(unit, amount) if !cx.is_gnu() => {
            let wanted = amount.value.saturating_mul(i64::try_from(*unit).unwrap_or(i64::MAX));
            super::expression::Amount { value: wanted, ..*amount }
                .holds(i64::try_from(stat.size).unwrap_or(i64::MAX))
        }
        Expression::Size(unit, amount) => {
            let units = stat.size.div_ceil(*unit);
            amount.holds(i64::try_from(units).unwrap_or(i64::MAX))
        }
        Expression::Empty => match stat.file_type {
            FileType::Regular => stat.size == 0,
            FileType::Directory => cx.process.list(&entry.path).is_ok_and(|entries| entries.is_empty()),
            _ => false,
        },
        Expression::Links(amount) => amount.holds(i64::from(stat.links)),
        Expression::Inode(amount) => amount.holds(i64::try_from(stat.ino).unwrap_or(i64::MAX)),
        Expression::SameFile(device, ino) => (stat.device, stat.ino) == (*device, *ino),
        Expression::Access(access) => cx.process.access(&entry.path, *access).is_ok(),
        _ => false,
    }
}

/// `-ls`
fn listed(cx: &Cx, entry: &Entry, zone: &Zone) -> String {
    let stat = &entry.stat;
    let (user, group) = (passwd::user_text(&cx.process, stat.uid), passwd::group_text(&cx.process, stat.gid));
    let mut line = format!(
        "{:>9} {:>6} {}{} {:>3} {user:<8} {group:<8} {:>8} {} {}",
        stat.ino,
        stat.blocks / 2,
        stat.file_type.letter(),
        mode::letters(stat.mode),
        stat.links,
        stat.size,
        zone.at(stat.modified).for_listing(cx.process.now()),
        String::from_utf8_lossy(&entry.path)
    );
    if stat.file_type == FileType::Symlink
        && let Ok(target) = cx.process.read_link(&entry.path)
    {
        line += &format!(" -> {}", String::from_utf8_lossy(&target));
    }
    line.push('\n');
    line
}

/// `-printf` (GNU).
fn formatted(cx: &Cx, entry: &Entry, format: &[u8], zone: &Zone) -> Vec<u8> {
    let stat = &entry.stat;
    let mut plain = Vec::new();
    crate::commands::echo::unescape(format, &mut plain);
    let mut out = Vec::new();
    let mut rest = &plain[..];
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let flags = rest
            .iter()
            .take_while(|byte| matches!(byte, b'-' | b'0' | b' ' | b'.') || byte.is_ascii_digit())
            .count();
        let width: i64 =
            std::str::from_utf8(&rest[..flags]).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let Some(letter) = rest.get(flags) else {
            out.push(b'%');
            break;
        };
        rest = &rest[flags + 1..];
        let slash = entry.path.iter().rposition(|byte| *byte == b'/');
        let text: Vec<u8> = match letter {
            b'p' => entry.path.clone(),
            b'f' => match file_name(&entry.path) {
                b"" => entry.path.clone(),
                name => name.to_vec(),
            },
            b'h' => slash.map_or(b".".to_vec(), |at| entry.path[..at].to_vec()),
            b'P' => entry
                .path
                .get(entry.root..)
                .map(|path| path.strip_prefix(b"/").unwrap_or(path).to_vec())
                .unwrap_or_default(),
            b's' => stat.size.to_string().into_bytes(),
            b'k' => (stat.blocks / 2).to_string().into_bytes(),
            b'b' => stat.blocks.to_string().into_bytes(),
            b'm' => format!("{:o}", stat.mode).into_bytes(),
            b'M' => format!("{}{}", stat.file_type.letter(), mode::letters(stat.mode)).into_bytes(),
            b'u' => passwd::user_text(&cx.process, stat.uid).into_bytes(),
            b'g' => passwd::group_text(&cx.process, stat.gid).into_bytes(),
            b'U' => stat.uid.to_string().into_bytes(),
            b'G' => stat.gid.to_string().into_bytes(),
            b'i' => stat.ino.to_string().into_bytes(),
            b'n' => stat.links.to_string().into_bytes(),
            b'd' => entry.depth.to_string().into_bytes(),
            b'y' => match stat.file_type {
                FileType::Regular => b"f".to_vec(),
                other => vec![other.letter() as u8],
            },
            b'l' => cx.process.read_link(&entry.path).unwrap_or_default(),
            b't' => zone.at(stat.modified).format(b"%a %b %e %H:%M:%S.%N %Y", true),
            b'T' | b'A' | b'C' => {
                let time = match letter {
                    b'T' => stat.modified,
                    b'A' => stat.accessed,
                    _ => stat.changed,
                };
                let Some((conversion, after)) = rest.split_first() else { break };
                rest = after;
                match conversion {
                    b'@' => format!("{}.{:09}0", time.as_second(), time.subsec_nanosecond()).into_bytes(),
                    b'+' => zone.at(time).format(b"%Y-%m-%d+%H:%M:%S.%N0", true),
                    letter => zone.at(time).format(&[b'%', *letter], true),
                }
            }
            b'%' => b"%".to_vec(),
            other => vec![b'%', *other],
        };
        let pad = usize::try_from(width.unsigned_abs()).unwrap_or(0).min(4096).saturating_sub(text.len());
        if width > 0 {
            out.resize(out.len() + pad, b' ');
        }
        out.extend_from_slice(&text);
        if width < 0 {
            out.resize(out.len() + pad, b' ');
        }
    }
    out
}
