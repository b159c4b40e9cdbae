//! The inputs of a filter, read from files one after another.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::{
    super::{Cx, context::MAX_LINE},
    options::Options,
    read::Reader,
    value::{Heap, Raise, Value},
};
use crate::kernel::fs::OpenFile;

/// Where values come from.
#[derive(Debug)]
pub(super) struct Inputs {
    heap: Heap,
    files: VecDeque<Bytes>,
    file: Option<Arc<OpenFile>>,
    /// What errors call the file that is read.
    name: Option<String>,
    /// Lines of it so far.
    lines: usize,
    reader: Reader,
    /// What was read and not looked at.
    left: Bytes,
    raw: bool,
    slurp: bool,
    stream: bool,
    /// Text that is gathered for a raw input.
    text: Vec<u8>,
    ready: VecDeque<Value>,
    /// Whether everything has been said to have ended.
    ended: bool,
    /// Whether a file could not be read.
    pub(super) failed: bool,
}

/// Why there is no value.
#[derive(Debug)]
pub(super) enum NoInput {
    End,
    /// The input is no JSON.
    Invalid(String),
    Memory,
}

impl From<Raise> for NoInput {
    fn from(_: Raise) -> Self {
        Self::Memory
    }
}

impl Inputs {
    pub(super) fn new(heap: &Heap, options: &Options) -> Self {
        let files: VecDeque<Bytes> = options.files.iter().cloned().collect();
        let stdin = files.is_empty();
        let mut inputs = Self {
            heap: heap.clone(),
            files,
            file: None,
            name: None,
            lines: 0,
            reader: Reader::new(heap),
            left: Bytes::new(),
            raw: options.raw_input,
            slurp: options.slurp,
            stream: options.stream,
            text: Vec::new(),
            ready: VecDeque::new(),
            ended: false,
            failed: false,
        };
        if stdin {
            inputs.files.push_back(Bytes::from_static(b"-"));
        }
        inputs
    }

    /// Where an error happened, as jq names it.
    pub(super) fn position(&self) -> String {
        self.name.as_ref().map_or_else(|| "<unknown>".to_owned(), |name| format!("{name}:{}", self.lines))
    }

    pub(super) fn line(&self) -> usize {
        self.lines
    }

    pub(super) fn filename(&self) -> Result<Value, Raise> {
        match &self.name {
            Some(name) if name != "<stdin>" => self.heap.text(name.clone()),
            _ => Ok(Value::Null),
        }
    }

    /// The next value.
    pub(super) async fn next(&mut self, cx: &mut Cx) -> Result<Value, NoInput> {
        if !self.slurp || self.ended {
            return self.one(cx).await;
        }
        if self.raw {
            while let Some(bytes) = self.bytes(cx).await? {
                self.text.extend_from_slice(&bytes);
            }
            self.ended = true;
            return Ok(self.take_text()?);
        }
        let mut all = self.heap.empty_array();
        loop {
            match self.one(cx).await {
                Ok(value) => all.push(value)?,
                Err(NoInput::End) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Value::Array(Arc::new(all)))
    }

    async fn one(&mut self, cx: &mut Cx) -> Result<Value, NoInput> {
        loop {
            if let Some(value) = self.ready.pop_front() {
                return Ok(value);
            }
            if let Some(value) = self.reader.take() {
                if !self.stream {
                    return Ok(value);
                }
                events(&self.heap, &value, &mut Vec::new(), &mut self.ready)?;
                continue;
            }
            if self.ended {
                return Err(NoInput::End);
            }
            match self.line_of_input(cx).await? {
                Some(line) if self.raw => {
                    self.text.extend_from_slice(&line);
                    if self.text.last() == Some(&b'\n') {
                        self.text.pop();
                        return Ok(self.take_text()?);
                    }
                }
                Some(line) => self.reader.feed(&line).map_err(NoInput::Invalid)?,
                None => {
                    self.ended = true;
                    if self.raw && !self.text.is_empty() {
                        return Ok(self.take_text()?);
                    }
                    self.reader.end().map_err(NoInput::Invalid)?;
                }
            }
        }
    }

    fn take_text(&mut self) -> Result<Value, Raise> {
        let bytes = std::mem::take(&mut self.text);
        self.heap.text(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Some bytes, up to the end of a line at most, so that errors know where they are.
    async fn line_of_input(&mut self, cx: &mut Cx) -> Result<Option<Bytes>, NoInput> {
        if self.left.is_empty() {
            match self.bytes(cx).await? {
                Some(bytes) => self.left = bytes,
                None => return Ok(None),
            }
        }
        let end = memchr::memchr(b'\n', &self.left);
        self.lines += usize::from(end.is_some());
        Ok(Some(self.left.split_to(end.map_or(self.left.len(), |at| at + 1))))
    }

    /// Some bytes of the files. None where all have ended.
    async fn bytes(&mut self, cx: &mut Cx) -> Result<Option<Bytes>, NoInput> {
        if self.text.len() > MAX_LINE {
            return Err(NoInput::Memory);
        }
        loop {
            if self.file.is_none() {
                let Some(path) = self.files.pop_front() else { return Ok(None) };
                let stdin = path == "-";
                let shown = String::from_utf8_lossy(&path).into_owned();
                match cx.open(&path).await {
                    Ok(file) => {
                        self.file = Some(file);
                        self.name = Some(if stdin { "<stdin>".to_owned() } else { shown });
                        self.lines = 0;
                    }
                    Err(errno) => {
                        let text = cx.text(errno);
                        cx.error(format!("error: Could not open file {shown}: {text}")).await;
                        self.failed = true;
                        continue;
                    }
                }
            }
            let Some(file) = self.file.clone() else { continue };
            match cx.read(&file).await {
                Ok(bytes) if bytes.is_empty() => self.file = None,
                Ok(bytes) => return Ok(Some(bytes)),
                Err(errno) => {
                    let (name, text) = (self.name.clone().unwrap_or_default(), cx.text(errno));
                    cx.error(format!("error: input error: {name}: {text}")).await;
                    self.failed = true;
                    self.file = None;
                }
            }
        }
    }
}

/// What `--stream` makes of a value: paths with what lies there, and paths that end something.
fn events(heap: &Heap, value: &Value, path: &mut Vec<Value>, out: &mut VecDeque<Value>) -> Result<(), Raise> {
    let parts: Vec<(Value, Value)> = match value {
        Value::Array(array) => {
            array.items().iter().enumerate().map(|(index, item)| (Value::from(index), item.clone())).collect()
        }
        Value::Object(object) => {
            let members = object.members().iter();
            members
                .map(|(key, value)| Ok((heap.text(key.to_string())?, value.clone())))
                .collect::<Result<_, _>>()?
        }
        _ => Vec::new(),
    };
    let Some((last, _)) = parts.last().cloned() else {
        let path = heap.array(path.clone())?;
        out.push_back(heap.array(vec![path, value.clone()])?);
        return Ok(());
    };
    for (key, part) in parts {
        path.push(key);
        events(heap, &part, path, out)?;
        path.pop();
    }
    path.push(last);
    let closing = heap.array(path.clone())?;
    out.push_back(heap.array(vec![closing])?);
    path.pop();
    Ok(())
}
