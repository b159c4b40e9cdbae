//! The command line of `curl`.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use crate::{
    commands::{Cx, network::connect::FamilyWanted},
    env,
    http::encode_path,
};

/// The largest file that is sent.
const MAX_BODY: usize = 64 << 20;
/// The version that it says it is.
pub(super) const VERSION: &str = "8.14.1";

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) urls: Vec<String>,
    pub(super) silent: bool,
    pub(super) show_error: bool,
    pub(super) no_progress: bool,
    pub(super) verbose: bool,
    pub(super) include: bool,
    pub(super) head: bool,
    pub(super) fail: bool,
    pub(super) fail_with_body: bool,
    pub(super) follow: bool,
    pub(super) max_redirects: u32,
    pub(super) outputs: Vec<Output>,
    pub(super) dump_header: Option<String>,
    pub(super) method: Option<String>,
    pub(super) headers: Vec<String>,
    pub(super) agent: Option<String>,
    pub(super) referer: Option<String>,
    pub(super) cookie: Option<String>,
    pub(super) user: Option<String>,
    pub(super) bearer: Option<String>,
    pub(super) range: Option<String>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) content_type: Option<String>,
    pub(super) as_query: bool,
    pub(super) upload: Option<String>,
    pub(super) http_minor: u8,
    pub(super) wanted: FamilyWanted,
    pub(super) max_time: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) resolve: BTreeMap<(String, u16), Vec<IpAddr>>,
    pub(super) connect_to: Vec<String>,
    pub(super) proxy: Option<String>,
    pub(super) retries: u32,
    pub(super) retry_delay: Option<Duration>,
    pub(super) retry_refused: bool,
    pub(super) retry_all: bool,
    pub(super) write_out: Option<String>,
    pub(super) compressed: bool,
    pub(super) create_dirs: bool,
    /// Takes every server's certificate.
    pub(super) insecure: bool,
    /// A file with the authorities that are trusted.
    pub(super) authorities: Option<String>,
}

/// Where content goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    File(String),
    /// A file called as the last part of the path.
    RemoteName,
}

/// What came out of a command line.
pub(super) enum Parsed {
    Plan(Box<Plan>),
    /// A text that was asked for.
    Text(String),
}

/// Options with an argument: long name, letter.
const WITH_VALUE: &[(&str, char)] = &[
    ("cacert", '\0'),
    ("capath", '\0'),
    ("cert", 'E'),
    ("ciphers", '\0'),
    ("config", 'K'),
    ("connect-timeout", '\0'),
    ("connect-to", '\0'),
    ("cookie", 'b'),
    ("cookie-jar", 'c'),
    ("data", 'd'),
    ("data-ascii", '\0'),
    ("data-binary", '\0'),
    ("data-raw", '\0'),
    ("data-urlencode", '\0'),
    ("dump-header", 'D'),
    ("form", 'F'),
    ("header", 'H'),
    ("interface", '\0'),
    ("json", '\0'),
    ("keepalive-time", '\0'),
    ("key", '\0'),
    ("limit-rate", '\0'),
    ("max-redirs", '\0'),
    ("max-time", 'm'),
    ("noproxy", '\0'),
    ("oauth2-bearer", '\0'),
    ("output", 'o'),
    ("output-dir", '\0'),
    ("proxy", 'x'),
    ("range", 'r'),
    ("referer", 'e'),
    ("request", 'X'),
    ("resolve", '\0'),
    ("retry", '\0'),
    ("retry-delay", '\0'),
    ("retry-max-time", '\0'),
    ("speed-limit", 'Y'),
    ("speed-time", 'y'),
    ("stderr", '\0'),
    ("unix-socket", '\0'),
    ("upload-file", 'T'),
    ("url", '\0'),
    ("user", 'u'),
    ("user-agent", 'A'),
    ("write-out", 'w'),
];

