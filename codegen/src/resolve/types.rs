//! Ids, enums and objects.

use std::collections::HashSet;

use super::names::RESERVED_TYPES;
use super::resolver::Resolver;
use crate::doc;
use crate::model::{Api, Chapter, File, TypeDef, TypeKind, Variant, VariantValue};
use crate::name::{self, Name};
use crate::source::{self, At, Kind, SourceFile};
use crate::ty::{BUILT_IN, EnumBase, IdBase, NamedKind};
use crate::yaml::Value;

impl Resolver<'_> {
    /// Declares every type by name, so that types can be used before they are described.
    pub(super) fn declare_types(&mut self, files: &[SourceFile]) {
        for ty in files.iter().flat_map(|file| &file.types) {
            let kind = match &ty.kind {
                Kind::Id { base } => self.id_base(base).map(NamedKind::Id),
                Kind::Enum { base, .. } => self.enum_base(base).map(NamedKind::Enum),
                Kind::Object { .. } => Some(NamedKind::Object),
            };
            let name = &ty.name.value;
            if !name::is_pascal(name) {
                let hint = "types are called like `GroupInfo`";
                self.faults.add(&ty.name.spot, format!("`{name}` is not a type name"), hint);
            } else if BUILT_IN.iter().any(|(known, _)| known == name) || RESERVED_TYPES.contains(&name.as_str()) {
                self.faults.add(
                    &ty.name.spot,
                    format!("the type name `{name}` is taken by the crate or by Rust"),
                    "choose another",
                );
            }
            // A repeated name is reported with the other collisions.
            if let Some(kind) = kind {
                self.types.entry(name.clone()).or_insert(kind);
            } else {
                self.refused.insert(name.clone());
            }
        }
    }

    /// A file with its types only. Objects and enums are added to the API, for lookups by name.
    pub(super) fn types_of(&mut self, file: &SourceFile, api: &mut Api) -> File {
        let types: Vec<TypeDef> = file.types.iter().filter_map(|ty| self.type_def(ty)).collect();
        for ty in &types {
            match &ty.kind {
                TypeKind::Object { fields, .. } => {
                    api.objects.entry(ty.name.clone()).or_insert_with(|| fields.clone());
                }
                TypeKind::Enum(_, variants) => {
                    api.enums.entry(ty.name.clone()).or_insert_with(|| variants.clone());
                }
                TypeKind::Id(_) => {}
            }
        }
        File {
            stem: file.stem.clone(),
            chapter: file.chapter.as_ref().map(|chapter| self.chapter(chapter)),
            actions: Vec::new(),
            types,
            events: Vec::new(),
            operations: Vec::new(),
            segments: Vec::new(),
        }
    }

    fn chapter(&mut self, source: &source::Chapter) -> Chapter {
        self.doc(&source.title);
        self.doc(&source.doc);
        Chapter { title: source.title.value.clone(), doc: source.doc.value.clone() }
    }

    fn id_base(&mut self, base: &At<String>) -> Option<IdBase> {
        self.choice(base, "base of an id", &[("i64", IdBase::I64), ("u64", IdBase::U64), ("string", IdBase::String)])
    }

    fn enum_base(&mut self, base: &At<String>) -> Option<EnumBase> {
        self.choice(base, "base of an enum", &[("string", EnumBase::String), ("i64", EnumBase::I64)])
    }

    fn type_def(&mut self, ty: &source::Type) -> Option<TypeDef> {
        self.doc(&ty.doc);
        if let Some(title) = &ty.title {
            self.alias(title, &ty.name.value);
        }
        let kind = match &ty.kind {
            Kind::Id { .. } => match self.types.get(&ty.name.value) {
                Some(NamedKind::Id(base)) => TypeKind::Id(*base),
                _ => return None, // its base was refused, or there are two of that name
            },
            Kind::Enum { values, .. } => match self.types.get(&ty.name.value) {
                Some(&NamedKind::Enum(base)) => TypeKind::Enum(base, self.variants(base, values)?),
                _ => return None,
            },
            Kind::Object { fields, within, example } => {
                if example.is_none() {
                    let hint = "add `example:` with every required field";
                    self.faults.add(&ty.spot, format!("the object `{}` has no example", ty.name.value), hint);
                }
                let sound = self.no_event_in_place(fields);
                let fields = self.fields(fields).filter(|_| sound)?;
                let within = within.as_ref().filter(|within| self.may_be_within(within, &fields));
                TypeKind::Object {
                    fields,
                    within: within.map(|within| within.value.clone()),
                    example: example.clone()?,
                }
            }
        };
        let title = ty.title.as_ref().map(|title| title.value.clone());
        let (name, doc) = (ty.name.value.clone(), ty.doc.value.clone());
        Some(TypeDef { name, title, doc, kind, broken: ty.broken })
    }

    /// The variants; `None` if a value was refused. An enum may have very many of them.
    fn variants(&mut self, base: EnumBase, values: &[source::EnumValue]) -> Option<Vec<Variant>> {
        let mut variants: Vec<Variant> = Vec::new();
        let (mut seen, mut named) = (HashSet::new(), HashSet::from(["Other".to_owned()]));
        for source in values {
            self.doc(&source.doc);
            let Some(value) = self.variant_value(base, source) else { continue };
            if let Some((message, hint)) = source.value.as_str().and_then(doc::value_fault) {
                self.faults.add(&source.spot, message, hint);
                continue;
            }
            let Some(name) = self.variant_name(&value, source) else { continue };
            let pascal = name.pascal();
            if !seen.insert(wire_text(&value)) {
                self.faults.add(
                    &source.spot,
                    format!("the value `{}` stands here twice", wire_text(&value)),
                    "keep one of them",
                );
            } else if pascal == "Self" {
                self.faults.add(
                    &source.spot,
                    "the variant would be called `Self`, a Rust keyword",
                    "give this value a `name:` of its own",
                );
            } else if named.contains(&pascal) {
                let message = format!("the variant `{pascal}` exists already");
                self.faults.add(&source.spot, message, "give this value a `name:` of its own");
            }
            named.insert(pascal);
            variants.push(Variant { name, value, doc: source.doc.value.clone() });
        }
        (variants.len() == values.len()).then_some(variants)
    }

    fn variant_value(&mut self, base: EnumBase, source: &source::EnumValue) -> Option<VariantValue> {
        let value = match (&source.value.value, base) {
            (Value::Text(text), EnumBase::String) => Some(VariantValue::Text(text.clone())),
            (Value::Int(number), EnumBase::I64) => i64::try_from(*number).ok().map(VariantValue::Int),
            _ => None,
        };
        if value.is_none() {
            let expected = if base == EnumBase::I64 { "an integer" } else { "a string" };
            let message = format!("expected {expected}, found {}", source.value.value.describe());
            let hint = format!("the values of this enum are what its `base` says, `{}`", base_text(base));
            self.faults.add(&source.spot, message, hint);
        }
        value
    }

    fn variant_name(&mut self, value: &VariantValue, source: &source::EnumValue) -> Option<Name> {
        let (text, spot) = match (&source.name, value) {
            (Some(name), _) => (name.value.clone(), &name.spot),
            (None, VariantValue::Text(text)) => (text.to_lowercase().replace('-', "_"), &source.spot),
            (None, VariantValue::Int(number)) => {
                self.faults.add(&source.spot, format!("the number {number} has no name"), "add `name: …`");
                return None;
            }
        };
        if name::is_snake(&text) {
            return Some(Name::from_wire(&text));
        }
        let hint = if source.name.is_some() { "write it in snake case" } else { "add `name:` in snake case" };
        self.faults.add(spot, format!("no Rust name can be made of `{text}`"), hint);
        None
    }
}

fn base_text(base: EnumBase) -> &'static str {
    match base {
        EnumBase::String => "string",
        EnumBase::I64 => "i64",
    }
}

fn wire_text(value: &VariantValue) -> String {
    match value {
        VariantValue::Text(text) => text.clone(),
        VariantValue::Int(number) => number.to_string(),
    }
}
