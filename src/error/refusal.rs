//! The meaning of refusals, by the rules of the schema.

use crate::generated::refusal::{RULES, RefusalKind, UNDIVIDED};

/// Says whether a refused action may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It was not.
    No,
    /// It was not, unless it sends a message: a server may have sent the first part of the message.
    Partly,
    /// It may have been.
    Maybe,
}

/// A rule by which a refusal is recognised. Only generated code constructs it. Every list that is not empty must hold by one of
/// its values.
#[derive(Debug)]
pub struct RefusalRule {
    /// The meaning.
    pub kind: RefusalKind,
    /// Says whether the action may have been carried out.
    pub happened: Happened,
    /// The retcodes.
    pub retcodes: &'static [i64],
    /// The HTTP statuses.
    pub http_statuses: &'static [u16],
    /// `true` for HTTP alone, `false` for a WebSocket alone.
    pub over_http: Option<bool>,
    /// The actions, by their names on the wire.
    pub actions: &'static [&'static str],
    /// The values of `msg`.
    pub codes: &'static [&'static str],
    /// Whole texts of the answer, in lower case. `…` stands for any characters, and `#` for a number.
    pub texts: &'static [&'static str],
}

impl RefusalRule {
    /// A rule that any refusal matches.
    pub const ANY: Self = Self {
        kind: RefusalKind::Other,
        happened: Happened::Maybe,
        retcodes: &[],
        http_statuses: &[],
        over_http: None,
        actions: &[],
        codes: &[],
        texts: &[],
    };

    fn has_words(&self) -> bool {
        !self.codes.is_empty() || !self.texts.is_empty()
    }

    fn matches(&self, seen: &Seen<'_>) -> bool {
        fn holds<T: PartialEq>(values: &[T], found: Option<T>) -> bool {
            values.is_empty() || found.is_some_and(|found| values.contains(&found))
        }
        holds(self.retcodes, seen.retcode)
            && holds(self.http_statuses, seen.http_status)
            && self.over_http.is_none_or(|http| http == seen.http_status.is_some())
            && holds(self.actions, Some(seen.action))
            && holds(self.codes, seen.code)
            && (self.texts.is_empty()
                || seen.texts.iter().any(|text| self.texts.iter().any(|known| is_whole(known, text))))
    }

    fn is_uncertain(&self, action: &str) -> bool {
        match self.happened {
            Happened::No => false,
            Happened::Partly => UNDIVIDED.binary_search(&action).is_err(),
            Happened::Maybe => true,
        }
    }
}

/// The parts of a refusal that rules look at.
pub(super) struct Seen<'a> {
    pub(super) action: &'a str,
    /// `None` for a refusal within an answer of success.
    pub(super) retcode: Option<i64>,
    /// `None` over a WebSocket.
    pub(super) http_status: Option<u16>,
    /// The value of `msg`.
    pub(super) code: Option<&'a str>,
    /// The texts of the answer, as [`normalized`] returns them.
    pub(super) texts: Vec<String>,
}

impl Seen<'_> {
    /// Returns the meaning, and whether the action may have been carried out, by the rules of this crate and `further` rules. Of
    /// several rules that match, an uncertain one wins, then one that looks at the server's words, then the first.
    pub(super) fn meaning(&self, further: &[RefusalRule]) -> (RefusalKind, bool) {
        let matching = RULES.iter().chain(further).filter(|rule| rule.matches(self));
        let rule = matching.min_by_key(|rule| (!rule.is_uncertain(self.action), !rule.has_words()));
        let rule = rule.unwrap_or(&RefusalRule::ANY);
        (rule.kind, rule.is_uncertain(self.action))
    }
}

/// The number of characters of a server's text that rules look at.
const MAX_TEXT: usize = 2_000;

/// Returns a server's text as rules look at it: in lower case, without the stack of Node's errors, on one line; and `false` if it
/// is longer than that, so that the rest may say otherwise.
pub(super) fn normalized(text: &str) -> (String, bool) {
    let text = text.split_once("\n    at ").map_or(text, |(text, _)| text);
    let mut line = String::new();
    for word in text.split_whitespace() {
        if line.len() > 4 * MAX_TEXT {
            break;
        }
        line.push_str(word);
        line.push(' ');
    }
    line.truncate(line.trim_end().len());
    let line = line.strip_prefix("Error: ").unwrap_or(&line);
    let mut marks = line.chars();
    let text = marks.by_ref().take(MAX_TEXT).flat_map(char::to_lowercase).collect();
    (text, marks.next().is_none())
}

