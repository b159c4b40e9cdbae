//! The container as a configuration sees it: files, names, users.

use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc};

use super::{config::Source, settings::Resolve};
use crate::{
    kernel::{creds::READ, process::Process},
    libc::{
        glob::glob,
        passwd,
        resolver::{self, ResolveError},
    },
};

/// The largest file of a configuration.
const MAX_FILE: usize = 4 << 20;

/// What a configuration asks about its machine.
#[derive(Clone, Debug)]
pub(super) struct Machine(pub(super) Arc<Process>);

impl Source for Machine {
    fn read(&self, path: &str) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>> {
        let path = path.to_owned();
        Box::pin(async move {
            let text = self.0.read_file(path.as_bytes(), MAX_FILE).await;
            let text = text.map_err(|error| format!("{}: {}", error.number(), self.0.text(error)))?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        })
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        glob(&self.0, pattern)
    }
}

impl Resolve for Machine {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, ResolveError>> + Send + 'a>> {
        Box::pin(resolver::resolve(&self.0, host))
    }

    fn user(&self, name: &str) -> Option<(u32, u32)> {
        passwd::user_named(&self.0, name.as_bytes()).map(|user| (user.uid, user.gid))
    }

    fn group(&self, name: &str) -> Option<u32> {
        passwd::group_named(&self.0, name.as_bytes())
    }

    fn processors(&self) -> usize {
        usize::try_from(self.0.container.host.cpu_millis.div_ceil(1000)).unwrap_or(1).max(1)
    }

    fn is_root(&self) -> bool {
        self.0.creds().uid == 0
    }

    fn readable(&self, path: &str) -> bool {
        self.0.access(path.as_bytes(), READ).is_ok()
    }
}
