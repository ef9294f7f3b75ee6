//! The page of events.

use cqhttp_codegen::tooling::{Event, Operation, PostType, servers_text};

use super::book::Book;
use super::text::{heading, json, json_block, paragraph, presence};

const INTRODUCTION: &str = "\
Notifications that a server sends. An event is a JSON object; its tags, `post_type` and those below it, identify the kind. The
column *present*: *always*, an event without the field is of an unknown kind for this library; *may be absent*, it is then read as
empty, 0 or an unlisted value; *optional*, it may be absent or `null`; *unless empty*, a list without elements may be either.";

/// The order of the events in the reference.
pub(super) const POST_TYPES: [PostType; 5] =
    [PostType::Message, PostType::MessageSent, PostType::Notice, PostType::Request, PostType::MetaEvent];

/// Formats the page.
pub(super) fn page(book: &Book<'_>) -> String {
    let mut sections = String::new();
    for post_type in POST_TYPES {
        let events = of_post_type(book, post_type);
        if !events.is_empty() {
            sections += &format!("## Events of `{}`\n\n", post_type.wire().0);
            sections.extend(events.into_iter().map(|event| section(book, event) + "\n"));
        }
    }
    format!("# Events\n\n{INTRODUCTION}\n\n{}\n\n{sections}{}", book.links(), all_operations(book))
}

/// Returns the events of a `post_type`.
pub(super) fn of_post_type<'a>(book: &Book<'a>, post_type: PostType) -> Vec<&'a Event> {
    let events = book.api.files.iter().flat_map(|file| &file.events);
    events.filter(|event| event.post_type == post_type).collect()
}

fn section(book: &Book<'_>, event: &Event) -> String {
    let mut text = heading(event.name.snake(), &event.title, &event.doc);
    let tags: Vec<_> = event.tags().iter().map(|(key, value)| format!("`{key}` is `{value}`")).collect();
    text += &paragraph(&format!("{}.", tags.join(" · ")));
    if !event.servers.is_empty() {
        text += &paragraph(&format!("Only from {}.", servers_text(event)));
    }
    if let Some(operation) = &event.operation {
        let anchor = book.operations.get(operation.as_str()).map_or("", String::as_str);
        text += &paragraph(&format!("May be answered with the quick operation [`{operation}`](#{anchor})."));
    }
    text += &book.fields("Fields", &event.fields);
    text + &json_block(&json(&event.example))
}

fn all_operations(book: &Book<'_>) -> String {
    let operations = book.api.files.iter().flat_map(|file| &file.operations);
    let text: Vec<_> = operations.map(|operation| operation_section(book, operation)).collect();
    if text.is_empty() { String::new() } else { format!("## Quick operations\n\n{}", text.join("\n")) }
}

fn operation_section(book: &Book<'_>, operation: &Operation) -> String {
    let text = format!("### `{}`\n\n{}\n\n", operation.name, operation.doc);
    let params = book.parameters("Parameters", &operation.params, presence);
    text + params.trim_end() + "\n"
}
