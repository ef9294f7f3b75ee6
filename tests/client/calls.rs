//! The client over real sockets: what goes out, what comes back, and what every failure is called.

use std::time::Duration;

use cqhttp::action::{GetGroupInfo, GetLoginInfo, SetGroupBan};
use cqhttp::mock::{self, MockServer, refuse};
use cqhttp::transport::{BoxError, Failure, Request, Response};
use cqhttp::types::{GroupInfo, HonorKind};
use cqhttp::{Client, Effect, Error, GroupId, Message, Raw, RefusalCode, RefusalKind, Target, UserId};
use serde_json::{Value, json};
use support::{answering, is_complete};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

#[path = "../../examples/quickstart.rs"]
#[allow(dead_code, reason = "only a part of the example runs here")]
mod quickstart;

fn client(url: &str) -> Client {
    Client::builder(url).build().unwrap()
}

async fn login_error(status: &str, body: impl AsRef<[u8]>) -> Error {
    let (url, _) = answering(status, body).await;
    client(&url).get_login_info().await.unwrap_err()
}

#[tokio::test]
async fn a_call_is_a_post_of_json_with_the_token_as_bearer() {
    let body = r#"{"data":{"nickname":"bot","user_id":10010},"message":"","retcode":0,"status":"ok"}"#;
    let (url, request) = answering("200 OK", body).await;
    let client = Client::builder(url).access_token("secret").build().unwrap();
    let answer = client.get_group_info(10001000).no_cache(true).with_raw().await;
    // The answer is another action's: what it lacks is said, and the request is what counts here.
    assert!(matches!(answer, Err(Error::Undecodable(_))));
    let request = request.await.unwrap();
    assert!(request.starts_with("POST /get_group_info HTTP/1.1\r\n"), "{request}");
    for header in ["authorization: Bearer secret\r\n", "content-type: application/json\r\n"] {
        assert!(request.contains(header), "{request}");
    }
    assert!(request.ends_with(r#"{"group_id":10001000,"no_cache":true}"#), "{request}");
}

#[tokio::test]
async fn the_wire_name_is_the_path_whatever_is_in_it() {
    let (url, request) = answering("200 OK", r#"{"status":"ok","retcode":0,"data":{"slices":null}}"#).await;
    let answer = client(&url).get_word_slices("今天天气真好").await.unwrap();
    assert!(answer.slices.is_empty(), "null is an empty list");
    assert!(request.await.unwrap().starts_with("POST /.get_word_slices "));

    let (url, request) = answering("200 OK", r#"{"status":"ok","retcode":0}"#).await;
    let answer = client(&format!("{url}/onebot/")).call(Raw::new("a/b?c#d", json!({}))).await.unwrap();
    assert_eq!(answer, Value::Null);
    assert!(request.await.unwrap().starts_with("POST /onebot/a%2Fb%3Fc%23d "));

    for name in ["", ".", "..", "get\tx", "\n", ".\n."] {
        let error = client(&url).call(Raw::new(name, json!({}))).await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)), "{error}");
    }
    let error = client(&url).call(Raw::new("x", Value::Null)).await.unwrap_err();
    assert!(error.report().ends_with("its parameters are not a JSON object"), "{}", error.report());
}

#[tokio::test]
async fn a_token_in_the_address_is_taken_out_of_it() {
    let server = MockServer::start_with_token("secret").await.unwrap();
    let client = client(&format!("{}/?access_token=secret", server.url()));
    client.get_login_info().await.unwrap();
    assert!(!format!("{client:?}").contains("secret"));
}

#[tokio::test]
async fn a_token_may_be_in_any_script() {
    let server = MockServer::start_with_token("芝麻开门").await.unwrap();
    let login = async |token: &str| {
        let client = Client::builder(server.url()).access_token(token).build().unwrap();
        client.get_login_info().await
    };
    login("芝麻开门").await.unwrap();
    let error = login("芝麻").await.unwrap_err();
    assert!(error.report().contains("403"), "{}", error.report());
    #[cfg(feature = "ws")]
    cqhttp::connect(server.ws_url()).access_token("芝麻开门").await.unwrap();
}

#[tokio::test]
async fn a_refusal_keeps_everything_the_server_said() {
    let server = MockServer::start().await.unwrap();
    server.on::<SetGroupBan>(|ban| {
        assert_eq!((ban.group_id, ban.duration), (GroupId::new(10001000), 1800));
        Err(refuse(RefusalCode::NotManageable).wording("机器人权限不足"))
    });
    let error = client(&server.url()).set_group_ban(10001000, 10086).await.unwrap_err();
    let Error::Refused(refused) = &error else { panic!("{error}") };
    assert_eq!(refused.retcode, 100);
    assert_eq!(refused.msg.as_deref(), Some("NOT_MANAGEABLE"));
    assert_eq!(refused.code(), Some(RefusalCode::NotManageable));
    assert_eq!(refused.explanation(), Some("机器人权限不足"));
    assert!(refused.text.contains(r#""status":"failed""#), "{}", refused.text);
    assert_eq!(error.action(), "set_group_ban");
    assert!(error.is_refused() && !error.may_have_happened());
    assert_eq!(error.to_string(), "`set_group_ban` was refused: NOT_MANAGEABLE, retcode 100, 机器人权限不足");
}

/// go-cqhttp reports a failure for some messages that it has sent.
#[tokio::test]
async fn a_refusal_that_proves_nothing_says_so() {
    let failed = r#"{"data":null,"msg":"SEND_MSG_API_ERROR","retcode":100,"status":"failed"}"#;
    let (url, _) = answering("200 OK", failed).await;
    let error = client(&url).send_private_msg(10086, "hi").await.unwrap_err();
    assert!(error.is_refused() && error.may_have_happened());
    assert_eq!(error.refusal(), Some(RefusalKind::RiskControl));
    // The same text in an answer that only reads proves that nothing happened: reading changes nothing.
    let (url, _) = answering("200 OK", failed).await;
    let error = client(&url).get_login_info().await.unwrap_err();
    assert!(error.is_refused() && !error.may_have_happened());
}

#[tokio::test]
async fn an_unknown_action_is_refused_by_name() {
    let server = MockServer::start().await.unwrap();
    let error = client(&server.url()).call(Raw::new("get_the_weather", json!({}))).await.unwrap_err();
    assert_eq!((error.retcode(), error.code()), (Some(404), Some(RefusalCode::ApiNotFound)));
    // Forks answer without `msg`, and some with the HTTP status too: the envelope decides.
    let error = login_error("404 Not Found", r#"{"status":"failed","retcode":1404,"data":null}"#).await;
    assert_eq!(error.code(), Some(RefusalCode::ApiNotFound));
    let Error::Refused(refused) = error else { panic!("{error}") };
    assert_eq!(refused.http_status, Some(404));
}

/// A layer that tries a call a second time must not make *maybe sent* out of *sent*.
#[tokio::test]
async fn a_call_that_left_once_stays_one_that_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let again = tower::layer::layer_fn(|service: BoxCloneSyncService<Request, Response, BoxError>| {
        tower::service_fn(move |request: Request| {
            let (first, second) = (service.clone(), service.clone());
            async move {
                match first.oneshot(request.clone()).await {
                    Err(_) => second.oneshot(request).await,
                    answered => answered,
                }
            }
        })
    });
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::builder(url).layer(again).build().unwrap();
    let call = tokio::spawn(client.send_group_msg(10001000, "hi").into_future());
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !is_complete(&request) {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "the request is whole");
    }
    drop(listener);
    drop(stream);
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown(_)) && error.may_have_happened(), "{error:?}");
}

