//! The account and its friends.

use super::model::{Account, Stranger, World, WorldFriend};
use super::refuse::{WorldResult, refuse_because};
use crate::action;
use crate::time::Timestamp;
use crate::types::{Friend, RefusalCode, ServerStatistics, ServerStatus, Sex, UnidirectionalFriend, UserId};

impl World {
    pub(super) fn get_login_info(&mut self, _: action::GetLoginInfo) -> WorldResult<action::GetLoginInfoResponse> {
        let Account { user_id, nickname } = self.account.clone();
        Ok(action::GetLoginInfoResponse { user_id, nickname: Some(nickname) })
    }

    pub(super) fn set_qq_profile(&mut self, request: action::SetQqProfile) -> WorldResult<()> {
        if let Some(nickname) = request.nickname {
            self.account.nickname = nickname;
        }
        Ok(())
    }

    pub(super) fn get_status(&mut self, _: action::GetStatus) -> WorldResult<ServerStatus> {
        let own = self.messages.iter().filter(|message| message.user_id == self.account.user_id).count() as u64;
        let all = self.messages.len() as u64;
        let last = self.messages.iter().rfind(|message| message.user_id != self.account.user_id);
        let stat = ServerStatistics {
            packet_received: Some(all),
            packet_sent: Some(all),
            packet_lost: Some(0),
            message_received: Some(all - own),
            message_sent: Some(own),
            disconnect_times: Some(0),
            lost_times: Some(0),
            last_message_time: Some(last.map_or(Timestamp::new(0), |message| message.time)),
            startup_time: None,
        };
        Ok(ServerStatus {
            app_initialized: Some(true),
            app_enabled: Some(true),
            plugins_good: None,
            app_good: Some(true),
            online: Some(true),
            good: true,
            stat: Some(stat),
            memory: None,
        })
    }

    pub(super) fn get_stranger_info(
        &mut self,
        request: action::GetStrangerInfo,
    ) -> WorldResult<action::GetStrangerInfoResponse> {
        let user_id = request.user_id;
        if !self.knows(user_id) {
            return Err(refuse_because(RefusalCode::SummaryApiError, format!("the world has no user {user_id}")));
        }
        let member = self.groups.iter().find_map(|group| group.find_member(user_id));
        Ok(action::GetStrangerInfoResponse {
            user_id,
            nickname: Some(self.nickname(user_id)),
            sex: Some(member.map_or(Sex::Unknown, |member| member.sex.clone())),
            age: Some(0),
            qid: Some(String::new()),
            level: Some(1),
            login_days: Some(1),
            sign: Some(String::new()),
            vip_level: Some(String::new()),
            // As go-cqhttp, which does not send these.
            is_vip: None,
            is_years_vip: None,
            reg_time: None,
            remark: None,
            birthday_year: None,
            birthday_month: None,
            birthday_day: None,
            country: None,
            city: None,
            labels: Vec::new(),
            is_svip: None,
            avatar: None,
            uid: None,
            status: None,
        })
    }

    pub(super) fn get_friend_list(&mut self, _: action::GetFriendList) -> WorldResult<Vec<Friend>> {
        let friends = self.friends.iter().cloned();
        let friends = friends.map(|WorldFriend { user_id, nickname, remark }| Friend {
            user_id,
            nickname: Some(nickname),
            remark: Some(remark),
            category_id: None,
            qid: None,
            sex: None,
            age: None,
            level: None,
            birthday_year: None,
            birthday_month: None,
            birthday_day: None,
            sign: None,
            phone_num: None,
            email: None,
            group: None,
        });
        Ok(friends.collect())
    }

    pub(super) fn delete_friend(&mut self, request: action::DeleteFriend) -> WorldResult<()> {
        let Some(index) = self.friends.iter().position(|friend| friend.user_id == request.user_id) else {
            return Err(refuse_because(RefusalCode::FriendNotFound, format!("{} is not a friend", request.user_id)));
        };
        let friend = self.friends.remove(index);
        if !self.knows(friend.user_id) {
            self.strangers.push(Stranger { user_id: friend.user_id, nickname: friend.nickname });
        }
        Ok(())
    }

    pub(super) fn get_unidirectional_friend_list(
        &mut self,
        _: action::GetUnidirectionalFriendList,
    ) -> WorldResult<Vec<UnidirectionalFriend>> {
        Ok(Vec::new())
    }

    pub(super) fn delete_unidirectional_friend(
        &mut self,
        request: action::DeleteUnidirectionalFriend,
    ) -> WorldResult<()> {
        Err(refuse_because(RefusalCode::FriendNotFound, format!("{} is not a one-sided friend", request.user_id)))
    }

    /// Returns `true` if the world contains a user with this number.
    pub(super) fn knows(&self, user: UserId) -> bool {
        self.known_nickname(user).is_some() || self.groups.iter().any(|group| group.find_member(user).is_some())
    }
}
