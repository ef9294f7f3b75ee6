//! Paginated answers, and calls that wait by design.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// A page of a guild's members: one member, and the token of the next page.
fn members(tiny_id: u64, next: Option<&str>) -> GetGuildMemberListResponse {
    let mut answer = GetGuildMemberListResponse::example();
    answer.members.truncate(1);
    answer.members[0].tiny_id = tiny_id.into();
    answer.next_token = next.map(Into::into);
    answer.finished = Some(next.is_none());
    answer
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
        Ok(match request.next_token.as_ref().map(|token| token.as_str()) {
            None => members(1, Some("second")),
            Some("second") => members(2, Some("third")),
            Some(_) => members(3, None),
        })
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
        Ok(match request.next_token.as_ref().map(|token| token.as_str()) {
            None => members(1, Some("second")),
            Some("second") => members(2, Some("third")),
            Some(_) => members(3, Some("second")),
        })
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
    server.on::<GetGroupMsgHistory>(|_| {
        let mut answer = GetGroupMsgHistoryResponse::example();
        let other: Event = serde_json::from_str(r#"{"other":true}"#).unwrap();
        answer.messages = vec![message(500), other];
        Ok(answer)
    });
    let client = Client::builder(server.url()).build().unwrap();
    let mut history = client.get_group_msg_history(10001000).pages();
    // The messages of the second page were asked for already, and so were those that the message's id leads to.
    history.next().await.unwrap().unwrap();
    assert!(history.next().await.is_none());
    assert_eq!(server.calls().iter().filter(|call| call.action == "get_group_msg_history").count(), 3);
}

/// A server that does not read the token repeats its first page, with the same token or another one each time. A page without
/// members may come several times.
#[tokio::test]
async fn a_page_that_is_repeated_ends_the_pages() {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    let count = AtomicU64::new(0);
    let fresh = move || count.fetch_add(1, Ordering::Relaxed).to_string();
    let fresh = Arc::new(fresh);
    let next = fresh.clone();
    server.on::<GetGuildMemberList>(move |_| Ok(members(1, Some(&next()))));
    let mut pages = client.get_guild_member_list(6000001000000001).pages();
    assert_eq!(pages.next().await.unwrap().unwrap().members.len(), 1);
    assert!(pages.next().await.is_none());
    assert_eq!(server.calls().len(), 2);
    server.on::<GetGuildMemberList>(|_| Ok(members(1, Some("same"))));
    let mut pages = client.get_guild_member_list(6000001000000001).pages();
    pages.next().await.unwrap().unwrap();
    assert!(pages.next().await.is_none());

    server.on::<GetGuildMemberList>(move |request| {
        let last = request.next_token.as_ref().is_some_and(|token| token.as_str() == "5");
        let mut answer = members(1, Some(&fresh()).filter(|_| !last).map(String::as_str));
        answer.members.clear();
        Ok(answer)
    });
    let mut pages = client.get_guild_member_list(6000001000000001).pages();
    let mut empty = 0;
    while let Some(page) = pages.next().await {
        assert!(page.unwrap().members.is_empty());
        empty += 1;
    }
    assert_eq!(empty, 5);
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
