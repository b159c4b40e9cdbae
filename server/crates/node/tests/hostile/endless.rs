//! Scripts that would go on for ever, or until all memory is gone. Each runs for some seconds beside a neighbour, who must
//! notice nothing, and is stopped then.

use podlab_node::{ContainerConfig, ContainerState};

use crate::{
    lab::script,
    trial::{assert_stops, assert_unhurt, beside, small},
};

/// How long each runs, in milliseconds of the node's clock.
const TIME: u64 = 3000;

async fn endure(image: &str, shell: &str, scripts: &[&str]) {
    for text in scripts {
        let lab = small().await;
        lab.node.pull_image(image).await.unwrap();
        let command = [shell, "-c", text].map(str::to_owned).to_vec();
        let config = ContainerConfig { image: image.to_owned(), command, args: Vec::new(), ..script("") };
        let (id, neighbour) = beside(&lab, config).await;
        lab.sleep(TIME).await;
        assert_unhurt(&lab, &neighbour).await;
        assert_stops(&lab, &id).await;
        assert_eq!(lab.node.container_status(&id).unwrap().state, ContainerState::Exited, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn text_without_end() {
    endure(
        "busybox",
        "sh",
        &[
            "seq 1000000000000 | sort",
            "seq 1000000000000 | awk '{ a[NR] = $0 }'",
            "yes | tac",
            "yes | tail -n 1000000000",
            "yes | uniq -c",
            "yes | grep -c n",
            "yes | sed -n '$p'",
            "yes | xargs",
            "yes | tr '\\n' ' ' | fold",
            "cat /dev/zero | od",
            "cat /dev/urandom | strings",
            "tail -f /dev/zero",
            "tail -c 1000000000000 /dev/zero",
            "head -n 1000000000000 /dev/zero",
            "cut -c 1- /dev/zero",
            "rev /dev/zero",
            "sort /dev/zero /dev/urandom",
            "wc /dev/zero",
            "diff /dev/zero /dev/urandom",
            "cmp /dev/zero /dev/zero",
            "md5sum /dev/zero",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn editors_of_streams_that_grow_what_they_hold() {
    endure(
        "busybox",
        "sh",
        &[
            "echo x | sed ':a; s/x/xx/; ta'",
            "echo x | sed ':a; s/x/xx/g; ta'",
            "echo x | sed ':a; G; h; ba'",
            "yes | sed ':a; N; ba'",
            "yes | sed -n 'H; ${x; p}'",
            "awk 'function f(n) { return f(n + 1) } BEGIN { f(0) }'",
            "awk 'BEGIN { while (1) a[n++] = n }'",
            "awk 'BEGIN { while (1) s = s s \"x\" }'",
            "awk 'BEGIN { for (;;) printf \"%1000000000d\", 1 }'",
            "awk 'BEGIN { while (1) \"echo \" n++ | getline x }'",
            "awk 'BEGIN { while (1) print > \"/tmp/\" n++ }'",
            "printf '%1000000000d' 1",
            "printf '%.1000000000f' 1",
            "printf '%1000000000s' x > /dev/null; while :; do :; done",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn packers_of_nothing() {
    endure(
        "busybox",
        "sh",
        &[
            "head -c 60000000 /dev/zero | gzip | gzip > /b; while :; do zcat /b | zcat | cat > /dev/null; done",
            "cat /dev/zero | gzip | gzip | gunzip | gunzip | wc -c",
            "cat /dev/urandom | gzip > /f",
            "tar cf /t.tar / ; while :; do tar cf - / | tar tf - > /dev/null; done",
            "cp -r / /copy; while :; do du /; done",
            "dd if=/dev/zero of=/dev/null bs=1G",
            "dd if=/dev/zero of=/f bs=1M",
            "dd if=/dev/zero of=/f bs=1 seek=1000000000000 count=1; while :; do cat /f > /dev/null; done",
            "cat /dev/urandom | base64 | tee /f > /dev/null",
            "echo x > /f; cat /f >> /f",
            "truncate -s 60G /f; md5sum /f",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn crowds_of_processes() {
    endure(
        "busybox",
        "sh",
        &[
            ":(){ :|:& };:",
            "f() { f | f; }; f",
            "f() { f & f; }; f",
            "f() { (f); }; f",
            "f() { $(f); }; f",
            "while :; do sh -c 'sleep 100' & done",
            "while :; do sleep 0 & done",
            "while :; do kill -9 -1; done",
            "trap : USR1; while :; do kill -USR1 $$; done",
            "trap 'kill -USR1 $$' USR1; kill -USR1 $$; while :; do :; done",
            "trap '' TERM INT HUP; while :; do :; done",
            "while :; do timeout 0.001 sh -c 'while :; do :; done'; done",
            "while :; do find / -exec true {} \\; ; done",
            "while :; do find / | xargs -n 1 echo > /dev/null; done",
            "while :; do cat /proc/*/* /proc/net/* /proc/self/fd/* > /dev/null 2>&1; done",
            "while :; do ps; top -b -n 1; done > /dev/null",
            "watch -n 0 true",
            "exec sh -c 'exec sh -c \"while :; do :; done\"'",
            "echo 'exec sh /s' > /s; sh /s",
            "nohup sh -c 'while :; do :; done' &",
            "setsid sh -c 'while :; do :; done' & wait",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn queues_in_which_nobody_moves() {
    endure(
        "busybox",
        "sh",
        &[
            "mkfifo /p; cat /p",
            "mkfifo /p; echo x > /p",
            "mkfifo /p /q; cat /p > /q & cat /q > /p & echo x > /p; wait",
            "mkfifo /p; exec 3<>/p; yes >&3",
            "mkfifo /p; exec 3<>/p; read x <&3",
            "mkfifo /p; (exec 3<>/p; cat <&3 >&3) & echo x > /p; wait",
            "yes | sleep 1000",
            "sleep 1000 | cat",
            "mkdir /t; cd /t; for i in $(seq 1000); do echo $i > $i; done; tail -f *",
            "mkdir /t; cd /t; for i in $(seq 1000); do mkfifo $i; done; cat *",
            "read x",
            "wait; while :; do read x < /dev/zero; done",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn words_that_grow() {
    endure(
        "busybox",
        "sh",
        &[
            "set -- $(seq 10000000); while :; do :; done",
            "x=$(yes); while :; do :; done",
            "for i in $(yes); do :; done; while :; do :; done",
            "x=$(head -c 4000000 /dev/zero | tr '\\0' a); while :; do i=$((i+1)); eval \"v$i=\\$x$i\"; done",
            "x=x; while :; do x=$x$x; done; while :; do :; done",
            "x=$(head -c 1000000 /dev/zero | tr '\\0' a); while :; do y=${x##*b}; y=${x%b*}; y=${x#*a*a*b}; done",
            "x=$(head -c 200000 /dev/zero | tr '\\0' a); while :; do case $x in *${x}b*) ;; esac; done",
            "p=$(printf '?%.0s' $(seq 2000)); x=$(head -c 500000 /dev/zero | tr '\\0' a); case $x in *${p}b) ;; esac",
            "while :; do eval \"$(head -c 100000 /dev/zero | tr '\\0' '(')\"; done",
            "x=$(seq 200000); while :; do set -- $x; shift 1000; done",
            "while :; do echo /*/*/* /*/../*/../*; done > /dev/null",
            "mkdir -p $(printf 'd/%.0s' $(seq 1000)); while :; do echo */*/*/*/*; done > /dev/null; rm -r d",
            "alias a='b' b='a '; while :; do a a a; done",
            "while :; do expr $(head -c 100000 /dev/zero | tr '\\0' a) : '\\(a*\\)*b'; done",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_bash_can_do_besides() {
    endure(
        "debian",
        "bash",
        &[
            "echo {1..100000000}; while :; do :; done",
            "echo {1..1000}{1..1000}{1..1000}; while :; do :; done",
            "a=({1..100000}); while :; do a+=(\"${a[@]}\"); done",
            "declare -A a; while :; do a[$((n++))]=x; done",
            "while :; do a[n++]=x; done",
            "a[1000000000000]=x; while :; do echo \"${!a[@]}\"; done > /dev/null",
            "while :; do printf -v x '%*s' 1000000000 x; done",
            "while read -r x; do :; done < <(yes)",
            "x=$(head -c 1000000 /dev/zero | tr '\\0' a); while :; do y=${x//a/bb}; y=${x^^}; y=${x@Q}; done",
            "x=$(head -c 100000 /dev/zero | tr '\\0' a); while :; do [[ $x =~ (a*)*b ]]; done",
            "f() { f; }; f; while :; do :; done",
            "shopt -s extglob; x=$(head -c 1000000 /dev/zero | tr '\\0' a); while :; do y=${x//@(a)/b}; y=${x%!(b)}; done",
            "mapfile -t a < <(yes); while :; do :; done",
            "coproc yes; while :; do :; done",
            "while :; do (( n = n * n + 1 )); done",
            "(( x = x ** 1000000000 )); while :; do (( 2 ** 62 )); done",
            "yes | while read -r; do echo \"$REPLY\"; done | sort",
            "apt-get install -y $(yes | head -c 100000)  > /dev/null 2>&1; while :; do apt-cache search .; done > /dev/null",
            "jq -n '[limit(1000000000; repeat(1))]'; while :; do :; done",
        ],
    )
    .await;
}
