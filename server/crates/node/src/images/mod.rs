//! The images that podlab has, one family a file.

mod alpine;
mod applets;
pub(crate) mod base;
mod booking;
mod busybox;
mod databases;
mod debian;
mod envoy;
mod exporters;
mod haproxy;
mod httpd;
mod memcached;
mod nginx;
mod nginx_samples;
pub(crate) mod packages;
mod pause;
mod python;
mod redis;
mod samples;
mod shippers;
mod ubuntu;

pub(crate) use applets::is_alpine as is_alpine_applet;

use crate::image::Family;

/// A release of a server by its number: what its executable file names after the server's name.
pub(crate) fn release(server: &str, version: &str) -> Option<&'static str> {
    let releases = match server {
        "filebeat" => shippers::FILEBEAT_RELEASES,
        "fluent-bit" => shippers::FLUENT_BIT_RELEASES,
        "fluentd" => shippers::FLUENTD_RELEASES,
        "httpd" => httpd::RELEASES,
        "nginx" => nginx::RELEASES,
        "nginx-prometheus-exporter" => exporters::NGINX_RELEASES,
        "node_exporter" => exporters::NODE_RELEASES,
        _ => return None,
    };
    releases.iter().copied().find(|release| *release == version)
}

/// All families.
pub(crate) const FAMILIES: &[Family] = &[
    alpine::FAMILY,
    busybox::FAMILY,
    databases::MARIADB,
    databases::MYSQL,
    databases::POSTGRES,
    debian::FAMILY,
    envoy::FAMILY,
    exporters::NGINX,
    exporters::NODE,
    haproxy::FAMILY,
    httpd::FAMILY,
    memcached::FAMILY,
    nginx::FAMILY,
    nginx_samples::FAMILY,
    pause::FAMILY,
    booking::BOOKING,
    booking::WEBAPP,
    python::FAMILY,
    redis::FAMILY,
    samples::CLIENTS,
    samples::FAMILY,
    samples::JOBS,
    shippers::EVENT_SIMULATOR,
    shippers::FILEBEAT,
    shippers::FLUENTD,
    shippers::FLUENT_BIT,
    ubuntu::FAMILY,
];
