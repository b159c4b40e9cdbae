//! Log shippers beside an application that writes files.

use podlab_node::ContainerConfig;

use super::{
    lab::{Lab, mount},
    setting::{image, running},
};

/// A Pod whose first container writes `/var/log/app.log`, and whose second one ships it; returns the second one's log.
async fn shipped(shipper: ContainerConfig) -> String {
    let lab = Lab::new().await;
    let pod = lab.pod("logs").await;
    let volume = lab.node.directory(&[]).unwrap();
    let mut writer = running(
        "busybox",
        "i=0; while :; do i=$((i+1)); echo \"line $i\" >> /var/log/app.log; sleep 1; done",
    );
    writer.mounts.push(mount(&volume, "/var/log"));
    let mut shipper = shipper;
    shipper.mounts.push(mount(&volume, "/var/log"));
    let id = lab.add(&pod, shipper).await;
    lab.sleep(10).await;
    lab.add(&pod, writer).await;
    lab.sleep(3500).await;
    lab.node.stop_container(&id, std::time::Duration::from_secs(30)).await.unwrap();
    let status = lab.node.container_status(&id).unwrap();
    assert_eq!(status.exit_code, Some(0), "{}", lab.log(&id).await);
    lab.log(&id).await
}

#[tokio::test(start_paused = true)]
async fn fluent_bit_prints_records_of_the_files_that_it_follows() {
    let args = ["-i", "tail", "-p", "path=/var/log/*.log", "-o", "stdout"].map(str::to_owned).to_vec();
    let log = shipped(ContainerConfig { args, ..image("fluent/fluent-bit:3.2.2") }).await;
    assert!(
        log.contains("[0] tail.0: [[1772366401.") && log.contains(", {}], {\"log\"=>\"line 3\"}]\n"),
        "{log}"
    );
    assert!(log.contains("[engine] caught signal (SIGTERM)"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn fluent_bit_reads_its_configuration() {
    let lab = Lab::new().await;
    let text = "[INPUT]\n    Name tail\n    Path /var/log/app.log\n    Tag app.*\n    Read_from_Head true\n[FILTER]\n    Name record_modifier\n    Match *\n    Record node n1\n[OUTPUT]\n    Name stdout\n    Match app.*\n    Format json_lines\n";
    let pod = lab.pod("logs").await;
    let volume = lab.node.directory(&[]).unwrap();
    let mut writer = running("busybox", "echo one > /var/log/app.log");
    writer.mounts.push(mount(&volume, "/var/log"));
    let writer = lab.add(&pod, writer).await;
    lab.ended(&writer).await;
    let mounts = vec![
        mount(&volume, "/var/log"),
        lab.file("fluent-bit.conf", text, "/fluent-bit/etc/fluent-bit.conf"),
    ];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("fluent/fluent-bit") }).await;
    lab.sleep(100).await;
    let log = lab.log(&id).await;
    assert!(log.contains(",\"log\":\"one\",\"node\":\"n1\"}\n"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn fluent_bit_runs_without_files_to_follow() {
    let lab = Lab::new().await;
    let pod = lab.pod("logs").await;
    let id = lab.add(&pod, image("fluent/fluent-bit:3.1.9")).await;
    lab.sleep(2500).await;
    let log = lab.log(&id).await;
    assert!(log.starts_with("Fluent Bit v3.1.9\n"), "{log}");
    assert_eq!(log.matches("[0] cpu.local: [[").count(), 2, "{log}");
    assert!(log.contains("{\"cpu_p\"=>") && log.contains("\"cpu0.p_user\"=>"), "{log}");
    let args = ["-i", "dummy", "-i", "mem", "-o", "stdout"].map(str::to_owned).to_vec();
    let id = lab.add(&pod, ContainerConfig { args, ..image("fluent/fluent-bit:1.9") }).await;
    lab.sleep(1500).await;
    let log = lab.log(&id).await;
    assert!(log.contains("[0] dummy.0: [1772366") && log.contains(", {\"message\"=>\"dummy\"}]\n"), "{log}");
    assert!(log.contains("[0] mem.0: [1772366") && log.contains("{\"Mem.total\"=>"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn fluent_bit_parses_lines_and_writes_files() {
    let lab = Lab::new().await;
    let pod = lab.pod("logs").await;
    let conf = "[SERVICE]\n    Parsers_File parsers.conf\n[INPUT]\n    Name tail\n    Path /in.log\n    Parser json\n    Tag app\n[FILTER]\n    Name modify\n    Match app\n    Rename b c\n[OUTPUT]\n    Name file\n    Match *\n    Path /out\n";
    let parsers = "[PARSER]\n    Name json\n    Format json\n";
    let mounts = vec![
        lab.file("fluent-bit.conf", conf, "/fluent-bit/etc/fluent-bit.conf"),
        lab.file("parsers.conf", parsers, "/fluent-bit/etc/parsers.conf"),
    ];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("fluent/fluent-bit:3.2") }).await;
    lab.run(&id, &["sh", "-c", "mkdir /out; echo '{\"z\":1,\"b\":2,\"a\":3}' > /in.log"]).await;
    lab.sleep(100).await;
    let text = lab.run(&id, &["cat", "/out/app"]).await;
    assert!(text.starts_with("app: [1772366") && text.ends_with(", {\"z\":1,\"a\":3,\"c\":2}]\n"), "{text}");
    let args = ["-i", "nothing"].map(str::to_owned).to_vec();
    let id = lab.add(&pod, ContainerConfig { args, ..image("fluent/fluent-bit") }).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(1));
    assert!(lab.log(&id).await.contains("tried to instance a plugin name that doesn't exist"));
}

#[tokio::test(start_paused = true)]
async fn fluentd_takes_records_over_http_and_keeps_them_in_files() {
    let lab = Lab::new().await;
    let pod = lab.pod("logs").await;
    let config = "<source>\n  @type http\n  port 9880\n</source>\n<source>\n  @type forward\n</source>\n<filter app.*>\n  @type record_transformer\n  <record>\n    seen yes\n  </record>\n</filter>\n<match app.*>\n  @type copy\n  <store>\n    @type stdout\n  </store>\n  <store>\n    @type file\n    path /fluentd/log/app\n  </store>\n</match>\n";
    let mounts = vec![lab.file("fluent.conf", config, "/fluentd/etc/fluent.conf")];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("fluent/fluentd:v1.17-1") }).await;
    lab.sleep(100).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 1000")).await;
    let curl = ["curl", "-s", "-w", "%{http_code}", "-d", "json={\"foo\":\"a+b\"}", "localhost:9880/app/one"];
    assert_eq!(lab.run(&client, &curl).await, "200");
    let log = lab.log(&id).await;
    assert!(log.contains("starting fluentd-1.17.1 pid="), "{log}");
    assert!(log.contains(" app.one: {\"foo\":\"a b\",\"seen\":\"yes\"}\n"), "{log}");
    let text = lab.run(&id, &["sh", "-c", "cat /fluentd/log/app/buffer.*.log"]).await;
    assert!(text.ends_with("\tapp.one\t{\"foo\":\"a b\",\"seen\":\"yes\"}\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn fluentd_as_it_comes_listens_and_waits() {
    let lab = Lab::new().await;
    let pod = lab.pod("logs").await;
    let id = lab.add(&pod, image("fluent/fluentd:v1.16-1")).await;
    lab.sleep(5000).await;
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, None, "{}", lab.log(&id).await);
    let client = lab.add(&pod, running("busybox", "sleep 1000")).await;
    assert_eq!(lab.run(&client, &["nc", "-z", "localhost", "24224"]).await, "");
}

#[tokio::test(start_paused = true)]
async fn fluentd_prints_records_with_their_tags() {
    let lab = Lab::new().await;
    let config = "<source>\n  @type tail\n  path /var/log/app.log\n  pos_file /tmp/app.pos\n  tag app.log\n  <parse>\n    @type none\n  </parse>\n</source>\n<match **>\n  @type stdout\n</match>\n";
    let pod = lab.pod("logs").await;
    let volume = lab.node.directory(&[]).unwrap();
    let mut writer = running("busybox", "sleep 2; echo 'first \"line\"' >> /var/log/app.log; sleep 100");
    writer.mounts.push(mount(&volume, "/var/log"));
    lab.add(&pod, writer).await;
    let mounts =
        vec![mount(&volume, "/var/log"), lab.file("fluent.conf", config, "/fluentd/etc/fluent.conf")];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("fluent/fluentd:v1.16-1") }).await;
    lab.sleep(3000).await;
    let log = lab.log(&id).await;
    assert!(log.contains("[info]: #0 following tail of /var/log/app.log\n"), "{log}");
    assert!(log.contains(" +0000 app.log: {\"message\":\"first \\\"line\\\"\"}\n"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn fluentd_says_what_is_wrong_with_its_configuration() {
    let lab = Lab::new().await;
    let pod = lab.pod("logs").await;
    let mounts = vec![lab.file(
        "fluent.conf",
        "<source>\n  @type tail\n  tag x\n</source>\n",
        "/fluentd/etc/fluent.conf",
    )];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("fluentd") }).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(1));
    assert!(lab.log(&id).await.contains("error=\"tail: 'path' parameter is required on tail input\""));
}

#[tokio::test(start_paused = true)]
async fn filebeat_prints_events_as_json() {
    let lab = Lab::new().await;
    let config = "filebeat.inputs:\n- type: filestream\n  id: app\n  paths:\n    - /tmp/*.log\noutput.console:\n  pretty: false\n";
    let mounts = vec![lab.file("filebeat.yml", config, "/usr/share/filebeat/filebeat.yml")];
    let pod = lab.pod("logs").await;
    let id =
        lab.add(&pod, ContainerConfig { mounts, ..image("docker.elastic.co/beats/filebeat:8.17.3") }).await;
    lab.sleep(10).await;
    lab.run(&id, &["sh", "-c", "echo hello > /tmp/a.log"]).await;
    lab.sleep(10).await;
    let log = lab.log(&id).await;
    let event =
        log.lines().find(|line| line.contains("\"message\":\"hello\"")).unwrap_or_else(|| panic!("{log}"));
    assert!(
        event.contains("\"path\":\"/tmp/a.log\"") && event.contains("\"@timestamp\":\"2026-03-01T12:00:"),
        "{event}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_event_simulator_logs_to_its_file_and_its_output() {
    let lab = Lab::new().await;
    let pod = lab.pod("logs").await;
    let id = lab.add(&pod, image("kodekloud/event-simulator")).await;
    lab.sleep(10_500).await;
    let log = lab.log(&id).await;
    assert!(log.lines().count() >= 11 && log.contains("] INFO in event-simulator: USER"), "{log}");
    assert!(log.contains("WARNING in event-simulator: USER5 Failed to Login as the account is locked due to MANY FAILED ATTEMPTS.\n"));
    assert_eq!(lab.run(&id, &["cat", "/log/app.log"]).await, log);
}
