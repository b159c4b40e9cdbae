//! Who may do what: role-based access control.
//!
//! - [`rbac`]: what the Roles and their bindings allow
//! - [`escalation`]: that nobody grants what they do not have
//! - [`bootstrap`]: the ones that every cluster has

pub(crate) mod bootstrap;
pub(crate) mod escalation;
pub(crate) mod rbac;

use std::fmt::Write;

use crate::{
    caller::Caller,
    server::Server,
    status::{Result, Status},
};

/// The group whose members may do everything, whatever the Roles say.
pub(crate) const MASTERS: &str = "system:masters";

/// What somebody wants to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// A path that is no resource's (`/metrics`); the fields of resources are empty then.
    pub(crate) path: String,
}

impl Action {
    /// `pods/log`.
    fn whole_resource(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.clone(),
            subresource => format!("{}/{subresource}", self.resource),
        }
    }
}

/// Whether an action is allowed, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) allowed: bool,
    pub(crate) reason: String,
}

/// Decides whether somebody may do something.
pub(crate) fn decide(server: &Server, caller: &Caller, action: &Action) -> Decision {
    if caller.groups.iter().any(|group| group == MASTERS) {
        return Decision { allowed: true, reason: String::new() };
    }
    match rbac::allowed_by(&server.store, caller, action) {
        Some(reason) => Decision { allowed: true, reason },
        None => Decision { allowed: false, reason: String::new() },
    }
}

/// Lets an action pass or refuses it.
///
/// # Errors
///
/// 403 in the real server's words.
pub(crate) fn authorize(server: &Server, caller: &Caller, action: &Action) -> Result<()> {
    if decide(server, caller, action).allowed { Ok(()) } else { Err(refusal(caller, action)) }
}

fn refusal(caller: &Caller, action: &Action) -> Box<Status> {
    let mut why = format!("User {:?} cannot {} ", caller.name, action.verb);
    // Writing to a String does not fail.
    if action.resource.is_empty() {
        let _ = write!(why, "path {:?}", action.path);
        return Status::forbidden("", "", "", &why);
    }
    let _ = write!(why, "resource {:?} in API group {:?}", action.whole_resource(), action.group);
    let _ = match action.namespace.as_str() {
        "" => write!(why, " at the cluster scope"),
        namespace => write!(why, " in the namespace {namespace:?}"),
    };
    Status::forbidden(&action.group, &action.resource, &action.name, &why)
}
