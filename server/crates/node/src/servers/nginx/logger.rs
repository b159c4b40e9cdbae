//! The files that are logged to, and lines of the log of errors.

use std::{collections::BTreeMap, sync::Arc};

use jiff::tz::TimeZone;

use super::settings::{LogFile, LogLevel, Settings};
use crate::kernel::{
    errno::Errno,
    fs::{OpenFile, OpenFlags},
    process::Process,
};

/// Open files by where they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs(BTreeMap<LogFile, Arc<OpenFile>>);

impl Logs {
    /// Opens everything that settings log to. The error is nginx's message.
    pub(super) async fn open(process: &Process, settings: &Settings) -> Result<Self, String> {
        let mut logs = Self::default();
        let options =
            settings.servers.iter().flat_map(|server| server.locations.all().chain([&server.outside]));
        let mut files: Vec<&LogFile> =
            settings.error_log.iter().map(|(file, _)| file).chain(&settings.http_logs).collect();
        for location in options {
            files.extend(location.options.access_logs.iter().map(|log| &log.file));
            files.extend(location.options.error_log.iter().flatten().map(|(file, _)| file));
        }
        for file in files {
            if logs.0.contains_key(file) {
                continue;
            }
            let opened = match file {
                LogFile::Stderr => process.file(2),
                LogFile::Elsewhere => continue,
                LogFile::Path(path) => open(process, path).await,
            };
            let opened = opened.map_err(|error| match file {
                LogFile::Path(path) => {
                    format!("open() \"{path}\" failed ({}: {})", error.number(), process.text(error))
                }
                _ => format!("open() \"stderr\" failed ({}: {})", error.number(), process.text(error)),
            })?;
            logs.0.insert(file.clone(), opened);
        }
        Ok(logs)
    }

    /// Opens the files again, under their names: what they were may have been moved away.
    pub(super) async fn reopen(&mut self, process: &Process) {
        for (file, open_file) in &mut self.0 {
            if let LogFile::Path(path) = file
                && let Ok(opened) = open(process, path).await
            {
                *open_file = opened;
            }
        }
    }

    /// Adds lines to a log.
    pub(super) async fn write(&self, process: &Process, file: &LogFile, text: String) {
        if let Some(file) = self.0.get(file) {
            // Who cannot log has no one to tell.
            let _ = process.write_file(file, text.into()).await;
        }
    }

    /// Adds a message to the logs that take messages of its level.
    pub(super) async fn message(
        &self,
        process: &Process,
        targets: &[(LogFile, LogLevel)],
        level: LogLevel,
        text: &str,
    ) {
        for (file, least) in targets {
            if level <= *least {
                self.write(process, file, line(process, level, text)).await;
            }
        }
    }
}

/// Opens a log to add to it.
pub(super) async fn open(process: &Process, path: &str) -> Result<Arc<OpenFile>, Errno> {
    process.open_file(path.as_bytes(), OpenFlags::APPEND, 0o644).await
}

/// A line of the log of errors.
pub(super) fn line(process: &Process, level: LogLevel, text: &str) -> String {
    let date = process.now().to_zoned(TimeZone::UTC).strftime("%Y/%m/%d %H:%M:%S").to_string();
    let pid = process.pid;
    format!("{date} [{}] {pid}#{pid}: {text}\n", level.name())
}
