//! `envoy`.

use super::{
    base::{plain_recipe, variables, words},
    debian,
};
use crate::{
    image::{Family, Recipe, Tag},
    kernel::errno::Libc,
};

pub(super) const FAMILY: Family = Family {
    repositories: &["envoyproxy/envoy", "envoyproxy/envoy-alpine", "envoyproxy/envoy-distroless"],
    recipe,
};

/// What the image listens with where nobody brings another file.
const CONFIG: &str = "\
admin:
  address:
    socket_address: {protocol: TCP, address: 0.0.0.0, port_value: 9901}
static_resources:
  listeners:
  - name: listener_0
    address:
      socket_address: {protocol: TCP, address: 0.0.0.0, port_value: 10000}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress_http
          route_config:
            name: local_route
            virtual_hosts:
            - name: local_service
              domains: [\"*\"]
              routes:
              - match: {prefix: \"/\"}
                route: {host_rewrite_literal: www.envoyproxy.io, cluster: service_envoyproxy_io}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: service_envoyproxy_io
    connect_timeout: 30s
    type: LOGICAL_DNS
    lb_policy: ROUND_ROBIN
    load_assignment:
      cluster_name: service_envoyproxy_io
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address: {address: www.envoyproxy.io, port_value: 443}
";

const ENTRYPOINT: &str = "\
#!/bin/sh
# Options are for the proxy; anything else is a command.
set -e
case \"$1\" in
-*) set -- envoy \"$@\" ;;
esac
if [ \"$1\" = envoy ] && [ -n \"$ENVOY_LOGLEVEL\" ]; then
  set -- \"$@\" --log-level \"$ENVOY_LOGLEVEL\"
fi
exec \"$@\"
";

fn recipe(_: &str, tag: &Tag) -> Option<Recipe> {
    // Releases are tagged with a `v`; plain ones are taken too.
    let version = tag.release(&[
        "1.36.2", "1.35.6", "1.34.10", "1.33.12", "1.32.13", "1.31.10", "1.30.11", "1.29.12", "1.28.7",
        "1.27.7", "1.26.8", "1.25.11", "1.24.12", "1.23.12", "1.22.11", "1.21.6", "1.20.7", "1.19.5",
        "1.18.6", "1.17.4", "1.16.5", "1.15.5", "1.14.7", "1.36", "1.35", "1.34", "1.33", "1.32", "1.31",
        "1.30", "1.29", "1.28", "1.27", "1.26", "1.25", "1.24", "1.23", "1.22", "1.21", "1.20", "1.19",
        "1.18", "1.17", "1.16", "1.15", "1.14",
    ])?;
    let account = debian::Account {
        name: "envoy",
        id: 101,
        comment: "",
        home: "/home/envoy",
        shell: "/usr/sbin/nologin",
    };
    let mut tree = debian::tree(debian::bookworm(), &[account], &[]);
    tree.program("/usr/local/bin/envoy", "envoy", 108_000_000)
        .file("/docker-entrypoint.sh", 0o755, ENTRYPOINT)
        .file("/etc/envoy/envoy.yaml", 0o644, CONFIG);
    let mut recipe = plain_recipe(tree, Libc::Glibc, version.to_owned(), 73_400_320);
    recipe.env = variables(&[("ENVOY_VERSION", version)]);
    recipe.entrypoint = words(&["/docker-entrypoint.sh"]);
    recipe.cmd = words(&["envoy", "-c", "/etc/envoy/envoy.yaml"]);
    recipe.exposed_ports = vec![10_000];
    Some(recipe)
}
