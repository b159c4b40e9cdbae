//! What a learner sees who looks around: `/proc`, `/sys`, control groups, namespaces, and other users.

use std::collections::BTreeMap;

use podlab_node::{
    ContainerConfig, Resources,
    network::{DnsRecord, DnsZones},
};

use super::lab::{Lab, script};

fn limited() -> ContainerConfig {
    let resources = Resources {
        cpu_limit_millis: Some(500),
        cpu_request_millis: Some(250),
        memory_limit_bytes: Some(128 << 20),
    };
    ContainerConfig { resources, ..script("sleep 1000") }
}

#[tokio::test(start_paused = true)]
async fn the_control_group_tells_the_containers_own_limits_and_use() {
    let lab = Lab::new().await;
    let id = lab.container(limited()).await;
    let read =
        lab.sh(&id, "cd /sys/fs/cgroup; cat memory.max cpu.max cpu.weight cgroup.procs | head -4").await;
    assert_eq!(read.stdout, "134217728\n50000 100000\n10\n1\n", "{read:?}");
    let used = lab.sh(&id, "test $(cat /sys/fs/cgroup/memory.current) -gt 100000; echo $?").await;
    assert_eq!(used.stdout, "0\n");
    let mounted = lab.sh(&id, "grep cgroup /proc/mounts; echo 1 > /sys/fs/cgroup/memory.max").await;
    assert_eq!(mounted.stdout, "cgroup /sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,relatime 0 0\n");
    assert!(
        mounted.stderr.contains("can't create /sys/fs/cgroup/memory.max: Read-only file system"),
        "{mounted:?}"
    );
    let free = lab.container(script("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max")).await;
    lab.ended(&free).await;
    assert_eq!(lab.log(&free).await, "max\nmax 100000\n");
}

#[tokio::test(start_paused = true)]
async fn directories_that_are_made_up_know_what_is_above_them() {
    let lab = Lab::new().await;
    let id = lab.container(script("sleep 1000")).await;
    let out = lab
        .sh(
            &id,
            "cd /sys/class/net; ls; cat eth0/mtu lo/operstate; cd /proc/1/task/1/../..; pwd -P; ls -d ../sys; \
             cd /sys/fs/cgroup/..; pwd -P",
        )
        .await;
    assert_eq!(out.stdout, "eth0\nlo\n1500\nunknown\n/proc/1\n../sys\n/sys/fs\n", "{out:?}");
    assert_eq!(
        lab.sh(&id, "ls /proc/1 | grep -cx self; ls -d /proc/thread-self/fd /proc/thread-self/task")
            .await
            .stdout,
        "0\n/proc/thread-self/fd\n"
    );
}

#[tokio::test(start_paused = true)]
async fn containers_of_a_pod_share_the_network_and_not_the_mounts() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let one = lab.start(&pod, script("sleep 1000")).await;
    let two = lab.start(&pod, ContainerConfig { name: "two".to_owned(), ..script("sleep 1000") }).await;
    let script = "for n in net ipc uts user mnt pid; do readlink /proc/1/ns/$n; done";
    let (one, two) = (lab.sh(&one, script).await.stdout, lab.sh(&two, script).await.stdout);
    let same: Vec<bool> = one.lines().zip(two.lines()).map(|(one, two)| one == two).collect();
    assert_eq!(same, [true, true, true, true, false, false], "{one}{two}");
}

#[tokio::test(start_paused = true)]
async fn who_becomes_another_user_loses_what_only_root_may() {
    let lab = Lab::new().await;
    let id = lab.container(script("sleep 1000")).await;
    let out = lab.sh(&id, "su -s /bin/sh nobody -c 'id -un; chroot / true; kill 1'").await;
    assert!(out.stdout.starts_with("nobody\n"), "{out:?}");
    assert!(
        out.stderr.contains("chroot: can't change root directory to '/': Operation not permitted"),
        "{out:?}"
    );
    assert!(out.stderr.contains("Operation not permitted\n") && out.code != 0, "{out:?}");
    let out = lab
        .sh(&id, "mkdir -p /new/bin; cp /bin/busybox /new/bin/sh; chroot /new /bin/sh -c 'pwd; echo /*'")
        .await;
    assert_eq!(out.stdout, "/\n/bin\n", "{out:?}");
    let bare = ContainerConfig {
        security: podlab_node::Security { drop_capabilities: vec!["ALL".to_owned()], ..Default::default() },
        ..script("sleep 1000")
    };
    let id = lab.container(bare).await;
    let out = lab.sh(&id, "su -s /bin/sh nobody -c id").await;
    assert_eq!((out.code, out.stderr.as_str()), (1, "su: setgid: Operation not permitted\n"), "{out:?}");
}

