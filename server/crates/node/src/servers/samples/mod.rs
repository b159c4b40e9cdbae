//! Small servers that documentation and courses use as examples: each answers the same to everyone, more or less.

mod requests;

use std::{sync::Arc, time::Duration};

use requests::{described, environment_and_request, repeated, who_am_i};

use super::listening::{Answer, Request, listen_everywhere, serve, signalled};
use crate::{
    env::BoxFuture,
    http::http_date,
    kernel::{
        process::{Outcome, Process},
        signal::Signal,
        wait::lock,
    },
};

const PLAIN: &str = "text/plain; charset=utf-8";

/// What a sample says, and where.
#[derive(Clone, Debug)]
struct Sample {
    port: u16,
    /// What it says when it begins to listen.
    greeting: Option<String>,
    /// When it was started, for one whose health wears off.
    started: Duration,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// `hashicorp/http-echo`: a text of the command line.
    Echo(String),
    /// `google-samples/hello-app`, with its version.
    Hello(String),
    /// `google-samples/node-hello`.
    NodeHello,
    /// `google-samples/kubernetes-bootcamp`, with its version.
    Bootcamp(String),
    /// `serve_hostname`.
    Hostname,
    /// `liveness`: healthy for ten seconds.
    Liveness,
    /// `echoserver`: what the request was.
    EchoServer,
    /// `agnhost netexec`.
    NetExec,
    /// `kodekloud/webapp-color`.
    Color(String),
    /// `traefik/whoami`: who is asked, and what the request was.
    WhoAmI,
    /// `stefanprodan/podinfo`, with its version.
    PodInfo(String),
    /// `jmalloc/echo-server`: what the request was.
    EchoBack,
    /// `ealen/echo-server`: the same as JSON, with the environment.
    EchoAll,
    /// `goproxy`, which is not asked as a proxy.
    GoProxy,
    /// `hello-go-gke`, the back end of an example.
    HelloGo,
    /// `kodekloud/webapp-delayed-start`: ready only so long after the start.
    Delayed(Duration),
}

impl Kind {
    /// What it ends with at SIGTERM and SIGINT; `None` for a script that has not asked for them, so that process 1 gets none and
    /// is killed at the end of its grace period.
    fn code_at_signals(&self) -> Option<u8> {
        match self {
            Self::Echo(_) | Self::EchoAll | Self::EchoServer | Self::PodInfo(_) => Some(0),
            Self::NodeHello | Self::Bootcamp(_) | Self::Color(_) | Self::Delayed(_) => None,
            // What Go does with them where the program has not asked for them.
            _ => Some(2),
        }
    }
}

/// Runs the sample that the program's name says.
pub(in crate::servers) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

fn var(process: &Process, name: &str) -> Option<String> {
    process.var(name).map(|value| String::from_utf8_lossy(&value).into_owned())
}

fn hostname(process: &Process) -> String {
    String::from_utf8_lossy(&lock(&process.container.hostname)).into_owned()
}

/// The value of an option such as `-text=...`, `--port 80`.
pub(in crate::servers) fn option(args: &[String], name: &str) -> Option<String> {
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let bare = arg.trim_start_matches('-');
        if bare == name && arg.starts_with('-') {
            return args.next().cloned();
        }
        if let Some(value) = bare.strip_prefix(name).and_then(|rest| rest.strip_prefix('='))
            && arg.starts_with('-')
        {
            return Some(value.to_owned());
        }
    }
    None
}

