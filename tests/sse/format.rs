//! The format of server-sent events, however it arrives, and what breaks it.

use std::time::Duration;

use cqhttp::{Connect, ConnectionError, Event, Events, connect};
use support::log::Log;
use support::peer::{next_said, said, soon, text_of};
use tokio::io::AsyncWriteExt;

use crate::stream::{Bare, end_of, lost};

/// Configures a connection that is made again soon after it is lost.
fn quick(url: &str) -> Connect {
    connect(url).backoff(Duration::from_millis(1), Duration::from_millis(5))
}

/// Returns the texts of the next messages.
async fn texts(events: &mut Events, number: usize) -> Vec<String> {
    let mut texts = Vec::new();
    for _ in 0..number {
        texts.push(next_said(events).await);
    }
    texts
}

/// Returns an event whose JSON stands on several lines.
fn on_lines(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(&said(text)).unwrap();
    serde_json::to_string_pretty(&value).unwrap().replace('\n', "\ndata: ")
}

/// A body with every form that the format allows, and its messages.
fn every_form() -> (String, Vec<&'static str>) {
    let body = [
        "\u{feff}: a comment, after a byte order mark\n\n".to_owned(),
        format!("data: {}\n\n", said("plain")),
        format!("data:{}\r\n\r\n", said("no blank, CR LF")),
        format!("data: {}\r\r", said("lone CR")),
        format!("data: {}\n\r\n", said("mixed")),
        format!("id: 7\nevent: message\nretry: 100000\ndata: {}\n\n", said("fields")),
        format!(": ping\ndata: {}\n: ping\nunknown: x\nunknown\n\n", said("comments")),
        "event: nothing\n\n".to_owned(),
        "\n\n\r\n\r\r".to_owned(),
        "data\n\ndata:\n\n".to_owned(),
        format!("data: {}\n\n", on_lines("many lines")),
        format!("data: {}\n\n", said("机器人 🤖 é")),
        format!("data:  {}\n\n", said("two blanks")),
    ]
    .concat();
    let texts = [
        "plain",
        "no blank, CR LF",
        "lone CR",
        "mixed",
        "fields",
        "comments",
        "many lines",
        "机器人 🤖 é",
        "two blanks",
    ];
    (body, texts.to_vec())
}

#[tokio::test]
async fn every_form_is_read_in_chunks_of_any_length() {
    let (body, expected) = every_form();
    for length in [1, 2, 3, 5, 7, 16, 61, 255, 1000, body.len()] {
        let bare = Bare::start().await;
        let (_client, mut events, mut stream) = bare.connected(connect(&bare.url).no_reconnect()).await;
        let mut written = Vec::new();
        for chunk in body.as_bytes().chunks(length) {
            written.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            written.extend_from_slice(chunk);
            written.extend_from_slice(b"\r\n");
        }
        stream.write(&written).await;
        assert_eq!(texts(&mut events, expected.len()).await, expected, "in chunks of {length}");
    }
}

/// Each chunk is read before the next one is written.
#[tokio::test]
async fn a_border_of_chunks_may_be_anywhere() {
    let text = said("é\u{1f916}");
    let event = format!("data: {text}\r\n\r\n");
    let bare = Bare::start().await;
    let (_client, mut events, mut stream) = bare.connected(connect(&bare.url).no_reconnect()).await;
    stream.stream.set_nodelay(true).unwrap();
    for border in 1..event.len() {
        stream.chunk(&event.as_bytes()[..border]).await;
        tokio::task::yield_now().await;
        stream.chunk(&event.as_bytes()[border..]).await;
        let received = soon(events.next()).await.unwrap();
        assert_eq!(received.text(), text, "at {border}");
    }
}

#[tokio::test]
async fn a_body_without_chunks_is_read_too() {
    let bare = Bare::start().await;
    let connecting = tokio::spawn(std::future::IntoFuture::into_future(connect(&bare.url).no_reconnect()));
    let mut stream = bare.asked().await;
    stream.write("HTTP/1.0 200 OK\r\ncontent-type: Text/Event-Stream;charset=utf-8\r\n\r\n").await;
    let (_client, mut events) = soon(connecting).await.unwrap().unwrap();
    stream.write(format!("data: {}\n\ndata: half", said("hi"))).await;
    drop(stream);
    assert_eq!(next_said(&mut events).await, "hi");
    assert!(matches!(end_of(&events).await, ConnectionError::ClosedByServer { code: None, .. }));
}

