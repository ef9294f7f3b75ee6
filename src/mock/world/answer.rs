//! Which method answers which action, and what belongs to no chapter of its own.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::{Account, World};
use crate::mock::format::as_go_cqhttp;
use crate::mock::{Acted, Refusal, bad_request, refuse};
use crate::types::{Friend, ServerStatistics, ServerStatus, Sex, UnidirectionalFriend};
use crate::{KnownAction, RefusalCode, Timestamp, UserId, action};

/// What a call is answered.
pub(super) type Answer<T> = Result<T, Refusal>;

/// A refusal that says why in English, where go-cqhttp does in Chinese.
pub(super) fn no(code: RefusalCode, why: impl Into<String>) -> Refusal {
    refuse(code).wording(why)
}

macro_rules! answers {
    ($($request:ident => $method:ident),* $(,)?) => {
        impl World {
            /// The actions that a world answers, by their names on the wire.
            pub const ACTIONS: &'static [&'static str] = &[$(action::$request::NAME),*];

            /// Acts on a call; `None` for one that no world answers.
            pub(crate) fn answer(&mut self, name: &str, params: &[u8]) -> Option<Acted> {
                $(if name == action::$request::NAME {
                    return Some(self.act::<action::$request>(params, Self::$method));
                })*
                None
            }
        }
    };
}

answers! {
    GetLoginInfo => get_login_info,
    SetQqProfile => set_qq_profile,
    GetStatus => get_status,
    GetStrangerInfo => get_stranger_info,
    GetFriendList => get_friend_list,
    DeleteFriend => delete_friend,
    GetUnidirectionalFriendList => get_unidirectional_friend_list,
    DeleteUnidirectionalFriend => delete_unidirectional_friend,
    SetFriendAddRequest => set_friend_add_request,
    SetGroupAddRequest => set_group_add_request,
    GetGroupSystemMsg => get_group_system_msg,
    SendMsg => send_msg,
    SendGroupMsg => send_group_msg,
    SendPrivateMsg => send_private_msg,
    SendForwardMsg => send_forward_msg,
    SendGroupForwardMsg => send_group_forward_msg,
    SendPrivateForwardMsg => send_private_forward_msg,
    GetForwardMsg => get_forward_msg,
    GetMsg => get_msg,
    GetGroupMsgHistory => get_group_msg_history,
    MarkMsgAsRead => mark_msg_as_read,
    DeleteMsg => delete_msg,
    GetEssenceMsgList => get_essence_msg_list,
    SetEssenceMsg => set_essence_msg,
    DeleteEssenceMsg => delete_essence_msg,
    GetGroupList => get_group_list,
    GetGroupInfo => get_group_info,
    GetGroupMemberList => get_group_member_list,
    GetGroupMemberInfo => get_group_member_info,
    GetGroupHonorInfo => get_group_honor_info,
    GetGroupAtAllRemain => get_group_at_all_remain,
    SetGroupKick => set_group_kick,
    SetGroupBan => set_group_ban,
    SetGroupWholeBan => set_group_whole_ban,
    SetGroupAnonymous => set_group_anonymous,
    SetGroupName => set_group_name,
    SetGroupPortrait => set_group_portrait,
    SetGroupCard => set_group_card,
    SetGroupSpecialTitle => set_group_special_title,
    SetGroupAnonymousBan => set_group_anonymous_ban,
    SetGroupAdmin => set_group_admin,
    SetGroupLeave => set_group_leave,
    SendGroupSign => send_group_sign,
    SendGroupNotice => send_group_notice,
    GetGroupNotice => get_group_notice,
    DelGroupNotice => del_group_notice,
    UploadGroupFile => upload_group_file,
    UploadPrivateFile => upload_private_file,
    DownloadFile => download_file,
    GetGroupRootFiles => get_group_root_files,
    GetGroupFilesByFolder => get_group_files_by_folder,
    GetGroupFileSystemInfo => get_group_file_system_info,
    GetGroupFileUrl => get_group_file_url,
    CreateGroupFileFolder => create_group_file_folder,
    DeleteGroupFolder => delete_group_folder,
    DeleteGroupFile => delete_group_file,
}

/// Writes an answer as go-cqhttp does, where its type is written otherwise: bots in other languages see the difference.
fn write_as_go_cqhttp(action: &str, params: &[u8], answer: &mut Value) {
    match action {
        action::GetGroupMsgHistory::NAME => as_go_cqhttp(&mut answer["messages"]),
        action::GetGroupMemberInfo::NAME => level_as_text(answer),
        action::GetGroupMemberList::NAME => {
            answer.as_array_mut().into_iter().flatten().for_each(level_as_text);
        }
        action::GetGroupHonorInfo::NAME => {
            let params: Value = serde_json::from_slice(params).unwrap_or_default();
            let kind = params["type"].as_str().unwrap_or_default();
            if let Some(answer) = answer.as_object_mut() {
                answer.retain(|key, _| kind == "all" || key.strip_suffix("_list").is_none_or(|honor| honor == kind));
            }
            no_empty_lists(answer);
        }
        action::GetGroupRootFiles::NAME | action::GetGroupFilesByFolder::NAME | action::GetGroupSystemMsg::NAME => {
            no_empty_lists(answer);
        }
        action::GetStatus::NAME => answer["plugins_good"] = Value::Null,
        _ => {}
    }
}

