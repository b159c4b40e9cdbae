//! Connections: taken in bounded number, and given up when they say nothing.

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// Connections that are open at once. Past it the next one waits until another has ended.
const MAX_CONNECTIONS: usize = 4096;

/// How long the head of a request may take, counted from when the connection waits for it.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// How long to wait where no connection can be taken (too many open files, say).
const PAUSE: Duration = Duration::from_secs(1);

/// Answers requests (HTTP/1.1, upgrades too) for as long as the future is polled. Connections outlive it until their
/// tasks end with the runtime.
///
/// # Errors
///
/// Never of a single connection's: who connects and fails hurts nobody else.
pub async fn serve(listener: TcpListener, router: Router) -> io::Result<()> {
    each(listener, |stream| {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()))
            .with_upgrades();
        async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        }
    })
    .await
}

/// Takes connections, each of which `answer` serves in a task of its own.
///
/// # Errors
///
/// As [`serve`].
pub async fn each<F>(listener: TcpListener, answer: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) if is_of_the_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken at the moment");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Small answers go at once; where that cannot be had, they come a little later.
        let _ = stream.set_nodelay(true);
        let answered = answer(stream);
        tokio::spawn(async move {
            answered.await;
            drop(place);
        });
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn connection() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, Router::new().route("/", get(|| async { "here" }))));
        TcpStream::connect(address).await.unwrap()
    }

    async fn read_to_end(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn a_request_is_answered() {
        let mut stream = connection().await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n").await.unwrap();
        let text = read_to_end(&mut stream).await;
        assert!(text.starts_with("HTTP/1.1 200 OK") && text.ends_with("here"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_never_ends_is_given_up() {
        let mut stream = connection().await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: la").await.unwrap();
        read_to_end(&mut stream).await;
    }
}
