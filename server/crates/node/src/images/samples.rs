//! Images with one small server in them, and images with clients.

use super::{
    alpine::{self, Account},
    base::{image_date, plain_recipe, variables, words},
};
use crate::{
    image::{Family, Recipe, Tag, TreeBuilder},
    kernel::errno::Libc,
};

/// A server without anything around it.
#[derive(Clone, Copy)]
struct Sample {
    repositories: &'static [&'static str],
    releases: &'static [&'static str],
    path: &'static str,
    program: &'static str,
    port: u16,
    /// Whether there is a shell in the image.
    shell: bool,
}

const SAMPLES: &[Sample] = &[
    Sample {
        repositories: &["hashicorp/http-echo"],
        releases: &["1.0.0", "0.2.3", "0.2.1", "0.2"],
        path: "/http-echo",
        program: "http-echo",
        port: 5678,
        shell: false,
    },
    Sample {
        repositories: &[
            "gcr.io/google-samples/hello-app",
            "us-docker.pkg.dev/google-samples/containers/gke/hello-app",
        ],
        releases: &["2.0", "1.0"],
        path: "/hello-app",
        program: "hello-app",
        port: 8080,
        shell: false,
    },
    Sample {
        repositories: &["gcr.io/google-samples/node-hello"],
        releases: &["1.0"],
        path: "/usr/local/bin/node",
        program: "node-hello",
        port: 8080,
        shell: true,
    },
    Sample {
        repositories: &["gcr.io/google-samples/kubernetes-bootcamp", "jocatalin/kubernetes-bootcamp"],
        releases: &["2", "1"],
        path: "/usr/local/bin/node",
        program: "kubernetes-bootcamp",
        port: 8080,
        shell: true,
    },
    Sample {
        repositories: &[
            "registry.k8s.io/serve_hostname",
            "k8s.gcr.io/serve_hostname",
            "gcr.io/google_containers/serve_hostname",
        ],
        releases: &["1.4"],
        path: "/serve_hostname",
        program: "serve-hostname",
        port: 9376,
        shell: false,
    },
    Sample {
        repositories: &["registry.k8s.io/liveness", "k8s.gcr.io/liveness"],
        releases: &["0.1"],
        path: "/server",
        program: "liveness",
        port: 8080,
        shell: false,
    },
    Sample {
        repositories: &[
            "registry.k8s.io/echoserver",
            "k8s.gcr.io/echoserver",
            "gcr.io/google_containers/echoserver",
        ],
        releases: &["1.10", "1.9", "1.8", "1.4"],
        path: "/usr/local/bin/run.sh",
        program: "echoserver",
        port: 8080,
        shell: true,
    },
    Sample {
        repositories: &["registry.k8s.io/e2e-test-images/agnhost", "k8s.gcr.io/e2e-test-images/agnhost"],
        releases: &["2.57", "2.53", "2.47", "2.45", "2.43", "2.40", "2.39", "2.33", "2.21"],
        path: "/agnhost",
        program: "agnhost",
        port: 8080,
        shell: true,
    },
    Sample {
        repositories: &["kodekloud/webapp-color", "mmumshad/simple-webapp-color"],
        releases: &["3", "2", "1"],
        path: "/usr/local/bin/webapp-color",
        program: "webapp-color",
        port: 8080,
        shell: true,
    },
    Sample {
        repositories: &["traefik/whoami", "containous/whoami"],
        releases: &["1.11.0", "1.10.4", "1.10.3", "1.10.0", "1.9.0", "1.8.7", "1.8.0", "1.6.1", "1.5.0"],
        path: "/whoami",
        program: "whoami",
        port: 80,
        shell: false,
    },
    Sample {
        repositories: &["stefanprodan/podinfo", "ghcr.io/stefanprodan/podinfo"],
        releases: &["6.9.2", "6.7.1", "6.5.4", "6.3.6", "5.2.1", "4.0.6", "3.3.1"],
        path: "/home/app/podinfo",
        program: "podinfo",
        port: 9898,
        shell: true,
    },
    Sample {
        repositories: &["jmalloc/echo-server"],
        releases: &["0.3.7", "0.3.6", "0.3.1"],
        path: "/bin/echo-server",
        program: "echo-server",
        port: 8080,
        shell: false,
    },
    Sample {
        repositories: &["ealen/echo-server"],
        releases: &["0.9.2", "0.9.1", "0.9.0", "0.7.0", "0.6.0", "0.5.0", "0.3.1"],
        path: "/app/webserver",
        program: "echo-all",
        port: 80,
        shell: true,
    },
    Sample {
        repositories: &["mccutchen/go-httpbin", "ghcr.io/mccutchen/go-httpbin"],
        releases: &["2.18.3", "2.15.0", "2.14.0", "2.13.4", "2.11.0", "2.9.0", "2.5.0", "2.4.0"],
        path: "/bin/go-httpbin",
        program: "go-httpbin",
        port: 8080,
        shell: false,
    },
    Sample {
        repositories: &["registry.k8s.io/goproxy", "k8s.gcr.io/goproxy"],
        releases: &["0.1"],
        path: "/goproxy",
        program: "goproxy",
        port: 8080,
        shell: false,
    },
    Sample {
        repositories: &["gcr.io/google-samples/hello-go-gke"],
        releases: &["1.0"],
        path: "/main",
        program: "hello-go",
        port: 80,
        shell: false,
    },
    Sample {
        repositories: &["kodekloud/webapp-delayed-start"],
        releases: &["1"],
        path: "/opt/app",
        program: "webapp-delayed-start",
        port: 8080,
        shell: true,
    },
];

