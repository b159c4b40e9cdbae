//! Running programs in running containers, and attaching to them.

use podlab_node::{AttachOptions, ContainerConfig, RuntimeError, Signal, WindowSize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::{Lab, Output, collect, idle, script};

#[tokio::test(start_paused = true)]
async fn streams_and_exit_code_come_back() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    let output = lab.sh(&id, "echo out; echo err >&2; exit 7").await;
    assert_eq!(output, Output { stdout: "out\n".into(), stderr: "err\n".into(), code: 7 });
    let output = lab.sh_with(&id, "read line; echo \"<$line>\"; cat", "first\nsecond\nthird").await;
    assert_eq!(output.stdout, "<first>\nsecond\nthird");
    // Without a standard input there is nothing to read.
    assert_eq!(lab.sh(&id, "read line || echo none").await.stdout, "none\n");
}

#[tokio::test(start_paused = true)]
async fn a_missing_program_is_told_in_the_words_of_runc() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    for (program, ending) in [
        ("bash", "exec: \"bash\": executable file not found in $PATH"),
        ("/bin/bash", "exec: \"/bin/bash\": stat /bin/bash: no such file or directory"),
    ] {
        let error = lab.exec(&id, &[program]).await.unwrap_err();
        let RuntimeError::Exec(message) = error else { panic!("{error}") };
        assert!(message.starts_with("failed to exec in container: failed to start exec \""), "{message}");
        let ending =
            format!("OCI runtime exec failed: exec failed: unable to start container process: {ending}");
        assert!(message.ends_with(&ending), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn environment_and_working_directory_are_the_containers() {
    let lab = Lab::new().await;
    let config = ContainerConfig {
        env: vec![("COLOUR".into(), "blue".into())],
        working_dir: Some("/srv".into()),
        ..idle()
    };
    let id = lab.container(config).await;
    assert_eq!(lab.sh(&id, "echo $COLOUR; pwd").await.stdout, "blue\n/srv\n");
}

#[tokio::test(start_paused = true)]
async fn what_ended_cannot_be_entered() {
    let lab = Lab::new().await;
    let id = lab.container(script("exit 0")).await;
    lab.ended(&id).await;
    assert_eq!(lab.exec(&id, &["true"]).await.unwrap_err(), RuntimeError::NotRunning(id.clone()));
    assert!(lab.node.attach(&id, AttachOptions::default()).is_err());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_container_ends_its_sessions() {
    let lab = Lab::new().await;
    let id = lab.container(script("sleep 5")).await;
    assert_eq!(lab.sh(&id, "echo begun; sleep 100; echo never").await.code, 137);
    assert_eq!(lab.uptime().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_dropped_leaves_its_process_with_closed_streams() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    let session = lab
        .node
        .exec(
            &id,
            podlab_node::ExecOptions {
                argv: ["sh", "-c", "sleep 3; echo a > /one; echo b; echo c > /two"].map(str::to_owned).into(),
                ..Default::default()
            },
        )
        .await
        .unwrap();
    drop(session);
    lab.sleep(5000).await;
    // Writing where nobody reads kills it.
    assert_eq!(lab.sh(&id, "ls /one /two 2>/dev/null").await.stdout, "/one\n");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_takes_too_long_can_be_killed() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    let options = podlab_node::ExecOptions { argv: vec!["sleep".into(), "100".into()], ..Default::default() };
    let session = lab.node.exec(&id, options).await.unwrap();
    session.process.signal(Signal::KILL);
    assert_eq!(session.exit.wait().await.code(), 137);
    assert_eq!(lab.uptime().as_secs(), 0);
}

#[tokio::test(start_paused = true)]
async fn attaching_shows_what_is_printed_from_then_on_and_feeds_standard_input() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let config = ContainerConfig {
        stdin: true,
        stdin_once: true,
        ..script("echo ready; while read line; do echo \"got $line\"; done; echo bye >&2")
    };
    let id = lab.node.create_container(&pod, config).unwrap();
    let session = lab.node.attach(&id, AttachOptions { stdin: true, size: None }).unwrap();
    lab.node.start_container(&id).await.unwrap();
    let output = collect(session, Some("one\ntwo\n")).await;
    assert_eq!(
        output,
        Output { stdout: "ready\ngot one\ngot two\n".into(), stderr: "bye\n".into(), code: 0 }
    );
    assert_eq!(lab.log(&id).await, "ready\ngot one\ngot two\nbye\n");
}

#[tokio::test(start_paused = true)]
async fn a_container_with_a_terminal_talks_through_it() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let config = ContainerConfig {
        stdin: true,
        tty: true,
        ..script("test -t 0 && test -t 1 && stty size; read x; echo [$x]")
    };
    let id = lab.node.create_container(&pod, config).unwrap();
    lab.node.start_container(&id).await.unwrap();
    let size = Some(WindowSize { columns: 100, rows: 30 });
    let mut session = lab.node.attach(&id, AttachOptions { stdin: true, size }).unwrap();
    lab.sleep(10).await;
    session.stdin.as_mut().unwrap().write_all(b"hello\r").await.unwrap();
    let mut text = String::new();
    session.stdout.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "30 100\r\nhello\r\n[hello]\r\n");
}

#[tokio::test(start_paused = true)]
async fn whoever_attaches_before_the_start_says_the_terminals_size_and_changes_it() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let config = ContainerConfig { stdin: true, tty: true, ..script("stty size; read x; stty size") };
    let id = lab.node.create_container(&pod, config).unwrap();
    let size = Some(WindowSize { columns: 60, rows: 16 });
    let mut session = lab.node.attach(&id, AttachOptions { stdin: true, size }).unwrap();
    lab.node.start_container(&id).await.unwrap();
    lab.sleep(10).await;
    session.terminal.as_ref().unwrap().resize(WindowSize { columns: 132, rows: 43 });
    session.stdin.as_mut().unwrap().write_all(b"\r").await.unwrap();
    let mut text = String::new();
    session.stdout.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "16 60\r\n\r\n43 132\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_terminal_echoes_interrupts_and_tells_its_size() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    let mut session = lab.terminal(&id, &["sh", "-c", "trap 'echo int; exit 3' INT; stty size; cat"]).await;
    let mut seen = String::new();
    let mut buffer = [0; 256];
    while !seen.ends_with("24 80\r\n") {
        let count = session.stdout.read(&mut buffer).await.unwrap();
        seen.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    lab.sleep(10).await;
    session.stdin.as_mut().unwrap().write_all(b"hi\r").await.unwrap();
    lab.sleep(10).await;
    session.stdin.as_mut().unwrap().write_all(b"lost\x03").await.unwrap();
    session.stdout.read_to_string(&mut seen).await.unwrap();
    assert_eq!(seen, "24 80\r\nhi\r\nhi\r\nlost^Cint\r\n");
    assert_eq!(session.exit.wait().await.code(), 3);
}

/// Types into a terminal piece by piece, and returns all that it showed until its program ended.
async fn talk(lab: &Lab, id: &podlab_node::ContainerId, argv: &[&str], typed: &[&str]) -> (String, i32) {
    let session = lab.terminal(id, argv).await;
    let (mut stdin, mut stdout) = (session.stdin.unwrap(), session.stdout);
    let mut seen = String::new();
    let typing = async {
        for keys in typed {
            lab.sleep(20).await;
            // The program may have ended.
            let _ = stdin.write_all(keys.as_bytes()).await;
        }
        lab.sleep(20).await;
    };
    let (_, read) = tokio::join!(typing, stdout.read_to_string(&mut seen));
    read.unwrap();
    (seen, session.exit.wait().await.code())
}

#[tokio::test(start_paused = true)]
async fn an_interactive_shell_prompts_edits_and_remembers() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    let (seen, code) =
        talk(&lab, &id, &["sh"], &["echo one\r", "cd /etc\r", "\x1b[A\x1b[A\x7f\x7f\x7ftwo\r", "exit 3\r"])
            .await;
    assert_eq!(code, 3);
    assert!(seen.starts_with("/ # echo one\r\none\r\n/ # cd /etc\r\n/etc # cd /etc"), "{seen:?}");
    assert!(seen.ends_with("two\r\ntwo\r\n/etc # exit 3\r\n"), "{seen:?}");
    // What was typed before is there in the next session.
    let (seen, _) = talk(&lab, &id, &["sh"], &["\x1b[A\x1b[A\r", "\x04"]).await;
    assert!(seen.contains("echo two\x1b[J\r\ntwo\r\n"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn names_are_completed_and_choices_shown() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    let (seen, _) =
        talk(&lab, &id, &["sh"], &["cat /etc/hostn\t\r", "hostna\t\r", "ls /etc/hos\t\t\r", "exit\r"]).await;
    assert!(seen.starts_with("/ # cat /etc/hostname \r\npod\r\n/ # hostname \r\npod\r\n"), "{seen:?}");
    assert!(seen.contains("hostname  hosts\r\n/ # ls /etc/host"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn interrupts_end_the_line_or_the_command_and_the_end_of_input_ends_the_shell() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    let (seen, code) =
        talk(&lab, &id, &["sh"], &["abc\x03", "sleep 100\r", "\x03", "echo $?\r", "\x04"]).await;
    assert_eq!(seen, "/ # abc^C\r\n/ # sleep 100\r\n^C\r\n/ # echo $?\r\n130\r\n/ # \r\n");
    assert_eq!(code, 0);
    assert_eq!(lab.uptime().as_secs(), 0);
}

#[tokio::test(start_paused = true)]
async fn commands_over_several_lines_are_asked_for_until_they_are_complete() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    let typed = ["for i in 1 2; do\r", "echo $i\r", "done\r", "cat <<E\r", "text\r", "E\r", "exit\r"];
    let (seen, _) = talk(&lab, &id, &["sh"], &typed).await;
    assert_eq!(
        seen,
        "/ # for i in 1 2; do\r\n> echo $i\r\n> done\r\n1\r\n2\r\n/ # cat <<E\r\n> text\r\n> E\r\ntext\r\n/ # exit\r\n"
    );
}

#[tokio::test(start_paused = true)]
async fn jobs_are_stopped_and_brought_back() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    let typed = [
        "sleep 1000 &\r",
        "jobs\r",
        "kill %1\r",
        "\r",
        "sleep 500\r",
        "\x1a",
        "jobs\r",
        "fg\r",
        "\x03",
        "exit\r",
    ];
    let (seen, _) = talk(&lab, &id, &["sh"], &typed).await;
    assert!(seen.contains("[1]+  Running                    sleep 1000\r\n"), "{seen:?}");
    assert!(seen.contains("[1]+  Terminated                 sleep 1000\r\n"), "{seen:?}");
    assert!(seen.contains("^Z[1]+  Stopped                    sleep 500\r\n"), "{seen:?}");
    assert!(seen.contains("/ # fg\r\nsleep 500\r\n^C"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn bash_greets_as_its_start_up_files_say_and_says_when_it_goes() {
    let lab = Lab::new().await;
    lab.node.pull_image("debian").await.unwrap();
    let id = lab.container(ContainerConfig { image: "debian".to_owned(), ..idle() }).await;
    let host = lab.sh(&id, "hostname").await.stdout.trim().to_owned();
    let (seen, _) = talk(&lab, &id, &["bash"], &["cd /var\r", "exit\r"]).await;
    assert_eq!(seen, format!("root@{host}:/# cd /var\r\nroot@{host}:/var# exit\r\nexit\r\n"));
    let (seen, _) = talk(&lab, &id, &["bash", "-l"], &["\x04"]).await;
    assert_eq!(seen, format!("root@{host}:/# \r\nlogout\r\n"));
    let asked = lab.exec(&id, &["bash", "-c", "echo \"[$PS1] $-\""]).await.unwrap();
    assert_eq!(asked.stdout, "[] hBc\n");
}

#[tokio::test(start_paused = true)]
async fn what_was_typed_is_listed_in_pipelines_too_and_kept_for_the_next_session() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    let (seen, _) = talk(&lab, &id, &["sh"], &["echo one\r", "history | grep o\r", "exit\r"]).await;
    assert!(seen.contains("\r\n   0 echo one\r\n   1 history | grep o\r\n/ #"), "{seen:?}");

    lab.node.pull_image("debian").await.unwrap();
    let id = lab.container(ContainerConfig { image: "debian".to_owned(), ..idle() }).await;
    let typed =
        ["for i in 1 2\r", "do echo $i\r", "done\r", "echo two\r", "echo two\r", "history | tail -n 2\r"];
    let (seen, _) = talk(&lab, &id, &["bash"], &[&typed[..], &["fc -l 1 1\r", "exit\r"]].concat()).await;
    assert!(seen.contains("\r\n    3  echo two\r\n    4  history | tail -n 2\r\n"), "{seen:?}");
    assert!(seen.contains("\r\n1\t for i in 1 2; do echo $i; done\r\n"), "{seen:?}");
    let file = lab.sh(&id, "tail -n 3 ~/.bash_history; stat -c %a ~/.bash_history").await.stdout;
    assert_eq!(file, "history | tail -n 2\nfc -l 1 1\nexit\n600\n");
    let typed = [
        "HISTCONTROL=ignoreboth\r",
        " echo hidden\r",
        "history 3\r",
        "PS1='<\\!>'\r",
        "history -c\r",
        "exit\r",
    ];
    let (seen, _) = talk(&lab, &id, &["bash"], &typed).await;
    assert!(
        seen.contains("    6  exit\r\n    7  HISTCONTROL=ignoreboth\r\n    8  history 3\r\n"),
        "{seen:?}"
    );
    assert!(seen.contains("<10>history -c\r\n"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn bash_marks_the_job_that_it_lets_run_in_the_background() {
    let lab = Lab::new().await;
    lab.node.pull_image("debian").await.unwrap();
    let id = lab.container(ContainerConfig { image: "debian".to_owned(), ..idle() }).await;
    let (seen, _) = talk(&lab, &id, &["bash"], &["sleep 100\r", "\x1a", "bg\r", "kill %1\r", "exit\r"]).await;
    assert!(seen.contains("bg\r\n[1]+ sleep 100 &\r\n"), "{seen:?}");
}
