//! Answers in parts: a call that becomes a stream of the parts.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use tokio::time::{Instant, Sleep};

use crate::action::StreamedAction;
use crate::call::{Call, failure};
use crate::decode::DecodeWarning;
use crate::error::reason::TimedOut;
use crate::error::{Error, OutcomeUnknown};
use crate::time::YEAR;
use crate::transport::failure::{BoxError, Failure};
use crate::transport::part::is_part;
use crate::transport::request::Request;
use crate::transport::response::{Parts, Response};

impl<A: StreamedAction> Call<A> {
    /// Sends the call when it is polled, and returns the parts of its answer as they arrive. The last answer comes from
    /// [`AnswerStream::finish`].
    ///
    /// The call's time limit becomes a limit of the server's silence: it begins anew with each part. Dropping the stream ends the
    /// call; parts that arrive later are dropped. What has not been read waits in a buffer of limited size over a WebSocket
    /// ([`Connect::stream_buffer`](crate::Connect::stream_buffer)); over HTTP it waits at the server.
    ///
    /// ```no_run
    /// # #[cfg(feature = "vendor")]
    /// # async fn run(client: cqhttp::Client) -> Result<(), cqhttp::Error> {
    /// let mut parts = client.download_file_stream().file("march.pdf").stream();
    /// while let Some(part) = parts.next().await {
    ///     let part = part?;
    ///     println!("{} of {:?} bytes", parts.received().unwrap_or_default(), parts.total());
    /// #   let _ = part;
    /// }
    /// let complete = parts.finish().await?;
    /// println!("{:?} pieces", complete.total_chunks);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> AnswerStream<A> {
        let opening = Box::pin(async move {
            let begun = self.begin().await;
            (self, begun)
        });
        AnswerStream {
            state: State::Opening(opening),
            answer: None,
            total: None,
            received: None,
            last: Bytes::new(),
            warnings: Vec::new(),
            action: String::new(),
        }
    }
}

/// The parts of an answer, a [`Stream`]: see [`Call::stream`]. [`next`](Self::next) needs no extension trait.
///
/// The stream ends after the last part, or with the first error:
///
/// | event | error |
/// |---|---|
/// | the server refuses the call, also in the middle of the answer | [`Error::Refused`] |
/// | a part, or the last answer, cannot be read | [`Error::Undecodable`] |
/// | the connection is lost, the server is silent for longer than the time limit, or the answer ends without a last part | [`Error::OutcomeUnknown`] |
/// | the parts are read too slowly: see [`Connect::stream_buffer`](crate::Connect::stream_buffer) | [`Error::OutcomeUnknown`] |
/// | the call could not be sent | [`Error::NotSent`] |
#[must_use = "a stream does nothing until it is polled"]
pub struct AnswerStream<A: StreamedAction> {
    state: State<A>,
    /// The last answer, once it has arrived.
    answer: Option<A::Response>,
    total: Option<u64>,
    received: Option<u64>,
    /// The body of the response that was read last.
    last: Bytes,
    warnings: Vec<DecodeWarning>,
    /// The action's name, once the stream has ended.
    action: String,
}

type Begun<A> = (Call<A>, Result<(Request, Response), Error>);

enum State<A: StreamedAction> {
    /// The first part has not arrived.
    Opening(Pin<Box<dyn Future<Output = Begun<A>> + Send>>),
    Open(Open<A>),
    Ended,
}

/// An answer whose first part has arrived.
struct Open<A> {
    call: Call<A>,
    request: Request,
    /// `None` if the transport returned a part alone.
    parts: Option<Parts>,
    http_status: Option<u16>,
    silence: Silence,
}

/// The time limit of the server's silence.
struct Silence {
    limit: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Set while the timer runs.
    runs: bool,
}

impl<A: StreamedAction> AnswerStream<A> {
    /// Returns the next part; `None` after the last one.
    ///
    /// # Errors
    ///
    /// The call fails. The stream ends with the error.
    pub async fn next(&mut self) -> Option<Result<A::Part, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Reads on to the end, and returns the last answer. Parts that have not been read are dropped.
    ///
    /// # Errors
    ///
    /// The call fails. If [`next`](Self::next) has returned the error already, this is an [`Error::OutcomeUnknown`] that says so.
    pub async fn finish(mut self) -> Result<A::Response, Error> {
        while let Some(part) = self.next().await {
            part?;
        }
        let action = std::mem::take(&mut self.action);
        self.answer.take().ok_or_else(|| {
            let reason = Failure::new("the answer has ended with an error, which was returned before");
            unknown(action, reason.into())
        })
    }

    /// Returns the amount that the server has announced, such as the size of a file in bytes; `None` if it has not, or if it does
    /// not know.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Returns the amount that has been read so far; `None` if no part has told an amount.
    #[must_use]
    pub fn received(&self) -> Option<u64> {
        self.received
    }

