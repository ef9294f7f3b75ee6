//! Two models compared, by the rules of CONTRIBUTING.md and by what `emit` makes of each part.

use std::collections::{HashMap, HashSet};

use super::{Change, Mark, Part};
use crate::emit::{default_text, direction, line, type_text};
use crate::model::{
    Action, Api, Direction, Effect, Event, Field, File, NextPage, Operation, Origin, Pages, Param, Presence, Returns,
    Segment, Server, TypeDef, TypeKind, Variant, VariantValue,
};
use crate::name::Name;
use crate::ty::{EnumBase, IdBase, Scalar, Ty};
use crate::yaml::Node;

/// What changed, in the order of the newer schema; what is gone comes after the rest of its part.
pub(super) fn compare(old: &Api, new: &Api) -> Vec<Change> {
    let mut log = Vec::new();
    each(all(old, |file| &file.actions), all(new, |file| &file.actions), |pair| action(&mut log, pair));
    each(all(old, |file| &file.events), all(new, |file| &file.events), |pair| event(&mut log, pair));
    each(all(old, |file| &file.operations), all(new, |file| &file.operations), |pair| operation(&mut log, pair));
    each(all(old, |file| &file.segments), all(new, |file| &file.segments), |pair| segment(&mut log, pair));
    each(all(old, |file| &file.types), all(new, |file| &file.types), |pair| type_def(&mut log, pair));
    log
}

