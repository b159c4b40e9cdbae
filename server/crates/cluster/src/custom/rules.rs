//! Validation rules in CEL: `x-kubernetes-validations`.
//!
//! Rules come from clients, so that their cost is bounded: comprehensions are nested twice at most, and a value with more
//! than [`ITEMS`] items is refused. Of Kubernetes' own functions those on quantities, addresses and URLs are not known; a
//! rule that needs one of them is let pass.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/cel/> and "Validation rules" of
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/>.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use cel::{
    Context, Env, ExecutionError, IdedExpr, Program, Value as Cel,
    common::ast::{EntryExpr, Expr},
    extensions,
    objects::{Key, Map},
};
use serde_json::Value;

use super::structural::DEPTH;
use crate::{
    object::text_at,
    validation::{ErrorList, Path},
};

const RULES: &str = "x-kubernetes-validations";

/// How deep comprehensions may be nested.
const NESTING: usize = 2;

/// How many items and fields a value may have in all.
const ITEMS: usize = 4096;

/// How long an expression may be.
const LENGTH: usize = 1 << 14;

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    // What is declared twice is known already.
    let _ = env.add_extension(extensions::strings);
    let _ = env.add_extension(extensions::lists);
    let _ = env.add_extension(extensions::math);
    Arc::new(env)
});

/// The compiled rules of a schema, by their text.
#[derive(Default)]
pub(super) struct Rules(BTreeMap<String, Rule>);

struct Rule {
    program: Program,
    /// Whether it compares with what was there before.
    is_transition: bool,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Reads an expression.
fn compile(text: &str) -> Result<Rule, String> {
    if text.len() > LENGTH {
        return Err(format!("the expression is longer than {LENGTH} bytes"));
    }
    let program = ENV.compile(text).map_err(|errors| match errors.errors.first() {
        Some(error) => format!("ERROR: <input>:{}:{}: {}", error.pos.0, error.pos.1, error.msg),
        None => "ERROR: <input>: not an expression".to_owned(),
    })?;
    let mut walk = Walk { deepest: 0, names_old: false };
    walk.expression(program.expression(), 0);
    if walk.deepest > NESTING {
        return Err(format!(
            "estimated rule cost exceeds budget: comprehensions are nested more than {NESTING} deep"
        ));
    }
    Ok(Rule { program, is_transition: walk.names_old })
}

/// What is to be known of an expression before it runs.
struct Walk {
    deepest: usize,
    names_old: bool,
}

impl Walk {
    fn expression(&mut self, of: &IdedExpr, nesting: usize) {
        match &of.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => self.names_old |= name == "oldSelf",
            Expr::Call(call) => {
                let parts = call.target.as_deref().into_iter().chain(&call.args);
                parts.for_each(|part| self.expression(part, nesting));
            }
            Expr::Select(select) => self.expression(&select.operand, nesting),
            Expr::List(list) => list.elements.iter().for_each(|item| self.expression(item, nesting)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr, nesting)),
            Expr::Struct(of) => of.entries.iter().for_each(|entry| self.entry(&entry.expr, nesting)),
            Expr::Comprehension(of) => {
                self.expression(&of.iter_range, nesting);
                self.expression(&of.accu_init, nesting);
                self.deepest = self.deepest.max(nesting + 1);
                for part in [&of.loop_cond, &of.loop_step, &of.result] {
                    self.expression(part, nesting + 1);
                }
            }
        }
    }

    fn entry(&mut self, entry: &EntryExpr, nesting: usize) {
        match entry {
            EntryExpr::StructField(field) => self.expression(&field.value, nesting),
            EntryExpr::MapEntry(entry) => {
                self.expression(&entry.key, nesting);
                self.expression(&entry.value, nesting);
            }
        }
    }
}

