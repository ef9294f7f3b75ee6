//! Tables of Markdown.

use super::{Book, TARGET_KEYS};
use crate::doc::code_span;
use crate::emit::default_text;
use crate::model::{Field, Param, Presence, VariantValue};
use crate::ty::Scalar;

/// A table of rows.
pub(super) fn of<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    text.extend(rows.into_iter().map(|cells| row(&cells)));
    text
}

/// Text as a cell takes it.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace("\n\n", "<br>").replace('\n', " ")
}

/// Whether a parameter has to be there.
pub(super) fn needed(param: &Param) -> String {
    match &param.presence {
        Presence::Required => "required".into(),
        Presence::Optional => "optional".into(),
        Presence::Default(default) => format!("default {}", cell(&default_text(default))),
    }
}

/// A value of an enum, as it stands on the wire.
pub(super) fn value(value: &VariantValue) -> String {
    match value {
        VariantValue::Text(text) => code_span(&format!("\"{}\"", cell(text))),
        VariantValue::Int(number) => format!("`{number}`"),
    }
}

impl Book<'_> {
    /// A title and a table of parameters, or nothing where there are none.
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
            let doc = param.doc.clone() + &also(&param.also) + &aliases(read);
            [names, self.ty(&param.ty), needed(param), cell(&doc)]
        });
        format!("**{title}**\n\n{}\n", of(["name", "type", "needed", "what it is"], rows))
    }

    /// A title and a table of fields.
    pub(super) fn fields(&self, title: &str, fields: &[Field]) -> String {
        let rows = fields.iter().map(|field| {
            let there = match (field.ty.optional, field.ty.list) {
                (true, _) => "optional",
                (false, true) => "unless empty",
                (false, false) => "always",
            };
            let doc = field.doc.clone() + &aliases(field.aliases.iter());
            [format!("`{}`", field.wire), self.ty(&field.ty), there.into(), cell(&doc)]
        });
        format!("**{title}**\n\n{}\n", of(["name", "type", "there", "what it is"], rows))
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
