//! nginx, as a course on Pods uses it.

use podlab_node::{ContainerConfig, SandboxId};

use super::{
    lab::Lab,
    setting::{image, running},
};

/// A configuration around some servers.
fn with_servers(servers: &str) -> String {
    format!(
        "worker_processes 1;\nerror_log /dev/stderr notice;\nevents {{}}\nhttp {{\n    include /etc/nginx/mime.types;\n    \
         access_log /dev/stdout;\n{servers}\n}}\n"
    )
}

async fn nginx_with(lab: &Lab, pod: &SandboxId, config: &str) -> podlab_node::ContainerId {
    let mounts = vec![lab.file("nginx.conf", config, "/etc/nginx/nginx.conf")];
    let id = lab.add(pod, ContainerConfig { mounts, ..image("nginx:1.27") }).await;
    lab.sleep(200).await;
    id
}

#[tokio::test(start_paused = true)]
async fn the_welcome_page_is_served_with_the_usual_head() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let id = lab.add(&pod, image("nginx:1.27")).await;
    lab.sleep(500).await;
    let answer = lab.run(&id, &["curl", "-si", "http://localhost/"]).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\nServer: nginx/1.27.5\r\nDate: Sun, 01 Mar 2026 12:00:"),
        "{answer}"
    );
    assert!(answer.contains("\r\nContent-Type: text/html\r\nContent-Length: 615\r\n"), "{answer}");
    assert!(answer.contains("<h1>Welcome to nginx!</h1>"), "{answer}");
    let missing =
        lab.run(&id, &["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "localhost/nope"]).await;
    assert_eq!(missing, "404");
    let log = lab.log(&id).await;
    assert!(log.contains("start worker processes"), "{log}");
    assert!(log.contains("\"GET / HTTP/1.1\" 200 615 \"-\" \"curl/8.14.1\" \"-\""), "{log}");
    assert!(
        log.contains("[error]")
            && log.contains(
                "open() \"/usr/share/nginx/html/nope\" failed (2: No such file or directory), client: "
            ),
        "{log}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_web_application_is_reached_through_a_proxy_in_the_same_pod() {
    let lab = Lab::new().await;
    let pod = lab.pod("mc3").await;
    lab.add(&pod, image("training/webapp")).await;
    let config = with_servers(
        "upstream webapp { server 127.0.0.1:5000; }\nserver { listen 80; location / { proxy_pass http://webapp; proxy_redirect off; } }",
    );
    let id = nginx_with(&lab, &pod, &config).await;
    assert_eq!(lab.run(&id, &["curl", "-s", "http://localhost"]).await, "Hello world!");
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_refuses_is_a_bad_gateway() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let config = with_servers("server { listen 80; location / { proxy_pass http://127.0.0.1:5000; } }");
    let id = nginx_with(&lab, &pod, &config).await;
    let answer = lab.run(&id, &["curl", "-s", "http://localhost/x"]).await;
    assert!(answer.contains("<center><h1>502 Bad Gateway</h1></center>"), "{answer}");
    let log = lab.log(&id).await;
    assert!(
        log.contains(
            "*1 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: , \
             request: \"GET /x HTTP/1.1\", upstream: \"http://127.0.0.1:5000/x\", host: \"localhost\""
        ),
        "{log}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_nginx_in_a_pod_finds_the_port_taken_and_gives_up() {
    let lab = Lab::new().await;
    let pod = lab.pod("ports").await;
    lab.add(&pod, image("nginx:1.19")).await;
    lab.sleep(100).await;
    let second = lab.add(&pod, image("nginx:1.19")).await;
    let status = lab.ended(&second).await;
    assert_eq!(status.exit_code, Some(1));
    let log = lab.log(&second).await;
    let told = log.matches("nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)").count();
    assert_eq!(told, 5, "{log}");
    assert!(log.trim_end().ends_with("nginx: [emerg] still could not bind()"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_configuration_is_named_with_its_line() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let mounts = vec![lab.file(
        "default.conf",
        "server {\n    listen 80;\n    foo bar;\n}\n",
        "/etc/nginx/conf.d/default.conf",
    )];
    let id = lab.add(&pod, ContainerConfig { mounts, ..image("nginx:1.27") }).await;
    let status = lab.ended(&id).await;
    assert_eq!(status.exit_code, Some(1));
    let log = lab.log(&id).await;
    let message = "[emerg] 1#1: unknown directive \"foo\" in /etc/nginx/conf.d/default.conf:3";
    assert!(log.contains(message), "{log}");
    assert!(
        log.contains("nginx: [emerg] unknown directive \"foo\" in /etc/nginx/conf.d/default.conf:3"),
        "{log}"
    );
}

#[tokio::test(start_paused = true)]
async fn signals_do_what_nginx_says_that_they_do() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let id = nginx_with(&lab, &pod, &with_servers("server { listen 80; return 200 old; }")).await;
    assert_eq!(lab.run(&id, &["curl", "-s", "localhost"]).await, "old");
    let processes =
        lab.run(&id, &["sh", "-c", "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done"]).await;
    assert!(processes.contains("nginx: master process nginx -g daemon off;"), "{processes}");
    assert!(processes.contains("nginx: worker process"), "{processes}");
    let changed = with_servers("server { listen 80; return 200 new; }");
    lab.sh(&id, &format!("printf '%s' '{changed}' > /etc/nginx/nginx.conf")).await;
    lab.run(&id, &["nginx", "-s", "reload"]).await;
    lab.sleep(200).await;
    assert_eq!(lab.run(&id, &["curl", "-s", "localhost"]).await, "new");
    let test = lab.exec(&id, &["nginx", "-t"]).await.unwrap();
    assert_eq!(test.code, 0);
    assert!(
        test.stderr.contains("nginx: configuration file /etc/nginx/nginx.conf test is successful"),
        "{}",
        test.stderr
    );
    lab.node.stop_container(&id, std::time::Duration::from_secs(30)).await.unwrap();
    let status = lab.ended(&id).await;
    assert_eq!(status.exit_code, Some(0));
    let log = lab.log(&id).await;
    for line in [
        "signal 1 (SIGHUP) received",
        "gracefully shutting down",
        "exited with code 0",
        "signal 3 (SIGQUIT) received",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_location_that_fits_best_answers() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let config = with_servers(
        "server { listen 80; default_type text/plain;\n\
         location = / { return 200 exact; }\n\
         location / { return 200 prefix; }\n\
         location /documents/ { return 200 documents; }\n\
         location ^~ /images/ { return 200 final; }\n\
         location ~* \\.(gif|jpg)$ { return 200 regex; }\n\
         location /redirect { return 301 /elsewhere; }\n\
         location /old { rewrite ^/old/(.*)$ /documents/$1 last; }\n\
         location /if { if ($arg_a = b) { return 403; } return 200 $arg_a; }\n\
         location /vars { return 200 \"$uri $args $request_method $host $server_port\"; }\n\
         }\nserver { listen 80; server_name other.example; return 200 other; }",
    );
    let id = nginx_with(&lab, &pod, &config).await;
    for (path, expected) in [
        ("/", "exact"),
        ("/index.html", "prefix"),
        ("/documents/x", "documents"),
        ("/images/1.gif", "final"),
        ("/documents/1.JPG", "regex"),
        ("/old/y", "documents"),
        ("/if?a=c", "c"),
        ("/vars?x=1", "/vars x=1 GET localhost 80"),
    ] {
        assert_eq!(lab.run(&id, &["curl", "-s", &format!("localhost{path}")]).await, expected, "{path}");
    }
    let forbidden =
        lab.run(&id, &["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "localhost/if?a=b"]).await;
    assert_eq!(forbidden, "403");
    let redirect = lab
        .run(
            &id,
            &["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "localhost/redirect"],
        )
        .await;
    assert_eq!(redirect, "301 http://localhost/elsewhere");
    assert_eq!(lab.run(&id, &["curl", "-s", "-H", "Host: other.example", "localhost"]).await, "other");
}

#[tokio::test(start_paused = true)]
async fn without_the_rights_that_it_needs_nginx_says_what_it_cannot_make() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let mut config = image("nginx:1.27");
    config.security.read_only_root = true;
    let id = lab.add(&pod, config).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(1));
    let log = lab.log(&id).await;
    assert!(log.contains("can not modify /etc/nginx/conf.d/default.conf (read-only file system?)"), "{log}");
    assert!(
        log.contains("[emerg] mkdir() \"/var/cache/nginx/client_temp\" failed (30: Read-only file system)"),
        "{log}"
    );
}

#[tokio::test(start_paused = true)]
async fn busybox_wget_says_what_it_does() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    lab.add(&pod, image("nginx:1.13-alpine")).await;
    lab.sleep(100).await;
    let client = lab.add(&pod, running("busybox", "sleep 3600")).await;
    let output = lab.exec(&client, &["wget", "-O-", "http://localhost/50x.html"]).await.unwrap();
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stdout.contains("An error occurred."), "{}", output.stdout);
    assert!(
        output.stderr.starts_with("Connecting to localhost (127.0.0.1:80)\nwriting to stdout\n"),
        "{}",
        output.stderr
    );
    let refused = lab.exec(&client, &["wget", "-q", "-O-", "http://localhost:81"]).await.unwrap();
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (1, "wget: can't connect to remote host (127.0.0.1): Connection refused\n")
    );
    let missing = lab.exec(&client, &["wget", "-q", "-O-", "http://localhost/x"]).await.unwrap();
    assert_eq!(
        (missing.code, missing.stderr.as_str()),
        (1, "wget: server returned error: HTTP/1.1 404 Not Found\n")
    );
}
