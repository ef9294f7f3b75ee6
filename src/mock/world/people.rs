//! The acts of users, which change the world and send events to the bots.

use std::fmt;
use std::time::Duration;

use super::file::{BUSID, url};
use super::message::Destination;
use super::model::{Group, StoredMessage, World, WorldFriendRequest, WorldGroupRequest};
use crate::event::{Essence, FriendRequest, GroupRequest, GroupUpload, OfflineFile};
use crate::message::Message;
use crate::mock::message_event::anonymous_user;
use crate::segment;
use crate::types::{
    EssenceKind, FriendRequestFlag, GroupDecreaseKind, GroupFileId, GroupId, GroupRequestFlag, GroupRequestKind,
    MessageId, ReceivedFile, UploadedFile, UserId,
};

/// The reason why an act is impossible in the world: a muted user cannot speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotHappen(String);

impl fmt::Display for CannotHappen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CannotHappen {}

/// The result of an act.
type Happened<T = ()> = Result<T, CannotHappen>;

fn cannot<T>(why: impl Into<String>) -> Happened<T> {
    Err(CannotHappen(why.into()))
}

/// The acts of users. The bots receive the events that go-cqhttp sends.
impl World {
    /// Sends a message of a member in a group, and returns its id. A message of the account comes from another device,
    /// and has an event only with [`report_self_message`](World::report_self_message).
    ///
    /// # Errors
    ///
    /// The user is not in the group, or is muted there.
    pub fn says_in_group(
        &mut self,
        user: impl Into<UserId>,
        group: impl Into<GroupId>,
        message: impl Into<Message>,
    ) -> Happened<MessageId> {
        let (user, group_id) = (user.into(), group.into());
        let group = self.seen(group_id)?;
        if let Some(why) = group.silences(user, self.now()) {
            return cannot(format!("{user} cannot speak in group {group_id}: {why}"));
        }
        self.notice_card(group_id, user);
        let said = self.store(user, Destination::Group(group_id), message.into());
        if self.hears(user) {
            self.happens(self.group_message(group_id, &said));
        }
        Ok(said.message_id)
    }

    /// Returns `true` if a user's message has an event.
    fn hears(&self, user: UserId) -> bool {
        self.report_self_message || user != self.account.user_id
    }

    /// Sends a message of a member under another name, in a group that allows [anonymous](Group::anonymous) messages.
    ///
    /// # Errors
    ///
    /// The user cannot speak in the group, or it does not allow anonymous messages.
    pub fn says_anonymously(
        &mut self,
        user: impl Into<UserId>,
        group: impl Into<GroupId>,
        name: impl Into<String>,
        message: impl Into<Message>,
    ) -> Happened<MessageId> {
        let (user, group_id) = (user.into(), group.into());
        let group = self.seen(group_id)?;
        if let Some(why) = group
            .silences(user, self.now())
            .or((!group.anonymous).then_some("the group does not allow anonymous messages"))
        {
            return cannot(format!("{user} cannot speak in group {group_id}: {why}"));
        }
        let everyone = anonymous_user();
        let said = self.store_as(Some(name.into()), everyone, Destination::Group(group_id), message.into());
        if self.hears(user) {
            self.happens(self.group_message(group_id, &said));
        }
        Ok(said.message_id)
    }

    /// Sends a private message of a user to the account: of a friend, or of a member of one of its groups in a
    /// temporary session. As on go-cqhttp, messages in a temporary session cannot be looked up.
    ///
    /// # Errors
    ///
    /// The user is neither.
    pub fn says_in_private(&mut self, user: impl Into<UserId>, message: impl Into<Message>) -> Happened<MessageId> {
        let (user, message, account) = (user.into(), message.into(), self.account.user_id);
        if self.is_friend(user) {
            let said = self.store(user, Destination::Private(account), message);
            self.happens(self.private_message(&said, None));
            return Ok(said.message_id);
        }
        let both = |group: &&Group| group.find_member(user).is_some() && group.find_member(account).is_some();
        let Some(group) = self.groups.iter().find(both).map(|group| group.group_id) else {
            return cannot(format!("{user} is neither a friend of the account nor in one of its groups"));
        };
        let message_id = MessageId::new(self.next_number().into());
        let said = StoredMessage { message_id, time: self.now(), ..StoredMessage::new(user, message) };
        self.happens(self.private_message(&said, Some(group)));
        Ok(said.message_id)
    }

