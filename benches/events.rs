//! Decoding events, without a network: `Event::from_slice` against a hand-written struct for exactly that event.
//!
//! The events are go-cqhttp's in `tests/corpus/events`, without those of unknown kinds, as compact JSON. A round is one
//! batch through each side in turn, so that other load on the machine affects both; a ratio compares the two batches of one
//! round.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use cqhttp::{Event, EventKind};
use cqhttp_benches::rounds::{Case, measure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use support::compact;

fn main() {
    let events = events();
    let decoding: Vec<Case> = events.iter().filter_map(|(name, kind, json)| decoding(name, kind, json)).collect();
    measure("decode an event", &decoding, true);
    let peeking: Vec<Case> = events
        .iter()
        .filter(|(name, _, _)| name.ends_with("array.json") || name.starts_with("heartbeat"))
        .map(|(name, _, json)| {
            let (peeked, decoded) = (json.clone(), json.clone());
            Case::new(
                name,
                move || _ = black_box(EventKind::peek(black_box(&peeked))),
                move || drop(black_box(Event::from_slice(black_box(&decoded)).expect("it decodes"))),
            )
        })
        .collect();
    measure("an event not asked for, against decoding it", &peeking, false);
}

/// Name, variant and text.
fn events() -> Vec<(String, String, Vec<u8>)> {
    #[derive(Deserialize)]
    struct Recorded {
        variant: String,
        payload: Box<RawValue>,
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/events/go-cqhttp");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is readable").path()).collect();
    files.sort();
    files
        .iter()
        .filter_map(|file| {
            let case: Recorded =
                serde_json::from_slice(&fs::read(file).expect("it is readable")).expect("it is a case");
            let name = file.file_name().expect("it has a name").to_string_lossy().into_owned();
            (case.variant != "Unknown").then(|| (name, case.variant, compact(case.payload.get()).into_bytes()))
        })
        .collect()
}

/// Returns `None` for an event that a struct for what go-cqhttp sends does not read.
fn decoding(name: &str, kind: &str, json: &[u8]) -> Option<Case> {
    use hand_written::*;
    let text = json.windows(12).any(|part| part.starts_with(b"\"message\":\""));
    let by_hand = match (kind, text) {
        ("PrivateMessage" | "PrivateMessageSent", true) => twin::<Private<String>>(json),
        ("PrivateMessage" | "PrivateMessageSent", false) => message::<Private<Vec<Segment>>, Private<Vec<Value>>>(json),
        ("GroupMessage" | "GroupMessageSent", true) => twin::<Group<String>>(json),
        ("GroupMessage" | "GroupMessageSent", false) => message::<Group<Vec<Segment>>, Group<Vec<Value>>>(json),
        ("GuildMessage", true) => twin::<Guild<String>>(json),
        ("GuildMessage", false) => message::<Guild<Vec<Segment>>, Guild<Vec<Value>>>(json),
        ("GroupUpload", _) => twin::<Upload>(json),
        ("GroupAdmin", _) => twin::<Admin>(json),
        ("GroupDecrease" | "GroupIncrease", _) => twin::<Members>(json),
        ("GroupBan", _) => twin::<Ban>(json),
        ("FriendAdd", _) => twin::<FriendAdd>(json),
        ("GroupRecall", _) => twin::<GroupRecall>(json),
        ("FriendRecall", _) => twin::<FriendRecall>(json),
        ("PokeNotice" | "LuckyKing", _) => twin::<Poke>(json),
        ("Honor", _) => twin::<Honor>(json),
        ("Title", _) => twin::<Title>(json),
        ("GroupCard", _) => twin::<Card>(json),
        ("OfflineFile", _) => twin::<OfflineFile>(json),
        ("ClientStatus", _) => twin::<ClientStatus>(json),
        ("Essence", _) => twin::<Essence>(json),
        ("FriendRequest", _) => twin::<FriendRequest>(json),
        ("GroupRequest", _) => twin::<GroupRequest>(json),
        ("Heartbeat", _) => twin::<Heartbeat>(json),
        ("Lifecycle", _) => twin::<Lifecycle>(json),
        ("MessageReactionsUpdated", _) => twin::<Reactions>(json),
        ("GuildChannelRecall", _) => twin::<GuildRecall>(json),
        ("ChannelUpdated", _) => twin::<ChannelUpdated>(json),
        ("ChannelCreated" | "ChannelDestroyed", _) => twin::<Channel>(json),
        (other, _) => unreachable!("{name}: there is no hand-written {other}"),
    };
    let json = json.to_vec();
    let ours = move || drop(black_box(Event::from_slice(black_box(&json)).expect("it decodes")));
    Some(Case::new(name, ours, by_hand?))
}