/// All repositories of [`SAMPLES`].
const REPOSITORIES: [&str; 30] = {
    let mut all = [""; 30];
    let (mut sample, mut at) = (0, 0);
    while sample < SAMPLES.len() {
        let mut index = 0;
        while index < SAMPLES[sample].repositories.len() {
            all[at] = SAMPLES[sample].repositories[index];
            at += 1;
            index += 1;
        }
        sample += 1;
    }
    all
};

pub(super) const FAMILY: Family = Family { repositories: &REPOSITORIES, recipe };

fn recipe(repository: &str, tag: &Tag) -> Option<Recipe> {
    let sample = SAMPLES.iter().find(|sample| sample.repositories.contains(&repository))?;
    let version = tag.release(sample.releases)?;
    let mut tree =
        if sample.shell { alpine::tree(alpine::NEWEST, &[], &[]) } else { TreeBuilder::new(image_date()) };
    tree.program(sample.path, sample.program, 12_582_912);
    let libc = if sample.shell { Libc::Musl } else { Libc::Glibc };
    let mut recipe = plain_recipe(tree, libc, version.to_owned(), 9_437_184);
    recipe.entrypoint = words(&[sample.path]);
    recipe.exposed_ports = vec![sample.port];
    let shown = if version.contains('.') && sample.program == "hello-app" {
        format!("{version}.0")
    } else {
        version.to_owned()
    };
    recipe.env = variables(&[("SAMPLE_VERSION", &shown)]);
    if sample.program == "agnhost" {
        recipe.cmd = words(&["pause"]);
    }
    Some(recipe)
}

/// Images with a program that does its work and ends.
pub(super) const JOBS: Family = Family {
    repositories: &["kodekloud/throw-dice", "kodekloud/random-error", "polinux/stress", "vish/stress"],
    recipe: jobs,
};

fn jobs(repository: &str, tag: &Tag) -> Option<Recipe> {
    let (program, path, releases): (_, _, &[&str]) = match repository {
        "kodekloud/throw-dice" => ("throw-dice", "/throw-dice.sh", &["1"]),
        "kodekloud/random-error" => ("random-error", "/random-error.sh", &["1"]),
        "polinux/stress" => ("stress", "/usr/local/bin/stress", &["1.0.4"]),
        _ => ("go-stress", "/stress", &["1"]),
    };
    let version = tag.release(releases)?;
    let has_shell = program != "go-stress";
    let mut tree =
        if has_shell { alpine::tree(alpine::NEWEST, &[], &[]) } else { TreeBuilder::new(image_date()) };
    tree.program(path, program, 2_097_152);
    let libc = if has_shell { Libc::Musl } else { Libc::Glibc };
    let mut recipe = plain_recipe(tree, libc, version.to_owned(), 4_194_304);
    match program {
        "stress" => recipe.cmd = words(&[path]),
        "go-stress" => recipe.entrypoint = words(&[path, "-logtostderr"]),
        _ => recipe.entrypoint = words(&[path]),
    }
    Some(recipe)
}

