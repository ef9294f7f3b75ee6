//! The page of message segments.

use cqhttp_codegen::tooling::{Segment, direction_text};

use super::book::Book;
use super::text::{cell, heading, inline_json, json, json_block, paragraph, presence};

const INTRODUCTION: &str = "\
Parts of a message. A message is a list of segments, `[{\"type\": …, \"data\": {…}}, …]`. Values are strings on the wire; the
types here are those of their content: digits for a number, `\"1\"` or `\"0\"` for a `bool`. Servers also take a message as a
string, with segments as CQ codes: `[CQ:face,id=178]`.";

/// Formats the page.
pub(super) fn page(book: &Book<'_>) -> String {
    let segments = book.api.files.iter().flat_map(|file| &file.segments);
    let sections = segments.map(|segment| section(book, segment)).collect::<Vec<_>>().join("\n");
    format!("# Segments\n\n{INTRODUCTION}\n\n{}\n\n## Segments by type\n\n{sections}", book.links())
}

fn section(book: &Book<'_>, segment: &Segment) -> String {
    let mut text = heading(segment.name.snake(), &segment.title, &segment.doc);
    text += &paragraph(&format!("`type` is `{}` · {}.", segment.wire, direction_text(segment.direction)));
    text += &book.parameters("Data", &segment.fields, |field| match segment.defaults.get(field.name.snake()) {
        Some(default) => format!("optional; on the server `{}`", cell(&inline_json(default))),
        None => presence(field),
    });
    let data = segment.example.as_ref().map_or_else(|| "{}".into(), json).replace('\n', "\n  ");
    text + &json_block(&format!("{{\n  \"type\": \"{}\",\n  \"data\": {data}\n}}", segment.wire))
}
