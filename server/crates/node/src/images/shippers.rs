//! Log shippers and a writer of logs: `fluentd`, `fluent-bit`, `filebeat`, `event-simulator`.

use super::{
    alpine,
    base::{plain_recipe, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::errno::Libc,
};

pub(super) const FLUENT_BIT: Family = Family {
    repositories: &["fluent/fluent-bit", "cr.fluentbit.io/fluent/fluent-bit", "bitnami/fluent-bit"],
    recipe: fluent_bit,
};
pub(super) const FLUENTD: Family = Family {
    repositories: &[
        "fluentd",
        "fluent/fluentd",
        "bitnami/fluentd",
        "registry.k8s.io/fluentd-gcp",
        "k8s.gcr.io/fluentd-gcp",
        "gcr.io/google_containers/fluentd-gcp",
    ],
    recipe: fluentd,
};
pub(super) const FILEBEAT: Family = Family {
    repositories: &[
        "elastic/filebeat",
        "docker.elastic.co/beats/filebeat",
        "docker.elastic.co/beats/filebeat-oss",
    ],
    recipe: filebeat,
};
pub(super) const EVENT_SIMULATOR: Family =
    Family { repositories: &["kodekloud/event-simulator"], recipe: event_simulator };

pub(super) const FLUENT_BIT_RELEASES: &[&str] = &[
    "4.0.3", "4.0.0", "3.2.10", "3.2.2", "3.1.9", "3.0.7", "2.2.3", "2.1.10", "2.0.14", "1.9.10", "1.8.15",
    "1.7.9", "1.5.7", "1.3.11",
];
pub(super) const FLUENTD_RELEASES: &[&str] = &[
    "1.19.1", "1.18.0", "1.17.1", "1.16.9", "1.16.2", "1.15.3", "1.14.6", "1.12.4", "1.11.5", "1.9.1", "1.3",
];
pub(super) const FILEBEAT_RELEASES: &[&str] = &[
    "8.17.3", "8.16.1", "8.15.0", "8.13.4", "8.12.2", "8.11.1", "8.10.4", "8.5.1", "7.17.9", "7.10.2",
    "7.9.3",
];

const FLUENT_BIT_CONF: &str = "\
[SERVICE]
    flush        1
    daemon       Off
    log_level    info
    parsers_file parsers.conf
    http_server  Off
    http_listen  0.0.0.0
    http_port    2020

[INPUT]
    name cpu
    tag  cpu.local
    interval_sec 1

[OUTPUT]
    name  stdout
    match *
";

const FLUENT_BIT_PARSERS: &str = "\
[PARSER]
    Name        json
    Format      json
    Time_Key    time
    Time_Format %d/%b/%Y:%H:%M:%S %z

[PARSER]
    Name        docker
    Format      json
    Time_Key    time
    Time_Format %Y-%m-%dT%H:%M:%S.%L
    Time_Keep   On

[PARSER]
    Name        nginx
    Format      regex
    Regex       ^(?<remote>\\S*) (?<host>\\S*) (?<user>\\S*) \\[(?<time>[^\\]]*)\\] \"(?<method>\\S+) +(?<path>\\S+) +\\S+\" (?<code>\\S*) (?<size>\\S*)(?: \"(?<referer>[^\"]*)\" \"(?<agent>[^\"]*)\")?
    Time_Key    time
    Time_Format %d/%b/%Y:%H:%M:%S %z
";

fn fluent_bit(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(FLUENT_BIT_RELEASES)?;
    let mut tree = debian::tree(debian::bookworm(), &[], &[]);
    tree.program("/fluent-bit/bin/fluent-bit", &format!("fluent-bit/{version}"), 68_000_000)
        .file("/fluent-bit/etc/fluent-bit.conf", 0o644, FLUENT_BIT_CONF)
        .file("/fluent-bit/etc/parsers.conf", 0o644, FLUENT_BIT_PARSERS);
    let mut recipe = plain_recipe(tree, Libc::Glibc, version.to_owned(), 34_112_768);
    recipe.entrypoint = words(&["/fluent-bit/bin/fluent-bit"]);
    recipe.cmd = words(&["-c", "/fluent-bit/etc/fluent-bit.conf"]);
    recipe.exposed_ports = vec![2020];
    Some(recipe)
}

