//! The first page: how soon it comes and how much is sent.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use super::{Failure, median_and_p95, row};

/// Prints how long `podlab serve` takes from its start to its first page, with an existing database.
pub(super) async fn print_start(site: &Path, times: usize) -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("podlab-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (site, database) = (site.to_owned(), format!("sqlite:{}", folder.join("bench.db").display()));
    let measured = tokio::task::spawn_blocking(move || {
        // The first run makes the database.
        (0..=times).map(|_| start_to_page(&site, &database)).skip(1).collect::<Result<Vec<f64>, String>>()
    })
    .await?;
    let _ = fs::remove_dir_all(&folder);
    let (median, p95) = median_and_p95(measured?);
    row("process start to first page", &format!("{median:.0} ms, p95 {p95:.0} ms"), "");
    Ok(())
}

fn start_to_page(site: &Path, database: &str) -> Result<f64, String> {
    let start = Instant::now();
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut server = Command::new(program)
        .args(["serve", "--listen", "127.0.0.1:0", "--database", database, "--site"])
        .arg(site)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("podlab serve could not be started: {e}"))?;
    let page = || -> std::io::Result<String> {
        let output = server.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address =
            line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        let mut connection = TcpStream::connect(address)?;
        write!(connection, "GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok(answer)
    }();
    let took = start.elapsed().as_secs_f64() * 1000.0;
    let _ = server.kill();
    let _ = server.wait();
    match page {
        Ok(page) if page.starts_with("HTTP/1.1 200") => Ok(took),
        Ok(page) => Err(format!("the first page was {:?}", page.lines().next())),
        Err(error) => Err(format!("podlab serve gave no page: {error}")),
    }
}

/// Prints what the browser is sent, compressed as it asks for it.
pub(super) fn print_sizes(site: &Path) -> Result<(), Failure> {
    let pkg = site.join("pkg");
    let size = |name: &str| -> Result<u64, Failure> {
        let file = pkg.join(format!("{name}.br"));
        Ok(fs::metadata(&file).map_err(|e| format!("{}: {e}", file.display()))?.len())
    };
    let (wasm, glue, style) = (size("podlab_bg.wasm")?, size("podlab.js")?, size("podlab.css")?);
    let kb = |bytes: u64| format!("{:.1} kB", bytes as f64 / 1000.0);
    row("WebAssembly, brotli", &kb(wasm), "");
    row("its glue, brotli", &kb(glue), "");
    row("style sheet, brotli", &kb(style), "");
    row("first page without the editor, in all", &kb(wasm + glue + style), "400 kB or less");
    row("editor, brotli, loaded after", &kb(size("editor.js")?), "");
    Ok(())
}
