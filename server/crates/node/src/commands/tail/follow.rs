//! Following files as they grow: by their inode (`-f`) or by their name (`-F`). Changes wake it; only where there is
//! nothing to watch does it look once a second.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;

use super::header;
use crate::{
    commands::Cx,
    kernel::{
        errno::Errno,
        fs::{FileObject, FileType, OpenFile, SeekFrom},
        process::Process,
    },
};

/// A file that is followed.
#[derive(Debug)]
pub(super) struct Followed {
    path: Bytes,
    file: Option<Arc<OpenFile>>,
    /// What a pipe or a terminal had to say.
    arrived: Bytes,
    ended: bool,
}

impl Followed {
    pub(super) fn open(path: Bytes, file: Arc<OpenFile>) -> Self {
        Self { path, file: Some(file), arrived: Bytes::new(), ended: false }
    }

    pub(super) fn missing(path: Bytes) -> Self {
        Self { path, file: None, arrived: Bytes::new(), ended: false }
    }

    /// Whether it has an inode that can be watched.
    fn is_regular(&self) -> bool {
        self.file.as_ref().is_some_and(|file| matches!(file.object, FileObject::File { .. }))
    }
}

/// All files that are followed.
#[derive(Debug)]
pub(super) struct Following {
    pub(super) files: Vec<Followed>,
    pub(super) headers: bool,
    /// Files are looked for by their names again and again.
    pub(super) by_name: bool,
    /// The file whose lines were printed last.
    pub(super) last: Option<usize>,
}

impl Following {
    /// Prints what is written to the files, for ever, or until nothing more can come (`true`) or be printed.
    pub(super) async fn run(&mut self, cx: &mut Cx) -> bool {
        loop {
            for index in 0..self.files.len() {
                if self.by_name && self.files[index].path != "-" {
                    self.look(cx, index).await;
                }
                if self.catch_up(cx, index).await.is_err() {
                    self.files[index].ended = true;
                }
            }
            if !cx.flush().await {
                return false;
            }
            if self.files.iter().all(|file| file.ended) {
                return true;
            }
            self.changed(cx).await;
        }
    }

    /// Opens what has the name now, if that is another file.
    async fn look(&mut self, cx: &mut Cx, index: usize) {
        let followed = &mut self.files[index];
        let gnu = cx.is_gnu();
        let name = String::from_utf8_lossy(&followed.path).into_owned();
        let current = cx.process.stat(&followed.path, true);
        let same = match (&current, followed.file.as_ref().and_then(|file| file.place())) {
            (Ok(stat), Some(place)) => {
                let own = place.inode.stat();
                (own.device, own.ino) == (stat.device, stat.ino)
            }
            _ => false,
        };
        if same {
            return;
        }
        let had = followed.file.is_some();
        // What is left in the old one is printed first.
        if had && self.catch_up(cx, index).await.is_err() {
            self.files[index].ended = true;
        }
        let opened = cx.open(&self.files[index].path).await;
        match (opened, had) {
            (Ok(file), true) => {
                let message = match gnu {
                    true => format!("'{name}' has been replaced;  following new file"),
                    false => format!("{name} has been replaced; following end of new file"),
                };
                cx.error(message).await;
                self.files[index].file = Some(file);
            }
            (Ok(file), false) => {
                let message = match gnu {
                    true => format!("'{name}' has appeared;  following new file"),
                    false => format!("{name} has appeared; following end of new file"),
                };
                cx.error(message).await;
                self.files[index].file = Some(file);
            }
            (Err(errno), true) => {
                let text = cx.text(errno);
                let message = match gnu {
                    true => format!("'{name}' has become inaccessible: {text}"),
                    false => format!("{name} has become inaccessible: {text}"),
                };
                cx.error(message).await;
                self.files[index].file = None;
            }
            (Err(_), false) => {}
        }
    }

