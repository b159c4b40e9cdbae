//! Frames.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The longest data of one frame that is taken.
const DATA: usize = 1 << 20;

/// The longest control frame: a few short headers.
const CONTROL: usize = 16 * 1024;

const HEAD: usize = 8;
const VERSION: u16 = 3;
const CONTROL_BIT: u32 = 1 << 31;
const FIN: u8 = 1;

const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GOAWAY: u16 = 7;

/// A frame, its headers still compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Opens a stream.
    SynStream {
        stream: u32,
        fin: bool,
        headers: Bytes,
    },
    /// Agrees to a stream.
    SynReply {
        stream: u32,
        headers: Bytes,
    },
    /// Breaks a stream off.
    RstStream {
        stream: u32,
        status: u32,
    },
    /// To be sent back.
    Ping {
        id: u32,
    },
    /// No more streams.
    GoAway,
    Data {
        stream: u32,
        fin: bool,
        data: Bytes,
    },
    /// Of a kind that means nothing here: settings, windows.
    Other,
}

/// What is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("a frame of {0} bytes is too long")]
    TooLong(usize),
    #[error("version {0} of SPDY is not spoken here")]
    Version(u16),
    #[error("a control frame is cut short")]
    Short,
}

/// Takes the next frame off a buffer; nothing while it is not complete.
pub(super) fn take(buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    let mut head = match buffer.get(..HEAD) {
        Some(head) => head,
        None => return Ok(None),
    };
    let (first, second) = (head.get_u32(), head.get_u32());
    let (flags, length) = ((second >> 24) as u8, (second & 0x00ff_ffff) as usize);
    let is_control = first & CONTROL_BIT != 0;
    if length > if is_control { CONTROL } else { DATA } {
        return Err(FrameError::TooLong(length));
    }
    if buffer.len() < HEAD + length {
        return Ok(None);
    }
    buffer.advance(HEAD);
    let body = buffer.split_to(length).freeze();
    let fin = flags & FIN != 0;
    if !is_control {
        return Ok(Some(Frame::Data { stream: first, fin, data: body }));
    }
    let version = (first >> 16) as u16 & 0x7fff;
    if version != VERSION {
        return Err(FrameError::Version(version));
    }
    control(first as u16, fin, body).map(Some)
}

fn control(kind: u16, fin: bool, mut body: Bytes) -> Result<Frame, FrameError> {
    let number = |body: &mut Bytes| body.try_get_u32().map_err(|_| FrameError::Short);
    Ok(match kind {
        SYN_STREAM => {
            let stream = number(&mut body)? & !CONTROL_BIT;
            // The stream that it belongs to, and its priority, mean nothing here.
            number(&mut body)?;
            body.try_get_u16().map_err(|_| FrameError::Short)?;
            Frame::SynStream { stream, fin, headers: body }
        }
        SYN_REPLY => Frame::SynReply { stream: number(&mut body)? & !CONTROL_BIT, headers: body },
        RST_STREAM => Frame::RstStream { stream: number(&mut body)?, status: number(&mut body)? },
        PING => Frame::Ping { id: number(&mut body)? },
        GOAWAY => Frame::GoAway,
        _ => Frame::Other,
    })
}

/// Appends a frame to a buffer.
pub(super) fn put(frame: &Frame, buffer: &mut BytesMut) {
    let mut control = |kind: u16, fin: bool, parts: &[u32], rest: &[u8]| {
        buffer.put_u32(CONTROL_BIT | u32::from(VERSION) << 16 | u32::from(kind));
        put_length(buffer, fin, 4 * parts.len() + rest.len());
        parts.iter().for_each(|part| buffer.put_u32(*part));
        buffer.put_slice(rest);
    };
    match frame {
        Frame::SynStream { stream, fin, headers } => {
            let mut rest = vec![0, 0];
            rest.extend_from_slice(headers);
            control(SYN_STREAM, *fin, &[*stream, 0], &rest);
        }
        Frame::SynReply { stream, headers } => control(SYN_REPLY, false, &[*stream], headers),
        Frame::RstStream { stream, status } => control(RST_STREAM, false, &[*stream, *status], &[]),
        Frame::Ping { id } => control(PING, false, &[*id], &[]),
        Frame::GoAway => control(GOAWAY, false, &[0, 0], &[]),
        Frame::Data { stream, fin, data } => {
            buffer.put_u32(*stream);
            put_length(buffer, *fin, data.len());
            buffer.put_slice(data);
        }
        Frame::Other => {}
    }
}

fn put_length(buffer: &mut BytesMut, fin: bool, length: usize) {
    let flags = if fin { u32::from(FIN) } else { 0 };
    // What this server sends is far shorter than the 24 bits that there are.
    buffer.put_u32(flags << 24 | (length as u32 & 0x00ff_ffff));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_put_is_taken() {
        let frames = [
            Frame::SynStream { stream: 1, fin: true, headers: Bytes::from_static(b"abc") },
            Frame::SynReply { stream: 1, headers: Bytes::new() },
            Frame::RstStream { stream: 3, status: 5 },
            Frame::Ping { id: 7 },
            Frame::GoAway,
            Frame::Data { stream: 5, fin: false, data: Bytes::from_static(b"hello") },
        ];
        let mut buffer = BytesMut::new();
        frames.iter().for_each(|frame| put(frame, &mut buffer));
        for frame in frames {
            assert_eq!(take(&mut buffer), Ok(Some(frame)));
        }
        assert_eq!(take(&mut buffer), Ok(None));
    }

    #[test]
    fn long_frames_are_refused_before_they_are_read() {
        let mut buffer = BytesMut::from(&[0, 0, 0, 1, 0, 0xff, 0xff, 0xff][..]);
        assert_eq!(take(&mut buffer), Err(FrameError::TooLong(0x00ff_ffff)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_frames_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut buffer = BytesMut::from(&bytes[..]);
            while let Ok(Some(_)) = take(&mut buffer) {}
        }
    }
}
