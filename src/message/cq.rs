//! CQ codes: the text form of messages.
//!
//! The text is split first and each value unescaped afterwards, so that `&#91;CQ:at,qq=all&#93;` never becomes a code.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr;
use serde_json::value::RawValue;

use crate::generated::segment::{Segment, Text};
use crate::segment::codec::Segments;
use crate::segment::escape::{escape_text, escape_value, unescape};
use crate::segment::extra::Extra;
use crate::segment::fields::Fields;
use crate::segment::item::{Item, Written, with_digits};
use crate::segment::unknown::UnknownSegment;

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
    /// The code before the rest.
    code: Option<Code<'a>>,
}

/// The type and the fields of a code.
type Code<'a> = (&'a str, CqFields<'a>);

impl<'a> CqParts<'a> {
    pub(super) fn new(codes: &'a str) -> Self {
        Self { rest: codes, code: None }
    }
}

impl<'a> Iterator for CqParts<'a> {
    type Item = CqPart<'a>;

    fn next(&mut self) -> Option<CqPart<'a>> {
        if self.code.is_none() {
            let (text, code, rest) = next_code(self.rest, parse_code);
            self.rest = rest;
            self.code = code;
            if !text.is_empty() {
                return Some(CqPart::Text(unescape(text)));
            }
        }
        self.code.take().map(|(kind, fields)| CqPart::Code { kind, fields })
    }
}

/// Returns the text before the next code, what `parse` makes of the characters between `[CQ:` and `]`, and the text after the
/// code. A code for which `parse` returns `None` is malformed, and belongs to the text around it.
fn next_code<'a, C>(codes: &'a str, mut parse: impl FnMut(&'a str) -> Option<C>) -> (&'a str, Option<C>, &'a str) {
    let mut text_end = 0;
    while let Some(bracket) = memchr(b'[', &codes.as_bytes()[text_end..]) {
        let start = text_end + bracket;
        let Some(code) = codes[start..].strip_prefix(OPENING) else {
            text_end = start + 1;
            continue;
        };
        let Some((inner, rest)) = split_at(code, memchr(b']', code.as_bytes())) else { break };
        if let Some(parsed) = parse(inner) {
            return (&codes[..start], Some(parsed), rest);
        }
        text_end = codes.len() - rest.len();
    }
    (codes, None, "")
}

/// Parses the characters between `[CQ:` and `]`; `None` if the code is malformed.
fn parse_code(inner: &str) -> Option<Code<'_>> {
    let Some((kind, fields)) = split_at(inner, comma(inner)) else { return Some((inner, CqFields { rest: None })) };
    let code = CqFields { rest: Some(fields) };
    let mut rest = Some(fields);
    while let Some(fields) = rest {
        rest = split_field(fields)?.2;
    }
    Some((kind, code))
}

/// Parses the characters between `[CQ:` and `]` into empty `fields`, and returns the type; `None` if the code is malformed.
fn read_code<'a>(inner: &'a str, fields: &mut Fields<'a>) -> Option<&'a str> {
    let Some((kind, values)) = split_at(inner, comma(inner)) else { return Some(inner) };
    let mut rest = Some(values);
    while let Some(values) = rest {
        let Some((name, value, others)) = split_field(values) else {
            fields.clear();
            return None;
        };
        fields.push(name, Item::Escaped(value));
        rest = others;
    }
    Some(kind)
}

/// Splits the fields of a code into the first one's name, its value and the other fields; `None` if it has no value.
fn split_field(fields: &str) -> Option<(&str, &str, Option<&str>)> {
    // Names are short.
    let end = fields.bytes().position(|byte| matches!(byte, b'=' | b','))?;
    let (name, value) = (&fields[..end], fields[end..].strip_prefix('=')?);
    Some(match split_at(value, comma(value)) {
        Some((value, others)) => (name, value, Some(others)),
        None => (name, value, None),
    })
}

/// The number of bytes that are looked at one by one before a search begins, which is faster in long values.
const SHORT: usize = 16;

fn comma(text: &str) -> Option<usize> {
    let (short, long) = text.as_bytes().split_at(text.len().min(SHORT));
    short.iter().position(|byte| *byte == b',').or_else(|| memchr(b',', long).map(|at| short.len() + at))
}

/// Splits a text at an ASCII character, which is left out.
fn split_at(text: &str, at: Option<usize>) -> Option<(&str, &str)> {
    at.map(|at| (&text[..at], &text[at + 1..]))
}

/// An iterator over the names and values of a CQ code. The values are unescaped.
#[derive(Clone, Debug, PartialEq)]
pub struct CqFields<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for CqFields<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value, rest) = split_field(self.rest?)?;
        self.rest = rest;
        Some((name, unescape(value)))
    }
}

