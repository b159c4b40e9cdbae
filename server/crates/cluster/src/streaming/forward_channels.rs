//! Forwarded ports as channels of one WebSocket, as kube-rs uses them: two channels a port, one for its bytes and one for
//! errors; the first message of each is the port's number.

use futures::{SinkExt, StreamExt, stream::FuturesUnordered};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf},
    sync::mpsc,
};
use tokio_tungstenite::tungstenite::Message;

use super::websocket::Socket;

/// The subprotocols.
pub(crate) const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

const CHUNK: usize = 32 * 1024;
const WAITING: usize = 4;

/// One forwarded port: its number and its connection, or why there is none.
pub(crate) struct Forward {
    pub(crate) port: u16,
    pub(crate) connection: Result<DuplexStream, String>,
}

/// Carries the bytes until the client hangs up or all connections have ended.
pub(crate) async fn run(socket: Socket, forwards: Vec<Forward>) {
    let (mut sink, mut stream) = socket.split();
    let (sender, mut messages) = mpsc::channel::<Message>(WAITING);
    let mut writers: Vec<Option<WriteHalf<DuplexStream>>> = Vec::new();
    let pumps = FuturesUnordered::new();
    let mut first = Vec::new();
    for (i, forward) in forwards.into_iter().enumerate() {
        let channel = u8::try_from(2 * i).unwrap_or(u8::MAX - 1);
        for channel in [channel, channel + 1] {
            let [low, high] = forward.port.to_le_bytes();
            first.push(Message::Binary(vec![channel, low, high].into()));
        }
        match forward.connection {
            Ok(connection) => {
                let (reader, writer) = tokio::io::split(connection);
                writers.push(Some(writer));
                pumps.push(pump(reader, channel, sender.clone()));
            }
            Err(why) => {
                let mut message = vec![channel + 1];
                message.extend_from_slice(why.as_bytes());
                first.push(Message::Binary(message.into()));
                writers.push(None);
            }
        }
    }
    drop(sender);
    for message in first {
        if sink.send(message).await.is_err() {
            return;
        }
    }
    let outward = async {
        let sending = async {
            while let Some(message) = messages.recv().await {
                if sink.send(message).await.is_err() {
                    return;
                }
            }
            let _ = sink.close().await;
        };
        futures::join!(pumps.collect::<Vec<()>>(), sending);
    };
    let inward = async {
        while let Some(Ok(message)) = stream.next().await {
            let Message::Binary(data) = message else { continue };
            let Some((&channel, rest)) = data.split_first() else { continue };
            let Some(slot) = writers.get_mut(usize::from(channel / 2)).filter(|_| channel % 2 == 0) else {
                continue;
            };
            if let Some(writer) = slot
                && writer.write_all(rest).await.is_err()
            {
                *slot = None;
            }
        }
    };
    tokio::select! {
        () = outward => {}
        () = inward => {}
    }
}

async fn pump(mut reader: ReadHalf<DuplexStream>, channel: u8, sender: mpsc::Sender<Message>) {
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
