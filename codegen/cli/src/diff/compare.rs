//! The comparison of two models: by the rules of CONTRIBUTING.md, and by the Rust that is generated from each part.

use cqhttp_codegen::tooling::{
    Action, Api, Choice, Direction, Effect, EnumBase, Event, File, IdBase, Name, NextPage, Node, Operation, Origin,
    Pages, Refusal, RefusalRule, Returns, Segment, Server, Stream, TypeDef, TypeKind, Variant, VariantValue,
    direction_text, signature, type_text,
};

use super::change::{Change, Mark, Part};
use super::members::{field_docs, fields, param_docs, params, rust_text, same, sorted, whose};
use super::notes::{Notes, Pair, code, each};
use super::servers::servers;

/// Returns the changes in the order of the newer schema; removed items come after the others of their kind.
pub(super) fn compare(old: &Api, new: &Api) -> Vec<Change> {
    let mut log = Vec::new();
    each(all(old, |file| &file.actions), all(new, |file| &file.actions), |pair| action(&mut log, pair));
    each(all(old, |file| &file.events), all(new, |file| &file.events), |pair| event(&mut log, pair));
    each(all(old, |file| &file.operations), all(new, |file| &file.operations), |pair| operation(&mut log, pair));
    each(all(old, |file| &file.segments), all(new, |file| &file.segments), |pair| segment(&mut log, pair));
    each(all(old, |file| &file.types), all(new, |file| &file.types), |pair| type_def(&mut log, pair));
    each(refusals(old), refusals(new), |pair| refusal(&mut log, pair));
    servers(&mut log, old, new);
    log
}

fn all<'a, T: 'a>(api: &'a Api, part: fn(&File) -> &Vec<T>) -> impl Iterator<Item = &'a T> {
    api.files.iter().flat_map(part)
}

/// Returns the refusals of a schema, without those of its base.
fn refusals(api: &Api) -> impl Iterator<Item = &Refusal> {
    api.refusals.iter().filter(|refusal| refusal.extension == api.extension)
}

fn refusal(log: &mut Vec<Change>, pair: Pair<'_, Refusal>) {
    let (old, new) = match pair {
        Pair::Added(new) => {
            return Notes::of(log, Part::Refusal, new).compatible("new: refusals that were of another kind");
        }
        Pair::Removed(old) => return Notes::of(log, Part::Refusal, old).breaking("removed"),
        Pair::Both(old, new) => (old, new),
    };
    let notes = &mut Notes::of(log, Part::Refusal, new);
    let new_rules = count(&new.rules, &old.rules);
    let old_rules = count(&old.rules, &new.rules);
    if (new_rules, old_rules) != (0, 0) {
        let text =
            format!("{new_rules} new rules, {old_rules} removed: calls may fail with it that did not, or no longer");
        notes.compatible(text);
    }
    notes.docs(std::slice::from_ref(&old.doc), std::slice::from_ref(&new.doc));
}

/// Counts the rules that others lack.
fn count(rules: &[RefusalRule], others: &[RefusalRule]) -> usize {
    rules.iter().filter(|rule| !others.contains(rule)).count()
}

fn action(log: &mut Vec<Change>, pair: Pair<'_, Action>) {
    let (old, new) = match pair {
        Pair::Added(new) => {
            return Notes::of(log, Part::Action, new).compatible(format!("new: `{}`", signature(new)));
        }
        Pair::Removed(old) => return Notes::of(log, Part::Action, old).breaking("removed"),
        Pair::Both(old, new) => (old, new),
    };
    let notes = &mut Notes::of(log, Part::Action, new);
    params(notes, "parameter", &old.params, &new.params);
    answer(notes, &old.returns, &new.returns);
    stream(notes, old.stream.as_ref(), new.stream.as_ref());
    pages(notes, old.pages.as_ref(), new.pages.as_ref());
    choices(notes, &old.choices, &new.choices);
    if old.soft_failure != new.soft_failure {
        notes.compatible(match new.soft_failure {
            true => "an answer with a code of QQ's other than 0 is a refusal",
            false => "an answer with a code of QQ's other than 0 is no longer a refusal",
        });
    }
    if old.wire != new.wire {
        notes.compatible(format!("goes out as `{}`; before: `{}`", new.wire, old.wire));
    }
    if old.effect != new.effect {
        let (old, new) = (effect(old.effect), effect(new.effect));
        notes.compatible(format!("the effect is `{new}`, which layers use; before: `{old}`"));
    }
    if old.wait != new.wait {
        let name = |wait: &Option<Name>| wait.as_ref().map_or("nothing".into(), |name| code(name.snake()));
        let (old, new) = (name(&old.wait), name(&new.wait));
        notes.compatible(format!("the time limit is longer by {new}; before: by {old}"));
    }
    notes.names("refusals after which the action may have happened", &old.uncertain, &new.uncertain);
    notes.names("documented refusals", &old.errors, &new.errors);
    notes.names("further names that servers read", &old.aliases, &new.aliases);
    server(notes, old, new);
    notes.docs(&action_docs(old), &action_docs(new));
}

/// Compares the parts of answers. A call that answers in parts cannot be awaited, and any other cannot be streamed.
fn stream(notes: &mut Notes<'_>, old: Option<&Stream>, new: Option<&Stream>) {
    let part = |stream: &Stream| code(&type_text(&stream.part));
    match (old, new) {
        (None, None) => {}
        (None, Some(new)) => {
            notes.breaking(format!("answers in parts of {}: its call is no longer awaited", part(new)))
        }
        (Some(_), None) => notes.breaking("no longer answers in parts: its call is awaited"),
        (Some(old), Some(new)) if old.part != new.part => {
            notes.breaking(format!("answers in parts of {}; before: of {}", part(new), part(old)));
        }
        (Some(old), Some(new)) if old != new => notes.compatible("the progress is read from other fields of a part"),
        (Some(_), Some(_)) => {}
    }
}

/// Compares the facts about servers, which the docs and the simulated server tell.
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
            true => "an `Ok` does not prove that it was done",
            false => "an `Ok` means that it was done",
        });
    }
    if old.origin != new.origin {
        notes.compatible(match &new.origin {
            Origin::OneBot11 => "belongs to OneBot v11".to_owned(),
            Origin::Server(server) => format!("is an action of {}'s own", server.title),
            Origin::Other(origin) => format!("belongs to {origin}"),
            Origin::Unstated => "belongs to none of the servers".to_owned(),
        });
    }
}

