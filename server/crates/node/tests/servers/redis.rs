//! Redis and its client, as somebody uses them in a container.

use podlab_node::{EmptyDir, Mount};

use crate::{lab::Lab, setting::image};

#[tokio::test(start_paused = true)]
async fn transactions_messages_and_waiting() {
    let lab = Lab::new().await;
    let pod = lab.pod("cache").await;
    let id = lab.add(&pod, image("redis:7.2.4")).await;
    lab.sleep(100).await;
    let script = "(timeout 9 redis-cli subscribe news > /tmp/news 2>&1 &) ; (timeout 9 redis-cli monitor > /tmp/all 2>&1 &)
        (timeout 9 redis-cli blpop jobs 0 > /tmp/job 2>&1 &) ; sleep 1
        redis-cli publish news hello; redis-cli rpush jobs one; sleep 1
        cat /tmp/news /tmp/job; grep -c publish /tmp/all
        printf 'multi\\nset a 1\\nincr a\\nexec\\n' | redis-cli
        redis-cli --no-raw config get maxmemory-policy; redis-cli info server | grep redis_version
        redis-cli get; redis-cli nope; echo $?; redis-cli -n 1 set b 2; redis-cli -n 1 keys '*'; redis-cli dbsize
        timeout 9 redis-cli blpop jobs 1; redis-cli --no-raw zadd";
    let output = lab.sh(&id, script).await;
    assert_eq!(
        output.stdout,
        "1\n1\nsubscribe\nnews\n1\nmessage\nnews\nhello\njobs\none\n1\nOK\nQUEUED\nQUEUED\nOK\n2\n1) \"maxmemory-policy\"\n\
         2) \"noeviction\"\nredis_version:7.2.4\r\nERR wrong number of arguments for 'get' command\n\n\
         ERR unknown command 'nope', with args beginning with: \n\n0\nOK\nb\n1\n\n\
         (error) ERR wrong number of arguments for 'zadd' command\n",
        "{output:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_at_the_end_is_there_again() {
    let lab = Lab::new().await;
    let pod = lab.pod("cache").await;
    let volume = lab.node.empty_dir(EmptyDir::default());
    let data = Mount { volume, sub_path: None, path: "/data".to_owned(), read_only: false };
    let mut config = image("redis:7");
    config.mounts = vec![data];
    config.args = ["redis-server", "--requirepass", "secret"].map(str::to_owned).to_vec();
    let id = lab.add(&pod, config.clone()).await;
    lab.sleep(100).await;
    let output =
        lab.sh(&id, "redis-cli ping; redis-cli -a secret set key value; redis-cli -a wrong ping").await;
    assert_eq!(output.stdout, "NOAUTH Authentication required.\n\nOK\nNOAUTH Authentication required.\n\n");
    assert!(output.stderr.contains("may not be safe") && output.stderr.contains("AUTH failed: WRONGPASS"));
    lab.node.stop_container(&id, std::time::Duration::from_secs(10)).await.unwrap();
    let log = lab.log(&id).await;
    assert!(
        log.contains("* DB saved on disk\n") && log.ends_with("is now ready to exit, bye bye...\n"),
        "{log}"
    );
    let again = lab.add(&pod, config).await;
    lab.sleep(100).await;
    let output = lab.sh(&again, "REDISCLI_AUTH=secret redis-cli get key").await;
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("value\n", ""));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_line_of_settings_ends_the_server() {
    let lab = Lab::new().await;
    let mut config = image("redis:7.2.4");
    config.mounts = vec![lab.file("redis.conf", "port 6380\nfrobnicate yes\n", "/etc/redis.conf")];
    config.args = ["redis-server", "/etc/redis.conf"].map(str::to_owned).to_vec();
    let pod = lab.pod("cache").await;
    let id = lab.add(&pod, config).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(1));
    assert_eq!(
        lab.log(&id).await,
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\nReading the configuration file, at line 2\n>>> 'frobnicate yes'\n\
         Bad directive or wrong number of arguments\n"
    );
}
