//! HTTP POSTs that come again, and others that only look so.

use std::time::Duration;

use cqhttp::mock::Webhook;
use cqhttp::server::Server;
use serde_json::{Value, json};
use support::peer::soon;

use crate::{ANNA, BORIS, SECRET, any, hook, said_to};

/// A poke, as go-cqhttp sends it: without an id, and with a time in seconds.
fn poke(account: i64) -> String {
    json!({
        "post_type": "notice", "notice_type": "notify", "sub_type": "poke", "time": 1700000000, "self_id": account,
        "group_id": 42, "user_id": 1, "sender_id": 1, "target_id": account,
    })
    .to_string()
}

fn request(flag: &str, comment: &str) -> String {
    json!({
        "post_type": "request", "request_type": "friend", "time": 1700000000, "self_id": ANNA, "user_id": 1,
        "comment": comment, "flag": flag,
    })
    .to_string()
}

/// A notice about a message.
fn recall(message: &str, operator: i64) -> String {
    let message: Value = serde_json::from_str(message).unwrap();
    json!({
        "post_type": "notice", "notice_type": "group_recall", "time": 1700000000, "self_id": ANNA, "group_id": 10001000,
        "user_id": 1, "operator_id": operator, "message_id": message["message_id"],
    })
    .to_string()
}

fn changed(event: &str, key: &str, value: Value) -> String {
    let mut event: Value = serde_json::from_str(event).unwrap();
    event[key] = value;
    event.to_string()
}

/// Posts events one after the other, and returns those that are passed on.
async fn passed(server: &mut Server, events: &[String]) -> Vec<String> {
    let (webhook, mut events) = (hook(server), events.to_vec());
    let end = said_to(ANNA, &format!("the end of {}", events.len()));
    events.push(end.clone());
    let posts = tokio::spawn(async move {
        for event in events {
            assert_eq!(webhook.post(&event).await.unwrap().status, 204);
        }
    });
    let mut passed = Vec::new();
    loop {
        let text = soon(server.next()).await.unwrap().text().trim_end().to_owned();
        if text == end {
            break;
        }
        passed.push(text);
    }
    soon(posts).await.unwrap();
    passed
}

#[tokio::test]
async fn real_events_that_are_equal_to_the_byte_all_pass() {
    let mut server = any().webhook_secret(SECRET).await.unwrap();
    let pokes = [poke(ANNA), poke(ANNA), poke(ANNA), poke(BORIS)];
    assert_eq!(passed(&mut server, &pokes).await, pokes);
}

#[tokio::test]
async fn a_message_or_request_that_comes_again_is_known_by_its_id() {
    let mut server = any().webhook_secret(SECRET).await.unwrap();
    let message = said_to(ANNA, "hi");
    let again = changed(&message, "time", json!(1700000001));
    let as_text = changed(&message, "message_id", json!(support::peer::id_of("hi").to_string()));
    let nothing_of_it = [message.clone(), again, as_text];
    let pass = [
        // The notices are about the message, and are not the message.
        recall(&message, 1),
        recall(&message, 2),
        recall(&message, 2),
        // The message of another account, and one of another group.
        changed(&message, "self_id", json!(BORIS)),
        changed(&message, "group_id", json!(10001001)),
        // Without an id nothing is known.
        changed(&message, "message_id", Value::Null),
        changed(&message, "message_id", Value::Null),
        request("flag", "please"),
        request("another flag", "please"),
    ];
    let events = [vec![message.clone()], pass.to_vec(), nothing_of_it.to_vec(), vec![request("flag", "pretty please")]];
    let expected = [vec![message], pass.to_vec()].concat();
    assert_eq!(passed(&mut server, &events.concat()).await, expected);
}

#[tokio::test]
async fn a_post_without_an_answer_that_comes_again_is_a_repetition_once() {
    let mut server = any().webhook_secret(SECRET).answer_within(Duration::from_secs(3600)).await.unwrap();
    let impatient = hook(&server).timeout(Duration::from_millis(200)).retries(1);
    let posted = tokio::spawn(async move { impatient.post(&poke(ANNA)).await });
    // It takes too long, and the event is sent again.
    let first = soon(server.next()).await.unwrap();
    assert_eq!(soon(posted).await.unwrap().unwrap().status, 204);
    drop(first);
    // The next is another poke.
    let pokes = [poke(ANNA), poke(ANNA)];
    assert_eq!(passed(&mut server, &pokes).await, pokes);
}

#[tokio::test]
async fn two_posts_at_once_are_two_events() {
    let mut server = any().webhook_secret(SECRET).answer_within(Duration::from_secs(3600)).await.unwrap();
    let posts = [(); 3].map(|()| {
        let webhook: Webhook = hook(&server);
        tokio::spawn(async move { webhook.timeout(Duration::from_secs(60)).post(&poke(ANNA)).await })
    });
    let mut received = Vec::new();
    for _ in 0..3 {
        received.push(soon(server.next()).await.unwrap());
    }
    drop(received);
    for posted in posts {
        assert_eq!(soon(posted).await.unwrap().unwrap().status, 204);
    }
}
