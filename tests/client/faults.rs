//! Everything that goes wrong between a client and a server, over real sockets: which of the four kinds of failure it is,
//! whether the action may have been carried out, and what the error says to do about it.

use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cqhttp::action::GetLoginInfoResponse;
use cqhttp::mock::{self, MockServer};
use cqhttp::transport::{BoxError, Request, Response};
use cqhttp::{BuildError, Client, Error, Raw, RefusalCode};
use serde_json::{Value, json};
use support::{answering, read_request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const FINE: &str = r#"{"status":"ok","retcode":0,"data":{"user_id":10010,"nickname":"bot"}}"#;

fn client(url: &str) -> Client {
    Client::builder(url).build().unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    NotSent,
    Refused,
    Undecodable,
    OutcomeUnknown,
}
use Kind::{NotSent, OutcomeUnknown, Refused, Undecodable};

/// Checks the rules for every failure, and the text of this one.
#[track_caller]
fn expect(error: &Error, kind: Kind, says: &str) {
    let (found, may_have_happened) = match error {
        Error::NotSent(_) => (NotSent, false),
        Error::Refused(_) => (Refused, false),
        Error::Undecodable(_) => (Undecodable, true),
        Error::OutcomeUnknown(_) => (OutcomeUnknown, true),
        other => panic!("{other:?}"),
    };
    let report = error.report();
    assert_eq!(found, kind, "{report}");
    assert_eq!(error.may_have_happened(), may_have_happened, "{report}");
    assert_eq!(error.action(), "get_login_info");
    assert!(error.to_string().contains("`get_login_info`"), "the action is named: {report}");
    assert!(report.contains(says), "{says:?} is missing: {report}");
    assert!(!report.contains("://127.0.0.1"), "the address may hold a token: {report}");
    assert!(!report.ends_with('.'), "{report}");
}

#[track_caller]
fn text_of(error: &Error) -> &str {
    match error {
        Error::Refused(error) => &error.text,
        Error::Undecodable(error) => &error.text,
        Error::OutcomeUnknown(error) => &error.text,
        other => panic!("{other:?}"),
    }
}

/// The failure of a call that is answered with this status and body.
async fn answered(status: &str, body: impl AsRef<[u8]>) -> Error {
    let (url, _) = answering(status, body).await;
    client(&url).get_login_info().await.unwrap_err()
}

/// A server for one connection, on which the first request has been read.
async fn serving<F>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> (String, tokio::task::JoinHandle<F::Output>)
where
    F: Future<Output: Send + 'static> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await.expect("a request comes");
        serve(stream).await
    });
    (url, server)
}

/// Makes a call that is answered with these bytes, after which the server closes the connection.
async fn answered_with(bytes: impl Into<Vec<u8>>) -> Result<GetLoginInfoResponse, Error> {
    let bytes = bytes.into();
    let (url, _) = serving(|mut stream| async move { stream.write_all(&bytes).await.unwrap() }).await;
    client(&url).get_login_info().await
}

// Answers that are no OneBot server's

#[tokio::test]
async fn a_web_page_is_undecodable_and_hints_at_the_address() {
    for body in ["<!doctype html><title>Welcome to nginx!</title>", "pong", "", "[]", "null", "7", r#"{"status":"up"}"#]
    {
        let error = answered("200 OK", body).await;
        expect(&error, Undecodable, "is this a OneBot server's address?");
        let Error::Undecodable(undecodable) = &error else { unreachable!() };
        assert_eq!((&*undecodable.path, &*undecodable.text, undecodable.http_status), ("", body, None));
    }
    for status in ["204 No Content", "101 Switching Protocols"] {
        expect(&answered(status, "").await, Undecodable, "is this a OneBot server's address?");
    }
}

#[tokio::test]
async fn an_empty_object_is_undecodable() {
    let error = answered("200 OK", "{}").await;
    expect(
        &error,
        Undecodable,
        "it is JSON, but has neither `status` nor `retcode`: is this a OneBot server's address?",
    );
    assert_eq!(text_of(&error), "{}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_not_sent() {
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let elsewhere = MockServer::start().await.unwrap();
        let location = format!("{status}\r\nlocation: {}/get_login_info", elsewhere.url());
        let error = answered(&location, "").await;
        expect(&error, NotSent, &format!("the server redirects (HTTP status {})", &status[..3]));
        expect(&error, NotSent, "give the address that it points to");
        assert!(elsewhere.calls().is_empty());
    }
    // What writes or sends may have been carried out before the redirect, unless it had not gone out by then.
    for status in [301, 302, 307, 308] {
        let (url, _) = answering(&format!("{status} Moved\r\nlocation: https://example.com/"), "moved").await;
        let error = client(&url).send_private_msg(10086, "hi").await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)) && error.may_have_happened(), "{error:?}");
        assert!(error.report().contains(&format!("the server redirects (HTTP status {status})")), "{}", error.report());
        assert_eq!(text_of(&error), "moved");
        let unsent = Client::from_service(tower::service_fn(move |_: Request| async move {
            let mut response = Response::new("");
            response.http_status = Some(status);
            Ok::<_, BoxError>(response)
        }));
        let error = unsent.send_private_msg(10086, "hi").await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    }
    // *See other* is an answer to what was done.
    expect(&answered("303 See Other", "").await, OutcomeUnknown, "HTTP status 303");
}

