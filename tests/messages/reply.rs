//! Answers to events, and messages to any chat, over the simulated server.

use std::error::Error as _;
use std::future::IntoFuture;
use std::time::Duration;

use cqhttp::action::{HandleQuickOperation, SendGuildChannelMsg, SendMsg, SetFriendAddRequest, SetGroupAddRequest};
use cqhttp::event::{
    FriendRequest, FriendRequestOperation, GroupMessage, GroupMessageOperation, GroupRequest, GroupRequestOperation,
    GuildMessage, PrivateMessage, PrivateMessageOperation,
};
use cqhttp::mock::{self, Fault, MockServer, Via, refuse, refuse_as};
use cqhttp::types::SentMessage;
use cqhttp::{Chat, Client, Error, Event, ForwardNode, GroupId, Message, MessageId, RefusalCode, Target, UserId};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const QUICK: Duration = Duration::from_millis(50);

async fn server() -> (MockServer, Client) {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    (server, client)
}

/// The last call of the bot.
fn last(server: &MockServer) -> (String, Value) {
    let call = server.calls().into_iter().rfind(|call| call.via != Via::QuickOperation).unwrap();
    (call.action, call.params)
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "data": { "text": text } })
}

fn event(name: &str) -> Event {
    mock::events().find(|info| info.name == name).unwrap().example.parse().unwrap()
}

fn private() -> PrivateMessage {
    PrivateMessage::example()
}

fn temporary() -> PrivateMessage {
    let mut message = private();
    message.sub_type = "group".into();
    message.sender.group_id = Some(GroupId::new(10001000));
    message
}

