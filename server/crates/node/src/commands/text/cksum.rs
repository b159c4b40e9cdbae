//! `cksum`, `sum`: the checksums of POSIX, BSD and System V.

use super::{
    super::{Cx, Flavor},
    open_input,
};
use crate::libc::getopt::OptSpec;

/// The polynomial of POSIX's cyclic redundancy check, with the highest power left out.
const POLYNOMIAL: u32 = 0x04c1_1db7;

/// What POSIX's check makes of each byte.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000_0000 != 0 { (value << 1) ^ POLYNOMIAL } else { value << 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

/// A checksum while bytes come.
#[derive(Clone, Copy, Debug)]
enum Sum {
    Posix(u32),
    Bsd(u32),
    SystemV(u32),
}

impl Sum {
    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match self {
                Self::Posix(sum) => {
                    *sum = (*sum << 8) ^ TABLE[((*sum >> 24) as u8 ^ *byte) as usize];
                }
                Self::Bsd(sum) => {
                    *sum = (*sum >> 1) + ((*sum & 1) << 15);
                    *sum = (*sum + u32::from(*byte)) & 0xffff;
                }
                Self::SystemV(sum) => *sum = sum.wrapping_add(u32::from(*byte)),
            }
        }
    }

    /// The line for so many bytes; the name follows it.
    fn line(mut self, size: u64) -> String {
        match &mut self {
            Self::Posix(_) => {
                let mut rest = size;
                while rest > 0 {
                    self.update(&[rest as u8]);
                    rest >>= 8;
                }
                let Self::Posix(sum) = self else { return String::new() };
                format!("{} {size}", !sum)
            }
            Self::Bsd(sum) => format!("{:05} {:5}", *sum, size.div_ceil(1024)),
            Self::SystemV(sum) => {
                let folded = (*sum & 0xffff) + (*sum >> 16);
                format!("{} {}", (folded & 0xffff) + (folded >> 16), size.div_ceil(512))
            }
        }
    }
}

/// `cksum`
pub(in crate::commands) async fn cksum(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "", long: &[] }, "[FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    sums(cx, opts.operands, Sum::Posix(0), true).await
}

/// `sum`
pub(in crate::commands) async fn sum(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "rs", long: &[("sysv", b's')] };
    let opts = match cx.opts(spec, "[-rs] [FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let system_v = opts.has(b's') && !opts.has(b'r');
    let start = if system_v { Sum::SystemV(0) } else { Sum::Bsd(0) };
    // busybox leaves out the name of a single file in BSD's manner.
    let named = system_v || cx.flavor == Flavor::Gnu || opts.operands.len() > 1;
    sums(cx, opts.operands, start, named).await
}

async fn sums(mut cx: Cx, operands: Vec<bytes::Bytes>, start: Sum, named: bool) -> u8 {
    let mut code = 0;
    let given = !operands.is_empty();
    for path in Cx::inputs(operands) {
        let Some(file) = open_input(&mut cx, &path).await else {
            code = 1;
            continue;
        };
        let (mut sum, mut size) = (start, 0u64);
        loop {
            match cx.read(&file).await {
                Ok(bytes) if bytes.is_empty() => break,
                Ok(bytes) => {
                    sum.update(&bytes);
                    size += bytes.len() as u64;
                    cx.process.work((bytes.len() >> 7) as u32).await;
                }
                Err(errno) => {
                    cx.file_error(&path, errno).await;
                    return cx.finish(1).await;
                }
            }
        }
        cx.put(sum.line(size));
        if named && given {
            cx.put(" ");
            cx.put(&path);
        }
        cx.put("\n");
    }
    cx.finish(code).await
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn sums_are_those_of_the_specifications() {
        for (mut sum, expected) in
            [(Sum::Posix(0), "1479881546 3"), (Sum::Bsd(0), "32856     1"), (Sum::SystemV(0), "219 1")]
        {
            sum.update(b"hi\n");
            assert_eq!(sum.line(3), expected);
        }
    }
}
