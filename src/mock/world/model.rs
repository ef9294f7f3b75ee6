//! The data of a world, which is also the format of its file.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::event::Event;
use crate::forward::ForwardedMessage;
use crate::message::Message;
use crate::time::Timestamp;
use crate::types::{
    GroupFileId, GroupFolderId, GroupId, GroupNoticeId, GroupRequestKind, GroupRole, MessageId, MessageSeq, Sex, UserId,
};

/// Who there is, who said what, and who may do what: see [the module](self).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct World {
    /// The account that the server is logged in to. Default: 10010, `bot`.
    pub account: Account,
    /// The account's friends.
    pub friends: Vec<WorldFriend>,
    /// Further people: those of whom nothing is known but their profile.
    pub strangers: Vec<Stranger>,
    /// The groups, those too that the account is not in.
    pub groups: Vec<Group>,
    /// What was said, oldest first, recalled messages included.
    pub messages: Vec<StoredMessage>,
    /// Who asked to become a friend.
    pub friend_requests: Vec<WorldFriendRequest>,
    /// Who asked to join a group, and who invited the account to one.
    pub group_requests: Vec<WorldGroupRequest>,
    /// Files on the server's disk, by their path, with their size in bytes.
    pub disk: BTreeMap<String, u64>,
    /// Whether the bots are told of what the account itself says: go-cqhttp's `report-self-message`. Default: false.
    pub report_self_message: bool,
    #[serde(skip)]
    pub(super) forwards: BTreeMap<String, Vec<ForwardedMessage>>,
    #[serde(skip)]
    pub(super) ahead: Duration,
    #[serde(skip)]
    pub(super) counted: u32,
    /// What the bots have not been told yet.
    #[serde(skip)]
    pub(super) events: Vec<Event>,
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
pub struct WorldFriend {
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
    pub files: Vec<WorldFile>,
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
    pub(super) known_card: Option<String>,
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
pub struct WorldFriendRequest {
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
pub struct WorldGroupRequest {
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
pub struct WorldFile {
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

pub(super) fn one() -> i32 {
    1
}

pub(super) fn two_hundred() -> i32 {
    200
}

pub(super) fn member() -> GroupRole {
    GroupRole::Member
}

pub(super) fn unknown() -> Sex {
    Sex::Unknown
}

pub(super) fn no_message() -> MessageId {
    MessageId::new(0)
}

pub(super) fn no_seq() -> MessageSeq {
    MessageSeq::new(0)
}

pub(super) fn no_notice() -> GroupNoticeId {
    GroupNoticeId::new("")
}

fn no_folder() -> GroupFolderId {
    GroupFolderId::new("")
}

pub(super) fn no_file() -> GroupFileId {
    GroupFileId::new("")
}
