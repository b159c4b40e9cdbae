//! busybox's small web server.

use super::{lab::Lab, setting::running};

#[tokio::test(start_paused = true)]
async fn it_serves_what_a_directory_holds() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let script =
        "mkdir -p /www/sub; echo '<h1>hi</h1>' > /www/index.html; exec busybox httpd -f -v -p 8080 -h /www";
    let id = lab.add(&pod, running("busybox", script)).await;
    lab.sleep(50).await;
    assert_eq!(lab.run(&id, &["wget", "-qO-", "http://localhost:8080/"]).await, "<h1>hi</h1>\n");
    let missing = lab.sh(&id, "wget -qO- http://localhost:8080/nope").await;
    assert!(missing.code == 1 && missing.stderr.contains("404 Not Found"), "{missing:?}");
    assert!(lab.sh(&id, "wget -qO- http://localhost:8080/sub/").await.stderr.contains("404"));
    assert!(lab.log(&id).await.contains(": response:200\n"));
    let taken = lab.sh(&id, "httpd -p 8080").await;
    assert_eq!((taken.code, taken.stderr.as_str()), (1, "httpd: bind: Address already in use\n"));
    let background = lab.sh(&id, "cd /www; httpd -p 127.0.0.1:8081; wget -qO- http://127.0.0.1:8081/").await;
    assert_eq!(background.stdout, "<h1>hi</h1>\n");
}
