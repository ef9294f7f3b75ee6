//! HTTP POST: the simulated server sends its events to a bot.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::BodyExt;
use hyper::Request;
use hyper::header::{CONNECTION, CONTENT_TYPE};
use serde_json::Value;
use sha1::Sha1;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::outbound::{BotAddress, RefusalReporter, head, no_address, no_answer, refused, send, within};
use super::server::MockServer;
use super::sync::lock;

/// The default time limit of a response.
const RESPONSE: Duration = Duration::from_secs(5);

impl MockServer {
    /// Posts every event from now on to a bot, one after the other, and carries out the quick operation in its answer:
    /// the [`calls`](Self::calls) contain it, as `.handle_quick_operation` and as the actions that it stands for. An
    /// event that gets no response within the [time limit](Webhook::timeout) is lost, logged, and reported to
    /// [`on_refused`](super::MockServerBuilder::on_refused).
    pub fn webhook(&self, webhook: Webhook) {
        let (sender, mut events) = mpsc::unbounded_channel::<String>();
        lock(&self.state.webhooks).push(sender);
        let mut refusals = RefusalReporter::of(&webhook.address.url);
        // The state holds the sender: a task that kept it would never end.
        let state = Arc::downgrade(&self.state);
        lock(&self.state.dialling).spawn(async move {
            while let Some(event) = events.recv().await {
                let Some(state) = state.upgrade() else { return };
                state.until_resumed().await;
                match webhook.post(&event).await {
                    Ok(Posted { status, operation }) => {
                        if (200..300).contains(&status) {
                            refusals.reset();
                        } else {
                            refusals.report(&state, &refused(status, "secret"));
                        }
                        if let Some(operation) = operation {
                            state.posted(&event, &operation);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "no response to an event that was posted");
                        refusals.report(&state, &error);
                    }
                }
            }
        });
    }
}

/// Sends events to a bot by HTTP POST, as go-cqhttp does: all events by [`MockServer::webhook`], or one by
/// [`post`](Self::post).
#[derive(Clone)]
pub struct Webhook {
    address: BotAddress,
    secret: Option<String>,
    retries: u32,
    pause: Duration,
    timeout: Duration,
}

/// A bot's answer to an event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Posted {
    /// The HTTP status.
    pub status: u16,
    /// The quick operation, if there is one.
    pub operation: Option<Value>,
}

impl Webhook {
    /// Sets the address of the bot: `http://`, a host, and optionally a port (80 by default), a path and a query. A
    /// program that takes the address from its user parses it: `url.parse::<Webhook>()`.
    ///
    /// # Panics
    ///
    /// `url` is not such an address.
    #[must_use]
    #[track_caller]
    pub fn to(url: impl Into<String>) -> Self {
        Self::new(BotAddress::parse(url.into(), "http").unwrap_or_else(|error| no_address(&error)))
    }

    fn new(address: BotAddress) -> Self {
        Self { address, secret: None, retries: 3, pause: Duration::from_millis(50), timeout: RESPONSE }
    }

    /// Signs events with a secret. Default: none, and they are not signed; an empty secret counts as none.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(secret.into()).filter(|secret| !secret.is_empty());
        self
    }

    /// Sets the number of further attempts if no response comes. Default: 3, with 50 ms between; go-cqhttp waits for
    /// 1.5 seconds.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Limits the time for the bot's whole response, for each attempt. Default: 5 seconds, as on go-cqhttp.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sends an event, given as JSON, and returns the bot's answer. The account in the headers is the event's.
    ///
    /// # Errors
    ///
    /// No response came in time, in any attempt. A response that broke off, or did not end in time, is an error too,
    /// and is not tried again.
    pub async fn post(&self, event: &str) -> io::Result<Posted> {
        let body = format!("{event}\n");
        let mut left = self.retries;
        loop {
            let mut heard = false;
            let outcome = within(self.timeout, self.attempt(&body, &mut heard)).await;
            if outcome.is_ok() || heard || left == 0 {
                return outcome;
            }
            left -= 1;
            tokio::time::sleep(self.pause).await;
        }
    }

    /// Sends an event once, and sets `heard` when a response begins.
    async fn attempt(&self, body: &str, heard: &mut bool) -> io::Result<Posted> {
        let event: Value = serde_json::from_str(body).unwrap_or_default();
        let self_id = event["self_id"].as_i64().unwrap_or_default();
        let mut request = head(Request::post(&self.address.path), &self.address, self_id)
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/json");
        if let Some(signature) = self.secret.as_deref().and_then(|secret| signature(secret, body)) {
            request = request.header("X-Signature", signature);
        }
        let request = request.body(body.to_owned().into()).map_err(io::Error::other)?;
        let mut tasks = JoinSet::new();
        let response = send(&self.address, request, &mut tasks).await?;
        *heard = true;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(|error| no_answer(&error))?.to_bytes();
        Ok(Posted { status, operation: serde_json::from_slice(&body).ok() })
    }
}

fn signature(secret: &str, body: &str) -> Option<String> {
    let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).ok()?.chain_update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("sha1={hex}"))
}

/// The same as [`Webhook::to`], with an error of the kind `InvalidInput` in place of the panic.
impl FromStr for Webhook {
    type Err = io::Error;

    fn from_str(url: &str) -> io::Result<Self> {
        BotAddress::parse(url.to_owned(), "http").map(Self::new)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("retries", &self.retries).finish_non_exhaustive()
    }
}
