//! The forward WebSocket over real sockets: calls, events, and what becomes of both when a connection goes.

use std::future::{Future, IntoFuture};
use std::time::Duration;

use cqhttp::mock::{MockServer, refuse};
use cqhttp::{ConnectionError, Error, Event, Overflow, Raw, RefusalCode, connect};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::answering;
use support::peer::{Bare, login, next_said, room_for, said, soon, spawn, text_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message as Frame;

#[tokio::test]
async fn calls_go_out_and_events_come_in_over_one_connection() {
    let server = MockServer::start().await.unwrap();
    let (client, mut events) = connect(server.ws_url()).await.unwrap();
    assert_eq!(client.get_login_info().await.unwrap().user_id.get(), 10010);
    let first = soon(events.next()).await.unwrap();
    assert!(matches!(first.event, Event::Lifecycle(_)), "{first:?}");

    server.push_text(said("ping"));
    let received = soon(events.next()).await.unwrap();
    assert_eq!(text_of(&received.event), "ping");
    assert_eq!(received.text(), said("ping"));
    received.reply("pong").await.unwrap();
    let calls = server.calls();
    assert_eq!((&*calls[1].action, &calls[1].params["group_id"]), ("send_msg", &json!(10001000)));

    server.on::<cqhttp::action::SetGroupBan>(|_| Err(refuse(RefusalCode::NotManageable)));
    let error = client.set_group_ban(10001000, 10086).await.unwrap_err();
    assert_eq!(error.code(), Some(RefusalCode::NotManageable));
    let error = client.call(Raw::new("no_such_action", json!({}))).await.unwrap_err();
    assert_eq!(error.code(), Some(RefusalCode::ApiNotFound));
}

#[tokio::test]
async fn a_frame_is_action_params_and_a_string_as_echo() {
    let bare = Bare::start().await;
    let (client, _events, mut peer) = bare.connected(connect(&bare.url)).await;
    let call = spawn(client.call(Raw::new("vendor \"action\"", json!({ "a": [1, "二"] }))));
    let frame = loop {
        match soon(peer.0.next()).await.unwrap().unwrap() {
            Frame::Text(text) => break text,
            other => assert!(other.is_ping()),
        }
    };
    let frame: Value = serde_json::from_str(&frame).unwrap();
    assert_eq!(frame["action"], "vendor \"action\"");
    assert_eq!(frame["params"], json!({ "a": [1, "二"] }));
    assert_eq!(frame.as_object().unwrap().len(), 3, "{frame}");
    assert!(frame["echo"].is_string());
    peer.answer(&frame["echo"], json!({ "x": 1 })).await;
    assert_eq!(call.await.unwrap().unwrap(), json!({ "x": 1 }));
}

#[tokio::test]
async fn each_call_gets_its_own_answer_in_whatever_order_they_come() {
    let bare = Bare::start().await;
    let (client, _events, mut peer) = bare.connected(connect(&bare.url)).await;
    let calls: Vec<_> = (0..50).map(|n| spawn(client.call(Raw::new(format!("call_{n}"), json!({}))))).collect();
    let mut asked = Vec::new();
    for _ in 0..50 {
        asked.push(peer.next().await);
    }
    asked.reverse();
    asked.swap(3, 20);
    for (action, echo) in &asked {
        peer.answer(echo, json!(action)).await;
    }
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(soon(call).await.unwrap().unwrap(), json!(format!("call_{n}")));
    }
}

