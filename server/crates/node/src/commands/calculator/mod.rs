//! `bc` and `dc`: calculators of any precision, as busybox has them.

pub(super) mod bc;
pub(super) mod dc;
mod number;

use number::{Fault, Number};

/// What numbers are read and written in, and how precisely they are worked out.
#[derive(Clone, Copy, Debug)]
struct Settings {
    scale: usize,
    input: u32,
    output: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { scale: 0, input: 10, output: 10 }
    }
}

/// The largest base of output.
const MAX_OUTPUT_BASE: u32 = 999;
/// What the numbers of a calculation may take together, in bytes.
const MAX_HELD: usize = 64 << 20;

impl Settings {
    /// Sets the number of digits after the point.
    fn set_scale(&mut self, value: &Number) -> Result<(), Fault> {
        self.scale = value.to_index()?;
        if self.scale > number::MAX_SCALE { Err(Fault::TooLong) } else { Ok(()) }
    }

    fn set_input(&mut self, value: &Number, most: u32) -> Result<(), Fault> {
        let base = value.to_index().ok().and_then(|base| u32::try_from(base).ok());
        self.input = base.filter(|base| (2..=most).contains(base)).ok_or(Fault::BadInputBase(most))?;
        Ok(())
    }

    fn set_output(&mut self, value: &Number) -> Result<(), Fault> {
        let base = value.to_index().ok().and_then(|base| u32::try_from(base).ok());
        self.output = base.filter(|base| (2..=MAX_OUTPUT_BASE).contains(base)).ok_or(Fault::BadOutputBase)?;
        Ok(())
    }
}

/// Counts the columns of output and breaks lines that are too long.
#[derive(Clone, Copy, Debug)]
struct Width {
    column: usize,
    /// How many fit in a line; none for as many as there are.
    columns: Option<usize>,
}

impl Width {
    /// As a variable of the environment says, else 70.
    fn from_env(process: &crate::kernel::process::Process, name: &str) -> Self {
        let env = process.env();
        let wanted = env.iter().find_map(|entry| {
            let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            std::str::from_utf8(value).ok()?.parse::<usize>().ok()
        });
        let columns = match wanted {
            Some(0) => None,
            Some(columns @ 3..=65535) => Some(columns),
            _ => Some(70),
        };
        Self { column: 0, columns }
    }

    /// A text as it is shown.
    fn lay_out(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + text.len() / 60);
        for character in text.chars() {
            if character == '\n' {
                self.column = 0;
            } else {
                if self.columns.is_some_and(|columns| self.column + 2 >= columns) {
                    out.push_str("\\\n");
                    self.column = 0;
                }
                self.column += 1;
            }
            out.push(character);
        }
        out
    }
}
