//! Backing services as far as starting and being well goes (see `servers::backing`).

use super::{
    alpine,
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::errno::Libc,
};

/// An image of a backing service.
#[derive(Debug)]
struct Backing {
    repositories: &'static [&'static str],
    releases: &'static [&'static str],
    /// Where the program lies, and which it is.
    program: (&'static str, &'static str),
    /// Other programs and where they lie.
    tools: &'static [(&'static str, &'static str)],
    /// The variable that says the release.
    version: &'static str,
    directories: &'static [&'static str],
    command: &'static [&'static str],
    ports: &'static [u16],
    /// Whether it is made of Alpine instead of Debian.
    alpine: bool,
    user: &'static str,
}

const BACKING: &[Backing] = &[
    Backing {
        repositories: &["consul", "hashicorp/consul"],
        releases: &[
            "1.21.5", "1.20.6", "1.19.2", "1.18.2", "1.17.3", "1.16.6", "1.15.4", "1.14.11", "1.13.9",
            "1.12.9", "1.11.11", "1.10.12", "1.9.17", "1.8.19", "1.7.14",
        ],
        program: ("/bin/consul", "consul"),
        tools: &[],
        version: "CONSUL_VERSION",
        directories: &["/consul/data", "/consul/config"],
        command: &["consul", "agent", "-dev", "-client", "0.0.0.0"],
        ports: &[8300, 8301, 8302, 8500, 8600],
        alpine: true,
        user: "",
    },
    Backing {
        repositories: &["docker.elastic.co/elasticsearch/elasticsearch", "elasticsearch"],
        releases: &[
            "9.1.5", "8.19.4", "8.17.0", "8.15.3", "8.13.4", "8.12.2", "8.11.4", "8.10.4", "8.6.2", "8.4.3",
            "7.17.29", "7.17.9", "7.17.3", "7.16.3", "7.10.2", "7.9.3", "7.6.2", "7.5.2", "7.4.2", "7.2.0",
            "6.8.23", "6.4.2",
        ],
        program: ("/usr/share/elasticsearch/bin/elasticsearch", "elasticsearch"),
        tools: &[],
        version: "ELASTICSEARCH_VERSION",
        directories: &[
            "/usr/share/elasticsearch/config",
            "/usr/share/elasticsearch/data",
            "/usr/share/elasticsearch/logs",
        ],
        command: &["/usr/share/elasticsearch/bin/elasticsearch"],
        ports: &[9200, 9300],
        alpine: false,
        user: "1000:0",
    },
    Backing {
        repositories: &["grafana/grafana", "grafana/grafana-oss"],
        releases: &[
            "12.2.1", "11.6.7", "11.2.0", "11.1.0", "10.4.19", "10.4.0", "10.2.3", "10.0.0", "9.5.21",
            "9.3.0", "8.5.27", "8.4.4", "7.5.17",
        ],
        program: ("/usr/share/grafana/bin/grafana", "grafana"),
        tools: &[],
        version: "GRAFANA_VERSION",
        directories: &["/etc/grafana/provisioning", "/var/lib/grafana", "/var/log/grafana"],
        command: &["/usr/share/grafana/bin/grafana", "server"],
        ports: &[3000],
        alpine: true,
        user: "472",
    },
    Backing {
        repositories: &["mongo"],
        releases: &[
            "8.0.15", "8.0.4", "7.0.25", "7.0.5", "6.0.26", "6.0.5", "5.0.31", "5.0", "4.4.29", "4.4.6",
            "4.2.24", "4.0.28", "3.6.23",
        ],
        program: ("/usr/bin/mongod", "mongod"),
        tools: &[("/usr/bin/mongosh", "mongosh"), ("/usr/bin/mongo", "mongosh")],
        version: "MONGO_VERSION",
        directories: &["/data/db", "/data/configdb", "/docker-entrypoint-initdb.d"],
        command: &["mongod"],
        ports: &[27017],
        alpine: false,
        user: "",
    },
    Backing {
        repositories: &["prom/prometheus", "quay.io/prometheus/prometheus"],
        releases: &[
            "3.7.3", "3.5.0", "3.1.0", "3.0.0", "2.55.1", "2.54.1", "2.53.5", "2.51.0", "2.47.2", "2.45.0",
            "2.40.7", "2.37.9", "2.30.3", "2.26.0", "2.12.0",
        ],
        program: ("/bin/prometheus", "prometheus"),
        tools: &[],
        version: "PROMETHEUS_VERSION",
        directories: &["/etc/prometheus", "/prometheus"],
        command: &[
            "/bin/prometheus",
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
        ],
        ports: &[9090],
        alpine: true,
        user: "nobody",
    },
    Backing {
        repositories: &["rabbitmq"],
        releases: &[
            "4.1.5", "4.0.9", "3.13.7", "3.12.14", "3.11.28", "3.10.25", "3.9.29", "3.8.34", "3.7.28",
        ],
        program: ("/opt/rabbitmq/sbin/rabbitmq-server", "rabbitmq-server"),
        tools: &[
            ("/opt/rabbitmq/sbin/rabbitmq-diagnostics", "rabbitmq-diagnostics"),
            ("/opt/rabbitmq/sbin/rabbitmqctl", "rabbitmq-diagnostics"),
        ],
        version: "RABBITMQ_VERSION",
        directories: &["/etc/rabbitmq", "/var/lib/rabbitmq"],
        command: &["rabbitmq-server"],
        ports: &[4369, 5671, 5672, 15691, 15692, 25672],
        alpine: false,
        user: "",
    },
    Backing {
        repositories: &["tomcat"],
        releases: &[
            "11.0.13", "10.1.48", "10.0.27", "9.0.111", "9.0.65", "8.5.100", "8.5.69", "8.0.53", "7.0.109",
        ],
        program: ("/usr/local/tomcat/bin/catalina.sh", "catalina.sh"),
        tools: &[],
        version: "TOMCAT_VERSION",
        directories: &[
            "/usr/local/tomcat/webapps",
            "/usr/local/tomcat/webapps.dist",
            "/usr/local/tomcat/logs",
            "/usr/local/tomcat/conf",
        ],
        command: &["catalina.sh", "run"],
        ports: &[8080],
        alpine: false,
        user: "",
    },
];

