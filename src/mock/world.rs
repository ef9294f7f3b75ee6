//! A small world behind the stand-in: who there is, who said what, and who may do what to whom.
//!
//! Without one, each action is answered with an example, and tests look at what a bot asks for. With one, the actions read
//! and change the same groups, members, messages and files, roles decide what is refused, and the bots hear of what
//! happens: tests look at what becomes of it.
//!
//! ```
//! # #[cfg(feature = "http")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use cqhttp::mock::{Group, Member, Server, World};
//! use cqhttp::{Client, RefusalCode};
//!
//! let world = World::new()
//!     .account(10010, "bot")
//!     .friend(10086, "Ann")
//!     .group(Group::new(42, "Rustaceans").owner(1).admin(10010).member(Member::new(10086, "Ann").card("Annie")));
//! let server = Server::builder().world(world).start().await?;
//! let client = Client::builder(server.url()).build()?;
//!
//! client.set_group_ban(42, 10086).duration(60).await?;
//! assert!(server.world(|world| world.says_in_group(10086, 42, "let me speak").is_err()));
//! let error = client.set_group_kick(42, 1).await.unwrap_err();
//! assert_eq!(error.code(), Some(RefusalCode::NotManageable), "that is the owner");
//! # Ok(())
//! # }
//! ```
//!
//! # What people do
//!
//! [`Server::world`](super::Server::world) looks at the world and changes it while the server runs; before it runs, what
//! people do is what was there already. What people do there
//! is also told to the bots, as go-cqhttp tells it: [`says_in_group`](World::says_in_group),
//! [`asks_to_join`](World::asks_to_join), [`kicks`](World::kicks) and so on. What cannot happen is an error: a user who
//! is muted does not speak. Fields that are set change the world without a word; what is left out of what is put into them
//! is filled in when [`Server::world`](super::Server::world) ends.
//!
//! # Time
//!
//! Mutes end ([`World::is_muted`] tells), and one's own messages can be recalled for two minutes. [`World::advance`] lets
//! time pass.
//!
//! # A world from a file
//!
//! [`World::read`] takes a world from a file, which the command `cqhttp-mock --world` does too. Everything but ids, names
//! and roles may be left out. The same names as in answers are used:
//!
//! ```json
#![doc = include_str!("world/example.json")]
//! ```
//!
//! # Which actions it answers
//!
//! All others are answered with the schema's example, as without a world. A quick operation acts by these.
//!
//! | action | what is to know |
//! |---|---|
//! | `get_login_info`, `set_qq_profile` | the nickname alone |
//! | `get_status` | the counters of messages |
//! | `get_stranger_info` | everyone whom the world knows |
//! | `get_friend_list`, `delete_friend` | |
//! | `get_unidirectional_friend_list`, `delete_unidirectional_friend` | there are none |
//! | `set_friend_add_request`, `set_group_add_request` | of requests that somebody made; those who are let in come in |
//! | `get_group_system_msg` | |
//! | `send_msg`, `send_group_msg`, `send_private_msg` | not where the account is muted; in private to friends alone |
//! | `send_forward_msg`, `send_group_forward_msg`, `send_private_forward_msg`, `get_forward_msg` | |
//! | `get_msg`, `get_group_msg_history`, `mark_msg_as_read` | what was sent, and what was said |
//! | `delete_msg` | one's own for two minutes, and what those of lower rank wrote |
//! | `get_essence_msg_list`, `set_essence_msg`, `delete_essence_msg` | for administrators |
//! | `get_group_list`, `get_group_info`, `get_group_member_list`, `get_group_member_info` | |
//! | `get_group_honor_info` | nobody holds an honor |
//! | `get_group_at_all_remain` | 20 a day for the group and 10 for the account, less what was used |
//! | `set_group_kick`, `set_group_ban` | of those of lower rank |
//! | `set_group_whole_ban`, `set_group_anonymous`, `set_group_name`, `set_group_portrait`, `set_group_card`, `set_group_special_title` | `ok` without the right to it, and nothing changes, as on go-cqhttp |
//! | `set_group_anonymous_ban` | for administrators |
//! | `set_group_admin` | for the owner |
//! | `set_group_leave` | `ok` for the owner, who stays |
//! | `send_group_sign` | |
//! | `_send_group_notice`, `_get_group_notice`, `_del_group_notice` | |
//! | `upload_group_file`, `upload_private_file` | of files on the server's [disk](World::disk), and on that of this machine |
//! | `download_file` | an empty file on the server's disk |
//! | `get_group_root_files`, `get_group_files_by_folder`, `get_group_file_system_info`, `get_group_file_url` | |
//! | `create_group_file_folder`, `delete_group_folder`, `delete_group_file` | one's own files, and any for administrators |
//!
//! Refusals have go-cqhttp's codes. Where QQ decides and not go-cqhttp, the world decides as QQ is known to.

