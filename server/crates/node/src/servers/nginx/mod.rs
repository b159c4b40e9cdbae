//! nginx: a web server and reverse proxy that reads its own configuration language.
//!
//! - [`config`]: the language; [`settings`]: what it means
//! - [`master`], [`worker`]: processes; [`serve`]: a request's way; [`files`], [`proxy`], [`stream`]: content
//!
//! Not simulated: TLS, HTTP/2, caches, limits on rates, and gateways other than HTTP. Their directives are accepted.

mod access_log;
mod config;
mod connection;
mod files;
mod filter;
mod limits;
mod logger;
mod machine;
mod master;
mod proxy;
mod request;
mod response;
mod send;
mod serve;
mod settings;
mod stream;
mod template;
mod variables;
mod worker;

use std::sync::Arc;

use machine::Machine;
use settings::{Defaults, LogLevel, Settings};

use crate::{
    env::BoxFuture,
    kernel::{
        errno::{Errno, Libc},
        process::{Outcome, Process},
        signal::Signal,
    },
};

/// Where this build of nginx keeps things.
const DEFAULTS: Defaults = Defaults {
    error_log: "/var/log/nginx/error.log",
    access_log: "/var/log/nginx/access.log",
    pid: "/var/run/nginx.pid",
    user: "nginx",
};
const CONFIG: &str = "/etc/nginx/nginx.conf";

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    config: String,
    global: String,
    signal: Option<Signal>,
    test: bool,
    dump: bool,
    quiet: bool,
    show_version: bool,
    show_build: bool,
    show_help: bool,
    error_log: Option<String>,
}

/// Runs nginx. The program's own name is its version.
pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    let version = super::release(&process);
    Box::pin(run(process, version))
}

async fn run(process: Arc<Process>, version: &'static str) -> Outcome {
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let options = match parse_args(&args) {
        Ok(options) => options,
        Err(message) => {
            let _ = process.write(2, format!("nginx: {message}\n")).await;
            return Outcome::Exit(1);
        }
    };
    if options.show_version || options.show_help {
        let text = version_text(version, compiler(&process, version), &options);
        let _ = process.write(2, text).await;
        return Outcome::Exit(0);
    }
    let start = Start { process, version, options };
    start.run().await
}

/// Reads the command line as nginx does; the error is its message.
fn parse_args(args: &[String]) -> Result<Options, String> {
    let mut options = Options {
        config: CONFIG.to_owned(),
        global: String::new(),
        signal: None,
        test: false,
        dump: false,
        quiet: false,
        show_version: false,
        show_build: false,
        show_help: false,
        error_log: None,
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let Some(letters) = arg.strip_prefix('-') else {
            return Err(format!("invalid option: \"{arg}\""));
        };
        let mut rest = letters;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            let mut value = |what: &str| {
                let inline = std::mem::take(&mut rest);
                if inline.is_empty() {
                    args.next().cloned().ok_or_else(|| format!("option \"-{letter}\" requires {what}"))
                } else {
                    Ok(inline.to_owned())
                }
            };
            match letter {
                '?' | 'h' => options.show_help = true,
                'v' => options.show_version = true,
                'V' => (options.show_version, options.show_build) = (true, true),
                't' => options.test = true,
                'T' => (options.test, options.dump) = (true, true),
                'q' => options.quiet = true,
                'c' => {
                    let path = value("file name")?;
                    options.config = if path.starts_with('/') { path } else { format!("/etc/nginx/{path}") };
                }
                'p' => drop(value("directory name")?),
                'e' => options.error_log = Some(value("file name")?),
                'g' => options.global = value("parameter")?,
                's' => {
                    let name = value("parameter")?;
                    options.signal = Some(match name.as_str() {
                        "stop" => Signal::TERM,
                        "quit" => Signal::QUIT,
                        "reopen" => Signal::USR1,
                        "reload" => Signal::HUP,
                        _ => return Err(format!("invalid option: \"-s {name}\"")),
                    });
                }
                _ => return Err(format!("invalid option: \"{letter}\"")),
            }
        }
    }
    Ok(options)
}

