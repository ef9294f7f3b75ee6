//! The envelope around an answer, decoded in one pass straight into the answer's type.

pub(crate) mod json_path;

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use self::json_path::path_of;
use crate::answer::Answer;
use crate::error::reason::{TimedOut, redirects};
use crate::error::{Error, NotSent, OutcomeUnknown, Reason, Refused, Undecodable};
use crate::generated::refusal::RefusalKind;
use crate::transport::Response;

/// Decodes a response to `action`.
pub(crate) fn decode<T: Answer>(action: &str, response: &Response) -> Result<T, Error> {
    let http_status = response.http_status.filter(|status| *status != 200);
    let undecodable = |path: String, reason: Box<dyn std::error::Error + Send + Sync>| {
        let text = text(&response.body);
        Error::Undecodable(Box::new(Undecodable { action: action.to_owned(), path, reason, text, http_status }))
    };
    if let Some(limit) = response.cut_at {
        if let Some(error) = response.http_status.and_then(|status| by_http_status(action, status, &response.body)) {
            return Err(error);
        }
        let reason = format!("it is longer than {limit} bytes, the client's limit (see `ClientBuilder::body_limit`)");
        return Err(undecodable(String::new(), Reason(reason.into()).into()));
    }
    match serde_json::from_slice::<Envelope<AnswerData<T>>>(&response.body) {
        Ok(envelope) if envelope.head.is_envelope() => match envelope.head.refusal(action, response, http_status) {
            Some(refused) => Err(Error::Refused(Box::new(refused))),
            None => envelope.data.and_then(|data| data.0).or_else(T::from_nothing).ok_or_else(|| {
                undecodable("data".into(), Reason("nothing where the action answers something".into()).into())
            }),
        },
        first => {
            // The response does not decode: read the envelope without its `data`, to tell a refusal from an unreadable answer.
            match serde_json::from_slice::<Envelope<IgnoredAny>>(&response.body) {
                Ok(envelope) if envelope.head.is_envelope() => {
                    match envelope.head.refusal(action, response, http_status) {
                        Some(refused) => Err(Error::Refused(Box::new(refused))),
                        None => {
                            let path = first.as_ref().err().map(|error| path_of(&response.body, error));
                            Err(undecodable(path.unwrap_or_default(), unexplained(first.err())))
                        }
                    }
                }
                other => match response.http_status.and_then(|status| by_http_status(action, status, &response.body)) {
                    Some(error) => Err(error),
                    None => Err(undecodable(String::new(), no_envelope(response, other.err()))),
                },
            }
        }
    }
}

/// Returns `true` if a body is an envelope, of success or of failure.
pub(crate) fn is_envelope(body: &[u8]) -> bool {
    serde_json::from_slice::<Envelope<IgnoredAny>>(body).is_ok_and(|envelope| envelope.head.is_envelope())
}

/// Returns `true` if a response is an envelope of success, whatever its HTTP status.
#[cfg(feature = "http")]
pub(crate) fn is_success(response: &Response) -> bool {
    let envelope = serde_json::from_slice::<Envelope<IgnoredAny>>(&response.body);
    let head = envelope.ok().map(|envelope| envelope.head).filter(Head::is_envelope);
    head.is_some_and(|head| head.refusal("", response, None).is_none())
}

/// Converts a body to the text that an error keeps.
fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn unexplained(error: Option<serde_json::Error>) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        Some(error) => error.into(),
        None => Reason("it decodes at the second try alone".into()).into(),
    }
}

fn no_envelope(response: &Response, error: Option<serde_json::Error>) -> Box<dyn std::error::Error + Send + Sync> {
    if let Some(encoding) = &response.encoding {
        let reason =
            format!("it is compressed ({encoding}), which was not asked for: turn that off on the server's side");
        return Reason(reason.into()).into();
    }
    match error {
        Some(error) => NoEnvelope(error).into(),
        None => Reason("it is JSON, but has neither `status` nor `retcode`: is this a OneBot server's address?".into())
            .into(),
    }
}

/// A body that is not JSON.
#[derive(Debug)]
struct NoEnvelope(serde_json::Error);

impl fmt::Display for NoEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.is_eof() && self.0.column() > 0 {
            true => "it breaks off in the middle",
            false => "it is not JSON with `status` and `retcode`: is this a OneBot server's address?",
        })
    }
}

