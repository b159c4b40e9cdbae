//! The applications of Kubernetes' tutorials: the guestbook with its Redis, WordPress with its MySQL.

use podlab_node::{ContainerConfig, SandboxId};

use super::{
    lab::Lab,
    setting::{image, running},
};

fn with_env(name: &str, env: &[(&str, &str)]) -> ContainerConfig {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ContainerConfig { env, ..image(name) }
}

fn address(lab: &Lab, pod: &SandboxId) -> String {
    lab.node.sandbox_status(pod).unwrap().ip.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_guestbooks_messages_go_to_the_leader_and_come_from_a_follower() {
    let lab = Lab::new().await;
    let pods = [lab.pod("leader").await, lab.pod("follower").await, lab.pod("frontend").await];
    let [leader_ip, follower_ip, _] = pods.each_ref().map(|pod| address(&lab, pod));
    let leader = lab.add(&pods[0], image("redis:6.0.5")).await;
    let hosts = [
        ("GET_HOSTS_FROM", "env"),
        ("REDIS_LEADER_SERVICE_HOST", leader_ip.as_str()),
        ("REDIS_FOLLOWER_SERVICE_HOST", follower_ip.as_str()),
    ];
    let follower = with_env("us-docker.pkg.dev/google-samples/containers/gke/gb-redis-follower:v2", &hosts);
    let follower = lab.add(&pods[1], follower).await;
    let frontend = with_env("us-docker.pkg.dev/google-samples/containers/gke/gb-frontend:v5", &hosts);
    let frontend = lab.add(&pods[2], frontend).await;
    lab.sleep(3000).await;
    let ask = async |query: &str| {
        let url = format!("http://localhost/guestbook.php?{query}");
        lab.run(&frontend, &["curl", "-s", &url]).await
    };
    assert_eq!(ask("cmd=set&key=messages&value=hello%2Cworld").await, "{\"message\": \"Updated\"}");
    lab.sleep(100).await;
    assert_eq!(ask("cmd=get&key=messages").await, "{\"data\": \"hello,world\"}");
    let log = lab.log(&follower).await;
    assert!(log.contains("* MASTER <-> REPLICA sync: Finished with success\n"), "{log}");
    let write = lab.exec(&follower, &["redis-cli", "set", "a", "b"]).await.unwrap();
    assert!((write.stdout + &write.stderr).contains("READONLY You can't write against a read only replica."));
    let info = lab.run(&leader, &["redis-cli", "info", "replication"]).await;
    assert!(info.contains("role:master") && info.contains("connected_slaves:1"), "{info}");
    assert!(
        lab.run(&frontend, &["curl", "-s", "http://localhost/"]).await.contains("<title>Guestbook</title>")
    );
    assert!(lab.log(&frontend).await.contains("\"GET /guestbook.php?cmd=get&key=messages HTTP/1.1\" 200 "));
}

#[tokio::test(start_paused = true)]
async fn a_replica_takes_over_what_there_was_and_follows_until_it_is_told_not_to() {
    let lab = Lab::new().await;
    let pod = lab.pod("redis").await;
    let id = lab.add(&pod, image("redis:7.2.4")).await;
    lab.sleep(100).await;
    let cli = async |line: &str| {
        let words: Vec<&str> = std::iter::once("redis-cli").chain(line.split(' ')).collect();
        lab.run(&id, &words).await
    };
    cli("set before 1").await;
    cli("-n 3 rpush list a b c").await;
    lab.sh(&id, "redis-server --port 6380 --replicaof 127.0.0.1 6379 > /tmp/log 2>&1 < /dev/null &").await;
    lab.sleep(2000).await;
    assert_eq!(cli("-p 6380 get before").await, "1\n");
    cli("-n 3 lpop list").await;
    cli("sadd set a b c").await;
    cli("spop set").await;
    lab.sleep(100).await;
    assert_eq!(cli("-p 6380 -n 3 lrange list 0 -1").await, "b\nc\n");
    assert_eq!(cli("-p 6380 smembers set").await, cli("smembers set").await);
    assert_eq!(cli("-p 6380 role").await, "slave\n127.0.0.1\n6379\nconnected\n0\n");
    cli("flushall").await;
    lab.sleep(100).await;
    assert_eq!(cli("-p 6380 dbsize").await, "0\n");
    assert_eq!(cli("-p 6380 replicaof no one").await, "OK\n");
    assert_eq!(cli("-p 6380 set own 1").await, "OK\n");
    cli("set other 1").await;
    lab.sleep(100).await;
    assert_eq!(cli("-p 6380 keys *").await, "own\n");
    // Its leader gone, it asks again and again.
    cli("-p 6380 replicaof 127.0.0.1 1").await;
    lab.sleep(3000).await;
    let log = lab.sh(&id, "cat /tmp/log").await.stdout;
    assert!(log.contains("# Error condition on socket for SYNC: Connection refused\n"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn wordpress_leads_to_its_installation_once_there_is_a_database() {
    let lab = Lab::new().await;
    let [site, database] = [lab.pod("wordpress").await, lab.pod("mysql").await];
    let host = address(&lab, &database);
    let env = [("WORDPRESS_DB_HOST", host.as_str()), ("WORDPRESS_DB_PASSWORD", "secret")];
    let id = lab.add(&site, with_env("wordpress:6.2.1-apache", &env)).await;
    let client = lab.add(&site, running("curlimages/curl", "sleep 100000")).await;
    lab.sleep(100).await;
    let ask =
        async || lab.run(&client, &["curl", "-s", "-w", "%{http_code} %{redirect_url}", "localhost/"]).await;
    let answer = ask().await;
    assert!(
        answer.contains("Error establishing a database connection") && answer.ends_with("500 "),
        "{answer}"
    );
    lab.add(&database, with_env("mysql:8.0", &[("MYSQL_ROOT_PASSWORD", "secret")])).await;
    lab.sleep(20_000).await;
    assert_eq!(ask().await, "302 http://localhost/wp-admin/install.php");
    let log = lab.log(&id).await;
    assert!(log.contains("WordPress not found in /var/www/html - copying now...\n"), "{log}");
    assert!(
        log.contains("copying 'wp-config-docker.php' (WORDPRESS_DB_HOST WORDPRESS_DB_PASSWORD)\n"),
        "{log}"
    );
    assert_eq!(lab.run(&id, &["ls", "/var/www/html/wp-config.php"]).await, "/var/www/html/wp-config.php\n");
    lab.node.stop_container(&id, std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(0));
}