mod answer;
mod deed;
mod event;
mod file;
mod group;
mod message;
mod read;
mod request;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

pub use self::deed::CannotHappen;
pub use self::read::WorldError;
use crate::types::{GroupFileId, GroupFolderId, GroupNoticeId, GroupRequestKind, GroupRole, MessageSeq, Sex};
use crate::{Event, ForwardedMessage, GroupId, Message, MessageId, Timestamp, UserId};

/// Who there is, who said what, and who may do what: see [the module](self).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct World {
    /// The account that the server is logged in to. Default: 10010, `bot`.
    pub account: Account,
    /// The account's friends.
    pub friends: Vec<Friend>,
    /// Further people: those of whom nothing is known but their profile.
    pub strangers: Vec<Stranger>,
    /// The groups, those too that the account is not in.
    pub groups: Vec<Group>,
    /// What was said, oldest first, recalled messages included.
    pub messages: Vec<StoredMessage>,
    /// Who asked to become a friend.
    pub friend_requests: Vec<FriendRequest>,
    /// Who asked to join a group, and who invited the account to one.
    pub group_requests: Vec<GroupRequest>,
    /// Files on the server's disk, by their path, with their size in bytes.
    pub disk: BTreeMap<String, u64>,
    /// Whether the bots are told of what the account itself says: go-cqhttp's `report-self-message`. Default: false.
    pub report_self_message: bool,
    #[serde(skip)]
    forwards: BTreeMap<String, Vec<ForwardedMessage>>,
    #[serde(skip)]
    ahead: Duration,
    #[serde(skip)]
    counted: u32,
    /// What the bots have not been told yet.
    #[serde(skip)]
    events: Vec<Event>,
}

/// The account that a server is logged in to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// Its number.
    pub user_id: UserId,
    /// Its nickname.
    pub nickname: String,
}

impl Default for Account {
    fn default() -> Self {
        Self { user_id: UserId::new(10010), nickname: "bot".into() }
    }
}

/// A friend of the account.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Friend {
    /// Who it is.
    pub user_id: UserId,
    /// Their own nickname.
    pub nickname: String,
    /// The name that the account gave them. Default: none.
    #[serde(default)]
    pub remark: String,
}

/// Somebody with a profile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Stranger {
    /// Who it is.
    pub user_id: UserId,
    /// Their nickname.
    pub nickname: String,
}