fn version_text(version: &str, compiler: &str, options: &Options) -> String {
    let mut text = format!("nginx version: nginx/{version}\n");
    if options.show_help {
        text.push_str(
            "Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]\n             [-e filename] [-c filename] [-g directives]\n\n\
             Options:\n  -?,-h         : this help\n  -v            : show version and exit\n  \
             -V            : show version and configure options then exit\n  -t            : test configuration and exit\n  \
             -T            : test configuration, dump it and exit\n  \
             -q            : suppress non-error messages during configuration testing\n  \
             -s signal     : send signal to a master process: stop, quit, reopen, reload\n  \
             -p prefix     : set prefix path (default: /etc/nginx/)\n  \
             -e filename   : set error log file (default: /var/log/nginx/error.log)\n  \
             -c filename   : set configuration file (default: /etc/nginx/nginx.conf)\n  \
             -g directives : set global directives out of configuration file\n\n",
        );
    }
    if options.show_build {
        text.push_str(&format!("built by {compiler} \n"));
        text.push_str(
            "TLS SNI support enabled\nconfigure arguments: --prefix=/etc/nginx --sbin-path=/usr/sbin/nginx \
             --modules-path=/usr/lib/nginx/modules --conf-path=/etc/nginx/nginx.conf \
             --error-log-path=/var/log/nginx/error.log --http-log-path=/var/log/nginx/access.log \
             --pid-path=/var/run/nginx.pid --lock-path=/var/run/nginx.lock \
             --http-client-body-temp-path=/var/cache/nginx/client_temp --http-proxy-temp-path=/var/cache/nginx/proxy_temp \
             --user=nginx --group=nginx --with-compat --with-http_realip_module --with-http_stub_status_module \
             --with-http_sub_module --with-stream\n",
        );
    }
    text
}

/// nginx before it serves: everything that can go wrong at the start.
#[derive(Debug)]
struct Start {
    process: Arc<Process>,
    version: &'static str,
    options: Options,
}

/// A configuration that was read, with the texts of its files.
struct Loaded {
    settings: Settings,
    files: Vec<(String, String)>,
    found_events: bool,
}

impl Start {
    async fn run(self) -> Outcome {
        let log = self.options.error_log.clone().unwrap_or_else(|| DEFAULTS.error_log.to_owned());
        // Until the configuration names another one, the log of errors is where the build has it.
        let early = match logger::open(&self.process, &log).await {
            Ok(file) => Some(file),
            Err(error) => {
                let text = format!(
                    "nginx: [alert] could not open error log file: open() \"{log}\" failed ({}: {})\n",
                    error.number(),
                    self.process.text(error)
                );
                let _ = self.process.write(2, text).await;
                None
            }
        };
        let voice = Voice { process: Arc::clone(&self.process), log: early, terse: false };
        let loaded = match self.load().await {
            Ok(loaded) => loaded,
            Err(message) => {
                voice.say(LogLevel::Emerg, &message).await;
                if self.options.test {
                    self.tell(&format!("nginx: configuration file {} test failed\n", self.options.config))
                        .await;
                }
                return Outcome::Exit(1);
            }
        };
        for warning in &loaded.settings.warnings {
            voice.say(LogLevel::Warn, warning).await;
        }
        if self.options.test && !self.options.quiet {
            let config = &self.options.config;
            self.tell(&format!("nginx: the configuration file {config} syntax is ok\n")).await;
        }
        if !loaded.found_events {
            voice.say(LogLevel::Emerg, "no \"events\" section in configuration").await;
            return self.refused().await;
        }
        if let Some(signal) = self.options.signal {
            return self.send_signal(&voice, &loaded.settings, signal).await;
        }
        let settings = Arc::new(loaded.settings);
        let logs = match master::prepare(&self.process, &settings, self.options.test).await {
            Ok(logs) => logs,
            Err(message) => {
                voice.say(LogLevel::Emerg, &message).await;
                return self.refused().await;
            }
        };
        let sockets = match master::open_sockets(&voice, &settings, &[], self.options.test).await {
            Ok(sockets) => sockets,
            Err(()) => return self.refused().await,
        };
        if self.options.test {
            if !self.options.quiet {
                let config = &self.options.config;
                self.tell(&format!("nginx: configuration file {config} test is successful\n")).await;
            }
            if self.options.dump {
                for (path, text) in &loaded.files {
                    let _ = self.process.write(1, format!("# configuration file {path}:\n{text}\n")).await;
                }
            }
            return Outcome::Exit(0);
        }
        drop(voice);
        let nginx = master::Nginx {
            version: self.version,
            config: self.options.config,
            global: self.options.global,
            counters: Arc::default(),
        };
        master::run(self.process, nginx, settings, logs, sockets).await
    }

    async fn tell(&self, text: &str) {
        let _ = self.process.write(2, text.to_owned()).await;
    }

    async fn refused(&self) -> Outcome {
        if self.options.test {
            self.tell(&format!("nginx: configuration file {} test failed\n", self.options.config)).await;
        }
        Outcome::Exit(1)
    }

