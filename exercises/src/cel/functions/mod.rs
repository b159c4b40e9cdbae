//! Functions beside CEL's own: Kubernetes' [lists], [regex] and [quantity] libraries, and podlab's own for [pod]s and
//! [text].

pub(super) mod lists;
pub(super) mod pod;
pub(super) mod quantity;
pub(super) mod regex;
pub(super) mod text;

use cel::{
    ExecutionError, Value,
    common::value::{CowVal, Val},
};

/// Every function that a program may call.
pub const KNOWN: &[&str] = &[
    // the standard library, without what needs dates
    "bool",
    "bytes",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "int",
    "matches",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
    "optional.of",
    "optional.none",
    "optional.ofNonZeroValue",
    "or",
    "orValue",
    "hasValue",
    "value",
    // cel-go's strings, lists, math
    "charAt",
    "format",
    "indexOf",
    "join",
    "lastIndexOf",
    "lowerAscii",
    "replace",
    "reverse",
    "split",
    "strings.quote",
    "substring",
    "trim",
    "upperAscii",
    "distinct",
    "flatten",
    "lists.range",
    "slice",
    "sort",
    "math.abs",
    "math.ceil",
    "math.floor",
    "math.greatest",
    "math.isInf",
    "math.isNaN",
    "math.isFinite",
    "math.least",
    "math.round",
    "math.sign",
    "math.sqrt",
    "math.trunc",
    // Kubernetes' lists, regex, quantity
    "isSorted",
    "max",
    "min",
    "sum",
    "find",
    "findAll",
    "add",
    "asApproximateFloat",
    "asInteger",
    "compareTo",
    "isGreaterThan",
    "isInteger",
    "isLessThan",
    "isQuantity",
    "quantity",
    "sign",
    "sub",
    // podlab's own
    "containers",
    "lines",
    "repository",
];

/// An argument as an owned value.
fn owned<'v>(value: &(dyn Val + 'v)) -> Result<Value, ExecutionError> {
    Value::try_from(value)
}

/// A value as a function's result.
fn result<'b, 'v>(value: Value) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::Owned(Box::<dyn Val>::try_from(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cel::{Expression, Variables};

    #[test]
    fn every_known_function_exists() {
        for name in KNOWN {
            // Called with arguments that nothing takes, a function that exists complains of them; any other of its name.
            let call = format!("{name}(type(1), type(2), type(3), type(4), type(5))");
            let method = format!("type(1).{name}(type(2), type(3), type(4), type(5), type(6))");
            let unknown = |source: &str| {
                let result = Expression::compile(source, &[]).unwrap().json(&Variables::new());
                result.is_err_and(|error| error.to_string().contains("Undeclared"))
            };
            let qualified = name.contains('.');
            assert!(!unknown(&call) || (!qualified && !unknown(&method)), "{name}");
        }
    }
}
