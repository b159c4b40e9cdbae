//! A kubelet that does what the tests' commands say.

use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream::BoxStream};
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use podlab_cluster::node_agent::{
    AgentError, Answer, ContainerRef, ExecOptions, LogOptions, NodeAgent, NodeUsage, PodRef, Session,
    StreamOptions,
};
use podlab_node::env::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

pub(crate) struct Scripted;

const BUFFER: usize = 4096;

fn refused(message: &str) -> AgentError {
    AgentError { code: 500, message: message.to_owned() }
}

/// A connection whose other end sends everything back, in capitals.
fn shouting() -> DuplexStream {
    let (near, mut far) = tokio::io::duplex(BUFFER);
    tokio::spawn(async move {
        let mut buffer = vec![0; BUFFER];
        while let Ok(count @ 1..) = far.read(&mut buffer).await {
            let text = buffer[..count].to_ascii_uppercase();
            if far.write_all(&text).await.is_err() {
                return;
            }
        }
    });
    near
}

/// A web server that says what it was asked.
async fn web(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let header = |name: &str| request.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
    let answer = Response::builder().header("server", "nginx/1.22.1");
    Ok(match request.uri().path() {
        "/moved" => answer.status(302).header("location", "/elsewhere").body(Full::default()).unwrap(),
        "/page" => {
            let page = "<a href=\"/next\">next</a>";
            answer.header("content-type", "text/html").body(Full::from(page)).unwrap()
        }
        _ => {
            let said = format!(
                "{} {} host={:?} authorization={:?}",
                request.method(),
                request.uri(),
                header("host").unwrap_or_default(),
                header("authorization")
            );
            answer.status(404).body(Full::from(said)).unwrap()
        }
    })
}

impl NodeAgent for Scripted {
    fn logs(
        &self,
        container: ContainerRef,
        options: LogOptions,
    ) -> BoxFuture<Answer<BoxStream<'static, Bytes>>> {
        let lines = [format!("{} {:?}\n", container.container, options.tail_lines), "second\n".to_owned()];
        async move { Ok(futures::stream::iter(lines.map(Bytes::from)).boxed()) }.boxed()
    }

    fn exec(&self, _: ContainerRef, options: ExecOptions) -> BoxFuture<Answer<Session>> {
        async move { session(&options.command[0], options.streams) }.boxed()
    }

    fn attach(&self, _: ContainerRef, streams: StreamOptions) -> BoxFuture<Answer<Session>> {
        async move { session("shout", streams) }.boxed()
    }

    fn port_forward(&self, _: PodRef, port: u16) -> BoxFuture<Answer<DuplexStream>> {
        async move { if port == 80 { Ok(shouting()) } else { Err(refused("connection refused")) } }.boxed()
    }

    fn dial(&self, address: String, port: u16) -> BoxFuture<Answer<DuplexStream>> {
        async move {
            if port != 80 {
                return Err(refused(&format!("dial tcp {address}:{port}: connect: connection refused")));
            }
            let (near, far) = tokio::io::duplex(BUFFER);
            tokio::spawn(async move {
                let http = hyper::server::conn::http1::Builder::new();
                let _ = http.serve_connection(TokioIo::new(far), service_fn(web)).await;
            });
            Ok(near)
        }
        .boxed()
    }

    fn usage(&self) -> NodeUsage {
        NodeUsage::default()
    }
}

/// `shout` sends its input back in capitals, `fail` complains and exits with 3, anything else is not there.
fn session(command: &str, streams: StreamOptions) -> Answer<Session> {
    let (out, err) = (tokio::io::duplex(BUFFER), tokio::io::duplex(BUFFER));
    let (mut stdin, from_client) = (None, tokio::io::duplex(BUFFER));
    if streams.stdin {
        stdin = Some(Box::new(from_client.0) as podlab_cluster::node_agent::Writer);
    }
    let (command, mut input) = (command.to_owned(), from_client.1);
    let (mut output, mut complaint) = (out.1, err.1);
    let exit = async move {
        match command.as_str() {
            "shout" => {
                let mut text = Vec::new();
                input.read_to_end(&mut text).await.unwrap();
                output.write_all(&text.to_ascii_uppercase()).await.unwrap();
                Ok(0)
            }
            "fail" => {
                complaint.write_all(b"no\n").await.unwrap();
                Ok(3)
            }
            other => Err(format!("exec: {other:?}: executable file not found in $PATH")),
        }
    };
    Ok(Session {
        stdin,
        stdout: streams.stdout.then(|| Box::new(out.0) as podlab_cluster::node_agent::Reader),
        stderr: streams.stderr.then(|| Box::new(err.0) as podlab_cluster::node_agent::Reader),
        resize: None,
        exit: exit.boxed(),
    })
}
