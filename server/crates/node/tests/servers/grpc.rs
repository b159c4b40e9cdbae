//! Servers that speak gRPC, asked as Kubernetes' probes and `etcdctl` ask them.

use podlab_node::{ContainerConfig, SandboxId};

use super::{
    lab::Lab,
    setting::{image, running},
};

/// What a server says of a service: its status, or the code and the message of a failure.
async fn health(lab: &Lab, pod: &SandboxId, port: u16, service: &str) -> Result<u8, (String, String)> {
    let connection = lab.node.port_forward(pod, port).await.unwrap();
    let (mut requests, moving) = h2::client::handshake(connection).await.unwrap();
    lab.env.spawn(async { drop(moving.await) });
    let request = http::Request::post("http://probe/grpc.health.v1.Health/Check")
        .header("content-type", "application/grpc")
        .body(())
        .unwrap();
    let (response, mut body) = requests.send_request(request, false).unwrap();
    let mut message = vec![0u8; 5];
    if !service.is_empty() {
        message.extend([0x0a, service.len() as u8]);
        message.extend(service.as_bytes());
    }
    message[4] = (message.len() - 5) as u8;
    body.send_data(message.into(), true).unwrap();
    let (head, mut body) = response.await.unwrap().into_parts();
    let mut text = Vec::new();
    while let Some(bytes) = body.data().await {
        text.extend_from_slice(&bytes.unwrap());
    }
    let trailers = body.trailers().await.unwrap().unwrap_or(head.headers);
    let field = |name: &str| trailers[name].to_str().unwrap().to_owned();
    if field("grpc-status") != "0" {
        return Err((field("grpc-status"), field("grpc-message")));
    }
    assert_eq!(text[..6], [0, 0, 0, 0, 2, 8]);
    Ok(text[6])
}

fn args(name: &str, args: &str) -> ContainerConfig {
    ContainerConfig { args: args.split(' ').map(str::to_owned).collect(), ..image(name) }
}

const AGNHOST: &str = "registry.k8s.io/e2e-test-images/agnhost:2.40";

#[tokio::test(start_paused = true)]
async fn agnhost_says_how_it_is_and_is_told_how_to_be() {
    let lab = Lab::new().await;
    let pod = lab.pod("health").await;
    let id = lab.add(&pod, args(AGNHOST, "grpc-health-checking --port=5001 --service shop")).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 100000")).await;
    lab.sleep(10).await;
    assert_eq!(health(&lab, &pod, 5001, "shop").await, Ok(1));
    let unknown = Err(("5".to_owned(), "unknown service".to_owned()));
    assert_eq!(health(&lab, &pod, 5001, "").await, unknown);
    lab.run(&client, &["curl", "-sf", "localhost:8080/make-not-serving"]).await;
    assert_eq!(health(&lab, &pod, 5001, "shop").await, Ok(2));
    lab.run(&client, &["curl", "-sf", "localhost:8080/make-serving"]).await;
    assert_eq!(health(&lab, &pod, 5001, "shop").await, Ok(1));
    let log = lab.log(&id).await;
    assert!(log.contains("] gRPC server starting to listen on :5001\n"), "{log}");
    assert!(log.contains("] Mark as unhealthy\n"), "{log}");
    lab.node.stop_container(&id, std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(2));
}

