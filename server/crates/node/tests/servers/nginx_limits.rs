//! nginx: how often, how many at a time, and parts of files.

use podlab_node::ContainerConfig;

use super::{
    lab::Lab,
    setting::{image, running},
};

const CONFIG: &str = "\
limit_req_zone $binary_remote_addr zone=often:1m rate=1r/s;
limit_conn_zone $server_name zone=many:1m;
server {
  listen 80; server_name localhost; root /site; error_log /tmp/errors warn;
  location /strict { limit_req zone=often; limit_req_status 429; try_files /index.html =404; }
  location /patient { limit_req zone=often burst=2; try_files /index.html =404; }
  location /few { limit_conn many 1; proxy_pass http://127.0.0.1:81; }
}
";

#[tokio::test(start_paused = true)]
async fn requests_above_the_rate_wait_or_are_refused() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let mounts = vec![
        lab.file("default.conf", CONFIG, "/etc/nginx/conf.d/default.conf"),
        lab.files(&[("index.html", "hello\n")], "/site"),
    ];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("nginx") }).await;
    let slow = lab.add(&pod, running("busybox", "while true; do nc -l -p 81 -e sleep 5; done")).await;
    lab.sleep(500).await;
    let codes = "for i in 1 2 3; do curl -s -o /dev/null -w '%{http_code} ' localhost/$1; done";
    let run = async |path: &str| lab.run(&id, &["sh", "-c", codes, "sh", path]).await;
    assert_eq!(run("strict").await, "200 429 429 ");
    lab.sleep(5_000).await;
    let began = lab.env.clock.uptime();
    assert_eq!(run("patient").await, "200 200 200 ");
    let took = lab.env.clock.uptime() - began;
    assert!((1_900..2_500).contains(&took.as_millis()), "{took:?}");
    let few = "curl -s -o /dev/null -m 3 localhost/few & sleep 1; curl -s -o /dev/null -w '%{http_code}' localhost/few; wait";
    assert_eq!(lab.sh(&id, few).await.stdout, "503");
    let errors = lab.run(&id, &["cat", "/tmp/errors"]).await;
    for text in [
        "[error] ",
        "limiting requests, excess: 1.000 by zone \"often\", client: ",
        "delaying request, excess: 1.000, by zone \"often\"",
        "limiting connections by zone \"many\"",
    ] {
        assert!(errors.contains(text), "{text}: {errors}");
    }
    let beyond = lab.run(&id, &["curl", "-si", "-H", "Range: bytes=99-", "localhost/index.html"]).await;
    assert!(beyond.starts_with("HTTP/1.1 416 Requested Range Not Satisfiable\r\n"), "{beyond}");
    assert!(beyond.contains("\r\nContent-Range: bytes */6\r\n") && !beyond.contains("ETag"), "{beyond}");
    assert!(beyond.contains("<title>416 Requested Range Not Satisfiable</title>"), "{beyond}");
    drop(slow);
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_nobody_defined_is_an_error() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let config = "server { listen 80; location / { limit_req zone=nope; } }\n";
    let mounts = vec![lab.file("default.conf", config, "/etc/nginx/conf.d/default.conf")];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("nginx") }).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(1));
    let log = lab.log(&id).await;
    assert!(log.contains("[emerg] 1#1: zero size shared memory zone \"nope\""), "{log}");
}
