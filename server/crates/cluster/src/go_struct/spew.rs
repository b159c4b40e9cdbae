//! Structs as the library go-spew prints them with `%#v`, sorted keys and no methods: types and all fields, on one line.
//! Kubernetes hashes this text (`hash.DeepHashObject`), so the names of ReplicaSets follow from it.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Member, by_value, go_name, members};
use crate::{
    quantity::Quantity,
    schema::{Field, Presence, Shape, Type, TypeRef},
};

/// The 32-bit FNV hash of the struct's text and of `more` bytes after it.
pub(crate) fn hash(of: &TypeRef, value: &Value, more: &[u8]) -> u32 {
    let mut text = String::new();
    let _ = write!(text, "({})", Shape::Object(of.clone()).go_type());
    object(of.get(), value, &mut text);
    fnv32a(text.as_bytes().iter().chain(more))
}

/// FNV-1a of 32 bits (draft-eastlake-fnv).
fn fnv32a<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> u32 {
    bytes.into_iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn object(of: &Type, value: &Value, out: &mut String) {
    out.push('{');
    for (index, member) in members(of).into_iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        match member {
            Member::Own(own) => {
                let _ = write!(out, "{}:", go_name(of, own));
                field(of, own, value.get(&*own.name).filter(|value| !value.is_null()), out);
            }
            Member::Embedded(inner) => {
                let ty = Shape::Object(inner.clone()).go_type();
                let _ = write!(out, "{}:({ty})", inner.get().go_name());
                object(inner.get(), value, out);
            }
        }
    }
    out.push('}');
}

fn field(of: &Type, field: &Field, value: Option<&Value>, out: &mut String) {
    let pointer = match field.shape {
        Shape::List(_) | Shape::Map(_) => false,
        Shape::Object(_) | Shape::Quantity | Shape::IntOrString | Shape::Time | Shape::MicroTime => {
            !by_value(of, field)
        }
        _ => field.presence == Presence::Keep,
    };
    let own = field.shape.go_type();
    let ty = match (&field.shape, &field.go_type) {
        (Shape::List(_), Some(item)) => format!("[]{item}"),
        (_, Some(named)) => named.to_string(),
        (_, None) => own,
    };
    let _ = write!(out, "({}{ty})", if pointer { "*" } else { "" });
    if pointer && value.is_none() {
        out.push_str("<nil>");
    } else {
        content(&field.shape, value, out);
    }
}

/// A value without its type.
fn content(shape: &Shape, value: Option<&Value>, out: &mut String) {
    match shape {
        Shape::String | Shape::Bytes => out.push_str(value.and_then(Value::as_str).unwrap_or_default()),
        Shape::Int32 | Shape::Int64 | Shape::Double => {
            let _ = write!(out, "{}", value.unwrap_or(&Value::from(0)));
        }
        Shape::Bool => {
            let _ = write!(out, "{}", value.unwrap_or(&Value::Bool(false)));
        }
        Shape::Quantity => quantity(value.and_then(Value::as_str), out),
        Shape::IntOrString => int_or_string(value, out),
        // In templates it is never set: the zero of a time.
        Shape::Time | Shape::MicroTime => {
            out.push_str("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}");
        }
        Shape::Any => {
            let _ = write!(out, "{}", value.unwrap_or(&Value::Null));
        }
        Shape::Object(of) => object(of.get(), value.unwrap_or(&Value::Null), out),
        Shape::List(of) => match value.and_then(Value::as_array).filter(|items| !items.is_empty()) {
            None => out.push_str("<nil>"),
            Some(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    content(of, Some(item), out);
                }
                out.push(']');
            }
        },
        Shape::Map(of) => match value.and_then(Value::as_object).filter(|map| !map.is_empty()) {
            None => out.push_str("<nil>"),
            Some(map) => {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                out.push_str("map[");
                for (index, (key, item)) in entries.into_iter().enumerate() {
                    let _ = write!(out, "{}{key}:", if index > 0 { " " } else { "" });
                    content(of, Some(item), out);
                }
                out.push(']');
            }
        },
    }
}

/// `resource.Quantity`: a number with a power of ten, the text that it was read from, its notation.
fn quantity(text: Option<&str>, out: &mut String) {
    let text = text.unwrap_or_default();
    let (value, scale, format) = match text {
        "" | "0" => (0, 0, ""),
        text => parts(text).unwrap_or_else(|| {
            let parsed = text.parse::<Quantity>().ok().map_or(0, Quantity::value);
            (parsed, 0, "DecimalSI")
        }),
    };
    let _ = write!(
        out,
        "{{i:(resource.int64Amount){{value:(int64){value} scale:(resource.Scale){scale}}} \
         d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){text} Format:(resource.Format){format}}}"
    );
}

