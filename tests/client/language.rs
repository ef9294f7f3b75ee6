//! The keys of the schema that change calls, over real sockets: parameters that exclude each other, refusals within answers of
//! success, and actions after which the server ends.

use std::time::Duration;

use cqhttp::mock::MockServer;
use cqhttp::{Action, AnswersOnce, Client, Effect, Error, RefusalKind, connect};
use serde::Serialize;
use serde_json::json;
use support::peer::{Bare, soon, spawn};
use support::{answering, read_request};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// A request as the generator writes it, of an action with the given keys.
#[derive(Clone, Debug, Default, Serialize)]
struct Keyed {
    #[serde(skip)]
    soft: bool,
    #[serde(skip)]
    ends: bool,
    #[serde(skip)]
    fault: Option<&'static str>,
}

const SOFT: Keyed = Keyed { soft: true, ends: false, fault: None };
const ENDS: Keyed = Keyed { soft: false, ends: true, fault: None };

impl AnswersOnce for Keyed {}

impl Action for Keyed {
    type Response = ();

    fn name(&self) -> &str {
        "set_group_name"
    }

    fn effect(&self) -> Effect {
        Effect::Write
    }

    fn fault(&self) -> Option<String> {
        self.fault.map(str::to_owned)
    }

    fn has_soft_failures(&self) -> bool {
        self.soft
    }

    fn ends_server(&self) -> bool {
        self.ends
    }
}

fn client(url: &str) -> Client {
    Client::builder(url).build().unwrap()
}

#[tokio::test]
async fn a_call_with_a_fault_is_not_sent() {
    let server = MockServer::start().await.unwrap();
    let request = Keyed { fault: Some("one of `user_id`, `group_id` has to be set"), ..Keyed::default() };
    let error = client(&server.url()).call(request).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    assert_eq!(error.report(), "`set_group_name` was not sent: one of `user_id`, `group_id` has to be set");
    assert!(server.calls().is_empty());
}

/// A request that was stored and read again is the same, and what it lacks or has too much of is found before it is sent.
#[cfg(feature = "vendor")]
#[tokio::test]
async fn a_stored_request_has_the_same_choice() {
    use cqhttp::action::{GetFriendMsgHistory, GetGroupMsgHistory, SendFlashMsg};

    fn stored<T: Serialize + serde::de::DeserializeOwned>(request: &T) -> T {
        serde_json::from_str(&serde_json::to_string(request).unwrap()).unwrap()
    }
    let server = MockServer::start().await.unwrap();
    let client = client(&server.url());
    // The id goes out under the name of the number, too.
    for request in [
        GetGroupMsgHistory::new(1).message_id(5),
        GetGroupMsgHistory::new(1).message_seq(7),
        GetGroupMsgHistory::new(1),
    ] {
        assert_eq!(stored(&request), request);
        client.call(stored(&request)).await.unwrap();
    }
    let request = GetFriendMsgHistory::new(1).message_id(5);
    assert_eq!(stored(&request), request);
    client.call(stored(&request)).await.unwrap();
    client.call(stored(&SendFlashMsg::new("a").user_id(5))).await.unwrap();
    assert_eq!(server.calls().len(), 5);
    let none: SendFlashMsg = serde_json::from_value(json!({ "fileset_id": "a" })).unwrap();
    let both: SendFlashMsg = serde_json::from_value(json!({ "fileset_id": "a", "group_id": 1, "user_id": 2 })).unwrap();
    for request in [none, both] {
        let error = client.call(request).await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    }
    let other = json!({ "group_id": 1, "message_id": 5, "message_seq": 7 });
    let other: GetGroupMsgHistory = serde_json::from_value(other).unwrap();
    let error = client.call(other).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    assert_eq!(server.calls().len(), 5);
}

/// The answer of success with this `data`, to an action with soft failures.
async fn soft(data: serde_json::Value) -> Result<(), Error> {
    let body = json!({ "status": "ok", "retcode": 0, "data": data }).to_string();
    let (url, _) = answering("200 OK", body).await;
    client(&url).call(SOFT).await
}

