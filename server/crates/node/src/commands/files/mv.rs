//! `mv`: renames files, or moves them to another file system.

use super::{
    confirm,
    copy::{Copying, copy, lies_in},
    cp::destination,
    remove::{Removal, remove},
    shown, trim,
};
use crate::{
    commands::Cx,
    kernel::{errno::Errno, fs::FileType},
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "finTt:vu",
    long: &[
        ("force", b'f'),
        ("interactive", b'i'),
        ("no-clobber", b'n'),
        ("no-target-directory", b'T'),
        ("target-directory=", b't'),
        ("verbose", b'v'),
        ("update", b'u'),
    ],
};
const USAGE: &str = "[-finT] SOURCE DEST\n   or: mv [-fin] SOURCE... { -t DIRECTORY | DIRECTORY }";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let (sources, destination) = match destination(&mut cx, &opts, USAGE).await {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let mut code = 0;
    for source in sources {
        let target = destination.of(&source);
        let existing = cx.process.stat(&target, true).ok();
        if let Some(existing) = &existing {
            match opts.last_of(b"fin") {
                Some(b'n') => continue,
                Some(b'i') if !confirm(&mut cx, format!("overwrite '{}'", shown(&target))).await => continue,
                _ => {}
            }
            let own = cx.process.stat(&source, true).ok();
            if opts.has(b'u') && own.is_some_and(|own| existing.modified >= own.modified) {
                continue;
            }
        }
        if move_one(&mut cx, &source, &target).await {
            if opts.has(b'v') {
                let line = match cx.is_gnu() {
                    true => format!("renamed '{}' -> '{}'\n", shown(&source), shown(&target)),
                    false => format!("'{}' -> '{}'\n", shown(&source), shown(&target)),
                };
                cx.put(line);
            }
        } else {
            code = 1;
        }
    }
    cx.finish(code).await
}

async fn move_one(cx: &mut Cx, source: &[u8], target: &[u8]) -> bool {
    if cx.is_gnu()
        && let Some(message) = refusal(cx, source, target)
    {
        cx.error(message).await;
        return false;
    }
    match cx.process.rename(source, target) {
        Ok(()) => true,
        Err(Errno::EXDEV) => {
            let how = Copying { recursive: true, preserve: true, force: true, ..Copying::default() };
            if let Ok(existing) = cx.process.stat(target, false)
                && existing.file_type != FileType::Directory
                && let Err(errno) = cx.process.unlink(target)
            {
                let text = cx.text(errno);
                cx.error(format!("can't remove '{}': {text}", shown(target))).await;
                return false;
            }
            copy(cx, source, target, how).await
                && remove(cx, source, Removal { recursive: true, force: true, ..Removal::default() }).await
        }
        Err(errno) => {
            let text = cx.text(errno);
            let message = match (cx.is_gnu(), cx.process.stat(source, false)) {
                (false, _) => format!("can't rename '{}': {text}", shown(source)),
                (true, Err(errno)) => format!("cannot stat '{}': {}", shown(source), cx.text(errno)),
                (true, Ok(_)) => format!("cannot move '{}' to '{}': {text}", shown(source), shown(target)),
            };
            cx.error(message).await;
            false
        }
    }
}

/// Why GNU's `mv` does not even try.
fn refusal(cx: &Cx, source: &[u8], target: &[u8]) -> Option<String> {
    let own = cx.process.stat(source, false).ok()?;
    if lies_in(cx, trim(source), target) && own.file_type == FileType::Directory {
        return Some(format!(
            "cannot move '{}' to a subdirectory of itself, '{}'",
            shown(source),
            shown(target)
        ));
    }
    let existing = cx.process.stat(target, false).ok()?;
    if (existing.device, existing.ino) == (own.device, own.ino) {
        return Some(format!("'{}' and '{}' are the same file", shown(source), shown(target)));
    }
    let dirs = (own.file_type == FileType::Directory, existing.file_type == FileType::Directory);
    match dirs {
        (true, false) => Some(format!(
            "cannot overwrite non-directory '{}' with directory '{}'",
            shown(target),
            shown(source)
        )),
        (false, true) => Some(format!(
            "cannot overwrite directory '{}' with non-directory '{}'",
            shown(target),
            shown(source)
        )),
        _ => None,
    }
}
