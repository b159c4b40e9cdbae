//! `haproxy` as an ambassador.

use podlab_node::ContainerConfig;

use super::{
    lab::Lab,
    setting::{image, running},
};

const PLACE: &str = "/usr/local/etc/haproxy/haproxy.cfg";

#[tokio::test(start_paused = true)]
async fn requests_and_connections_go_to_their_backends() {
    let lab = Lab::new().await;
    let pod = lab.pod("ambassador").await;
    let config = "global\n  log stdout format raw local0\ndefaults\n  mode http\n  log global\n  timeout connect 5s\n  timeout client 50s\n  timeout server 50s\n\
                  frontend web\n  bind *:8080\n  use_backend none if { path_beg /none }\n  default_backend app\n\
                  backend app\n  server s1 127.0.0.1:5678 check\nbackend none\n  server s2 127.0.0.1:9\n\
                  listen cache\n  mode tcp\n  bind :7000\n  server redis localhost:6379\n";
    let mounts = vec![lab.file("haproxy.cfg", config, PLACE)];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("haproxy:3.2") }).await;
    lab.add(&pod, ContainerConfig { args: vec!["-text=behind".to_owned()], ..image("hashicorp/http-echo") })
        .await;
    let redis = lab.add(&pod, image("redis")).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    lab.sleep(200).await;
    assert_eq!(lab.run(&client, &["curl", "-s", "localhost:8080/"]).await, "behind\n");
    let none = lab.run(&client, &["curl", "-si", "localhost:8080/none"]).await;
    assert!(
        none.starts_with("HTTP/1.1 503 Service Unavailable\r\n")
            && none.contains("No server is available to handle this request."),
        "{none}"
    );
    assert_eq!(lab.run(&redis, &["redis-cli", "-p", "7000", "ping"]).await, "PONG\n");
    let log = lab.log(&id).await;
    assert!(log.contains(" web app/s1 ") && log.contains("\"GET / HTTP/1.1\"\n"), "{log}");
    lab.node.stop_container(&id, std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(0));
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_configuration_is_said_with_its_line() {
    let lab = Lab::new().await;
    let pod = lab.pod("ambassador").await;
    let mounts = vec![lab.file("haproxy.cfg", "frontend web\n  bind :80\n  frobnicate\n", PLACE)];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("haproxy") }).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(1));
    let log = lab.log(&id).await;
    assert!(log.contains("[ALERT]    (1) : config : parsing [/usr/local/etc/haproxy/haproxy.cfg:3] : unknown keyword 'frobnicate' in 'frontend' section\n"), "{log}");
}
