//! Checks of single values against their types.

use std::collections::BTreeMap;

use super::shape::{is_forward_node, is_forwarded_message, is_segment};
use crate::diagnostic::{Faults, nearest, suggest};
use crate::model::{Event, Field, Variant, VariantValue};
use crate::name::Name;
use crate::source_map::Spot;
use crate::ty::{IdBase, NamedKind, Scalar, Ty};
use crate::yaml::{Node, Value};

pub(super) struct Checker<'a> {
    pub(super) file: usize,
    pub(super) objects: &'a BTreeMap<String, Vec<Field>>,
    pub(super) enums: &'a BTreeMap<String, Vec<Variant>>,
    /// `None` if an event was refused.
    pub(super) events: Option<&'a [&'a Event]>,
    pub(super) faults: &'a mut Faults,
    /// `true` for values that a server sends, with its quirks; `false` for values that it is sent.
    pub(super) answer: bool,
}

impl Checker<'_> {
    pub(super) fn value(&mut self, node: &Node, ty: &Ty, what: &str) {
        let fits = match (&node.value, ty.list) {
            (Value::Null, list) if self.answer && (list || ty.optional) => true,
            (Value::List(items), true) => {
                let item = Ty { list: false, optional: false, ..ty.clone() };
                items.iter().for_each(|node| self.value(node, &item, "an entry"));
                true
            }
            (_, true) => false,
            (_, false) if ty.scalar == Scalar::Json => {
                self.json(node);
                true
            }
            (Value::List(segments), false) if ty.scalar == Scalar::Message => {
                self.segments(segments);
                true
            }
            (Value::Map(_), false) => self.mapping(node, &ty.scalar),
            // Servers write some numbers as digits, and an example is what a server sends.
            (Value::Text(digits), false) if self.answer && is_integer(&ty.scalar) => {
                digits.parse().is_ok_and(|number| self.scalar(&Value::Int(number), &ty.scalar))
            }
            (value, false) => self.scalar(value, &ty.scalar),
        };
        if !fits {
            let message = format!("{what} is {}", node.value.describe());
            self.faults.add(&Spot::of(self.file, node), message, format!("expected {}", self.expected(ty)));
        }
    }

    /// Returns `true` if a mapping may be of this type. Faults within it are reported.
    fn mapping(&mut self, node: &Node, scalar: &Scalar) -> bool {
        match scalar {
            Scalar::Named(name, NamedKind::Object) => {
                if let Some(fields) = self.objects.get(name) {
                    self.object(node, fields, &format!("`{name}`"));
                }
            }
            Scalar::Event => self.any_event(node),
            Scalar::FeedSegment if is_segment(node) => self.json(node),
            scalar => return self.scalar(&node.value, scalar),
        }
        true
    }

    pub(super) fn scalar(&self, value: &Value, scalar: &Scalar) -> bool {
        match (scalar, value) {
            (Scalar::Bool, Value::Bool(_)) => true,
            (Scalar::F64, Value::Float(number)) => number.is_finite(),
            (
                Scalar::String
                | Scalar::FileSource
                | Scalar::UploadSource
                | Scalar::Mention
                | Scalar::Named(_, NamedKind::Id(IdBase::String)),
                Value::Text(_),
            ) => true,
            (Scalar::I32, Value::Int(n)) => i32::try_from(*n).is_ok(),
            (Scalar::U32, Value::Int(n)) => u32::try_from(*n).is_ok(),
            (Scalar::U64, Value::Int(n)) => u64::try_from(*n).is_ok(),
            (Scalar::I64 | Scalar::Timestamp | Scalar::Named(_, NamedKind::Id(IdBase::I64)), Value::Int(n)) => {
                i64::try_from(*n).is_ok()
            }
            (Scalar::Named(_, NamedKind::Id(IdBase::U64)), Value::Text(digits)) => digits.parse::<u64>().is_ok(),
            (Scalar::Named(name, NamedKind::Enum(_)), value) => {
                let known = |variant: &Variant| match (&variant.value, value) {
                    (VariantValue::Text(listed), Value::Text(given)) => listed == given,
                    (VariantValue::Int(listed), Value::Int(given)) => i128::from(*listed) == *given,
                    _ => false,
                };
                self.enums.get(name).is_none_or(|variants| variants.iter().any(known))
            }
            (Scalar::Message, Value::Text(_)) => self.answer,
            (Scalar::ForwardNode, value) => is_forward_node(value),
            (Scalar::ForwardedMessage, value) => is_forwarded_message(value),
            _ => false,
        }
    }

    pub(super) fn object(&mut self, node: &Node, fields: &[Field], what: &str) {
        let Some(entries) = self.entries(node, what) else { return };
        let known: Vec<&str> = fields.iter().map(|field| field.wire.as_str()).collect();
        for (key, value) in entries {
            let name = key.as_str().unwrap_or_default();
            match fields.iter().find(|field| field.wire == name) {
                Some(field) => self.value(value, &field.ty, &format!("`{name}`")),
                None => {
                    let message = format!("{what} has no field `{name}`");
                    self.faults.add(&Spot::of(self.file, key), message, suggest(name, &known));
                }
            }
        }
        let required = |field: &&Field| !(field.ty.optional || self.answer && field.ty.list);
        let required: Vec<&str> = fields.iter().filter(required).map(|field| field.wire.as_str()).collect();
        self.missing(node, entries, &required, &known);
    }

    pub(super) fn missing(&mut self, node: &Node, entries: &[(Node, Node)], required: &[&str], known: &[&str]) {
        let given: Vec<&str> = entries.iter().map(|(key, _)| key.as_str().unwrap_or_default()).collect();
        let strange: Vec<&str> = given.iter().filter(|name| !known.contains(name)).copied().collect();
        for name in required {
            // A misspelt name was reported as an unknown one.
            if !given.contains(name) && nearest(name, &strange).is_none() {
                let message = format!("the example lacks `{name}`");
                self.faults.add(&Spot::of(self.file, node), message, format!("add `{name}: …`"));
            }
        }
    }

    /// The entries of a mapping whose keys are texts and are not repeated.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Node, Node)]> {
        let Value::Map(entries) = &node.value else {
            let message = format!("expected a mapping for {what}, found {}", node.value.describe());
            self.faults.add(&Spot::of(self.file, node), message, "write its names and values");
            return None;
        };
        self.keys(entries).then_some(entries)
    }

    /// Returns `true` if all keys are texts. Repeated keys are reported, too.
    fn keys(&mut self, entries: &[(Node, Node)]) -> bool {
        let before = self.faults.len();
        for (key, _) in entries {
            if !matches!(key.value, Value::Text(_)) {
                let message = format!("expected a key, found {}", key.value.describe());
                self.faults.add(&Spot::of(self.file, key), message, "the keys of JSON are texts: put it into quotes");
            }
        }
        let texts = self.faults.len() == before;
        for (index, (key, _)) in entries.iter().enumerate().filter(|_| texts) {
            if entries[..index].iter().any(|(seen, _)| seen.as_str() == key.as_str()) {
                let message = format!("the key `{}` stands here twice", key.as_str().unwrap_or_default());
                self.faults.add(&Spot::of(self.file, key), message, "keep one of them");
            }
        }
        texts
    }

    /// Reports values that JSON does not have.
    fn json(&mut self, node: &Node) {
        let range = i128::from(i64::MIN)..=i128::from(u64::MAX);
        match &node.value {
            Value::List(items) => items.iter().for_each(|node| self.json(node)),
            Value::Map(entries) => {
                self.keys(entries);
                entries.iter().for_each(|(_, node)| self.json(node));
            }
            Value::Int(number) if !range.contains(number) => {
                let hint = "numbers have at most 64 bits: put it into quotes";
                self.faults.add(&Spot::of(self.file, node), format!("the number {number} is too large"), hint);
            }
            Value::Float(number) if !number.is_finite() => {
                let message = format!("{} is not a number of JSON", node.value.describe());
                self.faults.add(&Spot::of(self.file, node), message, "write a number");
            }
            _ => {}
        }
    }

    /// Checks the segments of a message: `{ type: text, data: { text: hi } }`.
    fn segments(&mut self, segments: &[Node]) {
        for node in segments {
            if is_segment(node) {
                self.json(node);
            } else {
                let message = format!("expected a segment, found {}", node.value.describe());
                let hint = "a segment has `type:`, a text, and `data:`, a mapping, and nothing else";
                self.faults.add(&Spot::of(self.file, node), message, hint);
            }
        }
    }

    /// Checks a whole event as a server sends it: its tags and its fields.
    pub(super) fn fields_of_event(&mut self, node: &Node, event: &Event) {
        let tags = event.fixed_tags().into_iter().map(|(tag, _)| Field {
            name: Name::from_wire(tag),
            wire: tag.into(),
            aliases: Vec::new(),
            ty: Ty { scalar: Scalar::Json, list: false, optional: true },
            doc: String::new(),
            decides: false,
            bare: false,
            zero_if_absent: false,
        });
        let fields: Vec<Field> = event.fields.iter().cloned().chain(tags).collect();
        self.object(node, &fields, &format!("the event `{}`", event.name.snake()));
    }

    /// Checks an event within an answer, by the kind that its tags make.
    fn any_event(&mut self, node: &Node) {
        let Some(events) = self.events else { return self.json(node) };
        let has = |(tag, value): (&str, &str)| node.get(tag).is_some_and(|given| given.as_str() == Some(value));
        match events.iter().find(|event| event.tags().into_iter().all(has)) {
            Some(event) => self.fields_of_event(node, event),
            None => {
                let hint = "write a whole event, with `post_type` and the further tags of one of this schema's events";
                self.faults.add(&Spot::of(self.file, node), "an event of a kind that this schema does not have", hint);
            }
        }
    }

    /// The required form of a value of this type, for messages.
    pub(super) fn expected(&self, ty: &Ty) -> String {
        let one = match &ty.scalar {
            Scalar::Bool => "`true` or `false`".to_owned(),
            Scalar::I32 => format!("an integer from {} to {}", i32::MIN, i32::MAX),
            Scalar::U32 => format!("an integer from 0 to {}", u32::MAX),
            Scalar::U64 => format!("an integer from 0 to {}", u64::MAX),
            Scalar::I64 => "an integer of 64 bits".to_owned(),
            Scalar::F64 => "a number with a fraction, such as 1.0".to_owned(),
            Scalar::String => "a string".to_owned(),
            Scalar::Json => "any value".to_owned(),
            Scalar::Message => "a list of segments".to_owned(),
            Scalar::ForwardNode => {
                "a node (`type: node`, and under `data` an `id`, or `user_id`, `name` and `content`)".to_owned()
            }
            Scalar::ForwardedMessage => "a mapping with `sender` (`user_id`, `nickname`) and `content`".to_owned(),
            Scalar::Timestamp => "seconds as an integer".to_owned(),
            Scalar::Mention => "a QQ number or `all` (a string)".to_owned(),
            Scalar::FeedSegment => "a segment of a feed (`type:` and `data:`)".to_owned(),
            Scalar::Event => "a whole event".to_owned(),
            Scalar::FileSource => "an address, or a name of the server's (a string)".to_owned(),
            Scalar::UploadSource => "a path on the server's disk, or an address (a string)".to_owned(),
            Scalar::Target => "a target".to_owned(),
            Scalar::Named(name, NamedKind::Id(IdBase::I64)) => format!("a number (`{name}`)"),
            Scalar::Named(name, NamedKind::Id(IdBase::U64)) => format!("a string of digits (`{name}`)"),
            Scalar::Named(name, NamedKind::Id(IdBase::String)) => format!("a string (`{name}`)"),
            Scalar::Named(name, NamedKind::Object) => format!("a mapping with the fields of `{name}`"),
            Scalar::Named(name, NamedKind::Enum(_)) => match self.enums.get(name) {
                Some(variants) if variants.len() <= 8 => format!("a value of `{name}`: {}", listed(variants)),
                _ => format!("a value of `{name}`"),
            },
        };
        if ty.list { format!("a list, each entry {one}") } else { one }
    }
}

/// "`owner`, `admin`".
fn listed(variants: &[Variant]) -> String {
    let values = variants.iter().map(|variant| match &variant.value {
        VariantValue::Text(text) => format!("`{text}`"),
        VariantValue::Int(number) => format!("`{number}`"),
    });
    values.collect::<Vec<_>>().join(", ")
}

pub(super) fn is_integer(scalar: &Scalar) -> bool {
    matches!(scalar, Scalar::I32 | Scalar::I64 | Scalar::U32 | Scalar::U64)
}
