//! Applications in PHP behind Apache: the guestbook of Kubernetes' documentation, and WordPress as far as finding its database.
//! PHP itself is not simulated: what is run under Apache's name is the application.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    listening::{Answer, Request, listen_everywhere, serve, signalled},
    redis::ask,
};
use crate::{
    env::BoxFuture,
    http::{Wire, http_date, within},
    kernel::{
        process::{Outcome, Process},
        signal::Signal,
    },
    libc::resolver,
};

const HTML: &str = "text/html; charset=UTF-8";
/// How long an application waits for its database.
const PATIENCE: Duration = Duration::from_secs(5);
const REDIS_PORT: u16 = 6379;
const MYSQL_PORT: u16 = 3306;

/// Runs the application that the program's name says.
pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

fn var(process: &Process, name: &str) -> Option<String> {
    process.var(name).map(|value| String::from_utf8_lossy(&value).into_owned())
}

/// Writes a line of Apache's error log.
async fn note(process: &Process, module: &str, text: &str) {
    let time = process.now().to_zoned(jiff::tz::TimeZone::UTC);
    let time = time.strftime("%a %b %d %H:%M:%S%.6f %Y");
    let _ = process.write(2, format!("[{time}] [{module}:notice] [pid {}] {text}\n", process.pid)).await;
}

async fn run(process: Arc<Process>) -> Outcome {
    let is_guestbook = process.program().is_some_and(|program| program.name == "guestbook");
    let address = process.container.net.ip;
    let text = format!(
        "AH00558: apache2: Could not reliably determine the server's fully qualified domain name, using {address}. Set the \
         'ServerName' directive globally to suppress this message\n"
    );
    let _ = process.write(2, text).await;
    let listener = match listen_everywhere(&process, 80, true) {
        Ok(listener) => listener,
        Err(errno) => {
            let text = format!(
                "({}){}: AH00072: make_sock: could not bind to address [::]:80\nno listening sockets available, shutting down\n\
                 AH00015: Unable to open logs\n",
                errno.number(),
                process.text(errno)
            );
            let _ = process.write(2, text).await;
            return Outcome::Exit(1);
        }
    };
    let text = "AH00163: Apache/2.4.57 (Debian) PHP/8.2.12 configured -- resuming normal operations";
    note(&process, "mpm_prefork", text).await;
    note(&process, "core", "AH00094: Command line: 'apache2 -D FOREGROUND'").await;
    let mut stop = signalled(&process, &[Signal::WINCH, Signal::TERM, Signal::INT]);
    let mut graceful = false;
    let stopped = async { graceful = stop.as_mut().await == Signal::WINCH };
    serve(&process, &listener, stopped, async |request| {
        let answer = match is_guestbook {
            true => guestbook(&process, &request).await,
            false => wordpress(&process, &request).await,
        };
        log(&process, &request, &answer).await;
        answer.with("Date", http_date(process.now())).with("Server", "Apache/2.4.57 (Debian)")
    })
    .await;
    let text = match graceful {
        true => "AH00492: caught SIGWINCH, shutting down gracefully",
        false => "AH00169: caught SIGTERM, shutting down",
    };
    note(&process, "mpm_prefork", text).await;
    Outcome::Exit(0)
}

/// Writes a line of the access log, in Apache's combined format.
async fn log(process: &Process, request: &Request, answer: &Answer) {
    let head = &request.head;
    let time = process.now().to_zoned(jiff::tz::TimeZone::UTC);
    let field = |name: &str| head.headers.get(name).unwrap_or("-").to_owned();
    let line = format!(
        "{} - - [{}] \"{} {} HTTP/1.{}\" {} {} \"{}\" \"{}\"\n",
        request.peer.ip(),
        time.strftime("%d/%b/%Y:%H:%M:%S %z"),
        head.method,
        head.target,
        head.minor,
        answer.head.status,
        answer.body.len(),
        field("referer"),
        field("user-agent"),
    );
    let _ = process.write(1, line).await;
}

fn not_found() -> Answer {
    let text = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n\
                <h1>Not Found</h1>\n<p>The requested URL was not found on this server.</p>\n</body></html>\n";
    Answer::new(404, "text/html; charset=iso-8859-1", text)
}

/// Connects to a host by its name; the error is what PHP says.
async fn connect(process: &Arc<Process>, host: &str, port: u16) -> Result<Wire, String> {
    let found = resolver::resolve(process, host).await.unwrap_or_default();
    let Some(ip) = found.first() else {
        return Err("php_network_getaddresses: getaddrinfo failed: Name or service not known".to_owned());
    };
    let connecting = Wire::connect(process, SocketAddr::new(*ip, port));
    match within(process, Some(PATIENCE), connecting).await {
        Some(Ok(wire)) => Ok(wire),
        Some(Err(errno)) => Err(process.text(errno).to_owned()),
        None => Err("Connection timed out".to_owned()),
    }
}

// The guestbook.

const GUESTBOOK: &str = "\
<!DOCTYPE html>
<html>
<head><title>Guestbook</title></head>
<body>
<h2>Guestbook</h2>
<form id=\"form\"><input id=\"entry\" placeholder=\"Messages\"><button>Submit</button></form>
<div id=\"messages\"></div>
<script>
const call = query => fetch('guestbook.php?' + query).then(answer => answer.json());
let messages = [];
const show = () => {
  const list = document.getElementById('messages');
  list.replaceChildren(...messages.map(text => Object.assign(document.createElement('div'), { textContent: text })));
};
call('cmd=get&key=messages').then(answer => { messages = answer.data.split(','); show(); });
document.getElementById('form').onsubmit = event => {
  event.preventDefault();
  messages.push(document.getElementById('entry').value);
  call('cmd=set&key=messages&value=' + encodeURIComponent(messages.join(','))).then(show);
};
</script>
</body>
</html>
";

