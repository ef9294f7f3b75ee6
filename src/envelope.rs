//! The envelope around an answer, decoded in one pass straight into the answer's type.

mod code;
pub(crate) mod json_path;

use std::borrow::Cow;
use std::fmt;

use self::code::{SoftStatus, retcode, scalar_text};
use self::json_path::path_of;
use crate::answer::{Answer, Place};
use crate::decode::{self, Context, DecodeWarning, Found, Reading, Sink, Step, Stop};
use crate::error::reason::{TimedOut, redirects};
use crate::error::{Error, NotSent, OutcomeUnknown, Reason, Refused, Undecodable};
use crate::generated::refusal::RefusalKind;
use crate::raw_fields::raw_fields;
use crate::transport::Response;
use crate::transport::failure::BoxError;

/// Decodes a response to `action`, which may have `soft` failures. Returns the answer, and the parts of it that were passed over.
pub(crate) fn decode<T: Answer>(
    action: &str,
    response: &Response,
    soft: bool,
) -> Result<(T, Vec<DecodeWarning>), Error> {
    let by_status = || response.http_status.and_then(|status| by_http_status(action, status, &response.body));
    let undecodable = |path: &str, reason: BoxError| undecodable(action, response, path, reason);
    if let Some(limit) = response.cut_at {
        let reason = format!("it is longer than {limit} bytes, the client's limit (see `ClientBuilder::body_limit`)");
        return Err(by_status().unwrap_or_else(|| undecodable("", Reason(reason.into()).into())));
    }
    let mut context = Context::default();
    let (mut place, mut data) = (Place::new(), Reading::Absent);
    let head = read(&response.body, &mut context, |value, context| {
        data = context.within(Step::Name("data"), |context| value.fill(&mut T::slot(&mut place), context))?;
        Ok(())
    });
    let (head, failure) = match head {
        Ok(head) => (head, None),
        // The text is at fault, perhaps in `data`: a refusal counts anyway.
        Err(error) => match read(&response.body, &mut Context::default(), |_, _| Ok(())) {
            Ok(head) => (head, Some(error)),
            Err(_) => return Err(by_status().unwrap_or_else(|| undecodable("", no_envelope(response, Some(error))))),
        },
    };
    let Some(head) = head.filter(Head::is_envelope) else {
        return Err(by_status().unwrap_or_else(|| undecodable("", no_envelope(response, failure))));
    };
    if let Some(refused) = head.refusal(action, response, not_200(response)) {
        return Err(Error::Refused(Box::new(refused)));
    }
    let soft = soft && soft_success(action, response)?;
    if let Some(error) = failure {
        return Err(undecodable(&path_of(&response.body, &error), error.into()));
    }
    match context.within(Step::Name("data"), |context| place.take(data, context)) {
        Reading::Value(answer) => Ok((answer, context.into_warnings())),
        Reading::Absent => T::from_nothing()
            .map(|answer| (answer, context.into_warnings()))
            .ok_or_else(|| undecodable("data", Reason("nothing where the action answers something".into()).into())),
        Reading::Unfit(unfit) => {
            // The whole answer may be QQ's code of success.
            if let Some(answer) = soft.then(T::from_nothing).flatten() {
                return Ok((answer, context.into_warnings()));
            }
            let warning = unfit.within(Step::Name("data")).into_warning();
            Err(undecodable(warning.path(), Reason(warning.reason().to_owned().into()).into()))
        }
    }
}

/// Returns `true` if the `data` of an answer holds QQ's code of success, and the refusal if it holds another code.
fn soft_success(action: &str, response: &Response) -> Result<bool, Error> {
    let status = SoftStatus::of(&response.body)
        .map_err(|error| undecodable(action, response, &path_of(&response.body, &error), error.into()))?;
    let (retcode, message) = match status {
        SoftStatus::Refused { code, text } => (code, text),
        SoftStatus::Success => return Ok(true),
        SoftStatus::Unknown => return Ok(false),
    };
    Err(Error::Refused(Box::new(Refused {
        action: action.to_owned(),
        retcode,
        msg: None,
        message,
        wording: None,
        http_status: not_200(response),
        text: text(&response.body),
        uncertain: true,
        kind: RefusalKind::Other,
        is_bare: false,
        is_soft: true,
    })))
}

fn not_200(response: &Response) -> Option<u16> {
    response.http_status.filter(|status| *status != 200)
}

fn undecodable(action: &str, response: &Response, path: &str, reason: BoxError) -> Error {
    Error::Undecodable(Box::new(Undecodable {
        action: action.to_owned(),
        path: path.to_owned(),
        reason,
        text: text(&response.body),
        http_status: not_200(response),
    }))
}