#[tokio::test]
async fn a_missing_or_wrong_token_is_a_refusal_that_says_so() {
    let server = MockServer::start_with_token("secret").await.unwrap();
    let hint = "the access token is missing or wrong: set it with `access_token`";
    let missing = client(&server.url()).get_login_info().await.unwrap_err();
    let wrong = Client::builder(server.url()).access_token("other").build().unwrap();
    let wrong = wrong.get_login_info().await.unwrap_err();
    for (error, retcode) in [(missing, 1401), (wrong, 1403)] {
        expect(&error, Refused, hint);
        assert_eq!(error.retcode(), Some(retcode));
        assert_eq!(error.to_string(), format!("`get_login_info` was refused: retcode {retcode} ({hint})"));
    }
    assert!(server.calls().is_empty());

    // NapCat explains it in an object with `message` alone, a proxy in one with a `status` of its own.
    let error = answered("403 Forbidden", r#"{"message":"token verify failed"}"#).await;
    expect(&error, Refused, "retcode 1403, token verify failed (the access token is missing or wrong");
    let error = answered("401 Unauthorized", r#"{"title":"Unauthorized","status":401}"#).await;
    expect(&error, Refused, hint);
}

#[tokio::test]
async fn a_404_says_that_the_action_or_the_address_is_unknown() {
    let hint = "this server does not know the action; if it knows none, the address is wrong";
    let error = answered("404 Not Found", "404 page not found").await;
    expect(&error, Refused, hint);
    assert_eq!((error.retcode(), error.code()), (Some(1404), Some(RefusalCode::ApiNotFound)));
    assert_eq!(text_of(&error), "404 page not found");
    // Forks send the HTTP status along with an envelope.
    let error = answered("404 Not Found", r#"{"status":"failed","retcode":1404,"data":null}"#).await;
    expect(&error, Refused, hint);
    // go-cqhttp leaves the HTTP status at 200. The name of an action behind the address leads here too.
    let server = MockServer::start().await.unwrap();
    let error = client(&format!("{}/send_group_msg", server.url())).get_login_info().await.unwrap_err();
    expect(&error, Refused, hint);
    assert_eq!(server.calls()[0].action, "send_group_msg/get_login_info");
}

#[tokio::test]
async fn other_refusals_by_http_status_say_what_they_are_about() {
    for (status, says) in [
        ("400 Bad Request", "is this the server's HTTP port, and not its WebSocket's?"),
        ("405 Method Not Allowed", "is this the server's HTTP port, and not its WebSocket's?"),
        ("406 Not Acceptable", "no JSON is taken there: is this a OneBot server's address?"),
        ("413 Content Too Large", "the server, or a proxy before it, takes no request of this size"),
        ("415 Unsupported Media Type", "no JSON is taken there: is this a OneBot server's address?"),
        ("418 I'm a teapot", "retcode 1418"),
        ("426 Upgrade Required", "is this the server's HTTP port, and not its WebSocket's?"),
        ("429 Too Many Requests", "too many calls: a limit is a `layer`"),
    ] {
        let error = answered(status, "").await;
        expect(&error, Refused, says);
        let Error::Refused(refused) = &error else { unreachable!() };
        assert_eq!(refused.http_status, Some(status[..3].parse().unwrap()));
    }
}

/// The answers of go-cqhttp's WebSocket port and of others' to a `POST`.
#[tokio::test]
async fn a_websocket_port_is_recognised() {
    for (status, body) in [
        ("400 Bad Request\r\nsec-websocket-version: 13", "Bad Request\n"),
        ("405 Method Not Allowed\r\nsec-websocket-version: 13", "Method Not Allowed\n"),
        ("426 Upgrade Required\r\nconnection: upgrade\r\nupgrade: websocket", "Upgrade Required"),
    ] {
        let error = answered(status, body).await;
        expect(&error, Refused, "is this the server's HTTP port, and not its WebSocket's?");
        assert_eq!(text_of(&error), body);
    }
}

/// A retcode that looks like an HTTP status says nothing about the port: a OneBot server answered.
#[tokio::test]
async fn a_hint_about_ports_looks_at_the_http_status() {
    for (status, retcode) in [("200 OK", 1400), ("400 Bad Request", 1400), ("200 OK", 1405), ("200 OK", 1426)] {
        let error = answered(status, format!(r#"{{"status":"failed","retcode":{retcode},"data":{{}}}}"#)).await;
        expect(&error, Refused, &format!("retcode {retcode}"));
        assert!(!error.to_string().contains('('), "{error}");
    }
}

#[tokio::test]
async fn a_report_is_one_line() {
    let stack = "发送伪造合并转发消息失败: Error: 转发消息失败，生成节点为空\n    at f (napcat.mjs:1:2)\r\n    at g\u{2028}\u{1b}[31m";
    let body = json!({ "status": "failed", "retcode": 1200, "data": null, "message": stack, "wording": stack });
    let (url, _) = answering("200 OK", body.to_string()).await;
    let error = client(&url).send_private_msg(10086, "hi").await.unwrap_err();
    let says = "转发消息失败，生成节点为空 at f (napcat.mjs:1:2) at g \u{fffd}[31m";
    assert!(error.report().contains(says), "{}", error.report());
    assert!(!error.report().contains(char::is_control), "{:?}", error.report());
    assert_eq!(cqhttp::Report::from(error).to_string().lines().count(), 1);
}

#[tokio::test]
async fn a_path_that_the_server_does_not_have_names_the_remedy() {
    for wording in [
        "ENOENT: no such file or directory, open '/home/me/cat.png'",
        "识别URL失败, uri= /home/me/cat.png",
        "路径不存在",
        "open /home/me/cat.png: No such file or directory",
    ] {
        let error =
            answered("200 OK", json!({ "status": "failed", "retcode": 1200, "wording": wording }).to_string()).await;
        expect(
            &error,
            Refused,
            "(a path is looked up on the server's disk: `FileSource::read` sends the bot's own file)",
        );
    }
    // The server's own copy of a file that it has sent.
    let wording = "ENOENT: no such file or directory, unlink '/tmp/cat.png'";
    let error =
        answered("200 OK", json!({ "status": "failed", "retcode": 1200, "wording": wording }).to_string()).await;
    assert!(!error.report().contains("FileSource"), "{}", error.report());
}

#[tokio::test]
async fn a_failure_of_the_server_leaves_the_outcome_unknown() {
    let page = "<html>Bad Gateway</html>";
    let problem = r#"{"type":"about:blank","title":"Bad Gateway","status":502}"#;
    for (status, body) in [
        ("500 Internal MockServer Error", r#"{"status":"error","message":"boom"}"#),
        ("501 Not Implemented", ""),
        ("502 Bad Gateway", page),
        ("502 Bad Gateway", problem),
        ("503 Service Unavailable", ""),
        ("504 Gateway Timeout", "{}"),
    ] {
        let error = answered(status, body).await;
        let says = format!("the server, or a proxy before it, failed with HTTP status {}", &status[..3]);
        expect(&error, OutcomeUnknown, &says);
        assert_eq!(text_of(&error), body);
    }
    expect(&answered("408 Request Timeout", "").await, OutcomeUnknown, "HTTP status 408");
}

#[tokio::test]
async fn an_envelope_decides_whatever_the_http_status_says() {
    let refused = r#"{"status":"failed","retcode":100,"msg":"GROUP_NOT_FOUND","wording":"群聊不存在","data":null}"#;
    for status in
        ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "406 Not Acceptable", "500 X"]
    {
        let error = answered(status, refused).await;
        expect(&error, Refused, "`get_login_info` was refused: GROUP_NOT_FOUND, retcode 100, 群聊不存在");
        assert!(!error.to_string().contains('('), "the explanation is the server's: {error}");
        let Error::Refused(why) = &error else { unreachable!() };
        assert_eq!((why.http_status, &*why.text), (Some(status[..3].parse().unwrap()), refused));
    }
    for status in ["201 Created", "500 Internal MockServer Error"] {
        let (url, _) = answering(status, FINE).await;
        assert_eq!(client(&url).get_login_info().await.unwrap().nickname.as_deref(), Some("bot"), "{status}");
    }
}

// Answers that break off, or are too long

#[tokio::test]
async fn truncated_json_is_undecodable() {
    for end in [1, 20, FINE.len() - 1] {
        let error = answered("200 OK", &FINE[..end]).await;
        expect(&error, Undecodable, "it breaks off in the middle");
        assert_eq!(text_of(&error), &FINE[..end]);
    }
    // A body without a length, whose connection is lost, looks the same.
    let error = answered_with(format!("HTTP/1.0 200 OK\r\n\r\n{}", &FINE[..40])).await.unwrap_err();
    expect(&error, Undecodable, "it breaks off in the middle");
    answered_with(format!("HTTP/1.0 200 OK\r\n\r\n{FINE}")).await.unwrap();
}

#[tokio::test]
async fn a_body_shorter_than_announced_leaves_the_outcome_unknown() {
    let says = "the connection was lost in the middle of the answer";
    for rest in
        ["content-length: 1000\r\n\r\n{\"status\":\"ok\"", "transfer-encoding: chunked\r\n\r\n100\r\n{\"status\""]
    {
        let error = answered_with(format!("HTTP/1.1 200 OK\r\n{rest}")).await.unwrap_err();
        expect(&error, OutcomeUnknown, says);
        assert!(
            text_of(&error).starts_with("{\"status\""),
            "what has come may tell the outcome: {:?}",
            text_of(&error)
        );
        let error = answered_with(format!("HTTP/1.1 403 Forbidden\r\n{rest}")).await.unwrap_err();
        expect(&error, OutcomeUnknown, &format!("{says}, which has HTTP status 403"));
    }
    // A chunk whose length is not a number.
    let error = answered_with("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n{}").await.unwrap_err();
    expect(&error, OutcomeUnknown, says);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_undecodable() {
    let body = format!(r#"{{"status":"ok","retcode":0,"data":{{"user_id":1,"nickname":"{}"}}}}"#, "x".repeat(5000));
    let limited = |url: String, limit| Client::builder(url).body_limit(limit).build().unwrap();
    let (url, _) = answering("200 OK", &body).await;
    limited(url, body.len()).get_login_info().await.unwrap();

    let (url, _) = answering("200 OK", &body).await;
    let error = limited(url, body.len() - 1).get_login_info().await.unwrap_err();
    let says = format!("longer than {} bytes, the client's limit (see `ClientBuilder::body_limit`)", body.len() - 1);
    expect(&error, Undecodable, &says);
    assert_eq!(text_of(&error).len(), body.len() - 1);
    // The HTTP status tells more than the length.
    let (url, _) = answering("403 Forbidden", &body).await;
    expect(&limited(url, 100).get_login_info().await.unwrap_err(), Refused, "the access token is missing or wrong");
}

#[tokio::test]
async fn a_body_that_never_ends_ends_at_the_limit() {
    let (url, server) = serving(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        while stream.write_all(b"5\r\n[[[[[\r\n").await.is_ok() {}
    })
    .await;
    let client = Client::builder(url).body_limit(100_000).no_timeout().build().unwrap();
    expect(&client.get_login_info().await.unwrap_err(), Undecodable, "longer than 100000 bytes");
    server.await.expect("the connection is closed, so that the server can stop");
}

#[tokio::test]
async fn a_body_that_stops_coming_ends_at_the_time_limit() {
    let (url, server) = serving(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\"").await.unwrap();
        stream.read(&mut [0]).await
    })
    .await;
    let error = client(&url).get_login_info().within(Duration::from_millis(100)).await.unwrap_err();
    expect(&error, OutcomeUnknown, "no answer within 100ms");
    assert!(matches!(server.await.unwrap(), Ok(0) | Err(_)), "the connection is closed");
}

#[tokio::test]
async fn an_answer_that_comes_byte_by_byte_is_read() {
    let (url, _server) = serving(|mut stream| async move {
        stream.set_nodelay(true).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", FINE.len());
        for byte in head.bytes().chain(FINE.bytes()) {
            stream.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(client(&url).get_login_info().await.unwrap().nickname.as_deref(), Some("bot"));
}

/// Headers without an end are no reason to wait for one.
#[tokio::test]
async fn a_head_that_never_ends_is_no_http() {
    let (url, server) = serving(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        while stream.write_all(b"x-more: and more\r\n").await.is_ok() {}
    })
    .await;
    let client = Client::builder(url).no_timeout().build().unwrap();
    expect(&client.get_login_info().await.unwrap_err(), OutcomeUnknown, "the answer is not HTTP");
    server.await.unwrap();
}

// No answer

#[tokio::test]
async fn a_server_that_is_not_there_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url).get_login_info().await.unwrap_err();
    expect(&error, NotSent, "refused");
    expect(&error, NotSent, &url.replace("http://", "no connection to "));
    assert_eq!(error.to_string(), "`get_login_info` was not sent");
    let why = error.source().unwrap().to_string();
    assert_eq!(why, "the server cannot be reached: is it running, and is this its address?");
    expect(
        &error,
        NotSent,
        "in a container, a loopback address is the container itself: use the name of the server's service",
    );
    // `.invalid` is a name that nobody has.
    let error = client("http://onebot.invalid").get_login_info().await.unwrap_err();
    expect(&error, NotSent, "the server cannot be reached");
}

#[tokio::test]
async fn a_server_that_does_not_answer_leaves_the_outcome_unknown() {
    // It accepts, by way of the system's queue, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("http://{}", listener.local_addr().unwrap()));
    let error = client.get_login_info().within(Duration::from_millis(100)).await.unwrap_err();
    expect(&error, OutcomeUnknown, "no answer within 100ms");
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_leaves_the_outcome_unknown() {
    for begun in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let error = answered_with(begun).await.unwrap_err();
        expect(
            &error,
            OutcomeUnknown,
            "the connection was lost before an answer arrived: the server's log may say why",
        );
    }
}

/// Every connection is closed as soon as it is made: the request may or may not have left by then.
#[tokio::test]
async fn a_server_that_closes_at_once_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        loop {
            drop(listener.accept().await.unwrap());
        }
    });
    let error = client(&url).get_login_info().await.unwrap_err();
    match error.may_have_happened() {
        true => expect(&error, OutcomeUnknown, "the connection was lost before an answer arrived: the server's log"),
        false => expect(
            &error,
            NotSent,
            "the connection was lost before the request was sent: is this the server's HTTP port?",
        ),
    }
    server.abort();
}

#[tokio::test]
async fn what_is_no_http_says_so() {
    for garbage in [
        &b"SSH-2.0-OpenSSH_9.6\r\n"[..],
        b"-ERR unknown command `POST`\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        &[0; 1000],
        &[0xff; 1000],
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
    ] {
        let error = answered_with(garbage).await.unwrap_err();
        expect(&error, OutcomeUnknown, "the answer is not HTTP: is this the server's HTTP port?");
    }
}

/// Servers of other protocols speak first; whether the request has left by then is open.
#[tokio::test]
async fn a_server_that_speaks_first_is_no_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"220 mail.example.com ESMTP\r\n").await.unwrap();
            let _ = stream.read(&mut [0; 1000]).await;
        }
    });
    let error = client(&url).get_login_info().await.unwrap_err();
    let kind = if error.may_have_happened() { OutcomeUnknown } else { NotSent };
    expect(&error, kind, "is this the server's HTTP port?");
    server.abort();
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn https_to_a_plain_port_is_not_sent() {
    let server = MockServer::start().await.unwrap();
    let error = client(&server.url().replace("http://", "https://")).get_login_info().await.unwrap_err();
    expect(&error, NotSent, "the server cannot be reached");
    assert!(server.calls().is_empty());
}

