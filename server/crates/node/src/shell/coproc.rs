//! `coproc`: a command beside the shell, which reads what the shell writes to it and the other way round (bash).

use std::sync::Arc;

use bytes::Bytes;

use super::{ast::Command, frames::Frame, machine::Flow, state::Shell, variables::Value};

impl Shell {
    /// Starts a command whose input and output are pipes. `NAME[0]` is where to read from, `NAME[1]` where to write to,
    /// `NAME_PID` its process.
    pub(super) fn coproc(&mut self, name: &Bytes, command: &Arc<Command>) -> Flow {
        let mut child = match self.fork() {
            Ok(child) => child,
            Err(flow) => return flow,
        };
        let ((input, to), (from, output)) = (self.process.pipe(), self.process.pipe());
        let _ = (child.process.put(0, input), child.process.put(1, output));
        self.lead_group(&child.process, child.process.pid, false);
        child.frames.push(Frame::Command(Arc::clone(command)));
        let process = child.start();
        let number =
            self.jobs.add(vec![process.pid], process.pid, Bytes::from([b"coproc ", &name[..]].concat()));
        let added = {
            let fds = &mut self.process.lock().fds;
            fds.add(from, 63, true).and_then(|from| Ok([from, fds.add(to, 60, true)?]))
        };
        let Ok(ends) = added else {
            self.complain("cannot make pipe for coprocess");
            self.status = 1;
            return Flow::On;
        };
        self.coprocs.extend(ends);
        if self.options.interactive {
            self.errors.extend_from_slice(format!("[{number}] {}\n", process.pid).as_bytes());
        }
        let ends = (0..).zip(ends.map(|fd| Bytes::from(fd.to_string()))).collect();
        let pid = [&name[..], b"_PID"].concat();
        self.status = 0;
        let set = self.variables.set_value(name, Value::Indexed(ends)).is_ok()
            && self.assign(&pid, process.pid.to_string().into()).is_ok();
        if !set {
            let message = self.read_only_message(name);
            self.complain(&message);
            self.status = 1;
        }
        Flow::On
    }
}