/// Options without one.
const FLAGS: &[(&str, char)] = &[
    ("compressed", '\0'),
    ("create-dirs", '\0'),
    ("disable", 'q'),
    ("fail", 'f'),
    ("fail-early", '\0'),
    ("fail-with-body", '\0'),
    ("get", 'G'),
    ("globoff", 'g'),
    ("head", 'I'),
    ("help", 'h'),
    ("http0.9", '\0'),
    ("http1.0", '0'),
    ("http1.1", '\0'),
    ("http2", '\0'),
    ("include", 'i'),
    ("show-headers", '\0'),
    ("insecure", 'k'),
    ("ipv4", '4'),
    ("ipv6", '6'),
    ("junk-session-cookies", 'j'),
    ("location", 'L'),
    ("location-trusted", '\0'),
    ("manual", 'M'),
    ("no-buffer", 'N'),
    ("no-keepalive", '\0'),
    ("no-progress-meter", '\0'),
    ("parallel", 'Z'),
    ("path-as-is", '\0'),
    ("progress-bar", '#'),
    ("raw", '\0'),
    ("remote-header-name", 'J'),
    ("remote-name", 'O'),
    ("retry-all-errors", '\0'),
    ("retry-connrefused", '\0'),
    ("show-error", 'S'),
    ("silent", 's'),
    ("styled-output", '\0'),
    ("tcp-nodelay", '\0'),
    ("tls-max", '\0'),
    ("tlsv1", '1'),
    ("tlsv1.2", '\0'),
    ("trace-time", '\0'),
    ("verbose", 'v'),
    ("version", 'V'),
];

const TRY: &str = "curl: try 'curl --help' or 'curl --manual' for more information";
const HELP: &str = "\
Usage: curl [options...] <url>
 -d, --data <data>           HTTP POST data
 -f, --fail                  Fail fast with no output on HTTP errors
 -h, --help <subject>        Get help for commands
 -o, --output <file>         Write to file instead of stdout
 -O, --remote-name           Write output to file named as remote file
 -i, --show-headers          Show response headers in output
 -s, --silent                Silent mode
 -T, --upload-file <file>    Transfer local FILE to destination
 -u, --user <user:password>  Server user and password
 -A, --user-agent <name>     Send User-Agent <name> to server
 -v, --verbose               Make the operation more talkative
 -V, --version               Show version number and quit

This is not the full help; this menu is split into categories.
Use \"--help category\" to get an overview of all categories, which are:
auth, connection, curl, deprecated, dns, file, ftp, global, http, imap, ldap,
output, pop3, post, proxy, scp, sftp, smtp, ssh, ssl, telnet, tftp, timeout,
tls, upload, verbose.
Use \"--help all\" to list all options
Use \"--help [option]\" to view documentation for a given option
";

/// Reads a command line; the error is an exit code and a message.
pub(super) async fn parse(cx: &Cx, args: &[String]) -> Result<Parsed, (u8, String)> {
    let mut plan = Plan { max_redirects: 50, http_minor: 1, ..Plan::default() };
    let mut args = args.iter();
    let mut only_urls = false;
    while let Some(arg) = args.next() {
        if only_urls || !arg.starts_with('-') || arg == "-" {
            plan.urls.push(arg.clone());
            continue;
        }
        if arg == "--" {
            only_urls = true;
            continue;
        }
        let unknown = || (2, format!("option {arg}: is unknown\n{TRY}"));
        let missing = |shown: &str| (2, format!("option {shown}: requires parameter\n{TRY}"));
        if let Some(long) = arg.strip_prefix("--") {
            if WITH_VALUE.iter().any(|(name, _)| *name == long) {
                let value = args.next().ok_or_else(|| missing(arg))?;
                set(cx, &mut plan, long, value).await?;
            } else if let Some(text) =
                flag(&mut plan, FLAGS.iter().find(|(name, _)| *name == long).map(|(name, _)| *name), long)
                    .ok_or_else(unknown)?
            {
                return Ok(Parsed::Text(text));
            }
            continue;
        }
        let mut letters = arg[1..].chars();
        while let Some(letter) = letters.next() {
            if let Some((name, _)) = WITH_VALUE.iter().find(|(_, known)| *known == letter) {
                let inline: String = letters.by_ref().collect();
                let value = if inline.is_empty() {
                    args.next().cloned().ok_or_else(|| missing(&format!("-{letter}")))?
                } else {
                    inline
                };
                set(cx, &mut plan, name, &value).await?;
            } else {
                let name = FLAGS.iter().find(|(_, known)| *known == letter).map(|(name, _)| *name);
                let shown = format!("-{letter}");
                let done = flag(&mut plan, name, &shown)
                    .ok_or_else(|| (2, format!("option {arg}: is unknown\n{TRY}")))?;
                if let Some(text) = done {
                    return Ok(Parsed::Text(text));
                }
            }
        }
    }
    if plan.urls.is_empty() {
        return Err((2, format!("(2) no URL specified\n{TRY}")));
    }
    if plan.as_query
        && let Some(body) = plan.body.take()
    {
        let query = String::from_utf8_lossy(&body).into_owned();
        for url in &mut plan.urls {
            let separator = if url.contains('?') { '&' } else { '?' };
            let slash = if url.split("://").nth(1).unwrap_or(url).contains('/') { "" } else { "/" };
            *url = format!("{url}{slash}{separator}{query}");
        }
    }
    Ok(Parsed::Plan(Box::new(plan)))
}

