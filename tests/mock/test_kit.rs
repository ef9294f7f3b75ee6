//! The simulated server as another crate uses it, by its public API.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use cqhttp::action::{
    DeleteMsg, GetFriendList, GetLoginInfo, GetMsg, GetMsgResponse, GetStatus, GetUpdates, HandleQuickOperation,
    SendGroupMsg, SendLike, SendMsg, SendPrivateMsg, SetFriendAddRequest, SetGroupBan, SetGroupKick,
};
use cqhttp::event::{FriendRequest, GroupMessage};
use cqhttp::mock::{
    Dial, Fault, Group, MockServer, Outcome, PostFormat, Said, Unexpected, Via, Webhook, With, World, refuse,
};
use cqhttp::types::{GroupRole, SentMessage};
use cqhttp::{
    Chat, Client, Event, ForwardNode, GroupId, Message, MessageId, RefusalCode, Segment, Target, UserId, connect,
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Limits the time of a future; only a failing test takes that long.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it does not take that long")
}

async fn server() -> (MockServer, Client) {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    (server, client)
}

/// One HTTP request by hand: `POST /send_msg`, a content type that may be empty, and a body. Returns status and body.
async fn http(server: &MockServer, line: &str, kind: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    let kind = if kind.is_empty() { String::new() } else { format!("content-type: {kind}\r\n") };
    let length = body.len();
    let head = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{kind}content-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut response = String::new();
    soon(stream.read_to_string(&mut response)).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
    (head.get(9..12).map_or(0, |status| status.parse().unwrap()), body.to_owned())
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn last(server: &MockServer) -> (String, Value) {
    let call = server.calls().pop().unwrap();
    (call.action, call.params)
}

#[tokio::test]
async fn handlers_are_typed_both_ways() {
    let (server, client) = server().await;
    server.on::<SendGroupMsg>(|request| {
        if request.message.plain_text().is_empty() {
            return Err(refuse(RefusalCode::SendMsgApiError).wording("only text"));
        }
        Ok(SentMessage::example().with(|sent| sent.message_id = MessageId::new(request.group_id.get() + 1)))
    });
    server.on::<GetFriendList>(|_| Ok(Vec::new()));
    server.on::<DeleteMsg>(|_| Ok(()));

    assert_eq!(client.send_group_msg(42, "hi").await.unwrap().message_id.get(), 43);
    let refused = client.send_group_msg(42, Message::at(10086)).await.unwrap_err();
    assert_eq!(refused.code(), Some(RefusalCode::SendMsgApiError));
    assert!(client.get_friend_list().await.unwrap().is_empty());
    client.delete_msg(1).await.unwrap();
}

#[tokio::test]
async fn a_handler_for_one_call_comes_before_the_other() {
    let (server, client) = server().await;
    server.on::<GetLoginInfo>(|_| Err(refuse(RefusalCode::ApiError)));
    for name in ["Anna", "Boris"] {
        server.once::<GetLoginInfo>(move |_| {
            Ok(cqhttp::action::GetLoginInfoResponse::example().with(|me| me.nickname = Some(name.to_owned())))
        });
    }
    assert_eq!(client.get_login_info().await.unwrap().nickname.as_deref(), Some("Anna"));
    assert_eq!(client.get_login_info().await.unwrap().nickname.as_deref(), Some("Boris"));
    assert_eq!(client.get_login_info().await.unwrap_err().code(), Some(RefusalCode::ApiError));
}

// ---- Parameters ----

#[tokio::test]
async fn parameters_come_in_a_body_a_form_and_a_query() {
    let server = MockServer::start().await.unwrap();
    for (line, kind, body, params) in [
        (
            "POST /send_private_msg",
            JSON,
            r#"{"user_id":"7","message":"hi"}"#,
            json!({ "user_id": "7", "message": "hi" }),
        ),
        ("GET /send_private_msg?user_id=7&message=a+b%26c", "", "", json!({ "user_id": "7", "message": "a b&c" })),
        ("POST /send_private_msg", FORM, "user_id=7&message=a+b", json!({ "user_id": "7", "message": "a b" })),
        ("POST /send_private_msg?message=b&user_id=7", FORM, "message=a", json!({ "user_id": "7", "message": "a" })),
        (
            "POST /send_private_msg?message=b&user_id=7",
            JSON,
            r#"{"message":"a"}"#,
            json!({ "user_id": "7", "message": "a" }),
        ),
        // What is empty is not there, and null is.
        ("POST /send_private_msg?message=a&user_id=7", FORM, "message=", json!({ "user_id": "7", "message": "a" })),
        (
            "POST /send_private_msg?message=a&user_id=7",
            JSON,
            r#"{"message":null}"#,
            json!({ "user_id": "7", "message": null }),
        ),
        // The first of a name counts.
        ("GET /send_private_msg?user_id=7&user_id=8&message=a", "", "", json!({ "user_id": "7", "message": "a" })),
        // Of other types, and of a GET, the body is not read.
        ("POST /send_private_msg?user_id=7", "text/plain", r#"{"message":"a"}"#, json!({ "user_id": "7" })),
        ("POST /send_private_msg?user_id=7", "", r#"{"message":"a"}"#, json!({ "user_id": "7" })),
        ("GET /send_private_msg?user_id=7", JSON, r#"{"message":"a"}"#, json!({ "user_id": "7" })),
        // What looks like JSON is some, and a CQ code is not.
        ("GET /send_private_msg?message=[{%22type%22:%22face%22}]", "", "", json!({ "message": [{ "type": "face" }] })),
        ("GET /send_private_msg?message=[CQ:face,id=1]", "", "", json!({ "message": "[CQ:face,id=1]" })),
        ("GET /send_private_msg?access_token=x&user_id=7", "", "", json!({ "user_id": "7" })),
        ("POST /send_private_msg", JSON, "[7]", json!([7])),
    ] {
        let (status, answer) = http(&server, line, kind, body).await;
        assert_eq!((status, answer.ends_with('\n')), (200, true), "{line} {body}: {answer}");
        assert_eq!(last(&server), ("send_private_msg".into(), params), "{line} {body}");
    }
    // The handler sees none of that.
    http(&server, "GET /send_private_msg?user_id=7&message=[CQ:face,id=1]&auto_escape=t&x=y", "", "").await;
    for _ in 0..15 {
        server.expect::<SendPrivateMsg>().await;
    }
    let request = server.expect::<SendPrivateMsg>().await;
    assert_eq!((request.user_id, request.group_id), (UserId::new(7), None));
    assert_eq!(request.message, Message::from("[CQ:face,id=1]"));
}

#[tokio::test]
async fn the_action_may_stand_in_the_body() {
    let server = MockServer::start().await.unwrap();
    for (line, kind, body) in [
        ("POST /", JSON, r#"{"action":"delete_msg","params":{"message_id":7}}"#),
        ("POST /", FORM, "action=delete_msg&params=%7B%22message_id%22%3A7%7D"),
        ("GET /?action=delete_msg&params={%22message_id%22:7}", "", ""),
    ] {
        http(&server, line, kind, body).await;
        assert_eq!(last(&server), ("delete_msg".into(), json!({ "message_id": 7 })), "{line} {body}");
        assert_eq!(server.expect::<DeleteMsg>().await.message_id.get(), 7);
    }
    for body in [r#"{"action":7}"#, "{}", "[]"] {
        let (status, answer) = http(&server, "POST /", JSON, body).await;
        assert!(status == 200 && answer.contains("API_NOT_FOUND"), "{body}: {answer}");
    }
}

#[tokio::test]
async fn an_action_is_called_by_its_very_name_and_maybe_async() {
    let server = MockServer::start().await.unwrap();
    for (path, known) in [
        ("get_status", true),
        ("get_status_async", true),
        ("get%5Fstatus", true),
        ("get_status_async_async", false),
        ("get_status_rate_limited", false),
        ("get_status_rate_limited_async", false),
        ("get_status/", false),
        ("/get_status", false),
        (".ocr_image?image=a", true),
        ("nothing", false),
    ] {
        let (status, answer) = http(&server, &format!("GET /{path}"), "", "").await;
        let envelope: Value = serde_json::from_str(&answer).unwrap();
        let expected = if known { (json!("ok"), json!(0)) } else { (json!("failed"), json!(404)) };
        assert_eq!((status, &envelope["status"], &envelope["retcode"]), (200, &expected.0, &expected.1), "{path}");
    }
    assert_eq!(server.calls()[1].action, "get_status_async", "as it was called");
    for _ in 0..3 {
        server.expect::<GetStatus>().await;
    }
}

#[tokio::test]
async fn a_request_that_is_none_is_told_by_its_status() {
    let server = MockServer::builder().access_token("secret").start().await.unwrap();
    // Read before the token is.
    for body in ["", "{", "hello"] {
        assert_eq!(http(&server, "POST /get_status", JSON, body).await.0, 400, "{body}");
    }
    assert_eq!(http(&server, "POST /get_status", JSON, "{}").await.0, 401);
    assert_eq!(http(&server, "POST /get_status", FORM, "access_token=secret").await.0, 401, "not in a form");
    assert_eq!(http(&server, "POST /get_status?access_token=wrong", JSON, "{}").await.0, 403);
    // If there is a header, it counts, whatever its value.
    let header = format!("{JSON}\r\nAuthorization: Bearer 芝麻");
    assert_eq!(http(&server, "POST /get_status?access_token=secret", &header, "{}").await.0, 403);
    assert_eq!(http(&server, "PUT /get_status?access_token=secret", JSON, "{}").await, (404, String::new()));
    assert!(server.calls().is_empty());
    let (status, answer) = http(&server, "POST /get_status?access_token=secret", FORM, "a=%zz").await;
    assert!(status == 400 && answer.contains("\"ok\""), "it says so, and goes on: {status} {answer}");
}

#[test]
fn outside_of_a_runtime_it_is_an_error() {
    let mut starting = std::pin::pin!(MockServer::start());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(outcome) = starting.as_mut().poll(&mut cx) else { panic!("it waits") };
    assert_eq!(outcome.unwrap_err().to_string(), "a server is started inside a tokio runtime, and there is none here");
}

#[tokio::test]
async fn what_says_nothing_is_refused_before_a_handler_sees_it() {
    let (server, client) = server().await;
    server.on::<SendGroupMsg>(|request| panic!("{request:?}"));
    let error = client.send_group_msg(0, "hi").await.unwrap_err();
    assert_eq!(error.code(), Some(RefusalCode::GroupNotFound));
    let error = client.send_group_msg(42, Message::new()).await.unwrap_err();
    assert_eq!(error.code(), Some(RefusalCode::SendMsgApiError));
    let (_, answer) = http(&server, "POST /send_group_msg", JSON, r#"{"group_id":42}"#).await;
    assert!(answer.contains("EMPTY_MSG_ERROR"), "{answer}");
    assert!(server.take_panics().is_empty());
}

#[tokio::test]
async fn a_message_to_nobody_is_answered_with_nothing() {
    let (server, _) = server().await;
    assert_eq!(http(&server, "POST /send_msg", JSON, r#"{"message":"hi"}"#).await, (200, "{}\n".into()));
    assert_eq!(server.calls()[0].outcome, Outcome::NoTarget);
    let error = soon(server.next_call::<SendMsg>().into_future()).await.unwrap_err();
    assert!(error.to_string().contains("neither `user_id` nor `group_id` names a target"), "{error}");
}

#[tokio::test]
async fn a_strict_server_knows_what_go_cqhttp_knows() {
    let server = MockServer::builder().strict().start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    let mut refused = Vec::new();
    for action in cqhttp::mock::actions() {
        match action.call_example(client.clone()).await {
            Ok(_) => assert!(action.implemented, "{}", action.name),
            Err(error) => {
                assert_eq!(error.code(), Some(RefusalCode::ApiNotFound), "{}", action.name);
                refused.push(action.name);
            }
        }
    }
    assert!(refused.contains(&"send_like") && refused.contains(&"get_updates"), "{refused:?}");
    assert_eq!(refused.contains(&"group_poke"), cfg!(feature = "vendor"), "{refused:?}");
    assert_eq!(cqhttp::mock::actions().count() - refused.len(), 84, "{refused:?}");
    server.on::<SendLike>(|_| Ok(()));
    client.send_like(10086).await.unwrap();
}

// ---- Calls and expectations ----

#[tokio::test]
async fn calls_are_kept_in_order_with_what_became_of_them() {
    let (server, client) = server().await;
    let (ws, _events) = connect(server.ws_url()).await.unwrap();
    server.on::<GetLoginInfo>(|_| panic!("no {}", "login"));
    server.faults(|call| match &*call.action {
        "can_send_record" => Fault::DropBefore,
        "clean_cache" => Fault::Refuse(refuse(RefusalCode::ApiError)),
        "can_send_image" => Fault::DropAfter,
        _ => Fault::None,
    });
    client.delete_msg(7).await.unwrap();
    client.delete_msg(0).await.unwrap_err();
    ws.get_login_info().await.unwrap_err();
    client.can_send_record().await.unwrap_err();
    client.clean_cache().await.unwrap_err();
    client.can_send_image().await.unwrap_err();
    client.call(cqhttp::Raw::new("nothing", json!({}))).await.unwrap_err();

    let refused = |code: RefusalCode| Outcome::Refused(refuse(code));
    let calls = server.calls();
    let seen: Vec<_> = calls.iter().map(|call| (&*call.action, call.via, &call.fault, &call.outcome)).collect();
    let nothing_said = refuse(RefusalCode::MessageNotFound).wording("`message_id` is empty");
    let nothing_said = Outcome::Refused(nothing_said);
    assert_eq!(
        seen,
        [
            ("delete_msg", Via::Http, &Fault::None, &Outcome::Answered(Value::Null)),
            ("delete_msg", Via::Http, &Fault::None, &nothing_said),
            ("get_login_info", Via::WebSocket, &Fault::None, &Outcome::Panicked("no login".into())),
            ("can_send_record", Via::Http, &Fault::DropBefore, &Outcome::Dropped),
            ("clean_cache", Via::Http, &Fault::Refuse(refuse(RefusalCode::ApiError)), &refused(RefusalCode::ApiError)),
            ("can_send_image", Via::Http, &Fault::DropAfter, &Outcome::Answered(json!({ "yes": true }))),
            (
                "nothing",
                Via::Http,
                &Fault::None,
                &Outcome::Refused(refuse(RefusalCode::ApiNotFound).wording("no such action"))
            ),
        ]
    );
    assert_eq!(calls[0].params, json!({ "message_id": 7 }));
    assert_eq!(server.take_panics(), ["the handler of `get_login_info` panicked: no login"]);
    assert!(server.take_panics().is_empty());
}

#[tokio::test]
async fn what_is_expected_is_waited_for_and_taken_once() {
    let (server, client) = server().await;
    // Each is asked for before it is called.
    let (first, ()) = tokio::join!(server.expect::<DeleteMsg>().into_future(), async {
        client.set_group_ban(42, 10086).await.unwrap();
        for id in 1..=3 {
            client.delete_msg(id).await.unwrap();
        }
    });
    assert_eq!(first.message_id.get(), 1);
    assert_eq!(server.expect::<DeleteMsg>().await.message_id.get(), 2);
    assert_eq!(server.next_call::<DeleteMsg>().within(Duration::MAX).await.unwrap().message_id.get(), 3);
    assert_eq!(server.expect::<SetGroupBan>().await.duration, 1800, "those of others do not count");
    server.next_call::<DeleteMsg>().within(Duration::from_millis(10)).await.unwrap_err();
    assert_eq!(server.calls().len(), 4, "what was taken is still there to be read");
}

#[tokio::test]
async fn what_is_said_is_expected_by_whichever_action() {
    let (server, client) = server().await;
    let temp = Target::temp(10086, 42);
    client.send_group_msg(42, "one").await.unwrap();
    client.send_msg(UserId::new(10086), "two").await.unwrap();
    client.send_private_msg(10086, "three").await.unwrap();
    client.send_private_msg(10086, "four").group_id(42).await.unwrap();
    client.send_guild_channel_msg(7, 8, "five").await.unwrap();
    client.send_msg(temp, "six").await.unwrap();
    let (user, group) = (UserId::new(10086), GroupId::new(42));
    let chats = [group.into(), user.into(), user.into(), temp.into(), Chat::channel(7, 8), temp.into()];
    for (chat, text) in chats.into_iter().zip(["one", "two", "three", "four", "five", "six"]) {
        if text == "three" {
            // What was taken by its action is not said again.
            assert_eq!(server.expect::<SendPrivateMsg>().await.message.plain_text(), text);
            continue;
        }
        let said = server.expect::<Said>().await;
        assert_eq!((said.chat, &*said.message.plain_text()), (chat, text));
    }
    server.expect_none::<Said>(Duration::ZERO).await;
    let error = server.next_call::<Said>().within(Duration::ZERO).await.unwrap_err().to_string();
    assert!(error.contains("no call of `send_msg` or `send_group_msg` or"), "{error}");
}

#[tokio::test]
async fn a_call_that_does_not_come_says_what_came_instead() {
    let (server, client) = server().await;
    server.on::<GetLoginInfo>(|_| panic!("out of names"));
    client.delete_msg(1).await.unwrap();
    server.expect::<DeleteMsg>().await;
    client.delete_msg(0).await.unwrap_err();
    client.send_private_msg(10086, "x".repeat(1000)).await.unwrap();
    client.get_login_info().await.unwrap_err();
    let waited = server.next_call::<SendGroupMsg>().within(Duration::from_millis(20));
    let line = line!() - 1;
    let said = waited.await.unwrap_err().to_string();
    for part in [
        &*format!("at {}:{line}:", file!()),
        "no call of `send_group_msg` has come within 20ms",
        r#"2. delete_msg {"message_id":0} over HTTP: refused with MESSAGE_NOT_FOUND (100)"#,
        "3. send_private_msg",
        "xxx… (",
        r#"answered with {"message_id":"#,
        "4. get_login_info {} over HTTP: its handler panicked: out of names",
        "the handler of `get_login_info` panicked: out of names",
        "open connections: 0",
    ] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    assert!(!said.contains(" 1. "), "what was taken is not shown: {said}");
    assert!(said.len() < 2000, "{said}");

    // The panic says the same, and so does a handler's.
    let said = panic_of(async { _ = server.expect::<SendGroupMsg>().within(Duration::ZERO).await }).await;
    assert!(said.contains("no call of `send_group_msg` has come within 0ns"), "{said}");
    let said = panic_of(async { _ = server.expect::<GetLoginInfo>().await }).await;
    assert!(said.ends_with("the handler of `get_login_info` panicked: out of names"), "{said}");
    server.take_panics();
    let error: Unexpected =
        MockServer::start().await.unwrap().next_call::<SendMsg>().within(Duration::ZERO).await.unwrap_err();
    assert!(error.to_string().contains("no other call has come"), "{error}");
}

/// Returns the message of a future's panic.
async fn panic_of(future: impl Future<Output = ()>) -> String {
    let mut future = std::pin::pin!(future);
    let poll = std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(|()| None),
        Err(panic) => std::task::Poll::Ready(Some(*panic.downcast::<String>().expect("it is a text"))),
    });
    soon(poll).await.expect("it panics")
}

#[tokio::test]
async fn a_call_that_is_not_to_come_is_told_at_once() {
    let (server, client) = server().await;
    client.delete_msg(1).await.unwrap();
    server.expect::<DeleteMsg>().await;
    server.expect_none::<DeleteMsg>(Duration::from_millis(20)).await;
    let never = Duration::MAX;
    let said = panic_of(async {
        tokio::join!(server.expect_none::<DeleteMsg>(never), async { client.delete_msg(2).await.unwrap() });
    });
    let said = said.await;
    assert!(said.contains(concat!("at ", file!(), ":")), "{said}");
    assert!(said.contains("a call of `delete_msg` has come, and none was expected"), "{said}");
    assert!(said.contains(r#"2. delete_msg {"message_id":2}"#), "{said}");
}

#[tokio::test]
async fn a_handlers_panic_fails_the_test_at_the_latest_when_the_server_ends() {
    let (server, client) = server().await;
    server.on::<DeleteMsg>(|request| {
        assert_eq!(request.message_id.get(), 2, "the wrong one is deleted");
        Ok(())
    });
    client.delete_msg(1).await.unwrap_err();
    let panic = catch_unwind(AssertUnwindSafe(|| drop(server))).unwrap_err();
    let said = panic.downcast_ref::<String>().unwrap();
    assert!(
        said.contains("the handler of `delete_msg` panicked") && said.contains("the wrong one is deleted"),
        "{said}"
    );
    assert!(said.contains("take_panics"), "{said}");
}

#[tokio::test]
async fn connections_that_do_not_come_fail_the_test() {
    let (server, client) = server().await;
    client.delete_msg(1).await.unwrap();
    let said = panic_of(server.connected(2).within(Duration::from_millis(20))).await;
    assert!(said.contains(concat!("at ", file!(), ":")), "{said}");
    assert!(said.contains("open connections after 20ms: 0, expected: 2"), "{said}");
    assert!(said.contains(r#"1. delete_msg {"message_id":1}"#), "what came instead: {said}");

    let (_first, _second) = (connect(server.ws_url()).await.unwrap(), connect(server.ws_url()).await.unwrap());
    server.connected(1).within(Duration::MAX).await;
    let said = panic_of(server.connected(0).within(Duration::ZERO)).await;
    assert!(said.contains("open connections after 0ns: 2, expected: 0"), "{said}");
    let (waited, third) = tokio::join!(server.connected(3), connect(server.ws_url()));
    assert_eq!((waited, third.is_ok()), ((), true));
}

#[tokio::test]
async fn requests_that_are_refused_are_told_and_counted() {
    let (sender, mut told) = mpsc::unbounded_channel();
    let builder = MockServer::builder()
        .access_token("sesame")
        .on_rejected(move |rejected| sender.send(rejected.clone()).unwrap());
    let server = builder.start().await.unwrap();
    connect(format!("{}/event", server.ws_url())).access_token("mellon").await.unwrap_err();
    for (line, body) in [
        ("POST /get_status?access_token=", "{}"),
        ("PUT /get_status?access_token=sesame", "{}"),
        ("POST /send_msg", "sesame"),
    ] {
        http(&server, line, JSON, body).await;
    }
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    stream.write_all(b"POST /half HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
    stream.shutdown().await.unwrap();
    for text in [
        "GET /event: 403, the access token is wrong",
        "POST /get_status: 401, no access token",
        "PUT /get_status: 404, the method is neither GET nor POST",
        "POST /send_msg: 400, the body is not JSON",
        "POST /half: 400, the body breaks off",
    ] {
        assert_eq!(soon(told.recv()).await.unwrap().to_string(), text);
    }
    http(&server, "GET /get_status?access_token=sesame", "", "").await;
    for said in [
        panic_of(server.connected(1).within(Duration::ZERO)).await,
        panic_of(async { _ = server.expect::<DeleteMsg>().within(Duration::ZERO).await }).await,
    ] {
        let refused = "requests that were refused: 5, the last: POST /half: 400, the body breaks off";
        assert!(said.contains(refused) && !said.contains("mellon"), "{said}");
    }
    assert!(told.try_recv().is_err());

    let (sender, mut told) = mpsc::unbounded_channel();
    let builder = MockServer::builder()
        .refuse_after_upgrade(1403)
        .on_rejected(move |rejected| sender.send(rejected.status).unwrap());
    let server = builder.start().await.unwrap();
    connect(server.ws_url()).await.map(drop).unwrap_or_default();
    assert_eq!(soon(told.recv()).await, Some(101));
}

#[tokio::test]
async fn a_panic_in_a_closure_of_the_tests_is_told_like_a_handlers() {
    let (server, client) = server().await;
    let (ws, _events) = connect(server.ws_url()).await.unwrap();
    server.faults(|_| panic!("no dice"));
    client.delete_msg(1).await.unwrap_err();
    soon(ws.delete_msg(2).into_future()).await.unwrap_err();
    let dropped = Outcome::Panicked("no dice".into());
    assert_eq!(server.calls().iter().map(|call| &call.outcome).collect::<Vec<_>>(), [&dropped; 2]);
    let error = soon(server.next_call::<DeleteMsg>().into_future()).await.unwrap_err().to_string();
    let told = "the closure of `faults` at `delete_msg` panicked: no dice";
    assert!(error.contains(told), "{error}");
    assert_eq!(server.take_panics(), [told; 2]);

    let server = MockServer::builder().on_call(|_| panic!("no ink")).start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    let (_, answered) = tokio::join!(server.expect::<DeleteMsg>().into_future(), client.delete_msg(3).into_future());
    answered.unwrap();
    assert_eq!(server.take_panics(), ["the closure of `on_call` at `delete_msg` panicked: no ink"]);

    let builder = MockServer::builder().on_refused(|_, _| panic!("no way")).on_rejected(|_| panic!("no one"));
    let server = builder.start().await.unwrap();
    assert_eq!(http(&server, "PUT /delete_msg", "", "").await.0, 404);
    let (url, mut requests) =
        responding(vec!["HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n".to_owned(); 2]).await;
    server.webhook(Webhook::to(url));
    for text in ["one", "two"] {
        server.user(10086).says(text).in_private();
        soon(requests.recv()).await.unwrap();
    }
    let closure = |name: &str, words: &str| format!("the closure of `{name}` panicked: {words}");
    assert_eq!(server.take_panics(), [closure("on_rejected", "no one"), closure("on_refused", "no way")]);
}

#[tokio::test]
async fn a_long_poll_whose_client_has_gone_is_over() {
    let server = MockServer::builder().long_polling(0).start().await.unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    stream.write_all(b"GET /get_updates?limit=7 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    while server.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.calls()[0].outcome, Outcome::Pending);
    drop(stream);
    assert_eq!(server.expect::<GetUpdates>().await.limit, Some(7));
    assert_eq!(server.calls()[0].outcome, Outcome::Dropped);
    let id = server.user(10086).says("hello").in_private();
    let client = Client::builder(server.url()).build().unwrap();
    assert_eq!(ids(&client.get_updates().await.unwrap()), [id], "no event went to who had gone");
}

#[tokio::test]
async fn what_was_not_sent_was_not_said() {
    let (server, client) = server().await;
    server.on::<SendGroupMsg>(|request| match request.message.plain_text().as_str() {
        "no" => Err(refuse(RefusalCode::SendMsgApiError)),
        _ => Ok(SentMessage::example()),
    });
    server.faults(|call| if call.params["message"] == "gone" { Fault::DropBefore } else { Fault::None });
    client.send_group_msg(42, "no").await.unwrap_err();
    http(&server, "POST /send_private_msg", JSON, r#"{"user_id":7,"message":"gone"}"#).await;
    http(&server, "POST /send_msg", JSON, r#"{"message":"to nobody"}"#).await;
    server.expect_none::<Said>(Duration::ZERO).await;
    client.send_group_msg(42, "yes").await.unwrap();
    assert_eq!(server.expect::<Said>().await.message.plain_text(), "yes");
    let error = server.next_call::<Said>().within(Duration::ZERO).await.unwrap_err().to_string();
    assert!(error.contains("refused with SEND_MSG_API_ERROR") && error.contains("dropped before"), "{error}");
    assert!(error.contains("it names no target") && !error.contains("yes"), "{error}");
    // By their actions they are there still, each once, and what was said is not.
    assert_eq!(server.expect::<SendGroupMsg>().await.message.plain_text(), "no");
    server.expect_none::<SendGroupMsg>(Duration::ZERO).await;
    assert_eq!(server.expect::<SendPrivateMsg>().await.message.plain_text(), "gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn faults_are_drawn_in_the_order_of_the_calls() {
    let server = MockServer::start().await.unwrap();
    let (sender, mut drawn) = mpsc::unbounded_channel();
    server.faults(move |call| {
        sender.send(call.params["message_id"].clone()).unwrap();
        Fault::None
    });
    let bots: Vec<_> = (0..8)
        .map(|bot| {
            let url = server.ws_url();
            tokio::spawn(async move {
                let (client, _events) = connect(url).await.unwrap();
                for call in 1..=200 {
                    client.delete_msg(1000 * bot + call).await.unwrap();
                }
            })
        })
        .collect();
    for bot in bots {
        bot.await.unwrap();
    }
    for call in server.calls() {
        assert_eq!(call.params["message_id"], drawn.try_recv().unwrap());
    }
}

#[tokio::test]
async fn no_patience_is_too_long() {
    let (server, client) = server().await;
    let (called, ()) = tokio::join!(server.expect::<DeleteMsg>().within(Duration::MAX).into_future(), async {
        client.delete_msg(1).await.unwrap();
    });
    assert_eq!(called.message_id.get(), 1);
    let none = server.expect_none::<DeleteMsg>(Duration::MAX);
    assert!(tokio::time::timeout(Duration::from_millis(10), none).await.is_err());
}

#[tokio::test]
async fn no_more_calls_are_kept_than_asked_for() {
    let builder = MockServer::builder().keep_calls(2).long_polling(0);
    let (sender, mut told) = mpsc::unbounded_channel();
    let server = builder.on_call(move |call| sender.send(call.action.clone()).unwrap()).start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    // One that waits is not forgotten, however many come after it.
    let waiting = tokio::spawn(client.get_updates().into_future());
    while server.call_count() == 0 {
        tokio::task::yield_now().await;
    }
    for id in 1..=5 {
        client.delete_msg(id).await.unwrap();
    }
    assert_eq!(server.call_count(), 6);
    let kept =
        |server: &MockServer| server.calls().iter().map(|call| call.params["message_id"].clone()).collect::<Vec<_>>();
    assert_eq!(kept(&server), [json!(null), json!(5)]);
    let error = server.next_call::<SetGroupBan>().within(Duration::ZERO).await.unwrap_err().to_string();
    assert!(error.contains(r#"6. delete_msg {"message_id":5}"#) && error.contains("not kept: 4"), "{error}");
    assert_eq!(server.expect::<DeleteMsg>().await.message_id.get(), 5);
    server.user(10086).says("hello").in_private();
    soon(waiting).await.unwrap().unwrap();
    server.expect::<GetUpdates>().await;
    client.delete_msg(6).await.unwrap();
    client.delete_msg(7).await.unwrap();
    assert_eq!(kept(&server), [json!(6), json!(7)]);
    for id in 6..=7 {
        assert_eq!(server.expect::<DeleteMsg>().await.message_id.get(), id);
    }
    let mut count = 0;
    while told.try_recv().is_ok() {
        count += 1;
    }
    assert_eq!((count, server.call_count()), (8, 8));
}

// ---- Events ----

#[tokio::test]
async fn people_talk_wherever_events_are_taken() {
    let server = MockServer::builder().self_id(10000).long_polling(0).start().await.unwrap();
    assert_eq!(server.self_id(), UserId::new(10000));
    let (client, mut events) = connect(server.ws_url()).await.unwrap();
    let anna = server.user(10086).named("Anna").card("Captain").as_admin();
    let said = anna.says(Message::at(server.self_id()).text(" hello")).in_group(42);
    let Event::GroupMessage(event) = next_message(&mut events).await else { panic!("no message in a group") };
    assert_eq!((event.message_id, event.group_id, event.user_id), (said, GroupId::new(42), UserId::new(10086)));
    assert!(event.mentions_me());
    assert_eq!((event.sender.nickname.as_deref(), event.display_name()), (Some("Anna"), "Captain"));
    assert_eq!(event.sender.role, Some(GroupRole::Admin));
    assert_eq!(event.raw_message.as_deref(), Some("[CQ:at,qq=10000] hello"));
    let age = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64 - event.time.seconds();
    assert!((0..60).contains(&age), "{age}");

    let in_private = anna.says("[CQ:at,qq=all]").in_private();
    assert!(in_private > said, "ids are fresh");
    let Event::PrivateMessage(event) = next_message(&mut events).await else { panic!("no message in private") };
    assert_eq!((event.message_id, event.self_id), (in_private, UserId::new(10000)));
    assert_eq!((event.message.plain_text(), event.display_name()), ("[CQ:at,qq=all]".into(), "Anna"));

    server.user(1).as_owner().says("I am who I am").in_group(42);
    let Event::GroupMessage(event) = next_message(&mut events).await else { panic!("no message in a group") };
    assert_eq!((event.sender.role.clone(), event.sender.card.as_deref()), (Some(GroupRole::Owner), Some("")));

    server.user(10086).as_anonymous("小猫").says("guess").in_group(42);
    let Event::GroupMessage(event) = next_message(&mut events).await else { panic!("no message in a group") };
    assert_eq!(event.anonymous.as_ref().and_then(|who| who.name.as_deref()), Some("小猫"));
    assert_ne!(event.user_id, UserId::new(10086));
    assert_eq!((&event.sender.role, &event.sender.card, &event.sender.title), (&None, &None, &None));

    // The same by long polling.
    let http = Client::builder(server.url()).build().unwrap();
    let polled = http.get_updates().limit(2).timeout(5).await.unwrap();
    assert_eq!(ids(&polled), [said, in_private]);
    assert_eq!(http.get_updates().timeout(5).await.unwrap().len(), 2);
    assert_eq!(client.get_updates().timeout(5).await.unwrap_err().code(), Some(RefusalCode::ApiNotFound));
}

#[tokio::test]
async fn a_sender_is_mentioned_as_go_cqhttp_does_it() {
    let (server, client) = server().await;
    let context = serde_json::to_value(Event::GroupMessage(GroupMessage::example().into())).unwrap();
    let operate = async |reply: Value| {
        let operation = json!({ "reply": reply, "at_sender": true, "delete": true });
        client.handle_quick_operation(context.clone(), operation).await
    };
    for (reply, said) in [
        (json!("pong"), "[CQ:at,qq=10086]pong"),
        (json!([{ "type": "text", "data": { "text": "pong" } }]), "[CQ:at,qq=10086]pong"),
        (json!(r#"he said "pong""#), "[CQ:at,qq=10086]he said "),
        (json!(r"C:\pong"), "[CQ:at,qq=10086]C:"),
        (json!(r"C:\new\q"), "[CQ:at,qq=10086]C:\new"),
        (json!(r"a\/b\u4f60\ud83d\ude00"), "[CQ:at,qq=10086]a/b你😀"),
        (json!(r"a\u12"), "[CQ:at,qq=10086]a"),
        (json!("a\\\"b"), "[CQ:at,qq=10086]a\"b"),
        (json!("a\nb"), "[CQ:at,qq=10086]a\nb"),
        (json!("a\\/b\nc"), "[CQ:at,qq=10086]a/b"),
        (json!(r"C:\"), "[CQ:at,qq=10086]C:\""),
    ] {
        operate(reply).await.unwrap();
        assert_eq!(server.expect::<SendGroupMsg>().await.message.to_cq().unwrap(), said);
        server.expect::<DeleteMsg>().await;
    }
    let before = server.calls().len();
    let error = operate(json!(["pong"])).await.unwrap_err();
    assert_eq!((error.code(), error.retcode()), (Some(RefusalCode::AtSenderFailed), Some(-1)));
    assert_eq!(server.calls().len(), before + 1, "nothing is done then");
}

#[tokio::test]
async fn who_only_calls_does_not_listen() {
    let server = MockServer::start().await.unwrap();
    assert_eq!(server.listeners(), 0);
    let _calls = connect(format!("{}/api", server.ws_url())).await.unwrap();
    assert_eq!((server.connections(), server.listeners()), (1, 0));
    let _both = connect(server.ws_url()).await.unwrap();
    server.webhook(Webhook::to("http://127.0.0.1:1/"));
    assert_eq!((server.connections(), server.listeners()), (2, 2));
}

#[tokio::test]
async fn a_flag_of_a_quick_operation_is_read_as_go_cqhttp_reads_it() {
    let (server, client) = server().await;
    let context = serde_json::to_value(Event::GroupMessage(GroupMessage::example().into())).unwrap();
    let mut deleted = 0;
    for (flag, done) in [
        (json!(true), true),
        (json!("True"), true),
        (json!("1"), true),
        (json!(2), true),
        (json!(false), false),
        (json!("yes"), false),
        (json!(0), false),
        (json!(null), false),
    ] {
        client.handle_quick_operation(context.clone(), json!({ "delete": flag })).await.unwrap();
        deleted += usize::from(done);
        let calls = server.calls();
        assert_eq!(calls.iter().filter(|call| call.action == "delete_msg").count(), deleted, "{flag}");
    }
}

/// Accepts the next connection of a simulated server, and answers with this HTTP status; without a status it hangs up.
async fn reject(bot: &TcpListener, status: Option<&str>) {
    let (mut stream, _) = soon(bot.accept()).await.unwrap();
    support::read_request(&mut stream).await.unwrap();
    if let Some(status) = status {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
    }
}

async fn telling() -> (MockServer, mpsc::UnboundedReceiver<(String, String)>) {
    let (sender, told) = mpsc::unbounded_channel();
    let builder =
        MockServer::builder().on_refused(move |url, why| sender.send((url.to_owned(), why.to_string())).unwrap());
    (builder.start().await.unwrap(), told)
}

#[tokio::test]
async fn a_bot_that_cannot_be_connected_to_is_told_of_once_for_each_reason() {
    let (server, mut told) = telling().await;
    let bot = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = bot.local_addr().unwrap();
    drop(bot);
    let url = format!("ws://{address}/bot");
    server.dial(Dial::to(&url).retry(Duration::from_millis(1)));
    assert_eq!(soon(told.recv()).await.unwrap(), (url.clone(), "nothing listens there".to_owned()));

    let bot = TcpListener::bind(address).await.unwrap();
    for status in ["401 Unauthorized", "401 Unauthorized", "403 Forbidden", "403 Forbidden"] {
        reject(&bot, Some(status)).await;
    }
    let (stream, _) = soon(bot.accept()).await.unwrap();
    drop(tokio_tungstenite::accept_async(stream).await.unwrap());
    reject(&bot, Some("403 Forbidden")).await;
    reject(&bot, None).await;
    let reasons = [
        "the bot answers with HTTP status 401; it asks for its access token",
        "the bot answers with HTTP status 403; its access token is a different one",
        "the bot answers with HTTP status 403; its access token is a different one",
        "the bot hangs up without an answer",
    ];
    for reason in reasons {
        assert_eq!(soon(told.recv()).await.unwrap(), (url.clone(), reason.to_owned()));
    }
}

#[tokio::test]
async fn a_bot_that_takes_no_posts_is_told_of_once_for_each_reason() {
    let (server, mut told) = telling().await;
    let bot = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", bot.local_addr().unwrap());
    server.webhook(Webhook::to(&url).retries(0));
    for status in
        ["403 Forbidden", "403 Forbidden", "204 No Content", "403 Forbidden", "500 Internal MockServer Error", ""]
    {
        server.user(10086).says("hi").in_private();
        reject(&bot, Some(status).filter(|status| !status.is_empty())).await;
    }
    let reasons = [
        "the bot answers with HTTP status 403; its secret is a different one",
        "the bot answers with HTTP status 403; its secret is a different one",
        "the bot answers with HTTP status 500",
        "the bot hangs up without an answer",
    ];
    for reason in reasons {
        assert_eq!(soon(told.recv()).await.unwrap(), (url.clone(), reason.to_owned()));
    }
}

/// Returns the next message on a WebSocket, as it is written.
async fn next_written<S>(socket: &mut tokio_tungstenite::WebSocketStream<S>) -> Value
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        let frame = soon(socket.next()).await.unwrap().unwrap();
        let event: Value = serde_json::from_str(frame.to_text().unwrap()).unwrap();
        if event["post_type"] == "message" {
            return event;
        }
    }
}

#[tokio::test]
async fn messages_are_texts_in_events_if_asked_for() {
    let builder = MockServer::builder().long_polling(0).post_format(PostFormat::String);
    let server = builder.start().await.unwrap();
    let (mut socket, _) = tokio_tungstenite::connect_async(server.ws_url()).await.unwrap();
    let bot = TcpListener::bind("127.0.0.1:0").await.unwrap();
    server.dial(Dial::to(format!("ws://{}", bot.local_addr().unwrap())));
    let (stream, _) = soon(bot.accept()).await.unwrap();
    let mut dialled = tokio_tungstenite::accept_async(stream).await.unwrap();
    server.connected(2).await;
    let (url, mut posts) = posted_to(vec![String::new()]).await;
    server.webhook(Webhook::to(url));

    let anna = server.user(10086);
    anna.says(Message::at(10000).text(" [hi]")).in_group(42);
    let message = json!("[CQ:at,qq=10000] &#91;hi&#93;");
    assert_eq!(next_written(&mut socket).await["message"], message);
    assert_eq!(next_written(&mut dialled).await["message"], message);
    let post = soon(posts.recv()).await.unwrap();
    let (_, posted) = post.split_once("\r\n\r\n").unwrap();
    assert_eq!(serde_json::from_str::<Value>(posted).unwrap()["message"], message);
    let (_, polled) = http(&server, "POST /get_updates", JSON, "{}").await;
    assert_eq!(serde_json::from_str::<Value>(&polled).unwrap()["data"][0]["message"], message);

    // A node with content has no such form; a frame of the test's own is sent as it is.
    let node = ForwardNode::custom(10086, "Anna", "inner");
    anna.says(Segment::from(node)).in_private();
    assert_eq!(next_written(&mut socket).await["message"][0]["type"], "node");
    server.push_text(r#"{"post_type":"message","message":[]}"#);
    assert_eq!(next_written(&mut socket).await["message"], json!([]));
}

#[tokio::test]
async fn messages_are_texts_in_answers_if_asked_for() {
    let group = Group::new(42, "Rustaceans").member(10010).member(10086);
    let builder = MockServer::builder().world(World::new().group(group)).post_format(PostFormat::String);
    let server = builder.start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    let answer = async |action: &str, params: Value| {
        let (_, answer) = http(&server, &format!("POST /{action}"), JSON, &params.to_string()).await;
        serde_json::from_str::<Value>(&answer).unwrap()["data"].take()
    };

    let said = server.user(10086).says("[hi]").in_group(42);
    assert_eq!(answer("get_msg", json!({ "message_id": said })).await["message"], "&#91;hi&#93;");
    let history = answer("get_group_msg_history", json!({ "group_id": 42 })).await;
    assert_eq!(history["messages"][0]["message"], "&#91;hi&#93;");
    let nested = ForwardNode::nested(10086, "Ann", [ForwardNode::custom(10086, "Ann", "inner")]);
    let sent = client.send_group_forward_msg(42, [ForwardNode::message(said), nested]).await.unwrap();
    let forward = answer("get_forward_msg", json!({ "message_id": sent.forward_id })).await;
    assert_eq!(forward["messages"][0]["content"], "&#91;hi&#93;");
    assert_eq!(forward["messages"][1]["content"][0]["content"], "inner");

    // This crate's client reads both.
    assert_eq!(client.get_msg(said).await.unwrap().message, "[hi]".into());
    let written = Message::at(10086).build();
    let answered = written.clone();
    server.on::<GetMsg>(move |_| Ok(GetMsgResponse::example().with(|said| said.message = answered.clone())));
    assert_eq!(answer("get_msg", json!({ "message_id": 1 })).await["message"], "[CQ:at,qq=10086]");
    assert_eq!(client.get_msg(1).await.unwrap().message, written);
}

fn ids(events: &[Event]) -> Vec<MessageId> {
    events.iter().filter_map(|event| event.as_message()?.message_id()).collect()
}

async fn next_message(events: &mut cqhttp::Events) -> Event {
    loop {
        let received = soon(events.next()).await.unwrap();
        if received.event.as_message().is_some() {
            return received.event.clone();
        }
    }
}

#[tokio::test]
async fn long_polling_waits_for_events_and_keeps_no_more_than_it_may() {
    let server = MockServer::builder().long_polling(2).start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    assert!(client.get_updates().timeout(1).await.unwrap().is_empty(), "the time limit has passed");

    let waiting = tokio::spawn(client.get_updates().into_future());
    while server.calls().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.calls()[1].outcome, Outcome::Pending);
    let id = server.user(10086).says("hello").in_private();
    let events = soon(waiting).await.unwrap().unwrap();
    assert_eq!(ids(&events), [id]);
    assert!(matches!(&server.calls()[1].outcome, Outcome::Answered(Value::Array(events)) if events.len() == 1));

    let said: Vec<_> = (0..3).map(|_| server.user(10086).says("hello").in_private()).collect();
    let kept = client.get_updates().await.unwrap();
    assert_eq!(ids(&kept), said[1..], "the oldest is dropped");

    // Heartbeats are among them, and the greetings of connections are not.
    let server = MockServer::builder().long_polling(0).heartbeat(Duration::from_millis(20)).start().await.unwrap();
    let (_client, _events) = connect(server.ws_url()).await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    let events = soon(client.get_updates().into_future()).await.unwrap();
    assert!(events.iter().all(|event| matches!(event, Event::Heartbeat(_))), "{events:?}");
}

#[tokio::test]
async fn an_event_that_no_server_could_send_says_what_is_wrong() {
    let (server, _) = server().await;
    let list: Vec<Event> = serde_json::from_str(r#"[{"time":1}]"#).unwrap();
    let push = |event: Event| catch_unwind(AssertUnwindSafe(|| server.push(event)));
    let said = *push(list[0].clone()).unwrap_err().downcast::<String>().unwrap();
    assert!(said.contains("it has no `post_type` that is a string") && said.contains(r#"{"time":1}"#), "{said}");
    assert!(said.contains("push_text"), "{said}");
    let broken: Event = r#"{"post_type":"message","message_type":"group","group_id":{}}"#.parse().unwrap();
    let said = *push(broken).unwrap_err().downcast::<String>().unwrap();
    assert!(said.contains("group_id") && said.contains("push_text"), "{said}");
    // Of a kind that nobody knows, it may well come.
    push(r#"{"post_type":"notice","notice_type":"new"}"#.parse().unwrap()).unwrap();
    push(Event::GroupMessage(GroupMessage::example().with(|event| event.group_id = 42.into()).into())).unwrap();
}

#[tokio::test]
async fn a_port_in_use_says_so() {
    let (server, _) = server().await;
    let error = MockServer::builder().port(server.port()).start().await.unwrap_err();
    let said = error.to_string();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(said.contains(&format!("127.0.0.1:{}", server.port())) && said.contains("leave `port` out"), "{said}");
}

// ---- Faults ----

#[tokio::test]
async fn a_fault_hits_one_call_of_one_action() {
    let (server, client) = server().await;
    server.faults(|_| Fault::None);
    server.fault_once::<DeleteMsg>(Fault::Refuse(refuse(RefusalCode::RecallApiError)));
    server.fault_once::<DeleteMsg>(Fault::DropAfter);
    client.send_group_msg(42, "hi").await.unwrap();
    assert_eq!(client.delete_msg(1).await.unwrap_err().code(), Some(RefusalCode::RecallApiError));
    assert!(client.delete_msg(1).await.unwrap_err().may_have_happened());
    client.delete_msg(1).await.unwrap();
}

#[tokio::test]
async fn a_token_may_be_refused_in_the_middle() {
    let (server, client) = server().await;
    let (on_act, mut acts) = mpsc::unbounded_channel();
    server.on::<DeleteMsg>(move |request| {
        on_act.send(request.message_id).unwrap();
        Ok(())
    });
    let (ws, events) = connect(server.ws_url()).await.unwrap();
    let connection = events.connection();
    server.fault_once::<DeleteMsg>(Fault::Unauthorised(1403));
    assert!(soon(ws.delete_msg(1).into_future()).await.is_err());
    soon(server.connected(0)).await;
    connection.close().await;
    server.fault_once::<DeleteMsg>(Fault::Unauthorised(1403));
    let error = client.delete_msg(2).await.unwrap_err();
    assert!(error.report().to_string().contains("403"), "{}", error.report());
    assert_eq!(server.calls().iter().map(|call| &call.outcome).collect::<Vec<_>>(), [&Outcome::Dropped; 2]);
    client.delete_msg(3).await.unwrap();
    assert_eq!(acts.try_recv(), Ok(MessageId::new(3)), "the others are not acted on");
}

// ---- Webhooks ----

/// Starts a bot without this crate, which takes events by HTTP POST and answers each with the next of these bodies.
async fn posted_to(bodies: Vec<String>) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for body in bodies {
            let (mut stream, _) = listener.accept().await.unwrap();
            sender.send(support::read_request(&mut stream).await.unwrap()).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).await.unwrap();
        }
    });
    (url, requests)
}

#[tokio::test]
async fn events_are_posted_and_quick_operations_carried_out() {
    let operations = [
        json!({ "reply": "pong", "at_sender": true, "delete": true, "ban": true, "ban_duration": 60 }),
        json!({ "reply": [{ "type": "face", "data": { "id": "1" } }], "auto_escape": "yes" }),
        json!({ "approve": false, "reason": "no" }),
        json!({ "kick": true, "reject_add_request": true, "at_sender": true }),
    ];
    let bodies = operations.iter().map(Value::to_string).chain(["".into(), "[".into()]).collect();
    let (url, mut requests) = posted_to(bodies).await;
    let server = MockServer::builder().self_id(10000).start().await.unwrap();
    server.webhook(Webhook::to(url).secret("secret"));
    let id = server.user(10086).says("ping").in_group(42);
    let request = soon(requests.recv()).await.unwrap();
    assert!(request.starts_with("POST /events ") && request.contains("X-Self-Id: 10000\r\n"), "{request}");
    assert!(request.contains("X-Signature: sha1=") && request.contains("\"ping\""), "{request}");

    let done = server.expect::<HandleQuickOperation>().await;
    assert_eq!((&done.operation, &done.context["message_id"]), (&operations[0], &json!(id)));
    let reply = server.expect::<SendGroupMsg>().await;
    assert_eq!((reply.group_id.get(), reply.message.to_cq().unwrap()), (42, "[CQ:at,qq=10086]pong".into()));
    assert_eq!(server.expect::<DeleteMsg>().await.message_id, id);
    assert_eq!(server.expect::<SetGroupBan>().await, SetGroupBan::new(42, 10086).duration(60));

    server.user(10086).says("ping").in_private();
    let reply = server.expect::<SendPrivateMsg>().await;
    assert_eq!((reply.user_id.get(), reply.message.to_cq().unwrap()), (10086, "[CQ:face,id=1]".into()));
    assert!(reply.auto_escape);

    assert_eq!(server.push(Event::FriendRequest(FriendRequest::example().into())), 1);
    let answer = server.expect::<SetFriendAddRequest>().await;
    assert_eq!((answer.approve, answer.flag), (false, FriendRequest::example().flag));

    server.user(10086).says("spam").in_group(42);
    assert!(server.expect::<SetGroupKick>().await.reject_add_request);
    // Neither of these is an operation.
    server.user(10086).says("ping").in_group(42);
    server.user(10086).says("ping").in_group(42);
    for _ in 0..5 {
        soon(requests.recv()).await.unwrap();
    }
    let vias: Vec<_> = server.calls().iter().map(|call| call.via).collect();
    use Via::{QuickOperation as Part, Webhook as Whole};
    assert_eq!(vias, [Whole, Part, Part, Part, Whole, Part, Whole, Part, Whole, Part]);
}

/// Starts a bot without this crate, which answers each post with the next of these responses, byte for byte, and leaves
/// all connections open.
async fn responding(responses: Vec<String>) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut open = Vec::new();
        for response in responses {
            let (mut stream, _) = listener.accept().await.unwrap();
            sender.send(support::read_request(&mut stream).await.unwrap()).unwrap();
            stream.write_all(response.as_bytes()).await.unwrap();
            open.push(stream);
        }
        std::future::pending::<()>().await;
    });
    (url, requests)
}

#[tokio::test]
async fn a_response_is_read_whether_it_comes_in_chunks_or_leaves_its_connection_open() {
    let body = r#"{"reply":"pong"}"#;
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\ne;x=y\r\n{}\r\n0\r\n\r\n",
        &body[..2],
        &body[2..]
    );
    let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let late = format!("HTTP/1.1 100 Continue\r\n\r\n{whole}");
    let (url, _requests) = responding(vec![chunked, whole, late]).await;
    let server = MockServer::start().await.unwrap();
    server.webhook(Webhook::to(url));
    for text in ["chunked", "left open", "continued"] {
        server.user(10086).says(text).in_private();
        let reply = soon(server.next_call::<SendPrivateMsg>().into_future()).await;
        assert_eq!(reply.unwrap_or_else(|why| panic!("{text}: {why}")).message.plain_text(), "pong");
    }
}

#[tokio::test]
async fn a_bot_that_does_not_answer_in_time_holds_nobody_up() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"reply\":";
    let whole = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"reply\":\"pong\"}";
    let (url, mut requests) = responding(["", "", half, whole].map(str::to_owned).to_vec()).await;
    let (server, mut told) = telling().await;
    let limit = Duration::from_millis(500);
    server.webhook(Webhook::to(&url).retries(1).timeout(limit));
    let begun = Instant::now();
    for text in ["to nobody", "to one who stops", "to one who answers"] {
        server.user(10086).says(text).in_private();
    }
    // The first is sent again, and the second is not: its response has begun.
    for text in ["to nobody", "to nobody", "to one who stops", "to one who answers"] {
        assert!(soon(requests.recv()).await.unwrap().contains(&format!("\"{text}\"")), "{text}");
    }
    assert_eq!(server.expect::<SendPrivateMsg>().await.message.plain_text(), "pong");
    assert!(begun.elapsed() >= limit * 3, "{:?}", begun.elapsed());
    assert_eq!(soon(told.recv()).await.unwrap(), (url, "the bot has not answered within 500ms".to_owned()));
    assert!(told.try_recv().is_err(), "the same reason is said once");
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_takes_a_connection_and_says_nothing_is_given_up() {
    let bot = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = bot.local_addr().unwrap();
    let server = MockServer::start().await.unwrap();
    let error = server.dial_once(Dial::to(format!("ws://{address}"))).await.unwrap_err();
    assert_eq!(error.to_string(), "the bot has not answered within 45s");
    let error = Webhook::to(format!("http://{address}")).post("{}").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string()),
        (std::io::ErrorKind::TimedOut, "the bot has not answered within 5s".into())
    );
}

#[tokio::test]
async fn an_address_may_leave_out_the_port_and_the_path() {
    let (url, mut requests) = responding(vec!["HTTP/1.1 204 No Content\r\n\r\n".to_owned(); 3]).await;
    for (address, path) in [("/a/b?c", "/a/b?c"), ("?a=b", "/?a=b"), ("", "/")] {
        let address = url.replace("/events", address);
        assert_eq!(soon(Webhook::to(address).post("{}")).await.unwrap().status, 204);
        let request = soon(requests.recv()).await.unwrap();
        assert!(request.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{request}");
        assert!(request.contains(&url.replace("http://", "Host: ").replace("/events", "\r\n")), "{request}");
    }
    // Whatever may listen there.
    if let Err(error) = soon(Webhook::to("http://127.0.0.1/").retries(0).post("{}")).await {
        assert!(!error.to_string().contains("invalid"), "{error}");
    }
}

#[test]
fn an_address_that_is_none_is_told_at_once() {
    for (url, why) in [
        ("http://127.0.0.1:65536/", "the port of the address is not a number up to 65535"),
        ("http://127.0.0.1:five/", "the port of the address is not a number up to 65535"),
        ("http:///path", "the address cannot be read: "),
        ("https://127.0.0.1/", "an address that begins with `http://` is expected"),
        ("127.0.0.1:8080", "an address that begins with `http://` is expected"),
        ("ws://127.0.0.1:8080", "an address that begins with `http://` is expected"),
    ] {
        let error = url.parse::<Webhook>().unwrap_err();
        assert!(error.to_string().contains(why), "{url}: {error}");
        let said = *catch_unwind(|| Webhook::to(url)).unwrap_err().downcast::<String>().unwrap();
        assert!(said.contains(why), "{url}: {said}");
        let error = url.replace("http", "ws").replace("ws://127.0.0.1:8080", "http://x").parse::<Dial>().unwrap_err();
        assert!(error.to_string().contains(&why.replace("http", "ws")), "{url}: {error}");
    }
    for url in ["http://127.0.0.1", "http://127.0.0.1:/", "http://[::1]:8080?a=b", "http://u:p@localhost/"] {
        url.parse::<Webhook>().unwrap();
        let _ = url.replace("http", "ws").parse::<Dial>().unwrap();
    }
}
