//! The access token shows nowhere: in no log, no `Debug`, no error and no panic, whatever the server does with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::error::Error as StdError;
use std::fmt::Debug;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cqhttp::mock::MockServer;
use cqhttp::transport::{BoxError, Request, Response};
use cqhttp::{Client, ClientBuilder, Error};
use support::{answering, read_request};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, layer::layer_fn};
use tracing_subscriber::util::SubscriberInitExt;

const TOKEN: &str = "sesame+open/4711";
/// The token as a URL has it.
const IN_URL: &str = "sesame%2Bopen%2F4711";

/// All that is printed while the test runs.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Printed {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn add(&self, text: &str) {
        self.0.lock().unwrap().extend_from_slice(text.as_bytes());
    }
}

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[track_caller]
fn assert_hidden(text: &str) {
    for token in [TOKEN, IN_URL, "sesame"] {
        assert!(!text.contains(token), "the token shows:\n{text}");
    }
}

fn debug(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// Everything that an error can print.
fn faces(error: Error) -> String {
    let mut faces = format!("{error} {} {}", error.report(), debug(&error));
    let mut cause = error.source();
    while let Some(error) = cause {
        faces += &format!(" {error} {error:?}");
        cause = error.source();
    }
    let hasty = |outcome: Result<(), Error>| outcome.unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| hasty(Err(error)))).unwrap_err();
    faces + panic.downcast_ref::<String>().unwrap()
}

fn builder(url: &str) -> ClientBuilder {
    // The reply on its way, as a layer that logs prints it.
    let logging = layer_fn(|service: BoxCloneSyncService<Request, Response, BoxError>| {
        tower::service_fn(move |request: Request| {
            let service = service.clone();
            async move {
                tracing::trace!(?request, "layer");
                let reply = service.oneshot(request).await;
                tracing::trace!(?reply, "layer");
                reply
            }
        })
    });
    Client::builder(url).access_token(TOKEN).layer(logging)
}

