//! CertificateSigningRequests.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells;
use crate::{
    access::{self, Action},
    authority,
    object::{object_at, text_at},
    resource::{
        Context, Strategy,
        columns::{Column, or_none},
    },
    status::{Result, Status},
    validation::{ErrorList, Path, metadata::NameRule, names},
};

/// The signer of certificates for users of the API.
pub(crate) const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";

const GROUP: &str = "certificates.k8s.io";
const RESOURCE: &str = "certificatesigningrequests";

/// Every usage that a certificate can have (`KeyUsage` of `certificates.k8s.io/v1`).
const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

/// The shortest life of a certificate, in seconds.
const SHORTEST: i64 = 600;

#[derive(Debug)]
pub(crate) struct CertificateSigningRequestStrategy;

impl Strategy for CertificateSigningRequestStrategy {
    fn has_status(&self) -> bool {
        true
    }

    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    /// Who asks for a certificate is not the asker's to say.
    fn prepare_create(&self, cx: Context<'_>, object: &mut Value) -> Result<()> {
        let caller = &cx.request.caller;
        let spec = object_at(object, "spec");
        spec.insert("username".into(), json!(caller.name));
        spec.insert("groups".into(), json!(caller.groups));
        if caller.uid.is_empty() {
            spec.remove("uid");
        } else {
            spec.insert("uid".into(), json!(caller.uid));
        }
        object["status"] = json!({});
        refuse_masters(object)
    }

    /// A request stays what it was; approving is for those who may approve its signer's.
    fn prepare_update(&self, cx: Context<'_>, object: &mut Value, old: &Value) -> Result<()> {
        object["spec"] = old.get("spec").cloned().unwrap_or_default();
        if cx.request.subresource == "approval" {
            may_approve(cx, object)?;
            match old.pointer("/status/certificate") {
                Some(certificate) => object["status"]["certificate"] = certificate.clone(),
                None => drop(object_at(object, "status").remove("certificate")),
            }
        }
        let conditions = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
        for condition in conditions.into_iter().flatten().filter_map(Value::as_object_mut) {
            for field in ["lastTransitionTime", "lastUpdateTime"] {
                let missing = condition.get(field).is_none_or(Value::is_null);
                if missing {
                    condition.insert(field.into(), json!(cx.server.now()));
                }
            }
        }
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = Path::new("spec");
        let request = text_at(object, "/spec/request");
        if let Err(why) = authority::Request::parse(&STANDARD.decode(request).unwrap_or_default()) {
            errors.invalid(&spec.child("request"), request, &why);
        }
        validate_usages(object, &spec.child("usages"), errors);
        validate_signer(text_at(object, "/spec/signerName"), &spec.child("signerName"), errors);
        let lasts = object.pointer("/spec/expirationSeconds").and_then(Value::as_i64);
        if let Some(lasts) = lasts.filter(|lasts| *lasts < SHORTEST) {
            let why = "may not specify a duration less than 600 seconds (10 minutes)";
            errors.invalid(&spec.child("expirationSeconds"), lasts, why);
        }
        Ok(())
    }

    fn validate_update(
        &self,
        _cx: Context<'_>,
        object: &Value,
        _old: &Value,
        errors: &mut ErrorList,
    ) -> Result<()> {
        validate_conditions(object, &Path::new("status").child("conditions"), errors);
        Ok(())
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        (field == "spec.signerName").then(|| text_at(object, "/spec/signerName").to_owned())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 6] = [
            Column::NAME,
            Column::AGE,
            Column::text("SignerName"),
            Column::text("Requestor"),
            Column::text("RequestedDuration"),
            Column::text("Condition"),
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
        let has = |kind: &str| conditions.into_iter().flatten().any(|c| text_at(c, "/type") == kind);
        let mut state = match () {
            () if has("Denied") => "Denied".to_owned(),
            () if has("Approved") => "Approved".to_owned(),
            () => "Pending".to_owned(),
        };
        if has("Failed") {
            state.push_str(",Failed");
        }
        if !text_at(object, "/status/certificate").is_empty() {
            state.push_str(",Issued");
        }
        let lasts = object.pointer("/spec/expirationSeconds").and_then(Value::as_i64);
        vec![
            cells::name(object),
            cells::age(object, now),
            json!(or_none(text_at(object, "/spec/signerName"))),
            cells::text(object, "/spec/username"),
            json!(lasts.map_or("<none>".to_owned(), crate::resource::columns::duration)),
            json!(state),
        ]
    }
}