#[tokio::test(start_paused = true)]
async fn names_are_asked_for_where_resolv_conf_says() {
    let lab = Lab::new().await;
    let records = BTreeMap::from([(
        "web.default.svc.cluster.local".to_owned(),
        vec![DnsRecord::Address([10, 96, 0, 80].into())],
    )]);
    lab.network.set_dns(DnsZones {
        servers: vec![[10, 96, 0, 10].into()],
        domains: vec!["cluster.local".to_owned()],
        records,
        ..DnsZones::default()
    });
    let id = lab.container(script("sleep 1000")).await;
    let found = lab.sh(&id, "nslookup web.default.svc.cluster.local").await;
    assert!(found.stdout.contains("Address: 10.96.0.80"), "{found:?}");
    lab.node.pull_image("busybox:1.28").await.unwrap();
    let old =
        lab.container(ContainerConfig { image: "busybox:1.28".to_owned(), ..script("sleep 1000") }).await;
    let found = lab.sh(&old, "nslookup web.default.svc.cluster.local; nslookup nosuch").await;
    let server = "Server:    10.96.0.10\nAddress 1: 10.96.0.10\n\n";
    let name = "Name:      web.default.svc.cluster.local\nAddress 1: 10.96.0.80\n";
    assert_eq!(found.stdout, format!("{server}{name}{server}"), "{found:?}");
    assert_eq!((found.stderr.as_str(), found.code), ("nslookup: can't resolve 'nosuch'\n", 1));
}

#[tokio::test(start_paused = true)]
async fn datagrams_find_whoever_listens_and_tables_show_it() {
    let lab = Lab::new().await;
    let server = lab.container(script("nc -lu -p 5000 > /got & sleep 1000")).await;
    lab.sleep(100).await;
    let table = lab.sh(&server, "netstat -uln | tail -1; cat /proc/net/udp6 | wc -l").await;
    assert_eq!(
        table.stdout,
        "udp        0      0 :::5000                 :::*                                \n2\n"
    );
    let ip = lab.node.container_status(&server).map(|_| lab.sh(&server, "hostname -i")).unwrap().await.stdout;
    let client = lab.container(script("sleep 1000")).await;
    let out = lab
        .sh(
            &client,
            &format!(
                "echo hello | nc -u -w 1 {} 5000; echo x | nc -u -w 1 {} 5001; echo $?",
                ip.trim(),
                ip.trim()
            ),
        )
        .await;
    assert_eq!(out.stdout, "1\n", "{out:?}");
    assert_eq!(lab.sh(&server, "cat /got; netstat -un | grep -c ESTABLISHED").await.stdout, "hello\n1\n");
}

#[tokio::test(start_paused = true)]
async fn lsof_lists_the_open_files_of_others() {
    let lab = Lab::new().await;
    let id = lab.container(script("exec 3> /kept; sleep 1000")).await;
    lab.sleep(10).await;
    let out = lab.sh(&id, "lsof | grep -c /kept; lsof | grep '^1' | cut -f2,3 | head -1").await;
    assert_eq!(out.stdout, "1\n/bin/sleep\t0\n", "{out:?}");
}

