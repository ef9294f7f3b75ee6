//! Parts of answers that cannot be read: passed over, and told.

use cqhttp::types::HonorKind;
use cqhttp::{Action, Answer, AnswersOnce, Client, Effect, Error, Event, MessageId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use support::{Held, answering};

async fn client(data: &str) -> (Client, impl Drop) {
    let body = format!(r#"{{"status":"ok","retcode":0,"data":{data}}}"#);
    let (url, server) = answering("200 OK", body).await;
    (Client::builder(url).build().unwrap(), server)
}

#[tokio::test]
async fn an_element_that_cannot_be_read_is_left_out_and_named() {
    let data =
        r#"[{"user_id":1,"nickname":"a"},{},null,{"nickname":"b"},{"user_id":[2]},5,{"user_id":3,"nickname":{}}]"#;
    let (client, _server) = client(data).await;
    let read = client.get_friend_list().with_raw().await.unwrap();
    let users: Vec<UserId> = read.answer.iter().map(|friend| friend.user_id).collect();
    assert_eq!(users, [1, 3].map(UserId::new));
    let warnings: Vec<String> = read.decode_warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "`data[1]`: it is null or empty, and left out",
            "`data[2]`: it is null or empty, and left out",
            "`data[3].user_id`: it is missing",
            "`data[4].user_id`: a list where an integer is expected",
            "`data[5]`: an integer where an object is expected",
            "`data[6].nickname`: an object where a string is expected",
        ]
    );
    assert!(read.text().contains(data));
}

