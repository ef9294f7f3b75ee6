//! Which program an account's server is.

use cqhttp::ServerKind;
use cqhttp::mock::Webhook;
use serde_json::json;
use support::peer::{soon, spawn};

use crate::{ANNA, BORIS, Caller, any, http, next_message, said_to};

/// Detects the server of an account, which says this name.
async fn detect(client: &cqhttp::Client, caller: &mut Caller, name: &str) -> ServerKind {
    let asking = client.clone();
    let asking = tokio::spawn(async move { asking.detect_server().await });
    let echo = caller.next_call().await;
    caller.answer(&echo, json!({ "app_name": name, "app_version": "1" })).await;
    soon(asking).await.unwrap().unwrap().kind
}

#[tokio::test]
async fn each_account_has_its_server() {
    let server = any().await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let mut boris = Caller::connect(&server, BORIS, "Universal").await;
    let to_anna = soon(server.bots().wait_for(ANNA)).await.unwrap();
    let to_boris = soon(server.bots().wait_for(BORIS)).await.unwrap();
    assert_eq!(detect(&to_anna, &mut anna, "NapCat.Onebot").await, ServerKind::NapCat);
    assert_eq!((to_anna.server_kind(), to_boris.server_kind()), (Some(ServerKind::NapCat), None));
    assert_eq!(detect(&to_boris, &mut boris, "LLOneBot").await, ServerKind::LLOneBot);
    assert_eq!(to_anna.server_kind(), Some(ServerKind::NapCat));
    assert_eq!(server.bot(BORIS).unwrap().server_kind(), Some(ServerKind::LLOneBot));
}

/// The client is the same, and its account may have moved to another server.
#[tokio::test]
async fn the_kind_goes_with_the_connection_that_takes_calls() {
    let server = any().await.unwrap();
    let mut first = Caller::connect(&server, ANNA, "API").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    detect(&client, &mut first, "NapCat.Onebot").await;
    // Another connection for events changes nothing.
    let events = Caller::connect(&server, ANNA, "Event").await;
    let mut events_again = Caller::connect(&server, ANNA, "Event").await;
    events_again.pong().await;
    drop(events);
    assert_eq!(client.server_kind(), Some(ServerKind::NapCat));

    // It is replaced by a connection of another server.
    let mut second = Caller::connect(&server, ANNA, "API").await;
    assert_eq!(first.closed().await, 1000);
    assert_eq!(client.server_kind(), None);
    assert_eq!(detect(&client, &mut second, "SnowLuma").await, ServerKind::SnowLuma);
    assert_eq!(client.server_kind(), Some(ServerKind::SnowLuma));

    // It ends.
    drop(second);
    while server.bot(ANNA).is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.server_kind(), None);
}

#[tokio::test]
async fn a_question_that_waits_for_a_connection_is_about_its_server() {
    let server = any().queue_while_down(1).await.unwrap();
    let first = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    drop(first);
    while server.bot(ANNA).is_some() {
        tokio::task::yield_now().await;
    }
    let asking = client.clone();
    let asking = tokio::spawn(async move { asking.detect_server().await });
    let mut second = Caller::connect(&server, ANNA, "Universal").await;
    let echo = second.next_call().await;
    second.answer(&echo, json!({ "app_name": "Lagrange.OneBot" })).await;
    assert_eq!(soon(asking).await.unwrap().unwrap().kind, ServerKind::Lagrange);
    assert_eq!(client.server_kind(), Some(ServerKind::Lagrange));
}

#[tokio::test]
async fn a_kind_that_was_set_by_hand_is_that_of_its_account() {
    let mut server = any().server_kind(ANNA, ServerKind::LLOneBot).await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    assert_eq!(client.server_kind(), Some(ServerKind::LLOneBot));
    assert_eq!(detect(&client, &mut anna, "NapCat.Onebot").await, ServerKind::LLOneBot);
    drop(anna);
    while server.bot(ANNA).is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.server_kind(), Some(ServerKind::LLOneBot));
    // An account that only posts events has its kind too, and cannot be asked.
    for (account, kind) in [(ANNA, Some(ServerKind::LLOneBot)), (BORIS, None)] {
        let webhook = Webhook::to(http(&server)).retries(0);
        let posted = tokio::spawn(async move { webhook.post(&said_to(account, "hi")).await });
        let received = next_message(&mut server).await;
        assert_eq!(received.client.server_kind(), kind);
        spawn(received.client.get_version_info()).await.unwrap().unwrap_err();
        drop(received);
        soon(posted).await.unwrap().unwrap();
    }
}
