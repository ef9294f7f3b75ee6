//! Lost connections: the effect on events and calls, the states, and how connections are made again or end.

use std::future::IntoFuture;
use std::time::Duration;

use cqhttp::mock::{Fault, MockServer};
use cqhttp::{Client, Connect, ConnectionError, ConnectionState, Error, EventKind, connect};
use support::log::Log;
use support::peer::{next_said, said, soon, spawn};

use crate::stream::{Bare, end_of, lost};

/// Configures a connection that is made again soon after it is lost.
fn quick(url: &str) -> Connect {
    connect(url).backoff(Duration::from_millis(10), Duration::from_millis(20))
}

#[track_caller]
fn not_sent(error: &Error, says: &str) {
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    assert!(error.report().contains(says), "{says:?} is missing: {}", error.report());
}

#[tokio::test]
async fn the_state_tells_each_step() {
    let bare = Bare::start().await;
    // So that the test sees it down.
    let slow = connect(&bare.url).backoff(Duration::from_secs(1), Duration::from_secs(1));
    let (_client, events, stream) = bare.connected(slow).await;
    let mut states = events.connection().watch();
    assert_eq!(events.state().to_string(), "connected");
    drop(stream);
    let down = soon(states.wait_for(|state| !state.is_connected())).await.unwrap().clone();
    assert!(down.to_string().starts_with("disconnected: the connection was lost"), "{down}");
    let ConnectionState::Disconnected { why: ConnectionError::Lost(_), .. } = down else { panic!("{down:?}") };
    let mut asked = bare.asked().await;
    soon(states.wait_for(|state| matches!(state, ConnectionState::Connecting))).await.unwrap();
    asked.write(crate::stream::HEAD).await;
    soon(states.wait_for(ConnectionState::is_connected)).await.unwrap();
    soon(events.close()).await;
    assert!(matches!(events.state(), ConnectionState::Closed { why: ConnectionError::Closed, .. }));
    assert!(events.state().error().is_none(), "this program closed it");
    asked.closed().await;
}

#[tokio::test]
async fn an_end_of_the_response_is_a_lost_connection_too() {
    let server = MockServer::start().await.unwrap();
    let (_client, mut events) = quick(&server.url()).await.unwrap();
    let mut states = events.connection().watch();
    server.close_connections(1000, "");
    let why = soon(states.wait_for(|state| !state.is_connected())).await.unwrap().error().unwrap();
    assert!(matches!(why, ConnectionError::ClosedByServer { code: None, .. }), "{why:?}");
    soon(server.connected(1)).await;
    server.push_text(said("hi"));
    assert_eq!(next_said(&mut events).await, "hi");
}

/// The server is killed in the middle of an event, and comes back on the same port.
#[tokio::test]
async fn fifty_kills_and_no_event_comes_twice_or_is_lost_that_was_sent() {
    const KILLS: usize = 50;
    let mut server = MockServer::start().await.unwrap();
    let port = server.port();
    let (_client, mut events) = quick(&server.url()).await.unwrap();
    let mut states = events.connection().watch();
    let mut seen = (0, 0);
    for kill in 0..KILLS {
        let texts = [0, 1, 2].map(|number| format!("{kill} {number}"));
        for text in &texts {
            server.push_text(said(text));
        }
        let part = format!("data: {}", said("half"));
        server.push_raw(&part.as_bytes()[..7 + 3 * kill]);
        for text in texts {
            assert_eq!(next_said(&mut events).await, text);
        }
        if kill % 2 == 0 {
            server.drop_connections();
        } else {
            server.stop().await;
            let state = soon(states.wait_for(|state| !state.is_connected())).await.unwrap().clone();
            seen.0 += usize::from(matches!(state, ConnectionState::Disconnected { .. } | ConnectionState::Connecting));
            server = MockServer::builder().port(port).start().await.unwrap();
        }
        soon(server.connected(1)).await;
        soon(states.wait_for(ConnectionState::is_connected)).await.unwrap();
        seen.1 += 1;
    }
    server.push_text(said("the last one"));
    assert_eq!(next_said(&mut events).await, "the last one");
    assert_eq!((seen, events.missed()), ((KILLS / 2, KILLS), 0));
    soon(events.close()).await;
    assert!(soon(events.next()).await.is_none(), "nothing came twice");
    soon(server.connected(0)).await;
}

#[tokio::test]
async fn calls_do_not_end_with_the_events_and_do_not_wait_for_them() {
    let events_of = MockServer::start().await.unwrap();
    let calls_of = MockServer::start().await.unwrap();
    let calls = Client::builder(calls_of.url()).no_timeout().build().unwrap();
    let slow = connect(events_of.url()).calls(calls).backoff(Duration::from_secs(60), Duration::from_secs(60));
    let (client, events) = slow.await.unwrap();
    calls_of.stall(true);
    let call = spawn(client.get_login_info());
    events_of.stop().await;
    assert!(matches!(lost(&events).await, ConnectionError::Lost(_) | ConnectionError::ClosedByServer { .. }));
    calls_of.stall(false);
    soon(call).await.unwrap().unwrap();
    client.get_login_info().await.unwrap();
}

