//! Events that come by HTTP POST.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hmac::Mac;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Arrived;
use super::accounts::{Hub, Peeked};
use super::door::{Refused, account, authorised, mac};
use super::hall::{Guest, Luggage};
use crate::error::Reason;

const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");

/// Where the answer to an event goes. The request waits for it until all clones are dropped.
#[derive(Clone)]
pub(crate) struct Answer(Arc<Mutex<Option<oneshot::Sender<Bytes>>>>);

impl Answer {
    fn new() -> (Self, oneshot::Receiver<Bytes>) {
        let (sender, answered) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), answered)
    }

    /// Gives the answer, which is a JSON object.
    pub(crate) fn give(&self, operation: Bytes) -> Result<(), Reason> {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let sender = sender.ok_or(Reason("the event has been answered already".into()))?;
        sender.send(operation).map_err(|_| {
            Reason("the event's HTTP request does not wait any more: see `server::Builder::answer_within`".into())
        })
    }
}

pub(super) async fn receive(hub: &Hub, request: Request) -> Result<Response, Refused> {
    let (mut parts, body) = request.into_parts();
    // Only a listener of the server's own has guests.
    let guest: Option<Guest> = parts.extensions.remove();
    let signature = match &hub.options.secret {
        Some(secret) => Some((secret, signature(parts.headers.get(SIGNATURE))?)),
        None => {
            authorised(hub, &parts.uri, &parts.headers)?;
            None
        }
    };
    let account = account(&parts.headers)?;
    let luggage = guest.as_ref().map(Guest::luggage);
    let raw = whole(hub, luggage.as_ref(), body).await?;
    if let Some((secret, signature)) = signature {
        let signed = mac(secret).is_some_and(|mac| mac.chain_update(&raw).verify_slice(&signature).is_ok());
        if !signed {
            return Err((StatusCode::FORBIDDEN, "the signature is wrong: is this the server's `secret`?"));
        }
    }
    let event = Peeked::read(&raw).filter(Peeked::is_event);
    let event = event.ok_or((StatusCode::BAD_REQUEST, "the body is no event"))?;
    if event.account().is_some_and(|found| found != account) {
        return Err((StatusCode::FORBIDDEN, "the event is of another account than `X-Self-ID`"));
    }
    let client = hub.posting(account).map_err(|why| (StatusCode::SERVICE_UNAVAILABLE, why))?;
    if hub.came_before(&raw) {
        tracing::debug!(account = account.get(), bytes = raw.len(), "dropped an event that came before");
        return Ok(StatusCode::NO_CONTENT.into_response());
    }

    let _known = guest.as_ref().map(Guest::known);
    let (answer, answered) = Answer::new();
    hub.queue.push(Arrived { line: None, account, client, raw, answer: Some(answer) }, Instant::now());
    hub.queue.wake();
    Ok(match tokio::time::timeout(hub.options.answer_within, answered).await {
        Ok(Ok(operation)) => ([(CONTENT_TYPE, "application/json")], operation).into_response(),
        // Nobody answers, or not in time.
        _ => StatusCode::NO_CONTENT.into_response(),
    })
}

/// The body of a request, within its limits.
async fn whole(hub: &Hub, luggage: Option<&Luggage<'_>>, body: Body) -> Result<Bytes, Refused> {
    let limits = &hub.options;
    let body = Limited::new(body, limits.body_limit).map_frame(|frame| {
        if let (Some(luggage), Some(data)) = (luggage, frame.data_ref()) {
            luggage.grows(data.len());
        }
        frame
    });
    match tokio::time::timeout(limits.handshake_timeout, body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if is_too_long(&*error) => Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is too long")),
        Ok(Err(_)) => Err((StatusCode::BAD_REQUEST, "the body breaks off")),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    }
}

/// `sha1=…`, in hexadecimal.
fn signature(header: Option<&axum::http::HeaderValue>) -> Result<Vec<u8>, Refused> {
    let header = header.ok_or((StatusCode::UNAUTHORIZED, "the signature (`X-Signature`) is missing"))?;
    let bytes = header.to_str().ok().and_then(|text| from_hex(text.trim().strip_prefix("sha1=")?));
    bytes.ok_or((StatusCode::FORBIDDEN, "the signature (`X-Signature`) is not of the form `sha1=…`"))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok();
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    pairs.iter().map(|pair| byte(pair)).collect::<Option<_>>().filter(|_| rest.is_empty())
}

fn is_too_long(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
