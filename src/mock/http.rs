//! The HTTP server.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::body::{AnswerBody, Dropped};
use super::call::{CallEnd, Rejected, Via};
use super::fault::Fault;
use super::meta_event::{heartbeat, now};
use super::sse;
use super::state::{NotedCall, State};
use super::sync::lock;
use super::ws::{self, BotConnection};
use crate::action::{GetUpdates, KnownAction};

/// Serves connections until it is stopped or aborted, which ends them too.
pub(super) async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    heartbeat: Option<Duration>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut tasks = JoinSet::new();
    if let Some(interval) = heartbeat {
        tasks.spawn(push_heartbeats(state.clone(), interval));
    }
    loop {
        let stream = tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // The process has no file descriptor to spare.
                Err(_) => {
                    sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
        };
        while tasks.try_join_next().is_some() {}
        tasks.spawn(connection(stream, state.clone()));
    }
    tasks.shutdown().await;
}

/// Sends heartbeats until it is aborted.
async fn push_heartbeats(state: Arc<State>, interval: Duration) {
    let interval = interval.max(Duration::from_millis(1));
    let mut event = heartbeat(state.self_id, interval);
    loop {
        tokio::time::sleep(interval).await;
        state.until_resumed().await;
        event["time"] = json!(now());
        state.push_event(&event.to_string());
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    let _ = stream.set_nodelay(true);
    let socket = Mutex::new(None);
    let service = service_fn(|request| respond(&state, &socket, request));
    // A client that hangs up is not an error of the server.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    let socket = lock(&socket).take();
    if let Some(socket) = socket {
        socket.serve().await;
    }
}

async fn respond(
    state: &Arc<State>,
    socket: &Mutex<Option<BotConnection>>,
    mut request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Dropped> {
    state.until_resumed().await;
    if ws::is_upgrade(request.headers()) {
        return Ok(upgrade(state, socket, &mut request));
    }
    let (parts, body) = request.into_parts();
    let reject = |status, why| Ok(reject(state, &parts.method, &parts.uri, status, why));
    if parts.method != Method::POST && parts.method != Method::GET {
        return reject(StatusCode::NOT_FOUND, "the method is neither GET nor POST");
    }
    let Ok(body) = body.collect().await else { return reject(StatusCode::BAD_REQUEST, "the body breaks off") };
    let given = RequestBody::new(&parts, body.to_bytes());
    if given.is_bad_json() {
        return reject(StatusCode::BAD_REQUEST, "the body is not JSON");
    }
    if let Some((status, why)) = unauthorised(state, &parts.uri, &parts.headers) {
        return reject(status, why);
    }
    if parts.method == Method::GET && parts.uri.path() == sse::PATH && !state.strict {
        return Ok(sse::subscribe(state));
    }
    let (action, params) = given.call(&parts.uri);
    let call = state.receive(&action, &params, Via::Http);
    if let Fault::Unauthorised(_) = call.fault {
        return Ok(plain(StatusCode::FORBIDDEN));
    }
    if let Some(stream) = state.stream(&call, &params, None) {
        return Ok(Response::new(AnswerBody::streamed(stream)));
    }
    let answer = answer(state, &call, &params).await.ok_or(Dropped)?;
    let mut response = Response::new(apply_fault(call.fault, answer.into()).await?);
    if given.is_bad_form() {
        // go-cqhttp answers with this status, and still carries the call out.
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    Ok(response)
}

fn upgrade(
    state: &Arc<State>,
    socket: &Mutex<Option<BotConnection>>,
    request: &mut Request<Incoming>,
) -> Response<AnswerBody> {
    let refused = unauthorised(state, request.uri(), request.headers());
    match (refused, state.refuse_after_upgrade) {
        (Some((status, why)), None) => reject(state, request.method(), request.uri(), status, why),
        (refused, retcode) => {
            // Without a token, the setting applies to every connection.
            let refused =
                refused.map(|(_, why)| why).or(state.token.is_none().then_some("every connection is refused"));
            let refused = retcode.zip(refused).map(|(retcode, why)| {
                reject(state, request.method(), request.uri(), StatusCode::SWITCHING_PROTOCOLS, why);
                retcode
            });
            let (response, accepted) = BotConnection::new(state, request, refused);
            *lock(socket) = Some(accepted);
            response
        }
    }
}

/// Returns the answer to a call; `None` if the connection ends without an answer.
async fn answer(state: &State, call: &NotedCall, params: &[u8]) -> Option<Vec<u8>> {
    match (&call.fault, &state.long_polling, call.info) {
        (Fault::DropBefore, ..) => None,
        (Fault::Refuse(_), ..) => state.answer(call, params, None),
        (_, Some(queue), Some(info)) if info.name == GetUpdates::NAME && !state.has_handler(info) => {
            let mut waiting = PendingPoll { state, call: Some(call.number) };
            let ended = match queue.take(info, params).await {
                Ok(events) => CallEnd::Answered(events),
                Err(refusal) => CallEnd::Refused(refusal.into()),
            };
            waiting.call = None;
            state.finish(call, ended, None)
        }
        _ => state.answer(call, params, None),
    }
}

/// A call that waits for events, and is dropped with its connection.
struct PendingPoll<'a> {
    state: &'a State,
    call: Option<usize>,
}

impl Drop for PendingPoll<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call {
            self.state.calls.end(call, CallEnd::Dropped);
        }
    }
}