#[tokio::test]
async fn without_reconnecting_the_end_of_the_events_is_the_end() {
    let events_of = MockServer::start().await.unwrap();
    let calls_of = MockServer::start().await.unwrap();
    let calls = Client::builder(calls_of.url()).build().unwrap();
    let (client, mut events) = connect(events_of.url()).calls(calls).no_reconnect().await.unwrap();
    events_of.push_text(said("hi"));
    assert_eq!(next_said(&mut events).await, "hi");
    calls_of.stall(true);
    let call = spawn(client.get_login_info());
    while calls_of.calls().is_empty() && !call.is_finished() {
        tokio::task::yield_now().await;
        calls_of.stall(false);
    }
    events_of.drop_connections();
    assert!(matches!(end_of(&events).await, ConnectionError::Lost(_)));
    assert!(soon(events.next()).await.is_none());
    soon(call).await.unwrap().unwrap();
    not_sent(
        &client.get_login_info().await.unwrap_err(),
        "there is no connection to the server: the connection was lost",
    );
}

#[tokio::test]
async fn a_token_that_is_refused_later_ends_the_connection() {
    let log = Log::of_this_thread();
    let server = MockServer::start_with_token("sesame").await.unwrap();
    let port = server.port();
    let (client, events) = quick(&server.url()).access_token("sesame").await.unwrap();
    server.stop().await;
    let _other = MockServer::builder().port(port).access_token("open").start().await.unwrap();
    assert!(matches!(end_of(&events).await, ConnectionError::TokenRefused { code: 403, .. }));
    not_sent(&client.get_login_info().await.unwrap_err(), "the access token is missing or wrong");
    assert!(log.with("sesame").is_empty());
    assert_eq!(log.with("the connection has ended, and is not made again").len(), 1);
}

#[tokio::test]
async fn closing_ends_the_request_and_lets_calls_in_flight_finish() {
    let bare = Bare::start().await;
    let (client, mut events, mut stream) = bare.connected(connect(&bare.url)).await;
    stream.event(&said("hi")).await;
    assert_eq!(next_said(&mut events).await, "hi");
    let call = spawn(client.get_login_info());
    let mut asked = bare.asked().await;
    let connection = events.connection();
    let closing = tokio::spawn(async move { connection.close().await });
    stream.closed().await;
    assert_eq!(events.state().to_string(), "closing");
    not_sent(&client.get_status().await.unwrap_err(), "the connection was closed by this program");
    let answer = r#"{"status":"ok","retcode":0,"data":{"user_id":10010,"nickname":"bot"}}"#;
    asked.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("bot"));
    soon(closing).await.unwrap();
    assert!(matches!(end_of(&events).await, ConnectionError::Closed));
    assert!(soon(events.next()).await.is_none());
    soon(events.close()).await;
}

#[tokio::test]
async fn closing_ends_calls_whose_time_is_over() {
    let bare = Bare::start().await;
    let (client, events, mut stream) = bare.connected(connect(&bare.url).no_timeout()).await;
    let call = spawn(client.get_login_info());
    let mut asked = bare.asked().await;
    soon(events.close_within(Duration::from_millis(20))).await;
    let error = soon(call).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
    assert!(error.report().contains("the connection was closed by this program"), "{}", error.report());
    asked.closed().await;
    stream.closed().await;

    // While there is no connection it closes too.
    let slow = connect(&bare.url).backoff(Duration::from_secs(600), Duration::from_secs(600));
    let (_client, events, stream) = bare.connected(slow).await;
    drop(stream);
    lost(&events).await;
    soon(events.close()).await;
    assert!(matches!(end_of(&events).await, ConnectionError::Closed));

    // A second request with a shorter limit counts, and the longest there is can be set.
    let (client, events, _stream) = bare.connected(connect(&bare.url).no_timeout()).await;
    let call = spawn(client.get_login_info());
    let _asked = bare.asked().await;
    let connection = events.connection();
    let closing = tokio::spawn(async move { connection.close_within(Duration::MAX).await });
    let mut states = events.connection().watch();
    soon(states.wait_for(|state| !state.is_connected())).await.unwrap();
    soon(events.close_within(Duration::ZERO)).await;
    soon(closing).await.unwrap();
    assert!(matches!(soon(call).await.unwrap().unwrap_err(), Error::OutcomeUnknown(_)));
}

#[tokio::test]
async fn a_connection_ends_when_nobody_uses_it_any_more() {
    let server = MockServer::start().await.unwrap();
    let (client, events) = connect(server.url()).await.unwrap();
    let handle = events.connection();
    let call = client.get_login_info();
    drop(events);
    drop(client);
    // The call holds the last client.
    call.await.unwrap();
    soon(server.connected(0)).await;
    soon(handle.watch().wait_for(ConnectionState::is_closed)).await.unwrap();

    // An event that is kept keeps it open: it can be answered.
    let (client, mut events) = connect(server.url()).await.unwrap();
    server.push_text(said("hi"));
    let message = soon(events.next()).await.unwrap();
    drop((events, client));
    message.reply("late").await.unwrap();
    drop(message);
    soon(server.connected(0)).await;
}