/// A message whose known segments are typed and whose others are JSON trees.
fn message<T: DeserializeOwned + 'static, U: DeserializeOwned + 'static>(json: &[u8]) -> Option<Box<dyn Fn()>> {
    if serde_json::from_slice::<T>(json).is_ok() { twin::<T>(json) } else { twin::<U>(json) }
}

fn twin<T: DeserializeOwned + 'static>(json: &[u8]) -> Option<Box<dyn Fn()>> {
    let json = json.to_vec();
    serde_json::from_slice::<T>(&json).ok()?;
    Some(Box::new(move || drop(black_box(serde_json::from_slice::<T>(black_box(&json)).expect("it decodes")))))
}

/// Types written by hand for one event each, as go-cqhttp sends it.
#[allow(dead_code, reason = "the fields are there to be decoded")]
mod hand_written {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct Private<M> {
        time: i64,
        self_id: i64,
        post_type: String,
        message_type: String,
        sub_type: String,
        message_id: i32,
        user_id: i64,
        target_id: Option<i64>,
        temp_source: Option<i32>,
        message: M,
        raw_message: String,
        font: i32,
        sender: PrivateSender,
    }

    #[derive(Deserialize)]
    struct PrivateSender {
        user_id: i64,
        group_id: Option<i64>,
        nickname: String,
        sex: String,
        age: i32,
    }

    #[derive(Deserialize)]
    pub(crate) struct Group<M> {
        time: i64,
        self_id: i64,
        post_type: String,
        message_type: String,
        sub_type: String,
        message_id: i32,
        message_seq: Option<i32>,
        group_id: i64,
        user_id: i64,
        anonymous: Option<Anonymous>,
        message: M,
        raw_message: String,
        font: i32,
        sender: GroupSender,
    }

    #[derive(Deserialize)]
    struct Anonymous {
        id: i64,
        name: String,
        flag: String,
    }

    #[derive(Deserialize)]
    struct GroupSender {
        user_id: i64,
        nickname: String,
        card: Option<String>,
        sex: String,
        age: i32,
        area: String,
        level: String,
        role: Option<String>,
        title: Option<String>,
    }

    #[derive(Deserialize)]
    pub(crate) struct Guild<M> {
        time: i64,
        self_id: i64,
        post_type: String,
        message_type: String,
        sub_type: String,
        guild_id: String,
        channel_id: String,
        message_id: String,
        user_id: String,
        self_tiny_id: String,
        message: M,
        sender: GuildSender,
    }

    #[derive(Deserialize)]
    struct GuildSender {
        user_id: u64,
        tiny_id: String,
        nickname: String,
    }

    #[derive(Deserialize)]
    #[serde(tag = "type", content = "data", rename_all = "lowercase")]
    pub(crate) enum Segment {
        Text {
            text: String,
        },
        Face {
            id: String,
        },
        Image {
            file: String,
            url: String,
            #[serde(rename = "subType")]
            sub_type: Option<String>,
        },
        At {
            qq: String,
        },
        Response {
            id: String,
        },
        Record {
            file: String,
            url: String,
        },
        File {
            path: String,
            name: String,
            size: String,
            busid: String,
        },
    }

    macro_rules! events {
        ($($name:ident { $($field:ident: $ty:ty,)* })*) => {$(
            #[derive(Deserialize)]
            pub(crate) struct $name {
                time: i64,
                self_id: i64,
                post_type: String,
                $($field: $ty,)*
            }
        )*};
    }

