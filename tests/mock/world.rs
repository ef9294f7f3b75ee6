//! The world behind the simulated server, used by a bot over real sockets.

use std::collections::BTreeSet;
use std::time::Duration;

use cqhttp::action::{GetLoginInfo, SetGroupKick};
use cqhttp::forward::ForwardContent;
use cqhttp::mock::world::{StoredMessage, WorldFile};
use cqhttp::mock::{self, Group, Member, MockServer, Outcome, ReceivedCall, Webhook, World, refuse};
use cqhttp::types::{GroupNotice, GroupRequestKind, GroupRole, HonorKind, MessageSeq};
use cqhttp::{
    Client, Error, Event, Events, FileSource, ForwardNode, GroupId, Message, MessageId, RefusalCode, Segment, Target,
    Timestamp, UserId, connect,
};
use serde_json::{Value, json};

const OWNER: i64 = 1;
const BOT: i64 = 10010;
const ANN: i64 = 10086;
const BEN: i64 = 10087;
const ADMIN: i64 = 10088;
const ZOE: i64 = 10099;

fn group() -> Group {
    Group::new(42, "Rustaceans")
        .owner(Member::new(OWNER, "Owen"))
        .admin(ADMIN)
        .member(Member::new(ANN, "Ann").card("Annie").title("early bird"))
        .member(Member::new(BEN, "Ben"))
}

/// Ann is a friend, Zoe is not.
fn world(group: Group) -> World {
    World::new().account(BOT, "bot").friend(ANN, "Ann").stranger(ZOE, "Zoe").group(group)
}

struct Bot {
    server: MockServer,
    client: Client,
    events: Events,
}

impl Bot {
    async fn in_world(world: World) -> Self {
        let server = MockServer::builder().world(world).on_call(is_documented).start().await.unwrap();
        let (client, events) = connect(server.ws_url()).await.unwrap();
        Self { server, client, events }
    }

    async fn as_admin() -> Self {
        Self::in_world(world(group().admin(BOT))).await
    }

    async fn as_member() -> Self {
        Self::in_world(world(group().member(BOT))).await
    }

    async fn as_owner() -> Self {
        let group = Group::new(42, "Rustaceans").owner(BOT).admin(ADMIN).member(ANN).member(BEN);
        Self::in_world(world(group)).await
    }

    /// Returns the events since the last time, as JSON without the fields that are always the same.
    async fn told(&mut self) -> Vec<Value> {
        let end: Event =
            r#"{"post_type":"notice","notice_type":"friend_add","time":1,"self_id":1,"user_id":0}"#.parse().unwrap();
        self.server.push(end.clone());
        let mut told = Vec::new();
        loop {
            let event = self.events.next().await.unwrap().event;
            if event == end {
                return told;
            }
            if matches!(event, Event::Lifecycle(_)) {
                continue;
            }
            let mut json = serde_json::to_value(&event).unwrap();
            assert_eq!(json["self_id"], BOT);
            assert!(json["time"].as_i64().unwrap() > 1_700_000_000);
            for key in ["self_id", "time"] {
                json.as_object_mut().unwrap().remove(key);
            }
            told.push(json);
        }
    }

    fn see<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.server.world(look)
    }

    fn member(&self, user: i64) -> Option<Member> {
        self.see(|world| world.find_group(42).unwrap().find_member(user).cloned())
    }

    async fn knows(&self, user: i64) -> cqhttp::types::GroupMemberInfo {
        self.client.get_group_member_info(42, user).await.unwrap()
    }
}

/// Checks that the schema lists the refusal for the action.
fn is_documented(call: &ReceivedCall) {
    if let (Outcome::Refused(refusal), Some(info)) = (&call.outcome, mock::action(&call.action)) {
        let refusal = refusal.to_string();
        let listed = info.refusals.iter().any(|code| refusal.starts_with(&format!("{code} (")));
        assert!(listed, "{} is refused with {refusal}, and the schema lists {:?}", info.name, info.refusals);
    }
}

fn notice_text(notice: &GroupNotice) -> Option<&str> {
    notice.message.as_ref()?.text.as_deref()
}

fn code<T>(outcome: Result<T, Error>) -> RefusalCode {
    match outcome {
        Ok(_) => panic!("it is not refused"),
        Err(error) => error.code().unwrap_or_else(|| panic!("{}", error.report())),
    }
}

#[tokio::test]
async fn the_account_and_people_are_those_of_the_world() {
    let bot = Bot::as_admin().await;
    let me = bot.client.get_login_info().await.unwrap();
    assert_eq!((me.user_id, me.nickname.as_deref()), (BOT.into(), Some("bot")));
    bot.client.set_qq_profile().nickname("robot").await.unwrap();
    assert_eq!(bot.client.get_login_info().await.unwrap().nickname.as_deref(), Some("robot"));

    for (user, nickname) in [(OWNER, "Owen"), (ANN, "Ann"), (ZOE, "Zoe"), (BOT, "robot"), (ADMIN, "10088")] {
        assert_eq!(bot.client.get_stranger_info(user).await.unwrap().nickname.as_deref(), Some(nickname));
    }
    assert_eq!(code(bot.client.get_stranger_info(5).await), RefusalCode::SummaryApiError);

    let friends = bot.client.get_friend_list().await.unwrap();
    assert_eq!(friends.iter().map(|friend| friend.user_id.get()).collect::<Vec<_>>(), [ANN]);
    assert_eq!(code(bot.client.delete_friend(BEN).await), RefusalCode::FriendNotFound);
    bot.client.delete_friend(ANN).await.unwrap();
    assert!(bot.client.get_friend_list().await.unwrap().is_empty());
    assert_eq!(bot.client.get_stranger_info(ANN).await.unwrap().nickname.as_deref(), Some("Ann"));
    assert!(bot.client.get_unidirectional_friend_list().await.unwrap().is_empty());
    assert_eq!(code(bot.client.delete_unidirectional_friend(ANN).await), RefusalCode::FriendNotFound);
}

#[tokio::test]
async fn groups_and_members_are_those_of_the_world() {
    let mut gophers = Group::new(43, "Gophers").owner(ZOE).not_joined();
    gophers.group_memo = "all about Go".into();
    let bot = Bot::in_world(world(group().admin(BOT)).group(gophers)).await;
    let groups = bot.client.get_group_list().await.unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].group_name.as_deref(), groups[0].member_count), (Some("Rustaceans"), Some(5)));
    let other = bot.client.get_group_info(43).await.unwrap();
    assert_eq!((other.group_memo.as_deref(), other.member_count), (Some("all about Go"), Some(0)));
    assert_eq!(code(bot.client.get_group_info(44).await), RefusalCode::GroupNotFound);

    let members = bot.client.get_group_member_list(42).await.unwrap();
    assert_eq!(members.iter().map(|m| m.user_id.get()).collect::<Vec<_>>(), [OWNER, BOT, ANN, BEN, ADMIN]);
    let ann = bot.knows(ANN).await;
    assert_eq!(
        (ann.nickname.as_deref(), ann.card.as_deref(), ann.role),
        (Some("Ann"), Some("Annie"), Some(GroupRole::Member))
    );
    assert_eq!(ann.title.as_deref(), Some("early bird"));
    assert_eq!(bot.knows(OWNER).await.role, Some(GroupRole::Owner));
    assert_eq!(code(bot.client.get_group_member_list(43).await), RefusalCode::GroupNotFound);
    assert_eq!(code(bot.client.get_group_member_info(43, ZOE).await), RefusalCode::GroupNotFound);
    assert_eq!(code(bot.client.get_group_member_info(42, ZOE).await), RefusalCode::MemberNotFound);
    let no_cache = bot.client.get_group_member_info(42, ZOE).no_cache(true);
    assert_eq!(code(no_cache.await), RefusalCode::GetMemberInfoApiError);
    let honors = bot.client.get_group_honor_info(42, HonorKind::All).await.unwrap();
    assert!(honors.current_talkative.is_none() && honors.talkative_list.is_empty());
}

