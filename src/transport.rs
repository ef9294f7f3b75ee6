//! What lies under a client: a [`tower::Service`] from [`Request`] to [`Reply`].
//!
//! Layers go between the two. A layer that asks what a call does finds it in [`Request::effect`].

#[cfg(feature = "http")]
pub(crate) mod http;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;

use crate::{Action, Effect};

/// The error of a service: anything.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A call on its way to the server.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// The action's name on the wire.
    pub action: Arc<str>,
    /// What it does.
    pub effect: Effect,
    /// The parameters: a JSON object.
    pub params: Bytes,
    way: Arc<AtomicU8>,
}

impl Request {
    pub(crate) fn new<A: Action>(action: &A) -> serde_json::Result<Self> {
        let params = serde_json::to_vec(action)?.into();
        Ok(Self { action: action.name().into(), effect: action.effect(), params, way: Arc::default() })
    }

    /// Says that the request is leaving now: from here on a failure may come after the fact. A transport calls it right
    /// before it writes, and writes only if the answer is `true`: a call that has been given up must not leave any more,
    /// since its caller has been told that nothing was sent.
    #[must_use = "a call that was given up must not be written"]
    pub fn mark_sent(&self) -> bool {
        self.way.compare_exchange(WAITING, SENT, Ordering::AcqRel, Ordering::Acquire) != Err(GIVEN_UP)
    }

    /// Whether the request has begun to leave, in whichever of its clones.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.way.load(Ordering::Acquire) == SENT
    }

    /// Keeps the request from leaving; `false` where it has left already.
    pub(crate) fn give_up(&self) -> bool {
        self.way.compare_exchange(WAITING, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire) != Err(SENT)
    }
}

// How far a request has come.
const WAITING: u8 = 0;
const SENT: u8 = 1;
const GIVEN_UP: u8 = 2;

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, effect, params, .. } = self;
        f.debug_struct("Request")
            .field("action", action)
            .field("effect", effect)
            .field("params", &params.len())
            .finish()
    }
}

/// What the server sent back.
///
/// Its `Debug` tells the length of the body only: answers hold what belongs in no log.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Reply {
    /// The body: the envelope with the answer.
    pub body: Bytes,
    /// The HTTP status, where the transport has one.
    pub http_status: Option<u16>,
    /// The body was longer than the client's limit, in bytes, and ends there.
    pub cut_at: Option<usize>,
    /// The compression that the body came with, such as `gzip`: it was not asked for, and is not undone.
    pub encoding: Option<String>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { body, http_status, cut_at, encoding } = self;
        f.debug_struct("Reply")
            .field("body", &format_args!("{} bytes", body.len()))
            .field("http_status", http_status)
            .field("cut_at", cut_at)
            .field("encoding", encoding)
            .finish()
    }
}

impl Reply {
    /// A reply with this body.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }
}
