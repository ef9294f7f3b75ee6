//! Groups, their members, and the acts of administrators.

use super::model::{Group, Member, Notice, Stranger, World};
use super::refuse::{WorldResult, refuse_because};
use crate::action;
use crate::mock::refusal::Refusal;
use crate::time::Timestamp;
use crate::types::{
    GroupDecreaseKind, GroupId, GroupInfo, GroupMemberInfo, GroupNotice, GroupNoticeContent, GroupNoticeId, GroupRole,
    RefusalCode, UserId,
};

/// The upper bound of a mute, in seconds.
const THIRTY_DAYS: u32 = 30 * 24 * 60 * 60;

impl World {
    /// Returns a group that the account is in.
    pub(super) fn joined(&self, group_id: GroupId) -> WorldResult<&Group> {
        let joined = self.find_group(group_id).filter(|group| group.find_member(self.account.user_id).is_some());
        joined.ok_or_else(|| {
            refuse_because(RefusalCode::GroupNotFound, format!("the account is not in group {group_id}"))
        })
    }

    pub(super) fn joined_mut(&mut self, group_id: GroupId) -> WorldResult<&mut Group> {
        self.joined(group_id)?;
        let gone = || refuse_because(RefusalCode::GroupNotFound, format!("there is no group {group_id}"));
        self.find_group_mut(group_id).ok_or_else(gone)
    }

    /// Returns a group that the account administers; `Ok(None)` for another group that it is in, where go-cqhttp
    /// answers with `ok` and does nothing.
    fn administered(&mut self, group_id: GroupId) -> WorldResult<Option<&mut Group>> {
        let account = self.account.user_id;
        Ok(Some(self.joined_mut(group_id)?).filter(|group| group.rank(account) > 0))
    }

    pub(super) fn get_group_list(&mut self, _: action::GetGroupList) -> WorldResult<Vec<GroupInfo>> {
        let account = self.account.user_id;
        let joined = self.groups.iter().filter(|group| group.find_member(account).is_some());
        Ok(joined.map(|group| info(group, true)).collect())
    }

    pub(super) fn get_group_info(&mut self, request: action::GetGroupInfo) -> WorldResult<GroupInfo> {
        let group_id = request.group_id;
        let unknown = || refuse_because(RefusalCode::GroupNotFound, format!("there is no group {group_id}"));
        let group = self.find_group(group_id).ok_or_else(unknown)?;
        Ok(info(group, group.find_member(self.account.user_id).is_some()))
    }

    pub(super) fn get_group_member_list(
        &mut self,
        request: action::GetGroupMemberList,
    ) -> WorldResult<Vec<GroupMemberInfo>> {
        let group = self.joined(request.group_id)?;
        let mut members: Vec<_> = group.members.iter().map(|member| self.member_info(group, member)).collect();
        members.sort_by_key(|member| member.user_id);
        Ok(members)
    }

    pub(super) fn get_group_member_info(
        &mut self,
        request: action::GetGroupMemberInfo,
    ) -> WorldResult<GroupMemberInfo> {
        let action::GetGroupMemberInfo { group_id, user_id, no_cache } = request;
        let group = self.joined(group_id)?;
        let code = if no_cache { RefusalCode::GetMemberInfoApiError } else { RefusalCode::MemberNotFound };
        let member = group.find_member(user_id).ok_or_else(|| no_member(code, group_id, user_id))?;
        let mut info = self.member_info(group, member);
        if no_cache {
            // QQ's own answer lacks it.
            info.shut_up_timestamp = Some(Timestamp::new(0));
        }
        Ok(info)
    }

    fn member_info(&self, group: &Group, member: &Member) -> GroupMemberInfo {
        let nickname = match member.nickname.is_empty() {
            true => self.nickname(member.user_id),
            false => member.nickname.clone(),
        };
        GroupMemberInfo {
            group_id: Some(group.group_id),
            user_id: member.user_id,
            nickname: Some(nickname),
            card: Some(member.card.clone()),
            sex: Some(member.sex.clone()),
            age: Some(0),
            area: Some(String::new()),
            join_time: Some(member.join_time),
            last_sent_time: Some(member.last_sent_time),
            shut_up_timestamp: Some(if member.shut_up_timestamp > self.now() {
                member.shut_up_timestamp
            } else {
                Timestamp::new(0)
            }),
            level: Some(member.level),
            role: Some(member.role.clone()),
            unfriendly: Some(false),
            title: Some(member.title.clone()),
            title_expire_time: Some(Timestamp::new(0)),
            card_changeable: Some(false),
            is_robot: None,
            qq_level: None,
        }
    }

