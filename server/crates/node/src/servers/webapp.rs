//! `training/webapp`: a small Python web application that greets. It listens on `PORT`, or on 5000.

use std::sync::Arc;

use super::listening::{Answer, Request, listen_everywhere, serve, signalled};
use crate::{
    env::BoxFuture,
    http::http_date,
    kernel::{
        process::{Outcome, Process},
        signal::Signal,
    },
};

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

async fn run(process: Arc<Process>) -> Outcome {
    let port =
        process.var("PORT").and_then(|port| std::str::from_utf8(&port).ok()?.parse().ok()).unwrap_or(5000);
    let listener = match listen_everywhere(&process, port, false) {
        Ok(listener) => listener,
        Err(error) => {
            let text = format!(
                "Traceback (most recent call last):\n  File \"app.py\", line 16, in <module>\n    app.run(host='0.0.0.0', port=port)\n\
                 socket.error: [Errno {}] {}\n",
                error.number(),
                process.text(error)
            );
            let _ = process.write(2, text).await;
            return Outcome::Exit(1);
        }
    };
    let _ = process.write(2, format!(" * Running on http://0.0.0.0:{port}/ (Press CTRL+C to quit)\n")).await;
    // Python answers SIGINT; a SIGTERM that nobody asked for does not reach process 1.
    let stop = signalled(&process, &[Signal::INT]);
    serve(&process, &listener, async { _ = stop.await }, |request| answer(&process, request)).await;
    Outcome::Exit(130)
}

async fn answer(process: &Process, request: Request) -> Answer {
    let answer = match (request.head.method.as_str(), request.path()) {
        ("GET" | "HEAD", "/") => {
            let who = process.var("PROVIDER").unwrap_or_else(|| "world".into());
            let text = format!("Hello {}!", String::from_utf8_lossy(&who));
            Answer::new(200, "text/html; charset=utf-8", text)
        }
        (_, "/") => Answer::new(
            405,
            "text/html",
            page(
                "405 Method Not Allowed",
                "Method Not Allowed",
                "The method is not allowed for the requested URL.",
            ),
        ),
        _ => Answer::new(
            404,
            "text/html",
            page(
                "404 Not Found",
                "Not Found",
                "The requested URL was not found on the server.  If you entered the URL manually please check your spelling and try again.",
            ),
        ),
    };
    log(process, &request, answer.head.status).await;
    answer
        .with("Server", "Werkzeug/0.10.4 Python/2.7.6")
        .with("Date", http_date(process.now()))
        .with("Connection", "close")
}

fn page(title: &str, heading: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>{title}</title>\n<h1>{heading}</h1>\n<p>{text}</p>\n"
    )
}

async fn log(process: &Process, request: &Request, status: u16) {
    let now = process.now().to_zoned(jiff::tz::TimeZone::UTC);
    let line = format!(
        "{} - - [{}] \"{} {} HTTP/1.{}\" {status} -\n",
        request.peer.ip(),
        now.strftime("%d/%b/%Y %H:%M:%S"),
        request.head.method,
        request.head.target,
        request.head.minor
    );
    let _ = process.write(2, line).await;
}
