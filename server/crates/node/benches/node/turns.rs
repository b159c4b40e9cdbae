//! How long a program runs before it lets others run: the longest turn of each kind of busy program, in processor time
//! of its thread, which does not depend on what else the machine does. A worker of the runtime looks at its timers after
//! some turns: what delays timers is how long turns usually are.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use podlab_node::{Catalogue, Env, Network, Node, Spawner, env::BoxFuture};
use rustix::time::{ClockId, clock_gettime};

use super::{holding_nothing_back, run_by, start};

/// Who speaks: an image, and its shell.
#[derive(Clone, Copy, Debug)]
enum System {
    Busybox,
    Debian,
    Bash,
}
use System::{Bash, Busybox, Debian};

/// What keeps a processor busy, and whose words that is in.
const BUSY: &[(System, &str)] = &[
    (Busybox, "while :; do :; done"),
    (Busybox, "i=0; while :; do i=$((i+1)); done"),
    (Busybox, "x=$(head -c 4000000 /dev/zero | tr '\\0' a); while :; do y=${x#b}; done"),
    (Busybox, "x=$(head -c 4000000 /dev/zero | tr '\\0' a); while :; do y=${x##*b}; done"),
    (Bash, "x=$(head -c 4000000 /dev/zero | tr '\\0' a); while :; do y=${x//a/bb}; done"),
    (Busybox, "x=$(head -c 1000000 /dev/zero | tr '\\0' a); while :; do case $x in *a*a*a*b) ;; esac; done"),
    (Busybox, "while :; do for i in $(seq 100000); do :; done; done"),
    (Bash, "while :; do a=({1..50000}); done"),
    (Bash, "a=({1..50000}); while :; do b=(\"${a[@]}\"); done"),
    (Bash, "while :; do for ((i = 0; i < 100000; i++)); do :; done; done"),
    (Busybox, "mkdir /d; cd /d; seq 5000 | xargs touch; while :; do echo * > /dev/null; done"),
    (Busybox, "f() { local x=$1; [ $x -gt 0 ] && f $((x-1)); }; while :; do f 1000; done"),
    (Busybox, "while :; do echo x; done | sed s/x/y/ > /dev/null"),
    (Busybox, "awk 'BEGIN { while (1) n++ }'"),
    (Busybox, "awk 'BEGIN { while (1) s = s \"x\" }'"),
    (
        Busybox,
        "awk 'BEGIN { for (i = 0; i < 2e6; i++) s = s \"ab\"; while (1) { t = s; gsub(/a/, \"c\", t) } }'",
    ),
    (Busybox, "awk 'BEGIN { for (i = 0; i < 1e6; i++) s = s \"a \"; while (1) n = split(s, a) }'"),
    (Busybox, "awk 'BEGIN { for (i = 0; i < 1e6; i++) a[i] = i; while (1) for (k in a) n++ }'"),
    (Busybox, "awk 'BEGIN { while (1) s = sprintf(\"%1000000d\", 1) }'"),
    (Debian, "awk 'BEGIN { for (i = 0; i < 2e6; i++) s = s \"a\"; while (1) match(s, /(a|b)*c/) }'"),
    (Busybox, "yes some words and more | sed -n 's/\\([a-z]*\\) \\(.*\\)/\\2 \\1/p' > /dev/null"),
    (Busybox, "echo a | sed ':l; s/a/aa/; b l'"),
    (Busybox, "head -c 8000000 /dev/zero | tr '\\0' a > /f; while :; do sed 's/a/bc/g' /f > /dev/null; done"),
    (Busybox, "head -c 8000000 /dev/zero | tr '\\0' a > /f; while :; do grep -E '(a|b)*c' /f; done"),
    (Busybox, "head -c 8000000 /dev/zero | tr '\\0' a > /f; while :; do grep -o a /f > /dev/null; done"),
    (Busybox, "head -c 1000000 /dev/zero | tr '\\0' a > /f; while :; do grep '\\(a*\\)\\1b' /f; done"),
    (Busybox, "yes some words and more | grep -E '(x|y)+z|q[0-9]*$'"),
    (Busybox, "seq 100000 > /p; while :; do seq 1000 | grep -f /p > /dev/null; done"),
    (Busybox, "seq 400000 > /f; while :; do sort -r /f > /dev/null; done"),
    (Debian, "seq 400000 > /f; while :; do sort -n -k1,1 -u /f > /dev/null; done"),
    (Debian, "seq 400000 > /f; while :; do shuf /f > /dev/null; done"),
    (Debian, "seq 400000 > /f; while :; do tac /f | tail -n 3 > /dev/null; done"),
    (Busybox, "yes | uniq -c"),
    (Busybox, "yes | wc"),
    (Busybox, "yes some words | cut -d' ' -f2 > /dev/null"),
    (Busybox, "yes some words | tr a-z A-Z > /dev/null"),
    (Busybox, "cat /dev/zero > /dev/null"),
    (Busybox, "dd if=/dev/zero of=/dev/null bs=64M"),
    (Busybox, "dd if=/dev/zero of=/dev/null bs=1"),
    (Busybox, "cat /dev/zero | gzip > /dev/null"),
    (Busybox, "head -c 50000000 /dev/zero | gzip > /z; while :; do zcat /z > /dev/null; done"),
    (Busybox, "head -c 50000000 /dev/urandom > /f; while :; do tar cf - /f | gzip > /dev/null; done"),
    (Busybox, "cat /dev/zero | sha512sum"),
    (Busybox, "cat /dev/urandom | md5sum"),
    (Busybox, "cat /dev/zero | base64 > /dev/null"),
    (Busybox, "cat /dev/urandom | od -x > /dev/null"),
    (Busybox, "cat /dev/urandom | hexdump -C > /dev/null"),
    (Debian, "seq 30000 > /a; seq 2 30001 | sed 's/5/6/' > /b; while :; do diff /a /b > /dev/null; done"),
    (Busybox, "head -c 8000000 /dev/zero > /a; cp /a /b; while :; do cmp /a /b; done"),
    (Busybox, "while :; do find / > /dev/null; done"),
    (Busybox, "while :; do ls -lR / > /dev/null; done"),
    (Busybox, "while :; do cat /proc/*/* > /dev/null 2>&1; done"),
    (Busybox, "while :; do printf '%1000000d' 1 > /dev/null; done"),
    (Busybox, "x=$(seq 300000); while :; do set -- $x; done"),
    (Busybox, "seq 300000 | while read x; do :; done; yes | while read x; do :; done"),
    (Busybox, "while :; do seq 100000 | xargs > /dev/null; done"),
    (Busybox, "while :; do true & done"),
    (Busybox, "while :; do /bin/true; done"),
    (Busybox, "while :; do x=$(echo a | cat); done"),
];

