//! A process's streams as channels of one WebSocket: each message begins with the number of its channel.
//!
//! Source: `k8s.io/apimachinery/pkg/util/remotecommand`.

use std::time::Duration;

use bytes::Bytes;
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use podlab_node::Env;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{
    outcome::{self, Size},
    websocket::Socket,
};
use crate::node_agent::{Reader, Session, TerminalSize, Writer};

/// The subprotocols, the newest first. Version 5 can close standard input.
pub(crate) const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
const CLOSE: u8 = 255;

/// How much is read from a process at once.
const CHUNK: usize = 32 * 1024;

/// How many messages wait for a slow client before the process does.
const WAITING: usize = 4;

/// How long the client gets to answer the closing.
const CLOSING: Duration = Duration::from_secs(1);

/// Carries a session's streams until the process has ended and all its output is sent, or the client hangs up.
pub(crate) async fn run(socket: Socket, session: Session, env: Env) {
    let Session { stdin, stdout, stderr, resize, exit } = session;
    let (sink, mut stream) = socket.split();
    let (sender, messages) = mpsc::channel(WAITING);
    let output = async {
        let (out, err) = (sender.clone(), sender.clone());
        let (_, _, exit) = futures::join!(pump(stdout, STDOUT, out), pump(stderr, STDERR, err), exit);
        let mut status = vec![ERROR];
        status.extend(serde_json::to_vec(&outcome::status(&exit)).unwrap_or_default());
        let _ = sender.send(Message::Binary(status.into())).await;
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let _ = sender.send(Message::Close(Some(frame))).await;
        drop(sender);
    };
    let finished = async {
        futures::join!(output, deliver(messages, sink));
    };
    tokio::select! {
        () = finished => {}
        () = receive(&mut stream, stdin, resize) => return,
    }
    // The client answers the closing; until then the connection must not go, or its last bytes might.
    let answered = async { while let Some(Ok(_)) = stream.next().await {} };
    tokio::select! {
        () = answered => {}
        () = env.sleep(CLOSING) => {}
    }
}

/// Sends what comes out of the process.
async fn pump(reader: Option<Reader>, channel: u8, sender: mpsc::Sender<Message>) {
    let Some(mut reader) = reader else { return };
    let mut buffer = vec![0; CHUNK];
    while let Ok(count) = reader.read(&mut buffer).await {
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { return };
        let mut message = Vec::with_capacity(count + 1);
        message.push(channel);
        message.extend_from_slice(read);
        if sender.send(Message::Binary(message.into())).await.is_err() {
            return;
        }
    }
}

async fn deliver(mut messages: mpsc::Receiver<Message>, mut sink: SplitSink<Socket, Message>) {
    while let Some(message) = messages.recv().await {
        if sink.send(message).await.is_err() {
            return;
        }
    }
    let _ = sink.flush().await;
}

/// Takes what comes from the client, until it hangs up.
async fn receive(
    stream: &mut SplitStream<Socket>,
    mut stdin: Option<Writer>,
    resize: Option<mpsc::Sender<TerminalSize>>,
) {
    while let Some(Ok(message)) = stream.next().await {
        let data: Bytes = match message {
            Message::Binary(data) => data,
            Message::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
            Message::Close(_) => return,
            _ => continue,
        };
        let Some((&channel, rest)) = data.split_first() else { continue };
        match channel {
            STDIN => {
                let ended = match &mut stdin {
                    Some(writer) => writer.write_all(rest).await.is_err() || writer.flush().await.is_err(),
                    None => false,
                };
                if ended {
                    stdin = None;
                }
            }
            RESIZE => {
                if let (Some(resize), Ok(size)) = (&resize, serde_json::from_slice::<Size>(rest)) {
                    let _ = resize.try_send(size.into());
                }
            }
            CLOSE if rest.first() == Some(&STDIN) => stdin = None,
            _ => {}
        }
    }
}