fn anonymous() -> GroupMessage {
    let mut json = serde_json::to_value(GroupMessage::example()).unwrap();
    json["anonymous"] = json!({ "id": 80000000, "name": "大力鬼王", "flag": "x" });
    json["sub_type"] = json!("anonymous");
    json["user_id"] = json!(80000000);
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn a_message_goes_anywhere() {
    let (server, client) = server().await;
    let hi = || json!([text("hi")]);
    let user = json!({ "message_type": "private", "user_id": 10086, "message": hi(), "auto_escape": false });
    let group = json!({ "message_type": "group", "group_id": 10001000, "message": hi(), "auto_escape": false });
    let temp = json!({ "message_type": "private", "user_id": 10086, "group_id": 10001000, "message": hi(), "auto_escape": false });
    let temporary = Target::Temp { user: UserId::new(10086), group: GroupId::new(10001000) };
    for (chat, params) in [
        (Chat::from(UserId::new(10086)), user),
        (Chat::from(GroupId::new(10001000)), group),
        (Chat::from(temporary), temp),
    ] {
        let sent = client.send(chat, "hi").await.unwrap();
        assert_eq!(last(&server), ("send_msg".into(), params));
        assert!(sent.message_id.is_some() && sent.guild_message_id.is_none(), "{sent:?}");
        assert_eq!(chat.target().map(Chat::from), Some(chat));
    }
    let channel = Chat::channel(6000001000000001, 1000001);
    let sent = client.send(channel, Message::text("hi").build()).await.unwrap();
    let (action, params) = last(&server);
    assert_eq!(action, "send_guild_channel_msg");
    assert_eq!(params, json!({ "guild_id": "6000001000000001", "channel_id": "1000001", "message": hi() }));
    assert!(sent.message_id.is_none() && sent.guild_message_id.is_some(), "{sent:?}");
    assert_eq!(channel.target(), None);
}

#[tokio::test]
async fn text_goes_out_as_text() {
    let (server, client) = server().await;
    client.send(UserId::new(10086), "[CQ:at,qq=all]").await.unwrap();
    assert_eq!(last(&server).1["message"], json!([text("[CQ:at,qq=all]")]));
    client.send(UserId::new(10086), Message::cq("[CQ:at,qq=1]")).await.unwrap();
    assert_eq!(last(&server).1["message"], json!([{ "type": "at", "data": { "qq": "1" } }]));
}

/// The message ids 0 and -1 name no message.
#[tokio::test]
async fn an_id_that_stands_for_no_message_is_none() {
    let (server, client) = server().await;
    for (id, expected) in [(0, None), (-1, None), (-2, Some(-2)), (7, Some(7))] {
        server.on::<SendMsg>(move |_| {
            let mut sent = SentMessage::example();
            sent.message_id = MessageId::new(id);
            Ok(sent)
        });
        let sent = client.send(UserId::new(10086), "hi").await.unwrap();
        assert_eq!(sent.message_id.map(MessageId::get), expected);
        let sent = client.reply(&private(), "hi").await.unwrap();
        assert_eq!(sent.message_id.map(MessageId::get), expected);
    }
}

#[tokio::test]
async fn a_refusal_is_passed_on() {
    let (server, client) = server().await;
    server.on::<SendMsg>(|_| Err(refuse(RefusalCode::GroupNotFound)));
    server.on::<SendGuildChannelMsg>(|_| Err(refuse(RefusalCode::NotManageable)));
    let error = client.send(GroupId::new(1), "hi").await.unwrap_err();
    assert_eq!((error.action(), error.code()), ("send_msg", Some(RefusalCode::GroupNotFound)));
    let error = client.reply(&event("GuildMessage"), "hi").await.unwrap_err();
    assert_eq!((error.action(), error.code()), ("send_guild_channel_msg", Some(RefusalCode::NotManageable)));
}

#[tokio::test]
async fn forwards_go_where_forwards_can() {
    let (server, client) = server().await;
    let nodes = || vec![ForwardNode::message(7), ForwardNode::custom(10086, "小明", "hi")];
    client.send_forward(GroupId::new(10001000), nodes()).await.unwrap();
    let (action, params) = last(&server);
    assert_eq!(action, "send_forward_msg");
    assert_eq!((&params["message_type"], &params["group_id"]), (&json!("group"), &json!(10001000)));
    assert_eq!(params["messages"].as_array().unwrap().len(), 2);
    client.send_forward(UserId::new(10086), nodes()).await.unwrap();
    assert_eq!(last(&server).1["user_id"], 10086);
    let target = event("GroupMessage").target().and_then(Chat::target).unwrap();
    client.send_forward(target, nodes()).within(Duration::from_secs(5)).await.unwrap();
    assert_eq!(last(&server).1["group_id"], 10001000);
}

#[tokio::test]
async fn an_answer_quotes_and_mentions_where_that_can_be() {
    let (server, client) = server().await;
    let quote = |id: MessageId| json!({ "type": "reply", "data": { "id": id.to_string() } });
    let at = |user: &str| json!({ "type": "at", "data": { "qq": user } });
    let group = GroupMessage::example();
    let mut not_stored = GroupMessage::example();
    not_stored.message_id = MessageId::new(-1);
    let guild = GuildMessage::example();
    let masked = anonymous();
    let joined = event("GroupIncrease");
    let mut own = GroupMessage::example();
    own.user_id = own.self_id;
    let own = Event::GroupMessageSent(own.into());
    let mut muted = event("GroupBan");
    if let Event::GroupBan(ban) = &mut muted {
        ban.user_id = UserId::new(0);
    }

    let pong = || text("pong");
    let cases: Vec<(&str, cqhttp::ReplyCall, Value)> = vec![
        ("private", client.reply(&private(), "pong"), json!([quote(private().message_id), pong()])),
        ("temporary", client.reply(&temporary(), "pong"), json!([pong()])),
        ("group", client.reply(&group, "pong"), json!([quote(group.message_id), at("10086"), text(" "), pong()])),
        ("not stored", client.reply(&not_stored, "pong"), json!([at("10086"), text(" "), pong()])),
        ("anonymous", client.reply(&masked, "pong"), json!([quote(masked.message_id), pong()])),
        ("guild", client.reply(&guild, "pong"), json!([at("144115218000000001"), text(" "), pong()])),
        ("joined", client.reply(&joined, "pong"), json!([at("10086"), text(" "), pong()])),
        ("nobody", client.reply(&muted, "pong"), json!([pong()])),
        ("own", client.reply(&own, "pong"), json!([quote(group.message_id), at("10010"), text(" "), pong()])),
        ("friend", client.reply(&event("FriendAdd"), "pong"), json!([pong()])),
    ];
    for (name, call, expected) in cases {
        let call = call.quote().at_sender();
        assert_eq!(serde_json::to_value(call.message()).unwrap(), expected, "{name}");
        call.await.unwrap();
        assert_eq!(last(&server).1["message"], expected, "{name}");
    }
    // Nobody asked for either.
    client.reply(&group, "pong").await.unwrap();
    assert_eq!(last(&server).1["message"], json!([pong()]));
    // In whatever order.
    let call = client.reply(&group, "pong").at_sender().quote();
    assert_eq!(call.message()[0].kind(), "reply");
}

/// A mention of 0 would mention everyone.
#[tokio::test]
async fn nobody_is_not_mentioned_as_everyone() {
    let (_server, client) = server().await;
    let mut group = GroupMessage::example();
    group.user_id = UserId::new(0);
    let mut guild = GuildMessage::example();
    guild.user_id = 0.into();
    for event in [Event::from(group), guild.into()] {
        let message = client.reply(&event, "pong").at_sender().message();
        assert_eq!(message, Message::from("pong"), "{event:?}");
    }
}

/// The event, a view of it and the message itself give the same answer.
#[tokio::test]
async fn every_view_of_an_event_is_answered_alike() {
    let (server, client) = server().await;
    for event in [
        Event::PrivateMessage(private().into()),
        Event::PrivateMessage(temporary().into()),
        Event::GroupMessage(GroupMessage::example().into()),
        Event::GroupMessage(anonymous().into()),
        Event::GuildMessage(GuildMessage::example().into()),
    ] {
        client.reply(&event, "pong").quote().at_sender().await.unwrap();
        let whole = last(&server);
        client.reply(event.as_message().unwrap(), "pong").quote().at_sender().await.unwrap();
        assert_eq!(last(&server), whole);
        match &event {
            Event::PrivateMessage(message) => client.reply(message, "pong").quote().at_sender().await.unwrap(),
            Event::GroupMessage(message) => client.reply(message, "pong").quote().at_sender().await.unwrap(),
            Event::GuildMessage(message) => client.reply(message, "pong").quote().at_sender().await.unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(last(&server), whole);
    }
    client.reply(&temporary(), "pong").await.unwrap();
    let (_, params) = last(&server);
    assert_eq!((&params["user_id"], &params["group_id"]), (&json!(10086), &json!(10001000)));
    // An own message is answered in its chat, not to oneself.
    client.reply(&event("PrivateMessageSent"), "pong").await.unwrap();
    assert_eq!(last(&server).1["user_id"], 10086);
}

#[tokio::test]
async fn what_happened_nowhere_has_no_answer() {
    let (server, client) = server().await;
    for name in ["Heartbeat", "Lifecycle", "BotOffline"] {
        let error = client.reply(&event(name), "pong").quote().at_sender().await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)), "{error:?}");
        assert_eq!(error.action(), "send_msg");
        let why = error.source().unwrap().to_string();
        assert_eq!(why, "the event has no `target`, a chat that an answer could be sent to");
    }
    let unknown: Event = r#"{"post_type":"odd","group_id":0}"#.parse().unwrap();
    assert!(matches!(client.reply(&unknown, "pong").await, Err(Error::NotSent(_))));
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_answered_where_it_happened() {
    let (server, client) = server().await;
    let unknown: Event =
        r#"{"post_type":"message","message_type":"group","message_id":7,"group_id":10001000}"#.parse().unwrap();
    assert!(matches!(&unknown, Event::Unknown(unknown) if unknown.error.is_some()), "{unknown:?}");
    client.reply(&unknown, "pong").quote().await.unwrap();
    let (_, params) = last(&server);
    assert_eq!(params["group_id"], 10001000);
    assert_eq!(params["message"][0], json!({ "type": "reply", "data": { "id": "7" } }));

    // An id of another form cannot be quoted.
    let unknown: Event = r#"{"post_type":"message","message_type":"group","group_id":"10001000","user_id":"10086",
        "message_id":"H6oYlHh+63gAAXkXCGrChWSDAE0B"}"#
        .parse()
        .unwrap();
    assert!(matches!(&unknown, Event::Unknown(unknown) if unknown.user_id == Some(UserId::new(10086))), "{unknown:?}");
    client.reply(&unknown, "pong").quote().await.unwrap();
    let (_, params) = last(&server);
    assert_eq!(params["group_id"], 10001000);
    assert_eq!(params["message"], json!([text("pong")]));
}