    /// Recalls a message, as its sender within two minutes, or as an administrator for a member's message.
    ///
    /// # Errors
    ///
    /// There is no such message, or the user may not recall it.
    pub fn recalls(&mut self, user: impl Into<UserId>, message: impl Into<MessageId>) -> Happened {
        let message = message.into();
        let Some(said) = self.find_message(message).cloned() else {
            return cannot(format!("there is no message {message}"));
        };
        self.recall(&said, user.into()).map_err(CannotHappen)
    }

    /// Makes a message an essence message of its group, as an administrator.
    ///
    /// # Errors
    ///
    /// There is no such message in a group, or the user is not an administrator.
    pub fn sets_essence(&mut self, user: impl Into<UserId>, message: impl Into<MessageId>) -> Happened {
        let (operator_id, message_id, time) = (user.into(), message.into(), self.now());
        let Some((group_id, sender_id)) = self.find_message(message_id).and_then(|m| Some((m.group_id?, m.user_id)))
        else {
            return cannot(format!("there is no message {message_id} in a group"));
        };
        self.administers(operator_id, group_id)?;
        for said in self.messages.iter_mut().filter(|said| said.message_id == message_id) {
            said.essence = Some((operator_id, time));
        }
        self.happens(Essence {
            time,
            self_id: self.account.user_id,
            sub_type: EssenceKind::Add,
            group_id,
            sender_id: Some(sender_id),
            operator_id: Some(operator_id),
            message_id: Some(message_id),
            user_id: None,
            message_seq: None,
            random: None,
        });
        Ok(())
    }

    /// Changes a member's own name in a group. As on go-cqhttp, the event follows when the member next speaks.
    ///
    /// # Errors
    ///
    /// The user is not in the group.
    pub fn changes_card(
        &mut self,
        user: impl Into<UserId>,
        group: impl Into<GroupId>,
        card: impl Into<String>,
    ) -> Happened {
        let (user, group_id) = (user.into(), group.into());
        self.member_of(user, group_id)?;
        if let Some(member) = self.find_group_mut(group_id).and_then(|group| group.find_member_mut(user)) {
            let old = std::mem::replace(&mut member.card, card.into());
            member.known_card.get_or_insert(old);
        }
        Ok(())
    }

    /// Updates the card that the server knows, with an event if it has changed.
    fn notice_card(&mut self, group_id: GroupId, user: UserId) {
        let member = self.find_group_mut(group_id).and_then(|group| group.find_member_mut(user));
        let Some(member) = member else { return };
        let card = member.card.clone();
        if let Some(old) = member.known_card.replace(card.clone()).filter(|old| *old != card) {
            self.happens(self.group_card(group_id, user, old, card));
        }
    }

    /// Pokes a member of a group.
    ///
    /// # Errors
    ///
    /// One of the users is not in the group.
    pub fn pokes_in_group(
        &mut self,
        user: impl Into<UserId>,
        group: impl Into<GroupId>,
        target: impl Into<UserId>,
    ) -> Happened {
        let (user, group_id, target) = (user.into(), group.into(), target.into());
        self.member_of(user, group_id)?;
        self.member_of(target, group_id)?;
        self.happens(self.poke(Some(group_id), user, target));
        Ok(())
    }

    /// Pokes the account, as a friend.
    ///
    /// # Errors
    ///
    /// The user is not a friend.
    pub fn pokes_in_private(&mut self, user: impl Into<UserId>) -> Happened {
        let user = user.into();
        self.friend_of_account(user)?;
        self.happens(self.poke(None, user, self.account.user_id));
        Ok(())
    }

    /// Adds a user to a group.
    ///
    /// # Errors
    ///
    /// The user is in the group already, or there is no such group.
    pub fn joins(&mut self, user: impl Into<UserId>, group: impl Into<GroupId>) -> Happened {
        let (user, group_id) = (user.into(), group.into());
        if self.seen(group_id)?.find_member(user).is_some() {
            return cannot(format!("{user} is in group {group_id} already"));
        }
        self.take_in(group_id, user);
        Ok(())
    }

    /// Leaves a group.
    ///
    /// # Errors
    ///
    /// The user is not in the group, or owns it.
    pub fn leaves(&mut self, user: impl Into<UserId>, group: impl Into<GroupId>) -> Happened {
        let (user, group_id) = (user.into(), group.into());
        self.member_of(user, group_id)?;
        if self.seen(group_id)?.rank(user) == 2 {
            return cannot(format!("{user} owns group {group_id}"));
        }
        self.remove(group_id, user, GroupDecreaseKind::Leave, user);
        Ok(())
    }

