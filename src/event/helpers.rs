//! Methods of single events and senders: the sender's name and role, the chat, mentions of the account.

use crate::generated::event::{GroupBan, GroupMessage, GuildMessage, PrivateMessage};
use crate::generated::segment::Segment;
use crate::generated::types::{GroupMemberInfo, GroupRole, GroupSender, PostType, PrivateMessageKind};
use crate::segment::mention::Mention;
use crate::target::Chat;

impl PrivateMessage {
    /// Returns `true` if the account itself has sent the message.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.post_type == PostType::MessageSent || self.user_id == self.self_id
    }

    /// Returns the sender's name for display: the nickname.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.sender.nickname
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
        self.post_type == PostType::MessageSent || self.user_id == self.self_id
    }

    /// Returns the sender's name for display: the card in the group if it is set, else the nickname; for an anonymous
    /// member, the anonymous name.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.anonymous.as_ref().map_or_else(|| self.sender.display_name(), |anonymous| &anonymous.name)
    }

    /// Returns `true` if the sender is an administrator or the owner of the group.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.sender.is_admin()
    }

    /// Returns `true` if the account itself is mentioned by name.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        self.message.mentions(self.self_id)
    }
}

impl GuildMessage {
    /// Returns the channel of the message.
    #[must_use]
    pub fn target(&self) -> Chat {
        Chat::Channel { guild: self.guild_id, channel: self.channel_id }
    }

    /// Returns `true` if the account itself is mentioned by name.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        let me = Mention::from(&*self.self_tiny_id.to_string());
        self.message.iter().filter_map(Segment::as_mention).any(|mention| *mention == me)
    }
}

impl GroupSender {
    /// Returns the member's name for display: the card in the group if it is set, else the nickname.
    #[must_use]
    pub fn display_name(&self) -> &str {
        card_or(self.card.as_deref(), &self.nickname)
    }

    /// Returns `true` if the member is an administrator or the owner of the group.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role.as_ref().is_some_and(GroupRole::is_admin)
    }
}

impl GroupMemberInfo {
    /// Returns the member's name for display: the card in the group if it is set, else the nickname.
    #[must_use]
    pub fn display_name(&self) -> &str {
        card_or(self.card.as_deref(), &self.nickname)
    }

    /// Returns `true` if the member is an administrator or the owner of the group.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role.as_ref().is_some_and(GroupRole::is_admin)
    }
}

impl GroupRole {
    /// Returns `true` for administrators and the owner.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

impl GroupBan {
    /// Returns `true` if the whole group was muted or unmuted.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.user_id.get() == 0
    }
}

fn card_or<'a>(card: Option<&'a str>, nickname: &'a str) -> &'a str {
    card.map(str::trim).filter(|card| !card.is_empty()).unwrap_or(nickname)
}