#[tokio::test]
async fn a_result_other_than_0_is_a_refusal_with_its_text_and_code() {
    let refused = soft(json!({ "result": 120, "errMsg": "消息不存在" })).await.unwrap_err();
    assert!(matches!(refused, Error::Refused(_)), "{refused:?}");
    assert_eq!((refused.retcode(), refused.explanation()), (Some(120), Some("消息不存在")));
    assert_eq!((refused.refusal(), refused.may_have_happened()), (Some(RefusalKind::NotFound), false));
    assert_eq!(refused.report(), "`set_group_name` was refused: retcode 120, 消息不存在");
    // The code is QQ's: that the server's retcode 1400 means bad parameters is of no account.
    let refused = soft(json!({ "result": "1400", "errMsg": "" })).await.unwrap_err();
    assert_eq!((refused.retcode(), refused.explanation()), (Some(1400), None));
    assert_eq!((refused.refusal(), refused.may_have_happened()), (Some(RefusalKind::Other), true));
    for fine in [json!({ "result": 0, "errMsg": "ok" }), json!({ "result": "0" }), json!({}), json!(null), json!([1])] {
        soft(fine).await.unwrap();
    }
    for other in [json!({ "result": "done", "errMsg": "x" }), json!({ "result": {}, "errMsg": "x" })] {
        soft(other).await.unwrap();
    }
    // A number that is not 0 is a refusal, however it is written and however large it is.
    for (result, code) in [
        ("-1", -1),
        ("1.5", 1),
        ("0.5", -1),
        ("\"120.0\"", 120),
        ("9223372036854775808", i64::MAX),
        ("-1e30", i64::MIN),
        ("\"18446744073709551616\"", i64::MAX),
    ] {
        let data = serde_json::from_str(&format!("{{\"result\":{result},\"errMsg\":\"x\"}}")).unwrap();
        let refused = soft(data).await.unwrap_err();
        assert_eq!((refused.retcode(), refused.explanation()), (Some(code), Some("x")), "{result}");
    }
    // The other names of the code and of its text, and the objects that hold both.
    for data in [
        json!({ "errCode": 120, "errMsg": "消息不存在", "rsp": { "sendStatus": [] } }),
        json!({ "result": 120, "errMs": "消息不存在" }),
        json!({ "result": 120, "errMsg": "", "errMs": "消息不存在" }),
        json!({ "result": 0, "errCode": 120, "errMsg": "消息不存在" }),
        json!({ "response": { "seq": 1, "result": 120, "errMs": "消息不存在" } }),
        json!({ "retCode": 120, "retMsg": "消息不存在", "clientWording": "" }),
        json!({ "result": { "retCode": 120, "retMsg": "no", "clientWording": "消息不存在" }, "groupItem": {} }),
        json!({ "errCode": 0, "errMsg": "ok", "result": { "errorCode": 120, "wording": "消息不存在" } }),
        json!({ "result": 0, "errMsg": "", "transGroupFileResult": { "result": { "retCode": 120, "retMsg": "消息不存在" } } }),
    ] {
        let refused = soft(data.clone()).await.unwrap_err();
        assert_eq!((refused.retcode(), refused.explanation()), (Some(120), Some("消息不存在")), "{data}");
    }
    for fine in [
        json!({ "errCode": 0, "errMsg": "x" }),
        json!({ "response": { "result": 0, "errMs": "x" } }),
        json!({ "result": 0, "response": { "result": "done" } }),
        json!({ "response": { "response": { "result": 1 } } }),
        json!({ "result": true }),
        json!({ "valid": true, "message": "x" }),
        json!({ "transGroupFileResult": { "result": { "retCode": 0 }, "failFileIdList": [] } }),
    ] {
        soft(fine).await.unwrap();
    }
    // Without the key, a `result` is an answer as any other.
    let (url, _) = answering("200 OK", r#"{"status":"ok","retcode":0,"data":{"result":1,"errMsg":"no"}}"#).await;
    client(&url).call(Keyed::default()).await.unwrap();
}

/// The code is found in an answer that no strict reader takes: names that come twice, half an emoji, bytes that are not UTF-8.
#[tokio::test]
async fn a_refusal_is_found_in_a_broken_answer() {
    for data in [
        r#"{"result":120,"errMsg":"a","errMsg":"b"}"#,
        r#"{"result":120,"result":0}"#,
        r#"{"result":0,"result":120}"#,
        r#"{"response":{},"response":{"result":120}}"#,
        r#"{"result":120},"data":{"result":0}"#,
        r#"{"\ud83d":1,"result":120,"errMsg":"\ud83d"}"#,
        r#"{"result":"1e400"}"#,
    ] {
        let body = format!(r#"{{"status":"ok","retcode":0,"data":{data}}}"#);
        let refused = client(&answering("200 OK", body).await.0).call(SOFT).await.unwrap_err();
        assert!(matches!(refused, Error::Refused(_)), "{data}: {refused:?}");
    }
    // Bytes that are not UTF-8.
    let body = b"{\"status\":\"ok\",\"retcode\":0,\"data\":{\"result\":120,\"errMsg\":\"\xff\"}}";
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let url = closing([head.as_bytes(), body].concat()).await;
    assert_eq!(client(&url).call(SOFT).await.unwrap_err().retcode(), Some(120));
    // A code that no number holds is not a success.
    let (url, _) = answering("200 OK", r#"{"status":"ok","retcode":0,"data":{"result":1e400}}"#).await;
    let unread = client(&url).call(SOFT).await.unwrap_err();
    assert!(matches!(unread, Error::Undecodable(_)), "{unread:?}");
}

/// NapCat does not ask QQ to delete a user who is not a friend, and has no code then.
#[tokio::test]
async fn an_invalid_user_is_a_refusal() {
    let refused = soft(json!({ "valid": false, "message": "不是好友" })).await.unwrap_err();
    assert_eq!((refused.retcode(), refused.explanation()), (Some(0), Some("不是好友")));
    assert_eq!((refused.refusal(), refused.may_have_happened()), (Some(RefusalKind::NotFriend), false));
}

/// QQ's code of success alone is an answer, of which nothing is known, unless the action always answers something.
#[cfg(feature = "vendor")]
#[tokio::test]
async fn a_code_of_success_alone_is_an_empty_answer() {
    async fn answers(data: &serde_json::Value) -> Client {
        let body = json!({ "status": "ok", "retcode": 0, "data": data }).to_string();
        client(&answering("200 OK", body).await.0)
    }
    for data in [json!({ "result": 0, "errMsg": "" }), json!({ "errCode": 0, "errMsg": "" })] {
        let answer = answers(&data).await.send_flash_msg("a").group_id(1).await.unwrap();
        assert_eq!((answer.message_id, answer.rsp), (None, None), "{data}");
        let list = answers(&data).await.get_collection_list(0).await.unwrap();
        assert!(list.items.is_empty(), "{list:?}");
        let link = answers(&data).await.get_share_link("a").await.unwrap_err();
        assert!(matches!(link, Error::Undecodable(_)), "{link:?}");
    }
    // Other names are not passed over, and neither is an answer without the code.
    for data in [json!({ "sent": true }), json!({ "errMsg": "" })] {
        let lost = answers(&data).await.send_flash_msg("a").group_id(1).await.unwrap_err();
        assert!(matches!(lost, Error::Undecodable(_)), "{data}: {lost:?}");
    }
}

/// Reads one request, sends these bytes, and closes the connection.
async fn closing(bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
    });
    url
}

const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\":";
const NO_BODY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const GATEWAY: &str = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
const HALF_GATEWAY: &str = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 9\r\n\r\n";

#[tokio::test]
async fn over_http_a_server_that_ends_may_close_the_connection_in_place_of_an_answer() {
    for bytes in ["", HALF, NO_BODY] {
        client(&closing(bytes).await).call(ENDS).await.unwrap();
        let other = client(&closing(bytes).await).call(Keyed::default()).await.unwrap_err();
        assert!(other.may_have_happened(), "{bytes}: {other:?}");
    }
    for bytes in [GATEWAY, HALF_GATEWAY] {
        let proxy = client(&closing(bytes).await).call(ENDS).await.unwrap_err();
        assert!(matches!(proxy, Error::OutcomeUnknown(_)), "{bytes}: {proxy:?}");
    }
    let raw = client(&closing("").await).call(ENDS).with_raw().await.unwrap();
    assert_eq!(raw.text(), "");
    let (url, _) = answering("200 OK", r#"{"status":"failed","retcode":1400,"message":"no"}"#).await;
    assert_eq!(client(&url).call(ENDS).await.unwrap_err().retcode(), Some(1400));
    let (url, _) = answering("200 OK", r#"{"status":"ok","retcode":0,"data":null}"#).await;
    client(&url).call(ENDS).await.unwrap();
}

#[tokio::test]
async fn over_http_nothing_else_shows_that_a_server_has_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let slow = client(&url).call(ENDS).within(Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(slow, Error::OutcomeUnknown(_)) && slow.is_timeout(), "{slow:?}");
    drop(listener);
    let unreachable = client(&url).call(ENDS).await.unwrap_err();
    assert!(matches!(unreachable, Error::NotSent(_)), "{unreachable:?}");
}

/// A reset may come before the request has been read.
#[tokio::test]
async fn over_http_a_reset_leaves_the_outcome_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // To close a socket with bytes that nobody has read resets the connection.
        stream.peek(&mut [0]).await.unwrap();
    });
    let reset = client(&url).call(ENDS).await.unwrap_err();
    assert!(matches!(reset, Error::OutcomeUnknown(_)), "{reset:?}");
}

