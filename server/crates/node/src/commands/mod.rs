//! The commands of images, in busybox's and in GNU's manner: one file each, named in one table.

mod awk;
pub(crate) mod busybox;
mod calculator;
mod calendar;
mod cat;
pub(crate) mod context;
mod cron;
mod date;
mod diff;
pub(crate) mod echo;
mod files;
mod find;
mod getopt;
mod grep;
mod gzip;
mod head;
mod hostname;
mod htpasswd;
mod jq;
mod ls;
mod not_simulated;
mod number;
mod openssl;
mod openssl_passwd;
mod pager;
mod pause;
mod perl;
pub(crate) mod printf;
mod processes;
mod ps;
mod sed;
mod sleep;
mod snapshot;
mod system;
mod tail;
mod tar;
pub(crate) mod test;
mod text;
mod vi;

use std::sync::Arc;

pub(crate) use context::{Cx, Flavor, Line, Lines, Voice};

use crate::{
    env::BoxFuture,
    kernel::{
        fs::file_name,
        process::{Outcome, Process, Program},
    },
    shell::{self, Dialect},
};

/// Runs a command.
type Run = fn(Cx) -> BoxFuture<Outcome>;

macro_rules! commands {
    ($($name:literal => $($run:ident)::+,)*) => {
        /// All commands, sorted by name.
        const TABLE: &[(&str, Run)] = &[
            $(($name, |cx| Box::pin(async move { Outcome::from($($run)::+(cx).await) })),)*
        ];
    };
}

// After the macro, which they use for tables of their own.
mod network;
mod packages;

