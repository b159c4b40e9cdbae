//! The machine that runs a filter: it walks nodes with a chain of what comes next ([`Kont`]) and a stack of what else
//! there is to try ([`Choice`]), as a filter has any number of values. Nothing recurses and every step can be the last
//! one for a while, so that a filter costs its owner only.

mod backtrack;
mod frames;

use std::sync::Arc;

use super::{
    ast::Op,
    builtins::{Native, arithmetic, paths},
    choice::Choice,
    compile::{Argument, Code, Id, Node, Up},
    kont::{Bound, Env, Frame, Next, Point, Scope, Trail, ancestor, push},
    value::{Heap, MAX_USED, Raise, Value},
    write,
};

/// The most choices that wait.
const MAX_CHOICES: usize = 500_000;

/// What a filter comes to.
#[derive(Debug)]
pub(super) enum Event {
    /// A value.
    Output(Value),
    /// It wants the next input: [`Machine::resume`].
    Input,
    /// It wants to know something: [`Machine::resume`] again.
    Ask(Question, Value),
    /// Something for standard error.
    Message(String),
    /// There are no more values.
    Ended,
    /// An error that nothing caught.
    Failed(Value),
    /// It ends the program.
    Halt(Option<Value>, u8),
    /// Out of memory.
    Memory,
    /// It has run for as many steps as it was let.
    Pause,
}

/// What only the program around the machine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Now,
    Line,
    Filename,
    /// The local time of a number of seconds since 1970.
    LocalTime,
}

#[derive(Debug)]
enum State {
    Eval(Id, Env, Point, Next),
    Return(Point, Next),
    Raise(Raise, Next),
    Backtrack,
    /// Waits to be resumed.
    Waiting(Trail, Next),
}

