//! Which location a path belongs to.

use std::{collections::BTreeMap, sync::Arc};

use regex::Regex;

use super::Location;

/// What a location matches.
#[derive(Clone, Debug)]
pub(in crate::servers::nginx) enum Matcher {
    /// `=`
    Exact(String),
    Prefix(String),
    /// `^~`: no regular expression is tried after it.
    Final(String),
    Regex(Regex),
    /// `@name`
    Named(String),
    /// A server outside of its locations, or an `if`.
    Block,
}

impl Matcher {
    /// The prefix that an alias or a proxied path replaces.
    pub(in crate::servers::nginx) fn prefix(&self) -> &str {
        match self {
            Self::Exact(text) | Self::Prefix(text) | Self::Final(text) => text,
            Self::Regex(_) | Self::Named(_) | Self::Block => "",
        }
    }
}

/// The locations of a level.
#[derive(Clone, Debug, Default)]
pub(in crate::servers::nginx) struct Locations {
    pub(super) exact: BTreeMap<String, Arc<Location>>,
    /// The longest prefix first.
    pub(super) prefixes: Vec<Arc<Location>>,
    pub(super) regexes: Vec<Arc<Location>>,
    pub(super) named: BTreeMap<String, Arc<Location>>,
}

/// What was found for a path.
#[derive(Debug)]
pub(in crate::servers::nginx) struct Match {
    pub(in crate::servers::nginx) location: Arc<Location>,
    /// What the groups of the regular expression matched.
    pub(in crate::servers::nginx) groups: Option<Groups>,
}

/// What the groups of a regular expression matched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::servers::nginx) struct Groups {
    pub(in crate::servers::nginx) numbered: Vec<String>,
    pub(in crate::servers::nginx) named: Vec<(String, String)>,
}

impl Groups {
    /// Matches a text.
    pub(in crate::servers::nginx) fn of(regex: &Regex, text: &str) -> Option<Self> {
        let captures = regex.captures(text)?;
        let value =
            |group: Option<regex::Match<'_>>| group.map_or(String::new(), |group| group.as_str().to_owned());
        let numbered = captures.iter().map(value).collect();
        let named = regex
            .capture_names()
            .flatten()
            .map(|name| (name.to_ascii_lowercase(), value(captures.name(name))))
            .collect();
        Some(Self { numbered, named })
    }
}

impl Locations {
    /// Adds a location.
    pub(super) fn add(&mut self, location: Arc<Location>) {
        match &location.matcher {
            Matcher::Exact(path) => drop(self.exact.insert(path.clone(), location)),
            Matcher::Prefix(_) | Matcher::Final(_) => {
                self.prefixes.push(location);
                self.prefixes.sort_by_key(|location| std::cmp::Reverse(location.matcher.prefix().len()));
            }
            Matcher::Regex(_) => self.regexes.push(location),
            Matcher::Named(name) => drop(self.named.insert(name.clone(), location)),
            Matcher::Block => {}
        }
    }

    /// The location for a path: an exact one; else, unless the longest prefix says that it is final, the first regular
    /// expression that matches; else the longest prefix (`ngx_http_core_find_location`).
    pub(in crate::servers::nginx) fn find(&self, path: &str) -> Option<Match> {
        if let Some(location) = self.exact.get(path) {
            return Some(Match { location: Arc::clone(location), groups: None });
        }
        let prefix = self.prefixes.iter().find(|location| path.starts_with(location.matcher.prefix()));
        let inner = prefix.and_then(|location| location.nested.find(path));
        if let Some(found) = &inner
            && matches!(found.location.matcher, Matcher::Exact(_) | Matcher::Regex(_))
        {
            return inner;
        }
        let decided = |location: &Arc<Location>| matches!(location.matcher, Matcher::Final(_));
        let is_final = inner.as_ref().map(|found| &found.location).or(prefix).is_some_and(decided);
        if !is_final {
            for location in &self.regexes {
                if let Matcher::Regex(regex) = &location.matcher
                    && let Some(groups) = Groups::of(regex, path)
                {
                    return Some(
                        location.nested.find(path).unwrap_or_else(|| Match {
                            location: Arc::clone(location),
                            groups: Some(groups),
                        }),
                    );
                }
            }
        }
        inner.or_else(|| Some(Match { location: Arc::clone(prefix?), groups: None }))
    }

    /// All locations, with those inside of them and those of their `if`s.
    pub(in crate::servers::nginx) fn all(&self) -> Box<dyn Iterator<Item = &Arc<Location>> + '_> {
        let own = self.exact.values().chain(&self.prefixes).chain(&self.regexes).chain(self.named.values());
        Box::new(own.flat_map(|location| {
            let conditional = location.script.iter().filter_map(|op| match op {
                super::Op::If { location, .. } => location.as_ref(),
                _ => None,
            });
            std::iter::once(location).chain(conditional).chain(location.nested.all())
        }))
    }

    /// The location of this name.
    pub(in crate::servers::nginx) fn named(&self, name: &str) -> Option<Arc<Location>> {
        self.named.get(name).cloned()
    }
}
