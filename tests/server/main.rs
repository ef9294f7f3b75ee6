//! Servers that connect to the bot, over real sockets: who is let in, whose events and calls are whose, and what becomes of
//! both when connections come and go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod accounts;
mod calls_while_down;
mod posts;
mod queues;
mod server_kind;
#[cfg(feature = "files")]
mod streams;

use std::error::Error as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cqhttp::action::{GetLoginInfo, GetLoginInfoResponse};
use cqhttp::event::GroupMessageOperation;
use cqhttp::layer::RetryReads;
use cqhttp::mock::{self, Dial, DialRole, Fault, Posted, Webhook};
use cqhttp::server::{Bots, Server, ServerBuilder};

use cqhttp::{Client, ConnectionError, Error, Event, Events, Overflow, Received, UserId};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::peer::{id_of, login, room_for, soon, spawn, text_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, ClientRequestBuilder, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const ANNA: i64 = 10086;
const BORIS: i64 = 10087;
const TOKEN: &str = "sesame+open/4711";

fn any() -> ServerBuilder<String> {
    Server::bind("127.0.0.1:0")
}

fn address(server: &Server) -> SocketAddr {
    server.local_addr().unwrap()
}

fn ws(server: &Server) -> String {
    format!("ws://{}", address(server))
}

fn http(server: &Server) -> String {
    format!("http://{}/", address(server))
}

/// A message in a group, to the account.
fn said_to(account: i64, text: &str) -> String {
    json!({
        "post_type": "message", "message_type": "group", "time": 1700000000, "self_id": account, "sub_type": "normal",
        "sender": { "nickname": "somebody", "user_id": 1 }, "message_id": id_of(text), "user_id": 1, "font": 0,
        "group_id": 10001000, "raw_message": text, "message": text,
    })
    .to_string()
}

/// An account that knows its name.
async fn account(id: i64) -> mock::MockServer {
    let account = mock::MockServer::builder().self_id(id).start().await.unwrap();
    account.on::<GetLoginInfo>(move |_| {
        let mut info = GetLoginInfoResponse::example();
        info.user_id = UserId::new(id);
        Ok(info)
    });
    account
}

/// The next message, whatever else comes before it.
async fn next_message(server: &mut Server) -> Received {
    loop {
        let received = soon(server.next()).await.expect("an event");
        if received.event.as_message().is_some() {
            return received;
        }
    }
}

/// An account without manners: the test holds its side of the connection in its hand.
struct Caller(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Caller {
    async fn connect(server: &Server, id: i64, role: &str) -> Self {
        Self::try_connect(server, id, role).await.unwrap()
    }

    /// The status where it is not let in.
    async fn try_connect(server: &Server, id: i64, role: &str) -> Result<Self, u16> {
        let request = ClientRequestBuilder::new(ws(server).parse().unwrap())
            .with_header("X-Self-ID", id.to_string())
            .with_header("X-Client-Role", role);
        match soon(tokio_tungstenite::connect_async(request)).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Knocks until there is room.
    async fn connect_at_last(server: &Server, id: i64, role: &str) -> Self {
        soon(async {
            loop {
                if let Ok(caller) = Self::try_connect(server, id, role).await {
                    return caller;
                }
            }
        })
        .await
    }

    /// The echo of the next call.
    async fn next_call(&mut self) -> Value {
        loop {
            match soon(self.0.next()).await.expect("the connection stands").unwrap() {
                Frame::Text(text) => return serde_json::from_str::<Value>(&text).unwrap()["echo"].clone(),
                frame => assert!(frame.is_ping() || frame.is_pong(), "{frame:?}"),
            }
        }
    }

    async fn answer(&mut self, echo: &Value, data: Value) {
        let answer = json!({ "data": data, "echo": echo, "message": "", "retcode": 0, "status": "ok" });
        self.send(answer.to_string()).await;
    }

    async fn send(&mut self, text: impl Into<String>) {
        self.0.send(Frame::text(text.into())).await.unwrap();
    }

    /// Waits for the answer to a ping: what was sent before has been read by then.
    async fn pong(&mut self) {
        self.0.send(Frame::Ping(b"here"[..].into())).await.unwrap();
        loop {
            match soon(self.0.next()).await.expect("the connection stands").unwrap() {
                Frame::Pong(of) if &*of == b"here" => return,
                frame => assert!(frame.is_ping() || frame.is_pong(), "{frame:?}"),
            }
        }
    }

    /// The code of the close frame.
    async fn closed(&mut self) -> u16 {
        loop {
            if let Frame::Close(frame) = soon(self.0.next()).await.expect("a close frame").unwrap() {
                return frame.unwrap().code.into();
            }
        }
    }
}

/// The status of a response to a request with these lines.
async fn status(server: &Server, request: &str, headers: &[&str], body: &str) -> u16 {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let head = format!("{request} HTTP/1.1\r\nHost: bot\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    status_of(server, head.as_bytes()).await
}

async fn status_of(server: &Server, request: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(address(server)).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut start = [0; 12];
    soon(stream.read_exact(&mut start)).await.unwrap();
    std::str::from_utf8(&start[9..]).unwrap().parse().unwrap()
}

const HANDSHAKE: [&str; 5] = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: c3RhbmQtaW4gc3RhbmRzIQ==",
    "X-Self-ID: 10086",
];

/// The status of a handshake with further headers.
async fn handshake(server: &Server, path: &str, further: &[&str]) -> u16 {
    status(server, &format!("GET {path}"), &[&HANDSHAKE, further].concat(), "").await
}

async fn who(client: &Client) -> i64 {
    soon(client.get_login_info()).await.unwrap().user_id.get()
}

fn reason(error: &Error) -> String {
    error.source().unwrap().to_string()
}

#[tokio::test]
async fn two_accounts_are_served_by_one_listener_and_never_mix() {
    let mut server = any().await.unwrap();
    let (anna, boris) = (account(ANNA).await, account(BORIS).await);
    assert!(server.bot(ANNA).is_none() && server.bots().ids().is_empty());
    anna.dial(Dial::to(ws(&server)));
    boris.dial(Dial::to(ws(&server) + "/any/path"));
    let bots = server.bots();
    let to_anna = soon(bots.wait_for(ANNA)).await.unwrap();
    let to_boris = soon(bots.wait_for(BORIS)).await.unwrap();
    assert_eq!((who(&to_anna).await, who(&to_boris).await), (ANNA, BORIS));
    assert_eq!(bots.ids(), [UserId::new(ANNA), UserId::new(BORIS)]);
    assert!(server.bot(1).is_none());
    soon(async { tokio::join!(anna.connected(1), boris.connected(1)) }).await;

    for round in 0..100 {
        let (account, id) = if round % 3 == 0 { (&anna, ANNA) } else { (&boris, BORIS) };
        assert_eq!(account.push_text(said_to(id, &round.to_string())), 1);
        let received = next_message(&mut server).await;
        assert_eq!(text_of(&received.event), round.to_string());
        assert_eq!(received.event.self_id(), Some(UserId::new(id)));
        assert_eq!(who(&received.client).await, id);
        received.reply("pong").await.unwrap();
    }
    let replies = |account: &mock::MockServer| account.calls().iter().filter(|call| call.action == "send_msg").count();
    assert_eq!((replies(&anna), replies(&boris)), (34, 66));
}

#[tokio::test]
async fn the_lifecycle_frame_comes_first() {
    let mut server = any().await.unwrap();
    let anna = account(ANNA).await;
    anna.dial(Dial::to(ws(&server)));
    let first = soon(server.next()).await.unwrap();
    assert!(matches!(&first.event, Event::Lifecycle(event) if event.self_id.get() == ANNA), "{first:?}");
    assert_eq!(who(&first.client).await, ANNA);
}

#[tokio::test]
async fn nothing_is_served_without_the_token_on_any_path() {
    let server = any().access_token(TOKEN).await.unwrap();
    let quoted = "sesame%2Bopen%2F4711";
    for path in ["/", "/api", "/event", "/ws/", "/any/path", "/%2e%2e"] {
        assert_eq!(handshake(&server, path, &[]).await, 401, "{path}");
        assert_eq!(handshake(&server, path, &["Authorization: Bearer wrong"]).await, 403, "{path}");
        assert_eq!(status(&server, &format!("GET {path}"), &[], "").await, 401, "{path}");
        let post = format!("POST {path}");
        assert_eq!(status(&server, &post, &["X-Self-ID: 10086"], &said_to(ANNA, "hi")).await, 401, "{path}");
        assert_eq!(handshake(&server, path, &[&format!("Authorization: Bearer {TOKEN}")]).await, 101, "{path}");
    }
    for header in [
        "Authorization:",
        "Authorization: Bearer",
        "Authorization: Bearer ",
        "Authorization: Token ",
        &format!("Authorization: Basic {TOKEN}"),
        &format!("Authorization: {TOKEN}"),
    ] {
        assert_eq!(handshake(&server, "/", &[header]).await, 401, "{header}");
    }
    for wrong in [&TOKEN[1..], &TOKEN[..TOKEN.len() - 1], &format!("{TOKEN}x"), &TOKEN.to_uppercase()] {
        assert_eq!(handshake(&server, "/", &[&format!("Authorization: Token {wrong}")]).await, 403, "{wrong}");
        assert_eq!(handshake(&server, &format!("/?access_token={wrong}"), &[]).await, 403, "{wrong}");
    }
    assert_eq!(handshake(&server, "/?access_token=", &[]).await, 401);
    // If there is a header, it counts.
    assert_eq!(handshake(&server, &format!("/?access_token={quoted}"), &["Authorization: Bearer wrong"]).await, 403);
    assert_eq!(handshake(&server, "/", &[&format!("Authorization: token {TOKEN}")]).await, 101);
    assert_eq!(handshake(&server, &format!("/?a=b&access_token={quoted}"), &[]).await, 101);

    let anna = account(ANNA).await;
    assert!(anna.dial_once(Dial::to(ws(&server))).await.unwrap_err().to_string().contains("401"));
    anna.dial_once(Dial::to(ws(&server)).access_token(TOKEN)).await.unwrap();
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    assert_eq!(who(&client).await, ANNA);
    let shown =
        format!("{server:?} {client:?} {:?} {:?}", server.bots(), any().access_token(TOKEN).webhook_secret(TOKEN));
    assert!(!shown.contains("sesame"), "{shown}");
}

#[tokio::test]
async fn a_token_may_be_in_any_script() {
    let server = any().access_token("芝麻开门").await.unwrap();
    assert_eq!(handshake(&server, "/", &["Authorization: Bearer 芝麻开门"]).await, 101);
    assert_eq!(handshake(&server, "/?access_token=%E8%8A%9D%E9%BA%BB%E5%BC%80%E9%97%A8", &[]).await, 101);
    for wrong in ["芝麻", "芝麻开门呀", "x"] {
        assert_eq!(handshake(&server, "/", &[&format!("Authorization: Token {wrong}")]).await, 403, "{wrong}");
    }
    // As GBK has it, which is not UTF-8.
    let gbk = b"GET / HTTP/1.1\r\nHost: bot\r\nAuthorization: Bearer \xd6\xa5\xc2\xe9\xbf\xaa\xc3\xc5\r\n\r\n";
    assert_eq!(status_of(&server, gbk).await, 403);
    assert_eq!(handshake(&server, "/?access_token=%D6%A5%C2%E9%BF%AA%C3%C5", &[]).await, 403);

    let anna = account(ANNA).await;
    anna.dial_once(Dial::to(ws(&server)).access_token("芝麻开门")).await.unwrap();
    assert_eq!(who(&soon(server.bots().wait_for(ANNA)).await.unwrap()).await, ANNA);
}

#[tokio::test]
async fn a_token_with_blanks_at_its_ends_matches_itself() {
    for token in [" sesame ", "\tsesame", "sesame  "] {
        let server = any().access_token(token).await.unwrap();
        for given in [token, "sesame"] {
            assert_eq!(handshake(&server, "/", &[&format!("Authorization: Bearer {given}")]).await, 101, "{given:?}");
            let quoted = given.replace(' ', "%20").replace('\t', "%09");
            assert_eq!(handshake(&server, &format!("/?access_token={quoted}"), &[]).await, 101, "{given:?}");
        }
        assert_eq!(handshake(&server, "/", &["Authorization: Bearer open sesame"]).await, 403);
        assert_eq!(handshake(&server, "/", &[]).await, 401);
    }
    // A token of blanks alone is set, and cannot be shown.
    let server = any().access_token("  ").await.unwrap();
    assert_eq!(handshake(&server, "/", &[]).await, 401);
    assert_eq!(handshake(&server, "/?access_token=%20%20", &[]).await, 401);
}

#[tokio::test]
async fn the_longest_times_there_are_can_be_set() {
    const EVER: Duration = Duration::MAX;
    let server = any().handshake_timeout(EVER).answer_within(EVER).replay_window(EVER).timeout(EVER).dedupe(EVER);
    let mut server = server.keepalive(EVER, EVER).overflow(Overflow::Wait(EVER)).await.unwrap();
    let anna = account(ANNA).await;
    anna.dial_once(Dial::to(ws(&server))).await.unwrap();
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    assert_eq!(who(&client).await, ANNA);
    let webhook = Webhook::to(http(&server)).retries(0);
    let posted = tokio::spawn(async move { webhook.post(&said_to(ANNA, "ping")).await.unwrap() });
    drop(next_message(&mut server).await);
    assert_eq!(soon(posted).await.unwrap().status, 204);
    soon(server.close_within(EVER)).await;
}

#[test]
fn outside_of_a_runtime_it_is_an_error() {
    let mut binding = std::pin::pin!(any().into_future());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(outcome) = binding.as_mut().poll(&mut cx) else { panic!("it waits") };
    assert_eq!(outcome.unwrap_err().to_string(), "a server is started inside a tokio runtime, and there is none here");
    // What an application serves elsewhere can be made here.
    drop(Server::builder().router());
}

#[tokio::test]
async fn an_empty_token_is_none() {
    let server = any().access_token("").webhook_secret("").await.unwrap();
    assert_eq!(handshake(&server, "/", &[]).await, 101);
}

#[tokio::test]
async fn a_handshake_that_says_too_little_is_turned_away() {
    let server = any().await.unwrap();
    let of = async |headers: &[&str]| status(&server, "GET /", headers, "").await;
    let [upgrade, connection, version, key, id] = HANDSHAKE;
    assert_eq!(of(&[upgrade, connection, version, key]).await, 400);
    for id in ["X-Self-ID:", "X-Self-ID: 0", "X-Self-ID: -1", "X-Self-ID: +5", "X-Self-ID: anna", "X-Self-ID: 1 2"] {
        assert_eq!(of(&[upgrade, connection, version, key, id]).await, 400, "{id}");
    }
    assert_eq!(of(&[upgrade, connection, version, id]).await, 400);
    assert_eq!(of(&[upgrade, connection, key, id]).await, 426);
    assert_eq!(of(&[upgrade, connection, version, key, id, "X-Client-Role: Emperor"]).await, 400);
    assert_eq!(of(&[upgrade, connection, version, key, id, "X-Client-Role: universal"]).await, 101);
    assert_eq!(of(&[]).await, 405);
    assert!(server.bots().ids().len() <= 1);
}

#[tokio::test]
async fn an_account_that_connects_again_replaces_its_old_connection() {
    let mut server = any().await.unwrap();
    let mut old = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    let call = spawn(client.get_login_info());
    old.next_call().await;

    let mut new = Caller::connect(&server, ANNA, "Universal").await;
    let error = soon(call).await.unwrap().unwrap_err();
    assert!(matches!(&error, Error::OutcomeUnknown(_)), "{error:?}");
    let source = error.source().unwrap().downcast_ref();
    assert!(matches!(source, Some(ConnectionError::Replaced)), "{source:?}");
    assert_eq!(old.closed().await, 1000);
    drop(old);

    // The client that was there before goes on, and the end of the old connection is not the end of the new one.
    new.send(said_to(ANNA, "here I am")).await;
    assert_eq!(text_of(&next_message(&mut server).await.event), "here I am");
    let call = spawn(client.get_login_info());
    let echo = new.next_call().await;
    new.answer(&echo, login("anna")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("anna"));
    assert_eq!(server.bots().ids(), [UserId::new(ANNA)]);
}

#[tokio::test]
async fn who_comes_and_goes_can_be_watched() {
    let server = any().await.unwrap();
    let (bots, mut watch) = (server.bots(), server.bots().watch());
    let [annas, boriss] = [ANNA, BORIS].map(UserId::new);
    let now = async |watch: &mut tokio::sync::watch::Receiver<Vec<UserId>>| {
        soon(watch.changed()).await.unwrap();
        let ids = watch.borrow_and_update();
        // What is said can be used while it is held.
        assert!(ids.iter().all(|id| bots.get(*id).is_some()));
        ids.clone()
    };
    assert!(watch.borrow().is_empty());
    // One that takes no calls is not connected.
    let events = Caller::connect(&server, 10088, "Event").await;
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    assert_eq!(now(&mut watch).await, [annas]);
    let boris = Caller::connect(&server, BORIS, "API").await;
    assert_eq!(now(&mut watch).await, [annas, boriss]);
    // An account that makes its connection anew stays; who begins to watch knows who is there.
    let again = Caller::connect(&server, ANNA, "Universal").await;
    anna.closed().await;
    let mut late = bots.watch();
    assert_eq!(*late.borrow(), [annas, boriss]);
    drop(again);
    assert_eq!(now(&mut watch).await, [boriss]);
    assert_eq!(now(&mut late).await, [boriss]);
    drop((boris, events));
    assert!(now(&mut watch).await.is_empty());
    soon(server.close()).await;
    assert!(watch.changed().await.is_err() && bots.watch().changed().await.is_err(), "it has ended");
}

#[tokio::test]
async fn a_client_outlives_the_connections_of_its_account() {
    let server = any().await.unwrap();
    let anna = account(ANNA).await;
    anna.dial_once(Dial::to(ws(&server))).await.unwrap();
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    for round in 0..20 {
        assert_eq!(who(&client).await, ANNA);
        if round % 2 == 0 {
            anna.drop_connections();
        } else {
            anna.close_connections(1001, "going away");
        }
        while server.bot(ANNA).is_some() {
            tokio::task::yield_now().await;
        }
        let error = client.get_login_info().await.unwrap_err();
        assert!(matches!(&error, Error::NotSent(_)), "{error:?}");
        assert_eq!(reason(&error), "10086 is no longer connected");
        anna.dial_once(Dial::to(ws(&server))).await.unwrap();
        soon(server.bots().wait_for(ANNA)).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_in_flight_when_a_connection_broke_has_an_unknown_outcome() {
    let server = any().await.unwrap();
    let anna = account(ANNA).await;
    anna.faults(|_| Fault::DropAfter);
    anna.dial(Dial::to(ws(&server)));
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    let error = soon(client.set_group_ban(10001000, 1)).await.unwrap_err();
    assert!(matches!(&error, Error::OutcomeUnknown(_)), "{error:?}");
    // The simulated server dials again by itself.
    anna.faults(|_| Fault::None);
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    while client.get_login_info().await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn calls_and_events_may_come_over_two_connections() {
    let mut server = any().await.unwrap();
    let anna = account(ANNA).await;
    anna.dial_once(Dial::to(ws(&server)).role(DialRole::Event)).await.unwrap();
    let first = soon(server.next()).await.unwrap();
    assert!(matches!(first.event, Event::Lifecycle(_)), "{first:?}");
    assert!(server.bot(ANNA).is_none(), "it takes no calls yet");
    let error = first.client.get_login_info().await.unwrap_err();
    assert!(matches!(&error, Error::NotSent(_)), "{error:?}");
    assert!(reason(&error).contains("for its events alone"), "{}", reason(&error));

    anna.dial_once(Dial::to(ws(&server)).role(DialRole::Api)).await.unwrap();
    soon(server.bots().wait_for(ANNA)).await.unwrap();
    assert_eq!(who(&first.client).await, ANNA);
    // Both stand: only one of them brings events.
    assert_eq!(anna.connections(), 2);
    assert_eq!(anna.push_text(said_to(ANNA, "hi")), 1);
    let received = next_message(&mut server).await;
    received.reply("pong").await.unwrap();
    assert_eq!(anna.calls().last().unwrap().action, "send_msg");

    // One that does both takes the place of the pair.
    let mut whole = Caller::connect(&server, ANNA, "Universal").await;
    soon(anna.connected(0)).await;
    let call = spawn(received.client.get_login_info());
    let echo = whole.next_call().await;
    whole.answer(&echo, login("whole")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("whole"));
    // And the pair takes the place of that one, all of it.
    let _calls = Caller::connect(&server, ANNA, "API").await;
    assert_eq!(whole.closed().await, 1000);
}

#[tokio::test]
async fn each_of_a_pair_of_connections_is_replaced_by_itself() {
    let mut server = any().await.unwrap();
    let mut calls = Caller::connect(&server, ANNA, "API").await;
    let mut events = Caller::connect(&server, ANNA, "Event").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    let mut new_calls = Caller::connect(&server, ANNA, "API").await;
    assert_eq!(calls.closed().await, 1000);
    events.send(said_to(ANNA, "still here")).await;
    events.pong().await;
    assert_eq!(text_of(&next_message(&mut server).await.event), "still here");

    let mut new_events = Caller::connect(&server, ANNA, "Event").await;
    assert_eq!(events.closed().await, 1000);
    new_events.send(said_to(ANNA, "here too")).await;
    assert_eq!(text_of(&next_message(&mut server).await.event), "here too");
    let call = spawn(client.get_login_info());
    let echo = new_calls.next_call().await;
    new_calls.answer(&echo, login("anna")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("anna"));
}

#[tokio::test]
async fn an_account_that_connects_again_finds_room_where_there_is_none() {
    let server = any().max_connections(2).await.unwrap();
    let mut old = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    let _boris = Caller::connect(&server, BORIS, "Universal").await;
    let refused = async |id: i64, role: &str| Caller::try_connect(&server, id, role).await.err();
    assert_eq!(refused(3, "Universal").await, Some(503));
    // Again and again: each takes the place of the one before.
    for _ in 0..3 {
        let mut new = Caller::connect(&server, ANNA, "Universal").await;
        assert_eq!(old.closed().await, 1000);
        let call = spawn(client.get_login_info());
        let echo = new.next_call().await;
        new.answer(&echo, login("anna")).await;
        soon(call).await.unwrap().unwrap();
        old = new;
    }
    assert_eq!(refused(3, "Universal").await, Some(503));
    // A pair needs two places; the second of them would replace nothing.
    let calls = Caller::connect(&server, ANNA, "API").await;
    assert_eq!(old.closed().await, 1000);
    assert_eq!(refused(ANNA, "Event").await, Some(503));
    // Who goes leaves a place behind, once.
    drop(calls);
    let third = Caller::connect_at_last(&server, 3, "Universal").await;
    soon(server.bots().wait_for(3)).await.unwrap();
    assert_eq!(refused(ANNA, "Universal").await, Some(503));
    drop(third);
    Caller::connect_at_last(&server, ANNA, "Universal").await;
}

#[tokio::test]
async fn a_client_that_is_held_is_its_accounts_however_many_others_come_and_go() {
    let server = any().max_connections(1).no_keepalive().await.unwrap();
    let anna = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    drop(anna);
    for id in [1, 2, 3] {
        let _other = Caller::connect_at_last(&server, id, "Universal").await;
        soon(server.bots().wait_for(id)).await.unwrap();
    }
    let mut anna = Caller::connect_at_last(&server, ANNA, "Universal").await;
    soon(server.bots().wait_for(ANNA)).await.unwrap();
    let call = spawn(client.get_login_info());
    let echo = anna.next_call().await;
    anna.answer(&echo, login("anna")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("anna"));
}

#[tokio::test]
async fn a_connection_with_the_events_of_another_account_is_dropped() {
    let mut server = any().await.unwrap();
    let mut liar = Caller::connect(&server, ANNA, "Universal").await;
    let mut both = Caller::connect(&server, 10088, "Event").await;
    let mut boris = Caller::connect(&server, BORIS, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    let call = spawn(client.get_login_info());
    liar.next_call().await;
    liar.send(said_to(ANNA, "mine")).await;
    assert_eq!(text_of(&next_message(&mut server).await.event), "mine");
    liar.send(said_to(BORIS, "not mine")).await;
    // Of an account that stands twice, the first number counts, as it does when the event is read.
    both.send(r#"{"post_type":"x","self_id":null,"self_id":10086,"self_id":10088}"#).await;
    let closed = async { (liar.closed().await, both.closed().await) };
    let nothing = async { panic!("it is passed on: {:?}", server.next().await) };
    let codes = tokio::select! { codes = closed => codes, () = nothing => unreachable!() };
    assert_eq!(codes, (1008, 1008));

    let error = soon(call).await.unwrap().unwrap_err();
    assert!(matches!(&error, Error::OutcomeUnknown(_)), "{error:?}");
    let why = error.source().unwrap().downcast_ref::<ConnectionError>();
    assert!(
        matches!(why, Some(ConnectionError::WrongAccount { expected, found, .. }) if (expected.get(), found.get()) == (ANNA, BORIS)),
        "{why:?}"
    );
    // As strings of digits, and none at all, they are fine.
    boris.send(said_to(BORIS, "also mine").replace("\"self_id\":10087", "\"self_id\":\"10087\"")).await;
    boris.send(r#"{"post_type":"x"}"#).await;
    assert_eq!(text_of(&next_message(&mut server).await.event), "also mine");
    assert_eq!(soon(server.next()).await.unwrap().text(), r#"{"post_type":"x"}"#);
}

#[tokio::test]
async fn connections_are_bounded_and_those_that_stand_do_not_notice() {
    let server = any().max_connections(2).handshake_timeout(Duration::from_millis(300)).await.unwrap();
    let anna = account(ANNA).await;
    anna.dial(Dial::to(ws(&server)));
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    // Of connections that are not authenticated yet, two may wait, and each new one evicts the oldest. The rest are cut off
    // by the time limit of the handshake.
    let mut waiting = Vec::new();
    for _ in 0..50 {
        waiting.push(TcpStream::connect(address(&server)).await.unwrap());
    }
    assert_eq!(who(&client).await, ANNA);
    for mut stream in waiting {
        let mut rest = Vec::new();
        // An end, or a reset.
        let _ = soon(stream.read_to_end(&mut rest)).await;
    }
    // There is room for one more account, and not for a third.
    let boris = account(BORIS).await;
    boris.dial_once(Dial::to(ws(&server))).await.unwrap();
    soon(server.bots().wait_for(BORIS)).await.unwrap();
    let refused = account(3).await.dial_once(Dial::to(ws(&server))).await.unwrap_err();
    assert!(refused.to_string().contains("503"), "{refused}");
    assert_eq!(who(&client).await, ANNA);
}

#[tokio::test]
async fn a_thousand_accounts_stand_at_once() {
    rlimit::increase_nofile_limit(8192).unwrap();
    let mut server = any().await.unwrap();
    let mut accounts = Vec::new();
    for id in 10_001..=11_000 {
        accounts.push(Caller::connect(&server, id, "Universal").await);
    }
    soon(server.bots().wait_for(11_000)).await.unwrap();
    for (account, id) in accounts.iter_mut().zip(10_001..) {
        account.send(said_to(id, "hi")).await;
    }
    let mut heard: Vec<_> = Vec::new();
    for _ in 0..1000 {
        heard.push(next_message(&mut server).await);
    }
    for received in heard {
        let id = received.event.self_id().unwrap().get();
        let call = spawn(received.client.get_login_info());
        let account = &mut accounts[usize::try_from(id).unwrap() - 10_001];
        let echo = account.next_call().await;
        account.answer(&echo, json!({ "user_id": id, "nickname": "" })).await;
        assert_eq!(soon(call).await.unwrap().unwrap().user_id.get(), id);
    }
    assert_eq!((server.missed(), server.bots().ids().len()), (0, 1000));
}

#[tokio::test]
async fn a_server_that_is_closed_finishes_what_is_in_flight() {
    let server = any().await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let bots = server.bots();
    let client = soon(bots.wait_for(ANNA)).await.unwrap();
    anna.send(said_to(ANNA, "the last word")).await;
    let call = spawn(client.get_login_info());
    let echo = anna.next_call().await;
    let address = address(&server);
    let closing = tokio::spawn(async move {
        server.close().await;
        server
    });
    assert!(soon(bots.wait_for(1)).await.is_none(), "no account connects after that");
    anna.answer(&echo, login("anna")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("anna"));
    assert_eq!(anna.closed().await, 1000);
    let mut server = soon(closing).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(text_of(&next_message(&mut server).await.event), "the last word");
    assert!(soon(server.next()).await.is_none());
    assert!(matches!(client.get_login_info().await.unwrap_err(), Error::NotSent(_)));
}

/// As in the example `reverse_bot`: a task owns the server, and another part of the program closes it.
#[tokio::test]
async fn a_bot_that_owns_the_server_hears_what_comes_until_the_last_connection_has_ended() {
    let mut server = any().await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let bots = server.bots();
    let client = soon(bots.wait_for(ANNA)).await.unwrap();
    let bot = tokio::spawn(async move {
        let mut heard = Vec::new();
        while let Some(received) = server.next().await {
            heard.push(text_of(&received.event));
        }
        assert!(server.next().await.is_none(), "the end is the end");
        heard
    });
    let call = spawn(client.get_login_info());
    let echo = anna.next_call().await;
    let closing = tokio::spawn({
        let bots = bots.clone();
        async move { bots.close().await }
    });
    assert!(soon(bots.wait_for(1)).await.is_none(), "it is being closed");
    anna.send(said_to(ANNA, "the last word")).await;
    anna.pong().await;
    assert!(!bot.is_finished() && !closing.is_finished());
    anna.answer(&echo, login("anna")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("anna"));
    assert_eq!(anna.closed().await, 1000);
    drop(anna);
    soon(closing).await.unwrap();
    assert_eq!(soon(bot).await.unwrap(), ["the last word"]);
}

#[tokio::test]
async fn a_server_that_is_dropped_while_it_closes_has_its_time_for_that() {
    let server = any().await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let bots = server.bots();
    let client = soon(bots.wait_for(ANNA)).await.unwrap();
    let call = spawn(client.get_login_info());
    let echo = anna.next_call().await;
    let closing = tokio::spawn({
        let bots = bots.clone();
        async move { bots.close().await }
    });
    assert!(soon(bots.wait_for(1)).await.is_none(), "it is being closed");
    drop(server);
    anna.pong().await;
    anna.answer(&echo, login("anna")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("anna"));
    drop(anna);
    soon(closing).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_dropped_closes_its_connections() {
    let server = any().await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    drop(server);
    assert_eq!(anna.closed().await, 1000);
    assert!(matches!(client.get_login_info().await.unwrap_err(), Error::NotSent(_)));
}

#[tokio::test]
async fn it_is_a_part_of_an_application() {
    let (mut server, router) = Server::builder().access_token(TOKEN).layer(RetryReads::new()).router();
    let app = axum::Router::new().route("/", axum::routing::get(async || "mine")).nest_service("/onebot", router);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = listener.local_addr().unwrap().to_string();
    let task = tokio::spawn(async move { axum::serve(listener, app).await });

    let mut mine = TcpStream::connect(&url).await.unwrap();
    mine.write_all(b"GET / HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    mine.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("mine"), "{answer}");

    let anna = account(ANNA).await;
    for path in ["/onebot", "/onebot/", "/onebot/any/path/"] {
        let dial = Dial::to(format!("ws://{url}{path}"));
        assert!(anna.dial_once(dial).await.unwrap_err().to_string().contains("401"), "{path}");
    }
    let dial = Dial::to(format!("ws://{url}/onebot/any/path"));
    assert!(anna.dial_once(dial.clone()).await.unwrap_err().to_string().contains("401"));
    anna.dial_once(dial.clone().access_token(TOKEN)).await.unwrap();
    anna.push_text(said_to(ANNA, "hi"));
    let received = next_message(&mut server).await;
    // The layer is around the client: a read that fails is repeated.
    anna.faults(Fault::script([Fault::Refuse(mock::refuse(cqhttp::RefusalCode::NotManageable))]));
    assert!(received.client.get_login_info().await.unwrap_err().is_refused());
    assert_eq!(who(&received.client).await, ANNA);
    drop(server);
    soon(anna.connected(0)).await;
    assert!(anna.dial_once(dial.access_token(TOKEN)).await.unwrap_err().to_string().contains("503"));
    task.abort();
}

/// One whose body is on its way when the bot closes.
#[tokio::test]
async fn who_comes_too_late_is_not_told_that_there_is_no_room() {
    let (server, router) = Server::builder().router();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = listener.local_addr().unwrap();
    let task = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut late = TcpStream::connect(url).await.unwrap();
    let body = said_to(ANNA, "hi");
    let length = body.len();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: bot\r\nConnection: close\r\nX-Self-ID: 10086\r\nExpect: 100-continue\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    late.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    soon(late.read_exact(&mut go_on)).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    soon(server.close()).await;
    late.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(late.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.ends_with("the bot is closing"), "{answer}");
    task.abort();
}

/// An application may keep the answer to a handshake for itself.
#[tokio::test]
async fn a_handshake_whose_answer_does_not_leave_holds_its_place_for_so_long_and_no_longer() {
    let (server, router) = Server::builder().max_connections(1).handshake_timeout(Duration::from_millis(100)).router();
    let (held, mut holds) = tokio::sync::mpsc::unbounded_channel();
    let hold = move |response: axum::response::Response| {
        held.send(response).unwrap();
        std::future::pending::<axum::response::Response>()
    };
    let app = router.clone().layer(axum::middleware::map_response(hold));
    let app = axum::Router::new().nest_service("/held", app).fallback_service(router);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = listener.local_addr().unwrap();
    let task = tokio::spawn(async move { axum::serve(listener, app).await });
    let head = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: bot\r\n{}\r\n\r\n", HANDSHAKE.join("\r\n"));
    let mut first = TcpStream::connect(url).await.unwrap();
    first.write_all(head("/held").as_bytes()).await.unwrap();
    let response = soon(holds.recv()).await.unwrap();
    assert_eq!(response.status(), 101);
    let anna = account(ANNA).await;
    soon(async { while anna.dial_once(Dial::to(format!("ws://{url}/"))).await.is_err() {} }).await;
    soon(server.bots().wait_for(ANNA)).await.unwrap();
    drop((first, response));
    task.abort();
}

#[tokio::test]
async fn a_handle_closes_the_server_while_its_events_are_waited_for() {
    let mut server = any().await.unwrap();
    let anna = account(ANNA).await;
    anna.dial(Dial::to(ws(&server)));
    let (bots, address) = (server.bots(), address(&server));
    soon(bots.wait_for(ANNA)).await.unwrap();
    let bot = tokio::spawn(async move { while server.next().await.is_some() {} });
    soon(bots.close()).await;
    assert!(bots.ids().is_empty());
    // The port is free by then.
    drop(tokio::net::TcpListener::bind(address).await.unwrap());
    soon(bot).await.unwrap();
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = Server::bind(address.to_string()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().starts_with(&format!("cannot listen on `{address}`: ")), "{error}");
    let error = Server::bind("127.0.0.1").await.unwrap_err();
    assert!(error.to_string().starts_with("cannot listen on `127.0.0.1`: "), "{error}");
}

#[tokio::test]
async fn an_account_that_goes_silent_is_found_by_its_heartbeats() {
    let mut server = any().await.unwrap();
    let anna = mock::MockServer::builder().self_id(ANNA).heartbeat(Duration::from_millis(100)).start().await.unwrap();
    anna.dial(Dial::to(ws(&server)));
    loop {
        let received = soon(server.next()).await.unwrap();
        if let Event::Heartbeat(heartbeat) = &received.event {
            assert_eq!(heartbeat.self_id.get(), ANNA);
            break;
        }
    }
    let client = server.bot(ANNA).unwrap();
    let call = spawn(client.get_login_info());
    anna.silence_connections();
    let outcome = soon(call).await.unwrap();
    assert!(!matches!(outcome, Err(Error::Undecodable(_) | Error::Refused(_))), "{outcome:?}");
    let mut bots = server.bots().ids();
    while !bots.is_empty() {
        tokio::task::yield_now().await;
        bots = server.bots().ids();
    }
    let error = client.get_login_info().await.unwrap_err();
    assert!(error.report().contains("silent"), "{}", error.report());
}

#[tokio::test]
async fn faults_and_long_frames_are_the_same_over_a_connection_that_the_stand_in_dials() {
    let mut server = any().await.unwrap();
    let anna = account(ANNA).await;
    anna.dial(Dial::to(ws(&server)));
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    soon(anna.connected(1)).await;
    for length in [100, 125, 126, 60_000, 65_536, 300_000] {
        let text = "字".repeat(length / 3);
        anna.push_text(said_to(ANNA, &text));
        assert_eq!(text_of(&next_message(&mut server).await.event), text);
    }
    anna.faults(Fault::script([Fault::SlowBytes(Duration::from_millis(1)), Fault::Twice, Fault::Shuffle(2)]));
    let start = Instant::now();
    assert_eq!(who(&client).await, ANNA);
    let fewer_bytes_than_an_answer = 50;
    assert!(start.elapsed() >= Duration::from_millis(fewer_bytes_than_an_answer), "{:?}", start.elapsed());
    for _ in 0..2 {
        assert_eq!(who(&client).await, ANNA);
    }
    anna.faults(Fault::script([Fault::HalfAnswer]));
    let error = soon(client.get_login_info()).await.unwrap_err();
    assert!(matches!(&error, Error::OutcomeUnknown(_)), "{error:?}");
}

#[tokio::test]
async fn events_beyond_the_queue_go_by_its_rule_and_answers_do_not_wait_for_them() {
    let mut server = any().event_queue_limit(room_for(3, &said_to(ANNA, "0"))).await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    for number in 0..10 {
        anna.send(said_to(ANNA, &number.to_string())).await;
    }
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    let call = spawn(client.get_login_info());
    let echo = anna.next_call().await;
    anna.answer(&echo, login("anna")).await;
    soon(call).await.unwrap().unwrap();
    assert_eq!(server.missed(), 7);
    for number in 7..10 {
        assert_eq!(text_of(&next_message(&mut server).await.event), number.to_string());
    }
}

#[tokio::test]
async fn several_consumers_get_the_same_events_each_in_its_own_time() {
    let mut server = any().event_queue_limit(room_for(3, &said_to(ANNA, "0"))).await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let mut slow = server.bots().subscribe();
    let gone = server.subscribe();
    anna.send(said_to(ANNA, "0")).await;
    anna.pong().await;
    drop(gone);
    let mut late = slow.subscribe();
    for number in 1..=3 {
        anna.send(said_to(ANNA, &number.to_string())).await;
        let received = next_message(&mut server).await;
        assert_eq!(text_of(&received.event), (number - 1).to_string());
        anna.pong().await;
    }
    assert_eq!(text_of(&next_message(&mut server).await.event), "3");
    let text = async |events: &mut Events<Bots>| soon(events.next()).await.map(|received| text_of(&received.event));
    for number in 1..=3 {
        assert_eq!(text(&mut slow).await, Some(number.to_string()));
        assert_eq!(text(&mut late).await, Some(number.to_string()));
    }
    assert_eq!((server.missed(), slow.missed(), late.missed()), (0, 1, 0));

    // They do not keep the server open, and end with it: with what comes until then.
    let client = server.bot(ANNA).unwrap();
    let call = spawn(client.get_login_info());
    let echo = anna.next_call().await;
    let closing = tokio::spawn(async move { server.close().await });
    assert!(soon(slow.bots().wait_for(1)).await.is_none());
    anna.send(said_to(ANNA, "the last word")).await;
    anna.answer(&echo, login("anna")).await;
    soon(call).await.unwrap().unwrap();
    drop(anna);
    soon(closing).await.unwrap();
    for events in [&mut slow, &mut late] {
        assert_eq!(text(events).await.as_deref(), Some("the last word"));
        assert_eq!(text(events).await, None);
    }
    assert_eq!(text(&mut slow.subscribe()).await, None);
}

#[tokio::test]
async fn the_first_of_several_consumers_answers_a_post() {
    let mut server = any().answer_within(Duration::from_secs(3600)).await.unwrap();
    let mut other = server.subscribe();
    let url = http(&server);
    let post = |text: &str| {
        let (webhook, event) = (Webhook::to(&url).retries(0), said_to(ANNA, text));
        tokio::spawn(async move { webhook.post(&event).await.unwrap() })
    };
    let posted = post("ping");
    let (first, second) = (soon(other.next()).await.unwrap(), next_message(&mut server).await);
    let Event::GroupMessage(message) = &first.event else { panic!("{first:?}") };
    first.answer(message, &GroupMessageOperation::new().reply("first")).await.unwrap();
    assert_eq!(soon(posted).await.unwrap().operation.unwrap()["reply"][0]["data"]["text"], "first");
    let error = second.answer(message, &GroupMessageOperation::new().reply("second")).await.unwrap_err();
    assert!(matches!(&error, Error::NotSent(_)) && reason(&error).contains("already"), "{error:?}");

    // Nobody has an answer: all have let go of it, one of them without having looked.
    let posted = post("nothing to say");
    let received = next_message(&mut server).await;
    let held = soon(other.next()).await.unwrap();
    drop(received);
    tokio::task::yield_now().await;
    assert!(!posted.is_finished());
    drop(held);
    assert_eq!(soon(posted).await.unwrap().status, 204);
    let posted = post("nobody looks");
    drop(next_message(&mut server).await);
    drop(other);
    assert_eq!(soon(posted).await.unwrap().status, 204);
}

#[tokio::test]
async fn connections_are_kept_as_the_builder_says() {
    let server = any().dedupe(Duration::from_secs(600)).frame_limit(1000).timeout(Duration::from_millis(50));
    let server = server
        .keepalive(Duration::from_millis(20), Duration::from_secs(60))
        .event_queue_limit(room_for(2, &said_to(ANNA, "one")));
    let mut server = server.overflow(Overflow::Wait(Duration::from_secs(600))).await.unwrap();
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    for text in ["one", "one", "two", "one", "three"] {
        anna.send(said_to(ANNA, text)).await;
    }
    let call = spawn(client.get_login_info().within(Duration::from_secs(60)));
    let echo = anna.next_call().await;
    anna.answer(&echo, login("anna")).await;
    soon(call).await.unwrap().unwrap();
    for number in 0..10 {
        anna.send(said_to(ANNA, &number.to_string())).await;
    }
    let call = spawn(client.get_login_info());
    anna.next_call().await;
    assert!(matches!(soon(call).await.unwrap().unwrap_err(), Error::OutcomeUnknown(_)), "its time limit has passed");
    // Two in the queue, and two that wait for room.
    for text in ["one", "two", "three", "0"] {
        assert_eq!(text_of(&next_message(&mut server).await.event), text);
    }
    for _ in 0..3 {
        while !soon(anna.0.next()).await.unwrap().unwrap().is_ping() {}
    }
    assert_eq!(server.missed(), 9);
    anna.send(said_to(ANNA, &"x".repeat(1000))).await;
    assert_eq!(anna.closed().await, 1009);
}

#[tokio::test]
async fn an_account_that_goes_silent_is_found_by_pings() {
    let server = any().keepalive(Duration::from_millis(20), Duration::from_secs(1)).no_heartbeat_watch().await.unwrap();
    let anna = account(ANNA).await;
    anna.dial_once(Dial::to(ws(&server))).await.unwrap();
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    // Answers to pings are read with it, or before it.
    assert_eq!(who(&client).await, ANNA);
    anna.silence_connections();
    while server.bot(ANNA).is_some() {
        tokio::task::yield_now().await;
    }
    let error = client.get_login_info().await.unwrap_err();
    assert!(error.report().contains("silent"), "{}", error.report());
}

// ---- HTTP POST ----

const SECRET: &str = "a secret between two";

fn hook(server: &Server) -> Webhook {
    Webhook::to(http(server)).secret(SECRET).retries(0)
}

#[tokio::test]
async fn a_post_is_answered_with_a_quick_operation_or_with_nothing() {
    let mut server = any().webhook_secret(SECRET).answer_within(Duration::from_secs(60)).await.unwrap();
    let webhook = hook(&server);
    let post = |text: &str| {
        let (webhook, event) = (webhook.clone(), said_to(ANNA, text));
        tokio::spawn(async move { webhook.post(&event).await.unwrap() })
    };
    let posted = post("ping");
    let received = next_message(&mut server).await;
    let Event::GroupMessage(message) = &received.event else { panic!("{received:?}") };
    assert_eq!(received.text(), said_to(ANNA, "ping") + "\n");
    let operation = GroupMessageOperation::new().reply("pong").at_sender(false);
    received.answer(message, &operation).await.unwrap();
    let Posted { status, operation: given, .. } = soon(posted).await.unwrap();
    assert_eq!((status, given), (200, Some(serde_json::to_value(&operation).unwrap())));
    // Once answered is answered.
    let error = received.answer(message, &operation).await.unwrap_err();
    assert!(matches!(&error, Error::NotSent(_)) && reason(&error).contains("already"), "{error:?}");

    // Nobody has an answer: the response comes when the event is dropped, all clones of it.
    let posted = post("nothing to say");
    let received = next_message(&mut server).await;
    let clone = received.clone();
    drop(received);
    assert!(!posted.is_finished());
    drop(clone);
    assert_eq!((soon(posted).await.unwrap().status), 204);

    // It brings no calls, and says so.
    assert!(server.bot(ANNA).is_none());
    let posted = post("call me");
    let received = next_message(&mut server).await;
    let error = received.reply("pong").await.unwrap_err();
    assert!(matches!(&error, Error::NotSent(_)) && reason(&error).contains("HTTP POST"), "{}", reason(&error));
    drop(received);
    soon(posted).await.unwrap();

    // Over a WebSocket the same is a call.
    let anna = account(ANNA).await;
    anna.dial_once(Dial::to(ws(&server))).await.unwrap();
    anna.push_text(said_to(ANNA, "ping"));
    let received = next_message(&mut server).await;
    let Event::GroupMessage(message) = &received.event else { panic!("{received:?}") };
    received.answer(message, &operation).await.unwrap();
    let call = anna.calls().into_iter().find(|call| call.action == ".handle_quick_operation").unwrap();
    assert_eq!(call.params["operation"], serde_json::to_value(&operation).unwrap());
    assert_eq!(call.params["context"]["self_id"], ANNA);
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_none() {
    let mut server = any().answer_within(Duration::from_millis(50)).await.unwrap();
    let webhook = Webhook::to(http(&server));
    let posted = tokio::spawn(async move { webhook.post(&said_to(ANNA, "ping")).await.unwrap() });
    let received = next_message(&mut server).await;
    assert_eq!(soon(posted).await.unwrap().status, 204);
    let Event::GroupMessage(message) = &received.event else { panic!("{received:?}") };
    let error = received.answer(message, &GroupMessageOperation::new().reply("pong")).await.unwrap_err();
    assert!(matches!(&error, Error::NotSent(_)) && reason(&error).contains("answer_within"), "{}", reason(&error));
}

#[tokio::test]
async fn what_is_not_signed_is_not_read() {
    let mut server = any().webhook_secret(SECRET).access_token(TOKEN).body_limit(2000).await.unwrap();
    let event = said_to(ANNA, "hi");
    let post = async |webhook: Webhook, event: &str| webhook.retries(0).post(event).await.unwrap().status;
    assert_eq!(post(Webhook::to(http(&server)), &event).await, 401);
    assert_eq!(post(Webhook::to(http(&server)).secret("another"), &event).await, 403);
    // The token is not a signature, and the signature does not open a WebSocket.
    let bearer = format!("Authorization: Bearer {TOKEN}");
    assert_eq!(status(&server, "POST /", &["X-Self-ID: 10086", &bearer], &event).await, 401);
    assert_eq!(handshake(&server, "/", &["X-Signature: sha1=00"]).await, 401);
    // HMAC-SHA1 of `{}`, of what is said to be it, and of neither.
    for signature in
        ["", "sha1=", "sha1=0", "sha1=zz", "sha256=00", &"sha1=".repeat(3), &format!("sha1={}", "0".repeat(40))]
    {
        let header = format!("X-Signature: {signature}");
        assert_eq!(status(&server, "POST /", &["X-Self-ID: 10086", &header], "{}").await, 403, "{signature}");
    }
    // Signed, and yet nothing that can be used.
    assert_eq!(post(hook(&server), r#"{"self_id":10086}"#).await, 400);
    assert_eq!(post(hook(&server), r#"{"self_id":10086,"post_type":"#).await, 400);
    assert_eq!(post(hook(&server), r#"{"self_id":0,"post_type":"message"}"#).await, 400);
    assert_eq!(post(hook(&server), &said_to(ANNA, &"x".repeat(2000))).await, 413);
    // Of all this nothing has come in.
    let webhook = hook(&server);
    let posted = tokio::spawn(async move { webhook.post(&said_to(ANNA, "at last")).await.unwrap() });
    assert_eq!(text_of(&next_message(&mut server).await.event), "at last");
    assert_eq!(soon(posted).await.unwrap().status, 204);
}

/// The body is said to come, and does not.
#[tokio::test]
async fn what_the_head_of_a_post_tells_is_told_before_its_body_is_read() {
    let signed = any().webhook_secret(SECRET).access_token(TOKEN).await.unwrap();
    let open = any().access_token(TOKEN).await.unwrap();
    let bearer = format!("X-Self-ID: 1\r\nAuthorization: Bearer {TOKEN}x");
    for (server, headers, expected) in [
        (&signed, "X-Self-ID: 1", 401),
        (&signed, "X-Self-ID: 1\r\nX-Signature: sha1=zz", 403),
        (&signed, "X-Signature: sha1=00", 400),
        (&open, "X-Self-ID: 1", 401),
        (&open, &bearer, 403),
        (&open, &format!("Authorization: Bearer {TOKEN}"), 400),
    ] {
        let head = format!("POST / HTTP/1.1\r\nHost: bot\r\nContent-Length: 1000\r\n{headers}\r\n\r\n");
        assert_eq!(status_of(server, head.as_bytes()).await, expected, "{headers}");
    }
}

#[tokio::test]
async fn a_body_that_takes_too_long_is_not_waited_for() {
    let server = any().handshake_timeout(Duration::from_millis(50)).await.unwrap();
    let head = "POST / HTTP/1.1\r\nHost: bot\r\nContent-Length: 1000\r\nX-Self-ID: 1\r\n\r\n{\"post_type\":";
    assert_eq!(status_of(&server, head.as_bytes()).await, 408);
}

/// Whoever posts would send the event again otherwise.
#[tokio::test]
async fn posts_that_wait_are_answered_when_the_server_closes() {
    const AN_HOUR: Duration = Duration::from_secs(3600);
    for (taken, of_its_own) in [(true, true), (false, true), (true, false), (false, false)] {
        let (mut server, url, task) = if of_its_own {
            let server = any().answer_within(AN_HOUR).event_queue_limit(0).await.unwrap();
            let url = http(&server);
            (server, url, None)
        } else {
            let (server, router) = Server::builder().answer_within(AN_HOUR).event_queue_limit(0).router();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            (server, url, Some(tokio::spawn(async move { axum::serve(listener, router).await })))
        };
        let post = |text: &str| {
            let (webhook, event) = (Webhook::to(&url).retries(0), said_to(ANNA, text));
            tokio::spawn(async move { webhook.post(&event).await.map(|posted| posted.status) })
        };
        // There is room for one of them: once the other has been dropped, it is there.
        let (mut one, mut two) = (post("one"), post("two"));
        let waits = tokio::select! {
            done = soon(&mut one) => { done.unwrap().unwrap(); two }
            done = soon(&mut two) => { done.unwrap().unwrap(); one }
        };
        let received = if taken { Some(next_message(&mut server).await) } else { None };
        assert!(!waits.is_finished());
        soon(server.close()).await;
        assert_eq!(soon(waits).await.unwrap().unwrap(), 204, "{taken} {of_its_own}");
        // It is not sent again, and not lost either.
        assert_ne!(soon(server.next()).await.is_some(), taken);
        assert!(soon(server.next()).await.is_none());
        if let Some(received) = received {
            let Event::GroupMessage(message) = &received.event else { panic!("{received:?}") };
            let error = received.answer(message, &GroupMessageOperation::new().reply("pong")).await.unwrap_err();
            assert!(matches!(&error, Error::NotSent(_)), "{error:?}");
        }
        if let Some(task) = task {
            task.abort();
        }
    }
}

#[tokio::test]
async fn an_event_that_comes_again_by_another_way_is_dropped_where_that_is_asked_for() {
    let mut server = any().dedupe(Duration::from_secs(600)).await.unwrap();
    let here =
        r#"{"meta_event_type":"lifecycle","post_type":"meta_event","self_id":10086,"sub_type":"connect","time":1}"#;
    let nameless = r#"{"post_type":"x"}"#;
    for round in ["first", "second"] {
        let mut anna = Caller::connect(&server, ANNA, "Universal").await;
        for event in [here, &said_to(ANNA, "again"), nameless, &said_to(ANNA, round)] {
            anna.send(event).await;
        }
        anna.pong().await;
    }
    let mut boris = Caller::connect(&server, BORIS, "Universal").await;
    boris.send(nameless).await;
    boris.pong().await;
    let webhook = Webhook::to(http(&server)).retries(0);
    assert_eq!(soon(webhook.post(&said_to(ANNA, "again"))).await.unwrap().status, 204);
    let posted = tokio::spawn(async move { webhook.post(&said_to(ANNA, "posted")).await.unwrap() });
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "posted") {
        let received = soon(server.next()).await.unwrap();
        heard.push(match received.event.as_message() {
            Some(message) => message.message().plain_text(),
            None if matches!(received.event, Event::Lifecycle(_)) => "connected".to_owned(),
            None => received.text().into_owned(),
        });
    }
    // Each connection says that it is there. What another account says is another event.
    let expected = ["connected", "again", nameless, "first", "connected", "second", nameless, "posted"];
    assert_eq!(heard, expected);
    soon(posted).await.unwrap();
    // By webhook first, and over a WebSocket then.
    let mut anna = Caller::connect(&server, ANNA, "Universal").await;
    anna.send(said_to(ANNA, "posted")).await;
    anna.send(said_to(ANNA, "the end")).await;
    assert_eq!(text_of(&next_message(&mut server).await.event), "the end");
}

/// As OpenSSL has it: `printf '{"post_type":"x","self_id":10086}\\n' | openssl dgst -sha1 -hmac key`
const SIGNED: &str = "09e00ce264ce709ffc4a0060cbc2a2db43559a1a";

#[tokio::test]
async fn a_signature_is_of_the_bytes_as_they_came() {
    let server = any().webhook_secret("key").answer_within(Duration::ZERO).await.unwrap();
    let body = "{\"post_type\":\"x\",\"self_id\":10086}\n";
    let of = async |signature: &str, id: &str, body: &str| {
        status(&server, "POST /", &[&format!("X-Signature: sha1={signature}"), id], body).await
    };
    let id = "X-Self-ID: 10086";
    assert_eq!(of(SIGNED, id, body).await, 204);
    assert_eq!(of(&SIGNED.to_uppercase(), id, body).await, 204);
    assert_eq!(of(SIGNED, id, body.trim_end()).await, 403);
    assert_eq!(of(SIGNED, id, &body.replace("10086", "10087")).await, 403);
    assert_eq!(of(&SIGNED[2..], id, body).await, 403);
    assert_eq!(of(&format!("{SIGNED}00"), id, body).await, 403);
    // The header is not signed, and must be what the body says.
    assert_eq!(of(SIGNED, "X-Self-ID: 10087", body).await, 403);
    assert_eq!(of(SIGNED, "X-Self-ID:", body).await, 400);
}

#[tokio::test]
async fn a_body_that_comes_again_is_not_passed_on_again() {
    let mut server = any().webhook_secret(SECRET).await.unwrap();
    let again = Server::bind("127.0.0.1:0").webhook_secret(SECRET).replay_window(Duration::ZERO).await.unwrap();
    for (server, times) in [(&mut server, 1), (&mut { again }, 3)] {
        let webhook = hook(server);
        let posts = tokio::spawn(async move {
            for _ in 0..3 {
                assert_eq!(webhook.post(&said_to(ANNA, "hi")).await.unwrap().status, 204);
            }
            webhook.post(&said_to(ANNA, "the end")).await.unwrap();
        });
        for _ in 0..times {
            assert_eq!(text_of(&next_message(server).await.event), "hi");
        }
        assert_eq!(text_of(&next_message(server).await.event), "the end");
        soon(posts).await.unwrap();
    }
}

/// NapCat, LLOneBot and Lagrange send an answer over the connection that there is by then.
#[tokio::test]
async fn an_answer_that_comes_over_the_next_connection_is_no_other_calls() {
    let server = any().await.unwrap();
    let mut first = Caller::connect(&server, ANNA, "Universal").await;
    let client = soon(server.bots().wait_for(ANNA)).await.unwrap();
    let lost = spawn(client.send_group_msg(10001000, "hi"));
    let late = first.next_call().await;
    drop(first);
    soon(lost).await.unwrap().unwrap_err();
    let mut second = Caller::connect(&server, ANNA, "Universal").await;
    soon(server.bots().wait_for(ANNA)).await.unwrap();
    let call = spawn(client.get_login_info());
    let echo = second.next_call().await;
    second.answer(&late, json!({ "message_id": 1 })).await;
    second.answer(&echo, login("Anna")).await;
    assert_eq!(soon(call).await.unwrap().unwrap().nickname.as_deref(), Some("Anna"));
}
