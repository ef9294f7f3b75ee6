//! Logs above `trace` do not contain the content of messages, sent or received.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cqhttp::mock::{Dial, Webhook};
use cqhttp::{Client, connect, mock, server};
use futures_util::SinkExt;
use serde_json::json;
use support::answering;
use support::peer::{Bare, next_said, said, soon, spawn};
use tokio_tungstenite::tungstenite::Message as Frame;
use tracing_subscriber::util::SubscriberInitExt;

const TEXT: &str = "between you and me";

#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_people_say_is_in_no_log() {
    let printed = Printed::default();
    let writer = printed.clone();
    // With `tracing-log`, so that the records of `log` come too.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish()
        .init();
    over_http().await;
    over_http_with_a_part_that_cannot_be_read().await;
    over_a_websocket().await;
    where_servers_connect().await;

    let log = String::from_utf8(printed.0.lock().unwrap().clone()).unwrap();
    for said in [
        "call{action=\"send_group_msg\" effect=Send}",
        "leaves over the WebSocket",
        "dropped a binary frame",
        "dropped a frame",
        "dropped an answer",
        "dropped an event that came before",
        "received text looks like an event, but is not one",
        "rejected a request",
    ] {
        assert!(log.contains(said), "{said:?} is missing:\n{log}");
    }
    let passed_over: Vec<&str> = log.lines().filter(|line| line.contains("is passed over")).collect();
    let [line] = passed_over[..] else { panic!("{passed_over:?}") };
    for part in ["WARN", "get_stranger_info.data.qid", "a list where a string is expected", env!("CARGO_PKG_VERSION")] {
        assert!(line.contains(part), "{part} is missing: {line}");
    }
    assert!(!log.contains(TEXT), "{log}");
    // This is how it would show.
    tracing::debug!(TEXT);
    assert!(String::from_utf8(printed.0.lock().unwrap().clone()).unwrap().contains(TEXT));
}

async fn over_http() {
    let stand_in = mock::MockServer::start().await.unwrap();
    let client = Client::builder(stand_in.url()).build().unwrap();
    client.send_group_msg(10001000, TEXT).await.unwrap();
    // Answers that cannot be read.
    for body in [
        json!({ "data": { "message_id": TEXT }, "retcode": 0, "status": "ok" }).to_string(),
        TEXT.to_owned(),
        format!(r#"{{"data":{{"message_id":1}},"x":"{TEXT}"#),
    ] {
        let (url, _) = answering("200 OK", body).await;
        Client::builder(url).build().unwrap().send_group_msg(10001000, TEXT).await.unwrap_err();
    }
}

/// A part of an answer that cannot be read, three times. It is logged once.
async fn over_http_with_a_part_that_cannot_be_read() {
    for _ in 0..3 {
        let data = json!({ "user_id": 1, "nickname": "a", "qid": [TEXT] });
        let (url, _server) =
            answering("200 OK", json!({ "data": data, "retcode": 0, "status": "ok" }).to_string()).await;
        let read = Client::builder(url).build().unwrap().get_stranger_info(1).with_raw().await.unwrap();
        assert_eq!(read.decode_warnings().len(), 1);
    }
}

/// Frames that are events, and frames that are nothing, all with the text.
fn frames() -> Vec<Frame> {
    vec![
        Frame::text(said(TEXT)),
        Frame::text(said(TEXT)),
        Frame::text(format!(r#"{{"post_type":"message","message":"{TEXT}""#)),
        Frame::text(format!(r#"{{"post_type":["{TEXT}"]}}"#)),
        Frame::text(TEXT),
        Frame::text(format!(r#"{{"retcode":0,"echo":"{TEXT}"}}"#)),
        Frame::binary(said(TEXT)),
        Frame::text(said("the end")),
    ]
}

async fn over_a_websocket() {
    let bare = Bare::start().await;
    let (client, mut events, mut peer) = bare.connected(connect(&bare.url).dedupe(Duration::from_secs(600))).await;
    let call = spawn(client.send_group_msg(10001000, TEXT));
    let (_, echo) = peer.next().await;
    for frame in frames() {
        peer.0.send(frame).await.unwrap();
    }
    peer.answer(&echo, json!({ "message_id": TEXT })).await;
    soon(call).await.unwrap().unwrap_err();
    assert_eq!(next_said(&mut events).await, TEXT);
    while next_said(&mut events).await != "the end" {}
    let call = spawn(client.send_group_msg(10001000, TEXT));
    peer.next().await;
    drop(peer);
    soon(call).await.unwrap().unwrap_err();
}

async fn where_servers_connect() {
    let mut bot = server::Server::bind("127.0.0.1:0").dedupe(Duration::from_secs(600)).await.unwrap();
    let address = bot.local_addr().unwrap();
    let stand_in = mock::MockServer::start().await.unwrap();
    stand_in.dial_once(Dial::to(format!("ws://{address}"))).await.unwrap();
    let client = soon(bot.bots().wait_for(10010)).await.unwrap();
    client.send_group_msg(10001000, TEXT).await.unwrap();
    for frame in frames() {
        if let Frame::Text(text) = frame {
            stand_in.push_text(text.as_str());
        }
    }
    let webhook = Webhook::to(format!("http://{address}"));
    let posts = async {
        for body in
            [said(TEXT), said(TEXT), format!(r#"{{"post_type":"message","message":"{TEXT}"}}"#), TEXT.to_owned()]
        {
            let _ = webhook.post(&body).await;
        }
        webhook.post(&said("the end, by HTTP")).await.unwrap();
    };
    let hear = async {
        let mut ends = 0;
        while ends < 2 {
            let received = soon(bot.next()).await.unwrap();
            let said = received.event.as_message().map(|message| message.message().plain_text());
            ends += usize::from(said.is_some_and(|text| text.starts_with("the end")));
        }
    };
    tokio::join!(posts, hear);
    // An event of another account's.
    stand_in.push_text(said(TEXT).replace("10010", "10011"));
    let nothing = async { panic!("it is passed on: {:?}", bot.next().await) };
    tokio::select! { () = soon(stand_in.connected(0)) => {}, () = nothing => {} }
    bot.close().await;
}
