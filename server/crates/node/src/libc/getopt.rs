//! Options of commands, as `getopt_long(3)` reads them.

use bytes::Bytes;

use crate::kernel::errno::Libc;

/// What a command understands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptSpec {
    /// Letters; one with `:` after it takes an argument, with `::` one in the same word only. A leading `+` ends options
    /// at the first operand.
    pub(crate) short: &'static str,
    /// Long names, and the letter that each stands for. One with `=` at its end takes an argument, with `==` an optional
    /// one.
    pub(crate) long: &'static [(&'static str, u8)],
}

/// The options and operands of a command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Opts {
    /// Options in their order.
    pub(crate) given: Vec<(u8, Option<Bytes>)>,
    pub(crate) operands: Vec<Bytes>,
}

/// What is wrong with a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OptError {
    UnknownShort(u8),
    UnknownLong(String),
    MissingShort(u8),
    MissingLong(String),
    /// A long option that takes no argument has one.
    Extra(String),
}

impl OptError {
    /// What `getopt_long(3)` of this C library says.
    pub(crate) fn text(&self, libc: Libc) -> String {
        let letter = |letter: u8| char::from(letter);
        match (libc, self) {
            (Libc::Glibc, Self::UnknownShort(of)) => format!("invalid option -- '{}'", letter(*of)),
            (Libc::Glibc, Self::UnknownLong(name)) => format!("unrecognized option '--{name}'"),
            (Libc::Glibc, Self::MissingShort(of)) => {
                format!("option requires an argument -- '{}'", letter(*of))
            }
            (Libc::Glibc, Self::MissingLong(name)) => format!("option '--{name}' requires an argument"),
            (Libc::Glibc, Self::Extra(name)) => format!("option '--{name}' doesn't allow an argument"),
            (Libc::Musl, Self::UnknownShort(of)) => format!("unrecognized option: {}", letter(*of)),
            (Libc::Musl, Self::UnknownLong(name)) => format!("unrecognized option: {name}"),
            (Libc::Musl, Self::MissingShort(of)) => {
                format!("option requires an argument: {}", letter(*of))
            }
            (Libc::Musl, Self::MissingLong(name)) => format!("option requires an argument: {name}"),
            (Libc::Musl, Self::Extra(name)) => format!("option does not take an argument: {name}"),
        }
    }
}

impl Opts {
    /// Reads a command line (without the command's name).
    pub(crate) fn parse(args: &[Bytes], spec: &OptSpec) -> Result<Self, OptError> {
        let mut opts = Self::default();
        let (stop_early, short) = match spec.short.strip_prefix('+') {
            Some(short) => (true, short.as_bytes()),
            None => (false, spec.short.as_bytes()),
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if &**arg == b"--" {
                opts.operands.extend(args.cloned());
                break;
            }
            if let Some(long) = arg.strip_prefix(b"--") {
                opts.long(&arg.slice_ref(long), spec, &mut args)?;
            } else if arg.len() > 1 && arg[0] == b'-' {
                opts.short(arg, short, &mut args)?;
            } else if stop_early {
                opts.operands.push(arg.clone());
                opts.operands.extend(args.cloned());
                break;
            } else {
                opts.operands.push(arg.clone());
            }
        }
        Ok(opts)
    }

    fn long(
        &mut self,
        text: &Bytes,
        spec: &OptSpec,
        args: &mut std::slice::Iter<'_, Bytes>,
    ) -> Result<(), OptError> {
        let (name, value) = match text.iter().position(|byte| *byte == b'=') {
            Some(at) => (text.slice(..at), Some(text.slice(at + 1..))),
            None => (text.clone(), None),
        };
        let shown = String::from_utf8_lossy(&name).into_owned();
        let bare = |known: &str| known.trim_end_matches('=').to_owned();
        let exact = spec.long.iter().find(|(known, _)| bare(known) == shown);
        let mut similar = spec.long.iter().filter(|(known, _)| known.starts_with(&shown));
        let found = match (exact, similar.next(), similar.next()) {
            (Some(found), ..) | (None, Some(found), None) => found,
            _ => return Err(OptError::UnknownLong(shown)),
        };
        let value = match (found.0.ends_with("=="), found.0.ends_with('='), value) {
            (true, _, value) => value,
            (false, true, Some(value)) => Some(value),
            (false, true, None) => {
                Some(args.next().cloned().ok_or_else(|| OptError::MissingLong(bare(found.0)))?)
            }
            (false, false, Some(_)) => return Err(OptError::Extra(bare(found.0))),
            (false, false, None) => None,
        };
        self.given.push((found.1, value));
        Ok(())
    }