/// Digits, power of ten and notation, as `resource.ParseQuantity` keeps them where 64 bits are enough.
fn parts(text: &str) -> Option<(i64, i32, &'static str)> {
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let value: i64 = format!("{whole}{decimals}").parse().ok()?;
    let scale = |power: i32| power - i32::try_from(decimals.len()).unwrap_or_default();
    let power = match suffix {
        "n" => -9,
        "u" => -6,
        "m" => -3,
        "" => 0,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        "T" => 12,
        "P" => 15,
        "E" => 18,
        _ => match suffix.strip_prefix(['e', 'E']) {
            Some(exponent) => return Some((value, scale(exponent.parse().ok()?), "DecimalExponent")),
            None => {
                let shift =
                    10 * (1 + ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|s| *s == suffix)?);
                if !decimals.is_empty() {
                    return None;
                }
                return Some((
                    value.checked_mul(1_i64.checked_shl(u32::try_from(shift).ok()?)?)?,
                    0,
                    "BinarySI",
                ));
            }
        },
    };
    Some((value, scale(power), "DecimalSI"))
}

fn int_or_string(value: Option<&Value>, out: &mut String) {
    let (kind, number, text) = match value {
        Some(Value::String(text)) => (1, 0, text.as_str()),
        other => (0, other.and_then(Value::as_i64).unwrap_or_default(), ""),
    };
    let _ = write!(out, "{{Type:(intstr.Type){kind} IntVal:(int32){number} StrVal:(string){text}}}");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(of: &str, value: &Value) -> String {
        let of = TypeRef::builtin(of).unwrap();
        let mut out = String::new();
        object(of.get(), value, &mut out);
        out
    }

    #[test]
    fn a_hash_is_that_of_a_real_controller_manager() {
        let template = json!({
            "metadata": { "labels": { "app": "web" } },
            "spec": {
                "containers": [
                    {
                        "image": "nginx:1.19", "imagePullPolicy": "IfNotPresent", "name": "nginx",
                        "ports": [{ "containerPort": 80, "protocol": "TCP" }], "resources": {},
                        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"
                    },
                    {
                        "command": ["sh", "-c", "while true; do date; sleep 2; done"],
                        "image": "busybox:1.36", "imagePullPolicy": "IfNotPresent", "name": "agent", "resources": {},
                        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"
                    }
                ],
                "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
                "securityContext": {}, "terminationGracePeriodSeconds": 1
            }
        });
        let of = TypeRef::builtin("api.core.v1.PodTemplateSpec").unwrap();
        // 7dfb485c69 in the letters of generated names.
        assert_eq!(crate::rng::safe_encoded(hash(&of, &template, &[])), "7dfb485c69");
    }

    #[test]
    fn pointers_say_what_they_point_to_and_values_their_type() {
        let probe = text("api.core.v1.Probe", &json!({ "httpGet": { "port": "web" }, "periodSeconds": 5 }));
        assert_eq!(
            probe,
            "{ProbeHandler:(v1.ProbeHandler){Exec:(*v1.ExecAction)<nil> HTTPGet:(*v1.HTTPGetAction){Path:(string) \
             Port:(intstr.IntOrString){Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)web} Host:(string) \
             Scheme:(v1.URIScheme) HTTPHeaders:([]v1.HTTPHeader)<nil>} TCPSocket:(*v1.TCPSocketAction)<nil> \
             GRPC:(*v1.GRPCAction)<nil>} InitialDelaySeconds:(int32)0 TimeoutSeconds:(int32)0 PeriodSeconds:(int32)5 \
             SuccessThreshold:(int32)0 FailureThreshold:(int32)0 TerminationGracePeriodSeconds:(*int64)<nil>}"
        );
        let resources = text(
            "api.core.v1.ResourceRequirements",
            &json!({ "limits": { "memory": "64Mi", "cpu": "250m" } }),
        );
        assert!(resources.starts_with(
            "{Limits:(v1.ResourceList)map[cpu:{i:(resource.int64Amount){value:(int64)250 scale:(resource.Scale)-3} \
             d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)250m Format:(resource.Format)DecimalSI} \
             memory:{i:(resource.int64Amount){value:(int64)67108864 scale:(resource.Scale)0} "
        ));
    }
}