#[tokio::test]
async fn what_is_sent_can_be_read() {
    let mut bot = Bot::as_member().await;
    let sent = bot.client.send_group_msg(42, Message::at(ANN).text(" hi")).await.unwrap();
    let read = bot.client.get_msg(sent.message_id).await.unwrap();
    assert_eq!(read.message, Message::at(ANN).text(" hi").build());
    assert_eq!(
        (read.group_id, read.sender.user_id, read.sender.display_name()),
        (Some(42.into()), Some(BOT.into()), "bot")
    );
    assert_eq!(read.message_id_v2.as_deref(), Some("000000000000002a00000001"));
    bot.client.mark_msg_as_read(sent.message_id).await.unwrap();

    let private = bot.client.send_private_msg(ANN, "hello").await.unwrap();
    let read = bot.client.get_msg(private.message_id).await.unwrap();
    assert_eq!((read.group_id, read.message.plain_text().as_str()), (None, "hello"));
    assert_eq!(bot.see(|world| world.find_message(private.message_id).unwrap().target_id), Some(ANN.into()));
    assert_ne!(sent.message_id, private.message_id);
    bot.client.send_msg(Target::user(ANN), "hello").await.unwrap();

    assert_eq!(code(bot.client.get_msg(5).await), RefusalCode::MsgNotFound);
    assert_eq!(code(bot.client.mark_msg_as_read(5).await), RefusalCode::MsgNotFound);
    assert_eq!(code(bot.client.send_group_msg(43, "hi").await), RefusalCode::GroupNotFound);
    assert_eq!(code(bot.client.send_private_msg(ZOE, "hi").await), RefusalCode::SendMsgApiError, "no friend");
    assert_eq!(code(bot.client.send_msg(Target::temp(BEN, 42), "hi").await), RefusalCode::SendMsgApiError);
    assert_eq!(code(bot.client.send_group_msg(42, Message::new()).await), RefusalCode::SendMsgApiError);
    let text = cqhttp::Raw::new("send_group_msg", json!({ "group_id": 42, "message": "" }));
    let error = bot.client.call(text).await.unwrap_err();
    let Error::Refused(refused) = &error else { panic!("{error}") };
    assert_eq!(
        (error.code(), refused.wording.as_deref()),
        (Some(RefusalCode::EmptyMsgError), Some("`message` is empty"))
    );
    for (action, params) in [
        ("send_group_msg", json!({ "group_id": 43, "message": "" })),
        ("send_group_msg", json!({ "group_id": 43, "message": [] })),
        ("send_msg", json!({ "group_id": 43, "message": "" })),
    ] {
        assert_eq!(code(bot.client.call(cqhttp::Raw::new(action, params)).await), RefusalCode::GroupNotFound);
    }
    let in_private = json!({ "user_id": ANN, "group_id": 43, "message": "" });
    let in_private = cqhttp::Raw::new("send_msg", in_private);
    assert_eq!(code(bot.client.call(in_private).await), RefusalCode::EmptyMsgError);
    assert_eq!(bot.told().await, Vec::<Value>::new(), "own messages are not reported");

    let status = bot.client.get_status().await.unwrap().stat.unwrap();
    assert_eq!((status.message_sent, status.message_received), (Some(3), Some(0)));
}

#[tokio::test]
async fn own_messages_are_reported_if_asked_for() {
    let mut bot = Bot::in_world(world(group().member(BOT)).report_self_message()).await;
    bot.client.send_group_msg(42, "one").await.unwrap();
    bot.client.send_private_msg(ANN, "two").await.unwrap();
    let told = bot.told().await;
    assert_eq!(told.iter().map(|event| &event["raw_message"]).collect::<Vec<_>>(), ["one", "two"]);
    assert!(told.iter().all(|event| event["post_type"] == "message_sent" && event["user_id"] == BOT));
    assert_eq!(told[1]["target_id"], ANN);
    bot.see(|world| world.says_in_group(BOT, 42, "from the phone")).unwrap();
    assert_eq!(bot.told().await[0]["post_type"], "message_sent");

    let mut bot = Bot::as_member().await;
    let said = bot.see(|world| world.says_in_group(BOT, 42, "from the phone")).unwrap();
    bot.see(|world| world.uploads(BOT, 42, "march.pdf", 1)).unwrap();
    assert!(bot.told().await.is_empty());
    assert!(bot.see(|world| world.find_message(said).is_some()));
}

#[tokio::test]
async fn a_member_who_speaks_is_heard_and_can_be_quoted() {
    let mut bot = Bot::as_member().await;
    let said = bot.see(|world| world.says_in_group(ANN, 42, "hello, all")).unwrap();
    let told = bot.told().await;
    assert_eq!(
        told,
        [json!({
            "post_type": "message", "message_type": "group", "sub_type": "normal", "message_id": said, "message_seq": 1,
            "group_id": 42, "user_id": ANN, "message": [{ "type": "text", "data": { "text": "hello, all" } }],
            "raw_message": "hello, all", "font": 0, "emoji_likes_list": [],
            "sender": {
                "user_id": ANN, "nickname": "Ann", "card": "Annie", "sex": "unknown", "age": 0, "area": "",
                "level": "", "role": "member", "title": "early bird",
            },
        })]
    );
    assert_eq!(
        bot.client.get_msg(said).await.unwrap().sender.nickname.as_deref(),
        Some("Annie"),
        "the name that others see"
    );
    assert!(bot.knows(ANN).await.last_sent_time.unwrap().seconds() > 0);

    // Private: from a friend, from a member who is not a friend, and from a user who is neither.
    bot.see(|world| world.says_in_private(ANN, "psst")).unwrap();
    let temp = bot.see(|world| world.says_in_private(BEN, "hey")).unwrap();
    let told = bot.told().await;
    assert_eq!((&told[0]["sub_type"], &told[0]["target_id"]), (&json!("friend"), &json!(BOT)));
    assert_eq!((&told[1]["sub_type"], &told[1]["sender"]["group_id"]), (&json!("group"), &json!(42)));
    assert_eq!(code(bot.client.get_msg(temp).await), RefusalCode::MsgNotFound, "as on go-cqhttp");
    let error = bot.see(|world| world.says_in_private(ZOE, "hey")).unwrap_err();
    assert_eq!(error.to_string(), "10099 is neither a friend of the account nor in one of its groups");
    assert!(bot.see(|world| world.says_in_group(ZOE, 42, "hey")).is_err());
    assert!(bot.see(|world| world.says_in_group(ANN, 43, "hey")).is_err());
    assert!(bot.told().await.is_empty(), "what cannot happen is not told");
}

/// The events of `get_updates`, as they are written, and the messages of the history.
#[tokio::test]
async fn messages_have_the_keys_that_go_cqhttp_sends() {
    let server = MockServer::builder().world(world(group().member(BOT)));
    for server in [server, MockServer::builder()] {
        let server = server.long_polling(0).start().await.unwrap();
        let client = Client::builder(server.url()).build().unwrap();
        server.user(ANN).says("hello").in_group(42);
        server.user(ANN).says("hello").in_private();
        let call = |action: &'static str, params| client.call(cqhttp::Raw::new(action, params));
        let events: Value = call("get_updates", json!({})).await.unwrap();
        let history = call("get_group_msg_history", json!({ "group_id": 42 })).await.unwrap();
        for message in events.as_array().unwrap().iter().chain(history["messages"].as_array().unwrap()) {
            assert_eq!(message["post_type"], "message");
            let keys: BTreeSet<_> = message.as_object().unwrap().keys().map(String::as_str).collect();
            let shared = ["font", "message", "message_id", "message_type", "post_type", "raw_message", "self_id"];
            let shared = shared.into_iter().chain(["sender", "sub_type", "time", "user_id"]);
            let others: &[_] = match message["message_type"].as_str() {
                Some("group") => &["anonymous", "group_id", "message_seq"],
                _ => &["target_id"],
            };
            assert_eq!(keys, shared.chain(others.iter().copied()).collect());
        }
    }
}

/// Bots in other languages see the difference.
#[tokio::test]
async fn answers_have_the_types_and_nulls_that_go_cqhttp_sends() {
    let bot = Bot::as_admin().await;
    let call = async |action: &'static str, params: Value| -> Value {
        bot.client.call(cqhttp::Raw::new(action, params)).await.unwrap()
    };
    let here = json!({ "group_id": 42 });
    assert_eq!(call("get_group_member_list", here.clone()).await[0]["level"], "1");
    assert_eq!(call("get_group_member_info", json!({ "group_id": 42, "user_id": ANN })).await["level"], "1");
    assert_eq!(call("get_group_root_files", here.clone()).await, json!({ "files": null, "folders": null }));
    bot.client.create_group_file_folder(42, "talks").await.unwrap();
    let root = call("get_group_root_files", here).await;
    assert!(root["files"].is_null() && root["folders"][0]["folder_name"] == "talks", "{root}");
    let of_folder = json!({ "group_id": 42, "folder_id": root["folders"][0]["folder_id"] });
    assert_eq!(call("get_group_files_by_folder", of_folder).await, json!({ "files": null, "folders": null }));
    let asked = call("get_group_system_msg", json!({})).await;
    assert_eq!(asked, json!({ "invited_requests": null, "join_requests": null }));
    for (kind, honors) in [
        ("legend", json!({ "group_id": 42, "legend_list": null })),
        (
            "all",
            json!({
                "group_id": 42, "talkative_list": null, "performer_list": null, "legend_list": null,
                "strong_newbie_list": null, "emotion_list": null,
            }),
        ),
        ("none", json!({ "group_id": 42 })),
    ] {
        assert_eq!(call("get_group_honor_info", json!({ "group_id": 42, "type": kind })).await, honors);
    }
    let status = call("get_status", json!({})).await;
    assert_eq!(status.get("plugins_good"), Some(&Value::Null));
    let friends = bot.see(|world| std::mem::take(&mut world.friends));
    assert_eq!((friends.len(), call("get_friend_list", json!({})).await), (1, json!([])), "no list there is null");
}

