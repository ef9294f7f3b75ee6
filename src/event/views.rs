//! Views of an event: its message or request of any kind, and its chat.

use super::helpers::mentions_account;
use crate::generated::event::{Event, FriendRequest, GroupMessage, GroupRequest, GuildMessage, PrivateMessage};
use crate::generated::types::{GroupId, MessageId, MessageSeq, UserId};
use crate::message::Message;
use crate::target::Chat;

impl Event {
    /// Returns `true` for a message that the account itself has sent.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self, Self::GroupMessageSent(_) | Self::PrivateMessageSent(_))
    }

    /// Returns the received message; `None` for the account's own messages, and for other events.
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

    /// Returns the request, to become a friend or to join a group; `None` for other events.
    #[must_use]
    pub fn as_request(&self) -> Option<RequestEvent<'_>> {
        match self {
            Self::FriendRequest(event) => Some(RequestEvent::Friend(event)),
            Self::GroupRequest(event) => Some(RequestEvent::Group(event)),
            _ => None,
        }
    }

    /// Returns a message's running number in its chat, if the server sends it.
    #[must_use]
    pub fn message_seq(&self) -> Option<MessageSeq> {
        match self {
            Self::PrivateMessage(event) | Self::PrivateMessageSent(event) => event.message_seq,
            Self::GroupMessage(event) | Self::GroupMessageSent(event) => event.message_seq,
            _ => None,
        }
    }

    /// Returns the chat of the event, where an answer goes: a group, a channel of a guild, or the user of the event.
    /// `None` for events without a chat, such as heartbeats, and for events about the account itself.
    #[must_use]
    pub fn target(&self) -> Option<Chat> {
        match self {
            Self::PrivateMessage(event) | Self::PrivateMessageSent(event) => Some(event.target()),
            Self::Unknown(event) => event.target(),
            other => {
                Chat::of(other.self_id(), other.user_id(), other.group_id(), other.guild_id().zip(other.channel_id()))
            }
        }
    }
}

/// A received message of any kind: the common part of all message events.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MessageEvent<'a> {
    /// A message to the account.
    Private(&'a PrivateMessage),
    /// A message in a group.
    Group(&'a GroupMessage),
    /// A message in a channel of a guild.
    Guild(&'a GuildMessage),
}

impl<'a> MessageEvent<'a> {
    /// Returns the message.
    #[must_use]
    pub fn message(&self) -> &'a Message {
        match self {
            Self::Private(event) => &event.message,
            Self::Group(event) => &event.message,
            Self::Guild(event) => &event.message,
        }
    }

    /// Returns the message's id, for quoting, reading and recalling it; `None` in guilds, which have ids of another kind.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        match self {
            Self::Private(event) => Some(event.message_id),
            Self::Group(event) => Some(event.message_id),
            Self::Guild(_) => None,
        }
    }

    /// Returns the account that received the message.
    #[must_use]
    pub fn self_id(&self) -> UserId {
        match self {
            Self::Private(event) => event.self_id,
            Self::Group(event) => event.self_id,
            Self::Guild(event) => event.self_id,
        }
    }

    /// Returns the sender; `None` in guilds, whose users have ids of another kind.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::Private(event) => Some(event.user_id),
            Self::Group(event) => Some(event.user_id),
            Self::Guild(_) => None,
        }
    }

    /// Returns the group of a group message; `None` for others.
    #[must_use]
    pub fn group_id(&self) -> Option<GroupId> {
        match self {
            Self::Group(event) => Some(event.group_id),
            _ => None,
        }
    }

    /// Returns the sender's name for display: the card in the group if it is set, else the nickname. It is empty if the
    /// server sends neither.
    #[must_use]
    pub fn display_name(&self) -> &'a str {
        match self {
            Self::Private(event) => event.display_name(),
            Self::Group(event) => event.display_name(),
            Self::Guild(event) => event.sender.display_name(),
        }
    }

    /// Returns `true` if the sender is an administrator or the owner of the group, and `false` for an ordinary member.
    ///
    /// It is `None` if the server does not send the role, in private and in guilds. So that a bot does not mute an
    /// administrator, compare with `Some(false)` before such an action.
    #[must_use]
    pub fn is_admin(&self) -> Option<bool> {
        match self {
            Self::Group(event) => event.is_admin(),
            Self::Private(_) | Self::Guild(_) => None,
        }
    }

    /// Returns the chat of the message, where an answer goes.
    #[must_use]
    pub fn target(&self) -> Chat {
        match self {
            Self::Private(event) => event.target(),
            Self::Group(event) => Chat::Group(event.group_id),
            Self::Guild(event) => event.target(),
        }
    }

    /// Returns `true` if the account itself is mentioned by name.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        match self {
            Self::Private(event) => mentions_account(&event.message, event.self_id),
            Self::Group(event) => event.mentions_me(),
            Self::Guild(event) => event.mentions_me(),
        }
    }
}

/// A request that can be accepted or rejected: see [`Client::approve`](crate::Client::approve).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RequestEvent<'a> {
    /// A request to become a friend.
    Friend(&'a FriendRequest),
    /// A request to join a group, or an invitation to one.
    Group(&'a GroupRequest),
}

impl RequestEvent<'_> {
    /// Returns the user who asks.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        match self {
            Self::Friend(request) => request.user_id,
            Self::Group(request) => request.user_id,
        }
    }

    /// Returns the user's comment. It is empty if the server does not send it.
    #[must_use]
    pub fn comment(&self) -> &str {
        match self {
            Self::Friend(request) => request.comment.as_deref(),
            Self::Group(request) => request.comment.as_deref(),
        }
        .unwrap_or_default()
    }
}
