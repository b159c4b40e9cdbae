//! Connections: taken in bounded number, and given up when they say nothing.

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use podlab_cluster::Https;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// Connections that are open at once. Past it the next one waits until another has ended.
const MAX_CONNECTIONS: usize = 4096;

/// How long a client may take to say what it wants: a TLS handshake, the head of a request (counted from when the connection
/// waits for it), the next piece of its body.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait where no connection can be taken (too many open files, say).
const PAUSE: Duration = Duration::from_secs(1);

/// Answers requests (HTTP/1.1, upgrades too) for as long as the future is polled. Connections outlive it until their
/// tasks end with the runtime. Clients that say nothing are given up after `patience`, on the runtime's clock; where that
/// clock may jump, nobody can be timed by it, and there is none.
///
/// # Errors
///
/// Never of a single connection's: who connects and fails hurts nobody else.
pub async fn serve(listener: TcpListener, router: Router, patience: Option<Duration>) -> io::Result<()> {
    each(listener, |stream| converse(stream, router.clone(), patience)).await
}

/// [`serve`] over TLS.
///
/// # Errors
///
/// As [`serve`].
pub async fn serve_tls(
    listener: TcpListener,
    https: Https,
    router: Router,
    patience: Option<Duration>,
) -> io::Result<()> {
    each(listener, |stream| {
        let (https, router) = (https.clone(), router.clone());
        async move {
            let handshake = https.accept(stream, router);
            let accepted = match patience {
                Some(limit) => {
                    tokio::time::timeout(limit, handshake).await.unwrap_or_else(|late| Err(late.into()))
                }
                None => handshake.await,
            };
            match accepted {
                Ok((stream, router)) => converse(stream, router, patience).await,
                Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
            }
        }
    })
    .await
}

/// Serves one connection to its end.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    router: Router,
    patience: Option<Duration>,
) {
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Takes connections, each of which `answer` serves in a task of its own.
async fn each<F>(listener: TcpListener, answer: impl Fn(TcpStream) -> F) -> io::Result<()>
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
    use std::net::SocketAddr;

    use axum::routing::get;
    use jiff::Timestamp;
    use podlab_cluster::{Cluster, Config};
    use podlab_node::Env;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    fn router() -> Router {
        Router::new().route("/", get(|| async { "here" }))
    }

    async fn connection(patience: Option<Duration>) -> TcpStream {
        let (listener, address) = listener().await;
        tokio::spawn(serve(listener, router(), patience));
        TcpStream::connect(address).await.unwrap()
    }

    async fn tls_connection(patience: Option<Duration>) -> TcpStream {
        let (listener, address) = listener().await;
        let cluster = Cluster::start(Config::default(), Env::on_current_runtime(Timestamp::UNIX_EPOCH, 1));
        let https = cluster.https(&[address.ip()]).unwrap();
        tokio::spawn(serve_tls(listener, https, router(), patience));
        TcpStream::connect(address).await.unwrap()
    }

    async fn read_to_end(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn a_request_is_answered() {
        let mut stream = connection(Some(PATIENCE)).await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n").await.unwrap();
        let text = read_to_end(&mut stream).await;
        assert!(text.starts_with("HTTP/1.1 200 OK") && text.ends_with("here"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_never_ends_is_given_up() {
        let mut stream = connection(Some(PATIENCE)).await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: la").await.unwrap();
        read_to_end(&mut stream).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_begins_its_handshake_is_given_up() {
        let mut stream = tls_connection(Some(PATIENCE)).await;
        assert_eq!(read_to_end(&mut stream).await, "");
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_clock_jumps_nobody_is_given_up() {
        for mut stream in [connection(None).await, tls_connection(None).await] {
            let ended = read_to_end(&mut stream);
            assert!(tokio::time::timeout(10 * PATIENCE, ended).await.is_err());
        }
    }
}
