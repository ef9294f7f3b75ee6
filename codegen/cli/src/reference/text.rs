//! Pieces of Markdown.

use cqhttp_codegen::tooling::{Action, Name, Node, Param, Presence, Server, VariantValue, code_span, default_text};

/// Formats a table.
pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    text.extend(rows.into_iter().map(|cells| row(&cells)));
    text
}

/// Formats a text for a cell of a table.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace("\n\n", "<br>").replace('\n', " ")
}

/// Formats a name as a heading, with the title and the doc below it.
pub(super) fn heading(name: &str, title: &str, doc: &str) -> String {
    let title = if title.is_empty() { String::new() } else { format!("**{title}**\n\n") };
    format!("### `{name}`\n\n{title}{doc}\n\n")
}

/// Formats a paragraph; an empty text has none.
pub(super) fn paragraph(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{text}\n\n") }
}

/// Formats a value as JSON on several lines.
pub(super) fn json(node: &Node) -> String {
    serde_json::to_string_pretty(node).unwrap_or_default()
}

/// Formats a value as JSON on one line.
pub(super) fn inline_json(node: &Node) -> String {
    serde_json::to_string(node).unwrap_or_default()
}

/// Formats a block of JSON.
pub(super) fn json_block(json: &str) -> String {
    format!("```json\n{json}\n```\n")
}

/// Tells if a parameter is required, optional or has a default.
pub(super) fn presence(param: &Param) -> String {
    match &param.presence {
        Presence::Required => "required".into(),
        Presence::Optional => "optional".into(),
        Presence::Default(default) => format!("default {}", cell(&default_text(default))),
    }
}

/// Formats a value of an enum as it stands on the wire.
pub(super) fn value(value: &VariantValue) -> String {
    match value {
        VariantValue::Text(text) => code_span(&format!("\"{}\"", cell(text))),
        VariantValue::Int(number) => format!("`{number}`"),
    }
}

/// Returns the remark on an action that some servers do not have; for the others, nothing.
pub(super) fn server_remark(action: &Action) -> String {
    match (action.availability.short_text(), action.server) {
        (servers, _) if !servers.is_empty() => format!(" *{servers}*"),
        (_, Server::Supported) => String::new(),
        (_, Server::Unsupported) => " *Not implemented by go-cqhttp.*".into(),
        (_, Server::Removed) => " *Removed from go-cqhttp.*".into(),
    }
}

/// Returns the name of a parameter on the wire.
pub(super) fn wire_name<'a>(action: &'a Action, name: &'a Name) -> &'a str {
    action.params.iter().find(|param| param.name == *name).map_or(name.snake(), |param| &param.wire)
}
