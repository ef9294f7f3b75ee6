//! CQ codes: the text form of messages.
//!
//! The text is split first and each value unescaped afterwards, so that `&#91;CQ:at,qq=all&#93;` never becomes a code.

use std::borrow::Cow;
use std::fmt;

use memchr::{memchr, memchr2};
use serde_json::value::RawValue;

use crate::generated::segment::{Segment, Text};
use crate::segment::codec::Segments;
use crate::segment::extra::Extra;
use crate::segment::fields::{Fields, Item};
use crate::segment::writing::Written;

/// The start of a code.
const OPENING: &str = "[CQ:";

/// A part of a text with CQ codes: see [`Message::cq_parts`](crate::Message::cq_parts).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CqPart<'a> {
    /// Plain text, unescaped.
    Text(Cow<'a, str>),
    /// A code.
    Code {
        /// The code's type.
        kind: &'a str,
        /// The code's names and values.
        fields: CqFields<'a>,
    },
}

/// An iterator over the parts of a text with CQ codes: see [`Message::cq_parts`](crate::Message::cq_parts).
#[derive(Clone, Debug)]
pub struct CqParts<'a> {
    rest: &'a str,
}

impl<'a> CqParts<'a> {
    pub(super) fn new(codes: &'a str) -> Self {
        Self { rest: codes }
    }
}

impl<'a> Iterator for CqParts<'a> {
    type Item = CqPart<'a>;

    fn next(&mut self) -> Option<CqPart<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        // A malformed code belongs to the text around it.
        let mut text_end = 0;
        loop {
            let Some(bracket) = memchr(b'[', &self.rest.as_bytes()[text_end..]) else {
                return Some(self.text(self.rest.len()));
            };
            let start = text_end + bracket;
            if !self.rest[start..].starts_with(OPENING) {
                text_end = start + 1;
                continue;
            }
            let inner = start + OPENING.len();
            let Some(length) = memchr(b']', &self.rest.as_bytes()[inner..]) else {
                return Some(self.text(self.rest.len()));
            };
            let Some((kind, fields)) = parse_code(&self.rest[inner..inner + length]) else {
                text_end = inner + length + 1;
                continue;
            };
            if start > 0 {
                return Some(self.text(start));
            }
            self.rest = &self.rest[inner + length + 1..];
            return Some(CqPart::Code { kind, fields });
        }
    }
}

impl<'a> CqParts<'a> {
    fn text(&mut self, end: usize) -> CqPart<'a> {
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        CqPart::Text(unescape(text))
    }
}

/// Parses the characters between `[CQ:` and `]`; `None` if the code is malformed.
fn parse_code(inner: &str) -> Option<(&str, CqFields<'_>)> {
    let Some((kind, fields)) = inner.split_once(',') else { return Some((inner, CqFields { rest: None })) };
    fields.split(',').all(|field| field.contains('=')).then_some((kind, CqFields { rest: Some(fields) }))
}

/// An iterator over the names and values of a CQ code. The values are unescaped.
#[derive(Clone, Debug, PartialEq)]
pub struct CqFields<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for CqFields<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let (field, rest) = rest.split_once(',').map_or((rest, None), |(field, rest)| (field, Some(rest)));
        self.rest = rest;
        let (name, value) = field.split_once('=')?;
        Some((name, unescape(value)))
    }
}

/// Unescapes a text or a value. A comma need be escaped in values alone, but SnowLuma escapes it in texts as well.
fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut next = Some(first);
    while let Some(at) = next {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let (meant, length) = match rest.as_bytes() {
            [b'&', b'#', b'9', b'1', b';', ..] => ('[', 5),
            [b'&', b'#', b'9', b'3', b';', ..] => (']', 5),
            [b'&', b'#', b'4', b'4', b';', ..] => (',', 5),
            [b'&', b'a', b'm', b'p', b';', ..] => ('&', 5),
            _ => ('&', 1),
        };
        plain.push(meant);
        rest = &rest[length..];
        next = memchr(b'&', rest.as_bytes());
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Appends a text with its special characters escaped.
fn escape(text: &str, value: bool, out: &mut String) {
    let special = |byte: u8| matches!(byte, b'&' | b'[' | b']') || value && byte == b',';
    let mut begin = 0;
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| special(*byte)) {
        out.push_str(&text[begin..at]);
        out.push_str(match byte {
            b'&' => "&amp;",
            b'[' => "&#91;",
            b']' => "&#93;",
            _ => "&#44;",
        });
        begin = at + 1;
    }
    out.push_str(&text[begin..]);
}

pub(super) fn read(codes: &str) -> Vec<Segment> {
    let segments = CqParts::new(codes).map(|part| match part {
        CqPart::Text(text) => Segment::Text(Text::new(text)),
        CqPart::Code { kind, fields } => {
            let mut data = Fields::default();
            for (name, value) in fields {
                data.push(name, Item::Text(value));
            }
            Segment::from_fields(kind, data)
        }
    });
    segments.collect()
}

