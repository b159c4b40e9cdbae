//! Functions as bash shows them (`declare -f`, `type`): read again with their words as they are written, and laid out
//! in its way.

use super::{
    Dialect,
    ast::{
        AndOr, AssignedValue, Assignment, Block, CaseEnd, Command, CommandKind, Cond, Connector, Definition,
        Part, Pipeline, Redirect, RedirectKind, Simple, Timing, Word,
    },
    parser::Parser,
};

/// How far each level is indented.
const STEP: usize = 4;

/// The text of a function after its name: `() `, a line end, and its body in braces.
pub(crate) fn function(name: &[u8], definition: &Definition) -> Vec<u8> {
    let mut listing = Listing::default();
    listing.put(name);
    listing.function(definition);
    listing.put("\n");
    listing.out
}

/// Lays commands out.
#[derive(Debug, Default)]
struct Listing {
    out: Vec<u8>,
    indent: usize,
    /// The next command goes on where something stands already.
    inline: bool,
    /// Here-documents that were announced on this line, with their delimiters.
    documents: Vec<Vec<u8>>,
    /// A here-document has just ended: no semicolon can follow.
    after_document: bool,
}

impl Listing {
    fn put(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend_from_slice(text.as_ref());
    }

    fn margin(&mut self) {
        self.out.resize(self.out.len() + self.indent, b' ');
    }

    /// A line of its own.
    fn line(&mut self, text: &str) {
        self.put("\n");
        self.margin();
        self.put(text);
    }

    /// A semicolon, where the text before it needs one.
    fn semicolon(&mut self) {
        if !matches!(self.out.last(), Some(b'&' | b'\n')) {
            self.put(";");
        }
    }

    /// Here-documents come after what joins their command with the next one.
    fn joined(&mut self, connector: &str) {
        self.put(connector);
        if !self.documents.is_empty() {
            self.here_documents();
            self.put(" ");
        }
    }

    fn here_documents(&mut self) {
        if !self.documents.is_empty() {
            self.put("\n");
            let documents = std::mem::take(&mut self.documents).concat();
            self.put(documents);
            self.after_document = true;
        }
    }

    /// The beginning of a command: indented, unless something stands before it on its line.
    fn begin(&mut self) {
        if !std::mem::take(&mut self.inline) {
            self.margin();
        }
    }

