//! The words for a call: the way that it came, and its outcome.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;

use super::fault::Fault;
use super::refusal::Refusal;

/// A call that the simulated server has received.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReceivedCall {
    /// The action's name, as the bot wrote it.
    pub action: String,
    /// The parameters as they came, from the body, the form and the query together; null if they are not JSON.
    pub params: Value,
    /// The way that the call came.
    pub via: Via,
    /// The fault that was injected.
    pub fault: Fault,
    /// The call's outcome.
    pub outcome: Outcome,
}

/// The way a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Via {
    /// An HTTP request.
    Http,
    /// A WebSocket that the bot has opened.
    WebSocket,
    /// A WebSocket that the simulated server has opened: [`MockServer::dial`](super::MockServer::dial).
    ReverseWebSocket,
    /// The response to an event that was posted: [`MockServer::webhook`](super::MockServer::webhook).
    Webhook,
    /// Part of a quick operation, which the simulated server carries out as calls of its own.
    QuickOperation,
}

impl Via {
    /// `over HTTP`
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Http => "over HTTP",
            Self::WebSocket => "over WebSocket",
            Self::ReverseWebSocket => "over reverse WebSocket",
            Self::Webhook => "in response to an event",
            Self::QuickOperation => "by a quick operation",
        }
    }
}

/// The outcome of a call on the server, regardless of the answer that the bot receives.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// Still open: the handler is running, or the call waits for events.
    Pending,
    /// Answered, with this `data`.
    Answered(Value),
    /// Answered with `{}`: a message that names no target.
    NoTarget,
    /// Refused.
    Refused(Refusal),
    /// Not carried out, since its connection ended first: by a [`Fault`], or because the bot hung up while it waited
    /// for events.
    Dropped,
    /// Ended by a panic with this message, in its handler or in the closure of [`faults`](super::MockServer::faults).
    /// The connection was ended too.
    Panicked(String),
}

/// The outcome of a call as the log stores it.
#[derive(Debug)]
pub(super) enum CallEnd {
    Pending,
    Answered(Cow<'static, RawValue>),
    NoTarget,
    Refused(Box<Refusal>),
    Dropped,
    Panicked(PanicSource, Box<str>),
}

impl CallEnd {
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Pending => Outcome::Pending,
            Self::Answered(data) => Outcome::Answered(serde_json::from_str(data.get()).unwrap_or_default()),
            Self::NoTarget => Outcome::NoTarget,
            Self::Refused(refusal) => Outcome::Refused((**refusal).clone()),
            Self::Dropped => Outcome::Dropped,
            Self::Panicked(_, message) => Outcome::Panicked(message.to_string()),
        }
    }
}

/// The test's closure that panicked during a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum PanicSource {
    Handler,
    Faults,
}

impl PanicSource {
    pub(super) fn describe(self, action: &str, message: &str) -> String {
        match self {
            Self::Handler => format!("the handler of `{action}` panicked: {message}"),
            Self::Faults => format!("the closure of `faults` at `{action}` panicked: {message}"),
        }
    }
}

/// The message of a panic.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a value that is not text")
}

/// The result of carrying an action out: its `data`, or a refusal.
pub(super) type ActionResult = Result<Cow<'static, RawValue>, Refusal>;

/// An HTTP request or an upgrade that was refused before it became a call:
/// [`MockServerBuilder::on_rejected`](super::MockServerBuilder::on_rejected).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// The method: `GET`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The HTTP status; 101 for a connection that is refused
    /// [after its upgrade](super::MockServerBuilder::refuse_after_upgrade).
    pub status: u16,
    /// The reason: `no access token`. It contains no token.
    pub why: String,
}

/// `GET /send_msg: 401, no access token`
impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}, {}", self.method, self.path, self.status, self.why)
    }
}