/// Sets a flag: `None` where there is no such option; a text where that was asked for.
fn flag(plan: &mut Plan, name: Option<&'static str>, given: &str) -> Option<Option<String>> {
    let (name, on) = match name {
        Some(name) => (name, true),
        // `--no-x` undoes `--x`.
        None => {
            let bare = given.strip_prefix("no-")?;
            (FLAGS.iter().find(|(known, _)| *known == bare)?.0, false)
        }
    };
    match name {
        "silent" => plan.silent = on,
        "show-error" => plan.show_error = on,
        "no-progress-meter" => plan.no_progress = on,
        "verbose" => plan.verbose = on,
        "include" | "show-headers" => plan.include = on,
        "head" => plan.head = on,
        "fail" => plan.fail = on,
        "fail-with-body" => plan.fail_with_body = on,
        "location" | "location-trusted" => plan.follow = on,
        "get" => plan.as_query = on,
        "remote-name" => plan.outputs.push(Output::RemoteName),
        "http1.0" => plan.http_minor = 0,
        "ipv4" => plan.wanted = FamilyWanted::V4,
        "ipv6" => plan.wanted = FamilyWanted::V6,
        "retry-connrefused" => plan.retry_refused = on,
        "retry-all-errors" => plan.retry_all = on,
        "compressed" => plan.compressed = on,
        "create-dirs" => plan.create_dirs = on,
        "insecure" => plan.insecure = on,
        "help" => return Some(Some(HELP.to_owned())),
        "version" => {
            return Some(Some(format!(
                "curl {VERSION} (x86_64-pc-linux-gnu) libcurl/{VERSION}\nRelease-Date: 2025-06-04\nProtocols: file http https telnet\n\
                 Features: IPv6 SSL\n"
            )));
        }
        _ => {}
    }
    Some(None)
}

async fn set(cx: &Cx, plan: &mut Plan, name: &str, value: &str) -> Result<(), (u8, String)> {
    let number = || {
        value
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite() && *number >= 0.0)
            .ok_or_else(|| (2, format!("option --{name}: expected a proper numerical parameter\n{TRY}")))
    };
    let text = value.to_owned();
    match name {
        "url" => plan.urls.push(text),
        "output" => plan.outputs.push(Output::File(text)),
        "dump-header" => plan.dump_header = Some(text),
        "request" => plan.method = Some(text),
        "header" => match value.strip_prefix('@') {
            Some(path) => {
                let lines = read(cx, path).await?;
                plan.headers.extend(String::from_utf8_lossy(&lines).lines().map(str::to_owned));
            }
            None => plan.headers.push(text),
        },
        "user-agent" => plan.agent = Some(text),
        "referer" => plan.referer = Some(text),
        "cookie" if value.contains('=') => plan.cookie = Some(text),
        "user" => plan.user = Some(text),
        "cacert" => plan.authorities = Some(text),
        "oauth2-bearer" => plan.bearer = Some(text),
        "range" => plan.range = Some(text),
        "max-time" => plan.max_time = Some(env::seconds(number()?)).filter(|time| !time.is_zero()),
        "connect-timeout" => {
            plan.connect_timeout = Some(env::seconds(number()?)).filter(|time| !time.is_zero());
        }
        "max-redirs" => plan.max_redirects = value.parse().unwrap_or(u32::MAX),
        "retry" => plan.retries = number()? as u32,
        "retry-delay" => plan.retry_delay = Some(env::seconds(number()?)),
        "write-out" => {
            plan.write_out = Some(match value.strip_prefix('@') {
                Some(path) => String::from_utf8_lossy(&read(cx, path).await?).into_owned(),
                None => text,
            });
        }
        "upload-file" => plan.upload = Some(text),
        "proxy" => plan.proxy = Some(text).filter(|proxy| !proxy.is_empty()),
        "connect-to" => plan.connect_to.push(text),
        "resolve" => {
            let entry = value.trim_start_matches('+');
            let mut parts = entry.splitn(3, ':');
            let (host, port, list) =
                (parts.next(), parts.next().and_then(|port| port.parse().ok()), parts.next());
            let (Some(host), Some(port), Some(list)) = (host, port, list) else {
                return Err((49, format!("(49) Could not parse CURLOPT_RESOLVE entry '{value}'")));
            };
            let found = list.split(',').filter_map(|ip| ip.trim_matches(['[', ']']).parse().ok()).collect();
            plan.resolve.insert((host.to_ascii_lowercase(), port), found);
        }
        "data" | "data-ascii" | "data-raw" | "data-binary" | "data-urlencode" | "json" => {
            add_data(cx, plan, name, value).await?;
        }
        "form" => add_form(cx, plan, value).await?,
        _ => {}
    }
    Ok(())
}

