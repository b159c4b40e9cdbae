//! The images that podlab has, one family a file.

mod base;
mod busybox;
mod pause;

use crate::image::Family;

/// All families.
pub(crate) const FAMILIES: &[Family] = &[busybox::FAMILY, pause::FAMILY];