/// Keeps messages with the leader, reads them from the followers.
async fn guestbook(process: &Arc<Process>, request: &Request) -> Answer {
    match request.path() {
        "/" | "/index.html" => Answer::new(200, "text/html", GUESTBOOK),
        "/guestbook.php" => match request.parameter("cmd").as_deref() {
            None => Answer::new(
                501,
                HTML,
                "podlab does not simulate PHP; this page takes ?cmd=get and ?cmd=set\n",
            ),
            Some(command) => match guestbook_command(process, request, command).await {
                Ok(text) => Answer::new(200, "application/json", text),
                Err(text) => {
                    let text = format!(
                        "<br />\n<b>Fatal error</b>:  Uncaught Predis\\Connection\\ConnectionException: {text} in \
                         /usr/share/php/Predis/Connection/AbstractConnection.php:155\n"
                    );
                    let _ = process.write(2, text.clone()).await;
                    Answer::new(500, HTML, text)
                }
            },
        },
        _ => not_found(),
    }
}

async fn guestbook_command(
    process: &Arc<Process>,
    request: &Request,
    command: &str,
) -> Result<String, String> {
    let [leader, follower] = names(process);
    let (name, variable) = if command == "set" { leader } else { follower };
    let from_env = var(process, "GET_HOSTS_FROM").as_deref() == Some("env");
    let host = if from_env { var(process, variable).unwrap_or_default() } else { name.to_owned() };
    let place = |why: String| format!("{why} [tcp://{host}:{REDIS_PORT}]");
    let mut wire = connect(process, &host, REDIS_PORT).await.map_err(place)?;
    let parameter = |name: &str| Bytes::from(request.parameter(name).unwrap_or_default());
    if command == "set" {
        let words = [Bytes::from_static(b"SET"), parameter("key"), parameter("value")];
        ask(&mut wire, &words).await.map_err(place)?;
        return Ok("{\"message\": \"Updated\"}".to_owned());
    }
    let value = ask(&mut wire, &[Bytes::from_static(b"GET"), parameter("key")]).await.map_err(place)?;
    Ok(format!("{{\"data\": \"{}\"}}", String::from_utf8_lossy(&value)))
}

/// The names of who keeps messages and of who has copies of them, with the variables that have their addresses: since its
/// fifth release the application calls them leader and followers.
fn names(process: &Process) -> [(&'static str, &'static str); 2] {
    let release = var(process, "GUESTBOOK_VERSION").and_then(|text| text.parse::<u32>().ok());
    if release.is_some_and(|release| release < 5) {
        [("redis-master", "REDIS_MASTER_SERVICE_HOST"), ("redis-slave", "REDIS_SLAVE_SERVICE_HOST")]
    } else {
        [("redis-leader", "REDIS_LEADER_SERVICE_HOST"), ("redis-follower", "REDIS_FOLLOWER_SERVICE_HOST")]
    }
}

// WordPress.

fn wordpress_page(status: u16, title: &str, text: &str) -> Answer {
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" />\n\
         <title>{title}</title>\n</head>\n<body>\n{text}\n</body>\n</html>\n"
    );
    Answer::new(status, HTML, text).with("X-Powered-By", "PHP/8.2.12")
}

/// Leads to its installation where there is a database.
async fn wordpress(process: &Arc<Process>, request: &Request) -> Answer {
    if request.path().starts_with("/wp-includes/") || request.path().starts_with("/wp-content/") {
        return not_found();
    }
    if let Err(reason) = find_database(process).await {
        let text = format!(
            "PHP Warning:  mysqli_real_connect(): (HY000/2002): {reason} in /var/www/html/wp-includes/class-wpdb.php on line 1982\n"
        );
        let _ = process.write(2, text).await;
        let text = "<h1>Error establishing a database connection</h1>";
        return wordpress_page(500, "Database Error", text);
    }
    match (request.head.method.as_str(), request.path()) {
        ("GET" | "HEAD", "/wp-admin/install.php") => wordpress_page(
            200,
            "WordPress &rsaquo; Installation",
            "<h1>Welcome</h1>\n<p>podlab goes as far as here: it does not simulate PHP and SQL.</p>",
        ),
        ("GET" | "HEAD", _) => {
            let host = request.head.headers.get("host").unwrap_or("localhost");
            let to = format!("http://{host}/wp-admin/install.php");
            Answer::new(302, HTML, "").with("X-Redirect-By", "WordPress").with("Location", to)
        }
        _ => Answer::new(501, HTML, "podlab does not simulate PHP and SQL\n"),
    }
}

/// Whether a database greets where `WORDPRESS_DB_HOST` says.
async fn find_database(process: &Arc<Process>) -> Result<(), String> {
    let place = var(process, "WORDPRESS_DB_HOST").unwrap_or_else(|| "mysql".to_owned());
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, port.parse().unwrap_or(MYSQL_PORT)),
        None => (place.as_str(), MYSQL_PORT),
    };
    let mut wire = connect(process, host, port).await?;
    let lost = || "MySQL server has gone away".to_owned();
    // A packet's length and number, then the protocol's version, or 255 for an error.
    let greeting =
        within(process, Some(PATIENCE), wire.read()).await.ok_or_else(lost)?.map_err(|_| lost())?;
    if greeting.get(4) == Some(&10) { Ok(()) } else { Err(lost()) }
}
