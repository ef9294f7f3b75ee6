//! What a schema says already: its actions by their titles, and what ids are called on the wire.

use std::collections::{BTreeMap, BTreeSet};

use super::words::snake;
use crate::model::{Action, Api, Returns, TypeKind};
use crate::resolve;
use crate::ty::{BUILT_IN, IdBase, NamedKind, Scalar, Ty};
use crate::yaml::Node;

/// A schema, as the words of a page are looked up in it.
pub(super) struct Known<'a> {
    api: &'a Api,
    /// What stands under a name on the wire, as a number or as a text: ids, and an empty name for what is none.
    ids: BTreeMap<(String, bool), BTreeSet<String>>,
    /// A value of each parameter, from an example.
    examples: BTreeMap<String, &'a Node>,
}

/// The ids that may be meant.
pub(super) enum Ids {
    None,
    One(String),
    Several(Vec<String>),
}

impl<'a> Known<'a> {
    pub(super) fn new(api: &'a Api) -> Self {
        let mut known = Self { api, ids: BTreeMap::new(), examples: BTreeMap::new() };
        for ty in api.files.iter().flat_map(|file| &file.types) {
            if let TypeKind::Id(base) = ty.kind {
                known.id_stands(&snake(&ty.name), &ty.name, base);
            }
        }
        for fields in api.objects.values() {
            fields.iter().for_each(|field| known.stands(&field.wire, &field.ty));
        }
        for action in known.actions() {
            action.params.iter().for_each(|param| known.stands(&param.wire, &param.ty));
            if let Returns::Fields(fields) = &action.returns {
                fields.iter().for_each(|field| known.stands(&field.wire, &field.ty));
            }
            let Some(Node { value: crate::yaml::Value::Map(entries), .. }) = &action.example.params else { continue };
            for (key, value) in entries {
                if let crate::yaml::Value::Text(key) = &key.value {
                    known.examples.entry(key.clone()).or_insert(value);
                }
            }
        }
        known
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
        self.ids.entry(key).or_default().insert(id.to_owned());
    }

    fn actions(&self) -> impl Iterator<Item = &'a Action> + use<'a> {
        self.api.files.iter().flat_map(|file| &file.actions)
    }

    /// The ids that stand under this name as a number, or as a text.
    pub(super) fn ids(&self, wire: &str, number: bool) -> Ids {
        let Some(found) = self.ids.get(&(wire.to_owned(), number)) else { return Ids::None };
        let ids: Vec<String> = found.iter().filter(|id| !id.is_empty()).cloned().collect();
        match ids.as_slice() {
            [] => Ids::None,
            [id] if found.len() == 1 => Ids::One(id.clone()),
            _ => Ids::Several(ids),
        }
    }

    /// An example of an object, if there is one of that name.
    pub(super) fn object(&self, name: &str) -> Option<&'a Node> {
        let types = self.api.files.iter().flat_map(|file| &file.types);
        types.filter(|ty| ty.name == name).find_map(|ty| match &ty.kind {
            TypeKind::Object { example, .. } => Some(example),
            _ => None,
        })
    }

    /// What an object of the page is called here: as it is there, unless that is the name of something else.
    pub(super) fn object_name(&self, page: &str) -> String {
        let files = || self.api.files.iter();
        let taken = self.object(page).is_none()
            && (resolve::RESERVED_TYPES.contains(&page)
                || BUILT_IN.iter().any(|(name, _)| *name == page)
                || files().flat_map(|file| &file.types).any(|ty| ty.name == page)
                || files().flat_map(|file| &file.operations).any(|operation| operation.name == page)
                || files().flat_map(|file| &file.events).any(|event| event.name.pascal() == page)
                || files().flat_map(|file| &file.segments).any(|segment| segment.name.pascal() == page));
        if taken { format!("{page}Object") } else { page.to_owned() }
    }

    /// What stands for a parameter in an example.
    pub(super) fn example(&self, wire: &str) -> Option<&'a Node> {
        self.examples.get(wire).copied()
    }

    /// Whether there is an action that answers to this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.actions().any(|action| action.wire == name || action.aliases.iter().any(|alias| alias == name))
    }

    /// The action of this title, however it is spaced.
    pub(super) fn titled(&self, title: &str) -> Option<&'a str> {
        let title = letters(title);
        self.actions().find(|action| letters(&action.title) == title).map(|action| action.wire.as_str())
    }

    /// The action with the most similar title among those that are not `taken`, and that title.
    pub(super) fn nearly_titled(&self, title: &str, taken: &[String]) -> Option<(&'a str, &'a str)> {
        let title = letters(title);
        let free = self.actions().filter(|action| !taken.contains(&action.wire));
        let near = free.map(|action| (strsim::normalized_damerau_levenshtein(&title, &letters(&action.title)), action));
        let near = near.filter(|(likeness, _)| *likeness >= 0.7).max_by(|a, b| a.0.total_cmp(&b.0));
        near.map(|(_, action)| (action.wire.as_str(), action.title.as_str()))
    }

    /// What the list of an action's answers consists of, where that has a name.
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
