//! A booking application and its adapters: three small services that show the adapter pattern.
//!
//! The main one listens on port 33 and offers a car at `/bookCar`. How a car is described is left to whoever listens on
//! port 9096 of localhost: an adapter, which gets the description at `/formatCarInfo` and returns it as its platform
//! wants it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::listening::{Answer, Request, listen_everywhere, serve, signalled};
use crate::{
    env::BoxFuture,
    http::{Body, BodyKind, Wire, http_date, within},
    kernel::{
        errno::Errno,
        process::{Outcome, Process},
        signal::Signal,
    },
};

/// Where the main application listens.
const MAIN_PORT: u16 = 33;
/// Where it expects an adapter.
const ADAPTER_PORT: u16 = 9096;
/// How long it waits for an adapter.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer of an adapter.
const MAX_ANSWER: usize = 64 * 1024;

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process, MAIN_PORT, "booking service", book))
}

pub(super) fn airbnb_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process, ADAPTER_PORT, "airbnb adapter", |_, request| {
        Box::pin(format_with(request, airbnb))
    }))
}

pub(super) fn kayak_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process, ADAPTER_PORT, "kayak adapter", |_, request| Box::pin(format_with(request, kayak))))
}

type Handler = fn(Arc<Process>, Request) -> BoxFuture<Answer>;

async fn run(process: Arc<Process>, port: u16, name: &str, handler: Handler) -> Outcome {
    let listener = match listen_everywhere(&process, port, true) {
        Ok(listener) => listener,
        Err(error) => {
            let text = format!(
                "node:events:497\n      throw er; // Unhandled 'error' event\n      ^\n\nError: listen {}: {} :::{port}\n    at Server.setupListenHandle [as _listen2] \
                 (node:net:1908:16)\n  code: '{}',\n  errno: -{},\n  syscall: 'listen',\n  address: '::',\n  port: {port}\n\
                 }}\n",
                error.name(),
                error.to_string().to_lowercase(),
                error.name(),
                error.number(),
            );
            let _ = process.write(2, text).await;
            return Outcome::Exit(1);
        }
    };
    let _ = process.write(1, format!("{name} listening on port {port}\n")).await;
    let stop = signalled(&process, &[Signal::INT, Signal::TERM]);
    serve(&process, &listener, async { _ = stop.await }, |request| {
        let answer = handler(Arc::clone(&process), request);
        let date = http_date(process.now());
        async { answer.await.with("Date", date) }
    })
    .await;
    Outcome::Exit(0)
}

fn not_found(request: &Request) -> Answer {
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n\
         <pre>Cannot {} {}</pre>\n</body>\n</html>\n",
        request.head.method,
        request.path()
    );
    Answer::new(404, "text/html; charset=utf-8", text).with("X-Powered-By", "Express")
}

fn json_answer(status: u16, text: String) -> Answer {
    Answer::new(status, "application/json; charset=utf-8", text).with("X-Powered-By", "Express")
}

/// The main application: finds a car, and has it described.
fn book(process: Arc<Process>, request: Request) -> BoxFuture<Answer> {
    Box::pin(async move {
        if request.head.method != "GET" || request.path().trim_end_matches('/') != "/bookCar" {
            return not_found(&request);
        }
        let car = json!({"carid": "1-XXX-333", "price": 55, "currency": "euro", "status": "available"});
        match within(&process, Some(PATIENCE), ask_adapter(&process, &car)).await {
            Some(Ok((status, body))) => {
                Answer::new(status, "application/json; charset=utf-8", body).with("X-Powered-By", "Express")
            }
            failed => {
                let errno = failed.and_then(Result::err).unwrap_or(Errno::ETIMEDOUT);
                let message = format!("connect {} 127.0.0.1:{ADAPTER_PORT}", errno.name());
                let _ = process.write(2, format!("Error: {message}\n")).await;
                json_answer(500, json!({"error": message}).to_string())
            }
        }
    })
}

async fn ask_adapter(process: &Arc<Process>, car: &Value) -> Result<(u16, Vec<u8>), Errno> {
    let mut wire = Wire::connect(process, SocketAddr::from(([127, 0, 0, 1], ADAPTER_PORT))).await?;
    let body = car.to_string();
    let request = format!(
        "POST /formatCarInfo HTTP/1.1\r\nHost: localhost:{ADAPTER_PORT}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    wire.write(request).await?;
    let head = wire.response().await.ok().flatten().ok_or(Errno::ECONNRESET)?;
    let kind = BodyKind::of_response(head.status, false, &head.headers);
    Ok((head.status, Body::new(kind).all(&mut wire, MAX_ANSWER).await?))
}

/// An adapter: describes the car that it is sent.
async fn format_with(request: Request, format: fn(&Value) -> String) -> Answer {
    if request.path().trim_end_matches('/') != "/formatCarInfo"
        || !matches!(request.head.method.as_str(), "GET" | "POST")
    {
        return not_found(&request);
    }
    match serde_json::from_slice::<Value>(&request.body) {
        Ok(car) if car.is_object() => json_answer(200, format(&car)),
        _ => json_answer(400, json!({"error": "a JSON object that describes a car is expected"}).to_string()),
    }
}

/// An object whose fields keep their order.
fn object(fields: &[(&str, &Value)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn kayak(car: &Value) -> String {
    object(&[
        ("carid", &car["carid"]),
        ("price", &car["price"]),
        ("currency", &car["currency"]),
        ("status", &car["status"]),
        ("message", &json!("welcome to kayak")),
        ("payment_method", &json!("visa")),
    ])
}

fn airbnb(car: &Value) -> String {
    object(&[
        ("carid", &car["carid"]),
        ("status", &car["status"]),
        ("costs", &json!("10 euros an hour")),
        ("payment_method", &json!("paypal airbnb")),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{airbnb, kayak};

    #[test]
    fn each_adapter_describes_the_car_that_it_is_given() {
        let car = json!({"carid": "7", "price": 1, "currency": "euro", "status": "sold"});
        assert_eq!(
            kayak(&car),
            r#"{"carid":"7","price":1,"currency":"euro","status":"sold","message":"welcome to kayak","payment_method":"visa"}"#
        );
        assert_eq!(
            airbnb(&car),
            r#"{"carid":"7","status":"sold","costs":"10 euros an hour","payment_method":"paypal airbnb"}"#
        );
    }
}