#[tokio::test(start_paused = true)]
async fn open_files_show_what_they_were_opened_for_and_whether_they_still_have_a_name() {
    let lab = Lab::new().await;
    let id = lab.container(script("sleep 1000")).await;
    let script = "cd /tmp; exec 5> gone 6< /etc/passwd 7<> both; rm gone; readlink /proc/$$/fd/5; \
                  ls -l /proc/$$/fd | awk '$NF ~ /passwd|deleted|both/ { print $1 }'; echo still >&5; cat /proc/$$/fd/5; \
                  cat /proc/self; ls /proc/self/fd | tail -1";
    let out = lab.sh(&id, script).await;
    assert_eq!(out.stdout, "/tmp/gone (deleted)\nl-wx------\nlr-x------\nlrwx------\nstill\n7\n", "{out:?}");
    assert_eq!(out.stderr, "cat: read error: Is a directory\n");
    lab.node.pull_image("debian").await.unwrap();
    let debian = lab.container(ContainerConfig { image: "debian".to_owned(), ..limited() }).await;
    let own =
        lab.sh(&debian, "ls -l /proc/self/fd | awk '$9 == 3 { print $NF ~ \"^/proc/[0-9]+/fd$\" }'").await;
    assert_eq!(own.stdout, "1\n", "{own:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_can_be_made_where_all_is_made_up_or_gone() {
    let lab = Lab::new().await;
    let id = lab.container(script("sleep 1000")).await;
    let script = "touch /proc/x; echo x > /proc/sys/kernel/hostname; mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone; touch x; \
                  mkdir y";
    assert_eq!(
        lab.sh(&id, script).await.stderr,
        "touch: /proc/x: No such file or directory\n\
         sh: can't create /proc/sys/kernel/hostname: Read-only file system\n\
         touch: x: No such file or directory\n\
         mkdir: can't create directory 'y': No such file or directory\n"
    );
}

#[tokio::test(start_paused = true)]
async fn processes_show_how_they_are_confined() {
    let lab = Lab::new().await;
    let security =
        podlab_node::Security { no_new_privileges: true, seccomp_filter: true, ..Default::default() };
    let id = lab.container(ContainerConfig { security, oom_score_adj: 1000, ..script("sleep 1000") }).await;
    let read = "grep -E '^(NoNewPrivs|Seccomp):' /proc/1/status; cat /proc/1/oom_score_adj /proc/1/oom_score";
    assert_eq!(lab.sh(&id, read).await.stdout, "NoNewPrivs:\t1\nSeccomp:\t2\n1000\n1333\n");
    let id = lab.container(script("sleep 1000")).await;
    assert_eq!(lab.sh(&id, read).await.stdout, "NoNewPrivs:\t0\nSeccomp:\t0\n0\n666\n");
}

#[tokio::test(start_paused = true)]
async fn services_and_addresses_are_looked_up_as_core_dns_answers() {
    let lab = Lab::new().await;
    let name = "_http._tcp.db.default.svc.cluster.local";
    let service =
        |host: &str| DnsRecord::Service { port: 80, target: format!("{host}.db.default.svc.cluster.local") };
    let records = BTreeMap::from([
        (name.to_owned(), vec![service("db-0"), service("db-1")]),
        ("db-0.db.default.svc.cluster.local".to_owned(), vec![DnsRecord::Address([10, 244, 0, 5].into())]),
        (
            "5.0.244.10.in-addr.arpa".to_owned(),
            vec![DnsRecord::Pointer("db-0.db.default.svc.cluster.local".to_owned())],
        ),
    ]);
    lab.network.set_dns(DnsZones {
        servers: vec![[10, 96, 0, 10].into()],
        domains: vec!["cluster.local".to_owned()],
        records,
        ..DnsZones::default()
    });
    lab.node.pull_image("nicolaka/netshoot").await.unwrap();
    let id = lab
        .container(ContainerConfig { image: "nicolaka/netshoot".to_owned(), ..script("sleep 1000") })
        .await;
    let out = lab
        .sh(&id, &format!("dig +short SRV {name}; dig +short -x 10.244.0.5; getent hosts 10.244.0.5"))
        .await;
    assert_eq!(
        out.stdout,
        "0 50 80 db-0.db.default.svc.cluster.local.\n0 50 80 db-1.db.default.svc.cluster.local.\n\
         db-0.db.default.svc.cluster.local.\n10.244.0.5      db-0.db.default.svc.cluster.local\n",
        "{out:?}"
    );
    let out = lab.sh(&id, &format!("dig SRV {name} | grep -v -e DiG -e WHEN -e HEADER -e '^;; MSG'")).await;
    assert!(
        out.stdout.contains("ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 2\n;; WARNING: recursion"),
        "{}",
        out.stdout
    );
    assert!(
        out.stdout
            .contains(";; ADDITIONAL SECTION:\ndb-0.db.default.svc.cluster.local. 30 IN A\t10.244.0.5\n"),
        "{}",
        out.stdout
    );
    let none = lab
        .sh(&id, "dig no.default.svc.cluster.local | grep -A1 AUTHORITY.SECTION | tail -1 | cut -f 1-5")
        .await;
    assert_eq!(none.stdout, "cluster.local.\t\t30\tIN\tSOA\n", "{none:?}");
}

#[tokio::test(start_paused = true)]
async fn mounts_tell_where_the_layers_are_and_the_queues_of_messages() {
    let lab = Lab::new().await;
    let id = lab.container(script("sleep 1000")).await;
    let layers = "sed -n 's/^overlay . overlay rw,relatime,lowerdir=[^,]*snapshots.[0-9]*.fs,upperdir=\\([^,]*\\).fs,workdir=\\([^ ]*\\).work 0 0/\\1 \\2/p' /proc/mounts";
    let seen = lab.sh(&id, layers).await.stdout;
    let (upper, work) = seen.trim().split_once(' ').unwrap();
    assert!(upper == work && upper.starts_with("/var/lib/containerd/"), "{seen}");
    let queues = lab.sh(&id, "grep mqueue /proc/mounts; stat -c '%a %F' /dev/mqueue").await.stdout;
    assert_eq!(queues, "mqueue /dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime 0 0\n1777 directory\n");
    let roots =
        lab.sh(&id, "awk '$5 == \"/\" || $5 == \"/etc/hosts\" { print $4 }' /proc/self/mountinfo").await;
    assert_eq!(roots.stdout, "/\n/etc/hosts\n");
}

#[tokio::test(start_paused = true)]
async fn a_process_shows_what_its_address_space_is_made_of() {
    let lab = Lab::new().await;
    let id = lab.container(script("sleep 1000")).await;
    let seen = lab
        .sh(&id, "awk '{ print $2, $6 }' /proc/1/maps; cat /proc/1/wchan; echo; cat /proc/1/uid_map")
        .await;
    assert_eq!(
        seen.stdout,
        "r--p /bin/sleep\nr-xp /bin/sleep\nr--p /bin/sleep\nrw-p /bin/sleep\nrw-p [heap]\nrw-p [stack]\nr--p [vvar]\n\
         r-xp [vdso]\n0\n         0          0 4294967295\n"
    );
    assert_eq!(
        lab.sh(
            &id,
            "awk '{ split($1, a, \"-\"); if (length(a[1]) != 12 || a[1] >= a[2]) print }' /proc/1/maps"
        )
        .await
        .stdout,
        ""
    );
}
