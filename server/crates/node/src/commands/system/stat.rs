//! `stat`: what is known of a file.

use jiff::Timestamp;

use crate::{
    commands::{Cx, calendar::Zone},
    kernel::fs::{BLOCK, FileType, Stat},
    libc::{getopt::OptSpec, mode, passwd},
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "ltfLc:",
        long: &[
            ("dereference", b'L'),
            ("format=", b'c'),
            ("printf=", b'P'),
            ("terse", b't'),
            ("file-system", b'f'),
        ],
    };
    let usage = "[-ltf] [-c FMT] FILE...";
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage(usage).await;
    }
    let zone = cx.zone().await;
    let mut code = 0;
    for path in &opts.operands {
        let stat = match cx.process.stat(path, opts.has(b'L')) {
            Ok(stat) => stat,
            Err(errno) => {
                let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
                match cx.is_gnu() {
                    true => cx.error(format!("cannot statx '{shown}': {text}")).await,
                    false => cx.error(format!("can't stat '{shown}': {text}")).await,
                }
                code = 1;
                continue;
            }
        };
        let view = View { cx: &cx, zone: &zone, path, stat };
        let text = if opts.has(b'f') {
            view.file_system(opts.value(b'c').map(|format| &format[..]))
        } else if let Some(format) = opts.value(b'c') {
            [view.format(format), b"\n".to_vec()].concat()
        } else if let Some(format) = opts.value(b'P') {
            let mut out = Vec::new();
            crate::commands::echo::unescape(&view.format(format), &mut out);
            out
        } else if opts.has(b't') {
            view.format(b"%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\n")
        } else {
            view.whole()
        };
        cx.put(text);
    }
    cx.finish(code).await
}

struct View<'a> {
    cx: &'a Cx,
    zone: &'a Zone,
    path: &'a [u8],
    stat: Stat,
}

