//! podlab: the binary.
fn main() {}