    /// Kicks a member, or the account, as an administrator.
    ///
    /// # Errors
    ///
    /// One of the users is not in the group, or the operator does not rank above the other.
    pub fn kicks(
        &mut self,
        operator: impl Into<UserId>,
        group: impl Into<GroupId>,
        user: impl Into<UserId>,
    ) -> Happened {
        let (operator, group_id, user) = (operator.into(), group.into(), user.into());
        self.manages(operator, group_id, user)?;
        let is_account = user == self.account.user_id;
        let kind = if is_account { GroupDecreaseKind::KickMe } else { GroupDecreaseKind::Kick };
        self.remove(group_id, user, kind, operator);
        Ok(())
    }

    /// Mutes a member, or the account, as an administrator; a zero `time` lifts the mute. Fractions of a second are cut
    /// off.
    ///
    /// # Errors
    ///
    /// One of the users is not in the group, or the operator does not rank above the other.
    pub fn mutes(
        &mut self,
        operator: impl Into<UserId>,
        group: impl Into<GroupId>,
        user: impl Into<UserId>,
        time: Duration,
    ) -> Happened {
        let (operator, group_id, user, now) = (operator.into(), group.into(), user.into(), self.now());
        self.manages(operator, group_id, user)?;
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        if let Some(group) = self.find_group_mut(group_id) {
            group.mute(user, seconds, now);
        }
        self.happens(self.group_ban(group_id, operator, user, seconds));
        Ok(())
    }

    /// Mutes all ordinary members, or lifts that mute, as an administrator.
    ///
    /// # Errors
    ///
    /// The operator is not an administrator.
    pub fn mutes_everyone(&mut self, operator: impl Into<UserId>, group: impl Into<GroupId>, enable: bool) -> Happened {
        let (operator, group_id) = (operator.into(), group.into());
        self.administers(operator, group_id)?;
        if let Some(group) = self.find_group_mut(group_id) {
            group.whole_ban = enable;
        }
        self.happens(self.group_ban(group_id, operator, UserId::new(0), if enable { -1 } else { 0 }));
        Ok(())
    }

    /// Makes a member an administrator, or an ordinary member again, as the owner.
    ///
    /// # Errors
    ///
    /// `owner` is not the owner, the member is not in the group, or nothing changes.
    pub fn sets_admin(
        &mut self,
        owner: impl Into<UserId>,
        group: impl Into<GroupId>,
        user: impl Into<UserId>,
        enable: bool,
    ) -> Happened {
        let (owner, group_id, user) = (owner.into(), group.into(), user.into());
        self.member_of(user, group_id)?;
        if self.seen(group_id)?.rank(owner) < 2 {
            return cannot(format!("{owner} does not own group {group_id}"));
        }
        let member = self.find_group_mut(group_id).and_then(|group| group.find_member_mut(user));
        let Some(set) = member.and_then(|member| member.promote(enable)) else {
            return cannot(format!("the role of {user} in group {group_id} does not change"));
        };
        self.happens(self.group_admin(group_id, user, set));
        Ok(())
    }

    /// Asks to become a friend of the account, and returns the flag of the request.
    ///
    /// # Errors
    ///
    /// The user is a friend already.
    pub fn asks_to_be_friend(&mut self, user: impl Into<UserId>, comment: impl Into<String>) -> Happened<String> {
        let (user_id, comment) = (user.into(), comment.into());
        if self.is_friend(user_id) {
            return cannot(format!("{user_id} is a friend already"));
        }
        let flag = self.flag().to_string();
        self.happens(FriendRequest {
            time: self.now(),
            self_id: self.account.user_id,
            user_id,
            comment: Some(comment.clone()),
            flag: FriendRequestFlag::new(flag.clone()),
            via: None,
        });
        self.friend_requests.push(WorldFriendRequest { user_id, comment, flag: flag.clone(), approved: None });
        Ok(flag)
    }

    /// Asks to join a group that the account administers, and returns the flag of the request.
    ///
    /// # Errors
    ///
    /// The user is in the group already or may not ask again, or the account is not an administrator there and receives
    /// no such request.
    pub fn asks_to_join(
        &mut self,
        user: impl Into<UserId>,
        group: impl Into<GroupId>,
        comment: impl Into<String>,
    ) -> Happened<String> {
        let (user, group_id) = (user.into(), group.into());
        self.administers(self.account.user_id, group_id)?;
        let group = self.seen(group_id)?;
        if group.find_member(user).is_some() || group.blocked.contains(&user) {
            return cannot(format!("{user} is in group {group_id}, or may not ask to join it again"));
        }
        Ok(self.asks(GroupRequestKind::Add, group_id, user, comment.into()))
    }

