//! Methods of single events and senders: the sender's name and role, the chat, mentions of the account.

use crate::generated::event::{GroupBan, GroupMessage, GroupMsgEmojiLike, GuildMessage, PrivateMessage, Reaction};
use crate::generated::segment::Segment;
use crate::generated::types::{
    GroupMemberInfo, GroupRole, GroupSender, GuildSender, MessageSender, PostType, PrivateMessageKind, PrivateSender,
    ReactionKind, UserId,
};
use crate::message::Message;
use crate::segment::mention::Mention;
use crate::target::Chat;

impl PrivateMessage {
    /// Returns `true` if the account itself has sent the message.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.post_type == PostType::MessageSent || is_account(self.user_id, self.self_id)
    }

    /// Returns the sender's name for display: the nickname. It is empty if the server does not send it.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.sender.display_name()
    }

    /// Returns the chat of the message: with the user, or a temporary session if the server names its group.
    #[must_use]
    pub fn target(&self) -> Chat {
        if self.is_own() {
            return Chat::User(self.target_id.filter(|user| user.get() != 0).unwrap_or(self.user_id));
        }
        let group = [self.group_id, self.sender.group_id].into_iter().flatten().find(|group| group.get() != 0);
        match group.filter(|_| self.sub_type == PrivateMessageKind::Group) {
            Some(group) => Chat::Temp { user: self.user_id, group },
            None => Chat::User(self.user_id),
        }
    }
}

impl GroupMessage {
    /// Returns `true` if the account itself has sent the message. Its own anonymous messages cannot be recognised.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.post_type == PostType::MessageSent || is_account(self.user_id, self.self_id)
    }

    /// Returns the sender's name for display: the card in the group if it is set, else the nickname; for an anonymous
    /// member, the anonymous name. It is empty if the server sends none of them.
    #[must_use]
    pub fn display_name(&self) -> &str {
        let anonymous = self.anonymous.as_ref().and_then(|anonymous| anonymous.name.as_deref());
        anonymous.unwrap_or_else(|| self.sender.display_name())
    }

    /// Returns `true` if the sender is an administrator or the owner of the group, and `false` for an ordinary member.
    ///
    /// It is `None` if the server does not send the role, as for anonymous senders, or sends one that is not listed. So that a bot
    /// does not mute an administrator, compare with `Some(false)` before such an action, and with `Some(true)` before it obeys
    /// one. SnowLuma sends `member` for a sender that it does not know.
    #[must_use]
    pub fn is_admin(&self) -> Option<bool> {
        self.sender.is_admin()
    }

    /// Returns `true` if the account itself is mentioned by name.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        mentions_account(&self.message, self.self_id)
    }
}

impl GuildMessage {
    /// Returns the channel of the message.
    #[must_use]
    pub fn target(&self) -> Chat {
        Chat::Channel { guild: self.guild_id, channel: self.channel_id }
    }

    /// Returns `true` if the account itself is mentioned by name; `false` if the server does not send `self_tiny_id`.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        let Some(me) = self.self_tiny_id.map(|me| Mention::from(&*me.to_string())) else { return false };
        self.message.iter().filter_map(Segment::as_mention).any(|mention| *mention == me)
    }
}

impl PrivateSender {
    /// Returns the user's name for display: the nickname. It is empty if the server does not send it.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.nickname.as_deref().unwrap_or_default()
    }
}

impl MessageSender {
    /// Returns the user's name for display: the nickname. It is empty if the server does not send it.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.nickname.as_deref().unwrap_or_default()
    }
}

impl GuildSender {
    /// Returns the user's name for display: the nickname. It is empty if the server does not send it.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.nickname.as_deref().unwrap_or_default()
    }
}

impl GroupSender {
    /// Returns the member's name for display: the card in the group if it is set, else the nickname. It is empty if the
    /// server sends neither.
    #[must_use]
    pub fn display_name(&self) -> &str {
        card_or(self.card.as_deref(), self.nickname.as_deref())
    }

    /// Returns `true` for an administrator or the owner of the group, `false` for an ordinary member; `None` if the server
    /// does not send the role. SnowLuma sends `member` for a sender that it does not know.
    #[must_use]
    pub fn is_admin(&self) -> Option<bool> {
        self.role.as_ref().and_then(GroupRole::is_admin)
    }
}

impl GroupMemberInfo {
    /// Returns the member's name for display: the card in the group if it is set, else the nickname. It is empty if the
    /// server sends neither.
    #[must_use]
    pub fn display_name(&self) -> &str {
        card_or(self.card.as_deref(), self.nickname.as_deref())
    }

    /// Returns `true` for an administrator or the owner of the group, `false` for an ordinary member; `None` if the server
    /// does not send the role, or sends one that is not listed. SnowLuma sends `member` for a user that it does not know.
    #[must_use]
    pub fn is_admin(&self) -> Option<bool> {
        self.role.as_ref().and_then(GroupRole::is_admin)
    }
}

impl GroupRole {
    /// Returns `true` for administrators and the owner, `false` for ordinary members; `None` for a role that is not listed.
    #[must_use]
    pub fn is_admin(&self) -> Option<bool> {
        match self {
            Self::Owner | Self::Admin => Some(true),
            Self::Member => Some(false),
            Self::Other(_) => None,
        }
    }
}

impl GroupMsgEmojiLike {
    /// Returns `true` if the emoji was put there, `false` if it was taken away: from `is_add`, else from `sub_type`. `None`
    /// if the server says neither, or if they disagree.
    #[must_use]
    pub fn is_added(&self) -> Option<bool> {
        let kind = self.sub_type.as_ref().and_then(ReactionKind::is_added);
        self.is_add.or(kind).filter(|added| kind.is_none_or(|kind| kind == *added))
    }
}

impl Reaction {
    /// Returns `true` if the emoji was put there, `false` if it was taken away; `None` if the server does not say which.
    #[must_use]
    pub fn is_added(&self) -> Option<bool> {
        self.sub_type.is_added()
    }
}

impl ReactionKind {
    /// Returns `true` for `add`, `false` for `remove`; `None` for a value that is not listed.
    #[must_use]
    pub fn is_added(&self) -> Option<bool> {
        match self {
            Self::Add => Some(true),
            Self::Remove => Some(false),
            Self::Other(_) => None,
        }
    }
}

impl GroupBan {
    /// Returns `true` if the whole group was muted or unmuted.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.user_id.get() == 0
    }
}

fn card_or<'a>(card: Option<&'a str>, nickname: Option<&'a str>) -> &'a str {
    card.map(str::trim).filter(|card| !card.is_empty()).or(nickname).unwrap_or_default()
}

/// Returns `true` if the user is the account. The account is 0 if the server does not name it.
fn is_account(user: UserId, account: UserId) -> bool {
    user == account && account.get() != 0
}

/// Returns `true` if a message mentions the account by name. The account is 0 if the server does not name it, which would
/// be a mention of everyone.
pub(super) fn mentions_account(message: &Message, account: UserId) -> bool {
    account.get() != 0 && message.mentions(account)
}
