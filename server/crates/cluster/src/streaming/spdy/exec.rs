//! A process's streams, each on a stream of its own: `error`, `stdin`, `stdout`, `stderr`, `resize`.
//!
//! Source: `k8s.io/apimachinery/pkg/util/remotecommand`.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use podlab_node::Env;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

use super::session::{self, Stream, Streams};
use crate::{
    node_agent::{Reader, Session, StreamOptions, TerminalSize, Writer},
    streaming::outcome::{self, Size},
};

/// What is spoken on the streams.
pub(crate) const PROTOCOLS: [&str; 1] = ["v4.channel.k8s.io"];

/// How long the client gets to open its streams.
const OPENING: Duration = Duration::from_secs(30);

/// The longest text that can be a size.
const SIZE: usize = 256;

/// The streams of one process.
#[derive(Default)]
struct Channels {
    error: Option<Stream>,
    stdin: Option<Stream>,
    stdout: Option<Stream>,
    stderr: Option<Stream>,
    resize: Option<Stream>,
}

/// Carries a session's streams until the process has ended and all its output is sent, or the client hangs up.
pub(crate) async fn run(
    io: impl AsyncRead + AsyncWrite + Send + 'static,
    session: Session,
    wanted: StreamOptions,
    env: Env,
) {
    let (mut streams, task) = session::begin(io);
    let work = async move {
        let opened = tokio::select! {
            opened = Channels::open(&mut streams, wanted) => opened,
            () = env.sleep(OPENING) => None,
        };
        if let Some(channels) = opened {
            tokio::select! {
                () = channels.carry(session) => {}
                () = async { while streams.next().await.is_some() {} } => {}
            }
        }
    };
    futures::join!(task, work);
}

impl Channels {
    /// The streams that the client has asked for; nothing if it hangs up before.
    async fn open(streams: &mut Streams, wanted: StreamOptions) -> Option<Self> {
        let mut missing =
            1 + [wanted.stdin, wanted.stdout, wanted.stderr, wanted.tty].into_iter().filter(|w| *w).count();
        let mut channels = Self::default();
        while missing > 0 {
            let stream = streams.next().await?;
            let slot = match stream.header("streamtype") {
                "error" => &mut channels.error,
                "stdin" => &mut channels.stdin,
                "stdout" => &mut channels.stdout,
                "stderr" => &mut channels.stderr,
                "resize" => &mut channels.resize,
                _ => return None,
            };
            if slot.replace(stream).is_none() {
                missing -= 1;
            }
        }
        Some(channels)
    }

    async fn carry(self, session: Session) {
        let Session { stdin, stdout, stderr, resize, exit } = session;
        let output = async {
            let (_, _, exit) = futures::join!(sent(self.stdout, stdout), sent(self.stderr, stderr), exit);
            if let Some(error) = self.error {
                let status = serde_json::to_vec(&outcome::status(&exit)).unwrap_or_default();
                error.outbound.send(status.into()).await;
                error.outbound.finish().await;
            }
        };
        let input = async {
            futures::join!(received(self.stdin, stdin), resized(self.resize, resize));
            // The process decides when it is over.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = output => {}
            () = input => {}
        }
    }
}

async fn sent(stream: Option<Stream>, reader: Option<Reader>) {
    let Some(stream) = stream else { return };
    if let Some(reader) = reader {
        stream.outbound.copy(reader).await;
    }
    stream.outbound.finish().await;
}

async fn received(stream: Option<Stream>, writer: Option<Writer>) {
    if let (Some(mut stream), Some(mut writer)) = (stream, writer) {
        session::copy_in(&mut stream.inbound, &mut writer).await;
    }
}

/// Sizes come as JSON, one a line.
async fn resized(stream: Option<Stream>, resize: Option<mpsc::Sender<TerminalSize>>) {
    let (Some(mut stream), Some(resize)) = (stream, resize) else { return };
    let mut text = BytesMut::new();
    while let Some(data) = stream.inbound.recv().await {
        text.extend_from_slice(&data);
        while let Some(line) = next_line(&mut text) {
            if let Ok(size) = serde_json::from_slice::<Size>(&line) {
                let _ = resize.try_send(size.into());
            }
        }
        if text.len() > SIZE {
            text.clear();
        }
    }
}

fn next_line(text: &mut BytesMut) -> Option<Bytes> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    Some(text.split_to(end + 1).freeze())
}
