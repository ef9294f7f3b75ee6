//! The stanzas of the actions that a server publishes; what it does not say is marked.

use std::collections::BTreeSet;

use cqhttp_codegen::tooling::{Name, Node, is_action, is_keyword, is_snake, is_wire_action};
use serde::Serialize;

use super::existing::Existing;
use super::fit::{check, converted, fields_of, invented, invented_fields};
use super::shape::{FieldShape, Kind, Shape, shape, types};
use super::type_names::snake;
use super::yaml::{ExampleValue, Lines, scalar};
use crate::published::{PublishedAction, PublishedParam};

/// The numbers of parts that have a type, and of all.
#[derive(Debug, Default, Serialize)]
pub(super) struct Typed {
    pub(super) params: Share,
    pub(super) answers: Share,
    /// The parts without a type, and the examples that are not used, each with the reason.
    pub(super) notes: Vec<String>,
}

/// A number of parts among others.
#[derive(Debug, Default, Serialize)]
pub(super) struct Share {
    pub(super) typed: usize,
    pub(super) of: usize,
}

impl Share {
    fn add(&mut self, typed: bool) {
        self.of += 1;
        self.typed += usize::from(typed);
    }
}

/// Writes the stanzas of actions.
pub(super) struct Describer<'a> {
    existing: &'a Existing<'a>,
    /// The types written so far.
    written: BTreeSet<String>,
    pub(super) typed: Typed,
    pub(super) out: Lines,
}

/// An answer in the schema language.
enum Answer {
    Nothing,
    Unsaid,
    Fields(Vec<FieldShape>),
    Shape(Shape),
}

impl<'a> Describer<'a> {
    pub(super) fn new(existing: &'a Existing<'a>) -> Self {
        Self { existing, written: BTreeSet::new(), typed: Typed::default(), out: Lines::default() }
    }

    /// Writes the stanza of an action, after those of its types.
    pub(super) fn action(&mut self, action: &PublishedAction) {
        let name = action.names[0].as_str();
        let owner = Name::from_wire(&snake(name)).pascal();
        let mut params: Vec<(FieldShape, &PublishedParam)> = action
            .params
            .iter()
            .map(|param| {
                let shape = shape(self.existing, &param.schema, &param.name, param.role.as_deref(), &owner);
                self.typed.params.add(shape.untyped().is_none());
                if let Some(reason) = shape.untyped() {
                    self.typed.notes.push(format!("`{}` of `{name}`: {reason}", param.name));
                }
                (FieldShape { wire: param.name.clone(), required: param.required, shape }, param)
            })
            .collect();
        params.sort_by_key(|(field, _)| !field.required);
        let answer = self.answer(action, &owner);
        params.iter().for_each(|(field, _)| self.types_of(&field.shape));
        match &answer {
            Answer::Fields(fields) => fields.iter().for_each(|field| self.types_of(&field.shape)),
            Answer::Shape(shape) => self.types_of(shape),
            Answer::Nothing | Answer::Unsaid => {}
        }
        self.head(action);
        self.params(&params);
        self.returns(&answer);
        self.example(action, &params, &answer);
        self.out.text.push('\n');
    }

    fn answer(&mut self, action: &PublishedAction, owner: &str) -> Answer {
        let Some(schema) = &action.returns else {
            self.typed.answers.add(false);
            self.typed.notes.push(format!("the answer of `{}`: the source does not say what it is", action.names[0]));
            return Answer::Unsaid;
        };
        if types(schema) == ["null"] {
            self.typed.answers.add(true);
            return Answer::Nothing;
        }
        let wire = if types(schema) == ["array"] { "item" } else { "" };
        let whole = shape(self.existing, schema, wire, None, owner);
        self.typed.answers.add(whole.untyped().is_none());
        if let Some(reason) = whole.untyped() {
            self.typed.notes.push(format!("the answer of `{}`: {reason}", action.names[0]));
        }
        match whole {
            Shape { kind: Kind::Object { fields, .. }, list: false, .. } => Answer::Fields(fields),
            Shape { kind: Kind::Json(_), list: false, .. } if types(schema).is_empty() => Answer::Unsaid,
            other => Answer::Shape(other),
        }
    }