#[tokio::test]
async fn a_user_of_the_server_is_one_of_the_world() {
    let mut bot = Bot::as_admin().await;
    let said = bot.server.user(ANN).says("hello").in_group(42);
    let private = bot.server.user(ANN).says("psst").in_private();
    let told = bot.told().await;
    assert_eq!((&told[0]["sender"]["nickname"], &told[0]["message_id"]), (&json!("Ann"), &json!(said)));
    assert_eq!(bot.client.get_msg(private).await.unwrap().message.plain_text(), "psst");

    bot.client.set_group_anonymous(42).await.unwrap();
    bot.server.user(ANN).as_anonymous("cat").says("guess who").in_group(42);
    let told = bot.told().await;
    assert_eq!((&told[0]["sub_type"], &told[0]["anonymous"]["name"]), (&json!("anonymous"), &json!("cat")));
    assert!(!told[0].to_string().contains("10086"), "{}", told[0]);
    let said = MessageId::new(told[0]["message_id"].as_i64().unwrap());
    let read = bot.client.get_msg(said).await.unwrap();
    assert_eq!((read.sender.user_id, read.sender.display_name()), (Some(80_000_000.into()), "cat"));
    let history = bot.client.get_group_msg_history(42).await.unwrap().messages;
    let mut last = serde_json::to_value(history.last().unwrap()).unwrap();
    for key in ["self_id", "time"] {
        last.as_object_mut().unwrap().remove(key);
    }
    assert_eq!(last, told[0]);

    bot.client.set_group_ban(42, ANN).await.unwrap();
    let speak = std::panic::AssertUnwindSafe(|| bot.server.user(ANN).says("mmh").in_group(42));
    let panic = std::panic::catch_unwind(speak).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "10086 cannot speak in group 42: they are muted");
}

#[tokio::test]
async fn a_mute_silences_until_it_ends() {
    let mut bot = Bot::as_admin().await;
    bot.client.set_group_ban(42, ANN).duration(60).await.unwrap();
    let until = bot.knows(ANN).await.shut_up_timestamp.unwrap();
    assert!(until > bot.see(|world| world.now()));
    let no_cache = bot.client.get_group_member_info(42, ANN).no_cache(true).await.unwrap();
    assert_eq!(no_cache.shut_up_timestamp.unwrap().seconds(), 0, "as on go-cqhttp");
    let error = bot.see(|world| world.says_in_group(ANN, 42, "mmh")).unwrap_err();
    assert_eq!(error.to_string(), "10086 cannot speak in group 42: they are muted");
    assert!(bot.told().await.is_empty(), "go-cqhttp does not report what the account itself does");

    bot.see(|world| world.advance(Duration::from_secs(61)));
    bot.see(|world| world.says_in_group(ANN, 42, "free")).unwrap();
    assert_eq!(bot.knows(ANN).await.shut_up_timestamp.unwrap().seconds(), 0);

    bot.client.set_group_ban(42, ANN).await.unwrap();
    bot.client.set_group_ban(42, ANN).duration(0).await.unwrap();
    bot.see(|world| world.says_in_group(ANN, 42, "free")).unwrap();

    let mut world = World::new();
    world.advance(Duration::MAX);
    assert_eq!(world.now().seconds(), i64::MAX, "the clock stops at its end");

    bot.client.set_group_whole_ban(42).await.unwrap();
    assert!(bot.see(|world| world.says_in_group(ANN, 42, "mmh")).is_err());
    bot.see(|world| world.says_in_group(ADMIN, 42, "I may")).unwrap();
    bot.client.send_group_msg(42, "so may I").await.unwrap();
    bot.client.set_group_whole_ban(42).enable(false).await.unwrap();
    bot.see(|world| world.says_in_group(ANN, 42, "free")).unwrap();
}

#[tokio::test]
async fn a_muted_bot_cannot_send() {
    let mut bot = Bot::as_member().await;
    bot.see(|world| world.mutes(OWNER, 42, BOT, Duration::from_secs(600))).unwrap();
    let ban = json!({
        "post_type": "notice", "notice_type": "group_ban", "sub_type": "ban", "group_id": 42, "operator_id": OWNER,
        "user_id": BOT, "duration": 600,
    });
    assert_eq!(bot.told().await, [ban]);
    assert_eq!(code(bot.client.send_group_msg(42, "mmh").await), RefusalCode::SendMsgApiError);
    bot.client.send_private_msg(ANN, "I am muted").await.unwrap();
    bot.see(|world| world.mutes(OWNER, 42, BOT, Duration::ZERO)).unwrap();
    assert_eq!(bot.told().await[0]["sub_type"], "lift_ban");
    bot.client.send_group_msg(42, "free").await.unwrap();

    bot.see(|world| world.mutes_everyone(ADMIN, 42, true)).unwrap();
    let told = bot.told().await;
    assert_eq!((&told[0]["user_id"], &told[0]["duration"]), (&json!(0), &json!(-1)));
    assert_eq!(code(bot.client.send_group_msg(42, "mmh").await), RefusalCode::SendMsgApiError);
    let nodes = [ForwardNode::custom(ANN, "Ann", "hi")];
    assert_eq!(code(bot.client.send_group_forward_msg(42, nodes).await), RefusalCode::SendMsgApiError);
    assert!(bot.see(|world| world.mutes_everyone(ANN, 42, false)).is_err(), "she is not an administrator");
    assert!(bot.see(|world| world.mutes(ADMIN, 42, OWNER, Duration::ZERO)).is_err());
}

#[tokio::test]
async fn roles_decide_who_may_kick_and_mute_whom() {
    for (bot, manageable) in
        [(Bot::as_member().await, &[][..]), (Bot::as_admin().await, &[ANN]), (Bot::as_owner().await, &[ANN, ADMIN])]
    {
        for user in [ANN, ADMIN, OWNER, BOT] {
            let there = bot.member(user).is_some();
            let ban = bot.client.set_group_ban(42, user).await;
            let kick = bot.client.set_group_kick(42, user).await;
            if manageable.contains(&user) {
                ban.unwrap();
                kick.unwrap();
                assert!(bot.member(user).is_none());
            } else if there {
                assert_eq!((code(ban), code(kick)), (RefusalCode::NotManageable, RefusalCode::NotManageable), "{user}");
                assert!(bot.member(user).is_some());
            } else {
                assert_eq!((code(ban), code(kick)), (RefusalCode::GroupNotFound, RefusalCode::MemberNotFound));
            }
        }
        assert_eq!(code(bot.client.set_group_ban(43, ANN).await), RefusalCode::GroupNotFound);
        assert_eq!(code(bot.client.set_group_kick(43, ANN).await), RefusalCode::GroupNotFound);
        let long = bot.client.set_group_ban(42, BEN).duration(2_592_000);
        assert_eq!(code(long.await), RefusalCode::DurationIsNotInRange);
    }
}

#[tokio::test]
async fn who_is_kicked_is_gone() {
    let mut bot = Bot::as_admin().await;
    bot.client.set_group_kick(42, ANN).reject_add_request(true).await.unwrap();
    assert_eq!(
        bot.told().await,
        [json!({
            "post_type": "notice", "notice_type": "group_decrease", "sub_type": "kick", "group_id": 42,
            "operator_id": BOT, "user_id": ANN,
        })]
    );
    assert_eq!(bot.client.get_group_info(42).await.unwrap().member_count, Some(4));
    assert!(bot.see(|world| world.asks_to_join(ANN, 42, "sorry")).is_err(), "she may not ask again");

    bot.client.set_group_kick(42, BEN).await.unwrap();
    bot.see(|world| world.asks_to_join(BEN, 42, "sorry")).unwrap();
    assert_eq!(bot.client.get_stranger_info(BEN).await.unwrap().nickname.as_deref(), Some("Ben"));
}

#[tokio::test]
async fn the_bot_is_kicked_and_leaves() {
    let mut bot = Bot::as_member().await;
    bot.see(|world| world.kicks(ADMIN, 42, BOT)).unwrap();
    let told = bot.told().await;
    assert_eq!((&told[0]["sub_type"], &told[0]["operator_id"]), (&json!("kick_me"), &json!(ADMIN)));
    assert!(bot.client.get_group_list().await.unwrap().is_empty());
    assert_eq!(code(bot.client.send_group_msg(42, "why?").await), RefusalCode::GroupNotFound);

    let mut bot = Bot::as_admin().await;
    bot.client.set_group_leave(42).await.unwrap();
    assert_eq!(bot.told().await[0]["sub_type"], "leave");
    assert_eq!(code(bot.client.set_group_leave(42).await), RefusalCode::GroupNotFound);
    let mut bot = Bot::as_owner().await;
    bot.client.set_group_leave(42).is_dismiss(true).await.unwrap();
    assert!(bot.told().await.is_empty() && bot.member(BOT).is_some(), "an owner stays");
}

