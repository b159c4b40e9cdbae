//! Kubernetes' quantity library: `quantity('1.5Gi')`, `isQuantity('1k')`, comparison and arithmetic.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>

use std::{any::Any, cmp::Ordering};

use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        types::{CelBool, CelDouble, CelInt, CelString, Type},
        value::{StaticVal, Val},
    },
};

/// The function that errors about quantities name.
pub(crate) const NAME: &str = "quantity";

pub(crate) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(TYPE.to_owned())?;
    cel::add_overload!(env, fn quantity: (CelString) -> Result<Quantity>)?;
    cel::add_overload!(env, fn is_quantity: (CelString) -> CelBool)?;
    cel::add_member_overload!(env, fn sign: (Quantity) -> CelInt)?;
    cel::add_member_overload!(env, fn is_integer: (Quantity) -> CelBool)?;
    cel::add_member_overload!(env, fn as_integer: (Quantity) -> Result<CelInt>)?;
    cel::add_member_overload!(env, fn as_approximate_float: (Quantity) -> CelDouble)?;
    cel::add_member_overload!(env, fn compare_to: (Quantity, Quantity) -> CelInt)?;
    cel::add_member_overload!(env, fn is_greater_than: (Quantity, Quantity) -> CelBool)?;
    cel::add_member_overload!(env, fn is_less_than: (Quantity, Quantity) -> CelBool)?;
    cel::add_member_overload!(env, fn add: (Quantity, Quantity) -> Result<Quantity>)?;
    cel::add_member_overload!(env, fn add_int: (Quantity, CelInt) -> Result<Quantity>, name = "add")?;
    cel::add_member_overload!(env, fn sub: (Quantity, Quantity) -> Result<Quantity>)?;
    cel::add_member_overload!(env, fn sub_int: (Quantity, CelInt) -> Result<Quantity>, name = "sub")
}

static TYPE: Type = Type::new_unspecified_type("kubernetes.Quantity");

/// Billionths in one: the finest that Kubernetes keeps.
const ONE: i128 = 1_000_000_000;

/// A quantity, in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(i128);

impl Quantity {
    /// Reads a sign, digits with or without a fraction, and a suffix (`n u m k M G T P E`, `Ki` to `Ei`, or an
    /// exponent). Past nine decimals it rounds up, as Kubernetes does.
    fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let digits_end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(digits_end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > 40 {
            return None;
        }
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let decimals = i32::try_from(fraction.len()).ok()?;
        let (base, power) = scale(suffix)?;
        let billionths = match base {
            2 => {
                let product = digits.checked_mul(1_i128.checked_shl(power.unsigned_abs())?)?;
                scaled(product, 9 - decimals)?
            }
            _ => scaled(digits, power + 9 - decimals)?,
        };
        Some(Self(if negative { -billionths } else { billionths }))
    }
}

/// `number` times ten to the `power`, rounded up.
fn scaled(number: i128, power: i32) -> Option<i128> {
    let factor = 10_i128.checked_pow(power.unsigned_abs());
    if power >= 0 {
        return number.checked_mul(factor?);
    }
    match factor {
        Some(factor) => Some(number / factor + i128::from(number % factor > 0)),
        None => Some(i128::from(number > 0)),
    }
}