async fn read(cx: &Cx, path: &str) -> Result<Vec<u8>, (u8, String)> {
    let path = if path == "-" { "/dev/stdin" } else { path };
    cx.process.read_file(path.as_bytes(), MAX_BODY).await.map_err(|_| {
        (26, format!("option: error encountered when reading a file\ncurl: (26) Failed to open {path}"))
    })
}

async fn add_data(cx: &Cx, plan: &mut Plan, name: &str, value: &str) -> Result<(), (u8, String)> {
    let piece = match (name, value.strip_prefix('@')) {
        ("data-raw", _) | ("data-urlencode", None) | (_, None) if name != "data-urlencode" => {
            value.as_bytes().to_vec()
        }
        ("data-urlencode", _) => match value.split_once('=') {
            Some((field, text)) if !field.is_empty() => format!("{field}={}", encode_all(text)).into_bytes(),
            Some((_, text)) => encode_all(text).into_bytes(),
            None => encode_all(value).into_bytes(),
        },
        (_, Some(path)) => {
            let mut content = read(cx, path).await?;
            if matches!(name, "data" | "data-ascii") {
                content.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
            }
            content
        }
        (_, None) => value.as_bytes().to_vec(),
    };
    if name == "json" {
        plan.content_type = Some("application/json".to_owned());
        plan.headers.push("Accept: application/json".to_owned());
    }
    match &mut plan.body {
        Some(body) => {
            if name != "json" {
                body.push(b'&');
            }
            body.extend_from_slice(&piece);
        }
        None => plan.body = Some(piece),
    }
    Ok(())
}

fn encode_all(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// Adds a part of a form (`multipart/form-data`, RFC 7578).
async fn add_form(cx: &Cx, plan: &mut Plan, value: &str) -> Result<(), (u8, String)> {
    const BOUNDARY: &str = "------------------------d74496d66958873e";
    let Some((field, text)) = value.split_once('=') else {
        return Err((2, format!("option --form: requires parameter\n{TRY}")));
    };
    let mut body = plan.body.take().unwrap_or_default();
    let end = format!("--{BOUNDARY}--\r\n");
    if body.ends_with(end.as_bytes()) {
        body.truncate(body.len() - end.len());
    }
    body.extend(format!("--{BOUNDARY}\r\n").bytes());
    match text.strip_prefix('@') {
        Some(path) => {
            let path = path.split(';').next().unwrap_or(path);
            let name = path.rsplit('/').next().unwrap_or(path);
            body.extend(
                format!(
                    "Content-Disposition: form-data; name=\"{field}\"; filename=\"{}\"\r\nContent-Type: application/octet-stream\r\n\r\n",
                    encode_path(name.as_bytes())
                )
                .bytes(),
            );
            body.extend(read(cx, path).await?);
        }
        None => {
            body.extend(format!("Content-Disposition: form-data; name=\"{field}\"\r\n\r\n{text}").bytes())
        }
    }
    body.extend(format!("\r\n{end}").bytes());
    plan.content_type = Some(format!("multipart/form-data; boundary={BOUNDARY}"));
    plan.body = Some(body);
    Ok(())
}
