//! What a page says, as stanzas; what it does not say is marked.

use std::collections::BTreeSet;

use super::known::{Ids, Known};
use super::section::{Answer, Entry, Object, Section};
use super::words::{Word, snake};
use super::yaml::{Example, Lines, scalar};
use crate::doc;
use crate::name::{self, Name};

/// An action, as it is going to be called.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    /// What makes the name a guess.
    pub(super) guess: Option<String>,
}

impl Called {
    /// Whether this is its name, or that of its method.
    fn answers_to(&self, name: &str) -> bool {
        [&self.name].into_iter().chain(&self.aliases).any(|own| own == name || *own == snake(name))
    }
}

/// Turns sections into stanzas.
pub(super) struct Writer<'a> {
    known: &'a Known<'a>,
    objects: &'a [Object],
    sections: &'a [(&'a Section, Vec<Called>)],
    /// The objects written so far.
    written: BTreeSet<String>,
    pub(super) out: Lines,
}

/// A type, an example of it, and what is open about it.
struct Typed {
    ty: String,
    example: Example,
    open: Option<String>,
}

/// How deep objects nest in an example.
const DEPTH: usize = 5;

impl<'a> Writer<'a> {
    pub(super) fn new(known: &'a Known<'a>, objects: &'a [Object], sections: &'a [(&'a Section, Vec<Called>)]) -> Self {
        Self { known, objects, sections, written: BTreeSet::new(), out: Lines::default() }
    }

    /// The stanzas of a section: of its objects that are not written yet, and of its actions.
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

    /// Objects that stand in the tables of a section, each before what holds it.
    fn objects_of(&mut self, scope: &Scope<'_>) {
        let answer: &[Entry] = match &scope.section.answer {
            Answer::Fields(fields) | Answer::Items(fields) => fields,
            _ => &[],
        };
        for entry in scope.section.params.iter().chain(answer) {
            self.objects_in(scope, entry, DEPTH);
        }
        match &scope.section.answer {
            Answer::Items(fields) => self.object(scope, &scope.items(), fields),
            Answer::ItemsOf(name) => self.objects_in(scope, &list_of(name), DEPTH),
            Answer::Fields(fields) => {
                if let Some(name) = self.shared(scope.section) {
                    self.object(scope, &name, fields);
                }
            }
            _ => {}
        }
    }

    fn objects_in(&mut self, scope: &Scope<'_>, entry: &Entry, depth: usize) {
        let Some(Table { name, fields, scope }) = self.table_of(scope, entry).filter(|_| depth > 0) else { return };
        for field in fields {
            self.objects_in(&scope, field, depth - 1);
        }
        self.object(&scope, &name, fields);
    }

    /// The object that an entry holds, where the page has a table of it.
    fn table_of<'t>(&self, scope: &Scope<'t>, entry: &Entry) -> Option<Table<'t>>
    where
        'a: 't,
    {
        match &entry.word {
            Word::Object | Word::Objects => {
                let (pattern, fields) = scope.part(&entry.names[0])?;
                let part = Name::from_wire(pattern).pascal();
                Some(Table { name: format!("{}{part}", scope.prefix), fields, scope: scope.clone() })
            }
            Word::Named { name, .. } => {
                let object = self.objects.iter().find(|object| object.name == *name)?;
                let (section, called) = self.sections.get(object.section)?;
                let scope = Scope::of(section, called);
                Some(Table { name: self.known.object_name(name), fields: &object.fields, scope })
            }
            _ => None,
        }
    }

    /// The name of what a section answers, where another one answers a list of it.
    fn shared(&self, section: &Section) -> Option<String> {
        let (_, called) = self.sections.iter().find(|(other, _)| std::ptr::eq(*other, section))?;
        let liked = |other: &Section| match &other.answer {
            Answer::ItemsLike(name) => called.iter().any(|called| called.answers_to(name)),
            _ => false,
        };
        let fields = matches!(section.answer, Answer::Fields(_));
        (fields && self.sections.iter().any(|(other, _)| liked(other))).then(|| object_name(&called[0].name))
    }

    fn object(&mut self, scope: &Scope<'_>, name: &str, fields: &[Entry]) {
        if self.known.object(name).is_some() || !self.written.insert(name.to_owned()) {
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

    /// Writes fields; an example of them.
    fn fields(&mut self, scope: &Scope<'_>, indent: usize, fields: &[Entry]) -> Example {
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
        Example::Map(example)
    }

    /// Writes an entry's name; its name on the wire.
    fn name(&mut self, indent: usize, entry: &Entry) -> String {
        let page = entry.names[0].as_str();
        let made = snake(page);
        let wire = wire(page);
        let camel = wire != page;
        if name::is_keyword(&made) || !name::is_snake(&made) {
            self.out.line(indent, &format!("- name: TODO_{made} # TODO: another name; `{page}` cannot be one in Rust"));
        } else if camel {
            self.out.line(indent, &format!("- name: {made} # TODO: the page writes `{page}`; what is it on the wire?"));
        } else {
            self.out.line(indent, &format!("- name: {made}"));
        }
        if wire != made || name::is_keyword(&made) {
            self.out.line(indent + 2, &format!("wire: {}", scalar(&wire)));
        }
        wire
    }

    /// What follows an entry's type.
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
        match doc::alias_fault(&title).is_none() && doc::fault(&title).is_none() && title != called.name {
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

    /// Writes the parameters, required ones first; an example of them.
    fn params(&mut self, scope: &Scope<'_>) -> Option<Example> {
        let section = scope.section;
        self.method(section);
        if section.params.is_empty() {
            if !section.no_params {
                self.out.mark(2, "the page does not say what it takes");
            }
            return None;
        }
        if matches!(&section.answer, Answer::Fields(fields) if same(fields, &section.params)) {
            self.out.mark(2, "the page has the same table for the parameters and the answer");
        }
        self.out.mark(2, "what may be left out gets a default, or a `?` behind its type, and stands last");
        self.out.line(2, "params:");
        let mut typed: Vec<(&Entry, Typed, Option<String>)> = section
            .params
            .iter()
            .map(|param| {
                let mut typed = self.typed(scope, param, DEPTH);
                let default = presence(param, &mut typed);
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
            example.push((wire, default.map_or(typed.example, Example::Plain)));
        }
        Some(Example::Map(example))
    }

    /// Whether the method of a library takes what the table has.
    fn method(&mut self, section: &Section) {
        let Some(method) = section.method.as_ref().filter(|method| !method.takes.is_empty()) else { return };
        let table: Vec<String> = section.params.iter().map(|param| snake(&param.names[0])).collect();
        if table != method.takes {
            let takes = method.takes.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            self.out.mark(2, &format!("{} takes {takes}, the table has other parameters", method.name));
        }
    }

    /// Writes the answer; an example of it.
    fn returns(&mut self, scope: &Scope<'_>) -> Option<Example> {
        const JSON: &str = "returns: json";
        match &scope.section.answer {
            Answer::Nothing => None,
            Answer::Unsaid => {
                self.out.mark(2, "the page does not say what it answers");
                None
            }
            Answer::Example(line) => {
                self.out.line(2, &format!("{JSON} # TODO: the page has an example alone, in line {line}"));
                Some(Example::Map(Vec::new()))
            }
            Answer::Fields(fields) => match self.shared(scope.section) {
                Some(name) => {
                    self.out.line(2, &format!("returns: {name}"));
                    Some(self.object_example(scope, &name, fields, DEPTH))
                }
                None => {
                    self.out.mark(2, "what some servers leave out gets a `?` behind its type");
                    self.out.line(2, "returns:");
                    Some(self.fields(scope, 4, fields))
                }
            },
            Answer::Items(fields) => {
                let name = scope.items();
                self.out.line(2, &format!("returns: {name}[]"));
                Some(Example::List(vec![self.object_example(scope, &name, fields, DEPTH)]))
            }
            Answer::ItemsOf(name) => {
                let typed = self.typed(scope, &list_of(name), DEPTH);
                self.out.line(2, &format!("returns: {}", typed.ty));
                typed.open.iter().for_each(|open| self.out.mark(2, open));
                Some(typed.example)
            }
            Answer::ItemsLike(other) => Some(self.items_like(other)),
        }
    }

    /// The answer "a list of what that action answers".
    fn items_like(&mut self, other: &str) -> Example {
        let wire = snake(other);
        let names = |called: &Called| called.answers_to(other);
        let here = self.sections.iter().find(|(_, called)| called.iter().any(names));
        if let Some((section, called)) = here
            && let (Some(name), Answer::Fields(fields)) = (self.shared(section), &section.answer)
        {
            self.out.line(2, &format!("returns: {name}[]"));
            let scope = Scope::of(section, called);
            return Example::List(vec![self.object_example(&scope, &name, fields, DEPTH)]);
        }
        if let Some((name, example)) =
            self.known.answer_of(&wire).and_then(|name| Some((name, self.known.object(name)?)))
        {
            self.out.line(2, &format!("returns: {name}[]"));
            return Example::List(vec![Example::of(example)]);
        }
        self.out.line(2, &format!("returns: json # TODO: a list of what `{wire}` answers"));
        Example::List(Vec::new())
    }

    fn object_example(&self, scope: &Scope<'_>, name: &str, fields: &[Entry], depth: usize) -> Example {
        if let Some(example) = self.known.object(name) {
            return Example::of(example);
        }
        let fields = fields.iter().filter(|field| !field.names[0].contains('.'));
        let entry = |field: &Entry| (wire(&field.names[0]), self.typed(scope, field, depth - 1).example);
        Example::Map(fields.map(entry).collect())
    }

    fn typed(&self, scope: &Scope<'_>, entry: &Entry, depth: usize) -> Typed {
        let suffix = |list| if list { "[]" } else { "" };
        let whole = |example, list| if list { Example::List(vec![example]) } else { example };
        let vague = |list, open: String| Typed {
            ty: format!("json{}", suffix(list)),
            example: if list { Example::List(Vec::new()) } else { Example::Map(Vec::new()) },
            open: Some(open),
        };
        if let Word::Known { ty, list } = entry.word {
            let plain = Typed { ty: format!("{ty}{}", suffix(list)), example: whole(value(ty), list), open: None };
            return if list { plain } else { self.id(entry, plain) };
        }
        let list =
            matches!(entry.word, Word::Objects | Word::Named { list: true, .. } | Word::Vague { list: true, .. });
        if let Some(Table { name, fields, scope }) = self.table_of(scope, entry).filter(|_| depth > 0) {
            let example = whole(self.object_example(&scope, &name, fields, depth), list);
            return Typed { ty: format!("{name}{}", suffix(list)), example, open: None };
        }
        match &entry.word {
            Word::Named { name, .. } => match self.known.object(name) {
                Some(example) => Typed {
                    ty: format!("{name}{}", suffix(list)),
                    example: whole(Example::of(example), list),
                    open: Some(format!("is this the `{name}` that the schema has?")),
                },
                None => vague(list, format!("the page does not describe `{name}`")),
            },
            Word::Vague { word, .. } => vague(list, format!("the page says \"{word}\"")),
            _ => vague(list, "the page does not say what is in it".into()),
        }
    }

    /// The id that stands under this name in the schema, or what is known besides.
    fn id(&self, entry: &Entry, plain: Typed) -> Typed {
        let number = match plain.ty.as_str() {
            "i32" | "i64" | "u32" | "u64" => true,
            "string" => false,
            _ => return plain,
        };
        let wire = snake(&entry.names[0]);
        match self.known.ids(&wire, number) {
            Ids::None => plain,
            Ids::Several(ids) => {
                let ids = ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" or ");
                Typed { open: Some(format!("is it {ids}, as elsewhere under that name?")), ..plain }
            }
            Ids::One(ty) => {
                let example = self.known.example(&wire).map(Example::of).filter(|example| {
                    // Only a value of the same kind.
                    matches!(example, Example::Plain(text) if number == text.parse::<i64>().is_ok())
                });
                let one = if number { "1" } else { "\"1\"" };
                Typed { ty, example: example.unwrap_or_else(|| Example::Plain(one.into())), open: None }
            }
        }
    }
}

/// The fields of an object, and where they stand.
struct Table<'a> {
    name: String,
    fields: &'a [Entry],
    scope: Scope<'a>,
}

/// A section, and what its objects begin with.
#[derive(Clone)]
struct Scope<'a> {
    prefix: String,
    section: &'a Section,
}

impl<'a> Scope<'a> {
    fn of(section: &'a Section, called: &[Called]) -> Self {
        let name = called.first().map(|called| &called.name).or(section.names.first());
        Self { prefix: name.map(|name| Name::from_wire(name).pascal()).unwrap_or_default(), section }
    }

    /// What an element of the answer is called.
    fn items(&self) -> String {
        format!("{}Item", self.prefix)
    }

    /// The table of what a field holds, and how the page calls that field.
    fn part(&self, field: &str) -> Option<(&'a str, &'a [Entry])> {
        let exact = self.section.parts.iter().find(|(name, _)| name == field);
        let found = exact.or_else(|| {
            self.section.parts.iter().find(|(name, _)| {
                name.split_once('*').is_some_and(|(before, after)| field.starts_with(before) && field.ends_with(after))
            })
        });
        found.map(|(name, fields)| (name.as_str(), fields.as_slice()))
    }
}

fn list_of(name: &str) -> Entry {
    let word = Word::Named { name: name.to_owned(), list: true };
    Entry { line: 0, names: vec![String::new()], word, default: None, says: String::new() }
}

/// The name on the wire: Go writes `UserId` for `user_id`.
fn wire(page: &str) -> String {
    let camel = page.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if camel { snake(page) } else { page.to_owned() }
}

/// Whether two tables have the same names.
fn same(a: &[Entry], b: &[Entry]) -> bool {
    a.iter().map(|entry| &entry.names).eq(b.iter().map(|entry| &entry.names))
}

/// `get_group_info` answers a `GroupInfo`.
fn object_name(action: &str) -> String {
    let name = Name::from_wire(action).pascal();
    name.strip_prefix("Get").map_or_else(|| format!("{name}Item"), str::to_owned)
}

/// The default of a parameter, as YAML, or a `?` behind its type.
fn presence(param: &Entry, typed: &mut Typed) -> Option<String> {
    let optional = ["可选", "可以不填", "不提供", "optional"].iter().any(|word| param.says.contains(word));
    let Some(text) = &param.default else {
        if optional {
            typed.ty.push('?');
        }
        return None;
    };
    let number = number(text);
    let float = float(text, number);
    match (typed.ty.as_str(), number) {
        ("bool", _) if ["true", "false"].contains(&text.as_str()) => Some(text.clone()),
        ("string", _) if ["空", "empty"].contains(&text.as_str()) => Some("\"\"".into()),
        ("string", _) => Some(scalar(text)),
        ("u32" | "u64", Some(number)) if number < 0 && holds(&typed.ty.replace('u', "i"), number) => {
            typed.open = Some(format!("the page says `{}`, which cannot be {number}", typed.ty));
            typed.ty.replace_range(..1, "i");
            Some(number.to_string())
        }
        (ty, Some(number)) if holds(ty, number) => Some(number.to_string()),
        ("f64", _) if float.is_some() => float.map(|value| format!("{value:?}")),
        _ => {
            typed.open = Some(format!("the page has the default `{text}`, which is none of `{}`", typed.ty));
            typed.ty.push('?');
            None
        }
    }
}

/// A whole number, or some with `*` between: `2 * 60`.
fn number(text: &str) -> Option<i128> {
    text.split('*').try_fold(1_i128, |product, part| product.checked_mul(part.trim().parse().ok()?))
}

/// Whether an integer type holds the number.
fn holds(ty: &str, number: i128) -> bool {
    match ty {
        "i32" => i32::try_from(number).is_ok(),
        "i64" => i64::try_from(number).is_ok(),
        "u32" => u32::try_from(number).is_ok(),
        "u64" => u64::try_from(number).is_ok(),
        _ => false,
    }
}

/// A number that JSON can hold.
fn float(text: &str, number: Option<i128>) -> Option<f64> {
    let value = number.map(|number| number.to_string());
    value.as_deref().unwrap_or(text).parse().ok().filter(|value: &f64| value.is_finite())
}

fn value(ty: &str) -> Example {
    match ty {
        "bool" => Example::Plain("false".into()),
        "f64" => Example::Plain("1.0".into()),
        "string" => Example::text("TODO"),
        "message" => {
            let data = Example::Map(vec![("text".into(), Example::text("TODO"))]);
            let text = Example::Map(vec![("type".into(), Example::text("text")), ("data".into(), data)]);
            Example::List(vec![text])
        }
        "forward_node" => Example::Map(vec![
            ("type".into(), Example::text("node")),
            ("data".into(), Example::Map(vec![("id".into(), Example::text("1"))])),
        ]),
        "forwarded_message" => {
            let sender = [("user_id", "1"), ("nickname", "TODO")];
            let sender = sender.map(|(key, value)| (key.into(), Example::Plain(value.into())));
            Example::Map(vec![
                ("sender".into(), Example::Map(sender.into())),
                ("time".into(), Example::Plain("0".into())),
                ("content".into(), Example::text("TODO")),
            ])
        }
        _ => Example::Plain("1".into()),
    }
}
