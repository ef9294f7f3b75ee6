//! The actions that a world answers, each by a method.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::model::World;
use super::refuse::WorldResult;
use crate::action::{self, KnownAction};
use crate::mock::call::ActionResult;
use crate::mock::post_format::as_go_cqhttp;
use crate::mock::refusal::bad_request;

macro_rules! answers {
    ($($request:ident => $method:ident),* $(,)?) => {
        impl World {
            /// The actions that a world answers, by their names on the wire.
            pub const ACTIONS: &'static [&'static str] = &[$(action::$request::NAME),*];

            /// Carries a call out; `None` for an action that no world answers.
            pub(crate) fn answer(&mut self, name: &str, params: &[u8]) -> Option<ActionResult> {
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

/// Converts an answer to go-cqhttp's form if its type is written in another: bots in other languages see the
/// difference.
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

/// Replaces empty lists by `null`, which Go writes for a list that was never made.
fn no_empty_lists(answer: &mut Value) {
    for value in answer.as_object_mut().into_iter().flat_map(|answer| answer.values_mut()) {
        if value.as_array().is_some_and(Vec::is_empty) {
            *value = Value::Null;
        }
    }
}

impl World {
    fn act<A>(&mut self, params: &[u8], answer: impl FnOnce(&mut Self, A) -> WorldResult<A::Response>) -> ActionResult
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
}