/// Compares the parameters that exclude each other.
fn choices(notes: &mut Notes<'_>, old: &[Choice], new: &[Choice]) {
    let told = |choices: &[Choice]| {
        let texts =
            choices.iter().map(|choice| choice.text(&choice.params.iter().map(Name::snake).collect::<Vec<_>>()));
        texts.collect::<Vec<_>>().join(" ")
    };
    match (&*told(old), &*told(new)) {
        (old, new) if old == new => {}
        (old, "") => notes.compatible(format!("parameters no longer exclude each other; before: {old}")),
        ("", new) => notes.compatible(format!("{new} Other calls are not sent")),
        (old, new) => notes.compatible(format!("{new} Other calls are not sent; before: {old}")),
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
        Returns::Never => "nothing, since the server ends".into(),
        Returns::Fields(_) => "fields of its own".into(),
        Returns::Type(ty) => code(&rust_text(ty)),
    };
    match (old, new) {
        (Returns::Fields(old), Returns::Fields(new)) => fields(notes, " of the answer", old, new),
        (Returns::Type(old), Returns::Type(new)) if !same(old, new) => {
            let told = |ty, other| format!("{}{}", code(&rust_text(ty)), whose(ty, other));
            notes.breaking(format!("answers {}; before: {}", told(new, old), told(old, new)));
        }
        (Returns::Nothing, Returns::Never) | (Returns::Never, Returns::Nothing) => {
            notes.compatible(format!("answers {}; before: {}", name(new), name(old)));
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
        (Some(_), None) => notes.breaking("no longer has pages: `.pages()` is gone"),
        (Some(old), Some(new)) if rule(old) != rule(new) => {
            notes.compatible(format!("the next page is asked for with {}; before: {}", rule(new), rule(old)));
        }
        _ => {}
    }
}

fn event(log: &mut Vec<Change>, pair: Pair<'_, Event>) {
    let (old, new) = match pair {
        Pair::Added(new) => {
            let text = format!("new: what comes with `{}` is no longer `Unknown`", new.path());
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
        // The methods of an event depend on its post type.
        let mark = if old.post_type == new.post_type { Mark::Compatible } else { Mark::Breaking };
        notes.note(mark, format!("comes with `{}`; before: `{}`", new.path(), old.path()));
    }
    notes.names("only from", &old.servers, &new.servers);
    notes.docs(&event_docs(old), &event_docs(new));
}

/// Compares if the struct of a variant is in a `Box`.
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
            let text = format!("new: what comes as `{}` is no longer `Unknown`", new.wire);
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
        let (now, before) = (direction_text(new.direction), direction_text(old.direction));
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
        (TypeKind::Object { fields: old, within: was, .. }, TypeKind::Object { fields: new, within, .. }) => {
            if was != within {
                let under = |name: &Option<String>| name.as_deref().map_or_else(|| "none".to_owned(), code);
                let (new, old) = (under(within), under(was));
                notes.compatible(format!("is read in another object, too, under the name: {new}; before: {old}"));
            }
            fields(notes, "", old, new);
        }
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
            notes.compatible(format!("new value `{}`: {} is no longer `Other`", new.name.pascal(), value(new)));
        }
        Pair::Removed(old) => notes.breaking(format!("value `{}` removed", old.name.pascal())),
        Pair::Both(old, new) if old.value != new.value => {
            let name = new.name.pascal();
            notes.compatible(format!("value `{name}` stands for {}; before: for {}", value(new), value(old)));
        }
        Pair::Both(..) => {}
    }
}

/// Returns the parts of an action that only people read.
fn action_docs(action: &Action) -> Vec<String> {
    let mut docs = vec![action.title.clone(), action.doc.clone()];
    docs.extend(action.search.iter().cloned());
    docs.extend(
        [&action.example.params, &action.example.parts, &action.example.returns].map(|example| json(example.as_ref())),
    );
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
        TypeKind::Object { fields, example, .. } => {
            docs.push(json(Some(example)));
            docs.extend(field_docs(fields));
        }
    }
    docs
}

fn json(node: Option<&Node>) -> String {
    node.and_then(|node| serde_json::to_string(node).ok()).unwrap_or_default()
}
