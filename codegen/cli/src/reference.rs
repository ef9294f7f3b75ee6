//! A reference in Markdown, for bots in any language.

mod actions;
mod book;
mod events;
mod index;
mod refusals;
mod segments;
mod servers;
mod text;
mod types;

use cqhttp_codegen::tooling::Api;

use crate::folder::{Marks, OutputFile};
use book::Book;

/// The start of the first line of each page.
const FIRST_LINE: &str = "<!-- Generated from the schema by cqhttp-codegen";

/// The marks of the pages.
pub(crate) const MARKS: Marks = Marks { is_head: |line| line.starts_with(FIRST_LINE), unmarked: None };

/// Returns the pages: the index `README.md`, and `actions.md`, `events.md`, `segments.md`, `types.md` and, with facts
/// about servers, `servers.md`. A schema that adds to that of `cqhttp` has neither events nor segments nor servers.
pub(crate) fn pages(api: &Api) -> Vec<OutputFile> {
    let book = Book::of(api);
    let mut pages = vec![("README.md", index::page(&book)), ("actions.md", actions::page(&book))];
    if !api.extension {
        pages.extend([("events.md", events::page(&book)), ("segments.md", segments::page(&book))]);
    }
    pages.push(("types.md", types::page(&book)));
    if !api.extension && !api.servers.is_empty() {
        pages.push(("servers.md", servers::page(&book)));
    }
    let page = |(path, text): (&str, String)| {
        let text = format!("{FIRST_LINE}: change the schema, not this page. -->\n\n{}\n", text.trim_end());
        OutputFile { path: path.into(), text }
    };
    pages.into_iter().map(page).collect()
}