/// A filter that runs.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    code: &'a Code,
    heap: Heap,
    state: State,
    choices: Vec<Choice>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(code: &'a Code, heap: &Heap, input: Value) -> Self {
        let start = State::Eval(code.main, None, Point { value: input, trail: Trail::Off }, None);
        Self { code, heap: heap.clone(), state: start, choices: Vec::new() }
    }

    /// Goes on with what it asked for.
    pub(super) fn resume(&mut self, answer: Result<Value, Raise>) {
        if let State::Waiting(trail, next) = std::mem::replace(&mut self.state, State::Backtrack) {
            self.state = match answer {
                Ok(value) => State::Return(Point { value, trail }, next),
                Err(raise) => State::Raise(raise, next),
            };
        }
    }

    /// Runs up to so many steps.
    pub(super) fn run(&mut self, steps: u32) -> Event {
        let start = self.heap.used();
        for _ in 0..steps {
            if let Some(event) = self.step() {
                return event;
            }
            let used = self.heap.used();
            if used > MAX_USED || self.choices.len() > MAX_CHOICES {
                return Event::Memory;
            }
            if used > start + (1 << 20) {
                break;
            }
        }
        Event::Pause
    }

    fn step(&mut self) -> Option<Event> {
        match std::mem::replace(&mut self.state, State::Backtrack) {
            State::Eval(id, env, point, next) => match self.eval(id, env, point, &next) {
                Ok(state) => self.state = state,
                Err(raise) => self.state = State::Raise(raise, next),
            },
            State::Return(point, None) => return Some(Event::Output(point.value)),
            State::Return(point, Some(kont)) => match self.go_on(point, &kont.frame, &kont.next) {
                Ok(Step::State(state)) => self.state = state,
                Ok(Step::Event(event, state)) => {
                    self.state = state;
                    return Some(event);
                }
                Err(raise) => self.state = State::Raise(raise, kont.next.clone()),
            },
            State::Raise(raise, next) => return self.raise(raise, next),
            State::Backtrack => return self.backtrack(),
            State::Waiting(trail, next) => {
                self.state = State::Waiting(trail, next);
                return Some(Event::Input);
            }
        }
        None
    }

    fn push(&self, frame: Frame, next: &Next) -> Next {
        push(&self.heap, frame, next)
    }

    fn bind(&self, bound: Bound, parent: Env) -> Env {
        Scope::new(&self.heap, bound, parent)
    }

    /// The value of what needs no steps.
    fn quick(&self, id: Id, env: &Env, input: &Value) -> Option<Value> {
        match self.code.nodes.get(id)? {
            Node::Identity => Some(input.clone()),
            Node::Constant(value) => Some(value.clone()),
            Node::Variable(up) => match &ancestor(env, *up)?.bound {
                Bound::Value(value) => Some(value.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Evaluates `id` away from any path, then goes on with `frame`: at once where that takes no steps.
    fn then(&mut self, id: Id, env: Env, input: &Value, frame: Frame, next: &Next) -> Result<State, Raise> {
        if let Some(value) = self.quick(id, &env, input) {
            return match self.go_on(Point { value, trail: Trail::Off }, &frame, next)? {
                Step::State(state) => Ok(state),
                // Natives that ask something have no arguments that are quick.
                Step::Event(..) => Ok(State::Backtrack),
            };
        }
        let next = self.push(frame, next);
        Ok(State::Eval(id, env, Point { value: input.clone(), trail: Trail::Off }, next))
    }

    fn eval(&mut self, id: Id, env: Env, point: Point, next: &Next) -> Result<State, Raise> {
        let code = self.code;
        let Some(node) = code.nodes.get(id) else { return Ok(State::Backtrack) };
        let fresh = point.trail.fresh();
        Ok(match node {
            Node::Identity => State::Return(point, next.clone()),
            Node::Constant(value) => {
                State::Return(Point { value: value.clone(), trail: fresh }, next.clone())
            }
            Node::Variable(_) => {
                let value = self.quick(id, &env, &point.value).unwrap_or(Value::Null);
                State::Return(Point { value, trail: fresh }, next.clone())
            }
            Node::Parameter(up) => match ancestor(&env, *up).map(|scope| &scope.bound) {
                Some(Bound::Filter(body, env)) => State::Eval(*body, env.clone(), point, next.clone()),
                _ => State::Backtrack,
            },
            Node::Call { function, up, arguments } => {
                let bound = match up {
                    Up::Root => None,
                    Up::Scopes(0) => env.clone(),
                    Up::Scopes(up) => ancestor(&env, *up - 1).and_then(|scope| scope.parent.clone()),
                };
                return self.arguments(*function, arguments, 0, bound, env, point, next);
            }
            Node::Native(native, arguments) => {
                return self.native_arguments(*native, arguments, Vec::new(), env, point, next);
            }
            Node::Index(target, key) => {
                let input = point.value.clone();
                return self.then(*key, env.clone(), &input, Frame::IndexKey(*target, env, point), next);
            }
            Node::Iterate(target) => {
                let next = self.push(Frame::Iterate, next);
                State::Eval(*target, env, point, next)
            }
            Node::Try(body, handler) => {
                let frame = Frame::Try(self.choices.len(), *handler, env.clone(), point.clone());
                let next = self.push(frame, next);
                State::Eval(*body, env, point, next)
            }
            Node::Collect(body) => {
                let array = self.heap.empty_array();
                self.choices.push(Choice::Collect(array, fresh, next.clone()));
                let next = self.push(Frame::Collect(self.choices.len() - 1), &None);
                State::Eval(*body, env, point.aside(), next)
            }
            Node::Object(members) => {
                let empty = self.heap.object(indexmap::IndexMap::new())?;
                return self.member(members, 0, empty, env, point, next);
            }
            Node::Negate(operand) => {
                return self.then(*operand, env, &point.value, Frame::Negate(fresh), next);
            }
            Node::Pipe(left, right) => {
                let next = self.push(Frame::Pipe(*right, env.clone()), next);
                State::Eval(*left, env, point, next)
            }
            Node::Comma(parts) => self.comma(parts, 0, env, point, next),
            Node::Binary(op, left, right) => {
                let input = point.value.clone();
                return self.then(
                    *right,
                    env.clone(),
                    &input,
                    Frame::BinaryRight(*op, *left, env, point),
                    next,
                );
            }
            Node::And(left, right) | Node::Or(left, right) => {
                let stops_at = matches!(node, Node::Or(..));
                let input = point.value.clone();
                return self.then(
                    *left,
                    env.clone(),
                    &input,
                    Frame::Logic(stops_at, *right, env, point),
                    next,
                );
            }
            Node::Alternative(left, right) => {
                self.choices.push(Choice::Alternative {
                    found: false,
                    other: *right,
                    env: env.clone(),
                    point: point.clone(),
                    next: next.clone(),
                });
                let next = self.push(Frame::Alternative(self.choices.len() - 1), next);
                State::Eval(*left, env, point, next)
            }
            Node::If(condition, then, otherwise) => {
                let input = point.value.clone();
                return self.then(
                    *condition,
                    env.clone(),
                    &input,
                    Frame::If(*then, *otherwise, env, point),
                    next,
                );
            }
            Node::Reduce(source, init, step) => {
                let next = self.push(Frame::ReduceStart(*source, *step, env.clone(), point.clone()), next);
                State::Eval(*init, env, point, next)
            }
            Node::Foreach(source, init, step) => {
                let next = self.push(Frame::ForeachStart(*source, *step, env.clone(), point.clone()), next);
                State::Eval(*init, env, point, next)
            }
            Node::ReduceStep { update, up } => {
                let cell = cell(&env, *up);
                let state = self.take_state(cell);
                let next = self.push(Frame::ReduceUpdate(cell), &None);
                State::Eval(*update, env, state, next)
            }
            Node::ForeachStep { update, extract, up } => {
                let cell = cell(&env, *up);
                let state = self.take_state(cell);
                let next = self.push(Frame::ForeachUpdate(cell, *extract, env.clone()), next);
                State::Eval(*update, env, state, next)
            }
            Node::Bind(source, body) => {
                let input = point.value.clone();
                return self.then(*source, env.clone(), &input, Frame::Bind(*body, env, point), next);
            }
            Node::Label(body) => {
                let env = self.bind(Bound::Place(self.choices.len()), env);
                State::Eval(*body, env, point, next.clone())
            }
            Node::Break(up) => {
                self.choices.truncate(cell(&env, *up));
                State::Backtrack
            }
            Node::Path(body) => {
                let next = self.push(Frame::Path(fresh), next);
                State::Eval(*body, env, Point { value: point.value, trail: Trail::At(Arc::default()) }, next)
            }
            Node::Range(from, to) => {
                let input = point.value.clone();
                return self.then(*from, env.clone(), &input, Frame::RangeFrom(*to, env, point), next);
            }
            Node::Text(parts) => {
                return self.text(parts, parts.len(), String::new(), env, point, next);
            }
        })
    }

    fn error(&self, message: String) -> Raise {
        Raise::error(&self.heap, message)
    }

    fn binary(&self, op: Op, left: Value, right: &Value) -> Result<Value, Raise> {
        arithmetic::binary(&self.heap, op, left, right)
    }

    fn comma(&mut self, parts: &Arc<[Id]>, at: usize, env: Env, point: Point, next: &Next) -> State {
        let Some(part) = parts.get(at) else { return State::Backtrack };
        if at + 1 < parts.len() {
            let rest = (Arc::clone(parts), at + 1, env.clone(), point.clone(), next.clone());
            self.choices.push(Choice::Parts(rest.0, rest.1, rest.2, rest.3, rest.4));
        }
        State::Eval(*part, env, point, next.clone())
    }

    /// Goes on with an object from its member number `at`.
    fn member(
        &mut self,
        members: &Arc<[(Id, Id)]>,
        mut at: usize,
        mut done: Value,
        env: Env,
        point: Point,
        next: &Next,
    ) -> Result<State, Raise> {
        while let Some((key, value)) = members.get(at) {
            // However many members are there at once, they are put in here and not one within the other.
            let there = self.quick(*key, &env, &point.value).zip(self.quick(*value, &env, &point.value));
            match there {
                Some((name, value)) if name.as_text().is_some() => {
                    done = paths::with_member(done, name.as_text().unwrap_or_default(), value)?;
                    at += 1;
                }
                _ => {
                    let (key, input) = (*key, point.value.clone());
                    let frame = Frame::MemberKey(Arc::clone(members), at, done, env.clone(), point);
                    return self.then(key, env, &input, frame, next);
                }
            }
        }
        Ok(State::Return(Point { value: done, trail: point.trail.fresh() }, next.clone()))
    }

    /// Hands a function its arguments from number `at`, then runs it.
    #[allow(clippy::too_many_arguments, reason = "they are what a call consists of")]
    fn arguments(
        &mut self,
        function: usize,
        arguments: &Arc<[Argument]>,
        at: usize,
        mut bound: Env,
        env: Env,
        input: Point,
        next: &Next,
    ) -> Result<State, Raise> {
        for (index, argument) in arguments.iter().enumerate().skip(at) {
            match argument {
                Argument::Filter(id) => bound = self.bind(Bound::Filter(*id, env.clone()), bound),
                Argument::Value(id) => match self.quick(*id, &env, &input.value) {
                    Some(value) => bound = self.bind(Bound::Value(value), bound),
                    None => {
                        let from = input.aside();
                        let arguments = Arc::clone(arguments);
                        let frame = Frame::Arguments {
                            function,
                            arguments,
                            at: index,
                            bound,
                            env: env.clone(),
                            input,
                        };
                        return Ok(State::Eval(*id, env, from, self.push(frame, next)));
                    }
                },
            }
        }
        let body = self.code.functions.get(function).copied().unwrap_or(usize::MAX);
        Ok(State::Eval(body, bound, input, next.clone()))
    }

    fn native_arguments(
        &mut self,
        native: Native,
        arguments: &Arc<[Id]>,
        mut values: Vec<Value>,
        env: Env,
        input: Point,
        next: &Next,
    ) -> Result<State, Raise> {
        while let Some(id) = arguments.get(values.len()) {
            match self.quick(*id, &env, &input.value) {
                Some(value) => values.push(value),
                None => {
                    let (id, from) = (*id, input.aside());
                    let frame =
                        Frame::NativeArguments(native, Arc::clone(arguments), values, env.clone(), input);
                    return Ok(State::Eval(id, env, from, self.push(frame, next)));
                }
            }
        }
        self.native(native, input, &values, next)
    }

    fn native(
        &mut self,
        native: Native,
        point: Point,
        values: &[Value],
        next: &Next,
    ) -> Result<State, Raise> {
        let fresh = point.trail.fresh();
        let first = values.first().cloned().unwrap_or(Value::Null);
        // What asks something does so by a frame of its own, so that it can be resumed after it.
        let ask = |this: &Self, frame, point| Ok(State::Return(point, this.push(frame, next)));
        match native {
            Native::Pure(run) => {
                let value = run(&self.heap, point.value, values)?;
                Ok(State::Return(Point { value, trail: fresh }, next.clone()))
            }
            Native::GetPath => {
                let value = paths::get(&self.heap, &point.value, &first)?;
                let mut trail = point.trail;
                for key in first.as_items().unwrap_or_default() {
                    trail = trail.longer(key)?;
                }
                Ok(State::Return(Point { value, trail }, next.clone()))
            }
            Native::Error => Err(Raise::Error(if values.is_empty() { point.value } else { first })),
            Native::Halt => Err(Raise::Halt(None, 0)),
            Native::HaltError => {
                let code = first.as_number().map(|code| code as i64 & 0xff);
                let code = code.and_then(|code| u8::try_from(code).ok());
                let code = code.ok_or_else(|| self.error("halt_error/1: number required".to_owned()))?;
                Err(Raise::Halt(Some(point.value), code))
            }
            Native::Input => ask(self, Frame::Input(fresh), point),
            Native::Ask(question) => ask(self, Frame::Ask(question, fresh), point),
            Native::Debug => {
                let text = format!("[\"DEBUG:\",{}]\n", write::compact(&point.value));
                ask(self, Frame::Message(text), point)
            }
            Native::Stderr => {
                let text = point.value.as_text().map_or_else(|| write::compact(&point.value), str::to_owned);
                ask(self, Frame::Message(text), point)
            }
        }
    }

    /// Joins pieces of text, the last one first, as jq varies the first one fastest.
    fn text(
        &mut self,
        parts: &Arc<[Id]>,
        left: usize,
        mut after: String,
        env: Env,
        point: Point,
        next: &Next,
    ) -> Result<State, Raise> {
        for at in (0..left).rev() {
            let Some(id) = parts.get(at) else { break };
            match self.quick(*id, &env, &point.value) {
                Some(value) => after.insert_str(0, value.as_text().unwrap_or_default()),
                None => {
                    let from = point.aside();
                    let frame = Frame::Text(Arc::clone(parts), at, after, env.clone(), point);
                    return Ok(State::Eval(*id, env, from, self.push(frame, next)));
                }
            }
        }
        let value = self.heap.text(after)?;
        Ok(State::Return(Point { value, trail: point.trail.fresh() }, next.clone()))
    }
}

/// What follows a value: another state, or something that the program around has to do first.
enum Step {
    State(State),
    Event(Event, State),
}

/// The place in the stack of choices that a scope notes.
fn cell(env: &Env, up: usize) -> usize {
    match ancestor(env, up).map(|scope| &scope.bound) {
        Some(Bound::Place(place)) => *place,
        _ => usize::MAX,
    }
}
