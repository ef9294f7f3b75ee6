//! Events by HTTP, and calls beside them.

use std::future::IntoFuture;
use std::time::Duration;

use cqhttp::layer::RetryReads;
use cqhttp::mock::{Fault, MockServer, Said};
use cqhttp::{Client, Error, Event, Events, Overflow, ServerKind, connect};
use futures_util::StreamExt;
use support::peer::{next_said, room_for, said, soon, text_of};

use crate::stream::Bare;

#[tokio::test]
async fn events_come_by_http_and_calls_go_beside_them() {
    let server = MockServer::start().await.unwrap();
    let (client, mut events) = connect(server.url()).await.unwrap();
    assert!(events.state().is_connected());
    assert_eq!((server.connections(), server.listeners()), (1, 1));
    assert_eq!(client.get_login_info().await.unwrap().user_id.get(), 10010);
    server.push_text(said("ping"));
    let received = soon(events.next()).await.unwrap();
    assert_eq!((text_of(&received.event), &*received.text()), ("ping".to_owned(), &*said("ping")));
    received.reply("pong").await.unwrap();
    assert_eq!(server.expect::<Said>().await.message.plain_text(), "pong");
    assert!(events.client().get_status().await.is_ok());
    server.user(10086).says("hello").in_group(10001000);
    assert_eq!(next_said(&mut events).await, "hello");
    assert_eq!(server.push(cqhttp::event::FriendRequest::example()), 1);
    let received = soon(events.next()).await.unwrap();
    let Event::FriendRequest(request) = &received.event else { panic!("{received:?}") };
    let approve = cqhttp::event::FriendRequestOperation::new().approve(true);
    received.answer(request, &approve).await.unwrap();
    assert_eq!(server.calls().last().unwrap().action, "set_friend_add_request");
}

#[tokio::test]
async fn several_bots_get_the_same_events() {
    let server = MockServer::start().await.unwrap();
    let (_one, mut first) = connect(server.url()).await.unwrap();
    let (_other, mut second) = connect(server.url()).await.unwrap();
    #[cfg(feature = "ws")]
    let (_third, mut websocket) = connect(server.ws_url()).await.unwrap();
    server.push_text(said("one"));
    assert_eq!(next_said(&mut first).await, "one");
    let mut third = first.subscribe();
    server.push_text(said("two"));
    assert_eq!(next_said(&mut first).await, "two");
    assert_eq!((next_said(&mut second).await, next_said(&mut second).await), ("one".into(), "two".into()));
    assert_eq!(next_said(&mut third).await, "two");
    #[cfg(feature = "ws")]
    assert_eq!((next_said(&mut websocket).await, next_said(&mut websocket).await), ("one".into(), "two".into()));
    let texts = third.take(1).map(|received| text_of(&received.event)).collect::<Vec<_>>();
    server.push_text(said("three"));
    assert_eq!(soon(texts).await, ["three"]);
}

#[tokio::test]
async fn calls_may_go_elsewhere_with_a_token_of_their_own() {
    let events_of = MockServer::start_with_token("of the events").await.unwrap();
    let calls_of = MockServer::start_with_token("of the calls").await.unwrap();
    let builder = Client::builder(calls_of.url()).access_token("of the calls").server_kind(ServerKind::NapCat);
    let calls = builder.timeout(Duration::from_millis(50)).build().unwrap();
    let (client, mut events) =
        connect(events_of.url()).access_token("of the events").calls(calls.clone()).await.unwrap();
    client.get_login_info().await.unwrap();
    events_of.push_text(said("ping"));
    soon(events.next()).await.unwrap().reply("pong").await.unwrap();
    assert_eq!((events_of.calls().len(), calls_of.calls().len()), (0, 2));
    // The client's own settings count.
    assert_eq!(client.server_kind(), Some(ServerKind::NapCat));
    calls_of.faults(Fault::script([Fault::NoAnswer]));
    assert!(client.get_login_info().await.unwrap_err().is_timeout());
    // A connection that is closed does not close the client below.
    soon(events.close()).await;
    assert!(matches!(client.get_login_info().await.unwrap_err(), Error::NotSent(_)));
    calls.get_login_info().await.unwrap();
}

