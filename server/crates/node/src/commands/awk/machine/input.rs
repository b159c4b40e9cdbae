//! Records: from the files that are operands, and by `getline`.

use bytes::Bytes;

use super::super::{
    compile::{ReadFrom, Slot},
    record::{Reader, Separator},
    value::Value,
};
use super::{ARGC, ARGV, Cell, FILENAME, FNR, FS, Machine, NR, RS};
use crate::{commands::Cx, kernel::errno::Errno};

impl Machine<'_> {
    pub(super) fn begin_record(&mut self, text: Bytes) {
        self.count(NR);
        self.count(FNR);
        self.set_record(text);
    }

    pub(super) fn set_record(&mut self, text: Bytes) {
        self.separator = Separator::new(&self.text_of(FS));
        self.record.set(text);
    }

    pub(super) fn count(&mut self, slot: usize) {
        let next = self.value_of(slot).number() + 1.0;
        self.globals[slot] = Cell::Value(Value::Number(next));
    }

    /// The next record of the files that are operands.
    pub(super) async fn next_record(&mut self, cx: &mut Cx) -> Result<Option<Bytes>, String> {
        loop {
            if let Some(reader) = &mut self.input {
                let separator = match &self.globals[RS] {
                    Cell::Value(value) => value.text(b"%.6g"),
                    Cell::Array(_) => Bytes::new(),
                };
                match reader.next(cx, &separator).await {
                    Ok(Some(text)) => return Ok(Some(text)),
                    Ok(None) => {}
                    Err(Errno::ENOMEM) => return Err(cx.text(Errno::ENOMEM).to_owned()),
                    Err(errno) => {
                        let path = self.text_of(FILENAME);
                        if cx.is_gnu() {
                            let text = cx.text(errno);
                            cx.error(format!("read failure on {} ({text})", String::from_utf8_lossy(&path)))
                                .await;
                        }
                        self.failed = if cx.is_gnu() { 2 } else { self.failed };
                    }
                }
                self.input = None;
            }
            let Some(path) = self.next_operand() else { return Ok(None) };
            let opened = match &path[..] {
                b"" | b"-" => cx.process.file(0),
                _ => cx.open(&path).await,
            };
            match opened {
                Ok(file) => {
                    self.input = Some(Reader::new(file));
                    self.globals[FNR] = Cell::Value(Value::Number(0.0));
                    if !path.is_empty() {
                        self.globals[FILENAME] = Cell::Value(Value::String(path));
                    }
                }
                Err(errno) => {
                    let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                    self.failed = 2;
                    if cx.is_gnu() {
                        return Err(format!("cannot open \"{shown}\" ({text})"));
                    }
                    return Err(format!("{shown}: {text}"));
                }
            }
        }
    }

    /// The next file; after the last one nothing, and standard input where there was none at all.
    fn next_operand(&mut self) -> Option<Bytes> {
        loop {
            let count = self.value_of(ARGC).number() as usize;
            if self.next_arg >= count {
                return if std::mem::replace(&mut self.any_file, true) { None } else { Some(Bytes::new()) };
            }
            let key = self.next_arg.to_string();
            self.next_arg += 1;
            let argv = self.array(Slot::Global(ARGV)).ok()?;
            let Some(arg) = self.arrays[argv].get(key.as_bytes()) else { continue };
            let arg = arg.text(b"%.6g");
            if arg.is_empty() || self.assign(&arg) {
                continue;
            }
            self.any_file = true;
            return Some(arg);
        }
    }

    pub(super) async fn getline(
        &mut self,
        cx: &mut Cx,
        from: ReadFrom,
        to_variable: bool,
    ) -> Result<(), String> {
        let read = if from == ReadFrom::Input {
            self.next_record(cx).await.map_err(|_| Errno::ENOENT)
        } else {
            let (name, separator) = (self.pop_text(), self.text_of(RS));
            self.streams.read(cx, from, &name, &separator).await
        };
        let status = match read {
            Ok(Some(text)) => {
                if from == ReadFrom::Input {
                    self.count(NR);
                    self.count(FNR);
                }
                if to_variable {
                    self.aside = Value::Input(text);
                } else {
                    self.set_record(text);
                }
                1.0
            }
            Ok(None) => 0.0,
            Err(_) => -1.0,
        };
        self.push(Value::Number(status));
        Ok(())
    }
}
