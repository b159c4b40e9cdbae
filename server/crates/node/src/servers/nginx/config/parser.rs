//! Directives out of words, with the files that they include.

use std::{future::Future, pin::Pin, sync::Arc};

use super::{
    At, ConfigError, Directive,
    directives::{self, Place, Shape},
    lexer::{End, Lexer},
};

/// How deep blocks and includes may lie in each other.
const MAX_DEPTH: usize = 32;
/// The most directives that a configuration may have.
const MAX_DIRECTIVES: usize = 20_000;

/// Where files come from.
pub(in crate::servers::nginx) trait Source: Sync {
    /// The text of a file; the error is what the system says: `2: No such file or directory`.
    fn read(&self, path: &str) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>>;
    /// The files that a pattern matches, sorted.
    fn glob(&self, pattern: &str) -> Vec<String>;
}

/// A configuration that was read.
#[derive(Clone, Debug, Default)]
pub(in crate::servers::nginx) struct Parsed {
    pub(in crate::servers::nginx) directives: Vec<Directive>,
    /// All files with their texts, in the order in which they were opened, for `-T`.
    pub(in crate::servers::nginx) files: Vec<(String, String)>,
}

/// Reads a configuration: first what `-g` gives, then the file at `path`.
pub(in crate::servers::nginx) async fn parse(
    source: &dyn Source,
    global: &str,
    path: &str,
) -> Result<Parsed, ConfigError> {
    let mut parser = Parser { source, parsed: Parsed::default(), count: 0 };
    let mut all = Vec::new();
    if !global.is_empty() {
        parser.global(global, &mut all)?;
    }
    let text = source
        .read(path)
        .await
        .map_err(|error| ConfigError::new(format!("open() \"{path}\" failed ({error})")))?;
    parser.file(path, text, Place::MAIN, &mut all, 0).await?;
    parser.parsed.directives = all;
    Ok(parser.parsed)
}

struct Parser<'a> {
    source: &'a dyn Source,
    parsed: Parsed,
    count: usize,
}

/// A block that is being read.
struct Open {
    directive: Directive,
    place: Place,
}

