//! Terminals: a line discipline between whoever types and the processes of a session (`tty(4)`).

mod termios;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, Weak},
    task::{Context, Poll},
};

use bytes::{Buf, Bytes, BytesMut};
pub(crate) use termios::Termios;

use super::{
    errno::Errno,
    pipe::PipeWriter,
    process::PidNamespace,
    signal::Signal,
    wait::{WaitQueue, lock},
};
use crate::runtime::WindowSize;

/// The longest line that can be typed, and the most that waits to be read: Linux's limit.
const MAX_INPUT: usize = 4096;

/// A terminal. Its keyboard and its screen are held by someone outside.
#[derive(Debug)]
pub(crate) struct Tty {
    number: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    termios: Termios,
    size: WindowSize,
    /// The line that is being typed.
    line: Vec<u8>,
    /// Lines (or in raw mode, keys) that can be read; an empty one is an end of input.
    ready: VecDeque<Bytes>,
    ready_len: usize,
    /// The screen; `None` once nobody looks any more.
    screen: Option<PipeWriter>,
    /// The processes whose session it is, and the group in the foreground.
    pids: Weak<PidNamespace>,
    session: u32,
    foreground: u32,
    hung_up: bool,
    can_read: WaitQueue,
    can_type: WaitQueue,
}

impl Tty {
    /// A terminal whose output goes to `screen`.
    pub(crate) fn new(number: u32, size: WindowSize, screen: PipeWriter) -> Arc<Self> {
        let state = State {
            termios: Termios::default(),
            size,
            line: Vec::new(),
            ready: VecDeque::new(),
            ready_len: 0,
            screen: Some(screen),
            pids: Weak::new(),
            session: 0,
            foreground: 0,
            hung_up: false,
            can_read: WaitQueue::default(),
            can_type: WaitQueue::default(),
        };
        Arc::new(Self { number, state: Mutex::new(state) })
    }

    /// The number of its device, `/dev/pts/N`.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Makes it the controlling terminal of a session.
    pub(crate) fn set_session(&self, pids: &Arc<PidNamespace>, session: u32) {
        let mut state = lock(&self.state);
        state.pids = Arc::downgrade(pids);
        state.session = session;
        state.foreground = session;
    }

    pub(crate) fn foreground(&self) -> u32 {
        lock(&self.state).foreground
    }

    /// Brings a process group to the foreground.
    pub(crate) fn set_foreground(&self, group: u32) {
        lock(&self.state).foreground = group;
    }

    pub(crate) fn termios(&self) -> Termios {
        lock(&self.state).termios
    }

    /// Changes the settings. A line that is half typed becomes readable when lines no longer matter.
    pub(crate) fn set_termios(&self, termios: Termios) {
        let mut state = lock(&self.state);
        if state.termios.icanon && !termios.icanon && !state.line.is_empty() {
            let line = std::mem::take(&mut state.line);
            state.push(line.into());
        }
        state.termios = termios;
    }

    pub(crate) fn size(&self) -> WindowSize {
        lock(&self.state).size
    }

    /// Changes the size; the foreground group is told.
    pub(crate) fn set_size(&self, size: WindowSize) {
        let target = {
            let mut state = lock(&self.state);
            let changed = state.size != size;
            state.size = size;
            changed.then(|| (state.pids.clone(), state.foreground))
        };
        if let Some((pids, group)) = target {
            signal_group(&pids, group, Signal::WINCH);
        }
    }

    /// The keyboard is gone: the session is told, reads return nothing from now on and writes fail.
    pub(crate) fn hang_up(&self) {
        let (pids, session, foreground) = {
            let mut state = lock(&self.state);
            state.hung_up = true;
            state.screen = None;
            state.can_read.wake();
            state.can_type.wake();
            (state.pids.clone(), state.session, state.foreground)
        };
        signal_group(&pids, session, Signal::HUP);
        if foreground != session {
            signal_group(&pids, foreground, Signal::HUP);
        }
    }

    /// Whether it was hung up.
    /// What someone typed.
    pub(crate) fn type_in(&self, bytes: &[u8]) {
        let mut signals = Vec::new();
        let (pids, foreground) = {
            let mut state = lock(&self.state);
            for byte in bytes {
                if let Some(signal) = state.key(*byte) {
                    signals.push(signal);
                }
            }
            (state.pids.clone(), state.foreground)
        };
        for signal in signals {
            signal_group(&pids, foreground, signal);
        }
    }

