//! The envelope of an answer.

use serde::Serialize;
use serde_json::value::RawValue;

use super::call::CallEnd;
use super::fault::Fault;

/// Writes the answer to a call; `None` if there is no answer.
pub(super) fn envelope(fault: &Fault, ended: &CallEnd, echo: Option<&RawValue>) -> Option<Vec<u8>> {
    let echo = echo.and_then(|echo| match fault {
        Fault::WrongEcho => serde_json::from_str("\"nobody's\"").ok(),
        Fault::NumberEcho => serde_json::from_str("7").ok(),
        Fault::NullEcho => Some(RawValue::NULL),
        Fault::NoEcho => None,
        _ => Some(echo),
    });
    let mut written = EnvelopeFields::new(ended, echo)?;
    match fault {
        Fault::NoData => written.data = None,
        Fault::Garbage => return Some(b"{\"status\":\"ok\",".to_vec()),
        Fault::Text(text) => return Some(text.replace("{echo}", echo.unwrap_or(RawValue::NULL).get()).into_bytes()),
        _ => {}
    }
    Some(written.to_bytes())
}

/// An envelope with its keys in go-cqhttp's order.
#[derive(Default, Serialize)]
struct EnvelopeFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    echo: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retcode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wording: Option<&'a str>,
}

impl<'a> EnvelopeFields<'a> {
    /// Returns `None` if there is no answer.
    fn new(ended: &'a CallEnd, echo: Option<&'a RawValue>) -> Option<Self> {
        let written = Self { echo, ..Self::default() };
        Some(match ended {
            CallEnd::Pending | CallEnd::Dropped | CallEnd::Panicked(..) => return None,
            CallEnd::NoTarget => written,
            CallEnd::Answered(data) => {
                Self { data: Some(data), message: Some(""), retcode: Some(0), status: Some("ok"), ..written }
            }
            CallEnd::Refused(refusal) => Self {
                data: Some(RawValue::NULL),
                message: Some(&refusal.wording),
                msg: Some(&refusal.msg),
                retcode: Some(refusal.retcode),
                status: Some("failed"),
                wording: Some(&refusal.wording),
                ..written
            },
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut body = serde_json::to_vec(self).unwrap_or_default();
        body.push(b'\n');
        body
    }
}
