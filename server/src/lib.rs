//! podlab: the composition root. The only place where cluster, node, grader, pages and database meet.

pub mod database;
