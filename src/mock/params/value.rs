//! Single parameters, converted as go-cqhttp converts them.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use serde_json::value::RawValue;

use crate::mock::schema::{ParamInfo, ParamKind};

/// The entries of a JSON object, in order. A value that is not an object has none.
pub(super) struct GivenParams<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> GivenParams<'a> {
    pub(super) fn read(json: &'a [u8]) -> Self {
        serde_json::from_slice(json).unwrap_or(Self(Vec::new()))
    }

    /// Returns the value of a name; a dotted name leads into an object.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let find = |name: &str| self.0.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
        find(name).or_else(|| {
            let (object, rest) = name.split_once('.')?;
            GivenParams::read(find(object)?.get().as_bytes()).get(rest)
        })
    }

    /// Returns the value of a parameter under the first of its names that is present, even if it is null.
    fn find(&self, param: &ParamInfo) -> Option<&'a RawValue> {
        std::iter::once(&param.name).chain(param.aliases).find_map(|name| self.get(name))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for GivenParams<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = GivenParams<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<GivenParams<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<BorrowedKey<'de>, &RawValue>()? {
                    entries.push((entry.0.0, entry.1));
                }
                Ok(GivenParams(entries))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

/// A name, borrowed unless it contains an escape.
#[derive(Deserialize)]
struct BorrowedKey<'a>(#[serde(borrow)] Cow<'a, str>);

/// A JSON value, with objects and arrays unread.
pub(super) enum PlainValue<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(String),
    /// An object or an array.
    Json(&'a RawValue),
}

impl<'a> PlainValue<'a> {
    pub(super) fn of(value: &'a RawValue) -> Self {
        match value.get().as_bytes() {
            [b'"', ..] => Self::Text(serde_json::from_str(value.get()).unwrap_or_default()),
            [b'{' | b'[', ..] => Self::Json(value),
            [b't' | b'f', ..] => Self::Bool(value.get() == "true"),
            [b'n', ..] => Self::Null,
            _ => Self::Number(value.get()),
        }
    }

    /// Returns a whole number: a fraction is cut off, and a value that is not a number is 0.
    pub(super) fn int(&self) -> i64 {
        match self {
            Self::Bool(flag) => i64::from(*flag),
            // go-cqhttp does not read `+5` as a number.
            Self::Text(text) if !text.starts_with('+') => text.parse().unwrap_or_default(),
            Self::Number(number) => number.parse().unwrap_or_else(|_| number.parse::<f64>().unwrap_or_default() as i64),
            _ => 0,
        }
    }

    /// Returns a number without a sign: a negative number wraps around, and a negative string is 0.
    fn uint(&self) -> u64 {
        match self {
            Self::Text(text) if !text.starts_with('+') => text.parse().unwrap_or_default(),
            Self::Number(number) => number.parse().unwrap_or_else(|_| self.int() as u64),
            _ => self.int() as u64,
        }
    }

    fn float(&self) -> f64 {
        let number = match self {
            Self::Bool(flag) => f64::from(*flag),
            Self::Text(text) => text.parse().unwrap_or_default(),
            Self::Number(number) => number.parse().unwrap_or_default(),
            _ => 0.0,
        };
        if number.is_finite() { number } else { 0.0 }
    }

    fn flag(&self) -> bool {
        match self {
            Self::Bool(flag) => *flag,
            Self::Number(_) => self.float() != 0.0,
            Self::Text(text) => ["1", "t", "true"].iter().any(|yes| text.eq_ignore_ascii_case(yes)),
            _ => false,
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(flag) => flag.to_string(),
            Self::Number(number) => (*number).to_owned(),
            Self::Text(text) => text.clone(),
            Self::Json(value) => value.get().to_owned(),
        }
    }
}

