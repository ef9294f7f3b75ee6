//! Whether defaults and examples are what their types say.

use std::collections::BTreeMap;

use crate::diagnostic::{Faults, Spot, nearest, suggest};
use crate::model::{
    Action, Answer, Api, Event, Field, File, Param, Presence, Segment, TypeKind, Variant, VariantValue,
};
use crate::name::Name;
use crate::source::SourceFile;
use crate::ty::{EnumBase, IdBase, NamedKind, Scalar, Ty};
use crate::yaml::{Node, Value};

/// The names under which a `Target` goes out.
pub const TARGET_KEYS: [&str; 3] = ["message_type", "user_id", "group_id"];

/// Reports every default and example that does not fit.
pub(crate) fn check(files: &[SourceFile], api: &Api, faults: &mut Faults) {
    let events: Vec<&Event> = api.files.iter().flat_map(|file| &file.events).collect();
    // An event that was refused may be the one that an example means.
    let all_known = !files.iter().any(|file| file.refused.any || file.events.iter().any(|event| event.broken))
        && events.len() == files.iter().map(|file| file.events.len()).sum::<usize>();
    let events = all_known.then_some(events);
    for (index, (source, file)) in files.iter().zip(&api.files).enumerate() {
        let (objects, enums, events) = (&api.objects, &api.enums, events.as_deref());
        Checker { file: index, objects, enums, events, faults, answer: true }.file(source, file);
    }
}

struct Checker<'a> {
    file: usize,
    objects: &'a BTreeMap<String, Vec<Field>>,
    enums: &'a BTreeMap<String, Vec<Variant>>,
    /// `None` where one was refused.
    events: Option<&'a [&'a Event]>,
    faults: &'a mut Faults,
    /// Whether this is what a server sends, with its quirks, or what it is sent.
    answer: bool,
}