#[tokio::test]
async fn data_that_is_no_event_is_dropped() {
    let log = Log::of_this_thread();
    let bare = Bare::start().await;
    let (_client, mut events, mut stream) = bare.connected(connect(&bare.url).no_reconnect()).await;
    for data in [
        "",
        "nonsense",
        "[]",
        "{}",
        "{\"post_type\":",
        "{\"post_type\":7}",
        r#"{"status":"ok","retcode":0,"data":{"type":"stream"},"echo":"c7","stream":"stream-action"}"#,
        r#"{"status":"ok","retcode":0,"data":null,"echo":"x"}"#,
    ] {
        stream.event(data).await;
    }
    stream.event(r#"{"post_type":"vendor","self_id":1}"#).await;
    stream.event(&said("hi")).await;
    assert!(matches!(soon(events.next()).await.unwrap().event, Event::Unknown(_)));
    assert_eq!(text_of(&soon(events.next()).await.unwrap().event), "hi");
    assert_eq!(log.with("dropped an event").len(), 4, "{:?}", log.with(""));
    assert_eq!(log.with("looks like an event, but is not one").len(), 2, "{:?}", log.with(""));
}

#[tokio::test]
async fn a_line_without_an_end_ends_the_connection_at_the_limit() {
    const LIMIT: usize = 100_000;
    for start in ["data: ", "data: {}\ndata: ", "unknown: ", ": "] {
        let bare = Bare::start().await;
        let (_client, mut events, mut stream) = bare.connected(quick(&bare.url).frame_limit(LIMIT)).await;
        stream.event(&said("before")).await;
        stream.chunk(start).await;
        let chunk = format!("{:x}\r\n{}\r\n", 10_000, "x".repeat(10_000));
        let mut sent = 0;
        while stream.stream.write_all(chunk.as_bytes()).await.is_ok() {
            sent += 10_000;
            assert!(sent < 100 << 20, "it is read for ever");
        }
        assert_eq!(next_said(&mut events).await, "before");
        // It is made again, and goes on.
        let mut stream = bare.accept().await;
        stream.event(&said("after")).await;
        assert_eq!(next_said(&mut events).await, "after");
    }
}

#[tokio::test]
async fn an_event_may_be_as_long_as_the_limit() {
    let fits = said(&"x".repeat(10_000));
    let limit = fits.len();
    let bare = Bare::start().await;
    let (_client, mut events, mut stream) = bare.connected(quick(&bare.url).frame_limit(limit)).await;
    for _ in 0..3 {
        stream.event(&fits).await;
        assert_eq!(soon(events.next()).await.unwrap().text(), fits);
    }
    // Comments do not count, however many come.
    for _ in 0..2000 {
        stream.chunk(": ping\n\n").await;
    }
    stream.event(&fits).await;
    assert_eq!(soon(events.next()).await.unwrap().text(), fits);
    let too_long = said(&"x".repeat(10_001));
    stream.event(&said("before")).await;
    stream.event(&too_long).await;
    assert_eq!(next_said(&mut events).await, "before");
    let why = lost(&events).await;
    assert!(matches!(why, ConnectionError::FrameTooLong(found) if found == limit), "{why:?}");
    assert!(why.to_string().ends_with("see `Connect::frame_limit`"), "{why}");
    let mut stream = bare.accept().await;
    stream.event(&fits).await;
    assert_eq!(soon(events.next()).await.unwrap().text(), fits);
}

#[tokio::test]
async fn bytes_that_are_not_utf8_end_the_connection_and_it_comes_back() {
    let bare = Bare::start().await;
    let (_client, mut events, mut stream) = bare.connected(quick(&bare.url)).await;
    stream.event(&said("before")).await;
    stream.chunk(b"data: {\"post_type\":\"message\",\"x\":\"\xff\"}\n\n").await;
    assert_eq!(next_said(&mut events).await, "before");
    let mut stream = bare.accept().await;
    stream.event(&said("after")).await;
    assert_eq!(next_said(&mut events).await, "after");
}

/// The part of an event that has come is dropped, also if its JSON is complete.
#[tokio::test]
async fn an_event_that_breaks_off_is_dropped() {
    let whole = format!("data: {}\n", said("机"));
    let bare = Bare::start().await;
    let (_client, mut events, mut stream) = bare.connected(quick(&bare.url)).await;
    let middle = whole.find('机').unwrap() + 1;
    for length in [3, 40, middle, whole.len()] {
        stream.chunk(&whole.as_bytes()[..length]).await;
        drop(stream);
        stream = bare.accept().await;
        stream.event(&said(&length.to_string())).await;
        assert_eq!(next_said(&mut events).await, length.to_string());
    }
}
