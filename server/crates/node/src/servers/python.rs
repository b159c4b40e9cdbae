//! `python`, as far as `python -m http.server` goes: the language itself is not simulated, and it says so.

use std::{net::SocketAddr, sync::Arc};

use super::{
    listening::{Answer, Request, serve, signalled},
    static_files::{clean_path, content_type},
};
use crate::{
    env::BoxFuture,
    http::{encode_path, http_date, parse_http_date},
    kernel::{
        errno::Errno,
        fs::FileType,
        process::{Outcome, Process},
        signal::Signal,
    },
};

/// The largest file that is served, in bytes.
const MAX_FILE: usize = 64 << 20;
/// The most entries that a listing shows.
const MAX_ENTRIES: usize = 50_000;

const SERVER_USAGE: &str = "usage: server.py [-h] [-b ADDRESS] [-d DIRECTORY] [-p VERSION] [port]\n";

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

fn version(process: &Process) -> String {
    let version = process.var("PYTHON_VERSION").unwrap_or_else(|| "3.12.12".into());
    String::from_utf8_lossy(&version).into_owned()
}

async fn fail(process: &Process, text: String, code: u8) -> Outcome {
    let _ = process.write(2, text).await;
    Outcome::Exit(code)
}

async fn run(process: Arc<Process>) -> Outcome {
    let argv = process.argv();
    let args: Vec<String> = argv.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let mut unbuffered = process.var("PYTHONUNBUFFERED").is_some_and(|value| !value.is_empty());
    let mut rest = args.iter().skip(1);
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "-V" | "--version" | "-VV" => {
                let _ = process.write(1, format!("Python {}\n", version(&process))).await;
                return Outcome::Exit(0);
            }
            "-u" => unbuffered = true,
            "-B" | "-E" | "-I" | "-O" | "-s" | "-S" => {}
            "-m" => {
                let module = rest.next().cloned().unwrap_or_default();
                let args: Vec<String> = rest.cloned().collect();
                if module == "http.server" {
                    return http_server(&process, &args, unbuffered).await;
                }
                let text = format!(
                    "{}: podlab does not simulate the module {module:?}: of Python there is \"-m http.server\"\n",
                    args_name(&argv)
                );
                return fail(&process, text, 1).await;
            }
            _ => break,
        }
    }
    let text = format!(
        "{}: podlab does not simulate the Python language: there is \"--version\" and \"-m http.server\"\n",
        args_name(&argv)
    );
    fail(&process, text, 1).await
}

fn args_name(argv: &[bytes::Bytes]) -> String {
    argv.first().map_or_else(String::new, |name| String::from_utf8_lossy(name).into_owned())
}

struct Settings {
    port: u16,
    bind: Option<std::net::IpAddr>,
    directory: String,
}

/// Reads `[-b ADDRESS] [-d DIRECTORY] [port]`; the error is the usage's last line.
fn settings(args: &[String]) -> Result<Settings, String> {
    let mut settings = Settings { port: 8000, bind: None, directory: String::new() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let (name, attached) = match arg.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (arg.as_str(), None),
        };
        let mut value = |known: &str| {
            attached
                .clone()
                .or_else(|| args.next().cloned())
                .ok_or(format!("argument {known}: expected one argument"))
        };
        match name {
            "-b" | "--bind" => {
                let text = value("-b/--bind")?;
                let text = if text == "localhost" { "127.0.0.1".to_owned() } else { text };
                settings.bind = Some(text.parse().map_err(|_| format!("cannot bind to {text}"))?);
            }
            "-d" | "--directory" => settings.directory = value("-d/--directory")?,
            "-p" | "--protocol" => drop(value("-p/--protocol")?),
            "--cgi" => {}
            text if text.starts_with('-') => return Err(format!("unrecognized arguments: {text}")),
            text => {
                settings.port =
                    text.parse().map_err(|_| format!("argument port: invalid int value: '{text}'"))?;
            }
        }
    }
    Ok(settings)
}

