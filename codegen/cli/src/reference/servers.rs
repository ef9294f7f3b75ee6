//! The page of servers: who has which action.

use std::collections::BTreeMap;

use cqhttp_codegen::tooling::{ActionFacts, ServerFacts};

use super::book::Book;
use super::text::cell;

const INTRODUCTION: &str = "\
The actions of each server, under all of their names, as the version in the table has them. `=` names the action that another
name stands for, and *parts* means that the answer arrives in parts. An action without a link has no types here; call it
by its name.

各协议端的 API 一览。`=` 表示该名称是另一 API 的别名；没有链接的 API 在此没有类型，可按名称调用。";

/// Formats the page.
pub(super) fn page(book: &Book<'_>) -> String {
    let servers = &book.api.servers;
    let sizes = servers.iter().map(|server| {
        let ServerFacts { title, app_name, version, actions, .. } = server;
        format!("| {} | {} | `{}` | {} |\n", cell(title), cell(version), cell(app_name), actions.len())
    });
    let sizes =
        format!("| server | version | `app_name` | actions |\n|---|---|---|---|\n{}", sizes.collect::<String>());
    let head: String = servers.iter().map(|server| format!(" {} |", cell(&server.title))).collect();
    let mut rows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (column, server) in servers.iter().enumerate() {
        for action in &server.actions {
            for name in &action.names {
                let cells = rows.entry(name).or_insert_with(|| vec![String::new(); servers.len()]);
                cells[column] = mark(action, name);
            }
        }
    }
    let row = |(name, cells): (&&str, &Vec<String>)| format!("| {} | {} |\n", link(book, name), cells.join(" | "));
    let rows: String = rows.iter().map(row).collect();
    let rule = "---|".repeat(servers.len() + 1);
    let (links, untyped) = (book.links(), untyped(book));
    format!("# Servers · 协议端\n\n{INTRODUCTION}\n\n{links}\n\n{sizes}\n| action |{head}\n|{rule}\n{rows}{untyped}")
}

/// Formats the table of the actions that have no types, with the reasons; nothing if there are none.
fn untyped(book: &Book<'_>) -> String {
    let untyped = &book.api.untyped;
    if untyped.is_empty() {
        return String::new();
    }
    let rows = untyped.iter().map(|action| format!("| `{}` | {} |\n", action.name, cell(&action.reason)));
    format!(
        "\n## Actions without types · 没有类型的 API\n\n| action | reason |\n|---|---|\n{}",
        rows.collect::<String>()
    )
}

/// Formats a cell: "yes", "yes, parts", "= `ocr_image`".
fn mark(action: &ActionFacts, name: &str) -> String {
    let parts = if action.stream { ", parts" } else { "" };
    match action.names.first() {
        Some(first) if first != name => format!("= `{first}`{parts}"),
        _ => format!("yes{parts}"),
    }
}

/// Formats a name, with a link to its description.
fn link(book: &Book<'_>, name: &str) -> String {
    let mut actions = book.api.files.iter().flat_map(|file| &file.actions);
    let named = actions.find(|action| action.wire == name || action.aliases.iter().any(|alias| alias == name));
    match named.and_then(|action| book.actions.get(action.wire.as_str())) {
        Some(anchor) => format!("[`{name}`](actions.md#{anchor})"),
        None => format!("`{name}`"),
    }
}
