//! Servers that want a password, and who makes their files.

use podlab_node::ContainerConfig;

use super::{
    lab::Lab,
    setting::{image, running},
};

#[tokio::test(start_paused = true)]
async fn nginx_checks_what_htpasswd_and_openssl_noted() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let volume = lab.node.directory(&[]).unwrap();
    let shared = |path: &str| super::lab::mount(&volume, path);
    let script = "cd /auth; htpasswd -cb users ann one; htpasswd -bB users ben two; htpasswd -bs users cy three; \
                  htpasswd -b5 users dan four; echo 'eve:$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0' >> users; echo fay:six >> users; \
                  htpasswd -vb users ben two; htpasswd -vb users ben no; echo $?";
    let config = ContainerConfig { mounts: vec![shared("/auth")], ..running("httpd:2.4", script) };
    let maker = lab.add(&pod, config).await;
    lab.ended(&maker).await;
    let said = lab.log(&maker).await;
    assert_eq!(
        said,
        "Adding password for user ann\nAdding password for user ben\nAdding password for user cy\nAdding password for user dan\n\
         Password for user ben correct.\npassword verification failed\n3\n"
    );
    let site = "server { listen 80; auth_basic \"Staff\"; auth_basic_user_file /auth/users; root /usr/share/nginx/html; }";
    let mounts = vec![shared("/auth"), lab.file("default.conf", site, "/etc/nginx/conf.d/default.conf")];
    let nginx = lab.add(&pod, ContainerConfig { mounts, ..image("nginx:1.27") }).await;
    lab.sleep(200).await;
    for (who, expected) in [
        ("ann:one", "200"),
        ("ben:two", "200"),
        ("cy:three", "200"),
        ("dan:four", "200"),
        ("eve:secret", "200"),
        // What stands in the clear is taken for a hash.
        ("fay:six", "401"),
        ("ann:two", "401"),
        ("nobody:x", "401"),
    ] {
        let curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", who, "localhost"];
        assert_eq!(lab.run(&nginx, &curl).await, expected, "{who}");
    }
    let log = lab.log(&nginx).await;
    assert!(log.contains("user \"ann\": password mismatch, client: 127.0.0.1"), "{log}");
    assert!(log.contains("user \"nobody\" was not found in \"/auth/users\""), "{log}");
}

#[tokio::test(start_paused = true)]
async fn passwords_are_noted_as_they_are_elsewhere() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let id = lab.add(&pod, running("nicolaka/netshoot", "sleep 100000")).await;
    for (option, noted) in [
        ("-apr1", "$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0"),
        ("-1", "$1$saltsalt$"),
        ("-6", "$6$saltsalt$"),
        ("", "$1$saltsalt$"),
    ] {
        let text =
            lab.run(&id, &["sh", "-c", &format!("openssl passwd {option} -salt saltsalt secret")]).await;
        assert!(text.starts_with(noted), "{text}");
    }
    let text = lab.run(&id, &["sh", "-c", "echo secret | openssl passwd -apr1 -stdin -salt saltsalt"]).await;
    assert_eq!(text, "$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0\n");
    let id = lab.add(&pod, running("httpd:2.4", "sleep 100000")).await;
    let text = lab.run(&id, &["htpasswd", "-nb", "me", "pw"]).await;
    assert!(text.starts_with("me:$apr1$") && text.ends_with("\n\n"), "{text}");
    let text = lab.run(&id, &["sh", "-c", "htpasswd -b /nope me pw 2>&1; echo $?"]).await;
    assert_eq!(text, "htpasswd: cannot modify file /nope; use '-c' to create it\n1\n");
    let text = lab.run(&id, &["sh", "-c", "cd /tmp; htpasswd -cbs f a 1; htpasswd -bs f b 2; htpasswd -D f a; cut -c1-7 f; echo 3 | htpasswd -i f b; wc -l < f"]).await;
    assert_eq!(text, "b:{SHA}\n1\n");
}
