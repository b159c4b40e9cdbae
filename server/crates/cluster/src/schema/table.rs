//! Reading `schema/kubernetes.schema`.

use std::{borrow::Cow, collections::HashMap};

use super::{Field, ListKind, MergeKind, Presence, Shape, Type, TypeRef};

const TEXT: &str = include_str!("../../schema/kubernetes.schema");

/// All built-in types.
pub(super) struct Table {
    pub(super) types: Vec<Type>,
    index: HashMap<&'static str, usize>,
}

impl Table {
    /// Reads the table. A line that it cannot read is left out; a test sees to it that there is none.
    pub(super) fn load() -> Self {
        let lines = || {
            TEXT.lines()
                .filter(|line| !line.starts_with('#') && !line.is_empty() && !line.contains(" since("))
        };
        let heads = lines().filter(|line| !line.starts_with(' '));
        let index: HashMap<&'static str, usize> =
            heads.enumerate().map(|(i, line)| (line.split(' ').next().unwrap_or_default(), i)).collect();

        let mut types: Vec<Type> = Vec::with_capacity(index.len());
        for line in lines() {
            let mut words = line.split_ascii_whitespace();
            if !line.starts_with(' ') {
                let name = Cow::Borrowed(words.next().unwrap_or_default());
                types.push(Type { name, atomic: words.next() == Some("atomic"), ..Type::default() });
                continue;
            }
            let Some(current) = types.last_mut() else { continue };
            let (Some(name), Some(number), Some(shape)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let number = number.parse().unwrap_or(0);
            let Some(shape) = parse_shape(shape, &index) else { continue };
            match (name, shape) {
                ("~", Shape::Object(of)) => current.inlined.push((number, of)),
                (_, shape) => current.fields.push(parse_field(name, number, shape, words)),
            }
        }
        let mut table = Self { types, index };
        table.flatten();
        table
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// Puts the fields of inlined structs before those of the structs that have them, unless they are listed already.
    fn flatten(&mut self) {
        for i in 0..self.types.len() {
            let mut fields = Vec::new();
            for (_, of) in &self.types[i].inlined {
                let TypeRef::Builtin(of) = of else { continue };
                let known = |f: &&Field| !self.types[i].fields.iter().any(|own| own.name == f.name);
                fields.extend(self.types[*of].fields.iter().filter(known).map(|f| f.inlined()));
            }
            let own = &mut self.types[i];
            own.fields.splice(0..0, fields);
            own.index_fields();
        }
    }
}

impl Field {
    fn inlined(&self) -> Self {
        Self {
            name: self.name.clone(),
            number: 0,
            shape: self.shape.clone(),
            presence: self.presence,
            list: self.list.clone(),
            merge: self.merge.clone(),
            atomic: self.atomic,
            go_type: self.go_type.clone(),
        }
    }
}

fn parse_shape(text: &str, index: &HashMap<&'static str, usize>) -> Option<Shape> {
    if let Some(of) = text.strip_prefix("[]") {
        return parse_shape(of, index).map(|of| Shape::List(Box::new(of)));
    }
    if let Some(of) = text.strip_prefix("{}") {
        return parse_shape(of, index).map(|of| Shape::Map(Box::new(of)));
    }
    Some(match text {
        "string" => Shape::String,
        "int32" => Shape::Int32,
        "int64" => Shape::Int64,
        "double" => Shape::Double,
        "bool" => Shape::Bool,
        "bytes" => Shape::Bytes,
        "quantity" => Shape::Quantity,
        "intstr" => Shape::IntOrString,
        "time" => Shape::Time,
        "microtime" => Shape::MicroTime,
        "raw" | "json" | "fields" => Shape::Any,
        name => Shape::Object(TypeRef::Builtin(*index.get(name)?)),
    })
}

fn parse_field(
    name: &'static str,
    number: u32,
    shape: Shape,
    attributes: impl Iterator<Item = &'static str>,
) -> Field {
    let mut field = Field {
        name: name.into(),
        number,
        shape,
        presence: Presence::OmitEmpty,
        list: ListKind::Atomic,
        merge: MergeKind::Default,
        atomic: false,
        go_type: None,
    };
    for attribute in attributes {
        let (word, argument) = match attribute.split_once('(') {
            Some((word, rest)) => (word, rest.trim_end_matches(')')),
            None => (attribute, ""),
        };
        match word {
            "!" => field.presence = Presence::Always,
            "*" => field.presence = Presence::Keep,
            "0" => field.presence = Presence::OmitZero,
            "+" => field.presence = Presence::Struct,
            "n" => field.presence = Presence::Null,
            "map" => field.list = ListKind::Map(argument.split(',').map(Cow::Borrowed).collect()),
            "set" => field.list = ListKind::Set,
            "atomic" => field.atomic = true,
            "merge" => {
                field.merge = MergeKind::Merge { key: argument.into(), retain_keys: false };
            }
            "retain" => match &mut field.merge {
                MergeKind::Merge { retain_keys, .. } => *retain_keys = true,
                other => *other = MergeKind::RetainKeys,
            },
            "replace" => field.merge = MergeKind::Replace,
            "go" => field.go_type = Some(argument.into()),
            _ => {}
        }
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let table = Table::load();
        let lines = TEXT.lines().filter(|line| line.starts_with(' ') && !line.contains(" since(")).count();
        let own = table.types.iter().map(|t| t.fields.iter().filter(|f| f.number > 0).count()).sum::<usize>();
        let inlined = table.types.iter().map(|t| t.inlined.len()).sum::<usize>();
        let unnumbered = TEXT
            .lines()
            .filter(|line| line.split(' ').nth(2) == Some("0") && !line.contains(" since("))
            .count();
        assert_eq!(own + inlined + unnumbered, lines);
    }

    #[test]
    fn inlined_fields_are_found_by_name() {
        let table = Table::load();
        let volume = &table.types[table.find("api.core.v1.Volume").unwrap()];
        assert!(matches!(volume.field("emptyDir").unwrap().shape, Shape::Object(_)));
        let spec = &table.types[table.find("api.core.v1.PodSpec").unwrap()];
        let merge = MergeKind::Merge { key: "name".into(), retain_keys: true };
        assert_eq!(spec.field("volumes").unwrap().merge, merge);
        assert_eq!(spec.field("containers").unwrap().list, ListKind::Map(vec!["name".into()]));
    }
}
