//! An index of the actions by chapter, as Markdown.

use crate::doc;
use crate::model::{Action, Api, File, Server};

/// Who reads the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A README in English.
    English,
    /// A README in Chinese.
    Chinese,
    /// rustdoc, which takes links to the methods.
    Rustdoc,
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
        Reader::Chinese => "| 动作 | 说明 |\n|---|---|\n",
        _ => "| action | title | what it does |\n|---|---|---|\n",
    };
    format!("{heading}\n\n{head}{}", file.actions.iter().map(|action| row(action, reader)).collect::<String>())
}

fn row(action: &Action, reader: Reader) -> String {
    let method = action.name.snake();
    let (summary, _) = doc::summary(&action.doc);
    let summary = summary.replace('|', "\\|").replace('\n', " ");
    let title = &action.title;
    match reader {
        Reader::Chinese => {
            format!("| `{method}` | {title}{} |\n", state(action, "（go-cqhttp 未实现）", "（go-cqhttp 已移除）"))
        }
        Reader::English => format!("| `{method}` | {title} | {summary}{} |\n", english_state(action)),
        Reader::Rustdoc => {
            format!("| [`{method}`](crate::Client::{method}) | {title} | {summary}{} |\n", english_state(action))
        }
    }
}

fn english_state(action: &Action) -> &'static str {
    state(action, " *Not implemented by go-cqhttp.*", " *Removed from go-cqhttp.*")
}

fn state<'a>(action: &Action, unsupported: &'a str, removed: &'a str) -> &'a str {
    match action.server {
        Server::Supported => "",
        Server::Unsupported => unsupported,
        Server::Removed => removed,
    }
}