#[tokio::test]
async fn the_settings_of_calls_are_those_of_the_connection() {
    let server = MockServer::start().await.unwrap();
    let hasty = connect(server.url()).timeout(Duration::from_secs(2)).server_kind(ServerKind::LLOneBot);
    let (client, _events) = hasty.layer(RetryReads::new()).await.unwrap();
    assert_eq!(client.server_kind(), Some(ServerKind::LLOneBot));
    server.faults(Fault::script([Fault::DropBefore]));
    client.get_login_info().await.unwrap();
    assert_eq!(server.calls().len(), 2, "a read is repeated");
    server.faults(Fault::script([Fault::NoAnswer]));
    assert!(client.send_group_msg(1, "hi").await.unwrap_err().is_timeout());
}

/// Waits until a consumer has missed this number of events.
async fn missed(events: &Events, number: u64) {
    soon(async {
        while events.missed() < number {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_consumer_that_is_too_slow_misses_the_oldest_and_knows_how_many() {
    let server = MockServer::start().await.unwrap();
    let small = || connect(server.url()).event_queue_limit(room_for(4, &said("0")));
    let (_client, mut events) = small().await.unwrap();
    for n in 0..10 {
        server.push_text(said(&n.to_string()));
    }
    missed(&events, 6).await;
    for n in 6..10 {
        assert_eq!(next_said(&mut events).await, n.to_string());
    }
    assert_eq!(events.missed(), 6);
    // Four in the queue and four that wait, in vain.
    let (_client, mut events) = small().overflow(Overflow::Wait(Duration::ZERO)).await.unwrap();
    for n in 0..10 {
        server.push_text(said(&n.to_string()));
    }
    missed(&events, 2).await;
    for n in 0..4 {
        assert_eq!(next_said(&mut events).await, n.to_string());
    }
    server.push_text(said("room"));
    assert_eq!(next_said(&mut events).await, "room");
    assert_eq!(events.missed(), 6);
}

#[tokio::test]
async fn a_burst_of_twenty_thousand_events_fits_the_queue() {
    const EVENTS: usize = 20_000;
    let server = MockServer::start().await.unwrap();
    let (_client, mut events) = connect(server.url()).await.unwrap();
    for n in 0..EVENTS {
        server.push_text(said(&n.to_string()));
    }
    for n in 0..EVENTS {
        assert_eq!(next_said(&mut events).await, n.to_string());
    }
    assert_eq!(events.missed(), 0);
}

#[tokio::test]
async fn an_event_that_comes_twice_is_dropped_once_if_asked_for() {
    let server = MockServer::start().await.unwrap();
    let heartbeat = cqhttp::mock::events().find(|event| event.name == "Heartbeat").unwrap().example;
    let (_client, mut events) = connect(server.url()).dedupe(Duration::from_secs(600)).await.unwrap();
    for text in [&said("one"), &said("one"), heartbeat, heartbeat, &said("two"), &said("one"), &said("three")] {
        server.push_text(text);
    }
    assert_eq!(next_said(&mut events).await, "one");
    for _ in 0..2 {
        assert!(matches!(soon(events.next()).await.unwrap().event, Event::Heartbeat(_)));
    }
    assert_eq!(next_said(&mut events).await, "two");
    assert_eq!(next_said(&mut events).await, "three");
    // Also if the connection was lost in between.
    server.drop_connections();
    soon(server.connected(1)).await;
    server.push_text(said("three"));
    server.push_text(said("four"));
    assert_eq!(next_said(&mut events).await, "four");
}

/// Each event is decoded when it is taken, and a call does not wait for them.
#[tokio::test]
async fn a_consumer_that_takes_nothing_does_not_stop_calls() {
    let bare = Bare::start().await;
    let small = connect(&bare.url).event_queue_limit(10_000);
    let (client, events, mut stream) = bare.connected(small).await;
    for _ in 0..1000 {
        stream.event(&said("x")).await;
    }
    let call = tokio::spawn(client.get_login_info().into_future());
    let mut asked = bare.asked().await;
    let answer = r#"{"status":"ok","retcode":0,"data":{"user_id":10010,"nickname":"bot"}}"#;
    asked.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())).await;
    soon(call).await.unwrap().unwrap();
    drop(events);
}