/// The rules of one schema, without those below it.
fn listed(schema: &Value) -> &[Value] {
    schema.get(RULES).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The rules of a schema in a definition.
pub(super) fn validate(schema: &Value, path: &Path, errors: &mut ErrorList) {
    for (index, rule) in listed(schema).iter().enumerate() {
        let path = path.child(RULES).index(index);
        let text = text_at(rule, "/rule").trim();
        if text.is_empty() {
            errors.required(&path.child("rule"), "rule is not specified");
        } else if let Err(why) = compile(text) {
            errors.invalid(&path.child("rule"), text, &format!("compilation failed: {why}"));
        }
        let message = text_at(rule, "/messageExpression");
        if !message.is_empty()
            && let Err(why) = compile(message)
        {
            let detail = format!("messageExpression compilation failed: {why}");
            errors.invalid(&path.child("messageExpression"), message, &detail);
        }
        const REASONS: [&str; 4] =
            ["FieldValueRequired", "FieldValueInvalid", "FieldValueForbidden", "FieldValueDuplicate"];
        let reason = text_at(rule, "/reason");
        if !reason.is_empty() && !REASONS.contains(&reason) {
            errors.not_supported(&path.child("reason"), reason, &REASONS);
        }
    }
}

impl Rules {
    /// All rules of a schema that can be read; a definition with others is refused.
    pub(super) fn of(schema: &Value) -> Self {
        let mut rules = Self::default();
        rules.collect(schema, DEPTH);
        rules
    }

    fn collect(&mut self, schema: &Value, depth: usize) {
        if depth == 0 {
            return;
        }
        for rule in listed(schema) {
            for text in [text_at(rule, "/rule").trim(), text_at(rule, "/messageExpression")] {
                if let Ok(rule) = compile(text) {
                    self.0.insert(text.to_owned(), rule);
                }
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let below = [schema.get("items"), schema.get("additionalProperties")];
        let all = properties.into_iter().flat_map(serde_json::Map::values).chain(below.into_iter().flatten());
        all.for_each(|schema| self.collect(schema, depth - 1));
    }

    /// Checks an object, and all below it, against the rules. `old` is what it was.
    pub(super) fn check(&self, object: &Value, old: Option<&Value>, schema: &Value, errors: &mut ErrorList) {
        if !self.0.is_empty() {
            self.check_value(object, old, schema, &Path::root(), errors, DEPTH);
        }
    }

    fn check_value(
        &self,
        value: &Value,
        old: Option<&Value>,
        schema: &Value,
        path: &Path,
        errors: &mut ErrorList,
        depth: usize,
    ) {
        if depth == 0 || value.is_null() {
            return;
        }
        for rule in listed(schema) {
            self.apply(rule, value, old, schema, path, errors);
        }
        match value {
            Value::Object(map) => {
                let properties = schema.get("properties");
                for (name, item) in map {
                    let own = properties.and_then(|properties| properties.get(name));
                    let (below, path) = match own {
                        Some(below) => (below, path.child(name)),
                        None => match schema.get("additionalProperties") {
                            Some(below) => (below, path.key(name)),
                            None => continue,
                        },
                    };
                    let old = old.and_then(|old| old.get(name));
                    self.check_value(item, old, below, &path, errors, depth - 1);
                }
            }
            Value::Array(items) => {
                let Some(below) = schema.get("items") else { return };
                for (index, item) in items.iter().enumerate() {
                    // Only the items of a list by keys have a past.
                    let old = old.and_then(|old| same_item(old, item, schema));
                    self.check_value(item, old, below, &path.index(index), errors, depth - 1);
                }
            }
            _ => {}
        }
    }

    fn apply(
        &self,
        rule: &Value,
        value: &Value,
        old: Option<&Value>,
        schema: &Value,
        path: &Path,
        errors: &mut ErrorList,
    ) {
        let text = text_at(rule, "/rule").trim();
        let Some(compiled) = self.0.get(text) else { return };
        let optional = rule["optionalOldSelf"] == true;
        // What has not changed is not judged again.
        if compiled.is_transition && old.is_none() && !optional
            || !compiled.is_transition && old == Some(value)
        {
            return;
        }
        let before = compiled.is_transition.then_some(old);
        let said = || match text_at(rule, "/message").trim() {
            "" => format!("failed rule: {text}"),
            message => message.to_owned(),
        };
        let detail = match run(&compiled.program, value, before, optional, schema) {
            Ok(Cel::Bool(true)) => return,
            Ok(_) => self.message(rule, value, before, optional, schema).unwrap_or_else(said),
            Err(Failure::TooLarge) => {
                format!(
                    "no further validation rules will be run due to call cost exceeds limit for rule: {text}"
                )
            }
            Err(Failure::Unknown) => return,
            Err(Failure::Evaluation(why)) => format!("{why} evaluating rule: {}", said()),
        };
        let field = text_at(rule, "/fieldPath");
        let at = field
            .split('.')
            .filter(|name| !name.is_empty())
            .fold(path.clone(), |path, name| path.child(name));
        match text_at(rule, "/reason") {
            "FieldValueForbidden" => errors.forbidden(&at, &detail),
            "FieldValueRequired" => errors.required(&at, &detail),
            "FieldValueDuplicate" => errors.duplicate(&at, text_at(schema, "/type")),
            _ => errors.invalid(&at, text_at(schema, "/type"), &detail),
        }
    }

    /// What the rule's own expression says of the value, if that is a line of text.
    fn message(
        &self,
        rule: &Value,
        value: &Value,
        before: Option<Option<&Value>>,
        optional: bool,
        schema: &Value,
    ) -> Option<String> {
        let compiled = self.0.get(text_at(rule, "/messageExpression"))?;
        match run(&compiled.program, value, before, optional, schema) {
            Ok(Cel::String(text)) if !text.trim().is_empty() && !text.contains('\n') => {
                Some(text.trim().to_owned())
            }
            _ => None,
        }
    }
}

/// The item of a list by keys that was this one.
fn same_item<'v>(old: &'v Value, item: &Value, schema: &Value) -> Option<&'v Value> {
    let keys = schema.get("x-kubernetes-list-map-keys")?.as_array()?;
    let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
    old.as_array()?.iter().find(|old| keys.iter().all(|key| old.get(key) == item.get(key)))
}

enum Failure {
    TooLarge,
    /// It needs a function that is not known here.
    Unknown,
    Evaluation(String),
}

fn run(
    program: &Program,
    value: &Value,
    before: Option<Option<&Value>>,
    optional: bool,
    schema: &Value,
) -> Result<Cel, Failure> {
    let mut left = ITEMS;
    let mut convert = |value: &Value| in_cel(value, schema, &mut left, DEPTH).ok_or(Failure::TooLarge);
    let mut context = Context::with_env(Arc::clone(&ENV));
    context.add_variable_from_value("self", convert(value)?);
    if let Some(old) = before {
        let old = old.map(&mut convert).transpose()?;
        if optional {
            let wrap = if old.is_some() { "optional.of(oldSelf)" } else { "optional.none()" };
            let mut inner = Context::with_env(Arc::clone(&ENV));
            inner.add_variable_from_value("oldSelf", old.unwrap_or(Cel::Null));
            let program = ENV.compile(wrap).map_err(|_| Failure::Unknown)?;
            let wrapped = program.execute(&inner).map_err(|_| Failure::Unknown)?;
            context.add_variable_from_value("oldSelf", wrapped);
        } else {
            context.add_variable_from_value("oldSelf", old.unwrap_or(Cel::Null));
        }
    }
    program.execute(&context).map_err(|error| match error {
        ExecutionError::UndeclaredReference(_) | ExecutionError::NotSupportedAsMethod { .. } => {
            Failure::Unknown
        }
        ExecutionError::NoSuchKey(key) => Failure::Evaluation(format!("no such key: {key}")),
        other => Failure::Evaluation(other.to_string()),
    })
}

/// A value as its schema shows it to expressions; nothing if it is too large.
fn in_cel(value: &Value, schema: &Value, left: &mut usize, depth: usize) -> Option<Cel> {
    *left = left.checked_sub(1).filter(|_| depth > 0)?;
    Some(match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(whole) if schema["type"] != "number" => Cel::Int(whole),
            _ => Cel::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(items) => {
            let below = &schema["items"];
            let items = items.iter().map(|item| in_cel(item, below, left, depth - 1));
            Cel::List(Arc::new(items.collect::<Option<Vec<_>>>()?))
        }
        Value::Object(entries) => {
            let mut map = HashMap::new();
            for (name, item) in entries {
                let (key, below) = match schema.get("properties").and_then(|of| of.get(name)) {
                    Some(below) => (escaped(name), below),
                    None => (name.clone(), &schema["additionalProperties"]),
                };
                map.insert(Key::String(Arc::new(key)), in_cel(item, below, left, depth - 1)?);
            }
            Cel::Map(Map { map: Arc::new(map) })
        }
    })
}