/// The base and the power that a suffix stands for.
fn scale(suffix: &str) -> Option<(u8, i32)> {
    let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let index =
        |names: &[&str]| names.iter().position(|name| *name == suffix).and_then(|i| i32::try_from(i).ok());
    if let Some(i) = index(&decimal) {
        return Some((10, (i - 3) * 3));
    }
    if let Some(i) = index(&binary) {
        return Some((2, (i + 1) * 10));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    let exponent: i32 = exponent.parse().ok()?;
    (-30..=30).contains(&exponent).then_some((10, exponent))
}

impl Val for Quantity {
    fn get_type(&self) -> &Type {
        <Self as Val>::cel_type()
    }

    fn cel_type() -> &'static Type {
        &TYPE
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>().is_some_and(|other| other == self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Quantity {}

fn too_large() -> ExecutionError {
    ExecutionError::function_error(NAME, "the quantity is too large")
}

fn quantity(text: &CelString<'_>) -> Result<Quantity, ExecutionError> {
    Quantity::parse(text.inner())
        .ok_or_else(|| ExecutionError::function_error(NAME, format!("`{}` is not a quantity", text.inner())))
}

fn is_quantity(text: &CelString<'_>) -> CelBool {
    CelBool::from(Quantity::parse(text.inner()).is_some())
}

fn sign(this: &Quantity) -> CelInt {
    CelInt::from(order(this.0.cmp(&0)))
}

fn order(ordering: Ordering) -> i64 {
    match ordering {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

fn is_integer(this: &Quantity) -> CelBool {
    CelBool::from(this.0 % ONE == 0 && i64::try_from(this.0 / ONE).is_ok())
}

fn as_integer(this: &Quantity) -> Result<CelInt, ExecutionError> {
    let integer = i64::try_from(this.0 / ONE).map_err(|_| too_large())?;
    if this.0 % ONE != 0 {
        return Err(ExecutionError::function_error(NAME, "the quantity is not a whole number"));
    }
    Ok(CelInt::from(integer))
}

fn as_approximate_float(this: &Quantity) -> CelDouble {
    #[expect(clippy::cast_precision_loss, reason = "the name says approximate")]
    CelDouble::from(this.0 as f64 / ONE as f64)
}

fn compare_to(this: &Quantity, other: &Quantity) -> CelInt {
    CelInt::from(order(this.cmp(other)))
}

fn is_greater_than(this: &Quantity, other: &Quantity) -> CelBool {
    CelBool::from(this > other)
}

fn is_less_than(this: &Quantity, other: &Quantity) -> CelBool {
    CelBool::from(this < other)
}

fn add(this: &Quantity, other: &Quantity) -> Result<Quantity, ExecutionError> {
    this.0.checked_add(other.0).map(Quantity).ok_or_else(too_large)
}

fn add_int(this: &Quantity, other: &CelInt) -> Result<Quantity, ExecutionError> {
    add(this, &Quantity(i128::from(*other.inner()) * ONE))
}

fn sub(this: &Quantity, other: &Quantity) -> Result<Quantity, ExecutionError> {
    this.0.checked_sub(other.0).map(Quantity).ok_or_else(too_large)
}

fn sub_int(this: &Quantity, other: &CelInt) -> Result<Quantity, ExecutionError> {
    sub(this, &Quantity(i128::from(*other.inner()) * ONE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cel::{EvalError, Expression, Variables};
    use proptest::prelude::*;

    #[test]
    fn quantities_behave_as_in_kubernetes() {
        for condition in [
            "quantity('1Gi') == quantity('1024Mi') && quantity('1000m') == quantity('1')",
            "quantity('100Mi').isGreaterThan(quantity('100M')) && quantity('0.5').isLessThan(quantity('501m'))",
            "quantity('1.5Gi').asInteger() == 1610612736 && !quantity('50m').isInteger()",
            "quantity('50k').add(quantity('20k')) == quantity('70k') && quantity('50k').sub(20000) == quantity('30k')",
            "quantity('1e3').compareTo(quantity('1k')) == 0 && quantity('-5').sign() == -1",
            "quantity('250m').asApproximateFloat() == 0.25",
            "isQuantity('1.3G') && isQuantity('.5') && !isQuantity('1.3Gig') && !isQuantity('') && !isQuantity('k')",
        ] {
            let holds = Expression::compile(condition, &[]).unwrap().holds(&Variables::new());
            assert_eq!(holds, Ok(true), "{condition}");
        }
    }

    #[test]
    fn what_is_no_quantity_says_something_about_the_object() {
        let holds =
            Expression::compile("quantity('lots').sign() == 1", &[]).unwrap().holds(&Variables::new());
        assert_eq!(holds, Err(EvalError::Observation("`lots` is not a quantity".to_owned())));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[-+]?[0-9.]{0,45}[eEnumkMGTPi0-9-]{0,8}") {
            let _ = Quantity::parse(&text);
        }
    }
}
