//! Destinations of messages: a [`Target`] takes any message, a [`Chat`] may be a channel of a guild too.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decode::{self, Context, Decode, Decoded, ReadCustom, SetTarget, Slot, Unfit};
use crate::generated::types::{ChannelId, GroupId, GuildId, UserId};

/// The destination of a message: a user, a group, or a member of a group who is not a friend.
///
/// It is sent as `message_type` and the ids. A message without a destination cannot be written.
///
/// ```no_run
/// # async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {
/// use cqhttp::{GroupId, Target};
///
/// client.send_msg(Target::user(10086), "hi").await?;
/// client.send_msg(GroupId::new(10001000), "hi, all").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// A friend.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// A temporary session with a member of a group. go-cqhttp requires that the bot is an administrator there, and
    /// reports a failure even if the message was sent.
    Temp {
        /// The member.
        user: UserId,
        /// The group that both are in.
        group: GroupId,
    },
}

impl Target {
    /// Creates the target for a friend.
    pub fn user(user: impl Into<UserId>) -> Self {
        Self::User(user.into())
    }

    /// Creates the target for a group.
    pub fn group(group: impl Into<GroupId>) -> Self {
        Self::Group(group.into())
    }

    /// Creates the target for a temporary session with `user`, a member of `group`.
    pub fn temp(user: impl Into<UserId>, group: impl Into<GroupId>) -> Self {
        Self::Temp { user: user.into(), group: group.into() }
    }
}

impl From<UserId> for Target {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<GroupId> for Target {
    fn from(group: GroupId) -> Self {
        Self::Group(group)
    }
}

impl Target {
    /// Writes the keys that name the target.
    pub(crate) fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let (kind, user, group) = match self {
            Self::User(user) => ("private", Some(user), None),
            Self::Group(group) => ("group", None, Some(group)),
            Self::Temp { user, group } => ("private", Some(user), Some(group)),
        };
        map.serialize_entry("message_type", kind)?;
        user.map_or(Ok(()), |user| map.serialize_entry("user_id", user))?;
        group.map_or(Ok(()), |group| map.serialize_entry("group_id", group))
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

/// Reads the keys as go-cqhttp does: the message type first, then the ids.
impl SetTarget for Target {
    fn set(&mut self, message_type: Option<&str>, user_id: Option<i64>, group_id: Option<i64>) -> Result<(), Unfit> {
        *self = match (message_type, user_id.map(UserId::new), group_id.map(GroupId::new)) {
            (Some("group"), _, Some(group)) | (_, None, Some(group)) => Self::Group(group),
            (_, Some(user), Some(group)) => Self::Temp { user, group },
            (_, Some(user), None) => Self::User(user),
            (_, None, None) => return Err(Unfit::new("neither `user_id` nor `group_id` names a target")),
        };
        Ok(())
    }
}

impl Decode for Target {
    fn blank() -> Self {
        Self::User(UserId::new(0))
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Target(self)
    }

    fn optional(value: &mut Option<Self>) -> Slot<'_> {
        Slot::Custom(value)
    }
}

impl ReadCustom for Target {
    fn read(&mut self, value: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<()> {
        value.fill(&mut Slot::Target(self), context)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode::deserialize_strictly(deserializer)
    }
}

/// A place for conversation: a [`Target`], or a channel of a guild.
///
/// ```no_run
/// # async fn run(client: &cqhttp::Client, event: &cqhttp::Event) -> Result<(), cqhttp::Error> {
/// use cqhttp::{Chat, GroupId};
///
/// client.send(GroupId::new(10001000), "hi, all").await?;
/// client.send(Chat::channel(6000001000000001, 1000001), "hi, guild").await?;
/// if let Some(chat) = event.target() {
///     client.send(chat, "I saw that").await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Chat {
    /// A friend.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// A temporary session with a member of a group: see [`Target::Temp`].
    Temp {
        /// The member.
        user: UserId,
        /// The group that both are in.
        group: GroupId,
    },
    /// A channel of a guild.
    Channel {
        /// The guild.
        guild: GuildId,
        /// The channel.
        channel: ChannelId,
    },
}

impl Chat {
    /// Creates the chat for a channel of a guild.
    pub fn channel(guild: impl Into<GuildId>, channel: impl Into<ChannelId>) -> Self {
        Self::Channel { guild: guild.into(), channel: channel.into() }
    }

    /// Returns the chat of an event with these ids; `None` if it has none, or is about the account itself.
    pub(crate) fn of(
        self_id: Option<UserId>,
        user: Option<UserId>,
        group: Option<GroupId>,
        channel: Option<(GuildId, ChannelId)>,
    ) -> Option<Self> {
        let channel = channel.map(|(guild, channel)| Self::Channel { guild, channel });
        // The ids of no group and of no user are 0.
        let group = group.filter(|group| group.get() != 0).map(Self::Group);
        let user = user.filter(|user| user.get() != 0 && Some(*user) != self_id).map(Self::User);
        channel.or(group).or(user)
    }

    /// Converts the chat to a target; `None` for a channel of a guild.
    #[must_use]
    pub fn target(self) -> Option<Target> {
        match self {
            Self::User(user) => Some(Target::User(user)),
            Self::Group(group) => Some(Target::Group(group)),
            Self::Temp { user, group } => Some(Target::Temp { user, group }),
            Self::Channel { .. } => None,
        }
    }
}

impl From<Target> for Chat {
    fn from(target: Target) -> Self {
        match target {
            Target::User(user) => Self::User(user),
            Target::Group(group) => Self::Group(group),
            Target::Temp { user, group } => Self::Temp { user, group },
        }
    }
}

impl From<UserId> for Chat {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<GroupId> for Chat {
    fn from(group: GroupId) -> Self {
        Self::Group(group)
    }
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user {user}"),
            Self::Group(group) => write!(f, "group {group}"),
            Self::Temp { user, group } => write!(f, "user {user} through group {group}"),
            Self::Channel { guild, channel } => write!(f, "channel {channel} of guild {guild}"),
        }
    }
}
