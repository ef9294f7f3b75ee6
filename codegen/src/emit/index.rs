//! Indexes as Markdown: the actions by chapter, all events, all segments.

use super::{event, segment};
use crate::doc;
use crate::model::{Action, Api, Availability, File, Server};

/// The page that an index is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A README in English.
    English,
    /// A README in Chinese.
    Chinese,
    /// rustdoc, which takes links to the methods.
    Rustdoc,
    /// rustdoc without the feature `vendor`: links to its methods would lead nowhere.
    RustdocWithoutVendor,
}

/// A heading and a table for each chapter.
pub(super) fn markdown(api: &Api, reader: Reader) -> String {
    let files = api.files.iter().filter(|file| !file.actions.is_empty());
    files.map(|file| chapter(file, reader)).collect::<Vec<_>>().join("\n")
}

fn chapter(file: &File, reader: Reader) -> String {
    let name = file.stem.rsplit('/').next().unwrap_or(&file.stem);
    let title = file.chapter.as_ref().map(|chapter| format!(" {}", chapter.title)).unwrap_or_default();
    let heading = match reader {
        Reader::Chinese => format!("**{}**（`{name}`）", title.trim()),
        _ => format!("**`{name}`**{title}: {}", file.chapter.as_ref().map_or("", |chapter| &chapter.doc)),
    };
    let head = match reader {
        Reader::Chinese => "| API | 说明 |\n|---|---|\n",
        _ => "| action | title | what it does |\n|---|---|---|\n",
    };
    format!("{heading}\n\n{head}{}", file.actions.iter().map(|action| row(action, reader)).collect::<String>())
}

fn row(action: &Action, reader: Reader) -> String {
    let method = action.name.snake();
    let (title, summary) = (cell(&action.title), summary(&action.doc));
    match reader {
        Reader::Chinese => {
            format!("| `{method}` | {title}{} |\n", chinese_state(action))
        }
        Reader::English => format!("| `{method}` | {title} | {summary}{} |\n", english_state(action)),
        Reader::RustdocWithoutVendor if action.vendor => {
            format!("| `{method}` | {title} | {summary}{} *Feature `vendor`.* |\n", english_state(action))
        }
        Reader::Rustdoc | Reader::RustdocWithoutVendor => {
            format!("| [`{method}`](crate::Client::{method}) | {title} | {summary}{} |\n", english_state(action))
        }
    }
}

/// The first sentence of a doc, as a cell takes it.
fn summary(doc: &str) -> String {
    cell(doc::summary(doc).0)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A row for each variant of `Event`.
pub(super) fn events(api: &Api) -> String {
    let rows = api.files.iter().flat_map(|file| &file.events).map(|event| {
        let (variant, tags, title) = (event.name.pascal(), event.path(), cell(&event.title));
        format!("| `{variant}` | `{tags}` | {title} | {} | {} |\n", summary(&event.doc), event::servers(event))
    });
    format!(
        "| variant | tags | title | what happened | only from |\n|---|---|---|---|---|\n{}",
        rows.collect::<String>()
    )
}

/// A row for each variant of `Segment` and `FeedSegment`.
pub(super) fn segments(api: &Api) -> String {
    let rows = api.files.iter().flat_map(|file| &file.segments).map(|segment| {
        let (variant, kind, title) = (segment.name.pascal(), &segment.wire, cell(&segment.title));
        let direction = segment::direction(segment.direction);
        format!("| `{variant}` | `{kind}` | {title} | {} | {direction} |\n", summary(&segment.doc))
    });
    format!("| variant | type | title | what it is | where |\n|---|---|---|---|---|\n{}", rows.collect::<String>())
}

fn english_state(action: &Action) -> String {
    match action.availability.short_text() {
        servers if !servers.is_empty() => format!(" *{servers}*"),
        _ => state(action, " *Not implemented by go-cqhttp.*", " *Removed from go-cqhttp.*").into(),
    }
}

fn chinese_state(action: &Action) -> String {
    let Availability { on, not_on } = &action.availability;
    match (on.as_slice(), not_on.as_slice()) {
        (_, []) => state(action, "（go-cqhttp 未实现）", "（go-cqhttp 已移除）").into(),
        ([], _) => "（各协议端均未实现）".into(),
        (on, not_on) if on.len() < not_on.len() => format!("（仅 {}）", on.join("、")),
        (_, not_on) => format!("（{} 未实现）", not_on.join("、")),
    }
}

fn state<'a>(action: &Action, unsupported: &'a str, removed: &'a str) -> &'a str {
    match action.server {
        Server::Supported => "",
        Server::Unsupported => unsupported,
        Server::Removed => removed,
    }
}
