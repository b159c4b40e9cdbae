//! Parsers: what makes fields of a line.

use regex::Regex;
use serde_json::json;

use super::config::Section;
use crate::servers::shippers::{Record, patterns::compile};

/// A parser by its name.
#[derive(Clone, Debug)]
pub(super) struct Parser {
    pub(super) name: String,
    format: Format,
    /// The field that is the record's time, and so no field of it any more.
    time_key: Option<String>,
}

#[derive(Clone, Debug)]
enum Format {
    Json,
    Regex(Regex),
}

impl Parser {
    /// What a section `[PARSER]` says, if that is known here.
    pub(super) fn of(section: &Section) -> Option<Self> {
        let format = match section.get("format")?.to_ascii_lowercase().as_str() {
            "json" => Format::Json,
            "regex" => Format::Regex(compile(section.get("regex")?)?),
            _ => return None,
        };
        let timed = section.get("time_format").is_some() && !section.is_on("time_keep");
        let time_key = section.get("time_key").filter(|_| timed).map(str::to_owned);
        Some(Self { name: section.get("name")?.to_owned(), format, time_key })
    }

    /// The fields of a line that fits.
    pub(super) fn fields(&self, line: &str) -> Option<Record> {
        let mut fields: Record = match &self.format {
            Format::Json => serde_json::from_str(line).ok()?,
            Format::Regex(regex) => {
                let groups = regex.captures(line)?;
                let named = regex.capture_names().flatten();
                named.filter_map(|name| Some((name.to_owned(), json!(groups.name(name)?.as_str())))).collect()
            }
        };
        if let Some(key) = &self.time_key {
            fields.shift_remove(key);
        }
        Some(fields)
    }
}
