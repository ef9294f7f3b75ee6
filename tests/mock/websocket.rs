//! The simulated server's WebSocket server and its faults, with a client that does not use this crate.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cqhttp::action::{GetLoginInfo, SetRestart};
use cqhttp::mock::{self, Dial, Fault, MockServer, Webhook, refuse};
use cqhttp::{Event, EventKind, RefusalCode};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::{ClientRequestBuilder, IntoClientRequest};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A bare client.
struct Peer(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Peer {
    async fn connect(url: &str) -> Self {
        Self(connect_async(url).await.unwrap().0)
    }

    /// Connects on `/`, and reads the lifecycle event.
    async fn on(server: &MockServer) -> Self {
        let mut peer = Self::connect(&server.ws_url()).await;
        assert_eq!(peer.json().await["meta_event_type"], "lifecycle");
        peer
    }

    async fn send(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    async fn call(&mut self, action: &str, echo: &str) {
        self.send(json!({ "action": action, "params": {}, "echo": echo }).to_string()).await;
    }

    /// Returns the next message; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Result<Message, Error>> {
        // Only a test that fails waits that long.
        tokio::time::timeout(Duration::from_secs(30), self.0.next()).await.expect("something comes")
    }

    async fn text(&mut self) -> String {
        match self.next().await {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("no text: {other:?}"),
        }
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// Sends a call with the echo `last`, and returns the echoes of all answers up to its own.
    async fn echoes_until(&mut self, last: &str) -> Vec<String> {
        self.call("can_send_image", last).await;
        let mut echoes = Vec::new();
        loop {
            let echo = self.json().await["echo"].as_str().unwrap().to_owned();
            if echo == last {
                return echoes;
            }
            echoes.push(echo);
        }
    }

    /// Returns the next raw bytes, or fewer if the connection ends before. Bytes of frames that were read are not
    /// included.
    async fn bytes(&mut self, count: u64) -> Vec<u8> {
        let MaybeTlsStream::Plain(stream) = self.0.get_mut() else { panic!("no TLS here") };
        let mut bytes = Vec::new();
        let all = tokio::time::timeout(Duration::from_secs(30), stream.take(count).read_to_end(&mut bytes)).await;
        all.expect("something comes").unwrap();
        bytes
    }

    /// Returns `true` if the connection ended without a close frame.
    async fn is_cut(&mut self) -> bool {
        !matches!(self.next().await, Some(Ok(_)))
    }
}

async fn refused(request: impl IntoClientRequest + Unpin) -> u16 {
    match connect_async(request).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn the_path_says_what_a_connection_is_for() {
    let server = MockServer::start().await.unwrap();
    let url = server.ws_url();
    for path in ["", "/", "/event", "/event/", "/api/", "/what/ever"] {
        let mut peer = Peer::connect(&format!("{url}{path}")).await;
        let greeting = peer.json().await;
        assert_eq!(greeting["post_type"], "meta_event", "{path}");
        assert_eq!(greeting["sub_type"], "connect", "{path}");
        assert_eq!(serde_json::from_value::<Event>(greeting).unwrap().kind(), EventKind::Lifecycle);
    }
    server.connected(0).await;

    let mut calls = Peer::connect(&format!("{url}/api")).await;
    let mut events = Peer::connect(&format!("{url}/event")).await;
    let mut both = Peer::on(&server).await;
    assert_eq!(server.connections(), 3);
    events.json().await;
    assert_eq!(server.push_text("pushed"), 2);
    for peer in [&mut calls, &mut events, &mut both] {
        peer.call("get_login_info", "1").await;
    }
    assert_eq!(calls.json().await["echo"], "1", "no greeting, no event");
    assert_eq!(events.text().await, "pushed");
    assert_eq!(both.text().await, "pushed");
    assert_eq!(both.json().await["echo"], "1");
    assert_eq!(server.calls().len(), 2, "a call on /event is not read");
}

#[tokio::test]
async fn a_call_is_answered_with_its_echo_as_go_cqhttp_writes_it() {
    let server = MockServer::start().await.unwrap();
    let mut peer = Peer::on(&server).await;
    peer.send(r#"{"action":"get_login_info","echo":"a"}"#).await;
    let example = mock::action("get_login_info").unwrap().example_answer;
    assert_eq!(
        peer.text().await,
        format!("{{\"data\":{example},\"echo\":\"a\",\"message\":\"\",\"retcode\":0,\"status\":\"ok\"}}\n")
    );

    server.on::<GetLoginInfo>(|_| Err(refuse(RefusalCode::NotManageable).wording("no")));
    peer.call("get_login_info", "b").await;
    assert_eq!(
        peer.text().await,
        "{\"data\":null,\"echo\":\"b\",\"message\":\"no\",\"msg\":\"NOT_MANAGEABLE\",\"retcode\":100,\"status\":\"failed\",\"wording\":\"no\"}\n"
    );
    assert_eq!(server.calls().iter().map(|call| call.action.as_str()).collect::<Vec<_>>(), ["get_login_info"; 2]);
}

#[tokio::test]
async fn echoes_come_back_as_go_cqhttp_reads_them() {
    let server = MockServer::start().await.unwrap();
    let mut peer = Peer::on(&server).await;
    for (echo, back) in [
        (r#""a b\n""#, r#""a b\n""#),
        ("null", "null"),
        ("7", "7"),
        ("1.50", "1.5"),
        ("9007199254740993", "9007199254740992"),
        (r#"{"b":[1.0,true],"a":null}"#, r#"{"a":null,"b":[1,true]}"#),
    ] {
        peer.send(format!(r#"{{"action":"can_send_image","echo":{echo}}}"#)).await;
        let answer = peer.text().await;
        assert!(answer.contains(&format!(r#","echo":{back},"message""#)), "{echo}: {answer}");
    }
    peer.send(r#"{"action":"can_send_image"}"#).await;
    assert_eq!(peer.json().await.get("echo"), None);
}

#[tokio::test]
async fn frames_that_are_no_call_are_an_unknown_action() {
    let server = MockServer::start().await.unwrap();
    let mut peer = Peer::on(&server).await;
    for (frame, echo) in [
        ("no json", None),
        ("[]", None),
        ("{}", None),
        (r#"{"action":7,"echo":"a"}"#, Some("a")),
        (r#"{"action":"nothing","echo":"b"}"#, Some("b")),
    ] {
        peer.send(frame).await;
        let answer = peer.json().await;
        assert_eq!((&answer["retcode"], &answer["msg"]), (&json!(404), &json!("API_NOT_FOUND")), "{frame}");
        assert_eq!(answer.get("echo").and_then(Value::as_str), echo, "{frame}");
    }
    peer.0.send(Message::binary(r#"{"action":"get_status"}"#)).await.unwrap();
    peer.call("can_send_image", "c").await;
    assert_eq!(peer.json().await["echo"], "c", "binary frames are not read");
}

#[tokio::test]
async fn the_token_is_checked_before_the_upgrade() {
    let server = MockServer::start_with_token("s e").await.unwrap();
    let url = server.ws_url();
    let with = |header: &str| ClientRequestBuilder::new(url.parse().unwrap()).with_header("Authorization", header);
    assert_eq!(refused(&url).await, 401);
    assert_eq!(refused(format!("{url}/?access_token=")).await, 401);
    assert_eq!(refused(with("")).await, 401);
    for path in ["/", "/api", "/event"] {
        assert_eq!(refused(format!("{url}{path}?access_token=wrong")).await, 403);
    }
    assert_eq!(refused(with("Bearer wrong")).await, 403);
    assert_eq!(server.connections(), 0);

    Peer::connect(&format!("{url}/?x=y&access_token=s%20e")).await;
    for header in ["Bearer s e", "Token s e"] {
        connect_async(with(header)).await.unwrap();
    }
    let both = ClientRequestBuilder::new(format!("{url}/?access_token=s%20e").parse().unwrap())
        .with_header("Authorization", "Bearer wrong");
    assert_eq!(refused(both).await, 403, "where there is a header, the query does not count");
}

#[tokio::test]
async fn an_empty_token_is_none() {
    let server = MockServer::start_with_token("").await.unwrap();
    Peer::on(&server).await;
    assert!(get(&server, "/can_send_image").await.starts_with("HTTP/1.1 200 "));

    // And an empty header is not there.
    let server = MockServer::start_with_token("口令").await.unwrap();
    let url = format!("{}/?access_token=%E5%8F%A3%E4%BB%A4", server.ws_url());
    let with = |header: &str| ClientRequestBuilder::new(url.parse().unwrap()).with_header("Authorization", header);
    connect_async(with("")).await.unwrap();
    assert_eq!(refused(with("Bearer wrong")).await, 403);
    assert_eq!(refused(with("Bearer")).await, 403, "that is a token of its own");

    // A bot that the simulated server comes to is not shown one either.
    let bot = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = bot.local_addr().unwrap();
    server.dial(Dial::to(format!("ws://{address}")).access_token(""));
    server.webhook(Webhook::to(format!("http://{address}")).secret(""));
    server.user(10086).says("hello").in_private();
    for _ in 0..2 {
        let mut head = Vec::new();
        let (mut stream, _) = bot.accept().await.unwrap();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            assert!(stream.read_buf(&mut head).await.unwrap() > 0);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(!head.contains("authorization") && !head.contains("signature"), "{head}");
    }
}

#[tokio::test]
async fn a_token_can_be_refused_after_the_upgrade() {
    let server = MockServer::builder().access_token("secret").refuse_after_upgrade(1403).start().await.unwrap();
    let mut peer = Peer::connect(&server.ws_url()).await;
    peer.call("get_login_info", "1").await;
    let frame = peer.json().await;
    assert_eq!((&frame["retcode"], &frame["echo"]), (&json!(1403), &Value::Null));
    assert!(matches!(peer.next().await, Some(Ok(Message::Close(None)))));
    assert!(peer.next().await.is_none());
    assert_eq!((server.connections(), server.calls().len()), (0, 0));

    let mut peer = Peer::connect(&format!("{}/?access_token=secret", server.ws_url())).await;
    assert_eq!(peer.json().await["meta_event_type"], "lifecycle");

    let server = MockServer::builder().refuse_after_upgrade(1401).start().await.unwrap();
    assert_eq!(Peer::connect(&server.ws_url()).await.json().await["retcode"], 1401, "no token that would do");
}

#[tokio::test]
async fn connections_are_counted_and_dropped() {
    let server = MockServer::start().await.unwrap();
    let mut first = Peer::on(&server).await;
    let mut second = Peer::on(&server).await;
    assert_eq!(server.connections(), 2);
    let event: Event = mock::events().find(|info| info.name == "GroupMessage").unwrap().example.parse().unwrap();
    assert_eq!(server.push(event.clone()), 2);
    assert_eq!(first.text().await.parse::<Event>().unwrap(), event);

    server.drop_connections();
    assert_eq!((server.connections(), server.push_text("nobody")), (0, 0));
    assert_eq!(second.text().await.parse::<Event>().unwrap(), event, "what was written is still read");
    assert!(first.is_cut().await && second.is_cut().await);

    let third = Peer::on(&server).await;
    server.connected(1).await;
    drop(third);
    server.connected(0).await;
}

#[tokio::test]
async fn a_server_comes_back_on_its_port() {
    let mut server = MockServer::start().await.unwrap();
    for _ in 0..10 {
        let mut peer = Peer::on(&server).await;
        let port = server.port();
        server.stop().await;
        assert!(peer.is_cut().await);
        server = MockServer::builder().port(port).start().await.unwrap();
    }
    let taken = MockServer::builder().port(server.port()).start().await;
    assert_eq!(taken.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn heartbeats_come_at_their_interval() {
    let server = MockServer::builder().heartbeat(Duration::from_millis(20)).start().await.unwrap();
    let mut peer = Peer::on(&server).await;
    for _ in 0..3 {
        let Event::Heartbeat(beat) = peer.text().await.parse().unwrap() else { panic!("no heartbeat") };
        assert_eq!(beat.interval, Some(20));
    }
}

#[tokio::test]
async fn pings_and_close_frames_are_answered_except_on_event() {
    let server = MockServer::start().await.unwrap();
    let mut peer = Peer::on(&server).await;
    peer.0.send(Message::Ping("hello".into())).await.unwrap();
    assert_eq!(peer.next().await.unwrap().unwrap(), Message::Pong("hello".into()));
    peer.0.close(None).await.unwrap();
    assert!(matches!(peer.next().await, Some(Ok(Message::Close(None)))));
    assert!(peer.next().await.is_none());
    server.connected(0).await;

    let mut peer = Peer::connect(&format!("{}/event", server.ws_url())).await;
    peer.json().await;
    peer.0.send(Message::Ping("hello".into())).await.unwrap();
    server.push_text("no pong before it");
    assert_eq!(peer.text().await, "no pong before it");
    peer.0.close(None).await.unwrap();
    assert_eq!(server.push_text("nor a close frame"), 1);
    assert_eq!(peer.text().await, "nor a close frame");
}

#[tokio::test]
async fn a_handler_that_panics_cuts_the_connection() {
    let server = MockServer::start().await.unwrap();
    server.on::<GetLoginInfo>(|_| panic!("the handler's fault"));
    let mut peer = Peer::on(&server).await;
    peer.call("get_login_info", "1").await;
    assert!(peer.is_cut().await);
    server.connected(0).await;
    Peer::on(&server).await.call("can_send_image", "2").await;
    assert_eq!(server.take_panics(), ["the handler of `get_login_info` panicked: the handler's fault"]);
}

/// Returns a server whose first call has this fault, and the number of times that the call was carried out.
async fn failing(fault: Fault) -> (MockServer, Arc<AtomicUsize>) {
    let server = MockServer::start().await.unwrap();
    let acted = Arc::new(AtomicUsize::new(0));
    let counter = acted.clone();
    server.on::<SetRestart>(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    server.faults(Fault::script([fault]));
    (server, acted)
}

#[tokio::test]
async fn a_fault_changes_the_answer() {
    let ok = |data: &str, echo: &str| format!("{{{data}{echo}\"message\":\"\",\"retcode\":0,\"status\":\"ok\"}}\n");
    let (data, echo) = (r#""data":null,"#, r#""echo":"a","#);
    for (fault, answer) in [
        (Fault::None, ok(data, echo)),
        (Fault::WrongEcho, ok(data, r#""echo":"nobody's","#)),
        (Fault::NumberEcho, ok(data, r#""echo":7,"#)),
        (Fault::NullEcho, ok(data, r#""echo":null,"#)),
        (Fault::NoEcho, ok(data, "")),
        (Fault::NoData, ok("", echo)),
        (Fault::Text("{}".into()), "{}".into()),
        (Fault::Text(r#"{"retcode":7,"echo":{echo}}"#.into()), r#"{"retcode":7,"echo":"a"}"#.into()),
    ] {
        let (server, acted) = failing(fault.clone()).await;
        let mut peer = Peer::on(&server).await;
        peer.call("set_restart", "a").await;
        assert_eq!(peer.text().await, answer, "{fault:?}");
        assert_eq!(acted.load(Ordering::Relaxed), 1);
        peer.call("set_restart", "a").await;
        assert_eq!(peer.text().await, ok(data, echo), "the second call has no fault");
    }

    let (server, acted) = failing(Fault::Refuse(refuse(RefusalCode::NotManageable).retcode(7))).await;
    let mut peer = Peer::on(&server).await;
    peer.call("set_restart", "a").await;
    let answer = peer.json().await;
    assert_eq!((&answer["retcode"], &answer["echo"], acted.load(Ordering::Relaxed)), (&json!(7), &json!("a"), 0));

    let (server, _) = failing(Fault::Garbage).await;
    let mut peer = Peer::on(&server).await;
    peer.call("set_restart", "a").await;
    serde_json::from_str::<Value>(&peer.text().await).unwrap_err();

    let (server, _) = failing(Fault::Binary).await;
    let mut peer = Peer::on(&server).await;
    peer.call("set_restart", "a").await;
    assert_eq!(peer.next().await.unwrap().unwrap(), Message::binary(ok(data, echo)));
}

#[tokio::test]
async fn a_fault_changes_when_and_how_often_the_answer_comes() {
    for (fault, echoes) in [
        (Fault::None, &["a"][..]),
        (Fault::NoAnswer, &[]),
        (Fault::Twice, &["a", "a"]),
        (Fault::Delay(Duration::from_secs(600)), &[]),
        (Fault::Shuffle(2), &[]),
    ] {
        let (server, acted) = failing(fault.clone()).await;
        let mut peer = Peer::on(&server).await;
        peer.call("set_restart", "a").await;
        assert_eq!(peer.echoes_until("b").await, echoes, "{fault:?}");
        assert_eq!((acted.load(Ordering::Relaxed), server.calls().len()), (1, 2));
    }

    let (server, _) = failing(Fault::Delay(Duration::from_millis(50))).await;
    let mut peer = Peer::on(&server).await;
    let start = Instant::now();
    peer.call("set_restart", "a").await;
    assert_eq!(peer.json().await["echo"], "a");
    assert!(start.elapsed() >= Duration::from_millis(50));
}

/// Returns a short text as a frame of a server.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 126).unwrap();
    [&[0x81, length], text.as_bytes()].concat()
}

/// The answer to `set_restart` over WebSocket, with the echo `a`.
const RESTARTED: &str = "{\"data\":null,\"echo\":\"a\",\"message\":\"\",\"retcode\":0,\"status\":\"ok\"}\n";

#[tokio::test]
async fn slow_bytes_take_their_time_and_are_all_there() {
    let pause = Duration::from_millis(5);
    let (server, _) = failing(Fault::SlowBytes(pause)).await;
    let mut peer = Peer::on(&server).await;
    let (frame, start) = (frame(RESTARTED), Instant::now());
    peer.call("set_restart", "a").await;
    assert_eq!(peer.bytes(1).await, frame[..1]);
    assert!(start.elapsed() < pause * (frame.len() as u32 - 1), "the first does not wait for the others");
    assert_eq!(peer.bytes(frame.len() as u64 - 1).await, frame[1..]);
    assert!(start.elapsed() >= pause * (frame.len() as u32 - 1), "{:?}", start.elapsed());

    let (server, _) = failing(Fault::SlowBytes(pause)).await;
    let (body, start) = ("{\"data\":null,\"message\":\"\",\"retcode\":0,\"status\":\"ok\"}\n", Instant::now());
    let response = get(&server, "/set_restart").await;
    assert!(response.ends_with(&format!("\r\n\r\n{body}")), "{response}");
    assert!(start.elapsed() >= pause * (body.len() as u32 - 1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn half_an_answer_is_the_first_half_of_its_frame() {
    let (server, _) = failing(Fault::HalfAnswer).await;
    let mut peer = Peer::on(&server).await;
    peer.call("set_restart", "a").await;
    let frame = frame(RESTARTED);
    assert_eq!(peer.bytes(u64::MAX).await, frame[..frame.len() / 2]);
}

#[tokio::test]
async fn a_fault_ends_the_connection() {
    for (fault, acted_on) in [(Fault::DropBefore, 0), (Fault::DropAfter, 1), (Fault::HalfAnswer, 1)] {
        let (server, acted) = failing(fault.clone()).await;
        let mut peer = Peer::on(&server).await;
        server.push_text("before");
        peer.call("set_restart", "a").await;
        assert_eq!(peer.text().await, "before", "what came before it arrives");
        assert!(peer.is_cut().await, "{fault:?}");
        assert_eq!((acted.load(Ordering::Relaxed), server.calls().len()), (acted_on, 1), "{fault:?}");
        server.connected(0).await;
        let mut peer = Peer::on(&server).await;
        peer.call("set_restart", "a").await;
        assert_eq!(peer.json().await["echo"], "a");
    }
}

#[tokio::test]
async fn a_fault_refuses_the_token_in_place_of_an_answer() {
    let (server, acted) = failing(Fault::Unauthorised(1403)).await;
    let mut peer = Peer::on(&server).await;
    peer.call("set_restart", "a").await;
    let frame = peer.json().await;
    assert_eq!((&frame["retcode"], &frame["status"], &frame["echo"]), (&json!(1403), &json!("failed"), &Value::Null));
    assert!(matches!(peer.next().await, Some(Ok(Message::Close(None)))));
    assert!(peer.next().await.is_none());
    assert_eq!((acted.load(Ordering::Relaxed), server.calls().len(), server.connections()), (0, 1, 0));
    Peer::on(&server).await;
}

#[tokio::test]
async fn a_message_to_nobody_has_only_its_echo() {
    let server = MockServer::start().await.unwrap();
    let mut peer = Peer::on(&server).await;
    peer.call("send_msg", "a").await;
    assert_eq!(peer.text().await, "{\"echo\":\"a\"}\n");
    peer.send(r#"{"action":"send_forward_msg","params":null}"#).await;
    assert_eq!(peer.text().await, "{}\n");
}

#[tokio::test]
async fn a_shuffle_is_the_same_at_every_run_and_loses_nothing() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let server = MockServer::start().await.unwrap();
        server.faults(|_| Fault::Shuffle(8));
        let mut peer = Peer::on(&server).await;
        // Two full hands, and three that nothing follows.
        for echo in 0..19 {
            peer.call("can_send_image", &echo.to_string()).await;
        }
        let mut echoes = Vec::new();
        for _ in 0..19 {
            echoes.push(peer.json().await["echo"].as_str().unwrap().parse::<u32>().unwrap());
        }
        assert!(!echoes[..8].is_sorted(), "{echoes:?}");
        runs.push(echoes.clone());
        echoes[..8].sort_unstable();
        echoes[8..16].sort_unstable();
        echoes[16..].sort_unstable();
        assert!(echoes.into_iter().eq(0..19));
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn a_share_of_the_calls_is_the_seeds() {
    async fn answered(seed: u64) -> Vec<String> {
        let server = MockServer::start().await.unwrap();
        let mut share = Fault::NoAnswer.for_share(0.25, seed);
        server.faults(move |call| if call.action == "get_login_info" { share(call) } else { Fault::None });
        let mut peer = Peer::on(&server).await;
        for echo in 0..400 {
            peer.call("get_login_info", &echo.to_string()).await;
        }
        peer.echoes_until("end").await
    }
    let first = answered(1).await;
    assert!((250..350).contains(&first.len()), "{}", first.len());
    assert_eq!(first, answered(1).await);
    assert_ne!(first, answered(2).await);
}

#[tokio::test]
async fn a_stalled_server_says_nothing_and_goes_on_later() {
    let server = MockServer::start().await.unwrap();
    let mut peer = Peer::on(&server).await;
    server.stall(true);
    server.push_text("pushed");
    peer.call("can_send_image", "a").await;
    // A connection is taken, and its upgrade not answered.
    let url = server.ws_url();
    let mut second = tokio::spawn(async move { Peer::connect(&url).await });
    let quiet = Duration::from_millis(100);
    assert!(tokio::time::timeout(quiet, &mut second).await.is_err());
    assert!(tokio::time::timeout(quiet, peer.0.next()).await.is_err());
    assert!(server.calls().is_empty());

    server.stall(false);
    assert_eq!(peer.text().await, "pushed");
    assert_eq!(peer.json().await["echo"], "a");
    assert_eq!(second.await.unwrap().json().await["meta_event_type"], "lifecycle");

    server.stall(true);
    server.drop_connections();
    assert!(peer.is_cut().await, "what is stalled can be dropped");
}

#[tokio::test]
async fn a_silenced_connection_stays_silent_and_open() {
    let server = MockServer::start().await.unwrap();
    let mut silent = Peer::on(&server).await;
    server.silence_connections();
    assert_eq!((server.connections(), server.push_text("x")), (0, 0));
    silent.call("can_send_image", "a").await;
    let mut peer = Peer::on(&server).await;
    peer.call("can_send_image", "b").await;
    assert_eq!(peer.json().await["echo"], "b");
    assert_eq!(server.calls().len(), 1);
    assert!(tokio::time::timeout(Duration::from_millis(100), silent.0.next()).await.is_err());
    server.stop().await;
    assert!(silent.is_cut().await);
}

#[tokio::test]
async fn connections_are_closed_with_any_code() {
    let server = MockServer::start().await.unwrap();
    for path in ["/", "/api", "/event"] {
        let mut peer = Peer::connect(&format!("{}{path}", server.ws_url())).await;
        if path != "/api" {
            peer.json().await;
        }
        server.close_connections(1012, "restart");
        let Some(Ok(Message::Close(Some(frame)))) = peer.next().await else { panic!("no close frame") };
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1012, "restart"));
        assert!(peer.next().await.is_none(), "a clean end");
    }
    let mut peer = Peer::on(&server).await;
    server.close_connections(1005, "");
    assert!(matches!(peer.next().await, Some(Ok(Message::Close(Some(_)))) | Some(Err(_))));
}

#[tokio::test]
async fn raw_bytes_are_pushed_as_they_are() {
    let server = MockServer::start().await.unwrap();
    let mut peer = Peer::on(&server).await;
    // A text in two frames with a ping between them, then a text that is not UTF-8.
    server.push_raw(*b"\x01\x02he\x89\x00\x80\x03llo");
    server.push_raw(*b"\x81\x02\xff\xfe");
    assert_eq!(peer.next().await.unwrap().unwrap(), Message::Ping("".into()));
    assert_eq!(peer.text().await, "hello");
    assert!(matches!(peer.next().await, Some(Err(Error::Utf8(_)))));
}

/// Returns the HTTP response up to the end of the connection.
async fn get(server: &MockServer, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn a_token_in_the_query_does_over_http_too() {
    let server = MockServer::start_with_token("s e").await.unwrap();
    for (query, status) in
        [("", 401), ("?access_token=", 401), ("?access_token=wrong", 403), ("?access_token=s%20e", 200)]
    {
        let response = get(&server, &format!("/can_send_image{query}")).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{query}: {response}");
    }
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn faults_are_there_over_http_too() {
    async fn response(fault: Fault) -> (String, usize) {
        let (server, acted) = failing(fault).await;
        let response = get(&server, "/set_restart").await;
        assert_eq!(server.calls().len(), 1);
        (response, acted.load(Ordering::Relaxed))
    }

    let body = "{\"data\":null,\"message\":\"\",\"retcode\":0,\"status\":\"ok\"}\n";
    for fault in [
        Fault::None,
        Fault::Delay(Duration::from_millis(1)),
        Fault::WrongEcho,
        Fault::Twice,
        Fault::Shuffle(5),
        Fault::Binary,
    ] {
        let (response, acted) = response(fault.clone()).await;
        assert!(response.ends_with(&format!("\r\n\r\n{body}")), "{fault:?}: {response}");
        assert_eq!(acted, 1);
    }
    assert_eq!(response(Fault::DropBefore).await, (String::new(), 0));
    assert_eq!(response(Fault::DropAfter).await, (String::new(), 1));
    let (half, acted) = response(Fault::HalfAnswer).await;
    let expected = &body[..body.len() - body.len() / 2];
    assert!(half.contains(&format!("content-length: {}\r\n", body.len())) && half.ends_with(expected), "{half}");
    assert_eq!(acted, 1);
    assert!(response(Fault::NoData).await.0.ends_with("{\"message\":\"\",\"retcode\":0,\"status\":\"ok\"}\n"));
    assert!(response(Fault::Text("hm".into())).await.0.ends_with("\r\n\r\nhm"));
    assert!(response(Fault::Refuse(refuse(RefusalCode::NotManageable))).await.0.contains("NOT_MANAGEABLE"));
}

#[tokio::test]
async fn a_call_may_be_as_large_as_a_file() {
    let server = MockServer::start().await.unwrap();
    let mut peer = Peer::on(&server).await;
    // More than tungstenite takes in one frame unless told otherwise.
    let file = "A".repeat(20 << 20);
    peer.send(json!({ "action": "upload_group_file", "params": { "file": file }, "echo": "a" }).to_string()).await;
    assert_eq!(peer.json().await["echo"], "a");
    assert_eq!(server.calls()[0].params["file"].as_str().map(str::len), Some(file.len()));
}
