//! Calls: a request becomes an answer or an error.

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::{Duration, Instant};

use serde::Serialize;
use tower::ServiceExt;
use tracing::Instrument;

use crate::action::{Action, AnswersOnce, Effect};
use crate::answer::Answer;
use crate::client::Client;
use crate::decode::{self, DecodeWarning};
use crate::envelope;
#[cfg(any(feature = "sse", feature = "ws"))]
use crate::error::connection::ConnectionError;
use crate::error::reason::{Reason, TimedOut};
use crate::error::{Error, NotSent, OutcomeUnknown};
use crate::extra_params::ExtraParams;
use crate::transport::failure::{BoxError, Failure};
use crate::transport::request::Request;
use crate::transport::response::Response;

impl Client {
    /// Calls any action: a request built beforehand, an action of an extension, or [`Raw`](crate::Raw).
    pub fn call<A: Action>(&self, request: A) -> Call<A> {
        Call::new(self.clone(), request)
    }
}

/// A call that is ready to go: `.await` sends it. A call whose answer arrives in parts is not awaited: [`stream`](Self::stream)
/// sends it.
///
/// Optional parameters are set by the methods that each action adds. A call owns what it needs, so that it can be sent
/// from a task of its own: `tokio::spawn(call.into_future())`, with [`IntoFuture`] in scope from the prelude.
///
/// ```no_run
/// # async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {
/// use std::time::Duration;
///
/// client.set_group_ban(10001000, 10086).duration(600).within(Duration::from_secs(5)).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a call does nothing until it is awaited"]
#[derive(Clone)]
pub struct Call<A> {
    client: Client,
    request: A,
    within: Option<Duration>,
    extra: ExtraParams,
}

impl<A: Action> Call<A> {
    pub(crate) fn new(client: Client, request: A) -> Self {
        Self { client, request, within: None, extra: ExtraParams::default() }
    }

