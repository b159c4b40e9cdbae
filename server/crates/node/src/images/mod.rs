//! The images that podlab has, one family a file.

mod alpine;
mod applets;
mod backing;
pub(crate) mod base;
mod bash;
mod booking;
mod busybox;
mod databases;
mod debian;
mod demonstrations;
mod envoy;
mod etcd;
mod exporters;
mod haproxy;
mod httpd;
mod memcached;
mod nginx;
mod nginx_samples;
mod node;
pub(crate) mod packages;
mod pause;
mod perl;
mod php;
mod python;
mod red_hat;
mod redis;
mod samples;
mod shippers;
mod ubuntu;

pub(crate) use applets::is_alpine as is_alpine_applet;

use crate::image::Family;

/// A release of a server by its number: what its executable file names after the server's name.
pub(crate) fn release(server: &str, version: &str) -> Option<&'static str> {
    let releases = match server {
        "etcd" | "etcdctl" => etcd::RELEASES,
        "filebeat" => shippers::FILEBEAT_RELEASES,
        "fluent-bit" => shippers::FLUENT_BIT_RELEASES,
        "fluentd" => shippers::FLUENTD_RELEASES,
        "httpd" => httpd::RELEASES,
        "kuard" => demonstrations::KUARD_RELEASES,
        "nginx" => nginx::RELEASES,
        "node" => node::RELEASES,
        "nginx-prometheus-exporter" => exporters::NGINX_RELEASES,
        "node_exporter" => exporters::NODE_RELEASES,
        _ => return None,
    };
    releases.iter().copied().find(|release| *release == version)
}

/// All families.
pub(crate) const FAMILIES: &[Family] = &[
    alpine::FAMILY,
    backing::FAMILY,
    bash::FAMILY,
    busybox::FAMILY,
    databases::MARIADB,
    databases::MYSQL,
    databases::POSTGRES,
    debian::FAMILY,
    demonstrations::HTTPBIN,
    demonstrations::KUARD,
    envoy::FAMILY,
    etcd::FAMILY,
    exporters::NGINX,
    exporters::NODE,
    haproxy::FAMILY,
    httpd::FAMILY,
    memcached::FAMILY,
    nginx::FAMILY,
    nginx_samples::FAMILY,
    node::FAMILY,
    pause::FAMILY,
    perl::FAMILY,
    php::GUESTBOOK,
    php::WORDPRESS,
    booking::BOOKING,
    booking::WEBAPP,
    python::FAMILY,
    red_hat::FAMILY,
    redis::FAMILY,
    redis::FOLLOWER,
    samples::CLIENTS,
    samples::FAMILY,
    samples::JOBS,
    shippers::EVENT_SIMULATOR,
    shippers::FILEBEAT,
    shippers::FLUENTD,
    shippers::FLUENT_BIT,
    ubuntu::FAMILY,
];
