//! The builders of a world, and lookups in it.

use std::time::{Duration, SystemTime};

use super::model::{
    Account, Folder, Group, Member, Notice, StoredMessage, Stranger, World, WorldFile, WorldFriend, member, no_file,
    no_message, no_notice, no_seq, one, two_hundred, unknown,
};
use crate::event::Event;
use crate::message::Message;
use crate::time::Timestamp;
use crate::types::{GroupFolderId, GroupId, GroupRole, MessageId, UserId};

impl World {
    /// Returns a world that contains only the account 10010, `bot`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the account that the server is logged in to.
    #[must_use]
    pub fn account(mut self, account: impl Into<UserId>, nickname: impl Into<String>) -> Self {
        self.account = Account { user_id: account.into(), nickname: nickname.into() };
        self
    }

    /// Adds a friend of the account.
    #[must_use]
    pub fn friend(mut self, user: impl Into<UserId>, nickname: impl Into<String>) -> Self {
        self.friends.push(WorldFriend { user_id: user.into(), nickname: nickname.into(), remark: String::new() });
        self
    }

    /// Adds a user with a profile, who need not be a friend or in a group.
    #[must_use]
    pub fn stranger(mut self, user: impl Into<UserId>, nickname: impl Into<String>) -> Self {
        self.strangers.push(Stranger { user_id: user.into(), nickname: nickname.into() });
        self
    }

    /// Adds a group.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Adds a file of `size` bytes to the server's disk, for uploads.
    #[must_use]
    pub fn disk(mut self, path: impl Into<String>, size: u64) -> Self {
        self.disk.insert(path.into(), size);
        self
    }

    /// Sends the bots events for the account's own messages too: go-cqhttp's `report-self-message`.
    #[must_use]
    pub fn report_self_message(mut self) -> Self {
        self.report_self_message = true;
        self
    }

    /// Returns a group, even one that the account is not in.
    #[must_use]
    pub fn find_group(&self, group: impl Into<GroupId>) -> Option<&Group> {
        let group = group.into();
        self.groups.iter().find(|other| other.group_id == group)
    }

    /// Returns a group, to change it without an event.
    pub fn find_group_mut(&mut self, group: impl Into<GroupId>) -> Option<&mut Group> {
        let group = group.into();
        self.groups.iter_mut().find(|other| other.group_id == group)
    }

    /// Returns a message, even a recalled one.
    #[must_use]
    pub fn find_message(&self, message: impl Into<MessageId>) -> Option<&StoredMessage> {
        let message = message.into();
        self.messages.iter().find(|other| other.message_id == message)
    }

    /// Returns `true` if the user is a friend of the account.
    #[must_use]
    pub fn is_friend(&self, user: impl Into<UserId>) -> bool {
        let user = user.into();
        self.friends.iter().any(|friend| friend.user_id == user)
    }

    /// Returns `true` if a member of a group is muted now, by a mute of their own; `false` for a user who is not in it.
    #[must_use]
    pub fn is_muted(&self, user: impl Into<UserId>, group: impl Into<GroupId>) -> bool {
        let member = self.find_group(group).and_then(|group| group.find_member(user));
        member.is_some_and(|member| member.shut_up_timestamp > self.now())
    }

    /// Returns the nickname of a user, or their number if none is known.
    #[must_use]
    pub fn nickname(&self, user: impl Into<UserId>) -> String {
        let user = user.into();
        self.known_nickname(user).map_or_else(|| user.to_string(), str::to_owned)
    }

    /// Returns `None` for a user who is not in the world.
    pub(super) fn known_nickname(&self, user: UserId) -> Option<&str> {
        let account = std::iter::once((self.account.user_id, &self.account.nickname));
        let friends = self.friends.iter().map(|friend| (friend.user_id, &friend.nickname));
        let strangers = self.strangers.iter().map(|stranger| (stranger.user_id, &stranger.nickname));
        let members = self.groups.iter().flat_map(|group| &group.members);
        let members = members.map(|member| (member.user_id, &member.nickname));
        let named = account.chain(friends).chain(strangers).chain(members);
        named.filter(|(_, name)| !name.is_empty()).find(|(other, _)| *other == user).map(|(_, name)| name.as_str())
    }

    /// Returns the time on the world's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::new(i64::try_from(since_1970.saturating_add(self.ahead).as_secs()).unwrap_or(i64::MAX))
    }

    /// Moves the world's clock forward, so that mutes end.
    pub fn advance(&mut self, time: Duration) {
        self.ahead = self.ahead.saturating_add(time);
    }

    /// Returns an unused number.
    pub(super) fn next_number(&mut self) -> u32 {
        self.counted += 1;
        self.counted
    }

    pub(super) fn happens(&mut self, event: impl Into<Event>) {
        self.events.push(event.into());
    }

    /// Completes new values, and takes the events that were not sent yet.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        self.complete();
        std::mem::take(&mut self.events)
    }
}

impl Group {
    /// Returns a group without members.
    pub fn new(group: impl Into<GroupId>, name: impl Into<String>) -> Self {
        Self {
            group_id: group.into(),
            group_name: name.into(),
            group_memo: String::new(),
            max_member_count: two_hundred(),
            joined: true,
            members: Vec::new(),
            whole_ban: false,
            anonymous: false,
            notices: Vec::new(),
            folders: Vec::new(),
            files: Vec::new(),
            blocked: Vec::new(),
        }
    }