const FLUENTD_ENTRYPOINT: &str = "\
#!/bin/sh
# Without a command, or with options only, the server runs.
set -e
case \"$1\" in
'' | -*) set -- fluentd \"$@\" ;;
esac
if [ \"$1\" = fluentd ] && [ -z \"$2\" ]; then
  set -- fluentd -c /fluentd/etc/${FLUENTD_CONF:-fluent.conf} $FLUENTD_OPT $FLUENTD_ARGS
fi
exec \"$@\"
";

fn fluentd(repository: &str, tag: &Tag) -> Option<Recipe> {
    // The image of old has numbers of its own.
    let of_old = repository.ends_with("fluentd-gcp");
    let label = tag.release(if of_old { &["1.30", "1.28"] } else { FLUENTD_RELEASES })?;
    let version = if of_old { "1.3" } else { label };
    let account =
        debian::Account { name: "fluent", id: 999, comment: "", home: "/home/fluent", shell: "/bin/sh" };
    let mut tree = debian::tree(debian::bookworm(), &[account], &[]);
    tree.program("/usr/local/bundle/bin/fluentd", &format!("fluentd/{version}"), 600_000)
        .link("/usr/local/bin/fluentd", "/usr/local/bundle/bin/fluentd")
        .file("/usr/bin/entrypoint.sh", 0o755, FLUENTD_ENTRYPOINT)
        .file(
            "/fluentd/etc/fluent.conf",
            0o644,
            "<source>\n  @type  forward\n  @id    input1\n  port  24224\n</source>\n\n<match **>\n  @type stdout\n</match>\n",
        )
        .dir_of("/fluentd/log", 0o755, 999, 999);
    let mut recipe = plain_recipe(tree, Libc::Glibc, label.to_owned(), 72_318_976);
    recipe.entrypoint = words(&["/bin/entrypoint.sh"]);
    // The image of old ran as root, so that it could read everything.
    if !of_old {
        recipe.user = "fluent".to_owned();
    }
    recipe.exposed_ports = vec![24224, 5140];
    Some(recipe)
}

fn filebeat(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(FILEBEAT_RELEASES)?;
    let account = debian::Account {
        name: "filebeat",
        id: 1000,
        comment: "",
        home: "/usr/share/filebeat",
        shell: "/bin/sh",
    };
    let mut tree = debian::tree(debian::newest(), &[account], &[]);
    tree.program("/usr/share/filebeat/filebeat", &format!("filebeat/{version}"), 143_000_000)
        .dir_of("/usr/share/filebeat/data", 0o775, 1000, 0)
        .dir_of("/usr/share/filebeat/logs", 0o775, 1000, 0)
        .link("/usr/bin/filebeat", "/usr/share/filebeat/filebeat")
        .file(
            "/usr/share/filebeat/filebeat.yml",
            0o644,
            "filebeat.config:\n  modules:\n    path: ${path.config}/modules.d/*.yml\n    reload.enabled: false\n\n\
             output.elasticsearch:\n  hosts: '${ELASTICSEARCH_HOSTS:elasticsearch:9200}'\n",
        )
        .file("/usr/local/bin/docker-entrypoint", 0o755, "#!/bin/bash\nset -e\ncase \"$1\" in\n'' | -*) set -- filebeat \"$@\" ;;\nesac\nexec \"$@\"\n");
    let mut recipe = plain_recipe(tree, Libc::Glibc, version.to_owned(), 116_391_936);
    recipe.entrypoint = words(&["/usr/local/bin/docker-entrypoint"]);
    recipe.cmd = words(&["-environment", "container"]);
    recipe.working_dir = "/usr/share/filebeat".to_owned();
    recipe.user = "filebeat".to_owned();
    Some(recipe)
}

fn event_simulator(_: &str, tag: &Tag) -> Option<Recipe> {
    let version = tag.release(&["1"])?;
    let mut tree = alpine::tree(alpine::NEWEST, &[], &[]);
    // Python itself is not simulated: what is run under its name is the application.
    tree.program("/usr/local/bin/python", "event-simulator", 14_400)
        .file("/event-simulator.py", 0o644, "# podlab runs this application as a program of its own.\n")
        .dirs(&["/log"]);
    let mut recipe = plain_recipe(tree, Libc::Musl, version.to_owned(), 33_816_576);
    recipe.entrypoint = words(&["python", "event-simulator.py"]);
    Some(recipe)
}
