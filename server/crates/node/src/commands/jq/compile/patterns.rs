//! Values that are taken apart: every variable of a pattern is a [`Node::Bind`] of a part.

use super::{
    super::{
        ast::{Key, Pattern, Term},
        value::Value,
    },
    Compiled, Compiler, Entry, Handler, Node,
};

impl Compiler<'_> {
    /// `SOURCE as PATTERN | BODY`: every variable is a `Bind` of a part. With more patterns, one that fails gives way to
    /// the next, and the variables of the others are null.
    pub(super) fn bind(&mut self, source: &Term, patterns: &[Pattern], body: &Term) -> Compiled {
        let source = self.term(source)?;
        let mut names = Vec::new();
        if patterns.len() > 1 {
            patterns.iter().for_each(|pattern| pattern.names(&mut names));
        }
        let rest = self.within(Entry::Unnamed, |this| this.alternatives(patterns, &names, body))?;
        Ok(self.node(Node::Bind(source, rest)))
    }

    /// The patterns of the value that the innermost scope holds, one instead of another.
    fn alternatives(&mut self, patterns: &[Pattern], names: &[String], body: &Term) -> Compiled {
        let Some((pattern, others)) = patterns.split_first() else {
            return Ok(self.node(Node::Identity));
        };
        let mut own = Vec::new();
        pattern.names(&mut own);
        let absent: Vec<&String> = names.iter().filter(|name| !own.contains(name)).collect();
        let one = self.destructure(pattern, &mut |this| this.with_nulls(&absent, body))?;
        if others.is_empty() {
            return Ok(one);
        }
        let next = self.alternatives(others, names, body)?;
        Ok(self.node(Node::Try(one, Handler::Instead(next))))
    }

    fn with_nulls(&mut self, names: &[&String], body: &Term) -> Compiled {
        let Some((name, rest)) = names.split_first() else { return self.term(body) };
        let null = self.constant(Value::Null);
        let rest = self.within(Entry::Variable((*name).clone()), |this| this.with_nulls(rest, body))?;
        Ok(self.node(Node::Bind(null, rest)))
    }

    /// Names the parts of the value that the innermost scope holds, then goes on with `rest`.
    pub(super) fn destructure(
        &mut self,
        pattern: &Pattern,
        rest: &mut dyn FnMut(&mut Self) -> Compiled,
    ) -> Compiled {
        match pattern {
            Pattern::Variable(name) => {
                let whole = self.node(Node::Variable(0));
                let body = self.within(Entry::Variable(name.clone()), |this| rest(this))?;
                Ok(self.node(Node::Bind(whole, body)))
            }
            Pattern::Array(parts) => self.parts(parts, 0, 0, rest),
            Pattern::Object(members) => self.members(members, 0, rest),
        }
    }

    /// The parts of an array that lies `up` scopes up, from number `index`.
    fn parts(
        &mut self,
        parts: &[Pattern],
        index: usize,
        up: usize,
        rest: &mut dyn FnMut(&mut Self) -> Compiled,
    ) -> Compiled {
        let Some((pattern, others)) = parts.split_first() else { return rest(self) };
        let (whole, key) = (self.node(Node::Variable(up)), self.number(index as f64));
        let part = self.node(Node::Index(whole, key));
        let before = self.scope_count();
        let body = self.within(Entry::Unnamed, |this| {
            this.destructure(pattern, &mut |this| {
                let up = up + this.scope_count() - before;
                this.parts(others, index + 1, up, rest)
            })
        })?;
        Ok(self.node(Node::Bind(part, body)))
    }

    /// The members of an object that lies `up` scopes up.
    fn members(
        &mut self,
        members: &[(Key, Option<Pattern>)],
        up: usize,
        rest: &mut dyn FnMut(&mut Self) -> Compiled,
    ) -> Compiled {
        let Some(((key, pattern), others)) = members.split_first() else { return rest(self) };
        let whole = self.node(Node::Variable(up));
        let (key, name) = match key {
            Key::Variable(name) => (self.text(name, 0)?, Some(name)),
            Key::Filter(filter) => (self.term(filter)?, None),
        };
        let part = self.node(Node::Index(whole, key));
        let before = self.scope_count();
        let entry = name.map_or(Entry::Unnamed, |name| Entry::Variable(name.clone()));
        let body = self.within(entry, |this| {
            let mut next = |this: &mut Self| {
                let up = up + this.scope_count() - before;
                this.members(others, up, rest)
            };
            match pattern {
                Some(pattern) => this.destructure(pattern, &mut next),
                None => next(this),
            }
        })?;
        Ok(self.node(Node::Bind(part, body)))
    }
}
