//! Asks over HTTP from inside a container, with whatever the container has: curl, bash, netcat or wget. Where it has
//! none of them, another container of the Pod asks, which is on the same network.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use super::{
    container::{headers, side_by_side},
    exec::{ExecError, Output, exec},
    http::{Answer, NoAnswer, Question, Target},
    scene::Scene,
};

/// Asks from a container of `pod`, or else from its neighbours.
pub(crate) async fn ask(
    question: &Question,
    pod: &Pod,
    container: &str,
    scene: &Scene<'_>,
) -> Result<Answer, NoAnswer> {
    let name = pod.name_any();
    let host = host(question, &name, scene).await?;
    let neighbours = side_by_side(pod).into_iter().map(|neighbour| neighbour.name.as_str());
    for container in std::iter::once(container).chain(neighbours.filter(|other| *other != container)) {
        for tool in [Tool::Curl, Tool::Bash, Tool::Netcat, Tool::Wget] {
            let output = match exec(&name, container, &tool.command(question, &host), None, scene).await {
                Ok(output) => output,
                Err(ExecError::Endless) => return Err(NoAnswer::Nobody("no answer in time".to_owned())),
                Err(ExecError::NotRunning(_)) => break,
                Err(ExecError::Cluster(message)) => return Err(NoAnswer::Cluster(message)),
            };
            if !matches!(output.exit_code, 126 | 127) {
                return tool.answer(&output);
            }
        }
    }
    Err(NoAnswer::Cluster(format!("no container of Pod {name} has curl, bash, nc or wget to ask with")))
}

/// How the target is called inside of the Pod that asks.
async fn host(question: &Question, asking: &str, scene: &Scene<'_>) -> Result<String, NoAnswer> {
    match &question.target {
        Target::Service(name) => Ok(name.clone()),
        Target::Pod(name) if name == asking => Ok("localhost".to_owned()),
        Target::Pod(name) => {
            let pods = scene.objects("Pod").map(|seen| seen.borrow().clone()).unwrap_or_default();
            let address = pods.pod(name).and_then(|pod| pod.status?.pod_ip);
            address.ok_or_else(|| NoAnswer::Nobody(format!("Pod {name} has no address")))
        }
    }
}

/// What a container may have to ask with.
#[derive(Clone, Copy)]
enum Tool {
    Curl,
    Bash,
    Netcat,
    Wget,
}

impl Tool {
    fn command(self, question: &Question, host: &str) -> Vec<String> {
        let Question { port, path, method, .. } = question;
        let url = format!("http://{host}:{port}{path}");
        let fields = || question.headers.iter().map(|(name, value)| format!("{name}: {value}"));
        let request = || {
            let fields: String = fields().map(|field| format!("{field}\r\n")).collect();
            format!("{method} {path} HTTP/1.0\r\nHost: {host}:{port}\r\nConnection: close\r\n{fields}\r\n")
        };
        let shell = |shell: &str, script: &str| {
            [shell, "-c", script, shell, host, &port.to_string(), &request()].map(str::to_owned).to_vec()
        };
        match self {
            Self::Curl => {
                let mut command =
                    ["curl", "-s", "-i", "--max-time", "10", "-X", method].map(str::to_owned).to_vec();
                fields().for_each(|field| command.extend(["-H".to_owned(), field]));
                command.push(url);
                command
            }
            Self::Bash => {
                shell("bash", "exec 3<>\"/dev/tcp/$1/$2\" || exit 65; printf %s \"$3\" >&3; cat <&3")
            }
            Self::Netcat => {
                shell("sh", "command -v nc >/dev/null || exit 127; printf %s \"$3\" | nc \"$1\" \"$2\"")
            }
            Self::Wget => ["wget", "-q", "-S", "-O", "-", &url].map(str::to_owned).to_vec(),
        }
    }

    fn answer(self, output: &Output) -> Result<Answer, NoAnswer> {
        let parsed = match self {
            // It tells the headers, indented, on another stream than the body.
            Self::Wget => {
                let head: String = output.stderr.lines().map(|line| format!("{}\r\n", line.trim())).collect();
                parse(&format!("{head}\r\n{}", output.stdout))
            }
            _ => parse(&output.stdout),
        };
        let complaint = if output.stderr.trim().is_empty() { "nobody answers" } else { output.stderr.trim() };
        parsed.ok_or_else(|| NoAnswer::Nobody(complaint.to_owned()))
    }
}

/// Reads an answer as it goes over the wire.
fn parse(answer: &str) -> Option<Answer> {
    let start = answer.find("HTTP/")?;
    let (head, text) = match answer[start..].split_once("\r\n\r\n") {
        Some(parts) => parts,
        None => (&answer[start..], ""),
    };
    let mut lines = head.lines();
    let status = lines.next()?.split_whitespace().nth(1)?.parse().ok()?;
    let pairs = lines.filter_map(|line| line.split_once(':'));
    let headers = headers(pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())));
    Some(Answer { status, headers, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use podlab_exercises::content::check::Port;
    use proptest::prelude::*;

    fn question() -> Question {
        Question {
            target: Target::Service("web".into()),
            port: Port::Number(80),
            method: "GET".into(),
            path: "/a b'$x".into(),
            headers: [("X-A".to_owned(), "1".to_owned())].into(),
        }
    }

    #[test]
    fn answers_are_read_as_they_go_over_the_wire() {
        let answer =
            parse("HTTP/1.1 404 Not Found\r\nServer: nginx\r\nX: a:b\r\n\r\nno\r\n\r\nsuch").unwrap();
        assert_eq!((answer.status, answer.text.as_str()), (404, "no\r\n\r\nsuch"));
        assert_eq!((answer.headers["server"].as_str(), answer.headers["x"].as_str()), ("nginx", "a:b"));
        assert_eq!(parse("connection refused"), None);
    }

    #[test]
    fn wget_tells_headers_on_another_stream() {
        let output =
            Output { exit_code: 0, stdout: "hi".into(), stderr: "  HTTP/1.1 200 OK\n  Server: x\n".into() };
        let answer = Tool::Wget.answer(&output).unwrap();
        assert_eq!(
            (answer.status, answer.text.as_str(), answer.headers["server"].as_str()),
            (200, "hi", "x")
        );
        let error = Output {
            exit_code: 1,
            stdout: String::new(),
            stderr: "  HTTP/1.0 404 Not Found\nwget: error".into(),
        };
        assert_eq!(Tool::Wget.answer(&error).unwrap().status, 404);
        let nobody = Output { exit_code: 1, stdout: String::new(), stderr: "wget: can't connect".into() };
        assert_eq!(Tool::Wget.answer(&nobody), Err(NoAnswer::Nobody("wget: can't connect".into())));
    }

    #[test]
    fn nothing_of_a_question_is_read_by_a_shell() {
        for tool in [Tool::Bash, Tool::Netcat] {
            let command = tool.command(&question(), "web");
            assert!(!command[2].contains("web") && !command[2].contains("$x"), "{command:?}");
            assert!(
                command[6].starts_with("GET /a b'$x HTTP/1.0\r\n")
                    && command[6].contains("\r\nX-A: 1\r\n\r\n")
            );
        }
        let curl = Tool::Curl.command(&question(), "web");
        assert_eq!(curl[7..], ["-H", "X-A: 1", "http://web:80/a b'$x"]);
    }

    proptest! {
        #[test]
        fn nothing_panics(answer in "\\PC*|HTTP/[0-9. a-z:\\r\\n]{0,60}") {
            let _ = parse(&answer);
        }
    }
}