    fn short(
        &mut self,
        arg: &Bytes,
        short: &[u8],
        args: &mut std::slice::Iter<'_, Bytes>,
    ) -> Result<(), OptError> {
        let mut at = 1;
        while let Some(letter) = arg.get(at).copied() {
            at += 1;
            let place = short.iter().position(|known| *known == letter && letter != b':');
            let place = place.ok_or(OptError::UnknownShort(letter))?;
            let takes = short.get(place + 1) == Some(&b':');
            let optional = takes && short.get(place + 2) == Some(&b':');
            if !takes {
                self.given.push((letter, None));
                continue;
            }
            let rest = arg.slice(at..);
            let value = if !rest.is_empty() {
                Some(rest)
            } else if optional {
                None
            } else {
                Some(args.next().cloned().ok_or(OptError::MissingShort(letter))?)
            };
            self.given.push((letter, value));
            break;
        }
        Ok(())
    }

    /// Whether an option was given.
    pub(crate) fn has(&self, letter: u8) -> bool {
        self.given.iter().any(|(given, _)| *given == letter)
    }

    /// The argument of an option, the last one given.
    pub(crate) fn value(&self, letter: u8) -> Option<&Bytes> {
        self.given.iter().rev().find(|(given, _)| *given == letter)?.1.as_ref()
    }

    /// The arguments of an option that may be given several times.
    pub(crate) fn values(&self, letter: u8) -> impl Iterator<Item = &Bytes> {
        self.given.iter().filter(move |(given, _)| *given == letter).filter_map(|(_, value)| value.as_ref())
    }

    /// Which of these options was given last.
    pub(crate) fn last_of(&self, letters: &[u8]) -> Option<u8> {
        self.given.iter().rev().map(|(given, _)| *given).find(|given| letters.contains(given))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{OptError, OptSpec, Opts};

    fn parse(short: &'static str, args: &[&'static str]) -> Result<Opts, OptError> {
        let args: Vec<Bytes> = args.iter().map(|arg| Bytes::from_static(arg.as_bytes())).collect();
        Opts::parse(&args, &OptSpec { short, long: &[("lines=", b'n'), ("quiet", b'q'), ("color==", b'c')] })
    }

    #[test]
    fn options_may_stand_together_and_after_operands() {
        let opts = parse("n:qvc::", &["-qvn5", "file", "-n", "7", "--", "-q"]).unwrap();
        assert!(opts.has(b'q') && opts.has(b'v') && !opts.has(b'c'));
        assert_eq!(opts.value(b'n').unwrap(), "7");
        assert_eq!(opts.operands, ["file", "-q"]);
        assert_eq!(opts.last_of(b"qv"), Some(b'v'));
    }

    #[test]
    fn a_plus_ends_options_at_the_first_operand() {
        let opts = parse("+q", &["-q", "cmd", "-x"]).unwrap();
        assert_eq!(opts.operands, ["cmd", "-x"]);
    }

    #[test]
    fn long_names_may_be_cut_short() {
        let opts = parse("n:q", &["--li=3", "--color", "--quiet"]).unwrap();
        assert_eq!(opts.value(b'n').unwrap(), "3");
        assert!(opts.has(b'c') && opts.has(b'q'));
    }

    #[test]
    fn what_is_unknown_or_missing_is_named() {
        assert_eq!(parse("q", &["-x"]).unwrap_err(), OptError::UnknownShort(b'x'));
        assert_eq!(parse("n:", &["-n"]).unwrap_err(), OptError::MissingShort(b'n'));
        assert_eq!(parse("q", &["--nope"]).unwrap_err(), OptError::UnknownLong("nope".into()));
        assert_eq!(parse("q", &["--quiet=1"]).unwrap_err(), OptError::Extra("quiet".into()));
    }
}
