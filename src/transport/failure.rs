//! Failures of transports.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use bytes::Bytes;

/// The error of a service.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A failure of a transport: no complete answer to a request arrived.
///
/// A transport may return any error; this one also carries the part of an answer that did arrive. A call that fails with it
/// becomes [`Error::NotSent`](crate::Error::NotSent) if [`Request::mark_sent`](crate::transport::Request::mark_sent) was not
/// called or the failure is [`not_run`](Self::not_run), else [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown), with the partial answer in
/// [`OutcomeUnknown::text`](crate::OutcomeUnknown::text).
///
/// ```
/// use cqhttp::transport::Failure;
///
/// let broken = std::io::Error::other("connection reset");
/// let failure = Failure::new("the connection was lost in the middle of the answer")
///     .with_partial_body(r#"{"status":"o"#)
///     .with_source(broken);
/// assert_eq!(failure.to_string(), "the connection was lost in the middle of the answer");
/// ```
///
/// Its `Debug` shows only the length of the partial answer: answers may hold what must not be logged.
#[non_exhaustive]
pub struct Failure {
    /// A sentence that says what happened.
    pub reason: Cow<'static, str>,
    /// The part of the answer's body that arrived; mostly empty.
    pub partial_body: Bytes,
    /// The cause.
    source: Option<BoxError>,
    /// Set if the server has certainly not run the request.
    not_run: bool,
    /// Set if the server closed the connection after it had read the request.
    closed: bool,
}

impl Failure {
    /// A failure for this reason, without a partial answer and without a cause.
    #[must_use]
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), partial_body: Bytes::new(), source: None, not_run: false, closed: false }
    }

    /// Adds the part of the answer's body that arrived.
    #[must_use]
    pub fn with_partial_body(mut self, body: impl Into<Bytes>) -> Self {
        self.partial_body = body.into();
        self
    }

    /// States that the server has certainly not run the request, although it was written: the call becomes
    /// [`Error::NotSent`](crate::Error::NotSent).
    #[must_use]
    pub fn not_run(mut self) -> Self {
        self.not_run = true;
        self
    }

    /// Returns `true` if the server has certainly not run the request.
    pub(crate) fn is_not_run(&self) -> bool {
        self.not_run
    }

    /// States that the server closed the connection after it had read the request.
    #[cfg(feature = "http")]
    pub(crate) fn closed(mut self, closed: bool) -> Self {
        self.closed = closed;
        self
    }

    /// Returns `true` if the server closed the connection after it had read the request.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Adds the cause, which becomes the [`source`](Error::source).
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, partial_body, source, not_run, closed } = self;
        f.debug_struct("Failure")
            .field("reason", reason)
            .field("partial_body", &format_args!("{} bytes", partial_body.len()))
            .field("source", source)
            .field("not_run", not_run)
            .field("closed", closed)
            .finish()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
