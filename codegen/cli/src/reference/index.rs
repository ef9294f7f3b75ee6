//! The index of the reference.

use cqhttp_codegen::tooling::{direction_text, servers_text, summary};

use super::actions::chapter_title;
use super::book::{Book, sorted_types};
use super::events::{POST_TYPES, of_post_type};
use super::text::{cell, server_remark, table};
use super::types::kind;

const INTRODUCTION: &str = "\
The JSON that goes over the wire, with examples, for bots in any language. An action is one API of the server. Titles are
those of the servers' documentation.

协议端收发的 JSON 与示例，适用于任何语言的机器人。action 即协议端的一个 API；标题与协议端文档一致。";

/// Formats the page.
pub(super) fn page(book: &Book<'_>) -> String {
    let mut text = format!("# Reference · 接口参考\n\n{INTRODUCTION}\n\n{}\n\n", book.links());
    text += &format!("## Actions · API\n\n{}", actions(book));
    if !book.api.extension {
        text += &format!("## Events · 事件\n\n{}", events(book));
        text += &format!("## Segments · 消息段\n\n{}\n", segments(book));
    }
    text + &format!("## Types · 类型\n\n{}", types(book))
}

fn actions(book: &Book<'_>) -> String {
    let chapters = book.api.files.iter().filter(|file| !file.actions.is_empty()).map(|file| {
        let rows = file.actions.iter().map(|action| {
            let link = format!("[`{}`](actions.md#{})", action.wire, book.actions[action.wire.as_str()]);
            [link, cell(&action.title), cell(summary(&action.doc).0) + &server_remark(action)]
        });
        let doc = file.chapter.as_ref().map(|chapter| format!(": {}", chapter.doc)).unwrap_or_default();
        format!("**{}**{doc}\n\n{}\n", chapter_title(file), table(["action", "标题", "description"], rows))
    });
    chapters.collect()
}

fn events(book: &Book<'_>) -> String {
    let groups = POST_TYPES.into_iter().map(|post_type| (post_type, of_post_type(book, post_type)));
    let groups = groups.filter(|(_, events)| !events.is_empty()).map(|(post_type, events)| {
        let rows = events.into_iter().map(|event| {
            let name = event.name.snake();
            let link = format!("[`{name}`](events.md#{})", book.events[name]);
            let (title, summary) = (cell(&event.title), cell(summary(&event.doc).0));
            [link, title, summary, format!("`{}`", event.path()), servers_text(event)]
        });
        let head = ["event", "标题", "description", "tags", "only from"];
        format!("**`post_type` `{}`**\n\n{}\n", post_type.wire().0, table(head, rows))
    });
    groups.collect()
}

fn segments(book: &Book<'_>) -> String {
    let rows = book.api.files.iter().flat_map(|file| &file.segments).map(|segment| {
        let name = segment.name.snake();
        let link = format!("[`{name}`](segments.md#{})", book.segments[name]);
        let summary = cell(summary(&segment.doc).0);
        [link, cell(&segment.title), summary, direction_text(segment.direction).into()]
    });
    table(["segment", "标题", "description", "direction"], rows)
}

fn types(book: &Book<'_>) -> String {
    let rows = sorted_types(book.api).into_iter().map(|ty| {
        let link = format!("[`{}`](types.md#{})", ty.name, book.types[ty.name.as_str()]);
        let title = ty.title.as_deref().map(cell).unwrap_or_default();
        [link, kind(&ty.kind).into(), title, cell(summary(&ty.doc).0)]
    });
    table(["type", "kind", "标题", "description"], rows)
}
