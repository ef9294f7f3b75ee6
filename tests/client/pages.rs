//! Paginated answers, and calls that wait by design.

use std::time::Duration;

use cqhttp::action::{GetGroupMsgHistory, GetGroupMsgHistoryResponse, GetGuildMemberList, GetGuildMemberListResponse};
use cqhttp::event::GroupMessage;
use cqhttp::mock::{MockServer, refuse};
use cqhttp::{Action, Client, Error, Event, RefusalCode};
use serde_json::{Value, json};
use support::Held;
use tokio::net::TcpListener;

/// A history of `newest` messages, served like go-cqhttp: twenty at a time, the requested message last.
fn history(server: &MockServer, newest: i64) {
    server.on::<GetGroupMsgHistory>(move |request| {
        let last = request.message_seq.map_or(newest, |seq| seq.get());
        let mut answer = GetGroupMsgHistoryResponse::example();
        let seqs = (last - 19).max(1)..=last;
        answer.messages = seqs.map(message).collect();
        Ok(answer)
    });
}

fn message(seq: i64) -> Event {
    let mut message = GroupMessage::example();
    message.message_seq = Some(seq.into());
    message.into()
}

fn seqs(messages: &[Event]) -> Vec<i64> {
    messages.iter().map(|message| message.message_seq().unwrap().get()).collect()
}

#[tokio::test]
async fn a_history_is_read_backwards_to_its_beginning() {
    let server = MockServer::start().await.unwrap();
    history(&server, 45);
    let client = Client::builder(server.url()).build().unwrap();
    let mut pages = client.get_group_msg_history(10001000).pages();
    let mut read = Vec::new();
    while let Some(page) = pages.next().await {
        read.push(seqs(&page.unwrap().messages));
    }
    let expected: [Vec<i64>; 3] = [(26..=45).collect(), (6..=25).collect(), (1..=5).collect()];
    assert_eq!(read, expected);
    let asked: Vec<Value> = server.calls().into_iter().map(|call| call.params["message_seq"].clone()).collect();
    assert_eq!(asked, [Value::Null, json!(25), json!(5)]);
}

#[tokio::test]
async fn a_list_is_followed_by_its_tokens() {
    let server = MockServer::start().await.unwrap();
    server.on::<GetGuildMemberList>(|request| {
        let mut answer = GetGuildMemberListResponse::example();
        answer.next_token = match request.next_token.as_ref().map(|token| token.as_str()) {
            None => Some("second".into()),
            Some("second") => Some("third".into()),
            Some(_) => None,
        };
        answer.finished = Some(answer.next_token.is_none());
        Ok(answer)
    });
    let client = Client::builder(server.url()).build().unwrap();
    let mut pages = client.get_guild_member_list(6000001000000001).pages();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        count += 1;
        assert_eq!(page.unwrap().finished, Some(count == 3));
    }
    let asked: Vec<Value> = server.calls().into_iter().map(|call| call.params["next_token"].clone()).collect();
    assert_eq!(asked, [Value::Null, json!("second"), json!("third")]);
}

/// Pages whose tokens lead back to an earlier page end before it.
#[tokio::test]
async fn tokens_in_a_circle_end_the_pages() {
    let server = MockServer::start().await.unwrap();
    server.on::<GetGuildMemberList>(|request| {
        let mut answer = GetGuildMemberListResponse::example();
        let next = match request.next_token.as_ref().map(|token| token.as_str()) {
            Some("second") => "third",
            _ => "second",
        };
        answer.next_token = Some(next.into());
        Ok(answer)
    });
    let client = Client::builder(server.url()).build().unwrap();
    let mut pages = client.get_guild_member_list(6000001000000001).pages();
    for _ in 0..3 {
        pages.next().await.unwrap().unwrap();
    }
    assert!(pages.next().await.is_none());
    assert_eq!(server.calls().len(), 3);
}

