//! Which program the server is: asked, set by hand, and forgotten with the connection.

use std::time::Duration;

use cqhttp::action::{GetVersionInfo, GetVersionInfoResponse, GetVipInfo, KnownAction, SendGroupSign};
use cqhttp::mock::{MockServer, With, refuse};
use cqhttp::{ConnectionState, Error, RefusalCode, ServerKind, connect};
use serde_json::json;
use support::peer::{Bare, soon, spawn};

/// A server that says this name.
async fn named(name: &'static str, port: u16) -> MockServer {
    let server = MockServer::builder().port(port).start().await.unwrap();
    server.on::<GetVersionInfo>(move |_| {
        Ok(GetVersionInfoResponse::example().with(|info| {
            info.app_name = name.into();
            info.app_version = Some("1.2.3".into());
        }))
    });
    server
}

#[tokio::test]
async fn a_server_is_what_it_says_and_nothing_is_asked_on_connecting() {
    for (name, kind) in [
        ("NapCat.Onebot", ServerKind::NapCat),
        ("SnowLuma", ServerKind::SnowLuma),
        ("LLOneBot", ServerKind::LLOneBot),
        ("go-cqhttp", ServerKind::GoCqhttp),
        ("Lagrange.OneBot", ServerKind::Lagrange),
    ] {
        let server = named(name, 0).await;
        let (client, _events) = connect(server.ws_url()).await.unwrap();
        assert_eq!(client.server_kind(), None);
        client.get_login_info().await.unwrap();
        assert_eq!(server.calls().len(), 1, "only the test has made a call");
        let found = client.detect_server().await.unwrap();
        assert_eq!((&found.kind, &*found.name, found.version.as_deref()), (&kind, name, Some("1.2.3")));
        assert_eq!((client.clone().server_kind(), server.calls().len()), (Some(kind), 2));
    }
}

#[tokio::test]
async fn another_program_keeps_its_name_and_nothing_is_said_of_its_actions() {
    let server = named("Another.Program", 0).await;
    let (client, _events) = connect(server.ws_url()).await.unwrap();
    let found = client.detect_server().await.unwrap();
    assert!(matches!(&found.kind, ServerKind::Other(name) if name.get() == "Another.Program"), "{found:?}");
    assert_eq!((found.kind.as_str(), found.kind.title()), ("Another.Program", "Another.Program"));
    assert_eq!(found.supports::<GetVersionInfo>(), None);
    // Its calls are made like any other's.
    client.get_group_msg_history(10001000).await.unwrap();
}

#[tokio::test]
async fn the_kind_goes_with_the_connection() {
    let old = named("NapCat.Onebot", 0).await;
    let port = old.port();
    let quick = connect(old.ws_url()).backoff(Duration::from_millis(20), Duration::from_millis(100));
    let (client, events) = quick.queue_while_down(1).await.unwrap();
    client.detect_server().await.unwrap();
    let mut states = events.connection().watch();
    old.stop().await;
    soon(states.wait_for(|state| !state.is_connected())).await.unwrap();
    assert_eq!(client.server_kind(), None);
    // A question that waits for the next connection is about its server.
    let client_too = client.clone();
    let asked = tokio::spawn(async move { client_too.detect_server().await });
    let new = named("LLOneBot", port).await;
    assert_eq!(soon(asked).await.unwrap().unwrap().kind, ServerKind::LLOneBot);
    assert_eq!(client.server_kind(), Some(ServerKind::LLOneBot));
    new.drop_connections();
    soon(states.wait_for(|state| !state.is_connected())).await.unwrap();
    soon(states.wait_for(ConnectionState::is_connected)).await.unwrap();
    assert_eq!(client.server_kind(), None);
}

