//! Objects as the Go structs that they are in Kubernetes: what Go prints of a struct is part of the API's behaviour, in
//! the hash that names a ReplicaSet ([`spew`]) and in the messages that show what may not change ([`internal`]).

mod internal;
mod line_diff;
mod spew;

pub(crate) use self::internal::{compact, difference};
pub(crate) use self::spew::hash;

use std::borrow::Cow;

use crate::schema::{Field, Presence, Shape, Type, TypeRef};

/// A field of a Go struct.
enum Member<'t> {
    Own(&'t Field),
    /// A struct whose fields JSON shows among the outer one's.
    Embedded(&'t TypeRef),
}

/// The fields of a struct in the order of its declaration.
fn members(of: &Type) -> Vec<Member<'_>> {
    let embedded = |field: &Field| {
        field.number == 0 && of.inlined.iter().any(|(_, inner)| inner.get().field(&field.name).is_some())
    };
    let mut members: Vec<_> = of
        .fields
        .iter()
        .filter(|field| !embedded(field))
        .map(|field| (field.number, Member::Own(field)))
        .collect();
    for (number, inner) in &of.inlined {
        let at = members.iter().position(|(own, _)| own > number).unwrap_or(members.len());
        members.insert(at, (*number, Member::Embedded(inner)));
    }
    members.into_iter().map(|(_, member)| member).collect()
}

/// Whether the field is a struct itself, not a pointer to one.
fn by_value(of: &Type, field: &Field) -> bool {
    match (&field.shape, field.presence) {
        (_, Presence::Keep) => false,
        (_, Presence::Struct | Presence::Always | Presence::OmitZero) => true,
        (Shape::Quantity, _) => of.go_name() == "ResourceFieldSelector",
        (Shape::Time, _) => &*field.name == "creationTimestamp",
        (Shape::IntOrString, _) => of.go_name() == "ServicePort",
        (Shape::Object(_), _) => false,
        _ => true,
    }
}

/// The name of a field in Go.
fn go_name<'f>(of: &Type, field: &'f Field) -> Cow<'f, str> {
    let known = match (of.go_name(), &*field.name) {
        ("RBDVolumeSource", "monitors") => "CephMonitors",
        ("RBDVolumeSource", "image") => "RBDImage",
        ("RBDVolumeSource", "pool") => "RBDPool",
        ("RBDVolumeSource", "user") => "RadosUser",
        (_, "serviceAccount") => "DeprecatedServiceAccount",
        (_, "chapAuthDiscovery") => "DiscoveryCHAPAuth",
        (_, "chapAuthSession") => "SessionCHAPAuth",
        (_, "diskURI") => "DataDiskURI",
        (_, "pdName") => "PDName",
        (_, "storageos") => "StorageOS",
        (_, "cephfs") => "CephFS",
        (_, "wwids") => "WWIDs",
        (_, "metadata") => "ObjectMeta",
        (_, name) => {
            const ACRONYMS: [&str; 24] = [
                "api", "aws", "csi", "dns", "fc", "fs", "gce", "gmsa", "grpc", "http", "ip", "iqn", "iscsi",
                "nfs", "os", "rbd", "se", "ssl", "tcp", "tls", "tty", "ttl", "uid", "iscsi",
            ];
            let word = name.find(|c: char| c.is_ascii_uppercase()).unwrap_or(name.len());
            let (first, rest) = name.split_at(word);
            return Cow::Owned(if ACRONYMS.contains(&first) {
                format!("{}{rest}", first.to_ascii_uppercase())
            } else {
                let mut letters = first.chars();
                let capital: String = letters.next().map(|c| c.to_ascii_uppercase()).into_iter().collect();
                format!("{capital}{}{rest}", letters.as_str())
            });
        }
    };
    Cow::Borrowed(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_their_names_in_go() {
        let name = |of: &str, field: &str| {
            let of = TypeRef::builtin(of).unwrap();
            go_name(of.get(), of.get().field(field).unwrap()).into_owned()
        };
        assert_eq!(name("api.core.v1.PodSpec", "dnsPolicy"), "DNSPolicy");
        assert_eq!(name("api.core.v1.PodSpec", "hostIPC"), "HostIPC");
        assert_eq!(name("api.core.v1.PodSpec", "os"), "OS");
        assert_eq!(name("api.core.v1.VolumeSource", "awsElasticBlockStore"), "AWSElasticBlockStore");
        assert_eq!(name("api.core.v1.SecurityContext", "seLinuxOptions"), "SELinuxOptions");
        assert_eq!(name("api.core.v1.Container", "tty"), "TTY");
        assert_eq!(name("api.core.v1.Container", "stdinOnce"), "StdinOnce");
    }

    #[test]
    fn embedded_structs_stand_where_they_are_declared() {
        let order = |of: &str| -> Vec<String> {
            let of = TypeRef::builtin(of).unwrap();
            members(of.get())
                .iter()
                .map(|member| match member {
                    Member::Own(field) => field.name.to_string(),
                    Member::Embedded(inner) => inner.get().go_name().to_owned(),
                })
                .collect()
        };
        assert_eq!(order("api.core.v1.Volume"), ["name", "VolumeSource"]);
        assert_eq!(order("api.core.v1.Probe")[..2], ["ProbeHandler", "initialDelaySeconds"]);
        assert_eq!(
            order("api.core.v1.EphemeralContainer"),
            ["EphemeralContainerCommon", "targetContainerName"]
        );
    }
}
