//! `factor`: the primes that numbers are made of.

use super::super::{Cx, Lines};
use crate::libc::getopt::OptSpec;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "", long: &[] }, "[NUMBER]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut code = 0;
    if !opts.operands.is_empty() {
        for word in &opts.operands {
            code = code.max(one(&mut cx, word).await);
        }
        return cx.finish(code).await;
    }
    let Ok(input) = cx.process.file(0) else { return 1 };
    let mut lines = Lines::new(input);
    while let Ok(Some(line)) = lines.next(&mut cx).await {
        for word in line.text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            code = code.max(one(&mut cx, word).await);
        }
        cx.flush().await;
    }
    cx.finish(code).await
}

async fn one(cx: &mut Cx, word: &[u8]) -> u8 {
    let shown = String::from_utf8_lossy(word).into_owned();
    let Ok(number) = shown.trim_start().trim_start_matches('+').parse::<u64>() else {
        match cx.is_gnu() {
            true => cx.error(format!("'{shown}' is not a valid positive integer")).await,
            false => cx.error(format!("invalid number '{shown}'")).await,
        }
        return 1;
    };
    let mut line = format!("{number}:");
    for prime in primes(cx, number).await {
        line += &format!(" {prime}");
    }
    cx.put(line + "\n");
    0
}

/// The primes whose product a number is, the smallest first.
async fn primes(cx: &mut Cx, number: u64) -> Vec<u64> {
    let mut found = Vec::new();
    let mut rest = number;
    let mut factor = 2;
    while rest > 1 && factor < TRIED && factor <= rest / factor {
        if rest.is_multiple_of(factor) {
            rest /= factor;
            found.push(factor);
        } else {
            factor += if factor == 2 { 1 } else { 2 };
        }
    }
    // What is left has no small factors.
    let mut parts = vec![rest];
    while let Some(part) = parts.pop() {
        if part <= 1 {
            continue;
        }
        if part < TRIED * TRIED || is_prime(part) {
            found.push(part);
            continue;
        }
        let divisor = divisor(cx, part).await;
        parts.extend([divisor, part / divisor]);
    }
    found.sort_unstable();
    found
}

/// Up to which number all are tried as factors.
const TRIED: u64 = 1 << 12;

fn product(a: u64, b: u64, modulus: u64) -> u64 {
    // Less than the modulus, which fits.
    (u128::from(a) * u128::from(b) % u128::from(modulus)) as u64
}

fn power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = product(result, base, modulus);
        }
        base = product(base, base, modulus);
        exponent >>= 1;
    }
    result
}

/// The test of Miller and Rabin with the bases that are enough for 64 bits, for odd numbers above them.
fn is_prime(number: u64) -> bool {
    let twos = (number - 1).trailing_zeros();
    let odd = (number - 1) >> twos;
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37].into_iter().all(|base| {
        let mut power = power(base, odd, number);
        if power == 1 || power == number - 1 {
            return true;
        }
        (1..twos).any(|_| {
            power = product(power, power, number);
            power == number - 1
        })
    })
}

fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A divisor of a number that is no prime, found by Pollard's rho.
async fn divisor(cx: &mut Cx, number: u64) -> u64 {
    for offset in 1.. {
        let next = |x: u64| (u128::from(product(x, x, number)) + offset) % u128::from(number);
        let (mut slow, mut fast) = (2, 2);
        loop {
            // Both are less than the number, which fits.
            slow = next(slow) as u64;
            fast = next(next(fast) as u64) as u64;
            let common = common_divisor(slow.abs_diff(fast), number);
            if common == number {
                break;
            }
            if common > 1 {
                return common;
            }
            if cx.process.tick(1) {
                cx.process.pause().await;
            }
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use super::{is_prime, power};

    #[test]
    fn primes_are_told_from_their_products() {
        for prime in [4099, 2_147_483_647, 2_305_843_009_213_693_951, 18_446_744_073_709_551_557] {
            assert!(is_prime(prime), "{prime}");
        }
        for composed in [4099 * 4111, 3_037_000_493 * 3_037_000_493, 3_215_031_751, u64::MAX] {
            assert!(!is_prime(composed), "{composed}");
        }
        assert_eq!(power(3, 4, 50), 31);
    }
}
