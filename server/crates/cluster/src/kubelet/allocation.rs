//! What a node has given to its Pods, and whether it has room for what one of them asks for: when it arrives, and when
//! it is resized in place.
//!
//! See "Resize CPU and Memory Resources assigned to Containers" in Kubernetes' documentation.

use super::pod::Pending;
use crate::{pod_resources::Amounts, quantity::Quantity};

/// What can be short, as messages name it, in the order in which it is looked at.
const CHECKED: [&str; 2] = ["cpu", "memory"];

/// What a resource is counted in: thousandths of a processor, bytes.
fn amount(amounts: &Amounts, name: &str) -> i64 {
    let of = |quantity: &Quantity| if name == "cpu" { quantity.milli_value() } else { quantity.value() };
    amounts.get(name).map(of).unwrap_or_default()
}

/// Why there is no room beside what others `used`.
pub(super) struct Shortage {
    /// `cpu`, `memory` or `pods`.
    pub(super) resource: &'static str,
    pub(super) message: String,
}

/// Whether there is room for `wanted` (and one Pod more, of `pods` that are there) beside what others use.
pub(super) fn shortage(wanted: &Amounts, used: &Amounts, pods: usize, node: &Amounts) -> Option<Shortage> {
    let message = |resource, wanted: i64, used: i64, capacity: i64| Shortage {
        resource,
        message: format!(
            "Node didn't have enough resource: {resource}, requested: {wanted}, used: {used}, capacity: {capacity}"
        ),
    };
    let (pods, most) = (i64::try_from(pods).unwrap_or(i64::MAX), node.get("pods").map(|most| most.value()));
    if let Some(most) = most.filter(|most| pods >= *most) {
        return Some(message("pods", 1, pods, most));
    }
    CHECKED.into_iter().find_map(|name| {
        let (wanted, used, capacity) = (amount(wanted, name), amount(used, name), amount(node, name));
        (wanted > 0 && used.saturating_add(wanted) > capacity).then(|| message(name, wanted, used, capacity))
    })
}

/// Whether a Pod can be given `wanted` instead of what it has: not on this node at all, or not now.
pub(super) fn resize(wanted: &Amounts, used: &Amounts, node: &Amounts) -> Result<(), Pending> {
    // Memory is named first where both are too much.
    for name in CHECKED.into_iter().rev() {
        let (wanted, capacity) = (amount(wanted, name), amount(node, name));
        if wanted > capacity {
            let message = format!(
                "Node didn't have enough capacity: {name}, requested: {wanted}, capacity: {capacity}"
            );
            return Err(Pending { reason: "Infeasible", message });
        }
    }
    match shortage(wanted, used, 0, node) {
        Some(Shortage { message, .. }) => Err(Pending { reason: "Deferred", message }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(cpu: &str, memory: &str) -> Amounts {
        [("cpu", cpu), ("memory", memory), ("pods", "3")]
            .map(|(name, amount)| (name.to_owned(), amount.parse().unwrap()))
            .into()
    }

    #[test]
    fn a_pod_needs_room_beside_the_others() {
        let node = amounts("2", "1Gi");
        let short = |cpu, memory| shortage(&amounts(cpu, memory), &amounts("1500m", "512Mi"), 2, &node);
        assert!(short("500m", "512Mi").is_none());
        let cpu = short("501m", "1Gi").unwrap();
        assert_eq!(cpu.resource, "cpu");
        assert_eq!(
            cpu.message,
            "Node didn't have enough resource: cpu, requested: 501, used: 1500, capacity: 2000"
        );
        assert_eq!(short("0", "513Mi").unwrap().resource, "memory");
        let pods = shortage(&amounts("0", "0"), &Amounts::new(), 3, &node).unwrap();
        assert_eq!(
            pods.message,
            "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3"
        );
    }

    #[test]
    fn a_resize_that_never_fits_is_told_from_one_that_has_to_wait() {
        let (node, used) = (amounts("2", "1Gi"), amounts("1500m", "0"));
        assert_eq!(resize(&amounts("500m", "1Gi"), &used, &node), Ok(()));
        let deferred = resize(&amounts("1", "1Gi"), &used, &node).unwrap_err();
        assert_eq!(deferred.reason, "Deferred");
        let infeasible = resize(&amounts("3", "2Gi"), &used, &node).unwrap_err();
        assert_eq!(infeasible.reason, "Infeasible");
        assert_eq!(
            infeasible.message,
            "Node didn't have enough capacity: memory, requested: 2147483648, capacity: 1073741824"
        );
    }
}
