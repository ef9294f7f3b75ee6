//! An OpenAPI document in the form in which NapCat publishes its API.

use std::path::Path;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

/// The largest depth of lists in a value that is made of a schema: a message in a message in a message ends there.
const MAX_DEPTH: usize = 8;

/// A document.
pub(crate) struct Document(Value);

/// An action of a document.
pub(crate) struct Described<'a> {
    /// The name on the wire.
    pub(crate) name: &'a str,
    /// The schema of the parameters.
    pub(crate) request: &'a Value,
    /// The schema of the whole answer.
    pub(crate) answer: &'a Value,
    /// The example of the whole answer.
    pub(crate) example: &'a Value,
    /// Set if the example is one that several actions refer to.
    pub(crate) shared: bool,
}

impl Document {
    /// Reads the document at `path`.
    pub(crate) fn read(path: impl AsRef<Path>) -> Self {
        Self(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    }

    /// Returns every action.
    pub(crate) fn actions(&self) -> impl Iterator<Item = Described<'_>> {
        self.0["paths"].as_object().unwrap().iter().map(|(path, operations)| {
            let post = &operations["post"];
            let answer = &post["responses"]["200"]["content"]["application/json"];
            let example = &answer["examples"]["Success"];
            Described {
                name: path.trim_start_matches('/'),
                request: &post["requestBody"]["content"]["application/json"]["schema"],
                answer: &answer["schema"],
                example: &self.resolved(example)["value"],
                shared: example.get("$ref").is_some(),
            }
        })
    }

    /// Returns the schema of an answer's `data`, if the schema of the answer has one.
    pub(crate) fn data<'a>(&'a self, answer: &'a Value) -> Option<&'a Value> {
        let parts = answer["allOf"].as_array().into_iter().flatten().chain([answer]);
        parts.filter_map(|part| self.resolved(part)["properties"].get("data")).next_back()
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(path) => self.resolved(self.0.pointer(path.trim_start_matches('#')).unwrap()),
            None => schema,
        }
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        schema["components"] = self.0["components"].clone();
        jsonschema::draft202012::new(&schema).unwrap()
    }

    /// Returns every way in which `value` contradicts `schema`, or an empty text.
    pub(crate) fn contradictions(&self, schema: &Value, value: &Value) -> String {
        let validator = self.validator(schema);
        let mut told: Vec<String> = validator.iter_errors(value).map(|error| contradiction(&error)).collect();
        told.sort();
        told.join("; ")
    }

    /// Returns `value` as NapCat has it when it compares it with `schema`: absent values with a default are there, and
    /// texts, numbers and flags are converted into each other.
    pub(crate) fn converted(&self, schema: &Value, value: Value) -> Value {
        let schema = self.resolved(schema);
        if let Some(branches) = schema["anyOf"].as_array() {
            let converted = branches.iter().map(|branch| (branch, self.converted(branch, value.clone())));
            let fits = |(branch, value): &(&Value, Value)| self.validator(branch).is_valid(value);
            return converted.into_iter().find(fits).map_or(value.clone(), |(_, value)| value);
        }
        match (schema["type"].as_str(), value) {
            (Some("object"), Value::Object(mut fields)) => {
                for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                    let given = fields.remove(name).or_else(|| schema.get("default").cloned());
                    fields.extend(given.map(|value| (name.clone(), self.converted(schema, value))));
                }
                Value::Object(fields)
            }
            (Some("array"), Value::Array(items)) => {
                items.into_iter().map(|item| self.converted(&schema["items"], item)).collect()
            }
            (Some("array"), item) => json!([self.converted(&schema["items"], item)]),
            (Some("string"), Value::Number(number)) => json!(number.to_string()),
            (Some("string"), Value::Bool(flag)) => json!(flag.to_string()),
            (Some("number"), Value::String(text)) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            (Some("number"), Value::Bool(flag)) => json!(u8::from(flag)),
            (Some("boolean"), value) => match value.to_string().trim_matches('"') {
                "1" | "true" => json!(true),
                "0" | "false" => json!(false),
                _ => value,
            },
            (_, value) => value,
        }
    }

    /// Returns a value of `schema`: with all properties, or with the required ones and without elements of lists. It is `None`
    /// for a schema that says nothing, or only that the value is an object.
    pub(crate) fn value_of(&self, schema: &Value, complete: bool) -> Option<Value> {
        let resolved = self.resolved(schema);
        if resolved["type"] == "object" && resolved["properties"].is_null() {
            return None;
        }
        self.value_at(resolved, complete, 0)
    }

    fn value_at(&self, schema: &Value, complete: bool, depth: usize) -> Option<Value> {
        let schema = self.resolved(schema);
        if let Some(values) = schema["enum"].as_array() {
            return values.first().cloned();
        }
        if let Some(branches) = schema["anyOf"].as_array() {
            return branches.iter().find_map(|branch| self.value_at(branch, complete, depth));
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let parts = parts.iter().filter_map(|part| self.value_at(part, complete, depth));
            return Some(Value::Object(parts.filter_map(|part| part.as_object().cloned()).flatten().collect()));
        }
        match schema["type"].as_str()? {
            "object" => {
                let required =
                    |name: &String| schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
                let fields = schema["properties"].as_object().into_iter().flatten();
                let fields = fields.filter(|(name, _)| complete || required(name)).map(|(name, schema)| {
                    // Any value will do for a property without a type, also none.
                    (name.clone(), self.value_at(schema, complete, depth + 1).unwrap_or_default())
                });
                Some(Value::Object(fields.collect::<Map<_, _>>()))
            }
            "array" if complete && depth < MAX_DEPTH => {
                Some(self.value_at(&schema["items"], complete, depth + 1).into_iter().collect())
            }
            "array" => Some(json!([])),
            "string" => Some(json!("1")),
            "number" | "integer" => Some(json!(1)),
            "boolean" => Some(json!(true)),
            "null" => Some(Value::Null),
            other => panic!("a schema has the type `{other}`"),
        }
    }

    /// Returns the schema of the parameter `name`, if `request` has it.
    pub(crate) fn parameter<'a>(&'a self, request: &'a Value, name: &str) -> Option<&'a Value> {
        let branches = request["anyOf"].as_array().into_iter().flatten().chain([request]);
        branches.filter_map(|branch| self.resolved(branch)["properties"].get(name)).next()
    }
}

/// `data.file_size: not a string`
fn contradiction(error: &ValidationError<'_>) -> String {
    let what = match error.kind() {
        ValidationErrorKind::Required { property } => format!("no {property}"),
        ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => format!("not of type {kind}"),
        ValidationErrorKind::AnyOf { .. } => "none of the types".to_owned(),
        ValidationErrorKind::Enum { .. } => "none of the values".to_owned(),
        other => format!("{other:?}"),
    };
    let path = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
    if path.is_empty() { what.replace('"', "`") } else { format!("{path}: {what}").replace('"', "`") }
}
