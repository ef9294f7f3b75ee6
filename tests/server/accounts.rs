//! Accounts whose server makes mistakes: events of another account, and two servers at once.

use std::time::Duration;

use cqhttp::mock::Webhook;
use cqhttp::{ConnectionError, Event};
use support::log::Log;
use support::peer::{login, soon, spawn, text_of};
use tokio_tungstenite::MaybeTlsStream;

use crate::{ANNA, BORIS, Caller, any, http, next_message, said_to, status};

fn is_of_boris(fault: Option<&ConnectionError>) -> bool {
    matches!(
        fault,
        Some(ConnectionError::WrongAccount { expected, found, .. }) if (expected.get(), found.get()) == (ANNA, BORIS)
    )
}

#[tokio::test]
async fn events_of_another_account_are_told_without_a_log() {
    let mut server = any().await.unwrap();
    let mut faults = server.bots().watch_errors();
    assert!(server.last_error().is_none() && faults.borrow().is_none());
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    anna.send(said_to(ANNA, "mine")).await;
    anna.send(said_to(BORIS, "not mine")).await;
    // Nobody has taken an event by then.
    soon(faults.changed()).await.unwrap();
    assert!(is_of_boris(faults.borrow_and_update().as_ref()));
    assert_eq!(anna.closed().await, 1008);
    let fault = server.last_error();
    assert!(is_of_boris(fault.as_ref()), "{fault:?}");
    let report = fault.unwrap().report();
    assert!(report.contains("`ServerBuilder::accept_other_accounts`") && report.contains("10087"), "{report}");
    assert_eq!(text_of(&next_message(&mut server).await.event), "mine");

    let post = async || status(&server, "POST /", &["X-Self-ID: 10086"], &said_to(BORIS, "posted")).await;
    assert_eq!(post().await, 403);
    soon(faults.changed()).await.unwrap();
    assert!(is_of_boris(server.bots().last_error().as_ref()));
    soon(server.close()).await;
    assert!(faults.changed().await.is_err() && server.bots().watch_errors().changed().await.is_err());
    assert!(is_of_boris(server.bots().watch_errors().borrow().as_ref()), "it is still known");
}

#[tokio::test]
async fn a_frame_that_is_too_long_is_told_without_a_log() {
    let server = any().frame_limit(1000).await.unwrap();
    let mut faults = server.bots().watch_errors();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    anna.send(said_to(ANNA, &"x".repeat(1000))).await;
    soon(faults.changed()).await.unwrap();
    assert!(matches!(server.last_error(), Some(ConnectionError::FrameTooLong(1000))), "{:?}", server.last_error());
}

#[tokio::test]
async fn events_of_another_account_can_be_accepted() {
    let mut server = any().accept_other_accounts().await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    for account in [BORIS, ANNA, BORIS] {
        anna.send(said_to(account, &account.to_string())).await;
        let received = next_message(&mut server).await;
        assert_eq!((received.event.self_id().unwrap().get(), text_of(&received.event)), (account, account.to_string()));
        // Its client is that of the connection.
        let call = spawn(received.client.get_login_info());
        let echo = anna.next_call().await;
        anna.answer(&echo, login("anna")).await;
        assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("anna"));
    }
    assert!(server.bot(ANNA).is_some() && server.bot(BORIS).is_none());
    // Its response may come at once, since nobody waits for an answer here.
    let server = &mut any().accept_other_accounts().answer_within(Duration::ZERO).await.unwrap();
    assert_eq!(status(server, "POST /", &["X-Self-ID: 10086"], &said_to(BORIS, "posted")).await, 204);
    assert_eq!(text_of(&next_message(server).await.event), "posted");
    assert!(server.last_error().is_none());
}

#[tokio::test]
async fn two_servers_of_one_account_are_told_once_with_both_addresses() {
    let log = Log::of_this_thread();
    let server = any().await.unwrap();
    let address = |caller: &Caller| match caller.0.get_ref() {
        MaybeTlsStream::Plain(stream) => stream.local_addr().unwrap().to_string(),
        _ => unreachable!(),
    };
    // One that connects again, as after a restart, is not told.
    let mut old = Caller::connect(&server, BORIS, "Universal").await;
    for _ in 0..2 {
        let new = Caller::connect(&server, BORIS, "Universal").await;
        assert_eq!(old.closed().await, 1000);
        old = new;
    }
    assert!(log.with("replace each other").is_empty());

    let mut old = Caller::connect(&server, ANNA, "Universal").await;
    let mut pairs = Vec::new();
    for _ in 0..20 {
        let new = Caller::connect(&server, ANNA, "Universal").await;
        assert_eq!(old.closed().await, 1000);
        pairs.push((address(&old), address(&new)));
        old = new;
    }
    // Two servers with two connections each.
    const PAIRS: i64 = 3;
    let mut held = Vec::new();
    for role in ["API", "Event"].repeat(6) {
        held.push(Caller::connect(&server, PAIRS, role).await);
    }
    soon(server.bots().wait_for(PAIRS)).await.unwrap();
    for caller in held.iter_mut().take(10) {
        assert_eq!(caller.closed().await, 1000);
    }
    assert_eq!(log.with("account=3 ").len(), 1, "{:?}", log.with(""));
    let told = log.with("account=10086");
    assert_eq!(told.len(), 1, "{told:?}");
    let (first, second) = &pairs[2];
    assert!(told[0].contains("WARN") && told[0].contains("account=10086"), "{told:?}");
    assert!(
        told[0].contains(&format!("replaced=\"{first}\"")) && told[0].contains(&format!("by=\"{second}\"")),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_connection_with_the_role_api_brings_no_events() {
    let mut server = any().await.unwrap();
    let mut calls = Caller::connect(&server, ANNA, "API").await;
    let mut events = Caller::connect(&server, ANNA, "Event").await;
    calls.send(said_to(ANNA, "by the wrong way")).await;
    // That of another account neither.
    calls.send(said_to(BORIS, "by the wrong way")).await;
    calls.pong().await;
    events.send(said_to(ANNA, "by the right way")).await;
    let received = next_message(&mut server).await;
    assert_eq!(text_of(&received.event), "by the right way");
    let call = spawn(received.client.get_login_info());
    let echo = calls.next_call().await;
    calls.answer(&echo, login("anna")).await;
    soon(call).await.unwrap().unwrap();
    // Both ways at once bring each event once.
    for caller in [&mut calls, &mut events] {
        caller.send(said_to(ANNA, "twice")).await;
        caller.pong().await;
    }
    let webhook = Webhook::to(http(&server)).retries(0);
    let posted = tokio::spawn(async move { webhook.post(&said_to(ANNA, "the end")).await });
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "the end") {
        let Event::GroupMessage(message) = soon(server.next()).await.unwrap().event else { continue };
        heard.push(message.message.plain_text());
    }
    assert_eq!(heard, ["twice", "the end"]);
    tokio::time::timeout(Duration::from_secs(60), posted).await.unwrap().unwrap().unwrap();
}
