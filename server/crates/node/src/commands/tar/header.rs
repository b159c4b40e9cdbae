//! Headers of archive members.

use jiff::Timestamp;

use crate::kernel::fs::FileType;

/// Archives come in blocks of this size.
pub(super) const BLOCK: usize = 512;

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) path: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) user: Vec<u8>,
    pub(super) group: Vec<u8>,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
    /// Where a link leads.
    pub(super) target: Vec<u8>,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File(FileType),
    HardLink,
    /// The path (or the link's target) of the member that follows is its content.
    LongPath,
    LongTarget,
    /// Attributes of the member that follows, or of all of them.
    Extended,
    Global,
    Unknown,
}

fn octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    let text = format!("{value:0digits$o}");
    if text.len() <= digits {
        field[..digits].copy_from_slice(text.as_bytes());
        return;
    }
    // Too large for octal digits: as a binary number, as GNU's does.
    let bytes = value.to_be_bytes();
    field.fill(0);
    let len = bytes.len().min(field.len());
    let start = field.len() - len;
    field[start..].copy_from_slice(&bytes[bytes.len() - len..]);
    field[0] |= 0x80;
}

fn number(field: &[u8]) -> Option<u64> {
    if field.first().is_some_and(|byte| byte & 0x80 != 0) {
        let mut bytes = field.iter().skip(1);
        return bytes.try_fold(u64::from(field[0] & 0x7f), |value, byte| {
            value.checked_mul(256)?.checked_add(u64::from(*byte))
        });
    }
    let text = text(field).trim_ascii();
    text.iter().try_fold(0u64, |value, byte| match byte {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn sum(block: &[u8]) -> u64 {
    block
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { u64::from(b' ') } else { u64::from(*byte) })
        .sum()
}

impl Member {
    /// The member as blocks: one, or more where its path or target is long.
    pub(super) fn blocks(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (long, letter) in [(&self.target, b'K'), (&self.path, b'L')] {
            if long.len() > 100 {
                out.extend_from_slice(&block(
                    b"././@LongLink",
                    letter,
                    long.len() as u64 + 1,
                    0o644,
                    self,
                    b"",
                ));
                out.extend_from_slice(long);
                out.push(0);
                out.resize(out.len().next_multiple_of(BLOCK), 0);
            }
        }
        let letter = match self.kind {
            Kind::File(FileType::Directory) => b'5',
            Kind::File(FileType::Symlink) => b'2',
            Kind::File(FileType::CharDevice) => b'3',
            Kind::File(FileType::Fifo) => b'6',
            Kind::HardLink => b'1',
            _ => b'0',
        };
        out.extend_from_slice(&block(&self.path, letter, self.size, self.mode, self, &self.target));
        out
    }

    /// Reads a header; `None` for a block of zeros, an error for one that is none.
    pub(super) fn parse(block: &[u8]) -> Result<Option<Self>, ()> {
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        if number(&block[148..156]) != Some(sum(block)) {
            return Err(());
        }
        let prefix = if block[257..262] == *b"ustar" && block[263..265] == *b"00" {
            text(&block[345..500])
        } else {
            b""
        };
        let name = text(&block[..100]);
        let path = if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() };
        let kind = match block[156] {
            0 | b'0' | b'7' if path.ends_with(b"/") => Kind::File(FileType::Directory),
            0 | b'0' | b'7' => Kind::File(FileType::Regular),
            b'1' => Kind::HardLink,
            b'2' => Kind::File(FileType::Symlink),
            b'3' => Kind::File(FileType::CharDevice),
            b'5' => Kind::File(FileType::Directory),
            b'6' => Kind::File(FileType::Fifo),
            b'L' => Kind::LongPath,
            b'K' => Kind::LongTarget,
            b'x' => Kind::Extended,
            b'g' => Kind::Global,
            _ => Kind::Unknown,
        };
        let seconds = number(&block[136..148]).unwrap_or(0);
        let modified = Timestamp::from_second(i64::try_from(seconds).unwrap_or(0)).unwrap_or_default();
        let small = |field: &[u8]| number(field).and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
        Ok(Some(Self {
            path,
            kind,
            mode: (number(&block[100..108]).unwrap_or(0o644) & 0o7777) as u16,
            uid: small(&block[108..116]),
            gid: small(&block[116..124]),
            user: text(&block[265..297]).to_vec(),
            group: text(&block[297..329]).to_vec(),
            size: number(&block[124..136]).ok_or(())?,
            modified,
            target: text(&block[157..257]).to_vec(),
        }))
    }

    /// Takes over what an extended header says.
    pub(super) fn extend(&mut self, records: &[u8]) {
        let mut rest = records;
        while let Some(at) = rest.iter().position(|byte| *byte == b' ') {
            let len = std::str::from_utf8(&rest[..at]).ok().and_then(|text| text.parse::<usize>().ok());
            let Some(record) = len.and_then(|len| rest.get(at + 1..len)) else { return };
            rest = &rest[at + 1 + record.len()..];
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            let Some(equals) = record.iter().position(|byte| *byte == b'=') else { continue };
            let value = &record[equals + 1..];
            let value_number =
                || std::str::from_utf8(value).ok().and_then(|text| text.split('.').next()?.parse().ok());
            match &record[..equals] {
                b"path" => self.path = value.to_vec(),
                b"linkpath" => self.target = value.to_vec(),
                b"size" => {
                    self.size =
                        value_number().and_then(|size: i64| u64::try_from(size).ok()).unwrap_or(self.size)
                }
                b"mtime" => {
                    let time = value_number().and_then(|seconds| Timestamp::from_second(seconds).ok());
                    self.modified = time.unwrap_or(self.modified);
                }
                _ => {}
            }
        }
    }
}

fn block(path: &[u8], letter: u8, size: u64, mode: u16, member: &Member, target: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let put = |block: &mut [u8; BLOCK], at: usize, most: usize, text: &[u8]| {
        let len = text.len().min(most);
        block[at..at + len].copy_from_slice(&text[..len]);
    };
    put(&mut block, 0, 100, path);
    octal(&mut block[100..108], u64::from(mode));
    octal(&mut block[108..116], u64::from(member.uid));
    octal(&mut block[116..124], u64::from(member.gid));
    octal(&mut block[124..136], size);
    octal(&mut block[136..148], u64::try_from(member.modified.as_second()).unwrap_or(0));
    block[156] = letter;
    put(&mut block, 157, 100, target);
    put(&mut block, 257, 8, b"ustar  \0");
    put(&mut block, 265, 31, &member.user);
    put(&mut block, 297, 31, &member.group);
    let checksum = format!("{:06o}\0 ", sum(&block));
    put(&mut block, 148, 8, checksum.as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{BLOCK, Kind, Member};
    use crate::kernel::fs::FileType;

    #[test]
    fn what_is_written_is_read() {
        let member = Member {
            path: b"dir/file".to_vec(),
            kind: Kind::File(FileType::Regular),
            mode: 0o640,
            uid: 1000,
            gid: 3000,
            user: b"someone".to_vec(),
            group: b"some".to_vec(),
            size: 20 << 30,
            modified: Timestamp::from_second(1_700_000_000).unwrap(),
            target: Vec::new(),
        };
        let blocks = member.blocks();
        assert_eq!(blocks.len(), BLOCK);
        assert_eq!(Member::parse(&blocks).unwrap().unwrap(), member);
        assert_eq!(Member::parse(&[0; BLOCK]), Ok(None));
        assert_eq!(Member::parse(&[b'x'; BLOCK]), Err(()));
    }

    proptest! {
        #[test]
        fn no_block_panics(mut block in prop::collection::vec(any::<u8>(), BLOCK), records in "[0-9 =a-z\n]{0,40}") {
            let text = format!("{:06o}\0 ", super::sum(&block));
            block[148..156].copy_from_slice(text.as_bytes());
            if let Ok(Some(mut member)) = Member::parse(&block) {
                member.extend(records.as_bytes());
            }
        }
    }
}
