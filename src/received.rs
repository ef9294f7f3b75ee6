//! Events as a bot receives them: with a client to answer them.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::action::KnownAction;
use crate::call::not_sent;
use crate::client::Client;
use crate::decode::DecodeWarning;
use crate::error::Error;
use crate::error::reason::Reason;
use crate::event::quick_operation::QuickOperable;
use crate::generated::action::HandleQuickOperation;
use crate::generated::event::Event;
use crate::message::Message;
use crate::reply::ReplyCall;
use crate::sync::lock;
use crate::transport::failure::BoxError;

/// The response to the HTTP POST that brought an event. The request waits for it until all clones are dropped.
#[cfg_attr(not(feature = "server"), allow(dead_code, reason = "only a server takes HTTP POSTs"))]
#[derive(Clone)]
pub(crate) struct ResponseSlot(Arc<Mutex<Option<oneshot::Sender<Bytes>>>>);

impl ResponseSlot {
    /// Returns the slot, and the receiver that the request waits for.
    #[cfg(feature = "server")]
    pub(crate) fn new() -> (Self, oneshot::Receiver<Bytes>) {
        let (sender, filled) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), filled)
    }

    /// Fills the response with a quick operation, a JSON object. A response can be filled once.
    fn fill(&self, operation: Bytes) -> Result<(), Reason> {
        let sender = lock(&self.0).take();
        let sender = sender.ok_or(Reason("the event has been answered already".into()))?;
        sender.send(operation).map_err(|_| {
            Reason(
                "the event's HTTP request no longer waits: the server is closed, or see \
                 `server::ServerBuilder::answer_within`"
                    .into(),
            )
        })
    }
}

/// An event, the client to answer it with, and the text that arrived.
///
/// Only the ids that make the event what it is are certain to be there. Other parts are `None` or empty if the server leaves them
/// out or sends something else in their place; [`decode_warnings`](Self::decode_warnings) names the latter, and
/// [`text`](Self::text) still has them. See [Parts that cannot be read](crate::event#parts-that-cannot-be-read).
#[derive(Clone)]
#[non_exhaustive]
pub struct Received {
    /// The event.
    pub event: Event,
    /// The client of the connection that the event arrived over. For an event that arrived by HTTP POST it is the client of
    /// the account, whose calls fail as [`Error::NotSent`](crate::Error::NotSent) unless the account has a WebSocket too.
    /// [`answer`](Self::answer) works without a WebSocket.
    pub client: Client,
    /// The JSON of the event as it arrived: with the fields that the schema does not know, the parts that were passed over, and the
    /// form of each value. [`event`](Self::event), written as JSON, has none of these: see [Events as
    /// JSON](crate::event#events-as-json).
    pub raw: Bytes,
    warnings: Vec<DecodeWarning>,
    /// The response that takes the answer to an HTTP POST.
    response: Option<ResponseSlot>,
}

impl Received {
    pub(crate) fn new(
        (event, warnings): (Event, Vec<DecodeWarning>),
        client: Client,
        raw: Bytes,
        response: Option<ResponseSlot>,
    ) -> Self {
        Self { event, client, raw, warnings, response }
    }

    /// Returns a warning for each part of the event that could not be read and was passed over, or was kept as an unknown segment. It
    /// is empty for almost all events.
    ///
    /// Each path is also logged once per process at `warn`, as a line that is ready to paste into a bug report.
    ///
    /// ```no_run
    /// # fn run(received: cqhttp::Received) {
    /// for warning in received.decode_warnings() {
    ///     eprintln!("{warning} in {}", received.text());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn decode_warnings(&self) -> &[DecodeWarning] {
        &self.warnings
    }

    /// Replies to the event in its chat: see [`Client::reply`].
    pub fn reply(&self, message: impl Into<Message>) -> ReplyCall {
        self.client.reply(&self.event, message)
    }

    /// Answers the event with a quick operation: by a call if the event arrived over a WebSocket or as a server-sent event, and in
    /// the response if it arrived by HTTP POST.
    ///
    /// ```no_run
    /// # async fn run(received: cqhttp::Received) -> Result<(), cqhttp::Error> {
    /// use cqhttp::Event;
    /// use cqhttp::event::FriendRequestOperation;
    ///
    /// if let Event::FriendRequest(request) = &received.event {
    ///     received.answer(request, &FriendRequestOperation::new().approve(true)).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The call failed. A response takes one answer, and only as long as the request waits for it; otherwise the error is
    /// [`Error::NotSent`](crate::Error::NotSent). A server does not report whether it carried out a response.
    pub async fn answer<E: QuickOperable>(&self, event: &E, operation: &E::Operation) -> Result<(), Error> {
        if let Some(response) = &self.response {
            let given = serde_json::to_vec(operation).map_err(BoxError::from);
            let given = given.and_then(|operation| response.fill(operation.into()).map_err(BoxError::from));
            return given.map_err(|reason| not_sent(HandleQuickOperation::NAME, reason));
        }
        self.client.call(HandleQuickOperation::on(event, operation)).await.map(drop)
    }

    /// Returns the [`raw`](Self::raw) event as text, with U+FFFD in place of bytes that are not UTF-8.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.raw)
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, raw, .. } = self;
        f.debug_struct("Received")
            .field("event", event)
            .field("raw", &format_args!("{} bytes", raw.len()))
            .finish_non_exhaustive()
    }
}
