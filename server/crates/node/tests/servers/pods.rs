//! Pods of the courses that podlab follows.

use super::{
    lab::Lab,
    setting::{image, running},
};

#[tokio::test(start_paused = true)]
async fn each_adapter_describes_the_car_for_its_platform() {
    for (adapter, expected) in [
        (
            "pgolard/test-adapter-kayak:v4",
            r#"{"carid":"1-XXX-333","price":55,"currency":"euro","status":"available","message":"welcome to kayak","payment_method":"visa"}"#,
        ),
        (
            "pgolard/test-adapter-airbnb:v4",
            r#"{"carid":"1-XXX-333","status":"available","costs":"10 euros an hour","payment_method":"paypal airbnb"}"#,
        ),
    ] {
        let lab = Lab::new().await;
        let pod = lab.pod("booking").await;
        lab.add(&pod, image("pgolard/test-main-booking:v4")).await;
        lab.add(&pod, image(adapter)).await;
        let client = lab.add(&pod, running("debian", "sleep 3600")).await;
        lab.sleep(100).await;
        let busybox = lab.add(&pod, running("busybox", "sleep 3600")).await;
        assert_eq!(lab.run(&busybox, &["wget", "-qO-", "http://localhost:33/bookCar"]).await, expected);
        assert_eq!(
            lab.exec(&client, &["sh", "-c", "command -v curl || command -v ps"]).await.unwrap().code,
            127
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_its_adapter_the_booking_application_cannot_answer() {
    let lab = Lab::new().await;
    let pod = lab.pod("booking").await;
    let main = lab.add(&pod, image("pgolard/test-main-booking:v4")).await;
    let client = lab.add(&pod, running("busybox", "sleep 3600")).await;
    lab.sleep(100).await;
    let output = lab.exec(&client, &["wget", "-S", "-qO-", "http://localhost:33/bookCar"]).await.unwrap();
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains("500"), "{}", output.stderr);
    assert!(lab.log(&main).await.contains("connect ECONNREFUSED 127.0.0.1:9096"));
}

#[tokio::test(start_paused = true)]
async fn redis_keeps_what_its_client_sets() {
    let lab = Lab::new().await;
    let pod = lab.pod("cache").await;
    let id = lab.add(&pod, image("redis:7-alpine")).await;
    lab.sleep(100).await;
    assert_eq!(lab.run(&id, &["redis-cli", "ping"]).await, "PONG\n");
    assert_eq!(lab.run(&id, &["redis-cli", "-h", "localhost", "set", "key", "some value"]).await, "OK\n");
    assert_eq!(lab.run(&id, &["redis-cli", "get", "key"]).await, "some value\n");
    assert!(lab.log(&id).await.contains("Ready to accept connections tcp"));
}

#[tokio::test(start_paused = true)]
async fn sample_servers_answer_and_clients_of_other_images_reach_them() {
    let lab = Lab::new().await;
    let pod = lab.pod("samples").await;
    let mut echo = image("hashicorp/http-echo");
    echo.args = vec!["-text=hello there".to_owned(), "-listen=:8081".to_owned()];
    lab.add(&pod, echo).await;
    lab.add(&pod, image("gcr.io/google-samples/hello-app:1.0")).await;
    let curl = lab.add(&pod, running("curlimages/curl:8.10.1", "sleep 3600")).await;
    lab.sleep(100).await;
    assert_eq!(lab.run(&curl, &["curl", "-s", "localhost:8081"]).await, "hello there\n");
    assert_eq!(
        lab.run(&curl, &["curl", "-s", "localhost:8080"]).await,
        "Hello, world!\nVersion: 1.0.0\nHostname: samples\n"
    );
}

#[tokio::test(start_paused = true)]
async fn the_state_of_the_network_is_shown_as_it_is() {
    let lab = Lab::new().await;
    let pod = lab.pod("two").await;
    let server = lab.add(&pod, image("nginx:1.13-alpine")).await;
    let side = lab.add(&pod, running("alpine", "tail -f /dev/null")).await;
    lab.sleep(100).await;
    let table = lab.run(&server, &["netstat", "-ntlp"]).await;
    assert!(
        table.contains("tcp        0      0 0.0.0.0:80              0.0.0.0:*               LISTEN      1/nginx: master pro"),
        "{table}"
    );
    let table = lab.run(&side, &["netstat", "-ntlp"]).await;
    assert!(table.contains("0.0.0.0:80              0.0.0.0:*               LISTEN      -\n"), "{table}");
    let addresses = lab.run(&side, &["ip", "address"]).await;
    assert!(
        addresses.contains("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536")
            && addresses.contains("scope global eth0"),
        "{addresses}"
    );
    let open = lab.exec(&side, &["nc", "-zv", "localhost", "80"]).await.unwrap();
    assert_eq!((open.code, open.stderr.as_str()), (0, "localhost (127.0.0.1:80) open\n"));
    assert_eq!(lab.exec(&side, &["nc", "-z", "localhost", "81"]).await.unwrap().code, 1);
    let pinged = lab.run(&side, &["ping", "-c", "1", "localhost"]).await;
    assert!(pinged.contains("1 packets transmitted, 1 packets received, 0% packet loss"), "{pinged}");
}

#[tokio::test(start_paused = true)]
async fn a_listening_netcat_gets_what_another_one_sends() {
    let lab = Lab::new().await;
    let pod = lab.pod("talk").await;
    let id = lab.add(&pod, running("busybox", "nc -l -p 9000")).await;
    lab.sleep(100).await;
    let other = lab.add(&pod, running("busybox", "echo hello | nc localhost 9000")).await;
    lab.ended(&other).await;
    lab.ended(&id).await;
    assert_eq!(lab.log(&id).await, "hello\n");
}
