//! The servers of images and the clients that talk to them, through the node's public face.

#![cfg(test)]

mod backing;
mod busybox_httpd;
mod companions;
mod databases;
mod demonstrations;
mod envoy;
mod grpc;
mod haproxy;
mod httpd;
#[path = "../runtime/lab.rs"]
#[expect(dead_code, reason = "shared with the tests of the runtime, which use all of it")]
mod lab;
mod network;
mod nginx;
mod nginx_limits;
mod nginx_t;
mod packages;
mod passwords;
mod pods;
mod redis;
mod setting;
mod shippers;
mod socat;
mod tutorials;