fn level_as_text(member: &mut Value) {
    if let Some(level) = member["level"].as_i64() {
        member["level"] = level.to_string().into();
    }
}

/// A list that Go never made is `null`.
fn no_empty_lists(answer: &mut Value) {
    for value in answer.as_object_mut().into_iter().flat_map(|answer| answer.values_mut()) {
        if value.as_array().is_some_and(Vec::is_empty) {
            *value = Value::Null;
        }
    }
}

impl World {
    fn act<A>(&mut self, params: &[u8], answer: impl FnOnce(&mut Self, A) -> Answer<A::Response>) -> Acted
    where
        A: KnownAction + DeserializeOwned,
        A::Response: Serialize,
    {
        let request = serde_json::from_slice(params).map_err(|error| bad_request(A::NAME, &error))?;
        let answer = answer(self, request)?;
        let data = serde_json::to_value(&answer).and_then(|mut answer| {
            write_as_go_cqhttp(A::NAME, params, &mut answer);
            to_raw_value(&answer)
        });
        data.map(Cow::Owned).map_err(|error| bad_request(A::NAME, &error))
    }

    fn get_login_info(&mut self, _: action::GetLoginInfo) -> Answer<action::GetLoginInfoResponse> {
        let Account { user_id, nickname } = self.account.clone();
        Ok(action::GetLoginInfoResponse { user_id, nickname })
    }

    fn set_qq_profile(&mut self, request: action::SetQqProfile) -> Answer<()> {
        if let Some(nickname) = request.nickname {
            self.account.nickname = nickname;
        }
        Ok(())
    }

    fn get_status(&mut self, _: action::GetStatus) -> Answer<ServerStatus> {
        let own = self.messages.iter().filter(|message| message.user_id == self.account.user_id).count() as u64;
        let all = self.messages.len() as u64;
        let last = self.messages.iter().rfind(|message| message.user_id != self.account.user_id);
        let stat = ServerStatistics {
            packet_received: Some(all),
            packet_sent: Some(all),
            packet_lost: Some(0),
            message_received: all - own,
            message_sent: own,
            disconnect_times: Some(0),
            lost_times: Some(0),
            last_message_time: last.map_or(Timestamp::new(0), |message| message.time),
        };
        Ok(ServerStatus {
            app_initialized: Some(true),
            app_enabled: Some(true),
            plugins_good: None,
            app_good: Some(true),
            online: Some(true),
            good: true,
            stat: Some(stat),
        })
    }

    fn get_stranger_info(&mut self, request: action::GetStrangerInfo) -> Answer<action::GetStrangerInfoResponse> {
        let user_id = request.user_id;
        if !self.knows(user_id) {
            return Err(no(RefusalCode::SummaryApiError, format!("the world knows no user {user_id}")));
        }
        let member = self.groups.iter().find_map(|group| group.find_member(user_id));
        Ok(action::GetStrangerInfoResponse {
            user_id,
            nickname: self.nickname(user_id),
            sex: Some(member.map_or(Sex::Unknown, |member| member.sex.clone())),
            age: Some(0),
            qid: Some(String::new()),
            level: 1,
            login_days: Some(1),
            sign: Some(String::new()),
            vip_level: Some(String::new()),
        })
    }

    fn get_friend_list(&mut self, _: action::GetFriendList) -> Answer<Vec<Friend>> {
        let friends = self.friends.iter().cloned();
        let friends = friends.map(|super::Friend { user_id, nickname, remark }| Friend {
            user_id,
            nickname,
            remark: Some(remark),
        });
        Ok(friends.collect())
    }

    fn delete_friend(&mut self, request: action::DeleteFriend) -> Answer<()> {
        let Some(index) = self.friends.iter().position(|friend| friend.user_id == request.user_id) else {
            return Err(no(RefusalCode::FriendNotFound, format!("{} is no friend", request.user_id)));
        };
        let friend = self.friends.remove(index);
        if !self.knows(friend.user_id) {
            self.strangers.push(super::Stranger { user_id: friend.user_id, nickname: friend.nickname });
        }
        Ok(())
    }

    fn get_unidirectional_friend_list(
        &mut self,
        _: action::GetUnidirectionalFriendList,
    ) -> Answer<Vec<UnidirectionalFriend>> {
        Ok(Vec::new())
    }

    fn delete_unidirectional_friend(&mut self, request: action::DeleteUnidirectionalFriend) -> Answer<()> {
        Err(no(RefusalCode::FriendNotFound, format!("{} is no one-sided friend", request.user_id)))
    }

    /// Whether anybody of this number exists.
    pub(super) fn knows(&self, user: UserId) -> bool {
        self.known_nickname(user).is_some() || self.groups.iter().any(|group| group.find_member(user).is_some())
    }
}
