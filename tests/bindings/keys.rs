//! The actions with special keys, each through its generated method: the list comes from the schema.

use cqhttp::mock::{self, ActionInfo, Fault, MockServer};
use cqhttp::{Client, Error, Raw, RefusalKind, connect};
use cqhttp_codegen::tooling::{Action, Returns, read};
use serde_json::{Value, json};

/// The names of the schema's actions for which this holds.
fn named(holds: impl Fn(&Action) -> bool) -> Vec<String> {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema");
    let schema = read(schema.as_ref(), None, |_| true).unwrap_or_else(|error| panic!("{error:?}"));
    let actions = schema.api.files.iter().flat_map(|file| &file.actions);
    actions.filter(|action| holds(action)).map(|action| action.wire.clone()).collect()
}

fn action(name: &str) -> &'static ActionInfo {
    mock::action(name).unwrap()
}

/// A client over HTTP and one over a WebSocket.
async fn clients(server: &MockServer) -> [Client; 2] {
    let http = Client::builder(server.url()).build().unwrap();
    let (websocket, _events) = connect(server.ws_url()).await.unwrap();
    [http, websocket]
}

/// A call that gives none of the parameters of which one is needed, or several that exclude each other, is refused by the server
/// as well.
#[tokio::test]
async fn parameters_that_exclude_each_other_are_refused() {
    let server = MockServer::start().await.unwrap();
    let mut groups = 0;
    for client in clients(&server).await {
        for info in mock::actions() {
            for choice in info.choices {
                groups += 1;
                let mut params: Value = serde_json::from_str(info.example_params).unwrap();
                choice.params.iter().for_each(|(name, _)| drop(params.as_object_mut().unwrap().remove(*name)));
                let neither = client.call(Raw::new(info.name, params.clone())).await;
                match choice.required {
                    true => assert_eq!(neither.unwrap_err().refusal(), Some(RefusalKind::BadParams), "{}", info.name),
                    false => drop(neither.unwrap_or_else(|error| panic!("{}: {error:?}", info.name))),
                }
                // One that is sent under the name of another is told from it by its own name.
                let apart = choice.params.iter().filter(|(_, sharing)| sharing.is_empty());
                if apart.clone().count() > 1 {
                    apart.for_each(|(name, _)| params[*name] = json!(1));
                    let both = client.call(Raw::new(info.name, params)).await.unwrap_err();
                    assert_eq!(both.refusal(), Some(RefusalKind::BadParams), "{}: {both:?}", info.name);
                }
            }
        }
    }
    assert_eq!(groups, 2 * mock::actions().map(|info| info.choices.len()).sum::<usize>());
    assert!(groups >= 20, "{groups}");
}

/// QQ's refusal within an answer of success fails the call, whatever the answer is otherwise.
#[tokio::test]
async fn soft_failures_are_refusals() {
    let server = MockServer::start().await.unwrap();
    let answer = r#"{"status":"ok","retcode":0,"data":{"result":110,"errMsg":"no"},"echo":{echo}}"#;
    server.faults(move |_| Fault::Text(answer.into()));
    let names = named(|action| action.soft_failure);
    assert!(names.len() > 20, "{names:?}");
    for client in clients(&server).await {
        for name in &names {
            let refused = action(name).call_example(client.clone()).await.unwrap_err();
            assert!(matches!(refused, Error::Refused(_)), "{name}: {refused:?}");
            assert_eq!((refused.retcode(), refused.explanation()), (Some(110), Some("no")), "{name}");
        }
    }
}

/// A server that ends closes the connection in place of an answer.
#[tokio::test]
async fn the_end_of_a_server_is_a_success() {
    let names = named(|action| matches!(action.returns, Returns::Never));
    assert!(!names.is_empty());
    for name in &names {
        for over_http in [true, false] {
            let server = MockServer::start().await.unwrap();
            server.faults(|_| Fault::DropAfter);
            let [http, websocket] = clients(&server).await;
            let client = if over_http { http } else { websocket };
            action(name).call_example(client).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}

/// If no server puts a value into an object, the simulated server does not either, and the typed call reads the value alone.
#[cfg(feature = "vendor")]
#[tokio::test]
async fn a_value_that_servers_send_alone_is_sent_alone() {
    use cqhttp::action::{GetAiRecord, GetAiRecordResponse};

    use crate::wire::bare_examples;

    let names: Vec<&str> = bare_examples().keys().map(String::as_str).collect();
    assert_eq!(names, ["get_ai_record", "get_music_ark", "send_group_ark_share", "send_packet", "upload_image"]);
    let server = MockServer::start().await.unwrap();
    server.on::<GetAiRecord>(|_| {
        let mut answer = GetAiRecordResponse::example();
        answer.url = "https://example.com/other.silk".into();
        Ok(answer)
    });
    for client in clients(&server).await {
        let raw = client.get_music_ark("a", "b", "c", "d").with_raw().await.unwrap();
        let [example, text]: [Value; 2] =
            [action("get_music_ark").example_answer, raw.text()].map(|json| serde_json::from_str(json).unwrap());
        assert_eq!((&text["data"], example.as_str()), (&example, Some(&*raw.answer.ark)));
        // As the answer of a handler, too.
        let raw = client.get_ai_record(1, "a", "b").with_raw().await.unwrap();
        assert_eq!(raw.answer.url, "https://example.com/other.silk");
        assert!(raw.text().contains(r#""data":"https://example.com/other.silk""#), "{}", raw.text());
    }
}