    /// Returns the text of the response that was read last, with invalid UTF-8 replaced: for fields that the schema does not
    /// cover.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.last)
    }

    /// Returns a warning for each piece of the response that was read last which could not be read and was passed over. Each path
    /// is also logged at `warn`, once per process.
    pub fn decode_warnings(&self) -> &[DecodeWarning] {
        &self.warnings
    }

    /// Reads a response: a part, or the last answer, after which there is no part.
    fn receive(&mut self, open: Open<A>, response: Response) -> Option<Result<A::Part, Error>> {
        self.last = response.body.clone();
        if !is_part(&response.body) {
            self.end(&open.call);
            let (answer, warnings) = match open.call.read_answer(&open.request, &response) {
                Ok(read) => read,
                Err(error) => return Some(Err(failed(error))),
            };
            tracing::debug!(action = self.action, "answered in parts");
            (self.answer, self.warnings) = (Some(answer), warnings);
            return None;
        }
        match open.call.read_answer::<A::Part>(&open.request, &response) {
            Ok((part, warnings)) => {
                self.warnings = warnings;
                if let Some(total) = A::total(&part).filter(|total| *total > 0) {
                    self.total = Some(total);
                }
                if let Some(received) = A::received(&part) {
                    self.received = Some(self.received.unwrap_or_default().saturating_add(received));
                }
                self.state = State::Open(open);
                Some(Ok(part))
            }
            Err(error) => {
                self.end(&open.call);
                Some(Err(failed(error)))
            }
        }
    }

    /// Notes that the stream has ended.
    fn end(&mut self, call: &Call<A>) {
        self.state = State::Ended;
        self.action = call.request().name().to_owned();
    }
}

/// Logs the failure of a call.
fn failed(error: Error) -> Error {
    tracing::debug!(retcode = error.retcode(), %error, "failed in parts");
    error
}

fn unknown(action: String, reason: BoxError) -> Error {
    Error::OutcomeUnknown(Box::new(OutcomeUnknown { action, reason, text: String::new() }))
}

impl<A> Open<A> {
    /// Returns the next response, or the reason why there is none.
    fn poll_response(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response, BoxError>> {
        let next = match &mut self.parts {
            Some(parts) => Pin::new(parts).poll_next(cx),
            None => Poll::Ready(None),
        };
        match next {
            Poll::Ready(Some(Ok(body))) => {
                self.silence.runs = false;
                let mut response = Response::new(body);
                response.http_status = self.http_status;
                Poll::Ready(Ok(response))
            }
            Poll::Ready(Some(Err(reason))) => Poll::Ready(Err(reason)),
            Poll::Ready(None) => Poll::Ready(Err(Failure::new("the answer ended without its last part").into())),
            Poll::Pending => self.silence.poll(cx).map(Err),
        }
    }
}

impl Silence {
    /// Returns the reason once the limit is exceeded.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<BoxError> {
        let Some(limit) = self.limit else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !std::mem::replace(&mut self.runs, true) {
            timer.as_mut().reset(Instant::now() + limit.min(YEAR));
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(TimedOut(format!("no further part of the answer within {limit:?}")).into())
    }
}

impl<A: StreamedAction> Stream for AnswerStream<A> {
    type Item = Result<A::Part, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match &mut this.state {
            State::Opening(opening) => {
                let (call, begun) = ready!(opening.as_mut().poll(cx));
                let (request, mut response) = match begun {
                    Ok(begun) => begun,
                    Err(error) => {
                        this.end(&call);
                        return Poll::Ready(Some(Err(failed(error))));
                    }
                };
                let silence = Silence { limit: call.time_limit(), timer: None, runs: false };
                let (parts, http_status) = (response.take_parts(), response.http_status);
                Poll::Ready(this.receive(Open { call, request, parts, http_status, silence }, response))
            }
            State::Open(open) => {
                let response = ready!(open.poll_response(cx));
                let State::Open(open) = std::mem::replace(&mut this.state, State::Ended) else {
                    return Poll::Ready(None);
                };
                Poll::Ready(match response {
                    Ok(response) => this.receive(open, response),
                    Err(reason) => {
                        this.end(&open.call);
                        let name = this.action.clone();
                        Some(Err(failed(failure(&name, &open.request, reason))))
                    }
                })
            }
            State::Ended => Poll::Ready(None),
        }
    }
}

// No field is pinned in place: the future and the timer are boxed.
impl<A: StreamedAction> Unpin for AnswerStream<A> {}

impl<A: StreamedAction> fmt::Debug for AnswerStream<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerStream")
            .field("ended", &matches!(self.state, State::Ended))
            .field("total", &self.total)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}