/// A call that was reported as not sent does not leave later, whatever a layer does with it.
#[tokio::test]
async fn a_call_that_was_given_up_does_not_leave_any_more() {
    let server = MockServer::start().await.unwrap();
    let (release, held) = tokio::sync::watch::channel(false);
    let (ended, mut outcome) = tokio::sync::mpsc::channel(1);
    let hold = tower::layer::layer_fn(move |service: BoxCloneSyncService<Request, Response, BoxError>| {
        let (held, ended) = (held.clone(), ended.clone());
        tower::service_fn(move |request: Request| {
            let (service, mut held, ended) = (service.clone(), held.clone(), ended.clone());
            // A worker of its own, as some limiters have: it goes on when its caller has gone.
            let worker = tokio::spawn(async move {
                held.wait_for(|released| *released).await.unwrap();
                let answer = service.oneshot(request).await;
                ended.send(answer.is_ok()).await.unwrap();
                answer
            });
            async move { worker.await? }
        })
    });
    let client = Client::builder(server.url()).layer(hold).build().unwrap();
    let error = client.set_group_ban(10001000, 10086).within(Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    release.send(true).unwrap();
    assert_eq!(outcome.recv().await, Some(false), "the worker's request is turned back");
    assert!(server.calls().is_empty());
}

/// Odd values around `data` do not cost the answer.
#[tokio::test]
async fn the_envelope_is_read_leniently_too() {
    let fine = r#""status":"ok","retcode":0,"data":{"user_id":1,"nickname":"bot"}"#;
    for odd in [r#""message":{}"#, r#""wording":[]"#, r#""msg":7"#, r#""echo":{"a":[1]}"#] {
        let (url, _) = answering("200 OK", format!("{{{odd},{fine}}}")).await;
        assert_eq!(client(&url).get_login_info().await.unwrap().nickname.as_deref(), Some("bot"), "{odd}");
    }
    let error = login_error("200 OK", r#"{"status":"failed","retcode":"abc","msg":{"a":1}}"#).await;
    assert!(error.is_refused(), "{error:?}");

    let (url, _) = answering("200 OK", b"{\"status\":\"ok\",\"retcode\":0,\"data\":\"\xff\"}").await;
    let raw = client(&url).set_group_ban(10001000, 10086).with_raw().await.unwrap();
    assert!(raw.text().starts_with(r#"{"status":"ok""#), "{}", raw.text());
}

#[tokio::test]
async fn a_call_that_waits_in_a_layer_till_its_time_is_over_is_not_sent() {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url())
        .layer(ServiceBuilder::new().buffer(64).rate_limit(1, Duration::from_secs(3600)).into_inner())
        .build()
        .unwrap();
    client.get_login_info().await.unwrap();
    let error = client.get_login_info().within(Duration::from_millis(100)).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)) && !error.may_have_happened(), "{error:?}");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn answers_are_read_leniently() {
    let body = r#"{"status":"ok","retcode":"0","data":{"group_id":"10001000","group_name":7,"member_count":"5",
        "max_member_count":200.0,"group_create_time":"","unknown":{"x":[1]}},"echo":null,"stream":"normal-action"}"#;
    let (url, _) = answering("200 OK", body).await;
    let group = client(&url).get_group_info(10001000).with_raw().await.unwrap();
    assert_eq!(group.answer.group_id, GroupId::new(10001000));
    assert_eq!(
        (group.answer.group_name.as_deref(), group.answer.member_count, group.answer.max_member_count),
        (Some("7"), Some(5), Some(200))
    );
    assert_eq!(group.answer.group_create_time, None);
    assert_eq!(group.text(), body);

    let body =
        r#"{"status":"ok","retcode":0,"data":{"group_id":10001000,"current_talkative":{},"talkative_list":null}}"#;
    let (url, _) = answering("200 OK", body).await;
    let honor = client(&url).get_group_honor_info(10001000, HonorKind::Talkative).await.unwrap();
    assert!(honor.current_talkative.is_none() && honor.talkative_list.is_empty() && honor.legend_list.is_empty());

    // An action without an answer takes any, and none; a list takes null.
    for data in ["", r#","data":null"#, r#","data":{}"#, r#","data":"done""#] {
        let (url, _) = answering("200 OK", format!(r#"{{"status":"ok","retcode":0{data}}}"#)).await;
        client(&url).set_group_ban(10001000, 10086).await.unwrap();
    }
    let (url, _) = answering("200 OK", r#"{"data":null,"retcode":0,"status":"ok"}"#).await;
    assert_eq!(client(&url).get_group_list().await.unwrap(), Vec::<GroupInfo>::new());
    // An object is never read from a list by position.
    let (url, _) = answering("200 OK", r#"{"data":[10010,"bot"],"retcode":0,"status":"ok"}"#).await;
    assert!(matches!(client(&url).get_login_info().await, Err(Error::Undecodable(_))));
}

#[tokio::test]
async fn status_and_retcode_decide_together() {
    for (head, fine) in [
        (r#""status":"ok","retcode":0"#, true),
        (r#""status":"async","retcode":1"#, true),
        (r#""retcode":0"#, true),
        (r#""status":"","retcode":0"#, true),
        (r#""status":"ok","retcode":9000"#, false),
        (r#""status":"failed","retcode":0"#, false),
        (r#""status":"upload failed","retcode":200"#, false),
    ] {
        let (url, _) = answering("200 OK", format!("{{{head}}}")).await;
        let result = client(&url).set_group_ban(10001000, 10086).await;
        assert_eq!(result.is_ok(), fine, "{head}: {result:?}");
        if let Err(error) = result {
            assert!(error.is_refused());
        }
    }
}

#[tokio::test]
async fn targets_and_messages_go_out_as_they_are_meant() {
    let server = MockServer::start().await.unwrap();
    let client = client(&server.url());
    client.send_msg(Target::temp(10086, 10001000), "[CQ:at,qq=all]").await.unwrap();
    client.send_msg(UserId::new(10086), Message::cq("[CQ:at,qq=all]")).await.unwrap();
    let segments = json!([{ "type": "face", "data": { "id": "1" } }]);
    client.send_msg(GroupId::new(10001000), Message::from_json(segments.clone()).unwrap()).await.unwrap();
    let calls = server.calls();
    let text = json!([{ "type": "text", "data": { "text": "[CQ:at,qq=all]" } }]);
    for (call, expected) in calls.iter().zip([
        json!({ "message_type": "private", "user_id": 10086, "group_id": 10001000, "message": text, "auto_escape": false }),
        json!({ "message_type": "private", "user_id": 10086, "message": [{ "type": "at", "data": { "qq": "all" } }], "auto_escape": false }),
        json!({ "message_type": "group", "group_id": 10001000, "message": segments, "auto_escape": false }),
    ]) {
        assert_eq!(call.params, expected);
    }
    assert!(Message::from_json(json!([{ "type": "text" }, 3])).unwrap_err().to_string().starts_with("entry 1 "));
}

/// A request is a plain value, and a call is the future of one that can be spawned.
#[tokio::test]
async fn requests_are_values_and_calls_can_be_spawned() {
    let server = MockServer::start().await.unwrap();
    let client = client(&server.url());
    let stored = serde_json::to_string(&SetGroupBan::new(1_000_100_010, 10086).duration(0)).unwrap();
    let request: SetGroupBan = serde_json::from_str(&stored).unwrap();
    assert_eq!(request, SetGroupBan::new(1_000_100_010, 10086).duration(0));
    tokio::spawn(client.call(request).into_future()).await.unwrap().unwrap();
    assert_eq!(client.call(GetLoginInfo::new()).await.unwrap().user_id, UserId::new(10010));
    let group = client.call(GetGroupInfo::new(10001000)).await.unwrap();
    assert_eq!(group, GroupInfo::example());
}

/// Against a real server the quickstart only asks.
#[tokio::test]
async fn the_quickstart_changes_nothing_on_a_real_server() {
    let server = MockServer::start().await.unwrap();
    quickstart::ask(&client(&server.url())).await.unwrap();
    assert_eq!(server.calls().len(), 4);
    for call in server.calls() {
        // What the server does not know cannot change anything.
        let effect = mock::action(&call.action).map_or(Effect::Read, |action| action.effect);
        assert_eq!(effect, Effect::Read, "{}", call.action);
    }
}

/// Runs the test `name` of this file in a process of its own, with these variables and no others of ours.
fn in_another_process(name: &str, variables: &[(&str, &str)]) -> String {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([&*format!("calls::{name}"), "--exact", "--ignored", "--nocapture"])
        .env_remove("CQHTTP_URL")
        .env_remove("CQHTTP_ACCESS_TOKEN")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
#[ignore = "run by the test below, in another process"]
async fn from_env_in_this_process() {
    match Client::from_env() {
        Err(error) => println!("{error}"),
        Ok(client) => match client.get_login_info().await {
            Ok(me) => println!("I am {}", me.user_id),
            Err(error) => println!("{error}"),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_names_server_and_token() {
    let server = MockServer::start_with_token("secret").await.unwrap();
    let url = server.url();
    for (variables, said) in [
        (&[("CQHTTP_URL", url.as_str()), ("CQHTTP_ACCESS_TOKEN", "secret")][..], "I am 10010"),
        (&[("CQHTTP_URL", url.as_str()), ("CQHTTP_ACCESS_TOKEN", "")][..], "the access token is missing or wrong"),
        (&[][..], "or is not valid Unicode; set it to the server's address, such as `http://127.0.0.1:3000`"),
    ] {
        let output = in_another_process("from_env_in_this_process", variables);
        assert!(output.contains(said), "{output}");
    }
    #[cfg(feature = "ws")]
    assert_eq!(
        cqhttp::ConnectionError::Environment("CQHTTP_WS_URL").to_string(),
        "the environment variable `CQHTTP_WS_URL` is not set, or is not valid Unicode; set it to the server's address, such \
         as `ws://127.0.0.1:3001`"
    );
}

#[tokio::test]
async fn a_transport_of_ones_own_reports_what_had_come_of_an_answer() {
    let failing = |sent: bool| {
        Client::from_service(tower::service_fn(move |request: Request| async move {
            assert!(!sent || request.mark_sent());
            let failure = Failure::new("the line went dead").with_partial_body(r#"{"status":"o"#);
            Err::<Response, _>(BoxError::from(failure.with_source(std::io::Error::other("reset"))))
        }))
    };
    let error = failing(true).get_login_info().await.unwrap_err();
    assert!(error.report().ends_with("its outcome is unknown: the line went dead: reset"), "{}", error.report());
    assert!(!format!("{error:?}").contains("status"), "{error:?}");
    let Error::OutcomeUnknown(unknown) = error else { panic!("{error:?}") };
    assert_eq!(unknown.text, r#"{"status":"o"#);
    let error = failing(false).get_login_info().await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
}