/// A server that always answers the same page does not make the stream endless.
#[tokio::test]
async fn pages_end_where_they_do_not_move() {
    let server = MockServer::start().await.unwrap();
    server.on::<GetGuildMemberList>(|_| {
        let mut answer = GetGuildMemberListResponse::example();
        answer.next_token = Some("same".into());
        Ok(answer)
    });
    server.on::<GetGroupMsgHistory>(|_| {
        let mut answer = GetGroupMsgHistoryResponse::example();
        let other: Event = serde_json::from_str(r#"{"other":true}"#).unwrap();
        answer.messages = vec![message(500), other];
        Ok(answer)
    });
    let client = Client::builder(server.url()).build().unwrap();
    let mut pages = client.get_guild_member_list(6000001000000001).pages();
    let mut history = client.get_group_msg_history(10001000).pages();
    for _ in 0..2 {
        pages.next().await.unwrap().unwrap();
    }
    assert!(pages.next().await.is_none());
    // The messages of the second page were asked for already, and so were those that the message's id leads to.
    history.next().await.unwrap().unwrap();
    assert!(history.next().await.is_none());
    assert_eq!(server.calls().iter().filter(|call| call.action == "get_group_msg_history").count(), 3);
}

/// SnowLuma does not read `message_seq`: the anchor is the id of a message, which the page ends with. Its ids are no sequence,
/// and its messages have no `post_type`.
#[tokio::test]
async fn a_history_is_read_backwards_by_the_ids_of_messages() {
    let mut server = Held::start().await;
    let client = Client::builder(&server.url).build().unwrap();
    // A hash, of either sign.
    let id = |seq: i64| if seq % 2 == 0 { -seq * 7919 } else { seq * 104_729 };
    let serving = tokio::spawn(async move {
        loop {
            let request = server.next().await;
            let anchor = request.params["message_id"].as_i64().unwrap_or_else(|| id(45));
            let last = (1..=45).find(|seq| id(*seq) == anchor).unwrap();
            let messages = ((last - 19).max(1)..=last).map(|seq| {
                json!({
                    "message_type": "group", "message_id": id(seq), "message_seq": seq, "real_id": id(seq),
                    "group_id": 10001000, "user_id": 10086, "message": [], "sender": { "user_id": 10086 }
                })
            });
            let data = json!({ "messages": messages.collect::<Vec<_>>() });
            request.answer("200 OK", &json!({ "status": "ok", "retcode": 0, "data": data }).to_string());
        }
    });
    let mut pages = client.get_group_msg_history(10001000).pages();
    let mut read = Vec::new();
    while let Some(page) = pages.next().await {
        read.push(seqs(&page.unwrap().messages));
    }
    let expected: [Vec<i64>; 3] = [(26..=45).collect(), (7..=25).collect(), (1..=6).collect()];
    assert_eq!(read, expected);
    serving.abort();
}

#[tokio::test]
async fn pages_end_with_the_first_error() {
    let server = MockServer::start().await.unwrap();
    server.on::<GetGroupMsgHistory>(|_| Err(refuse(RefusalCode::GroupNotFound)));
    let client = Client::builder(server.url()).build().unwrap();
    let mut pages = client.get_group_msg_history(10001000).pages();
    assert_eq!(pages.next().await.unwrap().unwrap_err().code(), Some(RefusalCode::GroupNotFound));
    assert!(pages.next().await.is_none());
}

/// The time that the server waits by design is added to the call's own time limit.
#[tokio::test]
async fn a_long_poll_has_its_wait_on_top_of_its_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder(format!("http://{}", listener.local_addr().unwrap())).build().unwrap();
    let call = client.get_updates().timeout(1).within(Duration::from_millis(10));
    let begun = std::time::Instant::now();
    let error = call.await.unwrap_err();
    assert!(begun.elapsed() >= Duration::from_millis(1010) && matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
    assert_eq!(cqhttp::action::GetUpdates::new().timeout(30).wait(), Duration::from_secs(30));
    assert_eq!(cqhttp::action::GetUpdates::new().wait(), Duration::ZERO);
}
