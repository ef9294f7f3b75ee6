//! Merged forwards: the requests, and the answers of each server.

use cqhttp::action::GetForwardMsgResponse;
use cqhttp::forward::{ForwardContent, NodeBody};
use cqhttp::{ForwardNode, ForwardedMessage, GroupId, Message, MessageId, Timestamp, UserId};
use serde_json::{Value, json};

fn write(node: &ForwardNode) -> Value {
    serde_json::to_value(node).unwrap()
}

fn read(node: Value) -> ForwardNode {
    serde_json::from_value(node).unwrap()
}

fn received(message: Value) -> ForwardedMessage {
    serde_json::from_value(message).unwrap()
}

fn text(text: &str) -> Value {
    json!([{ "type": "text", "data": { "text": text } }])
}

fn hello() -> ForwardNode {
    ForwardNode::custom(10086, "小明", "你好")
}

fn nodes<N>(content: ForwardContent<N>) -> Vec<N> {
    match content {
        ForwardContent::Nodes(nodes) => nodes,
        _ => panic!("a message where nodes are expected"),
    }
}

/// The answer of `get_forward_msg` if the server sends this as `data`.
fn answer(data: Value) -> Vec<ForwardedMessage> {
    serde_json::from_str::<GetForwardMsgResponse>(&data.to_string()).unwrap().messages
}

#[test]
fn a_node_names_a_message_by_its_id_as_text() {
    let node = ForwardNode::message(MessageId::new(-1234500000));
    assert_eq!(write(&node), json!({ "type": "node", "data": { "id": "-1234500000" } }));
}

#[test]
fn a_custom_node_says_sender_and_name_in_both_spellings() {
    assert_eq!(
        write(&hello()),
        json!({
            "type": "node",
            "data": { "user_id": "10086", "uin": "10086", "name": "小明", "nickname": "小明", "content": text("你好") }
        })
    );
    let cq = ForwardNode::custom(10086, "小明", Message::cq("[CQ:face,id=1]"));
    assert_eq!(write(&cq)["data"]["content"], json!([{ "type": "face", "data": { "id": "1" } }]));
}

#[test]
fn a_nested_forward_is_a_node_whose_content_is_nodes() {
    let node = ForwardNode::nested(10010, "小红", [hello(), ForwardNode::message(7)]);
    assert_eq!(write(&node)["data"]["content"], json!([write(&hello()), write(&ForwardNode::message(7))]));
}

#[test]
fn what_is_not_set_is_left_out_and_nothing_is_null() {
    let node = hello().field("prompt", Value::Null).field("summary", "旧消息");
    let sent = write(&node);
    assert_eq!(sent["data"]["summary"], "旧消息");
    let names: Vec<&str> = sent["data"].as_object().unwrap().keys().map(String::as_str).collect();
    assert!(!names.contains(&"prompt") && !names.contains(&"time") && !names.contains(&"id"), "{names:?}");
    assert_eq!(write(&hello().time(1700000000))["data"]["time"], 1700000000);
}

#[test]
fn further_fields_do_not_replace_what_the_node_says() {
    let sent = write(&hello().field("name", "小红").field("id", "7").field("news", json!([{ "text": "一" }])));
    assert_eq!(sent["data"]["name"], "小明");
    assert!(sent["data"].get("id").is_none(), "an `id` would make it another message");
    assert_eq!(sent["data"]["news"], json!([{ "text": "一" }]));
}

#[test]
fn every_node_is_read_back_as_it_was_written() {
    let nodes = [
        ForwardNode::message(-7),
        ForwardNode::message(7).time(1700000000).field("x", json!({ "null": null })),
        hello(),
        ForwardNode::custom(10086, "", Message::cq("")),
        ForwardNode::custom(10086, "小明", Message::cq("[CQ:face,id=1]")).time(Timestamp::new(0)),
        ForwardNode::nested(10010, "小红", [hello(), ForwardNode::nested(1, "a", [ForwardNode::message(7)])]),
        hello().field("seq", 3).field("message_style", json!({ "bubble_id": [1, null] })),
    ];
    for node in nodes {
        assert_eq!(read(write(&node)), node);
        let text = serde_json::to_string(&node).unwrap();
        assert_eq!(serde_json::from_str::<ForwardNode>(&text).unwrap(), node, "{text}");
    }
}

#[test]
fn a_node_is_read_under_any_of_its_names_with_digits_for_numbers() {
    let v11 = json!({ "type": "node", "data": { "user_id": "10086", "nickname": "小明", "content": text("你好") } });
    let go_cqhttp = json!({ "type": "node", "data": { "uin": 10086, "name": "小明", "content": text("你好") } });
    let both = json!({
        "type": "node",
        "data": { "user_id": null, "uin": "10086", "name": "", "nickname": "小明", "content": text("你好"), "id": null }
    });
    for node in [v11, go_cqhttp, both] {
        assert_eq!(read(node), hello());
    }
    let timed = json!({ "type": "node", "data": { "id": 7, "time": "1700000000" } });
    assert_eq!(read(timed), ForwardNode::message(7).time(1700000000));
}

