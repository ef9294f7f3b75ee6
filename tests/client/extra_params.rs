//! Parameters that no schema knows, on typed calls.

use cqhttp::action::GetGroupMsgHistoryResponse;
use cqhttp::mock::MockServer;
use cqhttp::{Action, AnswersOnce, Call, Client, Effect, Error, Raw, action};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

async fn server() -> (MockServer, Client) {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    (server, client)
}

/// The parameters of the last call.
fn sent(server: &MockServer) -> Value {
    server.calls().last().unwrap().params.clone()
}

#[tokio::test]
async fn a_parameter_that_no_schema_knows_goes_out_beside_the_others() {
    let (server, client) = server().await;
    client.set_group_ban(1, 2).param("reason", "spam").param("level", [1, 2]).duration(60).await.unwrap();
    assert_eq!(
        sent(&server),
        json!({ "group_id": 1, "user_id": 2, "duration": 60, "reason": "spam", "level": [1, 2] })
    );
    // The request may have none of its own, and names may hold anything.
    client.get_login_info().param("a\"b\\", json!({ "c": null })).await.unwrap();
    assert_eq!(sent(&server), json!({ "a\"b\\": { "c": null } }));
    client.call(Raw::new("get_login_info", json!({ "x": 1 }))).param("y", 2).with_raw().await.unwrap();
    assert_eq!(sent(&server), json!({ "x": 1, "y": 2 }));
    // The second value replaces the first, and an optional parameter that is not set is free.
    client.get_group_info(7).param("z", 1).param("z", true).await.unwrap();
    assert_eq!(sent(&server), json!({ "group_id": 7, "no_cache": false, "z": true }));
    client.get_group_msg_history(7).param("message_seq", "9").await.unwrap();
    assert_eq!(sent(&server)["message_seq"], "9");
}

#[cfg(feature = "ws")]
#[tokio::test]
async fn it_goes_out_over_a_websocket() {
    let server = MockServer::start().await.unwrap();
    let (client, _events) = cqhttp::connect(server.ws_url()).await.unwrap();
    client.set_group_name(1, "Rustaceans").param("vendor", 1).await.unwrap();
    assert_eq!(sent(&server), json!({ "group_id": 1, "group_name": "Rustaceans", "vendor": 1 }));
}

/// Each page is a call with the same parameters.
#[tokio::test]
async fn every_page_is_asked_for_with_it() {
    let (server, client) = server().await;
    server.on::<action::GetGroupMsgHistory>(|request| {
        let mut answer = GetGroupMsgHistoryResponse::example();
        if request.message_seq.is_some() {
            answer.messages.clear();
        }
        Ok(answer)
    });
    let mut pages = client.get_group_msg_history(1).param("vendor", 7).pages();
    while pages.next().await.is_some() {}
    let calls = server.calls();
    assert!(calls.len() > 1 && calls.iter().all(|call| call.params["vendor"] == 7), "{calls:?}");
}

/// A value that serde refuses to write.
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("there is no text for it"))
    }
}

#[tokio::test]
async fn a_call_with_a_parameter_that_cannot_go_out_is_not_sent() {
    async fn refused<A: AnswersOnce>(call: Call<A>, says: &str)
    where
        A::Response: std::fmt::Debug,
    {
        let error = call.await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)) && error.report().ends_with(says), "{error:?}");
    }
    let (server, client) = server().await;
    let written = "was not sent: the parameter `duration` is one that the call writes already";
    refused(client.set_group_ban(1, 2).param("duration", 5), written).await;
    refused(client.set_group_ban(1, 2).param("duration", 5).duration(6), written).await;
    let written = "the parameter `flag` is one that the call writes already";
    refused(client.set_group_anonymous_ban(1, "f").param("flag", "g"), written).await;
    let unwritable = "the parameter `x` cannot be written as JSON: there is no text for it";
    refused(client.get_login_info().param("x", Unwritable), unwritable).await;
    refused(client.call(Raw::new("x", json!([]))).param("y", 1), "its parameters are not a JSON object").await;
    assert!(server.calls().is_empty());
    let call = client.get_login_info().param("password", "secret");
    assert!(format!("{call:?}").contains("password") && !format!("{call:?}").contains("secret"), "{call:?}");
}

/// A request that is kept as the text of its parameters.
struct Written(Box<RawValue>);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl AnswersOnce for Written {}

impl Action for Written {
    type Response = Value;

    fn name(&self) -> &str {
        "get_login_info"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }
}

#[tokio::test]
async fn blanks_in_the_parameters_of_a_request_do_not_matter() {
    let (server, client) = server().await;
    for (text, expected) in [
        ("{ }", json!({ "x": null })),
        (" {\n} ", json!({ "x": null })),
        ("{ \"a\" : 1 }", json!({ "a": 1, "x": null })),
    ] {
        let request = Written(RawValue::from_string(text.into()).unwrap());
        client.call(request).param("x", ()).await.unwrap();
        assert_eq!(sent(&server), expected, "{text}");
    }
}
