//! What lies under a client: a [`tower::Service`] from [`Request`] to [`Reply`].
//!
//! Layers go between the two: [`layer`](crate::layer) says which there are. A layer of your own finds what a call does in
//! [`Request::effect`], and whom it concerns in [`Request::target`].

#[cfg(any(feature = "http", feature = "ws"))]
pub(crate) mod address;
#[cfg(feature = "http")]
pub(crate) mod http;
#[cfg(any(feature = "http", feature = "ws"))]
pub(crate) mod tls;
#[cfg(feature = "ws")]
pub(crate) mod ws;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Action, ChannelId, Effect, GroupId, GuildId, UserId, lenient};

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

    /// The group, user or guild channel that the call concerns, for layers that count by it; `None` where it names none.
    ///
    /// It is read from the parameters each time it is asked for, as leniently as a server reads them: ids as numbers or as
    /// strings of digits, 0 for none. A call that names a group and a user concerns the group, such as a mute; but a
    /// message into a temporary session goes to the user. A quick operation concerns the chat of its event.
    #[must_use]
    pub fn target(&self) -> Option<RequestTarget> {
        let params: Ids<'_> = serde_json::from_slice(&self.params).ok()?;
        let to_people = self.effect == Effect::Send;
        params.target(to_people).or_else(|| serde_json::from_str::<Ids<'_>>(params.context?.get()).ok()?.target(false))
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

    /// Whether the caller has been told that nothing was sent.
    pub(crate) fn is_given_up(&self) -> bool {
        self.way.load(Ordering::Acquire) == GIVEN_UP
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

/// Whom a call concerns: see [`Request::target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestTarget {
    /// A group.
    Group(GroupId),
    /// A user outside of groups.
    User(UserId),
    /// A channel of a guild.
    Channel(GuildId, ChannelId),
    /// A guild as a whole.
    Guild(GuildId),
}

/// The parameters that name a target, whatever stands in them.
#[derive(Deserialize)]
struct Ids<'a> {
    #[serde(borrow)]
    message_type: Option<&'a RawValue>,
    #[serde(borrow)]
    group_id: Option<&'a RawValue>,
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow)]
    guild_id: Option<&'a RawValue>,
    #[serde(borrow)]
    channel_id: Option<&'a RawValue>,
    /// The event of a quick operation.
    #[serde(borrow)]
    context: Option<&'a RawValue>,
}

impl Ids<'_> {
    /// `private` says what a group and a user without a `message_type` mean: a message to the user.
    fn target(&self, private: bool) -> Option<RequestTarget> {
        if let Some(guild) = id(self.guild_id) {
            return Some(match id(self.channel_id) {
                Some(channel) => RequestTarget::Channel(guild, channel),
                None => RequestTarget::Guild(guild),
            });
        }
        let private = self.message_type.map_or(private, |kind| kind.get() == "\"private\"");
        let user = id(self.user_id).map(RequestTarget::User);
        let group = id(self.group_id).map(RequestTarget::Group);
        if private { user.or(group) } else { group.or(user) }
    }
}

/// An id, where there is one; 0 is none.
fn id<T: lenient::Integer + PartialEq>(raw: Option<&RawValue>) -> Option<T> {
    let found = lenient::opt_int(&mut serde_json::Deserializer::from_str(raw?.get())).ok()?;
    found.filter(|id| Some(id) != T::from_wide(0).as_ref())
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
