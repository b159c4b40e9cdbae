//! server/crates/cluster