/// The mark for any characters in a text of a rule.
const ANY: char = '…';

/// The mark for a number in a text of a rule.
const NUMBER: char = '#';

/// Returns `true` if a text of a rule is the whole of an answer's text. A part is not enough: servers quote the names of groups
/// and files, and people choose these names.
fn is_whole(known: &str, text: &str) -> bool {
    let mut parts = known.split(ANY);
    let Some(mut rest) = parts.next().and_then(|first| after(first, text)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(found) = rest.char_indices().find_map(|(at, _)| after(part, &rest[at..])) else { return false };
        rest = found;
    }
    last.is_empty() || rest.char_indices().any(|(at, _)| after(last, &rest[at..]) == Some(""))
}

/// Returns what follows a part without [`ANY`] at the beginning of a text.
fn after<'a>(part: &str, text: &'a str) -> Option<&'a str> {
    let mut pieces = part.split(NUMBER);
    let mut rest = text.strip_prefix(pieces.next()?)?;
    for piece in pieces {
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let end = digits.trim_start_matches(|mark: char| mark.is_ascii_digit());
        rest = (end.len() < digits.len()).then_some(end)?.strip_prefix(piece)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_knows_whole_texts() {
        for (known, text) in [
            ("消息#不存在", "消息-12不存在"),
            ("群(#)成员#不存在", "群(10001000)成员10086不存在"),
            ("头像…设置失败", "头像https://example.com/设置失败.png设置失败"),
            ("uri= …", "uri= /home/me/cat.png"),
            ("…timed out after # ms", "send reply 7 timed out after 15000 ms"),
            ("…transfer failed…", "rich media transfer failed"),
            ("a…b…c", "a b a b c"),
            ("a…bc", "abcbc"),
        ] {
            assert!(is_whole(known, text), "{known}: {text}");
        }
        for (known, text) in [
            ("消息#不存在", "消息不存在"),
            ("消息#不存在", "消息一不存在"),
            ("消息不存在", "群「消息不存在」已满"),
            ("文件不存在", "文件不存在.zip"),
            ("a…b…c", "a c b"),
            ("ab…b", "ab"),
        ] {
            assert!(!is_whole(known, text), "{known}: {text}");
        }
    }

    #[test]
    fn a_text_is_read_without_its_stack() {
        let text = |text: &str| normalized(text).0;
        assert_eq!(text("Error: file not found\n    at GetFile (napcat.mjs:1:2)\n    at b"), "file not found");
        assert_eq!(text(" EventRet:\n{\n    \"result\": 110\n}\n"), "eventret: { \"result\": 110 }");
        assert_eq!(normalized(&"消".repeat(MAX_TEXT)), ("消".repeat(MAX_TEXT), true));
        assert_eq!(normalized(&"消".repeat(MAX_TEXT + 1)), ("消".repeat(MAX_TEXT), false));
    }

    #[test]
    fn an_uncertain_rule_wins_and_words_decide_before_numbers() {
        let meaning = |retcode: i64, texts: &[&str]| {
            let texts = texts.iter().map(|text| text.to_lowercase()).collect();
            Seen { action: "send_msg", retcode: Some(retcode), http_status: None, code: None, texts }.meaning(&[])
        };
        assert_eq!(meaning(1200, &["消息不存在"]), (RefusalKind::NotFound, false));
        assert_eq!(meaning(1200, &["消息不存在", "Timeout: NTEvent x"]), (RefusalKind::Timeout, true));
        assert_eq!(meaning(1400, &["消息不存在"]), (RefusalKind::NotFound, false));
        assert_eq!(meaning(1400, &["Timeout: NTEvent x"]), (RefusalKind::Timeout, true));
        assert_eq!(meaning(1400, &[]), (RefusalKind::BadParams, false));
        assert_eq!(meaning(-5, &["?"]), (RefusalKind::Other, true));
    }

    #[test]
    fn actions_without_a_message_are_listed_in_order() {
        assert!(UNDIVIDED.is_sorted());
        for (action, listed) in
            [("upload_group_file", true), ("set_group_ban", true), ("send_msg", false), ("x", false)]
        {
            assert_eq!(UNDIVIDED.contains(&action), listed, "{action}");
        }
    }
}
