//! A connection whose bytes travel in the messages of a WebSocket, as kubectl port-forward wants it.

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_tungstenite::tungstenite::Message;

use crate::streaming::websocket::Socket;

/// The subprotocol for forwarded ports.
pub(crate) const PORT_FORWARD: &str = "SPDY/3.1+portforward.k8s.io";

const CHUNK: usize = 32 * 1024;

/// Runs what speaks over the connection until it is done or the client hangs up.
pub(crate) async fn run<F: Future<Output = ()>>(socket: Socket, speak: impl FnOnce(DuplexStream) -> F) {
    let (near, far) = tokio::io::duplex(CHUNK);
    let (mut sink, mut stream) = socket.split();
    let (mut reader, mut writer) = tokio::io::split(far);
    let outward = async {
        let mut buffer = vec![0; CHUNK];
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            let data = buffer.get(..count).unwrap_or_default().to_vec();
            if sink.send(Message::Binary(data.into())).await.is_err() {
                return;
            }
        }
        let _ = sink.close().await;
    };
    let inward = async {
        while let Some(Ok(message)) = stream.next().await {
            match message {
                Message::Binary(data) if writer.write_all(&data).await.is_err() => return,
                Message::Close(_) => break,
                _ => {}
            }
        }
        let _ = writer.shutdown().await;
    };
    tokio::select! {
        _ = async { futures::join!(speak(near), outward) } => {}
        () = async { inward.await; std::future::pending().await } => {}
    }
}