#[tokio::test]
async fn a_stream_that_goes_silent_is_found_by_heartbeats() {
    let server = MockServer::builder().heartbeat(Duration::from_millis(400)).start().await.unwrap();
    let (_client, mut events) = connect(server.url()).no_reconnect().await.unwrap();
    while soon(events.next()).await.unwrap().event.kind() != EventKind::Heartbeat {}
    server.silence_connections();
    let why = end_of(&events).await;
    assert!(matches!(why, ConnectionError::Silent(time) if time >= Duration::from_secs(1)), "{why:?}");

    // It comes back on a new connection.
    let (_client, mut events) = quick(&server.url()).await.unwrap();
    while soon(events.next()).await.unwrap().event.kind() != EventKind::Heartbeat {}
    server.silence_connections();
    assert!(matches!(lost(&events).await, ConnectionError::Silent(_)));
    soon(server.connected(1)).await;
    server.push_text(said("hi"));
    assert_eq!(next_said(&mut events).await, "hi");
}

/// Parts of an event are a sign of life, and so are comments.
#[tokio::test]
async fn a_server_that_sends_anything_is_not_silent() {
    let heartbeat = r#"{"post_type":"meta_event","meta_event_type":"heartbeat","self_id":1,"interval":400}"#;
    let bare = Bare::start().await;
    let (_client, mut events, mut stream) = bare.connected(connect(&bare.url).no_reconnect()).await;
    stream.event(heartbeat).await;
    soon(events.next()).await.unwrap();
    let event = format!(": {}\ndata: {}\n\n", "x".repeat(8), said("slow"));
    let begun = tokio::time::Instant::now();
    for byte in event.as_bytes().chunks(1 + event.len() / 12) {
        stream.chunk(byte).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert!(begun.elapsed() > Duration::from_secs(1));
    assert_eq!(next_said(&mut events).await, "slow");
    assert!(events.state().is_connected());
}

#[tokio::test]
async fn a_server_without_heartbeats_may_be_silent_for_ever() {
    let bare = Bare::start().await;
    let heartbeat = r#"{"post_type":"meta_event","meta_event_type":"heartbeat","self_id":1,"interval":5000}"#;
    for (connect, first) in [(connect(&bare.url), "{}"), (connect(&bare.url).no_heartbeat_watch(), heartbeat)] {
        let (_client, mut events, mut stream) = bare.connected(connect.no_reconnect()).await;
        stream.event(first).await;
        stream.event(&said("hi")).await;
        assert_eq!(next_said(&mut events).await, "hi");
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(7 * 24 * 3600)).await;
        tokio::time::resume();
        stream.event(&said("still there")).await;
        assert_eq!(next_said(&mut events).await, "still there");
    }
}

#[tokio::test]
async fn the_longest_times_there_are_can_be_set() {
    let server = MockServer::start().await.unwrap();
    let most = Duration::MAX;
    let patient = connect(server.url()).keepalive(most, most).backoff(most, most).connect_timeout(most).timeout(most);
    let (client, mut events) = patient.dedupe(most).overflow(cqhttp::Overflow::Wait(most)).await.unwrap();
    client.get_login_info().await.unwrap();
    server.push_text(said("hi"));
    assert_eq!(next_said(&mut events).await, "hi");
    server.drop_connections();
    lost(&events).await;
    soon(events.close_within(most)).await;
    let (_client, events) = connect(server.url()).no_keepalive().await.unwrap();
    soon(events.close_within(most)).await;
}

#[tokio::test]
async fn the_kind_of_the_server_goes_with_the_connection() {
    let server = MockServer::start().await.unwrap();
    let (client, events) = quick(&server.url()).await.unwrap();
    client.detect_server().await.unwrap();
    assert!(client.server_kind().is_some());
    server.faults(Fault::script([]));
    let mut states = events.connection().watch();
    server.drop_connections();
    soon(states.wait_for(|state| !state.is_connected())).await.unwrap();
    assert!(client.server_kind().is_none());
}

/// A runtime that ends takes the connection with it, and says so.
#[test]
fn the_end_of_a_runtime_is_the_end_of_its_connection() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (servers, bots) = (runtime(), runtime());
    let server = servers.block_on(MockServer::start()).unwrap();
    let (client, events) = bots.block_on(connect(server.url()).into_future()).unwrap();
    drop(bots);
    servers.block_on(async {
        assert!(matches!(end_of(&events).await, ConnectionError::Closed));
        not_sent(&client.get_login_info().await.unwrap_err(), "the connection was closed by this program");
    });
}
