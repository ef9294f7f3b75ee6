//! The data of a world, which is also the format of its file.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use crate::event::Event;
use crate::forward::ForwardedMessage;
use crate::message::Message;
use crate::time::Timestamp;
use crate::types::{
    GroupFileId, GroupFolderId, GroupId, GroupNoticeId, GroupRequestKind, GroupRole, MessageId, MessageSeq, Sex, UserId,
};

/// Users, groups, messages and files behind a server: see [the module](super).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct World {
    /// The account that the server is logged in to. Default: 10010, `bot`.
    pub account: Account,
    /// The account's friends.
    pub friends: Vec<WorldFriend>,
    /// Further users, with only a profile.
    pub strangers: Vec<Stranger>,
    /// The groups, including those that the account is not in.
    pub groups: Vec<Group>,
    /// The messages, oldest first, including recalled ones.
    pub messages: Vec<StoredMessage>,
    /// The requests to become a friend.
    pub friend_requests: Vec<WorldFriendRequest>,
    /// The requests to join a group, and invitations of the account.
    pub group_requests: Vec<WorldGroupRequest>,
    /// Files on the server's disk, by their path, with their size in bytes.
    pub disk: BTreeMap<String, u64>,
    /// Sends the bots events for the account's own messages: go-cqhttp's `report-self-message`. Default: false.
    pub report_self_message: bool,
    /// The content of files that bots download, by their id or name.
    #[serde(skip)]
    pub(super) contents: BTreeMap<String, Bytes>,
    #[serde(skip)]
    pub(super) forwards: BTreeMap<String, Vec<ForwardedMessage>>,
    #[serde(skip)]
    pub(super) ahead: Duration,
    #[serde(skip)]
    pub(super) counted: u32,
    /// The events that were not sent yet.
    #[serde(skip)]
    pub(super) events: Vec<Event>,
}

/// The account that a server is logged in to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// The account's number.
    pub user_id: UserId,
    /// The account's nickname.
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
    /// The user.
    pub user_id: UserId,
    /// The user's own nickname.
    pub nickname: String,
    /// The name that the account gave the friend. Default: none.
    #[serde(default)]
    pub remark: String,
}

/// A user with a profile.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Stranger {
    /// The user.
    pub user_id: UserId,
    /// The user's nickname.
    pub nickname: String,
}

/// A group, its members and files.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Group {
    /// The group.
    pub group_id: GroupId,
    /// The group's name.
    pub group_name: String,
    /// The description, which is visible to users who are not in the group. Default: none.
    #[serde(default)]
    pub group_memo: String,
    /// The maximum number of members. Default: 200.
    #[serde(default = "two_hundred")]
    pub max_member_count: i32,
    /// Set if the account is in the group at the world's start; later, the list of members decides. Default: true.
    #[serde(default = "yes")]
    pub joined: bool,
    /// The members.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Mutes all ordinary members. Default: false.
    #[serde(default)]
    pub whole_ban: bool,
    /// Allows anonymous messages. Default: false.
    #[serde(default)]
    pub anonymous: bool,
    /// The announcements.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// The folders.
    #[serde(default)]
    pub folders: Vec<Folder>,
    /// The files.
    #[serde(default)]
    pub files: Vec<WorldFile>,
    /// Users who were kicked and may not ask to join again.
    #[serde(default)]
    pub blocked: Vec<UserId>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Member {
    /// The user.
    pub user_id: UserId,
    /// The member's own nickname. Default: the nickname from elsewhere in the world, else the number.
    #[serde(default)]
    pub nickname: String,
    /// The name in the group. Default: none.
    #[serde(default)]
    pub card: String,
    /// The role. Default: an ordinary member.
    #[serde(default = "member")]
    pub role: GroupRole,
    /// The special title. Default: none.
    #[serde(default)]
    pub title: String,
    /// The level in the group. Default: 1.
    #[serde(default = "one")]
    pub level: i32,
    /// The sex. Default: unknown.
    #[serde(default = "unknown")]
    pub sex: Sex,
    /// The time of joining. Default: the world's start.
    #[serde(default)]
    pub join_time: Timestamp,
    /// The time of the last message; 0 if there is none.
    #[serde(default)]
    pub last_sent_time: Timestamp,
    /// The end of the mute; 0 if there is none.
    #[serde(default)]
    pub shut_up_timestamp: Timestamp,
    /// The card that the server knows; it is updated when the member speaks.
    #[serde(skip)]
    pub(super) known_card: Option<String>,
}

