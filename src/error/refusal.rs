//! The meaning of refusals, by the rules of the schema.

use crate::generated::refusal::{RULES, RefusalKind};

/// A rule by which a refusal is recognised. Only generated code constructs it. Every list that is not empty must hold by one of
/// its values.
#[derive(Debug)]
pub struct RefusalRule {
    /// The meaning.
    pub kind: RefusalKind,
    /// Set if the action may have been carried out.
    pub uncertain: bool,
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
    /// Parts of a text of the answer, in lower case. `…` stands for a few characters.
    pub texts: &'static [&'static str],
}

impl RefusalRule {
    /// A rule that any refusal matches.
    pub const ANY: Self = Self {
        kind: RefusalKind::Other,
        uncertain: true,
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
        holds(self.retcodes, Some(seen.retcode))
            && holds(self.http_statuses, seen.http_status)
            && self.over_http.is_none_or(|http| http == seen.http_status.is_some())
            && holds(self.actions, Some(seen.action))
            && holds(self.codes, seen.code)
            && (self.texts.is_empty()
                || seen.texts.iter().any(|text| self.texts.iter().any(|part| stands_in(part, text))))
    }
}

/// The parts of a refusal that rules look at.
pub(super) struct Seen<'a> {
    pub(super) action: &'a str,
    pub(super) retcode: i64,
    /// `None` over a WebSocket.
    pub(super) http_status: Option<u16>,
    /// The value of `msg`.
    pub(super) code: Option<&'a str>,
    /// The texts of the answer, in lower case.
    pub(super) texts: Vec<String>,
}

impl Seen<'_> {
    /// Returns the meaning, and whether the action may have been carried out, by the rules of this crate and `further` rules. Of several rules that match, an uncertain one
    /// wins, then one that looks at the server's words, then the first.
    pub(super) fn meaning(&self, further: &[RefusalRule]) -> (RefusalKind, bool) {
        let matching = RULES.iter().chain(further).filter(|rule| rule.matches(self));
        let rule = matching.min_by_key(|rule| (!rule.uncertain, !rule.has_words()));
        let rule = rule.unwrap_or(&RefusalRule::ANY);
        (rule.kind, rule.uncertain)
    }
}

/// The mark for any few characters in a text.
const ANY: char = '…';

/// The greatest number of characters that [`ANY`] stands for.
const MAX_ANY: usize = 60;

/// Returns `true` if a part stands in a text.
fn stands_in(part: &str, text: &str) -> bool {
    let Some((first, rest)) = part.split_once(ANY) else { return text.contains(part) };
    text.match_indices(first).any(|(at, _)| follows(rest, &text[at + first.len()..]))
}

/// Returns `true` if the rest of a part follows within a few characters of the same line.
fn follows(rest: &str, text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let next = rest.split(ANY).next().unwrap_or_default();
    let found = line.match_indices(next).take_while(|(at, _)| line[..*at].chars().count() <= MAX_ANY);
    match rest.split_once(ANY) {
        None => found.count() > 0,
        Some((_, further)) => found.into_iter().any(|(at, _)| follows(further, &line[at + next.len()..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_characters_may_stand_between_parts() {
        for (part, text) in [
            ("消息…不存在", "消息不存在"),
            ("消息…不存在", "错误: 消息123不存在!"),
            ("群(…)成员…不存在", "群(10001000)成员10086不存在"),
            ("a…b…c", "a b a b c"),
        ] {
            assert!(stands_in(part, text), "{part} in {text}");
        }
        let far = format!("消息{}不存在", "1".repeat(61));
        for (part, text) in [
            ("消息…不存在", &*far),
            ("消息…不存在", "不存在的消息"),
            ("消息…不存在", "消息\n不存在"),
            ("a…b…c", "a c b"),
        ] {
            assert!(!stands_in(part, text), "{part} in {text}");
        }
    }

    #[test]
    fn an_uncertain_rule_wins_and_words_decide_before_numbers() {
        let meaning = |retcode, texts: &[&str]| {
            let texts = texts.iter().map(|text| text.to_lowercase()).collect();
            Seen { action: "send_msg", retcode, http_status: None, code: None, texts }.meaning(&[])
        };
        assert_eq!(meaning(1200, &["消息不存在"]), (RefusalKind::NotFound, false));
        assert_eq!(meaning(1200, &["消息不存在", "Timeout: NTEvent x"]), (RefusalKind::Timeout, true));
        assert_eq!(meaning(1400, &["消息不存在"]), (RefusalKind::NotFound, false));
        assert_eq!(meaning(1400, &[]), (RefusalKind::BadParams, false));
        assert_eq!(meaning(-5, &["?"]), (RefusalKind::Other, true));
    }
}
