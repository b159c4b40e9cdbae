//! What socat relays between: its address specifications (`TCP-LISTEN:80,fork`).

use std::fmt::{self, Display};

/// One of the two addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// Standard input, standard output, or both.
    Standard {
        reads: bool,
        writes: bool,
    },
    /// A file descriptor that is open already.
    Descriptor(u32),
    Listen {
        port: String,
        bind: Option<String>,
        fork: bool,
    },
    Connect {
        host: String,
        port: String,
    },
    /// A file: read, and written where it may be.
    File {
        path: String,
        create: bool,
        append: bool,
    },
    /// Words of a command; one text for a shell where there is one.
    Command(Vec<String>),
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AddressError {
    Unknown(String),
    /// There is such a thing, but not in the lab.
    NotSimulated(String),
    Parameters {
        name: String,
        wanted: usize,
        found: usize,
    },
}

impl Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "unknown device/address \"{name}\""),
            Self::NotSimulated(name) => write!(f, "addresses of type {name} are not simulated"),
            Self::Parameters { name, wanted, found } => {
                write!(f, "{name}: wrong number of parameters ({found} instead of {wanted})")
            }
        }
    }
}

impl Address {
    /// Reads an address. Words are as in socat's manual, their case does not matter; options that change nothing here
    /// (`reuseaddr`, `nodelay`, ...) are passed over.
    pub(super) fn parse(text: &str) -> Result<Self, AddressError> {
        let mut pieces = split(text, ',').into_iter();
        let head = pieces.next().unwrap_or_default();
        let options: Vec<String> = pieces.collect();
        let option = |name: &str| {
            options.iter().find_map(|option| {
                let (key, value) = option.split_once('=').unwrap_or((option, ""));
                key.eq_ignore_ascii_case(name).then(|| value.to_owned())
            })
        };
        let on = |name: &str| option(name).is_some_and(|value| value != "0");
        let mut words = split(&head, ':');
        let word = words.remove(0);
        let name = word.to_ascii_uppercase();
        let parameters = |wanted: usize| match words.len() {
            found if found == wanted => Ok(words.clone()),
            found => Err(AddressError::Parameters { name: word.clone(), wanted, found }),
        };
        match name.as_str() {
            "-" | "STDIO" => Ok(Self::Standard { reads: true, writes: true }),
            "STDIN" => Ok(Self::Standard { reads: true, writes: false }),
            "STDOUT" => Ok(Self::Standard { reads: false, writes: true }),
            "STDERR" => Ok(Self::Descriptor(2)),
            "TCP-LISTEN" | "TCP-L" | "TCP4-LISTEN" | "TCP4-L" | "TCP6-LISTEN" | "TCP6-L" => {
                Ok(Self::Listen { port: parameters(1)?.remove(0), bind: option("bind"), fork: on("fork") })
            }
            "TCP" | "TCP4" | "TCP6" | "TCP-CONNECT" | "TCP4-CONNECT" | "TCP6-CONNECT" => {
                let mut both = parameters(2)?;
                let port = both.remove(1);
                Ok(Self::Connect { host: both.remove(0).trim_matches(['[', ']']).to_owned(), port })
            }
            "OPEN" | "FILE" | "GOPEN" | "CREATE" | "CREAT" => Ok(Self::File {
                path: parameters(1)?.remove(0),
                create: name != "OPEN" && name != "FILE" || on("creat") || on("create"),
                append: name == "GOPEN" || on("append"),
            }),
            "EXEC" => Ok(Self::Command(split(&parameters(1)?.remove(0), ' '))),
            // The rest belongs to the shell, colons and all.
            "SYSTEM" | "SHELL" => {
                let command = head.split_once(':').map_or("", |(_, command)| command);
                Ok(Self::Command(vec!["/bin/sh".into(), "-c".into(), unquoted(command)]))
            }
            "FD" => match parameters(1)?.remove(0).parse() {
                Ok(number) => Ok(Self::Descriptor(number)),
                Err(_) => Err(AddressError::Unknown(head)),
            },
            _ if words.is_empty() && name.parse::<u32>().is_ok() => {
                name.parse().map(Self::Descriptor).map_err(|_| AddressError::Unknown(head))
            }
            _ if words.is_empty() && word.contains('/') => {
                Ok(Self::File { path: word, create: true, append: true })
            }
            _ if [
                "UDP", "UNIX", "ABSTRACT", "OPENSSL", "SSL", "IP", "SCTP", "PTY", "PIPE", "PROXY", "SOCKS4",
                "VSOCK", "TUN",
            ]
            .iter()
            .any(|kind| name.starts_with(kind)) =>
            {
                Err(AddressError::NotSimulated(name))
            }
            _ => Err(AddressError::Unknown(word)),
        }
    }
}