// Answers of the wrong shape

#[tokio::test]
async fn an_answer_of_another_shape_is_undecodable_with_path_and_text() {
    let body = r#"{"data":{"nickname":"bot","user_id":"abc"},"retcode":0,"status":"ok"}"#;
    let error = answered("200 OK", body).await;
    expect(&error, Undecodable, "at `data.user_id`: a string that is not digits where an integer is expected");
    let Error::Undecodable(undecodable) = &error else { unreachable!() };
    assert_eq!((&*undecodable.path, &*undecodable.text), ("data.user_id", body));
    assert_eq!(error.to_string(), "the answer to `get_login_info` cannot be read at `data.user_id`");

    for (data, path) in [
        ("null", "data"),
        ("[]", "data"),
        ("7", "data"),
        (r#"{"nickname":"bot"}"#, "data.user_id"),
        (r#"{"nickname":"bot","user_id":1.5}"#, "data.user_id"),
    ] {
        let error = answered("200 OK", format!(r#"{{"status":"ok","retcode":0,"data":{data}}}"#)).await;
        let Error::Undecodable(undecodable) = &error else { panic!("{data}: {error:?}") };
        assert_eq!(undecodable.path, path, "{data}: {}", error.report());
    }
}

/// A server that answers every request with what is set, one connection at a time.
async fn settable() -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = Arc::new(Mutex::new(String::new()));
    let set = body.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            while read_request(&mut stream).await.is_some() {
                let body = body.lock().unwrap().clone();
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    (url, set)
}

/// In the example of every action, one value after the other is made one of another type: if the answer is lost by that, the
/// error names the value, and it is not in a list.
#[tokio::test]
async fn the_path_leads_to_the_wrong_value() {
    let (url, answer) = settable().await;
    let client = client(&url);
    let mut failed = 0;
    for action in mock::actions() {
        let example: Value = serde_json::from_str(action.example_answer).unwrap();
        for name in example.as_object().into_iter().flat_map(|fields| fields.keys()) {
            let mut data = example.clone();
            data[name] = json!([[{ "no": "such" }]]);
            *answer.lock().unwrap() = json!({ "data": data, "retcode": 0, "status": "ok" }).to_string();
            match action.call_example(client.clone()).await {
                Ok(_) => {}
                Err(Error::Undecodable(error)) => {
                    assert_eq!(error.path, format!("data.{name}"), "{}: {}", action.name, error.reason);
                    failed += 1;
                }
                Err(error) => panic!("{}: {}", action.name, error.report()),
            }
        }
    }
    assert!(failed > 15, "{failed} values of another type");
}

#[tokio::test]
async fn what_is_no_utf8_is_replaced() {
    let body = b"{\"status\":\"ok\",\"retcode\":0,\"data\":{\"user_id\":1,\"nickname\":\"\xb0\xa1\"}}";
    let (url, _server) = answering("200 OK", body).await;
    let read = client(&url).get_login_info().with_raw().await.unwrap();
    assert_eq!(read.answer.nickname.as_deref(), Some("\u{fffd}\u{fffd}"));
    assert!(read.text().ends_with("\"nickname\":\"\u{fffd}\u{fffd}\"}}"), "{}", read.text());
    let error = answered("200 OK", b"\xff\xfe\x00").await;
    expect(&error, Undecodable, "is this a OneBot server's address?");
}

#[tokio::test]
async fn an_answer_nested_without_end_costs_no_stack() {
    let body = |depth| format!(r#"{{"status":"ok","retcode":0,"data":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let (url, _) = answering("200 OK", body(100_000)).await;
    let error = client(&url).call(Raw::new("get_login_info", json!({}))).await.unwrap_err();
    expect(&error, Undecodable, "recursion limit exceeded");
    expect(&answered("200 OK", body(100_000)).await, Undecodable, "at `data`");
    // Who wants no answer takes it.
    let (url, _) = answering("200 OK", body(100_000)).await;
    client(&url).set_group_ban(10001000, 10086).await.unwrap();
}

/// The client asks for no compression and undoes none.
#[tokio::test]
async fn a_compressed_answer_is_undecodable_and_says_so() {
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x0d\xca\x31\x0e\xc0\x20\x08\x05\xd0\xbb\xfc\xd9\x01\x57\x2e\
        \xd3\x50\x65\x30\xa6\x92\x08\x4e\xc6\xbb\xd7\xf5\xe5\x6d\x78\x48\x2c\x07\xc3\x3a\x12\xa6\x46\xb1\xaa\x60\x4a\xa8\
        \x12\x02\xde\x58\xae\xf3\x69\x15\x9c\x89\xf2\xf5\xd1\x4a\x1f\xf2\xdd\x84\xd7\x02\xe7\xfc\x0e\x97\x1c\xca\x45\x00\
        \x00\x00";
    let (url, request) = answering("200 OK\r\ncontent-encoding: gzip", gzip).await;
    let error = client(&url).get_login_info().await.unwrap_err();
    expect(&error, Undecodable, "it is compressed (gzip), which was not asked for: turn that off on the server's side");
    assert!(!request.await.unwrap().to_lowercase().contains("accept-encoding"));
    // A header alone does no harm.
    for encoding in ["identity", "gzip"] {
        let (url, _) = answering(&format!("200 OK\r\ncontent-encoding: {encoding}"), FINE).await;
        assert_eq!(client(&url).get_login_info().await.unwrap().nickname.as_deref(), Some("bot"));
    }
}

// What the user gives

#[tokio::test]
async fn an_address_that_cannot_be_used_is_refused_without_repeating_it() {
    for (url, hint) in [
        ("", "it has no `http://` in front"),
        ("127.0.0.1:5700", "write it like `http://127.0.0.1:3000`"),
        ("localhost:5700", "it has no `http://` in front"),
        ("ws://127.0.0.1:6700", "this needs the server's HTTP port"),
        ("wss://127.0.0.1:6700", "this needs the server's HTTP port"),
        ("ftp://127.0.0.1", "neither `http://` nor `https://`"),
        ("http://", "empty host"),
        ("http://[::1", "invalid IPv6 address"),
        ("http://127.0.0.1:70000", "invalid port number"),
        ("http://127.0.0.1:57 00", "invalid port number"),
        ("http://user:hunter2@127.0.0.1", "user name or password"),
        ("http://127.0.0.1/?access_token=hunter2&x=1", "more than `access_token`"),
        ("http://127.0.0.1/?token=hunter2", "more than `access_token`"),
        ("http://127.0.0.1/?access_token=hunter2#3", "it contains a `#`, which is written `%23` in a token"),
        ("http://127.0.0.1/#/get_login_info", "it contains a `#`"),
    ] {
        let error = Client::builder(url).build().unwrap_err();
        assert!(matches!(error, BuildError::Url(_)), "{url}: {error:?}");
        assert!(error.to_string().contains(hint), "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    if !cfg!(feature = "tls") {
        let error = Client::builder("https://127.0.0.1").build().unwrap_err();
        assert!(error.to_string().contains("feature `tls`"), "{error}");
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_refused() {
    for (url, token) in [
        ("http://127.0.0.1", Some("hunter2\n")),
        ("http://127.0.0.1", Some("hunter2\r\nx-evil: 1")),
        ("http://127.0.0.1", Some("hunter2\0")),
        ("http://127.0.0.1?access_token=hunter2%0A", None),
    ] {
        let builder = Client::builder(url);
        let builder = if let Some(token) = token { builder.access_token(token) } else { builder };
        let error = builder.build().unwrap_err();
        assert!(matches!(error, BuildError::AccessToken), "{error:?}");
        assert!(error.to_string().contains("a line break"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    // go-cqhttp's configuration may hold a token in Chinese; it goes out as UTF-8.
    let (url, request) = answering("200 OK", FINE).await;
    Client::builder(url).access_token("口令").build().unwrap().get_login_info().await.unwrap();
    assert!(request.await.unwrap().contains("authorization: Bearer 口令\r\n"));
}

/// A path in the address is a proxy's, and goes before the action.
#[tokio::test]
async fn a_path_in_the_address_goes_before_the_action() {
    for (path, asked) in [
        ("", "/get_login_info"),
        ("/", "/get_login_info"),
        ("/bot", "/bot/get_login_info"),
        ("/a/b/", "/a/b/get_login_info"),
        ("/机器人?access_token=x", "/%E6%9C%BA%E5%99%A8%E4%BA%BA/get_login_info"),
    ] {
        let (url, request) = answering("200 OK", FINE).await;
        client(&format!("  {url}{path}\n")).get_login_info().await.unwrap();
        let request = request.await.unwrap();
        assert!(request.starts_with(&format!("POST {asked} HTTP/1.1\r\n")), "{request}");
    }
}

#[tokio::test]
async fn a_server_on_ipv6_is_reached() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        eprintln!("this machine has no IPv6");
        return;
    };
    let url = format!("http://{}", listener.local_addr().unwrap());
    assert!(url.starts_with("http://[::1]:"), "{url}");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await.unwrap();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{FINE}", FINE.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        request
    });
    assert_eq!(client(&url).get_login_info().await.unwrap().nickname.as_deref(), Some("bot"));
    assert!(server.await.unwrap().contains("host: [::1]:"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_on_a_unix_socket_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("机器人 100% #1.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(async move {
        let mut requests = Vec::new();
        let (mut stream, _) = listener.accept().await.unwrap();
        while let Some(request) = read_request(&mut stream).await {
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{FINE}", FINE.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            requests.push(request);
        }
        requests
    });
    let folder_in_url = folder.path().to_str().unwrap();
    let url = format!("unix://{folder_in_url}/机器人 100%25 %231.sock?access_token=secret");
    let client = client(&url);
    for _ in 0..2 {
        assert_eq!(client.get_login_info().await.unwrap().nickname.as_deref(), Some("bot"));
    }
    drop(client);
    let requests = server.await.unwrap();
    assert_eq!(requests.len(), 2, "the connection is kept");
    assert!(requests[0].starts_with("POST /get_login_info HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(requests[0].contains("authorization: Bearer secret\r\n"), "{}", requests[0]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_that_is_not_there_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("unix://{}/none.sock", folder.path().display());
    let error = client(&url).get_login_info().await.unwrap_err();
    expect(&error, NotSent, "the server cannot be reached: is it running, and is this its address?");
    expect(&error, NotSent, "No such file");
    // A file that is not a socket, or a socket without a listener.
    std::fs::write(folder.path().join("none.sock"), "").unwrap();
    expect(&client(&url).get_login_info().await.unwrap_err(), NotSent, "the server cannot be reached");
    for url in ["unix://", "unix:///", "unix://run/cqhttp.sock", "unix://localhost/run/cqhttp.sock"] {
        let error = Client::builder(url).build().unwrap_err();
        assert!(error.to_string().contains("a unix socket has three slashes and a path"), "{url}: {error}");
    }
}

#[cfg(not(unix))]
#[tokio::test]
async fn a_unix_socket_needs_a_platform_that_has_them() {
    let error = Client::builder("unix:///run/cqhttp.sock").build().unwrap_err();
    assert!(error.to_string().contains("this platform has no unix sockets"), "{error}");
}

// Runtimes

#[test]
fn a_client_is_not_built_where_it_could_not_work() {
    let built = Client::builder("http://127.0.0.1:5700").build();
    assert!(matches!(built, Err(BuildError::NoRuntime)), "{built:?}");
}

#[test]
fn a_call_outside_of_a_runtime_is_an_error() {
    let service = tower::service_fn(|_: Request| async { Ok::<_, BoxError>(Response::new("{}")) });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let over_http = runtime.block_on(async { client("http://127.0.0.1:5700") });
    for client in [Client::from_service(service), over_http] {
        let mut call = client.get_login_info().into_future();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else { panic!("it is done at once") };
        expect(&error, NotSent, "a call is awaited inside a tokio runtime, and there is none here");
    }
}

/// As tests do that share one client, each on a runtime of its own: the connections of one that is gone are not used.
#[test]
fn a_client_outlives_the_runtime_that_it_was_built_on() {
    let of_the_server = tokio::runtime::Runtime::new().unwrap();
    let server = of_the_server.block_on(MockServer::start()).unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = runtime().block_on(async { client(&server.url()) });
    for _ in 0..3 {
        runtime().block_on(client.get_login_info().into_future()).unwrap();
    }
    assert_eq!(server.calls().len(), 3);
}

/// SnowLuma closes the connection in the middle of a request of more than 2 MiB.
#[tokio::test]
async fn a_connection_that_a_large_file_breaks_says_what_is_too_large() {
    for (size, is_large) in [(1000, false), (3 << 20, true)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client(&format!("http://{}", listener.local_addr().unwrap()));
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = vec![0; 500];
            stream.read_exact(&mut read).await.unwrap();
        });
        let file = cqhttp::FileSource::bytes(vec![7; size]);
        let error = client.send_group_msg(10001000, cqhttp::Message::image(file)).await.unwrap_err();
        server.await.unwrap();
        // Of the large one, the last part has not gone out.
        assert_eq!(matches!(error, Error::NotSent(_)), is_large, "{error:?}");
        assert_eq!(error.report().contains("SnowLuma takes at most 2 MiB over HTTP"), is_large, "{}", error.report());
    }
}
