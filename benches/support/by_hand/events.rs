//! go-cqhttp's events, written by hand: one owned struct for each event, with the fields of that event and without the
//! tags that tell it from others.

#![allow(missing_docs, reason = "the fields are named as on the wire")]

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    Male,
    Female,
    Unknown,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Owner,
    Admin,
    Member,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivateSubType {
    Friend,
    Group,
    GroupSelf,
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupSubType {
    Normal,
    Anonymous,
    Notice,
}

/// The sub types of notices, requests and meta events.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubType {
    Set,
    Unset,
    Leave,
    Kick,
    KickMe,
    Approve,
    Invite,
    Ban,
    LiftBan,
    Add,
    Delete,
    Connect,
    Enable,
    Disable,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HonorType {
    Talkative,
    Performer,
    Emotion,
    Legend,
    StrongNewbie,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "lowercase")]
pub enum Segment {
    Text {
        text: String,
    },
    At {
        qq: String,
    },
    Reply {
        id: String,
    },
    Face {
        id: String,
    },
    Image {
        file: String,
        #[serde(rename = "subType")]
        sub_type: Option<String>,
        url: Option<String>,
    },
    Record {
        file: String,
        url: String,
    },
    Json {
        data: String,
    },
    File {
        path: String,
        name: String,
        size: String,
        busid: String,
    },
}

#[derive(Deserialize)]
pub struct PrivateSender {
    pub age: i32,
    pub nickname: String,
    pub sex: Sex,
    pub user_id: i64,
    pub group_id: Option<i64>,
}

#[derive(Deserialize)]
pub struct GroupSender {
    pub age: i32,
    pub area: String,
    pub card: Option<String>,
    pub level: String,
    pub nickname: String,
    pub role: Option<Role>,
    pub sex: Sex,
    pub title: Option<String>,
    pub user_id: i64,
}

#[derive(Deserialize)]
pub struct GuildSender {
    pub nickname: String,
    pub tiny_id: String,
    pub user_id: u64,
}

#[derive(Deserialize)]
pub struct Anonymous {
    pub id: i64,
    pub name: String,
    pub flag: String,
}

/// A private message, whose message is text or a list of segments.
#[derive(Deserialize)]
pub struct PrivateMessage<M> {
    pub time: i64,
    pub self_id: i64,
    pub sub_type: PrivateSubType,
    pub font: i32,
    pub message: M,
    pub message_id: i32,
    pub raw_message: String,
    pub sender: PrivateSender,
    pub target_id: Option<i64>,
    pub temp_source: Option<i32>,
    pub user_id: i64,
}

/// A message in a group, whose message is text or a list of segments.
#[derive(Deserialize)]
pub struct GroupMessage<M> {
    pub time: i64,
    pub self_id: i64,
    pub sub_type: GroupSubType,
    pub anonymous: Option<Anonymous>,
    pub font: i32,
    pub group_id: i64,
    pub message: M,
    pub message_id: i32,
    pub message_seq: i32,
    pub raw_message: String,
    pub sender: GroupSender,
    pub user_id: i64,
}

/// A message in a channel of a guild, whose message is text or a list of segments.
#[derive(Deserialize)]
pub struct GuildMessage<M> {
    pub time: i64,
    pub self_id: i64,
    pub channel_id: String,
    pub guild_id: String,
    pub message: M,
    pub message_id: String,
    pub self_tiny_id: String,
    pub sender: GuildSender,
    pub user_id: String,
}

#[derive(Deserialize)]
pub struct UploadedFile {
    pub busid: i64,
    pub id: String,
    pub name: String,
    pub size: i64,
    pub url: String,
}

#[derive(Deserialize)]
pub struct ReceivedFile {
    pub name: String,
    pub size: i64,
    pub url: String,
}

#[derive(Deserialize)]
pub struct Device {
    pub app_id: i64,
    pub device_kind: String,
    pub device_name: String,
}

