//! Which form of an answer a client accepts.

use http::{HeaderMap, header};

use super::query::Query;
use crate::status::{Result, Status};

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// The object itself.
    #[default]
    Object,
    /// Rows and columns.
    Table,
    /// Its metadata alone.
    Metadata,
}

/// What a client accepts best of what there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) form: Form,
    pub(crate) yaml: bool,
    /// Discovery of all groups at once (`apidiscovery.k8s.io/v2`).
    pub(crate) aggregated: bool,
    /// OpenAPI or anything as protobuf was asked for and nothing else.
    pub(crate) protobuf_only: bool,
    /// On many lines, for people.
    pub(crate) pretty: bool,
}

/// Whether an answer is for a person's eyes: the client says so, or is one that people use.
fn is_for_people(headers: &HeaderMap, query: &Query) -> bool {
    match query.get("pretty") {
        "" => {
            let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
            let agent = agent.unwrap_or_default();
            ["curl", "Wget", "Mozilla/5.0"].iter().any(|name| agent.starts_with(name))
        }
        _ => query.is_true("pretty"),
    }
}

impl Accepted {
    /// Reads `Accept`: the first form named that there is.
    ///
    /// # Errors
    ///
    /// 406 where there is none.
    pub(crate) fn parse(headers: &HeaderMap, query: &Query) -> Result<Self> {
        let mut accepted = Self { pretty: is_for_people(headers, query), ..Self::default() };
        let lines: Vec<&str> =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        let all = lines.join(",");
        if all.trim().is_empty() {
            return Ok(accepted);
        }
        let mut protobuf = false;
        for range in all.split(',') {
            let mut words = range.split(';').map(str::trim);
            let media = words.next().unwrap_or_default();
            let parameter = |name: &str| {
                let mut words = range.split(';').skip(1).map(str::trim);
                words.find_map(|w| w.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
            };
            match media {
                "application/json" | "application/yaml" | "*/*" | "application/*" | "text/plain"
                | "text/html" | "text/*" => {}
                "application/vnd.kubernetes.protobuf"
                | "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
                | "application/com.github.proto-openapi.spec.v3@v1.0+protobuf" => {
                    protobuf = true;
                    continue;
                }
                _ => continue,
            }
            accepted.yaml = media == "application/yaml";
            accepted.form = match (parameter("as"), parameter("g"), parameter("v")) {
                ("", ..) => Form::Object,
                ("Table", "meta.k8s.io", "v1") => Form::Table,
                ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1") => {
                    Form::Metadata
                }
                ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => {
                    accepted.aggregated = true;
                    Form::Object
                }
                _ => continue,
            };
            return Ok(accepted);
        }
        if protobuf {
            accepted.protobuf_only = true;
            return Ok(accepted);
        }
        Err(not_acceptable())
    }
}

/// 406.
pub(crate) fn not_acceptable() -> Box<Status> {
    Status::new(
        http::StatusCode::NOT_ACCEPTABLE,
        "NotAcceptable",
        "only the following media types are accepted: application/json, application/yaml",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &str) -> Result<Accepted> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, text.parse().unwrap());
        Accepted::parse(&headers, &Query::parse(""))
    }

    #[test]
    fn the_first_form_that_there_is_counts() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(accept(table).unwrap().form, Form::Table);
        assert_eq!(
            accept("application/json;as=Table;v=v9;g=meta.k8s.io,application/json").unwrap().form,
            Form::Object
        );
        assert_eq!(
            accept("application/vnd.kubernetes.protobuf,application/json").unwrap().form,
            Form::Object
        );
        assert_eq!(accept("image/png").unwrap_err().code, 406);
    }
}