#[tokio::test]
async fn requests_are_approved_and_rejected() {
    let (server, client) = server().await;
    let friend = FriendRequest::example();
    client.approve(&friend).remark("bot's friend").await.unwrap();
    let params = json!({ "flag": friend.flag, "approve": true, "remark": "bot's friend" });
    assert_eq!(last(&server), ("set_friend_add_request".into(), params));
    client.reject(&friend).await.unwrap();
    assert_eq!(last(&server).1["approve"], false);

    for sub_type in ["add", "invite", "odd"] {
        let mut group = GroupRequest::example();
        group.sub_type = sub_type.into();
        client.reject(&group).reason("members only").await.unwrap();
        let (action, params) = last(&server);
        assert_eq!(action, "set_group_add_request");
        assert_eq!(params["flag"], json!(group.flag));
        assert_eq!(params["sub_type"], sub_type);
        assert_eq!((&params["approve"], &params["reason"]), (&json!(false), &json!("members only")));
        client.approve(&group).await.unwrap();
        assert_eq!(last(&server).1["approve"], true);
    }
}

#[tokio::test]
async fn a_request_of_either_kind_is_answered_through_the_event() {
    let (server, client) = server().await;
    for (name, action) in [("FriendRequest", "set_friend_add_request"), ("GroupRequest", "set_group_add_request")] {
        let event = event(name);
        match &event {
            Event::FriendRequest(request) => client.approve(request).remark("x").await.unwrap(),
            Event::GroupRequest(request) => client.approve(request).reason("x").await.unwrap(),
            other => panic!("{other:?}"),
        }
        let typed = last(&server);
        assert_eq!(typed.0, action);
        client.approve(event.as_request().unwrap()).within(Duration::from_secs(5)).await.unwrap();
        let (through, mut params) = last(&server);
        assert_eq!(through, action);
        for name in ["remark", "reason"] {
            if let Some(text) = typed.1.get(name) {
                params[name] = text.clone();
            }
        }
        assert_eq!(params, typed.1);
        client.reject(event.as_request().unwrap()).await.unwrap();
        assert_eq!(last(&server).1["approve"], false);
    }
    server.on::<SetFriendAddRequest>(|_| Err(refuse(RefusalCode::NotManageable)));
    server.on::<SetGroupAddRequest>(|_| Err(refuse(RefusalCode::NotManageable)));
    for name in ["FriendRequest", "GroupRequest"] {
        let error = client.approve(event(name).as_request().unwrap()).await.unwrap_err();
        assert_eq!(error.code(), Some(RefusalCode::NotManageable), "{error}");
    }
    assert!(event("GroupMessage").as_request().is_none());
}