#[test]
fn an_id_wins_over_a_sender_and_the_rest_is_kept() {
    let node = json!({ "type": "node", "data": { "id": "7", "name": "小明", "content": text("你好") } });
    let kept = read(node.clone());
    assert_eq!(kept.body, NodeBody::Message(MessageId::new(7)));
    assert_eq!(write(&kept), node);
}

#[test]
fn nodes_among_segments_stay_a_message() {
    let mixed = json!([{ "type": "text", "data": { "text": "a" } }, write(&hello())]);
    let node = read(json!({ "type": "node", "data": { "uin": "1", "name": "a", "content": mixed } }));
    assert_eq!(write(&node)["data"]["content"], mixed);
    let NodeBody::Custom { content: ForwardContent::Message(message), .. } = node.body else { panic!("{node:?}") };
    assert_eq!(message.len(), 2);
}

#[test]
fn what_is_no_node_is_refused_with_the_field() {
    for (node, fault) in [
        (json!({ "type": "text", "data": { "text": "a" } }), "not a node segment"),
        (json!({ "type": "node" }), "not a node segment"),
        (json!({ "type": "node", "data": {} }), "`user_id`"),
        (json!({ "type": "node", "data": { "uin": 1, "content": "a" } }), "`name`"),
        (json!({ "type": "node", "data": { "uin": 1, "name": "a" } }), "`content`"),
        (json!({ "type": "node", "data": { "id": "a" } }), "`id`"),
        (json!({ "type": "node", "data": { "uin": 1, "name": "a", "content": [{ "data": {} }] } }), "`content`"),
    ] {
        let error = serde_json::from_value::<ForwardNode>(node.clone()).unwrap_err().to_string();
        assert!(error.contains(fault), "{node}: {error}");
    }
}

#[test]
fn go_cqhttp_answers_with_segments_text_or_the_nodes_of_one_forward() {
    let sender = json!({ "user_id": 10086, "nickname": "小明" });
    let messages = answer(json!({ "messages": [
        { "sender": sender, "time": 1700000000, "content": text("你好"), "group_id": 10001000 },
        { "sender": sender, "time": 1700000001, "content": "[CQ:face,id=1]", "group_id": 0 },
        { "sender": sender, "time": 1700000002, "group_id": 0, "content": [
            { "sender": sender, "time": 1700000000, "content": text("里面"), "group_id": 0 }
        ] },
        { "sender": sender, "time": 1700000003, "content": [], "group_id": 0 }
    ] }));
    assert_eq!(messages[0].sender.user_id, Some(UserId::new(10086)));
    assert_eq!(messages[0].time, Some(Timestamp::new(1700000000)));
    assert_eq!(messages[0].group_id, Some(GroupId::new(10001000)));
    assert_eq!(messages[0].content, ForwardContent::Message("你好".into()));
    assert_eq!(messages[1].content, ForwardContent::Message(Message::cq("[CQ:face,id=1]")));
    assert_eq!(nodes(messages[2].content.clone())[0].content, ForwardContent::Message("里面".into()));
    assert_eq!(messages[3].content, ForwardContent::Message(Message::from_json(json!([])).unwrap()));
}

#[test]
fn napcat_answers_with_whole_message_events() {
    let event = |message: Value| {
        json!({
            "self_id": 10000, "user_id": 10086, "time": 1700000000, "message_id": 123, "message_seq": 123,
            "message_type": "group", "sub_type": "normal", "post_type": "message", "font": 14, "group_id": 10001000,
            "sender": { "user_id": 10086, "nickname": "小明", "card": "", "role": "member" },
            "raw_message": "你好", "message_format": "array", "message": message
        })
    };
    let inner = json!([{ "type": "forward", "data": { "id": "124", "content": [event(text("里面"))] } }]);
    let messages = answer(json!({ "messages": [event(text("你好")), event(inner.clone())] }));
    assert_eq!(messages[0].sender.nickname.as_deref(), Some("小明"));
    assert_eq!(messages[0].message_id, Some(MessageId::new(123)));
    assert_eq!(messages[0].content, ForwardContent::Message("你好".into()));
    // A forward inside is a segment there, whose content is left as it came.
    let ForwardContent::Message(message) = &messages[1].content else { panic!("{messages:?}") };
    assert_eq!(json!(message), inner);
}

#[test]
fn llonebot_answers_without_a_group() {
    let messages = answer(json!({ "messages": [{
        "content": text("你好"), "sender": { "nickname": "小明", "user_id": 10086 }, "time": 1700000000,
        "message_format": "array", "message_type": "group"
    }] }));
    assert_eq!(messages[0].group_id, None);
    assert_eq!(messages[0].content, ForwardContent::Message("你好".into()));
}