    /// Adds a parameter that the request's type does not know, under its name on the wire: some servers read further ones. A
    /// second value for a name replaces the first.
    ///
    /// The call ends as [`Error::NotSent`] if it writes a parameter of this name already, such as one with a default, or if the
    /// value cannot be written as JSON.
    ///
    /// ```no_run
    /// # async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {
    /// client.send_group_msg(10001000, "hi").param("vendor_option", 1).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn param(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.extra.set(name.into(), &value);
        self
    }

    /// Limits the time of this call, in place of the client's limit. For a [streamed](Self::stream) answer it limits the time
    /// until the first part, and then the server's silence. A call that exceeds it ends as
    /// [`Error::OutcomeUnknown`], or as [`Error::NotSent`] if it had not been sent yet. That also holds if the server refuses the
    /// token later, in its first frame: by the end of the limit nothing has said that the call was not run.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = Some(limit);
        self
    }

    /// Also returns the raw JSON response, for fields that the schema does not cover.
    pub fn with_raw(self) -> RawCall<A> {
        RawCall(self)
    }

    /// Changes the request.
    pub fn map_request(mut self, change: impl FnOnce(A) -> A) -> Self {
        self.request = change(self.request);
        self
    }

    /// The client that the call goes through.
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn request(&self) -> &A {
        &self.request
    }

    pub(crate) async fn send(self) -> Result<Answered<A>, Error> {
        let span = tracing::debug_span!("call", action = self.request.name(), effect = ?self.request.effect());
        // The clock is read only if the span is recorded.
        let begun = (!span.is_disabled()).then(Instant::now);
        async move {
            let result = self.exchange().await;
            let elapsed = begun.map(|begun| begun.elapsed());
            match &result {
                Ok(_) => tracing::debug!(?elapsed, "answered"),
                Err(error @ Error::Undecodable(undecodable)) => {
                    tracing::debug!(?elapsed, %error, "failed");
                    // It may quote what people say to each other.
                    tracing::trace!(reason = %undecodable.reason, "why it cannot be read");
                }
                Err(error) => {
                    tracing::debug!(?elapsed, retcode = error.retcode(), error = error.report(), "failed");
                }
            }
            result
        }
        .instrument(span)
        .await
    }

    async fn exchange(self) -> Result<Answered<A>, Error> {
        let (request, response) = self.begin().await?;
        self.answered(&request, response)
    }

    /// Sends the request, and waits for the response, or for the first part of it.
    pub(crate) async fn begin(&self) -> Result<(Request, Response), Error> {
        let name = self.request.name();
        let request = self.outgoing().map_err(|reason| not_sent(name, reason))?;
        let answer = self.client.service().oneshot(request.clone());
        let limit = self.time_limit().map(|limit| limit.saturating_add(self.request.wait()));
        let outcome = match limit {
            None => answer.await,
            Some(limit) => match tokio::time::timeout(limit, answer).await {
                Ok(outcome) => outcome,
                Err(_) if !request.give_up() => Err(TimedOut(format!("no answer within {limit:?}")).into()),
                Err(_) => {
                    let reason = TimedOut(format!("it did not get its turn within {limit:?}"));
                    return Err(not_sent(name, reason.into()));
                }
            },
        };
        match outcome {
            Ok(response) => Ok((request, response)),
            Err(error) if self.request.ends_server() && request.is_sent() && is_closed(&*error) => {
                Ok((request, Response::default()))
            }
            Err(error) => Err(failure(name, &request, error)),
        }
    }

    /// Returns the time limit of the call, or of a silence of the server in the middle of a streamed answer.
    pub(crate) fn time_limit(&self) -> Option<Duration> {
        self.within.or(self.client.timeout())
    }

    /// Returns the request, or the reason why it cannot be sent.
    fn outgoing(&self) -> Result<Request, BoxError> {
        let request = Request::new(&self.request, &self.extra)?;
        if tokio::runtime::Handle::try_current().is_err() {
            let reason = "a call is awaited inside a tokio runtime, and there is none here";
            return Err(Reason(reason.into()).into());
        }
        if let Some(fault) = self.request.fault() {
            return Err(Reason(fault.into()).into());
        }
        if request.params.first() != Some(&b'{') {
            return Err(Reason("its parameters are not a JSON object".into()).into());
        }
        Ok(request)
    }

    /// Reads the answer to a request.
    fn answered(&self, request: &Request, response: Response) -> Result<Answered<A>, Error> {
        if self.request.ends_server()
            && response.says_nothing()
            && let Some(answer) = A::Response::from_nothing()
        {
            return Ok(Answered { answer, warnings: Vec::new(), response });
        }
        let (answer, warnings) = self.read_answer(request, &response)?;
        Ok(Answered { answer, warnings, response })
    }

    /// Reads a whole answer, or a part of one.
    pub(crate) fn read_answer<T: Answer>(
        &self,
        request: &Request,
        response: &Response,
    ) -> Result<(T, Vec<DecodeWarning>), Error> {
        let (name, soft) = (self.request.name(), self.request.has_soft_failures());
        let (answer, warnings) = envelope::decode(name, response, soft).map_err(|error| {
            let mut error = after_redirect(error, request, response);
            if let Error::Refused(refused) = &mut error {
                refused.classify(request.effect == Effect::Read, response.http_status, self.request.refusal_rules());
            }
            if let Some(token) = self.client.token() {
                error.hide(token);
            }
            error
        })?;
        decode::log(name, &warnings);
        Ok((answer, warnings))
    }
}

/// The result of a call that succeeded: the answer, its warnings, and the response that it was read from.
pub(crate) struct Answered<A: Action> {
    pub(crate) answer: A::Response,
    pub(crate) warnings: Vec<DecodeWarning>,
    response: Response,
}