#[tokio::test]
async fn the_access_token_shows_nowhere() {
    let printed = Printed::default();
    let writer = printed.clone();
    // With `tracing-log`, so that the records of `log` come too.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish()
        .init();

    // It goes well: with the token beside the address, and in it.
    let server = MockServer::start_with_token(TOKEN).await.unwrap();
    let in_url = Client::builder(format!("{}/?access_token={IN_URL}", server.url()));
    assert_hidden(&debug(&in_url));
    for builder in [builder(&server.url()), in_url] {
        assert_hidden(&debug(&builder));
        let client = builder.build().unwrap();
        client.get_login_info().await.unwrap();
        let call = client.get_group_msg_history(10001000);
        assert_hidden(&format!("{} {} {}", debug(&client), debug(&call), debug(&call.clone().with_raw())));
        assert_hidden(&debug(&call.pages()));
    }
    assert_hidden(&debug(&server));

    // It fails, and the server repeats the token wherever it can.
    let mut failures = Vec::new();
    for (status, body) in [
        ("401 Unauthorized", "no such token: TOKEN"),
        ("403 Forbidden", r#"{"message":"TOKEN is wrong"}"#),
        ("403 Forbidden", r#"{"status":"failed","retcode":1403,"msg":"TOKEN","message":"TOKEN","wording":"TOKEN?"}"#),
        ("200 OK", r#"{"status":"TOKEN is wrong","retcode":1403}"#),
        ("404 Not Found", r#"{"headers":{"Authorization":"Bearer TOKEN"}}"#),
        ("500 Internal MockServer Error", "<pre>Authorization: Bearer TOKEN</pre>"),
        ("303 See Other\r\nlocation: /?access_token=TOKEN", "see /?access_token=TOKEN"),
        ("307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/?access_token=TOKEN", ""),
        ("200 OK", "<pre>Authorization: Bearer TOKEN</pre>"),
        ("200 OK\r\ncontent-encoding: gzip", "TOKEN"),
        ("200 OK", r#"{"headers":{"Authorization":"Bearer TOKEN"}}"#),
        ("200 OK", r#"{"status":"ok","retcode":0,"data":{"user_id":"TOKEN","nickname":""}}"#),
        ("200 OK", r#"{"status":"ok","retcode":0,"data":"TOKEN"}"#),
        ("200 OK", r#"{"status":"ok","retcode":0,"data":["TOKEN""#),
    ] {
        let (url, _) = answering(&status.replace("TOKEN", TOKEN), body.replace("TOKEN", TOKEN)).await;
        failures.push(builder(&url).build().unwrap().get_login_info().await.unwrap_err());
    }
    // The answer as it came is kept, for those who ask for it.
    assert!(matches!(&failures[0], Error::Refused(refused) if refused.text.contains(TOKEN)));
    assert!(failures[1].to_string().contains("retcode 1403, … is wrong"), "{}", failures[1]);
    let kept = failures.iter().filter(|error| match error {
        Error::Refused(error) => error.text.contains(TOKEN),
        Error::Undecodable(error) => error.text.contains(TOKEN),
        Error::OutcomeUnknown(error) => error.text.contains(TOKEN),
        _ => false,
    });
    assert_eq!(kept.count(), failures.len() - 1, "all but the redirect");

    // An answer that holds it, with its text.
    let body = format!(r#"{{"status":"ok","retcode":0,"data":{{}},"headers":"{TOKEN}"}}"#);
    let (url, _) = answering("200 OK", body).await;
    let raw = builder(&url).build().unwrap().set_group_ban(10001000, 10086).with_raw().await.unwrap();
    assert!(raw.text().contains(TOKEN));
    assert_hidden(&debug(&raw));

    // No answer: garbage, a lost connection, a time limit, and nobody there.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/?access_token={IN_URL}", listener.local_addr().unwrap());
    let client = builder(&url).build().unwrap();
    for answer in [
        format!("Bearer {TOKEN}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nx: {TOKEN}\r\ncontent-length: 99\r\n\r\n{TOKEN}"),
    ] {
        let call = tokio::spawn(client.get_login_info().into_future());
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(read_request(&mut stream).await.unwrap().contains(TOKEN), "it is what the server gets");
        stream.write_all(answer.as_bytes()).await.unwrap();
        drop(stream);
        failures.push(call.await.unwrap().unwrap_err());
    }
    failures.push(client.get_login_info().within(Duration::from_millis(50)).await.unwrap_err());
    drop(listener);
    failures.push(client.get_login_info().await.unwrap_err());

    for error in failures {
        let faces = faces(error);
        assert!(faces.contains("get_login_info"));
        assert_hidden(&faces);
    }

    // What cannot be built.
    for (url, token) in [
        (format!("http://{IN_URL}@127.0.0.1"), ""),
        (format!("http://127.0.0.1:{TOKEN}"), ""),
        (format!("http://127.0.0.1/?access_token={IN_URL}&x=1"), ""),
        (format!("http://127.0.0.1/?access_token={IN_URL}#"), ""),
        (format!("http://127.0.0.1/?access_token={IN_URL}%0A"), ""),
        (format!("127.0.0.1/?access_token={IN_URL}"), ""),
        (format!("ws://127.0.0.1/?access_token={IN_URL}"), ""),
        (format!("unix://{TOKEN}"), ""),
        ("http://127.0.0.1".to_owned(), "sesame+open/4711\n"),
    ] {
        let builder = Client::builder(url);
        let builder = if token.is_empty() { builder } else { builder.access_token(token) };
        let error = builder.build().unwrap_err();
        assert_hidden(&format!("{error} {}", debug(&error)));
    }

    // The same over a WebSocket.
    let mut lost = Vec::new();
    for in_query in [false, true] {
        let url = server.ws_url();
        for connect in
            [cqhttp::connect(&url).access_token(TOKEN), cqhttp::connect(format!("{url}?access_token={IN_URL}"))]
        {
            let connect = if in_query { connect.token_in_query() } else { connect };
            assert_hidden(&debug(&connect));
            let (client, mut events) = connect.await.unwrap();
            client.get_login_info().await.unwrap();
            assert_hidden(&format!("{} {} {}", debug(&client), debug(&events), debug(&events.connection())));
            assert_hidden(&debug(&events.next().await.unwrap()));
            let mut states = events.connection().watch();
            server.close_connections(1008, "no such token");
            let state = states.wait_for(|state| !state.is_connected()).await.unwrap().clone();
            assert_hidden(&debug(&state));
            let cqhttp::ConnectionState::Disconnected { why, .. } = state else { panic!("{state:?}") };
            lost.push(why);
            events.close().await;
        }
    }
    for (status, body) in [
        ("403 Forbidden", "no such token: TOKEN"),
        ("404 Not Found\r\nx: TOKEN", "TOKEN"),
        ("307 Temporary Redirect\r\nlocation: /?access_token=TOKEN", "TOKEN"),
        ("101 TOKEN\r\nupgrade: TOKEN", ""),
    ] {
        let (url, _) = answering(&status.replace("TOKEN", TOKEN), body.replace("TOKEN", TOKEN)).await;
        let url = url.replace("http", "ws");
        lost.push(cqhttp::connect(url).access_token(TOKEN).token_in_query().await.unwrap_err());
    }
    let nobody = format!("ws://127.0.0.1:1/?access_token={IN_URL}");
    lost.push(cqhttp::connect(nobody).token_in_query().await.unwrap_err());
    lost.push(cqhttp::connect(format!("ws://127.0.0.1/?access_token={IN_URL}&x=1")).await.unwrap_err());
    lost.push(cqhttp::connect("ws://127.0.0.1").access_token(format!("{TOKEN}\n")).await.unwrap_err());
    // And by server-sent events.
    #[cfg(feature = "sse")]
    lost.extend(events_by_http(&server).await);
    for why in lost {
        assert_hidden(&format!("{why} {} {}", why.report(), debug(&why)));
    }

    // And where servers connect to the bot.
    #[cfg(feature = "server")]
    where_servers_connect(&server).await;

    // The log holds what it should, from every side.
    let log = printed.text();
    for said in [
        "call{action=\"get_login_info\" effect=Read}",
        "answered",
        "failed elapsed=",
        "the access token is missing or wrong",
        "leaves over the WebSocket echo=",
        "disconnected why=\"the server closed the connection (code 1008, no such token)\"",
        "Connection refused",      // why, and not only what
        "starting new connection", // reqwest's, by way of `log`
        "layer request=Request { action: \"get_login_info\"",
        "layer reply=Ok(Response { body: ",
    ] {
        assert!(log.contains(said), "{said:?} is missing:\n{log}");
    }
    assert_hidden(&log);

    // This is how it would show.
    let before = log.len();
    tracing::trace!(TOKEN);
    printed.add(IN_URL);
    let log = printed.text();
    assert!(log[before..].contains(TOKEN) && log[before..].contains(IN_URL));
}

/// A token that JSON and Rust write with escapes is hidden in these forms as well.
#[tokio::test]
async fn a_token_with_quotes_shows_in_no_form() {
    let token = r#"quo"te\slash"#;
    for body in [
        r#"{"status":"ok","retcode":0,"data":{"user_id":"TOKEN","nickname":""}}"#,
        r#"{"status":"ok","retcode":0,"data":"TOKEN"}"#,
        r#"{"status":"failed","retcode":1403,"msg":"TOKEN","message":"{\"token\":\"QUOTED\"}","wording":"TOKEN?"}"#,
        r#"{"status":"TOKEN","retcode":1403}"#,
    ] {
        let in_json = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
        let (once, twice) = (in_json(token), in_json(&in_json(token)));
        let (url, _) = answering("200 OK", body.replace("TOKEN", &once).replace("QUOTED", &twice)).await;
        let client = Client::builder(url).access_token(token).build().unwrap();
        let faces = faces(client.get_login_info().await.unwrap_err());
        assert!(!faces.contains("quo") && !faces.contains("slash"), "the token shows:\n{faces}");
    }
}

/// A token that is a word of a refusal's name leaves the name as it is, and is hidden in sentences.
#[tokio::test]
async fn a_refusal_keeps_its_name_whatever_the_token_is() {
    for (token, msg, expected) in [
        ("GROUP", "GROUP_NOT_FOUND", "GROUP_NOT_FOUND"),
        ("GROUP_NOT_FOUND", "GROUP_NOT_FOUND", "GROUP_NOT_FOUND"),
        ("ROOM", "ROOM_NOT_FOUND", "ROOM_NOT_FOUND"),
        ("ROOM", "ROOM", "…"),
        ("ROOM4711", "BAD_ROOM4711", "BAD_…"),
    ] {
        let body = format!(r#"{{"status":"failed","retcode":100,"msg":"{msg}","wording":"no token {token}"}}"#);
        let (url, _) = answering("200 OK", body).await;
        let client = Client::builder(url).access_token(token).build().unwrap();
        let error = client.get_login_info().await.unwrap_err();
        assert_eq!(error.code(), Some(cqhttp::RefusalCode::from(expected)), "{token} in {msg}");
        let Error::Refused(refused) = &error else { panic!("{error:?}") };
        assert_eq!(refused.explanation(), Some("no token …"));
    }
}

/// Reads events by HTTP in several ways, and returns the failures.
#[cfg(feature = "sse")]
async fn events_by_http(server: &MockServer) -> Vec<cqhttp::ConnectionError> {
    let mut lost = Vec::new();
    let url = server.url();
    let in_url = cqhttp::connect(format!("{url}?access_token={IN_URL}"));
    for connect in [cqhttp::connect(&url).access_token(TOKEN), in_url.token_in_query()] {
        assert_hidden(&debug(&connect));
        let (client, events) = connect.await.unwrap();
        client.get_login_info().await.unwrap();
        assert_hidden(&format!("{} {} {}", debug(&client), debug(&events), debug(&events.connection())));
        let mut states = events.connection().watch();
        server.drop_connections();
        let state = states.wait_for(|state| !state.is_connected()).await.unwrap().clone();
        assert_hidden(&debug(&state));
        lost.extend(state.error());
        events.close().await;
    }
    for (status, body) in [
        ("403 Forbidden", "no such token: TOKEN"),
        ("404 Not Found\r\ncontent-type: sesame/TOKEN", "TOKEN"),
        ("200 OK\r\ncontent-type: TOKEN", "TOKEN"),
        ("307 Temporary Redirect\r\nlocation: /?access_token=TOKEN", "TOKEN"),
        ("TOKEN", ""),
    ] {
        let (url, _) = answering(&status.replace("TOKEN", TOKEN), body.replace("TOKEN", TOKEN)).await;
        lost.push(cqhttp::connect(url).access_token(TOKEN).token_in_query().await.unwrap_err());
    }
    let nobody = format!("http://127.0.0.1:1/?access_token={IN_URL}");
    lost.push(cqhttp::connect(nobody).token_in_query().await.unwrap_err());
    lost.push(cqhttp::connect(format!("http://127.0.0.1/?access_token={IN_URL}&x=1")).await.unwrap_err());
    lost.push(cqhttp::connect("http://127.0.0.1").access_token(format!("{TOKEN}\n")).await.unwrap_err());
    lost
}

#[cfg(feature = "server")]
async fn where_servers_connect(server: &MockServer) {
    use cqhttp::mock::{Dial, Webhook};

    let bot = cqhttp::server::Server::bind("127.0.0.1:0").access_token(TOKEN).webhook_secret(TOKEN);
    assert_hidden(&debug(&bot));
    let bot = bot.await.unwrap();
    let url = format!("ws://{}", bot.local_addr().unwrap());
    server.dial_once(Dial::to(&url).access_token(format!("{TOKEN}?"))).await.unwrap_err();
    server.dial_once(Dial::to(format!("{url}/?access_token={IN_URL}"))).await.unwrap();
    let client = bot.bots().wait_for(10010).await.unwrap();
    client.get_login_info().await.unwrap();
    assert_hidden(&format!("{} {} {}", debug(&client), debug(&bot), debug(&bot.bots())));
    server.close_connections(1008, "no such token");
    while bot.bot(10010).is_some() {
        tokio::task::yield_now().await;
    }
    assert_hidden(&faces(client.get_login_info().await.unwrap_err()));
    let webhook = Webhook::to(url.replace("ws", "http"));
    assert_eq!(webhook.clone().secret("wrong").post(r#"{"self_id":1}"#).await.unwrap().status, 403);
    assert_eq!(webhook.secret(TOKEN).post(r#"{"self_id":1}"#).await.unwrap().status, 400);
    bot.close().await;
}
