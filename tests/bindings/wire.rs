//! Every action on the wire. The list, the requests and the answers come from the schema.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::LazyLock;

use cqhttp::Client;
use cqhttp::mock::{self, ActionInfo, MockServer, Via};
use cqhttp_codegen::tooling::{Action, Returns, Scalar, Ty, read};
use serde_json::{Value, json};
use support::same_json;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The example of an answer as it is decoded: the value of a field that the server sends alone is in its object.
fn decoded_example(action: &ActionInfo) -> Value {
    let example = parsed(action.example_answer);
    match bare_examples().get(action.name) {
        Some(field) => json!({ field: example }),
        None => example,
    }
}

/// The actions whose example is the value of one field alone, with the name of the field.
pub(crate) fn bare_examples() -> &'static BTreeMap<String, String> {
    static FIELDS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema");
        let api = read(schema.as_ref(), None, |_| true).unwrap_or_else(|error| panic!("{error:?}")).api;
        let bare = |action: &Action| {
            let fields = match &action.returns {
                Returns::Fields(fields) => fields,
                Returns::Type(Ty { scalar: Scalar::Named(name, _), list: false, .. }) => api.objects.get(name)?,
                _ => return None,
            };
            let example: Value = serde_json::to_value(action.example.returns.as_ref()?).unwrap();
            let bare = fields.iter().find(|field| field.bare && !example.is_object())?;
            Some((action.wire.clone(), bare.wire.clone()))
        };
        api.files.iter().flat_map(|file| &file.actions).filter_map(bare).collect()
    });
    &FIELDS
}

/// The actions of the schema by chapter: by the file that they stand in.
fn chapters() -> BTreeMap<String, Vec<String>> {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/actions")).unwrap();
    let chapter = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("- name: "))
            .map(|name| name.trim_matches('"').to_owned())
            .collect();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), names)
    };
    files.map(|file| chapter(file.unwrap().path())).collect()
}

/// Sends the example of every action through its generated method over HTTP. The snapshot shows the request, and the
/// decoded answer equals the schema's.
#[tokio::test]
async fn every_example_goes_out_as_its_snapshot_shows_and_is_answered() {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    let mut shown = HashMap::new();
    for (index, action) in mock::actions().enumerate() {
        let answer = action.call_example(client.clone()).await.unwrap_or_else(|error| panic!("{error}: {error:?}"));
        let mut calls = server.calls();
        calls.retain(|call| call.via != Via::QuickOperation);
        assert_eq!(calls.len(), index + 1, "{} is one call", action.name);
        let call = &calls[index];
        assert_eq!(call.action, action.name);
        let sent = format!("POST /{}\n{}\n", action.name, serde_json::to_string_pretty(&call.params).unwrap());
        shown.insert(action.name, sent);
        let example = parsed(action.example_params);
        for (name, value) in example.as_object().unwrap() {
            assert_eq!(&call.params[name], value, "{}: `{name}` goes out as the example has it", action.name);
        }
        assert!(same_json(&answer, &decoded_example(action)), "{}: {answer}", action.name);
    }
    for (chapter, actions) in chapters() {
        let sent: Vec<String> = actions.iter().map(|action| shown.remove(action.as_str()).unwrap()).collect();
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("wire__{chapter}"), sent.join("\n"));
        });
    }
    assert!(shown.is_empty(), "{shown:?}");
}

/// Sends the example of every action over every kind of WebSocket.
#[cfg(feature = "server")]
#[tokio::test]
async fn every_example_is_answered_over_every_transport() {
    use cqhttp::connect;
    use cqhttp::mock::{Dial, Outcome};

    let account = MockServer::start().await.unwrap();
    let mut bot = cqhttp::server::Server::bind("127.0.0.1:0").await.unwrap();
    account.dial(Dial::to(format!("ws://{}", bot.local_addr().unwrap())));
    let accepted = bot.next().await.unwrap();
    let (both, _events) = connect(account.ws_url()).await.unwrap();
    let (alone, _no_events) = connect(format!("{}/api", account.ws_url())).await.unwrap();
    let http = Client::builder(account.url()).build().unwrap();

    let clients =
        [(http, Via::Http), (both, Via::WebSocket), (alone, Via::WebSocket), (accepted.client, Via::ReverseWebSocket)];
    for (client, via) in clients {
        let mut called = 0;
        for action in mock::actions() {
            let answer = action.call_example(client.clone()).await.unwrap_or_else(|error| panic!("{error}: {error:?}"));
            let call = account.calls().into_iter().rfind(|call| call.via != Via::QuickOperation).unwrap();
            assert_eq!((&*call.action, call.via), (action.name, via));
            assert_eq!(call.outcome, Outcome::Answered(parsed(action.example_answer)), "{} by {via:?}", action.name);
            assert!(same_json(&answer, &decoded_example(action)), "{} by {via:?}: {answer}", action.name);
            called += 1;
        }
        assert_eq!(called, mock::actions().count());
    }
}

#[test]
fn every_example_request_survives_decoding_and_encoding() {
    for action in mock::actions() {
        let again =
            action.reread_params(action.example_params).unwrap_or_else(|error| panic!("{}: {error}", action.name));
        let (example, again) = (parsed(action.example_params), parsed(&again));
        for (name, value) in example.as_object().unwrap() {
            assert_eq!(&again[name], value, "{}: `{name}`", action.name);
        }
        // What the request says beyond the example are defaults, so a second round changes nothing.
        assert_eq!(parsed(&action.reread_params(&again.to_string()).unwrap()), again, "{}", action.name);
    }
}

#[test]
fn every_example_answer_survives_decoding_and_encoding() {
    for action in mock::actions() {
        let again =
            action.reread_answer(action.example_answer).unwrap_or_else(|error| panic!("{}: {error}", action.name));
        assert!(same_json(&parsed(&again), &decoded_example(action)), "{}: {again}", action.name);
    }
}

#[test]
fn no_snapshot_is_left_over() {
    support::assert_no_orphans("wire", chapters().into_keys());
}

/// An unset parameter is omitted, never null; a parameter with a documented default is always sent.
#[tokio::test]
async fn defaults_are_sent_and_unset_options_left_out() {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    client.set_group_ban(10001000, 10086).await.unwrap();
    client.set_group_anonymous_ban(10001000, "flag").await.unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].params, parsed(r#"{"group_id":10001000,"user_id":10086,"duration":1800}"#));
    assert_eq!(
        calls[1].params,
        parsed(r#"{"group_id":10001000,"anonymous_flag":"flag","flag":"flag","duration":1800}"#)
    );
}
