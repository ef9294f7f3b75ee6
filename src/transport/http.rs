//! Calls as HTTP requests: `POST /<action>` with the parameters as JSON.

mod body;
mod broken;
mod frames;
pub(in crate::transport) mod pools;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::envelope::is_success;
use crate::error::address::AddressError;
use crate::error::reason::Reason;
use crate::transport::address::{Address, Place};
use crate::transport::failure::{BoxError, Failure};
use crate::transport::http::body::{CloseOnDrop, Gate, RequestBody};
use crate::transport::http::broken::amid_answer;
use crate::transport::http::frames::Frames;
use crate::transport::http::pools::{Pools, authorization};
use crate::transport::part::is_part;
use crate::transport::request::Request;
use crate::transport::response::Response;
use crate::transport::tls::{Roots, is_about_certificate};

/// The transport over HTTP.
#[derive(Clone)]
pub(crate) struct Http(Arc<Inner>);

struct Inner {
    pools: Pools,
    place: Place,
    body_limit: usize,
}

impl Http {
    pub(crate) fn new(
        address: Address,
        token: Option<&str>,
        body_limit: usize,
        roots: &Roots,
    ) -> Result<Self, AddressError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            headers.insert(AUTHORIZATION, authorization(token)?);
        }
        let place = address.place();
        let pools = Pools::new(address, headers, roots)?;
        Ok(Self(Arc::new(Inner { pools, place, body_limit })))
    }

    /// Returns the URL of an action. Its name is one path segment, whatever it contains.
    fn url(&self, action: &str) -> Option<Url> {
        let mut url = self.0.pools.base().clone();
        // The URL parser would drop control characters, and resolve dots.
        let named = !matches!(action, "" | "." | "..") && !action.contains(|c: char| c.is_control());
        url.path_segments_mut().ok().filter(|_| named)?.pop_if_empty().push(action);
        Some(url)
    }

    /// Sends a request and returns its response, and `true` if that began before the whole request had gone out: then it can be
    /// a refusal, and nothing else.
    async fn respond(
        &self,
        url: Url,
        request: &Request,
        gate: &Arc<Gate>,
    ) -> Result<(reqwest::Response, bool), BoxError> {
        let client = self.0.pools.current()?;
        let body = reqwest::Body::wrap(RequestBody::new(request.clone(), gate.clone()));
        let call = client.post(url).body(body).build().map_err(reqwest::Error::without_url)?;
        // The runtime looks at its sockets before this task goes on, and the tasks of idle connections see what has arrived there
        // unasked: such a connection is given up. One that is taken from the pool before would take it for the answer.
        tokio::task::yield_now().await;
        let response = gate
            .watch(client.execute(call))
            .await
            .map_err(|error| before_answer(error, request.params.len(), &self.0.place))?;
        // A server that does not have the request whole cannot have carried it out, but it can refuse it.
        let early = !request.is_sent();
        if early && (response.status().is_success() || !gate.has_begun()) {
            return Err(Failure::new(STRAY).into());
        }
        gate.open();
        Ok((response, early))
    }

    async fn send(self, request: Request) -> Result<Response, BoxError> {
        let Some(url) = self.url(&request.action) else {
            return Err(Reason(format!("`{}` is not a valid action name", request.action).into()).into());
        };
        let closing = CloseOnDrop(Arc::default());
        let (response, early) = self.respond(url, &request, &closing.0).await?;
        let status = response.status().as_u16();
        let encoding = response.headers().get(CONTENT_ENCODING).map(|name| String::from_utf8_lossy(name.as_bytes()));
        let encoding = encoding.map(|name| name.to_lowercase()).filter(|name| !matches!(&**name, "" | "identity"));
        let limit = self.0.body_limit;
        let mut response = if request.is_streamed() && response.status().is_success() && encoding.is_none() {
            first_part(Frames::new(response, limit, closing)).await?
        } else {
            let (body, cut_at) = read_body(response, limit).await?;
            let mut response = Response::new(body);
            response.cut_at = cut_at;
            response
        };
        response.http_status = Some(status);
        response.encoding = encoding;
        if early && (is_part(&response.body) || is_success(&response)) {
            return Err(Failure::new(STRAY).into());
        }
        Ok(response)
    }
}

/// Reason of a call whose connection brought a response before the request.
const STRAY: &str = "a response arrived before the request had been sent: the server, or a proxy before it, has sent one response too \
                     many, and the connection is given up";

/// Reads the first part of a streamed answer, which may be the only one.
async fn first_part(mut frames: Frames) -> Result<Response, Failure> {
    let first = std::future::poll_fn(|cx| frames.poll_part(cx)).await.transpose()?.unwrap_or_default();
    Ok(if is_part(&first) { Response::streamed(first, frames) } else { Response::new(first) })
}

/// Reads the body up to `limit` bytes. Returns the limit beside it if the body was cut there.
async fn read_body(mut response: reqwest::Response, limit: usize) -> Result<(Bytes, Option<usize>), Failure> {
    let status = response.status().as_u16();
    let broken = |error, arrived: &[u8]| amid_answer(error, status, arrived);
    let Some(first) = response.chunk().await.map_err(|error| broken(error, b""))? else {
        return Ok((Bytes::new(), None));
    };
    // Most answers arrive in one piece, which is used without copying.
    let mut whole = match response.chunk().await.map_err(|error| broken(error, &first))? {
        None if first.len() <= limit => return Ok((first, None)),
        None => BytesMut::from(first),
        Some(second) => {
            let mut whole = BytesMut::from(first);
            whole.extend_from_slice(&second);
            whole
        }
    };
    while whole.len() <= limit {
        match response.chunk().await.map_err(|error| broken(error, &whole))? {
            Some(chunk) => whole.extend_from_slice(&chunk),
            None => return Ok((whole.freeze(), None)),
        }
    }
    whole.truncate(limit);
    Ok((whole.freeze(), Some(limit)))
}

impl tower::Service<Request> for Http {
    type Response = Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// The largest request that every server reads: SnowLuma closes the connection in the middle of a larger one.
const SAFE_SIZE: usize = 2 << 20;

/// Returns the failure of a request of `size` bytes without any answer.
fn before_answer(error: reqwest::Error, size: usize, place: &Place) -> Failure {
    let cause = hyper_error(&error);
    let reason = if error.is_connect() && is_about_certificate(&error) {
        "the server's certificate is not trusted: if an authority of your own has signed it, see \
         `ClientBuilder::root_certificate`"
    } else if error.is_connect() {
        let reason = "the server cannot be reached: is it running, and is this its address?";
        return Failure::new(reason).with_source(place.unreached(error.without_url().into()));
    } else if cause.is_some_and(hyper::Error::is_parse) {
        "the answer is not HTTP: is this the server's HTTP port?"
    } else if cause.is_some_and(hyper::Error::is_canceled) {
        "the connection was lost before the request was sent: is this the server's HTTP port?"
    } else if size > SAFE_SIZE {
        "the connection was lost before an answer to a large request arrived: SnowLuma takes at most 2 MiB over HTTP, so send \
         files over its WebSocket, as an address, or as a path on its disk; the server's log may say why"
    } else {
        "the connection was lost before an answer arrived: the server's log may say why"
    };
    // The end of the stream comes after the request has been read; a reset may come before.
    let closed = cause.is_some_and(hyper::Error::is_incomplete_message);
    Failure::new(reason).closed(closed).with_source(error.without_url())
}

/// Returns the error of the HTTP protocol among the causes.
pub(in crate::transport) fn hyper_error(error: &reqwest::Error) -> Option<&hyper::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
