//! How httpd answers one request: redirects, rules, passwords, files, directories.

use std::sync::Arc;

use super::{
    authentication::{Refusal, authenticate},
    config::read_overrides,
    rewrite::{Asked, Rewritten},
    settings::{Edit, Host, Rules, Settings},
};
use crate::{
    http::{Headers, encode_path, http_date, parse_http_date},
    kernel::{errno::Errno, fs::FileType, process::Process},
    servers::{
        listening::{Answer, Request},
        static_files::{clean_path, content_type},
    },
};

/// The largest file that is served, in bytes.
pub(super) const MAX_FILE: usize = 16 << 20;
pub(super) const HTML: &str = "text/html; charset=iso-8859-1";

/// How often rules may send a request round.
const MAX_ROUNDS: u32 = 10;

/// An answer, and what the logs say of it.
pub(super) struct Served {
    /// Without the fields that all answers have.
    pub(super) answer: Answer,
    /// What went wrong, for the log of errors: level and message.
    pub(super) complaint: Option<(&'static str, String)>,
    /// Who asked, where a password proved it.
    pub(super) user: Option<String>,
}

/// Answers a request to a host.
pub(super) async fn respond(
    process: &Arc<Process>,
    settings: &Settings,
    host: &Host,
    version: &str,
    request: &Request,
) -> Served {
    let query = request.head.target.split_once('?').map_or(String::new(), |(_, query)| query.to_owned());
    let mut at = clean_path(&request.head.target).map(|path| (path, query));
    for round in 0..=MAX_ROUNDS {
        let overlay = match &at {
            Some((path, _)) => overrides(process, settings, host, path).await,
            None => Ok(None),
        };
        let mut responder = Responder {
            process,
            settings,
            host: overlay.as_ref().ok().and_then(Option::as_ref).unwrap_or(host),
            version,
            complaint: None,
            user: None,
            realm: None,
            rewrites: round == 0,
        };
        let step = match (overlay.as_ref(), &at) {
            (Err(message), _) => {
                responder.complaint = Some(("core:alert", format!("[client {}] {message}", request.peer)));
                Err(500)
            }
            (_, None) => Err(400),
            (_, Some(_)) if round == MAX_ROUNDS => {
                let text = "AH00124: Request exceeded the limit of 10 internal redirects due to probable configuration error.";
                responder.complaint = Some(("core:error", format!("[client {}] {text}", request.peer)));
                Err(500)
            }
            (_, Some((path, query))) => responder.content(request, path, query).await,
        };
        let mut answer = match step {
            Ok(Step::Answer(answer)) => answer,
            Ok(Step::Again(path, query)) => {
                at = Some((path, query));
                continue;
            }
            Err(status) => responder.failure(status).await,
        };
        for edit in &responder.host.headers {
            apply(edit, &mut answer.head.headers);
        }
        return Served { answer, complaint: responder.complaint, user: responder.user };
    }
    // The last round always answers.
    Served { answer: Answer::new(500, HTML, ""), complaint: None, user: None }
}

/// The host as the `.htaccess` files along the way to a path change it; `None` where none does. The error is for the log.
async fn overrides(
    process: &Process,
    settings: &Settings,
    host: &Host,
    path: &str,
) -> Result<Option<Host>, String> {
    let place = host.place(path);
    let mut changed: Option<Host> = None;
    for (at, _) in place.match_indices('/') {
        let directory = &place[..at];
        if host.rule(or_root(directory), |rules| rules.overrides) != Some(true) {
            continue;
        }
        let file = format!("{directory}/.htaccess");
        let Some(read) = read_overrides(process, &file, &settings.modules).await else { continue };
        let mut next = changed.take().unwrap_or_else(|| host.clone());
        let judged =
            read.and_then(|directives| settings.rules_of(directory.to_owned(), &directives, &mut next));
        match judged {
            Ok(rules) => next.directories.push(rules),
            // The message is said without what a start of the server says before it.
            Err(message) => {
                let text = message.trim_end().rsplit('\n').next().unwrap_or_default().to_owned();
                return Err(format!("{file}: {text}"));
            }
        }
        changed = Some(next);
    }
    Ok(changed)
}

fn or_root(directory: &str) -> &str {
    if directory.is_empty() { "/" } else { directory }
}

impl Host {
    /// Where a path lies in the file system.
    pub(super) fn place(&self, path: &str) -> String {
        for (prefix, to) in &self.aliases {
            if let Some(rest) = below(path, prefix) {
                return format!("{to}{rest}");
            }
        }
        format!("{}{path}", self.document_root)
    }