fn all<'a, T: 'a>(api: &'a Api, part: fn(&File) -> &Vec<T>) -> impl Iterator<Item = &'a T> {
    api.files.iter().flat_map(part)
}

/// Something with a Rust name, by which the two sides of a change are found.
trait Named {
    fn key(&self) -> String;
}

macro_rules! named {
    ($($ty:ty: $key:expr),* $(,)?) => {
        $(impl Named for $ty {
            fn key(&self) -> String {
                let key: fn(&$ty) -> String = $key;
                key(self)
            }
        })*
    };
}

named! {
    Action: |action| action.name.snake().to_owned(),
    Event: |event| event.name.pascal(),
    Operation: |operation| operation.name.clone(),
    Segment: |segment| segment.name.pascal(),
    TypeDef: |ty| ty.name.clone(),
    Variant: |variant| variant.name.pascal(),
    Param: |param| param.name.snake().to_owned(),
    Field: |field| field.name.snake().to_owned(),
}

enum Pair<'a, T> {
    Added(&'a T),
    Removed(&'a T),
    Both(&'a T, &'a T),
}

/// Calls for everything that is on either side.
fn each<'a, T: Named + 'a>(
    old: impl IntoIterator<Item = &'a T>,
    new: impl IntoIterator<Item = &'a T>,
    mut call: impl FnMut(Pair<'a, T>),
) {
    let old: Vec<(String, &T)> = old.into_iter().map(|item| (item.key(), item)).collect();
    let by_key: HashMap<&str, &T> = old.iter().map(|(key, item)| (key.as_str(), *item)).collect();
    let mut kept = HashSet::new();
    for item in new {
        let key = item.key();
        match by_key.get(key.as_str()) {
            Some(old) => call(Pair::Both(old, item)),
            None => call(Pair::Added(item)),
        }
        kept.insert(key);
    }
    for (_, item) in old.iter().filter(|(key, _)| !kept.contains(key)) {
        call(Pair::Removed(item));
    }
}

/// Where the changes of one action, event … are noted.
struct Notes<'l> {
    log: &'l mut Vec<Change>,
    part: Part,
    name: String,
}

impl<'l> Notes<'l> {
    fn of(log: &'l mut Vec<Change>, part: Part, item: &impl Named) -> Self {
        Self { log, part, name: item.key() }
    }

    fn note(&mut self, mark: Mark, text: impl Into<String>) {
        self.log.push(Change { part: self.part, name: self.name.clone(), mark, text: text.into() });
    }

    fn breaking(&mut self, text: impl Into<String>) {
        self.note(Mark::Breaking, text);
    }

    fn compatible(&mut self, text: impl Into<String>) {
        self.note(Mark::Compatible, text);
    }

    /// Notes that what users read differs, if that is all that does.
    fn docs(&mut self, old: &[String], new: &[String]) {
        let noted = self.log.last().is_some_and(|last| last.part == self.part && last.name == self.name);
        if old != new && !noted {
            self.note(Mark::Documentation, "");
        }
    }

    fn names(&mut self, what: &str, old: &[String], new: &[String]) {
        if old != new {
            self.compatible(format!("{what}: {}; before: {}", listed(new), listed(old)));
        }
    }
}

fn action(log: &mut Vec<Change>, pair: Pair<'_, Action>) {
    let (old, new) = match pair {
        Pair::Added(new) => {
            return Notes::of(log, Part::Action, new).compatible(format!("new: `{}`", line(new)));
        }
        Pair::Removed(old) => return Notes::of(log, Part::Action, old).breaking("removed"),
        Pair::Both(old, new) => (old, new),
    };
    let notes = &mut Notes::of(log, Part::Action, new);
    params(notes, "parameter", &old.params, &new.params);
    answer(notes, &old.returns, &new.returns);
    pages(notes, old.pages.as_ref(), new.pages.as_ref());
    if old.wire != new.wire {
        notes.compatible(format!("goes out as `{}`; before: `{}`", new.wire, old.wire));
    }
    if old.effect != new.effect {
        let (old, new) = (effect(old.effect), effect(new.effect));
        notes.compatible(format!("the effect is `{new}`, by which layers go; before: `{old}`"));
    }
    if old.wait != new.wait {
        let name = |wait: &Option<Name>| wait.as_ref().map_or("nothing".into(), |name| code(name.snake()));
        let (old, new) = (name(&old.wait), name(&new.wait));
        notes.compatible(format!("the time limit is longer by {new}; before: by {old}"));
    }
    notes.names("refusals that are no proof that nothing happened", &old.uncertain, &new.uncertain);
    notes.names("documented refusals", &old.errors, &new.errors);
    notes.names("further names that servers read", &old.aliases, &new.aliases);
    server(notes, old, new);
    notes.docs(&action_docs(old), &action_docs(new));
}

/// What the servers do about an action: docs, and the answers of the stand-in.
fn server(notes: &mut Notes<'_>, old: &Action, new: &Action) {
    if old.server != new.server {
        notes.compatible(match new.server {
            Server::Supported => "go-cqhttp implements it",
            Server::Unsupported => "go-cqhttp does not implement it",
            Server::Removed => "go-cqhttp has removed it",
        });
    }
    if old.silent != new.silent {
        notes.compatible(match new.silent {
            true => "an `Ok` is no proof that it was done",
            false => "an `Ok` means that it was done",
        });
    }
    if old.origin != new.origin {
        notes.compatible(match &new.origin {
            Origin::OneBot11 => "belongs to OneBot v11".to_owned(),
            Origin::GoCqhttp => "is an action of go-cqhttp's own".to_owned(),
            Origin::Other(origin) => format!("belongs to {origin}"),
            Origin::Unstated => "belongs to none of the servers".to_owned(),
        });
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Send => "send",
    }
}

fn answer(notes: &mut Notes<'_>, old: &Returns, new: &Returns) {
    let name = |answer: &Returns| match answer {
        Returns::Nothing => "nothing".into(),
        Returns::Fields(_) => "fields of its own".into(),
        Returns::Type(ty) => code(&rust_text(ty)),
    };
    match (old, new) {
        (Returns::Fields(old), Returns::Fields(new)) => fields(notes, " of the answer", old, new),
        (Returns::Type(old), Returns::Type(new)) if !same(old, new) => {
            let told = |ty, other| format!("{}{}", code(&rust_text(ty)), whose(ty, other));
            notes.breaking(format!("answers {}; before: {}", told(new, old), told(old, new)));
        }
        _ if name(old) != name(new) => {
            notes.breaking(format!("answers {}; before: {}", name(new), name(old)));
        }
        _ => {}
    }
}

fn pages(notes: &mut Notes<'_>, old: Option<&Pages>, new: Option<&Pages>) {
    let rule = |pages: &Pages| {
        let next = match &pages.next {
            NextPage::Field(field) => field.snake().to_owned(),
            NextPage::Before { list, key } => format!("{}.{key}", list.snake()),
        };
        format!("`{}` from `{next}`", pages.set.snake())
    };
    match (old, new) {
        (None, Some(_)) => notes.compatible("the answer has pages: `.pages()`"),
        (Some(_), None) => notes.breaking("no pages any more: `.pages()` is gone"),
        (Some(old), Some(new)) if rule(old) != rule(new) => {
            notes.compatible(format!("the next page is asked for with {}; before: {}", rule(new), rule(old)));
        }
        _ => {}
    }
}

/// The parameters of a request or operation, or the fields of a segment.
fn params(notes: &mut Notes<'_>, what: &str, old: &[Param], new: &[Param]) {
    each(old, new, |pair| match pair {
        Pair::Added(new) => {
            let text = format!("new {what} `{}` is {}", new.name.snake(), presence(new, &new.ty));
            match &new.presence {
                Presence::Required => notes.breaking(text),
                Presence::Default(_) => notes.compatible(format!("{text}, which goes out from now on")),
                Presence::Optional => notes.compatible(text),
            }
        }
        Pair::Removed(old) => notes.breaking(format!("{what} `{}` removed", old.name.snake())),
        Pair::Both(old, new) => param(notes, what, old, new),
    });
    let order = |params: &[Param], others: &[Param]| -> Vec<String> {
        let common = |param: &&Param| others.iter().any(|other| other.name == param.name && is_required(other));
        params.iter().filter(|param| is_required(param)).filter(common).map(Named::key).collect()
    };
    let (before, now) = (order(old, new), order(new, old));
    if before != now {
        notes.breaking(format!("arguments in another order: {}; before: {}", listed(&now), listed(&before)));
    }
}

fn param(notes: &mut Notes<'_>, what: &str, old: &Param, new: &Param) {
    let name = new.name.snake();
    match (&old.presence, &new.presence) {
        (Presence::Default(from), Presence::Default(to)) if same(&old.ty, &new.ty) => {
            let (from, to) = (default_text(from), default_text(to));
            if from != to {
                notes.breaking(format!("{what} `{name}` goes out as {to} where it is not set; before: as {from}"));
            }
        }
        _ if !same(&old.ty, &new.ty) || presence(old, &new.ty) != presence(new, &old.ty) => {
            let (now, before) = (presence(new, &old.ty), presence(old, &new.ty));
            notes.breaking(format!("{what} `{name}` is {now}; it was {before}"));
        }
        _ => {}
    }
    if old.wire != new.wire {
        notes.compatible(format!("{what} `{name}` goes out as `{}`; before: as `{}`", new.wire, old.wire));
    }
    notes.names(&format!("{what} `{name}` goes out under further names"), &old.also, &new.also);
    notes.names(&format!("{what} `{name}` is read under further names"), &old.aliases, &new.aliases);
}

fn is_required(param: &Param) -> bool {
    matches!(param.presence, Presence::Required)
}

/// "`u32`, by default 1800"; `other` is what it was or became.
fn presence(param: &Param, other: &Ty) -> String {
    let ty = format!("`{}`{}", type_text(&param.ty), whose(&param.ty, other));
    match &param.presence {
        Presence::Required => format!("{ty}, required"),
        Presence::Default(default) => format!("{ty}, by default {}", default_text(default)),
        Presence::Optional => format!("{ty}, optional"),
    }
}

/// Whether two types are one in Rust. What a name stands for is told where that is described.
fn same(old: &Ty, new: &Ty) -> bool {
    same_scalar(&old.scalar, &new.scalar) && (old.list, old.optional) == (new.list, new.optional)
}

fn same_scalar(old: &Scalar, new: &Scalar) -> bool {
    match (old, new) {
        (Scalar::Named(old, _), Scalar::Named(new, _)) => old == new,
        _ => old == new,
    }
}

/// " (of the schema)", where two types are called alike, and this one is no built-in one.
fn whose(ty: &Ty, other: &Ty) -> &'static str {
    let alike = !same_scalar(&ty.scalar, &other.scalar) && type_text(ty) == type_text(other);
    if alike && matches!(ty.scalar, Scalar::Named(..)) { " (of the schema)" } else { "" }
}

/// The fields of an answer, an object or an event; `of` is " of the answer" or nothing.
fn fields(notes: &mut Notes<'_>, of: &str, old: &[Field], new: &[Field]) {
    each(old, new, |pair| match pair {
        Pair::Added(new) => {
            let needed = if new.ty.optional || new.ty.list { "" } else { ", without which it is not read any more" };
            notes.compatible(format!("new field {}{of}{needed}", with_type(new)));
        }
        Pair::Removed(old) => notes.breaking(format!("field `{}`{of} removed", old.name.snake())),
        Pair::Both(old, new) => {
            if !same(&old.ty, &new.ty) {
                let (before, now) = (rust_text(&old.ty), with_type(new));
                let (of_new, of_old) = (whose(&new.ty, &old.ty), whose(&old.ty, &new.ty));
                notes.breaking(format!("field {now}{of_new}{of}; it was `{before}`{of_old}"));
            }
            let name = new.name.snake();
            if old.wire != new.wire {
                notes.compatible(format!("field `{name}`{of} is called `{}`; before: `{}`", new.wire, old.wire));
            }
            let aliases = format!("field `{name}`{of} is read under further names");
            notes.names(&aliases, &old.aliases, &new.aliases);
        }
    });
}

/// The type of a field: `Option<Vec<UserId>>`.
fn rust_text(ty: &Ty) -> String {
    if ty.optional { format!("Option<{}>", type_text(ty)) } else { type_text(ty) }
}

/// "`duration: Option<u32>`"
fn with_type(field: &Field) -> String {
    format!("`{}: {}`", field.name.snake(), rust_text(&field.ty))
}

fn event(log: &mut Vec<Change>, pair: Pair<'_, Event>) {
    let (old, new) = match pair {
        Pair::Added(new) => {
            let text = format!("new: what comes with `{}` is no `Unknown` any more", new.path());
            return Notes::of(log, Part::Event, new).compatible(text);
        }
        Pair::Removed(old) => return Notes::of(log, Part::Event, old).breaking("removed"),
        Pair::Both(old, new) => (old, new),
    };
    let notes = &mut Notes::of(log, Part::Event, new);
    if old.shape != new.shape {
        notes.breaking(format!("holds a `{}`; before: `{}`", new.shape.pascal(), old.shape.pascal()));
    } else {
        boxed(notes, "Event", old.boxed, new.boxed);
    }
    // A struct that several kinds share is compared once.
    if old.owns_shape() && new.owns_shape() {
        fields(notes, "", &old.fields, &new.fields);
    }
    if old.operation != new.operation {
        let name = |operation: &Option<String>| operation.as_deref().map_or("nothing".into(), code);
        let text = format!("is answered with {}; before: {}", name(&new.operation), name(&old.operation));
        notes.note(if old.operation.is_some() { Mark::Breaking } else { Mark::Compatible }, text);
    }
    if old.path() != new.path() {
        // What is asked of an event depends on its post type.
        let mark = if old.post_type == new.post_type { Mark::Compatible } else { Mark::Breaking };
        notes.note(mark, format!("comes with `{}`; before: `{}`", new.path(), old.path()));
    }
    notes.names("only from", &old.servers, &new.servers);
    notes.docs(&event_docs(old), &event_docs(new));
}

/// A variant whose struct lies behind a pointer, or no longer does.
fn boxed(notes: &mut Notes<'_>, name: &str, old: bool, new: bool) {
    match (old, new) {
        (false, true) => notes.breaking(format!("the variant of `{name}` holds a `Box` of it")),
        (true, false) => notes.breaking(format!("the variant of `{name}` holds it without a `Box`")),
        _ => {}
    }
}

fn operation(log: &mut Vec<Change>, pair: Pair<'_, Operation>) {
    match pair {
        Pair::Added(new) => Notes::of(log, Part::Operation, new).compatible("new"),
        Pair::Removed(old) => Notes::of(log, Part::Operation, old).breaking("removed"),
        Pair::Both(old, new) => {
            let notes = &mut Notes::of(log, Part::Operation, new);
            params(notes, "parameter", &old.params, &new.params);
            let docs = |operation: &Operation| [vec![operation.doc.clone()], param_docs(&operation.params)].concat();
            notes.docs(&docs(old), &docs(new));
        }
    }
}

fn segment(log: &mut Vec<Change>, pair: Pair<'_, Segment>) {
    let (old, new) = match pair {
        Pair::Added(new) => {
            let text = format!("new: what comes as `{}` is no `Unknown` any more", new.wire);
            return Notes::of(log, Part::Segment, new).compatible(text);
        }
        Pair::Removed(old) => return Notes::of(log, Part::Segment, old).breaking("removed"),
        Pair::Both(old, new) => (old, new),
    };
    let notes = &mut Notes::of(log, Part::Segment, new);
    params(notes, "field", &old.fields, &new.fields);
    let is_feed = |segment: &Segment| segment.direction == Direction::Feed;
    boxed(notes, if is_feed(new) { "FeedSegment" } else { "Segment" }, old.boxed, new.boxed);
    if is_feed(old) != is_feed(new) {
        notes.breaking("is a variant of another enum");
    }
    match (old.has_shortcut(), new.has_shortcut()) {
        (true, false) => notes.breaking(format!("`Segment::{}` is gone", new.name.snake())),
        (false, true) => notes.compatible(format!("`Segment::{}` creates it", new.name.snake())),
        _ => {}
    }
    if old.wire != new.wire {
        notes.compatible(format!("goes out as `{}`; before: `{}`", new.wire, old.wire));
    }
    if old.direction != new.direction {
        let (now, before) = (direction(new.direction), direction(old.direction));
        notes.compatible(format!("is {now}; before: {before}"));
    }
    notes.docs(&segment_docs(old), &segment_docs(new));
}

fn type_def(log: &mut Vec<Change>, pair: Pair<'_, TypeDef>) {
    let (old, new) = match pair {
        Pair::Added(new) => {
            return Notes::of(log, Part::Type, new).compatible(format!("new: {}", kind(&new.kind)));
        }
        Pair::Removed(old) => return Notes::of(log, Part::Type, old).breaking("removed"),
        Pair::Both(old, new) => (old, new),
    };
    let notes = &mut Notes::of(log, Part::Type, new);
    if kind(&old.kind) != kind(&new.kind) {
        notes.breaking(format!("is {}; before: {}", kind(&new.kind), kind(&old.kind)));
    }
    match (&old.kind, &new.kind) {
        (TypeKind::Enum(_, old), TypeKind::Enum(_, new)) => each(old, new, |pair| variant(notes, pair)),
        (TypeKind::Object { fields: old, .. }, TypeKind::Object { fields: new, .. }) => fields(notes, "", old, new),
        _ => {}
    }
    notes.docs(&type_docs(old), &type_docs(new));
}

fn kind(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Id(IdBase::I64) => "an id of `i64`",
        TypeKind::Id(IdBase::U64) => "an id of `u64`",
        TypeKind::Id(IdBase::String) => "an id of `String`",
        TypeKind::Enum(EnumBase::String, _) => "an enum of strings",
        TypeKind::Enum(EnumBase::I64, _) => "an enum of numbers",
        TypeKind::Object { .. } => "an object",
    }
}