#[tokio::test]
async fn members_come_and_go() {
    let mut bot = Bot::as_member().await;
    bot.see(|world| {
        world.joins(ZOE, 42)?;
        world.leaves(BEN, 42)?;
        world.kicks(OWNER, 42, ZOE)
    })
    .unwrap();
    let told = bot.told().await;
    let seen: Vec<_> =
        told.iter().map(|event| (&event["sub_type"], &event["user_id"], &event["operator_id"])).collect();
    assert_eq!(
        seen,
        [
            (&json!("approve"), &json!(ZOE), &json!(0)),
            (&json!("leave"), &json!(BEN), &json!(BEN)),
            (&json!("kick"), &json!(ZOE), &json!(OWNER)),
        ]
    );
    assert!(bot.see(|world| world.leaves(OWNER, 42)).is_err());
    assert!(bot.see(|world| world.joins(ANN, 42)).is_err());
    assert!(bot.see(|world| world.kicks(ANN, 42, ADMIN)).is_err());
}

#[tokio::test]
async fn recalls_follow_the_rules() {
    let mut bot = Bot::as_member().await;
    let own = bot.client.send_group_msg(42, "oops").await.unwrap().message_id;
    let anns = bot.see(|world| world.says_in_group(ANN, 42, "hi")).unwrap();
    bot.told().await;
    assert_eq!(code(bot.client.delete_msg(anns).await), RefusalCode::RecallApiError);
    assert_eq!(code(bot.client.delete_msg(5).await), RefusalCode::MessageNotFound);
    bot.client.delete_msg(own).await.unwrap();
    assert_eq!(
        bot.told().await,
        [json!({
            "post_type": "notice", "notice_type": "group_recall", "group_id": 42, "operator_id": BOT, "user_id": BOT,
            "message_id": own,
        })]
    );
    assert_eq!(code(bot.client.delete_msg(own).await), RefusalCode::RecallApiError, "it is gone");
    bot.client.get_msg(own).await.expect("go-cqhttp still has it");
    let history = bot.client.get_group_msg_history(42).await.unwrap();
    assert_eq!(history.messages.len(), 1);

    let late = bot.client.send_group_msg(42, "late").await.unwrap().message_id;
    let private = bot.client.send_private_msg(ANN, "late").await.unwrap().message_id;
    let heard = bot.see(|world| world.says_in_private(ANN, "hi")).unwrap();
    bot.see(|world| world.advance(Duration::from_secs(121)));
    assert_eq!(code(bot.client.delete_msg(late).await), RefusalCode::RecallApiError, "too late");
    assert_eq!(code(bot.client.delete_msg(private).await), RefusalCode::RecallApiError);
    assert_eq!(code(bot.client.delete_msg(heard).await), RefusalCode::CannotRecallFriendMsg);

    let bot = Bot::as_admin().await;
    let [anns, owners, admins] =
        [ANN, OWNER, ADMIN].map(|u| bot.see(|world| world.says_in_group(u, 42, "hi")).unwrap());
    bot.see(|world| world.advance(Duration::from_secs(3600)));
    bot.client.delete_msg(anns).await.unwrap();
    assert_eq!(code(bot.client.delete_msg(owners).await), RefusalCode::RecallApiError);
    assert_eq!(code(bot.client.delete_msg(admins).await), RefusalCode::RecallApiError);
}

#[tokio::test]
async fn people_recall_too() {
    let mut bot = Bot::as_member().await;
    let in_group = bot.see(|world| world.says_in_group(ANN, 42, "oops")).unwrap();
    let private = bot.see(|world| world.says_in_private(ANN, "oops")).unwrap();
    let bens = bot.see(|world| world.says_in_group(BEN, 42, "hi")).unwrap();
    bot.told().await;
    bot.see(|world| {
        world.recalls(ANN, in_group)?;
        world.recalls(ANN, private)?;
        world.recalls(ADMIN, bens)
    })
    .unwrap();
    let told = bot.told().await;
    let seen: Vec<_> = told.iter().map(|event| (&event["notice_type"], &event["message_id"])).collect();
    let (group, friend) = (json!("group_recall"), json!("friend_recall"));
    assert_eq!(seen, [(&group, &json!(in_group)), (&friend, &json!(private)), (&group, &json!(bens))]);
    assert_eq!(told[2]["operator_id"], ADMIN);
    let error = bot.see(|world| world.recalls(ANN, in_group)).unwrap_err();
    assert!(error.to_string().contains("was recalled before"));
}

#[tokio::test]
async fn history_comes_in_pages() {
    let bot = Bot::as_member().await;
    for index in 1..=45 {
        bot.see(|world| world.says_in_group(if index % 2 == 0 { ANN } else { BEN }, 42, index.to_string())).unwrap();
    }
    bot.client.send_group_msg(42, "46").await.unwrap();
    bot.client.send_private_msg(ANN, "elsewhere").await.unwrap();
    let latest = bot.client.get_group_msg_history(42).await.unwrap().messages;
    assert_eq!(latest.len(), 20);
    assert!(latest[19].is_own() && latest[18].as_message().unwrap().message().plain_text() == "45");

    let mut pages = bot.client.get_group_msg_history(42).pages();
    let mut texts = Vec::new();
    while let Some(page) = pages.next().await {
        texts.push(page.unwrap().messages.len());
    }
    assert_eq!(texts, [20, 20, 6]);
    assert_eq!(code(bot.client.get_group_msg_history(43).await), RefusalCode::GroupNotFound);
}

#[tokio::test]
async fn forwards_can_be_read() {
    let bot = Bot::as_member().await;
    let said = bot.see(|world| world.says_in_group(ANN, 42, "hello")).unwrap();
    let nodes = [
        ForwardNode::message(said),
        ForwardNode::message(5),
        ForwardNode::nested(BEN, "Ben", [ForwardNode::custom(ZOE, "Zoe", "inner")]),
        ForwardNode::custom(0, "Nobody", "left out"),
    ];
    let sent = bot.client.send_group_forward_msg(42, nodes.clone()).await.unwrap();
    let id = sent.forward_id.unwrap();
    let read = bot.client.get_forward_msg(&id).await.unwrap().messages;
    assert_eq!(read.iter().map(|message| message.sender.display_name()).collect::<Vec<_>>(), ["Annie", "Ben"]);
    assert_eq!(read[0].content, ForwardContent::Message("hello".into()));
    let ForwardContent::Nodes(inner) = &read[1].content else { panic!("{:?}", read[1].content) };
    assert_eq!(inner[0].sender.nickname.as_deref(), Some("Zoe"));
    let carrier = bot.client.get_msg(sent.message_id).await.unwrap().message;
    assert!(matches!(&carrier[0], Segment::Forward(forward) if forward.id == id));

    bot.client.send_private_forward_msg(ANN, nodes.clone()).await.unwrap();
    bot.client.send_forward_msg(GroupId::new(42), nodes.clone()).await.unwrap();
    assert_eq!(code(bot.client.send_private_forward_msg(BEN, nodes.clone()).await), RefusalCode::SendMsgApiError);
    assert_eq!(code(bot.client.send_group_forward_msg(43, nodes).await), RefusalCode::SendMsgApiError);
    let nothing = [ForwardNode::message(5)];
    assert_eq!(code(bot.client.send_group_forward_msg(42, nothing).await), RefusalCode::EmptyNodes);
    let many = vec![ForwardNode::message(said); 201];
    assert_eq!(code(bot.client.send_group_forward_msg(42, many).await), RefusalCode::EmptyNodes);
    assert_eq!(code(bot.client.get_forward_msg("nothing").await), RefusalCode::MsgNotFound);
}

#[tokio::test]
async fn a_poke_is_no_message() {
    let mut bot = Bot::as_member().await;
    let poke = Segment::from(cqhttp::segment::Poke::new().qq(ANN));
    assert_eq!(bot.client.send_group_msg(42, poke.clone()).await.unwrap().message_id, MessageId::new(0));
    assert_eq!(bot.client.send_private_msg(ANN, poke).await.unwrap().message_id, MessageId::new(0));
    assert!(bot.see(|world| world.messages.is_empty()));
    bot.see(|world| {
        world.pokes_in_group(ANN, 42, BOT)?;
        world.pokes_in_private(ANN)
    })
    .unwrap();
    let told = bot.told().await;
    let seen: Vec<_> = told.iter().map(|event| (&event["group_id"], &event["user_id"], &event["target_id"])).collect();
    let (group, me, ann) = (json!(42), json!(BOT), json!(ANN));
    assert_eq!(seen, [(&group, &me, &ann), (&group, &ann, &me), (&Value::Null, &ann, &me)]);
    assert!(
        bot.see(|world| world.pokes_in_private(ZOE)).is_err()
            && bot.see(|world| world.pokes_in_group(ZOE, 42, BOT)).is_err()
    );
}

