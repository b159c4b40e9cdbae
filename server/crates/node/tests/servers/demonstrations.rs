//! Programs that books and courses demonstrate with, and systems to look around in.

use podlab_node::{ContainerConfig, ExitReason, Resources};

use super::{
    lab::Lab,
    setting::{image, running},
};

#[tokio::test(start_paused = true)]
async fn kuard_fails_its_probes_on_demand() {
    let lab = Lab::new().await;
    let pod = lab.pod("demo").await;
    let kuard = lab.add(&pod, image("gcr.io/kuar-demo/kuard-amd64:blue")).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 100000")).await;
    lab.sleep(10).await;
    let ask = async |args: &str| lab.run(&client, &["sh", "-c", &format!("curl -s {args}")]).await;
    assert_eq!(ask("-w ' %{http_code}' localhost:8080/healthy").await, "ok 200");
    ask("-X PUT -d '{\"failNext\":2}' localhost:8080/ready/api").await;
    let seen =
        ask("-w ' %{http_code}\\n' localhost:8080/ready localhost:8080/ready localhost:8080/ready").await;
    assert_eq!(seen, "fail, 1 left 500\nfail, 0 left 500\nok 200\n");
    assert_eq!(
        ask("localhost:8080/fs/etc/alpine-release").await,
        lab.run(&kuard, &["cat", "/etc/alpine-release"]).await
    );
    assert!(ask("localhost:8080/fs/").await.contains("<a href=\"etc/\">etc/</a>\n"));
    assert!(ask("localhost:8080/env/api").await.contains("\"commandLine\":[\"/kuard\"]"));
    let log = lab.log(&kuard).await;
    assert!(
        log.contains("Starting kuard version: v0.10.0-blue\n") && log.contains(" GET /healthy\n"),
        "{log}"
    );
    assert_eq!(lab.run(&kuard, &["id", "-u"]).await, "65534\n");
}

#[tokio::test(start_paused = true)]
async fn kuard_takes_memory_until_it_is_killed() {
    let lab = Lab::new().await;
    let pod = lab.pod("demo").await;
    let resources = Resources { memory_limit_bytes: Some(64 << 20), ..Resources::default() };
    let config = ContainerConfig { resources, ..image("gcr.io/kuar-demo/kuard-amd64:1") };
    let kuard = lab.add(&pod, config).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 100000")).await;
    lab.sleep(10).await;
    let take = "curl -s -X POST -o /dev/null 'localhost:8080/mem/api/alloc?size=30000000'";
    lab.run(&client, &["sh", "-c", take]).await;
    assert_eq!(lab.node.container_status(&kuard).unwrap().reason, None);
    lab.run(&client, &["sh", "-c", &format!("{take} || true")]).await;
    assert_eq!(lab.ended(&kuard).await.reason, Some(ExitReason::OomKilled));
}

#[tokio::test(start_paused = true)]
async fn httpbin_says_what_it_was_asked() {
    let lab = Lab::new().await;
    let pod = lab.pod("demo").await;
    let server = lab.add(&pod, image("kennethreitz/httpbin")).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 100000")).await;
    lab.sleep(10).await;
    let ask = async |args: &str| lab.run(&client, &["sh", "-c", &format!("curl -s {args}")]).await;
    assert_eq!(ask("-A me localhost/user-agent").await, "{\n  \"user-agent\": \"me\"\n}\n");
    let answer = ask("-A me 'localhost/get?a=1'").await;
    let expected = "{\n  \"args\": {\n    \"a\": \"1\"\n  }, \n  \"headers\": {\n    \"Accept\": \"*/*\", \n    \"Host\": \"localhost\", \n    \"User-Agent\": \"me\"\n  }, \n  \"origin\": \"127.0.0.1\", \n  \"url\": \"http://localhost/get?a=1\"\n}\n";
    assert_eq!(answer, expected);
    assert_eq!(ask("-o /dev/null -w '%{http_code}' localhost/status/418").await, "418");
    assert_eq!(ask("-o /dev/null -w '%{time_total}' localhost/delay/2 | cut -c1").await, "2\n");
    assert!(ask("-u a:b localhost/basic-auth/a/b").await.contains("\"authenticated\": true"));
    assert_eq!(ask("-o /dev/null -w '%{http_code}' -u a:c localhost/basic-auth/a/b").await, "401");
    assert!(ask("-d x=y localhost/post").await.contains("\"form\": {\n    \"x\": \"y\"\n  }"));
    lab.node.stop_container(&server, std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.node.container_status(&server).unwrap().exit_code, Some(0));
}

