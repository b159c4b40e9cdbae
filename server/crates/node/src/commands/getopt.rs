//! `getopt`: sorts a script's options for it (util-linux; busybox has the same).

use bytes::Bytes;

use super::Cx;

const USAGE: &str = "[OPTIONS] [--] OPTSTRING PARAMS";

/// Where operands go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    /// After the options.
    #[default]
    Last,
    /// They end the options (`+`).
    Stop,
    /// Where they stand (`-`).
    InPlace,
}

/// Whether an option takes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Nothing,
    Argument,
    /// In the same word only.
    Optional,
}

/// What a script understands.
#[derive(Debug, Default)]
struct Spec {
    order: Order,
    short: Vec<(u8, Takes)>,
    long: Vec<(Vec<u8>, Takes)>,
    /// Long options may begin with one dash.
    alternative: bool,
}

fn takes(colons: usize) -> Takes {
    match colons {
        0 => Takes::Nothing,
        1 => Takes::Argument,
        _ => Takes::Optional,
    }
}

impl Spec {
    fn short(&mut self, text: &[u8]) {
        let text = match text.split_first() {
            Some((b'+', rest)) => {
                self.order = Order::Stop;
                rest
            }
            Some((b'-', rest)) => {
                self.order = Order::InPlace;
                rest
            }
            _ => text,
        };
        let mut rest = text;
        while let Some((letter, after)) = rest.split_first() {
            let colons = after.iter().take(2).take_while(|byte| **byte == b':').count();
            self.short.push((*letter, takes(colons)));
            rest = &after[colons..];
        }
    }

    fn long(&mut self, text: &[u8]) {
        for name in text.split(|byte| *byte == b',' || byte.is_ascii_whitespace()) {
            let bare = name.iter().rposition(|byte| *byte != b':').map_or(0, |at| at + 1);
            if bare > 0 {
                self.long.push((name[..bare].to_vec(), takes(name.len() - bare)));
            }
        }
    }

    /// The long option of this name, or the only one that begins so.
    fn find_long(&self, name: &[u8]) -> Result<(&[u8], Takes), String> {
        let shown = String::from_utf8_lossy(name);
        if let Some((name, takes)) = self.long.iter().find(|(known, _)| known == name) {
            return Ok((name, *takes));
        }
        let similar: Vec<_> = self.long.iter().filter(|(known, _)| known.starts_with(name)).collect();
        match &similar[..] {
            [] => Err(format!("unrecognized option '--{shown}'")),
            [(name, takes)] => Ok((name, *takes)),
            several => {
                let all: String = several
                    .iter()
                    .map(|(name, _)| format!(" '--{}'", String::from_utf8_lossy(name)))
                    .collect();
                Err(format!("option '--{shown}' is ambiguous; possibilities:{all}"))
            }
        }
    }
}

/// What came of a script's parameters.
#[derive(Debug, Default)]
struct Sorted {
    out: Vec<u8>,
    operands: Vec<Bytes>,
    errors: Vec<String>,
    unquoted: bool,
}

impl Sorted {
    fn put_argument(&mut self, argument: &[u8]) {
        self.out.push(b' ');
        if self.unquoted {
            self.out.extend_from_slice(argument);
            return;
        }
        self.out.push(b'\'');
        for byte in argument {
            match byte {
                b'\'' => self.out.extend_from_slice(b"'\\''"),
                _ => self.out.push(*byte),
            }
        }
        self.out.push(b'\'');
    }

    fn sort(&mut self, spec: &Spec, params: &[Bytes]) {
        let mut params = params.iter();
        while let Some(param) = params.next() {
            if &param[..] == b"--" {
                self.operands.extend(params.cloned());
                break;
            }
            let is_option = param.len() > 1 && param[0] == b'-';
            let long = param.strip_prefix(b"--").or_else(|| {
                let name = param.strip_prefix(b"-").filter(|_| spec.alternative && param.len() > 2)?;
                let end = name.iter().position(|byte| *byte == b'=').unwrap_or(name.len());
                spec.find_long(&name[..end]).is_ok().then_some(name)
            });
            if let Some(long) = long {
                self.long(spec, long, &mut params);
            } else if is_option {
                self.short(spec, &param[1..], &mut params);
            } else {
                match spec.order {
                    Order::Last => self.operands.push(param.clone()),
                    Order::InPlace => self.put_argument(param),
                    Order::Stop => {
                        self.operands.push(param.clone());
                        self.operands.extend(params.cloned());
                        break;
                    }
                }
            }
        }
        self.out.extend_from_slice(b" --");
        for operand in std::mem::take(&mut self.operands) {
            self.put_argument(&operand);
        }
        self.out.push(b'\n');
    }

    fn long(&mut self, spec: &Spec, text: &[u8], params: &mut std::slice::Iter<'_, Bytes>) {
        let (name, value) = match text.iter().position(|byte| *byte == b'=') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let (name, takes) = match spec.find_long(name) {
            Ok(found) => found,
            Err(error) => return self.errors.push(error),
        };
        let shown = String::from_utf8_lossy(name);
        let value = match (takes, value) {
            (Takes::Nothing, Some(_)) => {
                return self.errors.push(format!("option '--{shown}' doesn't allow an argument"));
            }
            (Takes::Nothing, None) => None,
            (Takes::Optional, value) => Some(value.unwrap_or_default()),
            (Takes::Argument, Some(value)) => Some(value),
            (Takes::Argument, None) => match params.next() {
                Some(value) => Some(&value[..]),
                None => return self.errors.push(format!("option '--{shown}' requires an argument")),
            },
        };
        self.out.extend_from_slice(b" --");
        self.out.extend_from_slice(name);
        if let Some(value) = value {
            self.put_argument(value);
        }
    }