#[tokio::test]
async fn mentions_of_everyone_are_counted_and_are_text_from_a_member() {
    let bot = Bot::as_admin().await;
    let before = bot.client.get_group_at_all_remain(42).await.unwrap();
    assert_eq!((before.can_at_all, before.remain_at_all_count_for_uin), (true, Some(10)));
    bot.client.send_group_msg(42, Message::at_all().text(" hi")).await.unwrap();
    bot.see(|world| world.says_in_group(OWNER, 42, Message::at_all())).unwrap();
    let after = bot.client.get_group_at_all_remain(42).await.unwrap();
    assert_eq!((after.remain_at_all_count_for_group, after.remain_at_all_count_for_uin), (Some(18), Some(9)));

    let bot = Bot::as_member().await;
    let sent = bot.client.send_group_msg(42, Message::at_all().text(" hi")).await.unwrap();
    let read = bot.client.get_msg(sent.message_id).await.unwrap().message;
    assert_eq!(read.plain_text(), "@全体成员 hi");
    assert!(!read.mentions_everyone() && !bot.client.get_group_at_all_remain(42).await.unwrap().can_at_all);
    assert_eq!(code(bot.client.get_group_at_all_remain(43).await), RefusalCode::GroupNotFound);
}

#[tokio::test]
async fn essences_are_for_administrators() {
    let mut bot = Bot::as_admin().await;
    let said = bot.see(|world| world.says_in_group(ANN, 42, "wise words")).unwrap();
    let private = bot.see(|world| world.says_in_private(ANN, "hi")).unwrap();
    bot.told().await;
    bot.client.set_essence_msg(said).await.unwrap();
    let list = bot.client.get_essence_msg_list(42).await.unwrap();
    let essence = &list[0];
    assert_eq!((essence.message_id, essence.sender_nick.as_deref()), (Some(said), Some("Ann")));
    assert_eq!(essence.operator_id, Some(BOT.into()));
    bot.client.delete_essence_msg(said).await.unwrap();
    assert!(bot.client.get_essence_msg_list(42).await.unwrap().is_empty());
    assert!(bot.told().await.is_empty(), "go-cqhttp does not report what the account itself does");
    assert_eq!(code(bot.client.delete_essence_msg(said).await), RefusalCode::SetEssenceMsgError);
    assert_eq!(code(bot.client.set_essence_msg(private).await), RefusalCode::MessageNotFound);

    bot.see(|world| world.sets_essence(ADMIN, said)).unwrap();
    let told = bot.told().await;
    assert_eq!((&told[0]["sender_id"], &told[0]["operator_id"]), (&json!(ANN), &json!(ADMIN)));
    assert!(bot.see(|world| world.sets_essence(ANN, said)).is_err());

    let bot = Bot::as_member().await;
    let said = bot.see(|world| world.says_in_group(ANN, 42, "wise words")).unwrap();
    assert_eq!(code(bot.client.set_essence_msg(said).await), RefusalCode::SetEssenceMsgError);
    assert_eq!(code(bot.client.get_essence_msg_list(43).await), RefusalCode::GroupNotFound);
}

#[tokio::test]
async fn what_a_group_is_like_changes_where_the_bot_may() {
    let bot = Bot::as_admin().await;
    bot.client.set_group_name(42, "Crabs").await.unwrap();
    assert_eq!(bot.client.get_group_info(42).await.unwrap().group_name.as_deref(), Some("Crabs"));
    bot.client.set_group_name(42, "a name with twenty ch").await.unwrap();
    bot.client.set_group_anonymous(42).await.unwrap();
    bot.client.set_group_portrait(42, FileSource::bytes(b"GIF89a")).await.unwrap();
    bot.client.send_group_sign(42).await.unwrap();
    bot.client.set_group_anonymous_ban(42, "AAAA|cat").await.unwrap();
    assert_eq!(code(bot.client.set_group_anonymous_ban(42, "AAAA").await), RefusalCode::InvalidFlag);
    assert_eq!(code(bot.client.set_group_anonymous_ban(42, "").await), RefusalCode::InvalidFlag);
    assert!(bot.see(|world| world.find_group(42).unwrap().anonymous));
    assert_eq!(bot.see(|world| world.find_group(42).unwrap().group_name.clone()), "Crabs");

    // go-cqhttp says `ok`, and nothing changes.
    let bot = Bot::as_member().await;
    bot.client.set_group_name(42, "Mine").await.unwrap();
    bot.client.set_group_whole_ban(42).await.unwrap();
    bot.client.set_group_anonymous(42).await.unwrap();
    bot.client.set_group_card(42, BEN).card("Benny").await.unwrap();
    bot.client.set_group_special_title(42, BEN).special_title("baron").await.unwrap();
    let group = bot.see(|world| world.find_group(42).unwrap().clone());
    assert_eq!(group.group_name, "Rustaceans");
    assert!(!group.whole_ban && !group.anonymous);
    assert_eq!((bot.member(BEN).unwrap().card.as_str(), bot.member(BEN).unwrap().title.as_str()), ("", ""));
    assert_eq!(code(bot.client.set_group_anonymous_ban(42, "AAAA|cat").await), RefusalCode::CallApiError);
    assert_eq!(code(bot.client.set_group_name(43, "x").await), RefusalCode::GroupNotFound);
}

#[tokio::test]
async fn cards_titles_and_roles() {
    let mut bot = Bot::as_admin().await;
    bot.client.set_group_card(42, ANN).card("A").await.unwrap();
    bot.client.set_group_card(42, BOT).card("B").await.unwrap();
    bot.client.set_group_card(42, OWNER).card("O").await.unwrap();
    bot.client.set_group_card(42, ANN).card("x".repeat(61)).await.unwrap();
    let cards = [ANN, BOT, OWNER].map(|user| bot.member(user).unwrap().card);
    assert_eq!(cards, ["A", "B", ""]);
    assert_eq!(code(bot.client.set_group_card(42, ZOE).await), RefusalCode::GroupNotFound);
    assert_eq!(code(bot.client.set_group_admin(42, ANN).await), RefusalCode::PermissionDenied);
    assert_eq!(code(bot.client.set_group_admin(43, ANN).await), RefusalCode::PermissionDenied);
    bot.see(|world| world.says_in_group(ANN, 42, "hi")).unwrap();
    assert_eq!(bot.told().await.len(), 1, "go-cqhttp knows the card that it has set");

    bot.see(|world| world.changes_card(ANN, 42, "Anna")).unwrap();
    assert!(bot.told().await.is_empty(), "it notices a card when the member speaks");
    bot.see(|world| world.says_in_group(ANN, 42, "hi")).unwrap();
    let told = bot.told().await;
    let card = json!({
        "post_type": "notice", "notice_type": "group_card", "group_id": 42, "user_id": ANN, "card_old": "A",
        "card_new": "Anna",
    });
    assert_eq!((&told[0], &told[1]["sender"]["card"]), (&card, &json!("Anna")));
    bot.see(|world| world.says_in_group(ANN, 42, "hi")).unwrap();
    assert_eq!(bot.told().await.len(), 1, "once");

    let mut bot = Bot::as_owner().await;
    bot.client.set_group_special_title(42, ANN).special_title("queen").await.unwrap();
    bot.client.set_group_special_title(42, ANN).special_title("x".repeat(19)).await.unwrap();
    bot.client.set_group_admin(42, ANN).await.unwrap();
    bot.client.set_group_admin(42, ANN).await.unwrap();
    bot.client.set_group_admin(42, ADMIN).enable(false).await.unwrap();
    let told = bot.told().await;
    let seen: Vec<_> = told.iter().map(|event| (&event["sub_type"], &event["user_id"])).collect();
    let (title, set, unset) = (json!("title"), json!("set"), json!("unset"));
    assert_eq!(seen, [(&title, &json!(ANN)), (&set, &json!(ANN)), (&unset, &json!(ADMIN))]);
    assert_eq!(
        (bot.knows(ANN).await.title.unwrap(), bot.knows(ANN).await.role),
        ("queen".into(), Some(GroupRole::Admin))
    );
    assert_eq!(bot.knows(ADMIN).await.role, Some(GroupRole::Member));
    assert_eq!(code(bot.client.set_group_admin(42, ZOE).await), RefusalCode::GroupMemberNotFound);

    let mut bot = Bot::as_member().await;
    bot.see(|world| world.sets_admin(OWNER, 42, BOT, true)).unwrap();
    assert_eq!((&bot.told().await[0]["user_id"], bot.knows(BOT).await.role), (&json!(BOT), Some(GroupRole::Admin)));
    bot.client.set_group_kick(42, ANN).await.unwrap();
    assert!(bot.see(|world| world.sets_admin(OWNER, 42, BOT, true)).is_err(), "it is one");
    assert!(bot.see(|world| world.sets_admin(ADMIN, 42, BOT, false)).is_err(), "only the owner does it");
}

