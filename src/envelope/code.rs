//! The codes in an answer: the retcode of its envelope, and QQ's own code within its `data`.

use std::borrow::Cow;

use crate::decode::{self, Context, Found, Sink, Stop, Value};

/// QQ's code in the `data` of an answer.
pub(super) enum SoftStatus {
    /// The code is 0.
    Success,
    /// The code is not 0, or the server says that it did not ask QQ: then the code is 0.
    Refused { code: i64, text: Option<String> },
    /// There is no code.
    Unknown,
}

impl SoftStatus {
    /// Reads the body of an answer. A code other than 0 counts wherever it is, also if its name comes twice.
    pub(super) fn of(body: &[u8]) -> serde_json::Result<Self> {
        let mut objects = Vec::new();
        decode::whole(body, &mut Context::default(), |value, _| {
            objects.clear();
            let (place, key) = (Place::Envelope, SoftKey::Within(Place::Data));
            value.read(&mut Parts { place, at: 0, objects: &mut objects, key })?;
            Ok(())
        })?;
        if let Some(object) = objects.iter_mut().find(|object| object.is_refusal()) {
            let text = object.text.take().map(|(_, text)| text).or_else(|| object.message.take());
            return Ok(Self::Refused { code: object.code.unwrap_or_default(), text });
        }
        let has_code = objects.iter().any(|object| object.code.is_some());
        Ok(if has_code { Self::Success } else { Self::Unknown })
    }
}

/// The names of the code.
const CODES: [&str; 4] = ["result", "errCode", "errorCode", "retCode"];

/// The names of its text, the best first.
const TEXTS: [&str; 5] = ["errMsg", "errMs", "clientWording", "wording", "retMsg"];

/// The place of an object in an answer. NapCat passes on the objects of QQ's client, some of which hold the code in a further object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Envelope,
    Data,
    /// The result for a list of files, which holds the code in an object.
    Files,
    Inner,
}

impl Place {
    /// Returns the place of the object under a key, if it is looked into.
    fn within(self, key: &str) -> Option<Self> {
        match (self, key) {
            (Self::Envelope, "data") => Some(Self::Data),
            (Self::Data, "transGroupFileResult") => Some(Self::Files),
            (Self::Data, "result" | "response") | (Self::Files, "result") => Some(Self::Inner),
            _ => None,
        }
    }
}

/// The code of one object, and its text.
#[derive(Default)]
struct Object {
    code: Option<i64>,
    /// The text, and the index of its name.
    text: Option<(usize, String)>,
    /// Set by NapCat's `valid: false`, about a user that it does not ask QQ to delete.
    is_invalid: bool,
    /// The text beside it.
    message: Option<String>,
}

impl Object {
    fn is_refusal(&self) -> bool {
        self.code.is_some_and(|code| code != 0) || self.is_invalid
    }
}

/// The keys that are read.
#[derive(Clone, Copy)]
enum SoftKey {
    Code,
    Text(usize),
    Valid,
    Message,
    Within(Place),
}

/// The parts of one object while it is read.
struct Parts<'o> {
    place: Place,
    /// The index of the object.
    at: usize,
    objects: &'o mut Vec<Object>,
    /// The key of the entry that comes next.
    key: SoftKey,
}

impl<'de> Sink<'de> for Parts<'_> {
    fn key(&mut self, key: Cow<'de, str>) -> bool {
        let within = self.place.within(&key).map(SoftKey::Within);
        let of_object = || match &*key {
            code if CODES.contains(&code) => Some(SoftKey::Code),
            "valid" if self.place == Place::Data => Some(SoftKey::Valid),
            "message" if self.place == Place::Data => Some(SoftKey::Message),
            text => TEXTS.iter().position(|known| *known == text).map(SoftKey::Text),
        };
        let found = within.or_else(|| of_object().filter(|_| self.place != Place::Envelope));
        self.key = found.unwrap_or(self.key);
        found.is_some()
    }

    fn entry(&mut self, value: &mut dyn Value<'de>) -> Result<(), Stop> {
        let found = match self.key {
            SoftKey::Within(place) => {
                let at = self.objects.len();
                self.objects.push(Object::default());
                value.read(&mut Parts { place, at, objects: &mut *self.objects, key: self.key })?
            }
            _ => value.scalar()?,
        };
        let Some(object) = self.objects.get_mut(self.at).filter(|_| self.place != Place::Envelope) else {
            return Ok(());
        };
        match self.key {
            SoftKey::Code | SoftKey::Within(_) => {
                let code = retcode(&found).filter(|_| !matches!(found, Found::Bool(_)));
                object.code = object.code.filter(|code| *code != 0).or(code).or(object.code);
            }
            SoftKey::Text(rank) => {
                let text = scalar_text(found).filter(|text| !text.trim().is_empty());
                let better = text.filter(|_| object.text.as_ref().is_none_or(|(other, _)| rank < *other));
                object.text = better.map(|text| (rank, text)).or_else(|| object.text.take());
            }
            SoftKey::Valid => object.is_invalid |= matches!(found, Found::Bool(false)),
            SoftKey::Message => object.message = scalar_text(found),
        }
        Ok(())
    }
}

/// Returns a scalar as text; `None` for a flag and for null.
pub(super) fn scalar_text(found: Found<'_>) -> Option<String> {
    match found {
        Found::Text(text) => Some(text.into_owned()),
        Found::Signed(number) => Some(number.to_string()),
        Found::Unsigned(number) => Some(number.to_string()),
        Found::Float(number) => Some(number.to_string()),
        Found::Null | Found::Bool(_) | Found::List(_) | Found::Object(_) => None,
    }
}

/// Returns the integer part of a number, cut to 64 bits; -1 for what lies between 0 and 1, which is not 0.
fn whole(number: f64) -> i64 {
    // A cast of a float saturates.
    if number.abs() < 1.0 && number != 0.0 { -1 } else { number as i64 }
}

/// Returns the retcode that a value means: of a number, its integer, cut to 64 bits; of a flag, 0 or 1. Without a number, `status`
/// decides alone.
pub(super) fn retcode(value: &Found<'_>) -> Option<i64> {
    match value {
        Found::Signed(number) => Some(*number),
        Found::Unsigned(number) => Some(i64::try_from(*number).unwrap_or(i64::MAX)),
        Found::Float(number) => Some(whole(*number)),
        Found::Bool(flag) => Some((*flag).into()),
        Found::Text(text) => {
            let digits = text.trim();
            digits.parse().ok().or_else(|| digits.parse().ok().filter(|number: &f64| !number.is_nan()).map(whole))
        }
        Found::Null | Found::List(_) | Found::Object(_) => None,
    }
}
