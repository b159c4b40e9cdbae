//! What `set` turns on and off.

use super::Dialect;

macro_rules! options {
    ($($name:ident = $letter:literal, $long:literal;)*) => {
        /// A shell's options.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) struct Options { $(pub(crate) $name: bool,)* }

        impl Options {
            /// The option of this letter.
            pub(crate) fn letter(&mut self, letter: u8) -> Option<&mut bool> {
                match letter { $($letter if $letter != 0 => Some(&mut self.$name),)* _ => None }
            }

            /// The option of this name.
            pub(crate) fn named(&mut self, name: &[u8]) -> Option<&mut bool> {
                $(if name == $long.as_bytes() && !name.is_empty() { return Some(&mut self.$name); })*
                None
            }

            /// `$-`: ash and dash list the letters in the order of their options, bash by the alphabet, those that
            /// only its command line takes last.
            pub(crate) fn flags(&self, dialect: Dialect) -> String {
                let mut flags: Vec<u8> = Vec::new();
                $(if self.$name && $letter != 0 { flags.push($letter); })*
                if dialect.is_bash() {
                    flags.sort_by_key(|letter| (matches!(letter, b'c' | b's'), letter.is_ascii_uppercase(), *letter));
                }
                flags.into_iter().map(char::from).collect()
            }
        }
    };
}

options! {
    errexit = b'e', "errexit";
    noglob = b'f', "noglob";
    ignoreeof = b'I', "ignoreeof";
    interactive = b'i', "interactive";
    monitor = b'm', "monitor";
    noexec = b'n', "noexec";
    stdin = b's', "stdin";
    xtrace = b'x', "xtrace";
    verbose = b'v', "verbose";
    noclobber = b'C', "noclobber";
    allexport = b'a', "allexport";
    notify = b'b', "notify";
    nounset = b'u', "nounset";
    errtrace = b'E', "errtrace";
    functrace = b'T', "functrace";
    pipefail = 0, "pipefail";
    vi = 0, "vi";
    emacs = 0, "emacs";
    posix = 0, "posix";
    hashall = b'h', "hashall";
    braceexpand = b'B', "braceexpand";
    histexpand = b'H', "histexpand";
    history = 0, "history";
    interactive_comments = 0, "interactive-comments";
    keyword = b'k', "keyword";
    nolog = 0, "nolog";
    onecmd = b't', "onecmd";
    physical = b'P', "physical";
    privileged = b'p', "privileged";
    login = 0, "login";
    command = b'c', "";
}

/// Whether a shell's `set` takes the letter of an option.
pub(crate) fn takes(dialect: Dialect, letter: u8) -> bool {
    let letters: &[u8] = match dialect {
        Dialect::Ash => b"efIimnsxvCabuE",
        Dialect::Dash => b"efIimnsxvVECabu",
        Dialect::Bash => b"abefhkmnptuvxBCEHPT",
    };
    letters.contains(&letter)
}

/// The options that each shell tells of, in its order.
pub(crate) fn listed(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Ash => &[
            "errexit",
            "noglob",
            "ignoreeof",
            "monitor",
            "noexec",
            "xtrace",
            "verbose",
            "noclobber",
            "allexport",
            "notify",
            "nounset",
            "errtrace",
            "vi",
            "pipefail",
        ],
        Dialect::Dash => &[
            "errexit",
            "noglob",
            "ignoreeof",
            "interactive",
            "monitor",
            "noexec",
            "stdin",
            "xtrace",
            "verbose",
            "vi",
            "emacs",
            "noclobber",
            "allexport",
            "notify",
            "nounset",
        ],
        Dialect::Bash => &[
            "allexport",
            "braceexpand",
            "emacs",
            "errexit",
            "errtrace",
            "functrace",
            "hashall",
            "histexpand",
            "history",
            "ignoreeof",
            "interactive-comments",
            "keyword",
            "monitor",
            "noclobber",
            "noexec",
            "noglob",
            "nolog",
            "notify",
            "nounset",
            "onecmd",
            "physical",
            "pipefail",
            "posix",
            "privileged",
            "verbose",
            "vi",
            "xtrace",
        ],
    }
}

impl Options {
    /// Those that are on from the start.
    pub(crate) fn new(dialect: Dialect) -> Self {
        let bash = dialect.is_bash();
        Self { braceexpand: bash, hashall: bash, interactive_comments: bash, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Options};

    #[test]
    fn letters_and_names_lead_to_the_same_option() {
        let mut options = Options::default();
        *options.letter(b'e').unwrap() = true;
        *options.named(b"nounset").unwrap() = true;
        assert!(options.errexit && options.nounset);
        assert_eq!(options.flags(Dialect::Ash), "eu");
        let mut bash = Options { stdin: true, interactive: true, ..Options::new(Dialect::Bash) };
        assert_eq!(bash.flags(Dialect::Bash), "hiBs");
        bash.monitor = true;
        assert_eq!(bash.flags(Dialect::Bash), "himBs");
        assert!(options.letter(0).is_none() && options.letter(b'?').is_none());
    }
}