    fn words<'a>(&mut self, words: impl Iterator<Item = &'a Word>, between: &str) {
        for (index, word) in words.enumerate() {
            if index > 0 {
                self.put(between);
            }
            self.word(word);
        }
    }

    /// A word as it is written.
    fn word(&mut self, word: &Word) {
        for part in word.parts.iter() {
            match part {
                Part::Literal(text) | Part::Quoted(text) => self.put(text),
                Part::Tilde(name) => {
                    self.put("~");
                    self.put(name);
                }
                // A text that is read to be shown has no other parts.
                _ => {}
            }
        }
    }

    /// `() `, and the body in braces.
    fn function(&mut self, definition: &Definition) {
        self.put(" () \n");
        self.margin();
        self.put("{ \n");
        let Some(body) = Parser::verbatim(&definition.text) else { return };
        self.indent += STEP;
        match &body.kind {
            CommandKind::Brace(block) => self.block(block),
            _ => self.command(&body),
        }
        self.here_documents();
        self.indent -= STEP;
        self.line("}");
        if matches!(body.kind, CommandKind::Brace(_)) {
            self.redirects(&body.redirects);
            self.here_documents();
        }
    }

    fn block(&mut self, block: &Block) {
        for (index, command) in block.iter().enumerate() {
            if let Some(before) = index.checked_sub(1).and_then(|before| block.get(before)) {
                if before.background {
                    self.put(" ");
                    self.inline = true;
                } else {
                    if !self.documents.is_empty() {
                        self.here_documents();
                        self.after_document = false;
                    } else if !std::mem::take(&mut self.after_document) {
                        self.put(";");
                    }
                    self.put("\n");
                }
            }
            self.and_or(command);
        }
    }

    fn and_or(&mut self, command: &AndOr) {
        self.pipeline(&command.first);
        for (connector, pipeline) in &command.rest {
            self.joined(match connector {
                Connector::And => " && ",
                Connector::Or => " || ",
            });
            self.inline = true;
            self.pipeline(pipeline);
        }
        if command.background {
            self.joined(" &");
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        self.begin();
        self.inline = true;
        match pipeline.timed {
            Some(Timing::Shell) => self.put("time "),
            Some(Timing::Posix) => self.put("time -p "),
            None => {}
        }
        if pipeline.negated {
            self.put("! ");
        }
        for (index, command) in pipeline.commands.iter().enumerate() {
            if index > 0 {
                self.joined(" |");
                self.put(" ");
                self.inline = true;
            }
            self.command(command);
        }
        self.inline = false;
    }

    fn command(&mut self, command: &Command) {
        self.begin();
        match &command.kind {
            CommandKind::Simple(simple) => self.simple(simple),
            CommandKind::Brace(block) => {
                self.put("{ \n");
                self.indented(block);
                self.line("}");
            }
            CommandKind::Subshell(block) => {
                self.put("( ");
                self.inline = true;
                self.block(block);
                self.here_documents();
                self.put(" )");
            }
            CommandKind::If { arms, otherwise } => self.if_command(arms, otherwise.as_ref()),
            CommandKind::Loop { until, test, body } => {
                self.put(if *until { "until " } else { "while " });
                self.inline = true;
                self.block(test);
                self.semicolon();
                self.put(" do\n");
                self.indented(body);
                self.semicolon();
                self.line("done");
            }
            CommandKind::For { name, words, body, .. } => self.for_each("for ", name, words.as_deref(), body),
            CommandKind::Select { name, words, body, .. } => {
                self.for_each("select ", name, words.as_deref(), body);
            }
            CommandKind::ForArith { init, test, step, body } => {
                self.put("for ((");
                for (index, clause) in [init, test, step].into_iter().enumerate() {
                    self.put(if index > 0 { "; " } else { "" });
                    self.word(clause);
                }
                self.put("))");
                self.line("do\n");
                self.indented(body);
                self.semicolon();
                self.line("done");
            }
            CommandKind::Case { word, arms, .. } => {
                self.put("case ");
                self.word(word);
                self.put(" in ");
                self.indent += STEP;
                for arm in arms {
                    self.line("");
                    self.words(arm.patterns.iter(), " | ");
                    self.put(")\n");
                    self.indented(&arm.body);
                    self.line(match arm.end {
                        CaseEnd::Break => ";;",
                        CaseEnd::FallThrough => ";&",
                        CaseEnd::Continue => ";;&",
                    });
                }
                self.indent -= STEP;
                self.line("esac");
            }
            CommandKind::Function { name, definition } => {
                self.put("function ");
                self.put(name);
                self.function(definition);
            }
            CommandKind::Arith(word) => {
                self.put("((");
                self.word(word);
                self.put("))");
            }
            CommandKind::Cond(cond) => {
                self.put("[[ ");
                self.cond(cond);
                self.put(" ]]");
            }
            CommandKind::Coproc { name, command } => {
                self.put("coproc ");
                self.put(name);
                self.put(" ");
                self.inline = true;
                self.command(command);
            }
        }
        self.redirects(&command.redirects);
    }

    fn indented(&mut self, block: &Block) {
        self.indent += STEP;
        self.block(block);
        self.here_documents();
        self.indent -= STEP;
    }

    fn simple(&mut self, simple: &Simple) {
        for (index, assignment) in simple.assignments.iter().enumerate() {
            if index > 0 {
                self.put(" ");
            }
            self.assignment(assignment);
        }
        for (index, word) in simple.words.iter().enumerate() {
            if index > 0 || !simple.assignments.is_empty() {
                self.put(" ");
            }
            // An operand that is an array is a name here, and its elements stand apart.
            let array =
                word.literal().and_then(|name| simple.arrays.iter().find(|array| array.name == *name));
            match array.filter(|_| index > 0) {
                Some(array) => self.assignment(array),
                None => self.word(word),
            }
        }
    }

    fn assignment(&mut self, assignment: &Assignment) {
        self.put(&assignment.name);
        if let Some(subscript) = &assignment.subscript {
            self.put("[");
            self.word(subscript);
            self.put("]");
        }
        self.put(if assignment.append { "+=" } else { "=" });
        match &assignment.value {
            AssignedValue::Word(word) => self.word(word),
            AssignedValue::Array(elements) => {
                self.put("(");
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        self.put(" ");
                    }
                    if let Some(subscript) = &element.subscript {
                        self.put("[");
                        self.word(subscript);
                        self.put(if element.append { "]+=" } else { "]=" });
                    }
                    self.word(&element.value);
                }
                self.put(")");
            }
        }
    }

    /// An `elif` is shown as what it is short for.
    fn if_command(&mut self, arms: &[(Block, Block)], otherwise: Option<&Block>) {
        let depth = self.indent;
        for (index, (test, body)) in arms.iter().enumerate() {
            if index > 0 {
                self.semicolon();
                self.line("else\n");
                self.indent += STEP;
                self.margin();
            }
            self.put("if ");
            self.inline = true;
            self.block(test);
            self.semicolon();
            self.put(" then\n");
            self.indented(body);
        }
        if let Some(body) = otherwise {
            self.semicolon();
            self.line("else\n");
            self.indented(body);
        }
        loop {
            self.semicolon();
            self.line("fi");
            if self.indent == depth {
                return;
            }
            self.indent -= STEP;
        }
    }

    fn for_each(&mut self, keyword: &str, name: &[u8], words: Option<&[Word]>, body: &Block) {
        self.put(keyword);
        self.put(name);
        self.put(" in ");
        match words {
            Some(words) => self.words(words.iter(), " "),
            None => self.put("\"$@\""),
        }
        self.put(";");
        self.line("do\n");
        self.indented(body);
        self.semicolon();
        self.line("done");
    }

    /// A chain of conditions is bounded like everything that nests.
    fn cond(&mut self, cond: &Cond) {
        match cond {
            Cond::Not(inner) => {
                self.put("! ");
                self.cond(inner);
            }
            Cond::Group(inner) => {
                self.put("( ");
                self.cond(inner);
                self.put(" )");
            }
            Cond::And(left, right) | Cond::Or(left, right) => {
                self.cond(left);
                self.put(if matches!(cond, Cond::And(..)) { " && " } else { " || " });
                self.cond(right);
            }
            Cond::Unary(letter, word) => {
                self.put([b'-', *letter, b' ']);
                self.word(word);
            }
            Cond::Binary(op, left, right) => {
                self.word(left);
                self.put(format!(" {} ", op.text()));
                self.word(right);
            }
            Cond::Word(word) => {
                self.put("-n ");
                self.word(word);
            }
        }
    }

    fn redirects(&mut self, redirects: &[Redirect]) {
        for redirect in redirects {
            if !matches!(self.out.last(), Some(b' ')) {
                self.put(" ");
            }
            self.redirect(redirect);
        }
    }

    fn redirect(&mut self, redirect: &Redirect) {
        let (operator, word, usual) = match &redirect.kind {
            RedirectKind::Read(word) => ("< ", word, Some(0)),
            RedirectKind::Write(word) => ("> ", word, Some(1)),
            RedirectKind::Clobber(word) => (">| ", word, Some(1)),
            RedirectKind::Append(word) => (">> ", word, Some(1)),
            RedirectKind::ReadWrite(word) => ("<> ", word, None),
            RedirectKind::HereString(word) => ("<<< ", word, Some(0)),
            RedirectKind::Both { word, append: false } => ("&> ", word, Some(1)),
            RedirectKind::Both { word, append: true } => ("&>> ", word, Some(1)),
            RedirectKind::Duplicate { word, output } => {
                let text = word.literal().map_or(&b""[..], |text| &text[..]);
                let names_fd =
                    text.starts_with(b"$") || text.iter().all(|byte| b"0123456789-".contains(byte));
                match (output, names_fd) {
                    (true, true) => (">&", word, None),
                    (true, false) => ("&> ", word, Some(1)),
                    (false, _) => ("<&", word, None),
                }
            }
            RedirectKind::HereDocument(document) => {
                self.number(redirect, Some(0), 0);
                self.put("<<");
                if let Some(word) = document.get()
                    && let [Part::Quoted(delimiter), Part::Quoted(text)] = &*word.parts
                {
                    self.put(delimiter);
                    self.documents.push(text.to_vec());
                }
                return;
            }
        };
        self.number(redirect, usual, u32::from(operator.starts_with(['>', '&'])));
        self.put(operator);
        self.word(word);
    }

    /// The number before a redirection, unless it is the usual one.
    fn number(&mut self, redirect: &Redirect, usual: Option<u32>, default: u32) {
        if let Some(name) = &redirect.variable {
            self.put([b"{", &name[..], b"}"].concat());
            return;
        }
        let fd = redirect.fd.unwrap_or(default);
        if Some(fd) != usual {
            self.put(fd.to_string());
        }
    }
}

