//! podlab's pages.

pub mod api;
