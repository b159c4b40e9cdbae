//! From what a filter says to nodes that the machine walks: names become distances in the chain of scopes.

mod patterns;

use std::{collections::HashMap, sync::Arc};

use super::{
    ast::{Assign, Function, Kind, Op, Parameter, Pattern, Piece, Term},
    builtins::{self, Native},
    lexer::SyntaxError,
    value::{Heap, Raise, Value},
};

/// A node, by its place in [`Code::nodes`].
pub(super) type Id = usize;

/// What the machine does.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Identity,
    Constant(Value),
    /// A variable, so many scopes up.
    Variable(usize),
    /// A filter that was handed over, so many scopes up.
    Parameter(usize),
    /// A function, by its place in [`Code::functions`], defined so many scopes up.
    Call {
        function: usize,
        up: Up,
        arguments: Arc<[Argument]>,
    },
    Native(Native, Arc<[Id]>),
    Index(Id, Id),
    Iterate(Id),
    Try(Id, Handler),
    Collect(Id),
    Object(Arc<[(Id, Id)]>),
    Negate(Id),
    Pipe(Id, Id),
    Comma(Arc<[Id]>),
    Binary(Op, Id, Id),
    And(Id, Id),
    Or(Id, Id),
    Alternative(Id, Id),
    If(Id, Id, Id),
    /// The values of a source; the start; what is done with each (a [`Node::ReduceStep`] within what names its parts).
    Reduce(Id, Id, Id),
    ReduceStep {
        update: Id,
        up: usize,
    },
    Foreach(Id, Id, Id),
    ForeachStep {
        update: Id,
        extract: Id,
        up: usize,
    },
    /// Evaluates the first and names its value for the second.
    Bind(Id, Id),
    Label(Id),
    Break(usize),
    /// `path(f)`
    Path(Id),
    /// `range(from; to)` over numbers.
    Range(Id, Id),
    /// Pieces of text that are joined.
    Text(Arc<[Id]>),
}

/// What follows an error.
#[derive(Clone, Copy, Debug)]
pub(super) enum Handler {
    /// Nothing: there is no value.
    None,
    /// A filter of the error.
    Catch(Id),
    /// Another filter of the same input.
    Instead(Id),
}

/// Where a function was defined.
#[derive(Clone, Copy, Debug)]
pub(super) enum Up {
    /// So many scopes up.
    Scopes(usize),
    /// Outside of everything.
    Root,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Argument {
    Filter(Id),
    Value(Id),
}

/// A program that can run.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub(super) nodes: Vec<Node>,
    /// The bodies of functions.
    pub(super) functions: Vec<Id>,
    pub(super) main: Id,
}

/// What a scope was made for.
#[derive(Clone, Debug)]
enum Entry {
    Variable(String),
    /// A parameter `$name`, which is a filter `name` too.
    Value(String),
    Filter(String),
    Label(String),
    Unnamed,
    /// A definition, which makes no scope when the program runs.
    Function {
        name: String,
        parameters: Arc<[Parameter]>,
        function: usize,
    },
}

impl Entry {
    fn is_scope(&self) -> bool {
        !matches!(self, Self::Function { .. })
    }
}

/// Nodes of one program at most.
const MAX_NODES: usize = 200_000;

/// Compiles a program. `globals` are the variables that options set.
pub(super) fn compile(term: &Term, globals: &[(String, Value)], heap: &Heap) -> Result<Code, SyntaxError> {
    let mut compiler =
        Compiler { code: Code::default(), scopes: Vec::new(), globals, heap, prelude: HashMap::new() };
    let main = compiler.term(term)?;
    compiler.code.main = main;
    Ok(compiler.code)
}

struct Compiler<'a> {
    code: Code,
    scopes: Vec<Entry>,
    globals: &'a [(String, Value)],
    heap: &'a Heap,
    /// The functions of the prelude that the program uses.
    prelude: HashMap<(String, usize), usize>,
}

type Compiled<T = Id> = Result<T, SyntaxError>;