#[tokio::test]
async fn quick_operations_name_the_event_and_what_to_do() {
    let (server, client) = server().await;
    let message = GroupMessage::example();
    let mute = GroupMessageOperation::new().ban(true).ban_duration(60);
    client.call(HandleQuickOperation::on(&message, &mute)).await.unwrap();
    let (action, params) = last(&server);
    assert!(action.ends_with("handle_quick_operation"), "{action}");
    assert_eq!(params["context"], serde_json::to_value(&message).unwrap());
    assert_eq!(params["context"]["post_type"], "message");
    assert_eq!(params["operation"], serde_json::to_value(&mute).unwrap());
    assert_eq!(params["operation"]["ban_duration"], 60);

    // As a match on an event gives it.
    let event = Event::GroupMessage(message.clone().into());
    let Event::GroupMessage(boxed) = &event else { panic!("{event:?}") };
    assert_eq!(HandleQuickOperation::on(boxed, &mute), HandleQuickOperation::on(&message, &mute));

    let answer = PrivateMessageOperation::new().reply("pong");
    client.call(HandleQuickOperation::on(&private(), &answer)).await.unwrap();
    assert_eq!(last(&server).1["operation"]["reply"], json!([text("pong")]));
    let accept = FriendRequestOperation::new().approve(true);
    client.call(HandleQuickOperation::on(&FriendRequest::example(), &accept)).await.unwrap();
    let (_, params) = last(&server);
    assert_eq!((&params["context"]["request_type"], &params["operation"]["approve"]), (&json!("friend"), &json!(true)));
    let reject = GroupRequestOperation::new().approve(false).reason("no");
    client.call(HandleQuickOperation::on(&GroupRequest::example(), &reject)).await.unwrap();
    assert_eq!(last(&server).1["operation"], json!({ "approve": false, "reason": "no" }));
}

