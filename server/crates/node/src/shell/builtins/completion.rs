//! `compgen`, `complete` and `bind` of bash: what words may become.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Effect, names, usage};
use crate::{
    kernel::{
        creds::EXECUTE,
        fs::{FileType, join},
    },
    libc::passwd,
    shell::{quote, state::Shell},
};

const COMPGEN: &str = "compgen [-abcdefgjksuv] [-o option] [-A action] [-G globpat] [-W wordlist] [-F function] \
                       [-C command] [-X filterpat] [-P prefix] [-S suffix] [word]";
/// The most words that are made.
const MAX_WORDS: usize = 10_000;
/// The most commands that `complete` remembers.
const MAX_COMPLETIONS: usize = 1000;

/// What words may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Alias,
    Builtin,
    Command,
    Directory,
    Export,
    File,
    Function,
    Group,
    Job,
    Keyword,
    User,
    Variable,
}

impl Kind {
    fn by_letter(letter: u8) -> Option<Self> {
        Some(match letter {
            b'a' => Self::Alias,
            b'b' => Self::Builtin,
            b'c' => Self::Command,
            b'd' => Self::Directory,
            b'e' => Self::Export,
            b'f' => Self::File,
            b'g' => Self::Group,
            b'j' => Self::Job,
            b'k' => Self::Keyword,
            b'u' => Self::User,
            b'v' => Self::Variable,
            _ => return None,
        })
    }

    fn by_name(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"alias" => Self::Alias,
            b"builtin" => Self::Builtin,
            b"command" => Self::Command,
            b"directory" => Self::Directory,
            b"export" => Self::Export,
            b"file" => Self::File,
            b"function" => Self::Function,
            b"group" => Self::Group,
            b"job" => Self::Job,
            b"keyword" => Self::Keyword,
            b"user" => Self::User,
            b"variable" => Self::Variable,
            _ => return None,
        })
    }
}

/// `compgen`: prints what a word may become.
pub(super) fn compgen(shell: &mut Shell, args: &[Bytes]) -> Effect {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let (mut prefix, mut suffix) = (Bytes::new(), Bytes::new());
    let (mut kinds, mut lists) = (Vec::new(), Vec::new());
    let mut rest = args[1..].iter();
    let mut word = Bytes::new();
    while let Some(arg) = rest.next() {
        let Some(letters) = arg.strip_prefix(b"-").filter(|letters| !letters.is_empty()) else {
            word = arg.clone();
            break;
        };
        if letters == b"-" {
            word = rest.next().cloned().unwrap_or_default();
            break;
        }
        for (index, letter) in letters.iter().enumerate() {
            if let Some(kind) = Kind::by_letter(*letter) {
                kinds.push(kind);
                continue;
            }
            if !b"AWPSoGFCX".contains(letter) {
                return usage(shell, *letter, COMPGEN);
            }
            let own = arg.slice(index + 2..);
            let Some(value) = (if own.is_empty() { rest.next().cloned() } else { Some(own) }) else {
                shell.complain(&format!("-{}: option requires an argument", char::from(*letter)));
                return super::show_usage(shell, b"compgen", COMPGEN);
            };
            match letter {
                b'A' => match Kind::by_name(&value) {
                    Some(kind) => kinds.push(kind),
                    None => {
                        let shown = String::from_utf8_lossy(&value).into_owned();
                        shell.complain(&format!("{shown}: invalid action name"));
                        return Effect::Status(2);
                    }
                },
                b'W' => lists.push(value),
                b'P' => prefix = value,
                b'S' => suffix = value,
                _ => {}
            }
            break;
        }
    }
    for kind in kinds {
        found.extend(shell.words_of(kind, &word));
    }
    for list in &lists {
        let words = list.split(u8::is_ascii_whitespace);
        found.extend(words.filter(|one| !one.is_empty() && one.starts_with(&word)).map(<[u8]>::to_vec));
    }
    found.truncate(MAX_WORDS);
    for text in &found {
        shell.output.extend([&prefix[..], text, &suffix, b"\n"].concat());
    }
    Effect::Status(u8::from(found.is_empty()))
}

