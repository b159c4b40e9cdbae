//! What the options of `wget` say.

use std::time::Duration;

use crate::{
    commands::Cx,
    env,
    libc::getopt::{OptSpec, Opts},
};

pub(super) const SPEC: OptSpec = OptSpec {
    short: "cqSO:o:P:T:t:U:Y:Nn:i:kdvrp:e:w:4:6:b",
    long: &[
        ("spider", b'\x01'),
        ("header=", b'\x02'),
        ("post-data=", b'\x03'),
        ("post-file=", b'\x04'),
        ("no-check-certificate", b'\x05'),
        ("quiet", b'q'),
        ("server-response", b'S'),
        ("output-document=", b'O'),
        ("output-file=", b'o'),
        ("directory-prefix=", b'P'),
        ("timeout=", b'T'),
        ("tries=", b't'),
        ("user-agent=", b'U'),
        ("continue", b'c'),
        ("no-verbose", b'\x06'),
        ("method=", b'\x07'),
        ("body-data=", b'\x08'),
        ("content-on-error", b'\x09'),
        ("connect-timeout=", b'\x0a'),
        ("read-timeout=", b'\x0b'),
        ("show-progress", b'\x0c'),
        ("progress=", b'\x0d'),
        ("user=", b'\x0e'),
        ("password=", b'\x0f'),
        ("waitretry=", b'\x10'),
        ("retry-connrefused", b'\x11'),
        ("max-redirect=", b'\x12'),
        ("proxy=", b'Y'),
    ],
};
pub(super) const USAGE: &str = "[-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR]\n\
\t[--post-data STR | --post-file FILE] [-Y on/off]\n\
\t[-P DIR] [-U AGENT] [-T SEC] URL...\n\n\
Retrieve files via HTTP or FTP\n\n\
\t--spider\tOnly check URL existence: $? is 0 if exists\n\
\t--header STR\tAdd STR (of form 'header: value') to headers\n\
\t--post-data STR\tSend STR using POST method\n\
\t--post-file FILE\tSend FILE using POST method\n\
\t-c\t\tContinue retrieval of aborted transfer\n\
\t-q\t\tQuiet\n\
\t-P DIR\t\tSave to DIR (default .)\n\
\t-S    \t\tShow server response\n\
\t-T SEC\t\tNetwork read timeout is SEC seconds\n\
\t-O FILE\t\tSave to FILE ('-' for stdout)\n\
\t-o LOGFILE\tLog messages to FILE\n\
\t-U STR\t\tUse STR for User-Agent header\n\
\t-Y on/off\tUse proxy";

/// How long GNU's waits for anything.
const GNU_TIMEOUT: Duration = Duration::from_secs(900);

/// What the options say.
pub(super) struct Plan {
    pub(super) quiet: bool,
    pub(super) terse: bool,
    pub(super) spider: bool,
    pub(super) show_response: bool,
    pub(super) output: Option<String>,
    pub(super) directory: Option<String>,
    pub(super) headers: Vec<String>,
    pub(super) agent: Option<String>,
    pub(super) method: Option<String>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) timeout: Option<Duration>,
    pub(super) tries: u32,
    pub(super) retry_refused: bool,
    pub(super) user: Option<String>,
    pub(super) content_on_error: bool,
    pub(super) checks_certificate: bool,
}

/// Reads the options.
pub(super) async fn plan(cx: &mut Cx, opts: &Opts) -> Result<Plan, u8> {
    let text = |letter: u8| opts.value(letter).map(|value| String::from_utf8_lossy(value).into_owned());
    let seconds = |letter: u8| {
        text(letter)
            .and_then(|value| value.parse::<f64>().ok())
            .filter(|value| value.is_finite() && *value >= 0.0)
    };
    let mut body = text(3).or(text(8)).map(String::into_bytes);
    if let Some(path) = opts.value(4) {
        match cx.process.read_file(path, 16 << 20).await {
            Ok(content) => body = Some(content),
            Err(errno) => {
                cx.open_error(path, errno).await;
                return Err(1);
            }
        }
    }
    let timeout =
        seconds(b'T').or(seconds(10)).or(seconds(11)).filter(|value| *value > 0.0).map(env::seconds);
    let user = text(14).map(|user| format!("{user}:{}", text(15).unwrap_or_default()));
    Ok(Plan {
        quiet: opts.has(b'q'),
        terse: opts.has(6) || opts.values(b'n').any(|value| &**value == b"v"),
        spider: opts.has(1),
        show_response: opts.has(b'S'),
        output: text(b'O'),
        directory: text(b'P'),
        headers: opts.values(2).map(|value| String::from_utf8_lossy(value).into_owned()).collect(),
        agent: text(b'U'),
        method: text(7),
        body,
        timeout: if cx.is_gnu() {
            Some(timeout.unwrap_or(GNU_TIMEOUT))
        } else {
            timeout.or(Some(GNU_TIMEOUT))
        },
        tries: text(b't').and_then(|value| value.parse().ok()).unwrap_or(20),
        retry_refused: opts.has(17),
        user,
        content_on_error: opts.has(9),
        checks_certificate: !opts.has(5),
    })
}
