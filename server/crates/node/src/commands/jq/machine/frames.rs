//! What is done with a value: one frame of what comes next.

use std::sync::Arc;

use super::{
    super::{
        builtins::{arithmetic, paths},
        choice::Choice,
        kont::{Bound, Frame, Next, Point, Trail},
        value::{Raise, Value},
        write,
    },
    Event, Machine, State, Step,
};

impl Machine<'_> {
    /// What follows a value.
    pub(super) fn go_on(&mut self, point: Point, frame: &Frame, next: &Next) -> Result<Step, Raise> {
        let value = point.value.clone();
        let state = match frame {
            Frame::Pipe(right, env) => State::Eval(*right, env.clone(), point, next.clone()),
            Frame::IndexKey(target, env, input) => {
                let next = self.push(Frame::IndexTarget(value), next);
                State::Eval(*target, env.clone(), input.clone(), next)
            }
            Frame::IndexTarget(key) => {
                if matches!(point.trail, Trail::Lost) {
                    let (key, value) = (write::shown(key), write::shown(&value));
                    return Err(self.error(format!(
                        "Invalid path expression near attempt to access element {key} of {value}"
                    )));
                }
                let part = paths::index(&self.heap, &value, key)?;
                State::Return(Point { value: part, trail: point.trail.longer(key)? }, next.clone())
            }
            Frame::Iterate => {
                if matches!(point.trail, Trail::Lost) {
                    let value = write::shown(&value);
                    return Err(self
                        .error(format!("Invalid path expression near attempt to iterate through {value}")));
                }
                if !matches!(value, Value::Array(_) | Value::Object(_)) {
                    let shown = write::shown(&value);
                    return Err(self.error(format!("Cannot iterate over {} ({shown})", value.kind())));
                }
                self.choices.push(Choice::Items(point, 0, next.clone()));
                State::Backtrack
            }
            Frame::Try(..) => State::Return(point, next.clone()),
            Frame::Collect(place) => {
                if let Some(Choice::Collect(array, ..)) = self.choices.get_mut(*place) {
                    array.push(value)?;
                }
                State::Backtrack
            }
            Frame::MemberKey(members, at, done, env, input) => {
                if value.as_text().is_none() {
                    let shown = write::shown(&value);
                    return Err(
                        self.error(format!("Object keys must be strings, not {} ({shown})", value.kind()))
                    );
                }
                let Some((_, id)) = members.get(*at) else { return Ok(Step::State(State::Backtrack)) };
                let frame = Frame::MemberValue(
                    Arc::clone(members),
                    *at,
                    done.clone(),
                    value,
                    env.clone(),
                    input.clone(),
                );
                self.then(*id, env.clone(), &input.value, frame, next)?
            }
            Frame::MemberValue(members, at, done, key, env, input) => {
                let done = paths::with_member(done.clone(), key.as_text().unwrap_or_default(), value)?;
                self.member(members, at + 1, done, env.clone(), input.clone(), next)?
            }
            Frame::Negate(fresh) => {
                let value = arithmetic::negate(&self.heap, &value)?;
                State::Return(Point { value, trail: fresh.clone() }, next.clone())
            }
            Frame::BinaryRight(op, left, env, input) => {
                let frame = Frame::BinaryLeft(*op, value, input.trail.fresh());
                self.then(*left, env.clone(), &input.value, frame, next)?
            }
            Frame::BinaryLeft(op, right, fresh) => {
                drop(point);
                let value = self.binary(*op, value, right)?;
                State::Return(Point { value, trail: fresh.clone() }, next.clone())
            }
            Frame::Logic(stops_at, right, env, input) => {
                let fresh = input.trail.fresh();
                if value.is_true() == *stops_at {
                    State::Return(Point { value: Value::Bool(*stops_at), trail: fresh }, next.clone())
                } else {
                    self.then(*right, env.clone(), &input.value, Frame::Truth(fresh), next)?
                }
            }
            Frame::Truth(fresh) => {
                let value = Value::Bool(value.is_true());
                State::Return(Point { value, trail: fresh.clone() }, next.clone())
            }
            Frame::Alternative(place) if value.is_true() => {
                if let Some(Choice::Alternative { found, .. }) = self.choices.get_mut(*place) {
                    *found = true;
                }
                State::Return(point, next.clone())
            }
            Frame::Alternative(_) => State::Backtrack,
            Frame::If(then, otherwise, env, input) => {
                let branch = if value.is_true() { *then } else { *otherwise };
                State::Eval(branch, env.clone(), input.clone(), next.clone())
            }
            Frame::ReduceStart(source, step, env, input) => {
                self.choices.push(Choice::Reduce(Some(point), next.clone()));
                let next = self.push(Frame::Each(self.choices.len() - 1, *step, env.clone()), &None);
                State::Eval(*source, env.clone(), input.aside(), next)
            }
            Frame::ForeachStart(source, step, env, input) => {
                self.choices.push(Choice::Foreach(Some(point)));
                let next = self.push(Frame::Each(self.choices.len() - 1, *step, env.clone()), next);
                State::Eval(*source, env.clone(), input.aside(), next)
            }
            Frame::Each(place, step, env) => {
                let env = self.bind(Bound::Place(*place), env.clone());
                let env = self.bind(Bound::Value(value), env);
                State::Eval(*step, env, point, next.clone())
            }
            Frame::ReduceUpdate(place) => {
                self.put_state(*place, point);
                State::Backtrack
            }
            Frame::ForeachUpdate(place, extract, env) => {
                self.put_state(*place, point.clone());
                State::Eval(*extract, env.clone(), point, next.clone())
            }
            Frame::Bind(body, env, input) => {
                let env = self.bind(Bound::Value(value), env.clone());
                State::Eval(*body, env, input.clone(), next.clone())
            }
            Frame::Path(fresh) => {
                let Trail::At(path) = &point.trail else {
                    let shown = write::shown(&value);
                    return Err(self.error(format!("Invalid path expression with result {shown}")));
                };
                let value = self.heap.array(path.to_vec())?;
                State::Return(Point { value, trail: fresh.clone() }, next.clone())
            }
            Frame::Arguments { function, arguments, at, bound, env, input } => {
                let bound = self.bind(Bound::Value(value), bound.clone());
                self.arguments(*function, arguments, at + 1, bound, env.clone(), input.clone(), next)?
            }
            Frame::NativeArguments(native, arguments, values, env, input) => {
                let mut values = values.clone();
                values.push(value);
                self.native_arguments(*native, arguments, values, env.clone(), input.clone(), next)?
            }
            Frame::Ask(question, fresh) => {
                let waiting = State::Waiting(fresh.clone(), next.clone());
                return Ok(Step::Event(Event::Ask(*question, value), waiting));
            }
            Frame::Input(fresh) => {
                let waiting = State::Waiting(fresh.clone(), next.clone());
                return Ok(Step::Event(Event::Input, waiting));
            }
            Frame::Message(text) => {
                return Ok(Step::Event(Event::Message(text.clone()), State::Return(point, next.clone())));
            }
            Frame::RangeFrom(to, env, input) => {
                let frame = Frame::RangeTo(value, input.trail.fresh());
                self.then(*to, env.clone(), &input.value, frame, next)?
            }
            Frame::RangeTo(from, fresh) => {
                let (Some(at), Some(to)) = (from.as_number(), value.as_number()) else {
                    return Err(self.error("Range bounds must be numeric".to_owned()));
                };
                self.choices.push(Choice::Range { at, to, fresh: fresh.clone(), next: next.clone() });
                State::Backtrack
            }
            Frame::Text(parts, at, after, env, input) => {
                let text = format!("{}{after}", value.as_text().unwrap_or_default());
                self.text(parts, *at, text, env.clone(), input.clone(), next)?
            }
        };
        Ok(Step::State(state))
    }
}