#[tokio::test]
async fn notices_are_announced_and_taken_down() {
    let bot = Bot::as_admin().await;
    let sent = bot.client.send_group_notice(42, "Be kind.").await.unwrap().notice_id.unwrap();
    let notices = bot.client.get_group_notice(42).await.unwrap();
    assert_eq!((notice_text(&notices[0]), notices[0].sender_id), (Some("Be kind."), Some(BOT.into())));
    assert_eq!(notices[0].notice_id, sent);
    bot.client.del_group_notice(42, sent).await.unwrap();
    assert!(bot.client.get_group_notice(42).await.unwrap().is_empty());
    assert_eq!(code(bot.client.get_group_notice(43).await), RefusalCode::GetGroupNoticeFailed);

    let bot = Bot::as_member().await;
    assert_eq!(code(bot.client.send_group_notice(42, "mine").await), RefusalCode::PermissionDenied);
    assert_eq!(code(bot.client.del_group_notice(42, "x").await), RefusalCode::PermissionDenied);
    assert_eq!(code(bot.client.send_group_notice(43, "mine").await), RefusalCode::GroupNotFound);
}

#[tokio::test]
async fn what_is_uploaded_is_listed() {
    let mut bot = Bot::in_world(world(group().member(BOT)).disk("/data/march.pdf", 20480)).await;
    let (client, on_disk) = (bot.client.clone(), tempfile::NamedTempFile::new().unwrap());
    std::fs::write(&on_disk, "seven b").unwrap();
    client.create_group_file_folder(42, "talks").await.unwrap();
    assert_eq!(code(client.create_group_file_folder(42, "talks").await), RefusalCode::FileSystemApiError);
    let folder = client.get_group_root_files(42).await.unwrap().folders[0].folder_id.clone();
    client.upload_group_file(42, "/data/march.pdf", "march.pdf").folder(&folder).await.unwrap();
    client.upload_group_file(42, on_disk.path().to_str().unwrap(), "seven.txt").await.unwrap();
    let download = client.download_file("https://example.com/april.pdf").await.unwrap().file;
    client.upload_group_file(42, download, "april.pdf").await.unwrap();
    assert!(bot.told().await.is_empty(), "one's own uploads are own messages");

    let root = client.get_group_root_files(42).await.unwrap();
    let sizes: Vec<_> =
        root.files.iter().map(|file| (file.file_name.as_deref().unwrap(), file.file_size.unwrap())).collect();
    assert_eq!((sizes, root.folders[0].total_file_count), (vec![("seven.txt", 7), ("april.pdf", 0)], Some(1)));
    let inside = client.get_group_files_by_folder(42, &folder).await.unwrap();
    assert_eq!(
        (inside.files[0].file_name.as_deref(), inside.files[0].uploader_name.as_deref()),
        (Some("march.pdf"), Some("bot"))
    );
    let info = client.get_group_file_system_info(42).await.unwrap();
    assert_eq!((info.file_count, info.used_space), (3, Some(20487)));
    let file = &root.files[0];
    assert!(client.get_group_file_url(42, &file.file_id, file.busid.unwrap()).await.unwrap().url.is_some());

    client.delete_group_file(42, &file.file_id, file.busid.unwrap()).await.unwrap();
    let error = client.delete_group_file(42, &file.file_id, file.busid.unwrap()).await.unwrap_err();
    let Error::Refused(refused) = &error else { panic!("{error}") };
    assert_eq!((refused.retcode, error.code()), (200, Some(RefusalCode::FileSystemApiError)));
    assert_eq!(
        code(client.get_group_file_url(42, &file.file_id, file.busid.unwrap()).await),
        RefusalCode::FileSystemApiError
    );
    let by_folder = client.get_group_files_by_folder(42, "/").await.unwrap();
    assert_eq!(by_folder, client.get_group_root_files(42).await.unwrap());
    client.delete_group_folder(42, &folder).await.unwrap();
    assert_eq!(code(client.get_group_files_by_folder(42, &folder).await), RefusalCode::FileSystemApiError);
    assert_eq!(client.get_group_file_system_info(42).await.unwrap().file_count, 1);

    assert_eq!(code(client.upload_group_file(42, "/nowhere", "x").await), RefusalCode::FileNotFound);
    assert_eq!(code(client.upload_group_file(43, "/data/march.pdf", "x").await), RefusalCode::FileSystemApiError);
    let nowhere = client.upload_group_file(42, "/data/march.pdf", "x").folder("/none");
    assert_eq!(code(nowhere.await), RefusalCode::FileSystemUploadApiError);
    client.upload_private_file(ANN, "/data/march.pdf", "x").await.unwrap();
    assert_eq!(code(client.upload_private_file(ANN, "/nowhere", "x").await), RefusalCode::OpenFileError);
    let stranger = client.upload_private_file(ZOE, "/data/march.pdf", "x");
    assert_eq!(code(stranger.await), RefusalCode::FileSystemUploadApiError);
}

#[tokio::test]
async fn uploads_of_others_are_told_twice() {
    let mut bot = Bot::as_member().await;
    let id = bot.see(|world| world.uploads(ANN, 42, "march.pdf", 20480)).unwrap();
    bot.see(|world| world.sends_file(ANN, "april.pdf", 1)).unwrap();
    let told = bot.told().await;
    assert_eq!((&told[0]["notice_type"], &told[0]["file"]["id"]), (&json!("group_upload"), &json!(id)));
    assert_eq!((&told[1]["message"][0]["type"], &told[1]["message_type"]), (&json!("file"), &json!("group")));
    assert_eq!((&told[2]["notice_type"], &told[2]["file"]["name"]), (&json!("offline_file"), &json!("april.pdf")));
    assert_eq!(code(bot.client.delete_group_file(42, id, 102).await), RefusalCode::FileSystemApiError, "it is hers");
    assert!(bot.see(|world| world.sends_file(ZOE, "x", 1)).is_err());
    assert!(bot.see(|world| world.uploads(ZOE, 42, "x", 1)).is_err());
}

#[tokio::test]
async fn friend_requests_are_answered() {
    let mut bot = Bot::as_member().await;
    let flag = bot.see(|world| world.asks_to_be_friend(ZOE, "I am Zoe")).unwrap();
    let Event::FriendRequest(request) = (loop {
        match bot.events.next().await.unwrap().event {
            Event::Lifecycle(_) => {}
            event => break event,
        }
    }) else {
        panic!("no request")
    };
    assert_eq!((request.user_id, request.comment.as_deref()), (ZOE.into(), Some("I am Zoe")));
    assert_eq!(request.flag.as_str(), flag);
    bot.client.approve(&request).await.unwrap();
    assert_eq!(bot.told().await, [json!({ "post_type": "notice", "notice_type": "friend_add", "user_id": ZOE })]);
    assert!(bot.see(|world| world.is_friend(ZOE)));
    bot.client.send_private_msg(ZOE, "hello").await.unwrap();
    bot.client.approve(&request).await.expect("go-cqhttp does not say that it was answered");
    assert_eq!(code(bot.client.set_friend_add_request("5").await), RefusalCode::FlagNotFound);

    let flag = bot.see(|world| world.asks_to_be_friend(BEN, "")).unwrap();
    bot.client.set_friend_add_request(flag).approve(false).await.unwrap();
    assert!(!bot.see(|world| world.is_friend(BEN)));
    assert!(bot.see(|world| world.asks_to_be_friend(ANN, "")).is_err(), "she is one");
}

#[tokio::test]
async fn who_is_let_in_comes_in() {
    let mut bot = Bot::as_admin().await;
    let flag = bot.see(|world| world.asks_to_join(ZOE, 42, "let me in")).unwrap();
    let told = bot.told().await;
    assert_eq!(
        told,
        [json!({
            "post_type": "request", "request_type": "group", "sub_type": "add", "group_id": 42, "user_id": ZOE,
            "comment": "let me in", "flag": flag, "invitor_id": 0,
        })]
    );
    let pending = bot.client.get_group_system_msg().await.unwrap().join_requests;
    assert_eq!((pending[0].requester_nick.as_deref(), pending[0].checked), (Some("Zoe"), Some(false)));
    assert_eq!(code(bot.client.set_group_add_request(&*flag, "invite").await), RefusalCode::FlagNotFound);
    bot.client.set_group_add_request(&*flag, GroupRequestKind::Add).await.unwrap();
    let told = bot.told().await;
    assert_eq!((&told[0]["notice_type"], &told[0]["user_id"]), (&json!("group_increase"), &json!(ZOE)));
    assert!(bot.member(ZOE).is_some());
    assert_eq!(code(bot.client.set_group_add_request(&*flag, "add").await), RefusalCode::FlagHasBeenChecked);
    let checked = bot.client.get_group_system_msg().await.unwrap().join_requests;
    assert_eq!((checked[0].checked, checked[0].actor), (Some(true), Some(BOT.into())));

    let flag = bot.see(|world| world.asks_to_join(5, 42, "")).unwrap();
    bot.client.set_group_add_request(flag, "add").approve(false).reason("no").await.unwrap();
    assert!(bot.member(5).is_none());
    let bot = Bot::as_member().await;
    assert!(bot.see(|world| world.asks_to_join(ZOE, 42, "")).is_err(), "a mere member does not hear of it");
}

