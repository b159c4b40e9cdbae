//! `hostname`: the name of the Pod, as the kernel keeps it.

use super::Cx;
use crate::{
    kernel::{creds::cap, errno::Errno, wait::lock},
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "sidfIAF:",
    long: &[
        ("short", b's'),
        ("ip-address", b'i'),
        ("all-ip-addresses", b'I'),
        ("domain", b'd'),
        ("fqdn", b'f'),
        ("long", b'f'),
        ("file=", b'F'),
    ],
};

pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, "[-sidf] [HOSTNAME | -F FILE]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut wanted = opts.operands.first().map(|name| name.to_vec());
    if let Some(path) = opts.value(b'F') {
        match cx.process.read_file(path, 4096).await {
            Ok(text) => {
                let names = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
                wanted =
                    names.into_iter().find(|name| !name.is_empty() && name[0] != b'#').map(<[u8]>::to_vec);
            }
            Err(errno) => {
                cx.file_error(path, errno).await;
                return 1;
            }
        }
    }
    if let Some(name) = wanted {
        if !cx.process.creds().has(cap::SYS_ADMIN) {
            let text = cx.text(Errno::EPERM);
            let message = match cx.is_gnu() {
                true => "you must be root to change the host name".to_owned(),
                false => format!("sethostname: {text}"),
            };
            cx.error(message).await;
            return 1;
        }
        *lock(&cx.process.container.hostname) = name;
        return 0;
    }
    let name = lock(&cx.process.container.hostname).clone();
    let (addresses, full) = hosts_entry(&cx, &name).await;
    let dot = |name: &[u8]| name.iter().position(|byte| *byte == b'.');
    let shown = match opts.last_of(b"sidfIA") {
        Some(b's') => name[..dot(&name).unwrap_or(name.len())].to_vec(),
        Some(b'd') => match dot(&full) {
            Some(at) => full[at + 1..].to_vec(),
            None if cx.is_gnu() => return 0,
            None => Vec::new(),
        },
        Some(b'f' | b'A') => full,
        Some(b'i') => addresses.join(&b' '),
        Some(_) => {
            let mut all = addresses.join(&b' ');
            all.push(b' ');
            all
        }
        None => name,
    };
    cx.put(shown);
    cx.put("\n");
    cx.finish(0).await
}

/// The addresses and the full name that `/etc/hosts` has for a host.
async fn hosts_entry(cx: &Cx, name: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let text = cx.process.read_file(b"/etc/hosts", 64 * 1024).await.unwrap_or_default();
    let mut addresses = Vec::new();
    let mut full = name.to_vec();
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let Some(address) = words.next() else { continue };
        let names: Vec<&[u8]> = words.collect();
        if names.contains(&name) {
            if addresses.is_empty() {
                full = names[0].to_vec();
            }
            addresses.push(address.to_vec());
        }
    }
    (addresses, full)
}
