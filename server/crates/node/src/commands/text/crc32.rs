//! `crc32`: the checksum of gzip and Ethernet (busybox).

use bytes::Bytes;

use super::super::Cx;
use crate::libc::getopt::OptSpec;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts =
        match cx.opts(OptSpec { short: "", long: &[] }, "FILE...\n\nCalculate CRC32 checksum of FILEs").await
        {
            Ok(opts) => opts,
            Err(code) => return code,
        };
    let named = !opts.operands.is_empty();
    let mut code = 0;
    for path in Cx::inputs(opts.operands) {
        match digest(&mut cx, &path).await {
            Ok(sum) => {
                cx.put(format!("{sum:08x}"));
                if named {
                    cx.put(" ");
                    cx.put(&path);
                }
                cx.put("\n");
            }
            Err(errno) => {
                cx.open_error(&path, errno).await;
                code = 1;
            }
        }
    }
    cx.finish(code).await
}

async fn digest(cx: &mut Cx, path: &Bytes) -> Result<u32, crate::kernel::errno::Errno> {
    let file = cx.open(path).await?;
    let mut hasher = crc32fast::Hasher::new();
    loop {
        let bytes = cx.read(&file).await?;
        if bytes.is_empty() {
            return Ok(hasher.finalize());
        }
        hasher.update(&bytes);
    }
}
