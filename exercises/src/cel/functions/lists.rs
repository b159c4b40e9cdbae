//! Kubernetes' list library: `isSorted`, `sum`, `min`, `max`, `indexOf`, `lastIndexOf`.

use std::cmp::Ordering;

use cel::{
    DeclarationError, Env, ExecutionError, Value,
    common::{
        types::{DYN_TYPE, LIST_TYPE},
        value::CowVal,
    },
};

use super::{owned, result};

type Args<'b, 'v> = Vec<CowVal<'b, 'v>>;
type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

pub(crate) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_member_overload("isSorted", "list.isSorted()", LIST_TYPE, vec![], is_sorted)?;
    env.add_member_overload("sum", "list.sum()", LIST_TYPE, vec![], sum)?;
    env.add_member_overload("min", "list.min()", LIST_TYPE, vec![], min)?;
    env.add_member_overload("max", "list.max()", LIST_TYPE, vec![], max)?;
    env.add_member_overload("indexOf", "list.indexOf(dyn)", LIST_TYPE, vec![DYN_TYPE], index_of)?;
    env.add_member_overload("lastIndexOf", "list.lastIndexOf(dyn)", LIST_TYPE, vec![DYN_TYPE], last_index_of)
}

/// The items of the list that a method is called on.
fn items(args: &Args<'_, '_>) -> Result<Vec<Value>, ExecutionError> {
    match args.first().map(|list| owned(list.as_ref())).transpose()? {
        Some(Value::List(items)) => Ok(items.to_vec()),
        _ => Err(ExecutionError::missing_argument_or_target()),
    }
}

fn compared(function: &'static str, a: &Value, b: &Value) -> Result<Ordering, ExecutionError> {
    a.partial_cmp(b).ok_or_else(|| {
        let types = vec![a.type_of().to_string(), b.type_of().to_string()];
        ExecutionError::no_such_member_overload(function, types)
    })
}

fn is_sorted<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    for pair in items(&args)?.windows(2) {
        if compared("isSorted", &pair[0], &pair[1])? == Ordering::Greater {
            return result(Value::Bool(false));
        }
    }
    result(Value::Bool(true))
}

fn sum<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let overflow = || ExecutionError::function_error("sum", "the sum is too large");
    let mut total = Value::Int(0);
    for item in items(&args)? {
        total = match (total, item) {
            (Value::Int(a), Value::Int(b)) => Value::Int(a.checked_add(b).ok_or_else(overflow)?),
            (Value::Int(0), other @ (Value::Float(_) | Value::UInt(_))) => other,
            (Value::Float(a), Value::Float(b)) => Value::Float(a + b),
            (Value::UInt(a), Value::UInt(b)) => Value::UInt(a.checked_add(b).ok_or_else(overflow)?),
            #[expect(clippy::cast_precision_loss, reason = "as CEL's own double() does")]
            (Value::Float(a), Value::Int(b)) => Value::Float(a + b as f64),
            #[expect(clippy::cast_precision_loss, reason = "as CEL's own double() does")]
            (Value::Int(a), Value::Float(b)) => Value::Float(a as f64 + b),
            (_, item) => {
                return Err(ExecutionError::no_such_member_overload("sum", vec![item.type_of().to_string()]));
            }
        };
    }
    result(total)
}

fn min<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    extreme("min", &args, Ordering::Less)
}

fn max<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    extreme("max", &args, Ordering::Greater)
}

fn extreme<'b, 'v>(function: &'static str, args: &Args<'b, 'v>, wanted: Ordering) -> Answer<'b, 'v> {
    let mut items = items(args)?.into_iter();
    let mut best = items.next().ok_or_else(|| ExecutionError::IndexOutOfBounds(Value::Int(0)))?;
    for item in items {
        if compared(function, &item, &best)? == wanted {
            best = item;
        }
    }
    result(best)
}

fn index_of<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let wanted = wanted(&args)?;
    place(items(&args)?.iter().position(|item| *item == wanted))
}

fn last_index_of<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let wanted = wanted(&args)?;
    place(items(&args)?.iter().rposition(|item| *item == wanted))
}

fn wanted(args: &Args<'_, '_>) -> Result<Value, ExecutionError> {
    args.get(1).ok_or_else(ExecutionError::missing_argument_or_target).and_then(|arg| owned(arg.as_ref()))
}

/// An index, or -1 where there is none, as in Kubernetes.
fn place<'b, 'v>(index: Option<usize>) -> Answer<'b, 'v> {
    result(Value::Int(index.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1)))
}

#[cfg(test)]
mod tests {
    use crate::cel::{Expression, Variables};

    #[test]
    fn lists_behave_as_in_kubernetes() {
        for condition in [
            "[1, 2, 2].isSorted() && !['b', 'a'].isSorted() && [].isSorted()",
            "[1, 2, 3].sum() == 6 && [].sum() == 0 && [0.5, 1.5].sum() == 2.0 && [1, 0.5].sum() == 1.5",
            "[3, 1, 2].min() == 1 && [3, 1, 2].max() == 3 && ['a', 'b'].max() == 'b'",
            "['a', 'b', 'a'].indexOf('a') == 0 && ['a', 'b', 'a'].lastIndexOf('a') == 2 && [1].indexOf(2) == -1",
        ] {
            let holds = Expression::compile(condition, &[]).unwrap().holds(&Variables::new());
            assert_eq!(holds, Ok(true), "{condition}");
        }
        for mistake in ["[].min() == 1", "['a', 1].isSorted()", "['a'].sum() == 1"] {
            assert!(
                Expression::compile(mistake, &[]).unwrap().holds(&Variables::new()).is_err(),
                "{mistake}"
            );
        }
    }
}
