//! `apt-get` and `apk`, as documents on Pods use them.

use super::{lab::Lab, setting::running};

#[tokio::test(start_paused = true)]
async fn apt_get_installs_what_was_not_there_before() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let id = lab.add(&pod, running("debian:12", "sleep 3600")).await;
    let before = lab.sh(&id, "curl localhost").await;
    assert_eq!((before.code, before.stderr.as_str()), (127, "sh: 1: curl: not found\n"));
    let early = lab.sh(&id, "apt-get install -y curl").await;
    assert_eq!(early.code, 100);
    assert!(early.stderr.ends_with("E: Unable to locate package curl\n"), "{early:?}");
    let output = lab.sh(&id, "apt-get update && apt-get install -y curl").await;
    assert_eq!(output.code, 0, "{output:?}");
    for expected in [
        "Get:1 http://deb.debian.org/debian bookworm InRelease [140 kB]\n",
        "\nFetched ",
        "\nReading state information...\n",
        "The following NEW packages will be installed:\n  curl libcurl4t64 ",
        " newly installed, 0 to remove and 0 not upgraded.\n",
        "\nSelecting previously unselected package curl.\n",
        "\nSetting up curl (8.14.1-2+deb13u2) ...\n",
        "\nProcessing triggers for libc-bin (",
    ] {
        assert!(output.stdout.contains(expected), "{expected:?} in {}", output.stdout);
    }
    let after = lab.sh(&id, "curl localhost; dpkg -s curl | head -2; command -v curl").await;
    assert!(after.stderr.contains("curl: (7) Failed to connect to localhost port 80"), "{after:?}");
    assert_eq!(after.stdout, "Package: curl\nStatus: install ok installed\n/usr/bin/curl\n");
    let again = lab.run(&id, &["apt-get", "install", "-y", "curl"]).await;
    assert!(
        again.contains("curl is already the newest version (8.14.1-2+deb13u2).\n0 upgraded, 0 newly"),
        "{again}"
    );
    lab.run(&id, &["apt-get", "remove", "-y", "curl"]).await;
    assert_eq!(lab.sh(&id, "curl localhost").await.code, 127);
}

#[tokio::test(start_paused = true)]
async fn every_tool_that_debugging_guides_install_is_there_afterwards() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    for image in ["debian", "ubuntu:24.04", "nginx"] {
        let id = lab.add(&pod, running(image, "sleep 3600")).await;
        lab.run(
            &id,
            &["sh", "-c", "apt update -qq 2>&1 && apt-get -qq install -y --no-install-recommends procps iproute2 net-tools dnsutils wget iputils-ping telnet netcat-openbsd"],
        )
        .await;
        let found = lab
            .run(&id, &["sh", "-c", "for c in ps top ip ss netstat ifconfig dig nslookup wget ping telnet nc; do command -v $c; done | wc -l"])
            .await;
        assert_eq!(found.trim(), "12", "{image}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_and_what_is_not_allowed_is_said() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let id = lab.add(&pod, running("debian", "sleep 3600")).await;
    let output = lab.sh(&id, "apt-get update -q > /dev/null; apt-get install -y no-such-thing").await;
    assert_eq!((output.code, output.stderr.as_str()), (100, "E: Unable to locate package no-such-thing\n"));
    let output = lab
        .sh(&id, "rm -r /etc/apt/sources.list.d; echo 'deb http://mirror.example.org/debian trixie main' > /etc/apt/sources.list; apt-get update")
        .await;
    assert!(
        output.stdout.contains("Err:1 http://mirror.example.org/debian trixie InRelease\n  Temporary failure resolving 'mirror.example.org'\n"),
        "{output:?}"
    );
    assert!(
        output
            .stderr
            .starts_with("W: Failed to fetch http://mirror.example.org/debian/dists/trixie/InRelease")
    );
    // Without an answer nothing is installed where there is more than what was asked for.
    let id = lab.add(&pod, running("debian", "sleep 3600")).await;
    let output = lab.sh_with(&id, "apt-get update -qq; apt-get install curl", "").await;
    assert!(
        output.code == 1 && output.stdout.ends_with("Do you want to continue? [Y/n] Abort.\n"),
        "{output:?}"
    );
    assert_eq!(lab.sh(&id, "curl").await.code, 127);
}

#[tokio::test(start_paused = true)]
async fn apk_adds_and_deletes() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let id = lab.add(&pod, running("alpine", "sleep 3600")).await;
    assert_eq!(lab.sh(&id, "curl").await.stderr, "sh: curl: not found\n");
    let output = lab.run(&id, &["apk", "add", "--no-cache", "curl"]).await;
    let lines: Vec<_> = output.lines().collect();
    assert!(
        lines[0].starts_with("fetch https://dl-cdn.alpinelinux.org/alpine/v3.22/main/x86_64/APKINDEX.tar.gz"),
        "{output}"
    );
    assert!(lines[2].starts_with("(1/") && lines[2].contains(") Installing "), "{output}");
    assert!(
        output.contains(") Installing curl (8.14.1-r2)\nExecuting busybox-1.37.0-r19.trigger\nOK: "),
        "{output}"
    );
    assert_eq!(lab.sh(&id, "curl localhost").await.code, 7);
    assert!(lab.run(&id, &["cat", "/etc/apk/world"]).await.contains("\ncurl\n"));
    let output = lab.sh(&id, "apk add nothing-of-that-kind").await;
    assert_eq!(output.code, 1);
    assert_eq!(
        output.stderr,
        "ERROR: unable to select packages:\n  nothing-of-that-kind (no such package):\n    required by: world[nothing-of-that-kind]\n"
    );
    let output = lab.run(&id, &["apk", "del", "curl"]).await;
    assert!(
        output.contains(") Purging curl (8.14.1-r2)\n") && output.contains(" Purging libcurl ("),
        "{output}"
    );
    assert_eq!(lab.sh(&id, "curl").await.code, 127);
    // A package that takes the place of one of busybox's applets gives it back.
    lab.run(
        &id,
        &[
            "sh",
            "-c",
            "apk add -q procps; ps -ef | head -1 | grep -q STIME; apk del procps; ps | grep -q 'sleep 3600'",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn only_root_installs() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let id = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    let output = lab.sh(&id, "apk add jq").await;
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (
            99,
            "ERROR: Unable to lock database: Permission denied\nERROR: Failed to open apk database: Permission denied\n"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn every_package_of_the_catalogue_brings_the_programs_it_lists() {
    let lab = Lab::new().await;
    for (image, install) in [
        ("debian:12", "apt-get update > /dev/null && apt-get install -y git htop tcpdump socat > /dev/null"),
        ("alpine", "apk add git tcpdump yq socat findutils grep less > /dev/null"),
    ] {
        let pod = lab.pod("pod").await;
        let id = lab.add(&pod, running(image, "sleep 3600")).await;
        assert_eq!(lab.sh(&id, install).await.code, 0);
        let said = lab.sh(&id, "socat -V | sed -n 2p; git clone http://example.com/x").await;
        assert_eq!(said.stdout, "socat version 1.8.0.3\n");
        let message = "git: podlab installs this program, but does not simulate what it does\n";
        assert_eq!((said.code, said.stderr.as_str()), (127, message));
    }
}