#[tokio::test]
async fn what_is_neither_an_event_nor_an_answer_is_dropped() {
    let bare = Bare::start().await;
    let (client, mut events, mut peer) = bare.connected(connect(&bare.url)).await;
    let call = spawn(client.get_login_info());
    let (_, echo) = peer.next().await;
    for frame in [
        "",
        "nonsense",
        "[]",
        "1",
        "{}",
        "{\"echo\"",
        "{\"post_type\":",
        "{\"post_type\":7}",
        r#"{"status":"ok","retcode":0,"data":{"user_id":1,"nickname":"nobody"}}"#,
        r#"{"status":"ok","retcode":0,"data":{"user_id":1,"nickname":"nobody"},"echo":null}"#,
        r#"{"status":"ok","retcode":0,"data":{"user_id":1,"nickname":"nobody"},"echo":1}"#,
        r#"{"status":"ok","retcode":0,"data":{"user_id":1,"nickname":"nobody"},"echo":{"a":1}}"#,
        r#"{"status":"ok","retcode":0,"data":{"user_id":1,"nickname":"nobody"},"echo":"c999"}"#,
        r#"{"status":"ok","retcode":0,"data":{"user_id":1,"nickname":"nobody"},"echo":"another's"}"#,
    ] {
        peer.send(frame).await;
    }
    peer.0.send(Frame::binary(said("in a binary frame"))).await.unwrap();
    peer.answer(&echo, login("bot")).await;
    peer.answer(&echo, login("the second answer")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("bot"));
    // The connection lives, and no event came of it.
    peer.send(said("hi")).await;
    assert_eq!(text_of(&soon(events.next()).await.unwrap().event), "hi");
    let call = spawn(client.get_login_info());
    let (_, echo) = peer.next().await;
    peer.answer(&echo, login("still there")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("still there"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_behind_its_echo_is_the_calls_to_report() {
    let bare = Bare::start().await;
    let (client, _events, mut peer) = bare.connected(connect(&bare.url)).await;
    let call = spawn(client.get_login_info());
    let (_, echo) = peer.next().await;
    peer.send(format!(r#"{{"echo":{echo},"status":"ok","data":{{"user_"#)).await;
    let error = soon(call).await.unwrap().unwrap_err();
    assert!(matches!(&error, Error::Undecodable(_)), "{error:?}");
}

#[tokio::test]
async fn each_path_is_for_what_the_server_makes_of_it() {
    let server = MockServer::start().await.unwrap();
    let (client, mut calls_alone) = connect(format!("{}/api", server.ws_url())).await.unwrap();
    let (_, mut events_alone) = connect(format!("{}/event", server.ws_url())).await.unwrap();
    let (_, mut both) = connect(format!("{}/", server.ws_url())).await.unwrap();
    client.get_login_info().await.unwrap();
    assert_eq!(server.push_text(said("hi")), 2);
    assert_eq!(next_said(&mut events_alone).await, "hi");
    assert_eq!(next_said(&mut both).await, "hi");
    calls_alone.close().await;
    assert!(calls_alone.next().await.is_none(), "not even a lifecycle event came");
}

#[tokio::test]
async fn the_token_goes_out_as_a_header_or_in_the_query() {
    let server = MockServer::start_with_token("a&b c+ü").await.unwrap_or_else(|error| panic!("{error}"));
    let url = server.ws_url();
    for connect in [
        connect(&url).access_token("a&b c+ü").token_in_query(),
        connect(format!("{url}/?access_token=a%26b%20c%2B%C3%BC")).token_in_query(),
    ] {
        connect.await.unwrap().0.get_login_info().await.unwrap();
    }
    let server = MockServer::start_with_token("a&b c+").await.unwrap();
    let url = server.ws_url();
    for connect in [
        connect(&url).access_token("a&b c+"),
        connect(format!("{url}/api?access_token=a%26b%20c%2B")),
        connect(format!("{url}?access_token=wrong")).access_token("a&b c+"),
    ] {
        connect.await.unwrap().0.get_login_info().await.unwrap();
    }
    for (connect, status) in
        [(connect(&url), 401), (connect(&url).access_token(""), 401), (connect(&url).access_token("wrong"), 403)]
    {
        // It is not tried again, not even by one who would wait.
        let error = soon(connect.wait_for_server()).await.unwrap_err();
        assert!(matches!(error, ConnectionError::TokenRefused { code, .. } if code == status), "{error:?}");
        assert!(error.to_string().contains("Connect::access_token"), "{error}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_used_says_why() {
    for (url, says) in [
        ("127.0.0.1:6700", "no `ws://` in front"),
        ("ftp://127.0.0.1", "neither `ws://` nor `wss://`"),
        ("ws://", "host"),
        ("ws://例子.中国", "`xn--`"),
        ("ws://me@127.0.0.1", "user name"),
        ("ws://127.0.0.1?token=1", "more than `access_token`"),
        ("ws://127.0.0.1?access_token=a#b", "`%23`"),
        ("unix://run/x.sock", "three slashes"),
    ] {
        let error = connect(url).wait_for_server().await.unwrap_err();
        assert!(matches!(&error, ConnectionError::Address(_)), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(says) && text.contains("like `ws://127.0.0.1:3001`"), "{text}");
    }
    let error = connect("ws://127.0.0.1").access_token("a\nb").await.unwrap_err();
    assert!(matches!(error, ConnectionError::AccessToken), "{error:?}");
    #[cfg(not(feature = "tls"))]
    {
        let error = connect("wss://127.0.0.1").await.unwrap_err();
        assert!(matches!(error, ConnectionError::Tls) && error.to_string().contains("`tls`"), "{error:?}");
    }
}

#[test]
fn without_a_runtime_it_is_an_error() {
    let mut connecting = std::pin::pin!(connect("ws://127.0.0.1:6700").into_future());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(outcome) = connecting.as_mut().poll(&mut cx) else { panic!("it waits") };
    assert!(matches!(outcome, Err(ConnectionError::NoRuntime)));
}

#[tokio::test]
async fn the_first_connection_fails_at_once_and_says_why() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let error = soon(connect(&url)).await.unwrap_err();
    assert!(matches!(error, ConnectionError::Unreachable(_)), "{error:?}");
    let place = url.replace("ws://", "no connection to ");
    assert!(error.report().contains("refused") && error.report().contains(&place), "{}", error.report());
    assert!(!error.report().contains(&url), "the address may hold a token: {}", error.report());
    assert!(
        error.report().contains("in a container, a loopback address is the container itself"),
        "{}",
        error.report()
    );

    for (status, found) in
        [("200 OK", 200), ("404 Not Found", 404), ("301 Moved\r\nlocation: /x", 301), ("503 No", 503)]
    {
        let (url, _) = answering(status, "").await;
        let error = soon(connect(url.replace("http", "ws"))).await.unwrap_err();
        assert!(matches!(error, ConnectionError::NotUpgraded { status: Some(code), .. } if code == found), "{error:?}");
        assert_eq!(error.to_string().contains("is this its WebSocket's address?"), found != 301, "{error}");
    }
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let (url, _) = answering(&format!("{status}\r\nlocation: https://example.com/"), "").await;
        let error = soon(connect(url.replace("http", "ws"))).await.unwrap_err().to_string();
        let says = format!("the server redirects (HTTP status {}), often to `https://` or `wss://`", &status[..3]);
        assert!(error.contains(&says) && error.ends_with("give the address that it points to"), "{error}");
    }
    // An upgrade to something else.
    let (url, _) = answering("101 Switching Protocols\r\nupgrade: websocket\r\nsec-websocket-accept: x", "").await;
    let error = soon(connect(url.replace("http", "ws"))).await.unwrap_err();
    assert!(matches!(error, ConnectionError::NotUpgraded { status: Some(101), .. }), "{error:?}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let silent = connect(&url).connect_timeout(Duration::from_millis(50));
    let error = soon(silent).await.unwrap_err();
    assert!(matches!(error, ConnectionError::TimedOut(_)), "{error:?}");
    let _held = listener.accept().await.unwrap();

    let connecting = tokio::spawn(connect(&url).into_future());
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = [0; 64];
    let _ = stream.read(&mut request).await.unwrap();
    stream.write_all(b"what do you want?\r\n\r\n").await.unwrap();
    let error = soon(connecting).await.unwrap().unwrap_err();
    assert!(matches!(error, ConnectionError::NotUpgraded { status: None, .. }), "{error:?}");
}

#[tokio::test]
async fn the_client_may_lie_in_layers_and_has_a_time_limit() {
    let bare = Bare::start().await;
    let limit = tower::limit::ConcurrencyLimitLayer::new(1);
    let connecting = connect(&bare.url).layer(limit).timeout(Duration::from_millis(100));
    let (client, _events, mut peer) = bare.connected(connecting).await;
    let first = spawn(client.get_login_info());
    peer.next().await;
    let second = spawn(client.get_login_info());
    assert!(matches!(soon(first).await.unwrap().unwrap_err(), Error::OutcomeUnknown(_)));
    // Its turn came as the first gave up, if its time was not over yet.
    let error = soon(second).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown(_) | Error::NotSent(_)), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_nobodys() {
    let bare = Bare::start().await;
    let (client, _events, mut peer) = bare.connected(connect(&bare.url)).await;
    let late = spawn(client.get_login_info().within(Duration::from_millis(20)));
    let (_, late_echo) = peer.next().await;
    assert!(matches!(soon(late).await.unwrap().unwrap_err(), Error::OutcomeUnknown(_)));
    let call = spawn(client.get_login_info());
    let (_, echo) = peer.next().await;
    assert_ne!(echo, late_echo);
    peer.answer(&late_echo, login("late")).await;
    peer.answer(&echo, login("bot")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("bot"));
}

#[tokio::test]
async fn every_consumer_has_a_queue_of_its_own() {
    let server = MockServer::start().await.unwrap();
    let (_, mut first) = connect(server.ws_url()).await.unwrap();
    server.push_text(said("one"));
    assert_eq!(next_said(&mut first).await, "one");
    let mut second = first.subscribe();
    let mut third = second.subscribe();
    server.push_text(said("two"));
    server.push_text(said("three"));
    for events in [&mut first, &mut second, &mut third] {
        assert_eq!(next_said(events).await, "two", "the first came before the subscription");
        assert_eq!(next_said(events).await, "three");
    }
    drop(first);
    drop(third);
    server.push_text(said("four"));
    assert_eq!(next_said(&mut second).await, "four");
}

#[tokio::test]
async fn events_are_a_stream() {
    let server = MockServer::start().await.unwrap();
    let (_, events) = connect(server.ws_url()).await.unwrap();
    server.push_text(said("one"));
    server.push_text(said("two"));
    let texts: Vec<_> = soon(events.skip(1).take(2).map(|received| text_of(&received.event)).collect::<Vec<_>>()).await;
    assert_eq!(texts, ["one", "two"]);
}

#[tokio::test]
async fn a_burst_of_twenty_thousand_events_fits_the_queue() {
    const EVENTS: usize = 20_000;
    let server = MockServer::start().await.unwrap();
    let (client, mut events) = connect(server.ws_url()).await.unwrap();
    for n in 0..EVENTS {
        server.push_text(said(&n.to_string()));
    }
    client.get_login_info().await.unwrap();
    for n in 0..EVENTS {
        assert_eq!(next_said(&mut events).await, n.to_string());
    }
    assert_eq!(events.missed(), 0);
}

#[tokio::test]
async fn a_consumer_that_is_too_slow_misses_the_oldest_and_knows_how_many() {
    let server = MockServer::start().await.unwrap();
    let (client, mut events) = connect(server.ws_url()).event_queue_limit(room_for(4, &said("0"))).await.unwrap();
    // The lifecycle event makes eleven.
    for n in 0..10 {
        server.push_text(said(&n.to_string()));
    }
    // The answer comes behind the events, so they have all been read when it is there.
    client.get_login_info().await.unwrap();
    assert_eq!(events.missed(), 7);
    for n in 6..10 {
        assert_eq!(next_said(&mut events).await, n.to_string());
    }
    assert_eq!(events.missed(), 7);
}

#[tokio::test]
async fn events_may_wait_for_room_and_answers_do_not_wait_with_them() {
    let server = MockServer::start().await.unwrap();
    let patient = Overflow::Wait(Duration::from_secs(600));
    let (client, mut events) =
        connect(server.ws_url()).event_queue_limit(room_for(4, &said("0"))).overflow(patient).await.unwrap();
    for n in 0..10 {
        server.push_text(said(&n.to_string()));
    }
    client.get_login_info().await.unwrap();
    // Four in the queue with the lifecycle event, four more that wait.
    assert_eq!(events.missed(), 3);
    for n in 0..7 {
        assert_eq!(next_said(&mut events).await, n.to_string());
    }
    // Without patience none of those that found no room is there later.
    let hasty = Overflow::Wait(Duration::ZERO);
    let (client, mut events) =
        connect(server.ws_url()).event_queue_limit(room_for(4, &said("0"))).overflow(hasty).await.unwrap();
    for n in 0..10 {
        server.push_text(said(&n.to_string()));
    }
    client.get_login_info().await.unwrap();
    for n in 0..3 {
        assert_eq!(next_said(&mut events).await, n.to_string());
    }
    assert_eq!(events.missed(), 7);
}

#[tokio::test]
async fn an_event_that_comes_twice_is_dropped_once_if_asked_for() {
    let server = MockServer::start().await.unwrap();
    let heartbeat = cqhttp::mock::events().find(|event| event.name == "Heartbeat").unwrap().example;
    let window = Duration::from_secs(600);
    let (_, mut events) = connect(server.ws_url()).dedupe(window).await.unwrap();
    assert!(matches!(soon(events.next()).await.unwrap().event, Event::Lifecycle(_)));
    for text in [&said("one"), &said("one"), heartbeat, heartbeat, &said("two"), &said("one"), &said("three")] {
        server.push_text(text);
    }
    assert_eq!(next_said(&mut events).await, "one");
    for _ in 0..2 {
        assert!(matches!(soon(events.next()).await.unwrap().event, Event::Heartbeat(_)));
    }
    assert_eq!(next_said(&mut events).await, "two");
    assert_eq!(next_said(&mut events).await, "three");
    assert_eq!(events.missed(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_may_be_on_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ws.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let connecting = tokio::spawn(connect(format!("unix://{}", path.display())).into_future());
    let (stream, _) = soon(listener.accept()).await.unwrap();
    let mut peer = tokio_tungstenite::accept_async(stream).await.unwrap();
    let (_client, mut events) = soon(connecting).await.unwrap().unwrap();
    peer.send(Frame::text(said("hi"))).await.unwrap();
    assert_eq!(next_said(&mut events).await, "hi");
}

#[tokio::test]
async fn an_empty_token_leaves_the_one_in_the_address() {
    let server = MockServer::start_with_token("sesame").await.unwrap();
    let url = format!("{}?access_token=sesame", server.ws_url());
    let (client, _events) = connect(url).access_token("").await.unwrap();
    client.get_login_info().await.unwrap();
    #[cfg(feature = "http")]
    {
        let url = format!("{}?access_token=sesame", server.url());
        let client = cqhttp::Client::builder(url).access_token("").build().unwrap();
        client.get_login_info().await.unwrap();
    }
}

#[tokio::test]
async fn the_events_of_a_connection_have_its_client() {
    let server = MockServer::start().await.unwrap();
    let (_, events) = connect(server.ws_url()).await.unwrap();
    assert!(events.client().get_login_info().await.is_ok());
    assert_eq!(server.calls().len(), 1);
}
