//! busybox's `httpd`: files of a directory. CGI is off: what lies in `/cgi-bin/` is not found.

use std::{net::SocketAddr, sync::Arc};

use super::{
    listening::{Answer, Request, serve, signalled},
    static_files::{clean_path, content_type},
};
use crate::{
    commands::Cx,
    http::{http_date, reason},
    kernel::{
        fs::{FileType, OpenFlags},
        net::Listener,
        process::{Outcome, Process},
        signal::Signal,
    },
    libc::getopt::OptSpec,
};

const USAGE: &str = "[-ifv[v]] [-c CONFFILE] [-p [IP:]PORT] [-u USER[:GRP]] [-r REALM] [-h HOME]\n\
or httpd -d/-e/-m STRING\n\n\
Listen for incoming HTTP requests\n\n\
\t-i\t\tInetd mode\n\
\t-f\t\tRun in foreground\n\
\t-v[v]\t\tVerbose\n\
\t-p [IP:]PORT\tBind to IP:PORT (default *:80)\n\
\t-h HOME\t\tHome directory (default .)";
/// The largest file that is served, in bytes.
const MAX_FILE: usize = 16 << 20;

/// Runs `httpd`.
pub(crate) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "c:d:h:e:r:m:u:p:ifv", long: &[] };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let text = |letter: u8| opts.value(letter).map(|value| String::from_utf8_lossy(value).into_owned());
    let home = text(b'h').unwrap_or_else(|| ".".to_owned());
    if let Err(errno) = cx.process.chdir(home.as_bytes()) {
        let reason = cx.text(errno);
        cx.error(format!("can't change directory to '{home}': {reason}")).await;
        return 1;
    }
    let place = text(b'p').unwrap_or_else(|| "80".to_owned());
    let (ip, port) = place.rsplit_once(':').unwrap_or(("::", &place));
    let (Ok(ip), Ok(port)) = (ip.trim_matches(['[', ']']).parse(), port.parse()) else {
        cx.error(format!("bad address '{place}'")).await;
        return 1;
    };
    let at = SocketAddr::new(ip, port);
    let verbose = opts.given.iter().filter(|(letter, _)| *letter == b'v').count();
    if opts.has(b'f') {
        return match cx.process.listen(at) {
            Ok((_, listener)) => {
                serve_files(&cx.process, &listener, verbose).await;
                0
            }
            Err(errno) => refused(&mut cx, errno).await,
        };
    }
    // Without -f it goes on in the background.
    let Ok(child) = cx.process.fork() else { return 1 };
    match child.listen(at) {
        Ok((_, listener)) => {
            // It lets go of the streams that it was started with.
            if let Ok(null) = cx.process.open_file(b"/dev/null", OpenFlags::READ_WRITE, 0).await {
                for fd in 0..3 {
                    let _ = child.put(fd, Arc::clone(&null));
                }
            }
            let process = Arc::clone(&child);
            child.start(Box::pin(async move {
                serve_files(&process, &listener, 0).await;
                Outcome::Exit(0)
            }));
            0
        }
        Err(errno) => {
            child.abandon();
            refused(&mut cx, errno).await
        }
    }
}

async fn refused(cx: &mut Cx, errno: crate::kernel::errno::Errno) -> u8 {
    let reason = cx.text(errno);
    cx.error(format!("bind: {reason}")).await;
    1
}

async fn serve_files(process: &Arc<Process>, listener: &Listener, verbose: usize) {
    // Without a handler of its own, as process 1 it does not hear SIGTERM; Ctrl-C ends it otherwise.
    let stop = signalled(process, &[Signal::INT]);
    let stop = async {
        let _ = stop.await;
    };
    serve(process, listener, stop, |request| async move {
        let answer = answer(process, &request).await;
        if verbose > 0 {
            let peer = request.peer;
            let url =
                if verbose > 1 { format!("{peer}: url:{}\n", request.head.target) } else { String::new() };
            let _ = process.write(2, format!("{url}{peer}: response:{}\n", answer.head.status)).await;
        }
        answer.with("Connection", "close").with("Date", http_date(process.now()))
    })
    .await;
}

fn failure(status: u16) -> Answer {
    let about = match status {
        400 => "Unsupported method",
        403 => "",
        404 => "The requested URL was not found",
        501 => "Nothing",
        _ => "Internal Server Error",
    };
    let title = format!("{status} {}", reason(status));
    let text = format!(
        "<HTML><HEAD><TITLE>{title}</TITLE></HEAD>\n<BODY><H1>{title}</H1>\n{about}\n</BODY></HTML>\n"
    );
    Answer::new(status, "text/html", text)
}

async fn answer(process: &Process, request: &Request) -> Answer {
    if !matches!(request.head.method.as_str(), "GET" | "HEAD") {
        return failure(501);
    }
    let Some(path) = clean_path(&request.head.target) else { return failure(400) };
    let mut place = format!(".{path}");
    let Ok(mut found) = process.stat(place.as_bytes(), true) else { return failure(404) };
    if found.file_type == FileType::Directory {
        if !path.ends_with('/') {
            let mut moved = failure(302);
            moved.head.headers.push("Location", format!("{path}/"));
            return moved;
        }
        place.push_str("index.html");
        match process.stat(place.as_bytes(), true) {
            Ok(index) => found = index,
            Err(_) => return failure(404),
        }
    }
    if path.starts_with("/cgi-bin/") || found.file_type != FileType::Regular {
        return failure(404);
    }
    match process.read_file(place.as_bytes(), MAX_FILE).await {
        Ok(bytes) => Answer::new(200, content_type(&place).unwrap_or("application/octet-stream"), bytes)
            .with("Accept-Ranges", "bytes")
            .with("Last-Modified", http_date(found.modified))
            .with("ETag", format!("\"{:x}-{:x}\"", found.modified.as_second(), found.size)),
        Err(crate::kernel::errno::Errno::EACCES) => failure(403),
        Err(_) => failure(404),
    }
}
