//! Failures, as text with the faulty lines or as JSON.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use crate::failure::{Failure, Fault, shown};

/// Formats a failure for people, in colours; the output stream removes them if they are not wanted.
pub(crate) fn text(failure: &Failure) -> String {
    let renderer = Renderer::styled();
    let counted = |faults: &[Fault]| {
        let shown = faults.iter().map(|fault| renderer.render(&[group(fault)]) + "\n\n");
        let count = match faults.len() {
            1 => "1 fault".into(),
            count => format!("{count} faults"),
        };
        shown.collect::<String>() + &renderer.render(&[Group::with_title(Level::ERROR.primary_title(count))]) + "\n"
    };
    match failure {
        Failure::Faults(faults) => counted(faults),
        Failure::Trouble { message, hint, faults } => {
            let group = Group::with_title(Level::ERROR.primary_title(message)).element(Level::HELP.message(hint));
            let before = if faults.is_empty() { String::new() } else { counted(faults) + "\n" };
            before + &renderer.render(&[group]) + "\n"
        }
    }
}

/// Formats a fault as `error: …`, the line with a caret, and `help: …`.
fn group(fault: &Fault) -> Group<'_> {
    let path = shown(&fault.file);
    let group = Group::with_title(Level::ERROR.primary_title(&fault.message));
    let help = Level::HELP.message(&fault.hint);
    match &fault.text {
        Some(line) => {
            let start = line.char_indices().nth(fault.column - 1).map_or(line.len(), |(at, _)| at);
            let end = line[start..].chars().next().map_or(start, |c| start + c.len_utf8());
            let place = AnnotationKind::Primary.span(start..end);
            let snippet = Snippet::source(line).line_start(fault.line).path(path).annotation(place);
            group.element(snippet).element(help)
        }
        None => group.element(annotate_snippets::Origin::path(path)).element(help),
    }
}

#[derive(Serialize)]
struct FaultJson<'a> {
    file: String,
    line: usize,
    column: usize,
    message: &'a str,
    hint: &'a str,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    faults: Vec<FaultJson<'a>>,
}

/// Formats a failure for programs.
pub(crate) fn json(failure: &Failure) -> String {
    let (error, hint, faults) = match failure {
        Failure::Faults(faults) => (None, None, faults),
        Failure::Trouble { message, hint, faults } => (Some(message.as_str()), Some(hint.as_str()), faults),
    };
    let faults = faults.iter().map(|fault| FaultJson {
        file: shown(&fault.file),
        line: fault.line,
        column: fault.column,
        message: &fault.message,
        hint: &fault.hint,
    });
    serde_json::to_string_pretty(&FailureJson { error, hint, faults: faults.collect() }).unwrap_or_default()
}