#[tokio::test]
async fn an_invitation_brings_the_bot_in() {
    let gophers = Group::new(43, "Gophers").owner(ZOE).not_joined();
    let mut bot = Bot::in_world(world(group().member(BOT)).group(gophers)).await;
    let flag = bot.see(|world| world.invites(ZOE, 43)).unwrap();
    let told = bot.told().await;
    assert_eq!((&told[0]["sub_type"], &told[0]["user_id"]), (&json!("invite"), &json!(ZOE)));
    let invited = bot.client.get_group_system_msg().await.unwrap().invited_requests;
    assert_eq!((invited[0].group_name.as_deref(), invited[0].invitor_nick.as_deref()), (Some("Gophers"), Some("Zoe")));
    bot.client.set_group_add_request(flag, "invite").await.unwrap();
    assert_eq!(bot.told().await[0]["user_id"], BOT);
    bot.client.send_group_msg(43, "hello").await.unwrap();
    assert!(bot.see(|world| world.invites(ZOE, 43)).is_err() && bot.see(|world| world.invites(ANN, 43)).is_err());
}

#[tokio::test]
async fn quick_operations_act_on_the_world() {
    let bot = Bot::as_admin().await;
    let act = |event: Value, operation: Value| bot.client.handle_quick_operation(event, operation);
    let said = bot.see(|world| world.says_in_group(ANN, 42, "spam")).unwrap();
    let event = json!({
        "post_type": "message", "message_type": "group", "group_id": 42, "user_id": ANN, "message_id": said,
        "anonymous": null, "sender": { "user_id": ANN },
    });
    act(event.clone(), json!({ "reply": "no &amp; no", "at_sender": true, "delete": true, "ban": true }))
        .await
        .unwrap();
    let reply = bot.see(|world| world.messages.last().unwrap().clone());
    assert!(reply.message.mentions(UserId::new(ANN)) && reply.message.plain_text() == "no & no");
    assert!(bot.see(|world| world.find_message(said).unwrap().recalled));
    assert!(bot.see(|world| world.says_in_group(ANN, 42, "mmh")).is_err());
    act(event.clone(), json!({ "ban": true, "ban_duration": 0 })).await.unwrap();
    bot.see(|world| world.says_in_group(ANN, 42, "free")).unwrap();
    act(event.clone(), json!({ "reply": "&amp;", "auto_escape": true })).await.unwrap();
    assert_eq!(bot.see(|world| world.messages.last().unwrap().message.plain_text()), "&amp;");
    act(event, json!({ "kick": true })).await.unwrap();
    assert!(bot.member(ANN).is_none());

    let private = json!({ "post_type": "message", "message_type": "private", "user_id": ANN, "message_id": 1 });
    act(private, json!({ "reply": "hello", "delete": true })).await.unwrap();
    assert_eq!(bot.see(|world| world.messages.last().unwrap().target_id), Some(ANN.into()));
    for (event, operation) in [
        (json!({ "post_type": "request", "request_type": "friend", "flag": "5" }), json!({ "approve": true })),
        (json!({ "post_type": "notice" }), json!({ "reply": "x" })),
    ] {
        act(event, operation).await.expect("always ok");
    }
    let flag = bot.see(|world| world.asks_to_join(ZOE, 42, "")).unwrap();
    let request = json!({ "post_type": "request", "request_type": "group", "sub_type": "add", "flag": flag });
    act(request.clone(), json!({})).await.unwrap();
    assert!(bot.member(ZOE).is_none());
    act(request, json!({ "approve": true })).await.unwrap();
    assert!(bot.member(ZOE).is_some());
}

#[tokio::test]
async fn handlers_come_before_the_world_and_examples_after_it() {
    let bot = Bot::as_admin().await;
    bot.server.on::<SetGroupKick>(|_| Err(refuse(RefusalCode::GroupNotFound)));
    assert_eq!(code(bot.client.set_group_kick(42, ANN).await), RefusalCode::GroupNotFound);
    assert!(bot.member(ANN).is_some());
    let version = bot.client.get_version_info().await.unwrap();
    assert_eq!(version.app_name, "go-cqhttp");

    // Without a world, everything is an example, until somebody asks for one.
    let server = MockServer::builder().self_id(77).start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    assert!(!client.get_friend_list().await.unwrap().is_empty());
    server.on::<GetLoginInfo>(|_| Err(refuse(RefusalCode::ApiError)));
    assert_eq!(server.world(|world| world.account.user_id), UserId::new(77));
    assert!(client.get_friend_list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_webhook_hears_of_the_world_and_its_answer_acts_on_it() {
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    // A bot of one handler: it answers each event with a reply.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(String::new()));
    let hearing = heard.clone();
    let posted = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}\n") {
            assert!(stream.read_buf(&mut request).await.unwrap() > 0);
        }
        *hearing.lock().unwrap() = String::from_utf8(request).unwrap();
        let body = r#"{"reply":"pong"}"#;
        let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(response.as_bytes()).await.unwrap();
    });
    let (called, mut calls) = tokio::sync::mpsc::unbounded_channel();
    let server = MockServer::builder().world(world(group().member(BOT)));
    let server = server.on_call(move |call| called.send(call.action.clone()).unwrap());
    let server = server.start().await.unwrap();
    server.webhook(Webhook::to(url).secret("s"));
    server.world(|world| world.says_in_group(ANN, 42, "ping")).unwrap();
    posted.await.unwrap();
    assert_eq!(calls.recv().await.as_deref(), Some("send_group_msg"));
    assert_eq!(calls.recv().await.as_deref(), Some(".handle_quick_operation"));
    let said = server.world(|world| world.messages.last().unwrap().clone());
    assert_eq!((said.user_id, said.message.plain_text().as_str()), (BOT.into(), "pong"));
    let heard = heard.lock().unwrap();
    assert!(heard.contains("X-Signature: sha1=") && heard.contains(&format!("X-Self-Id: {BOT}")), "{heard}");
}

/// The table in the module's documentation is complete.
#[test]
fn the_documentation_lists_what_a_world_answers() {
    let page = include_str!("../../src/mock/world.rs");
    let table = page.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let names = table.flat_map(|row| row.split(" | ").next().unwrap().split(", "));
    let listed: BTreeSet<_> = names.map(|name| name.trim_matches('`')).collect();
    assert_eq!(listed, World::ACTIONS.iter().copied().chain(World::DOWNLOADS).collect());
    assert!(listed.iter().all(|name| mock::action(name).is_some()));
}

