//! `stty`: a terminal's settings.

use crate::{commands::Cx, kernel::tty::Termios, runtime::WindowSize};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let args: Vec<String> = cx.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let Some(tty) = cx.process.file(0).ok().and_then(|file| file.terminal().cloned()) else {
        let text = cx.text(crate::kernel::errno::Errno::ENOTTY);
        let message =
            if cx.is_gnu() { format!("'standard input': {text}") } else { format!("standard input: {text}") };
        cx.error(message).await;
        return 1;
    };
    let size = tty.size();
    if args.is_empty() || args[0] == "-a" {
        let t = tty.termios();
        let on = |set: bool, name: &str| if set { name.to_owned() } else { format!("-{name}") };
        let mut text = "speed 38400 baud; line = 0;\n".to_owned();
        if !args.is_empty() {
            text = format!(
                "speed 38400 baud; rows {}; columns {};\nintr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = <undef>;\nstart = ^Q; stop = ^S; susp = ^Z; rprnt = ^R; werase = ^W; lnext = ^V;\n",
                size.rows, size.columns
            );
            text += &format!("{} {}\n{}\n", on(t.icrnl, "icrnl"), on(true, "ixon"), on(t.opost, "opost"));
            text += &format!("{} {} {}\n", on(t.isig, "isig"), on(t.icanon, "icanon"), on(t.echo, "echo"));
        }
        cx.put(text);
        return cx.finish(0).await;
    }
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let mut t = tty.termios();
        match arg.as_str() {
            "size" => cx.put(format!("{} {}\n", size.rows, size.columns)),
            "-g" => cx.put("6d02:5:4bf:8a3b:3:1c:7f:15:4:0:1:0:11:13:1a:0:12:f:17:16:0:0:0\n"),
            "sane" => t = Termios::default(),
            "raw" => t = Termios { opost: false, onlcr: false, ..t.raw() },
            "-raw" | "cooked" => t = Termios::default(),
            "cbreak" | "-icanon" => t.icanon = false,
            "-cbreak" | "icanon" => t.icanon = true,
            "echo" => t.echo = true,
            "-echo" => t.echo = false,
            "isig" => t.isig = true,
            "-isig" => t.isig = false,
            "icrnl" => t.icrnl = true,
            "-icrnl" => t.icrnl = false,
            "opost" => t.opost = true,
            "-opost" => t.opost = false,
            "onlcr" => t.onlcr = true,
            "-onlcr" => t.onlcr = false,
            "rows" | "cols" | "columns" => {
                let Some(value) = args.next().and_then(|value| value.parse::<u16>().ok()) else {
                    cx.error(format!("missing argument to '{arg}'")).await;
                    return 1;
                };
                let now = tty.size();
                tty.set_size(if arg == "rows" {
                    WindowSize { rows: value, ..now }
                } else {
                    WindowSize { columns: value, ..now }
                });
            }
            "min" | "time" | "intr" | "erase" | "kill" | "eof" | "susp" | "quit" => drop(args.next()),
            other
                if other.contains(':')
                    || [
                        "ixon", "-ixon", "ixoff", "-ixoff", "echoe", "echok", "-echoe", "-echok", "iexten",
                        "-iexten", "brkint", "-brkint", "echoctl", "-echoctl",
                    ]
                    .contains(&other) => {}
            other => {
                let message = match cx.is_gnu() {
                    true => format!("invalid argument '{other}'"),
                    false => format!("invalid argument '{other}'"),
                };
                cx.error(message).await;
                return if cx.is_gnu() { cx.bad_usage("").await } else { 1 };
            }
        }
        tty.set_termios(t);
    }
    cx.finish(0).await
}
