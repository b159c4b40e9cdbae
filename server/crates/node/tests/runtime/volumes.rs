//! Volumes as Pods mount them.

use std::collections::BTreeMap;

use bytes::Bytes;
use podlab_node::{ContainerConfig, EmptyDir, FileSet, HostPathKind, Mount, ProjectedFile, Security, User};

use crate::lab::{Lab, idle, mount, script};

fn files(files: &[(&str, &'static str)]) -> FileSet {
    let file =
        |text: &'static str| ProjectedFile { mode: 0o644, content: Bytes::from_static(text.as_bytes()) };
    let files: BTreeMap<_, _> = files.iter().map(|(path, text)| ((*path).to_owned(), file(text))).collect();
    FileSet { files, ..FileSet::default() }
}

#[tokio::test(start_paused = true)]
async fn projected_files_are_updated_where_they_are_mounted_whole_but_not_by_sub_path() {
    let lab = Lab::new().await;
    let volume = lab.node.files(&files(&[("a.conf", "one\n"), ("sub/b.conf", "two\n")]));
    let config = ContainerConfig {
        mounts: vec![
            mount(&volume, "/etc/app"),
            Mount { sub_path: Some("a.conf".into()), ..mount(&volume, "/etc/one.conf") },
        ],
        ..idle()
    };
    let id = lab.container(config).await;
    let look = "cat /etc/app/a.conf /etc/app/sub/b.conf /etc/one.conf; ls /etc/app; readlink /etc/app/a.conf";
    assert_eq!(lab.sh(&id, look).await.stdout, "one\ntwo\none\na.conf\nsub\n..data/a.conf\n");
    volume.update(&files(&[("a.conf", "three\n"), ("sub/b.conf", "two\n"), ("c", "")]));
    assert_eq!(lab.sh(&id, look).await.stdout, "three\ntwo\none\na.conf\nc\nsub\n..data/a.conf\n");
    volume.update(&files(&[("c", "")]));
    assert_eq!(lab.sh(&id, "ls /etc/app; cat /etc/one.conf").await.stdout, "c\none\n");
}

#[tokio::test(start_paused = true)]
async fn an_open_file_keeps_its_text_through_an_update() {
    let lab = Lab::new().await;
    let volume = lab.node.files(&files(&[("f", "old\n")]));
    let config = ContainerConfig {
        mounts: vec![mount(&volume, "/v")],
        ..script("exec 3</v/f; sleep 10; cat <&3; cat /v/f")
    };
    let id = lab.container(config).await;
    lab.sleep(1000).await;
    volume.update(&files(&[("f", "new\n")]));
    lab.ended(&id).await;
    assert_eq!(lab.log(&id).await, "old\nnew\n");
}

#[tokio::test(start_paused = true)]
async fn projected_files_and_read_only_mounts_cannot_be_written() {
    let lab = Lab::new().await;
    let config = lab.node.files(&files(&[("a", "one\n")]));
    let cache = lab.node.empty_dir(EmptyDir::default());
    let config = ContainerConfig {
        mounts: vec![
            mount(&config, "/config"),
            mount(&cache, "/rw"),
            Mount { read_only: true, ..mount(&cache, "/ro") },
        ],
        ..script("echo x > /config/a; rm /config/a; echo x > /ro/x; echo y > /rw/y; cat /ro/y; rm /ro/y")
    };
    let (log, _) = lab.outcome(config).await;
    assert_eq!(
        log,
        "sh: can't create /config/a: Read-only file system\nrm: can't remove '/config/a': Read-only file system\n\
         sh: can't create /ro/x: Read-only file system\ny\nrm: can't remove '/ro/y': Read-only file system\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_volumes_group_owns_what_is_made_in_it() {
    let lab = Lab::new().await;
    let volume = lab.node.empty_dir(EmptyDir { group: Some(2000), ..EmptyDir::default() });
    let secret = FileSet { group: Some(2000), memory: true, ..files(&[("key", "k")]) };
    let secret = FileSet {
        files: secret
            .files
            .into_iter()
            .map(|(path, file)| (path, ProjectedFile { mode: 0o400, ..file }))
            .collect(),
        ..secret
    };
    let secret = lab.node.files(&secret);
    let config = ContainerConfig {
        security: Security {
            user: Some(User::Id(1000)),
            group: Some(3000),
            supplemental_groups: vec![2000],
            ..Security::default()
        },
        mounts: vec![mount(&volume, "/data"), mount(&secret, "/secret")],
        ..script(
            "echo hi > /data/f; mkdir /data/d; stat -c '%a %u %g %n' /data /data/f /data/d; \
             stat -L -c '%a %u %g' /secret/key; cat /secret/key",
        )
    };
    let (log, _) = lab.outcome(config).await;
    assert_eq!(log, "2777 0 2000 /data\n644 1000 2000 /data/f\n2755 1000 2000 /data/d\n440 0 2000\nk");
}

#[tokio::test(start_paused = true)]
async fn a_volume_in_memory_is_full_at_its_limit() {
    let lab = Lab::new().await;
    let volume = lab.node.empty_dir(EmptyDir { memory: true, size_limit: Some(1 << 20), group: None });
    let config = ContainerConfig {
        mounts: vec![mount(&volume, "/cache")],
        ..script(
            "yes | head -c 2000000 > /cache/f; echo $?; wc -c < /cache/f; rm /cache/f; echo ok > /cache/g; cat /cache/g",
        )
    };
    let (log, _) = lab.outcome(config).await;
    assert_eq!(log, "head: write error: No space left on device\n1\n1048576\nok\n");
}

#[tokio::test(start_paused = true)]
async fn a_volume_on_disk_tells_when_it_outgrows_a_limit() {
    let lab = Lab::new().await;
    let volume = lab.node.empty_dir(EmptyDir::default());
    let id = lab.container(ContainerConfig { mounts: vec![mount(&volume, "/v")], ..idle() }).await;
    let exceeded = volume.exceeded(1 << 20);
    let writer = lab.sh(&id, "sleep 4; yes | head -c 2000000 > /v/f; sleep 100");
    tokio::select! {
        () = exceeded => {}
        _ = writer => panic!("not told"),
    }
    assert_eq!(lab.uptime().as_secs(), 4);
    assert!(volume.usage().used_bytes > 1 << 20);
}

#[tokio::test(start_paused = true)]
async fn mounts_lie_in_each_other_whatever_their_order_and_hide_what_is_below() {
    let lab = Lab::new().await;
    let outer = lab.node.empty_dir(EmptyDir::default());
    let inner = lab.node.files(&files(&[("x", "inner\n")]));
    let config = ContainerConfig {
        mounts: vec![mount(&inner, "/data/inner"), mount(&outer, "/data"), mount(&outer, "/bin/nested/deep")],
        ..script(
            "echo o > /data/o; cat /data/inner/x /bin/nested/deep/o; ls /data; rmdir /data/inner; mv /data/inner /data/x",
        )
    };
    let (log, _) = lab.outcome(config).await;
    assert_eq!(
        log,
        "inner\no\ninner\no\nrmdir: '/data/inner': Device or resource busy\n\
         mv: can't rename '/data/inner': Device or resource busy\n"
    );
}

#[tokio::test(start_paused = true)]
async fn sub_paths_are_made_where_they_are_missing_and_cannot_leave() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let volume = lab.node.empty_dir(EmptyDir::default());
    let at = |path: &str| Mount { sub_path: Some(path.to_owned()), ..mount(&volume, "/part") };
    let config = ContainerConfig {
        mounts: vec![at("logs/app"), mount(&volume, "/all")],
        ..script("echo x > /part/x; ls -R /all")
    };
    let (log, _) = lab.outcome(config).await;
    assert_eq!(log, "/all:\nlogs\n\n/all/logs:\napp\n\n/all/logs/app:\nx\n");
    for bad in ["../up", "/abs", "a/../../b"] {
        let config = ContainerConfig { mounts: vec![at(bad)], ..script("true") };
        assert!(lab.node.create_container(&pod, config).is_err(), "{bad}");
    }
    // A link that leads out of the volume leads into the volume's own root.
    let id = lab.start(&pod, ContainerConfig { mounts: vec![mount(&volume, "/all")], ..idle() }).await;
    lab.sh(&id, "ln -s /etc /all/out").await;
    let config = ContainerConfig { mounts: vec![at("out")], ..script("ls /part") };
    if let Ok(id) = lab.node.create_container(&pod, config) {
        lab.node.start_container(&id).await.unwrap();
        lab.ended(&id).await;
        assert_eq!(lab.log(&id).await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_cannot_be_mounted_on_a_directory() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let volume = lab.node.files(&files(&[("f", "x")]));
    let mounts = vec![Mount { sub_path: Some("f".into()), ..mount(&volume, "/etc") }];
    let error = lab.node.create_container(&pod, ContainerConfig { mounts, ..script("true") }).unwrap_err();
    assert!(error.to_string().contains("not a directory"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn host_paths_and_persistent_directories_outlive_pods() {
    let lab = Lab::new().await;
    for round in ["1", "2"] {
        let host = lab.node.host_path("/var/data", HostPathKind::DirectoryOrCreate).unwrap();
        let claim = lab.node.persistent_dir("pv-1", None);
        let config = ContainerConfig {
            mounts: vec![mount(&host, "/host"), mount(&claim, "/claim")],
            ..script("echo run >> /host/f; echo run >> /claim/f; cat /host/f /claim/f | wc -l")
        };
        let (log, _) = lab.outcome(config).await;
        assert_eq!(log.trim(), if round == "1" { "2" } else { "4" });
    }
    lab.node.remove_persistent_dir("pv-1");
    let claim = lab.node.persistent_dir("pv-1", None);
    let config = ContainerConfig { mounts: vec![mount(&claim, "/claim")], ..script("ls /claim") };
    assert_eq!(lab.outcome(config).await.0, "");
    let error = lab.node.host_path("/var/nosuch", HostPathKind::Directory).unwrap_err();
    assert_eq!(error.to_string(), "hostPath type check failed: /var/nosuch is not a directory");
}

#[tokio::test(start_paused = true)]
async fn what_lies_in_memory_counts_for_who_wrote_it_and_kills_it_past_its_limit() {
    let lab = Lab::new().await;
    let volume = lab.node.empty_dir(EmptyDir { memory: true, size_limit: None, group: None });
    let config = |text: &str| ContainerConfig {
        mounts: vec![mount(&volume, "/cache")],
        resources: podlab_node::Resources { memory_limit_bytes: Some(64 << 20), ..Default::default() },
        ..script(text)
    };
    let fill = "head -c 20000000 /dev/zero > /cache/a; head -c 10000000 /dev/zero > /dev/shm/b; \
                awk '$1 == \"shmem\" { print $2 }' /sys/fs/cgroup/memory.stat; rm /cache/a /dev/shm/b; \
                awk '$1 == \"shmem\" { print $2 }' /sys/fs/cgroup/memory.stat";
    let (log, _) = lab.outcome(config(fill)).await;
    assert_eq!(log, "30003200\n0\n");
    let (log, status) =
        lab.outcome(config("head -c 70000000 /dev/zero > /cache/big; echo not reached")).await;
    assert_eq!(
        (log.as_str(), status.exit_code, status.reason),
        ("", Some(137), Some(podlab_node::ExitReason::OomKilled))
    );
    // What it wrote is still there, and nobody's who starts now.
    let (log, _) = lab
        .outcome(config("wc -c < /cache/big | head -c 1; cat /sys/fs/cgroup/memory.stat | grep shmem"))
        .await;
    assert_eq!(log, "6shmem 0\n");
}

#[tokio::test(start_paused = true)]
async fn containers_that_share_a_volume_keep_each_other_out_with_locks() {
    let lab = Lab::new().await;
    let volume = lab.node.empty_dir(EmptyDir::default());
    let config = |text: &str| ContainerConfig { mounts: vec![mount(&volume, "/v")], ..script(text) };
    let holder = lab
        .container(config("exec 9>/v/lock; flock 9; sleep 5; flock -u 9; sleep 5; flock 9; sleep 1000"))
        .await;
    lab.sleep(100).await;
    let other = lab.container(config("sleep 1000")).await;
    let tried = lab.sh(&other, "flock -n /v/lock echo mine; echo $?; flock /v/lock echo waited").await;
    assert_eq!(tried.stdout, "1\nwaited\n", "{tried:?}");
    assert_eq!(lab.uptime().as_secs(), 5);
    // The last close gives a lock up: that of a process that was killed, while no child holds the file.
    lab.sleep(6000).await;
    let kept = lab.sh(&other, "flock -sn /v/lock echo shared; echo $?").await;
    assert_eq!(kept.stdout, "1\n", "{kept:?}");
    lab.node.stop_container(&holder, std::time::Duration::ZERO).await.unwrap();
    let freed = lab.sh(&other, "flock -sn /v/lock flock -sn /v/lock echo shared twice; flock -sn /v/lock flock -n /v/lock echo both; echo $?").await;
    assert_eq!(freed.stdout, "shared twice\n1\n", "{freed:?}");
}