const COUNT: usize = {
    let (mut count, mut at) = (0, 0);
    while at < BACKING.len() {
        count += BACKING[at].repositories.len();
        at += 1;
    }
    count
};

/// All repositories of [`BACKING`].
const REPOSITORIES: [&str; COUNT] = {
    let mut all = [""; COUNT];
    let (mut backing, mut at) = (0, 0);
    while backing < BACKING.len() {
        let mut index = 0;
        while index < BACKING[backing].repositories.len() {
            all[at] = BACKING[backing].repositories[index];
            at += 1;
            index += 1;
        }
        backing += 1;
    }
    all
};

pub(super) const FAMILY: Family = Family { repositories: &REPOSITORIES, recipe };

fn recipe(repository: &str, tag: &Tag) -> Option<Recipe> {
    let backing = BACKING.iter().find(|backing| backing.repositories.contains(&repository))?;
    let version = tag.release(backing.releases)?;
    let (mut tree, libc) = match backing.alpine {
        true => (alpine::tree(alpine::NEWEST, &[], &[]), Libc::Musl),
        false => (debian::tree(debian::newest(), &[], &["curl"]), Libc::Glibc),
    };
    let (path, program) = backing.program;
    tree.program(path, program, 90_000_000).dirs(backing.directories);
    for (path, program) in backing.tools {
        tree.program(path, program, 12_000_000);
    }
    let own = path.rsplit_once('/').map_or("/", |(directory, _)| directory);
    let mut recipe = plain_recipe(tree, libc, version.to_owned(), 180_000_000);
    recipe.env = variables(&[
        ("PATH", &format!("{own}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
        (backing.version, version),
    ]);
    recipe.cmd = words(backing.command);
    recipe.exposed_ports = backing.ports.to_vec();
    recipe.user = backing.user.to_owned();
    Some(recipe)
}