/// Nobody becomes an administrator by a certificate (the admission plugin CertificateSubjectRestriction).
fn refuse_masters(object: &Value) -> Result<()> {
    let request = STANDARD.decode(text_at(object, "/spec/request")).unwrap_or_default();
    let Ok(request) = authority::Request::parse(&request) else { return Ok(()) };
    let masters = request.organizations().iter().any(|group| group == access::MASTERS);
    if !masters || text_at(object, "/spec/signerName") != CLIENT_SIGNER {
        return Ok(());
    }
    let why = format!("use of {CLIENT_SIGNER} signer with {} group is not allowed", access::MASTERS);
    Err(Status::forbidden(GROUP, RESOURCE, text_at(object, "/metadata/name"), &why))
}

/// The admission plugin CertificateApproval: approving takes the right to approve for the signer, or for all of its
/// domain.
fn may_approve(cx: Context<'_>, object: &Value) -> Result<()> {
    let signer = text_at(object, "/spec/signerName");
    let domain = signer.split_once('/').map_or(signer, |(domain, _)| domain);
    let allowed = [signer, &format!("{domain}/*")].iter().any(|name| {
        let action = Action {
            verb: "approve".into(),
            group: GROUP.into(),
            resource: "signers".into(),
            name: (*name).into(),
            ..Action::default()
        };
        access::decide(cx.server, &cx.request.caller, &action).allowed
    });
    if allowed {
        return Ok(());
    }
    let why = format!("user not permitted to approve requests with signerName {signer:?}");
    Err(Status::forbidden(GROUP, RESOURCE, text_at(object, "/metadata/name"), &why))
}

fn validate_usages(object: &Value, path: &Path, errors: &mut ErrorList) {
    let usages = object.pointer("/spec/usages").and_then(Value::as_array);
    let usages: Vec<&str> = usages.into_iter().flatten().filter_map(Value::as_str).collect();
    if usages.is_empty() {
        errors.required(path, "");
    }
    for (i, usage) in usages.iter().enumerate() {
        if !USAGES.contains(usage) {
            errors.not_supported(&path.index(i), usage, &USAGES);
        }
    }
    for (i, usage) in usages.iter().enumerate() {
        if usages[..i].contains(usage) {
            errors.duplicate(&path.index(i), usage);
        }
    }
}

/// `DOMAIN/PATH`, a name that a certificate's reader can rely on.
fn validate_signer(signer: &str, path: &Path, errors: &mut ErrorList) {
    if signer.is_empty() {
        errors.required(path, "");
        return;
    }
    if signer == "kubernetes.io/legacy-unknown" {
        errors.invalid(path, signer, "the legacy signerName is not allowed via this API version");
        return;
    }
    let Some((domain, name)) = signer.split_once('/').filter(|(_, name)| !name.contains('/')) else {
        let why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        errors.invalid(path, signer, why);
        return;
    };
    errors.invalid_each(path, domain, &names::dns_subdomain(domain));
    if !domain.contains('.') {
        errors.invalid(path, domain, "should be a domain with at least two segments separated by dots");
    }
    errors.invalid_each(path, name, &names::dns_subdomain(name));
}

fn validate_conditions(object: &Value, path: &Path, errors: &mut ErrorList) {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let conditions: Vec<&Value> = conditions.into_iter().flatten().collect();
    let decided = |kind: &str| conditions.iter().any(|condition| text_at(condition, "/type") == kind);
    for (i, condition) in conditions.iter().enumerate() {
        let (at, kind, status) = (path.index(i), text_at(condition, "/type"), text_at(condition, "/status"));
        if kind.is_empty() {
            errors.required(&at.child("type"), "");
        }
        let statuses: &[&str] = match kind {
            "Approved" | "Denied" | "Failed" => &["True"],
            _ => &["False", "True", "Unknown"],
        };
        if status.is_empty() {
            errors.required(&at.child("status"), "");
        } else if !statuses.contains(&status) {
            errors.not_supported(&at.child("status"), status, statuses);
        }
        if matches!(kind, "Approved" | "Denied") && decided("Approved") && decided("Denied") {
            let why = "Approved and Denied conditions are mutually exclusive";
            errors.invalid(&at.child("type"), kind, why);
        }
        if conditions[..i].iter().any(|other| text_at(other, "/type") == kind) {
            errors.duplicate(&at.child("type"), kind);
        }
    }
}
