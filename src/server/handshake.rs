//! Authentication of requests, and the headers that name account and role.

use std::borrow::Cow;

use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use sha1::Sha1;

use crate::generated::types::UserId;
use crate::server::connections::Role;
use crate::server::options::ServerOptions;
use crate::transport::ws::handshake::accept_key;

const SELF_ID: HeaderName = HeaderName::from_static("x-self-id");
const CLIENT_ROLE: HeaderName = HeaderName::from_static("x-client-role");

/// A rejection: the HTTP status, and its explanation.
pub(super) type HttpRejection = (StatusCode, &'static str);

pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Returns the answer to the key of a WebSocket handshake.
pub(super) fn accept(method: &Method, headers: &HeaderMap) -> Result<HeaderValue, HttpRejection> {
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| method == Method::GET);
    let accept = key.and_then(|key| HeaderValue::from_str(&accept_key(key.as_bytes())).ok());
    let accept = accept.ok_or((StatusCode::BAD_REQUEST, "this is not a WebSocket handshake"))?;
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err((StatusCode::UPGRADE_REQUIRED, "the WebSocket version must be 13"));
    }
    Ok(accept)
}

/// Returns the account of a request: `X-Self-ID`.
pub(super) fn account(headers: &HeaderMap) -> Result<UserId, HttpRejection> {
    let id = headers.get(SELF_ID).and_then(|id| id.to_str().ok()).map(str::trim);
    // No sign: `+5` is not an account.
    let id = id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit())).and_then(|id| id.parse::<UserId>().ok());
    id.filter(|id| id.get() > 0).ok_or((StatusCode::BAD_REQUEST, "`X-Self-ID` is missing, or is not an account"))
}

/// Returns the role of a connection: `X-Client-Role`. The default is Universal.
pub(super) fn role(headers: &HeaderMap) -> Result<Role, HttpRejection> {
    let Some(role) = headers.get(CLIENT_ROLE) else { return Ok(Role::Universal) };
    match role.as_bytes().to_ascii_lowercase().as_slice() {
        b"universal" => Ok(Role::Universal),
        b"api" => Ok(Role::Api),
        b"event" => Ok(Role::Event),
        _ => Err((StatusCode::BAD_REQUEST, "`X-Client-Role` is neither Universal nor API nor Event")),
    }
}

/// Checks the access token of a request, if one is set. The query counts only without an `Authorization` header.
pub(super) fn authorise(options: &ServerOptions, uri: &Uri, headers: &HeaderMap) -> Result<(), HttpRejection> {
    let Some(token) = options.token.as_deref() else { return Ok(()) };
    let given = match headers.get(AUTHORIZATION) {
        // In bytes: a token may be in any script, and a wrong token in any encoding.
        Some(header) => {
            let header = header.as_bytes();
            let Some(blank) = memchr::memchr(b' ', header) else {
                return Err((StatusCode::UNAUTHORIZED, "the access token goes after `Bearer` in `Authorization`"));
            };
            let (scheme, given) = header.split_at(blank);
            if !scheme.eq_ignore_ascii_case(b"bearer") && !scheme.eq_ignore_ascii_case(b"token") {
                return Err((StatusCode::UNAUTHORIZED, "`Authorization` is neither `Bearer` nor `Token`"));
            }
            Cow::from(given)
        }
        None => uri.query().and_then(token_in_query).unwrap_or_default(),
    };
    let Some(given) = meant(&given) else {
        return Err((StatusCode::UNAUTHORIZED, "the access token is missing"));
    };
    let is_right = meant(token.as_bytes()).is_some_and(|token| is_same(token, given));
    if is_right { Ok(()) } else { Err((StatusCode::FORBIDDEN, "the access token is wrong")) }
}

fn token_in_query(query: &str) -> Option<Cow<'_, [u8]>> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("access_token="))?;
    Some(percent_decode_str(value).into())
}

/// Returns a token as it is compared: without blanks at its ends, which headers lose on the way; `None` if nothing is left.
fn meant(token: &[u8]) -> Option<&[u8]> {
    Some(token.trim_ascii()).filter(|token| !token.is_empty())
}

/// Compares two tokens in constant time, whatever their lengths: it compares hashes of both.
fn is_same(token: &[u8], given: &[u8]) -> bool {
    let sign = |text: &[u8]| mac(token).map(|mac| mac.chain_update(text));
    match (sign(token), sign(given)) {
        (Some(own), Some(theirs)) => own.verify(&theirs.finalize().into_bytes()).is_ok(),
        _ => false,
    }
}

/// Returns the MAC with this key. It is never `None`: a key may have any length.
pub(super) fn mac(key: &[u8]) -> Option<Hmac<Sha1>> {
    Hmac::<Sha1>::new_from_slice(key).ok()
}
