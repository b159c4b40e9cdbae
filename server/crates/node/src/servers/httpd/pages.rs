//! Pages that httpd makes itself: of errors, of directories, of its own state.

use super::respond::{HTML, MAX_FILE, Responder};
use crate::{
    http::{encode_path, reason},
    kernel::{errno::Errno, fs::FileType},
    servers::{
        listening::{Answer, Request},
        static_files::content_type,
    },
};

impl Responder<'_> {
    pub(super) fn listing(&self, path: &str, place: &str) -> Result<Answer, Errno> {
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

    /// The page of an error, perhaps one of `ErrorDocument`.
    pub(super) async fn failure(&self, status: u16) -> Answer {
        match self.host.error_documents.get(&status) {
            Some(path) if path.starts_with('/') => {
                let place = self.host.place(path);
                if let Ok(bytes) = self.process.read_file(place.as_bytes(), MAX_FILE).await {
                    return Answer::new(status, content_type(&place).unwrap_or("text/html"), bytes);
                }
            }
            Some(text) => return Answer::new(status, HTML, text.clone()),
            None => {}
        }
        let mut answer = self.page(status, "");
        if let Some(realm) = self.realm.as_ref().filter(|_| status == 401) {
            answer = answer.with("WWW-Authenticate", format!("Basic realm=\"{realm}\""));
        }
        if status == 405 {
            answer = answer.with("Allow", "GET,POST,OPTIONS,HEAD");
        }
        answer
    }

    pub(super) fn page(&self, status: u16, location: &str) -> Answer {
        let reason = words(status);
        let location = escape(location);
        let text = match status {
            301 => format!("The document has moved <a href=\"{location}\">here</a>."),
            302 | 303 => format!("The document has moved <a href=\"{location}\">here</a>."),
            400 => "Your browser sent a request that this server could not understand.<br />\n".to_owned(),
            401 => "This server could not verify that you\nare authorized to access the document\nrequested.  Either you supplied the wrong\n\
                    credentials (e.g., bad password), or your\nbrowser doesn't understand how to supply\nthe credentials required."
                .to_owned(),
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

    pub(super) fn status(&self, request: &Request) -> String {
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
