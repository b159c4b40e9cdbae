//! The shapes of the API's objects: one compact table that decoding, defaulting of absent structs, strategic merge
//! patch, server-side apply and protobuf all read.
//!
//! The table of the built-in kinds is `schema/kubernetes.schema`; a CustomResourceDefinition brings its own.

mod decode;
mod json;
pub(crate) mod proto;
mod table;

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, LazyLock},
};

pub(crate) use self::decode::{decode, kind_of, normalize};
pub(crate) use self::json::{Parsed, parse as parse_json};

/// An object type.
#[derive(Debug, Default)]
pub(crate) struct Type {
    /// As in OpenAPI, without `io.k8s.`: `api.core.v1.Pod`.
    pub(crate) name: Cow<'static, str>,
    /// In the order of the Go struct, inlined structs where they stand.
    pub(crate) fields: Vec<Field>,
    /// Go structs that JSON shows inline: their protobuf numbers and types.
    pub(crate) inlined: Vec<(u32, TypeRef)>,
    /// Server-side apply owns it as a whole.
    pub(crate) atomic: bool,
    /// Fields that are not listed are kept (`x-kubernetes-preserve-unknown-fields`).
    pub(crate) open: bool,
    /// Values of other shapes are taken as they are: others judge them (a CustomResourceDefinition's schema).
    pub(crate) lenient: bool,
    by_name: HashMap<Cow<'static, str>, usize>,
}

/// One field of an object type.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: Cow<'static, str>,
    /// In protobuf; 0 where it is unknown or belongs to an inlined struct.
    pub(crate) number: u32,
    pub(crate) shape: Shape,
    pub(crate) presence: Presence,
    pub(crate) list: ListKind,
    pub(crate) merge: MergeKind,
    /// Server-side apply owns it as a whole.
    pub(crate) atomic: bool,
    /// The name of its type in Go where it is not the shape's own.
    pub(crate) go_type: Option<Cow<'static, str>>,
}

/// What a value looks like.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    String,
    Int32,
    Int64,
    Double,
    Bool,
    /// Base64 in JSON.
    Bytes,
    Quantity,
    IntOrString,
    Time,
    MicroTime,
    /// Any JSON.
    Any,
    Object(TypeRef),
    List(Box<Shape>),
    Map(Box<Shape>),
}

/// When a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Left out when empty: an empty string, list or map. Objects stay.
    OmitEmpty,
    /// Left out when it is zero.
    OmitZero,
    /// Kept as it was given.
    Keep,
    /// Always there, as the type's zero if need be.
    Always,
    /// A struct by value: always there, as `{}` if need be.
    Struct,
    /// `null` when not given.
    Null,
}

/// How server-side apply sees a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    Atomic,
    Set,
    Map(Vec<Cow<'static, str>>),
}

/// How a strategic merge patch treats a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MergeKind {
    /// Lists are replaced, objects merged.
    Default,
    /// A list merged by a key; for one of plain values, by the values themselves (an empty key).
    Merge { key: Cow<'static, str>, retain_keys: bool },
    /// An object of which only the keys in `$retainKeys` stay.
    RetainKeys,
    /// An object that is replaced.
    Replace,
}

/// A reference to a type: one of the built-in table, or one of its own.
#[derive(Clone)]
pub(crate) enum TypeRef {
    Builtin(usize),
    Own(Arc<Type>),
}

impl std::fmt::Debug for TypeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.get().name)
    }
}

static TABLE: LazyLock<table::Table> = LazyLock::new(table::Table::load);

static EMPTY: LazyLock<Type> = LazyLock::new(Type::default);

impl TypeRef {
    /// A built-in type by its name (`api.core.v1.Pod`).
    pub(crate) fn builtin(name: &str) -> Option<Self> {
        TABLE.find(name).map(Self::Builtin)
    }

    /// The type itself.
    pub(crate) fn get(&self) -> &Type {
        match self {
            Self::Builtin(index) => TABLE.types.get(*index).unwrap_or(&EMPTY),
            Self::Own(own) => own,
        }
    }
}

impl Type {
    /// A CustomResourceDefinition's type.
    pub(crate) fn own(name: &str, fields: Vec<Field>, open: bool) -> Self {
        let mut own = Self { name: name.to_owned().into(), fields, open, lenient: true, ..Self::default() };
        own.index_fields();
        own
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).and_then(|index| self.fields.get(*index))
    }

    /// The name that Go gives the type: `PodSpec`.
    pub(crate) fn go_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }

    fn index_fields(&mut self) {
        self.by_name = self.fields.iter().enumerate().map(|(i, field)| (field.name.clone(), i)).collect();
    }
}

impl Shape {
    /// The name that Go gives the type, as its decoder prints it: `[]v1.EnvVar`.
    pub(crate) fn go_type(&self) -> String {
        match self {
            Self::String => "string".into(),
            Self::Int32 => "int32".into(),
            Self::Int64 => "int64".into(),
            Self::Double => "float64".into(),
            Self::Bool => "bool".into(),
            Self::Bytes => "[]uint8".into(),
            Self::Quantity => "resource.Quantity".into(),
            Self::IntOrString => "intstr.IntOrString".into(),
            Self::Time => "v1.Time".into(),
            Self::MicroTime => "v1.MicroTime".into(),
            Self::Any => "interface {}".into(),
            Self::Object(of) => {
                let name = &of.get().name;
                let mut parts = name.rsplitn(3, '.');
                let (last, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                format!("{version}.{last}")
            }
            Self::List(of) => format!("[]{}", of.go_type()),
            Self::Map(of) if matches!(**of, Self::Quantity) => "v1.ResourceList".into(),
            Self::Map(of) => format!("map[string]{}", of.go_type()),
        }
    }
}
