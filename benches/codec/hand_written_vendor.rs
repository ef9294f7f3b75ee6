//! Types written by hand with serde: they read exactly what the examples have, of which each is one server's answer.

#![allow(dead_code, reason = "decoded, not looked at")]

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Serialize, Deserialize)]
pub(crate) struct Nothing {}

#[derive(Serialize, Deserialize)]
pub(crate) struct InGroup {
    group_id: i64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Poke {
    group_id: i64,
    user_id: i64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct EmojiLike {
    message_id: i64,
    emoji_id: String,
    set: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct EmojiLikers {
    message_id: i64,
    #[serde(rename = "emojiId")]
    emoji: String,
    emoji_id: String,
    #[serde(rename = "emojiType")]
    emoji_type: i64,
    count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookie: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Count {
    count: u32,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Voices {
    group_id: i64,
    chat_type: i64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct File {
    file_id: String,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    download: Option<bool>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ProfileLike {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    start: i32,
    count: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MiniApp {
    title: String,
    desc: String,
    pic_url: String,
    jump_url: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_ark_data: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_type: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    business_type: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ver_type: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share_type: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sdk_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with_share_ticket: Option<u32>,
}

#[derive(Deserialize)]
struct RKey {
    rkey: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    created_at: Option<i64>,
    ttl: Option<u64>,
}

#[derive(Deserialize)]
pub(crate) struct RKeys {
    rkeys: Vec<RKey>,
    private_key: Option<String>,
    group_key: Option<String>,
    expired_time: Option<i64>,
    updated_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmojiLiker {
    tiny_id: i64,
    nick_name: Option<String>,
    head_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmojiLikes {
    emoji_likes_list: Vec<EmojiLiker>,
    cookie: Option<String>,
    is_last_page: Option<bool>,
    is_first_page: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contact {
    peer_uin: i64,
    chat_type: Option<i64>,
    peer_name: Option<String>,
    remark: Option<String>,
    msg_time: Option<i64>,
    send_nick_name: Option<String>,
    send_member_name: Option<String>,
    msg_id: Option<String>,
    lastest_msg: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Muted {
    #[serde(rename = "user_id")]
    user_id: i64,
    nickname: Option<String>,
    #[serde(rename = "shut_up_time")]
    shut_up_time: Option<i64>,
    card_name: Option<String>,
    role: Option<i64>,
    member_real_level: Option<i32>,
    member_special_title: Option<String>,
    special_title_expire_time: Option<i64>,
    join_time: Option<i64>,
    last_speak_time: Option<i64>,
    uid: Option<String>,
    qid: Option<String>,
    remark: Option<String>,
    is_robot: Option<bool>,
}

#[derive(Deserialize)]
struct Voice {
    character_id: String,
    character_name: Option<String>,
    preview_url: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct VoiceGroup {
    #[serde(rename = "type")]
    kind: Option<String>,
    characters: Vec<Voice>,
}

#[derive(Deserialize)]
pub(crate) struct FileInfo {
    file: Option<String>,
    url: Option<String>,
    file_size: Option<String>,
    file_name: Option<String>,
    base64: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileLiker {
    uin: Option<i64>,
    uid: Option<String>,
    nick: Option<String>,
    count: Option<u32>,
    b_today_voted_cnt: Option<u32>,
    latest_time: Option<i64>,
    is_friend: Option<bool>,
    age: Option<u32>,
    gender: Option<i32>,
    isvip: Option<bool>,
    is_svip: Option<bool>,
}

#[derive(Deserialize)]
struct ProfileVotes {
    total_count: Option<u32>,
    new_count: Option<u32>,
    new_nearby_count: Option<u32>,
    last_visit_time: Option<i64>,
    #[serde(rename = "userInfos", default)]
    users: Vec<ProfileLiker>,
}

#[derive(Deserialize)]
struct ProfileFavorites {
    total_count: Option<u32>,
    today_count: Option<u32>,
    last_time: Option<i64>,
    #[serde(rename = "userInfos", default)]
    users: Vec<ProfileLiker>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileLikes {
    uid: Option<String>,
    time: Option<i64>,
    vote_info: Option<ProfileVotes>,
    favorite_info: Option<ProfileFavorites>,
    #[serde(default)]
    users: Vec<ProfileLiker>,
    next_start: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct Card {
    data: Value,
}