/// Splits at a character that stands outside quotes and brackets; quotes and backslashes are undone.
fn split(text: &str, at: char) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut quote, mut escaped, mut brackets) = (None, false, 0_u32);
    for c in text.chars() {
        let Some(piece) = pieces.last_mut() else { break };
        match (quote, c) {
            _ if escaped => {
                piece.push(c);
                escaped = false;
            }
            // What is split again later keeps its quotes.
            (_, '\\') if at != ',' && at != ':' => escaped = true,
            (None, '"' | '\'') => {
                quote = Some(c);
                if at != ' ' {
                    piece.push(c);
                }
            }
            (Some(open), _) if open == c => {
                quote = None;
                if at != ' ' {
                    piece.push(c);
                }
            }
            (None, '[') => {
                brackets += 1;
                piece.push(c);
            }
            (None, ']') => {
                brackets = brackets.saturating_sub(1);
                piece.push(c);
            }
            (None, _) if c == at && brackets == 0 => {
                if at != ' ' || !piece.is_empty() {
                    pieces.push(String::new());
                }
            }
            _ => piece.push(c),
        }
    }
    if at == ' ' {
        pieces.retain(|piece| !piece.is_empty());
    }
    pieces
}

/// A text without the quotes around it.
fn unquoted(text: &str) -> String {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Address, AddressError};

    fn words(text: &str) -> Vec<String> {
        text.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn addresses_have_words_parameters_and_options() {
        for (text, address) in [
            ("-", Address::Standard { reads: true, writes: true }),
            ("2", Address::Descriptor(2)),
            ("tcp:localhost:80", Address::Connect { host: "localhost".into(), port: "80".into() }),
            ("TCP6:[::1]:80,nodelay", Address::Connect { host: "::1".into(), port: "80".into() }),
            (
                "TCP-LISTEN:8080,fork,reuseaddr",
                Address::Listen { port: "8080".into(), bind: None, fork: true },
            ),
            (
                "tcp4-l:80,bind=127.0.0.1,fork=0",
                Address::Listen { port: "80".into(), bind: Some("127.0.0.1".into()), fork: false },
            ),
            ("EXEC:\"cat -n /a,b\"", Address::Command(words("cat -n /a,b"))),
            ("EXEC:wc -l,pty", Address::Command(words("wc|-l"))),
            ("SYSTEM:\"echo a:b; date\"", Address::Command(words("/bin/sh|-c|echo a:b; date"))),
            ("/tmp/x", Address::File { path: "/tmp/x".into(), create: true, append: true }),
            ("OPEN:/x,append", Address::File { path: "/x".into(), create: false, append: true }),
        ] {
            assert_eq!(Address::parse(text), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_named() {
        for (text, error) in [
            ("foo", "unknown device/address \"foo\""),
            ("TCP:localhost", "TCP: wrong number of parameters (1 instead of 2)"),
            ("UNIX-LISTEN:/x", "addresses of type UNIX-LISTEN are not simulated"),
        ] {
            assert_eq!(Address::parse(text).map_err(|error| error.to_string()), Err(error.to_owned()));
        }
        assert_eq!(Address::parse(""), Err(AddressError::Unknown(String::new())));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[-A-Za-z0-9:,\"'\\\\\\[\\]/ ]{0,30}") {
            let _ = Address::parse(&text);
        }
    }
}
