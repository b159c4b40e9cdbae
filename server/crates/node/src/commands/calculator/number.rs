//! Decimal numbers of any precision: an integer and how many of its digits stand after the point (POSIX `bc`, "scale").

use std::{cmp::Ordering, fmt::Write as _};

use num_bigint::{BigInt, Sign};

/// The most digits of a number: what any operation does with so many takes a few milliseconds.
pub(super) const MAX_DIGITS: usize = 40_000;
/// The most digits after the point that are worked out: a root takes many steps, each longer than a product.
pub(super) const MAX_SCALE: usize = 10_000;
/// How many digits after the point are written in other bases than ten.
const MAX_CONVERTED: usize = 2000;
/// How long a power modulo something may take, in steps of the processor's words.
const MAX_MODULAR: u64 = 20_000_000;

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    DivideByZero,
    Negative,
    NotAnInteger,
    TooLong,
    BadInputBase(u32),
    BadOutputBase,
}

impl Fault {
    pub(super) fn text(self) -> String {
        match self {
            Self::DivideByZero => "divide by zero".into(),
            Self::Negative => "negative number".into(),
            Self::NotAnInteger => "not an integer".into(),
            Self::TooLong => "number too long".into(),
            Self::BadInputBase(most) => format!("bad ibase; must be [2,{most}]"),
            Self::BadOutputBase => format!("bad obase; must be [2,{}]", super::MAX_OUTPUT_BASE),
        }
    }
}

/// A number.
#[derive(Clone, Debug, Default)]
pub(super) struct Number {
    /// The value times ten to the power of `scale`.
    digits: BigInt,
    scale: usize,
}

fn power_of_ten(exponent: usize) -> BigInt {
    BigInt::from(10u8).pow(u32::try_from(exponent).unwrap_or(u32::MAX))
}

/// About how many decimal digits an integer has; never too few.
fn digits_of(value: &BigInt) -> usize {
    usize::try_from(value.bits() * 30103 / 100_000 + 1).unwrap_or(usize::MAX)
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self { digits: value.into(), scale: 0 }
    }
}

impl Number {
    pub(super) fn is_zero(&self) -> bool {
        self.digits.sign() == Sign::NoSign
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + usize::try_from(self.digits.bits() / 8).unwrap_or(usize::MAX)
    }

    /// How many digits stand after the point.
    pub(super) fn scale(&self) -> usize {
        self.scale
    }

    /// How many digits it has, without zeros before the first.
    pub(super) fn length(&self) -> usize {
        self.digits.magnitude().to_string().len()
    }

    /// It with so many digits after the point: more are cut off.
    pub(super) fn with_scale(&self, scale: usize) -> Self {
        let digits = match scale.cmp(&self.scale) {
            Ordering::Equal => self.digits.clone(),
            Ordering::Greater => &self.digits * power_of_ten(scale - self.scale),
            Ordering::Less => &self.digits / power_of_ten(self.scale - scale),
        };
        Self { digits, scale }
    }

    fn cut(self, scale: usize) -> Self {
        if self.scale > scale { self.with_scale(scale) } else { self }
    }

    fn checked(self) -> Result<Self, Fault> {
        if digits_of(&self.digits) > MAX_DIGITS || self.scale > MAX_DIGITS {
            Err(Fault::TooLong)
        } else {
            Ok(self)
        }
    }

    /// A number that is not negative and whole, as an index or a setting.
    pub(super) fn to_index(&self) -> Result<usize, Fault> {
        if self.digits.sign() == Sign::Minus {
            return Err(Fault::Negative);
        }
        usize::try_from(&self.with_scale(0).digits).map_err(|_| Fault::TooLong)
    }

    /// The number's last byte, for `P` and `a` of `dc`.
    pub(super) fn low_byte(&self) -> u8 {
        self.with_scale(0).digits.to_signed_bytes_le().first().copied().unwrap_or(0)
    }

