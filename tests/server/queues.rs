//! Bursts of events: what fits, and whose events are lost beyond that.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use cqhttp::UserId;
use cqhttp::server::Server;
use support::log::Log;
use support::peer::{room_for, soon, text_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{ANNA, BORIS, Caller, any, next_message, said_to, status};

#[tokio::test]
async fn a_burst_of_twenty_thousand_events_fits() {
    const EVENTS: usize = 20_000;
    let mut server = any().await.unwrap();
    let mut other = server.subscribe();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    // The handler is busy meanwhile: nothing is taken.
    for number in 0..EVENTS {
        anna.send(said_to(ANNA, &number.to_string())).await;
    }
    anna.pong().await;
    for number in 0..EVENTS {
        assert_eq!(text_of(&next_message(&mut server).await.event), number.to_string());
        assert_eq!(text_of(&soon(other.next()).await.unwrap().event), number.to_string());
    }
    assert_eq!((server.missed(), other.missed(), server.missed_by_account()), (0, 0, BTreeMap::new()));
}

#[tokio::test]
async fn a_flood_of_one_account_takes_no_events_of_another() {
    let log = Log::of_this_thread();
    let mut server = any().event_queue_limit(room_for(3, &said_to(ANNA, "0"))).await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let mut boris = Caller::connect(&server, BORIS, "Universal").await;
    boris.send(said_to(BORIS, "the first")).await;
    boris.pong().await;
    assert!(log.with("dropped an event").is_empty());
    for number in 0..10 {
        anna.send(said_to(ANNA, &number.to_string())).await;
    }
    anna.pong().await;
    boris.send(said_to(BORIS, "the last")).await;
    boris.pong().await;
    let late = server.subscribe();
    for text in ["the first", "7", "8", "9", "the last"] {
        assert_eq!(text_of(&next_message(&mut server).await.event), text);
    }
    let lost = BTreeMap::from([(UserId::new(ANNA), 7)]);
    assert_eq!((server.missed(), server.missed_by_account()), (7, lost));
    assert_eq!((late.missed(), late.missed_by_account()), (0, BTreeMap::new()));
    // At the first, and each time the number has doubled.
    let told = log.with("dropped an event");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains("WARN") && told[0].contains("account=10086") && told[0].contains("missed=1"), "{told:?}");
    assert!(told[0].contains("event_queue_limit"), "{told:?}");
}

/// Anybody who may post can name any number of accounts.
#[tokio::test]
async fn the_first_loss_is_told_once_for_all_accounts() {
    let log = Log::of_this_thread();
    let limit = room_for(1, &said_to(ANNA, "0"));
    let server = any().event_queue_limit(limit).answer_within(Duration::ZERO).await.unwrap();
    for account in 10_000..10_020 {
        for text in ["0", "1"] {
            let id = format!("X-Self-ID: {account}");
            assert_eq!(status(&server, "POST /", &[&id], &said_to(account, text)).await, 204);
        }
    }
    assert_eq!(server.missed(), 20);
    let told = log.with("dropped an event");
    assert!(told.len() == 1 && told[0].contains("account=10000"), "{told:?}");
    // A second loss is a doubled one.
    let id = format!("X-Self-ID: {}", 10_007);
    assert_eq!(status(&server, "POST /", &[&id], &said_to(10_007, "2")).await, 204);
    assert_eq!(log.with("dropped an event").len(), 2);
}

#[tokio::test]
async fn beyond_the_limit_of_all_accounts_the_largest_backlog_loses() {
    let text = said_to(ANNA, "0");
    let mut server = any()
        .event_queue_limit(room_for(8, &text))
        .total_event_queue_limit(room_for(10, &text) + 2 * 1536)
        .await
        .unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let mut boris = Caller::connect(&server, BORIS, "Universal").await;
    for number in 0..8 {
        anna.send(said_to(ANNA, &number.to_string())).await;
    }
    anna.pong().await;
    for number in 0..4 {
        boris.send(said_to(BORIS, &number.to_string())).await;
    }
    boris.pong().await;
    assert_eq!(server.missed_by_account(), BTreeMap::from([(UserId::new(ANNA), 2)]));
    let mut heard = Vec::new();
    for _ in 0..10 {
        let received = next_message(&mut server).await;
        heard.push((received.event.self_id().unwrap().get(), text_of(&received.event)));
    }
    let expected = (2..8).map(|number| (ANNA, number)).chain((0..4).map(|number| (BORIS, number)));
    assert_eq!(heard, expected.map(|(account, number)| (account, number.to_string())).collect::<Vec<_>>());
    assert_eq!(server.missed(), 2);
}

/// Posts an event of each account, over one connection.
async fn post_of_each(server: &Server, accounts: Range<i64>) {
    let mut stream = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
    let mut seen = Vec::new();
    for account in accounts {
        let body = said_to(account, "x");
        let head =
            format!("POST / HTTP/1.1\r\nHost: bot\r\nX-Self-ID: {account}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).await.unwrap();
        seen.clear();
        while !seen.ends_with(b"\r\n\r\n") {
            assert_ne!(soon(stream.read_buf(&mut seen)).await.unwrap(), 0);
        }
        assert!(seen.starts_with(b"HTTP/1.1 204"), "{}", String::from_utf8_lossy(&seen));
    }
}

/// Whoever may post can name any number of accounts.
#[tokio::test]
async fn what_is_held_for_accounts_that_only_post_is_bounded() {
    const ACCOUNTS: usize = 2500;
    const LIMIT: usize = 256 << 10;
    let server = any().max_connections(8).total_event_queue_limit(LIMIT).answer_within(Duration::ZERO).await.unwrap();
    post_of_each(&server, 10_001..10_001 + ACCOUNTS as i64).await;
    // Each of them takes a client, and its place in the queue.
    let missed = usize::try_from(server.missed()).unwrap();
    let held = ACCOUNTS - missed;
    assert!((100..=LIMIT / (1536 + 256)).contains(&held), "{held} events are held");
    let by_account = server.missed_by_account();
    assert!((1024..=2048).contains(&by_account.len()), "{} accounts are counted", by_account.len());
    assert!(by_account.values().all(|missed| *missed == 1));
    // The events of the others are there.
    let mut server = server;
    for _ in 0..held {
        next_message(&mut server).await;
    }
    // A WebSocket finds room.
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    anna.send(said_to(ANNA, "here")).await;
    assert_eq!(text_of(&next_message(&mut server).await.event), "here");
}
