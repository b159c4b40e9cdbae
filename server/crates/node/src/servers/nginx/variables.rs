//! Values of variables.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::{request::Request, settings::Map, template::Template, worker::Worker};

/// Variables that are there without being defined.
const KNOWN: &[&str] = &[
    "args",
    "binary_remote_addr",
    "body_bytes_sent",
    "bytes_sent",
    "connection",
    "connection_requests",
    "connection_time",
    "connections_active",
    "connections_reading",
    "connections_waiting",
    "connections_writing",
    "content_length",
    "content_type",
    "date_gmt",
    "date_local",
    "document_root",
    "document_uri",
    "fastcgi_path_info",
    "fastcgi_script_name",
    "gzip_ratio",
    "host",
    "hostname",
    "http2",
    "https",
    "invalid_referer",
    "is_args",
    "limit_conn_status",
    "limit_rate",
    "limit_req_status",
    "modern_browser",
    "msec",
    "nginx_version",
    "pid",
    "pipe",
    "proxy_add_x_forwarded_for",
    "proxy_host",
    "proxy_port",
    "proxy_protocol_addr",
    "proxy_protocol_port",
    "query_string",
    "realip_remote_addr",
    "realip_remote_port",
    "realpath_root",
    "remote_addr",
    "remote_port",
    "remote_user",
    "request",
    "request_body",
    "request_body_file",
    "request_completion",
    "request_filename",
    "request_id",
    "request_length",
    "request_method",
    "request_time",
    "request_uri",
    "scheme",
    "secure_link",
    "server_addr",
    "server_name",
    "server_port",
    "server_protocol",
    "slice_range",
    "ssl_cipher",
    "ssl_client_cert",
    "ssl_client_s_dn",
    "ssl_client_verify",
    "ssl_protocol",
    "ssl_server_name",
    "ssl_session_id",
    "status",
    "tcpinfo_rtt",
    "time_iso8601",
    "time_local",
    "uid_got",
    "uid_set",
    "upstream_addr",
    "upstream_bytes_received",
    "upstream_bytes_sent",
    "upstream_cache_status",
    "upstream_connect_time",
    "upstream_header_time",
    "upstream_response_length",
    "upstream_response_time",
    "upstream_status",
    "uri",
];

const FAMILIES: &[&str] = &[
    "arg_",
    "cookie_",
    "http_",
    "sent_http_",
    "sent_trailer_",
    "upstream_http_",
    "upstream_cookie_",
    "upstream_trailer_",
];

/// Whether a variable is there without being defined.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
}

/// How deep maps may be computed from each other.
const MAX_DEPTH: u32 = 10;

/// A text with the values of its variables.
pub(super) fn fill(worker: &Worker, request: &Request, template: &Template) -> String {
    fill_at(worker, request, template, 0)
}

fn fill_at(worker: &Worker, request: &Request, template: &Template, depth: u32) -> String {
    if let Some(text) = template.as_fixed() {
        return text.to_owned();
    }
    template.fill(
        |name| value_at(worker, request, name, depth),
        |group| request.groups.numbered.get(group).cloned().unwrap_or_default(),
    )
}

/// The value of a variable.
pub(super) fn value(worker: &Worker, request: &Request, name: &str) -> String {
    value_at(worker, request, name, 0)
}

fn value_at(worker: &Worker, request: &Request, name: &str, depth: u32) -> String {
    if depth > MAX_DEPTH {
        return String::new();
    }
    if let Some(value) = request.variables.get(name) {
        return value.clone();
    }
    if let Some((_, value)) = request.groups.named.iter().find(|(known, _)| known == name) {
        return value.clone();
    }
    if let Some(map) = worker.settings.maps.get(name) {
        return map_value(worker, request, map, depth);
    }
    builtin(worker, request, name)
}

fn map_value(worker: &Worker, request: &Request, map: &Map, depth: u32) -> String {
    let source = fill_at(worker, request, &map.source, depth + 1);
    let lower = source.to_ascii_lowercase();
    let by_host = |exact: &BTreeMap<String, Template>| {
        let suffix = |at: usize| format!("*{}", &lower[at..]);
        lower
            .match_indices('.')
            .find_map(|(at, _)| exact.get(&suffix(at)).or_else(|| exact.get(&lower[at..])))
            .cloned()
    };
    let by_range = || {
        let ip = source.parse().ok()?;
        let fits = map.ranges.iter().filter(|(range, _)| crate::network::in_range(ip, *range));
        fits.max_by_key(|((_, bits), _)| *bits).map(|(_, value)| value.clone())
    };
    let exact = map.exact.get(&lower).cloned();
    let found = exact.or_else(|| map.hostnames.then(|| by_host(&map.exact)).flatten()).or_else(by_range);
    if let Some(value) = found {
        return fill_at(worker, request, &value, depth + 1);
    }
    for (regex, value) in &map.regexes {
        if let Some(groups) = super::settings::Groups::of(regex, &source) {
            return value.fill(
                |name| match groups.named.iter().find(|(known, _)| known == name) {
                    Some((_, value)) => value.clone(),
                    None => value_at(worker, request, name, depth + 1),
                },
                |group| groups.numbered.get(group).cloned().unwrap_or_default(),
            );
        }
    }
    fill_at(worker, request, &map.default, depth + 1)
}

