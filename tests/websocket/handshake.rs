//! The upgrade request, and every kind of response to it.

use std::future::IntoFuture;
use std::time::Duration;

use cqhttp::{Client, Connect, ConnectionError, Events, connect};
use support::peer::{login, next_said, said, soon};
use support::{answering, read_request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// A server that has read the upgrade request of one connection.
struct Asked {
    stream: TcpStream,
    request: String,
    connecting: JoinHandle<Result<(Client, Events), ConnectionError>>,
}

impl Asked {
    /// Connects with `path` behind the address, and reads the request.
    async fn by(path: &str, configure: impl FnOnce(Connect) -> Connect) -> Self {
        Self::at("127.0.0.1", path, configure).await
    }

    async fn at(host: &str, path: &str, configure: impl FnOnce(Connect) -> Connect) -> Self {
        let listener = TcpListener::bind(format!("{host}:0")).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connecting = tokio::spawn(configure(connect(format!("ws://{host}:{port}{path}"))).into_future());
        let (mut stream, _) = soon(listener.accept()).await.unwrap();
        let request = soon(read_request(&mut stream)).await.unwrap();
        Self { stream, request: request.replace(&port.to_string(), "PORT"), connecting }
    }

    /// Returns the lines of the request, the first one first and the others in order, without the key.
    fn lines(&self) -> Vec<&str> {
        let mut lines: Vec<_> = self.request.trim_end().split("\r\n").collect();
        lines[1..].sort_unstable();
        lines.retain(|line| !line.to_lowercase().starts_with("sec-websocket-key: "));
        lines
    }

    /// Returns the head of the response that upgrades.
    fn upgrade(&self) -> String {
        let key = self.request.lines().find(|line| line.to_lowercase().starts_with("sec-websocket-key: ")).unwrap();
        let accept = derive_accept_key(&key.as_bytes()[19..]);
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        )
    }

    async fn send(&mut self, response: impl AsRef<[u8]>) {
        self.stream.write_all(response.as_ref()).await.unwrap();
    }

    async fn outcome(self) -> Result<(Client, Events), ConnectionError> {
        soon(self.connecting).await.unwrap()
    }
}

fn text_frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    [&[0x81, 126], &length[..], text.as_bytes()].concat()
}

#[tokio::test]
async fn the_request_has_the_headers_of_the_standard_and_the_token() {
    let asked = Asked::by("", |connect| connect).await;
    let bare = [
        "Accept: */*",
        "Connection: Upgrade",
        "Host: 127.0.0.1:PORT",
        "Sec-WebSocket-Version: 13",
        "Upgrade: websocket",
    ];
    assert_eq!(asked.lines(), [&["GET / HTTP/1.1"], &bare[..]].concat());

    let with_token = |mut lines: Vec<&'static str>| {
        lines.push("Authorization: Bearer a&b c+ü");
        lines.sort_unstable();
        lines
    };
    let asked = Asked::by("/api/?access_token=a%26b%20c%2B%C3%BC", |connect| connect).await;
    assert_eq!(asked.lines(), [&["GET /api/ HTTP/1.1"], &with_token(bare.to_vec())[..]].concat());

    let asked = Asked::by("/event", |connect| connect.access_token("a&b c+ü").token_in_query()).await;
    assert_eq!(asked.lines(), [&["GET /event?access_token=a%26b%20c%2B%C3%BC HTTP/1.1"], &bare[..]].concat());
}

#[tokio::test]
async fn a_path_is_sent_as_it_is_and_a_blank_never() {
    for (path, sent) in [
        ("/onebot/v11/ws", "/onebot/v11/ws"),
        ("/a%20b//c/", "/a%20b//c/"),
        ("/a b/机器人?access_token=x", "/a%20b/%E6%9C%BA%E5%99%A8%E4%BA%BA"),
        ("?access_token=x", "/"),
    ] {
        let asked = Asked::by(path, |connect| connect).await;
        assert_eq!(asked.lines()[0], format!("GET {sent} HTTP/1.1"), "{path}");
    }
}

