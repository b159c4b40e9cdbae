//! What bounds and ranks Pods: quotas, ranges, budgets, priorities.

pub(crate) mod disruption_budget;
pub(crate) mod limit_range;
pub(crate) mod priority_class;
pub(crate) mod resource_quota;
