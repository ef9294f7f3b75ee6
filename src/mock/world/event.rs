//! Events as go-cqhttp sends them.

use super::model::{StoredMessage, World};
use crate::event::{
    Event, FriendAdd, FriendRecall, GroupAdmin, GroupBan, GroupCard, GroupDecrease, GroupIncrease, GroupMessage,
    GroupRecall, PokeNotice, PrivateMessage, Title,
};
use crate::mock::message_event::{make_anonymous, raw_message};
use crate::types::{
    GroupAdminKind, GroupBanKind, GroupDecreaseKind, GroupId, GroupIncreaseKind, GroupMessageKind, GroupRole,
    GroupSender, PostType, PrivateMessageKind, PrivateSender, Sex, TempSource, UserId,
};

impl World {
    fn post_type(&self, author: UserId) -> PostType {
        if author == self.account.user_id { PostType::MessageSent } else { PostType::Message }
    }

    pub(super) fn group_message(&self, group_id: GroupId, said: &StoredMessage) -> Event {
        let member = self.find_group(group_id).and_then(|group| group.find_member(said.user_id));
        let sender = GroupSender {
            user_id: Some(said.user_id),
            nickname: Some(self.nickname(said.user_id)),
            card: Some(member.map(|member| member.card.clone()).unwrap_or_default()),
            sex: Some(Sex::Unknown),
            age: Some(0),
            area: Some(String::new()),
            level: Some(String::new()),
            role: Some(member.map_or(GroupRole::Member, |member| member.role.clone())),
            title: Some(member.map(|member| member.title.clone()).unwrap_or_default()),
        };
        let mut event = GroupMessage {
            time: said.time,
            self_id: self.account.user_id,
            post_type: self.post_type(said.user_id),
            sub_type: GroupMessageKind::Normal,
            message_id: said.message_id,
            group_id,
            user_id: said.user_id,
            anonymous: None,
            message: said.message.clone(),
            raw_message: Some(raw_message(&said.message)),
            font: Some(0),
            sender,
            message_seq: Some(said.message_seq),
            real_id: None,
            real_seq: None,
            group_name: None,
            target_id: None,
            message_format: None,
            message_sent_type: None,
            message_style: None,
            emoji_likes_list: Vec::new(),
            raw: None,
            raw_pb: None,
        };
        if let Some(name) = &said.anonymous {
            make_anonymous(&mut event, name.clone());
        }
        event.into()
    }

    /// Returns the event of a private message; `temp` is the group of a temporary session.
    pub(super) fn private_message(&self, said: &StoredMessage, temp: Option<GroupId>) -> Event {
        let sender = PrivateSender {
            user_id: Some(said.user_id),
            nickname: Some(self.nickname(said.user_id)),
            sex: Some(Sex::Unknown),
            age: Some(0),
            group_id: temp,
            card: None,
        };
        let event = PrivateMessage {
            time: said.time,
            self_id: self.account.user_id,
            post_type: self.post_type(said.user_id),
            sub_type: if temp.is_some() { PrivateMessageKind::Group } else { PrivateMessageKind::Friend },
            message_id: said.message_id,
            user_id: said.user_id,
            target_id: said.target_id.filter(|_| temp.is_none()),
            group_id: None,
            temp_source: temp.map(|_| TempSource::Group),
            message: said.message.clone(),
            raw_message: Some(raw_message(&said.message)),
            font: Some(0),
            sender,
            message_seq: None,
            real_id: None,
            real_seq: None,
            message_format: None,
            message_sent_type: None,
            message_style: None,
            emoji_likes_list: Vec::new(),
            raw: None,
            raw_pb: None,
        };
        event.into()
    }

    pub(super) fn group_ban(&self, group_id: GroupId, operator_id: UserId, user_id: UserId, duration: i64) -> Event {
        let sub_type = if duration == 0 { GroupBanKind::LiftBan } else { GroupBanKind::Ban };
        let (time, self_id) = (self.now(), self.account.user_id);
        GroupBan {
            time,
            self_id,
            sub_type,
            group_id,
            operator_id: Some(operator_id),
            user_id,
            duration: Some(duration),
        }
        .into()
    }

    pub(super) fn group_decrease(
        &self,
        sub_type: GroupDecreaseKind,
        group_id: GroupId,
        operator_id: UserId,
        user_id: UserId,
    ) -> Event {
        let (time, self_id) = (self.now(), self.account.user_id);
        GroupDecrease { time, self_id, sub_type, group_id, operator_id: Some(operator_id), user_id }.into()
    }

    /// Returns the event of a new member. The operator is 0, since go-cqhttp does not send who approved the request.
    pub(super) fn group_increase(&self, group_id: GroupId, user_id: UserId) -> Event {
        let (time, self_id, operator_id) = (self.now(), self.account.user_id, UserId::new(0));
        let sub_type = GroupIncreaseKind::Approve;
        GroupIncrease { time, self_id, sub_type, group_id, operator_id: Some(operator_id), user_id }.into()
    }

    pub(super) fn group_admin(&self, group_id: GroupId, user_id: UserId, set: bool) -> Event {
        let sub_type = if set { GroupAdminKind::Set } else { GroupAdminKind::Unset };
        GroupAdmin { time: self.now(), self_id: self.account.user_id, sub_type, group_id, user_id }.into()
    }

    pub(super) fn group_card(&self, group_id: GroupId, user_id: UserId, card_old: String, card_new: String) -> Event {
        GroupCard {
            time: self.now(),
            self_id: self.account.user_id,
            group_id,
            user_id,
            card_new: Some(card_new),
            card_old: Some(card_old),
        }
        .into()
    }

    pub(super) fn title(&self, group_id: GroupId, user_id: UserId, title: String) -> Event {
        Title { time: self.now(), self_id: self.account.user_id, group_id, user_id, title: Some(title) }.into()
    }

    pub(super) fn friend_add(&self, user_id: UserId) -> Event {
        FriendAdd { time: self.now(), self_id: self.account.user_id, user_id }.into()
    }

    pub(super) fn group_recall(&self, group_id: GroupId, said: &StoredMessage, operator_id: UserId) -> Event {
        let (time, self_id) = (self.now(), self.account.user_id);
        let (user_id, message_id) = (said.user_id, said.message_id);
        GroupRecall { time, self_id, group_id, user_id, operator_id: Some(operator_id), message_id, tip: None }.into()
    }

    pub(super) fn friend_recall(&self, said: &StoredMessage) -> Event {
        let (time, self_id) = (self.now(), self.account.user_id);
        FriendRecall { time, self_id, user_id: said.user_id, message_id: said.message_id, tip: None }.into()
    }

    pub(super) fn poke(&self, group_id: Option<GroupId>, user_id: UserId, target_id: UserId) -> Event {
        let event = PokeNotice {
            time: self.now(),
            self_id: self.account.user_id,
            group_id,
            user_id,
            sender_id: Some(user_id),
            target_id,
            action: None,
            suffix: None,
            action_img_url: None,
            raw_info: None,
        };
        event.into()
    }
}