/// A parameter in the form of its request type.
pub(super) enum ParamValue<'a> {
    Missing,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    Json(&'a RawValue),
    Segment(Box<RawValue>),
    List(Vec<ParamValue<'a>>),
}

impl<'a> ParamValue<'a> {
    /// Returns `None` if an optional parameter was not given.
    pub(super) fn read(param: &ParamInfo, given: &GivenParams<'a>) -> Option<Self> {
        let value = match (given.find(param), param.default) {
            (Some(value), _) => value,
            (None, Some(default)) => serde_json::from_str(default).ok()?,
            (None, None) if param.required => RawValue::NULL,
            (None, None) => return None,
        };
        Some(match (param.kind, param.list) {
            (ParamKind::Message, false) => Self::message(value, given),
            (kind, false) => Self::one(kind, value),
            (kind, true) => Self::many(kind, value),
        })
    }

    fn one(kind: ParamKind, value: &'a RawValue) -> Self {
        let plain = PlainValue::of(value);
        match kind {
            ParamKind::Bool => Self::Bool(plain.flag()),
            ParamKind::I32 => Self::Int((plain.int() as i32).into()),
            ParamKind::I64 => Self::Int(plain.int().into()),
            ParamKind::U32 => Self::Int((plain.uint() as u32).into()),
            ParamKind::U64 => Self::Int(plain.uint().into()),
            ParamKind::F64 => Self::Float(plain.float()),
            ParamKind::String => Self::Text(plain.text()),
            ParamKind::Message | ParamKind::Json => match plain {
                PlainValue::Null => Self::Missing,
                _ => Self::Json(value),
            },
        }
    }

    /// Reads a list. A string is split into lines, and an object is a list of itself.
    fn many(kind: ParamKind, value: &'a RawValue) -> Self {
        match PlainValue::of(value) {
            PlainValue::Json(json) if json.get().starts_with('[') => {
                let items: Vec<&RawValue> = serde_json::from_str(json.get()).unwrap_or_default();
                Self::List(items.into_iter().map(|item| Self::one(kind, item)).collect())
            }
            PlainValue::Json(_) if kind == ParamKind::Json => Self::List(vec![Self::Json(value)]),
            PlainValue::Text(text) if kind == ParamKind::String && !text.is_empty() => {
                Self::List(text.split("\r\n").map(|line| Self::Text(line.to_owned())).collect())
            }
            _ if kind == ParamKind::Json => Self::Missing,
            _ => Self::List(Vec::new()),
        }
    }

    /// Reads a message: CQ codes, one segment or a list of segments. With `auto_escape`, CQ codes are plain text.
    fn message(value: &'a RawValue, given: &GivenParams<'a>) -> Self {
        let plain = PlainValue::of(value);
        if matches!(plain, PlainValue::Json(_)) {
            let empty = serde_json::from_str::<[IgnoredAny; 0]>(value.get()).is_ok();
            return if empty { Self::List(Vec::new()) } else { Self::Json(value) };
        }
        let text = plain.text();
        let as_it_is = given.get("auto_escape").is_some_and(|flag| PlainValue::of(flag).flag());
        if !as_it_is || text.is_empty() {
            return Self::Text(text);
        }
        let segment = json!({ "type": "text", "data": { "text": text } });
        Self::List(serde_json::value::to_raw_value(&segment).map(Self::Segment).into_iter().collect())
    }

    /// Returns `true` for the zero value, which is not valid for a required id or text.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Missing | Self::Int(0) => true,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            _ => false,
        }
    }
}

impl Serialize for ParamValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => serializer.serialize_unit(),
            Self::Bool(flag) => flag.serialize(serializer),
            Self::Int(number) => match i64::try_from(*number) {
                Ok(number) => number.serialize(serializer),
                Err(_) => (*number as u64).serialize(serializer),
            },
            Self::Float(number) => number.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
            Self::Json(json) => json.serialize(serializer),
            Self::Segment(json) => json.serialize(serializer),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
        }
    }
}

pub(super) struct ParamObject<'a>(pub(super) &'a [(&'static str, ParamValue<'a>)]);

impl Serialize for ParamObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}
