//! JSON schemas as types of the schema language.

use cqhttp_codegen::tooling::{Name, Node, Value};

use super::existing::{Existing, MatchingIds};
use super::type_names::snake;
use crate::published::{Property, properties};

/// A type that a JSON schema stands for.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) list: bool,
    /// A question about the type.
    pub(super) open: Option<String>,
}

/// The type of a value, or of each element of a list.
#[derive(Debug)]
pub(super) enum Kind {
    /// A built-in type.
    Plain(&'static str),
    /// An id of the schema, which is a number or a text.
    Id { name: String, number: bool },
    /// A new enum of texts.
    Enum { name: String, values: Vec<String> },
    /// A new object.
    Object { name: String, fields: Vec<FieldShape> },
    /// An object that the schema has already.
    Shared(String),
    /// JSON, with the reason why there is no better type.
    Json(String),
}

/// A field of an object.
#[derive(Debug)]
pub(super) struct FieldShape {
    pub(super) wire: String,
    pub(super) required: bool,
    pub(super) shape: Shape,
}

/// Names of schemas that servers publish, and what the schema language has in their place.
const SHARED: &[(&str, Result<&str, &str>)] = &[
    ("OB11ActionMessage", Ok("event")),
    ("OB11Group", Err("GroupInfo")),
    ("OB11GroupMember", Err("GroupMemberInfo")),
    ("OB11Message", Ok("event")),
    ("OB11MessageData", Ok("json")),
    ("OB11MessageMixType", Ok("message")),
    ("OB11MessageNode", Ok("forward_node")),
    ("OB11User", Err("Friend")),
];

/// The maximal depth of nested objects.
const DEPTH: usize = 6;

impl Shape {
    fn of(kind: Kind) -> Self {
        Self { kind, list: false, open: None }
    }

    fn json(reason: impl Into<String>) -> Self {
        Self::of(Kind::Json(reason.into()))
    }

    /// Returns the name of the type, with `[]` for a list.
    pub(super) fn ty(&self) -> String {
        let name = match &self.kind {
            Kind::Plain(name) => name,
            Kind::Id { name, .. } | Kind::Enum { name, .. } | Kind::Object { name, .. } | Kind::Shared(name) => {
                name.as_str()
            }
            Kind::Json(_) => "json",
        };
        if self.list { format!("{name}[]") } else { name.to_owned() }
    }

    /// Returns the reason why a value, or a part of it, has no type.
    pub(super) fn untyped(&self) -> Option<String> {
        match &self.kind {
            Kind::Json(reason) => Some(reason.clone()),
            Kind::Object { fields, .. } => fields.iter().find_map(|field| {
                let reason = field.shape.untyped()?;
                Some(format!("`{}`: {reason}", field.wire))
            }),
            _ => None,
        }
    }
}

/// Reads the shape of a value of this name, in the type `owner`. `role` is the kind of value that the server says it is.
pub(super) fn shape(existing: &Existing<'_>, schema: &Node, wire: &str, role: Option<&str>, owner: &str) -> Shape {
    below(existing, schema, wire, role, owner, DEPTH)
}

fn below(existing: &Existing<'_>, schema: &Node, wire: &str, role: Option<&str>, owner: &str, depth: usize) -> Shape {
    if let Some(shared) = shared(existing, schema) {
        return shared;
    }
    let choices = choices(schema);
    if depth == 0 {
        return Shape::json("it is nested too deeply");
    }
    if !choices.is_empty() {
        return match natural(&choices) {
            Some(choice) => below(existing, choice, wire, role, owner, depth),
            None => Shape::json("it is one of several types"),
        };
    }
    let values: Vec<&str> = items(schema, "enum").iter().filter_map(Node::as_str).collect();
    let ty = types(schema);
    match ty.as_slice() {
        _ if text(schema, "x-kind") == Some("message") => Shape::of(Kind::Plain("message")),
        ["string"] | [] if !values.is_empty() => {
            let values = values.into_iter().map(str::to_owned).collect();
            Shape::of(Kind::Enum { name: format!("{owner}{}", Name::from_wire(&snake(wire)).pascal()), values })
        }
        ["boolean"] => Shape::of(Kind::Plain("bool")),
        ["number" | "integer"] => id(existing, wire, role, true),
        ["string"] => id(existing, wire, role, false),
        ["array"] => match schema.get("items") {
            Some(item) => {
                let shape = below(existing, item, &singular(wire), role, owner, depth - 1);
                if shape.list { Shape::json("it is a list of lists") } else { Shape { list: true, ..shape } }
            }
            None => Shape::json("the source does not say what it is a list of"),
        },
        ["object"] => object(existing, schema, wire, owner, depth),
        [] => Shape::json("the source does not say what it is"),
        ["null"] => Shape::json("the source says that it is `null`"),
        _ => Shape::json("it is one of several types"),
    }
}

fn object(existing: &Existing<'_>, schema: &Node, wire: &str, owner: &str, depth: usize) -> Shape {
    let properties = properties(schema);
    if properties.is_empty() {
        return Shape::json("the source does not say what is in the object");
    }
    let part = Name::from_wire(&snake(wire)).pascal();
    let name = existing.object_name(&format!("{owner}{part}"));
    let field = |property: &Property<'_>| FieldShape {
        wire: property.name.to_owned(),
        required: property.required,
        shape: below(existing, property.schema, property.name, None, &name, depth - 1),
    };
    let fields = properties.iter().map(field).collect();
    Shape::of(Kind::Object { name, fields })
}

