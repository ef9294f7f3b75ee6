//! YAML text → nodes, and the faults for which a file is not read at all.

use std::ops::Range;

use serde::de::DeserializeSeed;

use super::locator::Locate;
use super::node::{Node, Value, document};
use crate::doc::is_bidirectional;

/// A fault that ends the reading of a file.
#[derive(Debug)]
pub(crate) struct SyntaxFault {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl SyntaxFault {
    fn new((line, column): (usize, usize), message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { line, column, message: message.into(), hint: hint.into() }
    }
}

/// Reads the one document of a file.
pub(crate) fn read(bytes: &[u8]) -> Result<Node, Vec<SyntaxFault>> {
    let text = utf8(bytes).map_err(|fault| vec![fault])?;
    let strays = stray_characters(text);
    if !strays.is_empty() {
        return Err(strays);
    }
    let root = document(text).map_err(|error| vec![syntax_fault(text, &error)])?;
    let sigils = sigils(text);
    if !sigils.is_empty() {
        return Err(sigils);
    }
    if let Some(fault) = further_document(text) {
        return Err(vec![fault]);
    }
    match root.value {
        Value::Null => {
            Err(vec![SyntaxFault::new((1, 1), "the file is empty", "write a list of stanzas, or delete the file")])
        }
        _ => Ok(root),
    }
}

/// The file as text, checked.
fn utf8(bytes: &[u8]) -> Result<&str, SyntaxFault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        SyntaxFault::new(
            line_column(&good, good.len()),
            format!("the byte {:#04x} is not UTF-8", bytes[error.valid_up_to()]),
            "save the file as UTF-8",
        )
    })
}

/// Reports characters that editors do not show, or that only YAML takes for line breaks: the first of each line.
fn stray_characters(text: &str) -> Vec<SyntaxFault> {
    let stray = |c: char| c.is_control() || is_bidirectional(c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    let mut faults = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some((column, found)) = line.chars().enumerate().find(|(_, c)| stray(*c)) {
            let (message, hint) = match found {
                '\t' => ("a tab".into(), "write blanks; in a text between double quotes, `\\t`"),
                _ => (
                    format!("the invisible character U+{:04X}", u32::from(found)),
                    "remove it; in a text between double quotes it can be written as an escape",
                ),
            };
            faults.push(SyntaxFault::new((index + 1, column + 1), message, hint));
        }
    }
    faults
}

fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// An error of serde_yaml with a hint. It reads `problem at line 3 column 8, while doing this at line 2 column 1`.
fn syntax_fault(text: &str, error: &serde_yaml::Error) -> SyntaxFault {
    let full = error.to_string();
    let (problem, context) = full.split_once(", while ").unwrap_or((&full, ""));
    let problem = problem.split(" at line ").next().unwrap_or(problem);
    let (context, begun) = context.split_once(" at line ").unwrap_or((context, ""));
    let begun =
        begun.split_once(" column ").and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    let found = error.location().map_or((1, 1), |at| (at.line(), at.column()));
    let line = text.lines().nth(found.0 - 1);
    let opened = context.contains("flow") || context.contains("quoted");
    let rest = |line: &str| line.chars().skip(found.1 - 1).collect::<String>();
    let at_end = text.lines().nth(found.0).is_none() && line.is_none_or(|line| rest(line).trim().is_empty());
    if problem == "unknown anchor" {
        SyntaxFault::new(found, "an alias of nothing", NO_SIGILS)
    } else if let (Some(begun), true, true) = (begun, opened, at_end) {
        // A bracket or quote that is never closed is found missing at the end of the file.
        SyntaxFault::new(begun, format!("{problem}, while {context}"), "close it")
    } else {
        let before: String = line.unwrap_or_default().chars().take(found.1 - 1).collect();
        let at = match begun {
            Some(begun) if scans_sigil(context) => begun,
            _ if line.is_none() => line_column(text, text.trim_end().len()),
            _ => found,
        };
        SyntaxFault::new(at, problem, syntax_hint(problem, context, &before))
    }
}

fn scans_sigil(context: &str) -> bool {
    ["scanning an alias", "scanning an anchor", "scanning a tag", "parsing a tag"].contains(&context)
}

