//! `tput`: what a terminal understands, asked for by the names of terminfo(5).

use crate::{commands::Cx, kernel::tty::Termios, runtime::WindowSize};

/// The program could not be used so.
const BAD_USAGE: u8 = 2;
/// There is no such capability.
const UNKNOWN: u8 = 4;

/// What terminals in the manner of xterm do on these; the parameters come after.
const PLAIN: &[(&str, &str)] = &[
    ("bel", "\x07"),
    ("blink", "\x1b[5m"),
    ("bold", "\x1b[1m"),
    ("civis", "\x1b[?25l"),
    ("clear", "\x1b[H\x1b[2J\x1b[3J"),
    ("cnorm", "\x1b[?12l\x1b[?25h"),
    ("cub1", "\x08"),
    ("cud1", "\n"),
    ("cuf1", "\x1b[C"),
    ("cuu1", "\x1b[A"),
    ("dim", "\x1b[2m"),
    ("dl1", "\x1b[M"),
    ("ed", "\x1b[J"),
    ("el", "\x1b[K"),
    ("el1", "\x1b[1K"),
    ("home", "\x1b[H"),
    ("il1", "\x1b[L"),
    ("invis", "\x1b[8m"),
    ("op", "\x1b[39;49m"),
    ("rc", "\x1b8"),
    ("rev", "\x1b[7m"),
    ("ritm", "\x1b[23m"),
    ("rmcup", "\x1b[?1049l\x1b[23;0;0t"),
    ("rmso", "\x1b[27m"),
    ("rmul", "\x1b[24m"),
    ("sc", "\x1b7"),
    ("sgr0", "\x1b(B\x1b[m"),
    ("sitm", "\x1b[3m"),
    ("smcup", "\x1b[?1049h\x1b[22;0;0t"),
    ("smso", "\x1b[7m"),
    ("smul", "\x1b[4m"),
];

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let args = std::mem::take(&mut cx.args);
    let mut words: Vec<String> = args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let mut term = cx.process.var("TERM").map(|term| String::from_utf8_lossy(&term).into_owned());
    if words.first().is_some_and(|word| word.starts_with("-T")) {
        let word = words.remove(0);
        term = match &word[2..] {
            "" if !words.is_empty() => Some(words.remove(0)),
            "" => None,
            name => Some(name.to_owned()),
        };
    }
    let Some(term) = term.filter(|term| !term.is_empty()) else {
        cx.error("No value for $TERM and no -T specified").await;
        return BAD_USAGE;
    };
    let Some((name, parameters)) = words.split_first() else {
        cx.complain("usage: tput [-v] [-T term] capability [parameters]\n").await;
        return BAD_USAGE;
    };
    let numbers: Vec<u32> = parameters.iter().map(|word| word.parse().unwrap_or(0)).collect();
    let number = |index: usize| numbers.get(index).copied().unwrap_or(0);
    let colors = if term.ends_with("-256color") { 256 } else { 8 };
    let text = match name.as_str() {
        "cols" => format!("{}\n", size(&cx).columns),
        "lines" => format!("{}\n", size(&cx).rows),
        "colors" => format!("{colors}\n"),
        "longname" => format!("{term}\n"),
        "setaf" | "setf" => color(number(0), 30),
        "setab" | "setb" => color(number(0), 40),
        "cup" => format!("\x1b[{};{}H", number(0) + 1, number(1) + 1),
        "hpa" => format!("\x1b[{}G", number(0) + 1),
        "vpa" => format!("\x1b[{}d", number(0) + 1),
        "cuu" => format!("\x1b[{}A", number(0)),
        "cud" => format!("\x1b[{}B", number(0)),
        "cuf" => format!("\x1b[{}C", number(0)),
        "cub" => format!("\x1b[{}D", number(0)),
        "reset" | "init" => {
            if let Some(tty) = cx.process.file(0).ok().as_ref().and_then(|file| file.terminal()) {
                tty.set_termios(Termios::default());
            }
            "\x1b[!p\x1b[?3;4l\x1b[4l\x1b>".to_owned()
        }
        name => match PLAIN.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => (*text).to_owned(),
            None => {
                cx.error(format!("unknown terminfo capability '{name}'")).await;
                return UNKNOWN;
            }
        },
    };
    cx.put(text);
    cx.finish(0).await
}

/// The escape sequence for a color; `base` is that of the first.
fn color(color: u32, base: u32) -> String {
    match color {
        0..8 => format!("\x1b[{}m", base + color),
        8..16 => format!("\x1b[{}m", base + 60 + color - 8),
        _ => format!("\x1b[{};5;{color}m", base + 8),
    }
}

/// The size of the terminal behind one of the standard streams.
fn size(cx: &Cx) -> WindowSize {
    let terminal = |fd| cx.process.file(fd).ok().and_then(|file| file.terminal().cloned());
    let size = [2, 1, 0].into_iter().find_map(terminal).map(|tty| tty.size());
    size.filter(|size| size.columns > 0).unwrap_or_default()
}
