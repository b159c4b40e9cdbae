//! Which command is a shell's last, so that it may take its place (`exec` without being told to).

use super::{
    Dialect,
    ast::Redirect,
    frames::{Frame, Source, SourceKind},
    machine::nth,
    state::Shell,
};

impl Shell {
    /// Whether nothing is left to be done after the current command, so that it may take the shell's place. Each shell has
    /// its own idea of that, which shows in `ps` and in who gets the signals of a container's first process.
    pub(super) fn is_last_command(&mut self, redirects: &[Redirect]) -> bool {
        if self.options.interactive || self.traps.has_actions() || self.options.errexit && self.tested > 0 {
            return false;
        }
        match self.dialect {
            _ if self.subshell => self.ends_with_command(false),
            Dialect::Ash => self.ends_with_command(true),
            // It runs all that a script or an argument says in processes of their own.
            Dialect::Dash => false,
            // It looks at the line as it was read, not at what runs: the last command of a list, if that is a simple one.
            Dialect::Bash => redirects.is_empty() && self.is_plain_line() && self.ends_with_command(false),
        }
    }

    fn ends_with_command(&mut self, newline_goes_on: bool) -> bool {
        let reads_script = self.script.is_some() && !self.subshell;
        self.frames.iter_mut().all(|frame| match frame {
            Frame::List(list) => {
                let rest = list.block.get(list.item).map_or(0, |command| command.rest.len());
                let negated = nth(&list.block, list.item, list.pipe).is_some_and(|pipeline| pipeline.negated);
                list.item + 1 >= list.end && list.pipe == rest && !negated
            }
            // A script is read line by line: nobody knows that a line is its last one.
            Frame::Source(Source { kind: SourceKind::Main, .. }) if reads_script => false,
            // `eval` comes back, for all that these know.
            Frame::Source(Source { kind: SourceKind::Eval { .. }, .. }) if !self.dialect.is_bash() => false,
            Frame::Source(source) => {
                source.parser.is_at_end() && !(newline_goes_on && source.parser.ends_with_newline())
            }
            Frame::Case { fall, .. } => !*fall,
            _ => false,
        })
    }

    /// Whether a line of the main text runs, nothing within it, and its last `&&` or `||` list is all of it or one command.
    fn is_plain_line(&self) -> bool {
        match self.frames.as_slice() {
            [Frame::Source(Source { kind: SourceKind::Main, parser, .. }), Frame::List(list)] => {
                !parser.ends_with_blanks()
                    && (list.item == 0
                        || list.block.get(list.item).is_some_and(|command| command.rest.is_empty()))
            }
            _ => false,
        }
    }
}
