//! `tee`: copies input to output and to files.

use super::super::Cx;
use crate::{
    kernel::{fs::OpenFlags, process::Disposition, signal::Signal},
    libc::getopt::OptSpec,
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "aip", long: &[("append", b'a'), ("ignore-interrupts", b'i')] };
    let opts = match cx.opts(spec, "[-ai] [FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.has(b'i') {
        cx.process.set_disposition(Signal::INT, Disposition::Ignore);
    }
    let flags = if opts.has(b'a') { OpenFlags::APPEND } else { OpenFlags::WRITE };
    let mut code = 0;
    let mut files = Vec::new();
    for path in &opts.operands {
        match cx.process.open_file(path, flags, 0o666).await {
            Ok(file) => files.push((path.clone(), file)),
            Err(errno) => {
                cx.file_error(path, errno).await;
                code = 1;
            }
        }
    }
    let Ok(input) = cx.process.file(0) else { return 1 };
    loop {
        let bytes = match cx.read(&input).await {
            Ok(bytes) if bytes.is_empty() => break,
            Ok(bytes) => bytes,
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("read error: {text}")).await;
                code = 1;
                break;
            }
        };
        let mut index = 0;
        while let Some((path, file)) = files.get(index) {
            if let Err(errno) = cx.process.write_file(file, bytes.clone()).await {
                let path = path.clone();
                cx.file_error(&path, errno).await;
                files.remove(index);
                code = 1;
            } else {
                index += 1;
            }
        }
        if !cx.write(bytes).await && files.is_empty() {
            break;
        }
    }
    cx.finish(code).await
}
