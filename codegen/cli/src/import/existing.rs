//! The existing schema: its actions by their titles, and its ids by their names on the wire.

use std::collections::BTreeMap;

use cqhttp_codegen::tooling::{
    Action, Api, BUILT_IN, IdBase, NamedKind, Node, RESERVED_TYPES, Returns, Scalar, Ty, TypeKind, Value,
};

use super::type_names::snake;

/// A schema in which the names of a page are looked up.
pub(super) struct Existing<'a> {
    api: &'a Api,
    /// The types under a name on the wire, as a number (`true`) or a text, with their uses: ids, and an empty name for other types.
    ids: BTreeMap<(String, bool), BTreeMap<String, usize>>,
    /// A value of each parameter, from an example.
    examples: BTreeMap<String, &'a Node>,
}

/// The ids that a name may stand for.
pub(super) enum MatchingIds {
    None,
    One(String),
    Several(Vec<String>),
}

impl<'a> Existing<'a> {
    pub(super) fn new(api: &'a Api) -> Self {
        let mut existing = Self { api, ids: BTreeMap::new(), examples: BTreeMap::new() };
        for ty in api.files.iter().flat_map(|file| &file.types) {
            if let TypeKind::Id(base) = ty.kind {
                existing.id_stands(&snake(&ty.name), &ty.name, base);
            }
        }
        for fields in api.objects.values() {
            fields.iter().for_each(|field| existing.stands(&field.wire, &field.ty));
        }
        for action in existing.actions() {
            action.params.iter().for_each(|param| existing.stands(&param.wire, &param.ty));
            if let Returns::Fields(fields) = &action.returns {
                fields.iter().for_each(|field| existing.stands(&field.wire, &field.ty));
            }
            let Some(Node { value: Value::Map(entries), .. }) = &action.example.params else { continue };
            for (key, value) in entries {
                if let Value::Text(key) = &key.value {
                    existing.examples.entry(key.clone()).or_insert(value);
                }
            }
        }
        existing
    }

    fn stands(&mut self, wire: &str, ty: &Ty) {
        match &ty.scalar {
            Scalar::Named(name, NamedKind::Id(base)) => self.id_stands(wire, name, *base),
            Scalar::I32 | Scalar::I64 | Scalar::U32 | Scalar::U64 => self.id_stands(wire, "", IdBase::I64),
            Scalar::String | Scalar::FileSource | Scalar::UploadSource => self.id_stands(wire, "", IdBase::String),
            _ => {}
        }
    }

    fn id_stands(&mut self, wire: &str, id: &str, base: IdBase) {
        let key = (wire.to_owned(), base == IdBase::I64);
        *self.ids.entry(key).or_default().entry(id.to_owned()).or_default() += 1;
    }

    fn actions(&self) -> impl Iterator<Item = &'a Action> + use<'a> {
        self.api.files.iter().flat_map(|file| &file.actions)
    }

    /// Returns the ids under this name, as a number or as a text.
    pub(super) fn ids(&self, wire: &str, number: bool) -> MatchingIds {
        let Some(found) = self.ids.get(&(wire.to_owned(), number)) else { return MatchingIds::None };
        let plain = found.get("").copied().unwrap_or_default();
        let ids: Vec<(&String, &usize)> = found.iter().filter(|(id, _)| !id.is_empty()).collect();
        match ids.as_slice() {
            [] => MatchingIds::None,
            // A few plain values under the name are exceptions.
            [(id, uses)] if **uses > plain => MatchingIds::One((*id).clone()),
            _ => MatchingIds::Several(ids.into_iter().map(|(id, _)| id.clone()).collect()),
        }
    }

    /// Returns an example of the object of that name, if it exists.
    pub(super) fn object(&self, name: &str) -> Option<&'a Node> {
        let types = self.api.files.iter().flat_map(|file| &file.types);
        types.filter(|ty| ty.name == name).find_map(|ty| match &ty.kind {
            TypeKind::Object { example, .. } => Some(example),
            _ => None,
        })
    }

    /// Returns the name for an object of the page: its own, unless something else has that name.
    pub(super) fn object_name(&self, page: &str) -> String {
        let files = || self.api.files.iter();
        let taken = self.object(page).is_none()
            && (RESERVED_TYPES.contains(&page)
                || BUILT_IN.iter().any(|(name, _)| *name == page)
                || files().flat_map(|file| &file.types).any(|ty| ty.name == page)
                || files().flat_map(|file| &file.operations).any(|operation| operation.name == page)
                || files().flat_map(|file| &file.events).any(|event| event.name.pascal() == page)
                || files().flat_map(|file| &file.segments).any(|segment| segment.name.pascal() == page));
        if taken { format!("{page}Object") } else { page.to_owned() }
    }

    /// Returns a value of a parameter from an example.
    pub(super) fn example(&self, wire: &str) -> Option<&'a Node> {
        self.examples.get(wire).copied()
    }

    /// Returns `true` if an action has this name or alias.
    pub(super) fn has(&self, name: &str) -> bool {
        self.actions().any(|action| action.wire == name || action.aliases.iter().any(|alias| alias == name))
    }

    /// Returns the action with this title; blanks and punctuation do not count.
    pub(super) fn titled(&self, title: &str) -> Option<&'a str> {
        let title = letters(title);
        self.actions().find(|action| letters(&action.title) == title).map(|action| action.wire.as_str())
    }

    /// Returns the action with the most similar title, except those in `taken`, and that title.
    pub(super) fn nearly_titled(&self, title: &str, taken: &[String]) -> Option<(&'a str, &'a str)> {
        let title = letters(title);
        let free = self.actions().filter(|action| !taken.contains(&action.wire));
        let near = free.map(|action| (strsim::normalized_damerau_levenshtein(&title, &letters(&action.title)), action));
        let near = near.filter(|(likeness, _)| *likeness >= 0.7).max_by(|a, b| a.0.total_cmp(&b.0));
        near.map(|(_, action)| (action.wire.as_str(), action.title.as_str()))
    }

    /// Returns the object that an action answers, if it has a name.
    pub(super) fn answer_of(&self, name: &str) -> Option<&'a str> {
        let action = self.actions().find(|action| action.wire == name)?;
        match &action.returns {
            Returns::Type(Ty { scalar: Scalar::Named(object, NamedKind::Object), .. }) => Some(object),
            _ => None,
        }
    }
}

fn letters(title: &str) -> String {
    title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