#[tokio::test(start_paused = true)]
async fn systems_of_red_hats_family_have_bash_and_no_packages_to_fetch() {
    let lab = Lab::new().await;
    let pod = lab.pod("demo").await;
    for (name, title) in [
        ("rockylinux:9", "Rocky Linux 9.3 (Blue Onyx)"),
        ("almalinux:9", "AlmaLinux 9.5 (Teal Serval)"),
        ("centos:7", "CentOS Linux 7 (Core)"),
        ("centos", "CentOS Linux 8"),
        ("fedora:41", "Fedora Linux 41 (Container Image)"),
        ("registry.access.redhat.com/ubi9/ubi", "Red Hat Enterprise Linux 9.5 (Plow)"),
    ] {
        let id = lab.add(&pod, running(name, "sleep 100000")).await;
        let script = ". /etc/os-release; echo \"$PRETTY_NAME $BASH_VERSION\"; readlink /bin/sh; ls -d /etc/system-release";
        let text = lab.run(&id, &["bash", "-c", script]).await;
        assert!(
            text.starts_with(&format!("{title} 5.")) && text.ends_with("bash\n/etc/system-release\n"),
            "{text}"
        );
        let text = lab.run(&id, &["sh", "-c", "yum install -y httpd 2>&1; echo $?"]).await;
        assert!(text.contains("ould not resolve host: ") && text.ends_with("\n1\n"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn bash_and_node_start_as_their_entry_points_say() {
    let lab = Lab::new().await;
    let pod = lab.pod("demo").await;
    let args = |args: &[&str]| args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
    let id = lab
        .add(&pod, ContainerConfig { args: args(&["-c", "a=(x y); echo ${a[1]}"]), ..image("bash:5") })
        .await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(0));
    assert_eq!(lab.log(&id).await, "y\n");
    for name in ["node:22.14-alpine", "node:22.14.0", "node:22.14-slim"] {
        let id = lab.add(&pod, ContainerConfig { args: args(&["--version"]), ..image(name) }).await;
        assert_eq!(lab.ended(&id).await.exit_code, Some(0));
        assert_eq!(lab.log(&id).await, "v22.14.0\n");
        let id = lab
            .add(
                &pod,
                ContainerConfig {
                    args: args(&["sh", "-c", "echo $NODE_VERSION; id -un node"]),
                    ..image(name)
                },
            )
            .await;
        lab.ended(&id).await;
        assert_eq!(lab.log(&id).await, "22.14.0\nnode\n");
    }
    let id = lab.add(&pod, ContainerConfig { args: args(&["server.js"]), ..image("node:20") }).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(1));
    assert!(lab.log(&id).await.contains("podlab does not simulate the JavaScript language"));
}

#[tokio::test(start_paused = true)]
async fn go_httpbin_has_lists_where_a_name_may_come_more_than_once() {
    let lab = Lab::new().await;
    let pod = lab.pod("demo").await;
    let server = lab.add(&pod, image("mccutchen/go-httpbin:v2.15.0")).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 100000")).await;
    lab.sleep(10).await;
    let ask = async |args: &str| lab.run(&client, &["sh", "-c", &format!("curl -s {args}")]).await;
    let expected = "{\n  \"args\": {\n    \"a\": [\n      \"1\"\n    ]\n  },\n  \"headers\": {\n    \"Accept\": [\n      \"*/*\"\n    ],\n    \"Host\": [\n      \"localhost:8080\"\n    ],\n    \"User-Agent\": [\n      \"me\"\n    ]\n  },\n  \"method\": \"GET\",\n  \"origin\": \"::1\",\n  \"url\": \"http://localhost:8080/get?a=1\"\n}\n";
    assert_eq!(ask("-A me 'localhost:8080/get?a=1'").await, expected);
    assert_eq!(ask("-o /dev/null -w '%{http_code}' localhost:8080/status/503").await, "503");
    assert!(lab.log(&server).await.contains("\"503 GET /status/503 0.1ms\" status=503 method=GET"));
    lab.node.stop_container(&server, std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.node.container_status(&server).unwrap().exit_code, Some(0));
}

#[tokio::test(start_paused = true)]
async fn an_echo_server_says_as_json_what_it_was_asked_and_answers_as_it_is_asked_to() {
    let lab = Lab::new().await;
    let pod = lab.pod("demo").await;
    let env = vec![("GREETING".to_owned(), "hello".to_owned())];
    lab.add(&pod, ContainerConfig { env, ..image("ealen/echo-server:0.9.2") }).await;
    let client = lab.add(&pod, running("curlimages/curl", "sleep 100000")).await;
    lab.sleep(10).await;
    let text = lab.run(&client, &["curl", "-s", "-d", "{\"x\":1}", "localhost/a?b=c"]).await;
    let seen: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(seen["http"]["originalUrl"], "/a?b=c");
    assert_eq!(seen["request"]["query"]["b"], "c");
    assert_eq!(seen["request"]["body"]["x"], 1);
    assert_eq!(seen["environment"]["GREETING"], "hello");
    let code = ["curl", "-s", "-w", " %{http_code}", "localhost/?echo_code=418&echo_body=teapot"];
    assert_eq!(lab.run(&client, &code).await, "\"teapot\" 418");
}

#[tokio::test(start_paused = true)]
async fn samples_end_as_what_they_are_written_in_ends() {
    let lab = Lab::new().await;
    for (name, code) in [
        ("hashicorp/http-echo", 0),
        ("gcr.io/google-samples/hello-app:1.0", 2),
        ("traefik/whoami", 2),
        // A script of Node's or Python's has to ask for signals to get them as process 1.
        ("gcr.io/google-samples/kubernetes-bootcamp:v1", 137),
        ("kodekloud/webapp-color", 137),
    ] {
        let pod = lab.pod("demo").await;
        let args = if name.ends_with("http-echo") { vec!["-text=x".to_owned()] } else { Vec::new() };
        let id = lab.add(&pod, ContainerConfig { args, ..image(name) }).await;
        lab.sleep(100).await;
        lab.node.stop_container(&id, std::time::Duration::from_secs(30)).await.unwrap();
        assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(code), "{name}");
    }
}
