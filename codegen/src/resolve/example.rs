//! Checks of examples and defaults against their types.

mod checker;
mod shape;

use checker::{Checker, is_integer};

use crate::diagnostic::{Faults, suggest};
use crate::model::{Action, Api, Event, Field, File, Param, Presence, Returns, Segment, TARGET_KEYS, TypeKind};
use crate::source_map::Spot;
use crate::ty::{EnumBase, IdBase, NamedKind, Scalar, Ty};
use crate::yaml::{Node, Value};

/// Reports every default and example that does not fit its type. Examples of events are only checked against the events
/// if `all_events_known`.
pub(super) fn check(api: &Api, all_events_known: bool, faults: &mut Faults) {
    let events = all_events_known.then(|| api.files.iter().flat_map(|file| &file.events).collect::<Vec<_>>());
    let (objects, enums, events) = (&api.objects, &api.enums, events.as_deref());
    for (index, file) in api.files.iter().enumerate() {
        Checker { file: index, objects, enums, events, faults, answer: true }.file(file);
    }
}

impl Checker<'_> {
    /// Checks a file. A stanza that was refused in part is skipped: what follows from it would mislead.
    fn file(&mut self, file: &File) {
        for ty in file.types.iter().filter(|ty| !ty.broken) {
            if let TypeKind::Object { fields, example, .. } = &ty.kind {
                self.object(example, fields, &ty.name);
            }
        }
        file.events.iter().filter(|event| !event.broken).for_each(|event| self.event(event));
        for operation in file.operations.iter().filter(|operation| !operation.broken) {
            self.answer = false;
            self.defaults(&operation.params);
            self.answer = true;
        }
        file.segments.iter().filter(|segment| !segment.broken).for_each(|segment| self.segment(segment));
        file.actions.iter().filter(|action| !action.broken).for_each(|action| self.action(action));
    }

    fn action(&mut self, action: &Action) {
        self.answer = false;
        self.defaults(&action.params);
        if let (Some(params), false) = (&action.example.params, action.params.is_empty()) {
            self.params(params, action);
        }
        self.answer = true;
        match (&action.returns, &action.example.returns) {
            (Returns::Fields(fields), Some(node)) => {
                self.whole_answer(node, fields, &format!("the answer to `{}`", action.wire));
            }
            (Returns::Type(ty), Some(node)) => match &ty.scalar {
                Scalar::Named(name, NamedKind::Object) if !ty.list && self.objects.contains_key(name) => {
                    self.whole_answer(node, &self.objects[name], &format!("`{name}`"));
                }
                _ => self.value(node, ty, "the example"),
            },
            _ => {}
        }
        if let (Some(stream), Some(parts)) = (&action.stream, &action.example.parts) {
            self.value(parts, &Ty { list: true, ..stream.part.clone() }, "the example");
        }
    }

    /// An answer: an object, or the value of its bare field alone.
    fn whole_answer(&mut self, node: &Node, fields: &[Field], what: &str) {
        let bare = fields.iter().find(|field| field.bare && !matches!(node.value, Value::Map(_)));
        let Some(bare) = bare else { return self.object(node, fields, what) };
        self.value(node, &Ty { optional: false, ..bare.ty.clone() }, "the example");
        let others = fields.iter().filter(|field| field.wire != bare.wire && !field.ty.optional && !field.ty.list);
        let others: Vec<&str> = others.map(|field| field.wire.as_str()).collect();
        self.missing(node, &[], &others, &[]);
    }

    fn defaults(&mut self, params: &[Param]) {
        for param in params.iter().filter(|param| param.ty.has_default()) {
            if let Presence::Default(default) = &param.presence {
                self.value(default, &param.ty, "the default");
            }
        }
    }

    /// The example of an event, whose tags are those of the stanza.
    fn event(&mut self, event: &Event) {
        let is_field = |tag: &str| event.fields.iter().any(|field| field.wire == tag);
        for (tag, value) in event.tags().into_iter().filter(|_| matches!(event.example.value, Value::Map(_))) {
            let given = event.example.get(tag);
            // A missing field is reported with the other fields.
            if given.map_or(!is_field(tag), |given| given.as_str() != Some(value)) {
                let message = format!("the example is not an event `{}`", event.path());
                let at = given.unwrap_or(&event.example);
                self.faults.add(&Spot::of(self.file, at), message, format!("write `{tag}: {value}`"));
            }
        }
        self.fields_of_event(&event.example, event);
    }

    /// The data of a segment, as it stands on the wire: texts.
    fn segment(&mut self, segment: &Segment) {
        self.answer = false;
        for param in &segment.fields {
            if let Some(default) = segment.defaults.get(param.name.snake()) {
                self.value(default, &Ty { optional: false, ..param.ty.clone() }, "the default");
            }
        }
        self.answer = true;
        let Some(example) = &segment.example else { return };
        let Some(entries) = self.entries(example, "the data of a segment") else { return };
        let known: Vec<&str> = segment.fields.iter().map(|field| field.wire.as_str()).collect();
        for (key, value) in entries {
            self.segment_entry(segment, key, value, &known);
        }
        let required: Vec<&str> = segment.required().map(|field| field.wire.as_str()).collect();
        self.missing(example, entries, &required, &known);
    }

    fn segment_entry(&mut self, segment: &Segment, key: &Node, value: &Node, known: &[&str]) {
        let name = key.as_str().unwrap_or_default();
        match segment.fields.iter().find(|field| field.wire == name) {
            None => {
                let message = format!("the segment `{}` has no field `{name}`", segment.wire);
                self.faults.add(&Spot::of(self.file, key), message, suggest(name, known));
            }
            Some(field) if field.is_json => {
                self.value(value, &Ty { optional: false, ..field.ty.clone() }, &format!("`{name}`"));
            }
            Some(field) if !self.is_text_of(value, &field.ty) => {
                let message = format!("`{name}` is {}", value.value.describe());
                let hint = format!("a segment's values are texts; expected {}", self.expected_text(&field.ty));
                self.faults.add(&Spot::of(self.file, value), message, hint);
            }
            Some(_) => {}
        }
    }

    /// Returns `true` if a segment's value is a text of this type, in the form in which it goes out again.
    fn is_text_of(&self, node: &Node, ty: &Ty) -> bool {
        let Value::Text(text) = &node.value else { return false };
        let number = || {
            let number = text.parse::<i128>().ok().filter(|number| number.to_string() == *text);
            number.is_some_and(|number| self.scalar(&Value::Int(number), &ty.scalar))
        };
        match &ty.scalar {
            Scalar::Bool => matches!(text.as_str(), "0" | "1"),
            Scalar::F64 => text.parse().is_ok_and(|number: f64| number.is_finite() && number.to_string() == *text),
            Scalar::Named(_, NamedKind::Id(IdBase::I64) | NamedKind::Enum(EnumBase::I64)) | Scalar::Timestamp => {
                number()
            }
            Scalar::Named(_, NamedKind::Id(IdBase::U64)) => {
                text.parse().is_ok_and(|number: u64| number.to_string() == *text)
            }
            scalar if is_integer(scalar) => number(),
            scalar => self.scalar(&node.value, scalar),
        }
    }

    /// The required form of a text of this type, for messages.
    fn expected_text(&self, ty: &Ty) -> String {
        match &ty.scalar {
            Scalar::Bool => "`\"1\"` or `\"0\"`".into(),
            Scalar::F64 => "a number in its shortest form, such as `\"0.5\"`".into(),
            Scalar::Timestamp | Scalar::Named(_, NamedKind::Id(IdBase::I64 | IdBase::U64)) => {
                format!("{}, in quotes, without leading zeros", self.expected(ty))
            }
            scalar if is_integer(scalar) => format!("{}, in quotes, without leading zeros", self.expected(ty)),
            _ => format!("{}, in quotes", self.expected(ty)),
        }
    }

    fn params(&mut self, node: &Node, action: &Action) {
        let Some(entries) = self.entries(node, "the parameters") else { return };
        let has_target = action.params.iter().any(|param| param.ty.scalar == Scalar::Target);
        let mut known: Vec<&str> =
            action.params.iter().filter(|p| p.ty.scalar != Scalar::Target).map(|p| p.wire.as_str()).collect();
        if has_target {
            known.extend(TARGET_KEYS);
            self.target(node);
        }
        for (key, value) in entries {
            let name = key.as_str().unwrap_or_default();
            match action.params.iter().find(|param| param.wire == name && param.ty.scalar != Scalar::Target) {
                Some(param) => self.value(value, &Ty { optional: false, ..param.ty.clone() }, &format!("`{name}`")),
                // A faulty target was reported already.
                None if known.contains(&name) || action.params.iter().any(|param| param.wire == name) => {}
                None => {
                    let message = format!("`{}` has no parameter `{name}`", action.wire);
                    self.faults.add(&Spot::of(self.file, key), message, suggest(name, &known));
                }
            }
        }
        let required: Vec<&str> =
            action.required().filter(|p| p.ty.scalar != Scalar::Target).map(|p| p.wire.as_str()).collect();
        self.missing(node, entries, &required, &known);
    }

    /// A target as it stands on the wire.
    fn target(&mut self, node: &Node) {
        let is_id = |name: &str| node.get(name).map(|value| matches!(value.value, Value::Int(_)));
        let kind = node.get("message_type").and_then(Node::as_str).unwrap_or_default();
        let fits = match (kind, is_id("user_id"), is_id("group_id")) {
            ("private", Some(user), group) => user && group != Some(false),
            ("group", None, Some(group)) => group,
            _ => false,
        };
        if !fits {
            let hint = "write `message_type: group` and `group_id`, or `message_type: private` and `user_id`";
            self.faults.add(&Spot::of(self.file, node), "the example names no target", hint);
        }
    }
}