impl std::error::Error for NoEnvelope {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Converts an HTTP status without an envelope into an error; `None` for 2xx.
fn by_http_status(action: &str, status: u16, body: &[u8]) -> Option<Error> {
    let action = action.to_owned();
    let unknown = |reason: String| {
        let text = text(body);
        let reason = match status {
            408 | 504 => TimedOut(reason).into(),
            _ => Reason(reason.into()).into(),
        };
        Error::OutcomeUnknown(Box::new(OutcomeUnknown { action: action.clone(), reason, text }))
    };
    Some(match status {
        301 | 302 | 307 | 308 => {
            let reason = redirects(status).unwrap_or_default();
            Error::NotSent(Box::new(NotSent { action, reason: Reason(reason.into()).into() }))
        }
        // The server read the request before it answered, or a proxy gave it up on the way.
        300..400 | 408 | 499 => unknown(format!("the server answers with HTTP status {status} alone")),
        400..500 => {
            // NapCat explains a refused token in an object that holds nothing but `message`.
            #[derive(Deserialize)]
            struct Explained {
                message: String,
            }
            let message = serde_json::from_slice::<Explained>(body).ok().map(|explained| explained.message);
            let retcode = 1000 + i64::from(status);
            Error::Refused(Box::new(Refused {
                action,
                retcode,
                msg: None,
                message,
                wording: None,
                http_status: Some(status),
                text: text(body),
                uncertain: true,
                kind: RefusalKind::Other,
                is_bare: true,
            }))
        }
        500.. => unknown(format!("the server, or a proxy before it, failed with HTTP status {status}")),
        _ => return None,
    })
}

/// Reads `data` without an envelope, from an answer's example in the schema.
#[cfg(feature = "mock")]
pub(crate) fn data<T: Answer>(json: &str) -> serde_json::Result<T> {
    let data: AnswerData<T> = serde_json::from_str(json)?;
    data.0
        .or_else(T::from_nothing)
        .ok_or_else(|| serde::de::Error::custom("nothing where the action answers something"))
}

/// An envelope without its `data`.
#[derive(Debug, Default)]
struct Head {
    status: Option<String>,
    retcode: Option<i64>,
    msg: Option<String>,
    message: Option<String>,
    wording: Option<String>,
}

impl Head {
    fn is_envelope(&self) -> bool {
        // Proxies and other servers send a `status` too: without a retcode it must be a word of the protocol.
        self.retcode.is_some() || self.status.as_deref().is_some_and(is_protocol_word)
    }

    /// Returns the refusal; `None` if the call succeeded. Some servers write free text into `status`, or leave it empty. A
    /// `retcode` other than 0 is a refusal whatever `status` says, except for 1, which OneBot v11 pairs with `async`.
    fn refusal(self, action: &str, response: &Response, http_status: Option<u16>) -> Option<Refused> {
        let status = self.status.as_deref().unwrap_or_default();
        let is = |word: &str| status.eq_ignore_ascii_case(word);
        let fine = match self.retcode {
            None | Some(0) => status.is_empty() || is("ok") || is("async"),
            Some(1) => is("async"),
            Some(_) => false,
        };
        if fine {
            return None;
        }
        // A status that is not a word of the protocol may be the only explanation.
        let free_text = (!status.is_empty() && !is_protocol_word(status)).then(|| status.to_owned());
        Some(Refused {
            action: action.to_owned(),
            retcode: self.retcode.unwrap_or_default(),
            msg: self.msg,
            message: self.message.filter(|message| !message.is_empty()).or(free_text),
            wording: self.wording,
            http_status,
            text: text(&response.body),
            uncertain: true,
            kind: RefusalKind::Other,
            is_bare: false,
        })
    }
}

/// Returns `true` for the values that OneBot v11 gives `status`.
fn is_protocol_word(status: &str) -> bool {
    ["ok", "failed", "async"].iter().any(|word| status.eq_ignore_ascii_case(word))
}

struct Envelope<D> {
    head: Head,
    data: Option<D>,
}

impl<'de, D: Deserialize<'de>> Deserialize<'de> for Envelope<D> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        deserializer.deserialize_map(EnvelopeVisitor(PhantomData))
    }
}

struct EnvelopeVisitor<D>(PhantomData<D>);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum EnvelopeKey {
    Status,
    Retcode,
    Data,
    Msg,
    Message,
    Wording,
    #[serde(other)]
    Other,
}

impl<'de, D: Deserialize<'de>> Visitor<'de> for EnvelopeVisitor<D> {
    type Value = Envelope<D>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `status` and `retcode`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut head = Head::default();
        let mut data = None;
        while let Some(key) = entries.next_key()? {
            match key {
                EnvelopeKey::Data => data = Some(entries.next_value()?),
                EnvelopeKey::Status => head.status = entries.next_value_seed(TextSeed)?,
                EnvelopeKey::Retcode => head.retcode = entries.next_value_seed(RetcodeSeed)?,
                EnvelopeKey::Msg => head.msg = entries.next_value_seed(TextSeed)?,
                EnvelopeKey::Message => head.message = entries.next_value_seed(TextSeed)?,
                EnvelopeKey::Wording => head.wording = entries.next_value_seed(TextSeed)?,
                EnvelopeKey::Other => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Envelope { head, data })
    }
}

/// Reads a text of the envelope. Any other value is skipped; the raw answer still shows it.
struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }
}

/// Reads the retcode. If the value is not an integer, `status` decides alone.
struct RetcodeSeed;

impl<'de> DeserializeSeed<'de> for RetcodeSeed {
    type Value = Option<i64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_i64(),
            Value::String(digits) => digits.trim().parse().ok(),
            _ => None,
        })
    }
}

/// The `data` of an envelope, `None` if it is null.
struct AnswerData<T>(Option<T>);

impl<'de, T: Answer> Deserialize<'de> for AnswerData<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DataVisitor<T>(PhantomData<T>);

        impl<'de, T: Answer> Visitor<'de> for DataVisitor<T> {
            type Value = AnswerData<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an answer")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(AnswerData(None))
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(AnswerData(None))
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                T::from_data(deserializer).map(|data| AnswerData(Some(data)))
            }
        }

        deserializer.deserialize_option(DataVisitor(PhantomData))
    }
}
