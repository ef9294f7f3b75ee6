//! Faults of doc texts, such as what rustdoc would run, refuse or misread; and their first sentences. Faults of other texts that
//! generated code holds.

/// The first fault of a doc text: a message and a hint.
pub fn fault(text: &str) -> Option<(String, &'static str)> {
    if text.starts_with("TODO") {
        return Some(("this text is still to be written".into(), "write it; `doc` is in plain English"));
    }
    if text.contains("```") || text.contains("~~~") {
        return Some(("rustdoc would run the fenced code of this text as a test".into(), "describe it in words"));
    }
    // The text after the first sentence becomes a paragraph.
    if text.lines().chain([summary(text).1]).any(holds_code) {
        return Some((
            "rustdoc would run an indented line of this text as a test".into(),
            "begin the line at the margin",
        ));
    }
    if let Some(found) = text.chars().find(|c| (c.is_control() && *c != '\n') || is_bidirectional(*c)) {
        return Some(invisible(found));
    }
    // A code span ends with its paragraph.
    text.split("\n\n").find_map(|paragraph| {
        let parts: Vec<&str> = paragraph.split('`').collect();
        if parts.len().is_multiple_of(2) {
            return Some(("a backtick of this text has no partner".into(), "close the code span"));
        }
        parts.into_iter().step_by(2).find_map(prose_fault)
    })
}

/// Returns `true` for a control of the direction of text. rustc refuses it in comments and literals, since it shows code in
/// another order than it has.
pub(crate) fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A fault of any text: a character that rustc refuses in what is generated. A message and a hint.
pub(crate) fn text_fault(text: &str) -> Option<(String, &'static str)> {
    let bare_return = |at: usize, c: char| c == '\r' && !text[at + 1..].starts_with('\n');
    let found = text.char_indices().find(|(at, c)| is_bidirectional(*c) || bare_return(*at, *c));
    found.map(|(_, c)| invisible(c))
}

/// A fault of a value on the wire that stands in docs between backticks: a message and a hint.
pub(crate) fn value_fault(value: &str) -> Option<(String, &'static str)> {
    const HINT: &str = "leave it out: an open enum keeps such a value as `Other`";
    if value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Some((format!("the value {value:?} holds a line break or a control character"), HINT));
    }
    // A line of the docs that begins with them would begin a block of code.
    value.contains("``").then(|| (format!("the value `{value}` holds two backticks in a row"), HINT))
}

fn invisible(c: char) -> (String, &'static str) {
    (format!("the invisible character U+{:04X} in a text", u32::from(c)), "remove it")
}

/// Returns `true` if a line is indented so far that Markdown takes it for code: at its start, or behind the marks of lists
/// and quotes.
fn holds_code(line: &str) -> bool {
    let rest = line.trim_start_matches(' ');
    let blanks = line.len() - rest.len();
    if blanks > 3 {
        return !rest.is_empty();
    }
    let number = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let behind = match rest.strip_prefix('>') {
        Some(behind) => Some(behind.strip_prefix(' ').unwrap_or(behind)),
        None if number.len() < rest.len() => number.strip_prefix(". ").or_else(|| number.strip_prefix(") ")),
        None => ["- ", "* ", "+ "].iter().find_map(|mark| rest.strip_prefix(mark)),
    };
    behind.is_some_and(holds_code)
}

/// A text as code, even if it holds backticks.
pub fn code_span(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// A fault of text outside of code spans.
fn prose_fault(prose: &str) -> Option<(String, &'static str)> {
    const HINT: &str = "put it between backticks";
    if let Some(at) = prose.find('[') {
        let end = prose[at..].find(']').map_or(prose.len(), |n| at + n + 1);
        return Some((format!("rustdoc would take `{}` for a link", &prose[at..end]), HINT));
    }
    if let Some(at) = prose.find("://") {
        let start = prose[..at].rfind(|c: char| !c.is_alphanumeric()).map_or(0, |n| n + 1);
        return Some((format!("rustdoc refuses the bare address at `{}`", &prose[start..at + 3]), HINT));
    }
    let (at, _) = prose.match_indices('<').find(|(at, _)| {
        prose[at + 1..].starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '/' | '!'))
    })?;
    let end = prose[at..].find('>').map_or(prose.len(), |n| at + n + 1);
    Some((format!("rustdoc would take `{}` for HTML", &prose[at..end]), HINT))
}

/// A fault of a search alias that rustdoc would refuse: a message and a hint.
pub fn alias_fault(alias: &str) -> Option<(String, &'static str)> {
    if alias.trim() != alias {
        return Some(("a search alias cannot begin or end with a blank".into(), "remove the blank"));
    }
    if alias.contains(['"', '\'']) || alias.chars().any(|c| c.is_whitespace() && c != ' ') {
        return Some(("a search alias cannot hold quotes or line breaks".into(), "leave them out"));
    }
    None
}

/// The first sentence and the rest.
pub fn summary(text: &str) -> (&str, &str) {
    let mut in_code = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '`' => in_code = !in_code,
            '\n' if !in_code && text[at..].starts_with("\n\n") => return (&text[..at], text[at..].trim_start()),
            '.' if !in_code && chars.peek().is_some_and(|(_, next)| next.is_whitespace()) => {
                let abbreviation = ["e.g", "i.e", "etc", "vs"].iter().any(|short| text[..at].ends_with(short));
                if !abbreviation {
                    return (&text[..=at], text[at + 1..].trim_start());
                }
            }
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_within_lists_and_quotes_is_indented() {
        for line in [
            "-     let x = nope();",
            "  *     nope()",
            "1.      nope()",
            "12)     nope()",
            ">     nope()",
            ">-     nope()",
            "- >      nope()",
            "- + 1.     nope()",
            "    nope()",
        ] {
            let text = format!("Reads.\n\n{line}");
            assert!(fault(&text).is_some_and(|(message, _)| message.contains("indented")), "{line}");
        }
        assert!(fault("The first sentence. -     nope()").is_some());
        for line in
            ["-    One.", "- One.\n- Two.", "  - One.", "1. One.", "> One.", "-1     two", "A -     b", "-", "-      "]
        {
            assert_eq!(fault(&format!("Reads.\n\n{line}")), None, "{line}");
        }
    }

    #[test]
    fn a_code_span_holds_backticks() {
        for (text, span) in [("", "``"), ("a", "`a`"), ("a`b", "``a`b``"), ("a``b", "```a``b```"), ("`a`", "`` `a` ``")]
        {
            assert_eq!(code_span(text), span);
        }
    }

    #[test]
    fn the_summary_is_the_first_sentence() {
        assert_eq!(summary("Mutes a member. It may fail."), ("Mutes a member.", "It may fail."));
        assert_eq!(summary("Reads `a. b` now. Then."), ("Reads `a. b` now.", "Then."));
        assert_eq!(summary("Any of them, e.g. two.\n\nMore."), ("Any of them, e.g. two.", "More."));
        assert_eq!(summary("One sentence."), ("One sentence.", ""));
    }
}