impl Shell {
    /// The words of a kind that begin so.
    fn words_of(&self, kind: Kind, stem: &[u8]) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = match kind {
            Kind::Alias => self.aliases.keys().map(|name| name.to_vec()).collect(),
            Kind::Builtin => names(self.dialect).map(|name| name.as_bytes().to_vec()).collect(),
            Kind::Function => self.functions.keys().map(|name| name.to_vec()).collect(),
            Kind::Keyword => {
                super::lookup::BASH_KEYWORDS.iter().map(|word| word.as_bytes().to_vec()).collect()
            }
            Kind::Variable => self.variables.sorted().into_iter().map(|(name, _)| name.to_vec()).collect(),
            Kind::Export => {
                let exported = self.variables.sorted().into_iter().filter(|(_, variable)| variable.exported);
                exported.map(|(name, _)| name.to_vec()).collect()
            }
            Kind::User => passwd::users(&self.process).into_iter().map(|user| user.name).collect(),
            Kind::Group => passwd::groups(&self.process).into_iter().map(|(name, ..)| name).collect(),
            Kind::Job => self.jobs.all().iter().map(|job| job.text.to_vec()).collect(),
            Kind::File | Kind::Directory => return self.paths(stem, kind == Kind::Directory),
            Kind::Command => {
                let own = [Kind::Alias, Kind::Keyword, Kind::Function, Kind::Builtin];
                let mut all: Vec<_> = own.into_iter().flat_map(|kind| self.words_of(kind, stem)).collect();
                all.extend(self.programs_on_path(stem));
                all
            }
        };
        all.retain(|name| name.starts_with(stem));
        all
    }

    fn programs_on_path(&self, stem: &[u8]) -> BTreeSet<Vec<u8>> {
        let path = self.variables.text(b"PATH").cloned().unwrap_or_default();
        let mut all = BTreeSet::new();
        for dir in path.split(|byte| *byte == b':') {
            for (name, _) in self.process.list(dir).unwrap_or_default() {
                let fits = name.starts_with(stem) && all.len() < MAX_WORDS;
                if fits && self.process.access(&join(dir, &name), EXECUTE).is_ok() {
                    all.insert(name.to_vec());
                }
            }
        }
        all
    }

    fn paths(&self, stem: &[u8], only_directories: bool) -> Vec<Vec<u8>> {
        let at = stem.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        let (dir, start) = stem.split_at(at);
        let looked_at: &[u8] = if dir.is_empty() { b"." } else { dir };
        let mut all = Vec::new();
        for (name, _) in self.process.list(looked_at).unwrap_or_default() {
            let hidden = name.starts_with(b".") && !start.starts_with(b".");
            if !name.starts_with(start) || hidden {
                continue;
            }
            let path = [dir, &name].concat();
            let is_directory =
                || self.process.stat(&path, true).is_ok_and(|stat| stat.file_type == FileType::Directory);
            if !only_directories || is_directory() {
                all.push(path);
            }
        }
        all.sort_unstable();
        all
    }
}

/// `complete`: remembers how the operands of commands are completed; `-p` shows that, `-r` forgets it.
pub(super) fn complete(shell: &mut Shell, args: &[Bytes]) -> Effect {
    const WITH_ARGUMENT: &[u8] = b"oAGWFCXPS";
    let (mut options, mut show, mut forget) = (Vec::new(), args.len() == 1, false);
    let mut rest = args[1..].iter();
    let mut commands: Vec<&Bytes> = Vec::new();
    while let Some(arg) = rest.next() {
        match &arg[..] {
            b"-p" => show = true,
            b"-r" => forget = true,
            [b'-', letter, ..] => {
                options.push(quote::if_needed(arg, shell.dialect));
                if arg.len() == 2 && WITH_ARGUMENT.contains(letter) {
                    options.extend(rest.next().map(|value| quote::if_needed(value, shell.dialect)));
                }
            }
            _ => commands.push(arg),
        }
    }
    if forget {
        match commands.is_empty() {
            true => shell.completions.clear(),
            false => shell.completions.retain(|name, _| !commands.contains(&name)),
        }
        return Effect::Status(0);
    }
    let mut status = 0;
    if show {
        let line = |name: &[u8], how: &[u8]| [b"complete ", how, b" ", name, b"\n"].concat();
        if commands.is_empty() {
            let all: Vec<_> = shell.completions.iter().map(|(name, how)| line(name, how)).collect();
            shell.output.extend(all.concat());
        }
        for name in commands {
            match shell.completions.get(name) {
                Some(how) => shell.output.extend(line(name, how)),
                None => {
                    let shown = String::from_utf8_lossy(name).into_owned();
                    shell.complain(&format!("{shown}: no completion specification"));
                    status = 1;
                }
            }
        }
        return Effect::Status(status);
    }
    for name in commands {
        if shell.completions.len() < MAX_COMPLETIONS {
            shell.completions.insert(name.clone(), options.join(&b' ').into());
        }
    }
    Effect::Status(status)
}

/// `bind`: the keys of the line editor are fixed.
pub(super) fn bind(shell: &mut Shell, _: &[Bytes]) -> Effect {
    if !shell.options.interactive {
        shell.complain("warning: line editing not enabled");
    }
    Effect::Status(0)
}
