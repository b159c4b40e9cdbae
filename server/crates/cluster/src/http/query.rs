//! The query of a request.

use crate::{
    resource::Resource,
    status::{Cause, Result, Status},
    verbs::{ListOptions, Match, Selectors},
};

/// What a path's query says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// What to do about fields that a kind does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// The longest name of a field manager.
const MANAGER_LENGTH: usize = 128;

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, key: &str) -> &str {
        self.0.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v)
    }

    pub(crate) fn all<'q>(&'q self, key: &'q str) -> impl Iterator<Item = &'q str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(k, _)| k == key)
    }

    /// A flag as Go's decoder reads it: there and not `0` or `false`.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.has(key) && !matches!(self.get(key).to_ascii_lowercase().as_str(), "0" | "false")
    }

    /// A number, if it is given.
    pub(crate) fn number(&self, key: &str) -> Result<Option<i64>> {
        match self.get(key) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
            }),
        }
    }

    pub(crate) fn field_validation(&self) -> Result<FieldValidation> {
        match self.get("fieldValidation") {
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Ignore" => Ok(FieldValidation::Ignore),
            "Strict" => Ok(FieldValidation::Strict),
            other => {
                Err(self.invalid("CreateOptions", "fieldValidation", other, &["Ignore", "Strict", "Warn"]))
            }
        }
    }

    /// Whether nothing is to be written.
    pub(crate) fn dry_run(&self) -> Result<bool> {
        match self.all("dryRun").find(|value| *value != "All") {
            Some("") => Ok(false),
            Some(other) => Err(self.invalid("CreateOptions", "dryRun", other, &["All"])),
            None => Ok(self.has("dryRun")),
        }
    }

    fn invalid(&self, kind: &str, field: &str, value: &str, supported: &[&str]) -> Box<Status> {
        let quoted: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
        let message = format!("Unsupported value: {value:?}: supported values: {}", quoted.join(", "));
        let cause = Cause { reason: "FieldValueNotSupported", message, field: field.into() };
        Status::invalid("meta.k8s.io", kind, "", vec![cause])
    }

    /// The name under which this request owns fields: what it says, or what the client calls itself.
    pub(crate) fn manager(&self, user_agent: &str) -> Result<String> {
        let manager = match self.get("fieldManager") {
            "" => user_agent.split('/').next().unwrap_or_default(),
            given if given.len() > MANAGER_LENGTH => {
                let message = format!("Too long: may not be more than {MANAGER_LENGTH} bytes");
                let cause = Cause { reason: "FieldValueTooLong", message, field: "fieldManager".into() };
                return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", vec![cause]));
            }
            given => given,
        };
        let manager: String = manager.chars().filter(|c| !c.is_control()).take(MANAGER_LENGTH).collect();
        Ok(if manager.is_empty() { "unknown".into() } else { manager })
    }

    /// The revision that is named; 0 for none and for any.
    pub(crate) fn revision(&self) -> Result<u64> {
        match self.get("resourceVersion") {
            "" => Ok(0),
            text => text.parse().map_err(|_| {
                Status::bad_request(format!(
                    "Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
                ))
            }),
        }
    }

    /// The options of a list or watch.
    pub(crate) fn list_options(&self, resource: &Resource) -> Result<ListOptions> {
        let forbidden = |message: &str| {
            let cause = Cause {
                reason: "FieldValueForbidden",
                message: format!("Forbidden: {message}"),
                field: "resourceVersionMatch".into(),
            };
            Err(Status::invalid("meta.k8s.io", "ListOptions", "", vec![cause]))
        };
        let version = self.get("resourceVersion");
        let revision_match = match self.get("resourceVersionMatch") {
            "" => Match::Unset,
            _ if version.is_empty() && !self.has("sendInitialEvents") => {
                return forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided");
            }
            "Exact" if version == "0" => {
                return forbidden("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
            }
            "Exact" => Match::Exact,
            "NotOlderThan" => Match::NotOlderThan,
            other => {
                return Err(self.invalid(
                    "ListOptions",
                    "resourceVersionMatch",
                    other,
                    &["Exact", "NotOlderThan", ""],
                ));
            }
        };
        let continue_token = self.get("continue").to_owned();
        if !continue_token.is_empty() && revision_match != Match::Unset {
            return forbidden("resourceVersionMatch is forbidden when continue is provided");
        }
        if !continue_token.is_empty() && !matches!(version, "" | "0") {
            return Err(Status::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let limit = usize::try_from(self.number("limit")?.unwrap_or(0)).unwrap_or(0);
        Ok(ListOptions {
            selectors: Selectors::parse(resource, self.get("labelSelector"), self.get("fieldSelector"))?,
            limit,
            continue_token,
            revision: self.revision()?,
            revision_match,
        })
    }
}
