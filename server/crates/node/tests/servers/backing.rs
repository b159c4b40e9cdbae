//! Backing services: they start, listen, say that they are well, and end.

use podlab_node::ContainerConfig;

use super::{
    lab::Lab,
    setting::{image, running},
};

#[tokio::test(start_paused = true)]
async fn services_of_one_pod_start_and_say_that_they_are_well() {
    let lab = Lab::new().await;
    let pod = lab.pod("services").await;
    let mut all = Vec::new();
    for name in
        ["consul", "elasticsearch:6.4.2", "grafana/grafana", "mongo", "prom/prometheus", "rabbitmq", "tomcat"]
    {
        all.push(lab.add(&pod, image(name)).await);
    }
    let client = lab.add(&pod, running("curlimages/curl", "sleep 100000")).await;
    lab.sleep(5000).await;
    for (path, answer) in [
        ("localhost:8500/v1/status/leader", "\"127.0.0.1:8300\""),
        ("localhost:9200", "You Know, for Search"),
        ("localhost:9200", "\"number\" : \"6.4.2\""),
        ("localhost:3000/api/health", "\"database\": \"ok\""),
        ("localhost:9090/-/ready", "Prometheus Server is Ready."),
        ("localhost:9090/api/v1/query", "podlab does not simulate this part of Prometheus"),
        ("localhost:8080", "HTTP Status 404 – Not Found"),
    ] {
        let seen = lab.run(&client, &["curl", "-s", path]).await;
        assert!(seen.contains(answer), "{path}: {seen}");
    }
    assert!(lab.log(&all[3]).await.contains("\"msg\":\"Waiting for connections\""));
    let ping = "mongosh --quiet --eval \"db.adminCommand('ping')\"; mongosh --quiet --eval 'db.runCommand({ping: 1}).ok'; \
                mongosh --port 1 --eval 'db.runCommand(\"ping\")'; echo $?";
    let pinged = lab.run(&all[3], &["sh", "-c", &format!("exec 2>&1; {ping}")]).await;
    assert_eq!(pinged, "{ ok: 1 }\n1\nMongoNetworkError: connect ECONNREFUSED 127.0.0.1:1\n1\n");
    assert_eq!(lab.run(&all[5], &["rabbitmq-diagnostics", "-q", "ping"]).await, "Ping succeeded\n");
    lab.node.stop_container(&all[4], std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!(lab.ended(&all[4]).await.exit_code, Some(0));
    assert!(lab.log(&all[4]).await.contains("See you next time!"));
}

#[tokio::test(start_paused = true)]
async fn perl_works_out_pi_and_says_what_it_cannot_do() {
    let lab = Lab::new().await;
    let pod = lab.pod("pi").await;
    let job = ContainerConfig {
        command: ["perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"].map(str::to_owned).to_vec(),
        ..image("perl:5.34.0")
    };
    let id = lab.add(&pod, job).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(0));
    let log = lab.log(&id).await;
    assert_eq!(log.len(), 2002);
    // As tables of pi have them: the first digits, the six nines, and the last ones, rounded.
    assert!(log.starts_with("3.14159265358979323846264338327950288419716939937510"), "{log}");
    assert_eq!(&log[762..772], "4999999837");
    assert!(log.ends_with("59958133904780275901\n"), "{log}");
    let id = lab.add(&pod, running("perl:5.34", "sleep 100000")).await;
    let out = lab
        .run(
            &id,
            &[
                "sh",
                "-c",
                "perl -E 'say \"a\"; print 1, \"\\n\"; exit 3'; echo $?; perl -e 'my $x = 1' 2>&1; echo $?",
            ],
        )
        .await;
    assert!(
        out.starts_with("a\n1\n3\nperl: podlab does not simulate the Perl language")
            && out.ends_with("beyond that\n2\n"),
        "{out}"
    );
}
