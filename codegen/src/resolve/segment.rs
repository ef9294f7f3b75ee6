//! Message segments.

use std::collections::BTreeMap;

use super::resolver::{Resolver, values};
use crate::diagnostic::list;
use crate::model::{Availability, Direction, Param, Presence, Segment};
use crate::name::{self, Name};
use crate::source;
use crate::source_map::Spot;
use crate::ty::{EnumBase, IdBase, NamedKind, Scalar, Ty};

const DIRECTIONS: &[(&str, Direction)] = &[
    ("both", Direction::Both),
    ("receive", Direction::Receive),
    ("send", Direction::Send),
    ("never", Direction::Never),
    ("feed", Direction::Feed),
];

/// Methods of `Segment` that are written by hand.
const SEGMENT_SHORTCUTS: &[&str] = &["as_mention", "as_text", "at_all", "clone", "kind", "reply"];

/// Methods that every segment has.
const SEGMENT_METHODS: &[&str] = &["new", "clone", "extra", "field", "into_segment"];

/// A segment of more fields than this is boxed in its enum, of which there are many.
const SEGMENT_BOXED_FROM: usize = 3;

impl Resolver<'_> {
    pub(super) fn segment(&mut self, source: &source::Segment) -> Option<Segment> {
        self.doc(&source.doc);
        if source.title.value != source.name.value {
            self.alias(&source.title, &segment_name(source).pascal());
        }
        let direction = self.choice(&source.direction, "direction of a segment", DIRECTIONS);
        if source.example.is_none() && !source.fields.is_empty() && !source.broken {
            let hint = "add `example:`, its data with every required field";
            self.faults.add(&source.spot, format!("the segment `{}` has no example", source.name.value), hint);
        }
        let defaults =
            source.fields.iter().filter_map(|field| Some((field.name.value.clone(), field.default.clone()?)));
        let defaults: BTreeMap<_, _> = defaults.collect();
        let fields = self.segment_fields(&source.fields)?;
        let segment = Segment {
            wire: source.name.value.clone(),
            name: segment_name(source),
            title: source.title.value.clone(),
            doc: source.doc.value.clone(),
            direction: direction?,
            boxed: fields.len() > SEGMENT_BOXED_FROM,
            fields,
            defaults,
            example: source.example.clone(),
            broken: source.broken,
        };
        self.shortcut(&segment, source);
        Some(segment)
    }

    /// Reports a segment that needs a method of `Segment` whose name is taken.
    fn shortcut(&mut self, segment: &Segment, source: &source::Segment) {
        let name = segment.name.snake();
        if segment.has_shortcut() && (SEGMENT_SHORTCUTS.contains(&name) || name::is_keyword(name)) {
            let message = format!("`{name}` cannot be a method of `Segment`");
            let hint = format!("taken are Rust's keywords and {}", list(SEGMENT_SHORTCUTS));
            self.faults.add(&source.name.spot, message, hint);
        }
    }

    fn segment_fields(&mut self, sources: &[source::Field]) -> Option<Vec<Param>> {
        self.distinct(sources, &[]);
        let mut fields: Vec<Param> = Vec::new();
        for source in sources {
            let Some(field) = self.segment_field(source) else { continue };
            if matches!(field.presence, Presence::Required) && fields.iter().any(|field| field.ty.optional) {
                let hint = "required fields come first: they are the constructor's arguments";
                self.faults.add(&source.name.spot, format!("`{}` is required", source.name.value), hint);
            }
            fields.push(field);
        }
        (fields.len() == sources.len()).then_some(fields)
    }

    fn segment_field(&mut self, source: &source::Field) -> Option<Param> {
        self.doc(&source.doc);
        self.field_name(source);
        if SEGMENT_METHODS.contains(&source.name.value.as_str()) {
            let hint = format!("write another `name:`, and `wire: {}`", source.name.value);
            self.faults.add(&source.name.spot, format!("every segment has a method `{}`", source.name.value), hint);
        }
        let ty = self.ty(&source.ty)?;
        let is_json = self.is_json(source, &ty)?;
        if let (Some(default), false) = (&source.default, ty.optional) {
            let spot = Spot::of(source.name.spot.file, default);
            self.faults.add(&spot, "a default of what is always sent", "write `?` behind the type");
        }
        Some(Param {
            name: Name::from_wire(&source.name.value),
            wire: source.wire_name().value.clone(),
            also: Vec::new(),
            aliases: values(&source.aliases),
            presence: if ty.optional { Presence::Optional } else { Presence::Required },
            ty,
            doc: source.doc.value.clone(),
            availability: Availability::default(),
            is_json,
        })
    }

    /// Returns whether a field goes out as JSON in place of a text; `None` if its type is not one of a segment's field.
    fn is_json(&mut self, source: &source::Field, ty: &Ty) -> Option<bool> {
        match (&source.as_json, is_flat(ty)) {
            (None, false) if is_json(ty) => Some(true),
            (None, true) => Some(false),
            (Some(_), true) if has_kind_of_json(&ty.scalar) => Some(true),
            (Some(spot), flat) if flat || is_json(ty) => {
                let message = format!("`as_json` says nothing about the type `{}`", source.ty.value);
                let hint = "only numbers, flags and ids that are numbers go out in one way or the other: remove it";
                self.faults.add(spot, message, hint);
                None
            }
            _ => {
                let message = format!("`{}` is not a type of a segment's field", source.ty.value);
                let hint = "a value of a segment is a text, such as a number, a flag, an id, an enum, `file_source` or \
                            `mention`; or `json`, an object, or a list of texts, numbers, ids or objects";
                self.faults.add(&source.ty.spot, message, hint);
                None
            }
        }
    }
}

/// Returns `true` if values of this type are JSON alone: lists, objects and any JSON.
fn is_json(ty: &Ty) -> bool {
    match &ty.scalar {
        Scalar::Json | Scalar::Named(_, NamedKind::Object) => true,
        Scalar::ForwardedMessage => ty.list,
        Scalar::FileSource | Scalar::Mention | Scalar::Target => false,
        scalar => ty.list && !scalar.has_no_literal(),
    }
}

/// Returns `true` if a value of this type is a number or a flag of JSON.
fn has_kind_of_json(scalar: &Scalar) -> bool {
    matches!(
        scalar,
        Scalar::Bool
            | Scalar::I32
            | Scalar::I64
            | Scalar::U32
            | Scalar::U64
            | Scalar::F64
            | Scalar::Timestamp
            | Scalar::Named(_, NamedKind::Id(IdBase::I64) | NamedKind::Enum(EnumBase::I64))
    )
}

/// Returns `true` if a value of this type is one text.
fn is_flat(ty: &Ty) -> bool {
    let text = match &ty.scalar {
        Scalar::FileSource | Scalar::Mention => true,
        Scalar::Target | Scalar::Named(_, NamedKind::Object) => false,
        scalar => !scalar.has_no_literal(),
    };
    text && !ty.list
}

/// `image` → `Image`; in a feed `FeedImage`.
pub(super) fn segment_name(segment: &source::Segment) -> Name {
    match segment.direction.value.as_str() {
        "feed" => Name::from_wire(&format!("feed_{}", segment.name.value)),
        _ => Name::from_wire(&segment.name.value),
    }
}