/// Returns the type that a named schema stands for, if the schema language has one.
fn shared(existing: &Existing<'_>, schema: &Node) -> Option<Shape> {
    let name = text(schema, "x-name")?;
    let (_, found) = SHARED.iter().find(|(known, _)| *known == name)?;
    match found {
        Ok("json") => None,
        Ok(built_in) => Some(Shape::of(Kind::Plain(built_in))),
        Err(object) => existing.object(object).map(|_| Shape::of(Kind::Shared((*object).to_owned()))),
    }
}

/// Returns the type of a number or a text: an id, if the schema has one of that name or the server says so.
fn id(existing: &Existing<'_>, wire: &str, role: Option<&str>, number: bool) -> Shape {
    match role {
        Some("timestamp") => return Shape::of(Kind::Plain("timestamp")),
        Some("image" | "record" | "file") if !number => return Shape::of(Kind::Plain("file_source")),
        _ => {}
    }
    let plain = Shape::of(Kind::Plain(if number { "i64" } else { "string" }));
    let named = match role {
        Some("group_id") => "group_id",
        Some("user_id" | "member_id") => "user_id",
        Some("message_id") => "message_id",
        _ => wire,
    };
    let mut several = Vec::new();
    // NapCat takes ids as texts and answers them as numbers.
    let is_id = named.ends_with("_id") || named.ends_with("_seq");
    for number in [number || is_id, number] {
        match existing.ids(&snake(named), number) {
            MatchingIds::One(name) => return Shape::of(Kind::Id { name, number }),
            MatchingIds::Several(ids) => several = ids,
            MatchingIds::None => {}
        }
    }
    let ids = several.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" or ");
    let open = (!several.is_empty()).then(|| format!("is it {ids}, as elsewhere under that name?"));
    Shape { open, ..plain }
}

/// Returns the choices of a union, without `null`.
fn choices(schema: &Node) -> Vec<&Node> {
    let all = ["anyOf", "oneOf"].into_iter().flat_map(|key| items(schema, key));
    all.filter(|choice| types(choice) != ["null"]).collect()
}

/// Returns the one natural reading of a union: a number that may be a text, a flag that may be a text, a list that may be a
/// single element.
fn natural<'n>(choices: &[&'n Node]) -> Option<&'n Node> {
    let of = |wanted: &str| choices.iter().find(|choice| types(choice) == [wanted]).copied();
    match choices {
        [one] => Some(one),
        [_, _] => {
            let text = of("string");
            let number = of("number").or_else(|| of("integer"));
            let other = [number, of("boolean"), of("array")].into_iter().flatten().next();
            text.and(other)
        }
        _ => None,
    }
}

/// Returns the types that a schema names.
pub(super) fn types(schema: &Node) -> Vec<&str> {
    match schema.get("type") {
        Some(Node { value: Value::Text(one), .. }) => vec![one],
        Some(Node { value: Value::List(several), .. }) => {
            several.iter().filter_map(Node::as_str).filter(|ty| *ty != "null").collect()
        }
        _ if schema.get("properties").is_some() => vec!["object"],
        _ => Vec::new(),
    }
}

/// Returns the name of an element: `user_id` of `user_ids`.
fn singular(wire: &str) -> String {
    wire.strip_suffix("_ids").map_or_else(|| wire.to_owned(), |stem| format!("{stem}_id"))
}

pub(super) fn text<'n>(schema: &'n Node, key: &str) -> Option<&'n str> {
    schema.get(key).and_then(Node::as_str)
}

pub(super) fn items<'n>(schema: &'n Node, key: &str) -> &'n [Node] {
    match schema.get(key) {
        Some(Node { value: Value::List(items), .. }) => items,
        _ => &[],
    }
}
