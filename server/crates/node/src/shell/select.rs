//! `select`: a menu (bash).

use std::sync::Arc;

use bytes::Bytes;

use super::{
    ast::{Command, CommandKind},
    frames::{Frame, List},
    machine::Flow,
    state::Shell,
};

impl Shell {
    /// Shows what can be chosen.
    pub(super) fn show_choices(&mut self, words: &[Bytes]) {
        for (index, word) in (1..).zip(words) {
            let line = format!("{index}) {}\n", String::from_utf8_lossy(word));
            self.errors.extend_from_slice(line.as_bytes());
        }
    }

    /// Asks once, and runs the body for the answer.
    pub(super) async fn select(&mut self, command: &Arc<Command>, words: &[Bytes]) -> Flow {
        let CommandKind::Select { name, body, .. } = &command.kind else { return Flow::On };
        let process = Arc::clone(&self.process);
        let prompt = self.variables.text(b"PS3").cloned().unwrap_or(Bytes::from_static(b"#? "));
        self.errors.extend_from_slice(&prompt);
        self.print_errors(&process).await;
        let mut line = Vec::new();
        loop {
            match process.read(0, 1).await {
                Ok(byte) if byte.is_empty() => {
                    let _ = process.write(1, Bytes::from_static(b"\n")).await;
                    self.status = 1;
                    self.frames.pop();
                    return Flow::On;
                }
                Ok(byte) if &byte[..] == b"\n" => break,
                Ok(byte) => line.extend_from_slice(&byte),
                Err(_) => {
                    self.frames.pop();
                    return Flow::On;
                }
            }
            if line.len() > 4096 {
                break;
            }
        }
        let answer = String::from_utf8_lossy(line.trim_ascii()).into_owned();
        if answer.is_empty() {
            self.show_choices(words);
            return Flow::On;
        }
        let chosen =
            answer.parse::<usize>().ok().and_then(|number| words.get(number.checked_sub(1)?)).cloned();
        let assigned =
            self.assign(b"REPLY", answer.into()).and_then(|()| self.assign(name, chosen.unwrap_or_default()));
        match assigned {
            Ok(()) => self.enter(Frame::List(List::new(Arc::clone(body)))),
            Err(message) => {
                self.complain(&message);
                Flow::Fatal(1)
            }
        }
    }
}