#[tokio::test(start_paused = true)]
async fn agnhost_is_ill_after_a_while_where_it_is_to_be() {
    let lab = Lab::new().await;
    let pod = lab.pod("health").await;
    lab.add(&pod, args(AGNHOST, "grpc-health-checking --delay-unhealthy-sec 5")).await;
    lab.sleep(1000).await;
    assert_eq!(health(&lab, &pod, 5000, "").await, Ok(1));
    lab.sleep(5000).await;
    assert_eq!(health(&lab, &pod, 5000, "").await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn agnhost_looks_around_and_pauses() {
    let lab = Lab::new().await;
    let pod = lab.pod("around").await;
    let id = lab.add(&pod, image(AGNHOST)).await;
    lab.sleep(100).await;
    assert_eq!(lab.log(&id).await, "Paused\n");
    assert_eq!(lab.run(&id, &["/agnhost", "dns-server-list"]).await, "10.96.0.10");
    let suffixes = lab.run(&id, &["/agnhost", "dns-suffix"]).await;
    assert_eq!(suffixes, "default.svc.cluster.local,svc.cluster.local,cluster.local");
    assert_eq!(lab.run(&id, &["/agnhost", "etc-hosts"]).await, lab.run(&id, &["cat", "/etc/hosts"]).await);
    let output = lab.exec(&id, &["/agnhost", "nothing"]).await.unwrap();
    assert_eq!(
        (output.code, output.stderr.lines().next()),
        (1, Some("Error: unknown command \"nothing\" for \"app\""))
    );
    lab.node.stop_container(&id, std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(2));
}

const ETCD: &str = "registry.k8s.io/etcd:3.5.21-0";
/// As the gRPC probe's example in Kubernetes' documentation runs it.
const COMMAND: &str = "/usr/local/bin/etcd --data-dir /var/lib/etcd --listen-client-urls http://0.0.0.0:2379 --advertise-client-urls http://127.0.0.1:2379 --log-level debug";

fn etcd() -> ContainerConfig {
    ContainerConfig { command: COMMAND.split(' ').map(str::to_owned).collect(), ..image(ETCD) }
}

#[tokio::test(start_paused = true)]
async fn etcd_is_well_over_grpc_and_http_at_one_port() {
    let lab = Lab::new().await;
    let pod = lab.pod("etcd").await;
    let id = lab.add(&pod, etcd()).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 100000")).await;
    lab.sleep(100).await;
    assert_eq!(health(&lab, &pod, 2379, "").await, Ok(1));
    assert_eq!(health(&lab, &pod, 2379, "other").await.unwrap_err().0, "5");
    let ask = async |path: &str| lab.run(&client, &["curl", "-s", &format!("localhost:2379{path}")]).await;
    assert_eq!(ask("/health").await, "{\"health\":\"true\",\"reason\":\"\"}");
    assert_eq!(ask("/version").await, "{\"etcdserver\":\"3.5.21\",\"etcdcluster\":\"3.5.0\"}");
    assert!(ask("/metrics").await.contains("\netcd_server_has_leader 1\n"));
    let log = lab.log(&id).await;
    assert!(log.contains("\"msg\":\"ready to serve client requests\""), "{log}");
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    lab.node.stop_container(&id, std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(0));
}

#[tokio::test(start_paused = true)]
async fn etcd_says_what_is_wrong_with_its_options() {
    let lab = Lab::new().await;
    for (arguments, error) in [
        ("--nope", "flag provided but not defined: -nope"),
        (
            "--listen-client-urls http://0.0.0.0:2379",
            "--advertise-client-urls is required when --listen-client-urls is set explicitly",
        ),
    ] {
        let (log, status) = {
            lab.node.pull_image(ETCD).await.unwrap();
            let command = format!("etcd {arguments}").split(' ').map(str::to_owned).collect();
            lab.outcome(ContainerConfig { command, ..image(ETCD) }).await
        };
        assert_eq!(status.exit_code, Some(1));
        assert!(log.contains(&format!("\"msg\":\"failed to verify flags\",\"error\":\"{error}\"")), "{log}");
    }
}

#[tokio::test(start_paused = true)]
async fn etcdctl_puts_gets_and_removes_keys() {
    let lab = Lab::new().await;
    let pod = lab.pod("etcd").await;
    let id = lab.add(&pod, etcd()).await;
    lab.sleep(100).await;
    let ctl = async |line: &str| {
        let words: Vec<&str> = std::iter::once("etcdctl").chain(line.split(' ')).collect();
        lab.run(&id, &words).await
    };
    assert_eq!(ctl("put /app/a 1").await, "OK\n");
    assert_eq!(ctl("put /app/b 2").await, "OK\n");
    assert_eq!(ctl("put other 3").await, "OK\n");
    assert_eq!(ctl("get /app/a").await, "/app/a\n1\n");
    assert_eq!(ctl("get /app --prefix --keys-only").await, "/app/a\n\n/app/b\n\n");
    assert_eq!(ctl("get /app --prefix --print-value-only").await, "1\n2\n");
    let first = ["etcdctl", "get", "", "--prefix", "--keys-only", "--limit=1"];
    assert_eq!(lab.run(&id, &first).await, "/app/a\n\n");
    assert!(ctl("get /app/a -w json").await.contains("\"kvs\":[{\"create_revision\":2,\"key\":\"L2FwcC9h\""));
    assert_eq!(ctl("del /app --prefix").await, "2\n");
    assert_eq!(ctl("get /app/a").await, "");
    let health = ctl("endpoint health").await;
    assert!(
        health.starts_with("127.0.0.1:2379 is healthy: successfully committed proposal: took = "),
        "{health}"
    );
    assert_eq!(
        ctl("member list").await,
        "8e9e05c52164694d, started, default, http://localhost:2380, http://127.0.0.1:2379, false\n"
    );
    assert!(ctl("endpoint status -w table").await.contains("|    ENDPOINT    |        ID        |"));
    assert_eq!(ctl("version").await, "etcdctl version: 3.5.21\nAPI version: 3.5\n");
    let output = lab.exec(&id, &["etcdctl", "--endpoints=127.0.0.1:1", "get", "a"]).await.unwrap();
    assert_eq!((output.code, output.stderr.lines().last()), (1, Some("Error: context deadline exceeded")));
    assert!(output.stderr.contains("connection refused"), "{}", output.stderr);
}