/// Half a character or too deep a list cannot be a JSON value; the fields that identify the event are sent nevertheless.
#[tokio::test]
async fn a_quick_operation_names_its_event_whatever_was_said() {
    let (server, client) = server().await;
    for odd in [r#""\ud83d""#.to_owned(), format!("{}{}", "[".repeat(500), "]".repeat(500))] {
        let mut message = GroupMessage::example();
        message.message = serde_json::from_str(&format!(r#"[{{"type":"odd","data":{{"x":{odd}}}}}]"#)).unwrap();
        client.call(HandleQuickOperation::on(&message, &GroupMessageOperation::new().delete(true))).await.unwrap();
        let (_, params) = last(&server);
        assert_eq!(params["context"]["message_id"], json!(message.message_id));
        assert_eq!(params["context"]["post_type"], "message");
        assert_eq!(params["operation"]["delete"], true);
    }
}

fn is_send<T: Send + 'static>(_: &T) {}

#[tokio::test]
async fn every_call_can_be_spawned() {
    let (server, client) = server().await;
    let group = GroupMessage::example();
    let send = client.send(group.group_id, "hi");
    let reply = client.reply(&group, "hi").quote();
    let approve = client.approve(&FriendRequest::example());
    let request = event("GroupRequest");
    let either = client.approve(request.as_request().unwrap());
    is_send(&send);
    is_send(&reply);
    is_send(&approve);
    is_send(&either);
    is_send(&send.clone().into_future());
    let calls = [
        tokio::spawn(async move { send.await.map(drop) }),
        tokio::spawn(async move { reply.await.map(drop) }),
        tokio::spawn(async move { approve.await }),
        tokio::spawn(async move { either.await }),
    ];
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.calls().len(), 4);
}

/// The server accepts the call and never answers.
#[tokio::test]
async fn a_time_limit_of_its_own_is_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::builder(url).build().unwrap();
    let message = GroupMessage::example();
    for error in [
        client.send(message.group_id, "hi").within(QUICK).await.unwrap_err(),
        client.send(Chat::channel(1, 2), "hi").within(QUICK).await.unwrap_err(),
        client.reply(&message, "hi").within(QUICK).quote().await.unwrap_err(),
        client.approve(event("FriendRequest").as_request().unwrap()).within(QUICK).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
    }
}

/// The value inside a variant is answered like the whole event.
#[tokio::test]
async fn a_typed_notice_is_answered_like_its_event() {
    let (server, client) = server().await;
    let whole = event("GroupIncrease");
    let Event::GroupIncrease(joined) = &whole else { panic!("{whole:?}") };
    client.reply(&whole, "welcome").at_sender().await.unwrap();
    let expected = last(&server);
    client.reply(joined, "welcome").at_sender().await.unwrap();
    assert_eq!(last(&server), expected);
    assert_eq!(expected.1["group_id"], joined.group_id.get());
    assert_eq!(expected.1["message"][0]["data"]["qq"], joined.user_id.to_string());

    let Event::ChannelCreated(created) = event("ChannelCreated") else { panic!("it is one") };
    client.reply(&created, "a new one").await.unwrap();
    assert_eq!(last(&server).0, "send_guild_channel_msg");
}

#[tokio::test]
async fn the_text_of_the_answer_is_there_on_demand() {
    let (server, client) = server().await;
    let answer = |data: &str| Fault::Text(format!(r#"{{"status":"ok","retcode":0,"data":{data},"of_this_server":1}}"#));
    server.faults(move |_: &mock::ReceivedCall| answer(r#"{"message_id":7,"res_id":"abc"}"#));
    let sent = client.send(GroupId::new(42), "hi").with_raw().await.unwrap();
    assert_eq!((sent.answer.message_id, &sent.answer.guild_message_id), (Some(MessageId::new(7)), &None));
    assert!(sent.text().contains(r#""res_id":"abc""#) && sent.text().contains("of_this_server"), "{}", sent.text());
    let group = GroupMessage::example();
    let reply = client.reply(&group, "pong").quote().within(Duration::from_secs(9)).with_raw().await.unwrap();
    assert!(reply.text().contains("of_this_server"));
    assert_eq!(last(&server).1["message"][0]["type"], "reply");

    let answer = |data: &str| Fault::Text(format!(r#"{{"status":"ok","retcode":0,"data":{data}}}"#));
    server.faults(move |_: &mock::ReceivedCall| answer(r#"{"message_id":"BAC","x":1}"#));
    let sent = client.reply(&GuildMessage::example(), "pong").with_raw().await.unwrap();
    assert!(sent.answer.guild_message_id.is_some() && sent.text().contains(r#""x":1"#));
    let nowhere = client.reply(&event("Heartbeat"), "pong").with_raw().await.unwrap_err();
    assert!(matches!(nowhere, Error::NotSent(_)));
}

#[tokio::test]
async fn the_words_of_the_server_are_those_of_the_error() {
    let (server, client) = server().await;
    server.on::<SendMsg>(|_| Err(refuse_as(1200, "当前处于被禁言状态")));
    let error = client.send(GroupId::new(42), "hi").await.unwrap_err();
    assert_eq!((error.retcode(), error.explanation()), (Some(1200), Some("当前处于被禁言状态")));
    assert_eq!((error.refusal(), error.code()), (Some(cqhttp::RefusalKind::BotMuted), None));
    server.stop().await;
    assert_eq!(client.send(GroupId::new(42), "hi").await.unwrap_err().explanation(), None);
}