/// An answer that arrives with the last frame of a connection says nothing about the next one.
#[tokio::test]
async fn an_answer_of_an_ended_connection_is_not_kept() {
    let bare = Bare::start().await;
    let (client, events, mut peer) = bare.connected(connect(&bare.url).no_reconnect()).await;
    let asking = spawn(client.get_version_info());
    let (_, echo) = peer.next().await;
    peer.answer(&echo, json!({ "app_name": "SnowLuma" })).await;
    assert_eq!(soon(asking).await.unwrap().unwrap().app_name, "SnowLuma");
    assert_eq!(client.server_kind(), None, "only a detection is kept");
    let detecting = client.clone();
    let mut detecting = Box::pin(async move { detecting.detect_server().await });
    tokio::select! {
        biased;
        _ = &mut detecting => unreachable!("nothing has been answered"),
        (action, echo) = peer.next() => {
            assert_eq!(action, "get_version_info");
            peer.answer(&echo, json!({ "app_name": "SnowLuma" })).await;
        }
    }
    drop(peer);
    let mut states = events.connection().watch();
    soon(states.wait_for(ConnectionState::is_closed)).await.unwrap();
    assert_eq!(soon(detecting).await.unwrap().kind, ServerKind::SnowLuma);
    assert_eq!(client.server_kind(), None);
}

#[tokio::test]
async fn a_kind_that_was_set_by_hand_stays() {
    let server = named("Lagrange.OneBot", 0).await;
    let quick = connect(server.ws_url()).backoff(Duration::from_millis(20), Duration::from_millis(100));
    let (client, events) = quick.server_kind(ServerKind::NapCat).await.unwrap();
    assert_eq!(client.server_kind(), Some(ServerKind::NapCat));
    let found = client.detect_server().await.unwrap();
    assert_eq!((found.kind, &*found.name), (ServerKind::NapCat, "Lagrange.OneBot"));
    let mut states = events.connection().watch();
    server.drop_connections();
    soon(states.wait_for(|state| !state.is_connected())).await.unwrap();
    assert_eq!(client.server_kind(), Some(ServerKind::NapCat));
    assert!(server.calls().iter().all(|call| call.action == "get_version_info"));
}

#[tokio::test]
async fn a_server_that_refuses_or_answers_nonsense_stays_unknown() {
    let server = MockServer::start().await.unwrap();
    let (client, _events) = connect(server.ws_url()).await.unwrap();
    server.on::<GetVersionInfo>(|_| Err(refuse(RefusalCode::ApiNotFound)));
    let error = client.detect_server().await.unwrap_err();
    assert!(error.is_unsupported(), "{error:?}");
    assert_eq!(client.server_kind(), None);

    let bare = Bare::start().await;
    let (client, _events, mut peer) = bare.connected(connect(&bare.url)).await;
    let detecting = client.clone();
    for nonsense in [json!({ "app_version": "4.18.13" }), json!({}), json!(null), json!("NapCat"), json!([1])] {
        let detecting = detecting.clone();
        let detecting = tokio::spawn(async move { detecting.detect_server().await });
        let (_, echo) = peer.next().await;
        peer.answer(&echo, nonsense.clone()).await;
        let error = soon(detecting).await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Undecodable(_)), "{nonsense}: {error:?}");
        assert_eq!(client.server_kind(), None);
    }
}

/// Further names count: on SnowLuma `send_group_sign` is one of `set_group_sign`.
#[test]
fn the_lists_say_who_has_an_action() {
    use ServerKind::{GoCqhttp, LLOneBot, Lagrange, NapCat, SnowLuma};
    assert_eq!(SendGroupSign::SERVERS, [NapCat, SnowLuma, LLOneBot, GoCqhttp]);
    for kind in [NapCat, SnowLuma, LLOneBot, GoCqhttp, Lagrange] {
        assert_eq!(kind.supports::<GetVersionInfo>(), Some(true), "{kind}");
        assert_eq!(kind.supports::<SendGroupSign>(), Some(kind != Lagrange), "{kind}");
        assert_eq!(ServerKind::from(kind.as_str()), kind);
        // Nobody has it any longer.
        assert_eq!(kind.supports::<GetVipInfo>(), None, "{kind}");
    }
    assert_eq!(ServerKind::from("x").supports::<GetVersionInfo>(), None);
}
