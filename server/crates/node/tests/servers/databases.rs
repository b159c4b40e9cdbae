//! Databases, as far as readiness goes.

use podlab_node::ContainerConfig;

use super::{
    lab::Lab,
    setting::{image, running},
};

fn with_env(name: &str, env: &[(&str, &str)]) -> ContainerConfig {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ContainerConfig { env, ..image(name) }
}

#[tokio::test(start_paused = true)]
async fn postgres_is_ready_after_preparing_its_directory() {
    let lab = Lab::new().await;
    let pod = lab.pod("db").await;
    let id = lab.add(&pod, with_env("postgres:16", &[("POSTGRES_PASSWORD", "secret")])).await;
    lab.sleep(200).await;
    let early = lab.exec(&id, &["pg_isready", "-h", "localhost"]).await.unwrap();
    assert_eq!((early.code, early.stdout.as_str()), (2, "localhost:5432 - no response\n"));
    lab.sleep(3000).await;
    assert_eq!(
        lab.run(&id, &["pg_isready", "-U", "postgres"]).await,
        "/var/run/postgresql:5432 - accepting connections\n"
    );
    let client = lab.add(&pod, running("busybox", "sleep 100")).await;
    lab.run(&client, &["nc", "-z", "localhost", "5432"]).await;
    let log = lab.log(&id).await;
    assert!(
        log.contains("LOG:  starting PostgreSQL 16.10 ")
            && log.contains("LOG:  database system is ready to accept connections\n"),
        "{log}"
    );
    lab.node.stop_container(&id, std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(0));
    assert!(lab.log(&id).await.ends_with("LOG:  database system is shut down\n"));
}

#[tokio::test(start_paused = true)]
async fn databases_demand_a_password() {
    let lab = Lab::new().await;
    for (name, expected) in [
        ("postgres", "Error: Database is uninitialized and superuser password is not specified.\n"),
        (
            "mysql",
            "Database is uninitialized and password option is not specified\n    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n",
        ),
    ] {
        let pod = lab.pod("db").await;
        let id = lab.add(&pod, image(name)).await;
        assert_eq!(lab.ended(&id).await.exit_code, Some(1));
        assert!(lab.log(&id).await.contains(expected), "{}", lab.log(&id).await);
    }
}

#[tokio::test(start_paused = true)]
async fn mysql_answers_a_ping_when_it_is_ready() {
    let lab = Lab::new().await;
    let pod = lab.pod("db").await;
    let id = lab.add(&pod, with_env("mysql:8.0", &[("MYSQL_ROOT_PASSWORD", "secret")])).await;
    lab.sleep(100).await;
    let early = lab.exec(&id, &["mysqladmin", "ping", "-h", "127.0.0.1"]).await.unwrap();
    assert!(
        early.code == 1 && early.stderr.contains("Can't connect to MySQL server on '127.0.0.1:3306' (111)"),
        "{early:?}"
    );
    lab.sleep(3000).await;
    assert_eq!(lab.run(&id, &["mysqladmin", "ping", "-h", "127.0.0.1"]).await, "mysqld is alive\n");
    assert!(lab.log(&id).await.contains("ready for connections. Version: '8.0.44'"));
}