commands! {
    "addgroup" => system::accounts::adduser::addgroup,
    "adduser" => system::accounts::adduser::adduser,
    "arch" => system::uname::arch,
    "ascii" => text::ascii::run,
    "awk" => awk::run,
    "base32" => text::base32::run,
    "base64" => text::base64::run,
    "basename" => system::names::basename,
    "bc" => calculator::bc::run,
    "cal" => date::cal::run,
    "cat" => cat::run,
    "chgrp" => files::chown,
    "chmod" => files::chmod,
    "chown" => files::chown,
    "chpasswd" => system::accounts::password::chpasswd,
    "chroot" => processes::chroot::run,
    "cksum" => text::cksum::cksum,
    "clear" => system::small::clear,
    "cmp" => text::cmp::run,
    "comm" => text::comm::run,
    "cp" => files::cp::run,
    "crc32" => text::crc32::run,
    "crond" => cron::crond,
    "crontab" => cron::crontab,
    "cryptpw" => system::accounts::password::mkpasswd,
    "csplit" => text::csplit::run,
    "cut" => text::cut::run,
    "date" => date::run,
    "dc" => calculator::dc::run,
    "dd" => text::dd::run,
    "delgroup" => system::accounts::deluser::delgroup,
    "deluser" => system::accounts::deluser::deluser,
    "df" => system::df::run,
    "diff" => diff::run,
    "dirname" => system::names::dirname,
    "dmesg" => system::small::dmesg,
    "dos2unix" => text::line_ends::run,
    "du" => system::du::run,
    "echo" => echo::run,
    "egrep" => grep::run,
    "env" => processes::env::run,
    "envsubst" => text::envsubst::run,
    "expand" => text::expand::expand,
    "expr" => system::expr::run,
    "factor" => text::factor::run,
    "fallocate" => files::shred::fallocate,
    "false" => system::small::fail,
    "fgrep" => grep::run,
    "find" => find::run,
    "flock" => processes::flock::run,
    "fmt" => text::fmt::run,
    "fold" => text::fold::run,
    "free" => system::free::free,
    "getconf" => system::small::getconf,
    "getent" => system::getent::run,
    "getopt" => getopt::run,
    "git" => not_simulated::run,
    "grep" => grep::run,
    "groupadd" => system::accounts::useradd::groupadd,
    "groupdel" => system::accounts::userdel::groupdel,
    "groups" => system::id::groups,
    "gunzip" => gzip::run,
    "gzip" => gzip::run,
    "halt" => processes::power::run,
    "hd" => text::dump::hexdump,
    "head" => head::run,
    "hexdump" => text::dump::hexdump,
    "hostid" => system::sessions::hostid,
    "hostname" => hostname::run,
    "htop" => not_simulated::run,
    "htpasswd" => htpasswd::run,
    "id" => system::id::id,
    "install" => files::install::run,
    "ionice" => processes::scheduling::ionice,
    "ipcalc" => system::ipcalc::run,
    "join" => text::join::run,
    "jq" => jq::run,
    "kill" => processes::kill::kill,
    "killall" => processes::kill::killall,
    "last" => system::sessions::last,
    "less" => pager::less::run,
    "link" => files::ln::link,
    "ln" => files::ln::run,
    "logger" => system::logger::run,
    "logname" => system::sessions::logname,
    "ls" => ls::run,
    "lsof" => processes::lsof::run,
    "md5sum" => text::checksum::run,
    "mkdir" => files::mkdir::run,
    "mkfifo" => files::mkdir::mkfifo,
    "mknod" => files::mknod::run,
    "mkpasswd" => system::accounts::password::mkpasswd,
    "mktemp" => files::mktemp::run,
    "more" => pager::more::run,
    "mount" => system::mount::mount,
    "mountpoint" => system::mount::mountpoint,
    "mv" => files::mv::run,
    "nice" => processes::nohup::nice,
    "nl" => text::nl::run,
    "nohup" => processes::nohup::run,
    "nproc" => system::small::nproc,
    "nsenter" => processes::namespaces::nsenter,
    "numfmt" => text::numfmt::run,
    "od" => text::dump::od,
    "openssl" => openssl::run,
    "passwd" => system::accounts::password::passwd_command,
    "paste" => text::paste::run,
    "patch" => text::patch::run,
    "perl" => perl::run,
    "pgrep" => processes::pgrep::run,
    "pidof" => processes::pgrep::pidof,
    "pkill" => processes::pgrep::run,
    "poweroff" => processes::power::run,
    "printenv" => processes::env::printenv,
    "printf" => printf::run,
    "ps" => ps::run,
    "pwd" => system::small::pwd,
    "readlink" => files::readlink::readlink,
    "realpath" => files::readlink::realpath,
    "reboot" => processes::power::run,
    "renice" => processes::scheduling::renice,
    "reset" => system::small::reset,
    "rev" => text::tac::rev,
    "rm" => files::rm::run,
    "rmdir" => files::rmdir::run,
    "run-parts" => processes::run_parts::run,
    "sed" => sed::run,
    "seq" => text::seq::run,
    "service" => processes::service::run,
    "setpriv" => processes::namespaces::setpriv,
    "setsid" => processes::nohup::setsid,
    "sha1sum" => text::checksum::run,
    "sha224sum" => text::checksum::run,
    "sha256sum" => text::checksum::run,
    "sha384sum" => text::checksum::run,
    "sha512sum" => text::checksum::run,
    "shred" => files::shred::shred,
    "shuf" => text::shuf::run,
    "sleep" => sleep::run,
    "sort" => text::sort::run,
    "split" => text::split::run,
    "stat" => system::stat::run,
    "stdbuf" => processes::nohup::stdbuf,
    "strings" => text::strings::run,
    "stty" => system::stty::run,
    "su" => processes::su::run,
    "sum" => text::cksum::sum,
    "sync" => system::small::sync,
    "sysctl" => system::sysctl::run,
    "tac" => text::tac::tac,
    "tail" => tail::run,
    "tar" => tar::run,
    "taskset" => processes::scheduling::taskset,
    "tcpdump" => not_simulated::run,
    "tee" => text::tee::run,
    "test" => test::run,
    "time" => processes::time::run,
    "timeout" => processes::timeout::run,
    "top" => processes::top::run,
    "touch" => files::touch::run,
    "tput" => system::tput::run,
    "tr" => text::tr::run,
    "tree" => files::tree::run,
    "true" => system::small::succeed,
    "truncate" => files::truncate::run,
    "ts" => text::ts::run,
    "tsort" => text::tsort::run,
    "tty" => system::small::tty,
    "umount" => system::mount::umount,
    "uname" => system::uname::run,
    "unexpand" => text::expand::unexpand,
    "uniq" => text::uniq::run,
    "unix2dos" => text::line_ends::run,
    "unlink" => files::ln::unlink,
    "unshare" => processes::namespaces::unshare,
    "uptime" => system::free::uptime,
    "useradd" => system::accounts::useradd::useradd,
    "userdel" => system::accounts::userdel::userdel,
    "usermod" => system::accounts::usermod::run,
    "users" => system::sessions::users,
    "usleep" => sleep::usleep,
    "uudecode" => text::uuencode::decode,
    "uuencode" => text::uuencode::encode,
    "vi" => vi::run,
    "w" => system::sessions::w,
    "watch" => processes::watch::run,
    "wc" => text::wc::run,
    "which" => system::which::run,
    "who" => system::sessions::who,
    "whoami" => system::id::whoami,
    "xargs" => processes::xargs::run,
    "xxd" => text::dump::xxd,
    "yes" => system::small::yes,
    "yq" => not_simulated::run,
    "zcat" => gzip::run,
}

