//! Users and groups as `chown` and `chgrp` are given them.

use crate::{commands::Cx, libc::passwd};

/// What `USER[:GROUP]` means.
pub(super) type Owner = (Option<u32>, Option<u32>);

/// Reads `USER`, `USER:GROUP`, `USER:`, `:GROUP`. The error is what is unknown.
pub(super) fn parse(cx: &Cx, text: &[u8]) -> Result<Owner, String> {
    let whole = String::from_utf8_lossy(text).into_owned();
    let gnu = cx.is_gnu();
    let number = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| text.parse::<u32>().ok());
    let separator =
        text.iter().position(|byte| *byte == b':').or_else(|| text.iter().position(|byte| *byte == b'.'));
    let (user, group) = match separator {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let mut gid_of_user = None;
    let uid = if user.is_empty() {
        None
    } else if let Some(known) = passwd::user_named(&cx.process, user) {
        gid_of_user = Some(known.gid);
        Some(known.uid)
    } else {
        let unknown = || match (gnu, group) {
            (true, _) => format!("invalid user: '{whole}'"),
            (false, None) => format!("unknown user {whole}"),
            (false, Some(_)) => format!("unknown user/group {whole}"),
        };
        Some(number(user).ok_or_else(unknown)?)
    };
    let gid = match group {
        None => None,
        Some(b"") => gid_of_user,
        Some(group) => Some(self::group(cx, group).ok_or_else(|| match (gnu, user.is_empty()) {
            (true, _) => format!("invalid group: '{whole}'"),
            (false, true) => format!("unknown group {}", String::from_utf8_lossy(group)),
            (false, false) => format!("unknown user/group {whole}"),
        })?),
    };
    Ok((uid, gid))
}

/// A group by its name or number.
pub(super) fn group(cx: &Cx, text: &[u8]) -> Option<u32> {
    passwd::group_named(&cx.process, text).or_else(|| std::str::from_utf8(text).ok()?.parse().ok())
}
