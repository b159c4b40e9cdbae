//! Functions that are built in and need the machine: the others are in `builtins`.

use super::super::{
    builtins::{self, World},
    value::Value,
};
use super::{Cell, Machine, RLENGTH, RSTART};
use crate::{commands::Cx, kernel::errno::Errno};

impl Machine<'_> {
    pub(super) async fn builtin(
        &mut self,
        cx: &mut Cx,
        name: &'static str,
        count: usize,
    ) -> Result<(), String> {
        let value = match name {
            "system" => {
                let command = self.pop_text();
                Value::Number(self.streams.system(cx, &command).await)
            }
            "close" => {
                self.pop_all(count - 1);
                let target = self.pop_text();
                Value::Number(self.streams.close(cx, &target).await)
            }
            "fflush" => {
                self.pop_all(count);
                self.streams.flush(cx).await;
                Value::Number(0.0)
            }
            "rand" => {
                // A linear congruence: the same seed gives the same numbers.
                self.random = self
                    .random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                Value::Number((self.random >> 11) as f64 / (1u64 << 53) as f64)
            }
            "srand" => {
                let before = self.seed;
                self.seed = match count {
                    0 => cx.process.now().as_second() as u64,
                    _ => self.pop().number() as i64 as u64,
                };
                self.random = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995;
                Value::Number(before as f64)
            }
            "match" => {
                let regex = self.pop_pattern()?;
                let text = self.pop_text();
                let found = regex.find(&text, 0);
                let (start, len) =
                    found.map_or((0.0, -1.0), |range| (range.start as f64 + 1.0, range.len() as f64));
                self.globals[RSTART] = Cell::Value(Value::Number(start));
                self.globals[RLENGTH] = Cell::Value(Value::Number(len));
                Value::Number(start)
            }
            "gensub" => {
                let mut args = self.pop_all(count - 1);
                let regex = self.pop_pattern()?;
                let convert = self.convert();
                let target = if args.len() > 2 { args.remove(2).text(&convert) } else { self.whole_record() };
                let which = builtins::gensub_count(&args[1], &convert);
                let done = builtins::replace(&target, &regex, &args[0].text(&convert), which, true);
                Value::String(done.ok_or_else(|| cx.text(Errno::ENOMEM).to_owned())?.0)
            }
            "length" if count == 0 => Value::Number(self.whole_record().len() as f64),
            name => {
                let args = self.pop_all(count);
                let convert = self.convert();
                let world =
                    World { convert: &convert, now: cx.process.now(), zone: &self.zone, gnu: cx.is_gnu() };
                builtins::call(name, &args, &world).unwrap_or_default()
            }
        };
        self.push(value);
        Ok(())
    }
}