/// Alone, such a value is an answer without content. In a list it is left out.
#[tokio::test]
async fn a_text_or_a_number_in_a_list_is_no_empty_object() {
    let (client, _server) = client(r#"["7",7,true,{"sender_id":3},{"x":1}]"#).await;
    let read = client.get_essence_msg_list(10001000).with_raw().await.unwrap();
    assert_eq!(read.answer.iter().map(|message| message.sender_id).collect::<Vec<_>>(), [Some(UserId::new(3))]);
    let paths: Vec<&str> = read.decode_warnings().iter().map(|warning| warning.path()).collect();
    assert_eq!(paths, ["data[0]", "data[1]", "data[2]", "data[4]"]);
}

#[tokio::test]
async fn pages_come_with_their_texts_and_warnings() {
    let page = |seq: i64, odd: Value| {
        let message = json!({
            "post_type": "message", "message_type": "group", "time": 1, "self_id": 10010, "sub_type": "normal", "message_id": seq,
            "message_seq": seq, "group_id": 10001000, "user_id": 10086, "message": "hi", "font": odd,
        });
        json!({ "status": "ok", "retcode": 0, "data": { "messages": [message] } }).to_string()
    };
    let mut server = Held::start().await;
    let client = Client::builder(&server.url).build().unwrap();
    let mut pages = client.get_group_msg_history(10001000).pages();
    let body = page(3, json!("宋体"));
    let (first, ()) = tokio::join!(pages.next(), async { server.next().await.answer("200 OK", &body) });
    assert_eq!(first.unwrap().unwrap().messages.len(), 1);
    assert_eq!(pages.decode_warnings()[0].path(), "data.messages[0].font");

    let mut pages = pages.with_raw();
    let body = page(2, json!([]));
    let (second, ()) = tokio::join!(pages.next(), async { server.next().await.answer("200 OK", &body) });
    let second = second.unwrap().unwrap();
    assert_eq!(second.text(), body);
    assert_eq!(second.decode_warnings()[0].to_string(), "`data.messages[0].font`: a list where an integer is expected");
}

#[tokio::test]
async fn an_answer_with_none_of_its_keys_is_undecodable_and_never_empty() {
    for data in [r#"{"members":[{"user_id":1}]}"#, r#"{"x":1}"#, r#"{"Invited_Request":[]}"#] {
        let (client, _server) = client(data).await;
        let error = client.get_group_system_msg().await.unwrap_err();
        let Error::Undecodable(error) = &error else { panic!("{data}: {error:?}") };
        assert_eq!(error.path, "data");
        assert_eq!(error.reason.to_string(), "none of the keys that it is known by");
    }
    // Without any entry, it is empty.
    for data in ["{}", "null", "[]"] {
        let (client, _server) = client(data).await;
        assert!(client.get_group_system_msg().await.unwrap().join_requests.is_empty(), "{data}");
    }
}

#[tokio::test]
async fn half_an_emoji_is_replaced_and_the_text_kept() {
    let (client, _server) = client(r#"{"user_id":1,"nickname":"a\ud83d","x":"\ude00"}"#).await;
    let read = client.get_login_info().with_raw().await.unwrap();
    assert_eq!(json!(read.answer.nickname), json!("a\u{fffd}"));
    assert!(read.text().contains(r#""a\ud83d""#));
}

#[tokio::test]
async fn a_retcode_in_any_form_is_a_refusal_if_it_is_not_0() {
    for (retcode, number) in [
        ("100.0", 100),
        ("1e2", 100),
        ("100.5", 100),
        ("0.5", -1),
        ("true", 1),
        ("\"100\"", 100),
        ("\"1e2\"", 100),
        ("18446744073709551615", i64::MAX),
        ("123456789012345678901234567890", i64::MAX),
        ("-1e30", i64::MIN),
    ] {
        let body = format!(r#"{{"status":"ok","retcode":{retcode},"data":{{"message_id":1}}}}"#);
        let (url, _server) = answering("200 OK", body).await;
        let error = Client::builder(url).build().unwrap().send_group_msg(1, "hi").await.unwrap_err();
        assert_eq!(error.retcode(), Some(number), "{retcode}: {error:?}");
        assert!(matches!(error, Error::Refused(_)));
    }
    for retcode in ["0", "0.0", "false", "null", "\"\"", "\"0\"", "[]"] {
        let body = format!(r#"{{"status":"ok","retcode":{retcode},"data":{{"message_id":1}}}}"#);
        let (url, _server) = answering("200 OK", body).await;
        let sent = Client::builder(url).build().unwrap().send_group_msg(1, "hi").await;
        assert_eq!(sent.map(|sent| sent.message_id).ok(), Some(MessageId::new(1)), "{retcode}");
    }
}

#[tokio::test]
async fn a_message_of_a_history_that_is_no_event_spoils_no_other() {
    let data = r#"{"messages":[null,{},{"post_type":"message","message_type":"group","time":1,"self_id":1,"message_id":5,
        "group_id":7,"user_id":3,"message":[null,{"type":"text","data":{"text":"hi"}}]},7]}"#;
    let (client, _server) = client(data).await;
    let read = client.get_group_msg_history(7).with_raw().await.unwrap();
    let [Event::Unknown(_), Event::Unknown(_), Event::GroupMessage(message), Event::Unknown(_)] =
        &*read.answer.messages
    else {
        panic!("{:?}", read.answer)
    };
    assert_eq!(message.message.plain_text(), "hi");
    let paths: Vec<&str> = read.decode_warnings().iter().map(|warning| warning.path()).collect();
    assert_eq!(paths, ["data.messages[0]", "data.messages[1]", "data.messages[2].message[0]", "data.messages[3]"]);
}

#[tokio::test]
async fn the_path_leads_to_the_part_at_any_depth() {
    let data = r#"{"group_id":1,"current_talkative":{"user_id":1,"day_count":[]},
        "talkative_list":[{"user_id":1},{"user_id":2,"description":{}},{"user_id":[]}],"performer_list":{"user_id":3}}"#;
    let (client, _server) = client(data).await;
    let read = client.get_group_honor_info(1, HonorKind::Talkative).with_raw().await.unwrap();
    assert_eq!((read.answer.talkative_list.len(), read.answer.performer_list.len()), (2, 0));
    let mut paths: Vec<&str> = read.decode_warnings().iter().map(|warning| warning.path()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "data.current_talkative.day_count",
            "data.performer_list",
            "data.talkative_list[1].description",
            "data.talkative_list[2].user_id"
        ]
    );
}

/// A type of a program's own, which serde reads: its errors quote what they read.
#[tokio::test]
async fn a_warning_about_a_type_of_ones_own_quotes_nothing() {
    #[derive(Debug, Deserialize)]
    struct Item {
        a: i32,
    }
    impl Answer for Item {}

    #[derive(Serialize)]
    struct Items {}
    impl AnswersOnce for Items {}

    impl Action for Items {
        type Response = Vec<Item>;
        fn name(&self) -> &str {
            "items"
        }
        fn effect(&self) -> Effect {
            Effect::Read
        }
    }

    let (client, _server) = client(r#"[{"a":1},{"a":"between you and me"}]"#).await;
    let read = client.call(Items {}).with_raw().await.unwrap();
    assert_eq!(read.answer.iter().map(|item| item.a).collect::<Vec<_>>(), [1]);
    assert_eq!(read.decode_warnings()[0].to_string(), "`data[1].a`: it does not fit its type");
}

/// Some servers send a text or a flag in place of an answer in which nothing is required. That is told, since it may be an error.
#[tokio::test]
async fn a_text_in_place_of_an_answer_is_told() {
    for (data, kind) in [(r#""error: no such group""#, "a string"), ("true", "a flag"), ("7", "an integer")] {
        let (client, _server) = client(data).await;
        let read = client.get_group_root_files(1).with_raw().await.unwrap();
        assert!(read.answer.files.is_empty() && read.answer.folders.is_empty());
        let warnings: Vec<String> = read.decode_warnings().iter().map(ToString::to_string).collect();
        assert_eq!(warnings, [format!("`data`: {kind} where an object is expected")]);
    }
}

/// Rules look at the beginning of an explanation. What is behind it may say that the action was carried out.
#[tokio::test]
async fn a_refusal_with_a_very_long_explanation_is_uncertain() {
    for (length, uncertain) in [(10, false), (1_000_000, true)] {
        let text = format!("消息不存在或已被撤回: {}", "消息".repeat(length));
        let body = json!({ "status": "failed", "retcode": 1200, "data": null, "message": text });
        let (url, _server) = answering("200 OK", body.to_string()).await;
        let error = Client::builder(url).build().unwrap().set_group_ban(1, 2).await.unwrap_err();
        assert_eq!(error.may_have_happened(), uncertain, "{length}: {:?}", error.refusal());
    }
}