    pub(super) fn get_group_honor_info(
        &mut self,
        request: action::GetGroupHonorInfo,
    ) -> WorldResult<action::GetGroupHonorInfoResponse> {
        Ok(action::GetGroupHonorInfoResponse {
            group_id: request.group_id,
            current_talkative: None,
            talkative_list: Vec::new(),
            performer_list: Vec::new(),
            legend_list: Vec::new(),
            strong_newbie_list: Vec::new(),
            emotion_list: Vec::new(),
        })
    }

    pub(super) fn get_group_at_all_remain(
        &mut self,
        request: action::GetGroupAtAllRemain,
    ) -> WorldResult<action::GetGroupAtAllRemainResponse> {
        let account = self.account.user_id;
        let group = self.joined(request.group_id)?;
        let midnight = self.now().seconds() / 86400 * 86400;
        let today = self.messages.iter().filter(|said| said.group_id == Some(group.group_id));
        let today = today.filter(|said| said.time.seconds() >= midnight && said.message.mentions_everyone());
        let by_account = today.clone().filter(|said| said.user_id == account).count();
        let left = |most: usize, used: usize| u32::try_from(most.saturating_sub(used)).unwrap_or_default();
        let (for_group, for_uin) = (left(20, today.count()), left(10, by_account));
        Ok(action::GetGroupAtAllRemainResponse {
            can_at_all: group.rank(account) > 0 && for_group > 0 && for_uin > 0,
            remain_at_all_count_for_group: Some(for_group),
            remain_at_all_count_for_uin: Some(for_uin),
        })
    }

    pub(super) fn set_group_kick(&mut self, request: action::SetGroupKick) -> WorldResult<()> {
        let action::SetGroupKick { group_id, user_id, reject_add_request, .. } = request;
        let account = self.account.user_id;
        let group = self.joined_mut(group_id)?;
        if group.find_member(user_id).is_none() {
            return Err(no_member(RefusalCode::MemberNotFound, group_id, user_id));
        }
        if !group.may_manage(account, user_id) {
            return Err(not_manageable(group_id, user_id));
        }
        if reject_add_request {
            group.blocked.push(user_id);
        }
        self.remove(group_id, user_id, GroupDecreaseKind::Kick, account);
        Ok(())
    }

    /// Removes a member from a group, with the event.
    pub(super) fn remove(&mut self, group_id: GroupId, user: UserId, kind: GroupDecreaseKind, operator: UserId) {
        let nickname = self.nickname(user);
        if let Some(group) = self.find_group_mut(group_id) {
            group.members.retain(|member| member.user_id != user);
        }
        if !self.knows(user) {
            // Keeps the nickname of a user who is in no other list.
            self.strangers.push(Stranger { user_id: user, nickname });
        }
        self.happens(self.group_decrease(kind, group_id, operator, user));
    }

    /// Adds a user to a group, with the event.
    pub(super) fn take_in(&mut self, group_id: GroupId, user: UserId) {
        let join_time = self.now();
        if let Some(group) = self.find_group_mut(group_id).filter(|group| group.find_member(user).is_none()) {
            group.members.push(Member { join_time, ..user.into() });
            self.happens(self.group_increase(group_id, user));
        }
    }

    pub(super) fn set_group_ban(&mut self, request: action::SetGroupBan) -> WorldResult<()> {
        let action::SetGroupBan { group_id, user_id, duration } = request;
        let (account, now) = (self.account.user_id, self.now());
        let group = self.joined_mut(group_id)?;
        if group.find_member(user_id).is_none() {
            return Err(no_member(RefusalCode::GroupNotFound, group_id, user_id));
        }
        if duration >= THIRTY_DAYS {
            return Err(refuse_because(
                RefusalCode::DurationIsNotInRange,
                format!("{duration} seconds are 30 days or more"),
            ));
        }
        if !group.may_manage(account, user_id) {
            return Err(not_manageable(group_id, user_id));
        }
        group.mute(user_id, i64::from(duration), now);
        Ok(())
    }

