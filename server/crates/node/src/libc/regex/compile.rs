//! From the structure of an expression to a program for the machine in `vm.rs`.

use super::{
    RegexError,
    parser::{Assertion, Node},
    set::{Set, cases},
};

/// The longest program: what counted repetitions may blow an expression up to.
const MAX_PROGRAM: usize = 20_000;

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) code: Vec<Inst>,
    pub(super) ignore_case: bool,
    /// Every match begins at the start of the text.
    pub(super) anchored: bool,
}

/// An instruction.
#[derive(Clone, Debug)]
pub(super) enum Inst {
    Char(u32),
    Any,
    Set(Box<Set>),
    Assert(Assertion),
    /// Goes on at both places, at the first one rather.
    Split(usize, usize),
    Jump(usize),
    /// Notes the place in the text.
    Save(usize),
    /// Never goes on.
    Fail,
    Match,
}

/// Compiles an expression with so many groups.
pub(super) fn compile(node: &Node, groups: usize, ignore_case: bool) -> Result<Program, RegexError> {
    let anchored = starts_anchored(node);
    let mut compiler = Compiler { code: Vec::new(), ignore_case };
    compiler.push(Inst::Save(0))?;
    compiler.node(node)?;
    compiler.push(Inst::Save(1))?;
    compiler.push(Inst::Match)?;
    let _ = groups;
    Ok(Program { code: compiler.code, ignore_case, anchored })
}

fn starts_anchored(node: &Node) -> bool {
    match node {
        Node::Assert(Assertion::Start) => true,
        Node::Concat(nodes) => nodes.first().is_some_and(starts_anchored),
        Node::Group(_, inner) => starts_anchored(inner),
        Node::Alternate(all) => all.iter().all(starts_anchored),
        _ => false,
    }
}

struct Compiler {
    code: Vec<Inst>,
    ignore_case: bool,
}

impl Compiler {
    fn push(&mut self, inst: Inst) -> Result<usize, RegexError> {
        if self.code.len() >= MAX_PROGRAM {
            return Err(RegexError("Regular expression too big"));
        }
        self.code.push(inst);
        Ok(self.code.len() - 1)
    }

    fn node(&mut self, node: &Node) -> Result<(), RegexError> {
        match node {
            Node::Empty => {}
            Node::Char(character) => {
                let [lower, upper] = cases(*character);
                if self.ignore_case && lower != upper {
                    let set = Set { ranges: vec![(lower, lower), (upper, upper)], ..Set::default() };
                    self.push(Inst::Set(Box::new(set)))?;
                } else {
                    self.push(Inst::Char(*character))?;
                }
            }
            Node::Any => drop(self.push(Inst::Any)?),
            Node::Set(set) => drop(self.push(Inst::Set(Box::new(set.clone())))?),
            Node::Assert(assertion) => drop(self.push(Inst::Assert(*assertion))?),
            Node::Group(index, inner) => {
                self.push(Inst::Save(2 * index))?;
                self.node(inner)?;
                self.push(Inst::Save(2 * index + 1))?;
            }
            Node::Concat(nodes) => {
                for node in nodes {
                    self.node(node)?;
                }
            }
            Node::Alternate(all) => {
                let mut ends = Vec::new();
                for (index, node) in all.iter().enumerate() {
                    if index + 1 == all.len() {
                        self.node(node)?;
                        break;
                    }
                    let split = self.push(Inst::Split(0, 0))?;
                    self.node(node)?;
                    ends.push(self.push(Inst::Jump(0))?);
                    self.code[split] = Inst::Split(split + 1, self.code.len());
                }
                let end = self.code.len();
                for jump in ends {
                    self.code[jump] = Inst::Jump(end);
                }
            }
            Node::Repeat { node, least, most } => self.repeat(node, *least, *most)?,
            // These are never run: an expression with them is tried instead.
            Node::BackReference(_) => drop(self.push(Inst::Fail)?),
        }
        Ok(())
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>) -> Result<(), RegexError> {
        for _ in 0..least {
            self.node(node)?;
        }
        match most {
            None => {
                let split = self.push(Inst::Split(0, 0))?;
                self.node(node)?;
                self.push(Inst::Jump(split))?;
                self.code[split] = Inst::Split(split + 1, self.code.len());
            }
            Some(most) => {
                let mut splits = Vec::new();
                for _ in least..most {
                    splits.push(self.push(Inst::Split(0, 0))?);
                    self.node(node)?;
                }
                let end = self.code.len();
                for split in splits {
                    self.code[split] = Inst::Split(split + 1, end);
                }
            }
        }
        Ok(())
    }
}
