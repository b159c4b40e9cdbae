//! Field management: who owns which field, and server-side apply.
//!
//! An object carries one [`Entry`] for each manager that has written to it. A plain write (create, update, patch)
//! makes its manager the owner of what it changed; an apply makes it the owner of what it says, and is refused where
//! that would change what others own. The set arithmetic follows `structured-merge-diff`, so that `managedFields`
//! and conflicts read as on a real cluster.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/server-side-apply/>.

mod apply;
mod compare;
mod entry;
mod fieldset;
mod last_applied;
mod merge;
mod typed;
mod update;

pub(crate) use self::apply::{ApplyError, Conflict, apply};
pub(crate) use self::entry::{Entry, parse_entries, render_entries};
pub(crate) use self::update::{Writer, update};
