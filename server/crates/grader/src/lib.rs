//! Grades a submission.

mod apply;
mod check;
pub mod clock;
pub mod cluster;
mod error;
mod grade;
mod kinds;
mod nonce;
mod observe;
mod sandbox;
mod schedule;
mod settle;
mod submission;

pub use clock::Clock;
pub use cluster::{Cluster, Host, Tenancy};
pub use error::GraderError;
pub use grade::grade;
pub use sandbox::{Swept, sweep};
