//! Conditions on what was observed, in CEL, the language of Kubernetes' own admission policies, and templates with
//! CEL holes that say what was seen.
//!
//! Programs come from those who write exercises, the values from learners: programs are checked when they are loaded
//! (syntax, names, nesting), values are bounded ([`MAX_ITEMS`]), so an evaluation is bounded too.
//!
//! Beside CEL's standard functions and macros there are cel-go's `strings`, `lists` and `math`, and of Kubernetes'
//! libraries lists (`sum`, `min`, `max`, `isSorted`, `indexOf`, `lastIndexOf`), regex (`find`, `findAll`) and
//! quantity (`quantity`, `isQuantity` and their methods); see [`functions`] for podlab's own.
//!
//! <https://kubernetes.io/docs/reference/using-api/cel/>

mod environment;
pub mod functions;
mod names;
mod template;
mod value;

use std::{collections::BTreeMap, sync::Arc};

use cel::{ExecutionError, Program, Value};

pub use template::Template;
pub use value::MAX_ITEMS;

/// What a program can speak of: names and their values.
pub type Variables = BTreeMap<&'static str, serde_json::Value>;

/// Why a program cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CompileError(String);

/// Why an evaluation has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// What was observed lacks something that the program speaks of, or has it in another shape. That says something
    /// about the observation: a condition that cannot be evaluated for such a reason does not hold.
    #[error("{0}")]
    Observation(String),
    /// The program itself is wrong, whatever was observed.
    #[error("{0}")]
    Program(String),
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Expression {
    source: Arc<str>,
    program: Arc<Program>,
}

impl Expression {
    /// Compiles `source`, which may speak of `variables`.
    ///
    /// # Errors
    ///
    /// Names the first syntax error and its place, every unknown variable or function with the nearest known one, or
    /// the nesting of comprehensions that is too deep to be bounded in cost.
    pub fn compile(source: &str, variables: &[&str]) -> Result<Self, CompileError> {
        let program = environment::shared().compile(source).map_err(|errors| {
            let error = errors.errors.first();
            let message = error.map_or_else(|| "not an expression".to_owned(), |e| e.msg.clone());
            let place = error.map_or_else(String::new, |e| format!(" at {}:{}", e.pos.0, e.pos.1));
            CompileError(format!("not CEL{place}: {message}"))
        })?;
        names::check(program.expression(), variables).map_err(CompileError)?;
        Ok(Self { source: source.into(), program: Arc::new(program) })
    }

    /// The text that it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    fn evaluate(&self, variables: &Variables) -> Result<Value, EvalError> {
        let context = environment::context(variables)?;
        self.program.execute(&context).map_err(|error| EvalError::of(&error))
    }

    /// The result as JSON.
    ///
    /// # Errors
    ///
    /// See [`EvalError`].
    pub fn json(&self, variables: &Variables) -> Result<serde_json::Value, EvalError> {
        Ok(value::to_json(&self.evaluate(variables)?))
    }

    /// Whether the expression, a condition, holds.
    ///
    /// # Errors
    ///
    /// See [`EvalError`]; also where the result is no truth value.
    pub fn holds(&self, variables: &Variables) -> Result<bool, EvalError> {
        match self.evaluate(variables)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(EvalError::Program(format!(
                "`{}` gives {} instead of true or false",
                self.source,
                value::describe(&other)
            ))),
        }
    }
}

impl EvalError {
    fn of(error: &ExecutionError) -> Self {
        match error {
            ExecutionError::NoSuchKey(key) => Self::Observation(format!("`{key}` is not set")),
            ExecutionError::IndexOutOfBounds(index) => {
                Self::Observation(format!("there is no item {}", value::describe(index)))
            }
            ExecutionError::NoSuchOverload(overload) => Self::Observation(format!(
                "`{}` cannot be used on {}",
                overload.function().trim_matches('_'),
                overload.argument_types().join(" and ")
            )),
            ExecutionError::FunctionError { function, message } if function == functions::quantity::NAME => {
                Self::Observation(message.clone())
            }
            ExecutionError::UndeclaredReference(_)
            | ExecutionError::FunctionError { .. }
            | ExecutionError::InvalidArgumentCount { .. }
            | ExecutionError::MissingArgumentOrTarget
            | ExecutionError::InternalError(_) => Self::Program(error.to_string()),
            _ => Self::Observation("it has another shape than the check expects".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn variables() -> Variables {
        Variables::from([(
            "object",
            json!({"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}, {"name": "b"}]}}),
        )])
    }

    fn holds(source: &str) -> Result<bool, EvalError> {
        Expression::compile(source, &["object"]).unwrap().holds(&variables())
    }

    fn refusal(source: &str) -> String {
        Expression::compile(source, &["object", "status"]).unwrap_err().to_string()
    }

    #[test]
    fn conditions_hold_or_do_not() {
        assert_eq!(holds("object.spec.containers.exists(c, c.name == 'a')"), Ok(true));
        assert_eq!(holds("object.spec.containers.all(c, has(c.ports))"), Ok(false));
        assert_eq!(holds("object.spec.containers[0].ports[0].containerPort + 1 == 81"), Ok(true));
        assert_eq!(holds("object.?spec.?nodeName.orValue('none') == 'none'"), Ok(true));
        assert_eq!(holds("object.spec.containers.map(c, c.name).join(',') == 'a,b'"), Ok(true));
    }

    #[test]
    fn what_the_object_lacks_is_named_and_is_no_fault_of_the_program() {
        assert_eq!(
            holds("object.spec.volumes.size() == 1"),
            Err(EvalError::Observation("`volumes` is not set".into()))
        );
        assert!(matches!(holds("object.spec.containers[7].name == 'x'"), Err(EvalError::Observation(_))));
        assert!(matches!(holds("object.spec + 1 == 2"), Err(EvalError::Observation(_))));
    }

    #[test]
    fn a_condition_without_truth_value_is_a_fault_of_the_program() {
        assert!(matches!(holds("'a' + 'b'"), Err(EvalError::Program(_))));
        assert!(matches!(holds("'a'.matches('(')"), Err(EvalError::Program(_))));
    }

    #[test]
    fn what_cannot_be_compiled_is_refused_with_the_nearest_name() {
        assert!(refusal("object.spec.").contains("not CEL"));
        assert_eq!(refusal("objet.spec == 1"), "unknown variable `objet`; did you mean `object`?");
        assert_eq!(refusal("stdout == ''"), "unknown variable `stdout`; known are object, status");
        assert_eq!(
            refusal("object.name.startWith('a')"),
            "unknown function `startWith`; did you mean `startsWith`?"
        );
        assert!(refusal("object.a.all(x, x.all(y, y.all(z, z == 1)))").contains("nested"));
    }

    #[test]
    fn variables_of_comprehensions_are_known_inside_of_them_alone() {
        assert!(Expression::compile("object.a.exists(c, c.name == 'x')", &["object"]).is_ok());
        assert_eq!(
            refusal("object.a.exists(c, true) && c.name == 'x'"),
            "unknown variable `c`; known are object, status"
        );
    }

    #[test]
    fn a_list_past_the_bound_is_refused_instead_of_evaluated() {
        let variables = Variables::from([("object", json!(vec![0; MAX_ITEMS + 1]))]);
        let condition = Expression::compile("object.size() > 0", &["object"]).unwrap();
        assert!(matches!(condition.holds(&variables), Err(EvalError::Observation(_))));
    }
}
