//! Doc comments and search aliases as attributes.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Action;

/// `#[doc]` attributes of a text, one a line, long lines of prose wrapped: `/// Mutes one member …`.
pub(super) fn docs(text: &str) -> TokenStream {
    let mut code = false;
    let lines = text.lines().flat_map(|line| {
        let fence = line.starts_with("```");
        code ^= fence;
        if code || fence { vec![line.to_owned()] } else { wrap(line) }
    });
    let lines = lines.map(|line| if line.is_empty() { line } else { format!(" {line}") });
    lines.map(|line| quote!(#[doc = #line])).collect()
}

/// The maximum length of a line of a comment.
pub(super) const COLUMNS: usize = 100;

/// Breaks a line of prose at blanks, so that a comment stays within some hundred columns.
fn wrap(line: &str) -> Vec<String> {
    if line.starts_with("# ") || line.len() <= COLUMNS {
        return vec![line.to_owned()];
    }
    let indent = if line.starts_with("- ") { "  " } else { "" };
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        // At the start of a line, this word would make it a list, a heading, a quote, HTML or a block of code.
        let marks = word.starts_with(['-', '+', '*', '#', '>', '|', '=', '<', '~'])
            || word.starts_with("```")
            || word.ends_with(['.', ')']) && word.starts_with(|c: char| c.is_ascii_digit());
        let count = lines.len();
        let last = &mut lines[count - 1];
        // Of several blanks, one could become an empty line, which ends the paragraph.
        let fits = last.chars().count() + 1 + word.chars().count() <= COLUMNS;
        if !fits && !marks && !last.is_empty() && !word.is_empty() {
            lines.push(format!("{indent}{word}"));
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

/// `#[cfg_attr(docsrs, doc(cfg(feature = "vendor")))]` for an action that belongs to this feature.
pub(super) fn feature(action: &Action) -> Option<TokenStream> {
    action.vendor.then(|| quote!(#[cfg_attr(docsrs, doc(cfg(feature = "vendor")))]))
}

/// Paragraphs with an empty line between; empty ones dropped.
pub(super) fn join(paragraphs: &[&str]) -> String {
    paragraphs.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// `#[doc(alias = "群单人禁言")]` for each.
pub(super) fn aliases<'a>(names: impl IntoIterator<Item = &'a String>) -> TokenStream {
    names.into_iter().map(|name| quote!(#[doc(alias = #name)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word that would begin a block of Markdown stays in its line, and the text is a paragraph as before.
    #[test]
    fn a_wrapped_line_begins_no_block() {
        let words = "word ".repeat(19);
        for mark in ["-", "1.", "#", ">", "<div>", "~~~", "```rust", "==="] {
            let text = format!("{words}and {mark} further {words}");
            let lines = wrap(text.trim_end());
            assert!(lines.len() > 1 && lines.iter().all(|line| !line.starts_with(mark)), "{lines:?}");
            assert_eq!(lines.join(" "), text.trim_end());
        }
    }
}