/// Applies the call's fault to its answer.
async fn apply_fault(fault: Fault, answer: Bytes) -> Result<AnswerBody, Dropped> {
    Ok(match fault {
        Fault::NoAnswer => std::future::pending().await,
        Fault::DropAfter => return Err(Dropped),
        Fault::Delay(delay) => {
            sleep(delay).await;
            AnswerBody::whole(answer)
        }
        Fault::HalfAnswer => AnswerBody::half(answer),
        Fault::SlowBytes(pause) => AnswerBody::slow(answer, pause),
        _ => AnswerBody::whole(answer),
    })
}

/// The body of a request, by its content type. A body of any other type, and the body of a GET, is ignored.
enum RequestBody {
    Json(Bytes),
    Form(Bytes),
    Nothing,
}

impl RequestBody {
    fn new(parts: &Parts, body: Bytes) -> Self {
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        match () {
            () if parts.method == Method::GET => Self::Nothing,
            () if kind.contains("application/json") => Self::Json(body),
            () if kind.contains("application/x-www-form-urlencoded") => Self::Form(body),
            () => Self::Nothing,
        }
    }

    fn is_bad_json(&self) -> bool {
        matches!(self, Self::Json(json) if serde_json::from_slice::<IgnoredAny>(json).is_err())
    }

    fn is_bad_form(&self) -> bool {
        let Self::Form(form) = self else { return false };
        let mut escapes = form.split(|byte| *byte == b'%').skip(1);
        !escapes.all(|rest| rest.len() >= 2 && rest[..2].iter().all(u8::is_ascii_hexdigit)) || form.contains(&b';')
    }

    /// Returns the action that a request calls, and its parameters; the body's take precedence over the query's. On the
    /// path `/`, both are below `action` and `params`.
    fn call(&self, uri: &Uri) -> (String, Bytes) {
        let params = self.params(uri.query().unwrap_or_default());
        if uri.path() != "/" {
            let path = percent_decode_str(uri.path().strip_prefix('/').unwrap_or(uri.path()));
            return (path.decode_utf8_lossy().into_owned(), params);
        }
        #[derive(Default, Deserialize)]
        struct RootCall<'a> {
            #[serde(default, borrow)]
            action: Option<&'a RawValue>,
            #[serde(default, borrow)]
            params: Option<&'a RawValue>,
        }
        let call: RootCall<'_> = serde_json::from_slice(&params).unwrap_or_default();
        let action = call.action.and_then(|action| serde_json::from_str(action.get()).ok()).unwrap_or_default();
        (action, Bytes::copy_from_slice(call.params.map_or("{}", RawValue::get).as_bytes()))
    }

    /// Joins all parameters into one JSON object.
    fn params(&self, query: &str) -> Bytes {
        let (json, form): (&[u8], &[u8]) = match self {
            Self::Json(json) => (json, b""),
            Self::Form(form) => (b"{}", form),
            Self::Nothing => (b"{}", b""),
        };
        let of_query = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "access_token");
        let pairs = form_urlencoded::parse(form).chain(of_query).filter(|(_, value)| !value.is_empty());
        let mut pairs = pairs.peekable();
        if pairs.peek().is_none() {
            return match self {
                Self::Json(json) => json.clone(),
                _ => Bytes::from_static(b"{}"),
            };
        }
        let mut all: BTreeMap<Cow<'_, str>, Box<RawValue>> = serde_json::from_slice(json).unwrap_or_default();
        for (name, value) in pairs {
            // A value that is a JSON object or array is taken as JSON.
            let nested = value.starts_with(['{', '[']).then(|| serde_json::from_str(&value).ok()).flatten();
            let Some(value) = nested.or_else(|| to_raw_value(&value).ok()) else { continue };
            all.entry(name).or_insert(value);
        }
        serde_json::to_vec(&all).unwrap_or_default().into()
    }
}

/// Checks the token: 401 if there is none, 403 if it is wrong. The header counts unless it is missing or empty, and the
/// query otherwise.
fn unauthorised(state: &State, uri: &Uri, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    let token = state.token.as_deref()?;
    let in_query;
    let given = match headers.get(AUTHORIZATION).map(HeaderValue::as_bytes) {
        None | Some(b"") => {
            in_query = uri.query().and_then(token_in_query).unwrap_or_default();
            in_query.as_bytes()
        }
        Some(header) => memchr::memchr(b' ', header).map_or(header, |blank| &header[blank + 1..]),
    };
    match given {
        b"" => Some((StatusCode::UNAUTHORIZED, "no access token")),
        given if given != token.as_bytes() => Some((StatusCode::FORBIDDEN, "the access token is wrong")),
        _ => None,
    }
}

fn token_in_query(query: &str) -> Option<Cow<'_, str>> {
    form_urlencoded::parse(query.as_bytes()).find_map(|(name, value)| (name == "access_token").then_some(value))
}

/// Refuses a request, and records it.
fn reject(state: &State, method: &Method, uri: &Uri, status: StatusCode, why: &str) -> Response<AnswerBody> {
    let (method, path, why) = (method.to_string(), uri.path().to_owned(), why.to_owned());
    state.calls.reject(Rejected { method, path, status: status.as_u16(), why });
    plain(status)
}

fn plain(status: StatusCode) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::default());
    *response.status_mut() = status;
    response
}