/// The hint for an error; `before` is the text of the line before it.
fn syntax_hint(problem: &str, context: &str, before: &str) -> &'static str {
    if problem.contains("mapping values are not allowed") && before.contains(": ") {
        "a text with `: ` in it goes into quotes or behind `>-`"
    } else if problem.contains("mapping values are not allowed") {
        "check the indentation here and in the line before"
    } else if scans_sigil(context) || problem.contains("cannot start any token") {
        "a text that begins with a backtick or one of `*&!@%` goes into quotes or behind `>-`"
    } else if problem.contains("expected ',' or") {
        "in flow style the brackets of `T[]` need quotes, as do `,` and `: ` in a text: write in block style"
    } else if problem.contains("recursion limit") {
        "nest less deeply"
    } else {
        "check the indentation and the quotes here and in the lines before"
    }
}

const NO_SIGILS: &str = "anchors, aliases and tags are not part of the schema language: write the value out";

/// Anchors, aliases and tags. serde_yaml resolves them without a trace, so each place that could hold one is tried: with
/// an alias of an unknown anchor there, the file no longer parses if it did.
fn sigils(text: &str) -> Vec<SyntaxFault> {
    let bytes = text.as_bytes();
    let mut parts: Vec<(Range<usize>, Vec<Range<usize>>)> = Vec::new();
    for (at, sigil) in text.match_indices(['&', '*', '!']) {
        let opens = at == 0 || matches!(bytes[at - 1], b' ' | b'\n' | b':' | b'[' | b'{' | b',');
        let named = sigil == "!" || bytes.get(at + 1).is_some_and(|next| !next.is_ascii_whitespace());
        if !opens || !named {
            continue;
        }
        let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '!' | '.' | ':' | '/');
        let end = text[at + 1..].find(|c| !name(c)).map_or(text.len(), |n| at + 1 + n);
        let end = at + text[at..end].trim_end_matches(':').len();
        if !parts.last().is_some_and(|(part, _)| part.contains(&at)) {
            parts.push((part_around(text, at), Vec::new()));
        }
        // A sigil within the name of another is a part of that name.
        if let Some((_, places)) = parts.last_mut()
            && places.last().is_none_or(|before: &Range<usize>| !before.contains(&at))
        {
            places.push(at..end);
        }
    }
    let found = parts.iter().flat_map(|(part, places)| confirm_by_bisection(text, part, places));
    let fault = |place: Range<usize>| {
        let what = match bytes[place.start] {
            b'&' => "an anchor",
            b'*' => "an alias",
            _ => "a tag",
        };
        let message = format!("`{}` is {what}", &text[place.clone()]);
        SyntaxFault::new(line_column(text, place.start), message, NO_SIGILS)
    };
    found.map(fault).collect()
}

/// The places in a part that are not text. All are tried at once, since mostly there is none, and then by halves.
fn confirm_by_bisection(text: &str, part: &Range<usize>, places: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut tried = String::new();
    let mut end = part.start;
    for place in places {
        tried.extend([&text[end..place.start], "*no-such-anchor "]);
        end = place.end;
    }
    tried.push_str(&text[end..part.end]);
    match places {
        _ if document(&tried).is_ok() => Vec::new(),
        [place] => vec![place.clone()],
        _ => {
            let (before, after) = places.split_at(places.len() / 2);
            [confirm_by_bisection(text, part, before), confirm_by_bisection(text, part, after)].concat()
        }
    }
}

/// The stanza around a place, so that not the whole file is parsed for each; the file if the stanza does not parse by
/// itself.
fn part_around(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind("\n- ").map_or(0, |before| before + 1);
    let end = text[at..].find("\n- ").map_or(text.len(), |after| at + after + 1);
    if document(&text[start..end]).is_ok() { start..end } else { 0..text.len() }
}

fn further_document(text: &str) -> Option<SyntaxFault> {
    let mut documents = serde_yaml::Deserializer::from_str(text).skip(1);
    let error = Locate(&[]).deserialize(documents.next()?).err()?;
    let at = error.location().map_or((1, 1), |at| (at.line(), at.column()));
    Some(SyntaxFault::new(at, "a second document begins here", "one document a file: remove the `---`"))
}