/// A group, its members and files.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Group {
    /// The group.
    pub group_id: GroupId,
    /// Its name.
    pub group_name: String,
    /// Its description, which those see who are not in it. Default: none.
    #[serde(default)]
    pub group_memo: String,
    /// How many members it may have. Default: 200.
    #[serde(default = "two_hundred")]
    pub max_member_count: i32,
    /// Whether the account is in it when the world begins; whether it is later, the members say. Default: true.
    #[serde(default = "yes")]
    pub joined: bool,
    /// Who is in it.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Whether all ordinary members are muted. Default: false.
    #[serde(default)]
    pub whole_ban: bool,
    /// Whether members may speak anonymously. Default: false.
    #[serde(default)]
    pub anonymous: bool,
    /// What its administrators announced.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// The folders among its files.
    #[serde(default)]
    pub folders: Vec<Folder>,
    /// Its files.
    #[serde(default)]
    pub files: Vec<File>,
    /// Who was kicked and may not ask to join again.
    #[serde(default)]
    pub blocked: Vec<UserId>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Member {
    /// Who it is.
    pub user_id: UserId,
    /// Their own nickname. Default: the one that the world knows from elsewhere, else their number.
    #[serde(default)]
    pub nickname: String,
    /// Their name in the group. Default: none.
    #[serde(default)]
    pub card: String,
    /// What they are in the group. Default: an ordinary member.
    #[serde(default = "member")]
    pub role: GroupRole,
    /// The special title that the owner gave them. Default: none.
    #[serde(default)]
    pub title: String,
    /// Their level in the group. Default: 1.
    #[serde(default = "one")]
    pub level: i32,
    /// Their sex. Default: unknown.
    #[serde(default = "unknown")]
    pub sex: Sex,
    /// When they joined. Default: when the world begins.
    #[serde(default)]
    pub join_time: Timestamp,
    /// When they last spoke; 0 if never.
    #[serde(default)]
    pub last_sent_time: Timestamp,
    /// When their mute ends; 0 without one.
    #[serde(default)]
    pub shut_up_timestamp: Timestamp,
    /// The card that the server knows: it learns of a new one when the member speaks.
    #[serde(skip)]
    known_card: Option<String>,
}

/// A message that was said.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StoredMessage {
    /// Who said it.
    pub user_id: UserId,
    /// What was said.
    pub message: Message,
    /// The group that it was said in; none in private.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// To whom it was said, in private. Default: to the account.
    #[serde(default)]
    pub target_id: Option<UserId>,
    /// Its id. Default: one that is free.
    #[serde(default = "no_message")]
    pub message_id: MessageId,
    /// Its running number in its chat. Default: the next one.
    #[serde(default = "no_seq")]
    pub message_seq: MessageSeq,
    /// When it was said. Default: when the world begins, or when it is put into one that runs.
    #[serde(default)]
    pub time: Timestamp,
    /// The name that its sender had, which `get_msg` gives. Default: their card in the group, else their nickname.
    #[serde(default)]
    pub sender_name: String,
    /// The name under which it was said anonymously; `user_id` is that of all who are anonymous then. Default: none.
    #[serde(default)]
    pub anonymous: Option<String>,
    /// Whether it was recalled.
    #[serde(default)]
    pub recalled: bool,
    /// Who made it an essence message, and when.
    #[serde(skip)]
    pub essence: Option<(UserId, Timestamp)>,
}

/// A request to become a friend.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FriendRequest {
    /// Who asks.
    pub user_id: UserId,
    /// What they say with it. Default: nothing.
    #[serde(default)]
    pub comment: String,
    /// What identifies it. Default: a number.
    #[serde(default)]
    pub flag: String,
    /// How it was answered.
    #[serde(skip)]
    pub approved: Option<bool>,
}

/// A request to join a group, or an invitation to one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GroupRequest {
    /// Which of the two it is.
    pub sub_type: GroupRequestKind,
    /// The group.
    pub group_id: GroupId,
    /// Who asks, or invites.
    pub user_id: UserId,
    /// What they say with it. Default: nothing.
    #[serde(default)]
    pub comment: String,
    /// What identifies it, a number. Default: one that is free.
    #[serde(default)]
    pub flag: i64,
    /// How it was answered.
    #[serde(skip)]
    pub approved: Option<bool>,
}

/// What a group's administrators announced.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Notice {
    /// Who announced it.
    pub sender_id: UserId,
    /// What it says.
    pub text: String,
    /// What identifies it. Default: one that is free.
    #[serde(default = "no_notice")]
    pub notice_id: GroupNoticeId,
    /// When it was announced. Default: when the world begins.
    #[serde(default)]
    pub publish_time: Timestamp,
}

/// A folder among a group's files.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Folder {
    /// Its name.
    pub folder_name: String,
    /// Who made it.
    pub creator: UserId,
    /// What identifies it. Default: one that is free.
    #[serde(default = "no_folder")]
    pub folder_id: GroupFolderId,
    /// When it was made. Default: when the world begins.
    #[serde(default)]
    pub create_time: Timestamp,
}

