//! How long a program runs before it lets others run: the longest turn of each kind of busy program, in processor time
//! of its thread, which does not depend on what else the machine does. A worker of the runtime looks at its timers every
//! 61 turns: what delays timers is how long turns usually are.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use jiff::Timestamp;
use podlab_node::{Catalogue, Env, Network, Node, Spawner, env::BoxFuture};
use rustix::time::{ClockId, clock_gettime};

use super::{holding_nothing_back, script_in, start};

/// What keeps a processor busy, and the image that it does so in.
const BUSY: &[(&str, &str)] = &[
    ("busybox", "while :; do :; done"),
    ("busybox", "i=0; while :; do i=$((i+1)); done"),
    ("busybox", "x=$(head -c 4000000 /dev/zero | tr '\\0' a); while :; do y=${x#b}; done"),
    ("busybox", "x=$(head -c 4000000 /dev/zero | tr '\\0' a); while :; do y=${x##*b}; done"),
    ("bash", "x=$(head -c 4000000 /dev/zero | tr '\\0' a); while :; do y=${x//a/bb}; done"),
    (
        "busybox",
        "x=$(head -c 1000000 /dev/zero | tr '\\0' a); while :; do case $x in *a*a*a*b) ;; esac; done",
    ),
    ("busybox", "while :; do for i in $(seq 100000); do :; done; done"),
    ("bash", "while :; do a=({1..50000}); done"),
    ("bash", "a=({1..50000}); while :; do b=(\"${a[@]}\"); done"),
    ("bash", "while :; do for ((i = 0; i < 100000; i++)); do :; done; done"),
    ("busybox", "mkdir /d; cd /d; seq 5000 | xargs touch; while :; do echo * > /dev/null; done"),
    ("busybox", "f() { local x=$1; [ $x -gt 0 ] && f $((x-1)); }; while :; do f 1000; done"),
    ("busybox", "while :; do echo x; done | sed s/x/y/ > /dev/null"),
    ("busybox", "awk 'BEGIN { while (1) n++ }'"),
    ("busybox", "awk 'BEGIN { while (1) s = s \"x\" }'"),
    (
        "busybox",
        "awk 'BEGIN { for (i = 0; i < 2e6; i++) s = s \"ab\"; while (1) { t = s; gsub(/a/, \"c\", t) } }'",
    ),
    ("busybox", "awk 'BEGIN { for (i = 0; i < 1e6; i++) s = s \"a \"; while (1) n = split(s, a) }'"),
    ("busybox", "awk 'BEGIN { for (i = 0; i < 1e6; i++) a[i] = i; while (1) for (k in a) n++ }'"),
    ("busybox", "awk 'BEGIN { while (1) s = sprintf(\"%1000000d\", 1) }'"),
    ("debian", "awk 'BEGIN { for (i = 0; i < 2e6; i++) s = s \"a\"; while (1) match(s, /(a|b)*c/) }'"),
    ("busybox", "yes some words and more | sed -n 's/\\([a-z]*\\) \\(.*\\)/\\2 \\1/p' > /dev/null"),
    ("busybox", "echo a | sed ':l; s/a/aa/; b l'"),
    (
        "busybox",
        "head -c 8000000 /dev/zero | tr '\\0' a > /f; while :; do sed 's/a/bc/g' /f > /dev/null; done",
    ),
    ("busybox", "head -c 8000000 /dev/zero | tr '\\0' a > /f; while :; do grep -E '(a|b)*c' /f; done"),
    ("busybox", "head -c 8000000 /dev/zero | tr '\\0' a > /f; while :; do grep -o a /f > /dev/null; done"),
    ("busybox", "head -c 1000000 /dev/zero | tr '\\0' a > /f; while :; do grep '\\(a*\\)\\1b' /f; done"),
    ("busybox", "yes some words and more | grep -E '(x|y)+z|q[0-9]*$'"),
    ("busybox", "seq 100000 > /p; while :; do seq 1000 | grep -f /p > /dev/null; done"),
    ("busybox", "seq 400000 > /f; while :; do sort -r /f > /dev/null; done"),
    ("debian", "seq 400000 > /f; while :; do sort -n -k1,1 -u /f > /dev/null; done"),
    ("debian", "seq 400000 > /f; while :; do shuf /f > /dev/null; done"),
    ("debian", "seq 400000 > /f; while :; do tac /f | tail -n 3 > /dev/null; done"),
    ("busybox", "yes | uniq -c"),
    ("busybox", "yes | wc"),
    ("busybox", "yes some words | cut -d' ' -f2 > /dev/null"),
    ("busybox", "yes some words | tr a-z A-Z > /dev/null"),
    ("busybox", "cat /dev/zero > /dev/null"),
    ("busybox", "dd if=/dev/zero of=/dev/null bs=64M"),
    ("busybox", "dd if=/dev/zero of=/dev/null bs=1"),
    ("busybox", "cat /dev/zero | gzip > /dev/null"),
    ("busybox", "head -c 50000000 /dev/zero | gzip > /z; while :; do zcat /z > /dev/null; done"),
    ("busybox", "head -c 50000000 /dev/urandom > /f; while :; do tar cf - /f | gzip > /dev/null; done"),
    ("busybox", "cat /dev/zero | sha512sum"),
    ("busybox", "cat /dev/urandom | md5sum"),
    ("busybox", "cat /dev/zero | base64 > /dev/null"),
    ("busybox", "cat /dev/urandom | od -x > /dev/null"),
    ("busybox", "cat /dev/urandom | hexdump -C > /dev/null"),
    ("debian", "seq 30000 > /a; seq 2 30001 | sed 's/5/6/' > /b; while :; do diff /a /b > /dev/null; done"),
    ("busybox", "head -c 8000000 /dev/zero > /a; cp /a /b; while :; do cmp /a /b; done"),
    ("busybox", "while :; do find / > /dev/null; done"),
    ("busybox", "while :; do ls -lR / > /dev/null; done"),
    ("busybox", "while :; do cat /proc/*/* > /dev/null 2>&1; done"),
    ("busybox", "while :; do printf '%1000000d' 1 > /dev/null; done"),
    ("busybox", "x=$(seq 300000); while :; do set -- $x; done"),
    ("busybox", "seq 300000 | while read x; do :; done; yes | while read x; do :; done"),
    ("busybox", "while :; do seq 100000 | xargs > /dev/null; done"),
    ("busybox", "while :; do true & done"),
    ("busybox", "while :; do /bin/true; done"),
    ("busybox", "while :; do x=$(echo a | cat); done"),
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
    for (image, text) in BUSY.iter().filter(|(_, text)| text.contains(&only)) {
        let turns = Arc::new(Turns::default());
        let mut env = Env::on_current_runtime(Timestamp::UNIX_EPOCH, 1);
        env.spawner = Arc::new(Measuring { inner: Arc::clone(&env.spawner), turns: Arc::clone(&turns) });
        let node = Node::new(holding_nothing_back(), env.clone(), Network::new(env), Catalogue::builtin());
        node.pull_image(image).await.unwrap();
        let id = start(&node, script_in(image, text)).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        node.stop_container(&id, Duration::ZERO).await.unwrap();
        let longest = turns.longest.load(Ordering::Relaxed) as f64 / 1e6;
        println!("{longest:>8.2} ms at most, {:>8.3} ms usually: {image}: {text}", turns.usual());
    }
}