    /// What the sections nearest to a place say.
    fn rule<T>(&self, place: &str, of: impl Fn(&Rules) -> Option<T>) -> Option<T> {
        let mut fitting: Vec<&Rules> = self
            .directories
            .iter()
            .filter(|rules| rules.prefix == "/" || below(place, &rules.prefix).is_some())
            .collect();
        // Those nearest to the file decide, and of two for one directory the later.
        fitting.sort_by_key(|rules| rules.prefix.trim_end_matches('/').len());
        fitting.iter().rev().find_map(|rules| of(rules))
    }
}

/// What comes of a look at a request.
enum Step {
    Answer(Answer),
    /// Rules made it one for another path and query.
    Again(String, String),
}

/// What serves a request.
pub(super) struct Responder<'a> {
    pub(super) process: &'a Arc<Process>,
    pub(super) settings: &'a Settings,
    pub(super) host: &'a Host,
    pub(super) version: &'a str,
    pub(super) complaint: Option<(&'static str, String)>,
    pub(super) user: Option<String>,
    /// Whose password is wanted.
    pub(super) realm: Option<String>,
    /// Whether the server's own rules are still to be applied.
    pub(super) rewrites: bool,
}

impl Responder<'_> {
    async fn content(&mut self, request: &Request, path: &str, query: &str) -> Result<Step, u16> {
        let asked = Asked {
            process: self.process,
            request,
            path,
            query,
            file: path,
            document_root: &self.host.document_root,
            server_name: self.host.names.first().map_or("localhost", String::as_str),
        };
        let rewritten = if self.rewrites { self.host.rewrite.apply(&asked, None) } else { None };
        let (path, query) = match rewritten {
            Some(Rewritten::Path { path, query, .. }) => (path, query),
            Some(other) => return self.rewritten(request, other).await,
            None => (path.to_owned(), query.to_owned()),
        };
        let bare = query.clone();
        let query = if query.is_empty() { query } else { format!("?{query}") };
        for (status, prefix, target) in &self.host.redirects {
            if let Some(rest) = below(&path, prefix) {
                let location = format!("{target}{}{query}", encode_path(rest.as_bytes()));
                return Ok(Step::Answer(self.page(*status, &location).with("Location", location)));
            }
        }
        for proxy in &self.host.proxies {
            let Some(rest) = below(&path, &proxy.prefix) else { continue };
            let Some(url) = &proxy.url else { break };
            let target = format!("{url}{}{query}", encode_path(rest.as_bytes()));
            return self.proxied(request, &proxy.prefix, &target).await.map(Step::Answer);
        }
        let location = self.host.locations.iter().rev().find(|rules| below(&path, &rules.prefix).is_some());
        if let Some(location) = location {
            if location.granted == Some(false) {
                return self.denied(request, &path);
            }
            if let Some(users) = &location.users {
                self.enter(request, &path, users, location.realm.as_ref(), location.user_file.as_ref())
                    .await?;
            }
            if location.handler.as_deref() == Some("server-status") {
                return Ok(Step::Answer(Answer::new(200, HTML, self.status(request))));
            }
        }
        match request.head.method.as_str() {
            "GET" | "HEAD" | "POST" => {}
            "OPTIONS" => {
                let answer = Answer::new(200, "httpd/unix-directory", "");
                return Ok(Step::Answer(answer.with("Allow", "GET,POST,OPTIONS,HEAD")));
            }
            _ => return Err(405),
        }
        if let Some(step) = self.directory_rules(request, &path, &bare).await? {
            return Ok(step);
        }
        self.file(request, &path, &query).await.map(Step::Answer)
    }