#[tokio::test]
async fn a_world_comes_from_a_file() {
    let bot =
        Bot::in_world(World::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../src/mock/world/example.json")).unwrap())
            .await;
    assert_eq!(bot.client.get_group_list().await.unwrap()[0].group_name.as_deref(), Some("Rustaceans"));
    assert_eq!(bot.client.get_friend_list().await.unwrap()[0].remark.as_deref(), Some("Ann from work"));
    let ann = bot.knows(ANN).await;
    assert_eq!((ann.nickname.as_deref(), ann.card.as_deref()), (Some("Ann"), Some("Annie")));
    assert!(ann.join_time.unwrap().seconds() > 1_700_000_000);
    assert_eq!(bot.client.get_msg(7).await.unwrap().message.plain_text(), "hello, all");
    assert_eq!(bot.client.get_group_msg_history(42).await.unwrap().messages.len(), 1);
    let (ids, numbers): (Vec<_>, Vec<_>) =
        bot.see(|world| world.messages.iter().map(|said| (said.message_id.get(), said.message_seq.get())).unzip());
    assert_eq!((ids[0], ids.contains(&0), numbers), (7, false, vec![1, 1, 2]));
    assert_eq!(notice_text(&bot.client.get_group_notice(42).await.unwrap()[0]), Some("Be kind."));
    let talks = bot.client.get_group_files_by_folder(42, "/talks").await.unwrap();
    assert_eq!((talks.files[0].file_name.as_deref(), talks.files[0].uploader), (Some("march.pdf"), Some(ANN.into())));
    bot.client.upload_group_file(42, "/data/april.pdf", "april.pdf").await.unwrap();
    let pending = bot.client.get_group_system_msg().await.unwrap().join_requests;
    bot.client.set_group_add_request(&pending[0].request_id, "add").await.unwrap();
    assert!(bot.member(ZOE).is_some());
    let flag = bot.see(|world| world.friend_requests[0].flag.clone());
    bot.client.set_friend_add_request(flag).await.unwrap();
    assert!(bot.see(|world| world.is_friend(ZOE)));
    bot.see(|world| world.invites(ANN, 43)).expect("the account is not in it yet");
}

#[tokio::test]
async fn what_was_there_before_is_there() {
    let group = group().member(BOT).notice(OWNER, "Be kind.").folder("/talks", "talks", OWNER);
    let group =
        group.file(WorldFile::new("march.pdf", 20480, ANN).folder("/talks")).file(WorldFile::new("april.pdf", 1, ANN));
    let mut world = world(group);
    let said = world.says_in_group(ANN, 42, "before you came").unwrap();
    let flag = world.asks_to_be_friend(ZOE, "").unwrap();
    let mut bot = Bot::in_world(world).await;
    assert!(bot.told().await.is_empty(), "nobody was there to be told");
    assert_eq!(bot.client.get_msg(said).await.unwrap().message.plain_text(), "before you came");
    bot.client.set_friend_add_request(flag).await.unwrap();
    assert_eq!(bot.client.get_group_notice(42).await.unwrap()[0].sender_id, Some(OWNER.into()));
    let root = bot.client.get_group_root_files(42).await.unwrap();
    assert_eq!((root.files[0].file_name.as_deref(), root.folders[0].total_file_count), (Some("april.pdf"), Some(1)));
    assert_eq!(bot.client.get_group_files_by_folder(42, "/talks").await.unwrap().files[0].file_size, Some(20480));
}

/// Returns a message of Ann's that no call or event has created.
fn said_in_group(text: &str) -> StoredMessage {
    let mut said = StoredMessage::new(ANN, text);
    said.group_id = Some(42.into());
    said
}

/// The name is the one that go-cqhttp stores with the message.
#[tokio::test]
async fn a_message_keeps_the_name_that_its_sender_had() {
    let mut world = world(group().admin(Member::new(BOT, "bot").card("Robot")));
    world.messages.push(said_in_group("before"));
    let bot = Bot::in_world(world).await;
    let before = bot.see(|world| world.messages[0].message_id);
    let said = bot.see(|world| world.says_in_group(ANN, 42, "hi")).unwrap();
    let private = bot.see(|world| world.says_in_private(ANN, "hi")).unwrap();
    let sent = bot.client.send_group_msg(42, "hi").await.unwrap().message_id;
    bot.see(|world| world.changes_card(ANN, 42, "Anna")).unwrap();
    for (message, name) in [(before, "Annie"), (said, "Annie"), (private, "Ann"), (sent, "bot")] {
        assert_eq!(bot.client.get_msg(message).await.unwrap().sender.nickname.as_deref(), Some(name));
    }
}

#[tokio::test]
async fn what_is_put_into_a_world_that_runs_is_completed() {
    let bot = Bot::as_admin().await;
    bot.see(|world| {
        for _ in 0..2 {
            world.messages.push(said_in_group("hi"));
        }
        let group = world.find_group_mut(42).unwrap();
        group.files.push(WorldFile::new("march.pdf", 1, ANN));
    });
    let messages = bot.see(|world| world.messages.clone());
    let numbers: Vec<_> = messages.iter().map(|said| said.message_seq.get()).collect();
    assert_eq!(numbers, [1, 2]);
    assert!(messages[0].message_id.get() != 0 && messages[0].message_id != messages[1].message_id);
    assert!(messages[0].time.seconds() > 1_700_000_000);
    assert_eq!(bot.client.get_msg(messages[1].message_id).await.unwrap().message.plain_text(), "hi");
    assert!(bot.see(|world| !world.find_group(42).unwrap().files[0].file_id.as_str().is_empty()));
}

#[tokio::test]
async fn no_number_is_too_great_or_small() {
    let bot = Bot::as_admin().await;
    bot.see(|world| world.says_in_group(ANN, 42, "hi")).unwrap();
    for seq in [i64::MIN, i64::MAX] {
        let history = bot.client.get_group_msg_history(42).message_seq(seq).await.unwrap();
        assert!(history.messages.is_empty());
    }
    bot.see(|world| {
        world.messages[0].time = Timestamp::new(-1);
        world.messages[0].message_seq = MessageSeq::new(i64::MAX);
        world.advance(Duration::MAX);
        world.advance(Duration::MAX);
    });
    assert_eq!(bot.see(|world| world.now()), Timestamp::new(i64::MAX));
    bot.see(|world| world.mutes(OWNER, 42, ANN, Duration::MAX)).unwrap();
    let said = bot.see(|world| world.messages[0].message_id);
    bot.client.delete_msg(said).await.unwrap();
    bot.client.send_group_msg(42, "later").await.unwrap();
}

/// Returns the error of a world.
fn wrong(json: &str) -> String {
    let error = json.parse::<World>().expect_err("it is wrong");
    std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[test]
fn what_is_wrong_with_a_world_is_said_with_its_place() {
    let json = r#"{
  "friends": [
    { "user_id": 10010, "nickname": "me" },
    { "user_id": 7, "nickname": "Ann" }, { "user_id": 7, "nickname": "Ann" }
  ],
  "groups": [
    { "group_id": 42, "group_name": "A", "members": [
      { "user_id": 1, "role": "owner" }, { "user_id": 2, "role": "owner" },
      { "user_id": 2, "role": "chief" } ],
      "files": [{ "file_name": "x", "file_size": 1, "uploader": 1, "folder_id": "/none" }] },
    { "group_id": 42, "group_name": "B", "joined": false, "members": [{ "user_id": 10010 }] }
  ],
  "messages": [{ "group_id": 5, "user_id": 1, "message": "hi" }],
  "group_requests": [{ "sub_type": "ask", "group_id": 6, "user_id": 1 }]
}"#;
    let said = wrong(json);
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            "the world:3:18: `friends[0].user_id`: 10010 is the account itself",
            "the world:4:55: `friends[2].user_id`: 7 occurs twice",
            "the world:7:53: `groups[0].members`: the account 10010 is not in group 42; add it, or declare the group not joined: `\"joined\": false`, `Group::not_joined`",
            "the world:8:66: `groups[0].members[1].role`: the group has an owner already, 1",
            "the world:9:20: `groups[0].members[2].user_id`: 2 is in the group already",
            "the world:9:31: `groups[0].members[2].role`: `chief` is not one of owner, admin and member",
            "the world:10:81: `groups[0].files[0].folder_id`: there is no folder /none in the group",
            "the world:11:19: `groups[1].group_id`: 42 occurs twice",
            "the world:11:52: `groups[1].joined`: the account 10010 is among the members of group 42",
            "the world:13:30: `messages[0].group_id`: there is no group 5",
            "the world:14:36: `group_requests[0].sub_type`: `ask` is neither add nor invite",
            "the world:14:55: `group_requests[0].group_id`: there is no group 6",
        ]
    );

    for (json, part) in [
        (
            "{\n  \"groops\": []\n}",
            "the world:2:10: it cannot be read: unknown field `groops`, expected one of `account`",
        ),
        (r#"{"groups":[{"group_id":42}]}"#, "missing field `group_name`"),
        (
            r#"{"groups":[{"group_id":42,"group_name":5}]}"#,
            "`groups[0].group_name` cannot be read: invalid type: integer `5`",
        ),
        (
            r#"{"groups":[{"group_id":42,"group_name":"A","member":[]}]}"#,
            "`groups[0]` cannot be read: unknown field `member`, expected one of",
        ),
        ("{", "the world:1:1: it cannot be read: EOF"),
    ] {
        let said = wrong(json);
        assert!(said.contains(part), "{said}");
    }
    let error = World::read("/nowhere/world.json").unwrap_err();
    assert_eq!(error.to_string(), "/nowhere/world.json cannot be read");
}

#[tokio::test]
async fn a_world_that_cannot_be_does_not_start() {
    let world =
        World::new().group(Group::new(42, "A").owner(1).owner(2).member(BOT)).group(Group::new(43, "B").owner(1));
    let error = MockServer::builder().world(world).start().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "the world: `groups[0].members[1].role`: the group has an owner already, 1\n\
         the world: `groups[1].members`: the account 10010 is not in group 43; add it, or declare the group not joined: `\"joined\": false`, `Group::not_joined`"
    );
}

#[tokio::test]
async fn a_mute_can_be_asked_for() {
    let Bot { server, client, .. } = Bot::as_admin().await;
    assert!(!server.world(|world| world.is_muted(ANN, 42)));
    client.set_group_ban(42, ANN).duration(60).await.unwrap();
    assert!(server.world(|world| world.is_muted(ANN, 42) && !world.is_muted(BEN, 42) && !world.is_muted(ZOE, 7)));
    server.world(|world| world.advance(Duration::from_secs(61)));
    assert!(!server.world(|world| world.is_muted(ANN, 42)));
}

#[tokio::test]
#[should_panic(expected = "the world has another role for user 10086 in group 42")]
async fn a_role_that_the_world_has_otherwise_is_a_mistake() {
    let Bot { server, .. } = Bot::as_member().await;
    server.user(ADMIN).as_admin().says("hello").in_group(42);
    server.user(ANN).as_admin().says("hello").in_group(42);
}

#[test]
fn a_world_that_cannot_be_fails_a_test_readably() {
    let error = "{".parse::<World>().unwrap_err();
    assert!(format!("{error:?}").starts_with("the world:1:1: it cannot be read: EOF"), "{error:?}");
}
