//! Variables, elements of arrays, and the fields of the record.

use bytes::Bytes;

use super::super::{compile::Slot, record::MAX_FIELDS, table::Table, value::Value};
use super::{CONVFMT, Cell, Machine, NF, OFS, RS};
use crate::commands::Cx;

impl Machine<'_> {
    pub(super) fn value_of(&self, slot: usize) -> Value {
        match &self.globals[slot] {
            Cell::Value(value) => value.clone(),
            Cell::Array(_) => Value::Unset,
        }
    }

    pub(super) fn text_of(&self, slot: usize) -> Bytes {
        self.value_of(slot).text(b"%.6g")
    }

    pub(super) fn convert(&self) -> Bytes {
        self.text_of(CONVFMT)
    }

    pub(super) fn cell(&mut self, slot: Slot) -> &mut Cell {
        match slot {
            Slot::Global(index) => &mut self.globals[index],
            Slot::Local(index) => {
                let base = self.frames.last().map_or(0, |frame| frame.locals);
                &mut self.locals[base + index]
            }
        }
    }

    pub(super) fn load(&mut self, slot: Slot) -> Result<Value, String> {
        if slot == Slot::Global(NF) {
            self.split();
            return Ok(Value::Number(self.record.count() as f64));
        }
        match self.cell(slot) {
            Cell::Value(value) => Ok(value.clone()),
            Cell::Array(_) => Err("can't use array in scalar context".to_owned()),
        }
    }

    pub(super) fn store(&mut self, slot: Slot, value: Value) {
        if slot == Slot::Global(NF) {
            self.split();
            let count = value.number().max(0.0) as usize;
            self.record.set_count(count);
            return;
        }
        *self.cell(slot) = Cell::Value(value);
    }

    /// The array that a variable is, or becomes.
    pub(super) fn array(&mut self, slot: Slot) -> Result<usize, String> {
        let fresh = match self.cell(slot) {
            Cell::Array(index) => return Ok(*index),
            Cell::Value(Value::Unset) => true,
            Cell::Value(_) => false,
        };
        if !fresh {
            return Err("can't use scalar as array".to_owned());
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.arrays.push(Table::default());
            self.arrays.len() - 1
        });
        *self.cell(slot) = Cell::Array(index);
        if let (Slot::Local(_), Some(frame)) = (slot, self.frames.last_mut()) {
            frame.owned.push(index);
        }
        Ok(index)
    }

    pub(super) fn set_element(
        &mut self,
        cx: &Cx,
        array: usize,
        key: &Bytes,
        value: Value,
    ) -> Result<(), String> {
        let size = match &value {
            Value::String(text) | Value::Input(text) => text.len(),
            _ => 0,
        };
        if self.arrays[array].set(key, value) || size > 1024 {
            self.held += (key.len() + size + 96) as u64;
            if self.held > 1 << 20 && self.held % 4096 < 256 {
                cx.process.hold(self.held).map_err(|errno| cx.text(errno).to_owned())?;
            }
        }
        Ok(())
    }

    pub(super) fn split(&mut self) {
        let paragraphs = self.text_of(RS).is_empty();
        self.record.split(&self.separator, paragraphs);
    }

    pub(super) fn whole_record(&mut self) -> Bytes {
        let (separator, convert) = (self.text_of(OFS), self.convert());
        self.record.join(&separator, &convert)
    }

    pub(super) fn field(&mut self, index: f64) -> Result<Value, String> {
        let index = field_index(index)?;
        if index == 0 {
            return Ok(Value::Input(self.whole_record()));
        }
        self.split();
        Ok(self.record.field(index))
    }

    pub(super) fn set_field(&mut self, index: f64, value: Value) -> Result<(), String> {
        let index = field_index(index)?;
        if index == 0 {
            let text = value.text(&self.convert());
            self.set_record(text);
            return Ok(());
        }
        self.split();
        self.record.set_field(index, value);
        Ok(())
    }
}

fn field_index(index: f64) -> Result<usize, String> {
    if index < 0.0 {
        return Err("Access to negative field".to_owned());
    }
    let index = index as usize;
    if index > MAX_FIELDS { Err(format!("field index {index} is too large")) } else { Ok(index) }
}
