//! Types written by hand with serde: they read exactly what go-cqhttp sends.

#![allow(dead_code, reason = "decoded, not looked at")]

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Serialize, Deserialize)]
pub(crate) struct Nothing {}

#[derive(Serialize, Deserialize)]
pub(crate) struct NoCache {
    #[serde(default)]
    no_cache: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Friends {
    #[serde(skip_serializing_if = "Option::is_none")]
    no_cache: Option<bool>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct InGroup {
    group_id: i64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SendGroupMsg {
    group_id: i64,
    message: Vec<Value>,
    auto_escape: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SetGroupBan {
    group_id: i64,
    user_id: i64,
    duration: u32,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Member {
    group_id: i64,
    user_id: i64,
    #[serde(default)]
    no_cache: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Honor {
    group_id: i64,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct AddRequest {
    flag: String,
    sub_type: String,
    approve: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct LoginInfo {
    user_id: i64,
    nickname: String,
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    message_id: i64,
}

#[derive(Deserialize)]
pub(crate) struct Group {
    group_id: i64,
    group_name: String,
    group_memo: Option<String>,
    group_create_time: Option<i64>,
    group_level: Option<u32>,
    member_count: Option<i32>,
    max_member_count: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sex {
    Male,
    Female,
    Unknown,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Owner,
    Admin,
    Member,
}

#[derive(Deserialize)]
pub(crate) struct MemberInfo {
    group_id: i64,
    user_id: i64,
    nickname: String,
    card: Option<String>,
    sex: Option<Sex>,
    age: Option<i32>,
    area: Option<String>,
    join_time: Option<i64>,
    last_sent_time: Option<i64>,
    shut_up_timestamp: Option<i64>,
    level: Value,
    role: Option<Role>,
    unfriendly: Option<bool>,
    title: Option<String>,
    title_expire_time: Option<i64>,
    card_changeable: Option<bool>,
}

#[derive(Deserialize)]
struct Talkative {
    user_id: i64,
    nickname: String,
    avatar: String,
    day_count: Option<i32>,
}

#[derive(Deserialize)]
struct HonorMember {
    user_id: i64,
    nickname: String,
    avatar: String,
    description: String,
}

#[derive(Deserialize)]
pub(crate) struct HonorInfo {
    group_id: i64,
    current_talkative: Option<Talkative>,
    talkative_list: Option<Vec<HonorMember>>,
    performer_list: Option<Vec<HonorMember>>,
    legend_list: Option<Vec<HonorMember>>,
    strong_newbie_list: Option<Vec<HonorMember>>,
    emotion_list: Option<Vec<HonorMember>>,
}

#[derive(Deserialize)]
pub(crate) struct Friend {
    user_id: i64,
    nickname: String,
    remark: Option<String>,
}

#[derive(Deserialize)]
struct File {
    group_id: Option<i64>,
    file_id: String,
    file_name: String,
    busid: i32,
    file_size: Option<u64>,
    upload_time: Option<i64>,
    dead_time: Option<i64>,
    modify_time: Option<i64>,
    download_times: Option<i64>,
    uploader: Option<i64>,
    uploader_name: Option<String>,
}

#[derive(Deserialize)]
struct Folder {
    group_id: Option<i64>,
    folder_id: String,
    folder_name: String,
    create_time: Option<i64>,
    creator: Option<i64>,
    creator_name: Option<String>,
    total_file_count: Option<u32>,
}

#[derive(Deserialize)]
pub(crate) struct Files {
    files: Option<Vec<File>>,
    folders: Option<Vec<Folder>>,
}

#[derive(Deserialize)]
struct Statistics {
    packet_received: u64,
    packet_sent: u64,
    packet_lost: u64,
    message_received: u64,
    message_sent: u64,
    disconnect_times: u32,
    lost_times: u32,
    last_message_time: i64,
}

#[derive(Deserialize)]
pub(crate) struct Status {
    app_initialized: Option<bool>,
    app_enabled: Option<bool>,
    plugins_good: Option<bool>,
    app_good: Option<bool>,
    online: bool,
    good: bool,
    stat: Option<Statistics>,
}
