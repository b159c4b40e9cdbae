//! `httpd`, Apache's HTTP server: files, virtual hosts, `ProxyPass`, its logs and its words.

mod authentication;
mod config;
mod pages;
mod proxy;
mod respond;
mod rewrite;
mod settings;

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use futures::future::{join_all, select};
use jiff::tz::TimeZone;

use self::{
    respond::{Served, respond},
    settings::{Host, Settings},
};
use super::listening::{Answer, Request, serve, signalled};
use crate::{
    env::BoxFuture,
    http::http_date,
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFlags},
        net::Listener,
        process::{Outcome, Process},
        signal::Signal,
    },
};

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        match run(&process).await {
            Ok(()) => Outcome::Exit(0),
            Err((message, code)) => {
                let _ = process.write(2, message).await;
                Outcome::Exit(code)
            }
        }
    })
}

/// What the command line asks for.
#[derive(Debug)]
struct Arguments {
    config: String,
    test: bool,
    version: bool,
    signal: Option<String>,
    foreground: bool,
    defines: BTreeSet<String>,
}

fn arguments(process: &Process) -> Arguments {
    let mut parsed = Arguments {
        config: format!("{}/conf/httpd.conf", config::ROOT),
        test: false,
        version: false,
        signal: None,
        foreground: false,
        defines: BTreeSet::new(),
    };
    let argv = process.argv();
    let mut args = argv.iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned());
    while let Some(arg) = args.next() {
        let mut value =
            |rest: &str| if rest.is_empty() { args.next().unwrap_or_default() } else { rest.to_owned() };
        match arg.get(..2) {
            Some("-D") => drop(parsed.defines.insert(value(&arg[2..]))),
            Some("-f") => parsed.config = config::absolute(config::ROOT, &value(&arg[2..])),
            Some("-k") => parsed.signal = Some(value(&arg[2..])),
            Some("-t") => parsed.test = true,
            Some("-v" | "-V") => parsed.version = true,
            Some("-X") => parsed.foreground = true,
            _ => {}
        }
    }
    parsed.foreground |= parsed.defines.contains("FOREGROUND");
    parsed
}

type Failure = (String, u8);

async fn run(process: &Arc<Process>) -> Result<(), Failure> {
    let arguments = arguments(process);
    let version = super::release(process);
    if arguments.version {
        let text = format!("Server version: Apache/{version} (Unix)\nServer built:   Oct 20 2025 00:00:00\n");
        let _ = process.write(1, text).await;
        return Ok(());
    }
    let fail = |message: String| (message, 1);
    let directives = config::read(process, &arguments.config, &arguments.defines).await.map_err(fail)?;
    let settings = Settings::build(&directives).map_err(fail)?;
    let pid_file = format!("{}/logs/httpd.pid", settings.root);
    if !process
        .stat(settings.main.document_root.as_bytes(), true)
        .is_ok_and(|stat| stat.file_type == FileType::Directory)
    {
        let message =
            format!("AH00112: Warning: DocumentRoot [{}] does not exist\n", settings.main.document_root);
        let _ = process.write(2, message).await;
    }
    let server = Server { process: Arc::clone(process), version, settings };
    server.name_itself().await;
    if arguments.test {
        let _ = process.write(2, "Syntax OK\n").await;
        return Ok(());
    }
    if let Some(signal) = &arguments.signal
        && signal != "start"
    {
        return server.send(signal, &pid_file).await;
    }
    let listeners = server.listen()?;
    if let Ok(file) = process.open_file(pid_file.as_bytes(), OpenFlags::WRITE, 0o644).await {
        let _ = process.write_file(&file, format!("{}\n", process.pid).into()).await;
    }
    server.run(&listeners).await;
    let _ = process.unlink(pid_file.as_bytes());
    Ok(())
}

/// A server that runs.
struct Server {
    process: Arc<Process>,
    version: &'static str,
    settings: Settings,
}

impl Server {
    /// Complains where nobody says what it is called, once for each time that it reads its settings.
    async fn name_itself(&self) {
        if !self.settings.main.names.is_empty() {
            return;
        }
        let ip = self.process.container.net.ip;
        let message = format!(
            "AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using {ip}. Set the \
             'ServerName' directive globally to suppress this message\n"
        );
        let _ = self.process.write(2, message.repeat(2)).await;
    }