/// A message in a world.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StoredMessage {
    /// The sender.
    pub user_id: UserId,
    /// The content.
    pub message: Message,
    /// The group; none for a private message.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// The receiver of a private message. Default: the account.
    #[serde(default)]
    pub target_id: Option<UserId>,
    /// The message's id. Default: an unused id.
    #[serde(default = "no_message")]
    pub message_id: MessageId,
    /// The running number in the chat. Default: the next one.
    #[serde(default = "no_seq")]
    pub message_seq: MessageSeq,
    /// The time. Default: the world's start, or the time at which the message is added to a running world.
    #[serde(default)]
    pub time: Timestamp,
    /// The sender's name at that time, which `get_msg` returns. Default: the card in the group, else the nickname.
    #[serde(default)]
    pub sender_name: String,
    /// The name of an anonymous sender; `user_id` is then the id that all anonymous senders share. Default: none.
    #[serde(default)]
    pub anonymous: Option<String>,
    /// Set if the message was recalled.
    #[serde(default)]
    pub recalled: bool,
    /// The user who made it an essence message, and the time.
    #[serde(skip)]
    pub essence: Option<(UserId, Timestamp)>,
}

/// A request to become a friend.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct WorldFriendRequest {
    /// The user who asks.
    pub user_id: UserId,
    /// The comment. Default: none.
    #[serde(default)]
    pub comment: String,
    /// The flag that identifies the request. Default: a number.
    #[serde(default)]
    pub flag: String,
    /// The answer, if there is one.
    #[serde(skip)]
    pub approved: Option<bool>,
}

/// A request to join a group, or an invitation to one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct WorldGroupRequest {
    /// The kind: a request or an invitation.
    pub sub_type: GroupRequestKind,
    /// The group.
    pub group_id: GroupId,
    /// The user who asks or invites.
    pub user_id: UserId,
    /// The comment. Default: none.
    #[serde(default)]
    pub comment: String,
    /// The flag that identifies the request. Default: an unused number.
    #[serde(default)]
    pub flag: i64,
    /// The answer, if there is one.
    #[serde(skip)]
    pub approved: Option<bool>,
}

/// An announcement in a group.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Notice {
    /// The author.
    pub sender_id: UserId,
    /// The text.
    pub text: String,
    /// The id. Default: an unused id.
    #[serde(default = "no_notice")]
    pub notice_id: GroupNoticeId,
    /// The time. Default: the world's start.
    #[serde(default)]
    pub publish_time: Timestamp,
}

/// A folder in the files of a group.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Folder {
    /// The name.
    pub folder_name: String,
    /// The user who made it.
    pub creator: UserId,
    /// The id. Default: an unused id.
    #[serde(default = "no_folder")]
    pub folder_id: GroupFolderId,
    /// The time of its creation. Default: the world's start.
    #[serde(default)]
    pub create_time: Timestamp,
}

/// A file of a group.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct WorldFile {
    /// The name.
    pub file_name: String,
    /// The size in bytes.
    pub file_size: u64,
    /// The user who uploaded it.
    pub uploader: UserId,
    /// The folder. Default: the root.
    #[serde(default)]
    pub folder_id: Option<GroupFolderId>,
    /// The id. Default: an unused id.
    #[serde(default = "no_file")]
    pub file_id: GroupFileId,
    /// The time of the upload. Default: the world's start.
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
