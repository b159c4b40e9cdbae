//! Looks for scripts that make the simulated container panic or never end:
//! `cargo run --release -p podlab-node --example fuzz -- SECONDS [SEED]`.
//!
//! It cuts up and mixes the scripts of the differential test and runs what comes out, one after the other, in busybox and
//! debian containers. A panic is printed with the script that caused it, and so is a script that still runs when its
//! container was told to stop. The script at hand is kept in the file `fuzz-SEED.sh` of the temporary directory, which is
//! where to look when the process itself is gone. What it finds becomes a test beside the code that was wrong.
#![expect(clippy::disallowed_methods, reason = "it watches over real time from a thread of its own")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a search that cannot go on has failed")]

use std::{
    fs,
    path::Path,
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use podlab_node::{
    AttachOptions, Catalogue, ContainerConfig, Env, Network, Node, NodeConfig, PidMode, Resources,
    SandboxConfig,
};
use tokio::{io::AsyncReadExt, sync::oneshot};

/// How long a script may run before its container is stopped, on the wall.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long stopping it may take, on the wall.
const LAST_PATIENCE: Duration = Duration::from_secs(30);
/// The longest script, in bytes.
const MAX_SCRIPT: usize = 4096;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap());
    let (seconds, seed) = (numbers.next().unwrap_or(60), numbers.next().unwrap_or(1));
    let current = Arc::new(Mutex::new(String::new()));
    let panics = Arc::new(AtomicU64::new(0));
    let hook = (Arc::clone(&current), Arc::clone(&panics));
    std::panic::set_hook(Box::new(move |info| {
        hook.1.fetch_add(1, Ordering::Relaxed);
        println!("=== panic: {info}\n{}", hook.0.lock().unwrap());
    }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let (ran, stopped) = runtime.unwrap().block_on(search(Duration::from_secs(seconds), seed, &current));
    let panics = panics.load(Ordering::Relaxed);
    println!("{ran} scripts, {stopped} of them stopped, {panics} panics");
    if panics == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn search(time: Duration, seed: u64, current: &Mutex<String>) -> (u64, u64) {
    let file = std::env::temp_dir().join(format!("fuzz-{seed}.sh"));
    let mut mixer = Mixer::new(seed);
    let (mut ran, mut stopped) = (0, 0);
    let begun = Instant::now();
    let env = Env::on_current_runtime(Timestamp::UNIX_EPOCH, seed);
    let node = Node::new(NodeConfig::default(), env.clone(), Network::new(env), Catalogue::builtin());
    while begun.elapsed() < time {
        let script = mixer.script();
        fs::write(&file, &script).unwrap();
        current.lock().unwrap().clone_from(&script);
        let (image, shell) = if mixer.below(3) == 0 { ("debian", "bash") } else { ("busybox", "sh") };
        ran += 1;
        stopped += u64::from(!run(&node, image, shell, script).await);
    }
    (ran, stopped)
}

/// Runs a script in a container of its own; says whether it came to an end by itself.
async fn run(node: &Node, image: &str, shell: &str, script: String) -> bool {
    let image = node.pull_image(image).await.unwrap();
    let sandbox = SandboxConfig { pids: PidMode::Pod, ..SandboxConfig::default() };
    let sandbox = node.run_sandbox(sandbox).await.unwrap().id;
    let text = script.clone();
    let config = ContainerConfig {
        name: "script".to_owned(),
        image: image.id,
        command: vec![shell.to_owned(), "-c".to_owned(), script],
        working_dir: Some("/work".to_owned()),
        resources: Resources { memory_limit_bytes: Some(64 << 20), ..Resources::default() },
        ..ContainerConfig::default()
    };
    let mut ended = false;
    if let Ok(id) = node.create_container(&sandbox, config) {
        let session = node.attach(&id, AttachOptions { stdin: false, size: None }).unwrap();
        if node.start_container(&id).await.is_ok() {
            let (late, gone) = watch(text);
            let (mut out, mut err) = (session.stdout, session.stderr.unwrap());
            let (mut first, mut second) = (vec![0; 65536], vec![0; 65536]);
            let drained = async {
                let out = async { while out.read(&mut first).await.is_ok_and(|count| count > 0) {} };
                let err = async { while err.read(&mut second).await.is_ok_and(|count| count > 0) {} };
                tokio::join!(out, err);
            };
            tokio::select! {
                () = drained => ended = true,
                _ = late => {}
            }
            let _ = node.stop_sandbox(&sandbox).await;
            gone.store(true, Ordering::Relaxed);
        }
    }
    node.remove_sandbox(&sandbox).await;
    ended
}

/// Calls when patience is over, and ends the process when the script is not gone long after.
fn watch(script: String) -> (oneshot::Receiver<()>, Arc<AtomicBool>) {
    let (sender, late) = oneshot::channel();
    let gone = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&gone);
    std::thread::spawn(move || {
        let gone_within = |time: Duration| {
            let begun = Instant::now();
            while begun.elapsed() < time && !seen.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
            seen.load(Ordering::Relaxed)
        };
        if gone_within(PATIENCE) {
            return;
        }
        let _ = sender.send(());
        if !gone_within(LAST_PATIENCE) {
            println!("=== cannot be stopped:\n{script}");
            std::process::exit(1);
        }
    });
    (late, gone)
}

/// Makes new scripts of old ones.
struct Mixer {
    state: u64,
    scripts: Vec<String>,
    /// Words and signs of all scripts.
    tokens: Vec<String>,
}

impl Mixer {
    fn new(seed: u64) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential");
        let mut scripts = Vec::new();
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "txt") {
                    let text = fs::read_to_string(path).unwrap();
                    scripts.extend(text.split("\n---\n").map(str::to_owned));
                }
            }
        }
        scripts.sort();
        let mut tokens: Vec<String> = scripts.iter().flat_map(|script| tokens(script)).collect();
        tokens.sort();
        tokens.dedup();
        let odd = [
            "9223372036854775807",
            "-9223372036854775808",
            "99999999999999999999",
            "0x",
            "\u{0}",
            "é",
            "\u{10ffff}",
        ];
        tokens.extend(odd.map(str::to_owned));
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), scripts, tokens }
    }

    /// The next number below `bound` (splitmix64).
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn script(&mut self) -> String {
        let at = self.below(self.scripts.len());
        let mut parts = tokens(&self.scripts[at]);
        for _ in 0..=self.below(6) {
            self.change(&mut parts);
        }
        let mut script = parts.concat().replace('\0', "");
        let mut end = script.len().min(MAX_SCRIPT);
        while !script.is_char_boundary(end) {
            end -= 1;
        }
        script.truncate(end);
        script
    }

    fn change(&mut self, parts: &mut Vec<String>) {
        let at = self.below(parts.len());
        let (len, token) = (parts.len(), self.below(self.tokens.len()));
        match self.below(8) {
            0 if len > 0 => drop(parts.remove(at)),
            1 if len > 0 => parts[at].clone_from(&self.tokens[token]),
            2 => parts.insert(at, self.tokens[token].clone()),
            3 if len > 1 => {
                let other = self.below(len);
                parts.swap(at, other);
            }
            4 if len > 0 => {
                let part = parts[at].repeat(1 + self.below(40));
                parts[at] = part;
            }
            5 if len > 0 => {
                // A bit of a character more or less.
                let cut: Vec<char> = parts[at].chars().collect();
                let place = self.below(cut.len());
                parts[at] = cut.iter().enumerate().filter(|(i, _)| *i != place).map(|(_, c)| c).collect();
            }
            6 => {
                let other = self.below(self.scripts.len());
                let other = tokens(&self.scripts[other]);
                let from = self.below(other.len());
                let count = self.below(other.len() - from.min(other.len()));
                let piece = other.into_iter().skip(from).take(count + 1);
                parts.splice(at..at, piece);
            }
            _ => parts.truncate(at),
        }
    }
}

/// A text in words, blanks and signs; put together they are the text again.
fn tokens(text: &str) -> Vec<String> {
    let kind = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            0
        } else if c == ' ' {
            1
        } else {
            2
        }
    };
    let mut tokens: Vec<String> = Vec::new();
    let mut last = 2;
    for c in text.chars() {
        match tokens.last_mut() {
            Some(token) if kind(c) == last && last != 2 => token.push(c),
            _ => tokens.push(c.to_string()),
        }
        last = kind(c);
    }
    tokens
}
