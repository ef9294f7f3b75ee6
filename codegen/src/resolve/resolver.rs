//! The state that all rules share, and the rules for parts that many stanzas have: docs, titles, types, names.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::diagnostic::{Faults, suggest};
use crate::doc;
use crate::model::Field;
use crate::name::{self, Name};
use crate::source::{self, At};
use crate::ty::{BUILT_IN, Expression, NamedKind, Scalar, Ty};

/// Beginnings of faults about types and refusals that this schema lacks, but that its base may have.
pub const UNKNOWN: [&str; 2] = ["unknown type", "unknown refusal"];

pub(super) struct Resolver<'a> {
    pub(super) faults: &'a mut Faults,
    pub(super) types: BTreeMap<String, NamedKind>,
    /// Types that have a fault: their uses are not reported.
    pub(super) refused: HashSet<String>,
    pub(super) any_refused: bool,
    pub(super) refusals: Option<Vec<String>>,
    /// The quick operations seen so far.
    pub(super) operations: Vec<String>,
    /// `true` if the actions that are being resolved are those of an extension.
    pub(super) extension: bool,
}

impl Resolver<'_> {
    /// The choice that a word stands for.
    pub(super) fn choice<T: Clone>(&mut self, word: &At<String>, what: &str, choices: &[(&str, T)]) -> Option<T> {
        let found = choices.iter().find(|(name, _)| *name == word.value).map(|(_, choice)| choice.clone());
        if found.is_none() {
            let known: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.faults.add(
                &word.spot,
                format!("`{}` is not a valid {what}", word.value),
                suggest(&word.value, &known),
            );
        }
        found
    }

    pub(super) fn ty(&mut self, text: &At<String>) -> Option<Ty> {
        let Some(expression) = Expression::parse(&text.value) else {
            let hint = "write a name, then `[]` for a list, then `?` for what may be absent";
            self.faults.add(&text.spot, format!("`{}` is not a type", text.value), hint);
            return None;
        };
        let Expression { name, list, optional } = expression;
        if self.refused.contains(name) {
            return None;
        }
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, scalar)| scalar.clone());
        let scalar = built_in.or_else(|| self.types.get(name).map(|kind| Scalar::Named(name.to_owned(), *kind)));
        if scalar.is_none() && !self.any_refused {
            let known: Vec<&str> =
                BUILT_IN.iter().map(|(name, _)| *name).chain(self.types.keys().map(String::as_str)).collect();
            let hint = suggest(name, &known);
            self.faults.add(&text.spot, format!("{} `{name}`", UNKNOWN[0]), hint);
        }
        Some(Ty { scalar: scalar?, list, optional })
    }

    pub(super) fn doc(&mut self, text: &At<String>) {
        if let Some((message, hint)) = doc::fault(&text.value) {
            self.faults.add(&text.spot, message, hint);
        }
    }

    pub(super) fn alias(&mut self, alias: &At<String>, item: &str) {
        let fault = if alias.value == item || alias.value == Name::from_wire(item).pascal() {
            Some(("a search alias equal to the name itself".into(), "write the title of the documentation"))
        } else {
            // It stands in the docs, too.
            doc::alias_fault(&alias.value).or_else(|| doc::fault(&alias.value))
        };
        if let Some((message, hint)) = fault {
            self.faults.add(&alias.spot, message, hint);
        }
    }

    /// Reports fields that share a Rust name or a name on the wire. Of parameters that exclude each other, as `groups` say,
    /// one may also go out under the name of another.
    pub(super) fn distinct(&mut self, fields: &[source::Field], groups: &[source::Group]) {
        let mut seen: HashMap<(&str, &str), &source::Field> = HashMap::new();
        let excludes = |one: &source::Field, other: &source::Field| {
            let has = |group: &source::Group, field: &source::Field| {
                group.params.iter().any(|name| name.value == field.name.value)
            };
            groups.iter().any(|group| has(group, one) && has(group, other))
        };
        for field in fields {
            let wire = field.wire_name();
            let names = [("name", &field.name), ("wire name", wire)];
            // A server may read a name that is only sent for other servers, and then both keys list it.
            let sent = |name: &At<String>| field.also.iter().any(|also| also.value == name.value);
            let read = field.aliases.iter().filter(|name| !sent(name));
            let further = field.also.iter().chain(read).map(|name| ("wire name", name));
            for (index, (what, name)) in names.into_iter().chain(further).enumerate() {
                let Some(other) = seen.insert((what, &name.value), field) else { continue };
                // A field without `wire:` would be reported for both of its names, if the other has the same name.
                let reported = index != 1 || field.wire.is_some() || other.name.value != name.value;
                let shared = (name.value == other.wire_name().value) != (name.value == wire.value);
                if reported && !(shared && index > 0 && excludes(field, other)) {
                    self.faults.add(
                        &name.spot,
                        format!("the {what} `{}` is used twice here", name.value),
                        "rename or remove one",
                    );
                }
            }
        }
    }

    pub(super) fn field_name(&mut self, field: &source::Field) {
        let name = &field.name;
        if !name::is_snake(&name.value) {
            let hint = "write `name:` in snake case, and the name on the wire as `wire:`";
            self.faults.add(&name.spot, format!("`{}` is not a Rust name", name.value), hint);
        } else if name::is_keyword(&name.value) {
            let hint = format!("write another `name:`, and `wire: {}`", name.value);
            self.faults.add(&name.spot, format!("`{}` is a Rust keyword", name.value), hint);
        }
        for wire in field.wire.iter().chain(&field.also).chain(&field.aliases) {
            if wire.value.is_empty() || wire.value.contains(char::is_whitespace) {
                self.faults.add(&wire.spot, format!("`{}` is not a name on the wire", wire.value), "remove the blanks");
            }
        }
    }

    /// The fields; `None` if one was refused, or has a type that was refused.
    pub(super) fn fields(&mut self, sources: &[source::Field]) -> Option<Vec<Field>> {
        self.distinct(sources, &[]);
        let mut fields = Vec::new();
        for source in sources {
            self.doc(&source.doc);
            self.field_name(source);
            if let Some(ty) = self.ty(&source.ty) {
                if ty.scalar == Scalar::Target {
                    self.faults.add(&source.ty.spot, "`Target` is not a type of an answer", "name the ids one by one");
                    continue;
                }
                if !self.outside_of_segments(source, &ty) {
                    continue;
                }
                if let Some(spot) = &source.decides {
                    self.may_decide(spot, &ty);
                }
                if let Some(spot) = &source.bare {
                    self.may_be_bare(spot, &ty, sources);
                }
                fields.push(Field {
                    name: Name::from_wire(&source.name.value),
                    wire: source.wire_name().value.clone(),
                    aliases: values(&source.aliases),
                    ty,
                    doc: source.doc.value.clone(),
                    decides: source.decides.is_some(),
                    bare: source.bare.is_some(),
                    zero_if_absent: false,
                });
            }
        }
        (fields.len() == sources.len()).then_some(fields)
    }

    /// Returns `true` unless this is a type that only segments may have.
    pub(super) fn outside_of_segments(&mut self, source: &source::Field, ty: &Ty) -> bool {
        let fits = ty.scalar != Scalar::Mention;
        if !fits {
            let hint = "write `UserId`, or `string`";
            self.faults.add(&source.ty.spot, "`mention` is a type of segments' fields alone", hint);
        }
        fits
    }

    /// Returns `true` if no field of an event or an object holds an event outside of a list, which could hold another in turn.
    pub(super) fn no_event_in_place(&mut self, sources: &[source::Field]) -> bool {
        let before = self.faults.len();
        for source in sources.iter().filter(|source| ["event", "event?"].contains(&source.ty.value.as_str())) {
            let message = "an event within an event or an object stands in a list";
            self.faults.add(&source.ty.spot, message, "write `event[]`");
        }
        self.faults.len() == before
    }
}

pub(super) fn values(texts: &[At<String>]) -> Vec<String> {
    texts.iter().map(|text| text.value.clone()).collect()
}
