//! The stand-in's HTTP side.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::ws::{self, Accepted};
use super::{State, lock};

/// Serves connections until it is stopped or aborted; they end with it.
pub(super) async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    heartbeat: Option<Duration>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut tasks = JoinSet::new();
    if let Some(interval) = heartbeat {
        tasks.spawn(ws::heartbeat(state.clone(), interval));
    }
    loop {
        let stream = tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => break,
            },
        };
        while tasks.try_join_next().is_some() {}
        tasks.spawn(connection(stream, state.clone()));
    }
    tasks.shutdown().await;
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let socket = Mutex::new(None);
    let service = service_fn(|request| respond(&state, &socket, request));
    // A client that hangs up is no fault of the server's.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    let socket = lock(&socket).take();
    if let Some(socket) = socket {
        socket.serve().await;
    }
}

async fn respond(
    state: &Arc<State>,
    socket: &Mutex<Option<Accepted>>,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    state.go_on().await;
    if ws::is_upgrade(request.headers()) {
        let refused = unauthorised(state, request.uri(), request.headers());
        return Ok(match (refused, state.refuse_after_upgrade) {
            (Some(refused), None) => plain(refused),
            (refused, retcode) => {
                // Where no token is asked for, the setting is about every connection.
                let refused = retcode.filter(|_| refused.is_some() || state.token.is_none());
                let (response, accepted) = Accepted::new(state, &mut request, refused);
                *lock(socket) = Some(accepted);
                response
            }
        });
    }
    if request.method() != Method::POST && request.method() != Method::GET {
        return Ok(plain(StatusCode::NOT_FOUND));
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Ok(plain(StatusCode::BAD_REQUEST)) };
    let body = body.to_bytes();
    let params: &[u8] = if body.is_empty() { b"{}" } else { &body };
    if serde_json::from_slice::<serde::de::IgnoredAny>(params).is_err() {
        return Ok(plain(StatusCode::BAD_REQUEST));
    }
    if let Some(refused) = unauthorised(state, &parts.uri, &parts.headers) {
        return Ok(plain(refused));
    }
    let action = parts.uri.path().trim_start_matches('/');
    let mut response = Response::new(Full::from(state.answer(action, params, None)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json; charset=utf-8"));
    Ok(response)
}

/// 401 without a token, 403 with a wrong one. The header counts where there is one, and the query otherwise.
fn unauthorised(state: &State, uri: &Uri, headers: &HeaderMap) -> Option<StatusCode> {
    let token = state.token.as_deref()?;
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = match header {
        Some(value) => Some(Cow::from(value.split_once(' ').map_or(value, |(_, token)| token))),
        None => uri.query().and_then(token_in_query),
    };
    match given {
        None => Some(StatusCode::UNAUTHORIZED),
        Some(given) if given.is_empty() => Some(StatusCode::UNAUTHORIZED),
        Some(given) if given != token => Some(StatusCode::FORBIDDEN),
        Some(_) => None,
    }
}

fn token_in_query(query: &str) -> Option<Cow<'_, str>> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("access_token="))?;
    percent_decode_str(value).decode_utf8().ok()
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