fn header(headers: &[(String, String)], name: &str) -> String {
    let wanted = name.replace('_', "-");
    let found: Vec<&str> = headers
        .iter()
        .filter(|(known, _)| known.eq_ignore_ascii_case(&wanted))
        .map(|(_, value)| value.as_str())
        .collect();
    found.join(", ")
}

fn cookie(cookies: &str, name: &str) -> String {
    let pair = |pair: &str| {
        let (known, value) = pair.trim().split_once('=')?;
        known.eq_ignore_ascii_case(name).then(|| value.to_owned())
    };
    cookies.split(';').find_map(pair).unwrap_or_default()
}

fn argument(args: &str, name: &str) -> String {
    let pair = |pair: &str| {
        let (known, value) = pair.split_once('=')?;
        known.eq_ignore_ascii_case(name).then(|| value.to_owned())
    };
    args.split('&').find_map(pair).unwrap_or_default()
}

fn seconds(duration: std::time::Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// A date as lines of logs have it.
pub(super) fn log_date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z").to_string()
}

fn tries(request: &Request, show: impl Fn(&super::request::Try) -> String) -> String {
    request.tries.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn builtin(worker: &Worker, request: &Request, name: &str) -> String {
    let headers = &request.head.headers;
    let own = |name: &str| headers.get(name).unwrap_or_default().to_owned();
    if let Some(name) = name.strip_prefix("sent_http_") {
        return header(&request.sent_headers, name);
    }
    if let Some(name) = name.strip_prefix("upstream_http_") {
        return header(&request.upstream_headers, name);
    }
    if let Some(name) = name.strip_prefix("http_") {
        let wanted = name.replace('_', "-");
        return headers.all(&wanted).collect::<Vec<_>>().join(", ");
    }
    if let Some(name) = name.strip_prefix("arg_") {
        return argument(&request.args, name);
    }
    if let Some(name) = name.strip_prefix("cookie_") {
        return cookie(headers.get("cookie").unwrap_or_default(), name);
    }
    let now = worker.process.now();
    match name {
        "args" | "query_string" => request.args.clone(),
        "is_args" => if request.args.is_empty() { "" } else { "?" }.to_owned(),
        "uri" | "document_uri" | "fastcgi_script_name" => request.uri.clone(),
        "request_uri" => request.head.target.clone(),
        "request" => request.line(),
        "request_method" => request.head.method.clone(),
        "request_body" => String::from_utf8_lossy(&request.body).into_owned(),
        "request_length" => request.length.to_string(),
        "request_id" => format!("{:016x}{:016x}", request.id, request.id.rotate_left(29) ^ 0x5bd1_e995),
        "request_time" => seconds(worker.uptime().saturating_sub(request.started)),
        "request_completion" => if request.status < 400 { "OK" } else { "" }.to_owned(),
        "host" => request.host.clone(),
        "hostname" => worker.hostname(),
        "scheme" => "http".to_owned(),
        "https" | "http2" => String::new(),
        "remote_addr" | "realip_remote_addr" | "binary_remote_addr" => request.client.ip().to_string(),
        "remote_port" | "realip_remote_port" => request.client.port().to_string(),
        "remote_user" => request.remote_user.clone(),
        "server_addr" => request.local.ip().to_string(),
        "server_port" => request.local.port().to_string(),
        "server_name" => request.server.name(),
        "server_protocol" => format!("HTTP/1.{}", request.head.minor),
        "status" => format!("{:03}", request.status),
        "bytes_sent" => request.bytes_sent.to_string(),
        "body_bytes_sent" => request.body_bytes_sent.to_string(),
        "connection" => request.connection.to_string(),
        "connection_requests" => request.connection_requests.to_string(),
        "content_type" => own("content-type"),
        "content_length" => own("content-length"),
        "document_root" | "realpath_root" => fill(worker, request, &request.location.options.root.path),
        "request_filename" => super::files::path_of(worker, request),
        "nginx_version" => worker.version.to_owned(),
        "pid" => worker.process.pid.to_string(),
        "pipe" => ".".to_owned(),
        "msec" => format!("{}.{:03}", now.as_second(), now.as_millisecond().rem_euclid(1000)),
        "time_local" => log_date(now),
        "time_iso8601" => now.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
        "date_gmt" | "date_local" => {
            now.to_zoned(TimeZone::UTC).strftime("%A, %d-%b-%Y %H:%M:%S GMT").to_string()
        }
        "proxy_host" => request.proxy_host.clone(),
        "proxy_port" => request.proxy_port.to_string(),
        "proxy_add_x_forwarded_for" => {
            let before: Vec<_> = headers.all("x-forwarded-for").collect();
            let client = request.client.ip().to_string();
            if before.is_empty() { client } else { format!("{}, {client}", before.join(", ")) }
        }
        "upstream_addr" => tries(request, |one| one.address.clone()),
        "upstream_status" => {
            tries(request, |one| one.status.map_or_else(|| "-".to_owned(), |status| status.to_string()))
        }
        "upstream_response_time" | "upstream_header_time" | "upstream_connect_time" => {
            tries(request, |one| format!("{:.3}", one.seconds))
        }
        "upstream_response_length" | "upstream_bytes_received" => {
            tries(request, |one| one.length.to_string())
        }
        "connections_active" => worker.active_connections().to_string(),
        _ => String::new(),
    }
}
