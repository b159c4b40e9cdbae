//! Runs one simulated container in the foreground: `container [--fast] [-i] [-t] [--mount DIR:PATH] IMAGE [-- COMMAND...]`.
//!
//! The container's standard streams are this process's; its exit code is this process's too. With `--fast` time jumps to
//! the next timer when nothing can run. With `-t` the container has a terminal; it has 24 rows of
//! 80 columns, and what it shows comes out as it is.

#![expect(clippy::disallowed_methods, reason = "a terminal is read by a thread of its own")]

use std::{io::Write, process::ExitCode, time::SystemTime};

use jiff::Timestamp;
use podlab_node::{
    AttachOptions, Catalogue, ContainerConfig, Env, Mount, Network, Node, NodeConfig, SandboxConfig,
    TreeContent, TreeEntry, WindowSize,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[derive(Default)]
struct Arguments {
    fast: bool,
    stdin: bool,
    tty: bool,
    mounts: Vec<(String, String)>,
    image: String,
    command: Vec<String>,
}

fn arguments() -> Result<Arguments, String> {
    let mut parsed = Arguments::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--fast" => parsed.fast = true,
            "-i" => parsed.stdin = true,
            "-t" => parsed.tty = true,
            "--mount" => {
                let mount = args.next().unwrap_or_default();
                let (from, to) = mount.split_once(':').ok_or("--mount takes DIR:PATH")?;
                parsed.mounts.push((from.to_owned(), to.to_owned()));
            }
            "--" => {
                parsed.command.extend(args.by_ref());
            }
            _ if parsed.image.is_empty() => parsed.image = arg,
            _ => parsed.command.push(arg),
        }
    }
    if parsed.image.is_empty() { Err("which image?".to_owned()) } else { Ok(parsed) }
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(message) => return fail(&message),
    };
    let mut builder = if arguments.fast {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    builder.enable_time();
    if arguments.fast {
        builder.start_paused(true);
    }
    match builder.build() {
        Ok(runtime) => {
            let code = runtime.block_on(run(arguments));
            runtime.shutdown_background();
            code
        }
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "container: {message}");
    ExitCode::from(125)
}

/// A directory of this machine, to be copied in.
fn read_tree(
    root: &std::path::Path,
    dir: &std::path::Path,
    into: &mut Vec<TreeEntry>,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        if path.is_dir() {
            into.push(TreeEntry { path: name, mode: 0o755, content: TreeContent::Directory });
            read_tree(root, &path, into)?;
        } else {
            let mut file = std::fs::OpenOptions::new().read(true).open(&path)?;
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut text)?;
            into.push(TreeEntry { path: name, mode: 0o755, content: TreeContent::File(text.into()) });
        }
    }
    Ok(())
}

async fn run(arguments: Arguments) -> ExitCode {
    let epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let epoch = Timestamp::from_second(i64::try_from(epoch.as_secs()).unwrap_or(0)).unwrap_or_default();
    let env = Env::on_current_runtime(epoch, 1);
    let network = Network::new(env.clone());
    let node = Node::new(NodeConfig::default(), env, network, Catalogue::builtin());
    match start(&node, arguments).await {
        Ok(code) => code,
        Err(message) => fail(&message),
    }
}

async fn start(node: &Node, arguments: Arguments) -> Result<ExitCode, String> {
    let image = node.pull_image(&arguments.image).await.map_err(|error| error.to_string())?;
    let sandbox = SandboxConfig { hostname: "container".to_owned(), ..SandboxConfig::default() };
    let sandbox = node.run_sandbox(sandbox).await.map_err(|error| error.to_string())?;
    let mut mounts = Vec::new();
    for (from, to) in arguments.mounts {
        let mut entries = Vec::new();
        let from = std::path::Path::new(&from);
        read_tree(from, from, &mut entries).map_err(|error| error.to_string())?;
        let volume = node.directory(&entries).map_err(|error| error.to_string())?;
        mounts.push(Mount { volume, sub_path: None, path: to, read_only: false });
    }
    let config = ContainerConfig {
        name: "container".to_owned(),
        image: image.id,
        command: arguments.command,
        mounts,
        stdin: arguments.stdin,
        stdin_once: true,
        tty: arguments.tty,
        ..ContainerConfig::default()
    };
    let id = node.create_container(&sandbox.id, config).map_err(|error| error.to_string())?;
    let size = arguments.tty.then_some(WindowSize { rows: 24, columns: 80 });
    let options = AttachOptions { stdin: arguments.stdin, size };
    let session = node.attach(&id, options).map_err(|error| error.to_string())?;
    node.start_container(&id).await.map_err(|error| error.to_string())?;
    if let Some(mut stdin) = session.stdin {
        let (typed, mut keys) = tokio::sync::mpsc::channel::<Vec<u8>>(16);
        // A terminal's input comes bit by bit, and nothing else may wait for it.
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(count @ 1..) = std::io::Read::read(&mut std::io::stdin(), &mut buffer) {
                if typed.blocking_send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        drop(tokio::runtime::Handle::current().spawn(async move {
            while let Some(bytes) = keys.recv().await {
                if stdin.write_all(&bytes).await.is_err() {
                    break;
                }
            }
            let _ = stdin.shutdown().await;
        }));
    }
    let mut stdout = session.stdout;
    let stderr = session.stderr;
    let out = async {
        let mut buffer = vec![0; 65536];
        while let Ok(count @ 1..) = stdout.read(&mut buffer).await {
            if std::io::stdout().write_all(&buffer[..count]).and_then(|()| std::io::stdout().flush()).is_err()
            {
                break;
            }
        }
    };
    let err = async {
        let Some(mut stderr) = stderr else { return };
        let mut buffer = vec![0; 65536];
        while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
            let _ = std::io::stderr().write_all(&buffer[..count]);
        }
    };
    tokio::join!(out, err);
    let status = session.exit.wait().await;
    Ok(ExitCode::from(u8::try_from(status.code()).unwrap_or(255)))
}
