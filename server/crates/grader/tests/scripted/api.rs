//! An API server whose answers are scripted, for what a real one seldom does: refuse, break, hang.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Bytes, Frame};
use kube::{Client, client::Body};
use podlab_exercises::content::{Content, ExerciseContent, Files};
use podlab_grader::{Clock, Cluster, Tenancy, clock::BoxFuture};
use serde_json::{Value, json};

/// tokio's clock, which a paused runtime moves on when there is nothing to do.
struct Tokio(tokio::time::Instant);

impl Clock for Tokio {
    fn uptime(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<()> {
        Box::pin(tokio::time::sleep_until(self.0 + deadline))
    }
}

/// What the server answers.
pub(crate) enum Reply {
    /// This body.
    Text(u16, &'static str),
    /// This object.
    Json(Value),
    /// A failure with this message.
    Failure(u16, &'static str),
    /// Nothing, ever.
    Never,
}

type Script = dyn Fn(&str, &str) -> Option<Reply> + Send + Sync;

/// The server: what it was asked, and what it was sent.
#[derive(Clone)]
pub(crate) struct Api {
    asked: Arc<Mutex<Vec<String>>>,
    pods: Arc<Mutex<VecDeque<Value>>>,
    script: Arc<Script>,
}

impl Api {
    /// A server on which sandboxes work and every applied object is taken. `pods` are the states of the Pod that it
    /// tells watchers about, one every second; `script` answers what should be answered otherwise.
    pub(crate) fn new(
        pods: Vec<Value>,
        script: impl Fn(&str, &str) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self { asked: Arc::default(), pods: Arc::new(Mutex::new(pods.into())), script: Arc::new(script) }
    }

    /// The cluster that it serves.
    pub(crate) fn cluster(&self) -> Cluster {
        let api = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let api = api.clone();
            let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
            let method = request.method().to_string();
            async move { Ok::<_, Infallible>(api.answer(&method, &path).await) }
        });
        Cluster {
            client: Client::new(service, "default"),
            clock: Arc::new(Tokio(tokio::time::Instant::now())),
            tenancy: Tenancy::Private,
            owner: "learner".into(),
        }
    }

    /// Whether it was asked for this.
    pub(crate) fn was_asked(&self, method: &str, part: &str) -> bool {
        self.times_asked(method, part) > 0
    }

    /// How often it was asked for this.
    pub(crate) fn times_asked(&self, method: &str, part: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|line| line.starts_with(method) && line.contains(part)).count()
    }

    async fn answer(&self, method: &str, path: &str) -> Response<BoxBody<Bytes, Infallible>> {
        self.asked.lock().unwrap().push(format!("{method} {path}"));
        match (self.script)(method, path) {
            Some(Reply::Text(code, body)) => text_response(code, body.to_owned()),
            Some(Reply::Json(body)) => json_response(200, &body),
            Some(Reply::Failure(code, message)) => json_response(
                code,
                &json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message}),
            ),
            Some(Reply::Never) => std::future::pending().await,
            None if path.contains("watch=true") => self.watch(path),
            None if method == "GET" => json_response(200, &list(path)),
            None if method == "DELETE" => {
                json_response(200, &json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}))
            }
            None => {
                let made =
                    json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "podlab-test"}});
                json_response(200, &made)
            }
        }
    }

    /// A watch that tells of the Pod's states, or of nothing, and stays open.
    fn watch(&self, path: &str) -> Response<BoxBody<Bytes, Infallible>> {
        let states = if path.contains("/pods?") {
            std::mem::take(&mut *self.pods.lock().unwrap())
        } else {
            VecDeque::new()
        };
        let events = futures::stream::iter(states.into_iter().enumerate()).then(|(i, pod)| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let event = json!({"type": if i == 0 { "ADDED" } else { "MODIFIED" }, "object": pod});
            Ok::<_, Infallible>(Frame::data(Bytes::from(format!("{event}\n"))))
        });
        let open = events.chain(futures::stream::pending());
        Response::new(BodyExt::boxed(StreamBody::new(open)))
    }
}

fn json_response(code: u16, body: &Value) -> Response<BoxBody<Bytes, Infallible>> {
    text_response(code, body.to_string())
}

fn text_response(code: u16, body: String) -> Response<BoxBody<Bytes, Infallible>> {
    let body = Full::new(Bytes::from(body)).boxed();
    Response::builder().status(code).header("Server", "scripted").body(body).unwrap()
}

/// A list without items; of ServiceAccounts, one with the default one.
fn list(path: &str) -> Value {
    let default = json!({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "default"}});
    let items = if path.contains("/serviceaccounts") { vec![default] } else { Vec::new() };
    json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items})
}

/// A Pod called web, as the API tells it.
pub(crate) fn pod(status: Value) -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": "web", "resourceVersion": "2", "uid": "1"},
        "spec": {"nodeName": "node1", "containers": [{"name": "a", "image": "nginx"}]},
        "status": status,
    })
}

/// A Pod called web that is ready.
pub(crate) fn ready() -> Value {
    pod(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}))
}

/// Content with one exercise, `one`, that asks for a Pod called web with an nginx, which is ready.
pub(crate) fn content() -> Content {
    content_with(
        "- {id: image, title: It runs nginx, points: 1, object: {kind: Pod, name: web}, cel: \"object.spec.containers[0].image == 'nginx'\"}\n\
         - {id: ready, title: It is ready, points: 2, ready: {pod: web, for: 2s}}\n",
    )
}

/// Content with one exercise, `one`, that has these checks.
pub(crate) fn content_with(checks: &str) -> Content {
    let ids: Vec<&str> =
        checks.split("id: ").skip(1).filter_map(|rest| rest.split([',', '\n']).next()).collect();
    let indented: String = checks.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "apiVersion: podlab.dev/v1\nkind: Exercise\nmetadata: {{name: one, title: One}}\nspec:\n  summary: S\n  \
         minutes: 1\n  difficulty: easy\n  tasks: [{{id: t, brief: B, checks: [{}]}}]\n  checks:\n{indented}",
        ids.join(", ")
    );
    let mistake = format!("# title: M\n# trips: [{}]\n", ids[0]);
    let files: Files = [
        ("one/exercise.yaml", text.as_str()),
        ("one/README.md", "B"),
        ("one/solutions/s.yaml", "# title: S\n"),
        ("one/mistakes/m.yaml", &mistake),
    ]
    .into_iter()
    .collect();
    Content::from_files(&files).unwrap()
}

/// The exercise of [`content`].
pub(crate) fn exercise(content: &Content) -> &ExerciseContent {
    &content.exercises[0]
}

/// A manifest of the Pod.
pub(crate) const MANIFEST: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: nginx}]}\n";
