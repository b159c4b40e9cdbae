//! How httpd answers one request: redirects, proxies, files, directories, errors.

use std::{sync::Arc, time::Duration};

use super::settings::{Edit, Host, Rules, Settings};
use crate::{
    http::{Headers, Url, encode_path, http_date, parse_http_date, reason},
    kernel::{errno::Errno, fs::FileType, process::Process},
    servers::{
        forward::{ForwardError, addresses, end_to_end, forward},
        listening::{Answer, Request},
        static_files::{clean_path, content_type},
    },
};

/// The largest file that is served, in bytes.
const MAX_FILE: usize = 16 << 20;
const HTML: &str = "text/html; charset=iso-8859-1";
const PROXY_TIMEOUT: Duration = Duration::from_secs(60);

/// What serves a request.
pub(super) struct Responder<'a> {
    pub(super) process: &'a Arc<Process>,
    pub(super) settings: &'a Settings,
    pub(super) host: &'a Host,
    pub(super) version: &'a str,
    /// What went wrong, for the log of errors: level and message.
    pub(super) complaint: Option<(&'static str, String)>,
}

impl Responder<'_> {
    /// The answer to a request, without the fields that all answers have.
    pub(super) async fn answer(&mut self, request: &Request) -> Answer {
        let mut answer = match self.content(request).await {
            Ok(answer) => answer,
            Err(status) => self.failure(status).await,
        };
        for edit in &self.host.headers {
            apply(edit, &mut answer.head.headers);
        }
        answer
    }

    async fn content(&mut self, request: &Request) -> Result<Answer, u16> {
        let path = clean_path(&request.head.target).ok_or(400u16)?;
        let query =
            request.head.target.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
        for (status, prefix, target) in &self.host.redirects {
            if let Some(rest) = below(&path, prefix) {
                let location = format!("{target}{}{query}", encode_path(rest.as_bytes()));
                return Ok(self.page(*status, &location).with("Location", location));
            }
        }
        for proxy in &self.host.proxies {
            let Some(rest) = below(&path, &proxy.prefix) else { continue };
            let Some(url) = &proxy.url else { break };
            let target = format!("{url}{}{query}", encode_path(rest.as_bytes()));
            return self.proxied(request, &proxy.prefix, &target).await;
        }
        let location = self.host.locations.iter().rev().find(|rules| below(&path, &rules.prefix).is_some());
        if let Some(location) = location {
            if location.granted == Some(false) {
                return self.denied(request, &path);
            }
            if location.handler.as_deref() == Some("server-status") {
                return Ok(Answer::new(200, HTML, self.status(request)));
            }
        }
        match request.head.method.as_str() {
            "GET" | "HEAD" | "POST" => {}
            "OPTIONS" => {
                return Ok(
                    Answer::new(200, "httpd/unix-directory", "").with("Allow", "GET,POST,OPTIONS,HEAD")
                );
            }
            _ => return Err(405),
        }
        self.file(request, &path, &query).await
    }

    fn denied<T>(&mut self, request: &Request, path: &str) -> Result<T, u16> {
        let peer = request.peer;
        self.complaint = Some((
            "authz_core:error",
            format!("[client {peer}] AH01630: client denied by server configuration: {path}"),
        ));
        Err(403)
    }

    /// Where a path lies in the file system.
    fn place(&self, path: &str) -> String {
        for (prefix, to) in &self.host.aliases {
            if let Some(rest) = below(path, prefix) {
                return format!("{to}{rest}");
            }
        }
        format!("{}{path}", self.host.document_root)
    }

    fn rule<T>(&self, place: &str, of: impl Fn(&Rules) -> Option<T>) -> Option<T> {
        let mut fitting: Vec<&Rules> = self
            .host
            .directories
            .iter()
            .filter(|rules| rules.prefix == "/" || below(place, &rules.prefix).is_some())
            .collect();
        // Those nearest to the file decide, and of two for one directory the later.
        fitting.sort_by_key(|rules| rules.prefix.trim_end_matches('/').len());
        fitting.iter().rev().find_map(|rules| of(rules))
    }

    async fn file(&mut self, request: &Request, path: &str, query: &str) -> Result<Answer, u16> {
        let process = self.process;
        let place = self.place(path);
        if self.rule(&place, |rules| rules.granted) == Some(false) {
            return self.denied(request, &place);
        }
        let name = place.rsplit('/').next().unwrap_or_default();
        if name.starts_with(".ht") {
            return self.denied(request, &place);
        }
        let found =
            process.stat(place.as_bytes(), true).map_err(|errno| self.errno(request, path, &place, errno))?;
        if found.file_type != FileType::Directory {
            return self
                .read(request, &place)
                .await
                .map_err(|errno| self.errno(request, path, &place, errno));
        }
        if !path.ends_with('/') {
            let authority = request.head.headers.get("host").unwrap_or_default();
            let location = format!("http://{authority}{}/{query}", encode_path(path.as_bytes()));
            return Ok(self.page(301, &location).with("Location", location));
        }
        for index in &self.host.indexes {
            let place = format!("{place}{index}");
            if process.stat(place.as_bytes(), true).is_ok_and(|stat| stat.file_type == FileType::Regular) {
                return self
                    .read(request, &place)
                    .await
                    .map_err(|errno| self.errno(request, path, &place, errno));
            }
        }
        if self.rule(&place, |rules| rules.listing) == Some(true) {
            return self.listing(path, &place).map_err(|errno| self.errno(request, path, &place, errno));
        }
        self.complaint = Some((
            "autoindex:error",
            format!(
                "[client {}] AH01276: Cannot serve directory {place}: No matching DirectoryIndex ({}) found, and \
                 server-generated directory index forbidden by Options directive",
                request.peer,
                self.host.indexes.join(",")
            ),
        ));
        Err(403)
    }

    /// The status for what the file system said.
    fn errno(&mut self, request: &Request, path: &str, place: &str, errno: Errno) -> u16 {
        match errno {
            Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG => 404,
            Errno::EACCES => {
                let reason = self.process.text(errno);
                self.complaint = Some((
                    "core:error",
                    format!(
                        "({}){reason}: [client {}] AH00132: file permissions deny server access: {place}",
                        errno.number(),
                        request.peer
                    ),
                ));
                403
            }
            _ => {
                let reason = self.process.text(errno);
                self.complaint = Some((
                    "core:error",
                    format!(
                        "({}){reason}: [client {}] access to {path} failed",
                        errno.number(),
                        request.peer
                    ),
                ));
                500
            }
        }
    }

    async fn read(&self, request: &Request, place: &str) -> Result<Answer, Errno> {
        let stat = self.process.stat(place.as_bytes(), true)?;
        let bytes = self.process.read_file(place.as_bytes(), MAX_FILE).await?;
        let etag = format!("\"{:x}-{:x}\"", stat.size, stat.modified.as_microsecond());
        let modified = http_date(stat.modified);
        let headers = &request.head.headers;
        let unchanged = match headers.get("if-none-match") {
            Some(tags) => tags.split(',').any(|tag| tag.trim() == etag || tag.trim() == "*"),
            None => headers
                .get("if-modified-since")
                .and_then(parse_http_date)
                .is_some_and(|since| since.as_second() >= stat.modified.as_second()),
        };
        let ending =
            place.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let kind = self.host.types.get(&ending).map(String::as_str).or_else(|| content_type(place));
        let mut answer = Answer {
            head: crate::http::ResponseHead::new(if unchanged { 304 } else { 200 }),
            body: Vec::new(),
        };
        answer = answer.with("Last-Modified", modified).with("ETag", etag).with("Accept-Ranges", "bytes");
        if !unchanged {
            answer.body = bytes;
            if let Some(kind) = kind {
                answer = answer.with("Content-Type", kind);
            }
        }
        Ok(answer)
    }

    fn listing(&self, path: &str, place: &str) -> Result<Answer, Errno> {
        let mut names: Vec<String> = self
            .process
            .list(place.as_bytes())?
            .into_iter()
            .map(|(name, kind)| {
                let name = String::from_utf8_lossy(&name).into_owned();
                if kind == FileType::Directory { format!("{name}/") } else { name }
            })
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        let title =
            format!("Index of {}", escape(if path == "/" { path } else { path.trim_end_matches('/') }));
        let mut text = format!(
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n<h1>{title}</h1>\n<ul>"
        );
        if path != "/" {
            let parent = path.trim_end_matches('/').rsplit_once('/').map_or("", |(parent, _)| parent);
            text.push_str(&format!("<li><a href=\"{parent}/\"> Parent Directory</a></li>\n"));
        }
        for name in names {
            text.push_str(&format!(
                "<li><a href=\"{}\"> {}</a></li>\n",
                encode_path(name.as_bytes()),
                escape(&name)
            ));
        }
        text.push_str("</ul>\n</body></html>\n");
        Ok(Answer::new(200, "text/html;charset=UTF-8", text))
    }

    async fn proxied(&mut self, request: &Request, prefix: &str, target: &str) -> Result<Answer, u16> {
        let Ok(url) = Url::parse(target) else { return Err(500) };
        if url.scheme != "http" || !self.settings.has("proxy_http_module") {
            self.complaint = Some((
                "proxy:warn",
                format!(
                    "[client {}] AH01144: No protocol handler was valid for the URL {prefix} (scheme '{}'). If you are using a \
                     DSO version of mod_proxy, make sure the proxy submodules are included in the configuration using LoadModule.",
                    request.peer, url.scheme
                ),
            ));
            return Err(500);
        }
        let port = url.port_or_default();
        let to = addresses(self.process, &url.host, port).await;
        let Some(last) = to.last() else {
            self.complaint = Some((
                "proxy:error",
                format!(
                    "[client {}] AH00898: DNS lookup failure for: {} returned by {prefix}",
                    request.peer, url.host
                ),
            ));
            return Err(502);
        };
        let mut headers = end_to_end(&request.head.headers);
        let asked = headers.get("host").unwrap_or_default().to_owned();
        if !self.host.preserve_host {
            headers.set("Host", url.authority());
        }
        let forwarded = headers.get("x-forwarded-for").map(|list| format!("{list}, ")).unwrap_or_default();
        headers.set("X-Forwarded-For", format!("{forwarded}{}", request.peer.ip()));
        headers.set("X-Forwarded-Host", asked.clone());
        headers.set("X-Forwarded-Server", self.host.names.first().cloned().unwrap_or(asked));
        for edit in &self.host.request_headers {
            apply(edit, &mut headers);
        }
        match forward(self.process, &to, request, &url.target, &headers, PROXY_TIMEOUT).await {
            Ok(mut answer) => {
                let location = answer.head.headers.get("location").map(str::to_owned);
                if let Some(location) = location {
                    let local = self.host.reverse.iter().find_map(|(url, prefix)| {
                        let rest = location.strip_prefix(url.as_str())?;
                        Some(format!(
                            "http://{}{prefix}{rest}",
                            request.head.headers.get("host").unwrap_or_default()
                        ))
                    });
                    if let Some(local) = local {
                        answer.head.headers.set("Location", local);
                    }
                }
                Ok(answer)
            }
            Err(error) => {
                let (reason, status) = match error {
                    ForwardError::Connect(errno) => {
                        (format!("({}){}", errno.number(), self.process.text(errno)), 503)
                    }
                    ForwardError::Timeout => ("(70007)The timeout specified has expired".to_owned(), 504),
                    ForwardError::Broken => {
                        ("(20014)Internal error (specific information not available)".to_owned(), 502)
                    }
                };
                let what = match error {
                    ForwardError::Connect(_) => {
                        format!("AH00957: http: attempt to connect to {last} ({}:{port}) failed", url.host)
                    }
                    _ => format!(
                        "[client {}] AH01102: error reading status line from remote server {}:{port}",
                        request.peer, url.host
                    ),
                };
                let level = if matches!(error, ForwardError::Connect(_)) {
                    "proxy:error"
                } else {
                    "proxy_http:error"
                };
                self.complaint = Some((level, format!("{reason}: {what}")));
                Err(status)
            }
        }
    }

    /// The page of an error, perhaps one of `ErrorDocument`.
    async fn failure(&self, status: u16) -> Answer {
        match self.host.error_documents.get(&status) {
            Some(path) if path.starts_with('/') => {
                let place = self.place(path);
                if let Ok(bytes) = self.process.read_file(place.as_bytes(), MAX_FILE).await {
                    return Answer::new(status, content_type(&place).unwrap_or("text/html"), bytes);
                }
            }
            Some(text) => return Answer::new(status, HTML, text.clone()),
            None => {}
        }
        let mut answer = self.page(status, "");
        if status == 405 {
            answer = answer.with("Allow", "GET,POST,OPTIONS,HEAD");
        }
        answer
    }

    fn page(&self, status: u16, location: &str) -> Answer {
        let reason = words(status);
        let location = escape(location);
        let text = match status {
            301 => format!("The document has moved <a href=\"{location}\">here</a>."),
            302 | 303 => format!("The document has moved <a href=\"{location}\">here</a>."),
            400 => "Your browser sent a request that this server could not understand.<br />\n".to_owned(),
            403 => "You don't have permission to access this resource.".to_owned(),
            404 => "The requested URL was not found on this server.".to_owned(),
            405 => "The requested method is not allowed for this URL.".to_owned(),
            410 => "The requested resource is no longer available on this server and there is no forwarding address.".to_owned(),
            502 => "The proxy server received an invalid\nresponse from an upstream server.<br />\n".to_owned(),
            503 => "The server is temporarily unable to service your\nrequest due to maintenance downtime or capacity\nproblems. Please try again later.".to_owned(),
            504 => "The gateway did not receive a timely response\nfrom the upstream server or application.".to_owned(),
            _ => "The server encountered an internal error or\nmisconfiguration and was unable to complete\nyour request.".to_owned(),
        };
        let mut answer = Answer::new(
            status,
            HTML,
            format!(
                "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>{status} {reason}</title>\n</head><body>\n\
                 <h1>{reason}</h1>\n<p>{text}</p>\n</body></html>\n"
            ),
        );
        reason.clone_into(&mut answer.head.reason);
        answer
    }

    fn status(&self, request: &Request) -> String {
        format!(
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<html><head>\n<title>Apache Status</title>\n</head><body>\n\
             <h1>Apache Server Status for {}</h1>\n<dl><dt>Server Version: Apache/{} (Unix)</dt>\n</dl>\n</body></html>\n",
            escape(request.head.headers.get("host").unwrap_or_default()),
            self.version
        )
    }
}

/// What Apache calls a status, where that differs from what others call it.
fn words(status: u16) -> &'static str {
    match status {
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        302 => "Found",
        status => reason(status),
    }
}

/// What follows a prefix of a path, where that ends at a slash.
fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/')).then_some(rest)
}

fn apply(edit: &Edit, headers: &mut Headers) {
    match edit {
        Edit::Set(name, value) => headers.set(name, value.clone()),
        Edit::Add(name, value) => headers.push(name.clone(), value.clone()),
        Edit::Unset(name) => headers.remove(name),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_prefix_ends_at_a_slash() {
        assert_eq!(below("/app/x", "/app"), Some("/x"));
        assert_eq!(below("/app/x", "/app/"), Some("x"));
        assert_eq!(below("/application", "/app"), None);
        assert_eq!(below("/x", "/"), Some("x"));
    }
}
