//! Events by HTTP POST.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hmac::Mac;
use http_body_util::BodyExt;

use crate::error::connection::ConnectionError;
use crate::event::header::EventHeader;
use crate::generated::types::UserId;
use crate::server::admission::{PendingBytes, Permit};
use crate::server::handshake::{HttpRejection, account, authorise, mac};
use crate::server::shared::{AcceptedPost, Shared};

const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");

/// Receives an event, and waits for its answer.
pub(super) async fn receive(shared: &Shared, request: Request) -> Result<Response, HttpRejection> {
    let (mut parts, body) = request.into_parts();
    // Only the server's own listener gives permits.
    let permit: Option<Permit> = parts.extensions.remove();
    let signature = match &shared.options.secret {
        Some(secret) => Some((secret, signature(parts.headers.get(SIGNATURE))?)),
        None => {
            authorise(&shared.options, &parts.uri, &parts.headers)?;
            None
        }
    };
    let account = account(&parts.headers)?;
    let pending = permit.as_ref().map(Permit::pending_bytes);
    let raw = whole(shared, pending.as_ref(), body).await?;
    if let Some((secret, signature)) = signature {
        let signed = mac(secret.as_bytes()).is_some_and(|mac| mac.chain_update(&raw).verify_slice(&signature).is_ok());
        if !signed {
            return Err((StatusCode::FORBIDDEN, "the signature is wrong: is this the server's `secret`?"));
        }
    }
    let header = EventHeader::of_whole(&raw).ok_or((StatusCode::BAD_REQUEST, "the body is not an event"))?;
    check_account(shared, account, header)?;
    let bytes = raw.len();
    let posted = shared.post(account, header, &raw).map_err(|why| (StatusCode::SERVICE_UNAVAILABLE, why))?;
    let Some(AcceptedPost { answered, unanswered }) = posted else {
        tracing::debug!(account = account.get(), bytes, "dropped an event that came before");
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let _authenticated = permit.as_ref().map(Permit::authenticated);
    let operation = tokio::select! {
        biased;
        answered = tokio::time::timeout(shared.options.answer_within, answered) => answered.ok().and_then(Result::ok),
        // The event has been accepted anyway: without a response it would be sent again.
        () = shared.closing() => None,
    };
    // The connection is read before this goes on: a client that has hung up is found, and gets no answer.
    tokio::task::yield_now().await;
    unanswered.answered();
    Ok(match operation {
        Some(operation) => ([(CONTENT_TYPE, "application/json")], operation).into_response(),
        // There is no answer, or not in time.
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Rejects an event of another account than the request's, unless the server accepts it.
fn check_account(shared: &Shared, expected: UserId, header: EventHeader) -> Result<(), HttpRejection> {
    let Some(found) = header.self_id.filter(|found| *found != expected && !shared.options.other_accounts) else {
        return Ok(());
    };
    shared.faults.record(&ConnectionError::WrongAccount { expected, found });
    Err((
        StatusCode::FORBIDDEN,
        "the event belongs to another account than `X-Self-ID`: see `ServerBuilder::accept_other_accounts`",
    ))
}

/// Reads the body of a request, within the limits.
async fn whole(shared: &Shared, pending: Option<&PendingBytes<'_>>, body: Body) -> Result<Bytes, HttpRejection> {
    let limits = &shared.options;
    match tokio::time::timeout(limits.handshake_timeout, collect(body, limits.body_limit, pending)).await {
        Ok(body) => body,
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    }
}

/// Collects the parts of a body in one buffer: each part by itself would take more memory than a short part has bytes. The
/// memory is counted as pending, not the bytes.
async fn collect(mut body: Body, limit: usize, pending: Option<&PendingBytes<'_>>) -> Result<Bytes, HttpRejection> {
    let mut whole: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| (StatusCode::BAD_REQUEST, "the body breaks off"))?;
        let Ok(part) = frame.into_data() else { continue };
        if part.len() > limit.saturating_sub(whole.len()) {
            return Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"));
        }
        let (before, needed) = (whole.capacity(), whole.len() + part.len());
        if needed > before {
            // A single part takes its own length, and no body more than the limit.
            let room = before.saturating_mul(2).clamp(needed, limit);
            whole.reserve_exact(room - whole.len());
            if let Some(pending) = pending {
                pending.add(whole.capacity() - before);
            }
        }
        whole.extend_from_slice(&part);
    }
    whole.shrink_to_fit();
    Ok(whole.into())
}

/// Reads a signature of the form `sha1=…`, in hexadecimal.
fn signature(header: Option<&axum::http::HeaderValue>) -> Result<Vec<u8>, HttpRejection> {
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