    events! {
        Upload { notice_type: String, group_id: i64, user_id: i64, file: UploadedFile, }
        Admin { notice_type: String, sub_type: String, group_id: i64, user_id: i64, }
        Members { notice_type: String, sub_type: String, group_id: i64, operator_id: i64, user_id: i64, }
        Ban { notice_type: String, sub_type: String, group_id: i64, operator_id: i64, user_id: i64, duration: i32, }
        FriendAdd { notice_type: String, user_id: i64, }
        GroupRecall { notice_type: String, group_id: i64, user_id: i64, operator_id: i64, message_id: i32, }
        FriendRecall { notice_type: String, user_id: i64, message_id: i32, }
        Poke { notice_type: String, sub_type: String, group_id: Option<i64>, user_id: i64, sender_id: Option<i64>, target_id: i64, }
        Honor { notice_type: String, sub_type: String, group_id: i64, user_id: i64, honor_type: String, }
        Title { notice_type: String, sub_type: String, group_id: i64, user_id: i64, title: String, }
        Card { notice_type: String, group_id: i64, user_id: i64, card_new: String, card_old: String, }
        OfflineFile { notice_type: String, user_id: i64, file: ReceivedFile, }
        ClientStatus { notice_type: String, online: bool, client: Client, }
        Essence { notice_type: String, sub_type: String, group_id: i64, sender_id: i64, operator_id: i64, message_id: i32, }
        FriendRequest { request_type: String, user_id: i64, comment: String, flag: String, }
        GroupRequest { request_type: String, sub_type: String, group_id: i64, user_id: i64, comment: String, flag: String, invitor_id: i64, }
        Heartbeat { meta_event_type: String, interval: i64, status: Status, }
        Lifecycle { meta_event_type: String, sub_type: String, _post_method: Option<i32>, }
        Reactions { notice_type: String, guild_id: String, channel_id: String, message_id: String, operator_id: String, user_id: u64, self_tiny_id: String, current_reactions: Vec<Reaction>, }
        GuildRecall { notice_type: String, guild_id: String, channel_id: String, operator_id: String, message_id: String, user_id: u64, self_tiny_id: String, }
        ChannelUpdated { notice_type: String, guild_id: String, channel_id: String, operator_id: String, user_id: u64, self_tiny_id: String, old_info: ChannelInfo, new_info: ChannelInfo, }
        Channel { notice_type: String, guild_id: String, channel_id: String, operator_id: String, user_id: u64, self_tiny_id: String, channel_info: ChannelInfo, }
    }

    #[derive(Deserialize)]
    struct UploadedFile {
        id: String,
        name: String,
        size: i64,
        busid: i32,
        url: String,
    }

    #[derive(Deserialize)]
    struct ReceivedFile {
        name: String,
        size: i64,
        url: String,
    }

    #[derive(Deserialize)]
    struct Client {
        app_id: i64,
        device_name: String,
        device_kind: String,
    }

    #[derive(Deserialize)]
    struct Status {
        app_initialized: bool,
        app_enabled: bool,
        plugins_good: Option<bool>,
        app_good: bool,
        online: bool,
        good: bool,
        stat: Statistics,
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
    struct Reaction {
        emoji_id: String,
        emoji_index: i32,
        emoji_type: u64,
        emoji_name: String,
        count: i32,
        clicked: bool,
    }

    #[derive(Deserialize)]
    struct ChannelInfo {
        owner_guild_id: String,
        channel_id: String,
        channel_type: i32,
        channel_name: String,
        create_time: i64,
        creator_tiny_id: String,
        talk_permission: i32,
        visible_type: i32,
        current_slow_mode: i32,
        slow_modes: Vec<SlowMode>,
    }

    #[derive(Deserialize)]
    struct SlowMode {
        slow_mode_key: i32,
        slow_mode_text: String,
        speak_frequency: i32,
        slow_mode_circle: i32,
    }
}
