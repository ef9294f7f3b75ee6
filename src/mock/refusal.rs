//! Refusals of calls.

use std::fmt;

use crate::types::RefusalCode;

/// A refusal that a handler answers with: see [`refuse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub(super) msg: String,
    pub(super) wording: String,
    pub(super) retcode: i64,
}

/// Refuses a call as go-cqhttp does, with the code as `msg`: retcode 100 (404 for an unknown action, −1 if a quick
/// operation cannot mention the sender).
#[must_use]
pub fn refuse(code: RefusalCode) -> Refusal {
    let retcode = match code {
        RefusalCode::ApiNotFound => 404,
        RefusalCode::AtSenderFailed => -1,
        _ => 100,
    };
    Refusal { msg: code.to_string(), wording: String::new(), retcode }
}

/// Refuses a call as NapCat, LLOneBot and SnowLuma do, with a retcode and a text, and without a name: NapCat's retcode is 1200 over
/// a WebSocket and 200 over HTTP.
///
/// ```
/// use cqhttp::mock::{Fault, refuse_as};
///
/// let unknown = Fault::Refuse(refuse_as(1200, "消息不存在"));
/// ```
#[must_use]
pub fn refuse_as(retcode: i64, text: impl Into<String>) -> Refusal {
    Refusal { msg: String::new(), wording: text.into(), retcode }
}

impl Refusal {
    /// Sets the explanation, which go-cqhttp gives in Chinese.
    #[must_use]
    pub fn wording(mut self, wording: impl Into<String>) -> Self {
        self.wording = wording.into();
        self
    }

    /// Sets the retcode.
    #[must_use]
    pub fn retcode(mut self, retcode: i64) -> Self {
        self.retcode = retcode;
        self
    }
}

/// `GROUP_NOT_FOUND (100)`
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.msg.is_empty() { "no code" } else { &self.msg };
        write!(f, "{name} ({})", self.retcode)?;
        if self.wording.is_empty() { Ok(()) } else { write!(f, ", {}", self.wording) }
    }
}

pub(super) fn bad_request(action: &str, error: &serde_json::Error) -> Refusal {
    Refusal { msg: String::new(), wording: format!("{action}: {error}"), retcode: 1400 }
}
