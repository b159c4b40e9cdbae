//! What comes out of a script, and how two outcomes are compared.

use std::fmt::Write as _;

use crate::script::Script;

/// What came out of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Outcome {
    /// Without what may differ: help texts (of which only the fact that they are shown matters) and the directory of
    /// the shell in front of its own messages.
    pub(crate) fn normalized(stdout: &[u8], stderr: &[u8], code: i32) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut messages = String::new();
        for line in text(stderr).lines() {
            if line.starts_with("BusyBox v") {
                messages.push_str("[usage]\n");
                break;
            }
            let line = line.strip_prefix("/bin/").unwrap_or(line);
            let line = match line.find("/bin/sh: ") {
                Some(at) if line[..at].starts_with('/') || at == 0 => &line[at + 5..],
                _ => line,
            };
            let _ = writeln!(messages, "{line}");
        }
        Self { stdout: text(stdout), stderr: messages, code }
    }
}

/// Shows where two outcomes of a script differ.
pub(crate) fn difference(script: &Script, real: &Outcome, ours: &Outcome) -> String {
    let mut text = format!("=== {}.txt:{}\n{}", script.subject, script.line, script.text);
    for (name, real, ours) in [("stdout", &real.stdout, &ours.stdout), ("stderr", &real.stderr, &ours.stderr)]
    {
        if real != ours {
            let _ = write!(text, "--- {name} there:\n{real}--- {name} here:\n{ours}");
        }
    }
    if real.code != ours.code {
        let _ = writeln!(text, "--- exit code: there {}, here {}", real.code, ours.code);
    }
    text
}
