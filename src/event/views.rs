//! Views of an event: its message or request, whichever kind it is of, and the chat it happened in.

use crate::generated::event::{Event, FriendRequest, GroupMessage, GroupRequest, GuildMessage, PrivateMessage};
use crate::generated::types::{GroupId, MessageId, MessageSeq, UserId};
use crate::message::Message;
use crate::target::Chat;

impl Event {
    /// Whether it is a message that the account itself has sent.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self, Self::GroupMessageSent(_) | Self::PrivateMessageSent(_))
    }

    /// The message that somebody sent; `None` for own messages, and for what is no message.
    ///
    /// ```
    /// # fn run(event: cqhttp::Event) {
    /// if let Some(message) = event.as_message() {
    ///     println!("{}: {}", message.display_name(), message.message().plain_text());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn as_message(&self) -> Option<MessageEvent<'_>> {
        match self {
            Self::PrivateMessage(event) => Some(MessageEvent::Private(event)),
            Self::GroupMessage(event) => Some(MessageEvent::Group(event)),
            Self::GuildMessage(event) => Some(MessageEvent::Guild(event)),
            _ => None,
        }
    }

    /// The request that it is: to become a friend, or about joining a group.
    #[must_use]
    pub fn as_request(&self) -> Option<RequestEvent<'_>> {
        match self {
            Self::FriendRequest(event) => Some(RequestEvent::Friend(event)),
            Self::GroupRequest(event) => Some(RequestEvent::Group(event)),
            _ => None,
        }
    }

    /// A message's running number in its chat, where the server sends it.
    #[must_use]
    pub fn message_seq(&self) -> Option<MessageSeq> {
        match self {
            Self::PrivateMessage(event) | Self::PrivateMessageSent(event) => event.message_seq,
            Self::GroupMessage(event) | Self::GroupMessageSent(event) => event.message_seq,
            _ => None,
        }
    }

    /// Where it happened, and an answer goes: a group, a guild's channel, or the user whom it is about. `None` where
    /// there is no such place, as for a heartbeat, and where it is about the account itself.
    #[must_use]
    pub fn target(&self) -> Option<Chat> {
        match self {
            Self::PrivateMessage(event) | Self::PrivateMessageSent(event) => Some(event.target()),
            other => {
                Chat::of(other.self_id(), other.user_id(), other.group_id(), other.guild_id().zip(other.channel_id()))
            }
        }
    }
}

/// A message that somebody sent, wherever: what all message events have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MessageEvent<'a> {
    /// To the account alone.
    Private(&'a PrivateMessage),
    /// In a group.
    Group(&'a GroupMessage),
    /// In a channel of a guild.
    Guild(&'a GuildMessage),
}

impl<'a> MessageEvent<'a> {
    /// What was said.
    #[must_use]
    pub fn message(&self) -> &'a Message {
        match self {
            Self::Private(event) => &event.message,
            Self::Group(event) => &event.message,
            Self::Guild(event) => &event.message,
        }
    }

    /// Its id, for quoting, reading and recalling it; `None` in guilds, where ids are of another kind.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        match self {
            Self::Private(event) => Some(event.message_id),
            Self::Group(event) => Some(event.message_id),
            Self::Guild(_) => None,
        }
    }

    /// The account that received it.
    #[must_use]
    pub fn self_id(&self) -> UserId {
        match self {
            Self::Private(event) => event.self_id,
            Self::Group(event) => event.self_id,
            Self::Guild(event) => event.self_id,
        }
    }

    /// Who sent it; `None` in guilds, whose users have numbers of another kind.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::Private(event) => Some(event.user_id),
            Self::Group(event) => Some(event.user_id),
            Self::Guild(_) => None,
        }
    }

    /// The group, for a group message.
    #[must_use]
    pub fn group_id(&self) -> Option<GroupId> {
        match self {
            Self::Group(event) => Some(event.group_id),
            _ => None,
        }
    }

    /// The name to call the sender by: the card in the group where there is one, else the nickname.
    #[must_use]
    pub fn display_name(&self) -> &'a str {
        match self {
            Self::Private(event) => event.display_name(),
            Self::Group(event) => event.display_name(),
            Self::Guild(event) => &event.sender.nickname,
        }
    }

    /// Whether the sender is an administrator of the group, or its owner; never in private and in guilds.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Group(event) if event.is_admin())
    }

    /// Where it was said, and an answer goes.
    #[must_use]
    pub fn target(&self) -> Chat {
        match self {
            Self::Private(event) => event.target(),
            Self::Group(event) => Chat::Group(event.group_id),
            Self::Guild(event) => event.target(),
        }
    }

    /// Whether the account itself is mentioned by name.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        match self {
            Self::Private(event) => event.message.mentions(event.self_id),
            Self::Group(event) => event.mentions_me(),
            Self::Guild(event) => event.mentions_me(),
        }
    }
}

/// A request that can be accepted or rejected, see [`Client::approve`](crate::Client::approve).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RequestEvent<'a> {
    /// To become a friend.
    Friend(&'a FriendRequest),
    /// About joining a group.
    Group(&'a GroupRequest),
}

impl RequestEvent<'_> {
    /// Who asks.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        match self {
            Self::Friend(request) => request.user_id,
            Self::Group(request) => request.user_id,
        }
    }

    /// What they write about themselves.
    #[must_use]
    pub fn comment(&self) -> &str {
        match self {
            Self::Friend(request) => &request.comment,
            Self::Group(request) => request.comment.as_deref().unwrap_or_default(),
        }
    }
}