#[tokio::test]
async fn a_host_may_be_a_name_or_an_ipv6_address() {
    if TcpListener::bind("[::1]:0").await.is_ok() {
        let asked = Asked::at("[::1]", "/x", |connect| connect).await;
        assert!(asked.lines().contains(&"Host: [::1]:PORT"), "{}", asked.request);
    }
    // The name has several addresses where there is IPv6, and the server listens on one of them.
    let asked = Asked::at("localhost", "/x", |connect| connect).await;
    assert!(asked.lines().contains(&"Host: localhost:PORT"), "{}", asked.request);
    let mut asked = asked;
    let upgrade = asked.upgrade();
    asked.send(upgrade).await;
    asked.outcome().await.unwrap();

    let error = soon(connect("ws://no-such-host.invalid:3001")).await.unwrap_err();
    assert!(matches!(error, ConnectionError::Unreachable(_)), "{error:?}");
    assert!(error.report().contains(": no connection to no-such-host.invalid:3001"), "{}", error.report());
    let error = soon(connect("ws://no-such-host.invalid?access_token=sesame")).await.unwrap_err();
    assert!(error.report().contains(": no connection to no-such-host.invalid:80"), "{}", error.report());
    assert!(!error.report().contains("sesame"), "{}", error.report());
}

#[tokio::test]
async fn every_connection_has_a_key_of_its_own() {
    let key = |asked: &Asked| asked.upgrade();
    let (one, other) = (Asked::by("", |connect| connect).await, Asked::by("", |connect| connect).await);
    assert_ne!(key(&one), key(&other));
}

#[tokio::test]
async fn frames_may_arrive_together_with_the_response() {
    let mut asked = Asked::by("", |connect| connect.no_reconnect()).await;
    let mut all = asked.upgrade().into_bytes();
    all.extend(text_frame(&said("at once")));
    let half = text_frame(&said("in two halves"));
    all.extend_from_slice(&half[..40]);
    asked.send(all).await;
    asked.send(&half[40..]).await;
    let (stream, outcome) = (asked.stream, soon(asked.connecting).await.unwrap());
    let (_client, mut events) = outcome.unwrap();
    assert_eq!(next_said(&mut events).await, "at once");
    assert_eq!(next_said(&mut events).await, "in two halves");
    drop(stream);
}

/// A code that no close frame may have is told as it was sent, also if the frame arrives at once.
#[tokio::test]
async fn a_close_frame_may_arrive_together_with_the_response() {
    let mut asked = Asked::by("", |connect| connect.no_reconnect()).await;
    let mut all = asked.upgrade().into_bytes();
    all.extend_from_slice(b"\x88\x04\x13\x8cno");
    asked.send(all).await;
    let (_client, events) = soon(asked.connecting).await.unwrap().unwrap();
    let mut states = events.connection().watch();
    let state = soon(states.wait_for(cqhttp::ConnectionState::is_closed)).await.unwrap().clone();
    assert_eq!(state.to_string(), "closed: the server closed the connection (code 5004, no)");
}

