//! Which program the server is, over HTTP; and the servers that have an action, in the report of its refusal.

use std::time::Duration;

use cqhttp::action::{GetVersionInfo, GetVersionInfoResponse};
use cqhttp::mock::{MockServer, With};
use cqhttp::{Client, Error, Raw, ServerKind};
use serde_json::json;
use support::{answering, read_request};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

#[tokio::test]
async fn the_kind_is_known_once_it_was_asked_for() {
    let server = MockServer::start().await.unwrap();
    let name = |name: &'static str| {
        server.on::<GetVersionInfo>(move |_| {
            Ok(GetVersionInfoResponse::example().with(|info| {
                info.app_name = name.into();
                info.app_version = None;
                info.version = Some("4.18.13".into());
            }))
        });
    };
    let client = Client::builder(server.url()).build().unwrap();
    assert_eq!(client.server_kind(), None);
    assert_eq!(server.calls().len(), 0);
    name("NapCat.Onebot");
    let found = client.detect_server().await.unwrap();
    assert_eq!((found.kind, found.version.as_deref()), (ServerKind::NapCat, Some("4.18.13")));
    assert_eq!(client.server_kind(), Some(ServerKind::NapCat));
    // There is no connection that ends: it is known until it is asked for again.
    name("SnowLuma");
    assert_eq!(client.server_kind(), Some(ServerKind::NapCat));
    client.detect_server().await.unwrap();
    assert_eq!(client.server_kind(), Some(ServerKind::SnowLuma));

    let client = Client::builder(server.url()).server_kind(ServerKind::Lagrange).build().unwrap();
    assert_eq!(client.server_kind(), Some(ServerKind::Lagrange));
    let found = client.detect_server().await.unwrap();
    assert_eq!((found.kind, &*found.name), (ServerKind::Lagrange, "SnowLuma"));
}

#[tokio::test]
async fn what_is_no_answer_tells_no_kind() {
    for (status, body) in [
        ("200 OK", "<html>"),
        ("200 OK", r#"{"status":"ok","retcode":0,"data":null}"#),
        ("200 OK", r#"{"status":"ok","retcode":0,"data":{"app_name":null}}"#),
        ("404 Not Found", ""),
    ] {
        let (url, _) = answering(status, body).await;
        let client = Client::builder(url).build().unwrap();
        client.detect_server().await.unwrap_err();
        assert_eq!(client.server_kind(), None, "{body}");
    }
}

/// Accepts connections, reads the request, sends these bytes, and closes the connection if `closes`.
async fn sending(bytes: &'static str, closes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            read_request(&mut stream).await.unwrap();
            stream.write_all(bytes.as_bytes()).await.unwrap();
            if !closes {
                open.push(stream);
            }
        }
    });
    url
}

/// The client's time limit ends detection too, and what a broken server sends is an error that says so.
#[tokio::test]
async fn over_http_detection_withstands_a_server_that_hangs_closes_or_answers_garbage() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n";
    const HALF: &str =
        "HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{\"status\":\"ok\",\"data\":{\"app_name\":\"SnowLuma\"";
    const NO_ENVELOPE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{\"app_name\":\"SSH\"}";
    for (bytes, closes, told) in [
        ("", false, "no answer within 50ms"),
        (HEAD, false, "no answer within 50ms"),
        (HALF, false, "no answer within 50ms"),
        ("", true, "the connection was lost before an answer arrived"),
        (HALF, true, "the connection was lost in the middle of the answer"),
        ("SSH-2.0-OpenSSH_9.6\r\n", true, "the answer is not HTTP: is this the server's HTTP port?"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\0\u{1}\u{2}\u{3}", true, "it is not JSON"),
        (NO_ENVELOPE, true, "it is JSON, but has neither `status` nor `retcode`"),
    ] {
        let builder = Client::builder(sending(bytes, closes).await);
        let builder = if closes { builder } else { builder.timeout(Duration::from_millis(50)) };
        let client = builder.build().unwrap();
        let error = client.detect_server().await.unwrap_err();
        assert!(error.report().contains(told), "{bytes:?}: {}", error.report());
        assert_eq!(error.is_timeout(), !closes, "{bytes:?}: {error:?}");
        assert_eq!(client.server_kind(), None);
    }
}

#[cfg(feature = "ws")]
#[tokio::test]
async fn over_a_websocket_detection_withstands_a_server_that_hangs_closes_or_answers_garbage() {
    use cqhttp::connect;
    use support::peer::{Bare, soon};

    let server = Bare::start().await;
    let connect = || connect(&server.url).no_reconnect().timeout(Duration::from_millis(300));
    let (client, _events, mut peer) = server.connected(connect()).await;
    // What is not an answer is passed over until the time limit.
    let detecting = client.clone();
    let detection = tokio::spawn(async move { detecting.detect_server().await });
    peer.next().await;
    for garbage in [
        "",
        "null",
        "{",
        "[1]",
        "{\"app_name\":\"SSH\"}",
        "{\"status\":\"ok\",\"echo\":\"other\",\"data\":{\"app_name\":\"SSH\"}}",
    ] {
        peer.send(garbage.to_owned()).await;
    }
    let error = soon(detection).await.unwrap().unwrap_err();
    assert!(error.is_timeout(), "{}", error.report());
    assert_eq!(client.server_kind(), None);
    // An answer without a name.
    let detecting = client.clone();
    let detection = tokio::spawn(async move { detecting.detect_server().await });
    let (_, echo) = peer.next().await;
    peer.answer(&echo, json!({ "app_version": "1" })).await;
    let error = soon(detection).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Undecodable(_)), "{}", error.report());
    // The server closes in the middle.
    let detecting = client.clone();
    let detection = tokio::spawn(async move { detecting.detect_server().await });
    peer.next().await;
    drop(peer);
    let error = soon(detection).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown(_)) && !error.is_timeout(), "{}", error.report());
    assert_eq!(client.server_kind(), None);
}

/// The report of a call that the server does not have.
async fn report(name: &str) -> String {
    let (url, _) = answering("404 Not Found", r#"{"status":"failed","retcode":1404,"data":null}"#).await;
    let error: Error = Client::builder(url).build().unwrap().call(Raw::new(name, json!({}))).await.unwrap_err();
    assert!(error.is_unsupported(), "{error:?}");
    error.report()
}

#[tokio::test]
async fn the_report_names_the_servers_that_have_the_action() {
    let hint =
        |which: &str| format!("(this server does not know the action{which}; if it knows none, the address is wrong)");
    for (action, which) in [
        // Further names count, and actions that no stanza describes.
        (".ocr_image", ", which is on NapCat, SnowLuma, go-cqhttp, Lagrange"),
        ("nc_get_rkey", ", which is on NapCat, SnowLuma"),
        ("qidian_get_account_info", ", which is on go-cqhttp"),
        // Every server has it, or none: that says nothing.
        ("get_login_info", ""),
        ("_get_vip_info", ""),
        ("vendor_action", ""),
    ] {
        let report = report(action).await;
        assert!(report.ends_with(&hint(which)), "{report}");
    }
}