pub(super) fn write(segments: &[Segment]) -> Result<String, CqError> {
    let mut out = String::new();
    for (index, segment) in segments.iter().enumerate() {
        write_segment(segment, &mut out).map_err(|why| CqError { index, kind: segment.kind().to_owned(), why })?;
    }
    Ok(out)
}

fn write_segment(segment: &Segment, out: &mut String) -> Result<(), CqProblem> {
    if let Segment::Text(text) = segment
        && text.extra.is_empty()
    {
        escape(&text.text, false, out);
        return Ok(());
    }
    if segment.extra().is_some_and(|extra| extra.rest().is_some()) {
        return Err(CqProblem::Beside);
    }
    // Unknown fields may include a known one in another form: the code shows the canonical form.
    let other = segment.extra().is_some_and(|extra| !extra.is_empty()) || matches!(segment, Segment::Unknown(_));
    let canonical = other.then(|| canonical_segment(segment));
    let segment = canonical.as_ref().unwrap_or(segment);
    if let Segment::Text(text) = segment
        && text.extra.is_empty()
    {
        escape(&text.text, false, out);
        return Ok(());
    }
    if memchr2(b',', b']', segment.kind().as_bytes()).is_some() {
        return Err(CqProblem::Type);
    }
    out.push_str(OPENING);
    out.push_str(segment.kind());
    let mut outcome = Ok(());
    let mut field = |name: &str, value: &str| {
        if name.contains([',', ']', '=']) && outcome.is_ok() {
            outcome = Err(CqProblem::Name(name.to_owned()));
        }
        out.push(',');
        out.push_str(name);
        out.push('=');
        escape(value, true, out);
    };
    let mut node = false;
    segment.each(&mut |name, value| {
        node |= is_node_content(segment, name, &value);
        field(name, &text_of(value));
    });
    out.push(']');
    if node { Err(CqProblem::Node) } else { outcome }
}

/// Converts a value to text: a string stays unchanged, null becomes `""`, any other value its JSON.
fn text_of(value: Written<'_>) -> Cow<'_, str> {
    match value {
        Written::Text(text) => text,
        Written::Json(json) => match json.get().as_bytes().first() {
            // A lone surrogate has no text form: it stays escaped.
            Some(b'"') => serde_json::from_str(json.get()).map_or(Cow::Borrowed(json.get()), Cow::Owned),
            Some(b'n') | None => Cow::Borrowed(""),
            Some(_) => Cow::Borrowed(json.get()),
        },
    }
}

/// Returns `true` for the messages inside a node, which as text would be one message.
fn is_node_content(segment: &Segment, name: &str, value: &Written<'_>) -> bool {
    let is_message = |json: &RawValue| json.get().starts_with(['[', '{']);
    segment.kind() == "node" && name == "content" && matches!(value, Written::Json(json) if is_message(json))
}

fn canonical_segment(segment: &Segment) -> Segment {
    let mut fields = Fields::with_rest(segment.extra().and_then(Extra::rest));
    segment.each(&mut |name, value| {
        let item = match value {
            Written::Json(json) if is_node_content(segment, name, &value) => Item::Json(Cow::Owned(json.to_owned())),
            value => Item::Text(text_of(value)),
        };
        fields.push(name, item);
    });
    Segment::from_fields(segment.kind(), fields)
}

pub(super) fn canonical(segments: &[Segment]) -> Vec<Segment> {
    let mut whole = Vec::new();
    for segment in segments {
        match (canonical_segment(segment), whole.last_mut()) {
            (Segment::Text(text), _) if text.text.is_empty() && text.extra.is_empty() => {}
            (Segment::Text(text), Some(Segment::Text(last))) if text.extra.is_empty() && last.extra.is_empty() => {
                last.text.push_str(&text.text);
            }
            (segment, _) => whole.push(segment),
        }
    }
    whole
}

/// The error for a segment that cannot be written as a CQ code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CqError {
    index: usize,
    kind: String,
    why: CqProblem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum CqProblem {
    Node,
    Type,
    Name(String),
    Beside,
}

impl fmt::Display for CqError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment {} (`{}`) has no form as a CQ code: ", self.index, self.kind)?;
        match &self.why {
            CqProblem::Node => f.write_str("a node holds a whole message"),
            CqProblem::Type => f.write_str("its type holds `,` or `]`"),
            CqProblem::Name(name) => write!(f, "the name `{name}` holds `,`, `]` or `=`"),
            CqProblem::Beside => f.write_str("it is not an object with `type` and `data` alone"),
        }
    }
}

impl std::error::Error for CqError {}
