//! Functions of numbers.

use super::{
    super::value::{Heap, Raise, Value},
    Pure, argument, complain,
};

macro_rules! of_one {
    ($($name:literal => $run:expr,)*) => {
        &[$(($name, 0, |heap, input, _| one(heap, &input, $run)),)*]
    };
}

macro_rules! of_two {
    ($($name:literal => $run:expr,)*) => {
        &[$(($name, 2, |heap, _, arguments| two(heap, arguments, $run)),)*]
    };
}

const ONE: &[(&str, usize, Pure)] = of_one! {
    "floor" => f64::floor,
    "ceil" => f64::ceil,
    "round" => f64::round,
    "trunc" => f64::trunc,
    "rint" => f64::round_ties_even,
    "nearbyint" => f64::round_ties_even,
    "fabs" => f64::abs,
    "sqrt" => f64::sqrt,
    "cbrt" => f64::cbrt,
    "exp" => f64::exp,
    "exp2" => f64::exp2,
    "exp10" => |x| 10_f64.powf(x),
    "expm1" => f64::exp_m1,
    "log" => f64::ln,
    "log2" => f64::log2,
    "log10" => f64::log10,
    "log1p" => f64::ln_1p,
    "sin" => f64::sin,
    "cos" => f64::cos,
    "tan" => f64::tan,
    "asin" => f64::asin,
    "acos" => f64::acos,
    "atan" => f64::atan,
    "sinh" => f64::sinh,
    "cosh" => f64::cosh,
    "tanh" => f64::tanh,
    "asinh" => f64::asinh,
    "acosh" => f64::acosh,
    "atanh" => f64::atanh,
};

const TWO: &[(&str, usize, Pure)] = of_two! {
    "pow" => f64::powf,
    "atan2" => f64::atan2,
    "fmod" => |x, y| x % y,
    "fmin" => f64::min,
    "fmax" => f64::max,
    "hypot" => f64::hypot,
    "copysign" => f64::copysign,
    "ldexp" => |x, y| x * y.exp2(),
    "scalb" => |x, y| x * y.exp2(),
    "scalbln" => |x, y| x * y.exp2(),
};

const OTHERS: &[(&str, usize, Pure)] = &[
    ("infinite", 0, |_, _, _| Ok(f64::INFINITY.into())),
    ("nan", 0, |_, _, _| Ok(f64::NAN.into())),
    ("isinfinite", 0, |heap, input, _| number(heap, &input).map(|x| x.is_infinite().into())),
    ("isnan", 0, |heap, input, _| number(heap, &input).map(|x| x.is_nan().into())),
    ("isnormal", 0, |heap, input, _| number(heap, &input).map(|x| x.is_normal().into())),
    ("have_decnum", 0, |_, _, _| Ok(true.into())),
    ("have_literal_numbers", 0, |_, _, _| Ok(true.into())),
];

pub(super) const TABLE: &[&[(&str, usize, Pure)]] = &[ONE, TWO, OTHERS];

fn number(heap: &Heap, value: &Value) -> Result<f64, Raise> {
    value.as_number().ok_or_else(|| complain(heap, value, "number required"))
}

fn one(heap: &Heap, input: &Value, run: fn(f64) -> f64) -> Result<Value, Raise> {
    number(heap, input).map(|x| run(x).into())
}

fn two(heap: &Heap, arguments: &[Value], run: fn(f64, f64) -> f64) -> Result<Value, Raise> {
    Ok(run(number(heap, argument(arguments, 0))?, number(heap, argument(arguments, 1))?).into())
}
