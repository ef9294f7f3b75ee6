//! Events and quick operations.

use std::collections::HashMap;

use super::names::{OTHER_TYPE, RESERVED_TYPES, Taken};
use super::resolver::{Resolver, values};
use super::segment::segment_name;
use crate::diagnostic::suggest;
use crate::facts::SERVERS;
use crate::model::{Api, Event, Field, Operation, PostType, Presence};
use crate::name::{self, Name};
use crate::source::{self, At, SourceFile};
use crate::ty::{NamedKind, Scalar, Ty};

const POST_TYPES: &[(&str, PostType)] = &[
    ("message", PostType::Message),
    ("message_sent", PostType::MessageSent),
    ("notice", PostType::Notice),
    ("request", PostType::Request),
    ("meta_event", PostType::MetaEvent),
];

/// Items of the module `event` besides the events, and names that cannot be a variant.
const EVENT_ITEMS: &[&str] = &[
    "Event",
    "EventError",
    "EventKind",
    "MessageEvent",
    "QuickOperable",
    "RequestEvent",
    "Self",
    "Unknown",
    "UnknownEvent",
];

/// Items of the module `segment` besides the segments, and names that cannot be a variant.
const SEGMENT_ITEMS: &[&str] = &[
    "Extra",
    "FeedSegment",
    "FieldValue",
    "Fields",
    "IntoSegment",
    "Item",
    "Mention",
    "Segment",
    "SegmentType",
    "Segments",
    "Self",
    "Unknown",
    "UnknownSegment",
    "Value",
    "Writing",
    "Written",
];

/// An event of more fields than this is boxed in its enum.
const EVENT_BOXED_FROM: usize = 3;

