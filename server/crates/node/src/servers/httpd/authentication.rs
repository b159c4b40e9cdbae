//! Names and passwords (`mod_auth_basic`, `mod_authn_file`).

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{kernel::process::Process, libc::crypt, servers::listening::Request};

/// The largest file of users.
const MAX_FILE: usize = 1 << 20;

/// Why somebody is not let in.
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) level: &'static str,
    /// For the log of errors; `{path}` stands for what was asked for.
    pub(super) message: Option<String>,
}

fn refusal(status: u16, level: &'static str, message: impl Into<String>) -> Refusal {
    Refusal { status, level, message: Some(message.into()) }
}

/// Who proves to be one of `users` (anybody whom the file knows, where there are none).
pub(super) async fn authenticate(
    process: &Process,
    request: &Request,
    users: &[String],
    file: Option<&str>,
) -> Result<String, Refusal> {
    let given = request.head.headers.get("authorization").and_then(|value| {
        let text = String::from_utf8(STANDARD.decode(value.strip_prefix("Basic ")?.trim()).ok()?).ok()?;
        let (name, password) = text.split_once(':')?;
        Some((name.to_owned(), password.to_owned()))
    });
    // Whoever says nothing is asked, and nothing is said about it.
    let Some((name, password)) = given else {
        return Err(Refusal { status: 401, level: "auth_basic:error", message: None });
    };
    let Some(file) = file else {
        return Err(refusal(
            500,
            "authn_file:error",
            "AH01619: AuthUserFile not specified in the configuration",
        ));
    };
    let text = match process.read_file(file.as_bytes(), MAX_FILE).await {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(errno) => {
            let reason = process.text(errno);
            let message =
                format!("({}){reason}: AH01620: Could not open password file: {file}", errno.number());
            return Err(refusal(500, "authn_file:error", message));
        }
    };
    let noted = text.lines().find_map(|line| line.strip_prefix(&name)?.strip_prefix(':'));
    let Some(noted) = noted else {
        return Err(refusal(401, "auth_basic:error", format!("AH01618: user {name} not found: {{path}}")));
    };
    process.work(crypt::work(noted)).await;
    if !crypt::verify(&password, noted) {
        let message =
            format!("AH01617: user {name}: authentication failure for \"{{path}}\": Password Mismatch");
        return Err(refusal(401, "auth_basic:error", message));
    }
    if !users.is_empty() && !users.contains(&name) {
        let message = format!("AH01631: user {name}: authorization failure for \"{{path}}\": ");
        return Err(refusal(401, "authz_core:error", message));
    }
    Ok(name)
}
