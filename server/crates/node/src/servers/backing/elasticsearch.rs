//! Elasticsearch: who it is, and that it is well; indices are not simulated.

use std::time::Duration;

use super::{Service, hostname, not_simulated, stamp, version};
use crate::{
    kernel::{errno::Errno, process::Process},
    servers::listening::{Answer, Request},
};

pub(super) const SERVICE: Service = Service {
    name: "elasticsearch",
    memory: 620 << 20,
    ports: &[9200, 9300],
    starting: Duration::from_secs(4),
    greeting,
    ready,
    taken,
    farewell,
    answer: Some(answer),
    exit_code: 143,
};

fn line(process: &Process, logger: &str, text: &str) -> String {
    let node: String = hostname(process).chars().take(7).collect();
    format!("[{}][INFO ][{logger:<25}] [{node}] {text}\n", stamp(process, "%Y-%m-%dT%H:%M:%S,%3f"))
}

fn greeting(process: &Process) -> String {
    let version = version(process, "ELASTICSEARCH_VERSION", "8.19.4");
    line(process, "o.e.n.Node", &format!("version[{version}], pid[{}]", process.pid))
        + &line(process, "o.e.n.Node", "initialized")
}

fn ready(process: &Process) -> String {
    line(process, "o.e.n.Node", "started")
}

fn taken(process: &Process, port: u16, errno: Errno) -> String {
    format!(
        "Exception in thread \"main\" BindHttpException[Failed to bind to {port}]; nested: BindException[{}];\n",
        process.text(errno)
    )
}

fn farewell(process: &Process) -> String {
    line(process, "o.e.n.Node", "stopping ...")
        + &line(process, "o.e.n.Node", "stopped")
        + &line(process, "o.e.n.Node", "closed")
}

fn answer(process: &Process, request: &Request) -> Answer {
    let json = |text: String| Answer::new(200, "application/json; charset=UTF-8", text);
    match request.path() {
        "/" => {
            let (name, version) = (hostname(process), version(process, "ELASTICSEARCH_VERSION", "8.19.4"));
            json(format!(
                "{{\n  \"name\" : \"{name}\",\n  \"cluster_name\" : \"docker-cluster\",\n  \"version\" : {{\n    \"number\" : \
                 \"{version}\",\n    \"build_flavor\" : \"default\",\n    \"build_type\" : \"docker\"\n  }},\n  \"tagline\" : \"You \
                 Know, for Search\"\n}}\n"
            ))
        }
        "/_cluster/health" => json(
            "{\"cluster_name\":\"docker-cluster\",\"status\":\"green\",\"timed_out\":false,\"number_of_nodes\":1,\
             \"number_of_data_nodes\":1,\"active_primary_shards\":0,\"active_shards\":0,\"relocating_shards\":0,\
             \"initializing_shards\":0,\"unassigned_shards\":0}"
                .to_owned(),
        ),
        "/_cat/indices" => Answer::new(200, "text/plain; charset=UTF-8", ""),
        _ => not_simulated("Elasticsearch"),
    }
}