fn sample(process: &Process) -> Result<Sample, String> {
    let name = process.program().map_or("", |program| program.name);
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let version = var(process, "SAMPLE_VERSION").unwrap_or_else(|| "1.0.0".to_owned());
    let stamp = process.now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y/%m/%d %H:%M:%S").to_string();
    let port_of =
        |text: Option<String>, default: u16| text.and_then(|port| port.parse().ok()).unwrap_or(default);
    let (port, greeting, kind) = match name {
        "http-echo" => {
            let Some(text) = option(&args, "text").or(var(process, "ECHO_TEXT")) else {
                return Err("Missing -text option!\n".to_owned());
            };
            let listen = option(&args, "listen").unwrap_or_else(|| ":5678".to_owned());
            let port = port_of(listen.rsplit(':').next().map(str::to_owned), 5678);
            (port, Some(format!("{stamp} [INFO] server is listening on {listen}\n")), Kind::Echo(text))
        }
        "hello-app" => {
            let port = port_of(var(process, "PORT"), 8080);
            (port, Some(format!("{stamp} Server listening on port {port}\n")), Kind::Hello(version))
        }
        "node-hello" => (port_of(var(process, "PORT"), 8080), None, Kind::NodeHello),
        "kubernetes-bootcamp" => {
            let date = process.now().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
            let host = hostname(process);
            let text = format!("Kubernetes Bootcamp App Started At: {date} | Running On:  {host} \n\n");
            (8080, Some(text), Kind::Bootcamp(version))
        }
        "serve-hostname" => {
            (port_of(option(&args, "port"), 9376), Some("Serving on port 9376.\n".to_owned()), Kind::Hostname)
        }
        "liveness" => (port_of(option(&args, "port"), 8080), None, Kind::Liveness),
        "echoserver" => (8080, None, Kind::EchoServer),
        "agnhost" => match args.first().map(String::as_str) {
            Some("liveness") => (8080, None, Kind::Liveness),
            Some("serve-hostname") => (port_of(option(&args, "port"), 9376), None, Kind::Hostname),
            _ => (port_of(option(&args, "http-port"), 8080), None, Kind::NetExec),
        },
        "whoami" => {
            let port = port_of(option(&args, "port").or(var(process, "WHOAMI_PORT_NUMBER")), 80);
            (port, Some(format!("{stamp} Starting up on port {port}\n")), Kind::WhoAmI)
        }
        "podinfo" => {
            let port = port_of(option(&args, "port").or(var(process, "PODINFO_PORT")), 9898);
            let time = process.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            let mut line = String::new();
            for (caller, text) in [
                ("podinfo/main.go:153", "Starting podinfo".to_owned()),
                ("http/server.go:224", "Starting HTTP Server.".to_owned()),
            ] {
                line += &format!(
                    "{{\"level\":\"info\",\"ts\":\"{time}\",\"caller\":\"{caller}\",\"msg\":\"{text}\",\
                     \"version\":\"{version}\",\"port\":\"{port}\"}}\n"
                );
            }
            (port, Some(line), Kind::PodInfo(version))
        }
        "echo-server" => {
            let port = port_of(var(process, "PORT"), 8080);
            (port, Some(format!("Echo server listening on port {port}.\n")), Kind::EchoBack)
        }
        "echo-all" => {
            let port = port_of(option(&args, "port").or(var(process, "PORT")), 80);
            (port, Some(format!("Listening on port {port}.\n")), Kind::EchoAll)
        }
        "goproxy" => (8080, None, Kind::GoProxy),
        "hello-go" => (80, None, Kind::HelloGo),
        "webapp-delayed-start" => {
            let delay =
                var(process, "APP_START_DELAY").and_then(|text| text.trim().parse().ok()).unwrap_or(0);
            let text = " * Serving Flask app 'app'\n * Running on http://0.0.0.0:8080\n".to_owned();
            (8080, Some(text), Kind::Delayed(Duration::from_secs(delay)))
        }
        _ => {
            let color =
                option(&args, "color").or(var(process, "APP_COLOR")).unwrap_or_else(|| "red".to_owned());
            let text = " * Serving Flask app \"app\" (lazy loading)\n * Running on http://0.0.0.0:8080/ (Press CTRL+C to quit)\n";
            (8080, Some(text.to_owned()), Kind::Color(color))
        }
    };
    Ok(Sample { port, greeting, kind, started: process.container.host.env.clock.uptime() })
}

async fn run(process: Arc<Process>) -> Outcome {
    let sample = match sample(&process) {
        Ok(sample) => sample,
        Err(message) => {
            let _ = process.write(2, message).await;
            return Outcome::Exit(127);
        }
    };
    let listener = match listen_everywhere(&process, sample.port, true) {
        Ok(listener) => listener,
        Err(error) => {
            let reason = error.to_string().to_lowercase();
            let _ = process.write(2, format!("listen tcp :{}: bind: {reason}\n", sample.port)).await;
            return Outcome::Exit(1);
        }
    };
    if let Some(greeting) = sample.greeting.clone() {
        let _ = process.write(2, greeting).await;
    }
    let stop = match sample.kind.code_at_signals() {
        Some(_) => signalled(&process, &[Signal::INT, Signal::TERM]),
        None => Box::pin(std::future::pending()),
    };
    serve(&process, &listener, async { _ = stop.await }, |request| answer(&process, &sample, request)).await;
    Outcome::Exit(sample.kind.code_at_signals().unwrap_or(0))
}

