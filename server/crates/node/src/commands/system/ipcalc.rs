//! `ipcalc`: the parts of an IPv4 network (busybox).

use std::net::Ipv4Addr;

use crate::{commands::Cx, libc::getopt::OptSpec};

const USAGE: &str = "[-bnmphs] ADDRESS[/PREFIX] [NETMASK]

Calculate and display network settings from IP address

	-b	Broadcast address
	-n	Network address
	-m	Default netmask for IP
	-p	Prefix for IP/NETMASK
	-h	Resolved host name
	-s	No error messages";

/// The mask of so many bits.
fn mask_of(prefix: u32) -> u32 {
    u32::MAX.checked_shl(32 - prefix).unwrap_or(0)
}

/// The mask that an address had before there were prefixes.
fn classful(address: u32) -> u32 {
    match address >> 24 {
        0..128 => mask_of(8),
        128..192 => mask_of(16),
        _ => mask_of(24),
    }
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "mbnpsh",
        long: &[
            ("netmask", b'm'),
            ("broadcast", b'b'),
            ("network", b'n'),
            ("prefix", b'p'),
            ("silent", b's'),
            ("hostname", b'h'),
        ],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let text = |index: usize| opts.operands.get(index).map(|word| String::from_utf8_lossy(word).into_owned());
    let Some(given) = text(0).filter(|_| opts.given.iter().any(|(letter, _)| *letter != b's')) else {
        return cx.bad_usage(USAGE).await;
    };
    let (host, prefix) = match given.split_once('/') {
        Some((host, prefix)) => (host.to_owned(), prefix.parse().ok().filter(|bits| *bits <= 32).map(Some)),
        None => (given.clone(), Some(None)),
    };
    let silent = opts.has(b's');
    let (Ok(address), Some(prefix)) = (host.parse::<Ipv4Addr>(), prefix) else {
        if !silent {
            match host.parse::<Ipv4Addr>() {
                Ok(_) => cx.error(format!("bad IP prefix: {given}")).await,
                Err(_) => cx.error(format!("bad IP address: {host}")).await,
            }
        }
        return 1;
    };
    let address = u32::from(address);
    let mask = match (prefix, text(1)) {
        (Some(prefix), _) => mask_of(prefix),
        (None, None) => classful(address),
        (None, Some(mask)) => match mask.parse::<Ipv4Addr>() {
            Ok(mask) => u32::from(mask),
            Err(_) => {
                if !silent {
                    cx.error(format!("bad netmask: {mask}")).await;
                }
                return 1;
            }
        },
    };
    if opts.has(b'm') {
        cx.put(format!("NETMASK={}\n", Ipv4Addr::from(mask)));
    }
    if opts.has(b'b') {
        cx.put(format!("BROADCAST={}\n", Ipv4Addr::from(address & mask | !mask)));
    }
    if opts.has(b'n') {
        cx.put(format!("NETWORK={}\n", Ipv4Addr::from(address & mask)));
    }
    if opts.has(b'p') {
        cx.put(format!("PREFIX={}\n", mask.leading_ones()));
    }
    if opts.has(b'h') {
        match crate::libc::resolver::name_of(&cx.process, Ipv4Addr::from(address).into()).await {
            Some(name) => cx.put(format!("HOSTNAME={name}\n")),
            None => {
                if !silent {
                    cx.error(format!("can't find hostname for {host}")).await;
                }
                return cx.finish(1).await;
            }
        }
    }
    cx.finish(0).await
}
