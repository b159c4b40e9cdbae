//! What several pages show.

mod announcer;
mod cluster_badge;
mod confirm;
mod failure;
mod header;
mod heading;
mod icon;
mod loading_bar;
mod moment;
mod points;
mod prose;
mod shortcut_help;
mod standing_mark;
mod theme_switch;

pub(crate) use announcer::{Announcer, announce, provide_announcer};
pub(crate) use cluster_badge::ClusterBadge;
pub(crate) use confirm::Confirm;
pub(crate) use failure::{Failure, answer_with};
pub(crate) use header::Header;
pub(crate) use heading::{Heading, provide_arrivals};
pub(crate) use icon::{Icon, Shape};
pub(crate) use loading_bar::{Loading, LoadingBar};
pub(crate) use moment::Moment;
pub(crate) use points::{Points, count};
pub(crate) use prose::Prose;
pub(crate) use shortcut_help::ShortcutHelp;
pub(crate) use standing_mark::StandingMark;
pub(crate) use theme_switch::ThemeSwitch;
