//! The functions and macros that programs can use, built once.

use std::sync::{Arc, OnceLock};

use cel::{Context, DeclarationError, Env, extensions};

use super::{EvalError, Variables, functions, value};

/// The environment that every program is compiled and evaluated in.
pub(super) fn shared() -> Arc<Env> {
    static SHARED: OnceLock<Arc<Env>> = OnceLock::new();
    Arc::clone(SHARED.get_or_init(|| {
        #[expect(clippy::expect_used, reason = "what is declared is fixed; the test below declares it")]
        let env = build().expect("no function is declared twice");
        Arc::new(env)
    }))
}

fn build() -> Result<Env, DeclarationError> {
    let mut env = Env::stdlib();
    env.add_extension(extensions::strings)?;
    env.add_extension(extensions::lists)?;
    env.add_extension(extensions::math)?;
    env.add_extension(functions::lists::extension)?;
    env.add_extension(functions::regex::extension)?;
    env.add_extension(functions::quantity::extension)?;
    env.add_extension(functions::pod::extension)?;
    env.add_extension(functions::text::extension)?;
    Ok(env)
}

/// `variables` as an evaluation sees them.
pub(super) fn context<'a>(variables: &Variables) -> Result<Context<'a, 'a>, EvalError> {
    let mut context = Context::with_env(shared());
    for (name, json) in variables {
        context.add_variable_from_value(*name, value::from_json(json)?);
    }
    Ok(context)
}

#[cfg(test)]
mod tests {
    #[test]
    fn everything_can_be_declared_together() {
        super::build().unwrap();
    }
}
