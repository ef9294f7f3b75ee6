//! Events, quick operations and segments.

use std::collections::{BTreeMap, HashMap};

use super::{Resolver, values};
use crate::diagnostic::suggest;
use crate::model::{Api, Direction, Event, Field, Operation, Param, PostType, Presence, Segment};
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

const DIRECTIONS: &[(&str, Direction)] = &[
    ("both", Direction::Both),
    ("receive", Direction::Receive),
    ("send", Direction::Send),
    ("never", Direction::Never),
    ("feed", Direction::Feed),
];

/// The servers besides go-cqhttp.
const FORKS: &[(&str, ())] = &[("napcat", ()), ("llonebot", ()), ("lagrange", ())];

/// Names that `Event` and `Segment` have already.
const VARIANTS: &[&str] =
    &["Unknown", "Self", "Event", "EventKind", "Segment", "FeedSegment", "Extra", "Mention", "UnknownSegment"];

/// Methods that every segment has.
const SEGMENT_METHODS: &[&str] = &["new", "clone", "extra", "field"];

/// A struct of more fields than this is boxed in an enum.
const BOXED_FROM: usize = 5;

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
            resolved.events = file.events.iter().filter_map(|event| self.one_event(event, &all, &shapes)).collect();
        }
        self.event_names(files, &all);
    }

    /// The fields of a struct: those of every event first.
    fn event_fields(&mut self, event: &source::Event, sources: &[source::Field]) -> Option<Vec<Field>> {
        for field in sources {
            let wire = field.wire.as_ref().unwrap_or(&field.name);
            if ["time", "self_id"].contains(&wire.value.as_str())
                || ["time", "self_id"].contains(&field.name.value.as_str())
            {
                let message = format!("every event has `{}`", wire.value);
                self.faults.add(&field.name.spot, message, "remove it: it is added to each");
            }
            if event.sub_type.is_some() && wire.value == "sub_type" {
                self.faults.add(&field.name.spot, "`sub_type` makes the kind of this event", "remove the field");
            }
        }
        let own = self.fields(sources)?;
        let common = |name: &str, scalar: Scalar, doc: &str| Field {
            name: Name::from_wire(name),
            wire: name.into(),
            aliases: Vec::new(),
            ty: Ty { scalar, list: false, optional: false },
            doc: doc.into(),
        };
        let account = match self.types.get("UserId") {
            Some(kind @ NamedKind::Id(_)) => Scalar::Named("UserId".into(), *kind),
            _ => Scalar::I64,
        };
        let time = common("time", Scalar::Timestamp, "When it happened, or was reported.");
        let self_id = common("self_id", account, "The account that it happened to.");
        Some([time, self_id].into_iter().chain(own).collect())
    }

    fn one_event(
        &mut self,
        source: &source::Event,
        all: &[&source::Event],
        shapes: &HashMap<&str, Vec<Field>>,
    ) -> Option<Event> {
        self.doc(&source.doc);
        self.alias(&source.title, &source.name.value);
        let post_type = self.choice(&source.post_type, "post type", POST_TYPES);
        for server in &source.servers {
            self.choice(server, "server besides go-cqhttp", FORKS);
        }
        for word in [&source.detail].into_iter().chain(&source.sub_type) {
            if !name::is_snake(&word.value) {
                self.faults.add(
                    &word.spot,
                    format!("`{}` is no type of an event", word.value),
                    "write it as on the wire",
                );
            }
        }
        let shape = match (&source.shape, &source.fields) {
            (None, Some(_)) => &source.name,
            (Some(shape), None) => shape,
            _ => {
                let hint = "write `fields:`, or `shape:` and the event whose struct this one shares";
                self.faults.add(&source.spot, "an event has either `fields` or a `shape`", hint);
                return None;
            }
        };
        if let Some(operation) = &source.operation {
            let known = self.operations.iter().map(String::as_str).collect::<Vec<_>>();
            if !known.contains(&operation.value.as_str()) {
                let hint = suggest(&operation.value, &known);
                self.faults.add(&operation.spot, format!("unknown operation `{}`", operation.value), hint);
            }
        }
        let owner = all.iter().find(|event| event.name.value == shape.value);
        if let (Some(shape), Some(owner)) = (&source.shape, owner) {
            let shared = owner.detail.value == source.detail.value && owner.shape.is_none();
            let told = owner.fields.iter().flatten().any(|field| field.name.value == "post_type");
            if !shared || !told {
                let hint = "share one of the same `type` whose fields hold `post_type`";
                self.faults.add(&shape.spot, format!("`{}` cannot lend its struct", shape.value), hint);
            }
        } else if let (Some(shape), None) = (&source.shape, owner) {
            self.faults.add(&shape.spot, format!("unknown event `{}`", shape.value), "name an event with `fields`");
        }
        let fields = shapes.get(shape.value.as_str())?.clone();
        Some(Event {
            name: Name::from_wire(&source.name.value),
            title: source.title.value.clone(),
            doc: source.doc.value.clone(),
            post_type: post_type?,
            detail: source.detail.value.clone(),
            sub_type: source.sub_type.as_ref().map(|sub_type| sub_type.value.clone()),
            servers: values(&source.servers),
            operation: source.operation.as_ref().map(|operation| operation.value.clone()),
            shape: Name::from_wire(&shape.value),
            boxed: fields.len() > BOXED_FROM,
            fields,
            example: source.example.clone()?,
        })
    }

    /// Events that cannot be told apart, and names that meet in Rust.
    fn event_names(&mut self, files: &[SourceFile], all: &[&source::Event]) {
        let mut kinds: HashMap<String, &At<String>> = HashMap::new();
        let mut rust: HashMap<String, String> = HashMap::new();
        for ty in files.iter().flat_map(|file| &file.types) {
            rust.insert(ty.name.value.clone(), format!("the type `{}`", ty.name.value));
        }
        for event in all {
            let sub_type = event.sub_type.as_ref().map_or("", |sub_type| &sub_type.value);
            let kind = format!("{} {} {sub_type}", event.post_type.value, event.detail.value);
            if let Some(other) = kinds.insert(kind, &event.name) {
                let message = format!("`{}` and `{}` have the same tags", event.name.value, other.value);
                self.faults.add(&event.name.spot, message, "make them one event, with an open `sub_type`");
            }
            let half = all.iter().any(|other| {
                let same = other.post_type.value == event.post_type.value && other.detail.value == event.detail.value;
                same && other.sub_type.is_some() != event.sub_type.is_some()
            });
            if half && event.sub_type.is_none() {
                let message = format!("other `{}` events are told apart by `sub_type`", event.detail.value);
                self.faults.add(&event.name.spot, message, "give this one a `sub_type:`, too");
            }
            self.variant(&event.name, &Name::from_wire(&event.name.value), "event", &mut rust);
        }
        for operation in files.iter().flat_map(|file| &file.operations) {
            let name = &operation.name;
            self.claim(&mut rust, name.value.clone(), format!("the operation `{}`", name.value), &name.spot);
        }
        for segment in files.iter().flat_map(|file| &file.segments) {
            self.variant(&segment.name, &segment_name(segment), "segment", &mut rust);
        }
    }

    fn variant(&mut self, wire: &At<String>, name: &Name, what: &str, rust: &mut HashMap<String, String>) {
        if !name::is_snake(&wire.value) {
            self.faults.add(&wire.spot, format!("`{}` is no name of an {what}", wire.value), "write it in snake case");
        } else if VARIANTS.contains(&name.pascal().as_str()) || super::RESERVED_TYPES.contains(&name.pascal().as_str())
        {
            let message = format!("the {what} would be called `{}`, which is taken", name.pascal());
            self.faults.add(&wire.spot, message, "choose another name");
        } else {
            self.claim(
                rust,
                format!("{what}::{}", name.pascal()),
                format!("the {what} `{}`", name.snake()),
                &wire.spot,
            );
            if let Some(other) = rust.get(&name.pascal()).filter(|other| other.starts_with("the type")) {
                let message =
                    format!("the {what} `{}` is called `{}` in Rust, and so is {other}", wire.value, name.pascal());
                self.faults.add(&wire.spot, message, "rename the type");
            }
        }
    }

    fn operation(&mut self, source: &source::Operation) -> Option<Operation> {
        self.doc(&source.doc);
        if !name::is_pascal(&source.name.value) {
            let hint = "operations are called like `GroupMessageOperation`";
            self.faults.add(&source.name.spot, format!("`{}` is no type name", source.name.value), hint);
        }
        self.operations.push(source.name.value.clone());
        let params = self.params(&source.params)?;
        if let Some(required) = params.iter().find(|param| matches!(param.presence, Presence::Required)) {
            let message = format!("`{}` is required, and an operation requires nothing", required.name.snake());
            self.faults.add(&source.name.spot, message, "give it a default, or make it optional with `?`");
        }
        Some(Operation { name: source.name.value.clone(), doc: source.doc.value.clone(), params })
    }

    pub(super) fn segment(&mut self, source: &source::Segment) -> Option<Segment> {
        self.doc(&source.doc);
        if source.title.value != source.name.value {
            self.alias(&source.title, &segment_name(source).pascal());
        }
        let direction = self.choice(&source.direction, "direction of a segment", DIRECTIONS);
        if source.example.is_none() && !source.fields.is_empty() {
            let hint = "add `example:`, its data with every required field";
            self.faults.add(&source.spot, format!("the segment `{}` has no example", source.name.value), hint);
        }
        let defaults =
            source.fields.iter().filter_map(|field| Some((field.name.value.clone(), field.default.clone()?)));
        let defaults: BTreeMap<_, _> = defaults.collect();
        let fields = self.segment_fields(&source.fields)?;
        Some(Segment {
            wire: source.name.value.clone(),
            name: segment_name(source),
            title: source.title.value.clone(),
            doc: source.doc.value.clone(),
            direction: direction?,
            boxed: fields.len() > BOXED_FROM,
            fields,
            defaults,
            example: source.example.clone(),
        })
    }

    fn segment_fields(&mut self, sources: &[source::Field]) -> Option<Vec<Param>> {
        self.distinct(sources);
        let mut fields: Vec<Param> = Vec::new();
        for source in sources {
            self.doc(&source.doc);
            self.field_name(source);
            if SEGMENT_METHODS.contains(&source.name.value.as_str()) {
                let hint = format!("write another `name:`, and `wire: {}`", source.name.value);
                self.faults.add(&source.name.spot, format!("every segment has a method `{}`", source.name.value), hint);
            }
            let Some(ty) = self.ty(&source.ty) else { continue };
            let flat = !ty.list
                && !ty.scalar.has_no_literal() | matches!(ty.scalar, Scalar::FileSource | Scalar::Mention)
                && !matches!(ty.scalar, Scalar::Target | Scalar::Named(_, NamedKind::Object));
            if !flat {
                let hint = "a value of a segment is a text: a number, a flag, an id, an enum, `file_source`, `mention`";
                self.faults.add(
                    &source.ty.spot,
                    format!("`{}` is no type of a segment's field", source.ty.value),
                    hint,
                );
            }
            let presence = if ty.optional { Presence::Optional } else { Presence::Required };
            if matches!(presence, Presence::Required) && fields.iter().any(|field| field.ty.optional) {
                let hint = "required fields come first: they are the constructor's arguments";
                self.faults.add(&source.name.spot, format!("`{}` is required", source.name.value), hint);
            }
            if let (Some(_), Presence::Required) = (&source.default, &presence) {
                self.faults.add(&source.name.spot, "a default of what is always sent", "write `?` behind the type");
            }
            fields.push(Param {
                name: Name::from_wire(&source.name.value),
                wire: super::wire_name(source),
                also: Vec::new(),
                aliases: values(&source.aliases),
                ty,
                doc: source.doc.value.clone(),
                presence,
            });
        }
        (fields.len() == sources.len()).then_some(fields)
    }
}

/// `image` → `Image`; in a feed `FeedImage`.
fn segment_name(segment: &source::Segment) -> Name {
    match segment.direction.value.as_str() {
        "feed" => Name::from_wire(&format!("feed_{}", segment.name.value)),
        _ => Name::from_wire(&segment.name.value),
    }
}