#[tokio::test]
async fn over_a_websocket_a_server_that_ends_may_close_the_connection() {
    for has_close_frame in [true, false] {
        let server = Bare::start().await;
        let (client, _events, mut peer) = server.connected(connect(&server.url).no_reconnect()).await;
        let (ending, other) = (spawn(client.call(ENDS)), spawn(client.call(Keyed::default())));
        for _ in 0..2 {
            peer.next().await;
        }
        if has_close_frame {
            peer.0.close(None).await.unwrap();
        }
        drop(peer);
        soon(ending).await.unwrap().unwrap();
        let other = soon(other).await.unwrap().unwrap_err();
        assert!(matches!(other, Error::OutcomeUnknown(_)), "{other:?}");
        // Once the connection is gone, the call is not sent.
        let late = client.call(ENDS).await.unwrap_err();
        assert!(matches!(late, Error::NotSent(_)), "{late:?}");
    }
}

#[tokio::test]
async fn over_a_websocket_nothing_else_shows_that_a_server_has_ended() {
    let server = Bare::start().await;
    let (client, events, mut peer) = server.connected(connect(&server.url).no_reconnect()).await;
    let slow = client.call(ENDS).within(Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(slow, Error::OutcomeUnknown(_)) && slow.is_timeout(), "{slow:?}");
    let answered = spawn(client.call(ENDS));
    peer.next().await;
    let (_, echo) = peer.next().await;
    peer.answer(&echo, json!(null)).await;
    soon(answered).await.unwrap().unwrap();
    // This program closes the connection.
    let closed = spawn(client.call(ENDS));
    peer.next().await;
    events.close_within(Duration::ZERO).await;
    let closed = soon(closed).await.unwrap().unwrap_err();
    assert!(matches!(closed, Error::OutcomeUnknown(_)), "{closed:?}");
}

/// A server that refuses the token after connecting runs none of the calls.
#[tokio::test]
async fn a_refused_token_is_not_the_end_of_a_server() {
    let server = Bare::start().await;
    let (client, _events, mut peer) = server.connected(connect(&server.url).no_reconnect()).await;
    let refused = spawn(client.call(ENDS));
    peer.next().await;
    peer.send(json!({ "status": "failed", "retcode": 1403, "message": "token", "echo": null }).to_string()).await;
    drop(peer);
    let refused = soon(refused).await.unwrap().unwrap_err();
    assert!(matches!(refused, Error::NotSent(_)), "{refused:?}");
}
