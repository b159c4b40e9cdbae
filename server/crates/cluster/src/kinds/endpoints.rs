//! Endpoints and EndpointSlices.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{cells, defaults};
use crate::{
    object::text_at,
    resource::{Context, Generation, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path},
};

/// How many are shown before `+ N more...`.
const SHOWN: usize = 3;

fn array<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn shortened(mut list: Vec<String>) -> String {
    if list.is_empty() {
        return "<none>".into();
    }
    let more = list.len().saturating_sub(SHOWN);
    list.truncate(SHOWN);
    let text = list.join(",");
    if more == 0 { text } else { format!("{text} + {more} more...") }
}

#[derive(Debug)]
pub(crate) struct EndpointsStrategy;

impl Strategy for EndpointsStrategy {
    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn set_defaults(&self, object: &mut Value) {
        let Some(root) = object.as_object_mut() else { return };
        for subset in defaults::objects(root, "subsets") {
            for port in defaults::objects(subset, "ports") {
                defaults::set(port, "protocol", "TCP");
            }
        }
    }

    fn deprecated(&self) -> Option<&str> {
        Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 3] = [Column::NAME, Column::text("Endpoints"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let mut list = Vec::new();
        for subset in array(object, "/subsets") {
            let ports = array(subset, "/ports");
            for address in array(subset, "/addresses") {
                let ip = text_at(address, "/ip");
                if ports.is_empty() {
                    list.push(ip.to_owned());
                }
                for port in ports {
                    let number = port.get("port").and_then(Value::as_i64).unwrap_or(0);
                    list.push(format!("{ip}:{number}"));
                }
            }
        }
        vec![cells::name(object), json!(shortened(list)), cells::age(object, now)]
    }
}

#[derive(Debug)]
pub(crate) struct EndpointSliceStrategy;

impl Strategy for EndpointSliceStrategy {
    fn generation(&self) -> Generation {
        Generation::OfAll
    }

    fn set_defaults(&self, object: &mut Value) {
        let Some(root) = object.as_object_mut() else { return };
        for port in defaults::objects(root, "ports") {
            for (field, value) in [("name", ""), ("protocol", "TCP")] {
                if !port.contains_key(field) {
                    port.insert(field.into(), json!(value));
                }
            }
        }
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let kind = text_at(object, "/addressType");
        const TYPES: [&str; 3] = ["FQDN", "IPv4", "IPv6"];
        let path = Path::new("addressType");
        if kind.is_empty() {
            errors.required(&path, "");
        } else if !TYPES.contains(&kind) {
            errors.not_supported(&path, kind, &TYPES);
        }
        for (i, endpoint) in array(object, "/endpoints").iter().enumerate() {
            if array(endpoint, "/addresses").is_empty() {
                let path = Path::new("endpoints").index(i).child("addresses");
                errors.required(&path, "must contain at least 1 address");
            }
        }
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 5] = [
            Column::NAME,
            Column::text("AddressType"),
            Column::text("Ports"),
            Column::text("Endpoints"),
            Column::AGE,
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let ports: Vec<String> = array(object, "/ports")
            .iter()
            .map(|port| match port.get("port").and_then(Value::as_i64) {
                Some(number) => number.to_string(),
                None => "*".into(),
            })
            .collect();
        let ports = if ports.is_empty() { "<unset>".to_owned() } else { shortened(ports) };
        let addresses: Vec<String> = array(object, "/endpoints")
            .iter()
            .flat_map(|endpoint| array(endpoint, "/addresses"))
            .filter_map(|address| address.as_str().map(str::to_owned))
            .collect();
        let addresses = if addresses.is_empty() { "<unset>".to_owned() } else { shortened(addresses) };
        vec![
            cells::name(object),
            cells::text(object, "/addressType"),
            json!(ports),
            json!(addresses),
            cells::age(object, now),
        ]
    }
}