async fn http_server(process: &Arc<Process>, args: &[String], unbuffered: bool) -> Outcome {
    if args.iter().any(|arg| matches!(arg.as_str(), "-h" | "--help")) {
        let _ = process.write(1, SERVER_USAGE).await;
        return Outcome::Exit(0);
    }
    let settings = match settings(args) {
        Ok(settings) => settings,
        Err(message) => {
            return fail(process, format!("{SERVER_USAGE}server.py: error: {message}\n"), 2).await;
        }
    };
    let ip = settings.bind.unwrap_or_else(|| [0u8; 4].into());
    let at = SocketAddr::new(ip, settings.port);
    let listener = match process.listen(at) {
        Ok((_, listener)) => listener,
        Err(errno) => {
            let text = format!(
                "Traceback (most recent call last):\n  File \"<frozen runpy>\", line 198, in _run_module_as_main\n  \
                 File \"<frozen runpy>\", line 88, in _run_code\nOSError: [Errno {}] {}\n",
                errno.number(),
                process.text(errno)
            );
            return fail(process, text, 1).await;
        }
    };
    let shown = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    let port = settings.port;
    let greeting = format!("Serving HTTP on {ip} port {port} (http://{shown}:{port}/) ...\n");
    // What goes to a pipe is kept until there is a lot of it, unless Python is told otherwise.
    let kept = !unbuffered && !process.is_terminal(1);
    if !kept {
        let _ = process.write(1, greeting.clone()).await;
    }
    let stop = signalled(process, &[Signal::INT]);
    let server = Server { process, directory: settings.directory, version: version(process) };
    serve(process, &listener, async { _ = stop.await }, |request| server.answer(request)).await;
    let text = "\nKeyboard interrupt received, exiting.\n";
    let text = if kept { format!("{greeting}{text}") } else { text.to_owned() };
    let _ = process.write(1, text).await;
    Outcome::Exit(0)
}

struct Server<'a> {
    process: &'a Arc<Process>,
    directory: String,
    version: String,
}