impl Parser {
    /// A command read to be shown: each of its words is one part, its text. None where it makes no sense.
    fn verbatim(text: &[u8]) -> Option<Command> {
        let mut parser = Self::new(text.to_vec(), Dialect::Bash, std::sync::Arc::default(), 1);
        parser.show_as_written();
        parser.only_command().ok()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::shell::{
        Dialect,
        ast::{CommandKind, Definition},
        parser::Parser,
    };

    fn listing(text: &str) -> String {
        let mut parser = Parser::new(text.into(), Dialect::Bash, std::sync::Arc::default(), 1);
        let block = parser.next_line().unwrap().unwrap();
        let command = &block[0].first.commands[0];
        let CommandKind::Function { name, definition } = &command.kind else {
            panic!("{text} is no function")
        };
        String::from_utf8(super::function(name, definition)).unwrap()
    }

    #[test]
    fn each_command_has_a_line_and_words_stay_as_they_are_written() {
        assert_eq!(
            listing("f() { if a \"b  c\"'d'; then x=$(ls  -l); else ( y; z ); fi 2>/dev/null; w & v; }"),
            "f () \n{ \n    if a \"b  c\"'d'; then\n        x=$(ls  -l);\n    else\n        ( y;\n        z );\n    fi \
             2> /dev/null;\n    w & v\n}\n"
        );
    }

    #[test]
    fn a_here_document_follows_its_line() {
        assert_eq!(
            listing("f() { cat <<-'E' | wc\n\t$x\n\tE\necho; }"),
            "f () \n{ \n    cat <<-'E' |\n$x\nE\n  wc\n    echo\n}\n"
        );
    }

    #[test]
    fn what_is_shown_reads_as_the_same_function() {
        for text in [
            "f() { case $1 in a|b) x;; c) ;& *) y;; esac; [[ ! ( a = b || -f c ) && d =~ ^(x|y)$ ]] || (( i++ )); }",
            "f() { for ((i=0;i<3;i++)); do a=([1]=x \"y z\"); declare -a b=(1 2); done; for x; do :; done; }",
            "f() { coproc N { cat; }; select s in 1 2; do break; done <x >>y 3<&0 >&2; g() { :; } >z; }",
        ] {
            let once = listing(text);
            assert_eq!(listing(&once), once);
        }
    }

    #[test]
    fn what_makes_no_sense_is_shown_without_its_body() {
        let body =
            Parser::new(b":".to_vec(), Dialect::Bash, std::sync::Arc::default(), 1).only_command().unwrap();
        let definition = Definition { body: std::sync::Arc::new(body), text: Bytes::from_static(b"{ if") };
        assert!(super::function(b"f", &definition).starts_with(b"f () \n{ \n"));
    }
}
