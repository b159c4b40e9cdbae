//! Files as content: static ones, indexes, listings of directories.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    request::Request,
    response::{Content, Response},
    serve::Step,
    settings::{LogLevel, Matcher},
    variables::fill,
    worker::Worker,
};
use crate::{
    http::{encode_path, http_date, parse_http_date},
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFlags, Stat},
    },
};

/// How much of a directory a listing shows.
const MAX_ENTRIES: usize = 10_000;

/// Where a path lies in the file system.
pub(super) fn map_path(worker: &Worker, request: &Request, uri: &str) -> String {
    let root = &request.location.options.root;
    let path = fill(worker, request, &root.path);
    if root.alias {
        match &request.location.matcher {
            // With a regular expression the alias is the whole path.
            Matcher::Regex(_) => path,
            matcher => format!("{path}{}", uri.strip_prefix(matcher.prefix()).unwrap_or(uri)),
        }
    } else {
        format!("{}{uri}", path.trim_end_matches('/'))
    }
}

/// Where the request's own path lies.
pub(super) fn path_of(worker: &Worker, request: &Request) -> String {
    map_path(worker, request, &request.uri)
}

fn stat(worker: &Worker, path: &str) -> Result<Stat, Errno> {
    worker.process.stat(path.as_bytes(), true)
}

/// Whether there is a file, or a directory, at a path.
pub(super) fn exists(worker: &Worker, path: &str, directory: bool) -> bool {
    stat(worker, path).is_ok_and(|stat| (stat.file_type == FileType::Directory) == directory)
}

/// Serves the file or the directory that the request's path names.
pub(super) async fn serve(worker: &Worker, request: &Request) -> Step {
    if request.uri.ends_with('/') {
        return directory(worker, request).await;
    }
    let method = request.head.method.as_str();
    if !matches!(method, "GET" | "HEAD" | "POST") {
        return Step::Status(405);
    }
    let path = path_of(worker, request);
    let found = match stat(worker, &path) {
        Ok(stat) => stat,
        Err(error) => return missing(worker, request, &path, "open()", error).await,
    };
    if found.file_type == FileType::Directory {
        let args = if request.args.is_empty() { String::new() } else { format!("?{}", request.args) };
        let uri = format!("{}/{args}", encode_path(request.uri.as_bytes()));
        return Step::Redirect { code: 301, location: uri };
    }
    if method == "POST" {
        return Step::Status(405);
    }
    if found.file_type != FileType::Regular {
        worker.complain(request, LogLevel::Crit, &format!("\"{path}\" is not a regular file"), None).await;
        return Step::Status(404);
    }
    let file = match worker.process.open_file(path.as_bytes(), OpenFlags::READ, 0).await {
        Ok(file) => file,
        Err(error) => return missing(worker, request, &path, "open()", error).await,
    };
    let modified = Timestamp::from_second(found.modified.as_second()).unwrap_or(found.modified);
    let etag = format!("\"{:x}-{:x}\"", modified.as_second(), found.size);
    let options = &request.location.options;
    let mut response = Response::empty(200);
    response.content_type = Some(content_type(request, &request.uri));
    response.last_modified = Some(modified);
    response.etag = options.etag.then(|| etag.clone());
    response.ranges = true;
    response.content = Content::File { file: Arc::clone(&file), from: 0, len: found.size };
    if request.error_status.is_none() {
        conditions(worker, request, &mut response, modified, &etag, found.size);
    }
    Step::Done(response)
}

/// The type of a path's content, by its ending.
pub(super) fn content_type(request: &Request, path: &str) -> String {
    let options = &request.location.options;
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension
        .and_then(|extension| options.types.get(&extension).cloned())
        .unwrap_or_else(|| options.default_type.clone())
}

/// What an error of the file system is answered with.
async fn missing(worker: &Worker, request: &Request, path: &str, call: &str, error: Errno) -> Step {
    let (status, level) = match error {
        Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG => (404, LogLevel::Error),
        Errno::EACCES | Errno::ELOOP => (403, LogLevel::Error),
        _ => (500, LogLevel::Crit),
    };
    if status != 404 || request.location.options.log_not_found {
        let message =
            format!("{call} \"{path}\" failed ({}: {})", error.number(), worker.process.text(error));
        worker.complain(request, level, &message, None).await;
    }
    Step::Status(status)
}

/// Conditional requests and ranges (RFC 9110, 13 and 14).
fn conditions(
    worker: &Worker,
    request: &Request,
    response: &mut Response,
    modified: Timestamp,
    etag: &str,
    size: u64,
) {
    let headers = &request.head.headers;
    let unchanged = match headers.get("if-none-match") {
        Some(tags) => {
            tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*")
        }
        None => headers.get("if-modified-since").and_then(parse_http_date) == Some(modified),
    };
    if unchanged {
        response.status = 304;
        response.content = Content::Bytes(bytes::Bytes::new());
        response.content_type = None;
        return;
    }
    let range_allowed =
        headers.get("if-range").is_none_or(|value| value == etag || parse_http_date(value) == Some(modified));
    let Some(range) =
        headers.get("range").filter(|_| range_allowed).and_then(|range| range.strip_prefix("bytes="))
    else {
        return;
    };
    let bounds = range.split_once('-').and_then(|(from, to)| match (from.trim(), to.trim()) {
        ("", "") => None,
        ("", last) => Some((size.saturating_sub(last.parse().ok()?), size)),
        (from, "") => Some((from.parse().ok()?, size)),
        (from, to) => Some((from.parse().ok()?, to.parse::<u64>().ok()?.saturating_add(1).min(size))),
    });
    match bounds {
        Some((from, to)) if from < to => {
            response.status = 206;
            response.headers.push("Content-Range", format!("bytes {from}-{}/{size}", to - 1));
            if let Content::File { from: start, len, .. } = &mut response.content {
                (*start, *len) = (from, to - from);
            }
        }
        Some(_) => {
            // The page for it says nothing of the file but its size.
            *response = Response::page(416, &worker.name_shown(&request.location.options));
            response.headers.push("Content-Range", format!("bytes */{size}"));
        }
        // Several ranges, or nonsense: all of it.
        None => {}
    }
}

