//! The real binary, a real SQLite file, a real HTTP port.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// The binary.
pub(crate) fn podlab() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podlab"));
    command.env("PODLAB_LOG", "warn").env_remove("PODLAB_DATABASE").env_remove("PODLAB_CLUSTER");
    command
}

/// Runs the binary with these arguments and this standard input to its end.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Output {
    use std::io::Write;
    let mut child = podlab()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that reads no input may be gone by now.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// The folder of an exercise's files.
pub(crate) fn exercise_file(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises").join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// A folder that goes with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("podlab-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A lab that is being served.
pub(crate) struct Lab {
    folder: Folder,
    server: Child,
    base: String,
}

impl Lab {
    /// A lab with an empty database.
    pub(crate) fn start() -> Self {
        let folder = Folder::new();
        // The API needs no scripts; that a site is there is all that `serve` looks at.
        let pkg = folder.path("site/pkg");
        std::fs::create_dir_all(&pkg).unwrap();
        std::fs::write(pkg.join("podlab.css"), "").unwrap();
        let (server, base) = serve(&folder);
        Self { folder, server, base }
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again over the same database.
    pub(crate) fn start_again(&mut self) {
        self.kill();
        (self.server, self.base) = serve(&self.folder);
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path("podlab.db")
    }

    /// Somebody new.
    pub(crate) fn learner(&self) -> Learner {
        Learner { cookie: None, client: Client::builder(TokioExecutor::new()).build_http() }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn serve(folder: &Folder) -> (Child, String) {
    let mut server = podlab()
        .args(["serve", "--listen", "127.0.0.1:0", "--database"])
        .arg(format!("sqlite:{}", folder.path("podlab.db").display()))
        .arg("--site")
        .arg(folder.path("site"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
    let base = format!("http://{}", address.unwrap_or_else(|| panic!("podlab said {line:?}")));
    (server, base)
}

/// Somebody with a browser of their own.
pub(crate) struct Learner {
    pub(crate) cookie: Option<String>,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }
}

impl Learner {
    pub(crate) async fn get(&mut self, lab: &Lab, path: &str) -> Answer {
        self.send(lab, Method::GET, path, &[], Vec::new()).await
    }

    pub(crate) async fn submit(&mut self, lab: &Lab, exercise: &str, manifest: &str) -> Answer {
        let body = serde_json::json!({ "manifest": manifest }).to_string();
        self.post(lab, &format!("/api/v1/exercises/{exercise}/submissions"), &body).await
    }

    pub(crate) async fn post(&mut self, lab: &Lab, path: &str, json: &str) -> Answer {
        self.send(lab, Method::POST, path, &[("content-type", "application/json")], json.into()).await
    }

    pub(crate) async fn put(&mut self, lab: &Lab, path: &str, json: &str) -> Answer {
        self.send(lab, Method::PUT, path, &[("content-type", "application/json")], json.into()).await
    }

    /// Every event of a submission's grading, until its stream ends.
    pub(crate) async fn events(&mut self, lab: &Lab, id: i64) -> Vec<Value> {
        let answer = self.get(lab, &format!("/api/v1/submissions/{id}/events")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let data = answer.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    /// Submits and waits for the verdict.
    pub(crate) async fn grade(&mut self, lab: &Lab, exercise: &str, manifest: &str) -> Value {
        let submitted = self.submit(lab, exercise, manifest).await;
        assert_eq!(submitted.status, StatusCode::ACCEPTED, "{}", submitted.body);
        let events = self.events(lab, submitted.json()["id"].as_i64().unwrap()).await;
        events.last().unwrap()["verdict"].clone()
    }

    pub(crate) async fn send(
        &mut self,
        lab: &Lab,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", lab.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let response = self.client.request(request.body(Full::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        if let Some(cookie) = parts.headers.get(header::SET_COOKIE) {
            self.cookie = cookie.to_str().unwrap().split(';').next().map(Into::into);
        }
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}