/// One of a group's files.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct File {
    /// Its name.
    pub file_name: String,
    /// Its size in bytes.
    pub file_size: u64,
    /// Who uploaded it.
    pub uploader: UserId,
    /// The folder that it lies in. Default: the root.
    #[serde(default)]
    pub folder_id: Option<GroupFolderId>,
    /// What identifies it. Default: one that is free.
    #[serde(default = "no_file")]
    pub file_id: GroupFileId,
    /// When it was uploaded. Default: when the world begins.
    #[serde(default)]
    pub upload_time: Timestamp,
}

fn yes() -> bool {
    true
}

fn one() -> i32 {
    1
}

fn two_hundred() -> i32 {
    200
}

fn member() -> GroupRole {
    GroupRole::Member
}

fn unknown() -> Sex {
    Sex::Unknown
}

fn no_message() -> MessageId {
    MessageId::new(0)
}

fn no_seq() -> MessageSeq {
    MessageSeq::new(0)
}

fn no_notice() -> GroupNoticeId {
    GroupNoticeId::new("")
}

fn no_folder() -> GroupFolderId {
    GroupFolderId::new("")
}

fn no_file() -> GroupFileId {
    GroupFileId::new("")
}

impl World {
    /// A world with nobody in it but the account 10010, `bot`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The account that the server is logged in to.
    #[must_use]
    pub fn account(mut self, account: impl Into<UserId>, nickname: impl Into<String>) -> Self {
        self.account = Account { user_id: account.into(), nickname: nickname.into() };
        self
    }

    /// Adds a friend of the account.
    #[must_use]
    pub fn friend(mut self, user: impl Into<UserId>, nickname: impl Into<String>) -> Self {
        self.friends.push(Friend { user_id: user.into(), nickname: nickname.into(), remark: String::new() });
        self
    }

    /// Adds somebody with a profile, who is neither a friend nor need be in a group.
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

    /// Adds a file of so many bytes to the server's disk, which can be uploaded from there.
    #[must_use]
    pub fn disk(mut self, path: impl Into<String>, size: u64) -> Self {
        self.disk.insert(path.into(), size);
        self
    }

    /// Tells the bots too of what the account itself says: go-cqhttp's `report-self-message`.
    #[must_use]
    pub fn report_self_message(mut self) -> Self {
        self.report_self_message = true;
        self
    }

    /// A group, whether the account is in it or not.
    #[must_use]
    pub fn find_group(&self, group: impl Into<GroupId>) -> Option<&Group> {
        let group = group.into();
        self.groups.iter().find(|other| other.group_id == group)
    }

    /// A group, to change it; the bots are not told.
    pub fn find_group_mut(&mut self, group: impl Into<GroupId>) -> Option<&mut Group> {
        let group = group.into();
        self.groups.iter_mut().find(|other| other.group_id == group)
    }

    /// A message that was said, recalled or not.
    #[must_use]
    pub fn find_message(&self, message: impl Into<MessageId>) -> Option<&StoredMessage> {
        let message = message.into();
        self.messages.iter().find(|other| other.message_id == message)
    }

    /// Whether the user is a friend of the account.
    #[must_use]
    pub fn is_friend(&self, user: impl Into<UserId>) -> bool {
        let user = user.into();
        self.friends.iter().any(|friend| friend.user_id == user)
    }

    /// Whether a member of a group is muted now, by a mute of their own. Somebody who is not there is not muted.
    #[must_use]
    pub fn is_muted(&self, user: impl Into<UserId>, group: impl Into<GroupId>) -> bool {
        let member = self.find_group(group).and_then(|group| group.find_member(user));
        member.is_some_and(|member| member.shut_up_timestamp > self.now())
    }

    /// The nickname of somebody, their number if none is known.
    #[must_use]
    pub fn nickname(&self, user: impl Into<UserId>) -> String {
        let user = user.into();
        self.known_nickname(user).map_or_else(|| user.to_string(), str::to_owned)
    }

