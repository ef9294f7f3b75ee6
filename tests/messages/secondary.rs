//! Fields without which an event or an answer is still typed, and the few that make it what it is.

use std::collections::BTreeSet;

use cqhttp::event::EventKind;
use cqhttp::types::{GroupAdminKind, GroupBanKind, GroupRequestKind, PrivateMessageKind};
use cqhttp::{Chat, Event, Timestamp, mock};
use serde_json::{Value, json};

/// The fields that an event cannot be without: its tags, and the ids that make it that event.
const OF_EVENTS: &str = "channel_id code file_set_id flag group_id guild_id message_id message_type meta_event_type \
                         notice_type operator_id peer_id post_type request_type sub_type target_id user_id";

/// Returns the keys without which (or with null as their value) the example is no longer typed.
fn needed(example: &str, is_typed: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let whole: Value = serde_json::from_str(example).unwrap();
    let mut needed = BTreeSet::new();
    for key in whole.as_object().into_iter().flatten().map(|(key, _)| key) {
        let mut less = whole.clone();
        less.as_object_mut().unwrap().remove(key);
        let mut null = whole.clone();
        null[key] = Value::Null;
        let typed = (is_typed(&less.to_string()), is_typed(&null.to_string()));
        assert_eq!(typed.0, typed.1, "null is as absent as nothing: {key} in {example}");
        if !typed.0 {
            needed.insert(key.clone());
        }
    }
    needed
}

#[test]
fn an_event_needs_only_its_tags_and_the_ids_that_make_it() {
    let listed: BTreeSet<String> = OF_EVENTS.split_whitespace().map(str::to_owned).collect();
    let mut found = BTreeSet::new();
    for info in mock::events() {
        let is_typed = |json: &str| json.parse::<Event>().is_ok_and(|event| event.kind() == info.kind);
        found.extend(needed(info.example, is_typed));
    }
    assert_eq!(found, listed);
}

#[test]
fn what_an_event_says_besides_its_ids_may_be_absent() {
    for (json, kind) in [
        (json!({ "post_type": "meta_event", "meta_event_type": "heartbeat" }), EventKind::Heartbeat),
        (json!({ "post_type": "meta_event", "meta_event_type": "lifecycle" }), EventKind::Lifecycle),
        (
            json!({ "post_type": "message", "message_type": "group", "group_id": 1, "user_id": 2, "message_id": 3 }),
            EventKind::GroupMessage,
        ),
        (
            json!({ "post_type": "message", "message_type": "private", "user_id": 2, "message_id": 3 }),
            EventKind::PrivateMessage,
        ),
        (
            json!({ "post_type": "notice", "notice_type": "group_ban", "group_id": 1, "user_id": 2 }),
            EventKind::GroupBan,
        ),
        (
            json!({ "post_type": "notice", "notice_type": "group_upload", "group_id": 1, "user_id": 2 }),
            EventKind::GroupUpload,
        ),
        (
            json!({ "post_type": "request", "request_type": "group", "group_id": 1, "user_id": 2, "flag": "x" }),
            EventKind::GroupRequest,
        ),
    ] {
        let event: Event = json.to_string().parse().unwrap();
        assert_eq!(event.kind(), kind, "{event:?}");
        assert_eq!((event.time(), event.self_id()), (Some(Timestamp::new(0)), None));
    }
}

/// A missing value is not taken for one of two opposite values.
#[test]
fn a_field_that_decides_is_never_assumed() {
    let of = |json: Value| json.to_string().parse::<Event>().unwrap();
    for sub_type in [None, Some(Value::Null), Some(json!(""))] {
        let with = |mut json: Value| {
            if let Some(sub_type) = &sub_type {
                json["sub_type"] = sub_type.clone();
            }
            of(json)
        };
        let ids = |notice: &str| json!({ "post_type": "notice", "notice_type": notice, "group_id": 1, "user_id": 2 });
        let Event::GroupBan(ban) = with(ids("group_ban")) else { panic!("it is a mute") };
        assert_eq!((ban.sub_type, ban.duration), (GroupBanKind::from(""), None));
        let Event::GroupAdmin(admin) = with(ids("group_admin")) else { panic!("it is about an administrator") };
        assert!(matches!(admin.sub_type, GroupAdminKind::Other(_)));
        let asked =
            json!({ "post_type": "request", "request_type": "group", "group_id": 1, "user_id": 2, "flag": "x" });
        let Event::GroupRequest(request) = with(asked) else { panic!("it is a request") };
        assert!(matches!(&request.sub_type, GroupRequestKind::Other(kind) if kind.get().is_empty()));
        let said = json!({ "post_type": "message", "message_type": "private", "user_id": 2, "message_id": 3 });
        let Event::PrivateMessage(message) = with(said) else { panic!("it is a message") };
        assert!(matches!(message.sub_type, PrivateMessageKind::Other(_)));
    }
}