    /// Prints what is new in a file.
    async fn catch_up(&mut self, cx: &mut Cx, index: usize) -> Result<(), Errno> {
        let Some(file) = self.files[index].file.clone() else { return Ok(()) };
        if !self.files[index].is_regular() {
            let arrived = std::mem::take(&mut self.files[index].arrived);
            self.show(cx, index, arrived).await;
            return Ok(());
        }
        let len = file.place().map_or(0, |place| place.inode.len());
        if file.seek(SeekFrom::Current(0))? > len {
            if cx.is_gnu() {
                let name = String::from_utf8_lossy(&self.files[index].path).into_owned();
                cx.error(format!("{name}: file truncated")).await;
            }
            file.seek(SeekFrom::Start(0))?;
        }
        loop {
            let bytes = cx.read(&file).await?;
            if bytes.is_empty() {
                return Ok(());
            }
            if !self.show(cx, index, bytes).await {
                return Err(Errno::EPIPE);
            }
        }
    }

    async fn show(&mut self, cx: &mut Cx, index: usize, bytes: Bytes) -> bool {
        if bytes.is_empty() {
            return true;
        }
        if self.headers && self.last != Some(index) {
            cx.put(header(&self.files[index].path, false));
        }
        self.last = Some(index);
        cx.write(bytes).await
    }

    /// Waits until any of the files has changed.
    async fn changed(&mut self, cx: &mut Cx) {
        let process = Arc::clone(&cx.process);
        let by_name = self.by_name;
        let mut timer = None;
        let files = &mut self.files;
        poll_fn(|task| {
            let mut ready = false;
            let mut blind = false;
            for followed in files.iter_mut() {
                if followed.ended {
                    continue;
                }
                ready |= poll_file(followed, task);
                if by_name && followed.path != "-" {
                    blind |= !watch_name(&process, followed, task);
                    ready |= name_changed(&process, followed);
                }
            }
            if ready {
                return Poll::Ready(());
            }
            if blind {
                let timer =
                    timer.get_or_insert_with(|| process.container.host.env.sleep(Duration::from_secs(1)));
                return timer.as_mut().poll(task);
            }
            Poll::Pending
        })
        .await;
    }
}

/// Whether there is something new in an open file; if not, the task is woken when there is.
fn poll_file(followed: &mut Followed, task: &mut Context<'_>) -> bool {
    let Some(file) = &followed.file else { return false };
    if followed.is_regular() {
        let Ok(seen) = file.seek(SeekFrom::Current(0)) else { return false };
        return file.poll_grown(task, seen).is_ready();
    }
    if file.place().is_some() && file.file_type() != FileType::Fifo {
        // Devices and files of `/proc` do not grow.
        return false;
    }
    match file.poll_read(task, Process::READ_SIZE) {
        Poll::Ready(Ok(bytes)) => {
            followed.ended = bytes.is_empty();
            followed.arrived = bytes;
            true
        }
        Poll::Ready(Err(_)) => {
            followed.ended = true;
            true
        }
        Poll::Pending => false,
    }
}

/// Has the task woken when a name comes, goes or is given to another file; `false` where there is no directory to
/// watch.
fn watch_name(process: &Process, followed: &Followed, task: &mut Context<'_>) -> bool {
    let parent = process.walk(|walk| walk.parent(&followed.path));
    let is_link = process.stat(&followed.path, false).is_ok_and(|stat| stat.file_type == FileType::Symlink);
    match parent {
        Ok(parent) => {
            parent.dir.inode.lock().watch(task);
            !is_link
        }
        Err(_) => false,
    }
}

fn name_changed(process: &Process, followed: &Followed) -> bool {
    let current = process.stat(&followed.path, true).ok().map(|stat| (stat.device, stat.ino));
    let own = followed.file.as_ref().and_then(|file| file.place()).map(|place| {
        let stat = place.inode.stat();
        (stat.device, stat.ino)
    });
    current != own
}