    /// `httpd -k stop` and its like.
    async fn send(&self, signal: &str, pid_file: &str) -> Result<(), Failure> {
        let text = self.process.read_file(pid_file.as_bytes(), 64).await.unwrap_or_default();
        let pid = String::from_utf8_lossy(&text).trim().parse::<i64>().ok();
        let signal = match signal {
            "stop" => Signal::TERM,
            "graceful-stop" => Signal::WINCH,
            "graceful" => Signal::USR1,
            "restart" => Signal::HUP,
            other => {
                return Err((
                    format!("Usage: httpd -k start|restart|graceful|graceful-stop|stop\nunknown: {other}\n"),
                    1,
                ));
            }
        };
        match pid.map(|pid| self.process.kill(pid, Some(signal))) {
            Some(Ok(())) => Ok(()),
            _ => Err(("httpd (no pid file) not running\n".to_owned(), 1)),
        }
    }

    fn listen(&self) -> Result<Vec<Arc<Listener>>, Failure> {
        let mut listeners = Vec::new();
        for (ip, port) in &self.settings.listens {
            let any: std::net::IpAddr = [0u16; 8].into();
            match self.process.listen(SocketAddr::new(ip.unwrap_or(any), *port)) {
                Ok((_, listener)) => listeners.push(listener),
                Err(errno) => {
                    let reason = self.process.text(errno);
                    let number = errno.number();
                    let shown: Vec<String> = match ip {
                        Some(ip) => vec![SocketAddr::new(*ip, *port).to_string()],
                        None if errno == Errno::EADDRINUSE => {
                            vec![format!("[::]:{port}"), format!("0.0.0.0:{port}")]
                        }
                        None => vec![format!("[::]:{port}")],
                    };
                    let lines: String = shown
                        .iter()
                        .map(|at| {
                            format!(
                                "({number}){reason}: AH00072: make_sock: could not bind to address {at}\n"
                            )
                        })
                        .collect();
                    return Err((
                        format!(
                            "{lines}no listening sockets available, shutting down\nAH00015: Unable to open logs\n"
                        ),
                        1,
                    ));
                }
            }
        }
        Ok(listeners)
    }

    async fn run(&self, listeners: &[Arc<Listener>]) {
        self.note(
            &self.settings.main,
            "mpm_event:notice",
            &format!("AH00489: Apache/{} (Unix) configured -- resuming normal operations", self.version),
        )
        .await;
        let line: Vec<String> =
            self.process.argv().iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
        let line = line.join(" ").replace("-DFOREGROUND", "-D FOREGROUND");
        self.note(&self.settings.main, "core:notice", &format!("AH00094: Command line: '{line}'")).await;
        let serving = join_all(listeners.iter().map(|listener| {
            serve(&self.process, listener, std::future::pending(), |request| self.answer(request))
        }));
        let mut serving = std::pin::pin!(serving);
        loop {
            let signals = [Signal::TERM, Signal::INT, Signal::WINCH, Signal::HUP, Signal::USR1];
            let signal = signalled(&self.process, &signals);
            let signal = match select(signal, serving.as_mut()).await {
                futures::future::Either::Left((signal, _)) => signal,
                futures::future::Either::Right(_) => return,
            };
            let text = match signal {
                Signal::HUP => "AH00494: SIGHUP received.  Attempting to restart",
                Signal::USR1 => "AH00493: SIGUSR1 received.  Doing graceful restart",
                Signal::WINCH => "AH00492: caught SIGWINCH, shutting down gracefully",
                _ => "AH00491: caught SIGTERM, shutting down",
            };
            self.note(&self.settings.main, "mpm_event:notice", text).await;
            if !matches!(signal, Signal::HUP | Signal::USR1) {
                return;
            }
        }
    }

    /// The host that a request is for: by its port and name, else the first at that port, else the main server.
    fn host(&self, request: &Request) -> &Host {
        let port = request.local.port();
        let asked = request.head.headers.get("host").unwrap_or_default();
        let asked = asked.rsplit_once(':').map_or(asked, |(name, _)| name).to_ascii_lowercase();
        let mut at_port = self
            .settings
            .virtual_hosts
            .iter()
            .filter(|host| host.ports.iter().any(|known| *known == port || *known == 0))
            .peekable();
        let Some(first) = at_port.peek().copied() else { return &self.settings.main };
        at_port.find(|host| host.names.contains(&asked)).unwrap_or(first)
    }