/// The name by which expressions reach a property.
fn escaped(name: &str) -> String {
    const RESERVED: [&str; 20] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
    ];
    if RESERVED.contains(&name) || name == "while" {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__")
        .replace('.', "__dot__")
        .replace('-', "__dash__")
        .replace('/', "__slash__")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(schema: &Value, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut errors = ErrorList::default();
        Rules::of(schema).check(object, old, schema, &mut errors);
        errors.lines()
    }

    fn schema(rules: &Value) -> Value {
        json!({ "type": "object", "properties": { "spec": {
            "type": "object", "x-kubernetes-validations": rules,
            "properties": {
                "min": { "type": "integer" }, "max": { "type": "integer" }, "name": { "type": "string" },
                "x-y": { "type": "string" }, "tags": { "type": "array", "items": { "type": "string" } },
            }
        } } })
    }

    #[test]
    fn a_rule_that_does_not_hold_is_told_with_its_message() {
        let schema = schema(&json!([
            { "rule": "self.min <= self.max", "message": "min must not be above max" },
            { "rule": "!has(self.name) || self.name.startsWith('a')" },
            { "rule": "self.tags.all(t, t.size() < 5)", "messageExpression": "'of ' + string(self.tags.size()) + ' tags one is long'",
              "fieldPath": ".tags", "reason": "FieldValueForbidden" },
            { "rule": "self.x__dash__y == 'z'", "message": "z" },
        ]));
        let good = json!({ "spec": { "min": 1, "max": 2, "tags": ["a"], "x-y": "z" } });
        assert_eq!(said(&schema, &good, None), [""; 0]);
        let bad = json!({ "spec": { "min": 3, "max": 2, "name": "b", "tags": ["abcdef"], "x-y": "z" } });
        assert_eq!(
            said(&schema, &bad, None),
            [
                "spec: Invalid value: \"object\": min must not be above max",
                "spec: Invalid value: \"object\": failed rule: !has(self.name) || self.name.startsWith('a')",
                "spec.tags: Forbidden: of 1 tags one is long",
            ]
        );
        assert_eq!(said(&schema, &bad, Some(&bad)), [""; 0], "what has not changed is not judged again");
        let without = json!({ "spec": { "min": 3, "tags": [], "x-y": "z" } });
        assert_eq!(
            said(&schema, &without, None),
            ["spec: Invalid value: \"object\": no such key: max evaluating rule: min must not be above max"]
        );
    }

    #[test]
    fn a_rule_on_what_was_is_judged_when_there_is_a_past() {
        let schema = schema(&json!([{ "rule": "self.name == oldSelf.name", "message": "name is fixed" }]));
        let (a, b) = (json!({ "spec": { "name": "a" } }), json!({ "spec": { "name": "b" } }));
        assert_eq!(said(&schema, &a, None), [""; 0]);
        assert_eq!(said(&schema, &a, Some(&a)), [""; 0]);
        assert_eq!(said(&schema, &b, Some(&a)), ["spec: Invalid value: \"object\": name is fixed"]);
    }

    #[test]
    fn an_optional_past_can_be_asked_for() {
        let rule = "!oldSelf.hasValue() || self.min >= oldSelf.value().min";
        let schema = schema(&json!([{ "rule": rule, "message": "grows", "optionalOldSelf": true }]));
        let at = |min: i64| json!({ "spec": { "min": min } });
        assert_eq!(said(&schema, &at(3), None), [""; 0]);
        assert_eq!(said(&schema, &at(2), Some(&at(3))), ["spec: Invalid value: \"object\": grows"]);
    }

    #[test]
    fn what_costs_too_much_is_refused() {
        let deep = "self.a.all(x, x.all(y, y.all(z, z == 1)))";
        assert!(compile(deep).err().unwrap().contains("cost"));
        assert!(compile("self.").err().unwrap().starts_with("ERROR: <input>:1:"));
        let schema = schema(&json!([{ "rule": "self.tags.size() > 0" }]));
        let many = json!({ "spec": { "tags": vec!["a"; ITEMS] } });
        assert!(said(&schema, &many, None)[0].contains("call cost exceeds limit"));
    }
}
