//! What the API answers when something is wrong: the `Status` object of `meta/v1`, with the reasons and the
//! wording of the real server, because clients print and match them.

use std::fmt;

use http::StatusCode;
use serde_json::{Value, json};

/// The result of anything that can end in a [`Status`].
pub type Result<T, E = Box<Status>> = std::result::Result<T, E>;

/// One cause of an invalid object: which field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueRequired`, `FieldValueInvalid`, ...
    pub reason: &'static str,
    /// The sentence without the field.
    pub message: String,
    /// The field's path.
    pub field: String,
}

/// What a failure is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The object's name.
    pub name: String,
    /// The group of the resource or kind.
    pub group: String,
    /// The resource (for most reasons) or kind (for `Invalid`).
    pub kind: String,
    /// The object's uid, where the failure names it.
    pub uid: String,
    /// All that is wrong, field by field.
    pub causes: Vec<Cause>,
    /// When to try again, in seconds.
    pub retry_after: Option<u32>,
}

/// A failure as the API reports it.
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status code.
    pub code: StatusCode,
    /// The machine-readable reason; empty where the real server gives none.
    pub reason: &'static str,
    /// The sentence that a client prints.
    pub message: String,
    /// What it is about.
    pub details: Option<Details>,
}

impl Status {
    /// A failure without details.
    pub fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { code, reason, message: message.into(), details: None })
    }

    fn about(
        code: StatusCode,
        reason: &'static str,
        group: &str,
        resource: &str,
        name: &str,
        message: String,
    ) -> Box<Self> {
        let details =
            Details { name: name.into(), group: group.into(), kind: resource.into(), ..Details::default() };
        Box::new(Self { code, reason, message, details: Some(details) })
    }

    /// 404 for an object.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Box<Self> {
        let message = format!("{} \"{name}\" not found", qualified(resource, group));
        Self::about(StatusCode::NOT_FOUND, "NotFound", group, resource, name, message)
    }

    /// 404 for a path that leads nowhere.
    pub fn no_such_resource() -> Box<Self> {
        let mut status =
            Self::new(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource");
        status.details = Some(Details::default());
        status
    }

    /// 409 for a create whose name is taken.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Box<Self> {
        let message = format!("{} \"{name}\" already exists", qualified(resource, group));
        Self::about(StatusCode::CONFLICT, "AlreadyExists", group, resource, name, message)
    }

    /// 409 for a write that a precondition stops.
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Box<Self> {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", qualified(resource, group));
        Self::about(StatusCode::CONFLICT, "Conflict", group, resource, name, message)
    }

    /// 403 from admission or authorization.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Box<Self> {
        let resource_name = qualified(resource, group);
        let message = if resource.is_empty() {
            format!("forbidden: {why}")
        } else if name.is_empty() {
            format!("{resource_name} is forbidden: {why}")
        } else {
            format!("{resource_name} \"{name}\" is forbidden: {why}")
        };
        Self::about(StatusCode::FORBIDDEN, "Forbidden", group, resource, name, message)
    }

    /// 422 for an object that breaks the rules of its kind.
    pub fn invalid(group: &str, kind: &str, name: &str, causes: Vec<Cause>) -> Box<Self> {
        let lines: Vec<String> = causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        let text =
            if let [only] = lines.as_slice() { only.clone() } else { format!("[{}]", lines.join(", ")) };
        let message = format!("{} \"{name}\" is invalid: {text}", qualified(kind, group));
        let mut status = Self::about(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", group, kind, name, message);
        if let Some(details) = &mut status.details {
            details.causes = causes;
        }
        status
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Box<Self> {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// 405.
    pub fn method_not_allowed() -> Box<Self> {
        let mut status = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        );
        status.details = Some(Details::default());
        status
    }

    /// 410 for a watch or list from before the history's beginning.
    pub fn expired(message: impl Into<String>) -> Box<Self> {
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// 500 for what should not happen.
    pub fn internal(message: impl fmt::Display) -> Box<Self> {
        let cause = Cause { reason: "", message: message.to_string(), field: String::new() };
        let mut status = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            format!("Internal error occurred: {message}"),
        );
        status.details = Some(Details { causes: vec![cause], ..Details::default() });
        status
    }

    /// 503 for what cannot be reached now.
    pub fn service_unavailable(message: impl Into<String>) -> Box<Self> {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
    }

    /// 503 after the cluster's end.
    pub fn shut_down() -> Box<Self> {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "the cluster is shutting down")
    }

    /// Whether the reason is this one.
    pub fn is(&self, reason: &str) -> bool {
        self.reason == reason
    }

    /// Whether the object was not found.
    pub fn is_not_found(&self) -> bool {
        self.is("NotFound")
    }

    /// Whether the object changed in between (or exists already): read again and decide again.
    pub fn is_conflict(&self) -> bool {
        self.is("Conflict")
    }

    /// The object as the API sends it.
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code.as_u16(),
        });
        if !self.reason.is_empty() {
            value["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            value["details"] = details.to_value();
        }
        value
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut value = json!({});
        for (key, text) in
            [("name", &self.name), ("group", &self.group), ("kind", &self.kind), ("uid", &self.uid)]
        {
            if !text.is_empty() {
                value[key] = json!(text);
            }
        }
        if !self.causes.is_empty() {
            value["causes"] = self.causes.iter().map(Cause::to_value).collect();
        }
        if let Some(seconds) = self.retry_after {
            value["retryAfterSeconds"] = json!(seconds);
        }
        value
    }
}

impl Cause {
    fn to_value(&self) -> Value {
        let mut value = json!({ "message": self.message });
        for (key, text) in [("reason", self.reason), ("field", self.field.as_str())] {
            if !text.is_empty() {
                value[key] = json!(text);
            }
        }
        value
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

/// `deployments.apps`, or `pods` in the core group.
pub(crate) fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_causes_are_listed_in_brackets_and_one_is_not() {
        let cause = |field: &str| Cause {
            reason: "FieldValueRequired",
            message: "Required value".into(),
            field: field.into(),
        };
        let one = Status::invalid("", "Pod", "demo", vec![cause("spec.containers")]);
        assert_eq!(one.message, "Pod \"demo\" is invalid: spec.containers: Required value");
        let two = Status::invalid("apps", "Deployment", "d", vec![cause("a"), cause("b")]);
        assert_eq!(two.message, "Deployment.apps \"d\" is invalid: [a: Required value, b: Required value]");
    }

    #[test]
    fn an_unset_group_is_left_out() {
        let status = Status::not_found("", "pods", "nope").to_value();
        assert_eq!(status["details"], json!({"name": "nope", "kind": "pods"}));
    }
}