    fn aligned(&self, other: &Self) -> (Self, Self) {
        let scale = self.scale.max(other.scale);
        (self.with_scale(scale), other.with_scale(scale))
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.digits.cmp(&other.digits);
        }
        let (left, right) = self.aligned(other);
        left.digits.cmp(&right.digits)
    }

    pub(super) fn negated(self) -> Self {
        Self { digits: -self.digits, scale: self.scale }
    }

    pub(super) fn add(&self, other: &Self) -> Result<Self, Fault> {
        let (left, right) = self.aligned(other);
        Self { digits: left.digits + right.digits, scale: left.scale }.checked()
    }

    pub(super) fn subtract(&self, other: &Self) -> Result<Self, Fault> {
        let (left, right) = self.aligned(other);
        Self { digits: left.digits - right.digits, scale: left.scale }.checked()
    }

    pub(super) fn multiply(&self, other: &Self, scale: usize) -> Result<Self, Fault> {
        let most = scale.max(self.scale).max(other.scale);
        if digits_of(&self.digits) + digits_of(&other.digits) > 2 * MAX_DIGITS {
            return Err(Fault::TooLong);
        }
        let exact = Self { digits: &self.digits * &other.digits, scale: self.scale + other.scale };
        exact.cut(most).checked()
    }

    pub(super) fn divide(&self, other: &Self, scale: usize) -> Result<Self, Fault> {
        if other.is_zero() {
            return Err(Fault::DivideByZero);
        }
        // The digits of the quotient: those of the dividend, shifted until `scale` of them stand after the point.
        let wanted = scale + other.scale;
        let dividend = self.with_scale(wanted.max(self.scale));
        let quotient = Self { digits: dividend.digits / &other.digits, scale: dividend.scale - other.scale };
        quotient.with_scale(scale).checked()
    }

    pub(super) fn remainder(&self, other: &Self, scale: usize) -> Result<Self, Fault> {
        let quotient = self.divide(other, scale)?;
        let product = Self { digits: quotient.digits * &other.digits, scale: quotient.scale + other.scale };
        let rest = self.subtract(&product)?;
        Ok(rest.with_scale((scale + other.scale).max(self.scale)))
    }

    /// To a whole power. `scale` is what the result of a negative power has.
    pub(super) fn power(&self, exponent: &Self, scale: usize) -> Result<Self, Fault> {
        if !exponent.subtract(&exponent.with_scale(0))?.is_zero() {
            return Err(Fault::NotAnInteger);
        }
        let negative = exponent.digits.sign() == Sign::Minus;
        let magnitude = exponent.clone().with_scale(0).digits.magnitude().clone();
        let Ok(times) = u32::try_from(&magnitude) else {
            let one = Self::from(1);
            return match self.with_scale(0) == *self && *self == one || self.is_zero() {
                true => Ok(self.clone()),
                false => Err(Fault::TooLong),
            };
        };
        if times == 0 {
            return Ok(Self::from(1));
        }
        if self.is_zero() {
            return if negative { Err(Fault::DivideByZero) } else { Ok(Self::default()) };
        }
        // One stays one, however often; all else grows, before the point or after it: at least by the bits below its first.
        let bits = self.digits.bits().saturating_sub(1);
        let grown = bits.saturating_mul(u64::from(times)).max(self.scale as u64 * u64::from(times));
        if grown > 4 * MAX_DIGITS as u64 {
            return Err(Fault::TooLong);
        }
        let whole = usize::try_from(times).unwrap_or(usize::MAX);
        let exact = Self { digits: self.digits.pow(times), scale: self.scale.saturating_mul(whole) };
        if negative {
            return Self::from(1).divide(&exact, scale);
        }
        let most = exact.scale.min(scale.max(self.scale));
        exact.cut(most).checked()
    }

    pub(super) fn square_root(&self, scale: usize) -> Result<Self, Fault> {
        if self.digits.sign() == Sign::Minus {
            return Err(Fault::Negative);
        }
        let scale = scale.max(self.scale);
        if scale > MAX_SCALE || digits_of(&self.digits) > 2 * MAX_SCALE {
            return Err(Fault::TooLong);
        }
        Self { digits: self.with_scale(2 * scale).digits.sqrt(), scale }.checked()
    }

    /// To a power, modulo something.
    pub(super) fn power_modulo(&self, exponent: &Self, modulus: &Self) -> Result<Self, Fault> {
        if modulus.is_zero() {
            return Err(Fault::DivideByZero);
        }
        if exponent.digits.sign() == Sign::Minus {
            return Err(Fault::Negative);
        }
        let [base, exponent, modulus] = [self, exponent, modulus].map(|number| number.with_scale(0).digits);
        if exponent.bits().saturating_mul((modulus.bits() / 64 + 1).pow(2)) > MAX_MODULAR {
            return Err(Fault::TooLong);
        }
        Ok(Self { digits: base.modpow(&exponent, &modulus), scale: 0 })
    }

    /// Reads digits (`0`-`9`, `A`-`Z`, one point) in a base. A digit that the base has not counts as its largest one, unless
    /// it stands alone.
    pub(super) fn parse(text: &str, base: u32) -> Result<Self, Fault> {
        let digits: Vec<u32> = text.chars().filter_map(|character| character.to_digit(36)).collect();
        if digits.len() > MAX_DIGITS {
            return Err(Fault::TooLong);
        }
        let after = text.find('.').map_or(0, |point| text.len() - point - 1);
        if let [only] = &digits[..]
            && after == 0
        {
            return Ok(Self::from(u64::from(*only)));
        }
        let radix: Vec<u8> =
            digits.iter().map(|digit| u8::try_from((*digit).min(base - 1)).unwrap_or(0)).collect();
        let whole = BigInt::from_radix_be(Sign::Plus, &radix, base).unwrap_or_default();
        if base == 10 {
            return Ok(Self { digits: whole, scale: after });
        }
        let divisor = Self { digits: BigInt::from(base).pow(u32::try_from(after).unwrap_or(0)), scale: 0 };
        Self { digits: whole, scale: 0 }.divide(&divisor, after)
    }

    /// As it is printed in a base: without a zero before the point; digits of bases above 16 are numbers, with a blank
    /// before each.
    pub(super) fn format(&self, base: u32) -> String {
        let mut out = String::new();
        if self.is_zero() {
            return if base > 16 { digit(0, base, true) } else { "0".into() };
        }
        if self.digits.sign() == Sign::Minus {
            out.push('-');
        }
        if base == 10 {
            let text = self.digits.magnitude().to_string();
            let point = text.len().saturating_sub(self.scale);
            out.push_str(&text[..point]);
            if self.scale > 0 {
                let _ = write!(out, ".{:0>width$}", &text[point..], width = self.scale);
            }
            return out;
        }
        let shown = self.clone().cut(MAX_CONVERTED);
        let unit = power_of_ten(shown.scale);
        let magnitude = BigInt::from(shown.digits.magnitude().clone());
        let (whole, mut rest) = (&magnitude / &unit, &magnitude % &unit);
        if whole.sign() != Sign::NoSign {
            // Digits of bases up to 256 come at once.
            let mut digits = Vec::new();
            match u8::try_from(base) {
                Ok(_) => digits = whole.to_radix_be(base).1.into_iter().map(u32::from).collect(),
                Err(_) => {
                    let mut left = whole;
                    while left.sign() != Sign::NoSign {
                        digits.push(u32::try_from(&(&left % base)).unwrap_or(0));
                        left /= base;
                    }
                    digits.reverse();
                }
            }
            for value in digits {
                out.push_str(&digit(value, base, true));
            }
        }
        if self.scale > 0 {
            out.push('.');
            let mut reached = BigInt::from(1u8);
            let mut first = true;
            while reached < unit {
                rest *= base;
                out.push_str(&digit(u32::try_from(&(&rest / &unit)).unwrap_or(0), base, !first));
                rest %= &unit;
                reached *= base;
                first = false;
            }
        }
        out
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Ordering::Equal
    }
}

