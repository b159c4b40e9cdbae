//! podlab: the composition root. The only place where cluster, node, grader, pages and database meet.

pub mod clusters;
pub mod database;
pub mod grading;
pub mod markdown;
pub mod shutdown;
