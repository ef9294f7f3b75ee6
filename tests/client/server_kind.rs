//! Which program the server is, over HTTP; and the servers that have an action, in the report of its refusal.

use cqhttp::action::{GetVersionInfo, GetVersionInfoResponse};
use cqhttp::mock::{MockServer, With};
use cqhttp::{Client, Error, Raw, ServerKind};
use serde_json::json;
use support::answering;

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