    /// Writes the new enums and objects of a type, each before the object that contains it.
    fn types_of(&mut self, shape: &Shape) {
        match &shape.kind {
            Kind::Enum { name, values } if self.written.insert(name.clone()) => {
                self.out.line(0, "- kind: enum");
                self.out.line(2, &format!("name: {name} # TODO: a better name"));
                ["base: string", "doc: TODO", "values:"].iter().for_each(|line| self.out.line(2, line));
                for value in values {
                    self.out.line(4, &format!("- value: {}", scalar(value)));
                    let variant = snake(value);
                    if !is_snake(&variant) {
                        self.out.line(6, "name: TODO");
                    }
                    self.out.line(6, "doc: TODO");
                }
                self.out.text.push('\n');
            }
            Kind::Object { name, fields } if self.written.insert(name.clone()) => {
                fields.iter().for_each(|field| self.types_of(&field.shape));
                self.out.line(0, "- kind: object");
                self.out.line(2, &format!("name: {name} # TODO: a better name"));
                self.out.line(2, "doc: TODO");
                self.out.line(2, "fields:");
                self.fields(fields);
                self.out.example(2, "example", &invented_fields(self.existing, fields));
                self.out.text.push('\n');
            }
            _ => {}
        }
    }

    fn fields(&mut self, fields: &[FieldShape]) {
        let mut names = BTreeSet::new();
        for field in fields {
            // A list is empty if it is absent.
            let optional = if field.required || field.shape.list { "" } else { "?" };
            let is_new = names.insert(snake(&field.wire));
            self.entry(field, is_new, &format!("{}{optional}", field.shape.ty()), None);
        }
    }

    /// Writes the name, the type and the questions of a parameter or field.
    fn entry(&mut self, field: &FieldShape, is_new: bool, ty: &str, default: Option<&str>) {
        let made = snake(&field.wire);
        match made.as_str() {
            "type" => self.out.line(4, "- name: kind"),
            _ if is_keyword(&made) || !is_snake(&made) || !is_new => {
                self.out.line(4, &format!("- name: TODO_{made} # TODO: another name"));
            }
            _ => self.out.line(4, &format!("- name: {made}")),
        }
        if made != field.wire || is_keyword(&made) || !is_snake(&made) || !is_new {
            self.out.line(6, &format!("wire: {}", scalar(&field.wire)));
        }
        self.out.line(6, &format!("type: {ty}"));
        default.iter().for_each(|default| self.out.line(6, &format!("default: {default}")));
        field.shape.open.iter().chain(&field.shape.untyped()).for_each(|open| self.out.mark(6, open));
        self.out.line(6, "doc: TODO");
    }

    fn head(&mut self, action: &PublishedAction) {
        let name = &action.names[0];
        let open = if is_wire_action(name) { "" } else { " # TODO: the schema language has no such names" };
        self.out.line(0, &format!("- name: {name}{open}"));
        if !is_action(name) {
            self.out.line(2, &format!("method: {}", snake(name)));
        }
        self.out.line(2, "title: TODO");
        self.out.line(2, "doc: TODO");
        self.out.line(2, "origin: TODO");
        let effect = if action.read_only == Some(true) { "read" } else { "TODO" };
        self.out.line(2, &format!("effect: {effect}"));
        if action.names.len() > 1 {
            let names: Vec<String> = action.names[1..].iter().map(|name| scalar(name)).collect();
            self.out.line(2, &format!("aliases: [{}]", names.join(", ")));
        }
        if action.stream {
            self.out.mark(2, "the answer arrives in parts: write `stream:`, and `parts:` in the example");
        }
    }

    fn params(&mut self, params: &[(FieldShape, &PublishedParam)]) {
        if params.is_empty() {
            return;
        }
        self.out.line(2, "params:");
        let mut names = BTreeSet::new();
        for (field, param) in params {
            let default = param.default.as_ref().and_then(|default| self.default(field, default));
            if default.is_none() && param.default.is_some() {
                let value = param.default.as_ref().map(|default| default.value.describe()).unwrap_or_default();
                self.out.comment(4, &format!("The server assumes {value} for the next one."));
            }
            let optional = if field.required || default.is_some() { "" } else { "?" };
            let is_new = names.insert(snake(&field.wire));
            self.entry(field, is_new, &format!("{}{optional}", field.shape.ty()), default.as_deref());
        }
    }

    /// Returns a default as YAML, if it fits the type; ids and lists have none.
    fn default(&self, field: &FieldShape, default: &Node) -> Option<String> {
        let plain = matches!(field.shape.kind, Kind::Plain("i64" | "bool" | "string"));
        if !plain || field.shape.list {
            return None;
        }
        match (converted(self.existing, &field.shape, default)?, &default.value) {
            (ExampleValue::Plain(text), _) => Some(text),
            _ => None,
        }
    }

