//! Ingresses and their classes.

use jiff::Timestamp;
use k8s_openapi::api::networking::v1::{Ingress, IngressBackend, IngressSpec};
use serde_json::{Value, json};

use crate::{
    kinds::cells,
    object::{parse, text_at},
    resource::{
        Context, Generation, Strategy,
        columns::{Column, or_none},
    },
    status::Result,
    validation::{ErrorList, Path, names},
};

#[derive(Debug)]
pub(crate) struct IngressStrategy;

/// How many hosts the table names.
const HOSTS: usize = 3;

const PATH_TYPES: [&str; 3] = ["Exact", "ImplementationSpecific", "Prefix"];

impl Strategy for IngressStrategy {
    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn has_status(&self) -> bool {
        true
    }

    fn prepare_create(&self, _cx: Context<'_>, object: &mut Value) -> Result<()> {
        object["status"] = json!({ "loadBalancer": {} });
        Ok(())
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<Ingress>(object)?.spec.unwrap_or_default();
        validate(&spec, &Path::new("spec"), errors);
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 6] = [
            Column::NAME,
            Column::text("Class"),
            Column::text("Hosts"),
            Column::text("Address"),
            Column::text("Ports"),
            Column::AGE,
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let list = |pointer| object.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        let hosts: Vec<&str> =
            list("/spec/rules").map(|rule| text_at(rule, "/host")).filter(|h| !h.is_empty()).collect();
        let shown = match hosts.get(..HOSTS) {
            _ if hosts.is_empty() => "*".to_owned(),
            Some(first) if hosts.len() > HOSTS => {
                format!("{} + {} more...", first.join(","), hosts.len() - HOSTS)
            }
            _ => hosts.join(","),
        };
        let addresses: Vec<&str> = list("/status/loadBalancer/ingress")
            .map(|point| match text_at(point, "/ip") {
                "" => text_at(point, "/hostname"),
                ip => ip,
            })
            .collect();
        let secure = list("/spec/tls").next().is_some();
        vec![
            cells::name(object),
            json!(or_none(text_at(object, "/spec/ingressClassName"))),
            json!(shown),
            json!(addresses.join(",")),
            json!(if secure { "80, 443" } else { "80" }),
            cells::age(object, now),
        ]
    }
}

fn validate(spec: &IngressSpec, path: &Path, errors: &mut ErrorList) {
    let rules = spec.rules.as_deref().unwrap_or_default();
    if rules.is_empty() && spec.default_backend.is_none() {
        errors.invalid(path, &spec.rules, "either `defaultBackend` or `rules` must be specified");
    }
    if let Some(backend) = &spec.default_backend {
        validate_backend(backend, &path.child("defaultBackend"), errors);
    }
    for (i, rule) in rules.iter().enumerate() {
        let path = path.child("rules").index(i);
        if let Some(host) = rule.host.as_deref().filter(|host| !host.is_empty()) {
            validate_host(host, &path.child("host"), errors);
        }
        let Some(http) = &rule.http else { continue };
        let paths = path.child("http").child("paths");
        if http.paths.is_empty() {
            errors.required(&paths, "");
        }
        for (i, entry) in http.paths.iter().enumerate() {
            let at = paths.index(i);
            let given = entry.path.as_deref().unwrap_or_default();
            match entry.path_type.as_str() {
                "" => errors.required(&at.child("pathType"), "pathType must be specified"),
                "Exact" | "Prefix" => {
                    if !given.starts_with('/') {
                        errors.invalid(&at.child("path"), given, "must be an absolute path");
                    }
                    for part in ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|p| given.contains(p))
                    {
                        errors.invalid(&at.child("path"), given, &format!("must not contain '{part}'"));
                    }
                }
                "ImplementationSpecific" => {
                    if !given.is_empty() && !given.starts_with('/') {
                        errors.invalid(&at.child("path"), given, "must be an absolute path");
                    }
                }
                other => errors.not_supported(&at.child("pathType"), other, &PATH_TYPES),
            }
            validate_backend(&entry.backend, &at.child("backend"), errors);
        }
    }
    for (i, tls) in spec.tls.iter().flatten().enumerate() {
        for (j, host) in tls.hosts.iter().flatten().enumerate() {
            validate_host(host, &path.child("tls").index(i).child("hosts").index(j), errors);
        }
    }
    if let Some(class) = spec.ingress_class_name.as_deref() {
        errors.invalid_each(&path.child("ingressClassName"), class, &names::dns_subdomain(class));
    }
}

fn validate_host(host: &str, path: &Path, errors: &mut ErrorList) {
    if names::ip_address(host).is_empty() {
        return errors.invalid(path, host, "must be a DNS name, not an IP address");
    }
    match host.strip_prefix("*.") {
        Some(rest) => errors.invalid_each(path, host, &names::dns_subdomain(rest)),
        None => errors.invalid_each(path, host, &names::dns_subdomain(host)),
    }
}

fn validate_backend(backend: &IngressBackend, path: &Path, errors: &mut ErrorList) {
    match (&backend.service, &backend.resource) {
        (Some(_), Some(_)) => {
            errors.invalid(path, "", "cannot set both resource and service backends");
        }
        (None, None) => errors.required(path, "must specify exactly one of service or resource backend"),
        (None, Some(_)) => {}
        (Some(service), None) => {
            let at = path.child("service");
            if service.name.is_empty() {
                errors.required(&at.child("name"), "");
            } else {
                errors.invalid_each(&at.child("name"), &service.name, &names::dns_1035_label(&service.name));
            }
            let port = service.port.clone().unwrap_or_default();
            let at = at.child("port");
            match (port.name.as_deref().filter(|n| !n.is_empty()), port.number.filter(|n| *n != 0)) {
                (Some(_), Some(_)) => errors.invalid(&at, "", "cannot set both port name & port number"),
                (None, None) => errors.required(&at, "port name or number is required"),
                (Some(name), None) => errors.invalid_each(&at.child("name"), name, &names::port_name(name)),
                (None, Some(number)) => {
                    errors.invalid_each(&at.child("number"), number, &names::port_number(number.into()));
                }
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct IngressClassStrategy;

impl Strategy for IngressClassStrategy {
    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 4] =
            [Column::NAME, Column::text("Controller"), Column::text("Parameters"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let parameters =
            match (text_at(object, "/spec/parameters/kind"), text_at(object, "/spec/parameters/apiGroup")) {
                ("", _) => "<none>".to_owned(),
                (kind, "") => format!("{kind}/{}", text_at(object, "/spec/parameters/name")),
                (kind, group) => format!("{kind}.{group}/{}", text_at(object, "/spec/parameters/name")),
            };
        vec![
            cells::name(object),
            cells::text(object, "/spec/controller"),
            json!(parameters),
            cells::age(object, now),
        ]
    }
}
