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

/// An address as `inet_aton(3)` reads it: the last of fewer than four parts stands for all that are left.
fn address_of(text: &str) -> Option<u32> {
    let parts: Vec<u32> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    let room = 32 - 8 * u32::try_from(first.len()).ok()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) || u64::from(*last) >= 1 << room {
        return None;
    }
    Some((0..).zip(first).fold(*last, |address, (index, part)| address | part << (24 - 8 * index)))
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
        Some((host, prefix)) => match prefix.parse::<u32>() {
            Ok(bits) if bits <= 32 => (host.to_owned(), Some(bits)),
            Ok(_) => {
                cx.error(format!("number {prefix} is not in 0..32 range")).await;
                return 1;
            }
            Err(_) => {
                cx.error(format!("invalid number '{prefix}'")).await;
                return 1;
            }
        },
        None => (given, None),
    };
    let silent = opts.has(b's');
    let Some(address) = address_of(&host) else {
        if !silent {
            cx.error(format!("bad IP address: {host}")).await;
        }
        return 1;
    };
    let mask = match (prefix, text(1)) {
        (Some(prefix), _) => mask_of(prefix),
        (None, None) => classful(address),
        (None, Some(mask)) => match address_of(&mask) {
            Some(mask) => mask,
            None => {
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

#[cfg(test)]
mod tests {
    use super::{address_of, classful, mask_of};

    #[test]
    fn addresses_may_have_fewer_parts() {
        assert_eq!(address_of("10.0.0.1"), Some(0x0a00_0001));
        assert_eq!(address_of("1.2.3"), Some(0x0102_0003));
        assert_eq!(address_of("1.2.3.256"), None);
        assert_eq!(address_of("a"), None);
    }

    #[test]
    fn masks_have_their_bits() {
        assert_eq!((mask_of(0), mask_of(24), mask_of(32)), (0, 0xffff_ff00, u32::MAX));
        assert_eq!(classful(0xac10_0001), mask_of(16));
    }
}