    async fn answer(&self, request: Request) -> Answer {
        let host = self.host(&request);
        let served = respond(&self.process, &self.settings, host, self.version, &request).await;
        if let Some((level, message)) = &served.complaint {
            self.note(host, level, message).await;
        }
        self.log(host, &request, &served).await;
        let answer = served.answer;
        let mut full = Answer { head: crate::http::ResponseHead::new(answer.head.status), body: answer.body };
        full.head.reason.clone_from(&answer.head.reason);
        full = full.with("Date", http_date(self.process.now()));
        if answer.head.headers.get("server").is_none() {
            full = full.with("Server", format!("Apache/{} (Unix)", self.version));
        }
        for (name, value) in answer.head.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("date"))
        {
            full = full.with(name, value);
        }
        full
    }

    /// A line of the log of errors.
    async fn note(&self, host: &Host, level: &str, message: &str) {
        let now = self.process.now().to_zoned(TimeZone::UTC);
        let line = format!(
            "[{}] [{level}] [pid {pid}:tid {pid}] {message}\n",
            now.strftime("%a %b %d %H:%M:%S.%6f %Y"),
            pid = self.process.pid
        );
        self.append(&host.error_log, line).await;
    }

    async fn log(&self, host: &Host, request: &Request, served: &Served) {
        for log in &host.access_logs {
            let line = self.line(&log.format, request, served);
            self.append(&log.path, line).await;
        }
    }

    async fn append(&self, path: &str, line: String) {
        let path = config::absolute(&self.settings.root, path);
        // A log that cannot be written is not worth a request.
        let _ = match path.as_str() {
            "/proc/self/fd/1" | "/dev/stdout" => self.process.write(1, line).await,
            "/proc/self/fd/2" | "/dev/stderr" => self.process.write(2, line).await,
            path => match self.process.open_file(path.as_bytes(), OpenFlags::APPEND, 0o644).await {
                Ok(file) => self.process.write_file(&file, line.into()).await,
                Err(errno) => Err(errno),
            },
        };
    }

    /// A line of an access log (mod_log_config).
    fn line(&self, format: &str, request: &Request, served: &Served) -> String {
        let answer = &served.answer;
        let mut line = String::new();
        let mut rest = format;
        while let Some((before, after)) = rest.split_once('%') {
            line.push_str(before);
            let after = after.trim_start_matches(['>', '<']);
            let (argument, after) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((argument, after)) => (argument, after),
                None => ("", after),
            };
            let mut characters = after.chars();
            let letter = characters.next().unwrap_or('%');
            let head = &request.head;
            let dash = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned();
            match letter {
                'h' | 'a' => line.push_str(&request.peer.ip().to_string()),
                'l' => line.push('-'),
                'u' => line.push_str(&dash(served.user.as_deref())),
                't' => {
                    let now = self.process.now().to_zoned(TimeZone::UTC);
                    line.push_str(&now.strftime("[%d/%b/%Y:%H:%M:%S %z]").to_string());
                }
                'r' => line.push_str(&format!("{} {} HTTP/1.{}", head.method, head.target, head.minor)),
                's' => line.push_str(&answer.head.status.to_string()),
                'b' if answer.body.is_empty() || head.method == "HEAD" => line.push('-'),
                'b' | 'B' | 'O' => line.push_str(&answer.body.len().to_string()),
                'i' => line.push_str(&dash(head.headers.get(argument))),
                'o' => line.push_str(&dash(answer.head.headers.get(argument))),
                'm' => line.push_str(&head.method),
                'U' => line.push_str(request.path()),
                'H' => line.push_str(&format!("HTTP/1.{}", head.minor)),
                'v' | 'V' => line.push_str(&dash(self.host(request).names.first().map(String::as_str))),
                'p' => line.push_str(&request.local.port().to_string()),
                'P' => line.push_str(&self.process.pid.to_string()),
                '%' => line.push('%'),
                _ => line.push('-'),
            }
            rest = characters.as_str();
        }
        line.push_str(rest);
        line.push('\n');
        line.replace("\\t", "\t")
    }
}
