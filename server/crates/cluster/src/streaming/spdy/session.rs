//! One connection: frames in and out, the client's streams.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};

use super::{
    frame::{self, Frame},
    headers::{Headers, Reader, Writer},
};

/// How many streams a connection may have at once.
const STREAMS: usize = 1024;

/// How many frames wait for a slow reader of a stream, and for a slow client.
const WAITING: usize = 16;

/// How much is read from the connection at once.
const CHUNK: usize = 32 * 1024;

/// A stream that the client opened.
pub(super) struct Stream {
    pub(super) headers: Headers,
    /// What the client sends; it ends when the client has sent all.
    pub(super) inbound: mpsc::Receiver<Bytes>,
    pub(super) outbound: Outbound,
}

impl Stream {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// The server's half of a stream.
#[derive(Clone)]
pub(super) struct Outbound {
    stream: u32,
    frames: mpsc::Sender<Sent>,
}

/// What goes out: frames, and agreements whose headers are compressed in the order in which they go.
enum Sent {
    Frame(Frame),
    Reply(u32),
}

impl Outbound {
    /// Sends data; tells whether the client still listens.
    pub(super) async fn send(&self, data: Bytes) -> bool {
        self.put(false, data).await
    }

    /// Says that all is sent.
    pub(super) async fn finish(&self) {
        self.put(true, Bytes::new()).await;
    }

    async fn put(&self, fin: bool, data: Bytes) -> bool {
        let frame = Frame::Data { stream: self.stream, fin, data };
        self.frames.send(Sent::Frame(frame)).await.is_ok()
    }

    /// Sends all that a reader has.
    pub(super) async fn copy(&self, mut reader: impl AsyncRead + Unpin) {
        let mut buffer = BytesMut::with_capacity(CHUNK);
        while let Ok(1..) = reader.read_buf(&mut buffer).await {
            if !self.send(buffer.split().freeze()).await {
                return;
            }
            buffer.reserve(CHUNK);
        }
    }
}

/// Writes all that a client sends on a stream.
pub(super) async fn copy_in(inbound: &mut mpsc::Receiver<Bytes>, writer: &mut (impl AsyncWrite + Unpin)) {
    while let Some(data) = inbound.recv().await {
        if writer.write_all(&data).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}

/// The streams that the client opens, one after the other. The connection stays as long as this or a stream is held.
pub(super) struct Streams {
    opened: mpsc::Receiver<Stream>,
    _frames: mpsc::Sender<Sent>,
}

impl Streams {
    /// The next stream; nothing once the client has hung up.
    pub(super) async fn next(&mut self) -> Option<Stream> {
        self.opened.recv().await
    }
}

/// Begins a connection: its streams, and the task that keeps it going until the client hangs up or nobody holds a
/// stream any more.
pub(super) fn begin(
    io: impl AsyncRead + AsyncWrite + Send + 'static,
) -> (Streams, impl Future<Output = ()> + Send) {
    let (sender, opened) = mpsc::channel(WAITING);
    let (frames, outgoing) = mpsc::channel(WAITING);
    let (reader, writer) = tokio::io::split(io);
    let weak = frames.downgrade();
    let task = async move {
        let outward = send(writer, outgoing);
        tokio::pin!(outward);
        tokio::select! {
            // What is still to be said is said: the client may only have closed its half.
            () = receive(reader, sender, weak) => outward.await,
            () = &mut outward => {}
        }
    };
    (Streams { opened, _frames: frames }, task)
}

async fn send(mut writer: impl AsyncWrite + Unpin, mut outgoing: mpsc::Receiver<Sent>) {
    let mut headers = Writer::new();
    let mut buffer = BytesMut::new();
    while let Some(sent) = outgoing.recv().await {
        let frame = match sent {
            Sent::Frame(frame) => frame,
            Sent::Reply(stream) => Frame::SynReply { stream, headers: headers.write(&Headers::new()) },
        };
        frame::put(&frame, &mut buffer);
        if writer.write_all(&buffer).await.is_err() || writer.flush().await.is_err() {
            return;
        }
        buffer.clear();
    }
    frame::put(&Frame::GoAway, &mut buffer);
    let _ = writer.write_all(&buffer).await;
    let _ = writer.shutdown().await;
}

/// The streams whose client still sends.
type Open = BTreeMap<u32, mpsc::Sender<Bytes>>;

async fn receive(
    mut reader: impl AsyncRead + Unpin,
    opened: mpsc::Sender<Stream>,
    frames: mpsc::WeakSender<Sent>,
) {
    let mut headers = Reader::new();
    let mut open = Open::new();
    let mut buffer = BytesMut::with_capacity(CHUNK);
    loop {
        loop {
            let frame = match frame::take(&mut buffer) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!(%error, "a SPDY connection is broken off");
                    return;
                }
            };
            let Some(frames) = frames.upgrade() else { return };
            if !handle(frame, &mut headers, &mut open, &opened, &frames).await {
                return;
            }
        }
        buffer.reserve(CHUNK);
        if !matches!(reader.read_buf(&mut buffer).await, Ok(1..)) {
            return;
        }
    }
}

