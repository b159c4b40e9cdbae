//! The long format: `ls -l`.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Entry, Listing};
use crate::{
    commands::{Cx, number},
    kernel::fs::{FileType, Stat},
    libc::{mode, passwd},
};

/// Names of users and groups, and how wide columns are.
#[derive(Debug)]
pub(super) struct Long {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
    links: usize,
    user: usize,
    group: usize,
    size: usize,
    blocks: usize,
    ino: usize,
    align: bool,
}

impl Long {
    pub(super) fn new(cx: &Cx, listing: &Listing, entries: &[Entry]) -> Self {
        let numeric = listing.opts.has(b'n');
        let mut users = HashMap::new();
        let mut groups = HashMap::new();
        for Entry { stat, .. } in entries {
            users.entry(stat.uid).or_insert_with(|| match numeric {
                true => stat.uid.to_string(),
                false => passwd::user_text(&cx.process, stat.uid),
            });
            groups.entry(stat.gid).or_insert_with(|| match numeric {
                true => stat.gid.to_string(),
                false => passwd::group_text(&cx.process, stat.gid),
            });
        }
        let widest = |width: &dyn Fn(&Stat) -> usize| {
            entries.iter().map(|entry| width(&entry.stat)).max().unwrap_or(0)
        };
        Self {
            links: widest(&|stat| stat.links.to_string().len()),
            user: widest(&|stat| users[&stat.uid].len()),
            group: widest(&|stat| groups[&stat.gid].len()),
            size: widest(&|stat| size(stat, listing.opts.has(b'h'), true).len()),
            blocks: widest(&|stat| (stat.blocks / 2).to_string().len()),
            ino: widest(&|stat| stat.ino.to_string().len()),
            align: listing.aligns(entries),
            users,
            groups,
        }
    }

    pub(super) fn line(&self, cx: &Cx, listing: &Listing, entry: &Entry) -> Vec<u8> {
        let stat = &entry.stat;
        let human = listing.opts.has(b'h');
        let (no_owner, no_group) =
            (listing.opts.has(b'g'), listing.opts.has(b'o') || (listing.gnu && listing.opts.has(b'G')));
        let (user, group) = (&self.users[&stat.uid], &self.groups[&stat.gid]);
        let mut out = String::new();
        let gnu = listing.gnu;
        if listing.opts.has(b'i') {
            out += &if gnu { format!("{:>1$} ", stat.ino, self.ino) } else { format!("{:>7} ", stat.ino) };
        }
        if listing.opts.has(b's') {
            let blocks = stat.blocks / 2;
            out += &if gnu { format!("{blocks:>0$} ", self.blocks) } else { format!("{blocks:>6} ") };
        }
        out.push(stat.file_type.letter());
        out += &mode::letters(stat.mode);
        if gnu {
            out += &format!(" {:>1$}", stat.links, self.links);
            if !no_owner {
                out += &format!(" {user:<0$}", self.user);
            }
            if !no_group {
                out += &format!(" {group:<0$}", self.group);
            }
            out += &format!(" {:>1$} ", size(stat, human, true), self.size);
        } else {
            out += &format!(" {:>4} ", stat.links);
            let name = |name: &str| {
                if listing.opts.has(b'n') { name.to_owned() } else { name.chars().take(8).collect() }
            };
            if !no_owner {
                out += &format!("{:<8} ", name(user));
            }
            if !no_group {
                out += &format!("{:<8} ", name(group));
            }
            let width = if human && stat.file_type != FileType::CharDevice { 7 } else { 9 };
            out += &format!("{:>width$} ", size(stat, human, false));
        }
        out += &self.time(cx, listing, stat);
        out.push(' ');
        let mut out = out.into_bytes();
        let (name, _) = listing.name(&entry.name, entry, self.align);
        out.extend_from_slice(&name);
        if let Some((target, target_stat)) = &entry.target {
            out.extend_from_slice(b" -> ");
            match target_stat {
                Some(stat) => {
                    let shown = Entry { name: Vec::new(), path: Vec::new(), stat: *stat, target: None };
                    out.extend_from_slice(&listing.name(target, &shown, false).0);
                }
                None => out.extend_from_slice(target),
            }
        }
        out
    }

    fn time(&self, cx: &Cx, listing: &Listing, stat: &Stat) -> String {
        let time: Timestamp = match listing.opts.last_of(b"cu") {
            Some(b'c') => stat.changed,
            Some(_) => stat.accessed,
            None => stat.modified,
        };
        let moment = listing.zone.at(time);
        let style = listing.opts.value(4).map(|style| String::from_utf8_lossy(style).into_owned());
        let format: &[u8] = match style.as_deref() {
            Some("long-iso") => b"%Y-%m-%d %H:%M",
            Some("full-iso") => b"%Y-%m-%d %H:%M:%S.%N %z",
            Some(text) if text.starts_with('+') => &text.as_bytes()[1..],
            _ if listing.opts.has(1) && listing.gnu => b"%Y-%m-%d %H:%M:%S.%N %z",
            _ if listing.opts.has(1) => b"%Y-%m-%d %H:%M:%S %z",
            _ => return moment.for_listing(cx.process.now()),
        };
        String::from_utf8_lossy(&moment.format(format, true)).into_owned()
    }
}

/// The column of sizes; a device has its numbers there.
fn size(stat: &Stat, human: bool, gnu: bool) -> String {
    match (stat.file_type, human) {
        (FileType::CharDevice, _) if gnu => format!("{}, {}", stat.rdev.0, stat.rdev.1),
        (FileType::CharDevice, _) => format!("{:>4}, {:>3}", stat.rdev.0, stat.rdev.1),
        (_, true) if gnu => number::human_gnu(stat.size),
        (_, true) => number::human(stat.size),
        (_, false) => stat.size.to_string(),
    }
}
