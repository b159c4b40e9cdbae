//! Servers that stand beside an application: caches, exporters, small web servers.

use std::time::Duration;

use podlab_node::{ContainerConfig, ExitReason};

use super::{
    lab::Lab,
    setting::{image, running},
};

fn with_args(name: &str, args: &[&str]) -> ContainerConfig {
    ContainerConfig { args: args.iter().map(|arg| (*arg).to_owned()).collect(), ..image(name) }
}

#[tokio::test(start_paused = true)]
async fn memcached_keeps_values_for_whoever_speaks_its_protocol() {
    let lab = Lab::new().await;
    let pod = lab.pod("cache").await;
    let server = lab.add(&pod, with_args("memcached:1.6-alpine", &["-m", "1"])).await;
    let client = lab.add(&pod, running("busybox", "sleep 3600")).await;
    lab.sleep(50).await;
    let say = async |text: &str| {
        lab.sh(&client, &format!("printf '{text}quit\\r\\n' | nc localhost 11211")).await.stdout
    };
    assert_eq!(
        say("set a 5 10 3\\r\\nabc\\r\\nget a b\\r\\n").await,
        "STORED\r\nVALUE a 5 3\r\nabc\r\nEND\r\n"
    );
    assert_eq!(
        say("set n 0 0 1\\r\\n7\\r\\nincr n 5\\r\\ndelete n\\r\\nfoo\\r\\n").await,
        "STORED\r\n12\r\nDELETED\r\nERROR\r\n"
    );
    let stats = say("stats\\r\\n").await;
    assert!(
        stats.contains("STAT get_hits 1\r\n") && stats.contains("STAT limit_maxbytes 1048576\r\n"),
        "{stats}"
    );
    lab.sh(&client, "printf 'set b 0 1 1\\r\\nx\\r\\n' | nc localhost 11211 -w 1").await;
    lab.sleep(2_000).await;
    assert_eq!(say("get b\\r\\n").await, "END\r\n");
    assert_eq!(lab.run(&server, &["memcached", "--version"]).await, "memcached 1.6.39\n");
    lab.node.stop_container(&server, Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.ended(&server).await.exit_code, Some(0));
    assert_eq!(lab.log(&server).await, "Signal handled: Terminated.\n");
}

