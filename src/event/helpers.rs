//! Methods that bots need of single events and senders: who sent it, where, and with which role.

use crate::generated::event::{GroupBan, GroupMessage, GuildMessage, PrivateMessage};
use crate::generated::segment::Segment;
use crate::generated::types::{GroupMemberInfo, GroupRole, GroupSender, PostType, PrivateMessageKind};
use crate::segment::mention::Mention;
use crate::target::Chat;

impl PrivateMessage {
    /// Whether the account itself has sent it.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.post_type == PostType::MessageSent || self.user_id == self.self_id
    }

    /// The name to call the sender by: the nickname.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.sender.nickname
    }

    /// Where it was said: with the user, or in a temporary session where the server names its group.
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
    /// Whether the account itself has sent it. An anonymous one of its own cannot be told.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.post_type == PostType::MessageSent || self.user_id == self.self_id
    }

    /// The name to call the sender by: the card in the group where there is one, else the nickname; an anonymous member's
    /// name.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.anonymous.as_ref().map_or_else(|| self.sender.display_name(), |anonymous| &anonymous.name)
    }

    /// Whether the sender is an administrator of the group, or its owner.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.sender.is_admin()
    }

    /// Whether the account itself is mentioned by name.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        self.message.mentions(self.self_id)
    }
}

impl GuildMessage {
    /// Where it was said.
    #[must_use]
    pub fn target(&self) -> Chat {
        Chat::Channel { guild: self.guild_id, channel: self.channel_id }
    }

    /// Whether the account itself is mentioned by name.
    #[must_use]
    pub fn mentions_me(&self) -> bool {
        let me = Mention::from(&*self.self_tiny_id.to_string());
        self.message.iter().filter_map(Segment::as_mention).any(|mention| *mention == me)
    }
}

impl GroupSender {
    /// The name to call them by: the card in the group where there is one, else the nickname.
    #[must_use]
    pub fn display_name(&self) -> &str {
        card_or(self.card.as_deref(), &self.nickname)
    }

    /// Whether they are an administrator of the group, or its owner.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role.as_ref().is_some_and(GroupRole::is_admin)
    }
}

impl GroupMemberInfo {
    /// The name to call them by: the card in the group where there is one, else the nickname.
    #[must_use]
    pub fn display_name(&self) -> &str {
        card_or(self.card.as_deref(), &self.nickname)
    }

    /// Whether they are an administrator of the group, or its owner.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role.as_ref().is_some_and(GroupRole::is_admin)
    }
}

impl GroupRole {
    /// Whether it is an administrator or the owner.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

impl GroupBan {
    /// Whether the whole group was muted, or unmuted.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.user_id.get() == 0
    }
}

fn card_or<'a>(card: Option<&'a str>, nickname: &'a str) -> &'a str {
    card.map(str::trim).filter(|card| !card.is_empty()).unwrap_or(nickname)
}