/// NapCat, LLOneBot and SnowLuma say in three ways whether an emoji was put under a message or taken away.
#[test]
fn reactions_say_whether_the_emoji_was_added_if_the_server_does() {
    for (said, is_added) in [
        (json!({}), None),
        (json!({ "is_add": true }), Some(true)),
        (json!({ "is_add": false }), Some(false)),
        (json!({ "sub_type": "add" }), Some(true)),
        (json!({ "sub_type": "remove" }), Some(false)),
        (json!({ "sub_type": "other" }), None),
        (json!({ "is_add": null, "sub_type": "remove" }), Some(false)),
        (json!({ "is_add": true, "sub_type": "remove" }), None),
    ] {
        let mut json = json!({
            "post_type": "notice", "notice_type": "group_msg_emoji_like", "time": 1, "self_id": 2,
            "group_id": 3, "user_id": 4, "message_id": 5, "likes": [{ "emoji_id": "66" }]
        });
        json.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        let Event::GroupMsgEmojiLike(event) = json.to_string().parse().unwrap() else { panic!("it is a reaction") };
        assert_eq!(event.is_added(), is_added, "{said}");
        assert_eq!((event.likes[0].emoji_id.as_str(), event.likes[0].count), ("66", None));
        if said.get("is_add").is_none() {
            let mut json = json!({
                "post_type": "notice", "notice_type": "reaction", "group_id": 3, "message_id": 5, "code": "66"
            });
            json.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
            let Event::Reaction(event) = json.to_string().parse().unwrap() else { panic!("it is a reaction") };
            assert_eq!((event.is_added(), event.operator_id), (is_added, None));
        }
    }
}

/// A sender is an empty one if it is absent, null or `{}`: the message can be answered without it.
#[test]
fn a_message_needs_no_sender() {
    for sender in [None, Some(Value::Null), Some(json!({})), Some(json!([]))] {
        let mut json = json!({
            "post_type": "message", "message_type": "group", "group_id": 1, "user_id": 2, "message_id": 3,
            "message": "hi"
        });
        if let Some(sender) = sender {
            json["sender"] = sender;
        }
        let Event::GroupMessage(message) = json.to_string().parse().unwrap() else { panic!("it is a message") };
        assert_eq!((message.display_name(), message.is_admin()), ("", None));
        assert_eq!(message.message.plain_text(), "hi");
        json["message"] = Value::Null;
        let Event::GroupMessage(message) = json.to_string().parse().unwrap() else { panic!("it is a message") };
        assert!(message.message.is_empty());
    }
}

/// NapCat 1 calls `event_type` so.
#[test]
fn a_field_has_the_name_of_an_older_version() {
    let json = json!({
        "time": 1700000000, "self_id": 10010, "post_type": "notice", "notice_type": "notify", "sub_type": "input_status",
        "status_text": "x", "eventType": 1, "user_id": 10086
    });
    let Event::InputStatus(event) = json.to_string().parse().unwrap() else { panic!("it is an input status") };
    assert_eq!((event.event_type, event.status_text.as_deref()), (Some(1), Some("x")));
}

#[test]
fn a_heartbeat_says_what_it_knows() {
    let json = json!({
        "post_type": "meta_event", "meta_event_type": "heartbeat", "time": 1, "self_id": 2, "interval": 5000,
        "status": null
    });
    let Event::Heartbeat(heartbeat) = json.to_string().parse().unwrap() else { panic!("it is a heartbeat") };
    assert_eq!((heartbeat.interval, heartbeat.status), (Some(5000), None));
}

/// An answer needs what it is asked for. An element of a list is left out without the id by which it is known.
#[test]
fn an_answer_needs_only_what_makes_it_useful() {
    let listed = "album_id app_name arkMsg can_at_all clientkey count data db_key file file_count file_set_id \
                  fileset_id forward_id good group_id guild_id hex level master_id message_id msgId result role_id \
                  shareLink status success_count text tid tiny_id url user_id yes";
    let listed: BTreeSet<String> = listed.split_whitespace().map(str::to_owned).collect();
    let mut found = BTreeSet::new();
    for info in mock::actions() {
        let example: Value = serde_json::from_str(info.example_answer).unwrap();
        // Of a list the first element.
        let (object, in_list) = match &example {
            Value::Array(items) => (items.first().cloned().unwrap_or_default(), true),
            object => (object.clone(), false),
        };
        if !object.is_object() || object.get("post_type").is_some() {
            continue;
        }
        let is_typed = |json: &str| {
            let json = if in_list { format!("[{json}]") } else { json.to_owned() };
            (info.reread_answer)(&json).is_ok()
        };
        found.extend(needed(&object.to_string(), is_typed));
    }
    assert_eq!(found, listed);
}

