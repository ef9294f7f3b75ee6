//! The keys of actions that change a call, for every action that has one, over HTTP and over a WebSocket. The actions and their keys
//! come from the schema's files.

use std::collections::BTreeSet;

use cqhttp::mock::{self, ActionInfo, Fault, MockServer, Via};
use cqhttp::{Client, Error, Raw, connect};
use serde_json::{Map, Value, json};

/// Returns the actions with a line in their stanza that begins with `key`, as far as they are compiled.
fn actions_with(key: &str) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/actions")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for stanza in text.split("\n- name: ").skip(1).filter(|stanza| stanza.lines().any(|line| line.starts_with(key)))
        {
            let name = stanza.lines().next().unwrap().trim_matches('"');
            names.extend(mock::action(name).map(|action| action.name));
        }
    }
    names
}

/// Calls every action by its method over both transports, each time on a connection of its own while `fault` is injected. Returns
/// the actions whose call has the result that `is_wanted` describes.
async fn actions_that(fault: Fault, is_wanted: impl Fn(Result<Value, Error>) -> bool) -> [BTreeSet<&'static str>; 2] {
    let server = MockServer::start().await.unwrap();
    server.faults(move |_| fault.clone());
    let http = Client::builder(server.url()).build().unwrap();
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    for action in mock::actions() {
        if is_wanted(action.call_example(http.clone()).await) {
            found[0].insert(action.name);
        }
        let (client, _events) = connect(server.ws_url()).await.unwrap();
        if is_wanted(action.call_example(client).await) {
            found[1].insert(action.name);
        }
    }
    let calls = server.calls().into_iter().filter(|call| call.via != Via::QuickOperation);
    assert_eq!(calls.count(), 2 * mock::actions().count());
    found
}

#[tokio::test]
async fn every_soft_failure_is_a_refusal_and_no_other_result() {
    let answer = r#"{"status":"ok","retcode":0,"data":{"result":77,"errMsg":"no"},"echo":{echo}}"#;
    let refused = actions_that(Fault::Text(answer.to_owned()), |result| {
        result.is_err_and(|error| matches!(error, Error::Refused(_)) && error.retcode() == Some(77))
    });
    let soft = actions_with("  soft_failure: true");
    assert!(!soft.is_empty());
    assert_eq!(refused.await, [soft.clone(), soft]);
}

#[tokio::test]
async fn only_where_the_server_ends_is_a_closed_connection_a_success() {
    let ended = actions_that(Fault::DropAfter, |result| result.is_ok()).await;
    let never = actions_with("  returns: never");
    assert!(never.contains("set_restart"));
    assert_eq!(ended, [never.clone(), never]);
}

/// The parameters of the action's example with these of `all` in place of all of them.
fn with_chosen(action: &ActionInfo, all: &[&'static str], chosen: &[&'static str]) -> Value {
    let mut params: Map<String, Value> = serde_json::from_str(action.example_params).unwrap();
    params.retain(|name, _| !all.contains(&name.as_str()));
    params.extend(chosen.iter().map(|name| ((*name).to_owned(), json!("1"))));
    params.into()
}

/// Each parameter of a group is taken alone; two together are refused, and none where one is needed.
#[tokio::test]
async fn every_group_of_parameters_that_exclude_each_other_holds() {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    let mut with_groups = BTreeSet::new();
    for (action, choice) in mock::actions().flat_map(|action| action.choices.iter().map(move |choice| (action, choice)))
    {
        with_groups.insert(action.name);
        let all: Vec<_> = choice.params.iter().map(|(name, _)| *name).collect();
        let refused = async |chosen: &[&'static str]| {
            let params = with_chosen(action, &all, chosen);
            let result = client.call(Raw::new(action.name, params)).await;
            result.is_err_and(|error| error.retcode() == Some(1400))
        };
        for (index, (name, sharing)) in choice.params.iter().enumerate() {
            assert!(!refused(&[*name]).await, "{}: `{name}` alone", action.name);
            // A parameter that goes out under another's name, too, cannot be told from the two of them.
            let (other, shared) = &choice.params[(index + 1) % choice.params.len()];
            let are_apart = !sharing.contains(other) && !shared.contains(name);
            assert_eq!(refused(&[*name, *other]).await, are_apart, "{}: `{name}` and `{other}`", action.name);
        }
        assert_eq!(refused(&[]).await, choice.required, "{}: none of them", action.name);
    }
    assert_eq!(with_groups, &actions_with("  one_of:") | &actions_with("  at_most_one:"));
}
