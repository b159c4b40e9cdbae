//! What a C library gives to programs: patterns, names, numbers, options.

pub(crate) mod crypt;
pub(crate) mod extglob;
pub(crate) mod float;
pub(crate) mod fnmatch;
pub(crate) mod getopt;
pub(crate) mod glob;
pub(crate) mod mode;
pub(crate) mod passwd;
pub(crate) mod pattern;
pub(crate) mod regex;
pub(crate) mod resolver;
