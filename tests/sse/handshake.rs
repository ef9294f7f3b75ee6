//! The request for events, and every kind of response to it.

use std::future::IntoFuture;
use std::time::Duration;

use cqhttp::mock::MockServer;
use cqhttp::{Connect, ConnectionError, connect};
use support::answering;
use support::peer::{next_said, said, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::stream::{Bare, HEAD, Stream};

/// Returns the request that a connection sends, its lines in order after the first.
async fn request_of(path: &str, configure: impl FnOnce(Connect) -> Connect) -> Vec<String> {
    let bare = Bare::start().await;
    let connecting = tokio::spawn(configure(connect(format!("{}{path}", bare.url))).into_future());
    let Stream { request, .. } = bare.asked().await;
    connecting.abort();
    let request = request.replace(bare.url.trim_start_matches("http://"), "HOST");
    let mut lines: Vec<_> = request.trim_end().split("\r\n").map(str::to_owned).collect();
    lines[1..].sort_unstable();
    lines
}

#[tokio::test]
async fn the_request_names_its_path_and_its_token() {
    let bare = ["accept: text/event-stream", "cache-control: no-cache", "host: HOST"];
    assert_eq!(request_of("", |connect| connect).await, [&["GET /_events HTTP/1.1"], &bare[..]].concat());
    let with_token = [&bare[..1], &["authorization: Bearer a&b c+"], &bare[1..]].concat();
    let asked = request_of("/?access_token=a%26b%20c%2B", |connect| connect).await;
    assert_eq!(asked, [&["GET /_events HTTP/1.1"], &with_token[..]].concat());
    let asked = request_of("", |connect| connect.access_token("a&b c+").token_in_query()).await;
    assert_eq!(asked, [&["GET /_events?access_token=a%26b%20c%2B HTTP/1.1"], &bare[..]].concat());
    let asked = request_of("", |connect| connect.access_token("")).await;
    assert_eq!(asked, [&["GET /_events HTTP/1.1"], &bare[..]].concat());
    for (path, sent) in [
        ("/", "/_events"),
        ("/_events", "/_events"),
        ("/_events/", "/_events"),
        ("/bot", "/bot/_events"),
        ("/a%20b/", "/a%20b/_events"),
        ("/bot/_events?access_token=x", "/bot/_events"),
    ] {
        assert_eq!(request_of(path, |connect| connect).await[0], format!("GET {sent} HTTP/1.1"), "{path}");
    }
}

#[tokio::test]
async fn calls_go_to_the_path_before_that_of_the_events() {
    for (path, sent) in [("", "/get_status"), ("/bot", "/bot/get_status"), ("/bot/_events", "/bot/get_status")] {
        let bare = Bare::start().await;
        let (client, _events, _stream) =
            bare.connected(connect(format!("{}{path}", bare.url)).access_token("sesame")).await;
        let call = tokio::spawn(client.get_status().into_future());
        let asked = bare.asked().await;
        assert!(asked.request.starts_with(&format!("POST {sent} HTTP/1.1\r\n")), "{}", asked.request);
        assert!(asked.request.contains("authorization: Bearer sesame\r\n"), "{}", asked.request);
        call.abort();
    }
}

#[tokio::test]
async fn a_token_is_required_and_a_refusal_ends_the_connection() {
    let server = MockServer::start_with_token("sesame").await.unwrap();
    for (token, status) in [("", 401), ("open", 403)] {
        let error = soon(connect(server.url()).access_token(token).wait_for_server()).await.unwrap_err();
        let found = matches!(&error, ConnectionError::TokenRefused { code, reason, .. } if *code == status && reason.is_empty());
        assert!(found, "{error:?}");
        assert!(error.to_string().ends_with("see `Connect::access_token`"), "{error}");
    }
    let in_header = connect(server.url()).access_token("sesame");
    let in_query = connect(server.url()).access_token("sesame").token_in_query();
    for connect in [in_header, in_query, connect(format!("{}?access_token=sesame", server.url()))] {
        let (client, mut events) = soon(connect).await.unwrap();
        client.get_login_info().await.unwrap();
        server.push_text(said("hi"));
        assert_eq!(next_said(&mut events).await, "hi");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_stream_of_events_says_what_to_do() {
    let json = "content-type: application/json; charset=utf-8";
    let html = "content-type: text/html";
    let enable = "on NapCat, add an entry *HTTP SSE server*";
    for (status, header, kind, says) in [
        ("200 OK", json, "HTTP status 200, application/json", enable),
        ("404 Not Found", json, "HTTP status 404, application/json", enable),
        ("404 Not Found", "x: y", "HTTP status 404", enable),
        ("405 Method Not Allowed", "x: y", "HTTP status 405", enable),
        ("426 Upgrade Required", "x: y", "HTTP status 426", enable),
        ("200 OK", html, "HTTP status 200, text/html", "this is a web page: is this the server's HTTP port?"),
        ("502 Bad Gateway", html, "HTTP status 502, text/html", "a proxy in front of the server does not reach it"),
        ("204 No Content", "x: y", "HTTP status 204", "is this the server's HTTP port?"),
        ("500 Oh", "content-type: text/event-stream", "HTTP status 500", "is this the server's HTTP port?"),
    ] {
        let (url, _) = answering(&format!("{status}\r\n{header}"), "").await;
        let error = soon(connect(url).access_token("sesame")).await.unwrap_err();
        assert!(matches!(error, ConnectionError::NoEventStream { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(kind) && text.contains(says), "{status}: {text}");
    }
    let (url, _) = answering("200 OK\r\ncontent-type: text/sesame?open", "").await;
    let error = soon(connect(url).access_token("sesame")).await.unwrap_err();
    assert!(error.to_string().contains("(HTTP status 200): it has no"), "{error}");
}

#[tokio::test]
async fn a_server_without_events_is_told_by_its_status() {
    let server = MockServer::builder().strict().start().await.unwrap();
    let error = soon(connect(server.url())).await.unwrap_err();
    assert!(matches!(error, ConnectionError::NoEventStream { status: Some(200 | 404), .. }), "{error:?}");
    assert!(error.report().contains("add an entry *HTTP SSE server*"), "{}", error.report());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = target.local_addr().unwrap();
    let (url, _) = answering(&format!("302 Found\r\nlocation: http://{location}/"), "").await;
    let error = soon(connect(url).access_token("sesame")).await.unwrap_err();
    assert!(matches!(error, ConnectionError::NoEventStream { status: Some(302), .. }), "{error:?}");
    assert!(error.to_string().starts_with("the server redirects (HTTP status 302)"), "{error}");
    let beside = tokio::spawn(connect(format!("http://{location}/first")).into_future());
    let (mut stream, _) = soon(target.accept()).await.unwrap();
    let request = soon(support::read_request(&mut stream)).await.unwrap();
    assert!(request.starts_with("GET /first/_events "), "nobody else has connected: {request}");
    beside.abort();
}

#[tokio::test]
async fn a_server_that_is_not_there_or_not_http_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let url = format!("http://{place}?access_token=sesame");
    let connecting = tokio::spawn(connect(&url).into_future());
    let (mut stream, _) = soon(listener.accept()).await.unwrap();
    stream.write_all(b"220 mail.example.com ESMTP\r\n").await.unwrap();
    let error = soon(connecting).await.unwrap().unwrap_err();
    assert!(matches!(error, ConnectionError::NoEventStream { status: None, .. }), "{error:?}");
    assert!(error.to_string().contains("the answer is not HTTP"), "{error}");

    let connecting = tokio::spawn(connect(&url).into_future());
    drop(soon(listener.accept()).await.unwrap());
    let error = soon(connecting).await.unwrap().unwrap_err();
    assert!(matches!(error, ConnectionError::Lost(_)), "{error:?}");

    drop((stream, listener));
    let error = soon(connect(&url)).await.unwrap_err();
    assert!(matches!(error, ConnectionError::Unreachable(_)), "{error:?}");
    let report = error.report();
    assert!(report.contains(&format!(": no connection to {place}: nothing listens there")), "{report}");
    assert!(!report.contains("sesame"), "{report}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_meets_the_time_limit() {
    let bare = Bare::start().await;
    let hasty = connect(&bare.url).connect_timeout(Duration::from_millis(100));
    let connecting = tokio::spawn(hasty.into_future());
    let mut asked = bare.asked().await;
    let error = soon(connecting).await.unwrap().unwrap_err();
    assert!(matches!(error, ConnectionError::TimedOut(_)), "{error:?}");
    asked.closed().await;

    // A head without an end.
    let connecting = tokio::spawn(connect(&bare.url).into_future());
    let mut asked = bare.asked().await;
    asked.write(&HEAD[..40]).await;
    let mut sent = 0;
    while asked.stream.write_all(format!("x-{sent}: {}\r\n", "y".repeat(1000)).as_bytes()).await.is_ok() {
        sent += 1;
        assert!(sent < 100_000, "it is read for ever");
    }
    let error = soon(connecting).await.unwrap().unwrap_err();
    assert!(matches!(error, ConnectionError::NoEventStream { status: None, .. }), "{error:?}");
    let _ = asked.stream.read(&mut [0; 1]).await;
}

#[tokio::test]
async fn the_first_attempt_may_wait_for_the_server() {
    let server = MockServer::start().await.unwrap();
    let (port, url) = (server.port(), server.url());
    server.stop().await;
    assert!(matches!(soon(connect(&url)).await.unwrap_err(), ConnectionError::Unreachable(_)));
    let patient = connect(&url).wait_for_server().backoff(Duration::from_millis(10), Duration::from_millis(20));
    let connecting = tokio::spawn(patient.into_future());
    let server = MockServer::builder().port(port).start().await.unwrap();
    let (_client, mut events) = soon(connecting).await.unwrap().unwrap();
    server.push_text(said("hi"));
    assert_eq!(next_said(&mut events).await, "hi");
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_told() {
    for (url, why) in [
        ("http://", "empty host"),
        ("http://a:b", "invalid port number"),
        ("http://me@a", "it contains a user name or password"),
        ("http://a?x=y", "its query contains more than `access_token`"),
        ("http://a#b", "it contains a `#`"),
    ] {
        let error = soon(connect(url)).await.unwrap_err();
        assert!(matches!(&error, ConnectionError::Address(text) if text.contains(why)), "{url}: {error:?}");
    }
    let error = soon(connect("http://127.0.0.1:1").access_token("a\nb")).await.unwrap_err();
    assert!(matches!(error, ConnectionError::AccessToken), "{error:?}");
    #[cfg(not(feature = "tls"))]
    assert!(matches!(soon(connect("https://127.0.0.1:1")).await.unwrap_err(), ConnectionError::Tls));
}

/// A call over a WebSocket goes over that.
#[tokio::test]
async fn a_websocket_takes_no_client_for_its_calls() {
    let server = MockServer::start().await.unwrap();
    let client = cqhttp::Client::builder(server.url()).build().unwrap();
    let error = soon(connect(server.ws_url()).calls(client)).await.unwrap_err();
    assert!(matches!(error, ConnectionError::Address(_)), "{error:?}");
    assert_eq!(server.connections(), 0);
}
