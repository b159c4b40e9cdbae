//! socat, as the ambassador of a Pod and at a prompt.

use podlab_node::ContainerConfig;

use super::{
    lab::Lab,
    setting::{image, running},
};

#[tokio::test(start_paused = true)]
async fn an_ambassador_forwards_each_connection() {
    let lab = Lab::new().await;
    let server = lab.pod("server").await;
    lab.add(&server, ContainerConfig { args: vec!["-text=hello".into()], ..image("hashicorp/http-echo") })
        .await;
    let to = lab.node.sandbox_status(&server).unwrap().ip;
    let pod = lab.pod("client").await;
    let args = ["TCP-LISTEN:6379,fork,reuseaddr".to_owned(), format!("TCP:{to}:5678")];
    let ambassador = lab.add(&pod, ContainerConfig { args: args.to_vec(), ..image("alpine/socat") }).await;
    let main = lab.add(&pod, running("curlimages/curl", "sleep 3600")).await;
    lab.sleep(50).await;
    let said = lab.sh(&main, "for i in 1 2 3; do curl -s localhost:6379; done").await;
    assert_eq!(said.stdout, "hello\nhello\nhello\n");
    // Each child has gone with its connection.
    lab.sleep(1000).await;
    let left = lab.sh(&ambassador, "ps | grep -c '[s]ocat TCP'").await;
    assert_eq!(left.stdout, "1\n");
}

#[tokio::test(start_paused = true)]
async fn what_is_relayed_may_be_a_command_a_file_or_what_is_typed() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let id = lab.add(&pod, running("alpine/socat", "sleep 3600")).await;
    for (script, output) in [
        (
            "socat TCP-LISTEN:7000 SYSTEM:'read x; echo got $x' & sleep 0.1; echo a | socat - TCP:localhost:7000",
            "got a\n",
        ),
        (
            "socat TCP-LISTEN:7001 EXEC:cat & sleep 0.1; printf 'a\\nb\\n' | socat -t 1 STDIO TCP4:127.0.0.1:7001",
            "a\nb\n",
        ),
        (
            "socat -u TCP-LISTEN:7002 OPEN:/tmp/got,creat & sleep 0.1; echo kept | socat - tcp:localhost:7002; cat /tmp/got",
            "kept\n",
        ),
        ("echo x > /tmp/in; socat -u /tmp/in STDOUT", "x\n"),
    ] {
        let said = lab.sh(&id, script).await;
        assert_eq!((said.stdout.as_str(), said.stderr.as_str()), (output, ""), "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_logged_as_socat_logs_it() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let id = lab.add(&pod, running("alpine/socat", "sleep 3600")).await;
    for (script, message) in [
        ("socat - TCP:127.0.0.1:1", "E connect(5, AF=2 127.0.0.1:1, 16): Connection refused\n"),
        ("socat - TCP:nowhere:80", "E getaddrinfo(\"nowhere\", \"80\", {0,0,1,6}, {}): Try again\n"),
        ("socat - FOO:1", "E unknown device/address \"FOO\"\n"),
        ("socat -", "E exactly 2 addresses required (there are 1); use option \"-h\" for help\n"),
        ("socat - EXEC:nothing", "E execvp(\"nothing\"): No such file or directory\n"),
        (
            "nc -l -p 7100 & sleep 0.1; socat TCP-LISTEN:7100 -",
            "E bind(5, {AF=2 0.0.0.0:7100}, 16): Address in use\n",
        ),
    ] {
        let said = lab.sh(&id, script).await;
        assert_eq!(said.code, 1, "{script}");
        let (head, rest) = said.stderr.split_once("] ").unwrap_or_default();
        assert!(head.contains(" socat["), "{}", said.stderr);
        assert_eq!(rest, message, "{script}");
    }
}
