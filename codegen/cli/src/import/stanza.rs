//! The stanzas of a page; gaps in the page are marked.

use std::collections::BTreeSet;

use cqhttp_codegen::tooling::{Name, alias_fault, doc_fault, is_keyword, is_snake};

use super::existing::{Existing, MatchingIds};
use super::scope::{Called, ObjectTable, Scope, list_of, object_name};
use super::section::{DocumentedReturns, Entry, Object, Section};
use super::type_names::{TypeName, snake};
use super::values::{Typed, default_or_optional, example_of};
use super::yaml::{ExampleValue, Lines, scalar};

/// Turns sections into stanzas.
pub(super) struct Writer<'a> {
    existing: &'a Existing<'a>,
    objects: &'a [Object],
    sections: &'a [(&'a Section, Vec<Called>)],
    /// The objects written so far.
    written: BTreeSet<String>,
    pub(super) out: Lines,
}

/// The maximal depth of nested objects in an example.
const DEPTH: usize = 5;

impl<'a> Writer<'a> {
    pub(super) fn new(
        existing: &'a Existing<'a>,
        objects: &'a [Object],
        sections: &'a [(&'a Section, Vec<Called>)],
    ) -> Self {
        Self { existing, objects, sections, written: BTreeSet::new(), out: Lines::default() }
    }

    /// Writes the stanzas of a section: those of its objects that are not written yet, and those of its actions.
    pub(super) fn section(&mut self, section: &Section, called: &[Called]) {
        if called.is_empty() {
            return;
        }
        let scope = Scope::of(section, called);
        self.objects_of(&scope);
        for action in called {
            self.action(&scope, action, called.len() > 1);
            self.out.text.push('\n');
        }
    }

    /// Writes the objects in the tables of a section, each before the object that contains it.
    fn objects_of(&mut self, scope: &Scope<'_>) {
        let answer: &[Entry] = match &scope.section.answer {
            DocumentedReturns::Fields(fields) | DocumentedReturns::Items(fields) => fields,
            _ => &[],
        };
        for entry in scope.section.params.iter().chain(answer) {
            self.objects_in(scope, entry, DEPTH);
        }
        match &scope.section.answer {
            DocumentedReturns::Items(fields) => self.object(scope, &scope.items(), fields),
            DocumentedReturns::ItemsOf(name) => self.objects_in(scope, &list_of(name), DEPTH),
            DocumentedReturns::Fields(fields) => {
                if let Some(name) = self.shared(scope.section) {
                    self.object(scope, &name, fields);
                }
            }
            _ => {}
        }
    }

    fn objects_in(&mut self, scope: &Scope<'_>, entry: &Entry, depth: usize) {
        let Some(ObjectTable { name, fields, scope }) = self.table_of(scope, entry).filter(|_| depth > 0) else {
            return;
        };
        for field in fields {
            self.objects_in(&scope, field, depth - 1);
        }
        self.object(&scope, &name, fields);
    }

    /// Returns the table of the object that an entry contains, if the page has one.
    fn table_of<'t>(&self, scope: &Scope<'t>, entry: &Entry) -> Option<ObjectTable<'t>>
    where
        'a: 't,
    {
        match &entry.word {
            TypeName::Object | TypeName::Objects => {
                let (pattern, fields) = scope.part(&entry.names[0])?;
                let part = Name::from_wire(pattern).pascal();
                Some(ObjectTable { name: format!("{}{part}", scope.prefix), fields, scope: scope.clone() })
            }
            TypeName::Named { name, .. } => {
                let object = self.objects.iter().find(|object| object.name == *name)?;
                let (section, called) = self.sections.get(object.section)?;
                let scope = Scope::of(section, called);
                Some(ObjectTable { name: self.existing.object_name(name), fields: &object.fields, scope })
            }
            _ => None,
        }
    }

    /// Returns the name for the answer of a section, if another section answers a list of it.
    fn shared(&self, section: &Section) -> Option<String> {
        let (_, called) = self.sections.iter().find(|(other, _)| std::ptr::eq(*other, section))?;
        let liked = |other: &Section| match &other.answer {
            DocumentedReturns::ItemsLike(name) => called.iter().any(|called| called.answers_to(name)),
            _ => false,
        };
        let fields = matches!(section.answer, DocumentedReturns::Fields(_));
        (fields && self.sections.iter().any(|(other, _)| liked(other))).then(|| object_name(&called[0].name))
    }

    fn object(&mut self, scope: &Scope<'_>, name: &str, fields: &[Entry]) {
        if self.existing.object(name).is_some() || !self.written.insert(name.to_owned()) {
            return;
        }
        self.out.line(0, "- kind: object");
        let here = self.objects.iter().any(|object| object.name == name);
        self.out.line(2, &format!("name: {name}{}", if here { "" } else { " # TODO: a better name" }));
        self.out.line(2, "doc: TODO");
        self.out.line(2, "fields:");
        let example = self.fields(scope, 4, fields);
        self.out.example(2, "example", &example);
        self.out.text.push('\n');
    }

    /// Writes fields, and returns an example of them.
    fn fields(&mut self, scope: &Scope<'_>, indent: usize, fields: &[Entry]) -> ExampleValue {
        let (dotted, fields): (Vec<&Entry>, Vec<&Entry>) =
            fields.iter().partition(|field| field.names[0].contains('.'));
        for field in dotted {
            self.out.mark(indent, &format!("`{}` is a field within another: {}", field.names[0], field.says));
        }
        let mut example = Vec::new();
        for field in fields {
            let typed = self.typed(scope, field, DEPTH);
            let wire = self.name(indent, field);
            self.out.line(indent + 2, &format!("type: {}", typed.ty));
            self.rest(indent + 2, field, typed.open.as_deref());
            example.push((wire, typed.example));
        }
        ExampleValue::Map(example)
    }

    /// Writes an entry's name, and returns its name on the wire.
    fn name(&mut self, indent: usize, entry: &Entry) -> String {
        let page = entry.names[0].as_str();
        let made = snake(page);
        let wire = wire(page);
        let camel = wire != page;
        if is_keyword(&made) || !is_snake(&made) {
            self.out.line(indent, &format!("- name: TODO_{made} # TODO: another name; `{page}` cannot be one in Rust"));
        } else if camel {
            self.out.line(indent, &format!("- name: {made} # TODO: the page writes `{page}`; what is it on the wire?"));
        } else {
            self.out.line(indent, &format!("- name: {made}"));
        }
        if wire != made || is_keyword(&made) {
            self.out.line(indent + 2, &format!("wire: {}", scalar(&wire)));
        }
        wire
    }

    /// Writes the lines after an entry's type.
    fn rest(&mut self, indent: usize, entry: &Entry, open: Option<&str>) {
        if let Some(open) = open {
            self.out.mark(indent, open);
        }
        if entry.names.len() > 1 {
            let names: Vec<String> = entry.names[1..].iter().map(|name| scalar(name)).collect();
            self.out.line(indent, &format!("aliases: [{}]", names.join(", ")));
        }
        self.out.comment(indent, entry.says.trim_matches('-'));
        self.out.line(indent, "doc: TODO");
    }

    fn action(&mut self, scope: &Scope<'_>, called: &Called, several: bool) {
        let section = scope.section;
        let guess = called.guess.as_ref().map(|guess| format!(" # TODO: {guess}")).unwrap_or_default();
        self.out.line(0, &format!("- name: {}{guess}", called.name));
        let title = section.title.split_whitespace().collect::<Vec<_>>().join(" ").replace(['"', '\'', '`'], "");
        match alias_fault(&title).is_none() && doc_fault(&title).is_none() && title != called.name {
            true => self.out.line(2, &format!("title: {}", scalar(&title))),
            false => self.out.line(2, &format!("title: TODO # {}", section.title.replace('\n', " "))),
        }
        self.out.comment(2, &format!("Line {} of the page.", section.line));
        section.notes.iter().for_each(|note| self.out.comment(2, note));
        section.open.iter().for_each(|open| self.out.mark(2, open));
        if several {
            self.out.mark(2, "the page describes several actions as one: which parameters does this one have?");
        }
        ["doc", "origin", "effect"].iter().for_each(|key| self.out.line(2, &format!("{key}: TODO")));
        if !called.aliases.is_empty() {
            let aliases: Vec<String> = called.aliases.iter().map(|name| scalar(name)).collect();
            self.out.line(2, &format!("aliases: [{}]", aliases.join(", ")));
        }
        if section.removed || section.unsupported {
            self.out.line(2, if section.removed { "server: removed" } else { "server: unsupported" });
        }
        let params = self.params(scope);
        let returns = self.returns(scope);
        if params.is_some() || returns.is_some() {
            self.out.mark(2, "values of a real call");
            self.out.line(2, "example:");
            params.into_iter().for_each(|example| self.out.example(4, "params", &example));
            returns.into_iter().for_each(|example| self.out.example(4, "returns", &example));
        }
    }

    /// Writes the parameters, required ones first, and returns an example of them.
    fn params(&mut self, scope: &Scope<'_>) -> Option<ExampleValue> {
        let section = scope.section;
        self.method(section);
        if section.params.is_empty() {
            if !section.no_params {
                self.out.mark(2, "the page does not say what it takes");
            }
            return None;
        }
        if matches!(&section.answer, DocumentedReturns::Fields(fields) if same(fields, &section.params)) {
            self.out.mark(2, "the page has the same table for the parameters and the answer");
        }
        self.out.mark(2, "give optional parameters a default, or a `?` after the type, and put them last");
        self.out.line(2, "params:");
        let mut typed: Vec<(&Entry, Typed, Option<String>)> = section
            .params
            .iter()
            .map(|param| {
                let mut typed = self.typed(scope, param, DEPTH);
                let default = default_or_optional(param, &mut typed);
                (param, typed, default)
            })
            .collect();
        typed.sort_by_key(|(_, typed, default)| default.is_some() || typed.ty.ends_with('?'));
        let mut example = Vec::new();
        for (param, typed, default) in typed {
            let wire = self.name(4, param);
            self.out.line(6, &format!("type: {}", typed.ty));
            default.iter().for_each(|default| self.out.line(6, &format!("default: {default}")));
            self.rest(6, param, typed.open.as_deref());
            example.push((wire, default.map_or(typed.example, ExampleValue::Plain)));
        }
        Some(ExampleValue::Map(example))
    }

    /// Marks a library method whose parameters differ from the table.
    fn method(&mut self, section: &Section) {
        let Some(method) = section.method.as_ref().filter(|method| !method.takes.is_empty()) else { return };
        let table: Vec<String> = section.params.iter().map(|param| snake(&param.names[0])).collect();
        if table != method.takes {
            let takes = method.takes.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            self.out.mark(2, &format!("{} takes {takes}, the table has other parameters", method.name));
        }
    }

    /// Writes the answer, and returns an example of it.
    fn returns(&mut self, scope: &Scope<'_>) -> Option<ExampleValue> {
        const JSON: &str = "returns: json";
        match &scope.section.answer {
            DocumentedReturns::Nothing => None,
            DocumentedReturns::Unsaid => {
                self.out.mark(2, "the page does not say what it answers");
                None
            }
            DocumentedReturns::Example(line) => {
                self.out.line(2, &format!("{JSON} # TODO: the page has an example alone, in line {line}"));
                Some(ExampleValue::Map(Vec::new()))
            }
            DocumentedReturns::Fields(fields) => match self.shared(scope.section) {
                Some(name) => {
                    self.out.line(2, &format!("returns: {name}"));
                    Some(self.object_example(scope, &name, fields, DEPTH))
                }
                None => {
                    self.out.mark(2, "add a `?` after the type of fields that some servers leave out");
                    self.out.line(2, "returns:");
                    Some(self.fields(scope, 4, fields))
                }
            },
            DocumentedReturns::Items(fields) => {
                let name = scope.items();
                self.out.line(2, &format!("returns: {name}[]"));
                Some(ExampleValue::List(vec![self.object_example(scope, &name, fields, DEPTH)]))
            }
            DocumentedReturns::ItemsOf(name) => {
                let typed = self.typed(scope, &list_of(name), DEPTH);
                self.out.line(2, &format!("returns: {}", typed.ty));
                typed.open.iter().for_each(|open| self.out.mark(2, open));
                Some(typed.example)
            }
            DocumentedReturns::ItemsLike(other) => Some(self.items_like(other)),
        }
    }

    /// Writes the answer "a list of the answers of that action".
    fn items_like(&mut self, other: &str) -> ExampleValue {
        let wire = snake(other);
        let names = |called: &Called| called.answers_to(other);
        let here = self.sections.iter().find(|(_, called)| called.iter().any(names));
        if let Some((section, called)) = here
            && let (Some(name), DocumentedReturns::Fields(fields)) = (self.shared(section), &section.answer)
        {
            self.out.line(2, &format!("returns: {name}[]"));
            let scope = Scope::of(section, called);
            return ExampleValue::List(vec![self.object_example(&scope, &name, fields, DEPTH)]);
        }
        if let Some((name, example)) =
            self.existing.answer_of(&wire).and_then(|name| Some((name, self.existing.object(name)?)))
        {
            self.out.line(2, &format!("returns: {name}[]"));
            return ExampleValue::List(vec![ExampleValue::of(example)]);
        }
        self.out.line(2, &format!("returns: json # TODO: a list of what `{wire}` answers"));
        ExampleValue::List(Vec::new())
    }

    fn object_example(&self, scope: &Scope<'_>, name: &str, fields: &[Entry], depth: usize) -> ExampleValue {
        if let Some(example) = self.existing.object(name) {
            return ExampleValue::of(example);
        }
        let fields = fields.iter().filter(|field| !field.names[0].contains('.'));
        let entry = |field: &Entry| (wire(&field.names[0]), self.typed(scope, field, depth - 1).example);
        ExampleValue::Map(fields.map(entry).collect())
    }

    fn typed(&self, scope: &Scope<'_>, entry: &Entry, depth: usize) -> Typed {
        let suffix = |list| if list { "[]" } else { "" };
        let whole = |example, list| if list { ExampleValue::List(vec![example]) } else { example };
        let vague = |list, open: String| Typed {
            ty: format!("json{}", suffix(list)),
            example: if list { ExampleValue::List(Vec::new()) } else { ExampleValue::Map(Vec::new()) },
            open: Some(open),
        };
        if let TypeName::Known { ty, list } = entry.word {
            let plain = Typed { ty: format!("{ty}{}", suffix(list)), example: whole(example_of(ty), list), open: None };
            return if list { plain } else { self.id(entry, plain) };
        }
        let list = matches!(
            entry.word,
            TypeName::Objects | TypeName::Named { list: true, .. } | TypeName::Vague { list: true, .. }
        );
        if let Some(ObjectTable { name, fields, scope }) = self.table_of(scope, entry).filter(|_| depth > 0) {
            let example = whole(self.object_example(&scope, &name, fields, depth), list);
            return Typed { ty: format!("{name}{}", suffix(list)), example, open: None };
        }
        match &entry.word {
            TypeName::Named { name, .. } => match self.existing.object(name) {
                Some(example) => Typed {
                    ty: format!("{name}{}", suffix(list)),
                    example: whole(ExampleValue::of(example), list),
                    open: Some(format!("is this the `{name}` that the schema has?")),
                },
                None => vague(list, format!("the page does not describe `{name}`")),
            },
            TypeName::Vague { word, .. } => vague(list, format!("the page says \"{word}\"")),
            _ => vague(list, "the page does not say what is in it".into()),
        }
    }

    /// Replaces a plain type by the id that the schema has under this name.
    fn id(&self, entry: &Entry, plain: Typed) -> Typed {
        let number = match plain.ty.as_str() {
            "i32" | "i64" | "u32" | "u64" => true,
            "string" => false,
            _ => return plain,
        };
        let wire = snake(&entry.names[0]);
        match self.existing.ids(&wire, number) {
            MatchingIds::None => plain,
            MatchingIds::Several(ids) => {
                let ids = ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" or ");
                Typed { open: Some(format!("is it {ids}, as elsewhere under that name?")), ..plain }
            }
            MatchingIds::One(ty) => {
                let example = self.existing.example(&wire).map(ExampleValue::of).filter(|example| {
                    // The example must be of the same kind.
                    matches!(example, ExampleValue::Plain(text) if number == text.parse::<i64>().is_ok())
                });
                let one = if number { "1" } else { "\"1\"" };
                Typed { ty, example: example.unwrap_or_else(|| ExampleValue::Plain(one.into())), open: None }
            }
        }
    }
}

/// Returns the name on the wire: Go writes `UserId` for `user_id`.
fn wire(page: &str) -> String {
    let camel = page.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if camel { snake(page) } else { page.to_owned() }
}

/// Returns `true` if two tables have the same names.
fn same(a: &[Entry], b: &[Entry]) -> bool {
    a.iter().map(|entry| &entry.names).eq(b.iter().map(|entry| &entry.names))
}