    /// Adds the owner.
    #[must_use]
    pub fn owner(self, owner: impl Into<Member>) -> Self {
        self.with(owner.into(), GroupRole::Owner)
    }

    /// Adds an administrator.
    #[must_use]
    pub fn admin(self, admin: impl Into<Member>) -> Self {
        self.with(admin.into(), GroupRole::Admin)
    }

    /// Adds an ordinary member.
    #[must_use]
    pub fn member(self, member: impl Into<Member>) -> Self {
        self.with(member.into(), GroupRole::Member)
    }

    /// Adds an announcement.
    #[must_use]
    pub fn notice(mut self, sender: impl Into<UserId>, text: impl Into<String>) -> Self {
        self.notices.push(Notice {
            sender_id: sender.into(),
            text: text.into(),
            notice_id: no_notice(),
            publish_time: Timestamp::default(),
        });
        self
    }

    /// Adds a folder, for [`WorldFile::folder`].
    #[must_use]
    pub fn folder(
        mut self,
        folder: impl Into<GroupFolderId>,
        name: impl Into<String>,
        creator: impl Into<UserId>,
    ) -> Self {
        self.folders.push(Folder {
            folder_name: name.into(),
            creator: creator.into(),
            folder_id: folder.into(),
            create_time: Timestamp::default(),
        });
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, file: WorldFile) -> Self {
        self.files.push(file);
        self
    }

    /// Leaves the account out of the group, until it is invited.
    #[must_use]
    pub fn not_joined(mut self) -> Self {
        self.joined = false;
        self
    }

    fn with(mut self, member: Member, role: GroupRole) -> Self {
        self.members.push(Member { role, ..member });
        self
    }

    /// Returns a member.
    #[must_use]
    pub fn find_member(&self, user: impl Into<UserId>) -> Option<&Member> {
        let user = user.into();
        self.members.iter().find(|member| member.user_id == user)
    }

    /// Returns a member, to change them without an event.
    pub fn find_member_mut(&mut self, user: impl Into<UserId>) -> Option<&mut Member> {
        let user = user.into();
        self.members.iter_mut().find(|member| member.user_id == user)
    }

    /// Returns 2 for the owner, 1 for an administrator, else 0.
    pub(super) fn rank(&self, user: UserId) -> u8 {
        match self.find_member(user).map(|member| &member.role) {
            Some(GroupRole::Owner) => 2,
            Some(GroupRole::Admin) => 1,
            _ => 0,
        }
    }

    /// Returns `true` if `user` may kick and mute `other`.
    pub(super) fn may_manage(&self, user: UserId, other: UserId) -> bool {
        self.rank(user) > self.rank(other)
    }

    /// Returns the reason why a member cannot speak at `now`, if there is one.
    pub(super) fn silences(&self, user: UserId, now: Timestamp) -> Option<&'static str> {
        let Some(member) = self.find_member(user) else { return Some("they are not in the group") };
        if member.shut_up_timestamp > now {
            return Some("they are muted");
        }
        (self.whole_ban && self.rank(user) == 0).then_some("everyone is muted")
    }
}

impl Member {
    /// Returns a member with a nickname.
    pub fn new(user: impl Into<UserId>, nickname: impl Into<String>) -> Self {
        Self { nickname: nickname.into(), ..Self::from(user.into()) }
    }

    /// Sets the name in the group.
    #[must_use]
    pub fn card(mut self, card: impl Into<String>) -> Self {
        self.card = card.into();
        self
    }

    /// Sets the special title.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }
}

impl WorldFile {
    /// Returns a file of `size` bytes, in the root.
    pub fn new(name: impl Into<String>, size: u64, uploader: impl Into<UserId>) -> Self {
        Self {
            file_name: name.into(),
            file_size: size,
            uploader: uploader.into(),
            folder_id: None,
            file_id: no_file(),
            upload_time: Timestamp::default(),
        }
    }

    /// Sets the folder of the file.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<GroupFolderId>) -> Self {
        self.folder_id = Some(folder.into());
        self
    }
}

impl StoredMessage {
    /// Returns a message to the account, with the time of the world's start.
    pub fn new(author: impl Into<UserId>, message: impl Into<Message>) -> Self {
        Self {
            user_id: author.into(),
            message: message.into(),
            group_id: None,
            target_id: None,
            message_id: no_message(),
            message_seq: no_seq(),
            time: Timestamp::default(),
            sender_name: String::new(),
            anonymous: None,
            recalled: false,
            essence: None,
        }
    }
}

/// Returns a member whose nickname is known from elsewhere in the world, or is their number.
impl From<UserId> for Member {
    fn from(user_id: UserId) -> Self {
        Self {
            user_id,
            nickname: String::new(),
            card: String::new(),
            role: member(),
            title: String::new(),
            level: one(),
            sex: unknown(),
            join_time: Timestamp::default(),
            last_sent_time: Timestamp::default(),
            shut_up_timestamp: Timestamp::default(),
            known_card: None,
        }
    }
}

/// The same, for a literal number.
impl From<i64> for Member {
    fn from(user: i64) -> Self {
        UserId::new(user).into()
    }
}