#[tokio::test(start_paused = true)]
async fn memcached_gives_up_old_values_and_takes_memory_of_its_container() {
    let lab = Lab::new().await;
    let pod = lab.pod("cache").await;
    let mut config = with_args("memcached", &["-m", "1024"]);
    config.resources.memory_limit_bytes = Some(12 << 20);
    let server = lab.add(&pod, config).await;
    let client = lab.add(&pod, running("busybox", "sleep 3600")).await;
    lab.sleep(50).await;
    let script = "i=0; while [ $i -lt 30 ]; do i=$((i+1)); printf 'set k%s 0 0 1000000\\r\\n' $i; head -c 1000000 /dev/zero; \
                  printf '\\r\\n'; done | nc localhost 11211 > /dev/null";
    lab.sh(&client, script).await;
    let status = lab.ended(&server).await;
    assert_eq!((status.exit_code, status.reason), (Some(137), Some(ExitReason::OomKilled)), "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn the_exporter_makes_metrics_of_nginxs_status_page() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let config = "server { listen 8080; location /stub_status { stub_status; } }\n";
    let mounts = vec![lab.file("default.conf", config, "/etc/nginx/conf.d/default.conf")];
    lab.add(&pod, ContainerConfig { mounts, ..image("nginx:alpine") }).await;
    let args = ["--nginx.scrape-uri=http://localhost:8080/stub_status"];
    let exporter = lab.add(&pod, with_args("nginx/nginx-prometheus-exporter:1.4", &args)).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    lab.sleep(200).await;
    let metrics = lab.run(&client, &["curl", "-s", "localhost:9113/metrics"]).await;
    assert!(
        metrics.contains("# TYPE nginx_connections_active gauge\nnginx_connections_active 1\n"),
        "{metrics}"
    );
    assert!(metrics.ends_with("\nnginx_up 1\n"), "{metrics}");
    let again = lab.run(&client, &["curl", "-s", "localhost:9113/metrics"]).await;
    assert!(again.contains("\nnginx_http_requests_total 2\n"), "{again}");
    assert!(lab.log(&exporter).await.contains("msg=\"Listening on\" address=[::]:9113"));
    let elsewhere = ["--nginx.scrape-uri=http://localhost:81/stub_status", "--web.listen-address=:9114"];
    let lost = lab.add(&pod, with_args("nginx/nginx-prometheus-exporter", &elsewhere)).await;
    lab.sleep(50).await;
    assert!(lab.run(&client, &["curl", "-s", "localhost:9114/metrics"]).await.ends_with("\nnginx_up 0\n"));
    assert!(lab.log(&lost).await.contains("connection refused"));
}

#[tokio::test(start_paused = true)]
async fn the_node_exporter_tells_what_proc_tells() {
    let lab = Lab::new().await;
    let pod = lab.pod("node").await;
    let id = lab.add(&pod, image("prom/node-exporter")).await;
    lab.sleep(50).await;
    let metrics = lab.run(&id, &["wget", "-qO-", "localhost:9100/metrics"]).await;
    for name in
        ["node_load1 ", "node_memory_MemTotal_bytes ", "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} "]
    {
        assert!(metrics.lines().any(|line| line.starts_with(name)), "{name}: {metrics}");
    }
}

#[tokio::test(start_paused = true)]
async fn python_serves_files_and_says_what_it_does_not_simulate() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let command =
        ["python3", "-m", "http.server", "8000", "--directory", "/site"].map(str::to_owned).to_vec();
    let mounts = vec![lab.files(&[("a b.txt", "hello\n"), ("sub/index.html", "<p>sub</p>\n")], "/site")];
    let id = lab.add(&pod, ContainerConfig { command, mounts, ..image("python:3.12-slim") }).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    lab.sleep(50).await;
    let listing = lab.run(&client, &["curl", "-s", "localhost:8000"]).await;
    assert!(
        listing.contains("<li><a href=\"a%20b.txt\">a b.txt</a></li>\n<li><a href=\"sub/\">sub/</a></li>\n"),
        "{listing}"
    );
    assert_eq!(lab.run(&client, &["curl", "-s", "localhost:8000/a%20b.txt"]).await, "hello\n");
    let head = lab.run(&client, &["curl", "-si", "localhost:8000/nope"]).await;
    assert!(
        head.starts_with("HTTP/1.0 404 File not found\r\nServer: SimpleHTTP/0.6 Python/3.12.12\r\n"),
        "{head}"
    );
    assert_eq!(lab.run(&client, &["curl", "-sL", "localhost:8000/sub"]).await, "<p>sub</p>\n");
    let log = lab.log(&id).await;
    assert!(
        log.starts_with("127.0.0.1 - - [01/Mar/2026 12:00:") && log.contains("\"GET / HTTP/1.1\" 200 -\n"),
        "{log}"
    );
    assert!(log.contains("] code 404, message File not found\n"), "{log}");
    assert_eq!(lab.run(&id, &["python", "--version"]).await, "Python 3.12.12\n");
    let other = lab.exec(&id, &["python", "-c", "print(1)"]).await.unwrap();
    assert!(
        other.code == 1 && other.stderr.contains("podlab does not simulate the Python language"),
        "{other:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn mariadb_demands_a_password_and_gets_ready() {
    let lab = Lab::new().await;
    let pod = lab.pod("db").await;
    let bare = lab.add(&pod, image("mariadb:11.4")).await;
    assert_eq!(lab.ended(&bare).await.exit_code, Some(1));
    assert!(lab.log(&bare).await.contains("You need to specify one of MARIADB_ROOT_PASSWORD"));
    let env = vec![("MARIADB_ROOT_PASSWORD".to_owned(), "pw".to_owned())];
    let id = lab.add(&pod, ContainerConfig { env, ..image("mariadb:11.4") }).await;
    lab.sleep(3000).await;
    assert_eq!(lab.run(&id, &["mariadb-admin", "ping"]).await, "mysqld is alive\n");
    let log = lab.log(&id).await;
    assert!(log.contains("mariadbd: ready for connections.\nVersion: '11.4.8-MariaDB-ubu2404'"), "{log}");
}
