//! Accessors of events: the chat, the sender and the sender's name.

use cqhttp::event::{GroupMessage, GuildMessage, PrivateMessage};
use cqhttp::types::{GroupMemberInfo, GroupRole};
use cqhttp::{ChannelId, Chat, Event, GroupId, GuildId, Message, UserId, mock};
use serde_json::{Value, json};

/// Every payload of the corpus, and every example of the schema.
fn payloads() -> Vec<(String, Value)> {
    let cases = support::cases::<Value>("events").into_iter().map(|(name, case)| (name, case["payload"].clone()));
    let examples = mock::events().map(|info| (info.name.to_owned(), serde_json::from_str(info.example).unwrap()));
    cases.chain(examples).collect()
}

/// An id as a number, from a number or a string of digits.
fn id(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The destination of an answer, computed from the event's JSON.
fn expected_target(payload: &Value) -> Option<Chat> {
    let number = |value: &Value| id(value).filter(|id| *id != 0);
    let (user, group) = (number(&payload["user_id"]), number(&payload["group_id"]));
    if payload["message_type"] == "private" {
        if payload["post_type"] == "message_sent" || user == number(&payload["self_id"]) {
            return number(&payload["target_id"]).or(user).map(|user| Chat::User(user.into()));
        }
        let user = UserId::new(user.unwrap());
        let group = group.or(number(&payload["sender"]["group_id"])).filter(|_| payload["sub_type"] == "group");
        return Some(group.map_or(Chat::User(user), |group| Chat::Temp { user, group: group.into() }));
    }
    if let (Some(guild), Some(channel)) = (payload["guild_id"].as_str(), payload["channel_id"].as_str()) {
        return Some(Chat::Channel { guild: guild.parse().unwrap(), channel: channel.parse().unwrap() });
    }
    let user = user.filter(|_| user != number(&payload["self_id"]));
    group.map(|group| Chat::Group(group.into())).or_else(|| user.map(|user| Chat::User(user.into())))
}

#[test]
fn the_accessors_say_what_the_event_says() {
    let mut targets = 0;
    for (name, payload) in payloads() {
        let event: Event = payload.to_string().parse().unwrap();
        assert_eq!(event.time().map(|time| time.seconds()), id(&payload["time"]), "{name}");
        assert_eq!(event.self_id().map(UserId::get), id(&payload["self_id"]), "{name}");
        if matches!(event, Event::Unknown(_)) {
            assert_eq!(event.user_id().map(UserId::get), id(&payload["user_id"]), "{name}");
            assert_eq!(event.group_id().map(GroupId::get), id(&payload["group_id"]), "{name}");
            continue;
        }
        let in_guild = payload["guild_id"].is_string();
        let user = id(&payload["user_id"]).filter(|_| !in_guild);
        assert_eq!(event.user_id().map(UserId::get), user, "{name}");
        assert_eq!(event.group_id().map(GroupId::get), id(&payload["group_id"]), "{name}");
        let guild = payload["guild_id"].as_str().map(|guild| guild.parse::<GuildId>().unwrap());
        let channel = payload["channel_id"].as_str().map(|channel| channel.parse::<ChannelId>().unwrap());
        assert_eq!((event.guild_id(), event.channel_id()), (guild, channel), "{name}");
        assert_eq!(event.target(), expected_target(&payload), "{name}");
        targets += usize::from(event.target().is_some());
        if let Some(message) = event.as_message() {
            assert_eq!(Some(message.target()), event.target(), "{name}");
            assert_eq!(Some(message.self_id()), event.self_id(), "{name}");
            assert_eq!(message.user_id(), event.user_id(), "{name}");
            assert_eq!(message.message_id().map(|id| id.get()), id(&payload["message_id"]), "{name}");
        }
        if let Some(request) = event.as_request() {
            assert_eq!(Some(request.user_id()), event.user_id(), "{name}");
            assert_eq!(request.comment(), payload["comment"].as_str().unwrap_or_default(), "{name}");
        }
    }
    assert!(targets > 100, "{targets}");
}

#[test]
fn nowhere_is_no_target() {
    let event = |json: Value| json.to_string().parse::<Event>().unwrap();
    let named = |name: &str| mock::events().find(|info| info.name == name).unwrap().example.parse::<Event>().unwrap();
    // The group is 0 in a chat of two.
    assert_eq!(named("InputStatus").target(), Some(Chat::User(UserId::new(10086))));
    // The account does not write to itself.
    assert_eq!(named("BotOffline").target(), None);
    let recalled = json!({ "post_type": "notice", "notice_type": "friend_recall", "time": 1, "self_id": 2, "user_id": 2, "message_id": 3 });
    assert_eq!(event(recalled).target(), None);
    for name in ["Heartbeat", "Lifecycle", "ClientStatus"] {
        assert_eq!(named(name).target(), None, "{name}");
    }
}

#[test]
fn people_are_called_by_their_card() {
    let mut message = GroupMessage::example();
    message.anonymous = None;
    message.sender.nickname = Some("nick".into());
    for (card, name) in [(None, "nick"), (Some(""), "nick"), (Some(" \u{3000}"), "nick"), (Some("card"), "card")] {
        message.sender.card = card.map(Into::into);
        assert_eq!(message.display_name(), name, "{card:?}");
        assert_eq!(message.sender.display_name(), name);
        let event = Event::GroupMessage(message.clone().into());
        assert_eq!(event.as_message().unwrap().display_name(), name);
        let mut member = GroupMemberInfo::example();
        member.nickname = Some("nick".into());
        member.card = card.map(Into::into);
        assert_eq!(member.display_name(), name);
    }
    let masked = json!({ "id": 1, "name": "大力鬼王", "flag": "x" });
    let mut json = serde_json::to_value(&message).unwrap();
    json["anonymous"] = masked;
    let Event::GroupMessage(message) = serde_json::from_value(json).unwrap() else { panic!("it is a message") };
    assert_eq!(message.display_name(), "大力鬼王");
    assert_eq!(message.sender.display_name(), "card", "the sender is another thing");

    let mut private = PrivateMessage::example();
    private.sender.nickname = Some("nick".into());
    private.sender.card = Some("card".into());
    assert_eq!(private.display_name(), "nick");
    let guild = Event::GuildMessage(GuildMessage::example().into());
    assert_eq!(guild.as_message().unwrap().display_name(), "小明");
}

#[test]
fn administrators_are_told_by_their_role() {
    let mut message = GroupMessage::example();
    let roles = [
        (None, None),
        (Some("owner"), Some(true)),
        (Some("admin"), Some(true)),
        (Some("member"), Some(false)),
        // A name that is not listed, and none at all: nobody is taken for an ordinary member.
        (Some("Owner"), None),
        (Some("unknown"), None),
        (Some(""), None),
    ];
    for (role, is_admin) in roles {
        message.sender.role = role.map(GroupRole::from);
        assert_eq!((message.is_admin(), message.sender.is_admin()), (is_admin, is_admin), "{role:?}");
        let event = Event::GroupMessage(message.clone().into());
        assert_eq!(event.as_message().unwrap().is_admin(), is_admin, "{role:?}");
    }
    for event in
        [Event::PrivateMessage(PrivateMessage::example().into()), Event::GuildMessage(GuildMessage::example().into())]
    {
        assert_eq!(event.as_message().unwrap().is_admin(), None);
    }
    let mut member = GroupMemberInfo::example();
    member.role = Some(GroupRole::Admin);
    assert_eq!(member.is_admin(), Some(true));
    member.role = Some(GroupRole::Member);
    assert_eq!(member.is_admin(), Some(false));
    member.role = None;
    assert_eq!(member.is_admin(), None);
}

#[test]
fn a_mute_of_everyone_names_nobody() {
    let example = mock::events().find(|info| info.name == "GroupBan").unwrap().example;
    let Event::GroupBan(mut ban) = example.parse().unwrap() else { panic!("it is a mute") };
    assert!(!ban.is_everyone());
    ban.user_id = UserId::new(0);
    assert!(ban.is_everyone());
}

#[test]
fn the_account_knows_when_it_is_meant() {
    let mut group = GroupMessage::example();
    group.message = Message::at(group.self_id).into();
    assert!(group.mentions_me());
    assert!(Event::GroupMessage(group.clone().into()).as_message().unwrap().mentions_me());
    group.message = Message::at_all().at(group.user_id).text("10010").into();
    assert!(!group.mentions_me());
    assert!(!Event::GroupMessage(group.into()).as_message().unwrap().mentions_me());

    let mut guild = GuildMessage::example();
    let mention = |number: String| Message::cq(format!("[CQ:at,qq={number}]"));
    guild.message = mention(guild.self_tiny_id.unwrap().to_string());
    assert!(guild.mentions_me());
    guild.message = mention(guild.self_id.to_string());
    assert!(!guild.mentions_me(), "a guild has numbers of its own");
    // Larger than any QQ number.
    guild.self_tiny_id = Some(u64::MAX.into());
    guild.message = mention(u64::MAX.to_string());
    assert!(guild.mentions_me());
    guild.self_tiny_id = None;
    assert!(!guild.mentions_me());
}

/// Events without `self_id` hold 0, which no user is, and which a mention of would be one of everyone.
#[test]
fn an_account_that_the_server_does_not_name_is_nobody() {
    let mut group = GroupMessage::example();
    group.self_id = UserId::new(0);
    group.user_id = UserId::new(0);
    group.message = Message::at_all().into();
    assert!(!group.is_own() && !group.mentions_me());
    assert!(!Event::GroupMessage(group.into()).as_message().unwrap().mentions_me());
    let mut private = PrivateMessage::example();
    private.self_id = UserId::new(0);
    private.user_id = UserId::new(0);
    private.message = Message::at_all().into();
    assert!(!private.is_own());
    assert!(!Event::PrivateMessage(private.into()).as_message().unwrap().mentions_me());
}
