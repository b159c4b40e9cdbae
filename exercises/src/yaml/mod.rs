//! YAML as podlab reads it, for the content's own files and for what learners hand in: a tree that knows where
//! everything stands ([`Node`]), bounds against hostile input, and messages in words.
//!
//! YAML is read as `kubectl` reads it (`yes` and `on` are truth values, `0644` is octal, numbers as keys become
//! text), with one difference: a key given twice is an error, where `kubectl` silently takes the last.

pub mod decode;
mod explain;
pub mod node;
mod stream;

pub use decode::{Located, Misfit, decode};
pub use node::{Data, Key, Node, Position};
pub use stream::{MAX_NODES, SyntaxError, parse, parse_stream};
