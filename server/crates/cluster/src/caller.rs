//! Who makes a request.

/// An authenticated user, as `user.Info` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user's name.
    pub name: String,
    /// The user's uid, where there is one.
    pub uid: String,
    /// The groups that the user is in.
    pub groups: Vec<String>,
}

impl Caller {
    /// The person who owns the cluster.
    pub fn administrator() -> Self {
        Self {
            name: "kubernetes-admin".into(),
            uid: String::new(),
            groups: vec!["system:masters".into(), "system:authenticated".into()],
        }
    }

    /// Somebody who has shown no credentials.
    pub fn anonymous() -> Self {
        Self {
            name: "system:anonymous".into(),
            uid: String::new(),
            groups: vec!["system:unauthenticated".into()],
        }
    }

    /// A component of the control plane, or a kubelet (`system:node:NAME`).
    pub fn component(name: &str) -> Self {
        let mut groups = vec!["system:authenticated".to_owned()];
        if name.starts_with("system:node:") {
            groups.insert(0, "system:nodes".into());
        } else if name == "system:apiserver" {
            // The API server itself, which grants the first roles.
            groups.insert(0, "system:masters".into());
        }
        Self { name: name.into(), uid: String::new(), groups }
    }
}