    /// Carries out what rules say, other than another path.
    async fn rewritten(&mut self, request: &Request, rewritten: Rewritten) -> Result<Step, u16> {
        match rewritten {
            Rewritten::Status(status) => Err(status),
            Rewritten::Proxy(url) => self.proxied(request, &url, &url).await.map(Step::Answer),
            Rewritten::Redirect(status, location) => {
                Ok(Step::Answer(self.page(status, &location).with("Location", location)))
            }
            Rewritten::Path { path, query, .. } => Ok(Step::Again(path, query)),
        }
    }

    /// Passwords and rules of the directory that a path is in.
    async fn directory_rules(
        &mut self,
        request: &Request,
        path: &str,
        query: &str,
    ) -> Result<Option<Step>, u16> {
        let place = self.host.place(path);
        if let Some(users) = self.host.rule(&place, |rules| rules.users.clone()) {
            let realm = self.host.rule(&place, |rules| rules.realm.clone());
            let file = self.host.rule(&place, |rules| rules.user_file.clone());
            self.enter(request, path, &users, realm.as_ref(), file.as_ref()).await?;
        }
        let rules = self.host.rule(&place, |rules| Some((rules.prefix.clone(), rules.rewrite.clone()?)));
        let Some((prefix, rewrite)) = rules else { return Ok(None) };
        // The directory as a path of URLs: what is left of the path when what is below the directory goes.
        let below = place.len().saturating_sub(prefix.trim_end_matches('/').len() + 1);
        let directory = path.get(..path.len().saturating_sub(below)).unwrap_or("/").to_owned();
        let asked = Asked {
            process: self.process,
            request,
            path,
            query,
            file: place.trim_end_matches('/'),
            document_root: &self.host.document_root,
            server_name: self.host.names.first().map_or("localhost", String::as_str),
        };
        match rewrite.apply(&asked, Some(&directory)) {
            None => Ok(None),
            Some(rewritten) => self.rewritten(request, rewritten).await.map(Some),
        }
    }

    /// Lets somebody in who proves with a password to be one of `users`.
    async fn enter(
        &mut self,
        request: &Request,
        path: &str,
        users: &[String],
        realm: Option<&String>,
        file: Option<&String>,
    ) -> Result<(), u16> {
        self.realm = Some(realm.cloned().unwrap_or_default());
        match authenticate(self.process, request, users, file.map(String::as_str)).await {
            Ok(user) => {
                self.user = Some(user);
                Ok(())
            }
            Err(Refusal { status, level, message }) => {
                if let Some(message) = message {
                    let message = message.replace("{path}", path);
                    self.complaint = Some((level, format!("[client {}] {message}", request.peer)));
                }
                Err(status)
            }
        }
    }

    fn denied<T>(&mut self, request: &Request, path: &str) -> Result<T, u16> {
        let peer = request.peer;
        self.complaint = Some((
            "authz_core:error",
            format!("[client {peer}] AH01630: client denied by server configuration: {path}"),
        ));
        Err(403)
    }

    async fn file(&mut self, request: &Request, path: &str, query: &str) -> Result<Answer, u16> {
        let process = self.process;
        let place = self.host.place(path);
        if self.host.rule(&place, |rules| rules.granted) == Some(false) {
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
        if self.host.rule(&place, |rules| rules.listing) == Some(true) {
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
}

/// What follows a prefix of a path, where that ends at a slash.
fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/')).then_some(rest)
}

pub(super) fn apply(edit: &Edit, headers: &mut Headers) {
    match edit {
        Edit::Set(name, value) => headers.set(name, value.clone()),
        Edit::Add(name, value) => headers.push(name.clone(), value.clone()),
        Edit::Unset(name) => headers.remove(name),
    }
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
