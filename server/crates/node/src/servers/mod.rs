//! The servers that images run. Each is a program over the kernel's own sockets and files.

pub(crate) mod booking;
mod listening;
mod nginx;
pub(crate) mod webapp;

use crate::kernel::process::Program;

/// What an executable file stands for, if that is a server.
pub(crate) fn program(name: &str) -> Option<Program> {
    if let Some(version) = name.strip_prefix("nginx/") {
        let name = crate::images::nginx_release(version)?;
        return Some(Program { name, main: nginx::main, memory: 6 << 20 });
    }
    let (name, main, memory): (_, crate::kernel::process::Main, u64) = match name {
        "webapp" => ("webapp", webapp::main, 12 << 20),
        "booking" => ("booking", booking::main, 32 << 20),
        "airbnb-adapter" => ("airbnb-adapter", booking::airbnb_main, 32 << 20),
        "kayak-adapter" => ("kayak-adapter", booking::kayak_main, 32 << 20),
        _ => return None,
    };
    Some(Program { name, main, memory })
}
