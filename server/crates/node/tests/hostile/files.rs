//! Programs that write too much, or into circles.

use podlab_node::NodeConfig;

use crate::{
    lab::{idle, script},
    trial::{assert_unhurt, beside, bounded, small, small_config},
};

#[tokio::test(start_paused = true)]
async fn a_file_that_grows_for_ever_fills_the_disk_it_was_given() {
    let lab = small().await;
    let (id, neighbour) =
        beside(&lab, script("yes > /f; echo status $?; rm /f; echo again > /g && cat /g")).await;
    lab.ended(&id).await;
    let log = lab.log(&id).await;
    assert!(log.contains("No space left on device") && log.ends_with("status 1\nagain\n"), "{log}");
    assert_unhurt(&lab, &neighbour).await;
}

#[tokio::test(start_paused = true)]
async fn endless_output_costs_its_owner_only() {
    let lab = small().await;
    let (id, neighbour) = beside(&lab, script("cat /dev/zero")).await;
    let (other, _) = beside(&lab, script("yes a million lines")).await;
    lab.sleep(3000).await;
    for id in [&id, &other] {
        let stats = lab.node.container_stats(id).unwrap();
        assert!(stats.logs_used_bytes <= 1 << 20, "{stats:?}");
    }
    assert_unhurt(&lab, &neighbour).await;
}

#[tokio::test(start_paused = true)]
async fn a_million_files_run_out_of_room() {
    let lab = bounded(NodeConfig { budget_bytes: 4 << 20, ..small_config() }).await;
    let (id, neighbour) = beside(
        &lab,
        script("mkdir /d; i=0; while echo > /d/$i; do i=$((i+1)); done; rm -r /d; echo again > /f; cat /f"),
    )
    .await;
    lab.ended(&id).await;
    let log = lab.log(&id).await;
    assert!(log.ends_with("No space left on device\nagain\n"), "{log}");
    assert_unhurt(&lab, &neighbour).await;
}

#[tokio::test(start_paused = true)]
async fn links_that_lead_to_each_other_are_given_up() {
    let lab = small().await;
    let id = lab.container(idle()).await;
    let output = lab.sh(&id, "ln -s b /a; ln -s a /b; cat /a; cd /a; ls /a/x; echo x > /b").await;
    assert_eq!(output.stderr.matches("Too many levels of symbolic links").count(), 4, "{output:?}");
    assert_ne!(output.code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_grows_for_ever_keeps_its_last_lines_only() {
    let lab = small().await;
    let (id, neighbour) = beside(&lab, script("i=0; while :; do i=$((i+1)); echo line $i; done")).await;
    lab.sleep(20_000).await;
    let log = lab.log(&id).await;
    let numbers: Vec<u64> = log.lines().filter_map(|line| line.strip_prefix("line ")?.parse().ok()).collect();
    assert!(
        numbers.len() > 1000 && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{}",
        numbers.len()
    );
    assert!(lab.node.container_stats(&id).unwrap().logs_used_bytes <= 1 << 20);
    assert_unhurt(&lab, &neighbour).await;
}