pub(super) const CLIENTS: Family = Family {
    repositories: &[
        "curlimages/curl",
        "alpine/curl",
        "alpine/socat",
        "byrnedo/alpine-curl",
        "radial/busyboxplus",
        "nicolaka/netshoot",
        "praqma/network-multitool",
        "wbitt/network-multitool",
        "registry.k8s.io/e2e-test-images/jessie-dnsutils",
        "gcr.io/kubernetes-e2e-test-images/dnsutils",
        "gcr.io/kubernetes-e2e-test-images/jessie-dnsutils",
        "k8s.gcr.io/e2e-test-images/jessie-dnsutils",
        "tutum/dnsutils",
    ],
    recipe: clients,
};

const ENTRYPOINT: &str = "\
#!/bin/sh
# Options are for curl; anything else is a command.
case \"$1\" in
-* | http://* | https://*) set -- curl \"$@\" ;;
esac
exec \"$@\"
";

fn clients(repository: &str, tag: &Tag) -> Option<Recipe> {
    let account = Account { name: "curl_user", id: 100, home: "/home/curl_user", shell: "/bin/sh" };
    let network = [
        "bash",
        "bind-tools",
        "curl",
        "iproute2",
        "iputils",
        "jq",
        "netcat-openbsd",
        "busybox-extras",
        "openssl",
        "socat",
    ];
    let (releases, packages): (&[&str], &[&str]) = match repository {
        "curlimages/curl" | "alpine/curl" | "byrnedo/alpine-curl" => (
            &[
                "8.17.0", "8.16.0", "8.15.0", "8.14.1", "8.13.0", "8.12.1", "8.11.1", "8.10.1", "8.9.1",
                "8.8.0", "8.7.1", "8.6.0", "8.5.0", "8.4.0", "8.3.0", "8.2.1", "8.1.2", "8.00.1", "7.88.1",
                "7.87.0", "7.86.0", "7.85.0", "7.84.0", "7.83.1", "7.82.0", "7.81.0", "7.80.0", "7.79.1",
                "7.78.0", "7.77.0", "7.76.1", "7.75.0", "7.74.0", "7.73.0", "7.72.0", "7.71.1", "7.70.0",
                "7.69.1", "7.68.0", "7.67.0",
            ],
            &["curl"],
        ),
        "alpine/socat" => (&["1.8.0.3", "1.8.0.1", "1.8.0.0", "1.7.4.4", "1.7.4.3", "1.7.3.4"], &["socat"]),
        "radial/busyboxplus" => (&["1"], &["curl", "busybox-extras"]),
        repository if repository.ends_with("dnsutils") => (&["1.7", "1.3"], &["bind-tools", "bash"]),
        "nicolaka/netshoot" => (&["0.14", "0.13", "0.12", "0.11", "0.9", "0.8"], &network),
        _ => (&["1"], &network),
    };
    let version = tag.release(releases)?;
    let is_curl = packages == ["curl"];
    let accounts: &[Account] = if is_curl { &[account] } else { &[] };
    let mut tree = alpine::tree(alpine::NEWEST, accounts, packages);
    if is_curl {
        tree.file("/entrypoint.sh", 0o755, ENTRYPOINT).dir_of("/home/curl_user", 0o755, 100, 100);
    }
    let mut recipe = plain_recipe(tree, Libc::Musl, version.to_owned(), 8_912_896);
    if is_curl {
        recipe.entrypoint = words(&["/entrypoint.sh"]);
        recipe.cmd = words(&["curl"]);
        recipe.user = "curl_user".to_owned();
        recipe.working_dir = "/home/curl_user".to_owned();
    } else if packages == ["socat"] {
        recipe.entrypoint = words(&["socat"]);
    } else {
        recipe.cmd = words(&[if packages.contains(&"bash") { "bash" } else { "sh" }]);
    }
    Some(recipe)
}