fn variant(notes: &mut Notes<'_>, pair: Pair<'_, Variant>) {
    let value = |variant: &Variant| match &variant.value {
        VariantValue::Text(text) => format!("`{text:?}`"),
        VariantValue::Int(number) => code(&number.to_string()),
    };
    match pair {
        Pair::Added(new) => {
            notes.compatible(format!("new value `{}`: {} is no `Other` any more", new.name.pascal(), value(new)));
        }
        Pair::Removed(old) => notes.breaking(format!("value `{}` removed", old.name.pascal())),
        Pair::Both(old, new) if old.value != new.value => {
            let name = new.name.pascal();
            notes.compatible(format!("value `{name}` stands for {}; before: for {}", value(new), value(old)));
        }
        Pair::Both(..) => {}
    }
}

/// Everything of an action that is read and does nothing.
fn action_docs(action: &Action) -> Vec<String> {
    let mut docs = vec![action.title.clone(), action.doc.clone()];
    docs.extend(action.search.iter().cloned());
    docs.extend([&action.example.params, &action.example.returns].map(|example| json(example.as_ref())));
    docs.extend(param_docs(&action.params));
    if let Returns::Fields(fields) = &action.returns {
        docs.extend(field_docs(fields));
    }
    docs
}

fn event_docs(event: &Event) -> Vec<String> {
    let mut docs = vec![event.title.clone(), event.doc.clone(), json(Some(&event.example))];
    if event.owns_shape() {
        docs.extend(field_docs(&event.fields));
    }
    docs
}

