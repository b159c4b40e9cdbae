//! What a filter has around it: scopes with what names stand for, and frames with what comes next. Both are chains that
//! share their tails, so that going back to a choice costs nothing; they are taken apart without recursion.

use std::sync::Arc;

use super::{
    ast::Op,
    builtins::Native,
    compile::{Argument, Handler, Id},
    machine::Question,
    value::{Block, Heap, MAX_DEPTH, Raise, Value},
};

pub(super) type Env = Option<Arc<Scope>>;
pub(super) type Next = Option<Arc<Kont>>;

/// A value, and where in the input of `path(...)` it was found.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) value: Value,
    pub(super) trail: Trail,
}

#[derive(Clone, Debug)]
pub(super) enum Trail {
    /// Nobody asks.
    Off,
    At(Arc<Vec<Value>>),
    /// It is no part of the input.
    Lost,
}

impl Point {
    /// The value for something whose own path does not matter.
    pub(super) fn aside(&self) -> Self {
        Self { value: self.value.clone(), trail: Trail::Off }
    }
}

impl Trail {
    /// That of a value that was just made.
    pub(super) fn fresh(&self) -> Self {
        if matches!(self, Self::Off) { Self::Off } else { Self::Lost }
    }

    /// That of a part.
    pub(super) fn longer(&self, key: &Value) -> Result<Self, Raise> {
        let Self::At(path) = self else { return Ok(self.clone()) };
        if path.len() >= MAX_DEPTH as usize {
            return Err(Raise::Memory);
        }
        let mut longer = Vec::with_capacity(path.len() + 1);
        longer.extend_from_slice(path);
        longer.push(key.clone());
        Ok(Self::At(Arc::new(longer)))
    }
}

/// What a name stands for.
#[derive(Debug)]
pub(super) enum Bound {
    Value(Value),
    Filter(Id, Env),
    /// A place in the stack of choices.
    Place(usize),
}

#[derive(Debug)]
pub(super) struct Scope {
    pub(super) bound: Bound,
    pub(super) parent: Env,
    _block: Block,
}

impl Scope {
    #[allow(clippy::new_ret_no_self, reason = "a scope is always part of a chain")]
    pub(super) fn new(heap: &Heap, bound: Bound, parent: Env) -> Env {
        Some(Arc::new(Self { bound, parent, _block: heap.block(size_of::<Self>() + 16) }))
    }

    fn cut(&mut self) -> [Env; 2] {
        let own = match &mut self.bound {
            Bound::Filter(_, env) => env.take(),
            _ => None,
        };
        [self.parent.take(), own]
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let mut left: Vec<Arc<Self>> = self.cut().into_iter().flatten().collect();
        while let Some(scope) = left.pop() {
            if let Some(mut scope) = Arc::into_inner(scope) {
                left.extend(scope.cut().into_iter().flatten());
            }
        }
    }
}

/// The scope so many up: 0 is the innermost.
pub(super) fn ancestor(env: &Env, up: usize) -> Option<&Arc<Scope>> {
    let mut scope = env.as_ref()?;
    for _ in 0..up {
        scope = scope.parent.as_ref()?;
    }
    Some(scope)
}

/// What is done with a value, and what comes after that.
#[derive(Debug)]
pub(super) struct Kont {
    pub(super) frame: Frame,
    pub(super) next: Next,
    _block: Block,
}

impl Drop for Kont {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut kont) = next.and_then(Arc::into_inner) {
            next = kont.next.take();
        }
    }
}

pub(super) fn push(heap: &Heap, frame: Frame, next: &Next) -> Next {
    Some(Arc::new(Kont { frame, next: next.clone(), _block: heap.block(size_of::<Kont>() + 16) }))
}

/// What is done with a value. A [`Point`] in a frame is the input that the whole began with.
#[derive(Debug)]
pub(super) enum Frame {
    Pipe(Id, Env),
    /// The value is the key: the target is next.
    IndexKey(Id, Env, Point),
    IndexTarget(Value),
    Iterate,
    /// Where errors are caught, with the height of the stack of choices at its start.
    Try(usize, Handler, Env, Point),
    /// The value belongs to the array that is gathered at this place of the stack of choices.
    Collect(usize),
    MemberKey(Arc<[(Id, Id)]>, usize, Value, Env, Point),
    MemberValue(Arc<[(Id, Id)]>, usize, Value, Value, Env, Point),
    Negate(Trail),
    BinaryRight(Op, Id, Env, Point),
    BinaryLeft(Op, Value, Trail),
    /// `and`, `or`: what the left side must be to decide.
    Logic(bool, Id, Env, Point),
    Truth(Trail),
    Alternative(usize),
    If(Id, Id, Env, Point),
    ReduceStart(Id, Id, Env, Point),
    ForeachStart(Id, Id, Env, Point),
    /// The value is the next one of the source of a `reduce` or `foreach`.
    Each(usize, Id, Env),
    ReduceUpdate(usize),
    ForeachUpdate(usize, Id, Env),
    Bind(Id, Env, Point),
    /// The value was found by `path(...)`.
    Path(Trail),
    Arguments {
        function: usize,
        arguments: Arc<[Argument]>,
        at: usize,
        bound: Env,
        env: Env,
        input: Point,
    },
    NativeArguments(Native, Arc<[Id]>, Vec<Value>, Env, Point),
    RangeFrom(Id, Env, Point),
    RangeTo(Value, Trail),
    /// Pieces of text before a number, and the text after it.
    Text(Arc<[Id]>, usize, String, Env, Point),
    Input(Trail),
    Ask(Question, Trail),
    Message(String),
}
