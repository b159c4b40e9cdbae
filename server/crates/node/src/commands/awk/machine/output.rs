//! What `print` and `printf` print.

use bytes::Bytes;

use super::super::{format, value::Value};
use super::{Machine, OFMT, OFS, ORS};

impl Machine<'_> {
    pub(super) fn printed(&mut self, format: bool, args: &[Value]) -> Vec<u8> {
        let output = self.text_of(OFMT);
        if format {
            let convert = self.convert();
            let text = args.first().map_or_else(Bytes::new, |value| value.text(&convert));
            return format::format(&text, args.get(1..).unwrap_or_default(), &convert);
        }
        let mut out = Vec::new();
        if args.is_empty() {
            out.extend_from_slice(&self.whole_record());
        }
        let between = self.text_of(OFS);
        for (index, arg) in args.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(&between);
            }
            out.extend_from_slice(&arg.text(&output));
        }
        out.extend_from_slice(&self.text_of(ORS));
        out
    }
}
