//! Envoy as a proxy beside another container.

use crate::{
    lab::Lab,
    setting::{image, running},
};

const CONFIG: &str = "\
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}
static_resources:
  listeners:
  - name: in
    address: {socket_address: {address: 0.0.0.0, port_value: 10000}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          access_log:
          - name: envoy.access_loggers.stdout
            typed_config: {'@type': type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog}
          http_filters: [{name: envoy.filters.http.router}]
          route_config:
            virtual_hosts:
            - name: all
              domains: ['*']
              routes:
              - match: {path: /hello}
                direct_response: {status: 200, body: {inline_string: hello}}
              - match: {prefix: /gone}
                route: {cluster: gone}
              - match: {prefix: /web/}
                route: {cluster: web, prefix_rewrite: /}
  clusters:
  - name: web
    type: STRICT_DNS
    load_assignment:
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: localhost, port_value: 80}}}}]}]
  - name: gone
    load_assignment:
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 81}}}}]}]
";

#[tokio::test(start_paused = true)]
async fn requests_go_where_routes_say() {
    let lab = Lab::new().await;
    let pod = lab.pod("proxied").await;
    let mut config = image("envoyproxy/envoy:v1.31.0");
    config.mounts = vec![lab.file("envoy.yaml", CONFIG, "/etc/envoy/envoy.yaml")];
    let envoy = lab.add(&pod, config).await;
    lab.add(&pod, running("busybox", "echo page > /index.html; exec httpd -f -p 80 -h /")).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    lab.sleep(200).await;
    let curl = |path: &str| ["curl", "-s", path].map(str::to_owned);
    let mut answers = String::new();
    for path in [
        "localhost:10000/web/index.html",
        "localhost:10000/hello",
        "localhost:10000/x",
        "localhost:10000/gone",
        "localhost:9901/ready",
        "localhost:9901/stats?filter=cluster.web.upstream_rq_total",
    ] {
        let words = curl(path);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        answers += &lab.run(&client, &words).await;
        answers.push('|');
    }
    assert_eq!(
        answers,
        "page\n|hello||upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, \
         transport failure reason: delayed connect error: Connection refused|LIVE\n|cluster.web.upstream_rq_total: 1\n|"
    );
    let head = lab.run(&client, &["curl", "-sI", "localhost:10000/web/index.html"]).await;
    assert!(head.contains("server: envoy") && head.contains("x-envoy-upstream-service-time: 0"), "{head}");
    let log = lab.log(&envoy).await;
    assert!(log.contains("\"GET /web/index.html HTTP/1.1\" 200 - 0 5 "), "{log}");
    assert!(log.contains("\"GET /x HTTP/1.1\" 404 NR 0 0 "), "{log}");
    lab.node.stop_container(&envoy, std::time::Duration::from_secs(5)).await.unwrap();
    assert!(lab.log(&envoy).await.contains("caught ENVOY_SIGTERM"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_configuration_is_named() {
    let lab = Lab::new().await;
    let pod = lab.pod("proxied").await;
    let mut config = image("envoyproxy/envoy:v1.31.0");
    config.mounts = vec![lab.file(
        "envoy.yaml",
        &CONFIG.replace("cluster: gone", "cluster: nowhere"),
        "/etc/envoy/envoy.yaml",
    )];
    let id = lab.add(&pod, config).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(1));
    let log = lab.log(&id).await;
    assert!(
        log.contains(
            "error initializing configuration '/etc/envoy/envoy.yaml': route: unknown cluster 'nowhere'"
        ),
        "{log}"
    );
}
