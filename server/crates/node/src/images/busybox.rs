//! `busybox`: one program, four hundred names.

use super::base::{busybox_applets, image_date, skeleton};
use crate::{
    image::{Family, Recipe, Tag, TreeBuilder},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family {
    repositories: &[
        "busybox",
        "registry.k8s.io/busybox",
        "registry.k8s.io/e2e-test-images/busybox",
        "k8s.gcr.io/busybox",
        "gcr.io/google_containers/busybox",
        "gcr.io/google-containers/busybox",
    ],
    recipe,
};

const RELEASES: &[&str] = &[
    "1.37.0", "1.36.1", "1.36.0", "1.35.0", "1.34.1", "1.33.1", "1.32.1", "1.31.1", "1.30.1", "1.29.3",
    "1.28.4", "1.28", "1.27.2", "1.27", "1.26.2", "1.25.1", "1.24.2",
];

const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:4:100:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
";

const GROUP: &str = "\
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
lp:x:7:
mail:x:8:
kmem:x:9:
wheel:x:10:root
cdrom:x:11:
dialout:x:18:
floppy:x:19:
video:x:28:
audio:x:29:
tape:x:32:
www-data:x:33:
operator:x:37:
utmp:x:43:
plugdev:x:46:
staff:x:50:
lock:x:54:
netdev:x:82:
users:x:100:
nobody:x:65534:
";

/// The files of the newest release's image.
pub(super) fn tree() -> TreeBuilder {
    tree_of("busybox")
}

/// The files of an image whose programs are all `program`.
fn tree_of(program: &str) -> TreeBuilder {
    let mut tree = TreeBuilder::new(image_date());
    skeleton(&mut tree);
    let paths: Vec<String> = busybox_applets().iter().map(|name| format!("/bin/{name}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    tree.programs(&paths, program, 1_131_168)
        .link("/lib64", "lib")
        .blob("/lib/ld-linux-x86-64.so.2", 0o755, 240_936)
        .blob("/lib/libc.so.6", 0o755, 1_926_256)
        .blob("/lib/libm.so.6", 0o755, 907_784)
        .blob("/lib/libnss_files.so.2", 0o644, 14_480)
        .blob("/lib/libpthread.so.0", 0o644, 14_480)
        .blob("/lib/libresolv.so.2", 0o644, 60_328)
        .file("/etc/passwd", 0o644, PASSWD)
        .file("/etc/group", 0o644, GROUP)
        .file("/etc/shadow", 0o600, "root:*:10933:0:99999:7:::\nnobody:*:10933:0:99999:7:::\n")
        .file("/etc/localtime", 0o644, "TZif2")
        .file("/etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n")
        .dirs(&["/etc/network/if-up.d", "/etc/network/if-down.d", "/usr/sbin"])
        .link("/usr/bin/env", "../../bin/env")
        .dir_of("/home", 0o755, 65534, 65534)
        .dir("/var/spool/mail", 0o755)
        .dir("/var/www", 0o755);
    tree
}

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(RELEASES)?;
    let libc = if tag.has("musl") { Libc::Musl } else { Libc::Glibc };
    let minor: u32 = version.split('.').nth(1)?.parse().ok()?;
    Some(Recipe {
        root: tree_of(if minor < 29 { "busybox/old" } else { "busybox" }).finish_image(),
        libc,
        env: Vec::new(),
        entrypoint: Vec::new(),
        cmd: vec!["sh".to_owned()],
        user: String::new(),
        working_dir: String::new(),
        exposed_ports: Vec::new(),
        stop_signal: None,
        size_bytes: 2_156_519,
        version: format!("{version} {libc:?}"),
    })
}