#[tokio::test]
async fn a_response_may_arrive_in_pieces_and_after_an_early_one() {
    let mut asked = Asked::by("", |connect| connect).await;
    let upgrade = format!("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n{}", asked.upgrade());
    for byte in upgrade.as_bytes() {
        asked.send([*byte]).await;
    }
    asked.send(text_frame(&said("hi"))).await;
    let stream = asked.stream;
    let (client, mut events) = soon(asked.connecting).await.unwrap().unwrap();
    assert_eq!(next_said(&mut events).await, "hi");
    drop((stream, client, login("")));
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status_whatever_its_body_is() {
    for (status, found) in [
        ("400 Bad Request", 400),
        ("407 Proxy Authentication Required", 407),
        ("426 Upgrade Required", 426),
        ("502 Bad Gateway", 502),
        ("502", 502),
        ("200 OK\r\ntransfer-encoding: chunked", 200),
    ] {
        let (url, _) = answering(status, "<html><body>nginx</body></html>").await;
        let error = soon(connect(url.replace("http", "ws"))).await.unwrap_err();
        assert!(matches!(error, ConnectionError::NotUpgraded { status: Some(code), .. } if code == found), "{error:?}");
    }
    for status in [401, 403] {
        let (url, _) = answering(&format!("{status} No\r\nwww-authenticate: Bearer"), "no").await;
        let error = soon(connect(url.replace("http", "ws"))).await.unwrap_err();
        let found = matches!(&error, ConnectionError::TokenRefused { code, reason, .. } if *code == status && reason.is_empty());
        assert!(found, "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = target.local_addr().unwrap();
    let (url, _) = answering(&format!("302 Found\r\nlocation: http://{location}/"), "").await;
    let error = soon(connect(url.replace("http", "ws")).access_token("sesame")).await.unwrap_err();
    assert!(matches!(error, ConnectionError::NotUpgraded { status: Some(302), .. }), "{error:?}");
    let beside = connect(format!("ws://{location}/first")).into_future();
    let beside = tokio::spawn(beside);
    let (mut stream, _) = soon(target.accept()).await.unwrap();
    let request = soon(read_request(&mut stream)).await.unwrap();
    assert!(request.starts_with("GET /first "), "nobody else has connected: {request}");
    beside.abort();
}

#[tokio::test]
async fn a_head_without_an_end_is_given_up() {
    let mut asked = Asked::by("", |connect| connect).await;
    let mut sent = 0_usize;
    asked.send("HTTP/1.1 101 Switching Protocols\r\n").await;
    // Until the client closes.
    while asked.stream.write_all(format!("x-{sent}: {}\r\n", "y".repeat(1000)).as_bytes()).await.is_ok() {
        sent += 1;
        assert!(sent < 100_000, "it is read for ever");
    }
    let error = asked.outcome().await.unwrap_err();
    assert!(matches!(error, ConnectionError::NotUpgraded { status: None, .. }), "{error:?}");

    // One that stops in the middle meets the time limit.
    let mut asked = Asked::by("", |connect| connect.connect_timeout(Duration::from_millis(200))).await;
    asked.send("HTTP/1.1 101 Switching Proto").await;
    let mut stream = asked.stream;
    let error = soon(asked.connecting).await.unwrap().unwrap_err();
    assert!(matches!(error, ConnectionError::TimedOut(_)), "{error:?}");
    assert_eq!(soon(stream.read(&mut [0; 10])).await.unwrap_or(0), 0, "the client has closed");
}

#[tokio::test]
async fn a_server_that_closes_in_place_of_an_answer_is_a_lost_connection() {
    for part in ["", "HTTP/1.1 101 Switching Protocols\r\nupgr"] {
        let mut asked = Asked::by("", |connect| connect).await;
        asked.send(part).await;
        asked.stream.shutdown().await.unwrap();
        let error = soon(asked.connecting).await.unwrap().unwrap_err();
        assert!(matches!(error, ConnectionError::Lost(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_response_that_is_not_http_says_so() {
    for response in [
        "220 mail.example.com ESMTP\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\x15\x03\x01\0\x02\x02\x46",
        "HTTP/2 101\r\n\r\n",
    ] {
        let mut asked = Asked::by("", |connect| connect).await;
        asked.send(response).await;
        let error = asked.outcome().await.unwrap_err();
        assert!(matches!(error, ConnectionError::NotUpgraded { status: None, .. }), "{response:?}: {error:?}");
    }
}

#[cfg(not(feature = "sse"))]
#[tokio::test]
async fn an_http_address_names_the_feature_that_reads_its_events() {
    let error = soon(connect("HTTP://127.0.0.1:3000")).await.unwrap_err();
    assert!(matches!(&error, ConnectionError::Address(why) if why.contains("the feature `sse`")), "{error:?}");
}

#[tokio::test]
async fn the_key_has_to_be_answered() {
    for accept in ["", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"] {
        let mut asked = Asked::by("", |connect| connect).await;
        let head =
            format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{accept}\r\n");
        asked.send(head).await;
        let error = asked.outcome().await.unwrap_err();
        assert!(matches!(error, ConnectionError::NotUpgraded { status: Some(101), .. }), "{error:?}");
    }
}
