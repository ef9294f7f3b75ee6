//! Requests and their answers.

use super::model::{World, WorldFriend, WorldGroupRequest};
use super::refuse::{WorldResult, refuse_because};
use crate::action;
use crate::mock::refusal::Refusal;
use crate::types::{GroupInviteRequest, GroupJoinRequest, GroupRequestId, GroupRequestKind, RefusalCode, UserId};

impl World {
    pub(super) fn set_friend_add_request(&mut self, request: action::SetFriendAddRequest) -> WorldResult<()> {
        let flag = request.flag.as_str();
        let asked = self.friend_requests.iter_mut().find(|asked| asked.flag == flag);
        let asked = asked.ok_or_else(|| unknown_flag(flag))?;
        // go-cqhttp does not read QQ's reply to a second answer.
        if asked.approved.is_none() {
            asked.approved = Some(request.approve);
            let user = asked.user_id;
            if request.approve {
                self.befriend(user);
            }
        }
        Ok(())
    }

    /// Adds a friend, with the event.
    pub(super) fn befriend(&mut self, user_id: UserId) {
        if !self.is_friend(user_id) {
            let nickname = self.nickname(user_id);
            self.friends.push(WorldFriend { user_id, nickname, remark: String::new() });
            self.happens(self.friend_add(user_id));
        }
    }

    pub(super) fn set_group_add_request(&mut self, request: action::SetGroupAddRequest) -> WorldResult<()> {
        let flag = request.flag.as_str();
        let is_add = request.sub_type == GroupRequestKind::Add;
        let mut here = self.group_requests.iter_mut();
        let asked = here.find(|asked| asked.flag.to_string() == flag && asked.is_add() == is_add);
        let asked = asked.ok_or_else(|| unknown_flag(flag))?;
        if asked.approved.is_some() {
            return Err(refuse_because(
                RefusalCode::FlagHasBeenChecked,
                format!("the request {flag} was answered before"),
            ));
        }
        asked.approved = Some(request.approve);
        let (group, user) = (asked.group_id, asked.user_id);
        if request.approve {
            self.take_in(group, if is_add { user } else { self.account.user_id });
        }
        Ok(())
    }

    pub(super) fn get_group_system_msg(
        &mut self,
        _: action::GetGroupSystemMsg,
    ) -> WorldResult<action::GetGroupSystemMsgResponse> {
        let (adds, invites): (Vec<_>, Vec<_>) = self.group_requests.iter().partition(|asked| asked.is_add());
        let group_name = |asked: &WorldGroupRequest| {
            self.find_group(asked.group_id).map(|group| group.group_name.clone()).unwrap_or_default()
        };
        let actor = |asked: &WorldGroupRequest| asked.approved.map_or(UserId::new(0), |_| self.account.user_id);
        let join_requests = adds.into_iter().map(|asked| GroupJoinRequest {
            request_id: GroupRequestId::new(asked.flag.to_string()),
            flag: None,
            requester_uin: Some(asked.user_id),
            requester_nick: Some(self.nickname(asked.user_id)),
            message: Some(asked.comment.clone()),
            group_id: Some(asked.group_id),
            group_name: Some(group_name(asked)),
            checked: Some(asked.approved.is_some()),
            actor: Some(actor(asked)),
            action_uin: Some(UserId::new(0)),
            action_uin_nick: Some(String::new()),
            suspicious: Some(false),
        });
        let invited_requests = invites.into_iter().map(|asked| GroupInviteRequest {
            request_id: GroupRequestId::new(asked.flag.to_string()),
            flag: None,
            invitor_uin: Some(asked.user_id),
            invitor_nick: Some(self.nickname(asked.user_id)),
            message: None,
            group_id: Some(asked.group_id),
            group_name: Some(group_name(asked)),
            checked: Some(asked.approved.is_some()),
            actor: Some(actor(asked)),
        });
        Ok(action::GetGroupSystemMsgResponse {
            invited_requests: invited_requests.collect(),
            join_requests: join_requests.collect(),
        })
    }
}

impl WorldGroupRequest {
    /// Returns `true` for a request to join, `false` for an invitation.
    pub(super) fn is_add(&self) -> bool {
        self.sub_type == GroupRequestKind::Add
    }
}

fn unknown_flag(flag: &str) -> Refusal {
    refuse_because(RefusalCode::FlagNotFound, format!("there is no request {flag}"))
}
