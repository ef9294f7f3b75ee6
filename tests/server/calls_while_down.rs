//! Calls that wait while their account is not connected.

use std::time::Duration;

use cqhttp::mock::Webhook;
use cqhttp::server::Server;
use cqhttp::{Client, Error, Raw};
use futures_util::StreamExt;
use serde_json::{Value, json};
use support::peer::{soon, spawn};
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::{ANNA, BORIS, Caller, any, http, next_message, reason, said_to};

/// Answers the next call, and returns the text that it sends.
async fn next_text(caller: &mut Caller) -> String {
    loop {
        let Frame::Text(text) = soon(caller.0.next()).await.unwrap().unwrap() else { continue };
        let call: Value = serde_json::from_str(&text).unwrap();
        caller.answer(&call["echo"], json!({ "message_id": 1 })).await;
        return call["params"]["message"][0]["data"]["text"].as_str().unwrap_or_default().to_owned();
    }
}

async fn disconnected(server: &Server, caller: Caller) {
    drop(caller);
    while server.bot(ANNA).is_some() {
        tokio::task::yield_now().await;
    }
}

/// Makes calls until none may wait.
async fn fill(client: &Client) {
    // The calls that have been spawned begin first.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    loop {
        let error = client.get_login_info().within(Duration::from_millis(1)).await.unwrap_err();
        assert!(matches!(&error, Error::NotSent(_)), "{error:?}");
        if error.report().contains("10086 is no longer connected") {
            assert!(
                reason(&error).ends_with("calls wait for a connection already: see `ServerBuilder::queue_while_down`")
            );
            return;
        }
        assert!(reason(&error).contains("did not get its turn within"), "{}", reason(&error));
    }
}

#[tokio::test]
async fn calls_wait_for_the_next_connection_in_order() {
    let server = any().queue_while_down(3).await.unwrap();
    let anna = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    disconnected(&server, anna).await;
    for _ in 0..3 {
        let calls = ["one", "two", "three"].map(|text| spawn(client.send_group_msg(10001000, text)));
        fill(&client).await;
        assert!(calls.iter().all(|call| !call.is_finished()));
        // A connection for events takes no calls.
        let events = Caller::connect(&server, ANNA, "Event").await;
        let mut anna = Caller::connect(&server, ANNA, "API").await;
        for text in ["one", "two", "three"] {
            assert_eq!(next_text(&mut anna).await, text);
        }
        for call in calls {
            soon(call).await.unwrap().unwrap();
        }
        drop(events);
        disconnected(&server, anna).await;
    }
}

#[tokio::test]
async fn calls_do_not_wait_unless_that_is_asked_for() {
    let server = any().await.unwrap();
    let anna = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    disconnected(&server, anna).await;
    let error = soon(client.get_login_info()).await.unwrap_err();
    assert_eq!(reason(&error), "10086 is no longer connected");
}

#[tokio::test]
async fn a_call_that_a_lost_connection_has_not_sent_goes_over_the_next() {
    let server = any().queue_while_down(10).no_keepalive().await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    anna.pong().await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    for replaced in [true, false] {
        // It fills all buffers: what comes after it is not sent.
        let long = spawn(client.call(Raw::new("upload", json!({ "file": "x".repeat(32 << 20) }))));
        let short = spawn(client.send_group_msg(10001000, "short"));
        let MaybeTlsStream::Plain(stream) = anna.0.get_mut() else { unreachable!() };
        soon(stream.peek(&mut [0])).await.unwrap();
        let mut old = Some(anna).filter(|_| replaced);
        let mut next = Caller::connect(&server, ANNA, "Universal").await;
        assert_eq!(next_text(&mut next).await, "short");
        soon(short).await.unwrap().unwrap();
        let error = soon(long).await.unwrap().unwrap_err();
        assert!(matches!(&error, Error::OutcomeUnknown(_)), "{error:?}");
        drop(old.take());
        anna = next;
    }
}

#[tokio::test]
async fn a_call_waits_for_an_account_whose_connection_is_rejected() {
    let server = any().queue_while_down(1).await.unwrap();
    let mut faults = server.bots().watch_errors();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    anna.send(said_to(BORIS, "not mine")).await;
    soon(faults.changed()).await.unwrap();
    // The connection is ending, or has ended.
    let call = spawn(client.send_group_msg(10001000, "at last"));
    assert_eq!(anna.closed().await, 1008);
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    assert_eq!(next_text(&mut anna).await, "at last");
    soon(call).await.unwrap().unwrap();
}

#[tokio::test]
async fn calls_that_wait_end_with_the_server() {
    let server = any().queue_while_down(3).await.unwrap();
    let anna = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    disconnected(&server, anna).await;
    let waiting = spawn(client.get_login_info());
    let late = client.get_login_info().within(Duration::from_millis(10)).await.unwrap_err();
    assert!(matches!(&late, Error::NotSent(_)), "{late:?}");
    assert!(!waiting.is_finished());
    soon(server.close()).await;
    for error in [soon(waiting).await.unwrap().unwrap_err(), soon(client.get_login_info()).await.unwrap_err()] {
        assert!(matches!(&error, Error::NotSent(_)), "{error:?}");
    }
}

#[tokio::test]
async fn an_account_that_only_posts_is_not_waited_for() {
    let mut server = any().queue_while_down(3).no_timeout().await.unwrap();
    let webhook = Webhook::to(http(&server)).retries(0);
    let posted = tokio::spawn(async move { webhook.post(&said_to(BORIS, "hi")).await });
    let received = next_message(&mut server).await;
    let error = soon(received.client.get_login_info()).await.unwrap_err();
    assert!(matches!(&error, Error::NotSent(_)) && reason(&error).contains("HTTP POST"), "{}", reason(&error));
    drop(received);
    soon(posted).await.unwrap().unwrap();
}
