//! The scripts: how the files are read, and what no script may do on the machine that runs the tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Whose tools are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Busybox,
    Debian,
}

impl System {
    /// The folder of its scripts, and the image that they run in.
    fn folder(self) -> &'static str {
        match self {
            Self::Busybox => "busybox",
            Self::Debian => "debian",
        }
    }

    pub(crate) fn image(self) -> &'static str {
        match self {
            Self::Busybox => "busybox",
            Self::Debian => "debian:bookworm",
        }
    }

    /// What must be on a machine to compare with.
    pub(crate) fn needs(self) -> &'static str {
        match self {
            Self::Busybox => "busybox (package busybox-static) is",
            Self::Debian => "Debian 12 with its bash, dash, coreutils and mawk is",
        }
    }
}

/// A script and where it stands.
pub(crate) struct Script {
    pub(crate) system: System,
    pub(crate) subject: String,
    pub(crate) line: usize,
    pub(crate) text: String,
    /// Why it is known to differ.
    pub(crate) excused: Option<String>,
}

impl Script {
    /// The shell that it is for.
    pub(crate) fn shell(&self) -> &'static str {
        match self.system {
            System::Debian if !self.subject.starts_with("dash") => "bash",
            _ => "sh",
        }
    }
}

/// All scripts of a system whose subject contains `only`.
///
/// # Panics
///
/// Where a script could change something outside of its directory.
pub(crate) fn all(system: System, only: &str) -> Vec<Script> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/scripts").join(system.folder());
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let subject = path.file_stem().unwrap().to_string_lossy().into_owned();
        if subject.contains(only) {
            all.extend(read(system, &subject, &fs::read_to_string(&path).unwrap()));
        }
    }
    for script in &all {
        refuse_harm(script);
    }
    all
}

/// The scripts of one file. What stands before the first `---` is the preamble that all of them begin with, if its
/// first line is `-- all`.
fn read(system: System, subject: &str, text: &str) -> Vec<Script> {
    let start =
        |line| Script { system, subject: subject.to_owned(), line, text: String::new(), excused: None };
    let mut scripts = Vec::new();
    let mut current = start(1);
    for (number, line) in (1..).zip(text.lines()) {
        if line == "---" {
            scripts.push(std::mem::replace(&mut current, start(number + 1)));
        } else if let Some(why) = line.strip_prefix("-- not: ") {
            current.excused = Some(why.to_owned());
        } else {
            current.text.push_str(line);
            current.text.push('\n');
        }
    }
    scripts.push(current);
    if text.starts_with("-- all\n") {
        let preamble = scripts.remove(0).text;
        let preamble = preamble.trim_start_matches("-- all\n");
        for script in &mut scripts {
            script.text.insert_str(0, preamble);
        }
    }
    scripts.retain(|script| !script.text.trim().is_empty());
    scripts
}

/// Scripts run as whoever runs the tests: they must keep to their directory.
fn refuse_harm(script: &Script) {
    const CHANGING: [&str; 12] =
        ["rm", "rmdir", "mv", "cp", "chmod", "chown", "ln", "touch", "mkdir", "dd", "truncate", "tar"];
    const NEVER: [&str; 8] =
        ["kill -9 -1", "reboot", "halt", "poweroff", "mkfs", "mount ", "hostname -F", "killall"];
    let lines: Vec<String> = script.text.lines().map(unquoted).collect();
    for line in lines.iter().flat_map(|line| line.split([';', '|', '&'])) {
        let mut words = line.split_whitespace().map(|word| word.trim_matches(['$', '(', '`', '{', '!']));
        let changes = words.any(|word| CHANGING.contains(&word));
        let outside = line.split(|c: char| c.is_whitespace() || "\"'=".contains(c)).any(|word| {
            (word.starts_with('/') && word.len() > 1
                || word == "/"
                || word.starts_with("..")
                || word.starts_with('~'))
                && !word.starts_with("/dev/null")
                && !word.starts_with("/dev/zero")
                && !word.starts_with("/nope")
        });
        let writes = line.contains("> /") && !line.contains("> /dev/") && !line.contains("> /nope");
        let harmful = changes && outside || writes || NEVER.iter().any(|command| line.contains(command));
        assert!(
            !harmful,
            "{}.txt:{}: this could change something outside of its directory: {line}",
            script.subject, script.line
        );
    }
}

/// A line without what stands in quotes: programs of sed and awk, which are full of slashes.
fn unquoted(line: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None => out.push(c),
        }
    }
    out
}
