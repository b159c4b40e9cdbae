//! The lines that sed reads, from one file after another.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use crate::{
    commands::{Cx, Line, Lines},
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFile, OpenFlags},
    },
};

/// Files, and what has been read of them.
#[derive(Debug)]
pub(super) struct Input {
    paths: VecDeque<Bytes>,
    current: Option<Lines>,
    /// The path of the current file.
    pub(super) path: Bytes,
    /// A line that was read to see whether there is one.
    peeked: Option<Line>,
    /// Each file has lines and a last line of its own.
    separate: bool,
    /// Files are replaced by what is printed; a copy is kept under the name with this behind it.
    in_place: Option<Bytes>,
    /// Where output for the current file is gathered, and the mode of that.
    edited: Option<(Arc<OpenFile>, Vec<u8>)>,
    delimiter: u8,
    pub(super) number: u64,
    pub(super) code: u8,
    /// A file was begun whose lines are counted from its start.
    anew: bool,
}

impl Input {
    pub(super) fn new(paths: Vec<Bytes>, separate: bool, in_place: Option<Bytes>, delimiter: u8) -> Self {
        Self {
            paths: paths.into(),
            current: None,
            path: Bytes::new(),
            peeked: None,
            separate,
            in_place,
            edited: None,
            delimiter,
            number: 0,
            code: 0,
            anew: false,
        }
    }

    /// Whether the line that was read last is the first of a file whose lines are counted from its start.
    pub(super) fn begins_anew(&mut self) -> bool {
        std::mem::take(&mut self.anew)
    }

    /// The file that output goes to instead of standard output.
    pub(super) fn edited(&self) -> Option<Arc<OpenFile>> {
        self.edited.as_ref().map(|(file, _)| Arc::clone(file))
    }

    /// Whether files follow that have lines of their own.
    pub(super) fn has_more_files(&self) -> bool {
        self.separate && !self.paths.is_empty()
    }

    /// Whether no further line is in the current file (or in any file, where they are one).
    pub(super) async fn is_last(&mut self, cx: &mut Cx) -> bool {
        if self.peeked.is_none() {
            self.peeked = self.read(cx, !self.separate).await;
        }
        self.peeked.is_none()
    }

    /// The next line. With `within`, only of the current file where files are separate.
    pub(super) async fn next(&mut self, cx: &mut Cx) -> Option<Line> {
        let line = match self.peeked.take() {
            Some(line) => Some(line),
            None => self.read(cx, true).await,
        };
        self.number += u64::from(line.is_some());
        line
    }

    async fn read(&mut self, cx: &mut Cx, move_on: bool) -> Option<Line> {
        loop {
            if let Some(lines) = &mut self.current {
                match lines.next(cx).await {
                    Ok(Some(line)) => return Some(line),
                    Ok(None) => {}
                    Err(errno) => self.complain(cx, errno, true).await,
                }
                if !move_on {
                    return None;
                }
                self.current = None;
                self.finish_file(cx).await;
            }
            self.path = self.paths.pop_front()?;
            self.open(cx).await;
        }
    }

    async fn complain(&mut self, cx: &mut Cx, errno: Errno, opened: bool) {
        let (shown, text) = (String::from_utf8_lossy(&self.path).into_owned(), cx.text(errno));
        let message = match (cx.is_gnu(), opened) {
            (true, true) if errno == Errno::EISDIR => format!("couldn't edit {shown}: not a regular file"),
            (true, true) => format!("read error on {shown}: {text}"),
            (true, false) => format!("can't read {shown}: {text}"),
            (false, _) => format!("{shown}: {text}"),
        };
        cx.error(message).await;
        self.code = if cx.is_gnu() { 2 } else { 1 };
    }

    async fn open(&mut self, cx: &mut Cx) {
        let opened = match &self.in_place {
            Some(_) => cx.process.open_file(&self.path, OpenFlags::READ, 0).await,
            None => cx.open(&self.path).await,
        };
        let file = match opened {
            Ok(file) => file,
            Err(errno) => return self.complain(cx, errno, false).await,
        };
        if self.in_place.is_some() || (self.separate && cx.is_gnu()) {
            self.number = 0;
            self.anew = true;
        }
        if file.file_type() == FileType::Directory {
            let shown = String::from_utf8_lossy(&self.path).into_owned();
            match (cx.is_gnu(), self.in_place.is_some()) {
                (true, true) => cx.error(format!("couldn't edit {shown}: not a regular file")).await,
                (true, false) => cx.error(format!("read error on {shown}: Is a directory")).await,
                (false, _) => return,
            }
            self.code = if self.in_place.is_some() { 4 } else { 2 };
            return;
        }
        if self.in_place.is_some() {
            let mode = cx.process.stat(&self.path, true).map_or(0o644, |stat| stat.mode);
            let temporary = [&self.path[..], b".podlab"].concat();
            match cx.process.open_file(&temporary, OpenFlags::WRITE, mode).await {
                Ok(target) => self.edited = Some((target, temporary)),
                Err(errno) => {
                    let (shown, text) = (String::from_utf8_lossy(&self.path).into_owned(), cx.text(errno));
                    match cx.is_gnu() {
                        true => {
                            cx.error(format!("couldn't open temporary file ./{}: {text}", "sedXXXXXX")).await
                        }
                        false => cx.error(format!("can't create temp file '{shown}XXXXXX': {text}")).await,
                    }
                    self.code = if cx.is_gnu() { 4 } else { 1 };
                    return;
                }
            }
        }
        self.current = Some(Lines::separated_by(file, self.delimiter));
    }

    /// Puts what was printed in the place of the current file.
    pub(super) async fn finish_file(&mut self, cx: &mut Cx) {
        let Some((_, temporary)) = self.edited.take() else { return };
        if let Ok(stat) = cx.process.stat(&self.path, true) {
            let _ = cx.process.chown(&temporary, Some(stat.uid), Some(stat.gid), true);
            let _ = cx.process.chmod(&temporary, stat.mode);
        }
        if let Some(suffix) = self.in_place.clone().filter(|suffix| !suffix.is_empty()) {
            let backup = match suffix.contains(&b'*') {
                true => {
                    let name = String::from_utf8_lossy(&self.path).into_owned();
                    String::from_utf8_lossy(&suffix).replace('*', &name).into_bytes()
                }
                false => [&self.path[..], &suffix].concat(),
            };
            let _ = cx.process.rename(&self.path, &backup);
        }
        if let Err(errno) = cx.process.rename(&temporary, &self.path) {
            let _ = cx.process.unlink(&temporary);
            let (shown, text) = (String::from_utf8_lossy(&self.path).into_owned(), cx.text(errno));
            cx.error(format!("cannot rename {shown}: {text}")).await;
            self.code = 4;
        }
    }

    /// Copies what has not been read of a file that is edited.
    pub(super) async fn drain(&mut self, cx: &mut Cx) -> Vec<Line> {
        let mut rest: Vec<Line> = self.peeked.take().into_iter().collect();
        if self.edited.is_some()
            && let Some(mut lines) = self.current.take()
        {
            while let Ok(Some(line)) = lines.next(cx).await {
                rest.push(line);
            }
        }
        rest
    }
}