#[test]
fn lagrange_answers_with_node_segments_under_another_name() {
    let forward = json!([{ "type": "forward", "data": { "id": "XyZ" } }]);
    let messages = answer(json!({ "message": [
        { "type": "node", "data": { "user_id": "10086", "nickname": "", "content": text("你好") } },
        { "type": "node", "data": { "user_id": "10086", "nickname": "小明", "content": forward } },
        { "type": "node", "data": { "user_id": "10086", "nickname": "小明", "content": [
            { "type": "node", "data": { "user_id": "10010", "nickname": "小红", "content": text("里面") } }
        ] } }
    ] }));
    assert_eq!(
        (messages[0].sender.user_id, messages[0].sender.nickname.as_deref()),
        (Some(UserId::new(10086)), Some(""))
    );
    assert_eq!(messages[0].time, None);
    assert_eq!(messages[0].content, ForwardContent::Message("你好".into()));
    assert_eq!(messages[1].content, ForwardContent::Message(Message::from_json(forward).unwrap()));
    assert_eq!(nodes(messages[2].content.clone())[0].sender.nickname.as_deref(), Some("小红"));
}

#[test]
fn a_received_message_is_read_back_as_it_was_written() {
    let inner = received(json!({ "user_id": "1", "nickname": "a", "message": "hi", "message_id": 7 }));
    let mut outer = ForwardedMessage::new(inner.sender.clone(), ForwardContent::Nodes(vec![inner]));
    outer.group_id = Some(GroupId::new(0));
    assert_eq!(received(serde_json::to_value(&outer).unwrap()), outer);
}

#[test]
fn a_received_message_without_a_sender_is_read_and_one_without_content_is_kept() {
    let hi = ForwardContent::Message(Message::from("hi"));
    let message = received(json!({ "content": "hi" }));
    assert_eq!((message.sender.user_id, message.sender.nickname, message.content), (None, None, hi.clone()));
    let message = received(json!({ "sender": { "user_id": 1, "nickname": [] }, "time": "x", "content": "hi" }));
    assert_eq!((message.sender.user_id, message.sender.nickname), (Some(UserId::new(1)), None));
    assert_eq!((message.time, message.content), (None, hi));
    for odd in [json!({ "sender": { "user_id": 1 } }), json!({}), json!(null), json!([1]), json!("x"), json!(5)] {
        let message = received(odd.clone());
        let ForwardContent::Unknown(unknown) = message.content else { panic!("{odd} is read as {message:?}") };
        assert_eq!(unknown.text, odd.to_string());
        assert_eq!(serde_json::to_value(received(odd.clone())).unwrap(), odd, "it is written unchanged");
    }
    let message = received(json!({ "sender": { "user_id": 1 }, "content": [{ "content": "hi" }] }));
    assert_eq!((message.sender.user_id, message.sender.display_name()), (Some(UserId::new(1)), ""));
    assert_eq!(nodes(message.content)[0].sender.user_id, None);
}

#[test]
fn one_bad_message_of_a_forward_spoils_no_other() {
    let good = json!({ "sender": { "user_id": 1, "nickname": "a" }, "content": "hi" });
    let outer = received(json!({ "content": [good, null, {}, good] }));
    let nodes = nodes(outer.content);
    let unknown = |node: &ForwardedMessage| matches!(node.content, ForwardContent::Unknown(_));
    assert_eq!(nodes.iter().map(unknown).collect::<Vec<_>>(), [false, true, true, false]);
    // Between segments, they are segments that are not known.
    let text = json!({ "type": "text", "data": { "text": "hi" } });
    let message = received(json!({ "content": [text, null, {}] }));
    let ForwardContent::Message(message) = message.content else { panic!("{message:?}") };
    assert_eq!(message.len(), 3);
    assert_eq!(serde_json::to_value(&message).unwrap(), json!([text, null, {}]));
}

/// Beyond forty messages in each other, the rest is kept as text.
#[test]
fn deep_nesting_is_kept_as_text() {
    let nested = |depth: usize| {
        let open = r#"{"sender":{"user_id":1,"nickname":"a"},"content":["#;
        open.repeat(depth) + &"]}".repeat(depth)
    };
    for depth in [40, 60, 20_000] {
        let mut message: ForwardedMessage = serde_json::from_str(&nested(depth)).unwrap();
        let mut levels = 1;
        while let ForwardContent::Nodes(nodes) = message.content {
            message = nodes.into_iter().next().unwrap();
            levels += 1;
        }
        match message.content {
            ForwardContent::Unknown(unknown) => {
                assert_eq!((levels, unknown.text), (41, nested(depth - 40)), "{depth}");
            }
            _ => assert_eq!((levels, depth), (40, 40)),
        }
    }

    let node = (0..35).fold(hello(), |inner, _| ForwardNode::nested(1, "a", [inner]));
    assert_eq!(serde_json::from_str::<ForwardNode>(&serde_json::to_string(&node).unwrap()).unwrap(), node);
}
