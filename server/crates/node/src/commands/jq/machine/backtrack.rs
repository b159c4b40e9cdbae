//! What happens where there is no value: an error, or nothing more to do but to go back to a choice.

use std::sync::Arc;

use super::{
    super::{
        choice::Choice,
        compile::Handler,
        kont::{Frame, Next, Point, Trail},
        value::{Heap, Raise, Value},
    },
    Event, Machine, State,
};

impl Machine<'_> {
    pub(super) fn take_state(&mut self, place: usize) -> Point {
        let state = match self.choices.get_mut(place) {
            Some(Choice::Reduce(state, _) | Choice::Foreach(state)) => state.take(),
            _ => None,
        };
        state.unwrap_or(Point { value: Value::Null, trail: Trail::Lost })
    }

    pub(super) fn put_state(&mut self, place: usize, point: Point) {
        if let Some(Choice::Reduce(state, _) | Choice::Foreach(state)) = self.choices.get_mut(place) {
            *state = Some(point);
        }
    }

    /// Looks for what catches an error.
    pub(super) fn raise(&mut self, raise: Raise, next: Next) -> Option<Event> {
        let error = match raise {
            Raise::Error(error) => error,
            Raise::Halt(value, code) => return Some(Event::Halt(value, code)),
            Raise::Memory => return Some(Event::Memory),
        };
        let mut kont = next;
        while let Some(here) = kont {
            match &here.frame {
                Frame::Try(height, handler, env, input) => {
                    self.choices.truncate(*height);
                    let (env, next) = (env.clone(), here.next.clone());
                    self.state = match handler {
                        Handler::None => State::Backtrack,
                        Handler::Catch(id) => {
                            State::Eval(*id, env, Point { value: error, trail: input.trail.fresh() }, next)
                        }
                        Handler::Instead(id) => State::Eval(*id, env, input.clone(), next),
                    };
                    return None;
                }
                Frame::Collect(place) | Frame::ReduceUpdate(place) => {
                    kont = match self.choices.get(*place) {
                        Some(Choice::Collect(_, _, outer) | Choice::Reduce(_, outer)) => outer.clone(),
                        _ => None,
                    };
                }
                Frame::Each(place, ..) => {
                    kont = match self.choices.get(*place) {
                        Some(Choice::Reduce(_, outer)) => outer.clone(),
                        _ => here.next.clone(),
                    };
                }
                _ => kont = here.next.clone(),
            }
        }
        self.choices.clear();
        Some(Event::Failed(error))
    }

    /// Tries what else there is.
    pub(super) fn backtrack(&mut self) -> Option<Event> {
        let Some(choice) = self.choices.pop() else { return Some(Event::Ended) };
        self.state = match choice {
            Choice::Parts(parts, at, env, point, next) => self.comma(&parts, at, env, point, &next),
            Choice::Items(point, at, next) => {
                let (key, value) = item(&self.heap, &point.value, at)?;
                match key.and_then(|key| point.trail.longer(&key)) {
                    Ok(trail) => {
                        self.choices.push(Choice::Items(point, at + 1, next.clone()));
                        State::Return(Point { value, trail }, next)
                    }
                    Err(raise) => State::Raise(raise, next),
                }
            }
            Choice::Range { at, to, fresh, next } => {
                if at >= to || at.is_nan() || to.is_nan() {
                    return None;
                }
                self.choices.push(Choice::Range {
                    at: at + 1.0,
                    to,
                    fresh: fresh.clone(),
                    next: next.clone(),
                });
                State::Return(Point { value: Value::from(at), trail: fresh }, next)
            }
            Choice::Collect(array, fresh, next) => {
                State::Return(Point { value: Value::Array(Arc::new(array)), trail: fresh }, next)
            }
            Choice::Reduce(state, next) => {
                let state = state.unwrap_or(Point { value: Value::Null, trail: Trail::Lost });
                State::Return(state, next)
            }
            Choice::Foreach(_) => State::Backtrack,
            Choice::Alternative { found: true, .. } => State::Backtrack,
            Choice::Alternative { other, env, point, next, .. } => State::Eval(other, env, point, next),
        };
        None
    }
}

/// Item number `at` of an array or object, with its key.
fn item(heap: &Heap, value: &Value, at: usize) -> Option<(Result<Value, Raise>, Value)> {
    match value {
        Value::Array(array) => array.items().get(at).map(|item| (Ok(Value::from(at)), item.clone())),
        Value::Object(object) => {
            let (key, value) = object.members().get_index(at)?;
            Some((heap.text(key.to_string()), value.clone()))
        }
        _ => None,
    }
}