    pub(super) fn set_group_whole_ban(&mut self, request: action::SetGroupWholeBan) -> WorldResult<()> {
        if let Some(group) = self.administered(request.group_id)? {
            group.whole_ban = request.enable;
        }
        Ok(())
    }

    pub(super) fn set_group_anonymous(&mut self, request: action::SetGroupAnonymous) -> WorldResult<()> {
        if let Some(group) = self.administered(request.group_id)? {
            group.anonymous = request.enable;
        }
        Ok(())
    }

    pub(super) fn set_group_name(&mut self, request: action::SetGroupName) -> WorldResult<()> {
        let name = request.group_name;
        if let Some(group) = self.administered(request.group_id)?.filter(|_| (1..20).contains(&name.chars().count())) {
            group.group_name = name;
        }
        Ok(())
    }

    pub(super) fn set_group_portrait(&mut self, request: action::SetGroupPortrait) -> WorldResult<()> {
        self.joined(request.group_id).map(drop)
    }

    pub(super) fn set_group_card(&mut self, request: action::SetGroupCard) -> WorldResult<()> {
        let action::SetGroupCard { group_id, user_id, card } = request;
        let account = self.account.user_id;
        let group = self.joined_mut(group_id)?;
        let allowed = user_id == account || group.rank(account) > 0 && group.rank(user_id) < 2;
        let member = group.find_member_mut(user_id);
        let member = member.ok_or_else(|| no_member(RefusalCode::GroupNotFound, group_id, user_id))?;
        if allowed && card.len() <= 60 {
            // The server knows the new card at once, and never sends an event.
            member.known_card = Some(card.clone());
            member.card = card;
        }
        Ok(())
    }

    pub(super) fn set_group_special_title(&mut self, request: action::SetGroupSpecialTitle) -> WorldResult<()> {
        let action::SetGroupSpecialTitle { group_id, user_id, special_title, .. } = request;
        let account = self.account.user_id;
        let group = self.joined_mut(group_id)?;
        let allowed = group.rank(account) == 2 && special_title.len() <= 18;
        let member = group.find_member_mut(user_id);
        let member = member.ok_or_else(|| no_member(RefusalCode::GroupNotFound, group_id, user_id))?;
        if allowed {
            member.title.clone_from(&special_title);
            if !special_title.is_empty() {
                self.happens(self.title(group_id, user_id, special_title));
            }
        }
        Ok(())
    }

    pub(super) fn set_group_anonymous_ban(&mut self, request: action::SetGroupAnonymousBan) -> WorldResult<()> {
        let flag = request.anonymous_flag;
        if flag.as_str().is_empty() {
            return Err(refuse_because(RefusalCode::InvalidFlag, "the flag is empty"));
        }
        let account = self.account.user_id;
        let group = self.joined(request.group_id)?;
        if !flag.as_str().contains('|') {
            return Err(refuse_because(RefusalCode::InvalidFlag, "the flag is not of the form `id|name`"));
        }
        if group.rank(account) == 0 {
            return Err(refuse_because(
                RefusalCode::CallApiError,
                format!("the account is not an administrator of group {}", group.group_id),
            ));
        }
        Ok(())
    }

    pub(super) fn set_group_admin(&mut self, request: action::SetGroupAdmin) -> WorldResult<()> {
        let action::SetGroupAdmin { group_id, user_id, enable } = request;
        let account = self.account.user_id;
        let group = self.find_group_mut(group_id).filter(|group| group.rank(account) == 2);
        let not_owner =
            || refuse_because(RefusalCode::PermissionDenied, format!("the account does not own group {group_id}"));
        let group = group.ok_or_else(not_owner)?;
        let member = group.find_member_mut(user_id);
        let member = member.ok_or_else(|| no_member(RefusalCode::GroupMemberNotFound, group_id, user_id))?;
        if let Some(set) = member.promote(enable) {
            self.happens(self.group_admin(group_id, user_id, set));
        }
        Ok(())
    }

    pub(super) fn set_group_leave(&mut self, request: action::SetGroupLeave) -> WorldResult<()> {
        let account = self.account.user_id;
        if self.joined(request.group_id)?.rank(account) < 2 {
            self.remove(request.group_id, account, GroupDecreaseKind::Leave, account);
        }
        Ok(())
    }

