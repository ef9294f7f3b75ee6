//! The listener and the routes of a server.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role as Side, WebSocketConfig};

use crate::server::admission::{Admission, Permit};
use crate::server::connections::Origin;
use crate::server::handshake::{self, HttpRejection};
use crate::server::shared::{CLOSING, Listening, Shared};
use crate::server::webhook;
use crate::transport::ws::activity::Monitored;

/// Size of the read buffer of a connection, in bytes: a thousand accounts have a thousand buffers.
const READ_BUFFER: usize = 32 * 1024;
/// Limit of the head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Limit of all unfinished bodies together, in bytes.
const BODY_CAPACITY: usize = 64 << 20;
/// Time limit for answering a request once the server is closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

pub(super) fn router(shared: Arc<Shared>) -> axum::Router {
    axum::Router::new().fallback(respond).with_state(shared)
}

/// Accepts connections until the server is closed, then waits until the pending requests are answered. It does not end
/// WebSockets.
pub(super) async fn listen(listener: TcpListener, shared: Arc<Shared>, _listening: Listening) {
    let router = router(shared.clone());
    let admission =
        Admission::new(shared.options.connections, BODY_CAPACITY.max(shared.options.body_limit.saturating_mul(2)));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(shared.options.handshake_timeout).max_buf_size(MAX_HEAD);
    let mut tasks = JoinSet::new();
    let mut accounts = shared.accounts.subscribe();
    loop {
        let accepted = tokio::select! {
            _ = accounts.wait_for(|accounts| accounts.closed) => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // There is no free file descriptor at the moment.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                admission.evict_share();
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        while tasks.try_join_next().is_some() {}
        match admission.admit() {
            Some(permit) => drop(tasks.spawn(serve(
                http.clone(),
                stream,
                with_extensions(&router, peer, &permit),
                permit,
                shared.clone(),
            ))),
            None => tracing::warn!("rejected a connection: too many HTTP POSTs wait for their answers"),
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

/// Returns the router for one connection, whose requests know its address and its permit.
fn with_extensions(router: &axum::Router, peer: SocketAddr, permit: &Permit) -> axum::Router {
    router.clone().layer(Extension(Peer(peer))).layer(Extension(permit.clone()))
}

/// The address of the other side of a connection.
#[derive(Clone, Copy)]
struct Peer(SocketAddr);

/// Serves a connection until it ends, becomes a WebSocket, is evicted, or the server is closed.
async fn serve(http: http1::Builder, stream: TcpStream, router: axum::Router, permit: Permit, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection.with_upgrades());
    // A client that hangs up is not an error.
    tokio::select! {
        _ = &mut connection => return,
        () = permit.evicted() => {
            return tracing::debug!("evicted the oldest connection that had not authenticated");
        }
        () = shared.closing() => connection.as_mut().graceful_shutdown(),
    }
    // The current request is answered, and no further one.
    let _ = tokio::time::timeout(CLOSE_LIMIT, connection).await;
}

async fn respond(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let outcome = match () {
        () if shared.is_closed() => Err((StatusCode::SERVICE_UNAVAILABLE, CLOSING)),
        () if handshake::is_upgrade(request.headers()) => upgrade(&shared, request),
        () if request.method() == Method::POST => webhook::receive(&shared, request).await,
        () => handshake::authorise(&shared.options, request.uri(), request.headers()).and(Err((
            StatusCode::METHOD_NOT_ALLOWED,
            "this is for OneBot servers: a reverse WebSocket, or HTTP POST with an event",
        ))),
    };
    outcome.unwrap_or_else(|rejection| {
        tracing::warn!(status = rejection.0.as_u16(), why = rejection.1, "rejected a request");
        rejection.into_response()
    })
}

/// Answers an upgrade request. A task serves the WebSocket from then on.
fn upgrade(shared: &Arc<Shared>, mut request: Request) -> Result<Response, HttpRejection> {
    handshake::authorise(&shared.options, request.uri(), request.headers())?;
    let account = handshake::account(request.headers())?;
    let role = handshake::role(request.headers())?;
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let origin = Origin { account, role, peer };
    let accept = handshake::accept(request.method(), request.headers())?;
    let slot = shared.slot(account, role).map_err(|why| (StatusCode::SERVICE_UNAVAILABLE, why))?;

    let upgraded = hyper::upgrade::on(&mut request);
    let shared = shared.clone();
    tokio::spawn(async move {
        let limit = shared.options.handshake_timeout;
        let Ok(Ok(upgraded)) = tokio::time::timeout(limit, upgraded).await else { return };
        let longest = Some(shared.options.settings.frame_limit);
        let config =
            WebSocketConfig::default().read_buffer_size(READ_BUFFER).max_message_size(longest).max_frame_size(longest);
        let socket =
            WebSocketStream::from_raw_socket(Monitored::new(TokioIo::new(upgraded)), Side::Server, Some(config)).await;
        shared.serve(socket, origin, slot).await;
    });
    let headers = [
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_ACCEPT, accept),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers).into_response())
}
