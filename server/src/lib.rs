//! podlab: the composition root. The only place where cluster, node, grader, pages and database meet.

pub mod cli;
pub mod clusters;
pub mod database;
pub mod grading;
pub mod lab;
pub mod listening;
pub mod markdown;
pub mod shutdown;
pub mod site;
pub mod web;