/// A digit in a base.
fn digit(value: u32, base: u32, spaced: bool) -> String {
    if base <= 16 {
        return char::from_digit(value, 16).unwrap_or('0').to_ascii_uppercase().to_string();
    }
    let width = (base - 1).to_string().len();
    format!("{}{value:0width$}", if spaced { " " } else { "" })
}

#[cfg(test)]
mod tests {
    use super::{Fault, MAX_SCALE, Number};

    fn number(text: &str) -> Number {
        match text.strip_prefix('-') {
            Some(text) => Number::parse(text, 10).unwrap().negated(),
            None => Number::parse(text, 10).unwrap(),
        }
    }

    #[test]
    fn results_have_the_digits_that_posix_gives_them() {
        let (a, b) = (number("1.55"), number("1.50"));
        assert_eq!(a.multiply(&a, 0).unwrap().format(10), "2.40");
        assert_eq!(a.add(&b).unwrap().format(10), "3.05");
        assert_eq!(number("1").divide(&number("-3"), 5).unwrap().format(10), "-.33333");
        assert_eq!(number("10").remainder(&number("3"), 2).unwrap().format(10), ".01");
        assert_eq!(number("1.1").power(&number("10"), 3).unwrap().format(10), "2.593");
        assert_eq!(number("2").square_root(20).unwrap().format(10), "1.41421356237309504880");
        assert_eq!(number("4").divide(&number("0"), 5).unwrap_err(), Fault::DivideByZero);
    }

    #[test]
    fn bases_change_digits() {
        assert_eq!(number("255.5").format(16), "FF.8");
        assert_eq!(number("12345.67").format(100), " 01 23 45.67");
        assert_eq!(Number::parse("FF", 16).unwrap().format(10), "255");
        assert_eq!(Number::parse("102", 2).unwrap().format(10), "5");
        assert_eq!(number("1000").format(300), " 003 100");
    }

    #[test]
    fn numbers_are_bounded() {
        assert_eq!(number("2").power(&number("1000000"), 0).unwrap_err(), Fault::TooLong);
        assert_eq!(number("1").power(&number("100000000000"), 0).unwrap().format(10), "1");
        assert!(number("2").power(&number("100000"), 0).is_ok());
        for base in ["1.0", "0.1", "-1.5"] {
            assert_eq!(number(base).power(&number("4000000000"), 0).unwrap_err(), Fault::TooLong);
        }
        assert_eq!(number("0").power(&number("4000000000"), 0).unwrap().format(10), "0");
        assert_eq!(number("2").square_root(MAX_SCALE + 1).unwrap_err(), Fault::TooLong);
    }
}