    fn short(&mut self, spec: &Spec, letters: &[u8], params: &mut std::slice::Iter<'_, Bytes>) {
        let mut rest = letters;
        while let Some((letter, after)) = rest.split_first() {
            rest = after;
            let Some((_, takes)) = spec.short.iter().find(|(known, _)| known == letter) else {
                self.errors.push(format!("invalid option -- '{}'", char::from(*letter)));
                continue;
            };
            let value = match takes {
                Takes::Nothing => None,
                Takes::Optional => Some(std::mem::take(&mut rest)),
                Takes::Argument if !rest.is_empty() => Some(std::mem::take(&mut rest)),
                Takes::Argument => match params.next() {
                    Some(value) => Some(&value[..]),
                    None => {
                        self.errors.push(format!("option requires an argument -- '{}'", char::from(*letter)));
                        continue;
                    }
                },
            };
            self.out.extend_from_slice(&[b' ', b'-', *letter]);
            if let Some(value) = value {
                self.put_argument(value);
            }
        }
    }
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    let args = std::mem::take(&mut cx.args);
    let mut spec = Spec::default();
    let (mut name, mut quiet, mut silent, mut has_short) = (b"getopt".to_vec(), false, false, false);
    let mut sorted = Sorted::default();
    let mut rest = &args[..];
    // A first argument that is no option is the letters, and nothing is quoted: the oldest way.
    if args.first().is_some_and(|arg| !arg.starts_with(b"-")) {
        sorted.unquoted = true;
    }
    while let Some((arg, after)) = rest.split_first() {
        if !arg.starts_with(b"-") || &arg[..] == b"-" {
            break;
        }
        rest = after;
        if &arg[..] == b"--" {
            break;
        }
        let (option, mut value) = match arg.strip_prefix(b"--") {
            Some(long) => {
                let (long, value) = match long.iter().position(|byte| *byte == b'=') {
                    Some(at) => (&long[..at], Some(arg.slice_ref(&long[at + 1..]))),
                    None => (long, None),
                };
                let letter = match long {
                    b"options" => b'o',
                    b"longoptions" | b"long" => b'l',
                    b"name" => b'n',
                    b"alternative" => b'a',
                    b"quiet" => b'q',
                    b"quiet-output" => b'Q',
                    b"test" => b'T',
                    b"unquoted" => b'u',
                    b"shell" => b's',
                    _ => {
                        cx.error(format!("unrecognized option '--{}'", String::from_utf8_lossy(long))).await;
                        cx.bad_usage(USAGE).await;
                        return 2;
                    }
                };
                (letter, value)
            }
            None => (arg[1], Some(arg.slice(2..)).filter(|value| !value.is_empty())),
        };
        if matches!(option, b'o' | b'l' | b'n' | b's') && value.is_none() {
            let Some((next, after)) = rest.split_first() else {
                cx.error(format!("option requires an argument -- '{}'", char::from(option))).await;
                cx.bad_usage(USAGE).await;
                return 2;
            };
            value = Some(next.clone());
            rest = after;
        }
        let value = value.unwrap_or_default();
        match option {
            b'o' => {
                has_short = true;
                spec.short(&value);
            }
            b'l' => spec.long(&value),
            b'n' => name = value.to_vec(),
            b'a' => spec.alternative = true,
            b'q' => quiet = true,
            b'Q' => silent = true,
            b'u' => sorted.unquoted = true,
            b'T' => return 4,
            b's' => {}
            _ => {
                cx.error(format!("invalid option -- '{}'", char::from(option))).await;
                cx.bad_usage(USAGE).await;
                return 2;
            }
        }
    }
    if !has_short {
        let Some((letters, after)) = rest.split_first() else {
            cx.error("missing optstring argument").await;
            cx.bad_usage(USAGE).await;
            return 2;
        };
        spec.short(letters);
        rest = after;
    }
    sorted.sort(&spec, rest);
    if !quiet {
        cx.name = String::from_utf8_lossy(&name).into_owned();
        for error in &sorted.errors {
            cx.error(error).await;
        }
    }
    if !silent {
        cx.put(&sorted.out);
    }
    cx.finish(u8::from(!sorted.errors.is_empty())).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_options_are_sorted_or_refused(
            short in proptest::collection::vec(any::<u8>(), 0..12),
            long in proptest::collection::vec(any::<u8>(), 0..20),
            params in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6), 0..6),
        ) {
            let mut spec = Spec::default();
            spec.short(&short);
            spec.long(&long);
            let params: Vec<Bytes> = params.into_iter().map(Bytes::from).collect();
            let mut sorted = Sorted::default();
            sorted.sort(&spec, &params);
            prop_assert!(sorted.out.ends_with(b"\n"));
        }
    }
}