    pub(super) fn send_group_sign(&mut self, _: action::SendGroupSign) -> WorldResult<()> {
        Ok(())
    }

    pub(super) fn send_group_notice(
        &mut self,
        request: action::SendGroupNotice,
    ) -> WorldResult<action::SendGroupNoticeResponse> {
        let (sender_id, publish_time) = (self.account.user_id, self.now());
        self.may_announce(request.group_id)?;
        let notice_id = self.notice_id();
        let notice = Notice { sender_id, text: request.content, notice_id: notice_id.clone(), publish_time };
        self.joined_mut(request.group_id)?.notices.push(notice);
        Ok(action::SendGroupNoticeResponse { notice_id: Some(notice_id) })
    }

    pub(super) fn get_group_notice(&mut self, request: action::GetGroupNotice) -> WorldResult<Vec<GroupNotice>> {
        let group = self.joined(request.group_id).map_err(|_| {
            refuse_because(
                RefusalCode::GetGroupNoticeFailed,
                format!("the account is not in group {}", request.group_id),
            )
        })?;
        let notices = group.notices.iter().rev().map(|notice| GroupNotice {
            notice_id: notice.notice_id.clone(),
            sender_id: Some(notice.sender_id),
            publish_time: Some(notice.publish_time),
            message: Some(GroupNoticeContent { text: Some(notice.text.clone()), images: Vec::new() }),
            settings: None,
            read_num: None,
        });
        Ok(notices.collect())
    }

    pub(super) fn del_group_notice(&mut self, request: action::DelGroupNotice) -> WorldResult<()> {
        self.may_announce(request.group_id)?;
        let group = self.joined_mut(request.group_id)?;
        // go-cqhttp does not read QQ's answer.
        group.notices.retain(|notice| notice.notice_id != request.notice_id);
        Ok(())
    }

    pub(super) fn notice_id(&mut self) -> GroupNoticeId {
        GroupNoticeId::new(format!("{:032x}", self.next_number()))
    }

    fn may_announce(&self, group_id: GroupId) -> WorldResult<()> {
        if self.joined(group_id)?.rank(self.account.user_id) > 0 {
            return Ok(());
        }
        Err(refuse_because(
            RefusalCode::PermissionDenied,
            format!("the account is not an administrator of group {group_id}"),
        ))
    }
}

impl Group {
    /// Mutes a member, or lifts the mute with 0 seconds.
    pub(super) fn mute(&mut self, user: UserId, seconds: i64, now: Timestamp) {
        if let Some(member) = self.find_member_mut(user) {
            let until = if seconds == 0 { 0 } else { now.seconds().saturating_add(seconds) };
            member.shut_up_timestamp = Timestamp::new(until);
        }
    }
}

impl Member {
    /// Makes a member an administrator, or the reverse; returns `None` if nothing changes.
    pub(super) fn promote(&mut self, enable: bool) -> Option<bool> {
        let role = if enable { GroupRole::Admin } else { GroupRole::Member };
        if self.role == role || self.role == GroupRole::Owner {
            return None;
        }
        self.role = role;
        Some(enable)
    }
}

/// Returns what `get_group_info` shows, which is less for a group that the account is not in.
fn info(group: &Group, joined: bool) -> GroupInfo {
    let count = i32::try_from(group.members.len()).unwrap_or(i32::MAX);
    GroupInfo {
        group_id: group.group_id,
        group_name: Some(group.group_name.clone()),
        group_memo: (!joined).then(|| group.group_memo.clone()),
        group_create_time: Some(Timestamp::new(0)),
        group_level: Some(0),
        member_count: Some(if joined { count } else { 0 }),
        max_member_count: Some(if joined { group.max_member_count } else { 0 }),
        group_remark: None,
        group_all_shut: None,
        owner_id: None,
        is_top: None,
        shut_up_all_timestamp: None,
        shut_up_me_timestamp: None,
        avatar_url: None,
    }
}

fn no_member(code: RefusalCode, group_id: GroupId, user_id: UserId) -> Refusal {
    refuse_because(code, format!("{user_id} is not in group {group_id}"))
}

fn not_manageable(group_id: GroupId, user_id: UserId) -> Refusal {
    refuse_because(RefusalCode::NotManageable, format!("the account does not rank above {user_id} in group {group_id}"))
}
