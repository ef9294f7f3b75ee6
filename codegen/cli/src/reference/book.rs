//! The schema with the anchors of its parts, and the texts that several pages share.

use std::collections::{BTreeMap, HashMap};

use cqhttp_codegen::tooling::{
    Api, BUILT_IN, EnumBase, Field, IdBase, NamedKind, Param, Scalar, TARGET_KEYS, Ty, TypeDef, TypeKind,
};

use super::text::{cell, table};

/// The schema with the anchors of its parts.
pub(super) struct Book<'a> {
    pub(super) api: &'a Api,
    /// The anchors of the types, by name.
    pub(super) types: HashMap<&'a str, String>,
    /// The anchors of the actions, by name on the wire.
    pub(super) actions: HashMap<&'a str, String>,
    /// The anchors of the events.
    pub(super) events: HashMap<&'a str, String>,
    /// The anchors of the quick operations.
    pub(super) operations: HashMap<&'a str, String>,
    /// The anchors of the segments.
    pub(super) segments: HashMap<&'a str, String>,
}

/// Returns the anchors that GitHub gives to headings that are one name each: in lower case, a repeated one with a number.
fn anchors<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, String> {
    let mut seen = HashMap::<String, usize>::new();
    let mut anchor = |name: &'a str| {
        let anchor = name.to_lowercase().replace('.', "");
        let count = seen.entry(anchor.clone()).or_default();
        *count += 1;
        let anchor = if *count > 1 { format!("{anchor}-{}", *count - 1) } else { anchor };
        (name, anchor)
    };
    names.map(&mut anchor).collect()
}

impl<'a> Book<'a> {
    /// Creates the book of a schema.
    pub(super) fn of(api: &'a Api) -> Self {
        let built_in = BUILT_IN.iter().map(|(name, _)| *name);
        let types = sorted_types(api).into_iter().map(|ty| ty.name.as_str());
        let files = || api.files.iter();
        Self {
            api,
            types: anchors(built_in.chain(types)),
            actions: anchors(files().flat_map(|file| &file.actions).map(|action| action.wire.as_str())),
            events: anchors(files().flat_map(|file| &file.events).map(|event| event.name.snake())),
            operations: anchors(files().flat_map(|file| &file.operations).map(|operation| operation.name.as_str())),
            segments: anchors(files().flat_map(|file| &file.segments).map(|segment| segment.name.snake())),
        }
    }

    /// Returns the links from each page to the others.
    pub(super) fn links(&self) -> &'static str {
        match (self.api.extension, self.api.servers.is_empty()) {
            (true, _) => LINKS_OF_EXTENSION,
            (false, true) => LINKS,
            (false, false) => LINKS_WITH_SERVERS,
        }
    }

    /// Formats a type as it stands on the wire, with a link to its description.
    pub(super) fn ty(&self, ty: &Ty) -> String {
        let (name, wire) = match &ty.scalar {
            Scalar::Named(name, kind) => (name.as_str(), wire(*kind)),
            built_in => (BUILT_IN.iter().find(|(_, scalar)| scalar == built_in).map_or("", |(name, _)| *name), ""),
        };
        let text = match self.types.get(name) {
            Some(anchor) => format!("{wire}[`{name}`](types.md#{anchor})"),
            None => format!("{wire}`{name}`"),
        };
        if ty.list { format!("list of {text}") } else { text }
    }

    /// Formats a title and a table of parameters; without parameters, nothing.
    pub(super) fn parameters(&self, title: &str, params: &[Param], needed: impl Fn(&Param) -> String) -> String {
        if params.is_empty() {
            return String::new();
        }
        let rows = params.iter().map(|param| {
            let names = match param.ty.scalar {
                Scalar::Target => TARGET_KEYS.map(|key| format!("`{key}`")).join(", "),
                _ => format!("`{}`", param.wire),
            };
            let read = param.aliases.iter().filter(|name| !param.also.contains(name));
            let servers = match param.availability.text() {
                servers if servers.is_empty() => servers,
                servers => format!(" {servers}"),
            };
            let doc = param.doc.clone() + &servers + &also(&param.also) + &aliases(read);
            [names, self.ty(&param.ty), needed(param), cell(&doc)]
        });
        format!("**{title}**\n\n{}\n", table(["name", "type", "needed", "description"], rows))
    }

    /// Formats a title and a table of fields.
    pub(super) fn fields(&self, title: &str, fields: &[Field]) -> String {
        let rows = fields.iter().map(|field| {
            let may_be_absent = field.decides || field.zero_if_absent || self.api.is_empty_if_absent(field);
            let present = match (field.ty.optional, field.ty.list) {
                (true, _) => "optional",
                (false, true) => "unless empty",
                (false, false) if may_be_absent => "may be absent",
                (false, false) => "always",
            };
            let bare = if field.bare { " Some servers answer this list or text alone." } else { "" };
            let doc = field.doc.clone() + &aliases(field.aliases.iter()) + bare;
            [format!("`{}`", field.wire), self.ty(&field.ty), present.into(), cell(&doc)]
        });
        format!("**{title}**\n\n{}\n", table(["name", "type", "present", "description"], rows))
    }
}

const LINKS: &str = "\
[Index](README.md) · [Actions](actions.md) · [Events](events.md) · [Segments](segments.md) · [Types](types.md)";

const LINKS_WITH_SERVERS: &str = "\
[Index](README.md) · [Actions](actions.md) · [Events](events.md) · [Segments](segments.md) · [Types](types.md) · \
[Servers](servers.md)";

const LINKS_OF_EXTENSION: &str = "\
[Index](README.md) · [Actions](actions.md) · [Types](types.md)

These are added to those of `cqhttp`. A type without a link is described in the reference of `cqhttp`, and so are events and
segments.";

/// Returns the types of the schema: ids, enums, objects; each in the order of the schema.
pub(super) fn sorted_types(api: &Api) -> Vec<&TypeDef> {
    let mut types: BTreeMap<u8, Vec<&TypeDef>> = BTreeMap::new();
    for ty in api.files.iter().flat_map(|file| &file.types) {
        let rank = match ty.kind {
            TypeKind::Id(_) => 0,
            TypeKind::Enum(..) => 1,
            TypeKind::Object { .. } => 2,
        };
        types.entry(rank).or_default().push(ty);
    }
    types.into_values().flatten().collect()
}

/// Returns the kind of a type of the schema on the wire, to stand before its name.
fn wire(kind: NamedKind) -> &'static str {
    match kind {
        NamedKind::Id(IdBase::I64) | NamedKind::Enum(EnumBase::I64) => "integer ",
        NamedKind::Id(IdBase::U64) => "string of digits ",
        NamedKind::Id(IdBase::String) | NamedKind::Enum(EnumBase::String) => "string ",
        NamedKind::Object => "object ",
    }
}

fn also(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
    format!(" Send it as {names}, too: some servers read only that name.")
}

fn aliases<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!(" Some servers call it `{name}`.")).collect()
}