impl<A: Action> Answered<A> {
    pub(crate) fn with_raw(self) -> WithRaw<A::Response> {
        let text = String::from_utf8_lossy(&self.response.body).into_owned();
        WithRaw { answer: self.answer, warnings: self.warnings, text }
    }
}

/// Returns the failure of a call that the server answered with a redirect: a server that read the whole request may have carried
/// it out before it answered so.
fn after_redirect(error: Error, request: &Request, response: &Response) -> Error {
    match error {
        Error::NotSent(not_sent) if request.is_sent() && request.effect != Effect::Read => {
            let NotSent { action, reason } = *not_sent;
            let text = String::from_utf8_lossy(&response.body).into_owned();
            Error::OutcomeUnknown(Box::new(OutcomeUnknown { action, reason, text }))
        }
        error => error,
    }
}

pub(crate) fn not_sent(action: &str, reason: BoxError) -> Error {
    Error::NotSent(Box::new(NotSent { action: action.to_owned(), reason }))
}

/// Returns `true` if the server closed the connection once it had the request.
fn is_closed(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            return failure.is_closed();
        }
        #[cfg(any(feature = "sse", feature = "ws"))]
        if let Some(error) = error.downcast_ref::<ConnectionError>() {
            return matches!(error, ConnectionError::ClosedByServer { .. } | ConnectionError::Lost(_));
        }
        cause = error.source();
    }
    false
}

/// Returns the call's error for an error of the service.
pub(crate) fn failure(action: &str, request: &Request, reason: BoxError) -> Error {
    let failure = reason.downcast_ref::<Failure>();
    if request.give_up() || failure.is_some_and(Failure::is_not_run) {
        return not_sent(action, reason);
    }
    let partial = failure.map(|failure| &*failure.partial_body);
    let text = String::from_utf8_lossy(partial.unwrap_or_default()).into_owned();
    Error::OutcomeUnknown(Box::new(OutcomeUnknown { action: action.to_owned(), reason, text }))
}

// The compiler shows the line with its comment to a program that awaits a call whose answer arrives in parts.
#[rustfmt::skip]
impl<A: AnswersOnce> IntoFuture for Call<A> { // an answer in parts is not awaited: read it with `.stream()`
    type Output = Result<A::Response, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.send().await?.answer) })
    }
}

impl<A: fmt::Debug> fmt::Debug for Call<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, within, extra, .. } = self;
        f.debug_struct("Call")
            .field("request", request)
            .field("within", within)
            .field("extra", extra)
            .finish_non_exhaustive()
    }
}

/// A call that also returns the text of its answer: see [`Call::with_raw`].
#[must_use = "a call does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct RawCall<A>(Call<A>);

impl<A: AnswersOnce> IntoFuture for RawCall<A> {
    type Output = Result<WithRaw<A::Response>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.0.send().await.map(Answered::with_raw) })
    }
}

/// An answer and its text. `Debug` shows only the length of the text.
#[derive(Clone)]
#[non_exhaustive]
pub struct WithRaw<R> {
    /// The answer.
    pub answer: R,
    warnings: Vec<DecodeWarning>,
    text: String,
}

impl<R> WithRaw<R> {
    /// Changes the answer, and keeps its text.
    pub(crate) fn map<T>(self, change: impl FnOnce(R) -> T) -> WithRaw<T> {
        let Self { answer, warnings, text } = self;
        WithRaw { answer: change(answer), warnings, text }
    }

    /// The whole envelope as the server sent it, with invalid UTF-8 replaced.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns a warning for each part of the answer that could not be read and was passed over. Each path is also logged at
    /// `warn`, once per process.
    pub fn decode_warnings(&self) -> &[DecodeWarning] {
        &self.warnings
    }
}

impl<R: fmt::Debug> fmt::Debug for WithRaw<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answer, warnings, text } = self;
        f.debug_struct("WithRaw")
            .field("answer", answer)
            .field("decode_warnings", warnings)
            .field("text", &format_args!("{} bytes", text.len()))
            .finish()
    }
}