    /// Invites the account to a group, as a member, and returns the flag of the invitation.
    ///
    /// # Errors
    ///
    /// The user is not in the group, or the account is in it already.
    pub fn invites(&mut self, user: impl Into<UserId>, group: impl Into<GroupId>) -> Happened<String> {
        let (user, group_id) = (user.into(), group.into());
        let Some(group) = self.find_group(group_id).filter(|group| group.find_member(user).is_some()) else {
            return cannot(format!("{user} is not in group {group_id}"));
        };
        if group.find_member(self.account.user_id).is_some() {
            return cannot(format!("the account is in group {group_id} already"));
        }
        Ok(self.asks(GroupRequestKind::Invite, group_id, user, String::new()))
    }

    fn asks(&mut self, sub_type: GroupRequestKind, group_id: GroupId, user_id: UserId, comment: String) -> String {
        let flag = self.flag();
        self.happens(GroupRequest {
            time: self.now(),
            self_id: self.account.user_id,
            sub_type: sub_type.clone(),
            group_id,
            user_id,
            comment: Some(comment.clone()),
            flag: GroupRequestFlag::new(flag.to_string()),
            invitor_id: Some(UserId::new(0)),
            source_group_id: None,
        });
        self.group_requests.push(WorldGroupRequest { sub_type, group_id, user_id, comment, flag, approved: None });
        flag.to_string()
    }

    /// Returns an unused flag for a request.
    pub(super) fn flag(&mut self) -> i64 {
        1_700_000_000_000_000 + i64::from(self.next_number())
    }

    /// Uploads a file to a group, as a member, with a message there. Returns the file's id.
    ///
    /// # Errors
    ///
    /// The user is not in the group, or is muted there.
    pub fn uploads(
        &mut self,
        user: impl Into<UserId>,
        group: impl Into<GroupId>,
        name: impl Into<String>,
        size: u64,
    ) -> Happened<GroupFileId> {
        let (user_id, group_id, name) = (user.into(), group.into(), name.into());
        if let Some(why) = self.seen(group_id)?.silences(user_id, self.now()) {
            return cannot(format!("{user_id} cannot upload to group {group_id}: {why}"));
        }
        let (id, busid) = (self.shelve(group_id, user_id, name.clone(), size, None), BUSID);
        let url = Some(url(&id));
        let (time, self_id) = (self.now(), self.account.user_id);
        let file =
            UploadedFile { id: Some(id.clone()), name: Some(name.clone()), size: Some(size), busid: Some(busid), url };
        if self.hears(user_id) {
            self.happens(GroupUpload { time, self_id, group_id, user_id, file });
        }
        let file = segment::File::new().name(name).size(size).path(id.as_str()).busid(busid);
        self.says_in_group(user_id, group_id, file)?;
        Ok(id)
    }

    /// Sends the account a file, as a friend.
    ///
    /// # Errors
    ///
    /// The user is not a friend.
    pub fn sends_file(&mut self, user: impl Into<UserId>, name: impl Into<String>, size: u64) -> Happened {
        let user_id = user.into();
        self.friend_of_account(user_id)?;
        let url = url(&GroupFileId::new(self.path()));
        let file = ReceivedFile { name: Some(name.into()), size: Some(size), url: Some(url), id: None, hash: None };
        self.happens(OfflineFile { time: self.now(), self_id: self.account.user_id, user_id, file });
        Ok(())
    }

    /// Returns a group that the account is in, and receives events of.
    fn seen(&self, group_id: GroupId) -> Happened<&Group> {
        match self.joined(group_id) {
            Ok(group) => Ok(group),
            Err(_) => cannot(format!("the account is not in group {group_id}, and receives no event of it")),
        }
    }

    fn member_of(&self, user: UserId, group_id: GroupId) -> Happened {
        if self.seen(group_id)?.find_member(user).is_some() {
            return Ok(());
        }
        cannot(format!("{user} is not in group {group_id}"))
    }

    fn friend_of_account(&self, user: UserId) -> Happened {
        if self.is_friend(user) { Ok(()) } else { cannot(format!("{user} is not a friend of the account")) }
    }

    fn administers(&self, user: UserId, group_id: GroupId) -> Happened {
        if self.seen(group_id)?.rank(user) > 0 {
            return Ok(());
        }
        cannot(format!("{user} is not an administrator of group {group_id}"))
    }

    fn manages(&self, operator: UserId, group_id: GroupId, user: UserId) -> Happened {
        self.member_of(operator, group_id)?;
        self.member_of(user, group_id)?;
        if self.seen(group_id)?.may_manage(operator, user) {
            return Ok(());
        }
        cannot(format!("{operator} does not rank above {user} in group {group_id}"))
    }
}