    fn returns(&mut self, answer: &Answer) {
        match answer {
            Answer::Nothing => {}
            Answer::Unsaid => self.out.mark(2, "the source does not say what it answers"),
            Answer::Fields(fields) => {
                self.out.line(2, "returns:");
                self.fields(fields);
            }
            Answer::Shape(shape) if is_answer(shape) => {
                self.out.line(2, &format!("returns: {}", shape.ty()));
                shape.untyped().iter().for_each(|open| self.out.mark(2, open));
            }
            Answer::Shape(shape) => {
                self.out.line(2, "returns:");
                self.out.line(4, "- name: value # TODO: a better name");
                self.out.line(6, &format!("type: {}", shape.ty()));
                self.out.line(6, "bare: true");
                self.out.line(6, "doc: TODO");
            }
        }
    }

    fn example(&mut self, action: &PublishedAction, params: &[(FieldShape, &PublishedParam)], answer: &Answer) {
        let name = &action.names[0];
        let fields: Vec<&FieldShape> = params.iter().map(|(field, _)| field).collect();
        let request = (!params.is_empty()).then(|| self.request(action, params, &fields));
        let returns = match answer {
            Answer::Nothing | Answer::Unsaid => {
                self.used(name, "answer", action.returns.as_ref(), action.answer.as_ref());
                None
            }
            Answer::Fields(fields) => {
                let used = self.used(name, "answer", action.returns.as_ref(), action.answer.as_ref());
                let given = used.and_then(|value| fields_of(self.existing, fields, value));
                Some(given.unwrap_or_else(|| invented_fields(self.existing, fields)))
            }
            Answer::Shape(shape) => {
                let used = self.used(name, "answer", action.returns.as_ref(), action.answer.as_ref());
                let given = used.and_then(|value| converted(self.existing, shape, value));
                let value = given.unwrap_or_else(|| invented(self.existing, shape, "item"));
                let value = if is_answer(shape) { value } else { ExampleValue::Map(vec![("value".into(), value)]) };
                Some(value)
            }
        };
        if request.is_some() || returns.is_some() {
            self.out.mark(2, "values of a real call");
            self.out.line(2, "example:");
            request.into_iter().for_each(|example| self.out.example(4, "params", &example));
            returns.into_iter().for_each(|example| self.out.example(4, "returns", &example));
        }
    }

    fn request(
        &mut self,
        action: &PublishedAction,
        params: &[(FieldShape, &PublishedParam)],
        fields: &[&FieldShape],
    ) -> ExampleValue {
        let name = &action.names[0];
        let fault = action.request.as_ref().and_then(|value| request_fault(params, value));
        if let Some((fault, _)) = &fault {
            self.typed.notes.push(format!("the example of the request of `{name}` does not fit: {fault}"));
        }
        // The server fills in what has a default.
        let is_used = fault.is_none_or(|(_, is_used)| is_used);
        let mut entries = Vec::new();
        for field in fields {
            let given = action.request.as_ref().filter(|_| is_used).and_then(|value| value.get(&field.wire));
            let value = given.and_then(|value| converted(self.existing, &field.shape, value));
            match value {
                Some(value) => entries.push((field.wire.clone(), value)),
                None if field.required => {
                    entries.push((field.wire.clone(), invented(self.existing, &field.shape, &field.wire)));
                }
                None => {}
            }
        }
        ExampleValue::Map(entries)
    }

    /// Returns an example if it fits its schema; otherwise the reason is noted.
    fn used<'n>(&mut self, name: &str, part: &str, schema: Option<&Node>, value: Option<&'n Node>) -> Option<&'n Node> {
        let (schema, value) = schema.zip(value)?;
        match check(schema, value, "data") {
            Ok(()) => Some(value),
            Err(fault) => {
                self.typed.notes.push(format!("the example of the {part} of `{name}` does not fit: {fault}"));
                None
            }
        }
    }
}

/// Returns the first difference of a request from its schema, and `true` if the request may be used anyway.
fn request_fault(params: &[(FieldShape, &PublishedParam)], value: &Node) -> Option<(String, bool)> {
    let fault = |(field, param): &(FieldShape, &PublishedParam)| match value.get(&field.wire) {
        Some(value) => check(&param.schema, value, &format!("params.{}", field.wire)).err().map(|fault| (fault, false)),
        None if param.required => Some((format!("`params` lacks `{}`", field.wire), false)),
        None if param.stated => Some((format!("`params` lacks `{}`, which has a default", field.wire), true)),
        None => None,
    };
    let faults = || params.iter().filter_map(fault);
    faults().find(|(_, is_used)| !is_used).or_else(|| faults().next())
}

/// Returns `true` if an action can answer the type as a whole.
fn is_answer(shape: &Shape) -> bool {
    match &shape.kind {
        Kind::Object { .. } | Kind::Shared(_) | Kind::Json(_) => true,
        Kind::Plain(ty) => *ty == "event" || *ty == "string" && shape.list,
        Kind::Id { .. } | Kind::Enum { .. } => false,
    }
}
