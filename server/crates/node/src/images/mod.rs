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
pub(crate) use httpd::release as httpd_release;
pub(crate) use nginx::release as nginx_release;

use crate::image::Family;

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
