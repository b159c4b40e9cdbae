//! `who`, `w`, `users`, `last`, `logname`: who has logged in. Nobody logs in to a container: there is no record of it.

use crate::{commands::Cx, kernel::errno::Errno, libc::getopt::OptSpec};

const NO_OPTIONS: OptSpec = OptSpec { short: "", long: &[] };

/// `who`: one line for each session, of which there are none.
pub(in crate::commands) async fn who(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "aHbdlmpqrstTuw",
        long: &[("all", b'a'), ("heading", b'H'), ("boot", b'b'), ("count", b'q'), ("users", b'u')],
    };
    let opts = match cx
        .opts(spec, "[-aH]\n\nShow who is logged on\n\n\t-a\tShow all\n\t-H\tPrint column headers")
        .await
    {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.has(b'H') {
        cx.put(match cx.is_gnu() {
            true => "NAME     LINE         TIME             COMMENT\n",
            false => "USER\t\tTTY\t\tIDLE\tTIME\t\t HOST\n",
        });
    } else if opts.has(b'q') && cx.is_gnu() {
        cx.put("\n# users=0\n");
    }
    cx.finish(0).await
}

/// `w`: what everybody does; procps shows how long the system is up before.
pub(in crate::commands) async fn w(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "hsufio", long: &[("no-header", b'h'), ("short", b's')] };
    let opts = match cx.opts(spec, "\n\nShow who is logged on").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if cx.is_gnu() && !opts.has(b'h') {
        let up = super::free::up_line(&mut cx).await;
        cx.put(up);
        cx.put("USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n");
    } else if !cx.is_gnu() {
        cx.put("USER\t\tTTY\t\tIDLE\tTIME\t\t HOST\n");
    }
    cx.finish(0).await
}

/// `users`: the names of who is logged in.
pub(in crate::commands) async fn users(mut cx: Cx) -> u8 {
    match cx.opts(NO_OPTIONS, "\n\nPrint the users currently logged on").await {
        Ok(_) if cx.is_gnu() => cx.finish(0).await,
        Ok(_) => {
            cx.put("\n");
            cx.finish(0).await
        }
        Err(code) => code,
    }
}

/// `last`: earlier sessions, by a file that images do not have.
pub(in crate::commands) async fn last(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "HWf:n:axiwFRd", long: &[] };
    let opts = match cx
        .opts(spec, "[-W] [-f FILE]\n\nShow listing of the last users that logged into the system")
        .await
    {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let path = opts.value(b'f').cloned().unwrap_or(bytes::Bytes::from_static(b"/var/log/wtmp"));
    if let Err(errno) = cx.process.stat(&path, true)
        && (cx.is_gnu() || opts.has(b'f'))
    {
        let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
        match cx.is_gnu() {
            true => cx.error(format!("cannot open {shown}: {text}")).await,
            false => cx.error(format!("can't open '{shown}': {text}")).await,
        }
        return 1;
    }
    match cx.is_gnu() {
        true => {
            cx.put(format!("\n{} begins\n", String::from_utf8_lossy(crate::kernel::fs::file_name(&path))))
        }
        false => cx.put("USER       TTY            HOST               LOGIN        TIME\n"),
    }
    cx.finish(0).await
}

/// Reads the command line of a command that takes neither options nor operands; the error is the code to end with.
async fn alone(cx: &mut Cx, usage: &'static str) -> Result<(), u8> {
    let opts = cx.opts(NO_OPTIONS, usage).await?;
    let Some(extra) = opts.operands.first() else { return Ok(()) };
    if cx.is_gnu() {
        let shown = String::from_utf8_lossy(extra).into_owned();
        cx.error(format!("extra operand '{shown}'")).await;
    }
    Err(cx.bad_usage(usage).await)
}

/// `logname`: the name that one has logged in with.
pub(in crate::commands) async fn logname(mut cx: Cx) -> u8 {
    if let Err(code) = alone(&mut cx, "\n\nPrint the name of the current user").await {
        return code;
    }
    // musl asks the environment.
    if let Some(name) =
        cx.process.var("LOGNAME").filter(|_| cx.process.container.libc == crate::kernel::errno::Libc::Musl)
    {
        cx.put(name);
        cx.put("\n");
        return cx.finish(0).await;
    }
    let message = match cx.is_gnu() {
        true => "no login name".to_owned(),
        false => format!("getlogin: {}", cx.text(Errno::ENXIO)),
    };
    cx.error(message).await;
    1
}

/// `hostid`: a number made of the host's address (`gethostid(3)`); musl has none.
pub(in crate::commands) async fn hostid(mut cx: Cx) -> u8 {
    if let Err(code) = alone(&mut cx, "\n\nPrint out a unique 32-bit identifier for the machine").await {
        return code;
    }
    let name = crate::kernel::wait::lock(&cx.process.container.hostname).clone();
    let found = crate::libc::resolver::in_hosts(&cx.process, &String::from_utf8_lossy(&name)).await;
    let address = found.into_iter().find_map(|address| match address {
        std::net::IpAddr::V4(address) => Some(u32::from_le_bytes(address.octets())),
        std::net::IpAddr::V6(_) => None,
    });
    let known = address.filter(|_| cx.process.container.libc == crate::kernel::errno::Libc::Glibc);
    cx.put(format!("{:08x}\n", known.unwrap_or(0).rotate_left(16)));
    cx.finish(0).await
}