async fn answer(process: &Process, sample: &Sample, request: Request) -> Answer {
    let host = hostname(process);
    let answer = match &sample.kind {
        Kind::Echo(text) if request.path() == "/health" => {
            let _ = text;
            Answer::new(200, "application/json; charset=utf-8", "{\"status\":\"ok\"}\n")
        }
        Kind::Echo(text) => {
            let answer = Answer::new(200, PLAIN, format!("{text}\n")).with("X-App-Name", "http-echo");
            answer.with("X-App-Version", "1.0.0")
        }
        Kind::Hello(version) => {
            let _ = process.write(2, format!("Serving request: {}\n", request.path())).await;
            Answer::new(200, PLAIN, format!("Hello, world!\nVersion: {version}\nHostname: {host}\n"))
        }
        Kind::NodeHello => Answer::new(200, "text/plain", "Hello Kubernetes!"),
        Kind::Bootcamp(version) => {
            let short = version.split('.').next().unwrap_or("1");
            Answer::new(
                200,
                "text/plain",
                format!("Hello Kubernetes bootcamp! | Running on: {host} | v={short}\n"),
            )
        }
        Kind::Hostname => Answer::new(200, PLAIN, format!("{host}\n")),
        Kind::Liveness => {
            let age = process.container.host.env.clock.uptime().saturating_sub(sample.started);
            match request.path() {
                "/healthz" if age > Duration::from_secs(10) => {
                    Answer::new(500, PLAIN, format!("error: {:.6}", age.as_secs_f64()))
                }
                "/healthz" => Answer::new(200, PLAIN, "ok"),
                _ => Answer::new(200, PLAIN, format!("{:.6}s", age.as_secs_f64())),
            }
        }
        Kind::EchoServer => Answer::new(200, "text/plain", described(&host, sample.port, &request)),
        Kind::NetExec => net_exec(process, &host, &request).await,
        Kind::Color(color) => Answer::new(200, "text/html; charset=utf-8", colored(color, &host)),
        Kind::WhoAmI => who_am_i(process, sample.port, &host, &request),
        Kind::PodInfo(version) => pod_info(version, &host, &request),
        Kind::EchoBack => {
            let text = format!("Request served by {host}\n\n{}", repeated(&request));
            Answer::new(200, "text/plain", text)
        }
        Kind::EchoAll => environment_and_request(process, &request).await,
        Kind::GoProxy => {
            let text = "This is a proxy server. Does not respond to non-proxy requests.\n";
            Answer::new(500, PLAIN, text)
        }
        Kind::HelloGo => Answer::new(200, "application/json", "{\"message\":\"Hello\"}\n"),
        Kind::Delayed(delay) => {
            let age = process.container.host.env.clock.uptime().saturating_sub(sample.started);
            match request.path() {
                "/ready" if age < *delay => {
                    Answer::new(503, "text/html; charset=utf-8", "Application is starting")
                }
                "/ready" => {
                    Answer::new(200, "text/html; charset=utf-8", format!("Message from {host} : I am ready!"))
                }
                "/live" => {
                    Answer::new(200, "text/html; charset=utf-8", format!("Message from {host} : I am live!"))
                }
                _ => Answer::new(200, "text/html; charset=utf-8", colored("blue", &host)),
            }
        }
    };
    answer.with("Date", http_date(process.now()))
}

fn pod_info(version: &str, host: &str, request: &Request) -> Answer {
    const JSON: &str = "application/json; charset=utf-8";
    match request.path() {
        "/healthz" | "/readyz" => Answer::new(200, JSON, "{\n  \"status\": \"OK\"\n}"),
        "/version" => Answer::new(200, JSON, format!("{{\n  \"version\": \"{version}\"\n}}")),
        "/" => Answer::new(
            200,
            JSON,
            format!(
                "{{\n  \"hostname\": \"{host}\",\n  \"version\": \"{version}\",\n  \"color\": \"#34577c\",\n  \
                 \"message\": \"greetings from podinfo v{version}\",\n  \"goos\": \"linux\",\n  \"goarch\": \"amd64\"\n}}"
            ),
        ),
        _ => Answer::new(404, PLAIN, "404 page not found\n"),
    }
}

async fn net_exec(process: &Process, host: &str, request: &Request) -> Answer {
    match request.path() {
        "/hostname" | "/hostName" => Answer::new(200, PLAIN, host.to_owned()),
        "/clientip" => Answer::new(200, PLAIN, request.peer.to_string()),
        "/echo" => Answer::new(200, PLAIN, request.parameter("msg").unwrap_or_default()),
        "/healthz" | "/readyz" => Answer::new(200, PLAIN, ""),
        "/header" => {
            let name = request.parameter("key").unwrap_or_default();
            Answer::new(200, PLAIN, request.head.headers.get(&name).unwrap_or_default().to_owned())
        }
        "/" => Answer::new(200, PLAIN, format!("NOW: {}", process.now())),
        _ => Answer::new(404, PLAIN, "404 page not found\n"),
    }
}

fn colored(color: &str, host: &str) -> String {
    let code = match color {
        "red" => "#e74c3c",
        "green" => "#16a085",
        "blue" => "#2980b9",
        "blue2" => "#30336b",
        "pink" => "#be2edd",
        "darkblue" => "#130f40",
        other => other,
    };
    format!(
        "<!doctype html>\n<title>Hello from Flask</title>\n<body style=\"background: {code};\"></body>\n\
         <div style=\"color: #e4e4e4;\n    text-align:  center;\n    height: 90px;\n    vertical-align:  middle;\">\n\n  \
         <h1>Hello from {host}!</h1>\n\n</div>"
    )
}

#[cfg(test)]
mod tests {
    use super::option;

    #[test]
    fn options_are_found_however_they_are_written() {
        let args = ["-text=a b", "--port", "80", "listen=x"].map(str::to_owned);
        assert_eq!(option(&args, "text").as_deref(), Some("a b"));
        assert_eq!(option(&args, "port").as_deref(), Some("80"));
        assert_eq!(option(&args, "listen"), None);
    }
}