impl Compiler<'_> {
    fn node(&mut self, node: Node) -> Id {
        self.code.nodes.push(node);
        self.code.nodes.len() - 1
    }

    fn constant(&mut self, value: Value) -> Id {
        self.node(Node::Constant(value))
    }

    fn text(&mut self, text: &str, at: usize) -> Compiled {
        let value = self.heap.text(text).map_err(|raise| too_large(&raise, at))?;
        Ok(self.constant(value))
    }

    fn number(&mut self, value: f64) -> Id {
        self.constant(Value::from(value))
    }

    /// Compiles within one more scope.
    fn within<T>(&mut self, entry: Entry, compile: impl FnOnce(&mut Self) -> Compiled<T>) -> Compiled<T> {
        self.scopes.push(entry);
        let compiled = compile(self);
        self.scopes.pop();
        compiled
    }

    /// How many scopes up the one that `wanted` picks is.
    fn find(&self, wanted: impl Fn(&Entry) -> bool) -> Option<(usize, &Entry)> {
        let mut up = 0;
        for entry in self.scopes.iter().rev() {
            if wanted(entry) {
                return Some((up, entry));
            }
            up += usize::from(entry.is_scope());
        }
        None
    }

    fn term(&mut self, term: &Term) -> Compiled {
        if self.code.nodes.len() > MAX_NODES {
            return Err(SyntaxError { message: "syntax error: program too long".to_owned(), at: term.at });
        }
        let node = match &term.kind {
            Kind::Identity => Node::Identity,
            Kind::Everything => return self.call("recurse", &[], term.at),
            Kind::Null => Node::Constant(Value::Null),
            Kind::Bool(value) => Node::Constant(Value::Bool(*value)),
            Kind::Number(number) => Node::Constant(Value::Number(number.clone())),
            Kind::Text(format, pieces) => return self.pieces(format.as_deref(), pieces, term.at),
            Kind::Format(name) => {
                let name = self.text(name, term.at)?;
                return self.call_nodes("format", vec![name], term.at);
            }
            Kind::Variable(name) => return self.variable(name, term.at),
            Kind::Location(line) => return self.location(*line, term.at),
            Kind::Call(name, arguments) => return self.call(name, arguments, term.at),
            Kind::Index(target, key) => Node::Index(self.term(target)?, self.term(key)?),
            Kind::Slice(target, from, to) => {
                return self.slice(target, from.as_deref(), to.as_deref(), term.at);
            }
            Kind::Iterate(target) => Node::Iterate(self.term(target)?),
            Kind::Try(body, handler) => {
                let body = self.term(body)?;
                match handler {
                    Some(handler) => Node::Try(body, Handler::Catch(self.term(handler)?)),
                    None => Node::Try(body, Handler::None),
                }
            }
            Kind::Array(None) => {
                Node::Constant(self.heap.array(Vec::new()).map_err(|raise| too_large(&raise, term.at))?)
            }
            Kind::Array(Some(inner)) => Node::Collect(self.term(inner)?),
            Kind::Object(members) => return self.object(members),
            Kind::Negate(operand) => Node::Negate(self.term(operand)?),
            Kind::Pipe(left, right) => Node::Pipe(self.term(left)?, self.term(right)?),
            Kind::Comma(parts) => {
                let parts: Vec<Id> = parts.iter().map(|part| self.term(part)).collect::<Compiled<_>>()?;
                Node::Comma(parts.into())
            }
            Kind::Binary(op, left, right) => Node::Binary(*op, self.term(left)?, self.term(right)?),
            Kind::And(left, right) => Node::And(self.term(left)?, self.term(right)?),
            Kind::Or(left, right) => Node::Or(self.term(left)?, self.term(right)?),
            Kind::Alternative(left, right) => Node::Alternative(self.term(left)?, self.term(right)?),
            Kind::Assign(assign, target, value) => return self.assign(*assign, target, value, term.at),
            Kind::If(branches, otherwise) => return self.condition(branches, otherwise.as_deref()),
            Kind::Reduce(source, pattern, init, update) => {
                return self.reduce(source, pattern, init, update);
            }
            Kind::Foreach(source, pattern, init, update, extract) => {
                return self.foreach(source, pattern, init, update, extract.as_deref());
            }
            Kind::Def(function, rest) => return self.definition(function, rest),
            Kind::Bind(source, patterns, body) => return self.bind(source, patterns, body),
            Kind::Label(name, body) => {
                let body = self.within(Entry::Label(name.clone()), |this| this.term(body))?;
                Node::Label(body)
            }
            Kind::Break(name) => {
                let label = self.find(|entry| matches!(entry, Entry::Label(known) if known == name));
                let (up, _) = label.ok_or_else(|| SyntaxError {
                    message: format!("$*label-{name} is not defined"),
                    at: term.at,
                })?;
                Node::Break(up)
            }
        };
        Ok(self.node(node))
    }

    fn variable(&mut self, name: &str, at: usize) -> Compiled {
        if let Some((up, _)) =
            self.find(|entry| matches!(entry, Entry::Variable(known) | Entry::Value(known) if known == name))
        {
            return Ok(self.node(Node::Variable(up)));
        }
        let global = self.globals.iter().rev().find(|(known, _)| known == name);
        match global.map(|(_, value)| value.clone()) {
            Some(value) => Ok(self.constant(value)),
            None => Err(SyntaxError { message: format!("${name} is not defined"), at }),
        }
    }

    fn location(&mut self, line: usize, at: usize) -> Compiled {
        let file = self.heap.text("<top-level>").map_err(|raise| too_large(&raise, at))?;
        let members = [("file".into(), file), ("line".into(), Value::from(line))];
        let value = self.heap.object(members.into_iter().collect()).map_err(|raise| too_large(&raise, at))?;
        Ok(self.constant(value))
    }

    fn pieces(&mut self, format: Option<&str>, pieces: &[Piece], at: usize) -> Compiled {
        if let [Piece::Text(text)] = pieces {
            return self.text(text, at);
        }
        let mut nodes = Vec::new();
        for piece in pieces {
            nodes.push(match piece {
                Piece::Text(text) => self.text(text, at)?,
                Piece::Filter(filter) => {
                    let filter = self.term(filter)?;
                    let name = self.text(format.unwrap_or("text"), at)?;
                    let formatted = self.call_nodes("format", vec![name], at)?;
                    self.node(Node::Pipe(filter, formatted))
                }
            });
        }
        Ok(self.node(Node::Text(nodes.into())))
    }

    fn slice(&mut self, target: &Term, from: Option<&Term>, to: Option<&Term>, at: usize) -> Compiled {
        let mut members = Vec::new();
        for (name, end) in [("start", from), ("end", to)] {
            let key = self.text(name, at)?;
            let value = match end {
                Some(end) => self.term(end)?,
                None => self.constant(Value::Null),
            };
            members.push((key, value));
        }
        let key = self.node(Node::Object(members.into()));
        let target = self.term(target)?;
        Ok(self.node(Node::Index(target, key)))
    }

    fn object(&mut self, members: &[(Term, Term)]) -> Compiled {
        let mut compiled = Vec::new();
        for (key, value) in members {
            compiled.push((self.term(key)?, self.term(value)?));
        }
        Ok(self.node(Node::Object(compiled.into())))
    }

    fn condition(&mut self, branches: &[(Term, Term)], otherwise: Option<&Term>) -> Compiled {
        let mut last = match otherwise {
            Some(otherwise) => self.term(otherwise)?,
            None => self.node(Node::Identity),
        };
        for (condition, then) in branches.iter().rev() {
            let (condition, then) = (self.term(condition)?, self.term(then)?);
            last = self.node(Node::If(condition, then, last));
        }
        Ok(last)
    }

    /// `TARGET = VALUE` and its like, by functions of the prelude. The value is that of the whole input.
    fn assign(&mut self, assign: Assign, target: &Term, value: &Term, at: usize) -> Compiled {
        if assign == Assign::Update {
            let arguments = [target.clone(), value.clone()];
            return self.call("_modify", &arguments, at);
        }
        let value = self.term(value)?;
        let body = self.within(Entry::Variable(ASSIGNED.to_owned()), |this| {
            let assigned = Term::new(Kind::Variable(ASSIGNED.to_owned()), at);
            let identity = Box::new(Term::new(Kind::Identity, at));
            let (function, update) = match assign {
                Assign::Arithmetic(op) => {
                    ("_modify", Term::new(Kind::Binary(op, identity, Box::new(assigned)), at))
                }
                Assign::Alternative => {
                    ("_modify", Term::new(Kind::Alternative(identity, Box::new(assigned)), at))
                }
                Assign::Set | Assign::Update => ("_assign", assigned),
            };
            this.call(function, &[target.clone(), update], at)
        })?;
        Ok(self.node(Node::Bind(value, body)))
    }

    fn reduce(&mut self, source: &Term, pattern: &Pattern, init: &Term, update: &Term) -> Compiled {
        let (source, init) = (self.term(source)?, self.term(init)?);
        let step = self.within(Entry::Unnamed, |this| {
            let depth = this.scope_count();
            this.within(Entry::Unnamed, |this| {
                this.destructure(pattern, &mut |this| {
                    let update = this.term(update)?;
                    let up = this.scope_count() - depth;
                    Ok(this.node(Node::ReduceStep { update, up }))
                })
            })
        })?;
        Ok(self.node(Node::Reduce(source, init, step)))
    }

    fn foreach(
        &mut self,
        source: &Term,
        pattern: &Pattern,
        init: &Term,
        update: &Term,
        extract: Option<&Term>,
    ) -> Compiled {
        let (source, init) = (self.term(source)?, self.term(init)?);
        let step = self.within(Entry::Unnamed, |this| {
            let depth = this.scope_count();
            this.within(Entry::Unnamed, |this| {
                this.destructure(pattern, &mut |this| {
                    let update = this.term(update)?;
                    let extract = match extract {
                        Some(extract) => this.term(extract)?,
                        None => this.node(Node::Identity),
                    };
                    let up = this.scope_count() - depth;
                    Ok(this.node(Node::ForeachStep { update, extract, up }))
                })
            })
        })?;
        Ok(self.node(Node::Foreach(source, init, step)))
    }

    fn scope_count(&self) -> usize {
        self.scopes.iter().filter(|entry| entry.is_scope()).count()
    }

    fn definition(&mut self, function: &Function, rest: &Term) -> Compiled {
        let entry = self.declare(function);
        self.scopes.push(entry);
        let compiled = self.body(function).and_then(|()| self.term(rest));
        self.scopes.pop();
        compiled
    }

    fn declare(&mut self, function: &Function) -> Entry {
        self.code.functions.push(0);
        Entry::Function {
            name: function.name.clone(),
            parameters: function.parameters.clone().into(),
            function: self.code.functions.len() - 1,
        }
    }

    /// Compiles the body of the function that was declared last in the scopes.
    fn body(&mut self, function: &Function) -> Compiled<()> {
        let Some(Entry::Function { function: index, .. }) = self.scopes.last() else { return Ok(()) };
        let index = *index;
        let before = self.scopes.len();
        for parameter in &function.parameters {
            let name = parameter.name.clone();
            self.scopes.push(if parameter.by_value { Entry::Value(name) } else { Entry::Filter(name) });
        }
        let body = self.term(&function.body);
        self.scopes.truncate(before);
        if let Some(place) = self.code.functions.get_mut(index) {
            *place = body?;
        }
        Ok(())
    }

    fn call(&mut self, name: &str, arguments: &[Term], at: usize) -> Compiled {
        let arity = arguments.len();
        let found = self.find(|entry| match entry {
            Entry::Value(known) | Entry::Filter(known) => arity == 0 && known == name,
            Entry::Function { name: known, parameters, .. } => known == name && parameters.len() == arity,
            _ => false,
        });
        match found.map(|(up, entry)| (up, entry.clone())) {
            Some((up, Entry::Value(_))) => return Ok(self.node(Node::Variable(up))),
            Some((up, Entry::Filter(_))) => return Ok(self.node(Node::Parameter(up))),
            Some((up, Entry::Function { parameters, function, .. })) => {
                return self.call_function(function, Up::Scopes(up), &parameters, arguments);
            }
            _ => {}
        }
        match (name, arguments) {
            ("empty", []) => return Ok(self.node(Node::Comma([].into()))),
            ("path", [f]) => {
                let f = self.term(f)?;
                return Ok(self.node(Node::Path(f)));
            }
            ("range", [from, to]) => {
                let (from, to) = (self.term(from)?, self.term(to)?);
                return Ok(self.node(Node::Range(from, to)));
            }
            _ => {}
        }
        if let Some((function, parameters)) = self.prelude_function(name, arity)? {
            return self.call_function(function, Up::Root, &parameters, arguments);
        }
        let arguments = arguments.iter().map(|argument| self.term(argument)).collect::<Compiled<_>>()?;
        self.call_nodes(name, arguments, at)
    }

    fn call_nodes(&mut self, name: &str, arguments: Vec<Id>, at: usize) -> Compiled {
        match builtins::find(name, arguments.len()) {
            Some(native) => Ok(self.node(Node::Native(native, arguments.into()))),
            None => Err(SyntaxError { message: format!("{name}/{} is not defined", arguments.len()), at }),
        }
    }

    fn call_function(
        &mut self,
        function: usize,
        up: Up,
        parameters: &[Parameter],
        terms: &[Term],
    ) -> Compiled {
        let mut arguments = Vec::new();
        for (parameter, term) in parameters.iter().zip(terms) {
            let id = self.term(term)?;
            arguments.push(if parameter.by_value { Argument::Value(id) } else { Argument::Filter(id) });
        }
        Ok(self.node(Node::Call { function, up, arguments: arguments.into() }))
    }

    /// A function of the prelude, compiled when it is first used.
    fn prelude_function(&mut self, name: &str, arity: usize) -> Compiled<Option<(usize, Arc<[Parameter]>)>> {
        let Some(function) = builtins::prelude(name, arity) else { return Ok(None) };
        let parameters: Arc<[Parameter]> = function.parameters.clone().into();
        let key = (name.to_owned(), arity);
        if let Some(index) = self.prelude.get(&key) {
            return Ok(Some((*index, parameters)));
        }
        let entry = self.declare(function);
        let index = self.code.functions.len() - 1;
        self.prelude.insert(key, index);
        let outer = std::mem::replace(&mut self.scopes, vec![entry]);
        let compiled = self.body(function);
        self.scopes = outer;
        compiled?;
        Ok(Some((index, parameters)))
    }
}

/// The variable that holds what is assigned: not a name that a program can write.
const ASSIGNED: &str = "assigned value";

fn too_large(_: &Raise, at: usize) -> SyntaxError {
    SyntaxError { message: "constant too large".to_owned(), at }
}