/// Returns `true` if a body is an envelope, of success or of failure.
pub(crate) fn is_envelope(body: &[u8]) -> bool {
    let head = read(body, &mut Context::default(), |_, _| Ok(()));
    head.is_ok_and(|head| head.is_some_and(|head| head.is_envelope()))
}

/// Reads an envelope, its `data` with `data`; `None` if the body is JSON, but not an object.
fn read(
    body: &[u8],
    context: &mut Context,
    mut data: impl FnMut(&mut dyn decode::Value<'_>, &mut Context) -> Result<(), Stop>,
) -> serde_json::Result<Option<Head>> {
    decode::whole(body, context, |value, context| {
        let mut parts = Parts { head: Head::default(), key: EnvelopeKey::Data, context, data: &mut data };
        Ok(match value.read(&mut parts)? {
            Found::Object(_) => Some(parts.head),
            _ => None,
        })
    })
}

/// Returns `true` if a response is an envelope of success, whatever its HTTP status.
#[cfg(feature = "http")]
pub(crate) fn is_success(response: &Response) -> bool {
    let head = read(&response.body, &mut Context::default(), |_, _| Ok(())).ok().flatten();
    head.filter(Head::is_envelope).is_some_and(|head| head.refusal("", response, None).is_none())
}

/// Converts a body to the text that an error keeps.
fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn no_envelope(response: &Response, error: Option<serde_json::Error>) -> BoxError {
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
            let explained = raw_fields(body, ["message"]).ok();
            let message = explained.and_then(|[message]| serde_json::from_str(message?.get()).ok());
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
                is_soft: false,
            }))
        }
        500.. => unknown(format!("the server, or a proxy before it, failed with HTTP status {status}")),
        _ => return None,
    })
}

/// Reads `data` without an envelope, from an answer's example in the schema.
#[cfg(feature = "mock")]
pub(crate) fn data<T: Answer>(json: &str) -> serde_json::Result<T> {
    let custom = |warning: &dyn fmt::Display| <serde_json::Error as serde::de::Error>::custom(warning);
    let mut place = Place::new();
    let reading = decode::fill(json, &mut Context::default(), &mut place, |place| Some(T::slot(place)))?;
    match place.take(reading, &mut Context::default()) {
        Reading::Value(answer) => Ok(answer),
        Reading::Absent => T::from_nothing().ok_or_else(|| custom(&"nothing where the action answers something")),
        Reading::Unfit(unfit) => Err(custom(&unfit.into_warning())),
    }
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
        let free_text = (!status.trim().is_empty() && !is_protocol_word(status)).then(|| status.to_owned());
        Some(Refused {
            action: action.to_owned(),
            retcode: self.retcode.unwrap_or_default(),
            msg: self.msg,
            message: self.message.filter(|message| !message.trim().is_empty()).or(free_text),
            wording: self.wording,
            http_status,
            text: text(&response.body),
            uncertain: true,
            kind: RefusalKind::Other,
            is_bare: false,
            is_soft: false,
        })
    }
}

/// Returns `true` for the values that OneBot v11 gives `status`.
fn is_protocol_word(status: &str) -> bool {
    ["ok", "failed", "async"].iter().any(|word| status.eq_ignore_ascii_case(word))
}

/// The keys of an envelope.
#[derive(Clone, Copy)]
enum EnvelopeKey {
    Status,
    Retcode,
    Data,
    Msg,
    Message,
    Wording,
}

/// The parts of an envelope while it is read.
struct Parts<'p> {
    head: Head,
    /// The key of the entry that comes next.
    key: EnvelopeKey,
    context: &'p mut Context,
    data: &'p mut dyn FnMut(&mut dyn decode::Value<'_>, &mut Context) -> Result<(), Stop>,
}

impl<'de> Sink<'de> for Parts<'_> {
    fn key(&mut self, key: Cow<'de, str>) -> bool {
        self.key = match &*key {
            "status" => EnvelopeKey::Status,
            "retcode" => EnvelopeKey::Retcode,
            "data" => EnvelopeKey::Data,
            "msg" => EnvelopeKey::Msg,
            "message" => EnvelopeKey::Message,
            "wording" => EnvelopeKey::Wording,
            _ => return false,
        };
        true
    }

    fn entry(&mut self, value: &mut dyn decode::Value<'de>) -> Result<(), Stop> {
        let head = &mut self.head;
        let text = match self.key {
            EnvelopeKey::Data => return (self.data)(value, self.context),
            EnvelopeKey::Retcode => {
                head.retcode = retcode(&value.scalar()?);
                return Ok(());
            }
            EnvelopeKey::Status => &mut head.status,
            EnvelopeKey::Msg => &mut head.msg,
            EnvelopeKey::Message => &mut head.message,
            EnvelopeKey::Wording => &mut head.wording,
        };
        // Any other value is skipped; the raw answer still shows it.
        *text = scalar_text(value.scalar()?);
        Ok(())
    }
}