fn segment_docs(segment: &Segment) -> Vec<String> {
    let mut docs = vec![segment.title.clone(), segment.doc.clone(), json(segment.example.as_ref())];
    docs.extend(segment.defaults.iter().map(|(name, default)| format!("{name}: {}", json(Some(default)))));
    docs.extend(param_docs(&segment.fields));
    docs
}

fn type_docs(ty: &TypeDef) -> Vec<String> {
    let mut docs = vec![ty.title.clone().unwrap_or_default(), ty.doc.clone()];
    match &ty.kind {
        TypeKind::Id(_) => {}
        TypeKind::Enum(_, variants) => docs.extend(sorted(variants, |variant| &variant.doc)),
        TypeKind::Object { fields, example } => {
            docs.push(json(Some(example)));
            docs.extend(field_docs(fields));
        }
    }
    docs
}

fn param_docs(params: &[Param]) -> Vec<String> {
    sorted(params, |param| &param.doc)
}

fn field_docs(fields: &[Field]) -> Vec<String> {
    sorted(fields, |field| &field.doc)
}

fn sorted<T: Named>(items: &[T], doc: fn(&T) -> &String) -> Vec<String> {
    let mut docs: Vec<String> = items.iter().map(|item| format!("{}: {}", item.key(), doc(item))).collect();
    docs.sort();
    docs
}

fn json(node: Option<&Node>) -> String {
    node.and_then(|node| serde_json::to_string(node).ok()).unwrap_or_default()
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// "`a`, `b`", or "none".
fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ") }
}
