//! podlab
fn main() {}