/// A directory: its index, a listing, or neither.
async fn directory(worker: &Worker, request: &Request) -> Step {
    if !matches!(request.head.method.as_str(), "GET" | "HEAD" | "POST") {
        return Step::Status(405);
    }
    let options = &request.location.options;
    let dir = path_of(worker, request);
    for index in &options.index {
        let name = fill(worker, request, index);
        if name.starts_with('/') {
            return Step::Internal { uri: name, args: Some(request.args.clone()) };
        }
        match stat(worker, &format!("{dir}{name}")) {
            Ok(_) => {
                return Step::Internal {
                    uri: format!("{}{name}", request.uri),
                    args: Some(request.args.clone()),
                };
            }
            Err(Errno::ENOENT) => {}
            Err(Errno::ENOTDIR) => break,
            Err(error) => return missing(worker, request, &format!("{dir}{name}"), "open()", error).await,
        }
    }
    match stat(worker, &dir) {
        Ok(stat) if stat.file_type == FileType::Directory => {}
        found => {
            let error = found.err().unwrap_or(Errno::ENOTDIR);
            let index = options.index.first().map(|index| fill(worker, request, index)).unwrap_or_default();
            let message =
                format!("\"{dir}{index}\" is not found ({}: {})", error.number(), worker.process.text(error));
            if options.log_not_found {
                worker.complain(request, LogLevel::Error, &message, None).await;
            }
            return Step::Status(if error == Errno::EACCES { 403 } else { 404 });
        }
    }
    if !options.autoindex {
        let message = format!("directory index of \"{dir}\" is forbidden");
        worker.complain(request, LogLevel::Error, &message, None).await;
        return Step::Status(403);
    }
    let entries = match worker.process.list(dir.trim_end_matches('/').as_bytes()) {
        Ok(entries) => entries,
        Err(error) => return missing(worker, request, &dir, "opendir()", error).await,
    };
    let mut rows: Vec<Row> = entries
        .into_iter()
        .take(MAX_ENTRIES)
        .filter(|(name, _)| !name.starts_with(b"."))
        .filter_map(|(name, _)| {
            let name = String::from_utf8_lossy(&name).into_owned();
            let stat = stat(worker, &format!("{dir}{name}")).ok()?;
            Some(Row {
                is_dir: stat.file_type == FileType::Directory,
                name,
                size: stat.size,
                modified: stat.modified,
            })
        })
        .collect();
    rows.sort_by(|a, b| b.is_dir.cmp(&a.is_dir).then_with(|| a.name.cmp(&b.name)));
    let response = if options.autoindex_json {
        Response::text(200, "application/json", json_listing(&rows))
    } else {
        Response::text(200, "text/html", listing(&request.uri, &rows, options.autoindex_exact_size))
    };
    Step::Done(response)
}

struct Row {
    name: String,
    is_dir: bool,
    size: u64,
    modified: Timestamp,
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// How wide names are in a listing.
const NAME_WIDTH: usize = 50;

fn listing(uri: &str, rows: &[Row], exact: bool) -> String {
    let title = escape_html(uri);
    let mut page = format!(
        "<html>\r\n<head><title>Index of {title}</title></head>\r\n<body>\r\n<h1>Index of {title}</h1><hr><pre>\
         <a href=\"../\">../</a>\r\n"
    );
    for row in rows {
        let slash = if row.is_dir { "/" } else { "" };
        let shown = format!("{}{slash}", row.name);
        let width = shown.chars().count();
        let label = if width > NAME_WIDTH {
            let cut: String = shown.chars().take(NAME_WIDTH - 3).collect();
            format!("{}..&gt;</a>", escape_html(&cut))
        } else {
            format!("{}</a>{}", escape_html(&shown), " ".repeat(NAME_WIDTH - width))
        };
        let date = row.modified.to_zoned(TimeZone::UTC).strftime("%d-%b-%Y %H:%M").to_string();
        let size = match (row.is_dir, exact) {
            (true, _) => "-".to_owned(),
            (false, true) => row.size.to_string(),
            (false, false) if row.size > 1 << 20 => format!("{}M", row.size.div_ceil(1 << 20)),
            (false, false) if row.size > 9999 => format!("{}K", row.size.div_ceil(1 << 10)),
            (false, false) => row.size.to_string(),
        };
        let width = if exact { 19 } else { 7 };
        page.push_str(&format!(
            "<a href=\"{}{slash}\">{label} {date} {size:>width$}\r\n",
            encode_path(row.name.as_bytes())
        ));
    }
    page + "</pre><hr></body>\r\n</html>\r\n"
}

fn json_listing(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let name = serde_json::Value::from(row.name.as_str());
        let kind = if row.is_dir { "directory" } else { "file" };
        let size = if row.is_dir { String::new() } else { format!(", \"size\":{}", row.size) };
        format!("{{ \"name\":{name}, \"type\":\"{kind}\", \"mtime\":\"{}\"{size} }}", http_date(row.modified))
    };
    format!("[\r\n{}\r\n]", rows.iter().map(row).collect::<Vec<_>>().join(",\r\n"))
}