/// Acts on a frame; tells whether to go on.
async fn handle(
    frame: Frame,
    headers: &mut Reader,
    open: &mut Open,
    opened: &mpsc::Sender<Stream>,
    frames: &mpsc::Sender<Sent>,
) -> bool {
    match frame {
        Frame::SynStream { stream, fin, headers: compressed } => {
            let Ok(headers) = headers.read(&compressed) else { return false };
            if open.len() >= STREAMS {
                return false;
            }
            let (sender, inbound) = mpsc::channel(WAITING);
            if !fin {
                open.insert(stream, sender);
            }
            let outbound = Outbound { stream, frames: frames.clone() };
            frames.send(Sent::Reply(stream)).await.is_ok()
                && opened.send(Stream { headers, inbound, outbound }).await.is_ok()
        }
        Frame::Data { stream, fin, data } => {
            if let Some(sender) = open.get(&stream)
                && !data.is_empty()
                && sender.send(data).await.is_err()
            {
                // Nobody reads it any more; what comes is dropped.
                open.remove(&stream);
            }
            if fin {
                open.remove(&stream);
            }
            true
        }
        Frame::RstStream { stream, .. } => {
            open.remove(&stream);
            true
        }
        Frame::Ping { id } => frames.send(Sent::Frame(Frame::Ping { id })).await.is_ok(),
        Frame::GoAway | Frame::SynReply { .. } | Frame::Other => true,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test has a runtime of its own")]

    use super::*;

    /// A client's bytes for streams that are opened with these headers.
    fn syn(writer: &mut Writer, stream: u32, headers: &[(&str, &str)]) -> Vec<u8> {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut buffer = BytesMut::new();
        frame::put(&Frame::SynStream { stream, fin: false, headers: writer.write(&headers) }, &mut buffer);
        buffer.to_vec()
    }

    #[tokio::test]
    async fn a_stream_carries_data_both_ways_and_ends() {
        let (mut client, server) = tokio::io::duplex(4096);
        let (mut streams, task) = begin(server);
        let task = tokio::spawn(task);
        let mut writer = Writer::new();
        client.write_all(&syn(&mut writer, 1, &[("streamType", "data")])).await.unwrap();
        let mut buffer = BytesMut::new();
        frame::put(&Frame::Data { stream: 1, fin: true, data: Bytes::from_static(b"ping") }, &mut buffer);
        client.write_all(&buffer).await.unwrap();

        let mut stream = streams.next().await.unwrap();
        assert_eq!(stream.header("streamtype"), "data");
        assert_eq!(stream.inbound.recv().await.unwrap(), "ping");
        assert_eq!(stream.inbound.recv().await, None);
        assert!(stream.outbound.send(Bytes::from_static(b"pong")).await);
        stream.outbound.finish().await;
        drop((streams, stream));
        task.await.unwrap();

        let mut received = BytesMut::new();
        while client.read_buf(&mut received).await.unwrap() > 0 {}
        let mut frames = Vec::new();
        while let Ok(Some(frame)) = frame::take(&mut received) {
            frames.push(frame);
        }
        assert!(matches!(frames[0], Frame::SynReply { stream: 1, .. }));
        assert_eq!(
            frames[1..],
            [
                Frame::Data { stream: 1, fin: false, data: Bytes::from_static(b"pong") },
                Frame::Data { stream: 1, fin: true, data: Bytes::new() },
                Frame::GoAway,
            ]
        );
    }

    #[tokio::test]
    async fn nonsense_ends_the_connection() {
        let (mut client, server) = tokio::io::duplex(4096);
        let (mut streams, task) = begin(server);
        let task = tokio::spawn(task);
        client.write_all(&[0xff; 64]).await.unwrap();
        assert!(streams.next().await.is_none());
        drop(streams);
        task.await.unwrap();
    }
}
