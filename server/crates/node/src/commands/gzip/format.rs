//! The gzip format (RFC 1952) around deflate, piece by piece: nothing is ever held whole.

use miniz_oxide::{
    DataFormat, MZError, MZFlush, MZStatus,
    deflate::{
        core::{CompressorOxide, create_comp_flags_from_zip_params},
        stream::deflate,
    },
    inflate::stream::{InflateState, inflate},
};

/// How every member begins.
pub(in crate::commands) const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The longest header: names and comments in it are not kept.
const MAX_HEADER: usize = 64 * 1024;
const TRAILER: usize = 8;

/// What is wrong with compressed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::commands) enum Fault {
    #[error("not in gzip format")]
    Magic,
    #[error("unexpected end of file")]
    Truncated,
    #[error("invalid compressed data--format violated")]
    Format,
    #[error("invalid compressed data--crc error")]
    Checksum,
    #[error("invalid compressed data--length error")]
    Length,
}

/// Turns bytes into one member of a gzip file.
pub(in crate::commands) struct Compressor {
    deflate: Box<CompressorOxide>,
    crc: crc32fast::Hasher,
    size: u32,
}

impl Compressor {
    /// Begins a member: appends its header to `out`. `level` is that of `gzip -1` to `gzip -9`, `modified` are seconds
    /// since 1970.
    pub(in crate::commands) fn new(level: u8, name: &[u8], modified: u32, out: &mut Vec<u8>) -> Self {
        const NAMED: u8 = 8;
        const UNIX: u8 = 3;
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[8, if name.is_empty() { 0 } else { NAMED }]);
        out.extend_from_slice(&modified.to_le_bytes());
        out.extend_from_slice(&[if level == 9 { 2 } else { u8::from(level == 1) * 4 }, UNIX]);
        if !name.is_empty() {
            out.extend_from_slice(name);
            out.push(0);
        }
        // A negative window says that there is no zlib header.
        let flags = create_comp_flags_from_zip_params(i32::from(level), -15, 0);
        Self { deflate: Box::new(CompressorOxide::new(flags)), crc: crc32fast::Hasher::new(), size: 0 }
    }

    /// Compresses more bytes; appends what is ready to `out`.
    pub(in crate::commands) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.crc.update(bytes);
        // The size in the trailer is modulo 2^32.
        self.size = self.size.wrapping_add(bytes.len() as u32);
        self.run(bytes, MZFlush::None, out);
    }

    /// Ends the member.
    pub(in crate::commands) fn finish(mut self, out: &mut Vec<u8>) {
        self.run(&[], MZFlush::Finish, out);
        out.extend_from_slice(&self.crc.finalize().to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
    }

    fn run(&mut self, mut bytes: &[u8], flush: MZFlush, out: &mut Vec<u8>) {
        let mut piece = vec![0; 32 * 1024];
        loop {
            let result = deflate(&mut self.deflate, bytes, &mut piece, flush);
            bytes = &bytes[result.bytes_consumed..];
            out.extend_from_slice(&piece[..result.bytes_written]);
            let done = match result.status {
                Ok(MZStatus::StreamEnd) => true,
                Ok(_) => bytes.is_empty() && flush == MZFlush::None && result.bytes_written < piece.len(),
                // It can make no progress: there is nothing left to do.
                Err(_) => true,
            };
            if done {
                return;
            }
        }
    }
}

/// Turns a gzip file, which may have several members, into what was compressed.
pub(in crate::commands) struct Decompressor {
    phase: Phase,
    inflate: Box<InflateState>,
    crc: crc32fast::Hasher,
    size: u32,
    members: u64,
}

enum Phase {
    Header(Vec<u8>),
    Body,
    Trailer(Vec<u8>),
    /// What follows the last member is no gzip: it is ignored.
    Garbage,
}

impl Decompressor {
    pub(in crate::commands) fn new() -> Self {
        Self {
            phase: Phase::Header(Vec::new()),
            inflate: InflateState::new_boxed(DataFormat::Raw),
            crc: crc32fast::Hasher::new(),
            size: 0,
            members: 0,
        }
    }