    /// Waits until more can be typed; a terminal that was hung up takes (and loses) everything.
    pub(crate) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.hung_up || state.ready_len < MAX_INPUT / 2 {
            return Poll::Ready(());
        }
        state.can_type.register(cx);
        Poll::Pending
    }

    /// Whether there is something to read, or the end.
    pub(crate) fn is_ready(&self) -> bool {
        let state = lock(&self.state);
        state.hung_up || !state.ready.is_empty()
    }

    /// A line, or in raw mode what keys there are.
    pub(crate) fn poll_read(&self, cx: &Context<'_>, max: usize) -> Poll<Result<Bytes, Errno>> {
        let mut state = lock(&self.state);
        let Some(front) = state.ready.front_mut() else {
            if state.hung_up || max == 0 {
                return Poll::Ready(Ok(Bytes::new()));
            }
            state.can_read.register(cx);
            return Poll::Pending;
        };
        let taken = if front.len() <= max {
            state.ready.pop_front().unwrap_or_default()
        } else {
            front.split_to(max)
        };
        state.ready_len -= taken.len();
        state.can_type.wake();
        Poll::Ready(Ok(taken))
    }

    /// Prints as much of `bytes` as the screen takes.
    pub(crate) fn poll_write(&self, cx: &Context<'_>, bytes: &mut Bytes) -> Poll<Result<(), Errno>> {
        let mut state = lock(&self.state);
        let translate = state.termios.opost && state.termios.onlcr;
        let Some(screen) = &mut state.screen else { return Poll::Ready(Err(Errno::EIO)) };
        let part = bytes.slice(..bytes.len().min(1024));
        let mut shown = if translate { with_carriage_returns(&part) } else { part.clone() };
        // A piece this small goes in whole or not at all.
        match screen.poll_put(cx, &mut shown) {
            Poll::Ready(Ok(())) => {
                bytes.advance(part.len());
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(_)) => Poll::Ready(Err(Errno::EIO)),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn signal_group(pids: &Weak<PidNamespace>, group: u32, signal: Signal) {
    if let Some(pids) = pids.upgrade()
        && group != 0
    {
        pids.signal_group(group, signal);
    }
}

fn with_carriage_returns(bytes: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(bytes.len() + 16);
    for byte in bytes {
        if *byte == b'\n' {
            out.extend_from_slice(b"\r\n");
        } else {
            out.extend_from_slice(&[*byte]);
        }
    }
    out.freeze()
}

impl State {
    /// Takes one key. Returns the signal that it raises.
    fn key(&mut self, byte: u8) -> Option<Signal> {
        let t = self.termios;
        let byte = if byte == b'\r' && t.icrnl { b'\n' } else { byte };
        if t.isig && byte != 0 {
            let signal = match byte {
                _ if byte == t.intr => Some(Signal::INT),
                _ if byte == t.quit => Some(Signal::QUIT),
                _ if byte == t.susp => Some(Signal::TSTP),
                _ => None,
            };
            if signal.is_some() {
                self.line.clear();
                self.ready.clear();
                self.ready_len = 0;
                self.can_type.wake();
                self.echo(byte);
                return signal;
            }
        }
        if !t.icanon {
            if self.ready_len < MAX_INPUT {
                if t.echo {
                    self.echo(byte);
                }
                self.push(Bytes::copy_from_slice(&[byte]));
            }
            return None;
        }
        match byte {
            _ if byte == t.erase || byte == 8 => self.erase(),
            _ if byte == t.kill => {
                while !self.line.is_empty() {
                    self.erase();
                }
            }
            _ if byte == t.werase => {
                while self.line.last() == Some(&b' ') {
                    self.erase();
                }
                while self.line.last().is_some_and(|last| *last != b' ') {
                    self.erase();
                }
            }
            _ if byte == t.eof => {
                let line = std::mem::take(&mut self.line);
                self.push(line.into());
            }
            b'\n' => {
                self.line.push(b'\n');
                if t.echo {
                    self.print(b"\r\n");
                }
                let line = std::mem::take(&mut self.line);
                self.push(line.into());
            }
            _ if self.line.len() + self.ready_len < MAX_INPUT - 1 => {
                self.line.push(byte);
                if t.echo {
                    self.echo(byte);
                }
            }
            _ => self.print(b"\x07"),
        }
        None
    }

    fn push(&mut self, bytes: Bytes) {
        self.ready_len += bytes.len();
        if !self.termios.icanon
            && let Some(last) = self.ready.pop_back()
        {
            // Keys typed in quick succession are read together.
            let mut joined = BytesMut::from(last);
            joined.extend_from_slice(&bytes);
            self.ready.push_back(joined.freeze());
        } else {
            self.ready.push_back(bytes);
        }
        self.can_read.wake();
    }

    /// Takes the last character of the line back, all bytes of it.
    fn erase(&mut self) {
        let mut erased = None;
        while let Some(byte) = self.line.pop() {
            erased = Some(byte);
            if byte & 0xc0 != 0x80 {
                break;
            }
        }
        if let Some(byte) = erased
            && self.termios.echo
        {
            self.print(if byte < 32 && byte != b'\t' { b"\x08 \x08\x08 \x08" } else { b"\x08 \x08" });
        }
    }

    fn echo(&mut self, byte: u8) {
        match byte {
            b'\n' => self.print(b"\r\n"),
            b'\t' => self.print(b"\t"),
            0..32 => self.print(&[b'^', byte + 64]),
            127 => self.print(b"^?"),
            _ => self.print(&[byte]),
        }
    }

    /// Shows something at once; a screen that nobody reads loses it.
    fn print(&mut self, bytes: &[u8]) {
        if let Some(screen) = &self.screen {
            screen.put_now(bytes);
        }
    }
}
