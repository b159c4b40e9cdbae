//! Blocks `location` and `if`: what they match, and the steps in them.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Handler, Location, Locations, Matcher,
    content::HANDLERS,
    http::Context,
    levels::{Levels, regex},
    script,
};
use crate::servers::nginx::config::{ConfigError, Directive};

impl Context<'_> {
    pub(super) fn add_locations(
        &self,
        block: &[Directive],
        levels: &Levels<'_>,
        outer: Option<&Matcher>,
        into: &mut Locations,
    ) -> Result<(), ConfigError> {
        let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
        for directive in block.iter().filter(|directive| directive.name == "location") {
            let matcher = matcher(directive)?;
            if let Some(outer) = outer {
                check_nesting(directive, outer, &matcher)?;
            }
            let key = match &matcher {
                Matcher::Exact(path) => ("=".to_owned(), path.clone()),
                Matcher::Prefix(path) | Matcher::Final(path) => ("prefix".to_owned(), path.clone()),
                Matcher::Named(name) => ("@".to_owned(), name.clone()),
                Matcher::Regex(_) | Matcher::Block => (seen.len().to_string(), String::new()),
            };
            if !seen.insert(key.clone()) {
                return Err(directive.error(format!("duplicate location \"{}\"", key.1)));
            }
            let inner = levels.inner(&directive.block);
            into.add(Arc::new(self.location(directive, &inner, matcher)?));
        }
        Ok(())
    }

    pub(super) fn location(
        &self,
        directive: &Directive,
        levels: &Levels<'_>,
        matcher: Matcher,
    ) -> Result<Location, ConfigError> {
        let mut nested = Locations::default();
        self.add_locations(&directive.block, levels, Some(&matcher), &mut nested)?;
        Ok(Location {
            nested,
            script: self.script(&directive.block, levels, &matcher)?,
            handler: self.handler(levels, &matcher)?,
            options: self.options(levels)?,
            matcher,
        })
    }

    pub(super) fn script(
        &self,
        block: &[Directive],
        levels: &Levels<'_>,
        matcher: &Matcher,
    ) -> Result<Vec<script::Op>, ConfigError> {
        let in_location = !matches!(matcher, Matcher::Block);
        let mut inner = |directive: &Directive| {
            if !in_location {
                return Ok(None);
            }
            let levels = levels.inner(&directive.block);
            let handler = match self.handler(&levels, &Matcher::Block)? {
                // An `if` without a handler of its own has that of its location.
                Handler::Files => self.handler_of(levels.all_of(&HANDLERS), &levels, matcher)?,
                handler => handler,
            };
            Ok(Some(Arc::new(Location {
                matcher: matcher.clone(),
                nested: Locations::default(),
                script: Vec::new(),
                handler,
                options: self.options(&levels)?,
            })))
        };
        block.iter().map(|step| script::parse(step, &mut inner)).filter_map(Result::transpose).collect()
    }
}

fn matcher(directive: &Directive) -> Result<Matcher, ConfigError> {
    let (modifier, path) = match directive.args.as_slice() {
        [modifier, path] => (modifier.as_str(), path.as_str()),
        _ => {
            // The modifier may touch the path.
            let word = directive.arg(0);
            ["=", "^~", "~*", "~"]
                .iter()
                .find_map(|modifier| Some((*modifier, word.strip_prefix(modifier)?)))
                .unwrap_or(("", word))
        }
    };
    Ok(match modifier {
        "=" => Matcher::Exact(path.to_owned()),
        "^~" => Matcher::Final(path.to_owned()),
        "~" => Matcher::Regex(regex(directive, path, false)?),
        "~*" => Matcher::Regex(regex(directive, path, true)?),
        "" if path.starts_with('@') => Matcher::Named(path.to_owned()),
        "" => Matcher::Prefix(path.to_owned()),
        _ => return Err(directive.error(format!("invalid location modifier \"{modifier}\""))),
    })
}

fn check_nesting(directive: &Directive, outer: &Matcher, inner: &Matcher) -> Result<(), ConfigError> {
    let name = |matcher: &Matcher| match matcher {
        Matcher::Regex(regex) => regex.as_str().to_owned(),
        Matcher::Named(name) => name.clone(),
        other => other.prefix().to_owned(),
    };
    match (outer, inner) {
        (Matcher::Exact(_), _) => Err(directive.error(format!(
            "location \"{}\" cannot be inside the exact location \"{}\"",
            name(inner),
            name(outer)
        ))),
        (Matcher::Named(_), _) => Err(directive.error(format!(
            "location \"{}\" cannot be inside the named location \"{}\"",
            name(inner),
            name(outer)
        ))),
        (_, Matcher::Named(inner)) => {
            Err(directive.error(format!("named location \"{inner}\" can be on the server level only")))
        }
        (
            Matcher::Prefix(_) | Matcher::Final(_),
            Matcher::Prefix(path) | Matcher::Exact(path) | Matcher::Final(path),
        ) if !path.starts_with(outer.prefix()) => {
            Err(directive.error(format!("location \"{path}\" is outside location \"{}\"", outer.prefix())))
        }
        _ => Ok(()),
    }
}
