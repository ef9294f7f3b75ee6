//! YAML text → [`Node`]s, and places in it → line and column. The only file that knows serde_yaml.

use std::fmt;
use std::ops::Range;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A value of a file, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// What a YAML value can be here: what JSON knows, with the keys of a mapping in order and repeated ones kept.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// The value under a key, if this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.value.get(key)
    }
}

impl Value {
    /// The text, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value under a key, if this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// The value in words: "the number 3".
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".into(),
            Self::Bool(value) => format!("`{value}`"),
            Self::Int(value) => format!("the number {value}"),
            Self::Float(value) => format!("the number {value:?}"),
            Self::Text(value) if value.is_empty() => "an empty string".into(),
            Self::Text(value) if value.chars().count() > 40 => {
                format!("the string {:?}", value.chars().take(39).chain(['…']).collect::<String>())
            }
            Self::Text(value) => format!("the string {value:?}"),
            Self::List(items) if items.is_empty() => "an empty list".into(),
            Self::List(_) => "a list".into(),
            Self::Map(_) => "a mapping".into(),
        }
    }
}

/// As JSON, keys in the file's order.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => match u64::try_from(*value) {
                Ok(value) => serializer.serialize_u64(value),
                Err(_) => serializer.serialize_i64(*value as i64),
            },
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Text(value) => serializer.serialize_str(value),
            Value::List(items) => serializer.collect_seq(items),
            Value::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    match &key.value {
                        Value::Text(key) => map.serialize_entry(key, value)?,
                        other => map.serialize_entry(&other.describe(), value)?,
                    }
                }
                map.end()
            }
        }
    }
}

/// The way from a file's root to a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(Vec<Step>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Item(usize),
    Key(usize),
    Value(usize),
}

impl Place {
    fn then(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }
}

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
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, SyntaxFault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        SyntaxFault::new(
            line_column(&good, good.len()),
            format!("the byte {:#04x} is no UTF-8", bytes[error.valid_up_to()]),
            "save the file as UTF-8",
        )
    })
}

/// Characters that editors do not show, or that YAML takes for line breaks and editors do not: the first of each line.
fn stray_characters(text: &str) -> Vec<SyntaxFault> {
    let stray = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
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

/// Where places are in a text.
///
/// serde_yaml tells the place of an error and of nothing else, so the way is walked once more and fails on purpose at
/// its end. With many places in one text that takes the stanzas one by one: each is a text of its own.
pub(crate) struct Locator<'t> {
    text: &'t str,
    /// Where each stanza begins, and on which line; empty where stanzas cannot be told apart by their lines.
    stanzas: Vec<(usize, usize)>,
}

impl<'t> Locator<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let begins = |line: &str| line.starts_with("- ") || line.trim_end() == "-";
        // All begin where the first one does.
        let first = text.lines().find(|line| begins(line.trim_start()));
        let indent = first.map_or("", |line| &line[..line.len() - line.trim_start().len()]);
        let mut stanzas = Vec::new();
        let mut offset = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            if line.strip_prefix(indent).is_some_and(begins) {
                stanzas.push((offset, index + 1));
            }
            offset += line.len();
        }
        // Such a line within a quoted text is no stanza.
        let items = serde_yaml::Deserializer::from_str(text).next().map(Vec::<IgnoredAny>::deserialize);
        if !matches!(items, Some(Ok(items)) if items.len() == stanzas.len()) {
            stanzas.clear();
        }
        Self { text, stanzas }
    }

    /// Line and column, from 1, at which a place begins.
    pub(crate) fn locate(&self, place: &Place) -> (usize, usize) {
        let Some((&Step::Item(index), rest)) = place.0.split_first() else { return locate(self.text, &place.0) };
        let Some(&(start, first_line)) = self.stanzas.get(index) else { return locate(self.text, &place.0) };
        let end = self.stanzas.get(index + 1).map_or(self.text.len(), |(end, _)| *end);
        let within: Vec<Step> = [Step::Item(0)].into_iter().chain(rest.iter().copied()).collect();
        let (line, column) = locate(&self.text[start..end], &within);
        (first_line + line - 1, column)
    }
}

fn locate(text: &str, place: &[Step]) -> (usize, usize) {
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let found = documents.next().map(|document| Locate(place).deserialize(document));
    match found {
        Some(Err(error)) => error.location().map_or((1, 1), |at| (at.line(), at.column())),
        _ => (1, 1),
    }
}

fn document(text: &str) -> Result<Node, serde_yaml::Error> {
    match serde_yaml::Deserializer::from_str(text).next() {
        Some(document) => ReadNode(Place::default()).deserialize(document),
        None => Ok(Node { value: Value::Null, place: Place::default() }),
    }
}

fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// What serde_yaml says, with a hint of ours. It reads `problem at line 3 column 8, while doing this at line 2 column 1`.
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
        // What is never closed is found missing at the end of the file.
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

/// What would be right; `before` is what stands on the line before the fault.
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
        // Within the name of another it is none itself.
        if let Some((_, places)) = parts.last_mut()
            && places.last().is_none_or(|before: &Range<usize>| !before.contains(&at))
        {
            places.push(at..end);
        }
    }
    let found = parts.iter().flat_map(|(part, places)| meant(text, part, places));
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

/// Those of the places in a part that are no text. All are tried at once, for mostly there is none, and then by halves.
fn meant(text: &str, part: &Range<usize>, places: &[Range<usize>]) -> Vec<Range<usize>> {
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
            [meant(text, part, before), meant(text, part, after)].concat()
        }
    }
}

/// The stanza around a place, so that not the whole file is parsed for each; the file where the stanza does not parse by
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

/// Reads any value, noting its place.
struct ReadNode(Place);

impl<'de> DeserializeSeed<'de> for ReadNode {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let place = self.0.clone();
        deserializer.deserialize_any(self).map(|value| Node { value, place })
    }
}

impl<'de> Visitor<'de> for ReadNode {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    /// What a file without any value is.
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(i128::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(ReadNode(self.0.then(Step::Item(list.len()))))? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key_seed(ReadNode(self.0.then(Step::Key(map.len()))))? {
            let value = entries.next_value_seed(ReadNode(self.0.then(Step::Value(map.len()))))?;
            map.push((key, value));
        }
        Ok(Value::Map(map))
    }

    /// A value with a tag; the tag is reported by `sigils`.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (IgnoredAny, content) = tagged.variant()?;
        content.newtype_variant_seed(self).map(|node| node.value)
    }
}

/// Walks a place's steps and fails at its end: the error carries line and column.
struct Locate<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for Locate<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Locate<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the place looked for")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((&Step::Item(index), rest)) = self.0.split_first() else {
            return Err(de::Error::custom("here"));
        };
        for _ in 0..index {
            items.next_element::<IgnoredAny>()?;
        }
        items.next_element_seed(Locate(rest)).map(drop)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let (index, key, rest) = match self.0.split_first() {
            Some((&Step::Key(index), rest)) => (index, true, rest),
            Some((&Step::Value(index), rest)) => (index, false, rest),
            _ => return Err(de::Error::custom("here")),
        };
        for _ in 0..index {
            entries.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        if key {
            return entries.next_key_seed(Locate(rest)).map(drop);
        }
        entries.next_key::<IgnoredAny>()?;
        entries.next_value_seed(Locate(rest))
    }
}