/// The command of this name.
fn find(name: &str) -> Option<(&'static str, Run)> {
    [TABLE, network::table(), packages::table()].into_iter().find_map(|table| {
        let index = table.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        table.get(index).copied()
    })
}

/// The names of all commands.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().chain(network::table()).chain(packages::table()).map(|(name, _)| *name)
}

/// What an executable file stands for: `busybox`, `gnu/NAME`, `sh/DIALECT`.
pub(crate) fn program(name: &[u8]) -> Option<Program> {
    let name = std::str::from_utf8(name).ok()?;
    match name.split_once('/') {
        None if name == "pause" => Some(Program { name: "pause", main: pause::main, memory: 200 << 10 }),
        None if name == "busybox" => {
            Some(Program { name: "busybox", main: busybox::main, memory: 700 << 10 })
        }
        Some(("busybox", "old")) => {
            Some(Program { name: "busybox", main: busybox::old_main, memory: 700 << 10 })
        }
        Some(("gnu", command)) => {
            let (name, _) = find(command)?;
            Some(Program { name, main: gnu_main, memory: 1600 << 10 })
        }
        Some(("sh", "dash")) => Some(Program {
            name: "dash",
            main: |process| shell::main(process, Dialect::Dash),
            memory: 1000 << 10,
        }),
        Some(("sh", "bash")) => Some(Program {
            name: "bash",
            main: |process| shell::main(process, Dialect::Bash),
            memory: 3400 << 10,
        }),
        _ => crate::servers::program(name),
    }
}

/// Runs a command of GNU's (or of another package that Debian has).
fn gnu_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    let Some((_, run)) = process.program().and_then(|program| find(program.name)) else {
        return Box::pin(async { Outcome::Exit(127) });
    };
    let argv = process.argv();
    let name = argv.first().map_or_else(String::new, |name| String::from_utf8_lossy(name).into_owned());
    // GNU's tools call themselves by the path that they were run by; most are run by their name.
    run(Cx::new(process, &name, argv.iter().skip(1).cloned().collect(), Flavor::Gnu))
}

/// Runs an applet of busybox by its name.
fn run_applet(process: Arc<Process>, name: &str, args: Vec<bytes::Bytes>) -> Option<BoxFuture<Outcome>> {
    let (name, run) = find(name)?;
    Some(run(Cx::new(process, name, args, Flavor::Busybox)))
}

/// The last part of a path, as text.
fn base_name(path: &[u8]) -> String {
    String::from_utf8_lossy(file_name(path)).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        for table in [super::TABLE, super::network::table(), super::packages::table()] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
