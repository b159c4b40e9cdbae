//! Requests that are passed on (`mod_proxy`, `mod_proxy_http`).

use std::time::Duration;

use super::respond::{Responder, apply};
use crate::{
    http::Url,
    servers::{
        forward::{ForwardError, addresses, end_to_end, forward},
        listening::{Answer, Request},
    },
};

const PROXY_TIMEOUT: Duration = Duration::from_secs(60);

impl Responder<'_> {
    pub(super) async fn proxied(
        &mut self,
        request: &Request,
        prefix: &str,
        target: &str,
    ) -> Result<Answer, u16> {
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
}
