//! Who a container runs as and what it may do: the Pod's security context and its own, put together.

use k8s_openapi::api::core::v1::{Container, LinuxContainerUser, PodSecurityContext, SecurityContext};
use podlab_node::{Security, User};

use crate::{go_text, kubelet::pod::Manifest};

/// The container's security for the runtime.
///
/// # Errors
///
/// Where `runAsNonRoot` forbids the user that the container would have.
pub(crate) fn security(
    manifest: &Manifest,
    container: &Container,
    image_user: &str,
) -> Result<Security, String> {
    let pod = manifest.spec().security_context.clone().unwrap_or_default();
    let own = container.security_context.clone().unwrap_or_default();
    let run_as = own.run_as_user.or(pod.run_as_user);
    check_non_root(manifest, container, &pod, &own, image_user)?;
    let privileged = own.privileged == Some(true);
    let profile = own.seccomp_profile.as_ref().or(pod.seccomp_profile.as_ref());
    let filtered = profile.is_some_and(|profile| profile.type_ != "Unconfined") && !privileged;
    let capabilities = own.capabilities.unwrap_or_default();
    Ok(Security {
        user: run_as.and_then(|id| u32::try_from(id).ok()).map(User::Id),
        group: own.run_as_group.or(pod.run_as_group).and_then(|id| u32::try_from(id).ok()),
        supplemental_groups: supplemental_groups(&pod),
        read_only_root: own.read_only_root_filesystem == Some(true),
        privileged,
        no_new_privileges: own.allow_privilege_escalation == Some(false),
        seccomp_filter: filtered,
        add_capabilities: capabilities.add.unwrap_or_default(),
        drop_capabilities: capabilities.drop.unwrap_or_default(),
    })
}

fn supplemental_groups(pod: &PodSecurityContext) -> Vec<u32> {
    let groups = pod.supplemental_groups.iter().flatten().chain(&pod.fs_group);
    groups.filter_map(|group| u32::try_from(*group).ok()).collect()
}

/// The group that owns volumes of the Pod.
pub(crate) fn volume_group(manifest: &Manifest) -> Option<u32> {
    let group = manifest.spec().security_context.as_ref()?.fs_group?;
    u32::try_from(group).ok()
}

fn check_non_root(
    manifest: &Manifest,
    container: &Container,
    pod: &PodSecurityContext,
    own: &SecurityContext,
    image_user: &str,
) -> Result<(), String> {
    if own.run_as_non_root.or(pod.run_as_non_root) != Some(true) {
        return Ok(());
    }
    let place = format!("(pod: {}, container: {})", go_text::quote(&manifest.full_name()), container.name);
    match own.run_as_user.or(pod.run_as_user) {
        Some(0) => Err(format!("container's runAsUser breaks non-root policy {place}")),
        Some(_) => Ok(()),
        None => match user_part(image_user) {
            "" | "0" => Err(format!("container has runAsNonRoot and image will run as root {place}")),
            user if user.parse::<u32>().is_ok() => Ok(()),
            user => Err(format!(
                "container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is \
                 non-root {place}"
            )),
        },
    }
}

/// The user of an image's `user:group`.
fn user_part(image_user: &str) -> &str {
    image_user.split(':').next().unwrap_or_default()
}

/// The user as the container's status shows it; `None` where only the image knows its number.
pub(crate) fn status_user(security: &Security, image_user: &str) -> Option<LinuxContainerUser> {
    let (user, group) = image_user.split_once(':').unwrap_or((image_user, ""));
    let number = |text: &str| if text.is_empty() || text == "root" { Some(0) } else { text.parse().ok() };
    let uid = match &security.user {
        Some(User::Id(id)) => *id,
        Some(User::Name(name)) => number(name)?,
        None => number(user)?,
    };
    let gid = match security.group {
        Some(group) => group,
        None => number(group)?,
    };
    let mut groups: Vec<i64> =
        [gid].iter().chain(&security.supplemental_groups).map(|group| i64::from(*group)).collect();
    groups.sort_unstable();
    groups.dedup();
    Some(LinuxContainerUser { uid: uid.into(), gid: gid.into(), supplemental_groups: Some(groups) })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(pod: Value, own: Value, image_user: &str) -> Result<Option<LinuxContainerUser>, String> {
        let pod = json!({"metadata": {"name": "p", "namespace": "ns", "uid": "u"}, "spec": {
            "securityContext": pod, "containers": [{"name": "c", "securityContext": own}]}});
        let manifest = Manifest::new(serde_json::from_value(pod).unwrap());
        let security = security(&manifest, &manifest.regular()[0], image_user)?;
        Ok(status_user(&security, image_user))
    }

    #[test]
    fn the_containers_own_context_wins_and_groups_add_up() {
        let user = of(
            json!({"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 4000}),
            json!({"runAsUser": 2000}),
            "",
        );
        let user = user.unwrap().unwrap();
        assert_eq!((user.uid, user.gid), (2000, 3000));
        assert_eq!(user.supplemental_groups, Some(vec![3000, 4000]));
    }

    #[test]
    fn run_as_non_root_is_checked_against_the_user_and_the_image() {
        let error = |pod: Value, image| of(pod, json!({}), image).unwrap_err();
        assert_eq!(
            error(json!({"runAsNonRoot": true}), ""),
            "container has runAsNonRoot and image will run as root (pod: \"p_ns(u)\", container: c)"
        );
        assert!(error(json!({"runAsNonRoot": true}), "nginx").contains("image has non-numeric user (nginx)"));
        assert!(error(json!({"runAsNonRoot": true, "runAsUser": 0}), "1").contains("breaks non-root policy"));
        assert!(of(json!({"runAsNonRoot": true}), json!({}), "101:101").is_ok());
    }
}
