//! `true`, `false`, `yes`, `clear`, `reset`, `sync`, `tty`, `nproc`, `getconf`, `dmesg`.

use crate::{
    commands::Cx,
    kernel::{fs::OpenFlags, procfs::machine},
    libc::getopt::OptSpec,
};

pub(in crate::commands) async fn succeed(_: Cx) -> u8 {
    0
}

pub(in crate::commands) async fn fail(_: Cx) -> u8 {
    1
}

pub(in crate::commands) async fn yes(mut cx: Cx) -> u8 {
    let mut line = if cx.args.is_empty() { b"y".to_vec() } else { cx.args.join(&b' ') };
    line.push(b'\n');
    let block = line.repeat((8192 / line.len()).max(1));
    let block = bytes::Bytes::from(block);
    while cx.write(block.clone()).await {}
    cx.finish(1).await
}

pub(in crate::commands) async fn clear(mut cx: Cx) -> u8 {
    cx.put("\x1b[H\x1b[2J\x1b[3J");
    cx.finish(0).await
}

pub(in crate::commands) async fn reset(mut cx: Cx) -> u8 {
    if let Some(tty) = cx.process.file(0).ok().as_ref().and_then(|file| file.terminal()) {
        tty.set_termios(crate::kernel::tty::Termios::default());
        cx.put("\x1bc\x1b(B\x1b[m\x1b[J\x1b[?25h");
    }
    cx.finish(0).await
}

pub(in crate::commands) async fn sync(mut cx: Cx) -> u8 {
    let opts = match cx
        .opts(OptSpec { short: "df", long: &[("data", b'd'), ("file-system", b'f')] }, "[-df] [FILE]...")
        .await
    {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut code = 0;
    for path in &opts.operands {
        if let Err(errno) = cx.process.open_file(path, OpenFlags::READ, 0).await {
            let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("error opening '{shown}': {text}")).await,
                false => cx.error(format!("can't open '{shown}': {text}")).await,
            }
            code = 1;
        }
    }
    code
}

pub(in crate::commands) async fn tty(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "s", long: &[("silent", b's'), ("quiet", b's')] }, "[-s]").await
    {
        Ok(opts) => opts,
        Err(code) => return code + u8::from(code == 1),
    };
    let number = cx.process.file(0).ok().as_ref().and_then(|file| file.terminal()).map(|tty| tty.number());
    if !opts.has(b's') {
        cx.put(number.map_or_else(|| "not a tty\n".to_owned(), |number| format!("/dev/pts/{number}\n")));
    }
    cx.finish(u8::from(number.is_none())).await
}

/// `pwd` as a program: where it runs, or with `-L` what the environment calls that.
pub(in crate::commands) async fn pwd(mut cx: Cx) -> u8 {
    let mut logical = None;
    if cx.is_gnu() {
        let spec = OptSpec { short: "LP", long: &[("logical", b'L'), ("physical", b'P')] };
        match cx.opts(spec, "[OPTION]...").await {
            Ok(opts) if opts.last_of(b"LP") == Some(b'L') => {
                logical =
                    cx.process.env().iter().find_map(|entry| entry.strip_prefix(b"PWD=").map(<[u8]>::to_vec));
            }
            Ok(_) => {}
            Err(code) => return code,
        }
    }
    let logical = logical.filter(|path| cx.process.is_here(path));
    cx.put(logical.unwrap_or_else(|| cx.process.cwd().to_vec()));
    cx.put("\n");
    cx.finish(0).await
}

pub(in crate::commands) async fn nproc(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "", long: &[("all", b'a'), ("ignore=", b'i')] };
    let opts = match cx.opts(spec, "[--all] [--ignore=N]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let ignored =
        opts.value(b'i').and_then(|text| std::str::from_utf8(text).ok()?.parse::<u64>().ok()).unwrap_or(0);
    let count = machine::processors(&cx.process.container.host).saturating_sub(ignored).max(1);
    cx.put(format!("{count}\n"));
    cx.finish(0).await
}

/// `getconf`: what the system says of its limits (`sysconf(3)`).
pub(in crate::commands) async fn getconf(mut cx: Cx) -> u8 {
    let args = std::mem::take(&mut cx.args);
    let Some(name) = args.first().map(|name| String::from_utf8_lossy(name).into_owned()) else {
        let usage =
            "Usage: getconf [-v specification] variable_name [pathname]\n       getconf -a [pathname]\n";
        cx.complain(usage).await;
        return 2;
    };
    let value = match name.as_str() {
        "PAGESIZE" | "PAGE_SIZE" => "4096".to_owned(),
        "_NPROCESSORS_ONLN" | "_NPROCESSORS_CONF" => {
            machine::processors(&cx.process.container.host).to_string()
        }
        "ARG_MAX" => "2097152".to_owned(),
        "CLK_TCK" => "100".to_owned(),
        "LONG_BIT" | "WORD_BIT" => if name == "LONG_BIT" { "64" } else { "32" }.to_owned(),
        "NAME_MAX" => "255".to_owned(),
        "PATH_MAX" => "4096".to_owned(),
        "PIPE_BUF" => "4096".to_owned(),
        "HOST_NAME_MAX" => "64".to_owned(),
        "LOGIN_NAME_MAX" => "256".to_owned(),
        "PATH" => "/bin:/usr/bin".to_owned(),
        _ => {
            cx.error(format!("Unrecognized variable `{name}'")).await;
            return 2;
        }
    };
    cx.put(format!("{value}\n"));
    cx.finish(0).await
}

/// `dmesg`: containers may not read the kernel's log.
pub(in crate::commands) async fn dmesg(mut cx: Cx) -> u8 {
    let text = cx.text(crate::kernel::errno::Errno::EPERM);
    let message = match cx.is_gnu() {
        true => format!("read kernel buffer failed: {text}"),
        false => format!("klogctl: {text}"),
    };
    cx.error(message).await;
    1
}
