//! What went wrong, as text with the lines meant, or as JSON.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::{Failure, Fault, shown};

/// For people. Colours are in it; the stream takes them out where they are not wanted.
pub(super) fn text(failure: &Failure) -> String {
    let renderer = Renderer::styled();
    let of_faults = |faults: &[Fault]| {
        let shown = faults.iter().map(|fault| renderer.render(&[group(fault)]) + "\n\n");
        let count = match faults.len() {
            1 => "1 fault".into(),
            count => format!("{count} faults"),
        };
        shown.collect::<String>() + &renderer.render(&[Group::with_title(Level::ERROR.primary_title(count))]) + "\n"
    };
    match failure {
        Failure::Faults(faults) => of_faults(faults),
        Failure::Trouble { message, hint, faults } => {
            let group = Group::with_title(Level::ERROR.primary_title(message)).element(Level::HELP.message(hint));
            let before = if faults.is_empty() { String::new() } else { of_faults(faults) + "\n" };
            before + &renderer.render(&[group]) + "\n"
        }
    }
}

/// `error: …`, the line with a caret, `help: …`.
fn group(fault: &Fault) -> Group<'_> {
    let path = shown(&fault.diagnostic.file);
    let group = Group::with_title(Level::ERROR.primary_title(&fault.diagnostic.message));
    let help = Level::HELP.message(&fault.diagnostic.hint);
    match &fault.line {
        Some(line) => {
            let start = line.char_indices().nth(fault.diagnostic.column - 1).map_or(line.len(), |(at, _)| at);
            let end = line[start..].chars().next().map_or(start, |c| start + c.len_utf8());
            let place = AnnotationKind::Primary.span(start..end);
            let snippet = Snippet::source(line).line_start(fault.diagnostic.line).path(path).annotation(place);
            group.element(snippet).element(help)
        }
        None => group.element(annotate_snippets::Origin::path(path)).element(help),
    }
}

/// For programs.
pub(super) fn json(failure: &Failure) -> String {
    #[derive(Serialize)]
    struct Place<'a> {
        file: String,
        line: usize,
        column: usize,
        message: &'a str,
        hint: &'a str,
    }
    #[derive(Serialize)]
    struct Json<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<&'a str>,
        faults: Vec<Place<'a>>,
    }
    let (error, hint, faults) = match failure {
        Failure::Faults(faults) => (None, None, faults),
        Failure::Trouble { message, hint, faults } => (Some(message.as_str()), Some(hint.as_str()), faults),
    };
    let places = faults.iter().map(|Fault { diagnostic, .. }| Place {
        file: shown(&diagnostic.file),
        line: diagnostic.line,
        column: diagnostic.column,
        message: &diagnostic.message,
        hint: &diagnostic.hint,
    });
    serde_json::to_string_pretty(&Json { error, hint, faults: places.collect() }).unwrap_or_default()
}