impl Parser<'_> {
    /// The directives of the option `-g`.
    fn global(&mut self, text: &str, into: &mut Vec<Directive>) -> Result<(), ConfigError> {
        let file: Arc<str> = "".into();
        let in_line = |message: String| ConfigError::new(format!("{message} in command line"));
        let text = format!("{text}\n");
        let mut lexer = Lexer::new(&text);
        loop {
            let words = lexer.next().map_err(|message| {
                in_line(message.replace("file, expecting \";\" or \"}\"", "parameter, expecting \";\""))
            })?;
            match words.end {
                End::Text => return Ok(()),
                End::Closing => return Err(in_line("unexpected \"}\"".to_owned())),
                End::Opening => {
                    return Err(in_line("block directives are not supported in -g option".to_owned()));
                }
                End::Semicolon => {
                    let at = At { file: Arc::clone(&file), line: 0 };
                    let (directive, _) = self.directive(words.words, words.end, Place::MAIN, at, into)?;
                    into.push(directive);
                }
            }
        }
    }

    /// The directives of a file, which stand at `place`.
    fn file<'a>(
        &'a mut self,
        path: &'a str,
        text: String,
        place: Place,
        into: &'a mut Vec<Directive>,
        depth: usize,
    ) -> Pin<Box<dyn Future<Output = Result<(), ConfigError>> + Send + 'a>> {
        Box::pin(async move {
            if depth > MAX_DEPTH {
                return Err(ConfigError::new(format!("include directives lie too deep in {path}:1")));
            }
            if !self.parsed.files.iter().any(|(known, _)| known == path) {
                self.parsed.files.push((path.to_owned(), text.clone()));
            }
            let file: Arc<str> = path.into();
            let mut lexer = Lexer::new(&text);
            let mut open: Vec<Open> = Vec::new();
            loop {
                let words = lexer.next();
                let at = At { file: Arc::clone(&file), line: lexer.line };
                let words = words.map_err(|message| ConfigError::new(format!("{message} in {at}")))?;
                let error = |message: &str| Err(ConfigError::new(format!("{message} in {at}")));
                let here = open.last().map_or(place, |open| open.place);
                match words.end {
                    End::Text if open.is_empty() => return Ok(()),
                    End::Text => return error("unexpected end of file, expecting \"}\""),
                    End::Closing => {
                        let Some(mut done) = open.pop() else { return error("unexpected \"}\"") };
                        done.directive.end = at;
                        match open.last_mut() {
                            Some(outer) => outer.directive.block.push(done.directive),
                            None => into.push(done.directive),
                        }
                    }
                    End::Semicolon | End::Opening => {
                        let siblings = open.last().map_or(&*into, |open| &open.directive.block);
                        let (directive, inner) =
                            self.directive(words.words, words.end, here, at, siblings)?;
                        match inner {
                            Some(place) => {
                                if open.len() + depth > MAX_DEPTH {
                                    return Err(directive.error("blocks lie too deep"));
                                }
                                open.push(Open { directive, place });
                            }
                            None if directive.name == "include" => {
                                let target =
                                    open.last_mut().map_or(&mut *into, |open| &mut open.directive.block);
                                self.include(&directive, here, target, depth).await?;
                            }
                            None => {
                                let target =
                                    open.last_mut().map_or(&mut *into, |open| &mut open.directive.block);
                                target.push(directive);
                            }
                        }
                    }
                }
            }
        })
    }

    async fn include(
        &mut self,
        directive: &Directive,
        place: Place,
        into: &mut Vec<Directive>,
        depth: usize,
    ) -> Result<(), ConfigError> {
        let path = match directive.arg(0) {
            path if path.starts_with('/') => path.to_owned(),
            path => format!("/etc/nginx/{path}"),
        };
        let paths = if path.contains(['*', '?', '[']) { self.source.glob(&path) } else { vec![path] };
        for path in paths {
            let text = self
                .source
                .read(&path)
                .await
                .map_err(|error| directive.error(format!("open() \"{path}\" failed ({error})")))?;
            self.file(&path, text, place, into, depth + 1).await?;
        }
        Ok(())
    }

    /// Checks a directive by itself; returns what may stand in its block, if it is one.
    fn directive(
        &mut self,
        mut words: Vec<String>,
        end: End,
        place: Place,
        at: At,
        siblings: &[Directive],
    ) -> Result<(Directive, Option<Place>), ConfigError> {
        self.count += 1;
        if self.count > MAX_DIRECTIVES {
            return Err(ConfigError::new(format!("too many directives in {at}")));
        }
        let name = words.remove(0);
        let directive = Directive { name, args: words, block: Vec::new(), end: at.clone(), at };
        if place.is_table() {
            // Entries of `types` or `map`: any name will do.
            return if end == End::Opening {
                Err(directive.error("unexpected \"{\""))
            } else {
                Ok((directive, None))
            };
        }
        let known: Vec<_> = directives::named(&directive.name).collect();
        if known.is_empty() {
            return Err(directive.error(format!("unknown directive \"{}\"", directive.name)));
        }
        let Some(spec) = known.iter().find(|spec| spec.places.contains(place)) else {
            return Err(directive.error(format!("\"{}\" directive is not allowed here", directive.name)));
        };
        match (spec.inner, end) {
            (None, End::Opening) => {
                return Err(
                    directive.error(format!("directive \"{}\" is not terminated by \";\"", directive.name))
                );
            }
            (Some(_), End::Semicolon) => {
                return Err(
                    directive.error(format!("directive \"{}\" has no opening \"{{\"", directive.name))
                );
            }
            _ => {}
        }
        if !(spec.least..=spec.most).contains(&directive.args.len()) {
            return Err(
                directive.error(format!("invalid number of arguments in \"{}\" directive", directive.name))
            );
        }
        if spec.once && siblings.iter().any(|other| other.name == directive.name) {
            return Err(directive.error(format!("\"{}\" directive is duplicate", directive.name)));
        }
        check_shape(&directive, spec.shape)?;
        Ok((directive, spec.inner))
    }
}

fn check_shape(directive: &Directive, shape: Shape) -> Result<(), ConfigError> {
    let value = directive.arg(0);
    let name = &directive.name;
    let invalid = |what: &str| Err(directive.error(format!("\"{name}\" directive {what}")));
    match shape {
        Shape::Any => Ok(()),
        Shape::Flag if matches!(value.to_ascii_lowercase().as_str(), "on" | "off") => Ok(()),
        Shape::Flag => Err(directive.error(format!(
            "invalid value \"{value}\" in \"{name}\" directive, it must be \"on\" or \"off\""
        ))),
        Shape::Number if super::value::number(value).is_some() => Ok(()),
        Shape::Number => invalid("invalid number"),
        Shape::Count if super::value::number(value).is_some() => Ok(()),
        Shape::Count => Err(directive.error(format!("invalid number \"{value}\""))),
        Shape::Size if super::value::size(value).is_some() => Ok(()),
        Shape::Time if super::value::time(value).is_some() => Ok(()),
        Shape::Size | Shape::Time => invalid("invalid value"),
        Shape::OneOf(words) if words.split(' ').any(|word| word.eq_ignore_ascii_case(value)) => Ok(()),
        Shape::OneOf(_) => Err(directive.error(format!("invalid value \"{value}\""))),
    }
}