#[derive(Deserialize)]
pub struct Status {
    pub app_enabled: bool,
    pub app_good: bool,
    pub app_initialized: bool,
    pub good: bool,
    pub online: bool,
    pub stat: Statistics,
}

#[derive(Deserialize)]
pub struct Statistics {
    pub packet_received: u64,
    pub packet_sent: u64,
    pub packet_lost: u64,
    pub message_received: u64,
    pub message_sent: u64,
    pub disconnect_times: u32,
    pub lost_times: u32,
    pub last_message_time: i64,
}

#[derive(Deserialize)]
pub struct Reaction {
    pub emoji_id: String,
    pub emoji_index: i32,
    pub emoji_type: u64,
    pub emoji_name: String,
    pub count: i32,
    pub clicked: bool,
}

#[derive(Deserialize)]
pub struct ChannelInfo {
    pub owner_guild_id: String,
    pub channel_id: String,
    pub channel_type: i32,
    pub channel_name: String,
    pub create_time: i64,
    pub creator_tiny_id: String,
    pub talk_permission: i32,
    pub visible_type: i32,
    pub current_slow_mode: i32,
    pub slow_modes: Vec<SlowMode>,
}

#[derive(Deserialize)]
pub struct SlowMode {
    pub slow_mode_key: i32,
    pub slow_mode_text: String,
    pub speak_frequency: i32,
    pub slow_mode_circle: i32,
}

macro_rules! events {
    ($($name:ident { $($field:ident: $ty:ty),* $(,)? })*) => {$(
        #[derive(Deserialize)]
        pub struct $name {
            pub time: i64,
            pub self_id: i64,
            $(pub $field: $ty,)*
        }
    )*};
}

events! {
    GroupUpload { file: UploadedFile, group_id: i64, user_id: i64 }
    GroupAdmin { sub_type: SubType, group_id: i64, user_id: i64 }
    GroupMembers { sub_type: SubType, group_id: i64, operator_id: i64, user_id: i64 }
    GroupBan { sub_type: SubType, duration: i64, group_id: i64, operator_id: i64, user_id: i64 }
    FriendAdd { user_id: i64 }
    GroupRecall { group_id: i64, message_id: i32, operator_id: i64, user_id: i64 }
    FriendRecall { message_id: i32, user_id: i64 }
    GroupPoke { group_id: i64, sender_id: i64, target_id: i64, user_id: i64 }
    FriendPoke { sender_id: i64, target_id: i64, user_id: i64 }
    Honor { group_id: i64, honor_type: HonorType, user_id: i64 }
    Title { group_id: i64, title: String, user_id: i64 }
    GroupCard { group_id: i64, card_new: String, card_old: String, user_id: i64 }
    OfflineFile { file: ReceivedFile, user_id: i64 }
    ClientStatus { client: Device, online: bool }
    Essence { sub_type: SubType, group_id: i64, message_id: i32, operator_id: i64, sender_id: i64 }
    FriendRequest { comment: String, flag: String, user_id: i64 }
    GroupRequest {
        sub_type: SubType, comment: String, flag: String, group_id: i64, invitor_id: i64, user_id: i64,
    }
    Heartbeat { interval: i64, status: Status }
    Lifecycle { sub_type: SubType }
    MessageReactionsUpdated {
        guild_id: String, channel_id: String, message_id: String, operator_id: String, user_id: u64,
        self_tiny_id: String, current_reactions: Vec<Reaction>,
    }
    GuildChannelRecall {
        guild_id: String, channel_id: String, operator_id: String, message_id: String, user_id: u64,
        self_tiny_id: String,
    }
    ChannelUpdated {
        guild_id: String, channel_id: String, operator_id: String, user_id: u64, self_tiny_id: String,
        old_info: ChannelInfo, new_info: ChannelInfo,
    }
    Channel {
        guild_id: String, channel_id: String, operator_id: String, user_id: u64, self_tiny_id: String,
        channel_info: ChannelInfo,
    }
}
