//! Calls on their way to the server.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::action::{Action, Effect};
use crate::decode::{self, Integer};
use crate::extra_params::ExtraParams;
use crate::generated::types::{ChannelId, GroupId, GuildId, UserId};
use crate::raw_fields::raw_fields;
use crate::transport::failure::BoxError;

/// A call on its way to the server.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// The action's name on the wire.
    pub action: Arc<str>,
    /// The action's effect.
    pub effect: Effect,
    /// The parameters: a JSON object.
    pub params: Bytes,
    is_streamed: bool,
    way: Arc<AtomicU8>,
}

impl Request {
    pub(crate) fn new<A: Action>(action: &A, extra: &ExtraParams) -> Result<Self, BoxError> {
        let params = extra.add_to(serde_json::to_vec(action)?)?.into();
        let (name, is_streamed) = (action.name().into(), action.is_streamed());
        Ok(Self { action: name, effect: action.effect(), params, is_streamed, way: Arc::default() })
    }

    /// Returns `true` if the answer arrives in parts: a transport then returns
    /// [`Response::streamed`](crate::transport::Response::streamed).
    #[must_use]
    pub fn is_streamed(&self) -> bool {
        self.is_streamed
    }

    /// Returns the group, user or guild channel that the call concerns, for layers that count by target; `None` if it names
    /// none.
    ///
    /// Each call of this method reads the parameters, as leniently as a server does: ids as numbers or as strings of digits, 0
    /// for none. A call that names a group and a user, such as a mute, concerns the group; but a message into a temporary
    /// session goes to the user. A quick operation concerns the chat of its event.
    #[must_use]
    pub fn target(&self) -> Option<RequestTarget> {
        let params = Ids::of(&self.params)?;
        let to_people = self.effect == Effect::Send;
        params.target(to_people).or_else(|| Ids::of(params.context?.get().as_bytes())?.target(false))
    }

    /// Marks the request as sent: from now on a failure leaves the outcome unknown. A transport calls this right before it
    /// writes the request, or the last part of it, and writes only if it returns `true`. It returns `false` for a call that has
    /// been given up: its caller has been told that nothing was sent.
    #[must_use = "a call that was given up must not be written"]
    pub fn mark_sent(&self) -> bool {
        self.way.compare_exchange(WAITING, SENT, Ordering::AcqRel, Ordering::Acquire) != Err(GIVEN_UP)
    }

    /// Returns `true` if the request, or a clone of it, has been marked as sent.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.way.load(Ordering::Acquire) == SENT
    }

    /// Returns `true` if the caller has been told that nothing was sent.
    pub(crate) fn is_given_up(&self) -> bool {
        self.way.load(Ordering::Acquire) == GIVEN_UP
    }

    /// Keeps the request from being sent. Returns `false` if it has been sent already.
    pub(crate) fn give_up(&self) -> bool {
        self.way.compare_exchange(WAITING, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire) != Err(SENT)
    }
}

// The stages of a request.
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

/// The target of a call: see [`Request::target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestTarget {
    /// A group.
    Group(GroupId),
    /// A user, outside groups.
    User(UserId),
    /// A channel of a guild.
    Channel(GuildId, ChannelId),
    /// A guild as a whole.
    Guild(GuildId),
}

/// The parameters that may name a target, unread.
struct Ids<'a> {
    message_type: Option<&'a RawValue>,
    group_id: Option<&'a RawValue>,
    user_id: Option<&'a RawValue>,
    guild_id: Option<&'a RawValue>,
    channel_id: Option<&'a RawValue>,
    /// The event of a quick operation.
    context: Option<&'a RawValue>,
}

impl<'a> Ids<'a> {
    fn of(params: &'a [u8]) -> Option<Self> {
        let keys = ["message_type", "group_id", "user_id", "guild_id", "channel_id", "context"];
        let [message_type, group_id, user_id, guild_id, channel_id, context] = raw_fields(params, keys).ok()?;
        Some(Self { message_type, group_id, user_id, guild_id, channel_id, context })
    }

    /// Returns the target. `private` decides between a group and a user if there is no `message_type`: `true` for the user.
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

/// Reads an id; `None` if it is missing or 0.
fn id<T: Integer + PartialEq>(raw: Option<&RawValue>) -> Option<T> {
    decode::value::<T>(raw?).filter(|id| Some(id) != T::from_wide(0).as_ref())
}