    async fn load(&self) -> Result<Loaded, String> {
        load(&self.process, &self.options.config, &self.options.global).await
    }

    /// `-s`: tells the master that runs.
    async fn send_signal(&self, voice: &Voice, settings: &Settings, signal: Signal) -> Outcome {
        voice.note("signal process started").await;
        let path = &settings.pid;
        let text = match self.process.read_file(path.as_bytes(), 64).await {
            Ok(text) => String::from_utf8_lossy(&text).trim().to_owned(),
            Err(error) => {
                let message =
                    format!("open() \"{path}\" failed ({}: {})", error.number(), self.process.text(error));
                voice.say(LogLevel::Error, &message).await;
                return Outcome::Exit(1);
            }
        };
        let Ok(pid) = text.parse::<i64>() else {
            voice.say(LogLevel::Error, &format!("invalid PID number \"{text}\" in \"{path}\"")).await;
            return Outcome::Exit(1);
        };
        match self.process.kill(pid, Some(signal)) {
            Ok(()) => Outcome::Exit(0),
            Err(error) => {
                let message = format!(
                    "kill({pid}, {}) failed ({}: {})",
                    signal.number(),
                    error.number(),
                    self.process.text(error)
                );
                voice.say(LogLevel::Alert, &message).await;
                Outcome::Exit(1)
            }
        }
    }
}

/// Reads a configuration.
async fn load(process: &Arc<Process>, path: &str, global: &str) -> Result<Loaded, String> {
    let machine = Machine(Arc::clone(process));
    let parsed = config::parse(&machine, global, path).await.map_err(|error| error.message)?;
    let settings =
        settings::build(&parsed.directives, &machine, DEFAULTS).await.map_err(|error| error.message)?;
    let found_events = parsed.directives.iter().any(|directive| directive.name == "events");
    Ok(Loaded { settings, files: parsed.files, found_events })
}

/// How nginx speaks while it starts: to its log of errors, and to standard error after its name.
#[derive(Debug)]
struct Voice {
    process: Arc<Process>,
    log: Option<Arc<crate::kernel::fs::OpenFile>>,
    /// Whether only the log is spoken to.
    terse: bool,
}

impl Voice {
    async fn say(&self, level: LogLevel, text: &str) {
        if let Some(log) = &self.log {
            let _ = self.process.write_file(log, logger::line(&self.process, level, text).into()).await;
        }
        if !self.terse {
            let _ = self.process.write(2, format!("nginx: [{}] {text}\n", level.name())).await;
        }
    }

    /// Says something that only the log is told.
    async fn note(&self, text: &str) {
        if let Some(log) = &self.log {
            let line = logger::line(&self.process, LogLevel::Notice, text);
            let _ = self.process.write_file(log, line.into()).await;
        }
    }
}

/// What nginx says it was built by: the compiler of the distribution that a release's image is made of.
fn compiler(process: &Process, version: &str) -> &'static str {
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
    match (process.container.libc, minor) {
        (Libc::Musl, 27..) => "gcc 14.2.0 (Alpine 14.2.0)",
        (Libc::Musl, _) => "gcc 12.2.1 20220924 (Alpine 12.2.1_git20220924-r10)",
        (_, 29..) => "gcc 14.2.0 (Debian 14.2.0-19)",
        (_, 24..) => "gcc 12.2.0 (Debian 12.2.0-14+deb12u1)",
        (_, 21..) => "gcc 10.2.1 20210110 (Debian 10.2.1-6)",
        _ => "gcc 8.3.0 (Debian 8.3.0-6)",
    }
}

/// An error of the system in nginx's words: `(2: No such file or directory)`.
fn in_words(process: &Process, error: Errno) -> String {
    format!("({}: {})", error.number(), process.text(error))
}

#[cfg(test)]
mod tests {
    use super::{Signal, parse_args};

    fn args(text: &str) -> Result<super::Options, String> {
        parse_args(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_as_nginx_reads_them() {
        assert_eq!(args("-s reload").unwrap().signal, Some(Signal::HUP));
        assert!(args("-tq").unwrap().quiet);
        assert_eq!(args("-c x.conf -T").unwrap().config, "/etc/nginx/x.conf");
        assert_eq!(args("-s x").unwrap_err(), "invalid option: \"-s x\"");
        assert_eq!(args("-g").unwrap_err(), "option \"-g\" requires parameter");
        assert_eq!(args("-x").unwrap_err(), "invalid option: \"x\"");
        assert_eq!(args("start").unwrap_err(), "invalid option: \"start\"");
    }
}
