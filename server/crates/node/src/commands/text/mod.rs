//! Filters: commands that read text and write text.

pub(super) mod ascii;
pub(super) mod base32;
pub(super) mod base64;
pub(super) mod checksum;
pub(super) mod cksum;
pub(super) mod cmp;
pub(super) mod comm;
pub(super) mod crc32;
pub(super) mod csplit;
pub(super) mod cut;
pub(super) mod dd;
pub(super) mod dump;
pub(super) mod envsubst;
pub(super) mod expand;
pub(super) mod factor;
pub(super) mod fmt;
pub(super) mod fold;
mod hexdump_format;
pub(super) mod join;
pub(super) mod line_ends;
pub(super) mod nl;
pub(super) mod numfmt;
pub(super) mod paste;
pub(super) mod patch;
pub(super) mod seq;
pub(super) mod shuf;
pub(super) mod sort;
pub(super) mod split;
pub(super) mod strings;
pub(super) mod tac;
pub(super) mod tee;
pub(super) mod tr;
pub(super) mod ts;
pub(super) mod tsort;
pub(super) mod uniq;
pub(super) mod uuencode;
pub(super) mod wc;

use std::sync::Arc;

use super::Cx;
use crate::kernel::fs::OpenFile;

/// Opens an input of a filter; says so where that fails.
async fn open_input(cx: &mut Cx, path: &[u8]) -> Option<Arc<OpenFile>> {
    match cx.open(path).await {
        Ok(file) => Some(file),
        Err(errno) => {
            cx.file_error(path, errno).await;
            None
        }
    }
}