impl Checker<'_> {
    /// What a file holds. A stanza that was refused in part is left alone: what follows from it would mislead.
    fn file(&mut self, source: &SourceFile, file: &File) {
        for ty in &file.types {
            let broken = source.types.iter().any(|stanza| stanza.name.value == ty.name && stanza.broken);
            if let (TypeKind::Object { fields, example }, false) = (&ty.kind, broken) {
                self.object(example, fields, &ty.name);
            }
        }
        for event in &file.events {
            if !source.events.iter().any(|stanza| stanza.name.value == event.name.snake() && stanza.broken) {
                self.event(event);
            }
        }
        for operation in &file.operations {
            if !source.operations.iter().any(|stanza| stanza.name.value == operation.name && stanza.broken) {
                self.answer = false;
                self.defaults(&operation.params);
                self.answer = true;
            }
        }
        for segment in &file.segments {
            if !source.segments.iter().any(|stanza| stanza.name.value == segment.wire && stanza.broken) {
                self.segment(segment);
            }
        }
        for action in &file.actions {
            if !source.actions.iter().any(|stanza| stanza.name.value == action.wire && stanza.broken) {
                self.action(action);
            }
        }
    }

    fn action(&mut self, action: &Action) {
        self.answer = false;
        self.defaults(&action.params);
        if let (Some(params), false) = (&action.example.params, action.params.is_empty()) {
            self.params(params, action);
        }
        self.answer = true;
        match (&action.answer, &action.example.returns) {
            (Answer::Fields(fields), Some(node)) => {
                self.object(node, fields, &format!("the answer to `{}`", action.wire))
            }
            (Answer::Type(ty), Some(node)) => self.value(node, ty, "the example"),
            _ => {}
        }
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
            let given = entry_node(&event.example, tag);
            // Whether a field is there is said with the other fields.
            if given.map_or(!is_field(tag), |given| text(given) != value) {
                let message = format!("the example is no event `{}`", event.path());
                let at = given.unwrap_or(&event.example);
                self.faults.add(&spot(self.file, at), message, format!("write `{tag}: {value}`"));
            }
        }
        self.fields_of_event(&event.example, event);
    }

    /// A whole event, as a server sends it: its tags, and its fields.
    fn fields_of_event(&mut self, node: &Node, event: &Event) {
        let tags = event.fixed_tags().into_iter().map(|(tag, _)| Field {
            name: Name::from_wire(tag),
            wire: tag.into(),
            aliases: Vec::new(),
            ty: Ty { scalar: Scalar::Json, list: false, optional: true },
            doc: String::new(),
        });
        let fields: Vec<Field> = event.fields.iter().cloned().chain(tags).collect();
        self.object(node, &fields, &format!("the event `{}`", event.name.snake()));
    }

    /// An event within an answer, of the kind that its tags say.
    fn any_event(&mut self, node: &Node) {
        let Some(events) = self.events else { return self.json(node) };
        let has = |(tag, value): (&str, &str)| entry_node(node, tag).is_some_and(|given| text(given) == value);
        match events.iter().find(|event| event.tags().into_iter().all(has)) {
            Some(event) => self.fields_of_event(node, event),
            None => {
                let hint = "write a whole event, with `post_type` and the further tags of one of this schema's events";
                self.faults.add(&spot(self.file, node), "an event of no kind that this schema has", hint);
            }
        }
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
        let name = text(key);
        match segment.fields.iter().find(|field| field.wire == name) {
            None => {
                let message = format!("the segment `{}` has no field `{name}`", segment.wire);
                self.faults.add(&spot(self.file, key), message, suggest(name, known));
            }
            Some(field) if !self.is_text_of(value, &field.ty) => {
                let message = format!("`{name}` is {}", value.value.describe());
                let hint = format!("a segment's values are texts; expected {}", self.expected_text(&field.ty));
                self.faults.add(&spot(self.file, value), message, hint);
            }
            Some(_) => {}
        }
    }

    /// Whether a segment's value is the text of such a one, in the form in which it goes out again.
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

    /// What the text of such a value must be, for messages.
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
            self.target(node, entries);
        }
        for (key, value) in entries {
            let name = text(key);
            match action.params.iter().find(|param| param.wire == name && param.ty.scalar != Scalar::Target) {
                Some(param) => self.value(value, &Ty { optional: false, ..param.ty.clone() }, &format!("`{name}`")),
                // That the target is not written so was said already.
                None if known.contains(&name) || action.params.iter().any(|param| param.wire == name) => {}
                None => {
                    let message = format!("`{}` has no parameter `{name}`", action.wire);
                    self.faults.add(&spot(self.file, key), message, suggest(name, &known));
                }
            }
        }
        let required: Vec<&str> =
            action.required().filter(|p| p.ty.scalar != Scalar::Target).map(|p| p.wire.as_str()).collect();
        self.missing(node, entries, &required, &known);
    }

    /// A target as it stands on the wire.
    fn target(&mut self, node: &Node, entries: &[(Node, Node)]) {
        let find = |name: &str| entries.iter().find(|(key, _)| text(key) == name).map(|(_, value)| value);
        let is_id = |name: &str| find(name).map(|value| matches!(value.value, Value::Int(_)));
        let kind = find("message_type").map_or("", text);
        let fits = match (kind, is_id("user_id"), is_id("group_id")) {
            ("private", Some(user), group) => user && group != Some(false),
            ("group", None, Some(group)) => group,
            _ => false,
        };
        if !fits {
            let hint = "write `message_type: group` and `group_id`, or `message_type: private` and `user_id`";
            self.faults.add(&spot(self.file, node), "the example names no target", hint);
        }
    }

    fn object(&mut self, node: &Node, fields: &[Field], what: &str) {
        let Some(entries) = self.entries(node, what) else { return };
        let known: Vec<&str> = fields.iter().map(|field| field.wire.as_str()).collect();
        for (key, value) in entries {
            let name = text(key);
            match fields.iter().find(|field| field.wire == name) {
                Some(field) => self.value(value, &field.ty, &format!("`{name}`")),
                None => {
                    let message = format!("{what} has no field `{name}`");
                    self.faults.add(&spot(self.file, key), message, suggest(name, &known));
                }
            }
        }
        let required = |field: &&Field| !(field.ty.optional || self.answer && field.ty.list);
        let required: Vec<&str> = fields.iter().filter(required).map(|field| field.wire.as_str()).collect();
        self.missing(node, entries, &required, &known);
    }

    fn missing(&mut self, node: &Node, entries: &[(Node, Node)], required: &[&str], known: &[&str]) {
        let given: Vec<&str> = entries.iter().map(|(key, _)| text(key)).collect();
        let strange: Vec<&str> = given.iter().filter(|name| !known.contains(name)).copied().collect();
        for name in required {
            // What is only misspelt was reported as that.
            if !given.contains(name) && nearest(name, &strange).is_none() {
                let message = format!("the example lacks `{name}`");
                self.faults.add(&spot(self.file, node), message, format!("add `{name}: …`"));
            }
        }
    }

    /// A mapping whose keys are texts and stand there once.
    fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Node, Node)]> {
        let Value::Map(entries) = &node.value else {
            let message = format!("expected a mapping for {what}, found {}", node.value.describe());
            self.faults.add(&spot(self.file, node), message, "write its names and values");
            return None;
        };
        self.keys(entries).then_some(entries)
    }

    /// Whether all keys are texts. Those that stand there twice are reported, too.
    fn keys(&mut self, entries: &[(Node, Node)]) -> bool {
        let before = self.faults.len();
        for (key, _) in entries {
            if !matches!(key.value, Value::Text(_)) {
                let message = format!("expected a key, found {}", key.value.describe());
                self.faults.add(&spot(self.file, key), message, "the keys of JSON are texts: put it into quotes");
            }
        }
        let texts = self.faults.len() == before;
        for (index, (key, _)) in entries.iter().enumerate().filter(|_| texts) {
            if entries[..index].iter().any(|(seen, _)| text(seen) == text(key)) {
                let message = format!("the key `{}` stands here twice", text(key));
                self.faults.add(&spot(self.file, key), message, "keep one of them");
            }
        }
        texts
    }

    /// Any value, as long as JSON has it.
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
                self.faults.add(&spot(self.file, node), format!("the number {number} is too large"), hint);
            }
            Value::Float(number) if !number.is_finite() => {
                let message = format!("{} is no number of JSON", node.value.describe());
                self.faults.add(&spot(self.file, node), message, "write a number");
            }
            _ => {}
        }
    }

    /// A message's segments: `{ type: text, data: { text: hi } }`.
    fn segments(&mut self, segments: &[Node]) {
        for node in segments {
            if is_segment(node) {
                self.json(node);
            } else {
                let message = format!("expected a segment, found {}", node.value.describe());
                let hint = "a segment has `type:`, a text, and `data:`, a mapping, and nothing else";
                self.faults.add(&spot(self.file, node), message, hint);
            }
        }
    }

    fn value(&mut self, node: &Node, ty: &Ty, what: &str) {
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
            // Servers write some numbers as digits, and an example shows what they send.
            (Value::Text(digits), false) if self.answer && is_integer(&ty.scalar) => {
                digits.parse().is_ok_and(|number| self.scalar(&Value::Int(number), &ty.scalar))
            }
            (value, false) => self.scalar(value, &ty.scalar),
        };
        if !fits {
            let message = format!("{what} is {}", node.value.describe());
            self.faults.add(&spot(self.file, node), message, format!("expected {}", self.expected(ty)));
        }
    }

    /// Whether a mapping may be of this type. What is wrong within it is reported.
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

    fn scalar(&self, value: &Value, scalar: &Scalar) -> bool {
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

    /// What a value of this type must be, for messages.
    fn expected(&self, ty: &Ty) -> String {
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

/// `{ type: text, data: { text: hi } }`.
fn is_segment(node: &Node) -> bool {
    let Value::Map(entries) = &node.value else { return false };
    let has = |name: &str, fits: fn(&Value) -> bool| {
        entries.iter().any(|(key, value)| text(key) == name && fits(&value.value))
    };
    entries.len() == 2 && has("type", |v| matches!(v, Value::Text(_))) && has("data", |v| matches!(v, Value::Map(_)))
}

/// `{ type: node, data: { id: "12" } }`, or under `data` a sender, a name and content.
fn is_forward_node(value: &Value) -> bool {
    let Some(data) = entry(value, "data") else { return false };
    let has =
        |names: &[&str], fits: fn(&Value) -> bool| names.iter().find_map(|name| entry(data, name)).is_some_and(fits);
    let custom = has(&["user_id", "uin"], is_number)
        && has(&["name", "nickname"], |name| matches!(name, Value::Text(_)))
        && has(&["content"], |content| is_content(content, is_forward_node));
    let body = entry(data, "id").map_or(custom, is_number);
    is_node(value) && body && entry(data, "time").is_none_or(is_number)
}

/// `{ sender: { user_id: 12, nickname: ab }, content: hi }`, with or without `time` and ids.
fn is_forwarded_message(value: &Value) -> bool {
    let sender = entry(value, "sender");
    let of_sender = |name: &str| sender.and_then(|sender| entry(sender, name));
    of_sender("user_id").is_some_and(is_number)
        && matches!(of_sender("nickname"), Some(Value::Text(_)))
        && entry(value, "content").is_some_and(|content| is_content(content, is_forwarded_message))
        && ["time", "group_id", "message_id"].iter().all(|name| entry(value, name).is_none_or(is_number))
}

/// A message, or nodes alone.
fn is_content(value: &Value, fits: fn(&Value) -> bool) -> bool {
    match value {
        Value::Text(_) => true,
        Value::List(items) if items.iter().all(|item| is_node(&item.value)) => {
            items.iter().all(|item| fits(&item.value))
        }
        Value::List(items) => items.iter().all(is_segment) || items.iter().all(|item| fits(&item.value)),
        _ => false,
    }
}

fn is_node(value: &Value) -> bool {
    matches!(entry(value, "type"), Some(Value::Text(kind)) if kind == "node")
}

/// A number that an id or a time may be, also as digits.
fn is_number(value: &Value) -> bool {
    match value {
        Value::Int(number) => i64::try_from(*number).is_ok(),
        Value::Text(digits) => digits.parse::<i64>().is_ok(),
        _ => false,
    }
}

fn entry<'n>(value: &'n Value, name: &str) -> Option<&'n Value> {
    let Value::Map(entries) = value else { return None };
    entries.iter().find(|(key, _)| text(key) == name).map(|(_, value)| &value.value)
}

/// The value of a node's entry, with its place.
fn entry_node<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|(key, _)| text(key) == name).map(|(_, value)| value)
}

fn is_integer(scalar: &Scalar) -> bool {
    matches!(scalar, Scalar::I32 | Scalar::I64 | Scalar::U32 | Scalar::U64)
}

/// A node's text, empty where it is none.
pub(crate) fn text(node: &Node) -> &str {
    match &node.value {
        Value::Text(text) => text,
        _ => "",
    }
}

/// A place inside an example.
fn spot(file: usize, node: &Node) -> Spot {
    Spot { file, place: node.place.clone() }
}
