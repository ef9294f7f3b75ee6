//! Calls as HTTP requests: `POST /<action>` with the parameters as JSON.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Response, Url};

use super::address::Address;
use super::tls::{NoClient, Roots, is_about_certificates};
use super::{BoxError, Reply, Request};
use crate::client::BuildError;
use crate::error::Reason;

/// The service at the bottom of a client.
#[derive(Clone)]
pub(crate) struct Http(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    /// What the actions' names are put behind.
    base: Url,
    body_limit: usize,
}

/// How long a connection may take to come about; the time limit of a call counts besides.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept without a call. Servers that close theirs after five seconds are common, and a call that
/// meets such a close ends with its outcome unknown.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

impl Http {
    pub(crate) fn new(
        address: Address,
        token: Option<&str>,
        body_limit: usize,
        roots: &Roots,
    ) -> Result<Self, BuildError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| BuildError::AccessToken)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let builder = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT);
        let Address { base, socket } = address;
        let builder = match socket {
            #[cfg(unix)]
            Some(path) => builder.unix_socket(path),
            _ => builder,
        };
        let client = roots.build(builder, &base).map_err(|error| match error {
            NoClient::Certificate(error) => BuildError::Certificate(error),
            NoClient::Other(error) => BuildError::Http(error.into()),
        })?;
        Ok(Self(Arc::new(Inner { client, base, body_limit })))
    }

    /// The address of an action: one segment of a path, whatever is in its name.
    fn url(&self, action: &str) -> Option<Url> {
        let mut url = self.0.base.clone();
        // The URL's parser would drop control characters, and walk up for dots.
        let named = !matches!(action, "" | "." | "..") && !action.contains(|c: char| c.is_control());
        url.path_segments_mut().ok().filter(|_| named)?.pop_if_empty().push(action);
        Some(url)
    }

    async fn send(self, request: Request) -> Result<Reply, BoxError> {
        let Some(url) = self.url(&request.action) else {
            return Err(Reason(format!("`{}` is no name of an action", request.action).into()).into());
        };
        let body = reqwest::Body::wrap(Leaving { params: Some(request.params.clone()), request });
        let call = self.0.client.post(url).body(body).build().map_err(reqwest::Error::without_url)?;
        let response = self.0.client.execute(call).await.map_err(NoAnswer::before)?;
        let status = response.status().as_u16();
        let encoding = response.headers().get(CONTENT_ENCODING).map(|name| String::from_utf8_lossy(name.as_bytes()));
        let encoding = encoding.map(|name| name.to_lowercase()).filter(|name| !matches!(&**name, "" | "identity"));
        let (body, cut_at) = read_body(response, self.0.body_limit).await?;
        Ok(Reply { body, http_status: Some(status), cut_at, encoding })
    }
}

/// The body up to `limit` bytes, and where it was cut if it has more.
async fn read_body(mut response: Response, limit: usize) -> Result<(Bytes, Option<usize>), NoAnswer> {
    let status = response.status().as_u16();
    let broken = |error, begun: &[u8]| NoAnswer::amid(error, status, begun);
    let Some(first) = response.chunk().await.map_err(|error| broken(error, b""))? else {
        return Ok((Bytes::new(), None));
    };
    // Most answers come in one piece, which is taken as it is.
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
    type Response = Reply;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// No whole answer came about.
struct NoAnswer {
    says: Cow<'static, str>,
    /// What had come of one.
    begun: String,
    source: reqwest::Error,
}

/// What had come of the answer whose lack this is.
pub(crate) fn begun(error: &BoxError) -> String {
    error.downcast_ref::<NoAnswer>().map(|error| error.begun.clone()).unwrap_or_default()
}

impl NoAnswer {
    /// Nothing came that is an answer.
    fn before(error: reqwest::Error) -> Self {
        let cause = hyper_error(&error);
        let says = if error.is_connect() && is_about_certificates(&error) {
            "the server's certificate is not trusted: if an authority of your own has signed it, see \
             `ClientBuilder::root_certificate`"
        } else if error.is_connect() {
            "the server cannot be reached: is it running, and is this its address?"
        } else if cause.is_some_and(hyper::Error::is_parse) {
            "what came back is no HTTP: is this the server's HTTP port?"
        } else if cause.is_some_and(hyper::Error::is_canceled) {
            "the connection was lost before the request left: is this the server's HTTP port?"
        } else {
            "the connection was lost before an answer came: the server's log may say why"
        };
        Self { says: says.into(), begun: String::new(), source: error.without_url() }
    }

    /// An answer began, and broke off.
    fn amid(error: reqwest::Error, status: u16, begun: &[u8]) -> Self {
        let says = match status {
            200 => "the connection was lost in the middle of the answer".into(),
            _ => format!("the connection was lost in the middle of the answer, which has HTTP status {status}").into(),
        };
        Self { says, begun: String::from_utf8_lossy(begun).into_owned(), source: error.without_url() }
    }
}

fn hyper_error(error: &reqwest::Error) -> Option<&hyper::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

impl std::fmt::Debug for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { says, begun: _, source } = self;
        f.debug_struct("NoAnswer").field("says", says).field("source", source).finish_non_exhaustive()
    }
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.says)
    }
}

impl std::error::Error for NoAnswer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The body of a request. The connection asks for it once it stands, and that is when the request leaves.
struct Leaving {
    params: Option<Bytes>,
    request: Request,
}

impl http_body::Body for Leaving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(params) = self.params.take() else { return Poll::Ready(None) };
        match self.request.mark_sent() {
            true => Poll::Ready(Some(Ok(Frame::data(params)))),
            false => Poll::Ready(Some(Err(Reason("the call was given up".into()).into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.params.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.params.as_ref().map_or(0, |params| params.len() as u64))
    }
}
