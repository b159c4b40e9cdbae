//! Which of busybox's applets there are, and where Alpine puts them.

/// Applets that Alpine builds in, by the directory of their links.
pub(super) const ALPINE: [(&str, &str); 4] = [
    (
        "/bin",
        "arch ash base64 bbconfig cat chattr chgrp chmod chown cp date dd df dmesg dnsdomainname dumpkmap echo ed \
         egrep false fatattr fdflush fgrep fsync getopt grep gunzip gzip hostname ionice iostat ipcalc kbd_mode kill \
         link linux32 linux64 ln login ls lsattr lzop makemime mkdir mknod mktemp more mount mountpoint mpstat mv \
         netstat nice pidof ping ping6 pipe_progress printenv ps pwd reformime rev rm rmdir run-parts sed setpriv \
         setserial sh sleep stat stty su sync tar touch true umount uname usleep watch zcat",
    ),
    (
        "/sbin",
        "acpid adjtimex arp blkid blockdev depmod fbsplash fdisk findfs fsck fstrim getty halt hwclock ifconfig \
         ifdown ifenslave ifup init inotifyd insmod ip ipaddr iplink ipneigh iproute iprule iptunnel klogd loadkmap \
         logread losetup lsmod mdev mkdosfs mkfs.vfat mkswap modinfo modprobe nameif nologin pivot_root poweroff \
         raidautorun reboot rmmod route setconsole slattach swapoff swapon switch_root sysctl syslogd tunctl udhcpc \
         vconfig watchdog zcip",
    ),
    (
        "/usr/bin",
        "[ [[ awk basename bc beep blkdiscard bunzip2 bzcat bzip2 cal chvt cksum clear cmp comm cpio crontab cryptpw \
         cut dc deallocvt diff dirname dos2unix du eject env expand expr factor fallocate find flock fold free fuser \
         groups hd head hexdump hostid iconv id install ipcrm ipcs killall last less logger lsof lsusb lzcat lzma \
         lzopcat md5sum mesg microcom mkfifo mkpasswd nc nl nmeter nohup nproc nsenter nslookup od openvt passwd paste \
         pgrep pkill pmap printf pscan pstree pwdx readlink realpath renice reset resize seq setkeycodes setsid sha1sum \
         sha256sum sha3sum sha512sum showkey shred shuf sort split strings sum tac tail tee test time timeout top tr \
         traceroute traceroute6 tree truncate ts tty ttysize udhcpc6 unexpand uniq unix2dos unlink unlzma unlzop unshare \
         unxz unzip uptime uudecode uuencode vi vlock volname wc wget which who whoami whois xargs xxd xzcat yes",
    ),
    (
        "/usr/sbin",
        "add-shell addgroup adduser arping brctl chpasswd chroot crond delgroup deluser ether-wake fbset killall5 \
         loadfont nanddump nandwrite nbd-client ntpd partprobe rdate rdev readahead remove-shell rfkill sendmail setfont \
         setlogcons",
    ),
];

/// Applets that the `busybox` image and Alpine's package `busybox-extras` have besides.
pub(super) const EXTRAS: &str = "dnsd dumpleases fakeidentd ftpd ftpget ftpput httpd inetd lpq lpr lpd nologin popmaildir \
     telnet telnetd tftp tftpd udhcpd";

/// Applets that only the `busybox` image has.
const BUSYBOX_ONLY: &str = "ascii bootchartd chat chcon chpst chrt crc32 devmem dpkg dpkg-deb envdir envuidgid fbset \
     fgconsole freeramdisk fsfreeze getenforce getfattr hush i2cdetect i2cdump i2cget i2cset i2ctransfer ifplugd linuxrc \
     logname lsscsi man mim minips mkdosfs mke2fs mkfs.ext2 mkfs.minix mkfs.reiser mt nice nuke patch resume rpm rpm2cpio rtcwake run-init \
     runlevel runsv runsvdir script scriptreplay seedrng setarch setfattr setuidgid sha384sum smemcap softlimit \
     ssl_client start-stop-daemon sulogin sv svc svlogd svok swapon taskset tc tcpsvd tune2fs ubiattach ubidetach \
     ubimkvol ubirename ubirmvol ubirsvol ubiupdatevol udpsvd uevent uncompress users w wall xz";

/// All applets of the `busybox` image, sorted.
pub(super) fn busybox() -> Vec<&'static str> {
    let lists = ALPINE.iter().map(|(_, names)| *names).chain([EXTRAS, BUSYBOX_ONLY]);
    let mut names: Vec<_> = lists.flat_map(str::split_whitespace).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether podlab can run an applet.
pub(super) fn runs(name: &str) -> bool {
    matches!(name, "sh" | "ash" | "[" | "[[") || crate::commands::names().any(|known| known == name)
}

/// Whether Alpine's busybox has a link at this path.
pub(crate) fn is_alpine(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(dir, name)| {
        ALPINE
            .iter()
            .any(|(place, names)| *place == dir && names.split_whitespace().any(|known| known == name))
    })
}
