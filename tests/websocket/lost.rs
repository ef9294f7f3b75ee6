//! Connections that go: what becomes of calls and events, what the state says, and how they come back or end.

use std::future::IntoFuture;
use std::time::Duration;

use cqhttp::mock::{Fault, MockServer};
use cqhttp::{Connect, ConnectionError, ConnectionState, Error, Events, Raw, connect};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use support::log::Log;
use support::peer::{Bare, LONG, login, next_said, said, soon, spawn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Comes back soon.
fn quick(url: &str) -> Connect {
    connect(url).backoff(Duration::from_millis(20), Duration::from_millis(100))
}

/// Waits for the end of the connection, and returns the reason.
async fn end_of(events: &Events) -> ConnectionError {
    let mut states = events.connection().watch();
    let state = soon(states.wait_for(ConnectionState::is_closed)).await.unwrap().clone();
    let ConnectionState::Closed { why, .. } = state else { panic!("{state:?}") };
    why
}

#[track_caller]
fn not_sent(error: &Error, says: &str) {
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    assert!(error.report().contains(says), "{says:?} is missing: {}", error.report());
}

#[track_caller]
fn outcome_unknown(error: &Error, says: &str) {
    assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
    assert!(error.report().contains(says), "{says:?} is missing: {}", error.report());
}

#[tokio::test]
async fn when_a_connection_is_lost_its_calls_are_told_and_it_comes_back() {
    let server = MockServer::start().await.unwrap();
    // So that the test sees it down.
    let slow = connect(server.ws_url()).backoff(Duration::from_secs(1), Duration::from_secs(1)).no_timeout();
    let (client, mut events) = slow.await.unwrap();
    let mut states = events.connection().watch();
    assert!(events.state().is_connected());
    server.faults(Fault::script([Fault::NoAnswer, Fault::NoAnswer]));
    let first = spawn(client.get_login_info());
    let second = spawn(client.get_status());
    while server.calls().len() < 2 {
        tokio::task::yield_now().await;
    }
    server.drop_connections();
    outcome_unknown(&soon(first).await.unwrap().unwrap_err(), "the connection was lost");
    outcome_unknown(&soon(second).await.unwrap().unwrap_err(), "the connection was lost");
    let state = soon(states.wait_for(|state| !state.is_connected())).await.unwrap().clone();
    assert!(state.to_string().starts_with("disconnected: the connection was lost"), "{state}");
    let ConnectionState::Disconnected { why, next_try, .. } = state else { panic!("{state:?}") };
    assert!(matches!(why, ConnectionError::Lost(_)), "{why:?}");
    assert!(next_try > tokio::time::Instant::now() - Duration::from_secs(1));
    let error = client.get_login_info().await.unwrap_err();
    not_sent(&error, "there is no connection to the server: the connection was lost");

    soon(states.wait_for(ConnectionState::is_connected)).await.unwrap();
    client.get_login_info().await.unwrap();
    server.push_text(said("welcome back"));
    assert_eq!(next_said(&mut events).await, "welcome back");
}

#[tokio::test]
async fn the_log_says_disconnected_only_of_a_connection() {
    let log = Log::of_this_thread();
    let server = MockServer::start().await.unwrap();
    let (_client, events) = quick(&server.ws_url()).await.unwrap();
    let place = format!("no connection to 127.0.0.1:{}", server.port());
    server.stop().await;
    let mut states = events.connection().watch();
    let unreachable = |state: &ConnectionState| matches!(state.error(), Some(ConnectionError::Unreachable(why)) if why.to_string().contains(&place));
    soon(states.wait_for(unreachable)).await.unwrap();
    assert_eq!(log.with("disconnected").len(), 1);
    assert!(log.with("disconnected")[0].contains("the connection was lost"), "{:?}", log.with("disconnected"));
    assert!(log.with("still not connected")[0].contains(&place), "{:?}", log.with("still"));
}

#[tokio::test]
async fn the_state_tells_each_step() {
    let bare = Bare::start().await;
    // So that the test sees it down.
    let slow = connect(&bare.url).backoff(Duration::from_secs(1), Duration::from_secs(1));
    let (_client, events, peer) = bare.connected(slow).await;
    let mut states = events.connection().watch();
    assert!(matches!(events.state(), ConnectionState::Connected));
    assert_eq!(events.state().to_string(), "connected");
    assert!(events.state().error().is_none());
    drop(peer);
    soon(states.wait_for(|state| matches!(state, ConnectionState::Disconnected { .. }))).await.unwrap();
    // It dials, and nobody answers yet.
    let (stream, _) = soon(bare.listener.accept()).await.unwrap();
    soon(states.wait_for(|state| matches!(state, ConnectionState::Connecting))).await.unwrap();
    let _peer = tokio_tungstenite::accept_async(stream).await.unwrap();
    soon(states.wait_for(|state| matches!(state, ConnectionState::Connected))).await.unwrap();
    events.close().await;
    assert!(matches!(events.state(), ConnectionState::Closed { why: ConnectionError::Closed, .. }));
    assert!(events.state().error().is_none(), "this program closed it");
}

#[tokio::test]
async fn calls_that_had_left_are_unknown_and_those_that_had_not_are_not_sent() {
    let bare = Bare::start().await;
    let (client, _events, peer) = bare.connected(quick(&bare.url).no_timeout()).await;
    // More than sockets hold: the server reads nothing.
    let text = "x".repeat(1 << 20);
    let calls: Vec<_> =
        (0..64).map(|n| spawn(client.call(Raw::new(format!("call_{n}"), json!({ "x": text }))))).collect();
    // Something has come, so something has left.
    soon(peer.0.get_ref().peek(&mut [0; 64])).await.unwrap();
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    drop(peer);
    let (mut unknown, mut unsent) = (0, 0);
    for call in calls {
        match soon(call).await.unwrap().unwrap_err() {
            Error::OutcomeUnknown(_) => unknown += 1,
            Error::NotSent(_) => unsent += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(unknown > 0 && unsent > 0, "{unknown} unknown, {unsent} not sent");
}

#[tokio::test]
async fn calls_may_wait_for_the_connection() {
    let server = MockServer::start().await.unwrap();
    let port = server.port();
    let (client, events) = quick(&server.ws_url()).queue_while_down(2).await.unwrap();
    let mut states = events.connection().watch();
    server.stop().await;
    soon(states.wait_for(|state| !state.is_connected())).await.unwrap();

    // One that gives up makes room, and is not sent later.
    let error = client.get_status().within(Duration::from_millis(50)).await.unwrap_err();
    not_sent(&error, "it did not get its turn within 50ms");
    let first = spawn(client.get_login_info());
    let second = spawn(client.get_version_info());
    tokio::task::yield_now().await;
    let error = client.get_status().await.unwrap_err();
    not_sent(&error, "there is no connection to the server");

    let server = MockServer::builder().port(port).start().await.unwrap();
    soon(first).await.unwrap().unwrap();
    soon(second).await.unwrap().unwrap();
    let calls: Vec<_> = server.calls().into_iter().map(|call| call.action).collect();
    assert_eq!(calls, ["get_login_info", "get_version_info"]);
}

#[tokio::test]
async fn a_bot_may_start_before_its_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connecting = tokio::spawn(quick(&format!("ws://127.0.0.1:{port}")).wait_for_server().into_future());
    // At first there is no connection.
    let (mut stream, _) = soon(listener.accept()).await.unwrap();
    stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    drop(stream);
    drop(listener);
    let server = MockServer::builder().port(port).start().await.unwrap();
    let (client, _events) = soon(connecting).await.unwrap().unwrap();
    client.get_login_info().await.unwrap();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn without_reconnecting_a_lost_connection_is_the_end() {
    let server = MockServer::start().await.unwrap();
    let (client, mut events) = connect(server.ws_url()).no_reconnect().await.unwrap();
    server.push_text(said("the last"));
    client.get_login_info().await.unwrap();
    server.drop_connections();
    assert!(matches!(end_of(&events).await, ConnectionError::Lost(_)));
    assert_eq!(next_said(&mut events).await, "the last", "what has come is not lost");
    assert!(soon(events.next()).await.is_none());
    assert!(soon(events.subscribe().next()).await.is_none());
    not_sent(
        &client.get_login_info().await.unwrap_err(),
        "there is no connection to the server: the connection was lost",
    );
    events.close().await;
}

#[tokio::test]
async fn every_code_of_a_close_frame_is_told() {
    for code in [
        0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016,
        2999, 3000, 3999, 4000, 4999, 5000, 65535,
    ] {
        let server = MockServer::start().await.unwrap();
        let (_client, events) = connect(server.ws_url()).no_reconnect().await.unwrap();
        server.close_connections(code, "weil es so ist");
        let why = end_of(&events).await;
        let ConnectionError::ClosedByServer { code: Some(found), reason, .. } = &why else { panic!("{code}: {why:?}") };
        // Also one that no frame may hold.
        assert_eq!((*found, &**reason), (code, "weil es so ist"));
        assert!(why.to_string().contains(&format!("(code {code}, weil es so ist)")), "{why}");
    }
    let bare = Bare::start().await;
    let (client, events, mut peer) = bare.connected(connect(&bare.url).no_reconnect()).await;
    let call = spawn(client.get_login_info());
    peer.next().await;
    peer.0.close(None).await.unwrap();
    assert!(matches!(end_of(&events).await, ConnectionError::ClosedByServer { code: None, .. }));
    outcome_unknown(&soon(call).await.unwrap().unwrap_err(), "the server closed the connection");
}

#[tokio::test]
async fn the_reason_of_a_close_frame_does_not_hold_the_token() {
    let server = MockServer::start_with_token("sesame").await.unwrap();
    let (_client, events) = connect(server.ws_url()).access_token("sesame").no_reconnect().await.unwrap();
    server.close_connections(1008, "no such token: sesame!");
    let why = end_of(&events).await;
    assert!(!format!("{why:?} {why}").contains("sesame"));
    assert!(why.to_string().contains("no such token: …!"), "{why}");
}

#[tokio::test]
async fn frames_that_break_the_protocol_end_the_connection_and_it_comes_back() {
    // A frame longer than the limit.
    let bare = Bare::start().await;
    let (_client, mut events, mut peer) = bare.connected(quick(&bare.url).frame_limit(1000)).await;
    peer.send(said(&"x".repeat(100))).await;
    next_said(&mut events).await;
    peer.send("x".repeat(1001)).await;
    let close = loop {
        match soon(peer.0.next()).await {
            Some(Ok(Frame::Close(frame))) => break frame,
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(close, Some(CloseFrame { code, .. }) if u16::from(code) == 1009), "{close:?}");
    let mut peer = bare.accept().await;
    peer.send(said("again")).await;
    assert_eq!(next_said(&mut events).await, "again");

    for (bytes, says) in [
        (&b"\x81\x04\xff\xfe\xfd\xfc"[..], "UTF-8"),
        (b"\x83\x01x", "opcode"),
        (b"\xc1\x01x", "eserved bits"),
        (b"\x81\x84....abcd", "mask"),
        (b"\x80\x01x", "ontinu"),
        (b"\x09\x00", "ragment"),
    ] {
        let server = MockServer::start().await.unwrap();
        let (_client, events) = connect(server.ws_url()).no_reconnect().await.unwrap();
        server.push_raw(bytes);
        let why = end_of(&events).await;
        assert!(matches!(why, ConnectionError::Protocol(_)), "{why:?}");
        assert!(why.report().contains(says), "{says:?} is missing: {}", why.report());
    }
}

#[tokio::test]
async fn a_token_that_is_refused_after_the_upgrade_is_the_end() {
    for retcode in [1403, 1401] {
        let server = MockServer::builder().access_token("right").refuse_after_upgrade(retcode).start().await.unwrap();
        let (client, mut events) = quick(&server.ws_url()).access_token("wrong").await.unwrap();
        let why = end_of(&events).await;
        assert!(matches!(why, ConnectionError::TokenRefused { code, .. } if code == retcode), "{why:?}");
        assert!(soon(events.next()).await.is_none());
        let error = client.get_login_info().await.unwrap_err();
        not_sent(&error, &format!("the access token is missing or wrong (retcode {retcode})"));
    }
    // And so is one that is refused when it comes back.
    let server = MockServer::start_with_token("one").await.unwrap();
    let port = server.port();
    let (_client, events) = quick(&server.ws_url()).access_token("one").await.unwrap();
    server.stop().await;
    let _server = MockServer::builder().port(port).access_token("another").start().await.unwrap();
    let why = end_of(&events).await;
    assert!(matches!(why, ConnectionError::TokenRefused { code: 403, .. }), "{why:?}");
}

/// Fourteen calls, all of which the server has read before it refuses the token.
#[tokio::test]
async fn calls_made_before_a_token_is_refused_are_not_sent() {
    let frame = r#"{"status":"failed","retcode":1403,"data":null,"message":"token验证失败","wording":"token验证失败","echo":null}"#;
    let policy = |reason: &'static str| CloseFrame { code: 1008.into(), reason: reason.into() };
    for (pings, first, close, code) in [
        (false, Some(frame), Some(policy("")), 1403), // NapCat
        (false, Some(frame), None, 1403),
        (false, None, Some(policy("unauthorized")), 1008), // SnowLuma
        (true, Some(frame), Some(policy("")), 1403),
        (true, None, Some(policy("unauthorized")), 1008),
    ] {
        let bare = Bare::start().await;
        let (client, events, mut peer) = bare.connected(quick(&bare.url).no_timeout()).await;
        let calls: Vec<_> = (0..14).map(|_| spawn(client.send_private_msg(10086, "hi"))).collect();
        for _ in 0..14 {
            peer.next().await;
        }
        // A ping tells nothing about the token.
        let ping = || Frame::Ping("".into());
        if pings {
            peer.0.send(ping()).await.unwrap();
        }
        if let Some(frame) = first {
            peer.send(frame).await;
        }
        if pings {
            peer.0.send(ping()).await.unwrap();
        }
        match close {
            Some(close) => peer.0.close(Some(close)).await.unwrap(),
            None => drop(peer),
        }
        for call in calls {
            let error = soon(call).await.unwrap().unwrap_err();
            not_sent(
                &error,
                "the server refused the connection, and ran none of its calls: the access token is missing or wrong",
            );
            assert!(!error.may_have_happened());
        }
        // It is not tried again.
        let why = end_of(&events).await;
        assert!(matches!(why, ConnectionError::TokenRefused { code: found, .. } if found == code), "{why:?}");
        not_sent(&client.get_login_info().await.unwrap_err(), "the access token is missing or wrong");
        let says = ["(retcode 1403)", "(close code 1008, unauthorized)"][usize::from(code == 1008)];
        assert!(why.to_string().contains(says), "{why}");
    }
}

#[tokio::test]
async fn calls_are_not_sent_either_if_the_bot_closes_before_the_token_is_refused() {
    let bare = Bare::start().await;
    let (client, events, mut peer) = bare.connected(quick(&bare.url).no_timeout()).await;
    let call = spawn(client.send_private_msg(10086, "hi"));
    peer.next().await;
    let mut states = events.connection().watch();
    let closing = tokio::spawn(async move { events.close_within(LONG).await });
    soon(states.wait_for(|state| !state.is_connected())).await.unwrap();
    peer.0.close(Some(CloseFrame { code: 1008.into(), reason: "".into() })).await.unwrap();
    not_sent(&soon(call).await.unwrap().unwrap_err(), "the access token is missing or wrong");
    soon(closing).await.unwrap();
}

/// The server closes while the bot still writes, so that writing fails before the refusal has been read.
#[tokio::test]
async fn a_token_is_refused_also_while_calls_are_being_written() {
    let bare = Bare::start().await;
    let (client, events, mut peer) = bare.connected(quick(&bare.url).no_timeout()).await;
    let text = "x".repeat(1 << 20);
    let calls: Vec<_> =
        (0..32).map(|n| spawn(client.call(Raw::new(format!("call_{n}"), json!({ "x": text }))))).collect();
    soon(peer.0.get_ref().peek(&mut [0; 64])).await.unwrap();
    peer.send(r#"{"status":"failed","retcode":1403,"data":null,"echo":null}"#).await;
    drop(peer);
    for call in calls {
        not_sent(&soon(call).await.unwrap().unwrap_err(), "the access token is missing or wrong");
    }
    assert!(matches!(end_of(&events).await, ConnectionError::TokenRefused { code: 1403, .. }));
}

#[tokio::test]
async fn a_close_code_1008_that_comes_later_is_no_refused_token() {
    let bare = Bare::start().await;
    let (_client, mut events, mut peer) = bare.connected(quick(&bare.url)).await;
    peer.send(said("hi")).await;
    peer.0.close(Some(CloseFrame { code: 1008.into(), reason: "".into() })).await.unwrap();
    assert_eq!(next_said(&mut events).await, "hi");
    bare.accept().await;
}

/// A quiet account may get no event for hours: then the code says something else.
#[tokio::test]
async fn a_close_code_1008_on_an_old_connection_is_no_refused_token() {
    let bare = Bare::start().await;
    let (client, _events, mut peer) = bare.connected(quick(&bare.url).no_keepalive()).await;
    let call = spawn(client.get_login_info());
    peer.next().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    peer.0.close(Some(CloseFrame { code: 1008.into(), reason: "rate limit".into() })).await.unwrap();
    assert!(soon(call).await.unwrap().unwrap_err().may_have_happened());
    bare.accept().await;
}

#[tokio::test]
async fn a_cause_is_said_once() {
    let server = MockServer::start().await.unwrap();
    let (_client, events) = connect(server.ws_url()).no_reconnect().await.unwrap();
    server.drop_connections();
    let report = end_of(&events).await.report();
    assert_eq!(report.matches("without closing handshake").count(), 1, "{report}");
}

#[tokio::test]
async fn a_retcode_1403_that_comes_later_is_no_refused_token() {
    let bare = Bare::start().await;
    let (_client, mut events, mut peer) = bare.connected(quick(&bare.url)).await;
    peer.send(said("hi")).await;
    peer.send(r#"{"status":"failed","retcode":1403,"echo":null}"#).await;
    assert_eq!(next_said(&mut events).await, "hi");
    drop(peer);
    let mut peer = bare.accept().await;
    peer.send(r#"{"status":"failed","retcode":1403,"echo":null}"#).await;
    peer.send(said("again")).await;
    assert_eq!(next_said(&mut events).await, "again");
    drop(peer);
    bare.accept().await;
}

#[tokio::test]
async fn a_link_that_goes_silent_is_found_by_pings() {
    let server = MockServer::start().await.unwrap();
    let watchful = quick(&server.ws_url()).keepalive(Duration::from_millis(50), Duration::from_secs(1)).no_timeout();
    let (client, mut events) = watchful.await.unwrap();
    // Answers to pings are read with it, or before it.
    client.get_login_info().await.unwrap();
    server.faults(Fault::script([Fault::NoAnswer]));
    let call = spawn(client.get_status());
    while server.calls().len() < 2 {
        tokio::task::yield_now().await;
    }
    server.silence_connections();
    outcome_unknown(&soon(call).await.unwrap().unwrap_err(), "the server was silent for");
    soon(server.connected(1)).await;
    server.push_text(said("hi"));
    assert_eq!(next_said(&mut events).await, "hi");
}

#[tokio::test]
async fn a_link_that_goes_silent_is_found_by_heartbeats() {
    let server = MockServer::builder().heartbeat(Duration::from_millis(400)).start().await.unwrap();
    let (_client, mut events) = connect(server.ws_url()).no_keepalive().no_reconnect().await.unwrap();
    let kind = cqhttp::EventKind::Heartbeat;
    while soon(events.next()).await.unwrap().event.kind() != kind {}
    server.silence_connections();
    let why = end_of(&events).await;
    assert!(matches!(why, ConnectionError::Silent(time) if time >= Duration::from_secs(1)), "{why:?}");
}

#[tokio::test]
async fn a_server_that_answers_no_pings_is_not_given_up_while_something_has_come() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let watchful = connect(&url).keepalive(Duration::from_millis(20), Duration::from_millis(20)).no_reconnect();
    let connecting = tokio::spawn(watchful.into_future());
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = tokio_tungstenite::accept_async(stream).await.unwrap();
    let (_client, mut events) = connecting.await.unwrap().unwrap();
    stream.send(Frame::text(said("one"))).await.unwrap();
    assert_eq!(next_said(&mut events).await, "one");
    // From here on without the library, which would answer. A ping has six bytes.
    let mut stream = stream.into_inner();
    let mut pings = [0; 10 * 6];
    soon(stream.read_exact(&mut pings)).await.unwrap();
    assert!(pings.chunks(6).all(|ping| ping[..2] == [0x89, 0x80]), "{pings:x?}");
    assert!(events.state().is_connected());
    let text = said("two");
    let head = [0x81, 126, (text.len() >> 8) as u8, text.len() as u8];
    stream.write_all(&[&head, text.as_bytes()].concat()).await.unwrap();
    assert_eq!(next_said(&mut events).await, "two");

    // One from which nothing has ever come is given up.
    let connecting = tokio::spawn(
        connect(&url).keepalive(Duration::from_millis(20), Duration::from_millis(20)).no_reconnect().into_future(),
    );
    let (stream, _) = listener.accept().await.unwrap();
    let _stream = tokio_tungstenite::accept_async(stream).await.unwrap();
    let (_client, events) = connecting.await.unwrap().unwrap();
    let why = end_of(&events).await;
    assert!(matches!(why, ConnectionError::Silent(_)), "{why:?}");
}

#[tokio::test]
async fn closing_lets_calls_in_flight_finish_and_says_closing() {
    let bare = Bare::start().await;
    let (client, mut events, mut peer) = bare.connected(connect(&bare.url)).await;
    let call = spawn(client.get_login_info());
    let (_, echo) = peer.next().await;
    let connection = events.connection();
    let late = async {
        let error = client.get_status().await.unwrap_err();
        not_sent(&error, "there is no connection to the server: the connection was closed by this program");
        peer.answer(&echo, login("bot")).await;
        let closing = loop {
            match soon(peer.0.next()).await.unwrap().unwrap() {
                Frame::Close(frame) => break frame,
                other => assert!(other.is_ping(), "{other:?}"),
            }
        };
        assert!(matches!(closing, Some(CloseFrame { code, .. }) if u16::from(code) == 1000), "{closing:?}");
        // The library answers it when it is asked for more.
        assert!(soon(peer.0.next()).await.is_none());
    };
    tokio::join!(soon(connection.close()), late);
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("bot"));
    assert!(matches!(end_of(&events).await, ConnectionError::Closed));
    assert!(soon(events.next()).await.is_none());
    soon(events.close()).await;
}

#[tokio::test]
async fn closing_ends_calls_whose_time_is_over_and_waits_for_no_answer_for_long() {
    let bare = Bare::start().await;
    let (client, events, mut peer) = bare.connected(connect(&bare.url).no_timeout()).await;
    let call = spawn(client.get_login_info());
    peer.next().await;
    // The server no longer reads, and does not answer the close frame.
    soon(events.close_within(Duration::from_millis(20))).await;
    outcome_unknown(&soon(call).await.unwrap().unwrap_err(), "the connection was closed by this program");
    assert!(events.state().is_closed());
    // While there is no connection it closes too.
    drop(peer);
    let (_client, events, peer) =
        bare.connected(connect(&bare.url).backoff(Duration::from_secs(600), Duration::from_secs(600))).await;
    let mut states = events.connection().watch();
    drop(peer);
    soon(states.wait_for(|state| !state.is_connected())).await.unwrap();
    soon(events.close()).await;
    assert!(matches!(end_of(&events).await, ConnectionError::Closed));
}

#[tokio::test]
async fn the_longest_times_there_are_can_be_set() {
    let server = MockServer::start().await.unwrap();
    let most = Duration::MAX;
    let patient = connect(server.ws_url())
        .keepalive(most, most)
        .backoff(most, most)
        .connect_timeout(most)
        .timeout(most)
        .dedupe(most)
        .overflow(cqhttp::Overflow::Wait(most));
    let (client, mut events) = patient.await.unwrap();
    client.get_login_info().await.unwrap();
    server.push_text(said("hi"));
    assert_eq!(next_said(&mut events).await, "hi");
    let mut states = events.connection().watch();
    server.drop_connections();
    let state = soon(states.wait_for(|state| !state.is_connected())).await.unwrap().clone();
    assert!(matches!(state, ConnectionState::Disconnected { .. }), "{state:?}");
    soon(events.close_within(most)).await;
    let (_client, events) = connect(server.ws_url()).await.unwrap();
    soon(events.close_within(most)).await;
}

#[tokio::test]
async fn a_connection_ends_when_nobody_uses_it_any_more() {
    let server = MockServer::start().await.unwrap();
    let (client, mut events) = connect(server.ws_url()).await.unwrap();
    let handle = events.connection();
    let lifecycle = soon(events.next()).await.unwrap();
    let call = client.get_login_info();
    drop(events);
    drop(client);
    drop(lifecycle);
    // The call holds the last client.
    call.await.unwrap();
    soon(server.connected(0)).await;
    soon(handle.watch().wait_for(ConnectionState::is_closed)).await.unwrap();

    // An event that is kept keeps it open: it can be answered.
    let (client, mut events) = connect(server.ws_url()).await.unwrap();
    server.push_text(said("hi"));
    soon(events.next()).await.unwrap();
    let message = soon(events.next()).await.unwrap();
    drop(events);
    drop(client);
    message.reply("late").await.unwrap();
    drop(message);
    soon(server.connected(0)).await;
}

#[tokio::test]
async fn closing_does_not_wait_for_calls_that_were_given_up() {
    let bare = Bare::start().await;
    let (client, events, mut peer) = bare.connected(connect(&bare.url).no_keepalive()).await;
    let call = spawn(client.get_login_info());
    peer.next().await;
    let mut states = events.connection().watch();
    let closing = {
        let connection = events.connection();
        tokio::spawn(async move { connection.close_within(LONG).await })
    };
    let state = soon(states.wait_for(|state| !state.is_connected())).await.unwrap().to_string();
    assert_eq!(state, "closing");
    not_sent(&client.get_status().await.unwrap_err(), "the connection was closed by this program");
    call.abort();
    let leaving = tokio::spawn(async move { while let Some(Ok(_)) = peer.0.next().await {} });
    tokio::time::timeout(LONG / 2, closing).await.expect("the call's future has been dropped").unwrap();
    leaving.await.unwrap();
}

#[tokio::test]
async fn waits_begin_anew_once_a_connection_has_held() {
    let (first, longest) = (Duration::from_millis(10), Duration::from_millis(400));
    let bare = Bare::start().await;
    let (_client, events, peer) = bare.connected(connect(&bare.url).backoff(first, longest)).await;
    let mut states = events.connection().watch();
    let mut last = tokio::time::Instant::now();
    // How long it waits after the next loss.
    let mut lost = async |states: &mut tokio::sync::watch::Receiver<ConnectionState>| {
        let anew = |state: &ConnectionState| matches!(state, ConnectionState::Disconnected { next_try, .. } if *next_try > last);
        let state = soon(states.wait_for(anew)).await.unwrap().clone();
        let ConnectionState::Disconnected { next_try, .. } = state else { unreachable!() };
        last = next_try;
        next_try - tokio::time::Instant::now()
    };
    drop(peer);
    while lost(&mut states).await < longest / 2 {
        // It is there again, and goes at once.
        drop(bare.accept().await);
    }
    let peer = bare.accept().await;
    soon(states.wait_for(ConnectionState::is_connected)).await.unwrap();
    // What counts is that it has held for so long.
    tokio::time::sleep(longest).await;
    drop(peer);
    let wait = lost(&mut states).await;
    assert!(wait <= 2 * first, "{wait:?}");
}