    /// Takes some of `input` and fills some of `out`; returns how much of either. Nothing of both: `input` was empty.
    pub(in crate::commands) fn step(
        &mut self,
        input: &[u8],
        out: &mut [u8],
    ) -> Result<(usize, usize), Fault> {
        match &mut self.phase {
            Phase::Header(header) => {
                for (index, byte) in input.iter().enumerate() {
                    header.push(*byte);
                    match is_header(header) {
                        Ok(false) => {}
                        Ok(true) => {
                            self.phase = Phase::Body;
                            return Ok((index + 1, 0));
                        }
                        Err(_) if self.members > 0 => {
                            self.phase = Phase::Garbage;
                            break;
                        }
                        Err(fault) => return Err(fault),
                    }
                }
                Ok((input.len(), 0))
            }
            Phase::Body => {
                let result = inflate(&mut self.inflate, input, out, MZFlush::None);
                self.crc.update(&out[..result.bytes_written]);
                self.size = self.size.wrapping_add(result.bytes_written as u32);
                match result.status {
                    Ok(MZStatus::StreamEnd) => self.phase = Phase::Trailer(Vec::new()),
                    Ok(_) | Err(MZError::Buf) => {}
                    Err(_) => return Err(Fault::Format),
                }
                Ok((result.bytes_consumed, result.bytes_written))
            }
            Phase::Trailer(trailer) => {
                let taken = input.len().min(TRAILER - trailer.len());
                trailer.extend_from_slice(&input[..taken]);
                if let [a, b, c, d, e, f, g, h] = trailer[..] {
                    let crc = std::mem::take(&mut self.crc).finalize();
                    if u32::from_le_bytes([a, b, c, d]) != crc {
                        return Err(Fault::Checksum);
                    }
                    if u32::from_le_bytes([e, f, g, h]) != std::mem::take(&mut self.size) {
                        return Err(Fault::Length);
                    }
                    self.members += 1;
                    self.inflate.reset(DataFormat::Raw);
                    self.phase = Phase::Header(Vec::new());
                }
                Ok((taken, 0))
            }
            Phase::Garbage => Ok((input.len(), 0)),
        }
    }

    /// Whether the input may end here.
    pub(in crate::commands) fn finish(&self) -> Result<(), Fault> {
        match &self.phase {
            Phase::Garbage => Ok(()),
            Phase::Header(header) if self.members > 0 && header.len() < MAGIC.len() => Ok(()),
            _ => Err(Fault::Truncated),
        }
    }
}

/// Whether these bytes are a whole header, or the beginning of one.
fn is_header(bytes: &[u8]) -> Result<bool, Fault> {
    const DEFLATE: u8 = 8;
    let begins = MAGIC.iter().chain([&DEFLATE]).zip(bytes).all(|(wanted, byte)| wanted == byte);
    if !begins || bytes.len() > MAX_HEADER {
        return Err(Fault::Magic);
    }
    let Some(flags) = bytes.get(3) else { return Ok(false) };
    let mut at = 10;
    if flags & 4 != 0 {
        let Some([low, high]) = bytes.get(at..at + 2) else { return Ok(false) };
        at += 2 + usize::from(u16::from_le_bytes([*low, *high]));
    }
    // The name and the comment.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let Some(rest) = bytes.get(at..) else { return Ok(false) };
            let Some(len) = rest.iter().position(|byte| *byte == 0) else { return Ok(false) };
            at += len + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    Ok(bytes.len() >= at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Compressor, Decompressor, Fault};

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut compressor = Compressor::new(6, b"name", 0, &mut out);
        for piece in bytes.chunks(1000) {
            compressor.push(piece, &mut out);
        }
        compressor.finish(&mut out);
        out
    }

    fn decompressed(bytes: &[u8], piece: usize) -> Result<Vec<u8>, Fault> {
        let mut decompressor = Decompressor::new();
        let (mut all, mut out) = (Vec::new(), [0; 100]);
        for mut input in bytes.chunks(piece) {
            loop {
                let (taken, made) = decompressor.step(input, &mut out)?;
                input = &input[taken..];
                all.extend_from_slice(&out[..made]);
                if input.is_empty() && made == 0 {
                    break;
                }
            }
        }
        decompressor.finish().map(|()| all)
    }

    #[test]
    fn members_follow_each_other_and_garbage_is_ignored() {
        let both = [compressed(b"one "), compressed(b"two")].concat();
        assert_eq!(decompressed(&both, 7).unwrap(), b"one two");
        assert_eq!(decompressed(&[&both[..], b"garbage"].concat(), 100).unwrap(), b"one two");
    }

    #[test]
    fn faults_are_told() {
        let good = compressed(b"hello hello hello");
        assert_eq!(decompressed(&good[..good.len() - 3], 100), Err(Fault::Truncated));
        assert_eq!(decompressed(b"plain text", 100), Err(Fault::Magic));
        let mut bad = good.clone();
        let at = bad.len() - 6;
        bad[at] ^= 1;
        assert_eq!(decompressed(&bad, 100), Err(Fault::Checksum));
    }

    proptest! {
        #[test]
        fn what_is_compressed_comes_back(bytes in prop::collection::vec(0u8..4, 0..5000), piece in 1usize..300) {
            prop_assert_eq!(decompressed(&compressed(&bytes), piece).unwrap(), bytes);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decompressed(&[&[0x1f, 0x8b, 8][..], &bytes].concat(), 50);
        }
    }
}
