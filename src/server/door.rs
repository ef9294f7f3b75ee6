//! Who is let in, and as what.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use percent_encoding::percent_decode_str;
use sha1::Sha1;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role as Side, WebSocketConfig};

use super::accounts::{CLOSING, Hub, Listening, Role};
use super::hall::{Guest, Hall};
use super::webhook;
use crate::UserId;
use crate::transport::ws::{Watched, accept_key};

/// What is read at once from an account, in bytes: a thousand accounts have as many buffers.
const READ_BUFFER: usize = 32 * 1024;
/// The longest head of a request, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// What the bodies that are still on their way may hold together, in bytes.
const BODIES: usize = 64 << 20;
/// How long a request may take to be answered once the server is closed.
const LEAVE_LIMIT: Duration = Duration::from_secs(1);

const SELF_ID: HeaderName = HeaderName::from_static("x-self-id");
const CLIENT_ROLE: HeaderName = HeaderName::from_static("x-client-role");

/// A refusal: the status, and what to do about it.
pub(super) type Refused = (StatusCode, &'static str);

pub(super) fn router(hub: Arc<Hub>) -> axum::Router {
    axum::Router::new().fallback(respond).with_state(hub)
}

/// Lets connections in until the server is closed, and answers those who wait for that. WebSockets that stand by then are not
/// ended by this.
pub(super) async fn listen(listener: TcpListener, hub: Arc<Hub>, _listening: Listening) {
    let router = router(hub.clone());
    let hall = Hall::new(hub.options.connections, BODIES.max(2 * hub.options.body_limit));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(hub.options.handshake_timeout).max_buf_size(LONGEST_HEAD);
    let mut tasks = JoinSet::new();
    let mut accounts = hub.accounts.subscribe();
    loop {
        let accepted = tokio::select! {
            _ = accounts.wait_for(|accounts| accounts.closed) => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            // No file is to be had for it just now.
            Err(error) => {
                tracing::warn!(%error, "cannot let a connection in");
                hall.thin_out();
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        while tasks.try_join_next().is_some() {}
        match hall.enter() {
            Some(guest) => drop(tasks.spawn(serve(http.clone(), stream, router.clone(), guest, hub.clone()))),
            None => tracing::warn!("turned a connection away: too many HTTP POSTs wait for their answers"),
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

/// Serves a connection until it ends, becomes a WebSocket, or must make room; or until the server is closed.
async fn serve(http: http1::Builder, stream: TcpStream, router: axum::Router, guest: Guest, hub: Arc<Hub>) {
    let _ = stream.set_nodelay(true);
    let router = router.layer(Extension(guest.clone()));
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection.with_upgrades());
    // A client that hangs up is no fault of the server's.
    tokio::select! {
        _ = &mut connection => return,
        () = guest.sent_away() => {
            return tracing::debug!("a connection that was the oldest to say nothing made room for others");
        }
        () = hub.closing() => connection.as_mut().graceful_shutdown(),
    }
    // What has been asked is answered, and nothing after that.
    let _ = tokio::time::timeout(LEAVE_LIMIT, connection).await;
}

async fn respond(State(hub): State<Arc<Hub>>, request: Request) -> Response {
    let outcome = match () {
        () if hub.is_closed() => Err((StatusCode::SERVICE_UNAVAILABLE, CLOSING)),
        () if is_upgrade(request.headers()) => upgrade(&hub, request),
        () if request.method() == Method::POST => webhook::receive(&hub, request).await,
        () => authorised(&hub, request.uri(), request.headers()).and(Err((
            StatusCode::METHOD_NOT_ALLOWED,
            "this is for OneBot servers: a reverse WebSocket, or HTTP POST with an event",
        ))),
    };
    outcome.unwrap_or_else(|refused| {
        tracing::warn!(status = refused.0.as_u16(), why = refused.1, "turned a request away");
        refused.into_response()
    })
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The answer to an upgrade; the connection is served from then on.
fn upgrade(hub: &Arc<Hub>, mut request: Request) -> Result<Response, Refused> {
    authorised(hub, request.uri(), request.headers())?;
    let account = account(request.headers())?;
    let role = role(request.headers())?;
    let key = request.headers().get(SEC_WEBSOCKET_KEY).filter(|_| request.method() == Method::GET);
    let accept = key.and_then(|key| HeaderValue::from_str(&accept_key(key.as_bytes())).ok());
    let accept = accept.ok_or((StatusCode::BAD_REQUEST, "this is no handshake of a WebSocket"))?;
    if request.headers().get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err((StatusCode::UPGRADE_REQUIRED, "the version of WebSockets is 13"));
    }
    let seat = hub.seat(account, role).map_err(|why| (StatusCode::SERVICE_UNAVAILABLE, why))?;

    let upgraded = hyper::upgrade::on(&mut request);
    let hub = hub.clone();
    tokio::spawn(async move {
        let limit = hub.options.handshake_timeout;
        let Ok(Ok(upgraded)) = tokio::time::timeout(limit, upgraded).await else { return };
        let longest = Some(hub.options.settings.frame_limit);
        let config =
            WebSocketConfig::default().read_buffer_size(READ_BUFFER).max_message_size(longest).max_frame_size(longest);
        let socket =
            WebSocketStream::from_raw_socket(Watched::new(TokioIo::new(upgraded)), Side::Server, Some(config)).await;
        hub.serve(socket, account, role, seat).await;
    });
    let headers = [
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_ACCEPT, accept),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers).into_response())
}

/// The account that a request is made for.
pub(super) fn account(headers: &HeaderMap) -> Result<UserId, Refused> {
    let id = headers.get(SELF_ID).and_then(|id| id.to_str().ok()?.trim().parse::<UserId>().ok());
    id.filter(|id| id.get() > 0).ok_or((StatusCode::BAD_REQUEST, "`X-Self-ID` is missing, or is no account"))
}

/// Where none is given it is Universal.
fn role(headers: &HeaderMap) -> Result<Role, Refused> {
    let Some(role) = headers.get(CLIENT_ROLE) else { return Ok(Role::Universal) };
    match role.as_bytes().to_ascii_lowercase().as_slice() {
        b"universal" => Ok(Role::Universal),
        b"api" => Ok(Role::Api),
        b"event" => Ok(Role::Event),
        _ => Err((StatusCode::BAD_REQUEST, "`X-Client-Role` is neither Universal nor API nor Event")),
    }
}

/// Whether a request shows the access token, where one is set. The header counts where there is one, and the query
/// otherwise.
pub(super) fn authorised(hub: &Hub, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
    let Some(token) = hub.options.token.as_deref() else { return Ok(()) };
    let given = match headers.get(AUTHORIZATION) {
        // In bytes: a token may be of any script, and a wrong one of any encoding.
        Some(header) => {
            let header = header.as_bytes();
            let Some(blank) = memchr::memchr(b' ', header) else {
                return Err((StatusCode::UNAUTHORIZED, "the access token goes behind `Bearer` in `Authorization`"));
            };
            let (scheme, given) = header.split_at(blank);
            if !scheme.eq_ignore_ascii_case(b"bearer") && !scheme.eq_ignore_ascii_case(b"token") {
                return Err((StatusCode::UNAUTHORIZED, "`Authorization` is neither `Bearer` nor `Token`"));
            }
            Cow::from(given.trim_ascii())
        }
        None => uri.query().and_then(token_in_query).unwrap_or_default(),
    };
    if given.is_empty() {
        return Err((StatusCode::UNAUTHORIZED, "the access token is missing"));
    }
    if is_same(token, &given) { Ok(()) } else { Err((StatusCode::FORBIDDEN, "the access token is wrong")) }
}

fn token_in_query(query: &str) -> Option<Cow<'_, [u8]>> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("access_token="))?;
    Some(percent_decode_str(value).into())
}

/// In constant time, whatever the lengths: what is compared is a hash of both.
fn is_same(token: &str, given: &[u8]) -> bool {
    let sign = |text: &[u8]| mac(token).map(|mac| mac.chain_update(text));
    match (sign(token.as_bytes()), sign(given)) {
        (Some(own), Some(theirs)) => own.verify(&theirs.finalize().into_bytes()).is_ok(),
        _ => false,
    }
}

/// A key of any length will do; `None` cannot come about.
pub(super) fn mac(key: &str) -> Option<Hmac<Sha1>> {
    Hmac::<Sha1>::new_from_slice(key.as_bytes()).ok()
}
