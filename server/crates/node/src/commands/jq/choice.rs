//! What else a filter may come to: the machine goes back to the last of these when there is nothing more to do.

use std::sync::Arc;

use super::{
    compile::Id,
    kont::{Env, Next, Point, Trail},
    value::Array,
};

#[derive(Debug)]
pub(super) enum Choice {
    /// The parts of a comma from a number on.
    Parts(Arc<[Id]>, usize, Env, Point, Next),
    /// The items of a value from a number on.
    Items(Point, usize, Next),
    Range {
        at: f64,
        to: f64,
        fresh: Trail,
        next: Next,
    },
    /// An array that is gathered; it is whole when this is reached.
    Collect(Array, Trail, Next),
    /// A `reduce`, and what it has come to.
    Reduce(Option<Point>, Next),
    /// A `foreach`, and what it has come to.
    Foreach(Option<Point>),
    /// The right side of `//`, and whether the left side had a value.
    Alternative {
        found: bool,
        other: Id,
        env: Env,
        point: Point,
        next: Next,
    },
}
