//! Where a check looks: Pods, containers, ports.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

/// A Pod: by its name, or, where a controller names it, by its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodRef {
    /// The Pod of this name: `pod: mc1`.
    Name(String),
    /// One of the Pods with these labels: `pod: {selector: app=web}`.
    Selector(String),
}

impl PodRef {
    /// The Pod's name, where the exercise fixes it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Selector(_) => None,
        }
    }

    pub(super) fn expects(&self) -> Vec<(String, String)> {
        self.name().map(|name| ("Pod".to_owned(), name.to_owned())).into_iter().collect()
    }
}

impl fmt::Display for PodRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "Pod {name}"),
            Self::Selector(selector) => write!(f, "the Pod with {selector}"),
        }
    }
}

impl<'de> Deserialize<'de> for PodRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PodVisitor;
        impl<'de> Visitor<'de> for PodVisitor {
            type Value = PodRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a Pod's name, or {selector: LABELS}")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<PodRef, E> {
                Ok(PodRef::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PodRef, A::Error> {
                match map.next_entry::<String, String>()? {
                    Some((key, selector)) if key == "selector" => Ok(PodRef::Selector(selector)),
                    _ => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
                }
            }
        }
        deserializer.deserialize_any(PodVisitor)
    }
}

/// A container of a Pod.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Container {
    /// The Pod.
    pub pod: PodRef,
    /// The container; without it, the Pod's only one.
    pub container: Option<String>,
}

/// A port: its number, or the name that the Pod or the Service gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// `port: 80`
    Number(u16),
    /// `port: http`
    Name(String),
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PortVisitor;
        impl Visitor<'_> for PortVisitor {
            type Value = Port;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port's number (1 to 65535) or name")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Port, E> {
                match u16::try_from(number) {
                    Ok(number) if number > 0 => Ok(Port::Number(number)),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(number), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Port, E> {
                Ok(Port::Name(name.to_owned()))
            }
        }
        deserializer.deserialize_any(PortVisitor)
    }
}

/// Which of a Pod and a Service is meant: exactly one must be given.
pub(super) fn one_of_pod_and_service(pod: Option<&PodRef>, service: Option<&String>) -> Option<String> {
    match (pod, service) {
        (Some(_), None) | (None, Some(_)) => None,
        _ => Some("give either `pod` or `service`".to_owned()),
    }
}

/// The objects that a request to a Pod or a Service expects.
pub(super) fn expected(pod: Option<&PodRef>, service: Option<&String>) -> Vec<(String, String)> {
    let service = service.map(|name| ("Service".to_owned(), name.clone()));
    pod.map(PodRef::expects).unwrap_or_default().into_iter().chain(service).collect()
}
