//! HTTP POSTs that come again, and others that only look so.

use std::time::Duration;

use cqhttp::mock::Webhook;
use cqhttp::server::Server;
use serde_json::{Value, json};
use support::peer::{soon, text_of};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::{ANNA, BORIS, SECRET, address, any, hook, http, next_message, said_to, status, status_of};

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

/// The bot is faster than the news that the other side has hung up.
#[tokio::test]
async fn a_client_that_hangs_up_gets_no_answer_however_fast_it_would_come() {
    let mut server = any().await.unwrap();
    for round in 0..20 {
        let event = poke(ANNA).replace("1700000000", &(1700000000 + round).to_string());
        let body = event.clone() + "\n";
        let length = body.len();
        let request =
            format!("POST / HTTP/1.1\r\nHost: bot\r\nX-Self-ID: 10086\r\nContent-Length: {length}\r\n\r\n{body}");
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let received = soon(server.next()).await.unwrap();
        assert_eq!(received.text(), body);
        drop((stream, received));
        // It is sent again, and then it is another one.
        assert_eq!(status(&server, "POST /", &["X-Self-ID: 10086"], &body).await, 204);
        let webhook = Webhook::to(http(&server)).retries(0);
        let heard = async { soon(server.next()).await.unwrap().text().into_owned() };
        let (posted, heard) = tokio::join!(webhook.post(&event), heard);
        assert_eq!((posted.unwrap().status, heard), (204, body));
    }
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

#[tokio::test]
async fn the_text_of_an_event_has_a_mark_for_bytes_that_are_not_utf_8() {
    let mut server = any().answer_within(Duration::ZERO).await.unwrap();
    let body: Vec<u8> = said_to(ANNA, "a~b").bytes().map(|byte| if byte == b'~' { 0xff } else { byte }).collect();
    let head = format!("POST / HTTP/1.1\r\nHost: bot\r\nX-Self-ID: {ANNA}\r\nContent-Length: {}\r\n\r\n", body.len());
    assert_eq!(status_of(&server, &[head.as_bytes(), &body].concat()).await, 204);
    let received = next_message(&mut server).await;
    assert_eq!(text_of(&received.event), "a\u{fffd}b");
    assert!(received.text().contains("\"raw_message\":\"a\u{fffd}b\""), "{}", received.text());
    assert_eq!(received.raw, body, "the bytes are as they came");
}
