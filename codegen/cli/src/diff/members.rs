//! The comparison of parameters and fields.

use cqhttp_codegen::tooling::{Field, Param, Presence, Scalar, Ty, default_text, type_text};

use super::notes::{Named, Notes, Pair, each, listed};

/// Compares the parameters of a request or operation, or the fields of a segment.
pub(super) fn params(notes: &mut Notes<'_>, what: &str, old: &[Param], new: &[Param]) {
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
                notes.breaking(format!("{what} `{name}` goes out as {to} if it is not set; before: as {from}"));
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
    if old.is_json != new.is_json {
        notes.compatible(match new.is_json {
            true => format!("{what} `{name}` goes out as JSON; before: as a text"),
            false => format!("{what} `{name}` goes out as a text; before: as JSON"),
        });
    }
    notes.names(&format!("{what} `{name}` goes out under further names"), &old.also, &new.also);
    notes.names(&format!("{what} `{name}` is read under further names"), &old.aliases, &new.aliases);
}

fn is_required(param: &Param) -> bool {
    matches!(param.presence, Presence::Required)
}

/// Formats a type and its presence as "`u32`, by default 1800"; `other` is the type on the other side.
fn presence(param: &Param, other: &Ty) -> String {
    let ty = format!("`{}`{}", type_text(&param.ty), whose(&param.ty, other));
    match &param.presence {
        Presence::Required => format!("{ty}, required"),
        Presence::Default(default) => format!("{ty}, by default {}", default_text(default)),
        Presence::Optional => format!("{ty}, optional"),
    }
}

/// Returns `true` if two types are the same in Rust. Types with the same name are: a change of the named type is noted
/// there.
pub(super) fn same(old: &Ty, new: &Ty) -> bool {
    same_scalar(&old.scalar, &new.scalar) && (old.list, old.optional) == (new.list, new.optional)
}

fn same_scalar(old: &Scalar, new: &Scalar) -> bool {
    match (old, new) {
        (Scalar::Named(old, _), Scalar::Named(new, _)) => old == new,
        _ => old == new,
    }
}

/// Returns " (of the schema)" if two types have the same name and this one is not built in.
pub(super) fn whose(ty: &Ty, other: &Ty) -> &'static str {
    let alike = !same_scalar(&ty.scalar, &other.scalar) && type_text(ty) == type_text(other);
    if alike && matches!(ty.scalar, Scalar::Named(..)) { " (of the schema)" } else { "" }
}

/// Compares the fields of an answer, an object or an event; `of` is " of the answer" or empty.
pub(super) fn fields(notes: &mut Notes<'_>, of: &str, old: &[Field], new: &[Field]) {
    each(old, new, |pair| match pair {
        Pair::Added(new) => {
            let may_be_absent = new.ty.optional || new.ty.list || new.decides;
            let needed = if may_be_absent { "" } else { ", without which it is no longer read" };
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
            match (old.bare, new.bare) {
                (false, true) => notes.compatible(format!("field `{name}`{of} is read if it comes alone, too")),
                (true, false) => notes.compatible(format!("field `{name}`{of} is no longer read if it comes alone")),
                _ => {}
            }
            match (old.decides, new.decides) {
                (false, true) => notes.compatible(format!("field `{name}`{of} is `Other` if it is absent")),
                (true, false) => notes.compatible(format!("field `{name}`{of} is needed: without it nothing is read")),
                _ => {}
            }
            let aliases = format!("field `{name}`{of} is read under further names");
            notes.names(&aliases, &old.aliases, &new.aliases);
        }
    });
}

/// Returns the Rust type of a field: `Option<Vec<UserId>>`.
pub(super) fn rust_text(ty: &Ty) -> String {
    if ty.optional { format!("Option<{}>", type_text(ty)) } else { type_text(ty) }
}

/// Formats a field as "`duration: Option<u32>`".
fn with_type(field: &Field) -> String {
    format!("`{}: {}`", field.name.snake(), rust_text(&field.ty))
}

/// Returns the docs of parameters, in the order of their names.
pub(super) fn param_docs(params: &[Param]) -> Vec<String> {
    sorted(params, |param| &param.doc)
}

/// Returns the docs of fields, in the order of their names.
pub(super) fn field_docs(fields: &[Field]) -> Vec<String> {
    sorted(fields, |field| &field.doc)
}

/// Returns the docs of items, in the order of their names.
pub(super) fn sorted<T: Named>(items: &[T], doc: fn(&T) -> &String) -> Vec<String> {
    let mut docs: Vec<String> = items.iter().map(|item| format!("{}: {}", item.key(), doc(item))).collect();
    docs.sort();
    docs
}
