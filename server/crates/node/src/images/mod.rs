//! The images that podlab has, one family a file.

mod alpine;
mod applets;
pub(crate) mod base;
mod booking;
mod busybox;
mod databases;
mod debian;
mod haproxy;
mod httpd;
mod nginx;
pub(crate) mod packages;
mod pause;
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
    databases::MYSQL,
    databases::POSTGRES,
    debian::FAMILY,
    haproxy::FAMILY,
    httpd::FAMILY,
    nginx::FAMILY,
    pause::FAMILY,
    booking::BOOKING,
    booking::WEBAPP,
    redis::FAMILY,
    samples::CLIENTS,
    samples::FAMILY,
    shippers::EVENT_SIMULATOR,
    shippers::FILEBEAT,
    shippers::FLUENTD,
    shippers::FLUENT_BIT,
    ubuntu::FAMILY,
];