    /// `None` for a user of whom the world does not know.
    fn known_nickname(&self, user: UserId) -> Option<&str> {
        let account = std::iter::once((self.account.user_id, &self.account.nickname));
        let friends = self.friends.iter().map(|friend| (friend.user_id, &friend.nickname));
        let strangers = self.strangers.iter().map(|stranger| (stranger.user_id, &stranger.nickname));
        let members = self.groups.iter().flat_map(|group| &group.members);
        let members = members.map(|member| (member.user_id, &member.nickname));
        let named = account.chain(friends).chain(strangers).chain(members);
        named.filter(|(_, name)| !name.is_empty()).find(|(other, _)| *other == user).map(|(_, name)| name.as_str())
    }

    /// What the clock of the world says.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::new(i64::try_from(since_1970.saturating_add(self.ahead).as_secs()).unwrap_or(i64::MAX))
    }

    /// Lets time pass in the world: mutes end.
    pub fn advance(&mut self, time: Duration) {
        self.ahead = self.ahead.saturating_add(time);
    }

    /// A number that was not given away yet.
    fn next_number(&mut self) -> u32 {
        self.counted += 1;
        self.counted
    }

    fn happens(&mut self, event: impl Into<Event>) {
        self.events.push(event.into());
    }

    /// Completes what was put into it, and gives what the bots are to be told.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        self.complete();
        std::mem::take(&mut self.events)
    }
}

impl Group {
    /// A group without members.
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

    /// Adds a folder, for [`File::folder`].
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
    pub fn file(mut self, file: File) -> Self {
        self.files.push(file);
        self
    }

    /// The account is not in it, until it is invited.
    #[must_use]
    pub fn not_joined(mut self) -> Self {
        self.joined = false;
        self
    }

    fn with(mut self, member: Member, role: GroupRole) -> Self {
        self.members.push(Member { role, ..member });
        self
    }

    /// One of its members.
    #[must_use]
    pub fn find_member(&self, user: impl Into<UserId>) -> Option<&Member> {
        let user = user.into();
        self.members.iter().find(|member| member.user_id == user)
    }

    /// One of its members, to change them; the bots are not told.
    pub fn find_member_mut(&mut self, user: impl Into<UserId>) -> Option<&mut Member> {
        let user = user.into();
        self.members.iter_mut().find(|member| member.user_id == user)
    }

    /// 2 for the owner, 1 for an administrator, else 0.
    fn rank(&self, user: UserId) -> u8 {
        match self.find_member(user).map(|member| &member.role) {
            Some(GroupRole::Owner) => 2,
            Some(GroupRole::Admin) => 1,
            _ => 0,
        }
    }

    /// Whether `user` may kick and mute `other`.
    fn may_manage(&self, user: UserId, other: UserId) -> bool {
        self.rank(user) > self.rank(other)
    }

    /// Why a member cannot speak at `now`.
    fn silences(&self, user: UserId, now: Timestamp) -> Option<&'static str> {
        let Some(member) = self.find_member(user) else { return Some("they are not in the group") };
        if member.shut_up_timestamp > now {
            return Some("they are muted");
        }
        (self.whole_ban && self.rank(user) == 0).then_some("everyone is muted")
    }
}

impl Member {
    /// A member with a nickname.
    pub fn new(user: impl Into<UserId>, nickname: impl Into<String>) -> Self {
        Self { nickname: nickname.into(), ..Self::from(user.into()) }
    }

    /// Their name in the group.
    #[must_use]
    pub fn card(mut self, card: impl Into<String>) -> Self {
        self.card = card.into();
        self
    }

    /// The special title that the owner gave them.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }
}

impl File {
    /// A file of so many bytes, in the root.
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

    /// The folder that it lies in.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<GroupFolderId>) -> Self {
        self.folder_id = Some(folder.into());
        self
    }
}

impl StoredMessage {
    /// A message to the account, of the time when the world begins.
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

/// A member whose nickname is known from elsewhere, or is their number.
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

/// The same.
impl From<i64> for Member {
    fn from(user: i64) -> Self {
        UserId::new(user).into()
    }
}