/// The fields that OneBot v11 guarantees for its own actions are enough, and fewer are, too: the id, or the one thing that was
/// asked for.
#[test]
fn answers_decode_from_what_the_standard_guarantees() {
    let member = json!({
        "group_id": 1, "user_id": 2, "nickname": "n", "card": "", "sex": "unknown", "age": 0, "area": "", "join_time": 0,
        "last_sent_time": 0, "level": "1", "role": "member", "unfriendly": false, "title": "", "title_expire_time": 0,
        "card_changeable": true
    });
    for (action, standard, least) in [
        ("send_msg", json!({ "message_id": 1 }), json!({ "message_id": 1 })),
        (
            "get_msg",
            json!({
                "time": 1, "message_type": "group", "message_id": 2, "real_id": 3, "sender": { "user_id": 4 },
                "message": "hi"
            }),
            json!({ "message_id": 2 }),
        ),
        ("get_forward_msg", json!({ "message": [] }), json!({})),
        ("get_login_info", json!({ "user_id": 1, "nickname": "n" }), json!({ "user_id": 1 })),
        (
            "get_stranger_info",
            json!({ "user_id": 1, "nickname": "n", "sex": "unknown", "age": 0 }),
            json!({ "user_id": 1 }),
        ),
        ("get_friend_list", json!([{ "user_id": 1, "nickname": "n", "remark": "" }]), json!([{ "user_id": 1 }])),
        (
            "get_group_info",
            json!({ "group_id": 1, "group_name": "g", "member_count": 2, "max_member_count": 3 }),
            json!({ "group_id": 1 }),
        ),
        ("get_group_list", json!([{ "group_id": 1, "group_name": "g" }]), json!([{ "group_id": 1 }])),
        ("get_group_member_info", member.clone(), json!({ "user_id": 2 })),
        ("get_group_member_list", json!([member]), json!([{ "user_id": 2 }])),
        (
            "get_group_honor_info",
            json!({ "group_id": 1, "current_talkative": { "user_id": 2, "nickname": "n", "avatar": "", "day_count": 1 } }),
            json!({ "group_id": 1, "talkative_list": [{ "user_id": 2 }] }),
        ),
        ("get_cookies", json!({ "cookies": "" }), json!({})),
        ("get_csrf_token", json!({ "token": 1 }), json!({})),
        ("get_credentials", json!({ "cookies": "", "csrf_token": 1 }), json!({})),
        ("get_record", json!({ "file": "/a" }), json!({})),
        ("get_image", json!({ "file": "/a" }), json!({})),
        ("can_send_image", json!({ "yes": true }), json!({ "yes": true })),
        ("get_status", json!({ "online": true, "good": true }), json!({ "good": true })),
        (
            "get_version_info",
            json!({ "app_name": "a", "app_version": "1", "protocol_version": "v11" }),
            json!({ "app_name": "a" }),
        ),
    ] {
        let info = mock::action(action).unwrap();
        for answer in [standard, least] {
            if let Err(error) = (info.reread_answer)(&answer.to_string()) {
                panic!("{action}: {answer}: {error}");
            }
        }
    }
}

#[test]
fn a_message_that_is_missing_is_told() {
    let json = json!({
        "post_type": "message", "message_type": "group", "time": 1, "self_id": 2, "message_id": 3, "group_id": 4, "user_id": 5,
        "content": "hi"
    });
    let (event, warnings) = Event::from_slice_with_warnings(json.to_string().as_bytes()).unwrap();
    let Event::GroupMessage(message) = event else { panic!("{event:?}") };
    assert!(message.message.is_empty());
    assert_eq!(warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), ["`message`: it is missing"]);
}

/// A private message is not answered in a group, and a message in a group not in private.
#[test]
fn a_message_that_cannot_be_read_is_answered_in_the_chat_of_its_type() {
    for (detail, chat) in
        [("private", Some(Chat::User(5.into()))), ("group", Some(Chat::Group(7.into()))), ("guild", None)]
    {
        let json = json!({ "post_type": "message", "message_type": detail, "user_id": 5, "group_id": 7, "self_id": 1 });
        let event: Event = json.to_string().parse().unwrap();
        assert!(matches!(event, Event::Unknown(_)));
        assert_eq!(event.target(), chat, "{detail}");
    }
    let json = json!({ "post_type": "message", "message_type": "group", "user_id": 5, "self_id": 1 });
    assert_eq!(json.to_string().parse::<Event>().unwrap().target(), None);
}
