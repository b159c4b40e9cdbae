//! Who makes a request: the administrator, or who a certificate, a token or an impersonation says.

use std::sync::Arc;

use http::{StatusCode, header, request::Parts};
use sha2::{Digest, Sha256};

use crate::{
    access::{self, Action},
    authority::ClientCertificate,
    caller::Caller,
    server::Server,
    status::{Result, Status},
    tokens::Claims,
};

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";

/// How many groups a request may name.
const GROUPS: usize = 64;

/// Who comes to the API without credentials.
#[derive(Clone, Debug)]
pub(crate) enum Door {
    /// The administrator: whoever finds the door may come in.
    Open,
    /// Nobody in particular. The administrator shows this token, if there is one.
    Guarded(Option<Arc<str>>),
}

/// Finds out who it is.
///
/// # Errors
///
/// 401 for a certificate or token that is not good, 403 for an impersonation that is not allowed.
pub(super) fn of(server: &Server, door: &Door, parts: &Parts) -> Result<Caller> {
    let headers = &parts.headers;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let caller = authenticated(server, door, parts.extensions.get(), text(header::AUTHORIZATION.as_str()))?;
    let groups: Vec<&str> =
        headers.get_all(GROUP).iter().filter_map(|value| value.to_str().ok()).take(GROUPS).collect();
    let user = text(USER);
    if user.is_empty() {
        if !groups.is_empty() || !text(UID).is_empty() {
            return Err(Status::bad_request("requested groups without impersonating a user"));
        }
        return Ok(caller);
    }
    impersonate(server, &caller, user, text(UID), &groups)
}

/// One good credential is enough; a bad one is worse than none.
fn authenticated(
    server: &Server,
    door: &Door,
    certificate: Option<&ClientCertificate>,
    authorization: &str,
) -> Result<Caller> {
    let mut refused = false;
    if let Some(certificate) = certificate {
        match server.authority.caller(&certificate.0, server.env.clock.now()) {
            Ok(caller) => return Ok(caller),
            Err(_) => refused = true,
        }
    }
    if let Some((scheme, token)) = authorization.split_once(' ')
        && scheme.eq_ignore_ascii_case("bearer")
    {
        let token = token.trim();
        if let Door::Guarded(Some(secret)) = door
            && same(secret, token)
        {
            return Ok(Caller::administrator());
        }
        return bearer(server, token).map(|(caller, _)| caller).map_err(|_| unauthorized());
    }
    match door {
        _ if refused => Err(unauthorized()),
        Door::Open => Ok(Caller::administrator()),
        Door::Guarded(_) => Ok(Caller::anonymous()),
    }
}

/// Compares secrets without telling by the time it takes how much of them is right.
fn same(one: &str, other: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    digest(one) == digest(other)
}

fn unauthorized() -> Box<Status> {
    Status::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
}

/// Whom a token stands for, and what it says.
///
/// # Errors
///
/// Why it is not good.
pub(super) fn bearer(server: &Server, token: &str) -> std::result::Result<(Caller, Claims), String> {
    let claims = server.tokens.check(token, server.env.clock.now())?;
    let bound = &claims.kubernetes;
    let exists = |storage: &str, name: &str, uid: &str| {
        server.store.get(storage, &bound.namespace, name).is_some_and(|object| object.uid() == uid)
    };
    let account = &bound.serviceaccount;
    if !exists("serviceaccounts", &account.name, &account.uid) {
        return Err("service account token has been invalidated".to_owned());
    }
    if let Some(pod) = &bound.pod
        && !exists("pods", &pod.name, &pod.uid)
    {
        return Err("service account token has been invalidated".to_owned());
    }
    let caller = Caller {
        name: claims.sub.clone(),
        uid: account.uid.clone(),
        groups: account_groups(&bound.namespace),
    };
    Ok((caller, claims))
}

fn account_groups(namespace: &str) -> Vec<String> {
    vec![
        "system:serviceaccounts".to_owned(),
        format!("system:serviceaccounts:{namespace}"),
        "system:authenticated".to_owned(),
    ]
}

fn impersonate(server: &Server, caller: &Caller, user: &str, uid: &str, groups: &[&str]) -> Result<Caller> {
    let account = user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let allowed = |resource: &str, namespace: &str, name: &str| {
        let action = Action {
            verb: "impersonate".into(),
            resource: resource.into(),
            namespace: namespace.into(),
            name: name.into(),
            ..Action::default()
        };
        access::authorize(server, caller, &action)
    };
    match account {
        Some((namespace, name)) => allowed("serviceaccounts", namespace, name)?,
        None => allowed("users", "", user)?,
    }
    groups.iter().try_for_each(|group| allowed("groups", "", group))?;
    let mut all: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    match account {
        Some((namespace, _)) if all.is_empty() => all = account_groups(namespace),
        _ if user == "system:anonymous" => all.push("system:unauthenticated".into()),
        _ if !all.iter().any(|group| group == "system:authenticated") => {
            all.push("system:authenticated".into())
        }
        _ => {}
    }
    Ok(Caller { name: user.to_owned(), uid: uid.to_owned(), groups: all })
}
