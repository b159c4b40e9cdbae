//! bash's further options, which `shopt` sets.

/// The options, sorted by name, and whether they are on from the start.
const TABLE: &[(&str, bool)] = &[
    ("assoc_expand_once", false),
    ("autocd", false),
    ("cdable_vars", false),
    ("cdspell", false),
    ("checkhash", false),
    ("checkjobs", false),
    ("checkwinsize", true),
    ("cmdhist", true),
    ("compat31", false),
    ("compat32", false),
    ("compat40", false),
    ("compat41", false),
    ("compat42", false),
    ("compat43", false),
    ("compat44", false),
    ("complete_fullquote", true),
    ("direxpand", false),
    ("dirspell", false),
    ("dotglob", false),
    ("execfail", false),
    ("expand_aliases", false),
    ("extdebug", false),
    ("extglob", false),
    ("extquote", true),
    ("failglob", false),
    ("force_fignore", true),
    ("globasciiranges", true),
    ("globskipdots", true),
    ("globstar", false),
    ("gnu_errfmt", false),
    ("histappend", false),
    ("histreedit", false),
    ("histverify", false),
    ("hostcomplete", true),
    ("huponexit", false),
    ("inherit_errexit", false),
    ("interactive_comments", true),
    ("lastpipe", false),
    ("lithist", false),
    ("localvar_inherit", false),
    ("localvar_unset", false),
    ("login_shell", false),
    ("mailwarn", false),
    ("no_empty_cmd_completion", false),
    ("nocaseglob", false),
    ("nocasematch", false),
    ("noexpand_translation", false),
    ("nullglob", false),
    ("patsub_replacement", true),
    ("progcomp", true),
    ("progcomp_alias", false),
    ("promptvars", true),
    ("restricted_shell", false),
    ("shift_verbose", false),
    ("sourcepath", true),
    ("varredir_close", false),
    ("xpg_echo", false),
];

/// Which options are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shopts(u64);

impl Default for Shopts {
    fn default() -> Self {
        Self(
            TABLE.iter().enumerate().filter(|(_, (_, on))| *on).fold(0, |bits, (index, _)| bits | 1 << index),
        )
    }
}

impl Shopts {
    /// Whether there is an option of this name.
    pub(crate) fn knows(name: &str) -> bool {
        TABLE.binary_search_by(|(known, _)| (*known).cmp(name)).is_ok()
    }

    /// Whether an option is on; one that is not known is off.
    pub(crate) fn is_on(self, name: &str) -> bool {
        TABLE.binary_search_by(|(known, _)| (*known).cmp(name)).is_ok_and(|index| self.0 & (1 << index) != 0)
    }

    pub(crate) fn set(&mut self, name: &str, on: bool) {
        if let Ok(index) = TABLE.binary_search_by(|(known, _)| (*known).cmp(name)) {
            self.0 = if on { self.0 | 1 << index } else { self.0 & !(1 << index) };
        }
    }

    /// The names of all options.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Shopts, TABLE};

    #[test]
    fn the_table_is_sorted_and_fits() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(TABLE.len() <= 64);
    }

    #[test]
    fn options_are_set_one_by_one() {
        let mut shopts = Shopts::default();
        assert!(shopts.is_on("sourcepath") && !shopts.is_on("nullglob") && !shopts.is_on("nope"));
        shopts.set("nullglob", true);
        shopts.set("sourcepath", false);
        assert!(shopts.is_on("nullglob") && !shopts.is_on("sourcepath"));
        assert!(Shopts::knows("xpg_echo") && !Shopts::knows("nope"));
    }
}