impl View<'_> {
    fn kind(&self) -> &'static str {
        match self.stat.file_type {
            FileType::Regular if self.stat.size == 0 => "regular empty file",
            FileType::Regular => "regular file",
            FileType::Directory => "directory",
            FileType::Symlink => "symbolic link",
            FileType::Fifo => "fifo",
            FileType::CharDevice => "character special file",
            FileType::Socket => "socket",
        }
    }

    fn time(&self, time: Timestamp) -> String {
        let moment = self.zone.at(time);
        String::from_utf8_lossy(&moment.format(b"%Y-%m-%d %H:%M:%S.%N %z", true)).into_owned()
    }

    fn quoted(&self) -> String {
        let name = String::from_utf8_lossy(self.path).into_owned();
        let target = (self.stat.file_type == FileType::Symlink)
            .then(|| self.cx.process.read_link(self.path).ok())
            .flatten();
        match target {
            Some(target) => format!("'{name}' -> '{}'", String::from_utf8_lossy(&target)),
            None => format!("'{name}'"),
        }
    }

    fn conversion(&self, letter: u8) -> Option<String> {
        let stat = &self.stat;
        Some(match letter {
            b'n' => String::from_utf8_lossy(self.path).into_owned(),
            b'N' => self.quoted(),
            b'a' => format!("{:o}", stat.mode),
            b'A' => format!("{}{}", stat.file_type.letter(), mode::letters(stat.mode)),
            b'f' => format!("{:x}", stat.file_type.mode_bits() | u32::from(stat.mode)),
            b'F' => self.kind().to_owned(),
            b's' => stat.size.to_string(),
            b'b' => stat.blocks.to_string(),
            b'B' => "512".to_owned(),
            b'o' => BLOCK.to_string(),
            b'u' => stat.uid.to_string(),
            b'U' => passwd::user_of(&self.cx.process, stat.uid).map_or_else(
                || "UNKNOWN".to_owned(),
                |user| String::from_utf8_lossy(&user.name).into_owned(),
            ),
            b'g' => stat.gid.to_string(),
            b'G' => passwd::group_of(&self.cx.process, stat.gid)
                .map_or_else(|| "UNKNOWN".to_owned(), |name| String::from_utf8_lossy(&name).into_owned()),
            b'd' => stat.device.to_string(),
            b'D' => format!("{:x}", stat.device),
            b'i' => stat.ino.to_string(),
            b'h' => stat.links.to_string(),
            b't' => format!("{:x}", stat.rdev.0),
            b'T' => format!("{:x}", stat.rdev.1),
            b'x' => self.time(stat.accessed),
            b'y' => self.time(stat.modified),
            b'z' => self.time(stat.changed),
            b'X' => stat.accessed.as_second().to_string(),
            b'Y' => stat.modified.as_second().to_string(),
            b'Z' => stat.changed.as_second().to_string(),
            b'w' => "-".to_owned(),
            b'W' => "0".to_owned(),
            b'm' => self.mount_point(),
            _ => return None,
        })
    }

    fn mount_point(&self) -> String {
        let mount = self.cx.process.place(self.path, false).map(|place| place.mount);
        mount.map_or_else(|_| "?".to_owned(), |mount| String::from_utf8_lossy(&mount.path).into_owned())
    }

    fn format(&self, format: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = format;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            if *byte != b'%' {
                out.push(*byte);
                continue;
            }
            let flags =
                rest.iter().take_while(|byte| matches!(byte, b'-' | b'0' | b'+' | b' ' | b'#')).count();
            let digits =
                rest[flags..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
            let width: usize = std::str::from_utf8(&rest[flags..flags + digits])
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0);
            let Some(letter) = rest.get(flags + digits) else {
                out.push(b'%');
                continue;
            };
            match self.conversion(*letter) {
                Some(text) => {
                    let width = width.min(4096);
                    let zero = rest[..flags].contains(&b'0');
                    let text = match (rest[..flags].contains(&b'-'), zero) {
                        (true, _) => format!("{text:<width$}"),
                        (false, true) => format!("{text:0>width$}"),
                        (false, false) => format!("{text:>width$}"),
                    };
                    out.extend_from_slice(text.as_bytes());
                }
                None if *letter == b'%' => out.push(b'%'),
                None => out.push(b'?'),
            }
            rest = &rest[flags + digits + 1..];
        }
        out
    }

    fn whole(&self) -> Vec<u8> {
        let stat = &self.stat;
        let target = (stat.file_type == FileType::Symlink)
            .then(|| self.cx.process.read_link(self.path).ok())
            .flatten();
        let name = String::from_utf8_lossy(self.path).into_owned();
        let first = match (target, self.cx.is_gnu()) {
            (Some(target), true) => format!("{name} -> {}", String::from_utf8_lossy(&target)),
            (Some(target), false) => format!("'{name}' -> '{}'", String::from_utf8_lossy(&target)),
            (None, _) => name,
        };
        let device = match self.cx.is_gnu() {
            true => format!("{},{}", 0, stat.device),
            false => format!("{:x}h/{}d", stat.device, stat.device),
        };
        let links = if stat.file_type == FileType::CharDevice {
            format!("{:<5} Device type: {},{}", stat.links, stat.rdev.0, stat.rdev.1)
        } else {
            stat.links.to_string()
        };
        let user = passwd::user_of(&self.cx.process, stat.uid)
            .map_or_else(|| "UNKNOWN".to_owned(), |user| String::from_utf8_lossy(&user.name).into_owned());
        let group = passwd::group_of(&self.cx.process, stat.gid)
            .map_or_else(|| "UNKNOWN".to_owned(), |name| String::from_utf8_lossy(&name).into_owned());
        let mut text = format!(
            "  File: {first}\n  Size: {:<10}\tBlocks: {:<10} IO Block: {:<6} {}\nDevice: {device}\tInode: {:<10}  Links: {links}\nAccess: ({:04o}/{}{})  Uid: ({:>5}/{user:>8})   Gid: ({:>5}/{group:>8})\nAccess: {}\nModify: {}\nChange: {}\n",
            stat.size,
            stat.blocks,
            BLOCK,
            self.kind(),
            stat.ino,
            stat.mode,
            stat.file_type.letter(),
            mode::letters(stat.mode),
            stat.uid,
            stat.gid,
            self.time(stat.accessed),
            self.time(stat.modified),
            self.time(stat.changed),
        );
        if self.cx.is_gnu() {
            text += " Birth: -\n";
        }
        text.into_bytes()
    }

    fn file_system(&self, format: Option<&[u8]>) -> Vec<u8> {
        let Ok(place) = self.cx.process.place(self.path, true) else { return Vec::new() };
        let fs = &place.inode.fs;
        let (blocks, free) = (fs.space.limit() / BLOCK, fs.space.left() / BLOCK);
        let kind = match fs.kind.name() {
            "overlay" => "overlayfs",
            "ext4" => "ext2/ext3",
            name => name,
        };
        if let Some(format) = format {
            let mut out = Vec::new();
            let mut bytes = format.iter();
            while let Some(byte) = bytes.next() {
                if *byte != b'%' {
                    out.push(*byte);
                    continue;
                }
                let text = match bytes.next() {
                    Some(b'T') => kind.to_owned(),
                    Some(b'n') => String::from_utf8_lossy(self.path).into_owned(),
                    Some(b'b') => blocks.to_string(),
                    Some(b'f' | b'a') => free.to_string(),
                    Some(b's' | b'S') => BLOCK.to_string(),
                    Some(b'c') => (blocks / 4).to_string(),
                    Some(b'd') => (blocks / 4).saturating_sub(fs.inodes()).to_string(),
                    Some(b'l') => "255".to_owned(),
                    _ => "?".to_owned(),
                };
                out.extend_from_slice(text.as_bytes());
            }
            out.push(b'\n');
            return out;
        }
        format!(
            "  File: \"{}\"\n    ID: {:<8x} Namelen: 255     Type: {kind}\nBlock size: {:<10} Fundamental block size: {BLOCK}\nBlocks: Total: {blocks:<10} Free: {free:<10} Available: {free}\nInodes: Total: {:<10} Free: {}\n",
            String::from_utf8_lossy(self.path),
            fs.device,
            BLOCK,
            blocks / 4,
            (blocks / 4).saturating_sub(fs.inodes()),
        )
        .into_bytes()
    }
}