/// The turns of all tasks.
#[derive(Default)]
struct Turns {
    longest: AtomicU64,
    /// The sum of all, in nanoseconds, and the sum of their squares, in square microseconds.
    total: AtomicU64,
    squares: AtomicU64,
}

impl Turns {
    fn note(&self, nanos: u64) {
        self.longest.fetch_max(nanos, Ordering::Relaxed);
        self.total.fetch_add(nanos, Ordering::Relaxed);
        self.squares.fetch_add((nanos / 1000).pow(2), Ordering::Relaxed);
    }

    /// How long a turn is that goes on at any moment, on average, in milliseconds.
    fn usual(&self) -> f64 {
        self.squares.load(Ordering::Relaxed) as f64 / self.total.load(Ordering::Relaxed) as f64
    }
}

struct Measuring {
    inner: Arc<dyn Spawner>,
    turns: Arc<Turns>,
}

impl Spawner for Measuring {
    fn spawn(&self, task: BoxFuture<()>) {
        self.inner.spawn(Box::pin(Measured { task, turns: Arc::clone(&self.turns) }));
    }
}

struct Measured {
    task: BoxFuture<()>,
    turns: Arc<Turns>,
}

impl Future for Measured {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let begun = nanos();
        let result = self.task.as_mut().poll(cx);
        self.turns.note(nanos() - begun);
        result
    }
}

/// Processor time of this thread.
fn nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

pub(crate) async fn turns() {
    let only = std::env::args().nth(2).unwrap_or_default();
    for (system, text) in BUSY.iter().filter(|(_, text)| text.contains(&only)) {
        let turns = Arc::new(Turns::default());
        let mut env = Env::on_current_runtime(Timestamp::UNIX_EPOCH, 1);
        env.spawner = Arc::new(Measuring { inner: Arc::clone(&env.spawner), turns: Arc::clone(&turns) });
        let node = Node::new(holding_nothing_back(), env.clone(), Network::new(env), Catalogue::builtin());
        let (image, shell) = match system {
            Busybox => ("busybox", "sh"),
            Debian => ("debian", "sh"),
            Bash => ("debian", "bash"),
        };
        node.pull_image(image).await.unwrap();
        let id = start(&node, run_by(image, shell, text)).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let begun = Instant::now();
        node.stop_container(&id, Duration::ZERO).await.unwrap();
        let stopped = begun.elapsed().as_secs_f64() * 1e3;
        let longest = turns.longest.load(Ordering::Relaxed) as f64 / 1e6;
        println!(
            "{longest:>8.2} ms at most, {:>8.3} ms usually, stopped in {stopped:>6.1} ms: {system:?}: {text}",
            turns.usual()
        );
    }
}
