//! Examples that servers publish: whether they fit their own schema, and as values of the types of the schema language.

use cqhttp_codegen::tooling::{Node, Value};

use super::existing::Existing;
use super::shape::{FieldShape, Kind, Shape, items, types};
use super::values::example_of;
use super::yaml::ExampleValue;
use crate::published::properties;

/// Checks a value against its JSON schema.
///
/// # Errors
///
/// The first difference: the path to it, and what would be right.
pub(super) fn check(schema: &Node, value: &Node, path: &str) -> Result<(), String> {
    let choices: Vec<&Node> = ["anyOf", "oneOf"].into_iter().flat_map(|key| items(schema, key)).collect();
    if !choices.is_empty() && !choices.iter().any(|choice| check(choice, value, path).is_ok()) {
        return Err(format!("`{path}` is {}, expected one of its types", value.value.describe()));
    }
    let values = items(schema, "enum");
    if !values.is_empty() && !values.iter().any(|known| known.value.describe() == value.value.describe()) {
        return Err(format!("`{path}` is {}, expected one of its values", value.value.describe()));
    }
    let ty = types(schema);
    if !ty.is_empty() && !ty.iter().any(|ty| is_of(ty, &value.value)) {
        return Err(format!("`{path}` is {}, expected {}", value.value.describe(), ty.join(" or ")));
    }
    match &value.value {
        Value::List(list) => schema.get("items").map_or(Ok(()), |item| {
            list.iter().enumerate().try_for_each(|(index, value)| check(item, value, &format!("{path}[{index}]")))
        }),
        Value::Map(_) => properties(schema).iter().try_for_each(|property| match value.get(property.name) {
            Some(value) => check(property.schema, value, &format!("{path}.{}", property.name)),
            None if property.required => Err(format!("`{path}` lacks `{}`", property.name)),
            None => Ok(()),
        }),
        _ => Ok(()),
    }
}

fn is_of(ty: &str, value: &Value) -> bool {
    match ty {
        "string" => matches!(value, Value::Text(_)),
        "number" => matches!(value, Value::Int(_) | Value::Float(_)),
        "integer" => matches!(value, Value::Int(_)),
        "boolean" => matches!(value, Value::Bool(_)),
        "array" => matches!(value, Value::List(_)),
        "object" => matches!(value, Value::Map(_)),
        "null" => matches!(value, Value::Null),
        _ => true,
    }
}

/// Returns the value of a type for a value of a server's example; `None` if it does not fit the type.
pub(super) fn converted(existing: &Existing<'_>, shape: &Shape, value: &Node) -> Option<ExampleValue> {
    if !shape.list {
        return one(existing, shape, value);
    }
    match &value.value {
        Value::List(list) => {
            list.iter().map(|value| one(existing, shape, value)).collect::<Option<_>>().map(ExampleValue::List)
        }
        // A single element may stand for a list of one.
        _ => one(existing, shape, value).map(|value| ExampleValue::List(vec![value])),
    }
}

fn one(existing: &Existing<'_>, shape: &Shape, value: &Node) -> Option<ExampleValue> {
    match (&shape.kind, &value.value) {
        (Kind::Plain("i64" | "timestamp") | Kind::Id { number: true, .. }, Value::Int(_))
        | (Kind::Plain("bool"), Value::Bool(_))
        | (Kind::Json(_), _) => Some(ExampleValue::of(value)),
        (Kind::Plain("message"), Value::Text(text)) => Some(message(text)),
        (Kind::Plain("i64" | "timestamp") | Kind::Id { number: true, .. }, Value::Text(text)) => {
            text.parse::<i64>().ok().map(|number| ExampleValue::Plain(number.to_string()))
        }
        (Kind::Plain("string" | "file_source") | Kind::Id { number: false, .. }, Value::Text(text)) => {
            (!text.is_empty() || matches!(shape.kind, Kind::Plain("string"))).then(|| ExampleValue::text(text))
        }
        (Kind::Enum { values, .. }, Value::Text(text)) => values.contains(text).then(|| ExampleValue::text(text)),
        (Kind::Object { fields, .. }, Value::Map(_)) => fields_of(existing, fields, value),
        _ => None,
    }
}

/// Returns a message of one text.
fn message(text: &str) -> ExampleValue {
    let data = ExampleValue::Map(vec![("text".into(), ExampleValue::text(text))]);
    ExampleValue::List(vec![ExampleValue::Map(vec![
        ("type".into(), ExampleValue::text("text")),
        ("data".into(), data),
    ])])
}

/// Returns the value of an object for a server's example; fields that the schema lacks are left out.
pub(super) fn fields_of(existing: &Existing<'_>, fields: &[FieldShape], value: &Node) -> Option<ExampleValue> {
    let mut entries = Vec::new();
    for field in fields {
        match value.get(&field.wire) {
            Some(Node { value: Value::Null, .. }) if !field.required => {}
            Some(value) => entries.push((field.wire.clone(), converted(existing, &field.shape, value)?)),
            None if field.required => return None,
            None => {}
        }
    }
    Some(ExampleValue::Map(entries))
}

/// Returns a value of a type that no example shows.
pub(super) fn invented(existing: &Existing<'_>, shape: &Shape, wire: &str) -> ExampleValue {
    let value = match &shape.kind {
        Kind::Plain("event") => return ExampleValue::List(Vec::new()),
        Kind::Plain(ty) => example_of(ty),
        Kind::Id { number, .. } => {
            let known = existing.example(wire).map(ExampleValue::of);
            let same = |value: &ExampleValue| matches!(value, ExampleValue::Plain(text) if *number == text.parse::<i64>().is_ok());
            known.filter(same).unwrap_or_else(|| match number {
                true => ExampleValue::Plain("1".into()),
                false => ExampleValue::text("1"),
            })
        }
        Kind::Enum { values, .. } => {
            values.first().map_or(ExampleValue::text("TODO"), |value| ExampleValue::text(value))
        }
        Kind::Object { fields, .. } => invented_fields(existing, fields),
        Kind::Shared(name) => existing.object(name).map_or(ExampleValue::Map(Vec::new()), ExampleValue::of),
        Kind::Json(_) => ExampleValue::Map(Vec::new()),
    };
    if shape.list { ExampleValue::List(vec![value]) } else { value }
}

/// Returns an object with a value for each required field.
pub(super) fn invented_fields(existing: &Existing<'_>, fields: &[FieldShape]) -> ExampleValue {
    let required = fields.iter().filter(|field| field.required);
    let entry = |field: &FieldShape| (field.wire.clone(), invented(existing, &field.shape, &field.wire));
    ExampleValue::Map(required.map(entry).collect())
}
