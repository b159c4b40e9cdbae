//! The few things that the browser offers and Leptos does not wrap. All of it compiles for the server too; only
//! effects and event handlers call it, and those run in the browser alone.

pub(crate) mod editor;
pub(crate) mod events;
pub(crate) mod focus;
pub(crate) mod shortcuts;
pub(crate) mod storage;