pub(super) fn read(codes: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    // The memory is used for one code after the other.
    let mut fields = Fields::default();
    let mut rest = codes;
    while !rest.is_empty() {
        let (text, kind, after) = next_code(rest, |inner| read_code(inner, &mut fields));
        if !text.is_empty() {
            segments.push(Segment::Text(Text::new(unescape(text))));
        }
        if let Some(kind) = kind {
            let segment = <Segment as Segments>::read(kind, &mut fields)
                .unwrap_or_else(|| Segment::Unknown(UnknownSegment { kind: kind.to_owned(), data: fields.all() }));
            segments.push(segment);
        }
        rest = after;
    }
    segments
}

pub(super) fn write(segments: &[Segment]) -> Result<String, CqError> {
    let length = |segment: &Segment| segment.as_text().map_or(USUAL_LENGTH, str::len);
    let mut out = String::with_capacity(segments.iter().map(length).sum());
    for (index, segment) in segments.iter().enumerate() {
        write_segment(segment, &mut out).map_err(|why| CqError { index, kind: segment.kind().to_owned(), why })?;
    }
    Ok(out)
}

/// A usual length of a code, for which memory is allocated in advance.
const USUAL_LENGTH: usize = 32;

fn write_segment(segment: &Segment, out: &mut String) -> Result<(), CqProblem> {
    let extra = Segments::extra(segment).filter(|extra| !extra.is_empty());
    match segment {
        Segment::Unknown(_) => write_canonical(segment, out),
        _ if extra.is_some() => write_canonical(segment, out),
        Segment::Text(text) => {
            escape_text(&text.text, out);
            Ok(())
        }
        _ => write_code(segment, out),
    }
}

/// Writes the canonical form of a segment: its unknown fields may include a known one in another form.
fn write_canonical(segment: &Segment, out: &mut String) -> Result<(), CqProblem> {
    if Segments::extra(segment).is_some_and(|extra| extra.rest().is_some()) {
        return Err(CqProblem::Beside);
    }
    match canonical_segment(segment) {
        Segment::Text(text) if text.extra.is_empty() => {
            escape_text(&text.text, out);
            Ok(())
        }
        code => write_code(&code, out),
    }
}

fn write_code(segment: &Segment, out: &mut String) -> Result<(), CqProblem> {
    let kind = segment.kind();
    if kind.bytes().any(|byte| matches!(byte, b',' | b']')) {
        return Err(CqProblem::Type);
    }
    out.push_str(OPENING);
    out.push_str(kind);
    let (mut node, mut outcome) = (false, Ok(()));
    segment.each(&mut |name, value| {
        if outcome.is_ok() && name.bytes().any(|byte| matches!(byte, b',' | b']' | b'=')) {
            outcome = Err(CqProblem::Name(name.to_owned()));
        }
        out.push(',');
        out.push_str(name);
        out.push('=');
        node |= is_node_content(segment, name, &value);
        match value {
            Written::Number(number) => with_digits(number, |digits| out.push_str(digits)),
            value => escape_value(&text_of(value), out),
        }
    });
    out.push(']');
    if node { Err(CqProblem::Node) } else { outcome }
}

/// Converts a value to text: a string stays unchanged, null becomes `""`, any other value its JSON.
fn text_of(value: Written<'_>) -> Cow<'_, str> {
    match value {
        Written::Text(text) => text,
        Written::Number(number) => Cow::Owned(with_digits(number, str::to_owned)),
        Written::Json(json) => match json.get().as_bytes().first() {
            // A lone surrogate has no text form: it stays escaped.
            Some(b'"') => serde_json::from_str(json.get()).map_or_else(|_| own_text(json), Cow::Owned),
            Some(b'n') | None => Cow::Borrowed(""),
            Some(_) => own_text(json),
        },
    }
}

/// Returns JSON text as it is.
fn own_text(json: Cow<'_, RawValue>) -> Cow<'_, str> {
    match json {
        Cow::Borrowed(json) => Cow::Borrowed(json.get()),
        Cow::Owned(json) => Cow::Owned(json.get().to_owned()),
    }
}

/// Returns `true` for the messages inside a node, which as text would be one message.
fn is_node_content(segment: &Segment, name: &str, value: &Written<'_>) -> bool {
    let is_message = |json: &RawValue| json.get().starts_with(['[', '{']);
    matches!(value, Written::Json(json) if is_message(json)) && segment.kind() == "node" && name == "content"
}

fn canonical_segment(segment: &Segment) -> Segment {
    let mut fields = Fields::with_rest(segment.extra().and_then(Extra::rest));
    segment.each(&mut |name, value| {
        let is_node = is_node_content(segment, name, &value);
        let item = match value {
            Written::Json(json) if is_node => Item::Json(Cow::Owned(json.into_owned())),
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
