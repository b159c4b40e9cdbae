//! Digits of pi, really worked out: Machin's formula, 16 arctan(1/5) - 4 arctan(1/239), in fixed point.

use crate::kernel::process::Process;

/// The most digits that are worked out.
pub(super) const MAX_DIGITS: usize = 10_000;

/// What a part of a number counts to.
const BASE: u64 = 1_000_000_000;
/// How many digits a part has.
const PART: usize = 9;

/// A number from 0 up to [`BASE`]: the whole part first, then nine digits a part.
type Fixed = Vec<u32>;

/// Pi rounded to so many digits, that before the point included.
pub(super) async fn digits(process: &Process, digits: usize) -> String {
    let digits = digits.clamp(1, MAX_DIGITS);
    // Two parts more than are shown take up what every division loses.
    let parts = digits / PART + 3;
    let mut pi = vec![0; parts];
    for (factor, divisor, positive) in [(16, 5, true), (4, 239, false)] {
        let mut power: Fixed = vec![0; parts];
        power[0] = factor;
        divide(&mut power, divisor);
        let mut odd = 1;
        let mut adds = positive;
        while power.iter().any(|part| *part != 0) {
            let mut term = power.clone();
            divide(&mut term, odd);
            if adds {
                add(&mut pi, &term)
            } else {
                subtract(&mut pi, &term)
            }
            divide(&mut power, divisor * divisor);
            odd += 2;
            adds = !adds;
            process.work(1 + parts as u32 / 16).await;
        }
    }
    let shown: String = pi[1..].iter().map(|part| format!("{part:09}")).collect();
    rounded(&format!("{}{shown}", pi[0]), digits)
}

fn divide(number: &mut Fixed, by: u64) {
    let mut rest = 0;
    for part in number {
        let value = rest * BASE + u64::from(*part);
        *part = u32::try_from(value / by).unwrap_or(u32::MAX);
        rest = value % by;
    }
}

fn add(sum: &mut Fixed, term: &Fixed) {
    let mut carry = 0;
    for (part, more) in sum.iter_mut().zip(term).rev() {
        let value = *part + more + carry;
        carry = value / BASE as u32;
        *part = value % BASE as u32;
    }
}

fn subtract(from: &mut Fixed, term: &Fixed) {
    let mut borrowed = 0;
    for (part, less) in from.iter_mut().zip(term).rev() {
        let less = less + borrowed;
        borrowed = u32::from(*part < less);
        *part = *part + borrowed * BASE as u32 - less;
    }
}

/// The first digits of a number between 1 and 10, the last one rounded, with the point.
fn rounded(all: &str, digits: usize) -> String {
    let mut kept: Vec<u8> = all.bytes().take(digits).collect();
    if all.as_bytes().get(digits).is_some_and(|next| *next >= b'5') {
        for digit in kept.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                break;
            }
            *digit = b'0';
        }
    }
    let (whole, fraction) = kept.split_at(1);
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{}", String::from_utf8_lossy(whole), String::from_utf8_lossy(fraction))
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn the_last_digit_is_rounded() {
        assert_eq!(rounded("314159265", 5), "3.1416");
        assert_eq!(rounded("314159265", 1), "3");
        assert_eq!(rounded("319996", 5), "3.2000");
    }
}
