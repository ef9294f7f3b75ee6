//! The stand-in's HTTP side.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::State;

/// Serves connections until it is aborted; they end with it.
pub(super) async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let state = state.clone();
        let service = service_fn(move |request| respond(state.clone(), request));
        connections.spawn(async move {
            // A client that hangs up is no fault of the server's.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
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
    if let Some(refused) = unauthorised(&state, &parts.headers) {
        return Ok(plain(refused));
    }
    let action = parts.uri.path().trim_start_matches('/');
    let mut response = Response::new(Full::from(state.answer(action, params)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json; charset=utf-8"));
    Ok(response)
}

/// 401 without a token, 403 with a wrong one.
fn unauthorised(state: &State, headers: &HeaderMap) -> Option<StatusCode> {
    let token = state.token.as_deref()?;
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = header.map(|value| value.split_once(' ').map_or(value, |(_, token)| token));
    match given {
        None | Some("") => Some(StatusCode::UNAUTHORIZED),
        Some(given) if given != token => Some(StatusCode::FORBIDDEN),
        Some(_) => None,
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