impl Resolver<'_> {
    /// The events and operations of all files; shapes and operations are found wherever they stand.
    pub(super) fn events(&mut self, files: &[SourceFile], api: &mut Api) {
        for (file, resolved) in files.iter().zip(&mut api.files) {
            resolved.operations = file.operations.iter().filter_map(|operation| self.operation(operation)).collect();
        }
        let all: Vec<&source::Event> = files.iter().flat_map(|file| &file.events).collect();
        let mut shapes: HashMap<&str, Vec<Field>> = HashMap::new();
        for event in &all {
            if let Some(fields) = event.fields.as_ref().and_then(|fields| self.event_fields(event, fields)) {
                shapes.insert(&event.name.value, fields);
            }
        }
        for (file, resolved) in files.iter().zip(&mut api.files) {
            resolved.events = file.events.iter().filter_map(|event| self.event(event, &all, &shapes)).collect();
        }
        self.unused_operations(files, &all);
        self.event_tags(&all);
        self.item_names(files);
    }

    /// The fields of a struct: those of every event first.
    fn event_fields(&mut self, event: &source::Event, sources: &[source::Field]) -> Option<Vec<Field>> {
        for field in sources {
            self.no_tag(event, field);
            if let Some(spot) = &field.bare {
                self.faults.add(
                    spot,
                    "a field of an event cannot be bare",
                    "only a field of an answer or an object may",
                );
            }
        }
        let sound = self.no_event_in_place(sources);
        let own = self.fields(sources).filter(|_| sound)?;
        let common = |name: &str, scalar: Scalar, doc: &str| Field {
            name: Name::from_wire(name),
            wire: name.into(),
            aliases: Vec::new(),
            ty: Ty { scalar, list: false, optional: false },
            doc: doc.into(),
            decides: false,
            bare: false,
            zero_if_absent: true,
        };
        let account = match self.types.get("UserId") {
            Some(kind @ NamedKind::Id(_)) => Scalar::Named("UserId".into(), *kind),
            _ => Scalar::I64,
        };
        let time = common(
            "time",
            Scalar::Timestamp,
            "The time at which it happened, or was reported; 0 if the server does not send it.",
        );
        let self_id = common("self_id", account, "The account that it happened to; 0 if the server does not name it.");
        Some([time, self_id].into_iter().chain(own).collect())
    }

    /// Reports a field that every event has, and one that is a tag of this event.
    fn no_tag(&mut self, event: &source::Event, field: &source::Field) {
        let wire = field.wire_name();
        let names: Vec<&At<String>> = [wire].into_iter().chain(&field.aliases).collect();
        let has = |name: &str| names.iter().find(|at| at.value == name).copied();
        let post_type = POST_TYPES.iter().find(|(name, _)| *name == event.post_type.value);
        let detail = post_type.and_then(|(_, post_type)| has(post_type.wire().1));
        let common = [&field.name].into_iter().chain(names.iter().copied());
        if let Some(name) = common.into_iter().find(|name| ["time", "self_id"].contains(&name.value.as_str())) {
            let hint = "rename or remove it: that field is added to each";
            self.faults.add(&name.spot, format!("every event has `{}`", name.value), hint);
        } else if let Some(tag) = detail {
            let message = format!("`{}` makes the kind of this event", tag.value);
            self.faults.add(&tag.spot, message, "remove it: `type:` says its value");
        } else if let (Some(_), Some(tag)) = (&event.sub_type, has("sub_type")) {
            let hint = "remove it: `sub_type:` says its value";
            self.faults.add(&tag.spot, "`sub_type` makes the kind of this event", hint);
        } else if wire.value == "post_type" && field.ty.value.ends_with(['?', ']']) {
            let message = "the `post_type` makes the kind of this event";
            self.faults.add(&field.ty.spot, message, "remove the `?` or `[]`: it is always there");
        }
    }

    fn event(
        &mut self,
        source: &source::Event,
        all: &[&source::Event],
        shapes: &HashMap<&str, Vec<Field>>,
    ) -> Option<Event> {
        self.doc(&source.doc);
        self.alias(&source.title, &source.name.value);
        let post_type = self.choice(&source.post_type, "post type", POST_TYPES);
        self.servers(&source.servers);
        for word in [&source.detail].into_iter().chain(&source.sub_type) {
            if !name::is_snake(&word.value) {
                let message = format!("`{}` is not a type of an event", word.value);
                self.faults.add(&word.spot, message, "write it as on the wire, in snake case");
            }
        }
        self.operation_of(source);
        let shape = self.shape(source, all)?;
        let fields = shapes.get(shape)?.clone();
        Some(Event {
            name: Name::from_wire(&source.name.value),
            title: source.title.value.clone(),
            doc: source.doc.value.clone(),
            post_type: post_type?,
            detail: source.detail.value.clone(),
            sub_type: source.sub_type.as_ref().map(|sub_type| sub_type.value.clone()),
            servers: values(&source.servers),
            operation: source.operation.as_ref().map(|operation| operation.value.clone()),
            shape: Name::from_wire(shape),
            boxed: fields.len() > EVENT_BOXED_FROM,
            fields,
            example: source.example.clone()?,
            broken: source.broken,
        })
    }

    fn servers(&mut self, servers: &[At<String>]) {
        let others = SERVERS.iter().map(|server| server.name).filter(|name| *name != "go-cqhttp");
        let others: Vec<(&str, ())> = others.map(|name| (name, ())).collect();
        for (index, server) in servers.iter().enumerate() {
            self.choice(server, "server besides go-cqhttp", &others);
            if servers[..index].iter().any(|seen| seen.value == server.value) {
                let message = format!("the server `{}` stands here twice", server.value);
                self.faults.add(&server.spot, message, "keep one of them");
            }
        }
    }

    /// Reports an operation that does not exist, and one of an event whose struct is another's.
    fn operation_of(&mut self, event: &source::Event) {
        let Some(operation) = &event.operation else { return };
        let known = self.operations.iter().map(String::as_str).collect::<Vec<_>>();
        if !known.contains(&operation.value.as_str()) && !self.is_refused(&operation.value) {
            let hint = suggest(&operation.value, &known);
            self.faults.add(&operation.spot, format!("unknown operation `{}`", operation.value), hint);
        }
        if let Some(shape) = &event.shape {
            let message = format!("the struct is that of `{}`, and so is the operation", shape.value);
            self.faults.add(&operation.spot, message, "write `operation:` there");
        }
    }

    /// Returns `true` if a stanza of this name may exist and have a fault.
    fn is_refused(&self, name: &str) -> bool {
        self.any_refused || self.refused.contains(name)
    }

    /// The event whose struct this one has: itself, or the one that `shape:` names.
    fn shape<'e>(&mut self, source: &'e source::Event, all: &[&source::Event]) -> Option<&'e str> {
        match (&source.shape, &source.fields) {
            (None, Some(_)) => Some(&source.name.value),
            (Some(shape), None) => {
                self.lender(source, shape, all);
                Some(&shape.value)
            }
            _ => {
                if !source.broken {
                    let hint = "write `fields:`, or `shape:` and the event whose struct this one shares";
                    self.faults.add(&source.spot, "an event has either `fields` or a `shape`", hint);
                }
                None
            }
        }
    }

    /// Reports an event whose struct cannot be shared with this one.
    fn lender(&mut self, source: &source::Event, shape: &At<String>, all: &[&source::Event]) {
        let Some(owner) = all.iter().find(|event| event.name.value == shape.value) else {
            if !self.is_refused(&shape.value) {
                let own: Vec<&str> =
                    all.iter().filter(|event| event.fields.is_some()).map(|event| &*event.name.value).collect();
                let hint = suggest(&shape.value, &own);
                self.faults.add(&shape.spot, format!("unknown event `{}`", shape.value), hint);
            }
            return;
        };
        let key = |event: &source::Event| {
            let (_, post_type) = POST_TYPES.iter().find(|(name, _)| *name == event.post_type.value)?;
            let sub_type = event.sub_type.as_ref().map(|sub_type| sub_type.value.clone());
            Some((post_type.wire().1, event.detail.value.clone(), sub_type))
        };
        let told = owner.fields.iter().flatten().any(|field| field.wire_name().value == "post_type");
        let hint = if let Some(further) = &owner.shape {
            format!("it has none of its own: name `{}`", further.value)
        } else if key(source).zip(key(owner)).is_some_and(|(this, other)| this != other) {
            "name an event that differs in nothing but its `post_type`".into()
        } else if owner.fields.is_some() && !told {
            "give it a field `post_type`, by which the two are told apart".into()
        } else {
            return;
        };
        self.faults.add(&shape.spot, format!("`{}` cannot lend its struct", shape.value), hint);
    }

    /// Operations that no event has.
    fn unused_operations(&mut self, files: &[SourceFile], all: &[&source::Event]) {
        let unsure = self.any_refused || all.iter().any(|event| event.broken);
        for operation in files.iter().flat_map(|file| &file.operations).filter(|_| !unsure) {
            let name = &operation.name.value;
            if name::is_pascal(name)
                && !all.iter().any(|event| event.operation.as_ref().is_some_and(|operation| operation.value == *name))
            {
                let hint = format!("write `operation: {name}` in the stanza of an event, or remove this one");
                self.faults.add(&operation.name.spot, format!("no event has the operation `{name}`"), hint);
            }
        }
    }

    /// Events that cannot be told apart.
    fn event_tags(&mut self, all: &[&source::Event]) {
        let mut kinds: HashMap<String, &At<String>> = HashMap::new();
        for event in all {
            let sub_type = event.sub_type.as_ref().map_or("", |sub_type| &sub_type.value);
            let kind = format!("{} {} {sub_type}", event.post_type.value, event.detail.value);
            if let Some(other) = kinds.insert(kind, &event.name).filter(|other| other.value != event.name.value) {
                let message = format!("`{}` and `{}` have the same tags", event.name.value, other.value);
                self.faults.add(&event.name.spot, message, "make them one event, with an open enum as `sub_type`");
            }
            let half = all.iter().any(|other| {
                let same = other.post_type.value == event.post_type.value && other.detail.value == event.detail.value;
                same && other.sub_type.is_some()
            });
            if half && event.sub_type.is_none() {
                let message = format!("other `{}` events are told apart by `sub_type`", event.detail.value);
                self.faults.add(&event.name.spot, message, "give this one a `sub_type:`, too");
            }
        }
    }

    /// Names of events, operations and segments that meet in Rust.
    fn item_names(&mut self, files: &[SourceFile]) {
        // An extension's types stand in modules of their own.
        let types = files.iter().filter(|file| !file.extension).flat_map(|file| &file.types);
        let named = types.map(|ty| (ty.name.value.clone(), (format!("the type `{}`", ty.name.value), false)));
        let mut taken = Taken { rust: named.collect(), ..Taken::default() };
        for event in files.iter().flat_map(|file| &file.events) {
            if self.snake_name(&event.name, "an event") {
                let name = Name::from_wire(&event.name.value).pascal();
                self.item("event", &event.name, &name, "event", &mut taken);
            }
        }
        for operation in files.iter().flat_map(|file| &file.operations) {
            self.item("event", &operation.name, &operation.name.value, "operation", &mut taken);
        }
        for segment in files.iter().flat_map(|file| &file.segments) {
            if self.snake_name(&segment.name, "a segment") {
                let name = segment_name(segment);
                self.item("segment", &segment.name, &name.pascal(), "segment", &mut taken);
            }
        }
    }

    fn snake_name(&mut self, name: &At<String>, whose: &str) -> bool {
        let sound = name::is_snake(&name.value);
        if !sound {
            self.faults.add(&name.spot, format!("`{}` is not a name of {whose}", name.value), "write it in snake case");
        }
        sound
    }

    /// Claims a name in a module that holds all types, too.
    fn item(&mut self, module: &str, source: &At<String>, name: &str, what: &str, taken: &mut Taken) {
        let what = format!("the {what} `{}`", source.value);
        let items = if module == "event" { EVENT_ITEMS } else { SEGMENT_ITEMS };
        if items.contains(&name) || RESERVED_TYPES.contains(&name) {
            let message = format!("{what} would be called `{name}` in Rust, which is taken");
            self.faults.add(&source.spot, message, "choose another name");
        } else if let Some((ty, _)) = taken.rust.get(name) {
            let message = format!("{what} is called `{name}` in Rust, and so is {ty}");
            self.faults.add(&source.spot, message, "rename one of them");
        } else {
            self.claim(taken, format!("{module}::{name}"), what, &source.spot, OTHER_TYPE);
        }
    }

    fn operation(&mut self, source: &source::Operation) -> Option<Operation> {
        self.doc(&source.doc);
        if !name::is_pascal(&source.name.value) {
            let hint = "operations are called like `GroupMessageOperation`";
            self.faults.add(&source.name.spot, format!("`{}` is not a type name", source.name.value), hint);
        }
        self.operations.push(source.name.value.clone());
        let params = self.params(&source.params, &[])?;
        for (source, param) in source.params.iter().zip(&params) {
            if matches!(param.presence, Presence::Required) {
                let message = format!("`{}` is required, and an operation requires nothing", source.name.value);
                self.faults.add(&source.ty.spot, message, "give it a default, or make it optional with `?`");
            }
        }
        let (name, doc) = (source.name.value.clone(), source.doc.value.clone());
        Some(Operation { name, doc, params, broken: source.broken })
    }
}