impl Server<'_> {
    async fn log(&self, request: &Request, text: &str) {
        let stamp = self.process.now().strftime("%d/%b/%Y %H:%M:%S");
        let ip = request.peer.ip();
        let _ = self.process.write(2, format!("{ip} - - [{stamp}] {text}\n")).await;
    }

    async fn answer(&self, request: Request) -> Answer {
        let mut answer = match request.head.method.as_str() {
            "GET" | "HEAD" => self.file(&request).await,
            other => {
                let message = format!("Unsupported method ('{other}')");
                self.failure(&request, 501, &message, "Server does not support this operation").await
            }
        };
        answer.head.minor = 0;
        let line = format!(
            "\"{} {} HTTP/1.{}\" {} -",
            request.head.method, request.head.target, request.head.minor, answer.head.status
        );
        self.log(&request, &line).await;
        let headers = std::mem::take(&mut answer.head.headers);
        answer.head.headers.push("Server", format!("SimpleHTTP/0.6 Python/{}", self.version));
        answer.head.headers.push("Date", http_date(self.process.now()));
        for (name, value) in headers.iter() {
            answer.head.headers.push(name, value);
        }
        if answer.head.headers.get("connection").is_none() {
            answer.head.headers.push("Connection", "close");
        }
        answer
    }

    async fn failure(&self, request: &Request, status: u16, message: &str, about: &str) -> Answer {
        self.log(request, &format!("code {status}, message {message}")).await;
        let text = format!(
            "<!DOCTYPE HTML>\n<html lang=\"en\">\n    <head>\n        <meta charset=\"utf-8\">\n        \
             <title>Error response</title>\n    </head>\n    <body>\n        <h1>Error response</h1>\n        \
             <p>Error code: {status}</p>\n        <p>Message: {}.</p>\n        \
             <p>Error code explanation: {status} - {about}.</p>\n    </body>\n</html>\n",
            escaped(message)
        );
        let mut answer = Answer::new(status, "text/html;charset=utf-8", text);
        message.clone_into(&mut answer.head.reason);
        answer
    }

    async fn file(&self, request: &Request) -> Answer {
        const MISSING: (&str, &str) = ("File not found", "Nothing matches the given URI");
        let Some(path) = clean_path(&request.head.target) else {
            return self.failure(request, 404, MISSING.0, MISSING.1).await;
        };
        let base = if self.directory.is_empty() { "." } else { &self.directory };
        let mut place = format!("{base}{path}");
        let Ok(mut found) = self.process.stat(place.as_bytes(), true) else {
            return self.failure(request, 404, MISSING.0, MISSING.1).await;
        };
        if found.file_type == FileType::Directory {
            if !path.ends_with('/') {
                return Answer::new(301, "", "").with("Location", format!("{}/", request.path()));
            }
            let index = ["index.html", "index.htm"].into_iter().find_map(|name| {
                let place = format!("{place}{name}");
                self.process.stat(place.as_bytes(), true).ok().map(|stat| (place, stat))
            });
            match index {
                Some((index, stat)) => (place, found) = (index, stat),
                None => return self.listing(request, &place).await,
            }
        }
        let since = request.head.headers.get("if-modified-since").and_then(parse_http_date);
        if since.is_some_and(|since| found.modified.as_second() <= since.as_second()) {
            let mut answer = Answer::new(304, "", "");
            answer.head.headers.remove("content-type");
            return answer;
        }
        match self.process.read_file(place.as_bytes(), MAX_FILE).await {
            Ok(bytes) => Answer::new(200, content_type(&place).unwrap_or("application/octet-stream"), bytes)
                .with("Last-Modified", http_date(found.modified)),
            // Whatever keeps it from being opened, for Python it is not there.
            Err(Errno::EFBIG) => {
                self.failure(request, 500, "File too large", "podlab serves 64 MiB at most").await
            }
            Err(_) => self.failure(request, 404, MISSING.0, MISSING.1).await,
        }
    }

    async fn listing(&self, request: &Request, place: &str) -> Answer {
        let Ok(mut entries) = self.process.list(place.as_bytes()) else {
            return self
                .failure(request, 404, "No permission to list directory", "Nothing matches the given URI")
                .await;
        };
        entries.truncate(MAX_ENTRIES);
        entries.sort_by_key(|(name, _)| name.to_ascii_lowercase());
        let title = format!("Directory listing for {}", escaped(request.path()));
        let mut out = format!(
            "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n<body>\n\
             <h1>{title}</h1>\n<hr>\n<ul>\n"
        );
        for (name, file_type) in entries {
            self.process.work(2).await;
            let shown = escaped(&String::from_utf8_lossy(&name));
            let (mark, slash) = match file_type {
                FileType::Directory => ("/", "/"),
                FileType::Symlink => ("@", ""),
                _ => ("", ""),
            };
            out.push_str(&format!("<li><a href=\"{}{slash}\">{shown}{mark}</a></li>\n", encode_path(&name)));
        }
        out.push_str("</ul>\n<hr>\n</body>\n</html>\n");
        Answer::new(200, "text/html; charset=utf-8", out)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::settings;

    fn read(text: &str) -> Result<(u16, String), String> {
        let args: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        settings(&args).map(|settings| (settings.port, settings.directory))
    }

    #[test]
    fn options_are_read_as_python_reads_them() {
        assert_eq!(read(""), Ok((8000, String::new())));
        assert_eq!(read("--directory=/x 80 -b 0.0.0.0"), Ok((80, "/x".to_owned())));
        assert_eq!(read("x"), Err("argument port: invalid int value: 'x'".to_owned()));
        assert_eq!(read("-d"), Err("argument -d/--directory: expected one argument".to_owned()));
    }
}
