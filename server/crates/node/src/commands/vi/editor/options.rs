//! `:set`: the options that busybox knows.

/// How the text is typed and shown.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands::vi) struct Options {
    /// A new line begins with the blanks of the one before it.
    pub(super) auto_indent: bool,
    /// The tabulator key types blanks.
    expand_tabs: bool,
    /// How wide tabulators are, in columns.
    pub(in crate::commands::vi) tab_stop: usize,
    flash: bool,
    ignore_case: bool,
    show_match: bool,
}

/// The widest tabulator.
const MAX_TAB_STOP: usize = 32;

impl Default for Options {
    fn default() -> Self {
        Self {
            auto_indent: false,
            expand_tabs: false,
            tab_stop: 8,
            flash: false,
            ignore_case: false,
            show_match: false,
        }
    }
}

impl Options {
    /// Sets an option as it is written; `false` if there is none of this name.
    pub(in crate::commands::vi) fn set(&mut self, text: &[u8]) -> bool {
        if let Some(width) = text.strip_prefix(b"tabstop=").or_else(|| text.strip_prefix(b"ts=")) {
            let width = std::str::from_utf8(width).ok().and_then(|width| width.parse().ok());
            return width
                .filter(|width| (1..=MAX_TAB_STOP).contains(width))
                .map(|width| self.tab_stop = width)
                .is_some();
        }
        let (name, on) = match text.strip_prefix(b"no") {
            Some(name) => (name, false),
            None => (text, true),
        };
        let option = match name {
            b"autoindent" | b"ai" => &mut self.auto_indent,
            b"expandtab" | b"et" => &mut self.expand_tabs,
            b"flash" | b"fl" => &mut self.flash,
            b"ignorecase" | b"ic" => &mut self.ignore_case,
            b"showmatch" | b"sm" => &mut self.show_match,
            _ => return false,
        };
        *option = on;
        true
    }

    /// All of them, as `:set` without an operand tells.
    pub(in crate::commands::vi) fn shown(&self) -> String {
        let all = [
            (self.auto_indent, "autoindent"),
            (self.expand_tabs, "expandtab"),
            (self.flash, "flash"),
            (self.ignore_case, "ignorecase"),
            (self.show_match, "showmatch"),
        ];
        let shown = all.map(|(on, name)| format!("{}{name}", if on { "" } else { "no" }));
        format!("{} tabstop={}", shown.join(" "), self.tab_stop)
    }

    /// What the tabulator key types at a column.
    pub(super) fn tab(&self, column: usize) -> Vec<u8> {
        if self.expand_tabs { vec![b' '; self.tab_stop - column % self.tab_stop] } else { vec![b'\t'] }
    }
}
